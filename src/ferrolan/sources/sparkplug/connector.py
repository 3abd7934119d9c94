"""The connector of a Sparkplug broker: a line, the host's state machine, and the sink.

The line brings 40 messages; the host makes 800 rows of them; the sink has them on the disk; then the messages are
acknowledged. When the line breaks, every metric has a gap from the last sign of life on, and the births asked for after
the return close it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime

import polars as pl

from ferrolan.base.spans import seconds
from ferrolan.sources.browsed import Found
from ferrolan.sources.live import Health, Json, Place, Sink
from ferrolan.sources.mqtt_line import Arrived, Line, LineError, Said, not_let_in, redialled
from ferrolan.sources.source import Discovered, Discovery, TagAddress
from ferrolan.sources.sparkplug.host import Host, Publish
from ferrolan.sources.sparkplug.node import Patience
from ferrolan.sources.sparkplug.spec import SparkplugSource
from ferrolan.sources.sparkplug.survey import TOPICS, Survey

_STATE_EVERY = 5_000_000  # how often the last proven life is kept while nothing arrives [us]
_HEALTH_EVERY = 1_000_000  # how often what cannot be had is listed anew [us]
_IDLE = 1.0  # longest wait for a message [s]
_REJECTED = ("refused_metrics", "refused_messages", "unknown_metrics", "unresolved")
_OWN = {"duplicate", "late", "dropped_messages"}  # counters of Health itself


class SparkplugConnector:
    """A host application on one broker; see ``ferrolan.sources.live.Connector``."""

    def __init__(self, spec: SparkplugSource, place: Place) -> None:
        self._spec, self._place = spec, place
        self._health = Health(since=place.clock.now())
        self._health.figures["insecure"] = float(spec.insecure)
        self._health.figures["expected_life"] = 3.0 * seconds(spec.keep_alive)
        self._kept = self._looked = 0

    @property
    def health(self) -> Health:
        """How the connection is now."""
        return self._health

    async def stream(self, tags: Sequence[TagAddress], sink: Sink) -> None:
        """Be a host application for the tags, until cancelled.

        Raises
        ------
        SourceError
            If an address of a tag cannot be one, or a certificate cannot be read.
        SurroundingsError
            If a secret is missing.
        """
        patience = Patience(_us(self._spec.reorder), _us(self._spec.birth_within))
        host = Host(self._spec.host_id, tags, sink.state, patience)
        if len(host):  # the gaps since an earlier life of ours
            await self._keep(host, sink, host.memory(self._now()))
        try:
            await redialled(lambda: self._live(host, sink), self._health, self._place)
        finally:
            self._health.turn("stopped", self._now())

    async def discover(self) -> Discovery:
        """Addresses of all metrics whose births are heard, or asked for, within the time to listen.

        Raises
        ------
        SourceError
            If the broker cannot be reached or refuses.
        """
        found = await self.browse()
        return Discovery(tuple(Discovered(item.address, 0) for item in sorted(found, key=lambda item: item.address)))

    async def browse(self, limit: int = 100_000) -> Sequence[Found]:
        """What the births say of all metrics: type, unit, range.

        Raises
        ------
        SourceError
            If the broker cannot be reached or refuses.
        """
        survey = Survey(self._spec.nodes)
        line = Line(self._spec, self._place, lasting=False)
        try:
            await line.open()
            await line.subscribe(TOPICS)
            until = self._now() + _us(self._spec.listen)
            while (left := until - self._now()) > 0:
                for said in survey.asks(self._now()):
                    await line.publish(_said(said))
                for message in await line.arrived(min(left / 1e6, _IDLE)):
                    survey.hear(message.topic, message.payload)
                    line.acknowledge([message])
        except LineError as error:
            raise not_let_in(self._place, error) from None
        finally:
            await line.close()
        return survey.found()[:limit]

    async def history(self, tags: Sequence[TagAddress], start: datetime, end: datetime) -> AsyncIterator[pl.DataFrame]:
        """Nothing: a node that kept samples sends them by itself, as historical ones."""
        nothing: tuple[pl.DataFrame, ...] = ()
        for frame in nothing:
            yield frame

    async def _live(self, host: Host, sink: Sink) -> None:
        """Open a line and live with it until it breaks or we are stopped."""
        opening = host.opening(self._now())
        line = Line(self._spec, self._place, _said(opening.will))
        await line.open()
        try:
            refused = await line.subscribe(opening.topics)
            await line.publish(_said(opening.birth))
            host.connected(self._now())
            self._begin(host, refused)
            while True:
                await self._turn(line, host, sink)
        except asyncio.CancelledError:
            await _farewell(line, host.closing(self._now()))
            raise
        except LineError:
            host.lost(line.proven(self._now()))
            await self._keep(host, sink, host.memory(line.proven(self._now())))
            self._show(host, self._now() + _HEALTH_EVERY)
            raise
        finally:
            await line.close()

    def _begin(self, host: Host, refused: Sequence[str]) -> None:
        said = "without TLS, as declared" if self._spec.insecure else "TLS"
        self._health.turn("connected", self._now(), said)
        host.remarks |= dict.fromkeys(refused, "the broker refuses the subscription")

    async def _turn(self, line: Line, host: Host, sink: Sink) -> None:
        """Take what arrived, keep what became of it, acknowledge it."""
        messages = await line.arrived(self._wait(host))
        now = self._now()
        for message in messages:
            self._receive(host, message, now)
        host.tick(now)
        proven = line.proven(now)
        self._health.proven = proven
        publish = await self._keep(host, sink, host.memory(proven), idle=bool(messages) and host.holding)
        line.acknowledge(messages)
        for said in publish:
            await line.publish(_said(said))
        self._show(host, now)

    def _receive(self, host: Host, message: Arrived, now: int) -> None:
        """Hand a message to the host; a retained one tells of the past, unless it is a STATE."""
        if message.retain and "STATE/" not in message.topic:
            host.counts["retained"] += 1
        else:
            host.receive(message.topic, message.payload, now)

    async def _keep(
        self, host: Host, sink: Sink, memory: dict[str, Json], *, idle: bool = False
    ) -> tuple[Publish, ...]:
        """Keep the rows there are, and with them, or from time to time, what must be known after a restart."""
        taken = host.take()
        now = self._now()
        rows = sum(frame.height for frame in (taken.samples, taken.texts) if frame is not None)
        if rows or idle or now - self._kept >= _STATE_EVERY:
            await sink.keep(taken.samples, taken.texts, state=memory)
            self._kept = now
            self._health.received += rows
        return taken.publish

    def _wait(self, host: Host) -> float:
        wake = host.wake
        return _IDLE if wake is None else min(_IDLE, max(0.0, (wake - self._now()) / 1e6))

    def _show(self, host: Host, now: int) -> None:
        if now - self._looked < _HEALTH_EVERY:
            return
        self._looked = now
        health, counts = self._health, host.counts
        health.duplicate, health.late = counts["duplicate"] + counts["duplicate_messages"], counts["late"]
        health.rejected, health.dropped = sum(counts[name] for name in _REJECTED), counts["dropped_messages"]
        health.gaps = host.gaps
        health.faults = host.faults
        health.figures |= {name: float(count) for name, count in counts.items() if name not in _OWN}

    def _now(self) -> int:
        return self._place.clock.now()


async def _farewell(line: Line, death: Publish) -> None:
    try:
        await asyncio.wait_for(line.publish(_said(death)), 3.0)
    except (LineError, TimeoutError):
        return  # the broker says the will in its place


def _said(said: Publish) -> Said:
    return Said(said.topic, said.payload, said.qos, said.retain)


def _us(span: str) -> int:
    return round(seconds(span) * 1e6)
