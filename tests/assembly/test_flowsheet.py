"""From document to flowsheet and back into modes: the plan needs nothing new."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from ferrolan import verbs
from ferrolan.assembly.flowsheet import amount_of, flowsheet_of, simulated_units, with_responses
from ferrolan.assembly.responses import declared_responses
from ferrolan.base.errors import DocumentError, ProblemError
from ferrolan.base.schema import Table
from ferrolan.base.tables import TABLES
from ferrolan.enterprise.document import Enterprise
from ferrolan.process.flowsheet import solve
from ferrolan.results import Simulated

from .simulated_plant import DOCUMENT, written


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Enterprise:
    return verbs.load(written(tmp_path_factory.mktemp("plant")))


@pytest.fixture(scope="module")
def simulated(document: Enterprise) -> Simulated:
    return verbs.simulate(document)


def test_the_units_and_streams_of_the_document_are_those_of_the_flowsheet(document: Enterprise) -> None:
    sheet = flowsheet_of(document)
    assert [unit.name for unit in sheet.units] == ["heap", "mill", "magnets", "tails_splitter", "rougher", "scavenger"]
    assert sheet.products == ("iron_concentrate", "re_concentrate", "tails", "to_pond")
    assert sheet.parts[-1] == ("rougher", "scavenger")
    ore = sheet.feeds["ore"]
    assert ore.mass == pytest.approx(300.0)
    assert ore.temperature == pytest.approx(288.15)
    assert ore.amount("quartz") == pytest.approx(0.335 * 300.0)


def test_every_table_of_a_simulation_has_its_declared_columns(simulated: Simulated) -> None:
    for name, frame in simulated.tables.items():
        TABLES[name].check(frame)
        assert frame.height > 0
    closure = simulated.tables["simulated_closure"]
    assert closure["missing"].abs().max() < 1e-9
    assert "energy" in closure["balance"]
    assert set(simulated.tables["simulated_exchanges"]["substance"]) == {"collector", "waste_water"}


def test_modes_make_and_use_what_the_streams_carry(document: Enterprise, simulated: Simulated) -> None:
    streams = simulated.solution.streams
    rougher = simulated.document.units["rougher"].modes["run"]
    reference = streams["to_flotation"].mass
    assert rougher.makes["re_concentrate"].value == pytest.approx(streams["re_concentrate"].mass / reference)
    assert rougher.uses["scavenged"].value == pytest.approx(streams["scavenged"].mass / reference)
    solved = simulated.solution.units["rougher"]
    assert rougher.uses["power"].value == pytest.approx(solved.power / reference)
    assert rougher.uses["power"].unit == "MWh/t"
    assert rougher.uses["collector"].value == pytest.approx(solved.drawn["collector"].mass / reference)
    assert all(value.synthetic and value.note == "simulated" for value in rougher.makes.values())
    assert not document.units["rougher"].modes["run"].makes


def test_a_commodity_counts_by_its_basis(document: Enterprise, simulated: Simulated) -> None:
    stream = simulated.solution.streams["re_concentrate"]
    commodity = document.commodities["re_concentrate"]
    contained = commodity.model_copy(update={"basis": ("La2O3", "Nd2O3"), "per": 0.5})
    assert amount_of(stream, contained) == pytest.approx((stream.component("La2O3") + stream.component("Nd2O3")) / 0.5)


def test_the_plan_takes_simulated_yields_as_declared_ones(document: Enterprise, simulated: Simulated) -> None:
    planned = verbs.plan(document)
    filled = verbs.plan(simulated.document)
    assert planned.objective == filled.objective
    sold = planned.flows.group_by("commodity").agg(sold=pl.col("sold").sum())
    amounts = dict(sold.iter_rows())
    ratio = amounts["re_concentrate"] / amounts["iron_concentrate"]
    streams = simulated.solution.streams
    whole = streams["magnetic_tails"].mass / streams["to_flotation"].mass  # the plan floats all tails: it pays
    assert ratio == pytest.approx(whole * streams["re_concentrate"].mass / streams["iron_concentrate"].mass, rel=1e-6)


def test_simulated_coefficients_say_so_in_the_response_table(simulated: Simulated) -> None:
    frame = declared_responses(simulated.document).frame
    rows = {(row["unit"], row["commodity"]): row for row in frame.iter_rows(named=True)}
    assert rows["rougher", "re_concentrate"]["origin"] == "simulated"
    assert rows["rougher", "re_concentrate"]["source"] == "simulated"
    assert rows["rougher", "magnetic_tails"]["source"] == "definition of the mode"


def test_a_simulated_mode_that_nobody_simulated_is_refused(document: Enterprise) -> None:
    with pytest.raises(ProblemError, match="mill: its mode 'run' is simulated; simulate the plant first"):
        declared_responses(document)


def test_a_document_without_simulation_stays_what_it_is() -> None:
    shipped = verbs.load("ore_to_both")
    assert with_responses(shipped) is shipped
    with pytest.raises(DocumentError, match="simulation"):
        verbs.simulate(shipped)


def test_a_mode_whose_reference_does_not_flow_is_named(tmp_path: Path) -> None:
    nothing = verbs.load(written(tmp_path, ("70 %", "0 %")))
    with pytest.raises(ProblemError, match="rougher: no magnetic_tails flows into it"):
        with_responses(nothing)


def test_a_unit_without_specification_is_not_simulated_and_its_modes_stay_declared(tmp_path: Path) -> None:
    start = DOCUMENT.index("    spec:\n      power: {value: 21")
    end = DOCUMENT.index("    modes:\n      run: {reference: ore,")
    text = (DOCUMENT[:start] + DOCUMENT[end:]).replace(
        "{reference: ore, simulated: true,", "{reference: ore, makes: {ground_ore: {value: 1 t/t, synthetic: true}},"
    )
    path = tmp_path / "partly.yaml"
    path.write_text(text.replace("    ore:\n      rate", "    ground_ore:\n      rate"), encoding="utf-8")
    partly = verbs.load(path)
    assert simulated_units(partly) == ("magnets", "tails_splitter", "rougher", "scavenger")
    filled = with_responses(partly)
    assert filled.units["mill"] == partly.units["mill"]
    assert filled.units["magnets"].modes["run"].makes["iron_concentrate"].value > 0.0


def test_the_answer_does_not_depend_on_the_order_of_the_document(document: Enterprise, simulated: Simulated) -> None:
    turned = document.model_copy(
        update={
            "units": Table(dict(reversed(list(document.units.items())))),
            "streams": Table(dict(reversed(list(document.streams.items())))),
        }
    )
    found = solve(flowsheet_of(turned))
    for name, material in simulated.solution.streams.items():
        assert (found.streams[name].amounts == material.amounts).all()
