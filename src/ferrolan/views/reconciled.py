"""What `ferrolan reconcile` prints: how far the account can be trusted, and what stands in the way.

The grade with its grounds; whether the balances pass; what may be wrong, class by class; the readings that moved most;
streams that nobody drew; where a robust estimator sees it otherwise; what the meters do not determine; what the intake
remarked. Each part is silent where it has nothing to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl
from markupsafe import Markup

from ferrolan.base.language import _, ngettext
from ferrolan.views import accused, meters, scope, taken, trust
from ferrolan.views.cells import NOTHING, Book, name, plain, say
from ferrolan.views.columns import in_columns, titled
from ferrolan.views.context import Context
from ferrolan.views.spans import span_name
from ferrolan.views.tables import open_book
from ferrolan.views.words import formula, listed

MOST = 10
"""Adjustments that are told where nobody says how many."""
INTAKE = ("frozen", "other_unit", "out_of_range")
"""Codes of remarks on readings that came in but look wrong."""

_MOST_STREAMS = 3
_MOST_UNSEEN = 4
_MOST_TAGS = 6

Tables = Mapping[str, pl.DataFrame]


def lines(tables: Tables, context: Context, *, most: int = MOST, period: int | None = None) -> Iterator[str]:
    """The account in full, for a terminal.

    Parameters
    ----------
    tables, context
        Of the run.
    most
        Adjustments to tell at most.
    period
        Number of one period, to tell of it alone; the whole account without one.
    """
    book = open_book(tables, context)
    if scope.missing(book, *scope.PLANT_DATA):
        yield from map(plain, scope.missing_sentences(book, *scope.PLANT_DATA))
        return
    yield plain(say(_("{title}, {span}."), title=name(context.title), span=span_name(context, period)))
    yield from _told(trust.grade(book), meters.raw_data(book))
    yield from intake_lines(book)
    yield from _told(meters.account_verdict(book) or say(_("The balances were not reconciled.")), global_test(book))
    yield from titled(_("What may be wrong"), suspect_lines(book, period))
    yield from titled(adjustments_title(book, most, period), adjustment_lines(book, most, period))
    yield from titled(_("Streams that are missing"), (plain(line) for line in missing_streams(book)))
    yield from titled(_("A robust estimator"), (plain(line) for line in robust(book)))
    yield from titled(_("Not determined by these meters"), (plain(line) for line in unseen(book, period)))


def intake_lines(book: Book) -> Iterator[str]:
    """What the intake remarked about readings, and what a lock refused."""
    yield from taken.remark_lines(of_intake(book.frame("remarks")))


def of_intake(remarks: pl.DataFrame) -> pl.DataFrame:
    """Remarks on readings that look wrong, and on an account that a lock refused; the plan's remarks belong to the plan."""
    return remarks.filter(pl.col("source") != "plan", pl.col("code").is_in([*INTAKE, _RESTATED]))


_RESTATED = "restated_account"


def global_test(book: Book) -> Markup:
    """The global test in numbers; nothing where there was none."""
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


def suspect_lines(book: Book, period: int | None = None) -> Iterator[str]:
    """What may be wrong, class by class, each with the reading that would decide; at which level all names hold together."""
    if not accused.has_list(book):
        yield from (plain(line) for line in _suspect_meters(book))
        return
    found = accused.classes(book, period)
    for number, rows in enumerate(found, start=1):
        first, *more = (plain(line) for line in accused.sentences(book, rows) if line)
        yield f"{number}. {first[:1].upper()}{first[1:]}"
        yield from (f"   {line}" for line in more)
    if found:
        yield plain(level(book))
    yield from (plain(line) for line in meters.still_inside(book))


def level(book: Book) -> Markup:
    """How probable any false name in the whole list is."""
    share = book.number("gross_errors", 0, "level", digits=1)
    return say(_("Where nothing is wrong, a list like this names anything at all in {share} of accounts."), share=share)


def adjustments_title(book: Book, most: int, period: int | None) -> str:
    """How many of how many readings or meters are shown."""
    count = len(adjusted(book, period))
    shown = min(most, count)
    return _("Largest adjustments, {shown} of {count} by |z|").format(shown=shown, count=count)


def adjustment_lines(book: Book, most: int, period: int | None = None) -> Iterator[str]:
    """The readings that moved most: tag, what it reads, read and reconciled, change, |z|; a mark beyond the critical value."""
    rows = adjusted(book, period)[:most]
    if not rows:
        return
    head = (_("tag"), _("what"), _("read"), _("reconciled"), _("change"), "|z|", "")
    cells = [_adjustment(book, row, period) for row in rows]
    yield from in_columns([head, *cells], right=(2, 3, 4, 5))
    if any(cell[-1] for cell in cells):
        critical = book.number("balance_tests", _measured_test(book), "critical", pure=True)
        yield plain(say(_("! beyond {critical}, the critical value for so many readings"), critical=critical))


def missing_streams(book: Book) -> Iterator[Markup]:
    """Nodes that lose or gain the same in every period, as if a stream were not drawn."""
    table, nodes = (
        "missing_streams",
        dict.fromkeys(
            (book.text("missing_streams", row, "node"), book.text("missing_streams", row, "direction"))
            for row in book.rows("missing_streams")
        ),
    )
    for node, direction in list(nodes)[:_MOST_STREAMS]:
        yield _missing_stream(book, book.rows(table, node=node, direction=direction))


def robust(book: Book) -> Iterator[Markup]:
    """Where a robust estimator and least squares name different meters; that they agree is said in one sentence."""
    frame = book.frame("robust")
    if frame.is_empty():
        return
    apart = frame.filter(pl.col("agrees").not_())
    if apart.is_empty():
        yield say(_("It names the same meters as least squares."))
        return
    named, spared = (
        apart.filter(pl.col("suspect") == suspect)["tag"].unique(maintain_order=True) for suspect in (False, True)
    )
    if named.len():
        yield say(_("It doubts {tags}, too; least squares does not."), tags=_tags(named.to_list()))
    if spared.len():
        yield say(_("It does not doubt {tags}, which least squares suspects."), tags=_tags(spared.to_list()))


def unseen(book: Book, period: int | None = None) -> Iterator[Markup]:
    """What the meters do not determine: how many quantities, the first of them, and why."""
    rows = [row for row in book.rows("account", status="unobservable") if _is_of(book, row, period)]
    groups: dict[str, list[int]] = {}
    for row in rows:
        groups.setdefault(book.text("account", row, "reason"), []).append(row)
    if rows:
        form = ngettext(
            "{count} quantity of {all} is not determined.", "{count} quantities of {all} are not determined.", len(rows)
        )
        yield say(form, count=name(str(len(rows))), all=name(str(_all_of(book, period))))
    for reason, same in sorted(groups.items(), key=lambda item: -len(item[1]))[:_MOST_UNSEEN]:
        named = dict.fromkeys(plain(accused.quantity(book, row, table="account")) for row in same)
        yield say(_("{what}: {reason}."), what=_some(list(named)), reason=reason.replace("`", ""))
    if len(groups) > _MOST_UNSEEN:
        yield say(_("and {count} more reasons"), count=name(str(len(groups) - _MOST_UNSEEN)))


def _told(*found: Markup | None) -> Iterator[str]:
    return (plain(line) for line in found if line)


def _suspect_meters(book: Book) -> Iterator[Markup]:
    """The suspect meters alone, where the run holds no longer list."""
    for rows in meters.classes(book):
        if meters.echoes(book, rows[0]):
            form = _("{tags}: only as an echo, not once those above are allowed for.")
            yield say(form, tags=meters.tags_of(book, rows, either=True))
            continue
        parts = {column: book.number("suspects", rows[0], column, pure=True) for column in ("z", "critical")}
        form = _("{suspicion}: statistic {z} against a critical {critical}.")
        yield say(form, suspicion=meters.suspicion(book, rows[0]), **parts)
    yield from meters.still_inside(book)


def adjusted(book: Book, period: int | None) -> list[int]:
    """Rows of the adjusted meters, or of the readings of one period, the largest |z| first."""
    if period is None:
        return book.rows("view_adjustments")
    sized = {row: book.real("account", row, "z") for row in book.rows("account", period=period)}
    read = [row for row, z in sized.items() if z is not None and book.real("account", row, "measured") is not None]
    return sorted(read, key=lambda row: -abs(sized[row] or 0.0))


def _adjustment(book: Book, row: int, period: int | None) -> tuple[Markup | str, ...]:
    table, z = ("view_adjustments", "largest_z") if period is None else ("account", "z")
    sd, size = book.real(table, row, "sd"), book.real(table, row, "value")
    return (
        name(book.text(table, row, "tag")),
        accused.quantity(book, row, table=table),
        book.number(table, row, "measured", spread=sd, bare=True, magnitude=size),
        book.number(table, row, "value", spread=sd, magnitude=size),
        book.number(table, row, "relative", digits=2, signed=True) if period is None else _change(book, row),
        book.number(table, row, z, digits=2, pure=True, absolute=True),
        "!" if abs(book.real(table, row, z) or 0.0) > _critical(book) else "",
    )


def _change(book: Book, row: int) -> Markup | str:
    """Change of one reading, in its own unit: the tables hold no such share."""
    measured, value = (book.real("account", row, column) for column in ("measured", "value"))
    if not measured or value is None:
        return NOTHING
    return f"{100.0 * (value / measured - 1.0):+.2g} %"


def _measured_test(book: Book) -> int | None:
    return book.row("balance_tests", test="measurement")


def _critical(book: Book) -> float:
    return book.real("balance_tests", _measured_test(book), "critical") or float("inf")


def _missing_stream(book: Book, rows: list[int]) -> Markup:
    table, first = "missing_streams", rows[0]
    whole = next((row for row in rows if book.text(table, row, "component") == "dry_mass"), first)
    shares = [row for row in rows if book.real(table, row, "share") is not None][:_MOST_UNSEEN]
    parts = {
        "node": listed([book.context.name(part) for part in book.text(table, first, "node").split("+")]),
        "flow": book.number(table, whole, "flow", spread=book.real(table, whole, "flow_sd"), absolute=True),
        "component": name(formula(book.text(table, whole, "component"))),
        "shares": Markup(", ").join(_share(book, row) for row in shares),
        "same": book.number(table, whole, "same_sign", digits=None),
        "periods": book.number(table, whole, "periods", digits=None),
        "stream": book.context.name(book.text(table, whole, "resembles")),
    }
    leaves = book.text(table, first, "direction") == "leaves"
    told = say(
        _("{node} loses {flow} of {component} unseen, in {same} of {periods} periods")
        if leaves
        else _("{node} gains {flow} of {component} unseen, in {same} of {periods} periods"),
        **parts,
    )
    if shares:
        told = say(_("{told}; it would hold {shares}"), told=told, shares=parts["shares"])
    if not book.text(table, whole, "resembles"):
        return say(_("{told}."), told=told)
    return say(_("{told}. A wrong meter of {stream} would explain as much."), told=told, stream=parts["stream"])


def _share(book: Book, row: int) -> Markup:
    spread = book.real("missing_streams", row, "share_sd")
    share = book.number("missing_streams", row, "share", spread=spread)
    return say(
        "{share} {component}", share=share, component=name(formula(book.text("missing_streams", row, "component")))
    )


def _tags(tags: list[str]) -> Markup:
    if len(tags) <= _MOST_TAGS:
        return listed([name(tag) for tag in tags])
    shown = Markup(", ").join(name(tag) for tag in tags[:_MOST_TAGS])
    return say(_("{tags} and {count} others"), tags=shown, count=name(str(len(tags) - _MOST_TAGS)))


def _some(names: list[str]) -> Markup:
    """The first few of several names."""
    if len(names) <= _MOST_UNSEEN:
        return listed(names)
    shown = Markup(", ").join(say("{one}", one=one) for one in names[:_MOST_UNSEEN])
    return say(_("{names} and {count} others"), names=shown, count=name(str(len(names) - _MOST_UNSEEN)))


def _is_of(book: Book, row: int, period: int | None) -> bool:
    return period is None or book.real("account", row, "period") == period


def _all_of(book: Book, period: int | None) -> int:
    return book.frame("account").height if period is None else len(book.rows("account", period=period))
