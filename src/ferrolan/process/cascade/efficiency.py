"""What each component does in a train whose distribution ratios are given: stage efficiency and entrainment.

A mixer of a neodymium train brings the organic 90 % of the way to equilibrium, and 2 % of the liquor runs on with the
organic that has not quite settled. For one component, in the amounts l and v that leave a stage in liquor and organic,
with what arrives in either phase, Murphree's efficiency eta of the organic [1] and E = D times the ratio of volumes::

    l_k + v_k = l_in,k + v_in,k        v_k = eta E_k l_k + (1 - eta) v_in,k

For given E these are linear, with one system a component. The matrix has positive diagonals, no positive element
beside them, and columns that sum to what leaves the train: an M-matrix whatever E, for 0 < eta <= 1 and any
entrainment, so that no amount is negative, and what enters leaves. Perfect stages need l alone (tridiagonal); others l
and v in turn, a band of two below and three above the diagonal.

`Balances` also takes a share ``tau`` of what a stage held before: a step of implicit Euler in a pseudo-time, at which
each component's inlets are joined by tau times its former outlets, and its outlets grow by as much.

References
----------
Murphree, E. V. (1925). Rectifying column calculations. Ind. Eng. Chem. 17, 747-750. doi:10.1021/ie50187a044
Grassmann, W. K., Taksar, M. I., Heyman, D. P. (1985). Regenerative analysis and steady state distributions for Markov
chains. Oper. Res. 33, 1107-1116. doi:10.1287/opre.33.5.1107 (elimination without subtraction)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.linalg import lapack

from ferrolan.base.errors import ProblemError
from ferrolan.process.cascade.acid_balance import Carriers
from ferrolan.process.cascade.train import Floats, Train


class Amounts(NamedTuple):
    """What leaves each stage in liquor and in organic (N, C) [kmol/h]."""

    liquor: Floats
    organic: Floats


class Sensitive(NamedTuple):
    """Amounts, and how they follow the logarithm of E: (C, N, N), amount of stage k to ln E of stage m [kmol/h]."""

    amounts: Amounts
    liquor: Floats
    organic: Floats


@dataclass(frozen=True, eq=False)
class Balances:
    """Balances of every component around every stage.

    ``liquor_feed`` and ``organic_feed`` (N, C) are what enters [kmol/h]; ``efficiency`` (N, C), or None where every
    stage is perfect [1].
    """

    carriers: Carriers
    liquor_feed: Floats
    organic_feed: Floats
    efficiency: Floats | None

    def amounts(self, ratio: Floats) -> Amounts:
        """What leaves each stage for E = ``ratio`` (N, C), without a subtraction where the stages are perfect."""
        if self.efficiency is not None:
            return _banded(self, ratio, 0.0, None)[0]
        liquor = _eliminated(self.carriers, self.liquor_feed + self.organic_feed, ratio)
        return Amounts(liquor, ratio * liquor)

    def sensitive(self, ratio: Floats, tau: float = 0.0, held: Amounts | None = None) -> Sensitive:
        """What leaves each stage, ``tau`` times ``held`` beside the feeds, and its derivatives to ln E."""
        if self.efficiency is None:
            return _tridiagonal(self, ratio, tau, held)
        amounts, to_ratio = _banded(self, ratio, tau, held)
        weighted = to_ratio * (ratio * amounts.liquor).T[:, None, :]
        return Sensitive(amounts, weighted[:, 0::2], weighted[:, 1::2])


def balances_of(train: Train, carriers: Carriers) -> Balances:
    """Balances of a train's components.

    Raises
    ------
    ProblemError
        If an efficiency is not above 0 and at most 1, or not one for all, one a component or one a stage and component.
    """
    liquor, organic = np.zeros((2, train.size, len(train.components)))
    for feed in train.feeds:
        (liquor if feed.phase == "aqueous" else organic)[feed.stage - 1] += feed.amounts
    return Balances(carriers, liquor, organic, _efficiency(train))


def _efficiency(train: Train) -> Floats | None:
    given = np.asarray(train.efficiency, dtype=np.float64)
    wrong = given[~((given > 0.0) & (given <= 1.0))]
    if wrong.size:
        raise ProblemError(f"efficiency: expected above 0 and at most 1, got {wrong.flat[0]:g}.")
    if np.all(given == 1.0):
        return None
    try:
        return np.broadcast_to(given, (train.size, len(train.components)))
    except ValueError as error:
        raise ProblemError(
            f"efficiency: expected one, one a component ({len(train.components)}) or one a stage and component "
            f"({train.size}, {len(train.components)}), stripping stages included, got shape {given.shape}."
        ) from error


def _tridiagonal(balances: Balances, ratio: Floats, tau: float, held: Amounts | None) -> Sensitive:
    """Perfect stages: per component ``T l = F``, and ``dl/dE_m = -T^-1 (dT/dE_m) l``, in one call of LAPACK."""
    carriers = balances.carriers
    stages, size = ratio.shape
    fed = balances.liquor_feed + balances.organic_feed
    if tau and held is not None:
        fed = fed + tau * (held.liquor + held.organic)
    diagonal = (1.0 + ratio) * (1.0 + tau)
    lower = -(carriers.liquor_entrained[:-1, None] + carriers.organic_on[:-1, None] * ratio[:-1])
    upper = -(carriers.liquor_back[:, None] + carriers.organic_back[:, None] * ratio[1:])
    shifts = _columns(carriers, tau)
    liquor, inverse = np.empty((stages, size)), np.empty((size, stages, stages))
    for i in range(size):
        shifts[:, 0] = fed[:, i]
        solved = (
            lapack.dgtsv(lower[:, i], diagonal[:, i], upper[:, i], shifts)[3] if stages > 1 else shifts / diagonal[:, i]
        )
        liquor[:, i] = solved[:, 0]
        inverse[i] = solved[:, 1:]
    organic = ratio * liquor
    inverse *= organic.T[:, None, :]
    to_organic = inverse * ratio.T[:, :, None]
    place = np.arange(stages)
    to_organic[:, place, place] += organic.T
    return Sensitive(Amounts(liquor, organic), inverse, to_organic)


def _columns(carriers: Carriers, tau: float) -> Floats:
    """A free column, then ``-dT/dE_m`` for each stage m: what more of E takes from it and gives to its neighbours."""
    stages = len(carriers.liquor)
    columns = np.zeros((stages, stages + 1), order="F")
    place = np.arange(stages)
    columns[place, place + 1] = -1.0 - tau
    columns[place[1:], place[1:]] = carriers.organic_on[:-1]
    columns[place[:-1], place[:-1] + 2] = carriers.organic_back
    return columns


def _banded(balances: Balances, ratio: Floats, tau: float, held: Amounts | None) -> tuple[Amounts, Floats]:
    """Imperfect stages: l and v in turn, and their derivatives to E per amount of liquor (C, 2 N, N)."""
    assert balances.efficiency is not None
    carriers, efficiency = balances.carriers, balances.efficiency
    stages, size = ratio.shape
    into_liquor, into_organic = balances.liquor_feed, balances.organic_feed
    if tau and held is not None:
        into_liquor, into_organic = into_liquor + tau * held.liquor, into_organic + tau * held.organic
    right = np.zeros((2 * stages, stages + 1), order="F")
    place = np.arange(stages)
    amounts, inverse = np.empty((2 * stages, size)), np.empty((size, 2 * stages, stages))
    for i in range(size):
        reached, missed = efficiency[:, i], 1.0 - efficiency[:, i]
        right[0::2, 0] = into_liquor[:, i] + reached * into_organic[:, i]
        right[1::2, 0] = missed * into_organic[:, i]
        right[2 * place, place + 1] = -(1.0 + tau) * reached
        right[2 * place + 1, place + 1] = (1.0 + tau) * reached
        solved = lapack.dgbsv(2, 3, _band(carriers, reached, ratio[:, i], tau), right)[2]
        amounts[:, i] = solved[:, 0]
        inverse[i] = solved[:, 1:]
    return Amounts(amounts[0::2], amounts[1::2]), inverse


def _band(carriers: Carriers, reached: Floats, ratio: Floats, tau: float) -> Floats:
    """The matrix of l and v in turn, in LAPACK's band form with room for pivots: row 5 + i - j holds element (i, j)."""
    missed = 1.0 - reached
    band = np.zeros((8, 2 * len(ratio)), order="F")
    band[5, 0::2] = (1.0 + tau) * (1.0 + reached * ratio)
    band[5, 1::2] = 1.0 + tau
    band[6, 0::2] = -(1.0 + tau) * reached * ratio
    band[3, 2::2] = -carriers.liquor_back
    band[7, 0:-2:2] = -carriers.liquor_entrained[:-1]
    band[6, 1:-2:2] = -reached[1:] * carriers.organic_on[:-1]
    band[7, 1:-2:2] = -missed[1:] * carriers.organic_on[:-1]
    band[2, 3::2] = -reached[:-1] * carriers.organic_back
    band[3, 3::2] = -missed[:-1] * carriers.organic_back
    return band


def _eliminated(carriers: Carriers, fed: Floats, ratio: Floats) -> Floats:
    """Liquor of perfect stages by elimination without subtraction: exact to round-off over any number of decades.

    ``escape`` is what leaves the train of a stage's amount without passing later stages; the pivot is that and what
    runs on to the next stage.
    """
    stages = len(ratio)
    back = np.zeros_like(ratio)
    back[1:] = carriers.liquor_back[:, None] + carriers.organic_back[:, None] * ratio[1:]
    on = np.zeros_like(ratio)
    on[:-1] = carriers.liquor_entrained[:-1, None] + carriers.organic_on[:-1, None] * ratio[:-1]
    leaving = _leaving(carriers, ratio)
    liquor, pivots = fed.copy(), np.empty_like(ratio)
    escape = leaving[0]
    pivots[0] = escape + on[0]
    for k in range(1, stages):
        escape = leaving[k] + back[k] * (escape / pivots[k - 1])
        pivots[k] = escape + on[k]
        liquor[k] += on[k - 1] * (liquor[k - 1] / pivots[k - 1])
    liquor[-1] /= pivots[-1]
    for k in range(stages - 2, -1, -1):
        liquor[k] = (liquor[k] + back[k + 1] * liquor[k + 1]) / pivots[k]
    return liquor


def _leaving(carriers: Carriers, ratio: Floats) -> Floats:
    """What leaves the train from each stage, in both phases, per amount of liquor (N, C)."""
    liquor, organic = carriers.liquor_drawn.copy(), carriers.organic_drawn.copy()
    for k in {0, carriers.strip_from} - {len(liquor)}:
        liquor[k] += carriers.liquor_on[k]
        organic[k] += carriers.organic_entrained[k]
    liquor[-1] += carriers.liquor_entrained[-1]
    organic[-1] += carriers.organic_on[-1]
    leaves: Floats = liquor[:, None] + organic[:, None] * ratio
    return leaves
