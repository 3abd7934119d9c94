"""Elements have their standard atomic weights, and metals the charge that wins them."""

from __future__ import annotations

import pytest

from ferrolan import materials
from ferrolan.base.errors import ProblemError


def test_elements_stand_in_the_order_of_atomic_number() -> None:
    numbers = [materials.element(symbol).number for symbol in materials.ELEMENTS]
    assert numbers == sorted(set(numbers))
    assert set(materials.RARE_EARTHS) < set(materials.ELEMENTS)


def test_every_atomic_mass_is_sourced_and_near_twice_its_number_or_more() -> None:
    for symbol in materials.ELEMENTS:
        one = materials.element(symbol)
        assert one.source in materials.SOURCES and one.status == "verified"
        assert one.atomic_mass >= 1.99 * one.number or symbol == "H"
        assert 0.0 < one.uncertainty < 2e-3 * one.atomic_mass


@pytest.mark.parametrize(("symbol", "mass"), [("Fe", 55.845), ("Nd", 144.242), ("O", 15.999), ("Th", 232.0377)])
def test_atomic_masses_are_those_of_iupac_2021(symbol: str, mass: float) -> None:
    assert materials.atomic_mass(symbol) == mass


def test_faraday_is_the_product_of_the_exact_constants_of_the_si() -> None:
    assert pytest.approx(1.602176634e-19 * 6.02214076e23, rel=1e-10) == materials.FARADAY


def test_neodymium_takes_7_43_mwh_a_tonne_at_ten_volts_and_75_percent() -> None:
    assert materials.charge_per_mass("Nd") == pytest.approx(0.5574, abs=5e-5)
    assert 10.0 * materials.charge_per_mass("Nd") / 0.75 == pytest.approx(7.43, abs=5e-3)


def test_metals_won_from_a_melt_have_a_charge_and_others_are_refused() -> None:
    assert {symbol: materials.charge(symbol) for symbol in ("La", "Ce", "Pr", "Nd", "Tb", "Dy", "Al")} == dict.fromkeys(
        ("La", "Ce", "Pr", "Nd", "Tb", "Dy", "Al"), 3
    )
    with pytest.raises(ProblemError, match='"Sm" is not known'):
        materials.charge("Sm")


def test_an_unknown_element_is_refused() -> None:
    with pytest.raises(ProblemError, match='"Nx" is not known'):
        materials.atomic_mass("Nx")
