"""Species: what streams are made of, with formula, enthalpy of formation and heat capacity.

Example: 1 t of magnetite brings 0.7236 t of iron and -4.83 GJ of enthalpy of formation; heating it takes 0.91 MJ/(t K).
Enthalpy at T is ``ENTHALPY_298 + HEAT_CAPACITY (T - 298.15)`` [GJ/t]: one constant mean heat capacity a species, taken
between 298.15 K and the temperature the row names, so that heats of melting below it are spread over the way there.
Elements as they stand are zero; solutes are at infinite dilution, in water or, for silicon, manganese, phosphorus and
the like in state ``m``, in liquid iron. The rows stand in ``data/species.csv``.

Where it stops: with a mean to 1000 K nitrogen holds 5 % too much heat at 400 K and 4 % too little at 1500 K, carbon
dioxide 21 % too much and 7 % too little; slags have no heat of mixing or melting.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ferrolan.base.errors import ProblemError
from ferrolan.materials.elements import ELEMENTS, atomic_mass
from ferrolan.materials.formulas import formula, molar_mass
from ferrolan.materials.nearest import unknown
from ferrolan.materials.sources import SOURCES, rows, weaker

STATES = ("s", "l", "g", "aq", "org", "m")
"""Solid, liquid, gas, in water, in the organic phase, in metal."""

_PER_KJ_PER_MOL = 1e-3  # [GJ/kmol]
_PER_J_PER_MOL = 1e-6  # [GJ/kmol]
_KG_PER_T = 1e3


@dataclass(frozen=True, slots=True)
class Species:
    """A species of ``data/species.csv``.

    ``enthalpy_of_formation`` [GJ/kmol at 298.15 K]; ``heat_capacity`` [GJ/kmol/K], mean from 298.15 K to
    ``heat_capacity_to`` [K]. ``source`` cites both, ``status`` is the weaker of ``enthalpy_status`` and
    ``heat_capacity_status``; ``note`` says which rule or reference state.
    """

    name: str
    group: str
    formula: str
    state: str
    enthalpy_of_formation: float
    heat_capacity: float
    heat_capacity_to: float
    source: str
    status: str
    enthalpy_status: str
    heat_capacity_status: str
    note: str


def species(name: str) -> Species:
    """A species by its name.

    Raises
    ------
    ProblemError
        No such species; the message names the nearest.

    Examples
    --------
    >>> species("oxide_Pr").formula
    'Pr6O11'
    """
    return SPECIES[place(name)]


def place(name: str) -> int:
    """Index of a species in ``SPECIES`` and in the arrays of this room.

    Raises
    ------
    ProblemError
        No such species; the message names the nearest.
    """
    found = _PLACES.get(name)
    if found is None:
        raise unknown("species", name, _PLACES, "Add a row with its source to materials/data/species.csv.")
    return found


def _species(row: dict[str, str]) -> Species:
    if row["state"] not in STATES:
        raise ProblemError(f"species {row['name']}: expected a state of {', '.join(STATES)}, got {row['state']!r}.")
    sources = dict.fromkeys(SOURCES[row[f"{of}_source"]].citation for of in ("enthalpy", "heat_capacity"))
    return Species(
        name=row["name"],
        group=row["group"],
        formula=row["formula"],
        state=row["state"],
        enthalpy_of_formation=float(row["enthalpy_kJ_per_mol"]) * _PER_KJ_PER_MOL,
        heat_capacity=float(row["heat_capacity_J_per_mol_K"]) * _PER_J_PER_MOL,
        heat_capacity_to=float(row["heat_capacity_to_K"]),
        source="; ".join(sources),
        status=weaker(row["enthalpy_status"], row["heat_capacity_status"]),
        enthalpy_status=row["enthalpy_status"],
        heat_capacity_status=row["heat_capacity_status"],
        note=row["note"],
    )


def _mass_fractions(text: str) -> NDArray[np.float64]:
    masses = np.zeros(len(ELEMENTS))
    for symbol, count in formula(text).items():
        if symbol not in ELEMENTS:
            raise ProblemError(f"species: {text} holds {symbol}, which elements.csv does not follow.")
        masses[ELEMENTS.index(symbol)] = count * atomic_mass(symbol)
    fractions: NDArray[np.float64] = masses / masses.sum()
    return fractions


def _read_only(values: Iterable[float] | Iterable[NDArray[np.float64]]) -> NDArray[np.float64]:
    array = np.array(tuple(values), dtype=np.float64)
    array.flags.writeable = False
    return array


SPECIES: tuple[Species, ...] = tuple(_species(row) for row in rows("species"))
"""Every species, in the order of the file; read once."""

_PLACES = MappingProxyType({one.name: index for index, one in enumerate(SPECIES)})
if len(_PLACES) < len(SPECIES):
    raise ProblemError("materials/data/species.csv: a name stands twice.")

MOLAR_MASS: NDArray[np.float64] = _read_only(molar_mass(one.formula) for one in SPECIES)
"""Molar mass (species,) [kg/kmol], read-only."""

COMPOSITION: NDArray[np.float64] = _read_only(_mass_fractions(one.formula) for one in SPECIES)
"""Mass fraction of each element in each species (species, elements) [t/t], read-only."""

ENTHALPY_298: NDArray[np.float64] = _read_only(
    one.enthalpy_of_formation * _KG_PER_T / mass for one, mass in zip(SPECIES, MOLAR_MASS.tolist(), strict=True)
)
"""Enthalpy of formation at 298.15 K (species,) [GJ/t], read-only."""

HEAT_CAPACITY: NDArray[np.float64] = _read_only(
    one.heat_capacity * _KG_PER_T / mass for one, mass in zip(SPECIES, MOLAR_MASS.tolist(), strict=True)
)
"""Mean heat capacity (species,) [GJ/t/K], read-only."""
