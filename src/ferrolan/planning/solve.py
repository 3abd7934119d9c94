"""The one door to HiGHS: arrays in, a certified answer out.

A plan of twelve months (about a thousand columns) is loaded once; another price, yield or supply is one more call that
starts from a known basis and takes milliseconds. Every answer is checked against our own arrays; what fails the check
goes down a ladder of other algorithms, and if all fail the last iterate is raised. Single thread, no clock, and each
solve starts from a named basis, not from whatever came before, so results do not depend on the order of solves.

Q. Huangfu, J. A. J. Hall, Parallelizing the dual revised simplex method, 2018,
doi:10.1007/s12532-017-0130-5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import highspy
import numpy as np

from ferrolan.base.errors import Infeasible, NotConverged, ProblemError
from ferrolan.planning.certificate import Certificate, certify
from ferrolan.planning.clash import clash
from ferrolan.planning.compiled import CompiledProblem
from ferrolan.planning.program import Floats, Program

Option = str | int | float | bool

_FIXED: Mapping[str, Option] = {
    "output_flag": False,
    "threads": 1,
    "parallel": "off",
    "random_seed": 0,
    "primal_feasibility_tolerance": 1e-9,
    "dual_feasibility_tolerance": 1e-9,
}
_WARM: Mapping[str, Mapping[str, Option]] = {
    "warm primal simplex": {"solver": "simplex", "simplex_strategy": 4, "presolve": "off"},
    "warm dual simplex": {"solver": "simplex", "simplex_strategy": 1, "presolve": "off"},
}
"""Primal where the gains differ from those the basis was optimal for, dual where only bounds do. Measured over 100
variations of prices and yields: 11 iterations against 72; over bounds alone the dual keeps its feasibility."""
_COLD: tuple[tuple[str, Mapping[str, Option]], ...] = (
    ("dual simplex", {"solver": "simplex", "simplex_strategy": 1, "presolve": "on"}),
    ("interior point", {"solver": "ipx", "run_crossover": "on", "presolve": "on"}),
    ("primal simplex", {"solver": "simplex", "simplex_strategy": 4, "presolve": "off"}),
    ("dual simplex without presolve", {"solver": "simplex", "simplex_strategy": 1, "presolve": "off"}),
)
_LARGE = 4000
"""Columns from which interior point with crossover goes first: measured 0.01 s against 0.02 s in favour of simplex at
540 columns, and 0.3 s against 2 to 5 s in favour of interior point at 7,920."""

_WARM_ITERATIONS = 20_000
"""A warm solve that needs more than this goes to the cold ladder; an iteration count, not a clock, so that the path
does not depend on the machine's load."""

_ENDLESS = 2_147_483_647


@dataclass(frozen=True)
class Basis:
    """Where a solve ended, for a later one to start from: an opaque handle and the gains it was optimal for."""

    handle: highspy.HighsBasis
    gain: Floats


@dataclass(frozen=True)
class Solution:
    """A certified optimum.

    ``x`` are the columns, ``activities`` A x, ``row_duals`` and ``reduced_costs`` the gain per unit more of a row's
    or column's bound [CNY/unit], ``objective`` the gain [CNY], ``status`` always ``optimal``, ``method`` the rung of
    the ladder that answered, ``iterations`` its simplex iterations.
    """

    x: Floats
    activities: Floats
    row_duals: Floats
    reduced_costs: Floats
    objective: float
    status: str
    certificate: Certificate
    method: str
    iterations: int
    basis: Basis


class Solver:
    """A persistent solver: programs of one shape, one after the other, each from a named basis.

    The first optimum becomes the *home* basis; later solves start from it unless told otherwise.
    """

    def __init__(self) -> None:
        self._highs = highspy.Highs()  # type: ignore[no-untyped-call]  # highspy 1.15 does not type it
        self._options: dict[str, Option] = {}
        self._set(_FIXED)
        self._loaded: Program | None = None
        self._scale = 1.0
        self.home: Basis | None = None
        self.solves = 0
        self.worst = 0.0

    def solve(self, program: Program, start: Basis | None = None) -> Solution:
        """Solve a program to a certified optimum.

        Raises
        ------
        Infeasible
            Two algorithms agree that there is no answer.
        ProblemError
            The gain has no bound; the message names a column that grows.
        NotConverged
            No rung of the ladder gave an answer that passes the check.
        """
        if self._loaded is not None and self._loaded.shape != program.shape:
            self.home = None
        self._load(program)
        solution = self._warm(program, start or self.home) or self._cold(program)
        self.home = self.home or solution.basis
        self.solves += 1
        self.worst = max(self.worst, solution.certificate.worst)
        return solution

    def _load(self, program: Program) -> None:
        highs, loaded = self._highs, self._loaded
        self._loaded = program
        if loaded is None or not _same_matrix(loaded, program) or not np.array_equal(loaded.gain, program.gain):
            self._pass(program)
            return
        if not _same(loaded, program, "column_lower", "column_upper"):
            columns = np.arange(program.gain.size, dtype=np.int32)
            highs.changeColsBounds(columns.size, columns, program.column_lower, program.column_upper)
        if not _same(loaded, program, "row_lower", "row_upper"):
            rows = np.arange(program.row_lower.size, dtype=np.int32)
            # missing in the stubs of highspy 1.15
            highs.changeRowsBounds(rows.size, rows, program.row_lower, program.row_upper)  # type: ignore[attr-defined]

    def _pass(self, program: Program) -> None:
        largest = float(np.max(np.abs(program.gain), initial=0.0))
        self._scale = 2.0 ** -np.floor(np.log2(largest)) if largest > 0 else 1.0
        rows, columns = program.shape
        self._highs.passModel(
            columns, rows, program.data.size, int(highspy.MatrixFormat.kColwise), int(highspy.ObjSense.kMinimize), 0.0,
            -self._scale * program.gain, program.column_lower, program.column_upper, program.row_lower,
            program.row_upper, program.indptr, program.indices, program.data, np.zeros(columns, dtype=np.int32),
        )  # fmt: skip

    def _warm(self, program: Program, start: Basis | None) -> Solution | None:
        if start is None:
            return None
        method = "warm dual simplex" if np.array_equal(start.gain, program.gain) else "warm primal simplex"
        self._highs.setBasis(start.handle)
        status = self._run({**_WARM[method], "simplex_iteration_limit": _WARM_ITERATIONS})
        return self._answer(program, method) if status == highspy.HighsModelStatus.kOptimal else None

    def _cold(self, program: Program) -> Solution:
        infeasible = unbounded = 0
        for name, options in _ladder(program):
            self._highs.clearSolver()
            status = self._run({**options, "simplex_iteration_limit": _ENDLESS})
            if status == highspy.HighsModelStatus.kOptimal:
                solution = self._answer(program, name)
                if solution is not None:
                    return solution
            infeasible += status == highspy.HighsModelStatus.kInfeasible
            unbounded += status == highspy.HighsModelStatus.kUnbounded
            if infeasible == 2:
                raise Infeasible("two algorithms agree that the program has no feasible point")
            if unbounded == 2:
                raise ProblemError(f"the gain has no bound: {self._growing(program)} can grow for ever")
        raise NotConverged(
            "no algorithm gave an answer that passes the check",
            last_iterate=np.array(self._highs.getSolution().col_value),
            residual=self._residual(program),
        )

    def _run(self, options: Mapping[str, Option]) -> highspy.HighsModelStatus:
        self._set(options)
        self._highs.run()
        return self._highs.getModelStatus()

    def _set(self, options: Mapping[str, Option]) -> None:
        for name, value in options.items():
            if self._options.get(name) != value:
                self._highs.setOptionValue(name, value)
                self._options[name] = value

    def _answer(self, program: Program, method: str) -> Solution | None:
        found = self._highs.getSolution()
        x = np.array(found.col_value, dtype=np.float64)
        duals = np.array(found.row_dual, dtype=np.float64) / -self._scale
        certificate, activities, reduced = certify(program, x, duals)
        if not certificate.passed:
            return None
        iterations = max(0, int(self._highs.getInfo().simplex_iteration_count))
        basis = Basis(self._highs.getBasis(), program.gain)
        return Solution(
            x, activities, duals, reduced, certificate.objective, "optimal", certificate, method, iterations, basis
        )

    def _residual(self, program: Program) -> float | None:
        found = self._highs.getSolution()
        if not found.value_valid or not found.dual_valid:
            return None
        duals = np.array(found.row_dual, dtype=np.float64) / -self._scale
        return certify(program, np.array(found.col_value, dtype=np.float64), duals)[0].worst

    def _growing(self, program: Program) -> str:
        _, has_ray, ray = self._highs.getPrimalRay()  # type: ignore[attr-defined]  # missing in the stubs
        if not has_ray:
            return "a column"
        growing = np.flatnonzero(np.abs(np.array(ray)) > 1e-9)[:5]
        return ", ".join(program.column_name(int(column)) for column in growing)


def solve(compiled: CompiledProblem, *, solver: Solver | None = None, start: Basis | None = None) -> Solution:
    """Solve a compiled plan.

    Parameters
    ----------
    compiled
        The plan as arrays.
    solver
        A persistent solver to solve variations quickly; a new one where none is given.
    start
        Basis to start from, normally that of a similar plan; the solver's home basis where none is given.

    Returns
    -------
    Solution
        Certified: primal and dual residual and duality gap recomputed and within 1e-7, relative.

    Raises
    ------
    Infeasible
        The message names statements that clash, none of which can be left out, and what would cure them.
    NotConverged, ProblemError
        As ``Solver.solve``.
    """
    door = solver or Solver()
    try:
        return door.solve(compiled.program, start)
    except Infeasible as error:
        raise Infeasible(clash(compiled, Solver().solve)) from error


def _ladder(program: Program) -> tuple[tuple[str, Mapping[str, Option]], ...]:
    """The rungs in order: simplex first, or the interior point where the program is large."""
    return _COLD if program.gain.size < _LARGE else (_COLD[1], _COLD[0], *_COLD[2:])


def _same(one: Program, other: Program, *fields: str) -> bool:
    return all(
        getattr(one, field) is getattr(other, field) or np.array_equal(getattr(one, field), getattr(other, field))
        for field in fields
    )


def _same_matrix(one: Program, other: Program) -> bool:
    return one.shape == other.shape and _same(one, other, "indptr", "indices", "data")
