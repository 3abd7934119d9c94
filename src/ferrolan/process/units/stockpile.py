"""A heap, bin or store that keeps one commodity.

An ore stockpile that opens the week with 40,000 t and closes with 38,500 t gave 1,500 t more than it received. Its
contents count as well mixed over a period; at steady state it passes on what it gets, which is how a flowsheet sees it.
Where it feeds several units it divides as a splitter does (``splitter.divider``).
"""

from __future__ import annotations

from ferrolan.process.unit import METAL, SOLIDS, UnitKind
from ferrolan.process.units.splitter import SplitterSpec

KIND = UnitKind(
    name="stockpile",
    title="stockpile",
    description="Keeps one commodity: what it holds and its composition change over a period.",
    inlets=METAL | SOLIDS,
    outlets=METAL | SOLIDS,
    spec=SplitterSpec,
    is_stock=True,
)
