"""Trains of mixer-settlers: design one, simulate one that stands, start one up.

``ferrolan cascade simulate pr_nd.yaml --svg profile.svg`` prints the purities and draws what every stage holds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import polars as pl
from cyclopts import Parameter

from ferrolan import trains
from ferrolan.base.language import _, use
from ferrolan.base.surroundings import storing
from ferrolan.cli.ending import FINDING, OK
from ferrolan.cli.options import SPOKEN, Output
from ferrolan.cli.printing import print_json
from ferrolan.enterprise.train_sheet import Loaded
from ferrolan.process.cascade.train import PRODUCT, RAFFINATE
from ferrolan.records.exports import records
from ferrolan.views import process_figures
from ferrolan.views import trains as words

Csv = Annotated[Path | None, Parameter(help="Write the table of stages, or of the course in time, as CSV.")]
Svg = Annotated[Path | None, Parameter(help="Write the figure of what every stage holds.")]
Strict = Annotated[bool, Parameter(negative="", help="Exit 1 if a product misses its purity.")]


def simulate(sheet: Path, *, csv: Csv = None, svg: Svg = None, strict: Strict = False, output: Output = SPOKEN) -> int:
    """Say what a train that stands makes of its feed: purities, recoveries, what every stage holds."""
    use(output.language)
    found = trains.rate(sheet)
    wanted = _wanted(found.loaded)
    if output.json:
        print_json({"title": found.loaded.sheet.title, "purities": found.purities, **_told(found.tables)})
    else:
        sides = trains.sides(found.loaded)
        for line in words.rated_lines(found.loaded.sheet.title, found.profile, sides, wanted):
            print(line)
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
        sides, wanted = trains.sides(found.loaded), _wanted(found.loaded)
        for line in words.started_lines(found.loaded.sheet.title, found.start, sides, wanted):
            print(line)
    _write_csv(csv, found.tables["train_course"], output)
    late = any(time == float("inf") for time in found.start.hours_to_grade.values())
    return FINDING if strict and late else OK


def _wanted(loaded: Loaded) -> dict[str, float]:
    """The purity that each product should have [1]."""
    return {RAFFINATE: loaded.sheet.purity.light, PRODUCT: loaded.sheet.purity.heavy}


def _told(tables: trains.Tables) -> dict[str, object]:
    return {name: records(frame) for name, frame in tables.items()}


def _write_csv(path: Path | None, frame: pl.DataFrame, output: Output) -> None:
    _write(path, frame.write_csv(), output)


def _write(path: Path | None, content: str, output: Output) -> None:
    if path is None:
        return
    with storing(path):
        path.write_text(content, encoding="utf-8")
    if not output.json:
        print(_("Written: {path}").format(path=path))
