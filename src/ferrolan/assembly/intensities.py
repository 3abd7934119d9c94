"""What a simulated plant takes and lets go a tonne of its product, owner by owner.

61 t of water and 3.1 t of sulphuric acid a tonne of rare-earth oxide in what is sold; 2.0 t of carbon dioxide and 21 GJ
a tonne of crude steel. The boundary is the fence of one owner: what its own units draw and release, what crosses to and
from outside and the other owner. Nothing that was emitted or spent before the gate is in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from ferrolan import materials
from ferrolan.base.tables import SIMULATED_INTENSITIES
from ferrolan.enterprise.document import Enterprise
from ferrolan.process.flowsheet import FlowsheetSolution
from ferrolan.process.material import Material
from ferrolan.process.operation import MWH, Solved
from ferrolan.process.steel_account import direct_emission, fuel_energy, steel_account

Row = dict[str, object]
Figure = tuple[str, float, str, str]  # figure, amount an hour, its unit, what is in it

CARRIES = 0.01
"""Share of rare-earth oxides from which on a stream that is sold counts as a product of rare earths [1]."""
_NOTHING = 1e-9  # of the product: less than this is nothing
_WATERY = 0.5  # share of water from which on a liquor is waste water
_AIR = "air"  # drawn by every flame, bought by nobody


@dataclass(frozen=True)
class Fence:
    """One owner's units and what crosses its fence.

    ``feeds`` enter from outside or from another owner, ``leaving`` goes there; both by stream, ``unit.port`` where a
    port leads nowhere. ``titles`` names the commodity of each where it has one.
    """

    owner: str
    units: tuple[Solved, ...]
    feeds: Mapping[str, Material]
    leaving: Mapping[str, Material]
    titles: Mapping[str, str]

    @property
    def crude_steel(self) -> float:
        """What the casters of this owner cast [t/h]."""
        return sum(unit.outlets["slab"].mass for unit in self.units if unit.kind.name == "caster")

    @property
    def rare_earths(self) -> float:
        """Rare-earth oxides in what has a commodity and leaves as their product [t/h]."""
        sold = (material for name, material in self.leaving.items() if name in self.titles)
        return sum(one.component("REO") for one in sold if one.component("REO") > CARRIES * one.mass)


def intensities(document: Enterprise, solution: FlowsheetSolution) -> pl.DataFrame:
    """What every owner takes and lets go a tonne of its product (``simulated_intensities``).

    An owner who casts steel is told a tonne of crude steel, another who sells rare earths a tonne of their oxides; one
    who makes neither has no row.
    """
    rows = [row for fence in fences(document, solution) for row in _rows(fence)]
    return SIMULATED_INTENSITIES.check(pl.DataFrame(rows, schema=SIMULATED_INTENSITIES.schema))


def fences(document: Enterprise, solution: FlowsheetSolution) -> Iterator[Fence]:
    """Every owner's units and what crosses its fence, by the owner's name."""
    owners = {name: document.units[name].owner for name in solution.units}
    target = {s: u.name for u in solution.flowsheet.units for names in u.inlets.values() for s in names}
    source = {stream: unit.name for unit in solution.flowsheet.units for stream in unit.outlets.values()}
    flows = {**solution.streams, **solution.products}
    comes = {name: owners.get(source.get(name, name.partition(".")[0])) for name in flows}
    goes = {name: owners.get(target.get(name, "")) for name in flows}
    titles = {name: one.commodity for name, one in document.streams.items() if one.commodity is not None}
    for owner in sorted(set(owners.values())):
        yield Fence(
            owner,
            tuple(unit for name, unit in solution.units.items() if owners[name] == owner),
            {name: flow for name, flow in flows.items() if goes[name] == owner != comes[name]},
            {name: flow for name, flow in flows.items() if comes[name] == owner != goes[name]},
            titles,
        )


def _rows(fence: Fence) -> Iterator[Row]:
    steel, oxides = fence.crude_steel, fence.rare_earths
    if steel > 0.0:
        per, tonnes = "t crude steel", steel
    elif oxides > 0.0:
        per, tonnes = "t REO", oxides
    else:
        return
    for figure, amount, unit, counts in (*_energy(fence), *_taken(fence), *_let_go(fence)):
        if abs(amount) > _NOTHING * tonnes:
            yield {
                "owner": fence.owner, "figure": figure, "per": per, "value": amount / tonnes, "unit": unit,
                "counts": counts,
            }  # fmt: skip


def _energy(fence: Fence) -> Iterator[Figure]:
    """Carbon dioxide and energy; power that is generated counts as exported."""
    drawn = sum(max(unit.power, 0.0) for unit in fence.units)
    made = -sum(min(unit.power, 0.0) for unit in fence.units)
    heat = sum(unit.heat for unit in fence.units)
    dioxide, fuels = _burnt(fence)
    yield "carbon dioxide, direct", dioxide, "t", "carbon of all gas that leaves, as CO2; nothing from before the gate"
    yield "energy", fuels + heat + MWH * (drawn - made), "GJ", (
        "fuels less gas that leaves unburnt, heat supplied, power drawn less generated at 3.6 GJ/MWh"
    )  # fmt: skip
    yield "fuels", fuels, "GJ", "lower calorific value of fuel and coal that enter, less that of gas that leaves"
    yield "heat supplied", heat, "GJ", "steam and heat from outside the units"
    yield "power drawn", drawn, "MWh", "units that draw more than they generate"
    yield "power generated", made, "MWh", "units that generate more than they draw; counted as exported"


def _burnt(fence: Fence) -> tuple[float, float]:
    """Carbon dioxide [t/h] and calorific value of fuels [GJ/h]; of a steel works by its own account."""
    steel = fence.crude_steel
    if steel > 0.0:
        account = steel_account(fence.units, steel, feeds=fence.feeds, leaving=fence.leaving, upstream={})
        return account.direct * steel, sum(account.fuels.values()) - account.exported_fuel
    dioxide = direct_emission(fence.units, fence.leaving.values())
    return dioxide, sum(fuel_energy(fence.units, fence.feeds).values())


def _taken(fence: Fence) -> Iterator[Figure]:
    """What enters and what is drawn, by name; the same by both ways counts together."""
    found: dict[str, list[tuple[float, str]]] = {}
    for name, material in fence.feeds.items():
        found.setdefault(fence.titles.get(name, name), []).append((material.mass, f"stream {name}"))
    drawn: dict[str, list[Material]] = {}
    for name, material in (item for unit in fence.units for item in unit.drawn.items()):
        if name != _AIR and material.mass > 0.0:
            drawn.setdefault(name, []).append(material)
    for name, parts in drawn.items():
        words = f"drawn by {len(parts)} of its units, counted as {_species(parts)}"
        found.setdefault(name, []).append((sum(part.mass for part in parts), words))
    for name in sorted(found):
        yield name, sum(mass for mass, _words in found[name]), "t", "; ".join(words for _mass, words in found[name])


def _let_go(fence: Fence) -> Iterator[Figure]:
    """What leaves without a commodity, and what units release."""
    parts = [(name, material) for name, material in fence.leaving.items() if name not in fence.titles]
    parts += [item for unit in fence.units for item in unit.released.items()]
    sorts = {"waste water": 0.0, "other liquids": 0.0, "residues": 0.0, "gas let go": 0.0}
    for name, part in parts:
        sorts[_sort(name, part)] += part.mass
    said = {
        "waste water": "liquors without a commodity that are mostly water, or released as such, with what is in them",
        "other liquids": "liquors without a commodity that are not mostly water, such as tar",
        "residues": "solids and slag without a commodity, and dust",
        "gas let go": "flue gas, off-gas and flare, with the nitrogen of the air",
    }
    yield from ((name, mass, "t", said[name]) for name, mass in sorts.items())


def _sort(name: str, part: Material) -> str:
    if part.form == "gas":
        return "gas let go"
    if part.form == "liquor":
        watery = name == "waste_water" or part.amount("water") > _WATERY * part.mass
        return "waste water" if watery else "other liquids"
    return "residues"


def _species(parts: Iterable[Material]) -> str:
    """The species that make up more than a hundredth, the largest first."""
    amounts = sum((part.amounts for part in parts), start=np.zeros(len(materials.SPECIES)))
    places = [place for place in np.argsort(-amounts) if amounts[place] > CARRIES * amounts.sum()]
    return ", ".join(materials.SPECIES[place].name for place in places)
