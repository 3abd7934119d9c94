"""Write the brief of a run: one HTML file that opens offline, prints on A4 and quotes a cell for every number.

``write(tables, context, Path("brief.html"))`` lays out what ``views`` say, in the order of a news brief: finding, lead,
highlights, concentrate table, takeaways, account, plan, meaning, open questions, bigger picture, actions. No script, no
outside request, no font file; empty tables leave a sentence that says what is missing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import jinja2
import polars as pl
from markupsafe import Markup

from ferrolan.base.language import _
from ferrolan.briefs.sections import account_section, concentrate_section, plan_section
from ferrolan.views import figures, narrative
from ferrolan.views.actions import actions
from ferrolan.views.cells import Book, name, say
from ferrolan.views.context import Context, QuotedPrice
from ferrolan.views.questions import bigger_picture, open_questions
from ferrolan.views.tables import open_book

_MOST_LIMITS = 6


def write(tables: Mapping[str, pl.DataFrame], context: Context, path: Path) -> Path:
    """Write the brief as one self-contained HTML file.

    Parameters
    ----------
    tables
        The run's tables by their declared names; a missing one counts as empty.
    context
        Titles, months, citations, identity of the run.
    path
        File to write, such as ``run/brief.html``; its folder must exist.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    TableError
        If a table does not have its declared columns.
    """
    path.write_text(render(tables, context), encoding="utf-8", newline="\n")
    return path


def render(tables: Mapping[str, pl.DataFrame], context: Context) -> str:
    """The brief's HTML; the same tables and context give the same text.

    Derived tables (``views.tables.derive``) that are among ``tables`` are taken as they stand.
    """
    book = open_book(tables, context)
    return _environment().get_template("brief.html.j2").render(_content(book))


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("ferrolan.briefs", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.globals["_"] = _
    return environment


def _content(book: Book) -> dict[str, object]:
    drawn = _figures(book)
    return {
        "context": book.context,
        "lang": _("en"),  # a catalogue says its own code here
        "month": narrative.month(book),
        "title": narrative.title(book),
        "lead": narrative.lead(book),
        "highlights": narrative.highlights(book),
        "concentrate": concentrate_section(book),
        "figures": drawn,
        "account": account_section(book),
        "plan": plan_section(book),
        "why": narrative.why_it_matters(book),
        "questions": open_questions(book),
        "picture": bigger_picture(book),
        "actions": [(label, actions(book, kind)) for label, kind in _action_columns()],
        "prices": _prices(book),
        "span": _price_span(book),
        "footer": _footer(book),
    }


def _action_columns() -> tuple[tuple[str, str], ...]:
    return ((_("Decide"), "decide"), (_("Fix"), "fix"), (_("Watch"), "watch"))


def _figures(book: Book) -> dict[str, figures.Figure | None]:
    titles = narrative.figure_titles(book)
    limits = narrative.earning_limits(book)[:_MOST_LIMITS]
    return {
        "concentrate": figures.concentrate(book, titles["concentrate"]),
        "limits": figures.limits(book, limits, titles["limits"]),
        "rare_earths": figures.rare_earths(book, _ends(book), titles["rare_earths"]),
        "published": figures.published(book, titles["published"]),
    }


def _ends(book: Book) -> list[int]:
    """Where the REO ended: products, then losses by size, then stocks; nothing if a part is not observable."""
    rows = [row for row in book.rows("view_rare_earths") if book.text("view_rare_earths", row, "role") in _ENDS]
    shares = {row: book.real("view_rare_earths", row, "share") for row in rows}
    if any(share is None for share in shares.values()):
        return []
    shown = [row for row in rows if abs(shares[row] or 0.0) >= 0.0005]
    return sorted(shown, key=lambda row: (_ENDS[book.text("view_rare_earths", row, "role")], -(shares[row] or 0.0)))


_ENDS = {"product": 0, "loss": 1, "stocks": 2}


def _footer(book: Book) -> dict[str, object]:
    met, all_of = book.real("view_run", 0, "checks_passed"), book.real("view_run", 0, "checks")
    return {
        "run": say(_("run {id}"), id=book.word("view_run", 0, "run_id")),
        "code": say(_("Ferrolan {version}"), version=book.word("view_run", 0, "code_version")),
        "cut": say(_("account to {time}"), time=book.word("view_run", 0, "data_cut")),
        "seed": say(_("seed {seed}"), seed=book.number("view_run", 0, "seed", digits=None)),
        "certificates": _certificates(book, met, all_of),
        "synthetic": book.context.synthetic,
        "notes": _notes(book),
    }


def _notes(book: Book) -> list[Markup]:
    """The document's own notes, and what every interval of the account takes for granted."""
    notes = [name(note) for note in book.context.notes]
    if book.rows("account"):
        form = _(
            "Intervals take a meter's errors in different weeks as independent; errors that last longer make them "
            "wider."
        )
        notes.append(say(form))
    return notes


def _certificates(book: Book, met: float | None, all_of: float | None) -> Markup:
    if not all_of:
        return say(_("no certificates: nothing was solved"))
    parts = {
        "met": book.number("view_run", 0, "checks_passed", digits=None),
        "all": book.number("view_run", 0, "checks", digits=None),
    }
    if met == all_of:
        return say(_("all {all} certificates of the solvers passed"), **parts)
    return say(_("{met} of {all} certificates of the solvers passed: do not rely on this brief"), **parts)


def _prices(book: Book) -> list[Markup]:
    return [_price(book, row, price) for row, price in enumerate(book.context.prices)]


def _price(book: Book, row: int, price: QuotedPrice) -> Markup:
    """A price as quoted, with what must travel with it; what it counts as, where that is another number."""
    about = [_("with VAT")] if price.vat == "included" else []
    about += [book.word("view_prices", row, "note")] if price.note else []
    about += [name(_dated(book, price) if price.source else _("synthetic"))]
    parts = {
        "commodity": book.context.name(price.commodity),
        "quoted": book.number("view_prices", row, "quoted", digits=None),
        "about": Markup("; ").join(about),
    }
    if math.isclose(price.quoted, price.used) and price.quoted_unit == price.used_unit:
        return say(_("{commodity} {quoted} ({about})"), **parts)
    form = _("{commodity} {quoted} ({about}), counted as {used}")
    return say(form, **parts, used=book.number("view_prices", row, "used", digits=4))


def _price_span(book: Book) -> Markup:
    """From when to when the prices of the plan date, where half a year and more lies between."""
    if not book.text("view_run", 0, "prices_from"):
        return Markup("")
    return say(
        _("They date from {oldest} to {youngest}: the plan sets them side by side as if they were of one day."),
        oldest=book.word("view_run", 0, "prices_from"),
        youngest=book.word("view_run", 0, "prices_to"),
    )


def _dated(book: Book, price: QuotedPrice) -> str:
    """The source of a price, and its day where the citation does not say it."""
    citation = book.context.citation(price.source)
    if not price.period or price.period in citation:
        return citation
    return _("{citation}, price of {day}").format(citation=citation, day=price.period)
