"""Trains of closure B for tests: synthetic P507 trains in chloride, and the PrOMMiS case of any length."""

from __future__ import annotations

import csv
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from ferrolan.process.cascade.chemistry import FittedLaw, MassAction, SlopeLaw
from ferrolan.process.cascade.minimum import minimum_flows
from ferrolan.process.cascade.train import Feed, Solution, Stripping, Train

CASE = Path(__file__).parents[3] / "cases" / "process" / "prommis_dehpa_sulfate_3stage"
RARE_EARTHS = ("La", "Ce", "Pr", "Nd", "Sm", "Eu", "Gd", "Tb", "Dy", "Y")
# Tanaka et al. 2021 (Hydrometallurgy 201, 105588) as compiled in difflow 0.2.2: log10 D at 0.5 M dimer and pH 0, slope 3
LOG10_D = np.array([-4.0795, -3.7385, -3.4086, -3.0776, -2.3640, -1.9571, -1.5006, -0.9825, -0.3905, 0.1058])
LOG10_K = LOG10_D - 3.0 * np.log10(0.5)
FEED = np.array([0.25, 0.475, 0.055, 0.16, 0.017, 0.003, 0.012, 0.002, 0.008, 0.018])  # synthetic, light


def p507(
    cut: int = 3,
    extraction: int = 12,
    scrubbing: int = 8,
    stripping: int = 0,
    *,
    flow: float = 1.3,
    saponified: float = 0.36,
    constant: float = 0.0,
    **more: Any,  # Any: further fields of Train
) -> Train:
    """Elements after ``cut`` go with the organic, at ``flow`` times the least scrub; saponified 1 kmol/m3 organic."""
    heavy = len(RARE_EARTHS) - 1 - cut
    least = minimum_flows(10.0**LOG10_K, FEED, heavy)
    scrub = flow * least.scrub
    load = scrub + least.product
    organic = 3.0 * load / saponified
    strip = Solution(organic * 1.3 / 5.0, organic * 1.3) if stripping else None
    chemistry = MassAction(
        SlopeLaw(LOG10_K), organic, 1.0, scrub_volume=scrub, strip=strip, counter_ion_constant=constant
    )
    feed = Feed(extraction, FEED, solution=Solution(0.8, 0.008))
    section = Stripping(stripping) if stripping else None
    stages = extraction + scrubbing
    return Train(RARE_EARTHS, stages, (feed,), load, scrub, chemistry, stripping=section, **more)


@st.composite
def p507_trains(draw: st.DrawFn, perfect: bool = True) -> Train:
    """Trains of 3 to 40 stages, any cut, from 0.4 to 3 times the least scrub."""
    more: dict[str, Any] = {}  # Any: fields of Train
    if not perfect:
        more["efficiency"] = np.array([draw(st.floats(0.3, 1.0)) for _ in RARE_EARTHS])
        more["entrained_aqueous"] = draw(st.floats(0.0, 0.1))
        more["entrained_organic"] = draw(st.floats(0.0, 0.1))
    return p507(
        draw(st.integers(0, 8)),
        draw(st.integers(2, 20)),
        draw(st.integers(1, 20)),
        draw(st.sampled_from([0, 0, 4, 8])),
        flow=draw(st.floats(0.4, 3.0)),
        saponified=draw(st.floats(0.2, 0.7)),
        constant=draw(st.sampled_from([0.0, 1e-6, 1e-3])),
        **more,
    )


@cache
def about() -> dict[str, Any]:  # Any: a TOML document
    """The PrOMMiS case's declaration."""
    return tomllib.loads((CASE / "case.toml").read_text(encoding="utf-8"))


@cache
def rows(table: str) -> list[dict[str, str]]:
    """A table of the PrOMMiS case."""
    with (CASE / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def prommis(stages: int = 3) -> Train:
    """The PrOMMiS case with any number of stages; amounts in kmol/h."""
    told, components = about(), rows("components")
    column = lambda name: np.array([float(row[name] or "nan") for row in components])  # noqa: E731
    volume = told["flow_L_per_h"] / 1e3
    molar = column("molar_mass_kg_per_mol") * 1e6  # mg/L to kmol/m3
    liquor = column("aqueous_feed_mg_per_L") / molar * volume
    organic = column("organic_inlet_mg_per_L") / molar * volume
    acid = {
        name: told["acid"][f"{name}_mg_per_L"] / told["acid"][f"{name}_kg_per_mol"] / 1e6
        for name in ("H", "HSO4", "SO4")
    }
    sulfate = {"SO4": (acid["HSO4"] + acid["SO4"]) * volume}
    extractant = told["extractant"]
    mass = extractant["molar_mass_kg_per_mol"] * 1e6
    law = FittedLaw(
        column("m0"),
        column("m1"),
        column("B0"),
        column("B1"),
        100.0 * mass / extractant["density_mg_per_L"],
        column("D_constant"),
    )
    valence = column("valence")
    chemistry = MassAction(
        law,
        volume,
        extractant["free_at_inlet_mg_per_L"] / mass + valence @ organic / volume,
        valence=valence,
        medium="sulfate",
        second_dissociation=told["second_dissociation_mol_per_L"],
    )
    feed = Feed(stages, liquor, solution=Solution(volume, (acid["H"] + acid["HSO4"]) * volume, sulfate))
    recycled = Feed(1, organic, "organic", "recycled organic")
    return Train(tuple(row["component"] for row in components), stages, (feed, recycled), 0.0, 0.0, chemistry)
