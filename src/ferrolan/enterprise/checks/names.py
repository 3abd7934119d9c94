"""What is declared, by sort, and whether a name that is used is one of it.

``known_owner(("units", "mill", "owner"), "steal", names)`` says *unknown_owner* and asks whether *steel* was
meant. Where a whole section is broken its names are not asked for, so that one fault is not told a hundred times.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ferrolan.base.schema import Problem, nearest, shown
from ferrolan.base.units import CURRENCIES

Path = tuple[str | int, ...]
Entry = Mapping[str, object]


@dataclass(frozen=True)
class Names:
    """What is declared, by sort; None where the section is missing or broken, so that its names are not asked for.

    ``components`` are none where there is no account: then nothing is assayed.
    """

    owners: Collection[str] | None
    components: Collection[str] | None
    sources: Collection[str] | None
    units: Collection[str] | None
    streams: Collection[str] | None
    commodities: Collection[str] | None
    utilities: Collection[str]
    transfers: Collection[str]
    quotas: Collection[str]
    regions: Collection[str] | None
    traded: Collection[str] | None
    currencies: Collection[str] | None

    @classmethod
    def of(cls, data: Entry) -> Names:
        """The names that a document declares."""
        enterprise, account, market = (entry_of(data, key) for key in ("enterprise", "account", "market"))
        return cls(
            owners=names_in(enterprise, "owners"),
            components=texts_in(account, "components") or (None if "account" in data else ()),
            sources=names_in(data, "sources"),
            units=names_in(data, "units"),
            streams=names_in(data, "streams"),
            commodities=names_in(data, "commodities"),
            utilities=names_in(data, "utilities") or (),
            transfers=names_in(data, "transfers") or (),
            quotas=names_in(data, "quotas") or (),
            regions=names_in(market, "regions"),
            traded=texts_in(market, "commodities") or None,
            currencies=_currencies(enterprise),
        )


def _currencies(enterprise: Entry) -> Collection[str] | None:
    """The document's currency and those with a rate; None where its own is not said as it should be."""
    own = enterprise.get("currency")
    return (str(own), *(names_in(enterprise, "exchange_rates") or ())) if own in CURRENCIES else None


def known_name(path: Path, name: object, known: Collection[str] | None, expected: str, code: str) -> Iterator[Problem]:
    """A problem if a name is none of the known ones; nothing where none is given or its section is missing."""
    if isinstance(name, str) and known is not None and name not in known:
        yield Problem(path, code, shown(name), expected, nearest(name, tuple(known)))


def known_owner(path: Path, name: object, names: Names) -> Iterator[Problem]:
    """A problem if a name is no owner of the enterprise."""
    yield from known_name(path, name, names.owners, "an owner of the enterprise", "unknown_owner")


def known_region(path: Path, name: object, names: Names) -> Iterator[Problem]:
    """A problem if a name is no region of the market."""
    yield from known_name(path, name, names.regions, "a region of the market", "unknown_region")


def known_commodity(path: Path, name: object, names: Names) -> Iterator[Problem]:
    """A problem if a name is no declared commodity."""
    yield from known_name(path, name, names.commodities, "a declared commodity", "unknown_commodity")


def known_traded(path: Path, name: object, names: Names) -> Iterator[Problem]:
    """A problem if a name is nothing the market trades."""
    yield from known_name(path, name, names.traded, "a commodity of the market", "unknown_commodity")


def known_components(
    path: Path, listed: Sequence[object], names: Names, *besides: str, lined: bool = True
) -> Iterator[Problem]:
    """A problem for every listed name that is no component of the account, or stands there twice."""
    known = None if names.components is None else (*besides, *names.components)
    for position, name in enumerate(listed):
        here = (*path, position) if lined else path
        yield from known_name(here, name, known, "a component of the account", "unknown_component")
        if name in listed[:position]:
            yield Problem(here, "listed_twice", f"{shown(name)} twice", "each component once", "Remove one of them")


def entry_of(entry: Entry, key: str) -> Entry:
    """The mapping under a key, or an empty one."""
    value = entry.get(key)
    return value if isinstance(value, Mapping) else {}


def each_in(entry: Entry, key: str) -> Iterator[tuple[str, Entry]]:
    """Name and entry of everything declared under a key; an empty entry where it is none."""
    for name, value in entry_of(entry, key).items():
        yield name, value if isinstance(value, Mapping) else {}


def names_in(entry: Entry, key: str) -> tuple[str, ...] | None:
    """The names under a key, or None where there is no mapping."""
    value = entry.get(key)
    return tuple(value) if isinstance(value, Mapping) else None


def texts_in(entry: Entry, key: str) -> tuple[str, ...]:
    """The texts of the list under a key."""
    value = entry.get(key)
    return tuple(text for text in value if isinstance(text, str)) if isinstance(value, list) else ()
