"""A wide CSV export of a historian: a time column, one column a tag, one row an instant.

``Zeit;FT-101;FT-102`` / ``01.03.2026 00:15;412,5;I/O Timeout`` is read with a *declared* dialect: separator, decimal
mark, encoding, time format and the zone of its wall clock. Nothing is sniffed; where the file is not what was
declared, the fault says the line, what stood there, what was expected and the way out. One bad cell never stops the
others: it is kept as a rejected cell and leaves a Bad sample.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import io
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from ferrolan.base.errors import Fault, SourceError
from ferrolan.base.status import StatusCode, bad
from ferrolan.base.tables import REJECTED, SAMPLES, TIME
from ferrolan.sources.badness import statuses
from ferrolan.sources.clock import check_zone, to_utc
from ferrolan.sources.source import Batch, Discovered, Discovery, ReadReport, TagAddress, refusal

_MOST = 0.5  # share of refused cells above which the declaration is wrong, and not the cells
_SEPARATORS = {";": "semicolon", ",": "comma", "\t": "tab", "|": "bar"}
_UNIT_SEPARATOR = "\x1f"  # stands between cells once quotes are resolved; no text file holds it
_SHOWN = 60  # characters of a row an error shows
_MEANINGLESS = int(StatusCode.BAD_TYPE_MISMATCH)  # status of a cell that is neither number nor declared bad text
_REFUSED_SCHEMA = {"line": pl.Int64, "found": pl.String, "reason": pl.String}


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written, as declared.

    Parameters
    ----------
    separator
        One character between cells: semicolon, comma, tab or bar.
    decimal
        Decimal mark, ``"."`` or ``","``. Thousands marks are not accepted.
    encoding
        Python name of the encoding, such as ``"utf-8"``, ``"utf-8-sig"`` or ``"gb18030"``.
    time_column
        Header of the time column.
    time_format
        strptime format of its cells (chrono's dialect: ``%.f`` for fractions of a second).
    time_zone
        IANA zone of the wall clock; not used if the format itself holds ``%z``.
    bad_texts
        Texts that stand for a missing or bad value, in any case; an empty cell always does.
    """

    separator: str
    decimal: str
    encoding: str
    time_column: str
    time_format: str
    time_zone: str
    bad_texts: tuple[str, ...] = ()


@dataclass(frozen=True)
class CsvSource:
    """One CSV file as a source: ``number`` and ``name`` as in the document."""

    path: Path
    dialect: Dialect
    number: int
    name: str

    def discover(self) -> Discovery:
        """List the columns of the file beside its time column, each with the number of data rows."""
        file = _File(str(self.path), self.dialect)
        _check_dialect(file)
        grid = _parse(file, _decode(file, _bytes(self.path)))
        names = sorted(set(grid.header) - {"", self.dialect.time_column})
        return Discovery(tuple(Discovered(name, len(grid.rows)) for name in names))

    def read(self, tags: Sequence[TagAddress]) -> Batch:
        """Read every sample of the tags."""
        return read_csv(self.path, self.dialect, tags, self.number, self.name)


def read_csv(
    path: Path, dialect: Dialect, tags: Sequence[TagAddress], source: int, source_name: str, *, first_seq: int = 1
) -> Batch:
    """Read the declared columns of a wide CSV file.

    Parameters
    ----------
    path
        The file; the tables name it as it is given here.
    dialect
        How it is written.
    tags
        The columns to read; the file may hold others.
    source, source_name
        Number and name of the source in the document.
    first_seq
        ``seq`` of the first row. Of several files with the same tags, read the later one from the last ``seq`` + 1.

    Returns
    -------
    Samples in the unit of the file, tag by tag in file order; the rejected rows and cells; the file's SHA-256.

    Raises
    ------
    SourceError
        If the file is missing, empty, cut off, in another encoding, separator, decimal mark or time format than
        declared, or lacks or doubles a declared column.

    Notes
    -----
    A last line that breaks off within its last cell cannot be told from a whole one. Of two rows with one time both
    are kept, and the later counts. Rows whose local time occurs twice or never are rejected.
    """
    file = _File(str(path), dialect)
    _check_dialect(file)
    content = _bytes(path)
    grid = _parse(file, _decode(file, content))
    time_position, *positions = _locate(file, grid, tags)
    clock = _clock(file, grid, time_position)
    cells = _cells(file, grid, clock, positions, tags)
    samples = _samples(cells, source, first_seq)
    rejected = _rejected(file, source_name, grid, clock, cells, tags)
    content_hash = hashlib.sha256(content).hexdigest()
    return Batch(samples, rejected, content_hash, _report(file, grid, clock, tags, samples, rejected))


@dataclass(frozen=True)
class _File:
    name: str
    dialect: Dialect


@dataclass(frozen=True)
class _Grid:
    """Rows with as many cells as the header, each with its line; ``ragged`` the others as (line, text, reason)."""

    header: tuple[str, ...]
    rows: tuple[str, ...]
    lines: tuple[int, ...]
    separator: str
    ragged: tuple[tuple[int, str, str], ...]

    def columns(self, positions: Sequence[int]) -> pl.DataFrame:
        """Text of the columns at ``positions``, stripped and named by their place in that list."""
        frame = pl.read_csv(
            "\n".join(self.rows).encode(),
            separator=self.separator,
            has_header=False,
            new_columns=[str(position) for position in range(len(self.header))],
            quote_char=None,
            infer_schema=False,
            empty_string_is_null=False,
        )
        return frame.select(pl.col(str(p)).str.strip_chars().alias(str(k)) for k, p in enumerate(positions))


@dataclass(frozen=True)
class _Clock:
    """``rows`` (row, line, time) with a time, in file order; ``refused`` (line, found, reason)."""

    rows: pl.DataFrame
    refused: pl.DataFrame


def _check_dialect(file: _File) -> None:
    if "%z" not in file.dialect.time_format:
        check_zone(file.dialect.time_zone, file.name)
    for field, found, allowed in (
        ("decimal", file.dialect.decimal, (".", ",")),
        ("separator", file.dialect.separator, tuple(_SEPARATORS)),
    ):
        if found not in allowed:
            expected = " or ".join(json.dumps(mark) for mark in allowed)
            raise refusal(file.name, 0, field, json.dumps(found), expected, f"Declare the {field}.", "bad_dialect")


def _bytes(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        found = (error.strerror or "no file").lower()
        raise refusal(str(path), 0, "", found, "a readable file", "Check the path.", "missing_file") from error
    if not content.strip(b"\xef\xbb\xbf \t\r\n"):
        raise refusal(
            str(path), 1, "", "an empty file", "a header and rows of data", "Export the file again.", "empty_file"
        )
    return content


def _decode(file: _File, content: bytes) -> str:
    encoding = file.dialect.encoding
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        seen = error.object  # what the codec saw: utf-8-sig has taken the mark of the encoding off
        line = seen[: error.start].count(b"\n") + 1
        raise refusal(
            file.name, line, "", f"byte 0x{seen[error.start]:02X}", f"text in {encoding}",
            "Declare the encoding the file is written in; Chinese Windows writes gb18030.", "wrong_encoding",
        ) from error  # fmt: skip
    except LookupError as error:
        raise refusal(
            file.name, 0, "encoding", f'"{encoding}"', "the name of an encoding", 'Give one such as "utf-8".',
            "bad_dialect",
        ) from error  # fmt: skip
    if text.startswith("\ufeff"):
        raise refusal(
            file.name, 1, "", "a byte-order mark", f"text in {encoding} without one",
            'Declare the encoding "utf-8-sig".', "wrong_encoding",
        )  # fmt: skip
    return text.replace("\r\n", "\n")


def _parse(file: _File, text: str) -> _Grid:
    """Split the text into rows and refuse what is not a table with the declared separator."""
    rows, lines, separator = _rows(file, text)
    header = tuple(name.strip() for name in rows[0].split(separator))
    widths = [row.count(separator) + 1 for row in rows]
    _check_header(file, rows[0], lines[0], header)
    _check_body(file, rows, lines, widths)
    whole = [k for k in range(1, len(rows)) if widths[k] == widths[0]]
    ragged = tuple(
        (lines[k], _shown(rows[k], separator, file), f"{widths[k]} cells where the header has {widths[0]}")
        for k in range(1, len(rows))
        if widths[k] != widths[0]
    )
    return _Grid(header, tuple(rows[k] for k in whole), tuple(lines[k] for k in whole), separator, ragged)


def _rows(file: _File, text: str) -> tuple[list[str], list[int], str]:
    """Rows that are not blank, the line each begins on, and what separates their cells from here on."""
    if '"' in text:
        rows, lines = _unquoted(file, text)
        return rows, lines, _UNIT_SEPARATOR
    numbered = [(row, line) for line, row in enumerate(text.split("\n"), start=1) if row and not row.isspace()]
    return [row for row, _ in numbered], [line for _, line in numbered], file.dialect.separator


def _unquoted(file: _File, text: str) -> tuple[list[str], list[int]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=file.dialect.separator)
    rows, lines, begin = [], [], 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append(_UNIT_SEPARATOR.join(cells).replace("\n", " "))
                lines.append(begin)
            begin = reader.line_num + 1
    except csv.Error as error:
        raise refusal(
            file.name, begin, "", str(error), "quotes that are closed", "Export the file again.", "open_quote"
        ) from error
    return rows, lines


def _shown(row: str, separator: str, file: _File) -> str:
    return _cut(row.replace(separator, file.dialect.separator))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def _check_header(file: _File, row: str, line: int, header: Sequence[str]) -> None:
    if len(header) > 1:
        return
    likely = max(_SEPARATORS, key=row.count)
    hint = f" It looks like a {_SEPARATORS[likely]}." if row.count(likely) else ""
    raise refusal(
        file.name, line, "", f"one column, {json.dumps(_shown(row, _UNIT_SEPARATOR, file), ensure_ascii=False)}",
        f"columns separated by a {_SEPARATORS[file.dialect.separator]}",
        f"Declare the separator of the file.{hint}", "wrong_separator",
    )  # fmt: skip


def _check_body(file: _File, rows: Sequence[str], lines: Sequence[int], widths: Sequence[int]) -> None:
    if len(rows) == 1:
        raise refusal(
            file.name, lines[0], "", "a header without rows", "rows of data", "Export the file again.", "no_rows"
        )
    if widths[-1] < widths[0]:
        raise refusal(
            file.name, lines[-1], "", f"{widths[-1]} cells in the last line", f"{widths[0]} cells as in the header",
            "The file is cut off: export it again, or delete that line.", "truncated_line",
        )  # fmt: skip
    if widths[0] not in widths[1:]:
        raise refusal(
            file.name, lines[1], "", f"{widths[1]} cells", f"{widths[0]} cells as in the header",
            "Declare the separator of the file, or export decimal commas in quotes.", "wrong_separator",
        )  # fmt: skip


def _locate(file: _File, grid: _Grid, tags: Sequence[TagAddress]) -> list[int]:
    """Positions of the time column and of the tags' columns; every column missing or doubled is a fault."""
    wanted = [("time_column", file.dialect.time_column), *((tag.name, tag.address) for tag in tags)]
    counts = Counter(grid.header)
    faults = [
        _column_fault(file, grid.header, field, address, counts[address])
        for field, address in dict.fromkeys(wanted)
        if counts[address] != 1
    ]
    if faults:
        raise SourceError(faults)
    place = {name: position for position, name in enumerate(grid.header)}
    return [place[address] for _, address in wanted]


def _column_fault(file: _File, header: Sequence[str], field: str, address: str, count: int) -> Fault:
    if count:
        return Fault(
            file.name, 1, field, f'{count} columns "{address}"', f'one column "{address}"',
            "Rename one of them in the export.", "duplicate_column",
        )  # fmt: skip
    near = difflib.get_close_matches(address, header, n=1)
    hint = f' Did you mean "{near[0]}"?' if near else ""
    held = _cut(", ".join(name for name in header if name))
    return Fault(
        file.name, 1, field, f"the columns {held}", f'a column "{address}"',
        f"Export that column, or correct the address or the encoding.{hint}", "missing_column",
    )  # fmt: skip


def _clock(file: _File, grid: _Grid, position: int) -> _Clock:
    text = grid.columns([position])["0"]
    local = text.str.to_datetime(file.dialect.time_format, time_unit="us", strict=False)
    _check_times(file, grid, text, local)
    if isinstance(local.dtype, pl.Datetime) and local.dtype.time_zone is not None:
        time, reason = local.cast(TIME), pl.Series([None], dtype=pl.String).new_from_index(0, len(local))
    else:
        time, reason = to_utc(local, file.dialect.time_zone)
    frame = pl.DataFrame({"line": grid.lines, "found": text, "time": time, "reason": reason}).with_row_index("row")
    refused = frame.filter(pl.col("time").is_null()).with_columns(
        pl.col("reason").fill_null(f"not a time of the format {file.dialect.time_format}")
    )
    return _Clock(frame.drop_nulls("time").select("row", "line", "time"), refused.select("line", "found", "reason"))


def _check_times(file: _File, grid: _Grid, text: pl.Series, local: pl.Series) -> None:
    if local.null_count() <= _MOST * len(local):
        return
    first = local.is_null().arg_max() or 0
    raise refusal(
        file.name, grid.lines[first], file.dialect.time_column, f'"{text[first]}"',
        f"a time of the format {file.dialect.time_format}", "Declare the time format of the file.", "wrong_time_format",
    )  # fmt: skip


def _cells(
    file: _File, grid: _Grid, clock: _Clock, positions: Sequence[int], tags: Sequence[TagAddress]
) -> pl.DataFrame:
    """One row a cell (tag, name, row, line, time, found, value, status), tag by tag in file order."""
    count = clock.rows.height
    text = grid.columns(positions)[clock.rows["row"]] if tags else pl.DataFrame()
    found = text.unpivot(value_name="found")["found"].cast(pl.String)
    cells = pl.concat([clock.rows.clear(), *[clock.rows] * len(tags)]).with_columns(
        found,
        tag=pl.Series(np.repeat(np.array([tag.tag for tag in tags], dtype=np.int32), count)),
        value=_number(found, file.dialect.decimal),
    )
    code = statuses(file.dialect.bad_texts)
    missing = pl.col("found").str.to_lowercase().replace_strict(code, default=_MEANINGLESS, return_dtype=pl.Int64)
    cells = cells.with_columns(
        status=pl.when(pl.col("value").is_not_null()).then(pl.lit(int(StatusCode.GOOD))).otherwise(missing)
    )
    _check_decimal(file, cells, tags)
    return cells


def _number(text: pl.Series, decimal: str) -> pl.Series:
    if decimal == ",":
        text = text.set(text.str.contains(".", literal=True), "").str.replace(",", ".", literal=True)
    value = text.cast(pl.Float64, strict=False)
    return value.set(~value.is_finite(), None).alias("value")


def _check_decimal(file: _File, cells: pl.DataFrame, tags: Sequence[TagAddress]) -> None:
    """Refuse the file where most numbers are written with the other decimal mark."""
    mark = "," if file.dialect.decimal == "." else "."
    refused = cells.filter(pl.col("status") == _MEANINGLESS)
    foreign = refused.filter(_number(refused["found"], mark).is_not_null())
    if foreign.height <= _MOST * (cells["value"].count() + refused.height):
        return
    first = foreign.sort("line", maintain_order=True).row(0, named=True)
    address = next(tag.address for tag in tags if tag.tag == first["tag"])
    raise refusal(
        file.name, first["line"], address, f'"{first["found"]}"',
        f'numbers with the decimal mark "{file.dialect.decimal}"',
        f'Declare the decimal mark "{mark}" if the file is written so.', "wrong_decimal",
    )  # fmt: skip


def _samples(cells: pl.DataFrame, source: int, first_seq: int) -> pl.DataFrame:
    return SAMPLES.check(
        cells.select(
            "tag",
            "time",
            "value",
            "status",
            raw=pl.lit(None, dtype=pl.Float64),
            seq=pl.col("row").cast(pl.Int64) + first_seq,
            source=pl.lit(source, dtype=pl.Int16),
        )
    )


def _rejected(
    file: _File, source_name: str, grid: _Grid, clock: _Clock, cells: pl.DataFrame, tags: Sequence[TagAddress]
) -> pl.DataFrame:
    names = {tag.tag: tag.name for tag in tags}
    rows = pl.DataFrame(list(grid.ragged), schema=_REFUSED_SCHEMA, orient="row")
    odd = cells.filter(pl.col("status") == _MEANINGLESS).select(
        "line",
        "found",
        reason=pl.lit(f'not a number with the decimal mark "{file.dialect.decimal}", nor a declared bad text'),
        tag=pl.col("tag").replace_strict(names, default=None, return_dtype=pl.String),
    )
    whole = pl.concat([rows, clock.refused]).with_columns(tag=pl.lit(None, dtype=pl.String))
    return REJECTED.check(
        pl.concat([whole, odd])
        .with_columns(source=pl.lit(source_name), file=pl.lit(file.name))
        .sort("line", "tag", nulls_last=False, maintain_order=True)
        .select(list(REJECTED.columns))
    )


def _report(
    file: _File, grid: _Grid, clock: _Clock, tags: Sequence[TagAddress], samples: pl.DataFrame, rejected: pl.DataFrame
) -> ReadReport:
    others = sorted(set(grid.header) - {tag.address for tag in tags} - {"", file.dialect.time_column})
    time = pl.col("time")
    return ReadReport(
        rows=len(grid.rows) + len(grid.ragged),
        samples=samples.height,
        bad=samples.filter(bad(pl.col("status"))).height,
        rejected_rows=rejected["tag"].null_count(),
        rejected_cells=rejected["tag"].count(),
        repeated_lines=tuple(clock.rows.filter(~time.is_first_distinct())["line"]),
        backward_lines=tuple(clock.rows.filter(time < time.cum_max().shift(1))["line"]),
        undeclared=tuple(Discovered(name, len(grid.rows)) for name in others),
        silent=(),
    )
