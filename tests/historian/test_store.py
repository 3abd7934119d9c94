"""The embedded historian on real files, in this process and against another one."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrolan.base.errors import SourceError, SurroundingsError, TableError
from ferrolan.base.status import RETRACTED
from ferrolan.base.tables import SAMPLES
from ferrolan.historian import Historian
from ferrolan.historian.store import _CREATE, anew

START = datetime(2026, 3, 1, tzinfo=UTC)
END = START + timedelta(days=1)
Row = tuple[int, int, float | None, int, int]  # tag, minute, value, status, seq


def samples(rows: list[Row]) -> pl.DataFrame:
    return pl.DataFrame(
        [(tag, START + timedelta(minutes=m), value, None, status, seq, 1) for tag, m, value, status, seq in rows],
        schema=SAMPLES.schema,
        orient="row",
    )


ROWS = st.lists(
    st.tuples(
        st.integers(1, 3), st.integers(0, 5), st.none() | st.floats(-10, 10),
        st.sampled_from([0, 0x80000000, RETRACTED]), st.integers(0, 4),
    ),
    max_size=30,
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(rows=ROWS, data=st.data())
def test_winners_do_not_depend_on_the_order_or_batches_of_arrival(rows: list[Row], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(rows))
    cut = data.draw(st.integers(0, len(rows)))
    with Historian() as one, Historian() as two:
        one.append(samples(rows))
        two.append(samples(shuffled[:cut]))
        two.append(samples(shuffled[cut:]))
        assert one.query([1, 2, 3], START, END).equals(two.query([1, 2, 3], START, END))
        assert one.count() == two.count() == len(rows)


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(st.tuples(st.integers(1, 3), st.integers(0, 5), st.floats(-9, 9), st.just(0)), max_size=30))
def test_the_store_agrees_with_a_dictionary(rows: list[tuple[int, int, float, int]]) -> None:
    model: dict[tuple[int, int], float] = {}
    for tag, minute, value, _ in rows:
        model[tag, minute] = value
    with Historian() as historian:
        historian.append(samples([(*row, seq) for seq, row in enumerate(rows)]))
        found = historian.query([1, 2, 3], START, END)
        lost = historian.superseded([1, 2, 3], START, END)
    assert found["value"].to_list() == [model[key] for key in sorted(model)]
    assert lost.height == len(rows) - len(model)


def test_appending_the_same_batch_again_changes_no_answer() -> None:
    batch = samples([(1, 0, 1.0, 0, 1), (1, 5, 2.0, 0, 2)])
    with Historian() as historian:
        historian.append(batch)
        once = historian.query([1], START, END)
        historian.append(batch)
        assert historian.query([1], START, END).equals(once)
        assert historian.count() == 4


def test_a_retracted_winner_is_dropped_and_does_not_bring_back_the_loser() -> None:
    with Historian() as historian:
        historian.append(samples([(1, 0, 1.0, 0, 1), (1, 0, None, RETRACTED, 2)]))
        assert historian.query([1], START, END).is_empty()
        assert historian.superseded([1], START, END)["value"].to_list() == [1.0]
        assert historian.at([1], END).is_empty()


def test_a_range_is_closed_below_and_open_above() -> None:
    with Historian() as historian:
        historian.append(samples([(1, minute, float(minute), 0, minute) for minute in range(4)]))
        minute = timedelta(minutes=1)
        assert historian.query([1], START + minute, START + 3 * minute)["value"].to_list() == [1.0, 2.0]
        assert historian.before([1], START + 2 * minute)["value"].to_list() == [1.0]
        assert historian.at([1], START + 2 * minute)["value"].to_list() == [2.0]
        assert historian.since([1], START + 2 * minute)["value"].to_list() == [2.0]
        assert historian.at([1, 2], START - minute).is_empty()


def test_a_late_sample_never_replaces_the_current_value() -> None:
    with Historian() as historian:
        historian.append(samples([(1, 10, 10.0, 0, 1)]))
        historian.append(samples([(1, 5, 5.0, 0, 2)]))
        assert historian.at([1], END)["value"].to_list() == [10.0]


def test_samples_survive_closing_with_types_and_statuses(tmp_path: Path) -> None:
    batch = samples([(1, 0, 1.5, 0x40940000, 1), (2, 0, None, 0x809B0000, 1)])
    with Historian(tmp_path / "plant.duckdb") as historian:
        historian.append(batch)
    with Historian(tmp_path / "plant.duckdb") as historian:
        assert historian.query([1, 2], START, END).equals(batch)
        historian.append(batch)
        assert historian.count() == 4


def test_a_second_process_is_told_who_owns_the_file(tmp_path: Path) -> None:
    path = tmp_path / "plant.duckdb"
    code = "import sys, pathlib, ferrolan.historian as room; room.Historian(pathlib.Path(sys.argv[1]))"
    with Historian(path):
        other = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False)
    assert "SurroundingsError" in other.stderr
    assert "one that another process has open (PID" in other.stderr


def test_a_database_with_another_table_of_samples_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.duckdb"
    connection = duckdb.connect(str(path))
    connection.execute("create table samples (tag integer, when_taken timestamp)")
    connection.close()
    with pytest.raises(SourceError, match="the columns tag, when_taken"):
        Historian(path)


@pytest.mark.parametrize("name", ["march.csv", "march.duckdb"])
def test_another_kind_of_file_is_refused_and_kept(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"Zeit;FT-101\n" * 1000)
    with pytest.raises(SourceError) as caught:
        Historian(path)
    assert caught.value.faults[0].code == "not_a_historian"
    assert path.read_bytes() == b"Zeit;FT-101\n" * 1000


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SurroundingsError, match="missing_folder"):
        Historian(tmp_path / "gone" / "plant.duckdb")


def test_a_frame_without_the_schema_is_refused() -> None:
    with Historian() as historian, pytest.raises(TableError, match="missing column 'seq'"):
        historian.append(samples([]).drop("seq"))


def test_neither_pyarrow_nor_the_network_is_needed_and_no_noise_is_left(tmp_path: Path) -> None:
    code = """
import sys
sys.modules["pyarrow"] = None
from datetime import UTC, datetime
import polars as pl
from ferrolan.base.tables import SAMPLES
from ferrolan.historian import Historian
with Historian() as historian:
    row = (1, datetime(2026, 3, 1, tzinfo=UTC), 1.0, None, 0, 1, 1)
    historian.append(pl.DataFrame([row], SAMPLES.schema, orient="row"))
    print(historian.at([1], datetime(2026, 3, 2, tzinfo=UTC))["value"].item())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("1.0\n", "", 0)


# other databases


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        (["create table precious (x integer)", "insert into precious values (1)"], "the table precious"),
        (["create table precious (x integer)", "HISTORIAN"], "the tables precious, samples"),
        (["HISTORIAN", "create view best as select * from samples"], "the tables best, samples"),
        (["create table samples (tag integer, when_taken timestamp)"], "the columns tag, when_taken"),
        (["create schema plant", "create table plant.precious (x integer)"], "the table precious"),
        ([], "without tables"),
    ],
)
def test_another_database_is_never_replaced_nor_touched(tmp_path: Path, statements: list[str], found: str) -> None:
    path = tmp_path / "mine.duckdb"
    connection = duckdb.connect(str(path))
    for statement in statements:
        connection.execute(_CREATE if statement == "HISTORIAN" else statement)
    connection.close()
    before = path.read_bytes()
    with pytest.raises(SourceError, match=found) as caught, anew(path):
        pytest.fail("the block began")
    assert caught.value.faults[0].code == "not_a_historian"
    if statements:
        with pytest.raises(SourceError, match="not_a_historian"):
            Historian(path)
    assert path.read_bytes() == before and [file.name for file in tmp_path.iterdir()] == ["mine.duckdb"]


def test_a_database_of_this_name_that_is_no_historian_survives_the_sweep(tmp_path: Path) -> None:
    foreign = tmp_path / ".plant.duckdb.123"
    connection = duckdb.connect(str(foreign))
    connection.execute("create table precious (x integer)")
    connection.close()
    before = foreign.read_bytes()
    with anew(tmp_path / "plant.duckdb") as historian:
        historian.append(samples([(1, 0, 1.0, 0, 1)]))
    assert foreign.read_bytes() == before


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, sys, ferrolan.historian as room; "
        "historian = room.Historian(pathlib.Path(sys.argv[1])); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / ".plant.duckdb.123")], check=False)
    assert (tmp_path / ".plant.duckdb.123").exists()
    with anew(tmp_path / "plant.duckdb"):
        pass
    assert [file.name for file in tmp_path.iterdir()] == ["plant.duckdb"]


def test_a_historian_that_this_process_has_open_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "plant.duckdb"
    with Historian(path), pytest.raises(SurroundingsError, match="in_use"), anew(path):
        pytest.fail("the block began")
