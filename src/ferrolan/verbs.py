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
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from ferrolan.assembly import balances, market, sources, tags
from ferrolan.assembly.catalogue import kinds
from ferrolan.assembly.plan import plan_problem, raised_rooms
from ferrolan.assembly.responses import (
    Responses,
    closing_stocks,
    declared_responses,
    energies,
    opening_stocks,
    responses,
)
from ferrolan.base.errors import DocumentError, Fault, Infeasible, NotConverged, ProblemError, RecordError, SourceError
from ferrolan.base.provenance import RunIdentity, canonical_json, code_version, hash_file, hash_json, run_identity
from ferrolan.base.schema import WrongValue, nearest
from ferrolan.base.surroundings import storing
from ferrolan.base.tables import INGEST, MARKET, MARKET_PARTIES, REJECTED, REMARKS, REPAIRED
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
from ferrolan.records import audit, exports, runs
from ferrolan.records.clock import StationClock
from ferrolan.records.exclusions import Exclusion, active, sign
from ferrolan.records.whole import making, put, ready, settle, sweep
from ferrolan.results import NEEDED, Account, Markets, Only, Outcome, Raw, RunResult, Tables
from ferrolan.studies.concentrate import Case, ConcentrateStudy, Published
from ferrolan.studies.concentrate import study as value_concentrate
from ferrolan.studies.findings import Sales, findings
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
        ledger = Path(out) / LEDGER
        outcome, identity, excluded = _journey(enterprise, folder, ledger, only, clock)
    tables = outcome.tables(enterprise)
    if outcome.planned is not None:
        raised = raised_rooms(enterprise, _start(enterprise, outcome.account)[1])
        tables["remarks"] = pl.concat([tables["remarks"], sources.remark_rows("plan", raised)])
    context = context_of(enterprise, identity, excluded)
    files = {CONTEXT: canonical_json(context.to_json()).encode()}
    if only is None:
        with clock("brief"):
            tables["findings"] = _findings(enterprise, outcome, tables, excluded)
            tables |= derive(tables, context)
            files["brief.html"] = brief(tables, context).encode()
    kept = None
    if not dry_run:
        solvers = outcome.solvers()
        kept = runs.write(Path(out), identity, tables, files=files, solvers=solvers, clock=clock.read())
    return RunResult(enterprise, identity.run_id, kept, tables, context, clock.seconds)


def _journey(
    enterprise: Enterprise, folder: Path, ledger: Path, only: Only | None, clock: StationClock
) -> tuple[Outcome, RunIdentity, tuple[Exclusion, ...]]:
    """Every station that is asked for and declared, and what the run depends on."""
    asked = set(NEEDED[only])
    raw = account = planned = questions = value = markets = None
    files: Mapping[str, Path] = {}
    excluded: tuple[Exclusion, ...] = ()
    if enterprise.account is not None and "raw data" in asked:
        with clock("raw data"):
            files = raw_files(enterprise, folder)
            excluded = tuple(active(ledger, enterprise.name, enterprise.account.month))
    identity = _identity(enterprise, files, excluded, only)
    if files:
        with clock("historian"):
            raw = ingest(enterprise, files, folder / "historian" / f"{identity.run_id}.duckdb")
    if raw is not None and "account" in asked:
        with clock("account"):
            account = reconcile(enterprise, raw, excluded)
    if "plan" in asked:
        with clock("plan"):
            planned = plan(enterprise, account)
            questions = what_if(enterprise, worlds(enterprise, account))
    if enterprise.concentrate is not None and "concentrate" in asked:
        with clock("concentrate"):
            value = study(enterprise, account)
    if "market" in asked and (enterprise.market is not None or only == "market"):
        with clock("market"):
            markets = clear_market(enterprise)
    return Outcome(only, raw, account, planned, questions, value, markets), identity, excluded


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
    units, periods = tags.conversions(enterprise), tags.periods(enterprise)
    parts = {table.name: [table.empty()] for table in (INGEST, REJECTED, REPAIRED, REMARKS)}
    with anew(store) as historian:
        for name, batch in sources.batches(enterprise, files):
            sources.refuse_early_end(enterprise, name, files[name], batch, periods)
            report = take_in(historian, batch, units)
            parts["ingest"].append(sources.ingest_row(name, batch, report))
            parts["rejected"].append(_without_folder(batch.rejected, files))
            parts["repaired"].append(_without_folder(batch.repaired, files))
            parts["remarks"].append(_without_folder(sources.remark_rows(name, batch.report.remarks), files))
        measured = measure(historian, tags.signals(enterprise), periods)
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
    known = [item.tag for item in enterprise.tags]
    if tag not in known:
        file = str(enterprise.tags_path)
        raise DocumentError(
            [Fault(file, 0, "tag", repr(tag), "a tag of the tag map", nearest(tag, known), "unknown_tag")]
        )
    month = enterprise.require_account().month
    return sign(Path(out) / LEDGER, enterprise.name, month, tag, who=who, reason=reason, back=back)


def reconcile(enterprise: Enterprise, raw: Raw, excluded: Sequence[Exclusion] = ()) -> Account:
    """Close the balances of the month, find suspects, and read off what every unit did.

    ``excluded`` meters have no say.

    Raises
    ------
    ProblemError, NotConverged
        Where nothing can be used, the network is contradictory, a stock cannot be seen, or the solver stopped without
        an answer.
    """
    used = balances.usable(raw.tables["measurements"], [item.tag for item in excluded])
    if used.is_empty():
        raise ProblemError(
            f"no measurement of {enterprise.require_account().month} can be used; check the month and the sources"
        )
    if used.filter(pl.col("kind") == "flow").is_empty():
        month = enterprise.require_account().month
        raise ProblemError(
            f"no flow was measured in {month}, so nothing can be balanced; check the month and the sources"
        )
    periods = tags.periods(enterprise)
    reconciled = solve_balances(balances.network(enterprise, used, periods))
    shown = responses(enterprise, reconciled, energies(used, periods))
    tables = {
        "account": balances.account(enterprise, reconciled.account),
        "closure": reconciled.closure,
        "balance_tests": reconciled.tests,
        "suspects": reconciled.suspects,
        "responses": shown.frame,
    }
    return Account(reconciled, used, tables, shown, closing_stocks(enterprise, reconciled))


def plan(enterprise: Enterprise, account: Account | None = None) -> Plan:
    """Plan both businesses as one: from the account, or from declared coefficients and stocks where there is none.

    Raises
    ------
    Infeasible
        Naming the limits that clash.
    """
    start, stocks = _start(enterprise, account)
    return solve_plan(plan_problem(enterprise, start.coefficients(), stocks))


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


def _identity(
    enterprise: Enterprise, files: Mapping[str, Path], excluded: Sequence[Exclusion], only: Only | None
) -> RunIdentity:
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
    if excluded:
        hashes["excluded meters"] = hash_json([[item.tag, item.reason, item.who] for item in excluded])
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


def _findings(enterprise: Enterprise, outcome: Outcome, tables: Tables, excluded: Sequence[Exclusion]) -> pl.DataFrame:
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
        without_meter=_without_suspects(enterprise, outcome, excluded),
    )


def _without_suspects(enterprise: Enterprise, outcome: Outcome, excluded: Sequence[Exclusion]) -> float | None:
    """By how much the plan's yearly gain moves when the first class of suspects is left out of the account [¤/a]."""
    raw, account, planned = outcome.raw, outcome.account, outcome.planned
    if raw is None or account is None or planned is None:
        return None
    suspects = account.tables["suspects"].filter(pl.col("rank") == 1, ~pl.col("echo"))
    if suspects.is_empty():
        return None
    out = [*excluded, *(Exclusion(tag, "suspect", "") for tag in suspects["tag"])]
    try:
        start, stocks = _start(enterprise, reconcile(enterprise, raw, out))
        gain = solve_plan(plan_problem(enterprise, start.coefficients(), stocks), limits=False).objective
    except (ProblemError, NotConverged, Infeasible):
        return None  # without these meters nothing can be said
    return (gain - planned.objective) * 12 / enterprise.plan.months
