"""Which meters may carry a bias: classes, never one name where the data know no single one.

For example: the flotation feed belt reads 3 % high in all five weeks. In no week is that far outside its sigma of 1 %,
but it is the same 3 % every time: the generalised likelihood ratio of "this tag reads (1 + b) times the truth in all
periods" is far above its critical value. Narasimhan & Mah, AIChE J. 33 (1987) 1514-1521; meters whose effects on the
balances are parallel form one class (Bagajewicz & Jiang, Comput. Chem. Eng. 22 (1998) 1789-1809); several biases are
found one after the other, each with the former ones allowed for (serial compensation, Jiang & Bagajewicz, Ind. Eng.
Chem. Res. 38 (1999) 2119-2128).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from ferrolan.numerics.kkt import Floats, Integers
from ferrolan.reconciliation import hypotheses as lazy
from ferrolan.reconciliation.culprits import Culprit, rank
from ferrolan.reconciliation.evidence import Evidence
from ferrolan.reconciliation.hypotheses import Vicinity
from ferrolan.reconciliation.network import Network
from ferrolan.reconciliation.tests import LEAST_REDUNDANCY, LEVEL, sidak_critical

PARALLEL = 1e-6
"""Largest 1 - |cosine| of two effects that count as one."""
NEAR = float(special.chdtri(1, 0.05))
"""Difference in J below which one more bias is not needed at 95 %: 3.84."""
WIDTH = float(special.ndtri(0.975))
WIDEST = 0.1
"""Largest standard deviation of a relative bias for which a bilinear network's linearisation can test it. A bias that
shows only beyond some 4 x 10 % of the reading lies outside the linear range; what such a test finds is curvature."""


@dataclass(frozen=True)
class Hypotheses:
    """Bias hypotheses, one per tag: the effect of a bias on the adjustments, and how it shows.

    ``score`` (tags,) is d' r and ``gram`` (tags, tags) d' R d for the directions d of the biases in units of sigma, the
    adjustments r and their covariance R; ``testable`` (bool) is False where a bias leaves no trace.
    """

    tags: tuple[str, ...]
    score: Floats
    gram: Floats
    testable: np.ndarray

    @property
    def statistics(self) -> Floats:
        """Generalised likelihood ratio T of each single bias, (tags,); nan where not testable."""
        scale = np.where(self.testable, np.diag(self.gram), 1.0)
        return np.where(self.testable, self.score**2 / scale, np.nan)


@dataclass(frozen=True)
class Suspect:
    """One member of a class of suspects; ``bias`` with its 95 % interval is the relative bias of the reading.

    ``echo`` marks a class that stands out alone and no more once the classes of smaller rank are allowed for.
    """

    rank: int
    suspect_class: int
    tag: int
    z: float
    critical: float
    bias: float
    low: float
    high: float
    p_global_without: float
    echo: bool


def hypotheses(
    tags: tuple[str, ...],
    directions: Floats,
    adjustment: Floats,
    carried: Floats,
    *,
    widest: float = float("inf"),
) -> Hypotheses:
    """Set up the hypotheses.

    Parameters
    ----------
    directions : (readings, tags)
        Readings of each tag in units of sigma, zero elsewhere: the effect of a relative bias of one.
    adjustment : (readings,)
        Reading less reconciled value, in units of sigma.
    carried : (readings, tags)
        What the reconciled values take over of the directions: C @ directions.
    widest
        Largest standard deviation of a relative bias that is tested; ``WIDEST`` where the model is a linearisation.
    """
    gram = directions.T @ (directions - carried)
    gram = 0.5 * (gram + gram.T)
    size = np.einsum("ij,ij->j", directions, directions)
    least = np.maximum(LEAST_REDUNDANCY * np.where(size > 0.0, size, 1.0), widest**-2)
    testable = np.diag(gram) > least
    return Hypotheses(tags, directions.T @ adjustment, gram, testable)


def equivalence_classes(hypotheses: Hypotheses) -> tuple[tuple[int, ...], ...]:
    """Exact classes of testable tags: all whose effects are parallel, so that no reading can tell them apart."""
    testable = np.flatnonzero(hypotheses.testable)
    cosine = _cosines(hypotheses.gram, testable)
    left = list(range(len(testable)))
    classes = []
    while left:
        members = [i for i in left if cosine[left[0], i] > 1.0 - PARALLEL]
        left = [i for i in left if i not in members]
        classes.append(tuple(int(testable[i]) for i in members))
    return tuple(classes)


def _cosines(gram: Floats, chosen: Integers) -> Floats:
    length = np.sqrt(np.diag(gram)[chosen])
    cosines: Floats = np.abs(gram[np.ix_(chosen, chosen)]) / np.outer(length, length)
    return cosines


def suspects(
    hypotheses: Hypotheses, objective: float, degrees_of_freedom: int, *, most: int = 10
) -> tuple[Suspect, ...]:
    """Rank the classes of tags that may carry a bias.

    First those found one after the other: the class with the largest statistic, then the largest once that bias is
    allowed for, as long as it exceeds the critical value and the rest fails the global test or the single-bias test.
    Then any other class whose statistic alone exceeds the critical value (it may only echo the former). ``z``,
    ``bias`` and ``p_global_without`` of the former allow for the classes of smaller rank; of the latter they stand
    alone.

    A class holds the exactly parallel tags and those that explain the data as well at 95 %: with one of them allowed
    for the other is not needed, and the other way round.
    """
    classes = equivalence_classes(hypotheses)
    critical = sidak_critical(int(hypotheses.testable.sum()))
    found: list[Suspect] = []
    chosen: list[int] = []
    taken: set[int] = set()
    while len(chosen) < min(most, degrees_of_freedom):
        conditional = _conditional(hypotheses, chosen)
        best = max((c for c in classes if c[0] not in taken), key=lambda c: conditional[c[0]], default=None)
        if best is None or not conditional[best[0]] > critical**2:
            break
        members = _members(hypotheses, classes, best, chosen, conditional)
        rank = len(chosen) + 1
        left = objective - _explained(hypotheses, [*chosen, best[0]])
        for tag in members:
            found.append(_suspect(hypotheses, rank, tag, chosen, conditional[tag], critical, left, degrees_of_freedom))
        taken.update(members)
        chosen.append(best[0])
    single = hypotheses.statistics
    echoes = [c for c in classes if c[0] not in taken and single[c[0]] > critical**2]
    for place, echo in enumerate(sorted(echoes, key=lambda c: -single[c[0]]), start=len(chosen) + 1):
        left = objective - float(single[echo[0]])
        for tag in echo:
            alone = _suspect(hypotheses, place, tag, [], single[tag], critical, left, degrees_of_freedom)
            found.append(replace(alone, echo=True))
    return tuple(found)


def _conditional(hypotheses: Hypotheses, given: list[int]) -> Floats:
    """T of every tag once the biases of ``given`` are allowed for; 0 where these already explain it."""
    score, gram = hypotheses.score, hypotheses.gram
    if not given:
        return np.where(hypotheses.testable, np.nan_to_num(hypotheses.statistics), 0.0)
    inner = np.linalg.solve(gram[np.ix_(given, given)], np.column_stack([score[given], gram[given]]))
    rest = score - gram[:, given] @ inner[:, 0]
    size = np.diag(gram) - np.einsum("ij,ji->i", gram[:, given], inner[:, 1:])
    usable = hypotheses.testable & (size > PARALLEL * np.abs(np.diag(gram)))
    return np.where(usable, rest**2 / np.where(usable, size, 1.0), 0.0)


def _explained(hypotheses: Hypotheses, chosen: list[int]) -> float:
    """By how much J falls when the biases of the chosen tags are allowed for."""
    score = hypotheses.score[chosen]
    return float(score @ np.linalg.solve(hypotheses.gram[np.ix_(chosen, chosen)], score))


def _members(
    hypotheses: Hypotheses,
    classes: tuple[tuple[int, ...], ...],
    best: tuple[int, ...],
    chosen: list[int],
    conditional: Floats,
) -> list[int]:
    """The exact class first, then classes of which either makes the other needless."""
    after = _conditional(hypotheses, [*chosen, best[0]])
    members = list(best)
    for other in classes:
        head = other[0]
        if head in members or head in chosen or conditional[best[0]] - conditional[head] >= NEAR:
            continue
        if after[head] < NEAR and conditional[head] > NEAR:
            members.extend(other)
    return members


def _suspect(
    hypotheses: Hypotheses,
    rank: int,
    tag: int,
    given: list[int],
    statistic: float,
    critical: float,
    left: float,
    degrees_of_freedom: int,
) -> Suspect:
    bias, sd = _estimate(hypotheses, tag, given)
    rest = degrees_of_freedom - len(given) - 1
    p_value = float(special.chdtrc(rest, max(left, 0.0))) if rest > 0 else 1.0
    ends = [_relative(bias + sign * WIDTH * sd) for sign in (-1.0, 1.0)]
    return Suspect(
        rank, rank, tag, float(np.sqrt(statistic)), critical, _relative(bias), ends[0], ends[1], p_value, echo=False
    )


def _estimate(hypotheses: Hypotheses, tag: int, given: list[int]) -> tuple[float, float]:
    """Bias as a share of the reading, and its standard deviation, together with those of ``given``."""
    chosen = [*given, tag]
    inverse = np.linalg.inv(hypotheses.gram[np.ix_(chosen, chosen)])
    return float((inverse @ hypotheses.score[chosen])[-1]), float(np.sqrt(inverse[-1, -1]))


@dataclass(frozen=True)
class MeterSuspects:
    """Meters that may carry a bias, leaks left aside: ``found`` refers to ``tags`` by number; ``statistics`` (tags,)
    holds T of each bias alone, nan where not testable, estimated where far from its critical value.
    """

    tags: tuple[str, ...]
    found: tuple[Suspect, ...]
    statistics: Floats


def meter_suspects(
    network: Network, evidence: Evidence, vicinity: Vicinity, objective: float, degrees_of_freedom: int
) -> MeterSuspects:
    """Rank the meters by a constant relative bias of each, without a matrix of readings by meters.

    ``evidence`` is in plant units. In a network with components a bias is tested only where its standard deviation is
    at most ``WIDEST``: this list is read off the linearisation alone (``inquiry`` confirms wider ones by solving).
    """
    widest = WIDEST if network.components else float("inf")
    bias = lazy.Hypotheses(vicinity, lazy.biases(network, evidence, vicinity.rows), widest=widest)
    critical = np.full(len(bias), sidak_critical(int(bias.testable.sum())))
    culprits = rank(bias, critical, objective, degrees_of_freedom)
    return MeterSuspects(
        tuple(label.tag or "" for label in bias.labels),
        tuple(_as_suspect(culprit) for culprit in culprits),
        bias.statistics,
    )


def _as_suspect(culprit: Culprit) -> Suspect:
    share, low, high = (_relative(value) for value in (culprit.estimate, culprit.low, culprit.high))
    return Suspect(
        culprit.rank, culprit.rank, culprit.hypothesis, culprit.z, culprit.critical, share, low, high,
        culprit.p_global_without, culprit.echo,
    )  # fmt: skip


def _relative(share: float) -> float:
    """Turn a share b' of the reading, x = y (1 - b'), into a share b of the truth, y = x (1 + b)."""
    return share / (1.0 - share) if share < 1.0 else float("inf")


__all__ = [
    "LEVEL",
    "Hypotheses",
    "MeterSuspects",
    "Suspect",
    "equivalence_classes",
    "hypotheses",
    "meter_suspects",
    "suspects",
]
