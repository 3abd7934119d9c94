"""What the run found, ranked by what it is worth in a year.

A finding is a fact with a price, and the price is for a stated step: the whole trade in concentrate against none, one
per cent more of a limit, a scenario of policy switched on, a suspect meter left out of the account. A finding without a
price comes after those that have one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from ferrolan.base.tables import FINDINGS
from ferrolan.studies.concentrate import INTERVAL

Row = dict[str, object]


@dataclass(frozen=True)
class Sales:
    """What the plan sells of a product in a year [t/a], and the market commodity whose price it follows."""

    product: str
    commodity: str
    tonnes: float


def findings(
    tables: Mapping[str, pl.DataFrame],
    *,
    concentrate: str | None,
    home: str | None,
    months: int,
    sales: Sequence[Sales],
    without_meter: float | None,
) -> pl.DataFrame:
    """Rank the findings of a run (``findings`` schema).

    Parameters
    ----------
    tables
        Result tables of the run by name.
    concentrate
        The traded commodity, if the document asks for its worth.
    home
        Region in which the plan sells, if there is a market.
    months
        Length of the plan, to bring its money to a year.
    sales
        What the plan sells.
    without_meter
        By how much the plan's gain moves when the first class of suspects is left out of the account [¤/a].
    """
    rows = [] if concentrate is None else _trade(tables["value_draws"], concentrate)
    rows += _limits(tables["plan_limits"], 12 / months)
    rows += [] if home is None else _market(tables["market"], home, sales)
    rows += _meters(tables["suspects"], without_meter)
    found = pl.DataFrame(rows, schema={name: kind for name, kind in FINDINGS.schema.items() if name != "rank"})
    ranked = found.sort(-pl.col("money").abs(), "kind", "subject", nulls_last=True)
    return FINDINGS.check(ranked.with_row_index("rank", offset=1).cast({"rank": pl.Int32}))


def _trade(draws: pl.DataFrame, concentrate: str) -> list[Row]:
    """The joint gain of the trade: buyer's maximum less seller's minimum, on every tonne delivered."""
    gain = (draws["buyer_maximum"] - draws["seller_minimum"]) * draws["delivered"]
    if gain[0] is None:
        return []
    drawn = gain[1:].drop_nulls().to_numpy()
    low, high = np.quantile(drawn, INTERVAL).tolist() if drawn.size else (None, None)
    return [_row("value", concentrate, "whole_trade", gain[0], "decide", low=low, high=high)]


def _limits(limits: pl.DataFrame, a_year: float) -> list[Row]:
    worth = limits.filter(pl.col("money") > 0).group_by("kind", "limit", maintain_order=True).agg(pl.col("money").max())
    return [
        _row("limit", row["limit"], "one_per_cent", a_year * row["money"], "decide", limit_kind=row["kind"])
        for row in worth.iter_rows(named=True)
    ]


def _market(market: pl.DataFrame, home: str, sales: Sequence[Sales]) -> list[Row]:
    """What each scenario's change of the home price does to the plan's own sales."""
    prices = {
        (row["scenario"], row["commodity"]): row["price"]
        for row in market.filter(pl.col("region") == home).iter_rows(named=True)
    }
    scenarios = [name for name in market["scenario"].unique(maintain_order=True) if name != "base"]
    return [
        _row(
            "market",
            scenario,
            "scenario",
            sum(sold.tonnes * (prices[scenario, sold.commodity] - prices["base", sold.commodity]) for sold in sales),
            "watch",
        )
        for scenario in scenarios
    ]


def _meters(suspects: pl.DataFrame, without_first: float | None) -> list[Row]:
    classes = suspects.filter(~pl.col("echo")).group_by("suspect_class", maintain_order=True).agg("tag")
    return [
        _row(
            "meter",
            row["tag"][0],
            "without_meter",
            without_first if place == 0 else None,
            "fix",
            tags=row["tag"],
        )
        for place, row in enumerate(classes.iter_rows(named=True))
    ]


def _row(
    kind: str,
    subject: str,
    step: str,
    money: float | None,
    action: str,
    *,
    low: float | None = None,
    high: float | None = None,
    limit_kind: str | None = None,
    tags: Sequence[str] = (),
) -> Row:
    return {
        "kind": kind,
        "subject": subject,
        "limit_kind": limit_kind,
        "tags": list(tags),
        "step": step,
        "money": money,
        "low": low,
        "high": high,
        "action": action,
    }
