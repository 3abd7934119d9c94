"""What is a tonne of rare-earth concentrate worth, to whom, and how sure are we?

Two companies of one group trade one flow. Four plans answer: the joint plan, the seller alone without the trade, the
seller alone obliged to deliver, the buyer alone supplied with the same tonnes.

- *Marginal value*, right and left: gain from one tonne more at the buyer's gate, loss from one less, and the yearly
  delivery between which each holds. If a quota binds downstream, the buyer's right value is nothing, its left not.
- *Average netback*: what the buyer's products earn less its own costs, per tonne of concentrate used.
- *Bargaining range*: the seller's minimum ``(V_s(0) - V_s(Q)) / Q`` and the buyer's maximum
  ``(V_b(Q) - V_b(0)) / Q``, each against its stand-alone plan (V: yearly gain without transfer payments, Q: yearly
  delivery).
- *How sure*: all of it again for joint draws of recoveries (covariance of the reconciled account), prices and costs.

Units: t at the declared grade, dry; CNY without VAT; one year.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from ferrolan.base.errors import Infeasible
from ferrolan.base.tables import CONCENTRATE_VALUE, VALUE_DRAWS
from ferrolan.planning import CompiledProblem, PlanProblem, Solution, Solver, Transfer, compile, marginal_value
from ferrolan.planning.program import Program

STEP = 10.0
"""Tonnes a year by which a draw's marginal values are differenced; the base walks the breakpoints instead."""

INTERVAL = (0.05, 0.95)
"""Quantiles of the draws that make an interval."""

_FEN = 2
"""Decimals of a value in CNY/t: the smallest coin. What is below it is the noise of differencing large gains."""

_BINDING = 1e-6  # share of a quota left below which it binds


@dataclass(frozen=True)
class World:
    """One world, declared or drawn: its problem and the two drivers worth showing beside the answer."""

    number: int
    problem: PlanProblem
    recovery: float
    lead_price: float


@dataclass(frozen=True)
class Trade:
    """Who sells what to whom, and what the joint plan delivers in each month [t]."""

    transfer: Transfer
    seller: str
    buyer: str
    delivered: tuple[float, ...]

    @property
    def quantity(self) -> float:
        """Yearly delivery [t]."""
        return sum(self.delivered)


@dataclass(frozen=True)
class Published:
    """A published price at the declared basis [CNY/t], with what must travel with it."""

    value: float
    note: str


@dataclass(frozen=True)
class ConcentrateStudy:
    """The answer: one row a measure, one row a world (0 is the declared one), and the trade it speaks of."""

    value: pl.DataFrame
    draws: pl.DataFrame
    trade: Trade
    worst_residual: float
    solves: int


def study(
    base: World, drawn: Sequence[World], transfer: Transfer, published: Published | None, basis: str
) -> ConcentrateStudy:
    """Value a traded flow in the declared world and in every drawn one.

    Parameters
    ----------
    base
        The declared world with the account's own coefficients.
    drawn
        Drawn worlds; intervals are taken over these.
    transfer
        The traded flow.
    published
        A published price on the same basis, to stand beside the answer.
    basis
        Grade, moisture and tax basis in words.
    """
    bench = _Bench(transfer)
    rows = [bench.values(world) for world in (base, *drawn)]
    draws = VALUE_DRAWS.check(pl.DataFrame(rows, schema=VALUE_DRAWS.schema))
    trade = bench.trade(base.problem)
    value = _table(base.problem, trade, draws, published, basis)
    return ConcentrateStudy(value, draws, trade, bench.worst_residual, bench.solves)


@dataclass
class _Bench:
    """Three persistent solvers, one a shape: both companies, the seller alone, the buyer alone."""

    transfer: Transfer
    joint: Solver = field(default_factory=Solver)
    seller: Solver = field(default_factory=Solver)
    buyer: Solver = field(default_factory=Solver)

    @property
    def worst_residual(self) -> float:
        return max(self.joint.worst, self.seller.worst, self.buyer.worst)

    @property
    def solves(self) -> int:
        return self.joint.solves + self.seller.solves + self.buyer.solves

    def trade(self, problem: PlanProblem) -> Trade:
        compiled = compile(problem)
        return self._trade(compiled, self.joint.solve(compiled.program))

    def values(self, world: World) -> dict[str, object]:
        """One row of ``value_draws``."""
        problem = world.problem
        compiled = compile(problem)
        best = self.joint.solve(compiled.program)
        trade = self._trade(compiled, best)
        right, left = self._sides(self.joint, compiled, self.transfer.buyer_commodity, best.objective)
        buyer = compile(buyer_alone(problem, trade))
        buyer_gain = self.buyer.solve(buyer.program).objective
        buyer_right, _ = self._sides(self.buyer, buyer, self.transfer.buyer_commodity, buyer_gain)
        unsupplied = self.buyer.solve(compile(buyer_alone(problem, trade, share=0.0)).program).objective
        free = self.seller.solve(compile(seller_alone(problem, trade, share=0.0)).program).objective
        obliged = self.seller.solve(compile(seller_alone(problem, trade)).program).objective
        quantity = trade.quantity
        return {
            "draw": world.number,
            "recovery": world.recovery,
            "lead_price": world.lead_price,
            "marginal_right": right,
            "marginal_left": left,
            "buyer_marginal": buyer_right,
            "netback": _per(buyer_gain, quantity),
            "seller_minimum": _per(free - obliged, quantity),
            "buyer_maximum": _per(buyer_gain - unsupplied, quantity),
            "binding_quota": _binding(compiled, best),
        }

    def _trade(self, compiled: CompiledProblem, best: Solution) -> Trade:
        owner = {commodity.name: commodity.owner for commodity in compiled.problem.commodities}
        number = compiled.problem.transfers.index(self.transfer)
        delivered = compiled.program.columns["transfer"].grid(best.x)[number]
        seller, buyer = owner[self.transfer.seller_commodity], owner[self.transfer.buyer_commodity]
        return Trade(self.transfer, seller, buyer, tuple(float(amount) for amount in np.maximum(delivered, 0.0)))

    @staticmethod
    def _sides(
        solver: Solver, compiled: CompiledProblem, commodity: str, gain: float
    ) -> tuple[float | None, float | None]:
        """Gain from the next tonnes more and loss from the next tonnes less [CNY/t]; None where there are none."""
        months = len(compiled.problem.months)
        shift = compiled.supply_shift(commodity, (1.0 / months,) * months)
        more, less = compiled.program.moved(shift, STEP), compiled.program.moved(shift, -STEP)
        return _slope(solver, more, gain, STEP), _slope(solver, less, gain, -STEP)


def buyer_alone(problem: PlanProblem, trade: Trade, share: float = 1.0) -> PlanProblem:
    """The buyer's stand-alone plan, supplied with a share of what the joint plan delivers."""
    alone = problem.restricted_to(trade.buyer)
    return alone.with_supply(trade.transfer.buyer_commodity, [share * amount for amount in trade.delivered])


def seller_alone(problem: PlanProblem, trade: Trade, share: float = 1.0) -> PlanProblem:
    """The seller's stand-alone plan, obliged to deliver a share of what the joint plan delivers."""
    alone = problem.restricted_to(trade.seller)
    return alone.with_supply(trade.transfer.seller_commodity, [-share * amount for amount in trade.delivered])


def _table(
    problem: PlanProblem, trade: Trade, draws: pl.DataFrame, published: Published | None, basis: str
) -> pl.DataFrame:
    joint = marginal_value(problem, trade.transfer.buyer_commodity)
    buyer = marginal_value(buyer_alone(problem, trade), trade.transfer.buyer_commodity)
    seller = marginal_value(seller_alone(problem, trade), trade.transfer.seller_commodity)
    quantity = trade.quantity
    interval = _intervals(draws)
    base = draws.row(0, named=True)
    rows: list[dict[str, object]] = [
        _row("marginal_right", "group", joint.right, interval["marginal_right"], quantity, joint.valid_up,
             "gain to both companies together from one tonne more at the buyer's gate"),
        _row("marginal_left", "group", joint.left, interval["marginal_left"], quantity, -joint.valid_down,
             "loss to both companies together from one tonne less at the buyer's gate"),
        _row("marginal_beyond_left", "group", joint.beyond_left, None, quantity - joint.valid_down, None,
             "loss to both companies together from one tonne less, once that range is used up"),
        _row("marginal_right", "buyer", buyer.right, interval["buyer_marginal"], quantity, buyer.valid_up,
             "gain to the buyer alone from one tonne more, before it pays for it"),
        _row("marginal_left", "buyer", buyer.left, None, quantity, -buyer.valid_down,
             "loss to the buyer alone from one tonne less, before what it saves on it"),
        _row("marginal_left", "seller", seller.left, None, quantity, -seller.valid_down,
             "cost to the seller alone of delivering one tonne more"),
        _row("netback", "buyer", base["netback"], interval["netback"], None, None,
             "what the buyer's products earn less its own variable costs, per tonne used; no fixed cost, no capital"),
        _row("seller_minimum", "seller", base["seller_minimum"], interval["seller_minimum"], None, None,
             "below this price the seller is better off without the trade"),
        _row("buyer_maximum", "buyer", base["buyer_maximum"], interval["buyer_maximum"], None, None,
             "above this price the buyer is better off without the trade; it has no other feed in this plan"),
    ]  # fmt: skip
    if published is not None:
        rows.append(_row("published", "market", published.value, None, None, None, published.note))
    frame = pl.DataFrame([row | {"basis": basis} for row in rows], schema=CONCENTRATE_VALUE.schema)
    return CONCENTRATE_VALUE.check(frame)


def _row(
    measure: str,
    party: str,
    value: object,
    interval: tuple[float, float] | None,
    quantity: float | None,
    reach: float | None,
    note: str,
) -> dict[str, object]:
    """A row; a value holds from the yearly delivery ``quantity`` as far as ``reach`` [t], up or down."""
    valid: tuple[float | None, float | None] = (None, quantity)
    if quantity is not None and reach is not None:
        valid = (quantity + min(reach, 0.0), quantity + max(reach, 0.0))
    low, high = interval or (None, None)
    value = _coins(value) if isinstance(value, float) and math.isfinite(value) else value
    return {
        "measure": measure, "party": party, "value": value, "low": low, "high": high,
        "valid_from": valid[0], "valid_to": valid[1], "note": note,
    }  # fmt: skip


def _intervals(draws: pl.DataFrame) -> dict[str, tuple[float, float] | None]:
    drawn = draws.filter(pl.col("draw") > 0)
    names = [name for name, kind in draws.schema.items() if kind == pl.Float64]
    known: dict[str, tuple[float, float] | None] = dict.fromkeys(names)
    return known | {
        name: (float(np.quantile(column, INTERVAL[0])), float(np.quantile(column, INTERVAL[1])))
        for name in names
        for column in [drawn[name].drop_nulls().to_numpy()]
        if column.size
    }


def _binding(compiled: CompiledProblem, best: Solution) -> str:
    """Names of the quotas that bind, joined with ``+``; ``none`` where none does."""
    rows = compiled.program.rows["quota"]
    binding = [
        item[0]
        for item in rows.items
        for index in [rows.index(item)]
        if compiled.program.row_upper[index] - best.activities[index] <= _BINDING * compiled.program.row_upper[index]
    ]
    return "+".join(binding) or "none"


def _slope(solver: Solver, moved: Program, gain: float, step: float) -> float | None:
    """Gain per tonne of a step [CNY/t], None where the step leaves no plan."""
    try:
        return _coins((solver.solve(moved).objective - gain) / step)
    except Infeasible:
        return None


def _per(money: float, quantity: float) -> float | None:
    return _coins(money / quantity) if quantity > 0 else None


def _coins(value: float) -> float:
    """A value to the smallest coin, never a negative zero."""
    return round(value, _FEN) + 0.0
