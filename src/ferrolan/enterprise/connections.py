"""Live sources of a document: what a kind of connection must offer to be declared, and how entries are read.

``kind: opcua`` under ``sources`` is an entry of a kind that ``assembly.catalogue`` hands in; its fields are those of
the kind's own model. Files and tables that are read in one go stand in ``ferrolan.enterprise.sources``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Protocol

from ferrolan.base.schema import Model, Problem, Table, nearest, read, shown
from ferrolan.enterprise.sources import FILE_KINDS

SOURCES = "sources"


class ConnectionKind(Protocol):
    """What a document needs to know of a kind of live connection."""

    @property
    def name(self) -> str:
        """Name in the document."""

    @property
    def title(self) -> str:
        """Name in a sentence."""

    @property
    def spec(self) -> type[Model]:
        """Model of its entry."""


ConnectionKinds = Mapping[str, ConnectionKind]


def read_connections(
    data: Mapping[str, object], kinds: ConnectionKinds
) -> tuple[Table[Model], Mapping[str, object], tuple[Problem, ...]]:
    """Read the live sources of a document.

    Parameters
    ----------
    data
        Plain data of the document.
    kinds
        Kinds of live connection that it may name.

    Returns
    -------
    The live sources by name, the data without them, and every problem.
    """
    sources = data.get(SOURCES)
    if not isinstance(sources, Mapping):
        return Table({}), data, ()
    made: dict[str, Model] = {}
    rest: dict[str, object] = {}
    problems: list[Problem] = []
    for name, entry in sources.items():
        kind = kinds.get(str(entry.get("kind"))) if isinstance(entry, Mapping) else None
        if kind is None:
            rest[name] = entry
            problems += _unknown(str(name), entry, kinds)
            continue
        spec, found = read(kind.spec, entry)
        problems += [replace(problem, path=(SOURCES, name, *problem.path)) for problem in found]
        if spec is not None:
            made[name] = spec
    known = {name: entry for name, entry in rest.items() if not any(_unknown(name, entry, kinds))}
    return Table(made), {**data, SOURCES: known}, tuple(problems)


def _unknown(name: str, entry: object, kinds: ConnectionKinds) -> Iterator[Problem]:
    """The problem of a kind of source that nobody knows; a missing one is found where files are read."""
    kind = entry.get("kind") if isinstance(entry, Mapping) else None
    known = (*FILE_KINDS, *kinds)
    if isinstance(kind, str) and kind not in known:
        expected = "a known kind: " + ", ".join(known)
        yield Problem(
            path=(SOURCES, name, "kind"), found=shown(kind), expected=expected, way_out=nearest(kind, known),
            code="unknown_kind",
        )  # fmt: skip
