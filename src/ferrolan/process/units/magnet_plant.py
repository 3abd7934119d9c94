"""A magnet plant: alloy milled, pressed, sintered, cut and ground into magnets; what is cut away is swarf.

From a tonne of alloy come some 0.7 t of magnets. The swarf is a stream of its own, half of its rare earths already
oxide, and goes back to leaching: without it three tenths of the neodymium would be lost from the account. Dysprosium
or terbium may be brought to the grain boundaries afterwards; part of it stays in the magnet, the rest is swarf.
"""

from __future__ import annotations

from typing import Annotated

from ferrolan import materials
from ferrolan.base.schema import Model, Sourced, Unit
from ferrolan.process.firing import air
from ferrolan.process.material import Material
from ferrolan.process.operation import rounded
from ferrolan.process.oxides import from_metal
from ferrolan.process.phases import of_form, ratio
from ferrolan.process.reaction import Reaction, change
from ferrolan.process.unit import METAL, SOLIDS, Figure, Made, Materials, Port, UnitKind


class MagnetPlantSpec(Model):
    """How alloy becomes magnets."""

    yields: Annotated[Sourced, Unit("1", above=0.0, most=1.0)]
    """Magnets per tonne of alloy, before heavy rare earths are added [t/t]."""
    heavy_taken: Annotated[Sourced, Unit("1", least=0.0, most=1.0)]
    """Share of the heavy rare earths brought to the grain boundaries that the magnets keep [1]."""
    swarf_oxidised: Annotated[Sourced, Unit("1", least=0.0, most=1.0)]
    """Share of the rare earths and the iron of the swarf that has become oxide [1]."""
    power: Annotated[Sourced, Unit("MWh/t", least=0.0)]
    """Electric energy per tonne of magnets [MWh/t]."""


def operate(spec: MagnetPlantSpec, inlets: Materials) -> Made:
    """Divide alloy and heavy rare earths between magnets and swarf, and let the swarf oxidise."""
    alloy, heavy = inlets["alloy"], inlets["heavy"]
    kept, taken = alloy.times(spec.yields.value), heavy.times(spec.heavy_taken.value)
    magnet = kept.plus(taken).at(alloy.temperature)
    cut = rounded(alloy.amounts + heavy.amounts - magnet.amounts, alloy.mass + heavy.mass)
    made = change(cut, [(one, spec.swarf_oxidised.value) for one in (*from_metal(), _RUSTING)])
    oxidant = air(max(-float(made[materials.place("O2")]), 0.0))
    changed = rounded(cut + oxidant.amounts + made, float(cut.sum()))
    gas = of_form(changed, "gas")
    swarf = Material("solids", changed - gas.amounts)
    return Made(
        {"magnet": magnet, "swarf": swarf},
        drawn={"air": oxidant},
        released={"off_gas": gas},
        power=spec.power.value * magnet.mass,
        states={
            "rare earths in the magnets": Figure(magnet.grade("RE"), "1"),
            "terbium and dysprosium in the magnets": Figure(
                ratio(magnet.component("Tb") + magnet.component("Dy"), magnet.mass), "1"
            ),
            "swarf a tonne of magnets": Figure(ratio(swarf.mass, magnet.mass), "t/t"),
        },
    )


_RUSTING = Reaction.of("2 iron + 1.5 O2 -> hematite")

KIND = UnitKind(
    name="magnet_plant",
    title="magnet plant",
    description="Makes sintered magnets from NdFeB alloy; what is cut away is swarf that can be leached again.",
    inlets=METAL,
    outlets=METAL | SOLIDS,
    spec=MagnetPlantSpec,
    ports=(
        Port("alloy", "in", METAL, "NdFeB alloy."),
        Port("heavy", "in", METAL, "Dysprosium or terbium for the grain boundaries.", optional=True),
        Port("magnet", "out", METAL, "Magnets."),
        Port("swarf", "out", SOLIDS, "Swarf, partly oxidised."),
    ),
    operate=operate,
    parameters=("yields", "heavy_taken", "swarf_oxidised", "power"),
)
