"""The plant in motion: one month from a seed, of either of the two plants.

Everything random comes from the seed: how properties wander and when a unit stands still. Within a step all flows are
constant; stocks take up the difference between what comes in and what goes out. Example: when flotation stops for four
hours, the whole magnetic tails go to the pond and the roasting kiln lives on the store.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from ferrolan.base.errors import ProblemError
from ferrolan.base.time import month_bounds
from ferrolan.virtualplant import conditions, iron_side, ore_side, rare_earth_side
from ferrolan.virtualplant.complex import sweep
from ferrolan.virtualplant.complex.table import read_table
from ferrolan.virtualplant.drawing import ORE_TO_BOTH
from ferrolan.virtualplant.drift import wander
from ferrolan.virtualplant.material import Array
from ferrolan.virtualplant.operation import loads
from ferrolan.virtualplant.scales import scale
from ferrolan.virtualplant.truth import STEP, Truth

_DAY = timedelta(days=1)
_MOISTURE = "moisture "


def simulate(seed: int, *, month: str = "2026-03", zone: str = "Asia/Shanghai", plant: str = "ore_to_both") -> Truth:
    """Run a plant through a month in steps of 15 minutes.

    Parameters
    ----------
    seed
        Any whole number from 0; the same seed gives the same month, bit for bit.
    month
        ISO month.
    zone
        IANA zone of the plant; days and weeks begin at its midnight.
    plant
        ``"ore_to_both"``, or ``"bayan_obo_complex"``.

    Returns
    -------
    Truth
        Flows, contents, stocks, moisture, power and conditions at every step.

    Raises
    ------
    ProblemError
        If clocks change in that month: a day would not have 24 hours. Or if there is no such plant.

    Examples
    --------
    >>> truth = simulate(1)
    >>> truth.steps, len(truth.streams), len(truth.stocks)
    (2976, 39, 3)
    """
    start, end = month_bounds(month, zone)
    if (end - start) % _DAY:
        raise ProblemError(f"virtual plant: clocks change in {month} in {zone}; take a month without a change")
    if plant not in _PLANTS:
        raise ProblemError(f"virtual plant: no plant {plant!r}; known: {', '.join(_PLANTS)}")
    return _PLANTS[plant](seed, zone, start, end)


def _ore_to_both(seed: int, zone: str, start: datetime, end: datetime) -> Truth:
    """Three sections in a row."""
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
        moisture=_moistures(drift),
        power=conditions.power(streams, drift),
        conditions=_conditions(drift),
        reference={unit: use.streams[-1] for unit, use in conditions.POWER.items()},
        drawing=ORE_TO_BOTH,
    )


def _complex(seed: int, zone: str, start: datetime, end: datetime) -> Truth:
    """Both chains in full, from the table."""
    steps, step_hours = int((end - start) / STEP), STEP / timedelta(hours=1)
    table = read_table()
    drift = wander(sweep.drifts(table), seed, steps, step_hours)
    streams, stocks = sweep.run(table, drift, loads(seed, steps, step_hours, table.stops), step_hours)
    return Truth(
        seed=seed,
        zone=zone,
        start=start,
        end=end,
        streams=streams,
        stocks=stocks,
        moisture=_moistures(drift),
        power=sweep.power(table, streams, drift),
        conditions={},
        reference={unit: use.stream for unit, use in table.powers.items()},
        drawing=table.drawing,
    )


_PLANTS: Mapping[str, Callable[[int, str, datetime, datetime], Truth]] = {
    "ore_to_both": _ore_to_both,
    "bayan_obo_complex": _complex,
}


def _moistures(drift: Mapping[str, Array]) -> dict[str, Array]:
    return {name.removeprefix(_MOISTURE): series for name, series in drift.items() if name.startswith(_MOISTURE)}


def _conditions(drift: Mapping[str, Array]) -> dict[str, Array]:
    canonical = {}
    for tag, (unit, level) in conditions.LEVELS.items():
        factor, offset = scale(unit)
        canonical[tag] = level * drift[f"condition {tag}"] * factor + offset
    return canonical
