"""What a train's stages hold: volumes, and the strengths that turn amounts into volumes.

A stage of 6 m3 of liquor and 8 m3 of organic, mixer and settler together, passes 5 m3/h of each: it lags by an hour or
two, and a train of eighty such stages by weeks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ferrolan.base.errors import ProblemError
from ferrolan.process.cascade.train import Floats, Train, frozen


@dataclass(frozen=True, eq=False)
class Holdup:
    """Volumes of the stages, and how strong the liquors are.

    Parameters
    ----------
    aqueous, organic : () or (N,)
        Volume of each phase in a stage, mixer and settler together [m3].
    organic_capacity
        Rare earths in the full organic [kmol/m3].
    feed_strength
        Rare earths in the feed liquors [kmol/m3]; a feed whose `Solution` has a volume keeps its own.
    scrub_strength
        Rare earths that the scrub acid carries out of the last stage [kmol/m3].

    Raises
    ------
    ProblemError
        If a volume or a strength is not above zero, or not finite.
    """

    aqueous: ArrayLike
    organic: ArrayLike
    organic_capacity: float = 0.2
    feed_strength: float = 1.0
    scrub_strength: float = 1.0

    def __post_init__(self) -> None:
        for name in ("aqueous", "organic"):
            volumes = frozen(getattr(self, name))
            if not np.all(np.isfinite(volumes)) or np.any(volumes <= 0.0):
                raise ProblemError(f"holdup.{name}: expected volumes above 0 m3, got {volumes.tolist()}.")
            object.__setattr__(self, name, volumes)
        for name in ("organic_capacity", "feed_strength", "scrub_strength"):
            strength = getattr(self, name)
            if not 0.0 < strength < float("inf"):
                raise ProblemError(f"holdup.{name}: expected above 0 kmol/m3, got {strength!r}.")

    def volumes(self, stages: int) -> tuple[Floats, Floats]:
        """Volumes of liquor and organic (N,), (N,) [m3].

        Raises
        ------
        ProblemError
            If there are not as many volumes as stages.
        """
        for name in ("aqueous", "organic"):
            given = np.shape(getattr(self, name))
            if given not in ((), (stages,)):
                raise ProblemError(f"holdup.{name}: expected one volume or {stages}, one a stage, got shape {given}.")
        return np.broadcast_to(self.aqueous, stages), np.broadcast_to(self.organic, stages)

    @classmethod
    def lasting(cls, train: Train, aqueous: float, organic: float, **strengths: float) -> Holdup:
        """Volumes alike in every stage such that liquor below the feed and organic stay so many hours [h].

        Raises
        ------
        ProblemError
            As the class.
        """
        unit = cls(1.0, 1.0, **strengths)
        liquor = train.scrub / unit.scrub_strength + train.fed.sum() / unit.feed_strength
        return cls(aqueous * liquor, organic * train.organic_load / unit.organic_capacity, **strengths)
