"""The sealed days of an archive, and what may be asked of them.

``sealed/2026-03-01/0001`` and so on; see ``days``. A ``View`` is the state of all days at one moment: a reader works on
one, while a seal beside it makes the next.
"""

from __future__ import annotations

import json
import os
import shutil
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ferrolan.base.errors import SourceError
from ferrolan.base.status import RETRACTED
from ferrolan.base.surroundings import storing
from ferrolan.base.tables import SAMPLES
from ferrolan.historian.embedded.days import (
    TABLES,
    Generation,
    Part,
    bounds,
    chained,
    damaged,
    generations,
    load,
    read_each,
    read_files,
)
from ferrolan.historian.embedded.durable import file_hash, remove_folder, replace_json, replace_table
from ferrolan.historian.embedded.memory import Key, Memory
from ferrolan.historian.embedded.ranking import KEY, first_of_each, last_of_each, standing

Tags = NDArray[np.int32]
T = TypeVar("T")
_RETIRED = "retired.json"
_SINGLE = timedelta(microseconds=1)
_ALL = 0  # no tag has this number
_FEW = 64  # tags; a question for more, or for more than so many days of a tag, asks for everything once
_FEW_DAYS = 2_000


@dataclass(frozen=True)
class Retired:
    """Which days were dropped: all before ``until``; ``chain`` names what is still known of them, the last rows."""

    until: date = date.min
    chain: str = ""


@dataclass(frozen=True)
class View:
    """All sealed days at one moment, with the chain up to each of them."""

    folder: Path
    retired: Retired
    held: Mapping[date, Generation]
    chains: Mapping[date, str]
    order: tuple[date, ...] = field(default=())
    memory: Memory = field(default_factory=Memory, compare=False)

    def within(self, start: datetime, end: datetime) -> Iterator[Generation]:
        """The days that may hold a time in ``[start, end)``, in order."""
        if end > start:
            first, last = bisect_left(self.order, start.date()), bisect_right(self.order, (end - _SINGLE).date())
            yield from (self.held[day] for day in self.order[first:last])

    def read(self, table: str, tags: Tags, start: datetime, end: datetime) -> pl.DataFrame:
        """Rows of a table with a time in ``[start, end)``, by tag and time where few are asked, else by day first."""
        days = list(self.within(start, end))
        if table == "samples" and len(tags) <= _FEW and len(tags) * len(days) <= _FEW_DAYS:
            return self._recalled(days, tags, start, end)
        chosen = [(unit, file) for held in days for unit, file in held.files(table, tags)]
        parts = [_within(files, table, unit, tags, start, end) for unit, files in _by_unit(chosen).items()]
        return pl.concat(parts) if parts else pl.DataFrame(schema=TABLES[table].schema)

    def _recalled(self, days: Sequence[Generation], tags: Tags, start: datetime, end: datetime) -> pl.DataFrame:
        """Winners of few tags, from the memory what it keeps of them."""
        parts = [
            (held.folder / part.file, part, part.among(tags)) for held in days for part in held.of("samples", tags)
        ]
        keys: list[Key] = [(part.sha256, tag) for _, part, asked in parts for tag in asked]
        found = self.memory.known(keys)
        if len(found) < len(keys):
            found |= self._unpacked(parts, found)
        rows = pl.concat([SAMPLES.empty(), *(found[key] for key in sorted(keys, key=_by_tag))])
        if days and (bounds(days[0].day)[0] < start or end < bounds(days[-1].day)[1]):
            return rows.filter((pl.col("time") >= start) & (pl.col("time") < end))
        return rows

    def _unpacked(
        self, parts: Sequence[tuple[Path, Part, Sequence[int]]], known: Mapping[Key, pl.DataFrame]
    ) -> dict[Key, pl.DataFrame]:
        """Read what the memory does not keep, and keep it."""
        lacking = [
            (file, part, wanted)
            for file, part, asked in parts
            if (wanted := [tag for tag in asked if (part.sha256, tag) not in known])
        ]
        read = read_each([file for file, _, _ in lacking], "samples", [_asked(wanted) for _, _, wanted in lacking])
        found: dict[Key, pl.DataFrame] = {}
        for (_, part, wanted), rows in zip(lacking, read, strict=True):
            by_tag = rows.partition_by("tag", as_dict=True) if len(wanted) > 1 else {(wanted[0],): rows}
            found |= {(part.sha256, tag): by_tag.get((tag,), rows.clear()) for tag in wanted}
        self.memory.keep(found)
        return found

    def latest(self, tags: Tags, instant: datetime) -> pl.DataFrame:
        """The last row of each tag at or before an instant: of its day, else the last of the day before."""
        start, end = bounds(instant.date())
        rows = last_of_each(standing(self.read("samples", tags, start, min(instant + _SINGLE, end))))
        missing = np.setdiff1d(tags, rows["tag"].to_numpy())
        return pl.concat([rows, self.last_before(instant.date(), missing)])

    def last_before(self, day: date, tags: Tags) -> pl.DataFrame:
        """The last row of each tag before a day."""
        if not len(tags):
            return SAMPLES.empty()
        place = bisect_left(self.order, day)
        file = self.last_file(self.order[place - 1]) if place else self.retired_file()
        known = SAMPLES.empty() if file is None else self.memory.of((file.name, _ALL), lambda: _table(file))
        return known.filter(pl.col("tag").is_in(tags.tolist()))

    def earliest(self, tags: Tags, instant: datetime) -> pl.DataFrame:
        """The first row of each tag at or after an instant; only days that have one of them are read."""
        found = [SAMPLES.empty()]
        for day in self.order[bisect_left(self.order, instant.date()) :]:
            wanted = np.intersect1d(tags, self.held[day].tags)
            if len(wanted):
                start, end = bounds(day)
                rows = standing(self.read("samples", wanted, max(start, instant), end)).sort("tag", "time")
                found.append(first_of_each(rows))
                tags = np.setdiff1d(tags, found[-1]["tag"].to_numpy())
            if not len(tags):
                break
        return pl.concat(found)

    def withdrawn(self, hot: pl.DataFrame) -> pl.DataFrame:
        """Withdrawn rows of the tags and times of hot rows, which may have been withdrawn before they came."""
        found = [SAMPLES.empty()]
        for day in hot["time"].dt.date().unique():
            if day in self.held:
                rows = hot.filter(pl.col("time").dt.date() == day)
                known = self.read("samples", np.unique(rows["tag"].to_numpy()), *bounds(day))
                found.append(known.filter(pl.col("status") == RETRACTED).join(rows, on=KEY, how="semi"))
        return pl.concat(found)

    def last_file(self, day: date) -> Path:
        """The last row of every tag at the end of a sealed day."""
        return self.folder / day.isoformat() / f"last.{self.chains[day]}.parquet"

    def retired_file(self) -> Path | None:
        """The last row of every tag before the days that are kept; None where none was dropped."""
        return self.folder / f"retired.{self.retired.chain}.parquet" if self.retired.chain else None


class Sealed:
    """The folder of sealed days. Opening it finishes what a process that was killed left undone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with storing(folder):
            folder.mkdir(0o700, parents=True, exist_ok=True)
        self.view = View(folder, _retired(folder), {}, {}, memory=Memory())
        _sweep(folder, self.view.retired)
        held = {day: found for day in days_of(folder) if (found := _whole(folder / day.isoformat(), day))}
        self._show(held)

    def steady(self, ask: Callable[[View], T]) -> T:
        """Ask a view; once more where a seal took its files away meanwhile."""
        while True:
            view = self.view
            try:
                return ask(view)
            except SourceError:
                if view is self.view:
                    raise

    def adopt(self, day: date, number: int) -> None:
        """Show a new generation to the readers, and take the one before it away afterwards."""
        place = self.folder / day.isoformat()
        self._show({**self.view.held, day: load(place / f"{number:04d}", day)})

    def tidy(self, day: date) -> None:
        """Remove the generations of a day that nobody asks any more."""
        place = self.folder / day.isoformat()
        for number in generations(place):
            if number != self.view.held[day].number:
                remove_folder(place / f"{number:04d}")

    def retire(self, until: date) -> None:
        """Drop all days before one. The last row of each tag stays known."""
        gone = [day for day in self.view.order if day < until]
        view = self.view
        chain = view.chains[gone[-1]] if gone else view.retired.chain
        if gone:
            known = _table(view.last_file(gone[-1]))
            replace_table(self.folder / f"retired.{chain}.parquet", known)
        replace_json(self.folder / _RETIRED, {"until": until.isoformat(), "chain": chain})
        retired = Retired(until, chain)
        kept = {day: held for day, held in view.held.items() if day >= until}
        self.view = replace(view, retired=retired)
        self._show(kept)
        _sweep(self.folder, retired)

    def _show(self, held: Mapping[date, Generation]) -> None:
        """Make the next view: the last rows of every day first, so that no reader misses them."""
        chain, chains, order = self.view.retired.chain, {}, tuple(sorted(held))
        for day in order:
            chain = chains[day] = chained(chain, day, held[day])
        view = View(self.folder, self.view.retired, held, chains, order, self.view.memory)
        before = view.retired_file()
        for day in order:
            if not view.last_file(day).exists():
                _make_last(view, day, before)
            before = view.last_file(day)
        self.view = view
        for day in order:
            _forget_lasts(view, day)


def days_of(folder: Path) -> list[date]:
    """The days that have a folder."""
    return sorted(day for place in folder.iterdir() if place.is_dir() and (day := _day(place.name)))


def last_rows(view: View, day: date, before: Path | None) -> pl.DataFrame:
    """The last row of every tag at the end of a day: its own, and of the tags without one what was known before."""
    own = read_files([file for _, file in view.held[day].files("last")], "last")
    return pl.concat([own, _table(before).join(own, on="tag", how="anti")]).sort("tag")


def _make_last(view: View, day: date, before: Path | None) -> None:
    rows, file = last_rows(view, day, before), view.last_file(day)
    for old in file.parent.glob("last.*.parquet"):
        if _readable(old) and _table(old).equals(rows):
            with storing(file):
                os.link(old, file)
            return
    replace_table(file, rows)


def _forget_lasts(view: View, day: date) -> None:
    for old in (view.folder / day.isoformat()).glob("last.*.parquet"):
        if old != view.last_file(day):
            old.unlink(missing_ok=True)


def _table(file: Path | None) -> pl.DataFrame:
    return SAMPLES.empty() if file is None else read_files([file], "last")


def _readable(file: Path) -> bool:
    try:
        _table(file)
    except SourceError:
        return False
    return True


def _within(files: list[Path], table: str, unit: str, tags: Tags, start: datetime, end: datetime) -> pl.DataFrame:
    time = pl.col("time")
    asked = _asked(tags.tolist())
    asked &= (time >= _edge(start, unit)) & (time < _edge(end, unit))
    return read_files(files, table, asked)


def _asked(tags: Sequence[int]) -> pl.Expr:
    return pl.col("tag") == tags[0] if len(tags) == 1 else pl.col("tag").is_in(tags)


def _by_tag(key: Key) -> int:
    return key[1]


def _edge(instant: datetime, unit: str) -> pl.Expr:
    """An instant in the unit of a file, rounded up: for ``>=`` and ``<`` that makes no difference."""
    micros = (instant - datetime(1970, 1, 1, tzinfo=instant.tzinfo)) // _SINGLE
    return pl.lit(-(-micros // 1000) if unit == "ms" else micros).cast(
        pl.Datetime("ms" if unit == "ms" else "us", "UTC")
    )


def _by_unit(chosen: Iterable[tuple[str, Path]]) -> dict[str, list[Path]]:
    units: dict[str, list[Path]] = {}
    for unit, file in chosen:
        units.setdefault(unit, []).append(file)
    return units


def _whole(place: Path, day: date) -> Generation | None:
    """The newest generation that is whole, of several; the others are removed. A single one is taken as it is."""
    numbers = generations(place)
    while len(numbers) > 1:
        if _sound(place / f"{numbers[-1]:04d}", day):
            for number in numbers[:-1]:
                remove_folder(place / f"{number:04d}")
            numbers = numbers[-1:]
        else:
            remove_folder(place / f"{numbers.pop():04d}")
    return load(place / f"{numbers[0]:04d}", day) if numbers else None


def _sound(folder: Path, day: date) -> bool:
    try:
        parts = load(folder, day).parts
        return all(file_hash(folder / part.file) == part.sha256 for part in parts)
    except (SourceError, OSError):
        return False


def _retired(folder: Path) -> Retired:
    file = folder / _RETIRED
    if not file.exists():
        return Retired()
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        return Retired(date.fromisoformat(said["until"]), str(said["chain"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise damaged(file, str(error), "the day up to which days were dropped") from error


def _sweep(folder: Path, retired: Retired) -> None:
    """Remove what was being written or removed when a process was killed, and days that were dropped."""
    with storing(folder):
        for left in [*folder.glob(".*"), *folder.glob("*/.*")]:
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        for day in days_of(folder):
            if day < retired.until or not any((folder / day.isoformat()).iterdir()):
                remove_folder(folder / day.isoformat())
        for file in folder.glob("retired.*.parquet"):
            if file.name != f"retired.{retired.chain}.parquet":
                file.unlink()


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(name)
    except ValueError:
        return None
