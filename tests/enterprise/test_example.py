"""The example loads, is frozen, and says what its files say."""

from __future__ import annotations

import csv
import re
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from ferrolan.assembly.catalogue import kinds
from ferrolan.base.schema import Model, Sourced, Table
from ferrolan.enterprise.document import Enterprise
from ferrolan.enterprise.load import load
from ferrolan.facts import sources

from .conftest import Copy


def walk(value: object) -> list[object]:
    """Everything inside a loaded document."""
    inside: list[object] = [value]
    if isinstance(value, Model):
        inside += [part for name in type(value).model_fields for part in walk(getattr(value, name))]
    elif isinstance(value, Table):
        inside += [part for entry in value.values() for part in walk(entry)]
    elif isinstance(value, tuple):
        inside += [part for entry in value for part in walk(entry)]
    return inside


def test_the_example_loads(example: Enterprise) -> None:
    assert example.name == "ore_to_both"
    assert example.units["mill"].modes["run"].makes["ground_ore"].value == 1.0
    assert example.units["bof"].capacity is not None
    assert example.units["bof"].capacity.value == pytest.approx(1.564e6 / 8760, rel=1e-15)
    assert example.units["ore_stockpile"].stocks == "ore" and example.units["ore_stockpile"].capacity is None
    assert (example.streams["mill_feed"].from_, example.streams["mill_feed"].to) == ("ore_stockpile", "mill")
    assert example.streams["ore_mined"].from_ is None and example.streams["tails_to_pond"].to is None
    assert example.streams["lace_liquor"].carries == ("La2O3", "CeO2", "Pr6O11", "Nd2O3", "SEGY")
    assert example.commodities["ore"].basis == ("dry_mass",)
    assert example.commodities["re_concentrate"].per == 0.5
    assert example.account.period == timedelta(days=7) and example.account.month == "2026-03"
    assert example.enterprise.exchange_rates["USD"].value == 7.2878
    assert example.transfers["concentrate"].from_ == "re_concentrate"


def test_its_values_are_in_canonical_units(example: Enterprise) -> None:
    canonical = {"t/h", "1", "t", "CNY/t", "USD/t", "CNY/MWh", "MWh/t", "CNY/t/h", "CNY/t/(t/h)", "CNY/USD"}
    assert {part.unit for part in walk(example) if isinstance(part, Sourced)} <= canonical


def test_every_value_says_where_it_comes_from(example: Enterprise) -> None:
    values = [part for part in walk(example) if isinstance(part, Sourced)]
    assert len(values) > 150
    assert all(value.synthetic != (value.source in sources()) for value in values)


def test_it_reads_every_tag_of_the_map(example: Enterprise) -> None:
    with example.tags_path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [tag.tag for tag in example.tags] == [row["tag"] for row in rows]
    assert [tag.line for tag in example.tags] == list(range(2, len(rows) + 2))
    assert all(tag.sigma_relative > 0 or tag.sigma_absolute > 0 for tag in example.tags)


def test_sigmas_and_limits_of_tags_are_canonical(example: Enterprise) -> None:
    tags = {tag.tag: tag for tag in example.tags}
    belt = tags["WT-214"]
    assert (belt.sigma_relative, belt.sigma_absolute, belt.component, belt.basis) == (0.01, 0.0, None, "dry")
    thermometer = tags["TI-606"]
    assert thermometer.canonical_unit == "K" and thermometer.sigma_absolute == 8.0  # a difference has no offset
    assert thermometer.lo == pytest.approx(253.15) and thermometer.hi == pytest.approx(2366.15)
    assert tags["LAB-RCF-H2O"].sigma_absolute == 0.001 and tags["LAB-RCF-H2O"].hi == 0.4
    assert tags["JI-501"].hi == 16.5 and tags["ERP-ORE"].hi == 500.0


def test_nothing_in_it_can_be_changed(example: Enterprise) -> None:
    with pytest.raises(ValidationError):
        example.title = "other"
    with pytest.raises(ValidationError):
        example.units["mill"].owner = "rare_earth"
    with pytest.raises(TypeError):
        example.streams["new"] = example.streams["slab"]  # type: ignore[index]  # a table has no setter
    with pytest.raises(AttributeError):
        example.tags[0].sigma_relative = 0.5  # type: ignore[misc]  # frozen
    assert not [part for part in walk(example) if isinstance(part, dict | list | set)]


def test_every_key_of_the_file_is_an_attribute(example: Enterprise) -> None:
    text = example.path.read_text(encoding="utf-8")
    keys = re.findall(r"^([a-z_]+):", text, re.MULTILINE)
    assert set(keys) <= set(Enterprise.model_fields) and len(keys) > 15


def test_the_same_files_give_the_same_hash_and_others_another(example: Enterprise, copy: Copy) -> None:
    assert load(copy.path, kinds()).content_hash == example.content_hash
    copy.replace("belt scale, mill feed", "belt scale of the mill", tags=True)
    assert load(copy.path, kinds()).content_hash != example.content_hash


def test_a_document_without_optional_sections_loads(copy: Copy) -> None:
    text = copy.path.read_text(encoding="utf-8")
    start, end = text.index("virtual_plant:"), text.index("sources:\n")
    copy.path.write_text(text[:start] + text[end:], encoding="utf-8")
    assert load(copy.path, kinds()).virtual_plant is None


def test_the_path_may_be_relative(copy: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(copy.path.parent)
    assert len(load(Path(copy.path.name), kinds()).tags) > 300


def test_a_file_with_a_byte_order_mark_and_windows_lines_loads(copy: Copy) -> None:
    for file in (copy.path, copy.tags):
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    assert load(copy.path, kinds()).tags[0].line == 2
