"""What the run found, ranked by what it is worth in a year.

A finding is a fact with a price: what the trade in concentrate earns both companies together, what one per cent more
of a limit would earn, what an export quota would do to the plan's own sales. A meter that reads wrong has no price
here; it comes after those that have one.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from ferrolan.base.tables import FINDINGS

Row = dict[str, object]


def findings(
    tables: Mapping[str, pl.DataFrame], delivered: float, sales: Mapping[str, tuple[str, float]]
) -> pl.DataFrame:
    """Rank the findings of a run (``findings`` schema).

    Parameters
    ----------
    tables
        Result tables of the run by name.
    delivered
        Yearly delivery of concentrate [t].
    sales
        Market commodity and planned yearly sales [t] by plan commodity.
    """
    rows = _trade(tables["concentrate_value"], delivered)
    rows += _limits(tables["plan_limits"])
    rows += _market(tables["market"], sales)
    rows += _meters(tables["suspects"])
    found = pl.DataFrame(rows, schema={name: kind for name, kind in FINDINGS.schema.items() if name != "rank"})
    ranked = found.sort(-pl.col("money").abs(), "subject", nulls_last=True)
    return FINDINGS.check(ranked.with_row_index("rank", offset=1).cast({"rank": pl.Int32}))


def _trade(value: pl.DataFrame, delivered: float) -> list[Row]:
    """The joint gain of the trade: buyer's maximum less seller's minimum, on every tonne delivered."""
    by_measure = {row["measure"]: row for row in value.iter_rows(named=True)}
    seller, buyer = by_measure["seller_minimum"], by_measure["buyer_maximum"]
    if seller["value"] is None or buyer["value"] is None:
        return []
    low = None if buyer["low"] is None else delivered * (buyer["low"] - seller["high"])
    high = None if buyer["high"] is None else delivered * (buyer["high"] - seller["low"])
    return [_row("value", "concentrate", delivered * (buyer["value"] - seller["value"]), low, high, "decide")]


def _limits(limits: pl.DataFrame) -> list[Row]:
    worth = limits.filter(pl.col("money") > 0).group_by("limit", maintain_order=True).agg(pl.col("money").max())
    return [_row("limit", row["limit"], row["money"], None, None, "decide") for row in worth.iter_rows(named=True)]


def _market(market: pl.DataFrame, sales: Mapping[str, tuple[str, float]]) -> list[Row]:
    """What each scenario's change of the home price does to the plan's own sales."""
    prices = {(row["scenario"], row["region"], row["commodity"]): row["price"] for row in market.iter_rows(named=True)}
    regions = market["region"].to_list()
    scenarios = [name for name in market["scenario"].unique(maintain_order=True) if name != "base"]
    rows = []
    for scenario in scenarios:
        change = sum(
            tonnes * (prices[scenario, regions[0], commodity] - prices["base", regions[0], commodity])
            for commodity, tonnes in sales.values()
        )
        rows.append(_row("market", scenario, change, None, None, "watch"))
    return rows


def _meters(suspects: pl.DataFrame) -> list[Row]:
    classes = suspects.group_by("suspect_class", maintain_order=True).agg(pl.col("tag").drop_nulls())
    return [_row("meter", " or ".join(row["tag"]), None, None, None, "fix") for row in classes.iter_rows(named=True)]


def _row(kind: str, subject: str, money: float | None, low: float | None, high: float | None, action: str) -> Row:
    return {"kind": kind, "subject": subject, "money": money, "low": low, "high": high, "action": action}
