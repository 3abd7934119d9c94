"""Meters signed out of an account: the engine suggests, a person excludes, the ledger remembers.

"WT-214 is out of March 2026, its calibration check failed" is one signed act; taking the meter back is another. Of
several acts on one meter in one month the last one counts. In a locked month nothing is signed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ferrolan.base.errors import Fault, RecordError
from ferrolan.base.provenance import Json
from ferrolan.records import audit
from ferrolan.records.periods import refuse_locked

EXCLUDE, USE = "exclude_meter", "use_meter"


@dataclass(frozen=True)
class Exclusion:
    """A meter out of an account: why, and who signed."""

    tag: str
    reason: str
    who: str


def sign(
    ledger: Path, enterprise: str, month: str, tag: str, *, who: str, reason: str, back: bool = False
) -> audit.Entry:
    """Sign a meter out of the account of a month, or ``back`` into it.

    Raises
    ------
    RecordError
        If the month is locked, the ledger is broken, ``who`` or ``reason`` says nothing, or the meter is out (or in)
        already.
    """
    refuse_locked(ledger, enterprise, month)
    out = tag in {meter.tag for meter in active(ledger, enterprise, month)}
    if out != back:
        found, expected = ("out already", "a meter that counts") if out else ("in already", "a meter that is out")
        way_out = f"It is {found} of {month}; nothing was signed"
        raise RecordError([Fault(str(ledger), 0, tag, found, expected, way_out, "signed_already")])
    subject: dict[str, Json] = {"enterprise": enterprise, "month": month, "tag": tag}
    before: dict[str, Json] = {**subject, "used": not back}
    after: dict[str, Json] = {**subject, "used": back}
    return audit.sign(ledger, USE if back else EXCLUDE, before, after, who=who, reason=reason)


def active(ledger: Path, enterprise: str, month: str) -> tuple[Exclusion, ...]:
    """The meters that are out of the account of a month, by tag.

    Raises
    ------
    RecordError
        If the ledger is broken.
    """
    *_, last = ((), *states(ledger, enterprise, month))
    return last


def states(ledger: Path, enterprise: str, month: str) -> Iterator[tuple[Exclusion, ...]]:
    """The meters that were out of the account of a month after each act on one of them.

    Raises
    ------
    RecordError
        If the ledger is broken.
    """
    out: dict[str, Exclusion] = {}
    for entry in audit.verify(ledger):
        subject = entry.act.after
        if entry.act.what not in (EXCLUDE, USE) or not isinstance(subject, Mapping):
            continue
        if (subject.get("enterprise"), subject.get("month")) != (enterprise, month):
            continue
        tag = str(subject.get("tag"))
        out.pop(tag, None)
        if entry.act.what == EXCLUDE:
            out[tag] = Exclusion(tag, entry.act.reason, entry.act.who)
        yield tuple(out[tag] for tag in sorted(out))
