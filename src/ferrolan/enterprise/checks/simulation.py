"""Whether the simulated plant fits together: ports and streams, feeds and their species, modes that follow from it.

A flotation whose concentrate is connected to nothing, an ore whose fractions sum to 0.97, a species that the textbook
does not know, a mode that is simulated and yet says what it makes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from ferrolan.base.schema import Problem, nearest, shown
from ferrolan.enterprise.checks.names import Entry, Names, Path, each_in, entry_of, known_name, names_in
from ferrolan.enterprise.checks.yields import amount
from ferrolan.enterprise.simulation import reached
from ferrolan.enterprise.units import Kind, KindPort, Kinds
from ferrolan.materials import SPECIES

_WHOLE = 1e-9
"""By how much the fractions of a feed, or the shares of a splitter, may miss 1: what rounding leaves of them."""

_SPECIES = tuple(species.name for species in SPECIES)


def with_simulated(data: Entry) -> Entry:
    """The plain data with what simulated modes make and use, by name alone: commodities of the streams of their unit.

    The other checks then know that slag is made where a slag stream leaves, though nobody declares how much.
    """
    if not entry_of(data, "simulation"):
        return data
    units = {
        name: {**unit, "modes": {mode: _filled(data, name, entry) for mode, entry in each_in(unit, "modes")}}
        if any(entry.get("simulated") is True for _, entry in each_in(unit, "modes"))
        else unit
        for name, unit in each_in(data, "units")
    }
    return {**data, "units": units}


def check_simulation(data: Entry, names: Names, kinds: Kinds) -> Iterator[Problem]:
    """Problems of the simulated plant, and of what only one that is simulated may say."""
    yield from _modes(data, kinds)
    simulated = simulated_units(data, kinds)
    for name, unit in each_in(data, "units"):
        kind = kinds.get(str(unit.get("kind")))
        if kind is not None:
            yield from _ports(data, name, unit, kind)
        if kind is not None and (name in simulated or unit.get("spec") is not None):
            yield from _shares(data, name, unit, kind)
    yield from _utilities(data)
    if "simulation" in data:
        yield from _feeds(data, names, kinds)


def simulated_units(data: Entry, kinds: Kinds) -> frozenset[str]:
    """Names of the units that a simulation runs."""
    of = {name: kinds.get(str(unit.get("kind"))) for name, unit in each_in(data, "units")}
    kernels = {name for name, unit in each_in(data, "units") if is_simulated(of[name], unit)}
    dividers = {name for name, kind in of.items() if kind is not None and (kind.is_stock or kind.is_splitter)}
    ends = [(name, s.get("from"), s.get("to")) for name, s in each_in(data, "streams") if s.get("form") != "heat"]
    return reached(kernels, dividers, ends, names_in(entry_of(data, "simulation"), "feeds") or ())


def is_simulated(kind: Kind | None, unit: Entry) -> bool:
    """Whether a unit can be run: its kind has a kernel and it has what the kernel must know."""
    return kind is not None and bool(kind.ports) and (kind.spec is None or unit.get("spec") is not None)


def _filled(data: Entry, unit: str, mode: Entry) -> Entry:
    if mode.get("simulated") is not True:
        return mode
    made: dict[str, object] = {}
    used: dict[str, object] = {}
    for _, stream in each_in(data, "streams"):
        commodity = stream.get("commodity")
        if isinstance(commodity, str) and stream.get("from") == unit:
            made[commodity] = {}
        if isinstance(commodity, str) and stream.get("to") == unit and commodity != mode.get("reference"):
            used[commodity] = {}
    return {**mode, "makes": made, "uses": used}


def _modes(data: Entry, kinds: Kinds) -> Iterator[Problem]:
    """A mode declares what it makes, or leaves that to the simulation."""
    for name, unit in each_in(data, "units"):
        simulated = []
        for mode_name, mode in each_in(unit, "modes"):
            path: Path = ("units", name, "modes", mode_name)
            if mode.get("simulated") is not True:
                if "makes" not in mode:
                    yield Problem(path, "missing_key", "no 'makes'", "a key 'makes'", "Add 'makes'")
                continue
            simulated.append(mode_name)
            yield from _simulated_mode(data, path, name, unit, mode, kinds)
        if len(simulated) > 1:
            path = ("units", name, "modes", simulated[1])
            expected = "one simulated mode of a unit"
            yield Problem(path, "two_modes", f"a second one, {simulated[1]!r}", expected, "Declare what it makes")


def _simulated_mode(data: Entry, path: Path, name: str, unit: Entry, mode: Entry, kinds: Kinds) -> Iterator[Problem]:
    for key in ("makes", "uses"):
        if mode.get(key):
            way_out = f"Remove {key!r}, or 'simulated'"
            yield Problem((*path, key), "wrong_key", f"the key {key!r}", "a simulated mode without it", way_out)
    if "simulation" not in data:
        expected = "a key 'simulation': it says what enters the plant"
        yield Problem(path, "missing_key", "no 'simulation'", expected, "Add 'simulation' with its feeds")
    kind = kinds.get(str(unit.get("kind")))
    if kind is not None and not kind.ports:
        way_out = "Declare what it makes and uses"
        yield Problem(path, "not_simulated", f"a {kind.title}", "a kind of unit that can be simulated", way_out)
    elif kind is not None and not is_simulated(kind, unit):
        yield Problem(path[:2], "missing_key", "no 'spec'", f"a key 'spec' for a simulated {kind.title}", "Add 'spec'")
    brought = [
        str(stream.get("commodity")) for _, stream in each_in(data, "streams")
        if stream.get("to") == name and isinstance(stream.get("commodity"), str)
    ]  # fmt: skip
    if isinstance(mode.get("reference"), str) and mode["reference"] not in brought:
        expected = f"a commodity of a stream into {name!r}"
        way_out = nearest(mode["reference"], brought) if brought else "Give a stream into it this commodity"
        yield Problem((*path, "reference"), "unknown_commodity", shown(mode["reference"]), expected, way_out)


def _ports(data: Entry, name: str, unit: Entry, kind: Kind) -> Iterator[Problem]:
    """Streams on the ports of a unit."""
    path: Path = ("units", name, "ports")
    divides = kind.is_stock or kind.is_splitter
    if "ports" in unit and (divides or not kind.ports):
        way_out = "Remove 'ports'"
        yield Problem(path, "unknown_key", "the key 'ports'", f"no 'ports': a {kind.title} has none", way_out)
    if divides or "simulation" not in data or not is_simulated(kind, unit):
        return
    for port in entry_of(unit, "ports"):
        known = [one.name for one in kind.ports]
        yield from known_name((*path, port), port, known, f"a port of a {kind.title}", "unknown_port")
    for direction, end in (("in", "to"), ("out", "from")):
        yield from _side(data, path, name, unit, [port for port in kind.ports if port.direction == direction], end)


def _side(data: Entry, path: Path, name: str, unit: Entry, ports: Sequence[KindPort], end: str) -> Iterator[Problem]:
    """The ports of one side: every stream of that side on one of them, every one that is needed connected."""
    touching = _material_streams(data, name, end)
    connected = connections(entry_of(unit, "ports"), ports, touching)
    placed: list[str] = []
    verb = "enters" if end == "to" else "leaves"
    for port in ports:
        here: Path = (*path, port.name)
        for stream in connected.get(port.name, ()):
            known = f"a stream that {verb} {name!r}"
            yield from known_name(here, stream, touching, known, "unknown_stream")
            if stream in placed:
                yield Problem(here, "listed_twice", f"{shown(stream)} twice", "each stream once", "Remove one of them")
            placed.append(stream)
            yield from _form(data, here, stream, port)
        if end == "from" and len(connected.get(port.name, ())) > 1:
            way_out = "Name one, and divide it in a splitter"
            yield Problem(here, "two_streams", "several streams", "one stream by an outlet", way_out)
        if not port.optional and not connected.get(port.name):
            way_out = f"Add {port.name}: <stream> to units.{name}.ports"
            expected = f"a stream that {verb} by {port.name!r}: {port.description}"
            yield Problem(path, "unconnected_port", f"nothing at {port.name!r}", expected, way_out)
    for stream in touching:
        if stream not in placed:
            free = ", ".join(port.name for port in ports)
            way_out = f"Name it under one of the ports {free}"
            found = f"{stream!r} on no port"
            yield Problem(path, "unconnected_stream", found, f"every stream that {verb} {name!r} on a port", way_out)


def connections(declared: Entry, ports: Sequence[KindPort], touching: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    """Streams by port of one side of a unit; on its one port, or its one required port, where there is no choice."""
    named = {port.name: _as_texts(declared[port.name]) for port in ports if port.name in declared}
    required = [port.name for port in ports if not port.optional]
    if named or not touching or len(required) > 1:
        return named
    if len(ports) == 1 and ports[0].direction == "in":
        return {ports[0].name: tuple(touching)}
    alone = len(touching) == 1 and (len(ports) == 1 or len(required) == 1)
    return {(required or [ports[0].name])[0]: tuple(touching)} if alone else named


def _as_texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(text for text in value if isinstance(text, str)) if isinstance(value, list | tuple) else ()


def _material_streams(data: Entry, unit: str, end: str) -> list[str]:
    return [
        name for name, stream in each_in(data, "streams") if stream.get(end) == unit and stream.get("form") != "heat"
    ]


def _form(data: Entry, path: Path, stream: str, port: KindPort) -> Iterator[Problem]:
    form = entry_of(entry_of(data, "streams"), stream).get("form")
    if isinstance(form, str) and form not in port.forms:
        expected = f"{' or '.join(sorted(port.forms))} at {port.name!r}"
        yield Problem(path, "wrong_form", f"{stream!r}, {form}", expected, "Correct the form, or the port")


def _shares(data: Entry, name: str, unit: Entry, kind: Kind) -> Iterator[Problem]:
    """Shares of what is divided: of streams that leave, all but one of them, no more than the whole."""
    if not (kind.is_splitter or kind.is_stock) or "simulation" not in data:
        return
    leaving = _material_streams(data, name, "from")
    shares = entry_of(entry_of(unit, "spec"), "shares")
    path: Path = ("units", name, "spec", "shares")
    for stream in shares:
        yield from known_name((*path, stream), stream, leaving, f"a stream that leaves {name!r}", "unknown_stream")
    open_ = [stream for stream in leaving if stream not in shares]
    if len(open_) > 1:
        way_out = f"Add spec.shares to units.{name}"
        found = f"no share of {', '.join(map(repr, open_))}"
        yield Problem(path, "missing_key", found, "a share of all streams that leave but one", way_out)
    total = math.fsum(amount(entry_of(shares, stream)) or 0.0 for stream in shares)
    if total > 1.0 + _WHOLE or (leaving and not open_ and total < 1.0 - _WHOLE):
        expected = "shares that sum to 1" if not open_ else "shares that sum to no more than 1"
        yield Problem(path, "wrong_sum", f"{total:.10g}", expected, "Correct the shares, or leave one stream out")


def _utilities(data: Entry) -> Iterator[Problem]:
    for name, utility in each_in(data, "utilities"):
        if "drawn" in utility and "metered_by" in utility:
            path: Path = ("utilities", name, "drawn")
            way_out = "Keep metered_by: power for electricity, drawn for a reagent"
            yield Problem(path, "wrong_key", "'drawn' and 'metered_by'", "one of them", way_out)


def _feeds(data: Entry, names: Names, kinds: Kinds) -> Iterator[Problem]:
    """Every stream that the simulated plant needs from outside is a feed, and no other; each feed is whole."""
    simulated, feeds = simulated_units(data, kinds), entry_of(entry_of(data, "simulation"), "feeds")
    for name, feed in each_in(entry_of(data, "simulation"), "feeds"):
        path: Path = ("simulation", "feeds", name)
        yield from known_name(path, name, names.streams, "a stream of the document", "unknown_stream")
        stream = entry_of(entry_of(data, "streams"), name)
        if stream.get("from") in simulated:
            found = f"{name!r}, which {stream['from']!r} makes"
            yield Problem(path, "not_a_feed", found, "a stream that no simulated unit makes", "Remove it")
        elif stream and stream.get("to") not in simulated:
            expected = "a stream into a simulated unit"
            yield Problem(path, "not_a_feed", f"{name!r}, which enters none", expected, "Remove it")
        yield from _whole(path, feed)
    for name, stream in each_in(data, "streams"):
        if stream.get("form") == "heat" or stream.get("to") not in simulated or stream.get("from") in simulated:
            continue
        if name not in feeds:
            found = f"nothing about {name!r}, which enters {stream.get('to')!r}"
            way_out = f"Add simulation.feeds.{name}, or leave 'spec' of {stream.get('to')!r} out"
            yield Problem(("streams", name), "not_fed", found, "a feed: its rate and species", way_out)


def _whole(path: Path, feed: Entry) -> Iterator[Problem]:
    """Species that are known, and fractions that sum to one."""
    species, rest = names_in(feed, "species") or (), feed.get("rest")
    for name in species:
        yield from known_name((*path, "species", name), name, _SPECIES, "a species of the textbook", "unknown_species")
    yield from known_name((*path, "rest"), rest, _SPECIES, "a species of the textbook", "unknown_species")
    if rest in species:
        found = f"{shown(rest)} twice"
        yield Problem((*path, "rest"), "listed_twice", found, "a species without a fraction", "Remove one of them")
    fractions = [amount(entry_of(entry_of(feed, "species"), name)) for name in species]
    total = math.fsum(fraction for fraction in fractions if fraction is not None)
    if any(fraction is None for fraction in fractions):
        return  # the schema says so
    if total > 1.0 + _WHOLE or (not isinstance(rest, str) and abs(total - 1.0) > _WHOLE):
        expected = "fractions that sum to no more than 1" if isinstance(rest, str) else "fractions that sum to 1"
        way_out = (
            "Correct them" if isinstance(rest, str) else "Correct them, or name the species of the rest: rest: quartz"
        )
        yield Problem((*path, "species"), "wrong_sum", f"{total:.10g}", expected, way_out)


__all__ = ["check_simulation", "connections", "is_simulated", "simulated_units", "with_simulated"]
