"""Examples of the units from coal and concentrate to rolled steel. Every number is synthetic."""

from __future__ import annotations

from ferrolan.process.material import Material
from tests.process.units.example import Example, synthetic

PELLETS = Material.of(
    {
        "hematite": 910.0, "magnetite": 12.0, "quartz": 52.0, "lime": 9.0, "periclase": 7.0, "alumina": 4.5,
        "fluorite": 3.0, "apatite": 1.5, "potassium_oxide": 1.0, "sodium_oxide": 1.6, "manganese_oxide": 2.0,
        "niobium_pentoxide": 0.9, "oxide_Ce": 1.6, "oxide_La": 0.9, "oxide_Nd": 0.5, "thorianite": 0.05, "anhydrite": 0.2,
    }
)  # fmt: skip
"""Pellets of about the Bayan Obo kind [t/h]."""

SINTER = Material.of(
    {
        "hematite": 640.0, "magnetite": 140.0, "quartz": 54.0, "lime": 104.0, "periclase": 22.0, "alumina": 18.0,
        "fluorite": 6.0, "phosphorus_pentoxide": 1.4, "potassium_oxide": 1.1, "sodium_oxide": 1.2,
        "manganese_oxide": 3.0, "niobium_pentoxide": 1.0, "oxide_Ce": 2.2, "oxide_La": 1.2, "oxide_Nd": 0.8,
        "rutile": 1.5, "anhydrite": 0.4,
    }
)  # fmt: skip
"""Fluxed sinter of about the same kind [t/h]."""

COKE = {
    "carbon": synthetic(0.865), "organic_hydrogen": synthetic(0.003), "organic_oxygen": synthetic(0.004),
    "organic_nitrogen": synthetic(0.010), "organic_sulfur": synthetic(0.006), "quartz": synthetic(0.060),
    "alumina": synthetic(0.035), "hematite": synthetic(0.009), "lime": synthetic(0.005), "periclase": synthetic(0.003),
}  # fmt: skip
COAL = {
    "carbon": synthetic(0.790), "organic_hydrogen": synthetic(0.042), "organic_oxygen": synthetic(0.045),
    "organic_nitrogen": synthetic(0.013), "organic_sulfur": synthetic(0.005), "water": synthetic(0.010),
    "quartz": synthetic(0.053), "alumina": synthetic(0.030), "hematite": synthetic(0.006), "lime": synthetic(0.006),
}  # fmt: skip

BLAST_FURNACE: dict[str, object] = {
    "hot_metal": {"carbon": synthetic("4.5 %"), "silicon": synthetic("0.45 %"), "temperature": synthetic("1490 degC")},
    "to_metal": {
        "Fe": synthetic(0.997), "Mn": synthetic(0.65), "P": synthetic(0.98), "S": synthetic(0.09),
        "Nb": synthetic(0.70), "Ti": synthetic(0.15),
    },
    "over_top": {"S": synthetic(0.05), "F": synthetic(0.02), "Na": synthetic(0.1), "K": synthetic(0.15)},
    "blast": {
        "temperature": synthetic("1150 degC"), "oxygen": synthetic(0.235), "moisture": synthetic(0.015),
        "blower": synthetic("0.085 kWh/Nm3"),
    },
    "injection": synthetic("140 kg/t"),
    "coal": COAL,
    "coke": COKE,
    "shaft_efficiency": synthetic(0.86),
    "reserve_temperature": synthetic("950 degC"),
    "hydrogen_utilisation": synthetic(0.42),
    "flux_reduced": synthetic(0.5),
    "hearth_loss": synthetic("0.45 GJ/t"),
    "shaft_loss": synthetic("0.2 GJ/t"),
    "slag_temperature": synthetic("1530 degC"),
    "dust_of_burden": synthetic(0.008),
    "dust_of_coke": synthetic(0.01),
    "gas_temperature": synthetic("50 degC"),
    "turbine": synthetic("0.028 kWh/Nm3"),
    "power": synthetic("24.3 kWh/t"),
    "stoves": {
        "efficiency": synthetic(0.80), "excess_air": synthetic(0.1), "flue_temperature": synthetic("280 degC"),
    },
}  # fmt: skip

CONCENTRATE = Material.of(
    {
        "magnetite": 780.0, "hematite": 75.0, "quartz": 38.0, "aegirine": 20.0, "riebeckite": 6.0, "biotite": 2.0,
        "fluorite": 5.0, "calcite": 6.0, "dolomite": 5.0, "apatite": 2.0, "barite": 0.8, "pyrite": 1.5,
        "bastnaesite_La": 0.8, "bastnaesite_Ce": 1.5, "bastnaesite_Nd": 0.5, "monazite_Ce": 0.5, "columbite": 0.8,
        "thorianite": 0.05, "manganese_oxide": 2.0, "water": 85.0,
    }
)  # fmt: skip
"""Filtered iron concentrate of about the Bayan Obo kind [t/h]."""

COKING_COAL = Material.of(
    {
        "carbon": 382.0, "organic_hydrogen": 23.5, "organic_oxygen": 27.0, "organic_nitrogen": 7.5,
        "organic_sulfur": 3.0, "water": 45.0, "quartz": 27.0, "alumina": 17.0, "hematite": 4.0, "lime": 2.0,
    }
)  # fmt: skip
"""Blend of coking coals [t/h]."""

HOT_METAL = Material.of(
    {
        "iron": 945.0, "dissolved_carbon": 45.0, "silicon": 4.5, "manganese": 2.5, "phosphorus": 1.2, "sulfur": 0.3,
        "niobium": 0.8, "titanium": 0.4,
    },
    "metal",
    1640.0,
)  # fmt: skip
"""Hot metal [t/h]."""

STEEL = Material.of(
    {
        "iron": 1000.0, "dissolved_carbon": 0.5, "manganese": 0.8, "phosphorus": 0.15, "sulfur": 0.15,
        "dissolved_oxygen": 0.6, "niobium": 0.1,
    },
    "metal",
    1923.0,
)  # fmt: skip
"""Liquid steel behind the converter [t/h]."""

COKE_OVEN_GAS = Material.of(
    {"H2": 10.5, "CH4": 36.0, "C2H4": 6.5, "CO": 16.0, "CO2": 8.0, "N2": 11.0, "H2S": 0.5, "H2O_gas": 4.0}, "gas"
)
BLAST_FURNACE_GAS = Material.of({"CO": 220.0, "CO2": 330.0, "H2": 3.0, "N2": 470.0, "H2O_gas": 20.0}, "gas", 323.0)
CONVERTER_GAS = Material.of({"CO": 75.0, "CO2": 30.0, "N2": 12.0}, "gas", 323.0)

PELLET_PLANT: dict[str, object] = {
    "ferrous": synthetic(0.01), "volatile": {"S": synthetic(0.9), "F": synthetic(0.15)}, "dust": synthetic(0.01),
    "excess_air": synthetic(1.5), "flue_temperature": synthetic("150 degC"), "pellet_temperature": synthetic("100 degC"),
    "heat_loss": synthetic("0.35 GJ/t"), "power": synthetic("66 kWh/t"),
}  # fmt: skip
SINTER_PLANT: dict[str, object] = {
    "breeze": synthetic("52 kg/t"), "breeze_analysis": COKE, "limestone": synthetic("110 kg/t"),
    "ferrous": synthetic(0.06), "volatile": {"S": synthetic(0.9), "F": synthetic(0.10)}, "dust": synthetic(0.01),
    "excess_air": synthetic(1.5), "flue_temperature": synthetic("130 degC"), "sinter_temperature": synthetic("100 degC"),
    "power": synthetic("45 kWh/t"),
}  # fmt: skip
COKE_OVEN: dict[str, object] = {
    "hydrogen_in_coke": synthetic(0.05), "oxygen_in_coke": synthetic(0.05), "nitrogen_in_coke": synthetic(0.5),
    "sulfur_in_coke": synthetic(0.6), "tar": synthetic("35 kg/t"), "benzol": synthetic("9 kg/t"),
    "ammonia": synthetic(0.4), "hydrocarbons": synthetic(0.5), "ethylene": synthetic(0.11),
    "oxygen": {"monoxide": synthetic(0.36), "dioxide": synthetic(0.19)}, "heat": synthetic("2.7 GJ/t"),
    "excess_air": synthetic(0.2), "flue_temperature": synthetic("250 degC"), "coke_temperature": synthetic("180 degC"),
    "breeze": synthetic(0.06),
    "quenching": synthetic("150 kWh/t"), "power": synthetic("35 kWh/t"),
}  # fmt: skip
BOF: dict[str, object] = {
    "carbon": synthetic(0.0005), "oxygen": synthetic(0.0006),
    "to_steel": {
        "Mn": synthetic(0.30), "P": synthetic(0.12), "S": synthetic(0.6), "Nb": synthetic(0.10), "Ti": synthetic(0.0),
    },
    "iron_of_slag": synthetic(0.20), "magnesia_of_slag": synthetic(0.08), "basicity": synthetic(3.4),
    "dust": synthetic(0.012), "post_combustion": synthetic(0.12), "temperature": synthetic("1650 degC"),
    "heat_loss": synthetic("0.15 GJ/t"), "gas_temperature": synthetic("1500 degC"), "recovered": synthetic(0.85),
    "collected_temperature": synthetic("60 degC"), "power": synthetic("30 kWh/t"),
}  # fmt: skip
LADLE_FURNACE: dict[str, object] = {
    "alloys": {
        "manganese": synthetic("9 kg/t"), "silicon": synthetic("3 kg/t"), "aluminium": synthetic("1.2 kg/t"),
        "iron": synthetic("3 kg/t"), "dissolved_carbon": synthetic("0.8 kg/t"),
    },
    "flux": {"lime": synthetic("8 kg/t"), "periclase": synthetic("1 kg/t"), "fluorite": synthetic("0.5 kg/t")},
    "stays": {"Mn": synthetic(0.95), "Si": synthetic(0.85), "Al": synthetic(0.30)},
    "rare_earths_stay": synthetic(0.55), "deoxidised": synthetic(0.95), "desulfurised": synthetic(0.6),
    "temperature": synthetic("1600 degC"), "heat_loss": synthetic("0.06 GJ/t"), "arc": synthetic(0.45),
    "power": synthetic("5 kWh/t"),
}  # fmt: skip
CASTER: dict[str, object] = {
    "crops": synthetic(0.02), "scale": synthetic(0.004), "slab_temperature": synthetic("600 degC"),
    "power": synthetic("15 kWh/t"),
}  # fmt: skip
ROLLING_MILL: dict[str, object] = {
    "crops": synthetic(0.025), "scale": synthetic(0.010), "furnace_temperature": synthetic("1200 degC"),
    "heat_loss": synthetic("0.25 GJ/t"), "excess_air": synthetic(0.1), "flue_temperature": synthetic("350 degC"),
    "product_temperature": synthetic("50 degC"), "power": synthetic("95 kWh/t"),
}  # fmt: skip
GAS_NETWORK: dict[str, object] = {
    "shares": {"rolling": synthetic(0.25), "pelletising": synthetic(0.06), "sintering": synthetic(0.01)},
    "flared": synthetic(0.02), "flare_temperature": synthetic("800 degC"),
}  # fmt: skip
POWER_PLANT: dict[str, object] = {
    "efficiency": synthetic(0.37), "excess_air": synthetic(0.15), "flue_temperature": synthetic("140 degC"),
}  # fmt: skip

EXAMPLES: tuple[Example, ...] = (
    Example("coke_oven", COKE_OVEN, {"coal": COKING_COAL}),
    Example("coke_oven", COKE_OVEN, {"coal": COKING_COAL, "fuel_gas": BLAST_FURNACE_GAS.times(0.2)}, "fired with gas"),
    Example("pellet_plant", PELLET_PLANT, {"concentrate": CONCENTRATE}),
    Example(
        "pellet_plant",
        PELLET_PLANT,
        {"concentrate": CONCENTRATE, "flux": Material.of({"dolomite": 12.0}), "fuel_gas": COKE_OVEN_GAS.times(0.05)},
        "with works gas",
    ),
    Example(
        "sinter_plant",
        SINTER_PLANT,
        {
            "ore": CONCENTRATE,
            "flux": Material.of({"dolomite": 60.0}),
            "returns": Material.of({"magnetite": 10.0, "carbon": 1.0}),
            "ignition_gas": COKE_OVEN_GAS.times(0.05),
        },
    ),
    Example(
        "blast_furnace",
        BLAST_FURNACE,
        {"burden": PELLETS.times(0.5).plus(SINTER.times(0.6)), "flux": Material.of({"calcite": 10.0})},
    ),
    Example(
        "blast_furnace",
        {key: value for key, value in BLAST_FURNACE.items() if key != "coke"},
        {
            "burden": SINTER,
            "coke": Material.of({"carbon": 180.0, "quartz": 15.0, "alumina": 8.0, "organic_sulfur": 1.2}),
        },
        "own coke",
    ),
    Example(
        "blast_furnace",
        BLAST_FURNACE,
        {"burden": SINTER, "injected_gas": COKE_OVEN_GAS.times(0.2)},
        "with gas injected",
    ),
    Example(
        "blast_furnace",
        BLAST_FURNACE,
        {"burden": SINTER, "injected_coal": Material.of({"carbon": 70.0, "organic_hydrogen": 3.0, "quartz": 5.0})},
        "with coal brought",
    ),
    Example(
        "bof",
        BOF,
        {
            "hot_metal": HOT_METAL,
            "scrap": Material.of({"iron": 30.0, "manganese": 0.3}, "metal"),
            "flux": Material.of({"lime": 10.0, "periclase": 6.0}),
        },
    ),
    Example(
        "bof",
        {key: value for key, value in BOF.items() if key != "temperature"},
        {"hot_metal": HOT_METAL, "scrap": Material.of({"iron": 160.0}, "metal")},
        "at the temperature of the charge",
    ),
    Example(
        "ladle_furnace",
        LADLE_FURNACE,
        {"liquid_steel": STEEL, "rare_earth": Material.of({"metal_La": 0.1, "metal_Ce": 0.2}, "metal")},
    ),
    Example("caster", CASTER, {"steel": STEEL}),
    Example("rolling_mill", ROLLING_MILL, {"slab": STEEL.at(900.0)}),
    Example(
        "rolling_mill", ROLLING_MILL, {"slab": STEEL.at(298.15), "fuel_gas": CONVERTER_GAS}, "cold, with works gas"
    ),
    Example(
        "gas_network",
        GAS_NETWORK,
        {"coke_oven_gas": COKE_OVEN_GAS, "blast_furnace_gas": BLAST_FURNACE_GAS, "converter_gas": CONVERTER_GAS},
    ),
    Example(
        "power_plant",
        POWER_PLANT,
        {"gas": BLAST_FURNACE_GAS, "coal": Material.of({"carbon": 20.0, "organic_hydrogen": 1.2, "quartz": 4.0})},
    ),
)
