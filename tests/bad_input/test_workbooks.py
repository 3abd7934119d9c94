"""Excel files as plants hand them over: each is refused with its place and way out, and the stored month stays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from ferrolan.assembly import sources
from ferrolan.base.errors import SourceError
from ferrolan.enterprise.document import Enterprise
from ferrolan.enterprise.sources import ParquetSource
from ferrolan.taking import take

from .conftest import contents, ferrolan, write_mapping

HOURS = [datetime(2026, 3, 1, hour) for hour in range(4)]
COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


def page_of(book: openpyxl.Workbook) -> Worksheet:
    page = book.active
    page.title = "Assays"
    page.append(["time", "Fe", "P"])
    for number, hour in enumerate(HOURS):
        page.append([hour, 62.1 + number / 10, 0.011])
    return page


def sheet(change: Callable[[Worksheet], object]) -> Callable[[Path], None]:
    """Write a workbook after a change to its sheet."""

    def write(path: Path) -> None:
        book = openpyxl.Workbook()
        change(page_of(book))
        book.save(path)

    return write


def content(raw: bytes) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(raw) and None


def put(page: Worksheet, *cells: tuple[str, object]) -> None:
    for place, value in cells:
        page[place] = value


@dataclass(frozen=True)
class Bad:
    """One bad workbook: how it is made, what its message must hold, and what the mapping says beside."""

    id: str
    write: Callable[[Path], object]
    parts: tuple[str, ...]
    more: str = ""


BAD = [
    Bad("a value merged over rows", sheet(lambda p: p.merge_cells("B3:B4")), ("month.xlsx [Assays]:3  B3:B4", "merged over B3:B4", "merged: fill", "[merged_cells]")),
    Bad("a header merged over columns", sheet(lambda p: (p.insert_rows(1), put(p, ("B1", "feed")), p.merge_cells("B1:C1"))), ('a column "Fe"', "feed Fe", "[missing_column]"), "header: 2\n"),
    Bad("dates as text without a format", sheet(lambda p: put(p, *[(f"A{row}", f"0{row}.03.2026") for row in range(2, 6)])), ("[Assays]:2  time", '"02.03.2026"', "[wrong_time_format]")),
    Bad("dates as numbers", sheet(lambda p: (p.delete_cols(1), p.insert_cols(1), put(p, ("A1", "time"), *[(f"A{row}", 46082 + row / 24) for row in range(2, 6)]))), ("days as a spreadsheet counts them", '"spreadsheet"', "[wrong_time_format]")),
    Bad("numbers as text with a decimal comma", sheet(lambda p: put(p, *[(f"{c}{row}", "62,1") for row in range(2, 6) for c in "BC"])), ('"62,1"', 'Declare the decimal mark ","', "[wrong_decimal]")),
    Bad("a percent format where the tag counts in ppm", sheet(lambda p: [setattr(p[f"C{row}"], "number_format", "0.0%") for row in range(2, 6)]), ('the unit "%" in the file', 'the unit "ppm"', "[other_unit]")),
    Bad("a unit in the header that is not the tag's", sheet(lambda p: put(p, ("B1", "Fe [kg/t]"))), ('the unit "kg/t" in the file', 'the unit "%"', "[other_unit]")),
    Bad("two columns of one name", sheet(lambda p: put(p, ("D1", "Fe"), ("D2", 1.0))), ('2 columns "Fe"', "Rename", "[duplicate_column]")),
    Bad("formulas that nobody calculated", sheet(lambda p: put(p, ("B3", "=B2+1"), ("B4", "=B3+1"))), ("[Assays]:3  B3", "2 formulas without a value", "let it calculate", "[uncalculated_formula]")),
    Bad("a column of error cells", sheet(lambda p: put(p, *[(f"B{row}", "#REF!") for row in range(2, 6)])), ('no number but "#REF!"', "bad_texts", "[text_column]")),
    Bad("a sheet with another name", sheet(lambda p: None), ("Did you mean 'Assays'?", "[missing_sheet]"), "sheet: {name: Asays}\n"),
    Bad("several sheets and none declared", sheet(lambda p: p.parent.create_sheet("Notes")), ('"Assays", "Notes"', "[which_sheet]")),
    Bad("an empty sheet", sheet(lambda p: p.delete_rows(1, 9)), ("[empty_file]",)),
    Bad("a header without rows", sheet(lambda p: p.delete_rows(2, 9)), ("[no_rows]",)),
    Bad("a CSV file with the name of a workbook", content(b"time;Fe;P\n2026-03-01 00:00;62,1;0,01\n"), ('"time;Fe;P"', "[not_a_workbook]")),
    Bad("a workbook of Excel 97", content(COMPOUND + "Workbook".encode("utf-16-le")), ("Excel 97", ".xlsx", "[old_workbook]")),
    Bad("a workbook with a password", content(COMPOUND + "EncryptedPackage".encode("utf-16-le")), ("password", "[protected_workbook]")),
    Bad("a workbook that was cut off", content(b"PK\x03\x04" + bytes(900)), ("damaged", "[damaged_workbook]")),
    Bad("an empty file", content(b""), ("[empty_file]",)),
]  # fmt: skip


def name(case: Bad) -> str:
    return case.id


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """A folder of runs that holds a good month already."""
    sheet(lambda _: None)(tmp_path / "month.xlsx")
    take(write_mapping(tmp_path, "month.xlsx"), tmp_path / "runs")
    return tmp_path / "runs"


def break_month(folder: Path, case: Bad) -> Path:
    (folder / "month.xlsx").unlink()
    case.write(folder / "month.xlsx")
    mapping = write_mapping(folder, "month.xlsx", case.more)
    if "ppm" in case.id:
        mapping.write_text(mapping.read_text().replace('P: {unit: "%"', 'P: {unit: "ppm"'))
    return mapping


@pytest.mark.parametrize("case", BAD, ids=name)
def test_a_bad_workbook_is_refused_and_the_stored_month_stays(tmp_path: Path, stored: Path, case: Bad) -> None:
    before = contents(stored)
    with pytest.raises(SourceError) as refused:
        take(break_month(tmp_path, case), stored)
    assert [part for part in case.parts if part not in str(refused.value)] == [], str(refused.value)
    assert contents(stored) == before


@pytest.mark.parametrize("case", BAD, ids=name)
def test_the_command_line_says_so_and_exits_4(tmp_path: Path, stored: Path, case: Bad) -> None:
    before = contents(stored)
    ended = ferrolan("ingest", break_month(tmp_path, case), "--out", stored, cwd=tmp_path)
    assert ended.code == 4
    assert [part for part in case.parts if part not in ended.said] == [], ended.said
    assert contents(stored) == before


def test_hidden_rows_error_cells_and_empty_rows_do_not_stop_a_month(tmp_path: Path) -> None:
    def change(page: Worksheet) -> None:
        page.row_dimensions[3].hidden = True
        put(page, ("B4", "#N/A"), ("B5", "#DIV/0!"))
        page.cell(1_048_576, 3).number_format = "0.00"

    sheet(change)(tmp_path / "month.xlsx")
    taken = take(write_mapping(tmp_path, "month.xlsx", 'bad_texts: ["#N/A"]\n'), tmp_path / "runs")
    assert taken.tables["rejected"].select("line", "found").rows() == [(5, "#DIV/0!")]
    assert "hidden_rows" in taken.tables["remarks"]["code"].to_list()
    assert taken.samples == 8


def test_the_same_month_as_text_and_as_parquet_gives_the_same_samples(
    document: Enterprise, month: Mapping[str, Path], tmp_path: Path
) -> None:
    declared, file = document.sources["plant_historian"], month["plant_historian"]
    texts = pl.read_csv(file, separator=";", infer_schema=False, encoding="utf8-lossy")
    texts.rename({texts.columns[0]: "Timestamp"}).write_parquet(tmp_path / "month.parquet")
    keys = {key: getattr(declared, key) for key in ("time_column", "time_format", "decimal", "bad_texts")}
    typed = ParquetSource.model_validate({"kind": "parquet", "path": "month.parquet", **keys})
    batches = []
    for source, path in ((declared, file), (typed, tmp_path / "month.parquet")):
        alone = document.model_copy(update={"sources": {"plant_historian": source}})
        ((_, batch),) = sources.batches(alone, {"plant_historian": path})
        batches.append(batch.samples)
    assert batches[0].height > 100_000 and batches[0].equals(batches[1])
