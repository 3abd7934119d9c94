"""A small simulated plant: ore to iron concentrate and rare-earth concentrate, with a scavenger that returns."""

from __future__ import annotations

from pathlib import Path

DOCUMENT = """\
ferrolan: 1
name: small_plant
title: Small plant
enterprise:
  currency: CNY
  time_zone: Asia/Shanghai
  owners:
    steel: {title: steel company, covers: everything}
units:
  heap: {kind: stockpile, owner: steel, at: [0, 0], stocks: ore}
  mill:
    kind: mill
    owner: steel
    at: [1, 0]
    capacity: {value: 330 t/h, of: ore, synthetic: true}
    availability: {value: 92 %, synthetic: true}
    spec:
      power: {value: 21 kWh/t, synthetic: true}
      work_index: {value: 14 kWh/t, synthetic: true}
      feed_size: {value: 2 mm, synthetic: true}
    modes:
      run: {reference: ore, simulated: true, cost: {value: 9 CNY/t, synthetic: true}}
  magnets:
    kind: magnetic_separation
    owner: steel
    at: [2, 0]
    capacity: {value: 340 t/h, of: ground_ore, synthetic: true}
    availability: {value: 92 %, synthetic: true}
    spec:
      grind: &grind
        size: {value: 45 um, synthetic: true}
        half_free: {magnetite: {value: 70 um, synthetic: true}, bastnaesite: {value: 50 um, synthetic: true}}
        sharpness: {value: 2, synthetic: true}
        slime_size: {value: 8 um, synthetic: true}
        modulus: {value: 0.8, synthetic: true}
      weak:
        recovery: {magnetite: {value: 97 %, synthetic: true}}
        entrained: {value: 3 %, synthetic: true}
      power: {value: 9 kWh/t, synthetic: true}
    ports: {concentrate: iron_concentrate, tails: magnetic_tails}
    modes:
      run: {reference: ground_ore, simulated: true, cost: {value: 4 CNY/t, synthetic: true}}
  tails_splitter:
    kind: splitter
    owner: steel
    at: [3, 0]
    spec: {shares: {to_flotation: {value: 70 %, synthetic: true}}}
  rougher:
    kind: flotation
    owner: steel
    at: [4, 0]
    capacity: {value: 40 t/h, of: re_concentrate, synthetic: true}
    availability: {value: 92 %, synthetic: true}
    spec: &cells
      grind: *grind
      floats: {bastnaesite: {rate: {value: 14 1/h, synthetic: true}, ultimate: {value: 92 %, synthetic: true}}}
      cells: 6
      residence_time: {value: 4 min, synthetic: true}
      collector: {value: 2 kg/t, synthetic: true}
      collector_half: {value: 0.8 kg/t, synthetic: true}
      entrained: {value: 4 %, synthetic: true}
      power: {value: 12 kWh/t, synthetic: true}
    ports: {feed: [to_flotation, scavenged], concentrate: re_concentrate, tails: rougher_tails}
    modes:
      run: {reference: magnetic_tails, simulated: true, cost: {value: 62 CNY/t, synthetic: true}}
  scavenger:
    kind: flotation
    owner: steel
    at: [4, 1]
    capacity: {value: 400 t/h, of: rougher_tails, synthetic: true}
    availability: {value: 92 %, synthetic: true}
    spec: *cells
    ports: {feed: rougher_tails, concentrate: scavenged, tails: tails}
    modes:
      run: {reference: rougher_tails, simulated: true, cost: {value: 20 CNY/t, synthetic: true}}
streams:
  ore: {to: heap, form: solids, commodity: ore}
  mill_feed: {from: heap, to: mill, form: solids, commodity: ore}
  ground_ore: {from: mill, to: magnets, form: solids, commodity: ground_ore}
  iron_concentrate: {from: magnets, form: solids, commodity: iron_concentrate}
  magnetic_tails: {from: magnets, to: tails_splitter, form: solids, commodity: magnetic_tails}
  to_flotation: {from: tails_splitter, to: rougher, form: solids, commodity: magnetic_tails}
  to_pond: {from: tails_splitter, form: solids}
  re_concentrate: {from: rougher, form: solids, commodity: re_concentrate}
  rougher_tails: {from: rougher, to: scavenger, form: solids, commodity: rougher_tails}
  scavenged: {from: scavenger, to: rougher, form: solids, commodity: scavenged}
  tails: {from: scavenger, form: solids}
simulation:
  feeds:
    ore:
      rate: {value: 300 t/h, synthetic: true}
      temperature: {value: 15 degC, synthetic: true}
      species:
        magnetite: {value: 35 %, synthetic: true}
        hematite: {value: 10 %, synthetic: true}
        bastnaesite_La: {value: 2 %, synthetic: true}
        bastnaesite_Ce: {value: 4 %, synthetic: true}
        bastnaesite_Nd: {value: 1.5 %, synthetic: true}
        fluorite: {value: 14 %, synthetic: true}
      rest: quartz
  relative_sd: {value: 10 %, synthetic: true}
commodities:
  ore:
    owner: steel
    buy: {price: {value: 92 CNY/t, synthetic: true}, limit: {value: 260 kt/month, synthetic: true}}
    stock: {maximum: {value: 120 kt, synthetic: true}, opening: {value: 0 t, synthetic: true}, closing: opening, holding_cost: {value: 0.4 CNY/t/month, synthetic: true}}
  ground_ore: {owner: steel}
  iron_concentrate:
    owner: steel
    sell: {price: {value: 800 CNY/t, synthetic: true}, limit: {value: 200 kt/month, synthetic: true}}
  magnetic_tails: {owner: steel, dispose: {value: 3 CNY/t, synthetic: true}}
  rougher_tails: {owner: steel, dispose: {value: 3 CNY/t, synthetic: true}}
  scavenged: {owner: steel, dispose: {value: 3 CNY/t, synthetic: true}}
  re_concentrate:
    owner: steel
    basis: dry_mass
    sell: {price: {value: 20000 CNY/t, synthetic: true}, limit: {value: 60 kt/month, synthetic: true}}
utilities:
  power: {price: {value: 430 CNY/MWh, synthetic: true}, metered_by: power}
  collector: {price: {value: 9000 CNY/t, synthetic: true}, drawn: collector}
plan: {months: 2, starts: 2026-04}
"""


def written(folder: Path, *changes: tuple[str, str]) -> Path:
    """The document in a folder, with texts replaced that stand there once."""
    text = DOCUMENT
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
        text = text.replace(old, new)
    path = folder / "small_plant.yaml"
    path.write_text(text, encoding="utf-8")
    return path
