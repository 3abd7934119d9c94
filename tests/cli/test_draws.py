"""The simulated plant drawn many times, from the command line."""

from __future__ import annotations

import json

import polars as pl
import pytest

from ferrolan import verbs
from ferrolan.assembly.flowsheet import flowsheet_of
from ferrolan.studies.process_uncertainty import Uncertain, Watch, monte_carlo
from tests.assembly.simulated_plant import written
from tests.command import ferrolan

VARIED = ("--vary", "rougher.collector=10%", "--vary", "ore.rate=280..320", "--draws", "30", "--seed", "7")


@pytest.fixture
def plant(tmp_path):
    return written(tmp_path)


def test_what_leaves_the_plant_is_told_with_its_interval(plant):
    finished = ferrolan("simulate", plant, *VARIED, cwd=plant.parent)
    assert finished.returncode == 0, finished.stderr
    assert "Small plant, 30 draws." in finished.stdout
    for said in ("amount of mass in iron concentrate", "power: 13", "95 % of the draws between"):
        assert said in finished.stdout.replace("\u00a0", " ")


def test_the_draws_are_those_of_python(plant):
    watched = ("--watch", "grade:re_concentrate:REO", "--watch", "power:mill")
    told = json.loads(ferrolan("simulate", plant, *VARIED, *watched, "--json", cwd=plant.parent).stdout)
    sheet = flowsheet_of(verbs.load(plant))
    declared = sheet.parameters()["rougher.collector"]
    varied = [Uncertain("rougher.collector", sd=0.1 * declared), Uncertain("ore.rate", low=280.0, high=320.0)]
    python = monte_carlo(sheet, varied, [Watch("grade", "re_concentrate", "REO"), Watch("power", "mill")], 30, 7)
    assert [row["mean"] for row in told["monte_carlo"]] == pytest.approx(python.table["mean"].to_list(), rel=1e-12)


def test_every_number_can_vary_at_once_and_set_holds_beside(plant):
    arguments = ("--vary", "all=5%", "--draws", "5", "--set", "mill.power=0.03", "--watch", "power:mill", "--json")
    (row,) = json.loads(ferrolan("simulate", plant, *arguments, cwd=plant.parent).stdout)["monte_carlo"]
    assert row["nominal"] == pytest.approx(0.03 * 300.0)
    assert row["low"] < row["nominal"] < row["high"]


def test_sobol_says_which_number_decides(plant):
    pytest.importorskip("SALib")
    arguments = (*VARIED, "--watch", "amount:re_concentrate:REO", "--sobol", "16", "--csv", "tables")
    finished = ferrolan("simulate", plant, *arguments, cwd=plant.parent)
    assert finished.returncode == 0, finished.stderr
    assert "  ore.rate explains" in finished.stdout
    indices = pl.read_csv(plant.parent / "tables" / "sobol.csv")
    assert indices.sort("total")["parameter"].to_list()[-1] == "ore.rate"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--vary", "mill.pwer=10%"), 3, "Did you mean 'power'?"),
        (("--vary", "mill.power"), 2, "unit.path=10%"),
        (("--vary", "mill.power=much"), 2, "unit.path=10%"),
        (("--vary", "ore.temperature=10%"), 3, "Say it in its own unit"),
        (("--vary", "or.rate=10%"), 3, "or"),
        (("--vary", "mill.power=10%", "--watch", "colour:ore"), 2, "grade:concentrate:REO"),
        (("--vary", "mill.power=10%", "--watch", "amount:steel"), 3, "no stream 'steel'"),
        (("--vary", "mill.power=10%", "--draws", "1"), 2, "at least 2"),
        (("--vary", "mill.power=10%", "--unit", "mill"), 2, "Leave out one of the two"),
        (("--watch", "power"), 2, "say what varies"),
    ],
)
def test_what_cannot_be_drawn_is_refused(plant, arguments, code, said):
    finished = ferrolan("simulate", plant, *arguments, cwd=plant.parent)
    assert finished.returncode == code, finished.stdout
    assert said in finished.stderr
