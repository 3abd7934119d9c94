"""What the tests of served historians share: samples, and the rule that says which row wins, in plain Python."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import strategies as st

from ferrolan.base.status import RETRACTED
from ferrolan.base.tables import SAMPLES, SAMPLES_TEXT

T0 = datetime(2026, 3, 1, tzinfo=UTC)
Row = tuple[int, datetime, float | None, float | None, int, int, int]


def samples(rows: Iterable[Sequence[object]]) -> pl.DataFrame:
    return SAMPLES.check(pl.DataFrame(list(rows), schema=SAMPLES.schema, orient="row"))


def texts(rows: Iterable[Sequence[object]]) -> pl.DataFrame:
    return SAMPLES_TEXT.check(pl.DataFrame(list(rows), schema=SAMPLES_TEXT.schema, orient="row"))


def minute(k: float) -> datetime:
    return T0 + timedelta(minutes=k)


def row(tag: int, k: float, value: float | None, seq: int, status: int = 0, raw: float | None = None) -> Row:
    return (tag, minute(k), value, raw, status, seq, 0)


def rank(row: Row) -> tuple[object, ...]:
    """The smallest of one tag and time wins: highest seq, then source, status, value, raw, a null last."""
    last = [(part is None, part or 0.0) for part in (row[2], row[3])]
    return (-row[5], row[6], row[4], *last)


def winners(rows: Iterable[Row]) -> list[Row]:
    best: dict[tuple[int, datetime], Row] = {}
    for candidate in rows:
        key = candidate[:2]
        if key not in best or rank(candidate) < rank(best[key]):
            best[key] = candidate
    return sorted(row for row in best.values() if row[4] != RETRACTED)


ROWS = st.lists(
    st.builds(
        row,
        tag=st.integers(1, 3),
        k=st.sampled_from([0, 1, 1439, 1440, 20 * 1440, 900 * 1440]),
        value=st.sampled_from([None, 1.0, 2.5]),
        seq=st.integers(1, 4),
        status=st.sampled_from([0, 0x80310000, RETRACTED]),
        raw=st.sampled_from([None, 7.0]),
    ),
    max_size=25,
)
MOMENTS = st.sampled_from([-1, 0, 1, 2, 1440, 1441, 21 * 1440, 900 * 1440, 2000 * 1440]).map(minute)
