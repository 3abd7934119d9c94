"""Many neighbours of a train at once: as each alone, none lost."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from ferrolan.base.errors import ProblemError
from ferrolan.process.cascade import (
    Draw,
    Feed,
    SeparationFactors,
    Stripping,
    Train,
    minimum_flows,
    rate,
    rate_many,
)

ALPHA, FEED = np.array([1.0, 2.0, 3.0, 30.0, 66.0]), np.array([0.27, 0.5, 0.05, 0.16, 0.02])
LEAST = minimum_flows(ALPHA, FEED, 2)
TRAIN = Train(
    ("La", "Ce", "Pr", "Nd", "Sm"),
    80,
    (Feed(40, FEED),),
    1.3 * LEAST.scrub + LEAST.product,
    1.3 * LEAST.scrub,
    SeparationFactors(ALPHA),
)


def disturbed(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    feeds = FEED * np.exp(random.normal(0.0, 0.05, (count, 5)))
    return ALPHA * np.exp(random.normal(0.0, 0.02, (count, 5))), feeds / feeds.sum(axis=1, keepdims=True)


def alone(train: Train, alpha: np.ndarray, feed: np.ndarray) -> Train:
    return replace(train, feeds=(Feed(train.feeds[0].stage, feed),), chemistry=SeparationFactors(alpha))


def test_every_sample_is_what_rate_gives_alone() -> None:
    alphas, feeds = disturbed(300)
    found = rate_many(TRAIN, alphas=alphas, feeds=feeds)
    assert found.settled.all() and found.closure.max() < 1e-12 and not found.refused
    for at in range(0, 300, 23):
        profile = rate(alone(TRAIN, alphas[at], feeds[at]))
        for name, amounts in profile.outlets.items():
            assert found.outlets[name][at] == pytest.approx(amounts, abs=1e-10)
        assert found.purity("raffinate", "Ce")[at] == pytest.approx(profile.purity("raffinate", "Ce"))


def test_the_number_of_threads_does_not_change_a_digit() -> None:
    alphas, feeds = disturbed(100, seed=1)
    one, two = (rate_many(TRAIN, alphas=alphas, feeds=feeds, threads=threads) for threads in (1, 2))
    assert all(np.array_equal(one.outlets[name], two.outlets[name]) for name in one.outlets)


def test_flows_vary_too_and_draws_and_entrainment_are_kept() -> None:
    train = replace(TRAIN, draws=(Draw("side", 60, 0.01),), entrained_organic=0.01, stages=70)
    scrub = train.scrub * np.linspace(1.0, 1.5, 7)
    found = rate_many(train, scrub=scrub, organic_load=scrub + LEAST.product)
    for at in (0, 3, 6):
        profile = rate(replace(train, scrub=scrub[at], organic_load=scrub[at] + LEAST.product))
        for name, amounts in profile.outlets.items():
            assert found.outlets[name][at] == pytest.approx(amounts, abs=1e-10)


def test_trains_with_stripping_or_an_efficiency_are_settled_one_by_one() -> None:
    train = replace(TRAIN, stripping=Stripping(3), efficiency=0.9, stages=40, feeds=(Feed(20, FEED),))
    alphas, feeds = disturbed(3)
    found = rate_many(train, alphas=alphas, feeds=feeds)
    assert found.alone.all() and found.settled.all()
    expected = rate(alone(train, alphas[2], feeds[2])).outlets["spent_organic"]
    assert found.outlets["spent_organic"][2] == pytest.approx(expected, rel=1e-6)


def test_a_sample_that_cannot_be_is_refused_with_its_reason_and_the_others_are_not_lost() -> None:
    scrub = np.array([1.0, 1.2, 5.0, math.nan]) * TRAIN.scrub
    found = rate_many(TRAIN, scrub=scrub)
    assert found.settled.tolist() == [True, True, False, False]
    assert "the organic phase would leave" in found.refused[2]
    assert "expected a flow above 0" in found.refused[3]
    assert all(np.isfinite(amounts).all() for amounts in found.outlets.values())


@pytest.mark.parametrize(("draw", "load"), [(Draw("mid", 1, 0.05), 2.28), (Draw("mid", 20, 0.05, "organic"), 1.32)])
def test_a_sample_whose_draw_takes_more_than_an_end_holds_is_refused_as_alone(draw: Draw, load: float) -> None:
    train = Train(("A", "B"), 20, (Feed(10, (0.5, 0.5)),), 1.8, 1.3, SeparationFactors((2.0, 1.0)), draws=(draw,))
    found = rate_many(train, scrub=[1.3, 1.3], organic_load=[1.8, load])
    assert found.settled.tolist() == [True, False]
    with pytest.raises(ProblemError, match=f"draw 'mid' of 0.05 at stage {draw.stage}") as alone_too:
        rate(replace(train, organic_load=load))
    assert found.refused == {1: str(alone_too.value)}


def test_samples_that_do_not_fit_each_other_are_refused() -> None:
    alphas, feeds = disturbed(5)
    with pytest.raises(ProblemError, match="as many samples"):
        rate_many(TRAIN, alphas=alphas, feeds=feeds[:4])
    with pytest.raises(ProblemError, match="alphas: expected shape"):
        rate_many(TRAIN, alphas=alphas[:, :4])
    with pytest.raises(ProblemError, match="at least one sample, got none"):
        rate_many(TRAIN, alphas=np.zeros((0, 5)))
    with pytest.raises(ProblemError, match="one feed"):
        rate_many(replace(TRAIN, feeds=(Feed(3, FEED), Feed(9, FEED))))
