"""Figures of a run as inline SVG, each with a title that is its message, a description and a table that stands beside it.

The value figure of March 2026 shows a grey strip of draws for each measure of the concentrate and one dashed line where
the published price lies. Positions come from the data; labels get gutters of their own, so that none can meet another.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl
from markupsafe import Markup

from ferrolan.base.language import _
from ferrolan.views import svg
from ferrolan.views.cells import Book, name, say, spread_of
from ferrolan.views.earnings import capital, reply_title
from ferrolan.views.numbers import column_size, display_unit, show
from ferrolan.views.svg import Label
from ferrolan.views.words import limit_name, measure_name, party_name

WIDTH = 720.0  # of the text column [px]
HALF = 348.0  # of one of two figures side by side [px]
_ROW = 21.0
_SIZE = 11.0
_DRAWN = {
    "marginal_right": "marginal_right",
    "marginal_left": "marginal_left",
    "marginal_beyond_left": "",
    "marginal_beyond_right": "",
    "netback": "netback",
    "seller_minimum": "seller_minimum",
    "buyer_maximum": "buyer_maximum",
}
_GOLDEN = 0.6180339887  # spreads dots evenly over their strip without a random number
_MOST_DOTS = 200
_REPLY = 31.0  # height of one reply [px]
_FULL = 0.999  # load from which a unit is full


_OF_THE_RUN = Markup("")  # no other source than the run itself


@dataclass(frozen=True)
class Figure:
    """A drawn figure with the message as its title and a line on what is drawn, in which unit.

    ``source`` is where its numbers come from, where that is not the run.
    """

    title: Markup
    caption: Markup
    svg: Markup
    source: Markup = _OF_THE_RUN


@dataclass(frozen=True)
class Axis:
    """A linear axis from ``low`` to ``high`` (in display units) drawn between two positions [px]."""

    low: float
    high: float
    left: float
    right: float

    def at(self, value: float) -> float:
        """Position of a value [px]."""
        return self.left + (value - self.low) / (self.high - self.low) * (self.right - self.left)

    def ticks(self) -> list[float]:
        """Round values, about five of them."""
        step = _round_step((self.high - self.low) / 5)
        first = math.ceil(self.low / step - 1e-9)
        return [k * step for k in range(first, math.floor(self.high / step + 1e-9) + 1)]


def concentrate(book: Book, title: Markup) -> Figure | None:
    """Interval and strip of each concentrate value, with the published price as a line; None without values."""
    shown = [row for row in book.rows("concentrate_value") if _measure(book, row) in _DRAWN and _known(book, row)]
    if not shown:
        return None
    axis = _value_axis(book, shown)
    top, bottom = 24.0, 24.0 + _ROW * len(shown)
    marks = [*_grid(axis, top, bottom, book.money("¤/t")), *_published_line(book, axis, top, bottom)]
    for place, row in enumerate(shown):
        marks += _value_row(book, row, axis, top + _ROW * (place + 0.5))
    grade = book.number("concentrate_value", shown[0], "grade", digits=2)
    caption = say(
        _("{currency} per tonne of concentrate (dry, at {grade} REO, without VAT). Dots: {draws} draws; bar: {low} to {high} of them; diamond: base."),
        currency=book.context.currency,
        grade=grade,
        draws=book.number("view_run", 0, "draws", digits=None),
        low=book.number("view_run", 0, "level_low", digits=1),
        high=book.number("view_run", 0, "level_high", digits=2),
    )  # fmt: skip
    if not book.frame("value_draws").height:
        form = _("{currency} per tonne of concentrate (dry, at {grade} REO, without VAT).")
        caption = say(form, currency=book.context.currency, grade=grade)
    return Figure(title, caption, svg.drawing(WIDTH, bottom + 22, title.striptags(), caption, marks, "figure-value"))


def limits(book: Book, rows: Sequence[int], title: Markup) -> Figure | None:
    """Bars of what one per cent more of each binding limit earns; None where no limit binds."""
    money = {row: book.real("plan_limits", row, "money") or 0.0 for row in rows}
    most = max(money.values(), default=0.0)
    if most <= 0:
        return None
    gutter = 12 + max(svg.text_width(limit_name(book, row), _SIZE) for row in rows)
    numbers = {
        row: book.number("plan_limits", row, "money", spread=most / 10, magnitude=most, bare=True) for row in rows
    }
    axis = Axis(0.0, most, gutter, _bars_end(numbers.values()))
    marks = [svg.line(axis.at(0), 4, axis.at(0), 8 + 24 * len(rows), svg.EDGE)]
    for place, row in enumerate(rows):
        label = Label(gutter - 8, 24 * place + 20, limit_name(book, row), _SIZE, "end")
        marks += _bar(label, numbers[row], axis, money[row], 24 * place + 16, svg.LIVE)
    caption = say(
        _("Gain over the plan from one per cent more of a limit, re-solved; {unit}."),
        unit=display_unit(book.context.currency, most)[1],
    )
    return Figure(
        title, caption, svg.drawing(HALF, 24 * len(rows) + 14, title.striptags(), caption, marks, "figure-limits")
    )


def rare_earths(book: Book, rows: Sequence[int], title: Markup) -> Figure | None:
    """Bars of where the REO of the ore went, products blue, losses ochre; None where a way is not observable."""
    if not rows:
        return None
    shares = [book.real("view_rare_earths", row, "share") or 0.0 for row in rows]
    gutter = 12 + max(svg.text_width(_stream_name(book, row), _SIZE) for row in rows)
    axis = Axis(min(0.0, *shares), max(shares), gutter, HALF - 48)
    marks = [svg.line(axis.at(0), 4, axis.at(0), 8 + 20 * len(rows), svg.EDGE)]
    for place, (row, share) in enumerate(zip(rows, shares, strict=True)):
        fill = {"product": svg.LIVE, "loss": svg.LOSS}.get(book.text("view_rare_earths", row, "role"), svg.EDGE)
        label = Label(gutter - 8, 20 * place + 18, _stream_name(book, row), _SIZE, "end")
        number = book.number("view_rare_earths", row, "share", digits=2 if abs(share) < 0.1 else 3)
        marks += _bar(label, number, axis, share, 20 * place + 14, fill)
    caption = say(
        _("Share of the {fed} REO fed in the month, reconciled. Blue: sold; ochre: lost; grey: laid into stock."),
        fed=book.number("view_rare_earths", book.row("view_rare_earths", role="feed"), "amount"),
    )
    return Figure(
        title, caption, svg.drawing(HALF, 20 * len(rows) + 14, title.striptags(), caption, marks, "figure-reo")
    )


def published(book: Book, title: Markup) -> Figure | None:
    """Steps of the published quarterly price, gaps left open; None with fewer than two known quarters."""
    known = [row for row in book.rows("view_published") if book.real("view_published", row, "price") is not None]
    if len(known) < 2:
        return None
    rows = range(known[-1] + 1)
    prices = [book.real("view_published", row, "price") or 0.0 for row in known]
    left, right, top, bottom = 42.0, HALF, 18.0, 104.0
    step = (right - left) / len(rows)
    height = Axis(0.0, max(prices) * 1.05, bottom, top)
    marks = [
        mark
        for tick in height.ticks()
        for mark in (
            svg.line(left, height.at(tick), right, height.at(tick), svg.GRID),
            svg.text(
                Label(left - 6, height.at(tick) + 4, show(tick, "", digits=None).text, 10, "end", svg.MUTED, tick=True)
            ),
        )
    ]
    marks += [_step(book, row, left + step * row, step, height, bottom, latest=row == known[-1]) for row in known]
    marks += [
        _quarter(book, row, left + step * (row + 0.5), bottom + 14) for row in rows if _quarter_fits(row, rows, step)
    ]
    marks += _price_labels(book, known, left, step, height)
    caption = say(_("CNY per tonne, dry, without VAT; a quarter without a bar has no public value known here."))
    drawn = svg.drawing(HALF, bottom + 20, title.striptags(), caption, marks, "figure-published")
    return Figure(title, caption, drawn, _public_sources(book, known))


def sales(book: Book, rows: Sequence[int], title: Markup) -> Figure | None:
    """Bars of what each product brings in a year; None where nothing is sold."""
    money = {row: book.real("view_trade", row, "money") or 0.0 for row in rows}
    most = max(money.values(), default=0.0)
    if most <= 0:
        return None
    size = column_size(list(money.values()))
    names = {row: book.context.name(book.text("view_trade", row, "commodity")) for row in rows}
    gutter = 12 + max(svg.text_width(text, _SIZE) for text in names.values())
    numbers = {
        row: book.number("view_trade", row, "money", spread=most / 100, magnitude=size, bare=True) for row in rows
    }
    axis = Axis(0.0, most, gutter, _bars_end(numbers.values()))
    marks = [svg.line(axis.at(0), 4, axis.at(0), 8 + 24 * len(rows), svg.EDGE)]
    for place, row in enumerate(rows):
        label = Label(gutter - 8, 24 * place + 20, names[row], _SIZE, "end")
        marks += _bar(label, numbers[row], axis, money[row], 24 * place + 16, svg.LIVE)
    unit = display_unit(f"{book.context.currency}/a", size)[1]
    caption = say(_("Sales of each product at the plan's prices, without VAT; {unit}."), unit=unit)
    return Figure(
        title, caption, svg.drawing(HALF, 24 * len(rows) + 14, title.striptags(), caption, marks, "figure-sales")
    )


def loads(book: Book, rows: Sequence[int], title: Markup) -> Figure | None:
    """Bars of how far each unit is used over the plan, with its capacity as the end of the axis; None without units."""
    known = [row for row in rows if book.real("view_loads", row, "load") is not None]
    if not known:
        return None
    known.sort(key=lambda row: -(book.real("view_loads", row, "load") or 0.0))
    names = {row: book.context.name(book.text("view_loads", row, "unit")) for row in known}
    gutter = 12 + max(svg.text_width(text, _SIZE) for text in names.values())
    axis = Axis(0.0, 1.0, gutter, HALF - 44)
    bottom = 8 + 20 * len(known)
    marks = [svg.line(axis.at(end), 4, axis.at(end), bottom, svg.EDGE if end == 0 else svg.GRID) for end in (0, 1)]
    for place, row in enumerate(known):
        share = min(book.real("view_loads", row, "load") or 0.0, 1.0)
        label = Label(gutter - 8, 20 * place + 18, names[row], _SIZE, "end")
        number = book.number("view_loads", row, "load", digits=3 if share >= 0.1 else 2)
        marks += _bar(label, number, axis, share, 20 * place + 14, svg.LIVE if share > _FULL else svg.EDGE)
    caption = say(_("Throughput over declared capacity, all months of the plan. Blue: full."))
    return Figure(title, caption, svg.drawing(HALF, bottom + 6, title.striptags(), caption, marks, "figure-loads"))


def replies(book: Book, title: Markup) -> Figure | None:
    """What each declared change does to the plan's gain, with its interval; None where none was tried."""
    rows = sorted(book.rows("what_if"), key=lambda row: -abs(book.real("what_if", row, "gain") or 0.0))
    if not rows:
        return None
    ends = [book.real("what_if", row, column) or 0.0 for row in rows for column in ("gain", "low", "high")]
    low, high = min(0.0, *ends), max(0.0, *ends)
    wide = max(high - low, 1.0)
    axis = Axis(low - 0.01 * wide, high + 0.01 * wide, 8.0, WIDTH - 130)
    bottom = _REPLY * len(rows) + 2
    marks: list[Markup] = []
    for place, row in enumerate(rows):
        marks += _reply_row(book, row, axis, _REPLY * place)
    size = max(abs(end) for end in ends)
    unit = display_unit(f"{book.context.currency}/a", size)[1]
    caption = say(_("Change of the plan's gain, re-solved; {unit}."), unit=unit)
    if any(book.real("what_if", row, "low") is not None for row in rows):
        level = book.number("view_run", 0, "level", digits=2)
        form = _("Change of the plan's gain, re-solved; {unit}. Pale bar: {level} of the draws.")
        caption = say(form, unit=unit, level=level)
    return Figure(title, caption, svg.drawing(WIDTH, bottom + 4, title.striptags(), caption, marks, "figure-replies"))


def _reply_row(book: Book, row: int, axis: Axis, top: float) -> list[Markup]:
    """One change: its title above, its bar and interval beneath, its number at the right."""
    gain = book.real("what_if", row, "gain") or 0.0
    low, high = (book.real("what_if", row, column) for column in ("low", "high"))
    spread = spread_of(book, "what_if", row, "low", "high")
    middle = top + 23
    marks = [svg.text(Label(8.0, top + 12, _fitting_title(book, row), _SIZE))]
    if low is not None and high is not None:
        marks.append(svg.rect(axis.at(low), middle - 5.5, max(axis.at(high) - axis.at(low), 1.5), 11, svg.BAND))
    start, end = sorted((axis.at(0.0), axis.at(gain)))
    marks.append(svg.rect(start, middle - 2.5, max(end - start, 1.0), 5, svg.LOSS if gain < 0 else svg.LIVE))
    marks.append(svg.line(axis.at(0), middle - 7, axis.at(0), middle + 7, svg.EDGE))
    size = max(abs(axis.low), abs(axis.high))
    number = book.number("what_if", row, "gain", signed=True, spread=spread or size / 100, magnitude=size, bare=True)
    return [*marks, svg.text(Label(WIDTH, middle + 4, number, _SIZE, "end", svg.INK, bold=True))]


def _fitting_title(book: Book, row: int) -> Markup:
    """A declared change in words, as far as the figure is wide; the answer in the text has all of them."""
    title, width = reply_title(book, row), WIDTH - 8.0
    if svg.text_width(title.striptags(), _SIZE) <= width:
        return title
    words = capital(book.text("what_if", row, "title"))
    return book.word("what_if", row, "title", svg.shortened(words, _SIZE, width))


def _public_sources(book: Book, rows: Sequence[int]) -> Markup:
    """The first and the last source of the published series, each with its date."""
    cited = [book.context.citation(book.text("view_published", row, "source")) for row in (rows[0], rows[-1])]
    return say(
        _("Public: {first} to {last}; every quarter's source in the table {table}."),
        first=name(cited[0]),
        last=name(cited[1]),
        table=name("view_published"),
    )


def _measure(book: Book, row: int) -> str:
    return book.text("concentrate_value", row, "measure")


def _known(book: Book, row: int) -> bool:
    return book.real("concentrate_value", row, "value") is not None


def _value_axis(book: Book, rows: Sequence[int]) -> Axis:
    every = [*rows, *book.rows("concentrate_value", measure="published")]
    ends = [book.real("concentrate_value", row, column) for row in every for column in ("value", "low", "high")]
    values = [end for end in ends if end is not None and math.isfinite(end)]
    for row in rows:
        values += _dots(book, row)
    low, high = min(0.0, *values), max(1.0, *values)
    names = [svg.text_width(_value_name(book, row), _SIZE) for row in rows]
    return Axis(low, high + 0.02 * (high - low), 14 + max(names), WIDTH - 92)


def _value_name(book: Book, row: int) -> str:
    party = book.text("concentrate_value", row, "party")
    return f"{measure_name(_measure(book, row), party)}, {party_name(book.context, party)}"


def _value_row(book: Book, row: int, axis: Axis, middle: float) -> list[Markup]:
    low, high = (book.real("concentrate_value", row, column) for column in ("low", "high"))
    spread = spread_of(book, "concentrate_value", row, "low", "high")
    value = book.real("concentrate_value", row, "value") or 0.0
    marks = [svg.text(Label(axis.left - 8, middle + 4, _value_name(book, row), _SIZE, "end"))]
    if low is not None and high is not None:
        marks.append(svg.rect(axis.at(low), middle - 6, max(axis.at(high) - axis.at(low), 1.5), 12, svg.BAND))
    for place, dot in enumerate(_dots(book, row)):
        marks.append(svg.circle(axis.at(dot), middle + 9 * ((place * _GOLDEN) % 1 - 0.5), 1.3, svg.EDGE, 0.45))
    marks.append(svg.diamond(axis.at(value), middle, 5, svg.LIVE))
    number = book.number("concentrate_value", row, "value", spread=spread)
    return [*marks, svg.text(Label(WIDTH, middle + 4, number, _SIZE, "end", svg.LIVE, bold=True))]


def _dots(book: Book, row: int) -> list[float]:
    party, column = book.text("concentrate_value", row, "party"), _DRAWN[_measure(book, row)]
    if column == "marginal_right" and party == "buyer":
        column = "buyer_marginal"
    elif column.startswith("marginal") and party != "group":
        return []
    if not column:
        return []
    draws = book.frame("value_draws").filter(pl.col("draw") > 0)[column].drop_nulls().drop_nans()
    return [float(value) for value in draws.head(_MOST_DOTS)]


def _published_line(book: Book, axis: Axis, top: float, bottom: float) -> list[Markup]:
    row = book.row("concentrate_value", measure="published")
    value = book.real("concentrate_value", row, "value")
    if value is None:
        return []
    place = axis.at(value)
    label = say(_("published {price}"), price=book.number("concentrate_value", row, "value", digits=None))
    half = svg.text_width(label, _SIZE) / 2
    centre = min(max(place, half), WIDTH - half)
    return [
        svg.line(place, top - 6, place, bottom, svg.BAD, 1.4, "5 3"),
        svg.text(Label(centre, top - 11, label, _SIZE, "middle", svg.BAD, bold=True)),
    ]


def _grid(axis: Axis, top: float, bottom: float, unit: str) -> list[Markup]:
    marks: list[Markup] = []
    for tick in axis.ticks():
        marks.append(svg.line(axis.at(tick), top, axis.at(tick), bottom, svg.GRID))
        text = show(tick, "", digits=None).text
        marks.append(svg.text(Label(axis.at(tick), bottom + 14, text, 10, "middle", svg.MUTED, tick=True)))
    return [*marks, svg.text(Label(WIDTH, bottom + 14, unit, 10, "end", svg.MUTED))]


def _bar(label: Label, number: Markup, axis: Axis, value: float, middle: float, fill: str) -> list[Markup]:
    start, end = sorted((axis.at(0.0), axis.at(value)))
    return [
        svg.text(label),
        svg.rect(start, middle - 7, max(end - start, 1.0), 14, fill),
        svg.text(Label(end + 6, middle + 4, number, _SIZE, "start", svg.INK, bold=True)),
    ]


def _bars_end(numbers: Iterable[Markup]) -> float:
    """Where the longest bar ends, so that the widest number still stands inside the frame [px]."""
    return HALF - max(40.0, 10 + max((svg.text_width(number, _SIZE) for number in numbers), default=0.0))


def _stream_name(book: Book, row: int) -> str:
    stream = book.text("view_rare_earths", row, "stream")
    return _("laid into stock") if stream == "stocks" else book.context.name(stream)


def _step(book: Book, row: int, x: float, width: float, height: Axis, bottom: float, *, latest: bool) -> Markup:
    price = book.real("view_published", row, "price") or 0.0
    return svg.rect(x + 2, height.at(price), width - 4, bottom - height.at(price), svg.LIVE if latest else svg.BAND)


def _quarter(book: Book, row: int, x: float, y: float) -> Markup:
    quarter = book.word("view_published", row, "quarter")
    centre = min(x, HALF - svg.text_width(quarter, 10) / 2)
    return svg.text(Label(centre, y, quarter, 10, "middle", svg.MUTED))


def _quarter_fits(row: int, rows: Sequence[int], step: float) -> bool:
    every = math.ceil((svg.text_width("2026Q1", 10) * 1.5 + 4) / step)  # the last one may be shifted by half its width
    return (len(rows) - 1 - row) % every == 0


def _price_labels(book: Book, known: Sequence[int], left: float, step: float, height: Axis) -> list[Markup]:
    """The last known price, and the highest and lowest where their labels do not meet one already placed."""

    def prices(row: int) -> float:
        return book.real("view_published", row, "price") or 0.0

    taken: list[tuple[float, float]] = []
    marks: list[Markup] = []
    for row in dict.fromkeys((known[-1], max(known, key=prices), min(known, key=prices))):
        number = book.number("view_published", row, "price", digits=None, bare=True)
        half = svg.text_width(number, 10) / 2 + 3
        centre = min(left + step * (row + 0.5), HALF - half)
        if all(centre + half < a or centre - half > b for a, b in taken):
            taken.append((centre - half, centre + half))
            marks.append(svg.text(Label(centre, height.at(prices(row)) - 5, number, 10, "middle", svg.INK, bold=True)))
    return marks


def _round_step(rough: float) -> float:
    if rough <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
