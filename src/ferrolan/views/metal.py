"""The metallurgical account in cells: opening, receipts, products, losses, closing, unaccounted, and recoveries.

Two accounts stand beside each other and are never mixed: from readings alone (primary), where what is unaccounted
shows, and reconciled (secondary), where each line is surer and nothing is unaccounted. "dry mass, kt: receipts 356.1
± 2.1 by readings, 356.4 ± 1.8 reconciled; unaccounted -1.2 ± 5.5."
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl
from markupsafe import Markup

from ferrolan.base.language import _
from ferrolan.views.cells import NOTHING, Book, name, say
from ferrolan.views.numbers import display_unit
from ferrolan.views.spans import span_name
from ferrolan.views.words import formula, listed

PRIMARY, SECONDARY = "metal_primary", "metal_secondary"
LINES = ("opening", "receipts", "products", "losses", "closing", "unaccounted")
"""Lines of the account in their order."""
LEAST_RECOVERY = 0.005
"""Recoveries below are traces in a product, and are counted, not told."""

_MOST_UNREAD = 3
_UNREAD = re.compile(r"(?:the (?P<kind>flow|stock) of|(?P<component>\S+) in) `(?P<object>[^`]+)`")
_OUTSIDE = re.compile(r"((?:`[^`]+`(?:, )?)+) do not balance it")


@dataclass(frozen=True)
class Part:
    """What is told of an account: a scope, over the whole account or over one period."""

    scope: str
    period: int | None = None

    @property
    def cells(self) -> Mapping[str, object]:
        """What the cells of its rows equal."""
        if self.period is None:
            return {"scope": self.scope, "span": "account"}
        return {"scope": self.scope, "span": "period", "first": self.period}


@dataclass(frozen=True)
class Recovery:
    """One recovery: component, product, reconciled, from readings alone or by a formula, and what must be said of it."""

    component: Markup
    product: Markup
    secondary: Markup
    primary: Markup
    note: Markup


def site(book: Book) -> str:
    """Name of the site; empty where the run has no metallurgical account."""
    row = book.row(PRIMARY, scope_kind="site")
    return "" if row is None else book.text(PRIMARY, row, "scope")


def scopes(book: Book) -> list[str]:
    """Names of everything an account is kept of: the site, its companies, its units."""
    return book.frame(PRIMARY)["scope"].unique(maintain_order=True).to_list()


def scope_name(book: Book, scope: str) -> str:
    """A scope in words: the site by the title of the works, a company by its title."""
    return book.context.title if scope == site(book) else book.context.owners.get(scope) or book.context.name(scope)


def part_name(book: Book, part: Part) -> Markup:
    """What is told of: the scope and its time."""
    when = span_name(book.context, part.period)
    return say(_("{scope}, {when}"), scope=name(scope_name(book, part.scope)), when=when)


def components(book: Book, part: Part) -> dict[str, tuple[int | None, int | None]]:
    """Rows of each component in both accounts."""
    found = {
        table: {book.text(table, row, "component"): row for row in book.rows(table, **part.cells)}
        for table in (PRIMARY, SECONDARY)
    }
    return {one: (found[PRIMARY].get(one), found[SECONDARY].get(one)) for one in {**found[PRIMARY], **found[SECONDARY]}}


def size(book: Book, rows: tuple[int | None, int | None]) -> float:
    """The magnitude in which all lines of a component are shown: that of its largest."""
    sizes = [
        abs(book.real(table, row, line) or 0.0)
        for table, row in zip((PRIMARY, SECONDARY), rows, strict=True)
        for line in LINES
    ]
    return max(sizes)


def component_name(book: Book, component: str, magnitude: float) -> Markup:
    """A component with the unit of its lines."""
    return say(_("{component}, {unit}"), component=name(formula(component)), unit=name(display_unit("t", magnitude)[1]))


def cell(book: Book, table: str, row: int | None, column: str, magnitude: float) -> Markup:
    """A line with its interval, in the unit of its component and without it."""
    value, width = (book.real(table, row, end) for end in (column, f"{column}_u95"))
    if row is None or value is None:
        return NOTHING
    if not width:
        return book.number(table, row, column, bare=True, magnitude=magnitude)
    shown = book.number(table, row, column, spread=width, magnitude=magnitude, bare=True)
    half = book.number(table, row, f"{column}_u95", spread=width, magnitude=magnitude, bare=True)
    return say("{shown}\u00a0±\u00a0{half}", shown=shown, half=half)


def exceeds(book: Book, row: int | None) -> bool:
    """Whether more is unaccounted than chance explains, by readings alone."""
    return row is not None and bool(book.frame(PRIMARY)["exceeds"][row])


def unread(book: Book, row: int) -> Markup:
    """Why a line from readings alone is missing: the first few quantities that nobody read."""
    reason = book.text(PRIMARY, row, "reason")
    found = dict.fromkeys(_quantity(book, match) for match in _UNREAD.finditer(reason) if "not read" in reason)
    if not found:
        return name(reason.replace("`", ""))
    shown = list(found)[:_MOST_UNREAD]
    if len(found) <= _MOST_UNREAD and " more" not in reason:
        return say(_("not read: {what}"), what=listed(shown))
    return say(_("not read: {what} and others"), what=Markup(", ").join(shown))


def outside(book: Book, row: int | None, table: str = PRIMARY) -> Markup:
    """Units of the scope that do not balance the component, and so count as outside it."""
    match = None if row is None else _OUTSIDE.search(book.text(table, row, "reason"))
    if match is None:
        return Markup("")
    return listed([name(book.context.name(unit)) for unit in re.findall(r"`([^`]+)`", match[1])])


def widest(book: Book, period: int | None = None) -> list[int]:
    """Of each component the widest scope whose readings alone close it: the site, else companies, else the worst unit."""
    frame = (
        book.frame(PRIMARY).with_row_index("_row").filter(pl.col("span") == ("account" if period is None else "period"))
    )
    frame = frame if period is None else frame.filter(pl.col("first") == period)
    found: list[int] = []
    for component in frame["component"].unique(maintain_order=True):
        mine = frame.filter(pl.col("component") == component)
        closed = mine.filter(pl.col("unaccounted").is_not_null(), pl.col("unaccounted_u95") > 0.0)
        found += _widest(closed) or [int(row) for row in mine.filter(pl.col("scope_kind") == "site")["_row"]]
    return found


def telling(book: Book) -> list[int]:
    """The widest closures without those of single rare earths that close: their sum stands for them."""
    rows = widest(book)
    if not any(book.text(PRIMARY, row, "component") == "REO" for row in rows):
        return rows
    single = set(book.context.rare_earths)
    return [row for row in rows if book.text(PRIMARY, row, "component") not in single or exceeds(book, row)]


def recoveries(book: Book, part: Part) -> tuple[list[Recovery], int]:
    """Recoveries of the scope that are more than traces, reconciled beside readings alone, and how many are traces."""
    rows: dict[tuple[str, str], dict[str, int]] = {}
    for row in book.rows("recoveries", **part.cells):
        key = book.text("recoveries", row, "component"), book.text("recoveries", row, "product")
        rows.setdefault(key, {})[book.text("recoveries", row, "method")] = row
    known = [methods for methods in rows.values() if _largest(book, methods) is not None]
    told = [methods for methods in known if (_largest(book, methods) or 0.0) >= LEAST_RECOVERY]
    return [_recovery(book, methods) for methods in told], len(known) - len(told)


def main_recovery(book: Book, component: str) -> int | None:
    """Row of the site's largest reconciled recovery of a component over the whole account."""
    rows = book.rows("recoveries", scope=site(book), component=component, span="account", method="secondary")
    seen = {row: value for row in rows if (value := book.real("recoveries", row, "recovery")) is not None}
    return max(seen, key=lambda row: seen[row], default=None)


def share(book: Book, row: int | None) -> Markup:
    """A recovery with its interval, in per cent."""
    value, width = (book.real("recoveries", row, column) for column in ("recovery", "u95"))
    if row is None or value is None:
        return NOTHING
    if not width:
        return book.number("recoveries", row, "recovery")
    shown = book.number("recoveries", row, "recovery", spread=width, bare=True)
    return say("{shown}\u00a0±\u00a0{half}", shown=shown, half=book.number("recoveries", row, "u95", spread=width))


def _widest(closed: pl.DataFrame) -> list[int]:
    for kind in ("site", "company"):
        rows = closed.filter(pl.col("scope_kind") == kind)["_row"]
        if rows.len():
            return [int(row) for row in rows]
    ratio = pl.col("unaccounted").abs() / pl.col("unaccounted_u95")
    return [int(row) for row in closed.sort(ratio, descending=True, maintain_order=True)["_row"].head(1)]


def _quantity(book: Book, match: re.Match[str]) -> Markup:
    what = book.context.name(match["object"])
    if match["component"]:
        return say(_("{component} in {what}"), component=name(formula(match["component"])), what=name(what))
    return say(_("the flow of {what}") if match["kind"] == "flow" else _("the stock in {what}"), what=name(what))


def _largest(book: Book, methods: Mapping[str, int]) -> float | None:
    values = [value for row in methods.values() if (value := book.real("recoveries", row, "recovery")) is not None]
    return max(values, default=None)


def _recovery(book: Book, methods: Mapping[str, int]) -> Recovery:
    row = next(iter(methods.values()))
    secondary = methods.get("secondary")
    seen = secondary is not None and book.real("recoveries", secondary, "recovery") is not None
    by_formula = next((methods[method] for method in ("three_product", "two_product") if method in methods), None)
    own = methods.get("primary")
    other = by_formula if not seen and by_formula is not None else own
    notes = {
        "two_product": _("two-product formula, not reconciled"),
        "three_product": _("three-product formula, not reconciled"),
    }
    method = "" if other is None else book.text("recoveries", other, "method")
    note = notes.get(method) or ("" if seen else _("not reconciled"))
    return Recovery(
        name(formula(book.text("recoveries", row, "component"))),
        name(book.context.name(book.text("recoveries", row, "product"))),
        share(book, secondary),
        share(book, other),
        Markup(say("{note}", note=note)),
    )
