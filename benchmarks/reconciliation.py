"""Reconcile a synthetic plant of the size of the example: balances, standard deviations, tests and suspects.

For example: 17 nodes, 36 streams, 7 components, 5 periods, all of it measured, about 1,500 values.
"""

from __future__ import annotations

import numpy as np

from benchmarks.registry import Subject
from ferrolan.reconciliation import Network, reconcile
from ferrolan.testing.plants import plant


def _network(nodes: int, streams: int, components: int, periods: int) -> Network:
    generator = np.random.default_rng(2026)
    return plant(nodes, streams, components, periods, generator).read(generator)


EXAMPLE = _network(17, 36, 7, 5)


def ours() -> object:
    return reconcile(EXAMPLE).objective


SUBJECT = Subject(
    name="account of a month",
    station="reconciliation",
    ours=ours,
    note="synthetic plant: 17 nodes, 36 streams, 7 components, 5 periods, all read; values, sds, tests, suspects",
)
