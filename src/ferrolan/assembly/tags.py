"""The tag map, turned into what sources read, the historian keeps and the account measures.

Tag ``WT-214`` is column ``BY.WT-214.PV`` of the plant historian's export, in t/h, and measures the flow of
``flotation_feed`` with a standard deviation of 1 % of the mean of a period: an address for ``sources``, a conversion
for ``historian.ingest``, a signal for ``historian.aggregate``. A tag's number is what the historian registered under
its name; without a historian it is the place of its name in the tag map. A belt scale that was re-ranged has two rows
of one name: one number and address, two conversions and two signals, each for its time.
"""

from __future__ import annotations

import math
from collections.abc import Container, Iterator, Mapping
from datetime import timedelta
from fractions import Fraction

from ferrolan.base.errors import Fault
from ferrolan.base.time import Period, cut, month_bounds
from ferrolan.base.units import factor_offset
from ferrolan.enterprise.document import Enterprise
from ferrolan.enterprise.tags import Tag
from ferrolan.historian.aggregate import Signal
from ferrolan.historian.ingest import Conversion
from ferrolan.historian.seam import NewTag
from ferrolan.sources.source import TagAddress

Numbers = Mapping[str, int]
"""The number of each tag by name, as a historian registered it."""

TEXT = "text"
"""Kind of a tag whose values are texts."""


def periods(document: Enterprise) -> tuple[Period, ...]:
    """The periods of the account: its month, cut as the document declares."""
    start, end = month_bounds(document.require_account().month, document.enterprise.time_zone)
    return cut(start, end, document.require_account().period)


def numbers(document: Enterprise) -> Numbers:
    """The numbers of the tags without a historian: the place of each name in the tag map, from 0."""
    return {name: place for place, name in enumerate(dict.fromkeys(tag.tag for tag in document.tags))}


def new_tags(document: Enterprise, source: str | None = None) -> tuple[NewTag, ...]:
    """The tags of one source, or of all, to be registered by a historian: one a name."""
    return tuple(
        NewTag(name, _canonical(rows[0]), rows[0].stepped)
        for name, rows in _by_name(document).items()
        if source in (None, rows[0].source)
    )


def addresses(document: Enterprise, source: str, numbers: Numbers | None = None) -> tuple[TagAddress, ...]:
    """The tags of one source, by number and address: one a name."""
    known = _numbers(document, numbers)
    return tuple(
        TagAddress(
            known[name], name, rows[0].address, "" if any(map(_is_scaled, rows)) else rows[-1].unit,
            text=rows[0].kind == TEXT, limits=any(tag.detection_limit is not None for tag in rows),
        )
        for name, rows in _by_name(document).items()
        if rows[0].source == source
    )  # fmt: skip


def conversions(
    document: Enterprise, numbers: Numbers | None = None
) -> Mapping[int, Conversion | tuple[Conversion, ...]]:
    """How each tag's value becomes canonical, and the range it must lie in; several where the tag has several rows."""
    known = _numbers(document, numbers)
    made = {known[name]: tuple(map(_conversion, rows)) for name, rows in _by_name(document).items()}
    return {number: each[0] if len(each) == 1 else each for number, each in made.items()}


def signals(document: Enterprise, numbers: Numbers | None = None) -> tuple[Signal, ...]:
    """What each tag of an account measures, with its stated standard deviation; one for each row."""
    known = _numbers(document, numbers)
    return tuple(_signal(tag, known[tag.tag]) for tag in document.tags if tag.kind not in ("other", TEXT))


def signals_of(document: Enterprise, sources: Container[str], numbers: Numbers | None = None) -> tuple[Signal, ...]:
    """The signals of the tags of some sources."""
    of = {tag.tag: tag.source for tag in document.tags}
    return tuple(signal for signal in signals(document, numbers) if of[signal.name] in sources)


def max_ages(document: Enterprise, numbers: Numbers | None = None) -> Mapping[int, timedelta]:
    """How long a value of a tag holds at most, where that is declared."""
    known = _numbers(document, numbers)
    return {known[tag.tag]: tag.max_age for tag in document.tags if tag.max_age is not None}


def changes(document: Enterprise, source: str | None = None) -> Iterator[Fault]:
    """Instruments of a source, or of all, that changed within a period, which counts by the row at its start."""
    spans = periods(document) if document.account is not None else ()
    for tag in document.tags:
        if source not in (None, tag.source):
            continue
        changed = tag.valid_from
        cut_by = next((one for one in spans if changed is not None and one.start < changed < one.end), None)
        if cut_by is not None:
            found = f"a change at {changed:%Y-%m-%d %H:%M} UTC, within period {cut_by.number}"
            way_out = "The period counts with the row that holds at its start; nothing is to be done if that will do"
            where, expected = f"{tag.tag}.valid_from", "a change between two periods"
            yield Fault(str(document.tags_path), tag.line, where, found, expected, way_out, "change_within_period")


def _numbers(document: Enterprise, given: Numbers | None) -> Numbers:
    return numbers(document) if given is None else given


def _by_name(document: Enterprise) -> Mapping[str, list[Tag]]:
    """The rows of each tag."""
    rows: dict[str, list[Tag]] = {}
    for tag in document.tags:
        rows.setdefault(tag.tag, []).append(tag)
    return rows


def _canonical(tag: Tag) -> str:
    return "" if tag.kind == TEXT else tag.canonical_unit


def _is_scaled(tag: Tag) -> bool:
    return (tag.scale, tag.offset) != (1.0, 0.0)


def _signal(tag: Tag, number: int) -> Signal:
    return Signal(
        tag=number,
        name=tag.tag,
        kind=tag.kind,
        object=tag.object,
        component=tag.component,
        unit=tag.canonical_unit,
        stepped=tag.stepped,
        sigma_absolute=tag.sigma_absolute,
        sigma_relative=tag.sigma_relative,
        method=tag.method,
        max_age=tag.max_age,
        sigma_maximum=math.inf if tag.sigma_maximum is None else tag.sigma_maximum,
        detection_limit=tag.detection_limit,
        since=tag.valid_from,
        until=tag.valid_to,
    )


def _conversion(tag: Tag) -> Conversion:
    """From the raw number at the source to the canonical unit, in one step."""
    factor, offset = (1.0, 0.0) if tag.kind == TEXT else factor_offset(tag.unit)[:2]
    if _is_scaled(tag):
        exact = [Fraction(repr(number)) for number in (factor, offset, tag.scale, tag.offset)]
        factor, offset = float(exact[0] * exact[2]), float(exact[0] * exact[3] + exact[1])
    lo = -math.inf if tag.lo is None else tag.lo
    hi = math.inf if tag.hi is None else tag.hi
    return Conversion(factor, offset, lo, hi, tag.valid_from, tag.valid_to)
