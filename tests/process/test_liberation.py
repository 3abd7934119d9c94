"""Grinding frees a mineral by its half-free size, and makes slimes of what is too fine."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrolan import materials
from ferrolan.base.schema import read
from ferrolan.process.liberation import Grind, catchable
from tests.process.units.example import synthetic
from tests.process.units.rare_earth_examples import GRIND


def grind(**changes: object) -> Grind:
    found, problems = read(Grind, {**GRIND, **changes})
    assert found is not None, problems
    return found


def caught(of: Grind, species: str) -> float:
    return float(catchable(of)[materials.place(species)])


def test_half_is_free_at_the_half_free_size_and_a_mineral_not_named_is_all_free() -> None:
    at = grind(size=synthetic("50 um"), slime_size=synthetic("0 um"))
    assert caught(at, "bastnaesite_Nd") == pytest.approx(0.5) and caught(at, "quartz") == 1.0
    assert caught(at, "magnetite") == pytest.approx(1.0 / (1.0 + (50.0 / 70.0) ** 2))


def test_eighty_per_cent_is_slime_where_the_slime_size_is_the_p80() -> None:
    assert caught(grind(size=synthetic("8 um")), "quartz") == pytest.approx(0.2)


def test_without_a_grind_all_is_caught() -> None:
    assert (catchable(None) == 1.0).all()


@given(st.floats(1.0, 1000.0))
def test_shares_are_shares(size: float) -> None:
    found = catchable(grind(size=synthetic(f"{size} um")))
    assert (found >= 0.0).all() and (found <= 1.0).all()
