from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from ferrolan.planning import PlanProblem, plan
from ferrolan.planning.program import Builder, Program
from ferrolan.planning.terms import balance, quota


def test_quota_reads_as_its_golden_text(two_companies: PlanProblem, golden: Callable[[Program, Path], None]) -> None:
    build = Builder(two_companies.months)
    balance.add(two_companies, build)
    quota.add(two_companies, build)
    golden(build.program(), Path(__file__).with_name("quota.lp"))


def test_quota_is_worth_the_margin_per_counted_tonne(two_companies: PlanProblem) -> None:
    limits = plan(two_companies).limits
    row = limits.row(by_predicate=pl.col("kind") == "quota", named=True)
    assert row["value_left"] == pytest.approx((500.0 - 100.0) / 0.5)
    assert row["value_right"] == pytest.approx((500.0 - 100.0) / 0.5)
    assert row["valid_up"] == pytest.approx(8.0 - 7.0)
    assert (row["unit"], row["period"], row["used"]) == ("t REO", "2026-04..2026-05", pytest.approx(7.0))


def test_quota_counts_only_its_months(two_companies: PlanProblem) -> None:
    may = replace(two_companies.quotas[0], months=(1,), limit=1.0)
    found = plan(replace(two_companies, quotas=(may,)))
    assert found.activities["throughput"].to_list() == pytest.approx([8.0, 2.0])
    assert found.limits.filter(found.limits["kind"] == "quota")["period"].to_list() == ["2026-05"]
