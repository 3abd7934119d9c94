"""The synthetic plant that the observer is proved on loses nothing, and its observer knows more than its rivals."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.cascade_dynamic import Log, case, observe
from ferrolan.testing.mass_action_train import run


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
