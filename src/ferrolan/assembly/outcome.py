"""How every solve of a run ended, in one form: a table of certificates, and what the record keeps of each solver.

The account's last residual was 2e-10, the joint plan's 6e-17, the worst of 1,800 plans of the concentrate study 1e-11:
each engine says it in its own words, here they are said alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from ferrolan.base.tables import CERTIFICATES
from ferrolan.market import Clearing
from ferrolan.planning import Plan
from ferrolan.reconciliation import Reconciled
from ferrolan.records.runs import SolverRecord

RESIDUAL = 1e-7
"""Largest relative residual of a solve that counts as an answer; the engines themselves raise above theirs."""


@dataclass(frozen=True)
class Solves:
    """The solves of a study together: how many, and the worst relative residual of any."""

    count: int
    worst: float


def certificates(
    reconciled: Reconciled | None, planned: Plan | None, study: Solves | None, clearings: Sequence[Clearing]
) -> pl.DataFrame:
    """Every check of every solve (``certificates`` schema)."""
    parts = [CERTIFICATES.empty(), *(clearing.certificates for clearing in clearings)]
    if planned is not None:
        parts.insert(0, planned.certificates)
    if reconciled is not None:
        parts.insert(0, _residual("reconciliation", "account", reconciled.kkt_residual))
    if study is not None:
        parts.append(_residual("planning", "concentrate study", study.worst))
    return CERTIFICATES.check(pl.concat(parts))


def solver_records(
    reconciled: Reconciled | None, planned: Plan | None, study: Solves | None, clearings: Sequence[Clearing]
) -> tuple[SolverRecord, ...]:
    """What the record of a run keeps of each solve."""
    account = () if reconciled is None else (_account_record(reconciled),)
    studied = () if study is None else (_study_record(study),)
    plan = () if planned is None else (_plan_record(planned),)
    return (*account, *plan, *studied, *map(_clearing_record, clearings))


def _account_record(reconciled: Reconciled) -> SolverRecord:
    residuals = {"kkt": reconciled.kkt_residual}
    objective, iterations = reconciled.objective, reconciled.iterations
    return SolverRecord("reconciliation", "account", "converged", objective, iterations, residuals)


def _plan_record(planned: Plan) -> SolverRecord:
    best = planned.solution
    residuals = {"worst": best.certificate.worst}
    return SolverRecord("planning", "joint plan", best.status, planned.objective, best.iterations, residuals)


def _study_record(study: Solves) -> SolverRecord:
    problem = f"concentrate study, {study.count} solves"
    return SolverRecord("planning", problem, "optimal", residuals={"worst": study.worst})


def _clearing_record(clearing: Clearing) -> SolverRecord:
    worst = float(clearing.certificates["value"].to_numpy().max())
    return SolverRecord(
        "market", clearing.scenario, clearing.status, clearing.welfare, clearing.iterations, {"worst": worst}
    )


def _residual(station: str, problem: str, worst: float) -> pl.DataFrame:
    row = {"station": station, "problem": problem, "check": "largest residual of any solve", "value": worst}
    return pl.DataFrame([row | {"tolerance": RESIDUAL, "passed": worst <= RESIDUAL}], schema=CERTIFICATES.schema)
