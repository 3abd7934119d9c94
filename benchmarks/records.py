"""Keeping a run and reading it back: every table hashed by content, written as Parquet, read and verified.

The peer writes and reads the same tables as Parquet and hashes nothing.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import polars as pl

from benchmarks import shipped
from benchmarks.registry import Subject
from ferrolan.records import runs

_RUN, BRIEF = shipped.run()
TABLES = dict(_RUN.tables)
ROWS = sum(table.height for table in TABLES.values())


def ours() -> object:
    with tempfile.TemporaryDirectory() as folder:
        kept = runs.write(Path(folder), _RUN.identity, TABLES, files={"brief.html": BRIEF}, solvers=_RUN.solvers)
        return runs.read(kept.folder).hashes


def peer() -> object:
    with tempfile.TemporaryDirectory() as folder:
        for name, table in TABLES.items():
            table.write_parquet(Path(folder) / f"{name}.parquet")
        return [pl.read_parquet(Path(folder) / f"{name}.parquet").height for name in TABLES]


SUBJECT = Subject(
    name="keep a run and read it",
    station="records",
    ours=ours,
    peer=peer,
    peer_name="polars Parquet",
    note=f"shipped example: {len(TABLES)} tables, {ROWS:,} rows, and the brief. Ours verifies once on writing and once "
    "on reading; the peer writes and reads bare tables",
)
