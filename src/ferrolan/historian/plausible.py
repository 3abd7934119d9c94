"""Readings that cannot be what they say they are, found before any balance: frozen, out of range, another unit.

A belt scale that sends 46.113 t/h for twelve days has stopped measuring; an assay of 0.33 in one week and 33 in the
others was written as a fraction. No value is changed and none is left out: a person is told what to look at, and the
account goes on with what it has. Each rule is sharp enough to stay silent on a plant that merely stops or wanders.

A meter is taken for frozen if it repeats one number other than zero for at least a day and twelve readings, and so
often that its own habit does not explain it: with q the share of repeats among its other readings, ``q^(n-1) < 1e-6``.
A coarse analyser that says 0.02 every other day is not frozen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from ferrolan.base.errors import Fault
from ferrolan.base.status import bad
from ferrolan.base.time import Period

LEAST_READINGS = 12
LEAST_STILL = timedelta(days=1)
CHANCE = 1e-6
"""Probability, after the meter's own habit, below which a repeated number is no chance."""
JUMP = 20.0
"""Factor between a period's median and that of the others from which on it is no change of the plant: units that are
mistaken for each other differ by 100 or 1000, and a unit that runs at a twentieth for a whole period stands."""
LEAST_OUT = 0.01
"""Share of a tag's values out of range from which on a person is told."""
_LEAST_OTHERS = 5  # readings beside a stretch from which a habit can be told


@dataclass(frozen=True)
class Watched:
    """A tag to look at: its name, its range and unit at the source as a person reads them, and whether it is read all
    the time (then a constant is no habit).
    """

    name: str
    limits: str
    continuous: bool


def implausible(
    samples: pl.DataFrame,
    watched: Mapping[int, Watched],
    out_of_range: Mapping[int, int],
    periods: Sequence[Period],
    file: str,
) -> tuple[Fault, ...]:
    """What a person should look at in the readings of one source.

    Parameters
    ----------
    samples
        SAMPLES of the source, in its own units.
    watched
        The tags to look at, by number.
    out_of_range
        Values outside the range, by number of the tag.
    periods
        Periods of the account.
    file
        Where they come from.

    Returns
    -------
    One fault a tag and finding: ``out_of_range``, ``frozen``, ``other_unit``.
    """
    usable = samples.filter(pl.col("tag").is_in(sorted(watched)), pl.col("value").is_not_null(), ~bad(pl.col("status")))
    if usable.is_empty():
        return ()
    frame = usable.select("tag", "time", "value").sort("tag", "time")
    found = [*_outside(frame, watched, out_of_range), *_frozen(frame, watched), *_jumps(frame, watched, periods)]
    return tuple(Fault(file, 0, *told) for told in found)


_Told = tuple[str, str, str, str, str]  # path, found, expected, way out, code


def _outside(frame: pl.DataFrame, watched: Mapping[int, Watched], out: Mapping[int, int]) -> Iterator[_Told]:
    counts = dict(frame.group_by("tag").len().iter_rows())
    for number in sorted(set(out) & set(counts)):
        if out[number] >= LEAST_OUT * counts[number]:
            tag, found = watched[number], f"{out[number]} of {counts[number]} values out of range"
            yield tag.name, found, tag.limits, "Check the unit at the source, or the range of the tag", "out_of_range"


def _frozen(frame: pl.DataFrame, watched: Mapping[int, Watched]) -> Iterator[_Told]:
    for row in _long_stretches(frame).iter_rows(named=True):
        tag, count = watched[row["tag"]], row["len"]
        habit = (row["other_repeats"] + 1.0) / (row["others"] + 2.0)
        known = row["others"] >= _LEAST_OTHERS or tag.continuous
        if known and habit ** (count - 1) < CHANCE:
            found = f"{row['value']:g} {count} times in a row from {row['start']:%Y-%m-%d %H:%M} UTC"
            yield tag.name, found, "readings that move", "See whether the meter still measures", "frozen"


def _long_stretches(frame: pl.DataFrame) -> pl.DataFrame:
    """Stretches of one number other than zero: tag, value, len, start, and how many ``others`` the tag has besides, of
    which ``other_repeats`` repeat the one before.
    """
    repeats = (pl.col("value") == pl.col("value").shift(1)).over("tag").fill_null(False)
    length, repeated = pl.col("len"), pl.col("len") - 1
    return (
        frame.with_columns(stretch=(~repeats).cum_sum())
        .group_by("tag", "stretch", maintain_order=True)
        .agg(pl.first("value"), pl.len(), start=pl.first("time"), end=pl.last("time"))
        .with_columns(others=length.sum().over("tag") - length, other_repeats=repeated.sum().over("tag") - repeated)
        .filter(pl.col("value") != 0.0, length >= LEAST_READINGS, pl.col("end") - pl.col("start") >= LEAST_STILL)
    )


def _jumps(frame: pl.DataFrame, watched: Mapping[int, Watched], periods: Sequence[Period]) -> Iterator[_Told]:
    medians = _medians(frame, periods).with_columns(usual=pl.median("value").over("tag"))
    for number, period, value, usual in medians.iter_rows():
        if max(value / usual, usual / value) >= JUMP:
            found = f"period {period} reads {value:.3g}, the others {usual:.3g}"
            yield watched[number].name, found, "one unit all month", "Check the unit at the source", "other_unit"


def _medians(frame: pl.DataFrame, periods: Sequence[Period]) -> pl.DataFrame:
    """Median of the values above zero of every tag and period: tag, period, value."""
    within = pl.col("time").is_between(periods[0].start, periods[-1].end, closed="left")
    above = frame.filter(pl.col("value") > 0.0, within)
    starts = pl.Series([period.start for period in periods], dtype=frame.schema["time"])
    period = starts.search_sorted(above["time"], side="right") - 1
    return above.with_columns(period=period).group_by("tag", "period").agg(pl.median("value")).sort("tag", "period")
