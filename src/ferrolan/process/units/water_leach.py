"""Water leaching: roasted sulphates into a liquor; what water does not dissolve is the residue.

A tonne of calcine in 8 t of water gives a liquor of some 40 kg of rare-earth oxides a cubic metre. Anhydrite, barite,
quartz and the thorium that the roast has fixed stay with the residue, which has a limit of its own for thorium. The
residue is reported dry: the water its cake holds is counted with the liquor, what is dissolved in it with the residue.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from ferrolan import materials
from ferrolan.base.schema import Model, Sourced, Table, Unit
from ferrolan.process.firing import steam
from ferrolan.process.material import Material, mixed
from ferrolan.process.operation import rounded
from ferrolan.process.phases import concentration, of_form, ratio
from ferrolan.process.reaction import Reaction, change, of_each
from ferrolan.process.residue import ThoriumLimit, thorium_distance
from ferrolan.process.shares import Shares, array
from ferrolan.process.unit import LIQUOR, SOLIDS, Figure, Made, Materials, Port, UnitKind

DISSOLVING: tuple[Reaction, ...] = (
    *of_each("sulfate_solid_* -> sulfate_*"),
    *map(
        Reaction.of,
        (
            "iron_sulfate_solid -> iron_sulfate",
            "magnesia_sulfate_solid -> magnesia_sulfate",
            "thorium_sulfate_solid -> thorium_sulfate",
            "anhydrite -> calcium_sulfate",
            "sulfuric_acid -> sulfuric_acid_aq",
        ),
    ),
)
"""What water dissolves, and what it is then."""


class WaterLeachSpec(Model):
    """How a calcine is leached with water."""

    water: Annotated[Sourced, Unit("1", least=0.0)]
    """Fresh water per tonne of calcine [t/t]."""
    dissolved: Annotated[Sourced, Unit("1", least=0.0, most=1.0)]
    """Share of the sulphates and of the acid that dissolves [1]; anhydrite dissolves only as ``exceptions`` says."""
    exceptions: Shares = Table({})
    """Share that dissolves of a species or family that differs, by its name in the calcine [1]."""
    retained: Annotated[Sourced, Unit("1", least=0.0, most=1.0)]
    """Share of what is dissolved that the washed cake keeps [1]."""
    temperature: Annotated[Sourced, Unit("K", above=0.0)]
    """Temperature of liquor and residue [K]."""
    power: Annotated[Sourced, Unit("MWh/t", least=0.0)]
    """Electric energy per tonne of calcine [MWh/t]."""
    thorium: ThoriumLimit | None = None
    """Most thorium that the residue may hold. None where no limit is declared."""


def operate(spec: WaterLeachSpec, inlets: Materials) -> Made:
    """Dissolve, and let the cake keep its part of what is dissolved."""
    feed = inlets["feed"]
    water = Material.of({"water": spec.water.value * feed.mass}, "liquor")
    mixture = mixed((inlets["wash"], water, feed))
    exceptions = {"anhydrite": 0.0, **{name: share.value for name, share in spec.exceptions.items()}}
    shares = array(exceptions, spec.dissolved.value)
    steps = [(one, float(shares[materials.place(one.key)])) for one in DISSOLVING]
    amounts = rounded(mixture.amounts + change(mixture.amounts, steps), mixture.mass)
    liquor, kept = _washed(of_form(amounts, "liquor", spec.temperature.value), spec.retained.value)
    residue = Material("solids", kept.amounts + (amounts - of_form(amounts, "liquor").amounts), spec.temperature.value)
    power = spec.power.value * feed.mass
    return Made(
        {"liquor": liquor, "residue": residue},
        drawn={"water": water},
        power=power,
        heat=steam((feed, inlets["wash"], water), (liquor, residue), power),
        states=_states(feed, liquor, residue),
        limits=thorium_distance(spec.thorium, residue),
    )


def _washed(liquor: Material, retained: float) -> tuple[Material, Material]:
    """Liquor, and what the cake keeps of all that is dissolved in it."""
    shares = np.full(len(materials.SPECIES), retained)
    shares[materials.place("water")] = 0.0
    kept, rest = liquor.take(shares)
    return rest, kept


def _states(feed: Material, liquor: Material, residue: Material) -> dict[str, Figure]:
    return {
        "rare earths in the liquor": Figure(concentration(liquor, "REO"), "kg/m3"),
        "recovery of rare earths": Figure(ratio(liquor.component("REO"), feed.component("REO")), "1"),
        "thorium oxide in the residue": Figure(residue.component("ThO2"), "t/h"),
        "thorium oxide a tonne of residue": Figure(residue.grade("ThO2"), "1"),
    }


KIND = UnitKind(
    name="water_leach",
    title="water leaching",
    description="Dissolves roasted sulphates in water; what does not dissolve is the residue, with its thorium.",
    inlets=SOLIDS | LIQUOR,
    outlets=LIQUOR | SOLIDS,
    spec=WaterLeachSpec,
    ports=(
        Port("feed", "in", SOLIDS, "Calcine of the acid roast."),
        Port("wash", "in", LIQUOR, "Liquor that comes back, such as wash water.", optional=True),
        Port("liquor", "out", LIQUOR, "Leach liquor."),
        Port("residue", "out", SOLIDS, "Washed residue, dry."),
    ),
    operate=operate,
    parameters=("dissolved", "retained", "power"),
)
