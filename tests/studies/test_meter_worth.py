"""From the meter to the decision: slopes of the plan against planning again, and what meters are worth in money."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from ferrolan import verbs
from ferrolan.assembly.responses import responses
from ferrolan.planning import Commodity, Mode, PlanProblem, Quota, Solver, Unit, compile
from ferrolan.reconciliation import reconcile
from ferrolan.studies.meter_worth import GainSensitivity, Ground, Thetas, gain_sensitivity, gain_slopes, meter_money

OXIDE = ("plant", "run", "oxide")
STOCK = ("ore",)


def problem(thetas: Thetas, quota: float = 40.0) -> PlanProblem:
    """Ore at 100 becomes oxide at 300; capacity counts oxide, a quota too, one stock of ore lies there."""
    made = thetas[OXIDE]
    return PlanProblem(
        months=("2026-04", "2026-05"),
        commodities=(
            Commodity(
                "ore", "company", buy_price=100.0, buy_limit=80.0, stock_opening=thetas[STOCK], stock_max=500.0,
                holding_cost=1.0,
            ),
            Commodity("oxide", "company", sell_price=300.0, sell_limit=np.inf),
        ),
        modes=(Mode("run", "plant", "company", "ore", {"ore": -1.0, "oxide": made}, cost=20.0 / made),),
        units=(Unit("plant", "company", (50.0 / made, 60.0 / made)),),
        quotas=(Quota("oxide", "company", quota, "t", {("plant", "run"): made}, (0, 1)),),
    )  # fmt: skip


@pytest.mark.parametrize("quota", [40.0, 95.0, 1000.0], ids=["the quota binds", "quota and market", "capacity"])
def test_the_slope_of_the_gain_is_that_of_planning_again(quota: float) -> None:
    thetas: Thetas = {OXIDE: 0.6, STOCK: 30.0}

    def gain(changed: Thetas) -> float:
        return Solver().solve(compile(problem(changed, quota)).program).objective

    slopes = gain_slopes(
        lambda changed: problem(changed, quota), thetas, Solver().solve(compile(problem(thetas, quota)).program)
    )
    for name, value in thetas.items():
        step = 1e-4 * value
        again = (gain({**thetas, name: value + step}) - gain({**thetas, name: value - step})) / (2.0 * step)
        assert slopes[name] == pytest.approx(again, rel=1e-6, abs=1e-6)


@pytest.fixture(scope="module")
def ground(document, raw) -> Ground:
    account = verbs.reconcile(document, raw)
    return Ground(document, account.reconciled, account.used)


@pytest.fixture(scope="module")
def found(ground) -> GainSensitivity:
    return gain_sensitivity(ground)


def planned(ground: Ground) -> float:
    """Yearly gain of the plan on this ground."""
    start, stocks = ground.start()
    problem = verbs.plan_problem(ground.document, start, stocks)
    return Solver().solve(compile(problem).program).objective * 12 / ground.document.plan.months


def test_a_plan_starts_from_the_coefficients_of_the_responses(ground) -> None:
    start, _ = ground.start()
    assert start == responses(ground.document, ground.reconciled, ground.energy).coefficients()


@pytest.fixture(scope="module")
def closed(ground) -> Ground:
    """A month read without error, with so little metal that no dust is held at nothing: there the linearisation is
    exact to first order.
    """
    network = ground.reconciled.network
    dusty = tuple(replace(r, value=_DUSTY.get(r.tag, 1.0) * r.value) for r in network.readings)
    found = reconcile(replace(network, readings=dusty))
    assert not found.account["reason"].str.contains("held").any()
    index, values = found.index, found.values
    exact = tuple(
        replace(r, model=None, value=float(values[index[r.kind, r.object, r.component, r.period]]))
        for r in network.readings
    )
    return replace(ground, reconciled=reconcile(replace(network, readings=exact)))


_DUSTY = {
    "WT-312": 0.97, "WT-331": 0.92, "WT-342": 0.89, "WT-351": 0.89, "WT-352": 0.89, "WT-361": 0.88, "WT-362": 0.88,
}  # fmt: skip


@pytest.mark.parametrize("tag", ["WT-361", "LAB-LLQ-Nd2O3", "STK-FEC"])
def test_a_meter_moves_the_gain_as_reading_reconciling_and_planning_again_does(closed, tag):
    found = gain_sensitivity(closed)
    network, step = closed.reconciled.network, 1e-3

    def gain(sign: float) -> float:
        read = tuple(replace(r, value=r.value * (1.0 + sign * step)) if r.tag == tag else r for r in network.readings)
        return planned(replace(closed, reconciled=reconcile(replace(network, readings=read))))

    meter = next(one for one in found.sensitive.meters if one.tag == tag)
    again = (gain(1.0) - gain(-1.0)) / (2.0 * step)
    assert found.sensitive.slopes(meter)[0] == pytest.approx(again, rel=0.01)


@pytest.fixture(scope="module")
def money(found) -> pl.DataFrame:
    return meter_money(found)


def test_shares_of_all_meters_are_the_whole_doubt_of_the_gain(money):
    assert money["share"].sum() == pytest.approx(1.0, abs=1e-2)
    assert (money["gain_sd"] <= money["all_sd"] * (1.0 + 1e-3)).all()
    assert (money["all_sd_halved"] <= money["all_sd"] * (1.0 + 1e-12)).all()


def test_the_suspect_of_the_month_moves_the_gain_as_mending_it_does(money):
    row = money.filter(pl.col("bias").is_not_null()).row(0, named=True)
    assert row["tag"] == "WT-214"
    assert row["moves_resolved"] == pytest.approx(row["moves"], rel=0.1)


def test_a_power_meter_enters_no_balance_and_halving_it_leaves_a_quarter(money, ground):
    powers = money.filter(pl.col("kind") == "power")
    assert powers.height == len(ground.energy)
    for row in powers.iter_rows(named=True):
        assert row["all_sd"] ** 2 - row["all_sd_halved"] ** 2 == pytest.approx(0.75 * row["gain_sd"] ** 2, rel=1e-3)
