"""Sentences about the concentrate: what one tonne more is worth and to whom, and where the published price lies.

"One tonne more is worth nothing: the separation quota binds" needs a right-hand value below 1 ¤/t and a binding quota.
Values are gains before fixed costs, where the plan knows variable costs alone.
"""

from __future__ import annotations

import math

from markupsafe import Markup

from ferrolan.base.language import _, ngettext
from ferrolan.views.cells import Book, say, spread_of
from ferrolan.views.tables import WORTHLESS
from ferrolan.views.words import before, limit_name, listed, party_name, quota_name, the

_SAME = 0.01  # two values are said to be one where they differ by less than this share


def concentrate_headline(book: Book) -> Markup:
    """What one tonne of concentrate more is worth, in one line."""
    row = value_row(book, "marginal_right")
    if book.real("concentrate_value", row, "value") is None:
        return say(_("What a tonne of concentrate is worth: not answered by this run"))
    party = worthless_to(book)
    if party is None:
        return _against_published(book, row)
    forms = {
        ("group", False): _("One more tonne of concentrate is worth nothing"),
        ("group", True): _("One more tonne of concentrate is worth nothing: {reason}"),
        ("buyer", False): _("One more tonne of concentrate is worth nothing to its buyer"),
        ("buyer", True): _("One more tonne of concentrate is worth nothing to its buyer: {reason}"),
    }
    reason = quotas_bind(book)
    return say(forms[party, reason is not None], reason=reason)


def trade_headline(book: Book, finding: int) -> Markup:
    """The title of a run whose largest finding is the trade in concentrate."""
    party = worthless_to(book)
    if party is None or book.real("findings", finding, "money") is None:
        return concentrate_headline(book)
    forms = {
        ("group", False): _("Concentrate earns {money} {before}, yet one tonne more is worth nothing"),
        ("group", True): _("Concentrate earns {money} {before}, yet one tonne more is worth nothing: {reason}"),
        ("buyer", False): _("Concentrate earns {money} {before}, yet one tonne more is worth nothing to its buyer"),
        ("buyer", True): _(
            "Concentrate earns {money} {before}, yet one tonne more is worth nothing to its buyer: {reason}"
        ),
    }
    reason = quotas_bind(book)
    return say(
        forms[party, reason is not None],
        money=book.number("findings", finding, "money", spread=spread_of(book, "findings", finding, "low", "high")),
        reason=reason,
        before=before(book.context),
    )


def concentrate_lead(book: Book) -> Markup | None:
    """The concentrate in one sentence of the lead."""
    party = worthless_to(book)
    left = value_row(book, "marginal_left", party)
    if party is not None and book.real("concentrate_value", left, "value") is not None:
        return say(
            _(
                "At the planned {delivered} one tonne of concentrate less would cost {party} {left}; one tonne more earns it nothing."
            ),
            delivered=book.number("view_value", 0, "delivered"),
            party=the(party_name(book.context, party)),
            left=worth(book, left),
        )
    if book.real("concentrate_value", value_row(book, "netback"), "value") is None:
        return None
    return say(
        _("The average tonne of concentrate nets {netback} ({interval}), against a published {published}."),
        netback=worth(book, value_row(book, "netback")),
        interval=book.interval("concentrate_value", value_row(book, "netback"), "low", "high"),
        published=book.number("concentrate_value", value_row(book, "published"), "value", digits=None),
    )


def concentrate_verdict(book: Book) -> list[Markup]:
    """What the concentrate table says, in sentences under it."""
    sentences = (
        _marginal(book),
        _saving(book),
        _shortfall(book),
        _binding_share(book),
        _bargain(book),
        _published_place(book),
    )
    return [sentence for sentence in sentences if sentence]


def value_row(book: Book, measure: str, party: str | None = None) -> int | None:
    """Row of a measure of the concentrate; the group's own where several parties have one."""
    if party is not None:
        return book.row("concentrate_value", measure=measure, party=party)
    group = book.row("concentrate_value", measure=measure, party="group")
    return group if group is not None else book.row("concentrate_value", measure=measure)


def worth(book: Book, row: int | None) -> Markup:
    """A value of the concentrate, in as many figures as its interval bears."""
    spread = spread_of(book, "concentrate_value", row, "low", "high")
    return book.number("concentrate_value", row, "value", spread=spread)


def reach(book: Book, row: int) -> Markup | None:
    """For which tonnes a marginal value holds, counted from the planned delivery; None where it has no range."""
    length = book.real("view_concentrate", row, "reach")
    if length is None:
        return None
    measure, party = (book.text("concentrate_value", row, column) for column in ("measure", "party"))
    more = measure in ("marginal_right", "marginal_beyond_right") or (measure, party) == ("marginal_left", "seller")
    if math.isinf(length):
        return book.number(
            "view_concentrate", row, "reach", endless=_("every tonne more") if more else _("every tonne")
        )
    tonnes = book.number("view_concentrate", row, "reach")
    if measure == "marginal_beyond_left":
        return say(_("below the last {tonnes}"), tonnes=tonnes)
    return say(_("the next {tonnes}"), tonnes=tonnes) if more else say(_("the last {tonnes}"), tonnes=tonnes)


def worthless_to(book: Book) -> str | None:
    """To whom one tonne more is worth less than the rounding of the published price: group, buyer, or nobody (None)."""
    for party in ("group", "buyer"):
        value = book.real(
            "concentrate_value", book.row("concentrate_value", measure="marginal_right", party=party), "value"
        )
        if value is not None and value < WORTHLESS:
            return party
    return None


def binding_quotas(book: Book) -> Markup:
    """The quotas among the binding limits, in words; empty where none binds."""
    return listed(_quotas(book))


def quotas_bind(book: Book) -> Markup | None:
    """The clause that says which quotas bind; None where none does."""
    quotas = _quotas(book)
    if not quotas:
        return None
    return say(ngettext("the {quotas} binds", "the {quotas} bind", len(quotas)), quotas=listed(quotas))


def _quotas(book: Book) -> list[str]:
    return list(dict.fromkeys(limit_name(book, row) for row in book.rows("plan_limits", kind="quota")))


def _against_published(book: Book, row: int | None) -> Markup:
    difference = book.real("view_concentrate", row, "difference")
    value = worth(book, row)
    if row is None or difference is None:
        return say(_("One more tonne of concentrate is worth {value} to the group"), value=value)
    form = (
        _("One more tonne of concentrate is worth {value}, {gap} above its published price")
        if difference > 0
        else _("One more tonne of concentrate is worth {value}, {gap} below its published price")
    )
    return say(form, value=value, gap=book.number("view_concentrate", row, "relative", digits=2, absolute=True))


def _marginal(book: Book) -> Markup | None:
    if book.real("concentrate_value", value_row(book, "marginal_right"), "value") is None:
        return say(_("Not answered: what one tonne more is worth; needs a solved plan."))
    party = worthless_to(book)
    if party is None:
        return None
    row = value_row(book, "marginal_right", party)
    length = book.real("view_concentrate", row, "reach")
    endless = length is None or math.isinf(length)
    forms = {
        ("group", True): _("The marginal tonne is worth nothing, however many are added."),
        ("group", False): _("The marginal tonne is worth nothing, for the next {tonnes}."),
        ("buyer", True): _("The marginal tonne is worth nothing to {buyer}, however many are added."),
        ("buyer", False): _("The marginal tonne is worth nothing to {buyer}, for the next {tonnes}."),
    }
    tonnes = book.number("view_concentrate", row, "reach")
    return say(forms[party, endless], buyer=the(party_name(book.context, "buyer")), tonnes=tonnes)


def _saving(book: Book) -> Markup | None:
    """What a tonne that the buyer cannot use is worth to both: the cost of not making it."""
    group, cost = (
        value_row(book, "marginal_right"),
        book.row("concentrate_value", measure="marginal_left", party="seller"),
    )
    value, spared = (book.real("concentrate_value", row, "value") for row in (group, cost))
    if worthless_to(book) != "buyer" or value is None or spared is None or abs(value - spared) > _SAME * abs(value):
        return None
    return say(
        _("To both together it is worth the {value} that {seller} would save by not making it."),
        value=worth(book, group),
        seller=the(party_name(book.context, "seller")),
    )


def _shortfall(book: Book) -> Markup | None:
    """How many tonnes of a shortfall can be made up, and what one costs after that."""
    left, beyond = value_row(book, "marginal_left", "group"), value_row(book, "marginal_beyond_left", "group")
    now, then = (book.real("concentrate_value", row, "value") for row in (left, beyond))
    length = book.real("view_concentrate", left, "reach")
    if now is None or then is None or then <= now * (1 + _SAME) or length is None or math.isinf(length):
        return None
    return say(
        _("Of a shortfall {tonnes} can be made up at {now} each; after that a tonne less costs both {then}."),
        tonnes=book.number("view_concentrate", left, "reach"),
        now=worth(book, left),
        then=worth(book, beyond),
    )


def _binding_share(book: Book) -> Markup | None:
    party = worthless_to(book) or "group"
    if not book.rows("view_quotas"):
        drawn = book.real("view_run", 0, "draws")
        return say(_("No quota binds in any of the draws.")) if drawn else None
    forms = {
        "group": _(
            "The {quota} binds in {share} of {draws} draws; one tonne more is worth nothing in {worthless} of them."
        ),
        "buyer": _(
            "The {quota} binds in {share} of {draws} draws; one tonne more is worth nothing to {buyer} in "
            "{worthless} of them."
        ),
    }
    return say(
        forms[party],
        quota=quota_name(book.context, book.text("view_quotas", 0, "quota")),
        share=book.number("view_quotas", 0, "share", digits=3),
        draws=book.number("view_run", 0, "draws", digits=None),
        buyer=the(party_name(book.context, "buyer")),
        worthless=book.number("view_value", 0, f"worthless_{party}", digits=3),
    )


def _bargain(book: Book) -> Markup | None:
    surplus = book.real("view_value", 0, "surplus")
    if surplus is None:
        return None
    if surplus < 0:
        return say(_("There is no price at which both gain: the seller's minimum lies above the buyer's maximum."))
    return say(
        _("Any price from {low} to {high} leaves both companies better off than apart."),
        low=worth(book, value_row(book, "seller_minimum")),
        high=worth(book, value_row(book, "buyer_maximum")),
    )


def _published_place(book: Book) -> Markup | None:
    to_seller = book.real("view_value", 0, "published_to_seller")
    to_buyer = book.real("view_value", 0, "published_to_buyer")
    if to_seller is None or to_buyer is None:
        return None
    if to_buyer < 0:
        return say(
            _("The published price lies {gap} above the buyer's maximum."),
            gap=book.number("view_value", 0, "published_to_buyer", absolute=True),
        )
    if to_seller < 0:
        return say(
            _("The published price lies {gap} below the seller's minimum."),
            gap=book.number("view_value", 0, "published_to_seller", absolute=True),
        )
    return say(
        _(
            "The published price lies inside: {seller} above the seller's minimum and {buyer} under the buyer's maximum."
        ),
        seller=book.number("view_value", 0, "published_to_seller"),
        buyer=book.number("view_value", 0, "published_to_buyer"),
    )
