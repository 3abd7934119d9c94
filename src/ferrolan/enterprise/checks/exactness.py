"""Whether what is declared of errors, exact values, targets and energy fits streams, stocks, components and tags.

An exact iron content of a stream that nobody declared, a correlation with a meter that the tag map does not know, a
furnace that balances energy while the enthalpy of its slag is nowhere said.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from ferrolan.base import units
from ferrolan.base.errors import UnitError
from ferrolan.base.schema import ENERGY, Problem, shown
from ferrolan.enterprise.checks.names import Entry, Names, Path, each_in, entry_of, known_name, texts_in
from ferrolan.enterprise.tags import FORM_UNITS, TAG_KINDS, Tag


def check_exactness(data: Entry, names: Names) -> Iterator[Problem]:
    """Problems of exact values, targets and energy balances."""
    yield from _known(data, names)
    targets = entry_of(entry_of(data, "account"), "targets")
    for name, _ in each_in(targets, "streams"):
        path: Path = ("account", "targets", "streams", name)
        yield from known_name(path, name, names.streams, "a stream of the document", "unknown_stream")
    yield from _energy(data)


def check_correlated(data: Entry, tags: Sequence[Tag]) -> Iterator[Problem]:
    """Problems of shared errors and correlations, which name tags or are named by them.

    Parameters
    ----------
    data
        Plain data of the document.
    tags
        The rows of the tag map that could be read; nothing is asked where there is none.
    """
    account = entry_of(data, "account")
    if not tags:
        return
    shared = {name for tag in tags for name in tag.shared}
    for name, _ in each_in(account, "shared_errors"):
        if name not in shared:
            way_out = f"Write {name} into the column 'shared' of the tags that have it, or remove it"
            path: Path = ("account", "shared_errors", name)
            yield Problem(path, "unused_shared_error", f"{shown(name)} of no tag", "an error that tags share", way_out)
    warm = entry_of(data, "streams")
    known = [
        tag.tag for tag in tags if TAG_KINDS[tag.kind].is_reading and (tag.kind != "temperature" or tag.object in warm)
    ]
    seen: set[frozenset[str]] = set()
    for position, pair in _listed(account, "correlations"):
        path = ("account", "correlations", position)
        for key in ("first", "second"):
            expected = "a tag of the tag map whose quantity is reconciled"
            yield from known_name((*path, key), pair.get(key), known, expected, "unknown_tag")
        ends = frozenset((str(pair.get("first")), str(pair.get("second"))))
        if len(ends) == 1:
            yield Problem(path, "listed_twice", f"{shown(pair.get('first'))} twice", "two tags", "Name another tag")
        elif ends in seen:
            found = f"{' and '.join(sorted(ends))} twice"
            yield Problem(path, "listed_twice", found, "each pair once", "Remove one of them")
        seen.add(ends)


def _listed(entry: Entry, key: str) -> Iterator[tuple[int, Entry]]:
    """Position and entry of every mapping in a list."""
    value = entry.get(key)
    for position, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, Mapping):
            yield position, item


def _known(data: Entry, names: Names) -> Iterator[Problem]:
    seen: set[tuple[str, ...]] = set()
    for position, known in _listed(entry_of(data, "account"), "known"):
        path: Path = ("account", "known", position)
        kind = str(known.get("kind"))
        if kind not in TAG_KINDS:
            continue  # the schema says so
        yield from _known_object(data, path, known, kind, names)
        yield from known_name(
            (*path, "component"), known.get("component"), names.components, "a component of the account",
            "unknown_component",
        )  # fmt: skip
        key = tuple(str(known.get(name, "")) for name in ("kind", "object", "component", "in_period"))
        if key in seen:
            found = " of ".join(part for part in key[:3] if part)
            yield Problem(path, "listed_twice", f"{found} twice", "each exact value once", "Remove one of them")
        seen.add(key)


def _known_object(data: Entry, path: Path, known: Entry, kind: str, names: Names) -> Iterator[Problem]:
    """What is wrong with the stream or stock of an exact value, and with its unit."""
    is_stock = kind.startswith("stock")
    name = known.get("object")
    stocks = [name for name, unit in each_in(data, "units") if "stocks" in unit]
    among: Collection[str] | None = stocks if is_stock else names.streams
    expected, code = ("a stock", "unknown_stock") if is_stock else ("a stream", "unknown_stream")
    yield from known_name((*path, "object"), name, among, f"{expected} of the document", code)
    stream = {} if is_stock else entry_of(entry_of(data, "streams"), str(name))
    form = str(stream.get("form"))
    wanted = FORM_UNITS.get(form, {}).get(kind, TAG_KINDS[kind].unit)
    written = known.get("value")
    try:
        unit = units.parse(written)[1] if isinstance(written, str) else "1"
        if not units.same_dimension(unit, wanted):
            way_out = f"Give it in {'%' if wanted == '1' else wanted}"
            yield Problem(path, "wrong_unit", shown(written), f"a value of {units.dimension(wanted)}", way_out)
    except UnitError:
        return  # the schema says so
    component, carried = known.get("component"), texts_in(stream, "carries")
    if carried and component in (names.components or ()) and component not in carried:
        way_out = f"Add {component!r} to streams.{name}.carries, or remove it"
        expected = "a component that the stream carries"
        yield Problem((*path, "component"), "unknown_component", shown(component), expected, way_out)


def _energy(data: Entry) -> Iterator[Problem]:
    """Stocks that cannot balance energy, streams without an enthalpy, heat that no balance counts."""
    closing = {name for name, unit in each_in(data, "units") if ENERGY in texts_in(unit, "balances")}
    for name, unit in each_in(data, "units"):
        if name in closing and "stocks" in unit:
            position = texts_in(unit, "balances").index(ENERGY)
            path: Path = ("units", name, "balances", position)
            way_out = "Remove it, and balance energy in the units around the stock"
            expected = "mass and components: a stock closes no energy"
            yield Problem(path, "unknown_component", shown(ENERGY), expected, way_out)
    for name, stream in each_in(data, "streams"):
        path = ("streams", name)
        ends = [end for end in (str(stream.get(key)) for key in ("from", "to")) if end in closing]
        if stream.get("form") == "heat":
            yield from _heat(path, stream, ends)
        elif ends and "enthalpy" not in stream:
            expected = f"a key 'enthalpy': {ends[0]!r} balances energy"
            yield Problem(path, "missing_key", "no 'enthalpy'", expected, "Add 'enthalpy' with its coefficients")


def _heat(path: Path, stream: Entry, ends: Sequence[str]) -> Iterator[Problem]:
    """What a stream of heat needs, and what it cannot have."""
    if not ends:
        way_out = f"Add {ENERGY!r} to the balances of the unit it enters or leaves"
        yield Problem(path, "dangling_stream", "heat that no balance counts", "an end that balances energy", way_out)
    for key in ("commodity", "carries", "enthalpy"):
        if key in stream:
            yield Problem((*path, key), "unknown_key", f"the key {key!r}", f"no {key!r} of heat", f"Remove {key!r}")
