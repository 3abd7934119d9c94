"""The outside world comes in here, one file per protocol; nothing is ever written back.

The hourly belt scales of a mill arrive as a wide CSV export of its historian, the assays of the laboratory as rows of
a database table. Both leave this room as the same two tables: ``samples`` and what was ``rejected``, with its reason.
"""

from __future__ import annotations

from ferrolan.sources.dialect import Dialect, TextDialect
from ferrolan.sources.files import CsvSource, read_csv
from ferrolan.sources.grid import Grid, headed
from ferrolan.sources.reading import discover_grid, read_grid
from ferrolan.sources.source import Batch, Discovered, Discovery, ReadReport, Source, TagAddress
from ferrolan.sources.sql import SqlSource, SqlTable, read_sql

__all__ = [
    "Batch",
    "CsvSource",
    "Dialect",
    "Discovered",
    "Discovery",
    "Grid",
    "ReadReport",
    "Source",
    "SqlSource",
    "SqlTable",
    "TagAddress",
    "TextDialect",
    "discover_grid",
    "headed",
    "read_csv",
    "read_grid",
    "read_sql",
]
