"""Rows of files that could not be taken, kept with their line and reason: appended, and bounded.

Line 214 of Tuesday's laboratory file says ``3,1.4``; it becomes one JSON object in ``rejected/laboratory.jsonl``. When
that file is large it is moved to ``laboratory.1.jsonl``, in place of the one before.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from urllib.parse import quote

import polars as pl

from ferrolan.base.surroundings import storing
from ferrolan.base.tables import REJECTED

LARGEST = 32 * 2**20
"""Size of the file from which on a new one is begun [byte]."""


class Rejected:
    """The refused rows of one connection, in the collector's folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self.file = folder / f"{quote(name, safe='')}.jsonl"
        self.count = 0
        self._writing = threading.Lock()

    def keep(self, rows: pl.DataFrame) -> None:
        """Append rows (REJECTED); they are on the disk then.

        Raises
        ------
        TableError
            If the frame does not have the schema.
        SurroundingsError
            If the disk refuses.
        """
        content = REJECTED.check(rows).write_ndjson().encode()
        with self._writing, storing(self.file):
            self.file.parent.mkdir(0o700, parents=True, exist_ok=True)
            if self.file.exists() and self.file.stat().st_size > LARGEST:
                self.file.replace(self.file.with_suffix(".1.jsonl"))
            with self.file.open("ab") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            self.count += rows.height
