"""Decide, fix, watch: each an action, who acts, by when, and what would change it.

"Check WT-214 against a reference; instrument team of the steel company; before the account of April 2026; until the
balances pass without it."
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from markupsafe import Markup

from ferrolan.base.language import _
from ferrolan.views import limits
from ferrolan.views.cells import Book, name, say
from ferrolan.views.earnings import plain_replies, reply, strongest
from ferrolan.views.meters import class_of, suspect_of, tags_of
from ferrolan.views.narrative import limit_of, scenario_step, told_findings
from ferrolan.views.scope import has_account, values_concentrate
from ferrolan.views.words import limit_name, month_name, the
from ferrolan.views.worth import binding_quotas, reach, value_row, worthless_to

_MOST = 2
_LEAST = 1.0  # ¤/a: what earns or costs less is rounding


@dataclass(frozen=True)
class Action:
    """What to do, whose it is, by when, the threshold that would change it, and what must be known of it."""

    what: Markup
    who: Markup
    when: Markup
    changes: Markup
    note: Markup | str = ""


def actions(book: Book, kind: str) -> list[Action]:
    """The actions of one kind (``decide | fix | watch``) in the rank of the findings told, at most two."""
    rows = [row for row in told_findings(book) if book.text("findings", row, "action") == kind]
    writers = {"value": _concentrate, "limit": _limit, "meter": _meter, "market": _market}
    found = [writers[what](book, row) for row in rows if (what := book.text("findings", row, "kind")) in writers]
    more = {"decide": _invest, "fix": _bring_data, "watch": _next_price if values_concentrate(book) else _worst_reply}
    return [*found, *more[kind](book)][:_MOST]


def _concentrate(book: Book, row: int) -> Action:
    who = say(_("planning of both companies"))
    when = say(_("with the plan from {month}"), month=_plan_start(book))
    party = worthless_to(book)
    if party is not None:
        amount = book.number("view_value", 0, "delivered")
        what = say(_("Deliver {amount} of concentrate and not more."), amount=amount)
        return Action(what, who, when, _larger_quota(book, party))
    marginal = value_row(book, "marginal_right")
    held = None if marginal is None else reach(book, marginal)
    return Action(
        say(
            _("Deliver one tonne more wherever it costs {seller} less than {value}."),
            seller=the(book.context.owner(book.context.seller)),
            value=book.number("concentrate_value", marginal, "value"),
        ),
        who,
        when,
        say(_("the next run")) if held is None else say(_("its worth beyond {range}"), range=held),
    )


def _larger_quota(book: Book, party: str) -> Markup:
    share, quotas = book.number("view_value", 0, f"worthless_{party}", digits=3), binding_quotas(book)
    if not quotas:
        return say(_("a larger limit; in {share} of the draws the tonne more is worth nothing"), share=share)
    form = _("a larger {quota}; in {share} of the draws the tonne more is worth nothing")
    return say(form, quota=quotas, share=share)


def _limit(book: Book, row: int) -> Action:
    limit = limit_of(book, row)
    when = say(_("before {month}"), month=_plan_start(book))
    if limit is None:
        return Action(
            say(_("Look at {limit}."), limit=book.context.name(book.text("findings", row, "subject"))),
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
        say(_("planning of {owner}"), owner=the(book.context.owner(book.text("plan_limits", limit, "owner")))),
        when,
        say(_("its worth, however much there is"))
        if math.isinf(book.real("plan_limits", limit, "valid_up") or 0.0)
        else say(_("its worth beyond the next {up}"), up=book.number("plan_limits", limit, "valid_up")),
        limits.in_short(book, limit),
    )


def _meter(book: Book, row: int) -> Action:
    return Action(
        _check(book, row),
        say(_("instrument team")),
        say(_("before the account of {month} is closed"), month=_plan_start(book)),
        say(_("balances that pass without allowing for it")),
    )


def _check(book: Book, row: int) -> Markup:
    suspect = suspect_of(book, row)
    if suspect is None:
        subject = name(book.text("findings", row, "subject"))
        return say(_("Check {tags} against a reference."), tags=subject)
    members = class_of(book, suspect)
    suspect, tags = members[0], tags_of(book, members)
    if book.real("suspects", suspect, "bias_low") is None:
        return say(_("Check {tags} against a reference."), tags=tags)
    bias = book.interval("suspects", suspect, "bias_low", "bias_high")
    if book.real("findings", row, "money") is None:
        return say(_("Check {tags} against a reference: bias {bias}."), tags=tags, bias=bias)
    return say(
        _("Check {tags} against a reference: bias {bias}; signing it out moves the plan's gain by {money}."),
        tags=tags,
        bias=bias,
        money=book.number("findings", row, "money", digits=2, signed=True),
    )


def _market(book: Book, row: int) -> Action:
    money = book.number("findings", row, "money", signed=True)
    step = scenario_step(book, book.text("findings", row, "subject"))
    return Action(
        say(_("Follow announcements: {scenario}; {money} on the plan's sales."), scenario=step, money=money),
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


def _invest(book: Book) -> list[Action]:
    """Capacity that earns more than nothing in nearly every draw, where no concentrate is the question."""
    rows = [row for row in plain_replies(book, "expansion") if _pays(book, row)]
    best = strongest(book, rows)
    if values_concentrate(book) or best is None:
        return []
    return [
        Action(
            say(_("Price the investment: {reply}."), reply=reply(book, best)),
            say(_("investment planning")),
            say(_("before the next budget")),
            say(_("an investment that costs more a year than it earns")),
        )
    ]


def _pays(book: Book, row: int) -> bool:
    low, gain = (book.real("what_if", row, column) or 0.0 for column in ("low", "gain"))
    return gain >= _LEAST and low >= 0.0


def _bring_data(book: Book) -> list[Action]:
    """What would make a run without plant data surer: sources for what is synthetic."""
    if has_account(book) or not book.real("view_run", 0, "made_up"):
        return []
    return [
        Action(
            say(
                _("Source or measure what is synthetic: {made_up} of {declared} declared values."),
                made_up=book.number("view_run", 0, "made_up", digits=None),
                declared=book.number("view_run", 0, "declared", digits=None),
            ),
            say(_("who keeps the document")),
            say(_("before this brief is relied on")),
            say(_("a public figure or a meter for each")),
        )
    ]


def _worst_reply(book: Book) -> list[Action]:
    """The change of prices or policy that would cost the plan most."""
    rows = plain_replies(book, "demand", "intervention")
    worst = min(rows, key=lambda row: book.real("what_if", row, "gain") or 0.0, default=None)
    if worst is None or (book.real("what_if", worst, "gain") or 0.0) > -_LEAST:
        return []
    return [
        Action(
            say(_("Follow what would cost most: {reply}."), reply=reply(book, worst)),
            say(_("sales and purchasing")),
            say(_("monthly")),
            say(_("another price or limit: run the plan with it")),
        )
    ]


def _plan_start(book: Book) -> Markup:
    return book.word("view_run", 0, "plan_from", month_name(book.text("view_run", 0, "plan_from")))
