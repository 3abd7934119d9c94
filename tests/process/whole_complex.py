"""A whole complex: ore to rolled steel and to magnets, 32 units, with recycles of middlings, gas, crops and swarf.

Synthetic; the steel side is ``steel_chain``. The iron concentrate of the mills is what the pellet plant takes.
"""

from __future__ import annotations

from collections.abc import Mapping

from ferrolan.assembly.catalogue import kinds
from ferrolan.base.schema import read
from ferrolan.process.flowsheet import Flowsheet, Unit
from tests.process import steel_chain
from tests.process.flowsheets import division
from tests.process.units import rare_earth_examples as made_up
from tests.process.units.example import synthetic


def train(**changes: object) -> Mapping[str, object]:
    return {**made_up.TRAIN, **changes}


def mill() -> Mapping[str, object]:
    return {"power": synthetic("21 kWh/t"), "work_index": synthetic("14 kWh/t"), "feed_size": synthetic("2 mm")}


def unit(
    name: str, kind: str, spec: Mapping[str, object], inlets: Mapping[str, tuple[str, ...]], outlets: Mapping[str, str]
) -> Unit:
    of_kind = kinds()[kind]
    assert of_kind.spec is not None
    model, problems = read(of_kind.spec, spec)
    assert model is not None, problems
    return Unit(name, of_kind, model, inlets, outlets)


def cells(**changes: object) -> Mapping[str, object]:
    return {**made_up.CELLS, "grind": made_up.GRIND, **changes}


def rare_earth_side() -> tuple[Unit, ...]:
    ground = {**made_up.MAGNETS, "grind": made_up.GRIND}
    magnets = {key: value for key, value in ground.items() if key != "strong"}
    units = [
        unit("mill", "mill", mill(), {"feed": ("ore",)}, {"product": "ground"}),
        unit("magnets", "magnetic_separation", magnets, {"feed": ("ground",)}, {"concentrate": "iron_concentrate", "tails": "magnetic_tails"}),
        division("tails_splitter", ["magnetic_tails"], ["to_flotation", "to_pond"], {"to_flotation": 0.3}),
        unit("rougher", "flotation", cells(), {"feed": ("to_flotation", "cleaner_tails", "scavenged")}, {"concentrate": "rough", "tails": "rougher_tails"}),
        unit("cleaner", "flotation", cells(entrained=synthetic("2 %")), {"feed": ("rough",)}, {"concentrate": "re_concentrate", "tails": "cleaner_tails"}),
        unit("scavenger", "flotation", cells(), {"feed": ("rougher_tails",)}, {"concentrate": "scavenged", "tails": "tails"}),
        unit("roast", "acid_roast", made_up.ROAST, {"feed": ("re_concentrate",)}, {"calcine": "calcine", "off_gas": "roast_gas"}),
        unit("leach", "water_leach", made_up.LEACH, {"feed": ("calcine",)}, {"liquor": "leach_liquor", "residue": "leach_residue"}),
        unit("neutral", "neutralisation", made_up.NEUTRAL, {"feed": ("leach_liquor",)}, {"liquor": "pure_liquor", "residue": "thorium_residue"}),
        unit("carbonates", "precipitation", made_up.PRECIPITATION, {"feed": ("pure_liquor",)}, {"precipitate": "mixed_carbonate", "waste_water": "ww0"}),
        unit("dissolve", "dissolution", made_up.DISSOLUTION, {"feed": ("mixed_carbonate",)}, {"liquor": "chlorides", "residue": "dissolver_residue"}),
        unit("sx_1", "sx_cascade", train(heavy=["Pr", "Nd", "Sm", "Tb", "Dy"]), {"feed": ("chlorides",)}, {"light": "lace", "heavy": "prnd_heavy", "waste_water": "ww1"}),
    ]  # fmt: skip
    for side, source in (("lace", "lace"), ("prnd", "prnd_heavy")):
        units += [
            unit(f"{side}_precipitation", "precipitation", made_up.PRECIPITATION, {"feed": (source,)}, {"precipitate": f"{side}_carbonate", "waste_water": f"{side}_ww"}),
            unit(f"{side}_calcination", "calcination", made_up.CALCINATION, {"feed": (f"{side}_carbonate",)}, {"oxide": f"{side}_oxide", "off_gas": f"{side}_gas"}),
        ]  # fmt: skip
    units += [
        division("prnd_store", ["prnd_oxide"], ["prnd_sold", "prnd_cells_feed"], {"prnd_sold": 0.4}),
        division("lace_store", ["lace_oxide"], ["lace_sold", "lace_kept"], {"lace_sold": 0.6}),
        unit("cells", "molten_salt", made_up.CELLS_OF_SALT, {"feed": ("prnd_cells_feed",)}, {"metal": "prnd_metal", "spent_salt": "spent_salt", "off_gas": "cells_gas"}),
        unit("casting", "strip_casting", made_up.CASTING, {"metal": ("prnd_metal",)}, {"alloy": "alloy", "slag": "alloy_slag"}),
        unit("magnet_plant", "magnet_plant", made_up.MAGNETS_MADE, {"alloy": ("alloy",)}, {"magnet": "magnets_sold", "swarf": "swarf"}),
        division("concentrate_store", ["iron_concentrate"], ["own_feed", "sold_concentrate"], {"own_feed": 0.9}),
    ]  # fmt: skip
    return tuple(units)


def whole_complex() -> Flowsheet:
    steel = steel_chain.flowsheet()
    feeds = {**steel.feeds, "ore": made_up.ORE.times(3.0)}
    units = []
    for one in steel.units:
        if one.name == "pellet_plant":
            inlets = {**one.inlets, "concentrate": (*one.inlets["concentrate"], "own_feed")}
            one = Unit(one.name, one.kind, one.spec, inlets, one.outlets)
        units.append(one)
    return Flowsheet((*units, *rare_earth_side()), feeds)
