"""The metallurgical account: primary beside secondary, U never smeared, its interval, recoveries."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from ferrolan.reconciliation import reconcile
from ferrolan.reconciliation.metal import LINES, WIDTH_95, MetalAccount, Span, every_span, metal_account
from ferrolan.reconciliation.network import Correlation, Known, Network, Reading, SharedError
from ferrolan.reconciliation.primary import Primary
from tests.reconciliation.metal_case import FLOTATION, FLOWS, IRON, PRODUCTS, SITE, STOCK, STOCK_IRON, readings, works


def kept(network: Network) -> MetalAccount:
    return metal_account(reconcile(network), (SITE, FLOTATION), products=PRODUCTS)


@pytest.fixture(scope="module")
def account() -> MetalAccount:
    return kept(works(readings()))


def line(frame: pl.DataFrame, scope: str, component: str, span: str = "account", first: int = 0) -> dict[str, float]:
    picked = frame.filter(
        pl.col("scope") == scope, pl.col("component") == component, pl.col("span") == span, pl.col("first") == first
    )
    return picked.row(0, named=True)


def test_the_primary_account_is_what_a_hand_computes(account: MetalAccount) -> None:
    found = line(account.primary, "works", "Fe")

    def iron(name: str) -> float:
        return 100.0 * sum(flow * share for flow, share in zip(FLOWS[name], IRON[name], strict=True))

    opening, closing = STOCK[0] * STOCK_IRON[0], STOCK[2] * STOCK_IRON[2]
    expected = opening + iron("feed") - iron("concentrate") - iron("tails") - closing
    assert [found[name] for name in LINES] == pytest.approx(
        [opening, iron("feed"), iron("concentrate"), iron("tails"), closing], rel=1e-12
    )
    assert found["unaccounted"] == pytest.approx(expected, rel=1e-12)
    assert found["unaccounted_share"] == pytest.approx(expected / (opening + iron("feed")), rel=1e-12)


def test_the_interval_of_the_unaccounted_part_is_that_of_its_terms(account: MetalAccount) -> None:
    flows = sum(
        (100.0 * flow * share) ** 2 * (0.01**2 + 0.02**2)
        for name in ("feed", "concentrate", "tails")
        for flow, share in zip(FLOWS[name], IRON[name], strict=True)
    )
    stocks = sum((20.0 * STOCK_IRON[at]) ** 2 + (0.01 * STOCK_IRON[at] * STOCK[at]) ** 2 for at in (0, 2))
    assert line(account.primary, "works", "Fe")["unaccounted_u95"] == pytest.approx(
        WIDTH_95 * np.sqrt(flows + stocks), rel=1e-10
    )


def test_accounts_of_periods_add_up_to_the_account_of_all(account: MetalAccount) -> None:
    for frame in (account.primary, account.secondary):
        for component in ("dry_mass", "Fe"):
            whole = line(frame, "works", component)
            parts = [line(frame, "works", component, "period", first) for first in (0, 1)]
            for name in ("receipts", "products", "losses", "unaccounted"):
                assert whole[name] == pytest.approx(parts[0][name] + parts[1][name], rel=1e-9, abs=1e-6)
            assert whole["opening"] == parts[0]["opening"] and whole["closing"] == parts[1]["closing"]
            assert parts[0]["closing"] == parts[1]["opening"]


def test_stocks_between_cancel_in_the_interval_over_all_periods(account: MetalAccount) -> None:
    whole = line(account.primary, "works", "dry_mass")["unaccounted_u95"]
    parts = [line(account.primary, "works", "dry_mass", "period", first)["unaccounted_u95"] for first in (0, 1)]
    between = 2.0 * (WIDTH_95 * 20.0) ** 2
    assert whole**2 == pytest.approx(parts[0] ** 2 + parts[1] ** 2 - between, rel=1e-10)


def test_nothing_is_unaccounted_once_reconciled_and_each_line_says_how_sure_it_is(account: MetalAccount) -> None:
    assert account.secondary["unaccounted"].to_list() == [0.0] * account.secondary.height
    assert account.secondary["unaccounted_u95"].to_list() == [0.0] * account.secondary.height
    first, second = (line(frame, "works", "Fe") for frame in (account.primary, account.secondary))
    assert all(0.0 < second[name + "_u95"] < first[name + "_u95"] for name in LINES)


def test_what_chance_explains_does_not_exceed_and_a_large_gap_does() -> None:
    calm = line(kept(works(readings())).primary, "flotation", "dry_mass")
    false = [replace(r, value=1.1 * r.value) if r.tag == "W-mill_feed" else r for r in readings()]
    loud = line(kept(works(false)).primary, "flotation", "dry_mass")
    assert calm["exceeds"] is False
    assert loud["exceeds"] is True and loud["unaccounted"] > loud["unaccounted_u95"]


def test_what_was_not_read_is_null_with_its_reason_and_no_other_line_is() -> None:
    account = kept(works(readings(without=("L-tails",))))
    found = line(account.primary, "works", "Fe")
    assert found["losses"] is found["unaccounted"] is found["exceeds"] is None
    assert found["receipts"] is not None and found["products"] is not None
    assert "Fe in `tails`" in str(found["reason"])
    assert line(account.secondary, "works", "Fe")["losses"] > 0.0


def test_an_exact_value_has_no_interval_of_its_own() -> None:
    network = works(readings(without=("L-tails",)))
    network = replace(network, known=(Known("assay", "tails", "Fe", 0.17),))
    found = Primary.of(network)
    places = [n for n, key in enumerate(found.keys) if key[:3] == ("assay", "tails", "Fe")]
    assert found.values[places].tolist() == [0.17, 0.17]
    assert found.errors[places].nnz == 0


def test_two_meters_of_one_quantity_count_by_their_weights() -> None:
    double = [Reading("flow", "feed", None, p, FLOWS["feed"][p] + 3.0, 2.0, "W-second") for p in (0, 1)]
    found = Primary.of(works([*readings(), *double]))
    place = next(n for n, key in enumerate(found.keys) if key == ("flow", "feed", None, 0))
    weight = 1.0 / 1.0**2 / (1.0 / 1.0**2 + 1.0 / 2.0**2)
    assert found.values[place] == pytest.approx(weight * 100.0 + (1.0 - weight) * 103.0, rel=1e-12)
    variance = found.errors[[place]].multiply(found.errors[[place]]).sum()
    assert variance == pytest.approx(1.0 / (1.0 / 1.0**2 + 1.0 / 2.0**2), rel=1e-12)


def test_a_shared_error_moves_all_its_readings_together() -> None:
    shared = [SharedError("laboratory", 0.015)]
    read = [replace(r, shares=(("laboratory", r.value),)) if r.kind == "assay" else r for r in readings()]
    single, both = (
        (line(kept(works(readings())).primary, "flotation", "Fe") for _ in "ab"),
        kept(works(read, shared=shared)),
    )
    alone, together = next(single), line(both.primary, "flotation", "Fe")
    assert together["products_u95"] ** 2 == pytest.approx(
        alone["products_u95"] ** 2 + (WIDTH_95 * 0.015 * alone["products"]) ** 2, rel=1e-9
    )
    assert together["unaccounted_u95"] ** 2 == pytest.approx(
        alone["unaccounted_u95"] ** 2 + (WIDTH_95 * 0.015 * alone["unaccounted"]) ** 2, rel=1e-9
    )


def test_correlated_errors_of_two_meters_do_not_cancel_by_half() -> None:
    network = works(readings(), correlations=[Correlation("W-mill_feed", "W-tails", 0.6)])
    alone, found = (line(kept(n).primary, "flotation", "dry_mass") for n in (works(readings()), network))
    cross = 2.0 * 0.6 * sum((100.0 * 0.01) ** 2 * FLOWS["mill_feed"][p] * FLOWS["tails"][p] for p in (0, 1))
    assert found["unaccounted_u95"] ** 2 == pytest.approx(alone["unaccounted_u95"] ** 2 - WIDTH_95**2 * cross, rel=1e-9)


def test_a_recovery_is_the_product_over_what_was_worked_up(account: MetalAccount) -> None:
    rows = account.recoveries.filter(pl.col("scope") == "works", pl.col("component") == "Fe")
    row = rows.filter(pl.col("span") == "account", pl.col("method") == "primary").row(0, named=True)
    found = line(account.primary, "works", "Fe")
    worked = found["opening"] + found["receipts"] - found["closing"]
    assert row["recovery"] == pytest.approx(found["products"] / worked, rel=1e-12)
    assert set(rows["method"]) == {"primary", "secondary"} and rows["reconciled"].sum() == rows.height / 2


def test_groups_are_the_sums_of_their_components() -> None:
    read = readings()
    gold = [
        replace(r, component="Cu", value=0.1 * r.value, sigma=0.1 * r.sigma, tag=f"C{r.tag}")
        for r in read
        if r.component
    ]
    base = works(read)
    nodes = tuple(replace(node, balances=(*node.balances, "Cu")) for node in base.nodes)
    network = replace(base, nodes=nodes, components=("Fe", "Cu"), readings=(*read, *gold))
    found = metal_account(reconcile(network), (SITE,), groups={"metals": ("Fe", "Cu")}, products=PRODUCTS)
    for frame in (found.primary, found.secondary):
        iron, copper, metals = (line(frame, "works", name) for name in ("Fe", "Cu", "metals"))
        assert metals["products"] == pytest.approx(iron["products"] + copper["products"], rel=1e-12)


def test_a_unit_that_does_not_balance_a_component_counts_as_outside() -> None:
    base = works(readings())
    nodes = (base.nodes[0], replace(base.nodes[1], balances=("Fe",)))
    found = metal_account(reconcile(replace(base, nodes=nodes)), (SITE,), products=(*PRODUCTS, "mill_feed"))
    mass = line(found.primary, "works", "dry_mass")
    assert mass["products"] == pytest.approx(100.0 * sum(FLOWS["mill_feed"]), rel=1e-12)
    assert "`flotation` do not balance it" in str(mass["reason"])


def closed() -> list[Reading]:
    """Readings without error: those of a reconciled month."""
    truth = reconcile(works(readings()))
    index = truth.index
    return [replace(r, value=float(truth.values[index[r.kind, r.object, r.component, r.period]])) for r in readings()]


def test_the_interval_of_the_unaccounted_part_holds_what_drawn_months_show() -> None:
    """Monte Carlo over the readings alone, to four standard errors."""
    network, draws = works(closed()), 4000
    primary = Primary.of(network)
    drawn = np.random.default_rng(20260301).standard_normal((draws, len(primary.evidence.target)))
    account = kept(network)
    statement = next(
        s for s in account.statements if s.scope == SITE and s.component == "Fe" and s.span.kind == "account"
    )
    noisy = primary.values + drawn @ primary.errors.toarray().T
    lines = np.array([account.sums.values(x)[list(statement.lines)] for x in noisy])
    spread = np.std(lines @ np.array([1.0, 1.0, -1.0, -1.0, -1.0]), ddof=1)
    told = line(account.primary, "works", "Fe")["unaccounted_u95"] / WIDTH_95
    assert spread / told == pytest.approx(1.0, abs=4.0 / np.sqrt(2.0 * draws))


@pytest.mark.slow
def test_the_interval_of_a_reconciled_recovery_holds_what_drawn_months_show() -> None:
    """Monte Carlo through the engine, to four standard errors."""
    exact, generator, draws = closed(), np.random.default_rng(20260301), 200
    found = []
    for _ in range(draws):
        drawn = [replace(r, value=r.value + r.sigma * generator.standard_normal()) for r in exact]
        found.append(recovery_of(kept(works(drawn)))[0])
    told = recovery_of(kept(works(exact)))[1] / WIDTH_95
    assert np.std(found, ddof=1) / told == pytest.approx(1.0, abs=4.0 / np.sqrt(2.0 * draws))


def recovery_of(account: MetalAccount) -> tuple[float, float]:
    """Reconciled recovery of iron from the works over the whole account, and its half width."""
    rows = account.recoveries.filter(
        pl.col("scope") == "works",
        pl.col("component") == "Fe",
        pl.col("span") == "account",
        pl.col("method") == "secondary",
    )
    return rows["recovery"][0], rows["u95"][0]


def test_every_period_is_a_span_and_all_together_one() -> None:
    assert every_span(2) == (Span("account", 0, 1), Span("period", 0, 0), Span("period", 1, 1))
