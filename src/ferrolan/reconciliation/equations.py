"""The balances as equations: which variables there are, and c(z), its Jacobian and the Hessian of its multipliers.

For example: the iron balance of the mill in one period, ``F_ore X_ore,Fe - F_ground X_ground,Fe = 0``, is two bilinear
terms; its mass balance two linear ones; the enthalpy of the kiln's gas, ``h - a - b T - c T^2 = 0``, two linear ones, a
square and a constant. Every row is a sum of such terms, kept as flat arrays, so that a change of scale multiplies
coefficients and nothing else. What repeats in every period is written once and laid out over all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ferrolan.numerics.kkt import Floats, Integers
from ferrolan.reconciliation.elements import ENERGY, MASS, Node, Place, Relation, Stream
from ferrolan.reconciliation.keys import Address, Key, KeyIndex, Row, Runs, runs
from ferrolan.reconciliation.network import Network

__all__ = ["Equations", "Key", "Row", "equations"]

_NO_INTEGERS = np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Equations:
    """``c_r(z) = constant_r + sum linear_factor z[linear_variable] + sum product_factor z[product_first]
    z[product_second]``.

    ``product_first`` is a flow, stock or temperature, ``product_second`` an assay, enthalpy or temperature; in
    relations both are anything. ``lower`` and ``upper`` (variables,) bound z; where they are equal the value is exact.
    ``defined_row`` and ``defined_variable`` pair the rows of enthalpies and lifted products with what they define.
    """

    keys: Runs[Key]
    index: Mapping[Address, int]
    rows: Runs[Row]
    linear_row: Integers
    linear_variable: Integers
    linear_factor: Floats
    product_row: Integers
    product_first: Integers
    product_second: Integers
    product_factor: Floats
    lower: Floats
    upper: Floats
    constant: Floats
    defined_row: Integers = field(default_factory=lambda: _NO_INTEGERS)
    defined_variable: Integers = field(default_factory=lambda: _NO_INTEGERS)
    depth: int = 0

    def residual(self, z: Floats) -> Floats:
        """c(z), (rows,)."""
        return self.constant + self._sum(
            self.linear_factor * z[self.linear_variable],
            self.product_factor * z[self.product_first] * z[self.product_second],
        )

    def magnitude(self, z: Floats) -> Floats:
        """Sum of the sizes of the terms of every row, (rows,): what a residual is small against."""
        return np.abs(self.constant) + self._sum(
            np.abs(self.linear_factor * z[self.linear_variable]),
            np.abs(self.product_factor * z[self.product_first] * z[self.product_second]),
        )

    def _sum(self, linear: Floats, products: Floats) -> Floats:
        count = len(self.rows)
        total: Floats = np.zeros(count)
        total += np.bincount(self.linear_row, weights=linear, minlength=count)
        total += np.bincount(self.product_row, weights=products, minlength=count)
        return total

    @property
    def jacobian_places(self) -> tuple[Integers, Integers]:
        """Row and column of every entry of the Jacobian; entries at one place add up."""
        return (
            np.concatenate([self.linear_row, self.product_row, self.product_row]),
            np.concatenate([self.linear_variable, self.product_first, self.product_second]),
        )

    def jacobian_entries(self, z: Floats) -> Floats:
        """Entries of the Jacobian at z, at ``jacobian_places``."""
        return np.concatenate(
            [
                self.linear_factor,
                self.product_factor * z[self.product_second],
                self.product_factor * z[self.product_first],
            ]
        )

    def jacobian(self, z: Floats) -> sparse.csr_matrix:
        """dc/dz, (rows, variables)."""
        return sparse.csr_matrix(
            (self.jacobian_entries(z), self.jacobian_places), shape=(len(self.rows), len(self.keys))
        )

    def curvature(self, multipliers: Floats) -> Floats:
        """Entries of the Hessian of multipliers' c at (product_first, product_second): twice the coefficient for a
        square.
        """
        return self.product_factor * multipliers[self.product_row] * np.where(self.square, 2.0, 1.0)

    @cached_property
    def square(self) -> NDArray[np.bool_]:
        """Products of a variable with itself, (products,)."""
        return np.equal(self.product_first, self.product_second)

    @cached_property
    def fixed(self) -> NDArray[np.bool_]:
        """Variables with an exact value, (variables,)."""
        return np.equal(self.lower, self.upper)

    def of_kind(self, *kinds: str) -> NDArray[np.bool_]:
        """Variables of any of the given kinds, (variables,)."""
        return self._spread([key.kind in kinds for key in self.keys.labels])

    def of_component(self, component: str | None) -> NDArray[np.bool_]:
        """Variables of a component; None: those that have none, such as flows. (variables,)"""
        return self._spread([key.component == component for key in self.keys.labels])

    def _spread(self, chosen: list[bool]) -> NDArray[np.bool_]:
        """A mark of every run, for every variable."""
        marks: NDArray[np.bool_] = np.repeat(np.array(chosen, dtype=bool), np.diff(self.keys.starts))
        return marks

    def rows_of(self, kind: str, component: str | None = None) -> NDArray[np.bool_]:
        """Rows of a kind, and of a component unless it is None, (rows,)."""
        chosen = [row.kind == kind and component in (None, row.component) for row in self.rows.labels]
        marks: NDArray[np.bool_] = np.repeat(np.array(chosen, dtype=bool), np.diff(self.rows.starts))
        return marks

    @cached_property
    def groups(self) -> tuple[Integers, tuple[tuple[str, str | None], ...]]:
        """Variables of one sort: number of the group of each, (variables,), and (kind, component) of every group.

        Flows that may be negative, those of heat, form the group ("heat", None).
        """
        sorts = [
            ("heat", None) if key.kind == "flow" and self.lower[start] < 0.0 else (key.kind, key.component)
            for key, start in zip(self.keys.labels, self.keys.starts[:-1].tolist(), strict=True)
        ]
        names = tuple(dict.fromkeys(sorts))
        number = {name: place for place, name in enumerate(names)}
        return np.array([number[sort] for sort in sorts], dtype=np.int64)[self.keys.run], names

    def completed(self, z: Floats) -> Floats:
        """Values with enthalpies and lifted products as their own rows define them; in natural units, not scaled."""
        z = np.where(self.fixed, self.lower, z)
        for _ in range(self.depth):
            z[self.defined_variable] -= self.residual(z)[self.defined_row]
        return z

    @cached_property
    def content_like(self) -> NDArray[np.bool_]:
        """Assays that stand nowhere but in products with their own flow or stock, and are not exact, (variables,)."""
        allowed = self.of_kind("assay", "stock_assay") & ~self.fixed
        allowed[self.linear_variable] = False
        allowed[self.product_first] = False
        strange = self.product_first != self.amounts[self.product_second]
        allowed[self.product_second[strange]] = False
        return allowed

    def with_contents(self, chosen: NDArray[np.bool_], capped: NDArray[np.bool_]) -> Equations:
        """The same equations in the contents F X of the ``chosen`` assays instead of the assays: linear in these.

        Only what is ``content_like`` may be chosen.

        A ``capped`` content gets a further variable R >= 0, appended in order, and a row F - F X - R = 0: its assay
        cannot exceed one.
        """
        becomes = chosen[self.product_second]
        content = np.flatnonzero(capped)
        count, amount, cap = len(content), self.amounts[content], len(self.rows) + np.arange(len(content))
        rest = len(self.keys) + np.arange(count)
        owners = [self.keys[place] for place in content.tolist()]
        return replace(
            self,
            keys=self.keys.with_singles([owner._replace(kind="rest") for owner in owners]),
            rows=self.rows.with_singles([Row(k.object, k.component or "", k.period, None, "cap") for k in owners]),
            linear_row=np.concatenate([self.linear_row, self.product_row[becomes], cap, cap, cap]),
            linear_variable=np.concatenate([self.linear_variable, self.product_second[becomes], amount, content, rest]),
            linear_factor=np.concatenate(
                [self.linear_factor, self.product_factor[becomes], np.ones(count), -np.ones(2 * count)]
            ),
            product_row=self.product_row[~becomes],
            product_first=self.product_first[~becomes],
            product_second=self.product_second[~becomes],
            product_factor=self.product_factor[~becomes],
            lower=np.concatenate([self.lower, np.zeros(count)]),
            upper=np.concatenate([np.where(chosen, np.inf, self.upper), np.full(count, np.inf)]),
            constant=np.concatenate([self.constant, np.zeros(count)]),
        )

    @cached_property
    def amounts(self) -> Integers:
        """For every assay its flow or stock; everything else belongs to itself. (variables,)"""
        whole = {"assay": "flow", "stock_assay": "stock"}
        first = {key[:3]: start for key, start in zip(self.keys.labels, self.keys.starts.tolist(), strict=False)}
        starts = np.array(
            [
                first[whole.get(k.kind, k.kind), k.object, None if k.kind in whole else k.component]
                for k in self.keys.labels
            ],
            dtype=np.int64,
        )
        return np.where(self.of_kind("rest"), np.arange(len(self.keys)), starts[self.keys.run] + self.keys.offset)

    def scaled(self, variables: Floats, rows: Floats) -> Equations:
        """The same equations in z / ``variables``, every row divided by ``rows``."""
        return replace(
            self,
            linear_factor=self.linear_factor * variables[self.linear_variable] / rows[self.linear_row],
            product_factor=self.product_factor
            * variables[self.product_first]
            * variables[self.product_second]
            / rows[self.product_row],
            lower=self.lower / variables,
            upper=self.upper / variables,
            constant=self.constant / rows,
        )


def equations(network: Network) -> Equations:
    """Write down the balances of the network; rows in the order of nodes, balances, periods, then what defines
    enthalpies, then relations.
    """
    products = _Products(network)
    variables = [*_variables(network), *products.variables(), *_shared(network)]
    keys = runs([(Key(*place, 0), length) for place, length, _, _ in variables])
    index = KeyIndex(keys)
    writer = _Writer(network, index)
    for node in network.nodes:
        writer.node(node)
    for stream in network.streams:
        if ("enthalpy", stream.name, None, 0) in index:
            writer.enthalpy(stream)
    for name, (first, second) in products.pairs.items():
        writer.lifted(name, first, second)
    for relation in network.relations:
        writer.relation(relation, products)
    lengths = np.diff(keys.starts)
    lower = np.repeat([low for _, _, low, _ in variables], lengths).astype(np.float64)
    upper = np.repeat([high for _, _, _, high in variables], lengths).astype(np.float64)
    _fix(network, index, lower, upper)
    return writer.equations(keys, lower, upper, products.depth)


_Variable = tuple[Place, int, float, float]
"""Address, number of periods, lower and upper bound."""


def _variables(network: Network) -> list[_Variable]:
    carried, periods, infinite = network.carried(), network.periods, np.inf
    least = {stream.name: 0.0 if stream.carries == "material" else -infinite for stream in network.streams}
    stocks = [node for node in network.nodes if node.kind == "stock"]
    named = network.named()
    found: list[_Variable] = [(("flow", s.name, None), periods, least[s.name], infinite) for s in network.streams]
    found += [(("assay", s.name, k), periods, 0.0, 1.0) for s in network.streams for k in carried[s.name]]
    found += [(("stock", node.name, None), periods + 1, 0.0, infinite) for node in stocks]
    found += [
        (("stock_assay", node.name, component), periods + 1, 0.0, 1.0)
        for node in stocks
        for component in network.components
        if component in node.balances or ("stock_assay", node.name, component) in named
    ]
    warm = network.warm()
    hot = {stream.name for stream in network.streams if stream.enthalpy}
    found += [(("temperature", name, None), periods, 0.0, infinite) for name in warm]
    found += [(("enthalpy", name, None), periods, -infinite, infinite) for name in warm if name in hot]
    found += [(("quantity", q.name, None), periods, q.lower, q.upper) for q in network.quantities]
    return found


def _shared(network: Network) -> list[_Variable]:
    """Shared errors: one for the account, or one a period; one more where stocks share it."""
    stocked = {name for r in network.readings if r.shares and r.period == network.periods for name, _ in r.shares}
    return [
        (
            ("shared", shared.name, None),
            1 if shared.lasts == "account" else network.periods + (shared.name in stocked),
            -np.inf,
            np.inf,
        )
        for shared in network.shared
    ]


class _Products:
    """Products of more than two factors, broken into products of two by auxiliary quantities; shared where equal."""

    def __init__(self, network: Network) -> None:
        self._periods, self._absent = network.periods, network.absent
        self.pairs: dict[str, tuple[Place, Place]] = {}
        self._depth: dict[Place, int] = {}
        for relation in network.relations:
            for _, factors in relation.terms:
                self.factors(factors)

    @property
    def depth(self) -> int:
        """How many auxiliary quantities may stand on one another, at least 1 (for enthalpies)."""
        return 1 + max(self._depth.values(), default=0)

    def factors(self, factors: Sequence[Place]) -> tuple[Place, ...] | None:
        """One or two factors with the same product; None where a factor is declared absent."""
        if any(place[0] == "assay" and place[1:] in self._absent for place in factors):
            return None
        rest = sorted(factors, key=_text)
        while len(rest) > 2:
            rest = [self._lift(rest[0], rest[1]), *rest[2:]]
        return tuple(rest)

    def _lift(self, first: Place, second: Place) -> Place:
        name = f"{_text(first)} * {_text(second)}"
        place: Place = ("lifted", name, None)
        self.pairs[name] = (first, second)
        self._depth[place] = 1 + max(self._depth.get(first, 0), self._depth.get(second, 0))
        return place

    def variables(self) -> list[_Variable]:
        """The auxiliary quantities: bounded by their factors, not by themselves."""
        return [(("lifted", name, None), self._periods, -np.inf, np.inf) for name in self.pairs]


def _text(place: Place) -> str:
    kind, name, component = place
    if kind == "lifted":
        return name
    return f"{kind} {name}" if component is None else f"{kind} {name} {component}"


class _Writer:
    """Collects rows and their terms, each over all periods: starts of runs and factors (periods,)."""

    def __init__(self, network: Network, index: KeyIndex) -> None:
        self._network, self._index = network, index
        self._periods = network.periods
        self._hours = np.asarray(network.hours, dtype=np.float64)
        self._ones = np.ones(self._periods)
        self._inlets: dict[str, list[Stream]] = {node.name: [] for node in network.nodes}
        self._outlets: dict[str, list[Stream]] = {node.name: [] for node in network.nodes}
        for stream in network.streams:
            if stream.source is not None:
                self._outlets[stream.source].append(stream)
            if stream.target is not None:
                self._inlets[stream.target].append(stream)
        self._rows: list[tuple[Row, int]] = []
        self._linear: list[tuple[int, int, Floats]] = []
        self._products: list[tuple[int, int, int, Floats]] = []
        self._constants: dict[int, float] = {}
        self._defined: list[tuple[int, int]] = []

    def node(self, node: Node) -> None:
        for component in node.balances:
            if node.kind == "splitter" and component != MASS:
                self._equal(node, component)
            else:
                self._balance(node, component)

    def _row(self, row: Row) -> None:
        self._rows.append((row, self._periods))

    @property
    def _here(self) -> int:
        """First place of the row last begun."""
        return (len(self._rows) - 1) * self._periods

    def _line(self, factor: Floats, start: int) -> None:
        self._linear.append((self._here, start, factor))

    def _product(self, factor: Floats, first: int, second: int) -> None:
        self._products.append((self._here, first, second, factor))

    def _balance(self, node: Node, component: str) -> None:
        """In - out = closing - opening over the period; in t/h where nothing is held."""
        holds = node.kind == "stock"
        factor = self._hours if holds else self._ones
        signed = [(s, factor) for s in self._inlets[node.name]] + [(s, -factor) for s in self._outlets[node.name]]
        present = [(s, sign) for s, sign in signed if self._takes_part(s, component)]
        if not present and not holds:
            return
        self._row(Row(node.name, component, 0))
        for stream, sign in present:
            self._term(sign, stream, component)
        if holds:
            self._held(node.name, component)

    def _takes_part(self, stream: Stream, component: str) -> bool:
        if stream.carries == "heat":
            return component == ENERGY
        return (stream.name, component) not in self._network.absent

    def _term(self, factor: Floats, stream: Stream, component: str) -> None:
        flow = self._index.start("flow", stream.name, None)
        if component == MASS or stream.carries == "heat":
            self._line(factor, flow)
        elif component == ENERGY:
            self._product(factor, flow, self._index.start("enthalpy", stream.name, None))
        else:
            self._product(factor, flow, self._index.start("assay", stream.name, component))

    def _held(self, node: str, component: str) -> None:
        """Opening - closing."""
        stock = self._index.start("stock", node, None)
        for later, factor in ((0, self._ones), (1, -self._ones)):
            if component == MASS:
                self._line(factor, stock + later)
            else:
                self._product(factor, stock + later, self._index.start("stock_assay", node, component) + later)

    def _equal(self, node: Node, component: str) -> None:
        """Outlet - inlet = 0 for every outlet, in composition or temperature; an absent composition is zero."""
        kind, column = ("temperature", None) if component == ENERGY else ("assay", component)
        inlet = next(stream for stream in self._inlets[node.name] if stream.carries == "material")
        for outlet in self._outlets[node.name]:
            signed = ((outlet, self._ones), (inlet, -self._ones))
            present = [(s, sign) for s, sign in signed if s.carries == "material" and self._takes_part(s, component)]
            if present:
                self._row(Row(node.name, component, 0, outlet.name, "composition"))
            for stream, sign in present:
                self._line(sign, self._index.start(kind, stream.name, column))

    def enthalpy(self, stream: Stream) -> None:
        """Write h - a - b T - c T^2 = 0."""
        constant, slope, bend = (*stream.enthalpy, 0.0, 0.0, 0.0)[:3]
        content = self._index.start("enthalpy", stream.name, None)
        warmth = self._index.start("temperature", stream.name, None)
        self._define(Row(stream.name, "enthalpy", 0, None, "enthalpy"), content)
        self._constants[len(self._rows) - 1] = -constant
        if slope != 0.0:
            self._line(-slope * self._ones, warmth)
        if bend != 0.0:
            self._product(-bend * self._ones, warmth, warmth)

    def lifted(self, name: str, first: Place, second: Place) -> None:
        """Write w - u v = 0."""
        self._define(Row(name, "product", 0, None, "lifted"), self._index.start("lifted", name, None))
        self._product(-self._ones, self._index.start(*first), self._index.start(*second))

    def _define(self, row: Row, variable: int) -> None:
        self._row(row)
        self._line(self._ones, variable)
        self._defined.append((self._here, variable))

    def relation(self, relation: Relation, products: _Products) -> None:
        """Sum of coefficients times products, plus the constant."""
        self._row(Row(relation.name, "relation", 0, None, "relation"))
        self._constants[len(self._rows) - 1] = relation.constant
        for coefficient, factors in relation.terms:
            places = products.factors(factors)
            if places is not None and coefficient != 0.0:
                starts = [self._index.start(*place) for place in places]
                if len(starts) == 1:
                    self._line(coefficient * self._ones, starts[0])
                else:
                    self._product(coefficient * self._ones, starts[0], starts[1])

    def equations(self, keys: Runs[Key], lower: Floats, upper: Floats, depth: int) -> Equations:
        """All that was collected, laid out over the periods."""
        constant = np.zeros(len(self._rows))
        constant[list(self._constants)] = list(self._constants.values())
        return Equations(
            keys=keys,
            index=self._index,
            rows=runs(self._rows),
            linear_row=self._laid_out([row for row, _, _ in self._linear]),
            linear_variable=self._laid_out([variable for _, variable, _ in self._linear]),
            linear_factor=_joined([factor for _, _, factor in self._linear]),
            product_row=self._laid_out([row for row, _, _, _ in self._products]),
            product_first=self._laid_out([first for _, first, _, _ in self._products]),
            product_second=self._laid_out([second for _, _, second, _ in self._products]),
            product_factor=_joined([factor for _, _, _, factor in self._products]),
            lower=lower,
            upper=upper,
            constant=np.repeat(constant, self._periods),
            defined_row=self._laid_out([row for row, _ in self._defined]),
            defined_variable=self._laid_out([variable for _, variable in self._defined]),
            depth=depth if self._defined else 0,
        )

    def _laid_out(self, starts: list[int]) -> Integers:
        first = np.array(starts, dtype=np.int64)
        return (first[:, None] + np.arange(self._periods)).ravel()


def _joined(factors: list[Floats]) -> Floats:
    return np.concatenate(factors) if factors else np.empty(0)


def _fix(network: Network, index: KeyIndex, lower: Floats, upper: Floats) -> None:
    """Put exact values where they are known."""
    for known in network.known:
        start = index.start(known.kind, known.object, known.component)
        if known.period is not None:
            places = slice(start + known.period, start + known.period + 1)
        else:
            stocked = known.kind in ("stock", "stock_assay")
            places = slice(start, start + network.periods + stocked)
        lower[places] = upper[places] = known.value
