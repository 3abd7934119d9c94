"""The summary for a terminal: the brief's words, plain signs, the same lines in the same order."""

from __future__ import annotations

import polars as pl

from ferrolan.views import narrative
from ferrolan.views.summary import account_lines, lines, market_lines, needs_a_person, plan_lines, raw_lines
from ferrolan.views.tables import open_book
from tests.views.sample import context, empty, frame, kinds, tables


def test_the_terminal_is_told_the_brief_in_the_same_words() -> None:
    told = list(lines(tables(), context()))
    assert "The balances fail: WT-214 (flotation feed) reads 3.02 % high." in told
    assert any(line.startswith("Seller's minimum, steel company: 690 CNY/t (") for line in told)
    assert any(line.startswith("The trade in rare-earth concentrate earns both companies together") for line in told)
    assert any("worth nothing: the separation quota binds" in line for line in told)
    assert not any("marginal_" in line or "<" in line for line in told)


def test_a_line_holds_no_sign_that_an_old_terminal_lacks() -> None:
    text = "".join(lines(tables(), context()))
    assert not set(text) & set("\u00a0\u202f\u2212\u2013\u2026")


def test_the_order_of_rows_of_equal_rank_is_no_matter() -> None:
    mixed = {name: frame.reverse() for name, frame in tables().items() if name in ("value_draws", "ingest", "findings")}
    assert list(lines({**tables(), **mixed}, context())) == list(lines(tables(), context()))


def test_a_run_without_anything_still_has_a_summary() -> None:
    told = list(lines(empty(), context()))
    assert told and all(told)


def test_a_person_is_needed_for_a_suspect_and_for_a_failed_check() -> None:
    assert needs_a_person(tables())
    assert not needs_a_person(tables(suspects=False))


def test_a_person_is_needed_for_an_untested_account_and_for_absent_data() -> None:
    quiet = tables(suspects=False)
    untested = quiet["balance_tests"].with_columns(passed=pl.lit(None, pl.Boolean))
    absent = quiet["measurements"].with_columns(value=pl.lit(None, pl.Float64))
    assert needs_a_person({**quiet, "balance_tests": untested})
    assert needs_a_person({**quiet, "measurements": absent})
    assert "not tested" in "\n".join(lines({**quiet, "balance_tests": untested}, context()))
    assert "no value in some part of the month" in "\n".join(lines({**quiet, "measurements": absent}, context()))


def test_missing_tables_have_nothing_to_say_and_need_nobody() -> None:
    assert not needs_a_person({})
    for station in (plan_lines, market_lines):
        assert list(station({}, context())) == []


def test_a_station_without_data_says_why_and_what_would_give_it_some() -> None:
    run, told = kinds()["public figures alone"]
    reasons = pl.when(pl.col("state") == "no_data").then(pl.lit("the document declares no account"))
    stations = {"stations": run["stations"].with_columns(reason=reasons)}
    raw, account = list(raw_lines(stations, told)), list(account_lines(stations, told))
    assert raw[0] == "Not in this run: raw data and historian, no data (the document declares no account)."
    assert account[0].startswith("Not in this run: raw data, historian and account, no data (")
    assert raw[1] == account[1] and raw[1].startswith("To have this, declare the sections account")
    assert not any("were not reconciled" in line for line in account)
    missing = {"stations": run["stations"].with_columns(state=pl.lit("not_declared"))}
    assert next(market_lines(missing, told)) == "Not in this run: market, not declared."


def test_what_was_refused_and_repaired_is_told_with_its_reason_and_first_place() -> None:
    refused = frame(
        "rejected",
        [{"source": "erp", "file": "a/erp.csv", "line": n, "found": "?", "reason": "no number"} for n in (7, 9)],
    )
    repaired = frame(
        "repaired", [{"source": "erp", "file": "erp.csv", "line": 3, "found": "1,5", "taken": "1.5", "reason": "comma"}]
    )
    text = list(raw_lines({**tables(), "rejected": refused, "repaired": repaired}, context()))
    assert 'Refused, 2 ×: no number. First on line 7 of erp.csv: "?".' in text
    assert 'Repaired or doubted, 1 ×: comma. First on line 3 of erp.csv: "1,5" taken as 1.5.' in text


def test_a_run_without_an_account_needs_nobody_for_it() -> None:
    run, told = kinds()["public figures alone"]
    assert not needs_a_person(run)
    text = "\n".join(lines(run, told))
    assert "balances" not in text and "Raw data" not in text
    assert "Not in this run: raw data, historian and account, no data." in text


def test_every_kind_of_run_is_told_in_its_own_currency() -> None:
    for name, (run, told) in kinds().items():
        text = "\n".join(lines(run, told))
        assert "The plan earns 2.19 billion " + told.currency in text, name
        assert ("tonne of concentrate" in text) == (told.concentrate is not None), name


def test_a_station_by_itself_is_told_from_its_own_tables() -> None:
    run, told = kinds()["public figures alone"]
    alone = {name: run[name] for name in ("plan_flows", "plan_activities", "plan_limits")}
    assert "One per cent more separation quota earns 11.2 million AUD over the plan." in list(plan_lines(alone, told))
    market = {name: run[name] for name in ("market", "market_parties")}
    assert any("cuts the exports of" in line for line in market_lines(market, told))
    assert "The balances fail: WT-214 (flotation feed) reads 3.02 % high." in list(account_lines(tables(), context()))


def test_a_limit_worth_next_to_nothing_beside_another_is_not_told() -> None:
    run = tables()
    small = (
        run["findings"].filter(pl.col("kind") == "limit").with_columns(money=pl.lit(2500.0), subject=pl.lit("mining"))
    )
    found = pl.concat([run["findings"], small.with_columns(rank=pl.lit(9, pl.Int32))])
    told = narrative.told_findings(open_book({**run, "findings": found}, context()))
    assert len(told) == len(narrative.told_findings(open_book(run, context())))
