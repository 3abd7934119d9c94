from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from ferrolan.planning import Commodity, PlanProblem, plan
from ferrolan.planning.program import Builder, Program
from ferrolan.planning.terms import balance, inventory

STORED = Commodity(
    "iron", "steel", sell_price=300.0, sell_limit=40.0, stock_opening=5.0, stock_max=9.0, stock_closing_min=2.0,
    holding_cost=1.5,
)  # fmt: skip


def test_inventory_reads_as_its_golden_text(ore_to_iron: PlanProblem, golden: Callable[[Program, Path], None]) -> None:
    problem = replace(ore_to_iron, commodities=(ore_to_iron.commodities[0], STORED))
    build = Builder(problem.months)
    balance.add(problem, build)
    inventory.add(problem, build)
    golden(build.program(), Path(__file__).with_name("inventory.lp"))


def test_closing_stock_costs_what_it_could_have_earned(ore_to_iron: PlanProblem) -> None:
    limits = plan(replace(ore_to_iron, commodities=(ore_to_iron.commodities[0], STORED))).limits
    row = limits.row(by_predicate=pl.col("limit") == "closing stock of iron", named=True)
    assert row["value_right"] == pytest.approx(-300.0 - 1.5)
    assert (row["kind"], row["period"], row["used"]) == ("stock", "2026-05", pytest.approx(2.0))


def test_room_is_worth_the_margin_of_waiting_for_the_market() -> None:
    """Ten tonnes come in April, only two can be sold each month, seven fit the store; the rest is thrown away."""
    lump = Commodity(
        "oxide", "rare_earth", sell_price=50.0, sell_limit=4.0, dispose_cost=1.0, stock_max=2.0, holding_cost=3.0,
        supply=(10.0, 0.0, 0.0),
    )  # fmt: skip
    found = plan(PlanProblem(("2026-04", "2026-05", "2026-06"), (lump,), (), ()))
    assert found.flows["closing"].to_list() == pytest.approx([2.0, 0.0, 0.0])
    assert found.objective == pytest.approx(6 * 50.0 - 4.0 - 2 * 3.0)
    row = found.limits.row(by_predicate=pl.col("limit") == "room for oxide", named=True)
    assert row["value_right"] == pytest.approx(50.0 + 1.0 - 3.0)
    assert row["valid_up"] == pytest.approx(2.0)


def test_opening_stock_is_there_to_be_used(ore_to_iron: PlanProblem) -> None:
    flows = plan(replace(ore_to_iron, commodities=(ore_to_iron.commodities[0], STORED))).flows
    iron = flows.filter(flows["commodity"] == "iron")
    assert iron["opening"][0] == 5.0 and iron["closing"][-1] == pytest.approx(2.0)
    assert float(iron["sold"].sum()) == pytest.approx(60.0 + 5.0 - 2.0)
