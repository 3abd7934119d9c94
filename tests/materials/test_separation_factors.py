"""Separation factors: every record with its source, every joint draw with its covariance."""

from __future__ import annotations

import csv
import math
import statistics
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ferrolan.materials
from ferrolan import materials
from ferrolan.base.errors import ProblemError

ROWS = list(
    csv.DictReader(
        (Path(ferrolan.materials.__file__).parent / "data" / "separation_factors.csv").open(
            encoding="utf-8", newline=""
        )
    )
)
ALL = materials.separation_systems(recalled=True)
OWN = ("P507_nitrate_tanaka2021", "P507_acidic_zhang2016", "P507_chloride_textbook", "P204_record_difflow")
"""Systems that state each pair for itself; their spread is the uncertainty."""


@pytest.mark.parametrize("system", ALL)
def test_components_stand_in_order_of_extraction_above_the_lightest(system: str) -> None:
    found = materials.separation_factors(system)
    assert found.log_alpha[0] == 0.0 == found.sd[0]
    assert (np.diff(found.log_alpha) > 0.0).all() and (found.sd[1:] > 0.0).all()
    assert found.alpha == pytest.approx(np.exp(found.log_alpha))


def test_every_pair_of_the_data_is_given_back() -> None:
    for row in ROWS:
        within = 1e-9 if row["use"] == "chain" else 0.01
        found = materials.separation_factors(row["system"]).beta(row["heavier"], row["lighter"])
        assert found == pytest.approx(float(row["beta"]), rel=within)


def test_neodymium_over_praseodymium_carries_the_spread_of_its_sources() -> None:
    assert materials.separation_factors("P507_chloride_textbook").beta("Nd", "Pr") == pytest.approx(1.55)
    assert materials.separation_factors("P507_nitrate_tanaka2021").beta("Nd", "Pr") == pytest.approx(2.14)
    assert materials.separation_factors("P204_record_difflow").beta("Nd", "Pr") == pytest.approx(2.61)
    for system in OWN:
        found = materials.separation_factors(system)
        if "Pr" in found.components:
            assert found.sd_of("Nd", "Pr") == pytest.approx(math.log(2.61 / 1.55) / 2, rel=0.02)


def test_uncertainty_of_a_pair_is_the_spread_over_the_systems_that_state_it() -> None:
    for row in ROWS:
        if row["system"] == "P507_sulfate_kumari2018" or row["use"] == "check":
            continue
        pair = (row["heavier"], row["lighter"])
        stated = [
            math.log(float(other["beta"]))
            for other in ROWS
            if other["system"] in OWN and other["use"] == "chain" and (other["heavier"], other["lighter"]) == pair
        ]
        expected = max(0.10, statistics.stdev(stated)) if len(stated) > 1 else 0.40
        assert float(row["sd_ln_beta"]) == pytest.approx(expected, abs=6e-4)


def test_what_was_only_remembered_is_marked_and_never_listed_by_default() -> None:
    assert set(ALL) - set(materials.separation_systems()) == {"P507_chloride_textbook"}
    assert materials.separation_factors("P507_chloride_textbook").status == "recalled"
    assert {materials.separation_factors(system).status for system in materials.separation_systems()} == {
        "verified", "interpolated",
    }  # fmt: skip


def test_measured_and_interpolated_pairs_of_one_system_keep_their_own_status() -> None:
    found = materials.separation_factors("P507_nitrate_tanaka2021")
    assert dict(zip(found.components, found.statuses, strict=True)) == {
        "La": "interpolated", "Ce": "interpolated", "Pr": "interpolated", "Nd": "interpolated", "Sm": "verified",
        "Eu": "interpolated", "Gd": "interpolated", "Tb": "interpolated", "Dy": "interpolated", "Y": "verified",
    }  # fmt: skip


def test_a_sulfate_liquor_turns_neodymium_and_praseodymium_round() -> None:
    assert materials.separation_factors("P507_sulfate_kumari2018").components == ("La", "Ce", "Nd", "Pr")


@given(st.sets(st.sampled_from(materials.RARE_EARTHS), min_size=1))
def test_a_part_of_a_system_keeps_its_pairs_and_refers_to_its_own_lightest(chosen: set[str]) -> None:
    whole = materials.separation_factors("P507_nitrate_tanaka2021")
    part = whole.among(sorted(chosen))
    assert set(part.components) == chosen and part.log_alpha[0] == 0.0 == part.sd[0]
    for heavier in chosen:
        for lighter in chosen:
            assert part.beta(heavier, lighter) == pytest.approx(whole.beta(heavier, lighter))
            assert part.sd_of(heavier, lighter) == pytest.approx(whole.sd_of(heavier, lighter))


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.integers(1, 50))
def test_draws_of_one_seed_are_one_and_leave_the_lightest_alone(seed: int, k: int) -> None:
    found = materials.separation_factors("P204_record_difflow")
    draws = found.draw(np.random.default_rng(seed), k)
    assert draws.shape == (k, len(found.components)) and (draws[:, 0] == 0.0).all()
    assert (draws == found.draw(np.random.default_rng(seed), k)).all()


def test_many_draws_have_the_mean_and_the_covariance_stated() -> None:
    found = materials.separation_factors("P507_nitrate_tanaka2021")
    draws = found.draw(np.random.default_rng(5), 200_000)
    assert draws.mean(axis=0) == pytest.approx(found.log_alpha, abs=0.01)
    assert np.abs(np.cov(draws.T) - found.covariance).max() < 0.02
    assert np.sqrt(np.diag(found.covariance)) == pytest.approx(found.sd)


def test_an_error_of_one_pair_moves_every_heavier_component_alike() -> None:
    """Sm/Nd is one number: what it gets wrong is wrong for everything above neodymium."""
    found = materials.separation_factors("P507_nitrate_tanaka2021")
    at = {name: index for index, name in enumerate(found.components)}
    assert found.covariance[at["Sm"], at["Y"]] == pytest.approx(found.covariance[at["Sm"], at["Sm"]])
    assert found.sd_of("Sm", "Nd") < found.sd[at["Sm"]]


def test_unknown_systems_and_components_are_refused_with_the_nearest() -> None:
    with pytest.raises(ProblemError, match="Nearest: .*P507_nitrate_tanaka2021"):
        materials.separation_factors("P507_nitrate")
    found = materials.separation_factors("P507_acidic_zhang2016")
    with pytest.raises(ProblemError, match='"Nd" is not known'):
        found.beta("Nd", "Sm")
    with pytest.raises(ProblemError, match="distinct components"):
        found.among(["Sm", "Sm"])
    with pytest.raises(ProblemError, match="distinct components"):
        found.among([])


def test_every_row_names_extractant_medium_loading_and_source() -> None:
    for row in ROWS:
        assert all(row[column] for column in ("extractant", "medium", "loading", "source", "status"))
        assert row["source"] in materials.SOURCES
