"""The tables of an account: quantities, closures, tests, suspects.

For example: one row of ``account`` is the Nd2O3 of the RE concentrate in week 3: read 2.10 %, reconciled 2.13 +- 0.02
%, redundant, z 1.3. A value that nothing determines is null, whatever number the solver carried along.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from ferrolan.base.tables import ACCOUNT, BALANCE_TESTS, CLOSURE, SUSPECTS
from ferrolan.numerics.kkt import Floats
from ferrolan.reconciliation.classify import Solvability
from ferrolan.reconciliation.equations import Key
from ferrolan.reconciliation.network import ENERGY, MASS, Network, Node, Stream
from ferrolan.reconciliation.primary import Primary
from ferrolan.reconciliation.sums import Sums
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
    stated: Primary | None = None,
) -> pl.DataFrame:
    """One row a quantity, in the order of ``keys``; units are left to the caller, who knows them.

    Where several meters read one quantity, ``tag`` names them all and ``measured`` is their mean with weights 1 /
    sigma^2; its ``sigma`` counts errors they share. ``stated`` are the readings with sigmas as stated.
    """
    read = Primary.of(network) if stated is None else stated
    spread = np.sqrt(np.asarray(read.errors.multiply(read.errors).sum(axis=1)).ravel())
    tags = _tags(network, index)
    known = np.asarray(solvability.observable)
    fitted = read.read
    marks = ["; held at its bound" if at else "" for at in held.tolist()]
    columns = {
        "kind": [key.kind for key in keys],
        "object": [key.object for key in keys],
        "component": [key.component for key in keys],
        "period": [key.period for key in keys],
        "tag": [tags.get(place) for place in range(len(values))],
        "measured": _nulls(np.where(fitted, read.values, np.nan)),
        "sigma": _nulls(np.where(fitted, spread, np.nan)),
        "value": _nulls(np.where(known, values, np.nan)),
        "sd": _nulls(np.where(known, sds, np.nan)),
        "unit": [""] * len(values),
        "z": _nulls(z),
        "status": list(solvability.status),
        "reason": [reason + mark for reason, mark in zip(solvability.reasons, marks, strict=True)],
    }
    return ACCOUNT.check(pl.DataFrame(columns, schema=ACCOUNT.schema))


def closure_frame(network: Network, index: Index, values: Floats, stated: Primary | None = None) -> pl.DataFrame:
    """Every declared balance over all periods [t, of energy GJ], on the readings (where all are there) and on the
    reconciled values.

    The standard deviation counts errors that readings share; ``stated`` are the readings with sigmas as stated.
    """
    read = Primary.of(network) if stated is None else stated
    balances = [(node, component) for node in network.nodes for component in node.balances]
    sums = _balance_sums(network, index, balances)
    parts = sums.values(read.values).reshape(-1, len(_PARTS))
    exact = sums.values(values).reshape(-1, len(_PARTS)) @ np.array(_SIGNS)
    residual = parts @ np.array(_SIGNS)
    signs = sparse.kron(sparse.eye_array(len(balances)), sparse.csr_matrix([_SIGNS]), format="csr")
    white = sparse.csr_matrix(signs @ read.white(sums.gradient(read.values)))
    sd = np.sqrt(np.asarray(white.multiply(white).sum(axis=1)).ravel())
    sd = np.where(np.isfinite(residual), sd, np.nan)
    columns = {
        "node": [node.name for node, _ in balances],
        "component": [component for _, component in balances],
        **{part: _nulls(parts[:, number]) for number, part in enumerate(_PARTS)},
        "residual": _nulls(residual),
        "sd": _nulls(sd),
        "z": _nulls(np.abs(residual) / np.where(sd > 0.0, sd, np.nan)),
        "reconciled_residual": [float(rest) for rest in exact],
    }
    return CLOSURE.check(pl.DataFrame(columns, schema=CLOSURE.schema))


_PARTS = ("inflow", "outflow", "accumulated")
_SIGNS = (1.0, -1.0, -1.0)


def _balance_sums(network: Network, index: Index, balances: Sequence[tuple[Node, str]]) -> Sums:
    """What came in, went out and was held at every balance: three sums each."""
    terms: list[tuple[int, int, int, float]] = []
    around: dict[str | None, list[tuple[int, Stream]]] = {}
    for stream in network.streams:
        for part, end in enumerate((stream.target, stream.source)):
            around.setdefault(end, []).append((part, stream))
    for number, (node, component) in enumerate(balances):
        for part, stream in around.get(node.name, ()):
            for period, hours in enumerate(network.hours):
                places = _stream_term(stream, component, period, index)
                if places is not None:
                    terms.append((len(_PARTS) * number + part, *places, hours))
        if node.kind == "stock":
            for period, sign in ((network.periods, 1.0), (0, -1.0)):
                share = -1 if component == MASS else index["stock_assay", node.name, component, period]
                terms.append((len(_PARTS) * number + 2, index["stock", node.name, None, period], share, sign))
    ordered = sorted(terms)
    line, amount, content = (np.array([term[n] for term in ordered], dtype=np.int64) for n in range(3))
    factor = np.array([term[3] for term in ordered], dtype=np.float64)
    return Sums(len(_PARTS) * len(balances), line, amount, content, factor)


def _stream_term(stream: Stream, component: str, period: int, index: Index) -> tuple[int, int] | None:
    """Flow and content of a stream in a balance; None where it takes no part."""
    flow = index["flow", stream.name, None, period]
    if stream.carries == "heat":
        return (flow, -1) if component == ENERGY else None
    if component == MASS:
        return flow, -1
    kind, of = ("enthalpy", None) if component == ENERGY else ("assay", component)
    content = index.get((kind, stream.name, of, period))
    return None if content is None else (flow, content)


def _tags(network: Network, index: Index) -> dict[int, str]:
    """Meters of every quantity that is read, joined."""
    found: dict[int, list[str]] = {}
    for reading in network.readings:
        place = index[reading.kind, reading.object, reading.component, reading.period]
        found.setdefault(place, []).append(reading.tag)
    return {place: " + ".join(tags) for place, tags in found.items()}


def _nulls(numbers: Floats) -> pl.Series:
    return pl.Series(numbers, dtype=pl.Float64).fill_nan(None).replace([np.inf, -np.inf], None)


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
