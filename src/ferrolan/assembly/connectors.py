"""The live sources of a document as connections: which connector, from where, with which tags.

``sources.scada: {kind: opcua, ...}`` becomes a ``Link`` that makes the connector of that kind; its tags are the rows of
the tag map whose source is ``scada``, under the numbers the historian gave them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from ferrolan.assembly import tags
from ferrolan.assembly.catalogue import connections
from ferrolan.assembly.sources import is_polled, sql_connector
from ferrolan.base.errors import SurroundingsError
from ferrolan.base.secrets import secrets_of
from ferrolan.enterprise.document import Enterprise
from ferrolan.historian.ingest import Conversions
from ferrolan.historian.seam import NewTag
from ferrolan.sources.live import Clock, Connector, Place, SystemClock
from ferrolan.sources.source import TagAddress


@dataclass(frozen=True)
class Link:
    """One live source: its name, its number, its kind in words, and how its connector is made.

    The number is its place in the document; a collector gives it the one it keeps for that name.
    """

    name: str
    number: int
    kind: str
    connect: Callable[[], Connector]


def links(document: Enterprise, clock: Clock | None = None) -> tuple[Link, ...]:
    """The live sources of a document, in its order: those of a live kind, and tables that are asked again and again."""
    clock = clock or SystemClock()
    kinds = connections()
    made = [
        Link(name, number, kinds[_kind(spec)].title, _connecting(document, name, clock))
        for number, (name, spec) in enumerate(document.connections.items(), len(document.sources))
    ]
    polled = [
        Link(name, number, "database", _polling(document, name, clock))
        for number, name in enumerate(document.sources)
        if is_polled(document, name)
    ]
    return (*polled, *made)


def addresses_of(document: Enterprise, link: Link, numbers: Mapping[str, int]) -> tuple[TagAddress, ...]:
    """The tags of a live source, each with its number in the historian."""
    return tags.addresses(document, link.name, numbers)


def new_tags(document: Enterprise, found: tuple[Link, ...]) -> tuple[NewTag, ...]:
    """The tags of live sources, to be registered with the historian."""
    return tuple(tag for link in found for tag in tags.new_tags(document, link.name))


def conversions_of(document: Enterprise, numbers: Mapping[str, int]) -> Conversions:
    """How the values of the registered tags become canonical, by their number in the historian."""
    places = {name: -1 - place for place, name in enumerate(tags.numbers(document))}
    return {n: unit for n, unit in tags.conversions(document, {**places, **numbers}).items() if n >= 0}


def secrets_in(document: Enterprise) -> tuple[str, ...]:
    """The texts of the secrets a document names, so that they can be taken out of what is written; a secret that
    cannot be read is left out, and said when its connection is made.
    """
    found = []
    for secret in secrets_of(document):
        try:
            found.append(secret.read(document.path.parent))
        except SurroundingsError:
            continue
    return tuple(dict.fromkeys(found))


def _kind(spec: object) -> str:
    return cast("str", getattr(spec, "kind"))  # noqa: B009  # every model of a live source has one


def _place(document: Enterprise, name: str, clock: Clock) -> Place:
    folder = document.path.parent
    return Place(name, folder, document.enterprise.time_zone, folder / "pki", clock)


def _connecting(document: Enterprise, name: str, clock: Clock) -> Callable[[], Connector]:
    spec = document.connections[name]
    return lambda: connections()[_kind(spec)].connect(spec, _place(document, name, clock))


def _polling(document: Enterprise, name: str, clock: Clock) -> Callable[[], Connector]:
    def connect() -> Connector:
        made = sql_connector(document, name, _place(document, name, clock))
        assert made is not None, "a table that is not polled is no link"
        return made

    return connect
