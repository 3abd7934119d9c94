"""The plant in motion: the three sections in a row through one month.

Everything random comes from the seed: how properties wander and when a unit stands still. Within a step all flows are
constant; stocks take up the difference between what comes in and what goes out. Example: when flotation stops for four
hours, the whole magnetic tails go to the pond and the roasting kiln lives on the store.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from ferrolan.base.errors import ProblemError
from ferrolan.base.time import month_bounds
from ferrolan.virtualplant import conditions, iron_side, ore_side, rare_earth_side
from ferrolan.virtualplant.drift import wander
from ferrolan.virtualplant.material import Array
from ferrolan.virtualplant.operation import loads
from ferrolan.virtualplant.scales import scale
from ferrolan.virtualplant.truth import STEP, Truth

_DAY = timedelta(days=1)
_MOISTURE = "moisture "


def simulate(seed: int, *, month: str = "2026-03", zone: str = "Asia/Shanghai") -> Truth:
    """Run the plant of the example *ore to both* through a month in steps of 15 minutes.

    Parameters
    ----------
    seed
        Any whole number from 0; the same seed gives the same month, bit for bit.
    month
        ISO month.
    zone
        IANA zone of the plant; days and weeks begin at its midnight.

    Returns
    -------
    Truth
        Flows, contents, stocks, moisture, power and conditions at every step.

    Raises
    ------
    ProblemError
        If clocks change in that month: a day would not have 24 hours.

    Examples
    --------
    >>> truth = simulate(1)
    >>> truth.steps, len(truth.streams), len(truth.stocks)
    (2976, 39, 3)
    """
    start, end = month_bounds(month, zone)
    if (end - start) % _DAY:
        raise ProblemError(f"virtual plant: clocks change in {month} in {zone}; take a month without a change")
    steps, step_hours = int((end - start) / STEP), STEP / timedelta(hours=1)
    every = {**ore_side.DRIFTS, **iron_side.DRIFTS, **rare_earth_side.DRIFTS, **conditions.DRIFTS}
    drift = wander(every, seed, steps, step_hours)
    load = loads(seed, steps, step_hours)
    ore = ore_side.run_ore_side(drift, load, step_hours)
    iron = iron_side.run_iron_side(ore.streams["iron_concentrate"], drift, load, step_hours)
    rare_earth = rare_earth_side.run_rare_earth_side(ore.streams["re_concentrate"], drift, load, step_hours)
    streams = {**ore.streams, **iron.streams, **rare_earth.streams}
    return Truth(
        seed=seed,
        zone=zone,
        start=start,
        end=end,
        streams=streams,
        stocks={**ore.stocks, **iron.stocks, **rare_earth.stocks},
        moisture={name.removeprefix(_MOISTURE): drift[name] for name in every if name.startswith(_MOISTURE)},
        power=conditions.power(streams, drift),
        conditions=_conditions(drift),
        reference={unit: use.streams[-1] for unit, use in conditions.POWER.items()},
    )


def _conditions(drift: Mapping[str, Array]) -> dict[str, Array]:
    canonical = {}
    for tag, (unit, level) in conditions.LEVELS.items():
        factor, offset = scale(unit)
        canonical[tag] = level * drift[f"condition {tag}"] * factor + offset
    return canonical
