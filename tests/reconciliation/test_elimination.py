"""The account without some readings, with better meters, and one meter after the other, against solving again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrolan.reconciliation.culprits import critical_values
from ferrolan.reconciliation.elimination import (
    LIMIT,
    NOTHING_LEFT,
    PASSES,
    SPENT,
    adjustment_covariance,
    compensate,
    eliminate,
    influence,
    variance_with_better_meters,
    without,
)
from ferrolan.reconciliation.hypotheses import Hypotheses, biases
from tests.reconciliation.dense import Account, flows, published, random_flows

PLANT = "alhajdibo_2008_mineral_plant"


def meters(account: Account) -> Hypotheses:
    return Hypotheses(account.vicinity, biases(account.network, account.evidence, account.rows))


def less(account: Account, tags: set[str]) -> Account:
    kept = tuple(reading for reading in account.network.readings if reading.tag not in tags)
    return Account(replace(account.network, readings=kept))


@given(st.integers(0, 10_000), st.sets(st.integers(0, 8), min_size=1, max_size=4))
@settings(max_examples=15, deadline=None)
def test_leaving_out_readings_is_solving_without_them(seed: int, out: set[int]) -> None:
    """Law 1, for sets; a set that spends redundancy nothing has counts as many degrees as it has independent ones."""
    account = Account(random_flows(np.random.default_rng(seed), 4, 9))
    left = without(account.vicinity, sorted(out), account.objective, account.degrees)
    again = less(account, {account.network.readings[i].tag for i in out})
    assert left.objective == pytest.approx(again.objective, abs=1e-6 * account.objective)
    assert left.degrees_of_freedom == again.degrees


def test_two_meters_that_close_a_cycle_cost_one_degree_of_freedom_only() -> None:
    """With the feed gone nothing checks the product any more: leaving it out as well changes nothing."""
    network = flows({"f": (None, "n"), "p": ("n", None)}, {"f": 10.0, "p": 12.0}, {"f": 1.0, "p": 1.0})
    account = Account(network)
    left = without(account.vicinity, [0, 1], account.objective, account.degrees)
    assert left.degrees_of_freedom == 0
    assert left.objective == pytest.approx(0.0, abs=1e-12)
    assert left.p_value == 1.0


@given(st.integers(0, 10_000), st.lists(st.floats(0.2, 5.0), min_size=2, max_size=2))
@settings(max_examples=15, deadline=None)
def test_better_meters_narrow_a_key_figure_as_solving_with_them_does(seed: int, ratios: list[float]) -> None:
    """Law 3: one low-rank formula."""
    network = random_flows(np.random.default_rng(seed), 4, 9)
    account = Account(network)
    figure = np.eye(9)[3] * account.scale
    moved, chosen = influence(account.vicinity, figure), np.array([1, 5])
    variance = float(figure @ account.response.inverse[:9, :9] @ figure)
    covariance = np.eye(2) - adjustment_covariance(account.vicinity, chosen)
    found = variance_with_better_meters(variance, moved[chosen], covariance, np.array(ratios))
    changed = list(network.readings)
    for number, ratio in zip(chosen.tolist(), ratios, strict=True):
        changed[number] = replace(changed[number], sigma=ratio * changed[number].sigma)
    again = Account(replace(network, readings=tuple(changed)))
    assert found == pytest.approx(float(again.response.inverse[3, 3]) * again.scale[3] ** 2, rel=1e-6)


def test_the_squared_influences_add_up_to_the_variance_of_the_figure() -> None:
    account = Account(published(PLANT))
    figure = np.eye(16)[8] * account.scale
    moved = influence(account.vicinity, figure)
    assert moved @ moved == pytest.approx(0.330265**2, rel=1e-5)  # sd of stream 9 as printed


def test_a_meter_that_nothing_replaces_leaves_the_figure_unknown() -> None:
    network = flows({"f": (None, "n"), "p": ("n", None)}, {"f": 10.0, "p": 12.0}, {"f": 1.0, "p": 1.0})
    account = Account(network)
    moved = influence(account.vicinity, np.array([1.0, 0.0]))
    covariance = np.eye(2) - adjustment_covariance(account.vicinity, np.array([0, 1]))
    assert variance_with_better_meters(0.5, moved, covariance, np.array([np.inf, np.inf])) == np.inf
    one = variance_with_better_meters(0.5, moved[:1], covariance[:1, :1], np.array([np.inf]))
    assert one == pytest.approx(1.0)


def test_serial_search_takes_the_published_path_and_says_that_the_global_test_stopped_it() -> None:
    account = Account(published(PLANT))
    found = meters(account)
    critical = critical_values(found)
    rows = [[i] for i in range(16)]
    for steps in (
        eliminate(found, rows, critical, account.objective, account.degrees),
        compensate(found, critical, account.objective, account.degrees),
    ):
        named = [found.labels[step.hypothesis].tag for step in steps if step.hypothesis is not None]
        assert named == ["s16", "s7", "s3"]
        assert [round(step.left.objective, 4) for step in steps[:3]] == [100.2843, 46.9982, 10.2211]
        assert [step.left.degrees_of_freedom for step in steps[:3]] == [8, 7, 6]
        assert [step.stopped for step in steps] == [None, None, None, PASSES]


def test_a_search_says_when_redundancy_is_spent() -> None:
    network = flows({"f": (None, "n"), "p": ("n", None)}, {"f": 10.0, "p": 22.0}, {"f": 1.0, "p": 1.0})
    account = Account(network)
    found = meters(account)
    steps = eliminate(found, [[0], [1]], critical_values(found), account.objective, account.degrees)
    assert steps[-1].stopped == SPENT
    assert steps[-1].left.degrees_of_freedom == 0


def test_a_search_says_when_it_fails_without_a_candidate_and_when_it_has_gone_far_enough() -> None:
    account = Account(published(PLANT))
    found = meters(account)
    none = compensate(found, np.full(16, 99.0), account.objective, account.degrees)
    assert [(step.number, step.stopped) for step in none] == [(1, NOTHING_LEFT)]
    short = compensate(found, critical_values(found), account.objective, account.degrees, most=1)
    assert short[-1].stopped == LIMIT


def test_all_readings_of_a_meter_leave_together() -> None:
    noise = np.random.default_rng(3)
    pipes = {"a": (None, "n1"), "b": ("n1", "n2"), "c": ("n2", None)}
    read = {name: 100.0 + noise.standard_normal(6) for name in pipes}
    read["b"] = read["b"] + 8.0
    account = Account(flows(pipes, read, dict.fromkeys(pipes, 1.0), periods=6))
    found = meters(account)
    rows = [np.flatnonzero(np.array(account.evidence.tags) == label.tag).tolist() for label in found.labels]
    steps = eliminate(found, rows, critical_values(found), account.objective, account.degrees)
    assert found.labels[steps[0].hypothesis].tag == "b"
    assert steps[0].left.objective == pytest.approx(less(account, {"b"}).objective)
    assert steps[0].left.degrees_of_freedom == less(account, {"b"}).degrees == 6
