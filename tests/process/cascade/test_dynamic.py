"""A train in time closes, stays positive, comes to rest where the steady state is, and follows Fenske at total reflux."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrolan.base.errors import ProblemError
from ferrolan.process.cascade.circuit import Contents, circuit_of, implicit
from ferrolan.process.cascade.dynamic import Course, Event, State, filled, settled, simulate
from ferrolan.process.cascade.holdup import Holdup
from ferrolan.process.cascade.rating import rate
from ferrolan.process.cascade.startup import at_part_load
from ferrolan.process.cascade.train import PRODUCT, RAFFINATE, Acid, Draw, Feed, SeparationFactors, Train

# Zhang, Zhao, Schreiner 2016: beta 2, 24 + 21 stages; cases/process/zhang2016_binary
S, W = 1.708644869186415, 1.2081943736413152
ZHANG = Train(("A", "B"), 45, (Feed(24, np.array([0.5, 0.5])),), S, W, SeparationFactors(np.array([2.0, 1.0])))
HOURLY = Holdup.lasting(ZHANG, 1.0, 1.5)


@st.composite
def trains(draw: st.DrawFn) -> Train:
    """Trains of 2 to 5 components and 4 to 16 stages, with draws, acid, efficiency or entrainment."""
    C, N = draw(st.integers(2, 5)), draw(st.integers(4, 16))
    number = st.floats(0.05, 1.0)
    feed = np.array([draw(number) for _ in range(C)])
    feed /= feed.sum()
    alpha = np.cumprod([1.0, *(draw(st.floats(1.2, 4.0)) for _ in range(C - 1))])
    product, scrub = draw(st.floats(0.2, 0.7)), draw(st.floats(0.3, 3.0))
    stage = draw(st.integers(2, N - 1))
    chemistry = SeparationFactors(alpha)
    train = Train(tuple("ABCDE"[:C]), N, (Feed(stage, feed),), scrub + product, scrub, chemistry)
    kind = draw(st.sampled_from(["plain", "draw", "efficiency", "entrainment", "acid", "organic feed"]))
    if kind == "draw":
        return replace(train, draws=(Draw("middle", draw(st.integers(2, N - 1)), 0.1),))
    if kind == "efficiency":
        return replace(train, efficiency=np.array([draw(st.floats(0.6, 1.0)) for _ in range(C)]))
    if kind == "entrainment":
        share = draw(st.floats(0.0, 0.05))
        return replace(train, entrained_aqueous=share, entrained_organic=0.5 * share)
    if kind == "acid":
        return replace(train, acids=(Acid(N - 1, 0.1),))
    if kind == "organic feed":
        return replace(train, feeds=(*train.feeds, Feed(stage, 0.1 * feed, "organic", "loaded")), scrub=scrub + 0.1)
    return train


@settings(max_examples=25)
@given(trains(), st.floats(0.2, 3.0), st.floats(0.5, 1.5))
def test_what_enters_less_what_leaves_is_what_accumulates_at_every_step(train: Train, lag: float, load: float) -> None:
    feeds = tuple(replace(feed, amounts=load * feed.amounts[::-1]) for feed in train.feeds)
    event = Event(31.0, replace(train, feeds=feeds))
    course = simulate(train, Holdup.lasting(train, lag, lag), 80.0, events=(event,), tolerance=1e-2)
    assert course.closure < 1e-12  # round-off of sums over stages
    total = sum(course.delivered.values()) + course.in_process_inventory - course.in_process_inventory[0]
    np.testing.assert_allclose(total, course.received, rtol=1e-11, atol=1e-12)


@settings(max_examples=25)
@given(trains(), st.floats(0.2, 3.0))
def test_amounts_stay_positive_at_equilibrium(train: Train, lag: float) -> None:
    if np.any(np.asarray(train.efficiency) < 1.0):
        train = replace(train, efficiency=1.0)
    course = simulate(train, Holdup.lasting(train, lag, lag), 100.0, tolerance=2e-2)
    assert min(course.aqueous.min(), course.organic.min()) >= 0.0


@settings(max_examples=40)
@given(trains())
def test_at_rest_it_is_the_steady_state(train: Train) -> None:
    profile, holdup = rate(train), Holdup.lasting(train, 1.0, 1.0)
    circuit, start = circuit_of(train, holdup), filled(train, holdup)
    contents, guess = Contents(start.aqueous.T[None], start.organic.T[None]), None
    for hours in (*np.geomspace(1.0, 1e6, 13), np.inf):
        stepped = implicit(circuit, contents, float(hours), guess)
        contents, guess = stepped.contents, stepped.guess
    np.testing.assert_allclose(stepped.aqueous[0].T, profile.aqueous, atol=1e-8)  # both solve to 1e-9 or better
    np.testing.assert_allclose(stepped.organic[0].T, profile.organic, atol=1e-8)


def test_a_train_at_its_steady_state_stays_there() -> None:
    profile = rate(ZHANG)
    course = simulate(ZHANG, HOURLY, 500.0, start=settled(profile, HOURLY))
    np.testing.assert_allclose(course.outlets[RAFFINATE][-1], profile.outlets[RAFFINATE], atol=1e-9)
    np.testing.assert_allclose(course.outlets[PRODUCT][-1], profile.outlets[PRODUCT], atol=1e-9)


def test_zhangs_train_comes_to_its_published_purities() -> None:
    """The book: 99.9 % and 99.99 %, stage counts rounded, hence 1e-5 as in cases/process/zhang2016_binary."""
    course = simulate(ZHANG, HOURLY, 1e6, every=1e6)  # its load is 0.05 % off, so that the last digit takes years
    assert course.purity(PRODUCT, "A")[-1] == pytest.approx(0.999, abs=1e-5)
    assert course.purity(RAFFINATE, "B")[-1] == pytest.approx(0.9999, abs=1e-5)


def test_total_reflux_is_fenskes_limit() -> None:
    """With no feed and all of the load returned, the ratio of the keys grows by beta from stage to stage."""
    train = replace(ZHANG, chemistry=SeparationFactors(np.array([1.4, 1.0])))
    closed = at_part_load(train, 0.0)
    course = simulate(closed, HOURLY, 50_000.0, start=filled(train, HOURLY), every=50_000.0, tolerance=1e-2)
    held = course.last.aqueous
    np.testing.assert_allclose(np.diff(np.log(held[:, 0] / held[:, 1])), np.log(1.4), rtol=1e-6)
    np.testing.assert_allclose(
        course.in_process_inventory[-1], course.in_process_inventory[0], rtol=0.01
    )  # stage 1 drains


def test_a_tighter_tolerance_is_nearer_to_the_truth() -> None:
    disturbed = Event(24.0, replace(ZHANG, feeds=(Feed(24, np.array([0.6, 0.4])),)))

    def impurity(tolerance: float) -> np.ndarray:
        course = simulate(ZHANG, HOURLY, 96.0, events=(disturbed,), tolerance=tolerance)
        return np.log(1.0 - course.purity(PRODUCT, "A"))

    truth = impurity(1e-5)
    errors = [np.abs(impurity(tolerance) - truth).max() for tolerance in (2e-2, 3e-3, 5e-4)]
    assert errors[2] < 0.02 and errors[2] < errors[1] < errors[0]  # the default is good for 2 % of an impurity


def test_times_and_speeds_scale_together() -> None:
    """Half the volumes do in half the time what the whole do."""
    whole = simulate(ZHANG, HOURLY, 100.0, every=50.0, tolerance=1e-4)
    half = simulate(ZHANG, Holdup.lasting(ZHANG, 0.5, 0.75), 50.0, every=25.0, tolerance=1e-4)
    np.testing.assert_allclose(half.fractions(), whole.fractions(), atol=3e-3)  # the first steps differ


def test_relabelled_components_behave_alike() -> None:
    feed = np.array([0.2, 0.5, 0.3])
    train = Train(("A", "B", "C"), 20, (Feed(10, feed),), 1.5, 1.1, SeparationFactors(np.array([1.0, 2.0, 5.0])))
    order = [2, 0, 1]
    other = replace(
        train,
        feeds=(Feed(10, feed[order]),),
        chemistry=SeparationFactors(np.array([5.0, 1.0, 2.0])),
        components=("C", "A", "B"),
    )
    holdup = Holdup.lasting(train, 1.0, 1.0)
    one, two = (simulate(each, holdup, 100.0) for each in (train, other))
    np.testing.assert_allclose(two.aqueous, one.aqueous[:, :, order], rtol=1e-6)


def test_a_lost_scrub_leaves_the_organic_unsaturated_and_the_account_closed() -> None:
    lost = Event(10.0, replace(ZHANG, scrub=0.3))
    course = simulate(ZHANG, HOURLY, 200.0, events=(lost,))
    assert course.full[0] and not course.full[-1]
    assert course.closure < 1e-12


def test_the_smaller_the_volumes_the_sooner_the_train_is_at_rest() -> None:
    course = simulate(ZHANG, Holdup.lasting(ZHANG, 1e-6, 1e-6), 100.0)
    np.testing.assert_allclose(course.outlets[PRODUCT][-1], rate(ZHANG).outlets[PRODUCT], atol=1e-7)


def test_draws_are_told_apart() -> None:
    train = replace(ZHANG, draws=(Draw("one", 20, 0.05), Draw("two", 20, 0.1)))
    course = simulate(train, HOURLY, 5000.0, every=5000.0)
    assert course.outlets["one"][-1].sum() == pytest.approx(0.05, rel=1e-6)
    assert course.outlets["two"][-1].sum() == pytest.approx(0.1, rel=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: simulate(ZHANG, HOURLY, -1.0), "hours: expected above 0"),
        (lambda: simulate(ZHANG, HOURLY, 10.0, events=(Event(20.0, ZHANG),)), "events: expected rising times"),
        (lambda: simulate(ZHANG, HOURLY, 10.0, events=(Event(5.0, replace(ZHANG, stages=46)),)), "other components or stages"),
        (lambda: simulate(replace(ZHANG, scrub=0.0), HOURLY, 10.0), "train.scrub: expected above 0"),
        (lambda: simulate(replace(ZHANG, organic_load=-1.0), HOURLY, 10.0), "train.organic_load"),
        (lambda: circuit_of(replace(ZHANG, feeds=(Feed(24, np.array([-0.5, 1.5])),)), HOURLY), "feed 'feed'"),
        (lambda: simulate(replace(ZHANG, feeds=(Feed(50, np.array([0.5, 0.5])),)), HOURLY, 10.0), "expected a stage from 1 to 45"),
        (lambda: simulate(replace(ZHANG, efficiency=0.0), HOURLY, 10.0), "train.efficiency"),
        (lambda: simulate(replace(ZHANG, product_reflux=0.1), HOURLY, 10.0), "not followed in time"),
        (lambda: simulate(replace(ZHANG, draws=(Draw("all", 20, 9.0),)), HOURLY, 10.0), "draws: a draw takes"),
        (lambda: simulate(replace(ZHANG, chemistry=SeparationFactors(np.array([2.0, -1.0]))), HOURLY, 10.0), "separation factors"),
        (lambda: filled(ZHANG, HOURLY, np.array([0.5, 0.6])), "sum to 1"),
        (lambda: simulate(ZHANG, HOURLY, 10.0, start=State(np.ones((3, 2)), np.ones((3, 2)))), "start.aqueous"),
        (lambda: Holdup(-1.0, 1.0), "holdup.aqueous"),
        (lambda: Holdup(1.0, 1.0, feed_strength=0.0), "holdup.feed_strength"),
        (lambda: Holdup(np.ones(3), 1.0).volumes(45), "expected one volume or 45"),
    ],
)  # fmt: skip
def test_a_wrong_schedule_is_named(call, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ProblemError, match=message):
        call()


def test_an_unknown_outlet_or_component_is_named() -> None:
    course: Course = simulate(ZHANG, HOURLY, 1.0)
    with pytest.raises(ProblemError, match="outlet 'tails'"):
        course.purity("tails", "A")
    with pytest.raises(ProblemError, match="component 'Nd'"):
        course.purity(PRODUCT, "Nd")
