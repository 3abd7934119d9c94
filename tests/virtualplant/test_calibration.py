"""Errors that last the month or are shared by a laboratory: the declared sigma stays, what is common is common."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ferrolan.base.errors import ProblemError
from ferrolan.virtualplant.calibration import INDEPENDENT, Calibration
from ferrolan.virtualplant.faults import MeterFaults
from ferrolan.virtualplant.meters import read_days, read_steps

MONTHS = 3000
FOUR = 4.0 / np.sqrt(MONTHS)  # standard errors of a correlation of nothing


def named(tags, name):
    return next(tag for tag in tags if tag.tag == name)


def drawn(calibration, tag, count=5):
    """Relative errors of many months in units of sigma, (months, periods)."""
    return np.array([calibration.draws(seed, tag, count)[0] for seed in range(MONTHS)])


@pytest.mark.parametrize("calibration", [Calibration(), Calibration(0.5), Calibration(0.5, 0.25), Calibration(0, 1)])
@pytest.mark.parametrize("name", ["WT-331", "LAB-MFD-Fe"])
def test_every_make_up_has_the_declared_variance(tags, calibration, name):
    errors = drawn(calibration, named(tags, name))
    assert errors.std() == pytest.approx(1.0, abs=0.06)
    assert errors.mean() == pytest.approx(0.0, abs=0.08)


def test_weeks_of_one_meter_share_the_part_that_lasts(tags):
    errors = drawn(Calibration(month=0.6), named(tags, "WT-331"))
    correlation = np.corrcoef(errors.T)[np.triu_indices(5, 1)]
    np.testing.assert_allclose(correlation, 0.6, atol=FOUR)


def test_two_scales_share_nothing(tags):
    one, other = (drawn(Calibration(0.6, 0.4), named(tags, name)) for name in ("WT-331", "WT-351"))
    assert abs(np.corrcoef(one[:, 0], other[:, 0])[0, 1]) < FOUR


def test_assays_of_one_component_share_the_standard_and_those_of_two_do_not(tags):
    iron, other, phosphorus = (
        drawn(Calibration(0.2, 0.5), named(tags, name)) for name in ("LAB-MFD-Fe", "LAB-FEC-Fe", "LAB-MFD-P")
    )
    assert np.corrcoef(iron[:, 0], other[:, 3])[0, 1] == pytest.approx(0.5, abs=FOUR)
    assert np.corrcoef(iron[:, 0], iron[:, 3])[0, 1] == pytest.approx(0.7, abs=FOUR)
    assert abs(np.corrcoef(iron[:, 0], phosphorus[:, 0])[0, 1]) < FOUR


def test_assays_by_two_methods_hang_on_two_standards(tags):
    one, other = (named(tags, name) for name in ("LAB-MFD-Fe", "LAB-FEC-Fe"))
    exact = drawn(Calibration(0.0, 1.0), replace(one, sigma_relative=0.5 * other.sigma_relative))
    assert abs(np.corrcoef(exact[:, 0], drawn(Calibration(0.0, 1.0), other)[:, 0])[0, 1]) < FOUR


def test_with_everything_lasting_a_meter_is_off_by_one_share_all_month(truth, tags):
    scale = named(tags, "WT-331")
    faults = MeterFaults(calibration=Calibration(month=1.0))
    real = truth.total(truth.streams["hot_metal"].rate)
    errors = truth.total(read_steps(truth, scale, faults)) / real - 1.0
    np.testing.assert_allclose(errors, errors[0], rtol=1e-9)
    assert abs(errors[0]) < 5.0 * scale.sigma_relative


def test_with_everything_common_two_samples_are_off_by_one_share(truth, tags):
    faults = MeterFaults(calibration=Calibration(laboratory=1.0))
    shares = []
    for name in ("LAB-MFD-Nd2O3", "LAB-FLF-Nd2O3"):
        tag = named(tags, name)
        exact = read_days(truth, replace(tag, sigma_relative=0.0), faults)
        share = read_days(truth, tag, faults)[:28].sum() / exact[:28].sum() - 1.0
        shares.append(share / tag.sigma_relative)
    assert shares[0] == pytest.approx(shares[1], abs=0.1)  # the scatter within a week averages out by flow, not plainly


def test_the_default_draws_what_was_always_drawn(truth, tags):
    scale = named(tags, "WT-331")
    np.testing.assert_array_equal(
        read_steps(truth, scale, MeterFaults(calibration=Calibration(0.0, 0.0))),
        read_steps(truth, scale, MeterFaults()),
    )
    assert Calibration() == INDEPENDENT


@pytest.mark.parametrize(("month", "laboratory"), [(-0.1, 0.0), (0.0, -0.1), (0.7, 0.4), (float("nan"), 0.0)])
def test_shares_that_are_none_are_refused(month, laboratory):
    with pytest.raises(ProblemError, match="at most 1 together"):
        Calibration(month, laboratory)
