"""The optimal value along a shift, walked from breakpoint to breakpoint.

The gain of a plan is a concave, piecewise linear function of any bound. Every solve gives a point of it and, by its
duals, a line that is nowhere below it; where the lines of two points meet there is either a breakpoint or a point to
solve next (Newton's method on lines, finite). So the first piece to each side of today's plan is found exactly, also
where the plan is degenerate and a basis' own ranging has no width.

A contract for concentrate is worth 22 625 CNY/t, then 22 622, then 22 617, because months run into a limit one after
the other: for whoever buys it that is one price. So a piece goes on over steps that differ by less than ``SAME``.

M. J. Eisner, D. G. Severance, Mathematical techniques for efficient record segmentation in large shared databases,
Journal of the ACM 23 (1976), doi:10.1145/321978.321982.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, nan

import numpy as np

from ferrolan.base.errors import Infeasible
from ferrolan.planning.program import Program, Shift
from ferrolan.planning.solve import Solution, Solver
from ferrolan.planning.travel import travel

SAME = 0.01
"""Two steps are one price where they differ by less than this share of the first: no price, yield or cost of a plan is
known to one per cent, so a corner at which a value changes by less says nothing to whoever acts on it. A first step
worth nothing is joined with nothing: its end is where the first money moves."""

_LINE = 1e-10
"""Two points lie on a line if they differ by less than this share of the money that moves; the certificates allow
more, but the optimum of a basis is exact to about 1e-14, so this parts slopes and forgives summation."""

_HAIR = 1 - 1e-12
"""Where a plan ends, the last point is solved a hair before the end, so that the solver agrees that there is one."""

_FIRST = 1e-3
"""The first step of a walk, as a share of its reach; any step does, a short one meets fewer breakpoints."""


@dataclass(frozen=True)
class Piece:
    """The first piece to one side: its slope at today's plan, how far it holds, the slope beyond (CNY per unit).

    Walking up ``slope`` is the gain per unit more; walking down it is the loss per unit less. It is the slope of the
    first step; every step within ``length`` has it to within ``SAME`` of its size. ``length`` is infinite where no step
    farther off was met within the search. ``beyond`` is the slope of the first such step: None where there is none, and
    infinite in size where the plan breaks.
    """

    slope: float
    length: float
    beyond: float | None


@dataclass(frozen=True)
class _Point:
    at: float
    value: float
    slope: float

    def line(self, at: float) -> float:
        return self.value + self.slope * (at - self.at)


class Walk:
    """The value of a program along a shift, from a solved base."""

    def __init__(self, solver: Solver, program: Program, shift: Shift, base: Solution) -> None:
        self._solver = solver
        self._program = program
        self._shift = shift
        self._base = base
        self._tolerance = _LINE * max(1.0, float(np.abs(program.gain) @ np.abs(base.x)))

    def value(self, amount: float) -> float:
        """The optimal gain with the shift moved by ``amount`` [CNY]; minus infinity where there is no plan."""
        return self._solve(amount)[0]

    def piece(self, sign: float, reach: float, *, ranges: bool = True) -> Piece:
        """The first piece in the direction of ``sign``, searched as far as ``reach`` [unit].

        Without ``ranges`` only the slope is found; the length is then nan and ``beyond`` None.
        """
        self._sign, self._reach = sign, reach
        origin = _Point(0.0, self._base.objective, sign * self._slope(self._base))
        near, limit, ends = self._point(_FIRST * reach), reach, False
        if near.value == -inf:
            limit, ends = self._furthest(reach), True
            if limit <= 1e-9 * reach:
                return Piece(self._turned(sign, -inf), 0.0, None)
            near = self._point(min(limit * _HAIR, _FIRST * reach))
        slope = self._first(origin, near)
        if not ranges:
            return Piece(self._turned(sign, slope), nan, None)
        return self._ranged(_Point(0.0, origin.value, slope), limit, ends)

    def _ranged(self, line: _Point, limit: float, ends: bool) -> Piece:
        sign, far = self._sign, self._point(limit * _HAIR if ends else limit)
        if far.value == -inf:
            limit, ends = self._furthest(limit), True
            far = self._point(limit * _HAIR)
        length, beyond = self._end(line, far)
        if length is None:
            length, beyond = (limit, -inf) if ends else (inf, None)
        return Piece(self._turned(sign, line.slope), length, None if beyond is None else self._turned(sign, beyond))

    def _first(self, origin: _Point, far: _Point) -> float:
        while not self._on(origin, far):
            if far.line(0.0) <= origin.value + self._tolerance:
                return far.slope
            at = _meeting(origin, far)
            if not 0.0 < at < far.at:
                return far.slope
            far = self._point(at)
        return origin.slope

    def _end(self, piece: _Point, far: _Point) -> tuple[float | None, float | None]:
        """Where the first step begins that is worth something else, and its slope; between the lines of two points."""
        near, least = piece, piece.slope - SAME * abs(piece.slope)
        if self._same(piece, far, least):
            return None, None
        while True:
            at = _meeting(near, far)
            if not near.at < at < far.at:
                return max(near.at, min(at, far.at)), far.slope
            point = self._point(at)
            if self._on(near, point):
                return at, far.slope
            if self._same(piece, point, least):
                near = point
            else:
                far = point

    def _same(self, piece: _Point, point: _Point, least: float) -> bool:
        """Whether every step up to a point is worth what the first is; slopes fall, so the last one says so."""
        return point.slope >= least or self._on(piece, point)

    def _on(self, line: _Point, point: _Point) -> bool:
        return line.line(point.at) - point.value <= self._tolerance

    def _furthest(self, reach: float) -> float:
        """How far there is a plan, at most ``reach``."""
        program = travel(self._program, self._shift, self._sign)
        return min(reach, float(Solver().solve(program).x[-1]))

    def _point(self, at: float) -> _Point:
        value, slope = self._solve(self._sign * at)
        return _Point(at, value, self._sign * slope)

    def _solve(self, amount: float) -> tuple[float, float]:
        try:
            solution = self._solver.solve(self._program.moved(self._shift, amount), self._base.basis)
        except Infeasible:
            return -inf, 0.0
        return solution.objective, self._slope(solution)

    def _slope(self, solution: Solution) -> float:
        return self._shift.slope(solution.row_duals, solution.reduced_costs)

    def _turned(self, sign: float, slope: float) -> float:
        """From the direction walked to the gain per unit more; nought where no money moves within the reach."""
        return 0.0 if abs(slope) * self._reach <= self._tolerance else sign * slope


def _meeting(one: _Point, other: _Point) -> float:
    """Where two lines meet."""
    difference = one.slope - other.slope
    if difference <= 0:
        return 0.0
    return (other.line(0.0) - one.line(0.0)) / difference
