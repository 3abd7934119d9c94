"""The search on its own: optimality, bounds, censored values, warm starts, what is said where it fails."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import optimize, special

from ferrolan.base.errors import NotConverged
from ferrolan.reconciliation import MASS, ErrorModel, Known, Network, Node, Reading, Stream, reconcile
from ferrolan.reconciliation.solution import Solution, solve
from ferrolan.testing.plants import plant


def made(seed: int, share: float, *, noise: int = 0) -> Network:
    generator = np.random.default_rng(seed)
    whole = plant(6, 14, 3, 2, generator)
    tags = whole.read(np.random.default_rng(seed), share=share)
    if not noise:
        return tags
    other = {(r.tag, r.period): r for r in whole.read(np.random.default_rng(noise), share=1.0).readings}
    return replace(tags, readings=tuple(other[r.tag, r.period] for r in tags.readings))


def slope(found: Solution) -> np.ndarray:
    """Slope of the Lagrangian in scaled variables."""
    gradient = found.evidence.gradient(found.values)
    jacobian = found.system.jacobian(found.values)
    return np.asarray(gradient + jacobian.T @ found.multipliers) * found.scale


@pytest.mark.parametrize(("seed", "share"), [(0, 1.0), (1, 0.8), (2, 0.6), (3, 0.5)])
def test_the_answer_is_stationary_and_its_multipliers_push_against_bounds(seed: int, share: float) -> None:
    found = solve(made(seed, share))
    rest = slope(found)
    inside = (found.held == 0) & (found.values > found.system.lower) & (found.values < found.system.upper)
    assert found.status == "optimal"
    assert np.max(np.abs(rest[inside])) < 1e-6
    assert np.all(rest[found.held < 0] > -1e-6)
    assert np.all(rest[found.held > 0] < 1e-6)


def test_a_value_below_its_detection_limit_counts_by_its_probability() -> None:
    """Oracle: one balance, two good meters and a third that only said "less than 5"; scipy on one variable."""
    streams = (Stream("in", None, "n"), Stream("out", "n", None))
    readings = (
        Reading("flow", "in", None, 0, 6.0, 1.0, "in"),
        Reading("flow", "out", None, 0, 5.0, 1.5, "out", below=True),
    )
    result = reconcile(Network(streams, (Node("n", (MASS,)),), (), (1.0,), readings))

    def half(x: float) -> float:
        return 0.5 * (x - 6.0) ** 2 - float(special.log_ndtr((5.0 - x) / 1.5))

    best = optimize.minimize_scalar(half, bounds=(0.0, 10.0), method="bounded", options={"xatol": 1e-12})
    assert result.values == pytest.approx([best.x, best.x], abs=1e-6)
    assert result.objective == pytest.approx(2.0 * best.fun, rel=1e-9)


def test_sigma_is_taken_at_the_reconciled_value_and_both_objectives_are_told() -> None:
    streams = (Stream("in", None, "n"), Stream("out", "n", None))
    model = ErrorModel(relative=0.1)
    readings = tuple(
        Reading("flow", name, None, 0, value, 0.1 * value, name, model=model)
        for name, value in (("in", 80.0), ("out", 120.0))
    )
    result = reconcile(Network(streams, (Node("n", (MASS,)),), (), (1.0,), readings))
    low = (80.0 / 64.0 + 120.0 / 144.0) / (1.0 / 64.0 + 1.0 / 144.0)
    assert result.solution.values_at_stated[0] == pytest.approx(low)
    assert result.values == pytest.approx([100.0, 100.0])
    assert result.objective == pytest.approx(8.0)
    assert result.objective_at_stated == pytest.approx(((low - 80.0) / 8.0) ** 2 + ((low - 120.0) / 12.0) ** 2)


def test_an_exact_value_is_never_released() -> None:
    streams = (Stream("in", None, "n"), Stream("out", "n", None), Stream("spill", "n", None))
    readings = tuple(Reading("flow", n, None, 0, v, 1.0, n) for n, v in (("in", 10.0), ("out", 12.0)))
    network = Network(streams, (Node("n", (MASS,)),), (), (1.0,), readings, known=(Known("flow", "spill", None, 3.0),))
    assert solve(network).values == pytest.approx([12.5, 9.5, 3.0])


@pytest.mark.parametrize(("seed", "share"), [(1, 1.0), (4, 1.0), (5, 0.9)])
def test_a_warm_start_finds_the_same_answer_in_no_more_steps(seed: int, share: float) -> None:
    yesterday, today = solve(made(seed, share)), made(seed, share, noise=99)
    cold, warm = solve(today), solve(today, start=yesterday)
    assert warm.objective == pytest.approx(cold.objective, rel=1e-8)
    assert warm.iterations <= cold.iterations
    assert warm.system is yesterday.system


def test_a_warm_start_from_another_plant_is_only_a_start() -> None:
    network, other = made(1, 1.0), made(2, 1.0)
    assert solve(network, start=solve(other)).objective == pytest.approx(solve(network).objective, rel=1e-8)


def test_a_search_that_fails_names_its_last_values_and_the_most_open_balance() -> None:
    with pytest.raises(NotConverged, match="balance of `n") as caught:
        solve(made(1, 0.6), max_iterations=1)
    assert caught.value.last_iterate["flow", "s0", None, 0] > 0.0
    assert caught.value.residual > 0.0


@pytest.mark.parametrize("seed", range(4))
def test_a_repeated_reading_of_no_error_changes_nothing(seed: int) -> None:
    """A second meter that reads what was reconciled."""
    network = made(seed, 1.0)
    once = solve(network)
    read = network.readings[0]
    value = float(once.values[once.system.index[read.kind, read.object, read.component, read.period]])
    twice = solve(replace(network, readings=(*network.readings, replace(read, value=value, tag="second"))))
    assert twice.values == pytest.approx(once.values, rel=1e-7, abs=1e-12)
    assert twice.objective == pytest.approx(once.objective, rel=1e-9)


@pytest.mark.parametrize("seed", range(12))
def test_plants_of_which_little_is_read_are_solved(seed: int) -> None:
    generator = np.random.default_rng(seed)
    network = plant(8, 18, 3, 3, generator).read(generator, share=0.4)
    found = solve(network)
    assert np.max(np.abs(found.system.residual(found.values)) / found.row_scale) < 1e-7
    assert found.kkt_residual <= 1e-6
