"""Writes the reference from the source while the documentation is built, so that it cannot fall behind.

One page a room (``ferrolan.records`` and its modules), one for every field of the document and of the tag map, one for
the tables of ``base/tables.py`` and those that ``views/tables.py`` derives, one for the sources of the public record.
Nothing is written to disk.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from ferrolan import facts
from ferrolan.base.tables import TABLES, Table
from ferrolan.enterprise.tags import LIQUOR_UNITS, TAG_KINDS
from ferrolan.starting import mapping_schema
from ferrolan.starting.reference import Entry, entries, tag_columns, value_entries
from ferrolan.views.tables import VIEWS

PACKAGE = Path(__file__).parent.parent / "src" / "ferrolan"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Fill the empty *Reference* of the navigation."""
    rooms = [{room: f"reference/{room}.md"} for room in _rooms()]
    pages = [
        {"Fields of the document": "reference/document.md"},
        {"Tables": "reference/tables.md"},
        {"Public record": "reference/public_record.md"},
        *rooms,
    ]
    config.nav = [{"Reference": pages} if "Reference" in entry else entry for entry in config.nav or []]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages; the room `sources` and the sources of the public record have a page each."""
    pages = {f"reference/{room}.md": _room_page(room) for room in _rooms()}
    pages["reference/document.md"] = _document_page()
    pages["reference/tables.md"] = _tables_page()
    pages["reference/public_record.md"] = _sources_page()
    for path, content in pages.items():
        files.append(File.generated(config, path, content=content))
    return files


def _rooms() -> list[str]:
    """Top-level modules and packages that hold code, the library's face first."""
    found = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in PACKAGE.rglob("*.py")}
    return sorted(found - {"__init__", "__main__", "examples"}, key=lambda room: (room != "verbs", room))


def _room_page(room: str) -> str:
    """A heading, and every module of a room."""
    folder = PACKAGE / room
    modules = sorted(folder.rglob("*.py")) if folder.is_dir() else [PACKAGE / f"{room}.py"]
    names = [".".join(("ferrolan", *path.relative_to(PACKAGE).with_suffix("").parts)) for path in modules]
    shown = [name.removesuffix(".__init__") for name in names]
    sections = [f"::: {name}\n    options: {{members: {_members(name, names)}}}\n" for name in shown]
    return f"# {room}\n\n" + "\n".join(sections)


def _members(name: str, names: list[str]) -> str:
    """A package's page shows its text alone; what it re-exports stands in its modules."""
    return "false" if f"{name}.__init__" in names else "null"


def _document_page() -> str:
    """Every field of the document, section by section, and the tag map."""
    head = (
        "# Fields of the document\n\nEvery field of the enterprise document, as the models of `ferrolan.enterprise` "
        "declare it. `<name>` is a name of yours, `[]` an entry of a list; a source of kind `csv` stands under "
        "`sources.<csv>`. A field without *needed* may be left out. Any unit of the same dimension will do: where t/h "
        "stands, 7.92 kt/d is taken as well; `¤` is a currency, the document's own or one with a declared rate. The "
        "same as a JSON Schema for editors: `ferrolan schema`.\n\n"
        "## A value\n\nWherever the type is *value*, *capacity* or *price*, these fields stand in braces: "
        "`{value: 330 t/h, own: true}`. Exactly one of `source`, `own` and `synthetic` says where it comes from. `of` "
        "belongs to a capacity; `vat`, `content` and `freight` to a price.\n\n"
    )
    listed = entries()
    sections: dict[str, list[Entry]] = {"The document": []}
    for entry in listed:
        alone = sum(other.section == entry.section for other in listed) == 1
        sections.setdefault("The document" if alone else entry.section, []).append(entry)
    parts = [f"## {title}\n\n{_fields(fields)}" for title, fields in sections.items()]
    return f"{head}{_fields(value_entries())}\n" + "\n".join(parts) + f"\n{_tag_map()}\n{_mapping()}"


def _mapping() -> str:
    head = (
        "# The mapping of files\n\nA few lines that say what the columns of real files are, for `ferrolan ingest`. Its "
        "JSON Schema: `ferrolan.starting.mapping_schema()`.\n\n"
    )
    return f"{head}{_fields(entries(mapping_schema()))}"


def _fields(listed: Sequence[Entry]) -> str:
    rows = (
        f"| `{_cell(entry.path)}` | {entry.type} | {_cell(entry.unit)} | {'needed' if entry.required else ''} "
        f"| {_code(entry.default)} | {_code(entry.allowed)} | {_cell(entry.meaning)} |"
        for entry in listed
    )
    return (
        "| field | type | unit | | default | allowed | meaning |\n|---|---|---|---|---|---|---|\n"
        + "\n".join(rows)
        + "\n"
    )


def _tag_map() -> str:
    """Columns of the tag map, and the kinds of tag."""
    columns = "\n".join(f"| `{name}` | {_cell(meaning)} |" for name, meaning in tag_columns())
    kinds = "\n".join(
        f"| `{name}` | {kind.of} | {_unit(kind.unit)} | {_unit(LIQUOR_UNITS.get(name, ''))} "
        f"| {'yes' if kind.has_component else ''} | {'yes' if kind.is_balanced else ''} |"
        for name, kind in TAG_KINDS.items()
    )
    return (
        "# The tag map\n\nA CSV file in UTF-8 with commas, one row a tag, these columns in any order.\n\n"
        f"| column | meaning |\n|---|---|\n{columns}\n\n"
        "The last four columns need not be there.\n\n"
        "Kinds of tag. What is reconciled may have several tags; what is taken as measured one of each authority.\n\n"
        "| kind | of a | in units of | of a liquor | component | enters the account |\n|---|---|---|---|---|---|\n"
        f"{kinds}\n"
    )


def _unit(unit: str) -> str:
    return "a plain number or %" if unit == "1" else unit


def _code(text: str) -> str:
    return f"`{_cell(text)}`" if text else ""


def _tables_page() -> str:
    head = (
        "# Tables\n\nEvery table that crosses a seam between floors, as `ferrolan.base.tables` declares it. Kept runs "
        "hold them as Parquet with these columns.\n\n"
    )
    derived = (
        "# Tables derived for readers\n\nDifferences, sums and shares that the brief quotes, as "
        "`ferrolan.views.tables` declares them: arithmetic on the tables above, kept with the run so that every number "
        "of the brief resolves.\n\n"
    )
    sections = ["\n".join(_table_section(table) for table in tables.values()) for tables in (TABLES, VIEWS)]
    return f"{head}{sections[0]}\n{derived}{sections[1]}"


def _table_section(table: Table) -> str:
    rows = "\n".join(
        f"| `{name}` | {column.dtype} | {_cell(column.unit)} | {_cell(column.meaning)} |"
        for name, column in table.columns.items()
    )
    return f"## {table.name}\n\nA row: {table.row}.\n\n| column | type | unit | meaning |\n|---|---|---|---|\n{rows}\n"


def _sources_page() -> str:
    head = (
        "# Sources of the public record\n\nWhat `ferrolan.facts` cites. Tier 1 is official or a filing, 2 trade press, "
        "a price agency or reviewed work, 3 an aggregator, 4 unreliable. No source was read in full; the column *read* "
        "says how far. Before a figure decides money, read the original.\n\n"
        "| id | publisher | date | tier | read |\n|---|---|---|---|---|\n"
    )
    rows = (
        f"| `{name}` | {_cell(source.publisher)} | {source.date or ''} | {source.tier} | {source.read} |"
        for name, source in facts.sources().items()
    )
    return head + "\n".join(rows) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
