"""Sentences about how far an account can be trusted: its grade, what is unaccounted, recoveries, what better meters bring.

"Grade C: what is suspect still counts (WT-214)." "Halving the sigma of WT-214 narrows the REO closure of the site from
±3.4 to ±1.2 %." What readings alone say and what the balances make of them are never put in one sentence as one number.
"""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from ferrolan.base.language import _
from ferrolan.views import metal
from ferrolan.views.cells import NOTHING, Book, name, say
from ferrolan.views.words import formula, listed, the

_MOST_NAMED = 3


def grade(book: Book) -> Markup | None:
    """The grade with its grounds; nothing where the run has none."""
    if not book.rows("grade"):
        return None
    letter = book.word("grade", 0, "grade")
    grounds = [ground for row in book.rows("grade") if (ground := _ground(book, row))]
    if not grounds:
        return say(_("Grade {letter}: the balances pass, no meter is suspect, every figure at the boundary is checked."),
                   letter=letter)  # fmt: skip
    return say(_("Grade {letter}: {grounds}."), letter=letter, grounds=Markup("; ").join(grounds))


def _ground(book: Book, row: int) -> Markup | None:
    """One ground in words, with what it concerns."""
    form = _forms().get(book.text("grade", row, "ground"))
    if form is None:
        return None
    return say(form, count=book.number("grade", row, "count", digits=None), named=_named(book, row))


def _forms() -> dict[str, str]:
    return {
        "untested": _("nothing is measured more often than it must be, so nothing is tested"),
        "unexplained": _("the balances fail, and no single meter explains why"),
        "failed": _("the balances fail"),
        "suspect": _("what is suspect still counts ({named})"),
        "unobservable": _("{count} figures at a boundary are not determined by the meters ({named})"),
        "unaccounted": _("more is unaccounted than chance explains, from readings alone ({named})"),
        "unchecked": _("{count} figures at a boundary are checked by nothing ({named})"),
        "missed": _("{count} accuracy targets are missed ({named})"),
        "provisional": _("{count} readings are provisional ({named})"),
    }


def _named(book: Book, row: int) -> Markup:
    """The first few of those it concerns."""
    whole = [str(part) for part in book.frame("grade")["of"][row]]
    ground = book.text("grade", row, "ground")
    shown = [_of_ground(book, ground, part) for part in whole[:_MOST_NAMED]]
    if len(whole) <= _MOST_NAMED:
        return listed(shown)
    return say(_("{names} and others"), names=Markup(", ").join(shown))


def _of_ground(book: Book, ground: str, part: str) -> Markup:
    """One of those a ground concerns: a tag, a component, else a stream, a stock or a scope."""
    if ground == "provisional" or (ground == "suspect" and _is_tag(book, part)):
        return name(part)
    return name(formula(part)) if ground == "unaccounted" else name(book.context.name(part))


def _is_tag(book: Book, part: str) -> bool:
    return any(book.rows(table, tag=part) for table in ("gross_errors", "suspects"))


def unaccounted(book: Book, part: metal.Part | None = None) -> Iterator[Markup]:
    """Of every component what readings alone leave unaccounted, with its interval, or why they do not say.

    Parameters
    ----------
    part
        Scope and span; the site over the whole account where none is given.
    """
    part = metal.Part(metal.site(book)) if part is None else part
    open_ones: dict[Markup, list[int]] = {}
    for row in book.rows(metal.PRIMARY, **part.cells):
        if book.real(metal.PRIMARY, row, "unaccounted") is None:
            open_ones.setdefault(metal.unread(book, row), []).append(row)
        else:
            yield _unaccounted(book, row)
    for why, rows in open_ones.items():
        components = listed([_component(book, row) for row in rows])
        yield say(_("{components}: not closed by readings alone; {why}."), components=components, why=why)


def _unaccounted(book: Book, row: int) -> Markup:
    form = (
        _("{component}: {amount} unaccounted, more than chance explains.")
        if metal.exceeds(book, row)
        else _("{component}: {amount} unaccounted, within what the meters' errors explain.")
    )
    return say(form, component=_component(book, row), amount=with_u95(book, metal.PRIMARY, row, "unaccounted"))


def _component(book: Book, row: int) -> Markup:
    return name(formula(book.text(metal.PRIMARY, row, "component")))


def with_u95(book: Book, table: str, row: int, column: str, half: str | None = None) -> Markup:
    """A number ± the half width of its 95 % interval, in one unit; the number alone where that is not known."""
    u95 = f"{column}_u95" if half is None else half
    value, width = book.real(table, row, column), book.real(table, row, u95)
    if value is None:
        return NOTHING
    if width is None or width == 0.0:
        return book.number(table, row, column)
    size = max(abs(value), width)
    shown = book.number(table, row, column, spread=width, magnitude=size, bare=True)
    return say("{shown}\u00a0±\u00a0{width}", shown=shown, width=book.number(table, row, u95, digits=2, magnitude=size))


def better_meters(book: Book, most: int, scope: str | None = None) -> Iterator[Markup]:
    """The change of one meter that does most for each closure and main recovery, the most telling first: one sentence a meter.

    Parameters
    ----------
    most
        Sentences at most.
    scope
        Whose figures: those of the site, and closures of the widest scope that closes, where none is named.
    """
    told: set[tuple[str, str]] = set()
    for row in sorted(_best_changes(book, scope), key=lambda row: _by_telling(book, row)):
        who = book.text("meter_worth", row, "tag"), book.text("meter_worth", row, "object")
        if who in told:
            continue
        told.add(who)
        yield _better(book, row)
        if len(told) == most:
            return


def _best_changes(book: Book, scope: str | None) -> Iterator[int]:
    """Of each figure that is told, the row of the change that narrows it most."""
    for figure in _figures(book, scope):
        rows = book.rows("meter_worth", **figure)
        narrows = {row: value for row in rows if (value := book.real("meter_worth", row, "narrows")) is not None}
        if narrows:
            yield max(narrows, key=lambda row: narrows[row])


def _by_telling(book: Book, row: int) -> tuple[bool, float]:
    """Closures before recoveries, then what narrows most."""
    return book.text("meter_worth", row, "figure") != "closure", -(book.real("meter_worth", row, "narrows") or 0.0)


def _figures(book: Book, scope: str | None) -> Iterator[dict[str, object]]:
    """Closures and main recoveries that are worth a sentence."""
    if scope is not None and scope != metal.site(book):
        yield {"figure": "closure", "scope": scope}
        yield {"figure": "recovery", "scope": scope}
        return
    for row in metal.telling(book):
        component = book.text(metal.PRIMARY, row, "component")
        yield {"figure": "closure", "scope": book.text(metal.PRIMARY, row, "scope"), "figure_component": component}
        best = metal.main_recovery(book, component)
        if best is not None:
            product = book.text("recoveries", best, "product")
            yield {"figure": "recovery", "scope": metal.site(book), "figure_component": component, "product": product}


def _better(book: Book, row: int) -> Markup:
    forms = {
        "halved": _("Halving the sigma of {meter} narrows the {figure} from ±{now} to ±{then}."),
        "corrected": _("Correcting {meter} moves the {figure} by {moves}."),
        "bought": _("A meter for {meter} narrows the {figure} from ±{now} to ±{then}."),
    }
    now = book.real("meter_worth", row, "u95_now")
    return say(
        forms[book.text("meter_worth", row, "change")],
        meter=_meter(book, row),
        figure=_figure(book, row),
        now=book.number("meter_worth", row, "u95_now", digits=2, bare=True, magnitude=now),
        then=book.number("meter_worth", row, "u95_then", digits=2, magnitude=now),
        moves=book.number("meter_worth", row, "moves", digits=2, signed=True),
    )


def _meter(book: Book, row: int) -> Markup:
    """Tag of a meter, or where there is none what it would read."""
    tag, what = book.text("meter_worth", row, "tag"), book.context.name(book.text("meter_worth", row, "object"))
    if tag:
        return name(tag)
    component = book.text("meter_worth", row, "component")
    return say(_("{component} in {what}"), component=name(formula(component)), what=what) if component else Markup(what)


def _figure(book: Book, row: int) -> Markup:
    """The key figure: closure of a component, or its recovery into a product."""
    parts = {
        "component": name(formula(book.text("meter_worth", row, "figure_component"))),
        "scope": _whose(book, book.text("meter_worth", row, "scope")),
        "product": book.context.name(book.text("meter_worth", row, "product")),
    }
    if book.text("meter_worth", row, "figure") == "closure":
        return say(_("{component} closure of {scope}"), **parts)
    return say(_("recovery of {component} into {product}"), **parts)


def _whose(book: Book, scope: str) -> str:
    """A scope in a sentence: a company with its article."""
    named = metal.scope_name(book, scope)
    return the(named) if scope in book.context.owners else named


def doubt_in_money(book: Book, most: int) -> Iterator[Markup]:
    """How sure the plan's gain is of the account's meters, which carry most of the doubt, and what a suspect's bias moves."""
    rows = sorted(book.rows("meter_money"), key=lambda row: book.real("meter_money", row, "rank") or 0.0)
    if not rows or not book.real("meter_money", rows[0], "all_sd"):
        return
    form = _("The account's meters leave the plan's gain unsure by {sd} (one standard deviation).")
    yield say(form, sd=book.number("meter_money", rows[0], "all_sd", digits=2))
    moving = [row for row in rows if book.real("meter_money", row, "moves_resolved") is not None]
    for row in [*moving, *(row for row in rows if row not in moving)][:most]:
        yield _doubt(book, row)


def _doubt(book: Book, row: int) -> Markup:
    parts = {
        "meter": name(book.text("meter_money", row, "tag")),
        "share": book.number("meter_money", row, "share", digits=2),
        "half": book.number("meter_money", row, "all_sd_halved", digits=2),
        "moves": book.number("meter_money", row, "moves_resolved", digits=2, signed=True),
    }
    if book.real("meter_money", row, "moves_resolved") is not None:
        return say(_("Taking the bias of {meter} off moves the planned gain by {moves}."), **parts)
    return say(_("{meter}: {share} of that doubt; at half its sigma {half} would remain."), **parts)
