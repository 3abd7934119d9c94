"""Reactions between species: what each takes and gives a tonne of its first reactant.

``Reaction.of("calcite + sulfuric_acid -> anhydrite + CO2 + H2O_gas")`` takes 0.980 t of acid a tonne of calcite and
gives 1.360 t of anhydrite, 0.440 t of CO2 and 0.180 t of steam. Coefficients are kilomoles; a reaction that does not
balance every element is refused where it is written, so that no kernel can lose one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from ferrolan import materials
from ferrolan.base.errors import ProblemError
from ferrolan.process.material import Floats

_BALANCE = 1e-9
"""Largest part of a reaction's mass that an element may miss: the round-off of a written coefficient such as 1.5."""


@dataclass(frozen=True, eq=False)
class Reaction:
    """A balanced reaction.

    ``key`` is its first reactant, ``text`` what was written; ``change`` (species,) is what it gives, negative where it
    takes, a tonne of the key [t/t].
    """

    text: str
    key: str
    change: Floats = field(repr=False)

    @classmethod
    def of(cls, text: str) -> Reaction:
        """The reaction of a line such as ``"2 bastnaesite_La + 3 sulfuric_acid -> sulfate_La + 2 HF + ..."``.

        Raises
        ------
        ProblemError
            If it cannot be read, a species is unknown, or an element does not balance.

        Examples
        --------
        >>> burning = Reaction.of("CH4 + 2 O2 -> CO2 + 2 H2O_gas")
        >>> round(burning.taken("O2"), 3)
        3.989
        """
        return _read(text)

    def taken(self, species: str) -> float:
        """What it takes of a species a tonne of its key [t/t]; negative where it gives."""
        return -float(self.change[materials.place(species)])


def of_each(template: str, symbols: Iterable[str] = materials.RARE_EARTHS) -> tuple[Reaction, ...]:
    """One reaction for each rare earth; ``*`` stands for its symbol.

    Examples
    --------
    >>> [one.key for one in of_each("oxide_* + 6 hydrochloric_acid -> 2 chloride_* + 3 water", ("La", "Nd"))]
    ['oxide_La', 'oxide_Nd']
    """
    return tuple(Reaction.of(template.replace("*", symbol)) for symbol in symbols)


def change(amounts: Floats, steps: Iterable[tuple[Reaction, float]]) -> Floats:
    """What side-by-side reactions give, negative where they take, when each turns a share [1] of its key.

    Parameters
    ----------
    amounts : (species,)
        What is there before [t/h].
    steps
        Reactions, each with the share of its key that it turns over.

    Returns
    -------
    (species,) [t/h]; a reagent that is not in ``amounts`` comes out negative: that much must be drawn.
    """
    total = np.zeros(len(materials.SPECIES))
    for reaction, share in steps:
        total += reaction.change * (share * amounts[materials.place(reaction.key)])
    return total


@cache
def _read(text: str) -> Reaction:
    sides = text.split("->")
    if len(sides) != 2:
        raise ProblemError(f"reaction {text!r}: expected reactants -> products")
    reactants, products = (_side(side, text) for side in sides)
    moles = np.zeros(len(materials.SPECIES))
    for sign, side in ((-1.0, reactants), (1.0, products)):
        for coefficient, name in side:
            moles[materials.place(name)] += sign * coefficient
    key = reactants[0][1]
    mass = moles * materials.MOLAR_MASS
    change = mass / -mass[materials.place(key)]
    change.setflags(write=False)
    return Reaction(text, key, _balanced(change, text))


def _side(side: str, text: str) -> list[tuple[float, str]]:
    return [_term(term.split(), text) for term in side.split(" + ")]


def _term(words: list[str], text: str) -> tuple[float, str]:
    """Coefficient and species of one term."""
    if len(words) == 1:
        return 1.0, words[0]
    try:
        coefficient, species = words
        return float(coefficient), species
    except ValueError as error:
        raise ProblemError(f"reaction {text!r}: cannot read {' '.join(words)!r}; write 2 HF + CO2") from error


def _balanced(change: Floats, text: str) -> Floats:
    missing = change @ materials.COMPOSITION
    worst = int(np.argmax(np.abs(missing)))
    if abs(missing[worst]) > _BALANCE * float(np.abs(change).sum()):
        raise ProblemError(
            f"reaction {text!r}: {materials.ELEMENTS[worst]} does not balance ({missing[worst]:+.3g} t/t)"
        )
    return change
