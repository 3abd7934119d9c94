"""Measurements from samples: laws, then hand-computed weeks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ferrolan.base.errors import ProblemError
from ferrolan.base.status import AT_MOST
from ferrolan.base.tables import MEASUREMENTS, SAMPLES
from ferrolan.base.time import Period, cut
from ferrolan.historian import Historian, Signal, measure
from ferrolan.historian.aggregate import Reading, Trace, time_mean
from ferrolan.historian.ingest import Conversion, convert

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
BAD, UNCERTAIN = 0x80310000, 0x40940000
FLOW = Signal(1, "feed_scale", "flow", "feed", None, "t/h", True, 0.0, 0.01, "time_mean")
Sample = tuple[float, float | None] | tuple[float, float | None, int]  # hour, value, status


def frame(rows: list[Sample], tag: int = 1) -> pl.DataFrame:
    full = [(*row, 0) if len(row) == 2 else row for row in rows]
    return pl.DataFrame(
        [(tag, START + hour * HOUR, value, None, status, seq, 1) for seq, (hour, value, status) in enumerate(full)],
        schema=SAMPLES.schema,
        orient="row",
    )


def measured(rows: list[Sample], signal: Signal, *edges: float) -> pl.DataFrame:
    periods = [Period(number, START + a * HOUR, START + b * HOUR) for number, (a, b) in enumerate(pairwise(edges))]
    with Historian() as historian:
        historian.append(frame(rows))
        return measure(historian, [signal], periods)


def only(table: pl.DataFrame) -> tuple[float | None, float, str]:
    row = table.row(0, named=True)
    return row["value"], row["coverage"], row["quality"]


@st.composite
def traces(draw: st.DrawFn, *, usable: bool = False) -> Trace:
    times = np.array(sorted(draw(st.sets(st.integers(0, 1000), min_size=2, max_size=20))), dtype=np.int64)
    count = len(times)
    values = np.array(draw(st.lists(st.floats(-1e3, 1e3), min_size=count, max_size=count)))
    flags = st.lists(st.booleans(), min_size=count, max_size=count)
    use = np.ones(count, np.bool_) if usable else np.array(draw(flags))
    return Trace(times, values, use, use & np.array(draw(flags)))


# laws


@settings(max_examples=100)
@given(trace=traces(), value=st.floats(-1e9, 1e9), stepped=st.booleans(), start=st.integers(0, 900))
def test_the_mean_of_a_constant_is_that_constant(trace: Trace, value: float, stepped: bool, start: int) -> None:
    constant = replace(trace, value=np.full(len(trace.time), value))
    assert time_mean(constant, start, start + 100, stepped=stepped).value in (None, value)


@settings(max_examples=100)
@given(
    trace=traces(), stepped=st.booleans(), edges=st.sets(st.integers(0, 1000), min_size=3, max_size=8),
    max_age=st.none() | st.integers(1, 200),
)  # fmt: skip
def test_splitting_a_period_and_recombining_by_covered_time_gives_the_same_mean(
    trace: Trace, stepped: bool, edges: set[int], max_age: int | None
) -> None:
    trace = replace(trace, good=trace.usable)
    cuts = sorted(edges)
    whole = time_mean(trace, cuts[0], cuts[-1], stepped=stepped, max_age=max_age)
    parts = [time_mean(trace, a, b, stepped=stepped, max_age=max_age) for a, b in pairwise(cuts)]
    covered = [part.coverage * (b - a) for part, (a, b) in zip(parts, pairwise(cuts), strict=True)]
    assert sum(covered) == pytest.approx(whole.coverage * (cuts[-1] - cuts[0]), abs=1e-9)
    if whole.value is None:
        assert all(part.value is None for part in parts)
        return
    integral = sum(part.value * weight for part, weight in zip(parts, covered, strict=True) if part.value is not None)
    assert integral / sum(covered) == pytest.approx(whole.value, rel=1e-9, abs=1e-9)


@settings(max_examples=100)
@given(trace=traces(), stepped=st.booleans(), start=st.integers(0, 900), length=st.integers(1, 500))
def test_the_mean_lies_between_the_usable_values(trace: Trace, stepped: bool, start: int, length: int) -> None:
    reading = time_mean(trace, start, start + length, stepped=stepped)
    assert 0.0 <= reading.coverage <= 1.0
    assert (reading.value is None) == (reading.quality in ("bad", "absent"))
    if reading.value is not None:
        values = trace.value[trace.usable]
        assert values.min() - 1e-9 <= reading.value <= values.max() + 1e-9


@settings(max_examples=100)
@given(trace=traces(usable=True), start=st.integers(0, 900), length=st.integers(1, 500))
def test_a_line_through_the_points_is_integrated_exactly(trace: Trace, start: int, length: int) -> None:
    line = replace(trace, value=3.0 + 0.25 * trace.time)
    low, high = max(start, int(line.time[0])), min(start + length, int(line.time[-1]))
    assume(low < high)
    reading = time_mean(line, start, start + length, stepped=False)
    assert reading.value == pytest.approx(3.0 + 0.25 * (low + high) / 2, rel=1e-12)
    assert (
        time_mean(replace(line, good=line.usable), start, start + length, stepped=False).coverage
        == (high - low) / length
    )


@settings(max_examples=40)
@given(trace=traces(), start=st.integers(0, 900), length=st.integers(1, 100), stepped=st.booleans())
def test_the_mean_agrees_with_a_sum_over_every_microsecond(
    trace: Trace, start: int, length: int, stepped: bool
) -> None:
    reading = time_mean(trace, start, start + length, stepped=stepped)
    every = (_value_at(trace, start + k + 0.5, stepped) for k in range(length))
    values = [value for value in every if value is not None]
    assert (reading.value is None) == (not values)
    if reading.value is not None:
        assert reading.value == pytest.approx(float(np.mean(values)), rel=1e-9, abs=1e-9)


def _value_at(trace: Trace, instant: float, stepped: bool) -> float | None:
    before = [k for k in range(len(trace.time)) if trace.time[k] <= instant]
    if not before or before[-1] + 1 == len(trace.time) or not trace.usable[before[-1]]:
        return None
    k = before[-1]
    if stepped or not trace.usable[k + 1]:
        return float(trace.value[k])
    return float(np.interp(instant, trace.time[k : k + 2], trace.value[k : k + 2]))


# hand-computed


def test_the_value_before_the_interval_counts_and_edges_split_exactly() -> None:
    table = measured([(-0.5, 400.0), (0.25, 440.0), (3.0, 0.0)], FLOW, 0, 1, 2)
    assert table["value"].to_list() == [400.0 * 0.25 + 440.0 * 0.75, 440.0]
    assert table["coverage"].to_list() == [1.0, 1.0]
    assert table["sigma"].to_list() == pytest.approx([4.3, 4.4])


def test_a_line_is_cut_at_the_edge_and_uses_the_sample_after_it() -> None:
    table = measured([(-1.0, 0.0), (1.0, 200.0), (3.0, 400.0)], replace(FLOW, stepped=False), 0, 2)
    assert only(table) == (200.0, 1.0, "good")


def test_an_empty_period_inside_the_data_still_has_a_value() -> None:
    assert measured([(-5.0, 7.0), (9.0, 8.0)], FLOW, 0, 1, 2)["value"].to_list() == [7.0, 7.0]


def test_bad_time_is_left_out() -> None:
    table = measured([(0, 100.0), (1, None, BAD), (2, 200.0), (4, 0.0)], FLOW, 0, 4)
    assert only(table) == (pytest.approx(500 / 3), 0.75, "good")


def test_a_value_with_a_bad_status_is_never_used() -> None:
    assert only(measured([(0, 100.0, BAD), (2, 50.0)], FLOW, 0, 2)) == (None, 0.0, "bad")


def test_uncertain_time_is_used_and_marks_the_result() -> None:
    table = measured([(0, 100.0), (1, 300.0, UNCERTAIN), (2, 0.0)], FLOW, 0, 2)
    assert only(table) == (200.0, 0.5, "uncertain")


def test_a_line_holds_its_value_towards_a_bad_sample() -> None:
    table = measured([(0, 100.0), (1, None, BAD), (2, 0.0)], replace(FLOW, stepped=False), 0, 2)
    assert only(table) == (100.0, 0.5, "good")


def test_nothing_is_known_before_the_first_and_after_the_last_sample() -> None:
    table = measured([(1, 100.0), (2, 100.0)], FLOW, 0, 4, 8)
    assert table["coverage"].to_list() == [0.25, 0.0]
    assert table["quality"].to_list() == ["good", "absent"]
    assert table["value"].to_list() == [100.0, None] and table["sigma"].to_list() == [1.0, None]


@pytest.mark.parametrize("stepped", [True, False])
def test_a_value_holds_no_longer_than_its_greatest_age(stepped: bool) -> None:
    signal = replace(FLOW, stepped=stepped, max_age=HOUR)
    table = measured([(0, 100.0), (3, 200.0)], signal, 0, 4)
    assert only(table) == (150.0, 0.5, "good")


def test_a_regular_export_covers_its_last_interval_with_its_greatest_age() -> None:
    rows: list[Sample] = [(hour / 4, 100.0) for hour in range(96)]
    assert only(measured(rows, replace(FLOW, max_age=HOUR / 4), 0, 24)) == (100.0, 1.0, "good")
    assert only(measured(rows, FLOW, 0, 24))[1] == pytest.approx(95 / 96)


ASSAY = replace(FLOW, kind="assay", component="Nd2O3", unit="mass fraction", method="mean", sigma_absolute=0.003)


def test_an_assay_is_the_plain_mean_of_the_samples_taken_in_the_period() -> None:
    rows: list[Sample] = [(-1, 9.0), (0, 1.0), (1, 2.0), (7, 6.0), (8, 99.0)]
    table = measured(rows, replace(ASSAY, sigma_relative=0.004 / 3), 0, 8)
    assert only(table) == (3.0, 1.0, "good")
    assert table["sigma"].item() == pytest.approx(0.003 + 0.004)


def test_bad_assays_are_left_out_of_mean_and_coverage() -> None:
    table = measured([(0, 1.0), (1, None, BAD), (2, 3.0), (3, 5.0, UNCERTAIN)], ASSAY, 0, 8, 16)
    assert table["value"].to_list() == [3.0, None]
    assert table["coverage"].to_list() == [0.5, 0.0] and table["quality"].to_list() == ["uncertain", "absent"]


COUNT = replace(FLOW, kind="stock", unit="t", method="at_start", tolerance=2 * HOUR)


def test_stocks_are_counted_at_every_start_and_at_the_end() -> None:
    rows: list[Sample] = [(-1.5, 10.0), (0.5, 11.0), (24.0, 20.0), (50.0, 30.0)]
    table = measured(rows, COUNT, 0, 24, 48)
    assert table["period"].to_list() == [0, 1, 2]
    assert table["value"].to_list() == [11.0, 20.0, 30.0]


def test_a_count_beyond_the_tolerance_is_absent_and_a_bad_one_is_bad() -> None:
    table = measured([(2.01, 10.0), (24.0, None, BAD), (25.0, None, BAD), (46.0, 9.0)], COUNT, 0, 24, 48)
    assert table["value"].to_list() == [None, None, 9.0]
    assert table["quality"].to_list() == ["absent", "bad", "good"]


def test_of_two_counts_as_near_the_earlier_one_counts() -> None:
    assert measured([(-1.0, 1.0), (1.0, 2.0)], COUNT, 0, 24)["value"][0] == 1.0


def test_the_table_is_sorted_whatever_the_order_of_the_signals() -> None:
    signals = [
        replace(FLOW, tag=3, name="c", object="tails"), replace(ASSAY, tag=2, name="b"), FLOW,
        replace(COUNT, tag=4, name="d", object="store"), replace(ASSAY, tag=5, name="e", component="Fe"),
    ]  # fmt: skip
    periods = cut(START, START + 10 * HOUR, 4 * HOUR)
    with Historian() as historian:
        historian.append(pl.concat([frame([(h, float(h)) for h in range(12)], tag=signal.tag) for signal in signals]))
        one, two = (measure(historian, order, periods) for order in (signals, signals[::-1]))
    MEASUREMENTS.check(one)
    assert one.equals(two)
    keys = one.select("kind", "object", "component").unique(maintain_order=True).rows()
    assert keys == [
        ("assay", "feed", "Fe"), ("assay", "feed", "Nd2O3"), ("flow", "feed", None), ("flow", "tails", None),
        ("stock", "store", None),
    ]  # fmt: skip


def test_a_correction_moves_the_mean() -> None:
    with Historian() as historian:
        historian.append(frame([(0, 100.0), (4, 0.0)]))
        historian.append(frame([(9, 0.0), (9, 0.0), (0, 200.0)]))
        assert measure(historian, [FLOW], cut(START, START + 4 * HOUR, 4 * HOUR))["value"].to_list() == [200.0]


def test_no_samples_at_all_is_absence_in_every_period() -> None:
    with Historian() as historian:
        table = measure(historian, [FLOW, replace(ASSAY, tag=2), replace(COUNT, tag=3)], cut(START, START + HOUR, HOUR))
    assert table["quality"].unique().to_list() == ["absent"] and table["value"].null_count() == table.height == 4


def test_periods_that_do_not_follow_each_other_and_wrong_sigmas_are_refused_together() -> None:
    periods = [Period(0, START, START + HOUR), Period(2, START + 2 * HOUR, START + 2 * HOUR)]
    with Historian() as historian, pytest.raises(ProblemError) as caught:
        measure(historian, [replace(FLOW, sigma_relative=-0.1)], periods)
    for part in ("period 2 does not follow period 0", "period 2 ends before it begins", "feed_scale: sigma -0.1"):
        assert part in str(caught.value)


def test_a_reading_says_why_there_is_no_value() -> None:
    nothing = Trace(np.empty(0, np.int64), np.empty(0), np.empty(0, np.bool_), np.empty(0, np.bool_))
    assert time_mean(nothing, 0, 1, stepped=True) == Reading(None, 0.0, "absent")


# limits: results below the detection limit


def test_a_period_of_results_below_detection_alone_is_below_the_limit() -> None:
    table = measured([(1, 0.01, AT_MOST), (3, 0.01, AT_MOST)], ASSAY, 0, 8)
    assert only(table) == (0.01, 1.0, "below")


def test_limits_of_different_runs_give_the_mean_limit() -> None:
    assert only(measured([(1, 0.01, AT_MOST), (3, 0.03, AT_MOST)], ASSAY, 0, 8)) == (pytest.approx(0.02), 1.0, "below")


def test_among_other_results_a_limit_is_anything_from_zero_to_itself() -> None:
    table = measured([(1, 0.05), (3, 0.01, AT_MOST)], replace(ASSAY, sigma_relative=0.0), 0, 8)
    assert only(table) == (pytest.approx((0.05 + 0.005) / 2), 1.0, "uncertain")
    assert table["sigma"].item() == pytest.approx(np.hypot(0.003, 0.01 / 2 / np.sqrt(12)))


def test_a_declared_detection_limit_makes_lower_samples_limits() -> None:
    limited = replace(ASSAY, detection_limit=0.02)
    assert only(measured([(1, 0.0), (3, 0.013)], limited, 0, 8)) == (0.02, 1.0, "below")
    assert only(measured([(1, 0.02), (3, 0.04)], limited, 0, 8)) == (pytest.approx(0.03), 1.0, "good")


def test_a_flow_below_its_limit_counts_by_its_time() -> None:
    limited = replace(FLOW, detection_limit=1.0)
    assert only(measured([(0, 0.4), (4, 0.6), (8, 5.0)], limited, 0, 8)) == (1.0, 1.0, "below")
    table = measured([(0, 0.4), (4, 5.0), (8, 5.0)], limited, 0, 8)
    assert only(table) == (pytest.approx((0.5 + 5.0) / 2), 1.0, "uncertain")


@given(values=st.lists(st.floats(0.0, 1.0), min_size=1, max_size=9), limit=st.floats(0.01, 1.0))
def test_what_is_below_or_uncertain_is_never_above_the_mean_with_limits_nor_below_zero(
    values: list[float], limit: float
) -> None:
    rows: list[Sample] = [(hour, value) for hour, value in enumerate(values)]
    value, _, quality = only(measured(rows, replace(ASSAY, detection_limit=limit), 0, 10))
    assert value is not None
    assert 0.0 <= value <= np.mean(np.maximum(values, limit)) * (1 + 1e-12)
    assert (quality == "below") == all(value < limit for value in values) or 0.0 in values


def test_a_sigma_grows_by_a_fixed_and_a_relative_part_up_to_its_maximum() -> None:
    both = replace(FLOW, sigma_absolute=0.5, sigma_relative=0.01, sigma_maximum=1.2)
    sigmas = [measured([(0, value), (8, value)], both, 0, 8)["sigma"].item() for value in (20.0, 60.0, 500.0)]
    assert sigmas == [pytest.approx(0.7), pytest.approx(1.1), pytest.approx(1.2)]


def test_a_limit_is_no_value_out_of_range() -> None:
    samples = convert(frame([(1, 0.01, AT_MOST), (2, 0.01)]), {1: Conversion(lo=0.5)})
    assert samples["status"].to_list() == [AT_MOST, UNCERTAIN]
