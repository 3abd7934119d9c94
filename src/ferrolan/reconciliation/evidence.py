"""What the meters say, as whitened rows: the part of the problem that balances do not know.

For example: two belt scales that share a calibration read the same flow x; the rows are ``(y1 - x - a b) / s1``,
``(y2 - x - a b) / s2`` and ``(0 - b) / tau`` for the shared error b, each of variance one. Correlated errors are
whitened by the Cholesky factor of their small block (C = L L', rows times inverse L). "Less than L" is no row: it adds
``-log Phi((L - x) / sigma)``, never L/2 as if it had been read (Dovi & Solisio, Chem. Eng. J. 84 (2001)).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse, special

from ferrolan.numerics.kkt import Floats, Integers
from ferrolan.reconciliation.equations import Equations
from ferrolan.reconciliation.errors import ErrorModel
from ferrolan.reconciliation.faults import correlated_groups, correlation_matrix
from ferrolan.reconciliation.network import Network, Reading

LEAST_SHARE = 0.01
"""Smallest sigma of an error model at the reconciled value, as a share of the one stated at the reading: a relative
error alone would vanish at zero.
"""
_HALF_LOG_TWO_PI = 0.5 * float(np.log(2.0 * np.pi))


@dataclass(frozen=True)
class Evidence:
    """Whitened readings and censored values of the variables z of some equations.

    ``target - matrix @ z`` is N(0, I) at the truth. Rows are first the readings, in the order of the network, then the
    priors of shared errors.

    Parameters
    ----------
    matrix : (rows, variables)
        Readings in units of their sigma, correlations removed.
    target : (rows,)
        Their values, likewise.
    values, sigma : (rows,)
        Values as they were read [own unit] and standard deviations of their own errors; 0 and that of the shared error
        in a prior.
    whitening : (rows, rows)
        Takes errors of the readings to rows; block diagonal, diagonal but for correlated readings.
    tags, periods, reading, place : (rows,)
        Meter or shared error; period; place in ``network.readings``, -1 for a prior; variable that is read.
    censored_place, censored_limit, censored_sigma, censored_reading : (censored,)
        Variable, detection limit and standard deviation of what was read as "less than"; place in the readings.
    """

    matrix: sparse.csr_matrix
    target: Floats
    values: Floats
    sigma: Floats
    whitening: sparse.csr_matrix
    tags: tuple[str, ...]
    periods: Integers
    reading: Integers
    place: Integers
    censored_place: Integers
    censored_limit: Floats
    censored_sigma: Floats
    censored_reading: Integers

    @property
    def count(self) -> int:
        """Number of variables."""
        return int(self.matrix.shape[1])

    @cached_property
    def measured(self) -> NDArray[np.bool_]:
        """Variables with a row of their own, shared errors included; censored ones not. (variables,)"""
        return np.bincount(self.matrix.indices, minlength=self.count) > 0

    def residual(self, z: Floats) -> Floats:
        """``target - matrix @ z``, (rows,)."""
        rest: Floats = self.target - self.matrix @ z
        return rest

    def value(self, z: Floats) -> float:
        """Minus the log-likelihood without its constant: half the sum of squared rows, and the censored terms."""
        rest = self.residual(z)
        return 0.5 * float(rest @ rest) - float(np.sum(special.log_ndtr(self._margin(z))))

    def gradient(self, z: Floats) -> Floats:
        """Slope of ``value``, (variables,)."""
        slope: Floats = -(self.matrix.T @ self.residual(z))
        if len(self.censored_place):
            pull = _hazard(self._margin(z)) / self.censored_sigma
            slope += np.bincount(self.censored_place, weights=pull, minlength=self.count)
        return slope

    def censored_curvature(self, z: Floats) -> Floats:
        """Second derivative of every censored term, (censored,); from 0 (far below) to 1 / sigma^2 (far above)."""
        margin = self._margin(z)
        hazard = _hazard(margin)
        return np.clip(hazard * (hazard + margin), 0.0, 1.0) / self.censored_sigma**2

    def weight_entries(self, z: Floats | None = None) -> tuple[Integers, Integers, Floats]:
        """Lower triangle of W, the Hessian of ``value``: rows, columns, values; entries at one place add up.

        Rows and columns do not depend on z. Without z the censored curvature is 0.
        """
        rows, columns, values = self._gram
        bend = np.zeros(len(self.censored_place)) if z is None else self.censored_curvature(z)
        return (
            np.concatenate([rows, self.censored_place]),
            np.concatenate([columns, self.censored_place]),
            np.concatenate([values, bend]),
        )

    def weight(self, z: Floats | None = None) -> sparse.csr_matrix:
        """W as a symmetric sparse matrix, (variables, variables)."""
        rows, columns, values = self.weight_entries(z)
        lower = sparse.csr_matrix((values, (rows, columns)), shape=(self.count, self.count))
        return sparse.csr_matrix(lower + sparse.tril(lower, -1).T)

    @cached_property
    def _gram(self) -> tuple[Integers, Integers, Floats]:
        gram = sparse.coo_matrix(sparse.tril(self.matrix.T @ self.matrix))
        return gram.row.astype(np.int64), gram.col.astype(np.int64), gram.data.astype(np.float64)

    def _margin(self, z: Floats) -> Floats:
        margin: Floats = (self.censored_limit - z[self.censored_place]) / self.censored_sigma
        return margin

    def directions(self, tags: str | Sequence[str], *, relative: bool = True) -> sparse.csc_matrix:
        """What an error of each tag adds to the rows, (rows, tags): of all its readings, in every period.

        ``relative``: an error of one times the reading; else of one unit. The name of a shared error is no tag: its
        prior is not moved. A tag of censored values alone gives an empty column.
        """
        wanted = (tags,) if isinstance(tags, str) else tuple(tags)
        column = {tag: number for number, tag in enumerate(wanted)}
        own = np.flatnonzero(self.reading >= 0)
        columns = np.array([column.get(tag, -1) for tag in self.tags[: len(own)]], dtype=np.int64)
        chosen = columns >= 0
        size = self.values[own[chosen]] if relative else np.ones(int(chosen.sum()))
        errors = sparse.csc_matrix((size, (own[chosen], columns[chosen])), shape=(len(self.target), len(wanted)))
        return sparse.csc_matrix(self.whitening @ errors)

    def scaled(self, variables: Floats) -> Evidence:
        """The same evidence of z / ``variables``."""
        unit = variables[self.censored_place]
        return replace(
            self,
            matrix=sparse.csr_matrix(self.matrix @ sparse.diags_array(variables)),
            censored_limit=self.censored_limit / unit,
            censored_sigma=self.censored_sigma / unit,
        )

    def widened(self, count: int) -> Evidence:
        """The same evidence with further variables, unread, up to ``count``."""
        matrix = self.matrix.copy()
        matrix.resize((matrix.shape[0], count))
        return replace(self, matrix=matrix)


def _hazard(margin: Floats) -> Floats:
    """phi(m) / Phi(m), without loss far in the tail."""
    ratio: Floats = np.exp(-0.5 * margin**2 - _HALF_LOG_TWO_PI - special.log_ndtr(margin))
    return ratio


def evidence(network: Network, system: Equations, values: Floats | None = None) -> Evidence:
    """The evidence of a network's readings, in the variables of its equations.

    Parameters
    ----------
    values : (variables,)
        Values at which error models are evaluated; without them, and where they are nan, sigma is what was stated.
    """
    used = [number for number in range(len(network.readings)) if number not in network.set_aside]
    every = [network.readings[number] for number in used]
    place = np.array([system.index[(r.kind, r.object, r.component, r.period)] for r in every], dtype=np.int64)
    sigma = _sigmas(every, place, values)
    below = np.array([reading.below for reading in every], dtype=bool)
    number = np.array(used, dtype=np.int64)
    limits = np.array([reading.value for reading in every], dtype=np.float64)
    readings = [reading for reading in every if not reading.below]
    priors = _Priors(network, system.index)
    whitening = _whitening(network, readings, np.concatenate([sigma[~below], priors.sigma]))
    design = _design(system, readings, place[~below], priors)
    read = np.concatenate([limits[~below], np.zeros(len(priors.sigma))])
    return Evidence(
        matrix=sparse.csr_matrix(whitening @ design),
        target=np.asarray(whitening @ read),
        values=read,
        sigma=np.concatenate([sigma[~below], priors.sigma]),
        whitening=whitening,
        tags=(*(reading.tag for reading in readings), *priors.names),
        periods=np.array([*(reading.period for reading in readings), *priors.periods], dtype=np.int64),
        reading=np.concatenate([number[~below], np.full(len(priors.sigma), -1, dtype=np.int64)]),
        place=np.concatenate([place[~below], np.array(list(priors.place.values()), dtype=np.int64)]),
        censored_place=place[below],
        censored_limit=limits[below],
        censored_sigma=sigma[below],
        censored_reading=number[below],
    )


def _sigmas(readings: Sequence[Reading], place: Integers, values: Floats | None) -> Floats:
    """Standard deviations of the readings' own errors, models evaluated at ``values``."""
    stated = np.array([reading.sigma for reading in readings], dtype=np.float64)
    if values is None:
        return stated
    members: dict[ErrorModel, list[int]] = {}
    for row, reading in enumerate(readings):
        if reading.model is not None:
            members.setdefault(reading.model, []).append(row)
    sigma = stated.copy()
    for model, rows in members.items():
        fresh = model.sigma(values[place[rows]])
        sigma[rows] = np.where(np.isnan(fresh), stated[rows], np.maximum(fresh, LEAST_SHARE * stated[rows]))
    return sigma


class _Priors:
    """The rows of shared errors: one for each error and period it is drawn in."""

    def __init__(self, network: Network, index: Mapping[tuple[str, str, str | None, int], int]) -> None:
        self.names: list[str] = []
        self.periods: list[int] = []
        self.place: dict[tuple[str, int], int] = {}
        sigma: list[float] = []
        for shared in network.shared:
            for period in range(1 if shared.lasts == "account" else network.periods + 1):
                variable = index.get(("shared", shared.name, None, period))
                if variable is not None:
                    self.names.append(shared.name)
                    self.periods.append(period)
                    self.place[shared.name, period] = variable
                    sigma.append(shared.sigma)
        self.sigma = np.array(sigma, dtype=np.float64)
        self._lasting = {shared.name for shared in network.shared if shared.lasts == "account"}

    def variable(self, name: str, period: int) -> int:
        """The variable of a shared error as it enters a reading of a period."""
        return self.place[name, 0 if name in self._lasting else period]


def _design(system: Equations, readings: Sequence[Reading], place: Integers, priors: _Priors) -> sparse.csr_matrix:
    """Rows of ``y = x + sum a b + e`` before whitening, then those of the priors."""
    count, extra = len(readings), len(priors.sigma)
    shares = [
        (row, priors.variable(name, reading.period), sensitivity)
        for row, reading in enumerate(readings)
        if reading.shares
        for name, sensitivity in reading.shares
    ]
    rows = np.concatenate([np.arange(count), np.array([row for row, _, _ in shares], dtype=np.int64)])
    columns = np.concatenate([place, np.array([column for _, column, _ in shares], dtype=np.int64)])
    entries = np.concatenate([np.ones(count), np.array([size for _, _, size in shares])])
    rows = np.concatenate([rows, count + np.arange(extra)])
    columns = np.concatenate([columns, np.array(list(priors.place.values()), dtype=np.int64)])
    entries = np.concatenate([entries, np.ones(extra)])
    return sparse.csr_matrix((entries, (rows, columns)), shape=(count + extra, len(system.keys)))


def _whitening(network: Network, readings: Sequence[Reading], sigma: Floats) -> sparse.csr_matrix:
    """Inverse Cholesky factor of the covariance of the readings' own errors."""
    plain = sparse.diags_array(1.0 / sigma)
    if not network.correlations:
        return sparse.csr_matrix(plain)
    named = {tag for pair in network.correlations for tag in (pair.first, pair.second)}
    row_of = {(r.tag, r.period): row for row, r in enumerate(readings) if r.tag in named}
    alone = np.ones(len(sigma))
    places, entries = [np.empty((2, 0), dtype=np.int64)], [np.empty(0)]
    for rows, inverse in _blocks(network, row_of):
        alone[rows] = 0.0
        places.append(np.stack([np.repeat(rows, len(rows)), np.tile(rows, len(rows))]))
        entries.append(inverse.ravel())
    lone = np.flatnonzero(alone)
    row, column = np.concatenate([np.stack([lone, lone]), *places], axis=1)
    unit = sparse.csr_matrix((np.concatenate([alone[lone], *entries]), (row, column)), shape=(len(sigma), len(sigma)))
    unit.eliminate_zeros()
    return sparse.csr_matrix(unit @ plain)


def _blocks(network: Network, row_of: Mapping[tuple[str, int], int]) -> Iterator[tuple[Integers, Floats]]:
    """Rows of every set of correlated readings of one period, and the inverse Cholesky factor of their correlation."""
    known: dict[tuple[str, ...], Floats] = {}
    for group in correlated_groups(network.correlations):
        for period in range(network.periods + 1):
            present = tuple(tag for tag in group if (tag, period) in row_of)
            if len(present) < 2:
                continue
            if present not in known:
                known[present] = np.linalg.inv(np.linalg.cholesky(correlation_matrix(present, network.correlations)))
            yield np.array([row_of[tag, period] for tag in present], dtype=np.int64), known[present]
