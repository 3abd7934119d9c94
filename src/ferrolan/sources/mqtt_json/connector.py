"""The connector of a broker of plain MQTT: a line, the desk, and the sink. It subscribes, and publishes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime

import polars as pl

from ferrolan.base.spans import seconds
from ferrolan.sources.live import Health, Json, Place, Sink
from ferrolan.sources.mqtt import MqttSource
from ferrolan.sources.mqtt_json import reading
from ferrolan.sources.mqtt_json.desk import Desk
from ferrolan.sources.mqtt_line import Line, LineError, not_let_in, redialled
from ferrolan.sources.source import Discovered, Discovery, TagAddress

_STATE_EVERY = 5_000_000  # how often the last proven life is kept while nothing arrives [us]
_IDLE = 1.0  # longest wait for a message [s]
_MOST = 100_000  # addresses that are listed


class MqttConnector:
    """Topics of one broker; see ``ferrolan.sources.live.Connector``."""

    def __init__(self, spec: MqttSource, place: Place) -> None:
        self._spec, self._place = spec, place
        self._health = Health(since=place.clock.now())
        self._health.figures["insecure"] = float(spec.insecure)
        self._health.figures["expected_life"] = 3.0 * seconds(spec.keep_alive)
        self._kept = 0
        self._refused: dict[str, str] = {}

    @property
    def health(self) -> Health:
        """How the connection is now."""
        return self._health

    async def stream(self, tags: Sequence[TagAddress], sink: Sink) -> None:
        """Hand on what arrives under the topics of the tags, until cancelled.

        Raises
        ------
        SourceError
            If an address of a tag cannot be one, or a certificate cannot be read.
        SurroundingsError
            If a secret is missing.
        """
        silence = round(seconds(self._spec.silence) * 1e6) if self._spec.silence else None
        desk = Desk(tags, self._spec.payloads, self._place.time_zone, silence, sink.state)
        if len(desk):  # the gaps since an earlier life of ours
            await self._keep(desk, sink, self._place.clock.now())
        try:
            await redialled(lambda: self._live(desk, sink), self._health, self._place)
        finally:
            self._health.turn("stopped", self._place.clock.now())

    async def discover(self) -> Discovery:
        """Addresses of the values heard within the time to listen, retained ones among them.

        Raises
        ------
        SourceError
            If the broker cannot be reached or refuses.
        """
        found: dict[str, int] = {}
        line = Line(self._spec, self._place, lasting=False)
        try:
            await line.open()
            await line.subscribe([self._spec.discover])
            until = self._place.clock.now() + round(seconds(self._spec.listen) * 1e6)
            while (left := until - self._place.clock.now()) > 0:
                for message in await line.arrived(min(left / 1e6, _IDLE)):
                    line.acknowledge([message])
                    for address in _addresses(message.topic, message.payload):
                        if address in found or len(found) < _MOST:
                            found[address] = found.get(address, 0) + 1
        except LineError as error:
            raise not_let_in(self._place, error) from None
        finally:
            await line.close()
        return Discovery(tuple(Discovered(address, found[address]) for address in sorted(found)))

    async def history(self, tags: Sequence[TagAddress], start: datetime, end: datetime) -> AsyncIterator[pl.DataFrame]:
        """Nothing: a broker keeps no history."""
        nothing: tuple[pl.DataFrame, ...] = ()
        for frame in nothing:
            yield frame

    async def _live(self, desk: Desk, sink: Sink) -> None:
        line = Line(self._spec, self._place)
        present = await line.open()
        try:
            refused = await line.subscribe(desk.topics)
            self._refused = dict.fromkeys(refused, "the broker refuses the subscription")
            desk.resumed(self._place.clock.now(), present=present)
            said = "without TLS, as declared" if self._spec.insecure else "TLS"
            self._health.turn("connected", self._place.clock.now(), said)
            while True:
                await self._turn(line, desk, sink)
        except LineError:
            proven = line.proven(self._place.clock.now())
            desk.lost(proven)
            await self._keep(desk, sink, proven)
            self._show(desk)
            raise
        finally:
            await asyncio.shield(line.close())

    async def _turn(self, line: Line, desk: Desk, sink: Sink) -> None:
        """Take what arrived, keep what became of it, acknowledge it."""
        messages = await line.arrived(_IDLE)
        now = self._place.clock.now()
        for message in messages:
            desk.receive(message.topic, message.payload, now, qos=message.qos, retain=message.retain, dup=message.dup)
        desk.tick(now)
        self._health.proven = line.proven(now)
        await self._keep(desk, sink, self._health.proven)
        line.acknowledge(messages)
        self._show(desk)

    async def _keep(self, desk: Desk, sink: Sink, proven: int) -> None:
        """Keep the rows there are, and with them, or from time to time, what must be known after a restart."""
        rows, now = len(desk), self._place.clock.now()
        refused = desk.rejected(self._place.name)
        if refused is not None:
            await sink.reject(refused)
        if rows or now - self._kept >= _STATE_EVERY:
            samples, texts = desk.take()
            await sink.keep(samples, texts, state=desk.memory(proven))
            self._kept = now
            self._health.received += rows

    def _show(self, desk: Desk) -> None:
        health, counts = self._health, desk.counts
        health.duplicate, health.late, health.rejected = counts["duplicate"], counts["late"], counts["rejected"]
        health.gaps = counts["gaps"]
        health.faults = self._refused | desk.faults
        health.figures |= {name: float(counts[name]) for name in ("retained", "absent_values", "silent_topics")}


def _addresses(topic: str, content: bytes) -> Iterator[str]:
    """Address of every single value in a payload."""
    try:
        found = reading.payload(content)
    except reading.WrongJson:
        return
    for steps in _leaves(found, ()):
        text = reading.shown(steps) if steps else ""
        if reading.path(text) == steps:
            yield f"{topic}#{text}"


def _leaves(found: Json, steps: reading.Path) -> Iterator[reading.Path]:
    if isinstance(found, dict):
        for key, value in found.items():
            yield from _leaves(value, (*steps, key))
    elif isinstance(found, list):
        for place, value in enumerate(found):
            yield from _leaves(value, (*steps, place))
    else:
        yield steps
