"""What the meters say: whitened rows, shared errors, correlations, values below detection."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ferrolan.reconciliation import MASS, Correlation, ErrorModel, Known, Network, Node, Reading, SharedError, Stream
from ferrolan.reconciliation.equations import equations
from ferrolan.reconciliation.evidence import LEAST_SHARE, Evidence, evidence

STREAMS = (Stream("feed", None, "mill"), Stream("ground", "mill", None))
FEED, GROUND = Reading("flow", "feed", None, 0, 100.0, 2.0, "W1"), Reading("flow", "ground", None, 0, 103.0, 3.0, "W2")


def network(*readings: Reading, **more: object) -> Network:
    given = {"hours": (24.0, 24.0), "components": ()} | more
    return Network(streams=STREAMS, nodes=(Node("mill", (MASS,)),), readings=readings, **given)  # type: ignore[arg-type]


def read(*readings: Reading, **more: object) -> tuple[Evidence, dict[tuple[str, str, str | None, int], int]]:
    made = network(*readings, **more)
    system = equations(made)
    return evidence(made, system), dict(system.index)


def test_two_meters_of_one_flow_are_two_rows() -> None:
    found, index = read(FEED, replace(FEED, tag="W1b", value=104.0, sigma=4.0))
    assert found.matrix[:, [index["flow", "feed", None, 0]]].toarray().ravel().tolist() == [0.5, 0.25]
    assert found.target.tolist() == [50.0, 26.0]
    assert found.weight().diagonal()[index["flow", "feed", None, 0]] == pytest.approx(1 / 4 + 1 / 16)
    assert found.measured.sum() == 1


def test_a_shared_error_stands_in_every_row_that_shares_it_and_in_its_prior() -> None:
    shares = (("belt", 2.0),)
    found, index = read(
        replace(FEED, shares=shares),
        replace(FEED, period=1, shares=shares),
        GROUND,
        shared=(SharedError("belt", 0.5),),
    )
    latent = index["shared", "belt", None, 0]
    assert found.matrix[:, [latent]].toarray().ravel().tolist() == [1.0, 1.0, 0.0, 2.0]
    assert found.tags[-1] == "belt" and found.reading.tolist() == [0, 1, 2, -1]
    assert found.measured[latent] and found.place[-1] == latent
    # the marginal covariance of the readings is diag(sigma^2) + tau^2 a a'
    others = np.array(
        [index["flow", "feed", None, 0], index["flow", "feed", None, 1], index["flow", "ground", None, 0]]
    )
    weight = found.weight().toarray()
    schur = (
        weight[np.ix_(others, others)]
        - np.outer(weight[others, latent], weight[others, latent]) / weight[latent, latent]
    )
    assert np.linalg.inv(schur) == pytest.approx(np.diag([4.0, 4.0, 9.0]) + np.outer([1, 1, 0], [1, 1, 0]))


def test_an_error_of_a_period_is_one_of_each_period() -> None:
    shares = (("lab", 1.0),)
    found, index = read(
        replace(FEED, shares=shares),
        replace(FEED, period=1, shares=shares),
        shared=(SharedError("lab", 1.0, "period"),),
    )
    places = [index["shared", "lab", None, p] for p in (0, 1)]
    assert found.matrix[:, places].toarray().tolist() == [[0.5, 0.0], [0.0, 0.5], [1.0, 0.0], [0.0, 1.0]]


@settings(max_examples=25, deadline=None)
@given(st.floats(-0.95, 0.95), st.floats(0.1, 10.0), st.floats(0.1, 10.0))
def test_correlated_readings_are_weighted_by_the_inverse_of_their_covariance(
    r: float, one: float, other: float
) -> None:
    found, index = read(
        replace(FEED, sigma=one), replace(GROUND, sigma=other), correlations=(Correlation("W1", "W2", r),)
    )
    places = [index["flow", "feed", None, 0], index["flow", "ground", None, 0]]
    covariance = np.array([[one**2, r * one * other], [r * one * other, other**2]])
    assert found.weight().toarray()[np.ix_(places, places)] == pytest.approx(np.linalg.inv(covariance), rel=1e-9)
    truth = np.zeros(found.count)
    truth[places] = 90.0, 95.0
    off = np.array([10.0, 8.0])
    assert found.value(truth) == pytest.approx(0.5 * off @ np.linalg.solve(covariance, off))


def test_a_correlation_holds_where_both_were_read() -> None:
    alone = replace(FEED, period=1)
    found, _ = read(FEED, GROUND, alone, correlations=(Correlation("W1", "W2", 0.5),))
    assert found.whitening.toarray()[2].tolist() == [0.0, 0.0, 0.5]
    assert found.whitening[1, 0] != 0.0


def test_a_bias_goes_through_the_whitening() -> None:
    found, _ = read(FEED, GROUND, replace(FEED, period=1), correlations=(Correlation("W1", "W2", 0.5),))
    biased, _ = read(
        replace(FEED, value=200.0),
        GROUND,
        replace(FEED, period=1, value=200.0),
        correlations=(Correlation("W1", "W2", 0.5),),
    )
    assert found.directions("W1").toarray().ravel() == pytest.approx(biased.target - found.target)
    both = found.directions(("W2", "W1"), relative=False).toarray()
    assert both[:, 1] == pytest.approx(found.directions("W1").toarray().ravel() / 100.0)
    assert both.shape == (3, 2)


BELOW = replace(FEED, below=True, value=1.5, sigma=0.5)


@settings(max_examples=50, deadline=None)
@given(st.floats(-20.0, 40.0), st.floats(0.0, 5.0), st.floats(0.05, 3.0))
def test_censored_slope_and_curvature_are_derivatives(x: float, limit: float, sigma: float) -> None:
    found, index = read(replace(BELOW, value=limit, sigma=sigma), GROUND)
    place, step = index["flow", "feed", None, 0], 1e-4 * sigma
    z = np.zeros(found.count)
    z[place] = x
    unit = np.eye(found.count)[place]
    slope = (found.value(z + step * unit) - found.value(z - step * unit)) / (2 * step)
    bend = (found.gradient(z + step * unit) - found.gradient(z - step * unit))[place] / (2 * step)
    size = 1.0 + abs((x - limit) / sigma)
    assert found.gradient(z)[place] == pytest.approx(slope, rel=1e-5, abs=1e-6 * size**2 / sigma)
    assert found.censored_curvature(z)[0] == pytest.approx(bend, rel=1e-5, abs=1e-6 * size / sigma**2)
    rows, columns, values = found.weight_entries(z)
    assert values[(rows == place) & (columns == place)].sum() == found.censored_curvature(z)[0]


@pytest.mark.parametrize("far", [-1e3, -40.0, 40.0, 1e3, 1e6])
def test_censored_terms_stay_finite_far_away(far: float) -> None:
    found, index = read(BELOW, GROUND)
    z = np.zeros(found.count)
    z[index["flow", "feed", None, 0]] = far
    margin = (far - 1.5) / 0.5
    assert np.isfinite(found.value(z)) and np.isfinite(found.gradient(z)).all()
    slope = found.gradient(z)[index["flow", "feed", None, 0]]
    assert slope == pytest.approx(margin / 0.5 if margin > 0 else 0.0, rel=1e-3, abs=1e-12)
    assert 0.0 <= found.censored_curvature(z)[0] <= 4.0


def test_a_value_below_detection_has_the_likelihood_of_the_normal_tail() -> None:
    found, index = read(BELOW, GROUND)
    z = np.zeros(found.count)
    z[index["flow", "feed", None, 0]], z[index["flow", "ground", None, 0]] = 1.0, 103.0
    assert found.value(z) == pytest.approx(-stats.norm.logcdf((1.5 - 1.0) / 0.5))
    assert not found.measured[index["flow", "feed", None, 0]]


def test_a_model_is_evaluated_at_the_values() -> None:
    made = network(replace(FEED, model=ErrorModel(fixed=1.0, relative=0.01)), GROUND)
    system = equations(made)
    values = np.full(len(system.keys), np.nan)
    assert evidence(made, system, values).sigma.tolist() == [2.0, 3.0]
    values[system.index["flow", "feed", None, 0]] = 50.0
    assert evidence(made, system, values).sigma.tolist() == [1.5, 3.0]


def test_a_relative_model_does_not_vanish_at_zero() -> None:
    made = network(replace(FEED, model=ErrorModel(relative=0.02)))
    system = equations(made)
    assert evidence(made, system, np.zeros(len(system.keys))).sigma.tolist() == [LEAST_SHARE * 2.0]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_a_change_of_scale_changes_nothing(seed: int) -> None:
    draw = np.random.default_rng(seed)
    found, _ = read(GROUND, BELOW, replace(GROUND, period=1), correlations=())
    scale, z = draw.uniform(0.1, 10.0, found.count), draw.uniform(0.0, 100.0, found.count)
    scaled = found.scaled(scale)
    assert scaled.value(z / scale) == pytest.approx(found.value(z))
    assert scaled.gradient(z / scale) == pytest.approx(found.gradient(z) * scale)
    assert scaled.widened(found.count + 2).gradient(np.append(z / scale, [0.0, 0.0]))[-2:].tolist() == [0.0, 0.0]


def test_an_assay_of_a_stream_that_stood_still_is_set_aside() -> None:
    lab = Reading("assay", "feed", "Fe", 0, 0.3, 0.01, "L1")
    still = replace(FEED, value=0.0)
    for made in (
        network(still, lab, replace(lab, period=1), components=("Fe",)),
        network(GROUND, lab, replace(lab, period=1), components=("Fe",), known=(Known("flow", "feed", None, 0.0, 0),)),
    ):
        assert made.set_aside == {1}
        assert made.remarks == (
            "`L1`, period 0: set aside, for the flow of `feed` is 0 and what does not flow has no composition",
        )
        assert evidence(made, equations(made)).reading.tolist() == [0, 2]
