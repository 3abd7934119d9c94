"""What arrives under topics becomes rows of tags; what cannot be taken is counted and shown. No line, no disk.

A message with 12 values is 12 rows of one time. A message that comes twice, because the word that it was kept got
lost, is taken once. A line that breaks opens a gap for every tag; where the broker kept our session and the messages
of a topic come with QoS 1, nothing was lost, and the gap is withdrawn on return.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from ferrolan.base.status import RETRACTED, StatusCode
from ferrolan.base.tables import REJECTED
from ferrolan.sources.live import Json, gathered, gathered_texts
from ferrolan.sources.mqtt import PayloadMap
from ferrolan.sources.mqtt_json import reading
from ferrolan.sources.remembered import packed, unpacked
from ferrolan.sources.source import TagAddress, bounded

KEPT = 50
"""Refused payloads that are shown, each with its reason."""

RECENT = 1_024
"""Messages that are remembered, so that one that comes again is known."""


@dataclass(slots=True)
class _Tag:
    """A tag: the time of its newest row and of its open gap [us], and whether the broker keeps what it misses."""

    tag: TagAddress
    path: reading.Path
    newest: int = 0
    gap: int | None = None
    held: float | str | None = None


@dataclass(slots=True)
class _Topic:
    """A topic with mapped values: how it is read, when it was last heard [us], with which quality of service."""

    how: PayloadMap
    steps: reading.Path | None
    tags: list[_Tag] = field(default_factory=list)
    heard: int = 0
    sure: bool = False
    silent: bool = False


class Desk:
    """The state of a plain MQTT source.

    Parameters
    ----------
    tags
        The mapped values.
    payloads
        How payloads are read; the first that fits counts.
    zone
        Zone of times that name none.
    silence
        After how long without a message a topic is silent [us]; None where that is normal.
    memory
        What ``memory`` said in an earlier life.

    Raises
    ------
    SourceError
        If an address cannot be one.
    """

    def __init__(
        self,
        tags: Sequence[TagAddress],
        payloads: Sequence[PayloadMap],
        zone: str,
        silence: int | None = None,
        memory: Mapping[str, Json] | None = None,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.faults: dict[str, str] = {}
        self._zone, self._silence = zone, silence
        self._topics: dict[str, _Topic] = {}
        self._recent: deque[str] = deque(maxlen=RECENT)
        self._samples: list[tuple[int, int, float | None, int]] = []
        self._texts: list[tuple[int, int, str | None, int]] = []
        self._refused: list[tuple[str, str | None, str, str]] = []
        self._newest = 0
        self._blob = ""
        self._changed = True
        self._add(tags, payloads)
        if memory:
            self._remember(memory)

    @property
    def topics(self) -> tuple[str, ...]:
        """Topics to subscribe."""
        return tuple(self._topics)

    def __len__(self) -> int:
        return len(self._samples) + len(self._texts)

    def receive(
        self, topic: str, content: bytes, now: int, *, qos: int = 0, retain: bool = False, dup: bool = False
    ) -> None:
        """Take a message that arrived at ``now`` [us]."""
        found = self._topics.get(topic)
        if found is None:
            self.counts["other_messages"] += 1
        elif retain:
            self.counts["retained"] += 1
        elif self._again(topic, content, dup, qos):
            self.counts["duplicate"] += 1
        else:
            found.heard, found.silent = now, False
            self._changed |= found.sure != (qos > 0)
            found.sure = qos > 0
            self._take(topic, found, content, now)

    def tick(self, now: int) -> None:
        """Find topics that have been silent for too long."""
        for topic in self._topics.values() if self._silence is not None else ():
            if topic.heard and not topic.silent and now - topic.heard > (self._silence or 0):
                topic.silent = True
                self.counts["silent_topics"] += 1
                self._open_gaps(topic.tags, topic.heard)

    def lost(self, since: int) -> None:
        """The line broke; it was last proven at ``since`` [us]."""
        for topic in self._topics.values():
            self._open_gaps(topic.tags, since)

    def resumed(self, now: int, *, present: bool) -> None:
        """The line stands again; ``present`` says that the broker kept our session meanwhile."""
        for topic in self._topics.values():
            if topic.heard:
                topic.heard = now
            if present and topic.sure and not topic.silent:
                self._withdraw(topic.tags)

    def take(self) -> tuple[pl.DataFrame | None, pl.DataFrame | None]:
        """Samples and texts so far, each None where there is none."""
        samples, self._samples = self._samples, []
        texts, self._texts = self._texts, []
        return _frame(gathered, samples), _frame(gathered_texts, texts)

    def rejected(self, source: str) -> pl.DataFrame | None:
        """What was refused since it was last asked (REJECTED, the topic as the file); None where nothing was."""
        refused, self._refused = self._refused, []
        columns = {"file": 0, "tag": 1, "found": 2, "reason": 3}
        told = {name: [row[at] for row in refused] for name, at in columns.items()}
        count = len(refused)
        return (
            REJECTED.check(
                pl.DataFrame(
                    {"source": [source] * count, "line": [0] * count, **told}, schema_overrides=REJECTED.schema
                )
            )
            if refused
            else None
        )

    def memory(self, proven: int) -> dict[str, Json]:
        """What must be known after a restart, proven at ``proven`` [us]."""
        if self._changed:
            self._changed = False
            tags = [tag for topic in self._topics.values() for tag in topic.tags]
            self._blob = packed(
                {
                    "seen": [tag.tag.tag for tag in tags if tag.newest and tag.gap is None],
                    "gaps": [[tag.tag.tag, tag.gap] for tag in tags if tag.gap is not None],
                    "sure": [name for name, topic in self._topics.items() if topic.sure],
                }
            )
        recent: list[Json] = list(self._recent)
        return {"proven": proven, "newest": self._newest, "recent": recent, "tags": self._blob}

    def _add(self, tags: Sequence[TagAddress], payloads: Sequence[PayloadMap]) -> None:
        for tag in tags:
            where = reading.address(tag.address)
            topic = self._topics.get(where.topic)
            if topic is None:
                topic = self._topics[where.topic] = _topic(where.topic, payloads)
            topic.tags.append(_Tag(tag, where.path))
            if topic.how.unit and tag.unit and topic.how.unit != tag.unit:
                self.faults[tag.address] = f"the tag map says {tag.unit}, the source's entry {topic.how.unit}"

    def _remember(self, memory: Mapping[str, Json]) -> None:
        told, proven, newest = unpacked(memory.get("tags")), memory.get("proven"), memory.get("newest")
        if not isinstance(told, dict) or not isinstance(proven, int) or not isinstance(newest, int):
            return
        seen, gaps, sure, recent = told["seen"], told["gaps"], told["sure"], memory.get("recent")
        assert isinstance(seen, list) and isinstance(gaps, list) and isinstance(sure, list)
        opened = {entry[0]: entry[1] for entry in gaps if isinstance(entry, list)}
        self._recent.extend(map(str, recent if isinstance(recent, list) else ()))
        self._newest = newest
        for name, topic in self._topics.items():
            topic.sure = name in sure
            for tag in topic.tags:
                since = opened.get(tag.tag.tag)
                if isinstance(since, int):
                    tag.gap = tag.newest = since
                elif tag.tag.tag in seen:
                    self._open_gaps([tag], max(proven, newest + 1), again=True)

    def _again(self, topic: str, content: bytes, dup: bool, qos: int) -> bool:
        """Whether a message that may come twice did; a mere equal one does not count."""
        if not qos:
            return False
        mark = hashlib.blake2b(topic.encode() + b"\0" + content, digest_size=8).hexdigest()
        if dup and mark in self._recent:
            return True
        self._recent.append(mark)
        return False

    def _take(self, name: str, topic: _Topic, content: bytes, now: int) -> None:
        try:
            found = reading.payload(content)
            time, status = now, int(StatusCode.UNCERTAIN)
            if topic.steps is not None:
                time, status = reading.moment(reading.at(found, topic.steps), topic.how, self._zone), 0
        except reading.WrongJson as error:
            self._refuse(name, None, bounded(content.decode(errors="replace")), error)
            return
        for tag in topic.tags:
            self._sample(name, topic, tag, found, time, status)

    def _sample(self, name: str, topic: _Topic, tag: _Tag, found: Json, time: int, status: int) -> None:
        try:
            raw = reading.at(found, tag.path)
        except reading.Absent:
            self.counts["absent_values"] += 1
            return
        try:
            value = reading.text(raw) if tag.tag.text else reading.number(raw, topic.how.type)
        except reading.WrongJson as error:
            self._refuse(name, tag.tag, bounded(json.dumps(raw)), error)
            value, status = None, int(StatusCode.BAD_TYPE_MISMATCH)
        else:
            status = int(StatusCode.BAD_NO_DATA) if value is None else status
        self.counts["late"] += time < tag.newest
        self._row(tag, time, value, status)
        if tag.gap is not None and time > tag.gap:
            tag.gap = None
            self._changed = True
        self._changed |= not tag.newest
        tag.newest = max(tag.newest, time)
        self._newest = max(self._newest, time)

    def _row(self, tag: _Tag, time: int, value: float | str | None, status: int) -> None:
        if tag.tag.text:
            self._texts.append((tag.tag.tag, time, value if isinstance(value, str) else None, status))
        else:
            self._samples.append((tag.tag.tag, time, None if isinstance(value, str) else value, status))

    def _refuse(self, topic: str, tag: TagAddress | None, found: str, error: Exception) -> None:
        self.counts["rejected"] += 1
        self._refused.append((topic, tag.name if tag else None, found, str(error)))
        place = tag.address if tag else topic
        if place in self.faults or len(self.faults) < KEPT:
            self.faults[place] = f"{error}: {found}"

    def _open_gaps(self, tags: Iterable[_Tag], since: int, *, again: bool = False) -> None:
        for tag in tags:
            if (tag.newest or again) and tag.gap is None:
                tag.gap = tag.newest = max(since, tag.newest + 1)
                self._row(tag, tag.gap, None, int(StatusCode.BAD_NO_COMMUNICATION))
                self.counts["gaps"] += 1
        self._changed = True

    def _withdraw(self, tags: Iterable[_Tag]) -> None:
        for tag in tags:
            if tag.gap is not None:
                self._row(tag, tag.gap, None, RETRACTED)
                tag.gap = None
                self.counts["withdrawn_gaps"] += 1
        self._changed = True


def _topic(name: str, payloads: Sequence[PayloadMap]) -> _Topic:
    how = next((entry for entry in payloads if reading.fits(entry.topic, name)), PayloadMap(topic=name))
    return _Topic(how, reading.path(how.time) if how.time is not None else None)


def _frame(make: Callable[..., pl.DataFrame], rows: Sequence[tuple[object, ...]]) -> pl.DataFrame | None:
    return make(*map(list, zip(*rows, strict=True))) if rows else None
