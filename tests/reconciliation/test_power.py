"""How many planted biases are found and how often clean data raise an alarm, over seeded draws of generated networks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import special, stats

from ferrolan.reconciliation import MASS, Network, Node, Reconciled, reconcile
from ferrolan.reconciliation.tests import LEVEL, sidak_critical
from ferrolan.testing.complexes import Complex, wide
from ferrolan.testing.plants import Plant, plant

DRAWS = 200
POWER = 0.95
FACTOR = 1.3
"""Planted biases have this many times the size that is found with the power stated."""


def test_a_planted_bias_is_found_in_a_network_of_flows() -> None:
    made = flows(14, seed=3)
    sizes = detectable(reconcile(made.read(np.random.default_rng(0), share=1.0, noise=0.0)))
    found = sum(is_found(made, sizes, draw) for draw in range(DRAWS))
    assert found >= POWER * DRAWS


def test_clean_flows_raise_an_alarm_at_the_stated_level() -> None:
    """At most 5 % of accounts, and no fewer than a test that is not asleep: Sidak's level is nearly spent."""
    made = flows(14, seed=3)
    alarms = sum(
        reconcile(made.read(np.random.default_rng(10_000 + draw), share=1.0)).suspects.height > 0
        for draw in range(DRAWS)
    )
    assert alarms <= stats.binom.ppf(0.999, DRAWS, LEVEL)
    assert alarms >= 1


@pytest.mark.slow
def test_a_planted_bias_is_found_in_a_month_of_flows_and_assays() -> None:
    """17 nodes, 36 streams, 7 components, 5 weeks; a tag reads in all of them with one relative bias."""
    made = plant(17, 36, 7, 5, np.random.default_rng(2))
    sizes = detectable(reconcile(made.read(np.random.default_rng(0), noise=0.0)))
    found = sum(is_found(made, sizes, draw) for draw in range(DRAWS))
    assert found >= POWER * DRAWS


@pytest.mark.slow
def test_a_clean_month_raises_an_alarm_at_the_stated_level() -> None:
    made = plant(17, 36, 7, 5, np.random.default_rng(2))
    alarms = sum(
        reconcile(made.read(np.random.default_rng(10_000 + draw))).suspects.height > 0 for draw in range(DRAWS)
    )
    assert alarms <= stats.binom.ppf(0.999, DRAWS, LEVEL)


def flows(streams: int, seed: int) -> Complex:
    """A network of flows alone."""
    made = wide(streams, 1, np.random.default_rng(seed))
    plain = replace(made.network, components=(), nodes=tuple(Node(n.name, (MASS,)) for n in made.network.nodes))
    return Complex(plain, {key: value for key, value in made.truth.items() if key[0] == "flow"}, {})


def is_found(made: Complex | Plant, sizes: dict[str, float], draw: int) -> bool:
    """Whether the tag whose turn it is, read wrong by its size, is among the suspects."""
    generator = np.random.default_rng(draw)
    tag = sorted(sizes)[draw % len(sizes)]
    sign = 1.0 if generator.random() < 0.5 else -1.0
    network: Network = made.read(generator, share=1.0, bias={tag: sign * FACTOR * sizes[tag]})
    suspects = reconcile(network).suspects
    return tag in suspects["tag"].to_list()


def detectable(result: Reconciled, *, most: float = 0.2) -> dict[str, float]:
    """Relative bias of every tag that is found with the power stated, from the covariance of the account alone.

    A bias b of a tag is d b in its readings, d = y / sigma. Once the account has adapted, d' (1 - C) d of its square is
    left, C the covariance of the reconciled readings in sigmas; it stands out when b sqrt(d'(1-C)d) + N(0, 1) exceeds
    the critical value of as many tests as there are tags. Biases beyond ``most`` are no biases of a working meter.
    """
    tags = sorted({reading.tag for reading in result.network.readings})
    directions = np.zeros((len(tags), len(result.values)))
    square = np.zeros(len(tags))
    for reading in result.network.readings:
        place = result.index[reading.kind, reading.object, reading.component, reading.period]
        directions[tags.index(reading.tag), place] = reading.value / reading.sigma**2
        square[tags.index(reading.tag)] += (reading.value / reading.sigma) ** 2
    left = square - np.diag(result.covariance_of(directions))
    shows = left > 1e-6 * square
    needed = sidak_critical(int(shows.sum())) + float(special.ndtri(POWER))
    sizes = needed / np.sqrt(np.where(shows, left, np.inf))
    return {tag: float(size) for tag, size, is_seen in zip(tags, sizes, shows, strict=True) if is_seen and size <= most}
