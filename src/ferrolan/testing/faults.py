"""What goes wrong on the way of a sample, for tests: seeded, the same each time, and pure functions of a table.

``cut(script(samples), since, 360_000_000, history=True)`` is a link that was away for six minutes and a source that
kept what was missed; ``deliveries`` hands the rows over as they would arrive. What is made so is synthetic.
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

__all__ = [
    "SCRIPT",
    "Delivery",
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
