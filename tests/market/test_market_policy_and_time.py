"""Two published arguments that need more than one clearing: the optimal export tax, and a stock used up over time."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ferrolan.market import Arc, Clearing, Demand, MarketProblem, Mine, apply, clear
from ferrolan.market.instruments.export_quota import ExportQuota
from ferrolan.market.problem import Wedge

CASES = Path(__file__).resolve().parents[2] / "cases" / "market"
Told = dict[str, Any]  # Any: a TOML document


def told(name: str) -> Told:
    return tomllib.loads((CASES / name / "case.toml").read_text(encoding="utf-8"))


def earned(clearing: Clearing, region: str) -> float:
    return float(clearing.parties.filter(region=region)["surplus"].sum())


# the optimal export tax


@pytest.fixture
def taxed(case: Callable[[str], Any]) -> Callable[[float], Clearing]:
    """The market under an export tax of any rate."""
    problem = case("optimal_export_tax_linear").problem

    def at(rate: float) -> Clearing:
        return clear(replace(problem, wedges=tuple(replace(one, rate=rate) for one in problem.wedges)))

    return at


def test_the_exporter_gains_most_at_the_optimal_tax_and_the_world_loses(taxed: Callable[[float], Clearing]) -> None:
    about = told("optimal_export_tax_linear")
    best, close = about["optimum"], {"rel": about["tolerance_rel"]}
    free, at_best = taxed(0.0), taxed(best["tax"])
    assert earned(at_best, "home") - earned(free, "home") == pytest.approx(best["home_gain"], **close)
    assert free.welfare - at_best.welfare == pytest.approx(best["world_loss"], **close)
    assert best["tax"] / at_best.gate_values["home", "good"] == pytest.approx(best["lerner_rate"], **close)
    others = [taxed(best["tax"] + change) for change in (-20.0, -5.0, -0.1, 0.1, 5.0, 20.0)]
    assert all(earned(other, "home") < earned(at_best, "home") for other in others)


def test_a_quota_of_the_same_volume_gives_the_same_prices_and_the_same_gain(
    taxed: Callable[[float], Clearing], case: Callable[[str], Any]
) -> None:
    about = told("optimal_export_tax_linear")
    close = {"rel": about["tolerance_rel"]}
    tax = taxed(about["optimum"]["tax"])
    free = replace(case("optimal_export_tax_linear").problem, wedges=())
    volume = tax.flows["home", "abroad", "good"]
    quota = clear(apply(free, [ExportQuota("home", {"good": 1.0}, limit=volume)]))
    assert quota.prices == pytest.approx(dict(tax.prices), **close)
    assert quota.rents["export_quota"] == pytest.approx(about["optimum"]["tax"], **close)
    assert earned(quota, "home") == pytest.approx(earned(tax, "home"), **close)


def test_a_wedge_of_the_other_sign_is_a_rebate_that_the_treasury_pays() -> None:
    problem = MarketProblem(
        ("home", "abroad"), ("good",), (Demand("abroad", "good", 100.0, 1.0),),
        (Mine("mine", "home", {"good": 1.0}, 20.0, 1.0, math.inf),), (Arc("home", "abroad", "good", 0.0),),
        wedges=(Wedge("rebate", ("home", "abroad", "good"), -10.0, "home"),),
    )  # fmt: skip
    clearing = clear(problem)
    paid = clearing.parties.filter(region="home", party="treasury")["surplus"].item()
    assert paid == pytest.approx(-10.0 * 45.0, rel=1e-8)  # X = (100 - 20 + 10) / 2


# an exhaustible stock


def stock_over_time(about: Told, conduct: float, step: float) -> tuple[MarketProblem, np.ndarray]:
    """Steps as markets; ``step`` years each, money discounted from the middle of the step."""
    middle = np.arange(0.5 * step, about["horizon"], step)
    worth = np.exp(-about["interest"] * middle)
    names = [f"step {number:03d}" for number in range(len(middle))]
    demands = tuple(
        Demand(name, "ore", about["intercept"] * now, about["slope"] * now / step)
        for name, now in zip(names, worth.tolist(), strict=True)
    )
    mine = Mine("deposit", "owner", {"ore": 1.0}, 0.0, 0.0, about["stock"])
    arcs = tuple(Arc("owner", name, "ore", 0.0) for name in names)
    return MarketProblem(("owner", *names), ("ore",), demands, (mine,), arcs, conduct={"owner": conduct}), middle


@pytest.mark.parametrize("regime", ["competitive", "monopoly"])
def test_the_rent_of_a_stock_converges_to_the_closed_form(regime: str) -> None:
    about = told("hotelling_linear_competition_vs_monopoly")
    expected = about["solution"][regime]
    errors = []
    for step in about["steps"]:
        problem, _ = stock_over_time(about, expected["conduct"], step)
        errors.append(abs(clear(problem).capacity_rents["deposit"] / expected["rent"] - 1.0))
    assert errors[-1] < about["tolerance_rel"]
    order = math.log(errors[0] / errors[-1]) / math.log(about["steps"][0] / about["steps"][-1])
    assert order > about["least_order"]


@pytest.mark.parametrize("regime", ["competitive", "monopoly"])
def test_the_price_path_starts_and_ends_where_the_closed_form_says(regime: str) -> None:
    about = told("hotelling_linear_competition_vs_monopoly")
    expected, step = about["solution"][regime], about["steps"][-1]
    problem, middle = stock_over_time(about, expected["conduct"], step)
    clearing = clear(problem)
    tonnes = np.array([clearing.flows["owner", name, "ore"] for name in problem.regions[1:]])
    open_steps = tonnes > 1e-6
    assert abs(open_steps.sum() * step - expected["end"]) <= step
    prices = about["intercept"] - about["slope"] * tonnes[open_steps] / step
    rises = prices if regime == "competitive" else 2.0 * prices - about["intercept"]
    path = expected["rent"] * np.exp(about["interest"] * middle[open_steps])
    assert rises == pytest.approx(path, rel=about["tolerance_rel"])
    at_start = rises[0] * math.exp(-0.5 * about["interest"] * step)
    first_price = at_start if regime == "competitive" else (at_start + about["intercept"]) / 2.0
    assert first_price == pytest.approx(expected["first_price"], rel=about["tolerance_rel"])
    assert tonnes.sum() == pytest.approx(about["stock"], rel=1e-8)
