"""Sentences out of table cells: the title, the lead, the highlights, what the concentrate is worth, why it matters.

A sentence appears only when its condition holds. "One tonne more is worth nothing: the separation quota binds" needs a
right-hand value below 1 CNY/t and a binding quota; a bias whose interval holds zero is never called a bias. Every number
stands in the sentence as a reference to its cell (``cells.Book``), every sentence goes through gettext.
"""

from __future__ import annotations

from markupsafe import Markup

from ferrolan.base.language import _
from ferrolan.views.cells import Book, name, say, spread_of
from ferrolan.views.context import subscripted
from ferrolan.views.tables import WORTHLESS
from ferrolan.views.words import limit_name, month_name, party_name, quota_name, scenario_name

_MOST_FINDINGS = 5
_MOST_OF_A_KIND = 2
_FEWEST_HIGHLIGHTS = 3
_SAME = 0.01  # two values are said to be one where they differ by less than this share
_LEAST_SHARE = 0.001  # of the limit worth most: what is worth less is not told
_LEAST_MONEY = 1.0  # CNY: what earns less is rounding


def title(book: Book) -> Markup:
    """The finding worth most money, in one line."""
    first = book.row("findings", rank=1)
    if first is None:
        return say(_("{month}: no finding of this run has a price"), month=month(book))
    kind = book.text("findings", first, "kind")
    if kind != "value":
        return _finding(book, first, kind)
    party = worthless_to(book)
    if party is None or book.real("findings", first, "money") is None:
        return concentrate_headline(book)
    form = _("Concentrate earns {money}, yet one tonne more is worth nothing{to}{reason}")
    return say(form, money=book.number("findings", first, "money"), to=_to_buyer(party), reason=_because(book))


def lead(book: Book) -> list[Markup]:
    """Three sentences: the concentrate, the limit worth most, whether the balances can be trusted."""
    return [sentence for sentence in (_lead_concentrate(book), _lead_limit(book), account_verdict(book)) if sentence]


def highlights(book: Book) -> list[Markup]:
    """Three to five lines with one number each: the findings in their rank, at most two of a kind, then what is sold."""
    lines = [_finding(book, row, book.text("findings", row, "kind")) for row in _ranked(book)]
    if len(lines) < _FEWEST_HIGHLIGHTS:
        lines += _made_lines(book)[: _FEWEST_HIGHLIGHTS - len(lines)]
    return lines


def concentrate_headline(book: Book) -> Markup:
    """What one tonne of concentrate more is worth, in one line."""
    row = value_row(book, "marginal_right")
    if book.real("concentrate_value", row, "value") is None:
        return say(_("What a tonne of concentrate is worth: not answered by this run"))
    party = worthless_to(book)
    if party is None:
        return _against_published(book, row)
    form = _("One more tonne of concentrate is worth nothing{to}{reason}")
    return say(form, to=_to_buyer(party), reason=_because(book))


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


def account_verdict(book: Book) -> Markup | None:
    """Whether the balances pass, and which meters no test lets pass."""
    test = book.row("balance_tests", test="global")
    if test is None:
        return None
    passed = bool(book.frame("balance_tests")["passed"][test])
    suspect = book.row("suspects", rank=1)
    if suspect is None:
        return (
            say(_("The balances pass.")) if passed else say(_("The balances fail, and no single meter explains why."))
        )
    form = _("The balances pass as a whole, but {meter}.") if passed else _("The balances fail: {meter}.")
    return say(form, meter=_suspicion(book, suspect))


def why_it_matters(book: Book) -> list[Markup]:
    """The money behind the findings: what the limits are worth, how far that holds, who gains by the transfer price."""
    limits = [_limit_money(book, row) for row in earning_limits(book)[:2]]
    return [sentence for sentence in (*limits, _delivered(book), _split(book)) if sentence]


def figure_titles(book: Book) -> dict[str, Markup]:
    """The message of each figure."""
    return {
        "concentrate": _figure_concentrate(book),
        "limits": _figure_limits(book),
        "rare_earths": _figure_rare_earths(book),
        "published": _figure_published(book),
    }


def value_row(book: Book, measure: str, party: str | None = None) -> int | None:
    """Row of a measure of the concentrate; the group's own where several parties have one."""
    if party is not None:
        return book.row("concentrate_value", measure=measure, party=party)
    group = book.row("concentrate_value", measure=measure, party="group")
    return group if group is not None else book.row("concentrate_value", measure=measure)


def worthless_to(book: Book) -> str | None:
    """To whom one tonne more is worth less than the rounding of the published price: group, buyer, or nobody (None)."""
    for party in ("group", "buyer"):
        value = book.real(
            "concentrate_value", book.row("concentrate_value", measure="marginal_right", party=party), "value"
        )
        if value is not None and value < WORTHLESS:
            return party
    return None


def binding_quotas(book: Book) -> str:
    """The quotas among the binding limits, in words; empty where none binds."""
    return _(" and the ").join(limit_name(book, row) for row in book.rows("plan_limits", kind="quota"))


def earning_limits(book: Book) -> list[int]:
    """Rows of the binding limits of which one per cent more earns money, the most first."""
    money = {row: book.real("plan_limits", row, "money") or 0.0 for row in book.rows("plan_limits")}
    least = max(_LEAST_MONEY, _LEAST_SHARE * max(money.values(), default=0.0))
    return sorted((row for row in money if money[row] >= least), key=lambda row: -money[row])


def ranked_findings(book: Book) -> list[int]:
    """Rows of the findings in their rank; meters, which have no price, by how far they stand out, echoes left out."""

    def place(row: int) -> tuple[float, float]:
        if book.text("findings", row, "kind") != "meter":
            return book.real("findings", row, "rank") or 0.0, 0.0
        suspect = suspect_of(book, book.text("findings", row, "subject"))
        return float("inf"), book.real("suspects", suspect, "rank") or 0.0

    rows = [row for row in book.rows("findings") if not _is_echo(book, row)]
    return sorted(rows, key=place)


def _is_echo(book: Book, finding: int) -> bool:
    if book.text("findings", finding, "kind") != "meter":
        return False
    suspect = suspect_of(book, book.text("findings", finding, "subject"))
    return suspect is not None and echoes(book, suspect)


def echoes(book: Book, suspect: int) -> bool:
    """Whether a suspect stands out alone, but no more once the classes before it are allowed for."""
    return bool(book.frame("suspects")["echo"][suspect])


def suspect_of(book: Book, subject: str) -> int | None:
    """Row of the suspect a meter's finding speaks of; its subject names the tags of one class."""
    return next((row for row in book.rows("suspects") if book.text("suspects", row, "tag") in subject.split()), None)


def month(book: Book) -> Markup:
    """The month of the account in words."""
    return book.word("view_run", 0, "month", month_name(book.context.month))


def _ranked(book: Book) -> list[int]:
    """Rows of the findings to tell: in their rank, at most two of a kind, so that a meter is heard beside the limits."""
    told: list[int] = []
    for row in ranked_findings(book):
        kind = book.text("findings", row, "kind")
        if sum(book.text("findings", other, "kind") == kind for other in told) < _MOST_OF_A_KIND:
            told.append(row)
    return told[:_MOST_FINDINGS]


def _to(book: Book, party: str) -> Markup:
    """To whom, where it is not both companies together."""
    return Markup("") if party == "group" else say(_(" to the {buyer}"), buyer=party_name(book, party))


def _to_buyer(party: str) -> str:
    return "" if party == "group" else _(" to its buyer")


def _because(book: Book) -> Markup:
    quotas = binding_quotas(book)
    return say(_(": the {quota} binds"), quota=quotas) if quotas else Markup("")


def _lead_concentrate(book: Book) -> Markup | None:
    party = worthless_to(book)
    left = value_row(book, "marginal_left", party)
    if party is not None and book.real("concentrate_value", left, "value") is not None:
        return say(
            _(
                "At the planned {delivered} one tonne of concentrate less would cost the {party} {left}; one tonne more earns it nothing."
            ),
            delivered=book.number("view_value", 0, "delivered"),
            party=party_name(book, party),
            left=_value(book, left),
        )
    if book.real("concentrate_value", value_row(book, "netback"), "value") is None:
        return None
    return say(
        _("The average tonne of concentrate nets {netback} ({interval}), against a published {published}."),
        netback=_value(book, value_row(book, "netback")),
        interval=book.interval("concentrate_value", value_row(book, "netback"), "low", "high"),
        published=book.number("concentrate_value", value_row(book, "published"), "value", digits=None),
    )


def _lead_limit(book: Book) -> Markup | None:
    rows = earning_limits(book)
    if not rows:
        return say(_("No limit of the plan binds.")) if book.frame("plan_flows").height else None
    return say(
        _("The limit worth most is the {limit}: one per cent more of it earns {money} over the plan."),
        limit=limit_name(book, rows[0]),
        money=book.number("plan_limits", rows[0], "money"),
    )


def _finding(book: Book, row: int, kind: str) -> Markup:
    writers = {"value": _value_finding, "limit": _limit_finding, "meter": _meter_finding, "market": _market_finding}
    return writers[kind](book, row) if kind in writers else _other_finding(book, row)


def _value_finding(book: Book, row: int) -> Markup:
    subject = book.context.name(book.text("findings", row, "subject"))
    if book.real("findings", row, "money") is None:
        return say(_("What {subject} is worth has no price in this run"), subject=subject)
    return say(
        _("The trade in {subject} earns both companies together {money}"),
        subject=subject,
        money=book.number("findings", row, "money"),
    )


def _limit_finding(book: Book, row: int) -> Markup:
    subject = book.text("findings", row, "subject")
    limit = book.row("plan_limits", limit=subject)
    named = limit_name(book, limit) if limit is not None else book.context.name(subject)
    if book.real("findings", row, "money") is None:
        return say(_("The {limit} binds"), limit=named)
    return say(_("One per cent more {limit} earns {money}"), limit=named, money=book.number("findings", row, "money"))


def _meter_finding(book: Book, row: int) -> Markup:
    subject = book.text("findings", row, "subject")
    suspect = suspect_of(book, subject)
    return (
        say(_("{tag} stands out of the balances"), tag=name(subject)) if suspect is None else _suspicion(book, suspect)
    )


def bias_sentence(book: Book, suspect: int) -> Markup:
    """How a suspect meter reads; without a direction where its interval holds zero."""
    low, high = (book.real("suspects", suspect, end) for end in ("bias_low", "bias_high"))
    meter = meter_name(book, suspect)
    if low is None or high is None or low <= 0 <= high:
        return say(_("{meter} is suspect, its bias not told from zero"), meter=meter)
    form = _("{meter} reads {bias} high") if low > 0 else _("{meter} reads {bias} low")
    return say(form, meter=meter, bias=book.number("suspects", suspect, "bias", spread=(high - low) / 4, absolute=True))


def meter_name(book: Book, suspect: int) -> Markup:
    """Tag of a suspect, and what it measures."""
    component = book.text("suspects", suspect, "component")
    what = book.context.name(book.text("suspects", suspect, "object"))
    form = _("{tag} ({component} in {what})") if component else _("{tag} ({what})")
    return say(form, tag=name(book.text("suspects", suspect, "tag")), what=what, component=name(formula(component)))


def formula(component: str) -> str:
    """A component with its digits as subscripts: ``La2O3`` becomes ``La₂O₃``; ``dry_mass`` becomes "dry mass"."""
    return _("dry mass") if component == "dry_mass" else subscripted(component)


def _market_finding(book: Book, row: int) -> Markup:
    money = book.real("findings", row, "money")
    scenario = scenario_name(book, book.text("findings", row, "subject"))
    if money is None:
        return say(_("The {scenario} moves the market"), scenario=scenario)
    form = (
        _("The {scenario} would take {money} from the plan's sales")
        if money < 0
        else _("The {scenario} would add {money} to the plan's sales")
    )
    return say(form, scenario=scenario, money=book.number("findings", row, "money", absolute=True))


def _other_finding(book: Book, row: int) -> Markup:
    subject = book.context.name(book.text("findings", row, "subject"))
    if book.real("findings", row, "money") is None:
        return say("{subject}", subject=subject)
    return say(_("{subject}: {money}"), subject=subject, money=book.number("findings", row, "money"))


def _made_lines(book: Book) -> list[Markup]:
    sold = [row for row in book.rows("view_made") if (book.real("view_made", row, "sold") or 0) > 0]
    form = _("The plan sells {amount} of {commodity}")
    return [
        say(
            form,
            amount=book.number("view_made", row, "sold"),
            commodity=book.context.name(book.text("view_made", row, "commodity")),
        )
        for row in sold
    ]


def _against_published(book: Book, row: int | None) -> Markup:
    difference = book.real("view_concentrate", row, "difference")
    value = _value(book, row)
    if row is None or difference is None:
        return say(_("One more tonne of concentrate is worth {value} to the group"), value=value)
    form = (
        _("One more tonne of concentrate is worth {value}, {gap} above its published price")
        if difference > 0
        else _("One more tonne of concentrate is worth {value}, {gap} below its published price")
    )
    return say(form, value=value, gap=book.number("view_concentrate", row, "relative", digits=2, absolute=True))


def _value(book: Book, row: int | None) -> Markup:
    spread = spread_of(book, "concentrate_value", row, "low", "high")
    return book.number("concentrate_value", row, "value", spread=spread)


def _marginal(book: Book) -> Markup | None:
    if book.real("concentrate_value", value_row(book, "marginal_right"), "value") is None:
        return say(_("Not answered: what one tonne more is worth; needs a solved plan."))
    party = worthless_to(book)
    if party is None:
        return None
    right = value_row(book, "marginal_right", party)
    until = book.real("concentrate_value", right, "valid_to")
    if until is None or until == float("inf"):
        form = _("The marginal tonne is worth nothing{to}{reason}, however many are added.")
        return say(form, to=_to(book, party), reason=_because(book))
    return say(
        _("The marginal tonne is worth nothing{to}{reason}, up to {until} of deliveries."),
        to=_to(book, party),
        reason=_because(book),
        until=book.number("concentrate_value", right, "valid_to", digits=4),
    )


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
        _("To both together it is worth the {value} that the {seller} would save by not making it."),
        value=_value(book, group),
        seller=party_name(book, "seller"),
    )


def _shortfall(book: Book) -> Markup | None:
    """How many tonnes of a shortfall can be made up, and what one costs after that."""
    left, beyond = value_row(book, "marginal_left", "group"), value_row(book, "marginal_beyond_left", "group")
    now, then = (book.real("concentrate_value", row, "value") for row in (left, beyond))
    if now is None or then is None or not then > _SAME + now or book.real("view_value", 0, "replaceable") is None:
        return None
    return say(
        _("Of a shortfall {tonnes} can be made up at {now} each; after that a tonne less costs both {then}."),
        tonnes=book.number("view_value", 0, "replaceable"),
        now=_value(book, left),
        then=_value(book, beyond),
    )


def _binding_share(book: Book) -> Markup | None:
    party = worthless_to(book) or "group"
    if not book.rows("view_quotas"):
        drawn = book.real("view_run", 0, "draws")
        return say(_("No quota binds in any of the draws.")) if drawn else None
    return say(
        _("The {quota} binds in {share} of {draws} draws; one tonne more is worth nothing{to} in {worthless} of them."),
        quota=quota_name(book, book.text("view_quotas", 0, "quota")),
        share=book.number("view_quotas", 0, "share", digits=3),
        draws=book.number("view_run", 0, "draws", digits=None),
        to=_to(book, party),
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
        low=_value(book, value_row(book, "seller_minimum")),
        high=_value(book, value_row(book, "buyer_maximum")),
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


def _suspicion(book: Book, suspect: int) -> Markup:
    """How the meter of a class reads, or that one of several does and which is not to be told."""
    members = book.rows("suspects", suspect_class=book.frame("suspects")["suspect_class"][suspect])
    if len(members) < 2:
        return bias_sentence(book, suspect)
    tags = Markup(", ").join(name(book.text("suspects", row, "tag")) for row in members)
    return say(_("one of {tags} misreads, and no test tells which"), tags=tags)


def _limit_money(book: Book, row: int) -> Markup | None:
    right, up = (book.real("plan_limits", row, column) for column in ("value_right", "valid_up"))
    if right is None:
        return None
    parts = {"limit": limit_name(book, row), "gain": book.number("plan_limits", row, "value_right")}
    if up is None:
        return say(_("One unit more of the {limit} is worth {gain}."), **parts)
    form = _("One unit more of the {limit} is worth {gain}, for the next {up}.")
    return say(form, **parts, up=book.number("plan_limits", row, "valid_up"))


def _delivered(book: Book) -> Markup | None:
    if book.real("view_value", 0, "delivered_money") is None:
        return None
    return say(
        _("At the published price the planned {delivered} of concentrate cost the buyer {money}."),
        delivered=book.number("view_value", 0, "delivered"),
        money=book.number("view_value", 0, "delivered_money"),
    )


def _split(book: Book) -> Markup | None:
    low, high = (book.real("view_value", 0, end) for end in ("surplus_low", "surplus_high"))
    if low is None or high is None:
        return None
    return say(
        _("What the two companies gain from each tonne together, and share by its price, lies between {interval}."),
        interval=book.interval("view_value", 0, "surplus_low", "surplus_high"),
    )


def _figure_concentrate(book: Book) -> Markup:
    row = value_row(book, "netback")
    difference = book.real("view_concentrate", row, "difference")
    low, high = (book.real("concentrate_value", row, end) for end in ("low", "high"))
    published = book.real("concentrate_value", value_row(book, "published"), "value")
    if difference is None or published is None:
        return say(_("What a tonne of concentrate is worth"))
    if low is not None and high is not None and low <= published <= high:
        return say(_("The published price lies inside what the average tonne may net"))
    if difference > 0:
        return say(_("The average tonne nets more than its published price"))
    return say(_("The average tonne nets less than its published price"))


def _figure_limits(book: Book) -> Markup:
    rows = earning_limits(book)
    if not rows:
        return say(_("No limit of the plan binds"))
    return say(_("The {limit} is worth most"), limit=limit_name(book, rows[0]))


def _figure_rare_earths(book: Book) -> Markup:
    lost = book.rows("view_rare_earths", role="loss")
    known = [row for row in lost if book.real("view_rare_earths", row, "share") is not None]
    if not known:
        return say(_("Where the rare earths of the ore went"))
    largest = max(known, key=lambda row: book.real("view_rare_earths", row, "share") or 0.0)
    return say(
        _("The largest loss of rare earths is {stream}: {share} of what the ore held"),
        stream=book.context.name(book.text("view_rare_earths", largest, "stream")),
        share=book.number("view_rare_earths", largest, "share", digits=2),
    )


def _figure_published(book: Book) -> Markup:
    known = [row for row in book.rows("view_published") if book.real("view_published", row, "price") is not None]
    if not known:
        return say(_("The published transfer price"))
    return say(
        _("The published transfer price: {price} in {quarter}"),
        price=book.number("view_published", known[-1], "price", digits=None),
        quarter=book.word("view_published", known[-1], "quarter"),
    )


def period(book: Book, row: int) -> Markup:
    """The month, or the months from and to, in which a limit of ``plan_limits`` binds."""
    start, dots, end = book.text("plan_limits", row, "period").partition("..")
    words = _("{start} to {end}").format(start=month_name(start), end=month_name(end)) if dots else month_name(start)
    return book.word("plan_limits", row, "period", words)
