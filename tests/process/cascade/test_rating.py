"""Rating a train of closure A: laws, limits that have closed forms, then the published cases."""

from __future__ import annotations

import csv
import math
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from ferrolan.base.errors import NotConverged, ProblemError
from ferrolan.process.cascade import (
    Acid,
    Draw,
    Feed,
    Profile,
    SeparationFactors,
    Stripping,
    Train,
    minimum_flows,
    rate,
)
from ferrolan.process.cascade.flows import flows_of
from ferrolan.process.cascade.rating import check_settled
from ferrolan.process.cascade.separation import settle
from ferrolan.process.cascade.walk import Walk

CASES = Path(__file__).parents[3] / "cases" / "process"
RARE_EARTHS = ("La", "Ce", "Pr", "Nd", "Sm", "Eu", "Gd", "Tb", "Dy", "Y")
ADJACENT = (6.8, 2.0, 1.5, 10.0, 2.2, 2.0, 5.0, 2.0, 1.5)
FEED = (0.27, 0.50, 0.05, 0.155, 0.012, 0.002, 0.006, 0.001, 0.002, 0.002)


def case(name: str) -> dict[str, Any]:  # Any: a TOML document
    return tomllib.loads((CASES / name / "case.toml").read_text(encoding="utf-8"))


def table(name: str) -> np.ndarray:
    with (CASES / name / "profile.csv").open(encoding="utf-8") as file:
        return np.array([[float(value) for value in row[1:]] for row in list(csv.reader(file))[1:]])


@st.composite
def trains(draw: st.DrawFn) -> Train:
    """Any sort of train: two to six components, short to long, near, far above and below the minimum flows."""
    count = draw(st.integers(2, 6))
    steps = draw(st.lists(st.floats(1.2, 12.0), min_size=count - 1, max_size=count - 1))
    feed = np.array(draw(st.lists(st.floats(1e-2, 1.0), min_size=count, max_size=count)))
    feed /= feed.sum()
    alpha = np.cumprod([1.0, *steps])
    heavy = draw(st.integers(1, count - 1))
    least = minimum_flows(alpha, feed, heavy)
    stages = draw(st.integers(4, 60))
    below = draw(st.integers(2, stages - 1))
    product = least.product * draw(st.sampled_from((1.0, 1.0, 0.97, 0.999))) if least.product < 0.99 else 0.9
    scrub = least.scrub * draw(st.floats(0.3, 4.0))
    reflux = draw(st.sampled_from((0.0, 0.0, 0.3)))
    drawn = draw(st.sampled_from((0.0, 0.0, 0.05)))
    middle = draw(st.integers(2, stages - 1))
    train = Train(
        tuple("ABCDEF"[:count]),
        stages,
        (Feed(below, feed),),
        scrub + product * (1.0 - drawn),
        scrub,
        SeparationFactors(alpha),
        draws=(Draw("middle", middle, drawn * min(scrub, least.product, 1.0 - least.product)),) if drawn else (),
        product_reflux=reflux * scrub,
        raffinate_reflux=reflux * scrub,
        efficiency=draw(st.sampled_from((1.0, 1.0, 0.8))),
        entrained_aqueous=draw(st.sampled_from((0.0, 0.0, 0.01))),
        entrained_organic=draw(st.sampled_from((0.0, 0.0, 0.02))),
    )
    try:
        flows_of(train)
    except ProblemError:  # a phase would run backwards
        reject()
    return train


@settings(deadline=None, max_examples=60)
@given(train=trains())
def test_every_component_closes_and_stays_positive_over_the_fence(train: Train) -> None:
    profile = rate(train)
    assert np.abs(profile.closure).max() < 1e-10
    assert profile.residual < 1e-9
    assert (profile.aqueous > 0.0).all() and (profile.organic > 0.0).all()
    assert all((amounts >= 0.0).all() for amounts in profile.outlets.values())


@settings(deadline=None, max_examples=25)
@given(train=trains(), seed=st.integers(0, 1000))
def test_the_order_of_the_components_does_not_matter(train: Train, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(train.components))
    assert isinstance(train.chemistry, SeparationFactors)
    other = replace(
        train,
        components=tuple(train.components[at] for at in order),
        feeds=tuple(replace(feed, amounts=feed.amounts[order]) for feed in train.feeds),
        chemistry=SeparationFactors(train.chemistry.alpha[order] * 3.0),
    )
    assert rate(other).aqueous == pytest.approx(rate(train).aqueous[:, order], rel=1e-6, abs=1e-9)


@settings(deadline=None, max_examples=25)
@given(train=trains(), factor=st.sampled_from((1e-3, 0.5, 7.0, 1e4)))
def test_flows_times_a_factor_give_results_times_it(train: Train, factor: float) -> None:
    larger = replace(
        train,
        feeds=tuple(replace(feed, amounts=factor * feed.amounts) for feed in train.feeds),
        organic_load=factor * train.organic_load,
        scrub=factor * train.scrub,
        product_reflux=factor * train.product_reflux,
        raffinate_reflux=factor * train.raffinate_reflux,
        draws=tuple(replace(draw, rate=factor * draw.rate) for draw in train.draws),
    )
    assert rate(larger).organic / factor == pytest.approx(rate(train).organic, rel=1e-6, abs=1e-9)


@settings(deadline=None, max_examples=25)
@given(beta=st.floats(1.3, 4.0), more=st.floats(1.02, 1.5), ratio=st.floats(0.7, 3.0), fraction=st.floats(0.1, 0.9))
def test_purity_rises_with_the_separation_factor_and_with_stages(
    beta: float, more: float, ratio: float, fraction: float
) -> None:
    def purity(factor: float, below: int, above: int) -> float:
        scrub = ratio / (beta - 1.0)
        feed = Feed(below, (fraction, 1.0 - fraction))
        train = Train(("A", "B"), below + above, (feed,), scrub + fraction, scrub, SeparationFactors((factor, 1.0)))
        return rate(train).outlets["raffinate"][0]

    assert purity(beta * more, 10, 10) < purity(beta, 10, 10)
    assert purity(beta, 12, 12) < purity(beta, 10, 10) * (1.0 + 1e-9)


def ten(cut: int, ratio: float, alpha: np.ndarray, feed: np.ndarray, below: int = 60, off: float = 1.0) -> Train:
    order = np.sort(alpha)
    least = minimum_flows(order, feed, 10 - cut)
    scrub = ratio * least.scrub
    return Train(RARE_EARTHS, 120, (Feed(below, feed),), scrub + off * least.product, scrub, SeparationFactors(order))


@pytest.mark.parametrize("cut", range(1, 10))
@pytest.mark.parametrize("ratio", [0.4, 0.95, 1.0, 1.02, 1.1, 1.5])
def test_ten_components_in_120_stages_settle_at_every_cut_also_at_and_below_the_minimum(cut: int, ratio: float) -> None:
    profile = rate(ten(cut, ratio, np.cumprod([1.0, *ADJACENT]), np.array(FEED)))
    assert np.abs(profile.closure).max() < 1e-12
    assert profile.residual < 1e-10
    assert (profile.distance_to_pinch["scrub"] < 0.0) == (ratio < 1.0) or ratio == 1.0


def test_the_open_failure_of_the_peers_settles() -> None:
    """Nd/Sm by the scrub rule where extraction controls: W is 0.40 of its minimum; twenty disturbed scenarios."""
    random = np.random.default_rng(0)
    for place in range(20):
        alpha = np.cumprod([1.0, *ADJACENT]) * np.exp(random.normal(0.0, 0.02, 10))
        feed = np.array(FEED) * np.exp(random.normal(0.0, 0.05, 10))
        product = 0.025 * (1.0 if place % 2 else 0.998)
        scrub = 1.1 * 0.025 / (math.sqrt(10.0) - 1.0)
        train = Train(
            RARE_EARTHS, 120, (Feed(60, feed / feed.sum()),), scrub + product, scrub, SeparationFactors(alpha)
        )
        profile = rate(train)
        assert np.abs(profile.closure).max() < 1e-12
        assert profile.distance_to_pinch["scrub"] < -0.5
        assert profile.purity("organic_product", *RARE_EARTHS[4:]) < 0.99


@pytest.mark.slow
def test_a_thousand_random_feasible_specifications_settle() -> None:
    random = np.random.default_rng(5)
    for place in range(1000):
        alpha = np.cumprod([1.0, *ADJACENT]) * np.exp(random.normal(0.0, 0.02, 10))
        feed = np.array(FEED) * np.exp(random.normal(0.0, 0.05, 10))
        off = random.choice([1.0, 0.998, 0.99, 0.9999])
        ratio = math.exp(random.uniform(math.log(1.02), math.log(3.0)))
        profile = rate(ten(place % 9 + 1, ratio, alpha, feed / feed.sum(), int(random.integers(40, 81)), off))
        assert np.abs(profile.closure).max() < 1e-11


@pytest.mark.parametrize("cut", [1, 5, 9])
@pytest.mark.parametrize("stages", [200, 400])
def test_trains_whose_tails_no_double_holds_settle(cut: int, stages: int) -> None:
    train = ten(cut, 1.1, np.cumprod([1.0, *ADJACENT]), np.array(FEED), stages // 2)
    profile = rate(replace(train, stages=stages))
    assert np.abs(profile.closure).max() < 1e-12
    assert np.isfinite(profile.aqueous).all() and profile.residual < 1e-10


LONG_AND_ONE_SIDED = [
    (200, 200, (4.0, 6.5, 33.0, 255.0, 768.0, 7330.0), (0.28, 0.21, 0.046, 0.273, 0.123, 0.068), 9.091, 1e-4),
    (200, 200, (1.43, 3.06, 14.0, 67.0, 216.0, 2337.0, 6491.0), (0.2, 0.1, 0.15, 0.15, 0.2, 0.1, 0.1), 0.0102, 0.9396),
    (120, 1, np.cumprod([1.0, 2.0, 3.0, 1.5, 2.0, 5.0, 2.0, 3.0, 1.5]), (1.0 / 9.0,) * 9, 2.18, 0.918),
    (200, 1, (1.0, 2.0), (0.5, 0.5), 1.2, 0.5),
]


@pytest.mark.parametrize(("stages", "below", "alpha", "feed", "scrub", "product"), LONG_AND_ONE_SIDED)
def test_long_trains_with_the_feed_in_an_end_stage_settle(
    stages: int, below: int, alpha: np.ndarray, feed: tuple[float, ...], scrub: float, product: float
) -> None:
    factors = SeparationFactors(alpha)
    names = tuple("ABCDEFGHI"[: len(feed)])
    profile = rate(Train(names, stages, (Feed(below, feed),), scrub + product, scrub, factors))
    assert np.abs(profile.closure).max() < 1e-10 and profile.residual < 1e-9
    assert (profile.aqueous >= 0.0).all()


@pytest.mark.parametrize("below", [1, 60, 120])
def test_long_trains_of_stages_short_of_equilibrium_settle(below: int) -> None:
    train = ten(5, 1.2, np.cumprod([1.0, *ADJACENT]), np.array(FEED), below)
    profile = rate(replace(train, efficiency=0.8))
    assert np.abs(profile.closure).max() < 1e-10 and profile.residual < 1e-9


def test_long_trains_with_any_feed_stage_settle() -> None:
    random = np.random.default_rng(5)
    for place in range(60):
        count, stages = int(random.integers(2, 11)), int(random.choice([20, 60, 120, 200]))
        alpha = np.cumprod(random.choice([1.2, 1.5, 2.0, 3.0, 5.0, 10.0], count))
        feed = random.dirichlet(np.ones(count)) + 1e-5
        below = (1, stages, int(random.integers(1, stages + 1)))[place % 3]
        scrub, product = 10.0 ** random.uniform(-2.5, 1.0), feed.sum() * random.uniform(0.01, 0.99)
        train = Train(
            RARE_EARTHS[:count], stages, (Feed(below, feed),), scrub + product, scrub, SeparationFactors(alpha)
        )
        assert np.abs(rate(train).closure).max() < 1e-10


def test_a_start_near_by_does_not_change_the_answer() -> None:
    train = ten(3, 1.2, np.cumprod([1.0, *ADJACENT]), np.array(FEED))
    other = replace(train, scrub=1.02 * train.scrub, organic_load=train.organic_load + 0.02 * train.scrub)
    assert rate(train, rate(other)).aqueous == pytest.approx(rate(train).aqueous, rel=1e-7, abs=1e-10)


@pytest.mark.parametrize("example", case("fenske")["example"])
def test_total_circulation_parts_as_fenske_says(example: dict[str, float]) -> None:
    beta, stages = example["beta"], 20
    train = Train(("A", "B"), stages, (Feed(10, (0.5, 0.5)),), 1e4 + 0.5, 1e4, SeparationFactors((beta, 1.0)))
    profile = rate(train)
    (a_up, b_up), (a_down, b_down) = profile.outlets["organic_product"], profile.outlets["raffinate"]
    assert math.log(a_up / b_up * b_down / a_down) / math.log(beta) == pytest.approx(stages, rel=3e-4)
    odds = example["product"] / (1.0 - example["product"]) * (1.0 - example["raffinate"]) / example["raffinate"]
    assert math.log(odds) / math.log(beta) == pytest.approx(example["stages"], abs=case("fenske")["tolerance_abs"])


@pytest.mark.parametrize("stages", [2, 5, 6, 12])
def test_a_trace_is_extracted_as_kremser_says(stages: int) -> None:
    known = case("kremser")
    factor, small = known["factor"], 1e-6
    train = Train(
        ("bulk", "trace"), stages, (Feed(stages, (1.0, 1e-13)),), small, 1e-9, SeparationFactors((1.0, factor / small))
    )
    unextracted = (factor - 1.0) / (factor ** (stages + 1) - 1.0)
    assert 1.0 - rate(train).recovery("organic_product", "trace") == pytest.approx(unextracted, rel=0.02)
    needed = math.log((factor - 1.0) / (1.0 - known["recovery"]) + 1.0) / math.log(factor) - 1.0
    assert needed == pytest.approx(known["solution"]["stages"], abs=known["tolerance_abs"])


def zhang_binary() -> tuple[dict[str, Any], Profile]:
    known = case("zhang2016_binary")
    below, above = known["extraction_stages"], known["scrub_stages"]
    train = Train(
        ("A", "B"),
        below + above,
        (Feed(below, known["feed"]),),
        known["organic_load"],
        known["scrub"],
        SeparationFactors(known["alpha"]),
    )
    return known, rate(train)


def test_zhangs_binary_design_and_its_profile() -> None:
    known, profile = zhang_binary()
    assert profile.purity("organic_product", "A") == pytest.approx(known["solution"]["purity_organic"], abs=1e-5)
    assert profile.purity("raffinate", "B") == pytest.approx(known["solution"]["purity_raffinate"], abs=1e-5)
    both = np.column_stack([profile.aqueous_fractions[:, 0], profile.organic_fractions[:, 0]])
    assert both == pytest.approx(table("zhang2016_binary"), abs=known["profile_tolerance_abs"])


def test_zhangs_three_outlets() -> None:
    known = case("zhang2016_three_outlet")
    for place, design in enumerate(known["design"]):
        stages = design["extraction_stages"] + design["scrub_stages"]
        train = Train(
            tuple(known["components"]),
            stages,
            (Feed(design["extraction_stages"], known["feed"]),),
            design["organic_load"],
            design["scrub"],
            SeparationFactors(known["alpha"]),
            draws=(Draw("concentrate", design["draw_stage"], known["draw"]),),
        )
        profile = rate(train)
        found = {
            "samarium_raffinate": profile.purity("raffinate", "Sm"),
            "gadolinium_organic": profile.purity("organic_product", "Gd"),
            "europium_draw": profile.purity("concentrate", "Eu"),
            "gadolinium_recovery": profile.recovery("organic_product", "Gd"),
        }
        assert found == pytest.approx({name: design[name] for name in found}, abs=known["frozen_tolerance_abs"])
        if place == 0:
            assert profile.aqueous_fractions == pytest.approx(table("zhang2016_three_outlet"), abs=1e-9)
            assert found["gadolinium_organic"] == pytest.approx(known["published"]["gadolinium_organic"], abs=1e-4)
            assert found["europium_draw"] == pytest.approx(known["published"]["europium_draw"], abs=1e-3)
            assert found["gadolinium_recovery"] == pytest.approx(known["published"]["gadolinium_recovery"], abs=1e-3)


BINARY = Train(("A", "B"), 20, (Feed(10, (0.5, 0.5)),), 1.7, 1.2, SeparationFactors((2.0, 1.0)))


def test_a_stripping_section_takes_its_share_and_the_rest_leaves_with_the_spent_organic() -> None:
    profile = rate(replace(BINARY, stripping=Stripping(4, 0.99)))
    plain = rate(BINARY)
    assert profile.outlets["raffinate"] == pytest.approx(plain.outlets["raffinate"], rel=1e-9)
    assert profile.outlets["spent_organic"].sum() == pytest.approx(0.01 * plain.outlets["organic_product"].sum())
    together = profile.outlets["spent_organic"] + profile.outlets["organic_product"]
    assert together == pytest.approx(plain.outlets["organic_product"], rel=1e-9)


def parted(train: Train) -> float:
    """A over B in the product, over that in the raffinate."""
    (a_up, b_up), (a_down, b_down) = rate(train).outlets["organic_product"], rate(train).outlets["raffinate"]
    return float(a_up / b_up * b_down / a_down)


def test_stages_short_of_equilibrium_and_entrainment_part_worse() -> None:
    assert parted(replace(BINARY, efficiency=(0.8, 0.9))) < parted(BINARY)
    assert parted(replace(BINARY, entrained_aqueous=0.02)) < parted(BINARY)
    assert parted(replace(BINARY, entrained_organic=0.02)) < parted(BINARY)


def test_product_liquor_scrubs_as_acid_does_and_a_loaded_organic_extracts_as_a_saponified_one() -> None:
    """What a stage gives out and takes in again cancels in its balance: only K of the end stages differs."""
    returned, plain = rate(replace(BINARY, product_reflux=1.2, raffinate_reflux=1.0)), rate(BINARY)
    for outlet in ("raffinate", "organic_product"):
        assert returned.outlets[outlet] == pytest.approx(plain.outlets[outlet], rel=1e-9)


def test_an_efficiency_of_nearly_one_is_nearly_equilibrium() -> None:
    assert rate(replace(BINARY, efficiency=1.0 - 1e-9)).aqueous == pytest.approx(rate(BINARY).aqueous, rel=1e-6)


def test_two_feeds_in_either_phase_and_acid_between_close() -> None:
    train = replace(
        BINARY,
        feeds=(Feed(8, (0.3, 0.5)), Feed(14, (0.15, 0.05), phase="organic", name="loaded")),
        acids=(Acid(12, 0.05),),
        draws=(Draw("side", 16, 0.1, phase="organic"),),
    )
    profile = rate(train)
    assert np.abs(profile.closure).max() < 1e-12
    assert sum(amounts.sum() for amounts in profile.outlets.values()) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"chemistry": SeparationFactors((2.0,))}, "separation factors: expected one for each of A, B"),
        ({"chemistry": SeparationFactors((2.0, -1.0))}, "separation factor of B"),
        ({"feeds": (Feed(10, (0.5, -0.5)),)}, "'feed', B: expected an amount of 0 or more, got -0.5"),
        ({"feeds": (Feed(10, (0.5, math.nan)),)}, "'feed', B"),
        ({"feeds": (Feed(10, (0.5, 0.0)),)}, "nothing of B enters"),
        ({"feeds": (Feed(10, (0.5,)),)}, "expected an amount for each of A, B"),
        ({"feeds": (Feed(21, (0.5, 0.5)),)}, "expected a stage from 1 to 20, got 21"),
        ({"feeds": ()}, "Give at least one feed"),
        ({"scrub": 0.0}, "scrub: expected a flow above 0"),
        ({"organic_load": -1.0}, "Flows do not run backwards"),
        ({"scrub": 1.8}, "stage 20: the organic phase would leave with"),
        ({"organic_load": 2.3}, "stage 1: the aqueous phase would leave with"),
        ({"draws": (Draw("side", 5, 3.0),)}, "behind its draws"),
        ({"draws": (Draw("raffinate", 5, 0.1),)}, "names of their own"),
        ({"efficiency": 1.2}, "efficiency: expected numbers above 0 and up to 1"),
        ({"entrained_organic": 0.7}, "entrainment"),
        ({"product_reflux": 2.0}, "product_reflux"),
        ({"entrained_aqueous": (0.1, 0.2)}, "entrained_aqueous: expected one share, or one for each of 20 stages"),
        (
            {"draws": (Draw("side", 5, 3.0),)},
            "draw 'side' of 3 at stage 5: .* Draw less than 2.2 there",
        ),
        ({"draws": (Draw("side", 5, 1.5),)}, "stage 1: .* draw less by 'side' .1.5 at stage 5."),
        ({"stages": 1, "feeds": (Feed(1, (0.5, 0.5)),)}, "stages: expected at least 2"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Any], says: str) -> None:  # Any: fields of a train
    with pytest.raises(ProblemError, match=says.replace("(", r"\(")):
        rate(replace(BINARY, **change))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"product_reflux": 1.2, "stripping": Stripping(2, 0.5)}, "product_reflux: expected at most 0.5, .* got 1.2"),
        ({"product_reflux": 1.1, "entrained_organic": 0.4}, "product_reflux: expected at most the 0.46679 that come"),
        (
            {"organic_load": 1.8, "scrub": 1.3, "raffinate_reflux": 1.5, "entrained_aqueous": 0.3},
            "raffinate_reflux: expected at most the 1.44277 that come to that outlet",
        ),
    ],
)
def test_no_more_is_returned_than_comes_to_an_outlet(change: dict[str, Any], says: str) -> None:  # Any: as above
    with pytest.raises(ProblemError, match=says):
        rate(replace(BINARY, **change))


def test_nearly_all_that_comes_to_an_outlet_may_be_returned() -> None:
    profile = rate(replace(BINARY, product_reflux=0.4999, stripping=Stripping(2, 0.5)))
    assert np.abs(profile.closure).max() < 1e-9
    assert profile.outlets["organic_product"].sum() == pytest.approx(0.5 * 0.0001, rel=1e-6)


def test_what_is_no_phase_no_stage_and_no_amount_is_refused_where_it_is_declared() -> None:
    with pytest.raises(ProblemError, match="feed 'x': expected the phase aqueous or organic, got 'org'"):
        Feed(5, (0.1, 0.1), "org", name="x")  # type: ignore[arg-type]
    with pytest.raises(ProblemError, match="draw 'x': expected the phase aqueous or organic, got 'aq'"):
        Draw("x", 5, 0.1, "aq")  # type: ignore[arg-type]
    with pytest.raises(ProblemError, match=r"feed 'feed': stage: expected a whole number, got 10\.5"):
        Feed(10.5, (0.5, 0.5))  # type: ignore[arg-type]
    with pytest.raises(ProblemError, match=r"stages: expected a whole number, got 20\.0"):
        replace(BINARY, stages=20.0)
    with pytest.raises(ProblemError, match="acids, stage 5: expected a finite amount, got nan"):
        Acid(5, math.nan)


def test_a_train_whose_cut_has_no_minimum_is_rated_all_the_same() -> None:
    """Equal factors at the cut, then a trace of a key: the distance to the pinch keeps silent, or goes to its limit."""
    equal = Train(("A", "B", "C"), 20, (Feed(10, (0.4, 0.3, 0.3)),), 1.7, 1.3, SeparationFactors((1.0, 1.0, 0.5)))
    found = rate(equal)
    assert found.distance_to_pinch == {} and np.abs(found.closure).max() < 1e-12
    trace = replace(equal, feeds=(Feed(10, (0.5, 1e-13, 0.5)),), chemistry=SeparationFactors((4.0, 2.0, 1.0)))
    assert rate(trace).distance_to_pinch["scrub"] == pytest.approx(1.3 / 0.5 - 1.0, rel=1e-6)


@pytest.mark.parametrize(
    ("outlet", "closure", "residual"), [(-1e-3, 0.0, 0.0), (0.1, 1e-6, 0.0), (0.1, 0.0, 1e-6), (0.1, math.nan, 0.0)]
)
def test_nothing_open_or_negative_is_called_settled(outlet: float, closure: float, residual: float) -> None:
    walk = Walk(flows_of(BINARY))
    settled = settle(walk.flows, walk)
    with pytest.raises(NotConverged, match="the train did not settle"):
        check_settled({"raffinate": np.array([outlet])}, np.array([closure]), residual, settled)


def test_an_outlet_or_component_that_is_not_there_is_named() -> None:
    profile = rate(BINARY)
    with pytest.raises(ProblemError, match="the train has"):
        profile.purity("strip", "A")
    with pytest.raises(ProblemError, match="the train holds A, B"):
        profile.recovery("raffinate", "Nd")
