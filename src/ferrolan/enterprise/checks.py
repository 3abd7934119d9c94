"""Whether the parts of a document fit each other: every name that is used is declared, every unit has streams.

A stream to a unit that nobody declared, a mode that makes an unknown commodity, a meter that is mapped twice. The
checks read the plain data, not the validated models, so that they speak up also where another entry is broken; where a
whole section is missing its names are not asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ferrolan.base import units
from ferrolan.base.errors import Fault, UnitError
from ferrolan.base.schema import DRY_MASS, Model, Problem, nearest, read, shown
from ferrolan.enterprise.tags import LIQUOR_UNITS, TAG_KINDS, Tag
from ferrolan.enterprise.units import Kind, Kinds
from ferrolan.facts import Source
from ferrolan.facts import sources as public_sources

Path = tuple[str | int, ...]
Entry = Mapping[str, object]


def check_references(data: Entry, kinds: Kinds) -> Iterator[Problem]:
    """Every place of the YAML file that does not fit another one.

    Parameters
    ----------
    data
        Plain data of the document.
    kinds
        Kinds of unit that it may name.
    """
    names = _Names.of(data)
    yield from _sites(data, names)
    yield from _units(data, names, kinds)
    yield from _streams(data, names, kinds)
    yield from _commerce(data, names)
    yield from _concentrate(data, names)
    yield from _market(data, names)
    yield from _what_if(data, names)
    yield from _citations(data, (), public_sources())


def check_tags(data: Entry, tags: Sequence[Tag], file: str) -> Iterator[Fault]:
    """Every row of the tag map that does not fit the document or another row.

    Parameters
    ----------
    data
        Plain data of the document.
    tags
        The rows that could be read.
    file
        Name of the tag map, for the faults.
    """
    names = _Names.of(data)
    for tag in tags:
        for column, problem in _tag(data, names, tag):
            where = ".".join(part for part in (tag.tag, column) if part)
            yield Fault(file, tag.line, where, problem.found, problem.expected, problem.way_out, problem.code)
    yield from _twice(tags, file)
    yield from _unpaired(data, tags, file)


@dataclass(frozen=True)
class _Names:
    """What is declared, by sort; None where the section itself is missing, so that its names are not asked for."""

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
    currencies: Collection[str]

    @classmethod
    def of(cls, data: Entry) -> _Names:
        enterprise, account, market = (_entry(data, key) for key in ("enterprise", "account", "market"))
        return cls(
            owners=_declared(enterprise, "owners"),
            components=_texts(account, "components") or None,
            sources=_declared(data, "sources"),
            units=_declared(data, "units"),
            streams=_declared(data, "streams"),
            commodities=_declared(data, "commodities"),
            utilities=_declared(data, "utilities") or (),
            transfers=_declared(data, "transfers") or (),
            quotas=_declared(data, "quotas") or (),
            regions=_declared(market, "regions"),
            traded=_texts(market, "commodities") or None,
            currencies=("CNY", *(_declared(enterprise, "exchange_rates") or ())),
        )


def _sites(data: Entry, names: _Names) -> Iterator[Problem]:
    listed = _texts(_entry(data, "account"), "components")
    for position, name in enumerate(listed):
        path: Path = ("account", "components", position)
        if name in listed[:position]:
            yield Problem(path, "listed_twice", f"{shown(name)} twice", "each component once", "Remove one of them")
        if name == DRY_MASS:
            way_out = "Remove it: total dry mass is balanced where a unit lists it under 'balances'"
            yield Problem(path, "unknown_component", shown(name), "a component that is assayed", way_out)
    for group, _ in _each(_entry(data, "account"), "groups"):
        path = ("account", "groups", group)
        yield from _components(path, _texts(_entry(_entry(data, "account"), "groups"), group), names)


def _units(data: Entry, names: _Names, kinds: Kinds) -> Iterator[Problem]:
    touched = {end for _, stream in _each(data, "streams") for end in (stream.get("from"), stream.get("to"))}
    for name, unit in _each(data, "units"):
        path: Path = ("units", name)
        yield from _owner((*path, "owner"), unit.get("owner"), names)
        yield from _known((*path, "kind"), unit.get("kind"), tuple(kinds), "a known kind of unit", "unknown_kind")
        yield from _components((*path, "balances"), _texts(unit, "balances"), names, DRY_MASS)
        if names.streams is not None and name not in touched:
            way_out = "Give a stream 'to' or 'from' this unit, or remove it"
            yield Problem(path, "dangling_stream", "no stream", "a unit with streams", way_out)
        kind = kinds.get(str(unit.get("kind")))
        if kind is not None:
            yield from _of_kind(path, unit, kind)
        yield from _stock(data, path, unit, names)
        yield from _modes(path, unit, names)


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
    if kind.spec is not None:
        yield from _spec((*path, "spec"), kind.spec, unit.get("spec"))


def _spec(path: Path, model: type[Model], spec: object) -> Iterator[Problem]:
    _, problems = read(model, spec if isinstance(spec, Mapping) else {})
    for problem in problems:
        yield Problem((*path, *problem.path), problem.code, problem.found, problem.expected, problem.way_out)


def _stock(data: Entry, path: Path, unit: Entry, names: _Names) -> Iterator[Problem]:
    commodity = unit.get("stocks")
    yield from _commodity((*path, "stocks"), commodity, names)
    declared = _entry(_entry(data, "commodities"), str(commodity))
    if declared and "stock" not in declared:
        found = f"{commodity!r}, which may not be kept"
        way_out = f"Add 'stock' to commodities.{commodity}"
        yield Problem((*path, "stocks"), "no_stock", found, "a commodity with a stock", way_out)


def _modes(path: Path, unit: Entry, names: _Names) -> Iterator[Problem]:
    seen: set[object] = set()
    for mode_name, mode in _each(unit, "modes"):
        here = (*path, "modes", mode_name)
        yield from _commodity((*here, "reference"), mode.get("reference"), names)
        for made in _entry(mode, "makes"):
            yield from _commodity((*here, "makes", made), made, names)
        for used in _entry(mode, "uses"):
            known = None if names.commodities is None else (*names.commodities, *names.utilities)
            yield from _known((*here, "uses", used), used, known, "a commodity or utility", "unknown_commodity")
        seen |= {mode.get("reference"), *_entry(mode, "makes"), *_entry(mode, "uses")}
    of = _entry(unit, "capacity").get("of")
    if seen and isinstance(of, str) and of not in seen:
        expected = "a commodity that a mode of the unit uses or makes"
        way_out = nearest(of, [str(name) for name in seen])
        yield Problem((*path, "capacity", "of"), "unknown_commodity", shown(of), expected, way_out)


def _streams(data: Entry, names: _Names, kinds: Kinds) -> Iterator[Problem]:
    for name, stream in _each(data, "streams"):
        path: Path = ("streams", name)
        ends = {key: stream[key] for key in ("from", "to") if stream.get(key) is not None}
        for key, unit in ends.items():
            yield from _known((*path, key), unit, names.units, "a unit of the plant", "dangling_stream")
            yield from _form(data, (*path, "form"), stream, key, kinds)
        if not ends:
            way_out = "Say which unit it leaves or enters"
            yield Problem(path, "dangling_stream", "neither end", "'from', 'to' or both", way_out)
        if len(ends) == 2 and stream["from"] == stream["to"]:
            found = f"{stream['to']!r} at both ends"
            yield Problem(path, "dangling_stream", found, "two units", "Leave out what stays inside a unit")
        yield from _commodity((*path, "commodity"), stream.get("commodity"), names)
        yield from _components((*path, "carries"), _texts(stream, "carries"), names)


def _form(data: Entry, path: Path, stream: Entry, end: str, kinds: Kinds) -> Iterator[Problem]:
    """Whether the unit's kind takes, or gives, that form of material."""
    unit = str(stream[end])
    kind = kinds.get(str(_entry(_entry(data, "units"), unit).get("kind")))
    if kind is None or not isinstance(stream.get("form"), str):
        return
    forms = kind.inlets if end == "to" else kind.outlets
    if stream["form"] not in forms:
        verb = "takes" if end == "to" else "gives"
        expected = f"{' or '.join(sorted(forms))}: a {kind.title} {verb} no {stream['form']}"
        yield Problem(path, "wrong_form", shown(stream["form"]), expected, f"Correct the form, or the kind of {unit!r}")


def _commerce(data: Entry, names: _Names) -> Iterator[Problem]:
    for name, commodity in _each(data, "commodities"):
        path: Path = ("commodities", name)
        yield from _owner((*path, "owner"), commodity.get("owner"), names)
        basis = commodity.get("basis")
        listed = [basis] if isinstance(basis, str) else _texts(commodity, "basis")
        yield from _components((*path, "basis"), listed, names, DRY_MASS, lined=isinstance(basis, list))
        for trade in ("buy", "sell"):
            yield from _currency((*path, trade, "price"), _entry(commodity, trade), names)
    for name, utility in _each(data, "utilities"):
        yield from _currency(("utilities", name, "price"), utility, names)
    for name, transfer in _each(data, "transfers"):
        yield from _transfer(data, ("transfers", name), transfer, names)
    for name, quota in _each(data, "quotas"):
        path = ("quotas", name)
        yield from _owner((*path, "owner"), quota.get("owner"), names)
        for counted in _entry(quota, "counts"):
            yield from _commodity((*path, "counts", counted), counted, names)


def _transfer(data: Entry, path: Path, transfer: Entry, names: _Names) -> Iterator[Problem]:
    owners = []
    for end in ("from", "to"):
        yield from _commodity((*path, end), transfer.get(end), names)
        owners.append(_entry(_entry(data, "commodities"), str(transfer.get(end))).get("owner"))
    if owners[0] is not None and owners[0] == owners[1]:
        found = f"{owners[0]!r} at both ends"
        way_out = "A transfer is between two companies; inside one use the same commodity"
        yield Problem(path, "same_owner", found, "two owners", way_out)


def _currency(path: Path, trade: Entry, names: _Names) -> Iterator[Problem]:
    written = _entry(trade, "price").get("value")
    if not isinstance(written, str):
        return
    try:
        unit = units.canonical_unit(units.parse(written)[1])
    except UnitError:
        return  # the schema says so
    currency = unit.split("/")[0]
    if "/" in unit and currency in ("CNY", "USD") and currency not in names.currencies:
        way_out = f"Add {currency} to enterprise.exchange_rates"
        yield Problem(path, "no_exchange_rate", f"a price in {currency}", "a currency with a declared rate", way_out)


def _concentrate(data: Entry, names: _Names) -> Iterator[Problem]:
    section = _entry(data, "concentrate")
    path: Path = ("concentrate",)
    transfer = section.get("transfer")
    yield from _known((*path, "transfer"), transfer, names.transfers, "a declared transfer", "unknown_transfer")
    yield from _commodity((*path, "lead_product"), section.get("lead_product"), names)
    for name in _entry(section, "relative_sd"):
        yield from _commodity((*path, "relative_sd", name), name, names)
    yield from _traded_basis(data, section)


def _traded_basis(data: Entry, section: Entry) -> Iterator[Problem]:
    """The grade that is valued is the one at which both ends of the transfer count their tonnes."""
    grade = _fraction(_entry(section, "grade").get("value"))
    ends = _entry(_entry(data, "transfers"), str(section.get("transfer")))
    for end in ("from", "to"):
        commodity = str(ends.get(end))
        per = _entry(_entry(data, "commodities"), commodity).get("per")
        if grade is not None and isinstance(per, int | float) and abs(per - grade) > 1e-9:
            path: Path = ("commodities", commodity, "per")
            yield Problem(path, "wrong_basis", str(per), f"the grade of concentrate.grade, {grade:g}", "Use one grade")


def _fraction(written: object) -> float | None:
    """A fraction as written, such as ``50 %``; None where it is none, which the schema says."""
    if isinstance(written, int | float):
        return float(written)
    try:
        return units.to_canonical(*units.parse(str(written)))
    except UnitError:
        return None


def _market(data: Entry, names: _Names) -> Iterator[Problem]:
    market = _entry(data, "market")
    yield from _region(("market", "home"), market.get("home"), names)
    yield from _basket(market, names)
    for product, traded in _entry(market, "products").items():
        yield from _commodity(("market", "products", product), product, names)
        yield from _traded(("market", "products", product), traded, names)
    for section in ("mines", "demands", "scenarios"):
        for name, entry in _each(market, section):
            path = ("market", section, name)
            yield from _region((*path, "region"), entry.get("region"), names)
            yield from _traded((*path, "commodity"), entry.get("commodity"), names)
            for traded in _entry(entry, "basket"):
                yield from _traded((*path, "basket", traded), traded, names)
            yield from _currency((*path, "price"), entry, names)


def _basket(market: Entry, names: _Names) -> Iterator[Problem]:
    basket = _entry(market, "basket")
    for traded in basket:
        yield from _traded(("market", "basket", traded), traded, names)
        yield from _components(("market", "basket", traded), _texts(basket, traded), names)
    for traded in (names.traded or ()) if basket else ():
        if traded not in basket:
            way_out = f"Add {traded!r} with the components it is made of"
            yield Problem(("market", "basket"), "missing_key", f"no {traded!r}", "every traded commodity", way_out)


def _what_if(data: Entry, names: _Names) -> Iterator[Problem]:
    for name, case in _each(data, "what_if"):
        path: Path = ("what_if", name)
        for commodity in _entry(case, "prices"):
            yield from _commodity((*path, "prices", commodity), commodity, names)
        for unit in _entry(case, "capacities"):
            yield from _known((*path, "capacities", unit), unit, names.units, "a unit of the plant", "unknown_unit")
        for quota in _entry(case, "quotas"):
            yield from _known((*path, "quotas", quota), quota, names.quotas, "a declared quota", "unknown_quota")


def _citations(node: object, path: Path, known: Mapping[str, Source]) -> Iterator[Problem]:
    """Every ``source`` of a value, against the public record."""
    if isinstance(node, Mapping):
        if isinstance(node.get("source"), str):
            yield from _citation(node["source"], (*path, "source"), known)
        for key, value in node.items():
            yield from _citations(value, (*path, key), known)
    elif isinstance(node, list):
        for position, value in enumerate(node):
            yield from _citations(value, (*path, position), known)


def _citation(source: str, path: Path, known: Mapping[str, Source]) -> Iterator[Problem]:
    yield from _known(path, source, tuple(known), "a source of the public record", "unknown_source_id")
    if source in known and known[source].use:
        way_out = "Cite the source the figure comes from, or mark the value synthetic"
        found = f"{source!r}, marked {known[source].use}"
        yield Problem(path, "unusable_source", found, "a source that may carry a figure", way_out)


def _tag(data: Entry, names: _Names, tag: Tag) -> Iterator[tuple[str, Problem]]:
    """What is wrong with one row, each with the column."""
    for problem in _known((), tag.source, names.sources, "a source of the document", "unknown_source"):
        yield "source", problem
    kind = TAG_KINDS[tag.kind]
    known, found = _objects(data, names, kind.of)
    code, expected = f"unknown_{kind.of}", f"a {kind.of} of the document for a tag of kind {tag.kind}"
    for problem in _known((), tag.object, known, expected, code):
        yield "object", problem
    keys = _texts(_entry(_entry(data, "sources"), tag.source), "keys")
    if keys and tag.address.count("/") != len(keys) - 1:
        way_out = "Join the values of the source's keys with /"
        yield "address", Problem((), "wrong_address", shown(tag.address), "/".join(keys), way_out)
    for problem in _tag_component(tag, _entry(found, tag.object), names):
        yield "component", problem
    for column, problem in _tag_unit(tag, str(_entry(found, tag.object).get("form"))):
        yield column, problem
    if (tag.method == "at_start") != (kind.of == "stock"):
        wanted = "at_start for a stock" if kind.of == "stock" else "time_mean or mean for what flows"
        yield "method", Problem((), "wrong_method", shown(tag.method), wanted, "Correct the method or the kind")


def _objects(data: Entry, names: _Names, sort: str) -> tuple[Collection[str] | None, Entry]:
    """Names a tag of that sort may have, and the section that declares them."""
    if sort == "stream":
        return names.streams, _entry(data, "streams")
    section = _entry(data, "units")
    if sort == "unit" or names.units is None:
        return names.units, section
    return [name for name, unit in _each(data, "units") if "stocks" in unit], section


def _tag_component(tag: Tag, found: Entry, names: _Names) -> Iterator[Problem]:
    needs = TAG_KINDS[tag.kind].has_component
    if tag.component is None:
        if needs:
            expected = f"a component for a tag of kind {tag.kind}"
            yield Problem((), "unknown_component", "nothing", expected, "Say what was analysed")
        return
    if not needs:
        yield Problem((), "unknown_component", shown(tag.component), f"none for kind {tag.kind}", "Leave it empty")
        return
    carried = _texts(found, "carries")
    if carried and tag.component not in carried and tag.component in (names.components or ()):
        way_out = f"Add {tag.component!r} to streams.{tag.object}.carries, or remove the tag"
        yield Problem((), "unknown_component", shown(tag.component), "a component that the stream carries", way_out)
        return
    yield from _known((), tag.component, names.components, "a component of the account", "unknown_component")


def _tag_unit(tag: Tag, form: str) -> Iterator[tuple[str, Problem]]:
    wanted = LIQUOR_UNITS.get(tag.kind) if form == "liquor" else None
    wanted = wanted or TAG_KINDS[tag.kind].unit
    if not units.same_dimension(tag.unit, wanted):
        of = f"{tag.kind} of {form}" if form in ("solids", "metal", "liquor") else tag.kind
        way_out = f"Give the unit at the source, such as {'%' if wanted == '1' else wanted}"
        expected = f"a unit of {units.dimension(wanted)} for {of}"
        yield "unit", Problem((), "wrong_unit", shown(tag.unit), expected, way_out)
    if tag.basis == "wet" and tag.kind != "flow":
        yield "basis", Problem((), "wrong_basis", '"wet"', "dry, except for a flow", "Correct the basis")


def _twice(tags: Iterable[Tag], file: str) -> Iterator[Fault]:
    """Names, addresses and quantities that an earlier row already has."""
    seen: dict[tuple[object, ...], Tag] = {}
    for tag in tags:
        keys: list[tuple[str, str, tuple[object, ...]]] = [
            ("", f"the tag {tag.tag!r}", ("tag", tag.tag)),
            ("address", f"the address {shown(tag.address)} of {tag.source!r}", ("address", tag.source, tag.address)),
        ]
        if TAG_KINDS[tag.kind].is_balanced:
            quantity = " of ".join(part for part in (tag.kind, tag.component, tag.object) if part)
            keys.append(("object", f"the {quantity}", ("quantity", tag.kind, tag.object, tag.component)))
        for column, what, key in keys:
            first = seen.setdefault(key, tag)
            if first is not tag:
                where = ".".join(part for part in (tag.tag, column) if part)
                way_out = f"Remove or correct one of them; the first is {first.tag!r} on line {first.line}"
                yield Fault(file, tag.line, where, f"{what} twice", "each mapped once", way_out, "tag_mapped_twice")


def _unpaired(data: Entry, tags: Sequence[Tag], file: str) -> Iterator[Fault]:
    """Wet flows without a moisture, and the tag the concentrate question names."""
    moist = {tag.object for tag in tags if tag.kind == "moisture"}
    for tag in tags:
        if tag.kind == "flow" and tag.basis == "wet" and tag.object not in moist:
            way_out = f"Add a tag of kind moisture for {tag.object!r}, or make the flow dry"
            where, expected = f"{tag.tag}.basis", "a moisture of the stream"
            yield Fault(file, tag.line, where, '"wet"', expected, way_out, "missing_moisture")
    wanted = _entry(data, "concentrate").get("moisture_tag")
    if isinstance(wanted, str) and tags and wanted not in {tag.tag for tag in tags if tag.kind == "moisture"}:
        way_out = nearest(wanted, [tag.tag for tag in tags if tag.kind == "moisture"])
        expected = "the tag of a moisture, as concentrate.moisture_tag says"
        found = f"no moisture {shown(wanted)}"
        yield Fault(file, 0, "concentrate.moisture_tag", found, expected, way_out, "unknown_tag")


def _known(path: Path, name: object, known: Collection[str] | None, expected: str, code: str) -> Iterator[Problem]:
    """A problem if a name is none of the known ones; nothing where none is given or its section is missing."""
    if isinstance(name, str) and known is not None and name not in known:
        yield Problem(path, code, shown(name), expected, nearest(name, tuple(known)))


def _owner(path: Path, name: object, names: _Names) -> Iterator[Problem]:
    yield from _known(path, name, names.owners, "an owner of the enterprise", "unknown_owner")


def _region(path: Path, name: object, names: _Names) -> Iterator[Problem]:
    yield from _known(path, name, names.regions, "a region of the market", "unknown_region")


def _commodity(path: Path, name: object, names: _Names) -> Iterator[Problem]:
    yield from _known(path, name, names.commodities, "a declared commodity", "unknown_commodity")


def _traded(path: Path, name: object, names: _Names) -> Iterator[Problem]:
    yield from _known(path, name, names.traded, "a commodity of the market", "unknown_commodity")


def _components(
    path: Path, listed: Sequence[object], names: _Names, *besides: str, lined: bool = True
) -> Iterator[Problem]:
    known = None if names.components is None else (*besides, *names.components)
    for position, name in enumerate(listed):
        here = (*path, position) if lined else path
        yield from _known(here, name, known, "a component of the account", "unknown_component")
        if name in listed[:position]:
            yield Problem(here, "listed_twice", f"{shown(name)} twice", "each component once", "Remove one of them")


def _entry(entry: Entry, key: str) -> Entry:
    """The mapping under a key, or an empty one."""
    value = entry.get(key)
    return value if isinstance(value, Mapping) else {}


def _each(entry: Entry, key: str) -> Iterator[tuple[str, Entry]]:
    for name, value in _entry(entry, key).items():
        yield name, value if isinstance(value, Mapping) else {}


def _declared(entry: Entry, key: str) -> tuple[str, ...] | None:
    value = entry.get(key)
    return tuple(value) if isinstance(value, Mapping) else None


def _texts(entry: Entry, key: str) -> tuple[str, ...]:
    value = entry.get(key)
    return tuple(text for text in value if isinstance(text, str)) if isinstance(value, list) else ()
