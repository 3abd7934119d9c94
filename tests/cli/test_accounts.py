"""The account on the command line: printed, written, previewed without a meter, locked, counted, made again."""

from __future__ import annotations

import json
import shutil

import openpyxl
import pytest

from ferrolan import verbs
from ferrolan.records import runs
from tests.command import ferrolan

SIGNED = ("--who", "metal accountant", "--reason", "month closed")


@pytest.fixture
def closed(kept, tmp_path):
    """A folder with one kept run of the shipped example."""
    shutil.copytree(kept("ore_to_both").run.folder.parent, tmp_path / "runs", symlinks=True)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("reconcile", "ore_to_both", "--period", "9"), "a period of 2026-03: 0 to 4, got '9'"),
        (("account", "ore_to_both", "--period", "2026-02:4"), "a period of 2026-02: 0 to 3, got '2026-02:4'"),
        (("account", "ore_to_both", "--month", "march"), "Write it like 2026-03"),
        (("reconcile", "ore_to_both", "--exclude", "WT-999", "--exclude", "WT-998"), "2 faults"),
        (("reconcile", "ore_to_both", "--who", "somebody"), "Name the meter with --exclude"),
        (("account", "ore_to_both", "--scope", "stele"), "Did you mean 'steel'?"),
        (("count", "ore_stokpile", "1 t", "ore_to_both", "--sigma", "1 t", "--at", "2026-03-01", "--method", "m", *SIGNED), "ore_stockpile"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_what_cannot_be_is_refused_with_the_way_out_before_anything_runs(tmp_path, arguments, said):
    finished = ferrolan(*arguments, cwd=tmp_path)
    assert finished.returncode == 2, finished.stderr
    assert said in finished.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_account_is_printed_and_written_for_excel_paper_and_csv(with_raw, tmp_path):
    with_raw(tmp_path / "runs")
    asked = (
        "account",
        "ore_to_both",
        "--no-money",
        "--dry-run",
        "--csv",
        "csv",
        "--xlsx",
        "a.xlsx",
        "--html",
        "a.html",
    )
    finished = ferrolan(*asked, cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert "Metallurgical account: Ore to both, March 2026. Open: nobody has locked this month." in finished.stdout
    assert "dry mass, kt" in finished.stdout and "Written: a.xlsx" in finished.stdout
    sheets = openpyxl.load_workbook(tmp_path / "a.xlsx", read_only=True).sheetnames
    assert {"about", "metal_primary", "metal_secondary", "recoveries", "accuracy"} <= set(sheets)
    assert {f"{name}.csv" for name in sheets} == {file.name for file in (tmp_path / "csv").iterdir()}
    assert "Primary: readings alone" in (tmp_path / "a.html").read_text(encoding="utf-8")


def test_reconcile_of_one_period_ranks_its_readings_and_names_grade_and_classes(with_raw, tmp_path):
    with_raw(tmp_path / "runs")
    finished = ferrolan(
        "reconcile", "ore_to_both", "--period", "2026-03:2", "--most", "4", "--json", "--dry-run", cwd=tmp_path
    )
    assert finished.returncode == 0, finished.stderr
    told = json.loads(finished.stdout)
    assert [row["period"] for row in told["adjustments"]] == [2, 2, 2, 2]
    assert told["grade"][0]["grade"] in "ABCD"
    assert "WT-214" in {row["tag"] for row in told["gross_errors"]}


def test_a_preview_without_a_meter_signs_nothing_and_says_how_to(with_raw, tmp_path):
    with_raw(tmp_path / "runs")
    finished = ferrolan(
        "reconcile", "ore_to_both", "--exclude", "WT-214", "--reason", "misreads", "--most", "2", cwd=tmp_path
    )
    assert finished.returncode == 0, finished.stderr
    assert "Preview, nothing is signed: March 2026 without WT-214." in finished.stdout
    assert "Then: The balances pass." in finished.stdout
    assert "--exclude WT-214 --who NAME --reason 'misreads'" in finished.stdout
    assert not (tmp_path / "runs" / verbs.LEDGER).exists() and not runs.names(tmp_path / "runs")


def test_a_month_is_locked_once_shown_as_locked_and_opened_again(closed):
    locked = ferrolan("lock", "ore_to_both", *SIGNED, cwd=closed)
    assert locked.returncode == 0, locked.stderr
    assert "lock_period" in locked.stdout and "signed by metal accountant" in locked.stdout
    again = ferrolan("lock", "ore_to_both", *SIGNED, cwd=closed)
    assert again.returncode == 3 and "locked" in again.stderr
    reopened = ferrolan("reopen", "ore_to_both", *SIGNED, "--json", cwd=closed)
    assert json.loads(reopened.stdout)["number"] == 2
    assert ferrolan("reopen", "ore_to_both", *SIGNED, cwd=closed).returncode == 3


def test_a_counted_stock_is_signed_and_one_between_two_periods_refused(closed):
    count = ("count", "ore_stockpile", "75000 t", "ore_to_both", "--sigma", "2 %", "--method", "drone survey", *SIGNED)
    signed = ferrolan(*count, "--at", "2026-04-01 00:00", cwd=closed)
    assert signed.returncode == 0, signed.stderr
    assert "ore_stockpile" in signed.stdout and "signed by metal accountant" in signed.stdout
    between = ferrolan(*count, "--at", "2026-03-12 12:00", cwd=closed)
    assert between.returncode == 3 and "period" in between.stderr


def test_a_kept_account_comes_out_the_same_again(closed):
    finished = ferrolan("replay", "last", "ore_to_both", "--json", cwd=closed)
    assert finished.returncode == 0, finished.stderr
    assert json.loads(finished.stdout)["equal"]
