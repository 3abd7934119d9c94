"""Statistical tests of an account: is it all noise, and which reading strikes out?

For example: J = 35.2 at 4 degrees of freedom is no noise (chi-square 95 %: 9.5), and the reading of stream 1 lies 5.7
standard deviations of its adjustment away (Yang, Ten & Jao 1995). Mah & Tamhane, AIChE J. 28 (1982) 828-830; many
tests at once are corrected after Sidak, J. Amer. Statist. Assoc. 62 (1967) 626-633.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ferrolan.numerics.kkt import Floats

LEVEL = 0.05
"""Family-wise level of every test."""
LEAST_REDUNDANCY = 1e-6
"""Share of a reading's variance that must show in its adjustment for a test of that reading to mean anything."""
VDI_FLOOR = 0.1
"""Least variance of an adjustment that VDI 2048 divides by, in units of the reading's variance."""
VDI_WIDTH = 1.96
"""Half width of 95 % over the standard deviation, as VDI 2048 rounds it."""


@dataclass(frozen=True)
class Outcome:
    """One row of the table of tests."""

    test: str
    statistic: float
    df: int
    critical: float
    p_value: float

    @property
    def passed(self) -> bool | None:
        """Whether the data pass at ``LEVEL``; None where there was nothing to test."""
        return self.statistic <= self.critical if self.df > 0 else None


def global_test(objective: float, degrees_of_freedom: int) -> Outcome:
    """J against chi-square; with no degree of freedom there is nothing to test."""
    if degrees_of_freedom <= 0:
        return Outcome("global", objective, degrees_of_freedom, np.inf, 1.0)
    critical = float(special.chdtri(degrees_of_freedom, LEVEL))
    return Outcome(
        "global", objective, degrees_of_freedom, critical, float(special.chdtrc(degrees_of_freedom, objective))
    )


def largest_of(test: str, statistics: Floats) -> Outcome:
    """The largest of several |N(0, 1)| statistics (nan: not testable) against the Sidak-corrected critical value."""
    usable = statistics[np.isfinite(statistics)]
    largest = float(np.max(usable, initial=0.0))
    count = len(usable)
    p_value = -np.expm1(count * np.log1p(-min(2.0 * special.ndtr(-largest), 1.0 - 1e-16))) if count else 1.0
    return Outcome(test, largest, count, sidak_critical(count), float(p_value))


def sidak_critical(count: int, level: float = LEVEL) -> float:
    """Critical value of |N(0, 1)| when ``count`` tests share the level; it holds for correlated ones too.

    Examples
    --------
    >>> round(sidak_critical(6), 3)
    2.631
    """
    if count == 0:
        return np.inf
    return float(-special.ndtri(-np.expm1(np.log1p(-level) / count) / 2.0))


def measurement_statistics(adjustment: Floats, variance: Floats, redundant: NDArray[np.bool_]) -> Floats:
    """|adjustment| over its standard deviation, in units of sigma; nan where a reading is not redundant.

    ``variance`` is that of the reconciled value; a reading's adjustment has variance 1 - variance. Equal to the
    maximum-power test for uncorrelated readings.
    """
    remaining = 1.0 - variance
    usable = redundant & (remaining > LEAST_REDUNDANCY)
    return np.where(usable, np.abs(adjustment) / np.sqrt(np.where(usable, remaining, 1.0)), np.nan)


def vdi_2048_quality(adjustment: Floats, variance: Floats) -> Floats:
    """Quality of each reading after VDI 2048 Part 1: above 1 the reading contradicts the balances.

    Parameters
    ----------
    adjustment
        Reading less reconciled value, in units of sigma, (readings,).
    variance
        Variance of the reconciled value, in units of the reading's, (readings,).

    Returns
    -------
    |adjustment| over 1.96 of its standard deviations, which are not taken for smaller than 0.32 of the reading's: a
    meter that the balances hardly check is not accused for a tiny adjustment. Each reading is tested alone, not
    corrected for their number, so it is more severe than ``measurement_statistics``.

    Examples
    --------
    >>> import numpy as np
    >>> vdi_2048_quality(np.array([3.92, 0.1]), np.array([0.0, 0.999])).round(4).tolist()
    [2.0, 0.1613]
    """
    return np.abs(adjustment) / (VDI_WIDTH * np.sqrt(np.maximum(1.0 - variance, VDI_FLOOR)))


def split_level(families: int, level: float = LEVEL) -> float:
    """Level of each of several families of tests that together raise a false alarm with probability ``level``.

    Examples
    --------
    >>> round(split_level(2), 5)
    0.02532
    """
    return float(-np.expm1(np.log1p(-level) / max(families, 1)))


def benjamini_hochberg(p_values: Floats, level: float = LEVEL) -> NDArray[np.bool_]:
    """Which of many areas stand out when ``level`` is the expected share of false ones among those named, (n,).

    For screening many areas at once, where one false name among many right ones is cheaper than a missed one; nan
    never stands out. Benjamini & Hochberg, J. R. Statist. Soc. B 57 (1995) 289-300; holds for independent or positively
    dependent tests.

    Examples
    --------
    >>> import numpy as np
    >>> benjamini_hochberg(np.array([0.001, 0.8, 0.02, 0.03])).tolist()
    [True, False, True, True]
    """
    usable = np.flatnonzero(np.isfinite(p_values))
    order = usable[np.argsort(p_values[usable])]
    allowed = level * np.arange(1, len(order) + 1) / max(len(order), 1)
    below = np.flatnonzero(p_values[order] <= allowed)
    found = np.zeros(len(p_values), dtype=bool)
    found[order[: below[-1] + 1 if len(below) else 0]] = True
    return found
