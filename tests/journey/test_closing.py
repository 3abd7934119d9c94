"""Closing a month: its account is locked, replayed, counted against the ground, and restated only when reopened."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from ferrolan import acts, kept_runs, verbs
from ferrolan.base.errors import DocumentError, RecordError
from ferrolan.enterprise.document import Enterprise
from ferrolan.records import runs
from ferrolan.results import RunResult
from ferrolan.signed import LEDGER

ACCOUNTANT = {"who": "metal accountant", "reason": "month closed"}
COUNT = {"at": "2026-04-01 08:00", "method": "drone survey, bulk density", "who": "surveyor", "reason": "yearly count"}


@dataclass(frozen=True)
class Works:
    """The example with its raw month beside it, and a folder of runs."""

    folder: Path

    @property
    def out(self) -> Path:
        return self.folder / "runs"

    @property
    def raw(self) -> Path:
        return self.folder / "raw"

    @property
    def path(self) -> Path:
        return self.folder / verbs.shipped("ore_to_both").name

    def document(self) -> Enterprise:
        return verbs.load(self.path)

    def account(self, *, dry_run: bool = False) -> RunResult:
        return verbs.run(self.path, self.out, only="account", dry_run=dry_run)

    def correct_the_laboratory(self) -> None:
        """Send one result again: the iron of the first sample of the mill feed is two per cent higher."""
        with sqlite3.connect(self.raw / "erp_laboratory.sqlite") as database:
            changed = database.execute(
                "UPDATE laboratory_results SET result = 1.02 * result WHERE id = (SELECT min(id) FROM laboratory_results "
                "WHERE sample_point = 'mill_feed' AND analyte = 'Fe')"
            )
            assert changed.rowcount == 1
        database.close()


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The raw month, and a kept run of its account."""
    folder = tmp_path_factory.mktemp("works")
    for name in (verbs.shipped("ore_to_both").name, "tags.csv"):
        shutil.copy(verbs.shipped("ore_to_both").with_name(name), folder)
    made = verbs.raw_files(verbs.load("ore_to_both"), folder / "made")
    shutil.copytree(next(iter(made.values())).parent, folder / "raw")
    Works(folder).account()
    return folder


@pytest.fixture
def works(month: Path, tmp_path: Path) -> Works:
    shutil.copytree(month, tmp_path / "works", ignore=shutil.ignore_patterns("made", "historian"))
    return Works(tmp_path / "works")


def test_a_kept_account_comes_out_the_same_again_from_its_raw_files(works: Works) -> None:
    found = acts.replay(kept_runs.kept_run(out=works.out), works.path, works.out)
    assert (found.equal, found.differs, found.changes.height) == (True, "", 0)


def test_a_replay_names_the_raw_file_that_changed_and_the_values_that_do(works: Works) -> None:
    works.correct_the_laboratory()
    found = acts.replay(kept_runs.kept_run(out=works.out), works.path, works.out)
    assert (found.equal, found.differs) == (False, "source erp")  # the two sources lie in one file
    assert {"mill_feed"} <= set(found.changes["object"])


def test_a_replay_of_a_run_without_an_account_is_refused(works: Works) -> None:
    kept = verbs.run(works.path, works.out, only="market").run
    assert kept is not None
    with pytest.raises(RecordError, match="other_run"):
        acts.replay(kept, works.path, works.out)


def test_a_locked_month_gives_the_same_account_again_and_refuses_another(works: Works) -> None:
    acts.lock(works.document(), **ACCOUNTANT, out=works.out)
    assert works.account().run is not None
    works.correct_the_laboratory()
    before = runs.names(works.out)
    with pytest.raises(RecordError) as error:
        works.account()
    faults = {fault.path: fault for fault in error.value.faults}
    assert set(faults) == {"source erp", "source laboratory", "source stock_counts", "account"}
    assert "mill_feed" in faults["account"].found or "period" in faults["account"].found
    assert runs.names(works.out) == before
    told = works.account(dry_run=True).tables["remarks"].filter(pl.col("code") == "restated_account")
    assert set(told["path"]) == set(faults)


def test_a_reopened_month_takes_the_restated_account_as_its_next_version(works: Works) -> None:
    acts.lock(works.document(), **ACCOUNTANT, out=works.out)
    works.correct_the_laboratory()
    acts.reopen(works.document(), who="metal accountant", reason="the laboratory corrected sample 1", out=works.out)
    kept = works.account()
    act = acts.lock(works.document(), **ACCOUNTANT, out=works.out, run=kept.run_id).act
    assert act.what == "lock_period" and act.run == kept.run_id
    assert works.account().run_id == kept.run_id


def test_a_run_of_another_month_is_not_locked(works: Works) -> None:
    april = verbs.of_month(works.document(), "2026-04")
    with pytest.raises(RecordError, match="other_run"):
        acts.lock(april, **ACCOUNTANT, out=works.out)


def test_a_signed_count_is_a_reading_of_the_stock_and_stands_beside_the_book(works: Works) -> None:
    before = works.account().tables["account"]
    assert works.account().tables["stock_take"].is_empty()
    acts.stock_take(works.document(), "ore_stockpile", "50 kt", "2 %", **COUNT, out=works.out)
    tables = works.account().tables
    (row,) = tables["stock_take"].iter_rows(named=True)
    assert (row["period"], row["count"], row["count_u95"]) == (5, 50_000.0, pytest.approx(1.96 * 1000, rel=1e-4))
    at_end = (pl.col("kind") == "stock") & (pl.col("object") == "ore_stockpile") & (pl.col("period") == 5)
    assert row["book"] == pytest.approx(before.filter(at_end)["value"].item(), rel=1e-9)
    after = tables["account"].filter(at_end)
    assert min(row["book"], 50_000.0) < after["value"][0] < max(row["book"], 50_000.0)
    assert after["sd"][0] < before.filter(at_end)["sd"].item()


def test_an_account_with_a_count_is_replayed_with_the_count_it_was_made_with(works: Works) -> None:
    first = kept_runs.kept_run(out=works.out)
    acts.stock_take(works.document(), "ore_stockpile", 50_000.0, 1_000.0, **COUNT, out=works.out)
    assert acts.replay(first, works.path, works.out).equal


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"stock": "or_stockpile"}, "unknown_stock"),
        ({"count": "50000 m3"}, "wrong_unit"),
        ({"count": "5 %"}, "wrong_unit"),
        ({"sigma": "2 m3"}, "wrong_unit"),
        ({"at": "the first of April"}, "wrong_time"),
    ],
)
def test_a_count_that_cannot_be_read_is_refused_and_nothing_is_signed(
    works: Works, change: dict[str, str], code: str
) -> None:
    said = {"stock": "ore_stockpile", "count": "50 kt", "sigma": "2 %", **COUNT} | change
    with pytest.raises(DocumentError, match=code):
        acts.stock_take(works.document(), **said, out=works.out)
    assert not (works.out / LEDGER).exists()


def test_a_count_in_the_middle_of_a_period_is_refused_with_the_nearest_time_that_counts(works: Works) -> None:
    said = COUNT | {"at": "2026-03-28 00:00"}
    with pytest.raises(RecordError, match=r"such as 2026-03-28 16:00 UTC.*wrong_time"):
        acts.stock_take(works.document(), "ore_stockpile", "50 kt", "2 %", **said, out=works.out)


def test_a_preview_tells_what_leaving_a_meter_out_would_change_and_signs_nothing(works: Works) -> None:
    found = acts.preview(works.document(), "WT-214", out=works.out)
    assert found.changes.filter(pl.col("object") == "flotation_feed")["in_sds"].max() > 1.0
    assert found.suspects_after.height <= works.account().tables["suspects"].height
    assert not (works.out / LEDGER).exists()
    signed_out = acts.exclude(works.document(), "WT-214", who="metallurgist", reason="check failed", out=works.out)
    assert signed_out.number == 1
    back = acts.preview(works.document(), "WT-214", out=works.out, back=True)
    assert back.changes["change"].sum() == pytest.approx(-found.changes["change"].sum(), rel=1e-6)


def test_one_text_among_three_hundred_thousand_readings_is_named_with_its_address_and_the_rest_is_solved(
    works: Works,
) -> None:
    file = works.raw / "plant_historian.csv"
    lines = file.read_text(encoding="utf-8-sig").splitlines()
    header, cells = lines[0].split(";"), lines[1000].split(";")
    place = header.index("BY.WT-214.PV")
    cells[place] = "broken belt"
    lines[1000] = ";".join(cells)
    assert (len(lines) - 1) * (len(header) - 1) > 100_000
    file.write_text("\n".join(lines) + "\n", encoding="utf-8-sig")
    tables = works.account().tables
    row = ("plant_historian.csv", 1001, "WT-214", "broken belt")
    assert tables["rejected"].select("file", "line", "tag", "found").rows().count(row) == 1
    assert tables["balance_tests"].height > 0 and tables["account"]["value"].null_count() < tables["account"].height
