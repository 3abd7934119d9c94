"""A kept table in a form other programs read: CSV, Parquet or JSON.

``export(run.tables["suspects"], "csv")`` gives UTF-8 text with a header; a list within a cell is joined by ``;``. A
time is ISO 8601 in UTC; a number that is not finite is empty in CSV and null in JSON. What a raw file held may begin
like a formula, which a spreadsheet would compute: such a text gets a ``'`` in CSV (OWASP, CSV Injection).
"""

from __future__ import annotations

import io
import json
import math
from datetime import datetime
from typing import Literal

import polars as pl

from ferrolan.base.spreadsheet import BEGINS

Form = Literal["csv", "parquet", "json"]

_TIME = "%Y-%m-%dT%H:%M:%S%.fZ"
_FORMULA = f"^{BEGINS}"


def export(frame: pl.DataFrame, form: Form) -> bytes:
    """A table as the bytes of a file.

    Parameters
    ----------
    frame
        The table.
    form
        ``csv``, ``parquet`` or ``json`` (a list of rows).

    Examples
    --------
    >>> export(pl.DataFrame({"tag": ["WT-214"], "z": [float("nan")]}), "json")
    b'[{"tag": "WT-214", "z": null}]'
    """
    if form == "parquet":
        content = io.BytesIO()
        frame.write_parquet(content, compression="zstd")
        return content.getvalue()
    if form == "json":
        return json.dumps(records(frame), ensure_ascii=False, allow_nan=False).encode()
    return _flat(frame).write_csv(datetime_format=_TIME).encode()


def records(frame: pl.DataFrame) -> list[dict[str, object]]:
    """The rows of a table as JSON can say them: what is not finite is null, a time a text."""
    return [{name: _sayable(cell) for name, cell in row.items()} for row in frame.iter_rows(named=True)]


def _sayable(cell: object) -> object:
    if isinstance(cell, float):
        return cell if math.isfinite(cell) else None
    if isinstance(cell, datetime):
        return cell.isoformat().replace("+00:00", "Z")
    if isinstance(cell, list):
        return [_sayable(entry) for entry in cell]
    return cell


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Cells as CSV can say them: numbers that are finite, texts that are no formula, lists as one text."""
    lists = [name for name, dtype in frame.schema.items() if dtype == pl.List]
    joined = frame.with_columns(pl.col(name).cast(pl.List(pl.String)).list.join(";") for name in lists)
    floats = [name for name, dtype in joined.schema.items() if dtype.is_float()]
    texts = [name for name, dtype in joined.schema.items() if dtype == pl.String]
    return joined.with_columns(
        *(pl.when(pl.col(name).is_finite()).then(pl.col(name)).alias(name) for name in floats),
        *(_harmless(name) for name in texts),
    )


def _harmless(name: str) -> pl.Expr:
    begins = pl.col(name).str.contains(_FORMULA)
    return pl.when(begins).then(pl.lit("'") + pl.col(name)).otherwise(pl.col(name)).alias(name)
