"""Whether the rows of the tag map fit the document and each other: objects, components, units, moistures.

``WT-214`` weighs a stream that must exist, in a unit of mass per time; a second scale of it is a second reading, but a
second moisture is one too many, for it is taken as it was measured.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import get_args

from ferrolan.base import units
from ferrolan.base.errors import Fault, UnitError
from ferrolan.base.schema import Problem, nearest, shown
from ferrolan.enterprise.checks.names import Entry, Names, each_in, entry_of, known_name, texts_in
from ferrolan.enterprise.streams import Form
from ferrolan.enterprise.tags import FORM_UNITS, TAG_KINDS, Tag


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
    names = Names.of(data)
    known = {kind: _objects(data, names, TAG_KINDS[kind].of) for kind in dict.fromkeys(tag.kind for tag in tags)}
    for tag in tags:
        for column, problem in _tag(data, names, known[tag.kind], tag):
            where = ".".join(part for part in (tag.tag, column) if part)
            yield Fault(file, tag.line, where, problem.found, problem.expected, problem.way_out, problem.code)
        yield from _tag_shared(data, tag, file)
    yield from _periods(tags, file)
    yield from _twice(tags, file)
    yield from _places(data, tags, file)
    yield from _unpaired(data, tags, file)
    yield from _planted(data, tags, file)


def _tag(
    data: Entry, names: Names, objects: tuple[Collection[str] | None, Entry], tag: Tag
) -> Iterator[tuple[str, Problem]]:
    """What is wrong with one row, each with the column."""
    for problem in known_name((), tag.source, names.sources, "a source of the document", "unknown_source"):
        yield "source", problem
    kind = TAG_KINDS[tag.kind]
    known, found = objects
    sort = "unit or stream" if kind.is_collected_only else kind.of
    expected = f"a {sort} of the document for a tag of kind {tag.kind}"
    for problem in known_name((), tag.object, known, expected, f"unknown_{sort.split()[0]}") if tag.object else ():
        yield "object", problem
    keys = texts_in(entry_of(entry_of(data, "sources"), tag.source), "keys")
    if keys and tag.address.count("/") != len(keys) - 1:
        way_out = "Join the values of the source's keys with /"
        yield "address", Problem((), "wrong_address", shown(tag.address), "/".join(keys), way_out)
    for problem in _tag_component(tag, entry_of(found, tag.object), names):
        yield "component", problem
    for column, problem in _tag_unit(tag, str(entry_of(found, tag.object).get("form"))):
        yield column, problem
    if kind.is_collected_only:
        return
    if (tag.method == "at_start") != (kind.of == "stock"):
        wanted = "at_start for a stock" if kind.of == "stock" else "time_mean or mean for what flows"
        yield "method", Problem((), "wrong_method", shown(tag.method), wanted, "Correct the method or the kind")


def _tag_shared(data: Entry, tag: Tag, file: str) -> Iterator[Fault]:
    """Shared errors of a row that the account does not declare, or cannot be of it."""
    declared = entry_of(entry_of(data, "account"), "shared_errors")
    where, known = f"{tag.tag}.shared", tuple(declared)
    if tag.shared and not TAG_KINDS[tag.kind].is_reading:
        expected = f"none for kind {tag.kind}, which is not reconciled"
        yield Fault(file, tag.line, where, shown(tag.shared[0]), expected, "Leave it empty", "unknown_shared_error")
        return
    for name in tag.shared:
        for problem in known_name((), name, known, "one of account.shared_errors", "unknown_shared_error"):
            way_out = problem.way_out if known else "Declare it under account.shared_errors, with its sigma"
            yield Fault(file, tag.line, where, problem.found, problem.expected, way_out, problem.code)
        yield from _shared_unit(entry_of(declared, name), name, tag, where, file)


def _shared_unit(error: Entry, name: str, tag: Tag, where: str, file: str) -> Iterator[Fault]:
    """An absolute error in a unit that is not the tag's."""
    written = entry_of(error, "sigma").get("value")
    if error.get("of") != "absolute" or not isinstance(written, str | int | float):
        return
    try:
        unit = units.parse(str(written))[1]
        if units.same_dimension(unit, tag.unit):
            return
    except UnitError:
        return  # the schema says so
    found = f"{shown(name)}, an absolute error in {unit}"
    way_out = f"Give its sigma in {tag.unit}, or as a share of the value: of: relative"
    yield Fault(file, tag.line, where, found, f"an error in {tag.unit}", way_out, "wrong_unit")


def _objects(data: Entry, names: Names, sort: str) -> tuple[Collection[str] | None, Entry]:
    """Names a tag of that sort may have, and the section that declares them."""
    if sort == "stream":
        gas = {name for name, stream in each_in(data, "streams") if stream.get("form") == "gas"}  # no account has it
        known = None if names.streams is None else tuple(name for name in names.streams if name not in gas)
        return known, entry_of(data, "streams")
    section = entry_of(data, "units")
    if sort == "unit" or names.units is None:
        return names.units, section
    if sort == "anything":
        return None if names.streams is None else (*names.units, *names.streams), {}
    if sort == "unit or stream":
        warm = [name for name, stream in each_in(data, "streams") if stream.get("form") != "heat"]
        return None if names.streams is None else (*names.units, *warm), {}
    return [name for name, unit in each_in(data, "units") if "stocks" in unit], section


def _tag_component(tag: Tag, found: Entry, names: Names) -> Iterator[Problem]:
    needs = TAG_KINDS[tag.kind].has_component
    if tag.component is None:
        if needs:
            expected = f"a component for a tag of kind {tag.kind}"
            yield Problem((), "unknown_component", "nothing", expected, "Say what was analysed")
        return
    if not needs:
        yield Problem((), "unknown_component", shown(tag.component), f"none for kind {tag.kind}", "Leave it empty")
        return
    carried = texts_in(found, "carries")
    if carried and tag.component not in carried and tag.component in (names.components or ()):
        way_out = f"Add {tag.component!r} to streams.{tag.object}.carries, or remove the tag"
        yield Problem((), "unknown_component", shown(tag.component), "a component that the stream carries", way_out)
        return
    yield from known_name((), tag.component, names.components, "a component of the account", "unknown_component")


def _tag_unit(tag: Tag, form: str) -> Iterator[tuple[str, Problem]]:
    wanted = FORM_UNITS.get(form, {}).get(tag.kind, TAG_KINDS[tag.kind].unit)
    if wanted and not units.same_dimension(tag.unit, wanted):
        of = f"{tag.kind} of {form}" if form in get_args(Form) else tag.kind
        way_out = f"Give the unit at the source, such as {'%' if wanted == '1' else wanted}"
        expected = f"a unit of {units.dimension(wanted)} for {of}"
        yield "unit", Problem((), "wrong_unit", shown(tag.unit), expected, way_out)
    if tag.basis == "wet" and tag.kind != "flow":
        yield "basis", Problem((), "wrong_basis", '"wet"', "dry, except for a flow", "Correct the basis")


_OF_A_TAG = (
    "source", "address", "kind", "object", "component", "basis", "method", "authority", "shared", "sigma_lasting",
    "stepped", "path",
)  # fmt: skip
_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)


def _periods(tags: Sequence[Tag], file: str) -> Iterator[Fault]:
    """Rows of one tag that overlap, or say that it measures something else."""
    for rows in several(tags).values():
        ordered = sorted(rows, key=_begins)
        for one, after in pairwise(ordered):
            if _ends(one) > _begins(after):
                first, second = sorted((one, after), key=lambda tag: tag.line)
                found = f"{_span(second)}, and {_span(first)} on line {first.line}"
                way_out = "End one with valid_to where the other begins with valid_from"
                where = f"{second.tag}.valid_from"
                yield Fault(
                    file, second.line, where, found, "periods that do not overlap", way_out, "tag_periods_overlap"
                )
        yield from _unlike(rows, file)


def _unlike(rows: Sequence[Tag], file: str) -> Iterator[Fault]:
    """What a later row of a tag says otherwise than the first, and may not."""
    first = rows[0]
    way_out = f"Say the same as line {first.line}, or give what is measured from then on a tag of its own"
    for tag in rows[1:]:
        for column in _OF_A_TAG:
            if getattr(tag, column) != getattr(first, column):
                found, expected = (
                    shown(getattr(tag, column)),
                    f"{shown(getattr(first, column))} as on line {first.line}",
                )
                yield Fault(file, tag.line, f"{tag.tag}.{column}", found, expected, way_out, "tag_periods_differ")
        if tag.canonical_unit != first.canonical_unit:
            expected = f"a unit of {units.dimension(first.unit)} as on line {first.line}"
            yield Fault(file, tag.line, f"{tag.tag}.unit", shown(tag.unit), expected, way_out, "tag_periods_differ")


def several(tags: Iterable[Tag]) -> Mapping[str, list[Tag]]:
    """The tags with more than one row of which some says when it holds: re-ranged or replaced instruments."""
    rows: dict[str, list[Tag]] = {}
    for tag in tags:
        rows.setdefault(tag.tag, []).append(tag)
    return {name: each for name, each in rows.items() if len(each) > 1 and any(_is_dated(tag) for tag in each)}


def gaps(tags: Sequence[Tag], file: str) -> Iterator[Fault]:
    """Times between two rows of a tag in which none holds: allowed, and said."""
    for rows in several(tags).values():
        for one, after in pairwise(sorted(rows, key=_begins)):
            if _ends(one) < _begins(after):
                found = f"nothing from {_ends(one):%Y-%m-%d %H:%M} to {_begins(after):%Y-%m-%d %H:%M} UTC"
                way_out = "Values of that time are kept raw, without a unit; add a row if the instrument was there"
                yield Fault(file, after.line, f"{after.tag}.valid_from", found, "a row", way_out, "tag_gap")


def _is_dated(tag: Tag) -> bool:
    return tag.valid_from is not None or tag.valid_to is not None


def _begins(tag: Tag) -> datetime:
    return tag.valid_from or _FIRST


def _ends(tag: Tag) -> datetime:
    return tag.valid_to or _LAST


def _span(tag: Tag) -> str:
    since = "always" if tag.valid_from is None else f"from {tag.valid_from:%Y-%m-%d %H:%M}"
    return since if tag.valid_to is None else f"{since} to {tag.valid_to:%Y-%m-%d %H:%M}"


def _places(data: Entry, tags: Sequence[Tag], file: str) -> Iterator[Fault]:
    """A unit of the document is a work unit (ISA-95): its tags hang in it, and it stands in one place."""
    declared, seen = entry_of(data, "units"), dict[str, Tag]()
    for tag in tags:
        work_unit = tag.path[3] if len(tag.path) > 3 else ""
        if work_unit in declared and tag.object in declared and tag.object != work_unit:
            way_out = f"Hang the tag in {tag.object!r}, or correct its object"
            expected = f"the work unit {tag.object!r}, which it measures"
            yield Fault(file, tag.line, f"{tag.tag}.path", shown(work_unit), expected, way_out, "wrong_path")
        first = seen.setdefault(work_unit, tag)
        if work_unit in declared and first.path[:3] != tag.path[:3]:
            found = f"{work_unit!r} in {'/'.join(tag.path[:3])}"
            expected, way_out = f"{'/'.join(first.path[:3])} as on line {first.line}", "Correct one of them"
            yield Fault(file, tag.line, f"{tag.tag}.path", found, expected, way_out, "wrong_path")


def _twice(tags: Iterable[Tag], file: str) -> Iterator[Fault]:
    """Names, addresses and quantities that an earlier row already has."""
    seen: dict[tuple[object, ...], Tag] = {}
    dated = several(tags)
    for tag in tags:
        if tag.tag in dated and tag is not dated[tag.tag][0]:
            continue
        keys: list[tuple[str, str, tuple[object, ...]]] = [
            ("", f"the tag {tag.tag!r}", ("tag", tag.tag)),
            ("address", f"the address {shown(tag.address)} of {tag.source!r}", ("address", tag.source, tag.address)),
        ]
        kind = TAG_KINDS[tag.kind]
        if kind.is_balanced and not kind.is_reading:  # several readings of what is reconciled are welcome
            quantity = " of ".join(part for part in (tag.kind, tag.component, tag.object) if part)
            keys.append(("object", f"the {quantity}", ("quantity", tag.kind, tag.object, tag.component, tag.authority)))
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
    wanted = entry_of(data, "concentrate").get("moisture_tag")
    if isinstance(wanted, str) and tags and wanted not in {tag.tag for tag in tags if tag.kind == "moisture"}:
        way_out = nearest(wanted, [tag.tag for tag in tags if tag.kind == "moisture"])
        expected = "the tag of a moisture, as concentrate.moisture_tag says"
        found = f"no moisture {shown(wanted)}"
        yield Fault(file, 0, "concentrate.moisture_tag", found, expected, way_out, "unknown_tag")


def _planted(data: Entry, tags: Sequence[Tag], file: str) -> Iterator[Fault]:
    """Meters that the virtual plant makes read wrong, but which are none."""
    faults = entry_of(data, "virtual_plant").get("faults")
    known = [tag.tag for tag in tags]
    for position, fault in enumerate(faults if isinstance(faults, list) and tags else ()):
        name = fault.get("tag") if isinstance(fault, Mapping) else None
        if isinstance(name, str) and name not in known:
            where, expected = f"virtual_plant.faults.{position}.tag", "a tag of the tag map"
            yield Fault(file, 0, where, shown(name), expected, nearest(name, known), "unknown_tag")
