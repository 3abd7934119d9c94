"""What a simulation found, as tables: streams, species, elements, units, what crosses the fence, a tonne, the closure.

One row of ``simulated_units`` reads: blast_furnace, state, eta_CO, 0.468, 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np
import polars as pl

from ferrolan import materials
from ferrolan.assembly.intensities import intensities
from ferrolan.base.tables import (
    SIMULATED_CLOSURE,
    SIMULATED_ELEMENTS,
    SIMULATED_EXCHANGES,
    SIMULATED_SPECIES,
    SIMULATED_STREAMS,
    SIMULATED_UNITS,
    Table,
)
from ferrolan.enterprise.document import Enterprise
from ferrolan.process.flowsheet import FlowsheetSolution
from ferrolan.process.material import Floats, Material
from ferrolan.process.operation import MWH, Solved

Row = Mapping[str, object]


def simulated_tables(document: Enterprise, solution: FlowsheetSolution) -> dict[str, pl.DataFrame]:
    """Every table of a simulation by name."""
    streams = {**solution.streams, **solution.products}
    species = tuple(one.name for one in materials.SPECIES)
    return {
        "simulated_streams": _frame(SIMULATED_STREAMS, _streams(solution, streams)),
        "simulated_species": _parts(SIMULATED_SPECIES, streams, "species", species, lambda m: m.amounts),
        "simulated_elements": _parts(SIMULATED_ELEMENTS, streams, "element", materials.ELEMENTS, lambda m: m.elements),
        "simulated_units": _frame(SIMULATED_UNITS, (row for unit in solution.units.values() for row in _unit(unit))),
        "simulated_exchanges": _frame(
            SIMULATED_EXCHANGES, (row for unit in solution.units.values() for row in _exchanges(unit))
        ),
        "simulated_closure": _frame(SIMULATED_CLOSURE, _closure(solution)),
        "simulated_intensities": intensities(document, solution),
    }


def _frame(table: Table, rows: Iterable[Row]) -> pl.DataFrame:
    return table.check(pl.DataFrame(list(rows), schema=table.schema))


def _streams(solution: FlowsheetSolution, streams: Mapping[str, Material]) -> Iterator[Row]:
    units = solution.flowsheet.units
    source = {stream: unit.name for unit in units for stream in unit.outlets.values()}
    target = {stream: unit.name for unit in units for names in unit.inlets.values() for stream in names}
    for name, material in streams.items():
        yield {
            "stream": name, "source": source.get(name, name.split(".")[0] if "." in name else None),
            "target": target.get(name), "form": material.form, "rate": material.mass,
            "temperature": material.temperature, "enthalpy": material.enthalpy,
        }  # fmt: skip


def _parts(
    table: Table, streams: Mapping[str, Material], key: str, names: tuple[str, ...], part: Callable[[Material], Floats]
) -> pl.DataFrame:
    return _frame(
        table,
        (
            {
                "stream": name,
                key: names[place],
                "rate": float(rates[place]),
                "fraction": float(rates[place]) / material.mass,
            }
            for name, material in streams.items()
            for rates in (part(material),)
            for place in np.flatnonzero(rates)
        ),
    )


def _unit(solved: Solved) -> Iterator[Row]:
    element, missing = solved.closure.worst
    figures = [
        ("energy", "power", solved.power, "MW"), ("energy", "heat supplied", solved.heat, "GJ/h"),
        ("energy", "heat lost", solved.loss, "GJ/h"),
        *(("state", name, figure.value, figure.unit) for name, figure in solved.states.items()),
        *(("limit", name, figure.value, figure.unit) for name, figure in solved.limits.items()),
        ("closure", f"worst element: {element}", missing, "1"), ("closure", "energy", solved.closure.energy, "1"),
        ("closure", "residual", solved.residual, "1"),
    ]  # fmt: skip
    for sort, name, value, unit in figures:
        yield {
            "unit": solved.name, "kind": solved.kind.name, "sort": sort, "figure": name, "value": float(value),
            "unit_of_value": unit,
        }  # fmt: skip


def _exchanges(solved: Solved) -> Iterator[Row]:
    for direction, parts in (("drawn", solved.drawn), ("released", solved.released)):
        for name, material in parts.items():
            yield {
                "unit": solved.name, "direction": direction, "substance": name, "rate": material.mass,
                "volume": material.volume if material.form == "gas" else None, "temperature": material.temperature,
                "enthalpy": material.enthalpy,
            }  # fmt: skip


def _closure(solution: FlowsheetSolution) -> Iterator[Row]:
    units = solution.units.values()
    entering = [*(solution.streams[name] for name in solution.flowsheet.feeds), *solution.drawn().values()]
    leaving = [*solution.products.values(), *solution.released().values()]
    arrived, left = (
        sum((m.elements for m in part), start=np.zeros(len(materials.ELEMENTS))) for part in (entering, leaving)
    )
    for place, element in enumerate(materials.ELEMENTS):
        if arrived[place] > 0.0 or left[place] > 0.0:
            missing = float(solution.closure.elements[place])
            yield _balance(element, float(arrived[place]), float(left[place]), missing, "t/h")
    came = sum(m.enthalpy for m in entering) + sum(MWH * unit.power + unit.heat for unit in units)
    went = sum(m.enthalpy for m in leaving) + sum(unit.loss for unit in units)
    yield _balance("energy", came, went, solution.closure.energy, "GJ/h")


def _balance(name: str, entering: float, leaving: float, missing: float, unit: str) -> Row:
    return {"balance": name, "entering": entering, "leaving": leaving, "missing": missing, "unit": unit}
