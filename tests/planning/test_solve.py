from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import linprog

from ferrolan.base.errors import Infeasible, NotConverged, ProblemError
from ferrolan.planning import Commodity, CompiledProblem, PlanProblem, Solver, compile, plan, solve
from ferrolan.planning.certificate import certify
from ferrolan.planning.program import Builder, Program


def variations(problem: PlanProblem, count: int) -> Iterator[CompiledProblem]:
    """Other prices, yields and supplies of the same plan (synthetic, seeded)."""
    draw = np.random.default_rng(7)
    for _ in range(count):
        prices = draw.uniform(0.3, 1.5, len(problem.commodities))
        commodities = tuple(
            replace(
                one,
                sell_price=None if one.sell_price is None else one.sell_price * factor,
                supply=tuple(amount * factor for amount in one.supply),
            )
            for one, factor in zip(problem.commodities, prices, strict=True)
        )
        mode = problem.modes[0]
        made = {
            name: value * (draw.uniform(0.8, 1.2) if value > 0 else 1.0) for name, value in mode.coefficients.items()
        }
        yield compile(replace(problem, commodities=commodities, modes=(replace(mode, coefficients=made),)))


def test_every_answer_is_certified_and_equals_another_door_to_the_same_program(two_companies: PlanProblem) -> None:
    program = compile(two_companies).program
    solution = solve(compile(two_companies))
    assert solution.certificate.passed and solution.certificate.worst < 1e-12
    assert solution.objective == pytest.approx(peer(program), rel=1e-9)


def test_warm_variations_equal_cold_ones_and_do_not_depend_on_their_order(two_companies: PlanProblem) -> None:
    cases = list(variations(two_companies, 20))
    forward, backward = Solver(), Solver()
    base = compile(two_companies)
    solve(base, solver=forward)
    solve(base, solver=backward)
    warm = [solve(one, solver=forward) for one in cases]
    turned = [solve(one, solver=backward) for one in reversed(cases)][::-1]
    assert {one.method for one in warm} == {"warm primal simplex"}
    for one, other, case in zip(warm, turned, cases, strict=True):
        assert one.objective == pytest.approx(solve(case).objective, rel=1e-12)
        assert one.x.tobytes() == other.x.tobytes() and one.row_duals.tobytes() == other.row_duals.tobytes()


def test_same_problem_gives_the_same_bits(two_companies: PlanProblem) -> None:
    first, second = (solve(compile(two_companies)) for _ in range(2))
    assert first.x.tobytes() == second.x.tobytes() and first.row_duals.tobytes() == second.row_duals.tobytes()


def test_where_only_bounds_differ_the_dual_simplex_goes_on(two_companies: PlanProblem) -> None:
    solver = Solver()
    solve(compile(two_companies), solver=solver)
    moved = compile(two_companies.with_supply("concentrate", (9.0, 5.0)))
    assert solve(moved, solver=solver).method == "warm dual simplex"


@pytest.mark.parametrize("rung", range(4))
def test_every_rung_of_the_ladder_gives_the_same_certified_gain(
    two_companies: PlanProblem, rung: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = solve(compile(two_companies)).objective
    module = sys.modules["ferrolan.planning.solve"]
    ladder = module._COLD
    monkeypatch.setattr(module, "_ladder", lambda _: ladder[rung : rung + 1])
    found = Solver().solve(compile(two_companies).program)
    assert found.method == ladder[rung][0] and found.objective == pytest.approx(expected, rel=1e-9)


def test_an_answer_that_fails_its_check_is_raised_with_the_last_iterate(
    two_companies: PlanProblem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ferrolan.planning.certificate.TOLERANCE", -1.0)
    with pytest.raises(NotConverged) as refused:
        Solver().solve(compile(two_companies).program)
    assert refused.value.last_iterate.size == compile(two_companies).program.gain.size
    assert refused.value.residual is not None and refused.value.residual < 1e-9


def test_certificate_refuses_a_wrong_answer(two_companies: PlanProblem) -> None:
    program = compile(two_companies).program
    right = solve(compile(two_companies))
    assert not certify(program, right.x * 1.001, right.row_duals)[0].passed
    assert not certify(program, right.x, right.row_duals * 1.001)[0].passed
    assert not certify(program, right.x * np.nan, right.row_duals)[0].passed


def test_infeasible_plan_names_what_clashes_and_what_would_cure_it(ore_to_iron: PlanProblem) -> None:
    iron = replace(ore_to_iron.commodities[1], stock_max=100.0, stock_closing_min=75.0)
    with pytest.raises(Infeasible) as refused:
        plan(replace(ore_to_iron, commodities=(ore_to_iron.commodities[0], iron)))
    text = str(refused.value)
    assert "no plan meets these 2 statements together" in text
    assert "- closing stock of iron (steel): at least 75 t at the end of 2026-05; 60 t would do, 15 t less" in text
    assert "- capacity of furnace (steel): at most 100 t in 2026-04..2026-05; 125 t would do, 25 t more" in text


def test_supply_that_cannot_be_placed_is_named() -> None:
    slag = Commodity("slag", "steel", sell_price=1.0, sell_limit=4.0, supply=(5.0,))
    with pytest.raises(
        Infeasible, match="supply of slag .steel.: 5 t come in 2026-04 and must find a place; 4 t would do, 1 t less"
    ):
        plan(PlanProblem(("2026-04",), (slag,), (), ()))


def test_gain_without_bound_names_the_column() -> None:
    build = Builder(("2026-04",))
    build.add_columns(
        "sell", [("dreams",), ("ore",)], ["steel"] * 2, ["t"] * 2, gain=[[1.0], [2.0]], upper=[[np.inf], [1.0]]
    )
    build.add_rows("balance", [("ore",)], ["steel"], ["t"], upper=5.0)
    build.add_entries([0], [1], [1.0])
    with pytest.raises(ProblemError, match=r"sell\(dreams; 0\) can grow for ever"):
        Solver().solve(build.program())


def peer(program: Program) -> float:
    """The same arrays through scipy, which minimises."""
    matrix = program.matrix()
    upper, lower = np.isfinite(program.row_upper), np.isfinite(program.row_lower)
    equal = program.row_lower == program.row_upper
    assert not (lower & ~equal).any()
    found = linprog(
        -program.gain,
        A_ub=matrix[upper & ~equal],
        b_ub=program.row_upper[upper & ~equal],
        A_eq=matrix[equal],
        b_eq=program.row_upper[equal],
        bounds=np.column_stack([program.column_lower, program.column_upper]),
    )
    return float(-found.fun)
