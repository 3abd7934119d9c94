"""Temperatures, pressures, levels and analyses that no balance needs, and the power every unit draws.

A condition wanders around its level; a pressure falls with the load of its unit. Power is ``throughput x
specific energy x (1 + a few per cent)`` and a small idle draw that stays during a stop. Example: the mill at 295 t/h
and 0.021 MWh/t draws 6.4 MW. The numbers are synthetic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ferrolan.virtualplant.drift import Drift
from ferrolan.virtualplant.material import Array, Material


@dataclass(frozen=True)
class PowerUse:
    """Power of a unit: specific energy [MWh/t] of what runs through it, counted from its streams."""

    specific: float
    streams: tuple[str, ...]
    counted: str = "mass"  # mass | Fe | REO
    divided_by: float = 1.0


POWER: Mapping[str, PowerUse] = {  # synthetic
    "mill": PowerUse(0.021, ("mill_feed",)),
    "magnetic_separation": PowerUse(0.006, ("ground_ore",)),
    "flotation": PowerUse(0.024, ("flotation_feed",)),
    "pellet_plant": PowerUse(0.045, ("pellet_feed",)),
    "blast_furnace": PowerUse(0.05, ("pellets", "purchased_ore"), "Fe"),
    "bof": PowerUse(0.03, ("hot_metal",)),
    "caster": PowerUse(0.015, ("liquid_steel",)),
    "rolling_mill": PowerUse(0.075, ("slab",)),
    "roast_leach": PowerUse(0.42, ("concentrate_feed",), "REO", divided_by=0.5),
    "separation": PowerUse(1.1, ("leach_liquor",), "REO"),
    "lace_calciner": PowerUse(0.6, ("lace_liquor",), "REO"),
    "prnd_calciner": PowerUse(0.6, ("prnd_liquor",), "REO"),
    "segy_calciner": PowerUse(0.6, ("segy_liquor",), "REO"),
}

_IDLE = 0.015  # draw of a standing unit as a share of its mean; synthetic

LEVELS: Mapping[str, tuple[str, float]] = {  # tag: (unit of the level, level); synthetic
    "TI-601": ("degC", 45.0), "TI-602": ("degC", 32.0), "TI-603": ("degC", 1250.0), "TI-604": ("degC", 140.0),
    "TI-605": ("degC", 1150.0), "TI-606": ("degC", 1495.0), "TI-607": ("degC", 185.0), "TI-608": ("degC", 2180.0),
    "TI-609": ("degC", 1655.0), "TI-610": ("degC", 1340.0), "TI-611": ("degC", 1545.0), "TI-612": ("degC", 930.0),
    "TI-613": ("degC", 1190.0), "TI-614": ("degC", 880.0), "TI-615": ("degC", 610.0), "TI-616": ("degC", 510.0),
    "TI-617": ("degC", 250.0), "TI-618": ("degC", 62.0), "TI-619": ("degC", 31.0), "TI-620": ("degC", 33.0),
    "TI-621": ("degC", 950.0), "TI-622": ("degC", 980.0), "TI-623": ("degC", 960.0),
    "PI-701": ("kPa", 310.0), "PI-702": ("kPa", 42.0), "PI-703": ("kPa", 385.0), "PI-704": ("kPa", 230.0),
    "PI-705": ("kPa", 1020.0), "PI-706": ("kPa", 1150.0), "PI-707": ("kPa", 620.0), "PI-708": ("kPa", 20500.0),
    "PI-709": ("kPa", 98.0), "PI-710": ("kPa", 180.0), "PI-711": ("kPa", 104.0), "PI-712": ("kPa", 240.0),
    "LI-801": ("%", 62.0), "LI-802": ("%", 58.0), "LI-803": ("%", 55.0), "LI-804": ("%", 52.0),
    "LI-805": ("%", 44.0), "LI-806": ("%", 65.0), "LI-807": ("%", 71.0), "LI-808": ("%", 48.0),
    "LI-809": ("%", 80.0), "LI-810": ("%", 57.0), "LI-811": ("%", 66.0), "LI-812": ("%", 73.0),
    "LI-813": ("%", 69.0), "LI-814": ("%", 60.0), "LI-815": ("%", 50.0), "LI-816": ("%", 51.0),
    "AI-901": ("1", 9.2), "AI-902": ("t/m3", 1.32), "AI-903": ("t/m3", 1.27), "AI-904": ("1", 3.9),
    "AI-905": ("1", 3.2), "AI-906": ("1", 2.6), "AI-907": ("kmol/m3", 4.5), "AI-908": ("1", 1.6),
    "AI-909": ("%", 23.0), "AI-910": ("%", 21.0), "AI-911": ("%", 3.5), "AI-912": ("%", 62.0), "AI-913": ("%", 84.0),
}  # fmt: skip

_WANDER: Mapping[str, tuple[float, float]] = {  # first letters of the tag: (relative spread, memory [h]); synthetic
    "TI": (0.012, 3.0), "PI": (0.030, 1.5), "LI": (0.045, 2.0), "AI": (0.020, 4.0),
}  # fmt: skip

DRIFTS: Mapping[str, Drift] = {f"condition {tag}": Drift(1.0, *_WANDER[tag[:2]]) for tag in LEVELS} | {
    f"power {unit}": Drift(1.02, 0.015, 6.0) for unit in POWER
}


def power(streams: Mapping[str, Material], drift: Mapping[str, Array]) -> dict[str, Array]:
    """Power of every unit [MW], shape (n,)."""
    drawn = {}
    for unit, use in POWER.items():
        counted = [_counted(streams[name], use.counted) for name in use.streams]
        through: Array = np.sum(counted, axis=0) / use.divided_by
        drawn[unit] = use.specific * (through * drift[f"power {unit}"] + _IDLE * through.mean())
    return drawn


def _counted(material: Material, counted: str) -> Array:
    if counted == "mass":
        return material.rate
    return material.rare_earths() if counted == "REO" else material.of(counted)
