"""The tags whose readings must be plausible before they are balanced, and what is found of them in a source.

``WT-214`` may show 0 to 120 t/h and is read all the time; a column of kilograms stands far above that, and a person is
told so in the table ``remarks``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ferrolan.assembly.tags import Numbers, changes, numbers
from ferrolan.base.errors import Fault
from ferrolan.base.time import Period
from ferrolan.base.units import factor_offset
from ferrolan.enterprise.document import Enterprise
from ferrolan.enterprise.tags import Tag
from ferrolan.historian.ingest import IngestReport
from ferrolan.historian.plausible import Watched, implausible
from ferrolan.sources.source import Batch

_WATCHED = ("flow", "assay", "moisture", "stock", "stock_assay", "power")


def remarks(
    document: Enterprise, name: str, file: str, batch: Batch, report: IngestReport, periods: Sequence[Period]
) -> tuple[Fault, ...]:
    """What a person should look at in one source: readings out of range, frozen, or in another unit in one period; and
    instruments that were re-ranged or replaced within a period.
    """
    odd = implausible(batch.samples, watched(document, name), report.out_of_range, periods, file)
    return (*odd, *changed(document, name))


def changed(document: Enterprise, name: str) -> tuple[Fault, ...]:
    """Instruments of a source that were re-ranged or replaced within a period."""
    return tuple(replace(said, file=document.tags_path.name) for said in changes(document, name))


def watched(document: Enterprise, source: str, known: Numbers | None = None) -> Mapping[int, Watched]:
    """The tags of one source that an account uses, by number."""
    known = numbers(document) if known is None else known
    return {
        known[tag.tag]: Watched(tag.tag, _limits(tag), tag.method == "time_mean")
        for tag in document.tags
        if tag.source == source and tag.kind in _WATCHED
    }


def _limits(tag: Tag) -> str:
    """The range of a tag as it reads at the source."""
    factor, offset, _ = factor_offset(tag.unit)
    ends = ["any" if end is None else f"{(end - offset) / factor:g}" for end in (tag.lo, tag.hi)]
    return f"{ends[0]} to {ends[1]} {tag.unit}".removesuffix(" 1")
