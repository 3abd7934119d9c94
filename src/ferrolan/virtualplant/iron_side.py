"""From iron concentrate to rolled steel: pellets, blast furnace, converter, caster, rolling mill.

Between blast furnace and dispatch nothing is stored, so the whole line follows the furnace within a step. The furnace
asks for a rate of iron; purchased ore makes up what the pellets lack. Example: 114 t/h of pellets and 148 t/h of
purchased ore give 170 t/h of hot metal; nearly all rare earths leave with the slag, nearly all phosphorus with the
metal, and in the converter it goes to the slag. The numbers are synthetic.

The converter takes back crops that are cut from its own steel: with ``c`` the iron cut per tonne of iron tapped,
``L x (1 - c) = Fe(hot metal) + Fe(scrap) - Fe(slag) - Fe(dust)`` gives the steel tapped, ``L`` at grade ``x``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ferrolan.virtualplant.drift import Drift
from ferrolan.virtualplant.material import COMPONENTS, REO, Array, Material, rest
from ferrolan.virtualplant.stockpile import Stock, settle

METAL: tuple[str, ...] = ("Fe", "P")

DRIFTS: Mapping[str, Drift] = {  # all synthetic; level [t/h dry, mass fraction or 1], relative spread [1], memory [h]
    "pellet_feed": Drift(113.6, 0.025, 12.0),
    "pellet_feed Fe": Drift(1.0, 0.004, 8.0),
    "pellet_feed other": Drift(1.0, 0.010, 8.0),
    "pellet dust": Drift(0.0070, 0.10, 12.0),
    "pellets Fe": Drift(0.6150, 0.004, 12.0),
    "furnace iron": Drift(161.8, 0.018, 12.0),
    "purchased_ore Fe": Drift(0.620, 0.004, 48.0),
    "purchased_ore P": Drift(0.00120, 0.05, 48.0),
    "coke rate": Drift(0.506, 0.015, 12.0),
    "coke P": Drift(0.00055, 0.04, 48.0),
    "hot_metal Fe": Drift(0.946, 0.0015, 6.0),
    "bf_slag rate": Drift(0.360, 0.03, 12.0),
    "bf_slag Fe": Drift(0.0050, 0.10, 8.0),
    "bf_slag P": Drift(0.040, 0.08, 12.0),
    "bf_dust rate": Drift(0.0120, 0.08, 12.0),
    "bf_dust Fe": Drift(0.330, 0.03, 12.0),
    "bf_dust P": Drift(0.0080, 0.05, 12.0),
    "bf_dust REO": Drift(0.0120, 0.06, 12.0),
    "scrap": Drift(0.1180, 0.03, 6.0),
    "scrap Fe": Drift(0.985, 0.001, 24.0),
    "scrap P": Drift(0.00025, 0.05, 24.0),
    "bof_slag rate": Drift(0.120, 0.04, 8.0),
    "bof_slag Fe": Drift(0.190, 0.05, 6.0),
    "bof_dust rate": Drift(0.0200, 0.06, 8.0),
    "bof_dust Fe": Drift(0.580, 0.02, 8.0),
    "bof_dust P": Drift(0.0012, 0.05, 8.0),
    "liquid_steel Fe": Drift(0.987, 0.0005, 6.0),
    "liquid_steel P": Drift(0.00018, 0.10, 6.0),
    "caster crop": Drift(0.0250, 0.06, 8.0),
    "crop Fe": Drift(0.9992, 0.0004, 12.0),
    "crop P": Drift(1.03, 0.01, 12.0),
    "rolled": Drift(0.9700, 0.001, 8.0),
    "rolling crop": Drift(0.0200, 0.04, 8.0),
    "mill_scale Fe": Drift(0.725, 0.01, 24.0),
    "moisture pellet_feed": Drift(0.088, 0.03, 12.0),
}

_STORE = 21_000.0  # opening dry mass of the iron concentrate store [t]; synthetic
_STORE_GRADES: Mapping[str, float] = {  # synthetic
    "Fe": 0.620, "P": 0.0015, "La2O3": 0.0030, "CeO2": 0.0060, "Pr6O11": 0.00066, "Nd2O3": 0.00204, "SEGY": 0.00031,
}  # fmt: skip
_IN_DUST: Mapping[str, float] = {"Fe": 0.97, "P": 1.05} | dict.fromkeys(REO, 1.10)
# grade of the pellet dust relative to the feed's; synthetic


@dataclass(frozen=True, eq=False)
class IronSide:
    """Streams and stocks of the section by name."""

    streams: Mapping[str, Material]
    stocks: Mapping[str, Stock]


def run_iron_side(
    concentrate: Material, drift: Mapping[str, Array], load: Mapping[str, Array], step_hours: float
) -> IronSide:
    """The section through the month, given the iron concentrate, its drifts and its loads (shape (n,) each)."""
    rate = drift["pellet_feed"] * load["pellet_plant"] / load["pellet_plant"].mean()
    feed, store = settle(concentrate, rate, _STORE, _STORE_GRADES, _reclaim(drift), step_hours)
    streams = {"pellet_feed": feed} | _pellet_plant(feed, drift)
    streams |= _blast_furnace(streams["pellets"], drift, load["blast_furnace"] / load["blast_furnace"].mean())
    streams |= _steel(streams["hot_metal"], drift)
    return IronSide(streams, {"iron_concentrate_store": store})


def _reclaim(drift: Mapping[str, Array]) -> dict[str, Array]:
    return {name: drift[f"pellet_feed {'Fe' if name == 'Fe' else 'other'}"] - 1.0 for name in COMPONENTS}


def _pellet_plant(feed: Material, drift: Mapping[str, Array]) -> dict[str, Material]:
    lost = drift["pellet dust"]
    dust = Material(feed.rate * lost, {name: feed.content[name] * lost * _IN_DUST[name] for name in COMPONENTS})
    iron = feed.content["Fe"] - dust.content["Fe"]
    return {"pellet_dust": dust, "pellets": rest([feed], [dust], COMPONENTS, rate=iron / drift["pellets Fe"])}


def _blast_furnace(pellets: Material, drift: Mapping[str, Array], load: Array) -> dict[str, Material]:
    bought_iron = drift["furnace iron"] * load - pellets.content["Fe"]
    bought = bought_iron / drift["purchased_ore Fe"]
    ore = Material(bought, {"Fe": bought_iron, "P": bought * drift["purchased_ore P"]})
    lost_iron = drift["bf_slag rate"] * drift["bf_slag Fe"] + drift["bf_dust rate"] * drift["bf_dust Fe"]
    tapped = (bought_iron + pellets.content["Fe"]) / (drift["hot_metal Fe"] + lost_iron)
    burnt = tapped * drift["coke rate"]
    coke = Material(burnt, {"P": burnt * drift["coke P"]})
    charge = [pellets, ore, coke]
    phosphorus = sum(feed.of("P") for feed in charge)
    dust_rate = tapped * drift["bf_dust rate"]
    dust_content = {"Fe": dust_rate * drift["bf_dust Fe"], "P": phosphorus * drift["bf_dust P"]}
    dust_content |= {name: pellets.content[name] * drift["bf_dust REO"] for name in REO}
    dust = Material(dust_rate, dust_content)
    slag_phosphorus = phosphorus * drift["bf_slag P"]
    metal_content = {"Fe": tapped * drift["hot_metal Fe"], "P": phosphorus - dust_content["P"] - slag_phosphorus}
    metal = Material(tapped, metal_content)
    slag = rest(charge, [metal, dust], COMPONENTS, rate=tapped * drift["bf_slag rate"])
    return {"purchased_ore": ore, "coke": coke, "hot_metal": metal, "bf_slag": slag, "bf_dust": dust}


def _steel(hot_metal: Material, drift: Mapping[str, Array]) -> dict[str, Material]:
    scrap_rate = hot_metal.rate * drift["scrap"]
    scrap = Material(scrap_rate, {name: scrap_rate * drift[f"scrap {name}"] for name in METAL})
    slag_rate, dust_rate = (hot_metal.rate * drift[f"bof_{kind} rate"] for kind in ("slag", "dust"))
    dust = Material(dust_rate, {name: dust_rate * drift[f"bof_dust {name}"] for name in METAL})
    kept = hot_metal.of("Fe") + scrap.of("Fe") - slag_rate * drift["bof_slag Fe"] - dust.of("Fe")
    cut = drift["caster crop"] * drift["crop Fe"]
    returned = cut + (1.0 - cut) * drift["rolling crop"]
    tapped = kept / (1.0 - returned) / drift["liquid_steel Fe"]
    steel = Material(tapped, {name: tapped * drift[f"liquid_steel {name}"] for name in METAL})
    cast = _caster(steel, drift)
    rolled = _rolling_mill(cast["slab"], drift)
    charge = [hot_metal, scrap, cast["caster_crop"], rolled["rolling_crop"]]
    slag = rest(charge, [steel, dust], METAL, rate=slag_rate)
    return {"scrap": scrap, "liquid_steel": steel, "bof_slag": slag, "bof_dust": dust} | cast | rolled


def _caster(steel: Material, drift: Mapping[str, Array]) -> dict[str, Material]:
    cut = drift["caster crop"]
    crop = Material(steel.rate * cut, {name: steel.content[name] * cut * drift[f"crop {name}"] for name in METAL})
    return {"caster_crop": crop, "slab": rest([steel], [crop], METAL)}


def _rolling_mill(slab: Material, drift: Mapping[str, Array]) -> dict[str, Material]:
    rolled, crop = slab.share(drift["rolled"]), slab.share(drift["rolling crop"])
    oxidised = slab.content["Fe"] - rolled.content["Fe"] - crop.content["Fe"]
    scale = rest([slab], [rolled, crop], METAL, rate=oxidised / drift["mill_scale Fe"])
    return {"rolled_steel": rolled, "rolling_crop": crop, "mill_scale": scale}
