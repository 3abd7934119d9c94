"""A splitter: every outlet has the composition of the inlet.

The magnetic tails are divided into the feed of the flotation and what goes to the pond unused. Only its mass balance
and the equality of compositions hold information; a stream that is separated needs another kind.
"""

from __future__ import annotations

from ferrolan.process.unit import FORMS, UnitKind

KIND = UnitKind(
    name="splitter",
    title="splitter",
    description="Divides a stream into streams of equal composition.",
    inlets=frozenset(FORMS),
    outlets=frozenset(FORMS),
    is_splitter=True,
)
