"""The raw month of the shipped plant: simulated in steps of 15 minutes, metered, written as CSV and SQLite."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.registry import Subject
from ferrolan import verbs
from ferrolan.virtualplant import simulate, write

ENTERPRISE = verbs.load()
SEED = 20260301


def ours() -> object:
    with tempfile.TemporaryDirectory() as folder:
        write(simulate(SEED), ENTERPRISE.tags, Path(folder))
        return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())


SUBJECT = Subject(
    name="make the raw month",
    station="raw data",
    ours=ours,
    note="shipped example: 2,976 steps, 119 tags in a CSV, laboratory and ERP in SQLite; a real plant has its own",
)
