"""A message of an edge node: what it is, its bytes, its payload, when it came; and how it is kept over a restart."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Literal

from ferrolan.sources.live import Json
from ferrolan.sources.sparkplug.payload import Payload, WrongPayload, decode

Kind = Literal["NBIRTH", "NDEATH", "NDATA", "DBIRTH", "DDATA", "DDEATH"]

LATEST = 253_402_300_800_000_000
"""The year 10000 [us since 1970]: no time of a process lies behind it."""


@dataclass(slots=True)
class Message:
    """A message of a node: what it is, its bytes, its payload, and when it came [us]."""

    kind: Kind
    device: str
    content: bytes
    payload: Payload
    received: int

    @property
    def time(self) -> int | None:
        """Time in the payload [us]; None where it has none that can be."""
        return moment(self.payload.timestamp)


def read_message(kind: Kind, device: str, content: bytes, now: int) -> Message:
    """A message of a node.

    Raises
    ------
    WrongPayload
        If its bytes are no payload.
    """
    return Message(kind, device, content, decode(content), now)


def moment(milliseconds: int) -> int | None:
    """A time of the wire [ms since 1970] in us; None where it is none, or one that cannot be."""
    return milliseconds * 1_000 if 0 < milliseconds * 1_000 < LATEST else None


def packed(message: Message) -> list[Json]:
    """A message as plain data."""
    return [message.kind, message.device, message.received, base64.b64encode(message.content).decode()]


def unpacked(told: Json) -> Message | None:
    """The message that ``packed`` made plain; None where it is none."""
    match told:
        case ["NDATA" | "DBIRTH" | "DDATA" | "DDEATH" as kind, str(device), int(received), str(content)]:
            try:
                return read_message(kind, device, base64.b64decode(content), received)
            except (WrongPayload, ValueError):
                return None
    return None
