"""What grinding frees: the share of a mineral that stands as free grains of a size a separator can catch.

A mineral that is half free at a P80 of 60 um is 70 % free at 40 um with a sharpness of 2; grinding on to 15 um frees
nearly all of it and makes a third slimes that no bubble and no magnet catches. So recovery has an optimum in the grind.

Free share ``1 / (1 + (P80 / d)^m)`` with the size d at which half is free: an empirical form, fitted to a
mineralogist's counts. Slimes ``0.8 (x / P80)^n`` are what passes the slime size x in a Gates-Gaudin-Schuhmann
distribution of modulus n (Wills, Finch, Wills' Mineral Processing Technology, 8th edition, 2016, chapter 4; recalled).
"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from ferrolan.base.schema import After, Model, Sourced, Table, Unit
from ferrolan.process.material import Floats
from ferrolan.process.shares import by_species, of_table

_PASSING = 0.8  # of the material passes its P80, by definition


class Grind(Model):
    """How fine the ore is, and what that frees."""

    size: Annotated[Sourced, Unit("m", above=0.0)]
    """Size P80 that 80 % of the feed passes [m]; the state of that name of the mill before."""
    half_free: Annotated[Table[Annotated[Sourced, Unit("m", above=0.0)]], After(by_species)]
    """Size P80 at which half of a mineral is free, by species or family [m]; a species not named is free."""
    sharpness: Annotated[Sourced, Unit("1", above=0.0)]
    """Exponent m of the share that is free [1]."""
    slime_size: Annotated[Sourced, Unit("m", least=0.0)]
    """Size x below which a grain is not caught [m]; 0 where slimes do not matter."""
    modulus: Annotated[Sourced, Unit("1", above=0.0)]
    """Exponent n of the size distribution [1]."""


def catchable(grind: Grind | None) -> Floats:
    """Share of each species that is free and no slime (species,) [1]; all of it where no grind is declared."""
    if grind is None:
        return of_table({}, 1.0)
    size = grind.size.value
    half = of_table(grind.half_free, np.inf)
    slimes = min(_PASSING * (grind.slime_size.value / size) ** grind.modulus.value, 1.0)
    free: Floats = (1.0 - slimes) / (1.0 + (size / half) ** grind.sharpness.value)
    return free


def recovered(recovery: Floats, entrained: float, grind: Grind | None) -> Floats:
    """Recovery of each species (species,) [1]: of free grains ``recovery``, of locked ones and slimes ``entrained``."""
    found: Floats = np.clip(entrained + (recovery - entrained) * catchable(grind), 0.0, 1.0)
    return found
