"""What a view knows besides the tables: built from any document, kept as JSON, read back the same."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

import ferrolan
from ferrolan import facts, verbs
from ferrolan.base.errors import ProblemError
from ferrolan.base.provenance import run_identity
from ferrolan.starting import KINDS, init
from ferrolan.views.context import Context
from ferrolan.views.declared import context_of
from tests.views.sample import context, kinds

EXAMPLES = Path(ferrolan.__file__).parent / "examples"
SHIPPED = ("ore_to_both", "lynas", "steel_works", "rare_earth_works")


def of(name: str) -> Context:
    document = verbs.load(EXAMPLES / name / f"{name}.yaml")
    return context_of(document, run_identity({"document": document.content_hash}, document.seed))


@pytest.mark.parametrize("name", SHIPPED)
def test_a_context_is_the_same_after_json(name: str) -> None:
    told = of(name)
    assert Context.from_json(json.loads(json.dumps(told.to_json()))) == told


def test_a_context_of_every_kind_is_the_same_after_json() -> None:
    for name, (_tables, told) in kinds().items():
        assert Context.from_json(json.loads(json.dumps(told.to_json()))) == told, name


@pytest.mark.parametrize(
    "broken", [None, 3, [], {"title": "x"}, {**context().__dict__, "more": 1}, {**context().__dict__, "prices": [{}]}]
)
def test_what_is_no_context_is_refused(broken: object) -> None:
    with pytest.raises(ProblemError, match="not the context of a run"):
        Context.from_json(broken)  # type: ignore[arg-type]  # that is the point


def test_a_document_without_an_account_has_no_month_and_no_data_cut() -> None:
    told = of("lynas")
    assert told.month is None and told.data_cut is None and told.hours == ()
    assert told.currency == "AUD" and told.concentrate is None and told.published == ()
    assert 0 < told.made_up < told.declared


def test_a_document_tells_what_it_makes() -> None:
    assert {name: of(name).industries for name in SHIPPED} == {
        "ore_to_both": ("rare_earths", "steel"),
        "lynas": ("rare_earths",),
        "steel_works": ("steel",),
        "rare_earth_works": ("rare_earths",),
    }


def test_only_two_businesses_value_concentrate_and_only_a_declared_market_has_a_home() -> None:
    assert of("ore_to_both").concentrate == "re_concentrate" and of("ore_to_both").published
    assert all(of(name).concentrate is None for name in SHIPPED[1:])
    assert of("steel_works").home is None and of("steel_works").scenarios == ()


def test_every_price_is_in_the_currency_of_the_document_as_it_counts() -> None:
    for name in SHIPPED:
        told = of(name)
        assert told.prices
        assert {price.used_unit.split("/")[0] for price in told.prices} == {told.currency}, name
        assert {price.side for price in told.prices} <= {"buy", "sell", "use"}


def test_every_limit_of_a_plan_is_told_with_where_it_comes_from() -> None:
    told = {(limit.kind, limit.name): limit for limit in of("lynas").limits}
    shown = told["capacity", "cracking_leaching"]
    assert shown.written == "12750 t/a" and "no nameplate" in shown.note and shown.period == "FY2026-H1"
    assert told["market", "sell prnd_oxide"].synthetic and told["market", "sell prnd_oxide"].source is None
    quota = next(limit for limit in of("ore_to_both").limits if limit.name == "separation" and limit.kind == "quota")
    assert quota.written == "163234 t/a × 0.1" and quota.source == "nbd_2023_b2"
    assert ("market", "transfer re_concentrate to re_concentrate_delivered") in {
        (limit.kind, limit.name) for limit in of("ore_to_both").limits
    }


def test_what_has_no_date_is_not_said_to_be_of_no_date(tmp_path: Path) -> None:
    asked = {"title": "New works", "time_zone": "UTC", "currency": "CNY", "month": "2026-03"}
    for kind in KINDS:
        document = verbs.load(init(tmp_path / kind, kind=kind, name=kind, **asked).document)
        told = context_of(document, run_identity({"document": document.content_hash}, document.seed))
        assert not any("no date" in note for note in told.notes), kind


def test_the_figures_beside_which_a_plan_is_set_stand_in_the_record() -> None:
    known = {row[name] for row in facts.load().iter_rows(named=True) for name in ("value", "low", "high")}
    known |= {float(text) for note in facts.load()["note"].drop_nulls() for text in re.findall(r"\d+\.\d+", note)}
    told = of("lynas")
    assert told.synthetic_rates == ("USD", "CNY")
    assert {float(text) for text in re.findall(r"\d+\.\d+", told.covers)} == {556.5, 101.2, 413.7} <= known


def test_every_field_of_a_context_is_documented() -> None:
    text = Context.__doc__ or ""
    assert [item.name for item in fields(Context) if item.name not in text] == []
