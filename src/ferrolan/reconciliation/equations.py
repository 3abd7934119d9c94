"""The balances as equations: which variables there are, and c(z), its Jacobian and the Hessian of its multipliers.

For example: the iron balance of the mill in one period, ``F_ore X_ore,Fe - F_ground X_ground,Fe = 0``, is two bilinear
terms; its mass balance two linear ones. Every row is a sum of such terms, ``c = L z + sum coefficient z_a z_b``, kept
as flat arrays, so that a change of scale multiplies coefficients and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ferrolan.numerics.kkt import Floats, Integers
from ferrolan.reconciliation.network import MASS, Network, Node, Stream


class Key(NamedTuple):
    """Address of a variable; equal to the plain tuple (kind, object, component, period)."""

    kind: str
    object: str
    component: str | None
    period: int


class Row(NamedTuple):
    """Address of an equation: node, component (or ``MASS``), period; ``outlet`` where a splitter equates
    compositions.
    """

    node: str
    component: str
    period: int
    outlet: str | None = None


@dataclass(frozen=True)
class Equations:
    """``c_r(z) = sum linear_factor z[linear_variable] + sum product_factor z[product_first] z[product_second]``.

    ``product_first`` is a flow or stock, ``product_second`` an assay. ``lower`` and ``upper`` (variables,) bound z.
    """

    keys: tuple[Key, ...]
    index: Mapping[tuple[str, str, str | None, int], int]
    rows: tuple[Row, ...]
    linear_row: Integers
    linear_variable: Integers
    linear_factor: Floats
    product_row: Integers
    product_first: Integers
    product_second: Integers
    product_factor: Floats
    lower: Floats
    upper: Floats

    def residual(self, z: Floats) -> Floats:
        """c(z), (rows,)."""
        return self._sum(
            self.linear_factor * z[self.linear_variable],
            self.product_factor * z[self.product_first] * z[self.product_second],
        )

    def magnitude(self, z: Floats) -> Floats:
        """Sum of the sizes of the terms of every row, (rows,): what a residual is small against."""
        return self._sum(
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
        """Entries of the Hessian of multipliers' c at (product_first, product_second)."""
        return self.product_factor * multipliers[self.product_row]

    def with_contents(self, chosen: NDArray[np.bool_], capped: NDArray[np.bool_]) -> Equations:
        """The same equations in the contents F X of the ``chosen`` assays instead of the assays: linear in these.

        A ``capped`` content gets a further variable R >= 0, appended in order, and a row F - F X - R = 0: its assay
        cannot exceed one.
        """
        becomes = chosen[self.product_second]
        content = np.flatnonzero(capped)
        count, amount, cap = len(content), self.amounts[content], len(self.rows) + np.arange(len(content))
        rest = len(self.keys) + np.arange(count)
        keys = self.keys + tuple(Key("rest", *self.keys[i][1:]) for i in content)
        rows = self.rows + tuple(Row(k.object, k.component or "", k.period) for k in (self.keys[i] for i in content))
        return replace(
            self,
            keys=keys,
            rows=rows,
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
        )

    @property
    def amounts(self) -> Integers:
        """For every variable the flow or stock it belongs to; a flow or stock belongs to itself. (variables,)"""
        kinds = {"assay": "flow", "stock_assay": "stock"}
        return np.array([self.index[(kinds.get(k.kind, k.kind), k.object, None, k.period)] for k in self.keys])

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
        )


def equations(network: Network) -> Equations:
    """Write down the balances of the network; rows in the order of nodes, balances, periods."""
    keys = tuple(_keys(network))
    index: dict[tuple[str, str, str | None, int], int] = {key: number for number, key in enumerate(keys)}
    writer = _Writer(network, index)
    for node in network.nodes:
        writer.write(node)
    return Equations(
        keys=keys,
        index=index,
        rows=tuple(writer.rows),
        linear_row=np.array([r for r, _, _ in writer.linear], dtype=np.int64),
        linear_variable=np.array([v for _, v, _ in writer.linear], dtype=np.int64),
        linear_factor=np.array([f for _, _, f in writer.linear], dtype=np.float64),
        product_row=np.array([r for r, _, _, _ in writer.products], dtype=np.int64),
        product_first=np.array([a for _, a, _, _ in writer.products], dtype=np.int64),
        product_second=np.array([b for _, _, b, _ in writer.products], dtype=np.int64),
        product_factor=np.array([f for _, _, _, f in writer.products], dtype=np.float64),
        lower=np.zeros(len(keys)),
        upper=np.array([1.0 if key.component is not None else np.inf for key in keys]),
    )


def _keys(network: Network) -> list[Key]:
    carried = network.carried()
    stocks = [node for node in network.nodes if node.kind == "stock"]
    keys = [Key("flow", stream.name, None, p) for stream in network.streams for p in range(network.periods)]
    keys += [
        Key("assay", stream.name, component, p)
        for stream in network.streams
        for component in carried[stream.name]
        for p in range(network.periods)
    ]
    keys += [Key("stock", node.name, None, p) for node in stocks for p in range(network.periods + 1)]
    read = {(r.object, r.component) for r in network.readings if r.kind == "stock_assay"}
    keys += [
        Key("stock_assay", node.name, component, p)
        for node in stocks
        for component in network.components
        if component in node.balances or (node.name, component) in read
        for p in range(network.periods + 1)
    ]
    return keys


class _Writer:
    """Collects rows and their terms."""

    def __init__(self, network: Network, index: Mapping[tuple[str, str, str | None, int], int]) -> None:
        self._network = network
        self._index = index
        self._inlets: dict[str, list[Stream]] = {node.name: [] for node in network.nodes}
        self._outlets: dict[str, list[Stream]] = {node.name: [] for node in network.nodes}
        for stream in network.streams:
            if stream.source is not None:
                self._outlets[stream.source].append(stream)
            if stream.target is not None:
                self._inlets[stream.target].append(stream)
        self.rows: list[Row] = []
        self.linear: list[tuple[int, int, float]] = []
        self.products: list[tuple[int, int, int, float]] = []

    def write(self, node: Node) -> None:
        for component in node.balances:
            for period in range(self._network.periods):
                if node.kind == "splitter" and component != MASS:
                    self._equal_compositions(node, component, period)
                else:
                    self._balance(node, component, period)

    def _balance(self, node: Node, component: str, period: int) -> None:
        """In - out = closing - opening over the period; in t/h where nothing is held."""
        holds = node.kind == "stock"
        factor = self._network.hours[period] if holds else 1.0
        signed = [(s, factor) for s in self._inlets[node.name]] + [(s, -factor) for s in self._outlets[node.name]]
        present = [(s, sign) for s, sign in signed if (s.name, component) not in self._network.absent]
        if not present and not holds:
            return
        self.rows.append(Row(node.name, component, period))
        for stream, sign in present:
            self._term(("flow", stream.name, None, period), ("assay", stream.name, component, period), sign)
        if holds:
            for number, sign in ((period, 1.0), (period + 1, -1.0)):
                self._term(("stock", node.name, None, number), ("stock_assay", node.name, component, number), sign)

    def _term(self, amount: tuple[str, str, None, int], content: tuple[str, str, str, int], factor: float) -> None:
        row = len(self.rows) - 1
        if content[2] == MASS:
            self.linear.append((row, self._index[amount], factor))
        else:
            self.products.append((row, self._index[amount], self._index[content], factor))

    def _equal_compositions(self, node: Node, component: str, period: int) -> None:
        """Outlet - inlet = 0 for every outlet; an absent composition is zero."""
        inlet = self._inlets[node.name][0]
        for outlet in self._outlets[node.name]:
            signed = [(s, sign) for s, sign in ((outlet, 1.0), (inlet, -1.0))]
            present = [(s, sign) for s, sign in signed if (s.name, component) not in self._network.absent]
            if present:
                self.rows.append(Row(node.name, component, period, outlet.name))
            for stream, sign in present:
                variable = self._index[("assay", stream.name, component, period)]
                self.linear.append((len(self.rows) - 1, variable, sign))
