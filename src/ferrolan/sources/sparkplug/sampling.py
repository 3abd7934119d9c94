"""From the metrics of a message to rows: values, times, statuses.

``7 = 2.31 at 08:15:00.250`` with alias 7 born as the Double ``Pressure`` is a row of its tag. A null, a number that is
none, a text where a number should be, and a property ``Quality`` of 0 make it Bad or uncertain, never another value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from ferrolan.base.status import StatusCode
from ferrolan.sources.sparkplug.births import Known
from ferrolan.sources.sparkplug.datatypes import EXACT
from ferrolan.sources.sparkplug.messages import LATEST, Message, moment
from ferrolan.sources.sparkplug.payload import Metric, property_value
from ferrolan.sources.sparkplug.signals import Rows, Signal, exact

Value = int | float | str | None
_QUALITY = b"quality"


class Sampling:
    """Makes the rows of one node.

    ``newest`` is the time of its newest sample [us since 1970], ``moved`` whether a metric had its first sample, or its
    gap closed, since it was last set.
    """

    def __init__(self, rows: Rows, counts: Counter[str]) -> None:
        self.newest = 0
        self.moved = False
        self._rows, self._counts = rows, counts

    def take(
        self,
        metrics: Iterable[Metric],
        names: Mapping[bytes, Known],
        aliases: Mapping[int, Known],
        message: Message,
        *,
        birth: bool = False,
    ) -> list[Metric]:
        """Samples of a message; gives the metrics that no birth names. The way of every value, so it is one loop.

        Parameters
        ----------
        metrics
            What it holds.
        names, aliases
            What the births say.
        message
            The message, for its times.
        birth
            Whether it is a birth, which proves its values at its own time.
        """
        rows, unknown = self._rows, []
        tags, times, values, statuses = (rows.tags, rows.times, rows.values, rows.statuses)
        newest = self.newest
        for metric in metrics:
            known = names.get(metric.name) if metric.name else aliases.get(metric.alias)
            if known is None:
                unknown.append(metric)
                continue
            signal = known.signal
            if signal is None:
                if known.reason and not birth:
                    self._counts["refused_metrics"] += 1
                continue
            field = metric.WhichOneof("value") or ""
            read = known.read.get(field)
            time = metric.timestamp * 1_000
            if (
                read is None
                or signal.only < 0
                or signal.gap is not None
                or not signal.newest < time < LATEST
                or metric.is_historical
                or metric.is_null
                or metric.HasField("properties")
            ):
                self.one(metric, known, message, birth=birth)
                continue
            value = getattr(metric, field)
            if value.__class__ is not float:
                value = read(value)
            if value.__class__ is int and -EXACT <= value <= EXACT:
                value = float(value)
            elif value.__class__ is not float or value - value != 0.0:
                self.one(metric, known, message, birth=birth)
                continue
            tags.append(signal.only)
            times.append(time)
            values.append(value)
            statuses.append(0)
            if not signal.newest:
                self.moved = True
            signal.newest = signal.sampled = time
            signal.held = value
            if time > newest:
                newest = time
        self.newest = max(newest, self.newest)
        return unknown

    def one(self, metric: Metric, known: Known, message: Message, *, birth: bool = False, late: bool = False) -> None:
        """One sample with everything that may be the matter with it."""
        signal = known.signal
        if signal is None or known.reason:
            self._counts["refused_metrics"] += not birth
            return
        time, status = self._time(metric, message)
        value, said = self._value(metric, known)
        status = said or status
        if status == 0 and (time, value) == (signal.sampled, signal.held):
            self._counts["duplicate"] += 1
        else:
            self._counts["late"] += time < signal.sampled
            self._rows.add(signal, time, value, status, known.datatype)
        if metric.is_historical or late:
            return
        if signal.gap is not None:
            self._close(signal, time, value, status, known, message, birth)
        if time >= signal.sampled:
            signal.sampled, signal.held = time, None if status else value
        self.moved |= not signal.newest
        signal.newest = max(signal.newest, time)
        self.newest = max(self.newest, time)

    def _close(
        self, signal: Signal, time: int, value: Value, status: int, known: Known, message: Message, birth: bool
    ) -> None:
        """End a gap: by a sample after it, or by the value a birth proves, at the birth's time."""
        assert signal.gap is not None
        if time <= signal.gap:
            if not birth:
                return
            told = message.time or message.received
            time = told if told > signal.gap else max(message.received, signal.gap + 1)
            self._rows.add(signal, time, value, status, known.datatype)
            signal.newest = time
        signal.gap = None
        self.moved = True

    def _time(self, metric: Metric, message: Message) -> tuple[int, int]:
        """The time of a metric [us]: its own, its message's, or, as uncertain, that of its arrival."""
        time = moment(metric.timestamp) or message.time
        if time is not None:
            return time, 0
        self._counts["without_time"] += 1
        return message.received, int(StatusCode.UNCERTAIN)

    def _value(self, metric: Metric, known: Known) -> tuple[Value, int]:
        """The value of a metric, None where it has none, and what its status is where that is not good."""
        field = metric.WhichOneof("value")
        if metric.is_null or field is None:
            return None, _quality(metric) or int(StatusCode.BAD_NO_DATA)
        read = known.read.get(field)
        try:
            value = read(getattr(metric, field)) if read is not None else None
        except UnicodeDecodeError:
            value = None
        if value is None:
            self._counts["refused_metrics"] += 1
            return None, int(StatusCode.BAD_TYPE_MISMATCH)
        if isinstance(value, float) and value - value != 0.0:
            return None, _quality(metric) or int(StatusCode.BAD_SENSOR_FAILURE)
        status = _quality(metric)
        if not exact(value):
            self._counts["beyond_2_53"] += 1
            status = status or int(StatusCode.UNCERTAIN_DATA_SUB_NORMAL)
        return value, status


def _quality(metric: Metric) -> int:
    """Status of a metric by its property ``Quality``: 192 good, 0 bad, 500 stale; good where it has none."""
    if not metric.HasField("properties"):
        return 0
    for key, held in zip(metric.properties.keys, metric.properties.values, strict=False):
        if key.lower() == _QUALITY:
            quality = property_value(held)
            return _status(int(quality)) if isinstance(quality, int | float) else 0
    return 0


def _status(quality: int) -> int:
    """A quality as a status: Sparkplug's three, those of OPC DA by two bits of eight, or a code of 32 bits."""
    if quality == 500:
        return int(StatusCode.UNCERTAIN_LAST_USABLE_VALUE)
    if 0 <= quality < 256:
        return int({3: StatusCode.GOOD, 1: StatusCode.UNCERTAIN}.get(quality >> 6, StatusCode.BAD))
    if 0 <= quality <= 0xFFFF:
        return int(StatusCode.BAD)
    return int({0: StatusCode.GOOD, 1: StatusCode.UNCERTAIN}.get(quality >> 30 & 3, StatusCode.BAD))
