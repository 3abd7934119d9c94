"""From rare-earth concentrate to three oxides: roasting and leaching, solvent extraction, calcination.

The separation sends each oxide to the product it belongs to, but for a little that strays into a neighbour and what
stays in the raffinate. Example: 4.7 t/h of concentrate with 51 % REO give 51 m3/h of liquor with 45 g/L, and 0.917 t of
REO in oxides for each tonne of REO in concentrate. The numbers are synthetic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ferrolan.virtualplant.drift import Drift
from ferrolan.virtualplant.material import COMPONENTS, REO, Array, Material, rest
from ferrolan.virtualplant.stockpile import Stock, settle

PRODUCTS: tuple[str, ...] = ("lace", "prnd", "segy")

DRIFTS: Mapping[str, Drift] = {  # all synthetic; level [t/h dry, t/m3, m3/m3 or 1], relative spread [1], memory [h]
    "concentrate_feed": Drift(4.70, 0.03, 12.0),
    "concentrate_feed REO": Drift(1.0, 0.006, 8.0),
    "concentrate_feed other": Drift(1.0, 0.010, 8.0),
    "leach recovery": Drift(0.9512, 0.003, 10.0),
    "leach_liquor REO": Drift(0.0450, 0.012, 8.0),
    "residue": Drift(0.550, 0.02, 12.0),
    "separation loss": Drift(0.0248, 0.05, 12.0),
    "separation strays": Drift(1.0, 0.06, 12.0),
    "lace_liquor REO": Drift(0.0750, 0.010, 8.0),
    "prnd_liquor REO": Drift(0.0600, 0.010, 8.0),
    "segy_liquor REO": Drift(0.0250, 0.012, 8.0),
    "raffinate": Drift(1.55, 0.015, 8.0),
    "lace yield": Drift(0.9890, 0.001, 12.0),
    "prnd yield": Drift(0.9910, 0.001, 12.0),
    "segy yield": Drift(0.9840, 0.0015, 12.0),
    "lace filtrate": Drift(2.4, 0.015, 8.0),
    "prnd filtrate": Drift(2.4, 0.015, 8.0),
    "segy filtrate": Drift(2.6, 0.015, 8.0),
    "lace purity": Drift(0.992, 0.001, 24.0),
    "prnd purity": Drift(0.994, 0.0008, 24.0),
    "segy purity": Drift(0.988, 0.0015, 24.0),
    "moisture concentrate_feed": Drift(0.095, 0.03, 12.0),
}

_STORE = 2_400.0  # opening dry mass of the rare-earth concentrate store [t]; synthetic
_STORE_GRADES: Mapping[str, float] = {  # synthetic
    "Fe": 0.049, "P": 0.026, "La2O3": 0.1270, "CeO2": 0.2555, "Pr6O11": 0.0281, "Nd2O3": 0.0868, "SEGY": 0.0124,
}  # fmt: skip
_DISSOLVES: Mapping[str, float] = {"La2O3": 1.002, "CeO2": 0.998, "Pr6O11": 1.001, "Nd2O3": 1.002, "SEGY": 0.995}
_STAYS: Mapping[str, float] = {"La2O3": 1.06, "CeO2": 1.00, "Pr6O11": 0.95, "Nd2O3": 0.93, "SEGY": 1.05}
# recovery of an oxide in leaching, and its loss to the raffinate, relative to that of all; synthetic
_BELONGS: Mapping[str, str] = {"La2O3": "lace", "CeO2": "lace", "Pr6O11": "prnd", "Nd2O3": "prnd", "SEGY": "segy"}
_STRAYS: Mapping[tuple[str, str], float] = {  # (oxide, product): share of the oxide that strays there; synthetic
    ("Pr6O11", "lace"): 0.010, ("Nd2O3", "lace"): 0.0040, ("SEGY", "lace"): 0.0015,
    ("La2O3", "prnd"): 0.0003, ("CeO2", "prnd"): 0.0009, ("SEGY", "prnd"): 0.0120,
    ("La2O3", "segy"): 0.00005, ("CeO2", "segy"): 0.00006, ("Pr6O11", "segy"): 0.0003, ("Nd2O3", "segy"): 0.0040,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class RareEarthSide:
    """Streams and stocks of the section by name."""

    streams: Mapping[str, Material]
    stocks: Mapping[str, Stock]


def run_rare_earth_side(
    concentrate: Material, drift: Mapping[str, Array], load: Mapping[str, Array], step_hours: float
) -> RareEarthSide:
    """The section through the month, given the rare-earth concentrate, its drifts and its loads (shape (n,) each)."""
    rate = drift["concentrate_feed"] * load["roast_leach"] / load["roast_leach"].mean()
    feed, store = settle(concentrate, rate, _STORE, _STORE_GRADES, _reclaim(drift), step_hours)
    streams = {"concentrate_feed": feed} | _roast_leach(feed, drift)
    streams |= _separation(streams["leach_liquor"], drift)
    for product in PRODUCTS:
        streams |= _calcination(product, streams[f"{product}_liquor"], drift)
    return RareEarthSide(streams, {"re_concentrate_store": store})


def _reclaim(drift: Mapping[str, Array]) -> dict[str, Array]:
    return {name: drift[f"concentrate_feed {'REO' if name in REO else 'other'}"] - 1.0 for name in COMPONENTS}


def _roast_leach(feed: Material, drift: Mapping[str, Array]) -> dict[str, Material]:
    dissolved = {name: feed.content[name] * drift["leach recovery"] * _DISSOLVES[name] for name in REO}
    liquor = _liquor(dissolved, drift["leach_liquor REO"])
    return {"leach_liquor": liquor, "leach_residue": rest([feed], [liquor], REO, rate=feed.rate * drift["residue"])}


def _separation(feed: Material, drift: Mapping[str, Array]) -> dict[str, Material]:
    products = {
        f"{product}_liquor": _liquor(
            {name: feed.content[name] * _sent(name, product, drift) for name in REO}, drift[f"{product}_liquor REO"]
        )
        for product in PRODUCTS
    }
    raffinate = rest([feed], list(products.values()), REO, rate=feed.rate * drift["raffinate"])
    return products | {"raffinate": raffinate}


def _sent(oxide: str, product: str, drift: Mapping[str, Array]) -> Array:
    """Share of an oxide that a product gets."""
    if _BELONGS[oxide] != product:
        return _STRAYS[oxide, product] * drift["separation strays"]
    strays = sum(share for (name, _), share in _STRAYS.items() if name == oxide)
    return 1.0 - drift["separation loss"] * _STAYS[oxide] - strays * drift["separation strays"]


def _calcination(product: str, liquor: Material, drift: Mapping[str, Array]) -> dict[str, Material]:
    kept = liquor.share(drift[f"{product} yield"])
    oxide = Material(kept.rare_earths() / drift[f"{product} purity"], kept.content)
    filtrate = rest([liquor], [oxide], REO, rate=liquor.rate * drift[f"{product} filtrate"])
    return {f"{product}_oxide": oxide, f"{product}_filtrate": filtrate}


def _liquor(content: Mapping[str, Array], strength: Array) -> Material:
    """A liquor of a given strength [t REO/m3]."""
    total: Array = np.sum([content[name] for name in REO], axis=0)
    return Material(total / strength, content)
