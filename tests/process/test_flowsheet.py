"""Flowsheets with recycles: laws of closure and order, closed forms, refusals by name."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrolan.base.errors import NotConverged, ProblemError
from ferrolan.process.acceleration import Goal, fixed_point
from ferrolan.process.flowsheet import Flowsheet, Unit, solve
from ferrolan.process.material import Material
from ferrolan.process.unit import GAS, SOLIDS, Made, Materials, Port, UnitKind

from .flowsheets import ORE, bending, burning, division, nested, one_recycle, separation
from .whole_complex import whole_complex


def test_a_recycle_of_fixed_shares_is_the_geometric_series() -> None:
    for back in (0.0, 0.5, 0.9, 0.999999):
        found = solve(one_recycle(back))
        expected = 0.8 * 60.0 / (1.0 - 0.2 * back)
        assert found.streams["fine"].amount("magnetite") == pytest.approx(expected, rel=1e-11)
        assert found.passes <= 8


def test_calcite_that_returns_ten_thousandfold_is_found_and_closes() -> None:
    found = solve(one_recycle(0.9999))
    assert found.streams["back"].amount("calcite") == pytest.approx(5.0 * 0.9999 / 0.0001, rel=1e-9)
    assert abs(found.closure.worst[1]) < 1e-9


@given(
    st.floats(0.05, 0.95), st.floats(0.05, 0.95), st.floats(0.0, 0.98), st.floats(0.0, 0.98), st.floats(0.01, 3.0),
    st.permutations(range(6)),
)  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_every_element_and_the_energy_close_and_the_order_of_units_changes_nothing(
    taken: float, kept: float, r1: float, r3: float, half: float, order: list[int]
) -> None:
    sheet = Flowsheet(
        (
            separation("rougher", ["ore", "r1", "r2"], "rough", "tail", {"magnetite": taken, "quartz": 1.0 - taken}),
            bending("cleaner", ["rough", "r3"], "mid", "clean", half),
            burning("kiln", ["clean"], "fired"),
            division("screen", ["fired"], ["r3", "pellets"], {"r3": r3}),
            division("mids", ["mid"], ["r1", "mid_out"], {"r1": r1}),
            separation("scavenger", ["tail"], "r2", "final", {"magnetite": kept, "hematite": 0.5, "quartz": 0.1}),
        ),
        {"ore": ORE},
    )
    found = solve(sheet)
    assert np.abs(found.closure.elements).max() <= 1e-9
    assert abs(found.closure.energy) <= 1e-9
    again = solve(replace(sheet, units=tuple(sheet.units[place] for place in order)))
    for name, material in found.streams.items():
        assert np.array_equal(material.amounts, again.streams[name].amounts)
        assert material.temperature == again.streams[name].temperature


def test_flows_times_a_factor_give_results_times_the_factor() -> None:
    once, often = solve(nested()), solve(replace(nested(), feeds={"ore": ORE.times(7.0)}))
    for name, material in once.streams.items():
        assert often.streams[name].amounts == pytest.approx(7.0 * material.amounts, rel=1e-8, abs=1e-10)


def test_a_start_from_another_solution_changes_the_answer_by_no_more_than_the_residual() -> None:
    base = solve(nested())
    moved = replace(nested(), feeds={"ore": Material.of({"magnetite": 50.0, "quartz": 45.0, "calcite": 5.0})})
    cold, warm = solve(moved), solve(moved, base.streams)
    assert warm.passes <= cold.passes
    for name, material in cold.streams.items():
        assert warm.streams[name].amounts == pytest.approx(material.amounts, rel=1e-9, abs=1e-10)


def test_a_loop_closed_by_anderson_is_the_one_that_many_substitutions_reach() -> None:
    sheet = nested()
    found = solve(sheet)
    guess = {name: Material.nothing("solids") for name in ("r1", "r2", "r3")}
    order = ("rougher", "scavenger", "cleaner", "kiln", "screen", "mids")
    for _ in range(400):
        around = {"ore": ORE, **guess}
        for name in order:
            unit = sheet.unit(name)
            loose = replace(
                sheet,
                units=(unit,),
                feeds={stream: around[stream] for streams in unit.inlets.values() for stream in streams},
            )
            around |= {stream: solve(loose).streams[stream] for stream in unit.outlets.values()}
        guess = {name: around[name] for name in guess}
        if guess["r1"].mass == 0.0:
            break
    for name, material in guess.items():
        assert found.streams[name].amounts == pytest.approx(material.amounts, rel=1e-8, abs=1e-9)
        assert found.streams[name].temperature == pytest.approx(material.temperature, rel=1e-8)


def test_a_recycle_without_purge_is_refused_by_the_name_of_what_would_collect() -> None:
    with pytest.raises(ProblemError, match=r"C enters the recycle of crusher, sieve and cannot leave.*back.*purge"):
        solve(one_recycle(1.0))


def _hoard(spec: object, inlets: Materials) -> Made:
    """Lets the less go the more there is: nothing steady."""
    feed = inlets["feed"]
    share = 1e-9 * 1e3 / max(feed.mass, 1e3)
    out, back = feed.times(share), feed.times(1.0 - share)
    return Made({"out": out, "back": back})


def test_a_recycle_that_has_no_steady_state_is_named_with_its_tears_and_what_collects() -> None:
    kind = UnitKind(
        "hoard", "hoard", "Keeps.", SOLIDS, SOLIDS, operate=_hoard,
        ports=(Port("feed", "in", SOLIDS, ""), Port("out", "out", SOLIDS, ""), Port("back", "out", SOLIDS, "")),
    )  # fmt: skip
    sheet = Flowsheet((Unit("hoard", kind, None, {"feed": ("ore", "b")}, {"out": "o", "back": "b"}),), {"ore": ORE})
    with pytest.raises(NotConverged, match=r"recycle of hoard does not close.*guessed streams b; \w+ collects most"):
        solve(sheet)


def _stoves(spec: object, inlets: Materials) -> Made:
    return Made({"blast": inlets["gas"].at(1400.0)})


def _furnace(spec: object, inlets: Materials) -> Made:
    if inlets["blast"].mass == 0.0:
        raise ProblemError("a furnace without blast")
    everything = inlets["ore"].plus(inlets["blast"].as_form("solids"))
    gas, metal = everything.take({"CO": 0.9, "CO2": 0.9, "N2": 0.9})
    return Made({"metal": metal, "top_gas": gas.as_form("gas")}, drawn={})


def test_a_unit_that_cannot_run_on_nothing_has_another_stream_guessed() -> None:
    furnace = UnitKind(
        "furnace", "furnace", "Burns.", SOLIDS | GAS, SOLIDS, operate=_furnace,
        ports=(
            Port("ore", "in", SOLIDS, ""), Port("blast", "in", GAS, "", optional=True),
            Port("metal", "out", SOLIDS, ""), Port("top_gas", "out", GAS, ""),
        ),
    )  # fmt: skip
    stoves = UnitKind(
        "stoves", "stoves", "Heat.", GAS, GAS, operate=_stoves,
        ports=(Port("gas", "in", GAS, ""), Port("blast", "out", GAS, "")),
    )  # fmt: skip
    air = Material.of({"N2": 10.0, "CO": 5.0}, "gas")
    sheet = Flowsheet(
        (
            Unit("furnace", furnace, None, {"ore": ("ore",), "blast": ("blast",)}, {"metal": "m", "top_gas": "t"}),
            Unit("stoves", stoves, None, {"gas": ("t", "air")}, {"blast": "blast"}),
        ),
        {"ore": ORE, "air": air},
    )
    found = solve(sheet)
    assert found.tears == {"furnace": ("t",)}
    assert found.streams["blast"].amount("N2") == pytest.approx(100.0, rel=1e-10)


def test_a_failing_unit_is_named_with_its_inlets() -> None:
    sheet = Flowsheet((division("crusher", ["ore"], ["a", "b"], {"a": 0.7, "c": 0.2}),), {"ore": ORE})
    with pytest.raises(ProblemError, match=r"crusher: a share of c, which is no outlet.*inlets: feed 100 t/h"):
        solve(sheet)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: replace(s, units=(*s.units, s.units[0])), "two units are named 'sieve'"),
        (lambda s: replace(s, feeds={}), "stream 'ore' into sieve comes from nowhere"),
        (lambda s: replace(s, feeds={**s.feeds, "x": ORE}), "the feed 'x' enters no unit"),
        (lambda s: replace(s, feeds={**s.feeds, "back": ORE}), "stream 'back' is made by a feed and crusher"),
        (
            lambda s: replace(s, units=(s.units[0], replace(s.units[1], outlets={"bck": "back"}))),
            r"crusher: no port 'bck' \(out\)",
        ),
        (
            lambda s: replace(s, units=(replace(s.units[0], outlets={"taken": "fine"}), *s.units[1:])),
            "sieve: nothing is connected to the port left",
        ),
    ],
)
def test_what_does_not_fit_is_refused_by_name(change: object, message: str) -> None:
    with pytest.raises(ProblemError, match=message):
        change(one_recycle())  # type: ignore[operator]


def test_what_with_parameters_sets_is_what_is_declared_then() -> None:
    sheet = one_recycle(0.5)
    values = {"crusher.shares.back": 0.2, "ore.rate": 50.0, "ore.temperature": 310.0, "ore.species.quartz": 0.5}
    for path, value in values.items():
        assert sheet.declared(path) != pytest.approx(value)
        assert sheet.with_parameters(values).declared(path) == pytest.approx(value)


@pytest.mark.parametrize(
    ("path", "message"),
    [("crusher.shares.bak", "crusher"), ("orr.rate", "'ore'"), ("ore.weight", "no 'weight' of a stream")],
)
def test_what_is_not_declared_is_refused_by_name(path: str, message: str) -> None:
    with pytest.raises(ProblemError, match=message):
        one_recycle(0.5).declared(path)


def test_parameters_of_units_and_feeds_are_changed_by_path() -> None:
    sheet = one_recycle()
    assert sheet.parameters() == {"crusher.shares.back": 0.7}
    changed = sheet.with_parameters({"crusher.shares.back": 0.2, "ore.rate": 50.0, "ore.species.quartz": 0.5})
    assert changed.parameters() == {"crusher.shares.back": 0.2}
    assert changed.feeds["ore"].mass == pytest.approx(50.0)
    assert changed.feeds["ore"].amount("quartz") == pytest.approx(25.0)
    assert changed.feeds["ore"].amount("magnetite") / changed.feeds["ore"].amount("calcite") == pytest.approx(12.0)
    with pytest.raises(ProblemError, match="no unit or feed 'crushr'. Did you mean 'crusher'"):
        sheet.with_parameters({"crushr.shares.back": 0.2})
    with pytest.raises(ProblemError, match="crusher: no parameter 'shares.bak'"):
        sheet.with_parameters({"crusher.shares.bak": 0.2})


def test_a_flowsheet_travels_to_another_process_and_gives_the_same_bits() -> None:
    here, there = solve(nested()), solve(pickle.loads(pickle.dumps(nested())))
    assert all(np.array_equal(m.amounts, there.streams[name].amounts) for name, m in here.streams.items())


def test_newton_takes_over_where_mixing_stalls() -> None:
    """A rotation with gain 1.4: substitution diverges and a short memory of it does not help."""
    turn = 1.4 * np.array([[np.cos(2.0), -np.sin(2.0)], [np.sin(2.0), np.cos(2.0)]])

    def function(x: np.ndarray) -> np.ndarray:
        return turn @ np.tanh(x) + 1.0

    def measure(x: np.ndarray, g: np.ndarray) -> tuple[np.ndarray, float]:
        return np.ones(2), float(np.abs(g - x).max())

    found = fixed_point(function, measure, np.zeros(2), np.full(2, -np.inf), Goal())
    assert function(found.x) == pytest.approx(found.x, abs=1e-9)


def test_a_search_without_an_answer_says_so_with_its_last_iterate() -> None:
    with pytest.raises(NotConverged, match="no fixed point after") as error:
        fixed_point(lambda x: x + 1.0, lambda x, g: (np.ones(1), 1.0), np.zeros(1), np.zeros(1))
    assert error.value.residual == 1.0
    assert np.isfinite(error.value.last_iterate).all()


def test_a_whole_complex_from_ore_to_rails_and_magnets_closes_in_a_handful_of_passes() -> None:
    """32 units, 82 streams, six recycles: of coal, ore, gas, crops, dusts, froth and middlings."""
    sheet = whole_complex()
    found = solve(sheet)
    assert len(sheet.units) >= 30 and len(found.streams) >= 80
    assert np.abs(found.closure.elements).max() <= 1e-9
    assert abs(found.closure.energy) <= 1e-9
    assert sum(map(len, found.tears.values())) == 6
    assert found.passes <= 12
    again = solve(replace(sheet, units=tuple(reversed(sheet.units))))
    assert all(np.array_equal(m.amounts, again.streams[name].amounts) for name, m in found.streams.items())
    assert found.streams["magnets_sold"].component("Nd2O3") > 0.0
    assert found.streams["rolled_steel"].component("Fe") > 0.0


def test_in_a_whole_complex_rare_earths_follow_the_ore_and_steel_does_not_lose_an_element() -> None:
    sheet = whole_complex()
    richer = solve(sheet.with_parameters({"tails_splitter.shares.to_flotation": 0.6}))
    base = solve(sheet)
    assert richer.streams["magnets_sold"].mass > base.streams["magnets_sold"].mass
    assert richer.streams["rolled_steel"].mass == pytest.approx(base.streams["rolled_steel"].mass, rel=1e-9)


def test_an_element_that_leaves_only_after_several_recycles_is_not_taken_for_one_that_collects() -> None:
    """Calcite enters last and leaves first: it must pass three tears before it meets its outlet."""
    sheet = Flowsheet(
        (
            separation("a", ["quartz_a", "to_a"], "out", "a_b", {"calcite": 0.5, "quartz": 0.5}),
            division("b", ["a_b", "to_b"], ["b_c", "to_a"], {"to_a": 0.5}),
            division("c", ["b_c", "to_c"], ["c_d", "to_b"], {"to_b": 0.5}),
            division("d", ["c_d", "ore"], ["to_c"], {}),
        ),
        {"ore": Material.of({"calcite": 5.0, "quartz": 1.0}), "quartz_a": Material.of({"quartz": 10.0})},
    )
    found = solve(sheet)
    assert len(found.tears["a"]) == 3
    assert found.products["out"].amount("calcite") == pytest.approx(5.0, rel=1e-9)
    bare = replace(sheet, feeds={"ore": Material.of({"quartz": 1.0}), "quartz_a": sheet.feeds["quartz_a"]})
    warm = solve(sheet, solve(bare).streams)  # begins without any calcium
    assert warm.products["out"].amount("calcite") == pytest.approx(5.0, rel=1e-9)
