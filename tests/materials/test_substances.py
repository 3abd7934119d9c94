"""Elements and oxides: molar masses, mass fractions, and a citation on every row."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrolan.base.errors import TableError
from ferrolan.materials import elements, molar_mass, oxides

BALANCED = ("La2O3", "CeO2", "Pr6O11", "Nd2O3")


def test_every_row_has_a_citation_and_a_possible_mass() -> None:
    assert all(element.source and element.molar_mass > 0 for element in elements().values())
    assert all(oxide.source and oxide.molar_mass > 0 for oxide in oxides().values())
    numbers = [element.number for element in elements().values()]
    assert numbers == sorted(set(numbers))


@given(formula=st.sampled_from(sorted(oxides())))
def test_an_oxide_is_its_element_and_oxygen(formula: str) -> None:
    oxide = oxides()[formula]
    oxygen = molar_mass("O") * int(formula.rpartition("O")[2] or 1) / oxide.molar_mass
    assert oxide.element_fraction + oxygen == pytest.approx(1.0, abs=1e-12)
    assert oxide.element in elements() and oxide.element != "O"


@given(symbol=st.sampled_from(sorted(elements())), count=st.integers(min_value=1, max_value=40))
def test_molar_mass_adds_up(symbol: str, count: int) -> None:
    assert molar_mass(f"{symbol}{count}") == pytest.approx(count * elements()[symbol].molar_mass, rel=1e-15)


def test_the_rare_earths_of_an_account_are_there() -> None:
    assert all(oxides()[formula].rare_earth for formula in BALANCED)
    assert sum(oxide.rare_earth for oxide in oxides().values()) == 15  # Y and La to Lu without Pm


@pytest.mark.parametrize(
    ("formula", "expected"),
    [("La2O3", 0.8527), ("CeO2", 0.8141), ("Pr6O11", 0.8277), ("Nd2O3", 0.8574), ("Fe2O3", 0.6994), ("P2O5", 0.4364)],
)
def test_conversion_factors_are_those_of_the_trade(formula: str, expected: float) -> None:
    assert oxides()[formula].element_fraction == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize("formula", ["", "Fe2(SO4)3", "Xx2O3", "fe", "2Fe"])
def test_what_is_no_formula_is_refused(formula: str) -> None:
    with pytest.raises(TableError, match=r"cannot be read|no molar mass"):
        molar_mass(formula)
