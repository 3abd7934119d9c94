"""The main job itself: the shipped plant from raw data to a brief, as `ferrolan run` does it.

What a user waits for after installation, in a fresh folder each time: the raw month is made, ingested, reconciled,
planned, valued over 200 draws, set against the market, and written.
"""

from __future__ import annotations

import tempfile

from benchmarks.registry import Subject
from ferrolan import verbs


def ours() -> object:
    with tempfile.TemporaryDirectory() as folder:
        return verbs.run(out=folder).run.run_id


SUBJECT = Subject(
    name="raw data to brief",
    station="the whole journey",
    ours=ours,
    note="shipped example: 119 tags x 2,976 rows, 195 tags of laboratory and ERP, 5 periods, 12 months, 200 draws",
)
