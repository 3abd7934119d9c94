"""A small works for the metallurgical account: a bin and a flotation, two periods, iron; synthetic."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ferrolan.reconciliation.metal import Scope
from ferrolan.reconciliation.network import MASS, Correlation, Network, Node, Reading, SharedError, Stream

STREAMS = (
    Stream("feed", None, "bin"),
    Stream("mill_feed", "bin", "flotation"),
    Stream("concentrate", "flotation", None),
    Stream("tails", "flotation", None),
)
NODES = (Node("bin", (MASS, "Fe"), "stock"), Node("flotation", (MASS, "Fe")))
SITE = Scope("site", "works", frozenset({"bin", "flotation"}))
FLOTATION = Scope("unit", "flotation", frozenset({"flotation"}))
PRODUCTS = ("concentrate",)
FLOWS = {"feed": (100.0, 104.0), "mill_feed": (98.0, 101.0), "concentrate": (30.0, 32.0), "tails": (69.0, 68.0)}
IRON = {"feed": (0.30, 0.31), "mill_feed": (0.305, 0.30), "concentrate": (0.60, 0.61), "tails": (0.17, 0.165)}
STOCK, STOCK_IRON = (1000.0, 1190.0, 1510.0), (0.30, 0.30, 0.305)


def readings(*, without: Sequence[str] = ()) -> list[Reading]:
    """Readings of everything but some tags: flows to 1 %, assays to 2 %, stocks to 20 t."""
    found = []
    for name in FLOWS:
        for period, (flow, iron) in enumerate(zip(FLOWS[name], IRON[name], strict=True)):
            found.append(Reading("flow", name, None, period, flow, 0.01 * flow, f"W-{name}"))
            found.append(Reading("assay", name, "Fe", period, iron, 0.02 * iron, f"L-{name}"))
    for period, (stock, iron) in enumerate(zip(STOCK, STOCK_IRON, strict=True)):
        found.append(Reading("stock", "bin", None, period, stock, 20.0, "S-bin"))
        found.append(Reading("stock_assay", "bin", "Fe", period, iron, 0.01 * iron, "L-bin"))
    return [reading for reading in found if reading.tag not in without]


def works(
    read: Sequence[Reading], *, shared: Sequence[SharedError] = (), correlations: Sequence[Correlation] = ()
) -> Network:
    """The works with these readings, two periods of 100 h."""
    return Network(
        STREAMS, NODES, ("Fe",), (100.0, 100.0), tuple(read), shared=tuple(shared), correlations=tuple(correlations)
    )


def linear(sigmas: Sequence[float], values: Sequence[float] = (100.0, 61.0, 38.0, 21.0, 16.0, 37.5)) -> Network:
    """Six flows around three nodes, mass alone: a linear network."""
    ends = ((None, "a"), ("a", "b"), ("a", "c"), ("b", None), ("b", "c"), ("c", None))
    streams = tuple(Stream(f"s{n}", source, target) for n, (source, target) in enumerate(ends))
    read = [
        Reading("flow", f"s{n}", None, 0, value, float(sigma), f"W{n}")
        for n, (value, sigma) in enumerate(zip(values, sigmas, strict=True))
        if np.isfinite(sigma)
    ]
    return Network(streams, tuple(Node(name, (MASS,)) for name in "abc"), (), (1.0,), tuple(read))
