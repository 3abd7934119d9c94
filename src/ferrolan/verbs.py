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

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import polars as pl

from ferrolan import facts
from ferrolan.assembly import balances, market, tags
from ferrolan.assembly.catalogue import kinds
from ferrolan.assembly.plan import plan_problem
from ferrolan.assembly.responses import Responses, closing_stocks, energies, responses
from ferrolan.base.errors import Fault, ProblemError, SourceError
from ferrolan.base.provenance import RunIdentity, hash_file, hash_json, run_identity
from ferrolan.base.tables import CERTIFICATES, MARKET, MARKET_PARTIES, REJECTED
from ferrolan.briefs.write import render
from ferrolan.enterprise.document import Enterprise
from ferrolan.enterprise.load import load as load_document
from ferrolan.enterprise.sources import CsvSource
from ferrolan.historian.aggregate import measure
from ferrolan.historian.ingest import ingest as take_in
from ferrolan.historian.store import Historian
from ferrolan.market import Clearing, apply, clear
from ferrolan.planning import Plan
from ferrolan.planning import plan as solve_plan
from ferrolan.reconciliation import Reconciled
from ferrolan.reconciliation import reconcile as solve_balances
from ferrolan.records import audit, runs
from ferrolan.records.exclusions import Exclusion, active, sign
from ferrolan.sources.files import read_csv
from ferrolan.sources.source import Batch
from ferrolan.sources.sql import read_sql
from ferrolan.studies.concentrate import ConcentrateStudy
from ferrolan.studies.concentrate import study as value_concentrate
from ferrolan.studies.findings import findings
from ferrolan.studies.published import basis, published_price
from ferrolan.studies.what_if import what_if
from ferrolan.studies.worlds import declared_world, drawn_worlds
from ferrolan.views.context import Context
from ferrolan.views.declared import context_of
from ferrolan.views.tables import derive
from ferrolan.virtualplant import simulate, write

EXAMPLE = Path(__file__).parent / "examples" / "ore_to_both" / "ore_to_both.yaml"
"""The shipped enterprise that ``run`` takes when it is given none."""

LEDGER = "acts.jsonl"
"""The ledger of signed acts, in the folder of all runs."""

STATIONS = ("document", "raw data", "historian", "account", "plan", "concentrate", "market", "brief")
"""The stations of a run in order; ``run`` announces each as it begins."""

WHAT_IF_DRAWS = 40
"""Draws behind the interval of a what-if: each one re-solves the joint plan."""

Tables = Mapping[str, pl.DataFrame]
Announce = Callable[[str], None]


@dataclass(frozen=True)
class Raw:
    """Raw data, measured: the tables ``measurements`` and ``rejected``, and how many samples the historian holds."""

    tables: Tables
    samples: int


@dataclass(frozen=True)
class Account:
    """The month reconciled: the engine's answer, its tables, the responses it shows, the closing stocks [t]."""

    reconciled: Reconciled
    tables: Tables
    responses: Responses
    closing: Mapping[str, float]


@dataclass(frozen=True)
class Markets:
    """The market cleared in the base case and in every declared scenario."""

    clearings: tuple[Clearing, ...]
    tables: Tables


@dataclass(frozen=True)
class RunResult:
    """A finished run: the kept record, where its brief lies, and how long each station took [s]."""

    run: runs.Run
    brief: Path
    seconds: Mapping[str, float]

    @property
    def tables(self) -> Tables:
        """Every table of the run by name."""
        return self.run.tables


def run(document: Path | str | None = None, out: Path | str = "runs", *, announce: Announce | None = None) -> RunResult:
    """Take a plant from raw data to a brief in one go.

    Parameters
    ----------
    document
        The enterprise document; the shipped example if none is given.
    out
        Folder of all runs. The run lies in ``<out>/<run id>/`` with ``brief.html``, every table and ``run.json``; the
        historian in ``<out>/historian/``, and a generated raw month in ``<out>/raw/``.
    announce
        Called with the name of each station as it begins.

    Returns
    -------
    RunResult
        The kept run. The same document, raw data and code give the same run id and the same hashes.

    Raises
    ------
    DocumentError, SourceError, ProblemError, NotConverged, Infeasible
        From the station that could not answer; nothing is kept then.
    """
    clock = _StationClock(announce)
    folder = Path(out)
    with clock("document"):
        enterprise = load(document)
    with clock("raw data"):
        files = raw_files(enterprise, folder)
        excluded = active(folder / LEDGER, enterprise.name, enterprise.account.month)
        identity = _identity(enterprise, files, excluded)
    with clock("historian"):
        raw = ingest(enterprise, files, folder / "historian" / f"{identity.run_id}.duckdb")
    with clock("account"):
        account = reconcile(enterprise, raw, excluded)
    with clock("plan"):
        planned = plan(enterprise, account)
    with clock("concentrate"):
        value = study(enterprise, account, raw)
        questions = what_if(enterprise, account.responses, account.closing, draws=WHAT_IF_DRAWS)
    with clock("market"):
        markets = clear_market(enterprise)
    with clock("brief"):
        tables = _tables(raw, account, planned, value, questions, markets)
        tables["findings"] = findings(tables, value.trade.quantity, _sales(enterprise, planned))
        context = context_of(enterprise, identity, excluded)
        tables |= derive(tables, context)
        kept = runs.write(
            folder,
            identity,
            tables,
            files={"brief.html": brief(tables, context).encode()},
            solvers=_solvers(account, planned, value, markets),
            clock=clock.read(),
        )
    return RunResult(kept, kept.folder / "brief.html", clock.seconds)


def load(document: Path | str | None = None) -> Enterprise:
    """Load and check an enterprise document; the shipped example if none is given.

    Raises
    ------
    DocumentError
        With every fault of the document and its tag map, each with file and line.
    """
    return load_document(Path(document) if document is not None else EXAMPLE, kinds())


def raw_files(enterprise: Enterprise, out: Path) -> Mapping[str, Path]:
    """The raw file of every source, by the source's name.

    Paths count from the document. A document with a ``virtual_plant`` has its month made from the seed, once, in
    ``<out>/raw/``.
    """
    folder = enterprise.path.parent
    if enterprise.virtual_plant is not None:
        seed = enterprise.virtual_plant.seed
        folder = out / "raw" / f"{enterprise.name}-{enterprise.account.month}-{seed}"
        found = {name: tags.source_file(enterprise, name, folder) for name in enterprise.sources}
        if not all(path.is_file() for path in found.values()):
            write(simulate(seed), enterprise.tags, folder)
    return {name: tags.source_file(enterprise, name, folder) for name in enterprise.sources}


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
        Where a file cannot be taken as declared: what, where (file and line), found, expected, way out.
    """
    if store is not None:
        store.parent.mkdir(parents=True, exist_ok=True)
        store.unlink(missing_ok=True)
    units = tags.conversions(enterprise)
    rejected = []
    with Historian(store) as historian:
        for batch in _batches(enterprise, files):
            take_in(historian, batch, units)
            rejected.append(_without_folder(batch.rejected, files))
        measured = measure(historian, tags.signals(enterprise), tags.periods(enterprise))
        samples = historian.count()
    return Raw({"measurements": measured, "rejected": pl.concat(rejected) if rejected else REJECTED.empty()}, samples)


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
    ProblemError
        If the document has no such tag.
    """
    if tag not in {known.tag for known in enterprise.tags}:
        raise ProblemError(f"{tag!r} is no tag of {enterprise.tags_path.name}")
    return sign(Path(out) / LEDGER, enterprise.name, enterprise.account.month, tag, who=who, reason=reason, back=back)


def reconcile(enterprise: Enterprise, raw: Raw, excluded: Sequence[Exclusion] = ()) -> Account:
    """Close the balances of the month, find suspects, and read off what every unit did.

    ``excluded`` meters have no say.

    Raises
    ------
    ProblemError, NotConverged
        Where the network is contradictory or the solver stopped without an answer.
    """
    measurements = raw.tables["measurements"]
    periods = tags.periods(enterprise)
    reconciled = solve_balances(balances.network(enterprise, measurements, periods, [item.tag for item in excluded]))
    shown = responses(enterprise, reconciled, energies(measurements, periods))
    tables = {
        "account": balances.account(enterprise, reconciled.account),
        "closure": reconciled.closure,
        "balance_tests": reconciled.tests,
        "suspects": reconciled.suspects,
        "responses": shown.frame,
    }
    return Account(reconciled, tables, shown, closing_stocks(enterprise, reconciled))


def plan(enterprise: Enterprise, account: Account) -> Plan:
    """Plan both businesses as one for the months after the account.

    Raises
    ------
    Infeasible
        Naming the limits that clash.
    """
    return solve_plan(plan_problem(enterprise, account.responses.coefficients(), account.closing))


def study(enterprise: Enterprise, account: Account, raw: Raw) -> ConcentrateStudy:
    """What a tonne of rare-earth concentrate is worth, to whom, and how sure."""
    base = declared_world(enterprise, account.responses, account.closing)
    drawn = drawn_worlds(enterprise, account.responses, account.closing)
    declared = enterprise.transfers[enterprise.concentrate.transfer]
    transfer = next(
        item
        for item in base.problem.transfers
        if (item.seller_commodity, item.buyer_commodity) == (declared.from_, declared.to)
    )
    published = published_price(enterprise, account.tables["account"], raw.tables["measurements"])
    return value_concentrate(base, drawn, transfer, published, basis(enterprise))


def clear_market(enterprise: Enterprise) -> Markets:
    """Clear the market of one year: the base case, and every declared scenario of policy.

    Raises
    ------
    NotConverged
        Where a certificate fails.
    """
    problem = market.market_problem(enterprise)
    base = clear(problem, scenario="base")
    clearings = [base]
    for name, declared in enterprise.market.scenarios.items():
        instruments = market.instruments(enterprise, name, _exports(base, declared.region))
        clearings.append(clear(apply(problem, instruments), scenario=name))
    tables = {
        "market": MARKET.check(pl.concat([clearing.market for clearing in clearings])),
        "market_parties": MARKET_PARTIES.check(pl.concat([clearing.parties for clearing in clearings])),
    }
    return Markets(tuple(clearings), tables)


def brief(tables: Tables, context: Context) -> str:
    """The brief of a run as one self-contained HTML page."""
    return render(tables, context)


def _batches(enterprise: Enterprise, files: Mapping[str, Path]) -> Iterator[Batch]:
    for number, (name, declared) in enumerate(enterprise.sources.items()):
        wanted = tags.addresses(enterprise, name)
        if isinstance(declared, CsvSource):
            yield read_csv(files[name], tags.dialect(enterprise, declared), wanted, number, name)
        else:
            yield read_sql(tags.sql_table(enterprise, declared, files[name]), wanted, number, name)


def _without_folder(rejected: pl.DataFrame, files: Mapping[str, Path]) -> pl.DataFrame:
    """Rejected rows with file names instead of paths, so that no result depends on where it was made."""
    file = pl.col("file")
    for path in files.values():
        file = file.str.replace(str(path.absolute()), path.name, literal=True).str.replace(
            str(path), path.name, literal=True
        )
    return rejected.with_columns(file)


def _identity(enterprise: Enterprise, files: Mapping[str, Path], excluded: Sequence[Exclusion]) -> RunIdentity:
    missing = [
        Fault(
            str(path), 0, f"sources.{name}", "no such file", "a raw file", "Check the path in the document.", "no_file"
        )
        for name, path in files.items()
        if not path.is_file()
    ]
    if missing:
        raise SourceError(missing)
    hashes = {path.name: hash_file(path) for path in sorted(set(files.values()))}
    if excluded:
        hashes["excluded meters"] = hash_json([[item.tag, item.reason, item.who] for item in excluded])
    return run_identity({"document": enterprise.content_hash, **hashes}, enterprise.concentrate.seed)


def _tables(
    raw: Raw, account: Account, planned: Plan, value: ConcentrateStudy, questions: pl.DataFrame, markets: Markets
) -> dict[str, pl.DataFrame]:
    certificates = [planned.certificates, *(clearing.certificates for clearing in markets.clearings)]
    certificates += [_residuals("reconciliation", "account", account.reconciled.kkt_residual, 1e-6)]
    certificates += [_residuals("planning", "concentrate study", value.worst_residual, 1e-6)]
    return {
        **raw.tables,
        **account.tables,
        "plan_flows": planned.flows,
        "plan_activities": planned.activities,
        "plan_limits": planned.limits,
        "concentrate_value": value.value,
        "value_draws": value.draws,
        "what_if": questions,
        **markets.tables,
        "certificates": CERTIFICATES.check(pl.concat(certificates)),
        "facts": facts.load(),
    }


def _residuals(station: str, problem: str, worst: float, tolerance: float) -> pl.DataFrame:
    row = {"station": station, "problem": problem, "check": "largest residual of any solve", "value": worst}
    return pl.DataFrame([row | {"tolerance": tolerance, "passed": worst <= tolerance}], schema=CERTIFICATES.schema)


def _solvers(
    account: Account, planned: Plan, value: ConcentrateStudy, markets: Markets
) -> tuple[runs.SolverRecord, ...]:
    reconciled = account.reconciled
    records = [
        runs.SolverRecord(
            "reconciliation",
            "account",
            "converged",
            reconciled.objective,
            reconciled.iterations,
            {"kkt": reconciled.kkt_residual},
        ),
        runs.SolverRecord(
            "planning",
            "joint plan",
            planned.solution.status,
            planned.objective,
            planned.solution.iterations,
            {"worst": planned.solution.certificate.worst},
        ),
        runs.SolverRecord(
            "planning", f"concentrate, {value.solves} solves", "optimal", None, None, {"worst": value.worst_residual}
        ),
    ]
    for clearing in markets.clearings:
        worst = clearing.certificates["value"].max()
        records.append(
            runs.SolverRecord(
                "market",
                clearing.scenario,
                clearing.status,
                clearing.welfare,
                clearing.iterations,
                {"worst": float(str(worst))},
            )
        )
    return tuple(records)


def _exports(clearing: Clearing, region: str) -> float:
    """Tonnes a year that leave a region."""
    return sum(
        tonnes
        for (origin, destination, _commodity), tonnes in clearing.flows.items()
        if origin == region != destination
    )


def _sales(enterprise: Enterprise, planned: Plan) -> Mapping[str, tuple[str, float]]:
    """Planned yearly sales [t] of what the market knows, by plan commodity, with its market commodity."""
    sold = planned.flows.group_by("commodity").agg(pl.col("sold").sum())
    tonnes = dict(sold.iter_rows())
    return {product: (commodity, tonnes.get(product, 0.0)) for product, commodity in enterprise.market.products.items()}


@dataclass
class _StationClock:
    """Announces stations and keeps how long each took [s]."""

    announce: Announce | None
    started: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, station: str) -> Iterator[None]:
        if self.announce is not None:
            self.announce(station)
        begun = perf_counter()
        yield
        self.seconds[station] = perf_counter() - begun

    def read(self) -> runs.Clock:
        """The clock so far, for the record."""
        return runs.Clock(self.started, dict(self.seconds))
