"""The stores that pass the contract suite, by name: how each is opened at a place, again and again.

A store that needs a server asks for the server's fixture through ``request``; where it is not installed the test is
skipped there. To add one: a function here and a line in ``STORES``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ferrolan.historian.embedded import Archive
from ferrolan.historian.seam import Store
from ferrolan.historian.server import open_server
from ferrolan.historian.server.clickhouse import ClickHouse, ClickHouseHistorian
from ferrolan.historian.store import Historian
from tests.servers.postgres import ADMIN

Opener = Callable[[], Store]
"""Opens the store; called again after it was closed, it opens what was stored before."""


def _file(place: Path, request: pytest.FixtureRequest) -> Opener:
    return lambda: Historian(place / "historian.duckdb")


def _archive(place: Path, request: pytest.FixtureRequest) -> Opener:
    return lambda: Archive(place / "historian")


def _sealed(place: Path, request: pytest.FixtureRequest) -> Opener:
    """The archive that seals every whole day after every append: what was late goes into a new generation each time."""
    return lambda: _Sealing(place / "historian")


class _Sealing(Archive):
    def append(self, *arguments: object, **options: object) -> int:  # the seam's own signature
        stored = super().append(*arguments, **options)  # type: ignore[arg-type]
        self.seal(datetime.now(UTC) + timedelta(days=1))
        return stored


def _postgres(place: Path, request: pytest.FixtureRequest) -> Opener:
    server = request.getfixturevalue("postgres")
    url = server.url(server.database("contract"))
    return lambda: open_server(url, password=ADMIN)


def _clickhouse(place: Path, request: pytest.FixtureRequest) -> Opener:
    server = _Shared(request.getfixturevalue("chdb"))
    server.run("drop database if exists contract")
    return lambda: ClickHouseHistorian(server, "contract")


class _Shared:
    """The one ClickHouse of the process, which no test closes."""

    def __init__(self, server: ClickHouse) -> None:
        self.run = server.run

    def close(self) -> None:
        pass


STORES: Mapping[str, Callable[[Path, pytest.FixtureRequest], Opener]] = {
    "file": _file,
    "archive": _archive,
    "sealed": _sealed,
    "postgresql": _postgres,
    "clickhouse": _clickhouse,
}
