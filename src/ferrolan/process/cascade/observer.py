"""The dynamic account of a train: what every stage holds now, from hourly flows and a few late assays.

A shift knows the flows of every hour, each off by a per cent that nobody knows, the feed by yesterday's analysis, and
three or four stages by samples whose results come half a shift later. From these the `Observer` keeps a hundred likely
states of the train, each with its own flows, feed, separation factors and stage efficiency, lets them run by closure A
and corrects them, and their past hours, by every assay. `account` says what is known by now, with intervals:
composition by stage, where the fronts stand and how fast they travel, how many hours are left until an outlet goes off
grade, and what the data cannot say.

An ensemble was chosen because the state is nonlinear in everything that is doubted (a front is a place, not a number),
because late assays cost no second run, and because the hours to off-grade come out of the same members run on. A plant
does not follow closure A. The assays' distances from what was expected show by how much: where they are larger than the
intervals say, the intervals and the assays' errors are widened by that factor, and `Account.surprise` names it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ferrolan.base.errors import ProblemError
from ferrolan.process.cascade.circuit import Circuit, Contents, Guess, circuit_of, implicit
from ferrolan.process.cascade.dynamic import State
from ferrolan.process.cascade.holdup import Holdup
from ferrolan.process.cascade.observer_ensemble import corrected, innovation, logit, widened
from ferrolan.process.cascade.train import Floats, Phase, Train

COVERAGE = 0.9
"""Probability that the intervals claim [1]."""
_TAIL = 0.5 * (1.0 - COVERAGE)
_AVERAGED = 96.0
"""Hours whose mean flows are taken for what is ahead, unless a flow was changed since [h]."""
_NEWEST = 5
"""Readings whose median says what a flow is now."""
_CHANGED = 5.0
"""Distance from it, in standard deviations of the noise, that two readings on end need to count as before a change."""
_SHUT = 1e-9
"""Flow that counts as none [kmol/h]."""
_LEAST = 1e-25
"""Least share of a component in a stage that is kept [1]."""
_ACCURATE = 1e-5
"""Error of totals in the members' steps, in logarithms."""
_PHASES: tuple[Phase, ...] = ("aqueous", "organic")
_MEMORY = 40.0
"""Assays over which the surprise is averaged."""
_FAR = 2.5
"""Distance of an assay, in standard deviations, from which on the members are widened."""
_WIDEST = 1.25
"""Factor by which one assay widens the members at most."""
_GROSS = 4.0
"""Distance of an assay, in standard deviations, from which on its error is taken to be as large as makes it so."""


@dataclass(frozen=True)
class Flows:
    """Flows as metered over an interval that ends at ``time`` [h]: all feeds together, organic load, scrub [kmol/h]."""

    time: float
    feed: float
    organic_load: float
    scrub: float


@dataclass(frozen=True)
class StageAssay:
    """Molar fractions of some components in one phase of a stage, as the laboratory reports them.

    The sample was ``taken`` and became ``known`` [h]; ``sd`` is the relative standard deviation [1] of a fraction, to
    which ``floor`` [1] is added.
    """

    taken: float
    known: float
    stage: int
    fractions: Mapping[str, float]
    sd: float = 0.03
    floor: float = 1e-5
    phase: Phase = "aqueous"


@dataclass(frozen=True)
class FeedAssay:
    """Molar fractions of the feed liquor; fields as `StageAssay`."""

    taken: float
    known: float
    fractions: Mapping[str, float]
    sd: float = 0.02
    floor: float = 1e-5


Doubted = tuple[str, StageAssay | FeedAssay]
"""A component and the assay whose word on it lies so far off that its error is taken to be larger than stated."""


@dataclass(frozen=True)
class Doubt:
    """An offset that is not known: its standard deviation, and the hours over which it drifts by as much [h]."""

    sd: float
    hours: float = 2000.0


@dataclass(frozen=True)
class Doubts:
    """What the observer doubts, all as offsets of logarithms.

    ``feed``, ``organic_load`` and ``scrub`` of the metered flows; ``composition`` of each component in the feed;
    ``factor`` of each separation factor, in either section; ``efficiency`` of ln(eta / (1 - eta)) of all stages;
    ``noise`` of a metered flow from hour to hour. ``shift`` [stages] and ``tilt`` [1] are those of the profile at the
    beginning: where it stands, and how steep it is.
    """

    feed: Doubt = Doubt(0.015, 4000.0)
    organic_load: Doubt = Doubt(0.02, 4000.0)
    scrub: Doubt = Doubt(0.02, 4000.0)
    composition: Doubt = Doubt(0.05, 2000.0)
    factor: Doubt = Doubt(0.08, 20_000.0)
    efficiency: Doubt = Doubt(0.5, 20_000.0)
    noise: float = 0.01
    shift: float = 3.0
    tilt: float = 0.15


@dataclass(frozen=True)
class Interval:
    """Lower end, median and upper end; 90 % lie between the ends."""

    low: float
    middle: float
    high: float

    @property
    def width(self) -> float:
        """Distance of the ends."""
        return self.high - self.low

    def holds(self, value: float) -> bool:
        """Whether a value lies in it."""
        return self.low <= value <= self.high


def interval(values: Floats) -> Interval:
    """Quantiles of members (B,)."""
    low, middle, high = np.quantile(values, [_TAIL, 0.5, 1.0 - _TAIL], method="inverted_cdf")
    return Interval(float(low), float(middle), float(high))


@dataclass(frozen=True)
class Seen:
    """What the data have said of an unknown: its offset [1], ``sd`` now and ``prior``, and whether they say much."""

    name: str
    offset: float
    sd: float
    prior: float

    @property
    def seen(self) -> bool:
        """Whether the data took off at least a third of what was doubted."""
        return self.sd < _UNSEEN * self.prior


_UNSEEN = 2.0 / 3.0
"""Standard deviation left, against the one at the beginning, from which on an unknown counts as not seen."""


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Likely states: contents (B, C, N) a phase [kmol], and offsets (B, P) of what is doubted."""

    contents: Contents
    offsets: Floats


class Observer:
    """Follows one train: `advance` it hour by hour, `learn` assays when they become known.

    Parameters
    ----------
    train, holdup
        The model, closure A.
    start
        What the stages hold at ``time``, as far as is known; ``doubts`` say how far that is.
    doubts
        What is not known.
    time
        Where the flows begin [h].
    members
        Size of the ensemble.
    lag
        How late an assay may be [h].
    seed
        Of the members' random numbers.

    Raises
    ------
    ProblemError
        If the train cannot be followed in time, the start does not fit or the ensemble is too small.
    """

    def __init__(
        self,
        train: Train,
        holdup: Holdup,
        start: State,
        doubts: Doubts | None = None,
        *,
        time: float = 0.0,
        members: int = 80,
        lag: float = 48.0,
        seed: int = 0,
    ) -> None:
        self.train, self.holdup, self.doubts, self.time, self.lag = train, holdup, doubts or Doubts(), time, lag
        if members < 10:
            raise ProblemError(f"observer: expected at least 10 members, got {members}.")
        self.random = np.random.default_rng(seed)
        self.names, self.prior, self.drift = _unknowns(train, self.doubts)
        draws = self.random.standard_normal((members, len(self.names)))
        self.ensemble = Ensemble(_beginning(start, train, self.doubts, self.random, members), draws * self.prior)
        self.past: list[tuple[float, Floats, Floats]] = []
        self.surprise_squared, self.assays = 1.0, 0
        self.doubted: list[Doubted] = []
        self.recent: list[tuple[float, Flows]] = []
        self.guess: Guess | None = None
        self._remember()

    @property
    def flows(self) -> Flows:
        """Mean of the metered flows as they stand; as the train is declared before there are any."""
        if not self.recent:
            return Flows(self.time, float(self.train.fed.sum()), self.train.organic_load, self.train.scrub)
        spans, values = self._steady()
        return Flows(self.time, *(float(mean) for mean in np.average(values, axis=0, weights=spans)))

    @property
    def flow_error(self) -> float:
        """Standard deviation of those means from the meters' noise [1]."""
        hours = float(self._steady()[0].sum()) if self.recent else 1.0
        return float(self.doubts.noise / max(hours, 1.0) ** 0.5)

    def _steady(self) -> tuple[Floats, Floats]:
        """Spans [h] and flows (T, 3) since a flow was changed last: since it left the noise about the last hours."""
        spans = np.array([span for span, _ in self.recent])
        values = np.array([(flows.feed, flows.organic_load, flows.scrub) for _, flows in self.recent])
        ln = np.log(np.maximum(values, _SHUT))
        off = np.abs(ln - np.median(ln[-_NEWEST:], axis=0)).max(axis=1) > _CHANGED * self.doubts.noise
        last = np.flatnonzero(off & (np.arange(len(off)) < len(off) - _NEWEST))
        together = [place for place in last if place - 1 in last]
        first = (together[-1] + 1) if together else 0
        return spans[first:], values[first:]

    @property
    def surprise(self) -> float:
        """How much farther assays lie from what was expected than they should; 1 where the model holds."""
        return float(np.sqrt(max(self.surprise_squared, 1.0)))

    def advance(self, flows: Flows, longest: float = 1.0) -> None:
        """Run the members to the end of an interval of metered flows, in steps of at most ``longest`` [h].

        Raises
        ------
        ProblemError
            If time runs backwards, or a flow is not above zero; the feed may be shut.
        """
        if not flows.time > self.time:
            raise ProblemError(f"flows at {flows.time:g} h: the account stands at {self.time:g} h. Give later ones.")
        for name in ("feed", "organic_load", "scrub"):
            flow = getattr(flows, name)
            if not 0.0 <= flow < np.inf or (flow == 0.0 and name != "feed"):
                raise ProblemError(f"flows at {flows.time:g} h: {name}: expected above 0 kmol/h, got {flow!r}.")
        span = flows.time - self.time
        count = int(np.ceil(span / longest - 1e-9))
        recent = [pair for pair in self.recent if pair[1].time > flows.time - _AVERAGED]
        self.recent = [*recent, (span, flows)]
        for _ in range(count):
            offsets = self._drifted(self.ensemble.offsets, span / count)
            circuit = self.members(operated(self.train, self.flows), offsets)
            stepped = implicit(circuit, self.ensemble.contents, span / count, self.guess, _ACCURATE)
            self.ensemble, self.guess = Ensemble(stepped.contents, offsets), stepped.guess
        self.time = flows.time
        self._remember()

    def learn(self, assay: StageAssay | FeedAssay) -> None:
        """Correct the members by an assay; call it once the flows have come to the time at which it is known.

        Raises
        ------
        ProblemError
            If the sample is older than the observer remembers, lies ahead, or names what the train does not have.
        """
        _check_assay(self.train, assay)
        place = self._place(assay.taken)
        members = self._gathered()
        for name, fraction in _told(assay.fractions).items():
            variance = ((assay.sd * fraction + assay.floor) / (fraction * (1.0 - fraction))) ** 2
            expected = self._expected(members, assay, place, self.train.place(name))
            members = self._corrected(members, expected, float(logit(np.array(fraction))), variance, (name, assay))
        self._scatter(members)

    def members(self, train: Train, offsets: Floats, noise: Floats | None = None) -> Circuit:
        """A train as operated, as a batch: each member with its own offsets (B, P) and errors of flows (B, 3)."""
        base = circuit_of(train, self.holdup)
        return _with_offsets(base, train, offsets, np.zeros((len(offsets), 3)) if noise is None else noise)

    def likely(self) -> Ensemble:
        """The members, widened by the surprise."""
        _, *logs = self.past[-1]
        wide = (
            _refilled(widened(ln, self.surprise), held)
            for ln, held in zip(logs, _phases(self.ensemble.contents), strict=True)
        )
        return Ensemble(Contents(*wide), widened(self.ensemble.offsets, self.surprise))

    def unknowns(self) -> tuple[Seen, ...]:
        """What is doubted, and what the data have said of it."""
        offsets = self.ensemble.offsets
        mean, sd = offsets.mean(axis=0), offsets.std(axis=0, ddof=1) * self.surprise
        rows = zip(self.names, mean, sd, self.prior, strict=True)
        return tuple(Seen(name, float(one), float(left), float(prior)) for name, one, left, prior in rows)

    def _drifted(self, offsets: Floats, hours: float) -> Floats:
        """Offsets a while later: each forgets and is renewed, so that its prior stands still."""
        kept = np.exp(-hours / self.drift)
        fresh = self.random.standard_normal(offsets.shape) * self.prior
        return np.asarray(offsets * kept + fresh * np.sqrt(1.0 - kept**2))

    def _remember(self) -> None:
        a, o = (np.log(np.maximum(_shares(held), _LEAST)) for held in _phases(self.ensemble.contents))
        self.past.append((self.time, a, o))
        while self.past and self.past[0][0] < self.time - self.lag:
            self.past.pop(0)

    def _place(self, taken: float) -> int:
        times = [time for time, *_ in self.past]
        if not times[0] <= taken <= self.time:
            raise ProblemError(f"sample taken at {taken:g} h: the observer remembers {times[0]:g} to {self.time:g} h.")
        return int(np.argmin(np.abs(np.array(times) - taken)))

    def _expected(self, members: Floats, assay: StageAssay | FeedAssay, place: int, component: int) -> Floats:
        """Logit of a fraction as each of the gathered members (B, D) has it (B,)."""
        C, N, P = len(self.train.components), self.train.stages, len(self.names)
        if isinstance(assay, FeedAssay):
            fed = self.members(self.train, members[:, :P]).fed.sum(axis=2)
            return logit(fed[:, component] / fed.sum(axis=1))
        first = P + (2 * place + _PHASES.index(assay.phase)) * C * N + assay.stage - 1
        ln = members[:, first : first + C * N : N]
        others = np.exp(np.delete(ln, component, axis=1)).sum(axis=1)
        return np.asarray(ln[:, component] - np.log(others))

    def _corrected(self, members: Floats, expected: Floats, observed: float, variance: float, what: Doubted) -> Floats:
        inflated = variance * max(self.surprise_squared, 1.0)
        factor = _needed(expected, observed, inflated)
        members, expected = widened(members, factor), widened(expected, factor)
        found = innovation(expected, observed, inflated)
        if abs(found.gap) > _GROSS:
            self.doubted.append(what)
            inflated += (found.gap**2 / _GROSS**2 - 1.0) * found.sd**2
        self._surprised(min(innovation(expected, observed, variance).gap ** 2, 2.0 * _GROSS))
        return corrected(members, expected, observed, inflated)

    def _surprised(self, squared: float) -> None:
        self.assays += 1
        self.surprise_squared += (squared - self.surprise_squared) / _MEMORY

    def _gathered(self) -> Floats:
        """All that an assay may change, (B, D): offsets, and the logarithms of now and the past."""
        B = len(self.ensemble.offsets)
        logs = [array.reshape(B, -1) for _, *phases in self.past for array in phases]
        return np.concatenate([self.ensemble.offsets, *logs], axis=1)

    def _scatter(self, members: Floats) -> None:
        P = len(self.names)
        held = self.ensemble.contents
        shape = held.aqueous.shape
        logs = members[:, P:].reshape(len(members), len(self.past), 2, *shape[1:])
        self.past = [
            (time, logs[:, place, 0].copy(), logs[:, place, 1].copy()) for place, (time, *_) in enumerate(self.past)
        ]
        contents = Contents(_refilled(logs[:, -1, 0], held.aqueous), _refilled(logs[:, -1, 1], held.organic))
        self.ensemble = Ensemble(contents, members[:, :P].copy())


def operated(train: Train, flows: Flows) -> Train:
    """The train with its feeds, organic and scrub at the metered flows."""
    factor = flows.feed / train.fed.sum()
    feeds = tuple(replace(feed, amounts=feed.amounts * factor) for feed in train.feeds)
    return replace(train, feeds=feeds, organic_load=flows.organic_load, scrub=flows.scrub)


def _unknowns(train: Train, doubts: Doubts) -> tuple[tuple[str, ...], Floats, Floats]:
    """Names, standard deviations and times of drift of all offsets."""
    each = train.components
    rows = [(name, getattr(doubts, name)) for name in ("feed", "organic_load", "scrub", "efficiency")]
    rows += [(f"composition of {name}", doubts.composition) for name in each]
    for section in ("extraction", "scrubbing"):
        rows += [(f"factor of {name}, {section}", doubts.factor) for name in each]
    return (
        tuple(name for name, _ in rows),
        np.array([doubt.sd for _, doubt in rows]),
        np.array([doubt.hours for _, doubt in rows]),
    )


def _with_offsets(base: Circuit, train: Train, offsets: Floats, noise: Floats) -> Circuit:
    C, N = base.alpha.shape[1:]
    flows = np.exp(offsets[:, :3] + noise)
    composition, lower, upper = (offsets[:, 4 + part * C : 4 + (part + 1) * C, None] for part in range(3))
    fed = base.fed * np.exp(composition)
    at = base.fed.sum(axis=1, keepdims=True)
    fed *= at * flows[:, 0, None, None] / np.maximum(fed.sum(axis=1, keepdims=True), 1e-300)
    feed_stage = max(feed.stage for feed in train.feeds)
    alpha = base.alpha * np.exp(np.where(np.arange(1, N + 1) <= feed_stage, lower, upper))
    odds = base.uptake / (1.0 - np.minimum(base.uptake, _BEST)) * np.exp(offsets[:, 3, None, None])
    return replace(
        base,
        alpha=alpha,
        fed=fed,
        uptake=odds / (1.0 + odds),
        load=base.load * flows[:, 1],
        scrub=base.scrub * flows[:, 2],
    )


_BEST = 0.999
"""Efficiency above which a stage counts as this efficient [1], so that its odds are finite."""


def _beginning(start: State, train: Train, doubts: Doubts, random: np.random.Generator, members: int) -> Contents:
    """Contents of the members (B, C, N): the start, moved along the train and tilted."""
    N = train.stages
    shape = (N, len(train.components))
    if start.aqueous.shape != shape or start.organic.shape != shape:
        raise ProblemError(f"start: expected {shape} amounts a phase, got {start.aqueous.shape}.")
    moves = doubts.shift * random.standard_normal((members, 1))
    tilts = np.exp(doubts.tilt * random.standard_normal((members, shape[1], 1)))
    places = np.arange(N) - moves
    moved = []
    for held in (start.aqueous.T, start.organic.T):
        ln = np.log(np.maximum(_shares(held[None]), _LEAST))[0]
        shifted = np.array([[_along(row, place) for row in ln] for place in places])
        middle = shifted.mean(axis=1, keepdims=True)
        moved.append(_refilled(middle + tilts * (shifted - middle), np.broadcast_to(held, shifted.shape)))
    return Contents(*moved)


def _along(row: Floats, places: Floats) -> Floats:
    """A row (N,) at places between its own, and beyond its ends as straight as there."""
    N = len(row)
    inside = np.interp(places, np.arange(N), row)
    before, behind = np.minimum(places, 0.0), np.maximum(places - (N - 1), 0.0)
    result: Floats = inside + before * (row[1] - row[0]) + behind * (row[-1] - row[-2])
    return result


def _phases(contents: Contents) -> tuple[Floats, Floats]:
    return contents.aqueous, contents.organic


def _shares(held: Floats) -> Floats:
    """Fractions (B, C, N) in each stage."""
    return np.asarray(held / held.sum(axis=1, keepdims=True))


def _refilled(ln: Floats, held: Floats) -> Floats:
    """Amounts in the proportions of exp(ln) that sum, stage by stage, to those held (B, C, N)."""
    shares = np.exp(ln - ln.max(axis=1, keepdims=True))
    result: Floats = shares * (held.sum(axis=1, keepdims=True) / shares.sum(axis=1, keepdims=True))
    return result


def _told(fractions: Mapping[str, float]) -> dict[str, float]:
    """What an assay says independently: without its largest where it names all there is."""
    if sum(fractions.values()) < 1.0 - 1e-6 or len(fractions) < 2:
        return dict(fractions)
    largest = max(fractions, key=lambda name: fractions[name])
    return {name: fraction for name, fraction in fractions.items() if name != largest}


def _needed(expected: Floats, observed: float, variance: float) -> float:
    """Factor, from 1 to `_WIDEST`, with which members would have expected an observation at `_FAR` deviations."""
    gap = (observed - float(expected.mean())) / _FAR
    size = float(expected.var(ddof=1))
    return float(np.clip(np.sqrt(max(gap**2 - variance, 0.0) / max(size, 1e-300)), 1.0, _WIDEST))


def _check_assay(train: Train, assay: StageAssay | FeedAssay) -> None:
    where = f"assay taken at {assay.taken:g} h"
    if isinstance(assay, StageAssay) and not 1 <= assay.stage <= train.stages:
        raise ProblemError(f"{where}: expected a stage from 1 to {train.stages}, got {assay.stage}.")
    if not assay.known >= assay.taken:
        raise ProblemError(f"{where}: known at {assay.known:g} h, before it was taken.")
    if not assay.fractions or sum(assay.fractions.values()) > 1.0 + 1e-6:
        raise ProblemError(f"{where}: expected fractions that sum to at most 1, got {dict(assay.fractions)}.")
    for name, fraction in assay.fractions.items():
        train.place(name)
        if not 0.0 < fraction < 1.0:
            raise ProblemError(f"{where}: {name}: expected a fraction between 0 and 1, got {fraction!r}. Leave it out.")
    if not (assay.sd > 0.0 and assay.floor >= 0.0):
        raise ProblemError(f"{where}: expected a standard deviation above 0, got {assay.sd!r}.")
