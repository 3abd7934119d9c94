"""A dense reference for tests of gross errors: linear networks solved with one pseudo-inverse, no engine involved."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy import sparse, special

from ferrolan.numerics.kkt import Floats, Integers
from ferrolan.reconciliation.culprits import NEAR, WIDTH
from ferrolan.reconciliation.equations import equations
from ferrolan.reconciliation.evidence import evidence
from ferrolan.reconciliation.hypotheses import PARALLEL, Vicinity
from ferrolan.reconciliation.inquiry import Inquiry
from ferrolan.reconciliation.network import MASS, Network, Node, Reading, Stream
from ferrolan.reconciliation.suspects import Suspect, relative
from ferrolan.reconciliation.tests import LEAST_REDUNDANCY, sidak_critical


class DenseResponse:
    """The inverse of ``[[W, A'], [A, 0]]``, dense."""

    def __init__(self, weight, jacobian):
        weight, jacobian = weight.toarray(), jacobian.toarray()
        self.size = len(weight)
        below = np.zeros((len(jacobian), len(jacobian)))
        self.inverse = np.linalg.pinv(np.block([[weight, jacobian.T], [jacobian, below]]), rcond=1e-11, hermitian=True)

    def solve(self, top, bottom):
        solution = self.inverse @ np.vstack([top, bottom])
        return solution[: self.size], solution[self.size :]


class Account:
    """A network with linear balances, reconciled; with ``values`` a bilinear one, linearised there."""

    def __init__(self, network: Network, values=None):
        self.network = network
        self.system = equations(network)
        self.natural = evidence(network, self.system)
        count = len(self.system.keys)
        largest = np.asarray(abs(self.natural.matrix).max(axis=0).todense()).ravel()
        size = np.ones(count) if values is None else np.maximum(np.abs(values), 1e-3) * 0.02
        unread = np.median(1.0 / largest[largest > 0.0]) if values is None else size
        self.scale = np.where(largest > 0.0, 1.0 / np.where(largest > 0.0, largest, 1.0), unread)
        start = np.zeros(count) if values is None else values
        jacobian = self.system.jacobian(start)
        jacobian = sparse.csr_matrix(jacobian @ sparse.diags_array(self.scale))
        length = np.sqrt(np.asarray(jacobian.multiply(jacobian).sum(axis=1)).ravel())
        self.row_scale = np.where(length > 0.0, length, 1.0)
        self.jacobian = sparse.csr_matrix(sparse.diags_array(1.0 / self.row_scale) @ jacobian)
        self.evidence = self.natural.scaled(self.scale)
        self.response = DenseResponse(self.evidence.weight(), self.jacobian)
        if values is None:
            target = self.evidence.matrix.T @ self.evidence.target
            open_rows = -self.system.residual(start) / self.row_scale
            self.z = self.response.solve(target[:, None], open_rows[:, None])[0][:, 0]
        else:
            self.z = values / self.scale
        adjustment = self.evidence.residual(self.z)
        self.rows = len(self.system.rows)
        self.vicinity = Vicinity(self.evidence.matrix, adjustment, self.rows, self.response, jacobian=self.jacobian)
        self.objective = float(adjustment @ adjustment)
        hat = self.evidence.matrix @ self.response.inverse[:count, :count] @ self.evidence.matrix.T
        self.variances = np.diag(hat)
        self.degrees = round(float(np.sum(1.0 - self.variances)))


def flows(pipes, measured, sigma, *, unmeasured=(), periods=1):
    """A flow network from {stream: (source, target)}; readings and sigmas by stream, or lists of them by period."""
    nodes = dict.fromkeys(end for ends in pipes.values() for end in ends if end is not None)
    readings = tuple(
        Reading("flow", name, None, p, float(np.broadcast_to(measured[name], periods)[p]), float(sigma[name]), name)
        for name in pipes
        if name not in unmeasured
        for p in range(periods)
    )
    streams = tuple(Stream(name, *ends) for name, ends in pipes.items())
    return Network(streams, tuple(Node(node, (MASS,)) for node in nodes), (), (1.0,) * periods, readings)


def inquiry(account: Account, **more) -> Inquiry:
    """Everything about gross errors of a dense account."""
    everything = np.ones(len(account.scale), dtype=bool)
    return Inquiry(
        account.network,
        account.system,
        account.natural,
        account.z * account.scale,
        account.scale,
        account.row_scale,
        account.vicinity,
        account.variances,
        account.evidence.measured,
        everything,
        account.objective,
        account.degrees,
        **more,
    )


CASES = Path(__file__).parents[2] / "cases" / "reconciliation"


def published(name: str, unmeasured=()) -> Network:
    """A published flow network as it stands in ``cases/``."""
    with (CASES / name / "streams.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    pipes = {row["stream"]: (row["source"] or None, row["target"] or None) for row in rows}
    measured = {row["stream"]: float(row["measured"]) for row in rows}
    sigma = {row["stream"]: float(row["sigma"]) for row in rows}
    return flows(pipes, measured, sigma, unmeasured=unmeasured)


def random_flows(generator: np.random.Generator, nodes: int, streams: int) -> Network:
    """A random connected flow network with readings that contradict each other."""
    ends = [(None, "n0")]
    ends += [(f"n{int(generator.integers(node))}", f"n{node}") for node in range(1, nodes)]
    ends += [(f"n{node}", None) for node in range(nodes) if all(a != f"n{node}" for a, _ in ends)]
    while len(ends) < streams:
        source, target = generator.integers(nodes, size=2).tolist()
        ends.append((f"n{source}", None if source == target else f"n{target}"))
    pipes = {f"s{number}": pair for number, pair in enumerate(ends)}
    sigma = {name: float(generator.uniform(0.5, 2.0)) for name in pipes}
    measured = {name: float(50.0 + 5.0 * generator.standard_normal()) for name in pipes}
    return flows(pipes, measured, sigma)


@dataclass(frozen=True)
class Biases:
    """Bias hypotheses, one per tag: the effect of a bias on the adjustments, and how it shows.

    ``score`` (tags,) is d' r and ``gram`` (tags, tags) d' R d for the directions d of the biases in units of sigma, the
    adjustments r and their covariance R; ``testable`` (bool) is False where a bias leaves no trace.
    """

    tags: tuple[str, ...]
    score: Floats
    gram: Floats
    testable: np.ndarray

    @property
    def statistics(self) -> Floats:
        """Generalised likelihood ratio T of each single bias, (tags,); nan where not testable."""
        scale = np.where(self.testable, np.diag(self.gram), 1.0)
        return np.where(self.testable, self.score**2 / scale, np.nan)


def dense_biases(
    tags: tuple[str, ...],
    directions: Floats,
    adjustment: Floats,
    carried: Floats,
) -> Biases:
    """Set up the hypotheses.

    Parameters
    ----------
    directions : (readings, tags)
        Readings of each tag in units of sigma, zero elsewhere: the effect of a relative bias of one.
    adjustment : (readings,)
        Reading less reconciled value, in units of sigma.
    carried : (readings, tags)
        What the reconciled values take over of the directions: C @ directions.
    """
    gram = directions.T @ (directions - carried)
    gram = 0.5 * (gram + gram.T)
    size = np.einsum("ij,ij->j", directions, directions)
    least = LEAST_REDUNDANCY * np.where(size > 0.0, size, 1.0)
    testable = np.diag(gram) > least
    return Biases(tags, directions.T @ adjustment, gram, testable)


def equivalence_classes(of: Biases) -> tuple[tuple[int, ...], ...]:
    """Exact classes of testable tags: all whose effects are parallel, so that no reading can tell them apart."""
    testable = np.flatnonzero(of.testable)
    cosine = _cosines(of.gram, testable)
    left = list(range(len(testable)))
    classes = []
    while left:
        members = [i for i in left if cosine[left[0], i] > 1.0 - PARALLEL]
        left = [i for i in left if i not in members]
        classes.append(tuple(int(testable[i]) for i in members))
    return tuple(classes)


def _cosines(gram: Floats, chosen: Integers) -> Floats:
    length = np.sqrt(np.diag(gram)[chosen])
    cosines: Floats = np.abs(gram[np.ix_(chosen, chosen)]) / np.outer(length, length)
    return cosines


def dense_suspects(of: Biases, objective: float, degrees_of_freedom: int, *, most: int = 10) -> tuple[Suspect, ...]:
    """Rank the classes of tags that may carry a bias.

    First those found one after the other: the class with the largest statistic, then the largest once that bias is
    allowed for, as long as it exceeds the critical value and the rest fails the global test or the single-bias test.
    Then any other class whose statistic alone exceeds the critical value (it may only echo the former). ``z``,
    ``bias`` and ``p_global_without`` of the former allow for the classes of smaller rank; of the latter they stand
    alone.

    A class holds the exactly parallel tags and those that explain the data as well at 95 %: with one of them allowed
    for the other is not needed, and the other way round.
    """
    classes = equivalence_classes(of)
    critical = sidak_critical(int(of.testable.sum()))
    found: list[Suspect] = []
    chosen: list[int] = []
    taken: set[int] = set()
    while len(chosen) < min(most, degrees_of_freedom):
        conditional = _conditional(of, chosen)
        best = max((c for c in classes if c[0] not in taken), key=lambda c: conditional[c[0]], default=None)
        if best is None or not conditional[best[0]] > critical**2:
            break
        members = _members(of, classes, best, chosen, conditional)
        rank = len(chosen) + 1
        left = objective - _explained(of, [*chosen, best[0]])
        for tag in members:
            found.append(_suspect(of, rank, tag, chosen, conditional[tag], critical, left, degrees_of_freedom))
        taken.update(members)
        chosen.append(best[0])
    single = of.statistics
    echoes = [c for c in classes if c[0] not in taken and single[c[0]] > critical**2]
    for place, echo in enumerate(sorted(echoes, key=lambda c: -single[c[0]]), start=len(chosen) + 1):
        left = objective - float(single[echo[0]])
        for tag in echo:
            alone = _suspect(of, place, tag, [], single[tag], critical, left, degrees_of_freedom)
            found.append(replace(alone, echo=True))
    return tuple(found)


def _conditional(of: Biases, given: list[int]) -> Floats:
    """T of every tag once the biases of ``given`` are allowed for; 0 where these already explain it."""
    score, gram = of.score, of.gram
    if not given:
        return np.where(of.testable, np.nan_to_num(of.statistics), 0.0)
    inner = np.linalg.solve(gram[np.ix_(given, given)], np.column_stack([score[given], gram[given]]))
    rest = score - gram[:, given] @ inner[:, 0]
    size = np.diag(gram) - np.einsum("ij,ji->i", gram[:, given], inner[:, 1:])
    usable = of.testable & (size > PARALLEL * np.abs(np.diag(gram)))
    return np.where(usable, rest**2 / np.where(usable, size, 1.0), 0.0)


def _explained(of: Biases, chosen: list[int]) -> float:
    """By how much J falls when the biases of the chosen tags are allowed for."""
    score = of.score[chosen]
    return float(score @ np.linalg.solve(of.gram[np.ix_(chosen, chosen)], score))


def _members(
    of: Biases,
    classes: tuple[tuple[int, ...], ...],
    best: tuple[int, ...],
    chosen: list[int],
    conditional: Floats,
) -> list[int]:
    """The exact class first, then classes of which either makes the other needless."""
    after = _conditional(of, [*chosen, best[0]])
    members = list(best)
    for other in classes:
        head = other[0]
        if head in members or head in chosen or conditional[best[0]] - conditional[head] >= NEAR:
            continue
        if after[head] < NEAR and conditional[head] > NEAR:
            members.extend(other)
    return members


def _suspect(
    of: Biases,
    rank: int,
    tag: int,
    given: list[int],
    statistic: float,
    critical: float,
    left: float,
    degrees_of_freedom: int,
) -> Suspect:
    bias, sd = _estimate(of, tag, given)
    rest = degrees_of_freedom - len(given) - 1
    p_value = float(special.chdtrc(rest, max(left, 0.0))) if rest > 0 else 1.0
    ends = [relative(bias + sign * WIDTH * sd) for sign in (-1.0, 1.0)]
    return Suspect(
        rank, rank, tag, float(np.sqrt(statistic)), critical, relative(bias), ends[0], ends[1], p_value, echo=False
    )


def _estimate(of: Biases, tag: int, given: list[int]) -> tuple[float, float]:
    """Bias as a share of the reading, and its standard deviation, together with those of ``given``."""
    chosen = [*given, tag]
    inverse = np.linalg.inv(of.gram[np.ix_(chosen, chosen)])
    return float((inverse @ of.score[chosen])[-1]), float(np.sqrt(inverse[-1, -1]))
