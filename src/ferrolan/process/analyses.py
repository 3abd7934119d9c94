"""Tables of a specification: analyses of what a unit buys, and shares by names that are known.

A coke of 87 % carbon and 11 % ash is an analysis: mass fractions of species.

A document gives them as fractions that sum to one within a percent; what stays open is shared out over all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated

from ferrolan.base.schema import After, Sourced, Table, WrongValue, nearest
from ferrolan.process import shares
from ferrolan.process.material import AMBIENT, Floats, Form, Material

_OPEN = 0.01  # of one: what an analysis may leave open


def _complete(table: Table[Sourced]) -> Table[Sourced]:
    total = sum(entry.value for entry in table.values())
    if abs(total - 1.0) > _OPEN:
        raise WrongValue("wrong_sum", "fractions that sum to 1", "Give the whole analysis", f"a sum of {total:.4g}")
    return table


Analysis = Annotated[shares.Shares, After(_complete)]
"""Mass fraction of each species [1]; they sum to one."""


def fractions(analysis: Table[Sourced]) -> Floats:
    """Mass fraction of each species (species,) [t/t], summing to one."""
    found = shares.of_table(analysis, 0.0)
    whole: Floats = found / found.sum()
    return whole


def charge(analysis: Table[Sourced], tonnes: float, form: Form = "solids", temperature: float = AMBIENT) -> Material:
    """An amount of what has this analysis [t/h]."""
    return Material(form, fractions(analysis) * tonnes, temperature)


def among(names: Iterable[str]) -> Callable[[Table[Sourced]], Table[Sourced]]:
    """A check that every key of a table is one of some names.

    Raises
    ------
    WrongValue
        From the check, naming the nearest.
    """
    known = tuple(names)

    def check(table: Table[Sourced]) -> Table[Sourced]:
        for name in table:
            if name not in known:
                raise WrongValue("unknown_key", f"one of {', '.join(known)}", nearest(name, known), name, (name,))
        return table

    return check
