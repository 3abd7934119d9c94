"""The codes of units that trade and automation use: UNECE Recommendation 20, as OPC UA numbers them.

A belt scale's server says ``unitId`` 4534584, which are the bytes of ``E18``: tonne per hour, our ``t/h``. Of the 1,827
codes 800 have a dimension of ours and an exact factor; the others, such as ``LUM`` (lumen), are known by name alone.
``FTQ``, a cubic foot, has no text among our units and is written ``UNECE:FTQ``, which every unit may be.

A text that reads as one of our units is that unit, whatever code it is besides: ``GJ`` is a gigajoule, and only
``UNECE:GJ`` is the gram per millilitre. It is the only such text.

References
----------
Codes, unit ids, symbols and names: OPC Foundation, UA-Nodeset, ``Schema/UNECE_to_OPCUA.csv``, commit a2d4ae8b (no
licence stated for the file; the NodeSet XML beside it carries the OPC Foundation MIT licence 1.00), after UN/CEFACT,
Recommendation 20, Codes for Units of Measure Used in International Trade. Our units and exact factors follow from the
names by the definitions of the units; they agree with the printed factors of Recommendation 20, revision 17
(datasets/unece-units-of-measure, ODC-PDDL-1.0), where those have no misprint.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from importlib.resources import files

from ferrolan.base.errors import UnitError

PREFIX = "UNECE:"
"""What a code may begin with wherever a unit stands: ``UNECE:FTQ``."""


@dataclass(frozen=True)
class Code:
    """A code of a unit: ``value in unit = value * factor + offset``.

    ``unit_id`` is its number in OPC UA, ``unit`` a unit of ours; empty where none has its dimension.
    """

    code: str
    unit_id: int
    symbol: str
    name: str
    unit: str
    factor: Fraction
    offset: Fraction

    @property
    def text(self) -> str:
        """The code as a unit may be written: our own unit where it is the same, else the code with its prefix.

        Raises
        ------
        UnitError
            If it has no dimension of ours.
        """
        if not self.unit:
            raise UnitError(f"the UNECE code {self.code!r} ({self.name}) has no dimension that is computed with")
        return self.unit if self.factor == 1 and not self.offset else PREFIX + self.code


def unit_of_code(code: str) -> str:
    """The unit of a code, as our units are written.

    Raises
    ------
    UnitError
        If there is no such code, or it has no dimension of ours.

    Examples
    --------
    >>> unit_of_code("E18"), unit_of_code("CEL"), unit_of_code("FTQ")
    ('t/h', 'degC', 'UNECE:FTQ')
    """
    return code_of(code).text


def unit_of_id(unit_id: int) -> str:
    """The unit of a ``unitId`` of OPC UA (EUInformation), as ``unit_of_code``.

    Examples
    --------
    >>> unit_of_id(4408652)
    'degC'
    """
    code = code_of_id(unit_id)
    if code is None:
        raise UnitError(f"no UNECE code has the unit id {unit_id}")
    return unit_of_code(code)


def code_of_id(unit_id: int) -> str | None:
    """The code of a ``unitId`` of OPC UA; None where there is no such code.

    Examples
    --------
    >>> code_of_id(4408652), code_of_id(0)
    ('CEL', None)
    """
    return _by_id().get(unit_id)


def code_of_symbol(symbol: str) -> str | None:
    """The one code with a symbol; None where there is none, or several that do not mean the same.

    Examples
    --------
    >>> code_of_symbol("°C"), code_of_symbol("m³/h"), code_of_symbol("gal")
    ('CEL', 'MQH', None)
    """
    found = [code for code in _by_symbol().get(symbol.strip(), ()) if code.unit]
    same = {(code.unit, code.factor, code.offset) for code in found}
    return found[0].code if len(same) == 1 else None


def code_of(code: str) -> Code:
    """What is known of a code, with or without its prefix.

    Raises
    ------
    UnitError
        If there is no such code.
    """
    known = codes().get(code.removeprefix(PREFIX))
    if known is None:
        raise UnitError(f"unknown UNECE code {code.removeprefix(PREFIX)!r}")
    return known


@lru_cache(maxsize=1)
def codes() -> Mapping[str, Code]:
    """Every code by its text."""
    text = (files("ferrolan.base") / "data/unece.csv").read_text(encoding="utf-8")
    return {row["code"]: _read(row) for row in csv.DictReader(text.splitlines())}


def _read(row: Mapping[str, str]) -> Code:
    return Code(
        row["code"], int(row["unit_id"]), row["symbol"], row["name"], row["unit"],
        Fraction(row["factor"] or 1), Fraction(row["offset"] or 0),
    )  # fmt: skip


@lru_cache(maxsize=1)
def _by_id() -> Mapping[int, str]:
    return {code.unit_id: code.code for code in codes().values()}


@lru_cache(maxsize=1)
def _by_symbol() -> Mapping[str, tuple[Code, ...]]:
    found: dict[str, list[Code]] = {}
    for code in codes().values():
        if code.symbol:
            found.setdefault(code.symbol, []).append(code)
    return {symbol: tuple(several) for symbol, several in found.items()}
