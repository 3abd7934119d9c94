"""Measurements against the examples of OPC 10000-13, Annex A: means where the two definitions agree, and coverage."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from typing import Any

import polars as pl
import pytest

from ferrolan.base.tables import SAMPLES
from ferrolan.base.time import Period
from ferrolan.historian import Historian, Signal, measure
from ferrolan.historian.aggregate import Method
from tests.historian.part13_case import ABOUT, CODES, table

OWN = ABOUT["own"]
Row = dict[str, Any]  # Any: a row of a YAML document


def instant(clock: str) -> datetime:
    return datetime.combine(datetime(2026, 1, 1), time.fromisoformat(clock), tzinfo=UTC)


def samples(historian: str) -> pl.DataFrame:
    told = next(one for one in table("raw")["historians"] if one["name"] == historian)["samples"]
    return pl.DataFrame(
        [(1, instant(r["t"]), r["value"], None, CODES[r["status"]], seq, 1) for seq, r in enumerate(told)],
        schema=SAMPLES.schema,
        orient="row",
    )


def rows(aggregate: str) -> list[Row]:
    """Every row of the numeric historians, with what was asked."""
    return [
        {**row, "aggregate": aggregate, "historian": one["historian"], "stepped": one["config"]["stepped"]}
        | {"interval_s": one["config"]["processing_interval_ms"] / 1000}
        for one in table(aggregate)["cases"]
        if one["historian"] != "Historian4"
        for row in one["expected"]
    ]


def named(row: Row) -> str:
    return f"{row['historian']}-{row['t']}"


# TimeAverage joins points by slope also where the historian is stepped, which Ferrolan's mean does not; Total follows
# the steps. Where a neighbour is Bad or Uncertain ours holds the last usable value, and the standard goes over it.
COMPARABLE = [
    row
    for row in rows("TimeAverage") + rows("Total")
    if row["status"] == "Good" and row["stepped"] == (row["aggregate"] == "Total")
]


@pytest.mark.parametrize("row", COMPARABLE, ids=named)
def test_the_mean_of_a_good_interval_is_the_published_one(row: Row) -> None:
    start = instant(row["t"])
    signal = Signal(1, "tag", "flow", "stream", None, "", row["stepped"], 0.0, 0.0, "time_mean")
    with Historian() as historian:
        historian.append(samples(row["historian"]))
        period = Period(0, start, start + timedelta(seconds=row["interval_s"]))
        found = measure(historian, [signal], [period]).row(0, named=True)
    weight = row["interval_s"] if row["aggregate"] == "Total" else 1.0
    assert found["value"] * weight == pytest.approx(row["value"], abs=ABOUT["tolerance_abs"])
    assert (found["coverage"], found["quality"]) == (1.0, "good")


@cache
def measured(historian: str, interval_s: float, method: Method, *, stepped: bool) -> dict[str, dict[str, Any]]:
    """Every interval of the 100 s of an example, by its start."""
    signal = Signal(1, "tag", "flow", "stream", None, "", stepped, 0.0, 0.0, method)
    first, length = instant("12:00:00.000"), int(interval_s)
    edges = [first + timedelta(seconds=second) for second in range(0, 100 + length, length)]
    periods = [Period(number, *edge) for number, edge in enumerate(pairwise(edges))]
    with Historian() as store:
        store.append(samples(historian))
        found = measure(store, [signal], periods)
    clocks = [period.start.strftime("%H:%M:%S.000") for period in periods]
    return dict(zip(clocks, found.sort("period").rows(named=True), strict=True))


def taken(row: Row) -> set[str]:
    """Statuses of the samples taken within the interval."""
    start = instant(row["t"])
    inside = pl.col("time").is_between(start, start + timedelta(seconds=row["interval_s"]), closed="left")
    codes = samples(row["historian"]).filter(inside)["status"].to_list()
    return {name for name, code in CODES.items() if code in codes}


@pytest.mark.parametrize("row", rows("Average"), ids=named)
def test_the_plain_mean_is_the_published_average(row: Row) -> None:
    found = measured(row["historian"], row["interval_s"], "mean", stepped=row["stepped"])[row["t"]]
    statuses = taken(row)
    if row["status"] == "Good":
        assert found["value"] == pytest.approx(row["value"], abs=ABOUT["tolerance_abs"])
        assert found["quality"] == "good"
    elif statuses == {"Uncertain"}:
        assert (found["quality"], found["coverage"]) == ("uncertain", 0.0)
    else:
        assert row["status"] == "BadNoData" and found["value"] is None
        assert found["quality"] == ("bad" if statuses else "absent")


def covered(row: Row) -> float:
    """Seconds of an interval up to the end of the data, as the standard counts them."""
    last = samples(row["historian"])["time"].max()
    assert isinstance(last, datetime)
    return min(row["interval_s"], (last - instant(row["t"])).total_seconds() + OWN["last_sample_s"])


@pytest.mark.parametrize("row", rows("PercentGood"), ids=named)
def test_coverage_is_the_published_share_of_good_time(row: Row) -> None:
    found = measured(row["historian"], row["interval_s"], "time_mean", stepped=True)[row["t"]]
    ours = found["coverage"] * row["interval_s"]
    places = {(one["historian"], one["start"]): one["ours_s"] for one in OWN["differences"]}
    published = 0.0 if row["value"] is None else row["value"] / 100.0 * covered(row)
    expected = places.get((row["historian"], row["t"]), published)
    assert ours == pytest.approx(expected, abs=OWN["coverage_tolerance_s"])


def test_coverage_differs_from_the_standard_where_it_says_so_and_nowhere_else() -> None:
    for one in OWN["differences"]:
        row = next(r for r in rows("PercentGood") if (r["historian"], r["t"]) == (one["historian"], one["start"]))
        published = row["value"] / 100.0 * row["interval_s"]
        assert abs(published - one["ours_s"]) > OWN["coverage_tolerance_s"]
