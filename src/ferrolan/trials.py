"""What the simulated plant does when its numbers move: drawn at random, or swept one lever at a time.

``vary(document, [Share("rougher.collector", 0.1)])`` says between which values what leaves the plant lies when nobody
knows the collector to better than 10 %; ``trade_off(document, [Grind("mill", ["rougher"], [0.8, 1.2])], iron=...,
rare_earths=...)`` what a finer grind does to iron, rare earths and money.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from ferrolan.assembly.flowsheet import flowsheet_of
from ferrolan.base.errors import ProblemError
from ferrolan.base.showing import Shown, register
from ferrolan.enterprise.document import Enterprise
from ferrolan.process.flowsheet import Flowsheet, FlowsheetSolution, solve
from ferrolan.studies import synergy
from ferrolan.studies.process_uncertainty import Uncertain, Watch, every_parameter, monte_carlo, sobol
from ferrolan.views import draws as words
from ferrolan.views import notebook

__all__ = ["EVERYTHING", "Grind", "Move", "Share", "Uncertain", "Varied", "Watch", "trade_off", "vary"]

EVERYTHING = "all"
"""Path that stands for every number of the plant."""


@dataclass(frozen=True)
class Share:
    """A number that is known to a share of its declared value: ``sd`` is the standard deviation over it [1].

    ``path`` such as ``"mill.power"``, of a feed ``"ore.rate"``, or ``"all"``: every number of every specification.
    """

    path: str
    sd: float


@dataclass(frozen=True)
class Move:
    """A lever that is one number: its ``path``, the ``values`` it takes in canonical units, and their ``unit``."""

    path: str
    values: Sequence[float]
    unit: str


@dataclass(frozen=True)
class Grind:
    """A lever that grinds finer or coarser: ``factors`` on the energy of a ``mill``, and the units ``behind`` it."""

    mill: str
    behind: Sequence[str]
    factors: Sequence[float]


@dataclass(frozen=True, eq=False)
class Varied(Shown):
    """The plant drawn: the tables ``monte_carlo`` and, where asked, ``sobol``; why draws gave no answer, by number."""

    document: Enterprise = field(repr=False)
    tables: Mapping[str, pl.DataFrame]
    faults: Mapping[int, str] = field(default_factory=dict)


def vary(
    document: Enterprise,
    uncertain: Sequence[Uncertain | Share],
    watched: Sequence[Watch] = (),
    *,
    draws: int = 1000,
    seed: int | None = None,
    base_samples: int | None = None,
    values: Mapping[str, float] | None = None,
    workers: int = 1,
) -> Varied:
    """Draw the simulated plant many times, with numbers that nobody knows exactly.

    Parameters
    ----------
    document
        The enterprise with its simulation.
    uncertain
        What varies.
    watched
        What is watched; without any, what leaves the plant and its power.
    draws
        How often it is drawn.
    seed
        Seed of the draws, in place of the document's.
    base_samples
        Where it is given, Sobol's indices say which number decides, from so many base samples.
    values
        Other values of parameters beside it, as ``verbs.simulate`` takes them.
    workers
        Processes that share the work.

    Raises
    ------
    DocumentError
        If the document declares no simulation.
    ProblemError, NotConverged, Infeasible
        If a number or a figure is none of the plant, or the declared plant has no answer.
    SurroundingsError
        If SALib, which Sobol's indices need, is not installed.
    """
    sheet = flowsheet_of(document).with_parameters(values or {})
    varied = tuple(one for part in uncertain for one in _spread(part, sheet))
    seen = tuple(watched) or tuple(_usual(solve(sheet)))
    begun = document.seed if seed is None else seed
    found = monte_carlo(sheet, varied, seen, draws, begun, workers=workers)
    tables = {"monte_carlo": found.table}
    if base_samples is not None:
        tables["sobol"] = sobol(sheet, varied, seen, base_samples, begun, workers=workers).table
    return Varied(document, tables, found.faults)


def trade_off(
    document: Enterprise, levers: Sequence[Grind | Move], *, iron: Sequence[str], rare_earths: Sequence[str]
) -> pl.DataFrame:
    """Sweep levers over the simulated plant one at a time: iron, rare earths, power and money (``synergy``).

    Parameters
    ----------
    document
        The enterprise with its simulation.
    levers
        What is moved; the declared setting is added to each.
    iron, rare_earths
        Streams that count as products of iron, and those that count as products of rare earths.

    Raises
    ------
    DocumentError
        If the document declares no simulation.
    ProblemError, NotConverged, Infeasible
        If a lever or a product is none of the plant, or the declared plant has no answer.
    """
    sheet = flowsheet_of(document)
    products = synergy.Products(tuple(iron), tuple(rare_earths))
    return synergy.trade_off(document, [_lever(sheet, one) for one in levers], products)


def _lever(sheet: Flowsheet, asked: Grind | Move) -> synergy.Lever:
    if isinstance(asked, Grind):
        return synergy.grind(sheet, asked.mill, asked.behind, asked.factors)
    return synergy.parameter(sheet, asked.path, asked.values, asked.unit)


def _spread(asked: Uncertain | Share, sheet: Flowsheet) -> Iterator[Uncertain]:
    """What varies in canonical units."""
    if isinstance(asked, Uncertain):
        yield asked
    elif asked.path == EVERYTHING:
        yield from every_parameter(sheet, asked.sd)
    else:
        declared = sheet.declared(asked.path)
        if asked.path in {f"{feed}.temperature" for feed in sheet.feeds}:
            raise ProblemError(f"{asked.path}: a temperature has no per cent. Say it in its own unit or as a range")
        yield Uncertain(asked.path, sd=asked.sd * abs(declared))


def _usual(solution: FlowsheetSolution) -> Iterator[Watch]:
    """What leaves the plant, and its power."""
    for name, material in sorted(solution.products.items()):
        if material.mass > 0.0:
            yield Watch("amount", name)
    yield Watch("power")


def _html(found: Varied) -> str:
    title = found.document.title
    return notebook.told_html(title, words.draws_lines(title, found.tables, found.faults), found.tables)


register(Varied, _html)
