"""What goes wrong on the way of a sample, done on purpose and the same way each time: pure functions of a script.

A *script* is the table of what a source delivers, one row a sample, in the order in which it arrives: ``at`` is when.
``cut(script, since, 360_000_000)`` takes six minutes out of it, as a link that breaks does; ``delay(script, 0.01, ..)``
lets each hundredth row arrive late. Each fault takes a script and returns another; where chance decides, a generator
with a seed is given, so that a test that failed fails again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from ferrolan.base.status import RETRACTED, StatusCode
from ferrolan.base.tables import TIME
from ferrolan.sources.live import GATHERED, GATHERED_TEXT

SCRIPT: dict[str, pl.DataType | type[pl.DataType]] = {
    "at": pl.Int64, "tag": pl.Int32, "time": TIME, "value": pl.Float64, "text": pl.String, "status": pl.Int64,
    "textual": pl.Boolean,
}  # fmt: skip
"""Columns of a script: when the row arrives [us since 1970], the sample, and whether the tag's values are texts."""


@dataclass(frozen=True)
class Delivery:
    """Rows that arrive together: when [us since 1970], samples (GATHERED) and texts (GATHERED_TEXT)."""

    at: int
    samples: pl.DataFrame
    texts: pl.DataFrame


def script(samples: pl.DataFrame, texts: pl.DataFrame | None = None) -> pl.DataFrame:
    """The script of a source without faults: every sample arrives at its own time.

    Parameters
    ----------
    samples, texts
        Rows with at least the columns GATHERED and GATHERED_TEXT; of equal times the later row arrives later.
    """
    parts = [samples.select(*GATHERED, text=pl.lit(None, pl.String), textual=pl.lit(False))]
    if texts is not None:
        parts.append(texts.select(*GATHERED_TEXT, value=pl.lit(None, pl.Float64), textual=pl.lit(True)))
    frame = pl.concat(parts, how="diagonal").with_columns(at=pl.col("time").dt.timestamp("us"))
    return _in_order(frame.select(pl.col(name).cast(dtype) for name, dtype in SCRIPT.items()))


def deliveries(frame: pl.DataFrame, every: int) -> Iterator[Delivery]:
    """A script as the sequence of what arrives, the rows of each ``every`` [us] together."""
    block = frame["at"] // every
    for part in frame.with_columns(block=block).partition_by("block", maintain_order=True):
        yield Delivery(int(part["at"][-1]), *parted(part))


def parted(frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The samples and the texts of rows of a script."""
    return (
        frame.filter(~pl.col("textual")).select(list(GATHERED)),
        frame.filter("textual").select(list(GATHERED_TEXT)),
    )


def cut(frame: pl.DataFrame, since: int, length: int, *, history: bool = False) -> pl.DataFrame:
    """A link that breaks: nothing arrives in ``[since, since + length)``, and each tag gets a row that says so.

    Parameters
    ----------
    frame
        A script.
    since, length
        When the link breaks [us since 1970], and for how long [us].
    history
        Whether the source kept what was missed: the rows that told of the gap are then withdrawn when the link is
        back, and what was missed arrives, the newest hour first.
    """
    until, at = since + length, pl.col("at")
    missed = frame.filter(at.is_between(since, until, closed="left"))
    told = _told(frame, since, StatusCode.BAD_NO_COMMUNICATION, since)
    parts = [frame.filter(at < since), told, frame.filter(at >= until)]
    if history:
        hour = (pl.col("at") // _HOUR) * -1
        pages = missed.sort(hour, maintain_order=True).with_columns(at=pl.lit(until, pl.Int64))
        parts[2:2] = [_told(frame, since, RETRACTED, until), pages]  # a sample may have the very time of the gap row
    return _in_order(pl.concat(parts))


def duplicate(frame: pl.DataFrame, share: float, after: int, generator: np.random.Generator) -> pl.DataFrame:
    """A source that sends a share of its rows a second time, up to ``after`` [us] later."""
    again = frame.filter(_chosen(frame, share, generator))
    again = again.with_columns(at=pl.col("at") + _drawn(again.height, after, generator))
    return _in_order(pl.concat([frame, again]))


def delay(frame: pl.DataFrame, share: float, most: int, generator: np.random.Generator) -> pl.DataFrame:
    """A share of the rows arrives late, by up to ``most`` [us], while their time stays."""
    late = _chosen(frame, share, generator)
    waits = _drawn(frame.height, most, generator)
    return _in_order(frame.with_columns(at=pl.col("at") + pl.when(late).then(waits).otherwise(0)))


def reorder(frame: pl.DataFrame, within: int, generator: np.random.Generator) -> pl.DataFrame:
    """Rows that arrive within ``within`` [us] of each other arrive in any order."""
    shuffled = pl.Series(generator.random(frame.height))
    mixed = frame.with_columns(block=pl.col("at") // within, shuffled=shuffled).sort("block", "shuffled")
    return mixed.select(list(SCRIPT)).with_columns(at=frame["at"])


def clock_step(frame: pl.DataFrame, since: int, by: int, length: int | None = None) -> pl.DataFrame:
    """A clock of the source that is wrong by ``by`` [us] from ``since`` on, for good or for ``length`` [us]."""
    at = pl.col("at")
    wrong = at >= since if length is None else at.is_between(since, since + length, closed="left")
    shifted = pl.col("time") + pl.lit(by).cast(pl.Duration("us"))
    return frame.with_columns(time=pl.when(wrong).then(shifted).otherwise("time"))


def spikes(frame: pl.DataFrame, share: float, factor: float, generator: np.random.Generator) -> pl.DataFrame:
    """A share of the values is multiplied by ``factor``: 100 is a decimal comma that was lost."""
    hit = _chosen(frame, share, generator)
    return frame.with_columns(value=pl.when(hit).then(pl.col("value") * factor).otherwise("value"))


def late_blocks(
    frame: pl.DataFrame, share: float, length: int, hold: int, generator: np.random.Generator
) -> pl.DataFrame:
    """A share of the blocks of ``length`` [us] is held back as a whole for ``hold`` [us], as in a gateway."""
    block = frame["at"] // length
    blocks = block.unique().sort()
    held = blocks.filter(pl.Series(generator.random(len(blocks)) < share))
    wait = pl.when(block.is_in(held.implode())).then(hold).otherwise(0)
    return _in_order(frame.with_columns(at=pl.col("at") + wait))


_HOUR = 3_600_000_000


def _in_order(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.sort("at", maintain_order=True)


def _chosen(frame: pl.DataFrame, share: float, generator: np.random.Generator) -> pl.Series:
    return pl.Series(generator.random(frame.height) < share, dtype=pl.Boolean)


def _drawn(count: int, most: int, generator: np.random.Generator) -> pl.Series:
    return pl.Series(generator.integers(0, most, count, endpoint=True), dtype=pl.Int64)


def _told(frame: pl.DataFrame, since: int, status: int, at: int) -> pl.DataFrame:
    """A row without a value of each tag at ``since``, that arrives ``at`` [us]."""
    tags = frame.select("tag", "textual").unique(maintain_order=True).sort("tag")
    return tags.select(
        at=pl.lit(at, pl.Int64),
        tag="tag",
        time=pl.lit(since, pl.Int64).cast(TIME),
        value=pl.lit(None, pl.Float64),
        text=pl.lit(None, pl.String),
        status=pl.lit(int(status), pl.Int64),
        textual="textual",
    )
