"""Tonnes of elements and the components laboratories report."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrolan import materials
from ferrolan.base.errors import ProblemError

OXIDES = ("La2O3", "CeO2", "Pr6O11", "Nd2O3", "Sm2O3", "Eu2O3", "Gd2O3", "Tb4O7", "Dy2O3", "Y2O3")


def tonnes(**elements: float) -> np.ndarray:
    return np.array([elements.get(symbol, 0.0) for symbol in materials.ELEMENTS])


@pytest.mark.parametrize(
    ("component", "symbol", "by_hand"),
    [
        ("Fe", "Fe", 1.0),
        ("Fe2O3", "Fe", (2 * 55.845 + 3 * 15.999) / (2 * 55.845)),
        ("SiO2", "Si", (28.085 + 2 * 15.999) / 28.085),
        ("P2O5", "P", (2 * 30.973761998 + 5 * 15.999) / (2 * 30.973761998)),
        ("Nb2O5", "Nb", (2 * 92.90637 + 5 * 15.999) / (2 * 92.90637)),
        ("ThO2", "Th", (232.0377 + 2 * 15.999) / 232.0377),
        ("La2O3", "La", 1.1728),
        ("CeO2", "Ce", 1.2284),
        ("Pr6O11", "Pr", 1.2082),
        ("Nd2O3", "Nd", 1.1664),
        ("Tb4O7", "Tb", 1.1762),
        ("Dy2O3", "Dy", 1.1477),
        ("Y2O3", "Y", 1.2699),
        ("CO2", "C", 44.009 / 12.011),
        ("H2O", "H", 18.015 / 2.016),
        ("Ca(OH)2", "Ca", (40.078 + 2 * 17.007) / 40.078),
    ],
)
def test_a_component_weighs_what_hand_calculation_says(component: str, symbol: str, by_hand: float) -> None:
    weights = materials.basis(component)
    assert weights[materials.ELEMENTS.index(symbol)] == pytest.approx(by_hand, abs=6e-5)
    assert np.count_nonzero(weights) == 1


def test_reo_is_the_sum_of_the_oxides_of_the_trade_and_segy_its_tail() -> None:
    assert materials.basis("REO") == pytest.approx(sum(materials.basis(oxide) for oxide in OXIDES))
    assert materials.basis("SEGY") == pytest.approx(sum(materials.basis(oxide) for oxide in OXIDES[4:]))
    assert materials.basis("SEG") + materials.basis("TbDy") + materials.basis("Y2O3") == pytest.approx(
        materials.basis("SEGY")
    )
    assert materials.basis("LaCe") + materials.basis("PrNd") + materials.basis("SEGY") == pytest.approx(
        materials.basis("REO")
    )


@given(st.lists(st.floats(0.0, 1e3), min_size=10, max_size=10))
def test_tonnes_of_oxide_species_are_reported_as_themselves(amounts: list[float]) -> None:
    """A mixture of pure oxides reports exactly its own mass as REO."""
    elements = sum(
        amount * materials.COMPOSITION[materials.place(f"oxide_{symbol}")]
        for amount, symbol in zip(amounts, materials.RARE_EARTHS, strict=True)
    )
    assert float(elements @ materials.basis("REO")) == pytest.approx(sum(amounts), rel=1e-12, abs=1e-12)


def test_every_usual_component_has_a_basis_that_is_positive_and_read_only() -> None:
    for component in materials.COMPONENTS:
        weights = materials.basis(component)
        assert weights.shape == (len(materials.ELEMENTS),) and weights.max() >= 1.0 and weights.min() == 0.0
        with pytest.raises(ValueError, match="read-only"):
            weights[0] = 1.0


def test_the_oxide_of_an_element_reports_that_element() -> None:
    for symbol in materials.RARE_EARTHS:
        assert materials.basis(materials.oxide_of(symbol))[materials.ELEMENTS.index(symbol)] > 1.0
    with pytest.raises(ProblemError, match="reported as oxide"):
        materials.oxide_of("F")


@pytest.mark.parametrize("component", ["REOs", "dry_mass", "", "Nd2O3+", "segy"])
def test_an_unknown_component_is_refused(component: str) -> None:
    with pytest.raises(ProblemError, match="component"):
        materials.basis(component)


def test_a_formula_that_reports_two_elements_is_refused_by_name() -> None:
    with pytest.raises(ProblemError, match='"CaF2" reports Ca and F'):
        materials.basis("CaF2")
    with pytest.raises(ProblemError, match='"Er2O3" reports Er'):
        materials.basis("Er2O3")


def test_assay_of_a_concentrate_becomes_the_assay_reported() -> None:
    feed = tonnes(La=0.10, Ce=0.20, Nd=0.07, Fe=0.05)
    assert feed @ materials.basis("REO") == pytest.approx(0.10 * 1.172769 + 0.20 * 1.228368 + 0.07 * 1.166376, rel=1e-6)
