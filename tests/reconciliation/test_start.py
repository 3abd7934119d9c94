"""Where the search begins: within the bounds, near the readings, with sizes for what nobody reads."""

from __future__ import annotations

import numpy as np
import pytest

from ferrolan.reconciliation import MASS, Network, Node, Quantity, Reading, Relation, Stream
from ferrolan.reconciliation.equations import Equations, equations
from ferrolan.reconciliation.evidence import evidence
from ferrolan.reconciliation.start import Prior, hierarchical_start, prior, raw_start
from ferrolan.testing.plants import plant


def begun(network: Network) -> tuple[Equations, Prior]:
    system = equations(network)
    return system, prior(system, evidence(network, system), np.asarray(network.hours))


@pytest.mark.parametrize(("seed", "share"), [(0, 1.0), (1, 0.7), (2, 0.4)])
def test_both_starts_lie_within_the_bounds(seed: int, share: float) -> None:
    generator = np.random.default_rng(seed)
    system, known = begun(plant(8, 18, 3, 2, generator).read(generator, share=share))
    for z in (hierarchical_start(system, known), raw_start(system, known)):
        assert np.all((z >= system.lower) & (z <= system.upper))
    assert np.all(known.typical > 0.0)


@pytest.mark.parametrize("seed", range(4))
def test_the_linear_start_of_exact_readings_is_the_truth(seed: int) -> None:
    generator = np.random.default_rng(seed)
    made = plant(8, 18, 3, 2, generator)
    system, known = begun(made.read(generator, noise=0.0))
    truth = np.array([made.truth[tuple(key)] for key in system.keys])  # type: ignore[index]
    assert hierarchical_start(system, known) == pytest.approx(truth, rel=1e-6, abs=1e-12)


def test_an_unmeasured_flow_starts_where_its_balance_puts_it() -> None:
    streams = (Stream("in", None, "n"), Stream("a", "n", None), Stream("b", "n", None))
    readings = tuple(Reading("flow", n, None, 0, v, 0.1, n) for n, v in (("in", 10.0), ("a", 7.0)))
    system, known = begun(Network(streams, (Node("n", (MASS,)),), (), (1.0,), readings))
    assert hierarchical_start(system, known) == pytest.approx([10.0, 7.0, 3.0], rel=1e-3)


def test_two_readings_of_one_quantity_count_by_their_sigmas() -> None:
    streams = (Stream("in", None, "n"), Stream("out", "n", None))
    readings = tuple(Reading("flow", "in", None, 0, v, s, f"W{v}") for v, s in ((10.0, 1.0), (13.0, 2.0)))
    _, known = begun(Network(streams, (Node("n", (MASS,)),), (), (1.0,), readings))
    assert known.target[0] == pytest.approx((10.0 + 13.0 / 4.0) / 1.25)
    assert known.sigma[0] == pytest.approx(1.25**-0.5)
    assert np.isnan(known.target[1])
    assert known.typical[1] == pytest.approx(known.target[0])


def test_a_quantity_nobody_reads_starts_in_the_middle_of_its_bounds() -> None:
    streams = (Stream("in", None, "n"), Stream("out", "n", None))
    relation = Relation("r", ((1.0, (("flow", "out", None),)), (-1.0, (("quantity", "k", None), ("flow", "in", None)))))
    readings = (Reading("flow", "in", None, 0, 10.0, 0.1, "in"),)
    network = Network(
        streams, (Node("n", ()),), (), (1.0,), readings, quantities=(Quantity("k", 0.2, 0.6),), relations=(relation,)
    )
    system, known = begun(network)
    assert raw_start(system, known)[system.index["quantity", "k", None, 0]] == pytest.approx(0.4)
