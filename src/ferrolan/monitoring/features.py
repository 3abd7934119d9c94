"""What is known at the instant of a prediction: means of signals over windows that end then, and the last result.

A flotation bank answers within hours, so the air flow enters as its mean over the present hour, over one to three hours
ago, and so on: a lag is a window of one step. No feature of row ``t`` looks at a row after ``t``; a property test
changes everything after ``t`` and compares.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ferrolan.base.errors import ProblemError
from ferrolan.monitoring.results import Floats

Window = tuple[int, int]
"""Rows ``first`` (counted) to ``end`` (not counted) back from the present one: ``(0, 1)`` is the present row alone."""


def window_means(values: Floats, windows: Sequence[Window]) -> Floats:
    """Means of every column over every window; NaN does not count, and a window without a number is NaN.

    Parameters
    ----------
    values : (n, k)
        Signals at equal steps, a row an instant.
    windows
        Windows back from each row.

    Returns
    -------
    Features (n, k times the number of windows): all columns of the first window, then of the next.

    Raises
    ------
    ProblemError
        If a window is empty or looks ahead.

    Examples
    --------
    >>> window_means(np.array([[1.0], [2.0], [6.0]]), [(0, 1), (1, 3)]).tolist()
    [[1.0, nan], [2.0, 1.0], [6.0, 1.5]]
    """
    for first, end in windows:
        if not 0 <= first < end:
            raise ProblemError(f"the window ({first}, {end}) is empty or looks ahead; expected 0 <= first < end")
    return np.column_stack([_mean(values, *window) for window in windows])


def last_result(results: Floats, delay: int) -> Floats:
    """The newest result that is known at each row.

    Parameters
    ----------
    results : (n,)
        Results by the row they speak of; NaN where there is none.
    delay
        Rows until a result is known, at least 1: with 0 the answer would be among the questions.

    Returns
    -------
    Result of the latest row that lies ``delay`` or more rows back (n,); NaN before there is one.

    Raises
    ------
    ProblemError
        If the delay is below one row.

    Examples
    --------
    >>> last_result(np.array([1.0, np.nan, 3.0, np.nan]), 1).tolist()
    [nan, 1.0, 1.0, 3.0]
    """
    if delay < 1:
        raise ProblemError(f"a delay of {delay} rows uses the result it should predict; expected at least 1")
    rows = np.arange(len(results))
    latest = np.maximum.accumulate(np.where(np.isfinite(results), rows, -1)) if len(results) else rows
    back = np.concatenate([np.full(min(delay, len(rows)), -1), latest[: max(len(rows) - delay, 0)]]).astype(int)
    return np.where(back >= 0, results[back], np.nan)


def _mean(values: Floats, first: int, end: int) -> Floats:
    """Sum over the lags of a window, divided by how many were numbers; a running sum would carry rounding along."""
    total, count = np.zeros(values.shape), np.zeros(values.shape)
    for lag in range(first, min(end, len(values))):
        past = values[: len(values) - lag]
        known = np.isfinite(past)
        total[lag:] += np.where(known, past, 0.0)
        count[lag:] += known
    return np.where(count > 0, total / np.maximum(count, 1.0), np.nan)
