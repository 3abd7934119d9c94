"""Alloy becomes magnets and swarf; nothing of the rare earths is lost."""

from __future__ import annotations

import pytest

from ferrolan.process.material import Material
from tests.process.units.example import run, synthetic
from tests.process.units.rare_earth_examples import ALLOY, MAGNETS_MADE

DYSPROSIUM = Material.of({"metal_Dy": 0.004}, "metal")


def test_magnets_are_the_yield_and_the_rest_is_swarf() -> None:
    found = run("magnet_plant", MAGNETS_MADE, alloy=ALLOY)
    assert found.outlets["magnet"].mass == pytest.approx(0.7 * ALLOY.mass)
    assert found.outlets["magnet"].grade("RE") == pytest.approx(ALLOY.grade("RE"))
    assert found.outlets["swarf"].component("RE") == pytest.approx(0.3 * ALLOY.component("RE"))


def test_swarf_weighs_more_by_the_oxygen_it_takes_up() -> None:
    dry = run("magnet_plant", {**MAGNETS_MADE, "swarf_oxidised": synthetic(0.0)}, alloy=ALLOY)
    found = run("magnet_plant", MAGNETS_MADE, alloy=ALLOY)
    assert dry.outlets["swarf"].mass == pytest.approx(0.3 * ALLOY.mass)
    oxygen = found.outlets["swarf"].mass - dry.outlets["swarf"].mass
    assert oxygen == pytest.approx(found.outlets["swarf"].component("O")) and oxygen > 0.0


def test_heavy_rare_earths_are_kept_by_their_share() -> None:
    plain = run("magnet_plant", MAGNETS_MADE, alloy=ALLOY)
    found = run("magnet_plant", MAGNETS_MADE, alloy=ALLOY, heavy=DYSPROSIUM)
    gained = found.outlets["magnet"].component("Dy") - plain.outlets["magnet"].component("Dy")
    assert gained == pytest.approx(0.6 * 0.004)
