"""Real files into a historian: taken, repaired and refused are counted, and a dry run does all but store."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import openpyxl
import polars as pl
import pytest

from ferrolan.base.errors import DocumentError, SourceError
from ferrolan.base.provenance import hash_file
from ferrolan.base.status import StatusCode
from ferrolan.base.tables import TABLES
from ferrolan.historian import Historian
from ferrolan.taking import is_mapping, take
from ferrolan.verbs import shipped
from ferrolan.views.taken import lines

MAPPING = """\
ferrolan: 1
mapping: mill
title: a mill (synthetic)
files: "*.csv"
time_zone: Asia/Shanghai
time_column: time
time_format: "%Y-%m-%d %H:%M"
midnight: ends_day
stamp: end
step: 15 min
columns:
  feed: {tag: WT-1, unit: kg/h, lo: 0, hi: 500000}
  grade: {unit: "%", held: true}
  reagent: {unit: unknown, stale_after: 30 min}
  shift: {text: true}
"""
ROWS = """\
time,feed [kg/h],grade,reagent,shift,operator
2026-03-01 23:15,412000,61.5,3,day,A
2026-03-01 23:30,0413,61.5,3,day,A
2026-03-01 23:45,x,61.5,3,night,A
2026-03-01 00:00,900000,61.5,3,night,B
2026-03-02 00:15,414000,62.0,4,night,B,B
2026-03-02 00:30,415000,62.0,4,night,B
"""
WINDOW = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    (tmp_path / "mill.csv").write_text(ROWS)
    path = tmp_path / "mill.yaml"
    path.write_text(MAPPING)
    return path


def test_everything_odd_is_counted_and_said_with_its_line(mapping: Path) -> None:
    taken = take(mapping, dry_run=True)
    assert all(TABLES[name].check(frame) is frame or frame is not None for name, frame in taken.tables.items())
    assert taken.tables["rejected"].select("line", "tag", "found").rows() == [
        (4, "WT-1", "x"), (6, None, "2026-03-02 00:15,414000,62.0,4,night,B,B"),
    ]  # fmt: skip
    assert taken.tables["repaired"].select("line", "tag", "taken").rows() == [
        (3, "WT-1", "413.0, uncertain"), (5, None, "2026-03-02 00:00"),
    ]  # fmt: skip
    row = taken.tables["ingest"].row(0, named=True)
    assert (row["rows"], row["samples"], row["bad"], row["out_of_range"], row["undeclared"]) == (
        6,
        15,
        1,
        1,
        ["operator"],
    )


def test_each_column_has_its_counts_its_unit_and_its_span(mapping: Path) -> None:
    columns = take(mapping, dry_run=True).tables["taken_columns"]
    assert columns["tag"].to_list() == ["WT-1", "grade", "reagent", "shift"]
    assert columns["unit"].to_list() == ["t/h", "1", "unknown", ""]
    assert columns["unit_at_source"].to_list() == ["kg/h", "%", "unknown", ""]
    assert columns.select("rows", "good", "uncertain", "bad").rows() == [
        (5, 2, 2, 1),
        (5, 2, 3, 0),
        (5, 4, 1, 0),
        (5, 5, 0, 0),
    ]
    assert columns.select("stale", "out_of_range", "repaired", "rejected").rows() == [
        (0, 1, 1, 1),
        (3, 0, 0, 0),
        (1, 0, 0, 0),
        (0, 0, 0, 0),
    ]
    assert columns["minimum"].to_list()[:3] == pytest.approx([0.413, 0.615, 3.0]) and columns[
        "stamp"
    ].unique().to_list() == ["end"]
    assert columns["first"][0] == datetime(2026, 3, 1, 15, 0, tzinfo=UTC)


def test_held_values_are_uncertain_and_their_stretches_are_listed(mapping: Path) -> None:
    stretches = take(mapping, dry_run=True).tables["stale_stretches"]
    assert stretches.select("tag", "value", "rows", "stale").rows() == [("grade", 0.615, 4, 3), ("reagent", 3.0, 4, 1)]


def test_texts_are_kept_and_an_unknown_unit_is_remarked_on_with_its_line(mapping: Path) -> None:
    tables = take(mapping, dry_run=True).tables
    assert tables["samples_text"]["text"].to_list() == ["day", "day", "night", "night", "night"]
    (remark,) = tables["remarks"].filter(pl.col("code") == "unknown_unit").to_dicts()
    assert (remark["line"], remark["found"]) == (14, "1 column whose unit nobody knows: reagent")


def test_a_dry_run_stores_nothing_and_says_the_same(mapping: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    dry = take(mapping, dry_run=True)
    assert dry.store is None and sorted(tmp_path.iterdir()) == before
    wet = take(mapping, tmp_path / "runs")
    assert wet.samples == dry.samples == 20
    assert all(wet.tables[name].equals(frame) for name, frame in dry.tables.items())


def test_the_historian_holds_canonical_values_beside_the_raw_ones(mapping: Path, tmp_path: Path) -> None:
    taken = take(mapping, tmp_path / "runs")
    assert taken.store == tmp_path / "runs" / "mill.duckdb"
    with Historian(taken.store) as historian:
        feed = historian.query([1], *WINDOW)
        assert historian.count() == 15
    assert feed["value"].drop_nulls().to_list() == pytest.approx([412.0, 0.413, 900.0, 415.0])
    assert feed["raw"].to_list() == [412000.0, 413.0, None, 900000.0, 415000.0]
    assert feed["status"].to_list() == [
        0, StatusCode.UNCERTAIN, StatusCode.BAD_TYPE_MISMATCH, StatusCode.UNCERTAIN_ENGINEERING_UNITS_EXCEEDED, 0,
    ]  # fmt: skip


def test_the_report_is_kept_beside_the_historian_and_taking_again_gives_the_same(mapping: Path, tmp_path: Path) -> None:
    store = tmp_path / "kept" / "mill.duckdb"
    first = take(mapping, store=store)
    again = take(mapping, store=store)
    kept = {path.stem: pl.read_parquet(path) for path in (tmp_path / "kept" / "mill.tables").glob("*.parquet")}
    assert set(kept) == set(again.tables)
    assert all(frame.equals(first.tables[name]) for name, frame in kept.items())
    assert sorted(path.name for path in store.parent.iterdir()) == ["mill.duckdb", "mill.tables"]


def test_files_continue_one_series_and_the_later_file_counts(mapping: Path, tmp_path: Path) -> None:
    (tmp_path / "z.csv").write_text(ROWS.splitlines()[0] + "\n2026-03-02 00:30,420000,62.5,5,day,C\n")
    taken = take(mapping, tmp_path / "runs")
    assert taken.tables["ingest"]["source"].to_list() == ["mill", "z"]
    with Historian(taken.store) as historian:
        assert historian.query([1], *WINDOW)["value"].to_list()[-1] == 420.0
        assert historian.superseded([1], *WINDOW)["value"].to_list() == [415.0]


def test_a_series_for_each_file_has_tags_of_its_own(mapping: Path, tmp_path: Path) -> None:
    (tmp_path / "z.csv").write_text(ROWS)
    mapping.write_text(MAPPING.replace("stamp: end", "series: per_file"))
    columns = take(mapping, dry_run=True).tables["taken_columns"]
    assert columns["tag"].to_list()[::4] == ["mill/WT-1", "z/WT-1"] and columns["number"].to_list() == list(range(1, 9))


def test_faults_of_all_files_are_found_at_once_and_nothing_is_stored(mapping: Path, tmp_path: Path) -> None:
    store = take(mapping, tmp_path / "runs").store
    assert store is not None
    before = store.read_bytes()
    for name in ("y", "z"):
        (tmp_path / f"{name}.csv").write_text(ROWS.replace("feed [kg/h]", "feed [t/h]"))
    with pytest.raises(SourceError) as caught:
        take(mapping, tmp_path / "runs")
    assert [(Path(fault.file).name, fault.code) for fault in caught.value.faults] == [
        ("y.csv", "other_unit"),
        ("z.csv", "other_unit"),
    ]
    assert store.read_bytes() == before
    assert sorted(path.name for path in store.parent.iterdir()) == ["mill.duckdb", "mill.tables"]


def test_a_pattern_without_a_column_and_two_columns_of_one_tag_are_faults_of_the_mapping(mapping: Path) -> None:
    mapping.write_text(MAPPING + '  "level *": {unit: "%"}\n')
    with pytest.raises(SourceError) as caught:
        take(mapping, dry_run=True)
    assert [(fault.file, fault.line, fault.code) for fault in caught.value.faults] == [
        (str(mapping), 16, "missing_column")
    ]
    mapping.write_text(MAPPING.replace("grade: {", "grade: {tag: WT-1, "))
    with pytest.raises(SourceError, match="duplicate_tag"):
        take(mapping, dry_run=True)


def test_a_pattern_for_every_column_leaves_out_the_clock_and_what_has_no_name(mapping: Path, tmp_path: Path) -> None:
    (tmp_path / "mill.csv").write_text("time,a,,b [kg/h]\n2026-03-01 10:00,1,2,3\n")
    mapping.write_text(MAPPING.partition("columns:")[0] + 'columns: {"*": {unit: kg/h}}\n')
    assert take(mapping, dry_run=True).tables["taken_columns"]["tag"].to_list() == ["a", "b"]


def test_a_workbook_is_taken_by_the_same_mapping(mapping: Path, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["time", "feed [kg/h]", "grade", "reagent", "shift"])
    for k in range(3):
        book.active.append([datetime(2026, 3, 1, 10, 15 * k), 412000 + k, 61.5, 3, "day"])
    book.save(tmp_path / "mill.xlsx")
    mapping.write_text(MAPPING.replace("*.csv", "*.xlsx").replace('time_format: "%Y-%m-%d %H:%M"\n', "sheet: {}\n"))
    columns = take(mapping, dry_run=True).tables["taken_columns"]
    assert columns["rows"].to_list() == [3, 3, 3, 3] and columns["maximum"][0] == 412.002


def test_a_mapping_is_told_from_the_document_of_an_enterprise(mapping: Path, tmp_path: Path) -> None:
    assert is_mapping(mapping)
    assert not is_mapping(shipped("ore_to_both")) and not is_mapping(tmp_path / "gone.yaml")


def test_a_faulty_mapping_is_refused_before_any_file_is_read(mapping: Path) -> None:
    mapping.write_text(MAPPING.replace("kg/h", "kg per h"))
    with pytest.raises(DocumentError, match=r"mill\.yaml:12 {2}columns\.feed\.unit"):
        take(mapping)


def test_the_lines_say_what_was_taken_repaired_held_and_refused(mapping: Path) -> None:
    told = "\n".join(lines(take(mapping, dry_run=True).tables))
    assert "Taken: 6 rows of 1 file, 15 numbers: 8 good, 6 uncertain, 1 bad." in told
    assert 'First on line 5 of mill.csv: "2026-03-01 00:00" taken as 2026-03-02 00:00.' in told
    assert "grade: 4 readings of one value, from 2026-03-01 15:00 to 2026-03-01 15:45 UTC." in told
    assert 'First on line 4 of mill.csv: "x".' in told
    assert "Not mapped, so not read: operator." in told
    assert "Look at mill.yaml:14 columns: 1 column whose unit nobody knows: reagent." in told
    assert "Out of range: 1 number of WT-1" in told


def test_what_is_no_text_is_no_mapping(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "bytes.yaml").write_bytes(b"mapping: \xff")
    paths = (Path("a\0b"), tmp_path / "pipe.yaml", Path("/dev/zero"), tmp_path / "bytes.yaml", tmp_path)
    assert [is_mapping(path) for path in paths] == [False] * 5


def test_every_sample_is_traced_to_its_file_and_its_mapping(mapping: Path, tmp_path: Path) -> None:
    (tmp_path / "z.csv").write_text(ROWS)
    for series in ("stamp: end", "series: per_file"):
        mapping.write_text(MAPPING.replace("stamp: end", series))
        taken = take(mapping, tmp_path / "runs")
        files = [mapping, tmp_path / "mill.csv", tmp_path / "z.csv"]
        assert taken.tables["taken_files"].rows() == [
            (number, path.name, hash_file(path), rows)
            for number, path, rows in zip((None, 0, 1), files, (None, 6, 6), strict=True)
        ]
        assert taken.tables["ingest"]["samples"].to_list() == [15, 15]
        with Historian(taken.store) as historian:
            found = pl.concat([historian.query(range(1, 9), *WINDOW), historian.superseded(range(1, 9), *WINDOW)])
        assert dict(found["source"].value_counts().iter_rows()) == {0: 15, 1: 15}
        assert f"By mill.yaml, SHA-256 {hash_file(mapping)[:12]}…" in list(lines(taken.tables))[-1]


def test_the_tags_of_a_workbook_stand_in_the_order_of_its_columns_as_those_of_a_text_do(
    mapping: Path, tmp_path: Path
) -> None:
    book = openpyxl.Workbook()
    names = ["time", "shift", "reagent", "grade", "feed [kg/h]"]
    rows = [[datetime(2026, 3, 1, 10, 15 * k), "day", 3, 61.5 + k, 412000 + k] for k in range(3)]
    for row in (names, *rows):
        book.active.append(row)
    book.save(tmp_path / "mill.xlsx")
    (tmp_path / "mill.csv").write_text("\n".join(",".join(str(cell)[:16] for cell in row) for row in (names, *rows)))
    pl.DataFrame(dict(zip(names, zip(*rows, strict=True), strict=True))).write_parquet(tmp_path / "mill.parquet")
    tags, values = [], []
    for name in ("mill.csv", "mill.xlsx", "mill.parquet"):
        text = MAPPING if name == "mill.csv" else MAPPING.replace('time_format: "%Y-%m-%d %H:%M"\n', "")
        mapping.write_text(text.replace("*.csv", name))
        columns = take(mapping, dry_run=True).tables["taken_columns"]
        tags.append(columns["tag"].to_list())
        values.append(columns.drop("tag"))
    assert tags == [["shift", "reagent", "grade", "WT-1"]] * 3
    assert values[1].equals(values[0]) and values[2].equals(values[0])


def test_a_workbook_is_opened_once(mapping: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book = openpyxl.Workbook()
    book.active.append(["time", "feed [kg/h]", "grade", "reagent", "shift"])
    book.active.append([datetime(2026, 3, 1, 10), 412000, 61.5, 3, "day"])
    book.save(tmp_path / "mill.xlsx")
    mapping.write_text(MAPPING.replace("*.csv", "*.xlsx"))
    opened, open_workbook = [], openpyxl.load_workbook
    monkeypatch.setattr(openpyxl, "load_workbook", lambda *a, **k: opened.append(a) or open_workbook(*a, **k))
    take(mapping, dry_run=True)
    assert len(opened) == 1


def test_another_database_in_the_place_of_the_historian_is_kept(mapping: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.duckdb"
    with duckdb.connect(str(mine)) as connection:
        connection.execute("create table precious as select 1 as x")
    before = mine.read_bytes()
    with pytest.raises(SourceError, match="not_a_historian"):
        take(mapping, store=mine)
    assert mine.read_bytes() == before and not mine.with_suffix(".tables").exists()


def test_lines_that_stray_quotes_swallow_are_counted_and_kept(mapping: Path, tmp_path: Path) -> None:
    stray = ROWS.replace("day,A\n2026-03-01 23:45", 'day,"A\n2026-03-01 23:45').replace("night,B,B", 'night,B"')
    (tmp_path / "mill.csv").write_text(stray)
    tables = take(mapping, dry_run=True).tables
    row = tables["ingest"].row(0, named=True)
    lost = tables["rejected"].filter(pl.col("tag").is_null())
    assert row["rows"] == 6 == lost.height + row["samples"] // 3
    assert lost["line"].to_list() == [3, 4, 5, 6]


def test_dates_that_stand_for_no_date_are_refused_and_said(mapping: Path, tmp_path: Path) -> None:
    far = "9999-12-31 00:00,1,1,1,day,A\n0001-01-01 00:00,1,1,1,day,A\n"
    (tmp_path / "mill.csv").write_text(ROWS + far)
    told = "\n".join(lines(take(mapping, tmp_path / "runs").tables))
    assert "Refused, 2 ×: wrong_time" in told and "2 rows with a time outside 1900 to 2200" in told


def test_a_unit_in_the_header_that_nobody_knows_is_said_and_kept(mapping: Path, tmp_path: Path) -> None:
    (tmp_path / "mill.csv").write_text(ROWS.replace("[kg/h]", "[mbar]"))
    tables = take(mapping, dry_run=True).tables
    assert "unread_unit" in tables["remarks"]["code"].to_list()
    told = "\n".join(lines(tables))
    assert "header says [mbar], which is not known here. Taken as kg/h: check it." in told


def test_what_a_killed_ingest_left_is_swept_by_the_next(mapping: Path, tmp_path: Path) -> None:
    (tmp_path / "runs" / ".mill.tables.x1").mkdir(parents=True)
    take(mapping, tmp_path / "runs")
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["mill.duckdb", "mill.tables"]
