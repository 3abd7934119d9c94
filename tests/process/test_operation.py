"""Nobody gets a result of a unit whose elements or energy do not close."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferrolan import materials
from ferrolan.base.errors import Infeasible, NotConverged, ProblemError
from ferrolan.base.schema import read
from ferrolan.process.material import Material
from ferrolan.process.operation import OUT_OF_NOTHING, rounded, solve
from ferrolan.process.unit import SOLIDS, Figure, Made, Port, UnitKind
from ferrolan.process.units.mill import KIND as MILL
from ferrolan.process.units.mill import MillSpec, product_size

ORE = Material.of({"magnetite": 60.0, "quartz": 40.0})


def heater(operate) -> UnitKind:
    ports = (Port("feed", "in", SOLIDS, "What is heated."), Port("product", "out", SOLIDS, "What was."))
    return UnitKind("heater", "heater", "Heats.", SOLIDS, SOLIDS, ports=ports, operate=operate)


def mill_spec() -> MillSpec:
    told = {"power": "21 kWh/t", "work_index": "14 kWh/t", "feed_size": "2 mm"}
    spec, problems = read(MillSpec, {name: {"value": value, "synthetic": True} for name, value in told.items()})
    assert spec is not None and problems == ()
    return spec


def test_what_is_not_said_to_be_lost_closes_the_energy_balance():
    found = solve(heater(lambda _, fed: Made({"product": fed["feed"].at(400.0)}, heat=20.0)), None, {"feed": ORE})
    taken = ORE.at(400.0).enthalpy - ORE.enthalpy
    assert found.loss == pytest.approx(20.0 - taken)
    assert found.closure.energy == pytest.approx(0.0, abs=1e-12)


def test_energy_that_does_not_close_is_an_error():
    with pytest.raises(ProblemError, match="heater: energy does not close"):
        solve(heater(lambda _, fed: Made({"product": fed["feed"]}, heat=20.0, loss=0.0)), None, {"feed": ORE})


def test_an_element_that_does_not_close_is_named_with_the_inlets():
    def loses_iron(_, fed):
        return Made({"product": fed["feed"].take({"magnetite": 1e-6})[1]})

    with pytest.raises(ProblemError, match=r"furnace 2: (Fe|O) does not close, -.*inlets: feed 100 t/h"):
        solve(heater(loses_iron), None, {"feed": ORE}, "furnace 2")


def test_a_trace_that_does_not_close_is_an_error_too():
    traced = Material.of({"magnetite": 60.0, "thorianite": 1e-4})

    def loses_thorium(_, fed):
        return Made({"product": fed["feed"].take({"thorianite": 1e-6})[1]})

    with pytest.raises(ProblemError, match="Th does not close"):
        solve(heater(loses_thorium), None, {"feed": traced})


@pytest.mark.parametrize("error", [NotConverged("stalled", residual=0.1), Infeasible("too little"), ProblemError("no")])
def test_what_a_kernel_raises_names_the_unit_and_its_inlets(error):
    def fails(_, fed):
        raise error

    with pytest.raises(type(error), match=f"heater: {error}; inlets: feed 100 t/h at 298 K"):
        solve(heater(fails), None, {"feed": ORE})


def test_a_division_by_zero_is_no_number_but_an_error():
    def divides(_, fed):
        return Made({"product": fed["feed"].times(1.0 / (ORE.mass - fed["feed"].mass))})

    with pytest.raises(ProblemError, match="no number comes out"):
        solve(heater(divides), None, {"feed": ORE})


def test_nothing_in_gives_nothing_out_without_a_call():
    def refuses(_, fed):
        raise AssertionError("called")

    found = solve(heater(refuses), None, {"feed": Material.nothing("solids")})
    assert found.outlets["product"].mass == found.loss == 0.0


@pytest.mark.parametrize(
    ("inlets", "message"),
    [
        ({}, "nothing is connected to the inlet feed"),
        ({"feed": ORE, "fuel": ORE}, "no inlet fuel; a mill has feed"),
        ({"feed": ORE.as_form("liquor")}, "liquor at the inlet feed, expected solids"),
    ],
)
def test_an_inlet_that_cannot_be_is_refused(inlets, message):
    with pytest.raises(ProblemError, match=message):
        solve(MILL, mill_spec(), inlets)


def test_another_units_specification_is_refused():
    with pytest.raises(ProblemError, match="expected a specification MillSpec, found NoneType"):
        solve(MILL, None, {"feed": ORE})


def test_a_kernel_that_leaves_out_a_port_is_refused():
    with pytest.raises(ProblemError, match=r"gave \[\], expected \['product'\]"):
        solve(heater(lambda _, fed: Made({})), None, {"feed": ORE})


def test_a_limit_beyond_makes_the_operation_infeasible():
    def limited(_, fed):
        return Made({"product": fed["feed"]}, limits={"torque": Figure(-0.1, "1")})

    assert not solve(heater(limited), None, {"feed": ORE}).feasible
    assert solve(MILL, mill_spec(), {"feed": ORE}).feasible


def test_a_mill_draws_its_power_and_grinds_by_bond():
    found = solve(MILL, mill_spec(), {"feed": ORE})
    assert found.power == pytest.approx(2.1)
    assert found.states["product size P80"].value == pytest.approx(product_size(2e-3, 0.021, 0.014))
    by_hand = 10 * 0.014 * (1 / (33.66**0.5) - 1 / (2000**0.5))
    assert by_hand == pytest.approx(0.021, rel=1e-3)


def test_round_off_is_cleared_and_more_is_an_error():
    amounts = Material.of({"quartz": 1.0}).amounts.copy()
    amounts[0] = -1e-15
    assert rounded(amounts, 1.0)[0] == 0.0
    amounts[0] = -1e-9
    with pytest.raises(ProblemError, match=materials.SPECIES[0].name):
        rounded(amounts, 1.0)


def test_a_kind_with_a_kernel_has_ports():
    with pytest.raises(ProblemError, match="a kernel needs ports"):
        replace(MILL, ports=())


@pytest.mark.parametrize("made", [{"power": float("nan")}, {"heat": float("inf")}, {"loss": float("nan")}])
def test_what_is_no_number_is_no_result(made):
    with pytest.raises(ProblemError, match="heater: .* of (nan|inf)"):
        solve(heater(lambda _, fed: Made({"product": fed["feed"]}, **made)), None, {"feed": ORE})


def test_heat_that_nobody_supplies_is_a_limit_beyond():
    found = solve(heater(lambda _, fed: Made({"product": fed["feed"].at(2000.0)})), None, {"feed": ORE})
    assert found.limits[OUT_OF_NOTHING].value == found.loss < 0.0
    assert not found.feasible


@pytest.mark.parametrize("error", [ValueError("singular"), KeyError("quartz"), ZeroDivisionError("nothing")])
def test_an_error_that_is_not_ours_names_the_unit_too(error):
    def fails(_, fed):
        raise error

    with pytest.raises(ProblemError, match="heater: no number comes out of this"):
        solve(heater(fails), None, {"feed": ORE})
