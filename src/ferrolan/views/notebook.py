"""Results in a notebook: the brief's sentences and figures beside the first rows of their tables, as static HTML.

``plan`` in the last line of a cell becomes its gain, the figure of its limits and the first twenty rows of each table,
units in the header. It works offline and in exported files: no script, nothing from outside. Importing this module
fills the registry of ``base/showing.py``; what stands above the views registers its own with the functions here.
Numbers of a table stand in the canonical unit of their column; ``¤`` is the document's currency where nobody says which.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl
from markupsafe import Markup

from ferrolan.base.language import _, ngettext
from ferrolan.base.showing import Shown, register
from ferrolan.base.tables import TABLES, Table
from ferrolan.base.units import CURRENCY
from ferrolan.enterprise.document import Enterprise
from ferrolan.enterprise.origins import synthetic_values
from ferrolan.facts import Fact, Source
from ferrolan.market import Clearing
from ferrolan.planning import Plan
from ferrolan.process.cascade.design import Design
from ferrolan.process.cascade.train import Profile
from ferrolan.reconciliation import Reconciled
from ferrolan.studies.concentrate import ConcentrateStudy
from ferrolan.views import figures, narrative, process_figures, scope, summary, trains
from ferrolan.views.cells import Book, say
from ferrolan.views.context import Context
from ferrolan.views.figures import Figure
from ferrolan.views.numbers import DASH, show
from ferrolan.views.tables import VIEWS, open_book

MOST_ROWS = 20
"""Rows of a table that are shown."""

_MOST_TABLES = 5
_MOST_LIMITS = 6
_FIGURES = 6
_NAMESPACE = ' xmlns="http://www.w3.org/2000/svg"'  # HTML needs none, and nothing here shall look like an address


@dataclass(frozen=True)
class TableView(Shown):
    """A table of a run or of the public record, to be shown: ``TableView(facts.find(file="prices"), "facts")``.

    ``name`` is that of its declaration in ``base/tables.py``, which knows the units.
    """

    frame: pl.DataFrame
    name: str
    currency: str = CURRENCY


def table_html(frame: pl.DataFrame, name: str, currency: str = CURRENCY) -> Markup:
    """The first rows of a table, units in the header, and how many rows there are.

    Parameters
    ----------
    frame
        The table.
    name
        Name of its declaration; a table that is not declared has no units.
    currency
        What ``¤`` stands for.
    """
    declared = TABLES.get(name) or VIEWS.get(name)
    head = Markup("").join(_header(column, declared, currency) for column in frame.columns)
    body = Markup("").join(_row(row) for row in frame.head(MOST_ROWS).iter_rows())
    form = Markup('<table class="ferrolan"><caption>{}</caption><thead><tr>{}</tr></thead><tbody>{}</tbody></table>{}')
    return form.format(_caption(name, declared), head, body, _total(frame))


def run_html(tables: Mapping[str, pl.DataFrame], context: Context) -> str:
    """A finished run: what it found in the words of the terminal, its first figure, and which tables it has."""
    book = open_book(tables, context)
    lines = Markup("").join(Markup("<li>{}</li>").format(line) for line in summary.lines(tables, context))
    sizes = pl.DataFrame(
        [(name, frame.height) for name, frame in sorted(tables.items()) if frame.height and name in TABLES],
        schema={"table": pl.String, "rows": pl.Int64},
        orient="row",
    )
    title = say("{title}, {run}", title=context.title, run=context.run_id)
    found = Markup("<p><b>{}</b></p><ul>{}</ul>").format(narrative.title(book), lines)
    return _page(title, [found, _drawn(_first_figure(book)), _all_rows(sizes)])


def account_html(tables: Mapping[str, pl.DataFrame]) -> str:
    """A reconciled month: whether its balances pass, which meters stand out, and its tables."""
    context = _bare()
    told = Markup("").join(Markup("<li>{}</li>").format(line) for line in summary.account_lines(tables, context))
    return _page(_("Account"), [Markup("<ul>{}</ul>").format(told), *_tables(tables, _ACCOUNT_TABLES)])


def tables_html(title: str, tables: Mapping[str, pl.DataFrame]) -> str:
    """A few tables under a title."""
    return _page(title, _tables(tables, tuple(tables)))


def told_html(
    title: str, lines: Iterable[str], tables: Mapping[str, pl.DataFrame], figure: Figure | None = None
) -> str:
    """The lines that a terminal shows of a result, its figure, and its tables."""
    items = Markup("").join(Markup("<li>{}</li>").format(line) for line in lines)
    return _page(title, [Markup("<ul>{}</ul>").format(items), _drawn(figure), *_tables(tables, tuple(tables))])


_ACCOUNT_TABLES = ("balance_tests", "suspects", "closure", "account")


def _plan_html(plan: Plan) -> str:
    tables = {"plan_limits": plan.limits, "plan_flows": plan.flows, "plan_activities": plan.activities}
    book = open_book(tables, _bare(plan_months=tuple(plan.problem.months)))
    rows = narrative.earning_limits(book)[:_MOST_LIMITS]
    gain = show(plan.objective, CURRENCY).full
    told = Markup("<p>{}</p>").format(
        _("The plan gains {gain} over {months} months.").format(gain=gain, months=len(plan.problem.months))
    )
    figure = figures.limits(book, rows, narrative.figure_titles(book)["limits"])
    return _page(_("Plan"), [told, _drawn(figure), *_tables(tables, tuple(tables))])


def _reconciled_html(reconciled: Reconciled) -> str:
    tables = {
        "account": reconciled.account,
        "closure": reconciled.closure,
        "balance_tests": reconciled.tests,
        "suspects": reconciled.suspects,
    }
    return account_html(tables)


def _clearing_html(clearing: Clearing) -> str:
    tables = {
        "market": clearing.market,
        "market_parties": clearing.parties,
        "certificates": clearing.certificates,
    }
    return tables_html(_("Market, {scenario}").format(scenario=clearing.scenario), tables)


def _study_html(study: ConcentrateStudy) -> str:
    tables = {"concentrate_value": study.value, "value_draws": study.draws}
    book = open_book(tables, _bare(seller=study.trade.seller, buyer=study.trade.buyer))
    figure = figures.concentrate(book, say(_("What a tonne of concentrate is worth")))
    return _page(_("Transfer price"), [_drawn(figure), *_tables(tables, tuple(tables))])


def _profile_html(profile: Profile) -> str:
    return told_html(_("Train"), trains.profile_lines(profile), {}, process_figures.stage_profile(profile))


def _design_html(design: Design) -> str:
    lines = (*trains.profile_lines(design.profile), *design.reasons)
    return told_html(_("Train, designed"), lines, {}, process_figures.stage_profile(design.profile))


def _enterprise_html(enterprise: Enterprise) -> str:
    made_up, declared = synthetic_values(enterprise)
    counts = {
        _("units"): len(enterprise.units),
        _("streams"): len(enterprise.streams),
        _("commodities"): len(enterprise.commodities),
        _("quotas"): len(enterprise.quotas),
        _("sources"): len(enterprise.sources),
        _("tags"): len(enterprise.tags),
        _("questions put to the plan"): len(enterprise.what_if),
        _("declared values"): declared,
        _("synthetic among them"): made_up,
    }
    asked = {
        _("account"): None if enterprise.account is None else enterprise.account.month,
        _("transfer price"): None if enterprise.concentrate is None else enterprise.concentrate.transfer,
        _("market"): None if enterprise.market is None else enterprise.market.year,
        _("currency"): enterprise.enterprise.currency,
        _("document"): enterprise.path.name,
    }
    rows: list[tuple[str, object]] = [*asked.items(), *counts.items()]
    return _page(enterprise.title, [_pairs(rows)])


def _fact_html(fact: Fact) -> str:
    told = (fact.value if fact.text is None else fact.text, fact.unit, fact.basis, fact.tax)
    rows: list[tuple[str, object]] = [
        (_("figure"), " ".join(str(part) for part in told if part not in (None, ""))),
        (_("of"), " / ".join(part for part in (fact.file, fact.section, fact.fact, fact.key) if part)),
        (_("period"), fact.period),
        (_("source"), "; ".join(str(citation) for citation in fact.citations)),
        (_("confidence"), fact.confidence),
        (_("note"), fact.note),
    ]
    return _page(_("Public figure"), [_pairs(rows)])


def _source_html(source: Source) -> str:
    rows: list[tuple[str, object]] = [
        (_("publisher"), source.publisher),
        (_("date"), source.date),
        (_("tier"), source.tier),
        (_("read"), source.read),
        (_("note"), source.note),
    ]
    return _page(source.id, [_pairs(rows)])


def _bare(**known: object) -> Context:
    """The context of a result that is shown alone: no names, and money in whatever the document counts in."""
    values: dict[str, object] = {
        "title": "",
        "month": None,
        "plan_months": (),
        "run_id": "",
        "code_version": "",
        "data_cut": None,
        "seed": 0,
        "synthetic": False,
        "currency": CURRENCY,
        **known,
    }
    return Context(**values)  # type: ignore[arg-type]  # the caller names fields of Context


def _first_figure(book: Book) -> Figure | None:
    titles = narrative.figure_titles(book)
    if scope.values_concentrate(book):
        return figures.concentrate(book, titles["concentrate"])
    return figures.replies(book, titles["replies"])


def _page(title: Markup | str, parts: Iterable[Markup]) -> str:
    return str(Markup("<div><h4>{}</h4>{}</div>").format(title, Markup("").join(parts)))


def _drawn(figure: Figure | None) -> Markup:
    if figure is None:
        return Markup("")
    drawing = Markup(str(figure.svg).replace(_NAMESPACE, ""))
    form = Markup("<figure><figcaption><b>{}</b> {}</figcaption>{}</figure>")
    return form.format(figure.title, figure.caption, drawing)


def _tables(tables: Mapping[str, pl.DataFrame], names: Iterable[str], currency: str = CURRENCY) -> list[Markup]:
    """Each of the named tables that has rows."""
    shown = [name for name in names if name in tables and tables[name].height]
    return [table_html(tables[name], name, currency) for name in shown[:_MOST_TABLES]]


def _caption(name: str, declared: Table | None) -> Markup:
    if declared is None:
        return Markup("<b>{}</b>").format(name)
    return Markup("<b>{}</b>: {}").format(name, _("a row is {row}").format(row=declared.row))


def _header(column: str, declared: Table | None, currency: str) -> Markup:
    spec = None if declared is None else declared.columns.get(column)
    if spec is None or not spec.unit:
        return Markup('<th scope="col">{}</th>').format(column)
    unit = spec.unit.removeprefix("see ").replace(CURRENCY, currency)
    return Markup('<th scope="col" title="{}">{} [{}]</th>').format(spec.meaning, column, unit)


def _row(row: tuple[object, ...]) -> Markup:
    return Markup("<tr>{}</tr>").format(Markup("").join(Markup("<td>{}</td>").format(_cell(value)) for value in row))


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return DASH
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, float):
        return _number(value) if math.isfinite(value) else _("no limit")
    return ", ".join(str(part) for part in value) if isinstance(value, list) else str(value)


def _number(value: float) -> str:
    """A number in six figures, without the noughts that end it."""
    text = show(value, "", digits=_FIGURES).text
    return text.rstrip("0").rstrip(".") if "." in text else text


def _total(frame: pl.DataFrame) -> Markup:
    if frame.height <= MOST_ROWS:
        return Markup("<p>{}</p>").format(
            ngettext("{count} row", "{count} rows", frame.height).format(count=frame.height)
        )
    return Markup("<p>{}</p>").format(
        _("the first {shown} of {count} rows").format(shown=MOST_ROWS, count=show(frame.height, "", digits=None).text)
    )


def _all_rows(frame: pl.DataFrame) -> Markup:
    body = Markup("").join(_row(row) for row in frame.iter_rows())
    head = Markup("").join(Markup('<th scope="col">{}</th>').format(column) for column in frame.columns)
    form = Markup('<table class="ferrolan"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>')
    return form.format(head, body)


def _pairs(rows: Iterable[tuple[str, object]]) -> Markup:
    form = Markup('<tr><th scope="row">{}</th><td>{}</td></tr>')
    body = Markup("").join(form.format(key, _cell(value)) for key, value in rows if value not in (None, ""))
    return Markup('<table class="ferrolan"><tbody>{}</tbody></table>').format(body)


register(TableView, lambda view: str(table_html(view.frame, view.name, view.currency)))
register(Plan, _plan_html)
register(Reconciled, _reconciled_html)
register(Clearing, _clearing_html)
register(ConcentrateStudy, _study_html)
register(Profile, _profile_html)
register(Design, _design_html)
register(Enterprise, _enterprise_html)
register(Fact, _fact_html)
register(Source, _source_html)
