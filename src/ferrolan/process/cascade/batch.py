"""Many neighbours of one train at once: other separation factors, feeds and flows.

Ten thousand samples of what laboratory and flow meters leave open, five components in eighty stages, are one call: the
components of many samples are solved as one long tridiagonal system, and threads share the samples. A sample that does
not settle this way is settled alone by the solver of `rate`; none is lost and none is NaN.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import solve_banded
from scipy.linalg.lapack import dgetrf, dgetrs

from ferrolan.base.errors import FerrolanError, ProblemError
from ferrolan.process.cascade.flows import LEAST_SHARE, Flows, flows_of
from ferrolan.process.cascade.opening import opening
from ferrolan.process.cascade.rating import rate
from ferrolan.process.cascade.train import PRODUCT, RAFFINATE, Feed, Floats, SeparationFactors, Train
from ferrolan.process.cascade.walk import Bools, Walk

_CHUNK = 500
"""Samples a thread takes at a time; what is left of them after some iterations still fills a piece."""
_PIECE = 40
"""Samples solved together: enough to hide the interpreter, few enough for the cache."""
_ROUNDS = 12
_NEAR, _SETTLED, _TOLERANCE, _STRIDE, _CHEAP = 0.1, 1e-8, 1e-11, 0.5, 6
"""As in `separation`."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Outlets of many trains.

    ``outlets`` maps a name to amounts (samples, C) [kmol/h]; ``slopes`` (samples, N) is ln K; ``gap`` (samples,) the
    largest gap of a stage's total, in logarithms; ``closure`` (samples,) the largest of a component against its feed;
    ``alone`` (samples,) says which were settled alone; ``refused`` maps a sample to why it has no steady state: its
    amounts are 0 and it counts as not ``settled`` (samples,).
    """

    components: tuple[str, ...]
    outlets: Mapping[str, Floats]
    slopes: Floats
    gap: Floats
    closure: Floats
    settled: Bools
    alone: Bools
    refused: Mapping[int, str]

    def purity(self, outlet: str, component: str) -> Floats:
        """Share of a component in an outlet (samples,) [1]; 0 where a sample has none."""
        amounts = self.outlets[outlet]
        total = amounts.sum(axis=1)
        share: Floats = amounts[:, self.components.index(component)] / np.where(total > 0.0, total, 1.0)
        return share


def rate_many(
    train: Train,
    *,
    alphas: ArrayLike | None = None,
    feeds: ArrayLike | None = None,
    organic_load: ArrayLike | None = None,
    scrub: ArrayLike | None = None,
    threads: int = 2,
) -> Batch:
    """Steady states of many neighbours of a train of closure A with one feed.

    Parameters
    ----------
    train
        What does not vary.
    alphas, feeds : (samples, C)
        Separation factors [1], amounts in the feed [kmol/h].
    organic_load, scrub : (samples,)
        S and W [kmol/h].
    threads
        How many share the work.

    Raises
    ------
    ProblemError
        If the arrays do not fit each other or the train.
    """
    samples = _samples(train, alphas, feeds, organic_load, scrub)
    count = len(samples.alphas)
    solve = _together if _is_plain(train) else _apart
    pieces = [samples.piece(slice(at, min(at + _CHUNK, count))) for at in range(0, count, _CHUNK)]
    with ThreadPoolExecutor(max(1, threads)) as pool:
        answers = list(pool.map(lambda piece: solve(train, piece), pieces))
    return _joined(train, answers)


@dataclass(frozen=True, eq=False)
class _Samples:
    alphas: Floats
    feeds: Floats
    organic_load: Floats
    scrub: Floats

    def piece(self, which: slice | Bools) -> _Samples:
        return _Samples(self.alphas[which], self.feeds[which], self.organic_load[which], self.scrub[which])

    def train(self, base: Train, at: int) -> Train:
        feed = base.feeds[0]
        return replace(
            base,
            feeds=(Feed(feed.stage, self.feeds[at], feed.phase, feed.name),),
            organic_load=float(self.organic_load[at]),
            scrub=float(self.scrub[at]),
            chemistry=SeparationFactors(self.alphas[at]),
        )


@dataclass(eq=False)
class _Answer:
    outlets: dict[str, Floats]
    slopes: Floats
    gap: Floats
    settled: Bools
    alone: Bools
    refused: dict[int, str]
    fed: Floats


def _samples(
    train: Train,
    alphas: ArrayLike | None,
    feeds: ArrayLike | None,
    organic_load: ArrayLike | None,
    scrub: ArrayLike | None,
) -> _Samples:
    if not isinstance(train.chemistry, SeparationFactors) or train.chemistry.alpha.ndim != 1 or len(train.feeds) != 1:
        raise ProblemError("a batch: expected a train with one feed and one separation factor for each component.")
    flows_of(train)  # the base must be a train at all
    count = len(train.components)
    given = {
        "alphas": (train.chemistry.alpha if alphas is None else alphas, (count,)),
        "feeds": (train.feeds[0].amounts if feeds is None else feeds, (count,)),
        "organic_load": (train.organic_load if organic_load is None else organic_load, ()),
        "scrub": (train.scrub if scrub is None else scrub, ()),
    }
    arrays = {name: np.asarray(values, dtype=np.float64) for name, (values, _) in given.items()}
    lengths = {len(array) for name, array in arrays.items() if array.ndim > len(given[name][1])}
    if len(lengths) > 1:
        raise ProblemError(f"a batch: expected as many samples of everything that varies, got {sorted(lengths)}.")
    samples = lengths.pop() if lengths else 1
    if not samples:
        raise ProblemError("a batch: expected at least one sample, got none. Leave out what does not vary.")
    for name, (_, shape) in given.items():
        if arrays[name].shape not in {shape, (samples, *shape)}:
            raise ProblemError(f"{name}: expected shape {(samples, *shape)}, got {arrays[name].shape}.")
        arrays[name] = np.broadcast_to(arrays[name], (samples, *shape))
    return _Samples(**arrays)


def _is_plain(train: Train) -> bool:
    efficient = bool((np.asarray(train.efficiency) == 1.0).all())
    return efficient and train.stripping is None and train.product_reflux == train.raffinate_reflux == 0.0


def _apart(train: Train, samples: _Samples) -> _Answer:
    """Settle every sample alone."""
    answer = _empty(train, samples)
    _retry(train, samples, answer, range(len(samples.alphas)))
    return answer


def _together(train: Train, samples: _Samples) -> _Answer:
    answer = _empty(train, samples)
    good = _possible(samples)
    flows = _flows(train, samples.piece(good))
    good[good] = _forward(flows, _drawn(train))
    flows = _flows(train, samples.piece(good))
    places = np.flatnonzero(good)
    _collect(answer, flows, places, _begin(train, flows))
    missed = ~answer.settled[places]
    if missed.any() and not missed.all():
        _collect(answer, _some(flows, np.flatnonzero(missed)), places[missed], _neighbours(answer, flows, missed))
    _retry(train, samples, answer, np.flatnonzero(~answer.settled))
    return answer


def _collect(answer: _Answer, flows: Flows, places: NDArray[np.int_], begin: Floats) -> None:
    with np.errstate(all="ignore"):
        for which, slopes, aqueous, organic, gap in _rounds(flows, begin):
            at, part = places[which], _some(flows, which)
            answer.slopes[at], answer.gap[at], answer.settled[at] = slopes, gap, True
            for name, (stage, shares) in part.outlets.items():
                answer.outlets[name][at] = shares[0] * aqueous[..., stage] + shares[1] * organic[..., stage]


def _neighbours(answer: _Answer, flows: Flows, missed: Bools) -> Floats:
    """Return ln K of the settled sample nearest to each missed one, in factors and feed."""
    marks = np.concatenate([np.log(flows.alpha[..., 0]), flows.feed.sum(axis=-1), flows.aqueous[:, :1]], axis=1)
    spread = marks.std(axis=0)
    marks = marks / np.where(spread > 0.0, spread, 1.0)
    apart = ((marks[missed][:, None] - marks[~missed][None]) ** 2).sum(axis=-1)
    settled = np.flatnonzero(answer.settled)
    near: Floats = answer.slopes[settled[np.argmin(apart, axis=1)]]
    return near


def _rounds(flows: Flows, slopes: Floats) -> Iterator[tuple[NDArray[np.int_], Floats, Floats, Floats, Floats]]:
    """Newton's method on all samples that have not settled yet; yields those that do."""
    slopes, left = slopes.copy(), np.arange(len(slopes))
    for _ in range(_ROUNDS):
        kept = [left[:0]]
        for first in range(0, left.size, _PIECE):
            piece = left[first : first + _PIECE]
            part = _some(flows, piece)
            moved, factors, size = _step(part, slopes[piece])
            slopes[piece] = moved
            keep, near = np.isfinite(size), np.flatnonzero(size < _NEAR)
            if near.size:
                chosen = [factors[at] for at in near]
                done, found, aqueous, organic, gap = _polished(_some(part, near), moved[near], chosen, size[near])
                slopes[piece[near]] = found
                keep[near[done]] = False
                yield piece[near[done]], found[done], aqueous[done], organic[done], gap[done]
            kept.append(piece[keep])
        left = np.concatenate(kept)


def _step(flows: Flows, slopes: Floats) -> tuple[Floats, list[tuple[Floats, Floats]], Floats]:
    """One step of Newton's method on every sample: ln K, factors of the transposed Jacobians, size of the steps."""
    reply = Walk(flows).reply(slopes)
    factors = [dgetrf(jacobian.T, overwrite_a=True)[:2] for jacobian in reply.jacobian]  # as LAPACK stores: no copy
    step = np.array([dgetrs(*one, -gap, trans=1)[0] for one, gap in zip(factors, reply.gap, strict=True)])
    size = np.abs(step).max(axis=1)
    return slopes + step * np.minimum(1.0, _STRIDE / np.maximum(size, _SETTLED))[:, None], factors, size


def _polished(
    flows: Flows, slopes: Floats, factors: list[tuple[Floats, Floats]], size: Floats
) -> tuple[Bools, Floats, Floats, Floats, Floats]:
    """Cheap steps with the Jacobians at hand, as long as they shrink tenfold."""
    walk = Walk(flows)
    going, done = np.ones((2, len(slopes)), dtype=np.bool_)
    for _ in range(_CHEAP):
        aqueous, organic = walk.amounts(slopes)
        gap = walk.gap(aqueous, organic)
        worst = np.abs(gap).max(axis=1)
        step = np.array([dgetrs(*one, -two, trans=1)[0] for one, two in zip(factors, gap, strict=True)])
        before, size = size, np.abs(step).max(axis=1)
        done = np.less(np.maximum(size / _SETTLED, worst / _TOLERANCE), 1.0)
        going &= ~done & (size < 0.1 * before)
        if not going.any():
            break
        slopes = np.where(going[:, None], slopes + step, slopes)
    return done, slopes, aqueous, organic, worst


def _begin(train: Train, flows: Flows) -> Floats:
    found = opening(flows, Walk(flows)) if len(flows.alpha) else None
    if found is not None:
        return found
    base: Floats = np.tile(rate(train).states["ln_k"], (len(flows.alpha), 1))
    return base


def _retry(train: Train, samples: _Samples, answer: _Answer, places: range | NDArray[np.int_]) -> None:
    for at in places:
        try:
            found = rate(samples.train(train, int(at)))
        except FerrolanError as error:
            answer.refused[int(at)] = str(error)
            continue
        answer.slopes[at], answer.gap[at] = found.states["ln_k"], found.residual
        answer.settled[at] = answer.alone[at] = True
        for name, amounts in found.outlets.items():
            answer.outlets[name][at] = amounts


def _empty(train: Train, samples: _Samples) -> _Answer:
    count = len(samples.alphas)
    return _Answer(
        {name: np.zeros(samples.feeds.shape) for name in flows_of(train).outlets},
        np.zeros((count, train.size)),
        np.zeros(count),
        np.zeros(count, dtype=np.bool_),
        np.zeros(count, dtype=np.bool_),
        {},
        samples.feeds,
    )


def _possible(samples: _Samples) -> Bools:
    """Samples (samples,) that are numbers above zero; the others are refused one by one, each with its reason."""
    together = np.column_stack([samples.alphas, samples.feeds, samples.organic_load, samples.scrub])
    possible: Bools = np.logical_and.reduce(np.isfinite(together) & (together > 0.0), axis=1)
    return possible


def _forward(flows: Flows, drawn: Floats) -> Bools:
    """Samples (samples,) of which both phases run forward in every stage, behind its draws; as `flows_of` asks."""
    left = np.minimum(flows.aqueous - drawn[0], flows.organic - drawn[1])
    forward: Bools = left.min(axis=1) >= LEAST_SHARE * flows.feed.sum(axis=(1, 2))
    return forward


def _drawn(train: Train) -> Floats:
    """What is drawn of liquor and organic by stage (2, N) [kmol/h]."""
    drawn = np.zeros((2, train.stages))
    for draw in train.draws:
        drawn[0 if draw.phase == "aqueous" else 1, draw.stage - 1] += draw.rate
    return drawn


def _flows(train: Train, samples: _Samples) -> Flows:
    """As `flows_of`, for all samples: totals are linear in what enters."""
    base, count, stages = flows_of(train), len(samples.alphas), train.stages
    drawn = _drawn(train)
    forward = np.zeros((2, stages))
    forward[0], forward[1] = train.entrained_aqueous, train.entrained_organic
    feed = np.zeros((count, len(train.components), stages))
    feed[:, :, train.feeds[0].stage - 1] = samples.feeds
    gain = np.zeros((count, stages))
    gain[:, 0] = samples.organic_load
    gain[:, -1] = -samples.scrub
    for acid in train.acids:
        gain[:, acid.stage - 1] -= acid.amount
    entering = feed.sum(axis=1)
    by_organic = train.feeds[0].phase == "organic"
    organic = _totals(gain + entering * by_organic, drawn[1], 1.0 - forward[1], forward[1])
    aqueous = _totals(entering * (not by_organic) - gain, drawn[0], forward[0], 1.0 - forward[0])
    left = 1.0 - drawn[:, None, :] / np.array([aqueous, organic])
    up = np.array([left[0] * forward[0], left[1] * (1.0 - forward[1])])[:, :, None, :]
    down = np.array([left[0] * (1.0 - forward[0]), left[1] * forward[1]])[:, :, None, :]
    raffinate, last = down[..., 0].copy(), up[..., -1].copy()
    up[..., -1], down[..., 0] = 0.0, 0.0
    outlets = {PRODUCT: (stages - 1, last), RAFFINATE: (0, raffinate)}
    for draw in train.draws:
        which = 0 if draw.phase == "aqueous" else 1
        share = np.zeros((2, count, 1))
        share[which, :, 0] = draw.rate / (aqueous, organic)[which][:, draw.stage - 1]
        outlets[draw.name] = (draw.stage - 1, share)
    scaled = samples.alphas / np.exp(np.log(samples.alphas).mean(axis=1, keepdims=True))
    alpha = np.repeat(scaled[:, :, None], stages, axis=2)
    stays = np.ones((2, count, 1, stages))
    ordered = {name: outlets[name] for name in base.outlets}
    return Flows(alpha, feed, feed * by_organic, aqueous, organic, stays, up, down, raffinate, ordered)


def _totals(entering: Floats, drawn: Floats, up: Floats, down: Floats) -> Floats:
    rhs = entering.copy()
    rhs[:, 1:] -= (drawn * up)[:-1]
    rhs[:, :-1] -= (drawn * down)[1:]
    band = np.zeros((3, len(drawn)))
    band[0, 1:], band[1], band[2, :-1] = -down[1:], 1.0, -up[:-1]
    totals: Floats = np.ascontiguousarray(solve_banded((1, 1), band, rhs.T).T)
    return totals


def _some(flows: Flows, which: NDArray[np.int_]) -> Flows:
    return Flows(
        flows.alpha[which],
        flows.feed[which],
        flows.organic_feed[which],
        flows.aqueous[which],
        flows.organic[which],
        flows.stays[:, which],
        flows.up[:, which],
        flows.down[:, which],
        flows.raffinate[:, which],
        {name: (at, shares[:, which]) for name, (at, shares) in flows.outlets.items()},
    )


def _joined(train: Train, answers: list[_Answer]) -> Batch:
    fed = np.concatenate([one.fed for one in answers])
    outlets = {name: np.concatenate([one.outlets[name] for one in answers]) for name in answers[0].outlets}
    settled = np.concatenate([one.settled for one in answers])
    open_share = np.abs(fed - np.sum(list(outlets.values()), axis=0)) / np.where(fed > 0.0, fed, 1.0)
    refused: dict[int, str] = {}
    first = 0
    for one in answers:
        refused.update({first + at: why for at, why in one.refused.items()})
        first += len(one.settled)
    return Batch(
        train.components,
        outlets,
        np.concatenate([one.slopes for one in answers]),
        np.concatenate([one.gap for one in answers]),
        np.where(settled, open_share.max(axis=1), 0.0),
        settled,
        np.concatenate([one.alone for one in answers]),
        refused,
    )
