"""ClickHouse within the test process, through chdb: one for all tests, since a process can hold but one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ferrolan.base.errors import SurroundingsError
from ferrolan.historian.server.clickhouse import Chdb
from tests.servers import absent


@pytest.fixture(scope="session")
def chdb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chdb]:
    """The one ClickHouse of the session; a test takes a database of its own in it."""
    try:
        server = Chdb(tmp_path_factory.mktemp("chdb"))
    except SurroundingsError as error:
        absent(str(error))
    yield server
    server.close()
