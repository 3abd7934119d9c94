"""Closed months: an account that was signed off stays as it is, and changes only as a new signed version.

March is locked with the hash of its account. A laboratory that sends one result again in May changes March's account:
that is a *restatement*, and it is refused, with the file that changed and what the account would become, until somebody
reopens the month with a reason and locks the new version. Of several acts on one month the last one counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from ferrolan.base.errors import Fault, RecordError
from ferrolan.base.provenance import Json
from ferrolan.records import audit

LOCK, REOPEN = "lock_period", "reopen_period"

_NAMED = 3  # changed values that a message tells
_OWN = ("only",)  # inputs that say how much of a run was asked for, not what the account was made of


@dataclass(frozen=True)
class Lock:
    """A locked month: the hash of its account, what that was made of, who signed, and the how-manieth version it is.

    Parameters
    ----------
    account
        Hash of the table ``account``.
    inputs
        Hash of everything the run depended on, by name.
    run
        Id of the run that was locked; empty where none was named.
    version
        1 for the first lock of the month, one more for each lock after a reopening.
    """

    enterprise: str
    month: str
    account: str
    inputs: Mapping[str, str]
    run: str
    who: str
    reason: str
    at: datetime
    version: int


def lock(
    ledger: Path,
    enterprise: str,
    month: str,
    account_hash: str,
    *,
    who: str,
    reason: str,
    inputs: Mapping[str, str] | None = None,
    run: str = "",
) -> audit.Entry:
    """Sign that the account of a month is final.

    Parameters
    ----------
    ledger
        The ledger of signed acts.
    enterprise, month
        Whose account, and of which ISO month.
    account_hash
        Hash of the table ``account``, from ``base.provenance.hash_table``.
    who, reason
        Who signs, and why; both must say something.
    inputs, run
        What the account was made of, and the kept run that holds it, so that a restatement can be explained.

    Raises
    ------
    RecordError
        If the month is locked already, the ledger is broken, or ``who`` or ``reason`` says nothing.
    """
    former = locked(ledger, enterprise, month)
    if former is not None:
        raise _signed_already(ledger, month, "locked already", "an open month", "Reopen it first")
    subject = _subject(enterprise, month)
    made_of: dict[str, Json] = dict(inputs or {})
    after: dict[str, Json] = {**subject, "locked": True, "account": account_hash, "inputs": made_of}
    before: dict[str, Json] = {**subject, "locked": False}
    return audit.sign(ledger, LOCK, before, after, who=who, reason=reason, run=run)


def reopen(ledger: Path, enterprise: str, month: str, *, who: str, reason: str) -> audit.Entry:
    """Sign that a locked month may change again; the lock stays in the ledger, as its former version.

    Raises
    ------
    RecordError
        If the month is not locked, the ledger is broken, or ``who`` or ``reason`` says nothing.
    """
    former = locked(ledger, enterprise, month)
    if former is None:
        raise _signed_already(ledger, month, "open already", "a locked month", "Nothing was signed")
    subject = _subject(enterprise, month)
    before: dict[str, Json] = {**subject, "locked": True, "account": former.account}
    after: dict[str, Json] = {**subject, "locked": False}
    return audit.sign(ledger, REOPEN, before, after, who=who, reason=reason, run=former.run)


def locked(ledger: Path, enterprise: str, month: str) -> Lock | None:
    """The lock of a month, None where it is open.

    Raises
    ------
    RecordError
        If the ledger is broken.
    """
    *_, state = (None, *_states(ledger, enterprise, month))
    return state


def versions(ledger: Path, enterprise: str, month: str) -> tuple[Lock, ...]:
    """Every version of a month that was ever locked, first to last.

    Raises
    ------
    RecordError
        If the ledger is broken.
    """
    return tuple(state for state in _states(ledger, enterprise, month) if state is not None)


def refuse_locked(ledger: Path, enterprise: str, month: str) -> None:
    """Refuse an act that would change the account of a locked month.

    Raises
    ------
    RecordError
        If the month is locked, or the ledger is broken.
    """
    found = locked(ledger, enterprise, month)
    if found is not None:
        said = f"{month}, locked by {found.who} on {found.at:%Y-%m-%d} (version {found.version})"
        way_out = "Reopen it with a reason first; nothing was signed"
        raise RecordError([Fault(str(ledger), 0, month, said, "an open month", way_out, "period_locked")])


def refuse_restatement(
    ledger: Path, lock: Lock, account_hash: str, inputs: Mapping[str, str], changes: pl.DataFrame | None = None
) -> None:
    """Refuse another account of a locked month than the locked one.

    Parameters
    ----------
    ledger
        The ledger of signed acts, for the message.
    lock
        The lock of the month.
    account_hash, inputs
        Of the account that is to be kept.
    changes
        ``account_changes`` from the locked account to this one, where that one is at hand; if it has no rows the two
        differ by rounding alone, and nothing is refused.

    Raises
    ------
    RecordError
        One fault for every input that changed, and one for the account, with its largest changes.
    """
    if account_hash == lock.account or (changes is not None and changes.is_empty()):
        return
    raise RecordError(list(_restated(ledger, lock, account_hash, inputs, changes)))


def _restated(
    ledger: Path, lock: Lock, account_hash: str, inputs: Mapping[str, str], changes: pl.DataFrame | None
) -> Iterator[Fault]:
    way_out = f"Restore what changed, or reopen {lock.month} with a reason and lock the new version"
    signed = f"version {lock.version} of {lock.month}, locked by {lock.who} on {lock.at:%Y-%m-%d}"
    for name in changed_inputs(lock.inputs, inputs):
        found, expected = inputs.get(name, "nothing"), lock.inputs.get(name, "nothing")
        yield Fault(str(ledger), 0, name, found, f"{expected}, as in {signed}", way_out, "restated_account")
    told = "" if changes is None else f": {told_changes(changes)}"
    yield Fault(
        str(ledger), 0, "account", f"{account_hash}{told}", f"{lock.account}, {signed}", way_out, "restated_account"
    )


def changed_inputs(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """Names of the inputs of an account whose hashes differ, or that only one of two runs has."""
    names = sorted({*before, *after} - set(_OWN))
    return tuple(name for name in names if before.get(name) != after.get(name))


def told_changes(changes: pl.DataFrame) -> str:
    """The largest changes of an account in words.

    Examples
    --------
    >>> from ferrolan.base.tables import ACCOUNT_CHANGES
    >>> row = ("flow", "slab", None, 2, "t/h", 105.0, 107.5, 2.5, 0.5, 5.0)
    >>> told_changes(pl.DataFrame([row], schema=ACCOUNT_CHANGES.schema, orient="row"))
    '1 value changes, the most by its standard deviation flow of slab in period 2 from 105 to 107.5 t/h'
    """
    largest = changes.sort("in_sds", descending=True, nulls_last=True, maintain_order=True).head(_NAMED)
    rows = [_told(row) for row in largest.iter_rows(named=True)]
    count = f"{changes.height} value{' changes' if changes.height == 1 else 's change'}"
    return f"{count}, the most by {'its' if changes.height == 1 else 'their'} standard deviation {'; '.join(rows)}"


def _told(row: Mapping[str, object]) -> str:
    what = " of ".join(str(row[key]) for key in ("kind", "component", "object") if row[key] is not None)
    before, after = (f"{row[key]:.6g}" if row[key] is not None else "nothing" for key in ("before", "after"))
    unit = "" if row["unit"] == "1" else f" {row['unit']}"
    return f"{what} in period {row['period']} from {before} to {after}{unit}"


def _states(ledger: Path, enterprise: str, month: str) -> Iterator[Lock | None]:
    """The state of a month after each act on it."""
    version = 0
    for entry in audit.verify(ledger):
        subject = entry.act.after
        if entry.act.what not in (LOCK, REOPEN) or not isinstance(subject, Mapping):
            continue
        if (subject.get("enterprise"), subject.get("month")) != (enterprise, month):
            continue
        if entry.act.what == REOPEN:
            yield None
            continue
        version += 1
        inputs = subject.get("inputs")
        made_of = {name: str(digest) for name, digest in inputs.items()} if isinstance(inputs, Mapping) else {}
        act = entry.act
        yield Lock(
            enterprise, month, str(subject.get("account")), made_of, act.run, act.who, act.reason, act.at, version
        )


def _subject(enterprise: str, month: str) -> dict[str, Json]:
    return {"enterprise": enterprise, "month": month}


def _signed_already(ledger: Path, month: str, found: str, expected: str, way_out: str) -> RecordError:
    return RecordError([Fault(str(ledger), 0, month, found, expected, way_out, "signed_already")])


__all__ = [
    "Lock",
    "changed_inputs",
    "lock",
    "locked",
    "refuse_locked",
    "refuse_restatement",
    "reopen",
    "told_changes",
    "versions",
]
