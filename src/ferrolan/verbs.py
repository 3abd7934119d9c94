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

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ferrolan import facts
from ferrolan.assembly import balances, market, sources, tags
from ferrolan.assembly.catalogue import kinds
from ferrolan.assembly.outcome import certificates, solver_records
from ferrolan.assembly.plan import plan_problem
from ferrolan.assembly.responses import Responses, closing_stocks, energies, responses
from ferrolan.base.errors import DocumentError, Fault, Infeasible, NotConverged, ProblemError, SourceError
from ferrolan.base.provenance import RunIdentity, code_version, hash_file, hash_json, run_identity
from ferrolan.base.schema import nearest
from ferrolan.base.tables import INGEST, MARKET, MARKET_PARTIES, REJECTED
from ferrolan.briefs.write import render
from ferrolan.enterprise.document import Enterprise
from ferrolan.enterprise.load import load as load_document
from ferrolan.historian.aggregate import measure
from ferrolan.historian.ingest import ingest as take_in
from ferrolan.historian.store import Historian
from ferrolan.market import Clearing, apply, clear
from ferrolan.planning import Plan
from ferrolan.planning import plan as solve_plan
from ferrolan.reconciliation import Reconciled
from ferrolan.reconciliation import reconcile as solve_balances
from ferrolan.records import audit, runs
from ferrolan.records.clock import StationClock
from ferrolan.records.exclusions import Exclusion, active, sign
from ferrolan.studies.concentrate import Case, ConcentrateStudy
from ferrolan.studies.concentrate import study as value_concentrate
from ferrolan.studies.findings import Sales, findings
from ferrolan.studies.published import published_price
from ferrolan.studies.what_if import what_if
from ferrolan.studies.worlds import World, declared_world, drawn_worlds
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

Tables = Mapping[str, pl.DataFrame]


@dataclass(frozen=True)
class Raw:
    """Raw data, measured: the tables ``measurements`` and ``rejected``, and how many samples the historian holds."""

    tables: Tables
    samples: int


@dataclass(frozen=True)
class Account:
    """The month reconciled: the engine's answer, what it used, its tables, responses and closing stocks [t]."""

    reconciled: Reconciled
    used: pl.DataFrame
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
    """A finished run: the kept record, its context, where its brief lies, how long each station took [s]."""

    run: runs.Run
    context: Context
    brief: Path
    seconds: Mapping[str, float]

    @property
    def tables(self) -> Tables:
        """Every table of the run by name."""
        return self.run.tables


def run(
    document: Path | str | None = None, out: Path | str = "runs", *, announce: Callable[[str], None] | None = None
) -> RunResult:
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
        From the station that could not answer; no run is kept then.
    """
    clock = StationClock(announce)
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
        value = study(enterprise, account)
        questions = what_if(enterprise, worlds(enterprise, account))
    with clock("market"):
        markets = clear_market(enterprise)
    with clock("brief"):
        tables = _tables(raw, account, planned, value, questions, markets)
        tables["findings"] = _findings(enterprise, raw, account, planned, tables, excluded)
        context = context_of(enterprise, identity, excluded)
        tables |= derive(tables, context)
        page = brief(tables, context).encode()
    kept = runs.write(
        folder,
        identity,
        tables,
        files={"brief.html": page},
        solvers=solver_records(account.reconciled, planned, value.solves, value.worst_residual, markets.clearings),
        clock=clock.read(),
    )
    return RunResult(kept, context, kept.folder / "brief.html", clock.seconds)


def load(document: Path | str | None = None) -> Enterprise:
    """Load and check an enterprise document; the shipped example if none is given.

    Raises
    ------
    DocumentError
        With every fault of the document and its tag map, each with file and line.
    """
    return load_document(Path(document) if document is not None else EXAMPLE, kinds())


def raw_files(enterprise: Enterprise, out: Path | str = "runs") -> Mapping[str, Path]:
    """The raw file of every source, by the source's name.

    Paths count from the document. A document with a ``virtual_plant`` and no raw file beside it has its month made from
    the seed, in ``<out>/raw/``; what is made there is named by document and code, so it is never stale.
    """
    beside = _source_files(enterprise, enterprise.path.parent)
    if enterprise.virtual_plant is None or any(path.exists() for path in beside.values()):
        return beside
    key = hash_json({"document": enterprise.content_hash, "code": code_version().hash})[:16]
    folder = Path(out) / "raw" / key
    made = _source_files(enterprise, folder)
    if not all(path.is_file() for path in made.values()):
        truth = simulate(
            enterprise.virtual_plant.seed, month=enterprise.account.month, zone=enterprise.enterprise.time_zone
        )
        write(truth, enterprise.tags, folder)
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
    if store is not None:
        store.parent.mkdir(parents=True, exist_ok=True)
        store.unlink(missing_ok=True)
    units, periods = tags.conversions(enterprise), tags.periods(enterprise)
    rejected, taken = [REJECTED.empty()], [INGEST.empty()]
    with Historian(store) as historian:
        for name, batch in sources.batches(enterprise, files):
            sources.refuse_early_end(enterprise, name, files[name], batch, periods)
            report = take_in(historian, batch, units)
            taken.append(sources.ingest_row(name, batch, report))
            rejected.append(_without_folder(batch.rejected, files))
        measured = measure(historian, tags.signals(enterprise), periods)
        samples = historian.count()
    tables = {"measurements": measured, "rejected": pl.concat(rejected), "ingest": pl.concat(taken)}
    return Raw(tables, samples)


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
    return sign(Path(out) / LEDGER, enterprise.name, enterprise.account.month, tag, who=who, reason=reason, back=back)


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
        raise ProblemError(f"no measurement of {enterprise.account.month} can be used; check the month and the sources")
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


def plan(enterprise: Enterprise, account: Account) -> Plan:
    """Plan both businesses as one for the months after the account.

    Raises
    ------
    Infeasible
        Naming the limits that clash.
    """
    return solve_plan(plan_problem(enterprise, account.responses.coefficients(), account.closing))


def worlds(enterprise: Enterprise, account: Account) -> tuple[World, ...]:
    """The declared world, and the draws of what nobody knows exactly."""
    declared = declared_world(account.responses, account.closing)
    return declared, *drawn_worlds(enterprise, account.responses, account.closing)


def study(enterprise: Enterprise, account: Account) -> ConcentrateStudy:
    """What a tonne of rare-earth concentrate is worth, to whom, and how sure.

    Raises
    ------
    Infeasible, NotConverged
        From a plan of the declared world or of a drawn one.
    """
    base, *drawn = (
        Case(world.number, world.problem(enterprise), world.recovery(enterprise), world.lead_price(enterprise))
        for world in worlds(enterprise, account)
    )
    declared = enterprise.transfers[enterprise.concentrate.transfer]
    transfer = next(
        item
        for item in base.problem.transfers
        if (item.seller_commodity, item.buyer_commodity) == (declared.from_, declared.to)
    )
    hours = [period.hours for period in tags.periods(enterprise)]
    published = published_price(enterprise, account.tables["account"], account.used, hours)
    return value_concentrate(base, drawn, transfer, published, enterprise.concentrate.grade.value)


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


def _source_files(enterprise: Enterprise, folder: Path) -> Mapping[str, Path]:
    return {name: sources.source_file(enterprise, name, folder) for name in enterprise.sources}


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
    hashes = {f"source {name}": hash_file(path) for name, path in files.items()}
    if excluded:
        hashes["excluded meters"] = hash_json([[item.tag, item.reason, item.who] for item in excluded])
    return run_identity({"document": enterprise.content_hash, **hashes}, enterprise.concentrate.seed)


def _tables(
    raw: Raw, account: Account, planned: Plan, value: ConcentrateStudy, questions: pl.DataFrame, markets: Markets
) -> dict[str, pl.DataFrame]:
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
        "certificates": certificates(account.reconciled, planned, value.worst_residual, markets.clearings),
        "facts": facts.load(),
    }


def _exports(clearing: Clearing, region: str) -> Mapping[str, float]:
    """Tonnes a year of every commodity that leave a region."""
    leaving = dict.fromkeys(clearing.problem.commodities, 0.0)
    for (origin, destination, commodity), tonnes in clearing.flows.items():
        if origin == region != destination:
            leaving[commodity] += tonnes
    return leaving


def _findings(
    enterprise: Enterprise,
    raw: Raw,
    account: Account,
    planned: Plan,
    tables: Tables,
    excluded: Sequence[Exclusion],
) -> pl.DataFrame:
    months = enterprise.plan.months
    sold = dict(planned.flows.group_by("commodity").agg(pl.col("sold").sum() * 12 / months).iter_rows())
    return findings(
        tables,
        concentrate=enterprise.transfers[enterprise.concentrate.transfer].from_,
        home=enterprise.market.home,
        months=months,
        sales=[
            Sales(product, traded, sold.get(product, 0.0)) for product, traded in enterprise.market.products.items()
        ],
        without_meter=_without_suspects(enterprise, raw, account, planned, excluded),
    )


def _without_suspects(
    enterprise: Enterprise, raw: Raw, account: Account, planned: Plan, excluded: Sequence[Exclusion]
) -> float | None:
    """By how much the plan's yearly gain moves when the first class of suspects is left out of the account [CNY/a]."""
    suspects = account.tables["suspects"].filter(pl.col("rank") == 1, ~pl.col("echo"))
    if suspects.is_empty():
        return None
    out = [*excluded, *(Exclusion(tag, "suspect", "") for tag in suspects["tag"])]
    try:
        other = reconcile(enterprise, raw, out)
        problem = plan_problem(enterprise, other.responses.coefficients(), other.closing)
        gain = solve_plan(problem, limits=False).objective
    except (ProblemError, NotConverged, Infeasible):
        return None  # without these meters nothing can be said
    return (gain - planned.objective) * 12 / enterprise.plan.months
