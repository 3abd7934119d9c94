"""The historian's export: a wide CSV file as a German or Chinese control system hands it over.

Semicolons, decimal commas, wall-clock time, a byte order mark, and here and there no value:
``01.03.2026 00:15;304,27;I/O Timeout;...``. The value in the row of time t is the value at t.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from ferrolan.virtualplant.drift import generator
from ferrolan.virtualplant.faults import BAD_TEXTS, MeterFaults
from ferrolan.virtualplant.material import Array
from ferrolan.virtualplant.meters import read_steps
from ferrolan.virtualplant.scales import scale
from ferrolan.virtualplant.tag_record import TagRecord
from ferrolan.virtualplant.truth import Truth

TIME_COLUMN = "Timestamp"
TIME_FORMAT = "%d.%m.%Y %H:%M"
_FIGURES = 5  # significant figures the displays have


def write_csv(truth: Truth, tags: Sequence[TagRecord], path: Path, faults: MeterFaults) -> None:
    """Write one row a step and one column a tag, headed by the tag's address."""
    local = truth.times.dt.convert_time_zone(truth.zone).dt.strftime(TIME_FORMAT).alias(TIME_COLUMN)
    outage = _outage(truth, faults)
    addresses = faults.addresses({tag.tag: tag.address for tag in tags})
    columns = {addresses[tag.tag]: _column(truth, tag, faults, outage) for tag in tags}
    ordered = [columns[tag.address].alias(tag.address) for tag in tags]
    with path.open("wb") as file:
        pl.DataFrame([local, *ordered]).write_csv(file, include_bom=True, separator=";", quote_style="never")


def _outage(truth: Truth, faults: MeterFaults) -> slice:
    first = int(generator(truth.seed, "outage").integers(0, truth.steps - faults.outage_steps))
    return slice(first, first + faults.outage_steps)


def _column(truth: Truth, tag: TagRecord, faults: MeterFaults, outage: slice) -> pl.Series:
    factor, offset = scale(tag.unit)
    shown = (read_steps(truth, tag, faults) - offset) / factor
    rounded = pl.Series(tag.address, np.round(shown, _decimals(shown)) + 0.0)
    text = rounded.cast(pl.String).str.replace(".", ",", literal=True)
    if tag.kind == "state":
        text = text.str.strip_suffix(",0")
    return text.scatter(*_lost(truth, tag, faults, outage))


def _decimals(shown: Array) -> int:
    largest = float(np.abs(shown).max())
    return max(1, _FIGURES - 1 - int(np.floor(np.log10(largest)))) if largest > 0.0 else 1


def _lost(truth: Truth, tag: TagRecord, faults: MeterFaults, outage: slice) -> tuple[list[int], list[str]]:
    """Rows without a value, and what stands there instead."""
    rng = generator(truth.seed, f"lost {tag.tag}")
    rows = set(np.flatnonzero(rng.random(truth.steps) < faults.bad_share).tolist())
    texts = dict(zip(sorted(rows), rng.choice(BAD_TEXTS, len(rows)).tolist(), strict=True))
    texts |= dict.fromkeys(range(outage.start, outage.stop), "No Data")
    return list(texts), list(texts.values())
