"""From ore to magnet, unit after unit: what enters the chain leaves it, and each unit takes what the one before gives."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from ferrolan.process.operation import Solved
from tests.process.units.example import run, synthetic
from tests.process.units.rare_earth_examples import (
    CALCINATION,
    CASTING,
    CELLS,
    CELLS_OF_SALT,
    DISSOLUTION,
    LEACH,
    MAGNETS,
    MAGNETS_MADE,
    NEUTRAL,
    ORE,
    PRECIPITATION,
    ROAST,
    TRAIN,
)

CUT = {**TRAIN, "heavy": ["Pr", "Nd", "Sm", "Dy"], "scrub": synthetic("1.6 kmol/kmol")}
ROUTE = [
    ("magnetic_separation", MAGNETS, "middlings"),
    ("flotation", CELLS, "concentrate"),
    ("acid_roast", ROAST, "calcine"),
    ("water_leach", LEACH, "liquor"),
    ("neutralisation", NEUTRAL, "liquor"),
    ("precipitation", PRECIPITATION, "precipitate"),
    ("dissolution", DISSOLUTION, "liquor"),
    ("sx_cascade", CUT, "heavy"),
    ("precipitation", {**PRECIPITATION, "reagent": "oxalic_acid"}, "precipitate"),
    ("calcination", CALCINATION, "oxide"),
    ("molten_salt", CELLS_OF_SALT, "metal"),
    ("strip_casting", CASTING, "alloy"),
    ("magnet_plant", MAGNETS_MADE, "magnet"),
]
"""Kind, specification, and the outlet that goes on."""
INLETS = {"strip_casting": "metal", "magnet_plant": "alloy"}


@cache
def chain() -> tuple[Solved, ...]:
    found: list[Solved] = []
    stream = ORE
    for kind, spec, outlet in ROUTE:
        found.append(run(kind, spec, **{INLETS.get(kind, "feed"): stream}))
        stream = found[-1].outlets[outlet]
    return tuple(found)


def test_each_element_that_enters_the_chain_leaves_it() -> None:
    entered, left = ORE.elements.copy(), np.zeros_like(ORE.elements)
    for unit, (_, _, on) in zip(chain(), ROUTE, strict=True):
        entered += sum(material.elements for material in unit.drawn.values())
        left += sum(material.elements for name, material in unit.outlets.items() if name != on)
        left += sum((material.elements for material in unit.released.values()), np.zeros_like(left))
    left += chain()[-1].outlets["magnet"].elements
    np.testing.assert_allclose(left, entered, rtol=1e-9, atol=1e-12 * float(entered.sum()))


def test_the_neodymium_of_the_magnets_is_the_product_of_the_recoveries() -> None:
    shares = [
        unit.outlets[on].component("Nd") / next(iter(unit.inlets.values())).component("Nd")
        for unit, (_, _, on) in zip(chain(), ROUTE, strict=True)
        if unit.kind.name != "molten_salt"  # its salt brings neodymium
    ]
    cells = next(unit for unit in chain() if unit.kind.name == "molten_salt")
    won = cells.outlets["metal"].component("Nd") / cells.inlets["feed"].component("Nd")
    magnets = chain()[-1].outlets["magnet"]
    assert magnets.component("Nd") / ORE.component("Nd") == pytest.approx(won * float(np.prod(shares)))
    assert 0.0 < magnets.component("Nd") < ORE.component("Nd")


def test_thorium_leaves_by_tails_and_residues_and_none_reaches_the_magnets() -> None:
    assert chain()[-1].outlets["magnet"].component("Th") == 0.0
    residues = [unit.outlets["residue"].component("ThO2") for unit in chain() if "residue" in unit.outlets]
    fed = next(unit for unit in chain() if unit.kind.name == "acid_roast").inlets["feed"].component("ThO2")
    assert sum(residues) > 0.98 * fed


def test_magnets_hold_iron_boron_and_the_heavy_cut_alone() -> None:
    magnet = chain()[-1].outlets["magnet"]
    assert magnet.grade("RE") == pytest.approx(0.31)
    assert magnet.component("La") + magnet.component("Ce") < 1e-3 * magnet.component("RE")
