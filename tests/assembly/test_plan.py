"""The plan's problem speaks CNY without VAT per tonne of a commodity, and takes capacities in the commodity they name."""

from __future__ import annotations

import shutil

import pytest

from ferrolan import verbs
from ferrolan.assembly.plan import Shift, net_price, per_month, plan_problem, raised_rooms
from ferrolan.base.errors import ProblemError
from ferrolan.base.schema import Table
from ferrolan.verbs import shipped


@pytest.fixture(scope="module")
def coefficients(document):
    found = {}
    for unit_name, unit in document.units.items():
        for mode_name, mode in unit.modes.items():
            found[unit_name, mode_name, mode.reference] = -1.0
            found |= {(unit_name, mode_name, name): value.value for name, value in mode.makes.items()}
            found |= {(unit_name, mode_name, name): -value.value for name, value in mode.uses.items()}
    return found


def test_a_price_with_vat_in_the_document_counts_without_it(document):
    price = document.commodities["prnd_oxide"].sell.price
    assert net_price(document, price) == pytest.approx(624_900 / 1.13)


def test_a_price_in_dollars_per_tonne_of_ore_counts_in_yuan_per_tonne_of_iron(document):
    price = document.commodities["iron_burden"].buy.price
    assert net_price(document, price) == pytest.approx((98.95 * 7.2878 + 70) / 0.62)


def test_a_yearly_rate_gives_a_twelfth_a_month():
    assert per_month(120_000 / 8760) == pytest.approx(10_000)


def test_a_capacity_counts_the_commodity_it_names(document, coefficients):
    problem = plan_problem(document, coefficients, {})
    (flotation,) = [unit for unit in problem.units if unit.name == "flotation"]
    concentrate = sum(flotation.capacity) * coefficients["flotation", "run", "re_concentrate"]
    assert concentrate == pytest.approx(45_000)


def test_a_quota_counts_contained_oxide_per_tonne_of_throughput(document, coefficients):
    problem = plan_problem(document, coefficients, {})
    mining = next(quota for quota in problem.quotas if quota.name == "mining")
    assert mining.limit == pytest.approx(17_865)
    assert mining.weights == {
        ("flotation", "run"): pytest.approx(0.5 * coefficients["flotation", "run", "re_concentrate"])
    }


def test_a_quota_counts_every_product_of_a_mode_that_makes_several(document, coefficients):
    counts = Table({"lace_liquor": 1.0, "prnd_liquor": 1.0, "segy_liquor": 1.0})
    quota = document.quotas["separation"].model_copy(update={"counts": counts})
    counted = document.model_copy(update={"quotas": Table({"separation": quota})})
    (separation,) = plan_problem(counted, coefficients, {}).quotas
    assert separation.weights == {("separation", "run"): pytest.approx(0.735 + 0.22 + 0.023)}


def test_a_shift_moves_only_what_it_names(document, coefficients):
    base = plan_problem(document, coefficients, {})
    shifted = plan_problem(document, coefficients, {}, Shift(quotas={"mining": 1.1}, prices={"prnd_oxide": 0.8}))
    assert shifted.units == base.units
    assert shifted.modes == base.modes
    changed = {a.name for a, b in zip(base.commodities, shifted.commodities, strict=True) if a != b}
    assert changed == {"prnd_oxide"}


def test_utilities_enter_the_cost_of_a_mode(document, coefficients):
    modes = {mode.unit: mode for mode in plan_problem(document, coefficients, {}).modes}
    declared = document.units["roast_leach"].modes["run"]
    power, acid = document.utilities["power"].price.value, document.utilities["acid"].price.value
    expected = declared.cost.value + declared.uses["power"].value * power + declared.uses["acid"].value * acid
    assert modes["roast_leach"].cost == pytest.approx(expected)
    assert "power" not in modes["roast_leach"].coefficients


@pytest.mark.parametrize(("value", "price"), [("0.075 MWh/t", "430 CNY/MWh"), ("0.27 GJ/t", "119.4444444444 CNY/GJ")])
def test_energy_costs_the_same_in_whatever_unit_it_is_written(tmp_path, value, price):
    folder = tmp_path / "plant"
    shutil.copytree(shipped("ore_to_both").parent, folder)
    path = folder / shipped("ore_to_both").name
    text = path.read_text(encoding="utf-8")
    text = text.replace("power: {value: 0.075 MWh/t,", f"power: {{value: {value},")
    path.write_text(text.replace("price: {value: 430 CNY/MWh,", f"price: {{value: {price},"), encoding="utf-8")
    document = verbs.load(path)
    (mill,) = document.units["rolling_mill"].modes.values()
    assert mill.uses["power"].value == pytest.approx(0.075)
    assert net_price(document, document.utilities["power"].price) == pytest.approx(430)


def test_a_capacity_counts_each_modes_own_amount(document, coefficients):
    flotation = document.units["flotation"]
    modes = Table({**flotation.modes, "coarse": flotation.modes["run"]})
    units = Table({**document.units, "flotation": flotation.model_copy(update={"modes": modes})})
    twice = {
        ("flotation", "coarse", commodity): value * (2 if commodity == "re_concentrate" else 1)
        for (unit, _, commodity), value in coefficients.items()
        if unit == "flotation"
    }
    problem = plan_problem(document.model_copy(update={"units": units}), coefficients | twice, {})
    load = {mode.name: mode.load for mode in problem.modes if mode.unit == "flotation"}
    assert load == {"run": 1.0, "coarse": pytest.approx(2.0)}


def test_a_capacity_of_what_a_mode_does_not_make_is_refused(document, coefficients):
    with pytest.raises(ProblemError, match="flotation: its capacity counts re_concentrate"):
        plan_problem(document, coefficients | {("flotation", "run", "re_concentrate"): 0.0}, {})


def test_a_stock_that_begins_above_its_maximum_gets_its_room_and_a_remark(document, coefficients):
    opening = {"ore": 130_000.0}
    (ore,) = [item for item in plan_problem(document, coefficients, opening).commodities if item.name == "ore"]
    assert ore.stock_max == 130_000
    (remark,) = raised_rooms(document, opening)
    assert remark.path == "commodities.ore.stock.maximum"
    assert "130000 t" in remark.found and "120000 t" in remark.expected
    assert raised_rooms(document, {"ore": 90_000.0}) == ()


def test_a_quota_counts_in_tonnes_of_the_group_its_commodities_hold_or_in_tonnes(document, coefficients):
    mining = document.quotas["mining"]
    steel = mining.model_copy(update={"counts": Table({"liquid_steel": 1.0})})
    both = document.model_copy(update={"quotas": Table({"mining": mining, "steel": steel})})
    assert [quota.unit for quota in plan_problem(both, coefficients, {}).quotas] == ["t REO", "t"]
