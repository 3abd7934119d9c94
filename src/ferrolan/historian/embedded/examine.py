"""What may be wrong with an archive, all of it, each with its file and what to do.

A bit that turned in a sealed file, a generation that somebody deleted, rows out of order or out of their day, a number
that no tag has.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl

from ferrolan.base.errors import Fault, SourceError
from ferrolan.historian.embedded.audit import broken
from ferrolan.historian.embedded.days import Generation, Part, bounds, load, read_files
from ferrolan.historian.embedded.durable import file_hash
from ferrolan.historian.embedded.hot import Hot
from ferrolan.historian.embedded.sealed import Sealed, View, days_of, last_rows

_RESTORE = "Restore that day's folder from a copy."


def faults_of(sealed: Sealed, hot: Hot) -> Iterator[Fault]:
    """Every fault of the sealed days, the hot file and the audit."""
    view = sealed.view
    named = set(hot.registered()["number"].to_list())
    for day in view.order:
        yield from _of_generation(view.held[day], named)
    yield from _of_folders(view)
    yield from _of_lasts(view)
    yield from _of_hot(hot, view, named)
    changed = broken(sealed.folder.parent)
    if changed:
        yield changed


def _of_generation(held: Generation, named: set[int]) -> Iterator[Fault]:
    if not held.folder.is_dir():
        found = f"no generation {held.number}"
        yield _fault(held.folder, found, f"the sealed day {held.day}", _RESTORE, "missing_generation")
        return
    try:
        if load(held.folder, held.day).hash != held.hash:
            yield _fault(held.folder, "another manifest", "the manifest that was opened", _RESTORE, "damaged_day")
    except SourceError as error:
        yield from error.faults
        return
    for part in held.parts:
        yield from _of_part(held, part, named)
    listed = {part.file for part in held.parts}
    for file in sorted(held.folder.glob("*.parquet")):
        if file.name not in listed:
            yield _fault(file, "a file", "no file the manifest does not name", "Move it away.", "foreign_file")


def _of_part(held: Generation, part: Part, named: set[int]) -> Iterator[Fault]:
    file = held.folder / part.file
    if not file.exists():
        yield _fault(file, "no file", f"{part.rows} rows", _RESTORE, "missing_part")
        return
    if file_hash(file) != part.sha256:
        yield _fault(file, "other bytes", "the bytes its manifest names", _RESTORE, "damaged_day")
        return
    try:
        rows = read_files([file], part.table)
    except SourceError as error:
        yield from error.faults
        return
    yield from _of_rows(file, rows, held.day, part, named)


def _of_rows(file: Path, rows: pl.DataFrame, day: date, part: Part, named: set[int]) -> Iterator[Fault]:
    way_out = f"{_RESTORE} It was written so: report it."
    start, end = bounds(day)
    keys = rows.select("tag", "time")
    if rows.height != part.rows:
        yield _fault(file, f"{rows.height} rows", f"{part.rows} rows", way_out, "damaged_day")
    if not keys.equals(keys.sort("tag", "time")):
        yield _fault(file, "rows out of order", "rows sorted by tag and time", way_out, "unsorted_day")
    if "superseded" not in part.table and keys.is_duplicated().any():
        yield _fault(file, "two rows of one tag and time", "one winner each", way_out, "two_winners")
    if not rows["time"].is_between(start, end, closed="left").all():
        yield _fault(file, "rows of another day", f"times of {day}", way_out, "wrong_day")
    unnamed = sorted(set(rows["tag"].unique()) - named)
    if named and unnamed:
        found = f"tag numbers {unnamed[:5]}"
        yield _fault(file, found, "numbers of registered tags", way_out, "unknown_number")


def _of_folders(view: View) -> Iterator[Fault]:
    for day in days_of(view.folder):
        if day not in view.held:
            place = view.folder / day.isoformat()
            yield _fault(place, "no generation", "a sealed day", _RESTORE, "missing_generation")


def _of_lasts(view: View) -> Iterator[Fault]:
    before = view.retired_file()
    for day in view.order:
        file = view.last_file(day)
        try:
            if not read_files([file], "last").equals(last_rows(view, day, before)):
                raise SourceError([])
        except SourceError:
            way_out = "Delete it: it is made again when the historian is opened."
            yield _fault(file, "other rows", "the last row of every tag", way_out, "damaged_last")
        before = file


def _of_hot(hot: Hot, view: View, named: set[int]) -> Iterator[Fault]:
    for day, rows in hot.days().items():
        if day in view.held:
            way_out = "Seal: they came late and count already."
            yield _fault(Path(str(hot.path)), f"{rows} rows of {day}", "no rows of a sealed day", way_out, "late_rows")
    unnamed = sorted(set(hot.tags()) - named)
    if named and unnamed:
        way_out = "Register the tags, or find out who appended them."
        found = f"tag numbers {unnamed[:5]}"
        yield _fault(Path(str(hot.path)), found, "numbers of registered tags", way_out, "unknown_number")


def _fault(file: Path, found: str, expected: str, way_out: str, code: str) -> Fault:
    return Fault(str(file), 0, "", found, expected, way_out, code)
