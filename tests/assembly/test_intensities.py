"""What an owner of a simulated plant takes and lets go a tonne of its product."""

from __future__ import annotations

import polars as pl
import pytest

from ferrolan import verbs
from ferrolan.assembly.flowsheet import flowsheet_of
from ferrolan.assembly.intensities import fences, intensities
from ferrolan.enterprise.document import Enterprise
from ferrolan.process.flowsheet import FlowsheetSolution, solve
from tests.assembly.simulated_plant import written

Found = tuple[Enterprise, FlowsheetSolution]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    document = verbs.load(written(tmp_path_factory.mktemp("plant")))
    return document, solve(flowsheet_of(document))


def value(table: pl.DataFrame, figure: str) -> float:
    (row,) = table.filter(pl.col("figure") == figure).iter_rows(named=True)
    return float(row["value"])


def test_an_owner_who_casts_no_steel_is_told_a_tonne_of_its_rare_earth_oxides(found: Found) -> None:
    document, solution = found
    table = intensities(document, solution)
    assert table["per"].unique().to_list() == ["t REO"] and table["owner"].unique().to_list() == ["steel"]
    oxides = solution.streams["re_concentrate"].component("REO")
    assert value(table, "collector") == pytest.approx(solution.drawn()["collector"].mass / oxides)
    assert value(table, "power drawn") == pytest.approx(solution.power / oxides)
    assert value(table, "energy") == pytest.approx(3.6 * solution.power / oxides)
    assert value(table, "ore") == pytest.approx(300.0 / oxides)


def test_what_is_not_there_has_no_row_and_every_row_says_what_it_counts(found: Found) -> None:
    table = intensities(*found)
    assert not set(table["figure"]) & {"sulfuric_acid", "power generated", "heat supplied", "fuels"}
    assert (table["counts"].str.len_chars() > 0).all() and (table["value"] != 0.0).all()


def test_what_leaves_without_a_commodity_is_waste(found: Found) -> None:
    document, solution = found
    (fence,) = fences(document, solution)
    lost = sum(solution.streams[name].mass for name in ("to_pond", "tails"))
    table = intensities(document, solution)
    assert value(table, "residues") == pytest.approx(lost / fence.rare_earths, rel=1e-3)
    released = solution.released()["waste_water"].mass
    assert value(table, "waste water") == pytest.approx(released / fence.rare_earths)


def test_a_figure_a_tonne_does_not_change_with_the_size_of_the_plant(found: Found) -> None:
    document, solution = found
    double = solve(flowsheet_of(document).with_parameters({"ore.rate": 600.0}))
    one, two = intensities(document, solution), intensities(document, double)
    assert one["figure"].to_list() == two["figure"].to_list()
    assert two["value"].to_list() == pytest.approx(one["value"].to_list(), rel=1e-8)


def test_the_fence_of_each_owner_is_crossed_by_what_goes_from_one_to_the_other(found: Found) -> None:
    document, solution = found
    parts = {"magnets", "mill", "heap"}
    units = {n: u if n in parts else u.model_copy(update={"owner": "other"}) for n, u in document.units.items()}
    split = document.model_copy(update={"units": units})
    other, steel = fences(split, solution)
    assert (other.owner, steel.owner) == ("other", "steel")
    assert set(other.feeds) == {"magnetic_tails"} == set(steel.leaving) - {"iron_concentrate", "magnets.middlings"}
    assert steel.rare_earths == pytest.approx(solution.streams["magnetic_tails"].component("REO"))
    assert other.rare_earths == pytest.approx(solution.streams["re_concentrate"].component("REO"))
