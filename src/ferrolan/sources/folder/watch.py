"""A folder that is watched: what is dropped there is taken once, in order, and nothing in it is touched.

A laboratory drops ``2026-03-01.csv`` at six in the morning, corrects it at eight and sends it again under another name
at nine: the first is taken, then what was corrected, and the third not at all. A file that cannot be read stands in the
health with its fault and is tried again when it changes; the others go on. A share that is away for an hour leaves no
gap: its files are still there afterwards.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import polars as pl

from ferrolan.base.errors import SourceError
from ferrolan.base.spans import seconds
from ferrolan.base.tables import REJECTED
from ferrolan.sources.declared import declared_grid
from ferrolan.sources.folder.look import Resting, Seen, look
from ferrolan.sources.folder.spec import FolderSource
from ferrolan.sources.folder.take import Fresh, Taken, Unsettled, content_of, fresh, taken_of
from ferrolan.sources.live import Health, Json, Place, Sink
from ferrolan.sources.reading import discover_grid
from ferrolan.sources.source import Discovered, Discovery, TagAddress, refusal

_PAGE = 10_000  # rows handed over at once
_LISTED = 100  # faults of files that health names
_LOOKED = 50  # files that discover() opens
_PATIENCE = 60.0  # after which a share that does not answer is called lost [s]

T = TypeVar("T")


class Folder:
    """One watched folder; see ``ferrolan.sources.live.Connector``."""

    def __init__(self, spec: FolderSource, place: Place) -> None:
        self._spec, self._place, self._clock = spec, place, place.clock
        self._folder = place.folder / spec.path
        life = 3 * seconds(spec.period) + _PATIENCE
        self._health = Health(since=place.clock.now())
        self._health.figures |= {"files_taken": 0.0, "files_again": 0.0, "files_faulty": 0.0, "expected_life": life}
        self._taken: dict[str, Taken] = {}
        self._refused: dict[str, tuple[Seen, str]] = {}
        self._resting = Resting()
        self._lying: Collection[str] = ()
        self._newest: dict[int, datetime] = {}
        self._silent: dict[str, str] = {}
        self._left_out: dict[str, str] = {}

    @property
    def health(self) -> Health:
        """How the folder is; ``faults`` names files and tags that cannot be taken, ``figures`` count files."""
        return self._health

    async def discover(self) -> Discovery:
        """List the columns of the files that lie there now, each with the number of its rows."""
        return await asyncio.to_thread(self._discovered)

    async def stream(self, tags: Sequence[TagAddress], sink: Sink) -> None:
        """Take every file that is whole and new, until cancelled."""
        self._taken = _remembered(sink.state)
        self._silent = {tag.name: f'no file held a column "{tag.address}" so far' for tag in tags}
        while True:
            try:
                found, odd = await self._patiently(self._look)
            except OSError as error:
                said = f"{self._folder}: {(error.strerror or 'cannot be listed').lower()}"
                self._health.turn("lost", self._clock.now(), said)
            else:
                self._health.proven = self._clock.now()
                self._health.turn("connected", self._health.proven)
                await self._take_all(found, odd, tags, sink)
            await self._clock.sleep(seconds(self._spec.period))

    async def history(self, tags: Sequence[TagAddress], start: datetime, end: datetime) -> AsyncIterator[pl.DataFrame]:
        """Nothing beside what is taken anyway: every file that lies there."""
        pages: tuple[pl.DataFrame, ...] = ()
        for page in pages:
            yield page

    # ---- looking ---------------------------------------------------------------------------------------------------

    def _look(self) -> tuple[dict[str, Seen], dict[str, str]]:
        return look(self._folder, self._spec.pattern, below=self._spec.below)

    async def _patiently(self, work: Callable[[], T]) -> T:
        """Do something with the disk in a thread; a share that hangs is said to be lost, and waited for."""
        task = asyncio.ensure_future(asyncio.to_thread(work))
        while not task.done():
            await asyncio.wait({task}, timeout=_PATIENCE)
            if not task.done():
                self._health.turn("lost", self._clock.now(), f"{self._folder} does not answer")
        return task.result()

    async def _take_all(
        self, found: Mapping[str, Seen], odd: Mapping[str, str], tags: Sequence[TagAddress], sink: Sink
    ) -> None:
        settle = round(seconds(self._spec.settle) * 1e6)
        ready = self._resting.ready(found, self._clock.now(), settle)
        self._refused = {name: refused for name, refused in self._refused.items() if name in found}
        self._lying = found.keys()
        for name, seen in sorted(ready.items(), key=self._place_in_order):
            if not self._is_known(name, seen):
                await self._take(name, seen, tags, sink)
        faulty = {**odd, **{name: said for name, (_, said) in self._refused.items()}}
        self._health.figures["files_faulty"] = float(len(faulty))
        self._health.figures["files_waiting"] = float(len(found) - len(ready))
        listed = dict(sorted(faulty.items())[:_LISTED])
        self._health.faults = {**listed, **(self._silent if self._taken else {}), **self._left_out}

    def _place_in_order(self, item: tuple[str, Seen]) -> tuple[int, str]:
        name, seen = item
        return (seen.modified if self._spec.order == "modified" else 0, name)

    def _is_known(self, name: str, seen: Seen) -> bool:
        """Whether a file was taken or refused as it looks now."""
        refused = self._refused.get(name)
        if refused is not None and refused[0] == seen:
            return True
        return name in self._taken and self._taken[name].is_of(seen)

    # ---- taking ----------------------------------------------------------------------------------------------------

    async def _take(self, name: str, seen: Seen, tags: Sequence[TagAddress], sink: Sink) -> None:
        try:
            new = await self._patiently(lambda: self._read(name, seen, tags))
        except Unsettled:
            return
        except SourceError as error:
            await self._refuse(name, seen, error, sink)
            return
        self._refused.pop(name, None)
        if isinstance(new, Taken):  # the content came under another name before
            self._remember(name, new)
            self._health.figures["files_again"] += 1
            await sink.keep(state=self._state())
            return
        self._remember(name, new.taken)
        await self._hand_over(new, sink)

    def _read(self, name: str, seen: Seen, tags: Sequence[TagAddress]) -> Fresh | Taken:
        """What is new in a file, or what is remembered of its content where that was taken before."""
        content, before = content_of(seen), self._taken.get(name)
        mark = hashlib.sha256(content).hexdigest()
        same = [taken for taken in self._taken.values() if taken.content == mark]
        if same and (before is None or before.content == mark):
            return Taken(mark, seen.size, seen.modified, same[-1].rows, same[-1].whole)
        return fresh(seen, content, before, self._spec, self._place.time_zone, tags, self._place.name)

    async def _refuse(self, name: str, seen: Seen, error: SourceError, sink: Sink) -> None:
        """Put a file that cannot be read on the list; one that the machine does not give out is tried again."""
        fault = error.faults[0]
        first = name not in self._refused or self._refused[name][0] != seen
        if fault.code == "missing_file":  # away, locked or forbidden: that may change while the file does not
            seen = Seen(seen.path, -1, 0)
        if first and self._refused.get(name, (None, ""))[1] != str(fault):
            self._health.rejected += 1
            row = (self._place.name, str(seen.path), fault.line, None, fault.found, str(fault))
            await sink.reject(REJECTED.check(pl.DataFrame([row], schema=REJECTED.schema, orient="row")))
        self._refused[name] = (seen, str(fault))

    async def _hand_over(self, new: Fresh, sink: Sink) -> None:
        """Hand the rows over in pages; what is remembered goes with the last of them."""
        if new.rejected.height:
            await sink.reject(new.rejected)
        samples, texts = list(new.samples.iter_slices(_PAGE)), list(new.texts.iter_slices(_PAGE))
        pages = max(len(samples), len(texts), 1)
        for place in range(pages):
            await sink.keep(
                samples[place] if place < len(samples) and samples[place].height else None,
                texts[place] if place < len(texts) and texts[place].height else None,
                state=self._state() if place == pages - 1 else None,
            )
        self._count(new)

    def _count(self, new: Fresh) -> None:
        health = self._health
        health.figures["files_taken"] += 1
        health.figures["repaired"] = health.figures.get("repaired", 0.0) + new.repaired
        health.received += new.samples.height + new.texts.height
        health.rejected += new.rejected.height
        newest = dict(new.samples.group_by("tag").agg(pl.col("time").max()).iter_rows())
        for tag, time in newest.items():
            before = self._newest.get(tag)
            if before is not None:
                health.late += new.samples.filter(pl.col("tag") == tag, pl.col("time") < before).height
            self._newest[tag] = time if before is None else max(time, before)
        for held in new.held:
            self._silent.pop(held, None)
            self._left_out.pop(held, None)
        self._left_out.update(new.left_out)

    # ---- remembering -----------------------------------------------------------------------------------------------

    def _remember(self, name: str, taken: Taken) -> None:
        self._taken.pop(name, None)
        self._taken[name] = taken
        gone = [old for old in self._taken if old not in self._lying]  # one that lies there would be taken again
        for old in gone[: max(len(self._taken) - self._spec.remember, 0)]:
            del self._taken[old]

    def _state(self) -> dict[str, Json]:
        return {"files": {name: taken.json() for name, taken in self._taken.items()}}

    def _discovered(self) -> Discovery:
        try:
            found = self._look()[0]
        except OSError as error:
            raise refusal(
                str(self._folder), 0, "", (error.strerror or "nothing").lower(), "a folder that can be listed",
                "Check the path, or mount the share.", "missing_file",
            ) from error  # fmt: skip
        rows: dict[str, int] = {}
        for seen in list(found.values())[:_LOOKED]:
            try:
                grid, dialect, _ = declared_grid(seen.path, self._spec, self._place.time_zone)
            except SourceError:
                continue
            for one in discover_grid(grid, dialect).addresses:
                rows[one.address] = rows.get(one.address, 0) + one.rows
        return Discovery(tuple(Discovered(address, count) for address, count in sorted(rows.items())))


def _remembered(state: Mapping[str, Json]) -> dict[str, Taken]:
    files = state.get("files")
    if not isinstance(files, dict):
        return {}
    known = ((name, taken_of(entry)) for name, entry in files.items())
    return {name: taken for name, taken in known if taken is not None}
