"""Rows of the brief's three tables: the concentrate, the account, the plan; cells are marked up, the template lays out.

A row of the concentrate table: "One tonne more | group | 0 CNY/t | 0-8 100 | up to 36 900 t/year | -100 %".
"""

from __future__ import annotations

import math

from markupsafe import Markup

from ferrolan.base.language import _
from ferrolan.views import narrative
from ferrolan.views.cells import NOTHING, Book, name, say, spread_of
from ferrolan.views.narrative import bias_sentence, concentrate_verdict, echoes, formula, meter_name, period
from ferrolan.views.words import limit_name, measure_name, month_name, party_name

_MOST_ADJUSTMENTS = 5
_MOST_LIMITS = 6


def concentrate_section(book: Book) -> dict[str, object]:
    """The headline table: every measure with its interval, its range and its distance from the published price."""
    count = book.frame("concentrate_value").height
    return {
        "rows": [_value_cells(book, row) for row in range(count)],
        "bases": _bases(book),
        "verdict": concentrate_verdict(book),
        "headline": narrative.concentrate_headline(book),
        "draws": _draws(book),
    }


def account_section(book: Book) -> dict[str, object]:
    """Verdict, suspects as classes, closure by component, largest adjustments."""
    return {
        "verdict": narrative.account_verdict(book) or say(_("Not answered: needs a reconciled account.")),
        "test": _global_test(book),
        "suspects": _suspects(book),
        "closures": [_closure_cells(book, row) for row in book.rows("view_closures")],
        "adjustments": [_adjustment_cells(book, row) for row in book.rows("view_adjustments")[:_MOST_ADJUSTMENTS]],
        "rejected": _rejected(book),
    }


def plan_section(book: Book) -> dict[str, object]:
    """What is made and sold, and the binding limits with what one unit more or less of each is worth."""
    return {
        "made": _made(book),
        "limits": [_limit_cells(book, row) for row in narrative.earning_limits(book)[:_MOST_LIMITS]],
        "span": _span(book),
    }


def _value_cells(book: Book, row: int) -> dict[str, object]:
    measure = book.text("concentrate_value", row, "measure")
    party, public = book.text("concentrate_value", row, "party"), measure == "published"
    spread = spread_of(book, "concentrate_value", row, "low", "high")
    return {
        "measure": measure_name(measure, party),
        "party": party_name(book, party),
        "value": book.number("concentrate_value", row, "value", digits=None if public else 3, spread=spread, bare=True),
        "interval": book.interval("concentrate_value", row, "low", "high", bare=True),
        "range": _range(book, row),
        "against": NOTHING if public else book.number("view_concentrate", row, "relative", digits=2, signed=True),
        "public": public,
        "note": book.word("concentrate_value", row, "note"),
    }


def _range(book: Book, row: int) -> Markup:
    start, end = (book.real("concentrate_value", row, column) for column in ("valid_from", "valid_to"))
    if start is None and end is None:
        return NOTHING
    parts = {
        "start": book.number(
            "concentrate_value", row, "valid_from", digits=4, bare=start is not None and end is not None, magnitude=end
        ),
        "end": book.number("concentrate_value", row, "valid_to", digits=4),
    }
    if start is None:
        return say(_("up to {end}"), **parts)
    if end is None or math.isinf(end):
        return say(_("from {start}"), start=book.number("concentrate_value", row, "valid_from", digits=4))
    return say("{start}–{end}", **parts)


def _bases(book: Book) -> Markup:
    seen: dict[str, int] = {}
    for row in range(book.frame("concentrate_value").height):
        seen.setdefault(book.text("concentrate_value", row, "basis"), row)
    return Markup("; ").join(book.word("concentrate_value", row, "basis") for row in seen.values())


def _draws(book: Book) -> Markup:
    return say(
        _("{low} to {high} of {draws} draws"),
        low=book.number("view_run", 0, "level_low", digits=1),
        high=book.number("view_run", 0, "level_high", digits=2),
        draws=book.number("view_run", 0, "draws", digits=None),
    )


def _global_test(book: Book) -> Markup:
    test = book.row("balance_tests", test="global")
    if test is None:
        return Markup("")
    return say(
        _("Global test: {statistic} on {df} degrees of freedom, critical {critical} at the level of {level}."),
        statistic=book.number("balance_tests", test, "statistic", digits=4, pure=True),
        df=book.number("balance_tests", test, "df", digits=None),
        critical=book.number("balance_tests", test, "critical", digits=4, pure=True),
        level=book.number("balance_tests", test, "level", digits=1),
    )


def _suspects(book: Book) -> list[dict[str, object]]:
    classes: dict[int, list[int]] = {}
    for row in range(book.frame("suspects").height):
        number = int(book.real("suspects", row, "suspect_class") or 0)
        classes.setdefault(number, []).append(row)
    return [_suspect_class(book, rows) for rows in classes.values()]


def _suspect_class(book: Book, rows: list[int]) -> dict[str, object]:
    first = rows[0]
    sentence = bias_sentence(book, first)
    if len(rows) > 1:
        meters = Markup(", ").join(meter_name(book, row) for row in rows)
        sentence = say(_("One of {meters} is biased; no test tells them apart"), meters=meters)
    if echoes(book, first):
        return {
            "sentence": say(
                _("{tag} stands out too, but only as an echo: not once the meters above are allowed for"),
                tag=_tags(book, rows),
            )
        }
    return {
        "sentence": sentence,
        "interval": book.interval("suspects", first, "bias_low", "bias_high"),
        "level": book.number("view_run", 0, "interval_level", digits=2),
        "z": book.number("suspects", first, "z", pure=True),
        "critical": book.number("suspects", first, "critical", pure=True),
        "after": _after(book, first),
    }


def _tags(book: Book, rows: list[int]) -> Markup:
    return Markup(", ").join(name(book.text("suspects", row, "tag")) for row in rows)


def _after(book: Book, row: int) -> Markup:
    left = book.real("suspects", row, "p_global_without")
    if left is None:
        return Markup("")
    level = book.real("balance_tests", book.row("balance_tests", test="global"), "level") or 0.05
    shown = book.number("suspects", row, "p_global_without", digits=2, pure=True)
    form = (
        _("with it allowed for, the balances pass (p = {p})")
        if left >= level
        else _("with it allowed for, they still fail (p = {p})")
    )
    return say(form, p=shown)


def _closure_cells(book: Book, row: int) -> dict[str, object]:
    sd = book.real("view_closures", row, "closure_sd")
    return {
        "component": name(formula(book.text("view_closures", row, "component"))),
        "balances": book.number("view_closures", row, "balances", digits=None),
        "outside": book.number("view_closures", row, "outside", digits=None),
        "node": book.context.name(book.text("view_closures", row, "node")) or NOTHING,
        "closure": book.number("view_closures", row, "closure", spread=sd),
        "sd": book.number("view_closures", row, "closure_sd", digits=2),
        "z": book.number("view_closures", row, "z", digits=2, signed=True, pure=True),
        "bad": abs(book.real("view_closures", row, "z") or 0.0) > _critical(book),
    }


def _critical(book: Book) -> float:
    """From which |z| on a balance is marked: critical value of the measurement tests, which allows for their number."""
    return book.real("balance_tests", book.row("balance_tests", test="measurement"), "critical") or 1.96


def _adjustment_cells(book: Book, row: int) -> dict[str, object]:
    component = book.text("view_adjustments", row, "component")
    what = book.context.name(book.text("view_adjustments", row, "object"))
    sd = book.real("view_adjustments", row, "sd")
    return {
        "tag": name(book.text("view_adjustments", row, "tag")),
        "what": say("{what}, {part}", what=what, part=name(formula(component))) if component else what,
        "measured": book.number("view_adjustments", row, "measured", spread=sd, bare=True),
        "value": book.number("view_adjustments", row, "value", spread=sd),
        "sd": book.number("view_adjustments", row, "sd", digits=2),
        "relative": book.number("view_adjustments", row, "relative", digits=2, signed=True),
        "z": book.number("view_adjustments", row, "largest_z", digits=2, pure=True),
    }


def _rejected(book: Book) -> Markup:
    if not book.real("view_run", 0, "rejected"):
        return Markup("")
    return say(
        _("Raw rows or cells not taken, kept with their reasons: {count}."),
        count=book.number("view_run", 0, "rejected", digits=None),
    )


def _made(book: Book) -> list[Markup]:
    """What each company delivers over the plan, one sentence a company."""
    rows = [row for row in book.rows("view_made") if _worth_showing(book, row)]
    owners = dict.fromkeys(book.text("view_made", row, "owner") for row in rows)
    sentences = []
    for owner in owners:
        items = [_made_item(book, row) for row in rows if book.text("view_made", row, "owner") == owner]
        sentences.append(
            say(_("The {owner} delivers {items}."), owner=book.context.owner(owner), items=Markup(", ").join(items))
        )
    return sentences


def _worth_showing(book: Book, row: int) -> bool:
    return any((book.real("view_made", row, column) or 0.0) > 0.5 for column in ("sold", "sent"))


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
        "when": period(book, row) if book.text("plan_limits", row, "period") != span else "",
        "value": book.number("plan_limits", row, "limit_value", digits=5),
        "left": _reach(book, row, "value_left", "valid_down"),
        "right": _reach(book, row, "value_right", "valid_up"),
        "money": book.number("plan_limits", row, "money"),
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
