"""Segments of a spool: files of records, the last of which is written to, and the oldest deleted when it is stored.

``00000000000000000412.spool`` begins with batch 412. What is written is on the disk when ``write`` returns, or not in
the file at all: after a failed write the file is cut back, and after a failed fsync, when the kernel may have forgotten
what it could not write, it is not gone on with (Rebello et al., Can applications recover from fsync failures?, 2020).
"""

from __future__ import annotations

import errno
import json
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ferrolan.sources.live import Json
from ferrolan.sources.spool.damage import Findings
from ferrolan.sources.spool.marks import sync_folder
from ferrolan.sources.spool.records import BATCH, HEAD, Record, encoded, has_length, record_at, torn_from
from ferrolan.sources.spool.rows import state_bytes

ENDING = ".spool"
_BEGUN = "segment.new"  # a segment before its head is on the disk
_DIGITS = 20


@dataclass(frozen=True)
class Tail:
    """How a spool stands behind its last record: batch, last ``seq``, rows ever taken, and the connector's state."""

    batch: int = 0
    seq: int = 0
    total: int = 0
    state: dict[str, Json] = field(default_factory=dict)


@dataclass
class _Segment:
    """A file of records: the number of its first batch, and how far it is on the disk for certain [byte]."""

    path: Path
    first: int
    end: int


class Segments:
    """The files of one spool; written in one thread, read and released in another.

    Parameters
    ----------
    folder
        Where they lie.
    largest
        Size from which on a new one is begun [byte].
    findings
        Where what is wrong in them is noted.

    Raises
    ------
    OSError
        If the disk refuses, here and in every method.
    """

    def __init__(self, folder: Path, largest: int, findings: Findings) -> None:
        self._folder, self._largest, self._findings = folder, largest, findings
        self._listing = threading.Lock()
        self._file: int | None = None
        self._unsure = False  # whether the last segment has bytes behind its end that may be anything
        self._spoilt = False  # whether the kernel could not write the last segment, and may have forgotten what
        self._headed = 0  # where the head of a segment that was begun here ends [byte]
        self._cursor: tuple[int, Path, int] | None = None  # batch that was read, segment and offset behind it
        self._list = [
            _Segment(path, int(path.name[: -len(ENDING)]), path.stat().st_size)
            for path in sorted(folder.glob(f"*{ENDING}"))
            if path.name[: -len(ENDING)].isdecimal()
        ]

    @property
    def size(self) -> int:
        """Size on the disk [byte]."""
        with self._listing:
            return sum(segment.end for segment in self._list)

    @property
    def first(self) -> int | None:
        """Number of the first batch that is there, or would be; None where there is no segment."""
        with self._listing:
            return self._list[0].first if self._list else None

    @property
    def filled(self) -> bool:
        """Whether the last segment holds more than its head, so that a new one makes room."""
        return bool(self._list) and self._list[-1].end > self._headed

    # --- writing -----------------------------------------------------------------------------------------------

    def write(self, content: bytes, tail: Tail) -> None:
        """Write records behind the end of the last segment, or of a new one whose head says how the spool stands before
        them; all of them, or none.
        """
        self._mend()
        if self._file is None or self._spoilt or self._list[-1].end >= self._largest:
            self.begin(tail)
        assert self._file is not None
        segment = self._list[-1]
        try:
            _write_all(self._file, content, segment.end)
        except OSError:
            self._unsure = True
            self._mend()
            raise
        try:
            os.fdatasync(self._file)
        except OSError:
            self._unsure = self._spoilt = True
            self._mend()
            raise
        segment.end += len(content)

    def begin(self, tail: Tail) -> None:
        """Begin a segment with a head; both are on the disk under its name before a record is written to it."""
        self._mend()
        path, beside = self._folder / f"{tail.batch + 1:0{_DIGITS}d}{ENDING}", self._folder / _BEGUN
        head = encoded(HEAD, b"", b"", state_bytes(tail.state), 0, tail.batch, tail.seq, tail.total)
        made = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            _write_all(made, head, 0)
            os.fsync(made)
            beside.replace(path)  # in place of one that has nothing but its head, and is not trusted any more
            sync_folder(self._folder)
        except OSError:
            os.close(made)
            with suppress(OSError):
                beside.unlink(missing_ok=True)
            raise
        self.close()
        self._file, self._spoilt, self._headed = made, False, len(head)
        with self._listing:
            self._list = [one for one in self._list if one.path != path]
            self._list.append(_Segment(path, tail.batch + 1, len(head)))

    def stored(self, batch: int) -> None:
        """Delete the segments that end at or before a batch; the last one stays, for its state."""
        with self._listing:
            gone = [
                one for one, follower in zip(self._list, self._list[1:], strict=False) if follower.first <= batch + 1
            ]
            self._list = self._list[len(gone) :]
        for segment in gone:
            segment.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file that is written to."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _mend(self) -> None:
        """Cut off what a write that failed may have left."""
        if self._unsure and self._file is not None:
            os.ftruncate(self._file, self._list[-1].end)
            self._unsure = False

    # --- reading -----------------------------------------------------------------------------------------------

    def records(self, after: int) -> Iterator[Record]:
        """Whole batches behind a number, in order, across segments, as far as they are on the disk for certain."""
        with self._listing:
            segments = [_Segment(segment.path, segment.first, segment.end) for segment in self._list]
        offset = 0
        if self._cursor is not None and self._cursor[0] == after:
            at = [segment.path for segment in segments]
            if self._cursor[1] in at:
                segments, offset = segments[at.index(self._cursor[1]) :], self._cursor[2]
        last = after
        for segment, follower in zip(segments, [*segments, None][1:], strict=True):
            if offset == 0 and follower is not None and follower.first <= after + 1:
                continue
            for record in self._findings.whole(segment.path, offset, segment.end):
                if record.kind == BATCH and record.batch > last:
                    last = record.batch
                    self._cursor = (record.batch, segment.path, record.end)
                    yield record
            offset = 0

    # --- opening -----------------------------------------------------------------------------------------------

    def end(self) -> Tail:
        """How the spool stands, from its last segment; a segment without a whole record is taken away."""
        while self._list:
            segment = self._list[-1]
            records = self._findings.whole(segment.path, 0, torn_from(segment.path, segment.end))
            tail, end = _behind(records, Tail(batch=segment.first - 1))
            self._cut(segment, end)
            if end:
                return tail
            segment.path.unlink()
            self._list.pop()
        return Tail()

    def reopen(self) -> None:
        """Open the last segment to write behind its end."""
        if self._list:
            self._file = os.open(self._list[-1].path, os.O_RDWR | os.O_CLOEXEC)
            os.fsync(self._file)
        sync_folder(self._folder)

    def total_at_start(self) -> int | None:
        """Rows before the first segment that is there; None where none is, or its head is damaged."""
        for segment in self._list:
            with segment.path.open("rb") as file:
                head = record_at(file, 0, segment.end)
            if head is not None and head.kind == HEAD:
                return head.total
        return None

    def _cut(self, segment: _Segment, end: int) -> None:
        """Cut off what is torn at the end of the last segment, and say so."""
        if end >= segment.end:
            return
        if has_length(segment.path, end, segment.end):  # a record of full length: rather damaged than torn
            self._findings.damage(segment.path, end, segment.end - end)
        else:
            said = "the last record was not complete when the writing ended; it was never acknowledged, and is cut off"
            self._findings.note(segment.path.name, end, segment.end - end, said)
        os.truncate(segment.path, end)
        segment.end = end


def _behind(records: Iterator[Record], tail: Tail) -> tuple[Tail, int]:
    """How a spool stands behind records, and where the last of them ends [byte]; 0 where there is none."""
    end = 0
    for record in records:
        state = json.loads(record.state) if record.state else tail.state
        tail = Tail(record.batch, record.last_seq, record.total, state)
        end = record.end
    return tail, end


def _write_all(file: int, content: bytes, offset: int) -> None:
    view = memoryview(content)
    while view:
        written = os.pwrite(file, view, offset)
        if not written:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        view, offset = view[written:], offset + written
