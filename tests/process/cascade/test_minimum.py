"""Least flows: closed form, scaling, then the cases and what the simulator says on both sides."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrolan.base.errors import ProblemError
from ferrolan.process.cascade import Draw, Feed, SeparationFactors, Train, distance_to_pinch, minimum_flows, rate

CASES = Path(__file__).parents[3] / "cases" / "process"


def case() -> dict[str, Any]:  # Any: a TOML document
    return tomllib.loads((CASES / "underwood" / "case.toml").read_text(encoding="utf-8"))


@given(beta=st.floats(1.01, 50.0), fraction=st.floats(0.001, 0.999))
def test_of_two_components_the_minimum_is_one_over_beta_less_one(beta: float, fraction: float) -> None:
    found = minimum_flows([beta, 1.0], [fraction, 1.0 - fraction], 1)
    assert found.scrub == pytest.approx(1.0 / (beta - 1.0), rel=1e-8)
    assert found.organic == pytest.approx(found.scrub + fraction, rel=1e-12)


@given(factor=st.floats(1e-3, 1e3), seed=st.integers(0, 100))
def test_the_reference_of_the_factors_and_the_order_do_not_matter(factor: float, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(4)
    alpha, feed = np.array([1.0, 3.0, 6.0, 15.0]), np.array([0.35, 0.40, 0.15, 0.10])
    found, other = minimum_flows(alpha, feed, 2), minimum_flows(factor * alpha[order], feed[order], 2)
    assert (other.scrub, other.organic) == pytest.approx((found.scrub, found.organic), rel=1e-9)


def test_the_cases_of_two_and_of_four_components() -> None:
    for name, heavy in (("binary", 1), ("four", 2)):
        known = case()[name]
        found = minimum_flows(known["alpha"], known["feed"], heavy)
        assert found.scrub == pytest.approx(known["scrub"], abs=1e-6)
        assert found.organic == pytest.approx(known["organic"], abs=1e-6)
        ratio = known.get("root") or known["root_over_light_key"] * 3.0
        assert found.root == pytest.approx(ratio, rel=1e-5)


@pytest.mark.parametrize(("share", "name"), [(0.7, "purity_below"), (1.1, "purity_above")])
def test_below_the_minimum_more_stages_do_not_help_above_they_do(share: float, name: str) -> None:
    known = case()["four"]
    least = minimum_flows(known["alpha"], known["feed"], 2)
    scrub = share * least.scrub
    for stages, purity in zip((40, 60), known[name], strict=True):
        train = Train(
            ("A", "B", "C", "D"),
            stages,
            (Feed(stages // 2, known["feed"]),),
            scrub + 0.25,
            scrub,
            SeparationFactors(known["alpha"]),
        )
        profile = rate(train)
        assert profile.purity("organic_product", "C", "D") == pytest.approx(purity, abs=1e-3)
        assert (profile.distance_to_pinch["scrub"] > 0.0) == (share > 1.0)
        assert profile.distance_to_pinch["scrub"] == pytest.approx(share - 1.0)


@pytest.mark.parametrize("trace", [1e-10, 1e-13, 1e-300])
@pytest.mark.parametrize(
    ("middle", "heavy", "root", "scrub"), [(2.0, 1, 2.0, 0.5), (2.0, 2, 1.6, 1.0 / 3.0), (1.2, 2, 1.2, 2.0)]
)
def test_with_a_trace_of_a_key_the_minimum_goes_to_its_limit(
    trace: float, middle: float, heavy: int, root: float, scrub: float
) -> None:
    """Of the two others alone the root is 1.6; it stays there, or comes up to the factor of the trace."""
    found = minimum_flows([4.0, middle, 1.0], [0.5, trace, 0.5], heavy)
    assert found.root == pytest.approx(root, rel=1e-8)
    assert found.scrub == pytest.approx(scrub, rel=1e-8)


def test_the_theory_keeps_silent_where_it_does_not_apply() -> None:
    train = Train(
        ("A", "B"),
        20,
        (Feed(10, (0.5, 0.5)),),
        1.7,
        1.3,
        SeparationFactors((2.0, 1.0)),
        draws=(Draw("side", 5, 0.1),),
    )
    assert distance_to_pinch(train) == {}


def test_a_cut_between_equals_or_beyond_the_ends_is_refused() -> None:
    with pytest.raises(ProblemError, match="same separation factor"):
        minimum_flows([1.0, 1.0], [0.5, 0.5], 1)
    with pytest.raises(ProblemError, match="expected 1 to 1 components"):
        minimum_flows([2.0, 1.0], [0.5, 0.5], 2)
