"""One edge node as a host sees it: births, the order of its messages, its death.

Furnace1 was born with ``seq`` 0; 1, 2, 4 arrive. 4 waits: 3 may come yet. When the time for that is over, the births
are in doubt and the node is asked for them again; what comes until then is kept aside, since an alias may mean another
metric by now. The next birth decides over it: a metric is taken if it carries its name, or if the births before and
after say the same of its alias.

References
----------
Eclipse Sparkplug Specification 3.0.0, sections 5.5 to 5.10 and 6.4.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ferrolan.base.status import StatusCode
from ferrolan.sources.live import Json
from ferrolan.sources.sparkplug.births import Births, Known, bdseq_of, restored
from ferrolan.sources.sparkplug.messages import Message, packed, unpacked
from ferrolan.sources.sparkplug.payload import Metric
from ferrolan.sources.sparkplug.sampling import Sampling
from ferrolan.sources.sparkplug.signals import Rows, Signal

ASIDE = 2_000
"""Messages of one node that may be kept aside; the oldest give way, counted."""

DEVICES = 10_000
"""Devices of one node whose births are kept where no tag names them; the others are left out, counted."""

_ROUND = 256


@dataclass(frozen=True)
class Patience:
    """How long a host waits [us]: for a missing message, for a birth, from one request to the next."""

    reorder: int = 5_000_000
    birth: int = 10_000_000
    request: int = 60_000_000


class Node:
    """The state of one edge node.

    Parameters
    ----------
    group, name
        Ids of its group and its own.
    signals
        Its mapped metrics by device (``""`` for its own) and name.
    rows, counts
        Where its rows and counters go.
    patience
        How long to wait for what.
    """

    def __init__(
        self,
        group: str,
        name: str,
        signals: Mapping[str, Mapping[bytes, Signal]],
        rows: Rows,
        counts: Counter[str],
        patience: Patience,
    ) -> None:
        self.group, self.name = group, name
        self.signals = signals
        self.births: Births | None = None  # of the life that goes on
        self.doubt = True  # whether these may have been overtaken
        self.proven = 0
        self.faults: dict[str, str] = {}
        self._changed = True
        self.aside: deque[Message] = deque()
        self.due: int | None = None  # when to ask for births [us]
        self._before: Births | None = None  # of the life before, or before the last rebirth
        self._rows, self._counts, self._patience = rows, counts, patience
        self._sampling = Sampling(rows, counts)
        self._expected = 0
        self._waiting: dict[int, Message] = {}
        self._reorder: int | None = None
        self._late: list[Message] = []
        self._settle: int | None = None
        self._stale_at: int | None = None
        self._returning: dict[str, int] = {}
        self._recent: dict[int, int] = {}
        self._births_seen: deque[int] = deque(maxlen=8)
        self._asked: int | None = None
        self._answered = True
        self._pause = patience.request

    # what comes from the line

    def receive(self, message: Message) -> None:
        """Take a message of this node."""
        before, self.proven = self.proven, message.received
        self._pause = self._patience.request
        match message.kind:
            case "NBIRTH":
                self._born(message, before)
            case "NDEATH":
                self._died(message)
            case _:
                self._in_order(message)

    def tick(self, now: int) -> None:
        """What time alone brings [us]."""
        if self._reorder is not None and now >= self._reorder:
            self._counts["gaps_in_seq"] += 1
            self._fall_into_doubt(now)
        if self._settle is not None and now >= self._settle:
            self._settle = None
            self._resolve_late(last_try=True)
        if self._stale_at is not None and now >= self._stale_at:
            self._stale_at = None
            self._stale(self._every(), self.proven)
        for device in [device for device, until in self._returning.items() if now >= until]:
            del self._returning[device]
            self._stale(self.signals.get(device, {}).values(), self.proven)

    def connected(self, now: int) -> None:
        """The line stands: births must come, or be asked for."""
        if self.doubt:
            self._asked = None if self._answered else self._asked  # an answer on an earlier line was no answer to this
            self._ask(now + self._patience.birth)

    def lost(self, since: int) -> None:
        """The line broke; nothing is known since ``since`` [us], and births may pass unseen."""
        self._stale(self._every(), since)
        self._fall_into_doubt(since, asking=False)
        self.due = self._stale_at = None

    def ask(self, now: int) -> bool:
        """Whether the node is to be asked for its births now; at most once a minute, more rarely while it is silent."""
        if self.due is None or now < self.due:
            return False
        if self._asked is not None and now < self._asked + self._pause:
            self.due = self._asked + self._pause
            return False
        self._pause = min(2 * self._pause, 60 * self._patience.request) if not self._answered else self._pause
        self._asked, self._answered = now, False
        self.due = now + self._pause
        return True

    @property
    def wake(self) -> int | None:
        """When ``tick`` or ``ask`` has something to do next [us]."""
        times = [self._reorder, self._settle, self._stale_at, self.due, *self._returning.values()]
        return min((time for time in times if time is not None), default=None)

    @property
    def silent(self) -> str:
        """Why nothing of the node is known at present; empty where it lives."""
        if self.births is not None:
            return ""
        return "no birth of the node yet" if self._before is None else "dead, or its births have not been heard again"

    @property
    def holding(self) -> bool:
        """Whether messages are kept here whose rows have not been made."""
        return bool(self.aside or self._waiting or self._late)

    # memory over a restart

    @property
    def newest(self) -> int:
        """Time of its newest sample [us]."""
        return self._sampling.newest

    @property
    def changed(self) -> bool:
        """Whether ``told`` says something else than before the last ``settled``."""
        return self._changed or self._sampling.moved

    def settled(self) -> None:
        """Note that what ``told`` says is known."""
        self._changed = self._sampling.moved = False

    def told(self) -> dict[str, Json]:
        """What must be known after a restart, as plain data."""
        births = self.births or self._before
        held = [*self.aside, *self._waiting.values(), *self._late]
        return {
            "births": births.told() if births else [],
            "time": births.time if births else 0,
            "bdseq": births.bdseq if births else None,
            "seen": [str(signal.address) for signal in self._every() if signal.newest and signal.gap is None],
            "gaps": {str(signal.address): signal.gap for signal in self._every() if signal.gap is not None},
            "aside": [packed(message) for message in held],
        }

    def remember(self, told: Mapping[str, Json], proven: int, newest: int) -> None:
        """Begin where an earlier life of ours ended: what was known at ``proven`` is unknown since; times in us."""
        self._sampling.newest = newest
        since = max(proven, newest + 1)
        time, bdseq = told.get("time"), told.get("bdseq")
        if isinstance(time, int):
            self._before = restored(told.get("births"), time, bdseq if isinstance(bdseq, int) else None, self.signals)
        gaps, seen = told.get("gaps"), told.get("seen")
        known = set(seen) if isinstance(seen, list) else set()
        for signal in self._every():
            opened = gaps.get(str(signal.address)) if isinstance(gaps, dict) else None
            if isinstance(opened, int):
                signal.gap = signal.newest = opened
            elif str(signal.address) in known:
                self._rows.gap(signal, since)
        aside = told.get("aside")
        self.aside.extend(message for message in map(unpacked, aside if isinstance(aside, list) else ()) if message)

    # births

    def _born(self, message: Message, last_proven: int) -> None:
        mark = hash(message.content)
        if mark in self._births_seen:
            self._counts["duplicate_messages"] += 1
            return
        time = message.time or message.received
        if self.births is not None and self._answered and time < self.births.time:
            self._counts["late_births"] += 1
            self._ask(message.received)
            return
        self._births_seen.append(mark)
        self._begin(message, time, last_proven)
        self._take_up(message)

    def _begin(self, message: Message, time: int, last_proven: int) -> None:
        """A new life, or the same one told again."""
        bdseq = bdseq_of(message.payload)
        if self.births is not None and not (self.births.bdseq == bdseq is not None):
            self._stale(self._every(), last_proven)  # its death passed unseen
        self._before = self.births or self._before
        self.births = Births(time, bdseq, hash(message.content))
        self.doubt, self._answered, self.due, self._stale_at = False, True, None, None
        self.faults = {} if bdseq is not None else {"bdSeq": "the birth has none, so every death is believed"}
        self._counts["births"] += 1
        self._recent = {message.payload.seq % _ROUND: hash(message.content)}
        self._expected = (message.payload.seq + 1) % _ROUND
        self._settle = message.received + self._patience.birth

    def _take_up(self, message: Message) -> None:
        """Take the metrics of the birth, then what was kept aside for it."""
        assert self.births is not None
        alive = self._before.devices if self._before is not None else {}
        until = message.received + self._patience.birth
        self._returning = {device: until for device in self.signals if device and device in alive}
        self._take_birth(message)
        kept = [*self.aside, *self._waiting.values()]
        self.aside.clear()
        self._waiting.clear()
        self._reorder = None
        for other in kept:
            if (other.time or other.received) >= self.births.time:
                self._in_order(other)
            else:
                self._late.append(other)
        self._resolve_late()

    def _take_birth(self, message: Message) -> None:
        """The metrics of a birth of the node or of a device, each with its value."""
        assert self.births is not None
        device = message.device
        self.births.add(device, message.payload.metrics, self.signals)
        self.faults |= self.births.remarks
        self._returning.pop(device, None)
        self._changed = True
        held = self.births.devices[device]
        for metric in self._sampling.take(message.payload.metrics, held, self.births.aliases, message, birth=True):
            self._unknown(metric, message)
        for name, signal in self.signals.get(device, {}).items():
            self._look(signal, held.get(name), message.received)

    def _look(self, signal: Signal, known: Known | None, now: int) -> None:
        """Say which mapped metric cannot be had, in its faults and by a Bad row."""
        place = str(signal.address)
        self.faults.pop(place, None)
        if known is None:
            twin = self._elsewhere(signal)
            self.faults[place] = f"the birth does not hold it{twin}"
            self._rows.gap(signal, now, StatusCode.BAD_CONFIGURATION_ERROR)
        elif known.reason:
            self.faults[place] = known.reason
            self._rows.gap(signal, now, StatusCode.BAD_TYPE_MISMATCH)

    def _elsewhere(self, signal: Signal) -> str:
        """A hint where the node itself holds a metric of the device's and the metric's name."""
        where = signal.address
        joined = f"{where.device}/{where.metric}"
        own = self.births.devices.get("", {}) if self.births else {}
        if not where.device or joined.encode() not in own:
            return ""
        return f", but the node's own birth does: write {where.group}/{where.node}//{joined}"

    # order

    def _in_order(self, message: Message) -> None:
        births, payload = self.births, message.payload
        if births is None or self.doubt:
            self._keep_aside(message)
            return
        if (message.time or births.time) < births.time:
            self._late.append(message)
            self._settle = self._settle or message.received + self._patience.birth
            self._resolve_late()
            return
        if not payload.HasField("seq"):
            self._counts["without_seq"] += 1
            self._apply(message)
            return
        seq, mark = payload.seq % _ROUND, hash(message.content)
        if self._recent.get(seq) == mark:
            self._counts["duplicate_messages"] += 1
        elif seq == self._expected:
            self._step(message, seq, mark)
            self._follow()
        else:
            self._wait(message, seq)

    def _step(self, message: Message, seq: int, mark: int) -> None:
        self._recent[seq] = mark
        self._expected = (seq + 1) % _ROUND
        self._apply(message)

    def _follow(self) -> None:
        """Apply what waited for the message that came."""
        while not self.doubt and self._expected in self._waiting:
            message = self._waiting.pop(self._expected)
            self._step(message, self._expected, hash(message.content))
        if not self._waiting:
            self._reorder = None

    def _wait(self, message: Message, seq: int) -> None:
        if seq in self._waiting:
            self._counts["duplicate_messages"] += 1
            return
        self._waiting[seq] = message
        if self._reorder is None:
            self._reorder = message.received + self._patience.reorder

    def _keep_aside(self, message: Message) -> None:
        if len(self.aside) >= ASIDE:
            self.aside.popleft()
            self._counts["dropped_messages"] += 1
        self.aside.append(message)
        self._changed = True
        self._ask(message.received)

    def _fall_into_doubt(self, now: int, *, asking: bool = True) -> None:
        """Births may have been overtaken: keep aside until they are told again."""
        order = sorted(self._waiting, key=lambda seq: (seq - self._expected) % _ROUND)
        self.aside.extend(self._waiting[seq] for seq in order)
        self._waiting.clear()
        self._reorder = None
        self.doubt = self._changed = True
        if asking:
            self._ask(now)
            self._stale_at = now + self._patience.birth

    def _ask(self, when: int) -> None:
        self.due = when if self.due is None else min(self.due, when)

    def _apply(self, message: Message) -> None:
        assert self.births is not None
        device = message.device
        match message.kind:
            case "DBIRTH" | "DDATA" if self._crowded(device):
                self._counts["left_out_devices"] += 1
                self.faults["devices"] = f"more than {DEVICES:,} devices; of those no tag names the rest are left out"
            case "DBIRTH":
                self._counts["births"] += 1
                self._take_birth(message)
                self._resolve_late()
            case "DDEATH":
                self._counts["deaths"] += 1
                self._returning.pop(device, None)
                self._stale(self.signals.get(device, {}).values(), message.time or message.received)
                self.births.drop(device)
                self._changed = True
            case "DDATA" if device not in self.births.devices:
                self._late.append(message)
                self._settle = self._settle or message.received + self._patience.birth
                self._ask(message.received)
            case _:
                names, aliases = (self.births.devices.get(device, {}), self.births.aliases)
                for metric in self._sampling.take(message.payload.metrics, names, aliases, message):
                    self._unknown(metric, message)

    def _crowded(self, device: str) -> bool:
        """Whether there is no place for a device that no tag names."""
        assert self.births is not None
        held = self.births.devices
        return device not in self.signals and device not in held and len(held) >= DEVICES

    # late messages

    def _resolve_late(self, *, last_try: bool = False) -> None:
        """Take messages of before the birth whose metrics are certain; at the last try what is certain of each."""
        rest = []
        for message in self._late:
            if message.kind not in ("NDATA", "DDATA"):
                self._counts["late_births"] += 1
                continue
            found = [(metric, self._certain(message.device, metric)) for metric in message.payload.metrics]
            if not last_try and any(known is None for _, known in found):
                rest.append(message)
                continue
            self._counts["late_messages"] += 1
            self._counts["unresolved"] += sum(known is None for _, known in found)
            for metric, known in found:
                if known is not None:
                    self._sampling.one(metric, known, message, late=True)
        self._changed |= len(rest) != len(self._late)
        self._late = rest

    def _certain(self, device: str, metric: Metric) -> Known | None:
        """What a metric of before the last birth must be, or None where an alias may have changed its meaning."""
        if self.births is None:
            return None
        if metric.name:
            return self.births.devices.get(device, {}).get(metric.name)
        known = self.births.aliases.get(metric.alias)
        before = self._before.aliases.get(metric.alias) if self._before else None
        return known if known is not None and known.device == device and known.same(before) else None

    # death

    def _died(self, message: Message) -> None:
        bdseq = bdseq_of(message.payload)
        births = self.births
        if births is None or (births.bdseq is not None and bdseq is not None and bdseq != births.bdseq):
            self._counts["ignored_deaths"] += 1
            return
        self._counts["deaths"] += 1
        self._stale(self._every(), message.received)
        self.due = None
        self._fall_into_doubt(message.received, asking=bdseq is None)
        self._before, self.births = births, None
        self._stale_at = None
        self._returning = {}

    def _stale(self, signals: Iterable[Signal], since: int) -> None:
        for signal in signals:
            if signal.newest:
                self._rows.gap(signal, since)
        self._changed = True

    def _every(self) -> list[Signal]:
        return [signal for named in self.signals.values() for signal in named.values()]

    def _unknown(self, metric: Metric, message: Message) -> None:
        """A metric no birth names: refused by its name; an alias without a meaning is a reason to ask."""
        self._counts["unknown_metrics"] += 1
        if metric.name:
            place = "/".join(
                filter(None, (self.group, self.name, message.device, metric.name.decode(errors="replace")))
            )
            if len(self.faults) < _NAMED:
                self.faults.setdefault(place, "data of a metric that the birth does not hold")
        else:
            self._ask(message.received)


_NAMED = 1_000
