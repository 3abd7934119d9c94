"""What a poll remembers between two asks: how far it came, which rows it handed over lately, and what each day held.

A laboratory's row is stamped 08:14:59 and committed at 08:15:03, after the poll of 08:15:00 saw 08:15:01. So each poll
begins an *overlap* before the last stamp it saw; rows it knows from there are dropped by their digest. What a day held
is remembered for the days in which a deleted result is still looked for.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

from ferrolan.sources.live import Json
from ferrolan.sources.sql.rows import moment_of
from ferrolan.sources.sql.table import Mark

RECENT, KEPT = 100_000, 2_000
"""Digests of rows remembered while it runs, and of those kept with the watermark for the next start."""
KNOWN = 20_000
"""Most samples of the watched days that are remembered; the oldest day goes first."""

DAY = 86_400_000_000
"""A day [us]."""

Key = tuple[int, int]
"""Tag and time [us since 1970] of a sample."""


class Memory:
    """The memory of one polled table.

    ``mark`` is the last row that was seen and whose change is not in the future; ``recent`` digests of rows; ``known``
    what each UTC day (its number since 1970) holds, as the digest of each sample; ``prints`` the fingerprint of a day.
    Days before ``floor`` held too much to be remembered, and are no longer watched.
    """

    def __init__(self, mark: Mark | None = None, recent: Iterable[str] = ()) -> None:
        self.mark = mark
        self.recent: dict[str, None] = dict.fromkeys(recent)
        self.known: dict[int, dict[Key, str]] = {}
        self.prints: dict[int, list[str]] = {}
        self.floor = 0

    @classmethod
    def restored(cls, state: Mapping[str, Json]) -> Memory:
        """The memory that was kept with the last durable rows; an empty one where there is none."""
        if not state:
            return cls()
        kept: Any = state  # Any: JSON of ``kept``
        mark = Mark(_decoded(kept["updated"]), _decoded(kept["id"])) if kept["updated"] is not None else None
        made = cls(mark, kept["recent"])
        for day, rows in kept["known"].items():
            made.known[int(day)] = {(int(tag), int(time)): str(mine) for tag, time, mine in rows}
        made.floor = int(kept["floor"])
        made.prints = {int(day): list(found) for day, found in kept["prints"].items()}
        return made

    def kept(self) -> dict[str, Json]:
        """The memory as it is kept with rows."""
        lately = list(islice(reversed(self.recent), KEPT))[::-1]
        return {
            "updated": _encoded(self.mark.updated) if self.mark else None,
            "id": _encoded(self.mark.id) if self.mark else None,
            "recent": list(lately),
            "floor": self.floor,
            "known": {str(day): [[*key, digest] for key, digest in rows.items()] for day, rows in self.known.items()},
            "prints": {str(day): list(found) for day, found in self.prints.items()},
        }

    def is_new(self, row: tuple[object, ...]) -> bool:
        """Whether a row was not handed over lately; it is remembered from now on."""
        mine = digest(row)
        if mine in self.recent:
            return False
        self.recent[mine] = None
        if len(self.recent) > RECENT:
            del self.recent[next(iter(self.recent))]
        return True

    def learn(self, samples: Iterable[tuple[Key, str]], oldest: int) -> None:
        """Remember samples of days from ``oldest`` on, and forget what is older or too much."""
        for key, mine in samples:
            if key[1] // DAY >= oldest:
                self.known.setdefault(key[1] // DAY, {})[key] = mine
        while self.known and (min(self.known) < oldest or sum(map(len, self.known.values())) > KNOWN):
            gone = min(self.known)
            self.floor = max(self.floor, gone + 1)
            del self.known[gone]
            self.prints.pop(gone, None)


def digest(row: tuple[object, ...]) -> str:
    """Sixteen characters that tell one row from another."""
    return hashlib.blake2b(repr(row).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def earlier(stamp: object, overlap: timedelta) -> object | None:
    """A stamp of change, some time before another of the same kind; None where it is no time."""
    moment = moment_of(stamp)
    if moment is None:
        return None
    if isinstance(stamp, str):
        return written(moment - overlap, stamp)
    if isinstance(stamp, datetime):
        return stamp - overlap
    return (moment - timedelta(days=math.ceil(overlap / timedelta(days=1)))).date()


def written(moment: datetime, like: str) -> str:
    """A moment as ISO text in the way another one is written."""
    text = like.strip()
    separator = text[10] if len(text) > 10 else " "
    return moment.isoformat(separator, "microseconds" if "." in text else "seconds")


def _encoded(value: object) -> Json:
    """A value of a column as JSON that says what it was."""
    if isinstance(value, datetime | date):
        return ["time" if isinstance(value, datetime) else "date", value.isoformat()]
    if isinstance(value, Decimal):
        return ["decimal", str(value)]
    if isinstance(value, bytes):
        return ["bytes", value.hex()]
    return ["plain", value if value is None or isinstance(value, int | float | str) else str(value)]


def _decoded(kept: Any) -> Any:  # Any: JSON of ``_encoded``, and a value of a column
    kind, text = kept
    match kind:
        case "time":
            return datetime.fromisoformat(text)
        case "date":
            return date.fromisoformat(text)
        case "decimal":
            return Decimal(text)
        case "bytes":
            return bytes.fromhex(text)
    return text
