"""A stream through time: how much flows, and how much of each component it carries.

Contained mass is kept instead of grades, because contained mass adds up: the tails of a separator are its feed less its
concentrate, whatever the grades are. Example: 113 t/h of iron concentrate with 70 t/h of Fe in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

REO: tuple[str, ...] = ("La2O3", "CeO2", "Pr6O11", "Nd2O3", "SEGY")
COMPONENTS: tuple[str, ...] = ("Fe", "P", *REO)


@dataclass(frozen=True, eq=False)
class Material:
    """One stream at every step.

    ``rate`` is the dry solids or metal [t/h], or the volume of a liquor [m3/h], shape (n,); ``content`` the contained
    mass of each component it can carry [t/h], shape (n,) each.
    """

    rate: Array
    content: Mapping[str, Array]

    def share(self, fraction: Array | float) -> Material:
        """A part of the stream with the stream's own composition."""
        return Material(self.rate * fraction, {name: mass * fraction for name, mass in self.content.items()})

    def of(self, name: str) -> Array:
        """Contained mass of a component [t/h], zero where the stream does not carry it."""
        return self.content.get(name, np.zeros_like(self.rate))

    def rare_earths(self) -> Array:
        """Contained rare-earth oxides [t/h]."""
        return sum((self.of(name) for name in REO), np.zeros_like(self.rate))


def rest(
    feeds: Sequence[Material], taken: Sequence[Material], names: Sequence[str], rate: Array | None = None
) -> Material:
    """What is left of the feeds once the other products are taken out: the balance closes by construction.

    ``rate`` is given where dry mass does not close [t/h or m3/h]; else it too is the difference.
    """
    content = {name: sum(f.of(name) for f in feeds) - sum(t.of(name) for t in taken) for name in names}
    left = sum(f.rate for f in feeds) - sum(t.rate for t in taken) if rate is None else rate
    return Material(np.asarray(left), {name: np.asarray(mass) for name, mass in content.items()})
