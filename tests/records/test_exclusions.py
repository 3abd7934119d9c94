"""Meters signed out of an account."""

from __future__ import annotations

import pytest

from ferrolan.base.errors import RecordError
from ferrolan.records.exclusions import Exclusion, active, sign

SIGNED = {"who": "shift metallurgist", "reason": "calibration check failed"}


def test_a_signed_meter_is_out_until_it_is_signed_back(tmp_path):
    ledger = tmp_path / "acts.jsonl"
    sign(ledger, "plant", "2026-03", "WT-214", **SIGNED)
    assert active(ledger, "plant", "2026-03") == (Exclusion("WT-214", SIGNED["reason"], SIGNED["who"]),)
    sign(ledger, "plant", "2026-03", "WT-214", back=True, **SIGNED)
    assert active(ledger, "plant", "2026-03") == ()


@pytest.mark.parametrize("back", [False, True])
def test_what_is_so_already_is_not_signed_again(tmp_path, back):
    ledger = tmp_path / "acts.jsonl"
    if not back:
        sign(ledger, "plant", "2026-03", "WT-214", **SIGNED)
    before = ledger.read_bytes() if ledger.exists() else b""
    with pytest.raises(RecordError, match="already"):
        sign(ledger, "plant", "2026-03", "WT-214", back=back, **SIGNED)
    assert (ledger.read_bytes() if ledger.exists() else b"") == before


@pytest.mark.parametrize(("enterprise", "month"), [("plant", "2026-04"), ("other", "2026-03")])
def test_an_act_counts_for_its_own_plant_and_month_only(tmp_path, enterprise, month):
    sign(tmp_path / "acts.jsonl", "plant", "2026-03", "WT-214", **SIGNED)
    assert active(tmp_path / "acts.jsonl", enterprise, month) == ()


def test_without_a_ledger_nothing_is_out(tmp_path):
    assert active(tmp_path / "acts.jsonl", "plant", "2026-03") == ()


@pytest.mark.parametrize("missing", ["who", "reason"])
def test_an_act_without_name_or_reason_is_refused_and_leaves_no_line(tmp_path, missing):
    with pytest.raises(RecordError, match=missing):
        sign(tmp_path / "acts.jsonl", "plant", "2026-03", "WT-214", **{**SIGNED, missing: " "})
    assert active(tmp_path / "acts.jsonl", "plant", "2026-03") == ()


def test_a_ledger_changed_by_hand_is_refused(tmp_path):
    ledger = tmp_path / "acts.jsonl"
    sign(ledger, "plant", "2026-03", "WT-214", **SIGNED)
    ledger.write_text(ledger.read_text().replace("WT-214", "DT-222"))
    with pytest.raises(RecordError, match="acts.jsonl:1"):
        active(ledger, "plant", "2026-03")
