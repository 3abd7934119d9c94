"""Stretches of which nothing was received, and what is remembered over a restart.

The link to the sinter plant broke at 08:14:07, when its server last proved to be alive: from there on each tag has a
row without a value, and the stretch stands in the state that is kept with the rows, so that it is filled from the
server's history even where this program was stopped in between. Times are the server's own, as are those of its values.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from ferrolan.sources.live import Json

_REMEMBERED = 400_000  # rows handed over last, to know again what the history repeats: about 12 MB


@dataclass(frozen=True)
class Gap:
    """A stretch without values: from ``since`` to ``until`` (None while it lasts) [us since 1970, the server's clock].

    ``tags`` are numbers of tags, None for all of the stream. ``marked`` says that rows were written which say so,
    ``first`` from when on the history is asked where the server's clock was set in between; 0 where it is ``since``.
    ``at`` is our own clock at the last proof of life before it [us since 1970]. ``later`` are tags and times of a
    second row [us since 1970]: behind a value of a clock that is ahead, which would else stand as good all the while.
    """

    since: int
    until: int | None = None
    tags: tuple[int, ...] | None = None
    marked: bool = True
    first: int = 0
    at: int = 0
    later: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Memory:
    """What is kept beside the rows: the last proof of life by the server's clock and by ours, the newest time of any
    value [us], and the gaps.
    """

    proven: int = 0
    at: int = 0
    gaps: tuple[Gap, ...] = ()
    newest: int = 0

    @property
    def broken(self) -> Gap | None:
        """The gap that lasts."""
        return next((gap for gap in self.gaps if gap.until is None), None)

    def without(self, gap: Gap) -> Memory:
        """The memory when a gap needs no more work."""
        return replace(self, gaps=tuple(one for one in self.gaps if one != gap))

    def json(self) -> Mapping[str, Json]:
        """As plain data."""
        gaps: Json = [_json(gap) for gap in self.gaps]
        return {"proven": self.proven, "at": self.at, "gaps": gaps, "newest": self.newest}


def remembered(state: Mapping[str, Json]) -> Memory:
    """The memory that was kept; an empty one at the very first start."""
    gaps = state.get("gaps")
    found = tuple(_gap(one) for one in gaps if isinstance(one, Mapping)) if isinstance(gaps, list) else ()
    return Memory(_whole(state.get("proven")), _whole(state.get("at")), found, _whole(state.get("newest")))


class Recent:
    """The rows handed over last, bounded, to leave out what comes a second time."""

    def __init__(self, most: int = _REMEMBERED) -> None:
        self._most, self._rows = most, 0
        self._frames: deque[pl.DataFrame] = deque()

    def add(self, frame: pl.DataFrame) -> None:
        """Remember rows, and forget the oldest where there are too many."""
        if len(frame):
            self._frames.append(frame)
            self._rows += len(frame)
        while self._rows > self._most and len(self._frames) > 1:
            self._rows -= len(self._frames.popleft())

    def new(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows that were not handed over yet: no remembered row has their tag, time and value or text."""
        if not self._frames or not len(frame):
            return frame
        keys = [name for name in frame.columns if name != "status"]
        same = [one.select(keys) for one in self._frames if one.columns == frame.columns]
        if not same:
            return frame
        return frame.join(pl.concat(same), on=keys, how="anti", nulls_equal=True, maintain_order="left")


def _json(gap: Gap) -> Json:
    tags: Json = None if gap.tags is None else list(gap.tags)
    return {
        "since": gap.since,
        "until": gap.until,
        "tags": tags,
        "marked": gap.marked,
        "first": gap.first,
        "at": gap.at,
        "later": [list(one) for one in gap.later],
    }


def _gap(data: Mapping[str, Json]) -> Gap:
    until, tags, later = data.get("until"), data.get("tags"), data.get("later")
    pairs = later if isinstance(later, list) else []
    return Gap(
        _whole(data.get("since")),
        _whole(until) if until is not None else None,
        tuple(_whole(tag) for tag in tags) if isinstance(tags, Sequence) and not isinstance(tags, str) else None,
        data.get("marked") is not False,
        _whole(data.get("first")),
        _whole(data.get("at")),
        tuple((_whole(one[0]), _whole(one[1])) for one in pairs if isinstance(one, list)),
    )


def _whole(value: Json) -> int:
    return value if isinstance(value, int) else 0
