"""A reaction balances or is refused, and says what it takes and gives a tonne of its key."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrolan import materials
from ferrolan.base.errors import ProblemError
from ferrolan.process.oxides import from_carbonate, from_hydroxide, from_metal, from_oxalate, to_metal
from ferrolan.process.reaction import Reaction, change, of_each

BURNING = Reaction.of("CH4 + 2 O2 -> CO2 + 2 H2O_gas")


def test_a_tonne_of_methane_takes_the_oxygen_of_its_formula() -> None:
    assert BURNING.key == "CH4"
    assert BURNING.taken("O2") == pytest.approx(2.0 * 31.998 / 16.043, rel=1e-4)
    assert BURNING.taken("CO2") == pytest.approx(-44.009 / 16.043, rel=1e-4)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("CH4 + O2 -> CO2 + 2 H2O_gas", "O does not balance"),
        ("CH4 + 2 O2", "expected reactants -> products"),
        ("CH4 + 2 O 2 -> CO2", "cannot read '2 O 2'"),
        ("CH4 + two O2 -> CO2", "cannot read 'two O2'"),
        ("methan -> CO2", '"methan" is not known'),
    ],
)
def test_a_reaction_that_does_not_balance_or_read_is_refused(text: str, message: str) -> None:
    with pytest.raises(ProblemError, match=message):
        Reaction.of(text)


@given(st.floats(0.0, 1e4), st.floats(0.0, 1.0))
def test_what_reacts_loses_no_element(amount: float, share: float) -> None:
    amounts = np.zeros(len(materials.SPECIES))
    amounts[materials.place("CH4")] = amount
    made = change(amounts, [(BURNING, share)])
    assert np.abs(made @ materials.COMPOSITION).max() <= 1e-12 * amount
    assert made[materials.place("CH4")] == pytest.approx(-share * amount)


def test_a_template_gives_one_reaction_a_rare_earth() -> None:
    found = of_each("sulfate_solid_* -> sulfate_*")
    assert [one.key for one in found] == [f"sulfate_solid_{symbol}" for symbol in materials.RARE_EARTHS]


def test_cerium_praseodymium_and_terbium_carbonate_take_up_oxygen_and_no_other() -> None:
    taking = {one.key for one in from_carbonate() if one.taken("O2") > 1e-9}
    assert taking == {"carbonate_Ce", "carbonate_Pr", "carbonate_Tb"}


def test_metal_to_oxide_and_back_is_nothing() -> None:
    for there, back in zip(from_metal(), to_metal(), strict=True):
        oxide = -there.taken(back.key)
        np.testing.assert_allclose(there.change + oxide * back.change, 0.0, atol=1e-14)


def test_oxalate_and_hydroxide_leave_the_same_oxide_a_mole_of_metal() -> None:
    for oxalate, hydroxide in zip(from_oxalate(), from_hydroxide(), strict=True):
        symbol = oxalate.key.removeprefix("oxalate_")
        weights = materials.basis(materials.oxide_of(symbol))
        for one in (oxalate, hydroxide):
            metal = float(materials.COMPOSITION[materials.place(one.key)] @ weights)
            assert -one.taken(f"oxide_{symbol}") == pytest.approx(metal)
