"""What the readings say by themselves: one value a quantity, and how the errors of readings move sums of them.

For example: two scales weigh the slabs, 0.4 and 0.8 % sure; the primary account takes their mean with weights 4 : 1. A
laboratory's calibration that fifteen assays share moves them all the same way, so their sum is less sure than fifteen
independent errors would make it.

A *white* sensitivity is the change of a sum per standard deviation of each independent source of error: readings' own
errors (freed of stated correlations) and shared errors. Its sum of squares is the variance, its squares are the shares.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import inv

from ferrolan.numerics.kkt import Floats, Integers
from ferrolan.reconciliation.classify import describe
from ferrolan.reconciliation.equations import Key, equations
from ferrolan.reconciliation.evidence import Evidence, evidence
from ferrolan.reconciliation.network import Known, Network
from ferrolan.reconciliation.solution import Solution


@dataclass(frozen=True)
class Primary:
    """The readings of an account, with their sources of error.

    Parameters
    ----------
    evidence
        Readings in the variables of the account, natural units.
    keys
        Address of every variable.
    values : (variables,)
        Mean reading of every quantity by weights 1 / sigma^2; an exact value where one is declared; else nan.
    errors : (variables, rows)
        Change of ``values`` per standard deviation of every source of error (row of the evidence).
    own : (rows, rows)
        Change of every reading, likewise; rows of priors are empty. A shared error counts with the sign of its prior:
        minus.
    place : (rows,)
        Variable of every reading, -1 for a prior.
    """

    evidence: Evidence
    keys: Sequence[Key]
    values: Floats
    errors: sparse.csr_matrix
    own: sparse.csr_matrix
    place: Integers

    @classmethod
    def of(cls, network: Network, solution: Solution | None = None) -> Primary:
        """The readings of a network, with the sigmas its solution ended with; without one, as they were stated."""
        system = equations(network) if solution is None else solution.system
        seen = evidence(network, system) if solution is None else solution.evidence
        place = _places(network, seen, system.index)
        own = _own_errors(network, seen)
        weights = _weights(seen, place)
        mean = np.where(np.diff(weights.indptr) > 0, weights @ seen.values, np.nan)
        exact = _exact(network.known, network, system.index)
        mean[list(exact)] = list(exact.values())
        kept = sparse.diags_array(np.where(np.isin(np.arange(seen.count), list(exact)), 0.0, 1.0))
        return cls(seen, system.keys, mean, sparse.csr_matrix(kept @ weights @ own), own, place)

    @property
    def read(self) -> NDArray[np.bool_]:
        """Which quantities have a reading, (variables,)."""
        found = np.zeros(len(self.values), dtype=bool)
        found[self.place[self.place >= 0]] = True
        return found

    def white(self, gradient: sparse.csr_matrix) -> sparse.csr_matrix:
        """White sensitivities (sums, rows) of sums with this gradient in the variables."""
        return sparse.csr_matrix(gradient @ self.errors)

    def missing(self, places: Sequence[int], most: int = 4) -> str:
        """Which of these quantities were not read, in words; empty where all were."""
        names = [describe(self.keys[place]) for place in dict.fromkeys(places) if np.isnan(self.values[place])]
        if not names:
            return ""
        more = f" and {len(names) - most} more" if len(names) > most else ""
        return f"not read: {', '.join(names[:most])}{more}"


_Index = Mapping[tuple[str, str, str | None, int], int]


def _places(network: Network, seen: Evidence, index: _Index) -> Integers:
    place = np.full(len(seen.target), -1, dtype=np.int64)
    for row in np.flatnonzero(seen.reading >= 0).tolist():
        reading = network.readings[seen.reading[row]]
        place[row] = index[(reading.kind, reading.object, reading.component, reading.period)]
    return place


def _own_errors(network: Network, seen: Evidence) -> sparse.csr_matrix:
    """Every reading's error per standard deviation of every source, (rows, rows)."""
    read = (seen.reading >= 0).astype(np.float64)
    own = sparse.csr_matrix(sparse.diags_array(read) @ _inverse(seen.whitening))
    if not network.shared:
        return own
    row_of = {(seen.tags[r], int(seen.periods[r])): r for r in np.flatnonzero(seen.reading < 0).tolist()}
    lasting = {shared.name for shared in network.shared if shared.lasts == "account"}
    entries = [
        (row, prior, -size * float(seen.sigma[prior]))
        for row in np.flatnonzero(seen.reading >= 0).tolist()
        for name, size in network.readings[seen.reading[row]].shares
        for prior in [row_of[name, 0 if name in lasting else network.readings[seen.reading[row]].period]]
    ]
    if not entries:
        return own
    rows, columns, sizes = zip(*entries, strict=True)
    return sparse.csr_matrix(own + sparse.csr_matrix((sizes, (rows, columns)), shape=own.shape))


def _inverse(whitening: sparse.csr_matrix) -> sparse.csc_matrix:
    """Inverse of a block diagonal matrix, mostly diagonal."""
    if whitening.nnz == whitening.shape[0]:
        return sparse.csc_matrix(sparse.diags_array(1.0 / whitening.diagonal()))
    return sparse.csc_matrix(inv(sparse.csc_matrix(whitening)))


def _weights(seen: Evidence, place: Integers) -> sparse.csr_matrix:
    """Weight of every reading in the mean of its quantity, (variables, rows)."""
    read = np.flatnonzero(place >= 0)
    precision = 1.0 / seen.sigma[read] ** 2
    total = np.bincount(place[read], weights=precision, minlength=seen.count)
    share = precision / total[place[read]]
    return sparse.csr_matrix((share, (place[read], read)), shape=(seen.count, len(seen.target)))


def _exact(declared: Sequence[Known], network: Network, index: _Index) -> dict[int, float]:
    """Exact values by variable."""
    found = {}
    for known in declared:
        periods = range(network.periods + 1) if known.period is None else (known.period,)
        places = (index.get((known.kind, known.object, known.component, period)) for period in periods)
        found.update({place: known.value for place in places if place is not None})
    return found
