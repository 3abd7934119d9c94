"""The grade of an account, A to D, and every ground for it: how far its numbers can be trusted, in one letter.

For example: the balances pass, but 2 of 14 streams at the boundary are checked by nothing: B. A suspect meter whose
reading still counts: C. The letter is the worst that any ground allows; without a ground it is A.

| ground | at best | what it says |
|---|---|---|
| ``untested`` | D | nothing is measured more often than it must be |
| ``unexplained`` | D | the global test fails, and no suspect explains why |
| ``failed`` | C | the global test fails |
| ``suspect`` | C | classes of suspect meters or leaks that still count |
| ``unobservable`` | C | figures at the boundary of a company that the meters do not determine |
| ``unaccounted`` | B | components of which the site loses or gains more than chance, from readings alone |
| ``unchecked`` | B | figures at the boundary that no balance checks |
| ``missed`` | B | accuracy targets that the account misses |
| ``provisional`` | B | readings that a later result is to replace |

The ladder is Ferrolan's own; AMIRA P754 asks for its grounds, not for a letter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from ferrolan.base.tables import GRADE

Tables = Mapping[str, pl.DataFrame]


def grade_frame(tables: Tables) -> pl.DataFrame:
    """The grounds of the grade of an account, worst first (``grade`` schema).

    Parameters
    ----------
    tables
        Of the account: ``balance_tests`` and ``suspects``; where they are there also ``gross_errors`` (in place of the
        suspects, with its leaks and outliers), ``accuracy``, ``metal_primary`` and ``provisional``.

    Returns
    -------
    One row a ground; its ``grade`` is that of the whole account. An account without any ground has one row, ``none``.
    """
    grounds = sorted(_grounds(tables), key=lambda ground: (-ord(ground[1]), ground[0]))
    rows = grounds or [("none", "A", 0, [])]
    letter = rows[0][1]
    return GRADE.check(
        pl.DataFrame([(letter, *row) for row in rows], schema=GRADE.schema, orient="row"),
    )


_Ground = tuple[str, str, int, list[str]]


def _grounds(tables: Tables) -> Iterator[_Ground]:
    yield from _of_tests(tables["balance_tests"], _standing(tables))
    accuracy = tables.get("accuracy", pl.DataFrame())
    if accuracy.height:
        yield from _of_accuracy(accuracy)
    primary = tables.get("metal_primary", pl.DataFrame())
    if primary.height:
        yield from _open(primary)
    provisional = tables.get("provisional", pl.DataFrame())
    if provisional.height:
        yield ("provisional", "B", provisional.height, provisional["tag"].unique().sort().to_list())


def _standing(tables: Tables) -> pl.DataFrame:
    """The classes that are no echo, the strongest first: who may be wrong, a meter by its tag, a node by its name."""
    found = tables.get("gross_errors", pl.DataFrame())
    found = found if found.height else tables["suspects"]
    return found.filter(~pl.col("echo")).sort("rank").with_columns(who=pl.coalesce("tag", "object"))


def _of_tests(tests: pl.DataFrame, suspects: pl.DataFrame) -> Iterator[_Ground]:
    passed = tests.filter(pl.col("test") == "global")["passed"].to_list()
    if not passed or passed[0] is None:
        yield ("untested", "D", 0, [])
    elif not passed[0]:
        yield ("failed", "C", 0, []) if suspects.height else ("unexplained", "D", 0, [])
    if suspects.height:
        yield (
            "suspect",
            "C",
            suspects["suspect_class"].n_unique(),
            suspects["who"].unique(maintain_order=True).to_list(),
        )


def _of_accuracy(accuracy: pl.DataFrame) -> Iterator[_Ground]:
    boundary = accuracy.filter(pl.col("boundary"))
    unseen = boundary.filter(pl.col("status") == "unobservable")
    if unseen.height:
        yield ("unobservable", "C", unseen.height, _objects(unseen))
    unchecked = boundary.filter(pl.col("redundancy") == 0.0, pl.col("status") != "unobservable")
    if unchecked.height:
        yield ("unchecked", "B", unchecked.height, _objects(unchecked))
    missed = accuracy.filter(pl.col("met").not_())
    if missed.height:
        yield ("missed", "B", missed.height, _objects(missed))


def _open(primary: pl.DataFrame) -> Iterator[_Ground]:
    found = primary.filter(pl.col("scope_kind") == "site", pl.col("span") == "account", pl.col("exceeds"))
    if found.height:
        yield ("unaccounted", "B", found.height, found["component"].unique(maintain_order=True).to_list())


def _objects(frame: pl.DataFrame) -> list[str]:
    return frame["object"].unique(maintain_order=True).to_list()
