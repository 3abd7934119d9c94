"""Samples are kept here, and made into measurements.

Fifteen-minute values of a belt scale are appended as they come, corrected by later ones, never overwritten; ``measure``
turns them into one mean a week with its sigma, coverage and quality.
"""

from __future__ import annotations

from ferrolan.historian.aggregate import Signal, measure
from ferrolan.historian.ingest import Conversion, IngestReport, ingest
from ferrolan.historian.store import Historian

__all__ = ["Conversion", "Historian", "IngestReport", "Signal", "ingest", "measure"]
