"""Numbers by species, as a specification declares them: ``{magnetite: 0.97, bastnaesite: 0.12}``.

A key is a species, or a family: ``bastnaesite`` for ``bastnaesite_La`` to ``bastnaesite_Y``; a species of its own goes
before its family. A name that is neither is refused where the document is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypeVar

import numpy as np

from ferrolan import materials
from ferrolan.base.schema import After, Sourced, Table, Unit, WrongValue, nearest
from ferrolan.process.material import Floats

T = TypeVar("T")

FAMILIES: Mapping[str, tuple[int, ...]] = {
    one.name.removesuffix("_La"): tuple(
        materials.place(one.name.removesuffix("La") + symbol) for symbol in materials.RARE_EARTHS
    )
    for one in materials.SPECIES
    if one.name.endswith("_La")
}
"""Places of the ten species of each family, in the order of the rare earths."""

_NAMES = (*FAMILIES, *(one.name for one in materials.SPECIES))


def by_species(table: Table[T]) -> Table[T]:
    """The table itself, each key a species or a family.

    Raises
    ------
    WrongValue
        If a key is neither.
    """
    for name in table:
        if name not in _NAMES:
            expected = "a species of materials/data/species.csv, or a family such as bastnaesite"
            raise WrongValue("unknown_species", expected, nearest(name, _NAMES), f"the species {name!r}", (name,))
    return table


Shares = Annotated[Table[Annotated[Sourced, Unit("1", least=0.0, most=1.0)]], After(by_species)]
"""A share of each species or family [1]."""


def places(name: str) -> tuple[int, ...]:
    """Places of a species, or of every species of a family."""
    return FAMILIES.get(name) or (materials.place(name),)


def array(values: Mapping[str, float], other: float) -> Floats:
    """One number a species (species,); ``other`` for those that no key names.

    Examples
    --------
    >>> found = array({"bastnaesite": 0.6, "bastnaesite_Ce": 0.7}, other=0.1)
    >>> [float(found[materials.place(name)]) for name in ("bastnaesite_La", "bastnaesite_Ce", "quartz")]
    [0.6, 0.7, 0.1]
    """
    found = np.full(len(materials.SPECIES), other)
    for name in sorted(values, key=lambda key: key not in FAMILIES):
        found[list(places(name))] = values[name]
    return found


def of_table(table: Mapping[str, Sourced], other: float) -> Floats:
    """The numbers of a declared table (species,); ``other`` for those that no key names."""
    return array({name: entry.value for name, entry in table.items()}, other)
