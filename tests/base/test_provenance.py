"""A hash follows the content of a table and nothing else."""

from __future__ import annotations

import math
import struct
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrolan.base.errors import TableError
from ferrolan.base.provenance import (
    Citation,
    canonical_json,
    code_version,
    hash_bytes,
    hash_file,
    hash_json,
    hash_table,
    hash_text,
    hash_tree,
    run_identity,
)

ROW = st.tuples(
    st.none() | st.floats(),
    st.none() | st.text(max_size=5),
    st.none() | st.integers(-(2**62), 2**62),
    st.none() | st.booleans(),
)
ROWS = st.lists(ROW, max_size=12)
SCHEMA = {"value": pl.Float64, "name": pl.String, "count": pl.Int64, "good": pl.Boolean}


def frame(rows: list[tuple[float | None, str | None, int | None, bool | None]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def seen(row: tuple[float | None, str | None, int | None, bool | None]) -> tuple[object, ...]:
    """What a reader of a row can see: float bits, with one NaN and one zero."""
    value = row[0]
    if value is not None:
        value = math.nan if math.isnan(value) else value + 0.0
    return (None if value is None else struct.pack("<d", value), *row[1:])


@given(ROWS, st.integers(0, 12))
def test_hash_ignores_chunks(rows: list[tuple[float, str, int, bool]], cut: int) -> None:
    whole = frame(rows)
    assert hash_table(pl.concat([whole[:cut], whole[cut:]], rechunk=False)) == hash_table(whole)


@given(ROWS, ROWS)
def test_equal_hashes_mean_equal_rows(
    left: list[tuple[float, str, int, bool]], right: list[tuple[float, str, int, bool]]
) -> None:
    same = [seen(row) for row in left] == [seen(row) for row in right]
    assert (hash_table(frame(left)) == hash_table(frame(right))) == same


@given(rows=st.lists(ROW, min_size=1, max_size=12))
def test_hash_survives_parquet_with_any_row_groups(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[float, str, int, bool]]
) -> None:
    file = tmp_path_factory.mktemp("parquet") / "table.parquet"
    frame(rows).write_parquet(file, row_group_size=3)
    assert hash_table(pl.read_parquet(file)) == hash_table(frame(rows))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (pl.Series("a", [1], pl.Int64), pl.Series("a", [1], pl.Int32)),
        (pl.Series("a", [1.0]), pl.Series("b", [1.0])),
        (pl.Series("a", [1.0, 2.0]), pl.Series("a", [2.0, 1.0])),
        (pl.Series("a", [0.0]), pl.Series("a", [None], pl.Float64)),
        (pl.Series("a", [math.nan]), pl.Series("a", [None], pl.Float64)),
        (pl.Series("a", [0.1 + 0.2]), pl.Series("a", [0.3])),
        (pl.Series("a", ["", "x"]), pl.Series("a", ["x", ""])),
        (pl.Series("a", [""]), pl.Series("a", [None], pl.String)),
        (pl.Series("a", [[1], [2, 3]]), pl.Series("a", [[1, 2], [3]])),
        (pl.Series("a", [[]], pl.List(pl.Int64)), pl.Series("a", [None], pl.List(pl.Int64))),
        (pl.Series("a", [{"x": 1}]), pl.Series("a", [{"y": 1}])),
        (pl.Series("a", [datetime(2026, 3, 1)]), pl.Series("a", [datetime(2026, 3, 1, tzinfo=UTC)])),
        (pl.Series("a", [timedelta(1)], pl.Duration("us")), pl.Series("a", [timedelta(1)], pl.Duration("ms"))),
        (pl.Series("a", ["x"], pl.Enum(["x", "y"])), pl.Series("a", ["x"], pl.Enum(["x"]))),
        (pl.Series("a", ["x"], pl.Categorical), pl.Series("a", ["x"])),
    ],
)
def test_hash_sees_every_difference(left: pl.Series, right: pl.Series) -> None:
    assert hash_table(left.to_frame()) != hash_table(right.to_frame())


def test_hash_takes_minus_zero_for_zero_and_every_nan_for_one() -> None:
    odd_nan = struct.unpack("<d", struct.pack("<Q", 0x7FF8_0000_0000_0001))[0]
    assert hash_table(pl.DataFrame({"a": [-0.0, odd_nan]})) == hash_table(pl.DataFrame({"a": [0.0, math.nan]}))


def test_hash_depends_on_the_order_of_columns() -> None:
    assert hash_table(pl.DataFrame({"a": [1], "b": [1]})) != hash_table(pl.DataFrame({"b": [1], "a": [1]}))


def test_hash_covers_every_type_of_a_declared_table() -> None:
    whole = pl.DataFrame(
        {
            "time": [datetime(2026, 3, 1, tzinfo=UTC), None],
            "day": [date(2026, 3, 1), None],
            "hour": [time(8, 14), None],
            "bytes": [b"\x00", None],
            "list": [[1.0, None], None],
            "pair": [{"x": 1, "y": "a"}, None],
            "fixed": pl.Series([[1, 2], None], dtype=pl.Array(pl.Int32, 2)),
            "small": pl.Series([1, None], dtype=pl.Float32),
            "large": pl.Series([2**64 - 1, None], dtype=pl.UInt64),
            "nothing": [None, None],
        }
    )
    assert hash_table(pl.concat([whole[:1], whole[1:]], rechunk=False)) == hash_table(whole)
    assert hash_table(whole[:1]) != hash_table(whole)


def test_hash_is_frozen() -> None:
    """A frozen number: it keeps old runs readable. If it changes, runs kept by earlier versions no longer verify."""
    whole = pl.DataFrame(
        {"tag": ["WT-214", None], "value": [187.25, None]}, schema={"tag": pl.String, "value": pl.Float64}
    )
    assert hash_table(whole) == "c48d0acadd3320e03869451fc3f710c3374716f13e1d38f3033bd0cbd024c7cb"


def test_hash_refuses_a_type_it_cannot_encode() -> None:
    with pytest.raises(TableError, match="Object"):
        hash_table(pl.DataFrame({"a": pl.Series([object()], dtype=pl.Object)}))


def test_hash_crosses_the_slices_of_a_long_column() -> None:
    long = pl.DataFrame({"a": pl.int_range(0, 600_000, eager=True)})
    assert hash_table(pl.concat([long[:7], long[7:]], rechunk=False)) == hash_table(long)
    assert hash_table(long[:-1]) != hash_table(long)


def test_file_text_and_bytes_agree(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("鉄".encode())
    assert hash_file(tmp_path / "a.txt") == hash_text("鉄") == hash_bytes("鉄".encode())


def test_json_has_one_spelling_and_no_nan() -> None:
    assert canonical_json({"b": [1, 2.5], "a": "é"}) == '{"a":"é","b":[1,2.5]}'
    assert hash_json({"a": 1, "b": 2}) == hash_json({"b": 2, "a": 1})
    with pytest.raises(ValueError, match="JSON"):
        canonical_json(math.nan)


def test_tree_counts_sources_and_not_byte_code(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1")
    before = hash_tree(tmp_path)
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").write_bytes(b"1")
    (tmp_path / ".hidden").write_text("1")
    (tmp_path / "a.py~").write_text("1")
    assert hash_tree(tmp_path) == before
    (tmp_path / "data.yaml").write_text("1")
    assert hash_tree(tmp_path) != before


def test_run_identity_depends_on_inputs_and_seed() -> None:
    base = run_identity({"plant": "ab"}, seed=7)
    assert base.run_id == run_identity({"plant": "ab"}, seed=7).run_id
    assert len({base.run_id, run_identity({"plant": "ac"}, 7).run_id, run_identity({"plant": "ab"}, 8).run_id}) == 3
    assert base.code == code_version()
    assert len(base.run_id) == 16 and base.hash.startswith(base.run_id)


def test_citation_names_the_date_once() -> None:
    assert str(Citation("a", "Yicai Global 2022-06-23", "2022-06-23", None, 2, "in_part")) == "Yicai Global 2022-06-23"
    assert str(Citation("a", "worldsteel", "2025", None, 1, "in_part")) == "worldsteel, 2025"
    assert str(Citation("a", "worldsteel", None, None, 1, "in_part")) == "worldsteel"
