"""A stock: what comes in stays until it goes out, and what goes out is not quite the mean of the pile.

``S[k+1] = S[k] + h (in - out)`` for dry mass and every component. A reclaimer digs at one place, so the grade of the
outflow is the mean grade of the pile times ``1 + deviation``; the pile keeps the difference. Example: 52,000 t of ore
in front of the mill, about seven days of feed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ferrolan.base.errors import ProblemError
from ferrolan.virtualplant.material import COMPONENTS, Array, Material


@dataclass(frozen=True, eq=False)
class Stock:
    """Dry mass [t] and contained mass of each component [t] at every step's start and at the end, shape (n + 1,)."""

    mass: Array
    content: Mapping[str, Array]


def settle(
    inflow: Material,
    rate: Array,
    opening: float,
    grades: Mapping[str, float],
    deviation: Mapping[str, Array],
    step_hours: float,
    names: Sequence[str] = COMPONENTS,
) -> tuple[Material, Stock]:
    """Run a stock through the month.

    Parameters
    ----------
    inflow
        What comes in.
    rate
        Outflow [t/h dry], shape (n,).
    opening
        Dry mass at the start [t].
    grades
        Mass fraction of each component in the opening stock [1].
    deviation
        Relative deviation of the outflow's grade from the pile's mean [1], shape (n,) by component.
    step_hours
        Length of a step [h].
    names
        Components that are followed.

    Returns
    -------
    tuple
        The outflow and the stock.

    Raises
    ------
    ProblemError
        If the stock runs empty.
    """
    mass = np.concatenate(([opening], opening + np.cumsum(step_hours * (inflow.rate - rate))))
    if mass.min() <= 0.0:
        raise ProblemError("virtual plant: a stock runs empty; its outflow exceeds its inflow for too long")
    draw = rate / mass[:-1]  # share of the pile per hour
    incoming = np.column_stack([inflow.content[name] for name in names])
    drawn = draw[:, None] * (1.0 + np.column_stack([deviation[name] for name in names]))
    content = np.empty((len(mass), len(names)))
    content[0] = [opening * grades[name] for name in names]
    leaving = np.empty_like(incoming)
    for k in range(len(rate)):
        leaving[k] = drawn[k] * content[k]
        content[k + 1] = content[k] + step_hours * (incoming[k] - leaving[k])
    outflow = Material(rate, {name: leaving[:, j] for j, name in enumerate(names)})
    return outflow, Stock(mass, {name: content[:, j] for j, name in enumerate(names)})
