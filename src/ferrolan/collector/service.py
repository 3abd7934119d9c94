"""The collector as a whole: connections, spools, the way to the historian, and an orderly end.

``run`` makes every connection of a document in a task of its own, hands its spool to the historian, answers at
``/health``, and goes on until it is told to stop. Then the connections are ended first, what they handed over is
written, what is written is stored as far as that goes in a bounded time, and the rest waits in the spools.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from ferrolan.assembly.connectors import Link, addresses_of, conversions_of, links, new_tags
from ferrolan.base.encrypted import postgres_is_open
from ferrolan.base.errors import DocumentError, Fault, FerrolanError
from ferrolan.base.surroundings import storing
from ferrolan.collector.health import Report, report
from ferrolan.collector.http import Told, listening, serving, url_of
from ferrolan.collector.leftover import left_over
from ferrolan.collector.lock import FolderLock
from ferrolan.collector.logs import Log
from ferrolan.collector.metrics import exposition
from ferrolan.collector.naming import numbered
from ferrolan.collector.rejected import Rejected
from ferrolan.collector.running import Running
from ferrolan.collector.upkeep import Upkeep
from ferrolan.collector.vault import Vault
from ferrolan.enterprise.document import Enterprise
from ferrolan.enterprise.historian import PostgresHistorian
from ferrolan.historian.ingest import Conversions
from ferrolan.historian.seam import Reader, Store
from ferrolan.sources.live import Clock, SystemClock
from ferrolan.sources.spool import Bounds, Spool

PORT = 8732
"""Where the collector answers if nothing is said."""


@dataclass(frozen=True)
class Settings:
    """How a collector runs.

    Parameters
    ----------
    folder
        Its folder: spools, refused rows, numbers of the tags, lock.
    host, port
        Where it answers; port 0 is a free one.
    token
        What a request must carry; empty where none is asked for.
    seconds
        How long it runs [s]; until it is stopped where nothing is said (None).
    once
        Whether it ends when every source has come to its end and all is stored.
    patience
        How long it tries to store what is in the spools when it is stopped [s].
    bounds
        How much of the disk each spool may take.
    """

    folder: Path
    host: str = "127.0.0.1"
    port: int = PORT
    token: str = ""
    seconds: float | None = None
    once: bool = False
    patience: float = 30.0
    bounds: Bounds = field(default_factory=Bounds)


@dataclass(frozen=True)
class Standing:
    """One connection for a table: name, kind, number of tags."""

    name: str
    kind: str
    tags: int


@dataclass(frozen=True)
class Started:
    """What a person is told when the collector has started: its connections, where it answers and keeps its folder."""

    connections: Sequence[Standing]
    url: str
    folder: Path
    historian: str


@dataclass(frozen=True)
class Ended:
    """What a person is told at the end: rows received, stored, dropped because they stood there, and still waiting."""

    received: int
    stored: int
    known: int
    waiting: int
    needs: Sequence[str]


class Collector:
    """Runs every live source of a document.

    Parameters
    ----------
    document
        The loaded document.
    opening
        Opens its historian.
    settings
        How it runs.
    log
        Where it says what happens.
    clock
        The clock; tests simulate a day in a minute.
    connections
        The live sources, where they are others than the document's own kinds make.

    Raises
    ------
    DocumentError
        If the document has no live source, or one of them no tag.
    """

    def __init__(
        self,
        document: Enterprise,
        opening: Callable[[], Store],
        settings: Settings,
        log: Log,
        clock: Clock | None = None,
        connections: Sequence[Link] | None = None,
    ) -> None:
        self.document, self.settings, self.log = document, settings, log
        self.clock = clock or SystemClock()
        self.links = links(document, self.clock) if connections is None else tuple(connections)
        _refuse_nothing(document, self.links)
        self.running: list[Running] = []
        self.loop_lag = 0.0
        self.began = 0
        self._opening = opening
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Ask it to end in an orderly way."""
        if not self._stopping.is_set():
            self.log.say("info", "stopping")
        self._stopping.set()

    async def run(self, announce: Callable[[Started], None] = lambda _started: None) -> Ended:
        """Run until stopped.

        Parameters
        ----------
        announce
            Called when everything has been started.

        Raises
        ------
        SurroundingsError
            If another collector holds the folder, the address is taken, the historian belongs to another process, or
            the disk refuses.
        """
        self.began = self.clock.now()
        settings = self.settings
        with FolderLock(settings.folder) as lock, _asked_to_stop(self.stop):
            self.links = numbered(settings.folder, self.links)
            listener = listening(settings.host, settings.port)
            vault = Vault(self._opening, new_tags(self.document, self.links), settings.folder, self.clock, self.log)
            async with AsyncExitStack() as stack:
                stack.callback(listener.close)
                stack.push_async_callback(vault.close)
                await vault.open()
                await stack.enter_async_context(serving(self._told(vault), listener))
                lock.say(url_of(listener))
                await _owned_at(vault, url_of(listener))
                started = Started(self._standings(), url_of(listener), settings.folder, vault.state)
                self.log.say("info", "started", address=started.url, connections=len(self.links))
                return await self._collect(vault, lambda: announce(started))

    async def _collect(self, vault: Vault, announce: Callable[[], None]) -> Ended:
        """Everything between the start and the end."""
        async with _tasks(self.log) as background:
            background(self._watch_loop(), "loop")
            background(vault.keep_open(), "historian")
            if self.settings.seconds is not None:
                background(self._stop_after(self.settings.seconds), "end")
            threads = ThreadPoolExecutor(len(self.links) + 1, "spool")
            try:
                announce()
                if await self._numbers(vault):
                    units = conversions_of(self.document, vault.numbers)
                    self.running = await self._made(vault.numbers, threads)
                    background(Upkeep(vault, self.document.historian.keep, self.clock, self.log).run(), "upkeep")
                    await self._run(vault, units)
                return self._ended(vault)
            finally:
                for one in self.running:
                    one.spool.close()
                threads.shutdown(wait=False)

    async def _run(self, vault: Vault, units: Conversions) -> None:
        async with _tasks(self.log) as handing, _tasks(self.log) as writing:
            for one in self.running:
                writing(one.keeper.write(), f"{one.link.name}: spool")
                handing(one.hand_over(vault, units), f"{one.link.name}: historian")
            async with _tasks(self.log) as streaming:
                streams = [streaming(one.stream(), one.link.name) for one in self.running]
                await self._until_stopped(streams)
            await self._flush()
            await self._drain()

    async def _until_stopped(self, streams: Sequence[asyncio.Task[None]]) -> None:
        """Until somebody says so, or every source has come to its end."""
        waits: list[asyncio.Task[object]] = [asyncio.create_task(self._stopping.wait())]
        if self.settings.once:
            waits.append(asyncio.create_task(self._until_through(streams)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _stop_after(self, seconds: float) -> None:
        await self.clock.sleep(seconds)
        self.stop()

    async def _until_through(self, streams: Sequence[asyncio.Task[None]]) -> None:
        while not all(one.through or stream.done() for one, stream in zip(self.running, streams, strict=True)):
            await asyncio.sleep(0.1)

    async def _flush(self) -> None:
        """Bring to the disk what the connections handed over last."""
        flushing = [asyncio.create_task(one.keeper.flush()) for one in self.running]
        _, late = await asyncio.wait(flushing, timeout=self.settings.patience)
        for task in late:
            task.cancel()

    async def _drain(self) -> None:
        """Give the historian a bounded time to take what is in the spools."""
        end = asyncio.get_running_loop().time() + self.settings.patience
        while any(one.waiting for one in self.running) and asyncio.get_running_loop().time() < end:
            for one in self.running:
                one.keeper.arrived.set()
            if all(one.trouble or one.unread for one in self.running if one.waiting):
                return  # the historian or the disk refuses: the rows wait in the spools
            await asyncio.sleep(0.05)

    async def _numbers(self, vault: Vault) -> bool:
        """Wait for the numbers of the tags where neither the store nor the folder has them; False: stopped before."""
        if not vault.numbers:
            self.log.say(
                "warning", "no_numbers", said="nothing is collected before the historian gave the tags numbers"
            )
        while not vault.numbers and not self._stopping.is_set():
            await asyncio.sleep(0.1)
        return bool(vault.numbers)

    async def _made(self, numbers: Mapping[str, int], threads: ThreadPoolExecutor) -> list[Running]:
        """Every connection with its spool; a spool may take a moment to be read."""
        links = (*self.links, *left_over(self.settings.folder / "spool", self.links))
        return list(await asyncio.gather(*(self._made_one(link, numbers, threads) for link in links)))

    async def _made_one(self, link: Link, numbers: Mapping[str, int], threads: ThreadPoolExecutor) -> Running:
        folder = self.settings.folder

        def opened() -> Spool:
            return Spool(
                folder / "spool", link.name, source=link.number, bounds=self.settings.bounds, now=self.clock.now
            )

        spool = await asyncio.get_running_loop().run_in_executor(threads, opened)
        refused = Rejected(folder / "rejected", link.name)
        tags = addresses_of(self.document, link, numbers)
        one = Running(link, tags, spool, refused, threads, self.clock, self.log)
        one.say_findings()
        return one

    def _told(self, vault: Vault) -> Told:
        async def ask(question: Callable[[Reader], pl.DataFrame | int]) -> pl.DataFrame | int:
            return await vault.read(question)

        def metrics() -> str:
            return self.log.hidden(exposition(self.running, vault, self.began, self.clock.now(), self.loop_lag))

        return Told(lambda: self.report(vault), metrics, ask, self.settings.token)

    def report(self, vault: Vault) -> Report:
        """How everything is now."""
        others = [] if self.running or vault.numbers else ["nothing is collected: the tags have no numbers yet"]
        kept = self.document.historian
        insecure = isinstance(kept, PostgresHistorian) and postgres_is_open(kept.url)
        now = self.clock.now()
        return report(self.document.name, self.began, now, self.running, vault, self.log, others, insecure=insecure)

    def _standings(self) -> Sequence[Standing]:
        counted = {link.name: len(new_tags(self.document, (link,))) for link in self.links}
        return [Standing(link.name, link.kind, counted[link.name]) for link in self.links]

    def _ended(self, vault: Vault) -> Ended:
        overs = [one.over.counts for one in self.running if one.over is not None]
        ended = Ended(
            received=sum(one.keeper.kept for one in self.running),
            stored=sum(over.stored for over in overs),
            known=sum(over.duplicate for over in overs),
            waiting=sum(one.waiting for one in self.running),
            needs=[str(text) for text in _list(self.report(vault).document["needs"])],
        )
        self.log.say("info", "stopped", received=ended.received, stored=ended.stored, waiting=ended.waiting)
        return ended

    async def _watch_loop(self) -> None:
        """Measure by how much a pause of the loop is too long: a connector that blocks it is seen here."""
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            await asyncio.sleep(1.0)
            self.loop_lag = max(loop.time() - began - 1.0, 0.0)
            if self.loop_lag > 1.0:
                self.log.say("warning", "loop_blocked", seconds=round(self.loop_lag, 3))


def _refuse_nothing(document: Enterprise, found: Sequence[Link]) -> None:
    """Refuse a document that has nothing to collect."""
    if not found:
        way_out = "Declare a live source, such as kind: opcua, or replay; files are taken by `ferrolan ingest`."
        fault = Fault(str(document.path), 0, "sources", "files alone", "a live source", way_out, "nothing_live")
        raise DocumentError([fault])
    faults = [
        Fault(str(document.tags_path), 0, f"sources.{link.name}", "no tag of it", "a tag",
              f"Give tags the source {link.name}, or remove it.", "no_tags")
        for link in found
        if not new_tags(document, (link,))
    ]  # fmt: skip
    if faults:
        raise DocumentError(faults)


@contextmanager
def _asked_to_stop(stop: Callable[[], None]) -> Iterator[None]:
    """Stop in an orderly way when the process is asked to end; a second time it ends at once."""
    loop = asyncio.get_running_loop()
    asked: list[signal.Signals] = []

    def heard(number: signal.Signals) -> None:
        asked.append(number)
        stop()
        if len(asked) > 1:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    taken = []
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(ValueError, RuntimeError):  # not in the main thread, as in some tests
            loop.add_signal_handler(number, heard, number)
            taken.append(number)
    try:
        yield
    finally:
        for number in taken:
            loop.remove_signal_handler(number)


@asynccontextmanager
async def _tasks(log: Log) -> AsyncIterator[Callable[..., asyncio.Task[None]]]:
    """Tasks that are ended when the block ends; one that fails is said, and never lost."""
    made: list[asyncio.Task[None]] = []

    def begin(work: object, name: str) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(work, name=name)  # type: ignore[arg-type]
        task.add_done_callback(ended)
        made.append(task)
        return task

    def ended(task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.say("error", "task_failed", None, task=task.get_name(), said=f"{type(error).__name__}: {error}")

    try:
        yield begin
    finally:
        for task in made:
            task.cancel()
        if made:
            await asyncio.wait(made, timeout=10.0)


async def _owned_at(vault: Vault, url: str) -> None:
    """Say in the historian's own folder where its owner answers, where it has a place for that."""

    def own(store: Store) -> None:
        say = getattr(store, "own", None)
        if say is not None:
            say(url)

    with suppress(FerrolanError):  # it is away: said already
        await vault.write(own)


def _list(found: object) -> list[object]:
    return found if isinstance(found, list) else []


def folder_of(document: Enterprise, out: Path | None) -> Path:
    """The folder of a document's collector: ``collected/<name>`` beside the document, if no other is named.

    Raises
    ------
    SurroundingsError
        If it cannot be made.
    """
    folder = Path(out) if out is not None else document.path.parent / "collected" / document.name
    with storing(folder):
        folder.mkdir(0o700, parents=True, exist_ok=True)
    return folder
