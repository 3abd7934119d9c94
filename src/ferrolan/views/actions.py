"""Decide, fix, watch: each an action, who acts, by when, and what would change it.

"Check WT-214 against a reference; instrument team of the steel company; before the account of April 2026; until the
balances pass without it."
"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from ferrolan.base.language import _
from ferrolan.views.cells import Book, name, say
from ferrolan.views.narrative import binding_quotas, ranked_findings, suspect_of, value_row, worthless_to
from ferrolan.views.words import limit_name, month_name, scenario_name

_MOST = 2


@dataclass(frozen=True)
class Action:
    """What to do, whose it is, by when, and the threshold that would change it."""

    what: Markup
    who: Markup
    when: Markup
    changes: Markup


def actions(book: Book, kind: str) -> list[Action]:
    """The actions of one kind (``decide | fix | watch``) in the rank of their findings, at most two."""
    rows = [row for row in ranked_findings(book) if book.text("findings", row, "action") == kind]
    writers = {"value": _concentrate, "limit": _limit, "meter": _meter, "market": _market}
    found = [writers[what](book, row) for row in rows if (what := book.text("findings", row, "kind")) in writers]
    if kind == "watch":
        found += _next_price(book)
    return found[:_MOST]


def _concentrate(book: Book, row: int) -> Action:
    who = say(_("planning of both companies"))
    when = say(_("with the plan from {month}"), month=_plan_start(book))
    party = worthless_to(book)
    if party is not None:
        quota = binding_quotas(book) or _("limit")
        return Action(
            say(_("Deliver {amount} of concentrate and not more."), amount=book.number("view_value", 0, "delivered")),
            who,
            when,
            say(
                _("a larger {quota}; in {share} of the draws the tonne more is worth nothing"),
                quota=quota,
                share=book.number("view_value", 0, f"worthless_{party}", digits=3),
            ),
        )
    return Action(
        say(
            _("Deliver one tonne more wherever it costs the {seller} less than {value}."),
            seller=book.context.owner(book.context.seller),
            value=book.number("concentrate_value", value_row(book, "marginal_right"), "value"),
        ),
        who,
        when,
        say(
            _("deliveries above {until}"),
            until=book.number("concentrate_value", value_row(book, "marginal_right"), "valid_to", digits=4),
        ),
    )


def _limit(book: Book, row: int) -> Action:
    subject = book.text("findings", row, "subject")
    limit = book.row("plan_limits", limit=subject)
    when = say(_("before {month}"), month=_plan_start(book))
    if limit is None:
        return Action(
            say(_("Look at {limit}."), limit=book.context.name(subject)),
            say(_("planning")),
            when,
            say(_("the next run")),
        )
    value = book.number("plan_limits", limit, "value_right")
    return Action(
        say(
            _("Seek more of the {limit} wherever it costs less than {value}."),
            limit=limit_name(book, limit),
            value=value,
        ),
        say(_("planning of the {owner}"), owner=book.context.owner(book.text("plan_limits", limit, "owner"))),
        when,
        say(_("its worth beyond the next {up}"), up=book.number("plan_limits", limit, "valid_up")),
    )


def _meter(book: Book, row: int) -> Action:
    subject = book.text("findings", row, "subject")
    suspect = suspect_of(book, subject)
    what = say(_("Check {tag} against a reference."), tag=name(subject))
    if suspect is not None:
        what = say(
            _("Check {tag} against a reference: bias {interval}."),
            tag=name(subject),
            interval=book.interval("suspects", suspect, "bias_low", "bias_high"),
        )
    return Action(
        what,
        say(_("instrument team")),
        say(_("before the account of {month} is closed"), month=_plan_start(book)),
        say(_("balances that pass without allowing for it")),
    )


def _market(book: Book, row: int) -> Action:
    scenario = scenario_name(book, book.text("findings", row, "subject"))
    money = book.number("findings", row, "money", signed=True)
    return Action(
        say(_("Follow announcements of an {scenario}: {money} on the plan's sales."), scenario=scenario, money=money),
        say(_("market desk")),
        say(_("monthly")),
        say(_("an announcement with a volume: run the market case with it")),
    )


def _next_price(book: Book) -> list[Action]:
    known = [row for row in book.rows("view_published") if book.real("view_published", row, "price") is not None]
    if not known:
        return []
    low, high = value_row(book, "seller_minimum"), value_row(book, "buyer_maximum")
    changes = say(_("a price outside the bargaining range"))
    if (
        book.real("concentrate_value", low, "value") is not None
        and book.real("concentrate_value", high, "value") is not None
    ):
        changes = say(
            _("a price below {low} or above {high}"),
            low=book.number("concentrate_value", low, "value"),
            high=book.number("concentrate_value", high, "value"),
        )
    return [
        Action(
            say(
                _("The next quarterly transfer price, after {price} in {quarter}."),
                price=book.number("view_published", known[-1], "price", digits=None),
                quarter=book.word("view_published", known[-1], "quarter"),
            ),
            say(_("sales and purchasing")),
            say(_("first ten days of the quarter")),
            changes,
        )
    ]


def _plan_start(book: Book) -> Markup:
    return book.word("view_run", 0, "plan_from", month_name(book.text("view_run", 0, "plan_from")))
