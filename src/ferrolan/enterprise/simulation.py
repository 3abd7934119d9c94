"""What enters the plant when it is simulated: how much of each stream, how warm, of which species.

1,500 t/h of ore at 288 K with 30 % magnetite and 12 % hematite, the rest quartz. Only species say what a magnet or an
acid will do with it; assays follow from them. A document without this section is not simulated.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Annotated

from ferrolan.base.schema import Model, Name, Sourced, Table, Unit


class FeedSection(Model):
    """One stream that enters the simulated plant."""

    rate: Annotated[Sourced, Unit("t/h", above=0.0)]
    """How much of it, as dry mass; of a liquor or a gas all of it [t/h]."""
    temperature: Annotated[Sourced, Unit("K", above=0.0)] | None = None
    """Temperature; 298.15 K where nothing is said [K]."""
    species: Table[Annotated[Sourced, Unit("1", least=0.0, most=1.0)]] = Table({})
    """Mass fraction by species [1]; with ``rest`` they sum to 1."""
    rest: Name | None = None
    """Species that makes up what is left."""


class Simulation(Model):
    """The simulated plant."""

    feeds: Table[FeedSection]
    """What enters, by stream."""
    relative_sd: Annotated[Sourced, Unit("1", above=0.0, most=1.0)] | None = None
    """Relative standard deviation of every number of a specification before data have spoken [1]."""


def reached(
    kernels: Collection[str],
    dividers: Collection[str],
    ends: Iterable[tuple[str, object, object]],
    feeds: Collection[str],
) -> frozenset[str]:
    """Names of the units that are simulated: those with a kernel, and stocks and splitters that these or feeds reach.

    Parameters
    ----------
    kernels
        Units that can be run, with what they must know.
    dividers
        Stocks and splitters.
    ends
        Name, source and target of every stream.
    feeds
        Streams that are declared as feeds.

    Examples
    --------
    >>> sorted(reached({"mill"}, {"bin", "heap"}, [("ore", None, "heap"), ("flour", "mill", "bin")], ()))
    ['bin', 'mill']
    """
    listed = list(ends)
    found = set(kernels)
    while True:
        fed = {str(target) for name, source, target in listed if name in feeds or source in found}
        more = (fed & set(dividers)) - found
        if not more:
            return frozenset(found)
        found |= more
