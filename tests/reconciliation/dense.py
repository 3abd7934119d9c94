"""A dense reference for tests of gross errors: linear networks solved with one pseudo-inverse, no engine involved."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from scipy import sparse

from ferrolan.reconciliation.equations import equations
from ferrolan.reconciliation.evidence import evidence
from ferrolan.reconciliation.hypotheses import Vicinity
from ferrolan.reconciliation.inquiry import Inquiry
from ferrolan.reconciliation.network import MASS, Network, Node, Reading, Stream


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
