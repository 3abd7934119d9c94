"""Measurements against the examples of OPC 10000-13, Annex A: means where the two definitions agree, and coverage."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ferrolan.base.tables import SAMPLES
from ferrolan.base.time import Period
from ferrolan.historian import Historian, Signal, measure
from ferrolan.historian.aggregate import Method

CASES = Path(__file__).parents[2] / "cases" / "historian"
CASE = CASES / "opcua_part13_means"
ABOUT = tomllib.loads((CASE / "case.toml").read_text(encoding="utf-8"))
EXPECTED = pl.read_csv(CASE / "expected.csv")
AVERAGE, PERCENT_GOOD = CASES / "opcua_part13_average", CASES / "opcua_part13_percent_good"
INTERVAL = timedelta(seconds=ABOUT["interval_s"])
CODES = {"Good": 0x00000000, "Uncertain": 0x40000000, "Bad": 0x80000000, "BadNoData": 0x809B0000}


def instant(clock: str) -> datetime:
    return datetime.combine(datetime(2026, 1, 1), time.fromisoformat(clock), tzinfo=UTC)


def samples(historian: str) -> pl.DataFrame:
    rows = pl.read_csv(CASE / "samples.csv").filter(pl.col("historian") == historian).rows(named=True)
    return pl.DataFrame(
        [(1, instant(r["time"]), r["value"], None, CODES[r["status"]], seq, 1) for seq, r in enumerate(rows)],
        schema=SAMPLES.schema,
        orient="row",
    )


@pytest.mark.parametrize("row", EXPECTED.rows(named=True), ids=lambda row: f"{row['historian']}-{row['start']}")
def test_the_mean_of_a_good_interval_is_the_published_one(row: dict[str, object]) -> None:
    start = instant(str(row["start"]))
    signal = Signal(1, "tag", "flow", "stream", None, "", row["stepped"] is True, 0.0, 0.0, "time_mean")
    with Historian() as historian:
        historian.append(samples(str(row["historian"])))
        found = measure(historian, [signal], [Period(0, start, start + INTERVAL)]).row(0, named=True)
    weight = ABOUT["interval_s"] if row["aggregate"] == "Total" else 1.0
    assert found["value"] * weight == pytest.approx(row["value"], abs=ABOUT["tolerance_abs"])
    assert (found["coverage"], found["quality"]) == (1.0, "good")


def about(case: Path) -> dict[str, Any]:  # Any: a TOML document
    return tomllib.loads((case / "case.toml").read_text(encoding="utf-8"))


def rows(case: Path) -> list[Any]:
    """One parameter set a published interval."""
    told = pl.read_csv(case / "expected.csv").rows(named=True)
    return [pytest.param(row, id=f"{row['historian']}-{row['start']}") for row in told]


@cache
def measured(historian: str, interval_s: int, method: Method, *, stepped: bool) -> dict[str, dict[str, Any]]:
    """Every interval of the 100 s of an example, by its start."""
    signal = Signal(1, "tag", "flow", "stream", None, "", stepped, 0.0, 0.0, method)
    first = instant("12:00:00.000")
    edges = [first + timedelta(seconds=second) for second in range(0, 100 + interval_s, interval_s)]
    periods = [Period(number, *edge) for number, edge in enumerate(pairwise(edges))]
    with Historian() as store:
        store.append(samples(historian))
        table = measure(store, [signal], periods)
    clocks = [period.start.strftime("%H:%M:%S.000") for period in periods]
    return dict(zip(clocks, table.sort("period").rows(named=True), strict=True))


def taken(row: dict[str, Any], seconds: float) -> set[str]:
    """Statuses of the samples taken within the interval."""
    start = instant(row["start"])
    inside = pl.col("time").is_between(start, start + timedelta(seconds=seconds), closed="left")
    codes = samples(row["historian"]).filter(inside)["status"].to_list()
    return {name for name, code in CODES.items() if code in codes}


@pytest.mark.parametrize("row", rows(AVERAGE))
def test_the_plain_mean_is_the_published_average(row: dict[str, Any]) -> None:
    told = about(AVERAGE)
    found = measured(row["historian"], told["interval_s"], "mean", stepped=row["stepped"])[row["start"]]
    statuses = taken(row, told["interval_s"])
    if row["status"] == "Good":
        assert found["value"] == pytest.approx(row["value"], abs=told["tolerance_abs"])
        assert found["quality"] == "good"
    elif statuses == {"Uncertain"}:
        assert (found["quality"], found["coverage"]) == ("uncertain", 0.0)
    else:
        assert row["status"] == "BadNoData" and found["value"] is None
        assert found["quality"] == ("bad" if statuses else "absent")


def covered(row: dict[str, Any], told: dict[str, Any]) -> float:
    """Seconds of an interval up to the end of the data, as the standard counts them."""
    last = samples(row["historian"])["time"].max()
    assert isinstance(last, datetime)
    return min(told["interval_s"], (last - instant(row["start"])).total_seconds() + told["last_sample_s"])


@pytest.mark.parametrize("row", rows(PERCENT_GOOD))
def test_coverage_is_the_published_share_of_good_time(row: dict[str, Any]) -> None:
    told = about(PERCENT_GOOD)
    found = measured(row["historian"], told["interval_s"], "time_mean", stepped=True)[row["start"]]
    ours = found["coverage"] * told["interval_s"]
    places = {(one["historian"], one["start"]): one["ours_s"] for one in told["differences"]}
    published = 0.0 if row["value"] is None else row["value"] / 100.0 * covered(row, told)
    expected = places.get((row["historian"], row["start"]), published)
    assert ours == pytest.approx(expected, abs=told["tolerance_abs"])


def test_coverage_differs_from_the_standard_where_it_says_so_and_nowhere_else() -> None:
    told = about(PERCENT_GOOD)
    for one in told["differences"]:
        row = pl.read_csv(PERCENT_GOOD / "expected.csv").filter(historian=one["historian"], start=one["start"])
        published = row["value"].item() / 100.0 * told["interval_s"]
        assert abs(published - one["ours_s"]) > told["tolerance_abs"]
