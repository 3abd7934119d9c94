"""The JSON Schema for editors: it takes what ``load`` takes, and refuses the plain mistakes that ``load`` refuses.

Oracle: the library ``jsonschema``, which is no part of Ferrolan.
"""

from __future__ import annotations

import re
import shutil
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import jsonschema
import pytest

from ferrolan.assembly.catalogue import kinds
from ferrolan.base.errors import DocumentError
from ferrolan.base.schema import Check, Fraction, Model, Name, Price, Sourced, Table, Unit, json_schema, read
from ferrolan.enterprise.load import load
from ferrolan.enterprise.sheet import compose
from ferrolan.starting import document_schema, mapping_schema

EXAMPLES = sorted((Path(str(files("ferrolan"))) / "examples").glob("*/*.yaml"))
ORE_TO_BOTH = next(path for path in EXAMPLES if path.stem == "ore_to_both")


@cache
def validator(of_mapping: bool) -> jsonschema.Draft202012Validator:
    schema = mapping_schema() if of_mapping else document_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def faults(text: str) -> list[str]:
    """Paths at which a document, or a mapping, breaks its schema."""
    sheet, _ = compose(text, "plant.yaml")
    assert sheet is not None
    found = validator("mapping" in sheet.data).iter_errors(sheet.data)
    return [".".join(map(str, error.absolute_path)) for error in found]


class Belt(Model):
    speed: Annotated[Sourced, Unit("t/h", least=0.0)]
    share: Annotated[Sourced, Unit("1")] | None = None
    weight: Annotated[float, Check(above=0.0, most=2.0)] = 1.0
    part: Fraction = 0.5
    price: Annotated[Price, Unit("¤/t")] | None = None
    table: Table[Name] = Table({})


GOOD: dict[str, Any] = {"speed": {"value": "330 t/h", "synthetic": True}}


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"speed": {"value": "2.4 kt/d", "source": "x", "scale": 0.1, "confidence": "high"}},
        {"speed": {"value": "1e3 t/(d)", "own": True, "synthetic": False}},
        {"share": {"value": 0.5, "own": True}},
        {"share": {"value": "50 %", "own": True}},
        {"share": None},
        {"price": {"value": "98.95 USD/t", "content": 0.62, "own": True, "freight": {"value": "7 CNY/t", "own": True}}},
        {"table": {"a": "b"}},
        {"weight": 2},
    ],
)
def test_what_the_model_takes_the_schema_takes(change: dict[str, Any]) -> None:
    data = {**GOOD, **change}
    model, problems = read(Belt, data)
    assert model is not None and problems == ()
    jsonschema.validate(data, json_schema(Belt))


@pytest.mark.parametrize(
    "change",
    [
        {"speed": "330 t/h"},
        {"speed": {"value": "330 t/h"}},
        {"speed": {"value": "330 t/h", "source": "x", "synthetic": True}},
        {"speed": {"value": "330 t/h", "synthetic": False}},
        {"speed": {"value": 330, "own": True}},
        {"speed": {"value": "330", "own": True}},
        {"speed": {"value": "330 ton/h", "own": True}},
        {"speed": {"value": "3,5 t/h", "own": True}},
        {"speed": {"value": "fast", "own": True}},
        {"speed": {"value": "330 t/h", "own": True, "unit": "t/h"}},
        {"speed": {"own": True}},
        {"speed": {"value": "330 t/h", "own": True, "scale": 0}},
        {"speed": {"value": "330 t/h", "own": True, "confidence": "certain"}},
        {"weight": 0},
        {"weight": 2.5},
        {"weight": "heavy"},
        {"part": -0.1},
        {"table": {"a b": "c"}},
        {"table": {"a": "b c"}},
        {"table": ["a"]},
        {"sped": 1},
        {"price": {"value": "98.95 USD/t", "own": True, "vat": "yes"}},
    ],
)
def test_what_the_schema_refuses_the_model_refuses(change: dict[str, Any]) -> None:
    data = {**GOOD, **change}
    assert read(Belt, data)[1] != ()
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, json_schema(Belt))


def test_the_schema_holds_units_bounds_defaults_and_meanings() -> None:
    class Mill(Model):
        feed: Annotated[Sourced, Unit("t/h", above=0.0)]
        """Feed of the mill."""
        weight: Annotated[float, Check(above=0.0, most=2.0)] = 1.0
        """Weight of it."""

    properties = json_schema(Mill)["properties"]
    assert properties["feed"]["description"] == "Feed of the mill."
    assert (properties["feed"]["x-unit"], properties["feed"]["x-bounds"]) == ("t/h", "above 0 t/h")
    assert properties["weight"] == {
        "description": "Weight of it.", "default": 1.0, "type": "number", "exclusiveMinimum": 0.0, "maximum": 2.0,
    }  # fmt: skip


def test_the_schema_is_one_of_draft_2020_12_and_knows_the_kinds_of_unit() -> None:
    schema = document_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$defs"]["UnitSection"]["properties"]["kind"]["enum"] == list(kinds())
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_shipped_enterprise_and_mapping_fits_its_schema(path: Path) -> None:
    assert faults(path.read_text(encoding="utf-8")) == []


MILL = "capacity: {value: 330 t/h, of: ore, synthetic: true}"
BROKEN = [
    ("unknown key", MILL, MILL.replace("capacity:", "capacitiy:")),
    ("unknown key of a value", "330 t/h, of: ore", "330 t/h, per: ore"),
    ("unknown section", "\nutilities:", "\nutilitys:"),
    ("missing title", "title: Ore to both\n", ""),
    ("missing reference", "reference: magnetic_tails", ""),
    ("missing capacity of a mill", f"    {MILL}\n", ""),
    ("a stockpile with a capacity", "stocks: ore,", "stocks: ore, capacity: {value: 3 t/h, of: ore, own: true},"),
    ("a text for a number", "months: 12", "months: twelve"),
    ("no month at all", "months: 12", "months: 0"),
    ("a number for a list", "components: [Fe, P, La2O3, CeO2, Pr6O11, Nd2O3, SEGY]", "components: 3"),
    ("a list for a table", "groups:\n    REO: [La2O3, CeO2, Pr6O11, Nd2O3, SEGY]", "groups: [La2O3]"),
    ("yes for true", "china, each: true,", "china, each: yes,"),
    ("an unknown kind of unit", "kind: flotation", "kind: floatation"),
    ("an unknown kind of source", "    kind: csv", "    kind: cvs"),
    ("an unknown choice", "ground_ore: {owner: steel, basis: dry_mass}", "ground_ore: {owner: steel, basis: dry mass}"),
    ("an unknown unit", "330 t/h", "330 ton/h"),
    ("a value without its source", MILL, MILL.replace(", synthetic: true", "")),
    ("a value with two", MILL, MILL.replace("synthetic", "own: true, synthetic")),
    ("a bare number", "cost: {value: 9 CNY/t, synthetic: true}", "cost: 9"),
    ("an unknown source", "source: udn_2026_01", "source: udn_2026_10"),
    ("an unknown currency", "currency: CNY", "currency: GBP"),
    ("another version", "ferrolan: 1", "ferrolan: 2"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new"), BROKEN, ids=[row[0] for row in BROKEN])
def test_a_broken_document_fails_in_the_schema_and_in_load(name: str, old: str, new: str, tmp_path: Path) -> None:
    text = ORE_TO_BOTH.read_text(encoding="utf-8")
    assert len(re.findall(re.escape(old), text)) == 1, name
    broken = tmp_path / ORE_TO_BOTH.name
    broken.write_text(text.replace(old, new), encoding="utf-8")
    shutil.copy(ORE_TO_BOTH.with_name("tags.csv"), tmp_path)
    assert faults(broken.read_text(encoding="utf-8")) != []
    with pytest.raises(DocumentError):
        load(broken, kinds())
