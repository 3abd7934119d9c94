"""Analyses of what a unit buys: mass fractions of species, such as a coke of 87 % carbon and 11 % ash.

A document gives them as fractions that sum to one within a percent; what stays open is shared out over all of them.
"""

from __future__ import annotations

from typing import Annotated

from ferrolan.base.schema import After, Sourced, Table, WrongValue
from ferrolan.process import shares
from ferrolan.process.material import AMBIENT, Floats, Form, Material

_OPEN = 0.01  # of one: what an analysis may leave open


def _complete(table: Table[Sourced]) -> Table[Sourced]:
    total = sum(entry.value for entry in table.values())
    if abs(total - 1.0) > _OPEN:
        raise WrongValue("incomplete", "fractions that sum to 1", "Give the whole analysis", f"a sum of {total:.4g}")
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
