"""Codes of UNECE Recommendation 20: what they mean, that none changes the meaning of our own units, and OPC UA's ids."""

from __future__ import annotations

import math
from fractions import Fraction

import pint
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrolan.base import unece, units
from ferrolan.base.errors import UnitError

CODES = tuple(unece.codes().values())
OURS = tuple(code for code in CODES if code.unit)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("CEL", "degC"), ("KEL", "K"), ("TNE", "t"), ("E18", "t/h"), ("MQH", "m3/h"), ("KWH", "kWh"), ("P1", "%"),
        ("KGM", "kg"), ("GRM", "g"), ("MIN", "min"), ("BAR", "bar"), ("KPA", "kPa"), ("C62", "1"), ("59", "ppm"),
        ("NM3", "Nm3"), ("AMP", "A"), ("VLT", "V"), ("KWT", "kW"), ("MAW", "MW"), ("MMT", "mm"), ("D41", "t/m3"),
    ],
)  # fmt: skip
def test_a_code_of_one_of_our_units_is_that_unit(code, text):
    assert unece.unit_of_code(code) == text
    assert units.coded(code) == text
    assert units.coded(f"UNECE:{code}") == text


@pytest.mark.parametrize(
    ("unit", "value", "canonical"),
    [
        ("UNECE:FTQ", 1.0, 0.028316846592),
        ("UNECE:FAH", 32.0, 273.15),
        ("UNECE:FAH", 212.0, 373.15),
        ("UNECE:LBR", 1.0, 0.00045359237),
        ("UNECE:GJ", 1.0, 1000.0),
        ("UNECE:G2", 1.0, 0.003785411784 * 60),
        ("UNECE:STN", 1.0, 0.90718474),
    ],
)
def test_a_code_without_a_text_of_ours_converts_by_its_definition(unit, value, canonical):
    assert units.to_canonical(value, unit) == pytest.approx(canonical, rel=1e-14)


def test_the_one_text_that_is_a_code_and_a_unit_of_ours_stays_our_unit():
    clashes = set()
    for code in CODES:
        try:
            units.canonical_unit(code.code)
            clashes.add(code.code)
        except UnitError:
            assert not code.unit or units.canonical_unit(units.coded(code.code))
    assert clashes == {"GJ"}
    assert units.canonical_unit(units.coded("GJ")) == "GJ"
    assert units.canonical_unit(units.coded("UNECE:GJ")) == "kg/m3"


@given(st.sampled_from(units.symbols()))
def test_no_unit_of_ours_is_read_as_a_code(symbol):
    assert units.coded(symbol) == symbol


@given(st.sampled_from(CODES))
def test_an_id_of_opc_ua_is_the_bytes_of_its_code(code):
    assert code.unit_id == int.from_bytes(code.code.encode(), "big")
    assert unece.code_of_id(code.unit_id) == code.code


@given(st.sampled_from(OURS), st.floats(-1e6, 1e6))
def test_a_value_comes_back_from_the_unit_it_was_converted_to(code, value):
    canonical = units.canonical_unit(code.text)
    there = units.to_canonical(value, code.text)
    assert math.isclose(units.convert(there, canonical, code.text), value, rel_tol=1e-9, abs_tol=1e-6)


def test_every_code_is_there_and_every_unit_of_ours_can_be_computed_with():
    assert len(CODES) == 1827
    assert len(OURS) == 800
    assert all(units.factor_offset(code.text)[0] > 0.0 for code in OURS)


@pytest.mark.parametrize("code", ["LUM", "NEW", "OHM", "E34", "2N"])
def test_a_code_without_a_dimension_of_ours_is_refused_by_its_name(code):
    with pytest.raises(UnitError, match="has no dimension that is computed with") as refused:
        units.coded(code)
    assert unece.code_of(code).name in str(refused.value)
    with pytest.raises(UnitError, match="has no dimension"):
        units.to_canonical(1.0, f"UNECE:{code}")


def test_an_unknown_code_or_id_is_refused():
    with pytest.raises(UnitError, match="unknown UNECE code 'XXXX'"):
        units.coded("UNECE:XXXX")
    with pytest.raises(UnitError, match="unit id 1"):
        unece.unit_of_id(1)
    with pytest.raises(UnitError, match="unknown unit"):
        units.coded("tph")


@pytest.mark.parametrize(
    ("name", "oracle"),
    [
        ("cubic foot", "foot**3"), ("gallon (US)", "gallon"), ("gallon (UK)", "imperial_gallon"),
        ("pound", "pound"), ("ton (US) or short ton (UK/US)", "short_ton"),
        ("ton (UK) or long ton (US)", "long_ton"), ("ounce (avoirdupois)", "ounce"), ("inch", "inch"),
        ("yard", "yard"), ("torr", "torr"), ("standard atmosphere", "atm"), ("cubic foot per minute", "foot**3/minute"),
        ("pound per cubic foot", "pound/foot**3"), ("pound-force per square inch", "psi"),
        ("technical atmosphere", "technical_atmosphere"), ("troy ounce or apothecary ounce", "troy_ounce"),
        ("kilocalorie (thermochemical)", "kilocalorie"), ("British thermal unit (international table)", "Btu_it"),
        ("tonne per day", "metric_ton/day"), ("gram per millilitre", "gram/milliliter"), ("millibar", "millibar"),
    ],
)  # fmt: skip
def test_factors_agree_with_the_definitions_of_pints_own_registry(name, oracle):
    registry = pint.UnitRegistry()
    (code,) = (code for code in OURS if code.name == name)
    canonical = {"t": "metric_ton", "m3": "meter**3", "h": "hour", "kPa": "kilopascal", "m": "meter", "GJ": "gigajoule",
                 "t/h": "metric_ton/hour", "m3/h": "meter**3/hour", "kg/m3": "kilogram/meter**3"}  # fmt: skip
    factor, offset, unit = units.factor_offset(code.text)
    assert offset == 0.0
    assert factor == pytest.approx(registry.Quantity(1.0, oracle).to(canonical[unit]).magnitude, rel=1e-9)


def test_offsets_belong_to_temperatures_alone():
    assert {code.code for code in OURS if code.offset} == {"FAH"}
    assert unece.code_of("FAH").offset == Fraction(45967, 180)
