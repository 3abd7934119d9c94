"""What of a recorded series was measured, and what was only held or filled in by whoever wrote the file.

An hourly table says 2.63, 2.63, 2.63 % silica where the laboratory gave one result and the file held it; it says 4.92,
4.525, 4.13 where somebody drew a line between two results. The held values are stale, the drawn one is worse: it knows
the result that came after it. Neither is a measurement, and each becomes NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_LINE = 1e-6
"""Largest second difference of a straight line, in units of the last decimal times 100: results have two decimals or
so, and hourly means of repeated numbers are exact to 1e-15.
"""


def changed(values: Floats) -> Floats:
    """The values that differ from the one before; a held value is NaN.

    Parameters
    ----------
    values : (n,)
        A series in time order [any unit]; NaN where there is nothing.

    Returns
    -------
    The series (n,) without what was held. A result that repeats the one before by chance is lost too: the file cannot
    tell the two apart.

    Examples
    --------
    >>> changed(np.array([2.63, 2.63, 2.24, 2.24, 2.63])).tolist()
    [2.63, nan, 2.24, nan, 2.63]
    """
    known = np.flatnonzero(np.isfinite(values))
    held = known[1:][values[known[1:]] == values[known[:-1]]]
    fresh = np.where(np.isfinite(values), values, np.nan)
    fresh[held] = np.nan
    return fresh


def measured(values: Floats, decimals: int = 2) -> Floats:
    """The results that a laboratory can have given: changed, written with its decimals, not drawn between two others.

    Parameters
    ----------
    values : (n,)
        A recorded series of laboratory values at equal steps [any unit].
    decimals
        Decimals with which the laboratory reports.

    Returns
    -------
    The series (n,); NaN where a value is held, has more decimals, or lies on the straight line between both neighbours.

    Notes
    -----
    Cleans a record as a whole: that a value lies on a line is seen once the next one is there. At the time itself no
    such value existed. A true result on the line by chance is lost too.

    Examples
    --------
    >>> measured(np.array([4.01, 4.92, 4.525, 4.13, 4.81, 4.81, 5.0, 5.19, 5.0])).tolist()
    [4.01, 4.92, nan, 4.13, 4.81, nan, nan, 5.19, 5.0]
    """
    unit = 10.0**-decimals
    fresh = changed(values)
    fresh[np.abs(values - np.round(values, decimals)) > _LINE * unit * 100] = np.nan
    bend = np.abs(values[2:] - 2.0 * values[1:-1] + values[:-2])
    fresh[1:-1][bend < _LINE * unit * 100] = np.nan
    return fresh


def moving(signals: Floats) -> Floats:
    """The signals without what is frozen: a value equal to the one before in its column is NaN.

    Parameters
    ----------
    signals : (n, k)
        Process signals, a row an instant [any units]. A mean of many readings repeats to the last bit only where the
        signal stands still; do not use it for set points and states.
    """
    return np.column_stack([_unfrozen(column) for column in signals.T]) if signals.size else signals.copy()


def _unfrozen(column: Floats) -> Floats:
    still = np.concatenate([[False], column[1:] == column[:-1]])
    return np.where(still | ~np.isfinite(column), np.nan, column)
