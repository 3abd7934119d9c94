from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from ferrolan.planning import Commodity, PlanProblem, compile, marginal_value, plan
from ferrolan.planning.program import Builder, Program
from ferrolan.planning.terms import balance


def test_balance_reads_as_its_golden_text(ore_to_iron: PlanProblem, golden: Callable[[Program, Path], None]) -> None:
    build = Builder(ore_to_iron.months)
    balance.add(ore_to_iron, build)
    golden(build.program(), Path(__file__).with_name("balance.lp"))


def test_price_of_a_bought_commodity_is_what_it_costs_and_of_a_sold_one_what_it_earns(
    ore_to_iron: PlanProblem,
) -> None:
    prices = {row["commodity"]: row["price"] for row in plan(ore_to_iron).flows.iter_rows(named=True)}
    assert prices == pytest.approx({"ore": 100.0, "iron": 300.0})


def test_what_must_be_thrown_away_has_a_negative_price() -> None:
    slag = Commodity("slag", "steel", dispose_cost=7.0, supply=(5.0,))
    problem = PlanProblem(("2026-04",), (slag,), (), ())
    found = plan(problem)
    assert found.objective == pytest.approx(-35.0)
    assert found.flows["price"].to_list() == pytest.approx([-7.0])
    assert found.flows["disposed"].to_list() == pytest.approx([5.0])


def test_market_limit_is_worth_its_margin(ore_to_iron: PlanProblem) -> None:
    iron = replace(ore_to_iron.commodities[1], sell_limit=12.0)
    limits = plan(replace(ore_to_iron, commodities=(ore_to_iron.commodities[0], iron))).limits
    row = limits.row(by_predicate=pl.col("limit") == "sell iron", named=True)
    assert row["value_right"] == pytest.approx(300.0 - 120.0 / 0.6)
    assert row["valid_up"] == pytest.approx(2 * (30.0 - 12.0))
    assert row["valid_down"] == pytest.approx(24.0)


def test_supply_enters_the_balance_with_its_sign(ore_to_iron: PlanProblem) -> None:
    given = ore_to_iron.with_supply("ore", (10.0, 0.0))
    owed = ore_to_iron.with_supply("ore", (-10.0, 0.0))
    base = plan(ore_to_iron, limits=False).objective
    assert plan(given, limits=False).objective == pytest.approx(base + 1000.0)
    assert plan(owed, limits=False).objective == pytest.approx(base - 1000.0)
    assert marginal_value(compile(given), "ore").right == pytest.approx(100.0)
