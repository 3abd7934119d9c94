"""What a document declares, made ready for a view: the ``Context`` of a run.

A brief of March 2026 speaks of the *steel company*, quotes Pr-Nd oxide at 624,900 CNY/t with VAT, and cites the exchange
announcement behind it; all of that stands in the document and the public record, none of it is a result.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ferrolan import facts
from ferrolan.assembly import tags
from ferrolan.assembly.plan import net_price
from ferrolan.base.language import _
from ferrolan.base.provenance import RunIdentity
from ferrolan.base.schema import Price
from ferrolan.base.time import months_after
from ferrolan.enterprise.document import Enterprise
from ferrolan.enterprise.origins import synthetic_values
from ferrolan.records.exclusions import Exclusion
from ferrolan.studies.published import quarters
from ferrolan.views.context import Context, Quarter, QuotedPrice, Scenario, Stream, spelled


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
    transfer = enterprise.transfers[enterprise.concentrate.transfer]
    zone = enterprise.enterprise.zone
    periods = tags.periods(enterprise)
    return Context(
        title=enterprise.title,
        month=enterprise.account.month,
        plan_months=months_after(enterprise.account.month, enterprise.plan.months),
        run_id=identity.run_id,
        code_version=f"{identity.code.version} ({identity.code.hash[:12]})",
        data_cut=f"{periods[-1].end.astimezone(zone):%Y-%m-%d %H:%M} {enterprise.enterprise.time_zone}",
        seed=identity.seed,
        synthetic=enterprise.virtual_plant is not None,
        seller=enterprise.commodities[transfer.from_].owner,
        buyer=enterprise.commodities[transfer.to].owner,
        concentrate=transfer.from_,
        home=enterprise.market.home,
        owners={name: owner.title for name, owner in enterprise.enterprise.owners.items()},
        names=_names(enterprise),
        published=tuple(
            Quarter(item.quarter, item.price, item.source, item.confidence) for item in quarters(enterprise)
        ),
        prices=_prices(enterprise),
        scenarios=_scenarios(enterprise),
        citations={name: str(facts.cite(name)) for name in facts.sources()},
        streams=tuple(
            Stream(name, stream.from_, stream.to, stream.commodity) for name, stream in enterprise.streams.items()
        ),
        rare_earths=tuple(enterprise.account.groups.get("REO", ())),
        hours=tuple(period.hours for period in periods),
        notes=(*_notes(enterprise), *_excluded(excluded)),
    )


def _names(enterprise: Enterprise) -> dict[str, str]:
    quotas = {f"quota:{name}": quota.title for name, quota in enterprise.quotas.items()}
    return quotas | dict(enterprise.market.regions.items())


def _prices(enterprise: Enterprise) -> tuple[QuotedPrice, ...]:
    return tuple(
        _quoted(enterprise, name, trade.price, sold=trade is commodity.sell)
        for name, commodity in enterprise.commodities.items()
        for trade in (commodity.buy, commodity.sell)
        if trade is not None
    )


def _quoted(enterprise: Enterprise, name: str, price: Price, *, sold: bool) -> QuotedPrice:
    number, unit = price.written.rsplit(" ", 1)
    return QuotedPrice(
        commodity=name,
        quoted=float(number),
        quoted_unit=unit,
        vat=price.vat,
        used=net_price(enterprise, price, sold=sold),
        source=price.source,
        period=price.period or "",
        synthetic=price.synthetic,
        note="; ".join(_price_notes(enterprise, name, price)),
    )


def _price_notes(enterprise: Enterprise, name: str, price: Price) -> Iterator[str]:
    """What a reader must know of a price: its own note, its freight, what a tonne counts."""
    if price.note:
        yield price.note
    if price.freight is not None:
        form = _("with {freight} freight, synthetic") if price.freight.synthetic else _("with {freight} freight")
        yield form.format(freight=price.freight.written)
    if price.content is not None:
        basis = ", ".join(enterprise.commodities[name].basis)
        yield _("counted per tonne of {basis}").format(basis=basis)


def _scenarios(enterprise: Enterprise) -> tuple[Scenario, ...]:
    return tuple(
        Scenario(name, item.instrument, item.region, item.limit_share.value, item.each, item.limit_share.synthetic)
        for name, item in enterprise.market.scenarios.items()
    )


def _excluded(excluded: Sequence[Exclusion]) -> Iterator[str]:
    for meter in excluded:
        yield _("{tag} is out of the account, signed by {who}: {reason}.").format(
            tag=meter.tag, who=meter.who, reason=meter.reason
        )


def _other_prices(enterprise: Enterprise) -> Iterator[str]:
    """Products whose price in the plan is not the one from which the market case starts."""
    starts = {
        demand.commodity: demand.price
        for demand in enterprise.market.demands.values()
        if demand.region == enterprise.market.home
    }
    for product, commodity in enterprise.market.products.items():
        sell, start = enterprise.commodities[product].sell, starts.get(commodity)
        if sell is None or start is None or start.period == sell.price.period:
            continue
        yield _(
            "{product} in the plan is of {planned}, in the market case of {start}: other dates, other prices."
        ).format(product=spelled(product), planned=sell.price.period, start=start.period)


def _followed(enterprise: Enterprise) -> Iterator[str]:
    """Which market price each product of the plan follows."""
    pairs = [f"{spelled(product)} {spelled(traded)}" for product, traded in enterprise.market.products.items()]
    if pairs:
        yield _("In a scenario the plan's sales follow these market prices: {pairs}.").format(pairs=", ".join(pairs))


def _rates(enterprise: Enterprise) -> Iterator[str]:
    """Every exchange rate, with its source and date."""
    for rate in enterprise.enterprise.exchange_rates.values():
        source = _("declared") if rate.source is None else str(facts.cite(rate.source))
        yield _("Exchange rate {rate} ({source}, {period}).").format(
            rate=rate.written, source=source, period=rate.period or _("undated")
        )


def _made_up(enterprise: Enterprise) -> Iterator[str]:
    """How much of the document is synthetic."""
    made_up, declared = synthetic_values(enterprise)
    if made_up:
        form = _("Of {declared} declared values {made_up} are synthetic: no public or own figure stands behind them.")
        yield form.format(declared=declared, made_up=made_up)


def _notes(enterprise: Enterprise) -> tuple[str, ...]:
    notes = []
    if enterprise.virtual_plant is not None:
        notes.append(_("The plant and its raw month are synthetic, at a sourced scale."))
    notes += _made_up(enterprise)
    notes.append(
        _(
            "What separates a price abroad from the one at home, beyond freight, counts as a cost of licensing: nobody's income."
        )
    )
    notes += [*_rates(enterprise), *_other_prices(enterprise), *_followed(enterprise)]
    for quota in enterprise.quotas.values():
        if quota.limit.note:
            notes.append(
                _("{title}: the figure of {period}. {note}.").format(
                    title=quota.title.capitalize(), period=quota.limit.period, note=quota.limit.note
                )
            )
    return tuple(notes)
