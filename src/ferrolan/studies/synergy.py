"""One ore, two products: what a lever does to the iron and to the rare earths, and to the money of both.

A finer grind frees bastnaesite and costs power; more collector lifts rare earths and fluorite with them; ore that goes
into more iron burden brings more tails to float; tailings that are floated again bring rare earths without any iron.
Each lever is swept over the simulated plant, one at a time, everything else as declared: the table says how far
rare-earth output follows iron output, and where prices exist what a step is worth.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from ferrolan.assembly.flowsheet import amount_of, flowsheet_of
from ferrolan.assembly.plan import money as money_of
from ferrolan.assembly.plan import net_price
from ferrolan.base.errors import FerrolanError, ProblemError
from ferrolan.base.tables import SYNERGY
from ferrolan.enterprise.document import Enterprise
from ferrolan.process.flowsheet import Flowsheet, FlowsheetSolution, solve
from ferrolan.process.material import Material
from ferrolan.process.units.mill import MillSpec, product_size


@dataclass(frozen=True)
class Setting:
    """One setting of a lever: ``value`` as it is shown, and the parameters that it changes, by path."""

    value: float
    changes: Mapping[str, float]


@dataclass(frozen=True)
class Lever:
    """Something that is moved: its ``name``, the ``unit`` of its settings, the settings, and the declared value."""

    name: str
    unit: str
    settings: tuple[Setting, ...]
    declared: float


@dataclass(frozen=True)
class Products:
    """Streams that count as products of iron, and those that count as products of rare earths."""

    iron: tuple[str, ...]
    rare_earths: tuple[str, ...]


def trade_off(document: Enterprise, levers: Sequence[Lever], products: Products) -> pl.DataFrame:
    """Sweep levers over the simulated plant, one at a time.

    Parameters
    ----------
    document
        The enterprise with its simulation.
    levers
        What is moved, from ``grind``, ``parameter`` or made by hand.
    products
        What counts as product.

    Returns
    -------
    ``synergy``: a row a setting. One that has no answer says why in ``fault``, with nulls beside it.

    Raises
    ------
    DocumentError
        If the document declares no simulation.
    ProblemError, NotConverged, Infeasible
        If the declared plant itself has no answer, or a product is no stream of it.

    Notes
    -----
    What the plan would change beside the lever (other feed rates, a unit at its capacity) is not in it; a limit that a
    unit names is, under ``broken``.
    """
    sheet = flowsheet_of(document)
    base = solve(sheet)
    for stream in (*products.iron, *products.rare_earths):
        if stream not in base.streams:
            raise ProblemError(f"no stream {stream!r} is simulated, so it is no product")
    rows = [row for lever in levers for row in _swept(document, sheet, base, lever, products)]
    return SYNERGY.check(pl.DataFrame(rows, schema=SYNERGY.schema))


def parameter(flowsheet: Flowsheet, path: str, values: Sequence[float], unit: str) -> Lever:
    """A lever that is one parameter: the collector of a flotation, the share of a splitter, the rate of a feed.

    Parameters
    ----------
    flowsheet
        The plant.
    path
        ``"flotation.collector"``, ``"tails_splitter.shares.to_flotation"`` or, of a feed, ``"pond_reclaim.rate"``.
    values
        Settings in canonical units; the declared one is added.
    unit
        Their unit, for the table.
    """
    declared = flowsheet.declared(path)
    settings = sorted({declared, *map(float, values)})
    return Lever(path, unit, tuple(Setting(value, {path: value}) for value in settings), declared)


def grind(flowsheet: Flowsheet, mill: str, behind: Sequence[str], factors: Sequence[float]) -> Lever:
    """A lever that grinds finer or coarser: energy of a mill, and by Bond's law the size in the units behind it.

    Parameters
    ----------
    flowsheet
        The plant.
    mill
        The mill whose energy is moved.
    behind
        Units that separate what it grinds; the size of their ``grind`` moves as the mill's product does.
    factors
        Factors on the declared energy; 1 is added [1].

    Raises
    ------
    ProblemError
        If the mill is none, or a unit behind it has no grind.
    """
    spec = flowsheet.unit(mill).spec
    if not isinstance(spec, MillSpec):
        raise ProblemError(f"{mill}: a {flowsheet.unit(mill).kind.title} grinds nothing")
    known = flowsheet.parameters()
    missing = [name for name in behind if f"{name}.grind.size" not in known]
    if missing:
        raise ProblemError(f"{', '.join(missing)}: no grind.size, so a finer grind changes nothing there")
    before = product_size(spec.feed_size.value, spec.power.value, spec.work_index.value)
    settings = []
    for factor in sorted({1.0, *map(float, factors)}):
        energy = factor * spec.power.value
        share = product_size(spec.feed_size.value, energy, spec.work_index.value) / before
        sizes = {f"{name}.grind.size": share * known[f"{name}.grind.size"] for name in behind}
        settings.append(Setting(factor, {f"{mill}.power": energy, **sizes}))
    return Lever(f"grind of {mill}", "1", tuple(settings), 1.0)


def earnings(document: Enterprise, solution: FlowsheetSolution) -> tuple[float | None, tuple[str, ...]]:
    """Sales less purchases, disposal and utilities of a simulated plant [¤/h], and what has no price.

    None where nothing has a price. Power that the plant sells on balance has no price of its own in a document, which
    says what is paid for it and not what is got; so it is left out and listed, as is every stream over the fence that
    has no commodity. Air is free. Other costs of modes and limits of the market are not in it.
    """
    worth: list[float] = []
    unpriced: list[str] = []
    for name, value in (*_traded(document, solution), *_bought_utilities(document, solution)):
        if value is None:
            unpriced.append(name)
        else:
            worth.append(value)
    return (sum(worth) if worth else None), tuple(dict.fromkeys(unpriced))


def _swept(
    document: Enterprise, sheet: Flowsheet, base: FlowsheetSolution, lever: Lever, products: Products
) -> Iterator[dict[str, object]]:
    """Rows of one lever."""
    for setting in lever.settings:
        row: dict[str, object] = dict.fromkeys(SYNERGY.columns)
        row |= {"lever": lever.name, "setting": setting.value, "setting_unit": lever.unit}
        row |= {"declared": setting.value == lever.declared}
        try:
            found = solve(sheet.with_parameters(setting.changes), base.streams)
            money, unpriced = earnings(document, found)
        except FerrolanError as error:
            yield {**row, "fault": f"{type(error).__name__}: {error}"}
            continue
        yield {
            **row, "iron": sum(found.streams[name].component("Fe") for name in products.iron),
            "rare_earths": sum(found.streams[name].component("REO") for name in products.rare_earths),
            "power": found.power, "money": money, "unpriced": ", ".join(unpriced),
            "broken": "; ".join(f"{name} {value:.3g}" for name, value in found.beyond().items()),
        }  # fmt: skip


def _traded(document: Enterprise, solution: FlowsheetSolution) -> Iterator[tuple[str, float | None]]:
    """Worth of every stream over the fence [¤/h], by its commodity; None where it has none, or that no price."""
    products = solution.products
    for name, material in (*products.items(), *((name, solution.streams[name]) for name in solution.flowsheet.feeds)):
        commodity = document.streams[name].commodity if name in document.streams else None
        if material.mass == 0.0:
            continue
        yield commodity or name, None if commodity is None else _worth(document, material, commodity, name in products)


def _worth(document: Enterprise, material: Material, commodity: str, leaves: bool) -> float | None:
    """Worth of one stream over the fence [¤/h]; None where its commodity has no price that way."""
    declared = document.commodities[commodity]
    amount = amount_of(material, declared)
    if leaves and declared.sell is not None:
        return amount * net_price(document, declared.sell.price, sold=True)
    if leaves and declared.dispose is not None:
        return -amount * money_of(document, declared.dispose)
    if not leaves and declared.buy is not None:
        return -amount * net_price(document, declared.buy.price)
    return None


def _bought_utilities(document: Enterprise, solution: FlowsheetSolution) -> Iterator[tuple[str, float | None]]:
    """Cost of power and of everything drawn [¤/h]; None where it has no price, as power that is sold."""
    prices = {utility.drawn: utility.price for utility in document.utilities.values() if utility.drawn is not None}
    power = [utility.price for utility in document.utilities.values() if utility.metered_by == "power"]
    if solution.power > 0.0:
        yield "power", -solution.power * net_price(document, power[0]) if power else None
    if solution.power < 0.0:
        yield "power sold", None
    for name, material in solution.drawn().items():
        if name != "air" and material.mass > 0.0:
            yield name, -material.mass * net_price(document, prices[name]) if name in prices else None
