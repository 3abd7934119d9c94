"""The account's page: its numbers resolve, its two accounts stand in columns of their own; the files say the same."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import polars as pl
import pytest

from ferrolan.base.errors import ProblemError
from ferrolan.briefs.account import render_account, write_account
from ferrolan.briefs.write import render
from ferrolan.views.tables import open_book
from tests.views.accounts import account_tables
from tests.views.reading import read
from tests.views.sample import context, frame


@pytest.mark.parametrize("asked", [{}, {"of": "rare_earth"}, {"period": 1}])
def test_every_number_of_the_page_is_the_cell_it_names(asked: dict) -> None:
    book = open_book(account_tables(), context())
    root = read(render_account(account_tables(), context(), **asked))
    referenced = [element for element in root.walk() if "data-step" in element.attributes]
    assert referenced
    for element in referenced:
        table, row, column = element.attributes["data-ref"].split(":")
        assert float(element.attributes["data-value"]) == float(book.frame(table)[column][int(row)])


def test_no_cell_of_one_account_stands_in_the_column_of_the_other() -> None:
    root = read(render_account(account_tables(), context()))
    for table in (one for one in root.all("table") if one.attributes.get("class") == "two"):
        for cell in table.all("td"):
            tables = {
                part.attributes["data-ref"].split(":")[0] for part in cell.walk() if "data-ref" in part.attributes
            }
            wrong = "metal_secondary" if "primary" in cell.attributes["class"].split() else "metal_primary"
            assert wrong not in tables


def test_the_page_needs_nothing_outside_itself_and_is_the_same_again() -> None:
    html = render_account(account_tables(), context())
    root = read(html)
    assert not any(root.all(tag) for tag in ("script", "link", "img", "iframe"))
    assert "url(" not in html and ' style="' not in html
    assert html == render_account(account_tables(), context())


def test_names_from_tables_cannot_become_markup() -> None:
    counted = account_tables()["stock_take"].with_columns(who=pl.lit("<script>x</script>"))
    html = render_account({**account_tables(), "stock_take": counted}, context())
    assert "<script" not in html and "&lt;script&gt;" in html


def test_csv_and_workbook_hold_the_same_tables_as_the_run(tmp_path: Path) -> None:
    files = write_account(
        account_tables(), context(), csv=tmp_path / "csv", xlsx=tmp_path / "a.xlsx", html=tmp_path / "a.html"
    )
    assert all(file.is_file() for file in files)
    book = openpyxl.load_workbook(tmp_path / "a.xlsx", read_only=True)
    assert set(book.sheetnames) - {"about"} == {file.stem for file in files if file.suffix == ".csv"} - {"about"}
    primary = pl.read_csv(tmp_path / "csv" / "metal_primary.csv")
    assert primary["receipts"].to_list() == account_tables()["metal_primary"]["receipts"].to_list()
    assert book["metal_primary"].max_row == 2 + primary.height


def test_a_table_too_long_for_a_sheet_names_the_way_out(tmp_path: Path) -> None:
    endless = pl.concat([frame("accuracy", [{"figure": "flow"}])] * 1).select(pl.all().repeat_by(1_048_001).explode())
    with pytest.raises(ProblemError, match="--csv"):
        write_account({**account_tables(), "accuracy": endless}, context(), xlsx=tmp_path / "a.xlsx")


def test_the_brief_tells_grade_classes_closure_and_what_a_meter_brings() -> None:
    text = " ".join(read(render(account_tables(), context())).all("main")[0].text.split()).replace("\u00a0", " ")
    assert "Grade C: what is suspect still counts (WT-214 and flotation)" in text
    assert "The balances fail: " in text and "flotation loses 1.90 t/h unseen" in text
    assert "What would tell: a second meter on the flow of flotation feed" in text
    assert "100 ± 36 t ◆" in text and "82.50 ± 0.50 %" in text
    assert "Halving the sigma of WT-411 narrows the REO closure" in text
    assert "as independent, unless the document declares errors that last or are shared" in text


def test_declared_shared_errors_are_named_in_the_footer_of_the_brief() -> None:
    shared = frame(
        "influences", [{"figure": "closure", "scope": "works", "tag": "calibration", "shared": True, "share": 0.4}]
    )
    text = read(render({**account_tables(), "influences": shared}, context())).all("footer")[0].text
    assert "declares as lasting or shared (calibration)" in text
