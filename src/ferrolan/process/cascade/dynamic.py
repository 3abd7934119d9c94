"""What a train of mixer-settlers does in time: fronts that travel, stocks that fill, what a disturbance brings.

A praseodymium-neodymium train holds weeks of its own product: after the feed has changed, the composition of each
stage follows slowly, and the outlets stay on grade until a front reaches them. `simulate` follows a train through a
schedule of events, each of them the `Train` as it is operated from then on.

Every stage is a contact and, behind it, one well mixed compartment a phase (mixer and settler together). The contact
follows closure A: the organic is full, so that the totals are known, and takes components in proportion to the
separation factors, or its Murphree share of that. Compartments lag::

    da_ik/dt = l_ik - a_ik / tau_k        do_ik/dt = v_ik - o_ik / theta_k        tau_k = volume / flow  [h]

An implicit step of these leaves, for a given distribution K_k of each stage, one tridiagonal system a component, an
M-matrix: amounts stay positive and what enters less what leaves is what accumulates, to round-off, whatever K is.
Newton's method in ln K meets the totals. The method is Alexander's two-stage SDIRK, L-stable and of second order; where
its second stage could turn an amount negative the two stages are two steps of implicit Euler instead.

References
----------
Alexander, R. (1977). Diagonally implicit Runge-Kutta methods for stiff O.D.E.'s. SIAM J. Numer. Anal. 14, 1006-1021.
doi:10.1137/0714068
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ferrolan.base.errors import NotConverged, ProblemError
from ferrolan.process.cascade.circuit import (
    Circuit,
    Contents,
    Guess,
    Stepped,
    circuit_of,
    implicit,
    leaving,
    residence,
    totals,
)
from ferrolan.process.cascade.holdup import Holdup
from ferrolan.process.cascade.train import PRODUCT, RAFFINATE, Draw, Floats, Phase, Profile, Train

GAMMA = 1.0 - 0.5 * 2.0**0.5
"""Alexander's coefficient of the L-stable two-stage SDIRK."""
_SHORTEST = 1e-9
"""Shortest step, against the whole time, before the march is given up [1]."""
_FIRST = 0.05
"""First step tried [h]."""
_TOTALS = 1e-9
"""Error of the liquor's totals admitted in a step, in logarithms; it does not add up, each step meets them anew."""
_GROWTH = 2.0
_SHRINK = 0.2
_MARGIN = 0.9


@dataclass(frozen=True, eq=False)
class Event:
    """From ``time`` [h] on the train is operated as ``train``: other feeds, organic, scrub or draws, same stages."""

    time: float
    train: Train


@dataclass(frozen=True, eq=False)
class State:
    """What the stages hold: ``aqueous`` and ``organic`` (N, C) [kmol]."""

    aqueous: Floats
    organic: Floats

    @property
    def inventory(self) -> Floats:
        """In-process stock of each component (C,) [kmol]."""
        return np.asarray(self.aqueous.sum(axis=0) + self.organic.sum(axis=0))

    @property
    def fractions(self) -> Floats:
        """Molar fractions (N, C) of the liquor in each stage [1]."""
        return np.asarray(self.aqueous / self.aqueous.sum(axis=1, keepdims=True))


@dataclass(frozen=True, eq=False)
class Course:
    """A train in time.

    ``times`` (T,) [h] from the beginning; ``aqueous`` and ``organic`` (T, N, C) what stages hold [kmol]; ``outlets``
    maps each outlet to its rates (T, C) [kmol/h] at those times, ``delivered`` to what it has delivered by then (T, C)
    [kmol]; ``received`` (T, C) what has entered [kmol]; ``closure`` the largest of received less delivered less
    accumulated, of any component and step, against what was held and received [1]; ``steps`` accepted; ``rejected``
    steps that were taken again; ``full`` (T,) whether the organic was full.
    """

    components: tuple[str, ...]
    times: Floats
    aqueous: Floats
    organic: Floats
    outlets: Mapping[str, Floats]
    delivered: Mapping[str, Floats]
    received: Floats
    closure: float
    steps: int
    rejected: int
    full: np.ndarray[tuple[int], np.dtype[np.bool_]]

    @property
    def in_process_inventory(self) -> Floats:
        """Stock of each component in the stages (T, C) [kmol]."""
        stock: Floats = self.aqueous.sum(axis=1) + self.organic.sum(axis=1)
        return stock

    @property
    def last(self) -> State:
        """What the stages hold at the end."""
        return State(self.aqueous[-1], self.organic[-1])

    def fractions(self, phase: Phase = "aqueous") -> Floats:
        """Molar fractions (T, N, C) in one phase of each stage [1]."""
        held = self.aqueous if phase == "aqueous" else self.organic
        return np.asarray(held / held.sum(axis=2, keepdims=True))

    def purity(self, outlet: str, *components: str) -> Floats:
        """Share of the components named, together, in what an outlet delivers at each time (T,) [1].

        Where nothing flows it is the composition of what would.
        """
        rates = self._outlet(outlet)
        places = [self._place(name) for name in components]
        return np.asarray(rates[:, places].sum(axis=1) / rates.sum(axis=1))

    def _outlet(self, name: str) -> Floats:
        if name not in self.outlets:
            raise ProblemError(f"outlet {name!r}: the train has {', '.join(self.outlets)}.")
        return self.outlets[name]

    def _place(self, component: str) -> int:
        if component not in self.components:
            raise ProblemError(f"component {component!r}: the train holds {', '.join(self.components)}.")
        return self.components.index(component)


def simulate(
    train: Train,
    holdup: Holdup,
    hours: float,
    *,
    start: State | None = None,
    events: Sequence[Event] = (),
    every: float = 24.0,
    tolerance: float = 5e-4,
) -> Course:
    """Follow a train in time.

    Parameters
    ----------
    train
        As it is operated at the beginning; closure A (`SeparationFactors`).
    holdup
        Volumes of the stages and strengths of the liquors.
    hours
        How long [h].
    start
        What the stages hold at the beginning; by default every stage is filled with what the feeds bring on average.
    events
        Changes, in order of time.
    every
        Interval of the times that are kept [h]; steps end there and at events.
    tolerance
        Error admitted in a step, of any component in any stage, against what the stage holds [1].

    Returns
    -------
    Course
        Contents, outlets and accounts at times ``every`` hours apart.

    Raises
    ------
    ProblemError
        If the schedule, the holdup or the train cannot be followed; the message says which and why.
    NotConverged
        If no step is short enough; it holds the contents reached.
    """
    plan = _plan(train, hours, events, every, tolerance)
    state = filled(train, holdup) if start is None else start
    march = _March(_checked(state, train), hours, tolerance, train.draws)
    stops = _stops(hours, every, plan)
    circuit = circuit_of(plan[0].train, holdup)
    frames = [march.frame(plan[0].train, circuit)]
    for event, (begin, end) in zip(plan, pairwise([*(event.time for event in plan), hours]), strict=True):
        circuit = circuit_of(event.train, holdup)
        for stop in stops[(stops > begin) & (stops <= end)]:
            march.run(event.train, circuit, float(stop))
            frames.append(march.frame(event.train, circuit))
    return _course(train, march, frames)


def filled(train: Train, holdup: Holdup, composition: Floats | None = None) -> State:
    """Contents of a train whose stages all hold liquor and full organic of one composition.

    Parameters
    ----------
    composition : (C,)
        Molar fractions of the rare earths everywhere [1]; by default those of the feeds together.

    Raises
    ------
    ProblemError
        If the composition is negative or does not sum to one.
    """
    mixed = train.fed / train.fed.sum() if composition is None else np.asarray(composition, dtype=np.float64)
    if mixed.shape != (len(train.components),) or np.any(mixed < 0.0) or abs(mixed.sum() - 1.0) > 1e-9:
        raise ProblemError(
            f"filling: expected {len(train.components)} fractions of at least 0 that sum to 1, got {mixed.tolist()}."
        )
    circuit = circuit_of(train, holdup)
    aqueous, organic = (flow[0] * time[0] for flow, time in zip(totals(circuit), residence(circuit), strict=True))
    return State(np.outer(aqueous, mixed), np.outer(organic, mixed))


def settled(profile: Profile, holdup: Holdup) -> State:
    """Contents of a train that has come to rest at a steady state."""
    aqueous, organic = residence(circuit_of(profile.train, holdup))
    return State(profile.aqueous * aqueous.T, profile.organic * organic.T)


@dataclass(frozen=True, eq=False)
class _Frame:
    """The march at a time that is kept."""

    time: float
    contents: Contents
    rates: Mapping[str, Floats]
    delivered: Mapping[str, Floats]
    received: Floats
    full: bool


@dataclass(frozen=True, eq=False)
class _Pair:
    """Two implicit stages that make one step: contents at its end, outlets' amounts in it [kmol], its error [1]."""

    last: Stepped
    first: Stepped
    weights: tuple[float, float]
    error: float


class _March:
    """Steps through the events, with its accounts."""

    def __init__(self, state: State, hours: float, tolerance: float, draws: Sequence[Draw]) -> None:
        self.time, self.shortest, self.tolerance = 0.0, _SHORTEST * hours, tolerance
        self.contents = Contents(state.aqueous.T[None], state.organic.T[None])
        self.stride, self.full = _FIRST, True
        self.guess: Guess | None = None
        self.names = (RAFFINATE, PRODUCT, *(draw.name for draw in draws))
        nothing = np.zeros(state.aqueous.shape[1])
        self.delivered, self.received = dict.fromkeys(self.names, nothing), nothing
        self.closure, self.steps, self.rejected = 0.0, 0, 0

    def frame(self, train: Train, circuit: Circuit) -> _Frame:
        rates = _rates(train, circuit, self.contents)
        return _Frame(self.time, self.contents, rates, dict(self.delivered), self.received, self.full)

    def run(self, train: Train, circuit: Circuit, stop: float) -> None:
        """March to ``stop``; the last two steps are made alike, so that none is tiny."""
        while (rest := stop - self.time) > self.shortest:
            hours = rest if self.stride >= rest else min(self.stride, 0.5 * rest)
            try:
                pair = _pair(circuit, self.contents, hours, self.guess)
            except NotConverged:
                pair = None
            if pair is not None and pair.error <= self.tolerance:
                self._accept(train, circuit, pair, hours)
            else:
                self.rejected += 1
            grown = _MARGIN * (self.tolerance / max(pair.error, 1e-30)) ** 0.5 if pair else _SHRINK
            self.stride = hours * min(max(grown, _SHRINK), _GROWTH)
            if self.stride < self.shortest:
                raise NotConverged(f"train at {self.time:.4g} h: no step is short enough.", last_iterate=self.contents)
        self.time = stop

    def _accept(self, train: Train, circuit: Circuit, pair: _Pair, hours: float) -> None:
        before = self.contents.held[0]
        out = np.zeros_like(before)
        for stage, weight in zip((pair.first, pair.last), pair.weights, strict=True):
            for name, rate in _rates(train, circuit, stage.contents).items():
                self.delivered[name] = self.delivered[name] + weight * hours * rate
                out += weight * hours * rate
        received = hours * circuit.entering[0]
        self.contents, self.guess = pair.last.contents, pair.last.guess
        off = np.abs(received - out - (self.contents.held[0] - before)) / (before + received)
        self.closure = max(self.closure, float(off[before + received > 0.0].max(initial=0.0)))
        self.received, self.full = self.received + received, bool(pair.last.full[0])
        self.time, self.steps = self.time + hours, self.steps + 1


def _pair(circuit: Circuit, contents: Contents, hours: float, guess: Guess | None) -> _Pair:
    """Alexander's two stages, or two steps of implicit Euler where an amount would turn negative."""
    first = implicit(circuit, contents, GAMMA * hours, guess, _TOTALS)
    ahead = _between(contents, first.contents, 1.0 / GAMMA)
    if min(ahead.aqueous.min(), ahead.organic.min()) >= 0.0:
        last = implicit(circuit, ahead, GAMMA * hours, first.guess, _TOTALS)
        error = _unlike(contents, first.contents, ahead, last.contents, 1.0)
        return _Pair(last, first, (1.0 - GAMMA, GAMMA), error)
    last = implicit(circuit, first.contents, (1.0 - GAMMA) * hours, first.guess, _TOTALS)
    error = _unlike(contents, first.contents, first.contents, last.contents, GAMMA / (1.0 - GAMMA))
    return _Pair(last, first, (GAMMA, 1.0 - GAMMA), error)


def _between(before: Contents, after: Contents, share: float) -> Contents:
    """Contents after ``share`` of the way from one to the other, less the last stage's own part."""
    on = share * (1.0 - GAMMA)
    return Contents(
        before.aqueous + on * (after.aqueous - before.aqueous), before.organic + on * (after.organic - before.organic)
    )


def _unlike(before: Contents, after: Contents, ahead: Contents, end: Contents, weight: float) -> float:
    """How much the second stage's change differs from the first's, against what the stage holds [1]."""
    held = before.aqueous.sum(axis=1) + before.organic.sum(axis=1) + 1e-300
    gaps = (
        weight * (last - begin) - (first - old)
        for old, first, begin, last in (
            (before.aqueous, after.aqueous, ahead.aqueous, end.aqueous),
            (before.organic, after.organic, ahead.organic, end.organic),
        )
    )
    return max(float((np.abs(gap) / held[:, None]).max()) for gap in gaps)


def _rates(train: Train, circuit: Circuit, contents: Contents) -> dict[str, Floats]:
    """What leaves by each outlet (C,) [kmol/h]; draws of one stage and phase share by their rates."""
    raffinate, product, *drawn = leaving(circuit, contents)
    rates = {RAFFINATE: raffinate[0], PRODUCT: product[0]}
    for draw in train.draws:
        beside = sum(other.rate for other in train.draws if (other.stage, other.phase) == (draw.stage, draw.phase))
        taken = drawn[("aqueous", "organic").index(draw.phase)][0, :, draw.stage - 1]
        rates[draw.name] = taken * (draw.rate / beside if beside > 0.0 else 0.0)
    return rates


def _plan(train: Train, hours: float, events: Sequence[Event], every: float, tolerance: float) -> tuple[Event, ...]:
    """The schedule from 0 h on."""
    for name, value in (("hours", hours), ("every", every), ("tolerance", tolerance)):
        if not 0.0 < value < np.inf:
            raise ProblemError(f"{name}: expected above 0, got {value!r}.")
    times = [event.time for event in events]
    if any(not 0.0 <= time < hours for time in times) or any(later <= sooner for sooner, later in pairwise(times)):
        raise ProblemError(f"events: expected rising times from 0 to below {hours:g} h, got {times}.")
    for event in events:
        _same_stages(train, event)
    return tuple(events) if times and times[0] == 0.0 else (Event(0.0, train), *events)


def _same_stages(train: Train, event: Event) -> None:
    other = event.train
    if (other.components, other.stages) != (train.components, train.stages):
        raise ProblemError(f"event at {event.time:g} h: its train has other components or stages than the first.")
    if [draw.name for draw in other.draws] != [draw.name for draw in train.draws]:
        raise ProblemError(f"event at {event.time:g} h: its train has other draws. Give a shut one the rate 0.")


def _checked(state: State, train: Train) -> State:
    shape = (train.stages, len(train.components))
    for name in ("aqueous", "organic"):
        held = getattr(state, name)
        if held.shape != shape or not np.all(np.isfinite(held)) or np.any(held < 0.0):
            raise ProblemError(f"start.{name}: expected {shape} amounts of at least 0 kmol, got {held.shape}.")
    return state


def _stops(hours: float, every: float, plan: Sequence[Event]) -> Floats:
    """Times that are kept [h]: every so often, at events and at the end."""
    regular = np.arange(1, int(np.ceil(hours / every))) * every
    return np.unique(np.concatenate([regular, [event.time for event in plan if event.time > 0.0], [hours]]))


def _course(train: Train, march: _March, frames: Sequence[_Frame]) -> Course:
    def each(of: str, name: str) -> Floats:
        return np.array([getattr(frame, of)[name] for frame in frames])

    return Course(
        train.components,
        np.array([frame.time for frame in frames]),
        np.array([frame.contents.aqueous[0].T for frame in frames]),
        np.array([frame.contents.organic[0].T for frame in frames]),
        {name: each("rates", name) for name in march.names},
        {name: each("delivered", name) for name in march.names},
        np.array([frame.received for frame in frames]),
        march.closure,
        march.steps,
        march.rejected,
        np.array([frame.full for frame in frames]),
    )
