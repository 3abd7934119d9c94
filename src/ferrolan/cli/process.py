"""Simulate the plant: every stream, every unit, every element closed.

``ferrolan simulate bayan_obo_complex --set oxidised_mill.power=0.025`` says what a finer grind would do; ``--unit`` and
``--stream`` tell of one of them, ``--csv`` writes every table; with ``--vary`` it is drawn many times.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ferrolan import verbs
from ferrolan.base.errors import DocumentError, Fault
from ferrolan.base.language import _, use
from ferrolan.base.schema import nearest
from ferrolan.base.surroundings import storing
from ferrolan.cli import draws
from ferrolan.cli.draws import Drawing
from ferrolan.cli.ending import FINDING, OK
from ferrolan.cli.options import SPOKEN, Output
from ferrolan.cli.printing import print_json
from ferrolan.process.rist import diagram
from ferrolan.records.exports import records
from ferrolan.results import Simulated
from ferrolan.views import process_figures, simulated

Set = Annotated[tuple[str, ...], Parameter(name="--set", help="Another value of a parameter, unit.path=number.")]
ONCE = Drawing()


def simulate(
    document: Path | None = None,
    *,
    set_: Set = (),
    unit: Annotated[tuple[str, ...], Parameter(help="Tell of this unit; may be repeated.")] = (),
    stream: Annotated[tuple[str, ...], Parameter(help="Tell of this stream; may be repeated.")] = (),
    csv: Annotated[Path | None, Parameter(help="Write every table into this folder.")] = None,
    rist: Annotated[Path | None, Parameter(help="Write the Rist diagram of the first --unit, a blast furnace.")] = None,
    drawing: Drawing = ONCE,
    strict: Annotated[bool, Parameter(negative="", help="Exit 1 if a unit is beyond a limit.")] = False,
    output: Output = SPOKEN,
) -> int:
    """Simulate the plant: what it makes, draws and releases, with every element and the energy closed."""
    use(output.language)
    values = dict(_setting(text) for text in set_)
    _refuse_both(drawing, {"--unit": bool(unit), "--stream": bool(stream), "--rist": rist is not None})
    if drawing.vary:
        return draws.tell(document, values, drawing, csv, strict=strict, output=output)
    found = verbs.simulate(document, values)
    _refuse_unknown(unit, found.solution.units, "--unit", "a unit that is simulated")
    _refuse_unknown(stream, found.tables["simulated_streams"]["stream"], "--stream", "a stream that is simulated")
    if output.json:
        print_json({name: records(frame) for name, frame in found.tables.items()})
    else:
        _print(found, unit, stream)
    if csv is not None:
        _write_tables(found, csv, output)
    if rist is not None:
        _write_rist(found, unit, rist, output)
    beyond = any(not solved.feasible for solved in found.solution.units.values())
    return FINDING if strict and beyond else OK


def _refuse_both(drawing: Drawing, told: Mapping[str, bool]) -> None:
    """Refuse what is told of one plant beside what is told of many, and the other way round."""
    asked = {"--watch": bool(drawing.watch), "--sobol": drawing.sobol is not None}
    clash = [name for name, given in (told if drawing.vary else asked).items() if given]
    if clash:
        found, expected = ("--vary", "the plant as declared") if drawing.vary else ("no --vary", "--vary")
        raise DocumentError(
            [
                Fault(
                    clash[0],
                    0,
                    "",
                    found,
                    expected,
                    "Leave it out, or say what varies" if not drawing.vary else "Leave out one of the two",
                    "wrong_type",
                )
            ]
        )


def _print(found: Simulated, units: tuple[str, ...], streams: tuple[str, ...]) -> None:
    if not units and not streams:
        for line in simulated.plant_lines(found.document.title, found.tables):
            print(line)
    for name in units:
        for line in simulated.unit_lines(name, found.tables):
            print(line)
    for name in streams:
        for line in simulated.stream_lines(name, found.tables):
            print(line)


def _setting(text: str) -> tuple[str, float]:
    """``mill.power=0.025`` as path and value."""
    path, sign, number = text.partition("=")
    try:
        value = float(number)
    except ValueError:
        value = float("nan")
    if not sign or value != value:
        expected = "unit.path=number, in the canonical unit of the field"
        raise DocumentError([Fault("--set", 0, "", repr(text), expected, "Such as mill.power=0.025", "wrong_type")])
    return path, value


def _refuse_unknown(names: tuple[str, ...], known: Iterable[str], option: str, expected: str) -> None:
    listed = list(known)
    for name in names:
        if name not in listed:
            raise DocumentError([Fault(option, 0, "", repr(name), expected, nearest(name, listed), "unknown_name")])


def _write_tables(found: Simulated, folder: Path, output: Output) -> None:
    with storing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name, frame in found.tables.items():
            frame.write_csv(folder / f"{name}.csv")
    if not output.json:
        print(_("Written: {path}").format(path=folder))


def _write_rist(found: Simulated, units: tuple[str, ...], path: Path, output: Output) -> None:
    if not units:
        way_out = "Name it with --unit"
        raise DocumentError([Fault("--rist", 0, "", "no unit", "a blast furnace", way_out, "missing_key")])
    figure = process_figures.rist(diagram(found.solution.units[units[0]].states))
    with storing(path):
        path.write_text(str(figure.svg), encoding="utf-8")
    if not output.json:
        print(_("Written: {path}").format(path=path))
