"""Whether an answer is an equilibrium, judged from the market's own arrays and not by the solver.

Example: whoever ships both home and abroad must earn on both ways the same marginal revenue, but for the rent of the
quota that lies on one of them. Prices in the arbitrage and rent checks are read off demand, a - b Q, so that they test
the duals instead of repeating them. Residuals are relative: tonnes to the typical tonnage of the commodity, CNY/t to
its choke price, CNY/a to gross benefit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import sparse

from ferrolan.base.tables import CERTIFICATES
from ferrolan.market.polish import gradient
from ferrolan.market.program import Point, Program, Vector


def certify(program: Program, point: Point, *, scenario: str, tolerance: float) -> pl.DataFrame:
    """Check a point of a market.

    Parameters
    ----------
    program
        The unscaled program.
    point
        The point to judge, in t/a and CNY/t.
    scenario
        Written into the column ``problem``.
    tolerance
        Largest relative residual accepted [1].

    Returns
    -------
    pl.DataFrame
        Schema ``CERTIFICATES``: primal_residual, dual_residual, duality_gap, complementarity, arbitrage,
        rent_identity, welfare_identity. A residual that is not a number does not pass.
    """
    scales = _scales(program)
    checks = {
        "primal_residual": _primal(program, point),
        "dual_residual": _dual(program, point, scales),
        "duality_gap": _gap(program, point),
        "complementarity": _complementarity(program, point, scales),
        "arbitrage": _arbitrage(program, point, scales, tolerance),
        "rent_identity": _rent_identity(program, point, scales, tolerance),
        "welfare_identity": _welfare_identity(program, point),
    }
    rows = [("market", scenario, name, value, tolerance, bool(value <= tolerance)) for name, value in checks.items()]
    return CERTIFICATES.check(pl.DataFrame(rows, schema=CERTIFICATES.schema, orient="row"))


def farthest(program: Program, point: Point, count: int = 3) -> tuple[str, ...]:
    """Name the places where a point is farthest from clearing, the worst first, with their relative residual.

    Parameters
    ----------
    program
        The unscaled program.
    point
        A point that is no equilibrium, or no number at all.
    count
        How many at most.

    Returns
    -------
    tuple
        Such as ``"balance of CeO2 in china 0.02"``; a residual that is not a number comes first.
    """
    scales = _scales(program)
    over = np.maximum(program.limits @ point.z - program.limit, 0.0) / program.limit_scale
    residuals = np.abs(
        np.concatenate(
            [
                program.balance @ point.z / program.row_scale,
                (gradient(program, point) - point.lower + point.upper) / scales.column,
                over,
            ]
        )
    )
    names = [*_row_names(program), *_column_names(program), *(f"limit {group.name}" for group in program.groups)]
    size = np.where(np.isnan(residuals), np.inf, residuals)
    worst = np.argsort(-size, kind="stable")[:count]
    return tuple(f"{names[place]} {residuals[place]:.1e}" for place in worst if size[place] > 0.0)


def spans(program: Program) -> tuple[str, str]:
    """Name the smallest and the largest tonnage, and price or cost, of a market: mixed-up units show there."""
    tonnes = dict(zip(_column_names(program), program.column_scale.tolist(), strict=True))
    money = {f"demand for {one.commodity} in {one.region}": one.intercept for one in program.demands}
    money |= {f"mine {mine.name}": abs(mine.cost) for mine in program.mines if mine.cost}
    return _span(tonnes, "t/a"), _span(money, "per t")


def _span(sizes: Mapping[str, float], unit: str) -> str:
    least, most = min(sizes, key=sizes.__getitem__), max(sizes, key=sizes.__getitem__)
    return f"{sizes[least]:.3g} {unit} ({least}) to {sizes[most]:.3g} {unit} ({most})"


def _row_names(program: Program) -> Iterator[str]:
    for demand in program.demands:
        yield f"balance of {demand.commodity} in {demand.region}"
    for region, commodity in program.sellers:
        yield f"sales of {commodity} by the mines of {region}"


def _column_names(program: Program) -> Iterator[str]:
    for demand in program.demands:
        yield f"demand for {demand.commodity} in {demand.region}"
    for arc in program.routes:
        yield f"{arc.commodity} from {arc.origin} to {arc.destination}"
    for mine in program.mines:
        yield f"mine {mine.name}"
    for region, commodity in program.sellers:
        yield f"{commodity} discarded in {region}"


def gross_benefit(program: Program, point: Point) -> Vector:
    """Return the area under each demand curve up to what is taken [CNY/a] (demands,)."""
    taken = point.z[program.taken]
    return np.asarray(-program.cost[program.taken] * taken - 0.5 * program.hessian[program.taken] * taken**2)


def mining_cost(program: Program, point: Point) -> Vector:
    """Return c y + d y^2 / 2 of each mine [CNY/a] (mines,)."""
    dug = point.z[program.dug]
    return np.asarray(program.cost[program.dug] * dug + 0.5 * program.hessian[program.dug] * dug**2)


def resource_cost(program: Program, point: Point) -> float:
    """Return what the year costs in resources: mining, delivery and disposal, without any transfer [CNY/a]."""
    delivery = _delivery(program) @ point.z[program.shipped]
    disposal = program.cost[program.discarded] @ point.z[program.discarded]
    return float(mining_cost(program, point).sum() + delivery + disposal)


@dataclass(frozen=True)
class _Scales:
    """What one CNY/t is measured against: by balance row, by column, by limit."""

    row: Vector
    column: Vector
    rent: Vector


def _scales(program: Program) -> _Scales:
    choke: dict[str, float] = {}
    for demand in program.demands:
        choke[demand.commodity] = max(demand.intercept, choke.get(demand.commodity, 0.0))
    dearest = max(choke.values())
    goods = [demand.commodity for demand in program.demands] + [commodity for _, commodity in program.sellers]
    row = np.array([choke.get(good, dearest) for good in goods])
    column = np.maximum(_largest(sparse.csc_array(program.balance.T), row), np.abs(program.cost))
    column = np.where(column > 0.0, column, dearest)
    rent = _largest(program.limits, column * program.column_scale) / program.limit_scale
    return _Scales(row=row, column=column, rent=np.where(rent > 0.0, rent, dearest))


def _largest(matrix: sparse.csc_array, weights: Vector) -> Vector:
    """Largest weighted entry of each row by size, 0 for an empty row."""
    if 0 in matrix.shape:
        return np.zeros(matrix.shape[0])
    weighted = abs(sparse.csc_array(matrix @ sparse.diags_array(weights)))
    return np.asarray(weighted.max(axis=1).todense(), dtype=np.float64).ravel()


def _worst(*parts: Vector) -> float:
    return max((float(np.max(np.abs(part))) for part in parts if part.size), default=0.0)


def _primal(program: Program, point: Point) -> float:
    over = np.maximum(program.limits @ point.z - program.limit, 0.0) / program.limit_scale
    outside = np.maximum(np.maximum(-point.z, point.z - program.upper), 0.0) / program.column_scale
    return _worst(program.balance @ point.z / program.row_scale, over, outside)


def _dual(program: Program, point: Point, scales: _Scales) -> float:
    stationarity = (gradient(program, point) - point.lower + point.upper) / scales.column
    wrong_sign = [np.minimum(point.rent, 0.0) / scales.rent]
    wrong_sign += [np.minimum(dual, 0.0) / scales.column for dual in (point.lower, point.upper)]
    return _worst(stationarity, *wrong_sign)


def _gap(program: Program, point: Point) -> float:
    """Primal less dual value: z'Hz + c'z + rent B + upper K."""
    bounded = np.isfinite(program.upper)
    gap = point.z @ (program.hessian * point.z) + program.cost @ point.z
    gap += point.rent @ program.limit + point.upper[bounded] @ program.upper[bounded]
    return abs(float(gap)) / _size(program, point)


def _size(program: Program, point: Point) -> float:
    gross = float(gross_benefit(program, point).sum())
    return gross if gross > 0.0 else program.money or 1.0


def _complementarity(program: Program, point: Point, scales: _Scales) -> float:
    slack = (program.limit - program.limits @ point.z) / program.limit_scale
    room = np.where(np.isfinite(program.upper), program.upper - point.z, program.column_scale) / program.column_scale
    return _worst(
        np.minimum(slack, point.rent / scales.rent),
        np.minimum(point.z / program.column_scale, point.lower / scales.column),
        np.minimum(room, point.upper / scales.column),
    )


def _arbitrage(program: Program, point: Point, scales: _Scales, tolerance: float) -> float:
    """No route earns more than the mine-gate value; an active one earns exactly that."""
    seller = {name: len(program.demands) + row for row, name in enumerate(program.sellers)}
    gate = np.array([point.value[seller[arc.origin, arc.commodity]] for arc in program.routes])
    profit = _netback(program, point) - gate
    wrong = np.where(_active(program, point, tolerance), profit, np.maximum(profit, 0.0))
    return _worst(wrong / scales.column[program.shipped])


def _netback(program: Program, point: Point) -> Vector:
    """Net marginal revenue of each route after delivery, wedges, conduct and quota rent [CNY/t]."""
    market = {(demand.region, demand.commodity): row for row, demand in enumerate(program.demands)}
    price = -program.cost[program.taken] - program.hessian[program.taken] * point.z[program.taken]
    got = np.array([price[market[arc.destination, arc.commodity]] for arc in program.routes])
    rent = (program.limits.T @ point.rent)[program.shipped]
    shipped = program.shipped
    return np.asarray(got - program.cost[shipped] - program.hessian[shipped] * point.z[shipped] - rent)


def _active(program: Program, point: Point, tolerance: float) -> Vector:
    return np.asarray(point.z[program.shipped] > tolerance * program.column_scale[program.shipped])


def _rent_identity(program: Program, point: Point, scales: _Scales, tolerance: float) -> float:
    """Net marginal revenues of one seller's active routes differ by omega lambda only (no mine-gate dual is used)."""
    netback, active = _netback(program, point), _active(program, point, tolerance)
    scale = scales.column[program.shipped]
    earned: dict[tuple[str, str], list[float]] = {}
    for route in np.flatnonzero(active):
        arc = program.routes[route]
        earned.setdefault((arc.origin, arc.commodity), []).append(float(netback[route] / scale[route]))
    return max((max(values) - min(values) for values in earned.values()), default=0.0)


def _welfare_identity(program: Program, point: Point) -> float:
    """Surpluses built from duals against gross benefit less resource cost; transfers must cancel."""
    taken, shipped, dug = point.z[program.taken], point.z[program.shipped], point.z[program.dug]
    bounded = np.isfinite(program.upper)
    consumers = gross_benefit(program, point).sum() - point.value[: len(taken)] @ taken
    mines = point.upper[bounded] @ program.upper[bounded] + 0.5 * program.hessian[program.dug] @ dug**2
    conduct = program.hessian[program.shipped] @ shipped**2
    treasury = (program.cost[program.shipped] - _delivery(program)) @ shipped
    parties = consumers + mines + conduct + treasury + point.rent @ program.limit
    welfare = gross_benefit(program, point).sum() - resource_cost(program, point)
    return abs(float(parties - welfare)) / _size(program, point)


def _delivery(program: Program) -> Vector:
    return np.array([arc.cost for arc in program.routes], dtype=np.float64)
