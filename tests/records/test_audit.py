"""The chain of signed acts names the first line that was changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrolan.base.errors import RecordError
from ferrolan.records.audit import GENESIS, Act, append, verify

ACT = Act(
    at=datetime(2026, 4, 2, 8, 30, tzinfo=UTC),
    who="metallurgist.li",
    what="exclude_meter",
    before={"WT-214": True},
    after={"WT-214": False},
    reason="reads 3 % high since calibration",
    run="4f1c09ab63d27e85",
)


def fill(ledger: Path, count: int = 5) -> list[str]:
    return [append(ledger, replace(ACT, reason=f"reason {k}")).hash for k in range(count)]


def test_acts_come_back_in_order_and_chained(tmp_path: Path) -> None:
    hashes = fill(tmp_path / "sub" / "acts.jsonl")
    entries = verify(tmp_path / "sub" / "acts.jsonl", last=hashes[-1])
    assert [entry.hash for entry in entries] == hashes
    assert [entry.previous for entry in entries] == [GENESIS, *hashes[:-1]]
    assert [entry.number for entry in entries] == [1, 2, 3, 4, 5]
    assert entries[0].act == replace(ACT, reason="reason 0")


def test_an_absent_ledger_holds_nothing(tmp_path: Path) -> None:
    assert verify(tmp_path / "acts.jsonl") == ()


@given(line=st.integers(0, 4), place=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255))
def test_any_changed_byte_is_found_at_its_line(
    tmp_path_factory: pytest.TempPathFactory, line: int, place: float, byte: int
) -> None:
    ledger = tmp_path_factory.mktemp("audit") / "acts.jsonl"
    fill(ledger)
    lines = ledger.read_bytes().splitlines(keepends=True)
    changed = bytearray(lines[line])
    where = int(place * (len(changed) - 1))
    if changed[where] == byte:
        return
    changed[where] = byte
    ledger.write_bytes(b"".join([*lines[:line], bytes(changed), *lines[line + 1 :]]))
    with pytest.raises(RecordError) as caught:
        verify(ledger)
    assert caught.value.faults[0].line == line + 1
    with pytest.raises(RecordError):
        append(ledger, ACT)


@pytest.mark.parametrize("line", [0, 2])
def test_a_removed_line_is_found(tmp_path: Path, line: int) -> None:
    ledger = tmp_path / "acts.jsonl"
    fill(ledger)
    lines = ledger.read_text().splitlines(keepends=True)
    ledger.write_text("".join(lines[:line] + lines[line + 1 :]))
    with pytest.raises(RecordError, match=f":{line + 1}.*broken_chain"):
        verify(ledger)


def test_swapped_lines_are_found(tmp_path: Path) -> None:
    ledger = tmp_path / "acts.jsonl"
    fill(ledger)
    lines = ledger.read_text().splitlines(keepends=True)
    ledger.write_text("".join([lines[0], lines[2], lines[1], *lines[3:]]))
    with pytest.raises(RecordError, match=":2"):
        verify(ledger)


def test_a_cut_end_is_found_with_the_last_hash(tmp_path: Path) -> None:
    ledger = tmp_path / "acts.jsonl"
    hashes = fill(ledger)
    ledger.write_text("".join(ledger.read_text().splitlines(keepends=True)[:3]))
    assert len(verify(ledger)) == 3
    with pytest.raises(RecordError, match="cut_end"):
        verify(ledger, last=hashes[-1])


def test_a_torn_last_line_is_found(tmp_path: Path) -> None:
    ledger = tmp_path / "acts.jsonl"
    fill(ledger)
    ledger.write_bytes(ledger.read_bytes()[:-10])
    with pytest.raises(RecordError, match=":5.*never confirmed.*torn_act"):
        verify(ledger)
    with pytest.raises(RecordError):
        append(ledger, ACT)


@pytest.mark.parametrize("act", [replace(ACT, who=" "), replace(ACT, reason=""), replace(ACT, at=datetime(2026, 4, 2))])
def test_an_act_without_name_reason_or_zone_is_refused(tmp_path: Path, act: Act) -> None:
    with pytest.raises(RecordError, match="incomplete_act"):
        append(tmp_path / "acts.jsonl", act)
    assert not (tmp_path / "acts.jsonl").exists()


def test_texts_of_any_script_and_separator_are_kept(tmp_path: Path) -> None:
    act = replace(ACT, reason="皮带秤\u2028\x85\nsecond line", before=None, after=[1, 2.5, "é"])
    append(tmp_path / "acts.jsonl", act)
    append(tmp_path / "acts.jsonl", act)
    assert [entry.act for entry in verify(tmp_path / "acts.jsonl")] == [act, act]


def test_times_are_kept_in_utc(tmp_path: Path) -> None:
    local = replace(ACT, at=ACT.at.astimezone(timezone(timedelta(hours=8))))
    assert append(tmp_path / "a.jsonl", local).hash == append(tmp_path / "b.jsonl", ACT).hash
