"""Laws of distribution: derivatives, the dimer and the monomer, the anion that holds metal back, bad numbers named."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrolan.base.errors import ProblemError
from ferrolan.process.cascade.chemistry import Distribution, FittedLaw, Ligand, MassAction, SlopeLaw
from tests.process.cascade.acid_trains import LOG10_K, prommis, rows

STABILITY = np.array([[0.3, 0.05], [0.5, 0.1], [0.0, 0.0]])
NO_ANION = Ligand(np.zeros(1), np.zeros(1))


def fitted() -> FittedLaw:
    law = prommis().chemistry.distribution
    assert isinstance(law, FittedLaw)
    return law


LAWS: dict[str, Distribution] = {
    "slope": SlopeLaw(LOG10_K),
    "complexes": SlopeLaw(LOG10_K[:3], 2.5, 2.0, STABILITY),
    "fitted": fitted(),
}


def bisulfate(ph: float) -> Ligand:
    """Free sulfate of 0.5 kmol/m3, and its slope against pH."""
    bare = 0.01 / (0.01 + 10.0**-ph)
    return Ligand(np.array([0.5 * bare]), np.array([np.log(10.0) * (1.0 - bare)]))


@pytest.mark.parametrize("name", LAWS)
@given(ph=st.floats(-0.5, 4.0), log_free=st.floats(-4.0, 1.0))
def test_derivatives_are_those_of_the_values(name: str, ph: float, log_free: float) -> None:
    law, step = LAWS[name], 1e-6

    def values(at: float, free: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        return law.log_distribution(np.array([at]), np.array([free]), bisulfate(at)).values

    here = law.log_distribution(np.array([ph]), np.array([log_free]), bisulfate(ph))
    to_ph = (values(ph + step, log_free) - values(ph - step, log_free)) / (2.0 * step)
    to_free = (values(ph, log_free + step) - values(ph, log_free - step)) / (2.0 * step)
    np.testing.assert_allclose(here.to_ph, to_ph, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(here.to_log_free, to_free, rtol=1e-6, atol=1e-7)


def test_mass_action_has_slope_three_against_ph() -> None:
    values = [LAWS["slope"].log_distribution(np.array([ph]), np.zeros(1), NO_ANION).values for ph in (1.0, 2.0)]
    np.testing.assert_allclose((values[1] - values[0]) / np.log(10.0), 3.0)


def test_half_a_unit_of_monomer_is_a_quarter_of_dimer() -> None:
    """log10 D at 0.5 kmol/m3 of dimer, which is 1 of monomer, and pH 0 is the published intercept."""
    law = SlopeLaw(np.array([-0.3905 - 3.0 * np.log10(0.5)]))
    value = law.log_distribution(np.zeros(1), np.zeros(1), NO_ANION).values
    assert float(value[0, 0]) / np.log(10.0) == pytest.approx(-0.3905)


@given(free=st.floats(-3.0, 1.0))
def test_monomer_and_dimer_say_the_same(free: float) -> None:
    dimer, monomer = SlopeLaw(LOG10_K, 3.0), SlopeLaw.of_monomer(LOG10_K - 3.0 * np.log10(2.0), 3.0)
    at = (np.ones(1), np.array([free]), NO_ANION)
    np.testing.assert_allclose(dimer.log_distribution(*at).values, monomer.log_distribution(*at).values)


def test_complexes_hold_metal_in_the_liquor() -> None:
    law = LAWS["complexes"]
    none, much = (
        law.log_distribution(np.ones(1), np.zeros(1), Ligand(np.array([x]), np.zeros(1))).values for x in (0.0, 3.0)
    )
    np.testing.assert_allclose(np.exp(none - much)[0], 1.0 + STABILITY @ [3.0, 9.0])


def test_the_fit_gives_the_printed_distribution() -> None:
    """At the pH and free DEHPA of stage 1 of the PrOMMiS case."""
    stage = rows("stages")[0]
    free = np.log(float(stage["extractant_mg_per_L"]) / 0.322431e6)
    values = fitted().log_distribution(np.array([float(stage["pH"])]), np.array([free]), NO_ANION).values
    np.testing.assert_allclose(np.exp(values[0]), [float(row["D"]) for row in rows("profile")[:12]], rtol=1e-8)


def test_a_fit_says_how_far_outside_it_is_asked() -> None:
    law = FittedLaw(*np.ones((4, 1)), dosage_per_free=30.0, ph_range=(0.5, 2.0), dosage_range=(1.0, 10.0))
    outside = law.outside(np.array([1.0, 2.5, 1.0]), np.array([0.1, 0.1, 0.5]))
    np.testing.assert_allclose(outside, [0.0, 0.5, 5.0])


BAD: dict[str, tuple[Callable[[], object], str]] = {
    "nan constant": (lambda: SlopeLaw(np.array([1.0, np.nan])), r"log10_constant\[1\]"),
    "scalar constant": (lambda: SlopeLaw(np.array(1.0)), "log10_constant"),
    "powers": (lambda: SlopeLaw(LOG10_K, [3.0, 2.0]), "dimer_power"),
    "complexes": (lambda: SlopeLaw(LOG10_K, complexes=np.ones((2, 1))), "complexes"),
    "D": (lambda: FittedLaw(*np.ones((4, 2)), 30.0, np.array([-1.0, np.nan])), "constant"),
    "dosage": (lambda: FittedLaw(*np.ones((4, 2)), 0.0), "dosage_per_free"),
    "fit": (lambda: FittedLaw(np.ones(2) * np.inf, *np.ones((3, 2)), 30.0), "slope"),
    "volume": (lambda: MassAction(SlopeLaw(LOG10_K), 0.0, 1.0), "organic_volume"),
    "extractant": (lambda: MassAction(SlopeLaw(LOG10_K), 1.0, float("nan")), "extractant"),
    "scrub": (lambda: MassAction(SlopeLaw(LOG10_K), 1.0, 1.0, scrub_volume=-1.0), "scrub_volume"),
    "valence": (lambda: MassAction(SlopeLaw(LOG10_K), 1.0, 1.0, valence=0.0), "valence"),
    "medium": (lambda: MassAction(SlopeLaw(LOG10_K), 1.0, 1.0, medium="acetate"), "medium"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_number_is_named(name: str) -> None:
    make, said = BAD[name]
    with pytest.raises(ProblemError, match=said):
        make()
