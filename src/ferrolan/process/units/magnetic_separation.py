"""Magnetic separation: ground ore into iron concentrate and tails.

Magnetite and much of the hematite go to the concentrate; bastnaesite and monazite are weakly magnetic and stay with the
tails, which is why one ore feeds two businesses. A weak field takes the magnetite; a strong field behind it takes
hematite with part of the rare-earth minerals as middlings. From 300 t/h of ore with 30 % of magnetite a weak stage that
takes 97 % of it and entrains 3 % of the rest makes 94 t/h of concentrate.

Each stage is a partition: a share of each free mineral, and one share of everything else, which is entrained.
"""

from __future__ import annotations

from typing import Annotated

from ferrolan.base.schema import Model, Sourced, Unit
from ferrolan.process.liberation import Grind, recovered
from ferrolan.process.material import Material
from ferrolan.process.phases import ratio
from ferrolan.process.shares import Shares, of_table
from ferrolan.process.unit import SOLIDS, Figure, Made, Materials, Port, UnitKind


class MagneticStage(Model):
    """What one field takes."""

    recovery: Shares
    """Share of a free mineral's grains that the magnet takes, by species or family [1]."""
    entrained: Annotated[Sourced, Unit("1", least=0.0, most=1.0)]
    """Share it takes of everything else, locked grains and slimes among it [1]."""


class MagneticSeparationSpec(Model):
    """How ore is divided by magnets."""

    weak: MagneticStage
    """The weak field: its product is the concentrate."""
    strong: MagneticStage | None = None
    """The strong field behind it: its product is the middlings. None where there is no such stage."""
    grind: Grind | None = None
    """How fine the ore is and what that frees. None where the recoveries are those of the ore as it is ground."""
    power: Annotated[Sourced, Unit("MWh/t", least=0.0)]
    """Electric energy per tonne of dry feed [MWh/t]."""


def operate(spec: MagneticSeparationSpec, inlets: Materials) -> Made:
    """Take what the weak field takes, then what the strong field takes of the rest."""
    feed = inlets["feed"]
    concentrate, rest = _stage(spec.weak, spec.grind, feed)
    middlings, tails = (
        (Material.nothing("solids"), rest) if spec.strong is None else _stage(spec.strong, spec.grind, rest)
    )
    outlets = {"concentrate": concentrate, "middlings": middlings, "tails": tails}
    return Made(outlets, power=spec.power.value * feed.mass, states=_states(feed, concentrate, middlings))


def _stage(stage: MagneticStage, grind: Grind | None, feed: Material) -> tuple[Material, Material]:
    entrained = stage.entrained.value
    return feed.take(recovered(of_table(stage.recovery, entrained), entrained, grind))


def _states(feed: Material, concentrate: Material, middlings: Material) -> dict[str, Figure]:
    figures = {
        "iron in the concentrate": concentrate.grade("Fe"),
        "recovery of iron": ratio(concentrate.component("Fe"), feed.component("Fe")),
        "rare earths in the middlings": middlings.grade("REO"),
        "recovery of rare earths to the middlings": ratio(middlings.component("REO"), feed.component("REO")),
    }
    return {name: Figure(value, "1") for name, value in figures.items()}


KIND = UnitKind(
    name="magnetic_separation",
    title="magnetic separation",
    description="Divides ground ore into an iron concentrate and tails that hold the rare earths.",
    inlets=SOLIDS,
    outlets=SOLIDS,
    spec=MagneticSeparationSpec,
    ports=(
        Port("feed", "in", SOLIDS, "Ground ore."),
        Port("concentrate", "out", SOLIDS, "Product of the weak field."),
        Port("middlings", "out", SOLIDS, "Product of the strong field, where there is one.", optional=True),
        Port("tails", "out", SOLIDS, "What no field takes."),
    ),
    operate=operate,
    parameters=(
        "weak.recovery.magnetite",
        "weak.recovery.hematite",
        "weak.entrained",
        "strong.recovery.hematite",
        "strong.recovery.bastnaesite",
        "strong.recovery.monazite",
        "strong.entrained",
        "power",
    ),
)
