"""The journey in a handful of functions: raw data in, a brief out. Read this first.

``run`` is the journey; the other verbs are its stations, each one call down and one value back up. ``ingest`` takes raw
files into the historian and measures periods, ``reconcile`` closes the balances, ``plan`` says what to make, ``study``
values the concentrate, ``clear_market`` sets prices against policies, ``brief`` tells it.

>>> import ferrolan
>>> document = ferrolan.load()
>>> document.title
'Ore to both'
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from ferrolan.assembly import balances, market, sources, stock_takes, tags, watched
from ferrolan.assembly.catalogue import kinds
from ferrolan.assembly.plan import plan_problem, raised_rooms
from ferrolan.assembly.reckoning import remarks, tables_of
from ferrolan.assembly.responses import (
    Responses,
    closing_stocks,
    declared_responses,
    energies,
    opening_stocks,
    responses,
)
from ferrolan.base.errors import (
    DocumentError,
    Fault,
    Infeasible,
    NotConverged,
    ProblemError,
    RecordError,
    SourceError,
    UnitError,
)
from ferrolan.base.provenance import (
    RunIdentity,
    canonical_json,
    code_version,
    hash_file,
    hash_json,
    hash_table,
    run_identity,
)
from ferrolan.base.schema import WrongValue, nearest
from ferrolan.base.surroundings import storing
from ferrolan.base.tables import INGEST, MARKET, MARKET_PARTIES, REJECTED, REMARKS, REPAIRED
from ferrolan.base.units import convert, parse, same_dimension
from ferrolan.briefs.pdf import pdf_of
from ferrolan.briefs.write import render
from ferrolan.enterprise.document import Enterprise
from ferrolan.enterprise.load import load as load_document
from ferrolan.enterprise.sites import require_month
from ferrolan.historian.aggregate import measure
from ferrolan.historian.ingest import ingest as take_in
from ferrolan.historian.store import anew
from ferrolan.market import clear
from ferrolan.planning import Plan
from ferrolan.planning import plan as solve_plan
from ferrolan.reconciliation import reconcile as solve_balances
from ferrolan.records import audit, exclusions, exports, periods, runs
from ferrolan.records import stock_takes as counts
from ferrolan.records.changes import Preview, Replay, account_changes, replayed
from ferrolan.records.clock import StationClock
from ferrolan.records.exclusions import Exclusion, active, sign
from ferrolan.records.stock_takes import StockTake
from ferrolan.records.whole import making, put, ready, settle, sweep
from ferrolan.results import NEEDED, Account, Markets, Only, Outcome, Raw, RunResult, Tables
from ferrolan.studies.concentrate import Case, ConcentrateStudy, Published
from ferrolan.studies.concentrate import study as value_concentrate
from ferrolan.studies.findings import Sales, findings
from ferrolan.studies.meter_worth import Ground, gain_sensitivity, meter_money
from ferrolan.studies.published import published_price
from ferrolan.studies.what_if import what_if
from ferrolan.studies.worlds import World, declared_world, drawn_worlds
from ferrolan.taking import is_mapping
from ferrolan.views.context import Context
from ferrolan.views.declared import context_of
from ferrolan.views.tables import derive
from ferrolan.virtualplant import planted, simulate, write

EXAMPLE = Path(__file__).parent / "examples" / "ore_to_both" / "ore_to_both.yaml"
"""The shipped enterprise that ``run`` takes when it is given none."""

CONTEXT = "context.json"
"""What a view of a kept run must know besides its tables."""

LEDGER = "acts.jsonl"
"""The ledger of signed acts, in the folder of all runs."""


def run(
    document: Path | str | None = None,
    out: Path | str = "runs",
    *,
    only: Only | None = None,
    month: str | None = None,
    seed: int | None = None,
    dry_run: bool = False,
    announce: Callable[[str], None] | None = None,
) -> RunResult:
    """Take a plant from raw data to a brief in one go; a station of which the document says nothing is left out.

    Parameters
    ----------
    document
        The enterprise document; the shipped example if none is given.
    out
        Folder of all runs. The run lies in ``<out>/<run id>/`` with ``brief.html``, every table and ``run.json``; the
        historian in ``<out>/historian/``, and a generated raw month in ``<out>/raw/``.
    only
        One station and what it needs, without a brief: ``historian``, ``account``, ``plan`` or ``market``.
    month
        ISO month of the account (without one, first of the plan), in place of the document's.
    seed
        Seed of the draws, in place of the document's; a generated raw month keeps its own.
    dry_run
        Compute everything and keep nothing.
    announce
        Called with the name of each station as it begins.

    Returns
    -------
    RunResult
        The kept run. The same document, raw data, month, seed and code give the same run id and the same hashes.

    Raises
    ------
    DocumentError, SourceError, ProblemError, NotConverged, Infeasible
        From the station that could not answer; no run is kept then.
    SurroundingsError
        If the disk refuses; nothing that was kept before has changed then.
    """
    clock = StationClock(announce)
    with clock("document"):
        enterprise = seeded(of_month(load(document), month), seed)
        if only in ("historian", "account"):
            enterprise.require_account()
    with _working_folder(Path(out), dry_run) as folder:
        signed = _signed(enterprise, Path(out) / LEDGER, only)
        outcome, identity = _journey(enterprise, folder, signed, only, clock)
    tables = outcome.tables(enterprise)
    if outcome.account is not None:
        unused = sources.remark_rows("account", remarks(enterprise, outcome.account.reconciled))
        tables["remarks"] = pl.concat([tables["remarks"], unused])
        tables["remarks"] = _keep_lock(enterprise, Path(out), identity, tables, dry_run=dry_run)
    if outcome.planned is not None:
        raised = raised_rooms(enterprise, _start(enterprise, outcome.account)[1])
        tables["remarks"] = pl.concat([tables["remarks"], sources.remark_rows("plan", raised)])
    context = context_of(enterprise, identity, signed.excluded)
    files = {CONTEXT: canonical_json(context.to_json()).encode()}
    if only is None:
        with clock("brief"):
            tables["findings"] = _findings(enterprise, outcome, tables, signed)
            tables |= derive(tables, context)
            files["brief.html"] = brief(tables, context).encode()
    kept = None
    if not dry_run:
        solvers = outcome.solvers()
        kept = runs.write(Path(out), identity, tables, files=files, solvers=solvers, clock=clock.read())
    return RunResult(enterprise, identity.run_id, kept, tables, context, clock.seconds)


def _journey(
    enterprise: Enterprise, folder: Path, signed: _Signed, only: Only | None, clock: StationClock
) -> tuple[Outcome, RunIdentity]:
    """Every station that is asked for and declared, and what the run depends on."""
    asked = set(NEEDED[only])
    raw = account = planned = questions = value = money = markets = None
    files: Mapping[str, Path] = {}
    if enterprise.account is not None and "raw data" in asked:
        with clock("raw data"):
            files = raw_files(enterprise, folder)
    identity = _identity(enterprise, files, signed, only)
    if files:
        with clock("historian"):
            raw = ingest(enterprise, files, folder / "historian" / f"{identity.run_id}.duckdb")
    if raw is not None and "account" in asked:
        with clock("account"):
            account = reconcile(enterprise, raw, signed.excluded, signed.counted)
    if "plan" in asked:
        with clock("plan"):
            planned = plan(enterprise, account)
            questions = what_if(enterprise, worlds(enterprise, account))
            money = None if account is None else doubt(enterprise, account)
    if enterprise.concentrate is not None and "concentrate" in asked:
        with clock("concentrate"):
            value = study(enterprise, account)
            money = None if account is None else doubt(enterprise, account, value)
    if "market" in asked and (enterprise.market is not None or only == "market"):
        with clock("market"):
            markets = clear_market(enterprise)
    return Outcome(only, raw, account, planned, questions, value, markets, money), identity


@dataclass(frozen=True)
class _Signed:
    """Signed acts that an account hangs on: meters that are out, stocks that were counted."""

    excluded: tuple[Exclusion, ...] = ()
    counted: tuple[StockTake, ...] = ()

    @property
    def hashes(self) -> Mapping[str, str]:
        """Hashes of the acts by name, for the identity of a run; none where nothing was signed."""
        found = {}
        if self.excluded:
            found["excluded meters"] = hash_json([[item.tag, item.reason, item.who] for item in self.excluded])
        if self.counted:
            taken = self.counted
            found["stock takes"] = hash_json(
                [[t.stock, t.at.isoformat(), t.value, t.sigma, t.method, t.reason, t.who] for t in taken]
            )
        return found


def _signed(enterprise: Enterprise, ledger: Path, only: Only | None = None) -> _Signed:
    """What is signed of the account's month; nothing where no account is asked for."""
    if enterprise.account is None or "raw data" not in NEEDED[only]:
        return _Signed()
    subject = (ledger, enterprise.name, enterprise.account.month)
    return _Signed(active(*subject), counts.active(*subject))


def _signed_then(enterprise: Enterprise, ledger: Path, hashes: Mapping[str, str]) -> _Signed:
    """What was signed when a kept run was made, by its hashes; where the ledger never stood so, what is signed now."""
    subject = (ledger, enterprise.name, enterprise.require_account().month)
    now = _signed(enterprise, ledger)
    excluded = [_Signed(excluded=item) for item in ((), *exclusions.states(*subject))]
    counted = [_Signed(counted=item) for item in ((), *counts.states(*subject))]
    return _Signed(
        next((item.excluded for item in excluded if _is(item, "excluded meters", hashes)), now.excluded),
        next((item.counted for item in counted if _is(item, "stock takes", hashes)), now.counted),
    )


def _is(signed: _Signed, name: str, hashes: Mapping[str, str]) -> bool:
    return signed.hashes.get(name) == hashes.get(name)


def _keep_lock(
    enterprise: Enterprise, out: Path, identity: RunIdentity, tables: Tables, *, dry_run: bool
) -> pl.DataFrame:
    """Refuse to keep another account of a locked month than the locked one; a dry run says it among its remarks."""
    ledger, remarks = out / LEDGER, tables["remarks"]
    lock = periods.locked(ledger, enterprise.name, enterprise.require_account().month)
    if lock is None:
        return remarks
    former = _locked_account(out, lock)
    changes = None if former is None else account_changes(former, tables["account"])
    try:
        periods.refuse_restatement(ledger, lock, hash_table(tables["account"]), identity.inputs, changes)
    except RecordError as error:
        if not dry_run:
            raise
        return pl.concat([remarks, sources.remark_rows("account", error.faults)])
    return remarks


def _locked_account(out: Path, lock: periods.Lock) -> pl.DataFrame | None:
    """The account that was locked, where its run is still kept and whole."""
    if lock.run not in runs.names(out):
        return None
    with suppress(RecordError):
        kept = runs.read(out / lock.run)
        return kept.tables["account"] if kept.hashes.get("account") == lock.account else None
    return None


@contextmanager
def _working_folder(out: Path, dry_run: bool) -> Iterator[Path]:
    """Where raw months and historians are made: the folder of runs, or one that is gone afterwards."""
    if not dry_run:
        ready(out)
        yield out
        return
    with TemporaryDirectory() as folder:
        yield Path(folder)


def load(document: Path | str | None = None) -> Enterprise:
    """Load and check an enterprise document; the shipped example if none is given.

    Raises
    ------
    DocumentError
        With every fault of the document and its tag map, each with file and line.
    """
    path = Path(document) if document is not None else EXAMPLE
    try:
        return load_document(path, kinds())
    except DocumentError:
        if not is_mapping(path):
            raise
        way_out = f"Take its files with: ferrolan ingest {path}"
        fault = Fault(
            str(path),
            0,
            "mapping",
            "a mapping of real files",
            "the document of an enterprise",
            way_out,
            "not_an_enterprise",
        )
        raise DocumentError([fault]) from None


def of_month(enterprise: Enterprise, month: str | None) -> Enterprise:
    """The document with another month of its account, or where there is none, first month of its plan.

    Raises
    ------
    DocumentError
        If this is no ISO month.
    """
    if month is None:
        return enterprise
    try:
        require_month(month, "month")
    except WrongValue as wrong:
        told = wrong.context or {}
        fault = Fault("--month", 0, "", repr(month), str(told.get("expected")), str(told.get("way_out")), "wrong_month")
        raise DocumentError([fault]) from None
    if enterprise.account is None:
        return enterprise.model_copy(update={"plan": enterprise.plan.model_copy(update={"starts": month})})
    return enterprise.model_copy(update={"account": enterprise.account.model_copy(update={"month": month})})


def seeded(enterprise: Enterprise, seed: int | None) -> Enterprise:
    """The document with another seed for everything that is drawn; itself where none is given.

    Raises
    ------
    DocumentError
        If the document draws nothing.
    """
    if seed is None:
        return enterprise
    if enterprise.uncertainty is None:
        way_out = "Add 'uncertainty' with draws and seed, or give no seed"
        fault = Fault(str(enterprise.path), 0, "uncertainty", "no 'uncertainty'", "draws", way_out, "missing_key")
        raise DocumentError([fault])
    if seed < 0:
        expected = "a whole number of at least 0"
        raise DocumentError([Fault("--seed", 0, "", repr(seed), expected, "Give another", "negative")])
    return enterprise.model_copy(update={"uncertainty": enterprise.uncertainty.model_copy(update={"seed": seed})})


def raw_files(enterprise: Enterprise, out: Path | str = "runs") -> Mapping[str, Path]:
    """The raw file of every source, by the source's name.

    Paths count from the document. A document with a ``virtual_plant`` and no raw file beside it has its month made from
    the seed, in ``<out>/raw/``; what is made there is named by document and code, so it is never stale, and it appears
    whole or not at all.
    """
    beside = _source_files(enterprise, enterprise.path.parent)
    if enterprise.virtual_plant is None or any(path.exists() for path in beside.values()):
        return beside
    month = enterprise.require_account().month
    key = hash_json({"document": enterprise.content_hash, "month": month, "code": code_version().hash})[:16]
    folder = Path(out) / "raw" / key
    made = _source_files(enterprise, folder)
    sweep(folder)
    if not _are_there(made):
        truth = simulate(
            enterprise.virtual_plant.seed,
            month=month,
            zone=enterprise.enterprise.time_zone,
        )
        faults = planted({fault.tag: fault.bias.value for fault in enterprise.virtual_plant.faults})
        with storing(folder), making(folder) as part:
            write(truth, enterprise.tags, part / "new", faults=faults)
            _put_month(part, folder, made)
        settle(folder.parent)
    return made


def ingest(enterprise: Enterprise, files: Mapping[str, Path], store: Path | None = None) -> Raw:
    """Take raw files into the historian and measure the periods of the account.

    Parameters
    ----------
    enterprise
        The document with its sources and tag map.
    files
        Raw file of every source by name, from ``raw_files``.
    store
        File of the historian, made anew; in memory if none is given.

    Raises
    ------
    SourceError
        Where a file cannot be taken as declared, or ends before the month: what, where (file and line), found,
        expected, way out.
    """
    units, span = tags.conversions(enterprise), tags.periods(enterprise)
    parts = {table.name: [table.empty()] for table in (INGEST, REJECTED, REPAIRED, REMARKS)}
    with anew(store) as historian:
        for name, batch in sources.batches(enterprise, files):
            sources.refuse_early_end(enterprise, name, files[name], batch, span)
            report = take_in(historian, batch, units)
            parts["ingest"].append(sources.ingest_row(name, batch, report))
            parts["rejected"].append(_without_folder(batch.rejected, files))
            parts["repaired"].append(_without_folder(batch.repaired, files))
            odd = watched.remarks(enterprise, name, files[name], batch, report, span)
            parts["remarks"].append(_without_folder(sources.remark_rows(name, (*batch.report.remarks, *odd)), files))
        measured = measure(historian, tags.signals(enterprise), span)
        samples = historian.count()
    tables = {table: pl.concat(frames) for table, frames in parts.items()}
    return Raw({"measurements": measured, **tables}, samples)


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
    return sign(Path(out) / LEDGER, enterprise.name, month, tag, who=who, reason=reason, back=back)


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
    signed = _signed(enterprise, Path(out) / LEDGER)
    raw = ingest(enterprise, raw_files(enterprise, out))
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
    enterprise = of_month(load(document), _context_of(kept).month)
    signed = _signed_then(enterprise, Path(out) / LEDGER, kept.identity.inputs)
    files = raw_files(enterprise, out)
    identity = _identity(enterprise, files, signed, None)
    raw = ingest(enterprise, files)
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


def reconcile(
    enterprise: Enterprise, raw: Raw, excluded: Sequence[Exclusion] = (), counted: Sequence[StockTake] = ()
) -> Account:
    """Close the balances of the month, find suspects, and read off what every unit did.

    ``excluded`` meters have no say; ``counted`` stocks are readings beside those of the tags.

    Raises
    ------
    ProblemError, NotConverged
        Where nothing can be used, the network is contradictory, a stock cannot be seen, or the solver stopped without
        an answer.
    """
    found = _balanced(enterprise, raw, excluded, counted)
    provisional = balances.provisional(enterprise, _usable(enterprise, raw, excluded))
    tables = {
        **tables_of(enterprise, found.reconciled, provisional),
        "stock_take": _beside_books(enterprise, found.used, counted),
        "responses": found.responses.frame,
    }
    return replace(found, tables=tables)


def _balanced(enterprise: Enterprise, raw: Raw, excluded: Sequence[Exclusion], counted: Sequence[StockTake]) -> Account:
    """The account without its tables: all that a plan needs of it."""
    span = tags.periods(enterprise)
    with_counts = stock_takes.with_counts(_usable(enterprise, raw, excluded), counted, span)
    used = balances.authoritative(enterprise, with_counts)
    reconciled = solve_balances(balances.network(enterprise, used, span))
    shown = responses(enterprise, reconciled, energies(used, span))
    return Account(reconciled, used, {}, shown, closing_stocks(enterprise, reconciled))


def _usable(enterprise: Enterprise, raw: Raw, excluded: Sequence[Exclusion]) -> pl.DataFrame:
    """Measurements that have a say; some flow must be among them."""
    month = enterprise.require_account().month
    used = balances.usable(raw.tables["measurements"], [item.tag for item in excluded])
    if used.is_empty():
        raise ProblemError(f"no measurement of {month} can be used; check the month and the sources")
    if used.filter(pl.col("kind") == "flow").is_empty():
        raise ProblemError(
            f"no flow was measured in {month}, so nothing can be balanced; check the month and the sources"
        )
    return used


def _beside_books(enterprise: Enterprise, used: pl.DataFrame, counted: Sequence[StockTake]) -> pl.DataFrame:
    """Every count beside the account without any of them; without books where that cannot be made."""
    span = tags.periods(enterprise)
    if not counted:
        return stock_takes.beside_books((), span, None)
    others = used.filter(~pl.col("tag").is_in([stock_takes.tag_of(take) for take in counted]))
    try:
        books = solve_balances(balances.network(enterprise, others, span)).account
    except (ProblemError, NotConverged):
        books = None  # a stock that nothing but the count sees has no book value
    return stock_takes.beside_books(counted, span, books)


def plan(enterprise: Enterprise, account: Account | None = None) -> Plan:
    """Plan both businesses as one: from the account, or from declared coefficients and stocks where there is none.

    Raises
    ------
    Infeasible
        Naming the limits that clash.
    """
    start, stocks = _start(enterprise, account)
    return solve_plan(plan_problem(enterprise, start.coefficients(), stocks))


def doubt(enterprise: Enterprise, account: Account, study: ConcentrateStudy | None = None) -> pl.DataFrame:
    """What the doubt of every meter costs the plan, in money (``meter_money`` schema).

    Parameters
    ----------
    study
        Where it is given, the buyer's netback of the traded flow is followed too.
    """
    ground = Ground(enterprise, account.reconciled, account.used)
    return meter_money(gain_sensitivity(ground, trade=None if study is None else study.trade))


def worlds(enterprise: Enterprise, account: Account | None = None) -> tuple[World, ...]:
    """The declared world, and the draws of what nobody knows exactly."""
    start, stocks = _start(enterprise, account)
    return declared_world(start, stocks), *drawn_worlds(enterprise, start, stocks)


def study(enterprise: Enterprise, account: Account | None = None) -> ConcentrateStudy:
    """What a tonne of rare-earth concentrate is worth, to whom, and how sure.

    Raises
    ------
    DocumentError
        If the document does not ask it.
    Infeasible, NotConverged
        From a plan of the declared world or of a drawn one.
    """
    asked = enterprise.require_concentrate()
    base, *drawn = (
        Case(world.number, world.problem(enterprise), world.recovery(enterprise), world.lead_price(enterprise))
        for world in worlds(enterprise, account)
    )
    declared = enterprise.transfers[asked.transfer]
    transfer = next(
        item
        for item in base.problem.transfers
        if (item.seller_commodity, item.buyer_commodity) == (declared.from_, declared.to)
    )
    return value_concentrate(base, drawn, transfer, _published(enterprise, account), asked.grade.value)


def clear_market(enterprise: Enterprise) -> Markets:
    """Clear the market of one year: the base case, and every declared scenario of policy.

    Raises
    ------
    DocumentError
        If the document declares no market.
    NotConverged
        Where a certificate fails.
    """
    base = clear(market.market_problem(enterprise), scenario="base")
    clearings = [base]
    for name in enterprise.require_market().scenarios:
        clearings.append(clear(market.scenario_problem(enterprise, name, base), scenario=name))
    tables = {
        "market": MARKET.check(pl.concat([clearing.market for clearing in clearings])),
        "market_parties": MARKET_PARTIES.check(pl.concat([clearing.parties for clearing in clearings])),
    }
    return Markets(tuple(clearings), tables)


def brief(tables: Tables, context: Context) -> str:
    """The brief of a run as one self-contained HTML page."""
    return render(tables, context)


def kept_run(run: str | None = None, out: Path | str = "runs") -> runs.Run:
    """A kept run, every hash verified.

    Parameters
    ----------
    run
        Its id, or the beginning of it; the youngest if none is given.
    out
        Folder of all runs.

    Raises
    ------
    RecordError
        If there is no such run, the beginning fits several, or the run is not what its hashes say.
    """
    return runs.read(runs.find(Path(out), run))


def brief_of(kept: runs.Run) -> str:
    """The brief of a kept run, written again from its tables, as one self-contained HTML page."""
    return brief(kept.tables, _context_of(kept))


def write_brief(kept: runs.Run, *, html: Path | None = None, pdf: Path | None = None) -> tuple[Path, ...]:
    """Write the brief of a kept run to files; the PDF needs the extra ``[pdf]``.

    Raises
    ------
    SurroundingsError
        If the disk refuses, or WeasyPrint is missing; the page is written before the PDF is tried.
    """
    if html is not None:
        put(html, brief_of(kept).encode())
    if pdf is not None:
        put(pdf, pdf_of(kept.tables, _context_of(kept)))
    return tuple(path for path in (html, pdf) if path is not None)


def export(kept: runs.Run, table: str, form: exports.Form = "csv") -> bytes:
    """A table of a kept run as the bytes of a CSV, Parquet or JSON file.

    Raises
    ------
    RecordError
        If the run has no such table; the nearest name is offered.
    """
    if table not in kept.tables:
        file, known = str(kept.folder / "run.json"), sorted(kept.tables)
        fault = Fault(file, 0, "tables", repr(table), "a table of the run", nearest(table, known), "unknown_table")
        raise RecordError([fault])
    return exports.export(kept.tables[table], form)


def _context_of(kept: runs.Run) -> Context:
    """The context that a run keeps beside its tables."""
    return Context.from_json(json.loads((kept.folder / CONTEXT).read_text(encoding="utf-8")))


def _source_files(enterprise: Enterprise, folder: Path) -> Mapping[str, Path]:
    return {name: sources.source_file(enterprise, name, folder) for name in enterprise.sources}


def _are_there(files: Mapping[str, Path]) -> bool:
    return all(path.is_file() for path in files.values())


def _put_month(beside: Path, folder: Path, files: Mapping[str, Path]) -> None:
    """Move a raw month to its place, whole; the one of a process that was faster is the same, and stays."""
    if folder.exists() and not _are_there(files):
        folder.rename(beside / "old")
    try:
        (beside / "new").rename(folder)
    except OSError:
        if not _are_there(files):
            raise


def _without_folder(rows: pl.DataFrame, files: Mapping[str, Path]) -> pl.DataFrame:
    """Rows with file names instead of paths, so that no result depends on where it was made."""
    file = pl.col("file")
    for path in files.values():
        file = file.str.replace(str(path.absolute()), path.name, literal=True).str.replace(
            str(path), path.name, literal=True
        )
    return rows.with_columns(file)


def _identity(enterprise: Enterprise, files: Mapping[str, Path], signed: _Signed, only: Only | None) -> RunIdentity:
    missing = [
        Fault(
            str(path), 0, f"sources.{name}", "no such file", "a raw file", "Check the path in the document.", "no_file"
        )
        for name, path in files.items()
        if not path.is_file()
    ]
    if missing:
        raise SourceError(missing)
    hashes = {f"source {name}": hash_file(path) for name, path in files.items()}
    hashes |= signed.hashes
    month = enterprise.plan.starts if enterprise.account is None else enterprise.account.month
    hashes["month"] = hash_json(month)
    if only is not None:
        hashes["only"] = hash_json(only)
    return run_identity({"document": enterprise.content_hash, **hashes}, enterprise.seed)


def _start(enterprise: Enterprise, account: Account | None) -> tuple[Responses, Mapping[str, float]]:
    """What a plan starts from: coefficients and opening stocks [t of the commodity]."""
    if account is None:
        return declared_responses(enterprise), opening_stocks(enterprise, {})
    return account.responses, opening_stocks(enterprise, account.closing)


def _published(enterprise: Enterprise, account: Account | None) -> Published | None:
    if account is None:
        return None  # the published tonne is set beside the delivered one
    hours = [period.hours for period in tags.periods(enterprise)]
    return published_price(enterprise, account.tables["account"], account.used, hours)


def _findings(enterprise: Enterprise, outcome: Outcome, tables: Tables, signed: _Signed) -> pl.DataFrame:
    months = enterprise.plan.months
    flows = tables["plan_flows"]
    sold = dict(flows.group_by("commodity").agg(pl.col("sold").sum() * 12 / months).iter_rows())
    around, asked = enterprise.market, enterprise.concentrate
    followed = {} if around is None else around.products
    return findings(
        tables,
        concentrate=None if asked is None else enterprise.transfers[asked.transfer].from_,
        home=None if around is None else around.home,
        months=months,
        sales=[Sales(product, traded, sold.get(product, 0.0)) for product, traded in followed.items()],
        without_meter=_without_suspects(enterprise, outcome, signed),
    )


def _without_suspects(enterprise: Enterprise, outcome: Outcome, signed: _Signed) -> float | None:
    """By how much the plan's yearly gain moves when the first class of suspects is left out of the account [¤/a]."""
    raw, account, planned = outcome.raw, outcome.account, outcome.planned
    if raw is None or account is None or planned is None:
        return None
    suspects = account.tables["suspects"].filter(pl.col("rank") == 1, ~pl.col("echo"))
    if suspects.is_empty():
        return None
    out = [*signed.excluded, *(Exclusion(tag, "suspect", "") for tag in suspects["tag"])]
    try:
        start, stocks = _start(enterprise, _balanced(enterprise, raw, out, signed.counted))
        gain = solve_plan(plan_problem(enterprise, start.coefficients(), stocks), limits=False).objective
    except (ProblemError, NotConverged, Infeasible):
        return None  # without these meters nothing can be said
    return (gain - planned.objective) * 12 / enterprise.plan.months
