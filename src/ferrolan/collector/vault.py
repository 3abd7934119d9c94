"""The store while it is there, and while it is not: one thread of its own, tried again with growing pauses.

The database server is down when the collector starts at night: the numbers of the tags stand in the collector's folder
since it last ran, so that it collects all the same. What the store knows is the truth; a number that differs from the
kept one is taken from the store before a single row is handed over.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Literal, TypeVar

from ferrolan.base.errors import Fault, FerrolanError, SurroundingsError
from ferrolan.collector.logs import Log
from ferrolan.historian.seam import NewTag, Store
from ferrolan.sources.live import Clock

NUMBERS = "numbers.json"
"""File of the numbers that the store gave, in the collector's folder."""
LONGEST_PAUSE = 30.0
"""Pause before a store that is away is tried again at most [s]."""

T = TypeVar("T")
VaultState = Literal["opening", "ready", "away", "closed"]
_AWAY = ("server_gone", "second_writer", "disk_full", "read_only", "disk_error", "missing_folder")
"""Codes of what passes, or can be mended while the collector runs; anything else is said at once."""


class Vault:
    """The store of a collector; what is asked of it is done in its thread, one thing after the other.

    Parameters
    ----------
    opening
        Opens the store.
    tags
        Tags that are registered with it.
    folder
        Folder of the collector.
    clock, log
        The clock and the log of the collector.
    """

    def __init__(
        self, opening: Callable[[], Store], tags: Sequence[NewTag], folder: Path, clock: Clock, log: Log
    ) -> None:
        self._opening, self._tags, self._file, self._clock, self._log = opening, tags, folder / NUMBERS, clock, log
        self._writer = ThreadPoolExecutor(1, "store")
        self._readers = ThreadPoolExecutor(2, "reader")
        self._store: Store | None = None
        self.state: VaultState = "opening"
        self.said = ""
        self.since = clock.now()
        self.ready = asyncio.Event()
        self.numbers: Mapping[str, int] = {}
        """Number of each tag by name; empty as long as nobody knows them."""

    async def open(self) -> None:
        """Try once to open the store and to register the tags; the kept numbers count where it is away.

        Raises
        ------
        FerrolanError
            If the store is there and refuses: another process owns it, it is none, or a tag has another unit in it.
        """
        try:
            await self._try()
        except FerrolanError as error:
            if _code(error) not in _AWAY:
                raise
            self.note(error)
            self.numbers = self._kept_numbers()

    async def keep_open(self) -> None:
        """Try again until the store is there."""
        pause = 1.0
        while not self.ready.is_set():
            await self._clock.sleep(pause)
            pause = min(2.0 * pause, LONGEST_PAUSE)
            try:
                await self._try()
            except (FerrolanError, OSError) as error:
                self.note(error)

    async def write(self, act: Callable[[Store], T]) -> T:
        """Do something with the store in its thread."""
        return await asyncio.get_running_loop().run_in_executor(self._writer, lambda: act(self._there()))

    async def read(self, act: Callable[[Store], T]) -> T:
        """Ask the store something while it is written to."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, lambda: act(self._there()))

    def note(self, error: BaseException | None = None) -> None:
        """Note that the store refused, or that it took what it was given; said once."""
        state: VaultState = "ready" if error is None else "away"
        self.said = "" if error is None else self._log.hidden(str(error))
        if state == self.state:
            return
        self.state, self.since = state, self._clock.now()
        if error is None:
            self._log.say("info", "store_ready")
        else:
            self._log.say("error", "store_away", said=self.said)

    async def close(self) -> None:
        """Close the store when what it is doing is done."""
        store, self._store = self._store, None
        try:
            if store is not None:
                await asyncio.get_running_loop().run_in_executor(self._writer, store.close)
        finally:
            self.state = "closed"
            self._writer.shutdown(wait=False)
            self._readers.shutdown(wait=False, cancel_futures=True)

    def _there(self) -> Store:
        if self._store is None:
            way_out = "Look at /health: the collector tries it again, and keeps what arrives in its spools."
            raise SurroundingsError(str(Fault("historian", 0, "", self.state, "a store", way_out, "server_gone")))
        return self._store

    async def _try(self) -> None:
        loop = asyncio.get_running_loop()
        store = await loop.run_in_executor(self._writer, self._opening)
        try:
            numbers = await loop.run_in_executor(self._writer, store.register, self._tags)
            registered = await loop.run_in_executor(self._writer, store.registered)
            names = dict(zip(registered["number"], registered["name"], strict=True))
            if any(names.get(number) != name for name, number in {**self._kept(), **self.numbers}.items()):
                raise self._other_numbers()
        except BaseException:
            with suppress(Exception):
                await loop.run_in_executor(self._writer, store.close)
            raise
        self._store, self.numbers = store, dict(numbers)
        await loop.run_in_executor(self._writer, self._keep_numbers)
        self.note()
        self.ready.set()

    def _other_numbers(self) -> SurroundingsError:
        """The store is another than the one the numbers are of: rows that wait must not get under wrong tags."""
        found = "another number of a tag than the one this collector collects under"
        way_out = "Is it the same historian? Stop the collector, move its folder aside, and start it again."
        fault = Fault(str(self._file), 0, "", found, "the numbers it gave before", way_out, "other_historian")
        return SurroundingsError(str(fault))

    def _kept_numbers(self) -> Mapping[str, int]:
        """The numbers as the store last gave them; none where one of today's tags is missing among them."""
        kept = self._kept()
        names = [tag.name for tag in self._tags]
        return {name: kept[name] for name in names} if all(name in kept for name in names) else {}

    def _kept(self) -> Mapping[str, int]:
        """Every number that was ever kept: rows may wait of a tag that is declared no more."""
        try:
            kept = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return {str(name): n for name, n in kept.items() if isinstance(n, int)} if isinstance(kept, dict) else {}

    def _keep_numbers(self) -> None:
        """Keep the numbers for a start without the store; the store itself is the truth."""
        kept = {**self._kept(), **self.numbers}
        beside = self._file.with_suffix(".new")
        with beside.open("w", encoding="utf-8") as file:
            json.dump(kept, file, ensure_ascii=False, indent=0)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._file)


def _code(error: FerrolanError) -> str:
    """The code of a fault at the end of a message; empty where it has none."""
    found = re.search(r"\[(\w+)\]$", str(error))
    return found[1] if found else ""
