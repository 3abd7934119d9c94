"""Names of measures, parties and limits as a reader says them.

``("separation", "quota")`` reads "separation quota", ``marginal_right`` "one tonne more".
"""

from __future__ import annotations

from ferrolan.base.language import _
from ferrolan.views.cells import Book
from ferrolan.views.context import Context


def measure_name(measure: str, party: str = "group") -> str:
    """A measure of the concentrate table in words; a tonne less to deliver is a tonne the seller need not make."""
    if (measure, party) == ("marginal_left", "seller"):
        return _("Cost of one tonne more")
    words = {
        "marginal_right": _("One tonne more"),
        "marginal_left": _("One tonne less"),
        "marginal_beyond_right": _("One tonne more, beyond that range"),
        "marginal_beyond_left": _("One tonne less, beyond that range"),
        "netback": _("Average netback"),
        "seller_minimum": _("Seller's minimum"),
        "buyer_maximum": _("Buyer's maximum"),
        "published": _("Published transfer price"),
    }
    return words.get(measure, measure.replace("_", " "))


def party_name(book: Book, party: str) -> str:
    """The party of a concentrate value in words."""
    context = book.context
    words = {
        "group": _("group"),
        "seller": context.owner(context.seller),
        "buyer": context.owner(context.buyer),
        "market": _("both"),
    }
    return words.get(party, context.owner(party))


def limit_name(book: Book, row: int) -> str:
    """The binding limit of a row of ``plan_limits`` in words, with its kind."""
    return kind_name(book, book.text("plan_limits", row, "limit"), book.text("plan_limits", row, "kind"))


def kind_name(book: Book, subject: str, kind: str) -> str:
    """A limited thing with its kind: a capacity, a quota, a market, a stock, a supply.

    The context may name one by ``kind:subject``, such as ``quota:separation``. A subject of several words, such as
    ``sell lace_oxide``, says itself what is limited.
    """
    context = book.context
    named = context.names.get(f"{kind}:{subject}")
    if named:
        return named
    verb, _space, things = subject.rpartition(" ")
    if verb:
        return _phrase(verb, context.name(things), subject, context)
    words = {
        "capacity": _("{name} capacity"),
        "quota": _("{name} quota"),
        "supply": _("{name} supply"),
    }
    return words.get(kind, "{name}").format(name=context.name(subject))


def _phrase(verb: str, thing: str, subject: str, context: Context) -> str:
    words = {
        "sell": _("{name} market"),
        "buy": _("{name} purchase limit"),
        "room for": _("{name} store"),
        "closing stock of": _("closing stock of {name}"),
    }
    if verb in words:
        return words[verb].format(name=thing)
    return " ".join(context.name(word) for word in subject.split(" "))


def quota_name(book: Book, quota: str) -> str:
    """A quota of the draws in words."""
    return kind_name(book, quota, "quota")


def month_name(month: str) -> str:
    """An ISO month in words; anything else as it stands.

    Examples
    --------
    >>> month_name("2026-03")
    'March 2026'
    """
    names = (
        _("January {year}"), _("February {year}"), _("March {year}"), _("April {year}"), _("May {year}"), _("June {year}"),
        _("July {year}"), _("August {year}"), _("September {year}"), _("October {year}"), _("November {year}"), _("December {year}"),
    )  # fmt: skip
    year, dash, number = month.partition("-")
    return names[int(number) - 1].format(year=year) if dash and number.isdigit() and 1 <= int(number) <= 12 else month


def scenario_name(book: Book, scenario: str) -> str:
    """A market scenario in words."""
    words = {"base": _("base"), "export_quota": _("export quota"), "production_quota": _("production quota")}
    return words.get(scenario, book.context.name(scenario))


def market_party_name(party: str) -> str:
    """A party of the market in words."""
    words = {
        "consumers": _("consumers"),
        "producers": _("producers"),
        "quota_holders": _("quota holders"),
        "treasury": _("treasury"),
    }
    return words.get(party, party.replace("_", " "))
