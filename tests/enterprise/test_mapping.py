"""A mapping is read whole, or every fault of it is found with its line."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrolan.base.errors import DocumentError, Fault
from ferrolan.base.layout import Layout, TextLayout
from ferrolan.enterprise.mapping import DataMapping, load

HEAD = """\
ferrolan: 1
mapping: mill
title: a mill
files: mill.csv
time_zone: UTC
time_column: time
time_format: "%Y-%m-%d %H:%M"
columns:
"""
FEED = "  feed: {unit: t/h, lo: 0}\n"


def loaded(folder: Path, text: str, *files: str, **environment: str) -> DataMapping:
    for name in files or ("mill.csv",):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("time,feed\n")
    path = folder / "mill.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path, environment)


def faults_of(folder: Path, text: str, *files: str, **environment: str) -> tuple[Fault, ...]:
    with pytest.raises(DocumentError) as caught:
        loaded(folder, text, *files, **environment)
    return caught.value.faults


def fault_of(folder: Path, text: str, *files: str, **environment: str) -> Fault:
    (fault,) = faults_of(folder, text, *files, **environment)
    return fault


def test_a_few_lines_are_a_mapping(tmp_path: Path) -> None:
    mapping = loaded(tmp_path, HEAD + FEED)
    assert (mapping.name, mapping.title, mapping.per_file) == ("mill", "a mill", False)
    assert [file.path for file in mapping.files] == [tmp_path / "mill.csv"]
    feed = mapping.column("feed")
    assert feed is not None and (feed.unit, feed.lo, feed.hi) == ("t/h", 0.0, None)
    assert mapping.line("feed") == 9 and mapping.column("water") is None


def test_numbers_and_ranges_are_written_out_and_a_pattern_stands_behind_names(tmp_path: Path) -> None:
    mapping = loaded(
        tmp_path, HEAD + '  1, 3-5: {unit: kPa}\n  "F*": {unit: t/h}\n  FX: {unit: m3/h}\n  "a, b": {unit: "%"}\n'
    )
    assert mapping.named == ("1", "3", "4", "5", "FX", "a, b")
    assert [mapping.column(name).unit for name in ("4", "FT-1", "FX", "a, b")] == ["kPa", "t/h", "m3/h", "%"]  # type: ignore[union-attr]
    assert mapping.line("FT-1") == 10


def test_a_variable_in_a_path_is_expanded_and_a_pattern_finds_its_files_in_order(tmp_path: Path) -> None:
    text = HEAD.replace("mill.csv", "${PLANT_DATA}/*.csv") + FEED
    mapping = loaded(tmp_path, text, "raw/b.csv", "raw/a.csv", PLANT_DATA=str(tmp_path / "raw"))
    assert [file.path.name for file in mapping.files] == ["a.csv", "b.csv"]


def test_a_missing_variable_is_a_fault_that_says_how_to_set_it(tmp_path: Path) -> None:
    fault = fault_of(tmp_path, HEAD.replace("mill.csv", "${PLANT_DATA}/mill.csv") + FEED)
    assert (fault.code, fault.line, fault.found) == ("no_variable", 4, "${PLANT_DATA}, which is not set")
    assert "export PLANT_DATA=" in fault.way_out


def test_a_file_that_two_entries_name_belongs_to_the_first(tmp_path: Path) -> None:
    files = 'files:\n  - {path: b.csv, transposed: true}\n  - "*.csv"\n'
    mapping = loaded(tmp_path, HEAD.replace("files: mill.csv\n", files) + FEED, "a.csv", "b.csv")
    assert [(file.path.name, file.transposed) for file in mapping.files] == [("b.csv", True), ("a.csv", False)]


def test_every_fault_is_found_at_once_with_its_line(tmp_path: Path) -> None:
    text = HEAD.replace("mapping: mill", "mapping: mill\nseperator: comma") + (
        "  feed: {unit: tph}\n"
        "  water: {lo: 0}\n"
        "  load: {text: true, unit: t/h}\n"
        "  level: {unit: \"%\", lo: 5, hi: 1}\n"
        "  grade: {unit: \"%\", stale_after: 2 t}\n"
    )  # fmt: skip
    faults = faults_of(tmp_path, text)
    assert [(fault.line, fault.code) for fault in faults] == [
        (3, "unknown_key"), (10, "wrong_unit"), (11, "missing_key"), (12, "wrong_key"), (13, "out_of_range"), (14, "wrong_unit"),
    ]  # fmt: skip
    by_line = {fault.line: fault for fault in faults}
    assert by_line[3].way_out == "Did you mean 'separator'?"
    assert "unknown" in by_line[10].way_out and "unit: unknown" in by_line[11].way_out


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("time_zone: UTC\n", "", "missing_key"),
        ('time_format: "%Y-%m-%d %H:%M"\n', "", "missing_key"),
        ('time_column: time\ntime_format: "%Y-%m-%d %H:%M"\n', "", "missing_key"),
        ('time_column: time\ntime_format: "%Y-%m-%d %H:%M"\n', "start: 2026-03-01\n", "missing_key"),
        ("time_column: time\n", "time_column: time\nstart: 2026-03-01\nstep: 1 h\n", "two_clocks"),
        ('time_column: time\ntime_format: "%Y-%m-%d %H:%M"\n', "start: yesterday\nstep: 1 h\n", "wrong_time"),
        ('time_column: time\ntime_format: "%Y-%m-%d %H:%M"\n', "start: 2026-03-01\nstep: 0 h\n", "out_of_range"),
        ('time_column: time\ntime_format: "%Y-%m-%d %H:%M"\n', "start: 2026-03-01\nstep: 3 kg\n", "wrong_unit"),
        ("time_zone: UTC\n", "time_zone: UTC\nheader: -1\n", "out_of_range"),
        ("time_zone: UTC\n", "time_zone: UTC\nmidnight: noon\n", "unknown_choice"),
        ("files: mill.csv", "files: gone.csv", "no_file"),
        ("files: mill.csv", "files: []", "missing_key"),
        ("ferrolan: 1", "ferrolan: 2", "unknown_choice"),
    ],
)
def test_a_wrong_entry_is_a_fault_with_a_line_and_a_way_out(tmp_path: Path, old: str, new: str, code: str) -> None:
    assert old in HEAD
    fault = fault_of(tmp_path, HEAD.replace(old, new) + FEED)
    assert fault.code == code and fault.line >= 1 and fault.way_out


def test_a_column_named_twice_and_one_tag_of_many_columns_are_faults(tmp_path: Path) -> None:
    assert fault_of(tmp_path, HEAD + "  1-3: {unit: kPa}\n  2: {unit: K}\n").line == 10
    fault = fault_of(tmp_path, HEAD + "  1-3: {unit: kPa, tag: pressure}\n")
    assert (fault.code, fault.path) == ("duplicate", "columns.1-3.tag")


def test_several_files_without_a_clock_cannot_be_one_series(tmp_path: Path) -> None:
    clock = 'time_column: time\ntime_format: "%Y-%m-%d %H:%M"\n'
    text = HEAD.replace(clock, "start: 2026-03-01\nstep: 1 h\n").replace("mill.csv", '"*.csv"') + FEED
    fault = fault_of(tmp_path, text, "a.csv", "b.csv")
    assert fault.code == "two_clocks" and "series: per_file" in fault.way_out
    assert loaded(tmp_path, text.replace("columns:", "series: per_file\ncolumns:"), "a.csv", "b.csv").per_file


def test_files_of_one_name_cannot_be_told_apart_as_series(tmp_path: Path) -> None:
    text = (
        HEAD.replace("mill.csv", '["a/run.csv", "b/run.csv"]').replace("columns:", "series: per_file\ncolumns:") + FEED
    )
    assert fault_of(tmp_path, text, "a/run.csv", "b/run.csv").code == "duplicate"


@pytest.mark.parametrize("content", [b"", b"- 1\n", b"\xff\xfe", b"a: [\n"])
def test_what_is_no_mapping_is_a_fault(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mill.yaml"
    path.write_bytes(content)
    with pytest.raises(DocumentError):
        load(path, {})


def test_a_missing_mapping_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="no_file"):
        load(tmp_path / "gone.yaml", {})


def test_a_layout_says_what_its_clock_and_its_marks_are() -> None:
    layout = TextLayout(start="2026-03-01 06:00", step="3 min", separator="white_space", header=False)
    assert (layout.first_time, layout.row_step) == (datetime(2026, 3, 1, 6), timedelta(minutes=3))
    assert (layout.mark, layout.header_rows) == (" ", 0)
    assert Layout(time_column="t").header_rows == 1


@pytest.mark.parametrize(("key", "way_out"), [("6-1", "1-6"), ("0-3", "1-3"), ("2, 9-7", "7-9"), ("3-0", "1-3")])
def test_a_range_that_stands_for_no_column_is_a_fault_with_its_line(tmp_path: Path, key: str, way_out: str) -> None:
    fault = fault_of(tmp_path, f"{HEAD}{FEED}  {key}: {{unit: kPa}}\n")
    assert (fault.code, fault.line, fault.path) == ("out_of_range", 10, f"columns.{key}")
    assert fault.way_out.startswith(f"Write {way_out};")


@settings(max_examples=60, deadline=None)
@given(first=st.integers(0, 30), last=st.integers(0, 30))
def test_a_range_is_written_out_or_a_fault(tmp_path_factory: pytest.TempPathFactory, first: int, last: int) -> None:
    folder, text = tmp_path_factory.mktemp("range"), f"{HEAD}  {first}-{last}: {{unit: kPa}}\n"
    if 1 <= first <= last or first == last:
        assert loaded(folder, text).named == tuple(str(number) for number in range(first, last + 1))
    else:
        assert fault_of(folder, text).code == "out_of_range"


@pytest.mark.parametrize("pattern", ["**/n**", "a**", '"a\\0b*"', "x" * 300])
def test_a_path_that_is_none_is_a_fault_with_its_line(tmp_path: Path, pattern: str) -> None:
    fault = fault_of(
        tmp_path,
        HEAD.replace("mill.csv", f'["mill.csv", {pattern if pattern[0] == chr(34) else chr(34) + pattern + chr(34)}]')
        + FEED,
    )
    assert (fault.code, fault.line, fault.path) == ("no_file", 4, "files")


def test_a_pipe_a_device_and_a_path_that_no_file_can_have_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    for path in (tmp_path / "pipe.yaml", Path("/dev/zero"), tmp_path, Path("a\0b")):
        with pytest.raises(DocumentError, match="no_file"):
            load(path, {})


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("mill.csv", True),
        ("mill.txt.gz", True),
        ("mill", True),
        ("mill.xlsx", False),
        ("MILL.XLSM", False),
        ("mill.parquet", False),
    ],
)
def test_only_a_text_needs_the_format_of_its_times(tmp_path: Path, name: str, asked: bool) -> None:
    text = HEAD.replace("mill.csv", name).replace('time_format: "%Y-%m-%d %H:%M"\n', "") + FEED
    if asked:
        assert fault_of(tmp_path, text, name).path == "time_format"
    else:
        assert loaded(tmp_path, text, name).files[0].kind in ("workbook", "parquet")


def test_of_several_files_one_text_needs_the_format(tmp_path: Path) -> None:
    text = HEAD.replace("mill.csv", '"mill.*"').replace('time_format: "%Y-%m-%d %H:%M"\n', "") + FEED
    (tmp_path / "data").mkdir()
    fault = fault_of(tmp_path / "data", text.replace("mill.*", "raw/mill.*"), "raw/mill.xlsx", "raw/mill.csv")
    assert (fault.path, fault.expected) == ("time_format", "the format of the time of mill.csv")
