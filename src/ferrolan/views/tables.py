"""Tables a reader needs that no engine makes: differences, sums over months, shares of draws, each with a declaration.

The engines say that the separation quota binds in 87 of 200 draws and that rolled steel was sold in twelve months; a
reader wants "44 %" and "1.49 Mt". ``derive`` computes these once, as tables with a schema, so that a sentence still
takes every number from a cell. Nothing here is estimated: each column is arithmetic on the run's tables, and it is null
where one of its terms is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import polars as pl

from ferrolan.base.tables import TABLES, Column, Table
from ferrolan.views.cells import Book
from ferrolan.views.context import Context

WORTHLESS = 1.0  # ¤/t: a tonne worth less is worth nothing; published prices are quoted to 1 CNY/t
LEVELS = (0.05, 0.95)  # quantiles of the draws, as base/tables.py declares for concentrate_value
BIAS_LEVEL = 0.95  # level of a bias's interval, as base/tables.py declares for suspects
QUOTA_PRODUCERS = "producers_with_quota"
"""Party of ``view_party_change``: producers and holders of a production quota, who are the same."""
_NORMAL_95 = 1.96  # |z| that one normal variate in twenty exceeds
_HELD = "held at its bound"  # what the account's reason says of a value that lies at the end of its range
_LEAST_TRADE = 1e-3  # units a month: less is a solver's rounding
_LONG = 6  # months: prices further apart than this are said to be
_MONTH = re.compile(r"(\d{4})(?:-(\d{2})|Q(\d))?")
_Type = pl.DataType | type[pl.DataType]


def _declare(name: str, row: str, **columns: tuple[_Type, str, str]) -> Table:
    return Table(name, row, {key: Column(*spec) for key, spec in columns.items()})


RUN = _declare(
    "view_run",
    "the run: one row",
    month=(pl.String, "", "ISO month of the account, null where there is none"),
    plan_from=(pl.String, "", "first ISO month of the plan"),
    plan_to=(pl.String, "", "last ISO month of the plan"),
    plan_months=(pl.Int64, "", "months in the plan"),
    run_id=(pl.String, "", "identity of the run"),
    code_version=(pl.String, "", "version of the code"),
    data_cut=(pl.String, "", "end of the data, null where there are none"),
    seed=(pl.Int64, "", "seed"),
    draws=(pl.Int64, "", "draws of prices, costs and recoveries"),
    level_low=(pl.Float64, "1", "lower quantile of the draws"),
    level_high=(pl.Float64, "1", "upper quantile of the draws"),
    level=(pl.Float64, "1", "share of the draws between them"),
    interval_level=(pl.Float64, "1", "level of the interval of a bias"),
    checks=(pl.Int64, "", "certificates"),
    checks_passed=(pl.Int64, "", "certificates met"),
    made_up=(pl.Int64, "", "declared values that are synthetic"),
    declared=(pl.Int64, "", "declared values"),
    prices_from=(pl.String, "", "period of the oldest price of the plan, where half a year and more lies between"),
    prices_to=(pl.String, "", "period of the youngest price of the plan, likewise"),
)

TAKEN = _declare(
    "view_ingest",
    "what was taken from all sources together: one row",
    samples=(pl.Int64, "", "samples"),
    uncertain=(pl.Int64, "", "samples with an uncertain status"),
    bad=(pl.Int64, "", "samples with a bad status"),
    out_of_range=(pl.Int64, "", "samples outside the range of their tag"),
    absent_tags=(pl.Int64, "", "tags without a value in at least one period"),
    rejected=(pl.Int64, "", "rows and cells that were not taken"),
    repeated=(pl.Int64, "", "rows whose time stood there before"),
    backward=(pl.Int64, "", "rows whose time runs backwards"),
    silent=(pl.Int64, "", "declared tags of which no source holds anything"),
    undeclared=(pl.Int64, "", "addresses that no tag names"),
)

PUBLISHED = _declare(
    "view_published",
    "one published quarterly transfer price",
    quarter=(pl.String, "", "quarter"),
    price=(pl.Float64, "CNY/t", "price, null where not public"),
    change=(pl.Float64, "1", "change on the quarter before, relative"),
    source=(pl.String, "", "ids of the sources"),
    confidence=(pl.String, "", "high | medium | low | derived"),
)

PRICES = _declare(
    "view_prices",
    "one price the plan uses",
    commodity=(pl.String, "", "commodity"),
    quoted=(pl.Float64, "see quoted_unit", "price as quoted"),
    quoted_unit=(pl.String, "", "unit of the quotation"),
    vat=(pl.String, "", "included | excluded | none"),
    used=(pl.Float64, "see used_unit", "price the plan uses, without VAT"),
    used_unit=(pl.String, "", "unit of the used price"),
    period=(pl.String, "", "date of the quotation"),
    side=(pl.String, "", "buy | sell | use"),
    source=(pl.String, "", "source id, null where synthetic"),
    synthetic=(pl.Boolean, "", "whether the price is synthetic"),
    note=(pl.String, "", "what must travel with the price"),
)

LIMITS = _declare(
    "view_limits",
    "one limit of the plan as the document declares it",
    limit=(pl.String, "", "as in plan_limits"),
    kind=(pl.String, "", "as in plan_limits"),
    written=(pl.String, "", "the number as declared, with its scale"),
    note=(pl.String, "", "what must travel with it"),
    source=(pl.String, "", "source id, null where synthetic or the plant's own"),
    synthetic=(pl.Boolean, "", "whether it is synthetic"),
    period=(pl.String, "", "time the figure speaks of"),
)

SCENARIOS = _declare(
    "view_scenarios",
    "one scenario of the market beside its base case, and the commodity it hits most",
    scenario=(pl.String, "", "scenario"),
    share=(pl.Float64, "1", "limit of a quota over the base case's exports or production, or rate of a tariff"),
    synthetic=(pl.Boolean, "", "whether the step is synthetic"),
    note=(pl.String, "", "what the document takes for granted in it"),
    hits=(pl.String, "", "what it limits in its region: exports | production | imports"),
    commodity=(pl.String, "", "commodity that gives way most, null where none does"),
    cut=(pl.Float64, "1", "change of what is limited over that of the base case"),
    least=(pl.String, "", "commodity that gives way least"),
    least_cut=(pl.Float64, "1", "change of what is limited over that of the base case"),
)

CONCENTRATE = _declare(
    "view_concentrate",
    "one row of concentrate_value, against the published price",
    measure=(pl.String, "", "as in concentrate_value"),
    party=(pl.String, "", "as in concentrate_value"),
    difference=(pl.Float64, "¤/t", "value less published price"),
    relative=(pl.Float64, "1", "difference over published price"),
    reach=(
        pl.Float64,
        "t/a",
        "for how many tonnes it holds, counted from the planned delivery; infinite without an end",
    ),
)

VALUE = _declare(
    "view_value",
    "the concentrate in one row",
    delivered=(pl.Float64, "t/a", "delivered in the plan, on the basis of the published price"),
    delivered_money=(pl.Float64, "¤/a", "published price times deliveries"),
    surplus=(pl.Float64, "¤/t", "buyer's maximum less seller's minimum"),
    surplus_low=(pl.Float64, "¤/t", "lower quantile of the surplus over the draws"),
    surplus_high=(pl.Float64, "¤/t", "upper quantile of the surplus over the draws"),
    published_to_seller=(pl.Float64, "¤/t", "published price less seller's minimum"),
    published_to_buyer=(pl.Float64, "¤/t", "buyer's maximum less published price"),
    share_quota=(pl.Float64, "1", "share of the draws in which a quota binds"),
    worthless_group=(pl.Float64, "1", "share of the draws in which one tonne more is worth less than 1 ¤/t to both"),
    worthless_buyer=(pl.Float64, "1", "the same to the buyer alone"),
    share_above=(pl.Float64, "1", "share of the draws in which the netback is above the published price"),
    share_bargain=(pl.Float64, "1", "share of the draws in which buyer's maximum is not below seller's minimum"),
)

QUOTAS = _declare(
    "view_quotas",
    "one quota and how often it binds",
    quota=(pl.String, "", "quota"),
    share=(pl.Float64, "1", "share of the draws in which it binds"),
)

MADE = _declare(
    "view_made",
    "one commodity over the whole plan",
    commodity=(pl.String, "", "commodity"),
    owner=(pl.String, "", "company"),
    made=(pl.Float64, "see unit", "made"),
    sold=(pl.Float64, "see unit", "sold outside"),
    sent=(pl.Float64, "see unit", "sent to the other company"),
    bought=(pl.Float64, "see unit", "bought outside"),
    disposed=(pl.Float64, "see unit", "discarded"),
    closing=(pl.Float64, "see unit", "stock at the end of the plan"),
    unit=(pl.String, "", "unit"),
)

TRADE = _declare(
    "view_trade",
    "one commodity sold or bought by the plan, in a year, at the price the plan uses",
    commodity=(pl.String, "", "commodity"),
    owner=(pl.String, "", "company"),
    side=(pl.String, "", "buy | sell"),
    amount=(pl.Float64, "see unit", "sold or bought in a year"),
    unit=(pl.String, "", "unit of the amount"),
    price=(pl.Float64, "see price_unit", "price the plan uses, without VAT"),
    price_unit=(pl.String, "", "unit of the price"),
    money=(pl.Float64, "¤/a", "amount times price"),
    share=(pl.Float64, "1", "its money over that of all that is sold, or bought"),
)

EARNED = _declare(
    "view_earned",
    "the plan in money: one row",
    gain=(pl.Float64, "¤/a", "gain of the plan a year before fixed costs; null where no question put to it tells"),
    sales=(pl.Float64, "¤/a", "all that is sold; null where a price is missing"),
    purchases=(pl.Float64, "¤/a", "all that is bought, without utilities; null where a price is missing"),
    covers=(pl.String, "", "what the gain covers and what not, as the document says; null where it does not"),
)

LOADS = _declare(
    "view_loads",
    "one unit over the whole plan",
    unit=(pl.String, "", "unit of the plant"),
    owner=(pl.String, "", "company"),
    throughput=(pl.Float64, "see throughput_unit", "worked up"),
    capacity=(pl.Float64, "see throughput_unit", "could be worked up"),
    load=(pl.Float64, "1", "throughput over capacity"),
    throughput_unit=(pl.String, "", "unit of the reference input"),
)

CLOSURES = _declare(
    "view_closures",
    "one balanced component: its measured balances, and the worst of them",
    component=(pl.String, "", "component"),
    balances=(pl.Int64, "", "balances in which every term is measured"),
    outside=(pl.Int64, "", "of these, balances with |z| above 1.96, which one in twenty exceeds by chance"),
    node=(pl.String, "", "node with the largest |z|"),
    closure=(pl.Float64, "1", "outflow and accumulation over inflow there"),
    closure_sd=(pl.Float64, "1", "its standard deviation from the stated sigmas"),
    z=(pl.Float64, "1", "nodal test statistic there"),
    unmeasured=(pl.Int64, "", "balances with an unmeasured term"),
)

ADJUSTMENTS = _declare(
    "view_adjustments",
    "one meter over all periods",
    tag=(pl.String, "", "tag"),
    kind=(pl.String, "", "flow | assay | stock | stock_assay"),
    object=(pl.String, "", "what it measures"),
    component=(pl.String, "", "component, else null"),
    measured=(pl.Float64, "see unit", "mean reading over the periods"),
    value=(pl.Float64, "see unit", "mean reconciled value over the same periods"),
    sd=(pl.Float64, "see unit", "mean standard deviation of the reconciled value; null where one is held at a bound"),
    held=(pl.Int64, "", "periods in which the reconciled value is held at a bound"),
    relative=(pl.Float64, "1", "reconciled over measured, less one"),
    largest_z=(pl.Float64, "1", "largest |z| of a period"),
    unit=(pl.String, "", "unit"),
)

RARE_EARTHS = _declare(
    "view_rare_earths",
    "REO in one stream over the month, reconciled",
    stream=(pl.String, "", "stream, or stocks"),
    source=(pl.String, "", "unit it leaves, null for the world outside"),
    target=(pl.String, "", "unit it enters, null for the world outside"),
    role=(pl.String, "", "feed | product | loss | inside | stocks"),
    amount=(pl.Float64, "t", "REO; null where a term is unobservable"),
    share=(pl.Float64, "1", "amount over all REO fed"),
)

MARKET_CHANGE = _declare(
    "view_market_change",
    "one commodity in one region, one scenario against the base",
    scenario=(pl.String, "", "scenario"),
    region=(pl.String, "", "region"),
    commodity=(pl.String, "", "commodity"),
    price=(pl.Float64, "¤/t", "price in the scenario"),
    price_change=(pl.Float64, "¤/t", "price less base price"),
    price_relative=(pl.Float64, "1", "the same over the base price"),
    export_change=(pl.Float64, "t/a", "net export less that of the base"),
    export_relative=(pl.Float64, "1", "the same over the base's net export; null where nothing was exported"),
    import_relative=(pl.Float64, "1", "net import less that of the base, over it; null where nothing was imported"),
    production_relative=(pl.Float64, "1", "production less that of the base, over it; null where nothing was made"),
    disposed_change=(pl.Float64, "t/a", "discarded less that of the base"),
)

PARTY_CHANGE = _declare(
    "view_party_change",
    "what one party gains from one scenario against the base",
    scenario=(pl.String, "", "scenario"),
    region=(pl.String, "", "region"),
    party=(pl.String, "", "party; under a production quota the producers hold it, and stand as one with it"),
    change=(pl.Float64, "¤/a", "surplus less that of the base"),
)

VIEWS: Mapping[str, Table] = {
    table.name: table
    for table in (
        RUN, TAKEN, PUBLISHED, PRICES, LIMITS, SCENARIOS, CONCENTRATE, VALUE, QUOTAS, MADE, TRADE, EARNED, LOADS, CLOSURES, ADJUSTMENTS, RARE_EARTHS,
        MARKET_CHANGE, PARTY_CHANGE,
    )
}  # fmt: skip
"""Declaration of every derived table by name."""

_Frames = Mapping[str, pl.DataFrame]


def open_book(tables: _Frames, context: Context) -> Book:
    """The run's tables with the derived ones, ready to be quoted; missing tables are empty ones.

    Derived tables that are among ``tables`` already are taken as they stand.

    Raises
    ------
    TableError
        If a table does not have its declared columns.
    """
    whole = {name: table.check(tables[name]) if name in tables else table.empty() for name, table in TABLES.items()}
    made = tables if all(name in tables for name in VIEWS) else derive(whole, context)
    return Book({**whole, **{name: table.check(made[name]) for name, table in VIEWS.items()}}, VIEWS, context)


def derive(tables: _Frames, context: Context) -> dict[str, pl.DataFrame]:
    """Make every derived table; keep them with the run, the brief quotes their cells.

    Parameters
    ----------
    tables
        The run's tables by name, each with its declared schema.
    context
        Titles, months, published prices, stream ends, period lengths.
    """
    makers: dict[str, Callable[[_Frames, Context], pl.DataFrame]] = {
        "view_run": _run,
        "view_ingest": _ingest,
        "view_published": _published,
        "view_prices": _prices,
        "view_limits": _limits,
        "view_scenarios": _scenarios,
        "view_concentrate": _concentrate,
        "view_value": _value,
        "view_quotas": _quotas,
        "view_made": _made,
        "view_trade": _trade,
        "view_earned": _earned,
        "view_loads": _loads,
        "view_closures": _closures,
        "view_adjustments": _adjustments,
        "view_rare_earths": _rare_earths,
        "view_market_change": _market_change,
        "view_party_change": _party_change,
    }
    full = {name: tables[name] if name in tables else table.empty() for name, table in TABLES.items()}
    return {name: VIEWS[name].check(make(full, context)) for name, make in makers.items()}


def _rows(table: Table, rows: list[dict[str, object]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=table.schema, orient="row")


def _run(tables: _Frames, context: Context) -> pl.DataFrame:
    draws, certificates = tables["value_draws"], tables["certificates"]
    months = context.plan_months
    oldest, youngest = _far_apart([price.period for price in context.prices])
    row: dict[str, object] = {
        "month": context.month,
        "plan_from": months[0] if months else None,
        "plan_to": months[-1] if months else None,
        "plan_months": len(months),
        "run_id": context.run_id,
        "code_version": context.code_version,
        "data_cut": context.data_cut,
        "seed": context.seed,
        "draws": draws.filter(pl.col("draw") > 0).height,
        "level_low": LEVELS[0],
        "level_high": LEVELS[1],
        "level": LEVELS[1] - LEVELS[0],
        "interval_level": BIAS_LEVEL,
        "checks": certificates.height,
        "checks_passed": certificates.filter(pl.col("passed")).height,
        "made_up": context.made_up,
        "declared": context.declared,
        "prices_from": oldest,
        "prices_to": youngest,
    }
    return _rows(RUN, [row])


def _far_apart(periods: list[str]) -> tuple[str | None, str | None]:
    """The oldest and the youngest of periods between which half a year and more lies, else nothing."""
    dated = sorted((months, period) for period in periods if (months := _months(period)) is not None)
    if not dated or dated[-1][0] - dated[0][0] < _LONG:
        return None, None
    return dated[0][1], dated[-1][1]


def _months(period: str) -> int | None:
    """Months since year 0 of the start of a day, month, quarter or year."""
    found = _MONTH.match(period)
    if found is None:
        return None
    year, month, quarter = found.groups()
    return 12 * int(year) + (int(month) - 1 if month else 3 * (int(quarter) - 1) if quarter else 0)


def _ingest(tables: _Frames, context: Context) -> pl.DataFrame:
    frame = tables["ingest"]
    counts = ("samples", "uncertain", "bad", "out_of_range", "rejected", "repeated", "backward")
    row: dict[str, object] = {name: int(frame[name].sum()) for name in counts}
    row |= {name: int(frame[name].list.len().sum()) for name in ("silent", "undeclared")}
    absent = tables["measurements"].filter(pl.col("value").is_null())["tag"].n_unique()
    rejected = max(int(frame["rejected"].sum()), tables["rejected"].height)
    return _rows(TAKEN, [row | {"rejected": rejected, "absent_tags": absent}])


def _published(tables: _Frames, context: Context) -> pl.DataFrame:
    rows: list[dict[str, object]] = []
    before: float | None = None
    for quarter in context.published:
        change = None if before is None or quarter.price is None else quarter.price / before - 1
        rows.append(
            {
                "quarter": quarter.quarter,
                "price": quarter.price,
                "change": change,
                "source": quarter.source,
                "confidence": quarter.confidence,
            }
        )
        before = quarter.price
    return _rows(PUBLISHED, rows)


def _prices(tables: _Frames, context: Context) -> pl.DataFrame:
    return _rows(PRICES, [{name: getattr(price, name) for name in PRICES.columns} for price in context.prices])


def _limits(tables: _Frames, context: Context) -> pl.DataFrame:
    names = {"limit": "name"}
    rows = [
        {column: getattr(limit, names.get(column, column)) for column in LIMITS.columns} for limit in context.limits
    ]
    return _rows(LIMITS, rows)


_HITS = {"export_quota": "exports", "production_quota": "production", "tariff": "imports"}


def _scenarios(tables: _Frames, context: Context) -> pl.DataFrame:
    change = _market_change(tables, context)
    rows: list[dict[str, object]] = []
    for scenario in context.scenarios:
        hits = _HITS.get(scenario.instrument, "exports")
        relative = f"{hits.removesuffix('s')}_relative"
        cut = change.filter(
            (pl.col("scenario") == scenario.name)
            & (pl.col("region") == scenario.region)
            & pl.col(relative).is_not_null()
        ).sort(relative, "commodity")
        row: dict[str, object] = {
            "scenario": scenario.name,
            "share": scenario.share,
            "synthetic": scenario.synthetic,
            "note": scenario.note,
            "hits": hits,
        }
        if cut.height:
            row |= {"commodity": cut["commodity"][0], "cut": cut[relative][0]}
            row |= {"least": cut["commodity"][-1], "least_cut": cut[relative][-1]}
        rows.append(row)
    return _rows(SCENARIOS, rows)


def _concentrate(tables: _Frames, context: Context) -> pl.DataFrame:
    published = _one(tables["concentrate_value"], "published")
    difference = pl.col("value") - pl.lit(published, pl.Float64)
    values = tables["concentrate_value"].to_dicts()
    frame = tables["concentrate_value"].select(
        "measure",
        "party",
        difference.alias("difference"),
        (difference / pl.lit(published, pl.Float64)).alias("relative"),
        pl.Series("reach", [_reach(tables["concentrate_value"], row) for row in values], pl.Float64),
    )
    return frame


def _reach(values: pl.DataFrame, row: Mapping[str, object]) -> float | None:
    """Length of the range in which a value holds; of one that holds beyond a range, the length of that one."""
    start, end = _real(row["valid_from"]), _real(row["valid_to"])
    if start is not None and end is not None:
        return end - start
    if row["measure"] != "marginal_beyond_left" or end is None:
        return None
    nearer = values.filter((pl.col("measure") == "marginal_left") & (pl.col("party") == row["party"]))
    planned = nearer["valid_to"].drop_nulls()
    return float(planned[0]) - end if planned.len() else None


def _real(value: object) -> float | None:
    return float(value) if isinstance(value, float | int) else None


def _one(frame: pl.DataFrame, measure: str) -> float | None:
    values = frame.filter(pl.col("measure") == measure)["value"].drop_nulls()
    return float(values[0]) if values.len() else None


def _value(tables: _Frames, context: Context) -> pl.DataFrame:
    values = tables["concentrate_value"]
    published, lowest, highest = (_one(values, m) for m in ("published", "seller_minimum", "buyer_maximum"))
    delivered = _delivered(tables["plan_flows"], context)
    return _rows(
        VALUE,
        [
            {
                "delivered": delivered,
                "delivered_money": _times(delivered, published),
                "surplus": _less(highest, lowest),
                "published_to_seller": _less(published, lowest),
                "published_to_buyer": _less(highest, published),
                **_shares(tables["value_draws"].filter(pl.col("draw") > 0), published),
            }
        ],
    )


def _delivered(flows: pl.DataFrame, context: Context) -> float | None:
    if context.concentrate is None:
        return None
    mine = flows.filter((pl.col("commodity") == context.concentrate) & (pl.col("owner") == context.seller))
    months = mine["month"].n_unique()
    return float(mine["sent"].sum()) * 12 / months if months else None


def _less(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a - b


def _times(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a * b


def _shares(draws: pl.DataFrame, published: float | None) -> dict[str, float | None]:
    surplus = pl.col("buyer_maximum") - pl.col("seller_minimum")
    wanted = {
        "surplus_low": surplus.quantile(LEVELS[0], "linear"),
        "surplus_high": surplus.quantile(LEVELS[1], "linear"),
        "share_quota": (pl.col("binding_quotas").list.len() > 0).mean(),
        "worthless_group": (pl.col("marginal_right") < WORTHLESS).mean(),
        "worthless_buyer": (pl.col("buyer_marginal") < WORTHLESS).mean(),
        "share_above": (pl.col("netback") > pl.lit(published, pl.Float64)).mean(),
        "share_bargain": (surplus >= 0).mean(),
    }
    if not draws.height:
        return dict.fromkeys(wanted, None)
    return draws.select(**wanted).row(0, named=True)


def _quotas(tables: _Frames, context: Context) -> pl.DataFrame:
    drawn = tables["value_draws"].filter(pl.col("draw") > 0)
    each = drawn.select(quota="binding_quotas").explode("quota").drop_nulls()
    shares = each.group_by("quota").agg(share=pl.len() / max(drawn.height, 1))
    return shares.sort("share", "quota", descending=[True, False])


def _made(tables: _Frames, context: Context) -> pl.DataFrame:
    sums = [pl.col(name).sum() for name in ("made", "sold", "sent", "bought", "disposed")]
    grouped = tables["plan_flows"].sort("month").group_by("commodity", "owner", "unit", maintain_order=True)
    return grouped.agg(*sums, pl.col("closing").last()).select(list(MADE.columns)).sort("commodity", "owner")


def _trade(tables: _Frames, context: Context) -> pl.DataFrame:
    """Sales and purchases in a year, the most money first; nothing of what is traded in no month."""
    made = _made(tables, context)
    months = tables["plan_flows"]["month"].n_unique()
    rows: list[dict[str, object]] = []
    for price in context.prices:
        column = {"sell": "sold", "buy": "bought"}.get(price.side)
        mine = made.filter(pl.col("commodity") == price.commodity)
        if column is None or not mine.height or mine[column][0] <= _LEAST_TRADE * max(months, 1):
            continue
        amount = float(mine[column][0]) * 12 / months
        rows.append(
            {
                "commodity": price.commodity,
                "owner": mine["owner"][0],
                "side": price.side,
                "amount": amount,
                "unit": f"{mine['unit'][0]}/a",
                "price": price.used,
                "price_unit": price.used_unit,
                "money": amount * price.used,
            }
        )
    frame = _rows(TRADE, rows)
    whole = pl.col("money").sum().over("side")
    shared = frame.with_columns(share=pl.when(whole > 0).then(pl.col("money") / whole))
    return shared.sort("side", -pl.col("money"), "commodity", descending=[True, False, False])


def _earned(tables: _Frames, context: Context) -> pl.DataFrame:
    """Gain, sales and purchases of the plan; an unpriced part of a sum leaves the sum unknown."""
    made, trade = _made(tables, context), _trade(tables, context)
    row: dict[str, object] = {
        "gain": next(iter(tables["what_if"].filter(pl.col("against").is_null())["base_gain"]), None),
        "covers": context.covers or None,
    }
    for side, column, told in (("sell", "sold", "sales"), ("buy", "bought", "purchases")):
        priced = set(trade.filter(pl.col("side") == side)["commodity"])
        moved = set(made.filter(pl.col(column) > _LEAST_TRADE * 12)["commodity"])
        if made.height and moved <= priced:
            row[told] = float(trade.filter(pl.col("side") == side)["money"].sum())
    return _rows(EARNED, [row])


def _loads(tables: _Frames, context: Context) -> pl.DataFrame:
    keys = ["unit", "owner", "throughput_unit"]
    monthly = (
        tables["plan_activities"]
        .group_by("month", *keys, maintain_order=True)
        .agg(pl.col("throughput").sum(), pl.col("capacity").max())
    )
    yearly = monthly.group_by(keys, maintain_order=True).agg(pl.col("throughput").sum(), pl.col("capacity").sum())
    load = pl.when(pl.col("capacity") > 0).then(pl.col("throughput") / pl.col("capacity"))
    return yearly.with_columns(load=load).select(list(LOADS.columns)).sort("unit", "throughput_unit")


def _closures(tables: _Frames, context: Context) -> pl.DataFrame:
    closure = tables["closure"]
    measured = closure.filter(pl.col("residual").is_not_null() & pl.col("z").is_not_null())
    inflow = pl.when(pl.col("inflow") > 0).then(pl.col("inflow"))
    counts = measured.group_by("component").agg(
        balances=pl.len().cast(pl.Int64), outside=(pl.col("z").abs() > _NORMAL_95).sum().cast(pl.Int64)
    )
    worst = (
        measured.sort(pl.col("z").abs(), "node", descending=[True, False])
        .unique("component", keep="first", maintain_order=True)
        .select("component", "node", "z", closure=1 - pl.col("residual") / inflow, closure_sd=pl.col("sd") / inflow)
    )
    every = closure.group_by("component", maintain_order=True).agg(_total=pl.len().cast(pl.Int64))
    joined = every.join(counts, on="component", how="left", maintain_order="left").join(
        worst, on="component", how="left", maintain_order="left"
    )
    filled = joined.with_columns(pl.col("balances", "outside").fill_null(0))
    return filled.with_columns(unmeasured=pl.col("_total") - pl.col("balances")).select(list(CLOSURES.columns))


def _adjustments(tables: _Frames, context: Context) -> pl.DataFrame:
    read = tables["account"].filter(
        pl.col("tag").is_not_null() & pl.col("measured").is_not_null() & pl.col("value").is_not_null()
    )
    keys = ["tag", "kind", "object", "component", "unit"]
    held = pl.col("reason").str.contains(_HELD, literal=True).fill_null(value=False).sum()
    means = read.group_by(keys, maintain_order=True).agg(
        pl.col("measured").mean(),
        pl.col("value").mean(),
        sd=pl.when(held == 0).then(pl.col("sd").mean()),
        held=held.cast(pl.Int64),
        largest_z=pl.col("z").abs().max(),
    )
    relative = pl.when(pl.col("measured") != 0).then(pl.col("value") / pl.col("measured") - 1)
    ordered = means.filter(pl.col("largest_z").is_not_null()).with_columns(relative=relative)
    return ordered.sort("largest_z", "tag", descending=[True, False]).select(list(ADJUSTMENTS.columns))


def _rare_earths(tables: _Frames, context: Context) -> pl.DataFrame:
    amounts = _reo_by_stream(tables["account"], context)
    rows: list[dict[str, object]] = []
    for stream in context.streams:
        if stream.name in amounts:
            rows.append(
                {
                    "stream": stream.name,
                    "source": stream.source,
                    "target": stream.target,
                    "role": _role(stream.source, stream.target, stream.commodity),
                    "amount": amounts[stream.name],
                }
            )
    frame = _rows(RARE_EARTHS, rows)
    if not rows:
        return frame
    fed = _total(frame, "feed")
    return pl.concat([frame, _stocks(frame, fed)]).with_columns(share=pl.col("amount") / pl.lit(fed, pl.Float64))


def _role(source: str | None, target: str | None, commodity: str | None) -> str:
    if source is None:
        return "feed"
    if target is None:
        return "product" if commodity else "loss"
    return "inside"


def _reo_by_stream(account: pl.DataFrame, context: Context) -> dict[str, float | None]:
    """REO of each stream over the month [t]: flow x content x hours, summed; None where a term is unobservable."""
    content = (
        account.filter((pl.col("kind") == "assay") & pl.col("component").is_in(list(context.rare_earths)))
        .with_columns(_part=pl.when(pl.col("unit") == "kg/m3").then(pl.col("value") / 1000).otherwise(pl.col("value")))
        .group_by("object", "period", maintain_order=True)
        .agg(_content=_strict_sum("_part"))
    )
    hours = pl.DataFrame(
        {"period": range(len(context.hours)), "_hours": list(context.hours)},
        schema={"period": pl.Int32, "_hours": pl.Float64},
    )
    flow = account.filter(pl.col("kind") == "flow").select("object", "period", "value")
    terms = flow.join(content, on=["object", "period"], maintain_order="left").join(
        hours, on="period", maintain_order="left"
    )
    terms = terms.with_columns(_amount=pl.col("value") * pl.col("_content") * pl.col("_hours"))
    sums = terms.group_by("object", maintain_order=True).agg(amount=_strict_sum("_amount"))
    return {str(name): amount for name, amount in sums.iter_rows()}


def _strict_sum(column: str) -> pl.Expr:
    """A sum that is null as soon as one of its terms is."""
    return pl.when(pl.col(column).is_not_null().all()).then(pl.col(column).sum())


def _total(frame: pl.DataFrame, *roles: str) -> float | None:
    amounts = frame.filter(pl.col("role").is_in(roles))["amount"]
    return None if amounts.null_count() or not amounts.len() else float(amounts.sum())


def _stocks(frame: pl.DataFrame, fed: float | None) -> pl.DataFrame:
    """What came in and did not leave lies in the stocks."""
    left = _total(frame, "product", "loss")
    row: dict[str, object] = {"stream": "stocks", "role": "stocks", "amount": _less(fed, left)}
    return _rows(RARE_EARTHS, [row])


def _market_change(tables: _Frames, context: Context) -> pl.DataFrame:
    market = tables["market"]
    base = market.filter(pl.col("scenario") == "base").drop("scenario")
    pairs = market.filter(pl.col("scenario") != "base").join(
        base, on=["region", "commodity"], suffix="_base", maintain_order="left"
    )
    rise = pl.col("price") - pl.col("price_base")
    less = pl.col("net_export") - pl.col("net_export_base")
    return pairs.select(
        "scenario",
        "region",
        "commodity",
        "price",
        price_change=rise,
        price_relative=pl.when(pl.col("price_base") > 0).then(rise / pl.col("price_base")),
        export_change=less,
        export_relative=pl.when(pl.col("net_export_base") > 0).then(less / pl.col("net_export_base")),
        import_relative=pl.when(pl.col("net_export_base") < 0).then(less / pl.col("net_export_base")),
        production_relative=pl.when(pl.col("production_base") > 0).then(
            pl.col("production") / pl.col("production_base") - 1
        ),
        disposed_change=pl.col("disposed") - pl.col("disposed_base"),
    )


def _party_change(tables: _Frames, context: Context) -> pl.DataFrame:
    parties = tables["market_parties"]
    base = parties.filter(pl.col("scenario") == "base").drop("scenario")
    rest = parties.filter(pl.col("scenario") != "base")
    pairs = rest.join(base, on=["region", "party"], how="left", suffix="_base", maintain_order="left")
    change = pl.col("surplus") - pl.col("surplus_base").fill_null(0.0)
    told = pairs.select("scenario", "region", "party", change=change)
    return _holders_with_producers(told, context)


def _holders_with_producers(changes: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Holders of a production quota are its producers: both as one, what it is worth to them and what it costs them."""
    quotas = [item for item in context.scenarios if item.instrument == "production_quota"]
    held = [(pl.col("scenario") == item.name) & (pl.col("region") == item.region) for item in quotas]
    one = pl.col("party").is_in(["producers", "quota_holders"]) & pl.any_horizontal(pl.lit(value=False), *held)
    named = changes.with_columns(party=pl.when(one).then(pl.lit(QUOTA_PRODUCERS)).otherwise(pl.col("party")))
    return named.group_by("scenario", "region", "party", maintain_order=True).agg(change=_strict_sum("change"))
