"""Rows of the brief's tables: the concentrate, the account, the plan, sales and purchases.

Cells are marked up here, the template lays them out.

A row of the concentrate table: "One tonne more, group | 0 CNY/t | 0-8 100 | the next 7.85 kt/year | -100 %".
"""

from __future__ import annotations

from markupsafe import Markup

from ferrolan.base.language import _
from ferrolan.briefs import prices
from ferrolan.views import accused, limits, metal, meters, narrative, reconciled, trust, worth
from ferrolan.views.cells import NOTHING, Book, name, say, spread_of
from ferrolan.views.earnings import capital, earned
from ferrolan.views.metal import PRIMARY
from ferrolan.views.numbers import column_size
from ferrolan.views.words import (
    before,
    formula,
    limit_name,
    listed,
    measure_name,
    measure_note,
    month_name,
    party_name,
    the,
)

_MOST_ADJUSTMENTS = 4
_MOST_METERS = 1
_MOST_DOUBTS = 1
_MOST_LIMITS = 6
_MOST_DISCARDED = 3


def concentrate_section(book: Book) -> dict[str, object]:
    """The headline table: every measure with its interval, its range and its distance from the published price."""
    count = book.frame("concentrate_value").height
    return {
        "rows": [_value_cells(book, row) for row in range(count)],
        "bases": _bases(book),
        "verdict": worth.concentrate_verdict(book),
        "unit": book.money("¤/t"),
        "draws": _draws(book),
    }


def account_section(book: Book) -> dict[str, object]:
    """Grade and verdict, what may be wrong in classes, closure by component, largest adjustments, worth of meters."""
    return {
        "grade": trust.grade(book),
        "verdict": meters.short_verdict(book) or say(_("Not answered: needs a reconciled account.")),
        "test": reconciled.global_test(book),
        "suspects": _suspects(book),
        "inside": meters.still_inside(book),
        "closures": [_closure_cells(book, row) for row in metal.telling(book)],
        "better": [*trust.better_meters(book, _MOST_METERS), *trust.doubt_in_money(book, _MOST_DOUBTS)],
        "adjustments": [_adjustment_cells(book, row) for row in book.rows("view_adjustments")[:_MOST_ADJUSTMENTS]],
        "raw": meters.raw_data(book),
    }


def plan_section(book: Book) -> dict[str, object]:
    """What is made and sold, and the binding limits with what one unit more or less of each is worth.

    Where no concentrate is valued the plan leads, and says what it earns, sells and buys at which price.
    """
    binding = narrative.earning_limits(book)[:_MOST_LIMITS]
    return {
        "sold": _trade_table(book, "sell"),
        "bought": _trade_table(book, "buy"),
        "used": prices.used(book),
        "earns": [sentence for sentence in (_earns(book), *_thrown_away(book)) if sentence],
        "made": _made(book),
        "limits": [_limit_cells(book, row) for row in binding],
        "declared": [told for row in binding if (told := limits.declared(book, row))],
        "months": _span(book),
    }


def _value_cells(book: Book, row: int) -> dict[str, object]:
    measure = book.text("concentrate_value", row, "measure")
    party, public = book.text("concentrate_value", row, "party"), measure == "published"
    spread = spread_of(book, "concentrate_value", row, "low", "high")
    return {
        "measure": measure_name(measure, party),
        "party": party_name(book.context, party),
        "value": book.number("concentrate_value", row, "value", digits=None if public else 3, spread=spread, bare=True),
        "interval": book.interval("concentrate_value", row, "low", "high", bare=True),
        "range": worth.reach(book, row) or NOTHING,
        "against": NOTHING if public else book.number("view_concentrate", row, "relative", digits=2, signed=True),
        "public": public,
        "note": measure_note(book, row),
    }


def _bases(book: Book) -> Markup:
    """The basis of every value, and of every range: tonnes at the buyer's gate beside those planned."""
    if not book.rows("concentrate_value"):
        return Markup("")
    return say(
        _("{currency} per dry tonne at {grade} REO, without VAT. Ranges count tonnes at the buyer's gate, own and "
          "foreign, from the planned {delivered} on."),
        currency=book.context.currency,
        grade=book.number("concentrate_value", 0, "grade", digits=2),
        delivered=book.number("view_value", 0, "delivered"),
    )  # fmt: skip


def _draws(book: Book) -> Markup:
    return say(
        _("{low} to {high} of {draws} draws"),
        low=book.number("view_run", 0, "level_low", digits=1),
        high=book.number("view_run", 0, "level_high", digits=2),
        draws=book.number("view_run", 0, "draws", digits=None),
    )


def _suspect_class(book: Book, rows: list[int]) -> Markup:
    """A class of suspects in words; the bias is that of the reading they share."""
    first = rows[0]
    if meters.echoes(book, first):
        form = _("{tags} stands out too, but only as an echo: not once the meters above are allowed for.")
        return say(form, tags=meters.tags_of(book, rows))
    parts = {
        "z": book.number("suspects", first, "z", pure=True),
        "critical": book.number("suspects", first, "critical", pure=True),
        "sentence": meters.bias_sentence(book, first),
        "after": _after(book, first),
    }
    if len(rows) > 1:
        named = listed([meters.meter_name(book, row) for row in rows], either=True)
        parts["sentence"] = say(_("{meters} misreads; no test tells them apart"), meters=named)
    if book.real("suspects", first, "bias_low") is None:
        return say(_("{sentence}: statistic {z} against a critical {critical}. {after}"), **parts)
    parts["bias"] = book.interval("suspects", first, "bias_low", "bias_high")
    parts["level"] = book.number("view_run", 0, "interval_level", digits=2)
    form = _("{sentence}: bias {bias} ({level} interval), statistic {z} against a critical {critical}. {after}")
    return say(form, **parts)


def _after(book: Book, row: int) -> Markup:
    left = book.real("suspects", row, "p_global_without")
    if left is None:
        return Markup("")
    level = book.real("balance_tests", book.row("balance_tests", test="global"), "level") or 0.05
    shown = book.number("suspects", row, "p_global_without", digits=2, pure=True)
    form = (
        _("With it allowed for, the balances pass (p = {p}).")
        if left >= level
        else _("With it allowed for, they still fail (p = {p}).")
    )
    return say(form, p=shown)


def _closure_cells(book: Book, row: int) -> dict[str, object]:
    """A component: the widest scope that readings alone close, what they leave unaccounted, and its main recovery."""
    component, scope = (book.text(PRIMARY, row, column) for column in ("component", "scope"))
    best = metal.main_recovery(book, component)
    known = book.real(PRIMARY, row, "unaccounted") is not None
    return {
        "component": name(formula(component)),
        "scope": name(metal.scope_name(book, scope)),
        "unaccounted": trust.with_u95(book, PRIMARY, row, "unaccounted") if known else say(_("not closed")),
        "exceeds": metal.exceeds(book, row),
        "recovery": metal.share(book, best),
        "product": name(book.context.name(book.text("recoveries", best, "product"))) if best is not None else "",
    }


def _suspects(book: Book) -> list[Markup]:
    """What may be wrong, class by class without echoes; the suspect meters alone where the run has no longer list."""
    if not accused.has_list(book):
        return [_suspect_class(book, rows) for rows in meters.classes(book)]
    return [
        Markup(" ").join(sentence for sentence in accused.sentences(book, rows) if sentence)
        for rows in accused.classes(book)
        if not accused.echo(book, rows)
    ]


def _adjustment_cells(book: Book, row: int) -> dict[str, object]:
    component = book.text("view_adjustments", row, "component")
    what = book.context.name(book.text("view_adjustments", row, "object"))
    sd = book.real("view_adjustments", row, "sd")
    return {
        "tag": name(book.text("view_adjustments", row, "tag")),
        "what": say("{what}, {part}", what=what, part=name(formula(component))) if component else what,
        "held": _held(book, row),
        "measured": book.number("view_adjustments", row, "measured", spread=sd, bare=True),
        "value": book.number("view_adjustments", row, "value", spread=sd),
        "relative": book.number("view_adjustments", row, "relative", digits=2, signed=True),
        "z": book.number("view_adjustments", row, "largest_z", digits=2, pure=True),
    }


def _held(book: Book, row: int) -> Markup:
    """Where the reconciled value lies at the end of its range, no spread about it says anything."""
    if not book.real("view_adjustments", row, "held"):
        return Markup("")
    form = _("at the end of its range in {count} periods")
    return say(form, count=book.number("view_adjustments", row, "held", digits=None))


def _made(book: Book) -> list[Markup]:
    """What each company delivers over the plan, one sentence a company."""
    rows = [row for row in book.rows("view_made") if _worth_showing(book, row)]
    owners = dict.fromkeys(book.text("view_made", row, "owner") for row in rows)
    sentences = []
    for owner in owners:
        items = [_made_item(book, row) for row in rows if book.text("view_made", row, "owner") == owner]
        sentences.append(
            say(
                _("{owner} delivers {items}."),
                owner=capital(the(book.context.owner(owner))),
                items=Markup(", ").join(items),
            )
        )
    return sentences


def _worth_showing(book: Book, row: int) -> bool:
    return any((book.real("view_made", row, column) or 0.0) > 0.5 for column in ("sold", "sent"))


def _trade_table(book: Book, side: str) -> list[dict[str, object]]:
    """Rows of what is sold or bought in a year: amount, price as it counts and as it was quoted, money, share."""
    return [_trade_cells(book, row) for row in book.rows("view_trade", side=side)]


def _trade_cells(book: Book, row: int) -> dict[str, object]:
    commodity, side = (book.text("view_trade", row, column) for column in ("commodity", "side"))
    quoted = book.row("view_prices", commodity=commodity, side=side)
    money = [book.real("view_trade", other, "money") or 0.0 for other in book.rows("view_trade", side=side)]
    return {
        "commodity": capital(book.context.name(commodity)),
        "quoted": Markup("") if quoted is None else prices.quoted(book, quoted),
        "amount": book.number("view_trade", row, "amount"),
        "price": book.number("view_trade", row, "price", digits=4),
        "money": book.number("view_trade", row, "money", spread=max(money) / 100, magnitude=column_size(money)),
        "share": book.number("view_trade", row, "share", digits=2),
    }


def _earns(book: Book) -> Markup | None:
    """The plan's gain out of sales and purchases."""
    columns = ("gain", "sales", "purchases")
    parts: dict[str, object] = {column: book.number("view_earned", 0, column) for column in columns}
    parts["before"] = before(book.context)
    known = {column for column in columns if book.real("view_earned", 0, column) is not None}
    if {"gain", "sales"} <= known and not book.real("view_earned", 0, "purchases"):
        form = _("The plan sells for {sales}; after the units' own costs it gains {gain}, {before}.")
        return say(form, **parts)
    if known == {"gain", "sales", "purchases"}:
        form = _(
            "The plan sells for {sales} and buys for {purchases}; after the units' own costs it gains {gain}, {before}."
        )
        return say(form, **parts)
    if {"sales", "purchases"} <= known:
        return say(_("The plan sells for {sales} and buys for {purchases}."), **parts)
    return earned(book)


def _thrown_away(book: Book) -> list[Markup]:
    """What the plan makes and discards, the most first."""
    rows = [row for row in book.rows("view_made") if (book.real("view_made", row, "disposed") or 0.0) > 0.5]
    rows.sort(key=lambda row: -(book.real("view_made", row, "disposed") or 0.0))
    if not rows:
        return []
    items = [
        say(
            _("{amount} of {commodity}"),
            amount=book.number("view_made", row, "disposed"),
            commodity=book.context.name(book.text("view_made", row, "commodity")),
        )
        for row in rows[:_MOST_DISCARDED]
    ]
    return [say(_("It discards {items}."), items=listed(items))]


def _made_item(book: Book, row: int) -> Markup:
    sent = (book.real("view_made", row, "sold") or 0.0) <= 0.5
    amount = book.number("view_made", row, "sent" if sent else "sold")
    commodity = book.context.name(book.text("view_made", row, "commodity"))
    form = _("{amount} {commodity} (to the other company)") if sent else _("{amount} {commodity}")
    said = say(form, amount=amount, commodity=commodity)
    if (book.real("view_made", row, "disposed") or 0.0) <= 0.5:
        return said
    return say(_("{said} and {disposed} discarded"), said=said, disposed=book.number("view_made", row, "disposed"))


def _limit_cells(book: Book, row: int) -> dict[str, object]:
    months = book.context.plan_months
    span = f"{months[0]}..{months[-1]}" if months else ""
    return {
        "limit": limit_name(book, row),
        "when": narrative.period(book, row) if book.text("plan_limits", row, "period") != span else "",
        "value": book.number("plan_limits", row, "limit_value", digits=5),
        "left": _reach(book, row, "value_left", "valid_down"),
        "right": _reach(book, row, "value_right", "valid_up"),
        "money": book.number("plan_limits", row, "money") if book.real("plan_limits", row, "limit_value") else NOTHING,
    }


def _reach(book: Book, row: int, value: str, distance: str) -> Markup:
    """What a unit is worth, and for how many units; without an end where the search found none."""
    if book.real("plan_limits", row, value) is None:
        return say(_("no plan"))
    worth = book.number("plan_limits", row, value)
    if book.real("plan_limits", row, distance) is None:
        return say(_("{worth}, no end found"), worth=worth)
    return say("{worth}, {reach}", worth=worth, reach=book.number("plan_limits", row, distance))


def _span(book: Book) -> Markup:
    if not book.context.plan_months:
        return Markup("")
    from_to = _("{start} to {end}, {count} months")
    return say(
        from_to,
        start=_month(book, "plan_from"),
        end=_month(book, "plan_to"),
        count=book.number("view_run", 0, "plan_months", digits=None),
    )


def _month(book: Book, column: str) -> Markup:
    return book.word("view_run", 0, column, month_name(book.text("view_run", 0, column)))
