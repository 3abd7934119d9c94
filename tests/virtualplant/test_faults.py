"""Each fault is in the raw data as it was declared: what is written less what is written without it is the fault."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import numpy as np
import pytest

from ferrolan.base.errors import ProblemError
from ferrolan.virtualplant import write
from ferrolan.virtualplant.faults import (
    AbsoluteBias,
    ConfusedBasis,
    Frozen,
    GrowingDrift,
    LaboratoryBias,
    MeterFaults,
    Outlier,
    RelativeBias,
    Swapped,
    WrongUnit,
)
from ferrolan.virtualplant.meters import read_days, read_steps, read_surveys

CLEAN = MeterFaults()
DAYS = np.arange(2976) / 96.0


def named(tags, name):
    return next(tag for tag in tags if tag.tag == name)


def steps(truth, tags, name, *meters):
    return read_steps(truth, named(tags, name), MeterFaults(meters=meters))


def days(truth, tags, name, *meters):
    return read_days(truth, named(tags, name), MeterFaults(meters=meters))


def test_a_relative_bias_is_a_factor_on_every_reading(truth, tags):
    wrong, clean = steps(truth, tags, "WT-331", RelativeBias("WT-331", -0.02)), steps(truth, tags, "WT-331")
    np.testing.assert_allclose(wrong, 0.98 * clean, rtol=1e-12)


def test_a_moved_zero_is_the_same_amount_on_every_reading_also_of_a_belt_that_stands(truth, tags):
    wrong, clean = steps(truth, tags, "WT-214", AbsoluteBias("WT-214", 1.5)), steps(truth, tags, "WT-214")
    np.testing.assert_allclose(wrong - clean, 1.5, atol=1e-12)
    assert (clean == 0.0).any()


def test_a_drift_grows_evenly_from_nothing_to_its_share(truth, tags):
    wrong, clean = steps(truth, tags, "WT-331", GrowingDrift("WT-331", 0.06)), steps(truth, tags, "WT-331")
    np.testing.assert_allclose(wrong / clean - 1.0, 0.06 * DAYS / DAYS[-1], atol=1e-12)


def test_a_frozen_meter_shows_the_first_reading_of_its_day_for_good(truth, tags):
    wrong, clean = steps(truth, tags, "WT-331", Frozen("WT-331", 9.5)), steps(truth, tags, "WT-331")
    first = int(9.5 * 96)
    np.testing.assert_array_equal(wrong[:first], clean[:first])
    assert (wrong[first:] == clean[first]).all()
    assert np.ptp(clean[first:]) > 0.0


@pytest.mark.parametrize(("instead", "factor"), [("kg", 1000.0), ("short ton", 1.1023113), ("fraction", 0.01)])
def test_a_wrong_unit_is_its_factor_on_its_days_alone(truth, tags, instead, factor):
    wrong = steps(truth, tags, "WT-331", WrongUnit("WT-331", instead, 7.0, 7.0))
    there = (DAYS >= 7.0) & (DAYS < 14.0)
    ratio = wrong / steps(truth, tags, "WT-331")
    np.testing.assert_allclose(ratio, np.where(there, factor, 1.0), rtol=1e-7)


def test_a_fraction_shown_as_a_percentage_undoes_a_percentage_shown_as_a_fraction(truth, tags):
    both = WrongUnit("LAB-MFD-Fe", "fraction"), WrongUnit("LAB-MFD-Fe", "percent")
    np.testing.assert_allclose(days(truth, tags, "LAB-MFD-Fe", *both), days(truth, tags, "LAB-MFD-Fe"), rtol=1e-12)


def test_an_outlier_is_one_period_of_a_meter(truth, tags):
    ratio = steps(truth, tags, "WT-331", Outlier("WT-331", 2, 0.08)) / steps(truth, tags, "WT-331")
    np.testing.assert_allclose(ratio, np.where((DAYS >= 14.0) & (DAYS < 21.0), 1.08, 1.0), rtol=1e-12)
    ratio = days(truth, tags, "LAB-MFD-Fe", Outlier("LAB-MFD-Fe", 4, 0.1)) / days(truth, tags, "LAB-MFD-Fe")
    np.testing.assert_allclose(ratio, np.where(np.arange(31) >= 28, 1.1, 1.0), rtol=1e-12)


def test_a_wrong_count_is_one_count_of_a_stock(truth, tags):
    count = named(tags, "STK-REC")
    wrong = read_surveys(truth, count, MeterFaults(meters=(Outlier("STK-REC", 3, 0.05),)))
    np.testing.assert_allclose(wrong / read_surveys(truth, count, CLEAN), [1, 1, 1, 1.05, 1, 1], rtol=1e-12)


@pytest.mark.parametrize("name", ["WT-111", "WT-311"])
def test_a_wet_scale_that_shows_dry_is_short_of_the_water(truth, tags, name):
    solids = 1.0 - truth.moisture[named(tags, name).object]
    wrong, clean = steps(truth, tags, name, ConfusedBasis(name)), steps(truth, tags, name)
    np.testing.assert_allclose(wrong, clean * solids, rtol=1e-12)


def test_a_truck_scale_that_shows_dry_is_short_of_the_water_of_its_day(truth, tags):
    ratio = days(truth, tags, "ERP-ORE", ConfusedBasis("ERP-ORE")) / days(truth, tags, "ERP-ORE")
    moisture = truth.moisture["ore_mined"].reshape(-1, 96)
    assert (moisture.min(axis=1) <= 1.0 - ratio).all()
    assert (1.0 - ratio <= moisture.max(axis=1)).all()


def test_a_laboratory_that_errs_in_one_component_errs_in_all_its_samples_and_in_no_other_component(truth, tags):
    faults = MeterFaults(meters=(LaboratoryBias("Nd2O3", 0.03, 0.001),))
    for tag in tags:
        if tag.source == "laboratory":
            read = read_surveys if tag.kind == "stock_assay" else read_days
            wrong, clean = read(truth, tag, faults), read(truth, tag, CLEAN)
            hit = tag.component == "Nd2O3"
            np.testing.assert_allclose(wrong, 1.03 * clean + 0.001 if hit else clean, rtol=1e-12)


def test_faults_of_one_meter_follow_each_other_and_leave_the_others_alone(truth, tags):
    both = RelativeBias("WT-331", 0.1), AbsoluteBias("WT-331", 2.0)
    np.testing.assert_allclose(steps(truth, tags, "WT-331", *both), 1.1 * steps(truth, tags, "WT-331") + 2.0)
    np.testing.assert_array_equal(steps(truth, tags, "WT-332", *both), steps(truth, tags, "WT-332"))


@pytest.fixture(scope="module")
def clean_files(truth, tags, tmp_path_factory):
    return write(truth, tags, tmp_path_factory.mktemp("clean"))


def columns(files):
    header, *rows = (line.split(";") for line in files.historian.read_text(encoding="utf-8-sig").splitlines())
    return dict(zip(header, zip(*rows, strict=True), strict=True))


def results(files):
    with closing(sqlite3.connect(files.database)) as connection:
        found = connection.execute("SELECT sample_point, analyte, sampled_at, result FROM laboratory_results")
        return {(point, analyte, at): result for point, analyte, at, result in found if isinstance(result, float)}


def test_swapped_meters_stand_under_each_others_names_and_nothing_else_moves(truth, tags, clean_files, tmp_path):
    swapped = write(truth, tags, tmp_path, faults=MeterFaults({"WT-214": 0.03}, swapped=(Swapped("WT-331", "WT-351"),)))
    before, after = columns(clean_files), columns(swapped)
    assert list(before) == list(after)
    assert after["BY.WT-331.PV"] == before["BY.WT-351.PV"]
    assert after["BY.WT-351.PV"] == before["BY.WT-331.PV"]
    assert {name for name in before if before[name] != after[name]} == {"BY.WT-331.PV", "BY.WT-351.PV"}


def test_swapped_assays_stand_under_each_others_names(truth, tags, clean_files, tmp_path):
    faults = MeterFaults({"WT-214": 0.03}, swapped=(Swapped("LAB-MFD-Fe", "LAB-MFD-P"),))
    before, after = results(clean_files), results(write(truth, tags, tmp_path, faults=faults))
    other = {("mill_feed", "Fe"): ("mill_feed", "P"), ("mill_feed", "P"): ("mill_feed", "Fe")}
    moved = {key for key in after if (key[0], key[1]) in other}
    assert len(moved) > 50
    for point, analyte, at in moved:
        assert after[point, analyte, at] == before[(*other[point, analyte], at)]
    assert all(after[key] == before[key] for key in before.keys() - moved)


def test_a_swap_with_a_column_of_another_file_is_refused(truth, tags, tmp_path):
    with pytest.raises(ProblemError, match="LAB-MFD-Fe is not in the file of the one to exchange it with"):
        write(truth, tags, tmp_path, faults=MeterFaults(swapped=(Swapped("LAB-MFD-Fe", "WT-331"),)))


def test_a_month_without_further_faults_is_the_shipped_one(truth, tags, clean_files, tmp_path):
    again = write(truth, tags, tmp_path, faults=MeterFaults({"WT-214": 0.03}))
    assert again.historian.read_bytes() == clean_files.historian.read_bytes()
    assert results(again) == results(clean_files)
