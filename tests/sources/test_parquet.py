"""Wide Parquet files: typed times and numbers are taken as they are, the rest as text is everywhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from ferrolan.base.errors import SourceError
from ferrolan.sources.dialect import Dialect
from ferrolan.sources.parquet import ParquetSource, read_parquet
from ferrolan.sources.source import TagAddress
from ferrolan.sources.timeline import OUTSIDE

FLOW = TagAddress(1, "FT-101", "FT-101", "t/h")
HOURS = [datetime(2026, 10, 24, 22) + timedelta(hours=k) for k in range(6)]
DIALECT = Dialect(time_column="time", time_zone="Europe/Berlin")


def write(folder: Path, **columns: object) -> Path:
    pl.DataFrame(columns).write_parquet(folder / "month.parquet")
    return folder / "month.parquet"


def fault_codes(path: Path, dialect: Dialect = DIALECT) -> list[str]:
    with pytest.raises(SourceError) as caught:
        read_parquet(path, dialect, [FLOW], 0, "lake")
    return [fault.code for fault in caught.value.faults]


def test_numbers_come_back_to_the_last_bit_and_missing_ones_as_bad(tmp_path: Path) -> None:
    path = write(tmp_path, time=pl.Series(HOURS), **{"FT-101": [0.1, 1 / 3, None, 5e-324, -1e300, float("nan")]})
    batch = read_parquet(path, Dialect(time_column="time"), [FLOW], 0, "lake")
    assert batch.samples["value"].to_list() == [0.1, 1 / 3, None, 5e-324, -1e300, None]
    assert batch.rejected.select("line", "found").rows() == [(6, "NaN")]


def test_times_with_a_zone_are_instants_also_where_the_clock_is_put_back(tmp_path: Path) -> None:
    times = pl.Series([hour.replace(tzinfo=UTC) for hour in HOURS]).dt.convert_time_zone("Europe/Berlin")
    batch = read_parquet(write(tmp_path, time=times, **{"FT-101": [1.0] * 6}), DIALECT, [FLOW], 0, "lake")
    assert batch.samples["time"].to_list() == [hour.replace(tzinfo=UTC) for hour in HOURS]
    assert batch.rejected.is_empty()


def test_times_without_one_are_the_wall_clock_of_the_declared_zone(tmp_path: Path) -> None:
    batch = read_parquet(write(tmp_path, time=pl.Series(HOURS), **{"FT-101": [1] * 6}), DIALECT, [FLOW], 0, "lake")
    assert batch.samples["time"][0] == datetime(2026, 10, 24, 20, tzinfo=UTC)
    assert batch.rejected["line"].to_list() == [5]
    assert "twice" in batch.rejected["reason"][0]


def test_texts_are_read_as_in_any_other_file(tmp_path: Path) -> None:
    path = write(tmp_path, time=[f"{hour:%d.%m.%Y %H:%M}" for hour in HOURS], **{"FT-101": ["1.5", "x41", *["2"] * 4]})
    dialect = Dialect(time_column="time", time_format="%d.%m.%Y %H:%M")
    batch = read_parquet(path, dialect, [FLOW], 0, "lake")
    assert batch.rejected.select("line", "found").rows() == [(2, "x41")]


def test_discover_lists_the_columns(tmp_path: Path) -> None:
    source = ParquetSource(write(tmp_path, time=pl.Series(HOURS), b=[1] * 6, a=[2] * 6), DIALECT, 0, "lake")
    assert [(found.address, found.rows) for found in source.discover().addresses] == [("a", 6), ("b", 6)]


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    assert fault_codes(tmp_path / "gone.parquet") == ["missing_file"]
    assert fault_codes(write(tmp_path, time=pl.Series(HOURS), **{"FT-102": [1.0] * 6})) == ["missing_column"]
    assert fault_codes(write(tmp_path, time=pl.Series(HOURS), **{"FT-101": [[1.0]] * 6})) == ["nested_column"]
    assert fault_codes(write(tmp_path, time=pl.Series([], dtype=pl.Datetime("us")), **{"FT-101": []})) == ["no_rows"]
    (tmp_path / "text.parquet").write_text("time;FT-101\n")
    assert fault_codes(tmp_path / "text.parquet") == ["not_parquet"]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_file_that_was_cut_off_is_refused(tmp_path: Path, share: float) -> None:
    path = write(tmp_path, time=pl.Series(HOURS), **{"FT-101": [1.0] * 6})
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    assert fault_codes(path) == ["damaged_parquet"]


def test_a_nested_column_that_nobody_wants_does_no_harm(tmp_path: Path) -> None:
    path = write(tmp_path, time=pl.Series(HOURS), spectrum=[[1.0, 2.0]] * 6, **{"FT-101": [1.0] * 6}, blob=[b"x"] * 6)
    batch = read_parquet(path, Dialect(time_column="time"), [FLOW], 0, "lake")
    assert batch.samples["value"].to_list() == [1.0] * 6
    assert batch.report.undeclared_addresses == ("blob", "spectrum")


@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Shanghai"])
def test_a_time_no_sample_can_have_is_refused(tmp_path: Path, zone: str | None) -> None:
    far = [datetime(9999, 12, 31), datetime(2026, 3, 1), datetime(1, 1, 2), datetime(2026, 3, 2)]
    times = pl.Series(far, dtype=pl.Datetime("us")).dt.replace_time_zone(zone)
    batch = read_parquet(write(tmp_path, time=times, **{"FT-101": [1.0, 2.0, 3.0, 4.0]}), DIALECT, [FLOW], 0, "lake")
    assert batch.rejected.select("line", "reason").rows() == [(1, OUTSIDE), (3, OUTSIDE)]
    assert batch.samples["value"].to_list() == [2.0, 4.0]
