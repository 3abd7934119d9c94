"""Strip casting: rare-earth metal, iron and ferroboron melted and cast into flakes of NdFeB alloy.

A tonne of alloy with 31 % of rare earths and 1 % of boron takes 0.31 t of metal beside what oxidises in the crucible.
The metal that comes decides how much alloy is made: iron and boron follow, and what returned alloy already holds of
them counts.
"""

from __future__ import annotations

from typing import Annotated, Self

from ferrolan import materials
from ferrolan.base.schema import Model, Sourced, Unit, WrongValue, after
from ferrolan.process.firing import air
from ferrolan.process.material import Material, mixed
from ferrolan.process.operation import rounded
from ferrolan.process.oxides import from_metal
from ferrolan.process.phases import of_form, ratio
from ferrolan.process.reaction import change
from ferrolan.process.unit import METAL, SOLIDS, Figure, Made, Materials, Port, UnitKind


class StripCastingSpec(Model):
    """What alloy is cast."""

    rare_earths: Annotated[Sourced, Unit("1", above=0.0, most=1.0)]
    """Mass fraction of rare earths in the alloy [1]."""
    boron: Annotated[Sourced, Unit("1", least=0.0, most=1.0)]
    """Mass fraction of boron in the alloy [1]."""
    ferroboron: Annotated[Sourced, Unit("1", above=0.0, most=1.0)]
    """Mass fraction of boron in ferroboron, the rest is iron [1]."""
    oxidised: Annotated[Sourced, Unit("1", least=0.0, most=1.0)]
    """Share of the rare-earth metal that oxidises and leaves with the slag [1]."""
    temperature: Annotated[Sourced, Unit("K", above=0.0)]
    """Temperature of flakes and slag as they leave [K]."""
    power: Annotated[Sourced, Unit("MWh/t", least=0.0)]
    """Electric energy per tonne of alloy [MWh/t]."""

    @after
    def _ferroboron_is_richer(self) -> Self:
        if self.ferroboron.value <= self.boron.value:
            found, way_out = self.ferroboron.written, "Correct the boron of the alloy or of the ferroboron"
            raise WrongValue(
                "out_of_range", "ferroboron richer in boron than the alloy", way_out, found, ("ferroboron",)
            )
        return self


def operate(spec: StripCastingSpec, inlets: Materials) -> Made:
    """Oxidise what oxidises, then add iron and ferroboron up to the composition of the alloy."""
    charge = mixed((inlets["metal"], inlets["returns"]))
    made = change(charge.amounts, [(one, spec.oxidised.value) for one in from_metal()])
    oxidant = air(max(-float(made[materials.place("O2")]), 0.0))
    melted = rounded(charge.amounts + oxidant.amounts + made, charge.mass)
    melt = of_form(melted, "metal", spec.temperature.value)
    iron, boron = _added(spec, melt)
    alloy = Material("metal", melt.amounts + iron.amounts + boron.amounts, spec.temperature.value)
    gas = of_form(melted, "gas", spec.temperature.value)
    slag = Material("solids", melted - melt.amounts - gas.amounts, spec.temperature.value)
    return Made(
        {"alloy": alloy, "slag": slag},
        drawn={"iron_alloy": iron, "boron": boron, "air": oxidant},
        released={"off_gas": gas},
        power=spec.power.value * alloy.mass,
        states={
            "rare earths in the alloy": Figure(alloy.grade("RE"), "1"),
            "boron in the alloy": Figure(alloy.grade("B"), "1"),
            "terbium and dysprosium in the alloy": Figure(
                ratio(alloy.component("Tb") + alloy.component("Dy"), alloy.mass), "1"
            ),
        },
        limits={
            "rare earths above those asked": Figure(_above(alloy.grade("RE"), spec.rare_earths.value), "1"),
            "boron below that asked": Figure(_above(spec.boron.value, alloy.grade("B")), "1"),
        },
    )


def _above(found: float, wanted: float) -> float:
    """By how much a grade is above another [1]; round-off is nothing."""
    return found - wanted if abs(found - wanted) > _ROUND_OFF * wanted else 0.0


def _added(spec: StripCastingSpec, melt: Material) -> tuple[Material, Material]:
    """Iron and ferroboron that bring a melt to the alloy; a melt with too much of one gets none of it."""
    alloy = melt.component("RE") / spec.rare_earths.value
    ferroboron = max((spec.boron.value * alloy - melt.component("B")) / spec.ferroboron.value, 0.0)
    iron = alloy - melt.mass - ferroboron
    if iron < 0.0:  # boron goes by the alloy that is cast, not by the one that was asked
        short = spec.boron.value * melt.mass - melt.component("B")
        iron, ferroboron = 0.0, max(short / (spec.ferroboron.value - spec.boron.value), 0.0)
    boron = spec.ferroboron.value * ferroboron
    added = Material.of({"iron": iron}, "metal")
    return added, Material.of({"boron": boron, "iron": max(ferroboron - boron, 0.0)}, "metal")


_ROUND_OFF = 1e-12  # of a grade

KIND = UnitKind(
    name="strip_casting",
    title="strip casting",
    description="Casts NdFeB alloy from rare-earth metal, iron and ferroboron.",
    inlets=METAL,
    outlets=METAL | SOLIDS,
    spec=StripCastingSpec,
    ports=(
        Port("metal", "in", METAL, "Rare-earth metal."),
        Port("returns", "in", METAL, "Alloy that comes back, such as clean offcuts.", optional=True),
        Port("alloy", "out", METAL, "Flakes of alloy."),
        Port("slag", "out", SOLIDS, "Rare-earth oxide skimmed from the melt.", optional=True),
    ),
    operate=operate,
    parameters=("rare_earths", "oxidised", "power"),
)
