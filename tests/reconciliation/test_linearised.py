"""The covariance of an account against dense inverses, for every kind of evidence."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ferrolan.reconciliation import (
    MASS,
    Correlation,
    Network,
    Node,
    Reading,
    Reconciled,
    SharedError,
    Stream,
    reconcile,
)
from ferrolan.reconciliation.linearised import Linearisation
from ferrolan.testing.plants import plant

Dense = NDArray[np.float64]

STREAMS = (Stream("feed", None, "mill"), Stream("sand", "mill", None), Stream("slime", "mill", None))
FLOWS = {"feed": (100.0, 2.0), "sand": (61.0, 1.0), "slime": (37.0, 1.5)}


def network(**changed: object) -> Network:
    readings = tuple(Reading("flow", name, None, 0, value, sigma, name) for name, (value, sigma) in FLOWS.items())
    parts: dict[str, object] = {"readings": readings} | changed
    return Network(STREAMS, (Node("mill", (MASS,)),), (), (1.0,), **parts)  # type: ignore[arg-type]


def linearisation(result: Reconciled) -> Linearisation:
    return result._linearisation


def dense(result: Reconciled) -> tuple[Dense, Dense]:
    """Whole inverse of [[W, A'], [A, 0]] in scaled variables, and the whitened rows of the evidence."""
    system, evidence, z = result._scaled
    weight, jacobian = evidence.weight(z).toarray(), system.jacobian(z).toarray()
    rows = len(jacobian)
    whole = np.linalg.inv(np.block([[weight, jacobian.T], [jacobian, np.zeros((rows, rows))]]))
    return whole, evidence.matrix.toarray()


def random_account(seed: int, share: float) -> Reconciled:
    """A random account of which everything is observable and nothing held."""
    generator = np.random.default_rng(seed)
    return reconcile(plant(4, 9, 2, 2, generator).read(generator, share=share))


@pytest.mark.parametrize("seed", range(6))
def test_all_variances_are_those_of_the_dense_inverse(seed: int) -> None:
    result = random_account(seed, 1.0)
    whole, matrix = dense(result)
    found, count = linearisation(result), len(result.values)
    inner = whole[:count, :count]
    assert found.variances() == pytest.approx(np.diag(inner), rel=1e-6, abs=1e-9)
    assert found.reading_variances() == pytest.approx(np.diag(matrix @ inner @ matrix.T), rel=1e-6, abs=1e-9)
    assert found.multiplier_variances() == pytest.approx(-np.diag(whole)[count:], rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_solves_are_those_of_the_dense_inverse_for_leaks_too(seed: int) -> None:
    result = random_account(seed, 1.0)
    whole, _ = dense(result)
    count, rows = len(result.values), len(whole) - len(result.values)
    generator = np.random.default_rng(seed)
    top, bottom = generator.standard_normal((count, 3)), generator.standard_normal((rows, 3))
    x, multipliers = linearisation(result).solve(top, bottom)
    expected = whole @ np.concatenate([top, bottom])
    assert x == pytest.approx(expected[:count], rel=1e-7, abs=1e-9)
    assert multipliers == pytest.approx(expected[count:], rel=1e-7, abs=1e-9)


def test_a_shared_error_is_a_dense_covariance_written_sparsely() -> None:
    """Oracle: x = y - S A' (A S A')^-1 A y with S = diag(sigma^2) + tau^2 a a'."""
    shared = (SharedError("scale", 0.02),)
    readings = tuple(
        Reading("flow", n, None, 0, value, sigma, n, shares=(("scale", value),) if n != "slime" else ())
        for n, (value, sigma) in FLOWS.items()
    )
    result = reconcile(network(readings=readings, shared=shared))
    y, sigma = (np.array(part) for part in zip(*FLOWS.values(), strict=True))
    load = np.array([100.0, 61.0, 0.0])
    assert_account(result, y, np.diag(sigma**2) + 0.02**2 * np.outer(load, load))


def test_correlated_errors_are_a_dense_covariance() -> None:
    result = reconcile(network(correlations=(Correlation("feed", "sand", 0.7),)))
    y, sigma = (np.array(part) for part in zip(*FLOWS.values(), strict=True))
    correlation = np.array([[1.0, 0.7, 0.0], [0.7, 1.0, 0.0], [0.0, 0.0, 1.0]])
    assert_account(result, y, correlation * np.outer(sigma, sigma))


def assert_account(result: Reconciled, y: Dense, covariance: Dense) -> None:
    balance = np.array([[1.0, -1.0, -1.0]])
    gain = covariance @ balance.T @ np.linalg.inv(balance @ covariance @ balance.T)
    assert result.values[:3] == pytest.approx(y - (gain @ balance @ y), rel=1e-9)
    left = covariance - gain @ balance @ covariance
    assert result.covariance_of(np.eye(len(result.values)))[:3, :3] == pytest.approx(left, rel=1e-7)
    assert result.account["sd"].to_numpy()[:3] == pytest.approx(np.sqrt(np.diag(left)), rel=1e-6)
    misfit = (balance @ y) @ np.linalg.inv(balance @ covariance @ balance.T) @ (balance @ y)
    assert result.objective == pytest.approx(float(misfit), rel=1e-9)


def test_an_earlier_pattern_changes_nothing() -> None:
    one = random_account(2, 0.8)
    system, evidence, z = one._scaled
    first = Linearisation(system, evidence, z, one.solvability)
    again = Linearisation(system, evidence, z, one.solvability, pattern=first.pattern)
    assert again.pattern is first.pattern
    assert again.variances() == pytest.approx(first.variances(), rel=1e-12)
