"""What differs between two accounts of one month: the value before, the value after, and how much that is.

Without scale WT-214 the flow of flotation feed in week 2 is 61.4 t/h instead of 60.1 t/h: three of its standard
deviations. What differs by rounding alone is no change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from ferrolan.base.provenance import hash_table
from ferrolan.base.tables import ACCOUNT_CHANGES
from ferrolan.records.periods import changed_inputs
from ferrolan.records.runs import Run

LEAST_SDS = 1e-6
"""Share of a standard deviation from which on a difference is a change."""
LEAST = 1e-9
"""Relative difference from which on it is one where no standard deviation is known."""

REPLAYED = (
    "ingest", "rejected", "repaired", "measurements", "account", "closure", "balance_tests", "suspects", "provisional",
    "stock_take",
)  # fmt: skip
"""Tables that raw files and document alone decide, in the order in which they are made."""

_QUANTITY = ("kind", "object", "component", "period")


@dataclass(frozen=True)
class Preview:
    """What an account would become if one meter were signed out of it, or back into it; nothing is signed.

    Parameters
    ----------
    tag
        The meter; several are joined by commas.
    back
        Whether it would come back.
    changes
        ``account_changes`` from the account as it is to the one without (or with) the meter.
    tests_before, tests_after
        ``balance_tests`` of both.
    suspects_after
        ``suspects`` that would be left.
    before, after
        Every table of both accounts by name.
    """

    tag: str
    back: bool
    changes: pl.DataFrame = field(compare=False)
    tests_before: pl.DataFrame = field(compare=False)
    tests_after: pl.DataFrame = field(compare=False)
    suspects_after: pl.DataFrame = field(compare=False)
    before: Mapping[str, pl.DataFrame] = field(default_factory=dict, compare=False)
    after: Mapping[str, pl.DataFrame] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Replay:
    """A kept account made again from its raw files, and whether it came out the same.

    Parameters
    ----------
    run
        Id of the kept run.
    differs
        First input or table that differs, such as ``source laboratory`` or ``account``; empty where nothing does.
    found, expected
        Its hash now, and the kept one; ``nothing`` where one of them lacks it.
    code_changed
        Whether the code or a library is another one than then.
    changes
        ``account_changes`` from the kept account to the new one.
    """

    run: str
    differs: str
    found: str
    expected: str
    code_changed: bool
    changes: pl.DataFrame = field(compare=False)

    @property
    def equal(self) -> bool:
        """Whether every input and every table came out the same, bit by bit."""
        return not self.differs


def account_changes(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Values of two accounts that differ by more than rounding.

    Parameters
    ----------
    before, after
        ``account`` of both; several readings of one quantity have one value.

    Returns
    -------
    ``account_changes`` in the order of the first account, then what the second one alone has.
    """
    one, other = (
        frame.unique(_QUANTITY, keep="first", maintain_order=True).select(*_QUANTITY, "unit", "value", "sd")
        for frame in (before, after)
    )
    both = one.join(
        other, on=_QUANTITY, how="full", suffix="_after", coalesce=True, nulls_equal=True, maintain_order="left_right"
    )
    both = both.with_columns(
        unit=pl.coalesce("unit", "unit_after"), sd=pl.coalesce("sd", "sd_after"), before="value", after="value_after"
    ).with_columns(change=pl.col("after") - pl.col("before"))
    both = both.with_columns(in_sds=pl.when(pl.col("sd") > 0.0).then(pl.col("change").abs() / pl.col("sd")))
    size = pl.max_horizontal(pl.col("before").abs(), pl.col("after").abs())
    by_size = pl.col("change").abs() > LEAST * size
    moved = pl.when(pl.col("in_sds").is_not_null()).then(pl.col("in_sds") > LEAST_SDS).otherwise(by_size)
    appeared = pl.col("before").is_null() != pl.col("after").is_null()
    return ACCOUNT_CHANGES.check(both.filter(appeared | moved).select(list(ACCOUNT_CHANGES.columns)))


def replayed(kept: Run, tables: Mapping[str, pl.DataFrame], inputs: Mapping[str, str], *, code_changed: bool) -> Replay:
    """Compare a kept run with the tables that its raw files give now.

    Parameters
    ----------
    kept
        The kept run.
    tables
        What was made again.
    inputs
        Hashes of the inputs now, by name.
    code_changed
        Whether code or libraries are other ones.
    """
    then, hashes = kept.identity.inputs, {name: hash_table(frame) for name, frame in tables.items()}
    changes = account_changes(kept.tables["account"], tables["account"])
    different = [(name, inputs.get(name), then.get(name)) for name in changed_inputs(then, inputs)]
    different += [
        (name, hashes.get(name), kept.hashes.get(name))
        for name in _both(REPLAYED, kept.hashes, hashes)
        if hashes.get(name) != kept.hashes.get(name)
    ]
    name, found, expected = different[0] if different else ("", None, None)
    if not different:
        return Replay(kept.run_id, "", "", "", code_changed, changes)
    return Replay(kept.run_id, name, found or "nothing", expected or "nothing", code_changed, changes)


def _both(names: Sequence[str], one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    """The names that both runs know; a table of a later version of the product is no difference."""
    return [name for name in names if name in one and name in other]
