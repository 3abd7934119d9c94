"""Balances of the components for given distributions: Murphree's law, positivity, closure, over any decades."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrolan.process.cascade.acid_balance import carriers_of
from ferrolan.process.cascade.chemistry import MassAction
from ferrolan.process.cascade.efficiency import Balances, balances_of
from ferrolan.process.cascade.train import Floats, Train
from tests.process.cascade.acid_trains import RARE_EARTHS, p507, p507_trains


def balances(train: Train) -> Balances:
    assert isinstance(train.chemistry, MassAction)
    return balances_of(train, carriers_of(train, train.chemistry))


def ratios(train: Train, seed: int, decades: float) -> Floats:
    rng = np.random.default_rng(seed)
    return 10.0 ** rng.uniform(-decades, decades, (train.size, len(train.components)))


@settings(max_examples=30)
@given(train=p507_trains(perfect=False), seed=st.integers(0, 9999), decades=st.floats(0.0, 6.0))
def test_no_amount_is_negative_and_murphree_holds_for_any_distribution(train: Train, seed: int, decades: float) -> None:
    held = balances(train)
    ratio = ratios(train, seed, decades)
    liquor, organic = held.amounts(ratio)
    assert (liquor >= 0.0).all() and (organic >= 0.0).all()
    carriers, entering = held.carriers, held.organic_feed.copy()
    entering[1:] += carriers.organic_on[:-1, None] * organic[:-1]
    entering[:-1] += carriers.organic_back[:, None] * organic[1:]
    reached = 1.0 if held.efficiency is None else held.efficiency
    expected = reached * ratio * liquor + (1.0 - reached) * entering
    np.testing.assert_allclose(organic, expected, rtol=1e-9, atol=1e-13)


@settings(max_examples=30)
@given(train=p507_trains(), seed=st.integers(0, 9999), decades=st.floats(0.0, 12.0))
def test_what_enters_leaves_for_any_distribution(train: Train, seed: int, decades: float) -> None:
    held, carriers = balances(train), balances(train).carriers
    liquor, organic = held.amounts(ratios(train, seed, decades))
    left = liquor[0] + organic[-1]
    if carriers.strip_from < train.size:
        left = left + liquor[carriers.strip_from]
    np.testing.assert_allclose(left, train.fed, rtol=1e-12)


def test_elimination_without_subtraction_is_exact_over_forty_decades() -> None:
    """Against exact rational arithmetic, where distributions jump between 1e12 and 1e-8."""
    train = p507(3, 4, 3)
    ratio = np.tile(np.array([1e12, 1e-8, 1e12, 1e3, 1e-8, 1e12, 1e-8])[:, None], (1, len(RARE_EARTHS)))
    liquor = balances(train).amounts(ratio).liquor[:, 0]
    exact = _exact([Fraction(float(x)) for x in ratio[:, 0]], Fraction(float(train.fed[0])), 3)
    np.testing.assert_allclose(liquor, [float(x) for x in exact], rtol=1e-13)


def _exact(ratio: list[Fraction], fed: Fraction, at: int) -> list[Fraction]:
    """Gaussian elimination of (1 + E_k) l_k - l_(k+1) - E_(k-1) l_(k-1) = F_k in rational numbers."""
    pivots, right = [], []
    for k, value in enumerate(ratio):
        pivot, load = 1 + value, fed if k == at else Fraction(0)
        if k:
            factor = ratio[k - 1] / pivots[-1]
            pivot, load = pivot - factor, load + factor * right[-1]
        pivots.append(pivot)
        right.append(load)
    liquor = [right[-1] / pivots[-1]]
    for pivot, load in zip(pivots[-2::-1], right[-2::-1], strict=True):
        liquor.append((load + liquor[-1]) / pivot)
    return liquor[::-1]


@pytest.mark.parametrize("efficiency", [1.0, 0.8])
@pytest.mark.parametrize("tau", [0.0, 0.7])
def test_sensitivities_are_those_of_the_amounts(efficiency: float, tau: float) -> None:
    train = p507(3, 4, 3, 2, efficiency=efficiency, entrained_aqueous=0.03, entrained_organic=0.02)
    held, ratio, step = balances(train), ratios(p507(3, 4, 3, 2), 1, 1.0), 1e-6
    past = held.amounts(ratio * 1.3)
    found = held.sensitive(ratio, tau, past)
    for stage in range(train.size):
        up, down = ratio.copy(), ratio.copy()
        up[stage] *= np.exp(step)
        down[stage] *= np.exp(-step)
        above, below = (held.sensitive(moved, tau, past).amounts for moved in (up, down))
        for ours, a, b in ((found.liquor, above.liquor, below.liquor), (found.organic, above.organic, below.organic)):
            np.testing.assert_allclose(ours[:, :, stage].T, (a - b) / (2.0 * step), rtol=1e-5, atol=1e-9)


def test_perfect_stages_are_the_limit_of_imperfect_ones() -> None:
    train = p507(3, 6, 5, 3, entrained_aqueous=0.02, entrained_organic=0.01)
    nearly = replace(train, efficiency=1.0 - 1e-12)
    ratio = ratios(train, 2, 1.5)
    for one, other in zip(balances(train).amounts(ratio), balances(nearly).amounts(ratio), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-14)


def test_a_stage_that_does_nothing_lets_both_phases_pass() -> None:
    train = p507(3, 6, 5, efficiency=1e-12)
    liquor, organic = balances(train).amounts(ratios(train, 3, 1.0))
    np.testing.assert_allclose(liquor[0], train.fed, rtol=1e-9)
    assert organic.max() < 1e-9
