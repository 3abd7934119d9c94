"""Trains of mixer-settlers with separation factors: 10 components in 120 stages, and 10,000 samples of 5 in 80.

``python -m benchmarks.cascade`` prints CPU times; as a subject it is the rating of ninety random feasible trains.
Specifications are synthetic, from a seed: adjacent separation factors 1.5 to 10 with 2 % of scatter, feeds with 5 %,
every adjacent cut in turn, scrub 1.02 to 3 times its minimum, product rates of what can be recovered or up to 1 % off.
"""

from __future__ import annotations

import math
import statistics
import time

import numpy as np

from benchmarks.registry import Subject
from ferrolan.base.errors import FerrolanError
from ferrolan.process.cascade import Batch, Feed, SeparationFactors, Train, minimum_flows, rate, rate_many

COMPONENTS = ("La", "Ce", "Pr", "Nd", "Sm", "Eu", "Gd", "Tb", "Dy", "Y")
ADJACENT = (6.8, 2.0, 1.5, 10.0, 2.2, 2.0, 5.0, 2.0, 1.5)
FEED = (0.27, 0.50, 0.05, 0.155, 0.012, 0.002, 0.006, 0.001, 0.002, 0.002)


def feasible(count: int, seed: int, least: float = 1.02, most: float = 3.0) -> list[Train]:
    """Trains of ten components in 120 stages, every adjacent cut in turn; the scrub between two multiples of W_min."""
    random = np.random.default_rng(seed)
    return [_train(random, place % 9 + 1, least, most) for place in range(count)]


def _train(random: np.random.Generator, cut: int, least: float, most: float) -> Train:
    alpha = np.sort(np.cumprod([1.0, *ADJACENT]) * np.exp(random.normal(0.0, 0.02, 10)))
    feed = np.array(FEED) * np.exp(random.normal(0.0, 0.05, 10))
    feed /= feed.sum()
    minimum = minimum_flows(alpha, feed, 10 - cut)
    scrub = minimum.scrub * math.exp(random.uniform(math.log(least), math.log(most)))
    product = minimum.product * random.choice([1.0, 1.0, 0.9999, 0.998, 0.99])
    stage = int(random.integers(40, 81))
    return Train(COMPONENTS, 120, (Feed(stage, feed),), scrub + product, scrub, SeparationFactors(alpha))


def many(count: int, threads: int) -> Batch:
    """Samples of five components in 80 stages: factors with 2 %, feeds with 5 % of scatter at given flows."""
    random = np.random.default_rng(0)
    alpha, feed = np.array([1.0, 2.0, 3.0, 30.0, 66.0]), np.array([0.27, 0.5, 0.05, 0.16, 0.02])
    minimum = minimum_flows(alpha, feed, 2)
    scrub = 1.3 * minimum.scrub
    train = Train(COMPONENTS[:5], 80, (Feed(40, feed),), scrub + minimum.product, scrub, SeparationFactors(alpha))
    feeds = feed * np.exp(random.normal(0.0, 0.05, (count, 5)))
    return rate_many(
        train,
        alphas=alpha * np.exp(random.normal(0.0, 0.02, (count, 5))),
        feeds=feeds / feeds.sum(axis=1, keepdims=True),
        threads=threads,
    )


TRAINS = feasible(90, seed=1)


def ours() -> object:
    return [rate(train) for train in TRAINS]


SUBJECT = Subject(
    "cascade",
    "process",
    ours,
    note="90 ratings of 10 components in 120 stages, constant separation factors, cold, 1.02 to 3 times minimum flow, "
    "every adjacent cut; no peer solves this closure to rate a train",
)


def _rated(trains: list[Train]) -> str:
    times, closures, iterations, failed = [], [0.0], [0], 0
    for train in trains:
        start = time.process_time()
        try:
            profile = rate(train)
        except FerrolanError:
            failed += 1
            continue
        finally:
            times.append(1e3 * (time.process_time() - start))
        closures.append(float(np.abs(profile.closure).max()))
        iterations.append(profile.iterations)
    quantiles = statistics.quantiles(times, n=100)
    return (
        f"median {statistics.median(times):.2f} ms, 99 % {quantiles[98]:.2f} ms, worst {max(times):.2f} ms; "
        f"{len(trains) - failed} of {len(trains)} settled, at most {max(iterations)} iterations, "
        f"worst closure {max(closures):.1e}"
    )


def main() -> None:
    """Print CPU times."""
    rate(TRAINS[0])
    print("10 x 120, 1,000 feasible, 1.02 to 3 W_min, cold:", _rated(feasible(1000, seed=2)), flush=True)
    print(
        "10 x 120, 200 at 1.02 to 1.03 W_min, cold:", _rated(feasible(200, seed=3, least=1.02, most=1.03)), flush=True
    )
    print("10 x 120, 200 below the minimum, 0.3 to 1, cold:", _rated(feasible(200, 4, 0.3, 1.0)), flush=True)
    for threads in (1, 2):
        cpu, wall = time.process_time(), time.perf_counter()
        found = many(10_000, threads)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        alone, settled = int(found.alone.sum()), int(found.settled.sum())
        print(
            f"5 x 80, 10,000 samples, {threads} threads: CPU {cpu:.1f} s, wall {wall:.1f} s; {settled} settled", end=""
        )
        print(f", {alone} of them alone", flush=True)


if __name__ == "__main__":
    main()
