"""What if: the three open questions put to the plan, one declared change at a time.

*Demand and exports*: the lead product sells for a fifth less. *Over-expansion*: a fifth more separation capacity
under the same quota. *Intervention*: a tenth less quota. Each is a re-solved joint plan; its gain is against the
declared plan, in CNY a year, and its interval carries the uncertainty of the account's coefficients, no other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from ferrolan.assembly.plan import Shift, plan_problem
from ferrolan.assembly.responses import Responses
from ferrolan.base.schema import Sourced
from ferrolan.base.tables import WHAT_IF
from ferrolan.enterprise.document import Enterprise
from ferrolan.planning import Solver, compile
from ferrolan.studies.concentrate import INTERVAL


def what_if(document: Enterprise, responses: Responses, opening: Mapping[str, float], *, draws: int) -> pl.DataFrame:
    """Every declared question, answered by re-solved plans (``what_if`` schema).

    Parameters
    ----------
    document
        The enterprise with its declared questions.
    responses
        Coefficients with their covariance.
    opening
        Opening stocks by commodity [t].
    draws
        Draws of the coefficients for the intervals.
    """
    rng = np.random.default_rng(document.concentrate.seed)
    worlds = [responses.coefficients(), *responses.draw(rng, draws)]
    solver = Solver()
    declared = _gains(document, worlds, opening, Shift(), solver)
    rows = []
    for name, question in document.what_if.items():
        shift = Shift(
            prices=_factors(question.prices),
            capacities=_factors(question.capacities),
            quotas=_factors(question.quotas),
        )
        gains = _gains(document, worlds, opening, shift, solver) - declared
        low, high = np.quantile(gains[1:], INTERVAL) if draws else (None, None)
        rows.append(
            {
                "question": question.question,
                "case": name,
                "title": question.title,
                "gain": gains[0],
                "low": low,
                "high": high,
                "base_gain": declared[0],
                "covers": question.covers,
            }
        )
    return WHAT_IF.check(pl.DataFrame(rows, schema=WHAT_IF.schema))


def _gains(
    document: Enterprise,
    worlds: Sequence[Mapping[tuple[str, str, str], float]],
    opening: Mapping[str, float],
    shift: Shift,
    solver: Solver,
) -> np.ndarray:
    return np.array(
        [solver.solve(compile(plan_problem(document, world, opening, shift)).program).objective for world in worlds]
    )


def _factors(changes: Mapping[str, Sourced]) -> dict[str, float]:
    return {name: 1.0 + change.value for name, change in changes.items()}
