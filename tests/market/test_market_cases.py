"""The published and closed-form cases of the market."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from ferrolan.market import Clearing, clear


def _market_column(clearing: Clearing, column: str) -> dict[tuple[str, str], float]:
    return {(row["region"], row["commodity"]): row[column] for row in clearing.market.iter_rows(named=True)}


def _found(clearing: Clearing, quantity: str, key: str) -> float:
    parts = tuple(key.split("/"))
    surplus = {(row["region"], row["party"]): row["surplus"] for row in clearing.parties.iter_rows(named=True)}
    known: dict[str, Mapping[object, float]] = {
        "prices": dict(clearing.prices),
        "flows": dict(clearing.flows),
        "outputs": {(name,): tonnes for name, tonnes in clearing.outputs.items()},
        "disposed": dict(clearing.disposed),
        "capacity_rents": {(name,): rent for name, rent in clearing.capacity_rents.items()},
        "gate_values": dict(clearing.gate_values),
        "rents": {(name,): rent for name, rent in clearing.rents.items()},
        "surplus": dict(surplus),
        "consumption": dict(_market_column(clearing, "consumption")),
    }
    return known[quantity][parts]


@pytest.mark.parametrize(
    "name",
    [
        "two_region_spe_free_trade",
        "two_region_spe_export_quota_5",
        "two_region_spe_export_ban",
        "two_region_spe_import_tariff_8",
        "two_region_spe_export_vat_rebate_6",
        "optimal_export_tax_linear",
        "two_period_cournot_exhaustible",
        "joint_product_ce_glut",
        "joint_product_ce_binding",
        "conduct_theta_0",
        "conduct_theta_0p25",
        "conduct_theta_1",
        "gabriel2013_price_takers",
        "gabriel2013_cournot",
        "gabriel2013_mixed_firm1_cournot",
    ],
)
def test_published_case_is_met(name: str, case: Callable[[str], Any]) -> None:  # Any: Case of conftest.py
    told = case(name)
    clearing = clear(told.problem)
    solution = told.solution
    close = {"rel": told.tolerance, "abs": told.tolerance}
    if "welfare" in solution:
        assert clearing.welfare == pytest.approx(solution.pop("welfare"), **close)
    for quantity, values in solution.items():
        for key, value in values.items():
            assert _found(clearing, quantity, key) == pytest.approx(value, **close), (quantity, key)
