"""Least flows that part two neighbours, and how far a train is from them.

Neodymium and praseodymium with a separation factor of 1.5 and a feed of half each need a scrub of at least 2 mol per
mol of feed and an organic of 2.5: below, a plateau of constant composition forms at the feed (the pinch), and no number
of stages makes the products pure. A. J. V. Underwood's equations of minimum reflux hold for exchange extraction with
constant flows and factors, sharp split between neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from ferrolan.base.errors import ProblemError
from ferrolan.process.cascade.train import Floats, SeparationFactors, Train

EXTRACTION = "extraction"
SCRUB = "scrub"


@dataclass(frozen=True)
class Minimum:
    """Least flows of a cut, for a feed of one in the molar unit of its amounts.

    ``scrub`` W and ``organic`` S [kmol/h], ``root`` of Underwood's equation in the unit of the factors, ``light_key``
    and ``heavy_key`` the indices of the neighbours that are parted, ``product`` what leaves with the organic [kmol/h].
    """

    scrub: float
    organic: float
    root: float
    light_key: int
    heavy_key: int
    product: float


def minimum_flows(alpha: ArrayLike, feed: ArrayLike, heavy: int) -> Minimum:
    r"""Least flows of organic and scrub that part the ``heavy`` most extractable components from the others.

    :math:`\sum \alpha_i z_i/(\alpha_i - \varphi) = 0` with the root between the keys, and
    :math:`S = \sum_{heavy} \alpha_i z_i/(\alpha_i - \varphi)`, :math:`W = S - \sum_{heavy} z_i`. For two components
    :math:`W = f'_A / ((\beta - 1) f_A)`.

    Parameters
    ----------
    alpha : (C,)
        Extractabilities against any one reference [1].
    feed : (C,)
        Amounts in an aqueous feed [kmol/h].
    heavy
        How many components go with the organic, the most extractable first.

    Raises
    ------
    ProblemError
        If there is no such cut, or its neighbours have the same factor.

    Examples
    --------
    >>> found = minimum_flows([2.0, 1.0], [0.5, 0.5], 1)
    >>> round(found.scrub, 12), round(found.organic, 12)
    (1.0, 1.5)

    References
    ----------
    A. J. V. Underwood, Fractional Distillation of Multicomponent Mixtures, Chem. Eng. Prog. 44 (1948) 603 (from
    memory; the carry-over to exchange extraction is checked by simulation).
    """
    factors, amounts = np.asarray(alpha, dtype=np.float64), np.asarray(feed, dtype=np.float64)
    if not 0 < heavy < len(factors):
        raise ProblemError(f"cut: expected 1 to {len(factors) - 1} components in the organic product, got {heavy}.")
    order = np.argsort(-factors, kind="stable")
    heavy_key, light_key = int(order[heavy - 1]), int(order[heavy])
    root = _root(factors, amounts, float(factors[light_key]), float(factors[heavy_key]))
    taken, left = order[:heavy], order[heavy:]
    # the sums over both groups are equal; the pole of the key that the root is near spoils its own
    near_light = root - factors[light_key] < factors[heavy_key] - root
    group, sign = (taken, 1.0) if near_light else (left, -1.0)
    organic = sign * float((factors[group] * amounts[group] / (factors[group] - root)).sum())
    product = float(amounts[taken].sum())
    return Minimum(organic - product, organic, root, light_key, heavy_key, product)


def distance_to_pinch(train: Train) -> Mapping[str, float]:
    """Flow of each section over the least that parts the product a train makes, less one [1].

    The cut is the one whose amount of heavy components comes nearest to the organic product. Negative: pinched; zero:
    infinitely many stages. The extraction section answers for the organic load, the scrub section for the scrub. Empty
    for trains with several feeds or further outlets, to which the theory does not apply, and where both neighbours of
    the cut have the same factor.
    """
    if not isinstance(train.chemistry, SeparationFactors) or len(train.feeds) != 1 or train.draws or train.acids:
        return {}
    if train.feeds[0].phase != "aqueous" or train.chemistry.alpha.ndim != 1:
        return {}
    try:
        least = minimum_flows(train.chemistry.alpha, train.fed, heavy_count(train))
    except ProblemError:  # neighbours with one factor: there is no cut to measure against
        return {}
    return {EXTRACTION: train.organic_load / least.organic - 1.0, SCRUB: train.scrub / least.scrub - 1.0}


def heavy_count(train: Train) -> int:
    """How many components, the most extractable first, come nearest to what leaves with the organic product."""
    assert isinstance(train.chemistry, SeparationFactors)
    order = np.argsort(-np.atleast_2d(train.chemistry.alpha)[0], kind="stable")
    product = train.organic_load - train.scrub
    return int(np.argmin(np.abs(np.cumsum(train.fed[order])[:-1] - product))) + 1


def _root(factors: Floats, amounts: Floats, light: float, heavy: float) -> float:
    if not heavy > light * (1.0 + 1e-9):
        raise ProblemError(
            f"cut: the neighbours have the same separation factor ({light:g}), so no flow parts them. "
            "Cut elsewhere, or take them as one group."
        )
    span = heavy - light
    shifted = factors - light

    def sum_at(share: float) -> float:
        return float((factors * amounts / (shifted - share * span)).sum())

    low, high = 1e-12, 1.0 - 1e-12
    if sum_at(low) * sum_at(high) > 0.0:  # next to a key of which there is all but nothing
        return light + (low if abs(sum_at(low)) < abs(sum_at(high)) else high) * span
    share: float = brentq(sum_at, low, high, xtol=1e-15, rtol=1e-14)
    return light + share * span
