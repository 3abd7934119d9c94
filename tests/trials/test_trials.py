"""The simulated plant drawn and swept by one call, as the studies do it."""

from __future__ import annotations

import pytest

from ferrolan import trials, verbs
from ferrolan.assembly.flowsheet import flowsheet_of
from ferrolan.base.errors import DocumentError, ProblemError
from ferrolan.enterprise.document import Enterprise
from ferrolan.studies import synergy
from ferrolan.studies.process_uncertainty import monte_carlo
from tests.assembly.simulated_plant import written

POWER = trials.Watch("power", "mill")


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Enterprise:
    return verbs.load(written(tmp_path_factory.mktemp("plant")))


def test_a_share_is_a_standard_deviation_of_the_declared_value(document: Enterprise) -> None:
    found = trials.vary(document, [trials.Share("mill.power", 0.1)], [POWER], draws=20, seed=3)
    sheet = flowsheet_of(document)
    declared = sheet.parameters()["mill.power"]
    engine = monte_carlo(sheet, [trials.Uncertain("mill.power", sd=0.1 * declared)], [POWER], 20, 3)
    assert found.tables["monte_carlo"].equals(engine.table) and not found.faults


def test_without_a_figure_what_leaves_the_plant_and_its_power_are_watched(document: Enterprise) -> None:
    found = trials.vary(document, [trials.Share("all", 0.05)], draws=2)
    figures = ["iron_concentrate", "re_concentrate", "tails", "to_pond"]
    assert found.tables["monte_carlo"]["figure"].to_list() == [*(f"amount of mass in {n}" for n in figures), "power"]


def test_the_seed_is_that_of_the_document_unless_another_is_given(document: Enterprise) -> None:
    told = [
        trials.vary(document, [trials.Share("ore.rate", 0.1)], [POWER], draws=5, seed=seed).tables["monte_carlo"]
        for seed in (None, document.seed, document.seed + 1)
    ]
    assert told[0].equals(told[1]) and not told[0].equals(told[2])


def test_other_values_hold_beside_what_varies(document: Enterprise) -> None:
    spread = [trials.Share("rougher.collector", 0.1)]
    found = trials.vary(document, spread, [POWER], draws=2, values={"mill.power": 0.03})
    assert found.tables["monte_carlo"]["nominal"].to_list() == pytest.approx([0.03 * 300.0])


def test_levers_are_swept_as_the_study_sweeps_them(document: Enterprise) -> None:
    behind, sheet = ["magnets", "rougher", "scavenger"], flowsheet_of(document)
    levers: list[trials.Grind | trials.Move] = [
        trials.Grind("mill", behind, [1.2]),
        trials.Move("rougher.collector", [0.003], "t/t"),
    ]
    told = trials.trade_off(document, levers, iron=["iron_concentrate"], rare_earths=["re_concentrate"])
    by_hand = [
        synergy.grind(sheet, "mill", behind, [1.2]),
        synergy.parameter(sheet, "rougher.collector", [0.003], "t/t"),
    ]
    products = synergy.Products(("iron_concentrate",), ("re_concentrate",))
    assert told.equals(synergy.trade_off(document, by_hand, products))


def test_a_temperature_has_no_per_cent(document: Enterprise) -> None:
    with pytest.raises(ProblemError, match=r"ore\.temperature: a temperature has no per cent"):
        trials.vary(document, [trials.Share("ore.temperature", 0.1)], draws=2)


def test_a_document_without_a_simulation_has_nothing_to_vary() -> None:
    with pytest.raises(DocumentError, match="simulation"):
        trials.vary(verbs.load("ore_to_both"), [trials.Share("all", 0.1)])


def test_a_notebook_shows_the_draws(document: Enterprise) -> None:
    html = trials.vary(document, [trials.Share("mill.power", 0.1)], [POWER], draws=2)._repr_html_()
    assert "Small plant, 2 draws." in html
