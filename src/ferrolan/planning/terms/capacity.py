"""Capacity: the modes of a unit share its throughput of a month.

The mill takes 120,000 t of ore in April, whichever recipe it runs; one of hard ore takes 1.2 t of it for each tonne:

    sum over modes of load * throughput <= capacity

The limit a person asks about is the year's: one unit more of it moves every month by the same per cent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ferrolan.planning.program import Builder, Limit, Shift, proportional

if TYPE_CHECKING:
    from ferrolan.planning.problem import PlanProblem


def add(problem: PlanProblem, build: Builder) -> None:
    """Add one row per unit and month over the throughput columns."""
    capacity = np.array([unit.capacity for unit in problem.units], dtype=np.float64)
    rows = build.add_rows(
        "capacity",
        [(unit.name,) for unit in problem.units],
        [unit.owner for unit in problem.units],
        [unit.throughput_unit for unit in problem.units],
        upper=capacity.reshape(len(problem.units), len(problem.months)),
    )
    columns = build.columns["throughput"]
    unit_of_mode = [problem.unit_number[mode.unit] for mode in problem.modes]
    loads = np.array([mode.load for mode in problem.modes], dtype=np.float64).reshape(-1, 1)
    build.add_entries(rows.indices(unit_of_mode), columns.indices(range(len(problem.modes))), loads)
    at = rows.indices(range(len(problem.units)))
    for number, unit in enumerate(problem.units):
        bounds = capacity[number]
        shift = Shift("row_upper", at[number], proportional(bounds))
        total = float(bounds.sum())
        build.add_limit(
            Limit(unit.name, "capacity", unit.owner, build.span, unit.throughput_unit, shift, bounds, total, "sum")
        )
