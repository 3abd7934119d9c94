"""What a spool has acknowledged comes out of it once and in order, whatever happened between."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrolan.base.errors import SurroundingsError, TableError
from ferrolan.sources.live import gathered, gathered_texts
from ferrolan.sources.spool import ASIDE, Bounds, Spool, rows_of

T0 = 1_774_000_000_000_000


def rows(*values: float) -> pl.DataFrame:
    return gathered([7] * len(values), [T0 + int(v) for v in values], list(values), [0] * len(values))


def values(spool: Spool, after: int = 0) -> list[float]:
    """Everything behind a batch, read in small pages."""
    found: list[float] = []
    while (page := spool.read(after, 3)) is not None:
        found += page.samples["value"].to_list()
        after = page.last
    return found


def segments(spool: Spool) -> list[Path]:
    return sorted(spool.folder.glob("*.spool"))


def test_what_is_appended_is_read_in_order_with_a_rising_seq(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "scada", source=4)
    texts = gathered_texts([8], [T0], ["run"], [0])
    assert [spool.append(rows(1, 2), texts), spool.append(rows(3))] == [1, 2]
    page = spool.read(0, 100)
    assert page is not None and page.last == 2
    assert page.samples["value"].to_list() == [1, 2, 3]
    assert page.texts["text"].to_list() == ["run"]
    first, second, third = page.samples["seq"].to_list()
    assert first < second < page.texts["seq"][0] < third
    assert set(page.samples["source"]) | set(page.texts["source"]) == {4}


def test_it_is_found_again_as_it_was_left(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "scada")
    spool.append(rows(1), state={"seen": 1})
    spool.append(rows(2))
    spool.close()
    again = Spool(tmp_path, "scada")
    assert (again.state, again.last, again.seq, again.identity) == ({"seen": 1}, 2, spool.seq, spool.identity)
    assert again.findings == [] and again.waiting == 2
    assert again.append(rows(3)) == 3
    assert values(again) == [1, 2, 3]


def test_the_state_and_the_numbers_outlive_every_segment(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "scada", segment=1)
    for number in range(5):
        spool.append(rows(number), state={"seen": number})
    spool.append(rows(5))
    spool.release(spool.last)
    assert len(segments(spool)) == 1
    again = Spool(tmp_path, "scada", segment=1)
    assert (again.state, again.last, again.seq) == ({"seen": 4}, 6, spool.seq)


def test_seq_rises_though_the_clock_steps_back_an_hour(tmp_path: Path) -> None:
    clock = [T0]
    spool = Spool(tmp_path, "scada", now=lambda: clock[0])
    found = []
    for step in (0, 10, -3_600_000_000, 5, 7_200_000_000, -3_600_000_000):
        clock[0] += step
        spool.append(rows(1, 2))
        found.append(spool.seq)
    spool.close()
    clock[0] = T0 - 86_400_000_000
    Spool(tmp_path, "scada", now=lambda: clock[0]).append(rows(3))
    page = Spool(tmp_path, "scada").read(0, 100)
    assert page is not None
    seq = page.samples["seq"].to_list()
    assert seq == sorted(set(seq)) and len(seq) == 13


def test_many_hand_overs_share_one_fsync(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "scada")
    spool.append(rows(0))
    with patch("os.fdatasync", wraps=os.fdatasync) as synced:
        numbers = spool.commit([rows_of(rows(n), None, {"n": n}) for n in range(1, 6)])
    assert numbers == [2, 3, 4, 5, 6] and synced.call_count == 1
    assert values(spool, 1) == [1, 2, 3, 4, 5] and spool.state == {"n": 5}


def test_a_segment_goes_when_all_of_it_is_handed_over(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "scada", segment=1)
    for number in range(4):
        spool.append(rows(number))
    assert len(segments(spool)) == 4
    spool.release(2)
    assert len(segments(spool)) == 2 and values(spool, 2) == [2, 3]


def test_a_large_hand_over_is_cut_and_its_state_comes_last(tmp_path: Path) -> None:
    with patch("ferrolan.sources.spool.rows.LARGEST_BATCH", 2):
        spool = Spool(tmp_path, "scada")
        assert spool.append(rows(1, 2, 3, 4, 5), gathered_texts([8], [T0], ["x"], [0]), {"seen": 5}) == 3
        first = spool.read(0, 1)
    assert first is not None and first.last == 1 and first.count == 3
    assert values(spool) == [1, 2, 3, 4, 5]


def test_a_torn_last_record_is_cut_off_and_said(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "scada")
    for number in (1, 2, 3):
        spool.append(rows(number), state={"seen": number})
    spool.close()
    (segment,) = segments(spool)
    whole = segment.stat().st_size
    os.truncate(segment, whole - 5)
    again = Spool(tmp_path, "scada")
    (finding,) = again.findings
    assert finding.segment == segment.name and not finding.lost and "never acknowledged" in finding.said
    assert values(again) == [1, 2] and again.state == {"seen": 2}
    assert again.append(rows(4)) == 3 and values(again) == [1, 2, 4]
    assert Spool(tmp_path, "scada").findings == []


def test_a_damaged_record_is_kept_aside_and_said_with_its_place_and_reading_goes_on(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "scada", segment=1)
    places = []
    for number in (1, 2, 3):
        spool.append(rows(number))
    for segment in segments(spool)[1:2]:
        content = bytearray(segment.read_bytes())
        content[-20] ^= 1
        segment.write_bytes(content)
        places.append((segment.name, content))
    assert values(spool) == [1, 3]
    (finding,) = spool.findings
    name, content = places[0]
    assert finding.segment == name and finding.lost and finding.offset + finding.size == len(content)
    assert (spool.folder / ASIDE / name).read_bytes() == content


def test_damage_inside_a_segment_costs_its_own_record_alone(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "scada")
    ends = []
    for number in (1, 2, 3):
        spool.append(rows(number), state={"seen": number})
        ends.append(spool.size)
    spool.close()
    (segment,) = segments(spool)
    content = bytearray(segment.read_bytes())
    content[ends[0] + 10] ^= 0xFF
    segment.write_bytes(content)
    again = Spool(tmp_path, "scada")
    assert values(again) == [1, 3] and again.state == {"seen": 3}
    assert [(found.offset, found.size, found.lost) for found in again.findings] == [(ends[0], ends[1] - ends[0], True)]
    assert again.last > 3, "the number of a batch that was lost is not given again"


def test_a_spool_that_was_lost_is_another_spool_to_the_store(tmp_path: Path) -> None:
    before = Spool(tmp_path / "a", "scada").identity
    after = Spool(tmp_path / "b", "scada").identity
    assert before != after and before.startswith("scada.")
    spool = Spool(tmp_path / "b", "scada")
    spool.renew(17)
    assert Spool(tmp_path / "b", "scada").identity == spool.identity != after


@pytest.mark.parametrize("segment", [1, 16 * 2**20])
def test_a_full_spool_refuses_and_takes_again_when_it_is_emptied(tmp_path: Path, segment: int) -> None:
    spool = Spool(tmp_path, "scada", bounds=Bounds(most=8_000), segment=segment)

    def fill(value: int = 0) -> None:
        while True:
            spool.append(rows(value), state={"seen": value})
            value += 1

    with pytest.raises(SurroundingsError, match=r"\[spool_full\]"):
        fill()
    written = len(values(spool))
    assert written > 1 and spool.nearly_full and values(spool) == list(range(written))
    spool.release(spool.last)
    spool.append(rows(99))
    assert values(spool, spool.last - 1) == [99] and not spool.nearly_full
    assert spool.state == {"seen": written - 1}


@pytest.mark.parametrize("failing", ["pwrite", "fdatasync"])
def test_a_write_that_fails_leaves_the_spool_as_it_was(tmp_path: Path, failing: str) -> None:
    spool = Spool(tmp_path, "scada")
    spool.append(rows(1))
    real: Callable[..., object] = getattr(os, failing)

    def half(file: int, *arguments: object) -> object:
        if failing == "pwrite":
            real(file, bytes(arguments[0])[:30], arguments[1])  # type: ignore[call-overload]
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with patch(f"os.{failing}", half), pytest.raises(SurroundingsError, match=r"\[disk_full\]"):
        spool.append(rows(2), state={"seen": 2})
    assert (spool.last, spool.state, values(spool)) == (1, {}, [1])
    assert spool.append(rows(3)) == 2 and values(spool) == [1, 3]
    spool.close()
    again = Spool(tmp_path, "scada")
    assert again.findings == [] and values(again) == [1, 3]


def test_rows_that_are_none_of_a_connector_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="samples of a connector"):
        Spool(tmp_path, "scada").append(pl.DataFrame({"tag": [1]}))


def test_a_batch_that_is_not_on_the_disk_is_not_read(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "scada")
    spool.append(rows(1))
    seen: list[object] = []

    def look(file: int) -> None:
        seen.append(spool.read(1, 10))

    with patch("os.fdatasync", look):
        spool.append(rows(2))
    assert seen == [None] and values(spool, 1) == [2]


def test_the_name_of_a_segment_is_on_the_disk_before_its_records(tmp_path: Path) -> None:
    done: list[str] = []
    sync, write, data = os.fsync, os.pwrite, os.fdatasync

    def fsync(file: int) -> None:
        done.append("folder" if Path(f"/proc/self/fd/{file}").readlink().is_dir() else "file")
        sync(file)

    def pwrite(file: int, content: bytes, offset: int) -> int:
        done.append("write")
        return write(file, content, offset)

    def fdatasync(file: int) -> None:
        done.append("data")
        data(file)

    spool = Spool(tmp_path, "scada")
    with patch("os.fsync", fsync), patch("os.pwrite", pwrite), patch("os.fdatasync", fdatasync):
        spool.append(rows(1))
    assert done == ["write", "file", "folder", "write", "data"]


ACTS = st.one_of(
    st.tuples(st.just("append"), st.integers(1, 4), st.booleans()),
    st.tuples(st.just("crash"), st.integers(0, 400), st.booleans()),
    st.tuples(st.just("read"), st.integers(1, 5), st.booleans()),
    st.tuples(st.just("reopen"), st.just(0), st.booleans()),
)


@settings(max_examples=50)
@given(st.lists(ACTS, max_size=25), st.sampled_from([1, 1_500, 100_000]))
def test_whatever_happens_nothing_acknowledged_is_lost_repeated_or_reordered(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[str, int, bool]], segment: int
) -> None:
    """A crash here cuts a record that was being written at any byte; what was acknowledged before it stays."""
    folder = tmp_path_factory.mktemp("spool")
    spool = Spool(folder, "s", segment=segment)
    acknowledged: list[float] = []
    stored: list[float] = []
    after = next_value = 0
    state: dict[str, object] = {}
    for act, number, flag in acts:
        if act == "append":
            made = [float(next_value + n) for n in range(number)]
            next_value += number
            spool.append(rows(*made), state={"seen": next_value} if flag else None)
            state = {"seen": next_value} if flag else state
            acknowledged += made
        elif act == "read":
            page = spool.read(after, number)
            if page is not None:
                stored += page.samples["value"].to_list()
                after = page.last
                if flag:
                    spool.release(after, page.total)
        else:
            torn: list[float] = []
            if act == "crash":  # an append that was not answered: any part of it may be on the disk
                torn = [float(next_value)]
                next_value += 1
                files = segments(spool)
                size = files[-1].stat().st_size if files else 0
                spool.append(rows(*torn), state=state if flag else None)
                last = segments(spool)[-1]
                kept = (size if files and last == files[-1] else 0) + number
                cut = kept < last.stat().st_size
                if cut:
                    os.truncate(last, kept)
                    torn = []
            spool.close()
            spool = Spool(folder, "s", segment=segment)
            acknowledged += torn
            assert spool.state == state
            assert [found for found in spool.findings if found.lost] == []
    while (page := spool.read(after, 2)) is not None:
        stored += page.samples["value"].to_list()
        after = page.last
    assert stored == acknowledged


def test_a_segment_that_cannot_be_begun_costs_neither_rows_nor_state(tmp_path: Path) -> None:
    """All is handed over and the disk is full: the segment that makes room does not fit either."""
    spool = Spool(tmp_path, "scada", bounds=Bounds(most=8_000), segment=1)
    spool.append(rows(1), state={"seen": 1})
    spool.release(1)
    with patch("ferrolan.sources.spool.segments.sync_folder", side_effect=OSError(errno.ENOSPC, "full")):
        for _ in range(2):
            with pytest.raises(SurroundingsError):
                spool.append(rows(*range(500)), state={"seen": 500})
    left = Spool(tmp_path, "scada")
    assert (left.state, left.last) == ({"seen": 1}, 1)
    left.close()
    assert spool.append(rows(2), state={"seen": 2}) == 2
    assert values(spool, 1) == [2] and values(Spool(tmp_path, "scada"), 1) == [2]
