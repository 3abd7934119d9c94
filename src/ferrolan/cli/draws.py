"""How sure a simulated plant is, from the command line: what varies, what is watched, and how often it is drawn.

``ferrolan simulate plant.yaml --vary mill.power=10% --vary ore.rate=280..320 --draws 1000 --seed 7`` says between which
values what leaves the plant lies; with ``--sobol 64`` which of the numbers decides it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, cast, get_args

import polars as pl
from cyclopts import Parameter

from ferrolan import trials, verbs
from ferrolan.base.errors import DocumentError, Fault
from ferrolan.base.language import _
from ferrolan.base.surroundings import storing
from ferrolan.cli.ending import FINDING, OK
from ferrolan.cli.options import Output
from ferrolan.cli.printing import print_json
from ferrolan.records.exports import records
from ferrolan.studies.process_uncertainty import Sort
from ferrolan.trials import Share, Uncertain, Watch
from ferrolan.views import draws as words


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
    found = trials.vary(
        verbs.load(document),
        [_varied(text) for text in drawing.vary],
        [_watch(text) for text in drawing.watch],
        draws=_count(drawing.draws, "--draws", 2),
        seed=drawing.seed,
        base_samples=None if drawing.sobol is None else _count(drawing.sobol, "--sobol", 4),
        values=values,
        workers=drawing.workers,
    )
    if output.json:
        print_json({name: records(frame) for name, frame in found.tables.items()})
    else:
        for line in words.draws_lines(found.document.title, found.tables, found.faults):
            print(line)
    _write(found.tables, csv, output)
    return FINDING if strict and found.faults else OK


def _varied(text: str) -> Uncertain | Share:
    """``mill.power=10%`` as a number with its spread; ``all=10%`` as every one."""
    path, sign, spread = text.partition("=")
    low, dots, high = spread.partition("..")
    if not sign:
        raise _refused("--vary", text)
    if dots:
        return Uncertain(path, low=_number(low, text), high=_number(high, text))
    if spread.endswith("%"):
        return Share(path, 0.01 * _number(spread[:-1], text))
    return Uncertain(path, sd=_number(spread, text))


def _watch(text: str) -> Watch:
    sort, *rest = text.split(":")
    if sort not in get_args(Sort) or len(rest) > 2:
        known = ", ".join(get_args(Sort))
        expected = f"sort:of:what, the sort one of {known}"
        raise DocumentError(
            [Fault("--watch", 0, "", repr(text), expected, "Such as grade:concentrate:REO", "wrong_type")]
        )
    return Watch(cast(Sort, sort), *rest)


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
