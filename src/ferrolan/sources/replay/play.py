"""A file that is played as if it came from a plant, and goes on where it stopped.

March of a mill, shifted to today and sixty times faster, with a link that breaks after two hours: the collector and
all that is behind it cannot tell it from the plant. How far it came is kept with the rows, so that after ``kill -9``
exactly those follow that were not kept. While nobody plays it, a replay stands still.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta

import polars as pl

from ferrolan.base.errors import SourceError
from ferrolan.base.provenance import hash_json
from ferrolan.base.spans import seconds
from ferrolan.base.status import StatusCode
from ferrolan.base.tables import TIME
from ferrolan.sources.live import Clock, ConnectorKind, Health, Json, Place, Sink
from ferrolan.sources.replay.faults import SCRIPT, parted
from ferrolan.sources.replay.reading import content_hash, held, recorded
from ferrolan.sources.replay.spec import ReplaySource
from ferrolan.sources.source import Discovery, TagAddress

MOST = 10_000
"""Most rows that are handed over at once."""

_PAGE = 10_000  # rows of a page of history


class Replay:
    """One file that is played; see ``ferrolan.sources.live.Connector``."""

    def __init__(self, spec: ReplaySource, place: Place) -> None:
        self._spec, self._place = spec, place
        self._file = place.folder / spec.path
        self._health = Health(since=place.clock.now())

    @property
    def health(self) -> Health:
        """How the replay is now; ``figures`` tell how many rows it has and how many were played."""
        return self._health

    async def discover(self) -> Discovery:
        """List the tags the file holds."""
        return await asyncio.to_thread(held, self._spec, self._file, self._place.time_zone)

    async def stream(self, tags: Sequence[TagAddress], sink: Sink) -> None:
        """Play the file to its end, and return."""
        script, mark = await asyncio.to_thread(self._prepared, tags)
        position, shift = self._resumed(sink.state, mark, script)
        self._health.turn("connected", self._place.clock.now())
        pace = _Pace(self._spec, self._place.clock, script, position)
        while position < script.height:
            end = await pace.due(position)
            samples, texts = parted(_shifted(script[position:end], shift))
            state: dict[str, Json] = {"mark": mark, "position": end, "shift": shift}
            await sink.keep(samples, texts, state=state)
            self._count(script[position:end], script, end)
            position = end
        self._health.figures["ended"] = 1.0
        self._health.turn("stopped", self._place.clock.now(), "the replay has come to its end")

    async def history(self, tags: Sequence[TagAddress], start: datetime, end: datetime) -> AsyncIterator[pl.DataFrame]:
        """What the file holds of ``[start, end)``, without faults and at the times of the file."""
        frame = await asyncio.to_thread(self._recorded, tags)
        samples = parted(frame.filter(pl.col("time").is_between(start, end, closed="left")))[0]
        for page in samples.iter_slices(_PAGE):
            yield page

    def _recorded(self, tags: Sequence[TagAddress]) -> pl.DataFrame:
        frame = recorded(self._spec, self._file, self._place.time_zone, tags, self._place.name)
        first = self._spec.first
        return frame if first is None else frame.filter(pl.col("at") >= first)

    def _prepared(self, tags: Sequence[TagAddress]) -> tuple[pl.DataFrame, str]:
        """The script with its faults and what it is marked by: a file or a fault that changes begins anew."""
        try:
            frame = self._recorded(tags)
        except SourceError:
            self._health.turn("lost", self._place.clock.now(), f"{self._file} cannot be played")
            raise
        frame = pl.concat([self._missing(frame, tags), self._spec.with_faults(frame)])
        frame = frame.with_columns(
            again=~pl.struct("tag", "time").is_first_distinct(),
            late=(pl.col("time") < pl.col("time").cum_max().over("tag")),
        )
        spec = self._spec.model_dump(mode="json", exclude={"speed", "block"})
        wanted: list[Json] = [[tag.tag, tag.address, tag.text] for tag in tags]
        return frame, hash_json({"spec": spec, "tags": wanted, "file": content_hash(self._file)})

    def _missing(self, frame: pl.DataFrame, tags: Sequence[TagAddress]) -> pl.DataFrame:
        """One bad row of each tag that the file does not hold; the others are played all the same."""
        known = set(frame["tag"].unique())
        silent = [tag for tag in tags if tag.tag not in known]
        self._health.faults.update({tag.name: f'the file holds no "{tag.address}"' for tag in silent})
        at = int(frame["at"][0]) if frame.height else self._place.clock.now()
        rows = {
            "at": at,
            "tag": [tag.tag for tag in silent],
            "time": at,
            "value": None,
            "text": None,
            "status": int(StatusCode.BAD_CONFIGURATION_ERROR),
            "textual": [tag.text for tag in silent],
        }
        return pl.DataFrame(rows).select(pl.col(name).cast(dtype) for name, dtype in SCRIPT.items())

    def _resumed(self, state: Mapping[str, Json], mark: str, script: pl.DataFrame) -> tuple[int, int]:
        """From which row it goes on, and by how much times are moved [us]."""
        position, shift = state.get("position"), state.get("shift")
        if state.get("mark") == mark and isinstance(position, int) and isinstance(shift, int):
            return position, shift
        if state:
            self._health.said = "the file, its tags or its faults have changed: it begins anew"
        first = int(script["at"].min() or 0) if script.height else 0  # type: ignore[arg-type]  # an Int64 column
        return 0, self._place.clock.now() - first if self._spec.shift_to_now else 0

    def _count(self, rows: pl.DataFrame, script: pl.DataFrame, played: int) -> None:
        health = self._health
        health.proven = self._place.clock.now()
        health.received += rows.height
        health.duplicate += int(rows["again"].sum())
        health.late += int(rows["late"].sum())
        health.gaps += rows.filter(pl.col("status") == StatusCode.BAD_NO_COMMUNICATION).height
        health.figures |= {"played": float(played), "rows": float(script.height)}


class _Pace:
    """Says up to which row the replay has come, and waits until there is one."""

    def __init__(self, spec: ReplaySource, clock: Clock, script: pl.DataFrame, position: int) -> None:
        self._at, self._clock = script["at"], clock
        self._speed = math.inf if spec.speed == "fastest" else float(spec.speed)
        self._block = round(seconds(spec.block) * 1e6)
        self._begun, self._first = clock.now(), int(self._at[position]) if position < len(self._at) else 0

    async def due(self, position: int) -> int:
        """The row after the last one that is due; at least one is."""
        last = min(position + MOST, len(self._at))
        if math.isinf(self._speed):
            await asyncio.sleep(0.0)
            return last
        wanted = self._first + ((int(self._at[position]) - self._first) // self._block + 1) * self._block
        while (reached := self._reached()) < wanted:
            await self._clock.sleep(min((wanted - reached) / self._speed / 1e6, 1.0))
        return min(max(int(self._at.search_sorted(reached, side="right")), position + 1), last)

    def _reached(self) -> int:
        return self._first + int((self._clock.now() - self._begun) * self._speed)


def _shifted(frame: pl.DataFrame, shift: int) -> pl.DataFrame:
    return frame.with_columns(time=(pl.col("time") + timedelta(microseconds=shift)).cast(TIME)) if shift else frame


def _connect(spec: ReplaySource, place: Place) -> Replay:
    return Replay(spec, place)


KIND = ConnectorKind(
    name="replay",
    title="replay of a file",
    address="name of the tag in the file, such as TT-101",
    spec=ReplaySource,
    connect=_connect,
)
"""The kind as the catalogue lists it."""
