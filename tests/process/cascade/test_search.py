"""Searches over stages and flows: what they find meets what was asked, and nothing next to it is better."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferrolan.base.errors import Infeasible, ProblemError
from ferrolan.process.cascade import (
    Draw,
    Feed,
    Requirement,
    SeparationFactors,
    Train,
    fewest_stages,
    least_reagent,
    least_volume,
    minimum_flows,
    rate,
    set_product,
)
from ferrolan.process.cascade.search import shortfall

BINARY = Train(("A", "B"), 30, (Feed(15, (0.5, 0.5)),), 1.7086448, 1.2081943, SeparationFactors((2.0, 1.0)))
PURE = (Requirement("raffinate", ("B",), 0.9999), Requirement("organic_product", ("A",), 0.999))


def test_the_fewest_stages_meet_the_purities_and_one_less_anywhere_does_not() -> None:
    found = fewest_stages(BINARY, PURE)
    assert shortfall(found.profile, PURE) <= 0.0
    for at in range(found.train.stages - 6, found.train.stages):
        for below in range(15, at - 10):
            fewer = replace(found.train, stages=found.train.stages - 1, feeds=(Feed(below, (0.5, 0.5)),))
            assert shortfall(rate(fewer), PURE) > 0.0
        break


def test_zhangs_three_outlets_take_no_more_stages_than_published() -> None:
    train = Train(
        ("Gd", "Eu", "Sm"),
        45,
        (Feed(10, (0.39, 0.1, 0.51)),),
        2.0,
        1.7589,
        SeparationFactors((2.8, 2.0, 1.0)),
        draws=(Draw("concentrate", 20, 0.2489),),
    )
    asked = (
        Requirement("raffinate", ("Sm",), 0.9996),
        Requirement("organic_product", ("Gd",), 0.999),
        Requirement("concentrate", ("Eu",), 0.40),
    )
    found = fewest_stages(train, asked)
    assert shortfall(found.profile, asked) <= 0.0
    assert found.train.stages <= 60
    assert found.train.feeds[0].stage < found.train.draws[0].stage


def test_the_least_reagent_lies_above_the_minimum_and_just_meets_the_purities() -> None:
    found = least_reagent(fewest_stages(BINARY, PURE).train, PURE)
    assert found.train.scrub > minimum_flows((2.0, 1.0), (0.5, 0.5), 1).scrub
    assert -0.01 < shortfall(found.profile, PURE) <= 0.0
    assert found.train.organic_load - found.train.scrub == pytest.approx(BINARY.organic_load - BINARY.scrub)


def test_the_least_volume_is_no_larger_than_at_the_flows_it_began_with() -> None:
    begun, found = fewest_stages(BINARY, PURE), least_volume(BINARY, PURE)
    assert found.train.organic_load * found.train.stages <= begun.train.organic_load * begun.train.stages
    assert shortfall(found.profile, PURE) <= 0.0


def test_the_search_ends_at_the_most_stages_allowed_and_says_so() -> None:
    with pytest.raises(Infeasible, match=r"with 30 stages .* and the search ends at 36"):
        fewest_stages(BINARY, (Requirement("raffinate", ("B",), 0.99999),), most=36)


def test_the_feed_may_come_to_stand_in_the_last_stage() -> None:
    """Nothing but the raffinate is to be pure: no scrub stage is needed."""
    train = replace(BINARY, scrub=0.01, organic_load=0.81)
    found = fewest_stages(train, (Requirement("raffinate", ("B",), 0.99),))
    assert found.train.feeds[0].stage == found.train.stages
    assert found.profile.purity("raffinate", "B") >= 0.99


def test_a_pinched_train_is_refused_with_its_sections() -> None:
    with pytest.raises(Infeasible, match=r"more stages do not help\. The train is pinched: .*scrub at 0\.9 of"):
        fewest_stages(replace(BINARY, scrub=0.9, organic_load=0.9 + 0.50045), PURE)


def test_a_product_rate_that_cannot_be_pure_is_refused() -> None:
    with pytest.raises(Infeasible, match="products' rates"):
        fewest_stages(replace(BINARY, organic_load=BINARY.scrub + 0.6), PURE)


def test_the_product_is_set_to_a_purity_or_to_a_recovery() -> None:
    pure = set_product(BINARY, "raffinate", ("B",), purity=0.999)
    assert pure.profile.purity("raffinate", "B") == pytest.approx(0.999, abs=1e-9)
    recovered = set_product(BINARY, "organic_product", ("A",), recovery=0.95)
    assert recovered.profile.recovery("organic_product", "A") == pytest.approx(0.95, abs=1e-9)


def test_what_no_product_rate_gives_is_refused_with_what_can_be_had() -> None:
    with pytest.raises(Infeasible, match="any product rate gives"):
        set_product(BINARY, "organic_product", ("A",), purity=0.9999999)
    with pytest.raises(ProblemError, match="not both and not neither"):
        set_product(BINARY, "raffinate", ("B",))
    with pytest.raises(ProblemError, match="between 0 and 1"):
        Requirement("raffinate", ("B",), 1.0)
