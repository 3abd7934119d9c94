"""Flotation: magnetic tails into rare-earth concentrate and final tails.

From tails with some 7 % of rare-earth oxides it makes a concentrate with about 50 %; what is not recovered leaves with
the tails. A mineral with a rate of 12 /h in six cells of 0.05 h each floats to 94 % of what can float at all.

Kinetics of a bank of N equal cells, ``R = R_inf (1 - (1 + k tau)^-N)`` (mixed cells in series, first order; Wills,
Finch, Wills' Mineral Processing Technology, 8th edition, 2016, chapter 12; recalled). The rate saturates with the
collector, ``k = k_max c / (c + c_half)``: an empirical form. What does not float is entrained with one share, so grade
falls as recovery rises: the grade-recovery curve.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from ferrolan.base.schema import After, Count, Model, Sourced, Table, Unit
from ferrolan.process.liberation import Grind, catchable
from ferrolan.process.material import Floats, Material
from ferrolan.process.phases import ratio
from ferrolan.process.shares import array, by_species
from ferrolan.process.unit import SOLIDS, Figure, Made, Materials, Port, UnitKind


class Floating(Model):
    """How a mineral floats."""

    rate: Annotated[Sourced, Unit("1/h", least=0.0)]
    """Rate constant with ample collector [1/h]."""
    ultimate: Annotated[Sourced, Unit("1", least=0.0, most=1.0)]
    """Share of its free grains that floats in the end [1]."""


class FlotationSpec(Model):
    """How a bank of cells floats."""

    floats: Annotated[Table[Floating], After(by_species)]
    """How each mineral floats, by species or family; one that is not named is only entrained."""
    cells: Count
    """Number of cells in series."""
    residence_time: Annotated[Sourced, Unit("h", above=0.0)]
    """Time the pulp stays in one cell [h]."""
    collector: Annotated[Sourced, Unit("1", least=0.0)]
    """Collector per tonne of dry feed [t/t]."""
    collector_half: Annotated[Sourced, Unit("1", above=0.0)]
    """Collector at which minerals float at half their rate [t/t]."""
    entrained: Annotated[Sourced, Unit("1", least=0.0, most=1.0)]
    """Share of what does not float that goes with the froth [1]."""
    grind: Grind | None = None
    """How fine the feed is and what that frees. None where the ultimate recoveries are those of the feed as it is."""
    power: Annotated[Sourced, Unit("MWh/t", least=0.0)]
    """Electric energy per tonne of dry feed [MWh/t]."""


def operate(spec: FlotationSpec, inlets: Materials) -> Made:
    """Float each mineral by its kinetics and entrain of the rest; the collector leaves with the water of the tails."""
    feed = inlets["feed"]
    floated = recovery(spec)
    concentrate, tails = feed.take(np.minimum(floated + (1.0 - floated) * spec.entrained.value, 1.0))
    collector = Material.of({"collector": spec.collector.value * feed.mass}, "liquor", feed.temperature)
    return Made(
        {"concentrate": concentrate, "tails": tails},
        drawn={"collector": collector},
        released={"waste_water": collector},
        power=spec.power.value * feed.mass,
        states=_states(feed, concentrate),
    )


def recovery(spec: FlotationSpec) -> Floats:
    """Share of each species that floats (species,) [1], without what is entrained."""
    collector = spec.collector.value
    dosed = collector / (collector + spec.collector_half.value)
    floats = {
        name: one.ultimate.value * bank(dosed * one.rate.value * spec.residence_time.value, spec.cells)
        for name, one in spec.floats.items()
    }
    found: Floats = array(floats, 0.0) * catchable(spec.grind)
    return found


def bank(rate_time: float, cells: int) -> float:
    """Share of what can float that floats in a bank [1]; ``rate_time`` is rate times time in one cell [1].

    Examples
    --------
    >>> round(bank(0.6, 6), 3)
    0.94
    """
    return float(1.0 - (1.0 + rate_time) ** -cells)


def _states(feed: Material, concentrate: Material) -> dict[str, Figure]:
    figures = {
        "rare earths in the concentrate": concentrate.grade("REO"),
        "recovery of rare earths": ratio(concentrate.component("REO"), feed.component("REO")),
        "mass pull": ratio(concentrate.mass, feed.mass),
    }
    return {name: Figure(value, "1") for name, value in figures.items()}


KIND = UnitKind(
    name="flotation",
    title="flotation",
    description="Recovers a rare-earth concentrate from magnetic tails.",
    inlets=SOLIDS,
    outlets=SOLIDS,
    spec=FlotationSpec,
    ports=(
        Port("feed", "in", SOLIDS, "Ground feed, such as magnetic tails or middlings."),
        Port("concentrate", "out", SOLIDS, "Froth product."),
        Port("tails", "out", SOLIDS, "What stays in the pulp."),
    ),
    operate=operate,
    parameters=(
        "floats.bastnaesite.rate",
        "floats.bastnaesite.ultimate",
        "floats.monazite.rate",
        "floats.monazite.ultimate",
        "entrained",
        "power",
    ),
)
