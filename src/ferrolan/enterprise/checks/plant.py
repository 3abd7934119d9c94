"""Whether the plant fits together: components, units with streams on both sides, modes that name what is declared.

A mill without a stream, a stream to a unit that nobody declared, liquor into a blast furnace.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ferrolan.base import units
from ferrolan.base.errors import UnitError
from ferrolan.base.schema import DRY_MASS, ENERGY, Model, Problem, nearest, read, shown
from ferrolan.enterprise.checks.names import (
    Entry,
    Names,
    Path,
    each_in,
    entry_of,
    known_commodity,
    known_components,
    known_name,
    known_owner,
    texts_in,
)
from ferrolan.enterprise.sources import FILE_KINDS
from ferrolan.enterprise.units import Kind, Kinds


def check_plant(data: Entry, names: Names, kinds: Kinds) -> Iterator[Problem]:
    """Problems of the account, the units and the streams."""
    yield from _account(data)
    yield from _components(data, names)
    yield from _units(data, names, kinds)
    yield from _streams(data, names, kinds)


def _account(data: Entry) -> Iterator[Problem]:
    """An account needs streams to balance and tags to balance them with; without one there is nothing to read, but
    live sources may be collected for their own sake.
    """
    for key, what in (("streams", "balances"), ("sources", "raw data"), ("tags", "meters")):
        if "account" in data and key not in data:
            way_out = f"Add {key!r}, or remove 'account': the plan then uses the declared coefficients"
            yield Problem(
                ("account",), "missing_key", f"no {key!r}", f"a key {key!r}: an account needs {what}", way_out
            )
    for key in ("sources", "tags", "virtual_plant"):
        if "account" not in data and key in data and not (key != "virtual_plant" and _only_collects(data)):
            way_out = f"Add 'account' with the month of the data, or remove {key!r}"
            yield Problem((key,), "missing_key", "no 'account'", f"a key 'account' beside {key!r}", way_out)


def _only_collects(data: Entry) -> bool:
    """Whether every source is a live one, or a table that is polled."""
    sources = [source for _, source in each_in(data, "sources")]
    return bool(sources) and all(one.get("kind") not in FILE_KINDS or "every" in one for one in sources)


def _components(data: Entry, names: Names) -> Iterator[Problem]:
    listed = texts_in(entry_of(data, "account"), "components")
    for position, name in enumerate(listed):
        path: Path = ("account", "components", position)
        if name in listed[:position]:
            yield Problem(path, "listed_twice", f"{shown(name)} twice", "each component once", "Remove one of them")
        if name in (DRY_MASS, ENERGY):
            what = "total dry mass" if name == DRY_MASS else "energy"
            way_out = f"Remove it: {what} is balanced where a unit lists it under 'balances'"
            yield Problem(path, "unknown_component", shown(name), "a component that is assayed", way_out)
    for group, _ in each_in(entry_of(data, "account"), "groups"):
        path = ("account", "groups", group)
        yield from known_components(path, texts_in(entry_of(entry_of(data, "account"), "groups"), group), names)


def _units(data: Entry, names: Names, kinds: Kinds) -> Iterator[Problem]:
    touched = [end for _, stream in each_in(data, "streams") for end in (stream.get("from"), stream.get("to"))]
    for name, unit in each_in(data, "units"):
        path: Path = ("units", name)
        yield from known_owner((*path, "owner"), unit.get("owner"), names)
        yield from known_name((*path, "kind"), unit.get("kind"), tuple(kinds), "a known kind of unit", "unknown_kind")
        yield from known_components((*path, "balances"), texts_in(unit, "balances"), names, DRY_MASS, ENERGY)
        if names.streams is not None and name not in touched:
            way_out = "Give a stream 'to' or 'from' this unit, or remove it"
            yield Problem(path, "dangling_stream", "no stream", "a unit with streams", way_out)
        kind = kinds.get(str(unit.get("kind")))
        if kind is not None:
            yield from _of_kind(path, unit, kind)
        yield from _stock(data, path, unit, names)
        yield from _modes(data, path, unit, names)


def _of_kind(path: Path, unit: Entry, kind: Kind) -> Iterator[Problem]:
    """What a kind of unit needs, and what it cannot have."""
    runs = not (kind.is_stock or kind.is_splitter)
    needs = [("stocks", kind.is_stock), ("capacity", runs), ("availability", runs), ("modes", runs)]
    for key, needed in needs:
        if needed and key not in unit:
            yield Problem(path, "missing_key", f"no {key!r}", f"a key {key!r} for a {kind.title}", f"Add {key!r}")
        if not needed and key in unit:
            way_out = f"Remove {key!r}, or choose another kind"
            yield Problem((*path, key), "unknown_key", f"the key {key!r}", f"no {key!r} for a {kind.title}", way_out)
    if kind.spec is None and unit.get("spec") is not None:
        expected = f"no 'spec': a {kind.title} has no fields of its own"
        yield Problem((*path, "spec"), "unknown_key", "the key 'spec'", expected, "Remove 'spec'")
    if kind.spec is not None and unit.get("spec") is not None:
        yield from _spec((*path, "spec"), kind.spec, unit.get("spec"))


def _spec(path: Path, model: type[Model], spec: object) -> Iterator[Problem]:
    _, problems = read(model, spec if isinstance(spec, Mapping) else {})
    for problem in problems:
        yield Problem((*path, *problem.path), problem.code, problem.found, problem.expected, problem.way_out)


def _stock(data: Entry, path: Path, unit: Entry, names: Names) -> Iterator[Problem]:
    commodity = unit.get("stocks")
    yield from known_commodity((*path, "stocks"), commodity, names)
    declared = entry_of(entry_of(data, "commodities"), str(commodity))
    if declared and "stock" not in declared:
        found = f"{commodity!r}, which may not be kept"
        way_out = f"Add 'stock' to commodities.{commodity}"
        yield Problem((*path, "stocks"), "no_stock", found, "a commodity with a stock", way_out)


def _modes(data: Entry, path: Path, unit: Entry, names: Names) -> Iterator[Problem]:
    touched: list[set[str]] = []
    for mode_name, mode in each_in(unit, "modes"):
        here = (*path, "modes", mode_name)
        yield from known_commodity((*here, "reference"), mode.get("reference"), names)
        for made in entry_of(mode, "makes"):
            yield from known_commodity((*here, "makes", made), made, names)
        for used in entry_of(mode, "uses"):
            known = None if names.commodities is None else (*names.commodities, *names.utilities)
            yield from known_name((*here, "uses", used), used, known, "a commodity or utility", "unknown_commodity")
            yield from _used_unit(data, (*here, "uses", used), used, entry_of(mode, "uses"))
        touched.append({str(mode.get("reference")), *entry_of(mode, "makes"), *entry_of(mode, "uses")})
    of = entry_of(unit, "capacity").get("of")
    if touched and isinstance(of, str) and not all(of in seen for seen in touched):
        expected = "a commodity that every mode of the unit uses or makes"
        way_out = nearest(of, sorted(set.intersection(*touched)))
        yield Problem((*path, "capacity", "of"), "unknown_commodity", shown(of), expected, way_out)


def _used_unit(data: Entry, path: Path, used: str, uses: Entry) -> Iterator[Problem]:
    """Whether a utility is used in the unit in which it has its price, and a commodity in tonnes."""
    price = _written_unit(entry_of(entry_of(entry_of(data, "utilities"), used), "price"))
    counted = price.split("/", 1)[1] if price and "/" in price else "t"
    written = _written_unit(entry_of(uses, used))
    if not any(units.same_dimension(counted, unit) for unit in ("MWh", "t")):
        return  # a price in another unit is a fault of its own
    if written and not units.same_dimension(written, f"{counted}/t"):
        way_out = f"Give it in {counted}/t" + (f": utilities.{used} has its price in {price}" if price else "")
        yield Problem(path, "wrong_unit", shown(written), f"an amount in {counted}/t", way_out)


def _written_unit(sourced: Entry) -> str | None:
    """The unit of a declared value as written; None where there is none, which the schema says."""
    value = sourced.get("value")
    try:
        return units.parse(value)[1] if isinstance(value, str) else None
    except UnitError:
        return None


def _streams(data: Entry, names: Names, kinds: Kinds) -> Iterator[Problem]:
    for name, stream in each_in(data, "streams"):
        path: Path = ("streams", name)
        ends = {key: stream[key] for key in ("from", "to") if stream.get(key) is not None}
        for key, unit in ends.items():
            yield from known_name((*path, key), unit, names.units, "a unit of the plant", "dangling_stream")
            yield from _form(data, (*path, "form"), stream, key, kinds)
        if not ends:
            way_out = "Say which unit it leaves or enters"
            yield Problem(path, "dangling_stream", "neither end", "'from', 'to' or both", way_out)
        if len(ends) == 2 and stream["from"] == stream["to"]:
            found = f"{stream['to']!r} at both ends"
            yield Problem(path, "dangling_stream", found, "two units", "Leave out what stays inside a unit")
        yield from known_commodity((*path, "commodity"), stream.get("commodity"), names)
        yield from known_components((*path, "carries"), texts_in(stream, "carries"), names)


def _form(data: Entry, path: Path, stream: Entry, end: str, kinds: Kinds) -> Iterator[Problem]:
    """Whether the unit's kind takes, or gives, that form of material."""
    unit = str(stream[end])
    kind = kinds.get(str(entry_of(entry_of(data, "units"), unit).get("kind")))
    if kind is None or not isinstance(stream.get("form"), str) or stream["form"] == "heat":
        return  # heat flows into and out of any unit
    at_ports = {form for port in kind.ports if (port.direction == "in") == (end == "to") for form in port.forms}
    forms = (kind.inlets if end == "to" else kind.outlets) | at_ports
    if stream["form"] not in forms:
        verb = "takes" if end == "to" else "gives"
        expected = f"{' or '.join(sorted(forms))}: a {kind.title} {verb} no {stream['form']}"
        yield Problem(path, "wrong_form", shown(stream["form"]), expected, f"Correct the form, or the kind of {unit!r}")
