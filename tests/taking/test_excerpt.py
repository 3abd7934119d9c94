"""A synthetic excerpt with the defects of the steel works' meters, taken by the mapping that is shipped for them.

Sixty half hours of three days, made here; nothing of the public file is in it. It has the midnight that ends its day,
numbers with a zero before them, one row of nothing but zeros and a column nobody maps, so that the reading of that
data set is tested where the data are not.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import polars as pl
import pytest

from ferrolan.historian import Historian
from ferrolan.taking import Taken, take
from ferrolan.views.numbers import GROUP
from ferrolan.views.taken import lines

MAPPING = Path(str(files("ferrolan"))) / "examples" / "real_files" / "steel_energy.yaml"
HEADER = (
    "date,Usage_kWh,Lagging_Current_Reactive.Power_kVarh,Leading_Current_Reactive_Power_kVarh,CO2(tCO2),"
    "Lagging_Current_Power_Factor,Leading_Current_Power_Factor,NSM,WeekStatus,Day_of_week,Load_Type"
)
FIRST = datetime(2018, 1, 11, 20, 30)
COUNT = 60
ZERO_ROW = 40
PADDED = {3: "04.03", 17: "03.31", 50: "05.08"}
WINDOW = datetime(2017, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC)
SEOUL = timedelta(hours=9)


def row(number: int) -> str:
    """One half hour (synthetic): what a meter writes at its end, 00:00 with the day that just ended."""
    end = FIRST + timedelta(minutes=30 * number)
    day = end - timedelta(minutes=1)
    clock = (end.hour * 60 + end.minute) * 60
    classes = (
        "Weekend" if day.weekday() > 4 else "Weekday",
        f"{day:%A}",
        "Light_Load" if number % 2 else "Medium_Load",
    )
    numbers = ("0", "0", "0", "0", "0", "0")
    if number != ZERO_ROW:
        usage = PADDED.get(number, f"{3.17 + number / 8:.2f}")
        numbers = (usage, f"{2.95 + number / 9:.2f}", "0", "0", f"{73.21 - number / 7:.2f}", "100")
    return ",".join((f"{day:%d/%m/%Y} {end:%H:%M}", *numbers, str(clock), *classes))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "data" / "steel_energy_uci"
    place.mkdir(parents=True)
    (place / "Steel_industry_data.csv").write_text("\n".join([HEADER, *map(row, range(COUNT)), ""]), encoding="utf-8")
    monkeypatch.setenv("FERROLAN_DATA", str(tmp_path / "data"))
    return tmp_path


@pytest.fixture
def taken(folder: Path) -> Taken:
    return take(MAPPING, folder / "runs")


def test_every_row_is_taken_and_none_refused(taken: Taken) -> None:
    ingest = taken.tables["ingest"].row(0, named=True)
    assert (ingest["rows"], ingest["samples"], ingest["bad"], ingest["backward"]) == (COUNT, 6 * COUNT, 0, 0)
    assert taken.tables["rejected"].is_empty() and ingest["undeclared"] == ["NSM"]


def test_the_midnights_end_their_days_and_the_clock_has_no_gap(taken: Taken) -> None:
    repaired = taken.tables["repaired"].filter(pl.col("reason").str.starts_with("midnight"))
    assert repaired.select("line", "found", "taken").rows() == [
        (9, "11/01/2018 00:00", "2018-01-12 00:00"), (57, "12/01/2018 00:00", "2018-01-13 00:00"),
    ]  # fmt: skip
    with Historian(taken.store) as historian:
        times = historian.query([1], *WINDOW)["time"].to_list()
    counted = timedelta(minutes=15)  # a value stamped at the end of its quarter of an hour counts from its start
    assert times == [(FIRST + timedelta(minutes=30 * n) - SEOUL - counted).replace(tzinfo=UTC) for n in range(COUNT)]


def test_numbers_with_a_zero_before_them_and_the_row_of_zeros_are_uncertain_and_listed(taken: Taken) -> None:
    repaired = taken.tables["repaired"]
    assert repaired.drop_nulls("tag").select("line", "tag", "found").rows() == [
        (number + 2, "Usage_kWh", found) for number, found in PADDED.items()
    ]
    assert repaired.filter(pl.col("taken") == "0, uncertain")["line"].to_list() == [ZERO_ROW + 2]
    usage = taken.tables["taken_columns"].row(0, named=True)
    assert (usage["tag"], usage["unit"], usage["uncertain"], usage["good"]) == ("Usage_kWh", "MWh", 4, COUNT - 4)


def test_the_classes_are_texts_and_percentages_are_fractions(taken: Taken) -> None:
    columns = {row["tag"]: row for row in taken.tables["taken_columns"].iter_rows(named=True)}
    assert [columns[name]["unit"] for name in ("WeekStatus", "Day_of_week", "Load_Type")] == ["", "", ""]
    assert columns["Leading_Current_Power_Factor"]["maximum"] == 1.0
    texts = taken.tables["samples_text"].filter(pl.col("tag") == columns["Day_of_week"]["number"])["text"]
    assert dict(texts.value_counts().iter_rows()) == {"Thursday": 8, "Friday": 48, "Saturday": 4}


def test_undeclared_midnights_run_backwards_and_the_key_is_named(folder: Path) -> None:
    (folder / "undeclared.yaml").write_text(MAPPING.read_text(encoding="utf-8").replace("midnight: ends_day\n", ""))
    tables = take(folder / "undeclared.yaml", dry_run=True).tables
    (remark,) = tables["remarks"].filter(pl.col("code") == "time_backwards").to_dicts()
    assert (remark["line"], remark["found"][:6]) == (9, "2 rows") and "midnight: ends_day" in remark["way_out"]


def test_the_lines_name_each_defect(taken: Taken) -> None:
    told = "\n".join(lines(taken.tables)).replace(GROUP, " ")
    assert "Taken: 60 rows of 1 file, 360 numbers: 351 good, 9 uncertain, 0 bad." in told
    assert (
        "Repaired or doubted, 2 ×: midnight: ends_day is declared, 00:00 ends the written day. First on line 9" in told
    )
    assert '"04.03" taken as 4.03, uncertain.' in told and "Refused: nothing." in told
