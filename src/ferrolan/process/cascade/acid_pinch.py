"""How far a train of closure B is from its pinch.

The liquor that is fed brings acid, so that the organic carries less before the feed stage than behind it: 0.083 kmol/h
and 0.115 kmol/h in a train that parts samarium from neodymium. A. J. V. Underwood's equations of minimum reflux allow
for that as they do for a feed that is partly vapour: with the factors of the feed stage, and the difference of both
loads, the root phi between the keys solves ``Σ alpha_i z_i / (alpha_i - phi) = load behind - load before``, and the
least load behind the feed is the same sum over what goes with the organic. Factors and loads at the feed stage stand
for their sections, so that this is a guide and no proof.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.optimize import brentq

from ferrolan.process.cascade.minimum import EXTRACTION, SCRUB
from ferrolan.process.cascade.train import PRODUCT, SPENT, Floats, Train


def acid_pinch(train: Train, aqueous: Floats, organic: Floats, outlets: Mapping[str, Floats]) -> Mapping[str, float]:
    """Load of the extraction section, and scrub, over the least that would part the product made, less one [1].

    Negative: pinched. Empty for trains without one liquor fed between two sections, or with draws or acids beside.
    """
    if len(train.feeds) != 1 or train.draws or train.acids or train.feeds[0].phase != "aqueous":
        return {}
    at = train.feeds[0].stage - 1
    if not 0 < at < train.stages - 1 or not (aqueous[at] > 0.0).all():
        return {}
    product = float(sum(outlets[name].sum() for name in (PRODUCT, SPENT) if name in outlets))
    before, behind = float(organic[at - 1].sum()), float(organic[at].sum())
    least = _least_load(organic[at] / aqueous[at], train.fed, product, behind - before)
    if least is None:
        return {}
    load, taken = least
    scrub = load - taken
    return {EXTRACTION: before / (load - behind + before) - 1.0, SCRUB: (behind - taken) / scrub - 1.0}


def _least_load(factors: Floats, fed: Floats, product: float, gained: float) -> tuple[float, float] | None:
    """Least load behind the feed, and the heavy components' amount, at the cut nearest to ``product`` [kmol/h]."""
    order = np.argsort(-factors, kind="stable")
    heavy = int(np.argmin(np.abs(np.cumsum(fed[order])[:-1] - product))) + 1 if len(fed) > 1 else 0
    if not heavy:
        return None
    upper, lower = factors[order[heavy - 1]], factors[order[heavy]]
    margin = 1e-9 * (upper - lower)

    def gain(root: float) -> float:
        return float((factors * fed / (factors - root)).sum()) - gained

    if margin <= 1e-12 * upper or gain(lower + margin) > 0.0 or gain(upper - margin) < 0.0:
        return None
    root = brentq(gain, lower + margin, upper - margin, xtol=1e-300, rtol=1e-12)
    taken = order[:heavy]
    load = float((factors[taken] * fed[taken] / (factors[taken] - root)).sum())
    return (load, float(fed[taken].sum())) if load > max(gained, fed[taken].sum()) else None
