"""The historian's station as a run has it: raw files read, converted, stored in a file and measured by periods."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.registry import Subject
from ferrolan import verbs

ENTERPRISE = verbs.load()
_FOLDER = tempfile.TemporaryDirectory()
FILES = verbs.raw_files(ENTERPRISE, Path(_FOLDER.name))


def ours() -> object:
    return verbs.ingest(ENTERPRISE, FILES, Path(_FOLDER.name) / "historian.duckdb").samples


SUBJECT = Subject(
    name="raw files to measurements",
    station="historian",
    ours=ours,
    note=f"shipped example: a CSV and three tables of a SQLite file, {len(ENTERPRISE.tags)} tags, a month, 5 periods",
)
