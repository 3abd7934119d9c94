"""What a market problem refuses."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrolan.base.errors import ProblemError
from ferrolan.market import Arc, Demand, Group, MarketProblem, Mine, Wedge

AMOUNT = st.floats(1e-3, 1e9)


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(ProblemError) as caught:
        MarketProblem(
            regions=("A", "A"),
            commodities=("Nd",),
            demands=(Demand("A", "Nd", -1.0, 0.0), Demand("C", "Sc", 1.0, math.nan)),
            mines=(
                Mine("pit", "A", {"Nd": -0.1}, cost=math.inf, cost_slope=-1.0, capacity=0.0),
                Mine("by-product", "A", {"Nd": 0.1}, cost=-1.0, cost_slope=0.0, capacity=math.inf),
            ),
            arcs=(Arc("A", "B", "Nd", -3.0),),
            disposal_cost=-1.0,
            conduct={"D": 2.0},
            wedges=(Wedge("tariff", ("A", "B", "Sc"), math.nan, "E"),),
            groups=(Group("quota", "F", -1.0, sales={("A", "B", "Sc"): 1.0}, mines={"shaft": 1.0}),),
        )
    message = str(caught.value)
    for address in (
        "region 'A': expected once, got 2 times",
        "demand[A, Nd].intercept",
        "demand[A, Nd].slope",
        "demand[C, Sc]: expected one of the regions 'A', 'A', got 'C'",
        "demand[C, Sc]: expected one of the commodities 'Nd', got 'Sc'",
        "demand[C, Sc].slope",
        "mine[pit].yields[Nd]",
        "mine[pit].yields: expected at least one yield above 0",
        "mine[pit].cost:",
        "mine[pit].cost_slope",
        "mine[pit].capacity",
        "mine[by-product].cost: expected at least 0 without a capacity",
        "arc[A -> B, Nd]: expected one of the regions",
        "arc[A -> B, Nd].cost",
        "wedge[tariff, A -> B, Sc]: expected one of the regions",
        "wedge[tariff, A -> B, Sc].rate",
        "wedge[tariff, A -> B, Sc]: expected a route of the problem",
        "group[quota]: expected one of the regions",
        "group[quota].limit",
        "group[quota].sales[A -> B, Sc]: expected a route",
        "group[quota].mines[shaft]: expected a mine",
        "conduct: expected one of the regions",
        "disposal_cost",
    ):
        assert address in message


def test_an_arc_to_where_nobody_buys_is_refused(rare_earths: MarketProblem) -> None:
    demands = tuple(d for d in rare_earths.demands if (d.region, d.commodity) != ("abroad", "CeO2"))
    with pytest.raises(ProblemError, match="expected a demand for CeO2 in abroad, got none"):
        replace(rare_earths, demands=demands)


def test_an_empty_market_is_refused() -> None:
    with pytest.raises(ProblemError, match="demand: expected at least one, got none"):
        MarketProblem((), (), (), ())


def test_the_way_to_the_own_market_needs_no_arc_and_costs_nothing() -> None:
    market = MarketProblem(
        ("A", "B"),
        ("Nd",),
        (Demand("A", "Nd", 10.0, 1.0), Demand("B", "Nd", 10.0, 1.0)),
        (Mine("pit", "A", {"Nd": 1.0}, 1.0, 0.0, 5.0),),
    )
    assert market.routes == (Arc("A", "A", "Nd", 0.0),)


@given(AMOUNT, AMOUNT, st.floats(0.05, 5.0))
def test_demand_passes_through_its_point_with_its_elasticity(price: float, quantity: float, elasticity: float) -> None:
    demand = Demand.through("A", "Nd", price, quantity, elasticity)
    assert demand.intercept - demand.slope * quantity == pytest.approx(price, rel=1e-9)
    assert price / (demand.slope * quantity) == pytest.approx(elasticity, rel=1e-9)


def test_a_point_of_demand_without_meaning_is_refused_with_every_fault() -> None:
    with pytest.raises(ProblemError) as caught:
        Demand.through("A", "Nd", price=0.0, quantity=math.inf, elasticity=-0.5)
    assert all(f"demand[A, Nd].{name}" in str(caught.value) for name in ("price", "quantity", "elasticity"))
