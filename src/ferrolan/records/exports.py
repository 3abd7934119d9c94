"""A kept table in a form other programs read: CSV, Parquet or JSON.

``export(run.tables["suspects"], "csv")`` gives UTF-8 text with a header; a list within a cell is joined by ``;``, a
time is ISO 8601 in UTC, a number that is not finite is empty in CSV and null in JSON.
"""

from __future__ import annotations

import io
import json
from typing import Literal

import polars as pl

Form = Literal["csv", "parquet", "json"]


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
        return json.dumps(records(frame), ensure_ascii=False, default=str).encode()
    return _flat(frame).write_csv(datetime_format="%Y-%m-%dT%H:%M:%S%.fZ").encode()


def records(frame: pl.DataFrame) -> list[dict[str, object]]:
    """The rows of a table as JSON can say them: what is not finite is null."""
    return _finite(frame).to_dicts()


def _finite(frame: pl.DataFrame) -> pl.DataFrame:
    floats = [name for name, dtype in frame.schema.items() if dtype.is_float()]
    return frame.with_columns(pl.when(pl.col(name).is_finite()).then(pl.col(name)).alias(name) for name in floats)


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    lists = [name for name, dtype in frame.schema.items() if dtype == pl.List]
    return _finite(frame).with_columns(pl.col(name).cast(pl.List(pl.String)).list.join(";") for name in lists)
