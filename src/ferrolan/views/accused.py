"""Sentences about what may be wrong: meters and nodes in classes, across biases, offsets, outliers and leaks.

"WT-214 (flotation feed) reads 4.4 % high, or flotation loses 2.0 t/h: these readings cannot tell. A reading of the flow of
ground ore would." A class is what the readings cannot tell apart; one meter whose share and whose amount would do as well
stands in it once. Where a run holds no such list, the suspect meters of ``views.meters`` stand in.
"""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from ferrolan.base.language import _
from ferrolan.views.cells import Book, name, say
from ferrolan.views.words import formula, listed

_TABLE = "gross_errors"
_MOST = 4


def has_list(book: Book) -> bool:
    """Whether the run holds a list of biases, outliers and leaks together."""
    return bool(book.rows(_TABLE))


def classes(book: Book, period: int | None = None) -> list[list[int]]:
    """Rows of the list, class by class in their rank, each meter of a class once; of a period without outliers of others."""
    rows = sorted(book.rows(_TABLE), key=lambda row: book.real(_TABLE, row, "rank") or 0.0)
    found: dict[float | None, dict[tuple[str, ...], list[int]]] = {}
    for row in rows:
        who = tuple(book.text(_TABLE, row, column) for column in ("tag", "object", "period"))
        who = who if book.text(_TABLE, row, "tag") else (book.text(_TABLE, row, "kind"), *who)
        found.setdefault(book.real(_TABLE, row, "suspect_class"), {}).setdefault(who, []).append(row)
    whole = [
        [min(same, key=lambda row: _told_best(book, row)) for same in members.values()] for members in found.values()
    ]
    return [rows for rows in whole if period is None or _concerns(book, rows, period)]


def echo(book: Book, rows: list[int]) -> bool:
    """Whether a class stands out alone, but no more once those before it are allowed for."""
    return bool(book.frame(_TABLE)["echo"][rows[0]])


def members(book: Book, rows: list[int]) -> Markup:
    """What each member of a class would be, joined by "or"."""
    told = [member(book, row) for row in rows[:_MOST]]
    if len(rows) <= _MOST:
        return listed(told, either=True)
    return say(_("{some} or another of {count}"), some=Markup(", ").join(told), count=name(str(len(rows))))


def member(book: Book, row: int) -> Markup:
    """What is wrong if it is this one: the meter or node, which way, and by how much."""
    kind = book.text(_TABLE, row, "kind")
    if kind == "leak":
        return _leak(book, row)
    if kind == "shared":
        form = _("the shared error {name} is {sigmas} of its sigmas off")
        return say(form, name=name(book.text(_TABLE, row, "object")), sigmas=_sigmas(book, row))
    if kind == "auxiliary":
        return say(_("{tag}, which goes into that reading, is off"), tag=name(book.text(_TABLE, row, "tag")))
    return _meter(book, row, kind)


def decides(book: Book, rows: list[int]) -> Markup:
    """Which further reading would tell the members of a class apart; that none would is said, too."""
    if len(rows) < 2:
        return Markup("")
    row = rows[0]
    if not book.text(_TABLE, row, "decides_object"):
        words = book.text(_TABLE, row, "decides")
        return (
            say(_("{decides} would tell."), decides=words[:1].upper() + words[1:].replace("`", ""))
            if words
            else _none(book, rows)
        )
    what = quantity(book, row, "decides_")
    again = book.text(_TABLE, row, "decides").startswith("a second")
    reading = say(_("a second meter on {what}") if again else _("a reading of {what}"), what=what)
    if (book.real(_TABLE, row, "decides_by") or 0.0) > _PLAIN_TO_SEE:
        return say(_("What would tell: {reading}."), reading=reading)
    sigmas = book.number(_TABLE, row, "decides_by", digits=2, pure=True)
    form = _("What would tell: {reading}; they differ there by {sigmas} of its sigmas.")
    return say(form, reading=reading, sigmas=sigmas)


def statistic(book: Book, row: int) -> Markup:
    """The statistic of a class beside its critical value, and what is left once it is allowed for."""
    parts = {column: book.number(_TABLE, row, column, pure=True) for column in ("z", "critical")}
    left = book.real(_TABLE, row, "p_global_without")
    if left is None:
        return say(_("statistic {z} against a critical {critical}"), **parts)
    form = (
        _("statistic {z} against a critical {critical}; with it allowed for, the balances pass (p = {p})")
        if left >= (book.real(_TABLE, row, "level") or 0.05)
        else _("statistic {z} against a critical {critical}; with it allowed for, they still fail (p = {p})")
    )
    return say(form, **parts, p=book.number(_TABLE, row, "p_global_without", digits=2, pure=True))


def suspicion(book: Book, rows: list[int]) -> Markup:
    """A class in a clause: what it is, and that it is not to be told where it has several members."""
    if len(rows) == 1:
        return member(book, rows[0])
    return say(_("{members}, and no reading tells which"), members=members(book, rows))


def sentences(book: Book, rows: list[int]) -> Iterator[Markup]:
    """A class in full: what, how it stands out, what would decide, and which members are unlikely."""
    parts = {"members": members(book, rows), "statistic": statistic(book, rows[0])}
    if echo(book, rows):
        yield say(_("{members}: only as an echo, not once those above are allowed for."), members=parts["members"])
        return
    yield say(_("{members}: {statistic}."), **parts)
    yield decides(book, rows)
    for row in rows[:_MOST]:
        if book.frame(_TABLE)["plausible"][row] is False:
            form = _("{who} is unlikely: it would be {sigmas} of its own sigmas off.")
            yield say(form, who=_who(book, row), sigmas=_sigmas(book, row))


def quantity(book: Book, row: int, prefix: str = "", table: str = _TABLE) -> Markup:
    """A quantity in words: the flow of ground ore, Fe in the tails."""
    kind, what, component = (book.text(table, row, f"{prefix}{part}") for part in ("kind", "object", "component"))
    named = book.context.name(what)
    if component:
        return say(_("{component} in {what}"), component=name(formula(component)), what=named)
    forms = {
        "flow": _("the flow of {what}"),
        "stock": _("the stock in {what}"),
        "temperature": _("the temperature of {what}"),
        "heat": _("the heat flow {what}"),
    }
    return say(forms.get(kind, "{what}"), what=named)


_PLAIN_TO_SEE = 100.0  # sigmas: further apart than this is not worth a number
_ORDER = {"bias": 0, "outlier": 1, "offset": 2, "auxiliary": 3}


def _told_best(book: Book, row: int) -> tuple[bool, int]:
    """Of the ways one meter may be wrong, the one to tell: with a size, a share before an amount."""
    kind = book.text(_TABLE, row, "kind")
    return book.real(_TABLE, row, "size") is None, _ORDER.get(kind, 0)


def _concerns(book: Book, rows: list[int], period: int) -> bool:
    """Whether a class is of the whole account or of this period."""
    periods = [book.real(_TABLE, row, "period") for row in rows]
    return any(found is None or found == period for found in periods)


def _none(book: Book, rows: list[int]) -> Markup:
    if all(book.frame(_TABLE)["parallel"][row] for row in rows):
        return say(_("No further reading in this network would tell them apart."))
    return Markup("")


def _who(book: Book, row: int) -> Markup:
    tag = book.text(_TABLE, row, "tag")
    return name(tag) if tag else say("{what}", what=book.context.name(book.text(_TABLE, row, "object")))


def _sigmas(book: Book, row: int) -> Markup:
    return book.number(_TABLE, row, "in_sigmas", digits=2, pure=True, absolute=True)


def _meter(book: Book, row: int, kind: str) -> Markup:
    parts: dict[str, object] = {"meter": _meter_name(book, row), "by": _by(book, row), "period": _period(book, row)}
    low, high = (book.real(_TABLE, row, end) for end in _ends(book, row))
    if low is None or high is None or low <= 0.0 <= high:
        return say(_("{meter} is suspect, its error not told from zero"), **parts)
    if kind == "outlier":
        form = (
            _("{meter} reads {by} high in period {period}")
            if low > 0
            else _("{meter} reads {by} low in period {period}")
        )
        return say(form, **parts)
    return say(_("{meter} reads {by} high") if low > 0 else _("{meter} reads {by} low"), **parts)


def _meter_name(book: Book, row: int) -> Markup:
    tag, what = name(book.text(_TABLE, row, "tag")), book.context.name(book.text(_TABLE, row, "object"))
    component = book.text(_TABLE, row, "component")
    if component:
        return say(_("{tag} ({component} in {what})"), tag=tag, what=what, component=name(formula(component)))
    return say(_("{tag} ({what})"), tag=tag, what=what)


def _ends(book: Book, row: int) -> tuple[str, str]:
    return ("share_low", "share_high") if book.real(_TABLE, row, "share") is not None else ("size_low", "size_high")


def _by(book: Book, row: int) -> Markup:
    """By how much: a share where it is one, an amount with its unit, else sigmas of the meter."""
    low, high = (book.real(_TABLE, row, end) for end in _ends(book, row))
    spread = None if low is None or high is None else (high - low) / 4 or None
    if book.real(_TABLE, row, "share") is not None:
        return book.number(_TABLE, row, "share", spread=spread, absolute=True)
    if book.text(_TABLE, row, "unit"):
        return book.number(_TABLE, row, "size", spread=spread, absolute=True)
    return say(_("{sigmas} of its sigmas"), sigmas=_sigmas(book, row))


def _period(book: Book, row: int) -> Markup:
    return book.number(_TABLE, row, "period", digits=None)


def _leak(book: Book, row: int) -> Markup:
    """A node that loses or gains what no stream carries, as a clause."""
    size, unit = book.real(_TABLE, row, "size") or 0.0, book.text(_TABLE, row, "unit")
    parts: dict[str, object] = {
        "node": book.context.name(book.text(_TABLE, row, "object")),
        "carrier": book.context.name(book.text(_TABLE, row, "carrier")),
        "size": _by(book, row) if unit else _("something"),
    }
    if not book.text(_TABLE, row, "carrier"):
        return say(_("{node} loses {size} unseen") if size > 0 else _("{node} gains {size} unseen"), **parts)
    form = (
        _("{node} loses {size} unseen, made up like {carrier}")
        if size > 0
        else _("{node} gains {size} unseen, made up like {carrier}")
    )
    return say(form, **parts)
