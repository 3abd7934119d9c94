"""Published linear programs told in the words of a plan: commodities, modes, units, stocks.

A decision taken before an outcome is known, and that serves every outcome, is a mode with one product for each: a tonne
of capacity, a litre of water kept, a share held. Owed amounts are negative supplies, probabilities weigh prices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import inf
from typing import Any

import pytest

from ferrolan.planning import Commodity, Mode, Plan, PlanProblem, Unit, marginal_value, plan

Case = Callable[[str], dict[str, Any]]  # Any: a TOML document
OWNER = "owner"
WIDE = 1e6
"""A capacity that no plan of these cases reaches."""


def step(
    name: str, coefficients: Mapping[str, float], *, cost: float = 0.0, capacity: tuple[float, ...] = (WIDE,)
) -> tuple[Mode, Unit]:
    """A unit with one mode; the first commodity it uses is its reference."""
    reference = next(commodity for commodity, coefficient in coefficients.items() if coefficient < 0.0)
    return Mode("run", name, OWNER, reference, coefficients, cost), Unit(name, OWNER, capacity)


def problem(
    commodities: Iterable[Commodity], steps: Iterable[tuple[Mode, Unit]], months: tuple[str, ...] = ("once",)
) -> PlanProblem:
    modes, units = zip(*steps, strict=True)
    return PlanProblem(months, tuple(commodities), modes, units)


def solved(posed: PlanProblem) -> Plan:
    found = plan(posed, limits=False)
    assert found.solution.certificate.passed
    return found


def throughput(found: Plan, unit: str) -> float:
    return float(found.activities.filter(unit=unit)["throughput"].sum())


# hydro-thermal


def reservoir(told: dict[str, Any]) -> PlanProblem:
    inflows = told["later_inflows"]
    stages = {"now": (1.0, told["first_inflow"])}
    stages |= {f"later_{number}": (1.0 / len(inflows), inflow) for number, inflow in enumerate(inflows)}
    commodities, steps = [], []
    for stage, (share, inflow) in stages.items():
        commodities += [
            Commodity(f"water_{stage}", OWNER, supply=(inflow,), dispose_cost=0.0),
            Commodity(
                f"power_{stage}",
                OWNER,
                supply=(-told["demand"],),
                buy_price=share * told["thermal_cost"],
                buy_limit=10.0,
            ),
        ]
        steps.append(step(f"turbine_{stage}", {f"water_{stage}": -1.0, f"power_{stage}": 1.0}))
    kept = {f"water_{stage}": 1.0 for stage in stages if stage != "now"}
    steps.append(step("reservoir", {"water_now": -1.0, **kept}, capacity=(told["reservoir"],)))
    return problem(commodities, steps)


def test_hydro_thermal_reproduces_its_documentation(case: Case) -> None:
    told = case("hydro_thermal")
    assert -solved(reservoir(told)).objective == pytest.approx(told["solution"]["cost"], rel=told["tolerance_rel"])


# investment in generation


def generation(
    told: dict[str, Any], demands: list[list[float]], probability: list[float], most: list[float] | None = None
) -> PlanProblem:
    """Louveaux and Smeers: technologies i, outcomes s, demand modes j; ``most`` caps what may be invested in each."""
    technologies, outcomes = range(len(told["invest_cost"])), range(len(demands))
    commodities = [
        Commodity("money", OWNER, buy_price=1.0, buy_limit=told["budget"]),
        Commodity("capacity", OWNER, supply=(-told["least_total_capacity"],), dispose_cost=0.0),
    ]
    steps = []
    for i in technologies:
        made = {f"hours_{i}_{s}": 1.0 for s in outcomes}
        limit = (WIDE if most is None else most[i],)
        cost = told["invest_cost"][i]
        steps.append(step(f"invest_{i}", {"money": -cost, "capacity": 1.0, **made}, capacity=limit))
        commodities += [Commodity(name, OWNER, dispose_cost=0.0) for name in made]
    for s in outcomes:
        for j, demand in enumerate(demands[s]):
            commodities.append(Commodity(f"power_{j}_{s}", OWNER, supply=(-demand,)))
            steps += [
                step(
                    f"run_{i}_{j}_{s}",
                    {f"hours_{i}_{s}": -1.0, f"power_{j}_{s}": 1.0},
                    cost=probability[s] * told["operating_cost"][i][j],
                )
                for i in technologies
            ]
    return problem(commodities, steps)


def test_lands_reproduces_the_paper_and_the_worth_of_knowing(case: Case) -> None:
    told = case("lands")
    demands, probability = told["demands"], told["probability"]
    mean = [sum(p * d for p, d in zip(probability, column, strict=True)) for column in zip(*demands, strict=True)]
    here, average = solved(generation(told, demands, probability)), solved(generation(told, [mean], [1.0]))
    bought = [throughput(average, f"invest_{i}") for i in range(4)]
    later = [-solved(generation(told, [one], [1.0])).objective for one in demands]
    found = {
        "RP": -here.objective,
        "EV": -average.objective,
        "EEV": -solved(generation(told, demands, probability, most=bought)).objective,  # their sum is the least total
        "WS": sum(p * cost for p, cost in zip(probability, later, strict=True)),
    }
    found |= {"EVPI": found["RP"] - found["WS"], "VSS": found["EEV"] - found["RP"]}
    solution, close = told["solution"], {"rel": told["tolerance_rel"]}
    assert found == pytest.approx({name: solution[name] for name in found}, **close)
    assert [throughput(here, f"invest_{i}") for i in range(4)] == pytest.approx(solution["x"], **close)
    assert bought == pytest.approx(solution["x_mean_value"], **close)
    assert found["RP"] == pytest.approx(told["published"]["RP"], abs=5e-4)


def expansion(told: dict[str, Any]) -> PlanProblem:
    technologies, blocks = range(len(told["invest_cost"])), range(len(told["block_hours"]))
    commodities = [Commodity("money", OWNER, buy_price=1.0, buy_limit=1e6)]
    steps = []
    for i in technologies:
        made = {f"capacity_{i}_{s}": 1.0 for s in range(len(told["demands"]))}
        steps.append(step(f"invest_{i}", {"money": -told["invest_cost"][i], **made}))
        commodities += [Commodity(name, OWNER, dispose_cost=0.0) for name in made]
    for s, (share, demands) in enumerate(zip(told["probability"], told["demands"], strict=True)):
        penalty = share * told["shortage_penalty"]
        commodities.append(Commodity(f"shortage_{s}", OWNER, buy_price=penalty, buy_limit=max(demands)))
        commodities += [Commodity(f"load_{j}_{s}", OWNER, supply=(-demands[j],), dispose_cost=0.0) for j in blocks]
        steps.append(step(f"shed_{s}", {f"shortage_{s}": -1.0, **{f"load_{j}_{s}": 1.0 for j in blocks}}))
        steps += [
            step(
                f"run_{i}_{j}_{s}",
                {f"capacity_{i}_{s}": -1.0, f"load_{j}_{s}": 1.0},
                cost=share * told["operating_cost"][i] * told["block_hours"][j] / told["year_hours"],
            )
            for i in technologies
            for j in blocks
        ]
    return problem(commodities, steps)


def test_capacity_expansion_reproduces_its_documentation(case: Case) -> None:
    told = case("capacity_expansion_2stage")
    cost = -solved(expansion(told)).objective
    assert cost == pytest.approx(told["solution"]["cost"], rel=told["tolerance_rel"])
    assert round(cost, 2) == told["published"]["cost"]


# financial planning


def holdings(told: dict[str, Any]) -> PlanProblem:
    outcomes, leaf_share = told["returns"], len(told["returns"]) ** -told["periods"]
    commodities, steps = [Commodity("wealth", OWNER, supply=(told["initial_wealth"],))], []
    nodes = ["wealth"]
    for period in range(told["periods"]):
        last = period == told["periods"] - 1
        for node in nodes:
            children = [f"{node}_{number}" for number in range(len(outcomes))]
            for asset, name in enumerate(("stock", "bond")):
                gains = {child: outcome[asset] for child, outcome in zip(children, outcomes, strict=True)}
                steps.append(step(f"{name} at {node}", {node: -1.0, **gains}))
            commodities += [goal(told, child, leaf_share) if last else Commodity(child, OWNER) for child in children]
        nodes = [f"{node}_{number}" for node in nodes for number in range(len(outcomes))]
    return problem(commodities, steps)


def goal(told: dict[str, Any], node: str, share: float) -> Commodity:
    """What is left at the end: owed up to the goal, a surplus sold, a shortage bought."""
    return Commodity(
        node, OWNER, supply=(-told["goal"],), sell_price=share * told["surplus_reward"], sell_limit=inf,
        buy_price=share * told["shortage_cost"], buy_limit=told["goal"],
    )  # fmt: skip


def test_asset_management_reproduces_its_documentation(case: Case) -> None:
    told = case("asset_management")
    cost = -solved(holdings(told)).objective
    assert cost == pytest.approx(told["solution"]["cost"], rel=told["tolerance_rel"])
    assert cost == pytest.approx(told["published"]["cost"], abs=1e-3)


# factory planning


def factory(told: dict[str, Any]) -> PlanProblem:
    """Hours are supplied month by month; a way to market carries what each month can take."""
    commodities = [
        Commodity(
            machine, OWNER, unit="h", dispose_cost=0.0, supply=tuple(told["hours_per_machine"] * n for n in counts)
        )
        for machine, counts in told["machines"].items()
    ]
    steps = []
    for number, (product, takes) in enumerate(told["market"].items()):
        commodities += [
            Commodity(
                product, OWNER, unit="piece", stock_opening=told["opening"], stock_max=told["store"],
                stock_closing_min=told["closing"], holding_cost=told["holding_cost"],
            ),
            Commodity(f"{product} sold", OWNER, unit="piece", sell_price=told["profit"][number], sell_limit=inf),
        ]  # fmt: skip
        needs = {machine: -hours[number] for machine, hours in told["hours"].items() if hours[number]}
        steps += [
            step(f"make {product}", {**needs, product: 1.0}, capacity=(WIDE,) * len(takes)),
            step(f"market of {product}", {product: -1.0, f"{product} sold": 1.0}, capacity=tuple(takes)),
        ]
    return problem(commodities, steps, tuple(told["months"]))


def test_factory_planning_reproduces_the_book(case: Case) -> None:
    told = case("williams_factory_planning")
    found = solved(factory(told))
    assert found.objective == pytest.approx(told["solution"]["profit"], rel=told["tolerance_rel"])
    june = {row["commodity"]: row["closing"] for row in found.flows.filter(month="June").iter_rows(named=True)}
    assert [june[product] for product in told["market"]] == pytest.approx([told["closing"]] * 7)


# product mixes


def mix(told: dict[str, Any]) -> PlanProblem:
    commodities = [
        Commodity(name, OWNER, unit="h", supply=(hours,), dispose_cost=0.0) for name, hours in told["available"].items()
    ]
    commodities += [Commodity(name, OWNER, sell_price=price, sell_limit=inf) for name, price in told["price"].items()]
    needs = [
        {shop: -hours[number] for shop, hours in told["hours"].items() if hours[number]}
        for number in range(len(told["price"]))
    ]
    return problem(
        commodities, [step(name, {**need, name: 1.0}) for name, need in zip(told["price"], needs, strict=True)]
    )


@pytest.mark.parametrize("name", ["dantzig_product_mix", "wyndor_glass"])
def test_a_product_mix_has_the_published_profit_and_plan(name: str, case: Case) -> None:
    told = case(name)
    found = solved(mix(told))
    close = {"rel": told["tolerance_rel"], "abs": 1e-8}
    assert found.objective == pytest.approx(told["solution"]["profit"], **close)
    sold = {row["commodity"]: row["sold"] for row in found.flows.iter_rows(named=True)}
    assert {name: sold[name] for name in told["price"]} == pytest.approx(told["solution"]["made"], **close)


@pytest.mark.parametrize("name", ["dantzig_product_mix", "wyndor_glass"])
def test_an_hour_more_or_less_is_worth_its_price_as_far_as_printed(name: str, case: Case) -> None:
    told = case(name)
    posed = mix(told)
    for shop, expected in told["solution"]["values"].items():
        found = marginal_value(posed, shop)
        assert (found.left, found.right) == pytest.approx((expected["value"],) * 2, rel=1e-8, abs=1e-8)
        ends = (expected["down"], expected["up"])
        assert (found.valid_down, found.valid_up) == pytest.approx(ends, rel=1e-7)
