"""The entry of a replay in a document: which file, how fast, and what shall go wrong.

``{kind: replay, path: raw/march.parquet, speed: 60}`` plays March in half a day;
``faults: [{kind: cut, after: 2 h, length: 6 min}]`` breaks the link two hours in.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, Self

import numpy as np
import polars as pl

from ferrolan.base.schema import (
    After,
    Check,
    Field,
    Flag,
    Fraction,
    Model,
    Number,
    Seed,
    Text,
    WrongValue,
    after,
    shown,
)
from ferrolan.base.spans import Span, duration, seconds
from ferrolan.sources.declared import FileLayout
from ferrolan.sources.replay import faults


def _us(span: str) -> int:
    return round(seconds(span) * 1e6)


def _signed(text: str) -> str:
    duration(text)
    return text


class Cut(Model):
    """A link that breaks and comes back."""

    kind: Literal["cut"]
    """Nothing arrives for a while; each tag gets a row that says so."""
    after: Span
    """When, counted from the beginning of the replay in the time of the file, such as ``2 h``."""
    length: Span
    """For how long."""
    history: Flag = False
    """Whether the source kept what was missed, and hands it over afterwards."""

    def on(self, frame: pl.DataFrame, origin: int, generator: np.random.Generator) -> pl.DataFrame:
        """The script with this fault; ``origin`` is where the replay begins [us since 1970]."""
        return faults.cut(frame, origin + _us(self.after), _us(self.length), history=self.history)


class Duplicate(Model):
    """Rows that arrive twice."""

    kind: Literal["duplicate"]
    """A share of the rows is sent again."""
    share: Fraction
    """Share of the rows."""
    within: Span = "1 min"
    """How much later at most."""

    def on(self, frame: pl.DataFrame, origin: int, generator: np.random.Generator) -> pl.DataFrame:
        """The script with this fault."""
        return faults.duplicate(frame, self.share, _us(self.within), generator)


class Delay(Model):
    """Rows that arrive late."""

    kind: Literal["delay"]
    """A share of the rows is held back, each for itself."""
    share: Fraction
    """Share of the rows."""
    most: Span
    """How long at most."""

    def on(self, frame: pl.DataFrame, origin: int, generator: np.random.Generator) -> pl.DataFrame:
        """The script with this fault."""
        return faults.delay(frame, self.share, _us(self.most), generator)


class Reorder(Model):
    """Rows that arrive in another order."""

    kind: Literal["reorder"]
    """Rows close to each other arrive in any order."""
    within: Span
    """How close."""

    def on(self, frame: pl.DataFrame, origin: int, generator: np.random.Generator) -> pl.DataFrame:
        """The script with this fault."""
        return faults.reorder(frame, _us(self.within), generator)


class ClockStep(Model):
    """A clock at the source that jumps."""

    kind: Literal["clock_step"]
    """The times of the rows are wrong from a moment on."""
    after: Span
    """When, counted from the beginning of the replay."""
    by: Annotated[Text, After(_signed)]
    """By how much, such as ``1 h`` or ``-1 h``."""
    length: Span | None = None
    """For how long; for good where nothing is given."""

    def on(self, frame: pl.DataFrame, origin: int, generator: np.random.Generator) -> pl.DataFrame:
        """The script with this fault."""
        length = None if self.length is None else _us(self.length)
        by = round(duration(self.by).total_seconds() * 1e6)
        return faults.clock_step(frame, origin + _us(self.after), by, length)


class Spikes(Model):
    """Values that are wrong by a factor."""

    kind: Literal["spikes"]
    """A share of the values is multiplied."""
    share: Fraction
    """Share of the rows."""
    factor: Number = 100.0
    """By what; 100 is a decimal comma that was lost."""

    def on(self, frame: pl.DataFrame, origin: int, generator: np.random.Generator) -> pl.DataFrame:
        """The script with this fault."""
        return faults.spikes(frame, self.share, self.factor, generator)


class LateBlocks(Model):
    """Whole stretches that arrive late."""

    kind: Literal["late_blocks"]
    """A share of the stretches is held back as a whole, as a gateway that buffers does."""
    share: Fraction
    """Share of the stretches."""
    length: Span
    """Length of a stretch."""
    hold: Span
    """How long it is held back."""

    def on(self, frame: pl.DataFrame, origin: int, generator: np.random.Generator) -> pl.DataFrame:
        """The script with this fault."""
        return faults.late_blocks(frame, self.share, _us(self.length), _us(self.hold), generator)


PlannedFault = Annotated[
    Cut | Duplicate | Delay | Reorder | ClockStep | Spikes | LateBlocks, Field(discriminator="kind")
]
"""One thing that goes wrong on purpose."""


class ReplaySource(Model):
    """A file that is played again as if it came from a plant: the test bench of everything behind it."""

    kind: Literal["replay"]
    """A file played at a chosen speed."""
    path: Text
    """File, relative to the document: Parquet, CSV or a workbook."""
    form: Literal["long", "wide"] = "long"
    """``long``: a row a sample with the columns tag, time, value and, if there are, status and text; ``wide``: a
    column a tag, as ``layout`` says."""
    layout: FileLayout | None = None
    """How a wide file is written, in the keys of ``kind: csv``, ``excel`` and ``parquet``."""
    speed: Annotated[float, Check(above=0.0)] | Literal["fastest"] = 1.0
    """How many times faster than it was; ``fastest``: as fast as the rows are taken."""
    start: Text | None = None
    """Where to begin, an instant such as ``2026-03-01T00:00:00Z``; at the first row where none is given."""
    shift_to_now: Flag = False
    """Whether times are moved so that the first row is of the moment the replay first began."""
    seed: Seed = 0
    """What chance begins from, where faults are drawn."""
    faults: tuple[PlannedFault, ...] = ()
    """What goes wrong on purpose, one after the other."""
    block: Span = "1 s"
    """Rows that arrive within so much of each other, in the time of the replay, are handed over together."""

    @after
    def _is_readable(self) -> Self:
        if self.form == "wide" and self.layout is None:
            way_out = "Add layout, with the keys of kind: csv, excel or parquet"
            raise WrongValue("missing_key", "how a wide file is written", way_out, "nothing", ("layout",))
        if self.form == "long" and self.layout is not None:
            way_out = "Remove layout, or declare form: wide"
            raise WrongValue("wrong_key", "a long file without it", way_out, "'layout' of a long file", ("layout",))
        if self.layout is not None:
            self.layout.require_format_of(self.path)
        if self.start is not None and _instant(self.start) is None:
            way_out = "Write it like 2026-03-01T00:00:00Z"
            raise WrongValue("wrong_time", "an instant with its offset", way_out, shown(self.start), ("start",))
        return self

    @property
    def first(self) -> int | None:
        """Where to begin [us since 1970], if it is declared."""
        moment = None if self.start is None else _instant(self.start)
        return None if moment is None else round(moment.timestamp() * 1e6)

    def with_faults(self, frame: pl.DataFrame) -> pl.DataFrame:
        """A script with everything that shall go wrong; the same each time."""
        origin = int(frame["at"][0]) if frame.height else 0
        return _with(self.faults, frame, origin, self.seed)


def _with(planned: Sequence[PlannedFault], frame: pl.DataFrame, origin: int, seed: int) -> pl.DataFrame:
    for number, fault in enumerate(planned):
        frame = fault.on(frame, origin, np.random.default_rng([seed, number]))
    return frame


def _instant(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
