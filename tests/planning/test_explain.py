from __future__ import annotations

from dataclasses import replace
from math import inf, isfinite

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrolan.base.errors import ProblemError
from ferrolan.base.tables import CERTIFICATES, PLAN_ACTIVITIES, PLAN_FLOWS, PLAN_LIMITS
from ferrolan.planning import Commodity, Mode, PlanProblem, Quota, Transfer, Unit, marginal_value, plan, value_function
from ferrolan.planning.walk import SAME

MONTHS = ("2026-04", "2026-05", "2026-06")
amounts = st.integers(1, 40).map(float)
prices = st.integers(1, 60).map(float)


@st.composite
def plans(draw: st.DrawFn) -> PlanProblem:
    """Random small plans of two companies: ore, concentrate with a store, two modes, oxide, a quota (synthetic)."""
    recovery = draw(st.sampled_from([0.2, 0.25, 0.5]))
    return PlanProblem(
        months=MONTHS,
        commodities=(
            Commodity("ore", "a", buy_price=draw(prices), buy_limit=draw(amounts), stock_max=draw(amounts)),
            Commodity(
                "concentrate", "a", sell_price=draw(prices), sell_limit=draw(amounts), stock_max=20.0,
                stock_opening=float(draw(st.integers(0, 20))), stock_closing_min=0.0, holding_cost=1.0,
                dispose_cost=float(draw(st.integers(0, 5))), supply=tuple(draw(amounts) for _ in MONTHS),
            ),
            Commodity("feed", "b", stock_max=5.0, dispose_cost=2.0),
            Commodity("oxide", "b", sell_price=3 * draw(prices), sell_limit=draw(amounts)),
        ),
        modes=(
            Mode("lean", "mill", "a", "ore", {"ore": -1.0, "concentrate": recovery}, cost=draw(prices) / 10),
            Mode("rich", "mill", "a", "ore", {"ore": -1.0, "concentrate": 2 * recovery}, cost=draw(prices) / 2),
            Mode("run", "separation", "b", "feed", {"feed": -1.0, "oxide": 0.5}, cost=draw(prices) / 4),
        ),
        units=(
            Unit("mill", "a", tuple(draw(amounts) for _ in MONTHS)),
            Unit("separation", "b", (draw(amounts),) * 3),
        ),
        quotas=(Quota("oxides", "b", draw(amounts), "t REO", {("separation", "run"): 0.5}, (0, 1, 2)),),
        transfers=(Transfer("concentrate", "feed", draw(amounts)),),
    )  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(plans())
def test_every_balance_of_the_plan_closes(problem: PlanProblem) -> None:
    found = plan(problem, limits=False)
    sources = ["opening", "made", "supplied", "bought", "received"]
    sinks = ["used", "sold", "sent", "disposed", "closing"]
    gap = found.flows.select(pl.sum_horizontal(sources) - pl.sum_horizontal(sinks)).to_series()
    assert float(gap.abs().max() or 0.0) < 1e-9  # type: ignore[arg-type]
    for frame, table in ((found.flows, PLAN_FLOWS), (found.activities, PLAN_ACTIVITIES), (found.limits, PLAN_LIMITS)):
        table.check(frame)
    assert CERTIFICATES.check(found.certificates)["passed"].all()
    assert sum(found.profit_by_owner.values()) == pytest.approx(found.objective, abs=1e-6)


@settings(max_examples=20, deadline=None)
@given(plans(), st.sampled_from([0.01, 7.0, 1e4]))
def test_scaling_all_money_scales_the_gain(problem: PlanProblem, factor: float) -> None:
    scaled = replace(
        problem,
        commodities=tuple(
            replace(
                one,
                **{
                    name: value * factor
                    for name in ("buy_price", "sell_price", "dispose_cost", "holding_cost")
                    if (value := getattr(one, name)) is not None
                },
            )
            for one in problem.commodities
        ),
        modes=tuple(replace(one, cost=one.cost * factor) for one in problem.modes),
    )
    assert plan(scaled, limits=False).objective == pytest.approx(
        factor * plan(problem, limits=False).objective, rel=1e-9, abs=1e-7 * factor
    )


@settings(max_examples=20, deadline=None)
@given(plans())
def test_order_of_declaration_is_irrelevant(problem: PlanProblem) -> None:
    turned = replace(
        problem, commodities=problem.commodities[::-1], modes=problem.modes[::-1], units=problem.units[::-1]
    )
    one, other = plan(problem), plan(turned)
    assert one.objective == pytest.approx(other.objective, rel=1e-10, abs=1e-9)
    key = ["limit", "kind", "value_left", "value_right"]
    shared = one.limits.select(key).join(other.limits.select(key), on=["limit", "kind"])
    assert shared.height == one.limits.height == other.limits.height
    for side in ("value_left", "value_right"):
        first, second = (shared[name].fill_null(-1.0).to_list() for name in (side, f"{side}_right"))
        assert first == pytest.approx(second, rel=1e-6, abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(plans(), st.sampled_from(["ore", "concentrate", "feed", "oxide"]))
def test_marginal_values_are_concave_and_equal_finite_differences(problem: PlanProblem, commodity: str) -> None:
    value = marginal_value(problem, commodity)
    assert value.left >= value.right - 1e-7
    for sign, slope, length, beyond in (
        (-1.0, value.left, value.valid_down, value.beyond_left),
        (1.0, value.right, value.valid_up, value.beyond_right),
    ):
        if not isfinite(slope):
            step = sign * 1e-3
            assert value_function(problem, commodity, [step])[0] == -inf
            continue
        first = min(length, 1e-3)
        base, near = value_function(problem, commodity, [0.0, sign * first])
        assert (near - base) / (sign * first) == pytest.approx(slope, rel=1e-6, abs=1e-5)
        assert (beyond is None) == (length == inf)
        if beyond is not None:
            after = sign * (1.01 * length + 0.1)
            assert sign * beyond < sign * slope
            assert value_function(problem, commodity, [after])[0] < base + slope * after


@settings(max_examples=25, deadline=None)
@given(plans(), st.sampled_from(["ore", "concentrate", "feed", "oxide"]))
def test_a_value_holds_over_its_range_to_one_per_cent_and_not_beyond(problem: PlanProblem, commodity: str) -> None:
    """Oracle: the value function by solving again at points along the range, and a hair after its end."""
    value = marginal_value(problem, commodity)
    for sign, slope, length, beyond in (
        (-1.0, value.left, value.valid_down, value.beyond_left),
        (1.0, value.right, value.valid_up, value.beyond_right),
    ):
        if not isfinite(slope):
            continue
        along = sign * min(length, 100.0) * np.linspace(0.0, 1.0, 6)
        gains = value_function(problem, commodity, along)
        assert np.abs(gains - gains[0] - slope * along).max() <= SAME * abs(slope) * abs(along[-1]) + 1e-5
        if beyond is not None and isfinite(beyond) and length > 1e-6:
            step = sign * 1e-3
            end, after = value_function(problem, commodity, [sign * length, sign * length + step])
            assert abs((after - end) / step - slope) > SAME * abs(slope)


@settings(max_examples=15, deadline=None)
@given(plans())
def test_value_of_a_limit_is_the_finite_difference(problem: PlanProblem) -> None:
    found = plan(problem)
    quota = found.limits.filter(pl.col("kind") == "quota")
    for row in quota.iter_rows(named=True):
        for sign, name, valid in ((1.0, "value_right", "valid_up"), (-1.0, "value_left", "valid_down")):
            step = sign * 1e-3 * min(row[valid] or 1.0, 1.0)
            moved = replace(problem, quotas=(replace(problem.quotas[0], limit=problem.quotas[0].limit + step),))
            gain = plan(moved, limits=False).objective - found.objective
            assert gain / step == pytest.approx(row[name], rel=1e-6, abs=1e-6)


def test_value_function_is_minus_infinity_where_there_is_no_plan(two_companies: PlanProblem) -> None:
    values = value_function(two_companies, "oxide", [0.0, 300.0])
    assert isfinite(values[0]) and values[1] == -inf


def test_profile_says_when_the_tonne_comes(two_companies: PlanProblem) -> None:
    early = marginal_value(two_companies, "oxide", profile=(1.0, 0.0))
    assert early.right == pytest.approx(1000.0) and early.valid_up == pytest.approx(100.0 - (7.0 - 4.0))
    with pytest.raises(ProblemError, match="2 shares that sum to 1"):
        marginal_value(two_companies, "oxide", profile=(1.0, 1.0))
    with pytest.raises(ProblemError, match="unknown commodity 'gold'"):
        marginal_value(two_companies, "gold")


def test_values_without_ranges_are_the_same_values(two_companies: PlanProblem) -> None:
    full, quick = (marginal_value(two_companies, "feed", ranges=ranges) for ranges in (True, False))
    assert (full.left, full.right) == pytest.approx((quick.left, quick.right))


def test_the_same_problem_gives_the_same_plan_to_the_last_bit(two_companies: PlanProblem) -> None:
    first, second = plan(two_companies), plan(two_companies)
    for name in ("flows", "activities", "limits", "certificates"):
        assert getattr(first, name).equals(getattr(second, name))


def test_limits_stand_in_order_of_money(two_companies: PlanProblem) -> None:
    money = plan(two_companies).limits["money"].abs().to_list()
    assert money == sorted(money, reverse=True)


def idle(sell_limit: float = 0.0) -> PlanProblem:
    """Feed at 40 makes 0.24 t of oxide at 700 and 0.7 t of by-product at 15, which nobody takes and none may discard."""
    return PlanProblem(
        months=MONTHS,
        commodities=(
            Commodity("feed", "a", buy_price=40.0, buy_limit=12.0),
            Commodity("oxide", "a", sell_price=700.0, sell_limit=5.0),
            Commodity("other", "a", sell_price=15.0, sell_limit=sell_limit),
            Commodity("idea", "a", buy_price=9.0, buy_limit=0.0, dispose_cost=1.0),
        ),
        modes=(Mode("run", "works", "a", "feed", {"feed": -1.0, "oxide": 0.24, "other": 0.7}, cost=90.0),),
        units=(Unit("works", "a", (10.0, 10.0, 10.0)),),
    )


def test_a_limit_of_nothing_that_keeps_a_works_idle_is_named_with_its_worth() -> None:
    """By hand: a tonne of by-product sold is 1/0.7 t of feed, each worth 0.24 * 700 + 0.7 * 15 - 40 - 90 = 48.5."""
    found = plan(idle())
    assert found.objective == 0.0
    (row,) = found.limits.iter_rows(named=True)
    assert (row["limit"], row["limit_value"], row["used"]) == ("sell other", 0.0, 0.0)
    assert row["value_right"] == pytest.approx(48.5 / 0.7)
    assert (row["value_left"], row["valid_down"]) == (None, 0.0)
    assert row["valid_up"] == pytest.approx(0.7 * 30.0)
    assert row["money"] == pytest.approx(0.01 * 30.0 * 48.5)
    more = plan(idle(sell_limit=1.0), limits=False).objective
    assert more == pytest.approx(3.0 * row["value_right"])


def test_a_limit_of_nothing_that_is_worth_nothing_is_not_listed() -> None:
    assert "buy idea" not in plan(idle(10.0)).limits["limit"].to_list()


def test_a_works_without_capacity_shows_what_a_first_tonne_of_it_would_earn() -> None:
    stopped = replace(idle(10.0), units=(Unit("works", "a", (0.0, 0.0, 0.0)),))
    (row,) = plan(stopped).limits.iter_rows(named=True)
    assert (row["limit"], row["value_right"]) == ("works", pytest.approx(48.5))
    assert row["valid_up"] == pytest.approx(36.0)
