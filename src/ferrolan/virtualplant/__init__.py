"""A plant whose truth is known: it makes the raw month that the rest of Ferrolan has to understand.

``simulate(seed)`` runs the flowsheet of the example *ore to both* through March 2026 in steps of 15 minutes and returns
its ``Truth``; ``write(truth, tags, folder)`` looks at that truth through imperfect instruments and leaves what a plant
would hand over: a historian export (CSV) and an ERP and laboratory database (SQLite). Example: the flotation feed belt
scale WT-214 reads 3 % too much all month, and nothing in the files says so.

A document may fence a part of this plant: the steel works begins at the iron concentrate it buys, the rare-earth works
at the rare-earth concentrate. The whole plant runs, and only what that document's tag map names is written. Streams,
stocks and units keep the names of the whole, and a tag reads what it reads in the whole plant of the same seed. Which
meter is wrong may be declared too (``planted``).

All parameters of this plant are synthetic; their orders of magnitude follow what is published on Bayan Obo. It has
its own physics, its own unit factors and its own arithmetic, so that an error of an engine cannot cancel here
(the inverse crime; Colton and Kress, Inverse Acoustic and Electromagnetic Scattering Theory, 1992).
"""

from __future__ import annotations

from ferrolan.virtualplant.dynamics import simulate
from ferrolan.virtualplant.faults import planted
from ferrolan.virtualplant.truth import Truth
from ferrolan.virtualplant.write import write

__all__ = ["Truth", "planted", "simulate", "write"]
