"""A laboratory's table in a real SQLite file."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from ferrolan.base.errors import Fault, SourceError, SurroundingsError
from ferrolan.base.status import AT_MOST, StatusCode
from ferrolan.base.tables import REJECTED, SAMPLES
from ferrolan.sources import SqlSource, SqlTable, TagAddress, read_sql
from ferrolan.sources.sql.database import _read_only
from ferrolan.sources.timeline import OUTSIDE

TAGS = (TagAddress(1, "feed_nd", "feed/Nd2O3"), TagAddress(2, "tails_fe", "tails/Fe"))
ROWS = [
    (3, "feed", "Nd2O3", "2026-03-02 06:00", 0.9),
    (1, "feed", "Nd2O3", "2026-03-01 06:00", 0.8),
    (2, "tails", "Fe", "2026-03-01T06:00:00", "14.5"),
    (4, "feed", "CeO2", "2026-03-01 06:00", 2.4),
    (5, "feed", "CeO2", "2026-03-02 06:00", 2.5),
]


def lims(tmp_path: Path, rows: list[tuple[object, ...]], name: str = "lims.sqlite") -> SqlTable:
    path = tmp_path / name
    with sqlite3.connect(path) as connection:
        connection.execute("create table assays (id integer, point text, element text, taken_at text, result)")
        connection.executemany("insert into assays values (?, ?, ?, ?, ?)", rows)
    connection.close()
    return SqlTable(f"sqlite:///{path}", "assays", "taken_at", ("point", "element"), "result", "Asia/Shanghai", "id")


def fault_of(table: SqlTable) -> Fault:
    with pytest.raises(SourceError) as caught:
        read_sql(table, TAGS, 2, "lims")
    assert len(caught.value.faults) == 1
    return caught.value.faults[0]


def test_declared_rows_become_samples_in_declared_order(tmp_path: Path) -> None:
    batch = read_sql(lims(tmp_path, ROWS), TAGS, 2, "lims")
    SAMPLES.check(batch.samples)
    REJECTED.check(batch.rejected)
    assert batch.samples.select("tag", "time", "value", "seq", "source").rows() == [
        (1, datetime(2026, 2, 28, 22, tzinfo=UTC), 0.8, 1, 2),
        (2, datetime(2026, 2, 28, 22, tzinfo=UTC), 14.5, 2, 2),
        (1, datetime(2026, 3, 1, 22, tzinfo=UTC), 0.9, 3, 2),
    ]
    assert batch.rejected.is_empty()


def test_the_order_of_storage_changes_neither_samples_nor_hash(tmp_path: Path) -> None:
    one = read_sql(lims(tmp_path, ROWS, "one.sqlite"), TAGS, 2, "lims")
    two = read_sql(lims(tmp_path, ROWS[::-1], "two.sqlite"), TAGS, 2, "lims")
    assert one.samples.equals(two.samples)
    assert one.content_hash == two.content_hash


def test_unknown_keys_are_counted_and_no_error(tmp_path: Path) -> None:
    table = lims(tmp_path, ROWS)
    undeclared = SqlSource(table, 2, "lims").discover().undeclared(TAGS)
    assert [(found.address, found.rows) for found in undeclared] == [("feed/CeO2", 2)]
    report = SqlSource(table, 2, "lims").read((*TAGS, TagAddress(3, "gone", "feed/Pr6O11"))).report
    assert report.undeclared == undeclared and report.silent == ("gone",) and report.rows == 5


@pytest.mark.parametrize("result", ["<0.01", "n.b.", "nan", "1_0", b"\x01", float("inf")])
def test_a_result_that_is_no_number_is_rejected_and_leaves_a_bad_sample(tmp_path: Path, result: object) -> None:
    table = lims(tmp_path, [*ROWS, (6, "feed", "Nd2O3", "2026-03-03 06:00", result)])
    batch = read_sql(table, TAGS, 2, "lims")
    assert batch.rejected.select("source", "line", "tag", "found", "reason").rows() == [
        ("lims", 6, "feed_nd", str(result), "not a number")
    ]
    assert batch.samples.row(-1, named=True)["status"] == StatusCode.BAD_TYPE_MISMATCH
    assert batch.samples["value"][-1] is None


@pytest.mark.parametrize("result", ["<0.01", " < 0.01 ", "<=0.01"])
def test_a_result_below_the_detection_limit_is_kept_as_the_limit_and_listed(tmp_path: Path, result: str) -> None:
    table = lims(tmp_path, [*ROWS, (6, "feed", "Nd2O3", "2026-03-03 06:00", result)])
    batch = read_sql(table, [replace(tag, limits=True) for tag in TAGS], 2, "lims")
    assert (batch.samples["value"][-1], batch.samples["status"][-1]) == (0.01, AT_MOST)
    assert batch.rejected.is_empty()
    assert batch.repaired.select("line", "tag", "found", "taken").rows() == [(6, "feed_nd", result, "at most 0.01")]


@pytest.mark.parametrize("result", ["<LOD", "<-0.01", "<"])
def test_what_is_no_limit_is_rejected_also_of_a_tag_with_limits(tmp_path: Path, result: str) -> None:
    table = lims(tmp_path, [*ROWS, (6, "feed", "Nd2O3", "2026-03-03 06:00", result)])
    batch = read_sql(table, [replace(tag, limits=True) for tag in TAGS], 2, "lims")
    assert batch.rejected["found"].to_list() == [result] and batch.repaired.is_empty()


def test_a_null_is_a_bad_sample_and_not_rejected(tmp_path: Path) -> None:
    batch = read_sql(lims(tmp_path, [*ROWS, (6, "feed", "Nd2O3", "2026-03-03 06:00", None)]), TAGS, 2, "lims")
    assert batch.samples["status"][-1] == StatusCode.BAD_NO_DATA
    assert batch.rejected.is_empty() and batch.report.bad == 1


def test_a_row_without_a_readable_time_is_rejected(tmp_path: Path) -> None:
    rows = [*ROWS, (6, "feed", "Nd2O3", "3. March", 0.7), (7, "feed", "Nd2O3", None, 0.7)]
    batch = read_sql(lims(tmp_path, rows), TAGS, 2, "lims")
    assert batch.rejected.select("line", "tag", "found").rows() == [(6, None, "3. March"), (7, None, "None")]
    assert batch.report.rejected_rows == 2


def test_double_local_times_are_refused_and_offsets_are_followed(tmp_path: Path) -> None:
    rows = [
        (1, "feed", "Nd2O3", "2026-10-25 02:30", 0.8),
        (2, "feed", "Nd2O3", "2026-10-25 02:30+01:00", 0.9),
    ]
    batch = read_sql(replace(lims(tmp_path, rows), time_zone="Europe/Berlin"), TAGS, 2, "lims")
    assert batch.samples.select("time", "value").rows() == [(datetime(2026, 10, 25, 1, 30, tzinfo=UTC), 0.9)]
    assert "occurs twice" in batch.rejected["reason"][0]


def test_corrections_and_late_rows_are_reported(tmp_path: Path) -> None:
    rows = [*ROWS, (6, "feed", "Nd2O3", "2026-03-02 06:00", 0.95), (7, "feed", "Nd2O3", "2026-03-01 12:00", 0.85)]
    report = read_sql(lims(tmp_path, rows), TAGS, 2, "lims").report
    assert report.repeated_lines == (6,) and report.backward_lines == (7,)
    assert (report.repeated, report.backward, report.undeclared_addresses) == (1, 1, ("feed/CeO2",))


def test_reading_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    table = lims(tmp_path, ROWS)
    path = tmp_path / "lims.sqlite"
    path.chmod(0o444)
    before = path.read_bytes()
    SqlSource(table, 2, "lims").read(TAGS)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["lims.sqlite"]


@pytest.mark.parametrize("name", ["my plant.sqlite", "100 %.sqlite", "a#b?mode=rw.sqlite", "Größe 稀土.sqlite"])
def test_any_file_name_is_opened_and_stays_read_only(tmp_path: Path, name: str) -> None:
    lims(tmp_path, ROWS, name)
    url = sa.URL.create("sqlite", database=str(tmp_path / name))
    assert _read_only(url, name)().execute("select count(*) from assays").fetchone() == (len(ROWS),)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        _read_only(url, name)().execute("delete from assays")


def test_a_missing_database_is_a_fault_and_is_not_made(tmp_path: Path) -> None:
    table = replace(lims(tmp_path, ROWS), url=f"sqlite:///{tmp_path}/gone.sqlite")
    fault = fault_of(table)
    assert (fault.code, fault.file, fault.found) == ("missing_file", f"{tmp_path}/gone.sqlite", "no such file")
    assert not (tmp_path / "gone.sqlite").exists()


def test_a_file_that_is_no_database_is_a_fault(tmp_path: Path) -> None:
    table = lims(tmp_path, ROWS)
    (tmp_path / "lims.sqlite").write_bytes(b"point;element\n" * 100)
    assert fault_of(table).code == "not_a_database"


def test_a_missing_table_is_a_fault_that_lists_the_others(tmp_path: Path) -> None:
    fault = fault_of(replace(lims(tmp_path, ROWS), table="results"))
    assert (fault.code, fault.expected, fault.found) == ("missing_table", 'a table "results"', "the tables assays")


def test_every_missing_column_is_a_fault_of_its_own(tmp_path: Path) -> None:
    table = replace(lims(tmp_path, ROWS), value="value", keys=("point", "oxide"))
    with pytest.raises(SourceError) as caught:
        read_sql(table, TAGS, 2, "lims")
    assert [(fault.code, fault.path) for fault in caught.value.faults] == [
        ("missing_column", "assays.value"), ("missing_column", "assays.keys.1"),
    ]  # fmt: skip
    assert "point, element, taken_at, result" in caught.value.faults[0].found


def test_a_time_column_without_times_is_a_fault(tmp_path: Path) -> None:
    fault = fault_of(replace(lims(tmp_path, ROWS), time="element"))
    assert (fault.code, fault.line, fault.found) == ("wrong_time_format", 1, '"Nd2O3"')


def test_a_password_never_shows(tmp_path: Path) -> None:
    table = replace(lims(tmp_path, ROWS), url="oracle+nodriver://reader:marker-secret@host/lims")
    with pytest.raises(SurroundingsError) as caught:
        read_sql(table, TAGS, 2, "lims")
    assert "marker-secret" not in str(caught.value)


def test_a_time_no_sample_can_have_is_refused_also_with_an_offset_that_leaves_the_calendar(tmp_path: Path) -> None:
    far = ("9999-12-31", "0001-01-01 00:00", "0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-08:00")
    rows = [*ROWS, *((6 + k, "feed", "Nd2O3", text, 0.7) for k, text in enumerate(far))]
    batch = read_sql(lims(tmp_path, rows), TAGS, 2, "lims")
    assert batch.rejected["found"].to_list() == list(far) and set(batch.rejected["reason"]) == {OUTSIDE}
    assert batch.samples.height == 3
    assert [(remark.code, remark.line) for remark in batch.report.remarks] == [("wrong_time", 6)]
