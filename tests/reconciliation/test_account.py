"""The tables of an account where a quantity has several meters, or meters share an error."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from ferrolan.reconciliation import reconcile
from ferrolan.reconciliation.network import Reading, SharedError
from tests.reconciliation.metal_case import FLOWS, readings, works


def test_two_meters_of_one_quantity_are_one_row_with_both_names_and_their_mean() -> None:
    second = [Reading("flow", "feed", None, p, FLOWS["feed"][p] + 3.0, 2.0, "W-second") for p in (0, 1)]
    account = reconcile(works([*readings(), *second])).account
    row = account.filter(pl.col("object") == "feed", pl.col("kind") == "flow", pl.col("period") == 0).row(0, named=True)
    assert row["tag"] == "W-feed + W-second"
    assert row["measured"] == pytest.approx((100.0 / 1.0 + 103.0 / 4.0) / (1.0 + 0.25), rel=1e-12)
    assert row["sigma"] == pytest.approx((1.0 + 0.25) ** -0.5, rel=1e-12)


def test_a_balance_on_the_readings_counts_the_error_they_share() -> None:
    shared = [SharedError("scales", 0.02)]
    read = [replace(r, shares=(("scales", r.value),)) if r.kind == "flow" else r for r in readings()]
    rows = [
        reconcile(network).closure.filter(pl.col("node") == "flotation", pl.col("component") == "dry_mass")
        for network in (works(readings()), works(read, shared=shared))
    ]
    alone, together = (frame.row(0, named=True) for frame in rows)
    assert together["residual"] == alone["residual"]
    assert together["sd"] ** 2 == pytest.approx(alone["sd"] ** 2 + (0.02 * alone["residual"]) ** 2, rel=1e-9)


def test_what_is_not_read_has_no_tag_and_no_reading() -> None:
    account = reconcile(works(readings(without=("L-tails",)))).account
    row = account.filter(pl.col("object") == "tails", pl.col("kind") == "assay", pl.col("period") == 0).row(
        0, named=True
    )
    assert row["tag"] is row["measured"] is row["sigma"] is None
    assert row["value"] > 0.0 and row["sd"] > 0.0
