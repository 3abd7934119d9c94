"""Small plans, the golden text of a program, and the cases of planning."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from math import isinf
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ferrolan.planning import Commodity, Mode, PlanProblem, Quota, Transfer, Unit
from ferrolan.planning.program import Program

CASES = Path(__file__).parents[2] / "cases" / "planning"


@pytest.fixture
def case() -> Callable[[str], dict[str, Any]]:
    """Read a case: its birth certificate and its data (Any: a TOML document)."""

    def read(name: str) -> dict[str, Any]:
        return tomllib.loads((CASES / name / "case.toml").read_text(encoding="utf-8"))

    return read


@pytest.fixture
def golden() -> Callable[[Program, Path], None]:
    """Compare a program's readable text with the golden file."""

    def compare(program: Program, path: Path) -> None:
        assert lp_text(program) == path.read_text(encoding="utf-8")

    return compare


@pytest.fixture
def ore_to_iron() -> PlanProblem:
    """One unit, two months: 1 t of ore at 100 makes 0.6 t of iron at 300; at most 50 t of ore a month."""
    return PlanProblem(
        months=("2026-04", "2026-05"),
        commodities=(
            Commodity("ore", "steel", buy_price=100.0, buy_limit=80.0),
            Commodity("iron", "steel", sell_price=300.0, sell_limit=40.0),
        ),
        modes=(Mode("run", "furnace", "steel", "ore", {"ore": -1.0, "iron": 0.6}, cost=20.0),),
        units=(Unit("furnace", "steel", (50.0, 50.0)),),
    )


@pytest.fixture
def two_companies() -> PlanProblem:
    """Concentrate of one company becomes oxide of the other; a quota counts the oxide."""
    return PlanProblem(
        months=("2026-04", "2026-05"),
        commodities=(
            Commodity("concentrate", "steel", supply=(10.0, 6.0), stock_max=5.0, dispose_cost=3.0),
            Commodity("feed", "rare_earth"),
            Commodity("oxide", "rare_earth", sell_price=1000.0, sell_limit=100.0),
        ),
        modes=(Mode("run", "separation", "rare_earth", "feed", {"feed": -1.0, "oxide": 0.5}, cost=100.0),),
        units=(Unit("separation", "rare_earth", (8.0, 8.0)),),
        quotas=(Quota("oxides", "rare_earth", 7.0, "t REO", {("separation", "run"): 0.5}, (0, 1)),),
        transfers=(Transfer("concentrate", "feed", 9.0),),
    )


def lp_text(program: Program) -> str:
    """The program as text a person can read: gain, rows, bounds; columns and rows by name."""
    matrix = program.matrix().toarray()
    rows, columns = program.shape
    lines = ["maximise", *_wrapped(program, program.gain), "subject to"]
    for row in range(rows):
        lines.append(f"  {program.row_name(row)}:")
        lines += [f"  {line}" for line in _wrapped(program, matrix[row])]
        lines.append(f"    {_interval(program.row_lower[row], program.row_upper[row])}")
    lines.append("bounds")
    for column in range(columns):
        span = _interval(program.column_lower[column], program.column_upper[column])
        lines.append(f"  {program.column_name(column)} {span}")
    return "\n".join(lines) + "\n"


def _wrapped(program: Program, coefficients: np.ndarray) -> list[str]:
    return [f"  {value:+g} {program.column_name(column)}" for column, value in enumerate(coefficients) if value]


def _interval(lower: float, upper: float) -> str:
    if lower == upper:
        return f"= {lower:g}"
    if isinf(lower):
        return f"<= {upper:g}"
    return f">= {lower:g}" if isinf(upper) else f"in {lower:g}..{upper:g}"
