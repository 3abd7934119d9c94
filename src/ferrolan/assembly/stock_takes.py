"""Signed counts of stocks, put among the measurements of an account, and set beside what the books say.

A survey of the ore stockpile on the last morning of March is a reading of the stock at the end of March's last week: a
stock has a value where periods begin and end, and a count within twelve hours of such a time is taken for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import polars as pl

from ferrolan.base.errors import Fault, RecordError
from ferrolan.base.tables import MEASUREMENTS, STOCK_TAKE
from ferrolan.base.time import Period
from ferrolan.records.stock_takes import StockTake

TOLERANCE = timedelta(hours=12)
"""How far from the start or end of a period a count may lie."""

WIDTH_95 = 1.959963984540054
"""Half width of 95 % of a normal distribution, in standard deviations."""


def boundary(periods: Sequence[Period], at: datetime) -> int | None:
    """Number of the period at whose start a count was made; of the one after the last at its end.

    Parameters
    ----------
    periods
        Periods of the account, in order.
    at
        When the stock was counted.

    Returns
    -------
    None where no start or end of a period is within ``TOLERANCE``.
    """
    instants = [(period.start, period.number) for period in periods] + [(periods[-1].end, periods[-1].number + 1)]
    distance, number = min((abs(at - instant), number) for instant, number in instants)
    return number if distance <= TOLERANCE else None


def refuse_between(periods: Sequence[Period], stock: str, at: datetime, ledger: str) -> None:
    """Refuse a count at a time at which the account has no value of the stock.

    Raises
    ------
    RecordError
        With the nearest such time.
    """
    if boundary(periods, at) is not None:
        return
    instants = [*(period.start for period in periods), periods[-1].end]
    near = min(instants, key=lambda instant: abs(at - instant))
    reach = TOLERANCE // timedelta(hours=1)
    expected = f"a time within {reach} h of the start or end of a period, such as {near:%Y-%m-%d %H:%M} UTC"
    way_out = "Carry the count to that time with what went in and out since, or make the periods shorter"
    fault = Fault(ledger, 0, f"{stock}.at", f"{at:%Y-%m-%d %H:%M} UTC", expected, way_out, "wrong_time")
    raise RecordError([fault])


def tag_of(take: StockTake) -> str:
    """What stands for the meter of a count."""
    return f"count of {take.stock} {take.at:%Y-%m-%d %H:%M}"


def with_counts(measurements: pl.DataFrame, takes: Sequence[StockTake], periods: Sequence[Period]) -> pl.DataFrame:
    """Measurements with signed counts among them, as readings of the stocks at their times.

    Parameters
    ----------
    measurements
        ``measurements`` of an account.
    takes
        Signed counts; one that no period begins or ends near is left out, for ``refuse_between`` refuses it before.
    periods
        Periods of the account, in order.
    """
    rows = [
        (tag_of(take), "stock", take.stock, None, number, take.value, take.sigma, "t", 1.0, "good")
        for take in takes
        if (number := boundary(periods, take.at)) is not None
    ]
    counts = pl.DataFrame(rows, schema=MEASUREMENTS.schema, orient="row")
    return MEASUREMENTS.check(pl.concat([MEASUREMENTS.check(measurements), counts]))


def beside_books(takes: Sequence[StockTake], periods: Sequence[Period], books: pl.DataFrame | None) -> pl.DataFrame:
    """Every count beside the book stock.

    Parameters
    ----------
    takes
        Signed counts.
    periods
        Periods of the account, in order.
    books
        ``account`` that was made without any count, so that the two are independent; None where there is none.

    Returns
    -------
    ``stock_take``: intervals at 95 %, and whether chance explains the difference.
    """
    rows = [
        (take.stock, take.at, number, take.value, WIDTH_95 * take.sigma, take.sigma, take.method, take.who)
        for take in takes
        if (number := boundary(periods, take.at)) is not None
    ]
    names = ["stock", "at", "period", "count", "count_u95", "sigma", "method", "who"]
    schema = {name: STOCK_TAKE.schema.get(name, pl.Float64()) for name in names}
    counted = pl.DataFrame(rows, schema=schema, orient="row")
    joined = counted.join(_stocks(books), on=["stock", "period"], how="left", maintain_order="left")
    joined = joined.with_columns(
        book_u95=WIDTH_95 * pl.col("sd"),
        difference=pl.col("count") - pl.col("book"),
        difference_u95=WIDTH_95 * (pl.col("sd") ** 2 + pl.col("sigma") ** 2).sqrt(),
    ).with_columns(exceeds=pl.col("difference").abs() > pl.col("difference_u95"))
    return STOCK_TAKE.check(joined.select(list(STOCK_TAKE.columns)))


def _stocks(books: pl.DataFrame | None) -> pl.DataFrame:
    """Stocks of an account: stock, period, book, sd; one row each."""
    if books is None:
        return pl.DataFrame(schema={"stock": pl.String, "period": pl.Int32, "book": pl.Float64, "sd": pl.Float64})
    stocks = books.filter(pl.col("kind") == "stock").unique(["object", "period"], keep="first", maintain_order=True)
    return stocks.select("period", "sd", stock="object", book="value")
