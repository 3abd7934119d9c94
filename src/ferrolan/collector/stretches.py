"""A long answer read stretch by stretch, so that no question takes the collector's memory.

A year of 1,000,000 tags is asked for by one address. The first stretch is so short that samples every second fill an
eighth of the room of an answer; while little is found the next one is four times as long. Where the room is full the
question is refused, and ``historian.remote`` asks for less at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import polars as pl

from ferrolan.base.errors import Fault, FerrolanError
from ferrolan.historian.seam import Reader

Question = Literal["query", "superseded", "texts"]
ROOM = 32 * 2**20
"""Most that the rows of one answer may take [byte]; some 700,000 samples."""
_ROW = 48  # of a sample [byte]
_SHARE, _GROWTH = 8, 4
_LONGEST = timedelta(days=36_500)


class TooMuch(FerrolanError):
    """A question whose answer has no room."""


def gathered(reader: Reader, question: Question, tags: Sequence[int], start: datetime, end: datetime) -> pl.DataFrame:
    """Rows of the tags with a time in ``[start, end)``, as the reader itself would give them.

    Raises
    ------
    TooMuch
        If they take more than ``ROOM``; nothing further is read then.
    """
    ask = getattr(reader, question)
    pages: list[pl.DataFrame] = []
    left, step = ROOM, timedelta(seconds=max(ROOM / _SHARE / _ROW / max(len(tags), 1), 1.0))
    while True:
        until = end if end - start <= step else start + step
        page: pl.DataFrame = ask(tags, start, until)
        size = int(page.estimated_size())
        left -= size
        if left < 0:
            raise _too_much(question, len(tags))
        pages.append(page)
        if until >= end:
            break
        start = until
        if size <= ROOM // _SHARE:
            step = min(_GROWTH * step, _LONGEST)
    order = [name for name in ("tag", "time", "seq", "source", "status") if name in pages[0].columns]
    return pages[0] if len(pages) == 1 else pl.concat(pages).sort(order, maintain_order=True)


def _too_much(question: str, tags: int) -> TooMuch:
    expected = f"an answer of at most {ROOM // 2**20} MiB"
    way_out = "Ask for a shorter time, or for fewer tags at a time."
    found = f"more, of {tags} tags"
    return TooMuch(str(Fault("historian", 0, question, found, expected, way_out, "answer_too_large")))
