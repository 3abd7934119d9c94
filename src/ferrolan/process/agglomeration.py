"""A bed of ore fired in air: what pellet plants and sinter strands have in common.

Magnetite burns to hematite (0.49 GJ/t of magnetite set free), carbonates calcine, sulfur leaves as sulfur dioxide,
some fluorine as hydrogen fluoride; all else stays in the bed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ferrolan import materials
from ferrolan.base.schema import Sourced
from ferrolan.process.analyses import among
from ferrolan.process.material import Floats, Material
from ferrolan.process.speciation import FIRED, element_place, kmol, laid

VOLATILE = ("S", "F")
"""Elements of which a share leaves with the gas; hydrogen, carbon, nitrogen and chlorine leave whole."""

known_volatile = among(VOLATILE)
"""A check that every key of a table is a volatile element."""


@dataclass(frozen=True, eq=False)
class Bed:
    """A bed after firing: ``solids`` and ``dust`` (species,) [t/h], ``gas`` (elements,) [kmol/h].

    Oxygen of ``gas`` is negative where the solids take oxygen up.
    """

    solids: Floats
    dust: Floats
    gas: Floats


def fired(feed: Material, ferrous: float, volatile: Mapping[str, Sourced], dust: float) -> Bed:
    """Fire a bed.

    Parameters
    ----------
    feed
        All that the bed is made of, its fuel among it.
    ferrous
        Share of the iron that is left ferrous, in magnetite [1].
    volatile
        Share of each volatile element that goes to the gas [1].
    dust
        Share of the feed that leaves as dust before it is fired [1].
    """
    lost = feed.amounts * dust
    atoms = kmol((feed.amounts - lost) @ materials.COMPOSITION)
    gas = np.zeros(len(atoms))
    for symbol in ("H", "C", "N", "Cl"):
        gas[element_place(symbol)] = atoms[element_place(symbol)]
    for symbol, share in volatile.items():
        gas[element_place(symbol)] = share.value * atoms[element_place(symbol)]
    solid = atoms - gas
    magnetite = min(ferrous, 1.0 / 3.0) * float(solid[element_place("Fe")])  # one of its three atoms is ferrous
    solids, rest = laid(solid, FIRED, {"magnetite": magnetite})
    gas[element_place("O")] = rest[element_place("O")]
    return Bed(solids, lost, gas)
