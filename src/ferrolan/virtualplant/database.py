"""The database of laboratory and ERP: three long tables in one SQLite file.

``laboratory_results`` holds one composite a day, stamped at noon, and the composites of the stock surveys;
``movements`` the day's mean by truck scale or packing scale, booked at noon; ``stock_counts`` a survey at every
period's start and at the month's end, at midnight. Times are wall-clock ISO text. Example:
``iron_concentrate | Fe | 2026-03-05 12:00:00 | 62.113 | %``. A few results are no numbers, as in any laboratory.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from ferrolan.base.errors import ProblemError
from ferrolan.virtualplant.drift import generator
from ferrolan.virtualplant.faults import MeterFaults
from ferrolan.virtualplant.material import Array
from ferrolan.virtualplant.meters import read_days, read_surveys
from ferrolan.virtualplant.scales import scale
from ferrolan.virtualplant.tag_record import TagRecord
from ferrolan.virtualplant.truth import STEP, Truth

_SCHEMA = """
CREATE TABLE laboratory_results (
    id INTEGER PRIMARY KEY, sample_point TEXT NOT NULL, analyte TEXT NOT NULL, sampled_at TEXT NOT NULL,
    result REAL, unit TEXT NOT NULL);
CREATE TABLE movements (
    id INTEGER PRIMARY KEY, item TEXT NOT NULL, direction TEXT NOT NULL, booked_at TEXT NOT NULL,
    tonnes_per_day REAL);
CREATE TABLE stock_counts (
    id INTEGER PRIMARY KEY, stock TEXT NOT NULL, quantity TEXT NOT NULL, counted_at TEXT NOT NULL,
    result REAL, unit TEXT NOT NULL);
"""
_NOON = timedelta(hours=12)
_DAY = timedelta(days=1)
_FIGURES = 5  # significant figures of a result

_Row = tuple[str, str, str, float | str, str]  # two keys, local time, result, unit


def write_database(truth: Truth, tags: Sequence[TagRecord], path: Path, faults: MeterFaults) -> None:
    """Write the three tables; rows stand in the order of their times, then of their tags."""
    laboratory = _rows(truth, [tag for tag in tags if tag.source == "laboratory"], faults)
    movements = _rows(truth, [tag for tag in tags if tag.source == "erp"], faults)
    counts = _rows(truth, [tag for tag in tags if tag.source == "stock_counts"], faults)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(_SCHEMA)
        _insert(connection, "laboratory_results", _with_texts(truth, laboratory, faults))
        _insert(connection, "movements", [row[:4] for row in movements])
        _insert(connection, "stock_counts", counts)


def _rows(truth: Truth, tags: Sequence[TagRecord], faults: MeterFaults) -> list[_Row]:
    addresses = faults.addresses({tag.tag: tag.address for tag in tags})
    rows = [row for tag in tags for row in _readings(truth, tag, addresses[tag.tag], faults)]
    return sorted(rows, key=lambda row: row[2])  # stable: the tags' order stays within one time


def _readings(truth: Truth, tag: TagRecord, address: str, faults: MeterFaults) -> Iterable[_Row]:
    first_key, second_key = _keys(tag, address)
    surveyed = tag.kind in ("stock", "stock_assay")
    values = read_surveys(truth, tag, faults) if surveyed else read_days(truth, tag, faults)
    factor, offset = scale(tag.unit)
    for moment, value in zip(_moments(truth, surveyed), _figures((values - offset) / factor), strict=True):
        if not np.isnan(value):
            yield first_key, second_key, moment, value, tag.unit


def _keys(tag: TagRecord, address: str) -> tuple[str, str]:
    keys = address.split("/")
    if len(keys) != 2:
        raise ProblemError(f"virtual plant: expected an address of two keys, got {address!r} (tag {tag.tag})")
    return keys[0], keys[1]


def _moments(truth: Truth, surveyed: bool) -> list[str]:
    """Local times of the readings: midnights of the surveys, or every noon."""
    if surveyed:
        return [_local(truth, truth.start + edge * STEP) for edge in truth.edges]
    days = (truth.end - truth.start) // _DAY
    return [_local(truth, truth.start + day * _DAY + _NOON) for day in range(days)]


def _local(truth: Truth, moment: datetime) -> str:
    return moment.astimezone(ZoneInfo(truth.zone)).strftime("%Y-%m-%d %H:%M:%S")


def _figures(values: Array) -> list[float]:
    return [float(f"{value:.{_FIGURES}g}") for value in values.tolist()]


def _with_texts(truth: Truth, rows: list[_Row], faults: MeterFaults) -> list[_Row]:
    """Put the results that are no numbers in place of as many daily composites."""
    daily = [k for k, row in enumerate(rows) if row[2].endswith("12:00:00")]
    texts = faults.text_results[: len(daily)]
    chosen = (
        generator(truth.seed, "text results").choice(len(daily), len(texts), replace=False) if texts else np.empty(0)
    )
    for place, text in zip(sorted(chosen.tolist()), texts, strict=True):
        key, analyte, moment, _, unit = rows[daily[place]]
        rows[daily[place]] = key, analyte, moment, text, unit
    return rows


def _insert(connection: sqlite3.Connection, table: str, rows: Sequence[tuple[object, ...]]) -> None:
    if rows:
        marks = ", ".join("?" * (len(rows[0]) + 1))
        numbered = [(number, *row) for number, row in enumerate(rows, start=1)]
        connection.executemany(f"INSERT INTO {table} VALUES ({marks})", numbered)  # table names are our own
