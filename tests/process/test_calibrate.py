"""Calibration: a planted truth comes back within what it says, and without information the prior does."""

from __future__ import annotations

import numpy as np
import pytest

from ferrolan.base.errors import ProblemError
from ferrolan.base.schema import read
from ferrolan.process.calibrate import Calibrated, Observation, calibrate, figure
from ferrolan.process.operation import solve
from ferrolan.process.parameters import with_parameters
from ferrolan.process.units import flotation

from .units.rare_earth_examples import CELLS, ORE

SEEN = (
    Observation("concentrate", "REO", "feed"),
    Observation("concentrate", "SiO2", "feed"),
    Observation("concentrate", None, "feed"),
    Observation("concentrate", "P", "feed"),
)
PRIOR = {"floats.bastnaesite.rate": 4.0, "entrained": 0.02}


def cells() -> flotation.FlotationSpec:
    spec, problems = read(flotation.FlotationSpec, CELLS)
    assert spec is not None, problems
    return spec


def seen_with(values: dict[str, float]) -> np.ndarray:
    solved = solve(flotation.KIND, with_parameters(cells(), values), {"feed": ORE})
    return np.array([figure(solved, observation) for observation in SEEN])


def covariance() -> np.ndarray:
    """Errors of 1 % each, and 1 % of the feed's scale that all of them share."""
    base = seen_with({})
    return np.diag((0.01 * base) ** 2) + np.outer(0.01 * base, 0.01 * base)


def fitted(values: np.ndarray, spread: np.ndarray, prior: dict[str, float] = PRIOR) -> Calibrated:
    return calibrate(flotation.KIND, cells(), SEEN, values, spread, {"feed": ORE}, prior)


def test_a_planted_truth_without_noise_and_with_a_wide_prior_comes_back() -> None:
    truth = {"floats.bastnaesite.rate": 17.0, "entrained": 0.05}
    found = fitted(seen_with(truth), covariance() * 1e-8, dict.fromkeys(PRIOR, 10.0) | {"entrained": 0.5})
    assert found.parameters == pytest.approx(truth, rel=1e-4)
    assert found.chi2 < 1e-2
    assert found.unseen == ()
    assert with_parameters(cells(), found.parameters) == found.spec


def test_the_stated_intervals_cover_the_truth_as_often_as_they_say() -> None:
    """Truth drawn from the prior, noise from the covariance: (p - t)' V^-1 (p - t) has two degrees of freedom."""
    rng = np.random.default_rng(3)
    spread, inside, distances = covariance(), 0, []
    root = np.linalg.cholesky(spread)
    for _ in range(60):
        truth = {
            "floats.bastnaesite.rate": 14.0 + 4.0 * float(np.clip(rng.standard_normal(), -2.5, 2.5)),
            "entrained": 0.04 + 0.02 * float(np.clip(rng.standard_normal(), -1.5, 2.5)),
        }
        found = fitted(seen_with(truth) + root @ rng.standard_normal(len(SEEN)), spread)
        missed = found.values - np.array(list(truth.values()))
        inside += int((np.abs(missed) <= 1.96 * found.sd).sum())
        distances.append(float(missed @ np.linalg.solve(found.covariance, missed)))
    assert 108 <= inside <= 120  # of 120, of which 95 % are 114
    assert 1.2 <= np.mean(distances) <= 2.8


def test_without_information_the_prior_comes_back_and_is_named() -> None:
    found = fitted(seen_with({"floats.bastnaesite.rate": 17.0}), covariance() * 1e12)
    assert found.parameters == pytest.approx({"floats.bastnaesite.rate": 14.0, "entrained": 0.04}, rel=1e-3)
    assert found.unseen == tuple(PRIOR)
    assert found.sd == pytest.approx(list(PRIOR.values()), rel=1e-3)


def test_a_parameter_that_moves_nothing_seen_is_named_and_the_others_are_fitted() -> None:
    found = fitted(seen_with({"entrained": 0.05}), covariance(), {"entrained": 0.02, "power": 0.002})
    assert found.unseen == ("power",)
    assert found.parameters["power"] == pytest.approx(cells().power.value)
    assert found.parameters["entrained"] == pytest.approx(0.05, abs=2 * found.sd[0])


def test_observations_that_say_the_same_count_once() -> None:
    spread = covariance()
    twice = calibrate(
        flotation.KIND, cells(), (*SEEN, SEEN[0]), np.append(seen_with({}), seen_with({})[0]),
        np.block([[spread, spread[:, :1]], [spread[:1, :], spread[:1, :1]]]), {"feed": ORE}, PRIOR,
    )  # fmt: skip
    assert twice.sd == pytest.approx(fitted(seen_with({}), spread).sd, rel=1e-6)


def test_errors_that_hang_together_are_not_counted_as_independent() -> None:
    shared = covariance()
    apart = np.diag(np.diag(shared))
    assert not np.allclose(fitted(seen_with({}), shared).sd, fitted(seen_with({}), apart).sd, rtol=0.05)


def test_a_fit_that_runs_into_a_bound_says_so() -> None:
    values = seen_with({"entrained": 0.0}) - np.array([0.0, 0.02, 0.0, 0.02])
    found = fitted(values, np.diag([1.0, 1e-4, 1.0, 1e-4]) ** 2, {"entrained": 0.5})
    assert found.at_bound == ("entrained",)
    assert found.chi2 > found.expected


def test_states_power_and_reagents_are_observations_too() -> None:
    solved = solve(flotation.KIND, cells(), {"feed": ORE})
    assert figure(solved, Observation(state="mass pull")) == solved.states["mass pull"].value
    assert figure(solved, Observation()) == solved.power
    assert figure(solved, Observation(per="feed")) == pytest.approx(cells().power.value)
    assert figure(solved, Observation(drawn="collector", per="feed")) == pytest.approx(0.002)
    with pytest.raises(ProblemError, match="no state 'mass pul'. Did you mean 'mass pull'"):
        figure(solved, Observation(state="mass pul"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prior_sd": {"entraned": 0.1}}, "no parameter 'entraned'. Did you mean 'entrained'"),
        ({"prior_sd": {"entrained": 0.0}}, "expected one above 0"),
        ({"covariance": np.eye(3)}, "expected a finite covariance of 4 by 4"),
        ({"covariance": np.zeros((4, 4))}, "every observation needs a variance above 0"),
        ({"covariance": np.eye(4) + np.triu(np.ones((4, 4)), 1)}, "not symmetric"),
        ({"covariance": 3.0 * np.ones((4, 4)) - 2.5 * np.eye(4)}, "negative direction"),
        ({"values": [1.0, np.nan, 1.0, 1.0]}, "finite observed values"),
        ({"observations": (*SEEN[:3], Observation("concentrat"))}, "no outlet 'concentrat'"),
        ({"observations": (*SEEN[:3], Observation("tails", "Hg", "feed"))}, "Hg"),
    ],
)
def test_what_cannot_be_fitted_is_refused(change: dict[str, object], message: str) -> None:
    arguments = {"observations": SEEN, "values": seen_with({}), "covariance": covariance(), "prior_sd": PRIOR}
    with pytest.raises(ProblemError, match=message):
        calibrate(flotation.KIND, cells(), inlets={"feed": ORE}, **{**arguments, **change})  # type: ignore[arg-type]


def test_observations_that_no_parameter_explains_do_not_fit_and_nothing_that_moved_is_called_unseen() -> None:
    found = fitted(5.0 * seen_with({}), covariance())
    assert not found.fits and found.probability < 1e-6
    moved = np.abs(found.values - found.prior) / found.prior_sd
    assert all(move <= 0.1 for name, move in zip(found.names, moved, strict=True) if name in found.unseen)
    assert fitted(seen_with({}), covariance()).fits


def test_no_parameter_is_no_fit() -> None:
    with pytest.raises(ProblemError, match="no parameter to fit"):
        fitted(seen_with({}), covariance(), {})
