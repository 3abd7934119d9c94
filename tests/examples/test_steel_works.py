"""The steel works: a part of the virtual plant, accounted for and planned by itself."""

from __future__ import annotations

import html
import re

import polars as pl
import pytest

from ferrolan import verbs
from ferrolan.facts import sources
from ferrolan.records.exclusions import Exclusion
from ferrolan.virtualplant import simulate, write

from .works import TWO_SIDED, binding, document_is_sourced, errors, gains, path

PLANTED = "WT-342"


@pytest.fixture(scope="module")
def works():
    return verbs.load(path("steel_works"))


@pytest.fixture(scope="module")
def run(kept):
    return kept("steel_works")


@pytest.fixture(scope="module")
def truth(works):
    return simulate(works.virtual_plant.seed)


@pytest.fixture(scope="module")
def cleared(works, run):
    """The account with the planted scale signed out."""
    raw = verbs.Raw({"measurements": run.tables["measurements"]}, 0)
    return verbs.reconcile(works, raw, [Exclusion(PLANTED, "a person", "weighs too much")])


def test_one_company_buys_what_it_melts(works):
    assert set(works.enterprise.owners) == {"steel"}
    assert {name for name, item in works.commodities.items() if item.buy} == {
        "iron_concentrate", "iron_burden", "coke", "scrap"
    }  # fmt: skip
    assert works.transfers == {} and works.concentrate is None and works.market is None


def test_every_value_says_where_it_comes_from(works):
    assert document_is_sourced(works, frozenset(sources()))


def test_a_meter_reads_the_same_in_the_part_as_in_the_whole_plant(works, document, truth, tmp_path):
    def columns(tags, folder):
        text = write(truth, tags, folder).historian.read_text(encoding="utf-8-sig")
        header, *rows = (line.split(";") for line in text.splitlines())
        return dict(zip(header, zip(*rows, strict=True), strict=True))

    part, whole = columns(works.tags, tmp_path / "part"), columns(document.tags, tmp_path / "whole")
    assert len(part) > 40
    assert all(whole[address] == series for address, series in part.items())


def test_the_planted_scale_is_the_first_suspect_and_its_interval_holds_the_bias(run):
    (scale,) = run.tables["suspects"].filter(pl.col("rank") == 1).iter_rows(named=True)
    assert (scale["tag"], scale["echo"]) == (PLANTED, False)
    assert scale["bias_low"] < 0.025 < scale["bias_high"]


def test_reconciled_balances_close(run):
    closure = run.tables["closure"]
    assert closure["reconciled_residual"].abs().max() < 1e-6 * closure["inflow"].drop_nulls().max()


def test_certificates_pass(run):
    assert run.tables["certificates"].height > 0
    assert run.tables["certificates"]["passed"].all()


def test_the_truth_lies_within_the_stated_intervals_once_the_scale_is_out(cleared, truth):
    """95 % of the intervals are meant to hold it. Flows of one line move together: of 90 stream-weeks some thirty are
    independent, and with thirty the share lies above 85 % in 98 of 100 months. No error is beyond four deviations."""
    flows = errors(cleared.tables["account"], truth, "flow")
    assert len(flows) == 90
    assert (flows.abs() < TWO_SIDED).mean() > 0.85
    assert flows.abs().max() < 4.0
    assays = errors(cleared.tables["account"], truth, "assay")
    assert (assays.abs() < TWO_SIDED).mean() > 0.90


def test_with_the_scale_in_the_account_its_neighbours_are_worse(run, cleared, truth):
    before = errors(run.tables["account"], truth, "flow")
    assert (errors(cleared.tables["account"], truth, "flow") ** 2).mean() < (before**2).mean()


def test_the_furnace_and_the_contract_for_concentrate_bind_and_nothing_else(run):
    limits = run.tables["plan_limits"]
    assert binding(limits, "capacity") == {"blast_furnace"}
    assert binding(limits, "market") == {"buy iron_concentrate"}
    assert binding(limits, "quota") == set()


def test_pellets_are_the_cheaper_iron_and_purchased_ore_fills_the_burden(run):
    bought = dict(run.tables["plan_flows"].group_by("commodity").agg(pl.col("bought").sum()).iter_rows())
    assert bought["iron_concentrate"] == pytest.approx(12 * 84_000, rel=1e-6)
    assert 0 < bought["iron_burden"] < 12 * 160_000


def test_rolled_steel_is_all_that_is_sold(run):
    sold = dict(run.tables["plan_flows"].group_by("commodity").agg(pl.col("sold").sum()).iter_rows())
    assert {name for name, tonnes in sold.items() if tonnes > 1e-6} == {"rolled_steel"}


def test_what_is_made_is_what_is_used_sold_kept_or_discarded(run):
    flows = run.tables["plan_flows"]
    left = flows["opening"] + flows["made"] + flows["bought"]
    right = flows["used"] + flows["sold"] + flows["disposed"] + flows["closing"]
    assert ((left - right).abs() < 1e-6 * (1 + left.abs())).all()


def test_the_three_questions_have_the_answers_the_document_announces(run):
    gain = gains(run.tables["what_if"])
    assert gain["weaker_demand"] < 0 < gain["stronger_demand"]
    assert gain["prices_as_in_2025"] > 0, "inputs fell by more than steel"
    assert gain["more_casting"] == pytest.approx(0.0, abs=1.0), "the furnace binds"
    assert 0 < gain["larger_furnace"] < gain["larger_furnace_and_cap"], "the cap binds before the furnace is full"
    assert gain["much_tighter_cap"] < gain["tighter_cap"] < 0


def test_a_price_that_moves_a_little_is_paid_on_every_tonne(run, works):
    """While what is made does not change, two per cent of the price are two per cent of the revenue."""
    sold = run.tables["plan_flows"].filter(pl.col("commodity") == "rolled_steel")["sold"].sum()
    revenue = sold * 3160 / 1.13
    assert gains(run.tables["what_if"])["stronger_demand"] == pytest.approx(0.02 * revenue, rel=1e-6)


def test_the_stations_say_what_was_not_asked(run):
    stations = {row["station"]: row["state"] for row in run.tables["stations"].iter_rows(named=True)}
    assert {name for name, state in stations.items() if state != "done"} == {"concentrate", "market"}
    assert stations["market"] == stations["concentrate"] == "not_declared"
    assert run.tables["market"].is_empty() and run.tables["concentrate_value"].is_empty()


def test_the_brief_names_the_run_the_suspect_and_the_furnace(run):
    text = html.unescape(re.sub(r"<[^>]+>", " ", run.brief.read_text(encoding="utf-8")))
    for word in (run.run.run_id, "Steel works", PLANTED, "blast furnace", "synthetic"):
        assert word in text, word
