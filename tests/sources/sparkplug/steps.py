"""A host and its clock in a test's hand: messages go in, rows come out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from ferrolan.base.status import StatusCode
from ferrolan.sources.source import TagAddress
from ferrolan.sources.sparkplug.host import Host, Publish
from ferrolan.sources.sparkplug.node import Patience
from tests.servers.edge import AliasEdge, Sent

NOW = 1_774_000_000_000_000
"""Our clock at the start [us]."""
BAD = int(StatusCode.BAD_NO_COMMUNICATION)
ADDRESSES = ("Works/Furnace1/Pressure", "Works/Furnace1/Hearth/T/North", "Works/Furnace1/Hearth/T/South")
PRESSURE, NORTH, SOUTH = 1, 2, 3
PATIENCE = Patience(reorder=5_000_000, birth=10_000_000, request=60_000_000)

Row = tuple[int, int, float | None, int]


def tags(*addresses: str, text: frozenset[int] = frozenset()) -> list[TagAddress]:
    return [
        TagAddress(number, f"tag{number}", address, text=number in text)
        for number, address in enumerate(addresses or ADDRESSES, start=1)
    ]


@dataclass
class Steps:
    """A host, the edge node it hears, and everything that came out."""

    edge: AliasEdge = field(default_factory=AliasEdge)
    tags: list[TagAddress] = field(default_factory=tags)
    memory: dict[str, Any] = field(default_factory=dict)
    now: int = NOW
    rows: list[Row] = field(default_factory=list)
    texts: list[tuple[int, int, str | None, int]] = field(default_factory=list)
    sent: list[Publish] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.host = Host("ferrolan", self.tags, self.memory, PATIENCE)

    def connect(self) -> Steps:
        self.host.opening(self.now)
        self.host.connected(self.now)
        return self

    def hear(self, *messages: Sent) -> list[Row]:
        """Let messages arrive, 1 ms apart; gives the rows they made."""
        before = len(self.rows)
        for topic, content in messages:
            self.now += 1_000
            self.host.receive(topic, content, self.now)
        self._take()
        return self.rows[before:]

    def wait(self, seconds: float) -> list[Row]:
        """Let time pass, as a connector does: whenever the host has something to do."""
        before, until = len(self.rows), self.now + round(seconds * 1e6)
        while (wake := self.host.wake) is not None and wake <= until:
            self.now = max(self.now + 1, wake)
            self.host.tick(self.now)
        self.now = until
        self.host.tick(self.now)
        self._take()
        return self.rows[before:]

    def again(self) -> Steps:
        """A new life of ours, with what the last one kept."""
        return Steps(self.edge, self.tags, self.host.memory(self.now), self.now + 2_000_000)

    @property
    def rebirths(self) -> list[Publish]:
        return [said for said in self.sent if "/NCMD/" in said.topic]

    @property
    def gaps(self) -> list[Row]:
        return [row for row in self.rows if row[3] == BAD]

    def _take(self) -> None:
        taken = self.host.take()
        if taken.samples is not None:
            self.rows += taken.samples.with_columns(pl.col("time").dt.epoch("us")).rows()
        if taken.texts is not None:
            self.texts += taken.texts.with_columns(pl.col("time").dt.epoch("us")).rows()
        self.sent += taken.publish


def born(**edge: Any) -> Steps:
    """A host on the line whose node has been born."""
    steps = Steps(AliasEdge(**edge)).connect()
    steps.hear(*steps.edge.births())
    return steps
