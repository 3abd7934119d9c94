"""What the tests of a shipped works share: its account, and how often the truth lies within the account's intervals."""

from __future__ import annotations

from pathlib import Path

import polars as pl

import ferrolan
from ferrolan.enterprise.document import Enterprise
from ferrolan.enterprise.origins import declared_values
from ferrolan.virtualplant import Truth

EXAMPLES = Path(ferrolan.__file__).parent / "examples"
TWO_SIDED = 1.96  # of a 95 % interval


def path(name: str) -> Path:
    """The document of a shipped enterprise."""
    return EXAMPLES / name / f"{name}.yaml"


def errors(account: pl.DataFrame, truth: Truth, kind: str) -> pl.Series:
    """Errors of the reconciled values of a kind, in the account's own standard deviations."""
    both = account.join(
        truth.period_means(), on=["kind", "object", "component", "period"], suffix="_true", nulls_equal=True
    ).filter(pl.col("kind") == kind, pl.col("sd") > 0)
    assert (both["unit"] == both["unit_true"]).all()
    return (both["value"] - both["value_true"]) / both["sd"]


def binding(limits: pl.DataFrame, kind: str) -> set[str]:
    """Limits of a kind that are used up and worth money."""
    used_up = (pl.col("used") >= pl.col("limit_value") * (1 - 1e-9)) & (pl.col("value_left") > 0)
    return set(limits.filter(pl.col("kind") == kind, used_up)["limit"])


def gains(questions: pl.DataFrame) -> dict[str, float]:
    """Gain of every question against the unchanged plan [money a year]."""
    return dict(questions.select("case", "gain").iter_rows())


def document_is_sourced(document: Enterprise, known: frozenset[str]) -> bool:
    """Whether every value either cites a public source or is marked synthetic."""
    return all(value.synthetic != (value.source in known) for _, value in declared_values(document))
