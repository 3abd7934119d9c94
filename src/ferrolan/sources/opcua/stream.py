"""A life of subscribing: connect, receive, notice that the link is gone, mark the gap, come back, fill it.

Four things run beside each other while a link stands. Messages are asked for and put into a bounded queue, which is
also the proof that the server lives; a second one makes rows of them, keeps them, and only then has them acknowledged;
a third watches the proof; a fourth subscribes, fills gaps, and tries again what the server refused. Whichever fails
ends the link. A gap begins at the last proof of life, not at the last value: a subscription is silent while nothing
changes.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from ferrolan.base.errors import FerrolanError, SourceError
from ferrolan.base.secrets import hidden
from ferrolan.base.spans import seconds
from ferrolan.base.status import RETRACTED, StatusCode
from ferrolan.sources.cancelling import heed_cancelling
from ferrolan.sources.live import Health, Place, Sink, gathered, gathered_texts, retraction
from ferrolan.sources.opcua.address import Address, parse
from ferrolan.sources.opcua.backfill import known_before, pages, unsupported
from ferrolan.sources.opcua.gaps import Gap, Memory, Recent, remembered
from ferrolan.sources.opcua.login import LinkFailed
from ferrolan.sources.opcua.rows import Clocks, Names, Rows, mismatched, rows
from ferrolan.sources.opcua.session import BAD_NODE_UNKNOWN, Asked, Node, Session
from ferrolan.sources.opcua.spec import OpcUaSpec
from ferrolan.sources.opcua.trust import Trust
from ferrolan.sources.opcua.types import enumerations
from ferrolan.sources.opcua.wire import Notified, chosen
from ferrolan.sources.source import TagAddress

_WAITING = 3  # Publish requests the server holds, so that it can always answer
_QUEUED = 64  # messages received and not yet kept; then no further one is asked for
_PERIODS = 3  # keep-alive periods without proof of life after which a link is torn down
_TRIES = 3  # times that filling one gap may break the link before the gap is left as it is
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST = 3_600.0  # s between two tries of a tag the server refused


@dataclass
class _Link:
    """One connection while it stands: how often its server proves to live [s], when it last did, what is queued."""

    session: Session
    subscription: int
    life: float
    proof: float
    queue: asyncio.Queue[tuple[Notified, int] | None] = field(default_factory=lambda: asyncio.Queue(_QUEUED))
    done: list[tuple[int, int]] = field(default_factory=list)
    """Messages (subscription, number) whose rows are on the disk and that can be acknowledged."""
    number: int = 0
    full: bool = False
    torn: asyncio.Event = field(default_factory=asyncio.Event)


class Stream:
    """The tags of one server on their way to a sink."""

    def __init__(
        self, spec: OpcUaSpec, place: Place, trust: Trust, health: Health, tags: Sequence[TagAddress], sink: Sink
    ) -> None:
        self._spec, self._place, self._trust, self._health, self._sink = spec, place, trust, health, sink
        self._names = Names(tags)
        self._numbers = [int(number) for number in self._names.numbers]
        self._addresses = [_address(tag) for tag in tags]
        self._memory = remembered(sink.state) if sink.state else _beginning(spec)
        self._recent = Recent()
        self._lock = asyncio.Lock()
        self._ahead = 0
        self._saved = 0.0
        self._times = np.zeros(len(tags), np.int64)
        self._newest = np.full(len(tags), self._memory.newest)
        self._values = np.full(len(tags), np.nan)
        self._refused: dict[int, int] = {}
        self._tries: dict[Gap, int] = {}
        self._more = asyncio.Event()
        self._session: Session | None = None

    @property
    def session(self) -> Session | None:
        """The open session; None while there is none."""
        return self._session

    async def run(self) -> None:
        """Receive until cancelled."""
        await self._mark_gap()
        tried = 0
        while True:
            started = self._place.clock.now()
            lasting = False
            try:
                await self._link()
            except LinkFailed as error:
                lasting = error.lasting
                self._turn("lost" if self._health.state == "connected" else "waiting", str(error))
            except FerrolanError:
                raise
            except Exception as error:  # whatever a peer makes the library do
                self._turn("lost", hidden(f"the link failed: {type(error).__name__}: {error}"))
            await self._mark_gap()
            stood = (self._place.clock.now() - started) * 1e-6 > seconds(self._spec.retry_longest)
            tried = 0 if stood else tried + 1
            await self._pause(tried, lasting)

    async def _link(self) -> None:
        """One connection from its first message to its end."""
        self._session = await Session.open(self._spec, self._place, self._trust)
        broken = True
        try:
            subscription, life = await self._session.subscribe(
                seconds(self._spec.publishing), seconds(self._spec.keep_alive)
            )
            self._welcome(life)
            await self._live(_Link(self._session, subscription, life, _now()))
        except asyncio.CancelledError:
            broken = False
            raise
        finally:
            session, self._session = self._session, None
            await session.close(polite=not broken)

    async def _live(self, link: _Link) -> None:
        """Run the four tasks; what was received before the end is still kept."""
        keeper = asyncio.create_task(self._keep_all(link))
        others = [asyncio.create_task(one) for one in (self._receive(link), self._watch(link), self._work(link))]
        try:
            await asyncio.wait([keeper, *others], return_when=asyncio.FIRST_COMPLETED)
            await _ended(others)
            if not keeper.done():
                await _put(link.queue, keeper)
                await asyncio.wait([keeper])
        finally:
            failed = [*(await _ended([keeper, *others]))]
        raise next(iter(failed), LinkFailed("the link ended"))

    async def _receive(self, link: _Link) -> None:
        """Ask for messages, in order, and queue them; each one proves that the server lives."""
        waiting: deque[asyncio.Task[Notified]] = deque()
        try:
            while True:
                while len(waiting) < _WAITING:
                    done, link.done = link.done, []
                    waiting.append(asyncio.create_task(link.session.publish(done)))
                note = await waiting.popleft()
                self._proved(link, note)
                link.full = link.queue.full()
                await link.queue.put((note, self._place.clock.now()))
                link.full, link.proof = False, _now()
                if note.changed is not None and note.changed >= StatusCode.BAD:
                    raise LinkFailed(f"the server ended the subscription with {note.changed:#010x}")
        finally:
            await _ended(list(waiting))

    def _proved(self, link: _Link, note: Notified) -> None:
        now = self._place.clock.now()
        link.proof, self._health.proven = _now(), now
        self._ahead = note.published - now if note.published else self._ahead
        self._health.figures["clock_ahead_s"] = self._ahead * 1e-6
        if note.values is None and note.changed is None:
            return  # a keep-alive carries the number of the next message
        if link.number and note.sequence != link.number % 0xFFFFFFFF + 1:
            self._health.dropped += 1
            self._lacking(Gap(self._memory.proven, self._server_now(), None, marked=False))
        link.number = note.sequence

    async def _keep_all(self, link: _Link) -> None:
        """Make rows of what was queued and keep them; then they may be acknowledged."""
        while True:
            batch = [await link.queue.get()]
            while not link.queue.empty():
                batch.append(link.queue.get_nowait())
            notes = [one for one in batch if one is not None]
            if notes:
                await self._keep_batch(notes)
                link.done += [(note.subscription, note.sequence) for note, _ in notes if note.values is not None]
            if len(notes) < len(batch):
                return

    async def _keep_batch(self, notes: Sequence[tuple[Notified, int]]) -> None:
        made = [self._rows(note, now) for note, now in notes if note.values is not None]
        last, now = notes[-1]
        proven, newest = last.published or now + self._ahead, int(self._newest.max(initial=0))
        self._memory = replace(self._memory, proven=proven, at=now, newest=newest)
        if made:
            samples, texts = pl.concat([one.samples for one in made]), pl.concat([one.texts for one in made])
            await self._keep(samples, texts)

    def _rows(self, note: Notified, now: int) -> Rows:
        """Rows of a message without what was handed over as the last of its tag."""
        assert note.values is not None
        values = chosen(note.values, note.values.handles < len(self._numbers))
        self._health.rejected += len(note.values) - len(values)
        times, last = np.where(values.sourced > 0, values.sourced, values.served), self._times[values.handles]
        same = self._values[values.handles]
        again = (times > 0) & (times == last) & ((values.numbers == same) | (np.isnan(values.numbers) & np.isnan(same)))
        self._health.duplicate += int(again.sum())
        self._health.late += int((times < last).sum())
        values = chosen(values, ~again)
        found = rows(values, self._names, Clocks(now, self._ahead, self._bound))
        if len(found.overflown):
            self._overflown(found.overflown, note.published or self._server_now())
        for place, what in mismatched(values, self._names).items():
            self._health.faults[self._names.tags[place].name] = what
        self._times[values.handles] = times[~again]
        np.maximum.at(self._newest, values.handles, times[~again])
        self._values[values.handles] = values.numbers
        return found

    def _overflown(self, places: np.ndarray[tuple[int, ...], np.dtype[np.int64]], until: int) -> None:
        """The server's queue ran over: what it threw away may be in its history."""
        self._health.dropped += len(places)
        since = int(self._times[places].min())
        if since > 0:
            self._lacking(Gap(since, until, tuple(self._numbers[place] for place in places), marked=False))

    def _lacking(self, missing: Gap) -> None:
        self._memory = replace(self._memory, gaps=(*self._memory.gaps, missing))
        self._more.set()

    async def _watch(self, link: _Link) -> None:
        """End a link whose server has not proved to live; keep the last proof beside the rows."""
        while True:
            await asyncio.sleep(max(0.02, link.life / 4))
            silent = _now() - link.proof
            if silent > _PERIODS * link.life and not link.full:
                raise LinkFailed(f"connected, but nothing heard for {silent:.3g} s", "a sign of life within "
                                 f"{_PERIODS * link.life:.3g} s", code="silent_server")  # fmt: skip
            if _now() - self._saved > link.life and self._memory.proven:
                await self._keep(None, None)

    async def _work(self, link: _Link) -> None:
        """Subscribe, come back, fill gaps, and try again what was refused."""
        nodes = [None if one is None else link.session.node(one) for one in self._addresses]
        await self._find_enumerations(link.session, nodes)
        await self._subscribe(link, nodes, range(len(nodes)))
        await self._come_back(link, nodes)
        pause = seconds(self._spec.retry)
        while True:
            await self._fill_gaps(link.session, nodes)
            try:
                await asyncio.wait_for(self._more.wait(), pause if self._refused else None)
            except TimeoutError:
                pause = min(2 * pause, _LONGEST)
                nodes = await self._try_again(link, nodes)
            heed_cancelling()

    async def _find_enumerations(self, session: Session, nodes: Sequence[Node | None]) -> None:
        texts = {place: node for place, node in enumerate(nodes) if self._names.text[place] and node is not None}
        if texts:
            self._names.enumerations = await enumerations(session, texts)

    async def _subscribe(self, link: _Link, nodes: Sequence[Node | None], places: Sequence[int]) -> None:
        """Add items; each one the server refuses is noted with its status."""
        items = [
            (place, node, address.range)
            for place in places
            if (node := nodes[place]) is not None and (address := self._addresses[place]) is not None
        ]
        statuses = await link.session.monitor(
            link.subscription, items, seconds(self._spec.sampling), self._spec.queue_size
        )
        refused = dict(self._unknown(nodes, places))
        refused |= {place: code for (place, _, _), code in zip(items, statuses, strict=True) if code >= StatusCode.BAD}
        await self._note_refused(refused, places)

    def _unknown(self, nodes: Sequence[Node | None], places: Sequence[int]) -> list[tuple[int, int]]:
        return [
            (place, int(StatusCode.BAD_CONFIGURATION_ERROR) if self._addresses[place] is None else BAD_NODE_UNKNOWN)
            for place in places
            if nodes[place] is None
        ]

    async def _note_refused(self, refused: dict[int, int], places: Sequence[int]) -> None:
        news = {place: code for place, code in refused.items() if self._refused.get(place) != code}
        for place in places:
            name = self._names.tags[place].name
            if place in refused:
                self._health.faults[name] = _reason(refused[place], self._names.tags[place].address)
            elif place in self._refused:
                self._health.faults.pop(name, None)
                del self._refused[place]
        self._refused |= refused
        if news:
            await self._keep(*self._unvalued(news, self._server_now()))

    async def _try_again(self, link: _Link, nodes: list[Node | None]) -> list[Node | None]:
        places = sorted(self._refused)
        nodes = [link.session.node(one) if one is not None else None for one in self._addresses]
        await self._subscribe(link, nodes, places)
        return nodes

    async def _come_back(self, link: _Link, nodes: Sequence[Node | None]) -> None:
        """Give each tag a row at the first proven time, with the value read then, and say where the gap ended."""
        places = [place for place, node in enumerate(nodes) if node is not None and place not in self._refused]
        ranges = {
            row: address.range
            for row, place in enumerate(places)
            if (address := self._addresses[place]) and address.range
        }
        asked = self._server_now()
        read = await link.session.read([node for place in places if (node := nodes[place]) is not None], ranges=ranges)
        read = replace(read, handles=np.array(places, dtype=np.int64)[read.handles])
        until, now = self._server_now(), self._place.clock.now()
        later = (read.sourced > asked) & (read.sourced <= until + self._bound)  # a value that came after the question
        at = np.where(later, read.sourced, asked)
        found = rows(read, self._names, Clocks(now, self._ahead, self._bound), at=at)
        broken, memory = self._memory.broken, self._memory
        if broken is not None:
            closed = self._closed(broken, until, now)
            memory = replace(memory, gaps=tuple(closed if one == broken else one for one in memory.gaps))
            bad = self._unvalued(self._refused, until)
            found = Rows(pl.concat([found.samples, bad[0]]), pl.concat([found.texts, bad[1]]), found.overflown)
        self._memory = memory
        await self._keep(found.samples, found.texts)

    def _closed(self, broken: Gap, until: int, now: int) -> Gap:
        """The gap with its end; where the server's clock was set in between, it is asked for either reading of it."""
        lasted = now - broken.at if broken.at else until - broken.since
        jumped = abs(until - broken.since - lasted) > self._bound
        first = min(broken.since, until - lasted) if jumped else broken.since
        last = max(until, broken.since + lasted) if jumped else until
        return replace(broken, until=last, first=first)

    async def _fill_gaps(self, session: Session, nodes: Sequence[Node | None]) -> None:
        self._more.clear()
        while missing := [one for one in self._memory.gaps if one.until is not None]:
            newest = max(missing, key=lambda one: one.until or 0)
            self._tries[newest] = self._tries.get(newest, 0) + 1
            if self._spec.history == "no" or self._tries[newest] > _TRIES:
                await self._keep(None, None, done=newest)
                continue
            try:
                await self._fill(session, nodes, newest)
            except LinkFailed as error:
                if not unsupported(error):
                    raise
                await self._keep(None, None, done=newest)

    async def _fill(self, session: Session, nodes: Sequence[Node | None], missing: Gap) -> None:
        """Fetch what the server holds of a gap, then withdraw the rows of the tags whose history truly covers it."""
        assert missing.until is not None
        wanted = set(self._numbers if missing.tags is None else missing.tags)
        asked = [
            Asked(place, node)
            for place, node in enumerate(nodes)
            if node is not None and place not in self._refused and self._numbers[place] in wanted
        ]
        first, last = missing.first or missing.since, missing.until
        proved, failed, held = set[int](), set[int](), list[Rows]()
        marked = [missing.since, *(time for _, time in missing.later)]
        async for values, statuses in pages(session, asked, first - self._bound, last + self._bound, self._spec.page):
            failed |= {place for place, status in statuses.items() if status >= StatusCode.BAD}
            proved |= {int(place) for place in values.handles[(values.sourced > 0) & (values.sourced <= missing.since)]}
            clocks = Clocks(self._place.clock.now(), self._ahead, self._bound)
            found = rows(values, self._names, clocks)
            held.append(_at(found, marked))
            await self._keep_history(found)
        open_ones = [one for one in asked if one.handle not in proved | failed]
        proved |= await self._known_before(session, open_ones, missing.since)
        covered = sorted(proved - failed) if session.started <= missing.since else []
        await self._withdraw(missing, covered, held)

    async def _known_before(self, session: Session, asked: Sequence[Asked], since: int) -> set[int]:
        return await known_before(session, asked, since)

    async def _keep_history(self, found: Rows) -> None:
        samples, texts = self._recent.new(found.samples), self._recent.new(found.texts)
        self._health.duplicate += len(found) - len(samples) - len(texts)
        self._health.backfilled += len(samples) + len(texts)
        if len(samples) or len(texts):
            await self._keep(samples, texts)

    async def _withdraw(self, missing: Gap, covered: Sequence[int], held: Sequence[Rows]) -> None:
        """Withdraw the rows of a gap; what the history has at that very time comes after them, so that it stays."""
        if not missing.marked or not covered:
            await self._keep(None, None, done=missing)
            return
        numbers = [self._numbers[place] for place in covered if not self._names.text[place]]
        texts = [self._numbers[place] for place in covered if self._names.text[place]]
        known = {*numbers, *texts}
        later = self._behind([one for one in missing.later if one[0] in known], RETRACTED)
        samples = pl.concat([retraction(numbers, missing.since), later[0], *(one.samples for one in held)])
        words = pl.concat([_unsaid(texts, missing.since, RETRACTED), later[1], *(one.texts for one in held)])
        self._health.gaps -= len(covered)
        await self._keep(samples, words, done=missing)

    async def _mark_gap(self) -> None:
        """Say of each tag that from the last proof of life on nothing is known of it; only once a gap."""
        memory, broken = self._memory, self._memory.broken
        if not memory.proven or (broken is not None and memory.at == broken.at):
            return
        gaps = tuple(replace(one, until=memory.proven) if one == broken else one for one in memory.gaps)
        since = memory.proven + 1  # no value has the time of the proof itself
        ahead = np.flatnonzero(self._newest >= since)
        later = tuple((self._numbers[place], int(self._newest[place]) + 1) for place in ahead)
        self._memory = replace(memory, gaps=(*gaps, Gap(since, at=memory.at, later=later)))
        self._health.gaps += len(self._numbers)
        places = dict.fromkeys(range(len(self._numbers)), int(StatusCode.BAD_NO_COMMUNICATION))
        rows, behind = self._unvalued(places, since), self._behind(later, StatusCode.BAD_NO_COMMUNICATION)
        await self._keep(pl.concat([rows[0], behind[0]]), pl.concat([rows[1], behind[1]]))

    def _behind(self, later: Sequence[tuple[int, int]], status: int) -> tuple[pl.DataFrame, pl.DataFrame]:
        """A row without a value for each tag and time."""
        words = set(self._names.numbers[self._names.text].tolist())
        parts = []
        for wanted, make in ((False, gathered), (True, gathered_texts)):
            chosen = [one for one in later if (one[0] in words) == wanted]
            tags, times = [tag for tag, _ in chosen], [time for _, time in chosen]
            parts.append(make(tags, times, [None] * len(chosen), [int(status)] * len(chosen)))
        return parts[0], parts[1]

    def _unvalued(self, places: dict[int, int], at: int) -> tuple[pl.DataFrame, pl.DataFrame]:
        """A row without a value for each place, with its status."""
        numbers = [(self._numbers[place], code) for place, code in places.items() if not self._names.text[place]]
        texts = [(self._numbers[place], code) for place, code in places.items() if self._names.text[place]]
        samples = gathered(
            [one for one, _ in numbers], [at] * len(numbers), [None] * len(numbers), [code for _, code in numbers]
        )
        words = gathered_texts(
            [one for one, _ in texts], [at] * len(texts), [None] * len(texts), [code for _, code in texts]
        )
        return samples, words

    async def _keep(self, samples: pl.DataFrame | None, texts: pl.DataFrame | None, done: Gap | None = None) -> None:
        """Keep rows and, in the same write, what must be remembered."""
        async with self._lock:
            memory = self._memory.without(done) if done is not None else self._memory
            samples = samples if samples is not None and len(samples) else None
            texts = texts if texts is not None and len(texts) else None
            await self._sink.keep(samples, texts, state=memory.json())
            if done is not None:  # not before: a gap whose end is cancelled here is filled again
                self._memory = self._memory.without(done)
            self._saved = _now()
        for frame in (samples, texts):
            if frame is not None:
                self._recent.add(frame)
                self._health.received += len(frame)

    def _welcome(self, life: float) -> None:
        self._health.reconnects += 1 if self._health.proven else 0
        self._health.proven = self._place.clock.now()
        self._health.figures["expected_life"] = _PERIODS * life
        said = (
            "connected without any security: anyone may read and forge what is sent"
            if self._spec.insecure
            else "connected"
        )
        moment = datetime.fromtimestamp(self._place.clock.now() * 1e-6, UTC)
        ending = () if self._spec.insecure else self._trust.ending(moment)
        self._turn("connected", "; ".join((said, *ending)))

    def _turn(self, state: str, said: str) -> None:
        self._health.turn(state, self._place.clock.now(), said)  # type: ignore[arg-type]  # one of the known states

    async def _pause(self, tried: int, lasting: bool) -> None:
        """Wait before the next try: longer each time, and not all connections at once."""
        longest = seconds(self._spec.retry_longest)
        pause = longest if lasting else min(longest, seconds(self._spec.retry) * 2 ** min(tried, 30) / 2)
        self._turn("waiting", self._health.said)
        await self._place.clock.sleep(pause * random.uniform(0.75, 1.25))  # no secret

    def _server_now(self) -> int:
        return self._place.clock.now() + self._ahead

    @property
    def _bound(self) -> int:
        return int(seconds(self._spec.clock_bound) * 1e6)


async def _ended(
    tasks: Sequence[asyncio.Task[object]] | list[asyncio.Task[None]] | list[asyncio.Task[Notified]],
) -> list[BaseException]:
    """Cancel tasks and wait for them; what they failed with."""
    for task in tasks:
        task.cancel()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    return [one for one in found if isinstance(one, BaseException) and not isinstance(one, asyncio.CancelledError)]


async def _put(queue: asyncio.Queue[tuple[Notified, int] | None], keeper: asyncio.Task[None]) -> None:
    """Tell the keeper that nothing more comes, unless it ends before."""
    putting: Coroutine[object, object, None] = queue.put(None)
    telling = asyncio.create_task(putting)
    await asyncio.wait([telling, keeper], return_when=asyncio.FIRST_COMPLETED)
    telling.cancel()


def _beginning(spec: OpcUaSpec) -> Memory:
    """What the very first start has before it: the history from ``since`` on, as after an outage that nobody marked."""
    if spec.first is None:
        return Memory()
    return Memory(gaps=(Gap((spec.first - _EPOCH) // timedelta(microseconds=1), marked=False),))


def _address(tag: TagAddress) -> Address | None:
    try:
        return parse(tag.address)
    except SourceError:
        return None


def _at(found: Rows, instants: Sequence[int]) -> Rows:
    moment = pl.col("time").dt.epoch("us").is_in(instants)
    return Rows(found.samples.filter(moment), found.texts.filter(moment), found.overflown)


def _unsaid(tags: Sequence[int], since: int, status: int) -> pl.DataFrame:
    return gathered_texts(tags, [since] * len(tags), [None] * len(tags), [status] * len(tags))


def _reason(code: int, address: str) -> str:
    said = {
        int(StatusCode.BAD_CONFIGURATION_ERROR): "is no address of an OPC UA node",
        BAD_NODE_UNKNOWN: "the server has no such node (BadNodeIdUnknown)",
        0x80350000: "the server has no such attribute (BadAttributeIdInvalid)",
        0x801F0000: "the user may not read it (BadUserAccessDenied)",
        0x803A0000: "it cannot be read (BadNotReadable)",
    }
    return f"{address}: {said.get(code, 'the server refuses it')} [{code:#010x}]"


def _now() -> float:
    """Time of the machine that never steps [s]; the peer is real, whatever clock the rows go by."""
    return asyncio.get_running_loop().time()
