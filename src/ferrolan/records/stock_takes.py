"""Physical counts of stocks, signed: what a survey or a weighing-out found, how sure, when, by which method.

"The ore stockpile held 41,200 t on 1 April at eight, drone survey with bulk density, sure to 800 t" is one signed act;
it enters the account as one more reading of that stock. A count that was wrong is withdrawn by another act, never
overwritten.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ferrolan.base.errors import Fault, RecordError
from ferrolan.base.provenance import Json
from ferrolan.records import audit
from ferrolan.records.periods import refuse_locked

TAKE, WITHDRAW = "take_stock", "withdraw_stock_take"


@dataclass(frozen=True)
class StockTake:
    """One physical count.

    Parameters
    ----------
    stock
        What was counted.
    value, sigma
        Dry mass and its standard deviation [t].
    at
        When, in UTC.
    method
        How, in words.
    who, reason
        Who signed, and why.
    """

    stock: str
    value: float
    sigma: float
    at: datetime
    method: str
    who: str
    reason: str


def sign(ledger: Path, enterprise: str, month: str, take: StockTake, *, back: bool = False) -> audit.Entry:
    """Sign a count into the account of a month, or ``back`` out of it.

    Raises
    ------
    RecordError
        If the month is locked, the count is signed already (or, ``back``, is not), it is not a finite mass with a sigma
        above 0 at a time with a zone, it has no method, or the ledger is broken.
    """
    _refuse_incomplete(ledger, take, back=back)
    refuse_locked(ledger, enterprise, month)
    former = {_key(known): known for known in active(ledger, enterprise, month)}.get(_key(take))
    if (former is None) == back:
        found, expected = ("no such count", "a count that is signed") if back else ("signed already", "another count")
        way_out = "Correct its time" if back else "Withdraw the former one first; nothing was signed"
        raise RecordError([Fault(str(ledger), 0, take.stock, found, expected, way_out, "signed_already")])
    subject: dict[str, Json] = {"enterprise": enterprise, "month": month, "stock": take.stock, "at": _at(take)}
    count: dict[str, Json] = {"value_t": take.value, "sigma_t": take.sigma, "method": take.method}
    if former is not None:
        count = {"value_t": former.value, "sigma_t": former.sigma, "method": former.method}
    states: tuple[dict[str, Json], dict[str, Json]] = (
        {**subject, "counted": False},
        {**subject, "counted": True, **count},
    )
    before, after = states[::-1] if back else states
    what = WITHDRAW if back else TAKE
    return audit.sign(ledger, what, before, after, who=take.who, reason=take.reason)


def active(ledger: Path, enterprise: str, month: str) -> tuple[StockTake, ...]:
    """The counts of a month that are signed and not withdrawn, by stock and time.

    Raises
    ------
    RecordError
        If the ledger is broken.
    """
    *_, last = ((), *states(ledger, enterprise, month))
    return last


def states(ledger: Path, enterprise: str, month: str) -> Iterator[tuple[StockTake, ...]]:
    """The counts of a month as they stood after each act on them.

    Raises
    ------
    RecordError
        If the ledger is broken.
    """
    signed: dict[tuple[str, str], StockTake] = {}
    for entry in audit.verify(ledger):
        subject = entry.act.after
        if entry.act.what not in (TAKE, WITHDRAW) or not isinstance(subject, Mapping):
            continue
        if (subject.get("enterprise"), subject.get("month")) != (enterprise, month):
            continue
        key = (str(subject.get("stock")), str(subject.get("at")))
        signed.pop(key, None)
        if entry.act.what == TAKE:
            signed[key] = _take(entry.act, subject)
        yield tuple(signed[key] for key in sorted(signed))


def _take(act: audit.Act, subject: Mapping[str, Json]) -> StockTake:
    value, sigma = (float(str(subject.get(key))) for key in ("value_t", "sigma_t"))
    at = datetime.fromisoformat(str(subject.get("at")))
    return StockTake(str(subject.get("stock")), value, sigma, at, str(subject.get("method")), act.who, act.reason)


def _key(take: StockTake) -> tuple[str, str]:
    return take.stock, _at(take)


def _at(take: StockTake) -> str:
    return take.at.astimezone(UTC).isoformat()


def _refuse_incomplete(ledger: Path, take: StockTake, *, back: bool) -> None:
    faults = []
    if take.at.tzinfo is None:
        faults.append(("at", f"{take.at:%Y-%m-%d %H:%M} without a zone", "a time with its zone", "Give its zone"))
    if not back and not (math.isfinite(take.value) and take.value >= 0.0):
        faults.append(("value", f"{take.value}", "a finite mass of at least 0 t", "Correct it"))
    if not back and not (math.isfinite(take.sigma) and take.sigma > 0.0):
        way_out = "Say how sure the count is: survey, density and moisture together"
        faults.append(("sigma", f"{take.sigma}", "a standard deviation above 0 t", way_out))
    if not back and not take.method.strip():
        faults.append(("method", "nothing", "how it was counted", "Say it, such as: survey and bulk density"))
    if faults:
        raise RecordError(
            [
                Fault(str(ledger), 0, f"{take.stock}.{name}", found, expected, way_out, "incomplete_act")
                for name, found, expected, way_out in faults
            ]
        )
