"""Mapped metrics: their addresses, the rows they leave, and the gaps between.

``Works/Furnace1/Hearth/Temperature/North`` is the metric ``Temperature/North`` of the device ``Hearth`` at the node
``Furnace1`` of the group ``Works``: group, node and device hold no slash, a metric's name may. A metric of the node
itself is ``Works/Furnace1/Pressure``; where its name holds a slash the place of the device is left empty:
``Works/Furnace1//Node Info/Firmware``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from ferrolan.base.status import StatusCode
from ferrolan.sources.live import gathered, gathered_texts
from ferrolan.sources.source import TagAddress, refusal
from ferrolan.sources.sparkplug.datatypes import EXACT, Value, as_text

_WAY_OUT = "Write group/node/metric, group/node/device/metric or group/node//metric/with/slashes."


@dataclass(frozen=True)
class Address:
    """Where a metric is: ``device`` is empty for one of the node itself."""

    group: str
    node: str
    device: str
    metric: str

    def __str__(self) -> str:
        device = f"/{self.device}" if self.device or "/" in self.metric else ""
        return f"{self.group}/{self.node}{device}/{self.metric}"


def address(text: str) -> Address:
    """Read an address of the tag map.

    Raises
    ------
    SourceError
        If it is none: a part is missing, or holds ``+`` or ``#``.

    Examples
    --------
    >>> address("Works/Furnace1/Hearth/Temperature/North").metric
    'Temperature/North'
    >>> address("Works/Furnace1//Node Info/Firmware").device
    ''
    """
    match text.split("/", 3):
        case [group, node, metric] if group and node and metric:
            found = Address(group, node, "", metric)
        case [group, node, device, metric] if group and node and metric:
            found = Address(group, node, device, metric)
        case _:
            raise refusal("tag map", 0, text, "too few parts", "the address of a metric", _WAY_OUT, "wrong_address")
    if set(found.group + found.node + found.device) & set("+#"):
        raise refusal("tag map", 0, text, "+ or #", "ids without + and #", _WAY_OUT, "wrong_address")
    return found


class Signal:
    """A mapped metric: the tags it fills, the time of its newest row [us], and its open gap, if any.

    ``only`` is the number of its tag where that is one number, else -1; ``sampled`` and ``held`` are time and value of
    its newest sample, ``gap`` the time of the row that says nothing is known from then on.
    """

    __slots__ = ("address", "gap", "held", "newest", "only", "sampled", "tags")

    def __init__(self, where: Address, tags: Sequence[TagAddress]) -> None:
        self.address = where
        self.tags = tuple(tags)
        self.only = tags[0].tag if len(tags) == 1 and not tags[0].text else -1
        self.newest = 0
        self.sampled = 0
        self.held: Value | None = None
        self.gap: int | None = None


class Rows:
    """Rows on their way to the sink, in order of arrival; times in us since 1970."""

    def __init__(self) -> None:
        self.gaps = 0
        self._clear()

    def _clear(self) -> None:
        self.tags: list[int] = []
        self.times: list[int] = []
        self.values: list[float | None] = []
        self.statuses: list[int] = []
        self._texts: list[tuple[int, int, str | None, int]] = []

    def __len__(self) -> int:
        return len(self.tags) + len(self._texts)

    def add(self, signal: Signal, time: int, value: Value | None, status: int, datatype: int) -> None:
        """A row of every tag of a signal; a text for a tag of numbers is a type mismatch."""
        for tag in signal.tags:
            if tag.text:
                text = None if value is None else as_text(value, datatype)
                self._texts.append((tag.tag, time, text, status))
            elif isinstance(value, str):
                self._put(tag.tag, time, None, StatusCode.BAD_TYPE_MISMATCH)
            else:
                self._put(tag.tag, time, value, status)

    def gap(self, signal: Signal, since: int, status: int = StatusCode.BAD_NO_COMMUNICATION) -> None:
        """From ``since`` [us], or its newest row, on nothing is known of a signal; once until it is closed."""
        if signal.gap is not None:
            return
        signal.gap = signal.newest = max(since, signal.newest + 1)
        self.add(signal, signal.gap, None, int(status), 0)
        self.gaps += len(signal.tags)

    def take(self) -> tuple[pl.DataFrame | None, pl.DataFrame | None]:
        """Samples and texts so far, each None where there is none; they are then gone from here."""
        samples = gathered(self.tags, self.times, self.values, self.statuses) if self.tags else None
        texts = gathered_texts(*zip(*self._texts, strict=True)) if self._texts else None
        self._clear()
        return samples, texts

    def _put(self, tag: int, time: int, value: float | None, status: int) -> None:
        self.tags.append(tag)
        self.times.append(time)
        self.values.append(None if value is None else float(value))
        self.statuses.append(status)


def exact(value: Value) -> bool:
    """Whether a value is kept exactly as a float."""
    return not isinstance(value, int) or -EXACT <= value <= EXACT
