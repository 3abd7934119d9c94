"""Rows of cells as lines of a terminal, in columns as wide as their widest cell.

``in_columns([("tag", "|z|"), ("WT-214", "4.0")], right=(1,))`` puts the numbers under each other's last digit. A sign of
East Asian width counts as two.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator, Sequence

from markupsafe import Markup

from ferrolan.views.cells import plain

_GAP = "  "


def in_columns(rows: Sequence[Sequence[Markup | str]], *, right: Collection[int] = ()) -> Iterator[str]:
    """One line a row.

    Parameters
    ----------
    rows
        Cells, as text or marked up; all rows have as many.
    right
        Numbers of the columns that end under each other.

    Examples
    --------
    >>> list(in_columns([("tag", "z"), ("WT-214", "4.03")], right=(1,)))
    ['tag        z', 'WT-214  4.03']
    """
    texts = [[plain(cell) if isinstance(cell, Markup) else cell for cell in row] for row in rows]
    widths = [max(map(_width, column)) for column in zip(*texts, strict=True)]
    for row in texts:
        cells = (
            _filled(cell, width, number in right) for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield _GAP.join(cells).rstrip()


def titled(title: str, told: Iterator[str]) -> Iterator[str]:
    """A part under its title, after an empty line; nothing where it has nothing to say."""
    first = next(told, None)
    if first is None:
        return
    yield ""
    yield title
    yield first
    yield from told


def _filled(cell: str, width: int, right: bool) -> str:
    space = " " * (width - _width(cell))
    return space + cell if right else cell + space


def _width(text: str) -> int:
    return sum(
        2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text if not unicodedata.combining(sign)
    )
