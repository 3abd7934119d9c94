"""``ferrolan collect`` into a PostgreSQL server: killed without warning and started again, it loses and doubles nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from ferrolan.historian.server import open_server
from tests.collector.bench import PLANT, T0, plant
from tests.servers import until
from tests.servers.postgres import ADMIN, Postgres

ROWS = 12_000
SPAN = datetime(2026, 3, 20, tzinfo=UTC), datetime(2026, 3, 21, tzinfo=UTC)


def replaying(folder: Path, url: str) -> Path:
    """A document with a replay of numbered rows of 4 tags, six seconds long, collected into a server."""
    times = pl.Series([T0 + n // 4 * 1_000_000 for n in range(ROWS)]).cast(pl.Datetime("us", "UTC"))
    rows = {"tag": [str(n % 4) for n in range(ROWS)], "time": times, "value": [float(n) for n in range(ROWS)]}
    pl.DataFrame(rows).write_parquet(folder / "raw.parquet")
    path = plant(folder, {"mill": '{kind: replay, path: raw.parquet, speed: 500, block: "10 s"}'})
    declared = f"historian: {{kind: postgresql, url: '{url}', password: {{env: BENCH_WORD}}}}"
    text, own = path.read_text(), PLANT.splitlines()[-4].replace("{{", "{").replace("}}", "}")
    assert own.startswith("historian:") and own in text
    path.write_text(text.replace(own, declared))
    return path


def collecting(path: Path, environment: Mapping[str, str], *further: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "ferrolan", "collect", str(path), "--port", "0", *further]
    return subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.slow
def test_a_collector_that_was_killed_has_stored_every_row_once_in_the_end(tmp_path: Path, postgres: Postgres) -> None:
    database = postgres.database("journey")
    path = replaying(tmp_path, postgres.url(database))
    secret = {"BENCH_WORD": ADMIN}

    def stored() -> int:
        there = postgres.admin("select to_regclass('ferrolan.samples')", database=database)[0][0]
        return (
            int(str(postgres.admin("select count(*) from ferrolan.samples", database=database)[0][0])) if there else 0
        )

    process = collecting(path, secret)
    try:
        until(lambda: stored() > ROWS // 4 or process.poll() is not None, "a quarter is stored")
    finally:
        process.kill()
        _, error = process.communicate(timeout=60)
    before = stored()
    assert ROWS // 4 < before < ROWS, error
    with collecting(path, secret, "--once") as again:
        out, error = again.communicate(timeout=120)
    assert again.returncode == 0 and "0 waiting" in out, out + error
    assert ADMIN not in out + error
    with open_server(postgres.url(database), password=ADMIN, write=False) as reader:
        found = reader.query(reader.registered()["number"].to_list(), *SPAN).sort("seq")
        assert reader.count() == ROWS == found.height, "none is lost, none is there twice"
    assert found["value"].to_list() == list(range(ROWS)), "in the order of arrival"
