"""What a meter's doubt costs the plan: from the reading to the decision, in money.

For example: the plan of the year stands on recoveries that one belt scale decides. Its 1 % makes the planned gain
doubtful by 4.1 million; with half its sigma all meters together leave 2.6 instead of 4.4. If it reads 4 % high, as the
balances suspect, the gain is not what the plan says: correcting it moves the gain by minus 7 million a year.

A chain of slopes carries a reading to the gain. The plan is a linear program in coefficients and opening stocks theta;
at its optimum ``dV/dtheta = dL/dtheta``, L the Lagrangian at the optimal amounts and duals (the envelope theorem), so
no plan is solved again: a coefficient of a commodity in a month is worth price x throughput, and what it does to
capacities, quotas and costs is in L as well. Then ``dtheta/dx`` of the reconciled values, and ``dx/dy = C M'`` of
readings. In a degenerate plan the slope is one of several; the suspects that move most money are confirmed by mending
their readings, reconciling, and planning again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from scipy import sparse

from ferrolan.assembly.plan import plan_problem
from ferrolan.assembly.responses import (
    Key,
    closing_gradients,
    closing_stocks,
    coefficient_gradients,
    coefficients_of,
    energies,
    opening_stocks,
)
from ferrolan.assembly.tags import periods
from ferrolan.base.errors import Infeasible, NotConverged, ProblemError
from ferrolan.base.tables import METER_MONEY
from ferrolan.enterprise.document import Enterprise
from ferrolan.numerics.kkt import Floats
from ferrolan.planning import PlanProblem, Solution, Solver, compile
from ferrolan.planning.program import Program
from ferrolan.reconciliation.influence import HALVED, Figure, Meter, Sensitivities, of_gradient
from ferrolan.reconciliation.primary import Primary
from ferrolan.reconciliation.solve import Reconciled, reconcile
from ferrolan.studies.concentrate import Trade, buyer_alone

CONFIRMED = 3
"""Most suspects whose money is confirmed by planning again."""

_STEP = 1e-5
"""Relative step by which the arrays of a program are differenced."""

Theta = tuple[str, ...]
"""A number of the plan that comes from the account: a coefficient (unit, mode, commodity) or a stock (commodity,)."""
Thetas = Mapping[Theta, float]


@dataclass(frozen=True)
class Ground:
    """What a plan stands on: the document, what its account saw, and what was measured of energy (``used`` has the
    MEASUREMENTS schema).
    """

    document: Enterprise
    reconciled: Reconciled
    used: pl.DataFrame

    @property
    def energy(self) -> Mapping[str, tuple[float, float]]:
        """Measured energy of every unit and its standard deviation [MWh]."""
        return energies(self.used, periods(self.document))

    def start(self) -> tuple[dict[Key, float], Mapping[str, float]]:
        """Coefficients by unit, mode and commodity, and opening stocks [t of the commodity]."""
        closing = closing_stocks(self.document, self.reconciled)
        return coefficients_of(self.document, self.reconciled, self.energy), opening_stocks(self.document, closing)


def gain_slopes(build: Callable[[Thetas], PlanProblem], thetas: Thetas, solution: Solution) -> dict[Theta, float]:
    """dV/dtheta of a solved plan [¤ per unit of theta], by the envelope theorem.

    Parameters
    ----------
    build
        The problem of any thetas; a theta enters its arrays smoothly.
    thetas
        Those of the solution, and which slopes are wanted.
    solution
        Optimum at ``thetas``.

    Returns
    -------
    By theta. Where the optimum is degenerate, the slope is that of the dual solution at hand.
    """
    found = {}
    for name, value in thetas.items():
        step = _STEP * max(abs(value), _STEP)
        above, below = (
            _lagrangian(compile(build({**thetas, name: value + sign * step})).program, solution) for sign in (1.0, -1.0)
        )
        found[name] = (above - below) / (2.0 * step)
    return found


def _lagrangian(program: Program, at: Solution) -> float:
    """L of a program at the amounts and duals of another's optimum [¤]."""
    duals, costs = at.row_duals, at.reduced_costs
    of_rows = _bound(duals, program.row_lower, program.row_upper) - float(duals @ (program.matrix() @ at.x))
    return float(program.gain @ at.x) + of_rows + _bound(costs, program.column_lower, program.column_upper)


def _bound(duals: Floats, lower: Floats, upper: Floats) -> float:
    """Sum of duals times the bounds they belong to: the upper where more of it gains, the lower where less does."""
    bound = np.where(duals > 0.0, upper, lower)
    return float(duals @ np.where(np.isfinite(bound), bound, 0.0))


@dataclass(frozen=True)
class GainSensitivity:
    """How the plan's yearly gain hangs on the meters.

    ``slopes`` [¤/a per unit] by theta. ``sensitive`` carries one figure, the gain, or two, then the buyer's average
    netback. ``power`` (figures,) by unit is what one standard deviation of its measured energy moves them by.
    """

    ground: Ground
    slopes: Mapping[Theta, float]
    sensitive: Sensitivities
    power: Mapping[str, Floats]

    @property
    def variances(self) -> Floats:
        """Variances of the figures from all meters, (figures,)."""
        own = np.zeros(len(self.sensitive.figures))
        for moved in self.power.values():
            own = own + moved**2
        return self.sensitive.variances + own


def gain_sensitivity(ground: Ground, *, trade: Trade | None = None) -> GainSensitivity:
    """How the yearly gain of the joint plan, and the netback of a trade, hang on the account's readings.

    Raises
    ------
    Infeasible, NotConverged, ProblemError
        From the plan, or where a stock cannot be seen.
    """
    document, reconciled = ground.document, ground.reconciled
    start, stocks = ground.start()
    base = _thetas(start, stocks)
    gradients = _gradients(ground, stocks)
    thetas = {name: base[name] for name in gradients}

    def build(changed: Thetas) -> PlanProblem:
        return _problem(document, {**base, **changed})

    joint, a_year = Solver().solve(compile(build({})).program), 12.0 / document.plan.months
    gain = {name: a_year * slope for name, slope in gain_slopes(build, thetas, joint).items()}
    figures, rows = [Figure("gain", document.name, None, None, a_year * joint.objective, "¤/a")], [gain]
    if trade is not None and trade.quantity > 0.0:
        alone = Solver().solve(compile(buyer_alone(build({}), trade)).program)
        value = gain_slopes(lambda changed: buyer_alone(build(changed), trade), thetas, alone)
        rows.append({name: slope / trade.quantity for name, slope in value.items()})
        figures.append(Figure("netback", trade.buyer, None, None, alone.objective / trade.quantity, "¤/t"))
    chained = np.array([sum(row[name] * gradients[name] for name in thetas) for row in rows])
    readings = Primary.of(reconciled.network, reconciled.solution)
    sensitive = of_gradient(reconciled, readings, figures, sparse.csr_matrix(chained))
    return GainSensitivity(ground, gain, sensitive, _power(ground, start, rows))


def meter_money(found: GainSensitivity, *, confirmed: int = CONFIRMED) -> pl.DataFrame:
    """What every meter means for the gain of the plan, in money (METER_MONEY).

    Parameters
    ----------
    found
        How the gain hangs on the readings.
    confirmed
        Most suspects whose money is confirmed by mending their readings, reconciling, and planning again.
    """
    bias = _biases(found.ground.reconciled)
    rows = [_meter_row(found, meter, bias.get(meter.tag)) for meter in found.sensitive.meters]
    rows = [row for row in rows if row["share"] or row["bias"] is not None]
    rows += [_power_row(found, unit) for unit in found.power]
    suspects = sorted((row for row in rows if row["moves"] is not None), key=lambda row: -abs(_number(row["moves"])))
    for row in suspects[:confirmed]:
        row["moves_resolved"] = _resolved(found, str(row["tag"]), bias[str(row["tag"])])
    frame = pl.DataFrame(rows, schema={name: kind for name, kind in METER_MONEY.schema.items() if name != "rank"})
    largest = pl.max_horizontal(pl.col("gain_sd"), pl.col("moves").abs())
    ranked = frame.sort(-largest, "tag").with_row_index("rank", offset=1).cast({"rank": pl.Int32})
    return METER_MONEY.check(ranked)


def _problem(document: Enterprise, thetas: Thetas) -> PlanProblem:
    """The joint plan at these thetas."""
    coefficients = {(name[0], name[1], name[2]): value for name, value in thetas.items() if len(name) > 1}
    return plan_problem(document, coefficients, {name[0]: value for name, value in thetas.items() if len(name) == 1})


def _thetas(start: Mapping[Key, float], stocks: Mapping[str, float]) -> dict[Theta, float]:
    """All coefficients and opening stocks."""
    found: dict[Theta, float] = dict(start.items())
    found.update({(name,): stock for name, stock in stocks.items()})
    return found


def _gradients(ground: Ground, stocks: Mapping[str, float]) -> dict[Theta, Floats]:
    """Gradients of all thetas that the account saw, in its reconciled values."""
    found: dict[Theta, Floats] = dict(coefficient_gradients(ground.document, ground.reconciled, ground.energy).items())
    closing = closing_gradients(ground.document, ground.reconciled)
    found.update({(name,): gradient for name, gradient in closing.items() if name in stocks})
    return found


def _power(ground: Ground, base: Mapping[Key, float], rows: Sequence[Mapping[Theta, float]]) -> Mapping[str, Floats]:
    """What one standard deviation of every unit's measured energy moves the figures by, (figures,) each.

    A coefficient of energy is measured energy over reconciled throughput, so its slope in energy is itself over energy.
    """
    metered = {name for name, utility in ground.document.utilities.items() if utility.metered_by == "power"}
    energy = ground.energy
    return {
        key[0]: np.array([row[key] * base[key] / energy[key[0]][0] * energy[key[0]][1] for row in rows])
        for key in base
        if key in rows[0] and key[2] in metered and key[0] in energy
    }


def _biases(reconciled: Reconciled) -> dict[str, float]:
    """Relative bias of every suspect that is no echo."""
    known = reconciled.suspects.filter(~pl.col("echo"), pl.col("bias").is_not_null())
    return dict(known.select("tag", "bias").iter_rows())


def _meter_row(found: GainSensitivity, meter: Meter, bias: float | None) -> dict[str, object]:
    sensitive, variances = found.sensitive, found.variances
    slopes, parts = sensitive.slopes(meter), sensitive.shares(meter) * sensitive.variances
    halved = sensitive.improved(meter) + variances - sensitive.variances if parts[0] > 0.0 else variances
    own = np.sqrt(np.maximum(parts, 0.0))
    return _row(meter.tag, meter.kind, meter.object, meter.component, variances, own, halved[0]) | {
        "slope": float(slopes[0]) * (1.0 if meter.shared else 0.01),
        "bias": bias,
        "moves": None if bias is None else -bias * float(slopes[0]),
        "moves_resolved": None,
        "value_moves": None if bias is None or len(slopes) < 2 else -bias * float(slopes[1]),
    }


def _power_row(found: GainSensitivity, unit: str) -> dict[str, object]:
    """A power meter: it enters no balance, so half its sigma leaves a quarter of its own part."""
    ground, moved, variances = found.ground, found.power[unit], found.variances
    tag = ground.used.filter(pl.col("kind") == "power", pl.col("object") == unit)["tag"][0]
    energy, sd = ground.energy[unit]
    halved = variances[0] - (1.0 - HALVED**2) * moved[0] ** 2
    return _row(str(tag), "power", unit, None, variances, np.abs(moved), float(halved)) | {
        "slope": 0.01 * float(moved[0]) * energy / sd if sd > 0.0 else None,
        "bias": None,
        "moves": None,
        "moves_resolved": None,
        "value_moves": None,
    }


def _row(
    tag: str, kind: str, what: str | None, component: str | None, variances: Floats, own: Floats, halved: float
) -> dict[str, object]:
    return {
        "tag": tag,
        "kind": kind,
        "object": what,
        "component": component,
        "gain_sd": float(own[0]),
        "share": float(own[0] ** 2 / variances[0]) if variances[0] > 0.0 else 0.0,
        "all_sd": math.sqrt(variances[0]),
        "all_sd_halved": math.sqrt(max(halved, 0.0)),
        "value_sd": float(own[1]) if len(own) > 1 else None,
    }


def _resolved(found: GainSensitivity, tag: str, bias: float) -> float | None:
    """By how much the yearly gain moves once a meter's readings are mended, reconciled and planned with [¤/a]."""
    ground = found.ground
    network = ground.reconciled.network
    readings = tuple(
        replace(reading, value=reading.value * (1.0 - bias)) if reading.tag == tag else reading
        for reading in network.readings
    )
    try:
        mended = replace(ground, reconciled=reconcile(replace(network, readings=readings)))
        start, stocks = mended.start()
        problem = _problem(ground.document, _thetas(start, stocks))
        gain = Solver().solve(compile(problem).program).objective * 12.0 / ground.document.plan.months
    except (ProblemError, NotConverged, Infeasible):
        return None  # mended, the month cannot be planned with
    return gain - found.sensitive.figures[0].value


def _number(value: object) -> float:
    return value if isinstance(value, float) else 0.0
