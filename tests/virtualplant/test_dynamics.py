from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from ferrolan.base.errors import ProblemError
from ferrolan.virtualplant import Truth, simulate
from ferrolan.virtualplant.material import REO

CLOSED = 1e-9  # relative: differences of doubles of like size, with room to spare


@pytest.fixture(scope="module", params=[0, 1, 20260301])
def month(request: pytest.FixtureRequest) -> Truth:
    return simulate(request.param)


def amounts(truth: Truth, stream: str, component: str) -> np.ndarray:
    material = truth.streams[stream]
    return material.rate if component == "dry_mass" else material.of(component)


def stored(truth: Truth, node: str, component: str) -> np.ndarray:
    stock = truth.stocks[node]
    return stock.mass if component == "dry_mass" else stock.content[component]


def balances(flowsheet):
    return [(node, component) for node, unit in flowsheet.units.items() for component in unit["balances"]]


def sums(month, flowsheet, node, component):
    inflow = sum(amounts(month, name, component) for name in flowsheet.inlets(node))
    outflow = sum(amounts(month, name, component) for name in flowsheet.outlets(node))
    return inflow, outflow


def test_every_declared_balance_closes_at_every_step(month, flowsheet):
    assert len(balances(flowsheet)) > 90
    for node, component in balances(flowsheet):
        inflow, outflow = sums(month, flowsheet, node, component)
        gained = np.diff(stored(month, node, component)) / month.step_hours if node in month.stocks else 0.0
        scale = max(inflow.max(), outflow.max())
        assert np.abs(inflow - outflow - gained).max() <= CLOSED * scale, (node, component)


def test_every_declared_balance_closes_over_every_period_with_its_stock(month, flowsheet):
    means = {(kind, name, component, p): v for kind, name, component, p, v, _ in month.period_means().rows()}

    def contained(stream: str, component: str, p: int) -> float:
        flow = means["flow", stream, None, p]
        if component == "dry_mass":
            return flow
        assay = means.get(("assay", stream, component, p), 0.0)
        return flow * assay / (1000.0 if flowsheet.streams[stream]["form"] == "liquor" else 1.0)

    def held(node: str, component: str, p: int) -> float:
        mass = means["stock", node, None, p]
        return mass if component == "dry_mass" else mass * means["stock_assay", node, component, p]

    for node, component in balances(flowsheet):
        for period in month.periods:
            p = period.number
            inflow = period.hours * sum(contained(s, component, p) for s in flowsheet.inlets(node))
            outflow = period.hours * sum(contained(s, component, p) for s in flowsheet.outlets(node))
            gain = held(node, component, p + 1) - held(node, component, p) if node in month.stocks else 0.0
            assert inflow - outflow - gain == pytest.approx(0.0, abs=CLOSED * max(inflow, outflow)), (node, component)


def test_the_splitter_gives_both_outlets_the_composition_of_its_inlet(month):
    feed = month.streams["magnetic_tails"]
    for outlet in ("flotation_feed", "tails_to_pond"):
        material = month.streams[outlet]
        for name, mass in material.content.items():
            np.testing.assert_allclose(mass * feed.rate, feed.content[name] * material.rate, rtol=CLOSED, atol=1e-12)


def test_streams_and_what_they_carry_are_those_of_the_document(month, flowsheet):
    assert set(month.streams) == set(flowsheet.streams)
    for name, material in month.streams.items():
        assert set(material.content) == set(flowsheet.carried(name)), name
    assert set(month.stocks) == {name for name, unit in flowsheet.units.items() if "stocks" in unit}


def test_nothing_is_negative_and_no_solid_holds_more_than_itself(month, flowsheet):
    for name, material in month.streams.items():
        total = sum(material.content.values())
        assert material.rate.min() >= 0.0, name
        assert min(mass.min() for mass in material.content.values()) >= 0.0, name
        if flowsheet.streams[name]["form"] != "liquor":
            assert (total <= material.rate).all(), name


def test_every_component_is_found_where_the_document_says_it_is_carried(month):
    for name, material in month.streams.items():
        assert all(mass.sum() > 0.0 for mass in material.content.values()), name


def test_stocks_vary_and_stay_below_their_declared_maximum(month, flowsheet):
    for name, stock in month.stocks.items():
        maximum = flowsheet.commodities[flowsheet.units[name]["stocks"]]["stock"]["maximum"]["value"]
        assert stock.mass.max() < 1000.0 * float(maximum.removesuffix(" kt"))
        assert np.ptp(stock.mass) > 0.005 * stock.mass.mean()


TARGETS = {  # t/h dry, m3/h
    "ore_mined": 295.0, "mill_feed": 295.0, "iron_concentrate": 113.0, "flotation_feed": 46.0, "re_concentrate": 4.75,
    "concentrate_feed": 4.7, "pellets": 114.0, "purchased_ore": 148.0, "coke": 86.0, "hot_metal": 170.0,
    "liquid_steel": 184.5, "leach_liquor": 50.0,
}  # fmt: skip


@pytest.mark.parametrize("stream", TARGETS)
def test_monthly_means_are_those_of_the_plant_meant(month, stream):
    assert month.streams[stream].rate.mean() == pytest.approx(TARGETS[stream], rel=0.03)


GRADES = {  # mass fraction, t/m3
    ("mill_feed", "Fe"): 0.33, ("mill_feed", "P"): 0.008, ("mill_feed", "REO"): 0.056, ("iron_concentrate", "Fe"): 0.62,
    ("iron_concentrate", "P"): 0.0015, ("iron_concentrate", "REO"): 0.012, ("re_concentrate", "REO"): 0.51,
    ("pellets", "Fe"): 0.615, ("purchased_ore", "Fe"): 0.62, ("hot_metal", "Fe"): 0.946, ("leach_liquor", "REO"): 0.045,
}  # fmt: skip


@pytest.mark.parametrize(("stream", "component"), GRADES)
def test_monthly_grades_are_those_of_the_plant_meant(month, stream, component):
    material = month.streams[stream]
    mass = material.rare_earths() if component == "REO" else material.of(component)
    assert mass.sum() / material.rate.sum() == pytest.approx(GRADES[stream, component], rel=0.04)


def test_rare_earths_of_the_burden_leave_with_the_slag_and_phosphorus_with_the_metal(month):
    slag, metal = month.streams["bf_slag"], month.streams["hot_metal"]
    pellets, burden = month.streams["pellets"], ("pellets", "purchased_ore", "coke")
    assert slag.rare_earths().sum() > 0.98 * pellets.rare_earths().sum()
    assert metal.of("P").sum() > 0.9 * sum(month.streams[name].of("P").sum() for name in burden)
    assert month.streams["bof_slag"].of("P").sum() > 0.85 * metal.of("P").sum()


@pytest.mark.parametrize("seed", range(6))
def test_recovery_from_concentrate_to_oxides_is_just_above_the_ratio_of_the_quotas(seed):
    truth = simulate(seed)
    oxides = sum(truth.streams[f"{product}_oxide"].rare_earths().sum() for product in ("lace", "prnd", "segy"))
    recovery = oxides / truth.streams["concentrate_feed"].rare_earths().sum()
    assert 163_234 / 178_650 < recovery < 0.922


def test_oxides_are_pure_but_not_perfectly(month):
    for product, main in (("lace", ("La2O3", "CeO2")), ("prnd", ("Pr6O11", "Nd2O3")), ("segy", ("SEGY",))):
        oxide = month.streams[f"{product}_oxide"]
        share = sum(oxide.of(name).sum() for name in main) / oxide.rare_earths().sum()
        assert 0.96 < share < 1.0
        assert all(oxide.of(name).sum() > 0.0 for name in REO)


def test_units_stand_for_hours_and_not_for_days(month):
    for unit in ("mill", "flotation", "pellet_plant", "roast_leach"):
        standing = (1.0 - month.running(unit)).sum() * month.step_hours
        assert 1.0 < standing < 24.0, unit
    assert month.running("blast_furnace").min() == 1.0


def test_power_follows_throughput(month):
    for unit, drawn in month.power.items():
        through = month.streams[month.reference[unit]].rate
        assert np.corrcoef(drawn, through)[0, 1] > 0.5, unit
    assert month.power["mill"].mean() == pytest.approx(0.021 * 295.0, rel=0.06)


def test_the_same_seed_gives_the_same_month_and_another_seed_another(truth):
    again, other = simulate(truth.seed), simulate(truth.seed + 1)
    for name, material in truth.streams.items():
        np.testing.assert_array_equal(material.rate, again.streams[name].rate)
        assert not np.array_equal(material.rate, other.streams[name].rate)


def test_the_grid_is_the_local_month_in_quarters_of_an_hour(truth):
    assert truth.steps == 2976
    assert truth.start.isoformat() == "2026-02-28T16:00:00+00:00"
    assert truth.end.isoformat() == "2026-03-31T16:00:00+00:00"
    assert truth.times.diff().drop_nulls().n_unique() == 1
    assert [period.hours for period in truth.periods] == [168.0, 168.0, 168.0, 168.0, 72.0]


def test_a_month_in_which_clocks_change_is_refused():
    with pytest.raises(ProblemError, match="clocks change"):
        simulate(1, month="2026-03", zone="Europe/Berlin")


def test_frames_show_the_same_month(truth):
    feed = truth.flows.filter(pl.col("stream") == "flotation_feed")
    np.testing.assert_array_equal(feed["value"].to_numpy(), truth.streams["flotation_feed"].rate)
    assert truth.flows.height == len(truth.streams) * truth.steps
    grade = truth.assays.filter((pl.col("stream") == "flotation_feed") & (pl.col("component") == "Nd2O3"))
    assert grade["value"].null_count() == int((feed["value"] == 0.0).sum())
    assert grade["unit"].unique().to_list() == ["1"]
    liquor = truth.assays.filter((pl.col("stream") == "leach_liquor") & (pl.col("component") == "CeO2"))
    assert liquor["unit"].unique().to_list() == ["kg/m3"]
    assert liquor["value"].mean() == pytest.approx(22.5, rel=0.05)
    pile = truth.stock_levels.filter((pl.col("stock") == "ore_stockpile") & pl.col("component").is_null())
    assert pile.height == truth.steps + 1
    assert pile["time"].max() == truth.end
