"""What `reconcile` and `account` print: both accounts apart, what is unaccounted, what cannot be trusted and why."""

from __future__ import annotations

import polars as pl

from ferrolan.records.changes import Preview, Replay
from ferrolan.views import accounted, changed, metal, reconciled, spans, summary
from ferrolan.views.accounted import Standing
from ferrolan.views.cells import plain
from ferrolan.views.columns import in_columns
from ferrolan.views.tables import open_book
from tests.views.accounts import account_tables
from tests.views.sample import context, empty, frame, kinds


def told(**asked: object) -> str:
    return "\n".join(accounted.lines(account_tables(), context(), **asked))  # type: ignore[arg-type]


def test_readings_alone_and_reconciled_lines_stand_apart_with_one_unit_a_component() -> None:
    lines = told().splitlines()
    head = lines.index("dry mass, kt")
    read = " ".join(lines[head + 1].split())
    assert read == "read 75.0 ± 1.5 356.0 ± 7.1 225.0 ± 4.5 133.0 ± 2.7 74.0 ± 1.5 -1.0 ± 7.1"
    assert lines[head + 2].split()[0] == "reconciled" and lines[head + 2].split()[-1] == "0"


def test_what_does_not_close_says_what_was_not_read_and_where_it_leaves_the_account() -> None:
    text = told()
    assert "dry mass: -1 000 ± 7 100 t unaccounted, within what the meters' errors explain." in text
    assert "Fe: not closed by readings alone; not read: Fe in pellets and others." in text
    assert "Fe: not balanced in roast leach; what goes in there counts as sent out." in text


def test_more_unaccounted_than_chance_explains_is_said_and_marked() -> None:
    text = told(of="rare_earth")
    assert "REO: 100 ± 36 t unaccounted, more than chance explains." in text
    assert next(line for line in text.splitlines() if line.startswith("  read")).endswith("!")
    assert "rare-earth company" in text and "dry mass" not in text


def test_one_period_is_told_with_its_days() -> None:
    text = told(period=1)
    assert "period 1 (2026-03-08 to 2026-03-14)" in text and "Fe" not in text.split("Provisional")[0].split("\n", 3)[3]


def test_recoveries_are_told_without_traces_and_formulas_are_marked_as_not_reconciled() -> None:
    assert "1 recovery below 0.5 % is not shown." in told()
    assert "two-product formula, not reconciled" in told(of="flotation") and "not reconciled" not in told()


def test_targets_provisional_values_and_counts_are_told() -> None:
    text = told()
    assert "0 of 1 target is met." in text and "the flow of blast-furnace slag" in text
    assert "LAB-Fe, period 2: 61.0 %, an estimate, in use." in text
    assert (
        "ore stockpile: 41.20 ± 0.80 kt counted by surveyor, 40.10 ± 0.90 kt in the books: 1 100 ± 1 200 t, within chance."
        in text
    )


def test_what_a_better_meter_brings_is_told_in_closure_and_in_money() -> None:
    text = told()
    assert "Halving the sigma of WT-411 narrows the REO closure of the rare-earth company from ±1.2 to ±0.86 %." in text
    assert "leave the plan's gain unsure by 10 million CNY/year" in text
    assert "WT-361: 30 % of that doubt; at half its sigma 9.2 million CNY/year would remain." in text


def test_a_locked_month_says_its_version_and_who_signed_it() -> None:
    assert "Locked as version 2 by M. A., 2026-04-03, run 7f3a." in told(
        standing=Standing(2, "M. A.", "2026-04-03", "7f3a")
    )
    assert "Open: nobody has locked this month." in told()


def test_a_run_without_the_account_says_so() -> None:
    assert list(accounted.lines(empty(), context())) == [
        "This run holds no metallurgical account; run the month again."
    ]
    run, known = kinds()["public figures alone"]
    assert "Not in this run" in "\n".join(accounted.lines(run, known))
    assert "Not in this run" in "\n".join(reconciled.lines(run, known))


def test_selected_tables_are_of_the_scope_and_period_that_were_asked_for() -> None:
    found = accounted.selected(account_tables(), "rare_earth")
    assert found["metal_primary"]["scope"].unique().to_list() == ["rare_earth"]
    of_period = accounted.selected(account_tables(), period=1)
    assert of_period["metal_primary"].select("span", "first").rows() == [("period", 1)]
    assert of_period["account"]["period"].unique().to_list() == [1]


def test_reconcile_tells_grade_classes_adjustments_missing_streams_and_the_robust_view() -> None:
    text = "\n".join(reconciled.lines(account_tables(), context(), most=2))
    assert (
        "Grade C: what is suspect still counts (WT-214 and flotation); 2 figures at a boundary are checked by nothing"
        in text
    )
    assert "1. WT-214 (flotation feed) reads 4.06 % high or flotation loses 1.90 t/h unseen" in text
    assert "2. LAB-Fe (Fe in pellets) reads 2.00 % low in period 3" in text
    assert "Where nothing is wrong, a list like this names anything at all in 5 % of accounts." in text
    assert "Largest adjustments, 2 of" in text
    assert "flotation loses 1.99 t/h of dry mass unseen, in 5 of 5 periods; it would hold 16.2 % Fe" in text
    assert "A wrong meter of flotation feed would explain as much." in text
    assert "It does not doubt DT-222, which least squares suspects." in text


def test_one_period_of_reconcile_ranks_its_own_readings() -> None:
    book = open_book(account_tables(), context())
    rows = reconciled.adjusted(book, 2)
    assert rows and {book.real("account", row, "period") for row in rows} == {2.0}
    sizes = [abs(book.real("account", row, "z") or 0.0) for row in rows]
    assert sizes == sorted(sizes, reverse=True)


def test_unobservable_quantities_are_counted_with_the_first_few_and_why() -> None:
    unseen = account_tables()["account"].with_columns(
        status=pl.lit("unobservable"), reason=pl.lit("`mill` closes an unmeasured cycle; measure one")
    )
    text = [plain(line) for line in reconciled.unseen(open_book({"account": unseen}, context()))]
    assert text[0] == f"{unseen.height} quantities of {unseen.height} are not determined."
    assert text[1].endswith("others: mill closes an unmeasured cycle; measure one.")


def test_remarks_of_the_intake_are_told_with_the_account_and_need_a_person() -> None:
    rows = [
        {
            "source": source,
            "file": "a.csv",
            "line": 7,
            "path": "WT-1",
            "found": "frozen",
            "way_out": "Look",
            "code": code,
        }
        for source, code in (("history", "frozen"), ("plan", "raised"))
    ]
    tables = {**account_tables(), "remarks": frame("remarks", rows)}
    for lines in (summary.account_lines(tables, context()), reconciled.lines(tables, context())):
        assert [line for line in lines if line.startswith("Look at")] == ["Look at a.csv:7 WT-1: frozen. Look"]
    assert summary.needs_a_person({"remarks": tables["remarks"]})
    assert not summary.needs_a_person({"remarks": tables["remarks"].tail(1)})


def test_a_preview_sets_grade_test_key_figures_and_changes_side_by_side() -> None:
    before = account_tables()
    better = before["grade"].with_columns(grade=pl.lit("B"))
    after = {
        **before,
        "grade": better,
        "gross_errors": before["gross_errors"].clear(),
        "suspects": before["suspects"].clear(),
    }
    changes = frame(
        "account_changes",
        [{"kind": "flow", "object": "flotation_feed", "period": 2, "unit": "t/h", "before": 47.4, "after": 46.0, "sd": 0.3, "in_sds": 4.1}],
    )  # fmt: skip
    tests = before["balance_tests"], before["balance_tests"]
    found = Preview("WT-214", False, changes, *tests, after["suspects"], before, after)
    text = "\n".join(changed.preview_lines(found, context()))
    assert "Preview, nothing is signed: March 2026 without WT-214." in text
    assert "Grade: C -> B." in text
    assert "dry mass, kt unaccounted, Ore to both" in text and "Fe into pellets, reconciled" in text
    assert "the flow of flotation feed       2  47.40 t/h  46.00 t/h  4.1" in text


def test_a_replay_says_that_nothing_or_what_differs() -> None:
    none = frame("account_changes", [])
    same = Replay("7f3a", "", "", "", False, none)
    other = Replay("7f3a", "source laboratory", "abc", "def", True, none)
    assert list(changed.replay_lines(same, context())) == ["Run 7f3a: the account came out the same, bit by bit."]
    assert list(changed.replay_lines(other, context())) == [
        "Run 7f3a: source laboratory differs: abc now, def then.",
        "The code or a library is another one than then.",
    ]


def test_of_single_rare_earths_their_sum_is_told_unless_one_is_open() -> None:
    def row(component: str, exceeds: bool) -> dict[str, object]:
        lines = {
            "scope_kind": "site",
            "scope": "works",
            "component": component,
            "span": "account",
            "first": 0,
            "last": 4,
        }
        return lines | {"unaccounted": 1.0, "unaccounted_u95": 2.0, "exceeds": exceeds}

    rows = [row("Fe", False), row("La2O3", False), row("CeO2", True), row("REO", False)]
    book = open_book({"metal_primary": frame("metal_primary", rows)}, context())
    assert metal.widest(book) == [0, 1, 2, 3] and metal.telling(book) == [0, 2, 3]


def test_columns_end_under_each_other_and_wide_signs_count_twice() -> None:
    assert list(in_columns([("铁", "1"), ("iron", "22")], right=(1,))) == ["铁     1", "iron  22"]


def test_days_of_periods_follow_the_month() -> None:
    assert plain(spans.span_name(context(), 4)) == "March 2026, period 4 (2026-03-29 to 2026-03-31)"
    assert spans.days(context(), 5) is None
