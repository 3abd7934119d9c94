"""Sentences about the plan's money: what it earns, which product brings it, how it answers a changed world.

"The plan earns 612 million AUD/year before fixed costs, on sales of 913 million AUD/year" takes its gain from the plan
that the questions re-solve, and its sales from amounts times the prices the plan uses. Gains are before fixed costs
where a plan knows variable costs alone, before depreciation where its costs are cash costs.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from ferrolan.base.language import _, ngettext
from ferrolan.views.cells import Book, say, spread_of
from ferrolan.views.words import before, listed

_QUESTIONS = ("demand", "intervention", "expansion")
_FULL = 0.999  # load from which a unit is full
_MOST_FULL = 2  # units named in a title


def earned(book: Book) -> Markup | None:
    """What the plan earns in a year, and on which sales."""
    gain, sales = (book.real("view_earned", 0, column) for column in ("gain", "sales"))
    parts: dict[str, object] = {column: book.number("view_earned", 0, column) for column in ("gain", "sales")}
    parts["before"] = before(book.context)
    if gain is None:
        return say(_("The plan sells goods for {sales}."), **parts) if sales else None
    if not sales:
        return say(_("The plan earns {gain} {before}."), **parts)
    return say(_("The plan earns {gain} {before}, on sales of {sales}."), **parts)


def covered(book: Book) -> Markup:
    """What the plan's gain covers and what it does not, in the words of the document; empty where it says nothing."""
    if not book.text("view_earned", 0, "covers"):
        return Markup("")
    return say(
        "{covers}", covers=book.word("view_earned", 0, "covers", sentence(book.text("view_earned", 0, "covers")))
    )


def sales_lines(book: Book) -> list[Markup]:
    """The product that brings most, with its share of the sales; nothing where there is one product alone."""
    rows = book.rows("view_trade", side="sell")
    if len(rows) < 2 or not book.real("view_trade", rows[0], "share"):
        return []
    return [say(_("{commodity} brings {share} of the sales"), **_sold_parts(book, rows[0]))]


def risk_title(book: Book, row: int) -> Markup:
    """A declared change as a title: what it does to what the plan earns."""
    spread = spread_of(book, "what_if", row, "low", "high")
    return say(
        _("What if {title}? {change} on a plan that earns {gain}"),
        title=book.word("what_if", row, "title"),
        change=book.number("what_if", row, "gain", signed=True, spread=spread),
        gain=book.number("what_if", row, "base_gain"),
    )


def reply_lines(book: Book) -> list[Markup]:
    """The plan's reply to one change of each open question, the one that moves it most."""
    return [reply(book, row) for row in strongest_replies(book)]


def strongest_replies(book: Book) -> list[int]:
    """Row of ``what_if`` that moves the plan's gain most, for each open question that was put."""
    rows = [strongest(book, plain_replies(book, question)) for question in _QUESTIONS]
    return [row for row in rows if row is not None]


def plain_replies(book: Book, *questions: str) -> list[int]:
    """Rows of ``what_if`` on these questions that are counted against the plan itself, not against another change."""
    rows = [row for question in questions for row in book.rows("what_if", question=question)]
    return [row for row in rows if not book.text("what_if", row, "against")]


def strongest(book: Book, rows: Sequence[int]) -> int | None:
    """Row of ``what_if`` that moves the plan's gain most."""
    return max(rows, key=lambda row: abs(book.real("what_if", row, "gain") or 0.0), default=None)


def reply(book: Book, row: int) -> Markup:
    """A declared change and what it does to the plan's gain, with its interval."""
    spread = spread_of(book, "what_if", row, "low", "high")
    if spread is None:
        gain = book.number("what_if", row, "gain", signed=True)
        return say(_("{title}: {gain}"), title=reply_title(book, row), gain=gain)
    size = max(abs(book.real("what_if", row, end) or 0.0) for end in ("low", "high"))
    return say(
        _("{title}: {gain} ({interval})"),
        title=reply_title(book, row),
        gain=book.number("what_if", row, "gain", signed=True, spread=spread, magnitude=size),
        interval=book.interval("what_if", row, "low", "high"),
    )


def reply_title(book: Book, row: int) -> Markup:
    """A declared change in words, and against which other change it is counted, if not against the plan."""
    title = book.word("what_if", row, "title", capital(book.text("what_if", row, "title")))
    other = book.row("what_if", case=book.text("what_if", row, "against"))
    if other is None:
        return title
    return say(_("{title}, against: {other}"), title=title, other=book.word("what_if", other, "title"))


def capital(sentence: str) -> str:
    """A sentence with its first letter large."""
    return sentence[:1].upper() + sentence[1:]


def sentence(text: str) -> str:
    """A text of a document as a sentence: a capital first, a full stop at its end.

    Examples
    --------
    >>> sentence("no forecast")
    'No forecast.'
    """
    return capital(text) if text.endswith((".", "!", "?")) else f"{capital(text)}."


def sales_title(book: Book) -> Markup:
    """Message of the figure of sales."""
    rows = book.rows("view_trade", side="sell")
    if not rows:
        return say(_("What the plan sells"))
    if len(rows) == 1:
        return say(_("{commodity} brings all of the sales"), **_sold_parts(book, rows[0]))
    return say(_("{commodity} brings {share} of the sales"), **_sold_parts(book, rows[0]))


def loads_title(book: Book) -> Markup:
    """Message of the figure of loads."""
    rows = [row for row in book.rows("view_loads") if book.real("view_loads", row, "load") is not None]
    full = [row for row in rows if (book.real("view_loads", row, "load") or 0.0) >= _FULL]
    if not full:
        return say(_("No unit is full"))
    names = listed([book.context.name(book.text("view_loads", row, "unit")) for row in full[:_MOST_FULL]])
    if len(full) > _MOST_FULL:
        return say(_("Units that are full"))
    return say(ngettext("The {units} is full", "The {units} are full", len(full)), units=names)


def replies_title(book: Book) -> Markup:
    """Message of the figure of the plan's replies."""
    row = strongest(book, plain_replies(book, *_QUESTIONS))
    if row is None:
        return say(_("What moves the plan's gain"))
    title = book.word("what_if", row, "title", book.text("what_if", row, "title"))
    return say(_("What moves the plan's gain most: {title}"), title=title)


def _sold_parts(book: Book, row: int) -> dict[str, object]:
    return {
        "commodity": capital(book.context.name(book.text("view_trade", row, "commodity"))),
        "share": book.number("view_trade", row, "share", digits=2),
    }
