"""A long table of a laboratory or production database: key columns, a time, a value, one row a sample.

``assays(sample_point, element, taken_at, result)`` of a laboratory becomes the tags ``"flotation_feed/Nd2O3"`` and
so on: the key columns joined by a slash are the address. It is read in one go by ``read_sql``, or polled by the column
of its last change (``SqlConnector``). The connection only selects: SQLite files are opened with ``mode=ro``, servers
are asked in transactions declared ``READ ONLY``, and every transaction is rolled back. Times without an offset belong
to a declared zone.

Tested with SQLite, PostgreSQL 15 and MariaDB 10.11. The URL of another database goes to its SQLAlchemy driver, which
you install; no test has read from one, and only a user who has no right to write makes such a connection read-only.
"""

from __future__ import annotations

from ferrolan.sources.sql.database import Column, Database, Described, describe
from ferrolan.sources.sql.polling import Polling, SqlConnector
from ferrolan.sources.sql.reading import SqlSource, content_hash, read_sql
from ferrolan.sources.sql.table import SqlTable

__all__ = [
    "Column",
    "Database",
    "Described",
    "Polling",
    "SqlConnector",
    "SqlSource",
    "SqlTable",
    "content_hash",
    "describe",
    "read_sql",
]
