"""The spool of a connection: what has arrived is on the disk before its source hears of it, until it is stored.

The OPC UA server of a blast furnace delivers 2,000 values; they are written as one record, flushed, fsynced, and only
then acknowledged. The database is away for a night: the spool grows. It comes back: batch after batch is handed over in
the order of arrival, and a segment that is wholly handed over is deleted.

A *segment* is a file of records, each with a check sum over its header and its Arrow IPC payload. The first one is the
segment's *head* with the connector's state, so that a segment alone is enough to go on from. ``seq`` is a hybrid clock,
``max(last + 1, now)``: it rises though the machine's clock steps back (Kulkarni et al., Logical physical clocks, 2014).

What a crash leaves is known when the spool is opened: a torn record at the end was never acknowledged and is cut off. A
damaged record elsewhere is kept aside with its whole segment, said with its place, and reading goes on behind it.
"""

from __future__ import annotations

import errno
import io
import json
import os
import secrets
import shutil
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import numpy as np
import polars as pl

from ferrolan.base.errors import Fault, SurroundingsError, TableError
from ferrolan.base.surroundings import refused
from ferrolan.base.tables import SAMPLES, SAMPLES_TEXT
from ferrolan.sources.live import GATHERED, GATHERED_TEXT, Columns, Json

SEGMENT = 16 * 2**20
"""Size from which on a new segment is begun [byte]."""
LARGEST_BATCH = 100_000
"""Rows of one record; what is kept in one go and has more becomes several."""
ENDING = ".spool"
ASIDE = "aside"
"""Folder of what was damaged, in the folder of the spool."""
IDENTITY = "identity"
"""File with the spool's identity."""
HANDED = "handed"
"""File with the number of rows that were handed over, as far as it was noted."""

_MAGIC = b"FSP1"
_RECORD = struct.Struct("<4sIBxxxIIIIQqQ")
"""Magic, CRC-32 of what follows, kind, bytes of samples, texts and state, rows of samples, batch, first seq, total."""
_CHECKED = 8  # bytes before what the check sum is over
_BATCH, _HEAD = 1, 2
_PARTS = 8  # segments a full spool has at least, so that it empties bit by bit
_JUMP = 10**6  # batches a damaged segment cannot have held
_READ_AT_ONCE = 32 * 2**20  # bytes of payload a page holds at most, but for its last record


@dataclass(frozen=True)
class Bounds:
    """How much of a disk a spool may take.

    Parameters
    ----------
    most
        Size of the spool from which on it is full [byte].
    near
        Share of ``most`` from which on it raises an alarm [1].
    free
        Free space that is left to others [byte]; of a small disk a tenth of its size where that is less.
    """

    most: int = 16 * 2**30
    near: float = 0.8
    free: int = 512 * 2**20


@dataclass(frozen=True)
class Rows:
    """What one call hands over: samples (GATHERED), texts (GATHERED_TEXT), and the new state as JSON or nothing."""

    samples: pl.DataFrame | None = None
    texts: pl.DataFrame | None = None
    state: bytes = b""

    @property
    def count(self) -> int:
        """Rows of samples and texts."""
        return sum(0 if frame is None else frame.height for frame in (self.samples, self.texts))


def rows_of(samples: pl.DataFrame | None, texts: pl.DataFrame | None, state: Mapping[str, Json] | None) -> Rows:
    """Rows for a spool, checked; the state is taken as it is now.

    Raises
    ------
    TableError
        If a frame has other columns than a connector hands over.
    """
    data = b"" if state is None else json.dumps(dict(state), ensure_ascii=False).encode()
    return Rows(_checked(samples, GATHERED, "samples"), _checked(texts, GATHERED_TEXT, "texts"), data)


@dataclass(frozen=True)
class Page:
    """Batches that were read: the number of the last one, and their rows (SAMPLES in the unit at the source, texts)."""

    last: int
    samples: pl.DataFrame
    texts: pl.DataFrame
    total: int
    """Rows the spool had ever taken when the last batch was complete."""

    @property
    def count(self) -> int:
        """Rows of samples and texts."""
        return self.samples.height + self.texts.height


@dataclass(frozen=True)
class Finding:
    """Something that was wrong in a spool: the segment, where in it [byte], how many bytes, and what became of them."""

    segment: str
    offset: int
    size: int
    said: str
    lost: bool = False
    """Whether rows may be lost that had been acknowledged."""


@dataclass
class _Segment:
    """A file of records: the number of its first batch, and how far it is on the disk for certain [byte]."""

    path: Path
    first: int
    end: int


@dataclass(frozen=True)
class _Record:
    """One whole record of a segment."""

    kind: int
    samples: bytes
    texts: bytes
    state: bytes
    batch: int
    first_seq: int
    last_seq: int
    total: int
    end: int


@dataclass
class _Tail:
    """What the last segments say when a spool is opened."""

    batch: int = 0
    seq: int = 0
    total: int = 0
    state: dict[str, Json] = field(default_factory=dict)


class Spool:
    """What has arrived of one connection and is not stored yet; durable, in order, bounded.

    Parameters
    ----------
    folder
        Folder of all spools; this one's is made in it.
    name
        Name of the connection.
    source
        Number of the source, which every row gets.
    bounds
        How much of the disk it may take.
    now
        UTC since 1970 [us].
    segment
        Size from which on a new segment is begun [byte].

    Raises
    ------
    SurroundingsError
        If the disk refuses.

    Notes
    -----
    ``commit`` and the reading side (``read``, ``release``) may be called from two threads at a time.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from ferrolan.sources.live import gathered
    >>> with TemporaryDirectory() as folder:
    ...     spool = Spool(Path(folder), "scada")
    ...     batch = spool.append(gathered([7], [1_774_000_000_000_000], [1187.0], [0]), state={"seen": 7})
    ...     page = spool.read(0, rows=10_000)
    ...     batch, page.samples["value"][0], spool.state
    (1, 1187.0, {'seen': 7})
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        *,
        source: int = 0,
        bounds: Bounds | None = None,
        now: Callable[[], int] = lambda: time.time_ns() // 1_000,
        segment: int = SEGMENT,
    ) -> None:
        self.folder, self.name, self.source = Path(folder) / quote(name, safe=""), name, source
        self.bounds = bounds or Bounds()
        self.findings: list[Finding] = []
        self._now, self._segment_size = now, min(segment, self.bounds.most // _PARTS)
        self._writing, self._listing = threading.RLock(), threading.Lock()
        self._file: int | None = None
        self._segments: list[_Segment] = []
        self._unsure = False  # whether the last segment has bytes behind its end that may be anything
        self._spoilt = False  # whether the kernel could not write the last segment, and may have forgotten what
        self._cursor: tuple[int, Path, int] | None = None  # batch that was read, segment and offset behind it
        self._handed, self._released = 0, 0  # total, and last batch, of what was released
        try:
            self._open()
        except OSError as error:
            raise refused(self.folder, error) from error

    # --- writing -----------------------------------------------------------------------------------------------

    @property
    def state(self) -> Mapping[str, Json]:
        """The connector's state as it was last written."""
        return self._tail.state

    @property
    def last(self) -> int:
        """Number of the last batch; 0 where none was ever written."""
        return self._tail.batch

    @property
    def total(self) -> int:
        """Rows it ever took."""
        return self._tail.total

    @property
    def seq(self) -> int:
        """The last ``seq`` that was given."""
        return self._tail.seq

    def append(
        self,
        samples: pl.DataFrame | None = None,
        texts: pl.DataFrame | None = None,
        state: Mapping[str, Json] | None = None,
    ) -> int:
        """Write rows and state and return the number of their (last) batch; they are on the disk then.

        Raises
        ------
        TableError
            If a frame has other columns than a connector hands over.
        SurroundingsError
            If the spool is full or the disk refuses; nothing of it is written then.
        """
        return self.commit([rows_of(samples, texts, state)])[0]

    def commit(self, gathered: Sequence[Rows]) -> list[int]:
        """Write what several calls hand over in one go, with one fsync; the number of the last batch of each.

        Raises
        ------
        SurroundingsError
            If the spool is full or the disk refuses; nothing of it is written then.
        """
        with self._writing:
            tail, numbers, encoded = self._encoded(gathered)
            content = b"".join(encoded)
            try:
                self._make_room(len(content))
                self._write(content)
            except OSError as error:
                raise refused(self.folder, error) from error
            self._tail = tail
            return numbers

    def _encoded(self, gathered: Sequence[Rows]) -> tuple[_Tail, list[int], list[bytes]]:
        """Records of what is handed over, and how the spool stands behind them."""
        tail = _Tail(self._tail.batch, self._tail.seq, self._tail.total, self._tail.state)
        numbers: list[int] = []
        encoded: list[bytes] = []
        for rows in gathered:
            for samples, texts, state in _parts(rows):
                first = max(tail.seq + 1, self._now())
                count = samples.height + texts.height
                tail.batch, tail.total, tail.seq = tail.batch + 1, tail.total + count, first + max(count, 1) - 1
                encoded.append(_encode(_BATCH, _ipc(samples), _ipc(texts), state, count, tail.batch, first, tail.total))
            if rows.state:
                tail.state = json.loads(rows.state)
            numbers.append(tail.batch)
        return tail, numbers, encoded

    def _write(self, content: bytes) -> None:
        """Write records behind the end of the last segment, or of a new one; all of them, or none."""
        self._mend()
        if self._file is None or self._spoilt or self._segments[-1].end >= self._segment_size:
            self._begin_segment()
        assert self._file is not None
        segment = self._segments[-1]
        try:
            _write_all(self._file, content, segment.end)
        except OSError:
            self._unsure = True
            self._mend()
            raise
        try:
            os.fdatasync(self._file)
        except OSError:  # what the kernel could not write it may have forgotten: this file is not gone on with
            self._unsure = self._spoilt = True
            self._mend()
            raise
        segment.end += len(content)

    def _mend(self) -> None:
        """Cut off what a write that failed may have left."""
        if self._unsure and self._file is not None:
            os.ftruncate(self._file, self._segments[-1].end)
            self._unsure = False

    def _begin_segment(self) -> None:
        """Begin a segment with a head; its name is on the disk before a record is written to it."""
        tail = self._tail
        path = self.folder / f"{tail.batch + 1:020d}{ENDING}"
        state = json.dumps(dict(tail.state), ensure_ascii=False).encode()
        head = _encode(_HEAD, b"", b"", state, 0, tail.batch, tail.seq, tail.total)
        if self._segments and self._segments[-1].path == path:  # nothing but its head, and not trusted any more
            with self._listing:
                self._segments.pop().path.unlink()
        made = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            _write_all(made, head, 0)
            os.fsync(made)
            _sync_folder(self.folder)
        except OSError:
            os.close(made)
            path.unlink(missing_ok=True)
            raise
        self._close_file()
        self._file, self._spoilt = made, False
        with self._listing:
            self._segments.append(_Segment(path, tail.batch + 1, len(head)))

    def _close_file(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    # --- room --------------------------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """Size on the disk [byte]."""
        with self._listing:
            return sum(segment.end for segment in self._segments)

    @property
    def waiting(self) -> int:
        """Rows that are not handed over; after a crash, before the first are, possibly some too many."""
        return max(self._tail.total - self._handed, 0)

    @property
    def room(self) -> float:
        """Share of its room that is left [1]: of its own bound or of the disk, whichever is less."""
        return max(min(self._own_room(), self._disk_room()), 0.0)

    @property
    def nearly_full(self) -> bool:
        """Whether somebody must look, before it is full."""
        return self.room < 1.0 - self.bounds.near

    def _own_room(self) -> float:
        return 1.0 - self.size / self.bounds.most

    def _disk_room(self) -> float:
        """Share that is left of what the spool may take of the disk as it is: its own size and the space above the
        floor.
        """
        above = self._above_floor()
        return above / max(above + self.size, 1)

    def _above_floor(self) -> int:
        """Free space above what is left to others [byte]."""
        disk = os.statvfs(self.folder)
        return disk.f_bavail * disk.f_frsize - min(self.bounds.free, disk.f_blocks * disk.f_frsize // 10)

    def _make_room(self, wanted: int) -> None:
        """Refuse what does not fit; where all that fills it is handed over, its last segment makes room as well."""
        if self._fits(wanted):
            return
        if self._segments and self._tail.batch and self._released >= self._tail.batch:
            self._mend()
            self._begin_segment()
            self.release(self._released)
            if self._fits(wanted):
                return
        found = f"{self.size:,} bytes in it and {max(self._above_floor(), 0):,} bytes free above the floor"
        way_out = "It empties when the historian takes its rows: see to the historian, or free space on the disk."
        fault = Fault(str(self.folder), 0, "", found, f"room for {wanted:,} bytes", way_out, "spool_full")
        raise SurroundingsError(str(fault))

    def _fits(self, wanted: int) -> bool:
        return self.size + wanted <= self.bounds.most and wanted <= self._above_floor()

    # --- reading -----------------------------------------------------------------------------------------------

    def read(self, after: int, rows: int) -> Page | None:
        """The next batches behind one that is stored, up to a number of rows (at least one batch); None where none is.

        Only what is on the disk is read, so that nothing is stored that a power cut takes from the spool. What is
        damaged is left out, kept aside and noted in ``findings``.

        Raises
        ------
        SurroundingsError
            If the disk refuses.
        """
        found: list[_Record] = []
        count = size = 0
        try:
            for record, path in self._records(after):
                found.append(record)
                count += record.last_seq - record.first_seq + 1
                size += len(record.samples) + len(record.texts)
                self._cursor = (record.batch, path, record.end)
                if count >= rows or size >= _READ_AT_ONCE:
                    break
        except OSError as error:
            raise refused(self.folder, error) from error
        return _page(found, self.source) if found else None

    def release(self, batch: int, total: int | None = None) -> None:
        """Note that everything up to a batch is stored, and delete the segments that hold nothing else.

        Raises
        ------
        SurroundingsError
            If the disk refuses.
        """
        if total is not None:
            self._handed = max(self._handed, total)
        self._released = max(self._released, batch)
        try:
            self._note_handed()
            for segment in self._stored(batch):
                segment.path.unlink(missing_ok=True)
        except OSError as error:
            raise refused(self.folder, error) from error

    def _stored(self, batch: int) -> list[_Segment]:
        """Take the segments off the list that end at or before a batch; the last one stays, for its state."""
        with self._listing:
            gone = [
                segment
                for segment, follower in zip(self._segments, self._segments[1:], strict=False)
                if follower.first <= batch + 1
            ]
            self._segments = self._segments[len(gone) :]
        return gone

    def _records(self, after: int) -> Iterator[tuple[_Record, Path]]:
        """Whole batches behind a number, in order, across segments."""
        with self._listing:
            segments = [_Segment(segment.path, segment.first, segment.end) for segment in self._segments]
        offset = 0
        if self._cursor is not None and self._cursor[0] == after:
            at = [segment.path for segment in segments]
            if self._cursor[1] in at:
                segments, offset = segments[at.index(self._cursor[1]) :], self._cursor[2]
        last = after
        for segment, follower in zip(segments, [*segments, None][1:], strict=True):
            if offset == 0 and follower is not None and follower.first <= after + 1:
                continue
            for record in self._whole(segment.path, offset, segment.end):
                if record.kind == _BATCH and record.batch > last:
                    last = record.batch
                    yield record, segment.path
            offset = 0

    def _whole(self, path: Path, offset: int, end: int) -> Iterator[_Record]:
        """Whole records of a segment; what is damaged between them is kept aside and noted."""
        if offset >= end:
            return
        with path.open("rb") as file:
            while offset < end:
                record = _record(file, offset, end)
                if record is None:
                    behind = _next_whole(file, offset + 1, end)
                    self._note_damage(path, offset, (end if behind is None else behind) - offset)
                    if behind is None:
                        return
                    offset = behind
                    continue
                yield record
                offset = record.end

    def _note_damage(self, path: Path, offset: int, size: int) -> None:
        if any((found.segment, found.offset) == (path.name, offset) for found in self.findings):
            return
        aside = self.folder / ASIDE
        aside.mkdir(exist_ok=True)
        kept = aside / path.name
        if not kept.exists():
            shutil.copyfile(path, kept)
        said = f"{size:,} damaged bytes were left out; the segment is kept as {kept}"
        self.findings.append(Finding(path.name, offset, size, said, lost=True))

    # --- opening -----------------------------------------------------------------------------------------------

    def renew(self, batch: int) -> None:
        """Take a new identity: the store knows a later batch of this one than the spool does, so it is another spool.

        It happens when an old copy of the folder is put back; ``batch`` is what the store knows.
        """
        with self._writing:
            self.findings.append(
                Finding("", 0, 0, f"the historian knows batch {batch}, the spool {self.last}: it gets a new identity")
            )
            self.identity = self._new_identity()

    def close(self) -> None:
        """Close it; what is being written is written first."""
        with self._writing:
            self._close_file()

    def _open(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for folder in (self.folder.parent.parent, self.folder.parent):
            _sync_folder(folder)
        self.identity = self._known_identity() or self._new_identity()
        self._segments = [
            _Segment(path, int(path.name[: -len(ENDING)]), path.stat().st_size)
            for path in sorted(self.folder.glob(f"*{ENDING}"))
            if path.name[: -len(ENDING)].isdecimal()
        ]
        self._tail = self._end_of_last()
        if any(found.lost for found in self.findings):  # batches may be lost that the store knows: never their numbers
            self._tail.batch += _JUMP
        self.opened_at = self._tail.batch
        self._handed = max(self._total_at_start(), min(self._noted_handed(), self._tail.total))
        if self._segments:
            self._file = os.open(self._segments[-1].path, os.O_RDWR | os.O_CLOEXEC)
            os.fsync(self._file)
        _sync_folder(self.folder)

    def _known_identity(self) -> str:
        try:
            found = (self.folder / IDENTITY).read_text(encoding="utf-8").strip()
        except (FileNotFoundError, UnicodeDecodeError):
            return ""
        return found if found.startswith(f"{self.name}.") else ""

    def _new_identity(self) -> str:
        """A name that no other spool has or had, in place of the known one."""
        made, path = f"{self.name}.{secrets.token_hex(4)}", self.folder / IDENTITY
        beside = path.with_suffix(".new")
        with beside.open("w", encoding="utf-8") as file:
            file.write(made)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        _sync_folder(self.folder)
        return made

    def _end_of_last(self) -> _Tail:
        """How the spool stands, from its last segment; a segment without a whole record is taken away."""
        while self._segments:
            segment = self._segments[-1]
            tail, end = _Tail(batch=segment.first - 1), 0
            for record in self._whole(segment.path, 0, self._torn_from(segment)):
                tail.batch, tail.seq, tail.total = record.batch, record.last_seq, record.total
                tail.state = json.loads(record.state) if record.state else tail.state
                end = record.end
            if end:
                self._cut(segment, end)
                return tail
            self._cut(segment, 0)
            segment.path.unlink()
            self._segments.pop()
        return _Tail()

    def _torn_from(self, segment: _Segment) -> int:
        """Where the last whole record of a segment ends [byte]: what is behind it was never complete."""
        with segment.path.open("rb") as file:
            offset = whole = 0
            while offset < segment.end:
                record = _record(file, offset, segment.end)
                behind = record.end if record is not None else _next_whole(file, offset + 1, segment.end)
                if behind is None:
                    break
                offset = behind
                whole = behind if record is not None else whole
            return whole

    def _cut(self, segment: _Segment, end: int) -> None:
        """Cut off what is torn at the end of the last segment, and say so."""
        if end >= segment.end:
            return
        if _has_length(segment.path, end, segment.end):  # a record of full length: rather damaged than torn
            self._note_damage(segment.path, end, segment.end - end)
        else:
            said = "the last record was not complete when the writing ended; it was never acknowledged, and is cut off"
            self.findings.append(Finding(segment.path.name, end, segment.end - end, said))
        os.truncate(segment.path, end)
        segment.end = end

    def _note_handed(self) -> None:
        """Note how many rows were handed over, for the next start: to be told, never to be relied on."""
        with suppress(OSError):
            (self.folder / HANDED).write_text(f"{self.identity} {self._handed}", encoding="utf-8")

    def _noted_handed(self) -> int:
        try:
            identity, handed = (self.folder / HANDED).read_text(encoding="utf-8").split()
            return int(handed) if identity == self.identity else 0
        except (OSError, ValueError):
            return 0

    def _total_at_start(self) -> int:
        """Rows before the first segment that is there."""
        for segment in self._segments:
            with segment.path.open("rb") as file:
                head = _record(file, 0, segment.end)
            if head is not None and head.kind == _HEAD:
                return head.total
        return self._tail.total


def _checked(frame: pl.DataFrame | None, columns: Columns, name: str) -> pl.DataFrame | None:
    if frame is None or dict(frame.schema) == dict(columns):
        return frame
    raise TableError(f"{name} of a connector: expected {dict(columns)}, got {dict(frame.schema)}")


def _parts(rows: Rows) -> Iterator[tuple[pl.DataFrame, pl.DataFrame, bytes]]:
    """What is handed over in records of bounded size; the state comes with the last, so it never runs ahead."""
    samples = pl.DataFrame(schema=GATHERED) if rows.samples is None else rows.samples
    texts = pl.DataFrame(schema=GATHERED_TEXT) if rows.texts is None else rows.texts
    starts = range(0, max(samples.height, texts.height, 1), LARGEST_BATCH)
    for start in starts:
        state = rows.state if start == starts[-1] else b""
        yield samples.slice(start, LARGEST_BATCH), texts.slice(start, LARGEST_BATCH), state


def _ipc(frame: pl.DataFrame) -> bytes:
    if frame.is_empty():
        return b""
    file = io.BytesIO()
    frame.write_ipc_stream(file)
    return file.getvalue()


def _encode(
    kind: int, samples: bytes, texts: bytes, state: bytes, rows: int, batch: int, first_seq: int, total: int
) -> bytes:
    header = _RECORD.pack(_MAGIC, 0, kind, len(samples), len(texts), len(state), rows, batch, first_seq, total)
    content = b"".join((header[_CHECKED:], samples, texts, state))
    return b"".join((_MAGIC, zlib.crc32(content).to_bytes(4, "little"), content))


def _record(file: io.BufferedReader, offset: int, end: int) -> _Record | None:
    """The record at a place of a segment; None where none is, or not a whole one."""
    file.seek(offset)
    header = file.read(_RECORD.size)
    if len(header) < _RECORD.size or not header.startswith(_MAGIC):
        return None
    _, check, kind, samples, texts, state, rows, batch, seq, total = _RECORD.unpack(header)
    behind = offset + _RECORD.size + samples + texts + state
    if behind > end:
        return None
    content = file.read(samples + texts + state)
    if len(content) < samples + texts + state or zlib.crc32(content, zlib.crc32(header[_CHECKED:])) != check:
        return None
    parts = content[:samples], content[samples : samples + texts], content[samples + texts :]
    last = seq if kind == _HEAD else seq + max(rows, 1) - 1
    return _Record(kind, *parts, batch, seq, last, total, behind)


def _next_whole(file: io.BufferedReader, offset: int, end: int) -> int | None:
    """Where the next whole record begins; None where none follows."""
    file.seek(offset)
    content = file.read(end - offset)
    at = content.find(_MAGIC)
    while at >= 0:
        if _record(file, offset + at, end) is not None:
            return offset + at
        at = content.find(_MAGIC, at + 1)
    return None


def _has_length(path: Path, offset: int, end: int) -> bool:
    """Whether a header stands at a place and everything it announces is there, whole or not."""
    with path.open("rb") as file:
        file.seek(offset)
        header = file.read(_RECORD.size)
    if len(header) < _RECORD.size or not header.startswith(_MAGIC):
        return False
    _, _, _, samples, texts, state, *_ = _RECORD.unpack(header)
    return bool(offset + _RECORD.size + samples + texts + state <= end)


def _page(found: Sequence[_Record], source: int) -> Page:
    """Rows of records: in each the samples come first, then the texts."""
    samples, texts = [], []
    for record in found:
        held = pl.read_ipc_stream(record.samples) if record.samples else pl.DataFrame()
        if record.samples:
            samples.append((held, record.first_seq))
        if record.texts:
            texts.append((pl.read_ipc_stream(record.texts), record.first_seq + held.height))
    raw = pl.lit(None, dtype=pl.Float64).alias("raw")
    return Page(
        found[-1].batch,
        _numbered(samples, source, raw).select(list(SAMPLES.columns)) if samples else SAMPLES.empty(),
        _numbered(texts, source).select(list(SAMPLES_TEXT.columns)) if texts else SAMPLES_TEXT.empty(),
        found[-1].total,
    )


def _numbered(frames: Sequence[tuple[pl.DataFrame, int]], source: int, *further: pl.Expr) -> pl.DataFrame:
    """The frames under each other, each row with its ``seq`` and the source."""
    seq = np.concatenate([np.arange(first, first + frame.height, dtype=np.int64) for frame, first in frames])
    return pl.concat([frame for frame, _ in frames]).with_columns(
        pl.Series("seq", seq), pl.lit(source, dtype=pl.Int16).alias("source"), *further
    )


def _write_all(file: int, content: bytes, offset: int) -> None:
    view = memoryview(content)
    while view:
        written = os.pwrite(file, view, offset)
        if not written:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        view, offset = view[written:], offset + written


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
