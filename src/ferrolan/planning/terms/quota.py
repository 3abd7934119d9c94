"""Quota: what the state allows over a year, counted on the throughput of modes.

The separation quota of 2023 allows 163,234 t of oxides a year; every tonne of feed counts with the oxides in it:

    sum over modes and months of weight x throughput <= limit
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ferrolan.planning.program import Builder, Limit, Shift

if TYPE_CHECKING:
    from ferrolan.planning.problem import PlanProblem, Quota


def add(problem: PlanProblem, build: Builder) -> None:
    """Add one row per quota over the throughput columns."""
    rows = build.add_rows(
        "quota",
        [(one.name,) for one in problem.quotas],
        [one.owner for one in problem.quotas],
        [one.unit for one in problem.quotas],
        upper=np.array([[one.limit] for one in problem.quotas], dtype=np.float64).reshape(-1, 1),
        width=1,
    )
    columns = build.columns["throughput"]
    for number, one in enumerate(problem.quotas):
        counted = [(problem.mode_number[key], weight) for key, weight in one.weights.items() if weight]
        at = columns.indices([mode for mode, _ in counted])[:, list(one.months)]
        build.add_entries(rows.start + number, at, np.array([[weight] for _, weight in counted]))
        shift = Shift("row_upper", np.array([rows.start + number]), np.ones(1))
        bounds = np.array([one.limit])
        build.add_limit(
            Limit(one.name, "quota", one.owner, _span(problem, one), one.unit, shift, bounds, one.limit, "sum")
        )


def _span(problem: PlanProblem, quota: Quota) -> str:
    first, last = min(quota.months), max(quota.months)
    return problem.months[first] if first == last else f"{problem.months[first]}..{problem.months[last]}"
