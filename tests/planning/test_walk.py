from __future__ import annotations

from math import inf, isnan

import numpy as np
import pytest

from ferrolan.planning import Solver
from ferrolan.planning.program import Builder, Program, Shift
from ferrolan.planning.walk import SAME, Walk


def degenerate() -> Program:
    """Maximise x + y with x <= 1, y <= 1 as rows, and x + y <= 2."""
    build = Builder(("2026-04",))
    build.add_columns("make", [("x",), ("y",)], ["steel"] * 2, ["t"] * 2, gain=1.0)
    build.add_rows("limit", [("x",), ("y",), ("sum",)], ["steel"] * 3, ["t"] * 3, upper=[[1.0], [1.0], [2.0]])
    build.add_entries([0, 1, 2, 2], [0, 1, 0, 1], 1.0)
    return build.program()


def walk(program: Program, row: int) -> Walk:
    solver = Solver()
    shift = Shift("row_upper", np.array([row]), np.ones(1))
    return Walk(solver, program, shift, solver.solve(program))


@pytest.mark.parametrize("row", [0, 1, 2])
def test_degenerate_limit_is_worth_one_to_the_left_and_nothing_to_the_right(row: int) -> None:
    """A basis' own ranging gives dual 1 with an upward range of zero width on one of the rows."""
    along = walk(degenerate(), row)
    down, up = along.piece(-1.0, 1.0), along.piece(1.0, 10.0)
    assert [down.slope, up.slope] == pytest.approx([1.0, 0.0])
    assert (up.length, up.beyond) == (inf, None)
    assert (down.length, down.beyond) == (inf, None)


def test_pieces_of_a_staircase_are_found_with_their_ends_and_what_comes_beyond() -> None:
    """Prices 5, 3, 1 for 10, 20, 30 t; 15 t at hand: 3 each way, down 5 t to the price of 5, up 15 t to that of 1."""
    build = Builder(("2026-04",))
    build.add_columns("sell", [(name,) for name in "abc"], ["s"] * 3, ["t"] * 3, gain=[[5.0], [3.0], [1.0]],
                      upper=[[10.0], [20.0], [30.0]])  # fmt: skip
    build.add_rows("balance", [("oxide",)], ["s"], ["t"], lower=15.0, upper=15.0)
    build.add_entries([0, 0, 0], [0, 1, 2], 1.0)
    solver = Solver()
    program = build.program()
    along = Walk(solver, program, Shift("row", np.array([0]), np.ones(1)), solver.solve(program))
    down, up = along.piece(-1.0, 100.0), along.piece(1.0, 100.0)
    assert (down.slope, down.length, down.beyond) == pytest.approx((3.0, 5.0, 5.0))
    assert (up.slope, up.length, up.beyond) == pytest.approx((3.0, 15.0, 1.0))
    quick = along.piece(1.0, 100.0, ranges=False)
    assert quick.slope == pytest.approx(3.0) and isnan(quick.length) and quick.beyond is None


def test_steps_that_differ_by_less_than_one_per_cent_are_one_range() -> None:
    """15 t at hand, of prices 5, 4.99, 4.97, 4.9 for 20 t each: up to 60 t all is worth 5 within 1 %, then 4.9 is not.

    Down there is 5 alone; the joined value is that of the first unit, 5, not a mean.
    """
    build = Builder(("2026-04",))
    build.add_columns("sell", [(name,) for name in "abcd"], ["s"] * 4, ["t"] * 4,
                      gain=[[5.0], [4.99], [4.97], [4.9]], upper=20.0)  # fmt: skip
    build.add_rows("balance", [("oxide",)], ["s"], ["t"], lower=15.0, upper=15.0)
    build.add_entries([0, 0, 0, 0], [0, 1, 2, 3], 1.0)
    solver = Solver()
    program = build.program()
    along = Walk(solver, program, Shift("row", np.array([0]), np.ones(1)), solver.solve(program))
    down, up = along.piece(-1.0, 15.0), along.piece(1.0, 64.0)
    assert (up.slope, up.length, up.beyond) == pytest.approx((5.0, 45.0, 4.9))
    assert down.slope == pytest.approx(5.0) and (down.length, down.beyond) == (inf, None)
    near = along.piece(1.0, 40.0)
    assert near.slope == pytest.approx(5.0) and (near.length, near.beyond) == (inf, None)


@pytest.mark.parametrize("share", [0.5, 0.9, 1.1, 2.0])
def test_a_loss_is_joined_by_its_size_too(share: float) -> None:
    """Discarding costs 100 for 10 t and then more: one range where it is less than 1 % more."""
    dearer = 100.0 * (1.0 + share * SAME)
    build = Builder(("2026-04",))
    build.add_columns("dispose", [("a",), ("b",)], ["s"] * 2, ["t"] * 2, gain=[[-100.0], [-dearer]],
                      upper=[[10.0], [1000.0]])  # fmt: skip
    build.add_rows("balance", [("slag",)], ["s"], ["t"], lower=4.0, upper=4.0)
    build.add_entries([0, 0], [0, 1], 1.0)
    solver = Solver()
    program = build.program()
    up = Walk(solver, program, Shift("row", np.array([0]), np.ones(1)), solver.solve(program)).piece(1.0, 100.0)
    assert up.slope == pytest.approx(-100.0)
    assert up.length == (inf if share < 1 else pytest.approx(6.0))


def test_where_the_plan_breaks_the_value_beyond_is_infinite() -> None:
    build = Builder(("2026-04",))
    build.add_columns("sell", [("a",)], ["s"], ["t"], gain=2.0, upper=10.0)
    build.add_rows("balance", [("oxide",)], ["s"], ["t"], lower=4.0, upper=4.0)
    build.add_entries([0], [0], 1.0)
    solver = Solver()
    program = build.program()
    along = Walk(solver, program, Shift("row", np.array([0]), np.ones(1)), solver.solve(program))
    down, up = along.piece(-1.0, 100.0), along.piece(1.0, 100.0)
    assert [down.slope, down.length, down.beyond] == pytest.approx([2.0, 4.0, inf])
    assert [up.slope, up.length, up.beyond] == pytest.approx([2.0, 6.0, -inf])
    assert along.value(7.0) == -inf


def test_where_not_even_the_first_unit_can_be_planned_the_value_is_infinite() -> None:
    build = Builder(("2026-04",))
    build.add_columns("sell", [("a",)], ["s"], ["t"], gain=2.0, upper=10.0)
    build.add_rows("balance", [("oxide",)], ["s"], ["t"], lower=10.0, upper=10.0)
    build.add_entries([0], [0], 1.0)
    solver = Solver()
    program = build.program()
    along = Walk(solver, program, Shift("row", np.array([0]), np.ones(1)), solver.solve(program))
    assert along.piece(1.0, 5.0).slope == -inf and along.piece(1.0, 5.0).length == 0.0
    assert along.piece(-1.0, 5.0).slope == pytest.approx(2.0)
