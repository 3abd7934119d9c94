"""A formula says what is in it and what it weighs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrolan import materials
from ferrolan.base.errors import ProblemError

symbols = st.sampled_from(materials.ELEMENTS)
counts = st.integers(1, 30)
halves = counts.map(lambda n: n / 2)
parts = st.dictionaries(symbols, halves, min_size=1, max_size=6)


def written(atoms: dict[str, float]) -> str:
    return "".join(f"{symbol}{count:g}" for symbol, count in atoms.items())


@given(parts)
def test_a_formula_gives_back_the_atoms_it_was_written_from(atoms: dict[str, float]) -> None:
    assert dict(materials.formula(written(atoms))) == atoms


@given(parts, parts, counts)
def test_a_bracket_multiplies_everything_in_it(outside: dict[str, float], inside: dict[str, float], n: int) -> None:
    found = materials.formula(f"{written(outside)}({written(inside)}){n}")
    assert found == {symbol: outside.get(symbol, 0.0) + n * inside.get(symbol, 0.0) for symbol in {**outside, **inside}}


@given(parts, counts)
def test_crystal_water_adds_its_own_mass_whichever_dot_is_written(atoms: dict[str, float], n: int) -> None:
    whole = {symbol: float(round(count + 0.5)) for symbol, count in atoms.items()}
    dry = "".join(f"{symbol}{count:.0f}" for symbol, count in whole.items())
    expected = materials.molar_mass(dry) + n * materials.molar_mass("H2O")
    assert materials.molar_mass(f"({dry}).{n}H2O") == pytest.approx(expected, rel=1e-12)
    assert materials.molar_mass(f"{dry}·{n}H2O") == pytest.approx(expected, rel=1e-12)


@given(parts, parts)
def test_molar_mass_does_not_depend_on_the_order_of_writing(one: dict[str, float], other: dict[str, float]) -> None:
    there = materials.molar_mass(written(one) + written(other))
    back = materials.molar_mass(written(other) + written(one))
    assert there == pytest.approx(back, rel=1e-13)


@pytest.mark.parametrize(
    ("text", "atoms"),
    [
        ("Fe2(SO4)3", {"Fe": 2, "S": 3, "O": 12}),
        ("Ce0.5La0.5", {"Ce": 0.5, "La": 0.5}),
        ("Fe0.947O", {"Fe": 0.947, "O": 1}),
        ("MgSO4.7H2O", {"Mg": 1, "S": 1, "O": 11, "H": 14}),
        ("CaSO4.0.5H2O", {"Ca": 1, "S": 1, "O": 4.5, "H": 1}),
        ("La2(CO3)3·8H2O", {"La": 2, "C": 3, "O": 17, "H": 16}),
        ("Na2Fe5Si8O22(OH)2", {"Na": 2, "Fe": 5, "Si": 8, "O": 24, "H": 2}),
        ("[Fe(CN)6]2", {"Fe": 2, "C": 12, "N": 12}),
        ("3CaO·P2O5", {"Ca": 3, "O": 8, "P": 2}),
    ],
)
def test_formulae_of_the_trade_are_read(text: str, atoms: dict[str, float]) -> None:
    assert materials.formula(text) == atoms


@pytest.mark.parametrize(
    "text", ["", "Fe2(SO4", "FeSO4)3", "(Fe]", "Fe-2", "Fe0O", "()2", "Fe3+", "·H2O", "Fe 2O3", "2"]
)
def test_what_is_no_formula_is_refused_with_its_text(text: str) -> None:
    with pytest.raises(ProblemError, match="cannot read"):
        materials.formula(text)


def test_an_unknown_element_is_refused_with_the_nearest() -> None:
    with pytest.raises(ProblemError, match='"Fx" is not known. Nearest: .*F'):
        materials.formula("CaFx2")


@given(st.text(max_size=12))
def test_any_text_is_read_or_refused_never_anything_else(text: str) -> None:
    try:
        found = materials.formula(text)
    except ProblemError:
        return
    assert found and all(count > 0 for count in found.values())


def test_a_formula_cannot_be_changed_by_its_reader() -> None:
    with pytest.raises(TypeError):
        materials.formula("Fe2O3")["Fe"] = 3.0  # type: ignore[index]
