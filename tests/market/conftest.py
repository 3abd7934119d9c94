"""Reads the published market cases into problems."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ferrolan.market import Arc, Demand, Instrument, MarketProblem, Mine, apply
from ferrolan.market.instruments.export_quota import ExportQuota
from ferrolan.market.instruments.tariff import Tariff
from ferrolan.market.problem import Wedge

CASES = Path(__file__).resolve().parents[2] / "cases" / "market"
KINDS: dict[str, Callable[..., Instrument]] = {"export_quota": ExportQuota, "tariff": Tariff}


@dataclass(frozen=True)
class Case:
    """A published case: its problem with instruments on, its answer, and how close the answer must be met."""

    problem: MarketProblem
    solution: dict[str, Any]  # Any: nested TOML tables of numbers
    tolerance: float


def read_case(name: str) -> Case:
    """Read ``cases/market/<name>/case.toml``."""
    told = tomllib.loads((CASES / name / "case.toml").read_text(encoding="utf-8"))
    problem = MarketProblem(
        regions=tuple(told["regions"]),
        commodities=tuple(told["commodities"]),
        demands=tuple(Demand(**demand) for demand in told["demands"]),
        mines=tuple(Mine(**mine) for mine in told["mines"]),
        arcs=tuple(Arc(**arc) for arc in told.get("arcs", [])),
        conduct=told.get("conduct", {}),
        wedges=tuple(Wedge(**{**wedge, "route": tuple(wedge["route"])}) for wedge in told.get("wedges", [])),
    )
    instruments = [KINDS[told_one.pop("kind")](**told_one) for told_one in told.get("instruments", [])]
    return Case(apply(problem, instruments), told["solution"], told["tolerance_rel"])


@pytest.fixture
def case() -> Callable[[str], Case]:
    """Read a case by name."""
    return read_case


@pytest.fixture
def rare_earths() -> MarketProblem:
    """Two regions, five oxides, four mines; synthetic numbers of realistic size."""
    sizes = {
        "La2O3": (4_000.0, 40e3, 0.6, 0.5),
        "CeO2": (7_000.0, 60e3, 0.6, 0.5),
        "PrNd": (450e3, 45e3, 0.3, 0.4),
        "SEGY": (200e3, 3e3, 0.3, 0.3),
        "DyTb": (900e3, 2e3, 0.3, 0.3),
    }
    demands = []
    for good, (price, tonnes, elasticity, abroad) in sizes.items():
        demands.append(Demand.through("China", good, price, tonnes * (1.0 - abroad), elasticity))
        demands.append(Demand.through("abroad", good, 1.1 * price, tonnes * abroad, elasticity))
    north = {"La2O3": 0.26, "CeO2": 0.50, "PrNd": 0.20, "SEGY": 0.02, "DyTb": 0.002}
    clays = {"La2O3": 0.27, "CeO2": 0.03, "PrNd": 0.25, "SEGY": 0.10, "DyTb": 0.05}
    mines = (
        Mine("north", "China", north, cost=25e3, cost_slope=0.1, capacity=130e3),
        Mine("clays", "China", clays, cost=120e3, cost_slope=2.0, capacity=12e3),
        Mine("desert", "abroad", north, cost=40e3, cost_slope=0.3, capacity=40e3),
        Mine("outback", "abroad", north | {"PrNd": 0.23}, cost=50e3, cost_slope=0.3, capacity=20e3),
    )
    ways = (("China", "abroad"), ("abroad", "China"))
    arcs = tuple(Arc(*way, good, cost=3e3) for way in ways for good in sizes)
    return MarketProblem(("China", "abroad"), tuple(sizes), tuple(demands), mines, arcs)
