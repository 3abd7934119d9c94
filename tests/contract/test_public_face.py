"""The library's face is small, exact and light."""

from __future__ import annotations

import subprocess
import sys

import pytest

import ferrolan
from ferrolan.base.errors import FaultsError, FerrolanError

PUBLIC = [
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
HEAVY = ["duckdb", "fastapi", "highspy", "jinja2", "numpy", "pint", "piqp", "polars", "pydantic", "scipy", "sqlalchemy"]


def loaded_by(statement: str) -> set[str]:
    """Which heavy libraries a statement loads in a fresh interpreter."""
    code = f"import sys; {statement}; print(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_public_names_are_exact_and_alphabetical() -> None:
    assert ferrolan.__all__ == PUBLIC == sorted(PUBLIC)
    assert set(PUBLIC) <= set(dir(ferrolan))


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    found = getattr(ferrolan, name)
    assert callable(found)
    assert found.__doc__


def test_every_public_error_is_ours_and_every_error_of_ours_is_public() -> None:
    def below(kind: type[FerrolanError]) -> set[type[FerrolanError]]:
        return {kind, *(found for child in kind.__subclasses__() for found in below(child))}

    ours = {kind.__name__ for kind in below(FerrolanError) if kind.__module__ == "ferrolan.base.errors"}
    assert {name for name in PUBLIC if name[0].isupper()} == ours - {FaultsError.__name__}


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(AttributeError, match="no attribute 'simulate_everything'"):
        _ = ferrolan.simulate_everything


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert loaded_by("import ferrolan; ferrolan.__version__; dir(ferrolan)") == set()


def test_importing_the_command_line_loads_nothing_heavy() -> None:
    assert loaded_by("import ferrolan.cli") == set()
