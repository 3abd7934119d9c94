"""Tables of an invented metallurgical account with the declared schemas, beside those of ``sample``. All numbers invented."""

from __future__ import annotations

import polars as pl

from tests.views.sample import frame, tables

Row = dict[str, object]
LINES = ("opening", "receipts", "products", "losses", "closing")


def metal_row(kind: str, scope: str, component: str, values: tuple[float | None, ...], **more: object) -> Row:
    """A row of the account with 2 % as half of each interval, and what the lines leave unaccounted."""
    row: Row = {"scope_kind": kind, "scope": scope, "component": component, "span": "account", "first": 0, "last": 4}
    for line, value in zip(LINES, values, strict=True):
        row |= {line: value, f"{line}_u95": None if value is None else 0.02 * value}
    known = [value for value in values if value is not None]
    if len(known) == len(values):
        opening, receipts, products, losses, closing = known
        row |= {"unaccounted": opening + receipts - products - losses - closing, "unaccounted_u95": 0.02 * receipts}
        row |= {"exceeds": abs(row["unaccounted"]) > row["unaccounted_u95"]}
    return row | more


PRIMARY = [
    metal_row("site", "works", "dry_mass", (75e3, 356e3, 225e3, 133e3, 74e3)),
    metal_row("site", "works", "Fe", (30e3, 155e3, None, None, 30e3), reason=(
        "not read: Fe in `pellets` in period 0, Fe in `pellets` in period 1 and 3 more; `roast_leach` do not balance it "
        "and count as outside"
    )),
    metal_row("company", "rare_earth", "REO", (0.0, 1800.0, 1640.0, 60.0, 0.0)),
    metal_row("site", "works", "dry_mass", (75e3, 80e3, 50e3, 30e3, 74e3), span="period", first=1, last=1),
]  # fmt: skip
SECONDARY = [
    metal_row("site", "works", "dry_mass", (74.7e3, 356.4e3, 225e3, 132.6e3, 73.5e3)) | {"unaccounted": 0.0, "unaccounted_u95": 0.0},
    metal_row("site", "works", "Fe", (30e3, 155e3, 128e3, 27e3, 30e3)) | {"unaccounted": 0.0, "unaccounted_u95": 0.0},
    metal_row("company", "rare_earth", "REO", (0.0, 1790.0, 1641.0, 149.0, 0.0)) | {"unaccounted": 0.0, "unaccounted_u95": 0.0},
]  # fmt: skip


def recovery(scope: str, component: str, product: str, method: str, value: float | None) -> Row:
    kind = "site" if scope == "works" else "unit"
    return {
        "scope_kind": kind, "scope": scope, "component": component, "product": product, "span": "account", "first": 0,
        "last": 4, "method": method, "reconciled": method == "secondary", "recovery": value,
        "u95": None if value is None else 0.005,
    }  # fmt: skip


def error(rank: int, kind: str, tag: str | None, what: str, **more: object) -> Row:
    common: Row = {"z": 6.2, "critical": 3.9, "level": 0.05, "p_global_without": 0.76, "echo": False, "unit": "t/h"}
    return {
        **common,
        "rank": rank,
        "suspect_class": rank,
        "kind": kind,
        "tag": tag,
        "object": what,
        "plausible": True,
    } | more


BIAS = error(
    1, "bias", "WT-214", "flotation_feed", share=0.0406, share_low=0.028, share_high=0.054, size=1.9, size_low=1.3,
    size_high=2.5, in_sigmas=4.0, parallel=False, decides="a second meter on the flow of `flotation_feed`",
    decides_kind="flow", decides_object="flotation_feed", decides_by=8.7,
)  # fmt: skip
OFFSET = BIAS | {"kind": "offset", "share": None, "share_low": None, "share_high": None}
LEAK = BIAS | {
    "kind": "leak", "tag": None, "object": "flotation", "carrier": "flotation_tails", "share": None, "share_low": None,
    "share_high": None, "in_sigmas": None,
}  # fmt: skip
OUTLIER = error(2, "outlier", "LAB-Fe", "pellets", component="Fe", period=3, size=-0.02, size_low=-0.03, size_high=-0.01,
                unit="1", in_sigmas=-5.0)  # fmt: skip


def account_tables() -> dict[str, pl.DataFrame]:
    """The tables of the invented run with a metallurgical account, gross errors of every kind and worth of meters."""
    closure: Row = {
        "rank": 1, "tag": "WT-411", "kind": "flow", "object": "concentrate_feed", "change": "halved", "figure": "closure",
        "scope": "rare_earth", "figure_component": "REO", "u95_now": 0.012, "u95_then": 0.0086, "narrows": 0.28,
        "figure_unit": "1",
    }  # fmt: skip
    money: Row = {"rank": 1, "tag": "WT-361", "share": 0.3, "all_sd": 1.0e7, "all_sd_halved": 9.2e6}
    accuracy: Row = {"figure": "flow", "object": "bf_slag", "boundary": True, "redundancy": 0.0, "status": "observable"}
    made = {
        "grade": [
            {"grade": "C", "ground": "suspect", "at_best": "C", "count": 1, "of": ["WT-214", "flotation"]},
            {"grade": "C", "ground": "unchecked", "at_best": "B", "count": 2, "of": ["bf_slag", "bf_dust"]},
        ],
        "metal_primary": PRIMARY,
        "metal_secondary": SECONDARY,
        "recoveries": [
            recovery("works", "Fe", "pellets", "secondary", 0.825),
            recovery("works", "Fe", "pellets", "primary", 0.827),
            recovery("works", "Fe", "re_concentrate", "secondary", 0.001),
            recovery("flotation", "Fe", "re_concentrate", "secondary", None),
            recovery("flotation", "Fe", "re_concentrate", "two_product", 0.31),
        ],
        "accuracy": [accuracy | {"target": 0.01, "secondary": 0.023, "primary": 0.036, "met": False}],
        "provisional": [{"tag": "LAB-Fe", "period": 2, "value": 0.61, "sigma": 0.01, "unit": "1", "authority": "estimate", "used": True}],
        "stock_take": [{"stock": "ore_stockpile", "count": 41200.0, "count_u95": 800.0, "book": 40100.0, "book_u95": 900.0,
                        "difference": 1100.0, "difference_u95": 1200.0, "exceeds": False, "who": "surveyor"}],
        "gross_errors": [BIAS, OFFSET, LEAK, OUTLIER],
        "missing_streams": [
            {"node": "flotation", "component": "dry_mass", "direction": "leaves", "flow": 1.99, "flow_sd": 0.35, "periods": 5, "same_sign": 5, "resembles": "flotation_feed"},
            {"node": "flotation", "component": "Fe", "direction": "leaves", "flow": 0.32, "flow_sd": 0.06, "share": 0.162, "share_sd": 0.04, "periods": 5, "same_sign": 5},
        ],
        "robust": [{"tag": "DT-222", "agrees": False, "suspect": True, "accused": False}],
        "meter_worth": [closure],
        "meter_money": [money],
    }  # fmt: skip
    return {**tables(), **{name: frame(name, rows) for name, rows in made.items()}}
