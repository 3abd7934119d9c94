"""A market that cannot clear names regions, commodities and instruments; nothing comes out that is no equilibrium."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from ferrolan.base.errors import FerrolanError, NotConverged, ProblemError
from ferrolan.market import Arc, Clearing, Demand, Group, MarketProblem, Mine, apply, clear
from ferrolan.market.instruments.export_quota import ExportQuota
from ferrolan.market.instruments.production_quota import ProductionQuota
from ferrolan.market.instruments.tariff import Tariff

from .conftest import Plant, contents, ferrolan

PIT = Mine("pit", "A", {"Nd": 0.2, "Ce": 0.5}, cost=20.0, cost_slope=0.2, capacity=100.0)
DEMANDS = (Demand("A", "Nd", 200.0, 10.0), Demand("A", "Ce", 4.0, 0.5), Demand("B", "Nd", 220.0, 10.0))
MARKET = MarketProblem(("A", "B"), ("Nd", "Ce"), DEMANDS, (PIT,), (Arc("A", "B", "Nd", 5.0),))


@dataclass(frozen=True)
class Bad:
    """A market that cannot be posed, by what makes it so, and what the message holds."""

    id: str
    change: object
    parts: tuple[str, ...]


BAD = [
    Bad("a demand nobody can serve", lambda: replace(MARKET, demands=(*DEMANDS, Demand("B", "Sc", 9.0, 1.0)), commodities=("Nd", "Ce", "Sc")), ("demand[B, Sc]: expected a mine that yields Sc, got none", "drop the demand")),
    Bad("a fixed demand", lambda: replace(MARKET, demands=(Demand("A", "Nd", 200.0, 0.0), *DEMANDS[1:])), ("demand[A, Nd].slope: expected a finite number above 0 [CNY/t per t/a], got 0.0",)),
    Bad("a fixed demand by its elasticity", lambda: Demand.through("A", "Nd", 100.0, 5.0, 0.0), ("demand[A, Nd].elasticity: expected a finite value above 0, got 0.0",)),
    Bad("a price that is no number", lambda: replace(MARKET, demands=(Demand("A", "Nd", math.nan, 1.0), *DEMANDS[1:])), ("demand[A, Nd].intercept", "got nan")),
    Bad("a mine that earns without end", lambda: replace(MARKET, mines=(replace(PIT, cost=-1.0, capacity=math.inf),)), ("mine[pit].cost: expected at least 0 without a capacity", "Give the capacity")),
    Bad("a quota below zero", lambda: apply(MARKET, [ExportQuota("A", {"Nd": 1.0}, -5.0)]), ("group[export_quota].limit: expected a number of at least 0", "got -5.0")),
    Bad("a quota that is no number", lambda: apply(MARKET, [ProductionQuota("A", {"pit": 1.0}, math.nan)]), ("group[production_quota].limit", "got nan")),
    Bad("a quota on exports there are none of", lambda: apply(MARKET, [ExportQuota("B", {"Nd": 1.0}, 5.0)]), ("export_quota: expected ways abroad from 'B'", "got none")),
    Bad("a tariff on imports there are none of", lambda: apply(MARKET, [Tariff("A", {"Nd": 5.0})]), ("tariff: expected ways into 'A'", "got none")),
    Bad("a quota on a mine that is not there", lambda: apply(MARKET, [ProductionQuota("A", {"shaft": 1.0}, 5.0)]), ("group[production_quota].mines[shaft]: expected a mine of the problem",)),
    Bad("a region nobody declared", lambda: replace(MARKET, arcs=(Arc("A", "C", "Nd", 1.0),)), ("arc[A -> C, Nd]: expected one of the regions 'A', 'B', got 'C'",)),
    Bad("a market without anybody", lambda: replace(MARKET, demands=(), mines=(), arcs=()), ("demand: expected at least one", "mine: expected at least one")),
]  # fmt: skip


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.id)
def test_a_market_that_cannot_be_posed_is_refused_by_name(case: Bad) -> None:
    with pytest.raises(ProblemError) as refused:
        case.change()
    assert [part for part in case.parts if part not in str(refused.value)] == [], str(refused.value)
    assert refused.value.exit_code == 3


def test_quotas_that_shut_every_way_leave_a_market_that_clears_at_nothing() -> None:
    shut = apply(MARKET, [ExportQuota("A", {"Nd": 1.0}, 0.0), ProductionQuota("A", {"pit": 1.0}, 0.0)])
    clearing = clear(shut)
    assert clearing.outputs == {"pit": 0.0} and clearing.prices["B", "Nd"] == 220.0


def test_a_market_the_solver_cannot_reach_names_places_instruments_and_units_and_holds_the_last_iterate() -> None:
    mixed = replace(
        MARKET,
        demands=(Demand("A", "Nd", 200.0, 1e-30), *DEMANDS[1:]),
        mines=(replace(PIT, capacity=1e40),),
        groups=(Group("licences", "A", 1e-9, sales={("A", "B", "Nd"): 1.0}),),
    )
    with pytest.raises(NotConverged) as refused:
        clear(mixed, scenario="licences")
    text = str(refused.value)
    for part in (
        "market 'licences' does not clear",
        "Farthest from clearing:",
        "licences at 1e-09",
        "1e+33 t/a (mine pit)",
    ):
        assert part in text, text
    assert isinstance(refused.value.last_iterate, Clearing) and refused.value.exit_code == 3


def amount(draw: random.Random, low: float = -3.0, high: float = 9.0) -> float:
    return 10.0 ** (draw.uniform(-300.0, 300.0) if draw.random() < 0.1 else draw.uniform(low, high))


def wild_market(draw: random.Random) -> MarketProblem:
    goods, regions = ("Nd", "Ce"), ("A", "B")
    demands = tuple(Demand(r, g, amount(draw), amount(draw, -9, 3)) for r in regions for g in goods)
    mines = tuple(
        Mine(f"m{k}", draw.choice(regions), {"Nd": amount(draw, -6, 0), "Ce": 0.5}, amount(draw), draw.choice([0.0, amount(draw, -6, 3)]), draw.choice([amount(draw), math.inf]))
        for k in range(draw.randint(1, 3))
    )  # fmt: skip
    arcs = tuple(Arc(*way, g, amount(draw)) for way in (("A", "B"), ("B", "A")) for g in goods)
    limits = {arc.route: amount(draw, -3, 1) for arc in arcs if arc.origin == "A"}
    groups = (Group("q", "A", draw.choice([0.0, amount(draw), math.inf]), sales=limits),)
    return MarketProblem(regions, goods, demands, mines, arcs, conduct={"A": draw.choice([0.0, 1.0])}, groups=groups)


@pytest.mark.parametrize("seed", range(6))
def test_no_market_however_wild_ends_in_a_surprise(seed: int) -> None:
    draw, cleared = random.Random(seed), 0
    for _ in range(40):
        try:
            with np.errstate(
                over="ignore", invalid="ignore", divide="ignore"
            ):  # amounts up to 1e300 are meant to overflow
                cleared += bool(clear(wild_market(draw)).certificates["passed"].all())
        except FerrolanError as error:
            assert error.exit_code == 3  # noqa: PT017  which of two errors comes is the market's business
    assert cleared > 0


ON_THE_COMMAND_LINE = [
    ("a quota below zero", "limit_share: {value: 70 %, synthetic: true}}    # of the base case's exports, all", "limit_share: {value: -70 %, synthetic: true}}    # of the base case's exports, all", 2, ("limit_share", "[negative]")),
    ("a cost that is no number", "cost: {value: 42000 CNY/t,", "cost: {value: .nan CNY/t,", 2, ("market.mines.china_light.cost", "[wrong_unit]")),
    ("a fixed demand", "quantity: {value: 8230 t/a, synthetic: true}, elasticity: {value: 0.5,", "quantity: {value: 8230 t/a, synthetic: true}, elasticity: {value: 0,", 2, ("market.demands.abroad_SEGY.elasticity", "[out_of_range]")),
    ("a region nobody declared", "scenarios:\n    export_quota: {instrument: export_quota, region: china", "scenarios:\n    export_quota: {instrument: export_quota, region: chine", 2, ("Did you mean 'china'?", "[unknown_region]")),
    ("a price in mixed-up units", "price: {value: 32 USD/kg", "price: {value: 32e20 USD/kg", 3, ("market 'base' does not clear", "Farthest from clearing", "per t (demand for SEGY in abroad)", "Check the units")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "code", "parts"),
    [pytest.param(*case[1:], id=case[0]) for case in ON_THE_COMMAND_LINE],
)
def test_the_command_line_says_so(
    tmp_path: Path, plant: Plant, old: str, new: str, code: int, parts: tuple[str, ...]
) -> None:
    plant.replace(old, new)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "notes.txt").write_text("kept")
    ended = ferrolan("market", plant.path, "--out", "runs", cwd=tmp_path)
    assert ended.code == code, ended.said
    assert [part for part in parts if part not in ended.said] == [], ended.said
    assert list(contents(tmp_path / "runs")) == ["notes.txt"]


def test_a_commodity_no_mine_yields_exits_3_and_names_every_demand_for_it(tmp_path: Path, plant: Plant) -> None:
    for basket, without in (
        ("PrNd: 0.225, SEGY: 0.025}", "PrNd: 0.25}"),
        ("PrNd: 0.27, SEGY: 0.40}", "PrNd: 0.67}"),
        ("PrNd: 0.20, SEGY: 0.04}", "PrNd: 0.24}"),
    ):
        plant.replace(basket, without)
    ended = ferrolan("market", plant.path, "--out", "runs", cwd=tmp_path)
    assert ended.code == 3
    for region in ("china", "abroad"):
        assert f"demand[{region}, SEGY]: expected a mine that yields SEGY, got none" in ended.said
