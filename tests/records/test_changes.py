"""What differs between two accounts."""

from __future__ import annotations

import polars as pl
import pytest

from ferrolan.base.tables import ACCOUNT
from ferrolan.records.changes import account_changes

ROW = dict.fromkeys(ACCOUNT.columns) | {"kind": "flow", "object": "slab", "period": 0, "unit": "t/h"}


def account(**values: tuple[float | None, float | None]) -> pl.DataFrame:
    rows = [{**ROW, "object": name, "value": value, "sd": sd} for name, (value, sd) in values.items()]
    return pl.DataFrame(rows, schema=ACCOUNT.schema)


def test_an_account_does_not_differ_from_itself() -> None:
    same = account(slab=(105.0, 0.5), slag=(None, None), dust=(3.0, None))
    assert account_changes(same, same).is_empty()


def test_a_change_is_told_in_standard_deviations_of_the_first_account() -> None:
    changes = account_changes(account(slab=(105.0, 0.5)), account(slab=(106.0, 5.0)))
    assert changes.select("before", "after", "change", "sd", "in_sds").rows() == [(105.0, 106.0, 1.0, 0.5, 2.0)]


def test_rounding_is_no_change() -> None:
    before = account(slab=(105.0, 0.5), dust=(3.0, None))
    assert account_changes(before, account(slab=(105.0 + 1e-8, 0.5), dust=(3.0 + 1e-10, None))).is_empty()
    assert account_changes(before, account(slab=(105.0, 0.5), dust=(3.0 + 1e-6, None))).height == 1


def test_a_value_that_appears_or_goes_is_a_change() -> None:
    changes = account_changes(account(slab=(105.0, 0.5), slag=(20.0, 1.0)), account(slab=(105.0, 0.5), dust=(3.0, 0.1)))
    assert sorted(changes.select("object", "before", "after").rows()) == [("dust", None, 3.0), ("slag", 20.0, None)]


def test_two_readings_of_one_quantity_are_one_change() -> None:
    twice = pl.concat([account(slab=(105.0, 0.5)), account(slab=(105.0, 0.5))])
    changes = account_changes(twice, account(slab=(106.0, 0.5)))
    assert changes["change"].to_list() == [pytest.approx(1.0)]
