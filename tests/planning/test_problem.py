from __future__ import annotations

from dataclasses import replace
from math import inf, nan

import pytest

from ferrolan.base.errors import ProblemError
from ferrolan.planning import Commodity, Mode, PlanProblem, Quota, Transfer, Unit, compile, plan


def test_all_faults_are_refused_at_once() -> None:
    with pytest.raises(ProblemError) as refused:
        PlanProblem(
            months=("2026-04", "2026-04"),
            commodities=(
                Commodity("ore", "steel", buy_price=1.0, buy_limit=inf, stock_opening=3.0),
                Commodity("ore", "steel", sell_price=nan, sell_limit=-1.0),
                Commodity("idle", "steel"),
            ),
            modes=(Mode("run", "mill", "steel", "ore", {"ghost": 1.0, "ore": 1.0}, cost=inf),),
            units=(Unit("mill", "steel", (-1.0, inf)), Unit("empty", "steel", (1.0,))),
            quotas=(Quota("mining", "steel", -1.0, "t", {("mill", "gone"): -2.0}, (0, 7)),),
            transfers=(Transfer("ore", "nowhere", inf),),
        )
    text = str(refused.value)
    for part in (
        "month '2026-04' is declared twice",
        "commodity 'ore' is declared twice",
        "buying has no finite bound",
        "stock_opening 3.0 is above stock_max 0.0",
        "sell_price is nan",
        "sell_limit is -1.0",
        "commodity 'idle': nothing makes, uses, trades or stores it",
        "unknown commodity 'ghost'",
        "reference 'ore' is not used",
        "cost is inf",
        "capacity of month 0 is -1.0",
        "capacity of month 1 is not finite",
        "capacity has 1 months, expected 2",
        "unit 'empty': it has no mode",
        "limit is -1.0",
        "unknown mode 'mill/gone'",
        "it counts nothing",
        "month number 7 is outside 0..1",
        "unknown commodity 'nowhere'",
    ):
        assert part in text


def test_a_mode_may_not_use_what_another_company_holds(ore_to_iron: PlanProblem) -> None:
    foreign = replace(ore_to_iron.commodities[0], owner="rare_earth")
    with pytest.raises(ProblemError, match="Declare the mode owner's own commodity and a transfer"):
        replace(ore_to_iron, commodities=(foreign, ore_to_iron.commodities[1]))


def test_a_transfer_joins_two_companies_and_one_unit(two_companies: PlanProblem) -> None:
    with pytest.raises(ProblemError, match="both ends belong to 'rare_earth'"):
        replace(two_companies, transfers=(Transfer("feed", "oxide", 1.0),))
    kilograms = replace(two_companies.commodities[1], unit="kg")
    with pytest.raises(ProblemError, match="units 't' and 'kg'"):
        replace(two_companies, commodities=(two_companies.commodities[0], kilograms, two_companies.commodities[2]))


def test_parallel_quotas_are_refused(two_companies: PlanProblem) -> None:
    double = replace(two_companies.quotas[0], name="twice", weights={("separation", "run"): 1.0}, limit=20.0)
    with pytest.raises(ProblemError, match="count the same"):
        replace(two_companies, quotas=(*two_companies.quotas, double))


def test_stand_alone_problems_have_no_transfer_and_only_their_owner(two_companies: PlanProblem) -> None:
    steel, oxides = (two_companies.restricted_to(owner) for owner in ("steel", "rare_earth"))
    assert [one.name for one in steel.commodities] == ["concentrate"] and not steel.quotas and not steel.units
    assert [one.name for one in oxides.commodities] == ["feed", "oxide"] and len(oxides.quotas) == 1
    assert not steel.transfers and not oxides.transfers
    assert plan(oxides, limits=False).objective == 0.0
    with pytest.raises(ProblemError, match="there is no owner 'coal'"):
        two_companies.restricted_to("coal")


def test_a_quota_held_by_the_other_company_still_binds_the_one_it_counts(two_companies: PlanProblem) -> None:
    held = replace(two_companies, quotas=(replace(two_companies.quotas[0], owner="steel"),))
    assert len(held.restricted_to("rare_earth").quotas) == 1


def test_coefficients_of_wildly_different_size_are_refused(ore_to_iron: PlanProblem) -> None:
    tiny = replace(ore_to_iron.modes[0], coefficients={"ore": -1.0, "iron": 1e-20})
    both = replace(ore_to_iron, modes=(ore_to_iron.modes[0], replace(tiny, name="tiny")))
    with pytest.raises(ProblemError, match=r"differ by more than 1e\+08: -1e-20 of throughput\(furnace, tiny; 0\)"):
        compile(both)


def test_supply_must_have_one_amount_a_month(two_companies: PlanProblem) -> None:
    with pytest.raises(ProblemError, match="supply has 1 months, expected 2"):
        two_companies.with_supply("feed", (1.0,))
