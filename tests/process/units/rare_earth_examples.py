"""Examples of the units from ore to magnet. Every number is synthetic."""

from __future__ import annotations

from ferrolan.process.material import Material
from tests.process.units.example import Example, synthetic

ORE = Material.of(
    {
        "magnetite": 90.0,
        "hematite": 45.0,
        "bastnaesite_La": 4.0,
        "bastnaesite_Ce": 8.0,
        "bastnaesite_Pr": 0.8,
        "bastnaesite_Nd": 2.6,
        "bastnaesite_Sm": 0.1,
        "bastnaesite_Dy": 0.02,
        "monazite_La": 1.6,
        "monazite_Ce": 3.2,
        "monazite_Nd": 1.1,
        "fluorite": 40.0,
        "calcite": 6.0,
        "apatite": 4.0,
        "barite": 3.0,
        "quartz": 30.0,
        "aegirine": 40.0,
        "riebeckite": 20.0,
        "columbite": 0.3,
        "thorianite": 0.1,
    }
)
"""Ground ore of about the Bayan Obo kind [t/h]."""

GRIND = {
    "size": synthetic("45 um"),
    "half_free": {"magnetite": synthetic("70 um"), "bastnaesite": synthetic("50 um"), "monazite": synthetic("45 um")},
    "sharpness": synthetic(2.0),
    "slime_size": synthetic("8 um"),
    "modulus": synthetic(0.8),
}
MAGNETS = {
    "weak": {
        "recovery": {"magnetite": synthetic("97 %"), "hematite": synthetic("12 %")},
        "entrained": synthetic("3 %"),
    },
    "strong": {
        "recovery": {
            "magnetite": synthetic("90 %"),
            "hematite": synthetic("80 %"),
            "bastnaesite": synthetic("55 %"),
            "monazite": synthetic("60 %"),
            "aegirine": synthetic("40 %"),
        },
        "entrained": synthetic("6 %"),
    },
    "power": synthetic("9 kWh/t"),
}
CELLS = {
    "floats": {
        "bastnaesite": {"rate": synthetic("14 1/h"), "ultimate": synthetic("92 %")},
        "monazite": {"rate": synthetic("9 1/h"), "ultimate": synthetic("88 %")},
        "fluorite": {"rate": synthetic("0.8 1/h"), "ultimate": synthetic("60 %")},
    },
    "cells": 6,
    "residence_time": synthetic("4 min"),
    "collector": synthetic("2 kg/t"),
    "collector_half": synthetic("0.8 kg/t"),
    "entrained": synthetic("4 %"),
    "power": synthetic("12 kWh/t"),
}

CONCENTRATE = Material.of(
    {
        "bastnaesite_La": 5.0,
        "bastnaesite_Ce": 10.0,
        "bastnaesite_Pr": 1.0,
        "bastnaesite_Nd": 3.2,
        "bastnaesite_Sm": 0.12,
        "bastnaesite_Dy": 0.02,
        "monazite_La": 1.7,
        "monazite_Ce": 3.4,
        "monazite_Nd": 1.2,
        "fluorite": 2.0,
        "calcite": 0.8,
        "apatite": 0.6,
        "barite": 0.5,
        "hematite": 1.5,
        "magnetite": 0.4,
        "quartz": 0.6,
        "thorianite": 0.06,
    }
)
"""Rare-earth concentrate [t/h]."""


def attack(conversion: str, energy: str = "60 MJ/kmol") -> dict[str, object]:
    return {"conversion": synthetic(conversion), "activation_energy": synthetic(energy)}


ROAST = {
    "attacks": {
        "bastnaesite": attack("98 %"),
        "monazite": attack("93 %", "90 MJ/kmol"),
        "fluorite": attack("95 %"),
        "calcite": attack("100 %"),
        "apatite": attack("97 %"),
        "hematite": attack("70 %"),
        "magnetite": attack("60 %"),
        "thorianite": attack("95 %"),
    },
    "reference": {"temperature": synthetic("573 K"), "acid": synthetic("1.4 t/t"), "time": synthetic("3 h")},
    "acid_order": synthetic(0.5),
    "temperature": synthetic("573 K"),
    "time": synthetic("3 h"),
    "acid": synthetic("1.4 t/t"),
    "acid_strength": synthetic("93 %"),
    "acid_fumed": synthetic("80 %"),
    "thorium_fixed": synthetic("90 %"),
    "silica_attacked": synthetic("30 %"),
    "off_gas_temperature": synthetic("450 K"),
    "excess_air": synthetic("30 %"),
    "heat_loss": synthetic("0.8 GJ/t"),
    "power": synthetic("30 kWh/t"),
}
CALCINE = Material.of(
    {
        "sulfate_solid_La": 8.0,
        "sulfate_solid_Ce": 16.0,
        "sulfate_solid_Pr": 1.5,
        "sulfate_solid_Nd": 5.0,
        "sulfate_solid_Sm": 0.2,
        "sulfate_solid_Dy": 0.03,
        "monazite_Ce": 0.3,
        "anhydrite": 5.0,
        "iron_sulfate_solid": 3.0,
        "sulfuric_acid": 1.5,
        "phosphoric_acid": 2.0,
        "thorium_phosphate": 0.08,
        "thorium_sulfate_solid": 0.01,
        "barite": 0.5,
        "quartz": 0.4,
    },
    temperature=573.0,
)
"""Roasted concentrate [t/h]."""
LEACH = {
    "water": synthetic("8 t/t"),
    "dissolved": synthetic("97 %"),
    "exceptions": {"anhydrite": synthetic("20 %")},
    "retained": synthetic("1.5 %"),
    "temperature": synthetic("313 K"),
    "power": synthetic("15 kWh/t"),
    "thorium": {"most": synthetic("2 %")},
}

EXAMPLES: tuple[Example, ...] = (
    Example(
        "mill",
        {
            "power": synthetic("21 kWh/t"),
            "work_index": synthetic("14 kWh/t"),
            "feed_size": synthetic("2000 um"),
        },
        {"feed": ORE},
    ),
    Example("magnetic_separation", MAGNETS, {"feed": ORE}),
    Example("magnetic_separation", {**MAGNETS, "grind": GRIND}, {"feed": ORE}, note="ground"),
    Example("flotation", CELLS, {"feed": ORE}),
    Example("flotation", {**CELLS, "grind": GRIND}, {"feed": ORE}, note="ground"),
    Example("acid_roast", ROAST, {"feed": CONCENTRATE}),
    Example("acid_roast", {**ROAST, "acid": synthetic("0.8 t/t")}, {"feed": CONCENTRATE}, note="short of acid"),
    Example("water_leach", LEACH, {"feed": CALCINE}),
    Example(
        "water_leach",
        LEACH,
        {"feed": CALCINE, "wash": Material.of({"water": 40.0, "sulfate_Ce": 0.4}, "liquor", 300.0)},
        note="washed",
    ),
)
