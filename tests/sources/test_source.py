"""The contract every source passes unasked."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from ferrolan.base.tables import REJECTED, SAMPLES
from ferrolan.sources import CsvSource, Source, SqlSource, SqlTable, TagAddress, TextDialect

TAGS = (TagAddress(1, "feed", "feed"), TagAddress(2, "tails", "tails"))


def _csv(folder: Path) -> tuple[Source, Path]:
    path = folder / "drop.csv"
    path.write_text(
        "time,feed,tails\n2026-03-01 00:00,1.5,x\n2026-03-01 00:15,2.5,3.5\n2026-03-01 00:30,4,5\n", encoding="utf-8"
    )
    dialect = TextDialect(separator=",", time_column="time", time_format="%Y-%m-%d %H:%M", time_zone="Asia/Shanghai")
    return CsvSource(path, dialect, 1, "drop"), path


def _sql(folder: Path) -> tuple[Source, Path]:
    path = folder / "lims.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("create table t (id integer, tag text, at text, v)")
        rows = [(1, "feed", "2026-03-01 00:00", 1.5), (2, "tails", "2026-03-01 00:00", "x")]
        connection.executemany("insert into t values (?, ?, ?, ?)", rows)
    connection.close()
    table = SqlTable(f"sqlite:///{path}", "t", "at", ("tag",), "v", "Asia/Shanghai", "id")
    return SqlSource(table, 2, "lims"), path


@pytest.mark.parametrize("make", [_csv, _sql])
def test_a_source_keeps_the_contract(tmp_path: Path, make: object) -> None:
    source, path = make(tmp_path)  # type: ignore[operator]
    before = path.read_bytes()
    assert source.discover().silent(TAGS) == ()
    first, second = source.read(TAGS), source.read(TAGS)
    SAMPLES.check(first.samples)
    REJECTED.check(first.rejected)
    assert first.samples.equals(second.samples) and first.rejected.equals(second.rejected)
    assert first.content_hash == second.content_hash and len(first.content_hash) == 64
    assert first.rejected.select("tag", "found").rows() == [("tails", "x")]
    assert first.report.samples == first.samples.height
    assert first.report.rejected_rows + first.report.rejected_cells == first.rejected.height == 1
    assert path.read_bytes() == before


@pytest.mark.parametrize("make", [_csv, _sql])
def test_a_source_without_tags_gives_no_samples_and_no_error(tmp_path: Path, make: object) -> None:
    source, _ = make(tmp_path)  # type: ignore[operator]
    batch = source.read(())
    assert batch.samples.is_empty() and batch.rejected.is_empty()
    assert [found.address for found in batch.report.undeclared] == ["feed", "tails"]


@pytest.mark.parametrize("make", [_csv, _sql])
def test_a_source_has_no_verb_that_writes(tmp_path: Path, make: object) -> None:
    source, _ = make(tmp_path)  # type: ignore[operator]
    verbs = {name for name in dir(source) if not name.startswith("_") and callable(getattr(source, name))}
    assert verbs == {"discover", "read"}
