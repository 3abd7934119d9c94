"""How often the account finds the planted scale, and how often it cries wolf, over forty months of other noise.

Slow: `just test -m slow`. The bounds are binomial: at a true false-alarm rate of 5 % more than six of forty months have a
probability of 0.3 %, and at a power of 85 % fewer than 28 one of 0.9 %.
"""

from __future__ import annotations

import polars as pl
import pytest

from ferrolan import verbs
from ferrolan.assembly import sources
from ferrolan.virtualplant import simulate, write
from ferrolan.virtualplant.faults import PLANTED, MeterFaults

SEEDS = range(1, 41)


def _suspects(document, seed, faults, folder):
    write(simulate(seed), document.tags, folder, faults=faults)
    files = {name: sources.source_file(document, name, folder) for name in document.sources}
    return verbs.reconcile(document, verbs.ingest(document, files)).tables["suspects"]


@pytest.mark.slow
def test_the_planted_scale_is_found_in_most_months_and_its_interval_holds_the_bias(document, tmp_path):
    found, covered = 0, 0
    for seed in SEEDS:
        scale = _suspects(document, seed, PLANTED, tmp_path / str(seed)).filter(pl.col("tag") == "WT-214")
        for row in scale.iter_rows(named=True):
            found += 1
            covered += row["bias_low"] < 0.03 < row["bias_high"]
    print(f"found {found} of {len(SEEDS)}, interval holds 3 % in {covered}")
    assert found >= 28
    assert covered >= 0.85 * found


@pytest.mark.slow
def test_without_a_fault_few_months_have_a_suspect(document, tmp_path):
    alarms = sum(_suspects(document, seed, MeterFaults(bias={}), tmp_path / str(seed)).height > 0 for seed in SEEDS)
    print(f"false alarms in {alarms} of {len(SEEDS)} months")
    assert alarms <= 6
