"""The engine in parts, for benchmarks: only the solve, the solve of the next day, the whole account.

For example: ``solved(network)`` is what is compared with IPOPT's solve; ``everything(network, 8)`` adds deviations,
tests and suspects, and re-solves a sample of suspects to say what they would cost one by one. The only module of the
benchmarks that knows the engine's inner names.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ferrolan.reconciliation import Network, Stream, reconcile, solution
from ferrolan.reconciliation.equations import Equations, equations
from ferrolan.reconciliation.evidence import evidence
from ferrolan.reconciliation.solution import Solution, solve
from ferrolan.reconciliation.start import hierarchical_start, prior

Address = tuple[str, str, str | None, int]

MOST = 50
"""Steps of one search, as ``solve`` allows them."""


@dataclass(frozen=True)
class Answer:
    """CPU seconds of building the equations and of the rest, and what was found."""

    values: Mapping[Address, float]
    objective: float
    iterations: int
    building: float
    solving: float
    status: str = "converged"


def solved(network: Network, *, bounded: bool = True) -> Answer:
    """The values alone, from the engine's own start. Without bounds its equations are given infinite ones.

    Building is writing the equations and whitening the readings, as IPOPT's is writing its expressions and derivatives.
    """
    began = time.process_time()
    problem = solution._Problem(network, (system := _equations(network, bounded)), evidence(network, system))
    assert problem.known is not None and problem.relative > 0.0  # kept once they are asked for
    built = time.process_time()
    found = solution._cold(problem, MOST)
    took = time.process_time() - built
    values = dict(zip(system.keys, found.z.tolist(), strict=True))
    return Answer(values, 2.0 * problem.evidence.value(found.z), found.iterations, built - began, took)


def warm_solved(today: Network, tomorrow: Network) -> Answer:
    """Tomorrow's values, from today's solution; the time is tomorrow's alone."""
    before = solve(today)
    began = time.process_time()
    found = solve(tomorrow, start=before)
    return _answer(found, 0.0, time.process_time() - began)


def whole(network: Network) -> Answer:
    """Solve, the deviations of all values, the statistics of all meters and nodes (biases, leaks, nodal tests)."""
    answer, _ = _account(network)
    return answer


def everything(network: Network, sample: int) -> tuple[Answer, dict[str, float]]:
    """The account as numbers; CPU seconds of its parts and of one warm re-solve, the mean over a sample of suspects.

    Half the sample are tags whose readings are left out, half nodes that lose an unknown flow.
    """
    alone = solved(network)
    before = solve(network)
    tags = list(dict.fromkeys(reading.tag for reading in network.readings))
    cases = [_without(network, tags[i]) for i in np.linspace(0, len(tags) - 1, sample // 2).astype(int)]
    nodes = np.linspace(0, len(network.nodes) - 1, sample - sample // 2).astype(int)
    cases += [_leaking(network, network.nodes[i].name) for i in nodes]
    began = time.process_time()
    for case in cases:
        solve(case, start=before)
    again = (time.process_time() - began) / len(cases)
    answer, parts = _account(network)
    return answer, {"solve alone": alone.solving, "one re-solve": again} | parts


def _account(network: Network) -> tuple[Answer, dict[str, float]]:
    """The account as numbers, and how long each part took, the tables in words last and not counted in the answer."""
    clock = [time.process_time()]
    found = reconcile(network)
    parts = {}

    def told(part: str, *_: object) -> None:
        clock.append(time.process_time())
        parts[part] = clock[-1] - clock[-2]

    told("equations, start and search")
    told("classification", found.solvability)
    told("all deviations", found._linearisation.variances())
    told("tests of meters", found.reading_z)
    told("biases and leaks of all tags and nodes", found.inquiry.hypotheses.statistics)
    told("nodal tests", found.inquiry.nodal)
    took = clock[-1] - clock[0]
    told("tables with their reasons in words", found.account, found.closure, found.tests, found.suspects)
    values = {key: float(found.values[place]) for key, place in found.index.items()}
    return Answer(values, found.objective, found.iterations, 0.0, took), parts


def hierarchical_values(network: Network) -> dict[Address, float]:
    """Where the engine begins."""
    system = equations(network)
    known = prior(system, evidence(network, system), np.asarray(network.hours))
    return dict(zip(system.keys, hierarchical_start(system, known).tolist(), strict=True))


def _equations(network: Network, bounded: bool) -> Equations:
    system = equations(network)
    if bounded:
        return system
    return replace(system, lower=np.full(len(system.keys), -np.inf), upper=np.full(len(system.keys), np.inf))


def _without(network: Network, tag: str) -> Network:
    return replace(network, readings=tuple(reading for reading in network.readings if reading.tag != tag))


def _leaking(network: Network, node: str) -> Network:
    return replace(network, streams=(*network.streams, Stream("leak", node, None)))


def _answer(found: Solution, building: float, took: float) -> Answer:
    values = dict(zip(found.system.keys, found.values.tolist(), strict=True))
    return Answer(values, found.objective, found.iterations, building, took)
