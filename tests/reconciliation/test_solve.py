"""Laws of an account, an oracle, and a plant of the size of the example."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import optimize

from ferrolan.base.errors import NotConverged, ProblemError
from ferrolan.reconciliation import MASS, Known, Network, Node, Reading, Reconciled, Stream, reconcile
from ferrolan.reconciliation.equations import equations
from ferrolan.testing.plants import Plant, plant

FEW = settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def small(seed: int, *, share: float = 1.0, noise: float = 1.0) -> tuple[Plant, Network]:
    generator = np.random.default_rng(seed)
    made = plant(5, 11, 2, 2, generator)
    return made, made.read(generator, share=share, noise=noise)


def by_address(result: Reconciled) -> dict[tuple[object, ...], dict[str, object]]:
    return {(r["kind"], r["object"], r["component"], r["period"]): r for r in result.account.to_dicts()}


def assert_same(one: Reconciled, other: Reconciled, *, factor: float = 1.0, rel: float = 1e-6) -> None:
    """Equal accounts; flows and stocks of the second are ``factor`` times those of the first."""
    assert other.objective == pytest.approx(one.objective, rel=rel, abs=1e-9)
    assert other.degrees_of_freedom == one.degrees_of_freedom
    second = by_address(other)
    for address, row in by_address(one).items():
        unit = factor if row["component"] is None else 1.0
        match = second[address]
        assert match["status"] == row["status"]
        for column, size in (("value", unit), ("sd", unit), ("z", 1.0)):
            expected = row[column]
            if expected is None:
                assert match[column] is None
            else:
                assert match[column] == pytest.approx(expected * size, rel=rel, abs=1e-6 * size)
    assert set(other.suspects["tag"]) == set(one.suspects["tag"])


@FEW
@given(st.integers(0, 10_000), st.sampled_from([1.0, 0.8]))
def test_reconciled_balances_close(seed: int, share: float) -> None:
    _, network = small(seed, share=share)
    result = reconcile(network)
    system = equations(network)
    assert not np.isnan(result.values[result.account["status"].is_in(["redundant", "nonredundant"]).to_numpy()]).any()
    if not np.isnan(result.values).any():
        size = np.maximum(system.magnitude(result.values), 1e-300)
        assert np.max(np.abs(system.residual(result.values)) / size) < 1e-9
    turnover = (
        network.periods * 168.0 * max(result.values[result.index[("flow", s.name, None, 0)]] for s in network.streams)
    )
    if np.isfinite(turnover):
        assert result.closure["reconciled_residual"].abs().max() < 1e-9 * turnover
    assert result.kkt_residual <= 1e-9


@FEW
@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_order_of_input_is_irrelevant(seed: int, shuffle: int) -> None:
    _, network = small(seed)
    rng = random.Random(shuffle)

    def mixed(items: tuple) -> tuple:  # type: ignore[type-arg]
        return tuple(rng.sample(items, len(items)))

    nodes = tuple(replace(node, balances=mixed(node.balances)) for node in mixed(network.nodes))
    other = replace(
        network,
        streams=mixed(network.streams),
        nodes=nodes,
        readings=mixed(network.readings),
        components=mixed(network.components),
    )
    assert_same(reconcile(network), reconcile(other))


@FEW
@given(st.integers(0, 10_000), st.sampled_from([1e-3, 24.0, 1e4]))
def test_unit_of_the_flows_is_irrelevant(seed: int, factor: float) -> None:
    _, network = small(seed)
    scaled = tuple(
        replace(r, value=r.value * factor, sigma=r.sigma * factor) if r.component is None else r
        for r in network.readings
    )
    assert_same(reconcile(network), reconcile(replace(network, readings=scaled)), factor=factor)


def flows(readings: dict[str, tuple[float, float]], streams: tuple[Stream, ...], nodes: tuple[Node, ...]) -> Network:
    given_readings = tuple(
        Reading("flow", name, None, 0, value, sigma, name) for name, (value, sigma) in readings.items()
    )
    return Network(streams, nodes, (), (1.0,), given_readings)


SERIES = (Stream("a", None, "n1"), Stream("b", "n1", "n2"), Stream("c", "n2", "n1"), Stream("d", "n2", None))
TWO = (Node("n1", (MASS,)), Node("n2", (MASS,)))
READ = {"a": (10.0, 1.0), "b": (14.0, 1.0), "c": (5.0, 0.5), "d": (12.0, 1.0)}


def test_a_repeated_balance_changes_nothing() -> None:
    """Where all assays read 1 the iron balance is the mass balance once more: flows and objective stay."""
    pure = Network(
        SERIES,
        tuple(Node(node.name, (MASS, "Fe")) for node in TWO),
        ("Fe",),
        (1.0,),
        tuple(Reading("flow", n, None, 0, v, s, n) for n, (v, s) in READ.items())
        + tuple(Reading("assay", n, "Fe", 0, 1.0, 0.1, f"L{n}") for n in READ),
    )
    once, twice = reconcile(flows(READ, SERIES, TWO)), reconcile(pure)
    assert twice.values[:4] == pytest.approx(once.values)
    assert twice.objective == pytest.approx(once.objective)


def test_a_balance_that_follows_from_others_adds_no_degree_of_freedom() -> None:
    """At equal assays of all streams the component balance of a splitter repeats its mass balance."""
    streams = (Stream("a", None, "s"), Stream("b", "s", "m"), Stream("c", "s", "m"), Stream("d", "m", None))
    nodes = (Node("s", (MASS, "Fe"), "splitter"), Node("m", (MASS, "Fe")))
    readings = tuple(
        Reading("flow", n, None, 0, v, 1.0, n) for n, v in (("a", 10.0), ("b", 4.0), ("c", 5.5), ("d", 10.2))
    )
    readings += (Reading("assay", "a", "Fe", 0, 0.30, 0.01, "La"), Reading("assay", "d", "Fe", 0, 0.32, 0.01, "Ld"))
    result = reconcile(Network(streams, nodes, ("Fe",), (1.0,), readings))
    assert result.degrees_of_freedom == 3  # two mass balances, and feed and product have one assay
    assert result.values[result.index[("assay", "b", "Fe", 0)]] == pytest.approx(0.31)


def test_objective_after_deleting_a_reading_follows_without_solving() -> None:
    whole = reconcile(flows(READ, SERIES, TWO))
    for name in READ:
        rest = reconcile(flows({k: v for k, v in READ.items() if k != name}, SERIES, TWO))
        z = by_address(whole)["flow", name, None, 0]["z"]
        assert isinstance(z, float)
        assert rest.objective == pytest.approx(whole.objective - z**2, abs=1e-8)


@FEW
@given(st.integers(0, 10_000), st.sampled_from([1.0, 0.7]))
def test_self_influences_sum_to_readings_less_degrees_of_freedom(seed: int, share: float) -> None:
    _, network = small(seed, share=share)
    result = reconcile(network)
    read = result.account.filter(pl.col("measured").is_not_null() & ~pl.col("reason").str.contains("bound"))
    if len(read) == len(network.readings):
        influences = float((read["sd"] ** 2 / read["sigma"] ** 2).sum())
        assert influences == pytest.approx(len(read) - result.degrees_of_freedom, abs=1e-5)


@FEW
@given(st.integers(0, 10_000), st.sampled_from([1.0, 0.7]))
def test_sds_of_the_selected_inverse_agree_with_solves(seed: int, share: float) -> None:
    _, network = small(seed, share=share)
    result = reconcile(network)
    known = np.flatnonzero(np.isfinite(result.values))
    one = result.covariance_of(np.eye(len(result.values))[known])
    sd = result.account["sd"].to_numpy()[known]
    assert np.sqrt(np.diag(one)) == pytest.approx(sd, rel=1e-5, abs=1e-12)


def test_covariance_agrees_with_the_spread_of_many_accounts() -> None:
    """120 draws: a sample sd has a relative sd of 6.5 %, a correlation one of at most 9 %: four of these."""
    generator = np.random.default_rng(3)
    result = reconcile(flows(READ, SERIES, TWO))
    truth = dict(zip(READ, result.values, strict=True))
    found = []
    for _ in range(120):
        drawn = {n: (truth[n] + s * generator.standard_normal(), s) for n, (_, s) in READ.items()}
        found.append(reconcile(flows(drawn, SERIES, TWO)).values)
    spread = np.cov(np.array(found).T)
    whole = result.covariance_of(np.eye(4))
    assert np.sqrt(np.diag(spread)) == pytest.approx(np.sqrt(np.diag(whole)), rel=0.26)
    assert np.corrcoef(np.array(found).T) == pytest.approx(
        whole / np.sqrt(np.outer(np.diag(whole), np.diag(whole))), abs=0.36
    )


def test_another_solver_finds_the_same_account() -> None:
    """Oracle: SLSQP of scipy on a bilinear network with an unmeasured assay, and the dense covariance formula."""
    streams = (Stream("feed", None, "flotation"), Stream("conc", "flotation", None), Stream("tails", "flotation", None))
    nodes = (Node("flotation", (MASS, "Nd", "Fe")),)
    readings = [
        Reading("flow", n, None, 0, v, s, n)
        for n, v, s in (("feed", 100.0, 1.0), ("conc", 9.0, 0.3), ("tails", 92.0, 2.0))
    ]
    for component, values in (("Nd", (0.020, 0.15, 0.0072)), ("Fe", (0.30, 0.11, None))):
        for stream, value in zip(streams, values, strict=True):
            if value is not None:
                readings.append(
                    Reading("assay", stream.name, component, 0, value, 0.03 * value, f"{stream.name}.{component}")
                )
    network = Network(streams, nodes, ("Nd", "Fe"), (1.0,), tuple(readings))
    result = reconcile(network)
    system = equations(network)
    target, sigma = np.zeros(len(system.keys)), np.full(len(system.keys), np.inf)
    for r in readings:
        place = result.index[(r.kind, r.object, r.component, r.period)]
        target[place], sigma[place] = r.value, r.sigma
    scale = np.where(np.isfinite(sigma), sigma, 0.01)
    peer = optimize.minimize(
        lambda v: float(np.sum(((v * scale - target) / sigma) ** 2)),
        np.where(np.isfinite(sigma), target, 0.3) / scale,
        constraints={
            "type": "eq",
            "fun": lambda v: system.residual(v * scale),
            "jac": lambda v: system.jacobian(v * scale).toarray() * scale,
        },
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 500},
    )
    assert result.objective == pytest.approx(peer.fun, rel=1e-7)
    assert result.values == pytest.approx(peer.x * scale, rel=1e-5)
    jacobian = system.jacobian(result.values).toarray()
    count, rows = len(target), len(jacobian)
    dense = np.linalg.inv(np.block([[np.diag(sigma**-2.0), jacobian.T], [jacobian, np.zeros((rows, rows))]]))[
        :count, :count
    ]
    assert result.covariance_of(np.eye(count)) == pytest.approx(dense, rel=1e-6, abs=1e-14)


def test_zero_flows_do_not_stop_the_account() -> None:
    made, network = small(4)
    dead = made.network.streams[-1].name
    readings = tuple(replace(r, value=0.0) if r.kind == "flow" and r.object == dead else r for r in network.readings)
    result = reconcile(replace(network, readings=readings))
    assert result.kkt_residual <= 1e-9
    nothing = reconcile(flows(dict.fromkeys(READ, (0.0, 1.0)), SERIES, TWO))
    assert nothing.values == pytest.approx(np.zeros(4), abs=1e-12)


def test_bounds_hold_and_are_named() -> None:
    result = reconcile(flows({**READ, "c": (-3.0, 0.5)}, SERIES, TWO))
    row = by_address(result)["flow", "c", None, 0]
    assert row["value"] == pytest.approx(0.0, abs=1e-12)
    assert "held at its bound" in str(row["reason"])


def test_stocks_chain_the_periods() -> None:
    streams = (Stream("in", None, "pile"), Stream("out", "pile", None))
    readings = [Reading("flow", "in", None, p, 10.0, 0.1, "Win") for p in range(2)]
    readings += [Reading("flow", "out", None, p, 8.0, 0.1, "Wout") for p in range(2)]
    readings += [
        Reading("stock", "pile", None, 0, 1000.0, 10.0, "survey"),
        Reading("assay", "in", "Fe", 0, 0.3, 0.01, "L"),
    ]
    network = Network(streams, (Node("pile", (MASS,), "stock"),), ("Fe",), (100.0, 50.0), tuple(readings))
    result = reconcile(network)
    assert result.values[result.index[("stock", "pile", None, 2)]] == pytest.approx(1000.0 + 2.0 * 150.0)
    assert by_address(result)["assay", "in", "Fe", 0]["reason"] == "no balance contains it"
    assert result.closure.row(0, named=True)["accumulated"] is None


def test_unobservable_values_are_null_and_say_why() -> None:
    loop = {name: READ[name] for name in ("a", "d")}
    result = reconcile(flows(loop, SERIES, TWO))
    rows = by_address(result)
    assert rows["flow", "b", None, 0]["status"] == "unobservable"
    assert rows["flow", "b", None, 0]["value"] is None
    assert rows["flow", "b", None, 0]["sd"] is None
    assert "`b` and `c` close an unmeasured cycle" in str(rows["flow", "b", None, 0]["reason"])
    assert np.isnan(result.values[1])
    assert np.isnan(result.covariance_of(np.eye(4))[1]).all()
    assert result.degrees_of_freedom == 1


def test_too_few_iterations_raise_with_the_last_iterate() -> None:
    _, network = small(1, share=0.8)
    with pytest.raises(NotConverged) as caught:
        reconcile(network, max_iterations=0)
    assert len(caught.value.last_iterate) == len(equations(network).keys)
    assert caught.value.residual is not None


def test_the_same_input_gives_the_same_bits() -> None:
    _, network = small(2, share=0.8)
    one, other = reconcile(network), reconcile(network)
    assert one.account.equals(other.account)
    assert one.suspects.equals(other.suspects)


@pytest.mark.parametrize(("seed", "share"), [(1, 1.0), (2, 0.6), (5, 0.6), (5, 0.4)])
def test_a_plant_of_the_size_of_the_example_is_reconciled(seed: int, share: float) -> None:
    """17 nodes, 36 streams, 7 components, 5 periods; errors against the truth are of the size of the stated sds."""
    generator = np.random.default_rng(seed)
    made = plant(17, 36, 7, 5, generator)
    network = made.read(generator, share=share)
    result = reconcile(network)
    truth = np.array([made.truth[key] for key in result.index])
    sd = result.account["sd"].to_numpy()
    known = np.isfinite(result.values) & (sd > 0.0)  # a value held at its bound has none
    error = (result.values - truth)[known] / sd[known]
    assert np.sqrt(np.mean(error**2)) == pytest.approx(1.0, abs=0.15)
    assert result.closure["reconciled_residual"].abs().max() < 1e-6
    assert result.tests["passed"][0]


@pytest.mark.parametrize("seed", range(12))
def test_a_bin_that_nobody_reads_checks_nothing_wherever_its_level_lies(seed: int) -> None:
    generator = np.random.default_rng(seed)
    periods = int(generator.integers(1, 6))
    hours = tuple(float(h) for h in generator.uniform(5.0, 50.0, periods))
    read = {"in": generator.uniform(100.0, 300.0, periods), "out": generator.uniform(100.0, 600.0, periods)}
    readings = tuple(
        Reading("flow", name, None, p, float(value), 1.0, name)
        for name, values in read.items()
        for p, value in enumerate(values)
    )
    streams = (Stream("in", None, "bin"), Stream("out", "bin", None))
    found = reconcile(Network(streams, (Node("bin", (MASS,), "stock"),), (), hours, readings))
    flows = found.account.filter(pl.col("kind") == "flow")
    assert found.degrees_of_freedom == 0
    assert flows["sd"].to_list() == pytest.approx([1.0] * (2 * periods))


def test_exact_values_that_contradict_each_other_over_several_nodes_are_named_before_any_step() -> None:
    streams = (Stream("feed", None, "mill"), Stream("ground", "mill", "pump"), Stream("pulp", "pump", None))
    nodes = (Node("mill", (MASS,)), Node("pump", (MASS,)))
    reading = Reading("flow", "ground", None, 0, 50.0, 1.0, "WT-1")
    known = (Known("flow", "feed", None, 40.0), Known("flow", "pulp", None, 60.0))
    with pytest.raises(ProblemError, match="exact values have 1 contradiction"):
        reconcile(Network(streams, nodes, (), (1.0,), (reading,), known=known))
