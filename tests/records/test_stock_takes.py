"""Signed physical counts of stocks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ferrolan.base.errors import RecordError
from ferrolan.records import periods, stock_takes
from ferrolan.records.stock_takes import StockTake

MARCH = ("plant", "2026-03")
TAKE = StockTake(
    "ore_stockpile", 41200.0, 800.0, datetime(2026, 3, 31, 16, tzinfo=UTC), "drone survey", "surveyor", "yearly count"
)


def test_a_signed_count_comes_back_as_it_was_signed(tmp_path: Path) -> None:
    stock_takes.sign(tmp_path / "acts.jsonl", *MARCH, TAKE)
    assert stock_takes.active(tmp_path / "acts.jsonl", *MARCH) == (TAKE,)
    assert stock_takes.active(tmp_path / "acts.jsonl", "plant", "2026-04") == ()


def test_a_withdrawn_count_is_gone_and_can_be_signed_again(tmp_path: Path) -> None:
    ledger = tmp_path / "acts.jsonl"
    stock_takes.sign(ledger, *MARCH, TAKE)
    stock_takes.sign(ledger, *MARCH, replace(TAKE, reason="wrong density"), back=True)
    assert stock_takes.active(ledger, *MARCH) == ()
    better = replace(TAKE, value=40000.0)
    stock_takes.sign(ledger, *MARCH, better)
    assert list(stock_takes.states(ledger, *MARCH)) == [(TAKE,), (), (better,)]


@pytest.mark.parametrize("back", [False, True])
def test_what_is_so_already_is_not_signed_again(tmp_path: Path, back: bool) -> None:
    ledger = tmp_path / "acts.jsonl"
    if not back:
        stock_takes.sign(ledger, *MARCH, TAKE)
    with pytest.raises(RecordError, match="signed_already"):
        stock_takes.sign(ledger, *MARCH, TAKE, back=back)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"value": -1.0}, "value"),
        ({"value": float("nan")}, "value"),
        ({"sigma": 0.0}, "sigma"),
        ({"sigma": float("inf")}, "sigma"),
        ({"method": " "}, "method"),
        ({"at": datetime(2026, 3, 31, 16)}, "at"),  # what is refused
    ],
)
def test_an_incomplete_count_is_refused_by_field_and_leaves_no_line(
    tmp_path: Path, change: dict[str, object], path: str
) -> None:
    with pytest.raises(RecordError) as error:
        stock_takes.sign(tmp_path / "acts.jsonl", *MARCH, replace(TAKE, **change))
    assert [(fault.path, fault.code) for fault in error.value.faults] == [(f"ore_stockpile.{path}", "incomplete_act")]
    assert not (tmp_path / "acts.jsonl").exists()


def test_in_a_locked_month_no_count_is_signed(tmp_path: Path) -> None:
    ledger = tmp_path / "acts.jsonl"
    periods.lock(ledger, *MARCH, "a1", who="accountant", reason="closed")
    with pytest.raises(RecordError, match="period_locked"):
        stock_takes.sign(ledger, *MARCH, TAKE)
