"""The tables of an account: quantities, closures, tests, suspects.

For example: one row of ``account`` is the Nd2O3 of the RE concentrate in week 3: read 2.10 %, reconciled 2.13 +- 0.02
%, redundant, z 1.3. A value that nothing determines is null, whatever number the solver carried along.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ferrolan.base.tables import ACCOUNT, BALANCE_TESTS, CLOSURE, SUSPECTS
from ferrolan.numerics.kkt import Floats
from ferrolan.reconciliation.classify import Solvability
from ferrolan.reconciliation.equations import Key
from ferrolan.reconciliation.network import MASS, Network, Node, Reading
from ferrolan.reconciliation.suspects import Suspect
from ferrolan.reconciliation.tests import LEVEL, Outcome

Index = Mapping[tuple[str, str, str | None, int], int]


def account_frame(
    network: Network,
    index: Index,
    keys: Sequence[Key],
    values: Floats,
    sds: Floats,
    z: Floats,
    solvability: Solvability,
    held: NDArray[np.bool_],
) -> pl.DataFrame:
    """One row a quantity, in the order of ``keys``; units are left to the caller, who knows them."""
    reading = {index[(r.kind, r.object, r.component, r.period)]: r for r in network.readings}
    rows = []
    for number, key in enumerate(keys):
        read = reading.get(number)
        known = bool(solvability.observable[number])
        reason = solvability.reasons[number] + ("; held at its bound" if held[number] else "")
        rows.append(
            {
                "kind": key.kind,
                "object": key.object,
                "component": key.component,
                "period": key.period,
                "tag": read.tag if read else None,
                "measured": read.value if read else None,
                "sigma": read.sigma if read else None,
                "value": float(values[number]) if known else None,
                "sd": float(sds[number]) if known else None,
                "unit": "",
                "z": float(z[number]) if np.isfinite(z[number]) else None,
                "status": solvability.status[number],
                "reason": reason,
            }
        )
    return ACCOUNT.check(pl.DataFrame(rows, schema=ACCOUNT.schema))


def closure_frame(network: Network, index: Index, values: Floats) -> pl.DataFrame:
    """Every declared balance over all periods [t], on the readings (where all are there) and on the reconciled
    values.
    """
    reading = {index[(r.kind, r.object, r.component, r.period)]: r for r in network.readings}
    rows = []
    for node in network.nodes:
        for component in node.balances:
            terms = _terms(network, index, node, component)
            parts = {part: _measured(terms[part], reading) for part in terms}
            (inflow, variance_in), (outflow, variance_out), (held, variance_held) = parts.values()
            residual = inflow - outflow - held
            sd = float(np.sqrt(variance_in + variance_out + variance_held))
            exact = {part: _sum(terms[part], values) for part in terms}
            rows.append(
                {
                    "node": node.name,
                    "component": component,
                    "inflow": _or_null(inflow),
                    "outflow": _or_null(outflow),
                    "accumulated": _or_null(held),
                    "residual": _or_null(residual),
                    "sd": _or_null(sd if np.isfinite(residual) else np.nan),
                    "z": _or_null(abs(residual) / sd if sd > 0.0 else np.nan),
                    "reconciled_residual": exact["inflow"] - exact["outflow"] - exact["accumulated"],
                }
            )
    return CLOSURE.check(pl.DataFrame(rows, schema=CLOSURE.schema))


_Term = tuple[float, int, int | None]
"""Factor, amount, and its composition (None in a mass balance)."""


def _terms(network: Network, index: Index, node: Node, component: str) -> dict[str, list[_Term]]:
    terms: dict[str, list[_Term]] = {"inflow": [], "outflow": [], "accumulated": []}
    for stream in network.streams:
        part = {stream.target: "inflow", stream.source: "outflow"}.get(node.name)
        if part is None or (stream.name, component) in network.absent:
            continue
        for period, hours in enumerate(network.hours):
            content = None if component == MASS else index[("assay", stream.name, component, period)]
            terms[part].append((hours, index[("flow", stream.name, None, period)], content))
    if node.kind == "stock":
        for period, sign in ((network.periods, 1.0), (0, -1.0)):
            content = None if component == MASS else index[("stock_assay", node.name, component, period)]
            terms["accumulated"].append((sign, index[("stock", node.name, None, period)], content))
    return terms


def _measured(terms: list[_Term], reading: Mapping[int, Reading]) -> tuple[float, float]:
    """Sum over the readings and its variance from their sigmas; nan where a reading is missing."""
    total = variance = 0.0
    for factor, amount, content in terms:
        first = reading.get(amount)
        second = reading.get(content) if content is not None else None
        if first is None or (content is not None and second is None):
            return np.nan, np.nan
        share, share_sigma = (second.value, second.sigma) if second is not None else (1.0, 0.0)
        total += factor * first.value * share
        variance += (factor * first.sigma * share) ** 2 + (factor * first.value * share_sigma) ** 2
    return total, variance


def _sum(terms: list[_Term], values: Floats) -> float:
    return float(sum(f * values[a] * (1.0 if content is None else values[content]) for f, a, content in terms))


def _or_null(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def tests_frame(outcomes: Sequence[Outcome]) -> pl.DataFrame:
    """One row a test."""
    rows = [
        {
            "test": outcome.test,
            "statistic": outcome.statistic,
            "df": outcome.df,
            "critical": outcome.critical,
            "p_value": outcome.p_value,
            "level": LEVEL,
            "passed": outcome.passed,
        }
        for outcome in outcomes
    ]
    return BALANCE_TESTS.check(pl.DataFrame(rows, schema=BALANCE_TESTS.schema))


def suspects_frame(network: Network, tags: Sequence[str], found: Sequence[Suspect]) -> pl.DataFrame:
    """One row a member of a class; a bias is null where the reading would be all bias.

    A meter that went into a reading beside its own tag (``Reading.also``) is a member too; its bias is not that of the
    reading, so it is null.
    """
    meter = {reading.tag: reading for reading in network.readings}
    rows = []
    for suspect in found:
        reading = meter[tags[suspect.tag]]
        shared = {
            "rank": suspect.rank,
            "suspect_class": suspect.suspect_class,
            "object": reading.object,
            "z": suspect.z,
            "critical": suspect.critical,
            "p_global_without": suspect.p_global_without,
            "echo": suspect.echo,
        }
        bias = {
            "bias": _or_null(suspect.bias),
            "bias_low": _or_null(suspect.low),
            "bias_high": _or_null(suspect.high),
        }
        own = {"kind": reading.kind, "component": reading.component, "tag": reading.tag}
        rows.append(shared | own | bias)
        rows += [shared | {"kind": "auxiliary", "component": None, "tag": tag} for tag in reading.also]
    return SUSPECTS.check(pl.DataFrame(rows, schema=SUSPECTS.schema))
