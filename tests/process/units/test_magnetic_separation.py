"""Magnets divide ore by mineral, and a grind frees minerals until it makes slimes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrolan.process.material import Material
from tests.process.units.example import run, synthetic
from tests.process.units.rare_earth_examples import GRIND, MAGNETS, ORE


def ground(size: float) -> dict[str, object]:
    """Ground to a size [um], with slimes that matter to rare-earth minerals and magnetite alike."""
    return {**MAGNETS, "grind": {**GRIND, "size": synthetic(f"{size} um")}}


def test_each_mineral_goes_by_its_share_and_everything_else_is_entrained() -> None:
    found = run("magnetic_separation", MAGNETS, feed=ORE)
    concentrate, middlings, tails = (found.outlets[name] for name in ("concentrate", "middlings", "tails"))
    assert concentrate.amount("magnetite") == pytest.approx(0.97 * 90.0)
    assert concentrate.amount("quartz") == pytest.approx(0.03 * 30.0)
    assert middlings.amount("bastnaesite_Ce") == pytest.approx(8.0 * 0.97 * 0.55)
    assert tails.amount("hematite") == pytest.approx(45.0 * 0.88 * 0.20)
    assert found.states["recovery of iron"].value == pytest.approx(concentrate.component("Fe") / ORE.component("Fe"))


def test_without_a_strong_field_the_middlings_are_nothing() -> None:
    weak = {key: value for key, value in MAGNETS.items() if key != "strong"}
    found = run("magnetic_separation", weak, feed=ORE)
    assert found.outlets["middlings"].mass == 0.0
    assert found.outlets["tails"].mass + found.outlets["concentrate"].mass == pytest.approx(ORE.mass)


def test_a_grind_with_all_free_and_no_slimes_changes_nothing() -> None:
    free = {"size": synthetic("45 um"), "half_free": {}, "slime_size": synthetic("0 um")}
    found = run("magnetic_separation", {**MAGNETS, "grind": {**GRIND, **free}}, feed=ORE)
    expected = run("magnetic_separation", MAGNETS, feed=ORE)
    assert found.outlets["concentrate"].amounts == pytest.approx(expected.outlets["concentrate"].amounts)


def test_at_the_size_that_frees_half_half_is_recovered_beside_what_is_entrained() -> None:
    spec = {**MAGNETS, "grind": {**GRIND, "size": synthetic("70 um"), "slime_size": synthetic("0 um")}}
    taken = run("magnetic_separation", spec, feed=ORE).outlets["concentrate"].amount("magnetite") / 90.0
    assert taken == pytest.approx(0.03 + 0.5 * (0.97 - 0.03))


def test_recovery_of_magnetite_and_of_rare_earths_has_an_optimum_in_the_grind() -> None:
    sizes = [8.0, 12.0, 20.0, 30.0, 45.0, 70.0, 110.0, 180.0]
    results = [run("magnetic_separation", ground(size), feed=ORE).outlets for size in sizes]
    for outlet, component in (("concentrate", "Fe"), ("middlings", "REO")):
        recoveries = [outlets[outlet].component(component) for outlets in results]
        best = recoveries.index(max(recoveries))
        assert 0 < best < len(sizes) - 1
        assert recoveries[:best] == sorted(recoveries[:best])
        assert recoveries[best:] == sorted(recoveries[best:], reverse=True)


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(5.0, 500.0))
def test_no_share_leaves_the_range_from_nothing_to_all(recovery: float, entrained: float, size: float) -> None:
    stage = {"recovery": {"magnetite": synthetic(recovery)}, "entrained": synthetic(entrained)}
    spec = {**ground(size), "weak": stage, "strong": stage}
    found = run("magnetic_separation", spec, feed=Material.of({"magnetite": 1.0, "quartz": 2.0}))
    assert sum(one.mass for one in found.outlets.values()) == pytest.approx(3.0)
