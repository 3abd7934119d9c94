"""The move that keeps a train on grade longest, and what it is worth, with its interval.

The raffinate will be off grade in a week: 2 % more organic keeps it for nine days more (six to thirteen) and costs a
little purity of the product. Each candidate, one flow changed by some per cent, is run by the same members with the
same errors of meters as no move, so that the difference is the move's own. A move is advised only if at most one member
in twenty loses by it; otherwise the advice is to stay, and to sample the stage that would tell most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ferrolan.base.errors import ProblemError
from ferrolan.process.cascade.circuit import Contents
from ferrolan.process.cascade.observer import Ensemble, Flows, Interval, Observer, interval, operated
from ferrolan.process.cascade.observer_account import Ahead, ahead
from ferrolan.process.cascade.startup import Grade
from ferrolan.process.cascade.train import Floats

Lever = Literal["scrub", "organic_load", "feed"]

LEVERS: tuple[Lever, ...] = ("scrub", "organic_load", "feed")
"""In the order of preference among equals: the feed, which is output, last."""
_ALIKE = 0.97
"""Share of the best move's gain with which a smaller move is as good [1]."""
_WORTH = 0.01
"""Least gain, against the horizon, that is worth a move [1]."""


@dataclass(frozen=True)
class Move:
    """One flow times a ``factor`` [1], from now on."""

    lever: Lever
    factor: float


@dataclass(frozen=True, eq=False)
class Effect:
    """What a move is expected to bring.

    ``hours`` on grade of all outlets within the horizon, ``gained`` against no move [h]; ``purity`` a grade: how much
    purer its outlet is at the horizon [1].
    """

    move: Move
    hours: Interval
    gained: Interval
    purity: tuple[Interval, ...]


@dataclass(frozen=True, eq=False)
class Advice:
    """The advised ``move`` (None: stay) and its effect, all ``effects`` looked at, ``stay``: hours on grade without.

    ``sure`` says that the interval of what is gained does not reach below zero; ``sample`` is the stage whose next
    assay would say most about the hours left.
    """

    move: Move | None
    effect: Effect | None
    stay: Interval
    effects: tuple[Effect, ...]
    sure: bool
    sample: int
    horizon: float


def advise(
    observer: Observer,
    grades: Sequence[Grade],
    *,
    horizon: float = 480.0,
    stride: float = 8.0,
    sizes: Sequence[float] = (0.01, 0.02, 0.04),
    members: int = 40,
) -> Advice:
    """Look for the move that keeps all outlets on grade for the most hours of the horizon.

    Parameters
    ----------
    grades
        What has to be kept.
    horizon, stride
        How far ahead, and the step [h].
    sizes
        Moves tried of each flow, up and down [1].
    members
        How many of the members are run.

    Raises
    ------
    ProblemError
        If there is no grade, or a size is not between 0 and 1.
    NotConverged
        If a member's step fails.
    """
    if not grades or not sizes or not all(0.0 < size < 1.0 for size in sizes):
        raise ProblemError(f"advice: expected grades, and sizes between 0 and 1, got {len(grades)} and {list(sizes)}.")
    few = _some(observer.likely(), members)
    flows = observer.flows

    def run(move: Move | None) -> Ahead:
        return ahead(observer, operated(observer.train, _moved(flows, move)), few, (), grades, horizon, stride)

    still = run(None)
    stay = _on_grade(still)
    moves = [Move(lever, 1.0 + sign * size) for lever in LEVERS for size in sorted(sizes) for sign in (-1.0, 1.0)]
    effects = tuple(_effect(move, run(move), still, grades) for move in moves)
    best = _best(effects, horizon)
    sure = best is not None and best.gained.low >= 0.0
    chosen = best if sure else None
    return Advice(chosen.move if chosen else None, chosen, interval(stay), effects, sure, _telling(few, stay), horizon)


def _some(members: Ensemble, count: int) -> Ensemble:
    kept = slice(0, count)
    return Ensemble(Contents(members.contents.aqueous[kept], members.contents.organic[kept]), members.offsets[kept])


def _moved(flows: Flows, move: Move | None) -> Flows:
    return flows if move is None else replace(flows, **{move.lever: getattr(flows, move.lever) * move.factor})


def _on_grade(run: Ahead) -> Floats:
    """Hours at which every grade is kept (B,), within the horizon."""
    kept = np.all(run.height <= 0.0, axis=2)
    spans = np.diff(run.times)[:, None]
    return np.asarray((spans * 0.5 * (kept[1:].astype(np.float64) + kept[:-1])).sum(axis=0))


def _effect(move: Move, run: Ahead, still: Ahead, grades: Sequence[Grade]) -> Effect:
    hours = _on_grade(run)
    limits = np.array([np.log(1.0 - grade.purity) - np.log(grade.purity) for grade in grades])
    purer = 1.0 / (1.0 + np.exp(run.height[-1] + limits)) - 1.0 / (1.0 + np.exp(still.height[-1] + limits))
    return Effect(move, interval(hours), interval(hours - _on_grade(still)), tuple(interval(one) for one in purer.T))


def _best(effects: Sequence[Effect], horizon: float) -> Effect | None:
    """The move with the largest gain; the smallest and first of those that are as good."""
    gain = max(effect.gained.middle for effect in effects)
    if gain < _WORTH * horizon:
        return None
    alike = [effect for effect in effects if effect.gained.middle >= _ALIKE * gain and effect.gained.low >= 0.0]
    if not alike:
        return max(effects, key=lambda effect: effect.gained.middle)
    return min(alike, key=lambda effect: (round(abs(effect.move.factor - 1.0), 9), LEVERS.index(effect.move.lever)))


def _telling(members: Ensemble, hours: Floats) -> int:
    """Stage whose liquor goes closest with the members' hours; the least certain one where those do not vary."""
    held = members.contents.aqueous
    ln = np.log(np.maximum(held / held.sum(axis=1, keepdims=True), 1e-25))
    spread = ln - ln.mean(axis=0)
    size = (spread**2).sum(axis=0)
    off = hours - hours.mean()
    if not np.any(off):
        return int(np.argmax((held / held.sum(axis=1, keepdims=True)).std(axis=0).max(axis=0))) + 1
    together = np.einsum("b,bcn->cn", off, spread) ** 2 / np.maximum(size, 1e-12) / (off @ off)
    return int(np.argmax(together.max(axis=0))) + 1
