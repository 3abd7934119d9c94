"""Sealed rows that are kept in memory: bounded, never stale, and the same rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from ferrolan.base.tables import SAMPLES
from ferrolan.historian.embedded import Archive
from ferrolan.historian.embedded import sealed as sealing
from ferrolan.historian.embedded.memory import Memory

START = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
END = START + 4 * DAY
TAGS = (1, 3, 7)


def rows(seq: int = 1, add: float = 0.0, *, days: int = 4, every: int = 1) -> pl.DataFrame:
    """A sample an hour of each tag."""
    held = [
        (tag, START + timedelta(hours=hour), tag + hour + add, None, 0, seq, 1)
        for hour in range(0, 24 * days, every)
        for tag in TAGS
    ]
    return pl.DataFrame(held, schema=SAMPLES.schema, orient="row")


def test_it_keeps_no_more_bytes_than_it_may_and_gives_up_what_was_asked_longest_ago() -> None:
    frame = rows()
    memory = Memory(4 * (int(frame.estimated_size()) + 2_000))
    for tag in range(4):
        memory.keep({("file", tag): frame})
    memory.known([("file", 0)])
    memory.keep({("file", 4): frame})
    assert list(memory.known([("file", tag) for tag in range(5)])) == [("file", tag) for tag in (0, 2, 3, 4)]
    assert memory.size <= 4 * (int(frame.estimated_size()) + 2_000)


def test_a_frame_larger_than_all_it_may_keep_is_answered_and_not_kept() -> None:
    memory = Memory(100)
    assert memory.of(("file", 1), rows).equals(rows())
    assert memory.size == 0


@pytest.mark.parametrize("hours", [(0, 96), (5, 6), (13, 61), (24, 48), (-30, 200)])
def test_a_second_answer_is_the_first_and_that_of_a_question_for_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: tuple[int, int]
) -> None:
    start, end = (START + timedelta(hours=hour) for hour in hours)
    with Archive(tmp_path) as archive:
        archive.append(rows())
        archive.seal(END)
        first, second = (archive.query([1, 2, 7], start, end) for _ in range(2))
        monkeypatch.setattr(sealing, "_FEW", 0)
        assert first.equals(second) and first.equals(archive.query([1, 2, 7], start, end))


def test_what_is_asked_again_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Archive(tmp_path) as archive:
        archive.append(rows())
        archive.seal(END)
        answers = archive.query([1, 2, 7], START, END), archive.at([1, 2, 7], END)
        monkeypatch.setattr(sealing, "read_each", None)
        assert archive.query([1, 2, 7], START, END).equals(answers[0])
        assert archive.at([1, 2, 7], END).equals(answers[1])


def test_a_new_generation_of_a_day_is_asked_at_once(tmp_path: Path) -> None:
    with Archive(tmp_path) as archive:
        archive.append(rows())
        archive.seal(END)
        assert archive.query([3], START, END)["value"].to_list() == [3.0 + hour for hour in range(96)]
        archive.append(rows(seq=2, add=0.5, every=2))
        archive.seal(END)
        wanted = [3.0 + hour + (0.0 if hour % 2 else 0.5) for hour in range(96)]
        assert archive.query([3], START, END)["value"].to_list() == wanted
        assert archive.at([3], START + 30 * DAY)["value"].to_list() == [wanted[-1]]


def test_rows_before_all_hot_ones_are_found_as_soon_as_they_are_appended(tmp_path: Path) -> None:
    late = START - 20 * DAY
    with Archive(tmp_path) as archive:
        assert archive.since([1], late).is_empty()
        archive.append(rows())
        archive.seal(START + 2 * DAY)
        assert archive.at([1], START - DAY).is_empty()
        archive.append(rows(days=1).with_columns(time=pl.col("time") - 20 * DAY))
        assert archive.at([1], START - DAY)["value"].to_list() == [24.0]
        assert archive.since([1], late)["value"].to_list() == [1.0]
        assert archive.query([1], late, START).height == 24
    with Archive(tmp_path) as archive:
        assert archive.query([1], late, START).height == 24
