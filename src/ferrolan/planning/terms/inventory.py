"""Inventory: what is not used in a month lies in stock at its end.

The concentrate store holds 2,000 t, starts with 500 t and must end with 400 t. One column per month and commodity with
room: stock at the end of the month, between nothing (in the last month: the least closing stock) and the room. It
stands in its month's balance as a use and in the next month's as a source; the opening stock is a fact on the
right-hand side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ferrolan.planning.program import Block, Builder, Limit, Shift

if TYPE_CHECKING:
    from ferrolan.planning.problem import Commodity, PlanProblem


def add(problem: PlanProblem, build: Builder) -> None:
    """Add stock columns to the balance rows, with room and closing stock as limits."""
    rows = build.rows["balance"]
    numbers = [number for number, one in enumerate(problem.commodities) if one.stock_max > 0]
    stored = [problem.commodities[number] for number in numbers]
    columns = _stocks(build, stored)
    at = columns.indices(range(len(stored)))
    balances = rows.indices(numbers)
    build.add_entries(balances, at, 1.0)
    build.add_entries(balances[:, 1:], at[:, :-1], -1.0)
    for number, one in zip(numbers, stored, strict=True):
        build.add_to_side(rows, number, 0, one.stock_opening)
    for item, one in enumerate(stored):
        _limits(build, one, at[item])


def _stocks(build: Builder, stored: list[Commodity]) -> Block:
    months = len(build.months)
    lower = np.zeros((len(stored), months))
    lower[:, -1:] = np.array([[one.stock_closing_min] for one in stored]).reshape(-1, 1)
    return build.add_columns(
        "stock",
        [(one.name,) for one in stored],
        [one.owner for one in stored],
        [one.unit for one in stored],
        gain=np.array([[-one.holding_cost] for one in stored]).reshape(-1, 1),
        lower=lower,
        upper=np.array([[one.stock_max] for one in stored]).reshape(-1, 1),
    )


def _limits(build: Builder, one: Commodity, at: np.ndarray) -> None:
    room = np.full(at.size, one.stock_max)
    shift = Shift("column_upper", at, np.ones(at.size))
    label = f"room for {one.name}"
    build.add_limit(Limit(label, "stock", one.owner, build.span, one.unit, shift, room, one.stock_max, "largest"))
    if one.stock_closing_min > 0:
        closing = Shift("column_lower", at[-1:], np.ones(1))
        bounds = np.array([one.stock_closing_min])
        label = f"closing stock of {one.name}"
        last = build.months[-1]
        build.add_limit(
            Limit(label, "stock", one.owner, last, one.unit, closing, bounds, one.stock_closing_min, "largest")
        )
