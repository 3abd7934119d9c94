"""The operating line: laws of the line, then the equilibria, then the teaching example."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrolan.base.errors import ProblemError
from ferrolan.process import rist

CASE = Path(__file__).parents[2] / "cases" / "process" / "rist_example" / "case.toml"
AMOUNT = st.floats(1.0, 100.0)


@given(iron=AMOUNT, ore=AMOUNT, carbon=AMOUNT, elsewhere=AMOUNT, hydrogen=st.floats(0.0, 50.0))
def test_the_line_is_the_oxygen_balance_of_the_gas(
    iron: float, ore: float, carbon: float, elsewhere: float, hydrogen: float
) -> None:
    line = rist.operating_line(iron=iron, ore=ore, carbon=carbon, elsewhere=elsewhere, hydrogen=hydrogen)
    oxygen_of_gas = line.top * (carbon + hydrogen) - hydrogen
    assert oxygen_of_gas == pytest.approx(ore + elsewhere, rel=1e-12)
    assert line.y(line.x(1.05)) == pytest.approx(1.05, rel=1e-12)


@given(temperature=st.floats(900.0, 1500.0))
def test_magnetite_lets_more_gas_burn_than_wustite(temperature: float) -> None:
    wustite, magnetite = rist.over_wustite(temperature), rist.over_magnetite(temperature)
    assert 0.0 < wustite.carbon_monoxide < magnetite.carbon_monoxide < 1.0
    assert 0.0 < wustite.hydrogen < magnetite.hydrogen < 1.0


def test_hydrogen_reduces_better_than_carbon_monoxide_above_some_820_degrees_and_worse_below() -> None:
    hot, cold = rist.over_wustite(1273.15), rist.over_wustite(973.15)
    assert hot.hydrogen > hot.carbon_monoxide and cold.hydrogen < cold.carbon_monoxide


def test_a_line_through_w_has_no_distance_to_it() -> None:
    line = rist.OperatingLine(2.0, 1.05 - 2.0 * 1.3, 1.5)
    diagram = rist.Diagram(line, (1.3, 1.05), (1.83, 4.0 / 3.0))
    assert diagram.distance_to_w == pytest.approx(0.0, abs=1e-12) and diagram.distance_to_m > 0.0


def test_a_diagram_comes_back_from_the_states_of_a_unit() -> None:
    diagram = rist.Diagram(rist.OperatingLine(1.9, -1.3, 1.5), (1.3, 1.05), (1.83, 4.0 / 3.0))
    assert rist.diagram(diagram.figures) == diagram
    with pytest.raises(ProblemError, match="no operating line"):
        rist.diagram({})


def test_no_iron_has_no_line() -> None:
    with pytest.raises(ProblemError, match="no operating line"):
        rist.operating_line(iron=0.0, ore=1.0, carbon=1.0, elsewhere=1.0)


def test_the_teaching_example() -> None:
    told = tomllib.loads(CASE.read_text(encoding="utf-8"))
    line, iron, carbon, ore = example(told["inputs"], told["molar_mass"])
    top = line.top_gas(carbon)
    inputs = told["inputs"]
    nitrogen = inputs["blast"] * (1.0 - inputs["oxygen_in_blast"]) / inputs["molar_volume"]
    found = {
        "ore": ore, "iron": iron, "carbon": carbon, "slope": line.slope, "intercept": line.intercept,
        "y_at_x_1": line.y(1.0), "direct_reduction": line.direct_reduction, "top": line.top,
        "utilisation": line.utilisation, "CO": top[0], "CO2": top[1], "N2": nitrogen,
    }  # fmt: skip
    assert set(found) == set(told["solution"])
    for name, expected in told["solution"].items():
        assert found[name] == pytest.approx(expected, rel=told["tolerance_rel"]), name


def example(inputs: dict[str, Any], mass: dict[str, float]) -> tuple[rist.OperatingLine, float, float, float]:
    """The line, iron and reducing carbon [kmol], and ore [kg] a tonne of hot metal."""
    metal = {name: 1000.0 * inputs[f"{word}_in_metal"] / mass[name] for name, word in WORDS.items()}
    hematite = 0.5 * metal["Fe"] * (2.0 * mass["Fe"] + 3.0 * mass["O"])
    carbon = inputs["coke"] * inputs["carbon_in_coke"] / mass["C"] - metal["C"]
    blown = 2.0 * inputs["blast"] * inputs["oxygen_in_blast"] / inputs["molar_volume"]
    line = rist.operating_line(
        iron=metal["Fe"], ore=1.5 * metal["Fe"], carbon=carbon, elsewhere=blown + 2.0 * metal["Si"]
    )
    return line, metal["Fe"], carbon, hematite / inputs["hematite_in_ore"]


WORDS = {"Fe": "iron", "Si": "silicon", "C": "carbon"}
