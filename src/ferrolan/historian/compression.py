"""Lossy compression, for those who ask for it in Python: the swinging door, and the dead band.

A bearing temperature that wanders by a tenth of a degree all night is told by its first and last value to within half a
degree. **Nothing is compressed unless it is declared**, a tag of a balance never is, and what was left out is told in a
text stored with the samples. It is for a stretch that is complete, such as a month to be exported, not for live values:
the last point of an open door would be on no disk. No document can ask for it, and neither the collector nor sealing
applies it: 5 byte a sample need no loss. Whoever wants it calls ``compress`` and says which tags a balance is made of.

The door is the variant that every published case agrees on: a point **on or outside** the closed door ends the stretch
at the point before it (Bristol 1987; gfoidl/DataCompression; Apache IoTDB). So every line between kept points passes
within the deviation of every raw point. What is late, corrects another row, is not good or follows what is not good
bypasses the door: it is kept as it is, and the next stretch begins there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf, isfinite
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ferrolan.base.errors import ProblemError
from ferrolan.base.status import StatusCode, good
from ferrolan.base.tables import SAMPLES, SAMPLES_TEXT

Method = Literal["swinging_door", "dead_band"]
_MICROS = 1e6
_ROUNDING = 1e-9  # relative; 1.3 lies within 0.1 of 1.2


@dataclass(frozen=True)
class Compression:
    """How a tag may be compressed.

    Parameters
    ----------
    method
        ``swinging_door``: straight lines between kept points pass within the deviation of every raw one.
        ``dead_band``: a value holds until one differs from it by more than the deviation; for stepped tags.
    deviation
        [canonical unit of the tag]
    longest
        A point is kept at least so often, where there is one; None sets no limit. In a dead band such a point may lie
        one deviation from the value that holds, so that a raw one may lie two from it.

    Raises
    ------
    ProblemError
        If the deviation is not positive and finite, or the longest stretch not positive.
    """

    method: Method
    deviation: float
    longest: timedelta | None = None

    def __post_init__(self) -> None:
        if not (isfinite(self.deviation) and self.deviation > 0.0):
            raise ProblemError(f"{self.method}: found a deviation of {self.deviation}, expected more than 0")
        if self.longest is not None and self.longest <= timedelta(0):
            raise ProblemError(f"{self.method}: found a longest stretch of {self.longest}, expected more than 0")

    def __str__(self) -> str:
        every = f", at least every {self.longest}" if self.longest else ""
        return f"{self.method.replace('_', ' ')} of {self.deviation:g}{every}"


@dataclass(frozen=True)
class Compressed:
    """What is left: SAMPLES in the order they came, and a text (SAMPLES_TEXT) for each tag that lost rows."""

    samples: pl.DataFrame
    texts: pl.DataFrame


def refuse_balanced(rules: Mapping[str, Compression], balanced: Collection[str]) -> None:
    """Refuse compression of tags that a balance is made of: their sums must be those of the raw samples.

    Raises
    ------
    ProblemError
        Naming the tags.
    """
    found = sorted(set(rules) & set(balanced))
    if found:
        raise ProblemError(f"compression of {', '.join(found)}: a tag of a balance is stored as it came; leave it out")


def compress(
    samples: pl.DataFrame, rules: Mapping[int, Compression], newest: Mapping[int, datetime] | None = None
) -> Compressed:
    """Leave out what the rules allow.

    Parameters
    ----------
    samples
        SAMPLES of complete stretches, in any order.
    rules
        By tag; the others pass unchanged.
    newest
        Time of the newest sample of a tag that was there before; older ones are late.

    Returns
    -------
    The rows that are kept, unchanged, and a text a tag at the time of its last row that says what was done.
    """
    frame = SAMPLES.check(samples).with_row_index("place")
    kept, texts = [frame.filter(~pl.col("tag").is_in(sorted(rules)))], []
    for tag, rule in sorted(rules.items()):
        rows = frame.filter(pl.col("tag") == tag).sort("time", "seq", "place")
        if rows.is_empty():
            continue
        left = rows.filter(pl.Series(_kept_rows(rows, rule, (newest or {}).get(tag))))
        kept.append(left)
        if left.height < rows.height:
            texts.append(_text(rows, f"compressed: {rule}; {left.height} of {rows.height} rows kept"))
    told = pl.concat([SAMPLES_TEXT.empty(), *texts])
    return Compressed(SAMPLES.check(pl.concat(kept).sort("place").drop("place")), told)


def kept_points(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    method: Method,
    deviation: float,
    *,
    longest: float = inf,
    forced: NDArray[np.bool_] | None = None,
    keeps_last: bool = True,
) -> NDArray[np.bool_]:
    """Which points of a curve are kept.

    Parameters
    ----------
    x, y
        The points, x not falling (n,).
    method, deviation
        As in ``Compression``.
    longest
        Longest stretch between kept points, where there is a point to keep [unit of x].
    forced
        Points that are kept whatever they are, and begin a stretch anew (n,).
    keeps_last
        Whether the last point is kept; IoTDB leaves it in the open door.

    Returns
    -------
    Whether each point is kept (n,).
    """
    kept = np.zeros(len(x), np.bool_) if forced is None else forced.copy()
    if not len(x):
        return kept
    kept[0] = True
    walk = _door if method == "swinging_door" else _band
    walk(x.tolist(), y.tolist(), deviation, longest, kept)
    kept[-1] |= keeps_last
    return kept


def _door(x: list[float], y: list[float], deviation: float, longest: float, kept: NDArray[np.bool_]) -> None:
    """Mark the points that close a door; ``kept`` comes with those that are forced."""
    origin, upper, lower = 0, inf, -inf
    for at in range(1, len(x)):
        if kept[at]:
            kept[at - 1], origin, upper, lower = True, at, inf, -inf
            continue
        slope = _slope(x, y, origin, at, 0.0)
        if (slope >= upper or slope <= lower or x[at] - x[origin] > longest) and at - 1 > origin:
            kept[at - 1], origin, upper, lower = True, at - 1, inf, -inf
        upper = min(upper, _slope(x, y, origin, at, deviation))
        lower = max(lower, _slope(x, y, origin, at, -deviation))


def _band(x: list[float], y: list[float], deviation: float, longest: float, kept: NDArray[np.bool_]) -> None:
    """Mark the points on both sides of every step out of the band; one kept for its age is no new reference."""
    reference, last = y[0], 0
    for at in range(1, len(x)):
        if kept[at] or abs(y[at] - reference) > deviation * (1.0 + _ROUNDING):
            kept[at - 1 : at + 1] = True
            reference, last = y[at], at
        elif x[at] - x[last] > longest and at - 1 > last:
            kept[at - 1], last = True, at - 1


def _slope(x: list[float], y: list[float], origin: int, at: int, above: float) -> float:
    return (y[at] + above - y[origin]) / (x[at] - x[origin])


def _kept_rows(rows: pl.DataFrame, rule: Compression, newest: datetime | None) -> NDArray[np.bool_]:
    """Which rows of one tag, in order of time, are kept (n,)."""
    time = rows["time"].dt.epoch("us").to_numpy() / _MICROS
    longest = rule.longest.total_seconds() if rule.longest else inf
    forced = _bypassing(rows, newest)
    value = rows["value"].fill_null(0.0).to_numpy()
    return kept_points(time - time[0], value, rule.method, rule.deviation, longest=longest, forced=forced)


def _bypassing(rows: pl.DataFrame, newest: datetime | None) -> NDArray[np.bool_]:
    """Which rows are late, share their time with another, are not plainly good, or follow one that is not (n,)."""
    arrived = rows.sort("seq", "place")
    before = arrived["time"].cum_max().shift(1)
    late = (arrived["time"] <= before).fill_null(False)
    if newest is not None:
        late |= arrived["time"] <= newest
    back = arrived.select("place", late=late)
    plain = pl.col("value").is_finite() & good(pl.col("status"))
    steady = plain & (pl.col("status") == pl.col("status").shift(1)) & plain.shift(1)
    marked = rows.join(back, on="place", how="left", maintain_order="left").select(
        pl.col("late") | ~steady.fill_null(False) | pl.col("time").is_duplicated()
    )
    return marked.to_series().to_numpy().copy()


def _text(rows: pl.DataFrame, text: str) -> pl.DataFrame:
    told = rows.tail(1).select(
        "tag",
        "time",
        text=pl.lit(text),
        status=pl.lit(int(StatusCode.GOOD), pl.Int64),
        seq=pl.lit(rows["seq"].max(), pl.Int64),
        source="source",
    )
    return SAMPLES_TEXT.check(told)
