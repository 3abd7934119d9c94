"""What the balances can say, before the solve: laws, known classes, reasons by name, contradictions."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferrolan.base.errors import ProblemError
from ferrolan.reconciliation import (
    ENERGY,
    MASS,
    Known,
    Network,
    Node,
    Quantity,
    Reading,
    Relation,
    SharedError,
    Stream,
)
from ferrolan.reconciliation.classify import Solvability, classify
from ferrolan.reconciliation.equations import equations
from ferrolan.reconciliation.evidence import evidence
from ferrolan.reconciliation.solvability import closing_point, solvability
from ferrolan.testing.plants import plant

FEW = settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
SEED = st.integers(0, 10_000)


def small(seed: int, *, share: float = 0.7, components: int = 2, periods: int = 2) -> Network:
    generator = np.random.default_rng(seed)
    return plant(6, 13, components, periods, generator).read(generator, share=share)


def classes(found: Solvability) -> dict[tuple[object, ...], str]:
    return {tuple(key): status for key, status in zip(found.system.keys, found.status, strict=True)}


def reasons(found: Solvability) -> dict[tuple[object, ...], str]:
    return {tuple(key): reason for key, reason in zip(found.system.keys, found.reasons, strict=True)}


def flows(read: dict[str, float], streams: tuple[Stream, ...], nodes: tuple[str, ...], **more: object) -> Network:
    readings = tuple(Reading("flow", name, None, 0, value, 1.0, f"W_{name}") for name, value in read.items())
    made = tuple(Node(name, (MASS,)) for name in nodes)
    return Network(streams, made, (), (1.0,), readings, **more)  # type: ignore[arg-type]


@FEW
@given(SEED, st.sampled_from([0.4, 0.6, 0.9]))
def test_df_is_the_rank_of_the_balances_free_of_what_is_not_measured(seed: int, share: float) -> None:
    network = small(seed, share=share)
    system = equations(network)
    read = evidence(network, system)
    z = closing_point(system, read)
    scale = np.maximum(np.abs(z), 1e-9)
    found = classify(system.scaled(scale, np.ones(len(system.rows))), z / scale, read.measured, read)
    jacobian = system.jacobian(z).toarray() * scale
    jacobian /= np.maximum(np.linalg.norm(jacobian, axis=1, keepdims=True), 1e-300)
    unknown = jacobian[:, ~read.measured]
    left = np.linalg.svd(unknown)[0][:, np.linalg.matrix_rank(unknown, tol=1e-7) :]
    free = left.T @ jacobian[:, read.measured]
    assert found.degrees_of_freedom == np.linalg.matrix_rank(free, tol=1e-7)
    size = np.linalg.norm(jacobian[:, read.measured], axis=0)
    checked = np.linalg.norm(free, axis=0) > 1e-6 * size
    assert found.redundant[read.measured].tolist() == checked.tolist()
    null = np.linalg.svd(unknown)[2][np.linalg.matrix_rank(unknown, tol=1e-7) :]
    assert found.observable[~read.measured].tolist() == (np.abs(null).max(axis=0, initial=0.0) < 1e-6).tolist()


@FEW
@given(SEED)
def test_unobservable_values_are_fixed_by_as_many_as_are_pinned(seed: int) -> None:
    network = small(seed, share=0.4)
    found = solvability(network)
    system = found.system
    pins = tuple(
        Reading(key.kind, key.object, key.component, key.period, 0.5, 0.1, f"pin {place}")  # type: ignore[arg-type]
        for place, key in ((int(place), system.keys[int(place)]) for place in found.pinned)
    )
    more = solvability(replace(network, readings=network.readings + pins))
    assert "unobservable" not in more.status
    assert more.degrees_of_freedom == found.degrees_of_freedom


@FEW
@given(SEED, SEED)
def test_order_and_names_change_no_class(seed: int, shuffle: int) -> None:
    network = small(seed)
    rng = random.Random(shuffle)
    other = replace(
        network,
        streams=tuple(rng.sample(network.streams, len(network.streams))),
        nodes=tuple(rng.sample(network.nodes, len(network.nodes))),
        readings=tuple(rng.sample(network.readings, len(network.readings))),
    )
    one, two = solvability(network), solvability(other)
    assert classes(one) == classes(two)
    assert one.degrees_of_freedom == two.degrees_of_freedom


@FEW
@given(SEED, st.sampled_from([1e-3, 1e3]))
def test_units_change_no_class(seed: int, factor: float) -> None:
    network = small(seed)
    other = replace(
        network,
        readings=tuple(
            replace(r, value=r.value * factor, sigma=r.sigma * factor) if r.component is None else r
            for r in network.readings
        ),
    )
    assert classes(solvability(network)) == classes(solvability(other))


@FEW
@given(SEED)
def test_a_repeated_balance_changes_no_class_and_is_named(seed: int) -> None:
    network = small(seed)
    node = next(n for n in network.nodes if n.kind == "junction" and MASS in n.balances)
    terms = tuple(
        (1.0 if s.target == node.name else -1.0, (("flow", s.name, None),))
        for s in network.streams
        if node.name in (s.source, s.target)
    )
    one = solvability(network)
    two = solvability(replace(network, relations=(Relation("again", tuple((2.0 * c, f) for c, f in terms)),)))
    assert classes(one) == classes(two)
    assert one.degrees_of_freedom == two.degrees_of_freedom
    assert len(two.repeated) == len(one.repeated) + network.periods
    told = " ".join(two.repetitions)
    assert "repeats" in told and ("`again`" in told and f"balance of `{node.name}`" in told)


SPIRAL = (
    Stream("feed", None, "cyclone"),
    Stream("sand", "cyclone", "mill"),
    Stream("recycle", "mill", "sump"),
    Stream("overflow", "sump", "cyclone"),
    Stream("product", "cyclone", None),
)


def test_an_unmeasured_cycle_is_named_by_its_members() -> None:
    found = solvability(flows({"feed": 100.0, "product": 98.0}, SPIRAL, ("cyclone", "mill", "sump")))
    assert classes(found)["flow", "sand", None, 0] == "unobservable"
    assert (
        reasons(found)["flow", "sand", None, 0]
        == "unobservable: `sand`, `recycle` and `overflow` close an unmeasured cycle; measure one"
    )
    assert reasons(found)["flow", "feed", None, 0] == "measured, and checked by the balances of `cyclone`"
    assert found.degrees_of_freedom == 1
    measured = solvability(flows({"feed": 100.0, "product": 98.0, "sand": 250.0}, SPIRAL, ("cyclone", "mill", "sump")))
    assert classes(measured)["flow", "overflow", None, 0] == "observable"
    assert classes(measured)["flow", "sand", None, 0] == "nonredundant"
    assert "its balances also contain" in reasons(measured)["flow", "sand", None, 0]


def test_a_long_unmeasured_chain_of_stocks_is_told_from_a_cycle() -> None:
    days = 200
    streams = (Stream("in", None, "bin"), Stream("out", "bin", None))
    readings = (
        *(Reading("flow", name, None, p, 10.0, 0.1, name) for name in ("in", "out") for p in range(days)),
        Reading("stock", "bin", None, 0, 50.0, 1.0, "survey"),
    )
    network = Network(streams, (Node("bin", (MASS,), "stock"),), (), (24.0,) * days, readings)
    found = solvability(network)
    assert found.degrees_of_freedom == 0
    assert set(found.status) == {"nonredundant", "observable"}
    closed = solvability(
        replace(network, readings=(*readings, Reading("stock", "bin", None, days, 50.0, 1.0, "survey")))
    )
    assert closed.degrees_of_freedom == 1
    assert all(status == "redundant" for status in classes(closed).values() if status != "observable")
    unread = solvability(replace(network, readings=readings[:-1]))
    assert classes(unread)["stock", "bin", None, days] == "unobservable"
    assert len(unread.pinned) == 1
    assert len(set(unread.reasons)) < 12


def test_a_second_meter_is_redundant_without_any_balance() -> None:
    network = flows({"feed": 100.0}, SPIRAL, ("cyclone", "mill", "sump"))
    twice = replace(network, readings=(*network.readings, replace(network.readings[0], tag="W2", value=101.0)))
    one, two = solvability(network), solvability(twice)
    assert classes(one)["flow", "feed", None, 0] == "nonredundant"
    assert classes(two)["flow", "feed", None, 0] == "redundant"
    assert (one.degrees_of_freedom, two.degrees_of_freedom) == (0, 1)
    assert reasons(two)["flow", "feed", None, 0] == "measured 2 times; no balance checks it further"


def test_a_shared_error_is_no_redundancy() -> None:
    network = flows({"feed": 100.0, "product": 98.0}, SPIRAL, ("cyclone", "mill", "sump"))
    shared = replace(
        network,
        readings=tuple(replace(r, shares=(("belt", 1.0),)) for r in network.readings),
        shared=(SharedError("belt", 2.0),),
    )
    one, two = solvability(network), solvability(shared)
    assert one.degrees_of_freedom == two.degrees_of_freedom
    assert classes(two)["shared", "belt", None, 0] == "shared"
    assert {k: v for k, v in classes(two).items() if k[0] != "shared"} == classes(one)
    assert two.redundant.sum() == one.redundant.sum()


def test_a_value_below_detection_is_no_measurement() -> None:
    network = flows({"feed": 100.0}, (*SPIRAL[:1], Stream("product", "cyclone", None)), ("cyclone",))
    below = replace(network, readings=(replace(network.readings[0], below=True, value=1.0),))
    found = solvability(below)
    assert set(found.status) == {"unobservable"}
    assert found.degrees_of_freedom == 0


def test_a_part_in_which_nothing_is_read_is_remarked_and_the_rest_classified() -> None:
    streams = (Stream("a", None, "m"), Stream("b", "m", None), Stream("x", None, "n"), Stream("y", "n", None))
    found = solvability(flows({"a": 10.0, "b": 11.0}, streams, ("m", "n")))
    assert found.degrees_of_freedom == 1
    assert [status for _, status in sorted(classes(found).items())] == ["redundant"] * 2 + ["unobservable"] * 2
    assert found.notes == ("`n` form an island in which nothing is read; nothing is said about it",)


TEE = (Stream("a", None, "m"), Stream("b", "m", "n"), Stream("c", "n", None), Stream("d", "n", None))


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({"b": 10.0, "c": 4.0, "d": 5.0}, "dry_mass balance of `n`: open by 1 "),
        ({"a": 10.0, "c": 4.0, "d": 5.0}, "balance of `m`, the dry_mass balance of `n`: together open by 1 "),
        ({"a": 10.0, "c": 14.0}, "the flow of `b` in period 0 would have to be at least 14 and at most 10"),
    ],
)
def test_exact_values_that_contradict_each_other_are_named(known: dict[str, float], words: str) -> None:
    exact = tuple(Known("flow", name, None, value) for name, value in known.items())
    with pytest.raises(ProblemError, match="exact values have 1 contradiction") as caught:
        solvability(flows({"a": 10.0}, TEE, ("m", "n"), known=exact))
    assert words in str(caught.value)


def test_contradictions_of_several_places_are_named_at_once() -> None:
    streams = (*TEE, Stream("x", None, "far"), Stream("y", "far", None))
    exact = {"b": 10.0, "c": 4.0, "d": 5.0, "x": 3.0, "y": 7.0}
    known = tuple(Known("flow", name, None, value) for name, value in exact.items())
    with pytest.raises(ProblemError, match="2 contradictions") as caught:
        solvability(flows({"a": 10.0}, streams, ("m", "n", "far"), known=known))
    assert "open by 1 " in str(caught.value) and "open by 4 " in str(caught.value)


def test_exact_values_that_agree_are_borne() -> None:
    known = tuple(Known("flow", name, None, value) for name, value in {"b": 9.0, "c": 4.0, "d": 5.0}.items())
    found = solvability(flows({"a": 10.0}, TEE, ("m", "n"), known=known))
    assert classes(found)["flow", "c", None, 0] == "known"
    assert found.degrees_of_freedom == 1
    assert "the dry_mass balance of `n` says nothing: all it contains is known or absent" in found.repetitions


def test_a_fixed_composition_contradicts_an_impossible_blend() -> None:
    streams = (Stream("a", None, "m"), Stream("b", "m", None))
    known = (Known("assay", "a", "Fe", 0.5), Known("assay", "b", "Fe", 0.4), Known("flow", "a", None, 10.0))
    readings = (Reading("flow", "b", None, 0, 10.0, 1.0, "W"),)
    with pytest.raises(ProblemError, match="Fe balance of `m`"):
        solvability(Network(streams, (Node("m", (MASS, "Fe")),), ("Fe",), (1.0,), readings, known=known))


def test_a_stream_closed_in_one_period_leaves_the_rest_as_it_was() -> None:
    streams = (Stream("a", None, "m"), Stream("b", None, "m"), Stream("c", "m", None))
    readings = tuple(
        Reading(kind, name, component, p, value, 0.01, f"{kind} {name}")  # type: ignore[arg-type]
        for p in (0, 1)
        for kind, component, values in (("flow", None, (10.0, 5.0, 15.0)), ("assay", "Fe", (0.3, 0.6, 0.4)))
        for name, value in zip("abc", values, strict=True)
        if not (name == "b" and p == 1)
    )
    network = Network(
        streams,
        (Node("m", (MASS, "Fe")),),
        ("Fe",),
        (1.0, 1.0),
        readings,
        known=(Known("flow", "b", None, 0.0, 1),),
    )
    found = solvability(network)
    assert found.degrees_of_freedom == 4
    assert classes(found)["assay", "b", "Fe", 1] == "unobservable"
    assert reasons(found)["assay", "b", "Fe", 1] == "not measured, and no balance contains it"
    assert all(classes(found)["assay", name, "Fe", 1] == "redundant" for name in "ac")


def test_heat_is_observable_through_two_temperatures_and_a_flow() -> None:
    steam = (0.0, 0.004, 1e-7)
    network = Network(
        (
            Stream("cold", None, "heater", enthalpy=steam),
            Stream("hot", "heater", None, enthalpy=steam),
            Stream("duty", None, "heater", "heat"),
        ),
        (Node("heater", (MASS, ENERGY)),),
        (),
        (1.0,),
        (
            Reading("flow", "cold", None, 0, 50.0, 0.5, "F"),
            Reading("temperature", "cold", None, 0, 300.0, 1.0, "T1"),
            Reading("temperature", "hot", None, 0, 420.0, 1.0, "T2"),
        ),
    )
    found = solvability(network)
    assert classes(found)["flow", "duty", None, 0] == "observable"
    assert classes(found)["temperature", "hot", None, 0] == "nonredundant"
    assert "enthalpy of `hot`" in reasons(found)["enthalpy", "hot", None, 0]
    metered = (*network.readings, Reading("flow", "duty", None, 0, 24.0, 1.0, "Q"))
    checked = solvability(replace(network, readings=metered))
    assert checked.degrees_of_freedom == 1
    assert classes(checked)["flow", "duty", None, 0] == "redundant"


def test_a_quantity_is_classified_like_any_other() -> None:
    relation = Relation(
        "share", ((1.0, (("quantity", "k", None), ("flow", "a", None))), (-1.0, (("flow", "c", None),)))
    )
    network = flows(
        {"a": 10.0, "d": 4.0}, TEE, ("m", "n"), quantities=(Quantity("k", 0.0, 1.0),), relations=(relation,)
    )
    found = solvability(network)
    assert classes(found)["quantity", "k", None, 0] == "observable"
    assert reasons(found)["quantity", "k", None, 0] == "not measured; the relation `share` determine it"


def test_the_reasons_of_equal_periods_are_equal() -> None:
    network = small(11, share=0.5, periods=1)
    read = tuple(r for r in network.readings if r.kind in ("flow", "assay"))
    year = replace(
        network,
        nodes=tuple(replace(node, kind="junction") if node.kind == "stock" else node for node in network.nodes),
        hours=network.hours * 5,
        readings=tuple(replace(r, period=p) for r in read for p in range(5)),
    )
    found = reasons(solvability(year))
    assert len(set(found.values())) > 5
    for (kind, name, component, period), reason in found.items():
        assert reason == found[kind, name, component, 0], (kind, name, component, period)


def test_reasons_read_one_by_one_are_those_read_at_once() -> None:
    found = solvability(small(3, share=0.5))
    assert list(found.reasons) == [found.reasons[place] for place in range(len(found.reasons))]
    assert found.reasons[-1] == list(found.reasons)[-1]
    assert list(found.reasons[2:4]) == list(found.reasons)[2:4]
    with pytest.raises(IndexError):
        found.reasons[len(found.reasons)]
