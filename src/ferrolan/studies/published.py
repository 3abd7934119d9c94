"""The published transfer price of concentrate, and what it is on another basis.

The announcement speaks of a dry tonne at 50 % REO without VAT, and price is proportional to contained REO (checked on
eleven announcements): ``P(g) = P50 g / 50``. A tonne as it is delivered is wet, has its own grade, and carries VAT:
``26,834 x 51.0 / 50 x (1 - 0.096) x 1.13``. A quarter without a public value stays without one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from ferrolan import facts
from ferrolan.enterprise.document import Enterprise
from ferrolan.studies.concentrate import Published


@dataclass(frozen=True)
class Quarter:
    """One quarter's published price [CNY/t at the published basis]; None where no public value is known."""

    quarter: str
    price: float | None
    source: str
    confidence: str


@dataclass(frozen=True)
class AsDelivered:
    """Grade (reconciled, dry) and moisture (measured) of what was delivered [mass fraction]."""

    grade: float
    moisture: float


def quarters(enterprise: Enterprise) -> tuple[Quarter, ...]:
    """Every quarter of the series that the document names, oldest first; none where it names none."""
    section = None if enterprise.concentrate is None else enterprise.concentrate.published
    if section is None:
        return ()
    rows = facts.find(file="prices", section=section, fact="quarterly", key="price")
    return tuple(
        Quarter(row["period"], row["value"], row["source"], row["confidence"])
        for row in rows.sort("period").iter_rows(named=True)
    )


def published_price(
    enterprise: Enterprise, account: pl.DataFrame, measurements: pl.DataFrame, hours: Sequence[float]
) -> Published | None:
    """The last public value up to the account's quarter, with what it comes to for the tonne as it was delivered.

    Parameters
    ----------
    enterprise
        The document.
    account, measurements
        The account and the measurements it used.
    hours
        Length of every period [h].
    """
    known = [
        quarter
        for quarter in quarters(enterprise)
        if quarter.price is not None and quarter.quarter <= _quarter(enterprise.require_account().month)
    ]
    if not known or known[-1].price is None:
        return None
    last, price = known[-1], known[-1].price
    delivered = as_delivered(enterprise, account, measurements, hours)
    if delivered is None:
        return Published(price, last.source, last.quarter, last.confidence)
    return Published(
        price,
        last.source,
        last.quarter,
        last.confidence,
        on_delivered_basis(enterprise, price, delivered),
        delivered.grade,
        delivered.moisture,
    )


def _quarter(month: str) -> str:
    """The quarter of an ISO month, such as ``2026Q1``."""
    year, number = month.split("-")
    return f"{year}Q{(int(number) + 2) // 3}"


def as_delivered(
    enterprise: Enterprise, account: pl.DataFrame, measurements: pl.DataFrame, hours: Sequence[float]
) -> AsDelivered | None:
    """What the buyer received, weighted by dry tonnes; None where the grade or the moisture is not known."""
    asked = enterprise.require_concentrate()
    tag = next((tag for tag in enterprise.tags if tag.tag == asked.moisture_tag), None)
    received = enterprise.commodities[enterprise.transfers[asked.transfer].to]
    if tag is None:
        return None
    stream = account.filter(pl.col("object") == tag.object)
    flow = stream.filter(pl.col("kind") == "flow").select("period", flow="value")
    assays = stream.filter(pl.col("kind") == "assay", pl.col("component").is_in(list(received.basis)))
    grade = assays.group_by("period").agg(grade=pl.col("value").sum(), known=pl.col("value").count())
    water = measurements.filter(pl.col("tag") == tag.tag).select("period", moisture="value")
    both = flow.join(grade.filter(pl.col("known") == len(received.basis)), on="period").join(water, on="period")
    tonnes = [row["flow"] * hours[row["period"]] for row in both.iter_rows(named=True)]
    if both.null_count().sum_horizontal().item() or not sum(tonnes) > 0:
        return None
    weights = pl.Series(tonnes) / sum(tonnes)
    return AsDelivered(float((both["grade"] * weights).sum()), float((both["moisture"] * weights).sum()))


def on_delivered_basis(enterprise: Enterprise, price: float, delivered: AsDelivered) -> float:
    """A published price on the basis of the tonne as delivered: its grade, wet, with VAT [CNY/t wet]."""
    grade = delivered.grade / enterprise.require_concentrate().grade.value
    rate = enterprise.enterprise.vat_rate
    return price * grade * (1.0 - delivered.moisture) * (1.0 + (0.0 if rate is None else rate.value))
