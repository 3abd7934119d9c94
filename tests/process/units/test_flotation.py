"""A bank of cells follows its kinetics, and buys recovery with grade."""

from __future__ import annotations

import pytest

from ferrolan.base.schema import read
from ferrolan.process.material import Material
from ferrolan.process.units.flotation import FlotationSpec, bank
from tests.process.units.example import run, synthetic
from tests.process.units.rare_earth_examples import CELLS, GRIND

FEED = Material.of({"bastnaesite_Ce": 10.0, "monazite_Ce": 4.0, "fluorite": 20.0, "quartz": 66.0})


def test_a_bank_is_its_cells_in_series() -> None:
    """Each cell takes k tau / (1 + k tau) of what reaches it: by hand for three cells at 0.5."""
    left = (1.0 / 1.5) * (1.0 / 1.5) * (1.0 / 1.5)
    assert bank(0.5, 3) == pytest.approx(1.0 - left)
    assert bank(0.0, 5) == 0.0 and bank(1e9, 1) == pytest.approx(1.0)


def test_recovery_is_the_closed_form_with_what_is_entrained() -> None:
    found = run("flotation", CELLS, feed=FEED)
    rate = 14.0 * 2.0 / (2.0 + 0.8)
    floated = 0.92 * (1.0 - (1.0 + rate * 4.0 / 60.0) ** -6)
    expected = floated + (1.0 - floated) * 0.04
    assert found.outlets["concentrate"].amount("bastnaesite_Ce") / 10.0 == pytest.approx(expected)
    assert found.outlets["concentrate"].amount("quartz") / 66.0 == pytest.approx(0.04)


def test_more_collector_buys_recovery_and_pays_with_grade() -> None:
    """The grade-recovery curve."""
    doses = ["0.3 kg/t", "0.6 kg/t", "1.2 kg/t", "2.4 kg/t", "4.8 kg/t"]
    strong = {**CELLS, "entrained": synthetic("2 %")}
    strong["floats"] = {**CELLS["floats"], "fluorite": {"rate": synthetic("3 1/h"), "ultimate": synthetic("90 %")}}
    states = [run("flotation", {**strong, "collector": synthetic(dose)}, feed=FEED).states for dose in doses]
    recoveries = [state["recovery of rare earths"].value for state in states]
    grades = [state["rare earths in the concentrate"].value for state in states]
    assert recoveries == sorted(recoveries) and recoveries[0] < recoveries[-1] - 0.1
    assert grades[1:] == sorted(grades[1:], reverse=True)


def test_without_collector_there_is_only_what_is_entrained() -> None:
    found = run("flotation", {**CELLS, "collector": synthetic("0 kg/t")}, feed=FEED)
    assert found.outlets["concentrate"].amounts == pytest.approx(0.04 * FEED.amounts)
    assert found.drawn["collector"].mass == 0.0


def test_slimes_and_locked_grains_do_not_float() -> None:
    coarse = run("flotation", {**CELLS, "grind": {**GRIND, "size": synthetic("150 um")}}, feed=FEED)
    fine = run("flotation", {**CELLS, "grind": {**GRIND, "size": synthetic("45 um")}}, feed=FEED)
    slimed = run("flotation", {**CELLS, "grind": {**GRIND, "size": synthetic("9 um")}}, feed=FEED)
    assert fine.outlets["concentrate"].component("REO") > coarse.outlets["concentrate"].component("REO")
    assert fine.outlets["concentrate"].component("REO") > slimed.outlets["concentrate"].component("REO")


def test_a_mineral_nobody_knows_is_refused_with_the_nearest() -> None:
    floats = {"bastnesite": CELLS["floats"]["bastnaesite"]}
    _, problems = read(FlotationSpec, {**CELLS, "floats": floats})
    assert [(problem.path, problem.way_out) for problem in problems] == [
        (("floats", "bastnesite"), "Did you mean 'bastnaesite'?")
    ]
