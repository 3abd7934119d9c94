"""Laws every account obeys, on published and on generated networks, by the public engine alone."""

from __future__ import annotations

import csv
import random
import tomllib
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ferrolan.reconciliation import MASS, Known, Network, Node, Reading, Reconciled, Relation, Stream, reconcile
from ferrolan.testing.complexes import Complex, days, wide

CASES = Path(__file__).parents[2] / "cases" / "reconciliation"
FEW = settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def published(name: str) -> Network:
    """A published network of flows with all its readings."""
    with (CASES / name / "streams.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    nodes = sorted({end for row in rows for end in (row["source"], row["target"]) if end})
    readings = tuple(
        Reading("flow", row["stream"], None, 0, float(row["measured"]), float(row["sigma"]), row["stream"])
        for row in rows
    )
    streams = tuple(Stream(row["stream"], row["source"] or None, row["target"] or None) for row in rows)
    return Network(streams, tuple(Node(node, (MASS,)) for node in nodes), (), (1.0,), readings)


NAMES = sorted(
    path.parent.name
    for path in CASES.glob("*/case.toml")
    if "all_measured" in tomllib.loads(path.read_text(encoding="utf-8")).get("runs", {})
)
EVERY_CASE = pytest.mark.parametrize("name", NAMES)


def whitened(result: Reconciled) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Adjustments and covariance of the reconciled values of what was read, both in units of sigma."""
    read = [(r, result.index[r.kind, r.object, r.component, r.period]) for r in result.network.readings]
    units = np.zeros((len(read), len(result.values)))
    units[range(len(read)), [place for _, place in read]] = [1.0 / r.sigma for r, _ in read]
    adjustment = np.array([(r.value - result.values[place]) / r.sigma for r, place in read])
    return adjustment, result.covariance_of(units)


def held(result: Reconciled) -> bool:
    return bool(result.account["reason"].str.contains("held at its bound").any())


def without(network: Network, *tags: str) -> Network:
    return replace(network, readings=tuple(r for r in network.readings if r.tag not in tags))


# law 1: J after deleting readings


@EVERY_CASE
def test_deleting_a_pair_of_readings_lowers_the_objective_by_a_block(name: str) -> None:
    """J - b' Q^-1 b with the pair's own block of the covariance of the adjustments; no re-solve."""
    network = published(name)
    whole = reconcile(network)
    adjustment, carried = whitened(whole)
    tags = [r.tag for r in network.readings]
    compared = 0
    for pair in list(combinations(range(len(tags)), 2))[:: max(1, len(tags) // 3)]:
        block = np.eye(2) - carried[np.ix_(pair, pair)]
        if np.linalg.cond(block) > 1e6:
            continue  # the pair closes a cycle: its readings are one class
        fall = adjustment[list(pair)] @ np.linalg.solve(block, adjustment[list(pair)])
        rest = reconcile(without(network, *(tags[i] for i in pair)))
        if not held(rest):
            assert rest.objective == pytest.approx(whole.objective - fall, rel=1e-6, abs=1e-7), pair
            compared += 1
    assert compared > 0 or len(tags) <= 3


# law 2: self-influences


@EVERY_CASE
def test_self_influences_sum_to_readings_less_degrees_of_freedom(name: str) -> None:
    result = reconcile(published(name))
    influences = (result.account["sd"] / result.account["sigma"]) ** 2
    assert influences.sum() == pytest.approx(len(result.values) - result.degrees_of_freedom, abs=1e-8)


# law 3: one meter improved


@EVERY_CASE
def test_a_better_meter_changes_every_variance_by_one_rank_one_formula(name: str) -> None:
    """The variance of a key figure g falls by w (g'C e)^2 / (1 + w C_ii), w = 1/s_new^2 - 1/s^2."""
    network = published(name)
    before = reconcile(network)
    better = network.readings[len(network.readings) // 2]
    after = reconcile(
        replace(
            network, readings=tuple(replace(r, sigma=0.4 * r.sigma) if r is better else r for r in network.readings)
        )
    )
    count, place = len(before.values), before.index["flow", better.object, None, 0]
    figures = np.vstack([np.eye(count), np.random.default_rng(1).normal(size=(2, count))])
    both = before.covariance_of(np.vstack([figures, np.eye(count)[place]]))
    gain = 1.0 / (0.4 * better.sigma) ** 2 - 1.0 / better.sigma**2
    expected = np.diag(both)[:-1] - gain * both[:-1, -1] ** 2 / (1.0 + gain * both[-1, -1])
    assert np.diag(after.covariance_of(figures)) == pytest.approx(expected, rel=1e-7, abs=1e-12)


# law 4: names, units, repetition


@EVERY_CASE
def test_order_unit_and_a_repeated_balance_change_nothing(name: str) -> None:
    network = published(name)
    one = reconcile(network)
    rng = random.Random(4)
    repeated = Relation(
        "the first balance once more",
        tuple(
            (1.0 if s.target == network.nodes[0].name else -1.0, (("flow", s.name, None),))
            for s in network.streams
            if network.nodes[0].name in (s.source, s.target)
        ),
    )
    tonnes = tuple(replace(r, value=1e3 * r.value, sigma=1e3 * r.sigma) for r in network.readings)
    other = reconcile(
        replace(
            network,
            streams=tuple(rng.sample(network.streams, len(network.streams))),
            nodes=tuple(rng.sample(network.nodes, len(network.nodes))),
            readings=tuple(rng.sample(tonnes, len(tonnes))),
            relations=(repeated,),
        )
    )
    assert_same(one, other, factor=1e3)


def assert_same(one: Reconciled, other: Reconciled, *, factor: float = 1.0, rel: float = 1e-6) -> None:
    """Equal accounts, but that amounts of the second are ``factor`` times those of the first."""
    assert other.objective == pytest.approx(one.objective, rel=rel, abs=1e-8)
    assert other.degrees_of_freedom == one.degrees_of_freedom
    second = rows(other)
    for address, row in rows(one).items():
        unit = factor if row["component"] is None and row["kind"] != "shared" else 1.0
        match = second[address]
        assert match["status"] == row["status"], address
        for column, size in (("value", unit), ("sd", unit), ("z", 1.0)):
            if row[column] is None:
                assert match[column] is None, (address, column)
            else:
                assert match[column] == pytest.approx(row[column] * size, rel=rel, abs=1e-6 * size), (address, column)
    assert set(other.suspects["tag"]) == set(one.suspects["tag"])


def rows(result: Reconciled) -> dict[tuple[str, str, str | None, int], dict[str, Any]]:  # Any: cells of a table
    return {(r["kind"], r["object"], r["component"], r["period"]): r for r in result.account.to_dicts()}


# law 5: what no reading can tell apart


@EVERY_CASE
def test_readings_with_parallel_effects_have_equal_statistics(name: str) -> None:
    case = tomllib.loads((CASES / name / "case.toml").read_text(encoding="utf-8"))
    result = reconcile(published(name))
    z = {r["object"]: r["z"] for r in result.account.to_dicts()}
    adjustment, carried = whitened(result)
    rest = np.eye(len(adjustment)) - carried
    place = {r.tag: i for i, r in enumerate(result.network.readings)}
    for members in case["runs"]["all_measured"].get("classes", []):
        assert [z[m] for m in members] == pytest.approx([z[members[0]]] * len(members), rel=1e-6)
        for a, b in combinations([place[m] for m in members], 2):
            assert rest[a, b] ** 2 == pytest.approx(rest[a, a] * rest[b, b], rel=1e-8)


# generated networks


def bilinear(seed: int, *, share: float = 1.0) -> tuple[Complex, Network]:
    generator = np.random.default_rng(seed)
    made = wide(12, 2, generator)
    return made, made.read(generator, share=share)


def chained(seed: int) -> tuple[Complex, Network]:
    generator = np.random.default_rng(seed)
    made = days(9, 1, 5, generator)
    return made, made.read(generator, share=1.0)


@given(st.integers(0, 10_000), st.integers(10, 60), st.integers(1, 3))
@settings(FEW, max_examples=15)
def test_the_truth_of_a_generated_complex_closes_every_balance(seed: int, streams: int, components: int) -> None:
    """The oracle of the generators: sums over what flows in and out, without the engine's equations."""
    for made in (
        wide(streams, components, np.random.default_rng(seed)),
        days(streams, 1, 4, np.random.default_rng(seed)),
    ):
        network, truth = made.network, made.truth
        for node in network.nodes:
            for k in node.balances:
                for period in range(network.periods):
                    assert abs(residual(network, truth, node, k, period)) < 1e-7


def residual(
    network: Network, truth: Any, node: Node, component: str, period: int
) -> float:  # Any: Mapping of a Complex
    def amount(kind: str, name: str, when: int) -> float:
        share = (
            1.0 if component == MASS else truth[("assay" if kind == "flow" else "stock_assay", name, component, when)]
        )
        return float(truth[kind, name, None, when] * share)

    signs = [(s.name, (s.target == node.name) - (s.source == node.name)) for s in network.streams]
    net = network.hours[period] * sum(sign * amount("flow", name, period) for name, sign in signs if sign)
    if node.kind == "stock":
        net -= amount("stock", node.name, period + 1) - amount("stock", node.name, period)
    return net


@FEW
@given(st.integers(0, 10_000), st.sampled_from([bilinear, chained]))
def test_reconciled_balances_close(seed: int, kind: Any) -> None:  # Any: a strategy's choice
    _, network = kind(seed)
    result = reconcile(network)
    values = {key: float(result.values[place]) for key, place in result.index.items()}
    turnover = max(abs(v) for (k, *_), v in values.items() if k in ("flow", "stock")) * max(network.hours)
    for node in network.nodes:
        for k in node.balances:
            for period in range(network.periods):
                assert abs(residual(network, values, node, k, period)) < 1e-9 * turnover


@FEW
@given(st.integers(0, 10_000), st.sampled_from([bilinear, chained]), st.sampled_from([1e-3, 1e4]))
def test_names_order_and_unit_change_nothing(seed: int, kind: Any, factor: float) -> None:  # Any: a strategy's choice
    _, network = kind(seed)
    rng = random.Random(seed)
    amounts = tuple(
        replace(r, value=factor * r.value, sigma=factor * r.sigma, shares=tuple((n, factor * a) for n, a in r.shares))
        if r.component is None
        else r
        for r in network.readings
    )
    other = replace(
        network,
        streams=tuple(rng.sample(network.streams, len(network.streams))),
        nodes=tuple(rng.sample(network.nodes, len(network.nodes))),
        components=tuple(rng.sample(network.components, len(network.components))),
        shared=tuple(rng.sample(network.shared, len(network.shared))),
        readings=tuple(rng.sample(amounts, len(amounts))),
    )
    assert_same(reconcile(network), reconcile(other), factor=factor)


@FEW
@given(st.integers(0, 10_000), st.sampled_from([bilinear, chained]))
def test_an_exact_measurement_of_what_the_account_says_moves_nothing(seed: int, kind: Any) -> None:  # Any: a choice
    _, network = kind(seed)
    one = reconcile(network)
    name = network.streams[seed % len(network.streams)].name
    flow = float(one.values[one.index["flow", name, None, 0]])
    other = reconcile(replace(network, known=(Known("flow", name, None, flow, 0),)))
    assert other.objective == pytest.approx(one.objective, rel=1e-7)
    places = [other.index[key] for key in one.index]
    assert other.values[places] == pytest.approx(one.values, rel=1e-6, abs=1e-7)


def test_an_exact_value_that_another_one_implies_changes_nothing() -> None:
    streams = (Stream("a", None, "n1"), Stream("b", "n1", "n2"), Stream("c", "n2", None), Stream("d", "n2", None))
    read = tuple(Reading("flow", n, None, 0, v, 0.3, n) for n, v in (("a", 10.2), ("b", 9.9), ("c", 6.2), ("d", 3.6)))
    network = Network(streams, (Node("n1", (MASS,)), Node("n2", (MASS,))), (), (1.0,), read)
    once = reconcile(replace(network, known=(Known("flow", "a", None, 10.0),)))
    twice = reconcile(replace(network, known=(Known("flow", "a", None, 10.0), Known("flow", "b", None, 10.0))))
    assert twice.values == pytest.approx(once.values)
    assert twice.objective == pytest.approx(once.objective)
    assert twice.degrees_of_freedom == once.degrees_of_freedom
    assert twice.account["sd"].to_list() == pytest.approx(once.account["sd"].to_list(), abs=1e-9)
    assert once.account.filter(pl.col("object") == "c")["value"][0] == pytest.approx(6.2 + 0.1, abs=1e-9)


@FEW
@given(st.integers(0, 10_000))
def test_errors_against_the_truth_have_the_size_of_the_stated_deviations(seed: int) -> None:
    made, network = chained(seed)
    result = reconcile(network)
    truth = np.array([made.truth.get(key, np.nan) for key in result.index])
    sd = result.account["sd"].to_numpy()
    error = (result.values - truth)[np.isfinite(truth)] / sd[np.isfinite(truth)]
    assert np.sqrt(np.mean(error**2)) == pytest.approx(1.0, abs=0.4)
