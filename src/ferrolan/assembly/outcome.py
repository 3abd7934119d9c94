"""How every solve of a run ended, in one form: a table of certificates, and what the record keeps of each solver.

The account's last residual was 2e-10, the joint plan's 6e-17, the worst of 1,800 plans of the concentrate study 1e-11:
each engine says it in its own words, here they are said alike.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from ferrolan.base.tables import CERTIFICATES
from ferrolan.market import Clearing
from ferrolan.planning import Plan
from ferrolan.reconciliation import Reconciled
from ferrolan.records.runs import SolverRecord

RESIDUAL = 1e-7
"""Largest relative residual of a solve that counts as an answer; the engines themselves raise above theirs."""


def certificates(
    reconciled: Reconciled, planned: Plan, worst_of_study: float, clearings: Sequence[Clearing]
) -> pl.DataFrame:
    """Every check of every solve (``certificates`` schema)."""
    return CERTIFICATES.check(
        pl.concat(
            [
                _residual("reconciliation", "account", reconciled.kkt_residual),
                planned.certificates,
                _residual("planning", "concentrate study", worst_of_study),
                *(clearing.certificates for clearing in clearings),
            ]
        )
    )


def solver_records(
    reconciled: Reconciled, planned: Plan, solves: int, worst_of_study: float, clearings: Sequence[Clearing]
) -> tuple[SolverRecord, ...]:
    """What the record of a run keeps of each solve."""
    best = planned.solution
    return (
        SolverRecord(
            "reconciliation",
            "account",
            "converged",
            reconciled.objective,
            reconciled.iterations,
            {"kkt": reconciled.kkt_residual},
        ),
        SolverRecord(
            "planning",
            "joint plan",
            best.status,
            planned.objective,
            best.iterations,
            {"worst": best.certificate.worst},
        ),
        SolverRecord(
            "planning", f"concentrate study, {solves} solves", "optimal", None, None, {"worst": worst_of_study}
        ),
        *(_clearing_record(clearing) for clearing in clearings),
    )


def _clearing_record(clearing: Clearing) -> SolverRecord:
    worst = float(clearing.certificates["value"].to_numpy().max())
    return SolverRecord(
        "market", clearing.scenario, clearing.status, clearing.welfare, clearing.iterations, {"worst": worst}
    )


def _residual(station: str, problem: str, worst: float) -> pl.DataFrame:
    row = {"station": station, "problem": problem, "check": "largest residual of any solve", "value": worst}
    return pl.DataFrame([row | {"tolerance": RESIDUAL, "passed": worst <= RESIDUAL}], schema=CERTIFICATES.schema)
