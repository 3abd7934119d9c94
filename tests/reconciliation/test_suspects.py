"""A planted bias is found with its class; clean data are not accused more often than stated."""

from __future__ import annotations

import numpy as np
import pytest

from ferrolan.reconciliation import MASS, Network, Node, Reading, Stream, reconcile
from ferrolan.reconciliation.suspects import meter_suspects
from ferrolan.testing.plants import plant
from tests.reconciliation.dense import Account, dense_biases, dense_suspects, published

LINE = (
    Stream("a", None, "n1"),
    Stream("b", "n1", "n2"),
    Stream("c", "n2", "n3"),
    Stream("d", "n3", None),
    Stream("e", "n3", "n1"),
)
NODES = tuple(Node(f"n{i}", (MASS,)) for i in (1, 2, 3))
TRUTH = {"a": 80.0, "b": 100.0, "c": 100.0, "d": 80.0, "e": 20.0}


def read(
    generator: np.random.Generator, *, bias: dict[str, float] | None = None, noise: float = 1.0, periods: int = 5
) -> Network:
    readings = tuple(
        Reading(
            "flow",
            name,
            None,
            p,
            true * (1.0 + (bias or {}).get(name, 0.0) + noise * 0.01 * generator.standard_normal()),
            0.01 * true,
            name,
        )
        for name, true in TRUTH.items()
        for p in range(periods)
    )
    return Network(LINE, NODES, (), (168.0,) * periods, readings)


def test_a_planted_bias_is_found_with_its_size() -> None:
    result = reconcile(read(np.random.default_rng(0), bias={"b": 0.05}))
    first = result.suspects.row(0, named=True)
    assert first["tag"] == "b"
    assert first["bias_low"] < 0.05 < first["bias_high"]
    assert first["z"] > first["critical"]
    assert first["p_global_without"] > 0.01


def test_meters_that_no_balance_tells_apart_form_one_class() -> None:
    """One node, one period: feed, product and tails meters cannot be told apart by any test."""
    streams = (Stream("f", None, "n"), Stream("p", "n", None), Stream("t", "n", None))
    readings = tuple(Reading("flow", n, None, 0, v, 1.0, n) for n, v in (("f", 110.0), ("p", 60.0), ("t", 40.0)))
    result = reconcile(Network(streams, (Node("n", (MASS,)),), (), (1.0,), readings))
    assert set(result.suspects["tag"]) == {"f", "p", "t"}
    assert result.suspects["suspect_class"].n_unique() == 1
    assert result.suspects["z"].n_unique() == 1 or np.ptp(result.suspects["z"].to_numpy()) < 1e-9


def test_two_biases_are_found_one_after_the_other() -> None:
    result = reconcile(read(np.random.default_rng(1), bias={"b": 0.08, "e": -0.06}))
    ranked = result.suspects.filter(result.suspects["rank"] <= 2)
    assert {"b", "e"} <= set(ranked["tag"])


def test_clean_data_are_accused_no_more_often_than_stated() -> None:
    """Level 5 % over 120 draws: six expected; more than 14 have a probability below 0.1 %."""
    generator = np.random.default_rng(7)
    results = [reconcile(read(generator, periods=2)) for _ in range(120)]
    assert sum(len(result.suspects) > 0 for result in results) <= 14
    assert sum(not result.tests["passed"][0] for result in results) <= 14


def test_exact_data_raise_no_suspect_and_zero_objective() -> None:
    result = reconcile(read(np.random.default_rng(0), noise=0.0))
    assert result.objective == pytest.approx(0.0, abs=1e-15)
    assert result.suspects.is_empty()


@pytest.mark.parametrize("seed", [11, 12])
def test_a_belt_scale_three_percent_high_is_among_the_suspects_of_a_large_plant(seed: int) -> None:
    """Sigma is 1 % a period: no single period shows it, the same 3 % in five periods does."""
    generator = np.random.default_rng(seed)
    made = plant(17, 36, 7, 5, generator)
    middle = next(s.name for s in made.network.streams if s.source is not None and s.target is not None)
    tag = f"flow.{middle}"
    result = reconcile(made.read(generator, bias={tag: 0.03}))
    rows = result.suspects.filter(result.suspects["tag"] == tag).to_dicts()
    assert rows
    assert rows[0]["rank"] == 1
    assert rows[0]["bias_low"] < 0.03 < rows[0]["bias_high"]


@pytest.mark.parametrize(
    ("name", "unmeasured"),
    [
        ("alhajdibo_2008_mineral_plant", ()),
        ("alhajdibo_2008_mineral_plant", ("s1", "s4", "s11")),
        ("yang_1995_4node", ("s7", "s8")),
        ("martins_2010_water_balance", ()),
    ],
)
def test_the_list_of_meters_is_the_same_without_a_matrix_of_readings_by_meters(name: str, unmeasured: tuple) -> None:
    account = Account(published(name, unmeasured))
    found = meter_suspects(
        account.network, account.natural, account.vicinity, account.objective, account.degrees
    )  # fmt: skip
    tags = tuple(reading.tag for reading in account.network.readings)
    directions = np.diag([reading.value / reading.sigma for reading in account.network.readings])
    matrix = account.evidence.matrix
    carried = matrix @ account.response.solve(matrix.T @ directions, np.zeros((account.rows, len(tags))))[0]
    dense = dense_biases(tags, directions, account.vicinity.adjustment, carried)
    expected = dense_suspects(dense, account.objective, account.degrees)

    def told(list_of, names):
        return sorted((s.rank if not s.echo else 99, names[s.tag], round(s.z, 5), round(s.bias, 5)) for s in list_of)

    assert told(found.found, found.tags) == told(expected, tags)
    np.testing.assert_allclose(np.nan_to_num(found.statistics), np.nan_to_num(dense.statistics), atol=1e-6)
