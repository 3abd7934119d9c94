"""Aggregates of what a reader holds: the table, the samples beyond the request, hidden samples, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from ferrolan.base.errors import ProblemError
from ferrolan.base.status import StatusCode
from ferrolan.base.tables import AGGREGATES, SAMPLES
from ferrolan.historian.embedded import Archive
from ferrolan.historian.part13 import Configuration, aggregate, aggregates, of_samples
from ferrolan.historian.resample import resample
from ferrolan.historian.seam import NewTag
from tests.historian.frame_reader import FrameReader
from tests.historian.part13_case import configuration, edges, samples, table

DAY = datetime(2026, 1, 1, tzinfo=UTC)


def kept(historian: str) -> FrameReader:
    time, value, status = samples(historian)
    rows = [
        (1, DAY + timedelta(microseconds=int(when)), None if np.isnan(number) else number, None, int(code), seq, 1)
        for seq, (when, number, code) in enumerate(zip(time, value, status, strict=True))
    ]
    stepped = bool(next(one for one in table("raw")["historians"] if one["name"] == historian)["config"]["stepped"])
    return FrameReader(pl.DataFrame(rows, schema=SAMPLES.schema, orient="row"), {1: stepped})


def hourly(values: list[float]) -> FrameReader:
    rows = [(1, DAY + timedelta(hours=n), value, None, 0, n, 1) for n, value in enumerate(values)]
    return FrameReader(pl.DataFrame(rows, schema=SAMPLES.schema, orient="row"), {1: False})


@pytest.mark.parametrize("historian", ["Historian1", "Historian2", "Historian3", "Historian5"])
def test_a_reader_gives_what_its_samples_give(historian: str) -> None:
    told = table("Minimum")
    config = next(one for one in told["cases"] if one["historian"] == historian)["config"]
    plain = configuration({key: value for key, value in config.items() if key != "stepped"})
    start, end = (DAY + timedelta(hours=12, seconds=after) for after in (0, 100))
    found = aggregate(kept(historian), 1, list(aggregates()), start, end, timedelta(seconds=16), plain)
    for name in aggregates():
        rows = found.filter(aggregate=name)
        expected = of_samples(*samples(historian), name, edges(told, 16_000), configuration(config))
        np.testing.assert_array_equal(rows["value"].fill_null(np.nan).to_numpy(), expected.value)
        inside = rows["status"].to_numpy()[:-1]
        np.testing.assert_array_equal(inside, expected.status[:-1])


def test_the_table_says_interval_time_unit_and_status() -> None:
    found = aggregate(
        hourly([1.0, 3.0, 2.0]), 1, ["MaximumActualTime", "Total", "Count"], DAY, DAY + timedelta(hours=2)
    )
    assert AGGREGATES.check(found)["unit"].to_list() == ["t/h", "t/h x s", "1"]
    assert found["time"].to_list() == [DAY + timedelta(hours=1), DAY, DAY]
    assert found["value"].to_list() == [3.0, 4.5 * 3600.0, 2.0]
    assert found["status"].to_list() == [0x000, 0x401, 0x401]


def test_an_interval_without_samples_inside_the_data_has_its_value() -> None:
    found = aggregate(hourly([1.0, 3.0]), 1, "TimeAverage", DAY + timedelta(minutes=15), DAY + timedelta(minutes=45))
    assert found.select("value", "status").row(0) == (2.0, 0x401)


def test_a_last_interval_cut_short_is_partial() -> None:
    ask = DAY, DAY + timedelta(minutes=100), timedelta(hours=1)
    assert aggregate(hourly([1.0, 1.0, 1.0]), 1, "Count", *ask)["status"].to_list() == [0x401, 0x405]


def test_intervals_may_end_where_a_clock_says() -> None:
    ask = DAY, DAY + timedelta(hours=3), [DAY + timedelta(hours=1)]
    assert aggregate(hourly([1.0, 2.0, 3.0, 4.0]), 1, "Count", *ask)["value"].to_list() == [1.0, 2.0]


def test_a_sample_that_hides_another_is_marked() -> None:
    rows = [
        (1, DAY, 1.0, None, 0, 1, 1),
        (1, DAY, 2.0, None, 0, 2, 1),
        (1, DAY + timedelta(hours=1), 3.0, None, 0, 3, 1),
    ]
    reader = FrameReader(pl.DataFrame(rows, schema=SAMPLES.schema, orient="row"), {1: True})
    ask = DAY, DAY + timedelta(hours=1), None
    found = {name: aggregate(reader, 1, name, *ask).row(0, named=True) for name in ("Start", "Minimum", "Maximum2")}
    assert {name: (row["value"], row["status"]) for name, row in found.items()} == {
        "Start": (2.0, 0x408),
        "Minimum": (2.0, 0x408),
        "Maximum2": (2.0, 0x408),
    }


def test_the_tag_s_own_way_of_moving_is_taken_unless_another_is_asked() -> None:
    reader, ask = hourly([1.0, 3.0]), (DAY + timedelta(minutes=30), DAY + timedelta(minutes=60))
    own = aggregate(reader, 1, "StartBound", *ask)["value"].item()
    asked = aggregate(reader, 1, "StartBound", *ask, configuration=Configuration(stepped=True))["value"].item()
    assert (own, asked) == (2.0, 1.0)


def test_before_and_after_the_data_there_is_bad_no_data() -> None:
    ask = DAY - timedelta(hours=2), DAY + timedelta(hours=4), timedelta(hours=1)
    found = aggregate(hourly([1.0, 1.0]), 1, "TimeAverage", *ask)["status"].to_list()
    assert [found[place] for place in (0, 1, 4, 5)] == [StatusCode.BAD_NO_DATA] * 4
    assert found[2] == 0x401


def test_the_embedded_store_answers_as_a_frame_does(tmp_path: Path) -> None:
    reader, ask = hourly([1.0, 3.0, 2.0, 5.0]), (DAY, DAY + timedelta(hours=3), timedelta(minutes=45))
    with Archive(tmp_path / "historian") as store:
        number = store.register([NewTag("belt", "t/h")])["belt"]
        store.append(reader.query([1], DAY, DAY + timedelta(days=1)).with_columns(tag=pl.lit(number, pl.Int32)))
        for name in ("TimeAverage", "Maximum2", "PercentGood"):
            assert_frame_equal(aggregate(store, number, name, *ask), aggregate(reader, 1, name, *ask))
        edges = [DAY + timedelta(minutes=45) * place for place in range(5)]
        assert_frame_equal(resample(store, [number], edges), resample(reader, [1], edges))


@pytest.mark.parametrize(
    ("tag", "name", "end", "interval", "found"),
    [
        (1, "Mean", 1, None, "expected one of Interpolative"),
        (2, "Count", 1, None, "tag 2 is not registered"),
        (1, "Count", 0, None, "end after the start"),
        (1, "Count", 1, timedelta(0), "more than 0"),
        (1, "Count", 1, timedelta(microseconds=1), "at most"),
        (1, "Count", 1, [DAY], "rise"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    tag: int, name: str, end: int, interval: timedelta | list[datetime] | None, found: str
) -> None:
    with pytest.raises(ProblemError, match=found):
        aggregate(hourly([1.0]), tag, name, DAY, DAY + timedelta(hours=end), interval)
