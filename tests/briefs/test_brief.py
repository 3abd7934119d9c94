"""The brief: every number resolves to a cell, sentences stand on their conditions, the file needs nothing but itself."""

from __future__ import annotations

import json
import re
import sys
from functools import cache
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from ferrolan.base.errors import SurroundingsError
from ferrolan.briefs.pdf import pdf_of
from ferrolan.briefs.write import render, write
from ferrolan.views.context import Context
from ferrolan.views.numbers import GROUP, MINUS
from ferrolan.views.tables import derive, open_book
from tests.views.accounts import account_tables
from tests.views.reading import Element, read
from tests.views.sample import caveats, context, empty, frame, kinds, steel_works, tables

Tables = dict[str, pl.DataFrame]
CASES = {
    "worthless": (tables(), context()),
    "worth something, no suspect": (tables(worthless=False, suspects=False), context(synthetic=False)),
    "empty": (empty(), context(published=(), streams=(), prices=(), plan_months=(), notes=())),
    "no tables": ({}, context()),
    "caveats": caveats(),
    "metallurgical account": (account_tables(), context()),
    **{name: run for name, run in kinds().items() if name != "both businesses"},
}
PLAN_LEADS = ("public figures alone", "caveats", "steel works", "rare-earth works")
SECTIONS = [
    "Highlights", "What a tonne of rare-earth concentrate is worth, to whom, and how sure", "Key takeaways", "The account", "The plan",
    "Why it matters", "Open questions", "Bigger picture", "Decide", "Fix", "Watch",
]  # fmt: skip
PLAN_SECTIONS = [
    "Highlights", "What the plan makes and earns", "Key takeaways", "Open questions", "Bigger picture", "Decide", "Fix", "Watch",
]  # fmt: skip


@cache
def page(name: str) -> Element:
    return read(render(*CASES[name]))


def visible(root: Element) -> str:
    return " ".join(root.all("main")[0].text.split())


@pytest.mark.parametrize("name", CASES)
def test_every_referenced_number_is_the_cell_it_names(name: str) -> None:
    book = open_book(*CASES[name])
    referenced = [element for element in page(name).walk() if "data-ref" in element.attributes]
    assert referenced
    for element in referenced:
        table, row, column = element.attributes["data-ref"].split(":")
        cell = book.frame(table)[column][int(row)]
        if "data-step" not in element.attributes:
            assert element.attributes["data-value"] == ("" if cell is None else str(cell))
            continue
        value = abs(float(cell)) if "data-absolute" in element.attributes else float(cell)
        step, decimals = float(element.attributes["data-step"]), int(element.attributes["data-decimals"])
        text = re.match(rf"[{MINUS}+]?[\d.{GROUP}]+", element.text)
        assert text is not None, element.text
        shown = float(text.group().replace(GROUP, "").replace(MINUS, "-"))
        assert shown == pytest.approx(value / step, abs=0.5001 * 10.0**-decimals)
        assert float(element.attributes["data-value"]) == float(cell)


@pytest.mark.parametrize("name", CASES)
def test_no_digit_stands_without_a_cell_or_a_citation(name: str) -> None:
    loose = []
    for element in page(name).all("main")[0].walk():
        kept = any(
            "data-ref" in one.attributes
            or one.tag in ("title", "desc")
            or {"name", "tick"} & set(one.attributes.get("class", "").split())
            for one in element.ancestors()
        )
        if not kept:
            loose += [child for child in element.children if isinstance(child, str) and re.search(r"[0-9]", child)]
    assert loose == []


@pytest.mark.parametrize("name", CASES)
def test_the_file_asks_for_nothing_outside_itself(name: str) -> None:
    html = render(*CASES[name])
    root = read(html)
    assert not root.all("script") and not root.all("link") and not root.all("img") and not root.all("iframe")
    assert "url(" not in html and "@import" not in html and "@font-face" not in html
    assert not re.search(r'(src|href|action)="', html)
    assert not re.search(r'\sstyle="', html)


@pytest.mark.parametrize("name", CASES)
def test_headings_come_in_order_and_all_sections_are_there(name: str) -> None:
    root = page(name)
    headings = [element for element in root.walk() if re.fullmatch(r"h[1-6]", element.tag)]
    levels = [int(element.tag[1]) for element in headings]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    titles = [element.children[0] for element in headings if element.tag == "h2"]
    wanted = PLAN_SECTIONS if name in PLAN_LEADS else SECTIONS
    here = [title for title in wanted if title != "The account" or CASES[name][1].month is not None]
    assert [title for title in titles if title in here] == here
    assert not set(titles) & (set(SECTIONS) - set(PLAN_SECTIONS) - {"The account"}) or name not in PLAN_LEADS
    assert root.all("html")[0].attributes["lang"]


@pytest.mark.parametrize("name", CASES)
def test_tables_name_their_columns_and_rows(name: str) -> None:
    for table in page(name).all("table"):
        header = table.all("thead")[0].all("th")
        for row in table.all("tbody")[0].all("tr"):
            cells = [child for child in row.children if isinstance(child, Element)]
            assert len(cells) == len(header)
            assert cells[0].tag == "th" and cells[0].attributes["scope"] == "row"


def test_a_worthless_marginal_tonne_is_called_exactly_that() -> None:
    text = visible(page("worthless"))
    assert "one tonne more is worth nothing: the separation quota binds" in text
    assert "worth nothing" not in visible(page("worth something, no suspect"))


def test_a_tonne_worthless_to_its_buyer_alone_says_so_and_why_it_still_has_a_value() -> None:
    inf = float("inf")
    right, left = {"measure": "marginal_right", "grade": 0.5}, {"measure": "marginal_left", "grade": 0.5}
    rows: list[dict[str, object]] = [
        right | {"party": "group", "value": 668.7, "valid_from": 35600.0, "valid_to": 43450.0},
        right | {"party": "buyer", "value": 0.0, "valid_from": 35600.0, "valid_to": inf},
        left | {"party": "buyer", "value": 49500.0, "valid_from": 22900.0, "valid_to": 35600.0},
        left | {"party": "seller", "value": 668.7, "valid_from": 35466.0, "valid_to": 35600.0},
        left | {"party": "group", "value": 668.7, "valid_from": 35466.0, "valid_to": 35600.0},
        left | {"measure": "marginal_beyond_left", "party": "group", "value": 49500.0, "valid_to": 35466.0},
    ]
    text = visible(read(render({**tables(), "concentrate_value": frame("concentrate_value", rows)}, context())))
    assert "worth nothing to its buyer: the separation quota binds" in text
    assert "that the steel company would save by not making it" in text
    assert "however many are added" in text
    ranges = ("the next 7 850 t/year", "every tonne more", "the last 12.7 kt/year", "the next 134 t/year",
              "the last 134 t/year", "below the last 134 t/year")  # fmt: skip
    for held in ranges:
        assert held in text.replace("\u00a0", " "), held


def test_balances_without_a_suspect_pass_in_words() -> None:
    clean, found = visible(page("worth something, no suspect")), visible(page("worthless"))
    assert "The balances pass." in clean and "WT-214 (flotation feed) reads" not in clean
    assert "The balances fail: WT-214 (flotation feed) reads" in found


def test_a_bias_not_told_from_zero_is_not_called_a_bias() -> None:
    unsure = tables()["suspects"].with_columns(bias_low=pl.lit(-0.01)).head(1)
    text = visible(read(render({**tables(), "suspects": unsure}, context())))
    assert "its bias not told from zero" in text and "reads 3.0" not in text


def test_meters_of_one_class_are_named_together() -> None:
    twins = pl.concat(
        [
            tables()["suspects"].head(1),
            tables()["suspects"].head(1).with_columns(tag=pl.lit("DT-222"), rank=pl.lit(2, pl.Int32)),
        ]
    )
    text = visible(read(render({**tables(), "suspects": twins}, context())))
    assert "WT-214 or DT-222 misreads, and no test tells which" in text


def test_an_echo_of_another_meter_is_called_one_and_nobody_is_sent_to_it() -> None:
    second = pl.col("rank") == 2
    echoing = tables()["suspects"].with_columns(
        echo=second, tag=pl.when(second).then(pl.lit("DT-222")).otherwise(pl.col("tag"))
    )
    meters: list[dict[str, object]] = [
        {"rank": rank, "kind": "meter", "subject": tag, "tags": [tag], "action": "fix"}
        for rank, tag in ((1, "DT-222"), (2, "WT-214"))
    ]
    run = {**tables(), "suspects": echoing, "findings": frame("findings", meters)}
    text = visible(read(render(run, context())))
    assert "DT-222 stands out too, but only as an echo" in text
    assert "Check WT-214 against a reference" in text and "Check DT-222" not in text


def test_a_negative_bargaining_range_is_no_price_for_both() -> None:
    values = tables()["concentrate_value"]
    apart = values.with_columns(
        value=pl.when(pl.col("measure") == "seller_minimum").then(40000.0).otherwise(pl.col("value"))
    )
    assert "no price at which both gain" in visible(read(render({**tables(), "concentrate_value": apart}, context())))


def test_failed_certificates_are_said_aloud() -> None:
    failed = tables()["certificates"].with_columns(passed=pl.lit(False))
    assert "do not rely on this brief" in visible(read(render({**tables(), "certificates": failed}, context())))
    assert "certificates of the solvers passed" in visible(page("worthless"))


def test_questions_without_an_answer_say_what_they_need() -> None:
    text = visible(page("empty"))
    assert text.count("Not answered: needs") >= 5
    assert not re.search(r"\bnan\b|\bNone\b(?!:)|\binf\b", text)


def test_public_figures_carry_their_source() -> None:
    cites = [element.text for element in page("worthless").all("cite")]
    assert len(cites) >= 4 and all(cites)
    assert any("MP Materials 8-K 2025-07" in cite for cite in cites)


def test_text_from_tables_cannot_become_markup() -> None:
    evil = tables()["suspects"].with_columns(tag=pl.lit("<script>alert(1)</script>"))
    html = render({**tables(), "suspects": evil}, context(title="<b>&"))
    assert "<script" not in html and "&lt;b&gt;&amp;" in html


def test_the_same_run_gives_the_same_file(tmp_path: Path) -> None:
    first = write(tables(), context(), tmp_path / "a.html").read_bytes()
    assert first == write(tables(), context(), tmp_path / "b.html").read_bytes()


def test_a_pdf_is_written_where_weasyprint_is_installed(tmp_path: Path) -> None:
    try:
        import weasyprint  # noqa: F401
    except (ImportError, OSError) as error:
        pytest.skip(f"WeasyPrint or a library it needs is missing: {error}")
    assert pdf_of(tables(), context()).startswith(b"%PDF")


def test_without_weasyprint_the_way_to_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(SurroundingsError, match="pip install 'ferrolan\\[pdf\\]'"):
        pdf_of(tables(), context())


def test_a_meter_that_went_into_a_reading_is_named_with_it_and_has_no_bias_of_its_own() -> None:
    wet = tables()["suspects"].head(1)
    water = wet.with_columns(
        kind=pl.lit("auxiliary"), tag=pl.lit("LAB-H2O"), **dict.fromkeys(("bias", "bias_low", "bias_high"), pl.lit(None, pl.Float64))
    )  # fmt: skip
    text = visible(read(render({**tables(), "suspects": pl.concat([wet, water])}, context())))
    assert "WT-214 or LAB-H2O misreads, and no test tells which" in text
    assert "LAB-H2O (goes into flotation feed)" in text


def test_a_suspect_still_counted_is_said_with_what_leaving_it_out_moves_and_how() -> None:
    text = visible(page("worthless")).replace("\u00a0", " ")
    assert "still contain the reading of WT-214; leaving it out moves the plan's gain by −2.1 million CNY/year" in text
    assert "ferrolan exclude WT-214 DOCUMENT --out RUNS --who NAME --reason WHY" in text
    assert "still contain" not in visible(page("worth something, no suspect"))


def test_a_unit_and_a_quota_of_one_name_are_not_confused() -> None:
    limits = tables()["plan_limits"]
    text = visible(read(render({**tables(), "plan_limits": limits.reverse()}, context())))
    assert "One per cent more separation quota earns" in text and "Seek more of the separation quota" in text


def test_every_scenario_is_named_with_its_step_and_what_it_hits() -> None:
    text = visible(page("worthless")).replace("\u00a0", " ")
    assert "The export quota on the total tonnage, at 70 % of the base case's exports, would take" in text
    assert (
        "at 70 % of the base case's exports, cuts the exports of Pr-Nd oxide most (−30 %) and of CeO₂ least (−20 %)"
        in text
    )
    assert (
        "export quota on each commodity, at 70 % of the base case's exports, cuts the exports of every commodity alike"
        in text
    )
    assert "its exports are an input, not a finding" in text


def test_the_trade_is_told_before_fixed_costs_and_with_its_interval() -> None:
    root = page("worthless")
    assert "before fixed costs" in root.all("h1")[0].text
    first = next(one for one in root.all("li") if "The trade in" in one.text).text.replace("\u00a0", " ")
    assert re.search(r"before fixed costs \(96–214 million CNY/year in 90 % of the draws\)", first), first


def test_a_quota_is_called_the_last_one_published_only_where_later_years_are_known_to_be_unknown() -> None:
    text = visible(page("worthless"))
    assert "the last ones published: none for 2025" in text
    assert "Quotas by group were last published in full for 2023" in text
    known = tables()["facts"].filter(pl.col("value").is_not_null())
    assert "last ones published" not in visible(read(render({**tables(), "facts": known}, context())))


def test_raw_data_that_did_not_come_as_it_should_are_counted_and_silent_tags_named() -> None:
    text = visible(page("worthless"))
    assert "690 are bad" in text and "nothing at all of TI-903" in text
    assert "Raw data:" not in visible(page("empty"))


def test_prices_say_what_they_are_of_and_that_they_are_of_different_days() -> None:
    text = visible(page("worthless"))
    assert "premium hard coking coal FOB Australia" in text
    assert "They date from 2025-04-16 to 2026-01-09" in text
    assert "They date from" not in visible(page("empty"))


def test_a_value_at_the_end_of_its_range_is_said_to_be_there() -> None:
    held = tables()["account"].with_columns(reason=pl.lit("measured and redundant; held at its bound"))
    text = visible(read(render({**tables(), "account": held}, context())))
    assert "at the end of its range in 5 periods" in text


def test_derived_tables_of_a_run_are_taken_as_they_stand() -> None:
    made = derive(tables(), context())
    assert render({**tables(), **made}, context()) == render(tables(), context())


@pytest.mark.parametrize("name", PLAN_LEADS)
def test_where_no_concentrate_is_valued_nothing_is_said_of_what_one_is_worth(name: str) -> None:
    text = visible(page(name))
    for word in ("tonne of concentrate", "to its buyer", "Published transfer price", "transfer price", "netback"):
        assert word not in text, word


def test_the_brief_of_a_steel_works_speaks_no_word_of_rare_earths() -> None:
    html = render(*steel_works()).lower()
    for word in ("rare earth", "rare-earth", "reo", "oxide", "concentrate", "nd-pr", "pr-nd", "licences"):
        assert not re.search(rf"\b{word}\b", html), word
    assert "crude steel" in html


@pytest.mark.parametrize("name", PLAN_LEADS)
def test_the_plan_that_leads_says_what_it_earns_sells_and_at_which_price(name: str) -> None:
    text = visible(page(name)).replace("\u00a0", " ")
    currency = CASES[name][1].currency
    assert f"The plan earns 2.19 billion {currency}/year before fixed costs, on sales of" in text
    assert "quoted 110 USD/kg (summary" in text or "quoted 110 USD/kg (MP Materials 8-K 2025-07" in text
    assert "sells for 5 % less" in text or "sells for 20 % less" in text
    assert f"on a plan that earns 2.19 billion {currency}/year" in page(name).all("h1")[0].text.replace("\u00a0", " ")


def test_what_a_run_had_not_stands_in_a_box_with_what_it_would_need() -> None:
    text = visible(page("public figures alone")).replace("\u00a0", " ")
    assert "What this run had, and had not It had: plan and market." in text
    assert "raw data, historian and account: no data. To have this, declare the sections account" in text
    assert "Of 64 declared values 31 are synthetic" in text and "31 of 64 declared values" in text
    assert "market: not declared. To have this, declare a section market" in visible(page("steel works"))
    for whole in ("worthless", "rare-earth works"):
        assert "had not" not in visible(page(whole)), whole


def test_a_run_without_an_account_has_no_account_in_its_brief_and_says_so() -> None:
    for name in ("public figures alone", "both businesses, no account"):
        text = visible(page(name))
        assert "The account" not in text and "The balances" not in text and "account to" not in text, name
    assert "This run had no plant data: the plan stands on declared figures." in visible(page("public figures alone"))


def test_money_is_in_the_currency_of_the_document_and_in_no_other() -> None:
    shown = [element for element in page("public figures alone").walk() if "data-unit" in element.attributes]
    units = {element.attributes["data-unit"] for element in shown}
    assert {"million\u00a0AUD/year", "AUD/t"} <= units
    assert not any("CNY" in unit or "\u00a4" in unit for unit in units)
    assert "CNY" not in visible(page("public figures alone"))


def test_each_policy_of_the_market_has_a_row_with_what_it_does_to_the_plan() -> None:
    table = next(one for one in page("public figures alone").all("table") if one.attributes.get("class") == "policy")
    rows = [" ".join(row.text.split()).replace("\u00a0", " ") for row in table.all("tbody")[0].all("tr")]
    assert rows[0].startswith("export quota of China on the total tonnage, at 70 %")
    assert "−3.60 million AUD/year" in rows[0] and rows[1].startswith(
        "25 % tariff on what the rest of the world imports"
    )


def table_of(kind: str, name: str) -> list[str]:
    table = next(one for one in page(name).all("table") if one.attributes.get("class") == kind)
    return [" ".join(row.text.split()).replace("\u00a0", " ") for row in table.all("tbody")[0].all("tr")]


def test_a_binding_limit_is_told_with_the_note_and_the_source_of_its_declared_value() -> None:
    text = visible(page("caveats"))
    assert "Declared: separation quota 163234 t/a × 0.1 (twice the last half-year; = 2 * 81617; NBD 2023-09)" in text
    assert "Declared 163234 t/a × 0.1: twice the last half-year." in text  # beside "seek more of it"
    assert "Declared:" not in visible(page("public figures alone"))  # nothing is known, nothing is said


def test_a_quota_that_does_not_bind_is_told_in_the_footer_and_one_without_a_period_names_none() -> None:
    text = visible(page("caveats"))
    assert "Mining quota: of the year 2023." in text and "no date" not in text
    assert text.count("twice the last half-year; = 2 * 81617") == 1  # in the table, not in the footer again


def test_what_the_plans_gain_does_not_cover_stands_below_it() -> None:
    text = visible(page("caveats"))
    assert (
        text.index("The plan earns")
        < text.index("No forecast: sales were 5 M AUD in FY2025.")
        < text.index("Highlights")
    )
    assert "forecast" not in visible(page("public figures alone"))


def test_a_synthetic_exchange_rate_is_said_to_be_in_no_draw() -> None:
    text = visible(page("caveats"))
    assert (
        "prices and costs alone" in text and "The exchange rates of USD and CNY are synthetic and in no draw." in text
    )
    assert "in no draw" not in visible(page("public figures alone"))


def test_holders_of_a_production_quota_stand_with_the_producers_who_hold_it() -> None:
    book = open_book(*CASES["caveats"])
    mine = {
        book.text("view_party_change", row, "party"): book.real("view_party_change", row, "change")
        for row in book.rows("view_party_change", scenario="export_quota", region="china")
    }
    assert mine == {"consumers": pytest.approx(2.9e9), "producers_with_quota": pytest.approx(17.6e9 + 2.87e9 - 21.2e9)}
    text = visible(page("caveats"))
    assert "A production quota is held by the producers themselves" in text and "quota holders" not in text
    assert "held by the producers" not in visible(page("public figures alone"))
    exports = open_book(*CASES["public figures alone"])
    assert exports.rows("view_party_change", party="quota_holders")  # of an export quota they are another party


def test_what_a_scenario_takes_for_granted_stands_beside_what_it_does_to_the_plan() -> None:
    text = visible(page("caveats")).replace("\u00a0", " ")
    note = "the contract of 320 t is taken to hold"
    assert f"from the plan's sales ({note})" in text
    assert note in table_of("policy", "caveats")[0]
    assert f"base case's production: {note}." in text  # the open question
    assert text.count(note) == 3


def test_a_change_set_against_another_says_against_which() -> None:
    run, told = kinds()["public figures alone"]
    names = ("question", "case", "against", "title", "gain", "base_gain", "covers")
    asked = [
        ("demand", "low", None, "half the price", -200e6, 900e6, "the plan"),
        ("intervention", "floor", "low", "a floor under the price", 150e6, 700e6, "the plan"),
    ]
    rows = frame("what_if", [dict(zip(names, row, strict=True)) for row in asked])
    root = read(render({**run, "what_if": rows}, told))
    assert "A floor under the price, against: half the price: +150" in visible(root).replace("\u00a0", " ")
    assert "a floor" not in root.all("h1")[0].text.lower()


def test_a_kept_context_writes_the_same_brief_again() -> None:
    for run, told in CASES.values():
        kept = json.loads(json.dumps(told.to_json()))
        assert Context.from_json(kept) == told
        assert render(run, Context.from_json(kept)) == render(run, told)
