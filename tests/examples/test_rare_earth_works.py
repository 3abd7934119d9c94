"""The rare-earth works: the buyer of concentrate by itself, and what one more tonne is worth to it."""

from __future__ import annotations

import html
import re

import polars as pl
import pytest

from ferrolan import verbs
from ferrolan.facts import sources
from ferrolan.records.exclusions import Exclusion
from ferrolan.virtualplant import simulate

from .works import TWO_SIDED, binding, document_is_sourced, errors, gains, path

PLANTED = "FI-421"


@pytest.fixture(scope="module")
def works():
    return verbs.load(path("rare_earth_works"))


@pytest.fixture(scope="module")
def run(kept):
    return kept("rare_earth_works")


@pytest.fixture(scope="module")
def truth(works):
    return simulate(works.virtual_plant.seed)


@pytest.fixture(scope="module")
def cleared(works, run):
    """The account with the planted meter signed out."""
    raw = verbs.Raw({"measurements": run.tables["measurements"]}, 0)
    return verbs.reconcile(works, raw, [Exclusion(PLANTED, "a person", "reads too much")])


def test_one_company_buys_concentrate_and_nothing_is_handed_over(works):
    assert set(works.enterprise.owners) == {"rare_earth"}
    assert {name for name, item in works.commodities.items() if item.buy} == {"re_concentrate"}
    assert works.transfers == {} and works.concentrate is None and works.market is not None


def test_every_value_says_where_it_comes_from(works):
    assert document_is_sourced(works, frozenset(sources()))


def test_the_planted_meter_is_the_first_suspect_and_its_interval_holds_the_bias(run):
    (meter,) = run.tables["suspects"].filter(pl.col("rank") == 1).iter_rows(named=True)
    assert (meter["tag"], meter["echo"]) == (PLANTED, False)
    assert meter["bias_low"] < 0.03 < meter["bias_high"]


def test_reconciled_balances_close(run):
    closure = run.tables["closure"]
    assert closure["reconciled_residual"].abs().max() < 1e-6 * closure["inflow"].drop_nulls().max()


def test_certificates_pass(run):
    assert set(run.tables["certificates"]["station"]) == {"reconciliation", "planning", "market"}
    assert run.tables["certificates"]["passed"].all()


def test_the_truth_lies_within_the_stated_intervals_once_the_meter_is_out(cleared, truth):
    """95 % of the intervals are meant to hold it. Flows of one line move together: of 70 stream-weeks some thirty are
    independent, and with thirty the share lies above 85 % in 98 of 100 months. No error is beyond four deviations."""
    flows = errors(cleared.tables["account"], truth, "flow")
    assert len(flows) == 70
    assert (flows.abs() < TWO_SIDED).mean() > 0.85
    assert flows.abs().max() < 4.0
    assays = errors(cleared.tables["account"], truth, "assay")
    assert (assays.abs() < TWO_SIDED).mean() > 0.90


def test_the_contract_for_concentrate_binds_and_the_quota_has_room(run):
    limits = run.tables["plan_limits"]
    assert "buy re_concentrate" in binding(limits, "market")
    assert binding(limits, "capacity") == binding(limits, "quota") == set()


def test_the_month_ran_above_the_rate_of_the_contract(truth):
    received = truth.streams["re_concentrate"].rare_earths().sum() * truth.step_hours / 0.5
    assert received > 1.2 * 32_000 / 12


def test_the_contract_feeds_nine_tenths_of_the_quota(run, works):
    oxides = run.tables["plan_flows"].filter(pl.col("commodity").str.ends_with("_oxide"))["made"].sum()
    limit = works.quotas["separation"].limit.value * 8760
    assert oxides / limit == pytest.approx(0.9, abs=0.01)


def test_one_more_tonne_is_worth_what_its_oxides_bring_less_what_they_cost(run, works):
    """By hand from the coefficients of the account: revenue of the oxides less power, acid and other costs."""
    rows = run.tables["responses"].select("unit", "commodity", "coefficient").iter_rows()
    made = {(unit, commodity): value for unit, commodity, value in rows}
    price = {"lace": 9533 / 1.13, "prnd": 624_900 / 1.13, "segy": 210_000 / 1.13}
    cost = {"lace": 2100.0, "prnd": 3900.0, "segy": 5200.0}
    liquor = -(12_500 - 430 * made["separation", "power"])
    for product in price:
        calciner, content = f"{product}_calciner", made["separation", f"{product}_liquor"]
        power = -430 * made[calciner, "power"]
        liquor += content * (made[calciner, f"{product}_oxide"] * price[product] - cost[product] - power)
    power, acid = -430 * made["roast_leach", "power"], -520 * made["roast_leach", "acid"]
    worth = made["roast_leach", "leach_liquor"] * liquor - 4300 - power - acid
    limit = run.tables["plan_limits"].filter(pl.col("limit") == "buy re_concentrate").row(0, named=True)
    # In the first month what is kept and the limit on La-Ce oxide move it by some CNY.
    assert limit["value_right"] + 26_834 == pytest.approx(worth, rel=2e-3)


def test_the_three_questions_have_the_answers_the_document_announces(run):
    gain = gains(run.tables["what_if"])
    assert gain["weaker_demand"] < 0 < gain["stronger_demand"]
    assert gain["dearer_concentrate"] == pytest.approx(-0.3713 * 26_834 * 32_000, rel=1e-6), "paid on every tonne"
    assert gain["more_separation"] == pytest.approx(0.0, abs=1.0), "concentrate is short, not capacity"
    assert gain["more_quota"] == pytest.approx(0.0, abs=1.0), "concentrate is short, not quota"
    assert gain["tighter_separation_quota"] == pytest.approx(0.0, abs=1.0), "the quota has that much room"
    assert gain["much_tighter_separation_quota"] < -1e6, "here the quota binds"


def test_more_concentrate_pays_until_the_quota_binds(run, works):
    """The room of the quota, a ninth of the contract, times what one more tonne is worth above its price."""
    oxides = run.tables["plan_flows"].filter(pl.col("commodity").str.ends_with("_oxide"))["made"].sum()
    room = 32_000 * (works.quotas["separation"].limit.value * 8760 / oxides - 1)
    worth = run.tables["plan_limits"].filter(pl.col("limit") == "buy re_concentrate")["value_right"].item()
    assert room < 0.2 * 32_000
    assert gains(run.tables["what_if"])["more_concentrate"] == pytest.approx(room * worth, rel=1e-2)


def test_a_mining_quota_raises_the_price_and_what_the_works_sells_is_worth_more(run):
    market = run.tables["market"].filter(pl.col("commodity") == "PrNd", pl.col("region") == "china")
    price = dict(market.select("scenario", "price").iter_rows())
    assert price["mining_quota"] > price["base"]


def test_the_stations_say_what_was_not_asked(run):
    stations = {row["station"]: row["state"] for row in run.tables["stations"].iter_rows(named=True)}
    assert {name: state for name, state in stations.items() if state != "done"} == {"concentrate": "not_declared"}


def test_the_brief_names_the_run_the_suspect_and_the_concentrate(run):
    text = html.unescape(re.sub(r"<[^>]+>", " ", run.brief.read_text(encoding="utf-8")))
    for word in (run.run.run_id, "Rare-earth works", PLANTED, "concentrate", "synthetic"):
        assert word in text, word
