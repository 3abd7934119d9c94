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

from ferrolan.sources.spool.damage import ASIDE, Finding
from ferrolan.sources.spool.marks import HANDED, IDENTITY
from ferrolan.sources.spool.room import Bounds
from ferrolan.sources.spool.rows import LARGEST_BATCH, Page, Rows, rows_of
from ferrolan.sources.spool.segments import ENDING
from ferrolan.sources.spool.spool import SEGMENT, Spool

__all__ = [
    "ASIDE",
    "ENDING",
    "HANDED",
    "IDENTITY",
    "LARGEST_BATCH",
    "SEGMENT",
    "Bounds",
    "Finding",
    "Page",
    "Rows",
    "Spool",
    "rows_of",
]
