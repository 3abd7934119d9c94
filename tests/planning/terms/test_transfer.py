from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from ferrolan.planning import PlanProblem, Transfer, plan
from ferrolan.planning.program import Builder, Program
from ferrolan.planning.terms import balance, transfer


def test_transfer_reads_as_its_golden_text(two_companies: PlanProblem, golden: Callable[[Program, Path], None]) -> None:
    build = Builder(two_companies.months)
    balance.add(two_companies, build)
    transfer.add(two_companies, build)
    golden(build.program(), Path(__file__).with_name("transfer.lp"))


def test_transferred_commodity_has_one_price_on_both_sides_while_the_limit_is_free(two_companies: PlanProblem) -> None:
    flows = plan(two_companies).flows
    prices = {(row["month"], row["commodity"]): row["price"] for row in flows.iter_rows(named=True)}
    for month in two_companies.months:
        assert prices[month, "concentrate"] == pytest.approx(prices[month, "feed"])


def test_binding_transfer_is_worth_the_difference_of_the_prices(two_companies: PlanProblem) -> None:
    found = plan(replace(two_companies, transfers=(Transfer("concentrate", "feed", 2.0),)))
    row = found.limits.row(by_predicate=pl.col("limit") == "transfer concentrate to feed", named=True)
    assert row["kind"] == "market"
    assert row["value_right"] == pytest.approx(500.0 - 100.0 + 3.0)
    prices = {row["commodity"]: row["price"] for row in found.flows.iter_rows(named=True)}
    assert prices["feed"] - prices["concentrate"] == pytest.approx(row["value_right"])


def test_what_one_sends_the_other_receives_and_profit_leaves_the_payment_out(two_companies: PlanProblem) -> None:
    found = plan(two_companies)
    assert float(found.flows["sent"].sum()) == pytest.approx(float(found.flows["received"].sum())) == 14.0
    assert found.profit_by_owner == pytest.approx({"steel": 0.0, "rare_earth": 14.0 * 400.0})
    assert sum(found.profit_by_owner.values()) == pytest.approx(found.objective)
