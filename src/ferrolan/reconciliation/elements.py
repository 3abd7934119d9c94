"""The words a network is written in: streams, nodes, readings, shared errors, exact values, relations.

For example: ``Stream("tails", "magnetic_separation", "tails_splitter")`` carries a flow and assays; ``Reading("flow",
"tails", None, 0, 212.0, 2.1, "WT-214")`` is what its belt scale said in period 0, sure to 2.1 t/h. Each is frozen and
knows nothing of the others; ``network`` puts them together and refuses what contradicts itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from ferrolan.reconciliation.errors import ErrorModel

MASS = "dry_mass"
"""Name of the balance of the flows themselves."""
ENERGY = "energy"
"""Name of the balance of flow times enthalpy, and of heat streams."""

NodeKind = Literal["junction", "splitter", "stock"]
ReadingKind = Literal["flow", "assay", "stock", "stock_assay", "temperature", "quantity"]

Place = tuple[str, str, str | None]
"""Address of a quantity in any period: kind, object, component."""


@dataclass(frozen=True)
class Stream:
    """Material or heat from ``source`` to ``target``; None is the environment.

    Parameters
    ----------
    carries
        ``material`` has a flow, assays and a temperature. ``heat`` has a flow alone [GJ/h], of either sign; it enters
        energy balances and nothing else, such as the losses of a kiln or the duty between two sides of an exchanger.
    enthalpy
        Coefficients (a, b, c) of ``h = a + b T + c T^2`` [GJ/t], T in K; needed of every material stream at a node with
        an energy balance. Fewer than three are filled with zeros.
    """

    name: str
    source: str | None
    target: str | None
    carries: Literal["material", "heat"] = "material"
    enthalpy: tuple[float, ...] = ()


@dataclass(frozen=True)
class Node:
    """A unit or stock and the balances that close there.

    Parameters
    ----------
    balances
        Components, ``MASS`` where the flows themselves close, ``ENERGY`` where flow times enthalpy closes.
    kind
        A ``junction`` closes each balance in each period. A ``splitter`` has one inlet; its mass closes and every
        outlet has the inlet's composition (and temperature), so component balances follow. A ``stock`` closes each
        balance with what it holds at the start of this and of the next period; its composition is its own (it need not
        be mixed), and it closes no energy.
    """

    name: str
    balances: tuple[str, ...]
    kind: NodeKind = "junction"


@dataclass(frozen=True)
class Reading:
    """One measured value of one quantity in one period.

    Parameters
    ----------
    kind
        ``flow`` [t/h or m3/h; GJ/h of a heat stream], ``assay`` [mass fraction, or t/m3 in liquors] and ``temperature``
        [K] of a stream; ``stock`` [t] and ``stock_assay`` [mass fraction] of a stock node; ``quantity`` of a declared
        quantity [its own unit].
    object
        Stream, stock node or quantity.
    component
        Component of an assay, else None.
    period
        From 0; a stock of number p is the one at the start of period p, so the last is the number of periods.
    sigma
        Standard deviation as stated at the reading, above zero, in the unit of the value.
    tag
        Meter; one tag measures one quantity, in as many periods as it was read. Two tags may read the same quantity.
    also
        Further meters that went into the value, such as the moisture behind a dry flow: an error of theirs cannot be
        told from one of ``tag``. Where ``shares`` names them, it can.
    model
        Where given, sigma is evaluated again at the reconciled value.
    below
        The value is a detection limit L and the meter said "less than": all that is known is that x + e < L.
    shares
        Pairs (name of a shared error, sensitivity in units of the value per unit of that error): ``value = x + sum a b
        + e``; ``sigma`` is then that of e alone.
    """

    kind: ReadingKind
    object: str
    component: str | None
    period: int
    value: float
    sigma: float
    tag: str
    also: tuple[str, ...] = ()
    model: ErrorModel | None = None
    below: bool = False
    shares: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class SharedError:
    """An error b ~ N(0, sigma^2) common to several readings: one belt scale, one sampler, one calibration.

    ``lasts`` says whether b stays the same over the whole ``account`` or is drawn anew each ``period``. In the account
    it is the quantity ("shared", name, None, period), period 0 where it lasts.
    """

    name: str
    sigma: float
    lasts: Literal["account", "period"] = "account"


@dataclass(frozen=True)
class Correlation:
    """Correlation r of the errors of two tags, in every period in which both were read."""

    first: str
    second: str
    r: float


@dataclass(frozen=True)
class Known:
    """An exact value: a fixed composition, a closed valve; in one period, or in all (None)."""

    kind: ReadingKind
    object: str
    component: str | None
    value: float
    period: int | None = None


@dataclass(frozen=True)
class Quantity:
    """A quantity of its own, one a period, that relations speak of: a heat transfer coefficient, a recovery."""

    name: str
    lower: float = -math.inf
    upper: float = math.inf


@dataclass(frozen=True)
class Relation:
    """``sum coefficient * product of quantities + constant = 0`` in every period.

    Parameters
    ----------
    terms
        Pairs (coefficient, factors); a factor is (kind, object, component), and may be named twice for a square. A
        stock is the one at the start of the period. A factor declared absent makes its term zero.

    Examples
    --------
    >>> twice = Relation("twice", ((1.0, (("flow", "tails", None),)), (-2.0, (("flow", "concentrate", None),))))
    >>> len(twice.terms)
    2
    """

    name: str
    terms: tuple[tuple[float, tuple[Place, ...]], ...]
    constant: float = 0.0
