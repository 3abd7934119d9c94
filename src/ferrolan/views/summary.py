"""What a run found, in a few lines for a terminal: the brief's own sentences, without their references.

``One tonne more, group: 669 CNY/t (567-776 in 90 % of the draws).``
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl
from markupsafe import Markup

from ferrolan.base.language import _
from ferrolan.views import earnings, meters, narrative, questions, reconciled, scope, taken, trust, worth
from ferrolan.views.cells import Book, plain, say, spread_of
from ferrolan.views.context import Context
from ferrolan.views.tables import open_book
from ferrolan.views.words import limit_name, measure_name, party_name, quota_name

_MOST_LIMITS = 3
_TAKEN = ("rows", "samples", "uncertain", "bad", "rejected")

Tables = Mapping[str, pl.DataFrame]


def lines(tables: Tables, context: Context) -> Iterator[str]:
    """One line a finding, station by station; a station of which the run holds nothing says nothing.

    Parameters
    ----------
    tables
        The run's tables; derived ones among them are taken as they stand.
    context
        Titles and names, as for the brief.
    """
    book = open_book(tables, context)
    if scope.has_account(book):
        yield from account_lines(book.tables, context)
    if scope.values_concentrate(book):
        yield from _told(*_concentrate(book), *_quotas(book))
    yield from plan_lines(book.tables, context)
    if book.rows("market"):
        yield from market_lines(book.tables, context)
    yield from _told(*scope.missing_sentences(book))


def raw_lines(tables: Tables, context: Context) -> Iterator[str]:
    """What was taken from each source and from all together, what was repaired and refused and why; or why nothing was."""
    book = open_book(tables, context)
    yield from _told(*(_source(book, row) for row in book.rows("ingest")), meters.raw_data(book))
    if book.rows("ingest"):
        yield from taken.repaired_lines(book.frame("repaired"))
        yield from taken.refused_lines(book.frame("rejected"))
        yield from taken.remark_lines(book.frame("remarks"))
    yield from _told(*scope.missing_sentences(book, "raw data", "historian"))


def account_lines(tables: Tables, context: Context) -> Iterator[str]:
    """What came in, how far the account can be trusted, which meters stand out, and that their readings still count."""
    book = open_book(tables, context)
    if scope.missing(book, *scope.PLANT_DATA):
        yield from _told(*scope.missing_sentences(book, *scope.PLANT_DATA))
        return
    yield from _told(meters.raw_data(book))
    yield from reconciled.intake_lines(book)
    yield from _told(*_account(book))


def plan_lines(tables: Tables, context: Context) -> Iterator[str]:
    """What the plan earns, what brings it, which limits are worth most, how it answers a changed world."""
    book = open_book(tables, context)
    if book.rows("plan_flows"):
        yield from _told(*_plan(book))
        yield from taken.remark_lines(book.frame("remarks").filter(source="plan"))


def market_lines(tables: Tables, context: Context) -> Iterator[str]:
    """The base case at home, and what each scenario does to prices and to the plan's sales."""
    book = open_book(tables, context)
    yield from _told(*(_market(book) if book.rows("market") else scope.missing_sentences(book, "market")))


def needs_a_person(tables: Tables) -> bool:
    """Whether somebody must look: a suspect meter or leak, a failed or untested account, absent or implausible data, a
    failed certificate.

    A table that is not there, or an account without a row, has nothing to say.
    """
    found = {name: tables[name] for name in _WATCHED if name in tables}
    certificates = found.get("certificates")
    return (
        any(name in found and found[name].height > 0 for name in ("suspects", "gross_errors"))
        or ("remarks" in found and reconciled.of_intake(found["remarks"]).height > 0)
        or _not_passed(found)
        or ("measurements" in found and found["measurements"]["value"].null_count() > 0)
        or (certificates is not None and not certificates["passed"].all())
    )


_WATCHED = ("account", "balance_tests", "suspects", "gross_errors", "remarks", "measurements", "certificates")


def _not_passed(found: Tables) -> bool:
    """Whether an account failed its global test, or had none."""
    if "account" not in found or not found["account"].height:
        return False
    if "balance_tests" not in found:
        return True
    tested = found["balance_tests"].filter(pl.col("test") == "global")["passed"]
    return not (tested.len() and tested.fill_null(False).all())


def _told(*found: Markup) -> Iterator[str]:
    return (plain(line) for line in found if line)


def _source(book: Book, row: int) -> Markup:
    counts = {name: book.number("ingest", row, name, digits=None) for name in _TAKEN}
    form = _("{source}: {rows} rows, {samples} samples, {uncertain} uncertain, {bad} bad, {rejected} not taken.")
    return say(form, source=book.word("ingest", row, "source"), **counts)


def _account(book: Book) -> Iterator[Markup]:
    yield trust.grade(book) or Markup("")
    yield meters.account_verdict(book) or say(_("The balances were not reconciled."))
    echoes = [row for rows in meters.classes(book) if meters.echoes(book, rows[0]) for row in rows]
    if echoes:
        yield say(_("Only as an echo: {tags}. Deal with what stands above first."), tags=meters.tags_of(book, echoes))
    yield from meters.still_inside(book)


def _plan(book: Book) -> Iterator[Markup]:
    yield earnings.earned(book) or Markup("")
    yield earnings.covered(book)
    for line in earnings.sales_lines(book):
        yield say(_("{finding}."), finding=line)
    yield from _findings(book, "value", 1)
    if book.rows("findings", kind="limit"):
        yield from _findings(book, "limit", _MOST_LIMITS)
    else:
        yield from _limits(book)
    for line in () if scope.values_concentrate(book) else earnings.reply_lines(book):
        yield say(_("{finding}."), finding=line)


def _limits(book: Book) -> Iterator[Markup]:
    """The limits worth most over the plan, where no finding says what they are worth in a year."""
    for row in narrative.earning_limits(book)[:_MOST_LIMITS]:
        yield say(
            _("One per cent more {limit} earns {money} over the plan."),
            limit=limit_name(book, row),
            money=book.number("plan_limits", row, "money"),
        )


def _market(book: Book) -> Iterator[Markup]:
    if book.rows("findings", kind="market"):
        yield from _findings(book, "market", len(book.rows("findings")))
        return
    yield from questions.base_case(book)
    for scenario in questions.scenarios(book):
        yield from questions.market_sentences(book, scenario)


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


def _findings(book: Book, kind: str, most: int) -> Iterator[Markup]:
    rows = [row for row in narrative.material_findings(book) if book.text("findings", row, "kind") == kind]
    for row in rows[:most]:
        yield say(_("{finding}."), finding=narrative.finding(book, row))
