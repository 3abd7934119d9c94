"""From the mine to two concentrates: ore pile, mill, magnetic separation, flotation.

Magnetite goes to the iron concentrate; the rare earths (bastnaesite, monazite) stay in the magnetic tails, of which a
quarter is floated and the rest goes to the pond. Example: 295 t/h of ore with 5.6 % REO give 113 t/h of iron
concentrate and 4.75 t/h of rare-earth concentrate with 51 % REO; every tail is the feed less the product. The numbers
are synthetic at the order of magnitude published for Bayan Obo.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ferrolan.virtualplant.drift import Drift
from ferrolan.virtualplant.material import COMPONENTS, REO, Array, Material, rest
from ferrolan.virtualplant.stockpile import Stock, settle

DRIFTS: Mapping[str, Drift] = {  # all synthetic; level [t/h dry, mass fraction or 1], relative spread [1], memory [h]
    "ore_mined": Drift(295.5, 0.05, 6.0),
    "mill_feed": Drift(295.0, 0.025, 8.0),
    "ore Fe": Drift(0.330, 0.025, 24.0),
    "ore P": Drift(0.0080, 0.06, 24.0),
    "ore REO": Drift(0.0560, 0.035, 24.0),
    "ore La2O3": Drift(0.250, 0.008, 48.0),
    "ore CeO2": Drift(0.500, 0.006, 48.0),
    "ore Pr6O11": Drift(0.055, 0.010, 48.0),
    "ore Nd2O3": Drift(0.170, 0.010, 48.0),
    "ore SEGY": Drift(0.025, 0.020, 48.0),
    "reclaim Fe": Drift(1.0, 0.010, 6.0),
    "reclaim P": Drift(1.0, 0.020, 6.0),
    "reclaim REO": Drift(1.0, 0.012, 6.0),
    "magnetic Fe": Drift(0.720, 0.010, 12.0),
    "magnetic P": Drift(0.072, 0.05, 12.0),
    "magnetic REO": Drift(0.0820, 0.04, 12.0),
    "iron_concentrate Fe": Drift(0.620, 0.006, 10.0),
    "flotation share": Drift(0.2550, 0.02, 8.0),
    "flotation REO": Drift(0.6330, 0.015, 10.0),
    "flotation Fe": Drift(0.034, 0.03, 10.0),
    "flotation P": Drift(0.220, 0.05, 10.0),
    "re_concentrate REO": Drift(0.510, 0.012, 10.0),
    "moisture ore_mined": Drift(0.030, 0.06, 24.0),
    "moisture mill_feed": Drift(0.030, 0.04, 24.0),
    "moisture iron_concentrate": Drift(0.090, 0.03, 12.0),
    "moisture re_concentrate": Drift(0.097, 0.03, 12.0),
}

_FLOATS: Mapping[str, float] = {"La2O3": 0.995, "CeO2": 1.003, "Pr6O11": 1.002, "Nd2O3": 1.000, "SEGY": 0.980}
_ATTRACTED: Mapping[str, float] = {"La2O3": 1.0, "CeO2": 1.0, "Pr6O11": 1.0, "Nd2O3": 1.0, "SEGY": 1.06}
# recovery of an oxide relative to that of all; synthetic
_ORE_STOCK = 52_000.0  # opening dry mass [t]; synthetic


@dataclass(frozen=True, eq=False)
class OreSide:
    """Streams and stocks of the section by name."""

    streams: Mapping[str, Material]
    stocks: Mapping[str, Stock]


def run_ore_side(drift: Mapping[str, Array], load: Mapping[str, Array], step_hours: float) -> OreSide:
    """The section through the month, given its drifts and its loads (shape (n,) each)."""
    ore = _mine(drift, load["mine"])
    feed_rate = drift["mill_feed"] * load["mill"] / load["mill"].mean()
    mill_feed, pile = settle(ore, feed_rate, _ORE_STOCK, _mean_grades(), _reclaim(drift), step_hours)
    iron = _magnetic_concentrate(mill_feed, drift)
    tails = rest([mill_feed], [iron], COMPONENTS)
    flotation_feed = tails.share(drift["flotation share"] * load["flotation"])
    concentrate = _rare_earth_concentrate(flotation_feed, drift)
    streams = {
        "ore_mined": ore,
        "mill_feed": mill_feed,
        "ground_ore": mill_feed,
        "iron_concentrate": iron,
        "magnetic_tails": tails,
        "flotation_feed": flotation_feed,
        "tails_to_pond": rest([tails], [flotation_feed], COMPONENTS),
        "re_concentrate": concentrate,
        "flotation_tails": rest([flotation_feed], [concentrate], COMPONENTS),
    }
    return OreSide(streams, {"ore_stockpile": pile})


def _mine(drift: Mapping[str, Array], load: Array) -> Material:
    rate = drift["ore_mined"] * load / load.mean()
    split = {name: drift[f"ore {name}"] for name in REO}
    total = sum(split.values(), np.zeros_like(rate))
    content = {"Fe": rate * drift["ore Fe"], "P": rate * drift["ore P"]}
    return Material(rate, content | {name: rate * drift["ore REO"] * split[name] / total for name in REO})


def _mean_grades() -> dict[str, float]:
    reo = DRIFTS["ore REO"].level
    return {name: DRIFTS[f"ore {name}"].level * (reo if name in REO else 1.0) for name in COMPONENTS}


def _reclaim(drift: Mapping[str, Array]) -> dict[str, Array]:
    return {name: drift[f"reclaim {name if name in ('Fe', 'P') else 'REO'}"] - 1.0 for name in COMPONENTS}


def _magnetic_concentrate(feed: Material, drift: Mapping[str, Array]) -> Material:
    content = {"Fe": feed.content["Fe"] * drift["magnetic Fe"], "P": feed.content["P"] * drift["magnetic P"]}
    content |= {name: feed.content[name] * drift["magnetic REO"] * _ATTRACTED[name] for name in REO}
    return Material(content["Fe"] / drift["iron_concentrate Fe"], content)


def _rare_earth_concentrate(feed: Material, drift: Mapping[str, Array]) -> Material:
    content = {"Fe": feed.content["Fe"] * drift["flotation Fe"], "P": feed.content["P"] * drift["flotation P"]}
    content |= {name: feed.content[name] * drift["flotation REO"] * _FLOATS[name] for name in REO}
    recovered = sum((content[name] for name in REO), np.zeros_like(feed.rate))
    return Material(recovered / drift["re_concentrate REO"], content)
