"""The daily work on a store, on a folder of our own and on a real PostgreSQL server."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from ferrolan.base.tables import SAMPLES
from ferrolan.collector.logs import Log
from ferrolan.collector.upkeep import Upkeep
from ferrolan.collector.vault import Vault
from ferrolan.historian.embedded import Archive
from ferrolan.historian.seam import NewTag, Store
from ferrolan.historian.server import open_server
from tests.collector.bench import until
from tests.servers.postgres import ADMIN, Postgres

NOW = datetime(2026, 3, 20, 1, 0, tzinfo=UTC)
DAYS = 5


class Standing:
    """A clock that stands at one in the morning."""

    def now(self) -> int:
        return int(NOW.timestamp() * 1e6)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0.01)


@pytest.fixture(params=["embedded", "postgres"])
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Store]:
    if request.param == "embedded":
        return lambda: Archive(tmp_path / "historian")
    postgres: Postgres = request.getfixturevalue("postgres")
    url = postgres.url(postgres.database("kept"))
    return lambda: open_server(url, password=ADMIN)


def noons(tag: int) -> pl.DataFrame:
    """A row at noon of today and of each day before."""
    times = [NOW.replace(hour=12) - timedelta(days=ago) for ago in reversed(range(DAYS))]
    return SAMPLES.check(
        pl.DataFrame(
            [(tag, time, float(k), None, 0, k, 0) for k, time in enumerate(times)], schema=SAMPLES.schema, orient="row"
        )
    )


async def test_days_that_ended_are_sealed_and_those_kept_no_longer_are_let_go(
    opening: Callable[[], Store], tmp_path: Path
) -> None:
    said = io.StringIO()
    log = Log(stream=said)
    vault = Vault(opening, [NewTag("TI-1", "K")], tmp_path, Standing(), log)
    await vault.open()
    tag = vault.numbers["TI-1"]
    await vault.write(lambda store: store.append(noons(tag)))
    task = asyncio.create_task(Upkeep(vault, "2 d", Standing(), log).run())
    await until(lambda: "upkeep_" in said.getvalue())
    task.cancel()
    left = await vault.read(lambda store: store.query([tag], NOW - timedelta(days=99), NOW + timedelta(days=9)))
    await vault.close()
    assert left["value"].to_list() == [2.0, 3.0, 4.0], "the day before yesterday, yesterday, today"
    lines = [json.loads(line) for line in said.getvalue().splitlines()]
    assert [line["rows"] for line in lines if line["event"] == "retired"] == [2]
    assert lines[-1]["event"] == "upkeep_done"
