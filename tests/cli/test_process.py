"""The simulated plant from the command line."""

from __future__ import annotations

import json

import polars as pl
import pytest

from ferrolan import verbs
from tests.assembly.simulated_plant import written
from tests.command import ferrolan


@pytest.fixture
def plant(tmp_path):
    return written(tmp_path)


def test_simulate_says_what_enters_leaves_and_how_it_closes(plant):
    finished = ferrolan("simulate", plant, cwd=plant.parent)
    assert finished.returncode == 0, finished.stderr
    for said in ("Enters: ore", "Leaves: iron concentrate", "Is drawn: collector", "Power:", "Every element"):
        assert said in finished.stdout


def test_simulate_says_what_a_tonne_of_product_takes_and_where_the_boundary_lies(plant):
    told = ferrolan("simulate", plant, cwd=plant.parent).stdout.replace("\u00a0", " ")
    assert "A tonne of REO of steel, counted at the fence of its own units: power generated counts as exported" in told
    table = verbs.simulate(plant).tables["simulated_intensities"]
    (ore,) = table.filter(pl.col("figure") == "ore")["value"]
    assert f"A tonne of REO: ore {ore:.1f} t" in told


def test_a_unit_and_a_stream_are_told_with_their_figures(plant):
    finished = ferrolan("simulate", plant, "--unit", "magnets", "--stream", "iron_concentrate", cwd=plant.parent)
    assert "magnets in: ground_ore 300" in finished.stdout
    assert "magnets state: recovery of iron" in finished.stdout
    assert "iron_concentrate: magnetite" in finished.stdout


def test_another_value_changes_the_plant_as_it_does_in_python(plant):
    told = json.loads(ferrolan("simulate", plant, "--set", "mill.power=0.03", "--json", cwd=plant.parent).stdout)
    power = {
        row["unit"]: row["value"]
        for row in told["simulated_units"]
        if (row["sort"], row["figure"]) == ("energy", "power")
    }
    assert power["mill"] == pytest.approx(0.03 * 300.0)
    python = verbs.simulate(plant, {"mill.power": 0.03}).solution.units
    assert power == pytest.approx({name: solved.power for name, solved in python.items()})


def test_every_table_is_written_as_csv(plant):
    assert ferrolan("simulate", plant, "--csv", "tables", cwd=plant.parent).returncode == 0
    found = {path.stem for path in (plant.parent / "tables").glob("*.csv")}
    assert found == set(verbs.simulate(plant).tables)
    closure = pl.read_csv(plant.parent / "tables" / "simulated_closure.csv")
    assert closure["missing"].abs().max() < 1e-9


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--set", "mill.power"), 2, "unit.path=number"),
        (("--set", "mill.power=much"), 2, "unit.path=number"),
        (("--set", "mill.pwer=0.03"), 3, "Did you mean 'power'?"),
        (("--set", "mil.power=0.03"), 3, "mil"),
        (("--set", "mill.power=-1"), 3, "of at least 0"),
        (("--unit", "magnet"), 2, "Did you mean 'magnets'?"),
        (("--stream", "irn_concentrate"), 2, "Did you mean 'iron_concentrate'?"),
        (("--rist", "a.svg"), 2, "Name it with --unit"),
        (("--rist", "a.svg", "--unit", "mill"), 3, "solved blast furnace"),
    ],
)
def test_what_cannot_be_is_refused_with_the_way_out(plant, arguments, code, said):
    finished = ferrolan("simulate", plant, *arguments, cwd=plant.parent)
    assert finished.returncode == code, finished.stderr
    assert said in finished.stderr
    assert not (plant.parent / "a.svg").exists()


def test_a_document_without_a_simulation_says_so(tmp_path):
    finished = ferrolan("simulate", "ore_to_both", cwd=tmp_path)
    assert finished.returncode == 2
    assert "Add 'simulation'" in finished.stderr
