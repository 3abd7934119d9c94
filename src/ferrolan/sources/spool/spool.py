"""A spool as its two sides see it: a connection appends batches, the way to the historian reads and releases them.

The belt scale's batch 17 is written, fsynced and acknowledged; the historian, which stored 16, reads it, stores it with
its number, and releases it. Rows are numbered here: ``seq`` rises strictly, whatever the machine's clock does.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import polars as pl

from ferrolan.base.errors import Fault, SurroundingsError
from ferrolan.base.surroundings import refused
from ferrolan.sources.live import Json
from ferrolan.sources.spool import room
from ferrolan.sources.spool.damage import Finding, Findings
from ferrolan.sources.spool.marks import known_identity, new_identity, note_handed, noted_handed, sync_folder
from ferrolan.sources.spool.records import BATCH, Record, encoded
from ferrolan.sources.spool.room import Bounds
from ferrolan.sources.spool.rows import Page, Rows, ipc, page, parts, rows_of
from ferrolan.sources.spool.segments import Segments, Tail

SEGMENT = 16 * 2**20
"""Size from which on a new segment is begun [byte]."""

_PARTS = 8  # segments a full spool has at least, so that it empties bit by bit
_JUMP = 10**6  # batches a damaged segment cannot have held
_READ_AT_ONCE = 32 * 2**20  # bytes of payload a page holds at most, but for its last record


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
        self._findings = Findings(self.folder)
        self._now, self._largest = now, min(segment, self.bounds.most // _PARTS)
        self._writing = threading.RLock()
        self._tail = Tail()
        self._handed, self._released = 0, 0  # total, and last batch, of what was released
        try:
            self._open()
        except OSError as error:
            raise refused(self.folder, error) from error

    @property
    def findings(self) -> Sequence[Finding]:
        """What was wrong in it, in the order it was found."""
        return self._findings.found

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
            tail, numbers, records = self._encoded(gathered)
            content = b"".join(records)
            try:
                self._make_room(len(content))
                self._segments.write(content, self._tail)
            except OSError as error:
                raise refused(self.folder, error) from error
            self._tail = tail
            return numbers

    def _encoded(self, gathered: Sequence[Rows]) -> tuple[Tail, list[int], list[bytes]]:
        """Records of what is handed over, and how the spool stands behind them."""
        tail = self._tail
        numbers: list[int] = []
        records: list[bytes] = []
        for rows in gathered:
            for samples, texts, state in parts(rows):
                first = max(tail.seq + 1, self._now())
                count = samples.height + texts.height
                tail = Tail(tail.batch + 1, first + max(count, 1) - 1, tail.total + count, tail.state)
                records.append(encoded(BATCH, ipc(samples), ipc(texts), state, count, tail.batch, first, tail.total))
            if rows.state:
                tail = replace(tail, state=json.loads(rows.state))
            numbers.append(tail.batch)
        return tail, numbers, records

    # --- room --------------------------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """Size on the disk [byte]."""
        return self._segments.size

    @property
    def waiting(self) -> int:
        """Rows that are not handed over; after a crash, before the first are, possibly some too many."""
        return max(self._tail.total - self._handed, 0)

    @property
    def room(self) -> float:
        """Share of its room that is left [1]: of its own bound or of the disk, whichever is less."""
        return room.left(self.bounds, self.folder, self.size)

    @property
    def nearly_full(self) -> bool:
        """Whether somebody must look, before it is full."""
        return self.room < 1.0 - self.bounds.near

    def _make_room(self, wanted: int) -> None:
        """Refuse what does not fit; where all that fills it is handed over, its last segment makes room as well."""
        if self._fits(wanted):
            return
        if self._tail.batch and self._released >= self._tail.batch and self._segments.filled:
            self._segments.begin(self._tail)
            self.release(self._released)
            if self._fits(wanted):
                return
        above = max(room.above_floor(self.bounds, self.folder), 0)
        found = f"{self.size:,} bytes in it and {above:,} bytes free above the floor"
        way_out = "It empties when the historian takes its rows: see to the historian, or free space on the disk."
        fault = Fault(str(self.folder), 0, "", found, f"room for {wanted:,} bytes", way_out, "spool_full")
        raise SurroundingsError(str(fault))

    def _fits(self, wanted: int) -> bool:
        return room.fits(self.bounds, self.folder, self.size, wanted)

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
        found: list[Record] = []
        count = size = 0
        try:
            for record in self._segments.records(after):
                found.append(record)
                count += record.last_seq - record.first_seq + 1
                size += len(record.samples) + len(record.texts)
                if count >= rows or size >= _READ_AT_ONCE:
                    break
        except OSError as error:
            raise refused(self.folder, error) from error
        return page(found, self.source) if found else None

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
        note_handed(self.folder, self.identity, self._handed)
        try:
            self._segments.stored(batch)
        except OSError as error:
            raise refused(self.folder, error) from error

    # --- opening -----------------------------------------------------------------------------------------------

    def renew(self, batch: int) -> None:
        """Take a new identity: the store knows a later batch of this one than the spool does, so it is another spool.

        It happens when an old copy of the folder is put back; ``batch`` is what the store knows.
        """
        with self._writing:
            said = f"the historian knows batch {batch}, the spool {self.last}: it gets a new identity"
            self._findings.note("", 0, 0, said)
            self.identity = new_identity(self.folder, self.name)

    def compare(self, batch: int) -> None:
        """Note that batches are missing between what the store knows and what the spool still has, where some are.

        It happens when an old copy of the historian is put back: what it took later was released here. ``batch`` is
        what the store knows; one that knows nothing is a new historian.
        """
        first = self._segments.first
        if first is not None and 0 < batch < first - 1 and not self._findings.lost:
            said = (
                f"the historian knows batch {batch:,}, the spool begins with {first:,}: what was stored in between is "
                "in neither; import it from a copy of the historian"
            )
            self._findings.note("", 0, 0, said, lost=True)

    def close(self) -> None:
        """Close it; what is being written is written first."""
        with self._writing:
            self._segments.close()

    def _open(self) -> None:
        self.folder.mkdir(0o700, parents=True, exist_ok=True)
        for folder in (self.folder.parent.parent, self.folder.parent):
            sync_folder(folder)
        self.identity = known_identity(self.folder, self.name) or new_identity(self.folder, self.name)
        self._segments = Segments(self.folder, self._largest, self._findings)
        self._tail = self._segments.end()
        if self._findings.lost:  # batches may be lost that the store knows: never their numbers
            self._tail = replace(self._tail, batch=self._tail.batch + _JUMP)
        self.opened_at = self._tail.batch
        before = self._segments.total_at_start()
        known = noted_handed(self.folder, self.identity)
        self._handed = max(self._tail.total if before is None else before, min(known, self._tail.total))
        self._segments.reopen()
