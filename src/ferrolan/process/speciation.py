"""Elements laid down as species: what a hot unit makes of its elements.

A furnace forgets which mineral its silicon came with; what leaves is quartz, lime, hematite, carbon dioxide. A
*recipe* lists species with the element that each takes up, in the order of affinity: in a slag, fluorine takes
calcium as fluorite, sulfur takes calcium as calcium sulfide, what calcium is left becomes lime. Oxygen follows, so
that it is what closes: 1 t of silicon laid down as quartz asks for 1.14 t of oxygen. An element that finds no place
is an error and never dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from ferrolan import materials
from ferrolan.base.errors import ProblemError
from ferrolan.process.material import Floats

ATOMIC: Floats = np.array([materials.atomic_mass(symbol) for symbol in materials.ELEMENTS])
"""Atomic mass of each element, shape (elements,) [kg/kmol]."""

_TRACE = 1e-12  # of the whole: less of an element than this may stay without a place (round-off)


Atoms = tuple[tuple[int, float], ...]
"""Places of elements with their atoms in a formula."""


@dataclass(frozen=True)
class Recipe:
    """Species in the order in which they are made, each with the element that it takes up.

    Elements in ``free`` limit nothing: they are what closes. A species that needs another element takes no more than
    there is; a later species with the same element takes what is left.
    """

    name: str
    steps: tuple[tuple[str, str], ...]
    free: tuple[str, ...] = ("O",)

    @cached_property
    def table(self) -> tuple[tuple[int, int, Atoms, Atoms], ...]:
        """For each step: place of the species, place of its element, its atoms by element, those that limit it."""
        return tuple(self._step(species, symbol) for species, symbol in self.steps)

    @cached_property
    def free_places(self) -> tuple[int, ...]:
        """Places of the free elements."""
        return tuple(element_place(symbol) for symbol in self.free)

    def _step(self, species: str, symbol: str) -> tuple[int, int, Atoms, Atoms]:
        atoms = _atoms(species)
        limits = tuple((at, count) for at, count in atoms if at not in self.free_places)
        return materials.place(species), element_place(symbol), atoms, limits


def element_place(symbol: str) -> int:
    """Index of an element in ``materials.ELEMENTS``."""
    return materials.ELEMENTS.index(symbol)


def kmol(elements: Floats) -> Floats:
    """Amounts of elements [kmol/h] from tonnes [t/h], shape (elements,)."""
    found: Floats = elements * (1000.0 / ATOMIC)
    return found


def tonnes(atoms: Floats) -> Floats:
    """Tonnes of elements [t/h] from amounts [kmol/h], shape (elements,)."""
    found: Floats = atoms * (ATOMIC / 1000.0)
    return found


def laid(atoms: Floats, recipe: Recipe, first: Mapping[str, float] | None = None) -> tuple[Floats, Floats]:
    """Elements laid down as species by a recipe.

    Parameters
    ----------
    atoms
        Amount of each element, shape (elements,) [kmol/h].
    recipe
        What takes up what.
    first
        Amounts of species that are made before the recipe begins [kmol/h].

    Returns
    -------
    tuple of Floats
        Amounts of species [t/h], shape (species,), and what is left of the elements [kmol/h], shape (elements,): of
        the free ones a negative amount where the species ask for more than there was.

    Raises
    ------
    ProblemError
        If an element other than a free one finds no place.
    """
    made = np.zeros(len(materials.SPECIES))
    if not (atoms.any() or first):
        return made, atoms.copy()
    rest: list[float] = atoms.tolist()
    for name, amount in (first or {}).items():
        made[materials.place(name)] += amount
        _take(rest, amount, _atoms(name))
    for place, key, taken, limits in recipe.table:
        amount = min([rest[i] / count for i, count in limits]) if rest[key] > 0.0 else 0.0
        if amount > 0.0:
            made[place] += amount
            _take(rest, amount, taken)
    return made * (materials.MOLAR_MASS / 1000.0), _settled(rest, recipe, float(atoms.sum()))


@cache
def _atoms(species: str) -> Atoms:
    """What a species holds, in the order of the elements."""
    formula = materials.formula(materials.species(species).formula)
    return tuple(sorted((element_place(element), float(count)) for element, count in formula.items()))


def _take(rest: list[float], amount: float, atoms: Atoms) -> None:
    for place, count in atoms:
        rest[place] -= amount * count


def _settled(rest: list[float], recipe: Recipe, whole: float) -> Floats:
    """What is left, free elements alone; the round-off of the others is nothing."""
    settled = np.zeros(len(rest))
    for place in recipe.free_places:
        settled[place], rest[place] = rest[place], 0.0
    largest = max(map(abs, rest))
    if largest > _TRACE * whole:
        worst = [abs(amount) for amount in rest].index(largest)
        raise ProblemError(
            f"{recipe.name}: {rest[worst]:.4g} kmol/h of {materials.ELEMENTS[worst]} finds nothing to bind to; the "
            f"feed holds too much of it, or too little of what takes it up"
        )
    return settled


_RARE = tuple((f"oxide_{symbol}", symbol) for symbol in materials.RARE_EARTHS)
_POOR = {"Ce", "Pr", "Tb"}
_REDUCED = tuple((f"sesquioxide_{s}" if s in _POOR else f"oxide_{s}", s) for s in materials.RARE_EARTHS)
_GANGUE = (
    ("quartz", "Si"), ("alumina", "Al"), ("lime", "Ca"), ("periclase", "Mg"), ("baria", "Ba"), ("sodium_oxide", "Na"),
    ("potassium_oxide", "K"), ("rutile", "Ti"), ("manganese_oxide", "Mn"), ("niobium_pentoxide", "Nb"),
    ("thorianite", "Th"), ("boron_oxide", "B"), ("phosphorus_pentoxide", "P"),
)  # fmt: skip
_FLUORIDES = (("fluorite", "F"), *((f"fluoride_{symbol}", "F") for symbol in materials.RARE_EARTHS))

SLAG = Recipe(
    "slag", (*_FLUORIDES, ("calcium_sulfide", "S"), ("iron_sulfide", "S"), ("wustite", "Fe"), *_REDUCED, *_GANGUE)
)
"""A slag under reducing gas or over iron: fluorides and sulfides of calcium, then oxides, iron as wustite."""

FIRED = Recipe(
    "fired solids",
    (
        *_FLUORIDES, ("barite", "S"), ("anhydrite", "S"), ("magnesia_sulfate_solid", "S"), ("iron_sulfate_solid", "S"),
        ("apatite", "P"), ("hematite", "Fe"), *_RARE, *_GANGUE,
    ),
)  # fmt: skip
"""Solids fired in air: fluorite, sulfates, then oxides, iron as hematite."""

FLUE = Recipe(
    "flue gas",
    (("HCl_gas", "Cl"), ("HF", "F"), ("H2O_gas", "H"), ("CO2", "C"), ("SO2", "S"), ("N2", "N")),
)
"""Gas that burnt out: what oxygen is left stays oxygen."""


def gas(atoms: Floats) -> Floats:
    """Species of a gas that burnt out [t/h], shape (species,), from elements [kmol/h].

    Raises
    ------
    ProblemError
        If there is too little oxygen to burn, or an element that is no gas.
    """
    made, rest = laid(atoms, FLUE)
    spare = rest[element_place("O")]
    if spare < -_TRACE * float(atoms.sum()):
        raise ProblemError(f"{-spare:.4g} kmol/h of oxygen are missing to burn; give it more air")
    made[materials.place("O2")] += 0.5 * max(spare, 0.0) * materials.molar_mass("O2") / 1000.0
    return made


def split(atoms: Floats, symbols: tuple[str, ...]) -> tuple[Floats, Floats]:
    """Elements divided: those named, and the others, each shape (elements,)."""
    named = np.zeros(len(atoms))
    places = [element_place(symbol) for symbol in symbols]
    named[places] = atoms[places]
    return named, atoms - named
