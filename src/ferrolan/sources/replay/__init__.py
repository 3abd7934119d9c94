"""A recorded file played as a live connection, with faults on purpose: the test bench of the collector.

A month of a mill, sixty times faster, cut after two hours and with one row in a hundred sent twice, comes in through
the same seam as the plant itself, and the same every time.
"""

from __future__ import annotations

from ferrolan.sources.replay.faults import (
    SCRIPT,
    Delivery,
    clock_step,
    cut,
    delay,
    deliveries,
    duplicate,
    late_blocks,
    reorder,
    script,
    spikes,
)
from ferrolan.sources.replay.play import KIND, Replay
from ferrolan.sources.replay.spec import ReplaySource

__all__ = [
    "KIND",
    "SCRIPT",
    "Delivery",
    "Replay",
    "ReplaySource",
    "clock_step",
    "cut",
    "delay",
    "deliveries",
    "duplicate",
    "late_blocks",
    "reorder",
    "script",
    "spikes",
]
