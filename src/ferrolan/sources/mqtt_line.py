"""One line to an MQTT broker: the one door to aiomqtt. What arrives is acknowledged when it is kept, not before.

A line is opened, used until it breaks, and thrown away. It reads no further while many messages wait, so the broker
keeps them; a message of QoS 1 is acknowledged by ``acknowledge``, which a connector calls after its rows are on the
disk: what was not acknowledged comes again with the same session.

References
----------
OASIS, MQTT Version 5.0, sections 3.1 (CONNECT), 4.1 (Session State), 4.3 (Quality of Service) and 4.4 (Message
delivery retry).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiomqtt
from paho.mqtt.client import MQTTMessage
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from ferrolan.base.errors import SourceError
from ferrolan.base.secrets import hidden
from ferrolan.base.spans import seconds
from ferrolan.sources.broker import Broker
from ferrolan.sources.cancelling import heed_cancelling
from ferrolan.sources.live import Health, Place
from ferrolan.sources.source import refusal

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Pauses before the next try [s]: each twice the one before."""

_REFUSED = 128  # reason codes from here on say no
_PATIENCE = 10.0  # for an answer of the broker [s]
_GOODBYE = 2.0  # for its answer to the last word [s]
_MOST_IN_FLIGHT = 65_535
_AT_ONCE = 500  # topics in one subscription
_HELD = 64 * 2**20  # of payloads that may wait here; while more do, nothing is read from the line [byte]


class LineError(Exception):
    """A line that could not be opened, or broke; the message holds no secret."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message that arrived."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    dup: bool
    mid: int


@dataclass(frozen=True)
class Said:
    """A message of ours."""

    topic: str
    payload: bytes
    qos: int
    retain: bool


class Line:
    """One connection to a broker, for one use.

    Parameters
    ----------
    broker
        How the broker is reached.
    place
        Whose connection it is.
    will
        What the broker says when we are gone without a word.
    lasting
        Whether the broker keeps a session for us; else nothing of an earlier one is taken up.

    Raises
    ------
    SourceError
        If a certificate cannot be read.
    SurroundingsError
        If a secret is not where it is said to be.
    """

    def __init__(self, broker: Broker, place: Place, will: Said | None = None, *, lasting: bool = True) -> None:
        self._broker, self._place = broker, place
        self._secrets: list[str] = []
        self._client = _Client(
            broker.queue,
            hostname=broker.host,
            port=broker.at_port,
            username=broker.user,
            password=self._secret(broker),
            identifier=_identifier(broker, place, lasting),
            will=aiomqtt.Will(will.topic, will.payload, will.qos, will.retain) if will else None,
            keepalive=max(1, round(seconds(broker.keep_alive))),
            timeout=_PATIENCE,
            logger=logging.Logger("mqtt", logging.CRITICAL),  # what matters is said in the health
            tls_context=self._tls(),
            max_queued_outgoing_messages=1_000,
            **_session(broker, lasting),
        )

    async def open(self) -> bool:
        """Connect; says whether the broker still had our session.

        Raises
        ------
        LineError
            If the broker cannot be reached, or refuses us.
        """
        try:
            await self._client.__aenter__()
            heed_cancelling()
        except (aiomqtt.MqttError, OSError, ValueError) as error:
            await self._client.drop()
            raise LineError(self._told(error)) from None
        except BaseException:
            await self._client.drop()
            raise
        return self._client.session_present

    async def close(self) -> None:
        """Say goodbye, so that the broker says no will."""
        try:
            if not self._client.dropped:
                await asyncio.wait_for(self._client.__aexit__(None, None, None), _GOODBYE)
        except (aiomqtt.MqttError, OSError, TimeoutError):
            return  # the broker finds out by itself
        finally:
            await self._client.drop()

    async def subscribe(self, topics: Sequence[str], qos: int = 1) -> tuple[str, ...]:
        """Subscribe; gives the topics the broker refused.

        Raises
        ------
        LineError
            If the line broke.
        """
        refused: list[str] = []
        for start in range(0, len(topics), _AT_ONCE):
            part = topics[start : start + _AT_ONCE]
            granted = await self._asked(self._client.subscribe([(topic, qos) for topic in part]))
            codes = [code if isinstance(code, int) else code.value for code in granted]
            refused += [topic for topic, code in zip(part, codes, strict=True) if code >= _REFUSED]
        return tuple(refused)

    async def publish(self, said: Said) -> None:
        """Send a message of ours.

        Raises
        ------
        LineError
            If the line broke.
        """
        sending = self._client.publish(said.topic, said.payload, said.qos, said.retain)
        await self._asked(self._client.while_it_stands(sending))

    async def arrived(self, patience: float, most: int = 1_000) -> list[Arrived]:
        """What arrived, at most so many; nothing where nothing came within ``patience`` [s].

        Raises
        ------
        LineError
            If the line broke.
        """
        try:
            return await self._client.waiting(patience, most)
        except aiomqtt.MqttError as error:
            raise LineError(self._told(error)) from None

    def acknowledge(self, messages: Iterable[Arrived]) -> None:
        """Tell the broker that messages are kept; those of QoS 0 need no word."""
        for message in messages:
            if message.qos:
                self._client.acknowledge(message)

    def proven(self, now: int) -> int:
        """When the broker last sent anything [us since 1970], the present time being ``now``."""
        return now - round(self._client.silence() * 1e6)

    async def _asked(self, answer: Awaitable[Any]) -> Any:  # Any: what the library answers
        try:
            answered = await answer
        except (aiomqtt.MqttError, OSError, ValueError) as error:
            heed_cancelling()
            raise LineError(self._told(error)) from None
        heed_cancelling()
        return answered

    def _told(self, error: Exception) -> str:
        text = str(error) or type(error).__name__
        return hidden(f"{self._broker.host}:{self._broker.at_port}: {text}", self._secrets)

    def _secret(self, broker: Broker) -> str | None:
        if broker.password is None:
            return None
        text = broker.password.read(self._place.folder)
        self._secrets.append(text)
        return text

    def _tls(self) -> ssl.SSLContext | None:
        broker, folder = self._broker, self._place.folder
        if broker.insecure:
            return None
        try:
            context = ssl.create_default_context(cafile=str(folder / broker.ca) if broker.ca else None)
        except (OSError, ssl.SSLError) as error:
            raise _unreadable(folder / (broker.ca or ""), error) from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if broker.certificate and broker.key:
            password = broker.key_password.read(folder) if broker.key_password else None
            self._secrets += [password] if password else []
            try:
                context.load_cert_chain(folder / broker.certificate, folder / broker.key, password)
            except (OSError, ssl.SSLError) as error:
                raise _unreadable(folder / broker.certificate, error) from None
        return context


async def redialled(live: Callable[[], Awaitable[None]], health: Health, place: Place) -> None:
    """Run ``live``, which opens a line and lives with it, again and again, with growing pauses; until cancelled."""
    pause = FIRST_PAUSE
    while True:
        try:
            await live()
        except LineError as error:
            was_up = health.state == "connected"
            health.turn("lost" if was_up else "waiting", place.clock.now(), str(error))
            pause = FIRST_PAUSE if was_up else pause
        await place.clock.sleep(pause)
        pause = min(2.0 * pause, LONGEST_PAUSE)
        health.reconnects += 1


def not_let_in(place: Place, error: LineError) -> SourceError:
    """The refusal of a question, such as what it holds, that a broker did not let us ask."""
    way_out = "Check host, user and rights."
    return refusal(place.name, 0, "", str(error), "a broker that lets us in", way_out, "no_broker")


class _Client(aiomqtt.Client):
    """The library's client with a bounded queue, acknowledgement by hand, and a look at the session."""

    def __init__(self, bound: int, **settings: Any) -> None:  # Any: the library's own settings
        super().__init__(**settings)
        self._client.manual_ack_set(True)
        self._bound = bound
        self._arrived: deque[Arrived] = deque()
        self._held = 0  # of payloads that wait [byte]
        self._some = asyncio.Event()
        self._paused = False
        self.dropped = False
        self.session_present = False

    async def waiting(self, patience: float, most: int) -> list[Arrived]:
        if not self._arrived:
            self._some.clear()
            some = asyncio.ensure_future(self._some.wait())
            try:
                await asyncio.wait((some, self._disconnected), timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            finally:
                some.cancel()
        if not self._arrived and self._disconnected.done():
            raise aiomqtt.MqttError(f"the line broke: {self._disconnected.exception() or 'the broker ended it'}")
        taken = [self._arrived.popleft() for _ in range(min(most, len(self._arrived)))]
        self._held -= sum(len(message.payload) for message in taken)
        self._resume()
        return taken

    async def while_it_stands(self, answer: Awaitable[None]) -> None:
        """Wait for an answer no longer than the line stands: a broker that goes down gives none."""
        asking = asyncio.ensure_future(answer)
        try:
            await asyncio.wait((asking, self._disconnected), return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                raise aiomqtt.MqttError("the line broke before the broker answered")
            await asking
        finally:
            asking.cancel()

    def acknowledge(self, message: Arrived) -> None:
        if not self._disconnected.done():
            self._client.ack(message.mid, message.qos)

    def silence(self) -> float:
        """Since when the broker has sent nothing [s]."""
        last = getattr(self._client, "_last_msg_in", None)
        return max(0.0, time.monotonic() - last) if isinstance(last, float) else 0.0

    async def drop(self) -> None:
        """Let go of whatever is left of a connection, also of one that is only being made."""
        self.dropped = True
        if self._disconnected.done() and not self._disconnected.cancelled():
            self._disconnected.exception()  # looked at, so that nobody is told of it later
        self._let_go(self._client.socket())
        if self._misc_task is not None:
            self._misc_task.cancel()
            await asyncio.gather(self._misc_task, return_exceptions=True)

    def _on_connect(self, client: Any, userdata: Any, flags: Any, reason_code: Any, properties: Any = None) -> None:
        # Any: the types of the library beneath
        self.session_present = bool(flags.session_present)
        super()._on_connect(client, userdata, flags, reason_code, properties)

    def _on_message(self, client: Any, userdata: Any, message: MQTTMessage) -> None:  # Any: as above
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""
        self._arrived.append(
            Arrived(topic, bytes(message.payload), message.qos, message.retain, bool(message.dup), message.mid)
        )
        self._held += len(message.payload)
        self._some.set()
        if len(self._arrived) >= self._bound or self._held >= _HELD:
            self._pause()

    # The socket is opened in a thread while the line may be dropped: everything is done in the loop, and looks first.

    def _on_socket_open(self, client: Any, userdata: Any, sock: Any) -> None:  # Any: as above
        self._in_loop(self._opened, sock)

    def _on_socket_close(self, client: Any, userdata: Any, sock: Any) -> None:  # Any: as above
        if not self._loop.is_closed():
            self._let_go(sock, closing=False)

    def _on_socket_register_write(self, client: Any, userdata: Any, sock: Any) -> None:  # Any: as above
        self._in_loop(self._writing, sock)

    def _on_socket_unregister_write(self, client: Any, userdata: Any, sock: Any) -> None:  # Any: as above
        if sock.fileno() >= 0:
            self._loop.remove_writer(sock.fileno())

    def _in_loop(self, do: Callable[[Any], None], sock: Any) -> None:  # Any: as above
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(do, sock)

    def _opened(self, sock: Any) -> None:  # Any: as above
        if self.dropped:
            self._let_go(sock)
        elif sock.fileno() >= 0:
            self._loop.add_reader(sock.fileno(), self._read)
            self._misc_task = self._loop.create_task(self._misc_loop())

    def _writing(self, sock: Any) -> None:  # Any: as above
        if not self.dropped and sock.fileno() >= 0:
            self._loop.add_writer(sock.fileno(), self._write)

    def _let_go(self, sock: Any, *, closing: bool = True) -> None:  # Any: as above
        if sock is None or sock.fileno() < 0:
            return
        self._loop.remove_reader(sock.fileno())
        self._loop.remove_writer(sock.fileno())
        if closing:
            with contextlib.suppress(OSError):
                sock.close()

    def _resume(self) -> None:
        sock = self._client.socket()
        room = len(self._arrived) <= self._bound // 2 and self._held <= _HELD // 2
        if self._paused and room and sock is not None and sock.fileno() >= 0:
            self._paused = False
            self._loop.add_reader(sock.fileno(), self._read)
            self._loop.call_soon(self._read)  # what a TLS layer has unpacked already wakes nobody

    def _pause(self) -> None:
        """Read no further: the broker has to wait."""
        sock = self._client.socket()
        if not self._paused and sock is not None and sock.fileno() >= 0:
            self._paused = True
            self._loop.remove_reader(sock.fileno())

    def _read(self) -> None:
        try:
            while not (self._paused or self.dropped):
                self._client.loop_read()
                sock = self._client.socket()
                if sock is None or not (isinstance(sock, ssl.SSLSocket) and sock.pending()):
                    break
        except Exception as error:  # whatever breaks the line ends it
            self._broken(error)

    def _write(self) -> None:
        try:
            self._client.loop_write()
        except Exception as error:  # as above
            self._broken(error)

    def _broken(self, error: Exception) -> None:
        if not self._disconnected.done():
            self._disconnected.set_exception(error)


def _identifier(broker: Broker, place: Place, lasting: bool) -> str:
    name = broker.client_id or f"ferrolan-{place.name}"
    return name if lasting else f"{name}-survey-{time.time_ns() % 1_000_000_000}"


def _session(broker: Broker, lasting: bool) -> dict[str, Any]:  # Any: the library's own settings
    if broker.version == "3.1.1":
        return {"protocol": aiomqtt.ProtocolVersion.V311, "clean_session": not lasting}
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # the library beneath
    properties.SessionExpiryInterval = round(seconds(broker.session)) if lasting else 0
    properties.ReceiveMaximum = min(broker.queue, _MOST_IN_FLIGHT)
    return {"protocol": aiomqtt.ProtocolVersion.V5, "clean_start": not lasting, "properties": properties}


def _unreadable(path: Path, error: Exception) -> Exception:
    found = (getattr(error, "strerror", None) or getattr(error, "reason", None) or "nothing that can be read").lower()
    return refusal(str(path), 0, "", found, "a certificate in PEM", "Check path and file.", "missing_file")
