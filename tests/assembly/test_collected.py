"""What is said of a live source whose month is measured in the historian."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import polars as pl

from ferrolan.assembly import tags
from ferrolan.assembly.catalogue import connections, kinds
from ferrolan.assembly.collected import collected
from ferrolan.enterprise.document import Enterprise
from ferrolan.enterprise.load import load
from ferrolan.enterprise.tags import read_cells, written
from ferrolan.historian.seam import NewTag
from ferrolan.historian.store import Historian
from ferrolan.sources.live import gathered
from ferrolan.verbs import shipped

CHANGE = "2026-03-14 12:00"
NOON = round(datetime.fromisoformat("2026-03-14T04:00+00:00").timestamp() * 1e6)
"""The same moment [us since 1970]: noon of the site."""


def plant(folder: Path, **change: str) -> Enterprise:
    """The example with a thermometer that is read live, and had its range changed on 14 March."""
    document = shipped("ore_to_both")
    rows = read_cells(document.with_name("tags.csv").read_text(encoding="utf-8"), "tags.csv")
    hot = {"tag": "HOT", "source": "scada", "address": "HOT", "kind": "other", "unit": "degC", "method": "mean"}
    more = [{**hot, "valid_to": CHANGE}, {**hot, "valid_from": CHANGE, **change}] if change else [hot]
    (folder / "tags.csv").write_text(written([*rows, *more]), encoding="utf-8")
    text = document.read_text(encoding="utf-8")
    live = "\nsources:\n  scada: {kind: replay, path: none.parquet}\n"
    (folder / "plant.yaml").write_text(text.replace("\nsources:\n", live, 1), encoding="utf-8")
    return load(folder / "plant.yaml", kinds(), connections())


def said(document: Enterprise) -> tuple[pl.DataFrame, pl.DataFrame]:
    """``ingest`` and ``remarks`` of its live sources, where one value of each tag was collected."""
    store = Historian()
    number = store.register([NewTag("HOT", "K")])["HOT"]
    store.append(
        gathered([number], [NOON], [1_500.0], [0]).select(
            "tag", "time", "value", raw=pl.lit(None, pl.Float64), status=pl.col("status"),
            seq=pl.lit(1, pl.Int64), source=pl.lit(0, pl.Int16),
        )
    )  # fmt: skip
    found = collected(document, store, tags.periods(document), "here")
    return found.ingest, found.remarks


def test_an_instrument_that_changed_within_a_period_is_said_of_a_live_source_too(tmp_path: Path) -> None:
    ingest, remarks = said(plant(tmp_path, scale="0.1"))
    assert remarks.select("source", "file", "path", "code").rows() == [
        ("scada", "tags.csv", "HOT.valid_from", "change_within_period")
    ]
    assert ingest.select("source", "samples").rows() == [("scada", 1)]


def test_of_one_that_did_not_change_nothing_is_said(tmp_path: Path) -> None:
    ingest, remarks = said(plant(tmp_path))
    assert remarks.is_empty() and ingest["samples"].to_list() == [1]
