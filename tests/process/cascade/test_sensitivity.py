"""Slopes of the outlets: balances they must keep, then differences of whole solutions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from ferrolan.base.errors import ProblemError
from ferrolan.process.cascade import Draw, Feed, SeparationFactors, Train, minimum_flows, rate, sensitivity

ALPHA, FEED = np.array([1.0, 2.0, 3.5, 8.0]), np.array([0.3, 0.2, 0.3, 0.2])
SCRUB = 1.3 * minimum_flows(ALPHA, FEED, 2).scrub
TRAIN = Train(("A", "B", "C", "D"), 16, (Feed(8, FEED),), SCRUB + 0.48, SCRUB, SeparationFactors(ALPHA))
OUTLETS = ("raffinate", "organic_product")


def difference(made: Callable[[float], Train], outlet: str, step: float = 1e-5) -> np.ndarray:
    return (rate(made(step)).outlets[outlet] - rate(made(-step)).outlets[outlet]) / (2.0 * step)


def test_what_is_fed_more_leaves_more_and_nothing_else_appears() -> None:
    found = sensitivity(rate(TRAIN))
    assert sum(found.by_feed[name] for name in OUTLETS) == pytest.approx(np.eye(4), abs=1e-8)
    for slopes in (found.by_alpha, found.by_organic, found.by_scrub):
        assert sum(slopes[name] for name in OUTLETS) == pytest.approx(np.zeros_like(slopes["raffinate"]), abs=1e-8)


def test_the_product_grows_with_the_organic_and_shrinks_with_the_scrub_one_to_one() -> None:
    found = sensitivity(rate(TRAIN))
    assert found.by_organic["organic_product"].sum() == pytest.approx(1.0, abs=1e-8)
    assert found.by_scrub["organic_product"].sum() == pytest.approx(-1.0, abs=1e-8)


def test_slopes_are_those_of_whole_solutions_near_by() -> None:
    found = sensitivity(rate(TRAIN))
    for name in OUTLETS:
        by_organic = difference(lambda h: replace(TRAIN, organic_load=TRAIN.organic_load + h), name)
        by_scrub = difference(lambda h: replace(TRAIN, scrub=TRAIN.scrub + h), name)
        assert found.by_organic[name] == pytest.approx(by_organic, abs=1e-6)
        assert found.by_scrub[name] == pytest.approx(by_scrub, abs=1e-6)
        for at, one in enumerate(np.eye(4)):
            by_feed = difference(lambda h, one=one: replace(TRAIN, feeds=(Feed(8, FEED + h * one),)), name)
            by_alpha = difference(
                lambda h, one=one: replace(TRAIN, chemistry=SeparationFactors(ALPHA * np.exp(h * one))), name
            )
            assert found.by_feed[name][:, at] == pytest.approx(by_feed, abs=1e-6)
            assert found.by_alpha[name][:, at] == pytest.approx(by_alpha, abs=1e-6)


def test_all_factors_times_one_number_change_nothing() -> None:
    found = sensitivity(rate(TRAIN))
    for name in OUTLETS:
        assert found.by_alpha[name].sum(axis=1) == pytest.approx(np.zeros(4), abs=1e-8)


def test_trains_whose_shares_move_with_the_flows_are_refused() -> None:
    with pytest.raises(ProblemError, match="use|expected a train with one aqueous feed"):
        sensitivity(rate(replace(TRAIN, draws=(Draw("side", 4, 0.01),))))
