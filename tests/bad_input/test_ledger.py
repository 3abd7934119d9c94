"""A ledger of signed acts with a torn or a changed line: refused with its line, and not written on."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferrolan.base.errors import RecordError
from ferrolan.base.provenance import run_identity
from ferrolan.records import audit, runs

from .conftest import ferrolan

ACT = audit.Act(datetime(2026, 4, 2, tzinfo=UTC), "li", "exclude_meter", True, False, "calibration check failed", "")


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    (tmp_path / "runs").mkdir()
    for _ in range(3):
        audit.append(tmp_path / "runs" / "acts.jsonl", ACT)
    return tmp_path / "runs" / "acts.jsonl"


def test_a_torn_last_line_is_named_with_the_way_out_and_the_acts_before_it_stay(ledger: Path, tmp_path: Path) -> None:
    ledger.write_bytes(ledger.read_bytes()[:-25])
    torn = ledger.read_bytes()
    signing = (
        "exclude",
        "WT-214",
        "ore_to_both",
        "--who",
        "li",
        "--reason",
        "calibration check failed",
        "--out",
        "runs",
    )
    ended = ferrolan(*signing, cwd=tmp_path)
    assert ended.code == 3
    assert "acts.jsonl:3: expected a whole signed act" in ended.said and "[torn_act]" in ended.said
    assert (
        "never confirmed; the acts before it are whole" in ended.said
        and "remove this line and sign again" in ended.said
    )
    assert ledger.read_bytes() == torn
    ledger.write_bytes(b"".join(torn.splitlines(keepends=True)[:2]))  # the way out, followed
    assert audit.append(ledger, ACT).number == 3


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_wherever_a_line_is_torn_no_act_is_added_to_it(ledger: Path, cut: int) -> None:
    ledger.write_bytes(ledger.read_bytes()[:-cut])
    before = ledger.read_bytes()
    with pytest.raises(RecordError, match=r":3: .*torn_act"):
        audit.append(ledger, ACT)
    assert ledger.read_bytes() == before


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(line=st.one_of(st.binary(max_size=80), st.text(max_size=80).map(str.encode), st.just(b"[" * 99_999)))
def test_no_line_whatever_stands_in_it_is_a_surprise(ledger: Path, line: bytes) -> None:
    whole = ledger.read_bytes()
    if line.strip(b"\n"):
        ledger.write_bytes(whole + line + b"\n")
        with pytest.raises(RecordError):
            audit.verify(ledger)
    ledger.write_bytes(whole)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)
PARTS = ("run", "code", "libraries", "seed", "inputs", "tables", "files", "solvers")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(part=st.sampled_from(PARTS), value=JSON)
def test_a_record_of_a_run_with_any_part_changed_is_refused_or_the_same(
    tmp_path: Path, part: str, value: object
) -> None:
    import json

    kept = runs.write(tmp_path, run_identity({"plant": "ab"}, 7), {})
    file = kept.folder / "run.json"
    whole = file.read_text()
    file.write_text(json.dumps({**json.loads(whole), part: value}))
    try:
        same, refused = runs.read(kept.folder), None
    except RecordError as error:
        same, refused = None, error
    file.write_text(whole)
    assert refused is not None or same.run_id == kept.run_id


@pytest.mark.parametrize("name", ["a\0b", "a\ud800b", "a\nb"], ids=["nul", "half a pair", "new line"])
def test_a_name_that_no_disk_takes_is_refused_in_a_record(tmp_path: Path, name: str) -> None:
    import json

    kept = runs.write(tmp_path, run_identity({"plant": "ab"}, 7), {})
    file = kept.folder / "run.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "files": {name: "00"}}))
    with pytest.raises(RecordError, match="bad_name"):
        runs.read(kept.folder)
