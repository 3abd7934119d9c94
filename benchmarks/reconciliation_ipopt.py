"""A second opinion on a reconciliation: the same network written down once more, for CasADi and its IPOPT with MUMPS.

For example: ``second_opinion(network)`` gives the reconciled flows, assays, stocks, shared errors and temperatures of a
network, the objective and the CPU time, without a line of the engine: from the network's declarations it writes its
own balances, its own sum of squares, its own log-likelihood of what lies below detection. Tests hold the engine to it,
benchmarks run it beside the engine.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferrolan.reconciliation.network import MASS, Network, Node, Reading, Stream

Address = tuple[str, str, str | None, int]
Floats = NDArray[np.float64]
Symbol = Any
"""CasADi ships no types: an SX expression."""

ENERGY = "energy"
_OPTIONS = {
    "print_time": False,
    "ipopt.print_level": 0,
    "ipopt.sb": "yes",
    "ipopt.linear_solver": "mumps",
    "ipopt.max_iter": 3000,
    "ipopt.acceptable_iter": 0,
}
_WARM = {
    "ipopt.warm_start_init_point": "yes",
    "ipopt.mu_init": 1e-6,
    "ipopt.warm_start_bound_push": 1e-8,
    "ipopt.warm_start_mult_bound_push": 1e-8,
}


@dataclass(frozen=True)
class Opinion:
    """What IPOPT found: values by address, twice the negative log-likelihood, status and CPU seconds."""

    values: dict[Address, float]
    objective: float
    status: str
    iterations: int
    building: float
    solving: float
    multipliers: tuple[Floats, Floats] | None = field(default=None, compare=False)

    @property
    def converged(self) -> bool:
        """Whether IPOPT says so."""
        return self.status == "Solve_Succeeded"


def second_opinion(
    network: Network,
    *,
    start: Mapping[Address, float] | None = None,
    bounded: bool = True,
    tolerance: float = 1e-10,
    rounds: int = 3,
    patience: float = 3600.0,
    before: Opinion | None = None,
) -> Opinion:
    """Reconcile with IPOPT.

    Parameters
    ----------
    start
        Where to begin; what is missing begins at the reading, or at the median reading of its kind.
    bounded
        Whether flows and stocks stay at or above 0 and compositions between 0 and 1.
    tolerance
        IPOPT's, on rows and variables that are scaled by the sizes at the start.
    rounds
        How often the problem is solved in all where a reading's sigma depends on the reconciled value.
    patience
        CPU seconds after which IPOPT stops.
    before
        An opinion on a network of the same structure whose values and multipliers IPOPT begins with.
    """
    problem = _Problem(network, bounded, patience)
    sigmas = [reading.sigma for reading in network.readings]
    opinion = problem.solve(start or (before.values if before else {}), sigmas, tolerance, before)
    if any(getattr(reading, "model", None) is not None for reading in network.readings):
        for _ in range(rounds - 1):
            sigmas = [_sigma(reading, opinion.values) for reading in network.readings]
            opinion = problem.solve(opinion.values, sigmas, tolerance)
    return opinion


def _sigma(reading: Reading, values: Mapping[Address, float]) -> float:
    if reading.model is None:
        return reading.sigma
    error, size = reading.model, abs(values[_address(reading)])
    sigma = error.fixed + error.relative * size
    return sigma if error.maximum is None else min(sigma, error.maximum)


def _address(reading: Reading) -> Address:
    return (reading.kind, reading.object, reading.component, reading.period)


class _Problem:
    """Variables, constraints as sums of coefficient times product of variables, readings."""

    def __init__(self, network: Network, bounded: bool, patience: float) -> None:
        began = time.process_time()
        self._network, self._bounded, self._patience = network, bounded, patience
        self._place: dict[Address, int] = {}
        self._terms: list[tuple[int, float, tuple[int, ...]]] = []
        self._rows = 0
        self._size: dict[int, float] = {}
        self._inlets: dict[str, list[Stream]] = defaultdict(list)
        self._outlets: dict[str, list[Stream]] = defaultdict(list)
        for stream in network.streams:
            self._outlets[stream.source or ""].append(stream)
            self._inlets[stream.target or ""].append(stream)
        self._declare()
        for node in network.nodes:
            for balance in node.balances:
                for period in range(len(network.hours)):
                    self._balance(node, balance, period)
        self._relations()
        self._building = time.process_time() - began

    # variables

    def _declare(self) -> None:
        """Every quantity that is read, known or named by a balance becomes a variable when it is first met."""
        for reading in self._network.readings:
            self._at(*_address(reading))
        for one in getattr(self._network, "shared", ()):
            for period in range(len(self._network.hours)) if one.lasts == "period" else (0,):
                self._at("shared", one.name, None, period)

    def _at(self, kind: str, name: str, component: str | None, period: int) -> int:
        return self._place.setdefault((kind, name, component, period), len(self._place))

    # constraints

    def _row(self, terms: list[tuple[float, tuple[int, ...]]], constant: float = 0.0) -> None:
        self._terms.extend((self._rows, factor, members) for factor, members in terms)
        if constant:
            self._terms.append((self._rows, constant, ()))
        self._rows += 1

    def _balance(self, node: Node, balance: str, period: int) -> None:
        if node.kind == "splitter" and balance != MASS:
            self._same(node, balance, period)
            return
        hours = self._network.hours[period] if node.kind == "stock" else 1.0
        signed = [(s, hours) for s in self._inlets[node.name]] + [(s, -hours) for s in self._outlets[node.name]]
        terms = [(sign, members) for s, sign in signed if (members := self._carried(s, balance, period)) is not None]
        if node.kind == "stock":
            for when, sign in ((period, 1.0), (period + 1, -1.0)):
                members = [self._at("stock", node.name, None, when)]
                if balance != MASS:
                    members.append(self._at("stock_assay", node.name, balance, when))
                terms.append((sign, tuple(members)))
        if terms:
            self._row(terms)

    def _carried(self, stream: Stream, balance: str, period: int) -> tuple[int, ...] | None:
        """Factors of what a stream carries of a balance; None where it carries nothing."""
        heat = getattr(stream, "carries", "material") == "heat"
        if heat and balance != ENERGY:
            return None
        if (stream.name, balance) in self._network.absent:
            return None
        flow = self._at("flow", stream.name, None, period)
        if balance == MASS or heat:
            return (flow,)
        if balance == ENERGY:
            return (flow, self._enthalpy(stream, period))
        return (flow, self._at("assay", stream.name, balance, period))

    def _enthalpy(self, stream: Stream, period: int) -> int:
        known = ("enthalpy", stream.name, None, period) in self._place
        place = self._at("enthalpy", stream.name, None, period)
        if not known:
            temperature = self._at("temperature", stream.name, None, period)
            a, b, c = (*stream.enthalpy, 0.0, 0.0, 0.0)[:3]
            self._row([(1.0, (place,)), (-b, (temperature,)), (-c, (temperature, temperature))], -a)
            self._size[place] = max(abs(a + b * 400.0 + c * 160000.0), 1e-3)
        return place

    def _same(self, node: Node, component: str, period: int) -> None:
        inlet = self._inlets[node.name][0]
        for outlet in self._outlets[node.name]:
            sides = [(s, sign) for s, sign in ((outlet, 1.0), (inlet, -1.0))]
            present = [(s, sign) for s, sign in sides if (s.name, component) not in self._network.absent]
            if component == ENERGY:
                self._row([(sign, (self._at("temperature", s.name, None, period),)) for s, sign in present])
            elif present:
                self._row([(sign, (self._at("assay", s.name, component, period),)) for s, sign in present])

    def _relations(self) -> None:
        network = self._network
        for known in getattr(network, "known", ()):
            for period in range(len(network.hours)) if known.period is None else (known.period,):
                self._row([(1.0, (self._at(known.kind, known.object, known.component, period),))], -known.value)
        for relation in getattr(network, "relations", ()):
            for period in range(len(network.hours)):
                terms = [(f, tuple(self._at(*address, period) for address in product)) for f, product in relation.terms]
                self._row(terms, relation.constant)

    # the solve

    def solve(
        self, start: Mapping[Address, float], sigmas: list[float], tolerance: float, before: Opinion | None = None
    ) -> Opinion:
        import casadi

        began = time.process_time()
        beginning = self._beginning(start)
        scale = self._scales(beginning, sigmas)
        unit = casadi.SX.sym("z", len(self._place))
        values = unit * casadi.DM(scale)
        constraints = self._constraints(casadi, values, beginning)
        problem = {"x": unit, "f": self._half(casadi, values, sigmas), "g": constraints}
        limits = {"ipopt.tol": tolerance, "ipopt.max_cpu_time": self._patience}
        warm = _WARM if before is not None and before.multipliers is not None else {}
        solver = casadi.nlpsol("peer", "ipopt", problem, _OPTIONS | limits | warm)
        known = dict(zip(("lam_x0", "lam_g0"), before.multipliers, strict=True)) if warm and before else {}
        lower, upper = self._limits()
        built = time.process_time() + self._building
        answer = solver(x0=beginning / scale, lbx=lower / scale, ubx=upper / scale, lbg=0.0, ubg=0.0, **known)
        solved = time.process_time() + self._building
        told = solver.stats()
        found = np.asarray(answer["x"]).ravel() * scale
        return Opinion(
            values=dict(zip(self._place, found.tolist(), strict=True)),
            objective=2.0 * float(answer["f"]),
            status=str(told["return_status"]),
            iterations=int(told["iter_count"]),
            building=built - began,
            solving=solved - built,
            multipliers=(np.asarray(answer["lam_x"]).ravel(), np.asarray(answer["lam_g"]).ravel()),
        )

    def _beginning(self, start: Mapping[Address, float]) -> Floats:
        """The start given, else the reading, else the median reading of the kind."""
        groups: dict[tuple[str, str | None], list[float]] = defaultdict(list)
        found = np.full(len(self._place), np.nan)
        for reading in self._network.readings:
            found[self._place[_address(reading)]] = reading.value
            groups[reading.kind, reading.component].append(abs(reading.value))
        usual = {group: float(np.median(read)) for group, read in groups.items()}
        rest = {"flow": 1.0, "assay": 0.1, "stock": 100.0, "stock_assay": 0.1, "temperature": 400.0, "shared": 0.0}
        for address, place in self._place.items():
            kind, _, component, _ = address
            if address in start:
                found[place] = start[address]
            elif np.isnan(found[place]):
                other = usual.get((kind.removeprefix("stock_"), component), rest.get(kind, 1.0))
                found[place] = usual.get((kind, component), self._size.get(place, other))
        return found

    def _scales(self, beginning: Floats, sigmas: list[float]) -> Floats:
        """Sigma of what is read; of the rest 2 % of its size, as far as it has one."""
        scale = 0.02 * np.maximum(np.abs(beginning), 1e-3)
        for reading, sigma in zip(self._network.readings, sigmas, strict=True):
            scale[self._place[_address(reading)]] = sigma
        for one in getattr(self._network, "shared", ()):
            for period in range(len(self._network.hours)):
                if ("shared", one.name, None, period) in self._place:
                    scale[self._place["shared", one.name, None, period]] = one.sigma
        return scale

    def _limits(self) -> tuple[Floats, Floats]:
        lower, upper = np.full(len(self._place), -np.inf), np.full(len(self._place), np.inf)
        own = {q.name: (q.lower, q.upper) for q in getattr(self._network, "quantities", ())}
        heat = {s.name for s in self._network.streams if getattr(s, "carries", "material") == "heat"}
        for (kind, name, _, _), place in self._place.items() if self._bounded else ():
            if kind == "quantity":
                lower[place], upper[place] = own[name]
            elif kind in ("assay", "stock_assay"):
                lower[place], upper[place] = 0.0, 1.0
            elif kind == "stock" or (kind == "flow" and name not in heat):
                lower[place] = 0.0
        return lower, upper

    def _constraints(self, casadi: Any, values: Symbol, beginning: Floats) -> Symbol:
        """Rows divided by the size of their largest term at the start."""
        size = np.full(self._rows, 1e-12)
        by_degree: dict[int, list[tuple[int, float, tuple[int, ...]]]] = defaultdict(list)
        for row, factor, members in self._terms:
            by_degree[len(members)].append((row, factor, members))
            size[row] = max(size[row], abs(factor) * float(np.prod(np.abs(beginning[list(members)]))))
        total = casadi.SX.zeros(self._rows)
        for degree, terms in by_degree.items():
            product = casadi.SX.ones(len(terms))
            for position in range(degree):
                product = product * values[[members[position] for _, _, members in terms]]
            rows = [row for row, _, _ in terms]
            factors = [factor / size[row] for row, factor, _ in terms]
            total += casadi.mtimes(_sparse(casadi, rows, factors, self._rows), product)
        return total

    def _half(self, casadi: Any, values: Symbol, sigmas: list[float]) -> Symbol:
        """Minus the log-likelihood but for a constant."""
        network = self._network
        censored = [i for i, r in enumerate(network.readings) if getattr(r, "below", False)]
        whole = [i for i in range(len(network.readings)) if i not in set(censored)]
        rest = self._rests(casadi, values, whole, sigmas)
        half = self._square(casadi, rest, [network.readings[i] for i in whole])
        for i in censored:
            reading = network.readings[i]
            reach = (reading.value - values[self._place[_address(reading)]]) / sigmas[i]
            half -= casadi.log(0.5 * (1.0 + casadi.erf(reach / np.sqrt(2.0))))
        for one in getattr(network, "shared", ()):
            for period in range(len(network.hours)) if one.lasts == "period" else (0,):
                half += 0.5 * (values[self._place["shared", one.name, None, period]] / one.sigma) ** 2
        return half

    def _rests(self, casadi: Any, values: Symbol, chosen: list[int], sigmas: list[float]) -> Symbol:
        """(reading - value - what the shared errors make of it) / sigma."""
        read = [self._network.readings[i] for i in chosen]
        expected = values[[self._place[_address(r)] for r in read]]
        lasts = {one.name: one.lasts for one in getattr(self._network, "shared", ())}
        entries = [
            (row, factor, self._place["shared", name, None, r.period if lasts[name] == "period" else 0])
            for row, r in enumerate(read)
            for name, factor in getattr(r, "shares", ())
        ]
        if entries:
            rows, factors, places = zip(*entries, strict=True)
            expected += casadi.mtimes(_sparse(casadi, rows, factors, len(read)), values[list(places)])
        return (casadi.DM([r.value for r in read]) - expected) / casadi.DM([sigmas[i] for i in chosen])

    def _square(self, casadi: Any, rest: Symbol, read: list[Reading]) -> Symbol:
        """Half of rest' R^-1 rest; R is the correlation of the readings."""
        pairs = [(c.first, c.second, c.r) for c in getattr(self._network, "correlations", ())]
        if not pairs:
            return 0.5 * casadi.sumsqr(rest)
        correlation = np.eye(len(read))
        place = {(r.tag, r.period): i for i, r in enumerate(read)}
        for first, second, r in pairs:
            for period in range(len(self._network.hours) + 1):
                if (first, period) in place and (second, period) in place:
                    i, j = place[first, period], place[second, period]
                    correlation[i, j] = correlation[j, i] = r
        return 0.5 * casadi.mtimes(rest.T, casadi.mtimes(casadi.DM(np.linalg.inv(correlation)), rest))


def _sparse(casadi: Any, rows: Any, factors: Any, height: int) -> Any:
    """Matrix with the factor of entry k at (row of k, k)."""
    width = len(rows)
    return casadi.DM.triplet(list(rows), list(range(width)), casadi.DM(list(factors)), height, width)
