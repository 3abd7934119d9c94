"""The declared market, in t/a and CNY/t without VAT, reproduces the prices it was drawn through."""

from __future__ import annotations

import pytest

from ferrolan.assembly.market import instruments, market_problem
from ferrolan.assembly.plan import net_price
from ferrolan.base.schema import Table, read
from ferrolan.enterprise.policies import Scenario
from ferrolan.market import clear


def test_the_base_case_reproduces_every_observed_price(document):
    clearing = clear(market_problem(document))
    for demand in document.market.demands.values():
        observed = net_price(document, demand.price)
        assert clearing.prices[demand.region, demand.commodity] == pytest.approx(observed, rel=0.01)


def test_what_separates_two_prices_beyond_freight_is_friction_on_the_way_out(document):
    arcs = {arc.route: arc.cost for arc in market_problem(document).arcs}
    home = net_price(document, document.market.demands["china_PrNd"].price)
    abroad = net_price(document, document.market.demands["abroad_PrNd"].price)
    assert arcs["china", "abroad", "PrNd"] == pytest.approx(abroad - home)
    assert arcs["abroad", "china", "PrNd"] == document.market.freight.value


def test_a_capacity_factor_moves_one_mine(document):
    problem = market_problem(document, capacity={"china_light": 1.2})
    mines = {mine.name: mine for mine in problem.mines}
    assert mines["china_light"].capacity == pytest.approx(1.2 * 250_850)
    assert mines["china_clay"].capacity == pytest.approx(19_150)


@pytest.fixture(scope="module")
def base(document):
    return clear(market_problem(document))


def leaving(base, commodity):
    return sum(
        tonnes
        for (start, end, what), tonnes in base.flows.items()
        if (start, what) == ("china", commodity) and end != start
    )


def test_an_export_quota_is_a_share_of_the_base_case(document, base):
    (quota,) = instruments(document, "export_quota", base)
    assert quota.limit == pytest.approx(0.7 * sum(leaving(base, commodity) for commodity in quota.weights))
    assert quota.region == "china"


def test_an_export_quota_of_each_commodity_limits_each_by_itself(document, base):
    quotas = instruments(document, "export_quota_by_element", base)
    assert [set(quota.weights) for quota in quotas] == [{name} for name in document.market.commodities]
    for quota in quotas:
        (commodity,) = quota.weights
        assert quota.limit == pytest.approx(0.7 * leaving(base, commodity))


def with_scenario(document, **entry):
    scenario, problems = read(Scenario, entry)
    assert not problems
    market = document.market.model_copy(update={"scenarios": Table({"changed": scenario})})
    return document.model_copy(update={"market": market})


def test_a_production_quota_is_a_share_of_what_the_region_digs(document, base):
    share = {"value": "90 %", "synthetic": True}
    changed = with_scenario(document, instrument="production_quota", region="china", limit_share=share)
    (quota,) = instruments(changed, "changed", base)
    assert quota.weights == {"china_light": 1.0, "china_clay": 1.0}
    assert quota.limit == pytest.approx(0.9 * (base.outputs["china_light"] + base.outputs["china_clay"]))


def test_a_tariff_is_a_share_of_the_price_where_the_goods_come_from(document, base):
    rate = {"value": "25 %", "synthetic": True}
    changed = with_scenario(document, instrument="tariff", region="abroad", rate=rate)
    (tariff,) = instruments(changed, "changed", base)
    assert tariff.origins == ("china",) and tariff.region == "abroad"
    assert tariff.rates["PrNd"] == pytest.approx(0.25 * base.prices["china", "PrNd"])


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ({"instrument": "tariff", "limit_share": {"value": "70 %", "synthetic": True}}, "no 'rate'"),
        ({"instrument": "export_quota"}, "no 'limit_share'"),
        (
            {"instrument": "production_quota", "each": True, "limit_share": {"value": "70 %", "synthetic": True}},
            "the key 'each'",
        ),
    ],
)
def test_a_scenario_has_what_its_instrument_needs_and_no_more(entry, found):
    assert [problem.found for problem in read(Scenario, {"region": "china", **entry})[1]] == [found]
