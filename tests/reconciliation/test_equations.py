"""The equations: derivatives, scale, exact values, energy, relations; written once and laid out over the periods."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferrolan.reconciliation import (
    ENERGY,
    MASS,
    Known,
    Network,
    Node,
    Quantity,
    Reading,
    Relation,
    SharedError,
    Stream,
)
from ferrolan.reconciliation.equations import Equations, Key, Row, equations
from ferrolan.testing.plants import plant

FEW = settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

GAS = (-6.9, 0.0991, 1.1e-4)
RECOVERY = Relation(
    "recovery",
    (
        (1.0, (("quantity", "recovery", None), ("flow", "ore", None), ("assay", "ore", "Fe"))),
        (-1.0, (("flow", "product", None), ("assay", "product", "Fe"))),
    ),
)
EVERY = Network(
    streams=(
        Stream("ore", None, "split", enthalpy=GAS),
        Stream("a", "split", "kiln", enthalpy=GAS),
        Stream("b", "split", "heap", enthalpy=GAS),
        Stream("product", "kiln", None, enthalpy=GAS),
        Stream("shipped", "heap", None),
        Stream("fuel", None, "kiln", "heat"),
    ),
    nodes=(
        Node("split", (MASS, "Fe", ENERGY), "splitter"),
        Node("kiln", (MASS, "Fe", ENERGY)),
        Node("heap", (MASS, "Fe"), "stock"),
    ),
    components=("Fe",),
    hours=(24.0, 12.0),
    readings=(Reading("flow", "ore", None, 0, 100.0, 1.0, "W1", shares=(("belt", 1.0),)),),
    shared=(SharedError("belt", 1.0),),
    quantities=(Quantity("recovery", 0.0, 1.0), Quantity("cube"), Quantity("root", 0.0)),
    relations=(
        RECOVERY,
        Relation("cubed", ((1.0, (("quantity", "cube", None),)), (-2.0, (("quantity", "root", None),) * 3)), 0.5),
        Relation("squared", ((3.0, (("quantity", "root", None),) * 2), (1.0, (("stock", "heap", None),))), -1.0),
    ),
)


def somewhere(system: Equations, seed: int) -> np.ndarray:
    z = np.random.default_rng(seed).uniform(0.2, 1.0, len(system.keys))
    return np.where(system.of_kind("temperature"), 300.0 + 200.0 * z, z)


@FEW
@given(st.integers(0, 1000))
def test_jacobian_is_the_derivative_for_all_kinds(seed: int) -> None:
    system = equations(EVERY)
    assert {system.rows[place].kind for place in range(len(system.rows))} == {
        "balance",
        "composition",
        "enthalpy",
        "relation",
        "lifted",
    }
    z = somewhere(system, seed)
    jacobian = system.jacobian(z).toarray()
    for variable in range(len(z)):
        step = 1e-6 * max(abs(z[variable]), 1.0)
        up, down = z.copy(), z.copy()
        up[variable] += step
        down[variable] -= step
        slope = (system.residual(up) - system.residual(down)) / (2 * step)
        assert jacobian[:, variable] == pytest.approx(slope, rel=1e-6, abs=1e-6)


@FEW
@given(st.integers(0, 1000))
def test_curvature_is_the_derivative_of_the_slope_squares_included(seed: int) -> None:
    system = equations(EVERY)
    draw = np.random.default_rng(seed)
    z, multipliers, way = (
        somewhere(system, seed),
        draw.normal(size=len(system.rows)),
        draw.normal(size=len(system.keys)),
    )
    assert system.square.any()
    hessian = np.zeros((len(z), len(z)))
    np.add.at(hessian, (system.product_first, system.product_second), system.curvature(multipliers))
    apart = ~system.square
    np.add.at(
        hessian, (system.product_second[apart], system.product_first[apart]), system.curvature(multipliers)[apart]
    )
    change = (system.jacobian(z + way) - system.jacobian(z)).T @ multipliers
    assert hessian @ way == pytest.approx(change)


@FEW
@given(st.integers(0, 1000))
def test_scaled_equations_are_the_same_equations(seed: int) -> None:
    system = equations(EVERY)
    draw = np.random.default_rng(seed)
    z, variables, rows = (
        somewhere(system, seed),
        *(draw.uniform(0.1, 10.0, n) for n in (len(system.keys), len(system.rows))),
    )
    scaled = system.scaled(variables, rows)
    assert scaled.residual(z / variables) * rows == pytest.approx(system.residual(z))
    assert scaled.magnitude(z / variables) * rows == pytest.approx(system.magnitude(z))


def test_addresses_are_read_both_ways() -> None:
    system = equations(EVERY)
    keys = list(system.keys)
    assert [system.keys[place] for place in range(len(keys))] == keys
    assert [system.index[key] for key in keys] == list(range(len(keys)))
    assert list(system.index) == keys and len(system.index) == len(keys)
    assert system.keys[-1] == keys[-1] and system.keys[2:5] == tuple(keys[2:5])
    assert ("flow", "ore", None, 2) not in system.index and ("stock", "heap", None, 2) in system.index
    assert system.keys.period.tolist() == [key.period for key in keys]
    with pytest.raises(IndexError):
        system.keys[len(keys)]
    with pytest.raises(KeyError):
        system.index["flow", "ore", None, -1]


@FEW
@given(st.integers(0, 1000))
def test_a_true_plant_closes_its_equations(seed: int) -> None:
    made = plant(6, 13, 2, 3, np.random.default_rng(seed))
    system = equations(made.network)
    z = np.array([made.truth[tuple(key)] for key in system.keys])
    assert np.abs(system.residual(z)) == pytest.approx(0.0, abs=1e-9 * float(np.max(system.magnitude(z))))


def test_a_stock_chains_its_periods() -> None:
    system = equations(EVERY)
    row = [place for place, row in enumerate(system.rows) if row == Row("heap", MASS, 1)]
    jacobian = system.jacobian(somewhere(system, 1))[row].toarray().ravel()
    entries = {system.keys[place]: jacobian[place] for place in np.flatnonzero(jacobian)}
    assert entries == {
        Key("flow", "b", None, 1): 12.0,
        Key("flow", "shipped", None, 1): -12.0,
        Key("stock", "heap", None, 1): 1.0,
        Key("stock", "heap", None, 2): -1.0,
    }


def test_heat_enters_energy_balances_alone() -> None:
    system = equations(EVERY)
    fuel = system.index["flow", "fuel", None, 0]
    assert [system.rows[row] for row in np.flatnonzero(system.jacobian(somewhere(system, 2))[:, [fuel]].toarray())] == [
        Row("kiln", ENERGY, 0)
    ]
    assert system.lower[fuel] == -np.inf
    assert ("heat", None) in system.groups[1]


def test_enthalpies_and_products_are_completed_from_what_they_stand_for() -> None:
    system = equations(EVERY)
    z = system.completed(somewhere(system, 3))
    warm = z[system.index["temperature", "a", None, 1]]
    assert z[system.index["enthalpy", "a", None, 1]] == pytest.approx(GAS[0] + GAS[1] * warm + GAS[2] * warm**2)
    defined = system.rows_of("enthalpy") | system.rows_of("lifted")
    assert system.residual(z)[defined] == pytest.approx(0.0, abs=1e-12)
    root, cube = (z[system.index["quantity", name, None, 0]] for name in ("root", "cube"))
    cubed = system.residual(z)[[row == Row("cubed", "relation", 0, None, "relation") for row in system.rows]]
    assert cubed == pytest.approx(cube - 2.0 * root**3 + 0.5)


def test_equal_products_are_lifted_once() -> None:
    twice = replace(EVERY, relations=(RECOVERY, replace(RECOVERY, name="again")))
    assert (
        equations(twice).of_kind("lifted").sum()
        == equations(replace(EVERY, relations=(RECOVERY,))).of_kind("lifted").sum()
    )


def test_a_term_with_an_absent_component_is_zero() -> None:
    absent = replace(
        EVERY,
        absent=frozenset({("product", "Fe"), ("a", "Fe")}),
        relations=(RECOVERY,),
        nodes=(*EVERY.nodes[:1], Node("kiln", (MASS, ENERGY)), *EVERY.nodes[2:]),
    )
    system = equations(absent)
    row = system.rows_of("relation")
    assert np.count_nonzero(system.jacobian(somewhere(system, 4))[row].toarray()) == 2 * 2


def test_exact_values_are_bounds_that_meet() -> None:
    known = (Known("assay", "ore", "Fe", 0.31), Known("flow", "b", None, 0.0, 1), Known("stock", "heap", None, 5.0))
    system = equations(replace(EVERY, known=known))
    fixed = {system.keys[place]: system.lower[place] for place in np.flatnonzero(system.fixed)}
    assert fixed == {
        Key("assay", "ore", "Fe", 0): 0.31,
        Key("assay", "ore", "Fe", 1): 0.31,
        Key("flow", "b", None, 1): 0.0,
        **{Key("stock", "heap", None, period): 5.0 for period in range(3)},
    }


def test_contents_in_place_of_assays_are_the_same_equations() -> None:
    made = plant(6, 13, 2, 2, np.random.default_rng(5))
    system = equations(made.network)
    z = np.array([made.truth[tuple(key)] for key in system.keys])
    chosen = system.of_kind("assay") & ~np.isin(np.arange(len(z)), system.linear_variable)
    capped = chosen & (np.cumsum(chosen) <= 3)
    inner = system.with_contents(chosen, capped)
    contents = np.where(chosen, z * z[system.amounts], z)
    rest = z[system.amounts][capped] - contents[capped]
    residual = inner.residual(np.concatenate([contents, rest]))
    assert residual[: len(system.rows)] == pytest.approx(system.residual(z), abs=1e-9)
    assert residual[len(system.rows) :] == pytest.approx(0.0, abs=1e-12)
    assert [inner.keys[len(z) + place].kind for place in range(3)] == ["rest"] * 3
    assert inner.rows[len(system.rows)].kind == "cap"
