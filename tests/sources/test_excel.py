"""Sheets of workbooks: what is read, what is refused, and that nothing is guessed."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.worksheet.worksheet import Worksheet

from ferrolan.base.errors import Fault, SourceError
from ferrolan.base.status import StatusCode
from ferrolan.sources.dialect import Dialect
from ferrolan.sources.excel import ExcelSource, Sheet, read_excel, read_sheet
from ferrolan.sources.source import Batch, TagAddress
from ferrolan.sources.timeline import OUTSIDE

FE, P = TagAddress(1, "LAB-Fe", "Fe", "%"), TagAddress(2, "LAB-P", "P", "%")
HOURS = [datetime(2026, 3, 1, hour) for hour in range(4)]
DIALECT = Dialect(time_column="time", time_zone="Asia/Shanghai")
TEXT_TIMES = Dialect(time_column="time", time_format="%d.%m.%Y %H:%M", time_zone="UTC")


@pytest.fixture
def workbook(tmp_path: Path) -> Callable[..., Path]:
    """Make ``month.xlsx`` of rows, and change it by hand before it is saved."""

    def make(rows: list[list[Any]], change: Callable[[Worksheet], None] = lambda _: None, *, mac: bool = False) -> Path:
        book = openpyxl.Workbook()
        if mac:
            book.epoch = CALENDAR_MAC_1904
        page = book.active
        page.title = "Assays"
        for row in rows:
            page.append(row)
        change(page)
        book.save(tmp_path / "month.xlsx")
        return tmp_path / "month.xlsx"

    return make


def read(path: Path, dialect: Dialect = DIALECT, sheet: Sheet | None = None, tags=(FE, P)) -> Batch:
    return read_excel(path, dialect, tags, 0, "laboratory", sheet=sheet)


def values(batch: Batch, tag: int = 1) -> list[float | None]:
    return batch.samples.filter(batch.samples["tag"] == tag)["value"].to_list()


def fault_of(path: Path, *arguments: Any, **options: Any) -> Fault:
    with pytest.raises(SourceError) as caught:
        read(path, *arguments, **options)
    assert len(caught.value.faults) == 1
    return caught.value.faults[0]


def table(*columns: list[Any], header: tuple[str, ...] = ("time", "Fe", "P")) -> list[list[Any]]:
    return [list(header), *[list(row) for row in zip(HOURS, *columns, strict=False)]]


PLAIN = table([62.1, 62.2, 62.3, 62.4], [0.011, 0.012, 0.013, 0.014])


def test_a_sheet_of_real_dates_and_numbers_is_read_to_the_last_bit(workbook) -> None:
    batch = read(workbook(PLAIN))
    assert values(batch) == [62.1, 62.2, 62.3, 62.4] and values(batch, 2) == [0.011, 0.012, 0.013, 0.014]
    assert batch.samples["time"][0] == datetime(2026, 2, 28, 16, tzinfo=UTC)
    assert batch.rejected.is_empty() and batch.report.rows == 4


@pytest.mark.parametrize("mac", [False, True], ids=["1900", "1904"])
def test_dates_are_the_same_in_both_date_systems(workbook, mac: bool) -> None:
    quarters = [[datetime(2026, 3, 1) + k * timedelta(minutes=15), 1.0, 1.0] for k in range(96)]
    batch = read(workbook([["time", "Fe", "P"], *quarters], mac=mac), Dialect(time_column="time", time_zone="UTC"))
    found = batch.samples.filter(batch.samples["tag"] == 1)["time"].to_list()
    assert found == [row[0].replace(tzinfo=UTC) for row in quarters]


def test_the_same_file_gives_the_same_batch_twice(workbook) -> None:
    path = workbook(PLAIN)
    one, other = read(path), read(path)
    assert one.samples.equals(other.samples) and one.content_hash == other.content_hash


def test_a_name_merged_over_its_columns_names_each_of_them_with_the_second_row(workbook) -> None:
    rows = [["time", "feed", None], [None, "Fe", "P"], *PLAIN[1:]]

    def merge(page: Worksheet) -> None:
        page.merge_cells("B1:C1")
        page.merge_cells("A1:A2")

    tags = (TagAddress(1, "A", "feed Fe"), TagAddress(2, "B", "feed P"))
    batch = read(workbook(rows, merge), Dialect(time_column="time", header=2), tags=tags)
    assert values(batch) == [62.1, 62.2, 62.3, 62.4] and values(batch, 2)[0] == 0.011


def test_a_row_of_units_is_checked_against_the_tags(workbook) -> None:
    rows = [PLAIN[0], [None, "%", "ppm"], *PLAIN[1:]]
    fault = fault_of(workbook(rows), Dialect(time_column="time", unit_row=True))
    assert (fault.code, fault.path) == ("other_unit", "LAB-P") and '"ppm"' in fault.found and '"%"' in fault.expected


def test_a_unit_in_the_header_is_checked_against_the_tag(workbook) -> None:
    path = workbook(table([1.0] * 4, [1.0] * 4, header=("time", "Fe [%]", "P [kg/t]")))
    fault = fault_of(path)
    assert fault.code == "other_unit" and "[kg/t]" not in fault.path and "kg/t" in fault.found


def test_a_value_merged_over_rows_is_refused_with_its_place(workbook) -> None:
    fault = fault_of(workbook(PLAIN, lambda page: page.merge_cells("B3:B4")))
    assert (fault.code, fault.line, fault.path) == ("merged_cells", 3, "B3:B4")
    assert '"62.2" merged over B3:B4' in fault.found and "merged: fill" in fault.way_out
    assert fault.file.endswith("month.xlsx [Assays]")


def test_a_value_merged_over_rows_is_filled_where_that_is_declared(workbook) -> None:
    batch = read(workbook(PLAIN, lambda page: page.merge_cells("B3:B4")), sheet=Sheet(merged="fill"))
    assert values(batch) == [62.1, 62.2, 62.2, 62.4]


@pytest.mark.parametrize(
    ("decimal", "cells"), [(".", ["62.1", "62.2", 62.3, "62.4"]), (",", ["62,1", "62,2", 62.3, 62.4])]
)
def test_numbers_as_text_are_read_with_the_declared_mark(workbook, decimal: str, cells: list[Any]) -> None:
    batch = read(workbook(table(cells, [1] * 4)), Dialect(time_column="time", decimal=decimal))
    assert values(batch) == [62.1, 62.2, 62.3, 62.4]


def test_numbers_as_text_with_another_mark_are_refused(workbook) -> None:
    fault = fault_of(workbook(table(["62,1", "62,2", "62,3", "62,4"], [1] * 4)))
    assert fault.code == "wrong_decimal" and fault.line == 2


def test_dates_as_text_are_read_with_the_declared_format(workbook) -> None:
    rows = [["time", "Fe", "P"], *[[f"0{day}.03.2026 06:00", 60.0 + day, 0.1] for day in range(1, 5)]]
    batch = read(workbook(rows), TEXT_TIMES)
    assert batch.samples["time"][3] == datetime(2026, 3, 4, 6, tzinfo=UTC)


def test_dates_as_text_without_a_format_are_refused_with_their_row(workbook) -> None:
    rows = [["time", "Fe", "P"], *[[f"0{day}.03.2026 06:00", 60.0 + day, 0.1] for day in range(1, 5)]]
    fault = fault_of(workbook(rows))
    assert (fault.code, fault.line) == ("wrong_time_format", 2) and "01.03.2026 06:00" in fault.found


def test_one_date_as_text_among_real_ones_is_rejected_with_its_row(workbook) -> None:
    batch = read(workbook([*PLAIN[:3], ["1 March, 2 a.m.", 62.3, 0.1], PLAIN[4]]))
    assert batch.rejected.select("line", "found").rows() == [(4, "1 March, 2 a.m.")]
    assert len(values(batch)) == 3


def test_serial_numbers_as_times_name_the_format_to_declare(workbook) -> None:
    rows = [["time", "Fe", "P"], *[[46082.0 + hour / 24, 62.0, 0.1] for hour in range(4)]]
    fault = fault_of(workbook(rows))
    assert fault.code == "wrong_time_format" and '"spreadsheet"' in fault.way_out
    batch = read(workbook(rows), Dialect(time_column="time", time_format="spreadsheet"))
    assert batch.samples["time"][:4].to_list() == [hour.replace(tzinfo=UTC) for hour in HOURS]


@pytest.mark.parametrize("odd", [datetime(1900, 3, 2), date(2026, 3, 4), time(4, 3)])
def test_a_number_that_became_a_date_is_rejected(workbook, odd: object) -> None:
    batch = read(workbook(table([62.1, odd, 62.3, 62.4], [1] * 4)))
    assert batch.rejected.select("line", "tag").rows() == [(3, "LAB-Fe")]
    assert values(batch) == [62.1, None, 62.3, 62.4]


@pytest.mark.parametrize("error", ["#N/A", "#DIV/0!", "#REF!"])
def test_an_error_of_a_cell_is_rejected_or_a_declared_bad_text(workbook, error: str) -> None:
    path = workbook(table([62.1, error, 62.3, 62.4], [1] * 4))
    assert read(path).rejected.select("line", "found").rows() == [(3, error)]
    declared = read(path, Dialect(time_column="time", bad_texts=(error,)))
    assert declared.rejected.is_empty() and values(declared) == [62.1, None, 62.3, 62.4]
    assert int(StatusCode.GOOD) not in declared.samples.filter(declared.samples["value"].is_null())["status"]


def test_formulas_that_nobody_calculated_are_refused_with_the_first_place(workbook) -> None:
    fault = fault_of(workbook(table([62.1, "=B2+1", "=B3+1", 62.4], [1] * 4)))
    assert (fault.code, fault.line, fault.path) == ("uncalculated_formula", 3, "B3")
    assert "2 formulas without a value" in fault.found and "calculate" in fault.way_out


def test_a_formula_counts_with_the_value_saved_with_it(workbook) -> None:
    path = workbook(table([62.1, "=B2+1", 62.3, 62.4], [1] * 4))
    _replace_part(path, "xl/worksheets/sheet1.xml", b"<f>B2+1</f><v />", b"<f>B2+1</f><v>63.1</v>")
    assert values(read(path)) == [62.1, 63.1, 62.3, 62.4]


def test_a_percent_format_is_read_as_it_is_shown(workbook) -> None:
    def shown(page: Worksheet) -> None:
        for row in range(2, 6):
            page.cell(row, 2).number_format = "0.0%"

    path = workbook(table([0.621, 0.622, 0.623, 0.07], [1] * 4), shown)
    assert values(read(path)) == [62.1, 62.2, 62.3, 7.0]
    fault = fault_of(path, tags=(TagAddress(1, "LAB-Fe", "Fe", "1"),))
    assert fault.code == "other_unit" and 'the unit "%" in the file' in fault.found


def test_a_percent_sign_that_is_only_text_multiplies_nothing(workbook) -> None:
    def shown(page: Worksheet) -> None:
        for row in range(2, 6):
            page.cell(row, 2).number_format = '0.0" %"'

    assert values(read(workbook(PLAIN, shown))) == [62.1, 62.2, 62.3, 62.4]


def test_a_percentage_among_plain_numbers_is_rejected_and_the_other_way_round(workbook) -> None:
    def one(page: Worksheet) -> None:
        page.cell(3, 2).number_format = "0.0%"

    def three(page: Worksheet) -> None:
        for row in (2, 4, 5):
            page.cell(row, 2).number_format = "0.0%"

    cells = [62.1, 0.622, 62.3, 62.4]
    batch = read(workbook(table(cells, [1] * 4), one))
    assert batch.rejected.select("line", "found").rows() == [(3, "62.2 %")] and values(batch)[1] is None
    batch = read(workbook(table([0.621, 62.2, 0.623, 0.624], [1] * 4), three))
    assert batch.rejected.select("line", "found").rows() == [(3, "62.2 without %")]


def test_hidden_rows_are_taken_with_a_remark_or_left_out_with_a_reason(workbook) -> None:
    def hide(page: Worksheet) -> None:
        page.row_dimensions[3].hidden = True

    path = workbook(PLAIN, hide)
    taken = read(path)
    assert len(values(taken)) == 4
    assert [(remark.code, remark.line) for remark in taken.report.remarks] == [("hidden_rows", 3)]
    left = read(path, sheet=Sheet(hidden_rows="leave"))
    assert values(left) == [62.1, 62.3, 62.4]
    assert left.rejected.select("line", "reason").rows() == [(3, "a hidden row, left out as declared")]


def test_rows_that_are_only_formatted_are_no_rows(workbook) -> None:
    def format_all(page: Worksheet) -> None:
        page.cell(1_048_576, 16_384).number_format = "0.00"
        page.cell(9, 2).value = "  "

    batch = read(workbook(PLAIN, format_all))
    assert batch.report.rows == 4 and batch.rejected.is_empty()


def test_blank_rows_between_keep_the_numbers_of_the_sheet(workbook) -> None:
    rows = [PLAIN[0], PLAIN[1], [None], [None], [HOURS[1], "x41", 0.1], PLAIN[3], PLAIN[4]]
    assert read(workbook(rows)).rejected["line"].to_list() == [5]


def test_a_title_above_the_header_is_left_out_where_that_is_declared(workbook) -> None:
    path = workbook([["Assays of March"], [None], *PLAIN], lambda page: page.merge_cells("A1:C1"))
    assert values(read(path, sheet=Sheet(first_row=3))) == [62.1, 62.2, 62.3, 62.4]


def test_columns_of_one_name_are_refused(workbook) -> None:
    path = workbook(table([1] * 4, [2] * 4, [3] * 4, header=("time", "Fe", "P", "Fe")))
    fault = fault_of(path)
    assert fault.code == "duplicate_column" and '2 columns "Fe"' in fault.found


def test_a_wrong_name_of_a_sheet_is_refused_with_the_nearest(workbook) -> None:
    fault = fault_of(workbook(PLAIN), sheet=Sheet("Asays"))
    assert fault.code == "missing_sheet" and "Did you mean 'Assays'?" in fault.way_out


def test_of_several_sheets_one_must_be_named(workbook) -> None:
    path = workbook(PLAIN, lambda page: page.parent.create_sheet("Notes"))
    fault = fault_of(path)
    assert fault.code == "which_sheet" and '"Assays", "Notes"' in fault.found
    assert values(read(path, sheet=Sheet("Assays"))) == [62.1, 62.2, 62.3, 62.4]
    assert fault_of(path, sheet=Sheet("Notes")).code == "empty_file"


def test_a_text_with_the_name_of_a_workbook_is_refused(tmp_path: Path) -> None:
    (tmp_path / "month.xlsx").write_text("time;Fe;P\n2026-03-01;62,1;0,01\n")
    fault = fault_of(tmp_path / "month.xlsx")
    assert fault.code == "not_a_workbook" and '"time;Fe;P"' in fault.found


COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (COMPOUND + "Workbook".encode("utf-16-le"), "old_workbook"),
        (COMPOUND + "EncryptedPackage".encode("utf-16-le"), "protected_workbook"),
        (b"", "empty_file"),
        (b"\xff\xfe\x00", "not_a_workbook"),
        (b"\n\n\n", "not_a_workbook"),
    ],
)
def test_another_kind_of_file_is_named(tmp_path: Path, content: bytes, code: str) -> None:
    (tmp_path / "month.xlsx").write_bytes(content)
    assert fault_of(tmp_path / "month.xlsx").code == code


@pytest.mark.parametrize(
    ("part", "found"), [("xl/workbook.bin", ".xlsb"), ("mimetype", "OpenDocument"), ("a.txt", "damaged")]
)
def test_another_kind_of_archive_is_named(tmp_path: Path, part: str, found: str) -> None:
    with zipfile.ZipFile(tmp_path / "month.xlsx", "w") as archive:
        archive.writestr(part, b"x")
    assert found in fault_of(tmp_path / "month.xlsx").found


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    assert fault_of(tmp_path / "gone.xlsx").code == "missing_file"
    assert fault_of(tmp_path).code == "missing_file"


def whole_workbook() -> dict[str, bytes]:
    """Parts of a workbook with the table ``PLAIN``."""
    book, content = openpyxl.Workbook(), io.BytesIO()
    for row in PLAIN:
        book.active.append(row)
    book.save(content)
    with zipfile.ZipFile(content) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(zipfile.ZipInfo(name), part)
    return content.getvalue()


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(draw=st.randoms(use_true_random=False), inside=st.booleans())
def test_a_damaged_workbook_is_refused_or_read_never_a_surprise(
    tmp_path: Path, draw: random.Random, inside: bool
) -> None:
    parts = whole_workbook()
    if inside:
        name = draw.choice(sorted(parts))
        parts[name] = with_changed_bytes(parts[name], draw, b'<>/"&=0A\x00\xff')
    content = packed(parts)
    if not inside:
        content = with_changed_bytes(content, draw, bytes(range(256)))[: draw.randint(1, len(content))]
    path = tmp_path / "month.xlsx"
    path.write_bytes(content)
    try:
        batch, refused = read(path), None
    except SourceError as error:
        batch, refused = None, error.faults[0]
    assert refused is None or refused.file.startswith(str(path))
    assert batch is None or batch.samples.height <= 2 * batch.report.rows


def with_changed_bytes(content: bytes, draw: random.Random, marks: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(draw.randint(1, 6)):
        changed[draw.randrange(len(changed))] = draw.choice(marks)
    return bytes(changed)


def test_discover_lists_the_columns(workbook) -> None:
    source = ExcelSource(workbook(PLAIN), Sheet(), DIALECT, 0, "laboratory")
    assert [(found.address, found.rows) for found in source.discover().addresses] == [("Fe", 4), ("P", 4)]
    assert values(source.read([FE])) == [62.1, 62.2, 62.3, 62.4]


def _replace_part(path: Path, part: str, old: bytes, new: bytes) -> None:
    """Change one part of the archive that a workbook is."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert parts[part].count(old) == 1, parts[part]
    path.write_bytes(packed({**parts, part: parts[part].replace(old, new)}))


def test_a_workbook_that_is_too_large_when_unpacked_is_refused_with_its_size(
    workbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = workbook(PLAIN)
    monkeypatch.setattr("ferrolan.sources.source.LARGEST", 5000 + path.stat().st_size)
    with pytest.raises(SourceError, match="bytes when read") as caught:
        read_sheet(path, Dialect(time_column="time"))
    assert caught.value.faults[0].code == "too_large"


def test_the_table_of_a_sheet_keeps_the_order_of_its_columns(workbook) -> None:
    grid, content_hash = read_sheet(
        workbook([["time", "b", "a"], [datetime(2026, 3, 1), 1, 2]]), Dialect(time_column="time")
    )
    assert grid.header == ("time", "b", "a") and len(content_hash) == 64


def test_a_date_no_sample_can_have_is_refused_also_at_the_end_of_all_time(workbook: Callable[..., Path]) -> None:
    rows = [
        ["time", "Fe", "P"],
        [HOURS[0], 62.1, 1],
        [datetime(9999, 12, 31, 23, 59, 59), 62.2, 2],
        [HOURS[1], 62.3, 3],
    ]
    batch = read(workbook(rows))
    assert batch.rejected.select("line", "reason").rows() == [(3, OUTSIDE)] and values(batch) == [62.1, 62.3]
    assert "wrong_time" in [remark.code for remark in batch.report.remarks]


def test_a_number_among_dates_is_refused_with_the_format_that_reads_both(workbook: Callable[..., Path]) -> None:
    path = workbook([["time", "Fe", "P"], [HOURS[0], 62.1, 1], [46082.0416666667, 62.2, 2], [HOURS[2], 62.3, 3]])
    batch = read(path)
    assert batch.rejected["line"].to_list() == [3] and "time_format: spreadsheet" in batch.rejected["reason"][0]
    both = read(path, Dialect(time_column="time", time_zone="Asia/Shanghai", time_format="spreadsheet"))
    assert values(both) == [62.1, 62.2, 62.3] and both.rejected.is_empty()


def test_a_title_above_the_names_is_a_fault_that_names_the_first_row(workbook: Callable[..., Path]) -> None:
    path = workbook([["Report of March"], [], ["time", "Fe [%]", "P"], [HOURS[0], 62.1, 1]])
    with pytest.raises(SourceError) as caught:
        read(path)
    assert all("sheet: {first_row: 3}" in fault.way_out for fault in caught.value.faults)
    assert values(read(path, sheet=Sheet(first_row=3))) == [62.1]


@pytest.mark.parametrize("name", ["Fe [wt%]", "Fe [％]", "Fe (lab)"])
def test_a_percent_format_counts_under_every_spelling_of_percent(workbook: Callable[..., Path], name: str) -> None:
    def percent(page: Worksheet) -> None:
        page["B2"].number_format = "0.0%"

    assert values(read(workbook([["time", name, "P"], [HOURS[0], 0.125, 1]], percent))) == [12.5]
