"""Signed counts among the measurements of an account, and beside its books."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from ferrolan.assembly import balances, stock_takes, tags
from ferrolan.base.errors import RecordError
from ferrolan.base.tables import ACCOUNT, MEASUREMENTS, STOCK_TAKE
from ferrolan.records.stock_takes import StockTake

END = datetime(2026, 3, 31, 16, tzinfo=UTC)
TAKE = StockTake("ore_stockpile", 50_000.0, 1_000.0, END, "drone survey", "surveyor", "yearly count")


@pytest.fixture(scope="module")
def periods(document):
    return tags.periods(document)


def books(value: float | None, sd: float | None) -> pl.DataFrame:
    row = dict.fromkeys(ACCOUNT.columns) | {
        "kind": "stock", "object": "ore_stockpile", "period": 5, "value": value, "sd": sd,
    }  # fmt: skip
    return pl.DataFrame([row], schema=ACCOUNT.schema)


def test_a_count_belongs_to_the_nearest_start_or_end_of_a_period(periods):
    assert stock_takes.boundary(periods, END) == 5
    assert stock_takes.boundary(periods, END + timedelta(hours=12)) == 5
    assert stock_takes.boundary(periods, periods[1].start - timedelta(hours=3)) == 1
    assert stock_takes.boundary(periods, END + timedelta(hours=12, seconds=1)) is None


def test_a_count_between_is_refused_with_the_nearest_time(periods):
    with pytest.raises(RecordError, match="2026-03-28 16:00 UTC"):
        stock_takes.refuse_between(periods, "ore_stockpile", periods[3].end - timedelta(hours=30), "acts.jsonl")


def test_a_count_is_one_more_reading_of_the_stock_with_its_own_sigma(document, periods):
    counted = stock_takes.with_counts(MEASUREMENTS.empty(), [TAKE], periods)
    (reading,) = balances.readings(document, counted)
    assert (reading.kind, reading.object, reading.period) == ("stock", "ore_stockpile", 5)
    assert (reading.value, reading.sigma, reading.model) == (50_000.0, 1_000.0, None)


def test_two_counts_of_one_stock_are_two_meters(document, periods):
    later = replace(TAKE, at=END + timedelta(hours=2))
    counted = stock_takes.with_counts(MEASUREMENTS.empty(), [TAKE, later], periods)
    assert len({reading.tag for reading in balances.readings(document, counted)}) == 2


def test_a_count_stands_beside_an_independent_book_with_the_interval_of_the_difference(periods):
    (row,) = stock_takes.beside_books([TAKE], periods, books(48_000.0, 750.0)).iter_rows(named=True)
    assert (row["difference"], row["difference_u95"]) == (2_000.0, pytest.approx(1.96 * 1_250.0, rel=1e-4))
    assert row["exceeds"] is False
    (row,) = stock_takes.beside_books([TAKE], periods, books(47_000.0, 750.0)).iter_rows(named=True)
    assert row["exceeds"] is True


@pytest.mark.parametrize("found", [None, books(None, None)])
def test_without_a_book_the_difference_stays_unknown(periods, found):
    (row,) = stock_takes.beside_books([TAKE], periods, found).iter_rows(named=True)
    assert row["count"] == 50_000.0
    assert {row[name] for name in ("book", "book_u95", "difference", "difference_u95", "exceeds")} == {None}


def test_without_counts_the_table_is_empty_as_declared(periods):
    assert stock_takes.beside_books([], periods, books(1.0, 1.0)).equals(STOCK_TAKE.empty())
