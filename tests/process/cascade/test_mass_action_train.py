"""The synthetic plant that the observer is proved on loses nothing, and its observer knows more than its rivals."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.cascade_dynamic import Log, case, observe
from ferrolan.process.cascade.chemistry import MassAction, SlopeLaw
from ferrolan.process.cascade.rating import rate
from ferrolan.process.cascade.train import Feed, Solution, Train
from ferrolan.testing.mass_action_train import Operated, Plant, beginning, run


@pytest.mark.slow
def test_the_plant_closes_every_element_and_stays_acid() -> None:
    one = case("feed composition", 1)
    before = run(one.plant, one.start, one.operated, 0.0)[0]
    left = before.aqueous[0, 0] + before.organic[0, -1]
    truth, after = run(one.plant, one.start, one.operated, 1.0, step=1.0)  # one explicit step: rates of its beginning
    gained = (after.aqueous + after.organic - one.start.aqueous - one.start.organic).sum(axis=0)
    np.testing.assert_allclose(gained, one.operated(0.0).feed - left, atol=1e-10)
    assert np.all(truth.acid > 0.0) and np.all(truth.aqueous >= 0.0) and np.all(truth.organic >= 0.0)


@pytest.mark.slow
def test_the_observer_places_fronts_better_than_its_rivals_on_a_plant_it_does_not_know() -> None:
    log = Log()
    observe(case("scrub loss", 1), log)
    true, said, alone, last = (np.array(column) for column in zip(*log.position, strict=True))
    error = np.mean([abs(one.middle - value) for one, value in zip(said, true, strict=True)])
    assert error < 0.25 * np.mean(np.abs(last - true))
    assert error < 0.05 * np.mean(np.abs(alone - true))
    assert np.mean([one.holds(value) for one, value in zip(said, true, strict=True)]) > 0.75


def test_the_plant_comes_to_rest_where_closure_b_says() -> None:
    """The plant's contacts are its own; only the law of distribution is shared. Stages at equilibrium: the two rooms
    write Murphree's efficiency differently where the load falls within a stage."""
    feed, load, scrub = np.array([0.3, 0.35, 0.35]), 1.05, 0.7
    law = SlopeLaw(np.array([-4.65, -4.35, -4.0]), np.array([3.0, 2.95, 2.85]), np.array([3.0, 3.0, 2.95]))
    plant = Plant(law, np.ones(3), 8, 5, 1.7, 7.0)
    chemistry = MassAction(law, load / plant.capacity, plant.extractant, scrub_volume=scrub / plant.scrub_strength)
    liquor = Feed(5, feed, solution=Solution(1.0, plant.feed_acid))
    train = Train(("La", "Pr", "Nd"), 8, (liquor,), load, scrub, chemistry, efficiency=plant.efficiency)
    steady = rate(train)
    calm = Operated(feed, load, scrub)
    start = beginning(plant, steady.aqueous * np.linspace(0.9, 1.1, 3), steady.organic, calm, 0.05)
    truth, _ = run(plant, start, lambda _: calm, 1500.0, step=0.5)
    np.testing.assert_allclose(truth.aqueous[-1], steady.aqueous, atol=1e-6)
    np.testing.assert_allclose(truth.organic[-1], steady.organic, atol=1e-6)
