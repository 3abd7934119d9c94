"""Xu's design: balances, the published design, every cut of ten components, and the refusals."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrolan.base.errors import Infeasible, ProblemError
from ferrolan.process.cascade import design
from ferrolan.process.cascade.design import optimum_flows, product_shares, stage_counts

CASES = Path(__file__).parents[3] / "cases" / "process"
RARE_EARTHS = ("La", "Ce", "Pr", "Nd", "Sm", "Eu", "Gd", "Tb", "Dy", "Y")
ALPHA = np.cumprod([1.0, 6.8, 2.0, 1.5, 10.0, 2.2, 2.0, 5.0, 2.0, 1.5])
FEED = np.array([0.27, 0.50, 0.05, 0.155, 0.012, 0.002, 0.006, 0.001, 0.002, 0.002])


@given(fraction=st.floats(0.02, 0.98), beta=st.floats(1.2, 10.0))
def test_the_ratios_of_a_design_balance(fraction: float, beta: float) -> None:
    extracted, left = product_shares(fraction, 0.999, 0.9999)
    flows = optimum_flows(beta, extracted)
    assert extracted * 0.999 + left * 0.0001 == pytest.approx(fraction)
    assert flows.organic == pytest.approx(flows.scrub + extracted)
    assert flows.ratio == pytest.approx(flows.scrub_ratio * extracted / (flows.scrub_ratio - left))
    assert flows.scrub_ratio == pytest.approx(flows.ratio * left / (flows.ratio - extracted))
    controls = "extraction" if left > math.sqrt(beta) / (1.0 + math.sqrt(beta)) else "scrub"
    assert flows.controlled == controls
    optimum = flows.ratio * math.sqrt(beta) if controls == "extraction" else flows.scrub_ratio / math.sqrt(beta)
    assert optimum == pytest.approx(1.0)


def test_zhangs_design_by_formula_and_simulated() -> None:
    known = tomllib.loads((CASES / "zhang2016_binary" / "case.toml").read_text(encoding="utf-8"))
    found = design(("A", "B"), (2.0, 1.0), (0.5, 0.5), ("A",), purity_organic=0.999, purity_raffinate=0.9999)
    assert found.flows.controlled == "scrub"
    assert (found.flows.organic, found.flows.scrub) == pytest.approx((known["organic_load"], known["scrub"]), rel=1e-9)
    assert (found.flows.scrub_ratio, found.flows.ratio) == pytest.approx((1.414, 0.773), abs=1e-3)
    assert (found.simple.extraction, found.simple.scrub) == pytest.approx((21.09, 19.93), abs=0.01)
    assert round(found.corrected.extraction) == known["extraction_stages"]
    assert round(found.corrected.scrub) == known["scrub_stages"]
    _, corrected = stage_counts(2.0, 0.5, found.flows, 0.999, 0.9999, feed_stage=0.4735)
    assert (corrected.extraction, corrected.scrub) == pytest.approx((24.16, 21.2), abs=0.02)
    assert 45 <= found.train.stages <= 46
    assert all(found.simulated[outlet] >= found.asked[outlet] for outlet in found.asked)
    assert found.reagents["scrub_acid"] == pytest.approx(3.0 * found.flows.scrub)


@pytest.mark.parametrize("cut", range(1, 10))
def test_every_cut_of_ten_components_is_designed_and_keeps_its_word(cut: int) -> None:
    found = design(RARE_EARTHS, ALPHA, FEED, RARE_EARTHS[cut:], purity_organic=0.999, purity_raffinate=0.9999)
    assert all(found.simulated[outlet] >= found.asked[outlet] for outlet in found.asked)
    assert found.distance_to_pinch["scrub"] > 0.05
    assert found.train.organic_load == pytest.approx(found.flows.organic)


@settings(deadline=None, max_examples=12)
@given(beta=st.floats(1.3, 4.0), fraction=st.floats(0.1, 0.9))
def test_any_two_components_are_designed_also_where_the_ratios_give_the_minimum(beta: float, fraction: float) -> None:
    found = design(
        ("A", "B"), (beta, 1.0), (fraction, 1.0 - fraction), ("A",), purity_organic=0.99, purity_raffinate=0.999
    )
    assert all(found.simulated[outlet] >= found.asked[outlet] for outlet in found.asked)


def test_at_the_coincidence_of_the_rules_the_design_backs_off() -> None:
    fraction = 1.0 / (1.0 + math.sqrt(2.0))
    found = design(
        ("A", "B"), (2.0, 1.0), (fraction, 1.0 - fraction), ("A",), purity_organic=0.999, purity_raffinate=0.999
    )
    assert found.flows.controlled == "back-off"
    assert found.flows.scrub >= 1.2 * found.minimum.scrub
    assert "backed off" in found.reasons[0]


def test_flows_below_the_minimum_are_refused_with_the_section_and_the_way_out() -> None:
    with pytest.raises(Infeasible, match=r"scrub section: W 0\.0127 .* Sm/Nd, W_min 0\.0319026, S_min 0\.0569026"):
        design(RARE_EARTHS, ALPHA, FEED, RARE_EARTHS[4:], purity_organic=0.999, purity_raffinate=0.999, scrub=0.0127)


def test_moderate_purities_are_had_below_the_minimum_of_pure_products() -> None:
    """W 1.5 where pure products take 2: the least for 80 and 80 %, a pinch at a liquor like the feed, is 1."""
    asked = {"purity_organic": 0.8, "purity_raffinate": 0.8}
    found = design(("A", "B"), (1.5, 1.0), (0.5, 0.5), ("A",), scrub=1.5, **asked)
    assert found.minimum.scrub == pytest.approx(2.0)
    assert min(found.simulated.values()) >= 0.8
    with pytest.raises(Infeasible, match=r"scrub section: W 0\.95 is 0\.475 of its minimum"):
        design(("A", "B"), (1.5, 1.0), (0.5, 0.5), ("A",), scrub=0.95, **asked)


def test_a_factor_too_near_to_one_is_refused_for_its_stages_and_not_for_its_flows() -> None:
    with pytest.raises(Infeasible, match=r"the search ends at 1000.* give 7073 \+ 7073 stages, and 1000 are the most"):
        design(("A", "B"), (1.001, 1.0), (0.5, 0.5), ("A",), purity_organic=0.99, purity_raffinate=0.99)


def test_a_small_factor_takes_many_stages_and_is_not_given_up() -> None:
    found = design(("A", "B"), (1.02, 1.0), (0.5, 0.5), ("A",), purity_organic=0.85, purity_raffinate=0.85)
    assert found.train.stages > 200
    assert min(found.simulated.values()) >= 0.85


def test_a_formula_without_an_answer_is_not_printed_as_stages() -> None:
    found = design(("A", "B"), (1.5, 1.0), (0.5, 0.5), ("A",), purity_organic=0.55, purity_raffinate=0.55, scrub=1.1)
    negative = min(found.corrected.extraction, found.corrected.scrub) <= 0.0
    assert negative == found.reasons[-1].endswith("give no count here.")


def test_purities_poorer_than_the_feed_are_refused() -> None:
    with pytest.raises(Infeasible, match="must be purer"):
        design(("A", "B"), (2.0, 1.0), (0.9, 0.1), ("A",), purity_organic=0.8, purity_raffinate=0.99)


def test_what_is_wrong_with_a_design_is_named() -> None:
    pure = {"purity_organic": 0.99, "purity_raffinate": 0.99}
    with pytest.raises(ProblemError, match="fractions that sum to 1, got 0.9"):
        design(("A", "B"), (2.0, 1.0), (0.5, 0.4), ("A",), **pure)
    with pytest.raises(ProblemError, match="separation factors: expected one for each"):
        design(("A", "B"), (2.0,), (0.5, 0.5), ("A",), **pure)
    with pytest.raises(ProblemError, match="feed, B: expected a number above 0, got -0.5"):
        design(("A", "B"), (2.0, 1.0), (1.5, -0.5), ("A",), **pure)
    with pytest.raises(ProblemError, match="the organic takes A before B"):
        design(("A", "B"), (2.0, 1.0), (0.5, 0.5), ("B",), **pure)
    with pytest.raises(ProblemError, match="give S or W and not both"):
        design(("A", "B"), (2.0, 1.0), (0.5, 0.5), ("A",), organic=2.0, scrub=1.5, **pure)
    with pytest.raises(ProblemError, match="expected each name once, got 'A' again"):
        design(("A", "B"), (2.0, 1.0), (0.5, 0.5), ("A", "A"), **pure)
    with pytest.raises(ProblemError, match="purity_organic: expected a share between 0 and 1, got 1"):
        design(("A", "B"), (2.0, 1.0), (0.5, 0.5), ("A",), purity_organic=1.0, purity_raffinate=0.99)
    with pytest.raises(ProblemError, match="exponent: expected a finite number above 0, got 0"):
        design(("A", "B"), (2.0, 1.0), (0.5, 0.5), ("A",), exponent=0, **pure)
    with pytest.raises(ProblemError, match="scrub: expected a finite number above 0, got nan"):
        design(("A", "B"), (2.0, 1.0), (0.5, 0.5), ("A",), scrub=math.nan, **pure)
