"""What an account tells of faults planted in the raw months of the shipped enterprises; a small part of the table.

The whole table comes from ``python -m benchmarks.planted_faults``; here stand a few cases whose answer is sure, a fault
that no account can see, and the law that a month without a fault is taken in without a remark.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

import polars as pl
import pytest

from benchmarks.planted_faults import (
    DECLARED,
    KINDS,
    LASTING,
    NOT_DECLARED,
    WORKS,
    Planted,
    Told,
    Works,
    as_frame,
    clean,
    false_alarms,
    finding,
    judged,
    markdown,
    planted,
    told,
)
from ferrolan.virtualplant.faults import Frozen, LaboratoryBias, MeterFaults, RelativeBias, WrongUnit

SMALL = "rare_earth_works"


@pytest.fixture(scope="module")
def works():
    return Works.named(SMALL)


def answer(works, *meters, seed=1):
    return told(*works.month(seed, MeterFaults(meters=meters)))


@pytest.mark.parametrize("name", WORKS)
def test_a_month_without_a_fault_is_taken_in_without_a_remark(name):
    raw, account, refused = Works.named(name).month(2, MeterFaults())
    assert raw.tables["remarks"].is_empty()
    assert (account is not None, refused) == (True, "")


def test_a_frozen_meter_is_named_at_the_intake(works):
    found = answer(works, Frozen("FI-431", 12.0))
    assert "intake" in found.alarms
    assert found.classes[0] == {"FI-431"}


def test_a_week_of_percentages_as_fractions_is_named_at_the_intake_with_both_sizes(works):
    raw, _, _ = works.month(1, MeterFaults(meters=(WrongUnit("LAB-RCF-Nd2O3", "fraction", 7.0, 7.0),)))
    (remark,) = raw.tables["remarks"].filter(pl.col("code") == "other_unit").to_dicts()
    assert remark["path"] == "LAB-RCF-Nd2O3"
    assert remark["file"] == "erp_laboratory.sqlite"


def test_a_biased_liquor_meter_is_among_the_suspects(works):
    found = answer(works, RelativeBias("FI-421", 0.05))
    assert any("suspects" in alarm or "test" in alarm for alarm in found.alarms)
    assert any("FI-421" in named for named in found.classes)


def test_no_account_can_see_a_factor_common_to_all_assays_of_a_component(works):
    before, _ = works.month(3, MeterFaults())[1], None
    after = works.month(3, MeterFaults(meters=(LaboratoryBias("Nd2O3", 0.03),)))[1]
    assert after.reconciled.objective == pytest.approx(before.reconciled.objective, rel=2e-3)


def test_a_loss_whose_neighbour_is_named_is_beside():
    loss = Planted("mill", "3%", units=frozenset({"mill"}), beside=frozenset({"WT-1"}))
    assert judged(loss, Told(("suspects",), (frozenset({"WT-1", "WT-2"}),))) == ("beside", "suspects", 2)
    assert judged(loss, Told(("suspects",), (frozenset({"WT-2"}),))) == ("found", "suspects", None)


def test_what_was_told_without_the_fault_does_not_count_as_found():
    before = Told(("global test",), (frozenset({"A"}),))
    after = Told(("global test", "suspects"), (frozenset({"A"}), frozenset({"B"})))
    assert after.beside(before) == Told(("suspects",), (frozenset({"B"}),))
    assert before.beside(before) == Told(())


@pytest.mark.parametrize("kind", KINDS)
def test_a_case_is_drawn_once_and_for_all_and_says_what_is_wrong(works, kind):
    for case in range(3):
        fault = planted(works, kind, case)
        assert fault == planted(works, kind, case)
        assert fault.tags | fault.units
        assert fault.meters or fault.swapped or fault.plant


def test_the_places_of_one_kind_differ(works):
    assert len({planted(works, "relative bias", case).where for case in range(12)}) > 5


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (Told(("suspects",), (frozenset({"A", "B"}), frozenset({"C"}))), "located first"),
        (Told(("suspects",), (frozenset({"C"}), frozenset({"A"}))), "located"),
        (Told(("global test",), ()), "found"),
        (Told((), ()), "missed"),
    ],
)
def test_a_verdict_says_where_the_wrong_meter_stands(answer, verdict):
    assert judged(Planted("A", "+1%", tags=frozenset({"A"})), answer)[0] == verdict


def test_the_table_counts_every_case_once():
    frame = as_frame(finding(SMALL, kind, case) for kind in ("frozen meter", "laboratory gain") for case in range(2))
    assert frame["verdict"].to_list()[:2] == ["located first"] * 2
    assert set(frame.filter(pl.col("kind") == "laboratory gain")["why"]) <= {
        "a factor common to all assays of a component leaves every balance closed", "",
    }  # fmt: skip
    rows = [line.split("|") for line in markdown(frame).splitlines()[2:]]
    assert [int(row[2]) for row in rows] == [2, 2]
    assert all(int(row[4]) + int(row[6]) + int(row[7]) + int(row[8]) == 2 for row in rows)


def test_a_month_with_an_assay_at_its_bound_has_an_account():
    """A raised assay of the mixed oxide touches 100 %."""
    assert "refused" not in finding(SMALL, "laboratory gain", 4).by


def test_declared_errors_add_up_to_the_sigma_of_every_tag(works):
    document = DECLARED.document(works)
    standards = document.require_account().shared_errors
    for plain, tag in zip(works.document.tags, document.tags, strict=True):
        common = sum(standards[name].sigma.value ** 2 for name in tag.shared)
        assert math.sqrt(tag.sigma_relative**2 + common) == pytest.approx(plain.sigma_relative)
        assert bool(tag.shared) == tag.kind.endswith("assay")
        if tag.kind in ("flow", "assay", "stock", "stock_assay", "moisture"):
            lasting = tag.sigma_lasting**2 * (1.0 - LASTING.laboratory * bool(tag.shared))
            assert lasting == pytest.approx(LASTING.month)


def test_errors_that_last_make_recoveries_less_sure_once_they_are_declared():
    rows = pl.col("reconciled"), pl.col("span") == "account", pl.col("scope_kind") == "unit", pl.col("u95") > 1e-9
    unsaid, said = (
        clean(SMALL, 1001, errors).account.tables["recoveries"].filter(*rows)["u95"].median()
        for errors in (NOT_DECLARED, DECLARED)
    )
    assert said > 1.4 * unsaid


def test_the_page_shows_the_tables_that_the_runner_wrote():
    root = Path(__file__).parents[2]
    page = (root / "docs" / "explanation" / "planted-faults.md").read_text(encoding="utf-8")
    written = (root / "benchmarks" / "planted_faults.md").read_text(encoding="utf-8").splitlines()
    assert all(line in page for line in written[1:])
    assert all(part in page for part in re.findall(r"Seed (\d+), `(.*)`", written[0])[0])


@pytest.mark.slow
@pytest.mark.parametrize("name", WORKS)
def test_declared_errors_that_last_raise_few_alarms_and_their_intervals_hold_the_truth(name):
    months = false_alarms([name], range(1001, 1013), DECLARED)
    alarms = (months["alarms"] != "").sum()
    held = {kind: months.select(pl.mean(kind)).item() for kind in ("flow", "assay", "recovery")}
    print(f"{name}: {alarms} of 12 months with an alarm; held: {held}")
    assert alarms <= 5  # three or four tests of 5 % each: about two of twelve, more than five with a probability of 1 %
    assert held["flow"] == pytest.approx(0.95, abs=0.04)
    assert held["assay"] == pytest.approx(0.95, abs=0.04)
    assert held["recovery"] > 0.85  # a month's recoveries hang on a few calibrations: the mean of twelve scatters


@pytest.mark.slow
@pytest.mark.parametrize("name", WORKS)
def test_intervals_hold_the_truth_in_nineteen_of_twenty_where_errors_are_what_the_account_takes_them_for(name):
    months = false_alarms([name], range(1001, 1013))
    for kind in ("flow", "assay"):
        held = months.select(pl.mean(kind)).item()
        print(f"{name}: 95 % intervals of a {kind} hold the truth in {held:.1%}")
        assert held == pytest.approx(0.95, abs=0.025)  # a month's values lean on each other: some 300 independent ones
