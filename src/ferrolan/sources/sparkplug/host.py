"""A Sparkplug host application as a pure state machine: messages and the clock go in, rows and messages come out.

The host is told that ``spBv1.0/Works/NBIRTH/Furnace1`` arrived, and has 40 rows more; it is told that 5 s passed, and
wants one rebirth request sent. It touches no line and no disk, so every order of events can be tried. The only
messages it can say are its own STATE and the request for a rebirth.

References
----------
Eclipse Sparkplug Specification 3.0.0, sections 5.1 to 5.14 (Operational Behavior) and 6.4.26 (STATE).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import polars as pl

from ferrolan.sources.live import Json
from ferrolan.sources.remembered import packed, unpacked
from ferrolan.sources.source import TagAddress
from ferrolan.sources.sparkplug.messages import Kind, read_message
from ferrolan.sources.sparkplug.node import Node, Patience
from ferrolan.sources.sparkplug.payload import WrongPayload, rebirth_command
from ferrolan.sources.sparkplug.signals import Rows, Signal, address

NAMESPACE = "spBv1.0"
KINDS: tuple[Kind, ...] = get_args(Kind)
QOS = 1
"""Quality of service that is asked for."""
REMEMBERED = 10_000
"""Topics whose node is remembered; it is looked up for any other."""
NAMED = 1_000
"""Other hosts, and oddities, that are kept by their name; what comes beyond is counted."""


@dataclass(frozen=True)
class Publish:
    """A message to be sent."""

    topic: str
    payload: bytes
    qos: Literal[0, 1]
    retain: bool


@dataclass(frozen=True)
class Opening:
    """How a line is opened: the will it is opened with, what is subscribed, and, after that, the birth."""

    will: Publish
    topics: tuple[str, ...]
    birth: Publish


@dataclass(frozen=True)
class Taken:
    """What came out of a host since it was last asked: rows for the sink, messages for the line."""

    samples: pl.DataFrame | None
    texts: pl.DataFrame | None
    publish: tuple[Publish, ...]


class Host:
    """The state of a host application.

    Parameters
    ----------
    host_id
        Id of the host.
    tags
        The mapped metrics.
    memory
        What ``memory`` said in an earlier life; empty at the very first start.
    patience
        How long to wait for what.

    Raises
    ------
    SourceError
        If an address of a tag cannot be one.
    """

    def __init__(
        self,
        host_id: str,
        tags: Sequence[TagAddress],
        memory: Mapping[str, Json] | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.id = host_id
        self.counts: Counter[str] = Counter()
        self.hosts: dict[str, bool] = {}
        self._rows = Rows()
        self._publish: list[Publish] = []
        self._patience = patience or Patience()
        self._nodes = self._made(tags)
        self._routes: dict[str, tuple[Node, Kind, str] | None] = {}
        self._opening = 0
        self._opened: int | None = None  # time of the birth that stands [ms]
        self._blob = ""
        self.remarks = _alike(self._nodes)
        if memory:
            self._remember(memory)

    # the line

    def opening(self, now: int) -> Opening:
        """How to open a line at ``now`` [us]: will and birth carry the same time."""
        self._opening = now // 1_000
        topics = [f"{NAMESPACE}/STATE/{self.id}", f"STATE/{self.id}"]
        for node in self._nodes.values():
            for kind in KINDS:
                device = "/+" if kind.startswith("D") else ""
                topics.append(f"{NAMESPACE}/{node.group}/{kind}/{node.name}{device}")
        return Opening(self._state(False, self._opening), tuple(topics), self._state(True, self._opening))

    def connected(self, now: int) -> None:
        """The birth was sent, at ``now`` [us]."""
        self._opened = self._opening
        for node in self._nodes.values():
            node.connected(now)
        self.tick(now)

    def lost(self, since: int) -> None:
        """The line broke; it was last proven at ``since`` [us]."""
        self._opened = None
        for node in self._nodes.values():
            node.lost(since)

    def closing(self, now: int) -> Publish:
        """The last message before a clean end at ``now`` [us]."""
        self._opened = None
        return self._state(False, now // 1_000)

    # what comes in

    def receive(self, topic: str, content: bytes, now: int) -> None:
        """Take a message that arrived at ``now`` [us]; what is no message of a mapped node is counted."""
        route = self._routes[topic] if topic in self._routes else self._route(topic)
        if route is None:
            self._other(topic, content)
            return
        node, kind, device = route
        try:
            node.receive(read_message(kind, device, content, now))
        except WrongPayload as error:
            self.counts["refused_messages"] += 1
            self._remark(topic, str(error))
        if node.due is not None:
            self._ask(node, now)

    def tick(self, now: int) -> None:
        """What time alone brings, at ``now`` [us]."""
        for node in self._nodes.values():
            node.tick(now)
            if node.due is not None:
                self._ask(node, now)

    @property
    def wake(self) -> int | None:
        """When ``tick`` has something to do next [us]."""
        return min((wake for node in self._nodes.values() if (wake := node.wake) is not None), default=None)

    # what goes out

    def __len__(self) -> int:
        """Rows that wait to be taken."""
        return len(self._rows)

    def take(self) -> Taken:
        """What came out since it was last asked."""
        samples, texts = self._rows.take()
        said, self._publish = tuple(self._publish), []
        return Taken(samples, texts, said)

    @property
    def holding(self) -> bool:
        """Whether messages are kept here whose rows have not been made: ``memory`` holds them."""
        return any(node.holding for node in self._nodes.values())

    @property
    def gaps(self) -> int:
        """Rows that said so far that nothing is known from then on."""
        return self._rows.gaps

    @property
    def faults(self) -> dict[str, str]:
        """What cannot be had or was found odd, by its place, with the reason."""
        found = dict(self.remarks)
        for node in self._nodes.values():
            place = f"{node.group}/{node.name}"
            found |= {key if key.startswith(place) else f"{place}/{key}": said for key, said in node.faults.items()}
            if node.silent:
                found[place] = node.silent
        return found

    def memory(self, now: int) -> dict[str, Json]:
        """What must be known after a restart, proven at ``now`` [us]; kept with the rows taken before."""
        if any(node.changed for node in self._nodes.values()) or not self._blob:
            told: dict[str, Json] = {f"{node.group}/{node.name}": node.told() for node in self._nodes.values()}
            self._blob = packed(told)
            for node in self._nodes.values():
                node.settled()
        newest: dict[str, Json] = {f"{node.group}/{node.name}": node.newest for node in self._nodes.values()}
        return {"proven": now, "newest": newest, "nodes": self._blob}

    # helpers

    def _made(self, tags: Sequence[TagAddress]) -> dict[tuple[str, str], Node]:
        by_place: dict[str, list[TagAddress]] = {}
        for tag in tags:
            by_place.setdefault(str(address(tag.address)), []).append(tag)
        signals: dict[tuple[str, str], dict[str, dict[bytes, Signal]]] = {}
        for place, of_place in by_place.items():
            where = address(place)
            devices = signals.setdefault((where.group, where.node), {})
            devices.setdefault(where.device, {})[where.metric.encode()] = Signal(where, of_place)
        return {key: Node(*key, devices, self._rows, self.counts, self._patience) for key, devices in signals.items()}

    def _remember(self, memory: Mapping[str, Json]) -> None:
        told, proven, newest = (unpacked(memory.get("nodes")), memory.get("proven"), memory.get("newest"))
        if not isinstance(told, dict) or not isinstance(proven, int) or not isinstance(newest, dict):
            return
        for node in self._nodes.values():
            place = f"{node.group}/{node.name}"
            of_node, last = told.get(place), newest.get(place)
            if isinstance(of_node, dict):
                node.remember(of_node, proven, last if isinstance(last, int) else 0)

    def _route(self, topic: str) -> tuple[Node, Kind, str] | None:
        """Which node a topic is of; remembered for mapped ones."""
        match topic.split("/"):
            case [_, group, kind, name, *device] if topic.startswith(f"{NAMESPACE}/") and kind in KINDS:
                node = self._nodes.get((group, name))
                if node is not None and len(device) == kind.startswith("D"):
                    route = (node, KINDS[KINDS.index(kind)], device[0] if device else "")
                    self._look(node, route[2])
                    if len(self._routes) < REMEMBERED:
                        self._routes[topic] = route
                    return route
        return None

    def _look(self, node: Node, device: str) -> None:
        """Ids of devices that differ in nothing but their case."""
        for other in node.signals:
            if device and other != device and other.lower() == device.lower():
                place = f"{node.group}/{node.name}/{device}"
                self._remark(place, "another device differs from it in its case alone")

    def _remark(self, place: str, said: str) -> None:
        if place in self.remarks or len(self.remarks) < NAMED:
            self.remarks[place] = said
        else:
            self.counts["unnamed_remarks"] += 1

    def _other(self, topic: str, content: bytes) -> None:
        """A STATE, in the form of 3.0 or of 2.2, or something that is not for us."""
        parts = topic.split("/")
        if parts[:2] == [NAMESPACE, "STATE"] and len(parts) == 3:
            self._heard(parts[2], _online(content))
        elif parts[0] == "STATE" and len(parts) == 2:
            self._heard(parts[1], {b"ONLINE": True, b"OFFLINE": False}.get(content.strip().upper()))
        else:
            self.counts["other_messages"] += 1

    def _heard(self, host: str, online: bool | None) -> None:
        if online is None:
            self.counts["refused_messages"] += 1
            return
        if host in self.hosts or len(self.hosts) < NAMED or host == self.id:
            self.hosts[host] = online
        else:
            self.counts["unnamed_hosts"] += 1
        if host == self.id and not online and self._opened is not None:
            self.counts["state_corrected"] += 1
            self._publish.append(self._state(True, self._opened))

    def _ask(self, node: Node, now: int) -> None:
        if node.ask(now):
            self.counts["rebirths_asked"] += 1
            topic = f"{NAMESPACE}/{node.group}/NCMD/{node.name}"
            self._publish.append(Publish(topic, rebirth_command(now), 0, False))

    def _state(self, online: bool, milliseconds: int) -> Publish:
        said = json.dumps({"online": online, "timestamp": milliseconds}, separators=(",", ":"))
        return Publish(f"{NAMESPACE}/STATE/{self.id}", said.encode(), 1, True)


def _alike(nodes: Mapping[tuple[str, str], Node]) -> dict[str, str]:
    """Nodes whose ids differ in nothing but their case."""
    folded = Counter((group.lower(), name.lower()) for group, name in nodes)
    return {
        f"{group}/{name}": "another node differs from it in its case alone"
        for group, name in nodes
        if folded[group.lower(), name.lower()] > 1
    }


def _online(content: bytes) -> bool | None:
    try:
        said = json.loads(content)
    except ValueError:
        return None
    online = said.get("online") if isinstance(said, dict) else None
    return online if isinstance(online, bool) else None
