"""The shipped plant as a metallurgical account: site, companies and units, products and losses, formulas, accuracy."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from ferrolan import verbs
from ferrolan.assembly.metal import MetalTables, formula_recoveries, metal, own_typical, scopes, spans_of
from ferrolan.base.tables import TABLES
from ferrolan.enterprise.exactness import Targets
from ferrolan.process.recovery import three_product_recovery, two_product_recovery
from ferrolan.reconciliation import MASS, Network, Node, Reading, Stream, reconcile
from ferrolan.reconciliation.metal import WIDTH_95, Scope, metal_account
from ferrolan.results import Account

TARGETS = Targets.model_validate({name: {"value": "1 %", "synthetic": True} for name in ("flows", "recoveries")})


@pytest.fixture(scope="module")
def account(document, raw) -> Account:
    return verbs.reconcile(document, raw)


@pytest.fixture(scope="module")
def found(document, account) -> MetalTables:
    asked = document.account.model_copy(update={"targets": TARGETS})
    return metal(document.model_copy(update={"account": asked}), account.reconciled)


def test_every_table_has_its_declared_schema(found):
    assert set(found.tables) == {
        "metal_primary", "metal_secondary", "recoveries", "accuracy", "influences", "meter_worth",
    }  # fmt: skip
    assert all(TABLES[name].check(frame).height > 0 for name, frame in found.tables.items())


def test_companies_hold_their_own_units_and_the_site_holds_all(document, account):
    named = {scope.name: scope.nodes for scope in scopes(document, account.reconciled)}
    assert "mill" in named["steel"] and "separation" in named["rare_earth"]
    assert named[document.name] == named["steel"] | named["rare_earth"]
    assert named["mill"] == {"mill"}


def test_what_the_companies_trade_is_a_product_of_one_and_a_receipt_of_the_other(found):
    whole = found.tables["metal_secondary"].filter(pl.col("span") == "account", pl.col("component") == "REO")
    steel, oxides = (whole.filter(pl.col("scope") == name).row(0, named=True) for name in ("steel", "rare_earth"))
    assert steel["products"] == pytest.approx(oxides["receipts"], rel=1e-9)
    assert oxides["losses"] > 0.0 and oxides["opening"] == 0.0


def test_a_commodity_is_a_product_and_what_carries_none_is_a_loss(found):
    row = found.tables["metal_primary"].filter(
        pl.col("scope") == "flotation", pl.col("component") == "dry_mass", pl.col("span") == "account"
    )
    flows = found.tables["metal_secondary"].filter(
        pl.col("scope") == "flotation", pl.col("component") == "dry_mass", pl.col("span") == "account"
    )
    assert row["losses"][0] > 5.0 * row["products"][0]
    assert flows["receipts"][0] == pytest.approx(flows["products"][0] + flows["losses"][0], rel=1e-9)


def test_the_planted_scale_shows_as_iron_and_oxides_nobody_can_account_for(found):
    """The virtual plant makes WT-214 read 4 % high."""
    row = found.tables["metal_primary"].filter(
        pl.col("scope") == "flotation", pl.col("component") == "dry_mass", pl.col("span") == "account"
    )
    assert row["exceeds"][0] is True
    assert row["unaccounted_share"][0] == pytest.approx(0.04, abs=row["unaccounted_u95"][0] / row["receipts"][0])
    mended = found.tables["meter_worth"].filter(
        pl.col("change") == "corrected", pl.col("scope") == "flotation", pl.col("figure") == "closure"
    )
    assert mended.filter(pl.col("figure_component") == "dry_mass")["moves"][0] == pytest.approx(-0.04, abs=0.01)


def test_accuracy_says_what_is_reached_against_what_was_asked(found):
    flows = found.tables["accuracy"].filter(pl.col("figure") == "flow")
    assert set(flows["target"]) == {0.01}
    scale, guess = (flows.filter(pl.col("object") == name).row(0, named=True) for name in ("rolled_steel", "bf_dust"))
    assert scale["met"] is True and scale["secondary"] <= scale["primary"] * (1.0 + 1e-4)
    assert guess["met"] is False and guess["primary"] is None and guess["readings"] == 0
    assert flows["redundancy"].min() >= 0.0 and flows["redundancy"].max() <= 1.0
    assert found.tables["accuracy"].filter(pl.col("figure") == "content")["target"].null_count() > 0


def test_streams_between_the_companies_are_on_a_boundary(found):
    flows = found.tables["accuracy"].filter(pl.col("figure") == "flow", pl.col("boundary"))
    assert {"concentrate_feed", "ore_mined", "rolled_steel"} <= set(flows["object"])
    assert "ground_ore" not in set(flows["object"])


LEAD_ZINC = {
    "feed": (0.050, 0.080),
    "lead": (0.700, 0.060),
    "zinc": (0.015, 0.550),
    "tails": (0.004, 0.006),
}


def assayed(names: tuple[str, ...]) -> Network:
    """A flotation of which contents are read over two periods; how much of the mill's flow it gets is not known."""
    around = (Stream("ground", None, "split"), Stream("bypass", "split", None), Stream("feed", "split", "flotation"))
    streams = (*around, *(Stream(name, "flotation", None) for name in names[1:]))
    read = tuple(
        Reading("assay", name, component, period, value, 0.01 * value, f"L-{name}-{component}")
        for name in names
        for component, value in zip(("Pb", "Zn"), LEAD_ZINC[name], strict=True)
        for period in (0, 1)
    )
    weighed = tuple(Reading("flow", "ground", None, period, 100.0, 1.0, "W-ground") for period in (0, 1))
    nodes = (Node("split", (MASS,), "splitter"), Node("flotation", (MASS, "Pb", "Zn")))
    return Network(streams, nodes, ("Pb", "Zn"), (100.0, 300.0), (*read, *weighed))


def formulas(names: tuple[str, ...], products: frozenset[str]) -> dict[tuple[str, str], dict[str, object]]:
    reconciled = reconcile(assayed(names))
    account = metal_account(reconciled, (Scope("unit", "flotation", frozenset({"flotation"})),), products=products)
    assert account.recoveries.filter(pl.col("method") == "secondary")["recovery"].null_count() > 0
    rows = formula_recoveries(account, reconciled, products)
    return {(str(row["component"]), str(row["product"])): row for row in rows}


def test_where_no_flow_is_read_assays_alone_give_the_recovery_and_it_says_so():
    row = formulas(("feed", "lead", "tails"), frozenset({"lead"}))["Pb", "lead"]
    spread = 0.01 * np.sqrt(0.25**2 + 0.75**2)  # of a mean over 100 and 300 h
    feed, lead, tails = (LEAD_ZINC[name][0] for name in ("feed", "lead", "tails"))
    expected = two_product_recovery(feed, lead, tails, sd=(spread * feed, spread * lead, spread * tails))
    assert row["recovery"] == pytest.approx(expected.recovery, rel=1e-9)
    assert row["u95"] == pytest.approx(WIDTH_95 * expected.recovery_sd, rel=1e-9)
    assert row["method"] == "two_product" and row["reconciled"] is False and "not reconciled" in str(row["reason"])


def test_two_concentrates_take_the_three_product_formula():
    found = formulas(("feed", "lead", "zinc", "tails"), frozenset({"lead", "zinc"}))
    expected = three_product_recovery(*LEAD_ZINC.values())
    assert found["Pb", "lead"]["recovery"] == pytest.approx(expected.recoveries[0, 0], rel=1e-9)
    assert found["Zn", "zinc"]["recovery"] == pytest.approx(expected.recoveries[1, 1], rel=1e-9)
    assert {row["method"] for row in found.values()} == {"three_product"}
    assert all(0.0 < row["u95"] < 0.05 for row in found.values())


def test_days_are_gathered_into_weeks():
    spans = spans_of([24.0] * 17)
    assert [(s.first, s.last) for s in spans if s.kind == "week"] == [(0, 6), (7, 13), (14, 16)]
    assert sum(s.kind == "period" for s in spans) == 17


def test_a_meter_to_buy_is_as_sure_as_the_plants_own_of_its_kind(account):
    typical = own_typical(account.reconciled)
    sigmas = [r.sigma / r.value for r in account.reconciled.network.readings if r.kind == "flow"]
    assert typical["flow"] == pytest.approx(np.median(sigmas))
