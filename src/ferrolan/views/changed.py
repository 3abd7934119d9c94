"""What would change, and what has: an account without a meter beside the one with it, and an account made again.

"Without WT-214: grade C becomes B; the global test 402.4 on 385 becomes 361.0 on 380; Fe into rolled steel 82.50 ± 0.54 %
becomes 82.47 ± 0.55 %." Nothing here signs anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl
from markupsafe import Markup

from ferrolan.base.language import _, ngettext
from ferrolan.records.changes import Preview, Replay
from ferrolan.views import accused, metal, meters
from ferrolan.views.cells import Book, name, plain, say
from ferrolan.views.columns import in_columns, titled
from ferrolan.views.context import Context
from ferrolan.views.spans import span_name
from ferrolan.views.tables import open_book
from ferrolan.views.words import formula

MOST = 10
"""Changed values that are told."""


def preview_lines(preview: Preview, context: Context, *, most: int = MOST) -> Iterator[str]:
    """What the account would become, for a terminal: grade, global test, suspects, key figures, the largest changes.

    Parameters
    ----------
    preview
        Both accounts and what differs.
    context
        Titles and names.
    most
        Changed values to tell at most.
    """
    before, after = (
        open_book(tables, context) for tables in (_whole(preview, after=False), _whole(preview, after=True))
    )
    parts = {"tag": name(preview.tag), "span": span_name(context, None)}
    form = (
        _("Preview, nothing is signed: {span} with {tag} again.")
        if preview.back
        else _("Preview, nothing is signed: {span} without {tag}.")
    )
    yield plain(say(form, **parts))
    if before.rows("grade") and after.rows("grade"):
        grades = (name(book.text("grade", 0, "grade")) for book in (before, after))
        yield plain(say(_("Grade: {before} -> {after}."), **dict(zip(("before", "after"), grades, strict=True))))
    yield plain(say(_("Global test: {before} -> {after}."), before=_tested(before), after=_tested(after)))
    yield plain(say(_("Then: {verdict}"), verdict=meters.account_verdict(after) or _("nothing is tested.")))
    yield from titled(_("Key figures"), _key_figures(before, after))
    count = preview.changes.height
    title = ngettext(
        "{count} reconciled value changes",
        "{count} reconciled values change, the first {most} by their standard deviations",
        count,
    )
    yield from titled(title.format(count=count, most=min(most, count)), changed_lines(preview.changes, context, most))


def replay_lines(replay: Replay, context: Context, *, most: int = MOST) -> Iterator[str]:
    """Whether a kept account came out the same again, else what differs first, and the values that do."""
    if replay.equal:
        yield _("Run {run}: the account came out the same, bit by bit.").format(run=replay.run)
    else:
        form = _("Run {run}: {differs} differs: {found} now, {expected} then.")
        yield form.format(run=replay.run, differs=replay.differs, found=replay.found, expected=replay.expected)
    if replay.code_changed:
        yield _("The code or a library is another one than then.")
    if replay.changes.height:
        title = ngettext("{count} reconciled value differs", "{count} reconciled values differ", replay.changes.height)
        yield from titled(title.format(count=replay.changes.height), changed_lines(replay.changes, context, most))


def changed_lines(changes: pl.DataFrame, context: Context, most: int = MOST) -> Iterator[str]:
    """The values that change most, in standard deviations, those that come or go first."""
    ordered = changes.with_columns(pl.col("in_sds").fill_null(float("inf"))).sort(
        "in_sds", descending=True, maintain_order=True
    )
    book = open_book({"account_changes": ordered.with_columns(in_sds=_finite("in_sds"))}, context)
    rows = range(min(most, ordered.height))
    if not rows:
        return
    head = (_("what"), _("period"), _("before"), _("after"), _("sds"))
    yield from in_columns([head, *(_change(book, row) for row in rows)], right=(1, 2, 3, 4))


def _whole(preview: Preview, *, after: bool) -> Mapping[str, pl.DataFrame]:
    """The tables of one side; tests and suspects alone where the preview holds no more."""
    held = preview.after if after else preview.before
    tests = preview.tests_after if after else preview.tests_before
    return {"balance_tests": tests, **({"suspects": preview.suspects_after} if after else {}), **held}


def _tested(book: Book) -> Markup:
    test = book.row("balance_tests", test="global")
    if test is None or book.real("balance_tests", test, "statistic") is None:
        return say(_("not tested"))
    return say(
        _("{statistic} on {df} degrees of freedom (p = {p})"),
        statistic=book.number("balance_tests", test, "statistic", digits=4, pure=True),
        df=book.number("balance_tests", test, "df", digits=None),
        p=book.number("balance_tests", test, "p_value", digits=2, pure=True),
    )


def _key_figures(before: Book, after: Book) -> Iterator[str]:
    """Unaccounted by readings alone, and the main recovery, of each component, before and after."""
    rows = [*_closures(before, after), *_recoveries(before, after)]
    if rows:
        yield from in_columns([("", _("before"), _("after")), *rows], right=(1, 2))


def _closures(before: Book, after: Book) -> Iterator[tuple[Markup, Markup, Markup]]:
    for row in metal.widest(before):
        component, whose = (before.text(metal.PRIMARY, row, column) for column in ("component", "scope"))
        other = after.row(metal.PRIMARY, scope=whose, component=component, span="account")
        size = abs(before.real(metal.PRIMARY, row, "receipts") or 0.0)
        if before.real(metal.PRIMARY, row, "unaccounted") is None:
            continue
        form = _("{component} unaccounted, {scope}")
        yield (
            say(
                form,
                component=metal.component_name(before, component, size),
                scope=name(metal.scope_name(before, whose)),
            ),
            metal.cell(before, metal.PRIMARY, row, "unaccounted", size),
            metal.cell(after, metal.PRIMARY, other, "unaccounted", size),
        )


def _recoveries(before: Book, after: Book) -> Iterator[tuple[Markup, Markup, Markup]]:
    part = metal.Part(metal.site(before))
    for component in metal.components(before, part):
        row = metal.main_recovery(before, component)
        if row is None:
            continue
        product = before.text("recoveries", row, "product")
        cells = {
            "scope": metal.site(after),
            "component": component,
            "product": product,
            "span": "account",
            "method": "secondary",
        }
        form = _("{component} into {product}, reconciled")
        named = say(form, component=name(formula(component)), product=name(before.context.name(product)))
        yield named, metal.share(before, row), metal.share(after, after.row("recoveries", **cells))


def _change(book: Book, row: int) -> tuple[Markup, ...]:
    table, sd = "account_changes", book.real("account_changes", row, "sd")
    size = abs(book.real(table, row, "before") or book.real(table, row, "after") or 0.0)
    return (
        accused.quantity(book, row, table=table),
        book.number(table, row, "period", digits=None),
        book.number(table, row, "before", spread=sd, magnitude=size),
        book.number(table, row, "after", spread=sd, magnitude=size),
        book.number(table, row, "in_sds", digits=2, pure=True),
    )


def _finite(column: str) -> pl.Expr:
    return pl.when(pl.col(column).is_finite()).then(pl.col(column))
