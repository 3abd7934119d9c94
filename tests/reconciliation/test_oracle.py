"""Another solver, CasADi's IPOPT, on another writing of the same small problems: every kind agrees to 1e-6."""

from __future__ import annotations

import importlib.util
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.reconciliation_ipopt import second_opinion
from ferrolan.reconciliation import (
    ENERGY,
    MASS,
    Correlation,
    ErrorModel,
    Known,
    Network,
    Node,
    Quantity,
    Reading,
    Relation,
    SharedError,
    Stream,
    reconcile,
)
from ferrolan.testing.complexes import days, wide
from ferrolan.testing.plants import plant

pytestmark = pytest.mark.skipif(importlib.util.find_spec("casadi") is None, reason="casadi is not installed")

SEEDS = pytest.mark.parametrize("seed", range(4))


def assert_agrees(network: Network, *, rel: float = 1e-6) -> dict[tuple[str, str, str | None, int], float]:
    """Objective and every observable value, relative to its size or the sigma it was read with."""
    ours = reconcile(network)
    theirs = second_opinion(network)
    assert theirs.converged, theirs.status
    assert ours.objective == pytest.approx(theirs.objective, rel=rel, abs=1e-6)
    sigma = {(r.kind, r.object, r.component, r.period): r.sigma for r in network.readings}
    known = {key: float(ours.values[place]) for key, place in ours.index.items() if np.isfinite(ours.values[place])}
    compared = {key for key in known if key in theirs.values}
    assert len(compared) >= len(sigma)
    for key in compared:
        assert known[key] == pytest.approx(theirs.values[key], rel=rel, abs=rel * sigma.get(key, 1.0)), key
    return known


# the kinds of the declared problem


@SEEDS
def test_linear_flows(seed: int) -> None:
    generator = np.random.default_rng(seed)
    whole = wide(14, 1, generator).read(generator, share=1.0)
    flows = tuple(r for r in whole.readings if r.kind == "flow")
    assert_agrees(
        replace(whole, components=(), nodes=tuple(Node(n.name, (MASS,)) for n in whole.nodes), readings=flows)
    )


@SEEDS
def test_flows_and_assays(seed: int) -> None:
    generator = np.random.default_rng(seed)
    assert_agrees(wide(14, 3, generator).read(generator, share=1.0))


@SEEDS
def test_flows_and_assays_that_are_partly_unread(seed: int) -> None:
    generator = np.random.default_rng(seed)
    made = wide(14, 3, generator)
    tags = made.tags
    read = generator.random(len(tags)) < 0.75
    read[[place for tag, place in tags.items() if tag.startswith("flow")]] = True
    assert_agrees(made.read(generator, only=read))


@SEEDS
def test_splitters_furnaces_and_stocks_over_two_periods(seed: int) -> None:
    generator = np.random.default_rng(100 + seed)
    assert_agrees(plant(7, 15, 3, 2, generator).read(generator))


@SEEDS
def test_stocks_and_shared_errors_over_a_week(seed: int) -> None:
    generator = np.random.default_rng(seed)
    assert_agrees(days(10, 1, 7, generator).read(generator, share=1.0))


def flotation(*more: Reading, **declared: object) -> Network:
    """A flotation of two components, all read, one product contradicting the feed."""
    streams = (Stream("feed", None, "cell"), Stream("conc", "cell", None), Stream("tails", "cell", None))
    readings = [
        Reading("flow", name, None, p, value * (1.0 + 0.01 * p), 0.015 * value, f"W.{name}")
        for p in range(2)
        for name, value in (("feed", 100.0), ("conc", 9.0), ("tails", 93.0))
    ]
    for component, values in (("Nd", (0.020, 0.15, 0.0072)), ("Fe", (0.30, 0.11, 0.31))):
        for p in range(2):
            readings += [
                Reading("assay", s.name, component, p, v * (1.0 - 0.02 * p), 0.03 * v, f"L.{s.name}.{component}")
                for s, v in zip(streams, values, strict=True)
            ]
    whole = {"readings": (*readings, *more)} | declared
    return Network(streams, (Node("cell", (MASS, "Nd", "Fe")),), ("Nd", "Fe"), (24.0, 24.0), **whole)  # type: ignore[arg-type]


def changed(network: Network, tag: str, **new: object) -> Network:
    """The network with something else in all readings of a tag."""
    readings = tuple(replace(r, **new) if r.tag == tag else r for r in network.readings)  # type: ignore[arg-type]
    return replace(network, readings=readings)


def test_two_meters_on_one_quantity() -> None:
    assert_agrees(flotation(Reading("flow", "feed", None, 0, 97.0, 2.0, "W.second")))


@pytest.mark.parametrize("lasts", ["account", "period"])
def test_an_error_that_meters_share(lasts: str) -> None:
    network = flotation(shared=(SharedError("scale", 0.02, lasts), SharedError("laboratory", 0.03, "account")))  # type: ignore[arg-type]
    readings = tuple(
        replace(r, shares=(("scale" if r.kind == "flow" else "laboratory", r.value),))
        if r.object in ("feed", "tails")
        else r
        for r in network.readings
    )
    found = assert_agrees(replace(network, readings=readings))
    assert ("shared", "scale", None, 0) in found


def test_correlated_readings() -> None:
    assert_agrees(
        flotation(correlations=(Correlation("W.feed", "W.tails", 0.7), Correlation("L.feed.Nd", "L.conc.Nd", -0.4)))
    )


@pytest.mark.parametrize("limit", [0.002, 0.0068, 0.02])
def test_a_reading_below_its_detection_limit(limit: float) -> None:
    """Far below what the balance says, near it, far above."""
    network = flotation()
    readings = tuple(
        replace(r, value=limit, sigma=0.0005, below=True) if r.tag == "L.tails.Nd" and r.period == 0 else r
        for r in network.readings
    )
    assert_agrees(replace(network, readings=readings))


@pytest.mark.parametrize("model", [ErrorModel(0.1, 0.02), ErrorModel(relative=0.05), ErrorModel(0.2, 0.03, 2.5)])
def test_an_error_model_is_evaluated_at_the_reconciled_value(model: ErrorModel) -> None:
    network = flotation()
    readings = tuple(
        replace(r, sigma=model.sigma(r.value), model=model) if r.kind == "flow" else r for r in network.readings
    )
    assert_agrees(replace(network, readings=readings))


def test_exact_values() -> None:
    fixed = (Known("assay", "tails", "Nd", 0.007), Known("flow", "conc", None, 9.2, period=1))
    left = tuple(r for r in flotation().readings if r.tag != "L.tails.Nd")
    found = assert_agrees(flotation(readings=left, known=fixed))
    assert found["assay", "tails", "Nd", 1] == pytest.approx(0.007)


def test_a_bound_that_holds() -> None:
    """The concentrate takes more than there is: its assay would be above one, the tails below zero."""
    network = changed(flotation(), "L.tails.Nd", value=-0.01, sigma=0.0002)
    network = changed(network, "L.conc.Fe", value=1.05, sigma=0.01)
    found = assert_agrees(network)
    assert found["assay", "tails", "Nd", 0] == pytest.approx(0.0, abs=1e-9)


def test_a_flow_that_would_run_backwards() -> None:
    """What the scale says of the concentrate is below zero and beats what is left over for it."""
    network = changed(changed(flotation(), "W.conc", value=-1.0, sigma=0.05), "W.tails", value=102.0)
    found = assert_agrees(network)
    assert found["flow", "conc", None, 0] == pytest.approx(0.0, abs=1e-9)


def exchanger(*more: Reading, **declared: object) -> Network:
    """Hot gas warms a cold stream that was split off a header; the shell loses heat that nobody reads."""
    gas, water = (-0.1, 1.05e-3, 8e-8), (-1.14, 4.18e-3, 0.0)
    streams = (
        Stream("header", None, "split", enthalpy=water),
        Stream("cold", "split", "tubes", enthalpy=water),
        Stream("past", "split", None, enthalpy=water),
        Stream("warm", "tubes", None, enthalpy=water),
        Stream("hot", None, "shell", enthalpy=gas),
        Stream("cooled", "shell", None, enthalpy=gas),
        Stream("duty", "shell", "tubes", carries="heat"),
        Stream("loss", "shell", None, carries="heat"),
    )
    nodes = (
        Node("split", (MASS, ENERGY), "splitter"),
        Node("tubes", (MASS, ENERGY)),
        Node("shell", (MASS, ENERGY)),
    )
    read = {
        ("flow", "header"): (51.0, 0.6), ("flow", "cold"): (30.0, 0.4), ("flow", "past"): (20.2, 0.4),
        ("flow", "warm"): (30.6, 0.5), ("flow", "hot"): (40.0, 0.6), ("flow", "cooled"): (41.0, 0.8),
        ("temperature", "header"): (293.0, 0.7), ("temperature", "cold"): (294.5, 0.7),
        ("temperature", "warm"): (344.0, 0.7), ("temperature", "hot"): (620.0, 2.0),
        ("temperature", "cooled"): (455.0, 2.0), ("flow", "loss"): (0.3, 0.1),
    }  # fmt: skip
    readings = tuple(
        Reading(kind, name, None, 0, v, s, f"{kind}.{name}")  # type: ignore[arg-type]
        for (kind, name), (v, s) in read.items()
    )
    return Network(streams, nodes, (), (1.0,), (*readings, *more), **declared)  # type: ignore[arg-type]


def test_energy_with_quadratic_enthalpies_and_heat_that_nobody_reads() -> None:
    found = assert_agrees(exchanger())
    assert found["temperature", "past", None, 0] == pytest.approx(found["temperature", "header", None, 0])


def test_a_heat_stream_may_run_backwards() -> None:
    network = changed(exchanger(), "flow.loss", value=-0.4, sigma=0.01)
    assert assert_agrees(network)["flow", "loss", None, 0] < -0.3


def test_relations_between_quantities() -> None:
    """A recovery as a quantity of its own, R F X = C Y, read beside the flows; and a product of three."""
    recovery = Relation(
        "recovery",
        (
            (1.0, (("flow", "conc", None), ("assay", "conc", "Nd"))),
            (-1.0, (("quantity", "R", None), ("flow", "feed", None), ("assay", "feed", "Nd"))),
        ),
    )
    square = Relation("square", ((1.0, (("quantity", "S", None),) * 2), (-1.0, (("quantity", "R", None),))))
    network = flotation(
        Reading("quantity", "R", None, 0, 0.72, 0.02, "R"),
        quantities=(Quantity("R", 0.0, 1.0), Quantity("S", 0.0)),
        relations=(recovery, square),
    )
    found = assert_agrees(network)
    assert found["quantity", "S", None, 1] ** 2 == pytest.approx(found["quantity", "R", None, 1])
