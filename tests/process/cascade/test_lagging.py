"""Stages that fall short of equilibrium: how their components answer to the slopes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrolan.process.cascade import Draw, Feed, SeparationFactors, Train, rate
from ferrolan.process.cascade.flows import flows_of
from ferrolan.process.cascade.lagging import LaggingWalk
from ferrolan.process.cascade.train import Phase
from ferrolan.process.cascade.walk import Held


@st.composite
def trains(draw: st.DrawFn) -> Train:
    stages, count = draw(st.integers(3, 30)), draw(st.integers(2, 5))
    alpha = [draw(st.floats(0.05, 20.0)) for _ in range(count)]
    amounts = np.array([draw(st.floats(0.1, 1.0)) for _ in range(count)])
    reflux = draw(st.sampled_from([0.0, 0.1]))
    phases: tuple[Phase, ...] = ("aqueous", "organic")
    phase = draw(st.sampled_from(phases))
    draws = (Draw("middle", draw(st.integers(1, stages)), 0.05, phase),) if draw(st.booleans()) else ()
    feeds = (Feed(draw(st.integers(1, stages)), amounts / amounts.sum()),)
    efficiency = [draw(st.floats(0.5, 0.99)) for _ in range(count)]
    return Train(
        tuple("ABCDE"[:count]), stages, feeds, 1.5, 1.0, SeparationFactors(np.array(alpha)), draws=draws, efficiency=efficiency,
        product_reflux=reflux, raffinate_reflux=0.5 * reflux,
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(trains(), st.booleans(), st.integers(0, 1000))
def test_shares_from_stage_to_stage_give_the_derivatives_of_the_banded_solves(
    train: Train, in_time: bool, seed: int
) -> None:
    random, flows = np.random.default_rng(seed), flows_of(train)
    efficiency = np.broadcast_to(np.asarray(train.efficiency)[:, None], flows.alpha.shape)
    walk, banded = (LaggingWalk(flows, efficiency, train) for _ in range(2))
    banded._is_apart = False
    slopes = random.normal(0.0, 0.5, train.stages)
    held = Held(0.4, random.random(flows.alpha.shape)) if in_time else None
    found, expected = walk.reply(slopes, held), banded.reply(slopes, held)
    assert walk._is_apart
    if (expected.aqueous > 0.0).all() and (expected.organic > 0.0).all():
        assert found.jacobian == pytest.approx(expected.jacobian, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("efficiency", [0.95, 1.0])
def test_a_train_with_a_middle_draw_settles_in_a_few_steps_from_its_picture(efficiency: float) -> None:
    feed = (Feed(90, np.array([0.58, 0.095, 0.325])),)
    factors = SeparationFactors(np.array([75.0, 160.0, 240.0]))
    train = Train(
        ("Sm", "Eu", "Gd"), 130, feed, 4.325, 4.0, factors, draws=(Draw("middle", 70, 0.09),), efficiency=efficiency
    )
    found = rate(train)
    assert found.iterations <= 20 and np.abs(found.closure).max() < 1e-10
