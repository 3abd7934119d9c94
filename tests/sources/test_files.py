"""CSV exports, whole and broken; every file is written here, nothing is faked."""

from __future__ import annotations

import gzip
import hashlib
import os
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ferrolan.base.errors import Fault, SourceError
from ferrolan.base.status import AT_MOST, StatusCode
from ferrolan.base.tables import REJECTED, SAMPLES
from ferrolan.sources import CsvSource, TagAddress, TextDialect, read_csv
from ferrolan.sources.source import LONGEST

BAD_TEXTS = ("Bad", "No Data", "I/O Timeout", "k.A.")
GERMAN = TextDialect(
    separator=";",
    decimal=",",
    time_column="Zeit",
    time_format="%d.%m.%Y %H:%M",
    time_zone="Asia/Shanghai",
    bad_texts=BAD_TEXTS,
)
TAGS = (TagAddress(101, "feed_scale", "FT-101"), TagAddress(102, "tails_scale", "FT-102"))
LIMITED = tuple(replace(tag, limits=True) for tag in TAGS)
WHOLE = "Zeit;FT-101;FT-102\n01.03.2026 00:00;412,5;31\n01.03.2026 00:15;413;-0,5\n"


def write(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "march.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def fault_of(path: Path, dialect: TextDialect = GERMAN, tags: tuple[TagAddress, ...] = TAGS) -> Fault:
    with pytest.raises(SourceError) as caught:
        read_csv(path, dialect, tags, 1, "dcs")
    assert len(caught.value.faults) == 1
    return caught.value.faults[0]


def altered(**changes: object) -> TextDialect:
    return TextDialect(**{**GERMAN.__dict__, **changes})  # type: ignore[arg-type]


# laws


@settings(max_examples=50, deadline=None)
@given(values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=30), comma=st.booleans())
def test_every_number_comes_back_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, values: list[float], comma: bool
) -> None:
    mark = "," if comma else "."
    cells = [repr(value).replace(".", mark) for value in values]
    text = "Zeit;FT-101\n" + "".join(f"01.03.2026 00:{minute:02d};{cell}\n" for minute, cell in enumerate(cells))
    path = write(tmp_path_factory.mktemp("numbers"), text)
    batch = read_csv(path, altered(decimal=mark), TAGS[:1], 1, "dcs")
    assert batch.samples["value"].to_list() == values


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from(["412,5", "Bad", "", "x", "1e3", "1.000,5"]), min_size=1, max_size=20))
def test_every_cell_becomes_a_sample_and_none_is_lost(
    tmp_path_factory: pytest.TempPathFactory, cells: list[str]
) -> None:
    cells = ["1,0"] * (2 * len(cells)) + cells
    text = "Zeit;FT-101\n" + "".join(f"01.03.2026 {m // 60:02d}:{m % 60:02d};{cell}\n" for m, cell in enumerate(cells))
    batch = read_csv(write(tmp_path_factory.mktemp("cells"), text), GERMAN, TAGS[:1], 1, "dcs")
    assert batch.samples.height == len(cells)
    assert batch.rejected["found"].to_list() == [cell for cell in cells if cell in ("x", "1.000,5")]
    assert (batch.samples["value"].is_null() == (batch.samples["status"] != 0)).all()


def test_the_same_file_gives_the_same_tables_and_hash(tmp_path: Path) -> None:
    path = write(tmp_path, WHOLE)
    first, second = (read_csv(path, GERMAN, TAGS, 1, "dcs") for _ in range(2))
    assert first.samples.equals(second.samples) and first.content_hash == second.content_hash
    assert first.content_hash == hashlib.sha256(WHOLE.encode()).hexdigest()


# what a whole file gives


def test_samples_have_utc_times_row_order_and_the_declared_schema(tmp_path: Path) -> None:
    batch = read_csv(write(tmp_path, WHOLE), GERMAN, TAGS, 7, "dcs")
    SAMPLES.check(batch.samples)
    REJECTED.check(batch.rejected)
    assert batch.samples.select("tag", "value", "seq", "source", "raw", "status").rows() == [
        (101, 412.5, 1, 7, None, 0),
        (101, 413.0, 2, 7, None, 0),
        (102, 31.0, 1, 7, None, 0),
        (102, -0.5, 2, 7, None, 0),
    ]
    assert batch.samples["time"][0] == datetime(2026, 2, 28, 16, 0, tzinfo=UTC)
    assert batch.rejected.is_empty()


def test_sequence_numbers_continue_over_files(tmp_path: Path) -> None:
    batch = read_csv(write(tmp_path, WHOLE), GERMAN, TAGS, 1, "dcs", first_seq=100)
    assert batch.samples["seq"].to_list() == [100, 101, 100, 101]


def test_bad_texts_become_bad_samples_with_their_status(tmp_path: Path) -> None:
    cells = ("Bad", "NO DATA", "I/O Timeout", " k.A. ", "")
    text = "Zeit;FT-101\n" + "".join(f"01.03.2026 00:0{m};{cell}\n" for m, cell in enumerate(cells))
    batch = read_csv(write(tmp_path, text), GERMAN, TAGS[:1], 1, "dcs")
    assert batch.samples["value"].null_count() == 5
    assert batch.samples["status"].to_list() == [
        StatusCode.BAD, StatusCode.BAD_NO_DATA, StatusCode.BAD_TIMEOUT, StatusCode.BAD, StatusCode.BAD_NO_DATA,
    ]  # fmt: skip
    assert batch.rejected.is_empty()
    assert batch.report.bad == 5


@pytest.mark.parametrize("cell", ["41x", "1.234,5", "12.5", "1 000", "NaN", "inf", "1e999", "--", "0x10", "1_000"])
def test_an_unreadable_cell_is_rejected_with_its_line_and_leaves_a_bad_sample(tmp_path: Path, cell: str) -> None:
    path = write(tmp_path, WHOLE + f"01.03.2026 00:30;{cell};32\n")
    batch = read_csv(path, GERMAN, TAGS, 1, "dcs")
    assert batch.rejected.select("source", "file", "line", "tag", "found").rows() == [
        ("dcs", str(path), 4, "feed_scale", cell)
    ]
    assert "decimal mark" in batch.rejected["reason"][0]
    row = batch.samples.filter(pl.col("status") != 0).row(0, named=True)
    assert (row["tag"], row["value"], row["status"]) == (101, None, StatusCode.BAD_TYPE_MISMATCH)
    assert batch.report.rejected_cells == 1


def test_an_unreadable_time_rejects_the_row_and_only_that(tmp_path: Path) -> None:
    batch = read_csv(write(tmp_path, WHOLE + "01.03.2026 24:00;1;2\n"), GERMAN, TAGS, 1, "dcs")
    assert batch.samples.height == 4
    assert batch.rejected.select("line", "tag", "found").rows() == [(4, None, "01.03.2026 24:00")]
    assert batch.report.rejected_rows == 1


def test_a_row_with_another_number_of_cells_is_rejected(tmp_path: Path) -> None:
    text = WHOLE + "01.03.2026 00:30;1;2;3\n01.03.2026 00:45;1\n01.03.2026 01:00;1;2\n"
    batch = read_csv(write(tmp_path, text), GERMAN, TAGS, 1, "dcs")
    assert batch.rejected["line"].to_list() == [4, 5]
    assert batch.rejected["reason"].to_list() == [
        "4 cells where the header has 3", "2 cells where the header has 3",
    ]  # fmt: skip
    assert batch.samples.height == 6


def test_quoted_cells_may_hold_the_separator_and_keep_their_lines(tmp_path: Path) -> None:
    text = 'Zeit,"FT-101","feed, ""belt"" 2"\n01.03.2026 00:00,"412,5",1\n\n01.03.2026 00:15,"x","2,5"\n'
    tags = (TAGS[0], TagAddress(102, "tails_scale", 'feed, "belt" 2'))
    batch = read_csv(write(tmp_path, text), altered(separator=","), tags, 1, "dcs")
    assert batch.samples["value"].to_list() == [412.5, None, 1.0, 2.5]
    assert batch.rejected.select("line", "found").rows() == [(4, "x")]


def test_blank_lines_and_carriage_returns_do_not_matter(tmp_path: Path) -> None:
    plain = read_csv(write(tmp_path, WHOLE), GERMAN, TAGS, 1, "dcs").samples
    dressed = read_csv(write(tmp_path, WHOLE.replace("\n", "\r\n\r\n")), GERMAN, TAGS, 1, "dcs").samples
    assert plain.equals(dressed)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_chinese_headers_are_read_in_the_declared_encoding(tmp_path: Path, encoding: str) -> None:
    text = WHOLE.replace("Zeit", "时间").replace("FT-101", "给矿量")
    tags = (TagAddress(101, "feed_scale", "给矿量"),)
    batch = read_csv(
        write(tmp_path, text.encode(encoding)), altered(encoding=encoding, time_column="时间"), tags, 1, "dcs"
    )
    assert batch.samples["value"].to_list() == [412.5, 413.0]


def test_repeated_and_backward_times_are_kept_and_reported(tmp_path: Path) -> None:
    text = WHOLE + "01.03.2026 00:15;500;31\n01.03.2026 00:05;1;2\n01.03.2026 00:30;1;2\n"
    batch = read_csv(write(tmp_path, text), GERMAN, TAGS, 1, "dcs")
    assert batch.samples.height == 10
    assert batch.report.repeated_lines == (4,)
    assert batch.report.backward_lines == (5,)


def test_columns_without_a_tag_are_counted_and_no_error(tmp_path: Path) -> None:
    path = write(tmp_path, WHOLE)
    assert [found.address for found in read_csv(path, GERMAN, TAGS[:1], 1, "dcs").report.undeclared] == ["FT-102"]
    discovery = CsvSource(path, GERMAN, 1, "dcs").discover()
    assert [(found.address, found.rows) for found in discovery.addresses] == [("FT-101", 2), ("FT-102", 2)]
    assert discovery.silent((TagAddress(1, "gone", "FT-999"),)) == ("gone",)


# clock changes


def test_the_swallowed_hour_is_refused(tmp_path: Path) -> None:
    text = "Zeit;FT-101\n29.03.2026 01:59;1\n29.03.2026 02:30;2\n29.03.2026 03:00;3\n"
    batch = read_csv(write(tmp_path, text), altered(time_zone="Europe/Berlin"), TAGS[:1], 1, "dcs")
    assert batch.samples["time"].to_list() == [
        datetime(2026, 3, 29, 0, 59, tzinfo=UTC), datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
    ]  # fmt: skip
    assert batch.rejected["line"].to_list() == [3]
    assert "does not exist in Europe/Berlin" in batch.rejected["reason"][0]


def test_the_double_hour_is_refused(tmp_path: Path) -> None:
    text = "Zeit;FT-101\n25.10.2026 01:59;1\n25.10.2026 02:30;2\n25.10.2026 03:00;3\n"
    batch = read_csv(write(tmp_path, text), altered(time_zone="Europe/Berlin"), TAGS[:1], 1, "dcs")
    assert batch.samples["value"].to_list() == [1.0, 3.0]
    assert "occurs twice in Europe/Berlin" in batch.rejected["reason"][0]


def test_a_format_with_an_offset_needs_no_zone(tmp_path: Path) -> None:
    text = "Zeit;FT-101\n2026-03-01T00:00:00+0800;1\n2026-03-01T00:00:00+0000;2\n"
    dialect = altered(time_format="%Y-%m-%dT%H:%M:%S%z", time_zone="")
    batch = read_csv(write(tmp_path, text), dialect, TAGS[:1], 1, "dcs")
    assert [time.hour for time in batch.samples["time"]] == [16, 0]


# broken files


def test_a_missing_file_is_a_fault(tmp_path: Path) -> None:
    fault = fault_of(tmp_path / "gone.csv")
    assert (fault.code, fault.line, fault.found) == ("missing_file", 0, "no such file or directory")
    assert fault.file == str(tmp_path / "gone.csv")


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf\r\n"])
def test_an_empty_file_is_a_fault(tmp_path: Path, content: bytes) -> None:
    fault = fault_of(write(tmp_path, content))
    assert (fault.code, fault.found, fault.expected) == ("empty_file", "an empty file", "a header and rows of data")
    assert fault.way_out == "Export the file again."


def test_a_header_without_rows_is_a_fault(tmp_path: Path) -> None:
    assert fault_of(write(tmp_path, "Zeit;FT-101;FT-102\n")).code == "no_rows"


@pytest.mark.parametrize("tail", ["01.03.2026 00:30;4", "01.03.2026 00:30;4\n", "01.03.20"])
def test_a_truncated_last_line_is_a_fault_with_its_line(tmp_path: Path, tail: str) -> None:
    fault = fault_of(write(tmp_path, WHOLE + tail))
    assert (fault.code, fault.line) == ("truncated_line", 4)
    assert fault.found == f"{tail.count(';') + 1} cells in the last line"
    assert fault.expected == "3 cells as in the header"
    assert "cut off" in fault.way_out


def test_a_wrong_encoding_is_a_fault_with_the_line_of_the_byte(tmp_path: Path) -> None:
    path = write(tmp_path, (WHOLE + "01.03.2026 00:30;坏;1\n").encode("gb18030"))
    fault = fault_of(path)
    assert (fault.code, fault.line, fault.expected) == ("wrong_encoding", 4, "text in utf-8")
    assert fault.found == "byte 0xBB"
    assert "gb18030" in fault.way_out
    assert str(fault).startswith(f"{path}:4: expected text in utf-8, got byte 0xBB.")


def test_a_wrong_byte_after_a_byte_order_mark_is_named_with_its_own_line(tmp_path: Path) -> None:
    path = write(tmp_path, WHOLE.encode("utf-8-sig") + b"\xb0;1;1\n")
    fault = fault_of(path, altered(encoding="utf-8-sig"))
    assert (fault.code, fault.line, fault.found) == ("wrong_encoding", 4, "byte 0xB0")


def test_an_undeclared_byte_order_mark_is_a_fault(tmp_path: Path) -> None:
    fault = fault_of(write(tmp_path, WHOLE.encode("utf-8-sig")))
    assert (fault.code, fault.line, fault.found) == ("wrong_encoding", 1, "a byte-order mark")
    assert "utf-8-sig" in fault.way_out


def test_an_unknown_encoding_is_a_fault(tmp_path: Path) -> None:
    fault = fault_of(write(tmp_path, WHOLE), altered(encoding="utf-9"))
    assert (fault.code, fault.path, fault.found) == ("bad_dialect", "encoding", '"utf-9"')


def test_every_missing_column_is_a_fault_of_its_own(tmp_path: Path) -> None:
    path = write(tmp_path, WHOLE)
    with pytest.raises(SourceError) as caught:
        read_csv(path, altered(time_column="Time"), (TagAddress(1, "scale", "FT-1O1"), TAGS[1]), 1, "dcs")
    time, scale = caught.value.faults
    assert (time.code, time.path, time.expected) == ("missing_column", "time_column", 'a column "Time"')
    assert (scale.code, scale.path, scale.line) == ("missing_column", "scale", 1)
    assert scale.found == "the columns Zeit, FT-101, FT-102"
    assert 'Did you mean "FT-101"?' in scale.way_out


def test_a_doubled_column_is_a_fault(tmp_path: Path) -> None:
    fault = fault_of(write(tmp_path, WHOLE.replace("FT-102", "FT-101")), tags=TAGS[:1])
    assert (fault.code, fault.line, fault.path, fault.found) == (
        "duplicate_column", 1, "feed_scale", '2 columns "FT-101"',
    )  # fmt: skip


def test_a_wrong_separator_is_a_fault_that_names_the_likely_one(tmp_path: Path) -> None:
    fault = fault_of(write(tmp_path, WHOLE), altered(separator="\t"))
    assert (fault.code, fault.line) == ("wrong_separator", 1)
    assert fault.found == 'one column, "Zeit;FT-101;FT-102"'
    assert fault.expected == "columns separated by a tab"
    assert "semicolon" in fault.way_out


def test_decimal_commas_that_split_every_row_are_a_fault(tmp_path: Path) -> None:
    fault = fault_of(write(tmp_path, "Zeit,FT-101,FT-102\n01.03.2026 00:00,412,5,31,0\n"), altered(separator=","))
    assert (fault.code, fault.line, fault.found) == ("wrong_separator", 2, "5 cells")


def test_a_wrong_time_format_is_a_fault_with_the_first_such_line(tmp_path: Path) -> None:
    fault = fault_of(write(tmp_path, WHOLE), altered(time_format="%Y-%m-%d %H:%M"))
    assert (fault.code, fault.line, fault.path) == ("wrong_time_format", 2, "Zeit")
    assert fault.found == '"01.03.2026 00:00"'
    assert fault.expected == "a time of the format %Y-%m-%d %H:%M"


def test_swapped_day_and_month_are_a_fault(tmp_path: Path) -> None:
    text = "Zeit;FT-101\n" + "".join(f"{day:02d}.03.2026 00:00;1\n" for day in range(1, 32))
    fault = fault_of(write(tmp_path, text), altered(time_format="%m.%d.%Y %H:%M"), TAGS[:1])
    assert (fault.code, fault.line, fault.found) == ("wrong_time_format", 14, '"13.03.2026 00:00"')


def test_a_wrong_decimal_mark_is_a_fault_with_the_first_such_cell(tmp_path: Path) -> None:
    fault = fault_of(write(tmp_path, WHOLE.replace("-0,5", "31,5").replace("413;", "413,2;")), altered(decimal="."))
    assert (fault.code, fault.line, fault.path, fault.found) == ("wrong_decimal", 2, "FT-101", '"412,5"')
    assert 'decimal mark ","' in fault.way_out


def test_an_unknown_zone_is_a_fault(tmp_path: Path) -> None:
    fault = fault_of(write(tmp_path, WHOLE), altered(time_zone="Asia/Baotou"))
    assert (fault.code, fault.path, fault.found) == ("unknown_zone", "time_zone", '"Asia/Baotou"')


@pytest.mark.parametrize(("field", "value"), [("decimal", ";"), ("separator", "::"), ("separator", "")])
def test_an_impossible_dialect_is_a_fault(tmp_path: Path, field: str, value: str) -> None:
    fault = fault_of(write(tmp_path, WHOLE), altered(**{field: value}))
    assert (fault.code, fault.path) == ("bad_dialect", field)


def test_a_quote_left_open_for_the_rest_of_a_long_file_is_a_fault(tmp_path: Path) -> None:
    fault = fault_of(write(tmp_path, WHOLE + '01.03.2026 00:30;"' + "4;1\n" * 40_000))
    assert (fault.code, fault.line, fault.expected) == ("open_quote", 4, "quotes that are closed")


def test_a_file_wholly_within_the_swallowed_hour_gives_no_samples(tmp_path: Path) -> None:
    path = write(tmp_path, "Zeit;FT-101\n29.03.2026 02:30;2\n")
    batch = read_csv(path, altered(time_zone="Europe/Berlin"), TAGS[:1], 1, "dcs")
    assert batch.samples.is_empty() and batch.report.rejected_rows == 1


def test_a_quote_left_open_is_a_fault(tmp_path: Path) -> None:
    fault = fault_of(write(tmp_path, WHOLE + '01.03.2026 00:30;"4;1\n01.03.2026 00:45;5;1\n'))
    assert (fault.code, fault.line) == ("open_quote", 4)


# quotes


def quarters(count: int) -> list[str]:
    return [f"01.03.2026 {n // 4:02d}:{n % 4 * 15:02d};{n};note {n}" for n in range(count)]


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_two_stray_quotes_lose_no_line(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    rows = quarters(40)
    first, last = sorted(data.draw(st.lists(st.integers(0, 39), min_size=2, max_size=2, unique=True)))
    assume((first, last) != (0, 39))
    rows[first] = rows[first].replace("note", '"note')
    rows[last] += '"'
    path = write(tmp_path_factory.mktemp("quotes"), "\n".join(["Zeit;FT-101;remark", *rows, ""]))
    batch = read_csv(path, GERMAN, TAGS[:1], 1, "dcs")
    swallowed = list(range(first + 2, last + 3))
    assert batch.rejected["line"].to_list() == swallowed
    assert batch.samples["value"].to_list() == [float(n) for n in range(40) if not first <= n <= last]
    assert batch.report.rows == 40 == batch.samples.height + batch.report.rejected_rows


def test_a_swallowed_line_is_kept_with_the_span_of_its_quotes(tmp_path: Path) -> None:
    rows = quarters(40)
    rows[1], rows[38] = rows[1].replace("note", '"note'), rows[38] + '"'
    path = write(tmp_path, "\n".join(["Zeit;FT-101;remark", *rows, ""]))
    batch = read_csv(path, GERMAN, TAGS[:1], 1, "dcs")
    assert batch.rejected.height == 38 and batch.samples.height == 2
    assert batch.rejected.select("line", "found", "reason").row(0) == (
        3, '01.03.2026 00:15;1;"note 1', "within quotes that run from line 3 to line 40: no cell holds a line feed",
    )  # fmt: skip


def test_rows_without_a_clock_keep_their_times_behind_a_swallowed_line(tmp_path: Path) -> None:
    text = "FT-101;remark\n" + "".join(f"{n};{q}x\n" for n, q in enumerate(["", '"', "", "", ""]))
    text = text.replace("2;x", '2;x"')
    dialect = TextDialect(separator=";", start=datetime(2026, 3, 1), step=timedelta(hours=1))
    batch = read_csv(write(tmp_path, text), dialect, TAGS[:1], 1, "dcs")
    assert [(time.hour, value) for time, value in batch.samples.select("time", "value").rows()] == [
        (0, 0.0), (3, 3.0), (4, 4.0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text", ['Zeit;"FT-101\n01.03.2026 00:00";1\n01.03.2026 00:15;2\n', '"Ze"it;FT-101\n01.03.2026 00:15;2\n']
)
def test_a_header_whose_quotes_are_not_closed_where_they_should_be_is_a_fault(tmp_path: Path, text: str) -> None:
    fault = fault_of(write(tmp_path, text))
    assert (fault.code, fault.line) == ("open_quote", 1)


def test_a_long_cell_is_kept_in_part(tmp_path: Path) -> None:
    batch = read_csv(write(tmp_path, WHOLE + f"01.03.2026 00:30;{'x' * 100_000};1\n"), GERMAN, TAGS, 1, "dcs")
    assert batch.rejected["found"].to_list() == ["x" * LONGEST + "..."]


# size


@pytest.mark.parametrize("name", ["march.csv", "march.csv.gz"])
def test_a_file_that_is_too_large_is_refused_with_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    content = (WHOLE + " " * 5000).encode()
    path = tmp_path / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    monkeypatch.setattr("ferrolan.sources.source.LARGEST", 1000)
    fault = fault_of(path)
    assert (fault.code, fault.expected) == ("too_large", "at most 1,000 bytes")
    assert fault.found == f"at least {1001 if name.endswith('.gz') else len(content):,} bytes when read"
    monkeypatch.setattr("ferrolan.sources.source.LARGEST", len(content))
    assert read_csv(path, GERMAN, TAGS, 1, "dcs").samples.height == 4


def test_a_pipe_is_refused_before_it_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "march.csv")
    fault = fault_of(tmp_path / "march.csv")
    assert (fault.code, fault.found) == ("missing_file", "a pipe or device")


# midnight

TIMES = st.times() | st.builds(time, st.integers(0, 23), st.sampled_from([0, 24]), st.sampled_from([0, 24]))
CLOCKS = ("%d.%m.%Y %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S%.f", "%H:%M:%S %d.%m.%Y", "%H:%M %d.%m.%Y")


@settings(max_examples=60, deadline=None)
@given(times=st.lists(TIMES, min_size=1, max_size=20).map(sorted), time_format=st.sampled_from(CLOCKS))
def test_a_day_that_midnight_ends_changes_no_other_time(
    tmp_path_factory: pytest.TempPathFactory, times: list[time], time_format: str
) -> None:
    python = time_format.replace("%.f", ".%f")
    stamps = [datetime.combine(date(2026, 3, 20), at) for at in times]
    stamps = [
        at
        for at in stamps
        if at.strftime(python) != at.replace(hour=0, minute=0, second=0, microsecond=0).strftime(python)
    ]
    if not stamps:
        return
    text = "Zeit;FT-101\n" + "".join(f"{at.strftime(python)};1\n" for at in stamps)
    path = write(tmp_path_factory.mktemp("midnight"), text)
    read = [
        read_csv(path, altered(time_format=time_format, midnight=midnight), TAGS[:1], 1, "dcs")
        for midnight in ("starts_day", "ends_day")
    ]
    assert read[0].samples.equals(read[1].samples) and read[1].repaired.is_empty()
    assert read[1].samples["time"].to_list() == [
        datetime.strptime(at.strftime(python), python).replace(tzinfo=UTC) - timedelta(hours=8) for at in stamps
    ]


@pytest.mark.parametrize(
    ("time_format", "found"),
    [
        ("%d.%m.%Y %H:%M", "01.03.2026 24:00"), ("%d.%m.%Y %H:%M:%S", "01.03.2026 24:00:00"),
        ("%Y-%m-%dT%H:%M:%S", "2026-03-01T24:00:00"), ("%H:%M %d.%m.%Y", "24:00 01.03.2026"),
    ],
)  # fmt: skip
def test_24_00_ends_its_day_in_every_format(tmp_path: Path, time_format: str, found: str) -> None:
    dialect = altered(time_format=time_format, midnight="ends_day")
    batch = read_csv(write(tmp_path, f"Zeit;FT-101\n{found};1\n"), dialect, TAGS[:1], 1, "dcs")
    assert batch.samples["time"].to_list() == [datetime(2026, 3, 1, 16, tzinfo=UTC)]
    assert batch.repaired.select("found", "taken").rows() == [(found, "2026-03-02 00:00")]


@pytest.mark.parametrize("found", ["01.03.2026 24:00:15", "01.03.2026 24:01:00", "01.03.2026 124:00:00"])
def test_a_time_after_24_00_is_none(tmp_path: Path, found: str) -> None:
    text = "Zeit;FT-101\n01.03.2026 08:24:00;1\n01.03.2026 23:24:00;1\n" + f"{found};1\n"
    dialect = altered(time_format="%d.%m.%Y %H:%M:%S", midnight="ends_day")
    batch = read_csv(write(tmp_path, text), dialect, TAGS[:1], 1, "dcs")
    assert batch.rejected["line"].to_list() == [4]
    assert [at.minute for at in batch.samples["time"]] == [24, 24]


def test_a_time_with_its_offset_names_its_day_itself(tmp_path: Path) -> None:
    path = write(tmp_path, "Zeit;FT-101\n2026-03-01T00:00+0800;1\n")
    fault = fault_of(path, altered(time_format="%Y-%m-%dT%H:%M%z", midnight="ends_day"), TAGS[:1])
    assert (fault.code, fault.path) == ("bad_dialect", "midnight")


def test_quotes_around_every_row_are_a_fault(tmp_path: Path) -> None:
    fault = fault_of(write(tmp_path, WHOLE.replace(";412", ';"412').replace("-0,5", '-0,5"')))
    assert (fault.code, fault.line) == ("open_quote", 2) and "from line 2 to line 3" in fault.found


def test_a_cell_written_over_two_lines_is_one_cell_in_header_and_comment(tmp_path):
    path = tmp_path / "export.csv"
    rows = ['Zeit;"FT-101\n(Messwert)";Notiz', "01.03.2026 00:00;1,5;gut", '01.03.2026 00:15;2,5;"zwei\nZeilen"']
    path.write_text("\n".join([*rows, "01.03.2026 00:30;3,5;gut", ""]), encoding="utf-8")
    batch = read_csv(path, altered(), [TagAddress(0, "FT-101", "FT-101 (Messwert)")], 0, "export")
    assert batch.samples["value"].to_list() == [1.5, 2.5, 3.5]
    assert batch.rejected.is_empty()


@pytest.mark.parametrize(("cell", "limit"), [("<0,5", 0.5), ("< 0,5", 0.5), ("<=2", 2.0)])
def test_a_result_below_the_detection_limit_is_kept_as_its_limit_and_listed(
    tmp_path: Path, cell: str, limit: float
) -> None:
    batch = read_csv(write(tmp_path, WHOLE.replace("413", cell)), GERMAN, LIMITED, 1, "lab")
    samples = batch.samples.filter(pl.col("tag") == 101)
    assert samples.select("value", "status").rows() == [(412.5, int(StatusCode.GOOD)), (limit, AT_MOST)]
    assert batch.rejected.is_empty() and batch.report.bad == 0
    (row,) = batch.repaired.iter_rows(named=True)
    assert (row["line"], row["tag"], row["found"], row["taken"]) == (3, "feed_scale", cell, f"at most {limit}")


@pytest.mark.parametrize("cell", ["<", "<LOD", "<<0,5", "<-1", "<0.5", "< 1 000"])
def test_what_is_no_limit_is_rejected_as_before(tmp_path: Path, cell: str) -> None:
    batch = read_csv(write(tmp_path, WHOLE.replace("413", cell)), GERMAN, LIMITED, 1, "lab")
    assert batch.rejected["found"].to_list() == [cell] and batch.repaired.is_empty()


def test_a_limit_that_is_declared_a_bad_text_is_bad(tmp_path: Path) -> None:
    dialect = altered(bad_texts=(*BAD_TEXTS, "<0,5"))
    batch = read_csv(write(tmp_path, WHOLE.replace("413", "<0,5")), dialect, LIMITED, 1, "lab")
    assert batch.report.bad == 1 and batch.repaired.is_empty()


def test_of_a_tag_without_a_detection_limit_such_a_result_is_rejected(tmp_path: Path) -> None:
    batch = read_csv(write(tmp_path, WHOLE.replace("413", "<0,5")), GERMAN, TAGS, 1, "lab")
    assert batch.rejected["found"].to_list() == ["<0,5"] and batch.repaired.is_empty()
