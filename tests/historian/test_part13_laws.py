"""The aggregates of OPC 10000-13 that its tables leave out, and all of them on random data: an oracle, and laws."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrolan.base.errors import ProblemError
from ferrolan.base.status import StatusCode
from ferrolan.historian.part13 import Answer, Configuration, aggregates, of_samples
from tests.historian.part13_oracle import ORACLES, Asked, Sample

MICROS = 1_000_000
CODES = np.array([StatusCode.GOOD, StatusCode.UNCERTAIN, StatusCode.BAD_DEVICE_FAILURE], np.int64)
LEVELS = st.sampled_from([0, 0, 0, 1, 2])
SAMPLES = st.lists(
    st.tuples(st.integers(0, 60), st.integers(-4, 4), LEVELS), min_size=1, max_size=15, unique_by=lambda one: one[0]
).map(sorted)
EDGES = st.lists(st.integers(-5, 70), min_size=2, max_size=6, unique=True).map(sorted)
WAYS = st.builds(
    Configuration,
    treat_uncertain_as_bad=st.booleans(),
    percent_data_good=st.just(100.0),
    use_sloped_extrapolation=st.booleans(),
    stepped=st.booleans(),
)


def ask(samples: list[Sample], edges: list[int], name: str, way: Configuration) -> Answer:
    level = np.array([one[2] for one in samples], int)
    value = np.where(level == 2, np.nan, np.array([one[1] for one in samples], float))
    time = np.array([one[0] for one in samples], np.int64) * MICROS
    return of_samples(time, value, CODES[level], name, np.array(edges, np.int64) * MICROS, way)


def severities(found: Answer) -> list[int]:
    return ((found.status >> 30) & 3).tolist()


@pytest.mark.parametrize("name", ORACLES)
@settings(max_examples=30)
@given(samples=SAMPLES, edges=EDGES, way=WAYS, percent=st.sampled_from([50, 100]))
def test_an_aggregate_is_what_its_definition_says_worked_out_slowly(
    name: str, samples: list[Sample], edges: list[int], way: Configuration, percent: int
) -> None:
    way = Configuration(
        way.treat_uncertain_as_bad, percent, percent, way.use_sloped_extrapolation, stepped=bool(way.stepped)
    )
    found = ask(samples, edges, name, way)
    values = found.value
    if name == "WorstQuality2":
        values = np.where(np.isnan(values), np.nan, np.nan_to_num(values).astype(np.int64) >> 30)
    for place, (start, end) in enumerate(pairwise(edges)):
        asked = Asked(
            samples, start, end, bool(way.stepped), way.treat_uncertain_as_bad, way.use_sloped_extrapolation, percent
        )
        value, level = ORACLES[name](asked)
        assert severities(found)[place] == level
        if level == 2:
            assert np.isnan(values[place])
        else:
            assert values[place] == pytest.approx(float(value), rel=1e-12, abs=1e-12)  # type: ignore[arg-type]


@settings(max_examples=30)
@given(SAMPLES, EDGES, WAYS)
def test_what_is_bad_has_no_value_and_what_has_none_is_bad(
    samples: list[Sample], edges: list[int], way: Configuration
) -> None:
    for name in aggregates():
        found = ask(samples, edges, name, way)
        assert (np.isnan(found.value) == np.array([level == 2 for level in severities(found)])).all()
        assert ((found.time >= np.array(edges[:-1]) * MICROS) & (found.time < np.array(edges[1:]) * MICROS)).all()


@settings(max_examples=30)
@given(SAMPLES, EDGES, WAYS)
def test_a_range_is_the_maximum_less_the_minimum(samples: list[Sample], edges: list[int], way: Configuration) -> None:
    for ending in ("", "2"):
        low, high, spread = (ask(samples, edges, f"{kind}{ending}", way) for kind in ("Minimum", "Maximum", "Range"))
        np.testing.assert_array_equal(spread.value, high.value - low.value)
        assert severities(spread) == severities(high)


@settings(max_examples=30)
@given(SAMPLES, EDGES, WAYS)
def test_an_actual_time_has_the_same_value_and_is_within_its_interval(
    samples: list[Sample], edges: list[int], way: Configuration
) -> None:
    for name in ("Minimum", "Maximum"):
        for ending in ("", "2"):
            plain, timed = (
                ask(samples, edges, f"{name}{ending}", way),
                ask(samples, edges, f"{name}ActualTime{ending}", way),
            )
            np.testing.assert_array_equal(plain.value, timed.value)
            assert severities(plain) == severities(timed)


@settings(max_examples=30)
@given(SAMPLES, EDGES, WAYS)
def test_good_and_bad_time_never_exceed_the_interval_and_fill_it_where_nothing_is_uncertain(
    samples: list[Sample], edges: list[int], way: Configuration
) -> None:
    certain = [(time, value, 0 if level == 1 else level) for time, value, level in samples]
    good, bad = (ask(samples, edges, f"Duration{kind}", way).value for kind in ("Good", "Bad"))
    assert ((good + bad)[~np.isnan(good)] <= np.diff(edges)[~np.isnan(good)] * 1000.0).all()
    way = Configuration(stepped=True)
    good, bad = (ask(certain, edges, f"Percent{kind}", way).value for kind in ("Good", "Bad"))
    np.testing.assert_allclose((good + bad)[~np.isnan(good)], 100.0, rtol=1e-12)


@given(SAMPLES, EDGES, st.booleans())
def test_time_in_both_states_is_the_good_time(samples: list[Sample], edges: list[int], stepped: bool) -> None:
    way = Configuration(percent_data_bad=100.0, percent_data_good=0.0, stepped=stepped)
    zero, other, good = (
        ask(samples, edges, name, way).value
        for name in ("DurationInStateZero", "DurationInStateNonZero", "DurationGood")
    )
    np.testing.assert_array_equal(zero + other, good)


@settings(max_examples=30)
@given(SAMPLES, st.integers(-5, 20), st.integers(21, 40), st.integers(41, 70), WAYS)
def test_what_adds_up_adds_up_when_an_interval_is_split(
    samples: list[Sample], start: int, between: int, end: int, way: Configuration
) -> None:
    always = Configuration(way.treat_uncertain_as_bad, 0.0, 100.0, way.use_sloped_extrapolation, way.stepped)
    for name in ("Count", "AnnotationCount", "Total2", "DurationBad", "NumberOfTransitions"):
        if name == "DurationBad" and way.treat_uncertain_as_bad:
            continue  # the status of an uncertain region at an edge is that of the bound there, in the standard's examples
        whole = ask(samples, [start, end], name, always).value
        parts = ask(samples, [start, between, end], name, always).value
        if name == "DurationBad" and np.isnan(parts).any():
            continue  # before and after the data there is no time that could be Bad
        assert np.nansum(parts) == pytest.approx(np.nansum(whole), rel=1e-12, abs=1e-9)


@settings(max_examples=30)
@given(SAMPLES, st.integers(-5, 20), st.integers(21, 40), WAYS)
def test_a_total_adds_up_within_the_data(samples: list[Sample], start: int, between: int, way: Configuration) -> None:
    closed = [*[one for one in samples if one[0] < 60], (60, 1, 0)]
    for name in ("Total", "Total2"):
        whole, parts = (ask(closed, edges, name, way).value for edges in ([start, 60], [start, between, 60]))
        if not np.isnan(whole).any() and not np.isnan(parts).any():
            assert parts.sum() == pytest.approx(whole.sum(), rel=1e-12, abs=1e-9)


@settings(max_examples=30)
@given(SAMPLES, EDGES, WAYS, st.floats(-1e9, 1e9))
def test_the_mean_of_a_constant_is_that_constant(
    samples: list[Sample], edges: list[int], way: Configuration, constant: float
) -> None:
    level = np.array([one[2] for one in samples])
    time = np.array([one[0] for one in samples], np.int64) * MICROS
    value = np.where(level == 2, np.nan, constant)
    for name in ("Average", "TimeAverage", "TimeAverage2", "Minimum2", "Maximum2"):
        found = of_samples(time, value, CODES[level], name, np.array(edges, np.int64) * MICROS, way).value
        assert set(found[~np.isnan(found)]) <= {constant}


@settings(max_examples=30)
@given(SAMPLES, EDGES, WAYS)
def test_delta_bounds_add_up_over_intervals_that_meet(
    samples: list[Sample], edges: list[int], way: Configuration
) -> None:
    parts = ask(samples, edges, "DeltaBounds", way).value
    whole = ask(samples, [edges[0], edges[-1]], "DeltaBounds", way).value
    if not np.isnan(parts).any():
        assert parts.sum() == pytest.approx(whole[0], abs=1e-9)


@settings(max_examples=30)
@given(SAMPLES, EDGES, WAYS)
def test_an_end_bound_is_the_next_start_bound(samples: list[Sample], edges: list[int], way: Configuration) -> None:
    starts, ends = (ask(samples, edges, f"{kind}Bound", way).value for kind in ("Start", "End"))
    inside = ~np.isnan(starts[1:]) & ~np.isnan(ends[:-1])
    np.testing.assert_array_equal(starts[1:][inside], ends[:-1][inside])


@settings(max_examples=30)
@given(SAMPLES, EDGES, WAYS)
def test_variances_are_squares_of_deviations_and_differ_by_the_count(
    samples: list[Sample], edges: list[int], way: Configuration
) -> None:
    for kind in ("Sample", "Population"):
        deviation, variance = (ask(samples, edges, f"{name}{kind}", way).value for name in _SPREADS)
        np.testing.assert_allclose(deviation**2, variance, rtol=1e-12, atol=1e-12)
    count = np.array([sum(a <= one[0] < b and one[2] == 0 for one in samples) for a, b in pairwise(edges)])
    sample, population = (ask(samples, edges, f"Variance{kind}", way).value for kind in ("Sample", "Population"))
    many = count > 1
    np.testing.assert_allclose((sample * (count - 1))[many], (population * count)[many], rtol=1e-12, atol=1e-12)


_SPREADS = ("StandardDeviation", "Variance")


@settings(max_examples=30)
@given(SAMPLES, EDGES, WAYS, st.data())
def test_an_interval_has_the_same_answer_alone_and_among_others(
    samples: list[Sample], edges: list[int], way: Configuration, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(edges) - 2))
    for name in aggregates():
        among = ask(samples, edges, name, way)
        alone = ask(samples, edges[place : place + 2], name, way)
        assert (among.time[place], among.status[place]) == (alone.time[0], alone.status[0])
        np.testing.assert_allclose(among.value[place], alone.value[0], rtol=1e-12, atol=1e-12)


def test_without_samples_every_aggregate_is_bad_no_data() -> None:
    for name in aggregates():
        found = ask([], [0, 10, 20], name, Configuration())
        assert found.status.tolist() == [StatusCode.BAD_NO_DATA] * 2 and np.isnan(found.value).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_sample_without_a_finite_value_is_bad_whatever_its_status(value: float) -> None:
    time, edges = np.array([0, 5, 10]) * MICROS, np.array([0, 5, 10]) * MICROS
    for name in aggregates():
        found, expected = (
            of_samples(time, np.array([1.0, number, 2.0]), np.array([0, code, 0], np.int64), name, edges)
            for number, code in ((value, 0), (np.nan, int(StatusCode.BAD)))
        )
        np.testing.assert_array_equal(found.value, expected.value)
        assert found.status.tolist() == expected.status.tolist()


def test_limit_bits_of_a_sample_stay_and_those_of_another_history_do_not() -> None:
    low, stored_as_interpolated = 0x00000500, 0x00000402
    edges = np.array([0, 5, 10]) * MICROS
    time = np.array([1, 6, 20], np.int64) * MICROS
    status = np.array([low, stored_as_interpolated, 0], np.int64)
    assert of_samples(time, np.ones(3), status, "Start", edges).status.tolist() == [low | 0x4, 0]


def test_an_unknown_aggregate_is_refused_with_the_list() -> None:
    with pytest.raises(ProblemError, match="TimeAverage2"):
        ask([(0, 1, 0)], [0, 10], "Mean", Configuration())


@pytest.mark.parametrize("edges", [[0], [0, 0], [5, 0]])
def test_edges_that_do_not_rise_are_refused(edges: list[int]) -> None:
    with pytest.raises(ProblemError, match="rise"):
        ask([(0, 1, 0)], edges, "Count", Configuration())


@pytest.mark.parametrize("settings_", [{"percent_data_good": 101.0}, {"percent_data_bad": -1.0}])
def test_a_percentage_that_is_none_is_refused(settings_: dict[str, float]) -> None:
    with pytest.raises(ProblemError, match="percent_data"):
        Configuration(**settings_)  # type: ignore[arg-type]
