"""The embedded historian: seals that change no answer, damage that is found, rows that go by rule and never silently."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferrolan.base.errors import SourceError, SurroundingsError
from ferrolan.base.status import RETRACTED
from ferrolan.base.tables import SAMPLES, SAMPLES_TEXT
from ferrolan.historian.embedded import Archive, open_reader, owner_of
from ferrolan.historian.embedded import seal as sealing
from ferrolan.historian.embedded.ranking import by_key, settled, winners
from ferrolan.historian.seam import NewTag, Position

START = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
END = START + 8 * DAY
BAD = 0x80310000
Row = tuple[int, datetime, float | None, float | None, int, int, int]


def row(tag: int, hours: float, value: float | None, seq: int, status: int = 0) -> Row:
    return (tag, START + timedelta(hours=hours), value, None, status, seq, 1)


def samples(*rows: Row) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=SAMPLES.schema, orient="row")


def text(tag: int, hours: float, said: str, seq: int) -> pl.DataFrame:
    rows = [(tag, START + timedelta(hours=hours), said, 0, seq, 1)]
    return pl.DataFrame(rows, schema=SAMPLES_TEXT.schema, orient="row")


def month(days: int = 4, tags: int = 5) -> pl.DataFrame:
    return samples(
        *(row(tag, 24 * d + h, 10.0 * tag + d + h / 24, 1000 * d + 10 * h + tag) for d in range(days) for h in range(0, 24, 3) for tag in range(1, tags + 1))
    )  # fmt: skip


def answers(archive: Archive) -> list[list[tuple[object, ...]]]:
    """Everything that may be asked, as far as a seal must not change it."""
    tags, hours = range(1, 7), [START + timedelta(hours=h) for h in range(-3, 24 * 8, 13)]
    return [archive.query(tags, START - 9 * DAY, END).rows(), archive.texts(tags, START, END).rows()] + [
        ask(tags, hour).rows() for hour in hours for ask in (archive.at, archive.before, archive.since)
    ]


# laws

STEPS = st.lists(
    st.one_of(
        st.lists(
            st.builds(
                row, tag=st.integers(1, 3), hours=st.sampled_from([-50, 0, 0.001, 23.999, 24, 30, 47, 71, 72.5]),
                value=st.sampled_from([None, 1.0, 2.0, -0.5]), seq=st.integers(1, 40),
                status=st.sampled_from([0, 0, BAD, RETRACTED]),
            ),
            min_size=1, max_size=12,
        ),
        st.sampled_from(["seal", "seal a day", "reopen"]),
    ),
    max_size=9,
)  # fmt: skip


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, small=st.booleans())
def test_it_answers_as_a_dictionary_whatever_is_sealed_and_reopened(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, steps: list[object], small: bool
) -> None:
    monkeypatch.setattr(sealing, "AT_ONCE", 3 if small else 4_000_000)
    monkeypatch.setattr(sealing.seal_day, "__kwdefaults__", {"at_once": sealing.AT_ONCE})
    folder, model = tmp_path_factory.mktemp("archive"), list[Row]()
    archive = Archive(folder)
    try:
        for step in steps:
            if isinstance(step, list):
                archive.append(samples(*step))
                model += step
            elif step == "reopen":
                archive.close()
                archive = Archive(folder)
            else:
                archive.seal(END if step == "seal" else START + DAY)
            agrees(archive, model)
        archive.seal(END)
        assert archive.check() == ()
    finally:
        archive.close()


def rank(held: Row) -> tuple[object, ...]:
    return (-held[5], held[6], held[4], *[(part is None, part or 0.0) for part in held[2:4]])


def agrees(archive: Archive, model: list[Row]) -> None:
    best: dict[tuple[int, datetime], Row] = {}
    for held in model:
        key = held[0], held[1]
        if key not in best or rank(held) < rank(best[key]):
            best[key] = held
    won = sorted(held for held in best.values() if held[4] != RETRACTED)
    assert archive.query([1, 2, 3], START - 9 * DAY, END).rows() == won
    for moment in (START, START + timedelta(hours=26), START + timedelta(hours=80)):
        for tag in (1, 2, 3):
            until = [held for held in won if held[0] == tag and held[1] <= moment]
            after = [held for held in won if held[0] == tag and held[1] >= moment]
            assert archive.at([tag], moment).rows() == until[-1:]
            assert archive.since([tag], moment).rows() == after[:1]


@settings(max_examples=50, deadline=None)
@given(
    rows=st.lists(
        st.builds(row, tag=st.integers(-3, 3), hours=st.integers(0, 5), value=st.sampled_from([None, 1.0, 2.0]), seq=st.integers(1, 3)),
        max_size=30,
    ),
    data=st.data(),
)  # fmt: skip
def test_winners_do_not_depend_on_the_order_of_arrival(rows: list[Row], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(rows))
    one, two = settled(samples(*rows)), settled(samples(*shuffled))
    assert one.winners.equals(two.winners) and one.losers.equals(two.losers) and one.duplicates == two.duplicates
    assert one.winners.height + one.losers.height + one.duplicates == len(rows)
    assert winners(samples(*rows)).equals(one.winners)


def test_sorting_by_one_number_is_sorting_by_two() -> None:
    wide = samples(row(2**31 - 1, 24 * 36500, 1.0, 1), row(-(2**31), 0, 2.0, 2), row(7, 5, 3.0, 3), row(7, 1, 4.0, 4))
    narrow = wide.filter(pl.col("tag") == 7)
    for rows in (wide, narrow):
        assert by_key(rows).equals(rows.sort("tag", "time"))


# seals


def test_a_seal_changes_no_answer_and_empties_the_hot_file(tmp_path: Path) -> None:
    with Archive(tmp_path) as archive:
        archive.append(month(), text(6, 30, "open", 7))
        archive.append(samples(row(1, 3, 99.0, 10_000), row(2, 3, None, 10_001, RETRACTED)))
        before, rows = answers(archive), archive.count()
        sealed = archive.seal(END)
        assert answers(archive) == before and archive.count() == rows and archive.hot.count() == 0
        assert sealed["generation"].to_list() == [1, 1, 1, 1] and sealed["hot"].sum() == 0
        assert archive.superseded([1], START, END)["value"].to_list() == [10.0 + 3 / 24]
    with Archive(tmp_path) as archive:
        assert answers(archive) == before and archive.check() == ()


def test_only_whole_days_are_sealed(tmp_path: Path) -> None:
    with Archive(tmp_path) as archive:
        archive.append(month())
        archive.seal(START + 2 * DAY - timedelta(microseconds=1))
        assert list(archive.sealed.view.order) == [date(2026, 3, 1)]


def test_late_rows_of_a_sealed_day_count_at_once_and_make_a_new_generation(tmp_path: Path) -> None:
    with Archive(tmp_path) as archive:
        archive.append(month())
        archive.seal(END)
        archive.append(samples(row(1, 3, 77.0, 9_999), row(1, 4, 44.0, 10_000), row(1, 6, 0.0, 0)))
        before = answers(archive)
        assert archive.query([1], START + timedelta(hours=3), START + timedelta(hours=7))["value"].to_list() == [
            77.0,
            44.0,
            10.25,
        ]
        assert [fault.code for fault in archive.check()] == ["late_rows"]
        again = archive.seal(END)
        assert again["generation"].to_list() == [2] and answers(archive) == before and archive.check() == ()
        assert [place.name for place in (tmp_path / "sealed" / "2026-03-01").iterdir() if place.is_dir()] == ["0002"]


def test_the_last_rows_of_later_days_follow_a_late_row(tmp_path: Path) -> None:
    with Archive(tmp_path) as archive:
        archive.append(samples(row(1, 1, 1.0, 1), row(2, 1, 2.0, 2), row(2, 25, 3.0, 3), row(2, 73, 4.0, 4)))
        archive.seal(END)
        archive.append(samples(row(1, 2, 1.5, 9)))
        archive.seal(END)
        assert archive.at([1], START + 3 * DAY)["value"].to_list() == [1.5]
        archive.append(samples(row(1, 2, None, 10, RETRACTED)))
        archive.seal(END)
        assert archive.at([1], START + 3 * DAY)["value"].to_list() == [1.0]
        assert archive.check() == ()


@pytest.mark.parametrize("hours", [-50, 0.001, 30])
def test_a_row_that_comes_late_and_was_withdrawn_before_stays_withdrawn(tmp_path: Path, hours: float) -> None:
    kept = row(3, hours - 2, 1.0, 1)
    with Archive(tmp_path) as archive:
        archive.append(samples(kept, row(3, hours, None, 19, RETRACTED), row(3, hours + 2, 3.0, 1)))
        archive.seal(END)
        archive.append(samples(row(3, hours, 2.0, 1)))
        moment = START + timedelta(hours=hours)
        assert archive.at([3], moment).rows() == [kept]
        assert archive.since([3], moment)["value"].to_list() == [3.0]
        assert archive.query([3], START - 9 * DAY, END)["value"].to_list() == [1.0, 3.0]


def test_exact_duplicates_are_dropped_when_a_day_is_sealed_and_counted(tmp_path: Path) -> None:
    with Archive(tmp_path) as archive:
        archive.append(month(days=1))
        archive.append(month(days=1).with_columns(seq=pl.col("seq") + 5_000))
        archive.append(samples(row(1, 0, -1.0, 90_000), row(1, 0, 10.0, 90_001)))
        sealed = archive.seal(END)
        assert sealed["duplicates"].to_list() == [40] and sealed["rows"].to_list() == [42]
        assert archive.superseded([1], START, END)["value"].to_list() == [10.0, -1.0]
        archive.append(archive.query([1], START, END))
        again = archive.seal(END)
        assert again["generation"].to_list() == [1] and archive.hot.count() == 0


def test_a_day_with_more_rows_than_are_sorted_at_once_is_sealed_in_parts(tmp_path: Path) -> None:
    with Archive(tmp_path) as archive:
        archive.append(month(days=1))
        before = answers(archive)
        sealing.seal_day(archive.hot, archive.sealed, date(2026, 3, 1), at_once=16)
        files = sorted(file.name for file in (tmp_path / "sealed" / "2026-03-01" / "0001").glob("samples.*"))
        assert files == ["samples.000.parquet", "samples.001.parquet", "samples.002.parquet"]
        assert answers(archive) == before and archive.check() == ()


def test_times_of_whole_milliseconds_take_less_room_and_others_lose_nothing(tmp_path: Path) -> None:
    odd = START + DAY + timedelta(microseconds=7)
    with Archive(tmp_path) as archive:
        archive.append(samples(row(1, 0, 1.0, 1), (1, odd, 2.0, None, 0, 2, 1)))
        archive.seal(END)
        assert archive.query([1], START, END)["time"].to_list() == [START, odd]
        units = [
            part.unit for held in archive.sealed.view.held.values() for part in held.parts if part.table == "samples"
        ]
        assert units == ["ms", "us"]
        assert archive.at([1], odd - timedelta(microseconds=1))["value"].to_list() == [1.0]
        assert archive.since([1], odd)["value"].to_list() == [2.0]


def test_rows_that_arrive_while_a_day_is_sealed_stay(tmp_path: Path) -> None:
    with Archive(tmp_path) as archive:
        archive.append(month(days=1))
        with archive.hot.taken(date(2026, 3, 1)) as taken:
            rows = sum(taken.counts(SAMPLES).values())
            archive.append(samples(row(1, 1.5, 5.0, 1)))
            assert sum(taken.counts(SAMPLES).values()) == rows
            taken.remove()
        assert archive.hot.query([1], START, END)["value"].to_list() == [5.0]


def test_sealed_samples_take_at_most_six_bytes_each(tmp_path: Path) -> None:
    import numpy as np

    rng = np.random.default_rng(1)
    tags, count = 40, 2000
    jitter = rng.integers(-200, 200, tags * count) * 1000
    rows = np.arange(tags * count)
    micros = int(START.timestamp()) * 1_000_000 + np.tile(np.arange(count) * 43_000_000 + 1_000_000, tags) + jitter
    order = np.argsort(micros, kind="stable")
    seq = np.empty_like(micros)  # the clock at the end of a commit of 2,000 rows, and the place in it
    seq[order] = micros[order][np.minimum(rows // 2000 * 2000 + 1999, len(rows) - 1)] + 12_345 + rows % 2000
    value = np.round(np.cumsum(rng.normal(0, 2, (tags, count)), axis=1) + 400) * 0.1
    frame = pl.DataFrame(
        {
            "tag": np.repeat(np.arange(1, tags + 1, dtype=np.int32), count), "time": pl.Series(micros).cast(pl.Datetime("us", "UTC")),
            "value": np.round(value.ravel(), 1), "raw": pl.Series([None] * len(micros), dtype=pl.Float64),
            "status": np.zeros(len(micros), np.int64), "seq": seq,
            "source": np.ones(len(micros), np.int16),
        }
    )  # fmt: skip
    with Archive(tmp_path) as archive:
        archive.append(SAMPLES.check(frame))
        size = archive.seal(START + DAY)["bytes"].sum()
    assert size / len(micros) <= 6.0


# owners


def test_a_second_owner_is_told_who_has_it_and_where_to_ask(tmp_path: Path) -> None:
    code = "import sys, pathlib; from ferrolan.historian.embedded import Archive; Archive(pathlib.Path(sys.argv[1]))"
    with Archive(tmp_path, address="http://127.0.0.1:8732") as archive:
        other = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
        owner = owner_of(tmp_path)
        assert owner is not None and (owner.pid, owner.address) == (os.getpid(), "http://127.0.0.1:8732")
        archive.own("")
        with pytest.raises(SurroundingsError, match="in_use"), open_reader(tmp_path):
            pytest.fail("two owners")
    assert f"process {os.getpid()} owns" in other.stderr and "Ask it at http://127.0.0.1:8732" in other.stderr
    assert owner_of(tmp_path) is None
    with open_reader(tmp_path) as reader:
        assert reader.count() == 0


# retention


def test_old_days_are_dropped_with_a_line_in_the_audit_and_their_last_rows_stay_known(tmp_path: Path) -> None:
    with Archive(tmp_path) as archive:
        archive.append(month())
        archive.append(samples(row(6, 1, 66.0, 1)))
        dropped = archive.retire(START + 2 * DAY + timedelta(hours=5))
        assert dropped["day"].to_list() == [date(2026, 3, 1), date(2026, 3, 2)] and dropped["rows"].sum() == 81
        assert archive.query([1], START, START + 2 * DAY).is_empty()
        assert archive.at([6], START + 3 * DAY)["value"].to_list() == [66.0]
        line = json.loads((tmp_path / "audit.jsonl").read_text())
        assert (line["what"], line["until"], line["days"], line["rows"]) == ("retired", "2026-03-03", 2, 81)
        archive.append(samples(row(1, 2, 5.0, 1)))
        archive.seal(END)
        said = [json.loads(line)["what"] for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
        assert said == ["retired", "late_rows_of_a_dropped_day"]
    with Archive(tmp_path) as archive:
        assert archive.at([6], START + 4 * DAY)["value"].to_list() == [66.0] and archive.check() == ()
        assert archive.retire(START).is_empty()


# damage


def first_part(folder: Path) -> Path:
    return folder / "sealed" / "2026-03-01" / "0001" / "samples.000.parquet"


def turn_a_bit(folder: Path) -> None:
    file = first_part(folder)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def cut_off(folder: Path) -> None:
    first_part(folder).write_bytes(first_part(folder).read_bytes()[:-100])


def other_rows(folder: Path) -> None:
    from ferrolan.base.provenance import hash_json
    from ferrolan.historian.embedded.durable import file_hash

    file, manifest = first_part(folder), first_part(folder).with_name("manifest.json")
    rows = pl.read_parquet(file).reverse()
    pl.concat([rows, rows.head(1)]).with_columns(tag=pl.lit(77, pl.Int32)).write_parquet(file)
    said = json.loads(manifest.read_text())
    del said["hash"]
    said["parts"][0].update(sha256=file_hash(file), rows=rows.height + 1)
    manifest.write_text(json.dumps({**said, "hash": hash_json(said)}))


def edit_audit(folder: Path) -> None:
    file = folder / "audit.jsonl"
    file.write_text(file.read_text().replace('"days": 1', '"days": 2'))


DAMAGE: dict[str, tuple[Callable[[Path], object], set[str]]] = {
    "bit": (turn_a_bit, {"damaged_day"}),
    "torn": (cut_off, {"damaged_day"}),
    "deleted part": (lambda folder: first_part(folder).unlink(), {"missing_part"}),
    "deleted generation": (lambda folder: shutil.rmtree(first_part(folder).parent), {"missing_generation"}),
    "other rows": (other_rows, {"unsorted_day", "two_winners", "unknown_number"}),
    "foreign file": (lambda folder: (first_part(folder).parent / "mine.parquet").write_bytes(b"x"), {"foreign_file"}),
    "audit": (edit_audit, {"changed_audit"}),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_every_damage_is_found_with_its_file(tmp_path: Path, kind: str) -> None:
    damage, codes = DAMAGE[kind]
    with Archive(tmp_path) as archive:
        archive.register([NewTag(f"t{tag}", "K") for tag in range(1, 6)])
        archive.append(month())
        archive.append(samples(row(1, -30, 1.0, 1)))
        archive.retire(START - DAY)
        archive.seal(END)
        assert archive.check() == ()
    damage(tmp_path)
    with Archive(tmp_path) as archive:
        found = archive.check()
    assert codes <= {fault.code for fault in found}
    assert all(str(tmp_path) in fault.file and fault.way_out for fault in found)


def test_a_damaged_day_is_refused_by_name_and_the_others_answer(tmp_path: Path) -> None:
    with Archive(tmp_path) as archive:
        archive.append(month())
        archive.seal(END)
        cut_off(tmp_path)
        with pytest.raises(SourceError, match="damaged_day"):
            archive.query([1], START, START + DAY)
        assert archive.query([1], START + DAY, START + 2 * DAY).height == 8


def test_a_damaged_manifest_is_refused_when_the_historian_is_opened(tmp_path: Path) -> None:
    with Archive(tmp_path) as archive:
        archive.append(month())
        archive.seal(END)
    first_part(tmp_path).with_name("manifest.json").write_text("{}")
    with pytest.raises(SourceError, match="manifest"):
        Archive(tmp_path)


def test_damaged_last_rows_are_made_again_when_they_are_gone(tmp_path: Path) -> None:
    with Archive(tmp_path) as archive:
        archive.append(month())
        archive.seal(END)
        before = answers(archive)
        for file in (tmp_path / "sealed").glob("*/last.*.parquet"):
            file.write_bytes(b"torn")
        assert {fault.code for fault in archive.check()} == {"damaged_last"}
    for file in (tmp_path / "sealed").glob("*/last.*.parquet"):
        file.unlink()
    with Archive(tmp_path) as archive:
        assert answers(archive) == before and archive.check() == ()


def test_names_outlive_the_hot_file(tmp_path: Path) -> None:
    with Archive(tmp_path) as archive:
        numbers = archive.register([NewTag("bf1.ti4201", "K")])
    (tmp_path / "hot.duckdb").unlink()
    with Archive(tmp_path) as archive:
        assert archive.register([NewTag("new", "K"), NewTag("bf1.ti4201", "K")]) == {"new": 2, **numbers}


def test_a_seal_that_the_disk_refuses_leaves_the_day_hot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ferrolan.historian.embedded import durable

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with Archive(tmp_path) as archive:
        archive.append(month(), position=Position("plc", 1))
        before = answers(archive)
        with monkeypatch.context() as patched:
            patched.setattr(durable.os, "fsync", full)
            with pytest.raises(SurroundingsError, match="disk_full"):
                archive.seal(END)
        assert answers(archive) == before and archive.days()["generation"].sum() == 0
        assert not list((tmp_path / "sealed").glob("*/.*"))
        archive.seal(END)
        assert answers(archive) == before and archive.check() == ()
