"""How sure a simulated plant is, from the command line: what varies, what is watched, and how often it is drawn.

``ferrolan simulate plant.yaml --vary mill.power=10% --vary ore.rate=280..320 --draws 1000 --seed 7`` says between which
values what leaves the plant lies; with ``--sobol 64`` which of the numbers decides it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, cast, get_args

import polars as pl
from cyclopts import Parameter

from ferrolan import verbs
from ferrolan.assembly.flowsheet import flowsheet_of
from ferrolan.base.errors import DocumentError, Fault
from ferrolan.base.language import _
from ferrolan.base.surroundings import storing
from ferrolan.cli.ending import FINDING, OK
from ferrolan.cli.options import Output
from ferrolan.cli.printing import print_json
from ferrolan.process.flowsheet import Flowsheet, FlowsheetSolution, solve
from ferrolan.records.exports import records
from ferrolan.studies.process_uncertainty import Sort, Uncertain, Watch, every_parameter, monte_carlo, sobol
from ferrolan.views import draws as words

EVERYTHING = "all"


@Parameter(name="*")
@dataclass(frozen=True)
class Drawing:
    """What is drawn, how often, and what is watched."""

    vary: Annotated[
        tuple[str, ...],
        Parameter(help="A number nobody knows exactly: unit.path=10%, =0.002 (standard deviation) or =1..3; all=10%."),
    ] = ()
    """Numbers that vary."""
    watch: Annotated[
        tuple[str, ...],
        Parameter(help="What is watched: grade:STREAM:REO, amount:STREAM:Fe, drawn:NAME, power:UNIT, state:UNIT:NAME."),
    ] = ()
    """What is watched; without any, what leaves the plant and its power."""
    draws: Annotated[int, Parameter(help="How often the plant is drawn.")] = 1000
    """Draws."""
    seed: Annotated[int | None, Parameter(help="Seed of the draws, in place of the document's.")] = None
    """Seed."""
    sobol: Annotated[int | None, Parameter(help="Base samples: say which number decides, by Sobol's indices.")] = None
    """Base samples of Sobol's indices."""
    workers: Annotated[int, Parameter(help="Processes that share the work.")] = 1
    """Processes."""


def tell(
    document: Path | None,
    values: Mapping[str, float],
    drawing: Drawing,
    csv: Path | None,
    *,
    strict: bool,
    output: Output,
) -> int:
    """Draw the plant and say how sure it is; with ``strict`` 1 where a draw gave no answer."""
    enterprise = verbs.load(document)
    sheet = flowsheet_of(enterprise).with_parameters(values)
    varied = tuple(one for text in drawing.vary for one in _varied(text, sheet))
    watched = tuple(_watch(text) for text in drawing.watch) or tuple(_usual(solve(sheet)))
    seed = enterprise.seed if drawing.seed is None else drawing.seed
    found = monte_carlo(sheet, varied, watched, _count(drawing.draws, "--draws", 2), seed, workers=drawing.workers)
    tables = {"monte_carlo": found.table}
    if drawing.sobol is not None:
        samples = _count(drawing.sobol, "--sobol", 4)
        tables["sobol"] = sobol(sheet, varied, watched, samples, seed, workers=drawing.workers).table
    if output.json:
        print_json({name: records(frame) for name, frame in tables.items()})
    else:
        for line in words.draws_lines(enterprise.title, tables, found.faults):
            print(line)
    _write(tables, csv, output)
    return FINDING if strict and found.faults else OK


def _varied(text: str, sheet: Flowsheet) -> Iterator[Uncertain]:
    """``mill.power=10%`` as a number with its spread; ``all=10%`` as every one."""
    path, sign, spread = text.partition("=")
    low, dots, high = spread.partition("..")
    if not sign:
        raise _refused("--vary", text)
    if dots:
        yield Uncertain(path, low=_number(low, text), high=_number(high, text))
    elif not spread.endswith("%"):
        yield Uncertain(path, sd=_number(spread, text))
    elif path == EVERYTHING:
        yield from every_parameter(sheet, 0.01 * _number(spread[:-1], text))
    else:
        yield Uncertain(path, sd=0.01 * _number(spread[:-1], text) * abs(_declared(path, sheet)))


def _declared(path: str, sheet: Flowsheet) -> float:
    """The declared value of a parameter, or of a feed's rate or species; a temperature has no per cent."""
    known = sheet.parameters()
    name, _dot, rest = path.partition(".")
    if path in known:
        return known[path]
    if name not in sheet.feeds:
        sheet.with_parameters({path: 0.0})  # says what is known
    feed = sheet.feeds[name]
    if rest == "rate":
        return feed.mass
    if rest.startswith("species."):
        return feed.amount(rest.removeprefix("species.")) / feed.mass
    way_out = "Say it in its own unit, path=5, or as a range, path=280..300"
    raise DocumentError([Fault("--vary", 0, "", repr(path), "a number that has a per cent", way_out, "wrong_type")])


def _watch(text: str) -> Watch:
    sort, *rest = text.split(":")
    if sort not in get_args(Sort) or len(rest) > 2:
        known = ", ".join(get_args(Sort))
        expected = f"sort:of:what, the sort one of {known}"
        raise DocumentError(
            [Fault("--watch", 0, "", repr(text), expected, "Such as grade:concentrate:REO", "wrong_type")]
        )
    return Watch(cast(Sort, sort), *rest)


def _usual(solution: FlowsheetSolution) -> Iterator[Watch]:
    """What leaves the plant, and its power."""
    for name, material in sorted(solution.products.items()):
        if material.mass > 0.0:
            yield Watch("amount", name)
    yield Watch("power")


def _number(text: str, whole: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if value != value:
        raise _refused("--vary", whole)
    return value


def _count(value: int, option: str, least: int) -> int:
    if value < least:
        raise DocumentError([Fault(option, 0, "", str(value), f"at least {least}", "Take more", "out_of_range")])
    return value


def _refused(option: str, text: str) -> DocumentError:
    expected = "unit.path=10%, unit.path=sd in its own unit, or unit.path=low..high"
    return DocumentError([Fault(option, 0, "", repr(text), expected, "Such as mill.power=10%", "wrong_type")])


def _write(tables: Mapping[str, pl.DataFrame], folder: Path | None, output: Output) -> None:
    if folder is None:
        return
    with storing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name, frame in tables.items():
            frame.write_csv(folder / f"{name}.csv")
    if not output.json:
        print(_("Written: {path}").format(path=folder))
