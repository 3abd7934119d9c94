"""Laws every market obeys, and an oracle."""

from __future__ import annotations

import random
from dataclasses import replace

import clarabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from ferrolan.base.errors import NotConverged
from ferrolan.market import Arc, Clearing, Demand, MarketProblem, Mine, apply, clear
from ferrolan.market.instruments.export_quota import ExportQuota
from ferrolan.market.instruments.production_quota import ProductionQuota
from ferrolan.market.program import Program, build

REGIONS = ("north", "south", "west")
GOODS = ("Ce", "Nd", "Dy")
LAWS = settings(max_examples=25, deadline=None, derandomize=True)
SAME = 1e-6
"""Two solves of one market to 1e-7 each may differ by their sum and rounding."""


@st.composite
def markets(draw: st.DrawFn, *, baskets: int = 3, regions: int = 3) -> MarketProblem:
    """Markets of up to three regions and three commodities whose prices differ by up to five decades."""
    names = REGIONS[: draw(st.integers(1, regions))]
    demands = [
        Demand.through(
            region,
            good,
            price=draw(st.floats(0.5, 2.0)) * 10.0 ** draw(st.integers(3, 6)),
            quantity=draw(st.floats(1e3, 1e5)),
            elasticity=draw(st.floats(0.2, 2.0)),
        )
        for region in names
        for good in GOODS
    ]
    shares = [{good: draw(st.floats(0.01, 0.6)) for good in GOODS} for _ in range(baskets)]
    mines = [
        Mine(
            f"mine {number}",
            region=draw(st.sampled_from(names)),
            yields=draw(st.sampled_from(shares)),
            cost=draw(st.floats(1e3, 2e5)),
            cost_slope=draw(st.sampled_from((0.0, 0.1, 1.0))),
            capacity=draw(st.floats(1e3, 2e5)),
        )
        for number in range(draw(st.integers(1, 4)))
    ]
    arcs = [
        Arc(origin, destination, good, cost=draw(st.floats(0.0, 5e3)))
        for origin in names
        for destination in names
        for good in GOODS
        if origin != destination
    ]
    return MarketProblem(names, GOODS, tuple(demands), tuple(mines), tuple(arcs))


@st.composite
def governed(draw: st.DrawFn) -> MarketProblem:
    """Markets with conduct and a production quota."""
    market = draw(markets())
    market = replace(market, conduct={region: draw(st.sampled_from((0.0, 0.3, 1.0))) for region in market.regions})
    total = sum(mine.capacity for mine in market.mines)
    weights = {mine.name: draw(st.floats(0.5, 1.5)) for mine in market.mines}
    return apply(market, [ProductionQuota(market.regions[0], weights, draw(st.floats(0.05, 1.2)) * total)])


def _price_gap(one: Clearing, other: Clearing, scale: float = 1.0) -> float:
    choke = {(demand.region, demand.commodity): demand.intercept for demand in one.problem.demands}
    return max(abs(one.prices[good] - other.prices[good] / scale) / choke[good] for good in choke)


def _in_money(market: MarketProblem, factor: float) -> MarketProblem:
    return replace(
        market,
        demands=tuple(replace(d, intercept=d.intercept * factor, slope=d.slope * factor) for d in market.demands),
        mines=tuple(replace(m, cost=m.cost * factor, cost_slope=m.cost_slope * factor) for m in market.mines),
        arcs=tuple(replace(arc, cost=arc.cost * factor) for arc in market.arcs),
    )


def _in_tonnes(market: MarketProblem, factor: float) -> MarketProblem:
    return replace(
        market,
        demands=tuple(replace(demand, slope=demand.slope / factor) for demand in market.demands),
        mines=tuple(replace(m, cost_slope=m.cost_slope / factor, capacity=m.capacity * factor) for m in market.mines),
        groups=tuple(replace(group, limit=group.limit * factor) for group in market.groups),
    )


@LAWS
@given(governed(), st.sampled_from((1e-3, 7.1, 1e4)))
def test_more_money_raises_every_price_alike_and_moves_no_tonne(market: MarketProblem, factor: float) -> None:
    one, other = clear(market), clear(_in_money(market, factor))
    assert _price_gap(one, other, factor) < SAME
    assert other.welfare == pytest.approx(one.welfare * factor, rel=SAME)


@LAWS
@given(governed(), st.sampled_from((1e-3, 7.1, 1e3)))
def test_a_market_of_twice_the_size_has_the_same_prices(market: MarketProblem, factor: float) -> None:
    one, other = clear(market), clear(_in_tonnes(market, factor))
    assert _price_gap(one, other) < SAME
    assert other.welfare == pytest.approx(one.welfare * factor, rel=SAME)


@LAWS
@given(markets(baskets=1, regions=1), st.floats(1.01, 3.0))
def test_more_cerium_demand_never_raises_the_neodymium_price(market: MarketProblem, factor: float) -> None:
    more = tuple(
        replace(demand, intercept=demand.intercept * factor) if demand.commodity == "Ce" else demand
        for demand in market.demands
    )
    before, after = clear(market), clear(replace(market, demands=more))
    choke = next(demand.intercept for demand in market.demands if demand.commodity == "Nd")
    assert after.prices["north", "Nd"] <= before.prices["north", "Nd"] + SAME * choke


@LAWS
@given(governed())
def test_surpluses_of_all_parties_sum_to_gross_benefit_less_resource_cost(market: MarketProblem) -> None:
    clearing = clear(market)
    gross = delivery = mining = 0.0
    for demand in market.demands:
        taken = sum(t for (_, to, good), t in clearing.flows.items() if (to, good) == (demand.region, demand.commodity))
        gross += demand.intercept * taken - 0.5 * demand.slope * taken**2
    for arc in market.routes:
        delivery += arc.cost * clearing.flows[arc.route]
    for mine in market.mines:
        dug = clearing.outputs[mine.name]
        mining += mine.cost * dug + 0.5 * mine.cost_slope * dug**2
    total = float(clearing.parties["surplus"].sum())
    assert total == pytest.approx(gross - delivery - mining, rel=SAME, abs=SAME * gross)
    assert clearing.welfare == pytest.approx(total, rel=SAME, abs=SAME * gross)


@LAWS
@given(governed())
def test_every_tonne_made_is_sold_or_discarded(market: MarketProblem) -> None:
    clearing = clear(market)
    frame = clearing.market
    left = frame["production"] - frame["net_export"] - frame["consumption"] - frame["disposed"]
    size = max(float(frame["production"].to_numpy().max()), 1.0)
    assert np.abs(left.to_numpy()).max() < SAME * size


@LAWS
@given(governed(), st.integers(0, 2**16))
def test_the_order_of_the_input_changes_no_bit_of_the_answer(market: MarketProblem, seed: int) -> None:
    mixed = random.Random(seed)

    def shuffled(items: tuple) -> tuple:  # type: ignore[type-arg]
        return tuple(mixed.sample(items, len(items)))

    other = replace(
        market,
        demands=shuffled(market.demands),
        mines=tuple(replace(m, yields=dict(shuffled(tuple(m.yields.items())))) for m in shuffled(market.mines)),
        arcs=shuffled(market.arcs),
    )
    one, two = clear(market), clear(other)
    assert one.market.equals(two.market)
    assert one.parties.equals(two.parties)
    assert one.prices == two.prices
    assert one.outputs == two.outputs


@LAWS
@given(markets(), st.floats(0.05, 0.9), st.floats(1.0, 1.8))
def test_a_looser_quota_never_has_a_dearer_rent(market: MarketProblem, share: float, wider: float) -> None:
    total = sum(mine.capacity for mine in market.mines)
    weights = {mine.name: 1.0 for mine in market.mines}
    tight, loose = (
        clear(apply(market, [ProductionQuota("north", weights, limit)])).rents["production_quota"]
        for limit in (share * total, share * wider * total)
    )
    assert loose <= tight + SAME * max(demand.intercept for demand in market.demands)


def test_quota_rent_is_what_one_tonne_more_adds_to_welfare(rare_earths: MarketProblem) -> None:
    quota = ExportQuota("China", dict.fromkeys(rare_earths.commodities, 1.15), limit=20e3)
    step = 1.0  # t; welfare is quadratic in the limit on one active set, so the central difference is exact
    higher, lower = (
        clear(apply(rare_earths, [replace(quota, limit=quota.limit + sign * step)])).welfare for sign in (1.0, -1.0)
    )
    rent = clear(apply(rare_earths, [quota])).rents["export_quota"]
    assert rent > 0.0
    assert (higher - lower) / (2.0 * step) == pytest.approx(rent, rel=1e-4)


def test_one_gross_tonne_row_puts_the_same_rent_on_every_element(rare_earths: MarketProblem) -> None:
    weights = {good: 1.15 + 0.05 * number for number, good in enumerate(rare_earths.commodities)}
    clearing = clear(apply(rare_earths, [ExportQuota("China", weights, limit=15e3)]))
    per_tonne = [
        (clearing.prices["abroad", good] - 3e3 - clearing.prices["China", good]) / weights[good]
        for good in rare_earths.commodities
        if clearing.flows["China", "abroad", good] > 1.0
    ]
    assert len(per_tonne) >= 2
    assert per_tonne == pytest.approx([clearing.rents["export_quota"]] * len(per_tonne), rel=1e-6)


def test_the_same_market_gives_the_same_bits(rare_earths: MarketProblem) -> None:
    one, other = clear(rare_earths), clear(rare_earths)
    assert one.market.equals(other.market)
    assert one.certificates.equals(other.certificates)


def test_an_answer_that_fails_a_certificate_is_raised_with_its_last_iterate(rare_earths: MarketProblem) -> None:
    with pytest.raises(NotConverged, match="expected every certificate") as caught:
        clear(rare_earths, tolerance=0.0)
    assert isinstance(caught.value.last_iterate, Clearing)
    assert caught.value.residual is not None
    assert caught.value.residual > 0.0


@settings(max_examples=30, deadline=None, derandomize=True)
@given(governed())
def test_clarabel_finds_the_same_prices(market: MarketProblem) -> None:
    program = build(market)
    clearing = clear(market)
    taken = _clarabel(program)[program.taken]
    for demand, tonnes in zip(program.demands, taken, strict=True):
        price = demand.intercept - demand.slope * tonnes
        ours = clearing.prices[demand.region, demand.commodity]
        # Clarabel stops at 1e-9 of the market's whole money; a cheap commodity sees that as 5e-4 of its choke price
        assert ours == pytest.approx(price, abs=5e-4 * demand.intercept)


def _clarabel(program: Program) -> np.ndarray:
    """Solve a program by another solver with another scaling; returns tonnes (n,)."""
    tonnes, money = program.column_scale, program.money
    bounded = np.flatnonzero(np.isfinite(program.upper))
    n = len(tonnes)
    unit = sparse.eye_array(n, format="csr")
    column = sparse.diags_array(tonnes)
    rows = sparse.vstack(
        [
            sparse.diags_array(1.0 / program.row_scale) @ program.balance @ column,
            sparse.diags_array(1.0 / program.limit_scale) @ program.limits @ column,
            -unit,
            unit[bounded],
        ],
        format="csc",
    )
    balances, limits = len(program.row_scale), len(program.limit)
    right = np.concatenate(
        [np.zeros(balances), program.limit / program.limit_scale, np.zeros(n), (program.upper / tonnes)[bounded]]
    )
    cones = [clarabel.ZeroConeT(balances), clarabel.NonnegativeConeT(limits + n + len(bounded))]
    options = clarabel.DefaultSettings()
    options.verbose = False
    options.tol_gap_abs = options.tol_gap_rel = options.tol_feas = 1e-9
    hessian = sparse.csc_matrix(sparse.diags_array(program.hessian * tonnes**2 / money))
    answer = clarabel.DefaultSolver(
        hessian, program.cost * tonnes / money, sparse.csc_matrix(rows), right, cones, options
    ).solve()
    return np.asarray(answer.x) * tonnes


def test_without_a_way_to_sell_the_ore_stays_in_the_ground() -> None:
    market = MarketProblem(
        ("A", "B"),
        ("Nd",),
        (Demand("A", "Nd", 10.0, 1.0),),
        (Mine("far", "B", {"Nd": 1.0}, cost=1.0, cost_slope=0.0, capacity=5.0),),
    )
    clearing = clear(market)
    assert clearing.outputs == {"far": 0.0}
    assert clearing.prices["A", "Nd"] == 10.0
