"""A kept run is whole, repeatable and verified when it is read."""

from __future__ import annotations

import json
import math
from pathlib import Path

import polars as pl
import pytest

from ferrolan.base.errors import RecordError, SurroundingsError, TableError
from ferrolan.base.provenance import RunIdentity, run_identity
from ferrolan.base.tables import CERTIFICATES
from ferrolan.records import runs
from ferrolan.records.runs import Clock, SolverRecord

SOLVERS = (SolverRecord("planning", "group", "optimal", 1.5e9, 42, {"primal": 1e-9, "dual": math.nan}),)


@pytest.fixture
def identity() -> RunIdentity:
    return run_identity({"ore_to_both.yaml": "ab" * 32}, seed=7)


@pytest.fixture
def tables() -> dict[str, pl.DataFrame]:
    check = {
        "station": "market",
        "problem": "base",
        "check": "balance",
        "value": 1e-9,
        "tolerance": 1e-6,
        "passed": True,
    }
    return {
        "certificates": pl.DataFrame([check], schema=CERTIFICATES.schema),
        "oddities": pl.DataFrame({"x": [1.0, None, math.inf], "name": ["é", None, ""]}),
    }


def test_a_run_reads_back_as_written(tmp_path: Path, identity: RunIdentity, tables: dict[str, pl.DataFrame]) -> None:
    written = runs.write(tmp_path, identity, tables, files={"brief.html": b"<p>"}, solvers=SOLVERS)
    back = runs.read(tmp_path / identity.run_id)
    assert back == written
    assert back.identity == identity and back.run_id == identity.run_id
    assert all(back.tables[name].equals(frame) for name, frame in tables.items())
    assert back.solvers[0].residuals == {"primal": 1e-9, "dual": None}
    assert runs.names(tmp_path) == (identity.run_id,)


def test_run_json_is_identical_twice_and_only_the_clock_grows(
    tmp_path: Path, identity: RunIdentity, tables: dict[str, pl.DataFrame]
) -> None:
    records = []
    for root, clock in ((tmp_path / "a", 1.0), (tmp_path / "b", 2.0), (tmp_path / "b", 3.0)):
        kept = runs.write(root, identity, tables, solvers=SOLVERS, clock=Clock("2026-04-01T00:00:00Z", {"plan": clock}))
        records.append((kept.folder / "run.json").read_bytes())
    assert len(set(records)) == 1
    assert [clock.seconds["plan"] for clock in kept.clocks] == [2.0, 3.0]


def test_no_wall_time_stands_in_run_json(
    tmp_path: Path, identity: RunIdentity, tables: dict[str, pl.DataFrame]
) -> None:
    kept = runs.write(tmp_path, identity, tables, clock=Clock("2026-04-01T00:00:00Z", {"plan": 1.25}))
    text = (kept.folder / "run.json").read_text()
    assert "2026-04-01" not in text and "1.25" not in text


def test_run_json_holds_every_hash_and_status(
    tmp_path: Path, identity: RunIdentity, tables: dict[str, pl.DataFrame]
) -> None:
    kept = runs.write(tmp_path, identity, tables, files={"brief.html": b"<p>"}, solvers=SOLVERS)
    record = json.loads((kept.folder / "run.json").read_text())
    assert set(record) == {"format", "run", "code", "libraries", "seed", "inputs", "tables", "files", "solvers"}
    assert record["inputs"] == identity.inputs and record["seed"] == 7
    assert {name: entry["hash"] for name, entry in record["tables"].items()} == kept.hashes
    assert record["solvers"][0]["status"] == "optimal"


@pytest.mark.parametrize("change", ["table", "solver", "file", "fewer"])
def test_another_result_of_one_identity_is_refused_and_the_first_kept(
    tmp_path: Path, identity: RunIdentity, tables: dict[str, pl.DataFrame], change: str
) -> None:
    first = runs.write(tmp_path, identity, tables, files={"brief.html": b"<p>"}, solvers=SOLVERS)
    other = dict(tables)
    if change == "table":
        other["oddities"] = tables["oddities"].reverse()
    if change == "fewer":
        del other["oddities"]
    solvers = SOLVERS[:0] if change == "solver" else SOLVERS
    document = b"<b>" if change == "file" else b"<p>"
    with pytest.raises(RecordError, match="unstable_run"):
        runs.write(tmp_path, identity, other, files={"brief.html": document}, solvers=solvers)
    assert runs.read(first.folder) == first


def test_a_changed_table_or_document_is_named(
    tmp_path: Path, identity: RunIdentity, tables: dict[str, pl.DataFrame]
) -> None:
    kept = runs.write(tmp_path, identity, tables, files={"brief.html": b"<p>"})
    tables["oddities"].reverse().write_parquet(kept.folder / "tables" / "oddities.parquet")
    (kept.folder / "tables" / "certificates.parquet").write_bytes(b"")
    (kept.folder / "brief.html").unlink()
    with pytest.raises(RecordError) as caught:
        runs.read(kept.folder)
    assert [fault.path for fault in caught.value.faults] == ["certificates", "oddities", "brief.html"]


def test_a_changed_identity_is_named(tmp_path: Path, identity: RunIdentity, tables: dict[str, pl.DataFrame]) -> None:
    kept = runs.write(tmp_path, identity, tables)
    file = kept.folder / "run.json"
    file.write_text(file.read_text().replace('"seed": 7', '"seed": 8'))
    with pytest.raises(RecordError, match="changed_identity"):
        runs.read(kept.folder)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}"])
def test_an_unreadable_record_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(RecordError, match="unreadable_run"):
        runs.read(tmp_path)


def test_a_run_that_fails_leaves_nothing(
    tmp_path: Path, identity: RunIdentity, tables: dict[str, pl.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ferrolan.records.runs.keep", fail)
    with pytest.raises(SurroundingsError, match="disk_full"):
        runs.write(tmp_path, identity, tables)
    assert list(tmp_path.iterdir()) == []
    assert runs.names(tmp_path) == runs.names(tmp_path / "absent") == ()


def test_a_table_that_differs_from_its_schema_is_refused(tmp_path: Path, identity: RunIdentity) -> None:
    with pytest.raises(TableError, match="certificates"):
        runs.write(tmp_path, identity, {"certificates": pl.DataFrame({"x": [1]})})
    assert runs.names(tmp_path) == ()


def test_a_document_that_comes_out_otherwise_is_refused(
    tmp_path: Path, identity: RunIdentity, tables: dict[str, pl.DataFrame]
) -> None:
    kept = runs.write(tmp_path, identity, tables, files={"brief.html": b"<p>"})
    assert runs.write(tmp_path, identity, tables, files={"brief.html": b"<p>"}) == kept
    for other in ({"brief.html": b"<b>"}, {}, {"brief.html": b"<p>", "note.txt": b""}):
        with pytest.raises(RecordError, match="unstable_run"):
            runs.write(tmp_path, identity, tables, files=other)
    assert runs.read(kept.folder) == kept


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".x", "run.json", "clock.json", "tables"])
def test_a_name_that_leads_elsewhere_is_refused(
    tmp_path: Path, identity: RunIdentity, tables: dict[str, pl.DataFrame], name: str
) -> None:
    with pytest.raises(RecordError, match="bad_name"):
        runs.write(tmp_path, identity, tables, files={name: b""})
    assert not (tmp_path / identity.run_id).exists()
