"""What if: the three open questions put to the plan, one declared change at a time.

*Demand and exports*: the lead product sells for a fifth less. *Over-expansion*: a fifth more separation capacity
under the same quota. *Intervention*: a tenth less quota. Each is a re-solved joint plan; its gain is against the
unchanged plan of the same world, or the case it is set against, by year, and its interval comes from the worlds of the
concentrate's value: meters, prices and costs are drawn alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from ferrolan.assembly.plan import Shift
from ferrolan.base.schema import Sourced
from ferrolan.base.tables import WHAT_IF
from ferrolan.enterprise.document import Enterprise
from ferrolan.enterprise.questions import WhatIf
from ferrolan.planning import Solver, compile
from ferrolan.studies.concentrate import INTERVAL
from ferrolan.studies.worlds import World


def what_if(document: Enterprise, worlds: Sequence[World]) -> pl.DataFrame:
    """Every declared question, answered by re-solved plans (``what_if`` schema).

    Parameters
    ----------
    document
        The enterprise with its declared questions.
    worlds
        The declared world first; the interval is taken over the others.
    """
    solver = Solver()
    years = document.plan.months / 12
    unchanged = _gains(document, worlds, Shift(), solver) / years
    gains = {name: _gains(document, worlds, _shift(case), solver) / years for name, case in document.what_if.items()}
    rows = []
    for name, question in document.what_if.items():
        before = unchanged if question.against is None else gains[question.against]
        more = gains[name] - before
        low, high = np.quantile(more[1:], INTERVAL).tolist() if len(worlds) > 1 else (None, None)
        rows.append(
            {
                "question": question.question,
                "case": name,
                "against": question.against,
                "title": question.title,
                "gain": float(more[0]),
                "low": low,
                "high": high,
                "base_gain": float(before[0]),
                "covers": question.covers,
            }
        )
    return WHAT_IF.check(pl.DataFrame(rows, schema=WHAT_IF.schema))


def _shift(question: WhatIf) -> Shift:
    return Shift(
        prices=_factors(question.prices),
        capacities=_factors(question.capacities),
        quotas=_factors(question.quotas),
        purchases=_factors(question.purchases),
    )


def _gains(document: Enterprise, worlds: Sequence[World], change: Shift, solver: Solver) -> np.ndarray:
    """Gain of the joint plan in every world [CNY over the horizon], (worlds,)."""
    return np.array([solver.solve(compile(world.problem(document, change)).program).objective for world in worlds])


def _factors(changes: Mapping[str, Sourced]) -> dict[str, float]:
    return {name: 1.0 + change.value for name, change in changes.items()}
