"""Which meters may carry a bias: classes, never one name where the data know no single one.

For example: the flotation feed belt reads 3 % high in all five weeks. In no week is that far outside its sigma of 1 %,
but it is the same 3 % every time: the generalised likelihood ratio of "this tag reads (1 + b) times the truth in all
periods" is far above its critical value. Narasimhan & Mah, AIChE J. 33 (1987) 1514-1521; meters whose effects on the
balances are parallel form one class (Bagajewicz & Jiang, Comput. Chem. Eng. 22 (1998) 1789-1809); several biases are
found one after the other, each with the former ones allowed for (serial compensation, Jiang & Bagajewicz, Ind. Eng.
Chem. Res. 38 (1999) 2119-2128).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ferrolan.numerics.kkt import Floats
from ferrolan.reconciliation.culprits import Culprit, rank
from ferrolan.reconciliation.evidence import Evidence
from ferrolan.reconciliation.hypotheses import Hypotheses, Vicinity, biases
from ferrolan.reconciliation.inquiry import WIDEST
from ferrolan.reconciliation.network import Network
from ferrolan.reconciliation.tests import sidak_critical

MOST_TAGS = 2000
"""Most tags whose biases are all worked out exactly; of more, those that may stand out."""


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
    bias = Hypotheses(vicinity, biases(network, evidence, vicinity.rows))
    if len(bias) <= MOST_TAGS:
        bias.refine(range(len(bias)))
    if network.components:
        bias.testable &= bias.gram > WIDEST**-2
    critical = np.full(len(bias), sidak_critical(int(bias.testable.sum())))
    culprits = rank(bias, critical, objective, degrees_of_freedom)
    _work_out_largest(bias)
    return MeterSuspects(
        tuple(label.tag or "" for label in bias.labels),
        tuple(_as_suspect(culprit) for culprit in culprits),
        bias.statistics,
    )


def relative(share: float) -> float:
    """Turn a share b' of the reading, x = y (1 - b'), into a share b of the truth, y = x (1 + b)."""
    return share / (1.0 - share) if share < 1.0 else float("inf")


def _work_out_largest(bias: Hypotheses) -> None:
    """The largest statistic must be exact, not estimated."""
    while bias.testable.any():
        largest = int(np.nanargmax(bias.statistics))
        if bias.exact(largest):
            return
        bias.refine([largest])


def _as_suspect(culprit: Culprit) -> Suspect:
    share, low, high = (relative(value) for value in (culprit.estimate, culprit.low, culprit.high))
    return Suspect(
        culprit.rank, culprit.rank, culprit.hypothesis, culprit.z, culprit.critical, share, low, high,
        culprit.p_global_without, culprit.echo,
    )  # fmt: skip
