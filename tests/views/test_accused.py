"""What may be wrong is told in classes: every kind in words, the deciding reading, no meter twice."""

from __future__ import annotations

import pytest

from ferrolan.views import accused, meters
from ferrolan.views.cells import Book, plain
from ferrolan.views.tables import open_book
from tests.views.accounts import BIAS, LEAK, OFFSET, OUTLIER, account_tables, error
from tests.views.sample import context, frame


def book(*rows: dict[str, object]) -> Book:
    return open_book({**account_tables(), "gross_errors": frame("gross_errors", rows)}, context())


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (BIAS, "WT-214 (flotation feed) reads 4.06 % high"),
        (OFFSET, "WT-214 (flotation feed) reads 1.90 t/h high"),
        (OFFSET | {"unit": ""}, "WT-214 (flotation feed) reads 4.0 of its sigmas high"),
        (LEAK, "flotation loses 1.90 t/h unseen, made up like flotation tails"),
        (
            LEAK | {"size": -1.9, "size_low": -2.5, "size_high": -1.3, "carrier": None},
            "flotation gains 1.90 t/h unseen",
        ),
        (OUTLIER, "LAB-Fe (Fe in pellets) reads 2.00 % low in period 3"),
        (BIAS | {"share_low": -0.01}, "WT-214 (flotation feed) is suspect, its error not told from zero"),
        (
            error(1, "shared", None, "calibration", in_sigmas=4.4),
            "the shared error calibration is 4.4 of its sigmas off",
        ),
        (error(1, "auxiliary", "LAB-H2O", "feed"), "LAB-H2O, which goes into that reading, is off"),
    ],
)
def test_every_kind_of_error_has_its_words(row: dict[str, object], told: str) -> None:
    assert plain(accused.member(book(row), 0)) == told


def test_a_meter_that_may_be_off_by_a_share_or_an_amount_stands_in_its_class_once() -> None:
    found = book(OFFSET, BIAS, LEAK)
    (rows,) = accused.classes(found)
    assert plain(accused.members(found, rows)) == (
        "WT-214 (flotation feed) reads 4.06 % high or flotation loses 1.90 t/h unseen, made up like flotation tails"
    )


def test_a_class_names_the_reading_that_would_decide_and_members_that_are_unlikely() -> None:
    found = book(BIAS, LEAK, BIAS | {"kind": "bias", "tag": "DT-222", "plausible": False, "in_sigmas": 14.0})
    text = " ".join(plain(line) for line in accused.sentences(found, accused.classes(found)[0]))
    assert (
        "What would tell: a second meter on the flow of flotation feed; they differ there by 8.7 of its sigmas." in text
    )
    assert "DT-222 is unlikely: it would be 14 of its own sigmas off." in text
    assert "with it allowed for, the balances pass (p = 0.76)" in text


def test_a_class_of_one_needs_no_decision_and_an_echo_is_called_one() -> None:
    found = book(BIAS, OUTLIER | {"echo": True})
    first, second = accused.classes(found)
    assert plain(accused.decides(found, first)) == ""
    assert "only as an echo" in plain(next(accused.sentences(found, second)))


def test_outliers_of_other_periods_are_left_out_of_one() -> None:
    found = book(BIAS, OUTLIER)
    assert [len(accused.classes(found, period)) for period in (None, 3, 1)] == [2, 2, 1]


def test_the_verdict_names_the_first_class_of_the_whole_list() -> None:
    assert plain(meters.account_verdict(book(BIAS, LEAK)) or "").endswith("and no reading tells which.")
    assert plain(meters.short_verdict(book(BIAS)) or "") == "The balances fail:"
