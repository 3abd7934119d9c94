"""The unit that a table states, in a bracket of its header or in a row of units, against the one that is declared.

``P [mbar]`` under a tag that was declared in bar: mbar is not in the registry, so nobody can tell that it is a
thousandth, and the column must not pass in silence. Only spellings that leave no doubt are taken for a known unit:
``wt%`` is ``%``, ``吨/小时`` is ``t/h``; ``ppmv`` is not ``ppm`` by mass, and ``ton`` may be a short one.
"""

from __future__ import annotations

import re
import unicodedata

from ferrolan.base import units
from ferrolan.base.errors import UnitError

_SIGNS = str.maketrans({"·": "*", "⋅": "*", "×": "*", "º": "°", "−": "-"})
_SHARE = re.compile(r"(?:wt|vol|mol|mass|weight)?[.\-_\s]*%|%[\s]*\(?(?:wt|vol|mol|mass|w/w|v/v|m/m)\)?", re.IGNORECASE)
_CELSIUS = re.compile(r"(?:°|deg)[.\s]*C\b")
_WORDS = {
    **dict.fromkeys(("hr", "hrs", "hour", "hours", "小时", "时"), "h"),
    **dict.fromkeys(("day", "days", "天", "日"), "d"),
    **dict.fromkeys(("yr", "year", "years", "年"), "a"),
    **dict.fromkeys(("tonne", "tonnes", "吨"), "t"),
    **dict.fromkeys(("千克", "公斤"), "kg"),
    **dict.fromkeys(("kwh", "千瓦时", "千瓦小时"), "kWh"),
    **dict.fromkeys(("kvarh", "千乏时"), "kvarh"),
    "千吨": "kt", "克": "g", "l": "L", "升": "L", "立方米": "m3", "分钟": "min", "秒": "s", "月": "month",
    "兆瓦时": "MWh", "千瓦": "kW", "兆瓦": "MW", "帕": "Pa", "千帕": "kPa", "兆帕": "MPa", "摄氏度": "degC",
    "元": "CNY",
    "tph": "t/h", "tpd": "t/d", "tpa": "t/a", "ppmw": "ppm",
}  # fmt: skip
_BRACKETS = {"[": "]", "(": ")", "【": "】"}
_NOTHING = frozenset({"-", "–", "—", "/"})  # what people write into a row of units where a column has none


def bare(text: str) -> str:
    """A unit without the brackets around it; empty where a dash says that there is none.

    Examples
    --------
    >>> bare(" [t/h] "), bare("（％）"), bare("CNY/t/(t/a)"), bare("-")
    ('t/h', '％', 'CNY/t/(t/a)', '')
    """
    text = text.strip()
    plain = unicodedata.normalize("NFKC", text)
    if len(text) == len(plain) > 1 and _BRACKETS.get(plain[0]) == plain[-1]:
        text = text[1:-1].strip()
    return "" if text in _NOTHING else text


def spelled(unit: str) -> str:
    """A unit as the registry writes it, where its spelling leaves no doubt; else as it came.

    Examples
    --------
    >>> [spelled(unit) for unit in ("wt%", "％", "deg C", "m³/h", "g/l", "t/hr", "吨/小时", "千瓦时", "tpd")]
    ['%', '%', 'degC', 'm3/h', 'g/L', 't/h', 't/h', 'kWh', 't/d']
    """
    text = unicodedata.normalize("NFKC", unit).translate(_SIGNS).strip()
    if _SHARE.fullmatch(text):
        return "%"
    text = _CELSIUS.sub("degC", text)
    parts = re.split(r"([/*()])", text)
    return "".join(_WORDS.get(part.strip(), _WORDS.get(part.strip().casefold(), part.strip())) for part in parts)


def is_unit(text: str) -> bool:
    """Whether the registry knows a unit, however it is spelled."""
    try:
        return bool(text) and bool(units.canonical_unit(spelled(text)))
    except UnitError:
        return False


def same(stated: str, declared: str) -> bool:
    """Whether two units are of one dimension and one scale; a unit that nobody knows is only the same as itself."""
    if not (is_unit(stated) and is_unit(declared)):
        return spelled(stated) == spelled(declared)
    return units.factor_offset(spelled(stated)) == units.factor_offset(spelled(declared))
