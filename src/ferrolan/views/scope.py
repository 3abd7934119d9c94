"""What a run had, and had not: which questions were asked, which stations found data, what the others would need.

A producer abroad that is known from public figures alone has a plan and a market, but no meter: its brief says that raw
data, historian and account were not declared, and what to add for them. A question nobody asked is not missed: the
transfer price between two companies is none of a steelworks' business.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from ferrolan.base.language import _
from ferrolan.views.cells import Book, say
from ferrolan.views.words import listed

PLANT_DATA = ("raw data", "historian", "account")
"""Stations without which there is no account."""
_NOT_MISSED = ("done", "not_asked")  # a run of one station does not miss the others
_PLAIN = ("document", "brief")
_NEVER_MISSED = ("concentrate",)  # a question between two companies, not something a run lacks


@dataclass(frozen=True)
class Missing:
    """Stations that did not run for one reason: which, in which state and why, and what to add to have them."""

    stations: Markup
    state: Markup
    needs: str


def values_concentrate(book: Book) -> bool:
    """Whether this run asks what a tonne of concentrate is worth."""
    return book.context.concentrate is not None


def has_account(book: Book) -> bool:
    """Whether this run has a month of plant data to balance."""
    absent = {book.text("stations", row, "state") for row in book.rows("stations", station="account")} - {"done"}
    return book.context.month is not None and not absent


def missing(book: Book, *among: str) -> list[Missing]:
    """The stations that did not run, together where they need the same; of those named alone, if any are."""
    rows = [
        row
        for row in book.rows("stations")
        if book.text("stations", row, "state") not in _NOT_MISSED
        and book.text("stations", row, "station") not in _NEVER_MISSED
        and (not among or book.text("stations", row, "station") in among)
    ]
    groups: dict[str, list[int]] = {}
    for row in rows:
        groups.setdefault(_needs(book.text("stations", row, "station")), []).append(row)
    return [_missing(book, group, needs) for needs, group in groups.items()]


def missing_sentences(book: Book, *among: str) -> Iterator[Markup]:
    """Why stations have nothing to say; of those asked for by name, also what to add to have them."""
    for item in missing(book, *among):
        yield say(_("Not in this run: {stations}, {state}."), stations=item.stations, state=item.state)
        if among:
            yield say(_("To have this, declare {needs}."), needs=item.needs)


def done(book: Book) -> Markup:
    """The stations that ran, in a row; that there was a document and is a brief needs no saying."""
    rows = [row for row in book.rows("stations", state="done") if book.text("stations", row, "station") not in _PLAIN]
    return listed([_station(book, row) for row in rows])


def invented(book: Book) -> Markup | None:
    """How much of the document is synthetic, where no account says so in the footer."""
    if has_account(book) or not book.real("view_run", 0, "declared"):
        return None
    if not book.real("view_run", 0, "made_up"):
        return say(_("None of its declared values is synthetic."))
    return say(
        _("Of {declared} declared values {made_up} are synthetic: no public or own figure stands behind them."),
        declared=book.number("view_run", 0, "declared", digits=None),
        made_up=book.number("view_run", 0, "made_up", digits=None),
    )


def no_plant_data(book: Book) -> Markup | None:
    """That the plan stands on no meter, where there is a plan."""
    if not book.frame("plan_flows").height:
        return None
    return say(_("This run had no plant data: the plan stands on declared figures."))


def _missing(book: Book, rows: list[int], needs: str) -> Missing:
    stations = listed([_station(book, row) for row in rows])
    return Missing(say("{stations}", stations=stations), _state(book, rows[0]), needs)


def _station(book: Book, row: int) -> Markup:
    words = {
        "document": _("document"),
        "raw data": _("raw data"),
        "historian": _("historian"),
        "account": _("account"),
        "plan": _("plan"),
        "concentrate": _("transfer price"),
        "market": _("market"),
        "brief": _("brief"),
    }
    station = book.text("stations", row, "station")
    return book.word("stations", row, "station", words.get(station, station))


def _state(book: Book, row: int) -> Markup:
    states = {"no_data": _("no data"), "not_declared": _("not declared")}
    state = book.text("stations", row, "state")
    told = book.word("stations", row, "state", states.get(state, state))
    reason = book.text("stations", row, "reason")
    if not reason:
        return told
    return say(_("{state} ({reason})"), state=told, reason=book.word("stations", row, "reason", _reason(reason)))


def _reason(reason: str) -> str:
    """Why a station had nothing to do, in the reader's language."""
    words = {
        "the document declares no account": _("the document declares no account"),
        "the document declares no concentrate": _("the document declares no concentrate"),
        "the document declares no market": _("the document declares no market"),
    }
    return words.get(reason, reason)


def _needs(station: str) -> str:
    """What to add to the document to have a station."""
    if station in PLANT_DATA:
        return _("the sections account, streams and sources, a tag map, and the meters' files of one month")
    if station == "market":
        return _("a section market with regions, producers and consumers, and the policies to try as scenarios")
    return _("its section in the document")
