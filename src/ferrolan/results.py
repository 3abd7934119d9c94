"""What the verbs give back: each station's answer with its tables, and a finished run.

``Account`` is a reconciled month, ``Markets`` the market cleared in every scenario, ``RunResult`` a kept run with its
brief. They are frozen and hold polars frames of declared schemas.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import polars as pl

from ferrolan import facts
from ferrolan.assembly.calibration import Fits
from ferrolan.assembly.outcome import Solves, certificates, solver_records
from ferrolan.assembly.responses import Responses, declared_responses
from ferrolan.base.schema import nearest
from ferrolan.base.showing import Shown, register
from ferrolan.base.tables import STATIONS as STATIONS_TABLE
from ferrolan.base.tables import TABLES
from ferrolan.enterprise.document import Enterprise
from ferrolan.market import Clearing
from ferrolan.planning import Plan
from ferrolan.process.flowsheet import FlowsheetSolution
from ferrolan.reconciliation import Reconciled
from ferrolan.records import runs
from ferrolan.studies.concentrate import ConcentrateStudy
from ferrolan.views import notebook, simulated, summary
from ferrolan.views.context import Context

STATIONS = ("document", "raw data", "historian", "account", "plan", "concentrate", "market", "brief")
"""The stations of a run in order; ``run`` announces each as it begins."""

Only = Literal["historian", "account", "plan", "market"]

NEEDED: Mapping[Only | None, tuple[str, ...]] = {
    None: STATIONS,
    "historian": STATIONS[:3],
    "account": STATIONS[:4],
    "plan": STATIONS[:5],
    "market": ("document", "market"),
}
"""What a run of one station needs; a whole run is all of them."""

_OF_DATA = ("raw data", "historian", "account")

RUN_TABLES = (
    "ingest", "measurements", "rejected", "repaired", "remarks", "account", "closure", "balance_tests", "suspects",
    "gross_errors", "elimination", "families", "nodal_tests", "reading_tests", "missing_streams", "robust",
    "metal_primary", "metal_secondary", "recoveries", "accuracy", "influences", "meter_worth", "meter_money", "grade",
    "provisional", "stock_take", "responses", "plan_flows", "plan_activities", "plan_limits", "concentrate_value",
    "value_draws", "what_if", "market", "market_parties", "certificates", "stations", "facts",
)  # fmt: skip
"""Declared tables of every run, whole or not; those of a station that was left out have no rows."""

Tables = Mapping[str, pl.DataFrame]


class NamedTables(Mapping[str, pl.DataFrame]):
    """Tables by name; of a name that is not there the error says the nearest one that is.

    Examples
    --------
    >>> NamedTables({"what_if": pl.DataFrame()})["whatif"]
    Traceback (most recent call last):
        ...
    KeyError: "no table 'whatif'; did you mean 'what_if'?"
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = dict(tables)

    def __getitem__(self, name: str) -> pl.DataFrame:
        if name not in self._tables:
            way_out = nearest(name, sorted(self._tables))
            raise KeyError(f"no table {name!r}; {way_out[:1].lower()}{way_out[1:]}")
        return self._tables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)

    def __repr__(self) -> str:
        rows = ", ".join(f"{name}: {frame.height}" for name, frame in self._tables.items())
        return f"NamedTables(rows of {rows})" if rows else "NamedTables()"


class _WithTables(Shown):
    """A result whose tables name the nearest one where a name is missing."""

    tables: Tables

    def __post_init__(self) -> None:
        if not isinstance(self.tables, NamedTables):
            object.__setattr__(self, "tables", NamedTables(self.tables))  # a frozen dataclass sets its fields so


def planned_tables(planned: Plan) -> dict[str, pl.DataFrame]:
    """The tables of a plan by name."""
    return {"plan_flows": planned.flows, "plan_activities": planned.activities, "plan_limits": planned.limits}


@dataclass(frozen=True)
class Raw(_WithTables):
    """Raw data, measured: the tables ``measurements`` and ``rejected``, and how many samples the historian holds."""

    tables: Tables
    samples: int


@dataclass(frozen=True)
class Simulated(_WithTables):
    """The plant simulated: the document with what its simulated modes make and use, the flowsheet solved, its tables.

    ``tables`` holds ``simulated_streams``, ``simulated_species``, ``simulated_elements``, ``simulated_units``,
    ``simulated_exchanges``, ``simulated_closure`` and ``simulated_intensities``. ``fits`` are the units fitted to an
    account, where one was given.
    """

    document: Enterprise = field(repr=False)
    solution: FlowsheetSolution = field(repr=False)
    tables: Tables
    fits: Fits | None = None


@dataclass(frozen=True)
class Account(_WithTables):
    """The month reconciled: the engine's answer, what it used, its tables, responses and closing stocks [t]."""

    reconciled: Reconciled
    used: pl.DataFrame
    tables: Tables
    responses: Responses
    closing: Mapping[str, float]


@dataclass(frozen=True)
class Markets(_WithTables):
    """The market cleared in the base case and in every declared scenario."""

    clearings: tuple[Clearing, ...]
    tables: Tables


@dataclass(frozen=True)
class Outcome:
    """What the stations of a run gave; None where one was not asked for, or the document says nothing of it."""

    only: Only | None
    raw: Raw | None
    account: Account | None
    planned: Plan | None
    questions: pl.DataFrame | None
    value: ConcentrateStudy | None
    markets: Markets | None
    doubt: pl.DataFrame | None = None

    def tables(self, enterprise: Enterprise) -> dict[str, pl.DataFrame]:
        """Every declared table of the run; one of a station that was left out has no rows."""
        found = {
            **({} if self.raw is None else self.raw.tables),
            **({} if self.planned is None else {"responses": declared_responses(enterprise).frame}),
            **({} if self.account is None else self.account.tables),
            **({} if self.doubt is None else {"meter_money": self.doubt}),
            **({} if self.planned is None else planned_tables(self.planned)),
            **({} if self.questions is None else {"what_if": self.questions}),
            **({} if self.value is None else {"concentrate_value": self.value.value, "value_draws": self.value.draws}),
            **({} if self.markets is None else self.markets.tables),
            "stations": self.stations(enterprise),
            "certificates": certificates(self._reconciled, self.planned, self._solves, self._clearings),
            "facts": facts.load(),
        }
        return {**{name: TABLES[name].empty() for name in RUN_TABLES}, **found}

    def stations(self, enterprise: Enterprise) -> pl.DataFrame:
        """Which stations had something to do (``stations`` schema)."""
        missing = {
            "concentrate": enterprise.concentrate is None,
            "market": enterprise.market is None,
        }
        rows: list[tuple[str, str, str | None]] = []
        for name in STATIONS:
            if name not in NEEDED[self.only]:
                rows.append((name, "not_asked", f"only {self.only} was asked for"))
            elif enterprise.account is None and name in _OF_DATA:
                rows.append((name, "no_data", "the document declares no account"))
            elif missing.get(name):
                rows.append((name, "not_declared", f"the document declares no {name}"))
            else:
                rows.append((name, "done", None))
        return STATIONS_TABLE.check(pl.DataFrame(rows, schema=STATIONS_TABLE.schema, orient="row"))

    def solvers(self) -> tuple[runs.SolverRecord, ...]:
        """How every solve ended."""
        return solver_records(self._reconciled, self.planned, self._solves, self._clearings)

    @property
    def _reconciled(self) -> Reconciled | None:
        return None if self.account is None else self.account.reconciled

    @property
    def _solves(self) -> Solves | None:
        return None if self.value is None else Solves(self.value.solves, self.value.worst_residual)

    @property
    def _clearings(self) -> tuple[Clearing, ...]:
        return () if self.markets is None else self.markets.clearings


@dataclass(frozen=True)
class RunResult(_WithTables):
    """A finished run, kept as ``run`` unless it was a dry one, and how long each station took [s].

    ``print(result)`` tells what it found, in the words of the terminal.
    """

    enterprise: Enterprise
    run_id: str
    run: runs.Run | None
    tables: Tables
    context: Context
    seconds: Mapping[str, float]

    @property
    def brief(self) -> Path | None:
        """The brief's file, if the run was kept and whole."""
        return self.run.folder / "brief.html" if self.run is not None and "brief.html" in self.run.files else None

    def __repr__(self) -> str:
        stations = self.tables.get("stations", STATIONS_TABLE.empty())
        done = ", ".join(stations.filter(pl.col("state") == "done")["station"])
        brief = None if self.brief is None else str(self.brief)
        return f"RunResult(run_id={self.run_id!r}, done={done!r}, brief={brief!r})"

    def __str__(self) -> str:
        told = list(summary.lines(self.tables, self.context)) or list(summary.raw_lines(self.tables, self.context))
        return "\n".join(told) or repr(self)


register(Raw, lambda raw: notebook.tables_html("Raw data", raw.tables))
register(
    Simulated,
    lambda found: notebook.told_html(
        found.document.title, simulated.plant_lines(found.document.title, found.tables), found.tables
    ),
)
register(Account, lambda account: notebook.account_html(account.tables))
register(Markets, lambda markets: notebook.tables_html("Market", markets.tables))
register(RunResult, lambda result: notebook.run_html(result.tables, result.context))
