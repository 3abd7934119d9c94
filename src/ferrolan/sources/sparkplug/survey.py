"""What edge nodes hold, from the births that are heard: for a person who maps tags.

Births are not kept by a broker. A node that is heard without one is asked for it, once; that is the rebirth request,
and nothing else is sent.
"""

from __future__ import annotations

from collections.abc import Iterable

from ferrolan.sources.browsed import Found
from ferrolan.sources.sparkplug.datatypes import NAMES
from ferrolan.sources.sparkplug.host import KINDS, NAMESPACE, Publish
from ferrolan.sources.sparkplug.payload import REBIRTH, Metric, WrongPayload, decode, rebirth_command, text_property
from ferrolan.sources.sparkplug.signals import Address

TOPICS = tuple(f"{NAMESPACE}/+/{kind}/+{'/+' if kind.startswith('D') else ''}" for kind in KINDS)
"""What a survey listens to."""

_UNIT = (b"engUnit", b"Engineering Units", b"engineeringUnits", b"EngUnit", b"unit", b"Units")
_LOW = (b"engLow", b"Engineering Low Limit", b"EngLow")
_HIGH = (b"engHigh", b"Engineering High Limit", b"EngHigh")
_ABOUT = (b"Documentation", b"documentation", b"description", b"tooltip", b"Tooltip")
_NOT_TAGS = (b"bdSeq", REBIRTH)


class Survey:
    """Metrics by address, and the nodes that have not told theirs.

    ``nodes`` are known beforehand, as ``group/node``.
    """

    def __init__(self, nodes: Iterable[str] = ()) -> None:
        self._found: dict[str, Found] = {}
        self._silent: dict[str, bool] = dict.fromkeys(nodes, True)

    def hear(self, topic: str, content: bytes) -> None:
        """Take a message; what is no birth shows that a node lives."""
        parts = topic.split("/")
        if len(parts) not in (4, 5) or parts[0] != NAMESPACE:
            return
        group, kind, node, *device = parts[1:]
        if kind == "NBIRTH":
            self._silent[f"{group}/{node}"] = False
        else:
            self._silent.setdefault(f"{group}/{node}", True)
        if kind in ("NBIRTH", "DBIRTH"):
            self._take(group, node, device[0] if device else "", content)

    def asks(self, now: int) -> tuple[Publish, ...]:
        """Requests for the births that were not heard, each once."""
        nodes = [node for node, silent in self._silent.items() if silent]
        self._silent |= dict.fromkeys(nodes, False)
        topics = [f"{NAMESPACE}/{node.replace('/', '/NCMD/')}" for node in nodes]
        return tuple(Publish(topic, rebirth_command(now), 0, False) for topic in topics)

    def found(self) -> list[Found]:
        """What was heard of, by address."""
        return [self._found[address] for address in sorted(self._found)]

    def _take(self, group: str, node: str, device: str, content: bytes) -> None:
        try:
            payload = decode(content)
        except WrongPayload:
            return
        for metric in payload.metrics:
            if metric.name and metric.name not in _NOT_TAGS:
                told = _told(Address(group, node, device, metric.name.decode(errors="replace")), metric)
                self._found[told.address] = told


def _told(where: Address, metric: Metric) -> Found:
    path = tuple(filter(None, (where.group, where.node, where.device, *where.metric.split("/"))))
    return Found(
        name=path[-1],
        address=str(where),
        path=path,
        data_type=NAMES.get(metric.datatype, ""),
        unit_text=text_property(metric, _UNIT),
        lo=_bound(text_property(metric, _LOW)),
        hi=_bound(text_property(metric, _HIGH)),
        description=text_property(metric, _ABOUT),
    )


def _bound(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
