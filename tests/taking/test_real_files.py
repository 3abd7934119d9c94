"""Three public data sets, taken with the mappings that are shipped; every count of their description is found.

The data are never shipped: the tests read the folder that ``FERROLAN_DATA`` names and are skipped without it.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import polars as pl
import pytest

from ferrolan.base.errors import SourceError
from ferrolan.base.status import StatusCode
from ferrolan.historian import Historian
from ferrolan.taking import Taken, take
from ferrolan.views.numbers import GROUP
from ferrolan.views.taken import lines
from tests.docs.walk import matches

pytestmark = pytest.mark.skipif(not os.environ.get("FERROLAN_DATA"), reason="FERROLAN_DATA is not set")

MAPPINGS = Path(str(files("ferrolan"))) / "examples" / "real_files"
USAGE, LAGGING, LEADING = "Usage_kWh", "Lagging_Current_Reactive.Power_kVarh", "Leading_Current_Reactive_Power_kVarh"
SEOUL = timedelta(hours=9)
LAB = tuple(f"% {what} {where}" for what in ("Iron", "Silica") for where in ("Feed", "Concentrate"))


@lru_cache(maxsize=1)
def taken(name: str) -> Taken:
    return take(MAPPINGS / f"{name}.yaml", dry_run=True)


def column(name: str, tag: str) -> dict[str, object]:
    return taken(name).tables["taken_columns"].row(by_predicate=pl.col("tag") == tag, named=True)


def longest(name: str, tag: str) -> dict[str, object]:
    stretches = taken(name).tables["stale_stretches"].filter(pl.col("tag") == tag)
    return stretches.sort("rows", descending=True).row(0, named=True)


@pytest.mark.parametrize("name", ["steel_energy", "flotation", "tennessee_eastman"])
def test_the_how_to_shows_what_the_run_of_a_shipped_mapping_says(name: str) -> None:
    page = Path(__file__).parents[2] / "docs" / "how-to" / "real-files.md"
    if not page.exists():
        pytest.skip("the documentation is not beside the tests")
    shown = page.read_text(encoding="utf-8").partition(f"ferrolan ingest {name}.yaml --dry-run\n```\n\n```text\n")[2]
    told = "\n".join(lines(taken(name).tables)).replace(GROUP, " ")
    assert matches(shown.partition("```")[0], told)


# a steel works' energy meters


def test_the_energy_meters_give_every_row_and_no_refusal() -> None:
    result = taken("steel_energy")
    row = result.tables["ingest"].row(0, named=True)
    assert (row["rows"], row["samples"], row["bad"], row["repeated"], row["backward"]) == (35_040, 210_240, 0, 0, 0)
    assert result.tables["rejected"].is_empty() and row["undeclared"] == ["NSM"]


def test_the_midnight_rows_are_repaired_and_the_clock_has_no_gap(tmp_path: Path) -> None:
    repaired = taken("steel_energy").tables["repaired"].filter(pl.col("reason").str.starts_with("midnight"))
    assert repaired.height == 365
    assert repaired.row(0)[2:6] == (97, None, "01/01/2018 00:00", "2018-01-02 00:00")
    store = take(MAPPINGS / "steel_energy.yaml", tmp_path).store
    with Historian(store) as historian:
        times = historian.query([1], datetime(2017, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC))["time"]
    assert times[0] == datetime(2018, 1, 1, tzinfo=UTC) - SEOUL
    assert times[-1] == datetime(2018, 12, 31, 23, 45, tzinfo=UTC) - SEOUL
    assert times.diff().drop_nulls().unique().to_list() == [timedelta(minutes=15)] and len(times) == 35_040


def test_undeclared_midnight_rows_run_backwards_and_the_key_is_named(tmp_path: Path) -> None:
    text = (MAPPINGS / "steel_energy.yaml").read_text().replace("midnight: ends_day\n", "")
    (tmp_path / "undeclared.yaml").write_text(text)
    tables = take(tmp_path / "undeclared.yaml", dry_run=True).tables
    assert tables["ingest"]["backward"][0] == 365
    (remark,) = tables["remarks"].filter(pl.col("code") == "time_backwards").to_dicts()
    assert (remark["line"], remark["found"][:8]) == (97, "365 rows") and "midnight: ends_day" in remark["way_out"]
    assert tables["repaired"].filter(pl.col("reason").str.starts_with("midnight")).is_empty()


def test_exchanged_day_and_month_in_the_mapping_are_a_fault_that_offers_the_right_format(tmp_path: Path) -> None:
    text = (MAPPINGS / "steel_energy.yaml").read_text().replace("%d/%m/%Y", "%m/%d/%Y")
    (tmp_path / "exchanged.yaml").write_text(text)
    with pytest.raises(SourceError, match="%d/%m/%Y") as caught:
        take(tmp_path / "exchanged.yaml", dry_run=True)
    assert (caught.value.faults[0].code, caught.value.faults[0].line) == ("wrong_time_format", 1154)


def test_cells_with_a_zero_before_the_number_are_uncertain_and_listed() -> None:
    repaired = taken("steel_energy").tables["repaired"].drop_nulls("tag")
    assert dict(repaired["tag"].value_counts().iter_rows()) == {USAGE: 1815, LAGGING: 1279, LEADING: 221}
    assert repaired["found"].str.contains(r"^0\d").all()
    assert [column("steel_energy", tag)["uncertain"] for tag in (USAGE, LAGGING, LEADING)] == [1816, 1280, 222]


def test_the_row_of_zeros_is_found_and_uncertain() -> None:
    tables = taken("steel_energy").tables
    (remark,) = tables["remarks"].filter(pl.col("code") == "zero_row").to_dicts()
    assert (remark["line"], remark["found"]) == (29_857, "1 row in which every number is zero")
    repaired = tables["repaired"].filter(pl.col("line") == 29_857, pl.col("found").str.starts_with("zero"))
    assert repaired["taken"].to_list() == ["0, uncertain"]
    assert tables["repaired"].filter(pl.col("line") == 29_857)["found"].to_list()[0] == "07/11/2018 00:00"


def test_the_classes_are_texts_with_their_counts() -> None:
    numbers = {name: column("steel_energy", name)["number"] for name in ("WeekStatus", "Day_of_week", "Load_Type")}
    texts = taken("steel_energy").tables["samples_text"]
    counts = {
        name: dict(texts.filter(pl.col("tag") == k)["text"].value_counts().iter_rows()) for name, k in numbers.items()
    }
    assert counts["Load_Type"] == {"Light_Load": 18_072, "Medium_Load": 9_696, "Maximum_Load": 7_272}
    assert [len(held) for held in counts.values()] == [2, 7, 3]


@pytest.mark.parametrize(
    ("tag", "unit", "most"),
    [(USAGE, "MWh", 0.15718), (LAGGING, "kvarh", 96.91), (LEADING, "kvarh", 27.76), ("CO2", "t", 0.07), ("Lagging_Current_Power_Factor", "1", 1.0)],
)  # fmt: skip
def test_the_ranges_of_the_energy_meters_are_those_described(tag: str, unit: str, most: float) -> None:
    row = column("steel_energy", tag)
    assert (row["unit"], row["minimum"], row["stamp"], row["out_of_range"]) == (unit, 0.0, "end", 0)
    assert row["maximum"] == pytest.approx(most, rel=1e-12)


# an iron-ore flotation plant


def test_the_flotation_plant_gives_every_hour() -> None:
    row = taken("flotation").tables["ingest"].row(0, named=True)
    assert (row["rows"], row["samples"], row["bad"], row["rejected"], row["backward"]) == (3_948, 90_804, 0, 0, 0)
    columns = taken("flotation").tables["taken_columns"]
    assert columns.height == 23 and columns["rows"].unique().to_list() == [3_948]
    assert columns["first"].unique().to_list() == [datetime(2017, 3, 29, 12, tzinfo=UTC)]
    assert columns["last"].unique().to_list() == [datetime(2017, 9, 9, 23, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("tag", "rows", "start"),
    [
        ("% Iron Feed", 792, datetime(2017, 5, 13, 1)), ("% Silica Feed", 792, datetime(2017, 5, 13, 1)),
        ("% Iron Concentrate", 74, datetime(2017, 7, 31, 20)), ("% Silica Concentrate", 73, datetime(2017, 7, 31, 20)),
        ("Flotation Column 04 Air Flow", 311, datetime(2017, 3, 29, 12)),
        ("Flotation Column 05 Air Flow", 311, datetime(2017, 3, 29, 12)),
    ],
)  # fmt: skip
def test_the_longest_stretch_of_a_held_signal_is_the_one_described(tag: str, rows: int, start: datetime) -> None:
    row = longest("flotation", tag)
    assert (row["rows"], row["start"]) == (rows, start.replace(tzinfo=UTC))


def test_laboratory_grades_that_are_held_are_never_good() -> None:
    for tag in LAB:
        row = column("flotation", tag)
        stretches = taken("flotation").tables["stale_stretches"].filter(pl.col("tag") == tag)
        assert row["stale"] == row["uncertain"] == stretches["rows"].sum() - stretches.height > 0
    assert [column("flotation", tag)["stale"] for tag in LAB] == [3_659, 437, 3_659, 430]


@pytest.mark.parametrize(
    ("start", "hours", "most"), [(datetime(2017, 8, 2, 9), 6, 6), (datetime(2017, 7, 11, 7), 3, 14)]
)
def test_the_frozen_hours_of_most_signals_are_found(start: datetime, hours: int, most: int) -> None:
    stretches = taken("flotation").tables["stale_stretches"].filter(~pl.col("tag").is_in(LAB))
    frozen = stretches.filter(pl.col("start") == start.replace(tzinfo=UTC), pl.col("rows") == hours)
    assert frozen.height >= most


def test_quantities_of_unknown_unit_are_kept_as_they_came_and_marked() -> None:
    columns = taken("flotation").tables["taken_columns"]
    unknown = columns.filter(pl.col("unit") == "unknown")["tag"].to_list()
    assert unknown[:2] == ["Starch Flow", "Amina Flow"] and len(unknown) == 9
    (remark,) = taken("flotation").tables["remarks"].to_dicts()
    assert remark["code"] == "unknown_unit" and remark["found"].startswith("9 columns")


# Tennessee Eastman


def test_every_run_has_the_shape_described_also_the_transposed_one() -> None:
    rows = dict(taken("tennessee_eastman").tables["ingest"].select("source", "rows").iter_rows())
    assert len(rows) == 44 and rows["d00"] == 500
    assert all(count == (960 if name.endswith("_te") else 480) for name, count in rows.items() if name != "d00")
    columns = taken("tennessee_eastman").tables["taken_columns"]
    assert columns.height == 44 * 52 and columns["bad"].sum() == 0


def test_the_transposed_run_has_columns_like_those_of_the_others() -> None:
    for number in ("7", "9", "18", "20"):  # pressures, temperatures and power of normal operation
        d00, other = column("tennessee_eastman", f"d00/{number}"), column("tennessee_eastman", f"d00_te/{number}")
        assert d00["minimum"] == pytest.approx(other["minimum"], rel=0.05)


def test_a_transposed_run_that_is_not_declared_is_a_fault_that_names_the_key(tmp_path: Path) -> None:
    text = (MAPPINGS / "tennessee_eastman.yaml").read_text().replace(", transposed: true", "")
    (tmp_path / "undeclared.yaml").write_text(text)
    with pytest.raises(SourceError) as caught:
        take(tmp_path / "undeclared.yaml", dry_run=True)
    (fault,) = caught.value.faults
    assert (Path(fault.file).name, fault.code, fault.found) == ("d00.dat.gz", "wrong_width", "500 columns")
    assert "declare transposed: true" in fault.way_out


def test_the_clock_of_the_runs_is_the_declared_step() -> None:
    row = column("tennessee_eastman", "d01_te/1")
    assert row["last"] - row["first"] == 959 * timedelta(minutes=3)


@pytest.mark.parametrize(("first", "last", "share"), [(23, 36, 0.50), (37, 41, 0.80)])
def test_analysers_repeat_their_values_as_described_and_repeats_are_not_measured(
    first: int, last: int, share: float
) -> None:
    columns = taken("tennessee_eastman").tables["taken_columns"]
    analysers = columns.filter(pl.col("column").cast(pl.Int32).is_between(first, last))
    assert analysers["stale"].sum() / analysers["rows"].sum() == pytest.approx(share, abs=0.002)
    assert analysers["uncertain"].sum() == analysers["stale"].sum()


def test_every_value_of_a_run_is_in_the_historian(tmp_path: Path) -> None:
    text = (MAPPINGS / "tennessee_eastman.yaml").read_text().replace("d*.dat.gz", "d21.dat.gz")
    (tmp_path / "two.yaml").write_text(text)
    result = take(tmp_path / "two.yaml", tmp_path)
    with Historian(result.store) as historian:
        assert historian.count() == result.samples == (500 + 480) * 52
        analyser = historian.query([23], datetime(2000, 1, 1, tzinfo=UTC), datetime(2001, 1, 1, tzinfo=UTC))
    assert (analyser["status"] == int(StatusCode.UNCERTAIN_LAST_USABLE_VALUE)).sum() == 250
