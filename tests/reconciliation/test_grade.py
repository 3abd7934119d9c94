"""The letter is the worst that any ground allows, and every ground is named."""

from __future__ import annotations

import polars as pl
import pytest

from ferrolan.base.tables import ACCURACY, BALANCE_TESTS, METAL_PRIMARY, SUSPECTS, Table
from ferrolan.reconciliation.grade import grade_frame


def rows(table: Table, *given: dict[str, object]) -> pl.DataFrame:
    blank = dict.fromkeys(table.columns)
    return table.check(pl.DataFrame([blank | row for row in given], schema=table.schema))


def account(*, passed: bool | None = True, **others: pl.DataFrame) -> dict[str, pl.DataFrame]:
    tests = rows(BALANCE_TESTS, {"test": "global", "passed": passed})
    return {"balance_tests": tests, "suspects": SUSPECTS.empty(), **others}


SUSPECT = rows(SUSPECTS, {"rank": 1, "suspect_class": 1, "tag": "WT-214", "echo": False})
ECHO = rows(SUSPECTS, {"rank": 1, "suspect_class": 1, "tag": "WT-214", "echo": True})


def told(tables: dict[str, pl.DataFrame]) -> tuple[str, list[str]]:
    found = grade_frame(tables)
    return found["grade"][0], found["ground"].to_list()


def test_an_account_without_a_ground_against_it_is_an_a() -> None:
    assert told(account()) == ("A", ["none"])


@pytest.mark.parametrize(
    ("passed", "suspects", "expected"),
    [
        (None, SUSPECTS.empty(), ("D", ["untested"])),
        (False, SUSPECTS.empty(), ("D", ["unexplained"])),
        (False, SUSPECT, ("C", ["failed", "suspect"])),
        (True, SUSPECT, ("C", ["suspect"])),
        (True, ECHO, ("A", ["none"])),
    ],
)
def test_the_tests_decide_between_a_c_and_d(
    passed: bool | None, suspects: pl.DataFrame, expected: tuple[str, list[str]]
) -> None:
    assert told(account(passed=passed, suspects=suspects)) == expected


def test_what_nothing_checks_and_what_misses_its_target_makes_a_b() -> None:
    accuracy = rows(
        ACCURACY,
        {"object": "ore", "boundary": True, "status": "nonredundant", "redundancy": 0.0},
        {"object": "rail", "boundary": False, "status": "redundant", "redundancy": 0.4, "met": False},
        {"object": "slag", "boundary": False, "status": "nonredundant", "redundancy": 0.0},
    )
    found = grade_frame(account(accuracy=accuracy))
    assert found["grade"].unique().to_list() == ["B"]
    assert dict(found.select("ground", "of").rows()) == {"missed": ["rail"], "unchecked": ["ore"]}


def test_a_boundary_figure_that_nobody_sees_makes_a_c() -> None:
    accuracy = rows(ACCURACY, {"object": "ore", "boundary": True, "status": "unobservable", "redundancy": 0.0})
    assert told(account(accuracy=accuracy)) == ("C", ["unobservable"])


def test_only_the_unaccounted_of_the_whole_site_and_account_counts() -> None:
    primary = rows(
        METAL_PRIMARY,
        {"scope_kind": "site", "span": "account", "component": "Fe", "exceeds": True},
        {"scope_kind": "site", "span": "account", "component": "P", "exceeds": None},
        {"scope_kind": "site", "span": "period", "component": "Nd2O3", "exceeds": True},
        {"scope_kind": "unit", "span": "account", "component": "La2O3", "exceeds": True},
    )
    found = grade_frame(account(metal_primary=primary))
    assert found.select("grade", "ground", "count", "of").rows() == [("B", "unaccounted", 1, ["Fe"])]
