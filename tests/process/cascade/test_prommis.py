"""The twelve metals of the PrOMMiS case, profile against profile."""

from __future__ import annotations

import numpy as np
import pytest

from ferrolan.process.cascade.carried import carried
from ferrolan.process.cascade.rating import rate
from tests.process.cascade.acid_trains import about, prommis, rows

PROFILE, STAGES, ABOUT = rows("profile"), rows("stages"), about()
TOLERANCE = ABOUT["tolerance_rel"]


def published(column: str) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """(stage, component) [mg/L or 1], stages in our order."""
    values = np.array([float(row[column]) for row in PROFILE]).reshape(ABOUT["stages"], -1)
    return values[::-1]


def test_every_stage_and_metal_is_that_of_prommis() -> None:
    profile = rate(prommis())
    molar = np.array([float(row["molar_mass_kg_per_mol"]) for row in rows("components")]) * 1e6
    litres = ABOUT["flow_L_per_h"] / 1e3
    for ours, column in ((profile.aqueous, "aqueous_mg_per_L"), (profile.organic, "organic_mg_per_L")):
        np.testing.assert_allclose(ours * molar / litres, published(column), rtol=TOLERANCE)
    np.testing.assert_allclose(profile.organic / profile.aqueous, published("D"), rtol=TOLERANCE)


def test_acid_and_extractant_are_those_of_prommis() -> None:
    profile = rate(prommis())
    free = profile.states["free_extractant"] * ABOUT["extractant"]["molar_mass_kg_per_mol"] * 1e6
    told = {name: np.array([float(row[name]) for row in STAGES])[::-1] for name in STAGES[0]}
    np.testing.assert_allclose(profile.states["pH"], told["pH"], rtol=TOLERANCE)
    np.testing.assert_allclose(free, told["extractant_mg_per_L"], rtol=TOLERANCE)
    acid = told["H_mg_per_L"] / ABOUT["acid"]["H_kg_per_mol"] + told["HSO4_mg_per_L"] / ABOUT["acid"]["HSO4_kg_per_mol"]
    np.testing.assert_allclose(profile.states["free_acid"], acid / 1e6 * ABOUT["flow_L_per_h"] / 1e3, rtol=TOLERANCE)


def test_sulfate_leaves_as_it_enters() -> None:
    acid, litres = ABOUT["acid"], ABOUT["flow_L_per_h"] / 1e3
    fed = (acid["HSO4_mg_per_L"] / acid["HSO4_kg_per_mol"] + acid["SO4_mg_per_L"] / acid["SO4_kg_per_mol"]) / 1e6
    assert carried(rate(prommis()))["raffinate"].anion == pytest.approx(fed * litres, rel=1e-14)


@pytest.mark.parametrize("stages", [1, 3, 10, 30, 60])
def test_the_case_settles_cold_at_any_length(stages: int) -> None:
    profile = rate(prommis(stages))
    assert profile.residual < 1e-12 and np.abs(profile.closure).max() < 1e-13
    assert profile.iterations <= 8 and profile.status == "converged"


def test_more_stages_extract_more_of_every_metal() -> None:
    left = [rate(prommis(stages)).outlets["raffinate"] for stages in range(1, 8)]
    assert np.all(np.diff(left, axis=0)[:, :8] < 0.0)  # rare earths; impurities give way to them


def test_ignoring_the_extractant_that_iron_takes_would_change_dysprosium() -> None:
    """Process trap: consumed extractant changes D; with it dysprosium's raffinate is another by more than a tenth."""
    from dataclasses import replace

    train = prommis()
    free = replace(train, chemistry=replace(train.chemistry, bound=np.full(12, 1e-9)))
    place = train.place("Dy")
    with_it, without = rate(train).outlets["raffinate"][place], rate(free).outlets["raffinate"][place]
    assert without < 0.9 * with_it
