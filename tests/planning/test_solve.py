from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import OptimizeResult, linprog

from ferrolan.base.errors import Infeasible, NotConverged, ProblemError
from ferrolan.planning import (
    Commodity,
    CompiledProblem,
    Mode,
    PlanProblem,
    Quota,
    Solver,
    Unit,
    compile,
    plan,
    solve,
)
from ferrolan.planning.certificate import certify
from ferrolan.planning.clash import clash, clashing_limits
from ferrolan.planning.program import Builder, Limit, Program


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


def short_of_ore(ore_to_iron: PlanProblem, closing: float) -> PlanProblem:
    """Furnace for 100 t and ore for 110 t over two months; 0.6 t of iron from a tonne of ore."""
    ore = replace(ore_to_iron.commodities[0], buy_limit=55.0)
    iron = replace(ore_to_iron.commodities[1], stock_max=200.0, stock_closing_min=closing)
    return replace(ore_to_iron, commodities=(ore, iron))


def test_a_statement_that_alone_cures_nothing_says_what_else_forbids_the_plan(ore_to_iron: PlanProblem) -> None:
    """75 t of iron need 125 t of ore: neither the furnace nor the mine alone, only less iron, gives a plan."""
    with pytest.raises(Infeasible) as refused:
        plan(short_of_ore(ore_to_iron, 75.0))
    text = str(refused.value)
    assert "without any one of them there is a plan" not in text and "Give way in one of them" not in text
    assert "no plan meets these 2 statements together, and other limits stand in the way besides:" in text
    assert "- closing stock of iron (steel): at least 75 t at the end of 2026-05; 60 t would do, 15 t less" in text
    assert (
        "- capacity of furnace (steel): at most 100 t in 2026-04..2026-05; no change of it alone is enough: without it "
        "buy ore (steel): at most 110 t in 2026-04..2026-05 still forbids a plan"
    ) in text


def test_where_no_statement_alone_cures_the_plan_it_says_that_several_must_give_way() -> None:
    """Two slags, each more than its market takes: whatever is done about one, the other stays."""
    slags = tuple(Commodity(name, "a", sell_price=1.0, sell_limit=4.0, supply=(5.0,)) for name in ("dust", "slag"))
    with pytest.raises(Infeasible) as refused:
        plan(PlanProblem(("2026-04",), slags, (), ()))
    text = str(refused.value)
    assert text.count("no change of it alone is enough: without it") == text.count("\n- ")
    assert "would do" not in text and "Give way" not in text


def test_what_is_owed_gives_way_to_nothing_and_no_further() -> None:
    """5 t are owed, 2 t must stay, none can be had: 5 t owed do not become 2 t that come."""
    store = Commodity("ore", "a", buy_price=1.0, buy_limit=0.0, stock_max=9.0, stock_closing_min=2.0, supply=(-5.0,))
    with pytest.raises(Infeasible) as refused:
        plan(PlanProblem(("2026-04",), (store,), (), ()))
    text = str(refused.value)
    assert "- buy ore (a): at most 0 t in 2026-04; 7 t would do, 7 t more" in text
    assert (
        "- supply of ore (a): 5 t are owed in 2026-04; no change of it alone is enough: without it closing stock of "
        "ore (a): at least 2 t at the end of 2026-04 still forbids a plan"
    ) in text


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_what_clashes_is_irreducible_and_the_message_is_true(data: st.DataObject) -> None:
    """Oracle: every claim of the message is one more solve with limits lifted."""
    number = st.integers(1, 40).map(float)
    problem = PlanProblem(
        months=("2026-04", "2026-05"),
        commodities=(
            Commodity("ore", "a", buy_price=1.0, buy_limit=data.draw(number)),
            Commodity("iron", "a", sell_price=9.0, sell_limit=9.0, stock_max=data.draw(number) + 60.0,
                      stock_closing_min=data.draw(number) + 20.0),
            Commodity("slag", "a", sell_price=0.0, sell_limit=data.draw(number), supply=(data.draw(number), 0.0)),
        ),
        modes=(Mode("run", "furnace", "a", "ore", {"ore": -1.0, "iron": 0.6, "slag": 0.2}),),
        units=(Unit("furnace", "a", (data.draw(number),) * 2),),
        quotas=(Quota("cap", "a", data.draw(number), "t", {("furnace", "run"): 0.6}, (0, 1)),),
    )  # fmt: skip
    compiled = compile(problem)
    if feasible(compiled.program):
        return
    found = clashing_limits(compiled, Solver().solve)
    alone = lifted(compiled.program, [one for one in compiled.limits if all(one is not kept for kept in found)])
    assert not feasible(alone)
    assert all(feasible(lifted(alone, [one])) for one in found)
    cured = [feasible(lifted(compiled.program, [one])) for one in found]
    text = clash(compiled, Solver().solve)
    assert text.count("would do, ") == sum(cured) and text.count("no change of it alone") == len(found) - sum(cured)
    assert ("without any one of them" in text) == (all(cured) and len(found) > 1)
    assert text.count("still forbids a plan") == len(found) - sum(cured)


def feasible(program: Program) -> bool:
    """Whether another solver finds a point."""
    return peer_status(program) == 0


def lifted(program: Program, limits: list[Limit]) -> Program:
    """The program without some of its limits; a stock ends at nothing or more."""
    for limit in limits:
        at = limit.shift.indices
        sides = ("row_lower", "row_upper") if limit.shift.side == "row" else (limit.shift.side,)
        for side in sides:
            vector = getattr(program, side).copy()
            vector[at] = {"row_lower": vector[at] - limit.bounds, "column_lower": 0.0}.get(side, np.inf)
            program = replace(program, **{side: vector})
    return program


def test_a_unit_shut_in_one_month_is_not_opened_by_a_per_cent_more(ore_to_iron: PlanProblem) -> None:
    """Iron is owed in the first month, in which the furnace stands: no share of nothing is enough."""
    shut = replace(ore_to_iron, units=(Unit("furnace", "steel", (0.0, 50.0)),)).with_supply("iron", (-6.0, 0.0))
    with pytest.raises(Infeasible) as refused:
        plan(shut)
    text = str(refused.value)
    assert "without any one of them there is a plan" in text and "Give way where a number would do" in text
    assert "- capacity of furnace (steel): at most 50 t in 2026-04..2026-05; no change of it by the same per" in text
    assert "- supply of iron (steel): 6 t are owed in 2026-04..2026-05; 0 t would do, 6 t less" in text


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
    return float(-through_scipy(program, program.gain).fun)


def peer_status(program: Program) -> int:
    """What scipy says of the program without money: 0 a point, 2 none."""
    status = int(through_scipy(program, np.zeros_like(program.gain)).status)
    assert status in (0, 2)
    return status


def through_scipy(program: Program, gain: np.ndarray) -> OptimizeResult:
    matrix = program.matrix()
    upper, lower = np.isfinite(program.row_upper), np.isfinite(program.row_lower)
    equal = program.row_lower == program.row_upper
    above, below = upper & ~equal, lower & ~equal
    return linprog(
        -gain,
        A_ub=sp.vstack([matrix[above], -matrix[below]]),
        b_ub=np.concatenate([program.row_upper[above], -program.row_lower[below]]),
        A_eq=matrix[equal],
        b_eq=program.row_upper[equal],
        bounds=np.column_stack([program.column_lower, program.column_upper]),
    )
