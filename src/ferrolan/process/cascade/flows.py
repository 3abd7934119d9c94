"""Flows of a train of closure A: how much of both phases leaves each stage, and where it goes.

The saponified organic is full, so a stage's totals follow from the train alone: with S on the organic and W in the
scrub, a feed of 1 runs as W + 1 through the extraction section and as W through the scrub. Each component then walks
from stage to stage with the phases, and its balance is tridiagonal:

    (o0 + o1 a) l  =  (u0 + u1 a)' l'  +  (d0 + d1 a)'' l''  +  F,     v = a l,     a = alpha K

where ' is the stage below (whose organic comes up) and '' the one above (whose liquor comes down).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg.lapack import dgtsv

from ferrolan.base.errors import ProblemError
from ferrolan.process.cascade.train import PRODUCT, RAFFINATE, SPENT, Draw, Floats, SeparationFactors, Train

LEAST_SHARE = 1e-9
"""Share of the feed below which a flow counts as none: far above round-off, far below what anybody meters."""
_ROUND_OFF = 1e-12
"""Share of a flow that is nothing but round-off."""


@dataclass(frozen=True, eq=False)
class Flows:
    """Totals and transfers of a train.

    ``aqueous`` L and ``organic`` V (N,) are what leaves each stage before draws [kmol/h]; ``stays`` (2, N), ``up``
    (2, N) and ``down`` (2, N) are the shares of the liquor (first row) and of the organic (second row) that leave the
    stage for good or for a neighbour, that run to the next stage, and to the one before [1]; ``feed`` (C, N) enters,
    of which ``organic_feed`` (C, N) with the organic [kmol/h]; ``alpha`` (C, N); ``raffinate`` (2,) are the shares of
    stage 1 that leave as raffinate; ``outlets`` maps a name to the stage's index and the shares (2,) that leave there.
    """

    alpha: Floats
    feed: Floats
    organic_feed: Floats
    aqueous: Floats
    organic: Floats
    stays: Floats
    up: Floats
    down: Floats
    raffinate: Floats
    outlets: dict[str, tuple[int, Floats]]


def flows_of(train: Train) -> Flows:
    """Totals and transfers of a train of closure A.

    Raises
    ------
    ProblemError
        If the train contradicts itself, or a phase would have to run backwards somewhere.
    """
    alpha = _checked(train)
    n = train.size
    draws, forward = _drawn(train), _entrained(train)
    acid, refluxed = _acids(train), np.array([train.raffinate_reflux, train.product_reflux])
    aqueous_feed, organic_feed = _fed(train, "aqueous"), _fed(train, "organic")
    gain = np.zeros(n)
    gain[0] = train.organic_load - refluxed[0]
    organic_in = gain - acid + organic_feed.sum(axis=0)
    organic_in[0] += refluxed[0]
    organic = _totals(organic_in, draws[1], 1.0 - forward[1], forward[1], train, "organic")
    if train.stripping:
        acid[-1] = train.stripping.share * organic[-1]
        organic[-1] -= acid[-1]
    aqueous_in = acid - gain + aqueous_feed.sum(axis=0)
    aqueous_in[train.stages - 1] += refluxed[1]
    back = 1.0 - forward[0]
    taken = draws[0].copy()
    if train.stripping:
        taken[train.stages] = 0.0
        back = back.copy()
        back[train.stages] = 0.0
    aqueous = _totals(aqueous_in, taken, forward[0], back, train, "aqueous")
    return _transfers(train, alpha, aqueous_feed, organic_feed, aqueous, organic, draws, forward)


def _transfers(
    train: Train,
    alpha: Floats,
    aqueous_feed: Floats,
    organic_feed: Floats,
    aqueous: Floats,
    organic: Floats,
    draws: Floats,
    forward: Floats,
) -> Flows:
    left = 1.0 - draws / np.array([aqueous, organic])
    up = np.array([left[0] * forward[0], left[1] * (1.0 - forward[1])])
    down = np.array([left[0] * (1.0 - forward[0]), left[1] * forward[1]])
    stays = np.ones((2, train.size))
    outlets: dict[str, tuple[int, Floats]] = {}
    for draw in train.draws:
        which = 0 if draw.phase == "aqueous" else 1
        share = np.zeros(2)
        share[which] = draw.rate / (aqueous, organic)[which][draw.stage - 1]
        outlets[draw.name] = (draw.stage - 1, share)
    raffinate, last = down[:, 0].copy(), up[:, -1].copy()
    returned, raffinate[0] = _returned(train, "raffinate_reflux", raffinate[0], aqueous[0])
    stays[0, 0] -= returned
    if train.stripping:
        at, behind = train.stages, train.size - 1
        returned, left_over = _returned(train, "product_reflux", down[0, at], aqueous[at])
        down[0, at] = returned
        outlets[PRODUCT], outlets[SPENT] = (at, np.array([left_over, 0.0])), (behind, last)
    else:
        returned, last[1] = _returned(train, "product_reflux", last[1], organic[-1])
        stays[1, -1] -= returned
        outlets[PRODUCT] = (train.size - 1, last)
    outlets[RAFFINATE] = (0, raffinate)
    up[:, -1] = 0.0
    down[:, 0] = 0.0
    return Flows(
        alpha, aqueous_feed + organic_feed, organic_feed, aqueous, organic, stays, up, down, raffinate, outlets
    )


def _returned(train: Train, name: str, share: float, flow: float) -> tuple[float, float]:
    """Share of a flow that returns as reflux, and what is left of the ``share`` that comes to the outlet [1]."""
    reflux: float = getattr(train, name)
    left = share - reflux / flow
    if left < -_ROUND_OFF:
        raise ProblemError(
            f"{name}: expected at most {_most_returned(train, name, share * flow)} to that outlet behind draws, "
            f"entrainment and stripping, got {reflux:.6g}. Return less, or let more come there."
        )
    return reflux / flow, max(left, 0.0)


def _most_returned(train: Train, name: str, coming: float) -> str:
    """The reflux that takes all of an outlet, in words; ``coming`` [kmol/h] there is linear in the reflux."""
    of_raffinate = name == "raffinate_reflux"
    try:
        without = flows_of(replace(train, raffinate_reflux=0.0) if of_raffinate else replace(train, product_reflux=0.0))
    except ProblemError:  # nothing runs without it: the largest alone says too little
        return f"the {coming:.6g} that come"
    at, shares = without.outlets[RAFFINATE if of_raffinate else PRODUCT]
    phase = 0 if of_raffinate or train.stripping else 1
    base = float(shares[phase] * (without.aqueous, without.organic)[phase][at])
    reflux: float = getattr(train, name)
    return f"{base / (1.0 - (coming - base) / reflux):.6g}, as no more comes"


def _totals(entering: Floats, drawn: Floats, up: Floats, down: Floats, train: Train, phase: str) -> Floats:
    """What leaves each stage (N,) of one phase: the balance of the phase, tridiagonal in the shares that go on."""
    rhs = entering.copy()
    rhs[1:] -= (drawn * up)[:-1]
    rhs[:-1] -= (drawn * down)[1:]
    totals: Floats = dgtsv(-up[:-1], np.ones(len(rhs)), -down[1:], rhs)[3]
    least = LEAST_SHARE * train.fed.sum()
    wrong = np.flatnonzero(totals - drawn < least)
    if wrong.size:
        at = int(wrong[0] if phase == "organic" else wrong[-1])  # the first that the phase comes to
        here = [draw for draw in train.draws if draw.phase == phase and draw.stage == at + 1]
        called = "".join(f"draw {draw.name!r} of {draw.rate:.6g} at " for draw in here)
        raise ProblemError(
            f"{called}stage {at + 1}: the {phase} phase would leave with {totals[at] - drawn[at]:.6g} behind its draws "
            f"(expected more than 0). {_way_out(phase, float(totals[at]), train, here)}"
        )
    return totals


def _way_out(phase: str, there: float, train: Train, here: list[Draw]) -> str:
    if here and there > 0.0:
        return f"Draw less than {there:.6g} there."
    drawn = [f"{draw.name!r} ({draw.rate:.6g} at stage {draw.stage})" for draw in train.draws if draw.phase == phase]
    less = f", or draw less by {', '.join(drawn)}" if drawn else ""
    if phase == "organic":
        return (
            f"The acid takes more off the organic than it carries: lower the scrub W ({train.scrub:.6g}) below the "
            f"organic load S ({train.organic_load:.6g}){less}."
        )
    return (
        f"The organic takes more than the liquor brings: keep the organic load S ({train.organic_load:.6g}) below "
        f"scrub and feed together ({train.scrub + train.fed.sum():.6g}){less}."
    )


def _drawn(train: Train) -> Floats:
    drawn = np.zeros((2, train.size))
    for draw in train.draws:
        drawn[0 if draw.phase == "aqueous" else 1, draw.stage - 1] += draw.rate
    return drawn


def _entrained(train: Train) -> Floats:
    entrained = np.zeros((2, train.size))
    for row, name in enumerate(("entrained_aqueous", "entrained_organic")):
        given = np.asarray(getattr(train, name), dtype=np.float64)
        if given.shape not in {(), (train.stages,)}:
            raise ProblemError(
                f"{name}: expected one share, or one for each of {train.stages} stages, got shape {given.shape}. "
                "Give a single share where all stages are alike."
            )
        entrained[row, : train.stages] = given
    if not ((entrained >= 0.0) & (entrained < 0.5)).all():
        raise ProblemError("entrainment: expected shares from 0 to below 0.5, as a phase must mainly go its own way.")
    return entrained


def _acids(train: Train) -> Floats:
    acids = np.zeros(train.size)
    acids[train.stages - 1] = train.scrub - train.product_reflux
    for acid in train.acids:
        acids[acid.stage - 1] += acid.amount
    return acids


def _fed(train: Train, phase: str) -> Floats:
    fed = np.zeros((len(train.components), train.size))
    for feed in train.feeds:
        if feed.phase == phase:
            fed[:, feed.stage - 1] += feed.amounts
    return fed


def _checked(train: Train) -> Floats:
    """The separation factors of each component and stage (C, N), once everything declared holds together."""
    _check_shape(train)
    _check_amounts(train)
    assert isinstance(train.chemistry, SeparationFactors)
    alpha = train.chemistry.alpha
    count = len(train.components)
    if alpha.shape not in {(count,), (train.size, count)}:
        raise ProblemError(
            f"separation factors: expected one for each of {', '.join(train.components)} ({count}), or "
            f"{train.size} x {count} of them, got shape {alpha.shape}. "
            "Give the missing ones against the same reference."
        )
    if not (np.isfinite(alpha) & (alpha > 0.0)).all():
        wrong = train.components[int(np.argwhere(~(np.isfinite(alpha) & (alpha > 0.0)))[0][-1])]
        raise ProblemError(f"separation factor of {wrong}: expected a finite number above 0.")
    scaled = alpha / np.exp(np.mean(np.log(alpha)))
    return np.ascontiguousarray(np.broadcast_to(scaled, (train.size, count)).T)


def _check_shape(train: Train) -> None:
    if train.stages < 2 or (train.stripping and train.stripping.stages < 1):
        raise ProblemError(f"stages: expected at least 2, got {train.stages}. Give the number of mixer-settlers.")
    if len(train.components) < 2 or len(set(train.components)) < len(train.components):
        raise ProblemError("components: expected at least two different names. One component has nothing to part from.")
    if train.stripping and not 0.0 < train.stripping.share < 1.0:
        raise ProblemError(f"stripping: expected a share between 0 and 1, got {train.stripping.share:g}.")
    named = [("feed", feed.name, feed.stage) for feed in train.feeds]
    named += [("draw", draw.name, draw.stage) for draw in train.draws]
    named += [("acid", str(place + 1), acid.stage) for place, acid in enumerate(train.acids)]
    for kind, name, stage in named:
        if not 1 <= stage <= train.stages:
            raise ProblemError(f"{kind} {name!r}: expected a stage from 1 to {train.stages}, got {stage}.")
    names = [draw.name for draw in train.draws]
    if len({*names, RAFFINATE, PRODUCT, SPENT}) < len(names) + 3:
        raise ProblemError(f"draws: expected names of their own, not {RAFFINATE}, {PRODUCT} or {SPENT}, got {names}.")


def _check_amounts(train: Train) -> None:
    for feed in train.feeds:
        if feed.amounts.shape != (len(train.components),):
            raise ProblemError(
                f"feed {feed.name!r}: expected an amount for each of {', '.join(train.components)}, "
                f"got {feed.amounts.size}."
            )
        if not (np.isfinite(feed.amounts) & (feed.amounts >= 0.0)).all():
            at = int(np.flatnonzero(~(np.isfinite(feed.amounts) & (feed.amounts >= 0.0)))[0])
            raise ProblemError(
                f"feed {feed.name!r}, {train.components[at]}: expected an amount of 0 or more, "
                f"got {feed.amounts[at]:g}."
            )
    if not train.feeds or not train.fed.sum() > 0.0:
        raise ProblemError("feeds: expected something to enter, got nothing. Give at least one feed above 0.")
    missing = [name for name, amount in zip(train.components, train.fed, strict=True) if amount == 0.0]
    if missing:
        raise ProblemError(
            f"feeds: nothing of {', '.join(missing)} enters. Leave out what is not there, or give its trace."
        )
    flows = {"organic_load": train.organic_load, "scrub": train.scrub, **{one.name: one.rate for one in train.draws}}
    for name, flow in flows.items():
        if not (np.isfinite(flow) and flow > 0.0):
            raise ProblemError(f"{name}: expected a flow above 0, got {flow:g}. Flows do not run backwards.")
    if not 0.0 <= train.product_reflux <= train.scrub:
        raise ProblemError(f"product_reflux: expected 0 to the scrub {train.scrub:g}, got {train.product_reflux:g}.")
    if not 0.0 <= train.raffinate_reflux <= train.organic_load:
        raise ProblemError(
            f"raffinate_reflux: expected 0 to the organic load {train.organic_load:g}, got {train.raffinate_reflux:g}."
        )
