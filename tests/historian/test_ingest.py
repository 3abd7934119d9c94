"""The unit gate in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import inf, nan

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrolan.base.errors import UnitError
from ferrolan.base.status import RETRACTED, StatusCode
from ferrolan.base.tables import REJECTED, SAMPLES
from ferrolan.historian import Conversion, Historian, ingest
from ferrolan.historian.ingest import convert

START = datetime(2026, 3, 1, tzinfo=UTC)
EXCEEDED = StatusCode.UNCERTAIN_ENGINEERING_UNITS_EXCEEDED


@dataclass(frozen=True)
class Batch:
    samples: pl.DataFrame
    rejected: pl.DataFrame


def samples(values: list[float | None], status: int = 0, tag: int = 1) -> pl.DataFrame:
    rows = [(tag, START + timedelta(minutes=m), v, None, status, m, 1) for m, v in enumerate(values)]
    return pl.DataFrame(rows, schema=SAMPLES.schema, orient="row")


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.floats(0.01, 100), st.floats(-100, 100))
def test_the_raw_value_is_kept_and_the_canonical_one_is_its_scale(
    values: list[float], factor: float, offset: float
) -> None:
    frame = convert(samples(values), {1: Conversion(factor, offset)})
    if (factor, offset) == (1.0, 0.0):
        assert frame["raw"].null_count() == len(values)
    else:
        assert frame["raw"].to_list() == values
    assert frame["value"].to_list() == [value * factor + offset for value in values]


def test_an_identity_keeps_the_value_and_no_raw() -> None:
    frame = convert(samples([1.5, 2.5]), {1: Conversion()})
    assert frame["value"].to_list() == [1.5, 2.5] and frame["raw"].to_list() == [None, None]


def test_degrees_celsius_become_kelvin_once() -> None:
    assert convert(samples([1187.0]), {1: Conversion(1.0, 273.15)})["value"].to_list() == [1460.15]


def test_a_value_outside_its_range_is_kept_flagged_and_counted() -> None:
    batch = Batch(samples([3.14, 314.0, -1.0, 0.0, 10.0]), REJECTED.empty())
    with Historian() as historian:
        report = ingest(historian, batch, {1: Conversion(lo=0.0, hi=10.0)})
        stored = historian.query([1], START, START + timedelta(days=1))
    assert stored["value"].to_list() == [3.14, 314.0, -1.0, 0.0, 10.0]
    assert stored["status"].to_list() == [0, EXCEEDED, EXCEEDED, 0, 0]
    assert (report.samples, report.good, report.uncertain, report.bad) == (5, 3, 2, 0)
    assert report.out_of_range == {1: 2}


def test_a_range_is_read_in_canonical_units() -> None:
    frame = convert(samples([20.0, 1187.0]), {1: Conversion(1.0, 273.15, lo=273.15, hi=400.0)})
    assert frame["status"].to_list() == [0, EXCEEDED]


@pytest.mark.parametrize("status", [0x80310000, 0x40900000, RETRACTED])
def test_a_status_of_the_source_is_never_improved_or_replaced(status: int) -> None:
    assert convert(samples([99.0], status), {1: Conversion(lo=0.0, hi=10.0)})["status"].to_list() != [0]
    frame = convert(samples([5.0, None], status), {1: Conversion(lo=0.0, hi=10.0)})
    assert frame["status"][0] == status
    assert frame["status"][1] == (StatusCode.BAD_NO_DATA if status == 0x40900000 else status)


@pytest.mark.parametrize("value", [None, nan, inf])
def test_good_without_a_finite_value_is_not_good(value: float | None) -> None:
    frame = convert(samples([value]), {1: Conversion(2.0)})
    assert frame["value"].to_list() == [None] and frame["status"].to_list() == [StatusCode.BAD_NO_DATA]


def test_a_tag_without_a_conversion_is_refused_before_anything_is_stored() -> None:
    batch = Batch(pl.concat([samples([1.0]), samples([1.0], tag=2)]), REJECTED.empty())
    with Historian() as historian:
        with pytest.raises(UnitError, match=r"tags \[2\] have no conversion"):
            ingest(historian, batch, {1: Conversion()})
        assert historian.count() == 0


@pytest.mark.parametrize(
    "unit", [Conversion(0.0), Conversion(nan), Conversion(inf), Conversion(1.0, nan), Conversion(lo=2.0, hi=1.0)]
)
def test_a_conversion_that_is_no_scale_is_refused(unit: Conversion) -> None:
    with pytest.raises(UnitError, match="tag 1"):
        convert(samples([1.0]), {1: unit})


def test_order_and_other_columns_pass_unchanged() -> None:
    frame = pl.concat([samples([3.0, 1.0], tag=2), samples([2.0], tag=1)])
    after = convert(frame, {1: Conversion(), 2: Conversion(2.0)})
    assert after.select("tag", "time", "seq", "source").equals(frame.select("tag", "time", "seq", "source"))
