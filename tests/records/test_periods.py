"""Closed months: what is locked stays as it is."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from ferrolan.base.errors import RecordError
from ferrolan.base.tables import ACCOUNT_CHANGES
from ferrolan.records import audit, exclusions, periods
from ferrolan.records.periods import Lock

MARCH = ("plant", "2026-03")
SIGNED = {"who": "metal accountant", "reason": "month closed"}
INPUTS = {"document": "d1", "source laboratory": "l1"}


def lock_march(ledger: Path, account_hash: str = "a1") -> Lock:
    periods.lock(ledger, *MARCH, account_hash, **SIGNED, inputs=INPUTS, run="r1")
    found = periods.locked(ledger, *MARCH)
    assert found is not None
    return found


def test_a_locked_month_says_what_was_locked_by_whom_and_why(tmp_path: Path) -> None:
    found = lock_march(tmp_path / "acts.jsonl")
    assert (found.account, found.inputs, found.run, found.version) == ("a1", INPUTS, "r1", 1)
    assert (found.who, found.reason) == (SIGNED["who"], SIGNED["reason"])


def test_a_reopened_month_is_open_and_its_next_lock_is_the_next_version(tmp_path: Path) -> None:
    ledger = tmp_path / "acts.jsonl"
    lock_march(ledger)
    periods.reopen(ledger, *MARCH, who="metal accountant", reason="the laboratory corrected sample 17")
    assert periods.locked(ledger, *MARCH) is None
    assert lock_march(ledger, "a2").version == 2
    assert [version.account for version in periods.versions(ledger, *MARCH)] == ["a1", "a2"]


def test_a_lock_counts_for_its_own_plant_and_month_only(tmp_path: Path) -> None:
    ledger = tmp_path / "acts.jsonl"
    lock_march(ledger)
    assert periods.locked(ledger, "plant", "2026-04") is None
    assert periods.locked(ledger, "other", "2026-03") is None


def test_without_a_ledger_every_month_is_open(tmp_path: Path) -> None:
    assert periods.locked(tmp_path / "acts.jsonl", *MARCH) is None


def test_what_is_locked_is_not_locked_again_nor_an_open_month_reopened(tmp_path: Path) -> None:
    ledger = tmp_path / "acts.jsonl"
    with pytest.raises(RecordError, match="open already"):
        periods.reopen(ledger, *MARCH, **SIGNED)
    lock_march(ledger)
    before = ledger.read_bytes()
    with pytest.raises(RecordError, match="locked already"):
        periods.lock(ledger, *MARCH, "a2", **SIGNED)
    assert ledger.read_bytes() == before


@pytest.mark.parametrize("missing", ["who", "reason"])
def test_a_lock_or_reopening_without_name_or_reason_is_refused(tmp_path: Path, missing: str) -> None:
    ledger = tmp_path / "acts.jsonl"
    with pytest.raises(RecordError, match=missing):
        periods.lock(ledger, *MARCH, "a1", **{**SIGNED, missing: " "})
    assert periods.locked(ledger, *MARCH) is None
    lock_march(ledger)
    with pytest.raises(RecordError, match=missing):
        periods.reopen(ledger, *MARCH, **{**SIGNED, missing: ""})
    assert periods.locked(ledger, *MARCH) is not None


def test_the_same_account_is_no_restatement_whatever_else_changed(tmp_path: Path) -> None:
    ledger = tmp_path / "acts.jsonl"
    found = lock_march(ledger)
    periods.refuse_restatement(ledger, found, "a1", {**INPUTS, "document": "d2"})
    assert periods.locked(ledger, *MARCH) == found


def test_what_differs_by_rounding_alone_is_no_restatement(tmp_path: Path) -> None:
    ledger = tmp_path / "acts.jsonl"
    found = lock_march(ledger)
    periods.refuse_restatement(ledger, found, "a2", INPUTS, ACCOUNT_CHANGES.empty())
    assert periods.locked(ledger, *MARCH) == found


def test_a_restatement_names_what_changed_in_the_raw_data_and_in_the_account(tmp_path: Path) -> None:
    ledger = tmp_path / "acts.jsonl"
    found = lock_march(ledger)
    row = ("flow", "slab", None, 2, "t/h", 105.0, 107.5, 2.5, 0.5, 5.0)
    changes = pl.DataFrame([row], schema=ACCOUNT_CHANGES.schema, orient="row")
    with pytest.raises(RecordError) as error:
        periods.refuse_restatement(ledger, found, "a2", {**INPUTS, "source laboratory": "l2", "only": "x"}, changes)
    faults = {fault.path: fault for fault in error.value.faults}
    assert list(faults) == ["source laboratory", "account"] and {fault.code for fault in faults.values()} == {
        "restated_account"
    }
    assert faults["source laboratory"].found == "l2" and faults["source laboratory"].expected.startswith("l1")
    assert "flow of slab in period 2 from 105 to 107.5 t/h" in faults["account"].found
    assert "metal accountant" in faults["account"].expected and "reopen 2026-03" in faults["account"].way_out


def test_in_a_locked_month_no_meter_is_signed_out(tmp_path: Path) -> None:
    ledger = tmp_path / "acts.jsonl"
    lock_march(ledger)
    before = ledger.read_bytes()
    with pytest.raises(RecordError, match="period_locked"):
        exclusions.sign(ledger, *MARCH, "WT-214", **SIGNED)
    assert ledger.read_bytes() == before
    exclusions.sign(ledger, "plant", "2026-04", "WT-214", **SIGNED)


def test_locks_stand_in_the_ledger_beside_the_other_acts_and_are_sealed_like_them(tmp_path: Path) -> None:
    ledger = tmp_path / "acts.jsonl"
    exclusions.sign(ledger, *MARCH, "WT-214", **SIGNED)
    lock_march(ledger)
    assert [entry.act.what for entry in audit.verify(ledger)] == ["exclude_meter", "lock_period"]
    assert [meter.tag for meter in exclusions.active(ledger, *MARCH)] == ["WT-214"]
    ledger.write_text(ledger.read_text().replace('"a1"', '"a2"'))
    with pytest.raises(RecordError, match="acts.jsonl:2"):
        periods.locked(ledger, *MARCH)
