"""The reference of fields: none without a meaning, no value without its unit, none forgotten."""

from __future__ import annotations

import importlib.util
import re
from importlib.resources import files
from pathlib import Path

import pytest

from ferrolan.base import units
from ferrolan.enterprise.sheet import compose
from ferrolan.enterprise.tags import COLUMNS, TAG_KINDS
from ferrolan.starting import Entry, entries, mapping_schema
from ferrolan.starting.reference import tag_columns, value_entries

EXAMPLES = sorted((Path(str(files("ferrolan"))) / "examples").glob("*/*.yaml"))


def test_no_field_lacks_a_meaning_and_a_type() -> None:
    listed = [*entries(), *value_entries(), *entries(mapping_schema())]
    assert len(listed) > 150
    assert [entry.path for entry in listed if not entry.meaning or not entry.type] == []


def test_every_value_has_a_unit_that_is_one() -> None:
    values = [entry for entry in entries() if entry.type.split()[-1] in ("value", "capacity", "price")]
    assert len(values) > 30
    for entry in values:
        for unit in entry.unit.split(" or "):
            assert units.canonical_unit(unit.replace("¤", "CNY")), entry.path


def test_every_field_stands_once() -> None:
    paths = [entry.path for entry in entries()]
    assert sorted(set(paths)) == sorted(paths)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_key_of_a_shipped_document_is_in_the_reference(path: Path) -> None:
    sheet, _ = compose(path.read_text(encoding="utf-8"), path.name)
    assert sheet is not None
    known = entries(mapping_schema()) if "mapping" in sheet.data else entries()
    patterns = [re.compile(pattern(entry)) for entry in known]
    values = {entry.path for entry in value_entries()}
    unknown = [
        ".".join(map(str, place))
        for place in sheet.lines
        if place and not any(found.fullmatch(".".join(map(str, place))) for found in patterns)
        and not set(map(str, place[-2:])) & values
    ]  # fmt: skip
    assert unknown == []


def pattern(entry: Entry) -> str:
    """What a path of the document looks like, with names and positions; the names of a table are fields too."""
    steps = re.sub(r"<\w+>", "NAME", re.sub(r"(?<=[\w\]])<\w+>", "", entry.path))
    text = re.escape(steps).replace("NAME", r".+?").replace(r"\[\]", r"\.\d+")
    return text + (r"(\..+)?" if entry.type.startswith(("table", "list")) else "")


def test_the_tag_map_has_a_meaning_for_each_column() -> None:
    assert [name for name, _ in tag_columns()] == list(COLUMNS)
    assert all(meaning for _, meaning in tag_columns())


def test_the_page_of_the_documentation_holds_every_field_column_and_kind_of_tag() -> None:
    hooks = Path(__file__).parents[2] / "docs" / "hooks.py"
    spec = importlib.util.spec_from_file_location("hooks", hooks)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    page = module._document_page()
    wanted = [entry.path for entry in (*entries(), *value_entries(), *entries(mapping_schema()))]
    assert [name for name in (*wanted, *COLUMNS, *TAG_KINDS) if f"| `{name}` |" not in page] == []
    widths = {line.replace("\\|", "").count("|") for line in page.splitlines() if line.startswith("| `units.")}
    assert widths == {8}


def test_what_an_exact_value_says_besides_its_number_is_listed() -> None:
    found = {entry.path: entry for entry in entries()}
    assert found["account.known"].type == "list of value"
    assert found["account.known[].kind"].required and "account.known[].source" not in found
