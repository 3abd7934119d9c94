"""Leaks and hidden lines: every balance closes but for those of their units, which miss just what flows there."""

from __future__ import annotations

import numpy as np
import pytest

from ferrolan.base.errors import ProblemError
from ferrolan.virtualplant.drawing import ORE_TO_BOTH
from ferrolan.virtualplant.losses import HiddenLine, Leak, happened, unseen

CLOSED = 1e-9  # relative: differences of doubles of like size, with room to spare
LEAKS = [Leak(unit, 0.03) for unit in ORE_TO_BOTH.units]
HIDDEN = [
    HiddenLine("flotation", "mill", 0.03),
    HiddenLine("rolling_mill", "bof", 0.03),
    HiddenLine("magnetic_separation", "ore_stockpile", 0.02),
    HiddenLine("tails_splitter", "re_concentrate_store", 0.005),
    HiddenLine("prnd_calciner", "separation", 0.03),
]


def told(fault):
    return " ".join(str(value) for value in vars(fault).values())


def gap(month, flowsheet, unit, component):
    """What comes in less what goes out and what is stored [t/h], and the size of the flows."""
    dry = component == "dry_mass"

    def amount(stream):
        return month.streams[stream].rate if dry else month.streams[stream].of(component)

    inflow = sum(amount(name) for name in flowsheet.inlets(unit))
    outflow = sum(amount(name) for name in flowsheet.outlets(unit))
    stock = month.stocks.get(unit)
    gained = 0.0 if stock is None else np.diff(stock.mass if dry else stock.content[component]) / month.step_hours
    return inflow - outflow - gained, max(inflow.max(), 1e-12)


def test_the_drawing_of_the_plant_is_that_of_the_document(flowsheet):
    declared = {name: (stream.get("from"), stream.get("to")) for name, stream in flowsheet.streams.items()}
    assert dict(ORE_TO_BOTH.lines) == declared
    assert set(ORE_TO_BOTH.units) == set(flowsheet.units)


@pytest.mark.parametrize("fault", [*LEAKS, *HIDDEN], ids=told)
def test_every_balance_closes_but_those_of_the_units_which_miss_what_flows_unseen(truth, flowsheet, fault):
    month = happened(truth, [fault])
    source = fault.unit if isinstance(fault, Leak) else fault.source
    target = None if isinstance(fault, Leak) else fault.target
    for unit, declared in flowsheet.units.items():
        for component in declared["balances"]:
            found, size = gap(month, flowsheet, unit, component)
            lost = unseen(month, fault, None if component == "dry_mass" else component)
            expected = lost * ((unit == source) - float(unit == target))
            assert np.abs(found - expected).max() <= CLOSED * size, (unit, component)


@pytest.mark.parametrize("fault", [*LEAKS, *HIDDEN], ids=told)
def test_what_is_lost_is_the_declared_share_of_what_came_in(truth, flowsheet, fault):
    month = happened(truth, [fault])
    source = fault.unit if isinstance(fault, Leak) else fault.source
    came = sum(month.streams[name].rate for name in flowsheet.inlets(source))
    lost = unseen(month, fault)
    assert lost.max() > 0.0
    np.testing.assert_allclose(lost[lost > 0.0], fault.share * came[lost > 0.0], rtol=1e-12)


def test_upstream_of_a_leak_nothing_changes_and_downstream_everything_shrinks_alike(truth):
    month = happened(truth, [Leak("flotation", 0.03)])
    for name in ("ore_mined", "mill_feed", "flotation_feed", "hot_metal"):
        np.testing.assert_array_equal(month.streams[name].rate, truth.streams[name].rate)
    for name in ("re_concentrate", "flotation_tails"):
        np.testing.assert_allclose(month.streams[name].rate, 0.97 * truth.streams[name].rate, rtol=1e-12)
        np.testing.assert_allclose(month.streams[name].of("CeO2"), 0.97 * truth.streams[name].of("CeO2"), rtol=1e-12)


def test_a_stock_takes_up_the_difference_and_gives_what_it_gave(truth):
    month = happened(truth, [Leak("flotation", 0.03)])
    before, after = truth.stocks["re_concentrate_store"], month.stocks["re_concentrate_store"]
    lost = 0.03 * truth.streams["re_concentrate"].rate.sum() * truth.step_hours
    assert before.mass[-1] - after.mass[-1] == pytest.approx(lost, rel=1e-9)
    assert before.mass[0] == after.mass[0]
    np.testing.assert_array_equal(month.streams["concentrate_feed"].rate, truth.streams["concentrate_feed"].rate)


def test_a_recycle_raises_everything_between_its_ends(truth):
    month = happened(truth, [HiddenLine("flotation", "mill", 0.03)])
    for name in ("ground_ore", "magnetic_tails", "flotation_feed"):
        assert month.streams[name].rate.sum() > 1.002 * truth.streams[name].rate.sum()
    np.testing.assert_array_equal(month.streams["mill_feed"].rate, truth.streams["mill_feed"].rate)


def test_a_splitter_still_gives_both_outlets_one_composition(truth):
    month = happened(truth, [Leak("magnetic_separation", 0.05)])
    feed, outlet = month.streams["magnetic_tails"], month.streams["flotation_feed"]
    for name, mass in outlet.content.items():
        np.testing.assert_allclose(mass * feed.rate, feed.content[name] * outlet.rate, rtol=CLOSED, atol=1e-12)


def test_nothing_is_negative_and_no_solid_holds_more_than_itself(truth, flowsheet):
    for fault in [*LEAKS, *HIDDEN]:
        month = happened(truth, [fault])
        for name, material in month.streams.items():
            assert min(mass.min() for mass in material.content.values()) >= 0.0, name
            if flowsheet.streams[name]["form"] != "liquor":
                assert (sum(material.content.values()) <= material.rate * (1.0 + CLOSED)).all(), (fault, name)


def test_a_month_without_a_fault_of_the_plant_is_itself(truth):
    assert happened(truth, []) is truth


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (Leak("kitchen", 0.1), "no unit kitchen"),
        (Leak("mill", 0.0), "a share of 0.0 at mill"),
        (Leak("mill", 0.6), "at most 0.5"),
        (HiddenLine("separation", "mill", 0.1), "one has solids, the other liquor"),
    ],
)
def test_what_cannot_be_is_refused(truth, fault, message):
    with pytest.raises(ProblemError, match=message):
        happened(truth, [fault])


def test_a_stock_that_would_run_empty_is_refused(truth):
    with pytest.raises(ProblemError, match="re_concentrate_store runs empty"):
        happened(truth, [Leak("re_concentrate_store", 0.5), Leak("flotation", 0.5)])
