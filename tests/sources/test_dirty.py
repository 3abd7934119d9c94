"""Dirty text: every fault a plant's export was seen with is found, said with its line, and leaves nothing silently good."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrolan.base.errors import Fault, SourceError
from ferrolan.base.status import StatusCode
from ferrolan.base.tables import REJECTED, REPAIRED, SAMPLES, SAMPLES_TEXT, TIME
from ferrolan.sources import Batch, TagAddress, TextDialect, read_csv
from ferrolan.sources.clock import in_order
from ferrolan.sources.timeline import OUTSIDE

PLAIN = TextDialect(separator=",", time_column="time", time_format="%Y-%m-%d %H:%M")
FEED = TagAddress(1, "feed", "feed", "t/h")
WATER = TagAddress(2, "water", "water", "m3/h")
BERLIN = "Europe/Berlin"


def write(folder: Path, content: str | bytes, name: str = "export.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(folder: Path, content: str | bytes, *tags: TagAddress, name: str = "export.csv", **changes: object) -> Batch:
    dialect = TextDialect(**{**vars(PLAIN), **changes})  # type: ignore[arg-type]
    return read_csv(write(folder, content, name), dialect, tags or (FEED,), 1, "export")


def faults_of(folder: Path, content: str | bytes, *tags: TagAddress, **changes: object) -> tuple[Fault, ...]:
    with pytest.raises(SourceError) as caught:
        read(folder, content, *tags, **changes)
    return caught.value.faults


def fault_of(folder: Path, content: str | bytes, *tags: TagAddress, **changes: object) -> Fault:
    (fault,) = faults_of(folder, content, *tags, **changes)
    return fault


def remark_of(batch: Batch, code: str) -> Fault:
    (found,) = [remark for remark in batch.report.remarks if remark.code == code]
    return found


def day(*rows: str, header: str = "time,feed") -> str:
    return "\n".join((header, *rows)) + "\n"


def hours(start: datetime, count: int, form: str) -> list[str]:
    return [f"{start + timedelta(hours=k):{form}},{k + 1}" for k in range(count)]


# a law over everything


_PIECES = st.sampled_from(
    [
        "time,feed\n", "time;feed\n", "2026-03-01 00:00", "2026-03-01 24:00", ",", ";", "\n", "\r\n", '"', "1", "04.03",
        "4,5", "x", "[t/h]", "\0", "\ufeff", "进料量", " ", "\t", "46082.5", "nan", "1e999", "时间,feed [kg/h]\n", "-",
        "\x1f", "\x85",
    ]
)  # fmt: skip
_CHANGES = st.fixed_dictionaries(
    {
        "separator": st.sampled_from([",", ";", " ", "\t"]),
        "decimal": st.sampled_from([",", "."]),
        "encoding": st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "latin-1"]),
        "header": st.sampled_from([0, 1, 2]),
        "unit_row": st.booleans(),
        "transposed": st.booleans(),
        "midnight": st.sampled_from(["starts_day", "ends_day"]),
        "leading_zeros": st.sampled_from(["flag", "take", "refuse"]),
        "time_format": st.sampled_from(["%Y-%m-%d %H:%M", "%d.%m.%Y", "spreadsheet", "%Y-%m-%dT%H:%M%z"]),
        "time_column": st.sampled_from(["time", "1", ""]),
    }
)


@settings(max_examples=300)
@given(st.lists(_PIECES, max_size=30), _CHANGES, st.sampled_from(["utf-8", "gb18030", "utf-16"]))
def test_whatever_the_file_holds_it_is_read_or_refused_with_its_name(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[str], changes: dict[str, object], written: str
) -> None:
    folder = tmp_path_factory.mktemp("any")
    clock = {} if changes["time_column"] else {"start": datetime(2026, 3, 1), "step": timedelta(minutes=3)}
    tags = (FEED,) if changes["header"] else (TagAddress(1, "feed", "2"),)
    content = ("time,feed\n2026-03-01 00:00,1\n" + "".join(pieces)).encode(written, errors="ignore")
    try:
        batch = read(folder, content, *tags, **changes, **clock)
    except SourceError as error:
        faults, frames = error.faults, ()
    else:
        faults, frames = (), ((SAMPLES, batch.samples), (REJECTED, batch.rejected), (REPAIRED, batch.repaired))
    assert all(fault.file.endswith("export.csv") and fault.way_out and fault.code for fault in faults)
    assert all(table.check(frame) is not None for table, frame in frames)


@given(st.lists(st.sampled_from(["1.5", "04.03", "4,5", "x", "", "0"]), min_size=1, max_size=20))
def test_every_row_is_taken_repaired_or_refused(tmp_path_factory: pytest.TempPathFactory, cells: list[str]) -> None:
    rows = [
        f"2026-03-01 {k // 60:02d}:{k % 60:02d},{cell if ',' not in cell else chr(34) + cell + chr(34)}"
        for k, cell in enumerate(["7"] * 20 + cells)
    ]
    batch = read(tmp_path_factory.mktemp("cells"), day(*rows))
    doubtful = {"04.03": StatusCode.UNCERTAIN, "x": StatusCode.BAD_TYPE_MISMATCH, "4,5": StatusCode.BAD_TYPE_MISMATCH}
    expected = [doubtful.get(cell, StatusCode.BAD_NO_DATA if not cell else StatusCode.GOOD) for cell in cells]
    assert batch.samples["status"].to_list()[20:] == expected
    assert batch.repaired["found"].to_list() == [cell for cell in cells if cell == "04.03"]
    assert batch.rejected["found"].to_list() == [cell for cell in cells if cell in ("x", "4,5")]


# encodings


CHINESE = "时间,给矿量(t/h)\n2026-03-01 00:00,412.5\n2026-03-01 00:15,413\n"
CHINESE_FEED = TagAddress(1, "feed", "给矿量", "t/h")


@pytest.mark.parametrize(
    ("written", "declared", "mark"),
    [
        ("gb18030", "gb18030", b""), ("gbk", "gb18030", b""), ("utf-16", "utf-16", b""),
        ("utf-16-le", "utf-16-le", b""), ("utf-16-be", "utf-16-be", b""),
        ("utf-16-le", "utf-16", b"\xff\xfe"), ("utf-16-be", "utf-16", b"\xfe\xff"),
    ],
)  # fmt: skip
def test_a_declared_encoding_reads_chinese_headers_with_their_unit(
    tmp_path: Path, written: str, declared: str, mark: bytes
) -> None:
    batch = read(tmp_path, mark + CHINESE.encode(written), CHINESE_FEED, encoding=declared, time_column="时间")
    assert batch.samples["value"].to_list() == [412.5, 413.0]


@pytest.mark.parametrize(
    ("written", "proposed", "mark"),
    [
        ("gbk", "gb18030", b""), ("utf-16-le", "utf-16", b"\xff\xfe"), ("utf-16-be", "utf-16", b"\xfe\xff"),
        ("utf-16-le", "utf-16-le", b""), ("utf-16-be", "utf-16-be", b""),
    ],
)  # fmt: skip
def test_an_undeclared_encoding_is_a_fault_that_proposes_the_one_with_the_time_column(
    tmp_path: Path, written: str, proposed: str, mark: bytes
) -> None:
    fault = fault_of(tmp_path, mark + CHINESE.encode(written), CHINESE_FEED, time_column="时间")
    assert fault.code == "wrong_encoding" and f'as "{proposed}" it is text with that time column' in fault.way_out


def test_utf_16_without_chinese_is_valid_utf_8_and_found_by_its_zero_bytes(tmp_path: Path) -> None:
    fault = fault_of(tmp_path, day("2026-03-01 00:00,1").encode("utf-16-le"))
    assert (fault.code, fault.line, fault.found) == ("wrong_encoding", 1, "a zero byte")
    assert '"utf-16-le"' in fault.way_out


def test_a_mark_of_utf_16_under_a_declared_byte_order_is_named(tmp_path: Path) -> None:
    fault = fault_of(tmp_path, b"\xff\xfe" + CHINESE.encode("utf-16-le"), CHINESE_FEED, encoding="utf-16-le")
    assert fault.found == "a byte-order mark" and '"utf-16"' in fault.way_out


# numbers


def test_two_decimal_marks_in_one_column_are_refused_cell_by_cell_and_remarked_on(tmp_path: Path) -> None:
    text = "time;feed\n2026-03-01 00:00;1.5\n2026-03-01 00:15;2,5\n2026-03-01 00:30;3.5\n2026-03-01 00:45;4.5\n"
    batch = read(tmp_path, text, separator=";")
    assert batch.rejected.select("line", "tag", "found").rows() == [(3, "feed", "2,5")]
    assert 'it has the other mark ","' in batch.rejected["reason"][0]
    remark = remark_of(batch, "mixed_decimals")
    assert (remark.line, remark.path) == (3, "feed") and remark.found.startswith("1 cell with")


def test_a_whole_column_with_the_other_mark_is_a_fault_of_that_column(tmp_path: Path) -> None:
    rows = [f"2026-03-01 00:{k:02d};{k}.5;{k},5;{k}.5" for k in range(4)]
    text = "\n".join(("time;feed;water;air", *rows))
    air = TagAddress(3, "air", "air")
    fault = fault_of(tmp_path, text, FEED, WATER, air, separator=";")
    assert (fault.code, fault.path, fault.line) == ("wrong_decimal", "water", 2)


def test_a_zero_before_the_number_is_uncertain_listed_and_remarked_on(tmp_path: Path) -> None:
    batch = read(
        tmp_path, day("2026-03-01 00:00,3.17", "2026-03-01 00:15,04.03", "2026-03-01 00:30,0.5", "2026-03-01 00:45,-01")
    )
    assert batch.samples["value"].to_list() == [3.17, 4.03, 0.5, -1.0]
    assert batch.samples["status"].to_list() == [0, StatusCode.UNCERTAIN, 0, StatusCode.UNCERTAIN]
    assert batch.repaired.select("line", "tag", "found", "taken").rows() == [
        (3, "feed", "04.03", "4.03, uncertain"), (5, "feed", "-01", "-1.0, uncertain"),
    ]  # fmt: skip
    assert "leading_zeros: take" in remark_of(batch, "leading_zero").way_out


def test_a_zero_before_the_number_can_be_taken_or_refused(tmp_path: Path) -> None:
    text = day("2026-03-01 00:00,3.17", "2026-03-01 00:15,04.03")
    taken = read(tmp_path, text, leading_zeros="take")
    assert taken.samples["status"].to_list() == [0, 0] and taken.repaired.is_empty()
    refused = read(tmp_path, text, leading_zeros="refuse")
    assert refused.samples["value"].to_list() == [3.17, None]
    assert (
        refused.rejected.select("line", "found").rows() == [(3, "04.03")]
        and "leading_zeros" in refused.rejected["reason"][0]
    )


def test_a_row_of_zeros_is_uncertain_unless_it_is_declared(tmp_path: Path) -> None:
    text = day("2026-03-01 00:00,3,2", "2026-03-01 00:15,0,0", "2026-03-01 00:30,0,1", header="time,feed,water")
    batch = read(tmp_path, text, FEED, WATER)
    assert batch.samples["status"].to_list() == [0, StatusCode.UNCERTAIN, 0] * 2
    assert batch.repaired.select("line", "tag").rows() == [(3, None)]
    assert remark_of(batch, "zero_row").line == 3
    assert read(tmp_path, text, FEED, WATER, zero_rows="take").samples["status"].to_list() == [0] * 6


def test_a_text_in_a_tag_is_kept_as_text_where_it_is_declared_so(tmp_path: Path) -> None:
    text = day(
        "2026-03-01 00:00,1,Light", "2026-03-01 00:15,2,Bad", "2026-03-01 00:30,3,Heavy", header="time,feed,load"
    )
    batch = read(tmp_path, text, FEED, TagAddress(2, "load", "load", text=True), bad_texts=("Bad",))
    texts = SAMPLES_TEXT.check(batch.texts)
    assert texts["text"].to_list() == ["Light", None, "Heavy"]
    assert texts["status"].to_list() == [0, StatusCode.BAD, 0] and texts["tag"].unique().to_list() == [2]
    assert batch.samples["tag"].unique().to_list() == [1]


def test_columns_of_texts_that_are_no_texts_by_declaration_are_faults_all_at_once(tmp_path: Path) -> None:
    text = day("2026-03-01 00:00,Light,a", "2026-03-01 00:15,Heavy,b", header="time,feed,water")
    faults = faults_of(tmp_path, text, FEED, WATER)
    assert [(fault.code, fault.path, fault.line) for fault in faults] == [
        ("text_column", "feed", 2),
        ("text_column", "water", 2),
    ]
    assert faults[0].found == 'no number but "Light", "Heavy"' and "text: true" in faults[0].way_out


# the clock


MIDNIGHTS = day("01.03.2026 23:45,1", "01.03.2026 00:00,2", "02.03.2026 00:15,3", "02.03.2026 24:00,4")


def test_a_midnight_that_ends_the_day_is_moved_only_where_that_is_declared(tmp_path: Path) -> None:
    batch = read(tmp_path, MIDNIGHTS, time_format="%d.%m.%Y %H:%M", midnight="ends_day")
    assert batch.samples["time"].to_list() == [
        datetime(2026, 3, 1, 23, 45, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC),
        datetime(2026, 3, 2, 0, 15, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC),
    ]  # fmt: skip
    assert batch.repaired.select("line", "found", "taken").rows() == [
        (3, "01.03.2026 00:00", "2026-03-02 00:00"), (5, "02.03.2026 24:00", "2026-03-03 00:00"),
    ]  # fmt: skip
    assert not batch.report.backward and not batch.report.remarks


def test_a_midnight_that_is_not_declared_runs_backwards_and_the_way_out_names_the_key(tmp_path: Path) -> None:
    batch = read(tmp_path, MIDNIGHTS, time_format="%d.%m.%Y %H:%M")
    remark = remark_of(batch, "time_backwards")
    assert (remark.line, remark.found) == (
        3,
        '1 row whose time lies before an earlier one, the first "01.03.2026 00:00"',
    )
    assert "midnight: ends_day" in remark.way_out
    assert batch.repaired.is_empty() and "midnight: ends_day" in batch.rejected["reason"][0]


def test_a_midnight_that_is_declared_and_does_not_end_the_day_runs_backwards(tmp_path: Path) -> None:
    text = day("2026-03-01 23:45,1", "2026-03-02 00:00,2", "2026-03-02 00:15,3")
    assert "midnight: starts_day" in remark_of(read(tmp_path, text, midnight="ends_day"), "time_backwards").way_out


def test_a_clock_that_was_set_back_is_remarked_on_without_a_key_that_would_not_help(tmp_path: Path) -> None:
    text = day("2026-03-01 10:00,1", "2026-03-01 10:15,2", "2026-03-01 10:05,3")
    assert "Check the clock" in remark_of(read(tmp_path, text), "time_backwards").way_out


def test_exchanged_day_and_month_are_found_by_the_months_that_jump(tmp_path: Path) -> None:
    text = day(*hours(datetime(2026, 3, 1), 10 * 24, "%d/%m/%Y %H:%M"))
    fault = fault_of(tmp_path, text, time_format="%m/%d/%Y %H:%M")
    assert (fault.code, fault.line) == ("ambiguous_date", 26)
    assert '"02/03/2026 00:00"' in fault.found and '"%d/%m/%Y %H:%M"' in fault.way_out
    assert read(tmp_path, text, time_format="%d/%m/%Y %H:%M").samples.height == 240


def test_exchanged_day_and_month_are_found_by_the_few_that_cannot_be_read(tmp_path: Path) -> None:
    text = day(*hours(datetime(2026, 3, 5), 10 * 24, "%d/%m/%Y %H:%M"))
    fault = fault_of(tmp_path, text, time_format="%m/%d/%Y %H:%M")
    assert fault.code == "ambiguous_date" and fault.found.startswith("48 unreadable times")


def test_a_series_of_months_is_no_exchange_of_day_and_month(tmp_path: Path) -> None:
    text = day(*(f"01/{month:02d}/2026 00:00,{month}" for month in range(1, 13)))
    assert read(tmp_path, text, time_format="%d/%m/%Y %H:%M").samples.height == 12


def test_a_gap_of_months_in_a_series_is_no_exchange_of_day_and_month(tmp_path: Path) -> None:
    rows = hours(datetime(2026, 1, 13), 48, "%d/%m/%Y %H:%M") + hours(datetime(2026, 5, 20), 48, "%d/%m/%Y %H:%M")
    assert read(tmp_path, day(*rows), time_format="%d/%m/%Y %H:%M").samples.height == 96


def test_hours_of_both_clock_changes_that_no_order_tells_are_refused_and_remarked_on(tmp_path: Path) -> None:
    autumn = day("2026-10-25 01:30,1", "2026-10-25 02:15,2", "2026-10-25 02:30,3", "2026-10-25 03:30,4")
    batch = read(tmp_path, autumn, time_zone=BERLIN)
    assert batch.rejected["line"].to_list() == [3, 4] and batch.samples["value"].to_list() == [1.0, 4.0]
    remark = remark_of(batch, "clock_change")
    assert remark.found == "2 rows in the hour that occurs twice, 0 in the hour that does not exist"
    assert "%z" in remark.way_out
    spring = day("2026-03-29 01:30,1", "2026-03-29 02:30,2", "2026-03-29 03:30,3")
    found = remark_of(read(tmp_path, spring, time_zone=BERLIN), "clock_change").found
    assert found == "0 rows in the hour that occurs twice, 1 in the hour that does not exist"


def test_the_hour_that_occurs_twice_is_told_by_the_order_of_its_rows(tmp_path: Path) -> None:
    local = ["01:45", "02:00", "02:30", "02:00", "02:30", "03:00"]
    batch = read(tmp_path, day(*(f"2026-10-25 {at},1" for at in local)), time_zone=BERLIN)
    first = datetime(2026, 10, 24, 23, 45, tzinfo=UTC)
    minutes = [0, 15, 45, 75, 105, 135]
    assert batch.samples["time"].to_list() == [first + timedelta(minutes=minute) for minute in minutes]
    remark = remark_of(batch, "clock_change")
    assert (remark.line, remark.found) == (3, "4 rows in the hour that occurs twice, in order")
    assert batch.rejected.height == 0


@given(
    step=st.sampled_from([1, 5, 10, 15, 20, 30, 60]),
    start=st.integers(0, 3),
    zone=st.sampled_from([BERLIN, "America/New_York", "Australia/Lord_Howe"]),
)
@settings(max_examples=30, deadline=None)
def test_a_whole_night_of_a_clock_change_is_read_back_as_it_was(step: int, start: int, zone: str) -> None:
    night = {BERLIN: datetime(2026, 10, 24, 20, tzinfo=UTC), "America/New_York": datetime(2026, 11, 1, 1, tzinfo=UTC)}
    first = night.get(zone, datetime(2026, 4, 4, 11, tzinfo=UTC)) + timedelta(minutes=start)
    utc = pl.Series([first + timedelta(minutes=step * k) for k in range(10 * 60 // step)]).cast(TIME)
    time, reason, told = in_order(utc.dt.convert_time_zone(zone).dt.replace_time_zone(None), zone)
    if zone == "Australia/Lord_Howe" and step == 60:  # half an hour is put back: one pass alone is seen
        return
    assert time.equals(utc) and reason.null_count() == len(utc) and told.any()


@pytest.mark.parametrize(
    "local",
    [
        ["02:00", "02:30"],
        ["02:30", "02:00", "02:30", "02:00"],
        ["03:00", "02:30", "02:00", "02:30", "01:30"],
        ["02:00", "02:30", "04:00", "02:00", "02:30"],
    ],
)
def test_an_hour_that_occurs_twice_is_refused_where_order_does_not_tell(tmp_path: Path, local: list[str]) -> None:
    batch = read(
        tmp_path,
        day("2026-10-24 01:30,1", "2026-10-24 02:30,1", *(f"2026-10-25 {at},1" for at in local)),
        time_zone=BERLIN,
    )
    assert batch.rejected.height == sum(at.startswith("02") for at in local)


QUARTERS = ("2026-03-01 00:15,1", "2026-03-01 00:30,2", "2026-03-01 00:45,3", "2026-03-01 01:00,4")
STARTS = [datetime(2026, 3, 1, 0, minute, tzinfo=UTC) for minute in (0, 15, 30, 45)]


@pytest.mark.parametrize("step", [None, timedelta(minutes=15)])
def test_a_value_stamped_at_the_end_of_its_period_holds_from_the_start_of_it(
    tmp_path: Path, step: timedelta | None
) -> None:
    batch = read(tmp_path, day(*QUARTERS), stamp="end", step=step)
    assert batch.samples["time"].to_list() == STARTS
    assert [remark.code for remark in batch.report.remarks] == ([] if step else ["undeclared_step"])


@pytest.mark.parametrize("stamp", ["start", "moment"])
def test_other_stamps_move_nothing(tmp_path: Path, stamp: str) -> None:
    batch = read(tmp_path, day(*QUARTERS), stamp=stamp, step=timedelta(minutes=15))
    assert batch.samples["time"].to_list() == [at + timedelta(minutes=15) for at in STARTS]


def test_a_period_after_a_gap_begins_one_step_before_its_end(tmp_path: Path) -> None:
    batch = read(tmp_path, day(*QUARTERS, "2026-03-01 08:00,5"), stamp="end")
    assert batch.samples["time"].to_list() == [*STARTS, datetime(2026, 3, 1, 7, 45, tzinfo=UTC)]


def test_a_day_that_ends_at_midnight_begins_at_the_one_before(tmp_path: Path) -> None:
    rows = ("2026-03-01 12:00,1", "2026-03-01 00:00,2")
    batch = read(tmp_path, day(*rows), stamp="end", step=timedelta(hours=12), midnight="ends_day")
    assert batch.samples["time"].to_list() == [datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 1, 12, tzinfo=UTC)]


def test_rows_without_a_clock_that_are_stamped_at_the_end_begin_one_step_earlier(tmp_path: Path) -> None:
    batch = read(
        tmp_path, day("1", "2", header="feed"), time_column="", time_format="", stamp="end",
        start=datetime(2026, 3, 1, 0, 15), step=timedelta(minutes=15),
    )  # fmt: skip
    assert batch.samples["time"].to_list() == STARTS[:2]


@pytest.mark.parametrize("rows", [QUARTERS[:1], ("2026-03-01 00:15,1", "2026-03-01 00:30,2", "2026-03-01 02:45,3")])
def test_periods_of_which_nobody_knows_the_length_are_refused(tmp_path: Path, rows: tuple[str, ...]) -> None:
    fault = fault_of(tmp_path, day(*rows), stamp="end")
    assert (fault.code, fault.path) == ("missing_step", "step")


def test_the_sum_over_a_day_is_the_same_whichever_way_its_periods_are_stamped(tmp_path: Path) -> None:
    start = datetime(2026, 3, 1)
    ends = [f"{start + timedelta(minutes=15 * (k + 1)):%Y-%m-%d %H:%M},{k}" for k in range(96)]
    begins = [f"{start + timedelta(minutes=15 * k):%Y-%m-%d %H:%M},{k}" for k in range(96)]
    one, other = read(tmp_path, day(*ends), stamp="end"), read(tmp_path, day(*begins), stamp="start")
    assert one.samples.equals(other.samples)


def test_a_repeated_time_is_remarked_on(tmp_path: Path) -> None:
    remark = remark_of(read(tmp_path, day("2026-03-01 00:00,1", "2026-03-01 00:00,2")), "time_repeated")
    assert remark.line == 3 and "later row counts" in remark.way_out


SERIALS = day("46082,1", "46082.0104166667,2", "46082.0208333333,3")


def test_days_as_a_spreadsheet_counts_them_are_recognised_and_read_where_declared(tmp_path: Path) -> None:
    fault = fault_of(tmp_path, SERIALS)
    assert (fault.code, fault.line) == ("wrong_time_format", 2)
    assert '"spreadsheet" reads 2026-03-01 00:00' in fault.way_out
    batch = read(tmp_path, SERIALS, time_format="spreadsheet")
    assert batch.samples["time"].to_list() == [datetime(2026, 3, 1, 0, 15 * k, tzinfo=UTC) for k in range(3)]
    mac = read(tmp_path, SERIALS, time_format="spreadsheet_1904")
    assert mac.samples["time"][0] == datetime(2030, 3, 2, tzinfo=UTC)


# headers


def test_a_unit_in_the_header_is_checked_against_that_of_the_tag(tmp_path: Path) -> None:
    rows = ("2026-03-01 00:00,1,2", "2026-03-01 00:15,3,4")
    right = read(tmp_path, day(*rows, header="time,feed [t/h],water (m³/h)"), FEED, WATER)
    assert right.samples["value"].to_list() == [1.0, 3.0, 2.0, 4.0]
    faults = faults_of(tmp_path, day(*rows, header="time,feed [kg/h],water（t/h）"), FEED, WATER)
    assert [(fault.code, fault.line, fault.path, fault.found) for fault in faults] == [
        ("other_unit", 1, "feed", 'the unit "kg/h" in the file'), ("other_unit", 1, "water", 'the unit "t/h" in the file'),
    ]  # fmt: skip


def test_a_bracket_that_holds_no_unit_is_part_of_the_name(tmp_path: Path) -> None:
    text = day("2026-03-01 00:00,1", header="time,feed (north)")
    assert read(tmp_path, text, TagAddress(1, "feed", "feed (north)", "t/h")).samples.height == 1


def test_two_columns_of_one_name_and_two_units_are_doubled(tmp_path: Path) -> None:
    fault = fault_of(tmp_path, day("2026-03-01 00:00,1,2", header="time,feed [t/h],feed [kg/h]"))
    assert (fault.code, fault.found) == ("duplicate_column", '2 columns "feed [t/h]", "feed [kg/h]"')


def test_a_row_of_units_is_checked_where_declared_and_recognised_where_not(tmp_path: Path) -> None:
    text = day("h,t/h", "2026-03-01 00:00,1", "2026-03-01 00:15,2")
    assert read(tmp_path, text, unit_row=True).samples["value"].to_list() == [1.0, 2.0]
    wrong = fault_of(tmp_path, text.replace("h,t/h", "h,kg/h"), unit_row=True)
    assert (wrong.code, wrong.path) == ("other_unit", "feed")
    undeclared = read(tmp_path, text)
    remark = remark_of(undeclared, "unit_row")
    assert remark.line == 2 and "unit_row: true" in remark.way_out
    assert undeclared.rejected["line"].to_list() == [2] and undeclared.samples.height == 2


def test_a_header_of_two_rows_is_joined_where_declared_and_recognised_where_not(tmp_path: Path) -> None:
    text = day(",line 1,line 2", "2026-03-01 00:00,1,2", "2026-03-01 00:15,3,4", header="time,feed,feed")
    tags = (TagAddress(1, "one", "feed line 1"), TagAddress(2, "two", "feed line 2"))
    assert read(tmp_path, text, *tags, header=2).samples["value"].to_list() == [1.0, 3.0, 2.0, 4.0]
    single = day("a,line 1", "2026-03-01 00:00,1", "2026-03-01 00:15,2")
    remark = remark_of(read(tmp_path, single), "header_row")
    assert remark.line == 2 and "header: 2" in remark.way_out


# no header, no clock


BARE = "1.0 2.0e1  -3\n 1.5 2.5e1 -3.5\n"
NUMBERED = (TagAddress(1, "a", "1"), TagAddress(2, "b", "2"), TagAddress(3, "c", "3"))
COUNTED = {
    "separator": " ",
    "time_column": "",
    "header": 0,
    "start": datetime(2026, 3, 1),
    "step": timedelta(minutes=3),
}


def test_white_space_without_header_and_clock_is_read_by_numbers_and_steps(tmp_path: Path) -> None:
    batch = read(tmp_path, BARE, *NUMBERED, **COUNTED, time_zone="Asia/Shanghai")
    assert batch.samples["value"].to_list() == [1.0, 1.5, 20.0, 25.0, -3.0, -3.5]
    assert batch.samples["time"].to_list()[:2] == [
        datetime(2026, 2, 28, 16, 0, tzinfo=UTC), datetime(2026, 2, 28, 16, 3, tzinfo=UTC),
    ]  # fmt: skip


def test_a_transposed_file_gives_the_same_samples_and_names_the_line_of_a_cell(tmp_path: Path) -> None:
    turned = "1.0 1.5\n2.0e1 2.5e1\n-3 -3.5\n"
    plain = read(tmp_path, BARE, *NUMBERED, **COUNTED)
    batch = read(tmp_path, turned, *NUMBERED, **COUNTED, transposed=True)
    assert batch.samples.equals(plain.samples)
    odd = read(tmp_path, turned.replace("2.5e1", "?"), *NUMBERED, **COUNTED, transposed=True)
    assert odd.rejected.select("line", "tag", "found").rows() == [(2, "b", "?")]


def test_a_file_without_header_has_as_many_columns_as_are_mapped_or_is_refused(tmp_path: Path) -> None:
    fault = fault_of(tmp_path, "1 2\n3 4\n5 6\n", *NUMBERED, **COUNTED)
    assert (fault.code, fault.found) == ("wrong_width", "2 columns")
    assert "It has 3 rows: declare transposed: true" in fault.way_out


def test_a_refused_row_takes_its_step_on_the_clock(tmp_path: Path) -> None:
    batch = read(tmp_path, "1 2 3\n1 2\n1 2 3\n", *NUMBERED, **COUNTED)
    assert batch.rejected["line"].to_list() == [2]
    assert batch.samples["time"].to_list()[:2] == [
        datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 1, 0, 6, tzinfo=UTC),
    ]  # fmt: skip


def test_a_packed_file_is_unpacked_and_a_broken_one_is_a_fault(tmp_path: Path) -> None:
    packed = gzip.compress(BARE.encode())
    assert read(tmp_path, packed, *NUMBERED, **COUNTED, name="run.dat.gz").samples.height == 6
    for broken in (packed[:-9], b"plain"):
        with pytest.raises(SourceError, match="broken_gzip"):
            read(tmp_path, broken, *NUMBERED, **COUNTED, name="run.dat.gz")


@pytest.mark.parametrize(
    "changes", [{"time_column": ""}, {"start": datetime(2026, 3, 1), "step": timedelta(minutes=1)}]
)
def test_a_table_has_one_clock(tmp_path: Path, changes: dict[str, object]) -> None:
    fault = fault_of(tmp_path, day("2026-03-01 00:00,1"), **changes)
    assert (fault.code, fault.path) == ("bad_dialect", "time_column")


def test_a_start_within_the_double_hour_is_a_fault(tmp_path: Path) -> None:
    changes = COUNTED | {"start": datetime(2026, 10, 25, 2, 30), "time_zone": BERLIN}
    fault = fault_of(tmp_path, BARE, *NUMBERED, **changes)
    assert (fault.code, fault.path) == ("bad_dialect", "start")


def test_texts_and_numbers_of_one_tag_have_the_schema_of_their_tables(tmp_path: Path) -> None:
    batch = read(tmp_path, day("2026-03-01 00:00,1"))
    assert batch.texts.schema == SAMPLES_TEXT.empty().schema and batch.repaired.schema == REPAIRED.empty().schema
    assert batch.samples["tag"].dtype == pl.Int32


# times that no sample can have


FAR = day("2026-03-01 00:00,1", "9999-12-31 00:00,2", "0001-01-01 00:00,3", "1899-12-31 00:00,4", "2026-03-01 00:15,5")


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "UTC", "America/New_York"])
def test_a_time_outside_the_believed_years_is_refused_with_its_reason_and_the_others_are_taken(
    tmp_path: Path, zone: str
) -> None:
    batch = read(tmp_path, FAR, time_zone=zone)
    assert batch.samples["value"].to_list() == [1.0, 5.0]
    assert batch.rejected["line"].to_list() == [3, 4, 5] and set(batch.rejected["reason"]) == {OUTSIDE}
    remark = remark_of(batch, "wrong_time")
    assert remark.line == 3 and "3 rows" in remark.found and "1900 to 2200" in remark.found


def test_a_far_time_with_an_offset_is_refused_as_well(tmp_path: Path) -> None:
    rows = ("2026-03-01T00:00:00+08:00,1", "9999-12-31T23:59:59-08:00,2", "0001-01-01T00:00:00+08:00,3")
    batch = read(tmp_path, day(*rows, "2026-03-01T00:15:00+08:00,4"), time_format="%Y-%m-%dT%H:%M:%S%z")
    assert batch.rejected["line"].to_list() == [3, 4] and batch.samples["value"].to_list() == [1.0, 4.0]


def test_a_far_time_does_not_hide_that_day_and_month_are_exchanged(tmp_path: Path) -> None:
    rows = (*hours(datetime(2026, 3, 5), 10 * 24, "%d/%m/%Y %H:%M"), "31/12/9999 00:00,9")
    fault = fault_of(tmp_path, day(*rows), time_format="%m/%d/%Y %H:%M")
    assert fault.code in ("ambiguous_date", "wrong_time_format") and '"%d/%m/%Y %H:%M"' in fault.way_out


def test_a_start_whose_steps_leave_the_believed_years_is_a_fault(tmp_path: Path) -> None:
    clock = COUNTED | {"start": datetime(2026, 3, 1), "step": timedelta(days=365 * 400)}
    assert fault_of(tmp_path, BARE, *NUMBERED, **clock).path == "start"


def test_years_of_two_digits_read_as_four_are_a_fault_that_proposes_the_short_year(tmp_path: Path) -> None:
    text = day("01.03.26 00:00,1", "01.03.26 00:15,2")
    fault = fault_of(tmp_path, text, time_format="%d.%m.%Y %H:%M")
    assert (fault.code, fault.line) == ("wrong_time_format", 2) and '"%d.%m.%y %H:%M" reads every time' in fault.way_out
    assert read(tmp_path, text, time_format="%d.%m.%y %H:%M").samples["time"][0] == datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cells", "proposed"),
    [
        (["2026-03-01T00:00:00", "2026-03-01T00:15:00"], "%Y-%m-%dT%H:%M:%S"),
        (["2026-03-01T00:00:00+08:00", "2026-03-01T00:15:00+08:00"], "%Y-%m-%dT%H:%M:%S%z"),
        (["2026-03-01T00:00:00Z", "2026-03-01T00:15:00Z"], "%Y-%m-%dT%H:%M:%S%#z"),
        (["2026-03-01T00:00:00.250Z", "2026-03-01T00:15:00.500Z"], "%Y-%m-%dT%H:%M:%S%.f%#z"),
        (["2026-03-01 00:00 +0800", "2026-03-01 00:15 +0800"], "%Y-%m-%d %H:%M%z"),
        (["13/03/2026 00:00:00", "13/03/2026 00:15:00"], "%d/%m/%Y %H:%M:%S"),
        (["3/13/2026 1:15 PM", "3/13/2026 1:30 PM"], "%m/%d/%Y %I:%M %p"),
        (["13-Mar-26 00:00", "13-Mar-26 00:15"], "%d-%b-%y %H:%M"),
    ],
)
def test_another_common_format_is_proposed_and_reads_the_file(tmp_path: Path, cells: list[str], proposed: str) -> None:
    text = day(*(f"{cell},1" for cell in cells))
    fault = fault_of(tmp_path, text)
    assert fault.code == "wrong_time_format" and fault.way_out.endswith(f'can be read as "{proposed}".')
    assert read(tmp_path, text, time_format=proposed).samples.height == 2


def test_both_orders_of_day_and_month_are_proposed_where_both_read(tmp_path: Path) -> None:
    way_out = fault_of(tmp_path, day("03/04/2026 00:00,1", "03/04/2026 00:15,2")).way_out
    assert '"%d/%m/%Y %H:%M" or as "%m/%d/%Y %H:%M"; which of them, only the source can say' in way_out


# units that the registry does not know


PRESSURE = TagAddress(1, "p", "P", "bar")
ONE = ("2026-03-01 00:00,1", "2026-03-01 00:15,2")


@pytest.mark.parametrize(
    ("stated", "declared"), [("mbar", "bar"), ("mg/L", "%"), ("line 2", "t/h"), ("ppmv", "ppm"), ("kg/(t x)", "kg/t")]
)
@pytest.mark.parametrize("row", [False, True])
def test_a_stated_unit_that_nobody_knows_is_remarked_on(tmp_path: Path, stated: str, declared: str, row: bool) -> None:
    text = day(f",{stated}", *ONE, header="time,P") if row else day(*ONE, header=f"time,P [{stated}]")
    batch = read(tmp_path, text, TagAddress(1, "p", "P", declared), unit_row=row)
    remark = remark_of(batch, "unread_unit")
    assert (remark.line, remark.path) == (1, "p") and batch.samples["value"].to_list() == [1.0, 2.0]
    assert remark.found == f"header says [{stated}], which is not known here"
    assert remark.way_out == f"Taken as {declared}: check it."


@pytest.mark.parametrize(
    ("stated", "declared"),
    [
        ("[％]", "%"), ("［t/h］", "t/h"), ("（t/h）", "t/h"), ("[wt%]", "%"), ("[vol.%]", "%"), ("[mol%]", "%"),
        ("[mass %]", "%"), ("[l/h]", "L/h"), ("[g/l]", "g/L"), ("[deg C]", "degC"), ("[°C]", "degC"), ("[℃]", "degC"),
        ("[t/hr]", "t/h"), ("[tph]", "t/h"), ("[TPD]", "t/d"), ("(吨/时)", "t/h"), ("（吨/小时）", "t/h"),
        ("[千瓦时]", "kWh"), ("[m³/h]", "m3/h"), ("[t/(h)]", "t/h"),
    ],
)  # fmt: skip
def test_a_common_spelling_of_the_declared_unit_is_the_declared_unit(
    tmp_path: Path, stated: str, declared: str
) -> None:
    batch = read(tmp_path, day(*ONE, header=f"time,P {stated}"), TagAddress(1, "p", "P", declared))
    assert batch.report.remarks == () and batch.samples.height == 2


@pytest.mark.parametrize(("stated", "declared"), [("吨/天", "t/h"), ("wt%", "1"), ("g/l", "%"), ("tph", "kg/h")])
def test_another_unit_in_a_common_spelling_is_a_fault(tmp_path: Path, stated: str, declared: str) -> None:
    tag = TagAddress(1, "p", "P", declared)
    assert fault_of(tmp_path, day(*ONE, header=f"time,P [{stated}]"), tag).code == "other_unit"


def test_a_dash_in_a_row_of_units_states_none(tmp_path: Path) -> None:
    assert read(tmp_path, day("-,-", *ONE, header="time,P"), PRESSURE, unit_row=True).report.remarks == ()


# marks between thousands


@pytest.mark.parametrize(
    ("cell", "decimal"),
    [("1.234,5", ","), ("1.234,5", "."), ("1,234.5", "."), ("1 234,5", ","), ("1'234.5", "."), ("1.234.567", ",")],
)
def test_a_column_with_thousands_marks_is_never_called_a_column_of_texts(
    tmp_path: Path, cell: str, decimal: str
) -> None:
    text = "\n".join(("time;feed", *(f"2026-03-01 00:{k:02d};{cell}" for k in range(3))))
    fault = fault_of(tmp_path, text, separator=";", decimal=decimal)
    assert (fault.code, fault.line) == ("thousands_mark", 2) and "Export without thousands mark" in fault.way_out
    mixed = text.replace("time;feed", "time;feed;water").replace(cell, f"{cell};1") + "\n2026-03-01 00:03;;2"
    fault = fault_of(tmp_path, mixed, FEED, WATER, separator=";", decimal=decimal)
    assert (fault.code, fault.path) == ("thousands_mark", "feed")


def test_few_numbers_with_thousands_marks_are_rejected_and_remarked_on(tmp_path: Path) -> None:
    text = "time;feed\n2026-03-01 00:00;950,5\n2026-03-01 00:15;990\n2026-03-01 00:30;1.020,5\n"
    batch = read(tmp_path, text, separator=";", decimal=",")
    assert batch.rejected["found"].to_list() == ["1.020,5"] and "thousands mark" in batch.rejected["reason"][0]
    assert remark_of(batch, "thousands_mark").line == 4


def test_three_digits_behind_the_other_mark_may_be_thousands_and_both_ways_out_are_named(tmp_path: Path) -> None:
    text = "time;feed\n2026-03-01 00:00;1,234\n2026-03-01 00:15;1,250\n"
    fault = fault_of(tmp_path, text, separator=";")
    assert fault.code == "thousands_mark" and 'declare decimal: ","' in fault.way_out


# lines and titles


def test_lines_that_end_with_a_carriage_return_alone_are_lines(tmp_path: Path) -> None:
    text = day("2026-03-01 00:00,1", "2026-03-01 00:15,x", "2026-03-01 00:30,3")
    batch = read(tmp_path, text.replace("\n", "\r"))
    assert batch.samples["value"].to_list() == [1.0, None, 3.0] and batch.rejected["line"].to_list() == [3]


@pytest.mark.parametrize("title", ["Daily report\n\n", "Daily report,\n\n", "Daily report,March,2026\n\n"])
def test_a_title_above_the_names_is_a_fault_that_says_where_they_stand(tmp_path: Path, title: str) -> None:
    fault = faults_of(tmp_path, title + day(*ONE, header="time,feed [t/h]"))[0]
    assert "line 3" in fault.found + fault.way_out and "without" in fault.way_out
