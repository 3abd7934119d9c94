"""The blast furnace: its balances and its line, what moves the coke, what Bayan Obo brings, what it refuses."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrolan import materials
from ferrolan.base.errors import Infeasible, ProblemError
from ferrolan.base.schema import read
from ferrolan.process import operation, rist
from ferrolan.process.calibrate import Observation, calibrate, figure
from ferrolan.process.material import Material
from ferrolan.process.operation import Solved
from ferrolan.process.parameters import parameters
from ferrolan.process.units.blast_furnace import KIND, BlastFurnaceSpec
from tests.process.units.steel_bench import at_work, one, state, total
from tests.process.units.steel_examples import BLAST_FURNACE, PELLETS, SINTER

DRY = PELLETS.times(0.5).plus(SINTER.times(0.6))
NO_FLUX = {"flux": Material.nothing("solids")}


def furnace(**changes: float) -> Solved:
    return at_work("blast_furnace", {path.replace("__", "."): value for path, value in changes.items()})


@settings(max_examples=20)
@given(efficiency=st.floats(0.7, 0.95), injection=st.floats(0.1, 0.2), heat=st.floats(1200.0, 1450.0))
def test_the_line_meets_the_top_gas_and_the_reserve_zone(efficiency: float, injection: float, heat: float) -> None:
    """Oxygen over carbon of the top gas is that of the line; at wustite the line is as far from W as declared."""
    changes = {"shaft_efficiency": efficiency, "injection": injection, "blast.temperature": heat}
    found = at_work("blast_furnace", changes, NO_FLUX)
    diagram, gas = rist.diagram(found.states), found.outlets["top_gas"]
    amount = {name: gas.amount(name) / materials.MOLAR_MASS[materials.place(name)] for name in SPECIES}
    oxygen = amount["CO"] + 2.0 * amount["CO2"] + amount["H2O_gas"]
    hydrogen = amount["H2"] + amount["H2O_gas"]
    expected = (oxygen + hydrogen) / (amount["CO"] + amount["CO2"] + hydrogen)
    assert diagram.line.top == pytest.approx(expected, rel=5e-4)  # sulfur, fluorine and alkalis are not on the line
    reached = diagram.line.x(rist.WUSTITE) - 1.0
    assert reached == pytest.approx(efficiency * (diagram.wustite[0] - 1.0), rel=1e-9)
    assert found.residual < 1e-11


SPECIES = ("CO", "CO2", "H2", "H2O_gas")


def test_at_full_shaft_efficiency_the_line_passes_through_w_and_beyond_it_the_limit_is_negative() -> None:
    assert furnace(shaft_efficiency=1.0).limits["distance to the W point"].value == pytest.approx(0.0, abs=1e-9)
    assert furnace(shaft_efficiency=1.05).limits["distance to the W point"].value < 0.0


def test_the_hot_metal_has_the_analysis_asked_for() -> None:
    metal = furnace().outlets["hot_metal"]
    assert metal.grade("C") == pytest.approx(0.045, rel=1e-9) and metal.grade("Si") == pytest.approx(0.0045, rel=1e-9)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("blast.temperature", 1500.0),  # hotter blast
        ("shaft_efficiency", 0.95),
        ("hearth_loss", 0.2),
        ("blast.moisture", 0.0),
        ("hot_metal.silicon", 0.003),
        ("injection", 0.18),
    ],
)
def test_what_saves_coke(path: str, value: float) -> None:
    assert state(at_work("blast_furnace", {path: value}), "coke rate") < state(furnace(), "coke rate")


def test_a_tonne_of_coal_replaces_less_than_a_tonne_of_coke_and_more_than_a_half() -> None:
    saved = state(furnace(injection=0.12), "coke rate") - state(furnace(injection=0.16), "coke rate")
    assert 0.5 < saved / 40.0 < 1.0


def test_hydrogen_saves_coke_and_carbon_dioxide() -> None:
    hydrogen = {"injected_gas": Material.of({"H2": 15.0}, "gas")}
    found = at_work("blast_furnace", inlets=hydrogen)
    assert state(found, "coke rate") < state(furnace(), "coke rate") - 10.0
    assert carbon_out(found) < carbon_out(furnace())
    assert found.outlets["top_gas"].amount("H2") > furnace().outlets["top_gas"].amount("H2")


def carbon_out(found: Solved) -> float:
    return found.outlets["top_gas"].component("C") + found.released["flue_gas"].component("C")


@pytest.mark.parametrize(
    ("path", "change", "low", "high"),
    [
        ("blast.temperature", 100.0, -20.0, -6.0),  # a hundred kelvin of blast
        ("blast.moisture", 0.01244, 3.0, 10.0),  # ten grams of water a normal cubic metre
        ("injection", 0.010, -10.0, -7.0),  # ten kilograms of coal
    ],
)
def test_coke_saved_is_of_the_size_that_works_reckon_with(path: str, change: float, low: float, high: float) -> None:
    """Rules of thumb of works, recalled [kg/t]."""
    usual = one("blast_furnace").model
    value = parameters(usual)[path].value + change
    assert low < state(at_work("blast_furnace", {path: value}), "coke rate") - state(furnace(), "coke rate") < high


def test_coal_and_moisture_cool_the_flame_and_oxygen_heats_it() -> None:
    usual = state(furnace(), "flame temperature")
    assert state(furnace(injection=0.2), "flame temperature") < usual
    assert state(furnace(blast__moisture=0.03), "flame temperature") < usual
    assert state(furnace(blast__oxygen=0.27), "flame temperature") > usual


def test_what_bayan_obo_brings_is_carried_and_goes_where_it_is_said_to_go() -> None:
    found = furnace()
    entered = {name: found.inlets["burden"].component(name) for name in ("P", "Nb", "F", "RE", "Th")}
    entered["P"] *= 1.0 - 0.008  # dust is taken off the burden
    assert total(found, "P", "hot_metal") == pytest.approx(0.98 * entered["P"], rel=1e-9)
    assert total(found, "Nb", "hot_metal") == pytest.approx(0.70 * 0.992 * entered["Nb"], rel=1e-9)
    assert total(found, "RE", "slag", "dust") == pytest.approx(entered["RE"], rel=1e-9)
    assert total(found, "RE", "hot_metal") == 0.0
    assert total(found, "F", "slag") == pytest.approx(0.98 * 0.992 * entered["F"], rel=1e-9)
    assert found.outlets["top_gas"].amount("HF") > 0.0
    assert total(found, "Th", "slag", "dust") == pytest.approx(entered["Th"], rel=1e-9)
    assert found.outlets["slag"].amount("fluorite") > 0.0 and found.outlets["dust"].component("K") > 0.0


def test_own_coke_is_used_first_and_the_rest_is_bought_or_left() -> None:
    scarce = at_work("blast_furnace", note="own coke")
    assert scarce.drawn["coke"].mass > 0.0 and scarce.outlets["coke_rest"].mass == 0.0
    plenty = at_work("blast_furnace", inlets={"coke": one_coke().times(1.5)}, note="own coke")
    assert plenty.drawn["coke"].mass == 0.0 and plenty.outlets["coke_rest"].mass > 0.0
    assert state(plenty, "coke rate") == pytest.approx(state(scarce, "coke rate"), rel=1e-9)


def one_coke() -> Material:
    return one("blast_furnace", "own coke").inlets["coke"]


def test_coal_that_is_brought_is_injected_and_what_it_lacks_is_bought() -> None:
    bought = furnace().drawn["pulverised_coal"]
    brought = at_work("blast_furnace", {"injection": 0.0}, {"injected_coal": bought})
    half = at_work("blast_furnace", inlets={"injected_coal": bought.times(0.5)})
    assert brought.drawn["pulverised_coal"].mass == 0.0
    assert half.drawn["pulverised_coal"].mass == pytest.approx(0.5 * bought.mass)
    for name in ("coke rate", "coal rate", "flame temperature"):
        assert state(brought, name) == pytest.approx(state(furnace(), name), rel=1e-9)
        assert state(half, name) == pytest.approx(state(furnace(), name), rel=1e-9)


def test_coal_beyond_the_injection_asked_is_injected_too() -> None:
    more = furnace().drawn["pulverised_coal"].times(1.2)
    found = at_work("blast_furnace", inlets={"injected_coal": more})
    assert state(found, "coal rate") > 160.0
    assert state(found, "coke rate") < state(furnace(), "coke rate")


def test_too_much_coal_is_refused_with_the_most_that_would_do() -> None:
    with pytest.raises(Infeasible, match=r"too much coal is injected: .* at most \d+ kg/t") as caught:
        furnace(injection=0.8)
    most = float(re.findall(r"at most (\d+) kg/t", str(caught.value))[0])
    assert 400.0 < most < 800.0
    assert state(furnace(injection=(most - 1.0) / 1000.0), "coal rate") == pytest.approx(most - 1.0)


def test_a_blast_of_pure_oxygen_leaves_the_top_no_heat_and_is_refused() -> None:
    with pytest.raises(Infeasible, match="less oxygen in the blast"):
        furnace(blast__oxygen=1.0)


def test_carbonates_cost_coke_and_more_where_carbon_takes_their_dioxide() -> None:
    lime = {"flux": Material.of({"calcite": 60.0})}
    burnt_lime = {"flux": Material.of({"lime": 60.0 * 0.5603})}
    raw, burnt = at_work("blast_furnace", inlets=lime), at_work("blast_furnace", inlets=burnt_lime)
    assert state(raw, "coke rate") > state(burnt, "coke rate") + 5.0
    deep = at_work("blast_furnace", {"flux_reduced": 0.9}, lime)
    assert state(deep, "coke rate") > state(raw, "coke rate")


def test_raw_limestone_costs_the_coke_that_works_reckon_with() -> None:
    """Some 20 to 35 kg of coke for 100 kg of limestone, recalled, where most of it calcines low in the furnace."""
    stone = {"flux": Material.of({"calcite": 68.3})}  # 100 kg a tonne of hot metal
    none = at_work("blast_furnace", inlets=NO_FLUX)
    found = at_work("blast_furnace", {"flux_reduced": 0.8}, stone)
    assert 15.0 < state(found, "coke rate") - state(none, "coke rate") < 40.0


def test_water_of_the_burden_cools_the_top_and_costs_no_coke() -> None:
    wet = at_work("blast_furnace", inlets={"burden": DRY.plus(Material.of({"water": 20.0}))})
    assert state(wet, "coke rate") == pytest.approx(state(furnace(), "coke rate"), rel=1e-9)
    assert state(wet, "top gas, temperature") < state(furnace(), "top gas, temperature")


def test_the_turbine_gives_power() -> None:
    assert furnace(turbine=0.03e-3).power < furnace(turbine=0.0).power


def test_a_burden_without_iron_and_a_furnace_without_coke_are_refused() -> None:
    with pytest.raises(ProblemError, match="without iron"):
        at_work("blast_furnace", inlets={"burden": Material.of({"quartz": 10.0})})
    spec, _ = read(BlastFurnaceSpec, {key: value for key, value in BLAST_FURNACE.items() if key != "coke"})
    with pytest.raises(ProblemError, match="connect the inlet coke"):
        operation.solve(KIND, spec, {"burden": DRY})


def test_more_silicon_than_there_is_is_refused() -> None:
    with pytest.raises(Infeasible, match="silicon takes more than burden and ash hold"):
        at_work("blast_furnace", {"hot_metal.silicon": 0.09}, {"burden": Material.of({"hematite": 900.0})})


def test_an_unknown_element_in_a_share_is_refused_with_its_address() -> None:
    _, problems = read(BlastFurnaceSpec, {**BLAST_FURNACE, "to_metal": {"Zn": {"value": 0.5, "synthetic": True}}})
    assert [(problem.path, problem.code) for problem in problems] == [(("to_metal", "Zn"), "unknown_key")]


def test_shaft_efficiency_and_loss_of_heat_come_back_from_coke_and_top_gas() -> None:
    """Planted numbers are recovered from the coke that is left and the oxygen of the top gas."""
    own = {"coke": one_coke().times(2.0)}
    planted = {"shaft_efficiency": 0.92, "hearth_loss": 0.62}
    seen = at_work("blast_furnace", planted, own)
    looks = [Observation("coke_rest"), Observation("top_gas", "O"), Observation("top_gas")]
    values = [figure(seen, look) for look in looks]
    spec = one("blast_furnace").model
    assert spec is not None
    inlets = {**one("blast_furnace").inlets, **own}
    covariance = [[(1e-3 * a) ** 2 if i == j else 0.0 for j in range(3)] for i, a in enumerate(values)]
    found = calibrate(KIND, spec, looks, values, covariance, inlets, {"shaft_efficiency": 0.2, "hearth_loss": 0.5})
    for name, value in planted.items():
        assert found.parameters[name] == pytest.approx(value, rel=0.02)
