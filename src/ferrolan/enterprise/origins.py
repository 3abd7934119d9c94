"""Where the values of a document come from: each by its path, and how much of it is made up.

Of the shipped example's values most are synthetic, at a sourced scale; a plant's own document should have few.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ferrolan.base.schema import Model, Sourced


def synthetic_values(document: Model) -> tuple[int, int]:
    """How many values of a document are synthetic, and how many there are."""
    values = [value for _, value in declared_values(document)]
    return sum(value.synthetic for value in values), len(values)


def declared_values(node: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Sourced]]:
    """Every value that a document declares, or a part of one, in its order.

    Parameters
    ----------
    node
        A document, one of its sections or values; what is none of these has no values.
    path
        Steps that lead to it.

    Yields
    ------
    tuple of str and Sourced
        Path such as ``units.mill.capacity`` or ``what_if.0.prices.steel``, and the value. What stands within a value,
        such as the freight within a price, comes after it with a path of its own.
    """
    if isinstance(node, Sourced):
        yield ".".join(path), node
    for step, part in _parts(node):
        yield from declared_values(part, (*path, step))


def _parts(node: object) -> Iterator[tuple[str, object]]:
    if isinstance(node, Model):
        yield from ((name, getattr(node, name)) for name in type(node).model_fields)
    elif isinstance(node, Mapping):
        yield from ((str(name), part) for name, part in node.items())
    elif isinstance(node, tuple):
        yield from ((str(number), part) for number, part in enumerate(node))
