r"""Texts in a CSV file that a spreadsheet would compute, and the way they go there and come back.

A server's tag named ``=cmd|'/c calc'!A1`` is written as ``'=cmd|'/c calc'!A1``, which a spreadsheet shows and does not
run; reading the file takes the ``'`` away again. A number such as ``-40`` stays one.

References
----------
OWASP, CSV Injection.
"""

from __future__ import annotations

import re

import polars as pl

BEGINS = r"[=+\-@\t\r]"
"""First characters of what a spreadsheet computes."""
_COMPUTED = rf"^'*{BEGINS}"
_QUOTED = rf"^'+{BEGINS}"
_NUMBER = r"^[-+]?[0-9]+(?:[.,][0-9]+)?(?:[eE][-+]?[0-9]+)?$"


def shown(text: str) -> str:
    """A text as it may stand in a cell.

    Examples
    --------
    >>> shown("=1+1"), shown("-40"), shown("TI-4201")
    ("'=1+1", '-40', 'TI-4201')
    """
    return f"'{text}" if re.match(_COMPUTED, text) and not re.match(_NUMBER, text) else text


def meant(cell: str) -> str:
    """The text that a cell stands for.

    Examples
    --------
    >>> meant("'=1+1"), meant("'quoted'")
    ('=1+1', "'quoted'")
    """
    return cell[1:] if re.match(_QUOTED, cell) else cell


def all_shown(column: str) -> pl.Expr:
    """A column of texts as ``shown`` says."""
    text = pl.col(column)
    computed = text.str.contains(_COMPUTED) & ~text.str.contains(_NUMBER)
    return pl.when(computed).then(pl.lit("'") + text).otherwise(text).alias(column)


def all_meant(column: str) -> pl.Expr:
    """A column of cells as ``meant`` says."""
    cell = pl.col(column)
    return pl.when(cell.str.contains(_QUOTED)).then(cell.str.slice(1)).otherwise(cell).alias(column)
