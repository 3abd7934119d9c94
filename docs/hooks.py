"""Writes the reference from the source while the documentation is built, so that it cannot fall behind.

One page a room (``ferrolan.records`` and its modules), one page for the tables of ``base/tables.py`` and those that
``views/tables.py`` derives, one for the sources of the public record. Nothing is written to disk.
"""

from __future__ import annotations

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from ferrolan import facts
from ferrolan.base.tables import TABLES, Table
from ferrolan.views.tables import VIEWS

PACKAGE = Path(__file__).parent.parent / "src" / "ferrolan"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Fill the empty *Reference* of the navigation."""
    rooms = [{room: f"reference/{room}.md"} for room in _rooms()]
    pages = [{"Tables": "reference/tables.md"}, {"Public record": "reference/public_record.md"}, *rooms]
    config.nav = [{"Reference": pages} if "Reference" in entry else entry for entry in config.nav or []]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages; the room `sources` and the sources of the public record have a page each."""
    pages = {f"reference/{room}.md": _room_page(room) for room in _rooms()}
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
