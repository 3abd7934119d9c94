"""The aggregates of OPC 10000-13 (Aggregates): all 37, with value, status code and information bits.

A furnace's hourly *TimeAverage*, *Maximum2* and *PercentGood* are one call of ``aggregate``, computed as the standard's
own examples have them (Annex A: 944 rows of 27 aggregates, each one a test). Where its text and its examples differ the
examples are followed, and the function says what the text says.

These are the standard's numbers, for those who must agree with another historian. Ferrolan's own means respect steps
and never cross a Bad stretch: ``ferrolan.historian.aggregate`` and ``ferrolan.historian.resample``.
"""

from __future__ import annotations

from ferrolan.historian.part13.answer import Answer
from ferrolan.historian.part13.catalogue import Kind, aggregates, kind
from ferrolan.historian.part13.configuration import Configuration
from ferrolan.historian.part13.reading import aggregate, of_samples

__all__ = ["Answer", "Configuration", "Kind", "aggregate", "aggregates", "kind", "of_samples"]
