"""Trains of mixer-settlers: design one, simulate one that stands, start one up.

``ferrolan cascade design pr_nd.yaml --to train.yaml`` says how many stages and how much organic and scrub it takes, and
writes the sheet with them; ``ferrolan cascade simulate train.yaml --svg profile.svg`` draws what every stage holds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import polars as pl
from cyclopts import Parameter

from ferrolan import trains
from ferrolan.assembly.train_design import Goal
from ferrolan.assembly.trains import cut_factor
from ferrolan.base.errors import DocumentError, Fault, SurroundingsError
from ferrolan.base.language import _, use
from ferrolan.base.surroundings import storing
from ferrolan.cli.ending import FINDING, OK
from ferrolan.cli.options import SPOKEN, Output
from ferrolan.cli.printing import print_json
from ferrolan.enterprise.train_sheet import Loaded
from ferrolan.records.exports import records
from ferrolan.views import process_figures
from ferrolan.views import trains as words

Csv = Annotated[Path | None, Parameter(help="Write the table of stages, or of the course in time, as CSV.")]
Svg = Annotated[Path | None, Parameter(help="Write the figure of what every stage holds.")]
Strict = Annotated[bool, Parameter(negative="", help="Exit 1 if a product misses its purity.")]


def design(
    sheet: Path,
    *,
    goal: Annotated[Goal, Parameter(help="What there should be least of: stages, reagent or volume.")] = "stages",
    organic: Annotated[float | None, Parameter(help="Organic S where it is given, mol a mol of feed.")] = None,
    scrub: Annotated[float | None, Parameter(help="Scrub W where it is given, mol a mol of feed.")] = None,
    to: Annotated[Path | None, Parameter(help="Write the sheet with the train into a new file.")] = None,
    csv: Csv = None,
    svg: Svg = None,
    output: Output = SPOKEN,
) -> int:
    """Design the train that does what a sheet asks: stages, organic, scrub and reagents, simulated."""
    use(output.language)
    found = trains.design(sheet, goal, organic=organic, scrub=scrub)
    wanted = trains.wanted(found.loaded)
    if output.json:
        print_json({**_designed(found), **_told(found.tables)})
    else:
        sides = trains.sides(found.loaded)
        for line in words.designed_lines(found.loaded.sheet.title, found.proposal, sides, wanted):
            print(line)
        _print_grounds(found.loaded)
    if to is not None:
        _write_new(to, found.sheet, output)
    _write_csv(csv, found.tables["train_profile"], output)
    _write(svg, str(process_figures.stage_profile(found.profile).svg), output)
    return OK


def simulate(sheet: Path, *, csv: Csv = None, svg: Svg = None, strict: Strict = False, output: Output = SPOKEN) -> int:
    """Say what a train that stands makes of its feed: purities, recoveries, what every stage holds."""
    use(output.language)
    found = trains.rate(sheet)
    wanted = trains.wanted(found.loaded)
    if output.json:
        print_json({"title": found.loaded.sheet.title, "purities": found.purities, **_told(found.tables)})
    else:
        sides = trains.sides(found.loaded)
        for line in words.rated_lines(found.loaded.sheet.title, found.profile, sides, wanted):
            print(line)
        _print_grounds(found.loaded)
    _write_csv(csv, found.tables["train_profile"], output)
    _write(svg, str(process_figures.stage_profile(found.profile).svg), output)
    missed = any(found.purities[name] < wanted[name] for name in wanted)
    return FINDING if strict and missed else OK


def start_up(
    sheet: Path,
    *,
    days: Annotated[float, Parameter(help="Days that are followed.")] = 60.0,
    circulation: Annotated[float, Parameter(help="Days without feed, the organic scrubbed and returned.")] = 10.0,
    part_load: Annotated[float, Parameter(help="Days with a part of the feed.")] = 5.0,
    share: Annotated[float, Parameter(help="That part, from 0 to 1.")] = 0.5,
    csv: Csv = None,
    strict: Strict = False,
    output: Output = SPOKEN,
) -> int:
    """Follow the start-up of a train filled with feed: total circulation, part load, full load."""
    use(output.language)
    hours = 24.0
    found = trains.start(
        sheet, hours=hours * days, circulation=hours * circulation, part_load=hours * part_load, share=share
    )
    if output.json:
        reached = {name: time if time < float("inf") else None for name, time in found.start.hours_to_grade.items()}
        print_json({"title": found.loaded.sheet.title, "hours_to_grade": reached, **_told(found.tables)})
    else:
        sides, wanted = trains.sides(found.loaded), trains.wanted(found.loaded)
        for line in words.started_lines(found.loaded.sheet.title, found.start, sides, wanted):
            print(line)
    _write_csv(csv, found.tables["train_course"], output)
    late = any(time == float("inf") for time in found.start.hours_to_grade.values())
    return FINDING if strict and late else OK


def _designed(found: trains.Designed) -> dict[str, object]:
    train, proposal = found.profile.train, found.proposal
    below = train.feeds[0].stage
    return {
        "title": found.loaded.sheet.title,
        "goal": proposal.goal,
        "stages": {"extraction": below, "scrub": train.stages - below},
        "organic": train.organic_load,
        "scrub": train.scrub,
        "reagents": proposal.reagents,
        "least": {"organic": proposal.least.organic, "scrub": proposal.least.scrub},
        "distance_to_pinch": dict(found.profile.distance_to_pinch),
        "purities": found.purities,
        "reasons": list(proposal.first.reasons) if proposal.first is not None else [],
    }


def _print_grounds(loaded: Loaded) -> None:
    """Say what the answer rests on."""
    sheet = loaded.sheet
    for line in words.ground_lines(sheet.system, sheet.cut, cut_factor(loaded), sheet.efficiency):
        print(line)


def _told(tables: trains.Tables) -> dict[str, object]:
    return {name: records(frame) for name, frame in tables.items()}


def _write_csv(path: Path | None, frame: pl.DataFrame, output: Output) -> None:
    _write(path, frame.write_csv(), output)


def _write(path: Path | None, content: str, output: Output) -> None:
    if path is None:
        return
    with storing(path):
        path.write_text(content, encoding="utf-8")
    _say_written(path, output)


def _write_new(path: Path, content: str, output: Output) -> None:
    """Write a sheet where there is none yet; what is there stays as it is."""
    try:
        with storing(path), path.open("x", encoding="utf-8") as file:
            file.write(content)
    except SurroundingsError as error:
        if not isinstance(error.__cause__, FileExistsError):
            raise
        way_out = "Remove it first, or choose another name"
        raise DocumentError([Fault(str(path), 0, "", "a file", "a new name", way_out, "file_exists")]) from error
    _say_written(path, output)


def _say_written(path: Path, output: Output) -> None:
    if not output.json:
        print(_("Written: {path}").format(path=path))
