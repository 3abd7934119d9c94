"""Derived tables are arithmetic on the run's tables: sums, differences, shares; a missing term leaves a gap, not a nought."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from ferrolan.base.errors import TableError
from ferrolan.base.tables import TABLES
from ferrolan.views.context import Scenario
from ferrolan.views.tables import VIEWS, derive, open_book
from tests.views.sample import context, empty, kinds, tables


def test_every_derived_table_has_its_declared_columns() -> None:
    for source in (tables(), tables(worthless=False, suspects=False), empty(), {}):
        made = derive(source, context())
        assert set(made) == set(VIEWS)
        for name, frame in made.items():
            VIEWS[name].check(frame)


def test_derived_tables_do_not_depend_on_the_order_of_rows() -> None:
    shuffled = {name: frame.sample(fraction=1.0, shuffle=True, seed=3) for name, frame in tables().items()}
    straight, mixed = derive(tables(), context()), derive(shuffled, context())
    for name in ("view_made", "view_loads", "view_value", "view_quotas"):
        assert straight[name].equals(mixed[name]), name


def test_rare_earths_that_come_in_leave_or_stay() -> None:
    made = derive(tables(), context())["view_rare_earths"]
    total = {str(role): float(amount) for role, amount in made.group_by("role").agg(pl.col("amount").sum()).iter_rows()}
    assert total["feed"] == pytest.approx(total["product"] + total["loss"] + total["stocks"])
    assert total["feed"] == pytest.approx(300.0 * 0.060 * 744.0)


def test_differences_are_against_the_published_price() -> None:
    made = derive(tables(), context())
    netback = made["view_concentrate"].filter(pl.col("measure") == "netback")
    assert netback["difference"].item() == pytest.approx(31100.0 - 26834.0)
    value = made["view_value"].row(0, named=True)
    assert value["surplus"] == pytest.approx(31100.0 - 690.0)
    assert value["published_to_seller"] + value["published_to_buyer"] == pytest.approx(value["surplus"])


def test_a_quota_binds_in_the_share_of_draws_that_name_it() -> None:
    draws = tables()["value_draws"]
    both = draws.with_columns(
        binding_quotas=pl.when(pl.col("draw") % 2 == 0).then(pl.lit(["mining", "separation"])).otherwise(pl.lit([]))
    )
    shares = dict(derive({**tables(), "value_draws": both}, context())["view_quotas"].iter_rows())
    assert shares == {"mining": 0.5, "separation": 0.5}


def test_a_scenario_is_compared_with_the_base_of_its_own_region() -> None:
    change = derive(tables(), context())["view_market_change"]
    change = change.filter(pl.col("scenario") == "export_quota")
    abroad = change.filter((pl.col("region") == "abroad") & (pl.col("commodity") == "PrNd"))
    assert abroad["price_change"].item() == pytest.approx(702000.0 - 543500.0)


def test_sales_are_amounts_of_a_year_times_the_prices_the_plan_uses() -> None:
    made = derive(*kinds()["public figures alone"])
    trade = {row["commodity"]: row for row in made["view_trade"].iter_rows(named=True)}
    assert trade["prnd_oxide"]["amount"] == pytest.approx(12 * 306.0)
    assert trade["prnd_oxide"]["money"] == pytest.approx(12 * 306.0 * 168300.0)
    assert sum(row["share"] for row in trade.values()) == pytest.approx(1.0)
    assert made["view_earned"]["sales"].item() == pytest.approx(sum(row["money"] for row in trade.values()))
    assert made["view_earned"]["purchases"].item() == 0.0


def test_sales_with_an_unpriced_part_are_unknown() -> None:
    run, told = kinds()["public figures alone"]
    partly = replace(told, prices=told.prices[:1])
    assert derive(run, partly)["view_earned"]["sales"].item() is None


def test_a_tariff_is_measured_by_imports_and_a_production_quota_by_output() -> None:
    run, told = kinds()["public figures alone"]
    quota = Scenario("export_quota", "production_quota", "china", 0.9)
    made = derive(run, replace(told, scenarios=(quota, told.scenarios[1])))["view_scenarios"]
    production, tariff = made.iter_rows(named=True)
    assert (production["hits"], tariff["hits"]) == ("production", "imports")
    assert production["cut"] == pytest.approx(min(84400 / 86500, 122000 / 125000) - 1)
    assert tariff["cut"] == pytest.approx(min(14070 / 20100, 10500 / 15000) - 1)


def test_a_table_of_another_shape_is_refused() -> None:
    with pytest.raises(TableError, match="suspects"):
        open_book({"suspects": TABLES["account"].empty()}, context())
