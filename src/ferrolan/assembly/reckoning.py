"""Everything the account of a document says, as tables: quantities, tests, suspects, metals, and its grade.

For example: of a month's reconciled network come ``account`` (each flow and assay with its deviation), ``gross_errors``
(the belt scale, and the leak that would explain as much), ``metal_primary`` and ``metal_secondary`` (what came in, went
out and stayed, by readings alone and reconciled), and one letter with its grounds.
"""

from __future__ import annotations

import polars as pl

from ferrolan.assembly import balances
from ferrolan.assembly.metal import metal
from ferrolan.base.errors import Fault
from ferrolan.enterprise.document import Enterprise
from ferrolan.reconciliation import Reconciled
from ferrolan.reconciliation.grade import grade_frame


def tables_of(document: Enterprise, reconciled: Reconciled, provisional: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The tables of an account by name.

    Parameters
    ----------
    document
        The enterprise.
    reconciled
        Its reconciled network.
    provisional
        Readings that a later result is to replace (``provisional`` schema).
    """
    asked = reconciled.inquiry
    tables = {
        "account": balances.account(document, reconciled.account),
        "closure": reconciled.closure,
        "balance_tests": reconciled.tests,
        "suspects": reconciled.suspects,
        "gross_errors": asked.gross_errors,
        "elimination": asked.elimination,
        "families": asked.families,
        "nodal_tests": asked.nodal_tests,
        "reading_tests": asked.reading_tests,
        "missing_streams": asked.missing_streams,
        "robust": asked.robust(),
        "provisional": provisional,
        **metal(document, reconciled).tables,
    }
    return {**tables, "grade": grade_frame(tables)}


def remarks(document: Enterprise, reconciled: Reconciled) -> tuple[Fault, ...]:
    """What the account did not use or should not be trusted in, as remarks."""
    way_out = "Look at the meters there; the rest of the account stands without them"
    return tuple(
        Fault(document.path.name, 0, "account", found, "readings that determine it", way_out, "not_used")
        for found in reconciled.network.remarks
    )
