"""The summary for a terminal: the brief's words, plain signs, the same lines in the same order."""

from __future__ import annotations

import polars as pl

from ferrolan.views.summary import lines, needs_a_person
from tests.views.sample import context, empty, tables


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
