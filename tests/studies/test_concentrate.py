"""What a tonne is worth, by hand: two companies, one flow, a quota.

The seller makes a tonne of concentrate for 10 CNY, up to 60 t a month. The buyer makes 1 t of oxide from 2 t of
concentrate, sells it at 300 CNY/t and spends 20 CNY per tonne of concentrate. So a tonne of concentrate nets
300/2 - 20 = 130 CNY. One month.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from ferrolan.planning import Commodity, Mode, PlanProblem, Quota, Transfer, Unit
from ferrolan.studies.concentrate import Case, Published, buyer_alone, seller_alone, study

TRANSFER = Transfer("concentrate", "feed", 1000.0)


def problem(quota: float = 1000.0, oxide_price: float = 300.0) -> PlanProblem:
    return PlanProblem(
        months=("2026-04",),
        commodities=(
            Commodity("ore", "steel", buy_price=1.0, buy_limit=1000.0),
            Commodity("concentrate", "steel", dispose_cost=0.0),
            Commodity("feed", "rare_earth", dispose_cost=0.0),
            Commodity("oxide", "rare_earth", sell_price=oxide_price, sell_limit=1000.0),
        ),
        modes=(
            Mode("run", "flotation", "steel", "ore", {"ore": -1.0, "concentrate": 1.0}, 9.0),
            Mode("run", "separation", "rare_earth", "feed", {"feed": -1.0, "oxide": 0.5}, 20.0),
        ),
        units=(Unit("flotation", "steel", (60.0,)), Unit("separation", "rare_earth", (500.0,))),
        quotas=(Quota("separation", "rare_earth", quota, "t", {("separation", "run"): 0.5}, (0,)),),
        transfers=(TRANSFER,),
    )


def world(number: int = 0, **changes: float) -> Case:
    return Case(number, problem(**changes), recovery=0.5, lead_price=changes.get("oxide_price", 300.0))


def values(result, measure, party):
    return result.value.filter(pl.col("measure") == measure, pl.col("party") == party).row(0, named=True)


def test_without_a_binding_quota_a_tonne_more_is_worth_the_buyers_netback():
    result = study(world(), [], TRANSFER, None, 0.5)
    assert values(result, "marginal_right", "group")["value"] == pytest.approx(130.0)
    assert values(result, "netback", "buyer")["value"] == pytest.approx(130.0)
    assert values(result, "seller_minimum", "seller")["value"] == pytest.approx(10.0)
    assert values(result, "buyer_maximum", "buyer")["value"] == pytest.approx(130.0)
    assert result.draws["binding_quotas"].to_list() == [[]]


def test_under_a_binding_quota_a_tonne_more_is_worth_nothing_to_the_buyer_and_its_making_to_the_group():
    result = study(world(quota=20.0), [], TRANSFER, None, 0.5)
    assert result.trade.quantity == pytest.approx(40.0)
    assert values(result, "marginal_right", "buyer")["value"] == 0.0
    assert values(result, "marginal_left", "buyer")["value"] == pytest.approx(130.0)
    assert values(result, "marginal_right", "group")["value"] == pytest.approx(10.0)
    assert values(result, "marginal_left", "group")["value"] == pytest.approx(10.0)
    a_year = 12  # the plan has one month, tonnes are per year
    assert values(result, "marginal_left", "group")["valid_from"] == pytest.approx(a_year * 20.0)
    assert values(result, "marginal_beyond_left", "group")["value"] == pytest.approx(130.0)
    assert result.draws["binding_quotas"].to_list() == [["separation"]]


def test_the_bargaining_range_holds_both_stand_alone_plans_harmless():
    result = study(world(), [], TRANSFER, None, 0.5)
    low = values(result, "seller_minimum", "seller")["value"]
    high = values(result, "buyer_maximum", "buyer")["value"]
    joint = 60.0 * 120.0
    assert (high - low) * result.trade.quantity == pytest.approx(joint)


def test_draws_give_the_interval_and_leave_the_value_alone():
    drawn = [world(number, oxide_price=300.0 + number) for number in range(1, 101)]
    row = values(study(world(), drawn, TRANSFER, None, 0.5), "netback", "buyer")
    assert row["value"] == pytest.approx(130.0)
    assert row["low"] == pytest.approx(130.0 + 0.5 * 5.95)
    assert row["high"] == pytest.approx(130.0 + 0.5 * 95.05)


def test_a_published_price_stands_beside_the_answer_with_its_source():
    row = values(study(world(), [], TRANSFER, Published(90.0, "filing", "2026Q1", "high"), 0.5), "published", "market")
    assert (row["value"], row["source"], row["period"], row["grade"]) == (90.0, "filing", "2026Q1", 0.5)


def test_stand_alone_plans_hold_only_their_own_parts():
    trade = study(world(), [], TRANSFER, None, 0.5).trade
    assert {unit.name for unit in buyer_alone(problem(), trade).units} == {"separation"}
    assert {unit.name for unit in seller_alone(problem(), trade).units} == {"flotation"}


def test_a_plan_without_trade_has_no_price_range_instead_of_a_division_by_nothing():
    result = study(world(oxide_price=1.0), [], TRANSFER, None, 0.5)
    assert result.trade.quantity == 0.0
    assert values(result, "netback", "buyer")["value"] is None


def test_without_trade_the_seller_need_not_keep_a_stock_of_what_nobody_buys():
    trade = study(world(), [], TRANSFER, None, 0.5).trade
    stored = replace(
        problem(),
        commodities=tuple(
            replace(one, stock_opening=5.0, stock_max=10.0, stock_closing_min=5.0, holding_cost=1.0)
            if one.name == "concentrate"
            else one
            for one in problem().commodities
        ),
    )
    kept = {one.name: one.stock_closing_min for one in seller_alone(stored, trade).commodities}
    free = {one.name: one.stock_closing_min for one in seller_alone(stored, trade, share=0.0).commodities}
    assert (kept["concentrate"], free["concentrate"]) == (5.0, 0.0)
