"""Influences and the worth of better meters: rank-one formulas against solving again, and what adds up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy import sparse

from ferrolan.reconciliation import Reconciled, reconcile
from ferrolan.reconciliation.influence import (
    Figure,
    Meter,
    Sensitivities,
    influences,
    key_figures,
    meter_worth,
    of_gradient,
    self_influences,
)
from ferrolan.reconciliation.metal import WIDTH_95, metal_account
from ferrolan.reconciliation.network import Correlation, Network, Reading, SharedError
from ferrolan.reconciliation.primary import Primary
from tests.reconciliation.metal_case import FLOTATION, PRODUCTS, SITE, linear, readings, works

SIGMAS = (1.0, 0.8, 0.7, 0.5, 0.4, 0.9)


def every_value(reconciled: Reconciled) -> Sensitivities:
    """All reconciled values as figures."""
    names = [Figure("value", str(n), None, None, float(v), "1") for n, v in enumerate(reconciled.values)]
    gradient = sparse.csr_matrix(sparse.eye_array(len(names)))
    return of_gradient(reconciled, Primary.of(reconciled.network, reconciled.solution), names, gradient)


def variances(network: Network) -> np.ndarray:
    found = reconcile(network)
    return np.diag(found.covariance_of(sparse.eye_array(len(found.values))))


def meter(sensitive: Sensitivities, tag: str) -> Meter:
    return next(one for one in sensitive.meters if one.tag == tag)


def test_the_influence_of_a_reading_is_how_far_it_moves_a_value() -> None:
    base = linear(SIGMAS)
    sensitive = every_value(reconcile(base))
    for number, reading in enumerate(base.readings):
        moved = replace(
            base, readings=tuple(replace(r, value=r.value + 1.0) if r is reading else r for r in base.readings)
        )
        change = reconcile(moved).values - reconcile(base).values
        assert sensitive.raw[:, number] == pytest.approx(change, abs=1e-9)


def test_influences_are_covariances_over_variances() -> None:
    base = reconcile(linear(SIGMAS))
    sensitive = every_value(base)
    covariance = base.covariance_of(sparse.eye_array(len(base.values)))
    assert sensitive.raw == pytest.approx(covariance / np.square(SIGMAS), abs=1e-12)


@pytest.mark.parametrize("factor", [0.5, 0.1, 2.0])
def test_a_better_meter_narrows_as_solving_again_does(factor: float) -> None:
    sensitive = every_value(reconcile(linear(SIGMAS)))
    for number in range(len(SIGMAS)):
        better = [sigma * (factor if n == number else 1.0) for n, sigma in enumerate(SIGMAS)]
        assert sensitive.improved(meter(sensitive, f"W{number}"), factor) == pytest.approx(
            variances(linear(better)), rel=1e-8
        )


def test_a_meter_that_is_bought_narrows_as_solving_again_does() -> None:
    without = (*SIGMAS[:2], np.nan, *SIGMAS[3:])
    sensitive = every_value(reconcile(linear(without)))
    found = sensitive.bought(np.array([2]), np.array([0.7]))
    assert found == pytest.approx(variances(linear(SIGMAS)), rel=1e-8)


def test_a_meter_read_in_several_periods_is_improved_in_all_of_them() -> None:
    """A bilinear network: the formula is that of the linearisation, so values are held while sigmas change."""
    base = reconcile(works(readings()))
    closed = [
        replace(r, value=float(base.values[base.index[r.kind, r.object, r.component, r.period]])) for r in readings()
    ]
    sensitive = every_value(reconcile(works(closed)))
    for tag in ("W-concentrate", "L-tails", "S-bin"):
        better = [replace(r, sigma=0.5 * r.sigma) if r.tag == tag else r for r in closed]
        assert sensitive.improved(meter(sensitive, tag)) == pytest.approx(variances(works(better)), rel=1e-6)


def test_two_meters_of_one_quantity_are_improved_apart() -> None:
    second = Reading("flow", "s1", None, 0, 60.5, 0.6, "W1b")
    base = linear(SIGMAS)
    sensitive = every_value(reconcile(replace(base, readings=(*base.readings, second))))
    better = replace(base, readings=(*base.readings, replace(second, sigma=0.3)))
    assert sensitive.improved(meter(sensitive, "W1b")) == pytest.approx(variances(better), rel=1e-8)


def test_correlated_meters_are_improved_with_their_correlation() -> None:
    base = replace(linear(SIGMAS), correlations=(Correlation("W0", "W3", 0.5),))
    sensitive = every_value(reconcile(base))
    better = replace(linear((0.5, *SIGMAS[1:])), correlations=base.correlations)
    assert sensitive.improved(meter(sensitive, "W0")) == pytest.approx(variances(better), rel=1e-8)
    assert sensitive.contributions.sum(axis=1) == pytest.approx(sensitive.variances, rel=1e-8)


def shared(sigma: float, *tags: str) -> Network:
    base = linear(SIGMAS)
    read = tuple(replace(r, shares=(("common", r.value),)) if r.tag in tags else r for r in base.readings)
    return replace(base, readings=read, shared=(SharedError("common", sigma),))


def test_an_error_that_meters_share_is_improved_by_itself() -> None:
    sensitive = every_value(reconcile(shared(0.02, "W0", "W1")))
    common = meter(sensitive, "common")
    assert common.shared and common.tag == "common"
    count = len(SIGMAS)
    assert sensitive.improved(common)[:count] == pytest.approx(variances(shared(0.01, "W0", "W1"))[:count], rel=1e-8)


def test_an_error_of_one_meter_alone_belongs_to_it() -> None:
    sensitive = every_value(reconcile(shared(0.02, "W0")))
    assert [one.tag for one in sensitive.meters] == [f"W{n}" for n in range(len(SIGMAS))]
    better = shared(0.01, "W0")
    better = replace(
        better, readings=tuple(replace(r, sigma=0.5 * r.sigma) if r.tag == "W0" else r for r in better.readings)
    )
    count = len(SIGMAS)
    assert sensitive.improved(meter(sensitive, "W0"))[:count] == pytest.approx(variances(better)[:count], rel=1e-8)


def test_a_bias_that_balances_must_find_widens_as_a_further_unknown_does() -> None:
    """One reading with a bias nobody knows is no reading."""
    sensitive = every_value(reconcile(linear(SIGMAS)))
    found = sensitive.unbiased(meter(sensitive, "W0"))
    assert found == pytest.approx(variances(linear((np.nan, *SIGMAS[1:]))), rel=1e-6)


def test_shares_of_all_meters_add_up_to_one() -> None:
    for network in (works(readings()), shared(0.02, "W0", "W1")):
        sensitive = every_value(reconcile(network))
        total = np.sum([sensitive.shares(one) for one in sensitive.meters], axis=0)
        assert total == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("network", [linear(SIGMAS), works(readings())], ids=["linear", "bilinear"])
def test_self_influences_add_up_to_what_is_measured_less_the_degrees_of_freedom(network: Network) -> None:
    found = reconcile(network)
    own = self_influences(found)
    assert own.sum() == pytest.approx(len(network.readings) - found.degrees_of_freedom, abs=1e-6)


@pytest.fixture(scope="module")
def figures() -> Sensitivities:
    found = reconcile(works(readings()))
    return key_figures(found, metal_account(found, (SITE, FLOTATION), products=PRODUCTS))


def test_a_closure_is_of_the_readings_and_narrows_without_the_balances(figures: Sensitivities) -> None:
    worth = meter_worth(figures).filter(pl.col("figure") == "closure", pl.col("scope") == "flotation")
    row = worth.filter(pl.col("tag") == "W-mill_feed", pl.col("figure_component") == "dry_mass").row(0, named=True)
    better = [replace(r, sigma=0.5 * r.sigma) if r.tag == "W-mill_feed" else r for r in readings()]
    found = reconcile(works(better))
    again = key_figures(found, metal_account(found, (SITE, FLOTATION), products=PRODUCTS))
    number = next(
        n
        for n, f in enumerate(again.figures)
        if (f.figure, f.scope, f.component) == ("closure", "flotation", "dry_mass")
    )
    assert row["u95_then"] == pytest.approx(WIDTH_95 * np.sqrt(again.variances[number]), rel=1e-9)
    assert row["u95_then"] < row["u95_now"]


def test_the_sureness_of_a_recovery_is_the_same_in_account_and_figures(figures: Sensitivities) -> None:
    found = metal_account(figures.reconciled, (SITE, FLOTATION), products=PRODUCTS)
    told = found.recoveries.filter(pl.col("span") == "account", pl.col("method") == "secondary")
    for figure, variance in zip(figures.figures, figures.variances, strict=True):
        if figure.figure == "recovery":
            row = told.filter(pl.col("scope") == figure.scope, pl.col("component") == figure.component).row(
                0, named=True
            )
            assert row["recovery"] == pytest.approx(figure.value, rel=1e-12)
            assert row["u95"] == pytest.approx(WIDTH_95 * np.sqrt(variance), rel=1e-6)


def test_influences_of_a_figure_are_told_the_largest_first(figures: Sensitivities) -> None:
    frame = influences(figures)
    for _, rows in frame.group_by("figure", "scope", "component", "product"):
        assert rows["share"].is_sorted(descending=True) and 0.5 < rows["share"].sum() < 1.0 + 1e-6


def test_a_suspect_is_mended_and_the_figure_moves_by_what_reading_again_says() -> None:
    false = [replace(r, value=1.08 * r.value) if r.tag == "W-concentrate" else r for r in readings()]
    found = reconcile(works(false))
    sensitive = key_figures(found, metal_account(found, (SITE,), products=PRODUCTS))
    row = (
        meter_worth(sensitive)
        .filter(pl.col("change") == "corrected", pl.col("tag") == "W-concentrate", pl.col("figure") == "recovery")
        .filter(pl.col("figure_component") == "dry_mass")
        .row(0, named=True)
    )
    bias = found.suspects.filter(pl.col("tag") == "W-concentrate")["bias"][0]
    mended = [replace(r, value=r.value * (1.0 - bias)) if r.tag == "W-concentrate" else r for r in false]
    again = reconcile(works(mended))
    value = metal_account(again, (SITE,), products=PRODUCTS).recoveries.filter(
        pl.col("component") == "dry_mass", pl.col("span") == "account", pl.col("method") == "secondary"
    )["recovery"][0]
    assert row["moves"] == pytest.approx(value - row["value"], rel=0.1)
    assert row["u95_now"] > row["u95_then"]


def test_a_meter_is_offered_where_nothing_is_read_and_only_of_named_kinds() -> None:
    found = reconcile(works(readings(without=("L-tails",))))
    sensitive = key_figures(found, metal_account(found, (SITE,), products=PRODUCTS))
    offered = meter_worth(sensitive, {"assay": 0.02}).filter(pl.col("change") == "bought")
    assert set(zip(offered["kind"], offered["object"], offered["component"], strict=True)) == {("assay", "tails", "Fe")}
    assert (offered["u95_then"] < offered["u95_now"]).all()
    assert meter_worth(sensitive, {}).filter(pl.col("change") == "bought").is_empty()
