"""A splitter: every outlet has the composition of the inlet.

The magnetic tails are divided into the feed of the flotation and what goes to the pond unused. Only its mass balance
and the equality of compositions hold information; a stream that is separated needs another kind. Its outlets are
streams by name, so a unit's own kind, with its ports, is made by ``divider``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated

from ferrolan.base.errors import ProblemError
from ferrolan.base.schema import Model, Sourced, Table, Unit
from ferrolan.process.material import FORMS
from ferrolan.process.unit import Made, Materials, Port, UnitKind

_WHOLE = 1e-9  # by how much declared shares may miss their sum


class SplitterSpec(Model):
    """How a splitter divides."""

    shares: Table[Annotated[Sourced, Unit("1", least=0.0, most=1.0)]] = Table({})
    """Share of what enters by outlet stream [1]; one stream that is not named gets the rest."""


KIND = UnitKind(
    name="splitter",
    title="splitter",
    description="Divides a stream into streams of equal composition.",
    inlets=frozenset(FORMS),
    outlets=frozenset(FORMS),
    spec=SplitterSpec,
    is_splitter=True,
)


def divider(kind: UnitKind, outlets: Sequence[str]) -> UnitKind:
    """The kind of one splitter (or stockpile): an inlet ``feed``, and a port for each outlet stream.

    Examples
    --------
    >>> [port.name for port in divider(KIND, ["to_flotation", "to_pond"]).ports]
    ['feed', 'to_flotation', 'to_pond']
    """
    ports = (
        Port("feed", "in", kind.inlets, "What is divided."),
        *(Port(name, "out", kind.outlets, "A part of it.") for name in sorted(outlets)),
    )
    return replace(kind, ports=ports, operate=partial(divide, tuple(sorted(outlets))))


def divide(outlets: Sequence[str], spec: SplitterSpec | None, inlets: Materials) -> Made:
    """Divide the feed; what is not given a share gets the rest.

    Raises
    ------
    ProblemError
        If shares are of streams that are no outlets, or do not add up.
    """
    feed = inlets["feed"]
    shares = shares_of(outlets, {} if spec is None else {name: share.value for name, share in spec.shares.items()})
    return Made({name: feed.times(shares[name]) for name in outlets}, loss=0.0)


def shares_of(outlets: Sequence[str], declared: dict[str, float]) -> dict[str, float]:
    """Share of every outlet [1].

    Raises
    ------
    ProblemError
        If a share is of no outlet, several outlets have none, or they do not sum to one.

    Examples
    --------
    >>> shares_of(["a", "b"], {"a": 0.25})
    {'a': 0.25, 'b': 0.75}
    """
    unknown = [name for name in declared if name not in outlets]
    if unknown:
        raise ProblemError(f"a share of {', '.join(unknown)}, which is no outlet; the outlets: {', '.join(outlets)}")
    open_ = [name for name in outlets if name not in declared]
    rest = 1.0 - math.fsum(declared.values())
    if len(open_) > 1:
        raise ProblemError(f"the outlets {', '.join(open_)} have no share; all but one need one")
    if rest < -_WHOLE or (not open_ and rest > _WHOLE):
        raise ProblemError(f"the shares sum to {1.0 - rest:.6g}; expected {'at most 1' if open_ else '1'}")
    if open_:
        return {**declared, open_[0]: max(rest, 0.0)}
    return {name: share / (1.0 - rest) for name, share in declared.items()}
