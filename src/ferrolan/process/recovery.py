"""What a separation recovers, by its assays alone.

A flotation cell is fed 1.0 % copper, its concentrate holds 10 %, its tails 0.2 %: with nothing weighed, 8.2 % of the
mass and 81.6 % of the copper went into the concentrate. Two balances, of mass and of the metal, leave no other answer;
nothing is left over to check it either, so where flows are weighed the account of ``reconciliation`` knows more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ferrolan.base.errors import ProblemError


@dataclass(frozen=True)
class Separation:
    """Shares of the feed that go into the concentrate.

    ``mass_yield`` of the mass and ``recovery`` of the component [1], each with its standard deviation [1].
    """

    mass_yield: float
    recovery: float
    mass_yield_sd: float
    recovery_sd: float


def two_product_recovery(
    feed: float, concentrate: float, tails: float, *, sd: tuple[float, float, float] = (0.0, 0.0, 0.0)
) -> Separation:
    r"""Yield and recovery of a separation by the two-product formula.

    :math:`Y = (f - t)/(c - t)` of the mass and :math:`R = Y c/f` of the component.

    Parameters
    ----------
    feed, concentrate, tails
        Content of the component in each, in one unit (mass fraction, g/t).
    sd
        Standard deviations of the three contents, independent, in the same unit.

    Returns
    -------
    Separation
        Standard deviations are of first order: good while they are small against the differences of the contents.

    Raises
    ------
    ProblemError
        If a number is negative or not finite, or the feed does not lie between concentrate and tails.

    References
    ----------
    B. A. Wills, J. A. Finch, Wills' Mineral Processing Technology, 8th edition, 2016, chapter 3.

    Examples
    --------
    >>> found = two_product_recovery(0.010, 0.100, 0.002, sd=(0.0002, 0.002, 0.00004))
    >>> round(found.mass_yield, 4), round(found.recovery, 4), round(found.recovery_sd, 4)
    (0.0816, 0.8163, 0.0056)
    """
    _check((feed, concentrate, tails), sd)
    span = concentrate - tails
    share = (feed - tails) / span
    slopes = (1.0 / span, -share / span, (share - 1.0) / span)
    ratio = concentrate / feed
    of_metal = (ratio * tails / (feed * span), -tails * share / (feed * span), ratio * (share - 1.0) / span)
    return Separation(share, share * ratio, _spread(slopes, sd), _spread(of_metal, sd))


def _check(contents: tuple[float, float, float], sd: tuple[float, float, float]) -> None:
    feed, concentrate, tails = contents
    if not all(math.isfinite(number) and number >= 0.0 for number in (*contents, *sd)):
        raise ProblemError(f"contents and standard deviations must be finite and at least 0, got {contents} and {sd}")
    if not min(concentrate, tails) < feed < max(concentrate, tails):
        raise ProblemError(
            f"the feed must lie between tails and concentrate, got feed {feed}, concentrate {concentrate}, tails "
            f"{tails}. Nothing was separated, or an assay is wrong"
        )


def _spread(slopes: tuple[float, float, float], sd: tuple[float, float, float]) -> float:
    return math.hypot(*(slope * sigma for slope, sigma in zip(slopes, sd, strict=True)))
