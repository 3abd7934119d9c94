"""The whole steel chain with its recycles, against ranges that works report; carbon dioxide and energy a tonne of steel."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from ferrolan.base.errors import ProblemError
from ferrolan.process import rist
from ferrolan.process.steel_account import CO2_PER_CARBON, Factor, SteelAccount, steel_account
from tests.process.steel_chain import chain

CASE = tomllib.loads(
    (Path(__file__).parents[2] / "cases" / "process" / "india_blast_furnaces" / "case.toml").read_text(encoding="utf-8")
)
MADE_UP = {  # t of CO2 a tonne of what is bought, before the gate: synthetic, of the usual size
    "lime": Factor(1.0, "synthetic"),
    "oxygen": Factor(0.25, "synthetic"),
    "ferroalloy": Factor(3.0, "synthetic"),
    "magnesia": Factor(1.0, "synthetic"),
}


def account(upstream: dict[str, Factor] | None = None) -> SteelAccount:
    solved = chain()
    return steel_account(
        solved.units.values(),
        solved.streams["slab"].mass,
        feeds=solved.flowsheet.feeds,
        leaving=solved.products,
        upstream=upstream or {},
    )


def inside(found: float, told: float | list[float]) -> bool:
    """Whether a figure is in a range, or within the tolerance of a single figure."""
    if isinstance(told, list):
        return told[0] <= found <= told[1]
    return found == pytest.approx(told, rel=CASE["tolerance_rel"])


@pytest.mark.parametrize("figure", CASE["furnace"])
def test_the_blast_furnace_lies_in_the_ranges_quoted(figure: str) -> None:
    assert inside(chain().units["blast_furnace"].states[figure].value, CASE["furnace"][figure])


def test_the_works_lies_in_the_ranges_quoted() -> None:
    solved, told = chain(), CASE["works"]
    furnace, oven = solved.units["blast_furnace"].states, solved.units["coke_oven"].states
    found = {
        "sinter": solved.streams["sinter"].mass / solved.streams["hot_metal"].mass,
        "turbine": 0.028 * furnace["top gas"].value,  # kWh/Nm3 of the example
        "scrap": solved.units["bof"].states["scrap of the charge"].value,
        "coal": oven["coal"].value,
        "coke_oven_gas": oven["gas, calorific value"].value,
        "carbon_dioxide": account(MADE_UP).intensity,  # power that is sold counts nothing
    }
    assert set(found) == set(told)
    assert {name: inside(value, told[name]) for name, value in found.items()} == dict.fromkeys(told, True)


def test_the_line_of_the_furnace_keeps_left_of_w_and_m() -> None:
    diagram = rist.diagram(chain().units["blast_furnace"].states)
    assert diagram.distance_to_w > 0.0 and diagram.distance_to_m > 0.0
    assert 0.4 < chain().units["blast_furnace"].states["eta_CO"].value < 0.5


def test_what_the_ore_brings_is_followed_to_where_it_leaves() -> None:
    """Rare earths of the ore leave with furnace slag and dust; those of rare-earth steel come from the ladle."""
    solved = chain()
    brought = sum(feed.component("RE") for name, feed in solved.flowsheet.feeds.items() if name != "rare_earth")
    streams = solved.streams
    of_slag = streams["slag"].component("RE") + streams["sinter_dust"].component("RE")
    assert of_slag == pytest.approx(brought, rel=0.02)
    assert streams["rolled_steel"].component("RE") > 0.0
    assert streams["slag"].component("Th") > 0.9 * sum(f.component("Th") for f in solved.flowsheet.feeds.values())


def test_carbon_that_enters_leaves_as_gas_or_product() -> None:
    assert abs(account().carbon_gap) < 1e-9


def test_direct_emission_is_the_carbon_released() -> None:
    carbon = sum(one.component("C") for unit in chain().units.values() for one in unit.released.values())
    assert account().released == pytest.approx(CO2_PER_CARBON * carbon, rel=1e-12)
    assert 2.0 < account().direct < 2.3


def test_carbon_followed_gives_the_factors_that_are_declared_elsewhere() -> None:
    """IPCC 2006 through a note: 2.67 t of CO2 a tonne of coking coal, 3.04 a tonne of coke, 2.46 of coal injected."""
    solved = chain()
    coal = solved.units["blast_furnace"].drawn["pulverised_coal"]
    for material, factor in ((solved.streams["coal"], 2.67), (solved.streams["coke"], 3.04), (coal, 2.46)):
        assert CO2_PER_CARBON * material.grade("C") == pytest.approx(factor, rel=0.20)


def test_energy_a_tonne_is_of_the_size_of_an_integrated_works() -> None:
    """World average of the route some 20 to 24 GJ/t, recalled."""
    assert 19.0 < account().energy < 25.0


def test_what_has_no_factor_is_listed_and_not_guessed() -> None:
    found = account(MADE_UP)
    assert {"coal", "coke_breeze", "pulverised_coal", "power"} <= set(found.unknown)
    assert not set(found.unknown) & set(MADE_UP) and "air" not in found.unknown


def test_power_that_is_sold_spares_emission() -> None:
    credit = account({"power": Factor(0.5, "synthetic")})
    assert credit.power < 0.0 and credit.intensity < credit.direct


def test_an_account_of_no_steel_is_refused() -> None:
    with pytest.raises(ProblemError, match="no steel is made"):
        steel_account([], 0.0, feeds={}, leaving={}, upstream={})
