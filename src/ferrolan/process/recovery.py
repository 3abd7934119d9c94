"""What a separation recovers, by its assays alone.

A flotation cell is fed 1.0 % copper, its concentrate holds 10 %, its tails 0.2 %: with nothing weighed, 8.2 % of the
mass and 81.6 % of the copper went into the concentrate. Two balances, of mass and of the metal, leave no other answer;
nothing is left over to check it either, so where flows are weighed the account of ``reconciliation`` knows more. With
two metals, say lead and zinc, three products come out of the same arithmetic.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ferrolan.base.errors import ProblemError

Floats = NDArray[np.float64]

_FLAT = 1e-9
"""Determinant of the differences of contents, against their sizes, below which two components separate alike."""


@dataclass(frozen=True)
class Separation:
    """Shares of the feed that go into the concentrate.

    ``mass_yield`` of the mass and ``recovery`` of the component [1], each with its standard deviation [1].
    """

    mass_yield: float
    recovery: float
    mass_yield_sd: float
    recovery_sd: float


@dataclass(frozen=True)
class ThreeProducts:
    """Shares of the feed that go into two concentrates, by two components.

    ``mass_yields`` (2,) of the mass and ``recoveries`` (2, 2) of the components [1], a row a concentrate and a column a
    component, each with its standard deviations [1].
    """

    mass_yields: Floats
    recoveries: Floats
    mass_yield_sds: Floats
    recovery_sds: Floats


def two_product_recovery(
    feed: float,
    concentrate: float,
    tails: float,
    *,
    sd: tuple[float, float, float] = (0.0, 0.0, 0.0),
    covariance: ArrayLike | None = None,
) -> Separation:
    r"""Yield and recovery of a separation by the two-product formula.

    :math:`Y = (f - t)/(c - t)` of the mass and :math:`R = Y c/f` of the component.

    Parameters
    ----------
    feed, concentrate, tails
        Content of the component in each, in one unit (mass fraction, g/t).
    sd
        Standard deviations of the three contents, independent, in the same unit.
    covariance : (3, 3)
        Covariance of feed, concentrate and tails in place of ``sd``, where a laboratory's error is common to them.

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
    spread = np.diag(np.square(sd)) if covariance is None else np.asarray(covariance, dtype=np.float64)
    of_share, of_recovery = _spread(np.array([slopes, of_metal]), spread).tolist()
    return Separation(share, share * ratio, of_share, of_recovery)


def three_product_recovery(
    feed: tuple[float, float],
    first: tuple[float, float],
    second: tuple[float, float],
    tails: tuple[float, float],
    *,
    covariance: ArrayLike | None = None,
) -> ThreeProducts:
    r"""Yields and recoveries of a separation into two concentrates and tails by the three-product formula.

    With :math:`f, c_1, c_2, t` the contents of two components in feed, concentrates and tails, the yields solve
    :math:`(c_1 - t) Y_1 + (c_2 - t) Y_2 = f - t` for both components; :math:`R_{jk} = Y_j c_{jk}/f_k`.

    Parameters
    ----------
    feed, first, second, tails
        Contents of the two components in each, in one unit (mass fraction, g/t).
    covariance : (8, 8)
        Covariance of the eight contents, those of feed first, then first, second, tails; none without it.

    Returns
    -------
    ThreeProducts
        Standard deviations are of first order: :math:`dY = M^{-1}(df - Y_1 dc_1 - Y_2 dc_2 - (1 - Y_1 - Y_2) dt)` with
        :math:`M` the matrix of the differences.

    Raises
    ------
    ProblemError
        If a number is negative or not finite, or no yields between 0 and 1 explain the contents.

    References
    ----------
    B. A. Wills, J. A. Finch, Wills' Mineral Processing Technology, 8th edition, 2016, chapter 3.

    Examples
    --------
    Lead and zinc in feed, lead concentrate, zinc concentrate and tails:

    >>> found = three_product_recovery((0.050, 0.080), (0.700, 0.060), (0.015, 0.550), (0.004, 0.006))
    >>> found.mass_yields.round(4).tolist(), found.recoveries.round(3).tolist()
    ([0.064, 0.1297], [[0.897, 0.048], [0.039, 0.891]])
    """
    contents = np.array([feed, first, second, tails], dtype=np.float64)
    spread = np.zeros((8, 8)) if covariance is None else np.asarray(covariance, dtype=np.float64)
    if not (np.isfinite(contents).all() and (contents >= 0.0).all() and (contents[0] > 0.0).all()):
        raise ProblemError(f"contents must be finite and at least 0, and above 0 in the feed, got {contents.tolist()}")
    matrix = (contents[1:3] - contents[3]).T
    shares = _yields(matrix, contents)
    weights = np.array([1.0, -shares[0], -shares[1], shares.sum() - 1.0])
    slopes = np.kron(weights, np.linalg.inv(matrix))
    ratio = contents[1:3] / contents[0]
    of_metal = np.zeros((2, 2, 8))
    for product in range(2):
        for component in range(2):
            of_metal[product, component] = ratio[product, component] * slopes[product]
            of_metal[product, component, 2 * (product + 1) + component] += shares[product] / contents[0, component]
            of_metal[product, component, component] -= shares[product] * ratio[product, component] / feed[component]
    sds = _spread(of_metal.reshape(4, 8), spread).reshape(2, 2)
    return ThreeProducts(shares, shares[:, None] * ratio, _spread(slopes, spread), sds)


def _yields(matrix: Floats, contents: Floats) -> Floats:
    """Mass yields of two concentrates; refused where no yields between 0 and 1 explain the contents."""
    known = abs(np.linalg.det(matrix)) > _FLAT * float(np.prod(np.abs(matrix).max(axis=1)))
    shares: Floats = np.linalg.solve(matrix, contents[0] - contents[3]) if known else np.full(2, np.nan)
    if not ((shares > 0.0).all() and shares.sum() < 1.0):
        raise ProblemError(
            f"the contents of feed {contents[0].tolist()}, concentrates {contents[1].tolist()} and "
            f"{contents[2].tolist()} and tails {contents[3].tolist()} leave no yields between 0 and 1. The two "
            "components separate alike, or an assay is wrong"
        )
    return shares


def _check(contents: tuple[float, float, float], sd: tuple[float, float, float]) -> None:
    feed, concentrate, tails = contents
    if not all(math.isfinite(number) and number >= 0.0 for number in (*contents, *sd)):
        raise ProblemError(f"contents and standard deviations must be finite and at least 0, got {contents} and {sd}")
    if not min(concentrate, tails) < feed < max(concentrate, tails):
        raise ProblemError(
            f"the feed must lie between tails and concentrate, got feed {feed}, concentrate {concentrate}, tails "
            f"{tails}. Nothing was separated, or an assay is wrong"
        )


def _spread(slopes: Floats, covariance: Floats) -> Floats:
    """Standard deviations of figures with these slopes (figures, contents)."""
    found: Floats = np.sqrt(np.maximum(np.sum((slopes @ covariance) * slopes, axis=1), 0.0))
    return found
