"""A network that contradicts itself is refused, all faults at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferrolan.base.errors import ProblemError
from ferrolan.reconciliation import (
    ENERGY,
    MASS,
    Correlation,
    Known,
    Network,
    Node,
    Quantity,
    Reading,
    Relation,
    SharedError,
    Stream,
)

GOOD = Network(
    streams=(Stream("feed", None, "mill"), Stream("ground", "mill", None)),
    nodes=(Node("mill", (MASS, "Fe")),),
    components=("Fe",),
    hours=(168.0,),
    readings=(Reading("flow", "feed", None, 0, 100.0, 1.0, "W1"), Reading("assay", "feed", "Fe", 0, 0.3, 0.01, "L1")),
)
FLOW = GOOD.readings[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"readings": (replace(FLOW, sigma=0.0),)}, "sigma above 0"),
        ({"readings": (replace(FLOW, sigma=float("nan")),)}, "sigma above 0"),
        ({"readings": (replace(FLOW, value=float("inf")),)}, "finite value"),
        ({"readings": (replace(FLOW, object="slag"),)}, "unknown stream `slag`"),
        ({"readings": (replace(FLOW, component="Fe"),)}, "has no component"),
        ({"readings": (replace(FLOW, period=1),)}, "period from 0 to 0"),
        ({"readings": (FLOW, FLOW)}, "tag `W1` is read 2 times in period 0"),
        ({"readings": (FLOW, replace(FLOW, object="ground"))}, "tag `W1` reads 2 quantities"),
        ({"readings": ()}, "an island in which nothing is read"),
        ({"hours": (-1.0,)}, "hours above 0"),
        ({"nodes": (Node("mill", (MASS, "Nd")),)}, "unknown component `Nd`"),
        ({"nodes": ()}, "unknown target node `mill`"),
        ({"nodes": (*GOOD.nodes, Node("caster", (MASS,), "stock"))}, "no stream touches it"),
        ({"streams": (*GOOD.streams, Stream("feed", None, "mill"))}, "stream `feed` is given 2 times"),
        ({"streams": GOOD.streams[:1]}, "enters by `feed` but leaves by no stream"),
        ({"streams": (*GOOD.streams, Stream("loop", "mill", "mill"))}, "starts and ends"),
        (
            {"absent": frozenset({("feed", "Fe")}), "readings": (FLOW,)},
            "`Fe` leaves by `ground` but enters by no stream",
        ),
        ({"absent": frozenset({("feed", "Fe"), ("ground", "Fe")})}, "declared absent"),
        (
            {"streams": (*GOOD.streams, Stream("x", None, "mill")), "nodes": (Node("mill", (MASS,), "splitter"),)},
            "one inlet",
        ),
    ],
)
def test_a_fault_is_named(change: dict[str, object], words: str) -> None:
    with pytest.raises(ProblemError, match=words):
        replace(GOOD, **change)  # type: ignore[arg-type]


GROUND = replace(FLOW, object="ground", tag="W2")
THIRD = replace(GOOD.readings[1], tag="L1")
HEAT = Stream("loss", "mill", None, "heat")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"readings": (replace(FLOW, value="n/a"),)}, "period 0: expected a finite value, got 'n/a'"),
        ({"readings": (replace(FLOW, sigma="1"),)}, "expected a sigma above 0, got '1'"),
        ({"readings": (replace(FLOW, below=True, value=-1.0),)}, "detection limit of at least 0"),
        ({"readings": (replace(FLOW, shares=(("belt", 1.0),)),)}, "shares the unknown error `belt`"),
        ({"shared": (SharedError("belt", 0.0),)}, "shared error `belt`: expected a sigma above 0"),
        ({"shared": (SharedError("belt", 1.0, "week"),)}, "last an account or a period, got `week`"),
        ({"shared": (SharedError("belt", 1.0),) * 2}, "shared error `belt` is given 2 times"),
        ({"correlations": (Correlation("W1", "W9", 0.5),)}, "no reading has the tag `W9`"),
        ({"correlations": (Correlation("W1", "L1", 1.5),)}, "r between -1 and 1, got 1.5"),
        ({"correlations": (Correlation("W1", "W1", 0.5),)}, "expected two tags, got one"),
        ({"correlations": (Correlation("W1", "L1", 1.0),)}, "not positive definite"),
        ({"correlations": (Correlation("W1", "L1", 0.1), Correlation("L1", "W1", 0.2))}, "given 2 times"),
        ({"known": (Known("flow", "slag", None, 1.0),)}, "unknown stream `slag`"),
        ({"known": (Known("assay", "feed", "Fe", 1.2),)}, "a value from 0 to 1, got 1.2"),
        ({"known": (Known("flow", "feed", None, -1.0),)}, "known flow of `feed`: expected a value of at least 0"),
        ({"known": (Known("flow", "feed", None, 1.0, 3),)}, "a period from 0 to 0, got 3"),
        (
            {"known": (Known("flow", "feed", None, 1.0), Known("flow", "feed", None, 2.0, 0))},
            "period 0: it is said to be 1.0 and 2.0",
        ),
        ({"quantities": (Quantity("k", 1.0, 0.0),)}, "quantity `k`: expected lower <= upper"),
        (
            {"quantities": (Quantity("k", 0.0, 1.0),), "known": (Known("quantity", "k", None, 2.0),)},
            "outside 0.0 to 1.0",
        ),
        ({"relations": (Relation("r", ()),)}, "relation `r`: it has no term"),
        ({"relations": (Relation("r", ((1.0, ()),)),)}, "a term has no factor"),
        ({"relations": (Relation("r", ((1.0, (("quantity", "k", None),)),)),)}, "unknown quantity `k`"),
        ({"relations": (Relation("r", ((float("nan"), (("flow", "feed", None),)),)),)}, "finite coefficient"),
        ({"streams": (*GOOD.streams, HEAT)}, "neither of its ends closes energy"),
        ({"nodes": (Node("mill", (MASS, "Fe", ENERGY)),)}, "give its coefficients of enthalpy"),
        (
            {"streams": (*GOOD.streams, HEAT), "readings": (replace(FLOW, kind="temperature", object="loss"),)},
            "material",
        ),
        ({"components": ("Fe", ENERGY)}, "the name is kept for the balance of energy"),
    ],
)
def test_a_fault_of_the_further_kinds_is_named(change: dict[str, object], words: str) -> None:
    with pytest.raises(ProblemError) as caught:
        replace(GOOD, **change)  # type: ignore[arg-type]
    assert words in str(caught.value)


def test_correlations_that_contradict_each_other_are_named() -> None:
    pairs = (Correlation("W1", "W2", 0.9), Correlation("W2", "L1", 0.9), Correlation("W1", "L1", -0.9))
    with pytest.raises(ProblemError, match="among `W1`, `W2`, `L1` contradict each other"):
        replace(GOOD, readings=(FLOW, GROUND, THIRD), correlations=pairs)


def test_a_strong_correlation_is_a_remark() -> None:
    network = replace(GOOD, readings=(FLOW, GROUND), correlations=(Correlation("W1", "W2", 0.99),))
    assert [remark.split(":")[0] for remark in network.remarks] == ["`W1` and `W2` are correlated by 0.99"]
    assert replace(network, correlations=(Correlation("W1", "W2", 0.9),)).remarks == ()


def test_two_meters_may_read_one_flow() -> None:
    assert replace(GOOD, readings=(FLOW, replace(FLOW, tag="W1b"))).remarks == ()


def test_a_part_without_readings_is_a_remark_while_something_is_read() -> None:
    more = (Stream("x", None, "far"), Stream("y", "far", None))
    network = replace(GOOD, streams=(*GOOD.streams, *more), nodes=(*GOOD.nodes, Node("far", (MASS,))))
    assert network.remarks == ("`far` form an island in which nothing is read; nothing is said about it",)


def test_a_text_among_many_readings_is_found_with_its_address() -> None:
    many = tuple(replace(FLOW, period=p) for p in range(1000))
    broken = (*many[:700], replace(many[700], value="#REF!"), *many[701:])
    with pytest.raises(ProblemError, match="reading `W1`, period 700: expected a finite value, got '#REF!'") as caught:
        replace(GOOD, hours=(1.0,) * 1000, readings=broken)  # type: ignore[arg-type]
    assert "1 fault" in str(caught.value)


def test_all_faults_are_raised_at_once() -> None:
    with pytest.raises(ProblemError, match="2 faults") as caught:
        replace(GOOD, readings=(replace(FLOW, sigma=-1.0), replace(FLOW, object="slag", tag="W2")))
    assert "sigma above 0" in str(caught.value)
    assert "slag" in str(caught.value)
