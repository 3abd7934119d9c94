"""The dynamic account recovers what it can see, says what it cannot, and takes late and wrong assays for what they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrolan.base.errors import ProblemError
from ferrolan.process.cascade.advice import Move, advise
from ferrolan.process.cascade.dynamic import Course, Event, State, simulate
from ferrolan.process.cascade.fronts import Front
from ferrolan.process.cascade.holdup import Holdup
from ferrolan.process.cascade.observer import Doubt, Doubts, FeedAssay, Flows, Observer, StageAssay
from ferrolan.process.cascade.observer_account import account
from ferrolan.process.cascade.observer_ensemble import corrected, widened
from ferrolan.process.cascade.startup import Grade
from ferrolan.process.cascade.train import PRODUCT, RAFFINATE, Feed, SeparationFactors, Train

NAMES = ("La", "Pr", "Nd")
FEED = np.array([0.3, 0.35, 0.35])
TRAIN = Train(NAMES, 24, (Feed(13, FEED),), 1.05, 0.7, SeparationFactors(np.array([1.0, 2.5, 7.0])), efficiency=0.9)
HOLDUP = Holdup.lasting(TRAIN, 1.0, 1.2)
FRONTS = (Front("raffinate side", ("Nd",), ("La", "Pr"), 0.1), Front("product side", ("Nd",), ("La", "Pr"), 0.9))
GRADES = (Grade(RAFFINATE, ("La", "Pr"), 0.98), Grade(PRODUCT, ("Nd",), 0.9))
CALM = Doubts(tilt=0.02, shift=1.0)


@pytest.fixture(scope="module")
def calm() -> State:
    return simulate(TRAIN, HOLDUP, 1000.0, every=1000.0).last


@pytest.fixture(scope="module")
def course(calm: State) -> Course:
    """The truth: 3 % of the scrub is lost, and 6 % more neodymium fed, and no meter says so."""
    richer = np.array([0.3, 0.329, 0.371])
    disturbed = replace(TRAIN, scrub=0.7 * 0.97, feeds=(Feed(13, richer),))
    return simulate(TRAIN, HOLDUP, 480.0, start=calm, events=(Event(24.0, disturbed),), every=1.0, tolerance=5e-3)


@pytest.fixture(scope="module")
def lost(calm: State) -> Course:
    """The truth: 6 % of the scrub is lost, so that the product's front goes to its end, and no meter says so."""
    event = Event(1.0, replace(TRAIN, scrub=0.7 * 0.94))
    return simulate(TRAIN, HOLDUP, 480.0, start=calm, events=(event,), every=1.0, tolerance=5e-3)


def _assays(course: Course, hour: int, stages: Sequence[int], late: float = 0.0, sd: float = 0.01) -> list[StageAssay]:
    shares = course.fractions()[hour]
    return [
        StageAssay(hour, hour + late, stage, dict(zip(NAMES, map(float, shares[stage - 1]), strict=True)), sd)
        for stage in stages
    ]


def _followed(
    course: Course, calm: State, hours: int, stages: Sequence[int], *, late: int = 6, quiet: int = 10_000, seed: int = 1
) -> Observer:
    """Observer at ``hours``, with exact assays every 12 hours until ``quiet``."""
    observer = Observer(TRAIN, HOLDUP, calm, CALM, members=50, seed=seed, lag=24.0)
    for hour in range(1, hours + 1):
        observer.advance(Flows(float(hour), 1.0, 1.05, 0.7))
        taken = hour - late
        if taken > 0 and taken % 12 == 0 and taken < quiet:
            for assay in _assays(course, taken, stages, late):
                observer.learn(assay)
    return observer


STAGES = (1, 5, 9, 17, 21)


def test_with_an_exact_model_and_exact_assays_the_truth_is_recovered(course: Course, calm: State) -> None:
    observer = _followed(course, calm, 240, STAGES)
    said = account(observer, FRONTS, GRADES, horizon=240.0)
    at = int(np.searchsorted(course.times, 240.0))
    for front, one in zip(FRONTS, said.fronts, strict=True):
        true = float(front.position(NAMES, course.aqueous[at]))
        assert one.position.middle == pytest.approx(true, abs=0.15)  # stages; the interval is about as wide
        assert one.seen
    median = said.fractions[1]
    np.testing.assert_allclose(median, course.fractions()[at], atol=0.02)


def test_hours_to_off_grade_are_found_before_they_pass(lost: Course, calm: State) -> None:
    grade = Grade(PRODUCT, ("Nd",), float(lost.purity(PRODUCT, "Nd")[192 + 96]))
    said = account(_followed(lost, calm, 192, STAGES), FRONTS, (grade,), horizon=360.0)
    assert said.outlets[0].hours.holds(96.0)
    assert said.outlets[0].hours.middle == pytest.approx(96.0, abs=48.0)


def test_intervals_widen_without_assays(course: Course, calm: State) -> None:
    fed, starved = (account(_followed(course, calm, 192, STAGES, quiet=quiet), FRONTS, ()) for quiet in (10_000, 73))
    for known, unknown in zip(fed.fronts, starved.fronts, strict=True):
        assert unknown.position.width > 2.0 * known.position.width


def test_without_any_assay_nothing_is_claimed_to_be_seen(course: Course, calm: State) -> None:
    said = account(_followed(course, calm, 192, ()), FRONTS, GRADES, horizon=240.0)
    assert {one.name for one in said.unknowns} <= set(said.unseen)
    assert any(name.startswith("front") for name in said.unseen)


def test_an_assay_known_late_says_nearly_what_it_would_have_said_at_once(course: Course, calm: State) -> None:
    early, late = (account(_followed(course, calm, 130, STAGES, late=lag), FRONTS, ()) for lag in (0, 8))
    for one, other in zip(early.fronts, late.fronts, strict=True):
        assert one.position.middle == pytest.approx(other.position.middle, abs=0.15)


def test_a_mistaken_sample_is_doubted_and_does_little_harm(course: Course, calm: State) -> None:
    observer = _followed(course, calm, 120, STAGES)
    before = account(observer, FRONTS, ()).fronts[0].position
    observer.learn(StageAssay(114.0, 120.0, 5, {"La": 0.02, "Pr": 0.03, "Nd": 0.95}))
    after = account(observer, FRONTS, ()).fronts[0].position
    assert observer.doubted
    assert after.middle == pytest.approx(before.middle, abs=0.5)


def test_a_model_that_is_wrong_beyond_its_doubts_is_surprised(course: Course, calm: State) -> None:
    sure = Doubt(1e-6)
    certain = Doubts(sure, sure, sure, sure, sure, sure, noise=1e-5, shift=0.05, tilt=0.001)
    observer = Observer(TRAIN, HOLDUP, calm, certain, members=30, lag=24.0)
    for hour in range(1, 145):
        observer.advance(Flows(float(hour), 1.0, 1.05, 0.7))
        if hour % 12 == 0:
            for assay in _assays(course, hour, STAGES):
                observer.learn(assay)
    assert observer.surprise > 1.3


def test_a_feed_assay_corrects_the_feed(calm: State) -> None:
    observer = Observer(TRAIN, HOLDUP, calm, members=50)
    for hour in range(1, 49):
        observer.advance(Flows(float(hour), 1.0, 1.05, 0.7))
        if hour % 6 == 0:
            observer.learn(FeedAssay(hour, hour, {"La": 0.28, "Pr": 0.32, "Nd": 0.40}))
    fed = observer.members(TRAIN, observer.ensemble.offsets).fed.sum(axis=2).mean(axis=0)
    np.testing.assert_allclose(fed / fed.sum(), [0.28, 0.32, 0.40], atol=0.01)


def test_the_same_seed_says_the_same(course: Course, calm: State) -> None:
    one, two = (account(_followed(course, calm, 30, STAGES, seed=3), FRONTS, GRADES) for _ in range(2))
    assert one.fronts == two.fronts and one.outlets == two.outlets


def test_a_flow_that_was_changed_counts_as_it_is_now(calm: State) -> None:
    observer = Observer(TRAIN, HOLDUP, calm, members=10)
    for hour in range(1, 40):
        observer.advance(Flows(float(hour), 1.0, 1.05, 0.7 if hour < 30 else 0.63))
    assert observer.flows.scrub == pytest.approx(0.63)


def test_a_feed_that_is_shut_for_a_day_is_followed(calm: State) -> None:
    observer = Observer(TRAIN, HOLDUP, calm, members=10)
    for hour in range(1, 60):
        observer.advance(Flows(float(hour), 0.0 if 20 <= hour < 44 else 1.0, 1.05, 0.7))
    assert np.all(np.isfinite(observer.ensemble.contents.aqueous)) and np.all(observer.ensemble.contents.organic > 0.0)


def test_the_advice_moves_against_the_disturbance_and_pays(lost: Course, calm: State) -> None:
    observer = _followed(lost, calm, 192, STAGES)
    grade = (Grade(PRODUCT, ("Nd",), float(lost.purity(PRODUCT, "Nd")[192 + 96])),)
    advice = advise(observer, grade, horizon=360.0, sizes=(0.02, 0.05))
    assert advice.move in (
        Move("scrub", 1.02),
        Move("scrub", 1.05),
        Move("organic_load", 0.98),
        Move("organic_load", 0.95),
    )
    assert advice.effect is not None and advice.sure and advice.effect.gained.middle > 100.0
    assert all(effect.gained.middle <= 0.0 for effect in advice.effects if effect.move == Move("scrub", 0.95))


def test_where_nothing_is_to_be_gained_the_advice_is_to_stay(course: Course, calm: State) -> None:
    observer = _followed(course, calm, 24, STAGES)
    advice = advise(observer, (Grade(PRODUCT, ("Nd",), 0.5),), horizon=120.0)
    assert advice.move is None and not advice.sure
    assert 1 <= advice.sample <= TRAIN.stages


@given(st.integers(0, 100), st.floats(0.01, 10.0), st.floats(-3.0, 3.0))
def test_a_correction_is_kalmans(seed: int, variance: float, observed: float) -> None:
    members = np.random.default_rng(seed).standard_normal((30, 4))
    expected = members @ np.array([1.0, -0.5, 0.0, 2.0])
    after = corrected(members, expected, observed, variance)
    prior = np.cov(members.T)
    h = np.array([1.0, -0.5, 0.0, 2.0])
    gain = prior @ h / (h @ prior @ h + variance)
    mean = members.mean(axis=0)
    np.testing.assert_allclose(after.mean(axis=0), mean + gain * (observed - h @ mean), atol=1e-9)
    np.testing.assert_allclose(np.cov(after.T), prior - np.outer(gain, h @ prior), atol=1e-9)


def test_widening_keeps_the_mean() -> None:
    members = np.random.default_rng(1).standard_normal((20, 3))
    np.testing.assert_allclose(widened(members, 2.0).mean(axis=0), members.mean(axis=0))
    np.testing.assert_allclose(widened(members, 2.0).std(axis=0), 2.0 * members.std(axis=0))


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda one: one.advance(Flows(0.0, 1.0, 1.05, 0.7)), "the account stands at 1 h"),
        (lambda one: one.advance(Flows(2.0, 1.0, -1.05, 0.7)), "organic_load: expected above 0"),
        (lambda one: one.advance(Flows(2.0, float("nan"), 1.05, 0.7)), "feed: expected above 0"),
        (lambda one: one.learn(StageAssay(1.0, 1.0, 30, {"Nd": 0.1})), "expected a stage from 1 to 24"),
        (lambda one: one.learn(StageAssay(1.0, 1.0, 3, {"Eu": 0.1})), "component 'Eu'"),
        (lambda one: one.learn(StageAssay(1.0, 1.0, 3, {"Nd": 0.0})), "expected a fraction between 0 and 1"),
        (lambda one: one.learn(StageAssay(1.0, 1.0, 3, {"Nd": 0.8, "Pr": 0.4})), "sum to at most 1"),
        (lambda one: one.learn(StageAssay(5.0, 6.0, 3, {"Nd": 0.1})), "the observer remembers"),
        (lambda one: one.learn(StageAssay(1.0, 0.5, 3, {"Nd": 0.1})), "before it was taken"),
        (lambda one: one.learn(StageAssay(1.0, 1.0, 3, {"Nd": 0.1}, sd=0.0)), "standard deviation above 0"),
        (lambda one: account(one, (), (Grade("tails", ("Nd",), 0.9),)), "outlet 'tails'"),
        (lambda one: account(one, (), (Grade(PRODUCT, NAMES, 0.9),)), "names every component"),
        (lambda one: account(one, (), (), horizon=-1.0), "expected 0 < stride <= horizon"),
        (lambda one: advise(one, ()), "expected grades"),
        (lambda one: Observer(TRAIN, HOLDUP, one_stage(), members=20), "start: expected"),
        (lambda one: Observer(TRAIN, HOLDUP, one_stage(), members=2), "at least 10 members"),
    ],
)  # fmt: skip
def test_a_wrong_reading_is_named(calm: State, act, message: str) -> None:  # type: ignore[no-untyped-def]
    observer = Observer(TRAIN, HOLDUP, calm, members=10)
    observer.advance(Flows(1.0, 1.0, 1.05, 0.7))
    with pytest.raises(ProblemError, match=message):
        act(observer)


def one_stage() -> State:
    return State(np.ones((1, 3)), np.ones((1, 3)))
