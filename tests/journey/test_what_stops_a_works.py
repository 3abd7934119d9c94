"""A document whose works stands still, or whose plan cannot be, says which of its own limits is the reason."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ferrolan import verbs
from ferrolan.base.errors import Infeasible
from ferrolan.starting import init

MARKET = "      limit: {value: 10 kt/a, synthetic: true}\n"
LEAD = "      limit: {value: 5 kt/a, synthetic: true}\n"
STOCK = (
    "    stock: {maximum: {value: 10 kt, synthetic: true}, opening: {value: 0 t, synthetic: true}, "
    "closing_minimum: {value: 8 kt, synthetic: true}, holding_cost: {value: 1 USD/t/month, synthetic: true}}\n"
)


def company(folder: Path, *changes: tuple[str, str]) -> Path:
    """The analyst's document with other lines."""
    said = {"title": "A company", "time_zone": "UTC", "currency": "USD", "month": "2026-04"}
    path = init(folder / "new", "analyst", name="company", **said).document
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        text, times = re.subn(old, new, text)
        assert times == 1, old
    path.write_text(text, encoding="utf-8")
    return path


def test_a_works_without_a_market_for_its_by_product_says_so_in_the_brief(tmp_path: Path) -> None:
    """By hand: 0.71 t of by-product a tonne of feed, each earning 0.24 * 70,000 + 0.71 * 1,500 - 4,000 - 9,000."""
    document = company(tmp_path, (re.escape(MARKET), MARKET.replace("10 kt", "0 kt")), (r"    dispose: .*\n", ""))
    result = verbs.run(document, tmp_path / "runs")
    (row,) = result.tables["plan_limits"].iter_rows(named=True)
    assert (row["limit"], row["limit_value"]) == ("sell other_oxides", 0.0)
    assert row["value_right"] == pytest.approx((0.24 * 70e3 + 0.71 * 1500.0 - 13e3) / 0.71)
    brief = result.brief.read_text(encoding="utf-8")
    assert "Of the other oxides market there is none; a first unit of it earns" in brief
    assert "One per cent more other oxides" not in brief


def test_a_closing_stock_that_cannot_be_made_names_every_limit_in_its_way(tmp_path: Path) -> None:
    """8 kt of oxide need 33 kt of concentrate; the works takes 9 kt, and behind it the market gives 12 kt."""
    enterprise = verbs.load(company(tmp_path, (re.escape(LEAD), LEAD + STOCK)))
    with pytest.raises(Infeasible) as refused:
        verbs.plan(enterprise)
    text = str(refused.value)
    assert "without any one of them there is a plan" not in text
    assert "closing stock of ndpr_oxide (company): at least 8000 t at the end of 2027-03; 2160 t would do" in text
    assert re.search(
        r"capacity of works .* no change of it alone is enough: without it buy concentrate .* 12,000 t", text
    )
