"""The time-weighted mean against the examples of OPC 10000-13, Annex A, where the two definitions agree."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import polars as pl
import pytest

from ferrolan.base.tables import SAMPLES
from ferrolan.base.time import Period
from ferrolan.historian import Historian, Signal, measure

CASE = Path(__file__).parents[2] / "cases" / "historian" / "opcua_part13_means"
ABOUT = tomllib.loads((CASE / "case.toml").read_text(encoding="utf-8"))
EXPECTED = pl.read_csv(CASE / "expected.csv")
INTERVAL = timedelta(seconds=ABOUT["interval_s"])
CODES = {"Good": 0x00000000, "Uncertain": 0x40000000, "Bad": 0x80000000, "BadNoData": 0x809B0000}


def instant(clock: str) -> datetime:
    return datetime.combine(datetime(2026, 1, 1), time.fromisoformat(clock), tzinfo=UTC)


def samples(historian: str) -> pl.DataFrame:
    rows = pl.read_csv(CASE / "samples.csv").filter(pl.col("historian") == historian).rows(named=True)
    return pl.DataFrame(
        [(1, instant(r["time"]), r["value"], None, CODES[r["status"]], seq, 1) for seq, r in enumerate(rows)],
        schema=SAMPLES.schema,
        orient="row",
    )


@pytest.mark.parametrize("row", EXPECTED.rows(named=True), ids=lambda row: f"{row['historian']}-{row['start']}")
def test_the_mean_of_a_good_interval_is_the_published_one(row: dict[str, object]) -> None:
    start = instant(str(row["start"]))
    signal = Signal(1, "tag", "flow", "stream", None, "", row["stepped"] is True, 0.0, 0.0, "time_mean")
    with Historian() as historian:
        historian.append(samples(str(row["historian"])))
        found = measure(historian, [signal], [Period(0, start, start + INTERVAL)]).row(0, named=True)
    weight = ABOUT["interval_s"] if row["aggregate"] == "Total" else 1.0
    assert found["value"] * weight == pytest.approx(row["value"], abs=ABOUT["tolerance_abs"])
    assert (found["coverage"], found["quality"]) == (1.0, "good")
