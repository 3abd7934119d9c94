"""How the outlets of a settled train answer to separation factors, feed, organic load and scrub.

A per cent more neodymium in the feed of a train whose flows stay as they are does not change the product by a per cent:
it goes to the raffinate, all of it, once the organic is full. By implicit differentiation at the steady state: one
factorisation of the Jacobian answers for every parameter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ferrolan.base.errors import ProblemError
from ferrolan.process.cascade.flows import Flows, flows_of
from ferrolan.process.cascade.rating import walk_of
from ferrolan.process.cascade.train import Floats, Profile, SeparationFactors
from ferrolan.process.cascade.walk import Bools, Walk

_STEP = 1e-6
"""Relative step of the central differences of what depends smoothly on a parameter: error of order 1e-11."""


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """Slopes of outlets, by name.

    ``by_alpha`` (C, C) of the outlet's amounts (rows) by the logarithm of each separation factor [kmol/h], ``by_feed``
    (C, C) by each amount fed [1], ``by_organic`` and ``by_scrub`` (C,) by S and W, the other held [1]. Valid while no
    front leaves its place: where a product is pure to 1e-6, for moves of 1e-6 of the feed.
    """

    by_alpha: Mapping[str, Floats]
    by_feed: Mapping[str, Floats]
    by_organic: Mapping[str, Floats]
    by_scrub: Mapping[str, Floats]


def sensitivity(profile: Profile) -> Sensitivity:
    """Slopes of the outlets of a settled train of closure A.

    Raises
    ------
    ProblemError
        If the train has several feeds, draws, a stripping section, reflux or entrainment, whose shares move with the
        flows, or an efficiency: use `rate_many` on a few neighbours there.
    """
    train = profile.train
    if not _is_simple(profile):
        raise ProblemError("sensitivity: expected a train with one aqueous feed and two outlets, at equilibrium.")
    flows = flows_of(train)
    walk, slopes = walk_of(train, flows), profile.states["ln_k"]
    reply = walk.reply(slopes)
    by_parameter = np.concatenate(
        [
            _gap_by_alpha(flows, walk, slopes),
            _gap_by_feed(flows, walk, reply.aqueous, train.feeds[0].stage),
            _gap_by_flows(flows, walk, reply.aqueous),
        ]
    )
    moved = -np.linalg.solve(reply.jacobian, by_parameter.T).T
    answers = [_carried(walk, slopes, move) for move in moved]
    count = len(train.components)
    direct_alpha = _direct_alpha(flows, walk, slopes)
    slopes_of = {}
    for name, (at, shares) in flows.outlets.items():
        rows = np.array([shares[0] * aqueous[:, at] + shares[1] * organic[:, at] for aqueous, organic in answers])
        amounts = profile.outlets[name]
        rows[:count] += np.diag(shares[0] * direct_alpha[0][:, at] + shares[1] * direct_alpha[1][:, at])
        rows[count : 2 * count] += np.diag(amounts / walk.fed)
        slopes_of[name] = rows.T
    return Sensitivity(
        {name: rows[:, :count] for name, rows in slopes_of.items()},
        {name: rows[:, count : 2 * count] for name, rows in slopes_of.items()},
        {name: rows[:, -2] for name, rows in slopes_of.items()},
        {name: rows[:, -1] for name, rows in slopes_of.items()},
    )


def _is_simple(profile: Profile) -> bool:
    train = profile.train
    plain = isinstance(train.chemistry, SeparationFactors) and not (train.draws or train.acids or train.stripping)
    one_feed = len(train.feeds) == 1 and train.feeds[0].phase == "aqueous"
    at_rest = train.product_reflux == train.raffinate_reflux == 0.0
    still = not (np.any(train.entrained_aqueous) or np.any(train.entrained_organic))
    return plain and one_feed and at_rest and still and bool((np.asarray(train.efficiency) == 1.0).all())


def _at_alpha(flows: Flows, factors: Floats) -> Walk:
    changed = Flows(
        flows.alpha * factors[:, None],
        flows.feed,
        flows.organic_feed,
        flows.aqueous,
        flows.organic,
        flows.stays,
        flows.up,
        flows.down,
        flows.raffinate,
        flows.outlets,
    )
    return Walk(changed)


def _direct_alpha(flows: Flows, walk: Walk, slopes: Floats) -> tuple[Floats, Floats]:
    """Slopes of each component's amounts (C, N) by the logarithm of its own factor, at given K."""
    every = np.ones(len(walk.fed))
    above, below = (_at_alpha(flows, every * np.exp(sign * _STEP)).amounts(slopes) for sign in (1.0, -1.0))
    aqueous, organic = ((one - other) / (2.0 * _STEP) for one, other in zip(above, below, strict=True))
    return aqueous, organic


def _gap_by_alpha(flows: Flows, walk: Walk, slopes: Floats) -> Floats:
    rows = []
    for at in range(len(walk.fed)):
        factors = np.ones(len(walk.fed))
        factors[at] = np.exp(_STEP)
        above, below = (_at_alpha(flows, one) for one in (factors, 1.0 / factors))
        rows.append((above.gap(*above.amounts(slopes)) - below.gap(*below.amounts(slopes))) / (2.0 * _STEP))
    return np.array(rows)


def _gap_by_feed(flows: Flows, walk: Walk, aqueous: Floats, stage: int) -> Floats:
    """Slopes of the gaps (C, N) by the amounts fed: of the component, and of the totals below the feed."""
    rows: Floats = aqueous / walk.fed[:, None] / aqueous.sum(axis=0)
    rows[:, :stage] -= 1.0 / flows.aqueous[:stage]
    heavy, amount, leaving = _ends(walk, aqueous)
    rows[:, 0] = np.where(heavy, leaving / walk.fed / amount - 1.0 / amount, -leaving / walk.fed / amount)
    return rows


def _gap_by_flows(flows: Flows, walk: Walk, aqueous: Floats) -> Floats:
    """Slopes of the gaps (2, N) by S and by W."""
    rows = np.zeros((2, walk.stages))
    rows[1] = -1.0 / flows.aqueous
    _, amount, _ = _ends(walk, aqueous)
    rows[0, 0], rows[1, 0] = 1.0 / amount, -1.0 / amount
    return rows


def _ends(walk: Walk, aqueous: Floats) -> tuple[Bools, float, Floats]:
    """Which components are heavy (C,), what their parting compares, and what of each leaves on its far side (C,)."""
    raffinate = aqueous[:, 0] * walk.flows.raffinate[0]
    heavy = raffinate < 0.5 * walk.fed
    forced = float(walk.forced(heavy))
    far = np.where(heavy, raffinate, walk.fed - raffinate)
    return heavy, float(raffinate[heavy].sum()) + max(forced, 0.0), far


def _carried(walk: Walk, slopes: Floats, move: Floats) -> tuple[Floats, Floats]:
    """Slopes of the amounts along a move of ln K, by a central difference."""
    size = float(np.abs(move).max())
    if size == 0.0:
        return np.zeros_like(walk.flows.alpha), np.zeros_like(walk.flows.alpha)
    step = _STEP / size
    above, below = walk.amounts(slopes + step * move), walk.amounts(slopes - step * move)
    aqueous, organic = ((one - other) / (2.0 * step) for one, other in zip(above, below, strict=True))
    return aqueous, organic
