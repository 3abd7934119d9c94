"""A database that goes away, is locked, cut off or overwritten: named, with its way out, and left as it is."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferrolan.base.errors import Fault, SourceError
from ferrolan.sources.source import TagAddress
from ferrolan.sources.sql import SqlTable, read_sql

from .conftest import Plant, contents, ferrolan, process

TAGS = [TagAddress(1, "LAB-Fe", "feed/Fe")]
LOCK = """
import sqlite3, sys
base = sqlite3.connect(sys.argv[1], isolation_level=None)
base.execute("begin exclusive")
print("ready", flush=True)
sys.stdin.readline()
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A laboratory's database of 5,000 results (synthetic)."""
    path = tmp_path_factory.mktemp("database") / "lims.sqlite"
    base = sqlite3.connect(path)
    base.execute("create table results (id integer primary key, point text, element text, at text, value real)")
    rows = [(k, "feed", "Fe" if k % 2 else "P", f"2026-03-{1 + k % 31:02} 06:00", 60 + k / 5000) for k in range(5000)]
    base.executemany("insert into results values (?, ?, ?, ?, ?)", rows)
    base.commit()
    base.close()
    return path.read_bytes()


@pytest.fixture
def lims(tmp_path: Path, whole: bytes) -> Path:
    (tmp_path / "lims.sqlite").write_bytes(whole)
    return tmp_path / "lims.sqlite"


def table(path: Path) -> SqlTable:
    return SqlTable(f"sqlite:///{path}", "results", "at", ("point", "element"), "value", "Asia/Shanghai", "id")


def fault_of(declared: SqlTable) -> Fault:
    with pytest.raises(SourceError) as refused:
        read_sql(declared, TAGS, 0, "laboratory")
    return refused.value.faults[0]


@dataclass(frozen=True)
class Bad:
    """One way a database goes away, and what the message holds."""

    id: str
    change: Callable[[Path], object]
    code: str
    way_out: str


def overwrite(path: Path, page: int) -> None:
    content = bytearray(path.read_bytes())
    content[page * 4096 : (page + 1) * 4096] = bytes(range(256)) * 16
    path.write_bytes(content)


def execute(path: Path, statement: str) -> None:
    base = sqlite3.connect(path)
    base.execute(statement)
    base.commit()
    base.close()


BAD = [
    Bad("the file is deleted", Path.unlink, "missing_file", "Check the path"),
    Bad("the file is a folder", lambda p: (p.unlink(), p.mkdir()), "missing_file", "Check the path"),
    Bad("the file is empty", lambda p: p.write_bytes(b""), "missing_table", "Correct the name"),
    Bad("the file is cut off", lambda p: p.write_bytes(p.read_bytes()[:50_000]), "database_damaged", "copy or export it again"),
    Bad("a page is overwritten", lambda p: overwrite(p, 20), "database_damaged", "copy or export it again"),
    Bad("the head is overwritten", lambda p: overwrite(p, 0), "not_a_database", "another kind of file"),
    Bad("it is another kind of file", lambda p: p.write_bytes(b"point;element\n" * 99), "not_a_database", "another kind of file"),
    Bad("the table is dropped", lambda p: execute(p, "drop table results"), "missing_table", "Correct the name"),
    Bad("the table is renamed", lambda p: execute(p, "alter table results rename to result"), "missing_table", "Correct the name"),
    Bad("a column is renamed", lambda p: execute(p, "alter table results rename column value to wert"), "missing_column", "Correct the name"),
    Bad("texts in GBK", lambda p: execute(p, "update results set at = cast(x'bfaacabc' as text) where id = 77"), "wrong_encoding", "export it again in UTF-8"),
]  # fmt: skip


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.id)
def test_a_database_that_cannot_be_read_is_named_with_its_way_out(lims: Path, case: Bad) -> None:
    case.change(lims)
    before = contents(lims.parent)
    fault = fault_of(table(lims))
    assert fault.code == case.code and case.way_out in fault.way_out, str(fault)
    assert fault.file == str(lims)
    assert contents(lims.parent) == before


def test_a_database_another_program_is_writing_is_named_and_read_once_it_is_done(lims: Path) -> None:
    with process(LOCK, lims) as other:
        assert other.stdout.readline() == "ready\n"
        fault = fault_of(table(lims))
        assert fault.code == "database_locked" and "Close the program" in fault.way_out
    assert read_sql(table(lims), TAGS, 0, "laboratory").samples.height == 2500


def test_a_database_deleted_between_opening_and_reading_is_named(lims: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = sqlite3.connect

    def gone(*arguments: object, **options: object) -> sqlite3.Connection:
        lims.unlink(missing_ok=True)
        return connect(*arguments, **options)

    monkeypatch.setattr("ferrolan.sources.sql.database.sqlite3.connect", gone)
    assert fault_of(table(lims)).code == "missing_file"


def test_a_database_cut_off_while_it_is_read_is_named(lims: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ferrolan.sources.sql import reading

    check = reading.check_columns

    def then_cut(*arguments: object) -> None:
        check(*arguments)
        with lims.open("r+b") as file:
            file.truncate(40_000)

    monkeypatch.setattr(reading, "check_columns", then_cut)
    assert fault_of(table(lims)).code == "database_damaged"


def test_what_is_not_utf_8_is_shown_without_what_a_terminal_obeys(lims: Path) -> None:
    execute(lims, "update results set at = cast(x'1b5b324aff' as text) where id = 77")
    assert fault_of(table(lims)).found.isprintable()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1, exclude_max=True), junk=st.binary(min_size=1, max_size=64), cut=st.booleans())
def test_a_damaged_database_is_refused_or_read_never_a_surprise(
    tmp_path: Path, whole: bytes, place: float, junk: bytes, cut: bool
) -> None:
    path, at = tmp_path / "lims.sqlite", int(place * len(whole))
    path.write_bytes(whole[:at] if cut else whole[:at] + junk + whole[at + len(junk) :])
    try:
        rows, refused = read_sql(table(path), TAGS, 0, "laboratory").report.rows, None
    except SourceError as error:
        rows, refused = 0, error.faults[0]
    assert rows or (refused is not None and refused.file == str(path))


@pytest.mark.parametrize(
    ("change", "code"),
    [(lambda p: p.write_bytes(p.read_bytes()[:90_000]), "database_damaged"), (Path.unlink, "no_file")],
    ids=["cut off", "deleted"],
)
def test_a_run_whose_database_went_away_exits_4_and_keeps_what_was_stored(
    tmp_path: Path, plant: Plant, month: Mapping[str, Path], change: Callable[[Path], object], code: str
) -> None:
    shutil.copytree(month["erp"].parent, plant.path.parent / "raw")
    assert ferrolan("ingest", plant.path, "--out", "runs", cwd=tmp_path).code == 0
    before = contents(tmp_path / "runs")
    change(plant.path.parent / "raw" / month["erp"].name)
    ended = ferrolan("run", plant.path, "--out", "runs", cwd=tmp_path)
    assert ended.code == 4 and f"[{code}]" in ended.said, ended.said
    assert contents(tmp_path / "runs") == before


def test_a_database_of_an_unknown_kind_names_what_to_install(lims: Path) -> None:
    declared = replace(table(lims), url="nosuchbase://host/plant")
    with pytest.raises(Exception, match="Install the driver"):
        read_sql(declared, TAGS, 0, "laboratory")
