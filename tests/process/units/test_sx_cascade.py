"""The unit keeps the profile of its train, and its acid, base and salt by stoichiometry."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from ferrolan import materials
from ferrolan.base.errors import Infeasible, ProblemError
from ferrolan.base.schema import read
from ferrolan.process.material import Material
from ferrolan.process.units.sx_cascade import SxCascadeSpec
from tests.process.units.example import kmol, run, synthetic
from tests.process.units.rare_earth_examples import CHLORIDES, TRAIN


def own(**changes: object) -> dict[str, object]:
    """The published design of Zhang, Zhao, Schreiner 2016 for a separation factor of two, half of each."""
    return {
        **{key: value for key, value in TRAIN.items() if key != "system"},
        "heavy": ["Nd"],
        "factors": {"Nd": synthetic(2.0), "Pr": synthetic(1.0)},
        "extraction_stages": 24,
        "scrub_stages": 21,
        "product": synthetic(0.50045 / 0.5),
        "scrub": synthetic(1.20819),
        "efficiency": synthetic(1.0),
        **changes,
    }


def equal_moles() -> Material:
    amounts = {f"chloride_{symbol}": 0.01 * materials.molar_mass(f"{symbol}Cl3") for symbol in ("Pr", "Nd")}
    return Material.of({**amounts, "water": 30.0}, "liquor")


def purity(liquor: Material, symbol: str) -> float:
    moles = {other: kmol(liquor, f"chloride_{other}") for other in materials.RARE_EARTHS}
    return moles[symbol] / sum(moles.values())


def test_purities_are_those_of_the_published_design() -> None:
    found = run("sx_cascade", own(), feed=equal_moles())
    assert purity(found.outlets["heavy"], "Nd") == pytest.approx(0.9989927, abs=1e-5)
    assert purity(found.outlets["light"], "Pr") == pytest.approx(0.9998927, abs=1e-5)


@pytest.mark.parametrize(
    ("base", "species", "salt"),
    [("ammonia", "ammonia_water", "ammonium_chloride"), ("caustic_soda", "sodium_hydroxide", "sodium_chloride")],
)
def test_base_acid_and_salt_are_three_moles_a_mole_exchanged(base: str, species: str, salt: str) -> None:
    """S 1.70864 a mole of feed: 3 S of base, 3 S of acid, 3 S of salt."""
    found = run("sx_cascade", own(base=base, acid_excess=synthetic(0.0)), feed=equal_moles())
    expected = 3.0 * 1.70864 * 20.0
    assert kmol(found.drawn[base], species) == pytest.approx(expected)
    assert kmol(found.drawn["hydrochloric_acid"], "hydrochloric_acid") == pytest.approx(expected)
    left = kmol(found.outlets["light"], salt) + kmol(found.outlets["waste_water"], salt)
    assert left == pytest.approx(expected)
    assert found.states["organic load S"].value == pytest.approx(1.70864)


def test_base_and_acid_are_drawn_without_the_water_of_their_solutions() -> None:
    found, strong = (run("sx_cascade", own(base_strength=synthetic(share)), feed=equal_moles()) for share in (0.2, 1.0))
    for name, species in (("ammonia", "ammonia_water"), ("hydrochloric_acid", "hydrochloric_acid")):
        assert found.drawn[name].mass == pytest.approx(found.drawn[name].amount(species))
        assert found.drawn[name].mass == pytest.approx(strong.drawn[name].mass)
    saved = found.drawn["water"].mass - strong.drawn["water"].mass
    assert saved == pytest.approx(4.0 * found.drawn["ammonia"].mass)


def test_free_acid_of_the_feed_takes_base_and_excess_strip_acid_stays_in_the_product() -> None:
    sour = equal_moles().plus(Material.of({"hydrochloric_acid": 0.3}, "liquor"))
    found, plain = (run("sx_cascade", own(), feed=feed) for feed in (sour, equal_moles()))
    more = kmol(found.drawn["ammonia"], "ammonia_water") - kmol(plain.drawn["ammonia"], "ammonia_water")
    assert more == pytest.approx(kmol(sour, "hydrochloric_acid"))
    assert found.outlets["light"].amount("hydrochloric_acid") == 0.0
    assert kmol(found.outlets["heavy"], "hydrochloric_acid") == pytest.approx(0.05 * 3.0 * 0.50045 * 20.0)


def test_salt_leaves_by_waste_water_as_far_as_saponification_is_apart() -> None:
    together, apart = (run("sx_cascade", own(salt_apart=synthetic(share)), feed=equal_moles()) for share in (0.0, 1.0))
    assert together.outlets["waste_water"].mass == 0.0
    assert apart.outlets["light"].amount("ammonium_chloride") == 0.0


def test_more_scrub_makes_the_product_purer_and_costs_acid() -> None:
    few, many = (run("sx_cascade", own(scrub=synthetic(scrub)), feed=equal_moles()) for scrub in (1.05, 1.3))
    assert purity(many.outlets["heavy"], "Nd") > purity(few.outlets["heavy"], "Nd")
    assert many.drawn["hydrochloric_acid"].mass > few.drawn["hydrochloric_acid"].mass


def test_below_the_least_scrub_the_train_still_answers_and_says_that_it_is_pinched() -> None:
    """W_min of a feed of half each at two is 1."""
    found = run("sx_cascade", own(scrub=synthetic(0.9)), feed=equal_moles())
    assert found.limits["scrub beyond its least flow"].value < 0.0 and not found.feasible
    assert purity(found.outlets["heavy"], "Nd") < 0.99


def held_purities(heavy: float, light: float, **changes: object) -> dict[str, object]:
    plain = {key: value for key, value in own(**changes).items() if key not in ("product", "scrub")}
    return {**plain, "purities": {"heavy": synthetic(heavy), "light": synthetic(light)}}


def test_a_train_that_holds_its_purities_makes_both_products_so() -> None:
    found = run("sx_cascade", held_purities(0.999, 0.9999), feed=equal_moles())
    assert purity(found.outlets["heavy"], "Nd") == pytest.approx(0.999, abs=1e-10)
    assert purity(found.outlets["light"], "Pr") == pytest.approx(0.9999, abs=1e-10)
    assert found.states["scrub W"].value == pytest.approx(1.20819, rel=5e-3)


def test_a_purer_product_costs_more_acid_and_a_richer_feed_less() -> None:
    poor, pure = (run("sx_cascade", held_purities(heavy, 0.999), feed=equal_moles()) for heavy in (0.99, 0.9995))
    assert pure.drawn["hydrochloric_acid"].mass > poor.drawn["hydrochloric_acid"].mass
    rich = equal_moles().plus(Material.of({"chloride_Nd": 5.0}, "liquor"))
    acid = "acid a tonne of oxides"
    held = run("sx_cascade", held_purities(0.99, 0.999), feed=rich)
    assert purity(held.outlets["heavy"], "Nd") == pytest.approx(0.99, abs=1e-9) and held.states[acid].value > 0.0


def test_a_purity_out_of_reach_of_the_stages_is_infeasible_and_says_the_way_out() -> None:
    with pytest.raises(Infeasible, match="times the impurity allowed; add stages or ask for less"):
        run("sx_cascade", held_purities(0.9999, 0.9999, extraction_stages=6, scrub_stages=5), feed=equal_moles())
    with pytest.raises(Infeasible, match="the organic product must be purer"):
        run("sx_cascade", held_purities(0.4, 0.999), feed=equal_moles())


def test_ten_rare_earths_are_parted_at_the_cut_and_everything_else_stays_with_the_raffinate() -> None:
    found = run("sx_cascade", TRAIN, feed=CHLORIDES)
    heavy, light = found.outlets["heavy"], found.outlets["light"]
    assert found.states["purity of the heavy product"].value > 0.999
    assert heavy.amount("chloride_Sm") == pytest.approx(0.1, rel=1e-3)
    assert light.amount("calcium_chloride") == pytest.approx(0.2) and heavy.amount("calcium_chloride") == 0.0


def test_a_feed_of_one_side_alone_passes_whole() -> None:
    light = run("sx_cascade", TRAIN, feed=Material.of({"chloride_La": 1.0, "water": 5.0}, "liquor"))
    assert light.outlets["heavy"].component("REO") == 0.0 and light.outlets["light"].amount("chloride_La") == 1.0
    heavy = run("sx_cascade", TRAIN, feed=Material.of({"chloride_Nd": 1.0, "water": 5.0}, "liquor"))
    assert heavy.outlets["heavy"].amount("chloride_Nd") == 1.0


@pytest.mark.parametrize("phase", ["aqueous", "organic"])
def test_a_middle_product_is_drawn_at_its_rate(phase: str) -> None:
    middle = {"stage": 24, "phase": phase, "rate": synthetic("0.1 kmol/kmol")}
    found = run("sx_cascade", own(middle=middle, product=synthetic(0.9)), feed=equal_moles())
    moles = sum(kmol(found.outlets["middle"], f"chloride_{symbol}") for symbol in ("Pr", "Nd"))
    assert moles == pytest.approx(0.1 * 20.0, rel=1e-9)
    assert found.outlets["middle"].amount("water") > 0.0


def test_a_cut_that_leaves_out_a_more_extractable_one_is_refused() -> None:
    with pytest.raises(ProblemError, match="Nd is not extracted better than Sm"):
        run("sx_cascade", {**TRAIN, "heavy": ["Nd", "Tb"]}, feed=CHLORIDES)


def test_rare_earths_that_are_no_chloride_are_refused() -> None:
    with pytest.raises(ProblemError, match="sulfate_Ce is no chloride; dissolve the rare earths in hydrochloric acid"):
        run("sx_cascade", TRAIN, feed=CHLORIDES.plus(Material.of({"sulfate_Ce": 0.1}, "liquor")))


def test_a_rare_earth_without_a_factor_is_refused_by_name() -> None:
    with pytest.raises(ProblemError, match="the feed holds La, Ce, Sm, Tb, of which no factor is declared"):
        run("sx_cascade", own(), feed=CHLORIDES)


@pytest.mark.parametrize(
    ("changes", "path", "code"),
    [
        ({"system": "P507_nitrate_tanaka2021"}, (), "two_origins"),
        ({"system": "P507_nitrate_tanaka", "factors": {}}, ("system",), "unknown_system"),
        ({"factors": {"Fe": synthetic(2.0)}}, ("factors", "Fe"), "unknown_rare_earth"),
        ({"acid_used_strength": synthetic("40 %")}, ("acid_used_strength",), "out_of_range"),
        ({"heavy": []}, ("heavy",), "empty"),
        ({"factors": {}}, (), "two_origins"),
        ({"purities": {"heavy": synthetic(0.99), "light": synthetic(0.99)}}, (), "two_ways"),
    ],
)
def test_a_specification_that_contradicts_itself_is_refused(
    changes: Mapping[str, object], path: tuple[str, ...], code: str
) -> None:
    _, problems = read(SxCascadeSpec, own(**changes))
    assert [(problem.path, problem.code) for problem in problems] == [(path, code)]
    assert all(problem.way_out for problem in problems)
