"""The declared market, in t/a and CNY/t without VAT, reproduces the prices it was drawn through."""

from __future__ import annotations

import pytest

from ferrolan.assembly.market import instruments, market_problem
from ferrolan.assembly.plan import net_price
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


def test_an_export_quota_is_a_share_of_the_base_case(document):
    (quota,) = instruments(document, "export_quota", exports={"La2O3": 40_000.0, "PrNd": 10_000.0})
    assert quota.limit == pytest.approx(35_000)
    assert quota.region == "china"


def test_an_export_quota_of_each_commodity_limits_each_by_itself(document):
    quotas = instruments(document, "export_quota_by_element", exports={"La2O3": 40_000.0, "PrNd": 10_000.0})
    assert [(quota.weights, quota.limit) for quota in quotas] == [
        ({"La2O3": 1.0}, pytest.approx(28_000)),
        ({"PrNd": 1.0}, pytest.approx(7_000)),
    ]
