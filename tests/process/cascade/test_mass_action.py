"""Closure B: laws of a train whose pH and free extractant are found, and its limit, closure A."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrolan.base.errors import NotConverged, ProblemError
from ferrolan.process.cascade import mass_action
from ferrolan.process.cascade.carried import Carried, carried, entering
from ferrolan.process.cascade.chemistry import MassAction, SlopeLaw
from ferrolan.process.cascade.rating import rate
from ferrolan.process.cascade.train import Acid, Draw, Feed, Profile, SeparationFactors, Solution, Stripping, Train
from tests.process.cascade.acid_trains import FEED, LOG10_K, RARE_EARTHS, p507, p507_trains, prommis

PARTING_LOAD = 0.10278499449958968
"""Organic load at which p507(3, ..., flow=1.6) makes as much organic product as its feed has heavy components [kmol/h]."""


def assert_holds(profile: Profile) -> None:
    """The laws: nothing negative, every component closes, the equations of every stage are met."""
    assert (profile.aqueous >= 0.0).all() and (profile.organic >= 0.0).all()
    assert all((amounts >= 0.0).all() for amounts in profile.outlets.values())
    assert np.abs(profile.closure).max() < 1e-12
    assert profile.residual < 1e-9
    assert all(np.isfinite(values).all() for values in profile.states.values())


def assert_carriers_close(profile: Profile) -> None:
    """Hydrogen, anion, counter-ion, extractant and both volumes leave as they enter."""
    came, gone = entering(profile.train), Carried(*[0.0] * 7)
    for stream in carried(profile).values():
        gone = gone.plus(stream)
    scale = came.extractant + came.anion
    for name in ("liquor", "organic", "hydrogen", "anion", "counter_ion", "extractant"):
        assert getattr(gone, name) == pytest.approx(getattr(came, name), rel=1e-9, abs=1e-9 * scale), name


@settings(max_examples=25)
@given(train=p507_trains())
def test_any_train_settles_closed_and_positive(train: Train) -> None:
    profile = rate(train)
    assert_holds(profile)
    assert_carriers_close(profile)


@settings(max_examples=25)
@given(train=p507_trains(perfect=False))
def test_imperfect_stages_settle_closed_and_positive(train: Train) -> None:
    profile = rate(train)
    assert_holds(profile)
    assert_carriers_close(profile)


@settings(max_examples=10)
@given(train=p507_trains(), factor=st.floats(1e-3, 1e3))
def test_flows_times_a_factor_give_amounts_times_the_factor(train: Train, factor: float) -> None:
    one, other = rate(train), rate(scaled(train, factor))
    np.testing.assert_allclose(other.states["pH"], one.states["pH"], atol=1e-7)
    np.testing.assert_allclose(other.outlets["raffinate"] / factor, one.outlets["raffinate"], rtol=1e-6, atol=1e-9)


def parting(train: Train) -> Train:
    """The train with the organic load at which the organic product is as large as the heavy components of its feed.

    Free acid that leaves with the raffinate lets as much more enter the organic.
    """
    heavy, profile = train.organic_load - train.scrub, None
    for _ in range(12):
        profile = rate(train, profile)
        train = replace(train, organic_load=train.organic_load + heavy - profile.outlets["organic_product"].sum())
    return train


def scaled(train: Train, factor: float) -> Train:
    """The same train with every flow times the factor."""
    chemistry = train.chemistry
    assert isinstance(chemistry, MassAction)
    strip = chemistry.strip
    larger = replace(
        chemistry,
        organic_volume=chemistry.organic_volume * factor,
        scrub_volume=chemistry.scrub_volume * factor,
        strip=None if strip is None else Solution(strip.volume * factor, strip.acid * factor),
    )
    feeds = []
    for feed in train.feeds:
        assert feed.solution is not None
        solution = Solution(feed.solution.volume * factor, feed.solution.acid * factor)
        feeds.append(replace(feed, amounts=feed.amounts * factor, solution=solution))
    flows = {"organic_load": train.organic_load * factor, "scrub": train.scrub * factor}
    return replace(train, chemistry=larger, feeds=tuple(feeds), **flows)


@settings(max_examples=10)
@given(cut=st.integers(0, 8), extraction=st.integers(3, 15), scrubbing=st.integers(2, 12), flow=st.floats(1.02, 2.0))
def test_full_saponification_and_constant_ratios_tend_to_closure_a(
    cut: int, extraction: int, scrubbing: int, flow: float
) -> None:
    """A weak acid extractant lets no free acid stand beside metals: what enters saponified is what the organic holds."""
    acidic = p507(cut, extraction, scrubbing, flow=flow)
    assert isinstance(acidic.chemistry, MassAction)
    fed = replace(acidic.feeds[0], solution=Solution(0.8, 0.0))
    weak = replace(acidic, feeds=(fed,), chemistry=replace(acidic.chemistry, distribution=SlopeLaw(LOG10_K - 30.0)))
    full = replace(weak, chemistry=SeparationFactors(10.0 ** (LOG10_K - LOG10_K.max())))
    ours, limit = rate(weak), rate(full)
    for outlet in ("raffinate", "organic_product"):
        np.testing.assert_allclose(ours.outlets[outlet], limit.outlets[outlet], atol=1e-9)
    np.testing.assert_allclose(ours.aqueous, limit.aqueous, atol=1e-6)


def test_the_limit_is_approached_as_the_free_acid_goes() -> None:
    strong = p507(3, 15, 10)
    assert isinstance(strong.chemistry, MassAction)
    limit = rate(replace(strong, chemistry=SeparationFactors(10.0 ** (LOG10_K - LOG10_K.max()))))
    gaps = []
    for weaker in (0.0, 3.0, 6.0):
        chemistry = replace(strong.chemistry, distribution=SlopeLaw(LOG10_K - weaker))
        fed = replace(strong.feeds[0], solution=Solution(0.8, 0.0))
        profile = rate(replace(strong, chemistry=chemistry, feeds=(fed,)))
        gaps.append(np.abs(profile.outlets["raffinate"] - limit.outlets["raffinate"]).max())
    assert gaps[0] > 5.0 * gaps[1] > 25.0 * gaps[2]


def test_one_stage_is_the_equilibrium_of_its_contents() -> None:
    from ferrolan.process.cascade.acid_balance import carriers_of
    from ferrolan.process.cascade.equilibrium import exchange_of, flash

    train = Train(
        RARE_EARTHS, 1, (Feed(1, FEED, solution=Solution(1.0, 0.1)),), 0.2, 0.0, MassAction(SlopeLaw(LOG10_K), 2.0, 1.0)
    )
    assert isinstance(train.chemistry, MassAction)
    settled = flash(exchange_of(train.chemistry, carriers_of(train, train.chemistry)), FEED[None, :])
    np.testing.assert_allclose(rate(train).aqueous, settled.amounts.liquor, rtol=1e-10)


def test_more_stages_extract_more() -> None:
    left = []
    for stages in range(1, 12):
        feed = Feed(stages, FEED, solution=Solution(1.0, 0.02))
        train = Train(RARE_EARTHS, stages, (feed,), 0.4, 0.0, MassAction(SlopeLaw(LOG10_K), 3.0, 1.0))
        left.append(rate(train).outlets["raffinate"][6:])  # what is extracted for the most part
    assert np.all(np.diff(left, axis=0) < 0.0)


def test_a_long_production_train_settles_cold() -> None:
    train = replace(p507(3, 50, 40, 10, flow=1.6), organic_load=PARTING_LOAD)
    profile = rate(train)
    assert_holds(profile)
    assert_carriers_close(profile)
    assert profile.purity("raffinate", *RARE_EARTHS[:4]) > 0.9999
    assert profile.purity("organic_product", *RARE_EARTHS[4:]) > 0.999
    assert profile.outlets["spent_organic"].sum() < 1e-3 * train.fed.sum()


def test_the_start_saves_work_and_changes_nothing() -> None:
    cold = rate(p507(3, 25, 20, 6))
    nearby = p507(3, 25, 20, 6, flow=1.32)
    warm, again = rate(nearby, cold), rate(nearby)
    assert warm.iterations < again.iterations
    np.testing.assert_allclose(warm.outlets["raffinate"], again.outlets["raffinate"], rtol=1e-7, atol=1e-12)


def test_a_start_of_another_length_is_left_aside() -> None:
    assert_holds(rate(p507(3, 12, 8), rate(p507(3, 5, 4))))


@pytest.mark.parametrize(("flow", "pure"), [(0.6, False), (1.2, False), (1.4, False), (1.6, True), (2.0, True)])
def test_the_pinch_says_which_flows_part_the_keys(flow: float, pure: bool) -> None:
    """More stages help where both distances are above zero; synthetic flows, product as large as the heavy components."""
    profile = rate(parting(p507(3, 30, 20, flow=flow)))
    assert all((distance > 0.0) is pure for distance in profile.distance_to_pinch.values())
    assert len(profile.distance_to_pinch) == 2
    assert (profile.purity("organic_product", *RARE_EARTHS[4:]) > 0.999) is pure


def test_draws_second_feeds_acids_and_loaded_organic_close() -> None:
    plain = p507(3, 12, 8)
    assert isinstance(plain.chemistry, MassAction)
    second = Feed(9, FEED * 0.1, name="second", solution=Solution(0.1, 0.05, {"Na": 0.02}))
    loaded = Feed(4, FEED * 0.05, "organic", "loaded", Solution(0.3, 0.0, {"extractant": 0.5, "Na": 0.01}))
    chemistry = replace(plain.chemistry, draw_volumes={"middle": 0.1, "sample": 0.05})
    train = replace(
        plain,
        feeds=(*plain.feeds, second, loaded),
        draws=(Draw("middle", 6, 0.0), Draw("sample", 15, 0.0, "organic")),
        acids=(Acid(14, 0.002), Acid(8, -0.002)),
        entrained_aqueous=0.02,
        entrained_organic=0.01,
        chemistry=chemistry,
    )
    profile = rate(train)
    assert_holds(profile)
    assert_carriers_close(profile)
    assert profile.outlets["middle"].sum() > 0.0 and profile.outlets["sample"].sum() > 0.0
    assert carried(profile)["middle"].liquor == pytest.approx(0.1) and carried(profile)[
        "sample"
    ].organic == pytest.approx(0.05)


def test_stage_efficiency_worsens_the_cut() -> None:
    purities = [rate(p507(3, 12, 8, efficiency=eta)).purity("raffinate", *RARE_EARTHS[:4]) for eta in (1.0, 0.8, 0.5)]
    assert purities == sorted(purities, reverse=True)


def test_entrainment_worsens_the_cut() -> None:
    purities = [
        rate(p507(3, 12, 8, entrained_aqueous=share, entrained_organic=share)).purity("raffinate", *RARE_EARTHS[:4])
        for share in (0.0, 0.02, 0.1)
    ]
    assert purities == sorted(purities, reverse=True)


def test_no_answer_holds_its_last_iterate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mass_action, "_EVALUATIONS", 20)
    with pytest.raises(NotConverged, match="no steady state") as caught:
        rate(p507(2, 46, 30))
    assert caught.value.last_iterate.shape == (2, 76) and np.isfinite(caught.value.last_iterate).all()


def _without(train: Train, **changed: object) -> Train:
    return replace(train, **changed)  # type: ignore[arg-type]  # the test gives what a user might


BAD = {
    "distribution": (
        lambda t: _without(
            t, chemistry=replace(t.chemistry, distribution=SlopeLaw(LOG10_K[:4]), valence=3.0, bound=None)
        ),
        "4 components",
    ),
    "stages": (lambda t: _without(t, stages=0), "stages"),
    "no feed": (lambda t: _without(t, feeds=()), "feeds"),
    "short feed": (lambda t: _without(t, feeds=(Feed(3, [1.0], solution=Solution(1.0)),)), "feed 'feed'"),
    "nan feed": (lambda t: _without(t, feeds=(Feed(3, FEED * np.nan, solution=Solution(1.0)),)), "feed 'feed'"),
    "no solution": (lambda t: _without(t, feeds=(Feed(3, FEED),)), "Feed.solution"),
    "negative volume": (lambda t: _without(t, feeds=(Feed(3, FEED, solution=Solution(-1.0)),)), "volume"),
    "unknown ion": (lambda t: _without(t, feeds=(Feed(3, FEED, solution=Solution(1.0, 0.1, {"Mg": 1.0})),)), "'Mg'"),
    "stage of feed": (lambda t: _without(t, feeds=(Feed(99, FEED, solution=Solution(1.0)),)), "stage 99"),
    "scrub volume": (lambda t: _without(t, chemistry=replace(t.chemistry, scrub_volume=0.0)), "scrub_volume"),
    "negative scrub": (lambda t: _without(t, scrub=-1.0), "scrub"),
    "reflux": (lambda t: _without(t, product_reflux=0.01), "product_reflux"),
    "oversaponified": (lambda t: _without(t, organic_load=10.0), "organic_load"),
    "no acid left": (lambda t: _without(t, acids=(Acid(2, -5.0),)), "hydroxides"),
    "strip": (lambda t: _without(t, stripping=Stripping(3)), "strip"),
    "strip acid": (
        lambda t: _without(t, stripping=Stripping(3), chemistry=replace(t.chemistry, strip=Solution(1.0, np.nan))),
        "strip",
    ),
    "acid": (lambda t: _without(t, acids=(Acid(2, np.inf),)), "acids"),
    "stray draw": (lambda t: _without(t, chemistry=replace(t.chemistry, draw_volumes={"y": 0.1})), "no draw y"),
    "draw": (lambda t: _without(t, draws=(Draw("x", 3, 0.1),)), "draw 'x'"),
    "large draw": (
        lambda t: _without(t, draws=(Draw("x", 3, 0.1),), chemistry=replace(t.chemistry, draw_volumes={"x": 50.0})),
        "50 m3/h",
    ),
    "efficiency": (lambda t: _without(t, efficiency=1.2), "efficiency"),
    "efficiency shape": (lambda t: _without(t, efficiency=[0.9, 0.8]), "efficiency"),
    "entrainment": (lambda t: _without(t, entrained_aqueous=0.6), "entrained_aqueous"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_train_that_contradicts_itself_is_named(name: str) -> None:
    spoil, said = BAD[name]
    with pytest.raises(ProblemError, match=said.replace("(", r"\(")):
        rate(spoil(p507(3, 6, 4)))


def test_a_bare_train_without_a_scrub_liquor_names_the_stage() -> None:
    train = prommis(3)
    moved = replace(train, feeds=(replace(train.feeds[0], stage=2), train.feeds[1]))
    with pytest.raises(ProblemError, match="stage 3 has no liquor"):
        rate(moved)


def test_dimers_that_metals_take_whole_are_accounted_for() -> None:
    """Six monomers an ion, three of them protonated: less extractant is free, and every element still closes."""
    plain = p507(3, 12, 8)
    assert isinstance(plain.chemistry, MassAction)
    whole = rate(replace(plain, chemistry=replace(plain.chemistry, bound=6.0)))
    assert_holds(whole)
    assert_carriers_close(whole)
    assert (whole.states["free_extractant"] < rate(plain).states["free_extractant"]).all()


def test_what_a_train_is_not_fed_is_nowhere_in_it() -> None:
    plain = p507(3, 12, 8)
    without = np.where(np.array(RARE_EARTHS) == "Eu", 0.0, FEED)
    profile = rate(replace(plain, feeds=(replace(plain.feeds[0], amounts=without),)))
    assert_holds(profile)
    assert not profile.aqueous[:, 5].any() and not profile.organic[:, 5].any()
