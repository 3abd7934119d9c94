"""Before anything is solved: what the meters and balances can say, and exact values that contradict each other.

For example: two valves are known to be closed and the third stream of their node is known to carry 5 t/h: no reading
can mend that, so the node is named with what stays open. Everything else is classified at a point that closes the
balances, near the readings: on the way to a common composition, rows that repeat each other can only be seen there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from ferrolan.base.errors import ProblemError
from ferrolan.numerics.kkt import Floats, Integers, symmetric
from ferrolan.reconciliation.classify import Solvability, classify
from ferrolan.reconciliation.equations import Equations, equations
from ferrolan.reconciliation.evidence import Evidence, evidence
from ferrolan.reconciliation.network import Network
from ferrolan.reconciliation.reasons import describe, row_words

_STEPS = 24
"""Most Newton steps towards a point that closes the balances."""
_CLOSED = 1e-9
"""Residual, as a share of the sizes of a row's terms, at which the point is good enough for ranks."""
_DOUBTFUL = 1e-4
"""Residual, likewise, from which the classes come with a note."""
_SLOW = 0.1
"""Fall of the residual below which the factor is not used again."""
_NEAREST = 0.1
"""Smallest share of a positive value that one step leaves of it."""
_OPEN = 1e-9
"""Share of a row's exact terms by which they may disagree through rounding."""
_ROOM = 1e-6
"""The same where bounds were passed on from balance to balance."""
_PASSES = 20
"""Most balances along which bounds are passed on."""
_NAMED = 8
"""Most contradictions named, and most balances in one."""
_SPREAD = 0.4
"""Half width of the factors by which unread values are told apart, so that no two streams are alike by assumption."""


def solvability(network: Network) -> Solvability:
    """Classify every quantity before the solve, with its reason in words.

    Raises
    ------
    ProblemError
        Where exact values contradict each other, naming the balances and by how much they stay open.

    Examples
    --------
    >>> from ferrolan.reconciliation.network import MASS, Node, Reading, Stream
    >>> streams = (Stream("feed", None, "mill"), Stream("ground", "mill", None))
    >>> readings = (Reading("flow", "feed", None, 0, 100.0, 1.0, "WT-1"),)
    >>> found = solvability(Network(streams, (Node("mill", (MASS,)),), (), (1.0,), readings))
    >>> list(zip(found.status, found.reasons))[1]
    ('observable', 'not measured; the balances of `mill` determine it')
    """
    system = equations(network)
    check_exact(system)
    read = evidence(network, system)
    z = closing_point(system, read)
    size = _sizes(system, z)
    scaled = system.scaled(size, np.ones(len(system.rows)))
    rows = _lengths(scaled.jacobian(z / size))
    found = classify(system.scaled(size, rows), z / size, read.measured, read)
    return replace(found, notes=(*network.remarks, *_far_from_closed(system, z)))


def _far_from_closed(system: Equations, z: Floats) -> Iterator[str]:
    """A note where the balances do not close near the readings: ranks there are those of the nearest point."""
    size = system.magnitude(z)
    share = np.abs(system.residual(z)) / np.where(size > 0.0, size, 1.0)
    if len(share) and np.max(share) > _DOUBTFUL:
        row = system.rows[int(np.argmax(share))]
        yield (
            f"no values near the readings close all balances; most open, by {np.max(share):.2g} of its terms, is "
            f"{row_words(row)} in period {row.period}: the classes are those of the nearest point found"
        )


def check_exact(system: Equations) -> None:
    """Refuse exact values that no balance can bear.

    A balance, or a combination of balances linear in what is left, whose terms are all exact must close; a balance must
    be able to close within the bounds of its terms.

    Raises
    ------
    ProblemError
        Naming each, with what stays open.
    """
    if not (system.fixed.any() or system.constant.any()):
        return
    faults = [*_combinations(system)] or [*_ranges(system)]
    if faults:
        count = "1 contradiction" if len(faults) == 1 else f"{len(faults)} contradictions"
        more = [f"  and {len(faults) - _NAMED} more"] if len(faults) > _NAMED else []
        lines = [f"exact values have {count}:", *(f"  {fault}" for fault in faults[:_NAMED]), *more]
        raise ProblemError("\n".join(lines))


def _combinations(system: Equations) -> Iterator[str]:
    """Rows, linear once exact values stand in them, whose combination has no unknown but does not close."""
    z = np.where(system.fixed, system.lower, 0.0)
    bent = np.zeros(len(system.rows), dtype=bool)
    bent[system.product_row[~system.fixed[system.product_first] & ~system.fixed[system.product_second]]] = True
    free = sparse.diags_array((~system.fixed).astype(np.float64))
    matrix = sparse.csr_matrix(system.jacobian(z)[~bent] @ free)
    matrix.eliminate_zeros()
    numbers = np.flatnonzero(~bent)
    open_rows, size = system.residual(z)[~bent], system.magnitude(z)[~bent]
    length = np.maximum(_lengths(matrix), size * (np.diff(matrix.indptr) == 0))
    length = np.where(length > 0.0, length, 1.0)
    matrix = sparse.csr_matrix(sparse.diags_array(1.0 / length) @ matrix)
    open_rows, size = open_rows / length, size / length
    certificate = _left_over(matrix, open_rows)
    involved = np.abs(certificate) > 1e-7 * max(float(np.max(np.abs(open_rows), initial=0.0)), 1e-300)
    group = csgraph.connected_components(abs(matrix) @ abs(matrix).T + sparse.eye_array(len(numbers)), directed=False)[
        1
    ]
    for part in dict.fromkeys(group[involved].tolist()):
        rows = np.flatnonzero(involved & (group == part))
        weight = certificate[rows] / np.max(np.abs(certificate[rows]))
        left = float(weight @ open_rows[rows])
        if abs(left) > _OPEN * max(float(np.abs(weight) @ size[rows]), 1e-300):
            yield _open_words(system, numbers[rows], left * float(length[rows[np.argmax(np.abs(weight))]]))


def _left_over(matrix: sparse.csr_matrix, open_rows: Floats) -> Floats:
    """The part of ``open_rows`` that no free variables take away: its projection on the left null space."""
    if matrix.shape[0] == 0:
        return open_rows
    gram = sparse.csc_matrix(matrix @ matrix.T)
    factor = symmetric(gram, 1e-11)
    rest = open_rows
    for _ in range(3):
        solved: Floats = matrix @ (matrix.T @ factor.solve(rest))
        rest = rest - solved
    return rest


def _open_words(system: Equations, rows: Integers, left: float) -> str:
    first = system.rows[int(rows[0])]
    named = list(dict.fromkeys(row_words(system.rows[row]) for row in rows.tolist()))
    shown = ", ".join(named[:_NAMED]) + (f" and {len(named) - _NAMED} more" if len(named) > _NAMED else "")
    together = "" if len(named) == 1 else "together "
    keys = [system.keys[v] for v in _exact_in(system, rows)]
    values = ", ".join(f"{k.component or k.kind} of `{k.object}`" for k in dict.fromkeys(keys[:_NAMED]))
    return (
        f"period {first.period}: {shown}: {together}open by {abs(left):.6g} with nothing left to move; correct one of "
        f"the exact values ({values or 'constants'})"
    )


def _exact_in(system: Equations, rows: Integers) -> list[int]:
    """Exact variables in some rows."""
    own = np.isin(system.linear_row, rows)
    product = np.isin(system.product_row, rows)
    variables = np.concatenate(
        [system.linear_variable[own], system.product_first[product], system.product_second[product]]
    )
    return [int(v) for v in dict.fromkeys(variables.tolist()) if system.fixed[v]]


def _ranges(system: Equations) -> Iterator[str]:
    """Rows that cannot close within the bounds of their terms, once bounds have been passed on through the balances."""
    rows, variables, factors, bent = _effective(system)
    lower, upper = system.lower.copy(), system.upper.copy()
    constant = system.constant
    for _ in range(_PASSES):
        low, high = _term_ranges(factors, lower[variables], upper[variables])
        below, above = _others(rows, low, len(constant)), -_others(rows, -high, len(constant))
        ends = np.stack([-(above + constant[rows]), -(below + constant[rows])]) / factors
        least, most = lower.copy(), upper.copy()
        np.maximum.at(least, variables[~bent], ends.min(axis=0)[~bent])
        np.minimum.at(most, variables[~bent], ends.max(axis=0)[~bent])
        crossed = np.flatnonzero(least - most > _ROOM * (np.abs(least) + np.abs(most)))
        if len(crossed):
            yield from (
                _crossed_words(system, v, least[v], most[v], rows[variables == v]) for v in crossed[:_NAMED].tolist()
            )
            return
        lower, upper = np.minimum(least, most), np.maximum(least, most)
    low, high = _term_ranges(factors, lower[variables], upper[variables])
    size = np.bincount(rows, weights=np.where(np.isfinite(low), np.abs(low), 0.0), minlength=len(constant))
    size += np.bincount(rows, weights=np.where(np.isfinite(high), np.abs(high), 0.0), minlength=len(constant))
    slack = _ROOM * (size + np.abs(constant))
    total_low = np.bincount(rows, weights=low, minlength=len(constant)) + constant
    total_high = np.bincount(rows, weights=high, minlength=len(constant)) + constant
    skipped = np.bincount(rows[bent], minlength=len(constant)) > 0
    for row in np.flatnonzero(((total_low > slack) | (total_high < -slack)) & ~skipped).tolist():
        own, gap = system.rows[row], max(total_low[row], -total_high[row])
        yield (
            f"period {own.period}: {row_words(own)}: open by at least {gap:.6g} whatever the rest is within its "
            "bounds; correct an exact value or the direction of a stream"
        )


def _crossed_words(system: Equations, variable: int, least: float, most: float, rows: Integers) -> str:
    named = " and ".join(dict.fromkeys(row_words(system.rows[row]) for row in rows[:4].tolist()))
    return (
        f"{describe(system.keys[variable])} would have to be at least {least:.6g} and at most {most:.6g}, by its "
        f"bounds, exact values and {named}; correct an exact value or the direction of a stream"
    )


def _effective(system: Equations) -> tuple[Integers, Integers, Floats, NDArray[np.bool_]]:
    """Rows, variables and factors of all terms linear in what is not exact; the mask marks products that are not."""
    first, second = system.fixed[system.product_first], system.fixed[system.product_second]
    exact = np.where(first, system.lower[system.product_first], system.lower[system.product_second])
    variable = np.where(first, system.product_second, system.product_first)
    bent = ~(first | second)
    factor = np.where(bent, 1.0, system.product_factor * np.where(bent, 0.0, exact))
    rows = np.concatenate([system.linear_row, system.product_row])
    variables = np.concatenate([system.linear_variable, variable])
    factors = np.concatenate([system.linear_factor, factor])
    curved = np.concatenate([np.zeros(len(system.linear_row), dtype=bool), bent])
    keep = factors != 0.0
    in_bent = np.isin(rows, np.unique(rows[curved]))
    return rows[keep], variables[keep], factors[keep], in_bent[keep]


def _term_ranges(factors: Floats, lower: Floats, upper: Floats) -> tuple[Floats, Floats]:
    one, other = factors * lower, factors * upper
    return np.minimum(one, other), np.maximum(one, other)


def _others(rows: Integers, low: Floats, count: int) -> Floats:
    """For every term the least sum of the other terms of its row."""
    endless = np.isneginf(low)
    finite = np.where(endless, 0.0, low)
    total = np.bincount(rows, weights=finite, minlength=count)[rows] - finite
    unbounded = np.bincount(rows, weights=endless, minlength=count)[rows] - endless > 0
    return np.where(unbounded, -np.inf, total)


def closing_point(system: Equations, read: Evidence) -> Floats:
    """A point that closes all balances, positive where it can be, near the readings: (variables,), natural units.

    The least change, in units of each value's own size, is repeated until the balances close (Newton); where they do
    not the nearest point found is returned.
    """
    z = system.completed(_readings_and_typical(system, read))
    best, least = z, np.inf
    factor, matrix, before, age = None, None, np.inf, 0
    for _ in range(_STEPS):
        share = _share(system, z)
        if share < least:
            best, least = z, share
        if least < _CLOSED:
            break
        if factor is None or matrix is None or (share > _SLOW * before and age >= 2):
            age = 0
            size = _sizes(system, z) * ~system.fixed
            matrix = sparse.csr_matrix(system.jacobian(z) @ sparse.diags_array(size))
            rows = _lengths(matrix)
            matrix = sparse.csr_matrix(sparse.diags_array(1.0 / rows) @ matrix)
            factor = symmetric(sparse.csc_matrix(matrix @ matrix.T), 1e-11)
        step = size * (matrix.T @ factor.solve(-system.residual(z) / rows))
        z, before, age = _inside(system, z, step), share, age + 1
    return best


def _share(system: Equations, z: Floats) -> float:
    """Largest residual as a share of the terms of its row."""
    size = system.magnitude(z)
    return float(np.max(np.abs(system.residual(z)) / np.where(size > 0.0, size, 1.0), initial=0.0))


def _inside(system: Equations, z: Floats, step: Floats) -> Floats:
    """The point after a step; what is positive keeps a share of itself, and upper bounds half their distance."""
    moved = z + step
    positive = (system.lower >= 0.0) & ~system.fixed
    moved = np.where(positive, np.maximum(moved, _NEAREST * z), moved)
    capped = np.isfinite(system.upper) & ~system.fixed
    return np.where(capped, np.minimum(moved, 0.5 * (z + np.where(capped, system.upper, 0.0))), moved)


def _sizes(system: Equations, z: Floats) -> Floats:
    """Own size of every value, or a small share of the typical one of its sort where it is near zero."""
    codes, names = system.groups
    typical = np.ones(len(names))
    for group in range(len(names)):
        own = np.abs(z[codes == group])
        own = own[own > 0.0]
        typical[group] = np.median(own) if len(own) else 1.0
    return np.maximum(np.abs(z), 1e-3 * typical[codes])


_FALLBACK = {"flow": 1.0, "assay": 0.1, "stock_assay": 0.1, "temperature": 300.0, "heat": 1.0}
"""Values of a sort that is nowhere read: only ranks are taken from them."""


def _readings_and_typical(system: Equations, read: Evidence) -> Floats:
    """Readings; for the rest the median reading of the sort, each changed a little so that no two are alike."""
    codes, names = system.groups
    own = read.reading >= 0
    total = np.bincount(read.place[own], weights=read.values[own], minlength=len(codes))
    count = np.bincount(read.place[own], minlength=len(codes))
    z = total / np.maximum(count, 1)
    positive = (count > 0) & (z > 0.0)
    medians = [
        np.median(z[positive & (codes == group)]) if (positive & (codes == group)).any() else np.nan
        for group in range(len(names))
    ]
    typical = _filled(names, np.array(medians))[codes]
    spread = np.random.default_rng(20261122).uniform(1.0 - _SPREAD, 1.0 + _SPREAD, len(z))
    guess = np.where(system.of_kind("shared"), 0.0, typical * spread)
    low = np.where(np.isfinite(system.lower), system.lower, -np.inf)
    guess = np.clip(guess, low, system.upper)
    z = np.where(positive | ((count > 0) & (system.lower < 0.0)), z, guess)
    z = np.where(np.isfinite(system.upper) & (z >= system.upper) & ~system.fixed, 0.9 * system.upper, z)
    return np.where(system.fixed, system.lower, z)


def _filled(names: tuple[tuple[str, str | None], ...], medians: Floats) -> Floats:
    """Medians; where a sort has none, that of the like sort of another component or of flows, or a fallback."""
    value = dict(zip(names, medians.tolist(), strict=True))
    filled = []
    for (kind, component), median in zip(names, medians.tolist(), strict=True):
        twin = {"assay": "stock_assay", "stock_assay": "assay"}.get(kind, kind)
        like = [median, value.get((twin, component), np.nan), *(v for (k, _), v in value.items() if k in (kind, twin))]
        if kind == "stock":
            like.append(10.0 * value.get(("flow", None), np.nan))
        filled.append(next((v for v in like if np.isfinite(v)), _FALLBACK.get(kind, 1.0)))
    return np.array(filled)


def _lengths(matrix: sparse.sparray | sparse.spmatrix) -> Floats:
    """Length of every row, 1 where it is empty."""
    length = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    return np.where(length > 0.0, length, 1.0)
