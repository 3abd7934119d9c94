"""Balance: what comes of a commodity in a month goes in that month.

Rare-earth concentrate in May: made by flotation + bought + supplied = used by the roaster + sold + discarded. One
equality per commodity and month; discarding is a column of its own with a price, never a slack:

    sold + disposed + used - made - bought = supply          (inventory and transfer add their columns)

Price of the row: gain per unit more of the commodity, there and then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ferrolan.planning.problem import supply_of
from ferrolan.planning.program import Block, Builder, Limit, Shift, proportional

if TYPE_CHECKING:
    from ferrolan.planning.problem import PlanProblem


def add(problem: PlanProblem, build: Builder) -> None:
    """Add throughput, buy, sell and dispose columns and the balance rows."""
    rows = _balances(problem, build)
    _throughput(problem, build, rows)
    _market(problem, build, rows, "buy", "buy_price", sign=-1.0, side=-1.0)
    _market(problem, build, rows, "sell", "sell_price", sign=1.0, side=1.0)
    _dispose(problem, build, rows)


def _balances(problem: PlanProblem, build: Builder) -> Block:
    supply = supply_of(problem)
    rows = build.add_rows(
        "balance",
        [(one.name,) for one in problem.commodities],
        [one.owner for one in problem.commodities],
        [one.unit for one in problem.commodities],
        lower=supply,
        upper=supply,
    )
    for number, one in enumerate(problem.commodities):
        if supply[number].any():
            shift = Shift("row", rows.indices([number])[0], proportional(supply[number]))
            total = float(supply[number].sum())
            build.add_limit(
                Limit(one.name, "supply", one.owner, build.span, one.unit, shift, supply[number], total, "sum")
            )
    return rows


def _throughput(problem: PlanProblem, build: Builder, rows: Block) -> None:
    units = {unit.name: unit.throughput_unit for unit in problem.units}
    columns = build.add_columns(
        "throughput",
        [(mode.unit, mode.name) for mode in problem.modes],
        [mode.owner for mode in problem.modes],
        [units[mode.unit] for mode in problem.modes],
        gain=np.array([[-mode.cost] for mode in problem.modes]).reshape(-1, 1),
    )
    triples = [
        (problem.commodity_number[name], number, -coefficient)
        for number, mode in enumerate(problem.modes)
        for name, coefficient in mode.coefficients.items()
        if coefficient
    ]
    commodity, mode_number, value = (list(part) for part in zip(*triples, strict=True)) if triples else ([], [], [])
    build.add_entries(rows.indices(commodity), columns.indices(mode_number), np.reshape(value, (-1, 1)))


def _market(problem: PlanProblem, build: Builder, rows: Block, name: str, price: str, sign: float, side: float) -> None:
    numbers = [number for number, one in enumerate(problem.commodities) if getattr(one, price) is not None]
    traded = [problem.commodities[number] for number in numbers]
    limits = np.array([[getattr(one, f"{name}_limit")] for one in traded], dtype=np.float64).reshape(-1, 1)
    columns = build.add_columns(
        name,
        [(one.name,) for one in traded],
        [one.owner for one in traded],
        [one.unit for one in traded],
        gain=sign * np.array([[getattr(one, price)] for one in traded], dtype=np.float64).reshape(-1, 1),
        upper=limits,
    )
    at = columns.indices(range(len(traded)))
    build.add_entries(rows.indices(numbers), at, side)
    even, bounds = np.full(columns.width, 1.0 / columns.width), np.repeat(limits, columns.width, axis=1)
    for item, one in enumerate(traded):
        shift = Shift("column_upper", at[item], even)
        total = columns.width * float(limits[item, 0])
        label = f"{name} {one.name}"
        build.add_limit(Limit(label, "market", one.owner, build.span, one.unit, shift, bounds[item], total, "sum"))


def _dispose(problem: PlanProblem, build: Builder, rows: Block) -> None:
    numbers = [number for number, one in enumerate(problem.commodities) if one.dispose_cost is not None]
    thrown = [problem.commodities[number] for number in numbers]
    columns = build.add_columns(
        "dispose",
        [(one.name,) for one in thrown],
        [one.owner for one in thrown],
        [one.unit for one in thrown],
        gain=np.array([[-(one.dispose_cost or 0.0)] for one in thrown], dtype=np.float64).reshape(-1, 1),
    )
    build.add_entries(rows.indices(numbers), columns.indices(range(len(thrown))), 1.0)
