"""What is told of readings that cannot be: frozen, out of range, another unit in one period; and what is not told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from ferrolan.base.status import StatusCode
from ferrolan.base.tables import SAMPLES
from ferrolan.base.time import cut
from ferrolan.historian.plausible import Watched, implausible

START = datetime(2026, 3, 1, tzinfo=UTC)
PERIODS = cut(START, START + timedelta(days=28), timedelta(days=7))
SCALE = Watched("WT-1", "0 to 120 t/h", continuous=True)
ASSAY = Watched("LAB-1", "0 to 100 %", continuous=False)


def moving(count, seed=0, level=50.0):
    return np.round(level * (1.0 + 0.02 * np.random.default_rng(seed).standard_normal(count)), 3)


def samples(values, hours=1.0, status=StatusCode.GOOD):
    times = [START + timedelta(hours=hours * k) for k in range(len(values))]
    rows = {"tag": 7, "time": times, "value": [*values], "raw": None, "status": int(status), "source": 0}
    return SAMPLES.check(
        pl.DataFrame(rows | {"seq": range(len(values))}, strict=False)
        .with_columns(pl.col("value").cast(pl.Float64))
        .select(list(SAMPLES.columns))
        .cast({name: column.dtype for name, column in SAMPLES.columns.items()})
    )


def told(values, watched=SCALE, hours=1.0, out=0, status=StatusCode.GOOD):
    frame = samples(values, hours, status)
    return implausible(frame, {7: watched}, {7: out} if out else {}, PERIODS, "march.csv")


def codes(*arguments, **named):
    return [fault.code for fault in told(*arguments, **named)]


@pytest.mark.parametrize("seed", range(20))
def test_of_a_meter_that_moves_nothing_is_told(seed):
    assert codes(moving(672, seed)) == []


def test_a_meter_that_stands_still_is_told_with_its_number_and_its_first_hour():
    values = moving(672)
    values[300:] = 51.25
    (fault,) = told(values)
    assert (fault.code, fault.path, fault.file) == ("frozen", "WT-1", "march.csv")
    assert fault.found == "51.25 372 times in a row from 2026-03-13 12:00 UTC"


def test_a_meter_that_never_moves_is_told_and_a_laboratory_that_always_says_the_same_is_not():
    assert codes(np.full(672, 51.25)) == ["frozen"]
    assert codes(np.full(28, 51.25), ASSAY, hours=24.0) == []


def test_a_belt_that_stands_is_not_frozen():
    values = moving(672)
    values[300:400] = 0.0
    assert codes(values) == []


def test_less_than_a_day_is_not_told():
    values = moving(672)
    values[300:320] = 51.25
    assert codes(values) == []
    values[300:330] = 51.25
    assert codes(values) == ["frozen"]


def test_a_coarse_analyser_keeps_its_habit_and_a_fine_one_is_told():
    coarse = np.round(moving(31, level=0.5), 1)
    coarse[3] = 0.4
    coarse[9] = 0.6
    assert codes(coarse, ASSAY, hours=24.0) == []
    fine = moving(31)
    fine[12:] = 51.25
    assert codes(fine, ASSAY, hours=24.0) == ["frozen"]


def test_a_lost_value_within_a_frozen_stretch_does_not_hide_it():
    values = [*moving(300), *[51.25] * 372]
    values[400] = None
    assert codes(values) == ["frozen"]


def test_a_period_in_another_unit_is_told_with_both_sizes():
    values = moving(672)
    values[168:336] *= 0.01
    (fault,) = told(values)
    assert (fault.code, fault.path) == ("other_unit", "WT-1")
    assert fault.found.startswith("period 1 reads 0.49")
    assert fault.found.endswith("the others 50")


@pytest.mark.parametrize("factor", [0.1, 0.5, 2.0, 10.0])
def test_a_period_of_another_throughput_is_not_another_unit(factor):
    values = moving(672)
    values[168:336] *= factor
    assert codes(values) == []


def test_many_values_out_of_range_are_told_and_a_few_are_not():
    (fault,) = told(moving(672), out=168)
    assert (fault.code, fault.expected) == ("out_of_range", "0 to 120 t/h")
    assert fault.found == "168 of 672 values out of range"
    assert codes(moving(672), out=6) == []


def test_bad_values_and_tags_nobody_watches_are_left_alone():
    still = np.full(672, 51.25)
    assert codes(still, status=StatusCode.BAD_NO_DATA) == []
    assert implausible(samples(still), {8: SCALE}, {}, PERIODS, "march.csv") == ()
    assert implausible(SAMPLES.empty(), {7: SCALE}, {}, PERIODS, "march.csv") == ()
