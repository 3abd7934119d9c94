"""A Modbus device or gateway, polled: what answers is kept, what does not is said so, and neither stops the other.

Twelve meters behind one gateway are read every two seconds. One loses its supply: its tags get one bad row, it is tried
again with growing pauses, and the other eleven go on. Modbus knows neither time nor quality: a sample has the time at
which its answer arrived, and is good if there was one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Protocol

import polars as pl

from ferrolan.base.spans import seconds
from ferrolan.base.status import StatusCode
from ferrolan.sources.live import (
    Health,
    Json,
    Place,
    Sink,
    gap,
    gathered,
    gathered_texts,
)
from ferrolan.sources.modbus.address import BITS, WrongAddress, decoded_bytes, packed, point
from ferrolan.sources.modbus.answers import Broken, Refused, Silent, Unanswered
from ferrolan.sources.modbus.blocks import Block, Placed, blocks
from ferrolan.sources.modbus.spec import ModbusSource, ModbusUnit
from ferrolan.sources.source import Discovered, Discovery, TagAddress

_FIRST_PAUSE = 1.0  # before the second try of anything that failed [s]
_QUIET = 2  # blocks of one unit without an answer, after which no more of them is waited for


class Line(Protocol):
    """A connection on which can be read; ``wire.Wire`` is one."""

    async def open(self, time_out: float) -> None:
        """Connect within a time [s], or raise ``Broken``."""
        ...

    async def read(self, unit: int, area: str, first: int, count: int, time_out: float) -> Sequence[int | bool]:
        """Registers or bits, or ``Unanswered``."""
        ...

    def close(self) -> None:
        """Hang up."""
        ...


@dataclass
class _Unit:
    """One unit with its requests, and how it has answered lately."""

    settings: ModbusUnit
    blocks: list[Block]
    tries: int = 0
    rests_until: int = 0

    @property
    def time_out(self) -> float:
        return seconds(self.settings.time_out or "1 s")


@dataclass
class _Rows:
    """Rows on their way to the sink."""

    samples: list[tuple[int, int, float | None, int]] = field(default_factory=list)
    texts: list[tuple[int, int, str | None, int]] = field(default_factory=list)

    def add(self, placed: Placed, time: int, value: float | str | None, status: int) -> None:
        if placed.text:
            self.texts.append((placed.tag, time, None if value is None else _shown(value), status))
        else:
            self.samples.append((placed.tag, time, value if isinstance(value, float) else None, status))

    def frames(self) -> tuple[pl.DataFrame | None, pl.DataFrame | None]:
        samples = gathered(*zip(*self.samples, strict=True)) if self.samples else None
        texts = gathered_texts(*zip(*self.texts, strict=True)) if self.texts else None
        return samples, texts

    def tags(self) -> list[int]:
        return [row[0] for row in self.samples] + [row[0] for row in self.texts]

    def __len__(self) -> int:
        return len(self.samples) + len(self.texts)


class Modbus:
    """One device or gateway; see ``ferrolan.sources.live.Connector``."""

    def __init__(self, spec: ModbusSource, place: Place, line: Callable[[], Line]) -> None:
        self._spec, self._clock, self._line = spec, place.clock, line
        self._health = Health(since=place.clock.now())
        self._health.figures |= {"skipped": 0.0, "requests": 0.0, "expected_life": max(30.0, 10 * seconds(spec.period))}
        self._units: list[_Unit] = []
        self._placed: tuple[Placed, ...] = ()
        self._down: dict[int, int] = {}  # status of each tag that is bad, so that one row says it and not one a poll
        self._most = seconds(spec.retry_most)
        self._settings = cache(spec.settings)
        self._proven = 0  # last proven life, of an earlier run too [us since 1970]
        self._gone = False  # whether the gap since then has been told

    @property
    def health(self) -> Health:
        """How the connection is; ``figures`` count polls that were skipped, requests, and units that rest."""
        return self._health

    async def discover(self) -> Discovery:
        """List the addresses that are polled: Modbus cannot be asked what it holds, and is not read at random."""
        found = (_address(placed) for placed in self._placed)
        return Discovery(tuple(Discovered(address, 0) for address in sorted(found)))

    async def stream(self, tags: Sequence[TagAddress], sink: Sink) -> None:
        """Poll the tags until cancelled; a line that breaks is rebuilt with growing pauses."""
        self._proven, self._gone = _known(sink.state)
        self._place(tags)
        await self._refuse_unreadable(tags, sink)
        first = pause = min(_FIRST_PAUSE, self._most)
        while True:
            line = self._line()
            try:
                await line.open(max((unit.time_out for unit in self._units), default=1.0))
                await self._tell_downtime(sink)
                await self._poll_for_ever(line, sink)
            except Broken as error:
                pause = pause if self._gone else first
                await self._lost(sink, str(error))
            finally:
                line.close()
            self._health.turn("waiting", self._clock.now())
            await self._clock.sleep(pause)
            pause = min(2 * pause, self._most)

    async def history(self, tags: Sequence[TagAddress], start: datetime, end: datetime) -> AsyncIterator[pl.DataFrame]:
        """Nothing: a register holds what is, not what was."""
        pages: tuple[pl.DataFrame, ...] = ()
        for page in pages:
            yield page

    # ---- what is polled ----------------------------------------------------------------------------------------------

    def _place(self, tags: Sequence[TagAddress]) -> None:
        """Sort the tags into units and requests; an address that names nothing is a fault of its tag alone."""
        self._health.faults.clear()
        self._down.clear()
        placed = []
        for tag in tags:
            try:
                placed.append(self._point(tag))
            except WrongAddress as error:
                self._health.faults[tag.name] = f'"{tag.address}" is no address: expected {error}'
        self._placed = tuple(placed)
        numbers = sorted({one.point.unit for one in placed})
        self._units = [self._unit(number, [one for one in placed if one.point.unit == number]) for number in numbers]

    def _point(self, tag: TagAddress) -> Placed:
        number = tag.address.partition("/")[0]
        settings = self._settings(int(number) if "/" in tag.address and number.isdecimal() else 1)
        found = point(tag.address, self._spec.numbering, settings.order)
        if found.type.startswith("string") and not tag.text:
            raise WrongAddress("a number, or a tag of the kind text")
        if found.count > (settings.most or 125):
            raise WrongAddress(f"at most {settings.most} registers")
        return Placed(found, tag.tag, tag.name, tag.text)

    def _unit(self, number: int, placed: Iterable[Placed]) -> _Unit:
        settings = self._settings(number)
        return _Unit(settings, list(blocks(placed, settings, self._spec.join)))

    async def _refuse_unreadable(self, tags: Sequence[TagAddress], sink: Sink) -> None:
        """One bad row of each tag whose address names nothing."""
        wrong = [tag for tag in tags if tag.name in self._health.faults]
        now, status = self._clock.now(), int(StatusCode.BAD_CONFIGURATION_ERROR)
        numbers, texts = [tag.tag for tag in wrong if not tag.text], [tag.tag for tag in wrong if tag.text]
        if wrong:
            await self._keep(sink, gap(numbers, now, status), _gap_texts(texts, now, status))

    # ---- a line that is there ----------------------------------------------------------------------------------------

    async def _poll_for_ever(self, line: Line, sink: Sink) -> None:
        period = round(seconds(self._spec.period) * 1e6)
        due = self._clock.now()
        while True:
            await self._poll(line, sink)
            now = self._clock.now()
            late = max((now - due) // period, 0)
            self._health.figures["skipped"] += late
            due += (late + 1) * period
            await self._clock.sleep(max((due - now) / 1e6, 0.0))

    async def _poll(self, line: Line, sink: Sink) -> None:
        """Read every unit once: those that answered last time first, so that the others cannot make them wait."""
        asked = answered = 0
        rows, now = _Rows(), self._clock.now()
        for failing in (False, True):
            for unit in [unit for unit in self._units if bool(unit.tries) == failing and unit.rests_until <= now]:
                tried, succeeded = await self._read_unit(line, unit, rows)
                asked, answered = asked + tried, answered + succeeded
            if answered:
                await self._hand_over(sink, rows)
                rows = _Rows()
        self._health.figures["resting_units"] = float(sum(bool(unit.tries) for unit in self._units))
        if asked and not answered:  # it is the line that is dead: the gap begins at its last life, not at this poll
            for tag in rows.tags():
                self._down.pop(tag, None)
            raise Broken("no unit answers")

    async def _hand_over(self, sink: Sink, rows: _Rows) -> None:
        self._health.turn("connected", self._clock.now())
        self._proven, self._gone = self._health.proven, False
        if rows:
            await self._keep(sink, *rows.frames())

    async def _read_unit(self, line: Line, unit: _Unit, rows: _Rows) -> tuple[int, int]:
        """Read a unit's blocks; how many were asked for, and how many of these were answered."""
        asked, quiet = 0, list[Block]()
        for block in tuple(unit.blocks):
            if block.rests_until > self._clock.now():
                continue
            asked += 1
            try:
                await self._read_block(line, unit, block, rows)
            except Silent as error:
                quiet.append(block)
                if len(quiet) == asked and (len(quiet) == _QUIET or len(unit.blocks) == 1):
                    self._unit_failed(unit, error, rows)
                    return asked, 0
                if len(quiet) == _QUIET:
                    break
            except Refused as error:
                self._unit_failed(unit, error, rows)
                return asked, 1
        return self._with_quiet(unit, asked, quiet, rows)

    def _with_quiet(self, unit: _Unit, asked: int, quiet: Sequence[Block], rows: _Rows) -> tuple[int, int]:
        """A unit that answers in part: some devices are silent where others would refuse a register."""
        answered = asked - len(quiet)
        if quiet and not answered:
            self._unit_failed(unit, Silent("no answer"), rows)
        elif asked:
            unit.tries, unit.rests_until = 0, 0
            for block in quiet:
                self._rest(unit, block, Silent("no answer to this block"), rows)
        return asked, answered

    def _rest(self, unit: _Unit, block: Block, error: Unanswered, rows: _Rows) -> None:
        """Let a block rest; one that failed twice in a row is halved, for the fault may be that of one register."""
        block.tries += 1
        block.rests_until = self._after(block.tries)
        self._mark_bad(block.placed, error, rows)
        if block.tries > 1 and len(block.placed) > 1:
            place = unit.blocks.index(block)
            unit.blocks[place : place + 1] = block.halves()

    def _unit_failed(self, unit: _Unit, error: Unanswered, rows: _Rows) -> None:
        unit.tries += 1
        unit.rests_until = self._after(unit.tries)
        self._mark_bad((one for block in unit.blocks for one in block.placed), error, rows)

    async def _read_block(self, line: Line, unit: _Unit, block: Block, rows: _Rows) -> None:
        """Read one block; halve it where one of its registers may be at fault. Raises what concerns the whole unit."""
        try:
            found = await self._asked(line, unit, block)
        except Refused as error:
            if error.of_the_unit:
                raise
            await self._refused(line, unit, block, error, rows)
            return
        block.tries, now = 0, self._health.proven  # the moment of its answer, and so the last proven life as well
        wire = b"" if block.area in BITS else packed(found[: block.count])
        for one in block.placed:
            begin, end = one.point.first - block.first, one.point.last - block.first + 1
            value = decoded_bytes(one.point, wire[2 * begin : 2 * end]) if wire else float(found[begin])
            self._take(one, now, value, rows)

    async def _asked(self, line: Line, unit: _Unit, block: Block) -> Sequence[int | bool]:
        self._health.figures["requests"] += 1
        number = unit.settings.unit
        try:
            found = await line.read(number, block.area, block.first, block.count, unit.time_out)
        except Refused:
            self._health.proven = self._clock.now()  # who refuses lives
            raise
        self._health.proven = self._clock.now()
        return found

    async def _refused(self, line: Line, unit: _Unit, block: Block, error: Refused, rows: _Rows) -> None:
        """A block that was refused: in two, or, where it is one point, bad and at rest."""
        if len(block.placed) > 1 and error.of_a_register:
            place = unit.blocks.index(block)
            unit.blocks[place : place + 1] = halves = block.halves()
            for half in halves:
                await self._read_block(line, unit, half, rows)
            return
        self._rest(unit, block, error, rows)

    def _take(self, one: Placed, now: int, value: float | str | None, rows: _Rows) -> None:
        if self._down.pop(one.tag, None) is not None:
            self._health.faults.pop(one.name, None)
        rows.add(one, now, value, int(StatusCode.BAD_NO_DATA if value is None else StatusCode.GOOD))

    def _mark_bad(self, placed: Iterable[Placed], error: Unanswered, rows: _Rows) -> None:
        """One row of each point that was not bad for that reason already."""
        now = self._clock.now()
        for one in placed:
            self._health.faults[one.name] = str(error)
            if self._down.get(one.tag) != error.status:
                self._down[one.tag] = error.status
                rows.add(one, now, None, error.status)

    def _after(self, tries: int) -> int:
        """When to try again what has failed so often [us since 1970]."""
        pause = min(_FIRST_PAUSE * 2.0 ** min(tries - 1, 30), self._most)
        return self._clock.now() + round(pause * 1e6)

    # ---- a line that is gone -----------------------------------------------------------------------------------------

    async def _lost(self, sink: Sink, said: str) -> None:
        """Say once of every tag that nothing is known from the last proven life on."""
        self._health.turn("lost", self._clock.now(), f"{self._spec.host}:{self._spec.port}: {said}")
        for unit in self._units:
            unit.tries, unit.rests_until = 0, 0
        if not self._gone:
            self._health.reconnects += 1
            await self._gap(sink, self._proven or self._clock.now())

    async def _tell_downtime(self, sink: Sink) -> None:
        """After a start of ours: say of every tag that nothing is known of the time in which nobody polled."""
        if not self._proven or self._gone:
            return
        if self._clock.now() - self._proven > 2e6 * seconds(self._spec.period):
            await self._gap(sink, self._proven)

    async def _gap(self, sink: Sink, proven: int) -> None:
        """One row of each tag that was good, just after the last value that is known."""
        self._gone, status = True, int(StatusCode.BAD_NO_COMMUNICATION)
        told = [one for one in self._placed if one.tag not in self._down]
        self._down |= {one.tag: status for one in told}
        self._health.gaps += len(told)
        numbers, texts = [one.tag for one in told if not one.text], [one.tag for one in told if one.text]
        await self._keep(sink, gap(numbers, proven + 1), _gap_texts(texts, proven + 1, status))

    async def _keep(self, sink: Sink, samples: pl.DataFrame | None, texts: pl.DataFrame | None) -> None:
        samples = None if samples is None or samples.is_empty() else samples
        texts = None if texts is None or texts.is_empty() else texts
        state: dict[str, Json] = {"proven": self._proven, "gone": self._gone}
        await sink.keep(samples, texts, state=state)
        self._health.received += sum(frame.height for frame in (samples, texts) if frame is not None)


def _known(state: Mapping[str, Json]) -> tuple[int, bool]:
    """The last proven life of an earlier run [us since 1970; 0 of none], and whether its gap was told."""
    proven = state.get("proven")
    return proven if isinstance(proven, int) else 0, state.get("gone") is True


def _gap_texts(tags: Sequence[int], since: int, status: int) -> pl.DataFrame:
    return gathered_texts(tags, [since] * len(tags), [None] * len(tags), [status] * len(tags))


def _shown(value: float | str) -> str:
    """A text tag's value as a text; a whole number without its point."""
    return value if isinstance(value, str) else f"{value:g}"


def _address(placed: Placed) -> str:
    one = placed.point
    return f"{one.unit}/{one.area}:{one.first}:{one.type}"
