"""The declared plant becomes a flowsheet, and what the flowsheet finds becomes what simulated modes make and use.

The document's flotation with its specification, its ports and its streams is one unit of the flowsheet; the ore of
``simulation.feeds`` enters it. Solved, 420 t/h of tails gave 31 t/h of concentrate with 15.6 t/h REO, so a mode whose
reference is tails makes 31.2 / 420 t of a concentrate that is counted at 50 % REO: yields follow from ore, grind and
reagents, and the plan downstream takes them as it takes declared ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ferrolan.assembly.catalogue import kinds
from ferrolan.base.errors import ProblemError
from ferrolan.base.schema import DRY_MASS, Quantity, Sourced, Table
from ferrolan.enterprise.checks.simulation import connections
from ferrolan.enterprise.commerce import Commodity
from ferrolan.enterprise.document import Enterprise
from ferrolan.enterprise.simulation import FeedSection, reached
from ferrolan.enterprise.units import Mode, UnitSection
from ferrolan.process.flowsheet import Flowsheet, FlowsheetSolution, Unit, solve
from ferrolan.process.material import AMBIENT, Form, Material
from ferrolan.process.operation import Solved
from ferrolan.process.unit import Port, UnitKind
from ferrolan.process.units.splitter import divider

SIMULATED = "simulated"
"""Note of a value that the simulation found."""


def flowsheet_of(document: Enterprise) -> Flowsheet:
    """The simulated part of a plant: every unit that can be run, and what enters it.

    Raises
    ------
    DocumentError
        If the document declares no simulation.
    ProblemError
        If the parts do not fit, which the checks of the document say with file and line.
    """
    simulation = document.require_simulation()
    units = {name: document.units[name] for name in simulated_units(document)}
    feeds = {name: _fed(document, name, feed) for name, feed in simulation.feeds.items()}
    forms: dict[str, Form] = {name: s.form for name, s in document.streams.items() if s.form != "heat"}
    return Flowsheet(tuple(_unit(document, name, unit) for name, unit in units.items()), feeds, forms)


def with_responses(document: Enterprise, solution: FlowsheetSolution | None = None) -> Enterprise:
    """The document whose simulated modes say what they make and use; itself where none is simulated, or all say it.

    Parameters
    ----------
    document
        The enterprise.
    solution
        Its flowsheet solved; it is solved here if none is given.

    Raises
    ------
    ProblemError, NotConverged, Infeasible
        From the flowsheet; or naming a simulated mode whose reference does not flow.
    """
    open_ = [name for name, unit in document.units.items() if any(_is_open(mode) for mode in unit.modes.values())]
    if not open_:
        return document
    found = solve(flowsheet_of(document)) if solution is None else solution
    units = {
        name: _with_modes(document, name, unit, found) if name in open_ else unit
        for name, unit in document.units.items()
    }
    return document.model_copy(update={"units": Table(units)})


def amount_of(material: Material, commodity: Commodity) -> float:
    """How much of a commodity a material is [t/h of the commodity]: by dry mass or contained mass, over ``per``."""
    if commodity.basis == (DRY_MASS,):
        water = material.amount("water") if material.form == "solids" else 0.0
        return (material.mass - water) / commodity.per
    return sum(material.component(component) for component in commodity.basis) / commodity.per


def simulated_units(document: Enterprise) -> tuple[str, ...]:
    """Names of the units that a simulation of the document runs, in its order."""
    of = {name: kinds()[unit.kind] for name, unit in document.units.items()}
    kernels = {
        name
        for name, unit in document.units.items()
        if of[name].can_operate and (of[name].spec is None or unit.spec is not None)
    }
    dividers = {name for name, kind in of.items() if kind.is_stock or kind.is_splitter}
    ends = [(name, stream.from_, stream.to) for name, stream in document.streams.items() if stream.form != "heat"]
    found = reached(kernels, dividers, ends, document.require_simulation().feeds)
    return tuple(name for name in document.units if name in found)


def _is_open(mode: Mode) -> bool:
    return mode.simulated and not mode.makes and not mode.uses


def _unit(document: Enterprise, name: str, unit: UnitSection) -> Unit:
    """One unit with its ports and streams."""
    kind = kinds()[unit.kind]
    entering, leaving = _streams(document, name, "to"), _streams(document, name, "from_")
    spec = unit.spec if kind.spec is not None and isinstance(unit.spec, kind.spec) else None
    if kind.is_stock or kind.is_splitter:
        spec = spec or (kind.spec() if kind.spec is not None else None)
        return Unit(name, divider(kind, leaving), spec, {"feed": tuple(entering)}, {s: s for s in leaving})
    inlets = connections(unit.ports, _ports(kind, "in"), entering)
    outlets = connections(unit.ports, _ports(kind, "out"), leaving)
    return Unit(name, kind, spec, inlets, {port: streams[0] for port, streams in outlets.items() if streams})


def _ports(kind: UnitKind, direction: str) -> list[Port]:
    return [port for port in kind.ports if port.direction == direction]


def _streams(document: Enterprise, unit: str, end: str) -> list[str]:
    return [name for name, stream in document.streams.items() if getattr(stream, end) == unit and stream.form != "heat"]


def _fed(document: Enterprise, name: str, feed: FeedSection) -> Material:
    """What enters by one stream."""
    shares = {species: share.value for species, share in feed.species.items()}
    rest = max(1.0 - sum(shares.values()), 0.0)
    if feed.rest is not None:
        shares[feed.rest] = rest
    amounts = {species: share * feed.rate.value for species, share in shares.items()}
    temperature = AMBIENT if feed.temperature is None else feed.temperature.value
    form = document.streams[name].form
    if form == "heat":
        raise ProblemError(f"simulation.feeds.{name}: heat is no material")
    return Material.of(amounts, form, temperature)


def _with_modes(document: Enterprise, name: str, unit: UnitSection, found: FlowsheetSolution) -> UnitSection:
    modes = {
        mode_name: _with_amounts(document, name, mode, found) if _is_open(mode) else mode
        for mode_name, mode in unit.modes.items()
    }
    return unit.model_copy(update={"modes": Table(modes)})


def _with_amounts(document: Enterprise, name: str, mode: Mode, found: FlowsheetSolution) -> Mode:
    """A mode with what the unit made and used for each unit of its reference."""
    solved = found.units[name]
    flows = dict(_commodity_flows(document, name, found.streams))
    reference = -flows.pop(mode.reference, 0.0)
    if not reference > 0.0:
        raise ProblemError(f"{name}: no {mode.reference} flows into it in the simulation, so its mode has no yields")
    made = {commodity: flow / reference for commodity, flow in flows.items() if flow >= 0.0}
    used = {commodity: -flow / reference for commodity, flow in flows.items() if flow < 0.0}
    bought = {utility: use / reference for utility, use in _utilities(document, solved).items()}
    return mode.model_copy(
        update={
            "makes": Table({commodity: _found(value, "t/t") for commodity, value in made.items()}),
            "uses": Table(
                {
                    **{commodity: _found(value, "t/t") for commodity, value in used.items()},
                    **{utility: _found(value, _utility_unit(document, utility)) for utility, value in bought.items()},
                }
            ),
        }
    )


def _commodity_flows(document: Enterprise, unit: str, streams: Mapping[str, Material]) -> Iterable[tuple[str, float]]:
    """Net flow of every commodity at a unit, out less in [t/h of the commodity], in the order of the streams."""
    flows: dict[str, float] = {}
    for name, stream in document.streams.items():
        if stream.commodity is None or name not in streams or unit not in (stream.from_, stream.to):
            continue
        amount = amount_of(streams[name], document.commodities[stream.commodity])
        flows[stream.commodity] = flows.get(stream.commodity, 0.0) + (amount if stream.from_ == unit else -amount)
    return flows.items()


def _utilities(document: Enterprise, solved: Solved) -> dict[str, float]:
    """Use of every utility [MW or t/h]; negative where it is made."""
    return dict(_used(document, solved))


def _used(document: Enterprise, solved: Solved) -> Iterator[tuple[str, float]]:
    for name, utility in document.utilities.items():
        if utility.metered_by == "power" and solved.power != 0.0:
            yield name, solved.power
        if utility.drawn is not None and utility.drawn in solved.drawn:
            yield name, solved.drawn[utility.drawn].mass


def _utility_unit(document: Enterprise, utility: str) -> str:
    return f"{document.utilities[utility].price.unit.split('/')[1]}/t"


def _found(value: float, unit: str) -> Sourced:
    """A value that the simulation found; its inputs are declared, most of them synthetic."""
    return Sourced.model_validate(
        {"value": Quantity(value, unit, f"{value:.6g} {unit}"), "synthetic": True, "note": SIMULATED}
    )
