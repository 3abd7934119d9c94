"""Uncertainty of a simulated plant: closed forms of its spread, the same bits whoever runs it, failures counted."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from ferrolan.base.errors import ProblemError, SurroundingsError
from ferrolan.process.flowsheet import Flowsheet
from ferrolan.studies.process_uncertainty import Uncertain, Watch, every_parameter, monte_carlo, sobol
from tests.process.flowsheets import ORE, division, one_recycle

FINE = Watch("amount", "fine", "mass")


def divided() -> Flowsheet:
    """Two splitters in a row: 100 a b t/h come out, so logarithms add."""
    return Flowsheet(
        (division("first", ["ore"], ["x", "y"], {"x": 0.5}), division("second", ["x"], ["p", "q"], {"p": 0.4})),
        {"ore": ORE},
    )


def test_the_spread_of_a_linear_plant_is_that_of_its_parameter() -> None:
    found = monte_carlo(divided(), [Uncertain("first.shares.x", sd=0.05)], [Watch("amount", "x")], 4000, 1)
    (row,) = found.table.to_dicts()
    assert row["nominal"] == pytest.approx(50.0)
    assert row["mean"] == pytest.approx(50.0, abs=4 * 5.0 / 4000**0.5)
    assert row["sd"] == pytest.approx(5.0, rel=0.05)
    assert (row["low"], row["high"]) == pytest.approx((50.0 - 1.96 * 5.0, 50.0 + 1.96 * 5.0), abs=0.6)
    assert (row["draws"], row["failed"]) == (4000, 0)


def test_a_draw_is_the_plant_with_those_numbers_and_depends_on_no_other_draw() -> None:
    parameters = [Uncertain("crusher.shares.back", low=0.1, high=0.9), Uncertain("ore.species.quartz", sd=0.05)]
    few, many = (monte_carlo(one_recycle(), parameters, [FINE], count, 3) for count in (30, 60))
    assert few.points.shape == (30, 2)
    assert np.array_equal(few.points, many.points[:30])
    assert np.array_equal(few.values, many.values[:30])


@pytest.mark.slow
def test_two_workers_give_the_same_bits_as_one() -> None:
    parameters = [Uncertain("crusher.shares.back", low=0.1, high=0.9)]
    one, two = (monte_carlo(one_recycle(), parameters, [FINE], 60, 3, workers=count) for count in (1, 2))
    assert np.array_equal(one.values, two.values)


def test_draws_stay_within_the_bounds_of_their_fields() -> None:
    found = monte_carlo(divided(), [Uncertain("first.shares.x", sd=2.0)], [Watch("amount", "x")], 300, 5)
    assert (found.points >= 0.0).all() and (found.points <= 1.0).all()
    assert found.answered.all()


def test_draws_without_an_answer_are_counted_and_say_why() -> None:
    found = monte_carlo(divided(), [Uncertain("first.shares.x", low=0.5, high=1.5)], [Watch("amount", "x")], 200, 7)
    (row,) = found.table.to_dicts()
    assert row["failed"] == len(found.faults) > 50
    assert row["draws"] + row["failed"] == 200
    assert all("shares" in text or "most 1" in text for text in found.faults.values())
    assert np.isfinite(found.values).all()


def test_sobol_finds_the_shares_of_a_product_that_are_known_in_closed_form() -> None:
    """p = 100 a b with a, b even on a range: V_a = (s_a / m_a)^2 of the mean squared, V_ab the product of both."""
    found = sobol(
        divided(),
        [Uncertain("first.shares.x", low=0.3, high=0.7), Uncertain("second.shares.p", low=0.35, high=0.45)],
        [Watch("amount", "p"), Watch("amount", "y"), Watch("grade", "p", "Fe")], 256, 11,
    )  # fmt: skip
    a, b = (0.4**2 / 12) / 0.5**2, (0.1**2 / 12) / 0.4**2
    whole = a + b + a * b
    rows = {(row["figure"], row["parameter"]): row for row in found.table.to_dicts()}
    assert found.runs == 256 * 4
    first = rows["amount of mass in p", "first.shares.x"]
    assert first["first"] == pytest.approx(a / whole, abs=max(first["first_half_width"], 0.02))
    second = rows["amount of mass in p", "second.shares.p"]
    assert second["total"] == pytest.approx((b + a * b) / whole, abs=max(second["total_half_width"], 0.02))
    assert rows["amount of mass in y", "second.shares.p"]["total"] == pytest.approx(0.0, abs=1e-9)
    assert rows["grade of Fe in p", "first.shares.x"]["total"] == 0.0


def test_without_salib_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "SALib.sample.sobol", None)
    with pytest.raises(SurroundingsError, match=r'pip install "ferrolan\[sensitivity\]"'):
        sobol(divided(), [Uncertain("first.shares.x", sd=0.1)], [Watch("amount", "x")], 8, 1)


def test_every_parameter_of_a_plant_can_be_drawn_at_once() -> None:
    assert every_parameter(divided(), 0.1) == (
        Uncertain("first.shares.x", sd=0.05),
        Uncertain("second.shares.p", sd=0.1 * 0.4),
    )


@pytest.mark.parametrize(
    ("parameters", "watched", "message"),
    [
        ([Uncertain("frst.shares.x", sd=0.1)], [FINE], "no unit or feed 'frst'"),
        ([Uncertain("ore.weight", sd=0.1)], [FINE], "no parameter 'ore.weight'"),
        ([], [FINE], "nothing is uncertain"),
        ([Uncertain("crusher.shares.back", sd=0.1)], [Watch("amount", "fines")], "no stream 'fines'"),
        ([Uncertain("crusher.shares.back", sd=0.1)], [Watch("state", "sieve", "x")], "sieve: no state 'x'"),
        ([Uncertain("crusher.shares.back", low=2.0, high=3.0)], [FINE], "none of 5 draws gives an answer"),
    ],
)
def test_what_cannot_be_drawn_or_watched_is_refused(
    parameters: list[Uncertain], watched: list[Watch], message: str
) -> None:
    with pytest.raises(ProblemError, match=message):
        monte_carlo(one_recycle(), parameters, watched, 5, 1)


def test_a_spread_that_says_nothing_is_refused() -> None:
    with pytest.raises(ProblemError, match="a finite standard deviation above 0, or a range"):
        Uncertain("crusher.shares.back")


@pytest.mark.parametrize(
    ("ranges", "draws", "said"),
    [
        ([Uncertain("first.shares.x", sd=0.001)], 0, "at least 1 draw"),
        ([Uncertain("first.shares.x", sd=0.001), Uncertain("first.shares.x", low=0.01, high=0.02)], 2, "drawn twice"),
    ],
)
def test_draws_that_say_nothing_are_refused(ranges, draws, said):
    with pytest.raises(ProblemError, match=said):
        monte_carlo(divided(), ranges, [FINE], draws, 1)


@pytest.mark.parametrize("bad", [{"sd": float("nan")}, {"low": 0.0, "high": float("inf")}])
def test_a_range_without_end_is_refused(bad):
    with pytest.raises(ProblemError, match="finite"):
        Uncertain("mill.power", **bad)


def test_a_substance_that_nobody_draws_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ProblemError, match="nothing is drawn by the name 'sulfuric acid'"):
        monte_carlo(divided(), [Uncertain("first.shares.x", sd=0.05)], [Watch("drawn", "sulfuric acid")], 2, 1)
