"""Iron against rare earths over the simulated plant: levers do what physics says, and money is what prices say."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from ferrolan import verbs
from ferrolan.assembly.flowsheet import flowsheet_of
from ferrolan.base.errors import ProblemError
from ferrolan.enterprise.document import Enterprise
from ferrolan.process.flowsheet import solve
from ferrolan.process.material import Material
from ferrolan.studies.synergy import Lever, Products, Setting, earnings, grind, parameter, trade_off
from tests.assembly.simulated_plant import written

PRODUCTS = Products(iron=("iron_concentrate",), rare_earths=("re_concentrate",))


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Enterprise:
    return verbs.load(written(tmp_path_factory.mktemp("plant")))


def swept(document: Enterprise, lever: Lever) -> pl.DataFrame:
    return trade_off(document, [lever], PRODUCTS)


def test_a_finer_grind_brings_more_of_both_and_costs_power(document: Enterprise) -> None:
    lever = grind(flowsheet_of(document), "mill", ["magnets", "rougher", "scavenger"], [0.8, 1.2])
    table = swept(document, lever)
    assert table["setting"].to_list() == [0.8, 1.0, 1.2]
    assert table["declared"].to_list() == [False, True, False]
    assert table["iron"].is_sorted()
    assert table["power"].is_sorted()
    assert table["iron"][2] > table["iron"][0]
    assert table["rare_earths"].is_sorted() and table["rare_earths"][2] > table["rare_earths"][0]


def test_more_collector_brings_rare_earths_and_no_iron(document: Enterprise) -> None:
    table = swept(document, parameter(flowsheet_of(document), "rougher.collector", [0.001, 0.003], "t/t"))
    assert table["setting"].to_list() == [0.001, 0.002, 0.003]
    assert table["rare_earths"].is_sorted() and table["rare_earths"][2] > table["rare_earths"][0]
    assert table["iron"].n_unique() == 1


def test_rare_earths_follow_the_iron_when_more_ore_is_mined(document: Enterprise) -> None:
    table = swept(document, parameter(flowsheet_of(document), "ore.rate", [150.0, 600.0], "t/h"))
    ratio = table["rare_earths"] / table["iron"]
    assert ratio.to_list() == pytest.approx([ratio[0]] * 3, rel=1e-8)
    assert table["iron"].to_list() == pytest.approx([0.5 * table["iron"][1], table["iron"][1], 2.0 * table["iron"][1]])


def test_tails_that_are_floated_bring_rare_earths_alone(document: Enterprise) -> None:
    lever = parameter(flowsheet_of(document), "tails_splitter.shares.to_flotation", [0.0, 1.0], "1")
    table = swept(document, lever)
    assert table["rare_earths"].to_list() == pytest.approx(
        [0.0, table["rare_earths"][1], table["rare_earths"][1] / 0.7]
    )
    assert table["iron"].n_unique() == 1
    assert table["money"].is_sorted()


def test_money_is_every_price_times_its_flow(document: Enterprise) -> None:
    found = solve(flowsheet_of(document))
    money, unpriced = earnings(document, found)
    streams = found.streams
    sales = 800.0 * streams["iron_concentrate"].mass + 20000.0 * streams["re_concentrate"].mass
    bought = 92.0 * 300.0 + 430.0 * found.power + 9000.0 * found.drawn()["collector"].mass
    assert money == pytest.approx(sales - bought)
    assert set(unpriced) == {"tails", "to_pond"}, "waste that nobody counts is listed"


def test_power_that_is_sold_is_not_worth_what_power_costs(document: Enterprise) -> None:
    found = solve(flowsheet_of(document))
    turbine = replace(found.units["mill"], power=-3.0 * found.power)
    selling = replace(found, units={**found.units, "mill": turbine})
    assert selling.power < 0.0
    money, unpriced = earnings(document, selling)
    bought, _rest = earnings(document, found)
    assert bought is not None and money == pytest.approx(bought + 430.0 * found.power)
    assert "power sold" in unpriced


def test_a_reagent_without_a_price_is_listed_and_air_is_free(document: Enterprise) -> None:
    found = solve(flowsheet_of(document))
    drawn = {"air": Material.of({"N2": 1.0}, "gas"), "lime": Material.of({"lime": 1.0})}
    breathing = replace(found, units={**found.units, "mill": replace(found.units["mill"], drawn=drawn)})
    money, unpriced = earnings(document, breathing)
    assert money == pytest.approx(earnings(document, found)[0])
    assert "lime" in unpriced and "air" not in unpriced


def test_a_setting_without_an_answer_says_why_and_the_others_stand(document: Enterprise) -> None:
    broken = Lever("share", "1", (Setting(0.5, {"tails_splitter.shares.to_flotation": 0.5}),
                                  Setting(1.5, {"tails_splitter.shares.to_flotation": 1.5})), 0.7)  # fmt: skip
    table = swept(document, broken)
    assert table["fault"][0] is None
    assert "tails_splitter" in table["fault"][1]
    known = ("lever", "setting", "setting_unit", "declared", "fault")
    assert {name: table[name][1] for name in table.columns if name not in known} == dict.fromkeys(
        ("iron", "rare_earths", "power", "money", "unpriced", "broken")
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda sheet: grind(sheet, "magnets", ["rougher"], [1.1]), "magnets: a magnetic separation grinds nothing"),
        (lambda sheet: grind(sheet, "mill", ["heap"], [1.1]), "heap: no grind.size"),
        (lambda sheet: parameter(sheet, "rougher.colector", [0.1], "t/t"), "rougher: no parameter 'colector'"),
        (lambda sheet: parameter(sheet, "ore.weight", [0.1], "t/h"), "ore: no 'weight' of a stream"),
    ],
)
def test_a_lever_that_is_none_is_refused(document: Enterprise, make: object, message: str) -> None:
    with pytest.raises(ProblemError, match=message):
        make(flowsheet_of(document))  # type: ignore[operator]


def test_a_product_that_is_no_stream_is_refused(document: Enterprise) -> None:
    with pytest.raises(ProblemError, match="no stream 'rails' is simulated"):
        trade_off(document, [], Products(("rails",), ()))
