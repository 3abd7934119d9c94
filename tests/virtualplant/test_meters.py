from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ferrolan.base.errors import ProblemError
from ferrolan.virtualplant.faults import PLANTED, MeterFaults
from ferrolan.virtualplant.meters import read_days, read_steps, read_surveys

HONEST = MeterFaults()
SEEDS = range(40)


def named(tags, name):
    return next(tag for tag in tags if tag.tag == name)


def period_errors(truth, tag, seeds, faults=HONEST):
    """Relative error of the period means of a dry flow over many seeds of the instruments, truth held."""
    real = truth.total(truth.streams[tag.object].rate)
    return np.array([truth.total(read_steps(replace(truth, seed=seed), tag, faults)) / real - 1.0 for seed in seeds])


def test_errors_of_period_means_have_the_declared_sigma_over_seeds(truth, tags):
    flows = [tag for tag in tags if tag.source == "plant_historian" and tag.kind == "flow" and tag.basis == "dry"]
    z = np.concatenate([(period_errors(truth, tag, SEEDS) / tag.sigma_relative).ravel() for tag in flows])
    assert len(z) > 4000
    assert z.std() == pytest.approx(1.0, abs=4.0 / np.sqrt(2.0 * len(z)))
    assert z.mean() == pytest.approx(0.0, abs=4.0 / np.sqrt(len(z)))


def test_errors_of_periods_and_of_tags_are_independent(truth, tags):
    slag = period_errors(truth, named(tags, "WT-332"), range(200))
    coke = period_errors(truth, named(tags, "WT-322"), range(200))
    bound = 4.0 / np.sqrt(200.0)
    assert np.abs(np.corrcoef(slag.T) - np.eye(5)).max() < bound
    assert abs(np.corrcoef(slag[:, 0], coke[:, 0])[0, 1]) < bound


def test_absolute_errors_have_the_declared_sigma_over_seeds(truth, tags):
    moisture = named(tags, "LAB-MFD-H2O")
    assert moisture.sigma_absolute == pytest.approx(0.001)
    exact = read_days(truth, replace(moisture, sigma_absolute=0.0), HONEST)[:28].reshape(4, 7).mean(axis=1)
    read = [read_days(replace(truth, seed=seed), moisture, HONEST)[:28] for seed in range(100)]
    z = (np.array(read).reshape(100, 4, 7).mean(axis=2) - exact) / moisture.sigma_absolute
    assert z.std() == pytest.approx(1.0, abs=4.0 / np.sqrt(2.0 * z.size))


def test_surveys_have_the_declared_sigma_over_seeds(truth, tags):
    count = named(tags, "STK-REC")
    real = truth.stocks["re_concentrate_store"].mass[list(truth.edges)]
    read = np.array([read_surveys(replace(truth, seed=seed), count, HONEST) for seed in range(100)])
    z = (read / real - 1.0) / count.sigma_relative
    assert z.shape == (100, 6)
    assert z.std() == pytest.approx(1.0, abs=4.0 / np.sqrt(2.0 * z.size))


def test_the_error_is_held_within_a_period_and_the_scatter_averages_out(truth, tags):
    tag = named(tags, "WT-331")
    real, read = truth.streams["hot_metal"].rate, read_steps(truth, tag, HONEST)
    relative = read / real - 1.0
    for first, last in zip(truth.edges[:-1], truth.edges[1:], strict=True):
        held = read[first:last].sum() / real[first:last].sum() - 1.0
        assert relative[first:last].std() == pytest.approx(0.5 * tag.sigma_relative, rel=0.2)
        assert relative[first:last].mean() == pytest.approx(held, abs=0.05 * tag.sigma_relative)


def test_the_planted_scale_reads_three_per_cent_more_all_month(truth, tags):
    scale = named(tags, "WT-214")
    assert PLANTED.bias == {"WT-214": 0.03}
    real = truth.streams["flotation_feed"].rate
    surplus = read_steps(truth, scale, PLANTED) - read_steps(truth, scale, HONEST)
    np.testing.assert_allclose(surplus, 0.03 * real, atol=1e-12)
    errors = period_errors(truth, scale, range(200), PLANTED)
    assert errors.mean() == pytest.approx(0.03, abs=4.0 * 0.01 / np.sqrt(errors.size))
    assert errors.std() == pytest.approx(0.01, rel=0.1)


def test_no_other_tag_is_touched_by_the_planted_fault(truth, tags):
    for tag in tags:
        if tag.source == "plant_historian" and tag.kind == "flow" and tag.tag != "WT-214":
            np.testing.assert_array_equal(read_steps(truth, tag, PLANTED), read_steps(truth, tag, HONEST))


def test_a_wet_scale_weighs_the_water_too(truth, tags):
    scale = replace(named(tags, "WT-111"), sigma_relative=0.0)
    wet = read_steps(truth, scale, HONEST)
    np.testing.assert_allclose(wet * (1.0 - truth.moisture["mill_feed"]), truth.streams["mill_feed"].rate, rtol=1e-12)
    assert wet.sum() / truth.streams["mill_feed"].rate.sum() == pytest.approx(1.0 / 0.97, rel=0.005)


def test_a_day_composite_is_weighted_by_what_flowed(truth, tags):
    assay = replace(named(tags, "LAB-FLF-Nd2O3"), sigma_relative=0.0)
    feed = truth.streams["flotation_feed"]
    day = slice(5 * 96, 6 * 96)
    expected = feed.of("Nd2O3")[day].sum() / feed.rate[day].sum()
    assert read_days(truth, assay, HONEST)[5] == pytest.approx(expected, rel=1e-12)


def test_an_assay_of_a_liquor_is_in_grams_per_litre(truth, tags):
    assay = replace(named(tags, "LAB-LLQ-CeO2"), sigma_relative=0.0)
    assert read_days(truth, assay, HONEST).mean() == pytest.approx(22.5, rel=0.05)


def test_a_running_signal_is_one_or_nought(truth, tags):
    read = read_steps(truth, named(tags, "XI-953"), HONEST)
    assert set(np.unique(read)) == {0.0, 1.0}


def test_a_stopped_belt_reads_nothing(truth, tags):
    standing = truth.streams["flotation_feed"].rate == 0.0
    assert standing.any()
    assert (read_steps(truth, named(tags, "WT-214"), PLANTED)[standing] == 0.0).all()


def test_an_instrument_the_plant_does_not_know_wanders_within_its_range(truth, tags):
    stranger = replace(named(tags, "TI-603"), tag="TI-699")
    read = read_steps(truth, stranger, HONEST)
    assert stranger.lo < read.min() < read.max() < stranger.hi


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"object": "nowhere"}, "no stream of this name: 'nowhere' .tag WT-331."),
        ({"kind": "colour"}, "holds no 'colour' .tag WT-331."),
        ({"object": "coke", "basis": "wet"}, "no wet stream of this name: 'coke'"),
    ],
)
def test_a_tag_of_something_that_is_not_there_is_refused(truth, tags, change, message):
    with pytest.raises(ProblemError, match=message):
        read_steps(truth, replace(named(tags, "WT-331"), **change), HONEST)


def test_an_assay_of_what_a_stream_does_not_carry_is_refused(truth, tags):
    with pytest.raises(ProblemError, match="hot_metal carries no CeO2"):
        read_days(truth, replace(named(tags, "LAB-HMT-P"), component="CeO2"), HONEST)
