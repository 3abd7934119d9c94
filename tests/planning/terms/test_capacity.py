from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from ferrolan.base.errors import ProblemError
from ferrolan.planning import PlanProblem, Unit, plan
from ferrolan.planning.program import Builder, Program
from ferrolan.planning.terms import balance, capacity


def test_capacity_reads_as_its_golden_text(ore_to_iron: PlanProblem, golden: Callable[[Program, Path], None]) -> None:
    build = Builder(ore_to_iron.months)
    balance.add(ore_to_iron, build)
    capacity.add(ore_to_iron, build)
    golden(build.program(), Path(__file__).with_name("capacity.lp"))


def test_capacity_is_worth_the_margin_of_its_throughput_until_the_market_is_full(ore_to_iron: PlanProblem) -> None:
    limits = plan(ore_to_iron).limits
    row = limits.row(by_predicate=pl.col("kind") == "capacity", named=True)
    margin = 0.6 * 300.0 - 100.0 - 20.0
    assert row["value_left"] == pytest.approx(margin) and row["value_right"] == pytest.approx(margin)
    assert row["valid_up"] == pytest.approx(2 * (40.0 / 0.6 - 50.0))
    assert row["valid_down"] == pytest.approx(100.0)
    assert row["money"] == pytest.approx(margin)
    assert (row["period"], row["limit_value"], row["used"]) == ("2026-04..2026-05", 100.0, pytest.approx(100.0))


def test_capacity_of_unlike_months_moves_by_the_same_per_cent(ore_to_iron: PlanProblem) -> None:
    unlike = replace(ore_to_iron, units=(Unit("furnace", "steel", (10.0, 40.0)),))
    limits = plan(unlike).limits
    row = limits.row(by_predicate=pl.col("kind") == "capacity", named=True)
    assert row["valid_up"] == pytest.approx(50.0 * (40.0 / 0.6 / 40.0 - 1.0))


def test_modes_share_the_capacity_of_their_unit(ore_to_iron: PlanProblem) -> None:
    slow = replace(ore_to_iron.modes[0], name="slow", coefficients={"ore": -1.0, "iron": 0.7}, cost=200.0)
    throughput = plan(replace(ore_to_iron, modes=(*ore_to_iron.modes, slow))).activities["throughput"]
    assert throughput.to_list() == pytest.approx([50.0, 0.0, 50.0, 0.0])


def test_a_mode_takes_of_the_capacity_what_its_load_says(ore_to_iron: PlanProblem) -> None:
    hard = replace(ore_to_iron.modes[0], load=1.25)
    throughput = plan(replace(ore_to_iron, modes=(hard,))).activities["throughput"]
    assert throughput.to_list() == pytest.approx([40.0, 40.0])


def test_a_load_of_nothing_is_refused(ore_to_iron: PlanProblem) -> None:
    with pytest.raises(ProblemError, match="load is 0"):
        replace(ore_to_iron, modes=(replace(ore_to_iron.modes[0], load=0.0),))
