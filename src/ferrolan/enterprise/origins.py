"""Where the values of a document come from, counted: how much of it is made up.

Of the shipped example's values most are synthetic, at a sourced scale; a plant's own document should have few.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ferrolan.base.schema import Model, Sourced


def synthetic_values(document: Model) -> tuple[int, int]:
    """How many values of a document are synthetic, and how many there are."""
    values = list(_values(document))
    return sum(value.synthetic for value in values), len(values)


def _values(node: object) -> Iterator[Sourced]:
    if isinstance(node, Sourced):
        yield node
    if isinstance(node, Model):
        for name in type(node).model_fields:
            yield from _values(getattr(node, name))
    elif isinstance(node, Mapping):
        for entry in node.values():
            yield from _values(entry)
    elif isinstance(node, tuple):
        for entry in node:
            yield from _values(entry)
