"""The prices behind a plan in words: as quoted, with their source and date, and what each counts as.

"Pr-Nd oxide 850 000 CNY/t (with VAT; IP News 2026-02-18), counted as 752 200 CNY/t": a price counts without VAT, in the
document's currency, per tonne of the commodity. A synthetic one says so in the place of its source.
"""

from __future__ import annotations

import math

from markupsafe import Markup

from ferrolan.base.language import _
from ferrolan.views.cells import Book, name, say
from ferrolan.views.context import QuotedPrice


def traded(book: Book) -> list[Markup]:
    """Every price of what is bought and sold, with its commodity."""
    return [_named(book, row) for row, price in enumerate(book.context.prices) if price.side != "use"]


def used(book: Book) -> list[Markup]:
    """Every price of what is used in any amount, such as power, with its name."""
    return [_named(book, row) for row, price in enumerate(book.context.prices) if price.side == "use"]


def quoted(book: Book, row: int) -> Markup:
    """A price as it was quoted, with what must travel with it."""
    return say(_("quoted {price} ({about})"), price=_as_quoted(book, row), about=_about(book, row))


def span(book: Book) -> Markup:
    """From when to when the prices of the plan date, where half a year and more lies between."""
    if not book.text("view_run", 0, "prices_from"):
        return Markup("")
    return say(
        _("They date from {oldest} to {youngest}: the plan sets them side by side as if they were of one day."),
        oldest=book.word("view_run", 0, "prices_from"),
        youngest=book.word("view_run", 0, "prices_to"),
    )


def _named(book: Book, row: int) -> Markup:
    """A price as quoted, with what must travel with it; what it counts as, where that is another number."""
    price = book.context.prices[row]
    parts = {
        "commodity": book.context.name(price.commodity),
        "quoted": _as_quoted(book, row),
        "about": _about(book, row),
    }
    if math.isclose(price.quoted, price.used) and price.quoted_unit == price.used_unit:
        return say(_("{commodity} {quoted} ({about})"), **parts)
    form = _("{commodity} {quoted} ({about}), counted as {used}")
    return say(form, **parts, used=book.number("view_prices", row, "used", digits=4))


def _as_quoted(book: Book, row: int) -> Markup:
    return book.number("view_prices", row, "quoted", digits=None)


def _about(book: Book, row: int) -> Markup:
    price = book.context.prices[row]
    about = [_("with VAT")] if price.vat == "included" else []
    about += [book.word("view_prices", row, "note")] if price.note else []
    about += [name(_origin(book, price))]
    return Markup("; ").join(about)


def _origin(book: Book, price: QuotedPrice) -> str:
    if price.synthetic:
        return _("synthetic")
    return _dated(book, price) if price.source else _("own figure")


def _dated(book: Book, price: QuotedPrice) -> str:
    """The source of a price, and its day where the citation does not say it."""
    citation = book.context.citation(price.source)
    if not price.period or price.period in citation:
        return citation
    return _("{citation}, price of {day}").format(citation=citation, day=price.period)
