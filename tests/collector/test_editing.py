"""The document edited while rows wait: what a changed unit and a row of validity make of them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import pytest

from ferrolan.assembly.catalogue import connections, kinds
from ferrolan.collector.logs import Log
from ferrolan.enterprise.load import load
from ferrolan.sources.live import Health, Sink, gathered
from ferrolan.sources.source import TagAddress
from tests.collector.bench import HEADER, T0, Flaky, collector, counting, link, loaded
from tests.collector.test_service import AWAY, SPAN

BETWEEN = "2026-03-20T09:46:45Z"  # five seconds after T0


async def two(tags: Sequence[TagAddress], sink: Sink, _: Health) -> None:
    """A meter in kg/h that was ranged anew, in t/h, between its two values."""
    await sink.keep(gathered([tags[0].tag] * 2, [T0, T0 + 10_000_000], [1500.0, 1.75], [0, 0]))


async def waiting(folder: Path, log: Log) -> Flaky:
    """A historian for which the two values wait in the spool."""
    store = Flaky()
    await collector(loaded(folder, tags=1, unit="kg/h"), store, [link("scada", counting(0))], log).run()
    store.away = AWAY
    await collector(loaded(folder, tags=1, unit="kg/h"), store, [link("scada", two)], log, patience=0.2).run()
    store.away = ""
    return store


async def test_a_unit_changed_in_place_converts_the_rows_that_wait_and_leaves_their_raw_value(tmp_path: Path) -> None:
    log = Log(stream=io.StringIO())
    store = await waiting(tmp_path, log)
    await collector(loaded(tmp_path, tags=1, unit="t/d"), store, [link("scada", counting(0))], log).run()
    found = store.query([1], *SPAN)
    assert found["raw"].to_list() == [1500.0, 1.75] and found["value"].to_list() == pytest.approx([62.5, 1.75 / 24])


async def test_a_row_of_validity_converts_the_rows_that_wait_each_as_it_was_measured(tmp_path: Path) -> None:
    log = Log(stream=io.StringIO())
    store = await waiting(tmp_path, log)
    row = "SCADA-0,scada,0,other,,,{},,time_mean,1 %,,,,a synthetic meter,{},{}\n"
    table = (
        HEADER.replace("\n", ",valid_from,valid_to\n")
        + row.format("kg/h", "", BETWEEN)
        + row.format("t/h", BETWEEN, "")
    )
    (tmp_path / "tags.csv").write_text(table)
    document = load(tmp_path / "plant.yaml", kinds(), connections())
    await collector(document, store, [link("scada", counting(0))], log).run()
    assert store.query([1], *SPAN)["value"].to_list() == [1.5, 1.75]
