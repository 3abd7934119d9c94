"""Ferrolan: from raw plant data to a brief, for a producer of steel and rare earths from one ore.

``ferrolan.run("ore_to_both.yaml")`` reads a plant's files, reconciles its balances, plans both businesses, clears the
rare-earth market and writes the brief. The verbs stand in ``ferrolan.verbs``, read that file first; every name below is
loaded when it is first asked for, so that ``import ferrolan`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ferrolan.base.errors import (
        DocumentError,
        FerrolanError,
        Infeasible,
        NotConverged,
        ProblemError,
        RecordError,
        SourceError,
        SurroundingsError,
        TableError,
        UnitError,
    )
    from ferrolan.verbs import brief, clear_market, exclude, ingest, load, plan, reconcile, run, study

__version__ = "0.1.0"

__all__ = [
    "DocumentError",
    "FerrolanError",
    "Infeasible",
    "NotConverged",
    "ProblemError",
    "RecordError",
    "SourceError",
    "SurroundingsError",
    "TableError",
    "UnitError",
    "brief",
    "clear_market",
    "exclude",
    "ingest",
    "load",
    "plan",
    "reconcile",
    "run",
    "study",
]

_VERBS = frozenset({"brief", "clear_market", "exclude", "ingest", "load", "plan", "reconcile", "run", "study"})


def __getattr__(name: str) -> object:
    """Load a public name when it is first asked for (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module 'ferrolan' has no attribute {name!r}")
    value: object = getattr(import_module("ferrolan.verbs" if name in _VERBS else "ferrolan.base.errors"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
