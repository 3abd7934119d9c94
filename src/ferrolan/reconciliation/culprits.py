"""What may be wrong, in classes and ranked: never one name where the readings know no single one.

For example: the node behind the bypass loses 3.6 t/h (likelihood ratio 13.2), or the meter of stream 2 reads 3.9 t/h
high (10.3); the gap is below 3.84, so both stand in one class, with the reading that would tell them apart: a second
meter on stream 2. Several are found one after the other, each with the former ones allowed for (serial compensation,
Jiang & Bagajewicz, Ind. Eng. Chem. Res. 38 (1999) 2119-2128); exactly parallel ones never part (Bagajewicz & Jiang,
Comput. Chem. Eng. 22 (1998) 1789-1809).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ferrolan.numerics.kkt import Floats
from ferrolan.reconciliation.elimination import strongest
from ferrolan.reconciliation.hypotheses import Hypotheses, Hypothesis
from ferrolan.reconciliation.tests import LEVEL, sidak_critical, split_level

NEAR = float(special.chdtri(1, 0.05))
"""Difference in J below which one hypothesis explains the data as well as another at 95 %: 3.84."""
WIDTH = float(special.ndtri(0.975))
MOST = 10
"""Most classes found one after the other."""
MOST_MEMBERS = 24
"""Most members a class is listed with."""
MOST_ECHOES = 20
"""Most echoes listed."""
_CANDIDATES = 16


@dataclass(frozen=True)
class Culprit:
    """One member of a class.

    ``statistic`` T allows for the classes of smaller rank, those ``given``; ``estimate`` with its 95 % interval is in
    units of the hypothesis (a share of the reading for a bias). ``parallel``: no reading tells it from the first of
    its class. ``echo``: the class stands out alone, but no more once those of smaller rank are allowed for.
    """

    rank: int
    hypothesis: int
    statistic: float
    critical: float
    estimate: float
    low: float
    high: float
    parallel: bool
    p_global_without: float
    echo: bool
    given: tuple[int, ...] = ()
    confirmed: float = float("nan")

    @property
    def z(self) -> float:
        """Square root of the statistic."""
        return float(np.sqrt(self.statistic))


def critical_values(hypotheses: Hypotheses, readings: int = 0, *, level: float = LEVEL) -> Floats:
    """Critical value of sqrt(T) of every hypothesis, so that all together raise a false alarm at ``level``. (n,)

    Parameters
    ----------
    readings
        Number of redundant readings, each of which may be an outlier, whether it is among the hypotheses or not; 0
        where outliers are not looked for.

    Notes
    -----
    What lasts (biases, offsets, leaks, shared errors) is one family and outliers another; each takes its part of the
    level, and within it every different test (Sidak, J. Amer. Statist. Assoc. 62 (1967) 626-633).
    """
    single = np.array([label.kind == "outlier" for label in hypotheses.labels], dtype=bool)
    part = split_level(2 if readings else 1, level)
    lasting = hypotheses.distinct({label.kind for label in hypotheses.labels} - {"outlier"})
    return np.where(single, sidak_critical(readings, part), sidak_critical(lasting, part))


def detectable(hypotheses: Hypotheses, critical: Floats, *, power: float = 0.95) -> Floats:
    """Smallest size of every hypothesis that is found with the stated probability, in its own units. (n,)

    sqrt(T) is normal with variance one and mean size x sqrt(gram), so the size is (critical + quantile) / sqrt(gram);
    infinite where not testable.
    """
    length = np.sqrt(np.where(hypotheses.testable, hypotheses.gram, 1.0))
    return np.where(hypotheses.testable, (critical + float(special.ndtri(power))) / length, np.inf)


Confirm = Callable[[Sequence[int]], float | None]
"""Objective with the given hypotheses left free, by solving again; None where that cannot be done."""


def rank(
    hypotheses: Hypotheses,
    critical: Floats,
    objective: float,
    degrees_of_freedom: int,
    *,
    most: int = MOST,
    confirm: Confirm | None = None,
    must_confirm: NDArray[np.bool_] | None = None,
) -> tuple[Culprit, ...]:
    """Classes in the order they are found, then the echoes.

    Parameters
    ----------
    critical : (n,)
        See ``critical_values``.
    confirm
        Called for the first member of every class; its statistic is reported beside the linearised one.
    must_confirm : (n,)
        Hypotheses so wide that the linearisation alone may not accuse: without a confirmation above the critical value
        they are passed over.

    Notes
    -----
    First the hypothesis with the largest T above its critical value, then the largest once that one is allowed for,
    and so on. A class holds the exactly parallel hypotheses and those that explain the data as well at 95 %: T within
    3.84, and either makes the other needless.
    """
    critical = critical.copy()
    exact = hypotheses.parallel_classes()
    found: list[Culprit] = []
    chosen: list[int] = []
    taken: set[int] = set()
    solved_before: float | None = objective
    refused = 0
    while len(chosen) < min(most, degrees_of_freedom):
        allowed = critical.copy()
        allowed[list(taken)] = np.inf
        best = strongest(hypotheses, chosen, allowed)
        if best is None:
            break
        best = int(np.flatnonzero(exact == exact[best])[0])  # of parallel ones the first named leads
        wide = must_confirm is not None and bool(must_confirm[best])
        solved = None
        if confirm is not None and refused < most:
            solved_before = confirm(chosen) if solved_before is None else solved_before
            solved = confirm([*chosen, best])
        fall = None if solved is None or solved_before is None else solved_before - solved
        if wide and (fall is None or fall <= critical[best] ** 2):
            critical[exact == exact[best]] = np.inf
            refused += 1
            continue
        members = _members(hypotheses, exact, best, chosen)
        left = objective - hypotheses.explained([*chosen, best])
        rest = degrees_of_freedom - len(chosen) - 1
        class_ = [
            _culprit(hypotheses, len(chosen) + 1, i, chosen, critical, exact[i] == exact[best], left, rest)
            for i in members
        ]
        if fall is not None:
            class_[0] = replace(class_[0], confirmed=float(np.sqrt(max(fall, 0.0))))
        solved_before = solved
        found += class_
        taken.update(members)
        chosen.append(best)
    return (*found, *_echoes(hypotheses, critical, taken, len(chosen), objective, degrees_of_freedom))


def _members(hypotheses: Hypotheses, exact: NDArray[np.int64], best: int, chosen: Sequence[int]) -> list[int]:
    """The exact class first, then hypotheses of which either makes the other needless."""
    alike = [best, *(i for i in np.flatnonzero(exact == exact[best]).tolist() if i != best)]
    rough = hypotheses.conditional(chosen)
    close = np.flatnonzero((rough > NEAR) & (rough > 0.5 * rough[best] - NEAR))
    hypotheses.refine([best, *close[np.argsort(-rough[close])][:_CANDIDATES].tolist()])
    statistic = hypotheses.conditional(chosen)
    after = hypotheses.conditional([*chosen, best])
    near = np.flatnonzero((statistic > NEAR) & (statistic[best] - statistic < NEAR) & (after < NEAR))
    near = near[np.argsort(-statistic[near], kind="stable")]
    others = [i for i in near.tolist() if i not in alike and i not in chosen and hypotheses.exact(i)]
    return [*alike, *others][:MOST_MEMBERS]


def _culprit(
    hypotheses: Hypotheses,
    place: int,
    number: int,
    given: Sequence[int],
    critical: Floats,
    parallel: bool,
    left: float,
    rest: int,
) -> Culprit:
    hypotheses.refine([number])
    values, sds = hypotheses.sizes([*given, number])
    statistic = float(hypotheses.conditional(given)[number])
    p_value = float(special.chdtrc(rest, max(left, 0.0))) if rest > 0 else 1.0
    low, high = (float(values[-1] + sign * WIDTH * sds[-1]) for sign in (-1.0, 1.0))
    return Culprit(
        place, number, statistic, float(critical[number]), float(values[-1]), low, high, bool(parallel), p_value,
        echo=False, given=tuple(given),
    )  # fmt: skip


def _echoes(
    hypotheses: Hypotheses, critical: Floats, taken: set[int], ranks: int, objective: float, degrees_of_freedom: int
) -> list[Culprit]:
    """Classes that stand out alone, the largest statistic first; like hypotheses on one meter or node are one."""
    rough = hypotheses.conditional([])
    above = [i for i in np.argsort(-rough).tolist() if rough[i] > critical[i] ** 2 and i not in taken]
    hypotheses.refine(above[: MOST_ECHOES + MOST_MEMBERS])
    single, like, exact = hypotheses.conditional([]), hypotheses.like_classes(), hypotheses.parallel_classes()
    groups: dict[int, list[int]] = {}
    for number in sorted(above[: MOST_ECHOES + MOST_MEMBERS], key=lambda i: (-round(float(single[i]), 9), i)):
        if single[number] > critical[number] ** 2:
            groups.setdefault(int(like[number]), []).append(number)
    found: list[Culprit] = []
    for place, members in enumerate(list(groups.values())[:MOST_ECHOES], start=ranks + 1):
        left, rest = objective - float(single[members[0]]), degrees_of_freedom - 1
        for number in members[:MOST_MEMBERS]:
            same = bool(exact[number] == exact[members[0]])
            found.append(
                replace(_culprit(hypotheses, place, number, [], critical, same, left, rest), echo=True)
            )  # fmt: skip
    return found


@dataclass(frozen=True)
class Decision:
    """The measurement that tells the members of a class apart: number of the quantity, and by how many sigmas."""

    quantity: int
    sigmas: float
    told: int


def deciding(
    hypotheses: Hypotheses, members: Sequence[Culprit], sigma: Floats, quantity: NDArray[np.int64]
) -> Decision | None:
    """Which further measurement would tell the members of a class apart.

    Parameters
    ----------
    sigma : (variables,)
        Standard deviation that such a reading would have, scaled: that of the present meter, or a like share where
        there is none; infinity where the quantity cannot be measured or is unobservable.
    quantity : (variables,)
        Number of the quantity of every variable, the same over all periods.

    Returns
    -------
    Decision or None
        The quantity whose further reading sets the most pairs of members apart, and the most sharply; None for a
        class of one, or where all members predict the same for everything.
    """
    first = members[:_PAIRED]
    if len(first) < 2:
        return None
    given = list(first[0].given)
    predicted = []
    for member in first:
        numbers = [*given, member.hypothesis]
        predicted.append(hypotheses.moves(numbers) @ hypotheses.sizes(numbers)[0] / sigma)
    count = int(quantity.max(initial=-1)) + 1
    gained, largest, told = np.zeros(count), np.zeros(count), np.zeros(count, dtype=np.int64)
    for a in range(len(first)):
        for b in range(a):
            apart = np.sqrt(np.bincount(quantity, weights=(predicted[a] - predicted[b]) ** 2, minlength=count))
            gained += np.minimum(apart, _CLEAR) ** 2
            largest = np.maximum(largest, apart)
            told += apart > 1.0
    best = int(np.lexsort((largest, gained))[-1])
    return Decision(best, float(largest[best]), int(told[best])) if largest[best] > _TOLD else None


_PAIRED, _CLEAR, _TOLD = 8, 5.0, 0.5


def implausible(sigmas: Iterable[float]) -> list[bool]:
    """Which members would have to be far more of their own sigmas off than another of their class.

    Examples
    --------
    >>> implausible([3.2, 41.0, float("nan")])
    [False, True, False]
    """
    sizes = [abs(size) for size in sigmas]
    least = min((size for size in sizes if np.isfinite(size)), default=float("inf"))
    return [bool(size > _FAR and size > _TIMES * least) for size in sizes]


_FAR, _TIMES = 10.0, 4.0


def in_own_units(label: Hypothesis, value: float) -> float:
    """An estimate as an error of the reading in its own unit, or a loss of the node in t/h."""
    return value * label.size if label.kind == "bias" else value


def relative(share: float) -> float:
    """Turn a share b' of the reading, x = y (1 - b'), into a share b of the truth, y = x (1 + b)."""
    return share / (1.0 - share) if share < 1.0 else float("inf")
