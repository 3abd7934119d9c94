"""The document's plant as a metallurgical account: of the site, of each company, of each unit.

For example: the steel company is one scope with an ore stockpile, a mill and a flotation plant; what it sends to the
rare-earth company's kiln is its product, the tailings pond its loss, and REO is the sum of the oxides the document
groups so. A stream that carries a commodity is a product, any other that leaves is a loss.

A unit whose recovery the account cannot see, though its feed, products and tails were assayed, gets the two- or
three-product formula in its place: the row says that it is not reconciled.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl

from ferrolan.base.errors import ProblemError
from ferrolan.base.tables import ACCURACY, RECOVERIES
from ferrolan.enterprise.document import Enterprise
from ferrolan.enterprise.exactness import Targets
from ferrolan.process.recovery import three_product_recovery, two_product_recovery
from ferrolan.reconciliation.influence import Sensitivities, influences, key_figures, meter_worth
from ferrolan.reconciliation.metal import (
    WIDTH_95,
    MetalAccount,
    Scope,
    Span,
    Statement,
    every_span,
    metal_account,
)
from ferrolan.reconciliation.network import MASS, Node
from ferrolan.reconciliation.primary import Primary
from ferrolan.reconciliation.solve import Reconciled
from ferrolan.reconciliation.sums import Sums

_WEEK = 168.0
_CLASSES = ("redundant", "observable", "nonredundant", "unobservable")
"""Classes of a quantity from the one that is best known."""


@dataclass(frozen=True)
class MetalTables:
    """The metallurgical account of a document: its tables by name, the account and how its figures hang on meters."""

    tables: Mapping[str, pl.DataFrame]
    account: MetalAccount
    sensitivities: Sensitivities


def metal(
    document: Enterprise,
    reconciled: Reconciled,
    *,
    typical: Mapping[str, float] | None = None,
) -> MetalTables:
    """Keep the metallurgical account of a document's plant.

    Parameters
    ----------
    document
        The enterprise: owners, streams with commodities, groups of components, and the accuracy it asks for.
    reconciled
        Its reconciled network.
    typical
        Relative sigma of a meter that could be bought, by kind; by default the median of the plant's own meters.

    Returns
    -------
    MetalTables
        ``metal_primary``, ``metal_secondary``, ``recoveries``, ``accuracy``, ``influences``, ``meter_worth``.
    """
    products = frozenset(name for name, stream in document.streams.items() if stream.commodity is not None)
    groups = document.require_account().groups
    spans = spans_of(reconciled.network.hours)
    account = metal_account(reconciled, scopes(document, reconciled), groups=groups, products=products, spans=spans)
    sensitive = key_figures(reconciled, account)
    formulas = pl.DataFrame(list(formula_recoveries(account, reconciled, products)), schema=RECOVERIES.schema)
    recoveries = RECOVERIES.check(pl.concat([account.recoveries, formulas]))
    typical = own_typical(reconciled) if typical is None else typical
    tables = {
        "metal_primary": account.primary,
        "metal_secondary": account.secondary,
        "recoveries": recoveries,
        "accuracy": accuracy(document, reconciled, account, recoveries),
        "influences": influences(sensitive),
        "meter_worth": meter_worth(sensitive, typical),
    }
    return MetalTables(tables, account, sensitive)


def scopes(document: Enterprise, reconciled: Reconciled) -> tuple[Scope, ...]:
    """The site, then each company, then each unit of the network."""
    nodes = [node.name for node in reconciled.network.nodes]
    companies = {
        owner: frozenset(name for name in nodes if document.units[name].owner == owner)
        for owner in document.enterprise.owners
    }
    return (
        Scope("site", document.name, frozenset(nodes)),
        *(Scope("company", owner, mine) for owner, mine in companies.items() if mine),
        *(Scope("unit", name, frozenset({name})) for name in nodes),
    )


def spans_of(hours: Sequence[float]) -> tuple[Span, ...]:
    """The whole account, each week where periods are shorter than that, and each period.

    Examples
    --------
    >>> [(span.kind, span.first, span.last) for span in spans_of([168.0, 168.0, 72.0])]
    [('account', 0, 2), ('period', 0, 0), ('period', 1, 1), ('period', 2, 2)]
    """
    whole, *each = every_span(len(hours))
    if max(hours) > 0.5 * _WEEK:
        return whole, *each
    week = np.floor((np.cumsum(hours) - 0.5 * np.asarray(hours)) / _WEEK)
    starts = [0, *(np.flatnonzero(np.diff(week)) + 1).tolist(), len(hours)]
    weeks = [Span("week", first, after - 1) for first, after in pairwise(starts)]
    return whole, *weeks, *each


def own_typical(reconciled: Reconciled) -> Mapping[str, float]:
    """Median relative sigma of the plant's own meters, by kind."""
    sigmas: dict[str, list[float]] = {}
    for reading in reconciled.network.readings:
        if reading.value > 0.0 and not reading.below:
            sigmas.setdefault(reading.kind, []).append(reading.sigma / reading.value)
    return {kind: float(np.median(found)) for kind, found in sigmas.items()}


def accuracy(
    document: Enterprise,
    reconciled: Reconciled,
    account: MetalAccount,
    recoveries: pl.DataFrame,
) -> pl.DataFrame:
    """Target against achieved accuracy, and redundancy, of every stream, stock and recovery (ACCURACY).

    A stream's figure is its amount over the whole account, a stock's what lies there at the end. The document asks for
    half widths of flows, assays and recoveries; the content of a stream may then be as unsure as both together.
    """
    asked = document.require_account().targets
    whole = None if asked is None or asked.recoveries is None else asked.recoveries.value
    rows = [*_amount_rows(document, reconciled, account, asked), *_recovery_rows(recoveries, whole)]
    return ACCURACY.check(pl.DataFrame(rows, schema=ACCURACY.schema))


def formula_recoveries(
    account: MetalAccount, reconciled: Reconciled, products: frozenset[str]
) -> Iterator[dict[str, object]]:
    """Rows of the two- and three-product formula, where the account does not see a recovery over the whole account.

    Parameters
    ----------
    account, reconciled
        The account, and what it was made of.
    products
        Streams that carry a commodity.

    Returns
    -------
    Rows of RECOVERIES for units with one feed and two or three branches whose contents were read in the same periods,
    from their means; nothing where these contradict each other.
    """
    unseen = account.recoveries.filter(
        pl.col("scope_kind") == "unit",
        pl.col("span") == "account",
        pl.col("method") == "secondary",
        pl.col("recovery").is_null(),
        pl.col("component") != MASS,
    )
    asked = {(scope, component) for scope, component in unseen.select("scope", "component").iter_rows()}
    nodes = {node.name: node for node in reconciled.network.nodes}
    for statement in account.statements:
        if statement.span.kind == "account" and (statement.scope.name, statement.component) in asked:
            node = nodes.get(statement.scope.name)
            if statement.scope.kind == "unit" and node is not None and node.kind == "junction":
                yield from _formula(statement, node, account.readings, reconciled, products)


@dataclass(frozen=True)
class _Amount:
    """One accounting figure: its address, the quantities behind it, and its place among the sums."""

    figure: str
    object: str
    component: str | None
    places: tuple[int, ...]


def _amount_rows(
    document: Enterprise, reconciled: Reconciled, account: MetalAccount, asked: Targets | None
) -> Iterator[dict[str, object]]:
    amounts, sums = _amounts(reconciled)
    boundary = _boundary(document, reconciled)
    primary = _relative(sums, account.readings, None)
    secondary = _relative(sums, account.readings, reconciled)
    seen = _Seen(reconciled)
    for number, amount in enumerate(amounts):
        target = None if asked is None else _asked(asked, amount)
        readings, status, redundancy = seen.of(amount.places)
        reached = secondary[number]
        yield {
            "figure": amount.figure,
            "object": amount.object,
            "component": amount.component,
            "boundary": amount.object in boundary,
            "readings": readings,
            "status": status,
            "redundancy": redundancy,
            "target": target,
            "primary": primary[number],
            "secondary": reached,
            "met": None if target is None or reached is None else reached <= target,
        }


def _amounts(reconciled: Reconciled) -> tuple[list[_Amount], Sums]:
    """Every stream's flow and contents over the account, every stock and its contents at the end."""
    network, index = reconciled.network, reconciled.index
    amounts: list[_Amount] = []
    terms: list[tuple[int, int, int, float]] = []
    ends: list[tuple[str, str, str, str, Sequence[tuple[int, float]]]] = [
        (stream.name, "flow", "assay", "flow", list(enumerate(network.hours)))
        for stream in network.streams
        if stream.carries == "material"
    ]
    ends += [
        (node.name, "stock", "stock_assay", "stock", [(network.periods, 1.0)])
        for node in network.nodes
        if node.kind == "stock"
    ]
    for name, kind, content, figure, periods in ends:
        for component in (None, *network.components):
            if component is not None and (content, name, component, periods[0][0]) not in index:
                continue
            places = []
            for period, factor in periods:
                place = index[kind, name, None, period]
                share = -1 if component is None else index[content, name, component, period]
                terms.append((len(amounts), place, share, factor))
                places.append(place if component is None else share)
            label = figure if component is None else "content"
            amounts.append(_Amount(label, name, component, tuple(places)))
    line, amount, share_at = (np.array([term[n] for term in terms], dtype=np.int64) for n in range(3))
    return amounts, Sums(len(amounts), line, amount, share_at, np.array([term[3] for term in terms]))


def _relative(sums: Sums, readings: Primary, reconciled: Reconciled | None) -> list[float | None]:
    """Relative half width of 95 % of every sum, of the readings alone or reconciled; None where it is not known."""
    x = readings.values if reconciled is None else reconciled.values
    values, gradient = sums.values(x), sums.gradient(x)
    if reconciled is None:
        white = readings.white(gradient)
        variances = np.asarray(white.multiply(white).sum(axis=1)).ravel()
    else:
        variances = np.concatenate(
            [
                np.diag(reconciled.covariance_of(gradient[start : start + _BLOCK]))
                for start in range(0, sums.count, _BLOCK)
            ]
        )
    known = np.isfinite(values) & (values > 0.0) & np.isfinite(variances)
    half = WIDTH_95 * np.sqrt(np.maximum(np.where(known, variances, 0.0), 0.0))
    return [float(h / v) if k else None for h, v, k in zip(half, values, known, strict=True)]


_BLOCK = 256


class _Seen:
    """How often quantities are read and checked."""

    def __init__(self, reconciled: Reconciled) -> None:
        self._account = {
            reconciled.index[row[:4]]: row[4:]
            for row in reconciled.account.select(
                "kind", "object", "component", "period", "sigma", "sd", "status"
            ).iter_rows()
        }
        self._count: dict[int, int] = {}
        for reading in reconciled.network.readings:
            place = reconciled.index.get((reading.kind, reading.object, reading.component, reading.period))
            if place is not None:
                self._count[place] = self._count.get(place, 0) + 1

    def of(self, places: Sequence[int]) -> tuple[int, str | None, float | None]:
        """Readings, worst class, and mean share of the readings' variance that the other meters take away."""
        rows = [self._account[place] for place in places if place in self._account]
        classes = [status for _, _, status in rows if status in _CLASSES]
        worst = max(classes, key=_CLASSES.index) if classes else None
        taken = [max(0.0, 1.0 - (sd / sigma) ** 2) for sigma, sd, _ in rows if sigma and sd is not None]
        readings = sum(self._count.get(place, 0) for place in places)
        return readings, worst, float(np.mean(taken)) if taken else 0.0


def _boundary(document: Enterprise, reconciled: Reconciled) -> frozenset[str]:
    """Streams that cross the boundary of the site or of a company, and all stocks."""

    def owner(node: str | None) -> str | None:
        return None if node is None else document.units[node].owner

    crossing = [s.name for s in reconciled.network.streams if owner(s.source) != owner(s.target)]
    return frozenset([*crossing, *(node.name for node in reconciled.network.nodes if node.kind == "stock")])


def _asked(asked: Targets, amount: _Amount) -> float | None:
    """Half width that the document asks of a stream's flow or content, relative [1]."""
    flow, assay = (asked.of(kind, amount.object) for kind in ("flow", "assay"))
    if amount.figure == "content":
        return None if flow is None or assay is None else math.hypot(flow, assay)
    return flow if amount.figure == "flow" else None


def _recovery_rows(recoveries: pl.DataFrame, target: float | None) -> Iterator[dict[str, object]]:
    """Recoveries over the whole account, half widths absolute."""
    found: dict[tuple[str, str, str], dict[str, float | None]] = {}
    whole = recoveries.filter(pl.col("span") == "account")
    for scope, component, product, method, u95 in whole.select(
        "scope", "component", "product", "method", "u95"
    ).iter_rows():
        found.setdefault((scope, component, product), {})[method] = u95
    for (scope, component, product), reached in found.items():
        secondary = reached.get("secondary")
        yield {
            "figure": "recovery",
            "object": scope,
            "component": component,
            "product": product,
            "boundary": None,
            "target": target,
            "primary": reached.get("primary"),
            "secondary": secondary,
            "met": None if target is None or secondary is None else secondary <= target,
        }


def _formula(
    statement: Statement, node: Node, readings: Primary, reconciled: Reconciled, products: frozenset[str]
) -> Iterator[dict[str, object]]:
    """Rows of the formula that fits the branches of a unit; none where contents are not read or fit no formula."""
    streams = [s for s in reconciled.network.streams if s.carries == "material"]
    feeds = [s.name for s in streams if s.target == node.name]
    made = [s.name for s in streams if s.source == node.name and s.name in products]
    lost = [s.name for s in streams if s.source == node.name and s.name not in products]
    if len(feeds) != 1 or not 2 <= len(made) + len(lost) <= 3 or not made:
        return
    branches = [feeds[0], *made, *lost]
    try:
        if len(branches) == 3:
            found = _two_products(branches, statement.component, readings, reconciled)
        else:
            found = _three_products(branches, statement.component, readings, reconciled)
    except ProblemError:
        return
    method = "two_product" if len(branches) == 3 else "three_product"
    for product, (recovery, sd) in zip(branches[1:], found, strict=False):
        if product in statement.products:
            yield {
                "scope_kind": "unit",
                "scope": node.name,
                "component": statement.component,
                "product": product,
                "span": "account",
                "first": statement.span.first,
                "last": statement.span.last,
                "method": method,
                "reconciled": False,
                "recovery": recovery,
                "u95": WIDTH_95 * sd,
                "reason": "not reconciled: the balances do not see it, so assays alone stand in",
            }


def _two_products(
    branches: Sequence[str], component: str, readings: Primary, reconciled: Reconciled
) -> list[tuple[float, float]]:
    """Recoveries into both branches and their standard deviations."""
    (feed, first, second), covariance = _contents(branches, (component,), readings, reconciled)
    found = two_product_recovery(feed, first, second, covariance=covariance)
    return [(found.recovery, found.recovery_sd), (1.0 - found.recovery, found.recovery_sd)]


def _three_products(
    branches: Sequence[str], component: str, readings: Primary, reconciled: Reconciled
) -> list[tuple[float, float]]:
    """Recoveries into the first two branches, with the second component that makes them surest."""
    best: list[tuple[float, float]] = []
    for other in reconciled.network.components:
        if other == component:
            continue
        try:
            contents, covariance = _contents(branches, (component, other), readings, reconciled)
            feed, first, second, tails = ((contents[2 * n], contents[2 * n + 1]) for n in range(4))
            found = three_product_recovery(feed, first, second, tails, covariance=covariance)
        except ProblemError:
            continue
        made = list(zip(found.recoveries[:, 0].tolist(), found.recovery_sds[:, 0].tolist(), strict=True))
        if not best or max(sd for _, sd in made) < max(sd for _, sd in best):
            best = made
    if not best:
        raise ProblemError(f"no second component was read in all of {', '.join(branches)}")
    return best


def _contents(
    streams: Sequence[str], components: Sequence[str], readings: Primary, reconciled: Reconciled
) -> tuple[list[float], np.ndarray]:
    """Mean contents over the periods in which all were read, and their covariance; stream by stream."""
    index, hours = reconciled.index, np.asarray(reconciled.network.hours)
    asked = [(stream, component) for stream in streams for component in components]
    places = np.array(
        [[index.get(("assay", *what, period), -1) for period in range(len(hours))] for what in asked], dtype=np.int64
    )
    read = np.where(places >= 0, readings.values[np.maximum(places, 0)], np.nan)
    together = np.isfinite(read).all(axis=0)
    if not together.any():
        raise ProblemError(f"no period has contents of all of {', '.join(streams)}")
    weights = np.where(together, hours, 0.0) / hours[together].sum()
    white = np.vstack([weights[together] @ readings.errors[row[together]].toarray() for row in places])
    return (np.where(together, read, 0.0) @ weights).tolist(), white @ white.T
