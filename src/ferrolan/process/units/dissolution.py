"""Dissolution: rare-earth carbonate or oxide into a chloride liquor, with hydrochloric acid.

Two moles of chloride take six of acid, 0.65 t of HCl a tonne of REO; carbon dioxide leaves. Water makes up the
concentration at which solvent extraction wants its feed. Magnet swarf dissolves too: its rare earths, not its iron,
which counts as left behind (a convention: swarf is roasted and leached at a pH where iron stays).
"""

from __future__ import annotations

from typing import Annotated

from ferrolan import materials
from ferrolan.base.schema import Model, Sourced, Unit
from ferrolan.process.firing import steam
from ferrolan.process.material import Material, mixed
from ferrolan.process.operation import rounded
from ferrolan.process.phases import concentration, of_form, ratio
from ferrolan.process.reaction import Reaction, change, of_each
from ferrolan.process.unit import LIQUOR, SOLIDS, Figure, Made, Materials, Port, UnitKind

_SESQUIOXIDES = tuple(symbol for symbol in materials.RARE_EARTHS if symbol not in ("Ce", "Pr", "Tb"))

DISSOLVING: tuple[Reaction, ...] = (
    *of_each("carbonate_* + 6 hydrochloric_acid -> 2 chloride_* + 3 CO2 + 3 water"),
    *of_each("hydroxide_* + 3 hydrochloric_acid -> chloride_* + 3 water"),
    *of_each("oxide_* + 6 hydrochloric_acid -> 2 chloride_* + 3 water", _SESQUIOXIDES),
    Reaction.of("oxide_Pr + 22 hydrochloric_acid -> 6 chloride_Pr + 2 Cl2 + 11 water"),
    Reaction.of("oxide_Tb + 14 hydrochloric_acid -> 4 chloride_Tb + Cl2 + 7 water"),
    *of_each("metal_* + 3 hydrochloric_acid -> chloride_* + 1.5 H2"),
)
"""What hydrochloric acid dissolves: Pr6O11 and Tb4O7 free chlorine, metal hydrogen; CeO2 asks for a reducing agent."""


class DissolutionSpec(Model):
    """How a carbonate is dissolved."""

    dissolved: Annotated[Sourced, Unit("1", least=0.0, most=1.0)]
    """Share of the rare-earth carbonates, hydroxides, oxides and metals that dissolves [1]."""
    excess: Annotated[Sourced, Unit("1", least=0.0)]
    """Acid beyond what dissolves all of it, over that [1]."""
    acid_strength: Annotated[Sourced, Unit("1", above=0.0, most=1.0)]
    """Mass fraction of HCl in the acid that is bought [1]; drawn are pure HCl, and its water apart."""
    water: Annotated[Sourced, Unit("1", least=0.0)]
    """Water added per tonne of feed, beside that of the acid [t/t]."""
    temperature: Annotated[Sourced, Unit("K", above=0.0)]
    """Temperature of what leaves [K]."""
    power: Annotated[Sourced, Unit("MWh/t", least=0.0)]
    """Electric energy per tonne of feed [MWh/t]."""


def operate(spec: DissolutionSpec, inlets: Materials) -> Made:
    """Dissolve with as much acid as all of the feed would take, and the excess."""
    feed = inlets["feed"]
    whole = change(feed.amounts, [(one, 1.0) for one in DISSOLVING])
    pure = -float(whole[materials.place("hydrochloric_acid")]) * (1.0 + spec.excess.value)
    acid = Material.of({"hydrochloric_acid": pure}, "liquor")
    of_acid = pure * (1.0 / spec.acid_strength.value - 1.0)
    water = Material.of({"water": spec.water.value * feed.mass + of_acid}, "liquor")
    charge = mixed((feed, acid, water))
    made = change(feed.amounts, [(one, spec.dissolved.value) for one in DISSOLVING])
    amounts, temperature = rounded(charge.amounts + made, charge.mass), spec.temperature.value
    liquor, gas = of_form(amounts, "liquor", temperature), of_form(amounts, "gas", temperature)
    residue = Material("solids", amounts - liquor.amounts - gas.amounts, temperature)
    power = spec.power.value * feed.mass
    return Made(
        {"liquor": liquor, "residue": residue},
        drawn={"hydrochloric_acid": acid, "water": water},
        released={"off_gas": gas},
        power=power,
        heat=steam((feed, acid, water), (liquor, residue, gas), power),
        states={
            "rare earths in the liquor": Figure(concentration(liquor, "REO"), "kg/m3"),
            "recovery of rare earths": Figure(ratio(liquor.component("REO"), feed.component("REO")), "1"),
            "acid a tonne of oxides": Figure(ratio(pure, feed.component("REO")), "t/t"),
        },
    )


KIND = UnitKind(
    name="dissolution",
    title="dissolution",
    description="Dissolves rare-earth carbonate or oxide in hydrochloric acid, as the feed of solvent extraction.",
    inlets=SOLIDS,
    outlets=LIQUOR | SOLIDS,
    spec=DissolutionSpec,
    ports=(
        Port("feed", "in", SOLIDS, "Rare-earth carbonate, hydroxide or oxide, or magnet swarf."),
        Port("liquor", "out", LIQUOR, "Chloride liquor."),
        Port("residue", "out", SOLIDS, "What did not dissolve.", optional=True),
    ),
    operate=operate,
    parameters=("dissolved", "power"),
)
