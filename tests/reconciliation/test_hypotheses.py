"""Biases, offsets, outliers, leaks and shared errors: likelihood ratios against solving again with each left free."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrolan.reconciliation import MASS, Network, Node, Reading, SharedError, Stream
from ferrolan.reconciliation.hypotheses import EXACT, Hypotheses, biases, leaks, outliers, shared
from tests.reconciliation.dense import Account, flows, published, random_flows

BYPASS = "narasimhan_jordache_2000_hx_bypass_bias2"


def both(account: Account) -> Hypotheses:
    values = account.z * account.scale
    patterns = biases(account.network, account.evidence, account.rows)
    patterns += leaks(account.network, account.system, values, account.row_scale, len(account.evidence.target))
    return Hypotheses(account.vicinity, patterns)


def named(hypotheses: Hypotheses) -> dict[str, int]:
    return {label.tag or f"leak of {label.object}": i for i, label in enumerate(hypotheses.labels)}


def with_leak(network: Network, node: str) -> Network:
    """One more stream that leaves the node unread; both directions, for the dense account knows no bound."""
    return replace(network, streams=(*network.streams, Stream("leak", node, None)))


@pytest.mark.parametrize("node", ["n1", "n2", "n3", "n4"])
def test_what_a_leak_explains_is_the_fall_of_the_objective_with_a_stream_that_nobody_reads(node: str) -> None:
    account = Account(published(BYPASS))
    hypotheses = both(account)
    number = named(hypotheses)[f"leak of {node}"]
    freed = Account(with_leak(account.network, node))
    assert hypotheses.statistics[number] == pytest.approx(account.objective - freed.objective, abs=1e-9)
    assert hypotheses.sizes([number])[0][0] == pytest.approx((freed.z * freed.scale)[-1], abs=1e-9)


@given(st.integers(0, 10_000), st.integers(2, 6), st.integers(7, 14))
@settings(max_examples=12, deadline=None)
def test_what_a_bias_explains_is_the_fall_of_the_objective_without_the_meter(
    seed: int, nodes: int, streams: int
) -> None:
    account = Account(random_flows(np.random.default_rng(seed), nodes, streams))
    hypotheses = both(account)
    for reading in account.network.readings[:4]:
        others = tuple(r for r in account.network.readings if r.tag != reading.tag)
        without = Account(replace(account.network, readings=others)).objective
        number = named(hypotheses)[reading.tag]
        fall = hypotheses.statistics[number] if hypotheses.testable[number] else 0.0
        assert fall == pytest.approx(account.objective - without, abs=1e-6 * account.objective)


@given(st.integers(0, 10_000))
@settings(max_examples=8, deadline=None)
def test_any_two_together_explain_what_solving_with_both_left_free_does(seed: int) -> None:
    account = Account(random_flows(np.random.default_rng(seed), 4, 9))
    hypotheses = both(account)
    places = named(hypotheses)
    chosen = [places["s1"], places["leak of n2"]]
    freed = with_leak(
        replace(account.network, readings=tuple(r for r in account.network.readings if r.tag != "s1")), "n2"
    )
    assert hypotheses.explained(chosen) == pytest.approx(account.objective - Account(freed).objective, abs=1e-6)
    alone, after = hypotheses.conditional(chosen[:1])[chosen[1]], hypotheses.explained(chosen)
    assert after - hypotheses.explained(chosen[:1]) == pytest.approx(alone, abs=1e-6)


@given(st.integers(0, 10_000))
@settings(max_examples=8, deadline=None)
def test_order_of_streams_and_unit_of_flow_change_no_statistic(seed: int) -> None:
    network = random_flows(np.random.default_rng(seed), 4, 9)
    account = both(Account(network))
    kilograms = tuple(replace(r, value=1e3 * r.value, sigma=1e3 * r.sigma) for r in network.readings[::-1])
    other = both(Account(replace(network, readings=kilograms, streams=network.streams[::-1])))
    first, second = named(account), named(other)
    for name, number in first.items():
        assert np.nan_to_num(other.statistics[second[name]]) == pytest.approx(
            np.nan_to_num(account.statistics[number]), rel=1e-5, abs=1e-5
        )


def test_a_bias_on_a_feed_is_parallel_to_the_leak_at_its_node() -> None:
    hypotheses = both(Account(published(BYPASS)))
    places, classes = named(hypotheses), hypotheses.parallel_classes()
    assert classes[places["s1"]] == classes[places["leak of n1"]]
    assert classes[places["s6"]] == classes[places["leak of n4"]]
    assert classes[places["s2"]] != classes[places["leak of n2"]]
    assert hypotheses.cosines(places["s2"])[places["leak of n2"]] == pytest.approx(0.612, abs=5e-4)
    assert hypotheses.distinct({"bias", "leak"}) == 8


def line(periods: int, generator: np.random.Generator) -> Network:
    pipes = {"a": (None, "n1"), "b": ("n1", "n2"), "c": ("n2", "n3"), "d": ("n3", None), "e": ("n3", "n1")}
    truth = {"a": 80.0, "b": 100.0, "c": 100.0, "d": 80.0, "e": 20.0}
    noise = {name: true * (1.0 + 0.01 * generator.standard_normal(periods)) for name, true in truth.items()}
    return flows(pipes, noise, {name: 0.01 * true for name, true in truth.items()}, periods=periods)


def test_of_many_readings_sizes_are_estimated_and_those_of_candidates_exact() -> None:
    account = Account(line(30, np.random.default_rng(0)))
    assert len(account.network.readings) > EXACT
    hypotheses = both(account)
    rough = hypotheses.gram.copy()
    assert not any(hypotheses.exact(i) for i in range(len(hypotheses)))
    hypotheses.refine(range(len(hypotheses)))
    whole = hypotheses.block(range(len(hypotheses)))
    np.testing.assert_allclose(np.diag(whole), hypotheses.gram)
    assert np.all(np.abs(rough / hypotheses.gram - 1.0) < 5 * np.sqrt(2 / 64))
    direction = np.array([[r.value / r.sigma if r.tag == "b" else 0.0] for r in account.network.readings])
    moved = account.response.solve(account.evidence.matrix.T @ direction, np.zeros((account.rows, 1)))[0]
    exact = float((direction.T @ (direction - account.evidence.matrix @ moved))[0, 0])
    assert hypotheses.gram[named(hypotheses)["b"]] == pytest.approx(exact, rel=1e-9)


def test_an_outlier_in_one_period_is_the_square_of_the_measurement_test() -> None:
    account = Account(line(4, np.random.default_rng(1)))
    found = Hypotheses(account.vicinity, outliers(account.network, account.evidence, account.rows, np.arange(20)))
    expected = account.vicinity.adjustment**2 / (1.0 - account.variances)
    np.testing.assert_allclose(found.statistics, expected, rtol=1e-8)


def test_an_absolute_bias_is_set_up_only_where_it_is_another_thing() -> None:
    steady = Account(
        flows({"a": (None, "n"), "b": ("n", None)}, {"a": 10.0, "b": 11.0}, {"a": 1.0, "b": 1.0}, periods=3)
    )
    assert len(biases(steady.network, steady.evidence, steady.rows, absolute=True).labels) == 0
    moving = Account(line(3, np.random.default_rng(2)))
    assert len(biases(moving.network, moving.evidence, moving.rows, absolute=True).labels) == 5


def test_a_shared_error_far_from_zero_is_found_with_its_size() -> None:
    """Both inlets run over one scale that reads 5 high; each alone would be off by 5, the scale only by one error."""
    streams = (Stream("a", None, "n"), Stream("b", None, "n"), Stream("c", "n", None))
    readings = (
        Reading("flow", "a", None, 0, 55.0, 0.5, "WT-1", shares=(("scale", 1.0),)),
        Reading("flow", "b", None, 0, 35.0, 0.5, "WT-2", shares=(("scale", 1.0),)),
        Reading("flow", "c", None, 0, 80.0, 0.5, "WT-3"),
    )
    network = Network(streams, (Node("n", (MASS,)),), (), (1.0,), readings, shared=(SharedError("scale", 0.5),))
    account = Account(network)
    found = Hypotheses(account.vicinity, shared(account.evidence, account.rows))
    free = Account(replace(network, shared=(SharedError("scale", 1e6),)))
    assert found.statistics[0] == pytest.approx(account.objective - free.objective, abs=1e-6)
    latent = (free.z * free.scale)[free.system.index[("shared", "scale", None, 0)]]
    assert -found.sizes([0])[0][0] == pytest.approx(latent, abs=1e-4)


def test_a_leak_that_balances_forbid_is_not_testable() -> None:
    """Two nodes in a ring with no way out: what one loses the other would have to gain."""
    network = flows({"a": ("n1", "n2"), "b": ("n2", "n1")}, {"a": 10.0, "b": 11.0}, {"a": 1.0, "b": 1.0})
    hypotheses = both(Account(network))
    places = named(hypotheses)
    assert not hypotheses.testable[places["leak of n1"]]
    assert not hypotheses.testable[places["leak of n2"]]
    assert hypotheses.testable[places["a"]]
