"""Transfer: a flow from one company to the other, out of one balance and into one balance.

Rare-earth concentrate of the steel company becomes feed of the rare-earth company. One column per month, no money in
the objective (what one pays the other earns); the transfer price lies between the prices of the two balance rows, which
are equal while the limit does not bind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ferrolan.planning.program import Builder, Limit, Shift, proportional

if TYPE_CHECKING:
    from ferrolan.planning.problem import PlanProblem


def add(problem: PlanProblem, build: Builder) -> None:
    """Add transfer columns to the balance rows of both ends."""
    rows = build.rows["balance"]
    sellers = [problem.commodities[problem.commodity_number[one.seller_commodity]] for one in problem.transfers]
    buyers = [problem.commodity_number[one.buyer_commodity] for one in problem.transfers]
    limits = np.array([[one.limit] for one in problem.transfers], dtype=np.float64).reshape(-1, 1)
    columns = build.add_columns(
        "transfer",
        [(one.seller_commodity, one.buyer_commodity) for one in problem.transfers],
        [one.owner for one in sellers],
        [one.unit for one in sellers],
        gain=0.0,
        upper=limits,
    )
    at = columns.indices(range(len(sellers)))
    build.add_entries(rows.indices([problem.commodity_number[one.name] for one in sellers]), at, 1.0)
    build.add_entries(rows.indices(buyers), at, -1.0)
    for item, (one, seller) in enumerate(zip(problem.transfers, sellers, strict=True)):
        bounds = np.full(columns.width, one.limit)
        label = f"transfer {one.seller_commodity} to {one.buyer_commodity}"
        shift = Shift("column_upper", at[item], proportional(bounds))
        total = float(bounds.sum())
        build.add_limit(Limit(label, "market", seller.owner, build.span, seller.unit, shift, bounds, total, "sum"))
