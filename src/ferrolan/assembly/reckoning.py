"""Everything the account of a document says, as tables: quantities, tests, suspects, metals, and its grade.

For example: of a month's reconciled network come ``account`` (each flow and assay with its deviation), ``gross_errors``
(the belt scale, and the leak that would explain as much), ``metal_primary`` and ``metal_secondary`` (what came in, went
out and stayed, by readings alone and reconciled), and one letter with its grounds.
"""

from __future__ import annotations

import polars as pl

from ferrolan.assembly import balances
from ferrolan.assembly.balances import HEAT_FLOW, KG_PER_T
from ferrolan.assembly.metal import metal
from ferrolan.base.errors import Fault
from ferrolan.base.schema import ENERGY
from ferrolan.enterprise.document import Enterprise
from ferrolan.reconciliation import Reading, Reconciled
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
        "gross_errors": in_plant_units(document, reconciled, asked.gross_errors, "size", "size_low", "size_high"),
        "elimination": asked.elimination,
        "families": asked.families,
        "nodal_tests": asked.nodal_tests,
        "reading_tests": asked.reading_tests,
        "missing_streams": asked.missing_streams,
        "robust": in_plant_units(document, reconciled, asked.robust(), "measured", "value", "robust"),
        "provisional": provisional,
        **metal(document, reconciled).tables,
    }
    return {**tables, "grade": grade_frame(tables)}


def in_plant_units(document: Enterprise, reconciled: Reconciled, found: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """A table of the network in the plant's units, the unit of each row named.

    Parameters
    ----------
    found
        Table with ``tag``, ``object``, ``component`` and an empty ``unit``.
    columns
        Columns in the unit of the row: of a reading that of its meter, of a leak t/h, or GJ/h where a node that
        balances energy loses no material. What a shared error is in stays empty.
    """
    account = balances.account(document, reconciled.account)
    units = dict(account.drop_nulls("tag").select("tag", "unit").iter_rows())
    liquor = pl.col("object").is_in([name for name in document.streams if balances.assay_scale(document, name) != 1.0])
    factor = pl.when(liquor & pl.col("component").is_not_null()).then(KG_PER_T).otherwise(1.0)
    unit = pl.col("tag").replace_strict(units, default="", return_dtype=pl.String)
    if "carrier" in found.columns:
        warm = pl.col("object").is_in([name for name, one in document.units.items() if ENERGY in one.balances])
        lost = pl.when(warm & pl.col("carrier").is_null()).then(pl.lit(HEAT_FLOW)).otherwise(pl.lit("t/h"))
        unit = pl.when(pl.col("kind") == "leak").then(lost).otherwise(unit)
    return found.with_columns(*(pl.col(column) * factor for column in columns), unit.fill_null("").alias("unit"))


def remarks(document: Enterprise, reconciled: Reconciled, used: pl.DataFrame) -> tuple[Fault, ...]:
    """What the account did not use or should not be trusted in, as remarks.

    Parameters
    ----------
    used
        The measurements it was made of (``measurements`` schema).
    """
    way_out = "Look at the meters there; the rest of the account stands without them"
    aside = tuple(
        Fault(document.path.name, 0, "account", found, "readings that determine it", way_out, "not_used")
        for found in reconciled.network.remarks
    )
    return aside + tuple(_unstated(document, reading) for reading in balances.unstated(document, used))


def _unstated(document: Enterprise, reading: Reading) -> Fault:
    lines = {tag.tag: tag.line for tag in document.tags}
    found = f"{reading.tag} reads {reading.value:g} in period {reading.period}, which has no standard deviation"
    way_out = "Declare a sigma_absolute beside the relative one; until then the reading is left out"
    expected = "a standard deviation above 0"
    file = document.tags_path.name
    return Fault(file, lines.get(reading.tag, 0), reading.tag, found, expected, way_out, "no_sigma")
