"""How a plant wanders: every property moves around its level as a first-order autoregressive process.

``x[k] = level (1 + spread a[k])`` with ``a[k] = phi a[k-1] + sqrt(1 - phi^2) e[k]``, ``phi = exp(-step / hours)``,
so that ``a`` has unit variance and a correlation time of ``hours`` (Box and Jenkins, Time Series Analysis, 1970).
Example: the ore grade with a spread of 3 % and a memory of a day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from ferrolan.virtualplant.material import Array

_EXTREME = 3.5  # standard deviations at which a wandering property is stopped, so that none turns negative


@dataclass(frozen=True)
class Drift:
    """A property that wanders: its level, its relative standard deviation [1] and its correlation time [h]."""

    level: float
    spread: float
    hours: float


def generator(seed: int, name: str) -> np.random.Generator:
    """The random numbers of one named thing: adding another thing does not change them."""
    return np.random.default_rng([seed, crc32(name.encode())])


def wander(drifts: Mapping[str, Drift], seed: int, steps: int, step_hours: float) -> dict[str, Array]:
    """Every drift as a series of shape (steps,), in the unit of its level."""
    shocks = np.column_stack([generator(seed, f"drift {name}").standard_normal(steps) for name in drifts])
    phi = np.exp(-step_hours / np.array([drift.hours for drift in drifts.values()]))
    fresh = shocks * np.sqrt(1.0 - phi**2)
    state = np.empty_like(shocks)
    state[0] = shocks[0]
    for k in range(1, steps):
        state[k] = phi * state[k - 1] + fresh[k]
    state = state.clip(-_EXTREME, _EXTREME)
    return {name: d.level * (1.0 + d.spread * state[:, j]) for j, (name, d) in enumerate(drifts.items())}
