"""Rows of sealed files that were asked lately, kept in memory within a bound.

A control room asks the same fifty tags every few seconds, and a report the same ten tags by the hour, the shift and the
day. Most of the time of an answer goes into unpacking a row group of twenty tags for the one that was asked; here the
one stays unpacked. A sealed file never changes and is known by its SHA-256, so what is kept cannot be stale.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from threading import Lock
from typing import TypeAlias

import polars as pl

Key: TypeAlias = tuple[str, int]
"""The hash of a file, and a tag."""
MOST = 128 * 2**20
"""Bytes kept at most: some 3,000 days of a tag with a sample every 100 s."""
_EACH = 2_000  # bytes a frame takes beside its rows


class Memory:
    """Frames by key, those that were asked longest ago given up first; any thread may ask."""

    def __init__(self, most: int = MOST) -> None:
        self._most, self._size = most, 0
        self._held: OrderedDict[Key, pl.DataFrame] = OrderedDict()
        self._lock = Lock()

    @property
    def size(self) -> int:
        """Bytes that are kept."""
        return self._size

    def known(self, keys: list[Key]) -> dict[Key, pl.DataFrame]:
        """The frames that are kept of those asked."""
        with self._lock:
            found = {key: self._held[key] for key in keys if key in self._held}
            for key in found:
                self._held.move_to_end(key)
        return found

    def keep(self, frames: Mapping[Key, pl.DataFrame]) -> None:
        """Keep frames, and give up old ones until the rest is within the bound."""
        with self._lock:
            for key, frame in frames.items():
                if key not in self._held:
                    self._held[key] = frame
                    self._size += _bytes(frame)
            while self._size > self._most:
                _, gone = self._held.popitem(last=False)
                self._size -= _bytes(gone)

    def of(self, key: Key, read: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        """The frame of one key, read where it is not kept."""
        found = self.known([key]).get(key)
        if found is None:
            found = read()
            self.keep({key: found})
        return found


def _bytes(frame: pl.DataFrame) -> int:
    return int(frame.estimated_size()) + _EACH
