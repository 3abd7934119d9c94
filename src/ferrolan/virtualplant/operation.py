"""When a unit runs: short stops, and the minutes it takes to come back.

Example: the mill stands for seven hours on a night in the second week and comes back over two steps. A load is the
share of normal throughput, 0 while a unit stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ferrolan.virtualplant.drift import generator
from ferrolan.virtualplant.material import Array

_RAMP = (0.5, 0.8)  # share of normal throughput in the first steps after a stop; synthetic
_QUIET_DAYS = 1.0  # no stop begins in the first or last day of the month


@dataclass(frozen=True)
class Stop:
    """One stop in the month: its shortest and longest length [h] and the load that remains [1]."""

    shortest: float
    longest: float
    remaining: float = 0.0


STOPS: Mapping[str, Stop] = {  # synthetic
    "mine": Stop(6.0, 9.0),
    "mill": Stop(5.0, 8.0),
    "flotation": Stop(3.0, 5.0),
    "pellet_plant": Stop(2.0, 4.0),
    "blast_furnace": Stop(4.0, 6.0, remaining=0.7),
    "roast_leach": Stop(4.0, 7.0),
}


def loads(seed: int, steps: int, step_hours: float, stops: Mapping[str, Stop] = STOPS) -> dict[str, Array]:
    """Share of normal throughput of every unit that has a stop, shape (steps,) each."""
    return {name: _load(stop, generator(seed, f"stop {name}"), steps, step_hours) for name, stop in stops.items()}


def _load(stop: Stop, rng: np.random.Generator, steps: int, step_hours: float) -> Array:
    load = np.ones(steps)
    quiet = round(_QUIET_DAYS * 24.0 / step_hours)
    length = round(rng.uniform(stop.shortest, stop.longest) / step_hours)
    first = int(rng.integers(quiet, steps - quiet - length))
    load[first : first + length] = stop.remaining
    for k, share in enumerate(_RAMP):
        load[first + length + k] = max(share, stop.remaining)
    return load
