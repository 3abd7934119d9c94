"""Sealing a day: its hot rows and its sealed generation become the next generation, and only then leave the hot file.

Every step may be the last one before a power cut. Until the new generation has its name the old one and the hot rows
answer; from then on the new one does, and hot rows that are still there say nothing new. Beginning again is enough.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

import polars as pl

from ferrolan.base.tables import SAMPLES, SAMPLES_TEXT, Table
from ferrolan.historian.embedded.days import Generation, Writing, generations, read_files, writing
from ferrolan.historian.embedded.hot import Bunch, Hot, Taken
from ferrolan.historian.embedded.ranking import last_of_each, settled, standing
from ferrolan.historian.embedded.sealed import Sealed

SEALED = {
    "day": pl.Date(), "generation": pl.Int64(), "rows": pl.Int64(), "duplicates": pl.Int64(), "bytes": pl.Int64(),
    "hot": pl.Int64(),
}  # fmt: skip
"""What is said of a day: its generation (0 where it is not sealed), rows, duplicates left out, bytes, hot rows."""
AT_ONCE = 4_000_000
"""Rows that are sorted at once: a day with more is sealed in bunches of tags."""
_OF = {SAMPLES.name: ("samples", "superseded"), SAMPLES_TEXT.name: ("texts", "texts_superseded")}


def seal_day(hot: Hot, sealed: Sealed, day: date, *, at_once: int = AT_ONCE) -> None:
    """Seal a day, again where it is sealed and rows came late.

    Raises
    ------
    SurroundingsError
        If the disk refuses; the day is as it was.
    """
    place = sealed.folder / day.isoformat()
    held = sealed.view.held.get(day)
    with hot.taken(day) as taken:
        if held is None or _news(taken, held, at_once):
            number = max(generations(place) if place.exists() else [0], default=0) + 1
            with writing(place, day, number) as made:
                _write(made, taken, held, at_once)
            sealed.adopt(day, number)
        taken.remove()
    sealed.tidy(day)


def discard(hot: Hot, day: date) -> tuple[str, int]:
    """Remove the hot rows of a day that was dropped; returns the day and how many went."""
    with hot.taken(day) as taken:
        rows = sum(sum(taken.counts(table).values()) for table in (SAMPLES, SAMPLES_TEXT))
        taken.remove()
    return day.isoformat(), rows


def bunches(counts: Mapping[int, int], at_once: int) -> Iterator[Bunch]:
    """Tags in order, cut where the rows of a bunch would be more than are sorted at once.

    Examples
    --------
    >>> [(bunch.first, bunch.last) for bunch in bunches({1: 60, 2: 60, 3: 30}, 100)]
    [(1, 1), (2, 3)]
    """
    first, last, rows = None, 0, 0
    for tag in sorted(counts):
        if first is not None and rows + counts[tag] > at_once:
            yield Bunch(first, last)
            first, rows = None, 0
        first, last, rows = tag if first is None else first, tag, rows + counts[tag]
    if first is not None:
        yield Bunch(first, last)


def _write(made: Writing, taken: Taken, held: Generation | None, at_once: int) -> None:
    made.duplicates = held.duplicates if held else 0
    last = _table(made, taken, held, SAMPLES, at_once)
    _table(made, taken, held, SAMPLES_TEXT, at_once)
    made.write("last", last)


def _table(made: Writing, taken: Taken, held: Generation | None, table: Table, at_once: int) -> pl.DataFrame:
    """Write winners and losers of one table, bunch by bunch; returns the last row of each tag."""
    won, lost = _OF[table.name]
    lasts = [table.empty()]
    for bunch in bunches(_counts(taken, held, table), at_once):
        chosen = settled(pl.concat([taken.rows(bunch, table), _sealed(held, table, bunch)]))
        made.write(won, chosen.winners)
        made.write(lost, chosen.losers)
        made.duplicates += chosen.duplicates
        lasts.append(last_of_each(standing(chosen.winners)))
    return pl.concat(lasts)


def _counts(taken: Taken, held: Generation | None, table: Table) -> dict[int, int]:
    counts = taken.counts(table)
    for name in _OF[table.name] if held else ():
        files = [file for _, file in held.files(name)] if held else []
        for tag, rows in read_files(files, name, columns=("tag",)).group_by("tag").len().iter_rows():
            counts[tag] = counts.get(tag, 0) + rows
    return counts


def _sealed(held: Generation | None, table: Table, bunch: Bunch) -> pl.DataFrame:
    """All rows of a bunch in the generation before."""
    inside = pl.col("tag").is_between(bunch.first, bunch.last)
    parts = [
        read_files([file], name, inside)
        for name in (_OF[table.name] if held else ())
        for _, file in (held.files(name) if held else ())
    ]
    return pl.concat([table.empty(), *parts])


def _news(taken: Taken, held: Generation, at_once: int) -> bool:
    """Whether the hot rows say anything that the sealed generation does not hold already, row by row."""
    for table in (SAMPLES, SAMPLES_TEXT):
        for bunch in bunches(_counts(taken, held, table), at_once):
            hot = taken.rows(bunch, table)
            known = _sealed(held, table, bunch)
            if hot.join(known, on=list(table.columns), how="anti", nulls_equal=True).height:
                return True
    return False
