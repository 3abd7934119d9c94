"""A kept table leaves as CSV, JSON or Parquet that other programs read."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime

import polars as pl
import pytest

from ferrolan.records.exports import export

FRAME = pl.DataFrame(
    {
        "time": [datetime(2026, 3, 1, 16, tzinfo=UTC), None],
        "value": [float("inf"), 0.25],
        "found": ["=1+1", "ore"],
        "tags": [["WT-214", "WT-215"], []],
        "parts": [[float("nan"), 1.0], None],
    },
    schema_overrides={"time": pl.Datetime("us", "UTC")},
)


def test_json_has_times_as_iso_and_null_for_what_is_not_finite_also_within_a_list():
    first, second = json.loads(export(FRAME, "json"))
    assert first == {
        "time": "2026-03-01T16:00:00Z", "value": None, "found": "=1+1", "tags": ["WT-214", "WT-215"], "parts": [None, 1.0],
    }  # fmt: skip
    assert second["value"] == 0.25 and second["time"] is None


def test_csv_holds_no_formula_that_a_spreadsheet_would_compute():
    back = pl.read_csv(io.BytesIO(export(FRAME, "csv")))
    assert back["found"].to_list() == ["'=1+1", "ore"]
    assert back["tags"].to_list() == ["WT-214;WT-215", ""]
    assert back["time"][0] == "2026-03-01T16:00:00Z"
    assert back["value"].to_list() == [None, 0.25]


@pytest.mark.parametrize("beginning", ["=", "+", "-", "@", "\t", "\r"])
def test_every_beginning_of_a_formula_is_made_harmless(beginning):
    text = export(pl.DataFrame({"found": [f"{beginning}cmd|x"]}), "csv").decode()
    assert f"'{beginning}cmd|x" in text


def test_parquet_is_the_table_itself():
    assert pl.read_parquet(io.BytesIO(export(FRAME, "parquet"))).equals(FRAME, null_equal=True)
