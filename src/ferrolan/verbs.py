"""The journey in a handful of functions: raw data in, a brief out. Read this first.

``run`` is the journey; the other verbs are its stations, each one call down and one value back up. ``ingest`` takes raw
files into the historian and measures periods, ``reconcile`` closes the balances, ``plan`` says what to make, ``study``
values the concentrate, ``clear_market`` sets prices against policies, ``brief`` tells it. What a person signs stands
in ``ferrolan.acts``, what a kept run can be asked in ``ferrolan.kept_runs``.

>>> import ferrolan
>>> document = ferrolan.load()
>>> document.title
'Bayan Obo complex'
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from ferrolan.assembly import balances, market, sources, stock_takes, tags, watched
from ferrolan.assembly.calibration import calibrated, with_calibrated
from ferrolan.assembly.catalogue import connections, kinds
from ferrolan.assembly.collected import Collected, collected
from ferrolan.assembly.flowsheet import flowsheet_of, with_responses
from ferrolan.assembly.historian import open_reader, place_of
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
from ferrolan.assembly.simulated import simulated_tables
from ferrolan.base.errors import DocumentError, Fault, Infeasible, NotConverged, ProblemError, SourceError
from ferrolan.base.provenance import RunIdentity, canonical_json, code_version, hash_file, hash_json, run_identity
from ferrolan.base.schema import WrongValue
from ferrolan.base.surroundings import storing
from ferrolan.base.tables import INGEST, MARKET, MARKET_PARTIES, REJECTED, REMARKS, REPAIRED
from ferrolan.briefs.write import render
from ferrolan.enterprise.document import Enterprise
from ferrolan.enterprise.load import load as load_document
from ferrolan.enterprise.sites import require_month
from ferrolan.historian.aggregate import measure, ordered
from ferrolan.historian.ingest import ingest as take_in
from ferrolan.historian.store import anew
from ferrolan.kept_runs import CONTEXT
from ferrolan.market import clear
from ferrolan.planning import Plan
from ferrolan.planning import plan as solve_plan
from ferrolan.process.flowsheet import solve as solve_flowsheet
from ferrolan.reconciliation import reconcile as solve_balances
from ferrolan.records import runs
from ferrolan.records.clock import StationClock
from ferrolan.records.exclusions import Exclusion
from ferrolan.records.stock_takes import StockTake
from ferrolan.records.whole import making, ready, settle, sweep
from ferrolan.results import NEEDED, Account, Markets, Only, Outcome, Raw, RunResult, Simulated, Tables
from ferrolan.signed import LEDGER, Signed, keep_lock, signed_acts
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
from ferrolan.virtualplant import planted, write
from ferrolan.virtualplant import simulate as simulate_month

EXAMPLES = Path(__file__).parent / "examples"
"""Folder of the shipped enterprises, one folder each."""
EXAMPLE = "bayan_obo_complex"
"""The shipped enterprise that ``run`` takes when it is given none."""


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
        if {"account", "plan"} & set(NEEDED[only]):
            enterprise = with_responses(enterprise)
        if only in ("historian", "account"):
            enterprise.require_account()
    with _working_folder(Path(out), dry_run) as folder:
        signed = signed_acts(enterprise, Path(out) / LEDGER, only)
        outcome, identity = _journey(enterprise, folder, signed, only, clock)
    tables = outcome.tables(enterprise)
    if outcome.account is not None:
        made = outcome.account
        unused = sources.remark_rows("account", remarks(enterprise, made.reconciled, made.used))
        tables["remarks"] = pl.concat([tables["remarks"], unused])
        tables["remarks"] = keep_lock(enterprise, Path(out), identity, tables, dry_run=dry_run)
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
    enterprise: Enterprise, folder: Path, signed: Signed, only: Only | None, clock: StationClock
) -> tuple[Outcome, RunIdentity]:
    """Every station that is asked for and declared, and what the run depends on."""
    asked = set(NEEDED[only])
    traded = enterprise.concentrate is not None and "concentrate" in asked
    raw = account = planned = questions = value = money = markets = None
    found = RawData()
    if enterprise.account is not None and "raw data" in asked:
        with clock("raw data"):
            found = raw_data(enterprise, folder)
    identity = identity_of(enterprise, found, signed, only)
    if found:
        with clock("historian"):
            raw = ingest(enterprise, found, folder / "historian" / f"{identity.run_id}.duckdb")
    if raw is not None and "account" in asked:
        with clock("account"):
            account = reconcile(enterprise, raw, signed.excluded, signed.counted)
    if "plan" in asked:
        with clock("plan"):
            planned = plan(enterprise, account)
            questions = what_if(enterprise, worlds(enterprise, account))
            if account is not None and not traded:  # else told below, with the netback of the trade
                money = doubt(enterprise, account)
    if traded:
        with clock("concentrate"):
            value = study(enterprise, account)
            money = None if account is None else doubt(enterprise, account, value)
    if "market" in asked and (enterprise.market is not None or only == "market"):
        with clock("market"):
            markets = clear_market(enterprise)
    return Outcome(only, raw, account, planned, questions, value, markets, money), identity


@contextmanager
def _working_folder(out: Path, dry_run: bool) -> Iterator[Path]:
    """Where raw months and historians are made: the folder of runs, or one that is gone afterwards."""
    if not dry_run:
        ready(out)
        yield out
        return
    with TemporaryDirectory() as folder:
        yield Path(folder)


def shipped(name: str = EXAMPLE) -> Path:
    """The document of a shipped enterprise, such as ``"lynas"``; there need not be one."""
    return EXAMPLES / name / f"{name}.yaml"


def load(document: Path | str | None = None) -> Enterprise:
    """Load and check an enterprise document; the shipped example if none is given.

    The bare name of a shipped enterprise, such as ``"lynas"``, stands for its document where no file has that name.

    Raises
    ------
    DocumentError
        With every fault of the document and its tag map, each with file and line.
    """
    path = _path(document)
    try:
        return load_document(path, kinds(), connections())
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


def _path(document: Path | str | None) -> Path:
    """The file that is meant: the shipped one of that name where there is no such file."""
    if document is None:
        return shipped()
    path = Path(document)
    return shipped(path.name) if path.parent == Path() and not path.exists() and shipped(path.name).exists() else path


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


def simulate(
    document: Enterprise | Path | str | None = None,
    values: Mapping[str, float] | None = None,
    account: Account | None = None,
) -> Simulated:
    """Simulate the plant: every stream, what units draw and release, with every element and the energy closed.

    Parameters
    ----------
    document
        The loaded document or its path; the shipped example if none is given.
    values
        Other values of parameters by unit and path, ``{"mill.power": 0.025}``, in canonical units.
    account
        The month reconciled: units that it sees are fitted to it first, from ``simulation.relative_sd`` as the prior.

    Raises
    ------
    DocumentError
        With every fault of the document, or if it declares no simulation.
    ProblemError, NotConverged, Infeasible
        From a unit, named with its inlets; from a recycle; or naming a simulated mode whose reference does not flow.
    """
    enterprise, fits = document if isinstance(document, Enterprise) else load(document), None
    if account is not None:
        used = energies(account.used, tags.periods(enterprise))
        fits = calibrated(enterprise, account.reconciled, solve_flowsheet(flowsheet_of(enterprise)), used)
        enterprise = with_calibrated(enterprise, fits.units)
    flowsheet = flowsheet_of(enterprise)
    solution = solve_flowsheet(flowsheet.with_parameters(values) if values else flowsheet)
    return Simulated(with_responses(enterprise, solution), solution, simulated_tables(enterprise, solution), fits)


@dataclass(frozen=True)
class RawData:
    """Where the raw data of a month is: files by source, tables on servers by source with the hash of their rows, and
    what the live sources gave.
    """

    files: Mapping[str, Path] = field(default_factory=dict)
    tables: Mapping[str, str] = field(default_factory=dict)
    live: Collected | None = None

    def __bool__(self) -> bool:
        return bool(self.files or self.tables or self.live is not None)

    @property
    def hashes(self) -> Mapping[str, str]:
        """SHA-256 of each source, by what it is called in the record of a run [hex].

        Raises
        ------
        SourceError
            Naming every raw file that is not there.
        """
        missing = [_missing(name, path) for name, path in self.files.items() if not path.is_file()]
        if missing:
            raise SourceError(missing)
        found = {f"source {name}": hash_file(path) for name, path in self.files.items()}
        found |= {f"source {name}": rows for name, rows in self.tables.items()}
        return found if self.live is None else {**found, "collected": self.live.content_hash}


def _missing(name: str, path: Path) -> Fault:
    way_out = "Check the path in the document."
    return Fault(str(path), 0, f"sources.{name}", "no such file", "a raw file", way_out, "no_file")


def raw_data(enterprise: Enterprise, out: Path | str = "runs") -> RawData:
    """The raw data of the account's month: files, tables on database servers, and what live sources gave.

    Raises
    ------
    SourceError
        If a table cannot be read, nothing was collected of a live source, or not the whole month.
    SurroundingsError
        If the historian or a server cannot be reached, or the disk refuses.
    """
    served = {
        name: sources.row_hash(enterprise, name) for name in enterprise.sources if sources.on_server(enterprise, name)
    }
    return RawData(raw_files(enterprise, out), served, of_connections(enterprise))


def raw_files(enterprise: Enterprise, out: Path | str = "runs") -> Mapping[str, Path]:
    """The raw file of every source that has one, by the source's name.

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
        truth = simulate_month(
            enterprise.virtual_plant.seed,
            month=month,
            zone=enterprise.enterprise.time_zone,
            plant=enterprise.virtual_plant.plant,
        )
        faults = planted({fault.tag: fault.bias.value for fault in enterprise.virtual_plant.faults})
        with storing(folder), making(folder) as part:
            write(truth, enterprise.tags, part / "new", faults=faults)
            _put_month(part, folder, made)
        settle(folder.parent)
    return made


def of_connections(enterprise: Enterprise) -> Collected | None:
    """The month of the live sources, measured in the historian that ``ferrolan collect`` fills; None without any.

    Raises
    ------
    SourceError
        If nothing was collected, or not the whole month.
    SurroundingsError
        If the historian cannot be reached.
    """
    if not enterprise.connections:
        return None
    with open_reader(enterprise) as reader:
        return collected(enterprise, reader, tags.periods(enterprise), place_of(enterprise))


def ingest(enterprise: Enterprise, found: RawData | Mapping[str, Path], store: Path | None = None) -> Raw:
    """Take raw data into the historian and measure the periods of the account.

    Parameters
    ----------
    enterprise
        The document with its sources and tag map.
    found
        Where the raw data of every source is, from ``raw_data``; or the raw files alone, from ``raw_files``.
    store
        File of the historian, made anew; in memory if none is given.

    Raises
    ------
    SourceError
        Where a file cannot be taken as declared, or ends before the month: what, where (file and line), found,
        expected, way out.
    """
    found = found if isinstance(found, RawData) else RawData(found)
    units, span = tags.conversions(enterprise), tags.periods(enterprise)
    parts = {table.name: [table.empty()] for table in (INGEST, REJECTED, REPAIRED, REMARKS)}
    with anew(store) as historian:
        for name, batch in sources.batches(enterprise, found.files):
            where = sources.where(enterprise, name, found.files)
            sources.refuse_early_end(enterprise, name, where, batch, span)
            report = take_in(historian, batch, units)
            parts["ingest"].append(sources.ingest_row(name, batch, report))
            parts["rejected"].append(_without_folder(batch.rejected, found.files))
            parts["repaired"].append(_without_folder(batch.repaired, found.files))
            odd = (*batch.report.remarks, *watched.remarks(enterprise, name, where, batch, report, span))
            parts["remarks"].append(_without_folder(sources.remark_rows(name, odd), found.files))
        measured = [measure(historian, tags.signals_of(enterprise, enterprise.sources), span)]
        samples = historian.count()
    if found.live is not None:
        measured.append(found.live.measurements)
        parts["ingest"].append(found.live.ingest)
        parts["remarks"].append(found.live.remarks)
        samples += found.live.samples
    tables = {table: pl.concat(frames) for table, frames in parts.items()}
    return Raw({"measurements": ordered(pl.concat(measured)), **tables}, samples)


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
    enterprise = with_responses(enterprise)
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
    DocumentError
        If the document declares no unit, as one that only collects.
    Infeasible
        Naming the limits that clash.
    """
    if not enterprise.units:
        way_out = f"Declare units and commodities, or only collect: ferrolan collect {enterprise.path}"
        fault = Fault(str(enterprise.path), 0, "units", "none", "units to plan for", way_out, "missing_key")
        raise DocumentError([fault])
    enterprise = with_responses(enterprise)
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
    enterprise = with_responses(enterprise)
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
    enterprise = with_responses(enterprise)
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


def identity_of(enterprise: Enterprise, found: RawData, signed: Signed, only: Only | None) -> RunIdentity:
    """What a run depends on: document, raw data, month, signed acts, one station alone, seed, code.

    Raises
    ------
    SourceError
        Naming every raw file that is not there.
    """
    hashes = {"document": enterprise.content_hash, **found.hashes, **signed.hashes}
    month = enterprise.plan.starts if enterprise.account is None else enterprise.account.month
    hashes["month"] = hash_json(month)
    if only is not None:
        hashes["only"] = hash_json(only)
    return run_identity(hashes, enterprise.seed)


def _source_files(enterprise: Enterprise, folder: Path) -> Mapping[str, Path]:
    return {
        name: sources.source_file(enterprise, name, folder)
        for name in enterprise.sources
        if not sources.on_server(enterprise, name)
    }


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


def _findings(enterprise: Enterprise, outcome: Outcome, tables: Tables, signed: Signed) -> pl.DataFrame:
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


def _without_suspects(enterprise: Enterprise, outcome: Outcome, signed: Signed) -> float | None:
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
