"""Names of measures, parties, limits and scenarios as a reader says them, and what each measure covers.

``("separation", "quota")`` reads "separation quota", ``marginal_right`` "one tonne more": gain to both companies together.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from ferrolan.base.language import _
from ferrolan.views.cells import Book, name, say
from ferrolan.views.context import Context, Scenario, subscripted

_ARTICLES = ("the", "a", "an", "our")


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


def party_name(context: Context, party: str) -> str:
    """The party of a concentrate value in words."""
    words = {
        "group": _("group"),
        "seller": context.owner(context.seller),
        "buyer": context.owner(context.buyer),
        "market": _("both"),
    }
    return words.get(party, context.owner(party))


def measure_note(book: Book, row: int) -> Markup:
    """What a row of the concentrate table covers; of a public price, where it stands and what it comes to as delivered."""
    measure, party = (book.text("concentrate_value", row, column) for column in ("measure", "party"))
    if measure == "published":
        return _published_note(book, row)
    words = {
        ("marginal_right", "group"): _("gain to both together from a tonne that comes from elsewhere"),
        ("marginal_left", "group"): _("loss to both together if a tonne is missing at the gate"),
        ("marginal_beyond_left", "group"): _("the same loss, once that range is used up"),
        ("marginal_beyond_right", "group"): _("the same gain, once that range is used up"),
        ("marginal_right", "buyer"): _("gain to the buyer alone, before it pays for it"),
        ("marginal_left", "buyer"): _("loss to the buyer alone, before what it saves on it"),
        ("marginal_left", "seller"): _("to the seller alone, of delivering it"),
        ("netback", "buyer"): _(
            "what the buyer's products earn less its own variable costs, per tonne used; no fixed cost, no capital"
        ),
        ("seller_minimum", "seller"): _("below it the seller is better off without the trade"),
        ("buyer_maximum", "buyer"): _(
            "above it the buyer is better off without the trade; it has no other feed in this plan"
        ),
    }
    return say(words.get((measure, party), ""))


def before(context: Context) -> str:
    """Which costs a gain of the plan does not hold yet."""
    return _("before depreciation, interest and tax") if context.costs == "cash" else _("before fixed costs")


def formula(component: str) -> str:
    """A component with its digits as subscripts: ``La2O3`` becomes ``La₂O₃``; ``dry_mass`` becomes "dry mass"."""
    return _("dry mass") if component == "dry_mass" else subscripted(component)


def limit_name(book: Book, row: int) -> str:
    """The binding limit of a row of ``plan_limits`` in words, with its kind."""
    return kind_name(book.context, book.text("plan_limits", row, "limit"), book.text("plan_limits", row, "kind"))


def kind_name(context: Context, subject: str, kind: str) -> str:
    """A limited thing with its kind: a capacity, a quota, a market, a stock, a supply.

    The context may name one by ``kind:subject``, such as ``quota:separation``. A subject of several words, such as
    ``sell lace_oxide``, says itself what is limited.
    """
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


def quota_name(context: Context, quota: str) -> str:
    """A quota of the draws in words."""
    return kind_name(context, quota, "quota")


def listed(names: Sequence[object], *, either: bool = False) -> Markup:
    """Names in a row: "a", "a and b", "a, b and c"; ``or`` in place of ``and`` where it is one of them."""
    if len(names) < 2:
        return say("{only}", only=names[0]) if names else Markup("")
    form = _("{some} or {last}") if either else _("{some} and {last}")
    return say(form, some=Markup(", ").join(say("{one}", one=one) for one in names[:-1]), last=names[-1])


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


def the(title: str) -> str:
    """A title in a sentence: "the steel company", but "Lynas Rare Earths"; who writes it small gives it an article.

    Examples
    --------
    >>> the("steel company"), the("the company"), the("China")
    ('the steel company', 'the company', 'China')
    """
    has_article = title.partition(" ")[0] in _ARTICLES
    return title if not title or title[:1].isupper() or has_article else _("the {title}").format(title=title)


def scenario_name(context: Context, scenario: str) -> str:
    """A market scenario in words: its instrument, whose it is where it is not the home's, and what it counts."""
    known = next((item for item in context.scenarios if item.name == scenario), None)
    if scenario in context.names or known is None:
        return context.name(scenario)
    instrument = _instrument(context, known)
    if known.instrument != "export_quota":
        return instrument
    form = _("{instrument} on each commodity") if known.each else _("{instrument} on the total tonnage")
    return form.format(instrument=instrument)


def market_party_name(party: str) -> str:
    """A party of the market in words."""
    words = {
        "consumers": _("consumers"),
        "producers": _("producers"),
        "quota_holders": _("quota holders"),
        "producers_with_quota": _("producers with their quota"),
        "treasury": _("treasury"),
    }
    return words.get(party, party.replace("_", " "))


def sources_named(context: Context, sources: str, confidence: str) -> str:
    """Sources with their dates; a confidence that is not high is said."""
    citation = context.citation(sources)
    if confidence in ("", "high"):
        return citation
    return _("{citation}; confidence {confidence}").format(citation=citation, confidence=confidence)


def _published_note(book: Book, row: int) -> Markup:
    cells = [book.text("concentrate_value", row, column) for column in ("source", "confidence")]
    parts = {
        "period": book.word("concentrate_value", row, "period"),
        "source": name(sources_named(book.context, *cells)),
    }
    columns = ("delivered_value", "delivered_grade", "delivered_moisture")
    if any(book.real("concentrate_value", row, column) is None for column in columns):
        return say(_("published for {period}: {source}"), **parts)
    form = _("published for {period}: {source}; as delivered ({grade} REO, {moisture} moisture, with VAT) {value} wet")
    return say(
        form,
        **parts,
        value=book.number("concentrate_value", row, "delivered_value", digits=5),
        grade=book.number("concentrate_value", row, "delivered_grade"),
        moisture=book.number("concentrate_value", row, "delivered_moisture", digits=2),
    )


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


def _instrument(context: Context, scenario: Scenario) -> str:
    region = the(context.name(scenario.region))
    if scenario.instrument == "tariff":
        return _("tariff on what {region} imports").format(region=region)
    words = {"export_quota": _("export quota"), "production_quota": _("production quota")}
    named = words.get(scenario.instrument, context.name(scenario.instrument))
    return named if scenario.region == context.home else _("{quota} of {region}").format(quota=named, region=region)
