"""The published transfer price of concentrate, and what it is on another basis.

The announcement speaks of a dry tonne at 50 % REO without VAT, and price is proportional to contained REO (checked on
eleven announcements): ``P(g) = P50 g / 50``. A tonne as it is delivered is wet, has its own grade, and carries VAT:
``26,834 x 51.3 / 50 x (1 - 0.096) x 1.13``. A quarter without a public value stays without one.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from ferrolan import facts
from ferrolan.base.language import _
from ferrolan.enterprise.document import Enterprise
from ferrolan.studies.concentrate import Published


@dataclass(frozen=True)
class Quarter:
    """One quarter's published price [CNY/t at the published basis]; None where no public value is known."""

    quarter: str
    price: float | None
    source: str
    confidence: str
    note: str


@dataclass(frozen=True)
class AsDelivered:
    """The reconciled grade and the measured moisture of the concentrate that was delivered [mass fraction]."""

    grade: float
    moisture: float


def quarters(enterprise: Enterprise) -> tuple[Quarter, ...]:
    """Every quarter of the series that the document names, oldest first."""
    rows = facts.find(file="prices", section=enterprise.concentrate.published, fact="quarterly", key="price")
    return tuple(
        Quarter(row["period"], row["value"], row["source"], row["confidence"], row["note"] or "")
        for row in rows.sort("period").iter_rows(named=True)
    )


def basis(enterprise: Enterprise) -> str:
    """The basis of every concentrate value, in words."""
    return _("dry, at {grade:.0%} REO, without VAT").format(grade=enterprise.concentrate.grade.value)


def published_price(enterprise: Enterprise, account: pl.DataFrame, measurements: pl.DataFrame) -> Published | None:
    """The last published price, with what it comes to for the tonne as it was delivered."""
    last = latest(quarters(enterprise))
    if last is None or last.price is None:
        return None
    note = _("published for {quarter}: {source}, {confidence}").format(
        quarter=last.quarter, source=facts.cite(last.source), confidence=last.confidence
    )
    delivered = as_delivered(enterprise, account, measurements)
    if delivered is not None:
        note += _(
            "; as delivered ({grade:.1%} REO, {moisture:.1%} moisture, with VAT) {price:,.0f} CNY per wet tonne"
        ).format(
            grade=delivered.grade,
            moisture=delivered.moisture,
            price=on_delivered_basis(enterprise, last.price, delivered),
        )
    return Published(last.price, note)


def latest(series: tuple[Quarter, ...]) -> Quarter | None:
    """The last quarter with a public value."""
    known = [quarter for quarter in series if quarter.price is not None]
    return known[-1] if known else None


def as_delivered(enterprise: Enterprise, account: pl.DataFrame, measurements: pl.DataFrame) -> AsDelivered | None:
    """What the buyer received, from the account and the moisture tag; None where either is missing."""
    tag = next((tag for tag in enterprise.tags if tag.tag == enterprise.concentrate.moisture_tag), None)
    received = enterprise.commodities[enterprise.transfers[enterprise.concentrate.transfer].to]
    if tag is None:
        return None
    moisture = measurements.filter(pl.col("tag") == tag.tag)["value"].mean()
    assays = account.filter(
        pl.col("kind") == "assay", pl.col("object") == tag.object, pl.col("component").is_in(list(received.basis))
    )
    grade = assays.group_by("period").agg(pl.col("value").sum())["value"].mean()
    if not isinstance(moisture, float) or not isinstance(grade, float):
        return None
    return AsDelivered(grade, moisture)


def on_delivered_basis(enterprise: Enterprise, price: float, delivered: AsDelivered) -> float:
    """A published price on the basis of the tonne as delivered: its grade, wet, with VAT [CNY/t wet]."""
    grade = delivered.grade / enterprise.concentrate.grade.value
    return price * grade * (1.0 - delivered.moisture) * (1.0 + enterprise.enterprise.vat_rate.value)
