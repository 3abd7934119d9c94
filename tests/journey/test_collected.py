"""From live sources to a brief: what is collected gives the account that the files give."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from threading import Thread
from time import sleep
from typing import Any
from urllib.request import urlopen

import polars as pl
import psycopg
import pytest
import yaml
from polars.testing import assert_frame_equal

import ferrolan
from ferrolan import verbs
from ferrolan.assembly import tags
from ferrolan.assembly.sources import batches
from ferrolan.base.errors import SourceError
from ferrolan.collector.collecting import collect
from ferrolan.collector.service import Ended, Started
from ferrolan.enterprise.document import Enterprise
from ferrolan.results import Raw
from tests.servers.opcua import served
from tests.servers.postgres import ADMIN, Postgres, postgres

__all__ = ["postgres"]


Declared = dict[str, Any]


@pytest.fixture
def plant(document: Enterprise, month: Mapping[str, Path], tmp_path: Path) -> Callable[[Mapping[str, Declared]], Path]:
    """A copy of ore_to_both with the files of its month and some other sources; gives the path of its document."""

    def make(entries: Mapping[str, Declared]) -> Path:
        declared = yaml.safe_load(document.path.read_text(encoding="utf-8"))
        declared["sources"] |= entries
        del declared["virtual_plant"]
        folder = tmp_path / "plant"
        (folder / "raw").mkdir(parents=True)
        for file in month.values():
            shutil.copy(file, folder / "raw" / file.name)
        shutil.copy(document.tags_path, folder)
        path = folder / "ore_to_both.yaml"
        path.write_text(yaml.safe_dump(declared, sort_keys=False, allow_unicode=True), encoding="utf-8")
        return path

    return make


def replayed(document: Enterprise) -> dict[str, object]:
    """The plant historian's file as a replay, as fast as it goes."""
    return {
        "kind": "replay",
        "path": "raw/plant_historian.csv",
        "form": "wide",
        "speed": "fastest",
        "layout": {
            key: getattr(document.sources["plant_historian"], key)
            for key in ("separator", "decimal", "encoding", "time_column", "time_format")
        }
        | {"bad_texts": ["Bad", "No Data", "I/O Timeout"]},
    }


def test_what_is_collected_measures_as_the_files_do(
    document: Enterprise, raw: Raw, plant: Callable[[Mapping[str, Declared]], Path]
) -> None:
    path = plant({"plant_historian": replayed(document)})
    ended = collect(path, once=True, port=0)
    assert ended.received == ended.stored + ended.known and not ended.waiting
    assert_same_measurements(path, raw)


@pytest.mark.slow
def test_the_history_of_an_opcua_server_measures_as_the_files_do(
    document: Enterprise, month: Mapping[str, Path], raw: Raw, plant: Callable[[Mapping[str, Declared]], Path]
) -> None:
    """The month of the plant historian, served as history and fetched ``since`` its beginning."""
    (samples,) = (batch.samples for name, batch in batches(document, month) if name == "plant_historian")
    numbers = {number: place for place, number in enumerate(samples["tag"].unique().sort())}
    names = {number: name for name, number in tags.numbers(document).items()}
    with served(tags=len(numbers)) as server:
        entry = {"kind": "opcua", "url": server.url, "insecure": True, "anonymous": True, "timeout": "60 s"}
        path = plant({"plant_historian": entry | {"since": "2026-02-27T00:00:00+08:00"}})
        addresses = {names[number]: server.address(place) for number, place in numbers.items()}
        renamed(path.parent / document.tags_path.name, addresses)
        history = path.parent / "history.parquet"
        samples.sort("seq").select(
            pl.col("tag").replace_strict(numbers), pl.col("time").dt.epoch("us"), "value", "status"
        ).write_parquet(history)
        assert server.ask(load=str(history)) == samples.height
        ended = collected_until(path, samples.height + len(numbers))  # and what each tag is now
    assert ended.received == ended.stored + ended.known and not ended.waiting
    assert_same_measurements(path, raw, but_the_last=True)


def test_a_month_that_was_not_collected_is_refused(
    document: Enterprise, plant: Callable[[Mapping[str, Declared]], Path]
) -> None:
    loaded = ferrolan.load(plant({"plant_historian": replayed(document)}))
    with pytest.raises(SourceError, match="nothing_collected"):
        verbs.raw_data(loaded)


def test_tables_on_a_server_give_what_the_file_gives_and_are_part_of_the_run_s_identity(
    document: Enterprise,
    raw: Raw,
    month: Mapping[str, Path],
    postgres: Postgres,
    plant: Callable[[Mapping[str, Declared]], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LIMS_PASSWORD", "reads only")
    database = on_server(month["laboratory"], postgres)
    declared = yaml.safe_load(document.path.read_text(encoding="utf-8"))["sources"]
    url = {"url": postgres.url(database, "laboratory"), "password": {"env": "LIMS_PASSWORD"}}
    path = plant({name: declared[name] | url for name in ("laboratory", "erp", "stock_counts")})
    assert_same_measurements(path, raw)
    before = verbs.raw_data(ferrolan.load(path)).hashes
    postgres.admin("update laboratory_results set result = '0.123' where id = 1", database=database)
    after = verbs.raw_data(ferrolan.load(path)).hashes
    assert {name for name in before if before[name] != after[name]} == {"source laboratory"}


def assert_same_measurements(path: Path, raw: Raw, *, but_the_last: bool = False) -> None:
    """The measurements of the document at ``path`` are those of the files, to the last digits of a conversion.

    The files end a quarter of an hour before their month does; ``but_the_last`` is for a source that says how it went on,
    so that the means of the last period see that quarter too.
    """
    loaded = ferrolan.load(path)
    measured = verbs.ingest(loaded, verbs.raw_data(loaded)).tables["measurements"]
    expected = raw.tables["measurements"]
    last = (
        pl.col("period") >= pl.col("period").max() - 1
    ) & but_the_last  # the last number is that of counts at its end
    assert_frame_equal(measured.filter(~last), expected.filter(~last), rel_tol=1e-12)
    means = [frame.filter(last).select("tag", "kind", "value", "quality") for frame in (measured, expected)]
    assert_frame_equal(*means, rel_tol=1e-3)


def renamed(file: Path, addresses: Mapping[str, str]) -> None:
    """Give tags of a map other addresses."""
    table = pl.read_csv(file, infer_schema=False)
    new = pl.col("tag").replace_strict(addresses, default=pl.col("address"))
    table.with_columns(address=new).write_csv(file)


def collected_until(path: Path, rows: int) -> Ended:
    """Collect until so many rows have been stored, then stop as a person does."""

    def announced(started: Started) -> None:
        Thread(target=stopping, args=(started.url, rows), daemon=True).start()

    return collect(path, port=0, seconds=600.0, announce=announced)


def stopping(url: str, rows: int) -> None:
    """Stop this process's collector when it has received enough."""
    received = 0
    while received < rows:
        sleep(0.2)
        with suppress(OSError), closing(urlopen(f"{url}/health", timeout=30)) as answer:
            found = json.load(answer)["connections"].values()
            received = sum(one["counts"]["stored"] for one in found)
    os.kill(os.getpid(), signal.SIGTERM)


def on_server(file: Path, server: Postgres) -> str:
    """Every table of a SQLite file in a database of a server, for a user who may only read; gives its name."""
    database = server.database("works")
    server.admin(
        "drop role if exists laboratory",
        "create role laboratory login password 'reads only'",
        "alter default privileges grant select on tables to laboratory",
        database=database,
    )
    with closing(sqlite3.connect(file)) as connection:
        for (name,) in connection.execute("select name from sqlite_master where type = 'table'").fetchall():
            rows = pl.read_database(f"select * from {name}", connection, infer_schema_length=None)
            types = [f"{column} {_TYPES[type(dtype)]}" for column, dtype in rows.schema.items()]
            server.admin(f"create table {name} ({', '.join(types)})", database=database)
            with psycopg.connect(server.url(database), password=ADMIN) as target:
                target.cursor().executemany(
                    f"insert into {name} values ({', '.join(['%s'] * rows.width)})",  # type: ignore[arg-type]
                    rows.rows(),
                )
    return database


_TYPES = {pl.Int64: "bigint", pl.Float64: "double precision", pl.String: "text"}
