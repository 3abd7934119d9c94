"""A grinding mill: ore in, ground ore out.

At 330 t/h and 21 kWh/t it draws about 7 MW. Grinding changes size, not composition: what a finer grind is worth shows
in the units behind it, through the size it delivers, ``P80 = (1 / (1 / sqrt(F80) + E / (10 W)))^2`` (Bond, Crushing and
grinding calculations, British Chemical Engineering 6, 1961; sizes in micrometres, work index W and energy E in kWh/t).
"""

from __future__ import annotations

from typing import Annotated

from ferrolan.base.schema import Model, Sourced, Unit
from ferrolan.process.operation import MWH
from ferrolan.process.unit import SOLIDS, Figure, Made, Materials, Port, UnitKind


class MillSpec(Model):
    """How a mill grinds."""

    power: Annotated[Sourced, Unit("MWh/t", least=0.0)]
    """Electric energy per tonne of dry feed [MWh/t]."""
    work_index: Annotated[Sourced, Unit("MWh/t", above=0.0)]
    """Bond work index of the ore [MWh/t]."""
    feed_size: Annotated[Sourced, Unit("m", above=0.0)]
    """Size that 80 % of the feed passes [m]."""


def operate(spec: MillSpec, inlets: Materials) -> Made:
    """Pass the ore on, ground to the size that the energy pays for; half of the energy warms the ore.

    Notes
    -----
    That half is a convention; what warms the ore is lost to the surroundings before the next unit.
    """
    feed = inlets["feed"]
    power = spec.power.value * feed.mass
    ground = feed.with_enthalpy(feed.enthalpy + 0.5 * MWH * power)
    size = product_size(spec.feed_size.value, spec.power.value, spec.work_index.value)
    return Made({"product": ground}, power=power, states={"product size P80": Figure(size, "m")})


def product_size(feed_size: float, energy: float, work_index: float) -> float:
    """Size that 80 % of the product passes [m], by Bond, from feed size [m], energy and work index [MWh/t].

    Examples
    --------
    >>> round(product_size(2e-3, 0.021, 0.014) * 1e6)  # micrometres
    34
    """
    micrometre = 1e-6
    root = (feed_size / micrometre) ** -0.5 + energy / (10.0 * work_index)
    size: float = root**-2 * micrometre
    return size


KIND = UnitKind(
    name="mill",
    title="mill",
    description="Grinds ore; mass and every component close, nothing is separated.",
    inlets=SOLIDS,
    outlets=SOLIDS,
    spec=MillSpec,
    ports=(
        Port("feed", "in", SOLIDS, "Ore to be ground."),
        Port("product", "out", SOLIDS, "Ground ore."),
    ),
    operate=operate,
    parameters=("power",),
)
