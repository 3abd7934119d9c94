"""Total circulation first shortens the way to grade; phases, part loads and fronts are what they say."""

from __future__ import annotations

import numpy as np
import pytest

from ferrolan.base.errors import ProblemError
from ferrolan.process.cascade.dynamic import filled, simulate
from ferrolan.process.cascade.fronts import Front, adjacent, crossing, speed
from ferrolan.process.cascade.holdup import Holdup
from ferrolan.process.cascade.startup import Grade, Load, at_part_load, schedule, start_up
from ferrolan.process.cascade.train import PRODUCT, RAFFINATE, Feed, SeparationFactors, Train

S, W = 1.708644869186415, 1.2081943736413152  # Zhang, Zhao, Schreiner 2016, as in test_dynamic
TRAIN = Train(("A", "B"), 45, (Feed(24, np.array([0.5, 0.5])),), S, W, SeparationFactors(np.array([2.0, 1.0])))
HOLDUP = Holdup.lasting(TRAIN, 1.0, 1.0)
GRADES = (Grade(PRODUCT, ("A",), 0.99), Grade(RAFFINATE, ("B",), 0.999))
KEYS = Front("A/B", ("A",), ("B",))


def test_circulation_first_shortens_the_way_to_grade_and_wastes_less() -> None:
    cold = start_up(TRAIN, HOLDUP, [], 1440.0, GRADES)
    warm = start_up(TRAIN, HOLDUP, [Load(240.0, 0.0), Load(96.0, 0.5)], 1440.0, GRADES)
    assert warm.hours_to_grade[RAFFINATE] < 0.5 * cold.hours_to_grade[RAFFINATE]
    assert warm.off_grade[PRODUCT].sum() < 0.1 * cold.off_grade[PRODUCT].sum()


def test_what_the_stages_were_filled_with_decides_the_road() -> None:
    poor, rich = (
        start_up(TRAIN, HOLDUP, [Load(240.0, 0.0)], 1440.0, GRADES, start=filled(TRAIN, HOLDUP, np.array(mixed)))
        for mixed in ((0.1, 0.9), (0.9, 0.1))
    )
    assert poor.hours_to_grade[RAFFINATE] < rich.hours_to_grade[RAFFINATE]
    assert poor.hours_to_grade[PRODUCT] > rich.hours_to_grade[PRODUCT]


def test_in_total_circulation_nothing_enters_or_leaves() -> None:
    course = simulate(at_part_load(TRAIN, 0.0), HOLDUP, 240.0, start=filled(TRAIN, HOLDUP))
    assert np.all(course.received == 0.0)
    drained = sum(course.delivered.values())[-1].sum()
    assert drained < 0.02 * course.in_process_inventory[0].sum()  # the liquor of stage 1 runs out, no more


def test_a_train_that_never_comes_to_grade_says_so() -> None:
    never = start_up(TRAIN, HOLDUP, [], 240.0, [Grade(PRODUCT, ("A",), 0.99999)])
    assert never.hours_to_grade[PRODUCT] == np.inf


def test_the_schedule_follows_the_phases() -> None:
    events = schedule(TRAIN, [Load(10.0, 0.0), Load(20.0, 0.5)])
    assert [event.time for event in events] == [0.0, 10.0, 30.0]
    assert [event.train.fed.sum() for event in events] == [0.0, 0.5, 1.0]
    assert [event.train.scrub for event in events] == pytest.approx([S, 0.5 * (S + W), W])


def test_a_front_travels_to_the_raffinate_when_more_of_the_heavy_is_fed() -> None:
    course = start_up(TRAIN, HOLDUP, [Load(240.0, 0.0)], 480.0).course
    richer = Train(("A", "B"), 45, (Feed(24, np.array([0.55, 0.45])),), S, W, TRAIN.chemistry)
    after = simulate(richer, HOLDUP, 96.0, start=course.last, every=12.0)
    low = Front("raffinate side", ("A",), ("B",), 0.1)
    assert np.all(speed(after.times, low.position(after.components, after.aqueous))[2:] < 0.0)


@pytest.mark.parametrize(
    ("height", "stage"),
    [
        ([-1.0, -0.5, 0.5, 1.0], 2.5),
        ([0.5, 1.0, 2.0, 3.0], 0.5),
        ([-3.0, -2.0, -1.0, -0.5], 4.5),
        ([-1.0, 1.0, -1.0, 3.0], 3.25),
    ],
)
def test_a_front_is_where_the_level_is_passed_last(height: list[float], stage: float) -> None:
    assert crossing(np.array(height)) == pytest.approx(stage)


def test_adjacent_pairs_each_have_a_front() -> None:
    assert [front.name for front in adjacent(TRAIN)] == ["A/B"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: start_up(TRAIN, HOLDUP, [Load(500.0, 0.0)], 400.0), "its phases last 500 h"),
        (lambda: schedule(TRAIN, [Load(-1.0, 0.0)]), "expected hours above 0"),
        (lambda: at_part_load(TRAIN, 1.5), "expected a share from 0 to 1"),
        (lambda: Grade(PRODUCT, ("A",), 1.0), "expected a purity between 0 and 1"),
        (lambda: Front("x", ("A",), ("A",)), "share none"),
        (lambda: Front("x", ("A",), ("B",), 0.0), "share between 0 and 1"),
        (lambda: KEYS.position(("A", "C"), np.ones((3, 2))), "component 'B'"),
        (lambda: speed(np.array([1.0]), np.array([1.0])), "at least two times"),
    ],
)
def test_a_wrong_start_up_is_named(call, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ProblemError, match=message):
        call()
