"""A text file with a table in it: a historian's CSV export, or a simulator's columns of white space.

``Zeit;FT-101;FT-102`` / ``01.03.2026 00:15;412,5;I/O Timeout`` is read with a *declared* dialect: separator, encoding
and whatever else its cells need. Nothing is sniffed; where the file is not what was declared, the fault says the line,
what stood there, what was expected and the way out. A file whose name ends in ``.gz`` is unpacked on the way.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ferrolan.base.errors import SourceError
from ferrolan.sources import source as contract
from ferrolan.sources.dialect import SEPARATORS, TextDialect, check_dialect
from ferrolan.sources.grid import Grid, Ragged, headed
from ferrolan.sources.reading import discover_grid, read_grid
from ferrolan.sources.source import Batch, Discovery, TagAddress, refusal

_UNIT_SEPARATOR = "\x1f"  # stands between cells once quotes and white space are resolved; no text file holds it
_SHOWN = 60  # characters of a row an error shows
_TITLES = 10  # rows among which the names are looked for
_CANDIDATES = ("utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be")  # encodings proposed, never chosen


@dataclass(frozen=True)
class CsvSource:
    """One text file as a source: ``number`` and ``name`` as in the document."""

    path: Path
    dialect: TextDialect
    number: int
    name: str

    def discover(self) -> Discovery:
        """List the columns of the file beside its time column, each with the number of data rows."""
        check_dialect(self.dialect, str(self.path))
        return discover_grid(read_text(self.path, self.dialect)[0], self.dialect)

    def read(self, tags: Sequence[TagAddress]) -> Batch:
        """Read every sample of the tags."""
        return read_csv(self.path, self.dialect, tags, self.number, self.name)


def read_csv(
    path: Path, dialect: TextDialect, tags: Sequence[TagAddress], source: int, source_name: str, *, first_seq: int = 1
) -> Batch:
    """Read the declared columns of a text file.

    Parameters
    ----------
    path
        The file; the tables name it as it is given here.
    dialect
        How it is written.
    tags
        The columns to read; the file may hold others, unless it has no header.
    source, source_name
        Number and name of the source in the document.
    first_seq
        ``seq`` of the first row. Of several files with the same tags, read the later one from the last ``seq`` + 1.

    Returns
    -------
    Samples in the unit of the file, tag by tag in file order; what was rejected and repaired; the file's SHA-256.

    Raises
    ------
    SourceError
        If the file is missing, empty, cut off, in another encoding, separator, decimal mark or time format than
        declared, or lacks or doubles a declared column.

    Notes
    -----
    A last line that breaks off within its last cell cannot be told from a whole one.
    """
    check_dialect(dialect, str(path))
    grid, content_hash = read_text(path, dialect)
    return read_grid(grid, dialect, tags, source, source_name, content_hash, first_seq=first_seq)


def read_text(path: Path, dialect: TextDialect) -> tuple[Grid, str]:
    """The table of a text file, and the SHA-256 of the file [hex]."""
    content = _bytes(path)
    file = _File(str(path), dialect)
    text = _decode(file, _unpacked(path, content))
    return _parse(file, text), hashlib.sha256(content).hexdigest()


@dataclass(frozen=True)
class _File:
    name: str
    dialect: TextDialect


def _bytes(path: Path) -> bytes:
    content = contract.read_bytes(path)
    if not content.strip(codecs.BOM_UTF8 + b" \t\r\n"):
        raise refusal(
            str(path), 1, "", "an empty file", "a header and rows of data", "Export the file again.", "empty_file"
        )
    return content


def _unpacked(path: Path, content: bytes) -> bytes:
    if path.suffix.lower() != ".gz":
        return content
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
            unpacked = packed.read(contract.LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise refusal(
            str(path), 0, "", str(error).lower(), "a whole gzip file", "Copy the file again.", "broken_gzip"
        ) from error
    contract.check_size(path, len(unpacked))
    return unpacked


def _decode(file: _File, content: bytes) -> str:
    encoding = file.dialect.encoding
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        seen = error.object  # what the codec saw: utf-8-sig has taken the mark of the encoding off
        line = seen[: error.start].count(b"\n") + 1
        raise refusal(
            file.name, line, "", f"byte 0x{seen[error.start]:02X}", f"text in {encoding}",
            f"Declare the encoding the file is written in{_likely(file, content)}.", "wrong_encoding",
        ) from error  # fmt: skip
    except (LookupError, ValueError) as error:  # unknown, or a codec that is none of text
        raise refusal(
            file.name, 0, "encoding", f'"{encoding}"', "the name of an encoding", 'Give one such as "utf-8".',
            "bad_dialect",
        ) from error  # fmt: skip
    if text.startswith("\ufeff"):
        raise refusal(
            file.name, 1, "", "a byte-order mark", f"text in {encoding} without one",
            f'Declare the encoding "{"utf-16" if encoding.lower().startswith("utf-16") else "utf-8-sig"}".',
            "wrong_encoding",
        )  # fmt: skip
    _check_zero_bytes(file, content, text)
    text = text.replace("\r\n", "\n")
    return text if "\n" in text.strip() else text.replace("\r", "\n")  # an old Mac ends its lines with CR alone


def _check_zero_bytes(file: _File, content: bytes, text: str) -> None:
    """Refuse what was decoded into zero characters: UTF-16 without a mark is read so by many encodings."""
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise refusal(
            file.name, line, "", "a zero byte", f"text in {file.dialect.encoding}",
            f"Declare the encoding the file is written in{_likely(file, content)}.", "wrong_encoding",
        )  # fmt: skip


def _likely(file: _File, content: bytes) -> str:
    """The encodings in which the whole file is text and holds the time column: a proposal, never taken by itself."""
    found = [name for name in _CANDIDATES if _reads(content, name, file.dialect.time_column)]
    if not found:
        return "; Chinese Windows writes gb18030"
    return f': as "{found[0]}" it is text' + (" with that time column" if file.dialect.time_column else "")


def _reads(content: bytes, encoding: str, held: str) -> bool:
    try:
        text = content.decode(encoding)
    except UnicodeError:
        return False
    has_mark = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return "\0" not in text and held in text.partition("\n")[0] and (encoding != "utf-16" or has_mark)


def _parse(file: _File, text: str) -> Grid:
    """Split the text into rows and refuse what is not a table with the declared separator."""
    rows, lines, separator, broken = _rows(file, text)
    if not rows:
        raise refusal(file.name, 1, "", "nothing but blanks", "rows of data", "Export the file again.", "empty_file")
    widths = [row.count(separator) + 1 for row in rows]
    _check_title(file, rows, lines, separator)
    _check_header(file, rows[0], lines[0], widths[0])
    _check_body(file, rows, lines, widths)
    whole = [k for k in range(len(rows)) if widths[k] == widths[0]]
    ragged = (*_ragged(file, rows, lines, widths, separator), *broken)
    frame = _frame([rows[k] for k in whole] if len(whole) < len(rows) else rows, separator, widths[0])
    return headed(file.name, frame, [lines[k] for k in whole], file.dialect, ragged)


def _frame(rows: Sequence[str], separator: str, width: int) -> pl.DataFrame:
    return pl.read_csv(
        "\n".join(rows).encode(),
        separator=separator,
        has_header=False,
        new_columns=[str(position) for position in range(width)],
        quote_char=None,
        infer_schema=False,
        empty_string_is_null=False,
    )


def _ragged(
    file: _File, rows: Sequence[str], lines: Sequence[int], widths: Sequence[int], separator: str
) -> Iterator[Ragged]:
    first = "the header" if file.dialect.header else "the first line"
    for row, line, width in zip(rows, lines, widths, strict=True):
        if width != widths[0]:
            yield line, _shown(row, separator, file), f"{width} cells where {first} has {widths[0]}"


def _rows(file: _File, text: str) -> tuple[list[str], list[int], str, tuple[Ragged, ...]]:
    """Rows that are not blank, the line each begins on, what separates their cells from here on, and broken lines."""
    if file.dialect.separator != " " and '"' in text:
        rows, lines, broken = _unquoted(file, text)
        return rows, lines, _UNIT_SEPARATOR, broken
    numbered = [(row, line) for line, row in enumerate(text.split("\n"), start=1) if row and not row.isspace()]
    lines = [line for _, line in numbered]
    if file.dialect.separator == " ":
        return [_UNIT_SEPARATOR.join(row.split()) for row, _ in numbered], lines, _UNIT_SEPARATOR, ()
    return [row for row, _ in numbered], lines, file.dialect.separator, ()


def _unquoted(file: _File, text: str) -> tuple[list[str], list[int], tuple[Ragged, ...]]:
    """Rows without their quotes, the line of each, and the lines that a cell with a line feed swallowed."""
    written = list(io.StringIO(text, newline=""))
    reader = csv.reader(written, delimiter=file.dialect.separator, strict=True)
    rows: list[str] = []
    lines: list[int] = []
    broken: list[Ragged] = []
    begin, width = 1, 0
    try:
        for cells in reader:
            end = reader.line_num
            width = width or _width(cells, written, begin, end, file.dialect.separator)
            if end > begin and _is_one_row(cells, written[begin - 1 : end], width, file.dialect.separator):
                cells = [" ".join(cell.split()) if "\n" in cell else cell for cell in cells]
            if any("\n" in cell or "\r" in cell for cell in cells):
                if len(rows) < max(file.dialect.header + file.dialect.unit_row, 1):
                    raise _broken_header(file, begin, end)
                broken += _swallowed(file, written[begin - 1 : end], begin, end)
            elif any(cell.strip() for cell in cells):
                rows.append(_UNIT_SEPARATOR.join(cells))
                lines.append(begin)
            begin = end + 1
    except csv.Error as error:
        raise refusal(
            file.name, begin, "", str(error), "quotes that are closed", "Export the file again.", "open_quote"
        ) from error
    if broken and len(rows) <= file.dialect.header + file.dialect.unit_row:
        raise _swallowed_all(file, broken)
    return rows, lines, tuple(broken)


def _width(cells: Sequence[str], written: Sequence[str], begin: int, end: int, separator: str) -> int:
    """Cells of the first row; -1 where it runs over several lines and the line after it does not bear its width out."""
    borne_out = end == begin or any(line.count(separator) == len(cells) - 1 for line in written[end : end + 1])
    return len(cells) if borne_out else -1


def _is_one_row(cells: Sequence[str], written: Sequence[str], width: int, separator: str) -> bool:
    """Whether several lines are one row with a cell that was written over them: at most one is as wide as a row.

    A comment, or a header such as ``"Feed<line feed>(t/h)"``, is; rows between stray quotes are as wide as the rest.
    """
    return len(cells) == width and sum(line.count(separator) >= width - 1 for line in written) <= 1


def _swallowed(file: _File, written: Sequence[str], begin: int, end: int) -> Iterator[Ragged]:
    """Every line of a cell that runs over several of them: two stray quotes look like one long cell."""
    reason = f"within quotes that run from line {begin} to line {end}: no cell holds a line feed"
    for line, row in enumerate(written, start=begin):
        if not row.isspace():
            yield line, _shown(row.rstrip("\r\n"), file.dialect.separator, file), reason


def _swallowed_all(file: _File, broken: Sequence[Ragged]) -> SourceError:
    line, _, reason = broken[0]
    way_out = "Close the quotes, or export texts without line feeds."
    return refusal(file.name, line, "", f"every row {reason}", "rows of data", way_out, "open_quote")


def _broken_header(file: _File, begin: int, end: int) -> SourceError:
    found = f"quotes that run from line {begin} to line {end}"
    way_out = "Close the quotes, or export names without line feeds."
    return refusal(file.name, begin, "header", found, "rows of the header on one line each", way_out, "open_quote")


def _shown(row: str, separator: str, file: _File) -> str:
    text = row.replace(separator, file.dialect.separator)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def _check_title(file: _File, rows: Sequence[str], lines: Sequence[int], separator: str) -> None:
    """Refuse a file with a title of another width above the names; one of the same width is missed by its names."""
    time = file.dialect.time_column
    if not time or not file.dialect.header or file.dialect.transposed:
        return
    width = rows[0].count(separator)
    for row, line in zip(rows[1:_TITLES], lines[1:_TITLES], strict=False):
        if row.count(separator) != width and time in [cell.strip() for cell in row.split(separator)]:
            found = json.dumps(_shown(rows[0], separator, file), ensure_ascii=False)
            raise refusal(
                file.name, lines[0], "header", f"a line {found} above the names, which stand on line {line}",
                "the names of the columns", f"Delete the lines above line {line}, or export without them.", "title_row",
            )  # fmt: skip


def _check_header(file: _File, row: str, line: int, width: int) -> None:
    if width > 1 or not file.dialect.time_column:
        return
    likely = max((mark for mark in SEPARATORS if mark != " "), key=row.count)
    hint = f" It looks like a {SEPARATORS[likely]}." if row.count(likely) else ""
    raise refusal(
        file.name, line, "", f"one column, {json.dumps(_shown(row, _UNIT_SEPARATOR, file), ensure_ascii=False)}",
        f"columns separated by a {SEPARATORS[file.dialect.separator]}",
        f"Declare the separator of the file.{hint}", "wrong_separator",
    )  # fmt: skip


def _check_body(file: _File, rows: Sequence[str], lines: Sequence[int], widths: Sequence[int]) -> None:
    first = "header" if file.dialect.header else "first line"
    if len(rows) == 1:
        return  # headed() says what is missing
    if widths[-1] < widths[0]:
        raise refusal(
            file.name, lines[-1], "", f"{widths[-1]} cells in the last line", f"{widths[0]} cells as in the {first}",
            "The file is cut off: export it again, or delete that line.", "truncated_line",
        )  # fmt: skip
    if widths[0] not in widths[1:]:
        raise refusal(
            file.name, lines[1], "", f"{widths[1]} cells", f"{widths[0]} cells as in the {first}",
            "Declare the separator of the file, or export decimal commas in quotes.", "wrong_separator",
        )  # fmt: skip
