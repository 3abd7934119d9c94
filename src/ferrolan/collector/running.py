"""One connection while the collector runs: started, watched, started again when it fails, handed over.

The connector of a broker raises because its certificate has expired: its reason stands in the health, it is tried again
after 1 s, 2 s, 4 s and so on up to a minute, and the other connections do not notice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor

from ferrolan.assembly.connectors import Link
from ferrolan.base.errors import FerrolanError
from ferrolan.collector.handing import AT_ONCE, HandOver, SpoolTrouble
from ferrolan.collector.keeping import Keeper
from ferrolan.collector.logs import Level, Log
from ferrolan.collector.rejected import Rejected
from ferrolan.collector.vault import Vault
from ferrolan.historian.ingest import Conversions
from ferrolan.sources.live import Clock, Connector, Health
from ferrolan.sources.source import TagAddress
from ferrolan.sources.spool import Spool

LONGEST_PAUSE = 60.0
"""Pause before a connector that failed is started again at most [s]."""
LINGER = 0.25
"""How long rows gather before the next are stored [s]: a commit for each row would cost more than the rows."""
COUNTED = ("received", "duplicate", "late", "rejected", "dropped", "reconnects", "backfilled", "gaps")
"""Counters of ``Health`` that go on when a connector is made anew."""


class Running:
    """One connection: its connector, its spool, and the way to the historian.

    Parameters
    ----------
    link
        The live source.
    tags
        Its tags, by their number in the historian.
    spool, refused
        Its spool, and where its refused rows are kept.
    threads
        Where the spool is written.
    clock, log
        The clock and the log of the collector.
    """

    def __init__(
        self,
        link: Link,
        tags: Sequence[TagAddress],
        spool: Spool,
        refused: Rejected,
        threads: Executor,
        clock: Clock,
        log: Log,
    ) -> None:
        self.link, self.tags, self.spool = link, tags, spool
        self.keeper = Keeper(spool, refused, threads, clock, log)
        self.over: HandOver | None = None
        self.restarts = 0
        self.failed = ""
        """Why the connector last failed; empty while it runs."""
        self.failed_at = 0
        self.ended = False
        self.trouble = ""
        """Why the historian does not take its rows; empty while it does."""
        self.unread = ""
        """Why its spool cannot be read; empty while it can."""
        self._connector: Connector | None = None
        self._before: dict[str, int] = dict.fromkeys(COUNTED, 0)
        self._clock, self._log = clock, log
        self._noted = 0

    @property
    def health(self) -> Health:
        """How its connector is now; a new one where none is made yet."""
        return Health() if self._connector is None else self._connector.health

    @property
    def counts(self) -> Mapping[str, int]:
        """Counters over all connectors that were made of it."""
        health = self.health
        return {name: before + int(getattr(health, name)) for name, before in self._before.items()}

    @property
    def through(self) -> bool:
        """Whether its source has come to its end, as a replay does."""
        return self.ended or self.health.figures.get("ended") == 1.0

    @property
    def waiting(self) -> int:
        """Rows that are received and not stored."""
        return self.spool.waiting + self.keeper.unwritten

    async def stream(self) -> None:
        """Run the connector until cancelled; start it again when it fails."""
        pause = 1.0
        while True:
            began = self._clock.now()
            try:
                self._connector = await asyncio.to_thread(self.link.connect)  # it loads a library: seconds
                self.failed = ""
                await self._connector.stream(self.tags, self.keeper)
            except asyncio.CancelledError as error:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise
                self._note_failure(error)  # a library that cancels itself
            except (Exception, BaseExceptionGroup) as error:
                self._note_failure(error)
            else:
                self.ended = True
                self._log.say("info", "source_ended", self.link.name)
                return
            pause = 1.0 if self._clock.now() - began > 60_000_000 else pause
            await self._clock.sleep(pause)
            pause = min(2.0 * pause, LONGEST_PAUSE)
            self._begin_again()

    async def hand_over(self, vault: Vault, units: Conversions) -> None:
        """Hand the spool over to the store, until cancelled; try again when the store refuses."""
        pause = 0.5
        while True:
            try:
                await vault.ready.wait()
                taken = await self.step(vault, units)
                vault.note()
                self.trouble, pause = "", 0.5
                self._note_reading("")
            except asyncio.CancelledError:
                raise
            except SpoolTrouble as error:
                self._note_reading(self._log.hidden(str(error)))
                taken = 0
            except (FerrolanError, OSError) as error:
                self.trouble = self._log.hidden(str(error))
                vault.note(error)
                taken = 0
            except Exception as error:  # a fault of ours or of a library: said, tried again, and nothing is lost
                self.trouble = self._log.hidden(f"{type(error).__name__}: {error}")
                self._log.say("error", "hand_over_failed", self.link.name, said=self.trouble)
                taken = 0
            if self.trouble or self.unread:
                await self._clock.sleep(pause)
                pause = min(2.0 * pause, LONGEST_PAUSE)
            elif taken < AT_ONCE:
                await self._until_more(taken)

    async def step(self, vault: Vault, units: Conversions) -> int:
        """Hand the next batches over; the number of their rows."""
        if self.over is None:
            numbers = [tag.tag for tag in self.tags]
            self.over = await vault.write(lambda store: HandOver(self.spool, store, units, numbers))
        over = self.over
        taken = await vault.write(lambda _store: over.step())
        self.say_findings()
        return taken

    def say_findings(self) -> None:
        """Log what was wrong in the spool, each thing once."""
        for found in self.spool.findings[self._noted :]:
            place = {"segment": found.segment, "offset": found.offset, "bytes": found.size}
            level: Level = "error" if found.lost else "warning"
            self._log.say(level, "spool_mended", self.link.name, said=found.said, **place)
        self._noted = len(self.spool.findings)

    def _note_reading(self, trouble: str) -> None:
        """Say once that the spool cannot be read, and once that it can again."""
        if trouble and not self.unread:
            self._log.say("error", "spool_unread", self.link.name, said=trouble)
        elif self.unread and not trouble:
            self._log.say("info", "spool_read_again", self.link.name)
        self.unread = trouble

    async def _until_more(self, taken: int) -> None:
        """Wait until there is more to hand over, and a little longer, so that one commit takes many rows."""
        self.keeper.arrived.clear()
        if not taken and not self.spool.waiting:
            await self.keeper.arrived.wait()
        await self._clock.sleep(LINGER)

    def _note_failure(self, error: BaseException) -> None:
        self.restarts += 1
        self.failed = self._log.hidden(_said(error))
        self.failed_at = self._clock.now()
        self._log.say("error", "connector_failed", self.link.name, said=self.failed, restarts=self.restarts)

    def _begin_again(self) -> None:
        """Keep the counters of a connector that is thrown away."""
        self._before = dict(self.counts)
        self._connector = None


def _said(error: BaseException) -> str:
    """What an error says; of a group, what its first part says."""
    if isinstance(error, BaseExceptionGroup):
        return _said(error.exceptions[0])
    return str(error) if isinstance(error, FerrolanError) and str(error) else f"{type(error).__name__}: {error}"
