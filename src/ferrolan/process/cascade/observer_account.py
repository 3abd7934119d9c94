"""What a shift is told: where the fronts stand, how many hours are left, and what the data do not say.

"Neodymium front at stage 31 (29 to 33), half a stage a day towards the raffinate; raffinate off grade in 190 hours (140
to 260); product on grade beyond 480 hours; the scrub meter's error cannot be seen." The members of an `Observer` run on
at the flows as they are, each to its own end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ferrolan.base.errors import ProblemError
from ferrolan.process.cascade.circuit import Circuit, Contents, implicit, leaving
from ferrolan.process.cascade.fronts import Front
from ferrolan.process.cascade.observer import Ensemble, Interval, Observer, Seen, interval, operated
from ferrolan.process.cascade.startup import Grade
from ferrolan.process.cascade.train import PRODUCT, RAFFINATE, Floats, Train

_WIDE = 0.25
"""Width of a front's interval, against the train, from which on its place counts as not seen [1]."""
_SOON = 1.0 / 3.0
"""Hours left, against the horizon: between this and beyond it, an interval says nothing [1]."""
_ACCURATE = 1e-5


@dataclass(frozen=True)
class FrontAccount:
    """A front: ``position`` [stage], ``speed`` towards the last stage [stages a day], and whether it is seen."""

    name: str
    position: Interval
    speed: Interval
    seen: bool


@dataclass(frozen=True)
class OutletAccount:
    """An outlet: its ``purity`` now [1] and the ``hours`` until it is off grade; ``inf``: beyond the horizon."""

    grade: Grade
    purity: Interval
    hours: Interval
    seen: bool


@dataclass(frozen=True, eq=False)
class Account:
    """The state of a train as far as it is known at ``time`` [h].

    ``fractions`` (3, N, C) are lower end, median and upper end of the liquor's composition [1]; ``surprise`` [1] is by
    how much the intervals were widened because assays lay farther off than expected; ``unseen`` names what the data
    cannot say.
    """

    time: float
    fractions: Floats
    fronts: tuple[FrontAccount, ...]
    outlets: tuple[OutletAccount, ...]
    unknowns: tuple[Seen, ...]
    surprise: float
    horizon: float
    unseen: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Ahead:
    """Members run on: ``times`` (T,) from now [h], ``height`` (T, B, G) of each grade, ``positions`` (T, B, F).

    The height is ln(rest / wanted) of what an outlet delivers, above its grade's: above 0 it is off grade.
    """

    times: Floats
    height: Floats
    positions: Floats

    @property
    def hours(self) -> Floats:
        """Hours until each grade is lost (B, G); inf where it is kept to the end."""
        return _hours(self.times, self.height)


def account(
    observer: Observer, fronts: Sequence[Front], grades: Sequence[Grade], *, horizon: float = 480.0, stride: float = 6.0
) -> Account:
    """What is known now, and what is ahead at the flows as they are.

    Parameters
    ----------
    fronts, grades
        What is asked.
    horizon
        How far ahead [h].
    stride
        Step of the members [h].

    Raises
    ------
    ProblemError
        If an outlet is not the raffinate or the organic product, or a component is unknown.
    NotConverged
        If a member's step fails.
    """
    likely = observer.likely()
    run = ahead(observer, operated(observer.train, observer.flows), likely, fronts, grades, horizon, stride)
    told_fronts = tuple(_front(front, run, place, observer.train) for place, front in enumerate(fronts))
    told_outlets = tuple(_outlet(grade, run, place, horizon) for place, grade in enumerate(grades))
    unknowns = observer.unknowns()
    unseen = [f"front {one.name}" for one in told_fronts if not one.seen]
    unseen += [f"hours of {one.grade.outlet}" for one in told_outlets if not one.seen]
    unseen += [one.name for one in unknowns if not one.seen]
    held = likely.contents.aqueous
    shares = np.quantile(held / held.sum(axis=1, keepdims=True), [0.05, 0.5, 0.95], axis=0).transpose(0, 2, 1)
    return Account(
        observer.time, shares, told_fronts, told_outlets, unknowns, observer.surprise, horizon, tuple(unseen)
    )


def ahead(
    observer: Observer,
    train: Train,
    members: Ensemble,
    fronts: Sequence[Front],
    grades: Sequence[Grade],
    horizon: float,
    stride: float,
) -> Ahead:
    """Run members on, with the train operated as given and what is doubted as it is now."""
    if not 0.0 < stride <= horizon < np.inf:
        raise ProblemError(f"horizon {horizon!r} h, stride {stride!r} h: expected 0 < stride <= horizon.")
    for grade in grades:
        _check(grade, train)
    errors = np.random.default_rng(0).standard_normal((len(members.offsets), 3))  # the same for every move compared
    noise = observer.flow_error * errors
    circuit = observer.members(train, members.offsets, noise)
    contents, guess = members.contents, None
    rows = [_row(observer, contents, circuit, fronts, grades)]
    times = np.append(np.arange(0.0, horizon, stride), horizon)
    for hours in np.diff(times):
        stepped = implicit(circuit, contents, float(hours), guess, _ACCURATE)
        contents, guess = stepped.contents, stepped.guess
        rows.append(_row(observer, contents, circuit, fronts, grades))
    height, positions = (np.array(column) for column in zip(*rows, strict=True))
    return Ahead(times, height, positions)


def _check(grade: Grade, train: Train) -> None:
    if grade.outlet not in (RAFFINATE, PRODUCT):
        raise ProblemError(f"grade: outlet {grade.outlet!r}: expected {RAFFINATE} or {PRODUCT}.")
    for name in grade.components:
        train.place(name)
    if set(grade.components) == set(train.components):
        raise ProblemError(f"grade of {grade.outlet}: names every component; its purity is always 1.")


def _row(
    observer: Observer, contents: Contents, circuit: Circuit, fronts: Sequence[Front], grades: Sequence[Grade]
) -> tuple[Floats, Floats]:
    """Heights (B, G) and positions (B, F) of the members at one time."""
    names = observer.train.components
    raffinate, product, *_ = leaving(circuit, contents)
    heights = [_height(grade, raffinate if grade.outlet == RAFFINATE else product, names) for grade in grades]
    held = contents.aqueous.transpose(0, 2, 1)
    places = [front.position(names, held) for front in fronts]
    B = len(held)
    return np.array(heights).reshape(-1, B).T, np.array(places).reshape(-1, B).T


def _height(grade: Grade, rates: Floats, names: tuple[str, ...]) -> Floats:
    """Logarithm of rest over wanted, above the grade's (B,), from rates (B, C)."""
    wanted = rates[:, [names.index(name) for name in grade.components]].sum(axis=1)
    rest = rates[:, [place for place, name in enumerate(names) if name not in grade.components]].sum(axis=1)
    limit = np.log(1.0 - grade.purity) - np.log(grade.purity)
    return np.asarray(np.log(np.maximum(rest, 1e-300)) - np.log(np.maximum(wanted, 1e-300)) - limit)


def _hours(times: Floats, height: Floats) -> Floats:
    """First time (...) at which heights (T, ...) pass 0, between times as straight lines."""
    off = height > 0.0
    first = np.argmax(off, axis=0)
    behind = np.take_along_axis(height, first[None], axis=0)[0]
    before = np.take_along_axis(height, np.maximum(first - 1, 0)[None], axis=0)[0]
    part = np.where(first > 0, -before / np.where(behind > before, behind - before, 1.0), 0.0)
    at = times[np.maximum(first - 1, 0)] + part * (times[first] - times[np.maximum(first - 1, 0)])
    return np.where(off.any(axis=0), at, np.inf)


def _front(front: Front, run: Ahead, place: int, train: Train) -> FrontAccount:
    day = int(np.searchsorted(run.times, min(24.0, run.times[-1])))
    now, later = run.positions[0, :, place], run.positions[day, :, place]
    position = interval(now)
    seen = position.width < _WIDE * train.stages
    return FrontAccount(front.name, position, interval((later - now) * 24.0 / run.times[day]), seen)


def _outlet(grade: Grade, run: Ahead, place: int, horizon: float) -> OutletAccount:
    hours = interval(run.hours[:, place])
    limit = np.log(1.0 - grade.purity) - np.log(grade.purity)
    purity = interval(1.0 / (1.0 + np.exp(run.height[0, :, place] + limit)))
    return OutletAccount(grade, purity, hours, not (hours.low < _SOON * horizon and np.isinf(hours.high)))


def hours_left(observer: Observer, grades: Sequence[Grade], *, horizon: float = 480.0, stride: float = 6.0) -> Floats:
    """Hours until each grade is lost at the flows as they are, member by member (B, G); inf beyond the horizon."""
    train = operated(observer.train, observer.flows)
    return ahead(observer, train, observer.likely(), (), grades, horizon, stride).hours
