"""Chemical formulae: what is in ``Fe2(SO4)3`` and what a kilomole of it weighs.

Counts may be fractions (``Ce0.5La0.5CO3F``), groups may be nested (``Ca5(PO4)3F``, ``[...]``), crystal water follows a
dot (``MgSO4.7H2O``, ``MgSO4·7H2O``). A full stop is a decimal point everywhere except before ``nH2O`` at the end.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from ferrolan.base.errors import ProblemError
from ferrolan.materials.elements import atomic_mass

_CRYSTAL_WATER = re.compile(r"\.(\d+(?:\.\d+)?)?H2O$")
_NUMBER = r"(\d+(?:\.\d+)?)"
_LEADING = re.compile(rf"{_NUMBER}?(.*)", re.DOTALL)
_TOKEN = re.compile(rf"([A-Z][a-z]?){_NUMBER}?|([(\[])|([)\]]){_NUMBER}?")


@cache
def formula(text: str) -> Mapping[str, float]:
    """Atoms of each element in a formula unit, in the order they first appear.

    Parameters
    ----------
    text
        A formula without charge: ``"Fe2(SO4)3"``, ``"Ce0.5La0.5"``, ``"MgSO4.7H2O"``.

    Returns
    -------
    Mapping[str, float]
        Count by symbol [1], read-only.

    Raises
    ------
    ProblemError
        It cannot be read, a count is zero, or an element is unknown.

    Examples
    --------
    >>> dict(formula("Fe2(SO4)3"))
    {'Fe': 2.0, 'S': 3.0, 'O': 12.0}
    """
    counts: dict[str, float] = {}
    for part in _CRYSTAL_WATER.sub(r"·\1H2O", text).split("·"):
        times, group = _split(part, text)
        for symbol, count in _group(group, text).items():
            counts[symbol] = counts.get(symbol, 0.0) + times * count
    return MappingProxyType(counts)


@cache
def molar_mass(text: str) -> float:
    """Mass of a kilomole of a formula [kg/kmol].

    Examples
    --------
    >>> round(molar_mass("Nd2O3") / molar_mass("Nd2"), 4)
    1.1664
    """
    return sum(count * atomic_mass(symbol) for symbol, count in formula(text).items())


def _split(part: str, text: str) -> tuple[float, str]:
    match = _LEADING.fullmatch(part)
    if match is None or not match[2]:
        raise _unreadable(text, "nothing stands where a part of the formula should")
    return _count(match[1], text), match[2]


def _group(group: str, text: str) -> dict[str, float]:
    """Counts in a part without crystal water; a stack of open brackets."""
    stack: list[tuple[str, dict[str, float]]] = [("", {})]
    at = 0
    while at < len(group):
        match = _TOKEN.match(group, at)
        if match is None:
            raise _unreadable(text, f'cannot read "{group[at:]}"')
        symbol, count, opens, closes, times = match.groups()
        if symbol:
            atomic_mass(symbol)  # refuses an unknown element
            _add(stack[-1][1], {symbol: 1.0}, _count(count, text))
        elif opens:
            stack.append((opens, {}))
        else:
            _close(stack, closes, _count(times, text), text)
        at = match.end()
    if len(stack) > 1:
        raise _unreadable(text, f'"{stack[-1][0]}" is not closed')
    return stack[0][1]


def _close(stack: list[tuple[str, dict[str, float]]], closes: str, times: float, text: str) -> None:
    opens, inner = stack[-1]
    if {"(": ")", "[": "]"}.get(opens) != closes or not inner:
        raise _unreadable(text, f'"{closes}" closes nothing')
    stack.pop()
    _add(stack[-1][1], inner, times)


def _add(counts: dict[str, float], more: Mapping[str, float], times: float) -> None:
    for symbol, count in more.items():
        counts[symbol] = counts.get(symbol, 0.0) + times * count


def _count(text: str | None, whole: str) -> float:
    count = 1.0 if text is None else float(text)
    if count == 0.0:
        raise _unreadable(whole, "a count is zero; put crystal water after a middle dot, Nd2(SO4)3·8H2O")
    return count


def _unreadable(text: str, why: str) -> ProblemError:
    return ProblemError(f'formula: cannot read "{text}": {why}. Write it like Fe2(SO4)3 or MgSO4.7H2O, without charge.')
