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
    "shaft_efficiency": synthetic(0.88),
    "reserve_temperature": synthetic("950 degC"),
    "hydrogen_utilisation": synthetic(0.42),
    "flux_reduced": synthetic(0.5),
    "hearth_loss": synthetic("0.45 GJ/t"),
    "shaft_loss": synthetic("0.25 GJ/t"),
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

EXAMPLES: tuple[Example, ...] = (
    Example(
        "blast_furnace",
        BLAST_FURNACE,
        {"burden": PELLETS.times(0.5).plus(SINTER.times(0.6)), "flux": Material.of({"calcite": 10.0})},
    ),
)
