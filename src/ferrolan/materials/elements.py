"""Chemical elements: which are followed through the plant, their atomic masses, what it takes to reduce them.

Example: neodymium is 144.242 kg/kmol and takes 3 electrons an atom, so 1 kg of it takes 0.5574 kAh. Atomic masses are
the standard atomic weights of IUPAC, the conventional value where the standard is an interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from ferrolan.materials.nearest import unknown
from ferrolan.materials.sources import rows

FARADAY = 96485.33212
"""Charge of a mole of electrons [C/mol], exact since the SI of 2019: 1.602176634e-19 C times 6.02214076e23 /mol."""

_SECONDS_AN_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Element:
    """An element of ``data/elements.csv``.

    ``atomic_mass`` [kg/kmol] with its ``uncertainty`` [kg/kmol]; ``charge`` [1] is the number of electrons an atom
    takes when it is won from its melt, 0 where it is won otherwise (samarium, europium) or not at all; ``followed``
    says whether the plant's balances carry it.
    """

    symbol: str
    number: int
    name: str
    atomic_mass: float
    uncertainty: float
    charge: int
    followed: bool
    source: str
    status: str


def element(symbol: str) -> Element:
    """An element by its symbol.

    Raises
    ------
    ProblemError
        No such element; the message names the nearest.

    Examples
    --------
    >>> element("Nd").name
    'neodymium'
    """
    if symbol not in _ELEMENTS:
        raise unknown("element", symbol, _ELEMENTS, "Add a row to materials/data/elements.csv.")
    return _ELEMENTS[symbol]


def atomic_mass(symbol: str) -> float:
    """Standard atomic weight of an element [kg/kmol].

    Examples
    --------
    >>> atomic_mass("Fe")
    55.845
    """
    return element(symbol).atomic_mass


def charge(symbol: str) -> int:
    """Electrons an atom of a metal takes when it is won from its melt [1].

    Raises
    ------
    ProblemError
        The element is unknown, or is not won by electrolysis.

    Examples
    --------
    >>> charge("Nd")
    3
    """
    found = element(symbol)
    if found.charge == 0:
        metals = (name for name, one in _ELEMENTS.items() if one.charge)
        raise unknown("metal won from a melt", symbol, metals, "Give its charge in materials/data/elements.csv.")
    return found.charge


def charge_per_mass(symbol: str) -> float:
    """Charge that wins a mass of metal at a current efficiency of one, ``z F / (3600 M)`` [MAh/t].

    Times the cell voltage, over the current efficiency, it is the electrolysis energy [MWh/t].

    Examples
    --------
    >>> round(charge_per_mass("Nd"), 4)
    0.5574
    >>> round(10.0 * charge_per_mass("Nd") / 0.75, 2)
    7.43
    """
    return charge(symbol) * FARADAY / (_SECONDS_AN_HOUR * atomic_mass(symbol))


def _element(row: dict[str, str]) -> Element:
    return Element(
        symbol=row["symbol"],
        number=int(row["number"]),
        name=row["name"],
        atomic_mass=float(row["atomic_mass_kg_per_kmol"]),
        uncertainty=float(row["uncertainty_kg_per_kmol"]),
        charge=int(row["charge"]),
        followed=row["followed"] == "yes",
        source=row["source"],
        status=row["status"],
    )


_ELEMENTS = MappingProxyType({row["symbol"]: _element(row) for row in rows("elements")})

ELEMENTS: tuple[str, ...] = tuple(symbol for symbol, one in _ELEMENTS.items() if one.followed)
"""Symbols of the elements that balances follow, in the order of atomic number; columns of ``COMPOSITION``."""

RARE_EARTHS: tuple[str, ...] = ("La", "Ce", "Pr", "Nd", "Sm", "Eu", "Gd", "Tb", "Dy", "Y")
"""Rare earths that are followed, yttrium last. Not an order of extraction: that depends on the extractant."""
