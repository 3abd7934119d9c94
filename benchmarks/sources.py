"""Reading a month of a plant's belt scales: 120 columns of fifteen-minute values in a CSV with decimal commas."""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from benchmarks.registry import Subject
from ferrolan.sources import TagAddress, TextDialect, read_csv

ROWS, COLUMNS, SEED = 2976, 120, 1
BAD_TEXT = "I/O Timeout"
TAGS = tuple(TagAddress(number, f"flow_{number}", f"FT-{number:03d}") for number in range(1, COLUMNS + 1))
DIALECT = TextDialect(
    separator=";",
    decimal=",",
    time_column="Time",
    time_format="%d.%m.%Y %H:%M",
    time_zone="Asia/Shanghai",
    bad_texts=(BAD_TEXT,),
)


def export(path: Path) -> Path:
    """Write the synthetic export; every hundredth value of the third column timed out."""
    values = np.random.default_rng(SEED).normal(400.0, 5.0, (ROWS, COLUMNS))
    lines = ["Time;" + ";".join(tag.address for tag in TAGS)]
    for row in range(ROWS):
        cells = [f"{value:.3f}".replace(".", ",") for value in values[row]]
        cells[2] = BAD_TEXT if row % 100 == 0 else cells[2]
        moment = datetime(2026, 3, 1) + timedelta(minutes=15 * row)
        lines.append(f"{moment:%d.%m.%Y %H:%M};" + ";".join(cells))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


_FOLDER = tempfile.TemporaryDirectory()
_PATH = export(Path(_FOLDER.name) / "export.csv")


def _ours() -> object:
    return read_csv(_PATH, DIALECT, TAGS, 1, "dcs")


def _peer() -> object:
    import polars as pl

    return pl.read_csv(
        _PATH, separator=";", decimal_comma=True, null_values=[BAD_TEXT], infer_schema_length=None
    ).with_columns(pl.col("Time").str.to_datetime(DIALECT.time_format).dt.replace_time_zone(DIALECT.time_zone))


SUBJECT = Subject(
    name="read a wide CSV export",
    station="sources",
    ours=_ours,
    peer=_peer,
    peer_name="polars.read_csv",
    note=f"{ROWS} rows x {COLUMNS} columns, synthetic. Ours also checks the file, keeps a status for every value and "
    "makes the long table of samples; the peer returns the wide table with bare nulls.",
)
