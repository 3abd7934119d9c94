"""Compression: the published kept points, the promise it makes, and what it must never touch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ferrolan.base.errors import ProblemError
from ferrolan.base.status import StatusCode
from ferrolan.base.tables import SAMPLES
from ferrolan.historian.compression import Compression, compress, kept_points, refuse_balanced

FILE = Path(__file__).parents[2] / "cases" / "historian" / "swinging_door" / "cases.yaml"
PUBLISHED = yaml.safe_load(FILE.read_text(encoding="utf-8"))["cases"]
T0 = datetime(2026, 1, 1, tzinfo=UTC)
Case = dict[str, Any]  # Any: a YAML document


def points(case: Case) -> list[list[float]]:
    raw = np.array(case["raw"], float)
    kept = kept_points(
        raw[:, 0],
        raw[:, 1],
        case["method"],
        case.get("comp_dev", case.get("dead_band")),
        longest=case.get("max_dx", np.inf),
        keeps_last=case["keeps_last_point"],
    )
    found: list[list[float]] = raw[kept].tolist()
    return found


@pytest.mark.parametrize("case", [one for one in PUBLISHED if one["reproduced"]], ids=lambda case: case["name"])
def test_the_kept_points_are_the_published_ones(case: Case) -> None:
    assert points(case) == [[float(x), float(y)] for x, y in case["stored"]]


def test_the_one_case_left_out_asks_for_a_least_distance_that_is_not_offered() -> None:
    assert [one["name"] for one in PUBLISHED if not one["reproduced"]] == ["minDeltaX"]
    assert [one["name"] for one in PUBLISHED if "min_dx" in one] == ["minDeltaX"]


def frame(
    values: list[float | None], *, seconds: list[int] | None = None, status: list[int] | None = None
) -> pl.DataFrame:
    count = len(values)
    times = [T0 + timedelta(seconds=at) for at in (seconds or range(count))]
    codes = status or [int(StatusCode.BAD if value is None else StatusCode.GOOD) for value in values]
    return pl.DataFrame(
        [(1, times[i], values[i], None, codes[i], i + 1, 1) for i in range(count)], schema=SAMPLES.schema, orient="row"
    )


NUMBERS = st.lists(st.integers(-40, 40).map(lambda n: n / 8), min_size=1, max_size=60)


@given(NUMBERS, st.sampled_from([0.25, 1.0, 3.0]))
def test_a_line_between_kept_points_passes_within_the_deviation_of_every_raw_one(
    values: list[float], deviation: float
) -> None:
    x = np.arange(len(values), dtype=float)
    y = np.array(values)
    kept = kept_points(x, y, "swinging_door", deviation)
    assert np.abs(np.interp(x, x[kept], y[kept]) - y).max() <= deviation * (1.0 + 1e-12)


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(-40, 40)), min_size=1, max_size=60, unique_by=lambda p: p[0]))
def test_late_samples_are_kept_and_break_no_promise(arriving: list[tuple[int, int]]) -> None:
    samples = frame([value / 8 for _, value in arriving], seconds=[at for at, _ in arriving])
    left = compress(samples, {1: Compression("swinging_door", 1.0)}).samples
    highest, late = -1, set()
    for at, _ in arriving:
        late |= {at} if at < highest else set()
        highest = max(highest, at)
    assert {T0 + timedelta(seconds=at) for at in late} <= set(left["time"])
    raw, rest = (f.sort("time").select(pl.col("time").dt.epoch("us"), "value").to_numpy() for f in (samples, left))
    assert np.abs(np.interp(raw[:, 0], rest[:, 0], rest[:, 1]) - raw[:, 1]).max() <= 1.0 + 1e-9


@given(NUMBERS)
def test_a_held_value_stays_within_the_dead_band_of_every_raw_one(values: list[float]) -> None:
    x = np.arange(len(values), dtype=float)
    y = np.array(values)
    kept = np.flatnonzero(kept_points(x, y, "dead_band", 1.0))
    held = y[kept[np.searchsorted(kept, np.arange(len(y)), side="right") - 1]]
    assert np.abs(held - y).max() <= 1.0 + 1e-9
    steps = np.flatnonzero(np.abs(np.diff(y)) > 2.0)
    assert set(steps) | set(steps + 1) <= set(kept)


@given(NUMBERS, st.integers(1, 10))
def test_no_stretch_is_longer_than_allowed(values: list[float], longest: int) -> None:
    x = np.arange(len(values), dtype=float)
    kept = kept_points(x, np.array(values), "swinging_door", 3.0, longest=float(longest))
    assert np.diff(x[kept], prepend=0.0).max() <= longest


def test_a_bad_stretch_is_kept_with_its_edges() -> None:
    left = compress(frame([1.0] * 5 + [None, None] + [1.0] * 5), {1: Compression("swinging_door", 1.0)}).samples
    assert [(at - T0).seconds for at in left["time"]] == [0, 4, 5, 6, 7, 11]


def test_a_correction_is_kept_beside_what_it_corrects() -> None:
    samples = frame([1.0, 1.0, 1.0, 1.0, 1.5], seconds=[0, 1, 2, 3, 1])
    left = compress(samples, {1: Compression("swinging_door", 1.0)}).samples
    assert left.filter(pl.col("time") == T0 + timedelta(seconds=1))["value"].to_list() == [1.0, 1.5]


def test_what_was_done_is_told_with_the_data_and_other_tags_pass() -> None:
    mine, other = frame([1.0] * 10), frame([1.0] * 10).with_columns(tag=pl.lit(2, pl.Int32))
    done = compress(pl.concat([mine, other]), {1: Compression("swinging_door", 0.5, timedelta(hours=1))})
    assert done.samples.group_by("tag").len().sort("tag")["len"].to_list() == [2, 10]
    text = "compressed: swinging door of 0.5, at least every 1:00:00; 2 of 10 rows kept"
    assert done.texts.select("tag", "text").rows() == [(1, text)]


def test_a_tag_of_a_balance_is_refused() -> None:
    with pytest.raises(ProblemError, match="belt_2"):
        refuse_balanced({"belt_2": Compression("dead_band", 1.0)}, ["belt_1", "belt_2"])


@pytest.mark.parametrize("deviation", [0.0, -1.0, float("nan"), float("inf")])
def test_a_deviation_that_is_none_is_refused(deviation: float) -> None:
    with pytest.raises(ProblemError, match="deviation"):
        Compression("swinging_door", deviation)
