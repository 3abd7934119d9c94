"""The published and hand-worked cases of planning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from ferrolan.planning import (
    Commodity,
    Mode,
    PlanProblem,
    Quota,
    Solution,
    Solver,
    Transfer,
    Unit,
    marginal_value,
    plan,
    value_function,
)
from ferrolan.planning.program import Builder, Floats, Program

Case = Callable[[str], dict[str, Any]]  # Any: a TOML document


def farm(told: dict[str, Any], yields: Sequence[Sequence[float]]) -> Program:
    """The farmer in extensive form; ``yields`` is by scenario and crop, scenarios are equally likely."""
    crops, count = told["crops"], len(yields)
    names = [(crop["name"],) for crop in crops]
    bought = [number for number, crop in enumerate(crops) if "buy_price" in crop]
    build = Builder([str(number) for number in range(count)])  # a scenario takes the place of a month
    owners, units = ["farmer"] * 3, ["t"] * 3
    plant = build.add_columns(
        "plant", names, owners, ["acre"] * 3, gain=[[-crop["planting_cost"]] for crop in crops], width=1
    )
    buy = build.add_columns(
        "buy", [names[number] for number in bought], owners[:2], units[:2],
        gain=[[-crops[number]["buy_price"] / count] for number in bought], upper=1e5,
    )  # fmt: skip
    caps = [[told["beet_quota"] if "sell_price_above_quota" in crop else np.inf] for crop in crops]
    sell = build.add_columns(
        "sell", names, owners, units, gain=[[crop["sell_price"] / count] for crop in crops], upper=caps
    )
    above = build.add_columns(
        "sell_above", [names[2]], owners[:1], units[:1], gain=crops[2]["sell_price_above_quota"] / count
    )
    land = build.add_rows("land", [("land",)], owners[:1], ["acre"], upper=told["land"], width=1)
    have = build.add_rows("have", names, owners, units, lower=[[crop["need"]] for crop in crops])
    build.add_entries(land.indices([0]), plant.indices([0, 1, 2]), 1.0)
    build.add_entries(have.indices([0, 1, 2]), plant.indices([0, 1, 2]), np.array(yields).T)
    build.add_entries(have.indices(bought), buy.indices([0, 1]), 1.0)
    build.add_entries(have.indices([0, 1, 2]), sell.indices([0, 1, 2]), -1.0)
    build.add_entries(have.indices([2]), above.indices([0]), -1.0)
    return build.program()


def fixed(program: Program, acres: Floats) -> Program:
    slot = program.columns["plant"].slot
    lower, upper = program.column_lower.copy(), program.column_upper.copy()
    lower[slot] = upper[slot] = acres
    return replace(program, column_lower=lower, column_upper=upper)


def test_farmer_reproduces_the_book(case: Case) -> None:
    told = case("farmer")
    scenarios = np.array([crop["yields"] for crop in told["crops"]]).T
    solved = Solver().solve(farm(told, scenarios.tolist()))
    mean = Solver().solve(farm(told, [scenarios.mean(axis=0).tolist()]))
    eev = Solver().solve(fixed(farm(told, scenarios.tolist()), _acres(mean)))
    ws = np.mean([Solver().solve(farm(told, [row.tolist()])).objective for row in scenarios])
    found = {"RP": -solved.objective, "EV": -mean.objective, "EEV": -eev.objective, "WS": -float(ws)}
    expected = {name: told["solution"][name] for name in found}
    assert found == pytest.approx(expected, rel=told["tolerance_rel"])
    assert found["WS"] <= found["RP"] <= found["EEV"]
    assert round(found["RP"] - found["WS"]) == told["published"]["EVPI"]
    assert round(found["EEV"] - found["RP"]) == told["published"]["VSS"]
    assert _acres(solved) == pytest.approx(np.array([told["solution"]["x"][crop["name"]] for crop in told["crops"]]))


def _acres(solution: Solution) -> Floats:
    return solution.x[:3]  # the block "plant" stands first


@dataclass(frozen=True)
class Node:
    stage: int
    parent: int | None
    probability: float
    demand: float


def tree(demand: Sequence[Sequence[float]]) -> list[Node]:
    nodes = [Node(0, None, 1.0, demand[0][0])]
    for stage in range(1, len(demand)):
        parents = [number for number, node in enumerate(nodes) if node.stage == stage - 1]
        nodes += [
            Node(stage, parent, nodes[parent].probability / len(demand[stage]), amount)
            for parent in parents
            for amount in demand[stage]
        ]
    return nodes


def test_production_management_reproduces_its_documentation(case: Case) -> None:
    told = case("production_management")
    nodes = tree(told["demand"])
    weights = np.array([node.probability for node in nodes])
    build = Builder([str(number) for number in range(len(nodes))])  # a node of the tree takes the place of a month
    names, owners, units = [("one",), ("two",)], ["maker"] * 2, ["piece"] * 2
    make = build.add_columns("make", names, owners, units, gain=-np.outer(told["make_cost"], weights), upper=1e3)
    root = np.where([node.parent is None for node in nodes], 0.0, np.inf)
    sell = build.add_columns("sell", names, owners, units, gain=np.outer(told["sell_price"], weights), upper=root)
    market = build.add_rows("market", [("all",)], owners[:1], units[:1], upper=[[node.demand for node in nodes]])
    ready = build.add_rows("ready", names, owners, units, upper=0.0)
    build.add_entries(market.indices([0, 0]), sell.indices([0, 1]), 1.0)
    build.add_entries(ready.indices([0, 1]), sell.indices([0, 1]), 1.0)
    children = [(number, node.parent) for number, node in enumerate(nodes) if node.parent is not None]
    late, early = (list(part) for part in zip(*children, strict=True))
    build.add_entries(ready.indices([0, 1])[:, late], make.indices([0, 1])[:, early], -1.0)
    solution = Solver().solve(build.program())
    assert -solution.objective == pytest.approx(told["solution"]["cost"], rel=told["tolerance_rel"])


def shared(told: dict[str, Any], limit: float) -> PlanProblem:
    quota = told["quota"]
    return PlanProblem(
        months=tuple(told["months"]),
        commodities=tuple(Commodity(**one) for one in told["commodities"]),
        modes=tuple(Mode(**one) for one in told["modes"]),
        units=tuple(Unit(**{**one, "capacity": tuple(one["capacity"])}) for one in told["units"]),
        quotas=(
            Quota(
                quota["name"], quota["owner"], limit, quota["unit"], {("separation", "run"): quota["weight"]}, (0, 1)
            ),
        ),
        transfers=(Transfer(**told["transfer"]),),
    )


def test_shared_concentrate_is_worth_nothing_more_and_much_less(case: Case) -> None:
    told = case("shared_concentrate")
    solution = told["solution"]
    close = {"rel": told["tolerance_rel"], "abs": 1e-6}
    problem = shared(told, told["quota"]["limit"])
    found = plan(problem)
    assert found.objective == pytest.approx(solution["objective"], **close)
    assert found.profit_by_owner == pytest.approx(solution["profit_by_owner"], **close)
    for commodity in ("concentrate", "feed"):
        value = marginal_value(problem, commodity)
        expected = solution["concentrate"]
        assert (value.left, value.right, value.valid_down) == pytest.approx(tuple(expected.values()), **close)
    for name in ("quota", "mill"):
        limit = told["quota"]["name"] if name == "quota" else name
        row = found.limits.row(by_predicate=pl.col("limit") == limit, named=True)
        columns = ("value_left", "value_right", "valid_down", "money")
        assert tuple(row[column] for column in columns) == pytest.approx(tuple(solution[name].values()), **close)


def test_shared_concentrate_under_a_wider_quota_is_worth_the_margin_for_ten_tonnes(case: Case) -> None:
    told = case("shared_concentrate")
    value = marginal_value(shared(told, told["quota"]["wider_limit"]), "concentrate")
    expected = told["solution"]["concentrate_wider"]
    assert {name: getattr(value, name) for name in expected} == pytest.approx(expected, rel=1e-9, abs=1e-6)


def test_shared_concentrate_leaves_a_range_to_bargain_over(case: Case) -> None:
    told = case("shared_concentrate")
    problem = shared(told, told["quota"]["limit"])
    for owner, alone in told["solution"]["alone"].items():
        assert plan(problem.restricted_to(owner), limits=False).objective == pytest.approx(alone, abs=1e-6)
    without, given = value_function(problem.restricted_to("rare_earth"), "feed", [0.0, 40.0])
    assert given - without == pytest.approx(told["solution"]["buyer_value_of_40"])
