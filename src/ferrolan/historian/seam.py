"""The seam of the historian: what a store of samples offers, embedded or on a server, and what its readers may ask.

A furnace's temperature is registered once under its tag's name, gets a number, and keeps it for as long as the
historian lives, whatever becomes of the tag map. Rows are appended, never changed: of two rows of one tag and time
the higher ``seq`` wins, the other stays for the audit. A batch that comes with the position of its spool is stored with
that position in one transaction, so that a batch handed over twice is stored once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import polars as pl


@dataclass(frozen=True)
class NewTag:
    """A tag to be registered: its name, the canonical unit of its values (empty for texts), and how it moves."""

    name: str
    unit: str
    stepped: bool = False


@dataclass(frozen=True)
class Position:
    """How far a spool has been handed over: its name and the number of the last batch."""

    spool: str
    batch: int


class Reader(Protocol):
    """What may be asked of a store; every frame has the schema SAMPLES, sorted by tag and time."""

    def registered(self) -> pl.DataFrame:
        """Every registered tag (schema REGISTERED), by number."""
        ...

    def query(self, tags: Iterable[int], start: datetime, end: datetime) -> pl.DataFrame:
        """Winning samples of the tags with a time in ``[start, end)``; withdrawn ones are left out."""
        ...

    def superseded(self, tags: Iterable[int], start: datetime, end: datetime) -> pl.DataFrame:
        """Samples in ``[start, end)`` that lost against a later one of the same tag and time, for the audit."""
        ...

    def at(self, tags: Iterable[int], instant: datetime) -> pl.DataFrame:
        """The last winning sample of each tag at or before an instant; a tag without one has no row."""
        ...

    def before(self, tags: Iterable[int], instant: datetime) -> pl.DataFrame:
        """The last winning sample of each tag before an instant; a tag without one has no row."""
        ...

    def since(self, tags: Iterable[int], instant: datetime) -> pl.DataFrame:
        """The first winning sample of each tag at or after an instant; a tag without one has no row."""
        ...

    def texts(self, tags: Iterable[int], start: datetime, end: datetime) -> pl.DataFrame:
        """Winning texts (schema SAMPLES_TEXT) of the tags with a time in ``[start, end)``."""
        ...

    def count(self) -> int:
        """Number of stored rows, superseded and withdrawn ones included."""
        ...


class Store(Reader, Protocol):
    """A store of samples: appended, never changed."""

    def register(self, tags: Sequence[NewTag]) -> Mapping[str, int]:
        """The number of each tag by name; a name that is new gets the next free number, for good.

        Raises
        ------
        ProblemError
            If a known name comes with another unit than the one it was registered with.
        """
        ...

    def append(
        self, samples: pl.DataFrame, texts: pl.DataFrame | None = None, *, position: Position | None = None
    ) -> int:
        """Append rows (SAMPLES, SAMPLES_TEXT) and the position in one transaction; returns the rows stored.

        Rows whose position is not above the stored one of that spool were stored before: none is stored, 0 is returned.
        """
        ...

    def position(self, spool: str) -> int:
        """Number of the last batch of a spool that is stored; 0 where none is."""
        ...

    def close(self) -> None:
        """Close it; a closed store cannot be used again."""
        ...
