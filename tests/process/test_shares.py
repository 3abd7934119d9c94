"""Numbers by species: a species goes before its family, whatever the order of the document."""

from __future__ import annotations

from itertools import permutations

import pytest

from ferrolan import materials
from ferrolan.process.shares import FAMILIES, array, places


@pytest.mark.parametrize("names", list(permutations(["bastnaesite", "bastnaesite_Ce", "quartz"])))
def test_a_species_goes_before_its_family(names: tuple[str, ...]) -> None:
    values = {"bastnaesite": 0.6, "bastnaesite_Ce": 0.7, "quartz": 0.2}
    found = array({name: values[name] for name in names}, other=0.1)
    assert found[materials.place("bastnaesite_La")] == 0.6 and found[materials.place("bastnaesite_Ce")] == 0.7
    assert found[materials.place("quartz")] == 0.2 and found[materials.place("calcite")] == 0.1


def test_a_family_has_one_species_a_rare_earth() -> None:
    for name, found in FAMILIES.items():
        assert [materials.SPECIES[place].name for place in found] == [f"{name}_{one}" for one in materials.RARE_EARTHS]
    assert places("quartz") == (materials.place("quartz"),)
