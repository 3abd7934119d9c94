"""Write the brief of a run: one HTML file that opens offline, prints on A4 and quotes a cell for every number.

``write(tables, context, Path("brief.html"))`` lays out what ``views`` say, in the order of a news brief: finding, lead,
highlights, concentrate table, takeaways, account, plan, meaning, open questions, bigger picture, actions. Where no
concentrate is valued the plan leads, and what was not asked is not spoken of; what the run lacked stands in a box with
what it would need. No script, no outside request, no font file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import jinja2
import polars as pl
from markupsafe import Markup

from ferrolan.base.language import _
from ferrolan.briefs import prices
from ferrolan.briefs.sections import account_section, concentrate_section, plan_section
from ferrolan.views import earnings, figures, limits, narrative, scope
from ferrolan.views.actions import actions
from ferrolan.views.cells import Book, name, say
from ferrolan.views.context import Context
from ferrolan.views.questions import bigger_picture, has_production_quota, main_commodity, open_questions, scenario_rows
from ferrolan.views.tables import open_book
from ferrolan.views.words import listed

_MOST_LIMITS = 6
_MOST_PRODUCTS = 8
_MOST_SHARED = 4
_LEAST_BAR = 0.01  # of the longest: a shorter bar cannot be seen


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
    return page("brief.html.j2", _content(book))


def page(template: str, content: Mapping[str, object]) -> str:
    """A page from one of the templates of this room."""
    return _environment().get_template(template).render(content)


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
        "covers": earnings.covered(book),
        "highlights": narrative.highlights(book),
        "concentrate": concentrate_section(book),
        "figures": drawn,
        "halves": _halves(drawn),
        "scenarios": [] if scope.values_concentrate(book) else scenario_rows(book),
        "quota_held": has_production_quota(book),
        "lead_commodity": book.context.name(main_commodity(book)),
        "account": account_section(book),
        "plan": plan_section(book),
        "why": narrative.why_it_matters(book),
        "questions": open_questions(book),
        "picture": bigger_picture(book),
        "actions": [(label, actions(book, kind)) for label, kind in _action_columns()],
        "asked": scope.values_concentrate(book),
        "has_account": scope.has_account(book),
        "missing": scope.missing(book),
        "done": scope.done(book),
        "invented": scope.invented(book),
        "prices": prices.traded(book),
        "span": prices.span(book),
        "footer": _footer(book),
    }


def _action_columns() -> tuple[tuple[str, str], ...]:
    return ((_("Decide"), "decide"), (_("Fix"), "fix"), (_("Watch"), "watch"))


def _figures(book: Book) -> dict[str, figures.Figure | None]:
    """The figures that belong to the run's own question: what the concentrate is worth, or what the plan earns."""
    titles = narrative.figure_titles(book)
    binding = narrative.earning_limits(book)[:_MOST_LIMITS]
    drawn = {
        "limits": figures.limits(book, binding, titles["limits"]),
        "rare_earths": figures.rare_earths(book, _ends(book), titles["rare_earths"]),
    }
    if scope.values_concentrate(book):
        return drawn | {
            "concentrate": figures.concentrate(book, titles["concentrate"]),
            "published": figures.published(book, titles["published"]),
        }
    sold = book.rows("view_trade", side="sell")[:_MOST_PRODUCTS]
    money = {row: book.real("plan_limits", row, "money") or 0.0 for row in binding}
    main = [row for row in binding if money[row] >= _LEAST_BAR * max(money.values())]
    return {
        "replies": figures.replies(book, titles["replies"]),
        "sales": figures.sales(book, sold, titles["sales"]) if len(sold) > 1 else None,
        "loads": figures.loads(book, book.rows("view_loads"), titles["loads"]),
        "limits": figures.limits(book, main, titles["limits"]) if len(main) > 1 else None,
        "rare_earths": drawn["rare_earths"],
    }


def _halves(drawn: Mapping[str, figures.Figure | None]) -> list[figures.Figure]:
    """The figures of half the width, in their order, two in a row."""
    halves = (drawn[name] for name in ("sales", "loads", "limits", "rare_earths") if name in drawn)
    return [figure for figure in halves if figure is not None]


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
        "cut": say(_("account to {time}"), time=book.word("view_run", 0, "data_cut")) if book.context.data_cut else "",
        "seed": say(_("seed {seed}"), seed=book.number("view_run", 0, "seed", digits=None)),
        "certificates": _certificates(book, met, all_of),
        "synthetic": book.context.synthetic,
        "notes": _notes(book),
    }


def _notes(book: Book) -> list[Markup]:
    """The document's own notes, and what every interval of the account takes for granted."""
    told = narrative.earning_limits(book)[:_MOST_LIMITS]
    notes = [*(name(note) for note in book.context.notes), *limits.quotas_besides(book, told)]
    if book.rows("account"):
        notes.append(_independence(book))
    return notes + [_remark(book, row) for row in book.rows("remarks", source="plan")]


def _independence(book: Book) -> Markup:
    """What intervals take for granted of errors that last: what the document declares of them, else independence."""
    declared = book.frame("influences").filter(shared=True)["tag"].unique(maintain_order=True).to_list()
    if declared:
        form = _(
            "Intervals count the errors that the document declares as lasting or shared ({names}); all others are "
            "taken as independent from week to week."
        )
        return say(form, names=listed([name(tag) for tag in declared[:_MOST_SHARED]]))
    form = _(
        "Intervals take a meter's errors in different weeks as independent, unless the document declares errors that "
        "last or are shared; undeclared ones make them wider."
    )
    return say(form)


def _remark(book: Book, row: int) -> Markup:
    """What the plan had to take otherwise than declared."""
    words = {column: book.word("remarks", row, column) for column in ("path", "found", "expected", "way_out")}
    return say(_("{path}: {found}, declared {expected}. {way_out}."), **words)


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
