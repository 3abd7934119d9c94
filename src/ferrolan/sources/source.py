"""The contract of a source: it can be asked what it holds and be read, and has no verb that writes.

A historian export names its columns ``FT-101`` and ``FT-102``; ``discover`` lists them, ``read`` takes the ones that
are declared as tags. A sample is (tag, time, value, status, seq, source). A value that is missing or bad stays a row
with its status; a cell that means nothing is kept with its reason. ``seq`` comes from the order of the rows, so the
same input gives the same tables and the same hash.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import polars as pl

from ferrolan.base.errors import Fault, SourceError
from ferrolan.base.tables import REPAIRED, SAMPLES_TEXT

LARGEST = 2 * 2**30
"""Largest file that is read, also unpacked [byte]: a year of 1,000 tags each minute has a fifth of it as Parquet, and
what is larger is a packed file that was made to fill a memory, or an export that should be cut by month."""

LONGEST = 200
"""Longest text of a cell or row that is shown or kept among the refused [characters]; its line says where it stands."""


@dataclass(frozen=True)
class TagAddress:
    """Where one tag stands in a source.

    ``tag`` is its number in the tag map, ``name`` its name, ``address`` the column header of a table (its number from
    1 where there is no header) or ``"key1/key2"`` of a database table. ``unit`` is the declared unit at the source,
    checked against a unit that the table itself states; empty where none is declared. ``text`` says that its values
    are texts, ``limits`` that a result such as ``<0.01`` is a limit below which the method sees nothing.
    """

    tag: int
    name: str
    address: str
    unit: str = ""
    text: bool = False
    limits: bool = False


@dataclass(frozen=True)
class Discovered:
    """One address a source holds and the number of its rows."""

    address: str
    rows: int


@dataclass(frozen=True)
class Discovery:
    """Every address a source holds, sorted by address."""

    addresses: tuple[Discovered, ...]

    def undeclared(self, tags: Sequence[TagAddress]) -> tuple[Discovered, ...]:
        """Addresses of the source that no tag names: counted, and no error."""
        declared = {tag.address for tag in tags}
        return tuple(found for found in self.addresses if found.address not in declared)

    def silent(self, tags: Sequence[TagAddress]) -> tuple[str, ...]:
        """Names of the tags whose address the source does not hold."""
        held = {found.address for found in self.addresses}
        return tuple(tag.name for tag in tags if tag.address not in held)


@dataclass(frozen=True)
class ReadReport:
    """What happened to the rows of one reading; nothing is lost silently.

    Parameters
    ----------
    rows
        Rows of data in the source.
    samples, bad
        Samples made of them, and how many of these have a Bad status.
    rejected_rows, rejected_cells
        Whole rows not taken, and cells that could not be read as a number (each also left a Bad sample).
    repeated_lines
        Lines whose key (tag and time) stood in an earlier line; the later line counts.
    backward_lines
        Lines whose time lies before the latest time of an earlier line (of the same tag in a database).
    undeclared
        Addresses without a tag, and the number of their rows.
    silent
        Names of tags without a single row. None in a CSV file: a column that is missing there is a fault.
    remarks
        What was found and did not stop the reading, each with its first line and the way out.
    """

    rows: int
    samples: int
    bad: int
    rejected_rows: int
    rejected_cells: int
    repeated_lines: tuple[int, ...]
    backward_lines: tuple[int, ...]
    undeclared: tuple[Discovered, ...]
    silent: tuple[str, ...]
    remarks: tuple[Fault, ...] = ()

    @property
    def repeated(self) -> int:
        """Number of lines whose key stood in an earlier line."""
        return len(self.repeated_lines)

    @property
    def backward(self) -> int:
        """Number of lines whose time runs backwards."""
        return len(self.backward_lines)

    @property
    def undeclared_addresses(self) -> tuple[str, ...]:
        """Addresses of the source that no tag names, sorted."""
        return tuple(found.address for found in self.undeclared)


@dataclass(frozen=True)
class Batch:
    """What one reading of a source gave.

    ``samples`` has the SAMPLES schema with the value in the unit at the source and ``raw`` null, ``rejected`` the
    REJECTED schema; ``content_hash`` is the SHA-256 of the content that was read [hex]. ``repaired`` has the REPAIRED
    schema: what was taken otherwise than it stands in the source, or with less trust. ``texts`` holds the values of
    tags that are texts (SAMPLES_TEXT).
    """

    samples: pl.DataFrame
    rejected: pl.DataFrame
    content_hash: str
    report: ReadReport
    repaired: pl.DataFrame = field(default_factory=REPAIRED.empty)
    texts: pl.DataFrame = field(default_factory=SAMPLES_TEXT.empty)


class Source(Protocol):
    """What every connector offers; read-only by construction."""

    def discover(self) -> Discovery:
        """List what the source holds."""
        ...

    def read(self, tags: Sequence[TagAddress]) -> Batch:
        """Read every sample of the tags."""
        ...


def refusal(file: str, line: int, path: str, found: str, expected: str, way_out: str, code: str) -> SourceError:
    """The error of a source that cannot be taken as declared, with its one fault."""
    return SourceError([Fault(file, line, path, found, expected, way_out, code)])


def read_bytes(path: Path) -> bytes:
    """The bytes of a source's file.

    Raises
    ------
    SourceError
        If it is not there, cannot be read, is a pipe or device, which need not end, or is larger than ``LARGEST``.
    """
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise refusal(str(path), 0, "", "a pipe or device", "a readable file", "Check the path.", "missing_file")
        if path.is_file():
            check_size(path, path.stat().st_size)
        return path.read_bytes()
    except (OSError, ValueError) as error:  # the second: a path that no file can have
        found = (getattr(error, "strerror", None) or str(error) or "no file").lower()
        raise refusal(str(path), 0, "", found, "a readable file", "Check the path.", "missing_file") from error


def check_size(path: Path, size: int) -> None:
    """Refuse a file that is too large to be read, or would be when unpacked.

    Parameters
    ----------
    path
        The file.
    size
        Its size, unpacked [byte].

    Raises
    ------
    SourceError
        If it is larger than ``LARGEST``.
    """
    if size > LARGEST:
        raise refusal(
            str(path), 0, "", f"at least {size:,} bytes when read", f"at most {LARGEST:,} bytes",
            "Export it in parts, such as one file a month.", "too_large",
        )  # fmt: skip


def bounded(text: str) -> str:
    """A text for a fault or a table of refused rows, cut where it is longer than ``LONGEST``."""
    return text if len(text) <= LONGEST else text[:LONGEST] + "..."


def counted(number: int, noun: str) -> str:
    """A number of things in words.

    Examples
    --------
    >>> counted(1, "row"), counted(365, "row")
    ('1 row', '365 rows')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
