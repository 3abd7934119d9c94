"""Where the numbers of this room stand: the rows of ``data/*.csv``, each with a source that is known.

A row names its source by key, ``ciaaw2021``; ``data/sources.csv`` says what that is and how far it was read. A row
whose source or status is unknown stops the import: a number without a source is not a number here.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from ferrolan.base.errors import ProblemError

STATUSES = ("estimated", "recalled", "interpolated", "verified")
"""How far a number can be trusted, weakest first."""

_DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Source:
    """A source of this room: ``read`` says how far it was read, ``in_part | abstract | second_hand | none``."""

    key: str
    citation: str
    read: str


def rows(name: str) -> list[dict[str, str]]:
    """The rows of one file of ``data/``, each checked to have a known source and status.

    Parameters
    ----------
    name
        File name without ending, such as ``"species"``.

    Raises
    ------
    ProblemError
        A row has a status or a source that does not exist; the message names file and line.
    """
    found = _read(name)
    for line, row in enumerate(found, start=2):
        for column in row:
            if column.endswith("status"):
                _known(name, line, column, row[column], STATUSES)
            if column.endswith("source"):
                _known(name, line, column, row[column], tuple(SOURCES))
    return found


def weaker(*statuses: str) -> str:
    """The weakest of some statuses.

    Examples
    --------
    >>> weaker("verified", "estimated")
    'estimated'
    """
    return min(statuses, key=STATUSES.index)


def _read(name: str) -> list[dict[str, str]]:
    with (_DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _known(name: str, line: int, column: str, found: str, expected: tuple[str, ...]) -> None:
    if found not in expected:
        raise ProblemError(
            f"materials/data/{name}.csv:{line}  {column}: expected one of {', '.join(expected)}, got {found!r}."
        )


SOURCES: dict[str, Source] = {row["key"]: Source(**row) for row in _read("sources")}
"""Sources by key."""
