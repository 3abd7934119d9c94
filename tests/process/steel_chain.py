"""The steel chain from coal and concentrate to rolled steel, with its gas, crops and dust in recycles. Synthetic.

Its numbers are of a works with lean ores, much slag and cooler blast, such as the ranges of ``test_steel_chain`` quote.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from ferrolan.assembly.catalogue import kinds
from ferrolan.base.schema import read
from ferrolan.process.flowsheet import Flowsheet, FlowsheetSolution, Unit, solve
from ferrolan.process.material import Material
from ferrolan.process.parameters import with_parameters
from tests.process.units import steel_examples as made_up


@cache
def chain() -> FlowsheetSolution:
    """The chain at work."""
    return solve(flowsheet())


def flowsheet() -> Flowsheet:
    gangue = Material.of({"quartz": 22.0, "alumina": 16.0})
    feeds = {
        "coal": made_up.COKING_COAL.times(0.96),
        "pellet_feed": made_up.CONCENTRATE.times(0.45),
        "sinter_feed": made_up.CONCENTRATE.times(0.69).plus(gangue),
        "dolomite": Material.of({"dolomite": 75.0}),
        "rare_earth": Material.of({"metal_La": 0.06, "metal_Ce": 0.13}, "metal"),
    }
    return Flowsheet(tuple(unit(name, *ends) for name, ends in UNITS.items()), feeds)


def unit(kind: str, inlets: Mapping[str, tuple[str, ...]], outlets: Mapping[str, str]) -> Unit:
    of_kind = kinds()[kind]
    assert of_kind.spec is not None
    spec, problems = read(of_kind.spec, getattr(made_up, kind.upper()))
    assert spec is not None, problems
    spec = with_parameters(spec, CHANGED.get(kind, {}))
    return Unit(kind, of_kind, spec, inlets, outlets)


CHANGED: Mapping[str, Mapping[str, float]] = {
    "sinter_plant": {"limestone": 0.15, "breeze": 0.028},
    "blast_furnace": {
        "blast.temperature": 1323.0, "blast.oxygen": 0.23, "injection": 0.12, "shaft_efficiency": 0.83,
        "hearth_loss": 0.65, "hot_metal.silicon": 0.007,
    },
    "bof": {"heat_loss": 0.45},  # what hot metal loses on the way is in it
    "gas_network": {"shares.rolling": 0.125, "shares.pelletising": 0.02, "flared": 0.05},
}  # fmt: skip
"""Numbers other than those of the examples, in canonical units."""

UNITS: Mapping[str, tuple[Mapping[str, tuple[str, ...]], Mapping[str, str]]] = {
    "coke_oven": ({"coal": ("coal",)}, {"coke": "coke", "breeze": "breeze", "gas": "coke_oven_gas", "tar": "tar", "benzol": "benzol"}),
    "pellet_plant": (
        {"concentrate": ("pellet_feed",), "fuel_gas": ("gas_for_pellets",)},
        {"pellets": "pellets", "dust": "pellet_dust"},
    ),
    "sinter_plant": (
        {
            "ore": ("sinter_feed",), "flux": ("dolomite",), "ignition_gas": ("gas_for_sinter",),
            "breeze": ("breeze",),
            "returns": ("pellet_dust", "furnace_dust", "caster_scale", "mill_scale"),
        },
        {"sinter": "sinter", "dust": "sinter_dust"},
    ),
    "blast_furnace": (
        {"burden": ("pellets", "sinter"), "coke": ("coke",)},
        {
            "hot_metal": "hot_metal", "slag": "slag", "top_gas": "blast_furnace_gas", "dust": "furnace_dust",
            "coke_rest": "coke_rest",
        },
    ),
    "bof": (
        {"hot_metal": ("hot_metal",), "scrap": ("caster_crops", "mill_crops")},
        {"steel": "raw_steel", "slag": "bof_slag", "gas": "converter_gas", "dust": "bof_dust"},
    ),
    "ladle_furnace": (
        {"liquid_steel": ("raw_steel",), "rare_earth": ("rare_earth",)},
        {"steel": "steel", "slag": "ladle_slag"},
    ),
    "caster": ({"steel": ("steel",)}, {"slab": "slab", "crops": "caster_crops", "scale": "caster_scale"}),
    "rolling_mill": (
        {"slab": ("slab",), "fuel_gas": ("gas_for_rolling",)},
        {"product": "rolled_steel", "crops": "mill_crops", "scale": "mill_scale"},
    ),
    "gas_network": (
        {
            "coke_oven_gas": ("coke_oven_gas",), "blast_furnace_gas": ("blast_furnace_gas",),
            "converter_gas": ("converter_gas",),
        },
        {
            "sintering": "gas_for_sinter", "pelletising": "gas_for_pellets", "rolling": "gas_for_rolling",
            "power_plant": "gas_for_power",
        },
    ),
    "power_plant": ({"gas": ("gas_for_power",)}, {"ash": "ash"}),
}  # fmt: skip
"""Streams by inlet and by outlet port of each unit, one of a kind."""
