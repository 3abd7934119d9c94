"""A plan compiled once: declared blocks become the arrays of one linear program.

Twelve months of ore, steel and oxides become about a thousand columns; the blocks keep the way back to the names.
Compile costs milliseconds and reads only the problem; which solver takes the arrays is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ferrolan.base.errors import ProblemError
from ferrolan.planning.problem import PlanProblem
from ferrolan.planning.program import Builder, Limit, Program, Shift
from ferrolan.planning.terms import TERMS

WIDEST = 1e8
"""Largest ratio of two coefficients after scaling: with it a residual of 1e-16 stays below the certificates' 1e-7."""


@dataclass(frozen=True)
class CompiledProblem:
    """A problem, its arrays, and every limit that could bind."""

    problem: PlanProblem
    program: Program
    limits: tuple[Limit, ...]

    def supply_shift(self, commodity: str, profile: tuple[float, ...]) -> Shift:
        """The direction of one unit more of exogenous supply, spread over the months by ``profile``."""
        block = self.program.rows["balance"]
        number = self.problem.commodity_number[commodity]
        return Shift("row", block.indices([number])[0], np.array(profile, dtype=np.float64))


def compile(problem: PlanProblem) -> CompiledProblem:
    """Compile a problem to arrays.

    Parameters
    ----------
    problem
        Checked on construction, so that every index exists.

    Returns
    -------
    CompiledProblem
        Columns in the blocks throughput, buy, sell, dispose, stock, transfer; rows in balance, capacity, quota.

    Raises
    ------
    ProblemError
        Coefficients differ so much in size that no answer could be certified.
    """
    build = Builder(problem.months)
    for term in TERMS:
        term.add(problem, build)
    program = build.program()
    _refuse_wide_span(program)
    return CompiledProblem(problem, program, tuple(build.limits))


def _refuse_wide_span(program: Program) -> None:
    """Refuse coefficients whose sizes differ by more than ``WIDEST`` after rows and columns are scaled."""
    sizes = np.abs(program.data)
    if not sizes.size or float(sizes.max() / sizes.min()) <= WIDEST:
        return
    columns = np.repeat(np.arange(program.gain.size), np.diff(program.indptr))
    scaled = np.log2(sizes)
    for _ in range(4):
        for lines in (program.indices, columns):
            counts = np.maximum(np.bincount(lines), 1)
            scaled = scaled - (np.bincount(lines, weights=scaled) / counts)[lines]
    if float(np.ptp(scaled)) > np.log2(WIDEST):
        least, most = int(np.argmin(scaled)), int(np.argmax(scaled))
        raise ProblemError(
            f"coefficients differ by more than {WIDEST:g}: {program.data[least]:g} of "
            f"{program.column_name(int(columns[least]))} in {program.row_name(int(program.indices[least]))}, "
            f"{program.data[most]:g} of {program.column_name(int(columns[most]))} in "
            f"{program.row_name(int(program.indices[most]))}. Choose other units, or leave the smaller out"
        )
