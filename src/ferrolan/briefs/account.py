"""The metallurgical account of a month as files: one page for screen and A4, one CSV file a table, one Excel workbook.

``write_account(tables, context, html=Path("march.html"))``. In the page readings alone (primary) and reconciled values
(secondary) stand in separate columns, and every number quotes the cell it came from; no script, no outside request.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl
from markupsafe import Markup

from ferrolan.base.errors import ProblemError
from ferrolan.base.language import _
from ferrolan.briefs.write import page
from ferrolan.records.exports import export
from ferrolan.records.whole import put
from ferrolan.records.workbook import workbook
from ferrolan.views import accounted, accused, metal, meters, reconciled, trust
from ferrolan.views.accounted import OPEN, Standing
from ferrolan.views.cells import NOTHING, Book, name, say
from ferrolan.views.context import Context
from ferrolan.views.metal import PRIMARY, SECONDARY, Part
from ferrolan.views.tables import open_book
from ferrolan.views.words import month_name

_MOST_MISSED = 15

Tables = Mapping[str, pl.DataFrame]


def write_account(
    tables: Tables,
    context: Context,
    *,
    csv: Path | None = None,
    xlsx: Path | None = None,
    html: Path | None = None,
    of: str | None = None,
    period: int | None = None,
    standing: Standing = OPEN,
) -> tuple[Path, ...]:
    """Write the account in the forms that are asked for.

    Parameters
    ----------
    tables, context
        Of the run.
    csv
        Folder of one CSV file a table, and ``about.csv``.
    xlsx, html
        File of the workbook, of the page.
    of, period
        Scope and period that are told of; the site and the whole account without them.
    standing
        Whether the month is locked.

    Returns
    -------
    The files, in the order in which they were written.

    Raises
    ------
    SurroundingsError
        If the disk refuses.
    ProblemError
        If a table has more rows than a sheet of Excel can hold.
    """
    shown = accounted.selected(tables, of, period)
    about = accounted.about(tables, context, of, period, standing)
    files: dict[Path, bytes] = {}
    if csv is not None:
        files[csv / "about.csv"] = export(pl.DataFrame({"what": list(about), "is": list(about.values())}), "csv")
        files |= {csv / f"{table}.csv": export(frame, "csv") for table, frame in shown.items()}
    if xlsx is not None:
        files[xlsx] = _workbook(shown, about, context.currency)
    if html is not None:
        files[html] = render_account(tables, context, of=of, period=period, standing=standing).encode()
    for file, content in files.items():
        put(file, content)
    return tuple(files)


def render_account(
    tables: Tables, context: Context, *, of: str | None = None, period: int | None = None, standing: Standing = OPEN
) -> str:
    """The account's HTML; the same tables and context give the same text. Parameters as for ``write_account``."""
    book = open_book(tables, context)
    part = Part(metal.site(book) if of is None else of, period)
    return page("account.html.j2", _content(book, part, standing))


def _workbook(shown: Tables, about: Mapping[str, str], currency: str) -> bytes:
    try:
        return workbook(shown, about, currency=currency)
    except ValueError as error:
        raise ProblemError(f"{error}; or write the account with --csv") from error


def _content(book: Book, part: Part, standing: Standing) -> dict[str, object]:
    told, traces = metal.recoveries(book, part)
    whole = part == Part(metal.site(book))
    return {
        "context": book.context,
        "lang": _("en"),
        "title": _title(book, part),
        "month": name(month_name(book.context.month or "")),
        "standing": accounted.closed(standing),
        "grade": trust.grade(book),
        "verdict": meters.account_verdict(book) or say(_("Not answered: needs a reconciled account.")),
        "test": reconciled.global_test(book),
        "groups": [_group(book, component, rows) for component, rows in metal.components(book, part).items()],
        "unaccounted": list(trust.unaccounted(book, part)),
        "outside": list(accounted.outside(book, part)),
        "recoveries": told,
        "traces": name(str(traces)) if traces else "",
        "missed": [_missed(book, row) for row in accounted.missed_targets(book)[:_MOST_MISSED]] if whole else [],
        "unchecked": list(accounted.unchecked(book)) if whole else [],
        "provisional": list(accounted.provisional(book)),
        "counts": list(accounted.counts(book)),
        "better": list(accounted.better(book, None if part.scope == metal.site(book) else part.scope)),
        "suspects": suspects(book, part.period),
        "run": say(_("run {id}"), id=book.word("view_run", 0, "run_id")),
        "code": say(_("Ferrolan {version}"), version=book.word("view_run", 0, "code_version")),
        "cut": say(_("account to {time}"), time=book.word("view_run", 0, "data_cut")) if book.context.data_cut else "",
    }


def suspects(book: Book, period: int | None = None) -> list[Markup]:
    """What may be wrong, a paragraph a class; the suspect meters alone where the run holds no longer list."""
    if not accused.has_list(book):
        return [
            meters.suspicion(book, rows[0]) + "." for rows in meters.classes(book) if not meters.echoes(book, rows[0])
        ]
    return [
        Markup(" ").join(line for line in accused.sentences(book, rows) if line)
        for rows in accused.classes(book, period)
    ]


def _title(book: Book, part: Part) -> Markup:
    return say(_("Metallurgical account: {part}"), part=metal.part_name(book, part))


def _group(book: Book, component: str, rows: tuple[int | None, int | None]) -> dict[str, object]:
    """One component: its name with the unit, and a row a line with both accounts."""
    magnitude = metal.size(book, rows)
    read, made = rows
    return {
        "name": metal.component_name(book, component, magnitude),
        "exceeds": metal.exceeds(book, read),
        "lines": [
            {
                "name": accounted.heading(line),
                "unaccounted": line == "unaccounted",
                "primary": metal.cell(book, PRIMARY, read, line, magnitude),
                "secondary": NOTHING if line == "unaccounted" else metal.cell(book, SECONDARY, made, line, magnitude),
            }
            for line in metal.LINES
        ],
    }


def _missed(book: Book, row: int) -> dict[str, Markup]:
    figure, asked, secondary, primary = accounted.target_cells(book, row)
    return {"figure": figure, "asked": asked, "secondary": secondary, "primary": primary}
