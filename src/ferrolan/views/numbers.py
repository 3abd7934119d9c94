"""The unit gate out: a canonical number becomes a text a person reads.

0.0302 (a fraction) becomes "3.02 %", 1.234e7 CNY "12.3 million CNY"; money is in whatever currency its unit says. Groups of three are parted by a narrow no-break
space and the unit follows after a no-break space, so that no line breaks inside a quantity (SI Brochure, 9th ed. 2019,
5.4.3 and 5.4.4). Digits follow the uncertainty where one is known: two figures of it, else three significant digits.
A number that rounds to nothing is "0", never "-0".
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ferrolan.base.language import _
from ferrolan.base.units import CURRENCIES, CURRENCY

NBSP = "\u00a0"
GROUP = "\u202f"
MINUS = "\u2212"
DASH = "\u2013"

_MOST_DECIMALS = 6
_MONEY = ((1e9, 1e9, "billion"), (1e6, 1e6, "million"), (0.0, 1.0, ""))
_MILLIONS = 9.99e8  # the largest number that is still shown in millions
_MASS = ((1e6, 1e6, "Mt"), (1e4, 1e3, "kt"), (0.0, 1.0, "t"))
_SHARE = ((0.0, 0.01, "%"),)
_STEPS: dict[str, tuple[tuple[float, float, str], ...]] = {  # from which size on, step, label
    **{
        f"{currency}{per}": tuple((least, step, f"{many} {currency}{per}".strip()) for least, step, many in _MONEY)
        for currency in (*CURRENCIES, CURRENCY)
        for per in ("", "/a")
    },
    "t": _MASS,
    "t/a": tuple((least, step, f"{label}/a") for least, step, label in _MASS),
    "1": _SHARE,
}
_SPELLED = {
    "m3/h": "m³/h",
    "kg/m3": "kg/m³",
    "m3": "m³",
    "RMB_per_t": "CNY/t",
    "t_REO": "t REO",
    "pct": "%",
    "USD_per_kg": "USD/kg",
}
_IN_KEY = {"_usd_per_kg": "USD/kg", "_rmb_per_t": "CNY/t", "_pct": "%", "_t": "t"}
_MONEY_DECIMALS = 2  # nothing is paid below the hundredth of a currency
_TO_THE_CENT = re.compile(rf"(?:{'|'.join((*CURRENCIES, CURRENCY))})(?:/a|/t.*)?")


@dataclass(frozen=True)
class Shown:
    """A number as shown: ``text`` without its unit; value times ``1 / step`` rounded to ``decimals`` is the text."""

    text: str
    unit: str
    step: float
    decimals: int

    @property
    def full(self) -> str:
        """Text and unit, joined so that no line breaks between them."""
        return f"{self.text}{NBSP}{self.unit}" if self.unit else self.text


def show(
    value: float,
    unit: str,
    *,
    digits: int | None = 3,
    spread: float | None = None,
    signed: bool = False,
    magnitude: float | None = None,
) -> Shown:
    r"""Show a number in display units.

    Parameters
    ----------
    value
        Number in its canonical unit.
    unit
        Canonical unit; ``"1"`` is shown in per cent, ``""`` is a bare count.
    digits
        Significant digits where no ``spread`` is known; None shows the number exactly, as published figures are.
    spread
        Standard deviation or half width of its interval, in the same unit; two figures of it are shown.
    signed
        Whether a plus sign is shown.
    magnitude
        Number that chooses between t and kt, so that the cells of a column agree; the value itself without it.

    Examples
    --------
    >>> show(0.0302, "1").full
    '3.02\xa0%'
    >>> show(1.2345e7, "CNY", spread=4e5).full
    '12.35\xa0million\xa0CNY'
    >>> show(-0.0004, "CNY/t", digits=None, spread=10.0).text
    '0'
    """
    step, label = _display(unit, abs(value if magnitude is None else magnitude))
    scaled = value / step
    decimals = _decimals(scaled, digits, None if spread is None else abs(spread) / step)
    if _TO_THE_CENT.fullmatch(label):
        decimals = min(decimals, _MONEY_DECIMALS)
    return Shown(_text(scaled, decimals, signed), unit_label(label), step, decimals)


def is_money(unit: str) -> bool:
    """Whether a unit, canonical or shown, is one of money.

    Examples
    --------
    >>> is_money("million AUD/year"), is_money("t/a")
    (True, False)
    """
    return any(currency in unit for currency in (*CURRENCIES, CURRENCY))


def unit_label(unit: str) -> str:
    """A unit as a reader writes it, with no-break spaces inside."""
    return _translated(_SPELLED.get(unit, unit)).replace(" ", NBSP)


def display_unit(unit: str, magnitude: float) -> tuple[float, str]:
    """Step and label in which a number of this canonical unit and size is shown.

    Examples
    --------
    >>> display_unit("t", 2.5e6)
    (1000000.0, 'Mt')
    """
    step, label = _display(unit, abs(magnitude))
    return step, unit_label(label)


def column_size(column: Sequence[float]) -> float:
    """The magnitude in which a column of money is shown: of its largest number, but no more than millions beside small ones.

    Examples
    --------
    >>> column_size([1.35e9, 1.1e7]) < 1e9 < column_size([1.35e9, 2e8])
    True
    """
    most = max((abs(value) for value in column), default=0.0)
    least = min((abs(value) for value in column if value), default=0.0)
    return most if least >= most / 10 else min(most, _MILLIONS)


def unit_in_key(key: str) -> str:
    """Unit that a figure of the public record carries in its key, such as ``floor_usd_per_kg``; empty if none.

    Examples
    --------
    >>> unit_in_key("params.floor_usd_per_kg")
    'USD/kg'
    """
    return next((unit for end, unit in _IN_KEY.items() if key.endswith(end)), "")


def _display(unit: str, magnitude: float) -> tuple[float, str]:
    for least, step, label in _STEPS.get(unit, ()):
        if magnitude >= least:
            return step, label
    return 1.0, unit


def _decimals(scaled: float, digits: int | None, spread: float | None) -> int:
    if spread is not None and spread > 0 and math.isfinite(spread):
        return _capped(1 - math.floor(math.log10(spread)))
    if digits is None:
        exact = (n for n in range(_MOST_DECIMALS) if math.isclose(round(scaled, n), scaled, rel_tol=1e-12))
        return next(exact, _MOST_DECIMALS)
    if scaled == 0:
        return 0
    return _capped(digits - 1 - math.floor(math.log10(abs(scaled))))


def _capped(decimals: int) -> int:
    return max(-9, min(_MOST_DECIMALS, decimals))


def _text(scaled: float, decimals: int, signed: bool) -> str:
    rounded = round(scaled, decimals) + 0.0
    if rounded == 0:
        return "0"
    body = f"{abs(rounded):,.{max(decimals, 0)}f}".replace(",", GROUP)
    return (MINUS if rounded < 0 else "+" if signed else "") + body


def _translated(label: str) -> str:
    """The words among the units, each with its own entry in the catalogue."""
    words = {"Mt/a": _("Mt/year"), "kt/a": _("kt/year"), "t/a": _("t/year")}
    if label in words:
        return words[label]
    forms = {
        ("billion", ""): _("billion {currency}"),
        ("million", ""): _("million {currency}"),
        ("billion", "a"): _("billion {currency}/year"),
        ("million", "a"): _("million {currency}/year"),
        ("", "a"): _("{currency}/year"),
    }
    money, _slash, per = label.partition("/")
    many, _space, currency = money.rpartition(" ")
    form = forms.get((many, per)) if currency in CURRENCIES or currency == CURRENCY else None
    return label if form is None else form.format(currency=currency)
