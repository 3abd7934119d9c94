"""Ferrolan: from raw plant data to a brief, for a producer of steel and rare earths from one ore.

``ferrolan.run("ore_to_both.yaml")`` reads a plant's files, reconciles its balances, plans both businesses, clears the
rare-earth market and writes the brief. The verbs stand in ``ferrolan.verbs``, read that file first; what a person
signs in ``ferrolan.acts``, what a kept run can be asked in ``ferrolan.kept_runs``. Every name below is loaded when it
is first asked for, so that ``import ferrolan`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ferrolan.acts import exclude, lock, preview, reopen, replay, stock_take
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
    from ferrolan.kept_runs import brief_of, export, kept_run
    from ferrolan.starting import init
    from ferrolan.taking import take
    from ferrolan.verbs import brief, clear_market, ingest, load, plan, reconcile, run, simulate, study, worlds

__version__ = "0.1.0"

_VERBS = ("brief", "clear_market", "ingest", "load", "plan", "reconcile", "run", "simulate", "study", "worlds")
_ACTS = ("exclude", "lock", "preview", "reopen", "replay", "stock_take")
_KEPT = ("brief_of", "export", "kept_run")
_ERRORS = (
    "DocumentError", "FerrolanError", "Infeasible", "NotConverged", "ProblemError", "RecordError", "SourceError",
    "SurroundingsError", "TableError", "UnitError",
)  # fmt: skip
_HOMES = {
    **dict.fromkeys(_VERBS, "ferrolan.verbs"),
    **dict.fromkeys(_ACTS, "ferrolan.acts"),
    **dict.fromkeys(_KEPT, "ferrolan.kept_runs"),
    **dict.fromkeys(_ERRORS, "ferrolan.base.errors"),
    "init": "ferrolan.starting",
    "take": "ferrolan.taking",
}

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
    "brief_of",
    "clear_market",
    "exclude",
    "export",
    "ingest",
    "init",
    "kept_run",
    "load",
    "lock",
    "plan",
    "preview",
    "reconcile",
    "reopen",
    "replay",
    "run",
    "simulate",
    "stock_take",
    "study",
    "take",
    "worlds",
]


def __getattr__(name: str) -> object:
    """Load a public name when it is first asked for (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'ferrolan' has no attribute {name!r}")
    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
