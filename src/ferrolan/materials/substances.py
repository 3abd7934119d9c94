"""Elements and oxides: molar masses, and how much of an element is in an oxide.

Assays give oxides (La2O3, CeO2, Pr6O11, Nd2O3) or elements (Fe, P); a conversion between them is a ratio of molar
masses. Standard atomic weights are taken at five figures, the abridged values of IUPAC. Their uncertainty (at most
0.06 %, for sulfur) is small beside an assay's 0.3 % and is not carried. Oxides stand in the form in which they are
traded, which for praseodymium and terbium is a mixed valence; a source marked *recalled* was named from memory, not
opened.

References
----------
Prohaska T. et al., Standard atomic weights of the elements 2021 (IUPAC Technical Report), Pure and Applied Chemistry 94
(2022) 573-600, doi:10.1515/pac-2019-0603.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from ferrolan.base.errors import TableError

_PART = re.compile(r"([A-Z][a-z]?)(\d*)")


@dataclass(frozen=True)
class Element:
    """A chemical element.

    Parameters
    ----------
    number
        Atomic number.
    symbol, name
        What it is called.
    molar_mass
        Standard molar mass [kg/kmol].
    source
        Where the molar mass stands.
    """

    number: int
    symbol: str
    name: str
    molar_mass: float
    source: str


@dataclass(frozen=True)
class Oxide:
    """An oxide in the form in which it is assayed and traded.

    Parameters
    ----------
    formula, name
        What it is called.
    rare_earth
        Whether it counts in the sum of rare-earth oxides, REO.
    molar_mass
        Molar mass from the elements [kg/kmol].
    source
        Where the stoichiometry stands.
    """

    formula: str
    name: str
    rare_earth: bool
    molar_mass: float
    source: str

    @property
    def element(self) -> str:
        """Symbol of the element besides oxygen."""
        return next(symbol for symbol in _composition(self.formula) if symbol != "O")

    @property
    def element_fraction(self) -> float:
        """Mass fraction of the element in the oxide [1]."""
        return elements()[self.element].molar_mass * _composition(self.formula)[self.element] / self.molar_mass


@cache
def elements() -> Mapping[str, Element]:
    """Elements by symbol.

    Examples
    --------
    >>> elements()["Nd"].molar_mass
    144.24
    """
    rows = _rows("elements", ("number", "symbol", "name", "molar_mass", "source"))
    found = (Element(int(number), symbol, name, float(mass), source) for number, symbol, name, mass, source in rows)
    return {element.symbol: element for element in found}


@cache
def oxides() -> Mapping[str, Oxide]:
    """Oxides by formula.

    Examples
    --------
    >>> round(oxides()["Pr6O11"].element_fraction, 4)
    0.8277
    """
    rows = _rows("oxides", ("formula", "name", "rare_earth", "source"))
    return {
        formula: Oxide(formula, name, rare_earth == "true", molar_mass(formula), source)
        for formula, name, rare_earth, source in rows
    }


def molar_mass(formula: str) -> float:
    """Molar mass of a formula without brackets [kg/kmol].

    Raises
    ------
    TableError
        If the formula cannot be read or holds an element that is not in the table.

    Examples
    --------
    >>> round(molar_mass("Fe2O3"), 3)
    159.687
    """
    unknown = [symbol for symbol in _composition(formula) if symbol not in elements()]
    if unknown:
        raise TableError(f"formula {formula!r}: no molar mass of {', '.join(unknown)} in materials/data/elements.csv")
    return sum(count * elements()[symbol].molar_mass for symbol, count in _composition(formula).items())


def _composition(formula: str) -> Mapping[str, int]:
    """Atoms of a formula by element."""
    if not formula or _PART.sub("", formula):
        raise TableError(f"formula {formula!r} cannot be read; write it like Fe2O3")
    atoms: dict[str, int] = {}
    for symbol, count in _PART.findall(formula):
        atoms[symbol] = atoms.get(symbol, 0) + int(count or 1)
    return atoms


def _rows(table: str, columns: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Rows of a data file; a row without a source is refused."""
    text = files("ferrolan.materials").joinpath("data", f"{table}.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        if tuple(row) != columns or not all(row.values()):
            raise TableError(f"materials/data/{table}.csv: row {row} needs {', '.join(columns)}")
        yield tuple(row.values())
