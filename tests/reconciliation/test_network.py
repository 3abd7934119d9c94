"""A network that contradicts itself is refused, all faults at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferrolan.base.errors import ProblemError
from ferrolan.reconciliation import MASS, Network, Node, Reading, Stream

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
        ({"readings": (FLOW, replace(FLOW, tag="W2"))}, "read 2 times"),
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


def test_all_faults_are_raised_at_once() -> None:
    with pytest.raises(ProblemError, match="2 faults") as caught:
        replace(GOOD, readings=(replace(FLOW, sigma=-1.0), replace(FLOW, object="slag", tag="W2")))
    assert "sigma above 0" in str(caught.value)
    assert "slag" in str(caught.value)
