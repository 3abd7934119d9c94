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

LIQUOR = Material.of(
    {
        "water": 300.0,
        "sulfate_La": 7.5,
        "sulfate_Ce": 15.0,
        "sulfate_Pr": 1.4,
        "sulfate_Nd": 4.8,
        "sulfate_Sm": 0.2,
        "sulfate_Dy": 0.03,
        "iron_sulfate": 3.0,
        "phosphoric_acid": 1.0,
        "thorium_sulfate": 0.01,
        "sulfuric_acid_aq": 1.4,
        "calcium_sulfate": 0.6,
    },
    "liquor",
    313.0,
)
"""Sulphate liquor of the leach [t/h]."""
CHLORIDES = Material.of(
    {
        "water": 60.0,
        "chloride_La": 3.0,
        "chloride_Ce": 6.0,
        "chloride_Pr": 0.6,
        "chloride_Nd": 1.9,
        "chloride_Sm": 0.1,
        "chloride_Tb": 0.01,
        "hydrochloric_acid": 0.3,
        "calcium_chloride": 0.2,
    },
    "liquor",
)
"""Chloride liquor [t/h]."""
CARBONATES = Material.of(
    {
        "carbonate_La": 3.0,
        "carbonate_Ce": 6.0,
        "carbonate_Pr": 0.6,
        "carbonate_Nd": 1.9,
        "carbonate_Tb": 0.01,
        "carbonate_Y": 0.02,
        "water": 2.5,
    }
)
"""Carbonate with crystal water [t/h]."""
OXIDES = Material.of({"oxide_Nd": 0.8, "oxide_Pr": 0.25, "oxide_Sm": 0.001, "oxide_Dy": 0.01})
"""Praseodymium-neodymium oxide [t/h]."""
ALLOY = Material.of({"metal_Nd": 0.23, "metal_Pr": 0.07, "metal_Dy": 0.01, "iron": 0.68, "boron": 0.01}, "metal")
"""NdFeB alloy [t/h]."""
NEUTRAL = {
    "base": "magnesia",
    "excess": synthetic("5 %"),
    "acid": synthetic("99 %"),
    "phosphorus": synthetic("98 %"),
    "iron": synthetic("97 %"),
    "thorium": synthetic("99 %"),
    "rare_earths_lost": synthetic("0.8 %"),
    "temperature": synthetic("313 K"),
    "power": synthetic("1 kWh/t"),
    "thorium_limit": {"most": synthetic("0.5 %")},
}
PRECIPITATION = {
    "reagent": "ammonium_bicarbonate",
    "excess": synthetic("8 %"),
    "loss": synthetic("3 %"),
    "decay": synthetic("5 %"),
    "carried": {"calcium_chloride": synthetic("2 %"), "calcium_sulfate": synthetic("2 %")},
    "bound_water": synthetic("0.3 t/t"),
    "reagent_water": synthetic("4 t/t"),
    "temperature": synthetic("308 K"),
    "power": synthetic("2 kWh/t"),
}
DISSOLUTION = {
    "dissolved": synthetic("99.5 %"),
    "excess": synthetic("3 %"),
    "acid_strength": synthetic("31 %"),
    "water": synthetic("1.5 t/t"),
    "temperature": synthetic("330 K"),
    "power": synthetic("5 kWh/t"),
}
KILN = {
    "temperature": synthetic("600 K"),
    "off_gas_temperature": synthetic("480 K"),
    "excess_air": synthetic("20 %"),
    "heat_loss": synthetic("0.9 GJ/t"),
    "power": synthetic("60 kWh/t"),
}
CALCINATION = {"fired": synthetic("99.8 %"), "dust": synthetic("0.3 %"), **KILN}
CELLS_OF_SALT = {
    "voltage": synthetic("10 V"),
    "current_efficiency": synthetic("75 %"),
    "rectifier": synthetic("96 %"),
    "auxiliaries": synthetic("0.8 MWh/t"),
    "reduced": synthetic("98.5 %"),
    "carbon_monoxide": synthetic("60 %"),
    "anode_burnt": synthetic("20 kg/t"),
    "fluorocarbon": synthetic("0.1 kg/t"),
    "salt_lost": synthetic("30 kg/t"),
    "salt": "Nd",
    "metal_temperature": synthetic("1330 K"),
    "off_gas_temperature": synthetic("700 K"),
}
CASTING = {
    "rare_earths": synthetic("31 %"),
    "boron": synthetic("1 %"),
    "ferroboron": synthetic("19 %"),
    "oxidised": synthetic("1.5 %"),
    "temperature": synthetic("340 K"),
    "power": synthetic("1.1 MWh/t"),
}
MAGNETS_MADE = {
    "yields": synthetic("70 %"),
    "heavy_taken": synthetic("60 %"),
    "swarf_oxidised": synthetic("50 %"),
    "power": synthetic("6 MWh/t"),
}
POWDER = {"fluorinated": {"carbonate_La": synthetic("50 %")}, "acid_strength": synthetic("40 %"), **KILN}

TRAIN = {
    "heavy": ["Pr", "Nd", "Sm", "Tb"],
    "system": "P507_nitrate_tanaka2021",
    "extraction_stages": 20,
    "scrub_stages": 20,
    "product": synthetic(0.998),
    "scrub": synthetic("1.6 kmol/kmol"),
    "efficiency": synthetic("95 %"),
    "base": "ammonia",
    "base_strength": synthetic("20 %"),
    "acid_strength": synthetic("31 %"),
    "acid_used_strength": synthetic("14 %"),
    "acid_excess": synthetic("5 %"),
    "salt_apart": synthetic("70 %"),
    "power": synthetic("0.5 MWh/t"),
}
PURE_TRAIN = {
    **{key: value for key, value in TRAIN.items() if key not in ("product", "scrub")},
    "purities": {"heavy": synthetic("99.9 %"), "light": synthetic("99.95 %")},
}
OWN_FACTORS = {"La": 1.0, "Ce": 2.0, "Pr": 4.2, "Nd": 6.5, "Sm": 40.0, "Tb": 300.0}

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
    Example("neutralisation", NEUTRAL, {"feed": LIQUOR}),
    Example("neutralisation", {**NEUTRAL, "base": "lime"}, {"feed": LIQUOR}, note="lime"),
    Example("precipitation", PRECIPITATION, {"feed": CHLORIDES}),
    Example("precipitation", PRECIPITATION, {"feed": LIQUOR}, note="sulphate"),
    Example("precipitation", {**PRECIPITATION, "reagent": "oxalic_acid"}, {"feed": CHLORIDES}, note="oxalic acid"),
    Example("dissolution", DISSOLUTION, {"feed": CARBONATES}),
    Example("calcination", CALCINATION, {"feed": CARBONATES}),
    Example(
        "calcination",
        CALCINATION,
        {"feed": Material.of({"oxalate_Dy": 0.2, "oxalate_Tb": 0.1, "hydroxide_Ce": 0.3, "water": 0.1})},
        note="oxalate",
    ),
    Example("molten_salt", CELLS_OF_SALT, {"feed": OXIDES}),
    Example("strip_casting", CASTING, {"metal": Material.of({"metal_Nd": 0.7, "metal_Pr": 0.2}, "metal")}),
    Example(
        "strip_casting",
        CASTING,
        {"metal": Material.of({"metal_Nd": 0.7, "metal_Pr": 0.2}, "metal"), "returns": ALLOY},
        note="with returns",
    ),
    Example("magnet_plant", MAGNETS_MADE, {"alloy": ALLOY}),
    Example(
        "magnet_plant", MAGNETS_MADE, {"alloy": ALLOY, "heavy": Material.of({"metal_Dy": 0.004}, "metal")}, note="heavy"
    ),
    Example(
        "polishing_powder", POWDER, {"feed": Material.of({"carbonate_La": 1.0, "carbonate_Ce": 2.0, "water": 0.6})}
    ),
    Example("sx_cascade", TRAIN, {"feed": CHLORIDES}),
    Example("sx_cascade", PURE_TRAIN, {"feed": CHLORIDES}, note="holds its purities"),
    Example(
        "sx_cascade",
        {
            **{key: value for key, value in TRAIN.items() if key != "system"},
            "factors": {symbol: synthetic(alpha) for symbol, alpha in OWN_FACTORS.items()},
            "base": "caustic_soda",
            "middle": {"stage": 30, "phase": "aqueous", "rate": synthetic("0.05 kmol/kmol")},
        },
        {"feed": CHLORIDES},
        note="own factors, three products",
    ),
)
