"""Whether a mode makes no more of something than goes in: what is in the products was in the feed.

Separation that makes 0.94 t of Nd-Pr oxide and 0.71 t of other oxides out of a tonne of oxides makes 1.65 t out of 1 t.
The check speaks up where products count the same components as the reference, or dry mass both, and nothing else that
could carry them is said to go in. A converter that also takes scrap is left alone; what takes up water, air or a
reagent that has no price says so by a utility at a price of 0.
"""

from __future__ import annotations

from collections.abc import Iterator

from ferrolan.base import units
from ferrolan.base.errors import UnitError
from ferrolan.base.schema import DRY_MASS, Problem
from ferrolan.enterprise.checks.names import Entry, Path, each_in, entry_of, texts_in

_ROUNDED = 0.01
"""By how much rounded yields may make more of a component than goes in [t/t]."""

_FROM_AIR = 0.15
"""What dry mass may gain from the air [t/t]: iron of FeO that burns to Fe2O3 takes up 0.11 t of oxygen."""


def check_yields(data: Entry) -> Iterator[Problem]:
    """Every mode that certainly makes more than goes in."""
    for name, unit in each_in(data, "units"):
        for mode_name, mode in each_in(unit, "modes"):
            yield from _mode(data, ("units", name, "modes", mode_name), mode)


def amount(sourced: Entry) -> float | None:
    """A declared value times its scale [canonical unit]; None where it is none, which the schema says."""
    value, scale = sourced.get("value"), sourced.get("scale", 1.0)
    if not isinstance(value, str | int | float) or not isinstance(scale, int | float):
        return None
    try:
        return scale * (units.to_canonical(*units.parse(value)) if isinstance(value, str) else value)
    except UnitError:
        return None


def _mode(data: Entry, path: Path, mode: Entry) -> Iterator[Problem]:
    reference = str(mode.get("reference"))
    basis, within = _counts(data, reference)
    if not basis or _carries(data, entry_of(mode, "uses"), basis):
        return
    made = [(name, amount(entry_of(entry_of(mode, "makes"), name))) for name in entry_of(mode, "makes")]
    alike = [(name, value) for name, value in made if value is not None and _counts(data, name)[0] == basis]
    total = sum(value * _counts(data, name)[1] for name, value in alike) / within
    if total > 1.0 + (_FROM_AIR if basis == {DRY_MASS} else _ROUNDED):
        what = "dry mass" if basis == {DRY_MASS} else ", ".join(sorted(basis))
        found = f"{total:.4g} times the {what} of a tonne of {reference!r} in {', '.join(name for name, _ in alike)}"
        way_out = "Correct the yields, or say under 'uses' what else goes in (a utility at a price of 0 will do)"
        yield Problem((*path, "makes"), "makes_too_much", found, "no more than goes in", way_out)


def _counts(data: Entry, commodity: str) -> tuple[frozenset[str], float]:
    """What a tonne of a commodity counts, and how much of it a counted tonne holds; nothing where that is broken."""
    declared = entry_of(entry_of(data, "commodities"), commodity)
    if commodity not in entry_of(data, "commodities"):
        return frozenset(), 1.0
    basis, within = declared.get("basis", DRY_MASS), declared.get("per", 1.0)
    listed = (basis,) if isinstance(basis, str) else texts_in(declared, "basis")
    return (frozenset(listed), float(within)) if isinstance(within, int | float) and within > 0 else (frozenset(), 1.0)


def _carries(data: Entry, uses: Entry, basis: frozenset[str]) -> bool:
    """Whether something else that goes in may carry what is counted: a commodity, or mass of any kind for dry mass."""
    commodities, utilities = entry_of(data, "commodities"), entry_of(data, "utilities")
    for used in uses:
        if used in commodities or used not in utilities:
            return True
        written = entry_of(uses, used).get("value")
        if basis == {DRY_MASS} and not (isinstance(written, str) and _is_energy(written)):
            return True
    return False


def _is_energy(written: str) -> bool:
    try:
        return units.same_dimension(units.parse(written)[1], "MWh/t")
    except UnitError:
        return False
