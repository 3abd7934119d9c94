"""What could be wrong, as directions: each hypothesis shifts readings or opens balances by one number times a pattern.

For example: "WT-214 reads (1 + b) times the truth in all five weeks" shifts five readings in proportion to what they
read; "the thickener loses g t/h of its underflow" opens five mass balances by g and each component balance by g times
the assay of the underflow. With r the adjustments in units of sigma, M the readings and A the balances, linearised,
the account answers a shift d of the readings and an opening q of the balances with

    [[W, A'], [A, 0]] [dz; dm] = [-M'd; q],   score_h = d_h' r + q_h' m,   gram_hk = d_h' (d_k + M dz_k) - q_h' dm_k,

m the multipliers. The likelihood ratio of one hypothesis is score^2 / gram; of several, score' gram^-1 score: by so
much the objective falls once they are allowed for. A bias on a feed is parallel to the leak at its node, because
their answers are. Narasimhan & Mah, AIChE J. 33 (1987) 1514-1521.

One solve gives a column of ``gram``. Of many hypotheses only the candidates get theirs; the size of every other comes
from a few solves for random readings, since Var(score) = gram (a trace estimator: Hutchinson, Commun. Stat. 19 (1990)
433-450), and so does the question which are parallel.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse, spatial

from ferrolan.numerics.kkt import Floats, Integers
from ferrolan.reconciliation.equations import Equations
from ferrolan.reconciliation.evidence import Evidence
from ferrolan.reconciliation.network import ENERGY, MASS, Network

PARALLEL = 1e-6
"""Largest 1 - |cosine| of two effects that count as one."""
ALIKE = 0.02
"""Largest 1 - |cosine| of two hypotheses on one meter or node that count as one test: its relative and its absolute
bias while it hardly varies, a leak with either of two like compositions."""
LEAST = 1e-6
"""Share of a direction that must show in the adjustments for a test of it to mean anything."""
EXACT = 128
"""Most readings for which every hypothesis is worked out; above, sizes of non-candidates are estimated."""
PROBES = 32
"""Random readings behind an estimated size: its standard error is sqrt(2 / 32) = 25 %."""
_BLOCK = 32
"""Right-hand sides solved at once."""
_SEED = 20261122
_PROJECTIONS, _RADIUS = 6, 2e-3
_FOLLOWED = 1e-4
"""Share of an opening that may be left over when the account follows it."""
_NONE = np.empty(0, dtype=np.int64)


class Response(Protocol):
    """How the account near its solution answers a change: the inverse of ``[[W, A'], [A, 0]]``."""

    def solve(self, top: Floats, bottom: Floats) -> tuple[Floats, Floats]:
        """Upper and lower part, (variables, k) and (rows, k), for right-hand sides (variables, k), (rows, k)."""
        ...


@dataclass(frozen=True)
class Vicinity:
    """An account near its solution, in scaled variables and rows.

    Parameters
    ----------
    matrix : (readings, variables)
        Readings in units of their sigma, csr.
    adjustment : (readings,)
        Reading less reconciled value in units of sigma, r.
    rows
        Number of equations.
    response
        See ``Response``.
    slope : (variables,)
        Slope of the log-likelihood at the solution; M' r unless other terms, such as readings below detection, add to
        it.
    jacobian : (rows, variables)
        Derivative of the equations, where an opening may contradict balances that repeat each other; such a hypothesis
        is not testable. None where no row repeats others.
    """

    matrix: sparse.csr_matrix
    adjustment: Floats
    rows: int
    response: Response
    slope: Floats | None = None
    jacobian: sparse.csr_matrix | None = None

    def multipliers(self) -> Floats:
        """Multipliers of the equations, (rows,): what opening each by one unit is worth in half the objective."""
        slope = self.matrix.T @ self.adjustment if self.slope is None else self.slope
        return self.response.solve(slope[:, None], np.zeros((self.rows, 1)))[1][:, 0]


@dataclass(frozen=True)
class Hypothesis:
    """Label of one hypothesis.

    Parameters
    ----------
    kind
        ``bias`` (relative, constant over the readings of a tag), ``offset`` (absolute, likewise), ``outlier`` (one
        reading), ``leak`` (of a node; loss above zero), ``shared`` (a latent error of several meters).
    object
        Stream, stock or node, or the name of a shared error.
    carrier
        Stream whose composition a leak has; None for a leak of one balance.
    size
        What one unit of the hypothesis means in the unit of the reading: the mean reading of a bias, 1 else.
    sigma
        Standard deviation of the reading, mean over its periods; of a leak nan.
    typical
        Mean size of the readings in their unit; nan for a leak or a shared error.
    readings
        Number of readings it shifts.
    """

    kind: str
    object: str
    component: str | None = None
    period: int | None = None
    tag: str | None = None
    carrier: str | None = None
    size: float = 1.0
    sigma: float = float("nan")
    typical: float = float("nan")
    readings: int = 1


@dataclass(frozen=True)
class Patterns:
    """Hypotheses with their directions: ``top`` (readings, n) of the whitened readings, ``bottom`` (rows, n)."""

    labels: tuple[Hypothesis, ...]
    top: sparse.csc_matrix
    bottom: sparse.csc_matrix

    def __add__(self, other: Patterns) -> Patterns:
        return Patterns(
            self.labels + other.labels,
            sparse.csc_matrix(sparse.hstack([self.top, other.top])),
            sparse.csc_matrix(sparse.hstack([self.bottom, other.bottom])),
        )

    def only(self, kinds: Iterable[str]) -> Patterns:
        """Those of the given kinds."""
        wanted = set(kinds)
        chosen = [number for number, label in enumerate(self.labels) if label.kind in wanted]
        return Patterns(tuple(self.labels[i] for i in chosen), self.top[:, chosen], self.bottom[:, chosen])


def biases(network: Network, evidence: Evidence, rows: int, *, absolute: bool = False) -> Patterns:
    """A constant bias of every tag, relative to what it reads or ``absolute``.

    An absolute bias is set up only where it differs from the relative one: for tags whose readings vary.
    """
    own = np.flatnonzero(evidence.reading >= 0)
    number: dict[str, int] = {}
    tag = np.array([number.setdefault(evidence.tags[row], len(number)) for row in own.tolist()], dtype=np.int64)
    _, first, count = np.unique(tag, return_index=True, return_counts=True)
    values, typical, sigma = (
        np.bincount(tag, weights=part[own], minlength=len(number)) / count
        for part in (evidence.values, np.abs(evidence.values), evidence.sigma)
    )
    varies = np.zeros(len(number), dtype=bool)
    varies[tag[evidence.values[own] != evidence.values[own[first]][tag]]] = True
    names = tuple(number)
    chosen = np.flatnonzero(varies).tolist() if absolute else range(len(names))
    read = [network.readings[int(evidence.reading[own[first[i]]])] for i in chosen]
    kind = "offset" if absolute else "bias"
    labels = tuple(
        Hypothesis(
            kind, r.object, r.component, None, r.tag, None,
            1.0 if absolute else float(values[i]), float(sigma[i]), float(typical[i]), int(count[i]),
        )
        for i, r in zip(chosen, read, strict=True)
    )  # fmt: skip
    top = evidence.directions([names[i] for i in chosen], relative=not absolute)
    return Patterns(labels, top, sparse.csc_matrix((rows, len(labels))))


def outliers(network: Network, evidence: Evidence, rows: int, chosen: Integers) -> Patterns:
    """An error of one reading alone, for the ``chosen`` rows of the evidence."""
    read = [network.readings[int(evidence.reading[row])] for row in chosen.tolist()]
    labels = tuple(
        Hypothesis(
            "outlier", r.object, r.component, r.period, r.tag, None, 1.0, float(evidence.sigma[row]), abs(r.value)
        )
        for r, row in zip(read, chosen.tolist(), strict=True)
    )
    return Patterns(labels, sparse.csc_matrix(evidence.whitening[:, chosen]), sparse.csc_matrix((rows, len(chosen))))


def shared(evidence: Evidence, rows: int) -> Patterns:
    """A latent error of several meters that is further from zero than its sigma allows, in all its periods alike."""
    places: dict[str, list[int]] = {}
    for row in np.flatnonzero(evidence.reading < 0).tolist():
        places.setdefault(evidence.tags[row], []).append(row)
    labels = tuple(
        Hypothesis("shared", name, sigma=float(evidence.sigma[found[0]]), readings=len(found))
        for name, found in places.items()
    )
    entries = [(row, column, 1.0) for column, found in enumerate(places.values()) for row in found]
    errors = _columns(entries, len(evidence.target), len(labels))
    return Patterns(labels, sparse.csc_matrix(evidence.whitening @ errors), sparse.csc_matrix((rows, len(labels))))


def leaks(network: Network, system: Equations, values: Floats, row_scale: Floats, readings: int) -> Patterns:
    """A steady loss (above zero, t/h) or gain of every node, with the composition of one of its streams.

    Parameters
    ----------
    system
        The equations, whose ``rows`` give node, balance and period.
    values : (variables,)
        Reconciled values in plant units.
    row_scale : (rows,)
        What every equation was divided by.

    Notes
    -----
    A node that balances mass alone has one leak; its streams make no difference. A node with an energy balance may
    lose heat alone [GJ/h].
    """
    runs = _runs_of_nodes(system)
    kinds = {node.name: node.kind for node in network.nodes}
    beside: dict[str, list[str]] = {}
    for stream in network.streams:
        for end in dict.fromkeys((stream.source, stream.target)):
            beside.setdefault(end or "", []).append(stream.name)
    hours = np.asarray(network.hours)
    labels: list[Hypothesis] = []
    places: list[Integers] = []
    entries: list[Floats] = []
    for node, own in runs.items():
        place = np.concatenate([np.arange(run.start, run.stop) for run in own])
        held = hours[system.rows.period[place]] if kinds[node] == "stock" else 1.0
        for carrier, contents in _compositions(system, values, own, beside.get(node, [])):
            opened = held * contents / row_scale[place]
            if opened.any():
                labels.append(Hypothesis("leak", node, carrier=carrier))
                places.append(place[opened != 0.0])
                entries.append(opened[opened != 0.0])
    count = [len(place) for place in places]
    columns = np.repeat(np.arange(len(labels)), count)
    flat = (np.concatenate([*places, _NONE]), columns)
    bottom = sparse.csc_matrix((np.concatenate([*entries, _NONE]), flat), shape=(len(system.rows), len(labels)))
    return Patterns(tuple(labels), sparse.csc_matrix((readings, len(labels))), bottom)


@dataclass(frozen=True)
class _Balance:
    """One balance of a node over its periods: rows ``start`` to ``stop``, the first of period ``period``."""

    component: str
    start: int
    stop: int
    period: int


def _runs_of_nodes(system: Equations) -> dict[str, list[_Balance]]:
    """Balances of every node; the rows in which a splitter equates compositions are none."""
    runs: dict[str, list[_Balance]] = {}
    for label, (start, stop) in zip(system.rows.labels, pairwise(system.rows.starts.tolist()), strict=True):
        if label.kind == "balance":
            runs.setdefault(label.node, []).append(_Balance(label.component, start, stop, label.period))
    return runs


def _compositions(
    system: Equations, values: Floats, own: list[_Balance], beside: list[str]
) -> list[tuple[str | None, Floats]]:
    """What goes with one tonne of each stream at a node, by row, without repetition; heat alone beside it."""
    if all(run.component == MASS for run in own):
        return [(None, np.ones(sum(run.stop - run.start for run in own)))]
    found: list[tuple[str | None, Floats]] = []
    for stream in beside:
        contents = np.concatenate([_content(system, values, stream, run) for run in own])
        if not any(np.array_equal(contents, other) for _, other in found):
            found.append((stream, contents))
    if any(run.component == ENERGY for run in own):
        found.append((None, np.concatenate([np.full(r.stop - r.start, 1.0 * (r.component == ENERGY)) for r in own])))
    return found


def _content(system: Equations, values: Floats, stream: str, run: _Balance) -> Floats:
    """Share of a component, or enthalpy, of a stream in every period of a balance; 0 where it is absent or unknown."""
    kind, component = {MASS: ("flow", None), ENERGY: ("enthalpy", None)}.get(run.component, ("assay", run.component))
    place = system.index.get((kind, stream, component, run.period))
    count = run.stop - run.start
    if place is None:
        return np.zeros(count)
    return np.ones(count) if kind == "flow" else np.nan_to_num(values[place : place + count])


def _columns(entries: list[tuple[int, int, float]], height: int, width: int) -> sparse.csc_matrix:
    rows, columns, values = zip(*entries, strict=True) if entries else ((), (), ())
    return sparse.csc_matrix((np.array(values, dtype=np.float64), (rows, columns)), shape=(height, width))


class Hypotheses:
    """Scores and sizes of hypotheses near one account; columns of their gram matrix are worked out when asked for.

    Parameters
    ----------
    probes
        Random readings behind the estimated sizes; with at most ``EXACT`` readings every size is exact.
    """

    def __init__(self, vicinity: Vicinity, patterns: Patterns, *, probes: int = PROBES) -> None:
        self.labels = patterns.labels
        self.vicinity = vicinity
        self._top, self._bottom = patterns.top, patterns.bottom
        self.score: Floats = patterns.top.T @ vicinity.adjustment + patterns.bottom.T @ vicinity.multipliers()
        self._shown = self._probe(probes)
        self.gram: Floats = np.einsum("ij,ij->i", self._shown, self._shown)
        size = _squares(self._top) + _squares(self._bottom)
        self.testable: NDArray[np.bool_] = (size > 0.0) & (self.gram > LEAST * size)
        self._exact: NDArray[np.bool_] = np.full(len(self.labels), vicinity.matrix.shape[0] <= EXACT)
        self._cache: dict[int, Floats] = {}
        if len(self.labels) and bool(self._exact.all()):
            self.refine(np.flatnonzero(self.testable).tolist())

    def __len__(self) -> int:
        return len(self.labels)

    def anew(self, vicinity: Vicinity) -> Hypotheses:
        """The same hypotheses on other readings of the same account: only the scores differ.

        Exact for linear balances and absolute errors; what a power study needs a thousand times.
        """
        other = copy(self)
        other.vicinity = vicinity
        other.score = self._top.T @ vicinity.adjustment + self._bottom.T @ vicinity.multipliers()
        return other

    def _probe(self, probes: int) -> Floats:
        """Scores of every hypothesis under random readings, (n, probes), over sqrt(probes); of unit ones if few."""
        count = self.vicinity.matrix.shape[0]
        few = count <= EXACT
        width = count if few else probes
        generator = np.random.default_rng(_SEED)
        shown = np.zeros((len(self.labels), width))
        for start in range(0, width, _BLOCK):
            stop = min(start + _BLOCK, width)
            noise = (
                np.eye(count)[:, start:stop]
                if few
                else generator.standard_normal((count, stop - start)) / np.sqrt(width)
            )
            answer, multipliers = self._solve(-noise)
            shown[:, start:stop] = self._top.T @ (noise + self.vicinity.matrix @ answer) - self._bottom.T @ multipliers
        return shown

    def _solve(self, top: Floats, bottom: Floats | None = None) -> tuple[Floats, Floats]:
        rows = self.vicinity.rows
        return self.vicinity.response.solve(
            np.asarray(self.vicinity.matrix.T @ top), np.zeros((rows, top.shape[1])) if bottom is None else bottom
        )

    @property
    def statistics(self) -> Floats:
        """Likelihood ratio T of each hypothesis alone, (n,); nan where not testable, estimated where not refined."""
        return np.where(self.testable, self.score**2 / np.where(self.testable, self.gram, 1.0), np.nan)

    def refine(self, chosen: Iterable[int]) -> None:
        """Work out the columns of the gram matrix of the ``chosen``, and with them their exact sizes."""
        missing = [i for i in dict.fromkeys(chosen) if i not in self._cache]
        for start in range(0, len(missing), _BLOCK):
            block = missing[start : start + _BLOCK]
            shift, opening = self._top[:, block].toarray(), self._bottom[:, block].toarray()
            moved, multipliers = self._solve(-shift, opening)
            columns = self._top.T @ (shift + self.vicinity.matrix @ moved) - self._bottom.T @ multipliers
            sound = self._sound(moved, opening)
            for place, number in enumerate(block):
                self._cache[number] = columns[:, place]
                self.gram[number] = columns[number, place]
                size = float(np.sum(shift[:, place] ** 2) + np.sum(opening[:, place] ** 2))
                self.testable[number] &= bool(sound[place]) and self.gram[number] > LEAST * size
                self._exact[number] = True

    def _sound(self, moved: Floats, opening: Floats) -> NDArray[np.bool_]:
        """Whether the account can follow the opening; it cannot where balances repeat each other and only one opens."""
        if self.vicinity.jacobian is None:
            return np.ones(moved.shape[1], dtype=bool)
        left = np.max(np.abs(self.vicinity.jacobian @ moved - opening), axis=0, initial=0.0)
        size = np.max(np.abs(opening), axis=0, initial=0.0)
        return np.asarray((size == 0.0) | (left <= _FOLLOWED * size), dtype=bool)

    def exact(self, number: int) -> bool:
        """Whether the size of a hypothesis is exact rather than estimated."""
        return bool(self._exact[number])

    def column(self, number: int) -> Floats:
        """Column of the gram matrix, (n,)."""
        self.refine([number])
        return self._cache[number]

    def block(self, chosen: Sequence[int]) -> Floats:
        """Gram matrix of the chosen, symmetric."""
        self.refine(chosen)
        square = np.array([self._cache[i][list(chosen)] for i in chosen]).reshape(len(chosen), len(chosen))
        return np.asarray(0.5 * (square + square.T))

    def moves(self, chosen: Sequence[int]) -> Floats:
        """By how much one unit of each hypothesis moves the reconciled values, (variables, chosen), scaled."""
        shift, opening = self._top[:, list(chosen)].toarray(), self._bottom[:, list(chosen)].toarray()
        return self._solve(-shift, opening)[0]

    def explained(self, chosen: Sequence[int]) -> float:
        """By how much the objective falls once all of the chosen are allowed for."""
        if not len(chosen):
            return 0.0
        score = self.score[list(chosen)]
        return float(score @ np.linalg.lstsq(self.block(chosen), score, rcond=1e-10)[0])

    def sizes(self, chosen: Sequence[int]) -> tuple[Floats, Floats]:
        """Estimates of the chosen hypotheses together, and their standard deviations."""
        inverse = np.linalg.pinv(self.block(chosen), rcond=1e-10, hermitian=True)
        return inverse @ self.score[list(chosen)], np.sqrt(np.maximum(np.diag(inverse), 0.0))

    def conditional(self, given: Sequence[int]) -> Floats:
        """T of every hypothesis once those ``given`` are allowed for, (n,); 0 where these already explain it."""
        if not len(given):
            return np.where(self.testable, np.nan_to_num(self.statistics), 0.0)
        columns = np.column_stack([self.column(i) for i in given])
        weights = np.linalg.solve(self.block(given), np.column_stack([self.score[list(given)], columns.T]))
        rest = self.score - columns @ weights[:, 0]
        size = self.gram - np.einsum("ij,ji->i", columns, weights[:, 1:])
        usable = self.testable & (size > PARALLEL * self.gram)
        usable[list(given)] = False
        return np.where(usable, rest**2 / np.where(usable, size, 1.0), 0.0)

    def cosines(self, number: int) -> Floats:
        """|cosine| of the effect of one hypothesis with all; exact where both sizes are."""
        length = np.sqrt(np.where(self.testable, self.gram, np.inf))
        return np.asarray(np.abs(self.column(number)) / np.maximum(length * length[number], 1e-300))

    def parallel_classes(self) -> Integers:
        """Number of the exact class of every hypothesis, (n,): the smallest member's number; -1 where not testable."""
        return _labels(len(self), self.testable, self._parallel_pairs)

    def like_classes(self) -> Integers:
        """Number of the class of every hypothesis when like ones on one meter or node count as one too; -1 where not
        testable. (n,)
        """
        return _labels(len(self), self.testable, [*self._parallel_pairs, *self._like_pairs])

    def distinct(self, kinds: Iterable[str]) -> int:
        """Number of different tests of the given kinds: parallel ones are one, like ones on one meter or node too."""
        wanted = set(kinds)
        mine = self.testable & np.array([label.kind in wanted for label in self.labels], dtype=bool)
        pairs = [*self._parallel_pairs, *self._like_pairs]
        labels = _labels(len(self), mine, [(a, b) for a, b in pairs if mine[a] and mine[b]])
        return len(np.unique(labels[labels >= 0]))

    def _directions(self) -> tuple[Integers, Floats]:
        """Testable hypotheses and their effects at unit length."""
        numbers = np.flatnonzero(self.testable)
        shown = self._shown[numbers]
        length = np.sqrt(np.einsum("ij,ij->i", shown, shown))
        return numbers, shown / np.where(length > 0.0, length, 1.0)[:, None]

    @cached_property
    def _parallel_pairs(self) -> list[tuple[int, int]]:
        numbers, unit = self._directions()
        if len(numbers) < 2:
            return []
        axes = np.random.default_rng(_SEED).standard_normal((unit.shape[1], _PROJECTIONS))
        flat = unit @ axes
        either = np.concatenate([flat, -flat])  # a direction and its reverse are one effect
        count = len(numbers)
        near = spatial.cKDTree(either).query_pairs(
            _RADIUS * float(np.max(np.linalg.norm(axes, axis=0))), output_type="ndarray"
        )
        first, second = near[:, 0] % count, near[:, 1] % count
        cosine = np.abs(np.einsum("ij,ij->i", unit[first], unit[second]))
        kept = (first != second) & (cosine > 1.0 - PARALLEL)
        return list(zip(numbers[first[kept]].tolist(), numbers[second[kept]].tolist(), strict=True))

    @cached_property
    def _like_pairs(self) -> list[tuple[int, int]]:
        numbers, unit = self._directions()
        groups: dict[tuple[str, str | None], list[int]] = {}
        for place, number in enumerate(numbers.tolist()):
            label = self.labels[number]
            groups.setdefault((label.object, label.tag), []).append(place)
        pairs = []
        for members in (members for members in groups.values() if len(members) > 1):
            cosine = np.abs(unit[members] @ unit[members].T)
            first, second = np.nonzero(np.triu(cosine > 1.0 - ALIKE, 1))
            pairs += [(int(numbers[members[a]]), int(numbers[members[b]])) for a, b in zip(first, second, strict=True)]
        return pairs


def _squares(matrix: sparse.csc_matrix) -> Floats:
    return np.asarray(matrix.multiply(matrix).sum(axis=0), dtype=np.float64).ravel()


def _labels(count: int, testable: NDArray[np.bool_], pairs: list[tuple[int, int]]) -> Integers:
    """Smallest member of every connected group; -1 where not testable."""
    first = np.array([a for a, _ in pairs], dtype=np.int64)
    second = np.array([b for _, b in pairs], dtype=np.int64)
    graph = sparse.coo_matrix((np.ones(len(first)), (first, second)), shape=(count, count))
    groups, labels = sparse.csgraph.connected_components(graph, directed=False)
    smallest = np.full(groups, count, dtype=np.int64)
    np.minimum.at(smallest, labels, np.arange(count))
    return np.where(testable, smallest[labels], -1)


__all__ = [
    "Hypotheses", "Hypothesis", "Patterns", "Response", "Vicinity",
    "biases", "leaks", "outliers", "shared",
]  # fmt: skip
