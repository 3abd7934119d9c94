"""What a train of mixer-settlers is, and what its steady state says.

Neodymium and praseodymium are parted in a hundred mixer-settlers: saponified organic enters the first, takes neodymium
rather than praseodymium, is scrubbed with acid towards the last and leaves it as product; the liquor runs the other way
and leaves the first as raffinate. A `Train` declares the stages, what enters and leaves where, and the chemistry; a
`Profile` holds what every stage contains once the train has settled.

Stages are numbered from 1, where the organic enters and the raffinate leaves, to N, where the scrub acid enters and the
organic product leaves (Xu Guangxian's numbering; some others count from the feed liquor's end). Amounts are rare earths
per time in any one molar unit, [kmol/h] say, or [mol per mol of feed].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Integral
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ferrolan.base.errors import ProblemError
from ferrolan.base.showing import Shown

Floats = NDArray[np.float64]
Phase = Literal["aqueous", "organic"]

RAFFINATE = "raffinate"
"""Outlet of the aqueous phase at stage 1."""
PRODUCT = "organic_product"
"""Outlet of the organic phase at the last stage; with a stripping section it is the liquor of that section."""
SPENT = "spent_organic"
"""Outlet of the organic phase behind a stripping section."""


class Chemistry:
    """How components share themselves between the phases; `SeparationFactors` and `MassAction` are the two closures."""


@dataclass(frozen=True, eq=False)
class SeparationFactors(Chemistry):
    """Closure A: saponified exchange with constant separation factors.

    ``alpha`` (C,), or (N, C) where sections differ, is each component's extractability against any one reference [1]:
    the organic holds components in the proportion of alpha times the aqueous.
    """

    alpha: Floats

    def __post_init__(self) -> None:
        object.__setattr__(self, "alpha", frozen(self.alpha))


@dataclass(frozen=True)
class Solution:
    """What a liquor or an organic holds beside its components; closure B reads it, closure A does not.

    ``volume`` [m3/h], ``acid`` (H+) and ``ions`` (name to amount) in the train's molar unit.
    """

    volume: float = 0.0
    acid: float = 0.0
    ions: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Feed:
    """A liquor, or a loaded organic, that enters a stage with ``amounts`` (C,) of the components [kmol/h]."""

    stage: int
    amounts: Floats
    phase: Phase = "aqueous"
    name: str = "feed"
    solution: Solution | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "amounts", frozen(self.amounts))
        _check_place(f"feed {self.name!r}", self.stage, self.phase)


@dataclass(frozen=True)
class Draw:
    """An outlet between the ends: ``rate`` of all components [kmol/h] leaves with one phase of a stage."""

    name: str
    stage: int
    rate: float
    phase: Phase = "aqueous"

    def __post_init__(self) -> None:
        _check_place(f"draw {self.name!r}", self.stage, self.phase)


@dataclass(frozen=True)
class Acid:
    """Acid into a stage beside the scrub: it takes ``amount`` of rare earths [kmol/h] off the organic there.

    A negative amount is base, or saponified organic: it lets the organic take that much more.
    """

    stage: int
    amount: float

    def __post_init__(self) -> None:
        _check_whole("acids: stage", self.stage)
        if not np.isfinite(self.amount):
            raise ProblemError(
                f"acids, stage {self.stage}: expected a finite amount, got {self.amount:g}. "
                "Give what it takes off the organic, negative for base."
            )


@dataclass(frozen=True)
class Stripping:
    """A stripping section behind the last stage: its number of stages and the share of the load it takes off [1]."""

    stages: int
    share: float = 0.999

    def __post_init__(self) -> None:
        _check_whole("stripping: stages", self.stages)


@dataclass(frozen=True, eq=False)
class Train:
    """A countercurrent train of mixer-settlers.

    Parameters
    ----------
    components : (C,)
        Names.
    stages
        N, extraction and scrubbing together, without stripping.
    feeds
        What enters between the ends; stages from 1.
    organic_load
        S: rare earths the organic carries from stage 1 on [kmol/h].
    scrub
        W: rare earths the liquor carries out of stage N [kmol/h], by acid or as `product_reflux`.
    chemistry
        `SeparationFactors` or `MassAction`.
    draws
        Outlets between the ends.
    acids
        Acid or base into further stages.
    product_reflux
        Part of ``scrub`` that is product liquor returned, and not acid [kmol/h].
    raffinate_reflux
        Part of ``organic_load`` that enters stage 1 already loaded from the raffinate [kmol/h].
    stripping
        The section behind the last stage; None lets the loaded organic leave.
    efficiency : () or (C,) or (N, C)
        Murphree's stage efficiency of the organic, in fractions of its load [1].
    entrained_aqueous, entrained_organic : () or (N,)
        Share of a stage's liquor that runs on with the organic, and of its organic that runs back with the liquor [1].
    """

    components: tuple[str, ...]
    stages: int
    feeds: tuple[Feed, ...]
    organic_load: float
    scrub: float
    chemistry: Chemistry
    draws: tuple[Draw, ...] = ()
    acids: tuple[Acid, ...] = ()
    product_reflux: float = 0.0
    raffinate_reflux: float = 0.0
    stripping: Stripping | None = None
    efficiency: ArrayLike = 1.0
    entrained_aqueous: ArrayLike = 0.0
    entrained_organic: ArrayLike = 0.0

    def __post_init__(self) -> None:
        _check_whole("stages", self.stages)

    @property
    def size(self) -> int:
        """Stages with those of the stripping section."""
        return self.stages + (self.stripping.stages if self.stripping else 0)

    @property
    def fed(self) -> Floats:
        """What enters of each component (C,) [kmol/h]."""
        fed: Floats = np.sum([feed.amounts for feed in self.feeds], axis=0, dtype=np.float64)
        return fed

    def place(self, component: str) -> int:
        """Index of a component.

        Raises
        ------
        ProblemError
            If the train does not know it.
        """
        if component not in self.components:
            raise ProblemError(f"component {component!r}: the train holds {', '.join(self.components)}.")
        return self.components.index(component)


@dataclass(frozen=True, eq=False)
class Profile(Shown):
    """Steady state of a train.

    ``aqueous`` and ``organic`` (N, C) are what leaves each stage in each phase [kmol/h], before draws; ``outlets`` maps
    the name of an outlet to its amounts (C,); ``residual`` is the largest of the model's equations at the end [1],
    ``closure`` (C,) what enters less what leaves, against what enters [1]; ``distance_to_pinch`` maps a section to its
    flow over the least flow that parts the keys, less one [1] (negative: below the minimum, a pure product is out of
    reach with any number of stages; empty where there is no such limit); ``states`` maps further quantities to their
    profiles (N,), pH say.
    """

    train: Train
    aqueous: Floats
    organic: Floats
    outlets: Mapping[str, Floats]
    residual: float
    closure: Floats
    iterations: int
    status: str = "converged"
    distance_to_pinch: Mapping[str, float] = field(default_factory=dict)
    states: Mapping[str, Floats] = field(default_factory=dict)

    @property
    def aqueous_fractions(self) -> Floats:
        """Molar fractions (N, C) of the liquor that leaves each stage [1]."""
        return _fractions(self.aqueous)

    @property
    def organic_fractions(self) -> Floats:
        """Molar fractions (N, C) of the organic that leaves each stage [1]."""
        return _fractions(self.organic)

    def purity(self, outlet: str, *components: str) -> float:
        """Share of the components named, together, in an outlet [1]."""
        amounts = self._outlet(outlet)
        return float(sum(amounts[self.train.place(name)] for name in components) / amounts.sum())

    def recovery(self, outlet: str, *components: str) -> float:
        """Share of what enters of the components named, together, that leaves by an outlet [1]."""
        places = [self.train.place(name) for name in components]
        return float(self._outlet(outlet)[places].sum() / self.train.fed[places].sum())

    def _outlet(self, name: str) -> Floats:
        if name not in self.outlets:
            raise ProblemError(f"outlet {name!r}: the train has {', '.join(self.outlets)}.")
        return self.outlets[name]


def _check_place(called: str, stage: object, phase: str) -> None:
    _check_whole(f"{called}: stage", stage)
    if phase not in get_args(Phase):
        raise ProblemError(f"{called}: expected the phase {' or '.join(get_args(Phase))}, got {phase!r}. Spell it out.")


def _check_whole(called: str, number: object) -> None:
    if not isinstance(number, Integral):
        raise ProblemError(f"{called}: expected a whole number, got {number!r}. Stages are counted.")


def _fractions(amounts: Floats) -> Floats:
    fractions: Floats = amounts / amounts.sum(axis=1, keepdims=True)
    return fractions


def frozen(values: ArrayLike) -> Floats:
    """A copy as floats that nobody can write to."""
    array = np.array(values, dtype=np.float64)
    array.flags.writeable = False
    return array
