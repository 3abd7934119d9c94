"""Findings are ranked by yearly money for a stated step, whatever the order of regions and the length of the plan."""

from __future__ import annotations

import polars as pl
import pytest

from ferrolan.base.tables import MARKET, PLAN_LIMITS, SUSPECTS, VALUE_DRAWS
from ferrolan.studies.findings import Sales, findings


def _draws(*rows):
    frame = pl.DataFrame(
        [
            {"draw": n, "buyer_maximum": high, "seller_minimum": low, "delivered": 10.0}
            for n, (low, high) in enumerate(rows)
        ],
        schema=VALUE_DRAWS.schema,
    )
    return frame


def _tables(regions=("home", "away"), limits=(), suspects=()):
    prices = {("base", "home"): 100.0, ("base", "away"): 120.0, ("quota", "home"): 90.0, ("quota", "away"): 150.0}
    market = [
        {"scenario": scenario, "region": region, "commodity": "Nd", "price": prices[scenario, region]}
        for scenario in ("base", "quota")
        for region in regions
    ]
    return {
        "value_draws": _draws((1.0, 5.0), (1.0, 4.0), (2.0, 8.0)),
        "plan_limits": pl.DataFrame(list(limits), schema=PLAN_LIMITS.schema),
        "market": pl.DataFrame(market, schema=MARKET.schema),
        "suspects": pl.DataFrame(list(suspects), schema=SUSPECTS.schema),
    }


def _found(tables, *, months=12, without_meter=None):
    frame = findings(
        tables,
        concentrate="concentrate",
        home="home",
        months=months,
        sales=[Sales("oxide", "Nd", 3.0)],
        without_meter=without_meter,
    )
    return {(row["kind"], row["limit_kind"], row["subject"]): row for row in frame.iter_rows(named=True)}


def test_the_trade_is_worth_the_range_times_the_deliveries_and_its_interval_is_of_that_product():
    row = _found(_tables())["value", None, "concentrate"]
    assert row["money"] == pytest.approx(40.0)
    assert row["low"] == pytest.approx(30.0 + 0.05 * 30.0)
    assert row["high"] == pytest.approx(60.0 - 0.05 * 30.0)


@pytest.mark.parametrize("regions", [("home", "away"), ("away", "home")])
def test_a_scenario_counts_by_the_home_price_whatever_the_order_of_regions(regions):
    assert _found(_tables(regions))["market", None, "quota"]["money"] == pytest.approx(-30.0)


def test_a_limit_counts_by_the_year_and_by_its_kind():
    limits = [{"limit": "separation", "kind": kind, "money": 1.0} for kind in ("quota", "capacity")]
    found = _found(_tables(limits=limits), months=6)
    assert found["limit", "quota", "separation"]["money"] == pytest.approx(2.0)
    assert found["limit", "capacity", "separation"]["money"] == pytest.approx(2.0)


def test_a_class_of_meters_is_one_finding_and_an_echo_none():
    suspects = [
        {"rank": 1, "suspect_class": 1, "tag": "WT-411", "echo": False},
        {"rank": 1, "suspect_class": 1, "tag": "LAB-RCF-H2O", "echo": False},
        {"rank": 2, "suspect_class": 2, "tag": "DT-222", "echo": True},
    ]
    found = _found(_tables(suspects=suspects), without_meter=7.0)
    assert found["meter", None, "WT-411"]["tags"] == ["WT-411", "LAB-RCF-H2O"]
    assert found["meter", None, "WT-411"]["money"] == 7.0
    assert ("meter", None, "DT-222") not in found


def test_ranks_go_by_the_size_of_the_money_and_what_has_none_comes_last():
    suspects = [{"rank": 1, "suspect_class": 1, "tag": "WT-411", "echo": False}]
    ranks = {key: row["rank"] for key, row in _found(_tables(suspects=suspects)).items()}
    assert ranks == {("value", None, "concentrate"): 1, ("market", None, "quota"): 2, ("meter", None, "WT-411"): 3}
