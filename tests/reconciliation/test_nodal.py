"""The nodal test: published statistics, merged nodes, shared errors and correlations, stocks over periods."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from ferrolan.reconciliation import MASS, Correlation, Network, Node, Reading, SharedError, Stream
from ferrolan.reconciliation.equations import equations
from ferrolan.reconciliation.evidence import evidence
from ferrolan.reconciliation.nodal import WHOLE, NodalTests, nodal_frame, nodal_tests
from ferrolan.reconciliation.tests import sidak_critical
from ferrolan.testing.plants import plant
from tests.reconciliation.dense import published


def balances(network: Network) -> NodalTests:
    system = equations(network)
    return nodal_tests(network, system, evidence(network, system))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("narasimhan_jordache_2000_hx_bypass_bias2", [0.687, 3.0052, 1.2657, 1.0161]),
        (
            "alhajdibo_2008_mineral_plant",
            [0.0, 4.36244, 5.23305, 0.30406, 5.17532, 7.62996, 10.31592, 0.44316, 8.99876],
        ),
    ],
)
def test_published_nodal_statistics_are_met(name: str, expected: list[float]) -> None:
    found = balances(published(name))
    z = {nodes[0]: abs(value) for nodes, value in zip(found.nodes, found.z.tolist(), strict=True)}
    assert [z[f"n{i}"] for i in range(1, len(expected) + 1)] == pytest.approx(expected, abs=5e-5)


def test_nodes_are_merged_across_what_nobody_measures() -> None:
    """Yang without meters 7 and 8: nodes 1, 2 and 4 say something only together."""
    network = published("yang_1995_4node", ("s7", "s8"))
    found = balances(network)
    assert set(map(frozenset, found.nodes)) == {frozenset({"n1", "n2", "n4"}), frozenset({"n3"})}
    read = {reading.tag: reading for reading in network.readings}
    merged = next(i for i, nodes in enumerate(found.nodes) if len(nodes) == 3)
    crossing = [s for s in network.streams if (s.source in found.nodes[merged]) != (s.target in found.nodes[merged])]
    assert found.sd[merged] ** 2 == pytest.approx(sum(read[s.name].sigma ** 2 for s in crossing))


def test_a_balance_with_an_unmeasured_outlet_is_not_tested() -> None:
    network = published("narasimhan_jordache_2000_hx_bypass_bias2", ("s6",))
    assert ("n4",) not in balances(network).nodes


STREAMS = (Stream("f", None, "n"), Stream("p", "n", None))


def pair(**more) -> Network:
    shares = (("scale", 1.0),) if "shared" in more else ()
    readings = (
        Reading("flow", "f", None, 0, 12.0, 0.3, "WT-1", shares=shares),
        Reading("flow", "p", None, 0, 10.0, 0.4, "WT-2", shares=shares),
    )
    return Network(STREAMS, (Node("n", (MASS,)),), (), (2.0,), readings, **more)


def test_an_error_that_two_meters_share_cancels_in_their_balance() -> None:
    assert balances(pair()).sd[0] == pytest.approx(2.0 * 0.5)
    assert balances(pair(shared=(SharedError("scale", 5.0),))).sd[0] == pytest.approx(2.0 * 0.5)


def test_correlated_errors_count_with_their_covariance() -> None:
    found = balances(pair(correlations=(Correlation("WT-1", "WT-2", 0.5),)))
    assert found.sd[0] == pytest.approx(2.0 * np.sqrt(0.09 + 0.16 - 2 * 0.5 * 0.3 * 0.4))
    assert found.residual[0] == pytest.approx(4.0)


def test_two_meters_of_one_stream_count_with_their_weighted_mean() -> None:
    network = pair()
    second = Reading("flow", "f", None, 0, 11.0, 0.3, "WT-3")
    found = balances(replace(network, readings=(*network.readings, second)))
    assert found.residual[0] == pytest.approx(2.0 * 1.5)
    assert found.sd[0] == pytest.approx(2.0 * np.sqrt(0.09 / 2 + 0.16))


def test_a_stock_nobody_surveyed_in_between_joins_its_periods() -> None:
    streams = (Stream("in", None, "bin"), Stream("out", "bin", None))
    readings = [
        Reading("flow", name, None, p, value, 1.0, name)
        for name, value in (("in", 12.0), ("out", 10.0))
        for p in (0, 1)
    ]
    ends = [Reading("stock", "bin", None, p, value, 2.0, "level") for p, value in ((0, 100.0), (2, 108.0))]
    network = Network(streams, (Node("bin", (MASS,), "stock"),), (), (3.0, 3.0), (*readings, *ends))
    found = balances(network)
    assert found.period.tolist() == [WHOLE]
    assert found.residual[0] == pytest.approx(2 * 3.0 * 2.0 - 8.0)
    assert found.sd[0] == pytest.approx(np.sqrt(4 * 9.0 + 2 * 4.0))


def test_clean_readings_of_a_plant_are_normal_in_every_balance() -> None:
    made = plant(17, 36, 4, 3, np.random.default_rng(1))
    found = balances(made.read(np.random.default_rng(2)))
    single = found.z[found.period != WHOLE]
    assert len(single) > 150
    assert abs(float(np.std(single)) - 1.0) < 0.15
    exact = balances(made.read(np.random.default_rng(2), noise=0.0))
    assert np.max(np.abs(exact.z)) < 1e-6


def test_the_table_states_the_level_and_the_number_of_tests() -> None:
    frame = nodal_frame(balances(published("narasimhan_jordache_2000_hx_bypass_bias2")))
    assert frame["critical"].unique().to_list() == pytest.approx([sidak_critical(4)])
    assert frame["level"].unique().to_list() == [0.05]
    assert frame.filter(~pl.col("passed"))["nodes"].to_list() == ["n2"]
