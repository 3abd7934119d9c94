"""Which meter decides which figure, and what a better one would be worth.

For example: 61 % of the variance of the REO recovery comes from one belt scale. Halve its sigma and the recovery is
known to 1.2 % instead of 1.9 %; that is known before anybody buys a scale, without solving the account again.

With the readings in units of their standard deviations (rows m_i of M, errors independent) and C the covariance of the
reconciled values, a figure with slope g moves by ``t_i = m_i'C g`` when reading i moves by one: its *white
sensitivity*. The squares of t are the shares of its variance, ``t't = g'C g``; the influence of reading i on value j is
``C_ji / s_i^2``. Readings I whose information grows by D change C exactly by
``- C M_I' D (1 + M_I C M_I' D)^-1 M_I C``: for one reading ``- w (g'C m)^2 / (1 + w m'C m)``, w = 1/f^2 - 1 where sigma
becomes f sigma. A reading that is not there yet is one whose weight grows from nothing. All of it holds at the
linearisation; figures of readings alone (closures) need no C.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from scipy import sparse
from scipy.sparse.linalg import spsolve

from ferrolan.base.tables import INFLUENCES, METER_WORTH
from ferrolan.numerics.kkt import Floats, Integers
from ferrolan.reconciliation.equations import Key
from ferrolan.reconciliation.metal import SIGNS, WIDTH_95, WORKED, MetalAccount, Statement, covariance_with, picked
from ferrolan.reconciliation.primary import Primary
from ferrolan.reconciliation.solve import Reconciled

HALVED = 0.5
"""Factor on the sigma of a meter that is made better."""
LEAST_SHARE = 0.01
"""Share of a figure's variance from which a meter's influence on it is told."""

_LEAST_WORTH = 0.01
"""Share of a figure's variance from which a better meter is worked out."""
_MOST_METERS = 8
"""Most meters a figure whose improvement is worked out."""
_MOST_IMPROVED = 400
"""Most meters whose improvement is worked out at all: those with the largest share of any figure."""
_MOST_BOUGHT = 3
"""Most meters a figure that are offered where nothing is read."""
_BLIND = 1e-6
"""Share of a bias that must show in the adjustments for the balances to find it."""
_BUYABLE = ("flow", "assay", "stock", "stock_assay")


@dataclass(frozen=True)
class Figure:
    """A key figure: what it is (``recovery | closure | metal | stock | gain``), of what, its value and unit.

    ``primary`` says that it is a figure of the readings alone.
    """

    figure: str
    scope: str
    component: str | None
    product: str | None
    value: float
    unit: str
    primary: bool = False


@dataclass(frozen=True)
class Meter:
    """A meter, or an error that several meters share: its rows among the sources of error.

    An error that no other meter has part in belongs to its meter. ``relative`` is the mean sigma over the mean reading.
    """

    tag: str
    kind: str
    object: str | None
    component: str | None
    rows: tuple[int, ...]
    relative: float

    @property
    def shared(self) -> bool:
        """Whether it is an error that several meters share."""
        return self.kind == "shared"


@dataclass(frozen=True)
class Sensitivities:
    """How the figures of an account hang on its readings.

    Parameters
    ----------
    reconciled, readings
        The account.
    figures
        (figures,)
    carried : (variables, figures)
        C g: covariance of every reconciled value with every figure; 0 for a figure of readings alone.
    white : (figures, rows)
        Change of every figure per standard deviation of every source of error.
    variances : (figures,)
        Variances of the figures, g'C g.
    """

    reconciled: Reconciled
    readings: Primary
    figures: tuple[Figure, ...]
    carried: Floats
    white: Floats
    variances: Floats

    @cached_property
    def meters(self) -> tuple[Meter, ...]:
        """Every meter and shared error, in the order of their first reading."""
        return tuple(_meters(self.reconciled, self.readings))

    @cached_property
    def raw(self) -> Floats:
        """Change of every figure per unit of every reading, (figures, rows): C_ji / s_i^2 for independent errors."""
        return np.asarray((self.readings.evidence.whitening.T @ self.white.T).T)

    @cached_property
    def contributions(self) -> Floats:
        """Part of every figure's variance that comes from every source of error, (figures, rows)."""
        evidence = self.readings.evidence
        if evidence.whitening.nnz == evidence.whitening.shape[0]:
            return self.white**2
        back = spsolve(sparse.csc_matrix(evidence.whitening), sparse.csc_matrix(self.white.T))
        return np.asarray(self.raw * sparse.csr_matrix(back).toarray().T)

    def slopes(self, meter: Meter) -> Floats:
        """Change of every figure when the meter reads 1 more per 1 all the time, or a shared error is one sigma more.

        (figures,)
        """
        rows = list(meter.rows)
        if meter.shared:
            return np.asarray(-self.white[:, rows].sum(axis=1))
        read = [row for row in rows if self.readings.place[row] >= 0]
        moved: Floats = self.raw[:, read] @ self.readings.evidence.values[read]
        return moved

    def shares(self, meter: Meter) -> Floats:
        """Share of every figure's variance that comes from a meter, (figures,)."""
        part = self.contributions[:, list(meter.rows)].sum(axis=1)
        share: Floats = np.where(self.variances > 0.0, part / np.where(self.variances > 0.0, self.variances, 1.0), 0.0)
        return share

    def improved(self, meter: Meter, factor: float = HALVED) -> Floats:
        """Variances of all figures once a meter's sigma is ``factor`` times what it is, (figures,)."""
        block = _block(self.readings, meter)
        gain = _information(self.readings, block, meter, factor)
        primary = np.array([figure.primary for figure in self.figures], dtype=bool)
        less = np.zeros(len(self.figures))
        if primary.any():
            kept = _remaining(self.readings, block, meter, factor)
            u = self.white[:, block][primary]
            less[primary] = np.sum(u * u, axis=1) - np.sum((u @ kept) * u, axis=1)
        if not primary.all():
            u = self.white[:, block][~primary]
            less[~primary] = _reduction(u, gain, self._inner_of(tuple(block)))
        return np.maximum(self.variances - less, 0.0)

    def unbiased(self, meter: Meter) -> Floats:
        """Variances of all figures while nobody knows the relative bias of a meter, so that balances must find it.

        (figures,); those of figures of readings alone stay as they are, and all do where the balances cannot find it.
        """
        direction = self._bias(meter)
        carried = covariance_with(
            self.reconciled, sparse.csr_matrix((self.readings.evidence.matrix.T @ direction)[None])
        )
        seen = self.readings.evidence.matrix @ carried[:, 0]
        left = float(direction @ direction - direction @ seen)
        if left <= _BLIND * float(direction @ direction):
            return self.variances
        more = (self.white @ direction) ** 2 / left
        primary = np.array([figure.primary for figure in self.figures], dtype=bool)
        return self.variances + np.where(primary, 0.0, more)

    def bought(self, places: Integers, sigma: Floats) -> Floats:
        """Variances of all figures once quantities (variables) are read with these standard deviations, (figures,)."""
        count = len(self.reconciled.values)
        height = np.arange(len(places))
        rows = sparse.csr_matrix((1.0 / sigma, (height, places)), shape=(len(places), count))
        u = np.asarray((rows @ self.carried).T)
        return np.maximum(self.variances - _reduction(u, np.eye(len(places)), self._inner(rows)), 0.0)

    def _inner_of(self, block: tuple[int, ...]) -> Floats:
        """The same of rows of the evidence, which every study of this account asks for again."""
        known = self.reconciled._of_blocks
        if block not in known:
            known[block] = self._inner(self.readings.evidence.matrix[list(block)])
        return known[block]

    def _inner(self, rows: sparse.csr_matrix) -> Floats:
        """M_I C M_I'."""
        return np.asarray(rows @ covariance_with(self.reconciled, sparse.csr_matrix(rows)))

    def _bias(self, meter: Meter) -> Floats:
        evidence = self.readings.evidence
        errors = np.zeros(len(evidence.target))
        read = [row for row in meter.rows if self.readings.place[row] >= 0]
        errors[read] = evidence.values[read]
        return np.asarray(evidence.whitening @ errors)


def key_figures(reconciled: Reconciled, account: MetalAccount) -> Sensitivities:
    """The key figures of the whole account: closures and recoveries of site, companies and units, metal, stocks.

    Closures are those of the readings, ``U / (opening + receipts)``; all else is reconciled. What is not known is no
    figure. Metal made and stocks are those of the site.
    """
    asked = list(_asked(account))
    values = account.sums.values(reconciled.values)
    read = account.sums.values(account.readings.values)
    found = [made for s, kind, name in asked if (made := _figure(s, kind, name, values, read)) is not None]
    count = account.sums.count
    slopes = sparse.csr_matrix(sparse.vstack([row for _, row in found])) if found else sparse.csr_matrix((0, count))
    return sensitivities(reconciled, account, [figure for figure, _ in found], slopes)


def sensitivities(
    reconciled: Reconciled, account: MetalAccount, figures: Sequence[Figure], slopes: sparse.csr_matrix
) -> Sensitivities:
    """Sensitivities of figures with these slopes (figures, sums) in the sums of an account."""
    primary = np.array([figure.primary for figure in figures], dtype=bool)
    mine = sparse.diags_array((~primary).astype(np.float64)) @ slopes
    gradient = sparse.csr_matrix(mine @ account.sums.gradient(reconciled.values))
    read = sparse.diags_array(primary.astype(np.float64)) @ slopes
    alone = account.readings.white(sparse.csr_matrix(read @ account.sums.gradient(account.readings.values)))
    return of_gradient(reconciled, account.readings, figures, gradient, alone)


def of_gradient(
    reconciled: Reconciled,
    readings: Primary,
    figures: Sequence[Figure],
    gradient: sparse.csr_matrix,
    alone: sparse.csr_matrix | None = None,
) -> Sensitivities:
    """Sensitivities of figures with this gradient (figures, variables) in the reconciled values.

    ``alone`` (figures, rows) adds the white sensitivities of figures of readings alone.
    """
    carried = np.zeros((len(reconciled.values), len(figures)))
    own = np.flatnonzero(np.diff(gradient.indptr))
    if len(own):
        carried[:, own] = covariance_with(reconciled, sparse.csr_matrix(gradient[own]))
    white = np.asarray((readings.evidence.matrix @ carried).T)
    variances = np.asarray(gradient.multiply(carried.T).sum(axis=1)).ravel()
    if alone is not None:
        white = white + alone.toarray()
        variances = variances + np.asarray(alone.multiply(alone).sum(axis=1)).ravel()
    return Sensitivities(reconciled, readings, tuple(figures), carried, white, np.maximum(variances, 0.0))


def self_influences(reconciled: Reconciled) -> Floats:
    """Share of its own reconciled value that every source of error decides, (rows,): m_i'C m_i.

    They add up to the number of readings less the degrees of freedom where all is measured.
    """
    return np.clip(reconciled._linearisation.reading_variances(), 0.0, 1.0)


def influences(sensitive: Sensitivities) -> pl.DataFrame:
    """Every meter that has at least ``LEAST_SHARE`` of a figure's variance (INFLUENCES), the largest share first."""
    own = self_influences(sensitive.reconciled)
    rows = []
    for meter in sensitive.meters:
        slopes, shares = sensitive.slopes(meter), sensitive.shares(meter)
        step = 1.0 if meter.shared else 0.01
        decided = float(np.mean(own[list(meter.rows)]))
        for number in np.flatnonzero(shares >= LEAST_SHARE).tolist():
            rows.append(
                _label(sensitive.figures[number])
                | {
                    "tag": meter.tag,
                    "shared": meter.shared,
                    "influence": step * float(slopes[number]),
                    "share": float(shares[number]),
                    "figure_unit": sensitive.figures[number].unit,
                    "self_influence": decided if np.isfinite(decided) else None,
                    "_figure": number,
                }
            )
    frame = pl.DataFrame(rows, schema={**INFLUENCES.schema, "_figure": pl.Int32})
    return INFLUENCES.check(frame.sort("_figure", -pl.col("share"), "tag").drop("_figure"))


def meter_worth(sensitive: Sensitivities, typical: Mapping[str, float] | None = None) -> pl.DataFrame:
    """What better, mended and further meters are worth, figure by figure (METER_WORTH).

    Parameters
    ----------
    sensitive
        Key figures and how they hang on the readings.
    typical
        Relative sigma of a meter that could be bought, by kind (flow, assay, stock, stock_assay); of kinds that are not
        named none is offered.
    """
    rows = [*_halved(sensitive), *_mended(sensitive), *_bought(sensitive, typical or {})]
    frame = pl.DataFrame(rows, schema={**METER_WORTH.schema, "_figure": pl.Int32})
    ranked = frame.sort("_figure", -pl.col("narrows"), "tag", "object", "component", "change")
    rank = pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over("_figure").alias("rank")
    return METER_WORTH.check(ranked.with_columns(rank).drop("_figure"))


def _asked(account: MetalAccount) -> Iterator[tuple[Statement, str, str | None]]:
    """Statement, kind and product of every figure that may be asked for."""
    for statement in account.statements:
        if statement.span.kind != "account":
            continue
        yield statement, "closure", None
        if statement.separates:
            yield from ((statement, "recovery", name) for name in statement.products)
        if statement.scope.kind == "site":
            yield from ((statement, "metal", name) for name in statement.products)
            yield statement, "stock", None


def _figure(
    statement: Statement, kind: str, product: str | None, values: Floats, read: Floats
) -> tuple[Figure, sparse.csr_matrix] | None:
    """A figure and its slopes (1, sums); None where it is not known, or nothing."""
    lines = np.array(statement.lines)
    count = len(values)
    if kind == "closure":
        total, handled = float(read[lines] @ np.array(SIGNS)), float(read[lines[0]] + read[lines[1]])
        value = total / handled if handled > 0.0 else np.nan
        slope = _row(lines, SIGNS, count) - value * _row(lines[:2], (1.0, 1.0), count)
        slope, unit = slope / (handled or 1.0), "1"
    elif kind == "recovery":
        whole, part = lines[[0, 1, 4]], statement.products[str(product)]
        worked = float(values[whole] @ np.array(WORKED))
        value = float(values[part]) / worked if worked > 0.0 else np.nan
        slope = _row([part], (1.0,), count) - value * _row(whole, WORKED, count)
        slope, unit = slope / (worked or 1.0), "1"
    else:
        part = statement.products[str(product)] if kind == "metal" else int(lines[4])
        value, slope, unit = float(values[part]) or np.nan, _row([part], (1.0,), count), "t"
    if not np.isfinite(value):
        return None
    made = Figure(kind, statement.scope.name, statement.component, product, value, unit, primary=kind == "closure")
    return made, sparse.csr_matrix(slope)


def _row(places: Sequence[int] | Integers, signs: Sequence[float], count: int) -> sparse.csr_matrix:
    return picked(np.asarray(places, dtype=np.int64)[None], signs, count)


def _meters(reconciled: Reconciled, readings: Primary) -> Iterator[Meter]:
    network, evidence = reconciled.network, readings.evidence
    carriers: dict[str, set[str]] = {}
    for reading in network.readings:
        for name, _ in reading.shares:
            carriers.setdefault(name, set()).add(reading.tag)
    rows: dict[tuple[str, bool], list[int]] = {}
    for row, tag in enumerate(evidence.tags):
        prior = evidence.reading[row] < 0
        owners = carriers.get(tag, set()) if prior else set()
        owner = next(iter(owners)) if len(owners) == 1 else None
        rows.setdefault((owner or tag, bool(prior and owner is None)), []).append(row)
    for (tag, shared), mine in rows.items():
        if shared:
            yield Meter(tag, "shared", None, None, tuple(mine), float(np.mean(evidence.sigma[mine])))
        else:
            first = network.readings[evidence.reading[mine[0]]]
            read = [row for row in mine if evidence.reading[row] >= 0]
            size = float(np.mean(np.abs(evidence.values[read])))
            relative = float(np.mean(evidence.sigma[read])) / size if size > 0.0 else np.inf
            yield Meter(tag, first.kind, first.object, first.component, tuple(mine), relative)


def _block(readings: Primary, meter: Meter) -> list[int]:
    """Rows of a meter, and those whose errors are correlated with it."""
    if readings.evidence.whitening.nnz == len(readings.evidence.target):
        return sorted(meter.rows)
    whitening = sparse.csc_matrix(abs(readings.evidence.whitening) + abs(readings.evidence.whitening).T)
    rows = set(meter.rows)
    for _ in range(len(rows) + 1):
        grown = rows | set(whitening[:, sorted(rows)].tocoo().row.tolist())
        if grown == rows:
            break
        rows = grown
    return sorted(rows)


def _factors(block: Sequence[int], meter: Meter, factor: float) -> Floats:
    return np.where(np.isin(block, meter.rows), factor, 1.0)


def _information(readings: Primary, block: Sequence[int], meter: Meter, factor: float) -> Floats:
    """D: by how much the information of a block of rows grows, in white coordinates, (block, block)."""
    whitening = readings.evidence.whitening[block][:, block].toarray()
    shrunk = whitening / _factors(block, meter, factor)
    turned = np.linalg.solve(whitening.T, shrunk.T).T
    grown: Floats = turned.T @ turned - np.eye(len(block))
    return grown


def _remaining(readings: Primary, block: Sequence[int], meter: Meter, factor: float) -> Floats:
    """Covariance of a block of sources of error once a meter is better, in white coordinates, (block, block)."""
    whitening = readings.evidence.whitening[block][:, block].toarray()
    errors = whitening @ (_factors(block, meter, factor)[:, None] * np.linalg.inv(whitening))
    kept: Floats = errors @ errors.T
    return kept


def _reduction(u: Floats, information: Floats, inner: Floats) -> Floats:
    """U' D (1 + B D)^-1 u for every row of u."""
    middle = information @ np.linalg.inv(np.eye(len(inner)) + inner @ information)
    less: Floats = np.sum((u @ (0.5 * (middle + middle.T))) * u, axis=1)
    return less


def _halved(sensitive: Sensitivities) -> Iterator[dict[str, object]]:
    shares = np.array([sensitive.shares(meter) for meter in sensitive.meters]).reshape(len(sensitive.meters), -1)
    order = np.argsort(-shares, axis=0, kind="stable")[:_MOST_METERS]
    foremost = set(np.argsort(-shares.max(axis=1, initial=0.0), kind="stable")[:_MOST_IMPROVED].tolist())
    for number, meter in enumerate(sensitive.meters):
        asked = np.flatnonzero(np.any(order == number, axis=0) & (shares[number] >= _LEAST_WORTH))
        if len(asked) and number in foremost:
            then = sensitive.improved(meter)
            sigma = HALVED if meter.shared else HALVED * meter.relative
            for figure in asked.tolist():
                yield _worth(sensitive, figure, meter, "halved", float(then[figure]), sigma)


def _mended(sensitive: Sensitivities) -> Iterator[dict[str, object]]:
    """What taking off the bias of a suspect does, which must be found by the balances as long as it is there."""
    suspects = sensitive.reconciled.suspects.filter(~pl.col("echo"), pl.col("bias").is_not_null())
    bias = dict(suspects.select("tag", "bias").iter_rows())
    for meter in sensitive.meters:
        if meter.tag in bias and not meter.shared:
            before, shares = sensitive.unbiased(meter), sensitive.shares(meter)
            moves = -bias[meter.tag] * sensitive.slopes(meter)
            for figure in np.flatnonzero(shares >= _LEAST_WORTH).tolist():
                row = _worth(sensitive, figure, meter, "corrected", float(sensitive.variances[figure]), meter.relative)
                now = WIDTH_95 * float(np.sqrt(before[figure]))
                row |= {"u95_now": now, "moves": float(moves[figure])}
                yield row | {"narrows": 1.0 - float(np.sqrt(sensitive.variances[figure] / before[figure]))}


def _bought(sensitive: Sensitivities, typical: Mapping[str, float]) -> Iterator[dict[str, object]]:
    """Further meters where nothing is read, those of most use for each figure."""
    offers = _offers(sensitive, typical)
    if not offers:
        return
    spread = _standard_deviations(sensitive.reconciled)
    worth = np.array([_first_guess(sensitive, places, sigma, spread[places]) for _, places, sigma in offers])
    best = np.argsort(-worth, axis=0, kind="stable")[:_MOST_BOUGHT]
    for number, (key, places, sigma) in enumerate(offers):
        useful = worth[number] >= _LEAST_WORTH * sensitive.variances
        asked = np.flatnonzero(np.any(best == number, axis=0) & useful & (sensitive.variances > 0.0))
        if len(asked):
            then = sensitive.bought(places, sigma)
            meter = Meter("", key.kind, key.object, key.component, (), typical[key.kind])
            for figure in asked.tolist():
                row = _worth(sensitive, figure, meter, "bought", float(then[figure]), typical[key.kind])
                yield row | {"tag": None}


def _offers(sensitive: Sensitivities, typical: Mapping[str, float]) -> list[tuple[Key, Integers, Floats]]:
    """Quantities that could be read and are not, with the sigma they would have in every period."""
    values, read = sensitive.reconciled.values, sensitive.readings.values
    found: dict[tuple[str, str, str | None], list[int]] = {}
    for place, key in enumerate(sensitive.readings.keys):
        if key.kind in _BUYABLE and key.kind in typical and np.isnan(read[place]) and values[place] > 0.0:
            found.setdefault(key[:3], []).append(place)
    return [
        (Key(*what, 0), np.array(places), typical[what[0]] * values[places])
        for what, places in found.items()
        if typical[what[0]] > 0.0
    ]


def _first_guess(sensitive: Sensitivities, places: Integers, sigma: Floats, spread: Floats) -> Floats:
    """Reduction of every figure's variance if the periods did not know of each other, (figures,)."""
    guess: Floats = np.sum(sensitive.carried[places] ** 2 / (sigma**2 + spread**2)[:, None], axis=0)
    return guess


def _standard_deviations(reconciled: Reconciled) -> Floats:
    """Those of all reconciled values, nan where unobservable, (variables,)."""
    found = np.full(len(reconciled.values), np.nan)
    rows = reconciled.account.select("kind", "object", "component", "period", "sd").iter_rows()
    for kind, name, component, period, sd in rows:
        if sd is not None:
            found[reconciled.index[kind, name, component, period]] = sd
    return found


def _label(figure: Figure) -> dict[str, object]:
    return {
        "figure": figure.figure,
        "scope": figure.scope,
        "component": figure.component,
        "product": figure.product,
    }


def _worth(
    sensitive: Sensitivities, number: int, meter: Meter, change: str, variance: float, sigma: float
) -> dict[str, object]:
    figure = sensitive.figures[number]
    now, then = (WIDTH_95 * float(np.sqrt(v)) for v in (sensitive.variances[number], variance))
    return {
        "tag": meter.tag,
        "kind": meter.kind,
        "object": meter.object,
        "component": meter.component,
        "change": change,
        "figure": figure.figure,
        "scope": figure.scope,
        "figure_component": figure.component,
        "product": figure.product,
        "value": figure.value,
        "u95_now": now,
        "u95_then": then,
        "narrows": 1.0 - then / now if now > 0.0 else 0.0,
        "sigma": sigma if np.isfinite(sigma) else None,
        "figure_unit": figure.unit,
        "_figure": number,
    }
