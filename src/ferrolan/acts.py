"""Signed acts on an account, and what is asked about them: a meter out, a stock counted, a month locked.

For example: ``preview(document, "WT-214")`` says what March would become without that scale, ``exclude`` signs it out
with a name and a reason, ``lock`` makes the account final, ``replay`` makes it again and says whether it is the same.
The engine suggests, a person signs; every act goes to the ledger of all runs and counts from the next run on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from ferrolan.assembly import stock_takes, tags
from ferrolan.base.errors import DocumentError, Fault, RecordError, UnitError
from ferrolan.base.provenance import hash_json
from ferrolan.base.schema import nearest
from ferrolan.base.units import convert, parse, same_dimension
from ferrolan.enterprise.document import Enterprise
from ferrolan.kept_runs import kept_context, kept_run
from ferrolan.records import audit, exclusions, periods, runs
from ferrolan.records import stock_takes as counts
from ferrolan.records.changes import Preview, Replay, account_changes, replayed
from ferrolan.records.exclusions import Exclusion
from ferrolan.records.stock_takes import StockTake
from ferrolan.signed import LEDGER, signed_acts, signed_then
from ferrolan.verbs import identity_of, ingest, load, of_month, raw_data, reconcile


def exclude(
    enterprise: Enterprise, tag: str, *, who: str, reason: str, out: Path | str = "runs", back: bool = False
) -> audit.Entry:
    """Sign a meter out of the account of the document's month, or back into it.

    The engine suggests; a person excludes. The act goes to the ledger of ``out`` and counts from the next run on.

    Parameters
    ----------
    enterprise
        The document.
    tag
        The meter.
    who, reason
        Who signs, and why; both must say something.
    out
        Folder of all runs.
    back
        Take the meter into the account again.

    Raises
    ------
    RecordError
        If the ledger is broken, or name or reason is missing.
    DocumentError
        If the tag map has no such tag.
    """
    _refuse_unknown_tag(enterprise, tag)
    month = enterprise.require_account().month
    return exclusions.sign(Path(out) / LEDGER, enterprise.name, month, tag, who=who, reason=reason, back=back)


def preview(
    enterprise: Enterprise, tag: str | Sequence[str], *, out: Path | str = "runs", back: bool = False
) -> Preview:
    """What the account of the document's month would become without a meter (``back``: with it); nothing is signed.

    Parameters
    ----------
    enterprise
        The document.
    tag
        The meter, or several.
    out
        Folder of all runs, whose ledger says what is signed already.
    back
        Take the meter into the account again.

    Raises
    ------
    DocumentError
        If the tag map has no such tag.
    SourceError, ProblemError, NotConverged
        Where the account cannot be made with or without the meter.
    """
    asked = [tag] if isinstance(tag, str) else list(dict.fromkeys(tag))
    for one in asked:
        _refuse_unknown_tag(enterprise, one)
    signed = signed_acts(enterprise, Path(out) / LEDGER)
    raw = ingest(enterprise, raw_data(enterprise, out))
    others = [item for item in signed.excluded if item.tag not in asked]
    then = others if back else [*others, *(Exclusion(one, "preview", "") for one in asked)]
    before, after = (reconcile(enterprise, raw, out_of_it, signed.counted) for out_of_it in (signed.excluded, then))
    changes = account_changes(before.tables["account"], after.tables["account"])
    tests = before.tables["balance_tests"], after.tables["balance_tests"]
    named = ", ".join(asked)
    return Preview(named, back, changes, *tests, after.tables["suspects"], before.tables, after.tables)


def lock(
    enterprise: Enterprise, *, who: str, reason: str, out: Path | str = "runs", run: str | None = None
) -> audit.Entry:
    """Sign that the account of the document's month is final; another account of it is then refused.

    Parameters
    ----------
    enterprise
        The document.
    who, reason
        Who signs, and why; both must say something.
    out
        Folder of all runs.
    run
        Id of the kept run that holds the account, or the beginning of it; the youngest if none is given.

    Raises
    ------
    RecordError
        If the run is of another document or month, or without an account, the month is locked already, the ledger is
        broken, or name or reason is missing.
    """
    kept, month = kept_run(run, out), enterprise.require_account().month
    mine = {"document": enterprise.content_hash, "month": hash_json(month)}
    if {name: kept.identity.inputs.get(name) for name in mine} != mine or kept.tables["account"].is_empty():
        found = f"run {kept.run_id} of another document or month, or without an account"
        way_out = "Run the month first, or name its run"
        fault = Fault(str(kept.folder), 0, "run", found, f"a run with the account of {month}", way_out, "other_run")
        raise RecordError([fault])
    inputs, ledger = kept.identity.inputs, Path(out) / LEDGER
    account_hash = kept.hashes["account"]
    return periods.lock(
        ledger, enterprise.name, month, account_hash, who=who, reason=reason, inputs=inputs, run=kept.run_id
    )


def reopen(enterprise: Enterprise, *, who: str, reason: str, out: Path | str = "runs") -> audit.Entry:
    """Sign that the locked account of the document's month may change; the next lock is its next version.

    Raises
    ------
    RecordError
        If the month is not locked, the ledger is broken, or name or reason is missing.
    """
    return periods.reopen(
        Path(out) / LEDGER, enterprise.name, enterprise.require_account().month, who=who, reason=reason
    )


def stock_take(
    enterprise: Enterprise,
    stock: str,
    count: str | float,
    sigma: str | float,
    *,
    at: str | datetime,
    method: str,
    who: str,
    reason: str,
    out: Path | str = "runs",
    back: bool = False,
) -> audit.Entry:
    """Sign a physical count of a stock into the account of the document's month; it counts from the next run on.

    Parameters
    ----------
    enterprise
        The document.
    stock
        Unit that keeps the stock.
    count
        Dry mass that was found, such as ``"41200 t"``; a plain number is in t.
    sigma
        Its standard deviation, as a mass or as a share of the count, such as ``"2 %"``.
    at
        When: ISO text or a datetime, in the site's zone where it has none.
    method
        How it was counted, in words.
    who, reason
        Who signs, and why; both must say something.
    out
        Folder of all runs.
    back
        Withdraw the count that was signed for this stock and time.

    Raises
    ------
    DocumentError
        If the document has no such stock, or a number or the time cannot be read.
    RecordError
        If the account has no value of the stock near that time, the month is locked, or the act is incomplete.
    """
    known = [name for name, unit in enterprise.units.items() if unit.stocks is not None]
    if stock not in known:
        way_out, path = nearest(stock, known), str(enterprise.path)
        fault = Fault(path, 0, "units", repr(stock), "a stock of the document", way_out, "unknown_stock")
        raise DocumentError([fault])
    ledger, instant = Path(out) / LEDGER, _instant(enterprise, at)
    mass = _tonnes(count, "--count")
    scatter = _tonnes(sigma, "--sigma", of=mass)
    stock_takes.refuse_between(tags.periods(enterprise), stock, instant, str(ledger))
    take = StockTake(stock, mass, scatter, instant, method, who, reason)
    return counts.sign(ledger, enterprise.name, enterprise.require_account().month, take, back=back)


def replay(kept: runs.Run, document: Path | str | None = None, out: Path | str = "runs") -> Replay:
    """Make the account of a kept run again from its raw files, and say whether it came out the same.

    Parameters
    ----------
    kept
        The run, from ``kept_run``.
    document
        The document it was made of; the shipped example if none is given.
    out
        Folder of all runs, for the ledger of signed acts.

    Returns
    -------
    Equal, or the first input or table that differs, with the values that do.

    Raises
    ------
    RecordError
        If the run holds no account.
    DocumentError, SourceError, ProblemError, NotConverged
        Where the account cannot be made any more.
    """
    if kept.tables.get("account", pl.DataFrame()).is_empty():
        found, way_out = f"run {kept.run_id} without an account", "Name a run of a document with an account"
        fault = Fault(str(kept.folder), 0, "run", found, "a run with an account", way_out, "other_run")
        raise RecordError([fault])
    enterprise = of_month(load(document), kept_context(kept).month)
    signed = signed_then(enterprise, Path(out) / LEDGER, kept.identity.inputs)
    data = raw_data(enterprise, out)
    identity = identity_of(enterprise, data, signed, None)
    raw = ingest(enterprise, data)
    account = reconcile(enterprise, raw, signed.excluded, signed.counted)
    code_changed = (identity.code, identity.libraries) != (kept.identity.code, kept.identity.libraries)
    return replayed(kept, {**raw.tables, **account.tables}, identity.inputs, code_changed=code_changed)


def _refuse_unknown_tag(enterprise: Enterprise, tag: str) -> None:
    known = [item.tag for item in enterprise.tags]
    if tag not in known:
        file = str(enterprise.tags_path)
        raise DocumentError(
            [Fault(file, 0, "tag", repr(tag), "a tag of the tag map", nearest(tag, known), "unknown_tag")]
        )


def _tonnes(written: str | float, option: str, *, of: float | None = None) -> float:
    """A mass in t; a share of another one where that may be said."""
    try:
        number, unit = parse(str(written)) if isinstance(written, str) else (float(written), "t")
        if of is not None and unit != "1" and same_dimension(unit, "1"):
            return convert(number, unit, "1") * of
        return number if unit == "1" else convert(number, unit, "t")
    except UnitError as error:
        expected = "a mass, such as 41200 t" if of is None else "a mass or a share of the count, such as 2 %"
        fault = Fault(option, 0, "", repr(written), expected, f"Correct it: {error}", "wrong_unit")
        raise DocumentError([fault]) from None


def _instant(enterprise: Enterprise, at: str | datetime) -> datetime:
    """A time in UTC; one without a zone is the site's."""
    try:
        moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    except ValueError:
        way_out = "Write it like 2026-04-01 08:00"
        raise DocumentError([Fault("--at", 0, "", repr(at), "a local time", way_out, "wrong_time")]) from None
    zone = enterprise.enterprise.zone
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)).astimezone(UTC)
