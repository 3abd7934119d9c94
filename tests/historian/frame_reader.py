"""A reader of samples in a frame, without a store: what aggregates and grids are tested with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import polars as pl

from ferrolan.base.status import RETRACTED
from ferrolan.base.tables import REGISTERED, SAMPLES, SAMPLES_TEXT


class FrameReader:
    """Samples in a frame, and whether each tag is stepped."""

    def __init__(self, samples: pl.DataFrame, stepped: Mapping[int, bool], unit: str = "t/h") -> None:
        self._rows = SAMPLES.check(samples).sort("tag", "time", "seq")
        kept = self._rows.unique(["tag", "time"], keep="last", maintain_order=True)
        self._winners = kept.filter(pl.col("status") != RETRACTED)
        rows = [(number, f"tag_{number}", unit, way) for number, way in sorted(stepped.items())]
        self._registered = pl.DataFrame(rows, schema=REGISTERED.schema, orient="row")

    def registered(self) -> pl.DataFrame:
        return self._registered

    def query(self, tags: Iterable[int], start: datetime, end: datetime) -> pl.DataFrame:
        return self._of(tags).filter(pl.col("time").is_between(start, end, closed="left"))

    def superseded(self, tags: Iterable[int], start: datetime, end: datetime) -> pl.DataFrame:
        losers = self._rows.join(self._winners, on=["tag", "time", "seq"], how="anti")
        return losers.filter(pl.col("tag").is_in(list(tags)), pl.col("time").is_between(start, end, closed="left"))

    def at(self, tags: Iterable[int], instant: datetime) -> pl.DataFrame:
        return self._of(tags).filter(pl.col("time") <= instant).group_by("tag", maintain_order=True).last()

    def before(self, tags: Iterable[int], instant: datetime) -> pl.DataFrame:
        return self._of(tags).filter(pl.col("time") < instant).group_by("tag", maintain_order=True).last()

    def since(self, tags: Iterable[int], instant: datetime) -> pl.DataFrame:
        return self._of(tags).filter(pl.col("time") >= instant).group_by("tag", maintain_order=True).first()

    def texts(self, tags: Iterable[int], start: datetime, end: datetime) -> pl.DataFrame:
        return SAMPLES_TEXT.empty()

    def count(self) -> int:
        return self._rows.height

    def _of(self, tags: Iterable[int]) -> pl.DataFrame:
        return self._winners.filter(pl.col("tag").is_in(list(tags)))
