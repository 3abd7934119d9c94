"""How a train is started: total circulation, part load, full load.

A filled train first circulates: no feed, all of the organic's load is scrubbed off in the last stage and returns, until
the ends are pure. Then a part of the feed is let in, then all of it. With a small separation factor this takes months,
and what the stages were filled with decides how long: circulation moves components, it does not bring any.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ferrolan.base.errors import ProblemError
from ferrolan.process.cascade.dynamic import Course, Event, State, simulate
from ferrolan.process.cascade.holdup import Holdup
from ferrolan.process.cascade.train import Floats, Train


@dataclass(frozen=True)
class Load:
    """For ``hours`` [h] the train takes ``share`` of its normal feed [1]; 0 is total circulation."""

    hours: float
    share: float


@dataclass(frozen=True)
class Grade:
    """A product: ``components`` together are at least ``purity`` of what ``outlet`` delivers [1]."""

    outlet: str
    components: tuple[str, ...]
    purity: float

    def __post_init__(self) -> None:
        if not 0.0 < self.purity < 1.0:
            raise ProblemError(f"grade of {self.outlet!r}: expected a purity between 0 and 1, got {self.purity!r}.")


@dataclass(frozen=True, eq=False)
class StartUp:
    """A start-up followed in time.

    ``hours_to_grade`` maps an outlet to the time from which it stays on grade [h], ``inf`` if it is off at the end;
    ``off_grade`` to what it delivered before (C,) [kmol].
    """

    course: Course
    events: tuple[Event, ...]
    hours_to_grade: Mapping[str, float]
    off_grade: Mapping[str, Floats]


def start_up(
    train: Train,
    holdup: Holdup,
    phases: Sequence[Load],
    hours: float,
    grades: Sequence[Grade] = (),
    *,
    start: State | None = None,
    every: float = 12.0,
    tolerance: float = 5e-4,
) -> StartUp:
    """Follow a start-up: the phases, then normal operation up to ``hours``.

    Parameters
    ----------
    train, holdup
        The train in normal operation, and what its stages hold.
    phases
        What comes before normal operation, in order.
    hours
        The whole time [h].
    grades
        Products whose time to grade is asked.
    start, every, tolerance
        As `simulate`.

    Raises
    ------
    ProblemError
        If the phases do not fit into the time, or a share is not between 0 and 1.
    NotConverged
        As `simulate`.
    """
    events = schedule(train, phases)
    if events[-1].time >= hours:
        lasts = events[-1].time
        raise ProblemError(f"start-up: its phases last {lasts:g} h, the whole time is {hours:g} h. Lengthen it.")
    course = simulate(train, holdup, hours, start=start, events=events, every=every, tolerance=tolerance)
    reached = {grade.outlet: _on_grade(course, grade) for grade in grades}
    return StartUp(
        course,
        events,
        {name: float(course.times[place]) if place < len(course.times) else np.inf for name, place in reached.items()},
        {name: course.delivered[name][min(place, len(course.times) - 1)] for name, place in reached.items()},
    )


def schedule(train: Train, phases: Sequence[Load]) -> tuple[Event, ...]:
    """The phases as events, and normal operation behind them."""
    events, time = [], 0.0
    for phase in phases:
        if not 0.0 < phase.hours < np.inf:
            raise ProblemError(f"phase of a start-up: expected hours above 0, got {phase.hours!r}.")
        events.append(Event(time, at_part_load(train, phase.share)))
        time += phase.hours
    return (*events, Event(time, train))


def at_part_load(train: Train, share: float) -> Train:
    """The train with a share of its feeds and draws, the organic as always, and scrubbed of what is then too much.

    The organic product falls with the feed; with no feed, all of the load is scrubbed off and returns.

    Raises
    ------
    ProblemError
        If the share is not between 0 and 1.
    """
    if not 0.0 <= share <= 1.0:
        raise ProblemError(f"part load: expected a share from 0 to 1, got {share!r}.")
    return replace(
        train,
        feeds=tuple(replace(feed, amounts=feed.amounts * share) for feed in train.feeds),
        draws=tuple(replace(draw, rate=draw.rate * share) for draw in train.draws),
        acids=tuple(replace(acid, amount=acid.amount * share) for acid in train.acids),
        scrub=train.organic_load - share * (train.organic_load - train.scrub),
    )


def _on_grade(course: Course, grade: Grade) -> int:
    """Place of the first time from which the outlet stays on grade; the number of times if it is off at the end."""
    off = np.flatnonzero(course.purity(grade.outlet, *grade.components) < grade.purity)
    return int(off[-1]) + 1 if len(off) else 0
