"""The metallurgical account: what came in, what went out, what lies there, and what nobody can account for.

For example: in March the rare-earth company took in 1,912 t REO, sold 1,604 t, lost 291 t in residue and raffinate, and
its stocks grew by 4 t. By the readings alone 13 t are *unaccounted*, sure to 41 t (95 %): chance explains that, so
nothing is missing. The unaccounted part is said, never smeared over the other lines.

Two accounts stand side by side and are never mixed. The *primary* one is of readings alone,
``U = opening + receipts - products - losses - closing``, its interval from the stated sigmas and from errors that
meters share. In the *secondary*, reconciled one U is zero by construction, and what remains is how sure each line is.
Over several periods the first opening and the last closing stock count: those between cancel, in U and in its interval.
After the code of practice AMIRA P754 (check-in, check-out) as far as published.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from ferrolan.base.tables import METAL_PRIMARY, METAL_SECONDARY, RECOVERIES, Table
from ferrolan.numerics.kkt import Floats, Integers
from ferrolan.reconciliation.classify import describe
from ferrolan.reconciliation.equations import Key
from ferrolan.reconciliation.network import MASS, Network, Node, Stream
from ferrolan.reconciliation.primary import Primary
from ferrolan.reconciliation.solve import Reconciled
from ferrolan.reconciliation.sums import Sums

WIDTH_95 = 1.959963984540054
"""Half width of 95 % of a normal distribution, in standard deviations."""

LINES = ("opening", "receipts", "products", "losses", "closing")
"""Lines of an account; U is their sum with ``SIGNS``."""
SIGNS = (1.0, 1.0, -1.0, -1.0, -1.0)
WORKED = (1.0, 1.0, -1.0)
"""What was worked up: opening + receipts - closing."""

_MOST_AMOUNTS = 3000
"""Most amounts whose covariance is worked out; where units need more, their lines stay without interval, and say so."""
_BLOCK = 256
_CLOSED = 1e-9
"""Share of all lines below which an unaccounted part is rounding."""
_SURE = 1e-5
"""Share of the widest line's standard deviation below which that of U is rounding."""
_TOO_MANY = "its interval was not worked out: the account has too many amounts"


@dataclass(frozen=True)
class Scope:
    """What an account is kept of: the site, a company or a unit, by its nodes."""

    kind: str
    name: str
    nodes: frozenset[str]


@dataclass(frozen=True)
class Span:
    """Periods that are taken together: ``period`` (one), ``week`` or ``account`` (all); both ends are included."""

    kind: str
    first: int
    last: int


def every_span(periods: int) -> tuple[Span, ...]:
    """The whole account first, then each period."""
    return Span("account", 0, periods - 1), *(Span("period", number, number) for number in range(periods))


@dataclass(frozen=True)
class Statement:
    """One row of an account: a component in a scope over a span, and the sums that are its lines.

    ``lines`` are those of ``LINES``; ``products`` the sums of the single outgoing commodity streams; ``outside`` the
    nodes of the scope that do not balance the component: what flows to them has left the account. ``branches`` counts
    the outgoing streams that carry it.
    """

    scope: Scope
    component: str
    span: Span
    lines: tuple[int, ...]
    products: Mapping[str, int]
    outside: tuple[str, ...]
    branches: int

    @property
    def separates(self) -> bool:
        """Whether a recovery says something: not where all goes one way, nor of mass where parts of it do not close."""
        return self.branches > 1 and not (self.component == MASS and self.outside)


@dataclass(frozen=True)
class MetalAccount:
    """The accounts of every scope, component and span.

    ``primary`` (METAL_PRIMARY), ``secondary`` (METAL_SECONDARY) and ``recoveries`` (RECOVERIES) are frames. What they
    were made of: ``statements``, their ``sums``, and the ``readings``.
    """

    primary: pl.DataFrame
    secondary: pl.DataFrame
    recoveries: pl.DataFrame
    statements: tuple[Statement, ...]
    sums: Sums
    readings: Primary


def metal_account(
    reconciled: Reconciled,
    scopes: Sequence[Scope],
    *,
    groups: Mapping[str, Sequence[str]] | None = None,
    products: Collection[str] = (),
    spans: Sequence[Span] = (),
) -> MetalAccount:
    """Keep the accounts of some scopes.

    Parameters
    ----------
    reconciled
        The reconciled network.
    scopes
        Site, companies, units.
    groups
        Sums of components by name, such as the oxides that make REO.
    products
        Streams that carry a commodity; what leaves a scope in another stream is a loss.
    spans
        Spans to keep; the whole account and each period by default.

    Returns
    -------
    MetalAccount
        A scope has a row for every component that one of its nodes balances. What is not known is null, with the
        reason.
    """
    network = reconciled.network
    members = {**{name: (name,) for name in (MASS, *network.components)}, **(groups or {})}
    book = _Book(network, reconciled.index, members, frozenset(products))
    statements = tuple(book.statements(scopes, spans or every_span(network.periods)))
    sums, readings = book.sums(), Primary.of(network, reconciled.solution)
    primary = _PrimaryLines(sums, readings)
    secondary = _SecondaryLines(sums, reconciled, readings.keys, statements)
    return MetalAccount(
        METAL_PRIMARY.check(_frame(statements, primary, METAL_PRIMARY)),
        METAL_SECONDARY.check(_frame(statements, secondary, METAL_SECONDARY)),
        RECOVERIES.check(_recoveries(statements, (primary, secondary))),
        statements,
        sums,
        readings,
    )


def covariance_with(reconciled: Reconciled, gradient: sparse.csr_matrix) -> Floats:
    """Covariance (variables, functions) of the reconciled values with functions of them, by one solve a function.

    Parameters
    ----------
    gradient : (functions, variables)
        Slopes of the functions; 0 where a value is unobservable.
    """
    scale = reconciled._scale
    scaled = sparse.csr_matrix(gradient @ sparse.diags_array(scale))
    return np.asarray(scale[:, None] * reconciled._linearisation.times(scaled.T))


class _Book:
    """Collects the sums of all statements."""

    def __init__(
        self,
        network: Network,
        index: Mapping[tuple[str, str, str | None, int], int],
        members: Mapping[str, Sequence[str]],
        products: frozenset[str],
    ) -> None:
        self._hours, self._index, self._members, self._products = network.hours, index, members, products
        self._nodes = {node.name: node for node in network.nodes}
        self._streams: dict[str, list[Stream]] = {node.name: [] for node in network.nodes}
        for stream in network.streams:
            for end in {stream.source, stream.target} - {None} if stream.carries == "material" else ():
                self._streams[str(end)].append(stream)
        self._terms: list[tuple[int, int, int, float]] = []
        self._count = 0

    def sums(self) -> Sums:
        """All sums so far."""
        line, amount, content = (np.array([term[n] for term in self._terms], dtype=np.int64) for n in range(3))
        factor = np.array([term[3] for term in self._terms], dtype=np.float64)
        return Sums(self._count, line, amount, content, factor)

    def statements(self, scopes: Sequence[Scope], spans: Sequence[Span]) -> Iterator[Statement]:
        """Every scope's statements, its components in their order, the spans in theirs."""
        for scope in scopes:
            for component in self._members:
                inside = {name for name in scope.nodes if self._balances(self._nodes[name], component)}
                if inside:
                    outside = tuple(sorted(name for name in scope.nodes - inside if self._touches(name, component)))
                    for span in spans:
                        yield self._statement(scope, component, span, inside, outside)

    def _statement(
        self, scope: Scope, component: str, span: Span, inside: Collection[str], outside: tuple[str, ...]
    ) -> Statement:
        around = list(dict.fromkeys(stream for name in sorted(inside) for stream in self._streams[name]))
        carrying = [stream for stream in around if self._carries(stream, component)]
        entering = [s for s in carrying if s.target in inside and s.source not in inside]
        leaving = [s for s in carrying if s.source in inside and s.target not in inside]
        made = [stream for stream in leaving if stream.name in self._products]
        lost = [stream for stream in leaving if stream.name not in self._products]
        stocks = [name for name in sorted(inside) if self._nodes[name].kind == "stock"]
        lines = (
            self._stock_sum(stocks, component, span.first),
            self._flow_sum(entering, component, span),
            self._flow_sum(made, component, span),
            self._flow_sum(lost, component, span),
            self._stock_sum(stocks, component, span.last + 1),
        )
        single = {stream.name: self._flow_sum([stream], component, span) for stream in made}
        return Statement(scope, component, span, lines, single, outside, len(leaving))

    def _balances(self, node: Node, component: str) -> bool:
        """Whether a node closes all of a component that runs through it; a splitter closes whatever it carries."""
        there = [one for one in self._members[component] if self._touches(node.name, one)]
        splits = node.kind == "splitter" and MASS in node.balances
        return bool(there) and (splits or all(one in node.balances for one in there))

    def _touches(self, node: str, component: str) -> bool:
        """Whether any of a component runs through a node."""
        return any(self._carries(stream, component) for stream in self._streams[node])

    def _carries(self, stream: Stream, component: str) -> bool:
        if component == MASS:
            return True
        return any(("assay", stream.name, one, 0) in self._index for one in self._members[component])

    def _flow_sum(self, streams: Sequence[Stream], component: str, span: Span) -> int:
        for stream in streams:
            for period in range(span.first, span.last + 1):
                self._add("flow", "assay", stream.name, component, period, self._hours[period])
        return self._close()

    def _stock_sum(self, stocks: Sequence[str], component: str, at: int) -> int:
        for name in stocks:
            self._add("stock", "stock_assay", name, component, at, 1.0)
        return self._close()

    def _add(self, amount: str, content: str, name: str, component: str, period: int, factor: float) -> None:
        place = self._index[amount, name, None, period]
        for one in self._members[component]:
            share = -1 if one == MASS else self._index.get((content, name, one, period))
            if share is not None:
                self._terms.append((self._count, place, share, factor))

    def _close(self) -> int:
        self._count += 1
        return self._count - 1


class _PrimaryLines:
    """The sums of the readings alone."""

    method = "primary"

    def __init__(self, sums: Sums, readings: Primary) -> None:
        self.values = sums.values(readings.values)
        self._sums, self._readings = sums, readings
        self._white = readings.white(sums.gradient(readings.values))

    def variances(self, combinations: sparse.csr_matrix) -> Floats:
        """Variances of combinations (rows) of the sums."""
        rows = sparse.csr_matrix(combinations @ self._white)
        return np.asarray(rows.multiply(rows).sum(axis=1)).ravel()

    def reason(self, line: int) -> str:
        """Why a sum is not known; empty where it is."""
        if np.isfinite(self.values[line]):
            return ""
        return self._readings.missing(self._sums.unknown(line, self._readings.values))


class _SecondaryLines:
    """The sums of reconciled values, with the covariance of the amounts they add up."""

    method = "secondary"

    def __init__(
        self, sums: Sums, reconciled: Reconciled, keys: Sequence[Key], statements: Sequence[Statement]
    ) -> None:
        values = reconciled.values
        self.values = sums.values(values)
        self._sums, self._reconciled, self._keys = sums, reconciled, keys
        single, self._adding = sums.parts()
        wanted = _wanted(self._adding, statements)
        self._left_out = sparse.csr_matrix(abs(self._adding)[:, np.flatnonzero(~wanted)])
        self._lacking = np.diff(self._left_out.indptr) > 0
        self._adding = sparse.csr_matrix(self._adding[:, np.flatnonzero(wanted)])
        self._covariance = _covariance(reconciled, sparse.csr_matrix(single.gradient(values)[np.flatnonzero(wanted)]))

    def variances(self, combinations: sparse.csr_matrix) -> Floats:
        """Variances of combinations (rows) of the sums; nan where they were not worked out."""
        rows = sparse.csr_matrix(combinations @ self._adding)
        found = np.asarray(rows.multiply(rows @ self._covariance).sum(axis=1)).ravel()
        left_out = np.asarray((abs(combinations) @ self._left_out).sum(axis=1)).ravel() > 0.0
        return np.where(left_out, np.nan, np.maximum(found, 0.0))

    def reason(self, line: int) -> str:
        """Why a sum is not known, or not its interval; empty where both are."""
        if np.isfinite(self.values[line]):
            return _TOO_MANY if self._lacking[line] else ""
        first = Key(*self._keys[self._sums.unknown(line, self._reconciled.values)[0]])
        return f"{describe(first)} cannot be seen"


_Lines = _PrimaryLines | _SecondaryLines


def _wanted(adding: sparse.csr_matrix, statements: Sequence[Statement]) -> NDArray[np.bool_]:
    """Amounts whose covariance is worked out: all, or where these are too many, those of site and companies."""
    if adding.shape[1] <= _MOST_AMOUNTS:
        return np.ones(adding.shape[1], dtype=bool)
    lines = [line for s in statements if s.scope.kind != "unit" for line in (*s.lines, *s.products.values())]
    wanted: NDArray[np.bool_] = np.asarray(abs(adding)[lines].sum(axis=0)).ravel() > 0.0
    return wanted if wanted.sum() <= _MOST_AMOUNTS else np.zeros(adding.shape[1], dtype=bool)


def _covariance(reconciled: Reconciled, gradient: sparse.csr_matrix) -> Floats:
    """G C G' in blocks of columns."""
    count = gradient.shape[0]
    found = np.zeros((count, count))
    for start in range(0, count, _BLOCK):
        block = sparse.csr_matrix(gradient[start : start + _BLOCK])
        found[:, start : start + _BLOCK] = gradient @ covariance_with(reconciled, block)
    return 0.5 * (found + found.T)


def _frame(statements: Sequence[Statement], lines: _Lines, table: Table) -> pl.DataFrame:
    places = np.array([s.lines for s in statements], dtype=np.int64).reshape(-1, len(LINES))
    values = lines.values[places]
    spread = [np.sqrt(lines.variances(picked(places[:, [n]], (1.0,), len(lines.values)))) for n in range(len(LINES))]
    total, doubt = _unaccounted(values, np.sqrt(lines.variances(picked(places, SIGNS, len(lines.values)))), spread)
    columns: dict[str, object] = {name: [_of(s)[name] for s in statements] for name in _LABELS}
    for number, name in enumerate((*LINES, "unaccounted")):
        value = values[:, number] if number < len(LINES) else total
        half = WIDTH_95 * (spread[number] if number < len(LINES) else doubt)
        columns[name] = _nulls(value)
        columns[name + "_u95"] = _nulls(np.where(np.isnan(value), np.nan, half))
    handled = values[:, 0] + values[:, 1]
    share = np.where(handled > 0.0, total / np.where(handled > 0.0, handled, 1.0), np.nan)
    columns["unaccounted_share"] = _nulls(share)
    exceeds = zip(total, np.abs(total) > WIDTH_95 * doubt, strict=True)
    columns["exceeds"] = [None if np.isnan(u) else bool(beyond) for u, beyond in exceeds]
    columns["reason"] = [_reason(s, lines) for s in statements]
    return pl.DataFrame(columns, schema=table.schema)


def _unaccounted(values: Floats, doubt: Floats, spread: Sequence[Floats]) -> tuple[Floats, Floats]:
    """U and its standard deviation; rounding is 0."""
    total = values @ np.array(SIGNS)
    closed = np.abs(total) <= _CLOSED * np.abs(values).sum(axis=1)
    sure = doubt <= _SURE * np.max(np.vstack(spread), axis=0)
    return np.where(closed, 0.0, total), np.where(sure, 0.0, doubt)


def picked(places: Integers, signs: Sequence[float], count: int) -> sparse.csr_matrix:
    """Combinations of ``count`` sums, one a row of ``places``, with the same signs in each."""
    height, width = places.shape
    entries = np.tile(signs, height)
    rows = np.repeat(np.arange(height), width)
    return sparse.csr_matrix((entries, (rows, places.ravel())), shape=(height, count))


_LABELS = ("scope_kind", "scope", "component", "span", "first", "last")


def _of(statement: Statement) -> dict[str, object]:
    scope, span = statement.scope, statement.span
    return dict(
        zip(_LABELS, (scope.kind, scope.name, statement.component, span.kind, span.first, span.last), strict=True)
    )


def _reason(statement: Statement, lines: _Lines) -> str:
    reasons = [lines.reason(line) for line in statement.lines]
    if statement.outside:
        names = ", ".join(f"`{name}`" for name in statement.outside)
        reasons.append(f"{names} do not balance it and count as outside")
    return "; ".join(dict.fromkeys(reason for reason in reasons if reason))


def _recoveries(statements: Sequence[Statement], accounts: Sequence[_Lines]) -> pl.DataFrame:
    """Recoveries to every product by every account; of scopes that separate."""
    asked = [(s, name) for s in statements if s.separates for name in s.products]
    rows: list[dict[str, object]] = []
    found = [_recovered(asked, lines) for lines in accounts]
    for number, (statement, product) in enumerate(asked):
        for lines, (recovery, sd) in zip(accounts, found, strict=True):
            known = bool(np.isfinite(recovery[number]))
            rows.append(
                _of(statement)
                | {
                    "product": product,
                    "method": lines.method,
                    "reconciled": lines.method == "secondary",
                    "recovery": float(recovery[number]) if known else None,
                    "u95": float(WIDTH_95 * sd[number]) if known and np.isfinite(sd[number]) else None,
                    "reason": "" if known and np.isfinite(sd[number]) else _why(statement, product, lines),
                }
            )
    return pl.DataFrame(rows, schema=RECOVERIES.schema)


def _recovered(asked: Sequence[tuple[Statement, str]], lines: _Lines) -> tuple[Floats, Floats]:
    """R = product / (opening + receipts - closing) and its standard deviation, (asked,) each."""
    tops = np.array([s.products[name] for s, name in asked], dtype=np.int64)
    bottoms = np.array([[s.lines[0], s.lines[1], s.lines[4]] for s, _ in asked], dtype=np.int64).reshape(-1, 3)
    worked = lines.values[bottoms] @ np.array(WORKED)
    usable = worked > 0.0
    worked = np.where(usable, worked, 1.0)
    recovery = np.where(usable, lines.values[tops] / worked, np.nan)
    top = picked(tops[:, None], (1.0,), len(lines.values))
    slope = top - sparse.diags_array(np.nan_to_num(recovery)) @ picked(bottoms, WORKED, len(lines.values))
    return recovery, np.sqrt(lines.variances(sparse.csr_matrix(slope))) / worked


def _why(statement: Statement, product: str, lines: _Lines) -> str:
    needed = (statement.products[product], *(statement.lines[n] for n in (0, 1, 4)))
    reasons = list(dict.fromkeys(reason for line in needed if (reason := lines.reason(line))))
    return "; ".join(reasons) or "nothing was worked up"


def _nulls(values: Floats) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]
