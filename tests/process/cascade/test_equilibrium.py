"""Single stages: the only point at which both totals are met, and how it follows what the stage holds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrolan.base.errors import NotConverged, ProblemError
from ferrolan.process.cascade import equilibrium
from ferrolan.process.cascade.acid_balance import carriers_of
from ferrolan.process.cascade.chemistry import MassAction
from ferrolan.process.cascade.equilibrium import Exchange, Point, exchange_of, flash
from ferrolan.process.cascade.train import Train
from tests.process.cascade.acid_trains import p507, prommis


def exchange(train: Train) -> Exchange:
    assert isinstance(train.chemistry, MassAction)
    return exchange_of(train.chemistry, carriers_of(train, train.chemistry))


def contents(train: Train, amount: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.tile(train.fed / train.fed.sum() * amount, (train.size, 1))


@given(filled=st.floats(1e-6, 0.95), ph=st.floats(-1.0, 5.0), log_free=st.floats(-5.0, 1.0))
def test_both_totals_are_met_wherever_it_starts(filled: float, ph: float, log_free: float) -> None:
    train = p507(3, 3, 2, 2)
    equations = exchange(train)
    room = equations.carriers.equivalents + equations.carriers.extractant
    held = contents(train, filled / 3.0) * room[:, None]
    found = flash(equations, held, Point(np.full(train.size, ph), np.full(train.size, log_free)))
    np.testing.assert_allclose(found.amounts.liquor + found.amounts.organic, held, rtol=1e-12)
    assert np.abs(equations.residual(equations.totals(found.point, found.amounts))).max() < 1e-9
    np.testing.assert_allclose(found.point.ph, flash(equations, held).point.ph, atol=1e-6)


@pytest.mark.parametrize("train", [p507(3, 3, 2), prommis(2)], ids=["chloride", "sulfate"])
def test_the_derivative_to_contents_is_that_of_the_answer(train: Train) -> None:
    equations = exchange(train)
    room = equations.carriers.equivalents + equations.carriers.extractant
    held = np.outer(0.4 * room / (train.fed @ equations.valence), train.fed)
    found = flash(equations, held)
    for j in range(len(train.components)):
        step = 1e-5 * held[:, j]
        up, down = held.copy(), held.copy()
        up[:, j] += step
        down[:, j] -= step
        moved = (np.log(flash(equations, up).ratio) - np.log(flash(equations, down).ratio)) / (2.0 * step[:, None])
        np.testing.assert_allclose(
            found.log_ratio_to_contents[:, :, j], moved, rtol=1e-4, atol=1e-5 / step.max() * 1e-5
        )


def test_metal_in_place_of_acid_makes_the_liquor_less_acid_and_the_organic_fuller() -> None:
    train = p507(3, 3, 2)
    little, much = (flash(exchange(train), contents(train, amount)).point for amount in (0.01, 0.1))
    assert (much.ph > little.ph).all() and (much.log_free < little.log_free).all()


def test_a_stage_with_more_metal_than_room_is_named() -> None:
    train = p507(3, 3, 2)
    with pytest.raises(ProblemError, match="stage 1 holds"):
        flash(exchange(train), contents(train, 10.0))


def test_an_answer_that_is_not_found_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(equilibrium, "_STEPS", 1)
    monkeypatch.setattr(equilibrium, "_HALVINGS", 3)
    train = p507(3, 3, 2)
    with pytest.raises(NotConverged, match="equilibrium of 5 stages") as caught:
        flash(exchange(train), contents(train, 0.05))
    assert caught.value.last_iterate.shape == (2, train.size)
