"""The servers that contract suites run against."""

from __future__ import annotations

from tests.servers.clickhouse import chdb
from tests.servers.postgres import postgres

__all__ = ["chdb", "postgres"]
