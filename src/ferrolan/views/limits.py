"""What stands behind a limit of the plan: its declared value, where that comes from, and what must travel with it.

"Cracking capacity 12750 t/a (what the company has shown, no nameplate; Lynas 2026-01)": a reader who is told that a unit is full
must learn of which capacity.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from ferrolan.base.language import _
from ferrolan.views.cells import Book, name, say
from ferrolan.views.words import limit_name, quota_name


def declared(book: Book, limit: int) -> Markup:
    """A row of ``plan_limits`` by name with its declared value, its note and its source; empty where none is known."""
    row = declared_row(book, limit)
    if row is None:
        return Markup("")
    about = [book.word("view_limits", row, "note")] if book.text("view_limits", row, "note") else []
    about.append(name(_origin(book, row)))
    return say(
        _("{limit} {written} ({about})"),
        limit=limit_name(book, limit),
        written=book.word("view_limits", row, "written"),
        about=Markup("; ").join(about),
    )


def in_short(book: Book, limit: int) -> Markup:
    """The note of a limit without the formula that ends it, as a sentence; empty where there is none."""
    row = declared_row(book, limit)
    note = "" if row is None else _without_formula(book.text("view_limits", row, "note"))
    if row is None or not note:
        return Markup("")
    written, said = book.word("view_limits", row, "written"), book.word("view_limits", row, "note", note)
    return say(_("Declared {written}: {note}."), written=written, note=said)


def declared_row(book: Book, limit: int) -> int | None:
    """Row of ``view_limits`` that a row of ``plan_limits`` speaks of; a supply limit is no declared one."""
    keys = {key: book.text("plan_limits", limit, key) for key in ("limit", "kind")}
    return book.row("view_limits", **keys)


def quotas_besides(book: Book, told: Sequence[int]) -> list[Markup]:
    """What must travel with each quota that is not among the rows of ``plan_limits`` that are told."""
    known = {declared_row(book, limit) for limit in told}
    rows = [row for row in book.rows("view_limits", kind="quota") if row not in known]
    return [_quota(book, row) for row in rows if book.text("view_limits", row, "note")]


def _quota(book: Book, row: int) -> Markup:
    title = quota_name(book.context, book.text("view_limits", row, "limit"))
    parts = {"title": title[:1].upper() + title[1:], "note": book.word("view_limits", row, "note")}
    if not book.text("view_limits", row, "period"):
        return say(_("{title}: {note}."), **parts)
    form = _("{title}: the figure of {period}. {note}.")
    return say(form, period=book.word("view_limits", row, "period"), **parts)


def _origin(book: Book, row: int) -> str:
    if book.frame("view_limits")["synthetic"][row]:
        return _("synthetic")
    source, period = (book.text("view_limits", row, column) for column in ("source", "period"))
    citation = book.context.citation(source) if source else _("own figure")
    if not period or period in citation:
        return citation
    return _("{citation}, figure of {period}").format(citation=citation, period=period)


def _without_formula(note: str) -> str:
    """A note up to the formula of a derived value, which stands after its last ``=``."""
    words, formula, _rest = note.rpartition("= ")
    return words.rstrip(" ;") if formula else note
