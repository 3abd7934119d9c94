"""Datatypes of Sparkplug B: what a metric's value is, as a number or as a text.

A pressure of -3 as Int16 travels as the unsigned number 4294967293 or 65533: the datatype of the birth says how to
read it. Data sets, templates, arrays and files are no samples and are refused by name.

References
----------
Eclipse Sparkplug Specification 3.0.0, section 6.4.16 (Data Types).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

NAMES = {
    1: "Int8", 2: "Int16", 3: "Int32", 4: "Int64", 5: "UInt8", 6: "UInt16", 7: "UInt32", 8: "UInt64", 9: "Float",
    10: "Double", 11: "Boolean", 12: "String", 13: "DateTime", 14: "Text", 15: "UUID", 16: "DataSet", 17: "Bytes",
    18: "File", 19: "Template", 20: "PropertySet", 21: "PropertySetList", 22: "Int8Array", 23: "Int16Array",
    24: "Int32Array", 25: "Int64Array", 26: "UInt8Array", 27: "UInt16Array", 28: "UInt32Array", 29: "UInt64Array",
    30: "FloatArray", 31: "DoubleArray", 32: "BooleanArray", 33: "StringArray", 34: "DateTimeArray",
}  # fmt: skip
"""Name of each datatype by its number."""

TEXTS = frozenset({12, 14, 15})
"""Datatypes whose values are texts."""

EXACT = 2**53
"""Whole numbers up to this are exact as a float."""

Value = int | float | str

_SIGNED = {1: 8, 2: 16, 3: 32, 4: 64}
_UNSIGNED = {5: 8, 6: 16, 7: 32, 8: 64, 13: 64}
_WHOLE = ("int_value", "long_value")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def readers(datatype: int) -> dict[str, Callable[[int | float | bytes], Value]] | None:
    """How to read a value of a datatype, by the field it stands in; None where it is no sample.

    A node that puts a whole number into the field for long ones is understood as well.

    Examples
    --------
    >>> readers(2)["int_value"](65533), readers(11)["boolean_value"](True)
    (-3, 1.0)
    """
    if datatype in _SIGNED:
        bits = _SIGNED[datatype]
        return {field: lambda raw: _signed(int(raw), bits) for field in _WHOLE}
    if datatype in _UNSIGNED:
        mask = (1 << _UNSIGNED[datatype]) - 1
        return {field: lambda raw: int(raw) & mask for field in _WHOLE}
    if datatype in (9, 10):
        return {"float_value": float, "double_value": float}
    if datatype == 11:
        return dict.fromkeys(("boolean_value", *_WHOLE), _truth)
    return {"string_value": _text} if datatype in TEXTS else None


def as_text(value: Value, datatype: int) -> str:
    """A value as the text of a tag that keeps texts: exact, a DateTime in ISO form.

    Examples
    --------
    >>> as_text(1_774_000_000_000, 13), as_text(2**60 + 1, 8), as_text(1.0, 11)
    ('2026-03-20T09:46:40+00:00', '1152921504606846977', 'true')
    """
    if isinstance(value, str):
        return value
    if datatype == 13:
        return _moment(int(value))
    if datatype == 11:
        return "true" if value else "false"
    return str(value)


def _signed(raw: int, bits: int) -> int:
    raw &= (1 << bits) - 1
    return raw - (1 << bits) if raw >> (bits - 1) else raw


def _truth(raw: int | float | bytes) -> Value:
    return 1.0 if raw else 0.0


def _text(raw: int | float | bytes) -> Value:
    return raw.decode() if isinstance(raw, bytes) else str(raw)


def _moment(milliseconds: int) -> str:
    try:
        return (_EPOCH + timedelta(milliseconds=milliseconds)).isoformat()
    except OverflowError:
        return str(milliseconds)
