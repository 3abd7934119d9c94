"""A hundred likely states of one train, and how an assay changes them.

Each member holds the logarithms of what its stages hold, now and at every hour of the last days, and what the observer
doubts: logarithms of flows, separation factors and feed, all as offsets. A stage assay speaks of a sample taken hours
ago. The members' compositions of that hour stand among the rest, so that what correlates with them is corrected,
whether it lies before the sample or behind it: an ensemble smoother with a fixed lag (Evensen and van Leeuwen), in the
form that adds the assays one by one without random numbers (Whitaker and Hamill). No run is repeated.

References
----------
Evensen, G., van Leeuwen, P. J. (2000). An ensemble Kalman smoother for nonlinear dynamics. Mon. Weather Rev. 128,
1852-1867. doi:10.1175/1520-0493(2000)128<1852:AEKSFN>2.0.CO;2
Whitaker, J. S., Hamill, T. M. (2002). Ensemble data assimilation without perturbed observations. Mon. Weather Rev. 130,
1913-1924. doi:10.1175/1520-0493(2002)130<1913:EDAWPO>2.0.CO;2
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ferrolan.process.cascade.train import Floats


@dataclass(frozen=True, eq=False)
class Innovation:
    """An assay against what was expected: ``gap`` over ``sd``, the standard deviation expected of it [1]."""

    gap: float
    sd: float


def corrected(members: Floats, expected: Floats, observed: float, variance: float) -> Floats:
    """Members (B, D) corrected by one observation of what each of them ``expected`` (B,).

    Parameters
    ----------
    variance
        Of the observation's error.
    """
    mean = expected.mean()
    spread = expected - mean
    size = float(spread @ spread) / (len(expected) - 1)
    total = size + variance
    share = 1.0 / (1.0 + np.sqrt(variance / total))
    gain = (spread @ (members - members.mean(axis=0))) / (len(expected) - 1) / total
    moved: Floats = members + np.outer((observed - mean) - share * spread, gain)
    return moved


def innovation(expected: Floats, observed: float, variance: float) -> Innovation:
    """How far an observation is from what members (B,) expect."""
    sd = float(np.sqrt(expected.var(ddof=1) + variance))
    return Innovation((observed - float(expected.mean())) / sd, sd)


def widened(members: Floats, factor: float) -> Floats:
    """Members (B, ...) with their distances from the mean times a factor."""
    if factor == 1.0:
        return members
    mean = members.mean(axis=0)
    wider: Floats = mean + factor * (members - mean)
    return wider


def logit(share: Floats) -> Floats:
    """Logarithm of share / (1 - share)."""
    result: Floats = np.log(share) - np.log1p(-share)
    return result
