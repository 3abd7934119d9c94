"""The open questions of the industry, each answered by a number of this run or said to be unanswered, and why.

"Would more separation pay?" is answered by the load of the plant and the share of draws in which a quota binds; what the
run cannot know (cost of capital, years beyond the plan) stands beside it. The bigger picture quotes the public record
with source and date, and nothing else.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from ferrolan.base.language import _, ngettext
from ferrolan.views.cells import NOTHING, Book, name, say
from ferrolan.views.earnings import reply
from ferrolan.views.narrative import earning_limits, scenario_note, scenario_step
from ferrolan.views.scope import has_account, values_concentrate
from ferrolan.views.tables import QUOTA_PRODUCERS
from ferrolan.views.words import limit_name, listed, market_party_name, month_name, sources_named, the

_LEAST_CHANGE = 5e-4  # a price that moves by less stays as it is in print


@dataclass(frozen=True)
class Question:
    """A question, what this run answers, and what that does not cover."""

    question: Markup
    answer: tuple[Markup, ...]
    not_covered: Markup


def _question(question: Markup, answer: list[Markup], unanswered: Markup, not_covered: Markup) -> Question:
    """A question with its answer; what an answer does not cover needs no saying where there is none."""
    return Question(question, tuple(answer), not_covered) if answer else Question(question, (unanswered,), Markup(""))


@dataclass(frozen=True)
class Public:
    """A figure of the public record in a sentence, its source and date."""

    statement: Markup
    citation: Markup


def open_questions(book: Book) -> list[Question]:
    """Demand and exports, over-expansion, intervention."""
    return [_demand(book), _expansion(book), _intervention(book)]


def bigger_picture(book: Book) -> list[Public]:
    """Public figures beside which this run must be read; only those that the record base holds."""
    makes = book.context.industries
    quoted = [_published(book), _national_quotas(book), _group_quota(book)] if "rare_earths" in makes else []
    quoted += [_fact(book, *wanted) for wanted in _wanted(makes)]
    return [public for public in quoted if public is not None]


def main_commodity(book: Book) -> str | None:
    """The commodity on which most money is spent in the base case."""
    base = book.frame("market")
    if not base.height:
        return None
    spent: dict[str, float] = {}
    for row in book.rows("market", scenario="base"):
        money = (book.real("market", row, "price") or 0.0) * (book.real("market", row, "consumption") or 0.0)
        commodity = book.text("market", row, "commodity")
        spent[commodity] = spent.get(commodity, 0.0) + money
    return max(spent, key=lambda commodity: spent[commodity]) if spent else None


def _demand(book: Book) -> Question:
    answer = [*_what_if(book, "demand"), *base_case(book)]
    return _question(
        say(
            _("Demand and exports: what if less is wanted, and how much goes abroad?")
            if book.context.home is not None
            else _("Demand: what if less is wanted, or at another price?")
        ),
        answer,
        say(_("Not answered: needs a plan re-solved under other prices, and a cleared market.")),
        _intervals(book),
    )


def _intervals(book: Book) -> Markup:
    """What the intervals of the plan's replies carry."""
    if values_concentrate(book):
        return say(_("Intervals carry the same draws as the concentrate: meters, prices and costs."))
    rows = [row for row in book.rows("what_if") if book.real("what_if", row, "low") is not None]
    if not rows:
        return say(_("These answers have no interval: the document says nothing of how uncertain its figures are."))
    level = book.number("view_run", 0, "level", digits=2)
    form = (
        _("Intervals hold {level} of the draws of meters, prices and costs.{rates}")
        if has_account(book)
        else _("Intervals hold {level} of the draws of prices and costs alone; yields are taken as declared.{rates}")
    )
    return say(form, level=level, rates=_undrawn_rates(book))


def _undrawn_rates(book: Book) -> Markup:
    """That synthetic exchange rates, on which every converted price hangs, are in no draw."""
    currencies = book.context.synthetic_rates
    if not currencies:
        return Markup("")
    form = ngettext(
        " The exchange rate of {currencies} is synthetic and in no draw.",
        " The exchange rates of {currencies} are synthetic and in no draw.",
        len(currencies),
    )
    return say(form, currencies=listed(currencies))


def _what_if(book: Book, question: str) -> list[Markup]:
    """Each declared change of the world: what it does to the joint plan, its interval, what it leaves out."""
    return [
        say(
            _("{reply} {covers}."),
            reply=reply(book, row),
            covers=Markup('<span class="covers">({})</span>').format(book.word("what_if", row, "covers")),
        )
        for row in book.rows("what_if", question=question)
    ]


def base_case(book: Book) -> list[Markup]:
    """The market's base case at home: what is used, sold abroad or brought in, at which price."""
    commodity, home = main_commodity(book), book.context.home
    row = None if commodity is None else book.row("market", scenario="base", region=home, commodity=commodity)
    if row is None or home is None or book.real("market", row, "net_export") is None:
        return []
    forms = {
        True: _(
            "In the market's base case {region} sells {traded} of {commodity} abroad and uses {used} itself, at "
            "{price}. That case is calibrated to declared quantities and reference prices: its exports are an input, "
            "not a finding."
        ),
        False: _(
            "In the market's base case {region} uses {used} of {commodity}, {traded} of it from elsewhere, at {price}. "
            "That case is calibrated to declared quantities and reference prices: its imports are an input, not a "
            "finding."
        ),
    }
    return [
        say(
            forms[(book.real("market", row, "net_export") or 0.0) >= 0],
            region=the(book.context.name(home)),
            traded=book.number("market", row, "net_export", absolute=True),
            commodity=name(book.context.name(commodity)),
            used=book.number("market", row, "consumption"),
            price=book.number("market", row, "price"),
        ),
        *_discarded(book, home),
    ]


def _discarded(book: Book, home: str) -> list[Markup]:
    rows = book.rows("market", scenario="base", region=home)
    rows = [row for row in rows if (book.real("market", row, "disposed") or 0.0) > 0.5]
    if not rows:
        return []
    most = max(rows, key=lambda row: book.real("market", row, "disposed") or 0.0)
    return [
        say(
            _("{amount} of {commodity} find no buyer: they come with the basket."),
            amount=book.number("market", most, "disposed"),
            commodity=name(book.context.name(book.text("market", most, "commodity"))),
        )
    ]


def _expansion(book: Book) -> Question:
    answer = [*_what_if(book, "expansion"), *_scarce_capacity(book), *_idle_capacity(book)]
    return _question(
        say(_("Over-expansion: would more capacity pay?")),
        answer,
        say(_("Not answered: needs a solved plan.")),
        say(
            _(
                "Not covered: cost of capital, years after {end}, and the fall of prices that everybody's expansion brings."
            ),
            end=book.word("view_run", 0, "plan_to", month_name(book.text("view_run", 0, "plan_to"))),
        ),
    )


def _scarce_capacity(book: Book) -> list[Markup]:
    if not book.frame("plan_flows").height:
        return []
    rows = [row for row in earning_limits(book) if book.text("plan_limits", row, "kind") == "capacity"]
    if not rows:
        return [say(_("No capacity earns anything if it were larger."))]
    parts = {"limit": limit_name(book, rows[0]), "value": book.number("plan_limits", rows[0], "value_right")}
    up = book.real("plan_limits", rows[0], "valid_up")
    if up is None or math.isinf(up):
        return [say(_("The capacity worth most is the {limit}: {value}."), **parts)]
    form = _("The capacity worth most is the {limit}: {value}, for the next {up}.")
    return [say(form, **parts, up=book.number("plan_limits", rows[0], "valid_up"))]


def _idle_capacity(book: Book) -> list[Markup]:
    rows = book.rows("view_loads", owner=book.context.buyer) or book.rows("view_loads")
    known = [row for row in rows if book.real("view_loads", row, "load") is not None]
    if not known:
        return []
    idlest = min(known, key=lambda row: book.real("view_loads", row, "load") or 0.0)
    form = (
        _("The {unit} of {owner} works at {load} of its capacity.")
        if len(book.context.owners) > 1
        else _("The {unit} works at {load} of its capacity.")
    )
    return [
        say(
            form,
            unit=book.context.name(book.text("view_loads", idlest, "unit")),
            owner=the(book.context.owner(book.text("view_loads", idlest, "owner"))),
            load=book.number("view_loads", idlest, "load", digits=2),
        )
    ]


def _intervention(book: Book) -> Question:
    answer = _what_if(book, "intervention")
    if values_concentrate(book):
        answer += [sentence for scenario in scenarios(book) for sentence in market_sentences(book, scenario)]
    elif scenarios(book):
        answer.append(say(_("What each policy does to the market stands in the table below.")))
        answer += _granted(book)
    asked = (
        _("Intervention: what does it do, and who pays?") if scenarios(book) else _("Intervention: what does it do?")
    )
    return _question(
        say(asked),
        answer,
        say(_("Not answered: needs a market case with an instrument.")),
        _market_limits(book),
    )


def _granted(book: Book) -> list[Markup]:
    """What scenarios that move the plan's sales take for granted of the plan, beside the figure."""
    found = [row for row in book.rows("findings", kind="market") if book.real("findings", row, "money") is not None]
    return [
        say(
            _("{money} on the plan's sales by the {scenario}: {note}."),
            money=book.number("findings", row, "money", signed=True),
            scenario=scenario_step(book, subject),
            note=scenario_note(book, subject),
        )
        for row in found
        if scenario_note(book, subject := book.text("findings", row, "subject"))
    ]


def has_production_quota(book: Book) -> bool:
    """Whether a scenario limits what producers may make, by a quota that they hold themselves."""
    return any(
        book.text("view_party_change", row, "party") == QUOTA_PRODUCERS for row in book.rows("view_party_change")
    )


def _market_limits(book: Book) -> Markup:
    """What the answers on intervention leave out."""
    if not scenarios(book):
        return say(_("Not covered: how the market answers; no scenario of a market is declared."))
    if "rare_earths" not in book.context.industries:
        return say(
            _("The market's figures have no interval: that needs draws of the elasticities. Not covered: answers of other "
              "states, new works elsewhere.")
        )  # fmt: skip
    return say(
        _("The market's figures have no interval: that needs draws of the elasticities, of which none is verified in public. Not covered: answers of other states, "
          "licences for single elements, new mines abroad.")
    )  # fmt: skip


def market_sentences(book: Book, scenario: str) -> list[Markup]:
    """What a scenario of the market hits, where prices move most, who gains and loses by it, what it takes for granted."""
    told = [*_hit(book, scenario), *_price_shift(book, scenario), *_gains(book, scenario)]
    granted = scenario_note(book, scenario)
    return [*told, say(_("Taken for granted: {note}."), note=granted)] if granted else told


def scenario_rows(book: Book) -> list[dict[str, Markup]]:
    """Each scenario against the base case: what gives way most, the main commodity's price at home, who gains and loses."""
    return [_scenario_cells(book, scenario) for scenario in scenarios(book)]


def _scenario_cells(book: Book, scenario: str) -> dict[str, Markup]:
    commodity, home = main_commodity(book), book.context.home
    price = book.row("view_market_change", scenario=scenario, region=home, commodity=commodity)
    found = book.row("findings", kind="market", subject=scenario)
    parties = _parties(book, scenario)
    return {
        "scenario": scenario_step(book, scenario),
        "note": scenario_note(book, scenario),
        "hit": _hit_cell(book, scenario),
        "price": NOTHING
        if price is None
        else book.number("view_market_change", price, "price_relative", signed=True, digits=2),
        "sales": NOTHING if found is None else book.number("findings", found, "money", signed=True),
        "winner": _party(book, parties[0]) if parties else NOTHING,
        "loser": _party(book, parties[-1]) if parties else NOTHING,
    }


def _hit_cell(book: Book, scenario: str) -> Markup:
    row = book.row("view_scenarios", scenario=scenario)
    if row is None or (book.real("view_scenarios", row, "cut") or 0.0) > -_LEAST_CHANGE:
        return NOTHING
    return say(
        _("{what} of {commodity} {cut}"),
        what=_hits(book.text("view_scenarios", row, "hits")),
        commodity=name(book.context.name(book.text("view_scenarios", row, "commodity"))),
        cut=book.number("view_scenarios", row, "cut", signed=True, digits=2),
    )


def scenarios(book: Book) -> list[str]:
    """Names of the scenarios that were cleared beside the base case."""
    tables = ("view_market_change", "view_party_change")
    return list(dict.fromkeys(name for table in tables for name in book.frame(table)["scenario"].to_list()))


def _hit(book: Book, scenario: str) -> list[Markup]:
    """Which commodities a scenario hits: the one that gives way most, and the one that gives way least."""
    row = book.row("view_scenarios", scenario=scenario)
    if row is None or (book.real("view_scenarios", row, "cut") or 0.0) > -_LEAST_CHANGE:
        return []
    parts = {
        "scenario": scenario_step(book, scenario, clause=True),
        "what": _hits(book.text("view_scenarios", row, "hits")),
        "most": name(book.context.name(book.text("view_scenarios", row, "commodity"))),
        "cut": book.number("view_scenarios", row, "cut", signed=True, digits=2),
        "least": name(book.context.name(book.text("view_scenarios", row, "least"))),
        "least_cut": book.number("view_scenarios", row, "least_cut", signed=True, digits=2),
    }
    cut, least_cut = (book.real("view_scenarios", row, column) or 0.0 for column in ("cut", "least_cut"))
    if book.text("view_scenarios", row, "commodity") == book.text("view_scenarios", row, "least"):
        return [say(_("The {scenario} cuts the {what} of {most} ({cut})."), **parts)]
    if abs(cut - least_cut) < _LEAST_CHANGE:
        return [say(_("The {scenario} cuts the {what} of every commodity alike ({cut})."), **parts)]
    if least_cut > 0:
        return [say(_("The {scenario} cuts the {what} of {most} most ({cut})."), **parts)]
    return [
        say(_("The {scenario} cuts the {what} of {most} most ({cut}) and of {least} least ({least_cut})."), **parts)
    ]


def _hits(what: str) -> str:
    words = {"exports": _("exports"), "production": _("production"), "imports": _("imports")}
    return words.get(what, what)


def _price_shift(book: Book, scenario: str) -> list[Markup]:
    """The largest relative change of a price that the scenario makes beyond the region it is meant for."""
    row = book.row("view_scenarios", scenario=scenario)
    own = book.context.home if row is None else _region_of(book, scenario)
    rows = [
        row
        for row in book.rows("view_market_change", scenario=scenario)
        if (own != book.context.home or book.text("view_market_change", row, "region") != own)
        and abs(book.real("view_market_change", row, "price_relative") or 0.0) >= _LEAST_CHANGE
    ]
    if not rows:
        form = (
            _("The {scenario} changes no price abroad.")
            if own == book.context.home
            else _("The {scenario} changes no price.")
        )
        return [say(form, scenario=scenario_step(book, scenario, clause=True))]
    largest = max(rows, key=lambda row: abs(book.real("view_market_change", row, "price_relative") or 0.0))
    return [
        say(
            _("Prices in {region} move most for {commodity}: {change}."),
            commodity=name(book.context.name(book.text("view_market_change", largest, "commodity"))),
            region=_region(book, "view_market_change", largest),
            change=book.number("view_market_change", largest, "price_relative", signed=True, digits=2),
        ),
        *_home_price(book, scenario, largest),
    ]


def _region_of(book: Book, scenario: str) -> str | None:
    return next((item.region for item in book.context.scenarios if item.name == scenario), None)


def _home_price(book: Book, scenario: str, told: int) -> list[Markup]:
    """How the main commodity's price moves at home under somebody else's instrument, where that is not said yet."""
    home = book.context.home
    row = book.row("view_market_change", scenario=scenario, region=home, commodity=main_commodity(book))
    if row is None or row == told or _region_of(book, scenario) == home:
        return []
    form = _("At home {commodity} moves by {change} to {price}.")
    return [
        say(
            form,
            commodity=name(book.context.name(book.text("view_market_change", row, "commodity"))),
            change=book.number("view_market_change", row, "price_relative", signed=True, digits=2),
            price=book.number("view_market_change", row, "price"),
        )
    ]


def _parties(book: Book, scenario: str) -> list[int]:
    """Rows of the parties whose surplus a scenario changes, the largest gain first."""
    rows = book.rows("view_party_change", scenario=scenario)
    rows = [row for row in rows if abs(book.real("view_party_change", row, "change") or 0.0) >= 1]
    return sorted(rows, key=lambda row: -(book.real("view_party_change", row, "change") or 0.0))


def _gains(book: Book, scenario: str) -> list[Markup]:
    rows = _parties(book, scenario)
    if not rows:
        return []
    winner, loser = (_party(book, row) for row in (rows[0], rows[-1]))
    return [say(_("Most is gained by {winner}, most is lost by {loser}."), winner=winner, loser=loser)]


def _party(book: Book, row: int) -> Markup:
    return say(
        _("{party} in {region} ({change})"),
        party=market_party_name(book.text("view_party_change", row, "party")),
        region=_region(book, "view_party_change", row),
        change=book.number("view_party_change", row, "change", signed=True),
    )


def _region(book: Book, table: str, row: int) -> str:
    return the(book.context.name(book.text(table, row, "region")))


def _published(book: Book) -> Public | None:
    known = [row for row in book.rows("view_published") if book.real("view_published", row, "price") is not None]
    if not known:
        return None
    last = known[-1]
    sources = book.text("view_published", last, "source")
    if book.real("view_published", last, "change") is None:
        statement = say(
            _("The published transfer price stands at {price} in {quarter}."),
            price=book.number("view_published", last, "price", digits=None),
            quarter=book.word("view_published", last, "quarter"),
        )
    else:
        statement = say(
            _("The published transfer price stands at {price} in {quarter}, {change} on the quarter before."),
            price=book.number("view_published", last, "price", digits=None),
            quarter=book.word("view_published", last, "quarter"),
            change=book.number("view_published", last, "change", signed=True, digits=2),
        )
    confidence = book.text("view_published", last, "confidence")
    return Public(statement, name(sources_named(book.context, sources, confidence)))


def _national_quotas(book: Book) -> Public | None:
    """The youngest national quotas on record, and that they are the last ones where later years are known to be unknown."""
    mining, later = _youngest(book, "mining")
    separation, _later = _youngest(book, "smelting_separation")
    if mining is None or separation is None:
        return None
    forms = {
        False: _("China's quotas were {value} for mining rare earths in {period} and {other} for separating them."),
        True: _(
            "China's quotas were {value} for mining rare earths in {period} and {other} for separating them, the last ones "
            "published: none for {later}."
        ),
    }
    years = listed([book.word("facts", row, "period") for row in later])
    other = book.number("facts", separation, "value", digits=None)
    return _quoted(book, mining, forms[bool(later)], other=other, later=years)


def _youngest(book: Book, key: str) -> tuple[int | None, list[int]]:
    """Row of the youngest yearly total with a value, and the rows of later years without one."""
    rows = [
        row
        for row in book.rows("facts", file="quotas", section="annual_totals", fact=key)
        if _YEAR.fullmatch(book.text("facts", row, "period"))
    ]
    rows.sort(key=lambda row: book.text("facts", row, "period"))
    known = [row for row in rows if book.real("facts", row, "value") is not None]
    return (known[-1], rows[rows.index(known[-1]) + 1 :]) if known else (None, [])


def _group_quota(book: Book) -> Public | None:
    """The youngest whole year of which the record holds a group's quota; batches are none."""
    rows = [
        row
        for row in book.rows("facts", file="quotas", section="by_group")
        if book.real("facts", row, "value") is not None and _YEAR.fullmatch(book.text("facts", row, "period"))
    ]
    if not rows:
        return None
    youngest = max(rows, key=lambda row: book.text("facts", row, "period"))
    return _quoted(book, youngest, _("Quotas by group were last published in full for {period}."))


_YEAR = re.compile(r"\d{4}")


def _wanted(makes: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """File, words that the record's section, name and key must hold, and the sentence; more for a single business."""
    if "rare_earths" in makes:
        yield (
            "policy_events",
            ("mp_price_floor", "floor_usd_per_kg"),
            _("The United States hold a floor of {value} under Nd-Pr since {period}."),
        )
    if makes == ("rare_earths",):
        yield (
            "production",
            ("refining", "China", "2023"),
            _("China refined {value} of the world's magnet rare earths in {period}."),
        )
        yield "production", ("world_mine", "2025"), _("The world's mines gave {value} in {period}.")
    if "steel" in makes:
        yield (
            "steel",
            ("excess_capacity", "2025"),
            _("World steel capacity exceeded demand by {value} in {period}."),
        )
        yield (
            "steel",
            ("utilisation", "2025"),
            _("The world's steelworks ran at {value} of their capacity in {period}."),
        )
    if makes == ("steel",):
        yield "steel", ("crude_steel_Mt", "world", "2025"), _("The world made {value} of crude steel in {period}.")
        yield (
            "steel",
            ("cisa_members", "margin_pct", "2025", "Jan", "Sep"),
            _("China's large steelworks kept {value} of their revenue as profit in {period}."),
        )


def _fact(book: Book, file: str, words: tuple[str, ...], sentence: str) -> Public | None:
    row = _find(book, file, words)
    if row is None or book.real("facts", row, "value") is None or not book.text("facts", row, "source"):
        return None
    return _quoted(book, row, sentence)


def _quoted(book: Book, row: int, sentence: str, **parts: object) -> Public:
    value, period = book.number("facts", row, "value", digits=None), book.word("facts", row, "period")
    sources, confidence = (book.text("facts", row, column) for column in ("source", "confidence"))
    citation = name(sources_named(book.context, sources, confidence))
    return Public(say(sentence, value=value, period=period, **parts), citation)


def _find(book: Book, file: str, words: tuple[str, ...]) -> int | None:
    for row in range(book.frame("facts").height):
        if not book.text("facts", row, "file").startswith(file):
            continue
        columns = (book.text("facts", row, column) for column in ("section", "fact", "key", "period"))
        tokens = set(re.findall(r"\w+", " ".join(columns)))
        if tokens.issuperset(words):
            return row
    return None
