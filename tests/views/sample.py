"""Plausible small tables with the declared schemas, to develop and test views without an engine. All numbers invented."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from ferrolan.base.tables import TABLES
from ferrolan.base.time import months_after
from ferrolan.views.context import Context, Quarter, QuotedLimit, QuotedPrice, Scenario, Stream

RARE_EARTHS = ("La2O3", "CeO2", "Pr6O11", "Nd2O3", "SEGY")
_SPLIT = {"La2O3": 0.26, "CeO2": 0.50, "Pr6O11": 0.05, "Nd2O3": 0.16, "SEGY": 0.03}
_HOURS = (168.0, 168.0, 168.0, 168.0, 72.0)
_MONTHS = months_after("2026-03", 12)

_STREAMS = (  # name, source, target, commodity, t/h (dry), REO content
    ("ore_mined", None, "ore_stockpile", "ore", 300.0, 0.060),
    ("mill_feed", "ore_stockpile", "mill", "ore", 300.0, 0.0595),
    ("ground_ore", "mill", "magnetic_separation", "ground_ore", 300.0, 0.0595),
    ("iron_concentrate", "magnetic_separation", "iron_concentrate_store", "iron_concentrate", 114.0, 0.012),
    ("magnetic_tails", "magnetic_separation", "tails_splitter", "magnetic_tails", 186.0, 0.0886),
    ("flotation_feed", "tails_splitter", "flotation", "magnetic_tails", 52.0, 0.0886),
    ("tails_to_pond", "tails_splitter", None, None, 134.0, 0.0886),
    ("re_concentrate", "flotation", "re_concentrate_store", "re_concentrate", 5.4, 0.58),
    ("flotation_tails", "flotation", None, None, 46.6, 0.0317),
    ("pellet_feed", "iron_concentrate_store", "pellet_plant", "iron_concentrate", 114.0, 0.012),
    ("pellets", "pellet_plant", "blast_furnace", "iron_burden", 113.0, 0.0119),
    ("pellet_dust", "pellet_plant", None, None, 1.0, 0.021),
    ("bf_slag", "blast_furnace", None, None, 60.0, 0.0219),
    ("bf_dust", "blast_furnace", None, None, 2.0, 0.016),
    ("concentrate_feed", "re_concentrate_store", "roast_leach", "re_concentrate_delivered", 5.3, 0.58),
    ("leach_liquor", "roast_leach", "separation", "leach_liquor", 2.93, 1.0),
    ("leach_residue", "roast_leach", None, None, 3.6, 0.04),
    ("lace_liquor", "separation", "lace_calciner", "lace_liquor", 2.15, 1.0),
    ("prnd_liquor", "separation", "prnd_calciner", "prnd_liquor", 0.64, 1.0),
    ("segy_liquor", "separation", "segy_calciner", "segy_liquor", 0.075, 1.0),
    ("raffinate", "separation", None, None, 0.065, 1.0),
    ("lace_oxide", "lace_calciner", None, "lace_oxide", 2.13, 1.0),
    ("lace_filtrate", "lace_calciner", None, None, 0.02, 1.0),
    ("prnd_oxide", "prnd_calciner", None, "prnd_oxide", 0.635, 1.0),
    ("prnd_filtrate", "prnd_calciner", None, None, 0.005, 1.0),
    ("segy_oxide", "segy_calciner", None, "segy_oxide", 0.0735, 1.0),
    ("segy_filtrate", "segy_calciner", None, None, 0.0015, 1.0),
)


def frame(table: str, rows: Sequence[Mapping[str, object]]) -> pl.DataFrame:
    """Rows as a declared table; columns that are left out are null."""
    declared = TABLES[table]
    return declared.check(pl.DataFrame([dict(row) for row in rows], schema=declared.schema, orient="row"))


def context(**changes: object) -> Context:
    """The context of an invented run."""
    values: dict[str, object] = {
        "title": "Ore to both",
        "month": "2026-03",
        "plan_months": _MONTHS,
        "run_id": "7f3a91c20b44de15",
        "code_version": "0.1.0",
        "data_cut": "2026-03-31 24:00 Asia/Shanghai",
        "seed": 7,
        "synthetic": True,
        "seller": "steel",
        "buyer": "rare_earth",
        "concentrate": "re_concentrate",
        "home": "china",
        "industries": ("rare_earths", "steel"),
        "owners": {"steel": "steel company", "rare_earth": "rare-earth company"},
        "names": {
            "re_concentrate": "rare-earth concentrate",
            "re_concentrate_delivered": "delivered concentrate",
            "prnd_oxide": "Pr-Nd oxide",
            "lace_oxide": "La-Ce oxide",
            "segy_oxide": "Sm-Eu-Gd-Y oxide",
            "bf_slag": "blast-furnace slag",
            "bf_dust": "blast-furnace dust",
            "china": "China",
            "abroad": "rest of the world",
            "PrNd": "Pr-Nd oxide",
        },
        "published": (
            Quarter("2025Q1", 18618.0, "smm_2025_01", "high"),
            Quarter("2025Q2", 18825.0, "smm_2025_04q", "high"),
            Quarter("2025Q3", 19109.0, "gmt8_2025_07", "high"),
            Quarter("2025Q4", 26205.0, "udn_2025_10", "high"),
            Quarter("2026Q1", 26834.0, "cnyes_2026_01", "high"),
            Quarter("2026Q2", None, "no_public_value", "low"),
        ),
        "prices": (
            QuotedPrice("prnd_oxide", 624900.0, "CNY/t", "included", 553008.8, "CNY/t", "cnyes_2026_01", "2026-01-09"),
            QuotedPrice("rolled_steel", 3160.0, "CNY/t", "included", 2796.5, "CNY/t", "seaisi_cisa_q1", "2025-04-22"),
            QuotedPrice(
                "coke",
                187.6,
                "USD/t",
                "excluded",
                1367.2,
                "CNY/t",
                "katco_2025_04",
                "2025-04-16",
                note="premium hard coking coal FOB Australia",
            ),
            QuotedPrice("segy_oxide", 210000.0, "CNY/t", "included", 185840.7, "CNY/t", None, "", synthetic=True),
        ),
        "scenarios": (
            Scenario("export_quota", "export_quota", "china", 0.7, synthetic=True),
            Scenario("export_quota_by_element", "export_quota", "china", 0.7, each=True, synthetic=True),
        ),
        "citations": {
            "katco_2025_04": "KATCO 2025-04",
            "econotimes_2025q": "EconoTimes 2025",
            "nbd_2023_b2": "NBD 2023-09",
            "cnyes_2026_01": "cnyes 2026-01",
            "udn_2025_10": "UDN 2025-10-10",
            "smm_2025_01": "SMM 2025-01-09",
            "smm_2025_04q": "SMM 2025-04",
            "gmt8_2025_07": "GMT Eight 2025-07-11",
            "seaisi_cisa_q1": "SEAISI 2025-04-22",
            "debon_2024_b2": "Debon Securities note abstract, 2024-08",
            "starfeu_2024_b2": "republication of Reuters 2024-08",
            "mp_8k_2025_07": "MP Materials 8-K 2025-07",
            "oecd_98": "OECD Steel Committee 98th session",
            "chemradar_2025_11": "ChemRadar 2025-11",
        },
        "streams": tuple(Stream(name, source, target, commodity) for name, source, target, commodity, *_ in _STREAMS),
        "rare_earths": RARE_EARTHS,
        "hours": _HOURS,
        "notes": ("Yields, costs and elasticities are synthetic.",),
    }
    return Context(**{**values, **changes})  # type: ignore[arg-type]  # a test may put in any field


def tables(*, worthless: bool = True, suspects: bool = True) -> dict[str, pl.DataFrame]:
    """All tables of an invented run.

    ``worthless``: the separation quota binds and one tonne of concentrate more is worth nothing; ``suspects``: the
    flotation feed scale is found out.
    """
    return {
        "measurements": frame(
            "measurements", [{"tag": tag, "period": 0, "value": 1.0} for tag in ("WT-111", "WT-214", "WT-221")]
        ),
        "rejected": frame("rejected", [{"source": "plant_historian", "line": 77, "found": "I/O Timeout"}]),
        "ingest": _ingest(),
        "account": _account(),
        "closure": _closure(suspects),
        "balance_tests": _tests(suspects),
        "suspects": _suspects() if suspects else TABLES["suspects"].empty(),
        "plan_flows": _plan_flows(),
        "plan_activities": _activities(),
        "plan_limits": _limits(),
        "concentrate_value": _values(worthless),
        "value_draws": _draws(worthless),
        "what_if": _what_if(),
        "market": _market(),
        "market_parties": _parties(),
        "certificates": _certificates(),
        "findings": _findings(suspects),
        "facts": _facts(),
    }


Kind = tuple[dict[str, pl.DataFrame], Context]

_PLANT_DATA = ("measurements", "rejected", "ingest", "account", "closure", "balance_tests", "suspects")
_CONCENTRATE = ("concentrate_value", "value_draws")


def kinds() -> dict[str, Kind]:
    """A run of every kind of enterprise, by name."""
    return {
        "both businesses": (tables(), context()),
        "public figures alone": public_figures(),
        "steel works": steel_works(),
        "rare-earth works": rare_earth_works(),
        "both businesses, no account": integrated_without_account(),
    }


def public_figures() -> Kind:
    """An analyst's company: Australian dollars, one owner, a market abroad, no plant data, nothing of concentrate."""
    kept = _without(tables(), *_PLANT_DATA, *_CONCENTRATE)
    kept = _owned_by(kept, "rare_earth", "outback")
    kept["findings"] = _found(kept["findings"], "limit", "market")
    kept["stations"] = _stations(no_data=("raw data", "historian", "account"), not_declared=("concentrate",))
    owners, prices = {"outback": "Outback Oxides"}, _prices("AUD", ("prnd_oxide", "lace_oxide", "segy_oxide"))
    scenarios = (
        Scenario("export_quota", "export_quota", "china", 0.7, synthetic=True),
        Scenario("export_quota_by_element", "tariff", "abroad", 0.25, synthetic=True),
    )
    return kept, _outside(
        title="Outback Oxides, from public figures",
        currency="AUD",
        home="abroad",
        industries=("rare_earths",),
        owners=owners,
        prices=prices,
        scenarios=scenarios,
        month=None,
        data_cut=None,
        synthetic=False,
        rare_earths=(),
        hours=(),
        streams=(),
        made_up=31,
        declared=64,
    )


def caveats() -> Kind:
    """The analyst's company with all that must be said beside its figures: what they cover, whence its limits are."""
    run, told = public_figures()
    first, *rest = told.scenarios
    quota = replace(first, instrument="production_quota", share=0.9, note="the contract of 320 t is taken to hold")
    return run, replace(
        told,
        covers="no forecast: sales were 5 M AUD in FY2025",
        synthetic_rates=("USD", "CNY"),
        scenarios=(quota, *rest),
        limits=(
            QuotedLimit(
                "separation", "quota", "163234 t/a × 0.1", "twice the last half-year; = 2 * 81617", "nbd_2023_b2", False, "2023"
            ),
            QuotedLimit("mining", "quota", "20 kt/a", "of the year 2023", synthetic=True),
            QuotedLimit("sell rolled_steel", "market", "180 kt/a", synthetic=True),
        ),
    )  # fmt: skip


def steel_works() -> Kind:
    """A steel works: an account of iron alone, no market, no draws."""
    kept = _without(tables(suspects=False), *_CONCENTRATE, "market", "market_parties")
    kept = _owned_by(kept, "steel", "steel", ("rolled_steel",), ("rolling_mill",))
    kept["plan_limits"] = kept["plan_limits"].filter(pl.col("limit") != "flotation")
    kept["account"] = kept["account"].filter(pl.col("kind") == "flow", pl.col("object").is_in(["pellets", "bf_dust"]))
    kept["closure"] = kept["closure"].filter(pl.col("component").is_in(["Fe", "P"]))
    kept["findings"] = _found(kept["findings"], "limit").with_columns(
        subject=pl.lit("blast_furnace"),
        limit_kind=pl.lit("capacity"),
        money=pl.lit(0.49e6),
        **dict.fromkeys(("low", "high"), pl.lit(None, pl.Float64)),
    )
    titles = ("Rolled steel sells for 5 % less", "20 % more rolling", "10 % less of the cap on crude steel")
    kept["what_if"] = kept["what_if"].with_columns(
        title=pl.Series(titles), low=pl.lit(None, pl.Float64), high=pl.lit(None, pl.Float64)
    )
    kept["stations"] = _stations(not_declared=("concentrate", "market"))
    return kept, _outside(
        title="Steel works",
        industries=("steel",),
        owners={"steel": "steel company"},
        prices=(*_prices("CNY", ("rolled_steel",)), _power("CNY")),
        scenarios=(),
        rare_earths=(),
        streams=(),
        home=None,
        notes=(),
    )


def rare_earth_works() -> Kind:
    """A rare-earth works with one owner: an account with REO, a market, nothing of concentrate between companies."""
    kept = _without(tables(), *_CONCENTRATE)
    kept = _owned_by(kept, "rare_earth", "rare_earth")
    kept["findings"] = _found(kept["findings"], "limit", "market", "meter")
    kept["stations"] = _stations(not_declared=("concentrate",))
    return kept, _outside(
        title="Rare-earth works",
        industries=("rare_earths",),
        owners={"rare_earth": "rare-earth company"},
        prices=_prices("CNY", ("prnd_oxide", "lace_oxide", "segy_oxide")),
    )


def integrated_without_account() -> Kind:
    """Two companies seen from outside: the concentrate is valued, but there is no plant data."""
    kept = _without(tables(suspects=False), *_PLANT_DATA)
    kept["stations"] = _stations(no_data=("raw data", "historian", "account"))
    return kept, context(
        month=None, data_cut=None, synthetic=False, rare_earths=(), hours=(), streams=(), made_up=3, declared=9
    )


def _without(run: dict[str, pl.DataFrame], *names: str) -> dict[str, pl.DataFrame]:
    return {name: TABLES[name].empty() if name in names else table for name, table in run.items()}


def _owned_by(
    run: dict[str, pl.DataFrame],
    owner: str,
    name: str,
    goods: tuple[str, ...] = ("prnd_oxide", "lace_oxide", "segy_oxide"),
    units: tuple[str, ...] = ("separation", "roast_leach"),
) -> dict[str, pl.DataFrame]:
    """What one owner of the run has of the plan, under another name."""
    mine = {
        "plan_flows": run["plan_flows"].filter(pl.col("commodity").is_in(list(goods))),
        "plan_activities": run["plan_activities"].filter(pl.col("unit").is_in(list(units))),
        "plan_limits": run["plan_limits"].filter(pl.col("owner") == owner),
    }
    return run | {table: rows.with_columns(owner=pl.lit(name)) for table, rows in mine.items()}


def _found(findings: pl.DataFrame, *kinds: str) -> pl.DataFrame:
    return findings.filter(pl.col("kind").is_in(list(kinds)))


def _stations(*, no_data: Sequence[str] = (), not_declared: Sequence[str] = ()) -> pl.DataFrame:
    names = ("document", "raw data", "historian", "account", "plan", "concentrate", "market", "brief")
    states = {**dict.fromkeys(no_data, "no_data"), **dict.fromkeys(not_declared, "not_declared")}
    rows: list[dict[str, object]] = [{"station": name, "state": states.get(name, "done")} for name in names]
    return frame("stations", rows)


def _prices(currency: str, goods: Sequence[str]) -> tuple[QuotedPrice, ...]:
    """A price of each good: one quoted in dollars with a source, the others synthetic."""
    known = {"prnd_oxide": 168300.0, "lace_oxide": 2200.0, "segy_oxide": 48000.0, "rolled_steel": 2796.0}
    first, *rest = goods
    unit = f"{currency}/t"
    return (
        QuotedPrice(first, 110.0, "USD/kg", "excluded", known[first], unit, "mp_8k_2025_07", "2025-07"),
        *(QuotedPrice(good, known[good], unit, "none", known[good], unit, synthetic=True) for good in rest),
    )


def _power(currency: str) -> QuotedPrice:
    unit = f"{currency}/MWh"
    return QuotedPrice("power", 430.0, unit, "excluded", 430.0, unit, synthetic=True, side="use")


def _outside(**changes: object) -> Context:
    """The context of a run that values no concentrate."""
    return context(**{"seller": None, "buyer": None, "concentrate": None, "published": (), **changes})


def empty() -> dict[str, pl.DataFrame]:
    """All tables without rows."""
    return {name: table.empty() for name, table in TABLES.items()}


def _ingest() -> pl.DataFrame:
    counts = {"samples": 340000, "uncertain": 12, "out_of_range": 12, "repeated": 0, "backward": 0}
    return frame(
        "ingest",
        [
            {"source": "plant_historian", "rows": 2976, "good": 339000, "bad": 690, "rejected": 1, "silent": ["TI-903"],
             "undeclared": [], **counts},
            {"source": "laboratory", "rows": 400, "good": 400, "bad": 0, "rejected": 0, "silent": [], "undeclared": [],
             **dict.fromkeys(counts, 0)},
        ],
    )  # fmt: skip


def _what_if() -> pl.DataFrame:
    rows = [
        ("demand", "weaker", "Pr-Nd oxide sells for 20 % less", -407e6, -520e6, -310e6),
        ("expansion", "more", "20 % more separation capacity", 0.0, 0.0, 0.0),
        ("intervention", "tighter", "10 % less separation quota", -174e6, -230e6, -120e6),
    ]
    names = ("question", "case", "title", "gain", "low", "high")
    shared = {"base_gain": 2.19e9, "covers": "the plan alone"}
    return frame("what_if", [dict(zip(names, row, strict=True)) | shared for row in rows])


def _account() -> pl.DataFrame:
    rows: list[dict[str, object]] = []
    for number, (name, _, _, _, flow, content) in enumerate(_STREAMS):
        for period in range(len(_HOURS)):
            biased = 1.03 if name == "flotation_feed" else 1.0
            tag = "WT-214" if name == "flotation_feed" else f"WT-{110 + number}"
            rows.append(
                _entry(
                    "flow", name, None, period, tag, flow * biased, 0.01 * flow, flow, "t/h", 3.4 if biased > 1 else 0.7
                )
            )
            rows += [
                _entry("assay", name, part, period, f"LAB-{number}-{part}", x, 0.02 * x, x, "1", 0.4)
                for part in RARE_EARTHS
                for x in (content * _SPLIT[part],)
            ]
    return frame("account", rows)


def _entry(
    kind: str,
    what: str,
    component: str | None,
    period: int,
    tag: str,
    measured: float,
    sigma: float,
    value: float,
    unit: str,
    z: float,
) -> dict[str, object]:
    return {
        "kind": kind, "object": what, "component": component, "period": period, "tag": tag, "measured": measured, "sigma": sigma,
        "value": value, "sd": 0.6 * sigma, "unit": unit, "z": z, "status": "redundant", "reason": "",
    }  # fmt: skip


def _closure(suspects: bool) -> pl.DataFrame:
    spots = [
        ("mill", "dry_mass", 223200.0, -310.0, 2500.0), ("flotation", "dry_mass", 39850.0, 1180.0 if suspects else 90.0, 420.0),
        ("magnetic_separation", "Fe", 71400.0, 210.0, 640.0), ("bof", "Fe", 150800.0, -120.0, 900.0),
        ("bof", "P", 130.0, 1.2, 4.0), ("flotation", "Nd2O3", 560.0, 16.0, 7.1), ("separation", "Nd2O3", 348.0, -1.0, 3.0),
        ("flotation", "CeO2", 1765.0, 51.0, 22.0), ("separation", "La2O3", 570.0, 2.0, 7.0), ("separation", "SEGY", 66.0, 0.4, 1.5),
        ("separation", "Pr6O11", 110.0, 0.2, 1.4),
    ]  # fmt: skip
    rows: list[dict[str, object]] = [
        {"node": node, "component": part, "inflow": fed, "outflow": fed - left, "accumulated": 0.0, "residual": left, "sd": sd, "z": left / sd,
         "reconciled_residual": 0.0}
        for node, part, fed, left, sd in spots
    ]  # fmt: skip
    return frame("closure", [*rows, {"node": "blast_furnace", "component": "P"}])


def _tests(suspects: bool) -> pl.DataFrame:
    return frame(
        "balance_tests",
        [
            {"test": "global", "statistic": 412.0 if suspects else 214.0, "df": 220, "critical": 255.6, "p_value": 3e-14 if suspects else 0.6,
             "level": 0.05, "passed": not suspects},
            {"test": "measurement", "statistic": 3.9, "df": 460, "critical": 3.86, "p_value": 0.044, "level": 0.05, "passed": not suspects},
            {"test": "bias", "statistic": 9.8, "df": 92, "critical": 3.45, "p_value": 0.0, "level": 0.05, "passed": not suspects},
        ],
    )  # fmt: skip


def _suspects() -> pl.DataFrame:
    base = {
        "z": 9.8,
        "critical": 3.45,
        "bias": 0.0302,
        "bias_low": 0.0241,
        "bias_high": 0.0363,
        "p_global_without": 0.52,
        "echo": False,
    }
    lab = {
        "z": 3.6,
        "critical": 3.45,
        "bias": -0.021,
        "bias_low": -0.033,
        "bias_high": -0.009,
        "p_global_without": 0.01,
        "echo": False,
    }
    return frame(
        "suspects",
        [
            {"rank": 1, "suspect_class": 1, "kind": "flow", "object": "flotation_feed", "tag": "WT-214", **base},
            {
                "rank": 2,
                "suspect_class": 2,
                "kind": "assay",
                "object": "re_concentrate",
                "component": "Nd2O3",
                "tag": "LAB-REC-ND",
                **lab,
            },
        ],
    )


def _plan_flows() -> pl.DataFrame:
    monthly = {
        ("rolled_steel", "steel"): (124000.0, "sold"), ("re_concentrate", "steel"): (2870.0, "sent"),
        ("prnd_oxide", "rare_earth"): (306.0, "sold"), ("lace_oxide", "rare_earth"): (1018.0, "sold"), ("segy_oxide", "rare_earth"): (32.0, "sold"),
    }  # fmt: skip
    rows: list[dict[str, object]] = []
    for month in _MONTHS:
        for (commodity, owner), (amount, where) in monthly.items():
            row: dict[str, object] = dict.fromkeys(
                ("opening", "made", "supplied", "bought", "received", "used", "sold", "sent", "disposed", "closing"),
                0.0,
            )
            row |= {
                "month": month,
                "commodity": commodity,
                "owner": owner,
                "made": amount,
                where: amount,
                "unit": "t",
                "price": 100.0,
            }
            if commodity == "re_concentrate":
                row["disposed"] = 214.0
            rows.append(row)
    return frame("plan_flows", rows)


def _activities() -> pl.DataFrame:
    units = {
        "separation": (1370.0, 1784.0),
        "flotation": (37500.0, 37500.0),
        "roast_leach": (2870.0, 3760.0),
        "rolling_mill": (129000.0, 144000.0),
    }
    return frame(
        "plan_activities",
        [
            {
                "month": month,
                "unit": unit,
                "mode": "run",
                "owner": "steel",
                "throughput": used,
                "capacity": top,
                "throughput_unit": "t",
            }
            for month in _MONTHS
            for unit, (used, top) in units.items()
        ],
    )


def _limits() -> pl.DataFrame:
    span = f"{_MONTHS[0]}/{_MONTHS[-1]}"
    rows = [
        ("separation", "quota", "rare_earth", span, 16323.4, 16323.4, "t", 71200.0, 68900.0, 310.0, 1240.0, 11.24e6),
        (
            "blast_furnace",
            "capacity",
            "steel",
            _MONTHS[0],
            121833.0,
            121833.0,
            "t",
            412.0,
            405.0,
            3100.0,
            2900.0,
            0.49e6,
        ),
        ("separation", "capacity", "rare_earth", span, 21400.0, 21400.0, "t", 2.0, 0.0, 100.0, float("inf"), 0.0),
        ("rolled_steel", "market", "steel", _MONTHS[1], 180000.0, 180000.0, "t", 88.0, 61.0, 900.0, 1200.0, 0.11e6),
        ("segy_oxide", "market", "rare_earth", _MONTHS[1], 100.0, 100.0, "t", 5400.0, 5100.0, 4.0, 9.0, 5100.0),
        ("flotation", "capacity", "steel", span, 450000.0, 450000.0, "t", 3.1, 0.0, 1000.0, float("inf"), 0.0),
    ]
    names = list(TABLES["plan_limits"].columns)
    return frame("plan_limits", [dict(zip(names, row, strict=True)) for row in rows])


def _values(worthless: bool) -> pl.DataFrame:
    right = (0.0, 0.0, 8100.0) if worthless else (21400.0, 14100.0, 29800.0)
    left = (21800.0, 14600.0, 30300.0)
    rows: list[tuple[str, str, float | None, float | None, float | None, float | None, float | None]] = [
        ("marginal_right", "group", *right, 34440.0, 36900.0 if worthless else 35200.0),
        ("marginal_left", "group", *left, 33100.0, 34440.0),
        ("marginal_beyond_left", "group", 22900.0, None, None, None, 33100.0),
        ("netback", "buyer", 31100.0, 22300.0, 40400.0, None, None),
        ("seller_minimum", "seller", 690.0, 560.0, 820.0, None, None),
        ("buyer_maximum", "buyer", 31100.0, 22300.0, 40400.0, None, None),
        ("published", "market", 26834.0, None, None, None, None),
    ]
    names = list(TABLES["concentrate_value"].columns)
    made: list[dict[str, object]] = [dict(zip(names, row, strict=False)) | {"grade": 0.5} for row in rows]
    made[-1] |= {"source": "cnyes_2026_01", "period": "2026Q1", "confidence": "high"}
    made[-1] |= {"delivered_value": 27965.0, "delivered_grade": 0.51, "delivered_moisture": 0.096}
    return frame("concentrate_value", made)


def _draws(worthless: bool, count: int = 120) -> pl.DataFrame:
    noise = np.random.default_rng(5).normal(size=(count + 1, 3))
    netback = 31100 + 5500 * noise[:, 0]
    minimum = 690 + 80 * noise[:, 1]
    open_quota = noise[:, 2] > 1.2
    right = np.where(open_quota, 0.68 * netback, 0.0) if worthless else 0.68 * netback
    return frame(
        "value_draws",
        [
            {"draw": k, "recovery": 0.93, "lead_price": 553000 + 80000 * noise[k, 0], "marginal_right": float(right[k]), "marginal_left": float(0.7 * netback[k]),
             "buyer_marginal": float(right[k]), "netback": float(netback[k]), "seller_minimum": float(minimum[k]), "buyer_maximum": float(netback[k]),
             "delivered": 34440.0 + 40 * float(noise[k, 1]), "binding_quotas": [] if open_quota[k] or not worthless else ["separation"]}
            for k in range(count + 1)
        ],
    )  # fmt: skip


def _market() -> pl.DataFrame:
    rows = [
        ("base", "china", "PrNd", 541000.0, 66400.0, 86500.0, 20100.0, 0.0), ("base", "abroad", "PrNd", 543500.0, 44100.0, 24000.0, -20100.0, 0.0),
        ("base", "china", "CeO2", 0.0, 110000.0, 125000.0, 15000.0, 4100.0), ("base", "abroad", "CeO2", 2500.0, 73800.0, 58800.0, -15000.0, 0.0),
        ("export_quota", "china", "PrNd", 498000.0, 70300.0, 84400.0, 14070.0, 0.0), ("export_quota", "abroad", "PrNd", 702000.0, 38600.0, 24530.0, -14070.0, 0.0),
        ("export_quota", "china", "CeO2", 0.0, 110000.0, 122000.0, 12000.0, 4000.0), ("export_quota", "abroad", "CeO2", 2900.0, 71300.0, 59300.0, -12000.0, 0.0),
        ("export_quota_by_element", "china", "PrNd", 490000.0, 71000.0, 85070.0, 14070.0, 0.0),
        ("export_quota_by_element", "abroad", "PrNd", 710000.0, 38100.0, 24030.0, -14070.0, 0.0),
        ("export_quota_by_element", "china", "CeO2", 0.0, 110000.0, 120500.0, 10500.0, 4000.0),
        ("export_quota_by_element", "abroad", "CeO2", 3100.0, 70000.0, 59500.0, -10500.0, 0.0),
    ]  # fmt: skip
    names = list(TABLES["market"].columns)
    return frame("market", [dict(zip(names, row, strict=True)) for row in rows])


def _parties() -> pl.DataFrame:
    rows = [
        ("base", "china", "consumers", 30.1e9), ("base", "china", "producers", 21.2e9), ("base", "abroad", "consumers", 19.8e9), ("base", "abroad", "producers", 8.1e9),
        ("export_quota", "china", "consumers", 33.0e9), ("export_quota", "china", "producers", 17.6e9), ("export_quota", "china", "quota_holders", 2.87e9),
        ("export_quota", "abroad", "consumers", 13.2e9), ("export_quota", "abroad", "producers", 11.9e9),
    ]  # fmt: skip
    names = list(TABLES["market_parties"].columns)
    return frame("market_parties", [dict(zip(names, row, strict=True)) for row in rows])


def _certificates() -> pl.DataFrame:
    return frame(
        "certificates",
        [
            {"station": station, "problem": "base", "check": check, "value": 1e-12, "tolerance": 1e-8, "passed": True}
            for station in ("reconciliation", "planning", "market")
            for check in ("primal residual", "dual residual")
        ],
    )


def _findings(suspects: bool) -> pl.DataFrame:
    rows: list[dict[str, object]] = [
        {"kind": "value", "subject": "re_concentrate", "step": "whole_trade", "money": 153e6, "low": 96e6, "high": 214e6,
         "action": "decide"},
        {"kind": "limit", "subject": "separation", "limit_kind": "quota", "step": "one_per_cent", "money": 11.24e6,
         "low": 7.1e6, "high": 15.8e6, "action": "decide"},
        {"kind": "market", "subject": "export_quota", "step": "scenario", "money": -3.6e6, "action": "watch"},
    ]  # fmt: skip
    meters: list[dict[str, object]] = [
        {
            "kind": "meter",
            "subject": "WT-214",
            "tags": ["WT-214"],
            "step": "without_meter",
            "money": -2.1e6,
            "action": "fix",
        },
        {"kind": "meter", "subject": "LAB-REC-ND", "tags": ["LAB-REC-ND"], "step": "without_meter", "action": "fix"},
    ]
    found = [*rows, *meters] if suspects else rows
    return frame("findings", [{"tags": [], **row, "rank": rank} for rank, row in enumerate(found, start=1)])


def _facts() -> pl.DataFrame:
    common = {"basis": "", "tax": "not_stated", "recalled": False, "as_of": "2026-11-22", "note": "", "text": None}
    rows: list[dict[str, object]] = [
        {"file": "quotas", "section": "annual_totals", "fact": "mining", "key": "value", "value": 270000.0, "unit": "t_REO", "period": "2024",
         "source": "starfeu_2024_b2, debon_2024_b2", "confidence": "high"},
        {"file": "quotas", "section": "annual_totals", "fact": "smelting_separation", "key": "value", "value": 254000.0, "unit": "t_REO", "period": "2024",
         "source": "starfeu_2024_b2", "confidence": "high"},
        {"file": "quotas", "section": "annual_totals", "fact": "mining", "key": "value", "value": None, "unit": "t_REO", "period": "2025",
         "source": "econotimes_2025q", "confidence": "high"},
        {"file": "quotas", "section": "by_group", "fact": "group=NRE", "key": "mining_light", "value": 178650.0, "unit": "t_REO", "period": "2023",
         "source": "nbd_2023_b2", "confidence": "derived"},
        {"file": "quotas", "section": "by_group", "fact": "group=NRE", "key": "mining_light", "value": 94580.0, "unit": "t_REO",
         "period": "2024-batch1", "source": "debon_2024_b2", "confidence": "high"},
        {"file": "policy_events", "section": "rare_earth_west", "fact": "mp_price_floor", "key": "floor_usd_per_kg", "value": 110.0, "unit": "USD_per_kg",
         "period": "2025-10-01", "source": "mp_8k_2025_07", "confidence": "high"},
        {"file": "steel", "section": "capacity_and_excess", "fact": "excess_capacity 2025", "key": "value", "value": 680.0, "unit": "Mt", "period": "2025",
         "source": "oecd_98", "confidence": "high"},
    ]  # fmt: skip
    return frame("facts", [{**common, **row} for row in rows])
