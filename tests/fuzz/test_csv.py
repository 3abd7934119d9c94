"""Whatever stands in a table: its rows are read or kept with a reason, or a fault says where, what and the way out."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrolan.base.errors import FerrolanError, SourceError
from ferrolan.base.tables import REJECTED, SAMPLES
from ferrolan.sources import Batch, TagAddress, TextDialect, read_csv
from ferrolan.testing.strategies import broken_tables, complete, outcome

MINUTES = float(os.environ.get("FERROLAN_FUZZ", "1"))
"""How much longer the slow ones run: 1 is about a minute each."""
TAGS = (TagAddress(101, "feed_scale", "FT-101"), TagAddress(102, "tails_scale", "FT-102"))
TABLE = "Zeit;FT-101;FT-102\n" + "".join(
    f"01.03.2026 {n // 4:02d}:{n % 4 * 15:02d};{400 + n},5;{30 + n}\n" for n in range(12)
)
PLAIN = TextDialect(
    separator=";", decimal=",", time_column="Zeit", time_format="%d.%m.%Y %H:%M", time_zone="Europe/Berlin",
    bad_texts=("Bad", "I/O Timeout"),
)  # fmt: skip


def dialects() -> st.SearchStrategy[TextDialect]:
    """Declarations that fit the table, nearly fit it, or fit nothing."""
    clock = st.sampled_from([
        {"time_column": "Zeit", "time_format": form}
        for form in ("%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M", "%m.%d.%Y %H:%M", "%d.%m.%Y %H:%M%z", "spreadsheet", "", "%", "%Q", "%H:%M")
    ] + [
        {"start": datetime(2026, 3, 29, 1), "step": timedelta(minutes=15)},
        {"start": datetime(9999, 12, 31, 23), "step": timedelta(days=400)},
        {"start": datetime(1, 1, 1), "step": timedelta(0)},
        {},
    ])  # fmt: skip
    other = st.fixed_dictionaries({}, optional={
        "separator": st.sampled_from([";", ";", ",", "\t", "|", " ", "", "ab", '"']),
        "decimal": st.sampled_from([",", ",", ".", ";", ""]),
        "encoding": st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030", "cp1252", "base64", "rot13", "no such", "", "idna", "punycode", "utf-7"]),
        "time_zone": st.sampled_from(["Europe/Berlin", "UTC", "Asia/Shangai", "", "../etc/passwd", "\0"]),
        "midnight": st.sampled_from(["starts_day", "ends_day"]),
        "leading_zeros": st.sampled_from(["flag", "take", "refuse"]),
        "zero_rows": st.sampled_from(["flag", "take"]),
        "header": st.integers(0, 3),
        "unit_row": st.booleans(),
        "transposed": st.booleans(),
    })  # fmt: skip
    return st.tuples(clock, other).map(
        lambda pair: TextDialect(**{"separator": ";", "decimal": ",", **pair[0], **pair[1]})
    )  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("csv") / "march.csv"


def read(path: Path, content: bytes, dialect: TextDialect) -> Batch | FerrolanError:
    path.write_bytes(content)
    tags = TAGS if dialect.header else (TagAddress(1, "first", "2"), TagAddress(2, "second", "3"))
    found = outcome(lambda: read_csv(path, dialect, tags, 1, "dcs"))
    assert isinstance(found, Batch | SourceError)
    if isinstance(found, Batch):
        _is_whole(found, tags)
    return found


def _is_whole(batch: Batch, tags: tuple[TagAddress, ...]) -> None:
    """No row is lost: it gave a sample for every tag, or it is rejected as a whole with its reason."""
    SAMPLES.check(batch.samples)
    REJECTED.check(batch.rejected)
    report = batch.report
    assert batch.samples.height == len(tags) * (report.rows - report.rejected_rows)
    assert batch.samples["value"].is_finite().all()
    assert all(batch.rejected["reason"].str.len_chars() > 0)
    for remark in report.remarks:
        complete(remark.file, remark.found, remark.expected, remark.way_out, remark.code, str(remark))


@settings(max_examples=150, derandomize=True)
@given(content=broken_tables(TABLE))
def test_a_broken_table_is_read_or_says_why(path: Path, content: bytes) -> None:
    read(path, content, PLAIN)


@settings(max_examples=150, derandomize=True)
@given(content=broken_tables(TABLE) | st.just(TABLE.encode()), dialect=dialects())
def test_a_broken_table_with_any_dialect_is_read_or_says_why(path: Path, content: bytes, dialect: TextDialect) -> None:
    read(path, content, dialect)


@pytest.mark.slow
@settings(max_examples=int(6000 * MINUTES), derandomize=False)
@given(content=broken_tables(TABLE) | st.binary(max_size=300), dialect=st.just(PLAIN) | dialects())
def test_a_broken_table_is_read_or_says_why_for_minutes(path: Path, content: bytes, dialect: TextDialect) -> None:
    read(path, content, dialect)


@settings(max_examples=100, derandomize=True)
@given(content=st.binary(max_size=200))
def test_what_is_no_table_at_all_says_why(path: Path, content: bytes) -> None:
    assert isinstance(read(path, content, PLAIN), SourceError)


def test_the_whole_table_is_read(path: Path) -> None:
    """Else the fuzzers would prove little."""
    found = read(path, TABLE.encode(), PLAIN)
    assert isinstance(found, Batch) and found.samples.height == 24 and found.rejected.is_empty()


@pytest.mark.parametrize("columns", [10_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_any_number_of_columns_is_read(path: Path, columns: int) -> None:
    wide = ";".join(["Zeit", "FT-101", "FT-102", *(f"x{n}" for n in range(columns))])
    row = ";".join(["01.03.2026 00:15", "412,5", "31", *["1"] * columns])
    found = read(path, f"{wide}\n{row}\n".encode(), PLAIN)
    assert isinstance(found, Batch) and found.samples["value"].to_list() == [412.5, 31.0]
