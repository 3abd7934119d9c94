"""Numbers as shown: no quantity breaks over a line, no figure claims more than is known, nothing is minus nought."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrolan.views.numbers import GROUP, MINUS, NBSP, show

UNITS = st.sampled_from(["CNY", "AUD", "CNY/a", "EUR/a", "CNY/t", "USD/t", "t", "t/a", "1", "t/h", ""])
VALUES = st.floats(-1e12, 1e12, allow_nan=False)


def number(text: str) -> float:
    return float(text.replace(GROUP, "").replace(MINUS, "-").replace("+", ""))


@given(VALUES, UNITS, st.one_of(st.none(), st.integers(1, 6)), st.one_of(st.none(), st.floats(1e-9, 1e9)))
def test_the_text_is_the_value_rounded_in_its_display_unit(
    value: float, unit: str, digits: int | None, spread: float | None
) -> None:
    shown = show(value, unit, digits=digits, spread=spread)
    assert number(shown.text) == pytest.approx(value / shown.step, abs=0.5001 * 10.0**-shown.decimals, rel=1e-12)


@given(VALUES, UNITS, st.floats(1e-9, 1e9))
def test_nothing_is_minus_nought_and_no_quantity_can_break(value: float, unit: str, spread: float) -> None:
    text = show(value, unit, spread=spread).full
    assert " " not in text
    assert number(text.split(NBSP)[0]) != 0 or not text.startswith((MINUS, "-", "+"))


@given(VALUES, UNITS)
def test_the_sign_is_that_of_the_value(value: float, unit: str) -> None:
    there, back = show(value, unit).text, show(-value, unit).text
    assert there.lstrip(MINUS) == back.lstrip(MINUS)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (34_440.0, "t", f"34.4{NBSP}kt"),
        (2.5e6, "t", f"2.50{NBSP}Mt"),
        (0.0302, "1", f"3.02{NBSP}%"),
        (26_834.0, "CNY/t", f"26{GROUP}800{NBSP}CNY/t"),
        (1.7e9, "CNY/a", f"1.70{NBSP}billion{NBSP}CNY/year"),
        (4.125e8, "AUD/a", f"412{NBSP}million{NBSP}AUD/year"),
        (2.0e6, "¤", f"2.00{NBSP}million{NBSP}¤"),
        (0.4127, "USD/kg", f"0.413{NBSP}USD/kg"),
    ],
)
def test_a_quantity_reads_as_people_write_it(value: float, unit: str, text: str) -> None:
    assert show(value, unit).full == text


def test_a_published_figure_is_shown_as_published() -> None:
    assert show(680.0, "Mt", digits=None).text == "680"
    assert show(98.95, "USD/t", digits=None).text == "98.95"
