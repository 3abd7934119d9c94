"""The public record is whole, sourced and not embellished."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Any

import polars as pl
import pytest
import yaml

from ferrolan import facts
from ferrolan.base.errors import TableError
from ferrolan.base.tables import FACTS
from ferrolan.facts.record import FILES

DATA = files("ferrolan.facts") / "data"


def documents() -> dict[str, Any]:
    return {name: yaml.safe_load((DATA / f"{name}.yaml").read_text(encoding="utf-8")) for name in FILES}


def records(part: Any) -> list[dict[str, Any]]:
    """Every mapping with a source, read without the loader under test."""
    if isinstance(part, dict):
        return [part] if "source" in part else [found for below in part.values() for found in records(below)]
    return [found for below in part for found in records(below)] if isinstance(part, list) else []


def numbers(part: Any) -> list[float]:
    """Every number of a record that is a figure: no year, no batch, no end of a range."""
    if isinstance(part, dict):
        return [
            found
            for key, below in part.items()
            if key not in {"year", "batch", "low", "high"}
            for found in numbers(below)
        ]
    return [part] if isinstance(part, (int, float)) and not isinstance(part, bool) else []


def test_the_table_has_its_declared_schema_and_size() -> None:
    frame = facts.load()
    assert FACTS.check(frame).height == 1075
    assert set(frame["file"]) == set(FILES)


def test_every_number_of_every_record_is_in_the_table() -> None:
    shipped = [record for record in records(documents()) if "do not ship as fact" not in record.get("note", "")]
    expected = sorted(float(number) for record in shipped for number in numbers(record))
    assert len(shipped) == 774
    assert facts.load()["value"].drop_nulls().sort().to_list() == expected


def test_every_end_of_a_range_is_in_the_table() -> None:
    ranges = [
        record for record in records(documents()) if "low" in record and "do not ship" not in record.get("note", "")
    ]
    found = facts.load().filter(pl.col("low").is_not_null())
    assert sorted(found["low"]) == sorted(record["low"] for record in ranges)
    assert sorted(found["high"]) == sorted(record["high"] for record in ranges)
    assert (found["low"] <= found["high"]).all()
    assert (found["key"] == "value").all()


def test_every_figure_has_a_known_source_that_may_carry_it() -> None:
    known = facts.sources()
    assert len(known) == 264
    for ids in facts.load()["source"].unique():
        for source in ids.split(","):
            assert known[source].use == "", source
            assert facts.cite(source).publisher == known[source].publisher


def test_every_figure_has_unit_confidence_and_day_of_compilation() -> None:
    frame = facts.load()
    for column in ("unit", "confidence", "as_of", "source", "section", "fact", "key", "recalled"):
        assert frame[column].null_count() == 0, column
    assert set(frame["confidence"]) == {"high", "medium", "low", "derived"}
    assert set(frame["as_of"]) == {"2026-11-22"}


def test_a_gap_stays_a_gap_and_says_why() -> None:
    frame = facts.load()
    gaps = frame.filter(pl.all_horizontal(pl.col("value", "low", "high", "text").is_null()))
    assert gaps.height == 61
    assert gaps["note"].null_count() == 0
    unpublished = frame.filter(pl.col("source") == "no_public_value", pl.col("key") != "functions")
    assert unpublished["value"].null_count() == unpublished.height > 0
    assert facts.one(file="quotas", section="annual_totals", fact="mining", period="2025").value is None
    assert facts.one(file="prices", fact="quarterly", key="price", period="2026Q2").value is None


def test_the_records_that_are_not_facts_are_left_out() -> None:
    frame = facts.load()
    assert not frame["note"].str.contains("do not ship").any()
    for fact in ("g7_evian", "concentrate_gross_margin_claim"):
        assert frame.filter(pl.col("fact").str.contains(fact)).is_empty()
    assert facts.find(section="international_usd_per_kg", period="2026-04-30").is_empty()


def test_recalled_and_derived_figures_are_marked() -> None:
    frame = facts.load()
    assert frame.filter(pl.col("source").str.contains("general_knowledge"), ~pl.col("recalled")).is_empty()
    assert frame.filter(pl.col("recalled"), pl.col("confidence") == "high")["fact"].unique().to_list() == [
        "export_control_apr_2025 actor=CN_MOFCOM_GAC instrument=export_licence"
    ]
    assert frame.filter(pl.col("confidence") == "derived")["note"].null_count() == 0


def test_no_figure_occurs_twice_but_the_known_conflict() -> None:
    frame = facts.load()
    twice = frame.filter(pl.struct("file", "section", "fact", "key", "period", "unit").is_duplicated())
    assert twice["fact"].to_list() == ["reo_content", "reo_content"]
    assert twice["note"].str.contains("conflicts with").all()


def test_money_alone_carries_a_tax_basis() -> None:
    taxed = facts.load().filter(pl.col("tax").is_not_null())
    assert taxed["unit"].str.contains("RMB|USD").all()
    volumes = facts.find(file="prices", section="concentrate_related_party", fact="volumes kind=plan", period="2023")
    assert volumes["tax"].to_list() == [None]


@pytest.mark.parametrize(
    ("file", "fact", "key", "period", "value", "unit", "source"),
    [
        # the quotas and the transfer price that the example scales
        ("quotas", "group=NRE", "mining_light", "2023", 178650, "t_REO", "nbd_2023_b2,jxjad_2023_b3"),
        ("quotas", "group=NRE", "smelting", "2023", 163234, "t_REO", "nbd_2023_b2,jxjad_2023_b3"),
        ("prices", "quarterly", "price", "2026Q1", 26834, "RMB_per_t", "cnyes_2026_01"),
        # one of every other form a record takes
        ("quotas", "mining", "value", "2023", 255000, "t_REO", "jxjad_2023_b3"),
        ("quotas", "group=NRE", "smelting", "2019-H2", 31243, "t_REO", "yuyang_2019"),
        ("prices", "Nd_oxide_99_5", "value", "2022", 134, "USD_per_kg", "usgs_mcs2026"),
        ("prices", "basis moisture=dry", "reo_pct", "", 50, "pct", "udn_2025_10"),
        ("demand", "iea_aps_magnet_ree", "points", "2030", 131, "kt", "iea_2024_seaisi,iea_2024_wayen"),
        ("production", "Brazil", "value", "2024", 20, "t_REO", "usgs_mcs2025"),
        ("peers", "POSCO/crude_steel", "value", "2024", 39.2, "Mt", "posco_20f_2024"),
        (
            "policy_events",
            "mp_price_floor actor=US_DoD instrument=price_floor_CfD",
            "params.floor_usd_per_kg",
            "",
            110,
            "in_key",
            "mp_8k_2025_07",
        ),
        (
            "steel",
            "definition=customs_finished",
            "value",
            "",
            110.7,
            "Mt",
            "cumetal_2025_12,jiemian_2025_12,mesteel_2025_12",
        ),
    ],
)
def test_spot_values(file: str, fact: str, key: str, period: str, value: float, unit: str, source: str) -> None:
    found = facts.one(file=file, fact=fact, key=key, period=period or None)
    assert (found.value, found.unit, found.source) == (value, unit, source)


def test_a_range_keeps_both_ends() -> None:
    found = facts.one(file="prices", section="china_spot_rmb_per_t", fact="product=NdPr_oxide", period="2025-07-11")
    assert (found.value, found.low, found.high, found.tax) == (None, 458000, 466000, "usually_incl_VAT")


def test_texts_flags_and_lists_stand_in_text() -> None:
    event = "export_control_apr_2025 actor=CN_MOFCOM_GAC instrument=export_licence"
    assert facts.one(fact=event, key="params.elements").text == "Sm, Gd, Tb, Dy, Lu, Sc, Y"
    assert facts.one(fact=event, key="params.covers_magnets").text == "true"
    assert facts.one(fact=event, key="status").text == "in_force"
    assert facts.one(file="kpis", fact="oee", key="formula").text == "availability * effectiveness * quality_ratio"


def test_the_transfer_price_is_proportional_to_grade_wherever_the_step_is_known() -> None:
    quarterly = facts.find(file="prices", section="concentrate_related_party", fact="quarterly")
    wide = quarterly.pivot(on="key", index="period", values="value").drop_nulls()
    assert wide.height == 13
    assert (wide["price"] / 50 - wide["step"]).abs().max() < 1e-9


def test_a_citation_tells_how_far_the_source_was_read() -> None:
    price = facts.one(file="prices", fact="quarterly", key="price", period="2026Q1")
    (citation,) = price.citations
    assert (citation.source, citation.tier, citation.read) == ("cnyes_2026_01", 2, "in_part")
    assert re.match(r"https?://", str(citation.url))


def test_an_ambiguous_or_unknown_figure_is_refused() -> None:
    with pytest.raises(TableError, match="found 0"):
        facts.one(file="quotas", fact="gold")
    with pytest.raises(TableError, match=r"found \d{2}"):
        facts.one(file="prices", fact="quarterly")
    with pytest.raises(TableError, match="no source 'nobody'"):
        facts.cite("nobody")
