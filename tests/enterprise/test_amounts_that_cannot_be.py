"""A stock larger than its room, and a mode that makes more than goes in, are faults; what may be so is none."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from ferrolan.assembly.catalogue import kinds
from ferrolan.base.errors import DocumentError, Fault
from ferrolan.enterprise.load import load

from .conftest import Copy

PACKAGE = Path(str(files("ferrolan")))
ANALYST = PACKAGE / "starting" / "analyst.yaml"
NDPR = "          ndpr_oxide: {value: 0.24 t/t, synthetic: true}"
OTHER = "          other_oxides: {value: 0.71 t/t, synthetic: true}"
LIMIT = "      limit: {value: 12 kt/a, synthetic: true}\n"


def faults(folder: Path, *changes: tuple[str, str]) -> list[Fault]:
    text = ANALYST.read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = folder / "company.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        load(path, kinds())
    except DocumentError as error:
        return list(error.faults)
    return []


def stock(opening: str, closing: str) -> tuple[str, str]:
    entries = {"maximum": "2 kt", "opening": opening, "closing_minimum": closing, "holding_cost": "1 USD/t/month"}
    lines = "".join(f"      {key}: {{value: {value}, synthetic: true}}\n" for key, value in entries.items())
    return LIMIT, f"{LIMIT}    stock:\n{lines}"


@pytest.mark.parametrize(
    ("opening", "closing", "keys"),
    [
        ("2000 t", "2 kt", []),
        ("2001 t", "0 t", ["opening"]),
        ("0 t", "3 kt", ["closing_minimum"]),
        ("3 kt", "3 kt", ["opening", "closing_minimum"]),
    ],
)
def test_a_stock_begins_and_ends_within_its_maximum(
    tmp_path: Path, opening: str, closing: str, keys: list[str]
) -> None:
    found = faults(tmp_path, stock(opening, closing))
    assert [(fault.path, fault.code) for fault in found] == [
        (f"commodities.concentrate.stock.{key}", "out_of_range") for key in keys
    ]
    for fault in found:
        assert "at most the maximum, 2,000 t" in fault.expected and "Lower" in fault.way_out
        lines = (tmp_path / "company.yaml").read_text(encoding="utf-8").splitlines()
        assert lines[fault.line - 1].strip().startswith(fault.path.rsplit(".", maxsplit=1)[-1])


def test_a_works_that_makes_more_oxides_than_go_in_is_refused(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, (NDPR, NDPR.replace("0.24", "0.94")))
    assert (fault.code, fault.path) == ("makes_too_much", "units.works.modes.run.makes")
    assert fault.found.startswith("1.65 times the dry mass of a tonne of 'concentrate' in ndpr_oxide, other_oxides")
    assert "under 'uses'" in fault.way_out
    assert "makes:" in (tmp_path / "company.yaml").read_text(encoding="utf-8").splitlines()[fault.line - 1]


@pytest.mark.parametrize("uses", ["sand: {value: 0.7 t/t, synthetic: true}", "acid: {value: 0.7 t/t, synthetic: true}"])
def test_where_something_else_goes_in_nobody_can_be_sure(tmp_path: Path, uses: str) -> None:
    more = NDPR.replace("0.24", "0.94")
    sand = "\n  sand: {owner: company, buy: {price: {value: 1 USD/t, synthetic: true}, limit: {value: 90 kt/a, synthetic: true}}}\n"
    acid = "\nutilities:\n  acid: {price: {value: 1 USD/t, synthetic: true}}\n"
    written = (OTHER, f"{OTHER}\n        uses: {{{uses}}}")
    assert faults(tmp_path, (NDPR, more), written, ("\nplan:\n", f"{sand}{acid}\nplan:\n")) == []


def test_power_makes_nothing_heavier(tmp_path: Path) -> None:
    more = NDPR.replace("0.24", "0.94")
    power = "\nutilities:\n  power: {price: {value: 60 USD/MWh, synthetic: true}}\n"
    written = (OTHER, f"{OTHER}\n        uses: {{power: {{value: 2 MWh/t, synthetic: true}}}}")
    found = faults(tmp_path, (NDPR, more), written, ("\nplan:\n", f"{power}\nplan:\n"))
    assert [fault.code for fault in found] == ["makes_too_much"]


@pytest.mark.parametrize(("share", "refused"), [("0.44 t/t", False), ("0.39 t/t", False), ("0.45 t/t", True)])
def test_dry_mass_may_gain_what_it_takes_from_the_air(tmp_path: Path, share: str, refused: bool) -> None:
    """0.71 t of one and 0.44 t of the other are 1.15 t: as much as iron could take up, and no more."""
    found = faults(tmp_path, (NDPR, NDPR.replace("0.24 t/t", share)))
    assert [fault.code for fault in found] == ["makes_too_much"] * refused


def test_contained_oxides_are_counted_by_what_a_tonne_holds(copy: Copy) -> None:
    """Separation of the example makes 0.978 t of oxides from 1 t; with 0.835 in place of 0.735 it would be 1.078 t."""
    copy.replace("lace_liquor: {value: 0.735 t/t", "lace_liquor: {value: 0.835 t/t")
    (fault,) = copy.faults()
    assert (fault.code, fault.path) == ("makes_too_much", "units.separation.modes.run.makes")
    assert fault.found.startswith("1.078 times the CeO2, La2O3, Nd2O3, Pr6O11, SEGY of a tonne of 'leach_liquor'")


def test_concentrate_at_half_its_weight_gives_half_a_tonne_of_oxides(copy: Copy) -> None:
    """A tonne delivered at 50 % holds 0.5 t of oxides: 0.475 t in the liquor is 95 %, 0.575 t is not to be had."""
    copy.replace("leach_liquor: {value: 0.475 t/t", "leach_liquor: {value: 0.575 t/t")
    (fault,) = copy.faults()
    assert fault.code == "makes_too_much" and fault.found.startswith("1.15 times")


@pytest.mark.parametrize("name", ["ore_to_both", "rare_earth_works", "steel_works", "lynas"])
def test_no_shipped_document_is_suspected(name: str) -> None:
    assert load(PACKAGE / "examples" / name / f"{name}.yaml", kinds()).name == name


def test_an_unknown_zone_is_answered_with_some_names_and_not_with_a_list_of_all(tmp_path: Path) -> None:
    for written, way_out in {
        "Mars/Base": "Give a name such as 'Asia/Shanghai', 'Europe/Berlin' or 'UTC'",
        "Shanghai": "Did you mean 'Asia/Shanghai'?",
        "Europe/Frankfurt": "Give a name such as 'Europe/",
    }.items():
        (fault,) = faults(tmp_path, ("time_zone: UTC", f"time_zone: {written}"))
        assert fault.code == "unknown_zone" and fault.way_out.startswith(way_out)


def test_a_refused_database_does_not_show_its_password(copy: Copy) -> None:
    old = "url: sqlite:///raw/erp_laboratory.sqlite\n    table: laboratory_results"
    copy.replace(
        old, old.replace("sqlite:///raw/erp_laboratory.sqlite", "postgresql://lab:s3cr@t/x@db.local:5432/lims")
    )
    (fault,) = copy.faults()
    assert fault.found == '"postgresql://lab:…@db.local:5432/lims"'
    assert "s3cr" not in str(fault)
