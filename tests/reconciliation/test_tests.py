"""Critical values, levels, and which of many stand out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ferrolan.reconciliation.tests import (
    benjamini_hochberg,
    global_test,
    largest_of,
    sidak_critical,
    split_level,
    vdi_2048_quality,
)


def test_the_global_test_is_chi_square() -> None:
    found = global_test(16.6742, 4)
    assert found.critical == pytest.approx(9.4877, abs=5e-5)
    assert found.p_value == pytest.approx(stats.chi2.sf(16.6742, 4))
    assert found.passed is False
    assert global_test(0.0, 0).passed is None


@pytest.mark.parametrize("count", [1, 7, 400])
def test_sidak_holds_the_level_for_independent_tests(count: int) -> None:
    single = 2.0 * stats.norm.sf(sidak_critical(count, 0.05))
    assert 1.0 - (1.0 - single) ** count == pytest.approx(0.05)


@pytest.mark.parametrize("families", [1, 2, 5])
def test_families_together_hold_the_level(families: int) -> None:
    assert 1.0 - (1.0 - split_level(families)) ** families == pytest.approx(0.05)


def test_sidak_is_on_the_safe_side_for_correlated_tests() -> None:
    generator = np.random.default_rng(1)
    common = generator.standard_normal((20_000, 1))
    z = np.sqrt(0.7) * common + np.sqrt(0.3) * generator.standard_normal((20_000, 12))
    assert np.mean(np.max(np.abs(z), axis=1) > sidak_critical(12)) < 0.05


def test_benjamini_hochberg_names_the_published_hypotheses() -> None:
    """The example of the paper: fifteen p-values, four stand out at 5 %."""
    p = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.759,
        1,
    ]
    assert int(benjamini_hochberg(np.array(p)).sum()) == 4


def test_benjamini_hochberg_keeps_the_share_of_false_names() -> None:
    generator = np.random.default_rng(2)
    shares = []
    for _ in range(400):
        z = generator.standard_normal(100)
        z[:20] += 4.0
        named = benjamini_hochberg(2.0 * stats.norm.sf(np.abs(z)))
        shares.append(named[20:].sum() / max(named.sum(), 1))
    assert np.mean(shares) < 0.05
    assert not benjamini_hochberg(np.array([np.nan, 0.9])).any()


def test_nothing_testable_has_nothing_to_pass() -> None:
    found = largest_of("bias", np.array([np.nan]))
    assert (found.df, found.passed, found.p_value) == (0, None, 1.0)


def test_the_vdi_floor_keeps_a_meter_that_is_hardly_checked_from_being_accused() -> None:
    assert vdi_2048_quality(np.array([0.3]), np.array([0.9999]))[0] < 1.0
    assert vdi_2048_quality(np.array([2.0]), np.array([0.0]))[0] > 1.0
