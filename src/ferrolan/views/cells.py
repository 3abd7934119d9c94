"""A number, a word or an interval out of a table, marked with the cell it came from.

``book.number("suspects", 0, "bias")`` gives ``<span data-ref="suspects:0:bias" data-value="0.0302" ...>3.02 %</span>``.
``data-ref`` is ``table:row:column`` with the row counted from 0; ``data-value`` is the cell, ``data-step`` and
``data-decimals`` say how the text follows from it: round(value / step, decimals). A test resolves every one of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl
from markupsafe import Markup, escape

from ferrolan.base.language import _
from ferrolan.base.tables import TABLES, Table
from ferrolan.base.units import CURRENCY
from ferrolan.views.context import Context
from ferrolan.views.numbers import DASH, GROUP, MINUS, NBSP, Shown, is_money, show, unit_in_key

_PLAIN = str.maketrans({NBSP: " ", GROUP: " ", MINUS: "-", DASH: "-", "…": "..."})
NOTHING = Markup('<span class="none">–</span>')


@dataclass(frozen=True)
class Book:
    """The tables of a run (and those derived from them), their declarations, and the context."""

    tables: Mapping[str, pl.DataFrame]
    declared: Mapping[str, Table]
    context: Context

    def frame(self, table: str) -> pl.DataFrame:
        """The table, or an empty one with its declared columns if the run has none."""
        return self.tables[table] if table in self.tables else self._table(table).empty()

    def rows(self, table: str, **equals: object) -> list[int]:
        """Numbers of the rows whose cells equal the given ones."""
        frame = self.frame(table).with_row_index("_row")
        for column, value in equals.items():
            frame = frame.filter(pl.col(column).is_null() if value is None else pl.col(column) == value)
        return [int(row) for row in frame["_row"]]

    def row(self, table: str, **equals: object) -> int | None:
        """Number of the first such row, or None."""
        return next(iter(self.rows(table, **equals)), None)

    def text(self, table: str, row: int, column: str) -> str:
        """A text cell; empty where it is null."""
        value = self.frame(table)[column][row]
        return "" if value is None else str(value)

    def real(self, table: str, row: int | None, column: str) -> float | None:
        """A numeric cell, or None where the row or the number is missing."""
        if row is None:
            return None
        value = self.frame(table)[column][row]
        return None if value is None or math.isnan(float(value)) else float(value)

    def number(
        self,
        table: str,
        row: int | None,
        column: str,
        *,
        digits: int | None = 3,
        spread: float | None = None,
        signed: bool = False,
        absolute: bool = False,
        bare: bool = False,
        pure: bool = False,
        magnitude: float | None = None,
        endless: str | None = None,
    ) -> Markup:
        """A numeric cell in display units, with its unit unless ``bare`` (where a header carries it).

        ``pure`` shows a dimensionless statistic (unit 1) as the number it is, not in per cent; ``endless`` is what an
        infinite one is called.
        """
        value = self.real(table, row, column)
        if value is None or row is None:
            return NOTHING
        if math.isinf(value):
            return _tag(_("no limit") if endless is None else endless, table, row, column, repr(value))
        shown = show(
            abs(value) if absolute else value,
            "" if pure else self.unit(table, row, column),
            digits=digits,
            spread=spread,
            signed=signed,
            magnitude=magnitude,
        )
        return self._shown(shown, value, table, row, column, bare, absolute)

    def interval(
        self, table: str, row: int | None, low: str, high: str, *, bare: bool = False, absolute: bool = False
    ) -> Markup:
        """Two cells as an interval, rounded to two figures of a quarter of its width, about a standard deviation."""
        start, end = self.real(table, row, low), self.real(table, row, high)
        if start is None or end is None or row is None:
            return NOTHING
        if math.isinf(start) or math.isinf(end):
            return self._open_interval(table, row, low, high, bare)
        if absolute and end < 0:
            low, high = high, low
        spread, size = abs(end - start) / 4 or None, max(abs(start), abs(end))
        if self._one_text(table, row, (low, high), spread, size):
            return self.number(table, row, high, spread=spread, bare=bare, absolute=absolute, magnitude=size)
        first = self.number(table, row, low, spread=spread, bare=True, absolute=absolute, magnitude=size)
        last = self.number(table, row, high, spread=spread, bare=bare, absolute=absolute, magnitude=size)
        negative = min(start, end) < 0 and not absolute
        joint = f"{NBSP}{_('to')}{NBSP}" if negative else DASH
        return Markup('<span class="interval">{}{}{}</span>').format(first, joint, last)

    def word(self, table: str, row: int, column: str, text: str | None = None) -> Markup:
        """A text cell (a tag, a month, a note), shown as it stands or as ``text``."""
        raw = self.text(table, row, column)
        return _tag(raw if text is None else text, table, row, column, raw, "w")

    def unit(self, table: str, row: int, column: str) -> str:
        """Canonical unit of a cell, looked up in the row where the declaration says so."""
        declared = self._table(table).columns[column].unit
        if declared.startswith("see "):
            unit = self.text(table, row, declared.removeprefix("see "))
            return unit_in_key(self.text(table, row, "key")) if unit == "in_key" else unit
        if declared == f"{CURRENCY} per unit":
            unit = self.text(table, row, "unit")
            declared = f"{CURRENCY}/({unit})" if "/" in unit else f"{CURRENCY}/{unit}"
        return self.money(declared)

    def money(self, unit: str) -> str:
        """A declared unit with the document's currency in it: ``¤/t`` is ``AUD/t`` where it counts in AUD."""
        return unit.replace(CURRENCY, self.context.currency)

    def _table(self, table: str) -> Table:
        return self.declared.get(table) or TABLES[table]

    def _shown(
        self, shown: Shown, value: float, table: str, row: int, column: str, bare: bool, absolute: bool
    ) -> Markup:
        form = '<span class="{}" data-ref="{}:{}:{}" data-value="{}" data-step="{}" data-decimals="{}" data-unit="{}"{}>{}</span>'
        mark = Markup(' data-absolute="1"') if absolute else Markup()
        text = shown.text if bare else shown.full
        kind = "n money" if is_money(shown.unit) else "n"
        return Markup(form).format(
            kind, table, row, column, repr(value), repr(shown.step), shown.decimals, shown.unit, mark, text
        )

    def _one_text(self, table: str, row: int, columns: tuple[str, str], spread: float | None, magnitude: float) -> bool:
        """Whether both ends read the same once rounded."""
        texts = {
            show(
                self.real(table, row, column) or 0.0, self.unit(table, row, column), spread=spread, magnitude=magnitude
            ).text
            for column in columns
        }
        return len(texts) == 1

    def _open_interval(self, table: str, row: int, low: str, high: str, bare: bool) -> Markup:
        low_value, high_value = self.real(table, row, low), self.real(table, row, high)
        if low_value is not None and math.isinf(low_value) and high_value is not None and math.isinf(high_value):
            return Markup(escape(_("everywhere")))
        if high_value is not None and math.isinf(high_value):
            return say(_("{low} and more"), low=self.number(table, row, low, digits=4, bare=bare))
        return say(_("up to {high}"), high=self.number(table, row, high, digits=4, bare=bare))


def spread_of(book: Book, table: str, row: int | None, low: str, high: str) -> float | None:
    """A quarter of the width of a cell's interval, about a standard deviation; None where there is no interval."""
    ends = book.real(table, row, low), book.real(table, row, high)
    if ends[0] is None or ends[1] is None or not math.isfinite(ends[1] - ends[0]) or ends[1] <= ends[0]:
        return None
    return (ends[1] - ends[0]) / 4


def say(sentence: str, /, **parts: object) -> Markup:
    """A translated sentence with its parts put in; what is not markup already is escaped.

    Examples
    --------
    >>> str(say("{a} binds", a="a < b"))
    'a &lt; b binds'
    """
    return Markup(escape(sentence)).format(**parts)


def plain(markup: Markup | str) -> str:
    """What a terminal shows of markup: no tags, and no sign that an old code page does not have."""
    return Markup(markup).striptags().translate(_PLAIN)


def name(text: str) -> Markup:
    """A proper name (a tag, a formula, a citation), whose digits are no quantity."""
    return Markup('<span class="name">{}</span>').format(text)


def _tag(text: str, table: str, row: int, column: str, value: str, kind: str = "n") -> Markup:
    form = '<span class="{}" data-ref="{}:{}:{}" data-value="{}">{}</span>'
    return Markup(form).format(kind, table, row, column, value, text)
