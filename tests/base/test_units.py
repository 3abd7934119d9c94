"""Units: exact factors, closed dimensions, and what must never be mixed up."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrolan.base import units
from ferrolan.base.errors import UnitError

UNITS = (
    "t", "kt", "Mt", "kg", "g", "h", "d", "a", "month", "t/h", "t/d", "t/a", "t/month", "m3/h", "L", "g/L", "kg/m3",
    "Nm3", "Nm3/h", "kmol", "MWh", "kWh", "GJ", "kW", "MW", "kvarh", "degC", "K", "kPa", "bar", "CNY", "RMB", "USD",
    "%", "1", "t/t", "ppm", "CNY/t", "CNY/MWh", "CNY/t/month", "CNY/t/(t/a)", "USD/kg", "t/m3", "kmol/m3", "MWh/t",
    "GJ/t", "CNY/USD",
)  # fmt: skip
FAMILIES = (
    ("t", "kt", "Mt", "kg", "g"),
    ("h", "d", "a", "month", "min", "s"),
    ("t/h", "t/d", "t/a", "t/month", "kt/month", "Mt/a"),
    ("MWh", "kWh", "GJ", "MJ", "TJ"),
    ("MW", "kW", "GJ/h", "MWh/h"),
    ("g/L", "kg/m3", "t/m3"),
    ("%", "1", "t/t", "ppm", "kg/t"),
    ("CNY/t/(t/a)", "CNY/t/(t/h)"),
    ("Nm3", "kmol", "mol"),
    ("degC", "K"),
)
PAIRS = [(one, other) for family in FAMILIES for one in family for other in family]
values = st.floats(min_value=-1e9, max_value=1e9, allow_nan=False)


@given(value=values, pair=st.sampled_from(PAIRS))
def test_a_value_converted_there_and_back_is_the_same(value: float, pair: tuple[str, str]) -> None:
    there = units.convert(value, *pair)
    scale = max(1.0, 1000.0 * units.factor_offset(pair[1])[1] / units.factor_offset(pair[0])[0])
    assert units.convert(there, pair[1], pair[0]) == pytest.approx(value, rel=1e-12, abs=1e-12 * scale)


@given(value=values, unit=st.sampled_from(UNITS))
def test_factor_and_offset_say_what_to_canonical_does(value: float, unit: str) -> None:
    factor, offset, canonical = units.factor_offset(unit)
    assert units.to_canonical(value, unit) == pytest.approx(value * factor + offset, rel=1e-12, abs=1e-12)
    assert canonical == units.canonical_unit(unit)


@given(unit=st.sampled_from(UNITS))
def test_a_canonical_unit_is_its_own_canonical_unit(unit: str) -> None:
    canonical = units.canonical_unit(unit)
    assert units.factor_offset(canonical) == (1.0, 0.0, canonical)
    assert units.same_dimension(unit, canonical)


@given(one=st.sampled_from(UNITS), other=st.sampled_from(UNITS))
def test_units_convert_exactly_where_their_dimensions_agree(one: str, other: str) -> None:
    assert units.same_dimension(one, other) == units.same_dimension(other, one)
    if units.same_dimension(one, other):
        there = units.convert(1.0, one, other) - units.convert(0.0, one, other)
        back = units.convert(1.0, other, one) - units.convert(0.0, other, one)
        assert there * back == pytest.approx(1.0, rel=1e-12)
    else:
        with pytest.raises(UnitError, match="cannot be converted"):
            units.convert(1.0, one, other)


@given(one=st.sampled_from(UNITS), other=st.sampled_from(UNITS))
def test_the_factor_of_a_quotient_is_the_quotient_of_the_factors(one: str, other: str) -> None:
    if "degC" in (one, other):
        return
    both = units.convert(1.0, f"({one})/({other})", f"({units.canonical_unit(one)})/({units.canonical_unit(other)})")
    assert both == pytest.approx(units.factor_offset(one)[0] / units.factor_offset(other)[0], rel=1e-12)


@given(value=st.integers(min_value=0, max_value=100))
def test_a_percentage_is_the_nearest_double_of_its_hundredth(value: int) -> None:
    assert units.to_canonical(value, "%") == value / 100


@pytest.mark.parametrize(
    ("one", "other"),
    [("Nm3", "m3"), ("kvarh", "kWh"), ("CNY", "USD"), ("CNY/t", "USD/t"), ("MW", "MWh"), ("t", "t/h"), ("K", "1")],
)
def test_what_only_looks_alike_is_refused(one: str, other: str) -> None:
    assert not units.same_dimension(one, other)
    with pytest.raises(UnitError):
        units.convert(1.0, one, other)


@pytest.mark.parametrize(
    ("value", "unit", "expected", "canonical"),
    [
        (7920.0, "t/d", 330.0, "t/h"),
        (14.62, "Mt/a", 14.62e6 / 8760, "t/h"),
        (60.0, "kt/month", 60e3 / 730, "t/h"),
        (187.6, "USD/kg", 187600.0, "USD/t"),
        (1187.0, "degC", 1460.15, "K"),
        (45.0, "g/L", 45.0, "kg/m3"),
        (1.8, "t/m3", 1800.0, "kg/m3"),
        (16500.0, "kW", 16.5, "MW"),
        (0.12, "CNY/t/(t/a)", 0.12 * 8760, "CNY/t/(t/h)"),
        (0.4, "CNY/t/month", 0.4 / 730, "CNY/t/h"),
        (21.0, "kWh/t", 0.021, "MWh/t"),
        (5.0, "RMB/t", 5.0, "CNY/t"),
        (12.0, "GJ/t", 12.0, "GJ/t"),
        (0.5, "1", 0.5, "1"),
    ],
)
def test_canonical_values_are_those_worked_out_by_hand(
    value: float, unit: str, expected: float, canonical: str
) -> None:
    assert units.to_canonical(value, unit) == pytest.approx(expected, rel=1e-14)
    assert units.canonical_unit(unit) == canonical


def test_a_normal_cubic_metre_is_the_ideal_gas_at_0_degc_and_101325_pa() -> None:
    assert units.convert(1.0, "Nm3", "mol") == pytest.approx(44.615, abs=5e-4)


def test_heat_stays_in_gj_and_converts_to_mwh_where_asked() -> None:
    assert units.to_canonical(7.2, "GJ") == 7.2
    assert units.convert(7.2, "GJ", "MWh") == pytest.approx(2.0, rel=1e-15)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("330 t/h", (330.0, "t/h")),
        ("92 %", (92.0, "%")),
        ("92%", (92.0, "%")),
        ("-3 t/h", (-3.0, "t/h")),
        ("1.5e3 CNY/t/(t/a)", (1500.0, "CNY/t/(t/a)")),
        ("0.01", (0.01, "1")),
        (" 7 d ", (7.0, "d")),
    ],
)
def test_a_text_is_read_as_number_and_unit(text: str, expected: tuple[float, str]) -> None:
    assert units.parse(text) == expected


@pytest.mark.parametrize("text", ["", "t/h", "1,5 t", "1 000 t", "1.2.3 t", "nan t", "inf t/h", "1e999 t", "0x10 t"])
def test_a_text_that_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(UnitError):
        units.parse(text)


@pytest.mark.parametrize(
    ("unit", "hint"),
    [("kwh", "kWh"), ("tons/h", "t"), ("nm3", "Nm3"), ("KW", "kW"), ("GBP/t", None), ("t//h", None), ("t/(h", None)],
)
def test_an_unknown_unit_is_refused_and_the_nearest_named(unit: str, hint: str | None) -> None:
    with pytest.raises(UnitError, match=f"did you mean '{hint}'" if hint == "kWh" else ".") as error:
        units.to_canonical(1.0, unit)
    assert repr(unit) in str(error.value)


def test_a_missing_value_stays_missing() -> None:
    assert math.isnan(units.to_canonical(math.nan, "t/d"))


@given(text=st.text(alphabet="th/()*^%1CNYd 2-", max_size=12))
def test_any_text_is_a_unit_or_a_unit_error(text: str) -> None:
    try:
        factor, _, canonical = units.factor_offset(text)
    except UnitError:
        return
    assert factor > 0 and units.canonical_unit(canonical) == canonical


@pytest.mark.parametrize(
    ("value", "unit", "expected", "canonical"),
    [(2000.0, "um", 2e-3, "m"), (10.0, "V", 10.0, "V"), (6000.0, "A", 6.0, "kA"), (10.0, "V*kA", 0.01, "MW")],
)
def test_sizes_voltages_and_currents_have_their_canonical_units(
    value: float, unit: str, expected: float, canonical: str
) -> None:
    assert units.to_canonical(value, unit) == pytest.approx(expected) and units.canonical_unit(unit) == canonical
