"""What an existing train makes of its feed.

Stages, flows and feed are given, the profile and the outlets follow; also where the flows are below the minimum for a
pure product, only that the products are then poor.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ferrolan.base.errors import NotConverged, ProblemError
from ferrolan.process.cascade.flows import Flows, flows_of
from ferrolan.process.cascade.lagging import LaggingWalk
from ferrolan.process.cascade.minimum import distance_to_pinch
from ferrolan.process.cascade.separation import Settled, settle
from ferrolan.process.cascade.train import Floats, Profile, SeparationFactors, Train, frozen
from ferrolan.process.cascade.walk import Walk

_CLOSED, _MET = 1e-9, 1e-8
"""Largest share by which a component, and by which a stage's total, may be open in what is called settled."""


def rate(train: Train, start: Profile | None = None) -> Profile:
    """Steady state of a train.

    Parameters
    ----------
    train
        What the train is; its chemistry chooses the closure.
    start
        Steady state of a train much like it, with as many stages; saves iterations and does not change the answer.

    Returns
    -------
    Profile
        Always settled and closed; `Profile.distance_to_pinch` says whether its flows allow pure products.

    Raises
    ------
    ProblemError
        If the train contradicts itself: flows that would run backwards, missing factors, negative amounts.
    NotConverged
        With the last ln K: seen where reflux, entrainment, efficiency or feeds of both phases meet a product of less
        than 1e-3 of the feed or more than a hundred stages, about one in a hundred of such trains.

    Examples
    --------
    >>> from ferrolan.process.cascade import Feed, SeparationFactors, Train
    >>> train = Train(("A", "B"), 45, (Feed(24, (0.5, 0.5)),), 1.70864, 1.20819, SeparationFactors((2.0, 1.0)))
    >>> round(rate(train).purity("raffinate", "B"), 5)
    0.99989
    """
    if isinstance(train.chemistry, SeparationFactors):
        flows = flows_of(train)
        walk = walk_of(train, flows)
        settled = settle(flows, walk, _slopes(start, train))
        return _profile(train, flows, settled)
    from ferrolan.process.cascade.mass_action import solve  # imports this room's train, as this module does

    return solve(train, start)


def walk_of(train: Train, flows: Flows) -> Walk:
    """Balances of a train's components: of equilibrium stages, or of stages with an efficiency."""
    efficiency = np.asarray(train.efficiency, dtype=np.float64)
    if not (np.isfinite(efficiency) & (efficiency > 0.0) & (efficiency <= 1.0)).all():
        raise ProblemError("efficiency: expected numbers above 0 and up to 1, as an organic cannot pass equilibrium.")
    if (efficiency == 1.0).all():
        return Walk(flows)
    try:
        spread = np.broadcast_to(efficiency, (train.size, len(train.components)))
    except ValueError as error:
        raise ProblemError(
            f"efficiency: expected one, one a component, or {train.size} x {len(train.components)}, "
            f"got shape {efficiency.shape}."
        ) from error
    return LaggingWalk(flows, np.ascontiguousarray(spread.T), train)


def _slopes(start: Profile | None, train: Train) -> Floats | None:
    """Return ln K of a profile, against the factors of the train (N,)."""
    if start is None or start.aqueous.shape != (train.size, len(train.components)):
        return None
    assert isinstance(train.chemistry, SeparationFactors)
    alpha = train.chemistry.alpha / np.exp(np.mean(np.log(train.chemistry.alpha)))
    slopes: Floats = np.log(start.organic.sum(axis=1) / (alpha * start.aqueous).sum(axis=1))
    return slopes


def _profile(train: Train, flows: Flows, settled: Settled) -> Profile:
    outlets = _outlets(flows, settled.aqueous, settled.organic)
    fed = train.fed
    closure = (fed - np.sum(list(outlets.values()), axis=0)) / fed
    residual = float(np.abs(settled.aqueous.sum(axis=0) / flows.aqueous - 1.0).max())
    check_settled(outlets, closure, residual, settled)
    return Profile(
        train,
        frozen(settled.aqueous.T),
        frozen(settled.organic.T),
        outlets,
        residual,
        frozen(closure),
        settled.iterations,
        distance_to_pinch=distance_to_pinch(train),
        states={"ln_k": frozen(settled.slopes)},
    )


def check_settled(outlets: Mapping[str, Floats], closure: Floats, residual: float, settled: Settled) -> None:
    """Hand out nothing that is open or negative.

    Raises
    ------
    NotConverged
        If a component is open by 1e-9 of its feed, a stage's total by 1e-8, or an outlet is negative.
    """
    open_by = float(np.abs(closure).max())
    negative = [name for name, amounts in outlets.items() if (amounts < 0.0).any()]
    if open_by <= _CLOSED and residual <= _MET and not negative:
        return
    raise NotConverged(
        f"the train did not settle: a component is open by {open_by:.3g} of its feed (expected below "
        f"{_CLOSED:g}), a stage's total by {residual:.3g} (expected below {_MET:g}), negative: "
        f"{', '.join(negative) or 'none'}. Give flows of a size with the feed.",
        last_iterate=settled.slopes,
        residual=max(open_by, residual),
    )


def _outlets(flows: Flows, aqueous: Floats, organic: Floats) -> Mapping[str, Floats]:
    return {
        name: frozen(shares[0] * aqueous[:, at] + shares[1] * organic[:, at])
        for name, (at, shares) in flows.outlets.items()
    }
