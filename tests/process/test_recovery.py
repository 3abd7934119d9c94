"""The two- and three-product formulas: laws, the account of the same readings, then the published cases."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrolan.base.errors import ProblemError
from ferrolan.process.recovery import three_product_recovery, two_product_recovery
from ferrolan.reconciliation import MASS, Network, Node, Reading, Reconciled, Stream, reconcile

CASES = Path(__file__).parents[2] / "cases" / "process"
CONTENTS = st.lists(st.floats(1e-4, 0.9), min_size=3, max_size=3, unique=True).map(sorted)


def case(name: str) -> dict[str, Any]:  # Any: a TOML document
    return tomllib.loads((CASES / name / "case.toml").read_text(encoding="utf-8"))


@given(contents=CONTENTS)
def test_mass_and_metal_close(contents: list[float]) -> None:
    tails, feed, concentrate = contents
    found = two_product_recovery(feed, concentrate, tails)
    metal = found.mass_yield * concentrate + (1.0 - found.mass_yield) * tails
    assert metal == pytest.approx(feed, rel=1e-9)
    assert found.recovery * feed == pytest.approx(found.mass_yield * concentrate, rel=1e-9)
    assert 0.0 <= found.mass_yield <= found.recovery <= 1.0 + 1e-12


@given(contents=CONTENTS, factor=st.floats(1e-3, 1e3))
def test_the_unit_of_the_assays_does_not_matter(contents: list[float], factor: float) -> None:
    tails, feed, concentrate = contents
    sd = (0.01 * feed, 0.01 * concentrate, 0.01 * tails)
    one = two_product_recovery(feed, concentrate, tails, sd=sd)
    other = two_product_recovery(
        feed * factor, concentrate * factor, tails * factor, sd=(sd[0] * factor, sd[1] * factor, sd[2] * factor)
    )
    assert (one.recovery, one.recovery_sd) == pytest.approx((other.recovery, other.recovery_sd), rel=1e-6)


@pytest.mark.parametrize(
    ("contents", "said"),
    [((0.01, 0.1, 0.02), "must lie between"), ((0.01, 0.01, 0.002), "must lie between"), ((-0.1, 0.1, 0.0), "at least 0"),
     ((float("nan"), 0.1, 0.0), "finite")],
)  # fmt: skip
def test_assays_that_separate_nothing_are_refused(contents: tuple[float, float, float], said: str) -> None:
    with pytest.raises(ProblemError, match=said):
        two_product_recovery(*contents)


def account(told: dict[str, Any]) -> Reconciled:
    """The same assays in a network in which only the feed is weighed, exactly."""
    names = ("feed", "concentrate", "tails")
    ends = ((None, "cell"), ("cell", None), ("cell", None))
    return reconcile(
        Network(
            streams=tuple(Stream(name, *end) for name, end in zip(names, ends, strict=True)),
            nodes=(Node("cell", (MASS, "Cu")),),
            components=("Cu",),
            hours=(1.0,),
            readings=(
                Reading("flow", "feed", None, 0, 100.0, 1e-4, "scale"),
                *(
                    Reading("assay", name, "Cu", 0, told[name], told["relative_sd"] * told[name], f"x_{name}")
                    for name in names
                ),
            ),
        )
    )


def test_an_account_of_the_same_assays_finds_the_same_yield_recovery_and_doubt() -> None:
    told = case("two_product_formula")
    sd = (
        told["relative_sd"] * told["feed"],
        told["relative_sd"] * told["concentrate"],
        told["relative_sd"] * told["tails"],
    )
    found = two_product_recovery(told["feed"], told["concentrate"], told["tails"], sd=sd)
    result = account(told)
    (feed, flow), (x_feed, x) = (
        [result.index[kind, name, component, 0] for name in ("feed", "concentrate")]
        for kind, component in (("flow", None), ("assay", "Cu"))
    )
    values = result.values
    share, recovery = values[flow] / values[feed], values[flow] * values[x] / (values[feed] * values[x_feed])
    assert (share, recovery) == pytest.approx((found.mass_yield, found.recovery), rel=1e-8)
    gradient = np.zeros((2, len(values)))
    gradient[0, [flow, feed]] = share / values[flow], -share / values[feed]
    for place, sign in ((flow, 1.0), (x, 1.0), (feed, -1.0), (x_feed, -1.0)):
        gradient[1, place] = sign * recovery / values[place]
    sds = np.sqrt(np.diag(result.covariance_of(gradient)))
    assert sds == pytest.approx([found.mass_yield_sd, found.recovery_sd], rel=1e-4)


def test_the_copper_flotation_has_the_published_yield_and_recovery() -> None:
    told = case("two_product_formula")
    found = two_product_recovery(told["feed"], told["concentrate"], told["tails"])
    solution = told["solution"]
    assert (found.mass_yield, found.recovery) == pytest.approx(
        (solution["mass_yield"], solution["recovery"]), rel=told["tolerance_rel"]
    )


@pytest.mark.parametrize("contents", case("recovery_error_amplification")["assays"])
def test_errors_are_amplified_as_published(contents: list[float]) -> None:
    told = case("recovery_error_amplification")
    feed, concentrate, tails = contents
    spread = told["relative_sd"]
    found = two_product_recovery(feed, concentrate, tails, sd=(spread * feed, spread * concentrate, spread * tails))
    y, r = found.mass_yield, found.recovery
    pairs = (
        (found.mass_yield_sd / y / spread, math.sqrt(2.0) * (1.0 - y) / abs(r - y), math.sqrt(1.0 - r + r * r)),
        (found.recovery_sd / r / spread, math.sqrt(2.0) * (1.0 - r) / abs(r - y), math.sqrt(1.0 - y + y * y)),
    )
    for amplified, published, factor in pairs:
        assert amplified == pytest.approx(published * factor, rel=told["tolerance_rel"])
        assert told["least_factor"] * (1.0 - 1e-12) <= amplified / published <= 1.0 + 1e-12


LEAD_ZINC = ((0.050, 0.080), (0.700, 0.060), (0.015, 0.550), (0.004, 0.006))


@given(
    shares=st.tuples(st.floats(0.02, 0.45), st.floats(0.02, 0.45)),
    contents=st.tuples(
        st.tuples(st.floats(0.4, 0.7), st.floats(0.01, 0.1)),
        st.tuples(st.floats(0.01, 0.1), st.floats(0.4, 0.6)),
        st.tuples(st.floats(0.001, 0.01), st.floats(0.001, 0.01)),
    ),
)
def test_three_products_give_back_the_yields_their_feed_was_mixed_with(
    shares: tuple[float, float], contents: tuple[tuple[float, float], ...]
) -> None:
    first, second, tails = (np.array(one) for one in contents)
    feed = shares[0] * first + shares[1] * second + (1.0 - sum(shares)) * tails
    found = three_product_recovery(tuple(feed), tuple(first), tuple(second), tuple(tails))  # type: ignore[arg-type]
    assert found.mass_yields == pytest.approx(shares, rel=1e-9)
    assert found.recoveries[0] == pytest.approx(shares[0] * first / feed, rel=1e-9)


def test_the_spread_of_three_products_is_that_of_small_changes() -> None:
    contents = np.array(LEAD_ZINC).ravel()
    sigma = 0.01 * contents
    covariance = np.diag(sigma**2) + 0.3 * np.outer(sigma, sigma) * (1.0 - np.eye(8))
    found = three_product_recovery(*LEAD_ZINC, covariance=covariance)

    def figures(values: np.ndarray) -> np.ndarray:
        again = three_product_recovery(*(tuple(pair) for pair in values.reshape(4, 2).tolist()))
        return np.concatenate([again.mass_yields, again.recoveries.ravel()])

    steps = 1e-6 * contents
    slopes = np.array([(figures(contents + e) - figures(contents - e)) / (2.0 * e.sum()) for e in np.diag(steps)]).T
    expected = np.sqrt(np.diag(slopes @ covariance @ slopes.T))
    assert np.concatenate([found.mass_yield_sds, found.recovery_sds.ravel()]) == pytest.approx(expected, rel=1e-6)


def test_a_common_laboratory_error_hardly_moves_a_recovery() -> None:
    """A relative error of all contents alike cancels in the two-product formula."""
    contents = np.array([0.010, 0.100, 0.002])
    common = np.outer(0.02 * contents, 0.02 * contents)
    assert two_product_recovery(*contents, covariance=common).recovery_sd < 1e-9


@pytest.mark.parametrize(
    "contents",
    [
        ((0.05, 0.05), (0.7, 0.7), (0.5, 0.5), (0.01, 0.01)),
        ((0.8, 0.08), (0.7, 0.06), (0.015, 0.55), (0.004, 0.006)),
        ((0.0, 0.08), (0.7, 0.06), (0.015, 0.55), (0.004, 0.006)),
    ],
    ids=["separated alike", "feed above all", "nothing in the feed"],
)
def test_contents_that_fit_no_three_products_are_refused(contents: tuple[tuple[float, float], ...]) -> None:
    with pytest.raises(ProblemError, match="contents"):
        three_product_recovery(*contents)
