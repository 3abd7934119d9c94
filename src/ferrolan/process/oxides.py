"""Reactions to and from the oxides of the rare-earth trade: CeO2, Pr6O11, Tb4O7, and M2O3 for the others.

Cerium carbonate takes up oxygen when it is fired, ``0.5 Ce2(CO3)3 + 0.25 O2 -> CeO2 + 1.5 CO2``; neodymium carbonate
does not. For an oxide M_aO_b the oxygen follows from a and b, so no rare earth is treated as if it were lanthanum.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from ferrolan import materials
from ferrolan.process.reaction import Reaction


@cache
def from_carbonate() -> tuple[Reaction, ...]:
    """``a/2 M2(CO3)3 + (b - 1.5 a)/2 O2 -> M_aO_b + 1.5 a CO2`` for each rare earth.

    Examples
    --------
    >>> [one.text for one in from_carbonate()][1]
    '0.5 carbonate_Ce + 0.25 O2 -> oxide_Ce + 1.5 CO2'
    """
    return _each(lambda symbol, a, b: _line(f"{a / 2:g} carbonate_{symbol}", b - 1.5 * a, symbol, f"{1.5 * a:g} CO2"))


@cache
def from_oxalate() -> tuple[Reaction, ...]:
    """``a/2 M2(C2O4)3 + b/2 O2 -> M_aO_b + 3 a CO2`` for each rare earth: the carbon monoxide burns."""
    return _each(lambda symbol, a, b: _line(f"{a / 2:g} oxalate_{symbol}", b, symbol, f"{3 * a:g} CO2"))


@cache
def from_hydroxide() -> tuple[Reaction, ...]:
    """``a M(OH)3 + (b - 1.5 a)/2 O2 -> M_aO_b + 1.5 a H2O`` for each rare earth."""
    return _each(lambda symbol, a, b: _line(f"{a:g} hydroxide_{symbol}", b - 1.5 * a, symbol, f"{1.5 * a:g} H2O_gas"))


@cache
def from_metal() -> tuple[Reaction, ...]:
    """``a M + b/2 O2 -> M_aO_b`` for each rare earth."""
    return _each(lambda symbol, a, b: f"{a:g} metal_{symbol} + {b / 2:g} O2 -> oxide_{symbol}")


@cache
def to_metal() -> tuple[Reaction, ...]:
    """``M_aO_b -> a M + b/2 O2`` for each rare earth."""
    return _each(lambda symbol, a, b: f"oxide_{symbol} -> {a:g} metal_{symbol} + {b / 2:g} O2")


def _each(write: Callable[[str, float, float], str]) -> tuple[Reaction, ...]:
    return tuple(Reaction.of(write(symbol, *_counts(symbol))) for symbol in materials.RARE_EARTHS)


def _counts(symbol: str) -> tuple[float, float]:
    """Atoms of metal and of oxygen in the trade oxide."""
    atoms = materials.formula(materials.oxide_of(symbol))
    return atoms[symbol], atoms["O"]


def _line(reactant: str, oxygen: float, symbol: str, products: str) -> str:
    taken = f" + {oxygen / 2:g} O2" if oxygen > 0.0 else ""
    return f"{reactant}{taken} -> oxide_{symbol} + {products}"
