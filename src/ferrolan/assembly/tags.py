"""The tag map, turned into what sources read, the historian keeps and the account measures.

Tag ``WT-214`` is column ``BY.WT-214.PV`` of the plant historian's export, in t/h, and measures the flow of
``flotation_feed`` with a standard deviation of 1 % of the mean of a period: an address for ``sources``, a conversion
for ``historian.ingest``, a signal for ``historian.aggregate``. A tag's number is its place in the tag map.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from ferrolan.base.time import Period, cut, month_bounds
from ferrolan.base.units import factor_offset
from ferrolan.enterprise.document import Enterprise
from ferrolan.enterprise.tags import Tag
from ferrolan.historian.aggregate import Signal
from ferrolan.historian.ingest import Conversion
from ferrolan.sources.source import TagAddress


def periods(document: Enterprise) -> tuple[Period, ...]:
    """The periods of the account: its month, cut as the document declares."""
    start, end = month_bounds(document.require_account().month, document.enterprise.time_zone)
    return cut(start, end, document.require_account().period)


def addresses(document: Enterprise, source: str) -> tuple[TagAddress, ...]:
    """The tags of one source, by number and address."""
    return tuple(
        TagAddress(number, tag.tag, tag.address, tag.unit, limits=tag.detection_limit is not None)
        for number, tag in enumerate(document.tags)
        if tag.source == source
    )


def conversions(document: Enterprise) -> Mapping[int, Conversion]:
    """How each tag's value becomes canonical, and the range it must lie in."""
    return {number: _conversion(tag) for number, tag in enumerate(document.tags)}


def signals(document: Enterprise) -> tuple[Signal, ...]:
    """What each tag measures, with its stated standard deviation."""
    return tuple(
        Signal(
            tag=number,
            name=tag.tag,
            kind=tag.kind,
            object=tag.object,
            component=tag.component,
            unit=factor_offset(tag.unit)[2],
            stepped=tag.kind in ("state",),
            sigma_absolute=tag.sigma_absolute,
            sigma_relative=tag.sigma_relative,
            method=tag.method,
            sigma_maximum=math.inf if tag.sigma_maximum is None else tag.sigma_maximum,
            detection_limit=tag.detection_limit,
        )
        for number, tag in enumerate(document.tags)
    )


def _conversion(tag: Tag) -> Conversion:
    factor, offset, _ = factor_offset(tag.unit)
    lo = -math.inf if tag.lo is None else tag.lo
    hi = math.inf if tag.hi is None else tag.hi
    return Conversion(factor=factor, offset=offset, lo=lo, hi=hi)
