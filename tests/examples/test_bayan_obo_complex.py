"""The Bayan Obo complex: both chains in full, near the public annual figures, and its own virtual plant."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ferrolan import verbs
from ferrolan.assembly.intensities import fences
from ferrolan.facts import sources
from ferrolan.process.steel_account import steel_account
from ferrolan.trials import Grind, trade_off
from ferrolan.virtualplant import simulate

from .works import document_is_sourced, path

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "bayan-obo-complex.md"
CASE = tomllib.loads(
    (Path(__file__).parents[2] / "cases" / "process" / "india_blast_furnaces" / "case.toml").read_text(encoding="utf-8")
)
HOURS = 8760.0
CLOSED = 1e-9  # relative: differences of doubles of like size, with room to spare
SOLD = ("la", "ce", "lace", "prnd", "pr", "nd", "sm", "eu", "gd", "tb", "dy")


@pytest.fixture(scope="module")
def complex_():
    return verbs.load(path("bayan_obo_complex"))


@pytest.fixture(scope="module")
def simulated(complex_):
    return verbs.simulate(complex_)


@pytest.fixture(scope="module")
def found(simulated):
    return simulated.solution


@pytest.fixture(scope="module")
def month(complex_):
    return simulate(complex_.virtual_plant.seed, plant=complex_.virtual_plant.plant)


def accounted(document):
    """Streams an account knows: all but gas."""
    return {name: stream for name, stream in document.streams.items() if stream.form != "gas"}


def rows() -> dict[str, tuple[float, float, float]]:
    """Simulated, public and bound of every row of the page's first table."""
    result = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 5 and re.fullmatch(r"\d+ %", cells[3]):
            simulated, public, bound = (float(cell.removesuffix(" %")) for cell in cells[1:4])
            result[cells[0].split(",")[0]] = simulated, public, bound / 100.0
    return result


def a_tonne() -> dict[tuple[str, str, str], float]:
    """Rows of the page's table a tonne of product, by product, figure and unit."""
    result = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and cells[0] in ("crude steel", "REO"):
            result[f"t {cells[0]}", cells[1], cells[2]] = float(cells[3])
    return result


def told_a_tonne(simulated) -> dict[tuple[str, str, str], float]:
    rows = simulated.tables["simulated_intensities"].iter_rows(named=True)
    return {(row["per"], row["figure"], row["unit"]): row["value"] for row in rows}


def annual(found) -> dict[str, float]:
    """The figures of the page from the steady state, in the page's units."""
    streams = found.streams
    crude = streams["blooms"].mass + streams["slabs"].mass
    fed = streams["concentrate_feed"].component("REO")
    return {
        "hot metal": sum(streams[f"hot_metal_{k}"].mass for k in (1, 2, 3)) * HOURS / 1e6,
        "crude steel": crude * HOURS / 1e6,
        "rails": streams["rails"].mass * HOURS / 1e6,
        "rare-earth concentrate at 50 % REO": streams["re_concentrate"].component("REO") / 0.5 * HOURS / 1e3,
        "smelting recovery of REO": 100.0 * streams["chloride_liquor"].component("REO") / fed,
        "magnet alloy": streams["alloy"].mass * HOURS / 1e3,
        "polishing powder": streams["powder"].mass * HOURS / 1e3,
    }


def test_both_chains_are_there_in_full(complex_):
    assert len(complex_.units) >= 35
    assert len(complex_.streams) >= 90
    kinds = {unit.kind for unit in complex_.units.values()}
    assert kinds >= {
        "mill", "magnetic_separation", "flotation", "coke_oven", "sinter_plant", "pellet_plant", "blast_furnace", "bof",
        "ladle_furnace", "caster", "rolling_mill", "gas_network", "power_plant", "acid_roast", "water_leach",
        "neutralisation", "precipitation", "dissolution", "sx_cascade", "calcination", "molten_salt", "strip_casting",
        "polishing_powder",
    }  # fmt: skip


def test_every_value_says_where_it_comes_from(complex_):
    assert document_is_sourced(complex_, frozenset(sources()))


def test_no_mode_declares_a_yield(complex_):
    modes = [mode for unit in complex_.units.values() for mode in unit.modes.values()]
    assert len(modes) > 60
    assert all(mode.simulated and not mode.makes and not mode.uses for mode in modes)


def test_the_page_names_every_figure(found):
    assert set(rows()) == set(annual(found))


@pytest.mark.parametrize("figure", sorted(rows()))
def test_the_steady_state_reproduces_the_public_annual_figure_within_its_bound(found, figure):
    simulated, public, bound = rows()[figure]
    value = annual(found)[figure]
    assert value == pytest.approx(public, rel=bound)
    assert value == pytest.approx(simulated, rel=0.005), "the page says what was computed"


def test_coal_is_injected_and_coke_is_charged_as_works_report_it(found):
    for k in (1, 2, 3):
        states = {name: figure.value for name, figure in found.units[f"blast_furnace_{k}"].states.items()}
        assert 360.0 < states["coke rate"] < 450.0
        assert 120.0 < states["coal rate"] < 150.0
        assert 2300.0 < states["flame temperature"] < 2650.0
        assert states["coke bought"] == 0.0


def test_no_unit_is_beyond_a_limit_or_gains_heat(found):
    for unit in found.units.values():
        assert unit.feasible, unit.name
        assert unit.loss >= -CLOSED


def test_the_works_generate_most_of_the_power_they_draw_and_not_more(found):
    power = [unit.power for unit in found.units.values()]
    assert 0.5 < sum(-one for one in power if one < 0.0) / sum(one for one in power if one > 0.0) < 0.9


def test_reagents_are_drawn_pure(found):
    """Tonnes a tonne of REO, as 100 %: of the size that works report, recalled."""
    oxides = 182_300 / HOURS
    drawn = {
        name: sum(unit.drawn[name].mass for unit in found.units.values() if name in unit.drawn)
        for name in ("ammonia", "ammonium_bicarbonate", "hydrochloric_acid")
    }
    assert 0.5 < drawn["ammonia"] / oxides < 1.2
    assert 1.4 < drawn["ammonium_bicarbonate"] / oxides < 4.0
    assert 1.5 < drawn["hydrochloric_acid"] / oxides < 4.0


def test_the_page_says_what_a_tonne_of_steel_and_of_rare_earths_takes_and_lets_go(simulated):
    told = told_a_tonne(simulated)
    assert len(a_tonne()) == 14
    assert {row: told[row] for row in a_tonne()} == pytest.approx(a_tonne(), rel=0.005)


def test_direct_emission_is_the_carbon_that_enters_and_stays_in_no_product_and_below_what_works_report(simulated):
    """The range of works counts what is bought as well, so that only its upper end binds a direct emission."""
    (steel,) = (fence for fence in fences(simulated.document, simulated.solution) if fence.owner == "steel")
    account = steel_account(steel.units, steel.crude_steel, feeds=steel.feeds, leaving=steel.leaving, upstream={})
    assert abs(account.carbon_gap) < CLOSED
    direct = told_a_tonne(simulated)["t crude steel", "carbon dioxide, direct", "t"]
    assert direct == pytest.approx(account.direct) and 1.5 < direct < CASE["works"]["carbon_dioxide"][1]


def test_every_element_and_the_energy_close_over_the_whole_plant(simulated):
    closure = simulated.tables["simulated_closure"]
    assert len(closure) > 20
    assert (closure["missing"].abs() <= CLOSED * closure["entering"].abs()).all()


def test_the_drawing_of_the_virtual_plant_is_that_of_the_document(complex_, month):
    drawn = {name: (stream.from_, stream.to) for name, stream in accounted(complex_).items()}
    assert dict(month.drawing.lines) == drawn
    assert month.drawing.liquors == {name for name, s in accounted(complex_).items() if s.form == "liquor"}


def test_every_declared_balance_of_the_virtual_plant_closes_at_every_step(complex_, month):
    def amount(stream, component):
        if component != "dry_mass" and component not in (complex_.streams[stream].carries or ()):
            return 0.0
        material = month.streams[stream]
        return material.rate if component == "dry_mass" else material.of(component)

    count = 0
    for unit, declared in complex_.units.items():
        for component in declared.balances:
            inflow = sum(amount(name, component) for name in month.drawing.inlets(unit))
            outflow = sum(amount(name, component) for name in month.drawing.outlets(unit))
            stock = month.stocks.get(unit)
            held = 0.0 if stock is None else stock.mass if component == "dry_mass" else stock.content[component]
            gained = np.diff(held) / month.step_hours if stock is not None else 0.0
            assert np.abs(inflow - outflow - gained).max() <= CLOSED * np.max(inflow), (unit, component)
            count += 1
    assert count > 500


def test_nothing_in_the_virtual_plant_is_negative(month):
    for name, material in month.streams.items():
        assert min(series.min() for series in (material.rate, *material.content.values())) >= 0.0, name
    assert all(stock.mass.min() > 0.0 for stock in month.stocks.values())


def test_the_same_seed_gives_the_same_month(complex_, month):
    again = simulate(complex_.virtual_plant.seed, plant="bayan_obo_complex")
    for name, material in month.streams.items():
        np.testing.assert_array_equal(material.rate, again.streams[name].rate)


def test_the_virtual_plant_is_near_the_steady_state_and_not_equal_to_it(month, found):
    for stream in ("hot_metal_1", "rails", "re_concentrate", "prnd_metal"):
        ratio = month.streams[stream].rate.mean() / found.streams[stream].mass
        assert 0.8 < ratio < 1.2
        assert abs(ratio - 1.0) > 1e-4


def test_every_stream_that_is_weighed_or_metered_says_so_by_a_tag(complex_):
    metered = {tag.object for tag in complex_.tags if tag.kind == "flow"}
    assert len(metered) > 120
    assert metered <= set(accounted(complex_))


@pytest.mark.slow
def test_the_whole_journey_finds_two_of_three_planted_meters_and_uses_the_concentrate(complex_, tmp_path):
    run = verbs.run(path("bayan_obo_complex"), out=tmp_path)
    suspects = run.tables["suspects"]
    planted = {fault.tag: fault.bias.value for fault in complex_.virtual_plant.faults}
    hit = suspects.filter(pl.col("tag").is_in(list(planted)))
    assert set(hit["tag"]) == {"FI-104", "WT-135"}
    for row in hit.iter_rows(named=True):
        assert row["bias_low"] < planted[row["tag"]] < row["bias_high"]
    assert run.tables["certificates"]["passed"].all()
    ends = run.tables["view_rare_earths"]
    assert ends["share"].null_count() == 0, "where the rare earths went is shown"
    flows = run.tables["plan_flows"]
    assert flows.filter(pl.col("commodity") == "re_concentrate_delivered")["used"].sum() > 300_000
    assert flows.filter(pl.col("commodity") == "hot_strip")["sold"].sum() > 1e6
    gas = run.tables["plan_activities"].group_by("unit").agg(pl.col("throughput").sum())
    assert gas.filter(pl.col("unit") == "heat_plant")["throughput"].item() > 0.0


def test_a_finer_grind_of_the_oxidised_ore_brings_more_iron_and_more_rare_earths(complex_):
    grind = Grind("oxidised_mill", ("strong_magnetic",), (0.8, 1.25))
    found = trade_off(
        complex_, [grind], iron=["magnetite_concentrate", "rough_concentrate"], rare_earths=["re_concentrate"]
    )
    coarse, declared, fine = found.sort("setting").iter_rows(named=True)
    assert coarse["iron"] < declared["iron"] < fine["iron"]
    assert coarse["rare_earths"] < declared["rare_earths"] < fine["rare_earths"]
    assert declared["rare_earths"] - coarse["rare_earths"] > fine["rare_earths"] - declared["rare_earths"]
