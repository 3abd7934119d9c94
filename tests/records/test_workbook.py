"""A workbook holds every table with its units; equal tables are equal bytes; no text becomes a formula."""

from __future__ import annotations

import io
import zipfile

import openpyxl
import polars as pl
import pytest

from ferrolan.base.tables import GRADE, METER_MONEY
from ferrolan.records import workbook as module
from ferrolan.records.workbook import workbook

GROUND = GRADE.check(pl.DataFrame([("C", "suspect", "C", 1, ["WT-214", "=1+1"])], schema=GRADE.schema, orient="row"))


def opened(content: bytes) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(content))


def test_a_table_stands_on_a_sheet_of_its_own_with_its_rows() -> None:
    book = opened(workbook({"grade": GROUND}, {"plant": "Ore to both"}))
    assert book.sheetnames == ["about", "grade"]
    rows = list(book["grade"].iter_rows(values_only=True))
    assert rows[0] == ("grade", "ground", "at_best", "count", "of")
    assert rows[2] == ("C", "suspect", "C", 1, "WT-214;=1+1")
    assert ("plant", "Ore to both") in [row[:2] for row in book["about"].iter_rows(values_only=True)]


def test_units_stand_under_the_headers_in_the_currency_of_the_document() -> None:
    sheet = opened(workbook({"meter_money": METER_MONEY.empty()}, {}, currency="CNY"))["meter_money"]
    heads, units = list(sheet.iter_rows(min_row=1, max_row=2, values_only=True))
    assert dict(zip(heads, units, strict=True))["gain_sd"] == "CNY/a"


def test_a_text_that_begins_like_a_formula_stays_a_text() -> None:
    sheet = opened(workbook({"raw": pl.DataFrame({"found": ["=HYPERLINK(1)"]})}, {}))["raw"]
    assert sheet["A3"].value == "=HYPERLINK(1)"
    assert sheet["A3"].data_type == "s"


def test_what_is_not_finite_is_empty() -> None:
    sheet = opened(workbook({"raw": pl.DataFrame({"z": [float("nan"), 2.5]})}, {}))["raw"]
    assert [sheet["A3"].value, sheet["A4"].value] == [None, 2.5]


def test_no_clock_goes_in() -> None:
    with zipfile.ZipFile(io.BytesIO(workbook({"grade": GROUND}, {}))) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b"modified" not in archive.read("docProps/core.xml")
    assert workbook({"grade": GROUND}, {}) == workbook({"grade": GROUND}, {})


def test_a_table_longer_than_a_sheet_is_refused_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_ROWS", 1)
    with pytest.raises(ValueError, match=r"2 rows.*csv or parquet"):
        workbook({"raw": pl.DataFrame({"z": [1.0, 2.0]})}, {})
