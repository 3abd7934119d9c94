"""The sinter strand: breeze burns, lime calcines, sulfur leaves, what returns is sintered."""

from __future__ import annotations

import pytest

from ferrolan.process.material import Material
from tests.process.units.steel_bench import at_work, state, total


def test_sulfur_and_fluorine_leave_by_their_share_and_the_rest_stays() -> None:
    found = at_work("sinter_plant")
    entering = [*found.inlets.values(), *found.drawn.values()]
    fluorine = sum(one.component("F") for one in entering)
    assert found.released["flue_gas"].component("F") == pytest.approx(0.1 * 0.99 * fluorine, rel=1e-6)
    assert total(found, "RE", "sinter", "dust") == pytest.approx(sum(one.component("RE") for one in entering), rel=1e-9)


def test_no_carbon_stays_in_the_sinter() -> None:
    assert total(at_work("sinter_plant"), "C", "sinter") == 0.0


def test_the_ferrous_share_is_magnetite() -> None:
    sinter = at_work("sinter_plant", {"ferrous": 0.1}).outlets["sinter"]
    ferrous = sinter.amount("magnetite") / 231.531 * 55.845  # one atom of its three
    assert ferrous / sinter.component("Fe") == pytest.approx(0.1, rel=1e-4)


def test_too_little_breeze_breaks_the_limit_of_heat() -> None:
    rich, poor = at_work("sinter_plant"), at_work("sinter_plant", {"breeze": 0.0})
    assert rich.limits["heat left over"].value > 0.5 > poor.limits["heat left over"].value


def test_own_breeze_counts_like_bought() -> None:
    own = Material("solids", at_work("sinter_plant").drawn["coke_breeze"].amounts)
    found = at_work("sinter_plant", {"breeze": 0.0}, {"breeze": own})
    assert state(found, "breeze") == pytest.approx(state(at_work("sinter_plant"), "breeze"), rel=1e-9)


def test_limestone_makes_the_sinter_basic() -> None:
    assert state(at_work("sinter_plant", {"limestone": 0.2}), "basicity") > state(at_work("sinter_plant"), "basicity")
    assert 0.03 < state(at_work("sinter_plant"), "breeze") / 1000.0 < 0.055  # quoted range, t/t
