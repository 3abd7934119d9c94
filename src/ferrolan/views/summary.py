"""What a run found, in a few lines for a terminal: the brief's own sentences, without their references.

``One tonne more, group: 669 CNY/t (567-776 in 90 % of the draws).``
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl
from markupsafe import Markup

from ferrolan.base.language import _
from ferrolan.views import meters, narrative, worth
from ferrolan.views.cells import Book, plain, say, spread_of
from ferrolan.views.context import Context
from ferrolan.views.tables import open_book
from ferrolan.views.words import measure_name, party_name, quota_name

_MOST_LIMITS = 3

Tables = Mapping[str, pl.DataFrame]


def lines(tables: Tables, context: Context) -> Iterator[str]:
    """One line a finding: raw data, the account and its suspects, the concentrate, the limits worth most.

    Parameters
    ----------
    tables
        The run's tables; derived ones among them are taken as they stand.
    context
        Titles and names, as for the brief.
    """
    book = open_book(tables, context)
    for line in (*_account(book), *_concentrate(book), *_quotas(book), *_findings(book)):
        if line:
            yield plain(line)


def needs_a_person(tables: Tables) -> bool:
    """Whether somebody must look: a suspect meter, a failed or untested account, absent data, a failed certificate."""
    tested = tables["balance_tests"].filter(pl.col("test") == "global")["passed"]
    return (
        tables["suspects"].height > 0
        or not (tested.len() and tested.fill_null(False).all())
        or tables["measurements"]["value"].null_count() > 0
        or not tables["certificates"]["passed"].all()
    )


def _account(book: Book) -> Iterator[Markup]:
    yield meters.raw_data(book)
    yield meters.account_verdict(book) or say(_("The balances were not reconciled."))
    for rows in meters.classes(book):
        if meters.echoes(book, rows[0]):
            yield say(_("{tags} stands out too, but only as an echo."), tags=meters.tags_of(book, rows))
    yield from meters.still_inside(book)


def _concentrate(book: Book) -> Iterator[Markup]:
    yield say(_("{headline}."), headline=worth.concentrate_headline(book))
    for row in book.rows("concentrate_value"):
        if book.real("concentrate_value", row, "value") is not None:
            yield _value(book, row)


def _value(book: Book, row: int) -> Markup:
    measure, party = (book.text("concentrate_value", row, column) for column in ("measure", "party"))
    parts = {
        "measure": measure_name(measure, party),
        "party": party_name(book.context, party),
        "value": book.number("concentrate_value", row, "value", digits=None)
        if measure == "published"
        else worth.worth(book, row),
    }
    if spread_of(book, "concentrate_value", row, "low", "high") is None:
        return say(_("{measure}, {party}: {value}."), **parts)
    return say(
        _("{measure}, {party}: {value} ({interval} in {level} of the draws)."),
        **parts,
        interval=book.interval("concentrate_value", row, "low", "high", bare=True),
        level=book.number("view_run", 0, "level", digits=2),
    )


def _quotas(book: Book) -> Iterator[Markup]:
    for row in book.rows("view_quotas"):
        yield say(
            _("The {quota} binds in {share} of {draws} draws."),
            quota=quota_name(book.context, book.text("view_quotas", row, "quota")),
            share=book.number("view_quotas", row, "share", digits=3),
            draws=book.number("view_run", 0, "draws", digits=None),
        )


def _findings(book: Book) -> Iterator[Markup]:
    told = 0
    for row in narrative.ranked_findings(book):
        kind = book.text("findings", row, "kind")
        told += kind == "limit"
        if kind in ("value", "market") or (kind == "limit" and told <= _MOST_LIMITS):
            yield say(_("{finding}."), finding=narrative.finding(book, row))
