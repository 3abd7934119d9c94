"""What `ferrolan account` prints: the metallurgical account of a month, and how far it can be trusted.

Per component the lines of both accounts, readings above reconciled; what does not close, and why; recoveries; targets
that are missed; what nothing checks; provisional values; counted stocks; whether the month is locked; what a better
meter would bring. Each part is silent where it has nothing to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl
from markupsafe import Markup

from ferrolan.base.language import _, ngettext
from ferrolan.views import metal, scope, trust
from ferrolan.views.cells import NOTHING, Book, name, plain, say
from ferrolan.views.columns import in_columns, titled
from ferrolan.views.context import Context
from ferrolan.views.metal import PRIMARY, SECONDARY, Part
from ferrolan.views.tables import open_book
from ferrolan.views.words import formula, listed

MOST_METERS = 5
"""Better meters that are told."""
_MOST_MISSED = 10
_MOST_UNCHECKED = 8
_MOST_PROVISIONAL = 8
_MOST_MONEY = 3

TABLES_OF_ACCOUNT = (
    "grade", "metal_primary", "metal_secondary", "recoveries", "accuracy", "provisional", "stock_take", "balance_tests",
    "gross_errors", "suspects", "missing_streams", "meter_worth", "meter_money", "influences", "account", "closure",
)  # fmt: skip
"""Tables that are written to files."""
_BY_PERIOD = ("account", "provisional")

Tables = Mapping[str, pl.DataFrame]


@dataclass(frozen=True)
class Standing:
    """Whether the month is locked: the version that is, who signed it, when, and of which run; open without a version."""

    version: int = 0
    who: str = ""
    at: str = ""
    run: str = ""


OPEN = Standing()
"""A month that nobody has locked."""


def lines(
    tables: Tables, context: Context, *, of: str | None = None, period: int | None = None, standing: Standing = OPEN
) -> Iterator[str]:
    """The account for a terminal.

    Parameters
    ----------
    tables, context
        Of the run.
    of
        Name of the site, a company or a unit; the site without one.
    period
        Number of one period; the whole account without one.
    standing
        Whether the month is locked.
    """
    book = open_book(tables, context)
    if not metal.scopes(book):
        why = list(scope.missing_sentences(book, *scope.PLANT_DATA))
        yield from map(plain, why or [say(_("This run holds no metallurgical account; run the month again."))])
        return
    part = Part(metal.site(book) if of is None else of, period)
    yield plain(
        say(_("Metallurgical account: {part}. {standing}"), part=metal.part_name(book, part), standing=closed(standing))
    )
    yield from (plain(line) for line in (trust.grade(book),) if line)
    yield ""
    yield _("Each line ± half its 95 % interval; read: from readings alone, reconciled: from all balances together")
    yield from metal_lines(book, part)
    yield from titled(_("Unaccounted, from readings alone"), map(plain, trust.unaccounted(book, part)))
    yield from titled(_("Not inside"), map(plain, outside(book, part)))
    yield from titled(_("Recoveries"), recovery_lines(book, part))
    if part == Part(metal.site(book)):
        yield from titled(_("Accuracy asked and reached, 95 %"), accuracy_lines(book))
        yield from titled(_("Checked by nothing"), map(plain, unchecked(book)))
    yield from titled(_("Provisional values"), map(plain, provisional(book)))
    yield from titled(_("Counted stocks"), map(plain, counts(book)))
    yield from titled(_("What better meters bring"), map(plain, better(book, of)))


def selected(tables: Tables, of: str | None = None, period: int | None = None) -> dict[str, pl.DataFrame]:
    """The tables of the account, of one scope or one period where one is named: what is written to files."""
    found = {name: tables[name] for name in TABLES_OF_ACCOUNT if name in tables and tables[name].height}
    if of is not None:
        found |= {
            name: frame.filter(pl.col("scope") == of) for name, frame in found.items() if "scope" in frame.columns
        }
    if period is not None:
        own = (pl.col("span") == "period") & (pl.col("first") == period)
        found |= {name: frame.filter(own) for name, frame in found.items() if "span" in frame.columns}
        found |= {name: frame.filter(pl.col("period") == period) for name, frame in found.items() if name in _BY_PERIOD}
    return found


def about(tables: Tables, context: Context, of: str | None, period: int | None, standing: Standing) -> dict[str, str]:
    """What must travel with the account in a workbook: plant, span, scope, run, grade, whether it is locked."""
    book = open_book(tables, context)
    part = Part(metal.site(book) if of is None else of, period)
    told = {
        _("plant"): context.title,
        _("account of"): plain(metal.part_name(book, part)),
        _("run"): context.run_id,
        _("code"): context.code_version,
        _("state"): plain(closed(standing)),
        _("grade"): plain(trust.grade(book) or ""),
        _("primary"): _("metal_primary: from readings alone; what is unaccounted shows"),
        _("secondary"): _("metal_secondary: reconciled; nothing is unaccounted, each line is surer"),
    }
    return told | ({_("data"): _("synthetic")} if context.synthetic else {})


def closed(standing: Standing) -> Markup:
    """Whether the month is locked, as which version, and by whom."""
    if not standing.version:
        return say(_("Open: nobody has locked this month."))
    form = _("Locked as version {version} by {who}, {at}, run {run}.")
    return say(
        form, version=name(str(standing.version)), who=name(standing.who), at=name(standing.at), run=name(standing.run)
    )


def metal_lines(book: Book, part: Part) -> Iterator[str]:
    """Both accounts, a block a component: readings alone, then reconciled; a mark where U is more than chance explains."""
    head: list[Markup | str] = ["", *(heading(line) for line in metal.LINES), ""]
    rows: list[list[Markup | str]] = [head]
    for component, (read, made) in metal.components(book, part).items():
        magnitude = metal.size(book, (read, made))
        rows.append([metal.component_name(book, component, magnitude), *[""] * len(metal.LINES), ""])
        mark = "!" if metal.exceeds(book, read) else ""
        rows.append(
            [f"  {_('read')}", *(metal.cell(book, PRIMARY, read, line, magnitude) for line in metal.LINES), mark]
        )
        rows.append(
            [f"  {_('reconciled')}", *(metal.cell(book, SECONDARY, made, line, magnitude) for line in metal.LINES), ""]
        )
    yield from in_columns(rows, right=range(1, len(metal.LINES) + 1))


def heading(line: str) -> str:
    """A line of the account in words."""
    words = {
        "opening": _("opening"),
        "receipts": _("receipts"),
        "products": _("products"),
        "losses": _("losses"),
        "closing": _("closing"),
        "unaccounted": _("unaccounted"),
    }
    return words[line]


def outside(book: Book, part: Part) -> Iterator[Markup]:
    """Which units do not balance a component, so that what enters them has left the account."""
    for component, (read, _made) in metal.components(book, part).items():
        units = metal.outside(book, read)
        if units:
            form = _("{component}: not balanced in {units}; what goes in there counts as sent out.")
            yield say(form, component=name(formula(component)), units=units)


def recovery_lines(book: Book, part: Part) -> Iterator[str]:
    """Recoveries of the scope, reconciled beside readings alone, and what is not reconciled marked so."""
    told, traces = metal.recoveries(book, part)
    if not told:
        return
    head = (_("of"), _("into"), _("reconciled"), _("read"), "")
    rows = [(one.component, one.product, one.secondary, one.primary, one.note) for one in told]
    yield from in_columns([head, *rows], right=(2, 3))
    if traces:
        form = ngettext(
            "{count} recovery below {least} is not shown.", "{count} recoveries below {least} are not shown.", traces
        )
        yield plain(say(form, count=name(str(traces)), least=name(f"{metal.LEAST_RECOVERY:.1%}".replace("%", " %"))))


def accuracy_lines(book: Book) -> Iterator[str]:
    """How many targets are met, and those that are missed by most."""
    asked = [row for row in book.rows("accuracy") if book.frame("accuracy")["met"][row] is not None]
    if not asked:
        return
    missed = missed_targets(book)
    form = ngettext("{met} of {all} target is met.", "{met} of {all} targets are met.", len(asked))
    yield plain(say(form, met=name(str(len(asked) - len(missed))), all=name(str(len(asked)))))
    if not missed:
        return
    head = (_("missed"), _("asked"), _("reconciled"), _("read"))
    yield from in_columns([head, *(target_cells(book, row) for row in missed[:_MOST_MISSED])], right=(1, 2, 3))
    yield from _more(len(missed) - _MOST_MISSED)


def missed_targets(book: Book) -> list[int]:
    """Rows of the targets that the reconciled account misses, those at a boundary and missed by most first."""
    rows = book.rows("accuracy", met=False)

    def place(row: int) -> tuple[bool, float]:
        reached, target = (book.real("accuracy", row, column) or 0.0 for column in ("secondary", "target"))
        return not book.frame("accuracy")["boundary"][row], -reached / target if target else 0.0

    return sorted(rows, key=place)


def target_cells(book: Book, row: int) -> tuple[Markup, ...]:
    """A figure, what was asked of it, what the reconciled account and the readings alone reach."""
    reached = (book.number("accuracy", row, column, digits=2) for column in ("target", "secondary", "primary"))
    return figure(book, row), *(say("±{half}", half=half) if half != NOTHING else NOTHING for half in reached)


def figure(book: Book, row: int) -> Markup:
    """An accounting figure in words: the flow of slag, Fe in slag, the recovery of Fe into steel."""
    kind, what, component = (book.text("accuracy", row, column) for column in ("figure", "object", "component"))
    parts = {
        "what": name(metal.scope_name(book, what)),
        "component": name(formula(component)),
        "product": name(book.context.name(book.text("accuracy", row, "product"))),
    }
    if kind == "recovery":
        return say(_("{component} from {what} into {product}"), **parts)
    if component and component != "dry_mass":
        return say(_("{component} in {what}"), **parts)
    return say(_("the stock in {what}") if kind == "stock" else _("the flow of {what}"), **parts)


def unchecked(book: Book) -> Iterator[Markup]:
    """Figures at a boundary that no balance checks: the readings, or what they determine, are taken on trust."""
    frame = book.frame("accuracy").with_row_index("_row")
    rows = frame.filter(pl.col("boundary") & (pl.col("redundancy") == 0.0))["_row"].to_list()
    if rows:
        yield _some([figure(book, int(row)) for row in rows], _MOST_UNCHECKED)


def provisional(book: Book) -> Iterator[Markup]:
    """Values that are not final yet: used ones, and those that a settled one replaced, with the restated difference."""
    rows = book.rows("provisional")
    for row in rows[:_MOST_PROVISIONAL]:
        parts = {
            "tag": name(book.text("provisional", row, "tag")),
            "period": book.number("provisional", row, "period", digits=None),
            "value": book.number("provisional", row, "value", spread=book.real("provisional", row, "sigma")),
            "authority": name(_authority(book.text("provisional", row, "authority"))),
        }
        if book.frame("provisional")["used"][row]:
            yield say(_("{tag}, period {period}: {value}, {authority}, in use."), **parts)
            continue
        by, difference = (
            name(book.text("provisional", row, "restated_by")),
            book.number("provisional", row, "difference", digits=2, signed=True),
        )
        yield say(
            _("{tag}, period {period}: {value}, {authority}, replaced by {by} ({difference})."),
            **parts,
            by=by,
            difference=difference,
        )
    yield from (Markup(line.strip()) for line in _more(len(rows) - _MOST_PROVISIONAL))


def counts(book: Book) -> Iterator[Markup]:
    """Stocks that were counted beside what the account says without the count."""
    for row in book.rows("stock_take"):
        parts = {
            "stock": name(book.context.name(book.text("stock_take", row, "stock"))),
            "count": trust.with_u95(book, "stock_take", row, "count"),
            "book": trust.with_u95(book, "stock_take", row, "book"),
            "difference": trust.with_u95(book, "stock_take", row, "difference"),
            "who": name(book.text("stock_take", row, "who")),
        }
        if book.real("stock_take", row, "book") is None:
            yield say(_("{stock}: {count} counted by {who}; the account does not see it otherwise."), **parts)
        elif book.frame("stock_take")["exceeds"][row]:
            yield say(
                _("{stock}: {count} counted by {who}, {book} in the books: {difference}, more than chance explains."),
                **parts,
            )
        else:
            yield say(
                _("{stock}: {count} counted by {who}, {book} in the books: {difference}, within chance."), **parts
            )


def better(book: Book, of: str | None = None) -> Iterator[Markup]:
    """What better meters bring in closure, recovery and money."""
    yield from trust.better_meters(book, MOST_METERS, of)
    yield from trust.doubt_in_money(book, _MOST_MONEY)


def _some(names: list[Markup], most: int) -> Markup:
    if len(names) <= most:
        return say("{names}.", names=listed(names))
    return say(
        _("{names} and {count} others."), names=Markup(", ").join(names[:most]), count=name(str(len(names) - most))
    )


def _authority(word: str) -> str:
    words = {"estimate": _("an estimate"), "provisional": _("provisional"), "final": _("final"), "agreed": _("agreed")}
    return words.get(word, word)


def _more(count: int) -> Iterator[str]:
    if count > 0:
        yield ngettext("and {count} more", "and {count} more", count).format(count=count)
