"""What a document declares, made ready for a view: the ``Context`` of a run.

A brief of March 2026 speaks of the *steel company*, quotes Pr-Nd oxide at 624,900 CNY/t with VAT, and cites the exchange
announcement behind it; all of that stands in the document and the public record, none of it is a result.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ferrolan import facts
from ferrolan.assembly import tags
from ferrolan.assembly.plan import net_price, plan_months
from ferrolan.base.language import _
from ferrolan.base.provenance import RunIdentity
from ferrolan.base.schema import Price, Sourced
from ferrolan.base.time import Period
from ferrolan.base.units import canonical_unit, parse
from ferrolan.enterprise.document import Enterprise
from ferrolan.enterprise.origins import synthetic_values
from ferrolan.enterprise.policies import Market
from ferrolan.records.exclusions import Exclusion
from ferrolan.studies.published import quarters
from ferrolan.views.context import Context, Quarter, QuotedLimit, QuotedPrice, Scenario, Stream, spelled


def context_of(enterprise: Enterprise, identity: RunIdentity, excluded: Sequence[Exclusion] = ()) -> Context:
    """The context of a run.

    Parameters
    ----------
    enterprise
        The document.
    identity
        Identity of the run.
    excluded
        Meters signed out of the account.
    """
    made_up, declared = synthetic_values(enterprise)
    periods = () if enterprise.account is None else tags.periods(enterprise)
    return Context(
        title=enterprise.title,
        month=None if enterprise.account is None else enterprise.account.month,
        plan_months=plan_months(enterprise),
        run_id=identity.run_id,
        code_version=f"{identity.code.version} ({identity.code.hash[:12]})",
        data_cut=_data_cut(enterprise, periods),
        seed=identity.seed,
        synthetic=enterprise.virtual_plant is not None,
        **_trade(enterprise),
        home=None if enterprise.market is None else enterprise.market.home,
        currency=enterprise.enterprise.currency,
        costs=enterprise.plan.costs,
        covers=enterprise.plan.covers or "",
        synthetic_rates=tuple(name for name, rate in enterprise.enterprise.exchange_rates.items() if rate.synthetic),
        industries=_industries(enterprise),
        made_up=made_up,
        declared=declared,
        owners={name: owner.title for name, owner in enterprise.enterprise.owners.items()},
        names=_names(enterprise),
        published=_published(enterprise),
        prices=_prices(enterprise),
        limits=tuple(_limit(*limit) for limit in _limits(enterprise)),
        scenarios=_scenarios(enterprise),
        citations={name: str(facts.cite(name)) for name in facts.sources()},
        streams=tuple(
            Stream(name, stream.from_, stream.to, stream.commodity) for name, stream in enterprise.streams.items()
        ),
        rare_earths=() if enterprise.account is None else tuple(enterprise.account.groups.get("REO", ())),
        hours=tuple(period.hours for period in periods),
        notes=(*_notes(enterprise), *_excluded(excluded)),
    )


_INDUSTRIES = {
    "blast_furnace": "steel",
    "bof": "steel",
    "caster": "steel",
    "rolling_mill": "steel",
    "roast_leach": "rare_earths",
    "separation": "rare_earths",
    "calcination": "rare_earths",
}


def _industries(enterprise: Enterprise) -> tuple[str, ...]:
    """What the enterprise makes, told by its kinds of unit."""
    found = (_INDUSTRIES.get(unit.kind) for unit in enterprise.units.values())
    return tuple(sorted({industry for industry in found if industry is not None}))


def _data_cut(enterprise: Enterprise, periods: Sequence[Period]) -> str | None:
    """The end of the last period of the account, with its zone."""
    if not periods:
        return None
    section = enterprise.enterprise
    return f"{periods[-1].end.astimezone(section.zone):%Y-%m-%d %H:%M} {section.time_zone}"


def _trade(enterprise: Enterprise) -> dict[str, str | None]:
    """Who sells the valued concentrate to whom; nothing where none is valued."""
    if enterprise.concentrate is None:
        return {}
    transfer = enterprise.transfers[enterprise.concentrate.transfer]
    return {
        "seller": enterprise.commodities[transfer.from_].owner,
        "buyer": enterprise.commodities[transfer.to].owner,
        "concentrate": transfer.from_,
    }


def _published(enterprise: Enterprise) -> tuple[Quarter, ...]:
    """The published series, which stays in CNY; none beside values in another currency."""
    if enterprise.enterprise.currency != "CNY":
        return ()
    return tuple(Quarter(item.quarter, item.price, item.source, item.confidence) for item in quarters(enterprise))


def _names(enterprise: Enterprise) -> dict[str, str]:
    quotas = {f"quota:{name}": quota.title for name, quota in enterprise.quotas.items()}
    return quotas | ({} if enterprise.market is None else dict(enterprise.market.regions.items()))


def _prices(enterprise: Enterprise) -> tuple[QuotedPrice, ...]:
    """Every price of the plan: what is bought and sold, then what is used in any amount."""
    traded = (
        _quoted(enterprise, name, trade.price, side)
        for name, commodity in enterprise.commodities.items()
        for side, trade in (("buy", commodity.buy), ("sell", commodity.sell))
        if trade is not None
    )
    used = (_quoted(enterprise, name, utility.price, "use") for name, utility in enterprise.utilities.items())
    return (*traded, *used)


def _quoted(enterprise: Enterprise, name: str, price: Price, side: str) -> QuotedPrice:
    number, unit = parse(price.written)
    return QuotedPrice(
        commodity=name,
        quoted=number,
        quoted_unit=unit,
        vat=price.vat,
        used=net_price(enterprise, price, sold=side == "sell"),
        used_unit="/".join((enterprise.enterprise.currency, *canonical_unit(unit).split("/")[1:])),
        source=price.source,
        period=price.period or "",
        synthetic=price.synthetic,
        note="; ".join(_price_notes(enterprise, name, price)),
        side=side,
    )


def _price_notes(enterprise: Enterprise, name: str, price: Price) -> Iterator[str]:
    """What a reader must know of a price: its own note, its freight, what a tonne counts."""
    if price.note:
        yield price.note
    if price.freight is not None:
        form = _("with {freight} freight, synthetic") if price.freight.synthetic else _("with {freight} freight")
        yield form.format(freight=price.freight.written)
    if price.content is not None and name in enterprise.commodities:
        basis = ", ".join(enterprise.commodities[name].basis)
        yield _("counted per tonne of {basis}").format(basis=basis)


def _limits(enterprise: Enterprise) -> Iterator[tuple[str, str, Sourced]]:
    """Every declared limit of the plan: its name and kind as ``plan_limits`` has them, and the value."""
    for name, unit in enterprise.units.items():
        if unit.capacity is not None:
            yield name, "capacity", unit.capacity
    for name, quota in enterprise.quotas.items():
        yield name, "quota", quota.limit
    for name, commodity in enterprise.commodities.items():
        for side, trade in (("buy", commodity.buy), ("sell", commodity.sell)):
            if trade is not None:
                yield f"{side} {name}", "market", trade.limit
    for transfer in enterprise.transfers.values():
        yield f"transfer {transfer.from_} to {transfer.to}", "market", transfer.limit


def _limit(name: str, kind: str, value: Sourced) -> QuotedLimit:
    return QuotedLimit(
        name=name,
        kind=kind,
        written=value.written if value.scale == 1.0 else f"{value.written} × {value.scale:g}",
        note=value.note or "",
        source=value.source,
        synthetic=value.synthetic,
        period=value.period or "",
    )


def _scenarios(enterprise: Enterprise) -> tuple[Scenario, ...]:
    if enterprise.market is None:
        return ()
    return tuple(
        Scenario(
            name, item.instrument, item.region, item.step.value, item.each, item.step.synthetic, item.step.note or ""
        )
        for name, item in enterprise.market.scenarios.items()
    )


def _excluded(excluded: Sequence[Exclusion]) -> Iterator[str]:
    for meter in excluded:
        yield _("{tag} is out of the account, signed by {who}: {reason}.").format(
            tag=meter.tag, who=meter.who, reason=meter.reason
        )


def _market_notes(enterprise: Enterprise, market: Market) -> Iterator[str]:
    """What a reader of the market case must know: the cost of licences, prices of other dates, who follows whom."""
    if market.export_control is not None:
        yield _(
            "What separates a price abroad from the one at home, beyond freight, counts as a cost of licensing: nobody's "
            "income."
        )
    yield from _rates(enterprise)
    yield from _other_prices(enterprise, market)
    yield from _followed(market)


def _other_prices(enterprise: Enterprise, market: Market) -> Iterator[str]:
    """Products whose price in the plan is of another date than the one from which the market case starts."""
    starts = {demand.commodity: demand.price for demand in market.demands.values() if demand.region == market.home}
    for product, commodity in market.products.items():
        sell, start = enterprise.commodities[product].sell, starts.get(commodity)
        if sell is None or start is None or start.period == sell.price.period:
            continue
        if not sell.price.period or not start.period:
            continue  # of what has no date none can be said to be another
        yield _(
            "{product} in the plan is of {planned}, in the market case of {start}: other dates, other prices."
        ).format(product=spelled(product), planned=sell.price.period, start=start.period)


def _followed(market: Market) -> Iterator[str]:
    """Which market price each product of the plan follows."""
    pairs = [f"{spelled(product)} {spelled(traded)}" for product, traded in market.products.items()]
    if pairs:
        yield _("In a scenario the plan's sales follow these market prices: {pairs}.").format(pairs=", ".join(pairs))


def _rates(enterprise: Enterprise) -> Iterator[str]:
    """Every exchange rate, with its source and date."""
    for rate in enterprise.enterprise.exchange_rates.values():
        if rate.synthetic:
            yield _("Exchange rate {rate} (synthetic).").format(rate=rate.written)
            continue
        source = _("own figure") if rate.source is None else str(facts.cite(rate.source))
        yield _("Exchange rate {rate} ({source}, {period}).").format(
            rate=rate.written, source=source, period=rate.period or _("undated")
        )


def _made_up(enterprise: Enterprise) -> Iterator[str]:
    """How much of the document is synthetic; without an account the brief says so in a box of its own."""
    made_up, declared = synthetic_values(enterprise)
    if made_up and enterprise.account is not None:
        form = _("Of {declared} declared values {made_up} are synthetic: no public or own figure stands behind them.")
        yield form.format(declared=declared, made_up=made_up)


def _notes(enterprise: Enterprise) -> Iterator[str]:
    if enterprise.virtual_plant is not None:
        yield _("The plant and its raw month are synthetic, at a sourced scale.")
    yield from _made_up(enterprise)
    yield from _rates(enterprise) if enterprise.market is None else _market_notes(enterprise, enterprise.market)
