"""Draws are what they say: the right spread, the declared mean, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from ferrolan.assembly.responses import Responses, declared_responses
from ferrolan.studies.worlds import declared_world, drawn_worlds

STOCKS = {"ore": 50_000.0, "iron_concentrate": 20_000.0, "re_concentrate": 2_500.0}
KEY = ("roast_leach", "run", "leach_liquor")


@pytest.fixture(scope="module")
def responses(document):
    return Responses(declared_responses(document).frame, (KEY,), np.array([[0.004**2]]))


def test_the_declared_world_has_the_accounts_own_coefficients_and_no_shift(document, responses):
    world = declared_world(responses, STOCKS)
    assert world.coefficients[KEY] == 0.475
    assert world.shift.prices == {}


def test_recovery_is_the_product_of_the_steps(document, responses):
    calcined = 0.735 * 0.99 + 0.22 * 0.992 + 0.023 * 0.985
    assert declared_world(responses, STOCKS).recovery(document) == pytest.approx(0.475 / 0.5 * calcined)


def test_draws_have_the_declared_spread_and_mean_one(document, responses):
    worlds = drawn_worlds(document, responses, STOCKS)
    prices = np.array([world.shift.prices["prnd_oxide"] for world in worlds])
    coefficients = np.array([world.coefficients[KEY] for world in worlds])
    standard_error = 1 / np.sqrt(len(worlds))
    assert prices.mean() == pytest.approx(1.0, abs=4 * 0.15 * standard_error)
    assert prices.std() == pytest.approx(0.15, rel=4 * standard_error)
    assert coefficients.mean() == pytest.approx(0.475, abs=4 * 0.004 * standard_error)
    assert coefficients.std() == pytest.approx(0.004, rel=4 * standard_error)


def test_the_same_seed_gives_the_same_worlds(document, responses):
    one, other = (drawn_worlds(document, responses, STOCKS) for _ in range(2))
    assert one == other


def test_a_world_can_be_changed_further(document, responses):
    world = drawn_worlds(document, responses, STOCKS)[0]
    change = type(world.shift)(prices={"prnd_oxide": 0.8})
    (oxide,) = [one for one in world.problem(document, change).commodities if one.name == "prnd_oxide"]
    assert oxide.sell_price == pytest.approx(0.8 * world.lead_price(document))
