"""Sentences out of table cells: the title, the lead, the highlights, why it matters, the message of each figure.

A sentence appears only when its condition holds, and says for which step its money is: the whole trade before fixed
costs, one per cent more of a limit, an export quota at 70 % of the base case's exports. Every number stands in the
sentence as a reference to its cell (``cells.Book``), every sentence goes through gettext as a whole.
"""

from __future__ import annotations

import math
from collections import Counter

from markupsafe import Markup

from ferrolan.base.language import _
from ferrolan.views.cells import Book, name, say, spread_of
from ferrolan.views.earnings import (
    earned,
    loads_title,
    plain_replies,
    replies_title,
    reply,
    risk_title,
    sales_lines,
    sales_title,
    strongest_replies,
)
from ferrolan.views.meters import account_verdict, echoes, suspect_of, suspicion
from ferrolan.views.scope import has_account, no_plant_data, values_concentrate
from ferrolan.views.words import before, limit_name, month_name, scenario_name
from ferrolan.views.worth import concentrate_lead, trade_headline, value_row

_WHOLE = 0.01  # share of the money by which a first part counts as all of it
_MOST_FINDINGS = 5
_MOST_OF_A_KIND = {"market": 1, "limit": 2, "meter": 2}
_FEWEST_HIGHLIGHTS = 3
_LEAST_SHARE = 0.01  # of the limit worth most: what is worth less is not told
_LEAST_MONEY = 1.0  # ¤: what earns less is rounding


def title(book: Book) -> Markup:
    """The finding worth most money, in one line; where no concentrate is valued, a weaker market may be worth more."""
    ranked = ranked_findings(book)
    if not values_concentrate(book):
        risk = largest_risk(book)
        if risk is not None:
            return risk_title(book, risk)
    if not ranked:
        return _untitled(book)
    if book.text("findings", ranked[0], "kind") != "value":
        return finding(book, ranked[0])
    return trade_headline(book, ranked[0])


def lead(book: Book) -> list[Markup]:
    """Three sentences: the concentrate or what the plan earns, the limit worth most, whether the data can be trusted."""
    first = concentrate_lead(book) if values_concentrate(book) else earned(book)
    last = account_verdict(book) if has_account(book) else no_plant_data(book)
    return [sentence for sentence in (first, _lead_limit(book), last) if sentence]


def highlights(book: Book) -> list[Markup]:
    """Three to five lines with one number each: the findings in their rank, few of a kind, then what is sold.

    Where no concentrate is valued, the plan's replies to the open questions stand among them by what they are worth,
    and what the title says is not told again.
    """
    if not values_concentrate(book):
        return _plan_highlights(book)
    told = [finding(book, row) for row in told_findings(book)[:_MOST_FINDINGS]]
    if len(told) < _FEWEST_HIGHLIGHTS:
        told += _made_lines(book)[: _FEWEST_HIGHLIGHTS - len(told)]
    return told


def _plan_highlights(book: Book) -> list[Markup]:
    risk, first = largest_risk(book), next(iter(ranked_findings(book)), None)
    told = [
        (book.real("findings", row, "money"), finding(book, row))
        for row in told_findings(book)
        if risk is not None or row != first
    ]
    told += [
        (book.real("what_if", row, "gain"), reply(book, row))
        for row in strongest_replies(book)
        if not _answered(book, row, risk)
    ]
    told.sort(key=lambda line: -abs(line[0] or 0.0))
    sales = sales_lines(book)
    return [*(line for _money, line in told[: _MOST_FINDINGS - len(sales)]), *sales]


def _answered(book: Book, row: int, risk: int | None) -> bool:
    """Whether the title answers the question of this reply already."""
    return risk is not None and book.text("what_if", row, "question") == book.text("what_if", risk, "question")


def largest_risk(book: Book) -> int | None:
    """Row of the change of demand or policy that would cost the plan most, if that is more than any finding is worth."""
    rows = plain_replies(book, "demand", "intervention")
    worst = min(rows, key=lambda row: book.real("what_if", row, "gain") or 0.0, default=None)
    loss = -(book.real("what_if", worst, "gain") or 0.0)
    found = (abs(book.real("findings", row, "money") or 0.0) for row in book.rows("findings"))
    return worst if loss >= max(_LEAST_MONEY, *found, 0.0) else None


def finding(book: Book, row: int) -> Markup:
    """One finding in a line, with the step its money is for."""
    writers = {"value": _value_finding, "limit": _limit_finding, "meter": _meter_finding, "market": _market_finding}
    return writers.get(book.text("findings", row, "kind"), _other_finding)(book, row)


def why_it_matters(book: Book) -> list[Markup]:
    """The money behind the findings: what the limits are worth, how far that holds, who gains by the transfer price."""
    limits = [_limit_money(book, row) for row in earning_limits(book)[:1]]
    return [sentence for sentence in (*limits, _delivered(book), _split(book)) if sentence]


def figure_titles(book: Book) -> dict[str, Markup]:
    """The message of each figure."""
    return {
        "concentrate": _figure_concentrate(book),
        "limits": _figure_limits(book),
        "rare_earths": _figure_rare_earths(book),
        "published": _figure_published(book),
        "sales": sales_title(book),
        "loads": loads_title(book),
        "replies": replies_title(book),
    }


def earning_limits(book: Book) -> list[int]:
    """Rows of the binding limits of which one per cent more earns money, the most first."""
    money = {row: book.real("plan_limits", row, "money") or 0.0 for row in book.rows("plan_limits")}
    least = max(_LEAST_MONEY, _LEAST_SHARE * max(money.values(), default=0.0))
    return sorted((row for row in money if money[row] >= least), key=lambda row: -money[row])


def limit_of(book: Book, row: int) -> int | None:
    """Row of ``plan_limits`` a limit's finding speaks of: its kind and its name, for a unit and a quota may share one."""
    keys = {"limit": book.text("findings", row, "subject"), "kind": book.text("findings", row, "limit_kind")}
    found = book.rows("plan_limits", **keys)
    return max(found, key=lambda limit: book.real("plan_limits", limit, "money") or 0.0, default=None)


def ranked_findings(book: Book) -> list[int]:
    """Rows of the findings in their rank; meters without a price by how far they stand out; echoes left out."""

    def place(row: int) -> tuple[float, float]:
        if book.text("findings", row, "kind") != "meter" or book.real("findings", row, "money") is not None:
            return book.real("findings", row, "rank") or 0.0, 0.0
        return float("inf"), book.real("suspects", suspect_of(book, row), "rank") or 0.0

    rows = [row for row in book.rows("findings") if not _is_echo(book, row)]
    return sorted(rows, key=place)


def material_findings(book: Book) -> list[int]:
    """Rows of the findings in their rank, without limits that are worth little beside the one worth most."""
    limits = [abs(book.real("findings", row, "money") or 0.0) for row in book.rows("findings", kind="limit")]
    least = _LEAST_SHARE * max(limits, default=0.0)
    return [
        row
        for row in ranked_findings(book)
        if book.text("findings", row, "kind") != "limit" or abs(book.real("findings", row, "money") or 0.0) >= least
    ]


def told_findings(book: Book) -> list[int]:
    """Rows of the findings to tell: in their rank, few of a kind, so that a meter is heard beside the limits."""
    told: list[int] = []
    kinds: Counter[str] = Counter()
    for row in material_findings(book):
        kind = book.text("findings", row, "kind")
        kinds[kind] += 1
        if kinds[kind] <= _MOST_OF_A_KIND.get(kind, 1):
            told.append(row)
    return told


def month(book: Book) -> Markup:
    """The month of the account in words; without one, the months of the plan."""
    if book.context.month is not None:
        return book.word("view_run", 0, "month", month_name(book.context.month))
    if not book.context.plan_months:
        return Markup("")
    ends = {
        end: book.word("view_run", 0, column, month_name(book.text("view_run", 0, column)))
        for end, column in (("start", "plan_from"), ("end", "plan_to"))
    }
    return say(_("plan {start} to {end}"), **ends)


def period(book: Book, row: int) -> Markup:
    """The month, or the months from and to, in which a limit of ``plan_limits`` binds."""
    start, dots, end = book.text("plan_limits", row, "period").partition("..")
    words = _("{start} to {end}").format(start=month_name(start), end=month_name(end)) if dots else month_name(start)
    return book.word("plan_limits", row, "period", words)


def scenario_step(book: Book, scenario: str, *, clause: bool = False) -> Markup:
    """A market scenario with its step: an export quota on the total tonnage, at 70 % of the base case's exports.

    As a ``clause`` of a sentence that goes on it ends with a comma where it has one inside.
    """
    row = book.row("view_scenarios", scenario=scenario)
    named = scenario_name(book.context, scenario)
    if row is None:
        return say("{name}", name=named)
    forms = {
        "exports": _("{name}, at {share} of the base case's exports"),
        "production": _("{name}, at {share} of the base case's production"),
        "imports": _("{share} {name}"),
    }
    hits = book.text("view_scenarios", row, "hits")
    step = say(forms[hits], name=named, share=book.number("view_scenarios", row, "share", digits=2))
    return say("{step},", step=step) if clause and hits != "imports" else step


def scenario_note(book: Book, scenario: str) -> Markup:
    """What the document takes for granted in a scenario, in its own words; empty where it says nothing."""
    row = book.row("view_scenarios", scenario=scenario)
    if row is None or not book.text("view_scenarios", row, "note"):
        return Markup("")
    return book.word("view_scenarios", row, "note")


def _untitled(book: Book) -> Markup:
    """The title of a run without a finding: what its plan earns, else that nothing has a price."""
    if values_concentrate(book) or book.real("view_earned", 0, "gain") is None:
        return say(_("{month}: no finding of this run has a price"), month=month(book) or book.context.title)
    return say(
        _("The plan earns {gain} {before}"), gain=book.number("view_earned", 0, "gain"), before=before(book.context)
    )


def _is_echo(book: Book, row: int) -> bool:
    if book.text("findings", row, "kind") != "meter":
        return False
    suspect = suspect_of(book, row)
    return suspect is not None and echoes(book, suspect)


def _lead_limit(book: Book) -> Markup | None:
    rows = earning_limits(book)
    if not rows:
        return say(_("No limit of the plan binds.")) if book.frame("plan_flows").height else None
    if _is_nothing(book, rows[0]):
        return say(_("{nothing}."), nothing=_nothing(book, rows[0]))
    parts = {"limit": limit_name(book, rows[0]), "money": book.number("plan_limits", rows[0], "money")}
    if _ends_early(book, rows[0]):
        tonnes = book.number("plan_limits", rows[0], "valid_up")
        form = _(
            "The limit worth most is the {limit}: the next {tonnes} of it earn {money} over the plan, then others bind."
        )
        return say(form, tonnes=tonnes, **parts)
    return say(_("The limit worth most is the {limit}: one per cent more of it earns {money} over the plan."), **parts)


def _is_nothing(book: Book, limit: int) -> bool:
    """Whether a limit is 0, of which one per cent more is none."""
    return book.real("plan_limits", limit, "limit_value") == 0.0


def _nothing(book: Book, limit: int) -> Markup:
    gain = book.number("plan_limits", limit, "value_right")
    return say(
        _("Of the {limit} there is none; a first unit of it earns {gain}"), limit=limit_name(book, limit), gain=gain
    )


def _ends_early(book: Book, limit: int) -> bool:
    """Whether one per cent more of a limit earns all it earns in a first part, before another limit binds."""
    size, reach, value, money = (
        book.real("plan_limits", limit, column) for column in ("limit_value", "valid_up", "value_right", "money")
    )
    if size is None or reach is None or value is None or money is None or reach >= 0.01 * size:
        return False
    return abs(money - value * reach) <= _WHOLE * abs(money)


def _value_finding(book: Book, row: int) -> Markup:
    parts = {"subject": book.context.name(book.text("findings", row, "subject")), "before": before(book.context)}
    spread = spread_of(book, "findings", row, "low", "high")
    if book.real("findings", row, "money") is None:
        return say(_("What {subject} is worth has no price in this run"), **parts)
    money = book.number("findings", row, "money", spread=spread)
    if spread is None:
        form = _("The trade in {subject} earns both companies together {money} {before}")
        return say(form, **parts, money=money)
    return say(
        _("The trade in {subject} earns both companies together {money} {before} ({interval} in {level} of the draws)"),
        **parts,
        money=money,
        interval=book.interval("findings", row, "low", "high"),
        level=book.number("view_run", 0, "level", digits=2),
    )  # fmt: skip


def _limit_finding(book: Book, row: int) -> Markup:
    limit = limit_of(book, row)
    named = limit_name(book, limit) if limit is not None else book.context.name(book.text("findings", row, "subject"))
    if book.real("findings", row, "money") is None:
        return say(_("The {limit} binds"), limit=named)
    if limit is not None and _is_nothing(book, limit):
        return _nothing(book, limit)
    spread = spread_of(book, "findings", row, "low", "high")
    money = book.number("findings", row, "money", spread=spread)
    if limit is not None and _ends_early(book, limit):
        return say(
            _("One per cent more {limit} earns {money}, all of it in the first {tonnes}"),
            limit=named,
            money=money,
            tonnes=book.number("plan_limits", limit, "valid_up"),
        )
    if spread is None:
        return say(_("One per cent more {limit} earns {money}"), limit=named, money=money)
    return say(
        _("One per cent more {limit} earns {money} ({interval})"),
        limit=named,
        money=money,
        interval=book.interval("findings", row, "low", "high"),
    )


def _meter_finding(book: Book, row: int) -> Markup:
    suspect = suspect_of(book, row)
    if suspect is None:
        return say(_("{tag} stands out of the balances"), tag=name(book.text("findings", row, "subject")))
    if book.real("findings", row, "money") is None:
        return suspicion(book, suspect)
    return say(
        _("{suspicion}; leaving it out moves the plan's gain by {money}"),
        suspicion=suspicion(book, suspect),
        money=book.number("findings", row, "money", digits=2, signed=True),
    )


def _market_finding(book: Book, row: int) -> Markup:
    money = book.real("findings", row, "money")
    step = scenario_step(book, book.text("findings", row, "subject"), clause=True)
    if money is None:
        return say(_("The {scenario} moves the market"), scenario=step)
    if abs(money) < _LEAST_MONEY:
        return say(_("The {scenario} leaves the plan's sales as they are"), scenario=step)
    form = (
        _("The {scenario} would take {money} from the plan's sales{granted}")
        if money < 0
        else _("The {scenario} would add {money} to the plan's sales{granted}")
    )
    granted = scenario_note(book, book.text("findings", row, "subject"))
    said = say(" ({note})", note=granted) if granted else ""
    return say(form, scenario=step, money=book.number("findings", row, "money", absolute=True), granted=said)


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


def _limit_money(book: Book, row: int) -> Markup | None:
    right, up = (book.real("plan_limits", row, column) for column in ("value_right", "valid_up"))
    if right is None:
        return None
    parts = {"limit": limit_name(book, row), "gain": book.number("plan_limits", row, "value_right")}
    if up is None or math.isinf(up):
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
        _(
            "What the two companies gain from each tonne together, and share by its price, is {interval} in {share} of the draws."
        ),
        interval=book.interval("view_value", 0, "surplus_low", "surplus_high"),
        share=book.number("view_run", 0, "level", digits=2),
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
        _("The largest loss of rare earths is {stream}: {share} of what was fed"),
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
