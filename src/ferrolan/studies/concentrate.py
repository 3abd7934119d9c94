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

Gains are before fixed costs. Units: t at the declared grade, dry; CNY without VAT.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace

import numpy as np
import polars as pl

from ferrolan.base.errors import Infeasible
from ferrolan.base.showing import Shown
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
class Case:
    """One world to value the trade in: its joint plan, and the two drivers worth showing beside the answer."""

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
        """Delivery over the plan [t]."""
        return sum(self.delivered)

    @property
    def yearly(self) -> float:
        """Delivery a year [t/a]."""
        return self.quantity * 12 / len(self.delivered)


@dataclass(frozen=True)
class Published:
    """A published price at the declared basis [CNY/t], and the same for the wet tonne as it was delivered, with VAT."""

    value: float
    source: str
    period: str
    confidence: str
    delivered_value: float | None = None
    delivered_grade: float | None = None
    delivered_moisture: float | None = None


@dataclass(frozen=True)
class ConcentrateStudy(Shown):
    """The answer: one row a measure, one row a world (0 is the declared one), and the trade it speaks of."""

    value: pl.DataFrame
    draws: pl.DataFrame
    trade: Trade
    worst_residual: float
    solves: int


def study(
    base: Case, drawn: Sequence[Case], transfer: Transfer, published: Published | None, grade: float
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
    grade
        Content at which a tonne of the traded flow counts [1].
    """
    bench = _Bench(transfer)
    rows = [bench.values(world) for world in (base, *drawn)]
    draws = VALUE_DRAWS.check(pl.DataFrame(rows, schema=VALUE_DRAWS.schema))
    trade = bench.trade(base.problem)
    value = _table(base.problem, trade, draws, published, grade)
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

    def values(self, world: Case) -> dict[str, object]:
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
            "delivered": trade.yearly,
            "binding_quotas": _binding(compiled, best),
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
    """The seller's stand-alone plan, obliged to deliver a share of what the joint plan delivers.

    Without any trade it need not keep a closing stock of what nobody buys.
    """
    alone = problem.restricted_to(trade.seller)
    if share == 0.0:
        alone = _without_closing_stock(alone, trade.transfer.seller_commodity)
    return alone.with_supply(trade.transfer.seller_commodity, [-share * amount for amount in trade.delivered])


def _without_closing_stock(problem: PlanProblem, commodity: str) -> PlanProblem:
    commodities = tuple(
        replace(one, stock_closing_min=0.0) if one.name == commodity else one for one in problem.commodities
    )
    return replace(problem, commodities=commodities)


def _table(
    problem: PlanProblem, trade: Trade, draws: pl.DataFrame, published: Published | None, grade: float
) -> pl.DataFrame:
    joint = marginal_value(problem, trade.transfer.buyer_commodity)
    buyer = marginal_value(buyer_alone(problem, trade), trade.transfer.buyer_commodity)
    seller = marginal_value(seller_alone(problem, trade), trade.transfer.seller_commodity)
    at, a_year = trade.yearly, 12 / len(trade.delivered)
    interval = _intervals(draws)
    base = draws.row(0, named=True)
    rows = [
        _row("marginal_right", "group", joint.right, interval["marginal_right"], (at, at + a_year * joint.valid_up)),
        _row("marginal_left", "group", joint.left, interval["marginal_left"], (at - a_year * joint.valid_down, at)),
        _row("marginal_beyond_left", "group", joint.beyond_left, None, (None, at - a_year * joint.valid_down)),
        _row("marginal_right", "buyer", buyer.right, interval["buyer_marginal"], (at, at + a_year * buyer.valid_up)),
        _row("marginal_left", "buyer", buyer.left, None, (at - a_year * buyer.valid_down, at)),
        _row("marginal_left", "seller", seller.left, None, (at, at + a_year * seller.valid_down)),
        _row("netback", "buyer", base["netback"], interval["netback"]),
        _row("seller_minimum", "seller", base["seller_minimum"], interval["seller_minimum"]),
        _row("buyer_maximum", "buyer", base["buyer_maximum"], interval["buyer_maximum"]),
    ]
    if published is not None:
        rows.append({"measure": "published", "party": "market", **asdict(published)})
    frame = pl.DataFrame([row | {"grade": grade} for row in rows], schema=CONCENTRATE_VALUE.schema)
    return CONCENTRATE_VALUE.check(frame)


def _row(
    measure: str,
    party: str,
    value: float | None,
    interval: tuple[float, float] | None,
    holds: tuple[float | None, float | None] = (None, None),
) -> dict[str, object]:
    """A row; ``holds`` is from and up to how many tonnes a year at the buyer's gate."""
    low, high = interval or (None, None)
    return {
        "measure": measure,
        "party": party,
        "value": _coins(value) if value is not None and math.isfinite(value) else value,
        "low": low,
        "high": high,
        "valid_from": holds[0],
        "valid_to": holds[1],
    }


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


def _binding(compiled: CompiledProblem, best: Solution) -> list[str]:
    """Names of the quotas that bind."""
    rows = compiled.program.rows["quota"]
    limit, used = compiled.program.row_upper, best.activities
    places = [(item[0], rows.index(item)) for item in rows.items]
    return [name for name, at in places if limit[at] - used[at] <= _BINDING * limit[at]]


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
