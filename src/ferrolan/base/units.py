"""The one door to units: what a plant writes, what is computed with, and the exact factor between them.

A mill's feed rate of ``"7920 t/d"`` is 330 t/h inside, a coke price of ``"0.1876 USD/kg"`` is 187.6 USD/t, a furnace at
``"1187 degC"`` stands at 1460.15 K. Units are converted where data enters and where it leaves, nowhere between.

Canonical: t, h, K, kPa, MWh (GJ where heat is written in GJ), MW, m3, Nm3 (kmol where it is written in kmol), kg/m3,
kmol/m3, m (of a size), V, kA, the plain fraction ``"1"``, CNY. Conventions that are ours: a year ``a`` has 365 days
(8760 h) and a ``month`` is its twelfth (730 h); Nm3 is an amount of gas, at 0 degC and 101.325 kPa, so it is never m3;
kvarh is reactive energy, so it is never kWh; a currency converts into another one only by a declared rate, so USD is
never CNY. A code of UNECE Recommendation 20 may stand for a unit as ``UNECE:FTQ`` (cubic foot); see ``base.unece``.

References
----------
BIPM, The International System of Units, 9th edition (2019), doi:10.59161/AUEZ1291: the molar gas constant is exact.
"""

from __future__ import annotations

import difflib
import math
import re
from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from typing import cast

import pint
from pint.util import UnitsContainer

from ferrolan.base import unece
from ferrolan.base.errors import UnitError

HOURS_A_YEAR = 8760
"""Hours of the year ``a`` [h]: 365 days."""

NM3_IN_KMOL = 101.325 / (8.31446261815324 * 273.15)
"""Amount of an ideal gas in one normal cubic metre [kmol]: p V / (R T) with p in kPa, V in m3 and R in kJ/(kmol K)."""

CURRENCIES = ("CNY", "USD", "AUD", "EUR")
"""Currencies a document may use; one converts into another only by a declared rate."""

CURRENCY = "¤"
"""Stands for any currency in an accepted unit, and for the document's own in a table: ``¤/t``."""

_DEFINITIONS = f"""
t = [mass]
kt = 1000 * t
Mt = 1000000 * t
kg = 0.001 * t
g = 0.000001 * t
h = [time]
min = h / 60
s = h / 3600
d = 24 * h
a = {HOURS_A_YEAR} * h
month = a / 12
m3 = [volume]
L = 0.001 * m3
kmol = [substance]
mol = 0.001 * kmol
Nm3 = {NM3_IN_KMOL!r} * kmol
MWh = [energy]
kWh = 0.001 * MWh
GWh = 1000 * MWh
GJ = MWh / 3.6
MJ = 0.001 * GJ
TJ = 1000 * GJ
MW = MWh / h
kW = 0.001 * MW
kvarh = [reactive_energy]
Mvarh = 1000 * kvarh
K = [temperature]; offset: 0
degC = K; offset: 273.15
kPa = [pressure]
Pa = 0.001 * kPa
MPa = 1000 * kPa
bar = 100 * kPa
m = [length]
mm = 0.001 * m
um = 0.000001 * m
kA = [current]
A = 0.001 * kA
V = 0.001 * MW / kA
{chr(10).join(f"{name} = [{name}]" for name in CURRENCIES)}
RMB = CNY
percent = 0.01
ppm = 0.000001
"""

_DIMENSIONS = {  # in the order in which a canonical unit is written
    **{f"[{name}]": name for name in CURRENCIES},
    "[energy]": "MWh",
    "[reactive_energy]": "kvarh",
    "[pressure]": "kPa",
    "[temperature]": "K",
    "[substance]": "Nm3",
    "[mass]": "t",
    "[volume]": "m3",
    "[length]": "m",
    "[current]": "kA",
    "[time]": "h",
}
_OWN_NAMES: tuple[tuple[dict[str, int], str, dict[str, int]], ...] = (  # dimension, canonical text, its tokens
    ({"[energy]": 1, "[time]": -1}, "MW", {"MW": 1}),
    ({"[energy]": 1, "[time]": -1, "[current]": -1}, "V", {"V": 1}),
    ({"[mass]": 1, "[volume]": -1}, "kg/m3", {"kg": 1, "m3": -1}),
    *(
        ({f"[{name}]": 1, "[mass]": -2, "[time]": 1}, f"{name}/t/(t/h)", {name: 1, "t": -2, "h": 1})
        for name in CURRENCIES
    ),
)
_EVERYDAY = {  # what people write, and how it is written here
    **dict.fromkeys(("hr", "hrs", "hour", "hours"), "'h'"),
    **dict.fromkeys(("day", "days"), "'d'"),
    **dict.fromkeys(("y", "yr", "year", "years", "pa"), "'a'"),
    **dict.fromkeys(("mo", "months"), "'month'"),
    **dict.fromkeys(("ton", "tons", "tonne", "tonnes", "te"), "'t'"),
    **dict.fromkeys(("mt", "mtpa"), "'t' (a tonne) or 'Mt' (a million of them)"),
    **dict.fromkeys(("tph", "t_h"), "'t/h'"),
    **dict.fromkeys(("tpd",), "'t/d'"),
    **dict.fromkeys(("tpa", "tpy"), "'t/a'"),
}
_PRINTED = str.maketrans(
    {"³": "3", "²": "2", "·": "*", "×": "*", "％": "%", "／": "/", "℃": "degC", "€": "EUR", "$": "USD", "元": "CNY"}
)
_HEAT = frozenset({"GJ", "MJ", "TJ"})
_AMOUNT = frozenset({"kmol", "mol"})
_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?!\d)\s*(.*?)\s*", re.DOTALL)
_LONGEST = 100  # characters of a unit; brackets in brackets without end are no unit
_HIGHEST = 20  # powers of a unit, added up: no quantity has as many, and 1000^99999999 is no number
_SYMBOL = re.compile(r"\s*(?:([A-Za-z]+\d?)(?:\^([+-]?\d+))?|(%)|(1)(?!\d)|([*/()]))")


def to_canonical(value: float, unit: str) -> float:
    """The value in the canonical unit of its dimension.

    Parameters
    ----------
    value
        Number as written [unit].
    unit
        Unit as written, such as ``"t/d"``.

    Raises
    ------
    UnitError
        If the unit is unknown.

    Examples
    --------
    >>> to_canonical(7920, "t/d"), to_canonical(13, "%"), to_canonical(1187, "degC")
    (330.0, 0.13, 1460.15)
    """
    factor, offset, _ = _exact(unit)
    return _apply(value, factor, offset)


def canonical_unit(unit: str) -> str:
    """The canonical unit of a unit's dimension; ``"1"`` for a plain number.

    Examples
    --------
    >>> [canonical_unit(unit) for unit in ("kt/month", "g/L", "kW", "%", "USD/kg", "CNY/t/(t/a)")]
    ['t/h', 'kg/m3', 'MW', '1', 'USD/t', 'CNY/t/(t/h)']
    """
    return _exact(unit)[2]


def factor_offset(unit: str) -> tuple[float, float, str]:
    """``(factor, offset, canonical unit)`` with ``canonical = value * factor + offset``.

    A difference, such as a standard deviation of a temperature, takes the factor alone.

    Examples
    --------
    >>> factor_offset("degC"), factor_offset("kW")
    ((1.0, 273.15, 'K'), (0.001, 0.0, 'MW'))
    """
    factor, offset, canonical = _exact(unit)
    return float(factor), float(offset), canonical


def convert(value: float, source: str, target: str) -> float:
    """The value in another unit of the same dimension.

    Raises
    ------
    UnitError
        If a unit is unknown or the dimensions differ.

    Examples
    --------
    >>> convert(1.0, "t/h", "t/a"), convert(1.0, "MWh", "GJ")
    (8760.0, 3.6)
    """
    if not same_dimension(source, target):
        raise UnitError(f"{source!r} ({dimension(source)}) cannot be converted to {target!r} ({dimension(target)})")
    factor, offset = _to_base(source)
    target_factor, target_offset = _to_base(target)
    return _apply(value, factor / target_factor, (offset - target_offset) / target_factor)


def same_dimension(one: str, other: str) -> bool:
    """Whether two units measure the same thing.

    Examples
    --------
    >>> same_dimension("t/d", "Mt/a"), same_dimension("kvarh", "kWh"), same_dimension("Nm3", "m3")
    (True, False, False)
    """
    return _dimensions(one) == _dimensions(other)


def dimension(unit: str) -> str:
    """The dimension in words, for messages.

    Examples
    --------
    >>> dimension("t/a"), dimension("%")
    ('mass/time', 'a plain number')
    """
    powers = _dimensions(unit)
    words = {name[1:-1].replace("_", " "): powers[name] for name in _DIMENSIONS if name in powers}
    return _written(words, "a plain number")


def coded(unit: str) -> str:
    """A unit that may be written as a bare code of UNECE Recommendation 20, as it is written here.

    What reads as one of our units is that unit: ``GJ`` is a gigajoule, ``UNECE:GJ`` a gram per millilitre.

    Raises
    ------
    UnitError
        If it is neither, or a code without a dimension of ours.

    Examples
    --------
    >>> coded("E18"), coded("t/h"), coded("FTQ"), coded("GJ"), coded("UNECE:CEL")
    ('t/h', 't/h', 'UNECE:FTQ', 'GJ', 'degC')
    """
    if unit.startswith(unece.PREFIX):
        return unece.unit_of_code(unit)
    try:
        _tokens(unit)
    except UnitError:
        if unit in unece.codes():
            return unece.unit_of_code(unit)
        raise
    return unit


def parse(text: str) -> tuple[float, str]:
    """Number and unit of a text; a text without a unit has the unit ``"1"``.

    Raises
    ------
    UnitError
        If there is no number, the number is not finite, or the unit is unknown.

    Examples
    --------
    >>> parse("330 t/h"), parse("92 %"), parse("0.5")
    ((330.0, 't/h'), (92.0, '%'), (0.5, '1'))
    """
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise UnitError(f"{text!r} does not begin with a number; write it like '330 t/h', with a decimal point")
    value, unit = float(match[1]), match[2] or "1"
    if unit.startswith(","):
        raise UnitError(f"{text!r} has a comma; write a decimal point, and no mark between thousands")
    if not math.isfinite(value):
        raise UnitError(f"{text!r} is not a finite number")
    _exact(unit)
    return value, unit


def symbols() -> tuple[str, ...]:
    """The symbols a unit may be written with, besides ``%`` and ``1``: for the JSON Schema and the reference.

    Examples
    --------
    >>> symbols()[:4]
    ('t', 'kt', 'Mt', 'kg')
    """
    return _known_tokens()


def _apply(value: float, factor: Fraction, offset: Fraction) -> float:
    """``value * factor + offset`` of the decimal number as written, rounded once: 57 % is 0.57."""
    if not math.isfinite(value):
        return value * float(factor) + float(offset)
    try:
        return float(Fraction(repr(float(value))) * factor + offset)
    except OverflowError as error:
        raise UnitError(f"{value!r} is too large a number in the canonical unit") from error


@lru_cache(maxsize=1024)
def _exact(unit: str) -> tuple[Fraction, Fraction, str]:
    """Exact factor and offset to the canonical unit, and the canonical unit."""
    factor, offset = _to_base(unit)
    canonical, tokens = _canonical(unit)
    scale = _base_factor(tokens)
    return factor / scale, offset / scale, canonical


@lru_cache(maxsize=1024)
def _to_base(unit: str) -> tuple[Fraction, Fraction]:
    """Exact factor and offset to the registry's base units; only a temperature standing alone has an offset."""
    if unit.startswith(unece.PREFIX):
        code = unece.code_of(unit)
        factor, zero = _to_base(_of_code(unit))
        return factor * code.factor, factor * code.offset + zero
    tokens = _tokens(unit)
    if tokens == {"degC": 1}:
        zero = _registry().Quantity(Fraction(0), "degC").to("K").magnitude
        return Fraction(1), Fraction(zero)
    return _base_factor({"K" if token == "degC" else token: power for token, power in tokens.items()}), Fraction(0)


def _base_factor(tokens: Mapping[str, int]) -> Fraction:
    factor, _ = _registry().get_base_units(_pint_unit(tokens))
    return Fraction(cast(Fraction, factor))


@lru_cache(maxsize=1024)
def _dimensions(unit: str) -> Mapping[str, int]:
    tokens = {"K" if token == "degC" else token: power for token, power in _tokens(unit).items()}
    return {str(name): int(cast(Fraction, power)) for name, power in _pint_unit(tokens).dimensionality.items()}


def _canonical(unit: str) -> tuple[str, Mapping[str, int]]:
    """Text and tokens of the canonical unit: heat stays in GJ and amounts in kmol where they are written so."""
    dimensions, written = _dimensions(unit), set(_tokens(unit))
    own = {"[energy]": "GJ" if written & _HEAT else "MWh", "[substance]": "kmol" if written & _AMOUNT else "Nm3"}
    for powers, text, tokens in _OWN_NAMES:
        if powers == dimensions and not written & _HEAT:
            return text, tokens
    tokens = {own.get(name, token): dimensions[name] for name, token in _DIMENSIONS.items() if name in dimensions}
    return _written(tokens, "1"), tokens


def _written(powers: Mapping[str, int], nothing: str) -> str:
    over = [name for name, power in powers.items() for _ in range(power)]
    under = [name for name, power in powers.items() for _ in range(-power)]
    return "/".join(["*".join(over) or "1", *under]) if over or under else nothing


@lru_cache(maxsize=1024)
def _tokens(unit: str) -> Mapping[str, int]:
    """Tokens of a unit and their powers: ``"CNY/t/(t/a)"`` is CNY 1, t -2, a 1."""
    if unit.startswith(unece.PREFIX):
        return _tokens(_of_code(unit))
    if len(unit) > _LONGEST:
        raise UnitError(f"{unit[:20]!r}... cannot be read as a unit: it has {len(unit)} characters")
    symbols, position = [], 0
    while position < len(unit.rstrip()):
        match = _SYMBOL.match(unit, position)
        if match is None:
            raise UnitError(f"{unit!r} cannot be read as a unit at {unit[position:].strip()!r}{_typed(unit)}")
        symbols.append(match)
        position = match.end()
    powers: Counter[str] = Counter()
    rest = _product(unit, symbols, 1, powers)
    if rest:
        raise UnitError(f"{unit!r} cannot be read as a unit: a bracket is not opened")
    if sum(map(abs, powers.values())) > _HIGHEST:
        raise UnitError(f"{unit!r} cannot be read as a unit: its powers add up to more than {_HIGHEST}")
    return {token: power for token, power in powers.items() if power}


def _of_code(unit: str) -> str:
    """Our unit of the dimension of a code; a code without one is refused."""
    code = unece.code_of(unit)
    return code.unit or code.text


def _typed(unit: str) -> str:
    """How a unit in the signs of print is typed, as a hint: ``m³/h`` is m3/h."""
    typed = unit.translate(_PRINTED).replace("°C", "degC")
    return f"; write {typed!r}" if typed != unit else ""


def _product(unit: str, symbols: list[re.Match[str]], sign: int, powers: Counter[str]) -> list[re.Match[str]]:
    """Read factors joined by ``*`` and ``/`` into ``powers``; return what follows."""
    rest = _factor(unit, symbols, sign, powers)
    while rest and rest[0][5] in ("*", "/"):
        rest = _factor(unit, rest[1:], sign if rest[0][5] == "*" else -sign, powers)
    return rest


def _factor(unit: str, symbols: list[re.Match[str]], sign: int, powers: Counter[str]) -> list[re.Match[str]]:
    if not symbols:
        raise UnitError(f"{unit!r} cannot be read as a unit: something is missing at its end")
    first, rest = symbols[0], symbols[1:]
    if first[5] == "(":
        rest = _product(unit, rest, sign, powers)
        if not rest or rest[0][5] != ")":
            raise UnitError(f"{unit!r} cannot be read as a unit: a bracket is not closed")
        return rest[1:]
    if first[5]:
        raise UnitError(f"{unit!r} cannot be read as a unit: {first[5]!r} stands where a unit should")
    if not first[4]:
        powers["percent" if first[3] else _known(first[1], unit)] += sign * int(first[2] or 1)
    return rest


def _known(token: str, unit: str) -> str:
    if token in _known_tokens():
        return token
    near = difflib.get_close_matches(token, _known_tokens(), n=1, cutoff=0.4)
    folded = [known for known in _known_tokens() if known.casefold() == token.casefold()]
    meant = _EVERYDAY.get(token) or _EVERYDAY.get(token.casefold()) or " or ".join(map(repr, folded or near))
    hint = f"; did you mean {meant}?" if meant else ""
    place = f" in {unit!r}" if token != unit else ""
    raise UnitError(f"unknown unit {token!r}{place}{hint}")


@lru_cache(maxsize=1)
def _known_tokens() -> tuple[str, ...]:
    return tuple(line.split("=")[0].strip() for line in _DEFINITIONS.strip().splitlines())


def _pint_unit(tokens: Mapping[str, int]) -> pint.Unit:
    unit: pint.Unit = _registry().Unit(UnitsContainer(dict(tokens), non_int_type=Fraction))
    return unit


@lru_cache(maxsize=1)
def _registry() -> pint.UnitRegistry[Fraction]:
    """A registry of our own with exact numbers: nothing in it that is not written above."""
    registry: pint.UnitRegistry[Fraction] = pint.UnitRegistry(None, non_int_type=Fraction)
    for line in _DEFINITIONS.strip().splitlines():
        registry.define(line)
    return registry
