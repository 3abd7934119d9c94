"""Where the fronts of a train stand, and how fast they travel.

In a train that parts praseodymium and neodymium nearly all stages hold either a mixture or one of the two pure; between
them stands a front some stages wide. After a change of feed it travels, a stage a day say, and when it comes to the end
the outlet goes off grade. A `Front` is the place where the share of the heavy components among those named reaches a
level, interpolated between stages in ln(share / (1 - share)), which runs nearly straight there.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ferrolan.base.errors import ProblemError
from ferrolan.process.cascade.train import Floats, Train

_LEAST = 1e-300


@dataclass(frozen=True)
class Front:
    """A level of composition: ``heavy`` / (``heavy`` + ``light``) = ``share`` in the liquor [1]."""

    name: str
    heavy: tuple[str, ...]
    light: tuple[str, ...]
    share: float = 0.5

    def __post_init__(self) -> None:
        if not 0.0 < self.share < 1.0:
            raise ProblemError(f"front {self.name!r}: expected a share between 0 and 1, got {self.share!r}.")
        if not self.heavy or not self.light or set(self.heavy) & set(self.light):
            raise ProblemError(f"front {self.name!r}: expected two groups of components that share none.")

    def height(self, components: tuple[str, ...], held: Floats) -> Floats:
        """ln(heavy / light) above the level (...), from amounts (..., C); below 0 on the raffinate's side.

        Raises
        ------
        ProblemError
            If a component is not among those given.
        """
        for name in (*self.heavy, *self.light):
            if name not in components:
                raise ProblemError(f"front {self.name!r}: component {name!r} is not one of {', '.join(components)}.")
        heavy = held[..., [components.index(name) for name in self.heavy]].sum(axis=-1)
        light = held[..., [components.index(name) for name in self.light]].sum(axis=-1)
        height: Floats = np.log(np.maximum(heavy, _LEAST) / np.maximum(light, _LEAST)) - np.log(
            self.share / (1.0 - self.share)
        )
        return height

    def position(self, components: tuple[str, ...], held: Floats) -> Floats:
        """Stage (...), a fraction between stages, where liquors (..., N, C) cross the level.

        Half a stage before the first where all stages are above it, and half a stage behind the last where none is.
        """
        return crossing(self.height(components, held))


def crossing(height: Floats) -> Floats:
    """Stage (...) from 1 where heights (..., N) pass zero for the last time on their way up; see `Front.position`."""
    N = height.shape[-1]
    below = height < 0.0
    last = np.where(below.any(axis=-1), N - 1 - np.argmax(below[..., ::-1], axis=-1), -1)
    inside = np.clip(last, 0, N - 2)[..., None]
    lower = np.take_along_axis(height, inside, axis=-1)[..., 0]
    upper = np.take_along_axis(height, inside + 1, axis=-1)[..., 0]
    part = np.clip(-lower / np.where(upper > lower, upper - lower, 1.0), 0.0, 1.0)
    return np.where(last < 0, 0.5, np.where(last == N - 1, N + 0.5, inside[..., 0] + 1.0 + part))


def speed(times: Floats, positions: Floats) -> Floats:
    """Stages a day (T,) at which a front travels, from its positions (T,) at times (T,) [h]."""
    if len(times) < 2:
        raise ProblemError(f"speed of a front: expected at least two times, got {len(times)}.")
    return np.asarray(24.0 * np.gradient(positions, times))


def adjacent(train: Train, order: tuple[str, ...] | None = None) -> tuple[Front, ...]:
    """The front of each adjacent pair of components, at equal amounts, lighter name first in the order given."""
    names = train.components if order is None else order
    return tuple(Front(f"{light}/{heavy}", (heavy,), (light,)) for light, heavy in pairwise(names))
