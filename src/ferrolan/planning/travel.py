"""How far a shift can go: the program with one more column, the amount of the shift.

How much concentrate can be taken away before the plan breaks? Maximise the amount t with the bounds moved by t. A row
bound takes t as an entry; a column bound becomes a row x - w t <= u of its own.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from ferrolan.planning.program import Floats, Program, Shift


def travel(program: Program, shift: Shift, sign: float, *, shortest: bool = False) -> Program:
    """The program that maximises (or, if ``shortest``, minimises) t >= 0 over ``moved(shift, sign * t)``.

    The last column is t; the gain is t (or -t) alone.
    """
    rows, columns = program.shape
    if shift.side in ("row", "row_upper"):
        side = np.zeros(rows)
        side[shift.indices] = -sign * shift.weights
        matrix = sp.hstack([program.matrix(), sp.csc_array(side.reshape(-1, 1))], format="csc")
        row_lower = program.row_lower
        if shift.side == "row_upper":
            row_lower = row_lower.copy()
            row_lower[shift.indices] = -np.inf
        column_lower, column_upper, row_upper = program.column_lower, program.column_upper, program.row_upper
    else:
        matrix, column_lower, column_upper, row_lower, row_upper = _with_bound_rows(program, shift, sign)
    matrix.sort_indices()
    gain = np.zeros(columns + 1)
    gain[-1] = -1.0 if shortest else 1.0
    return replace(
        program,
        gain=gain,
        column_lower=np.append(column_lower, 0.0),
        column_upper=np.append(column_upper, _longest(program)),
        row_lower=row_lower,
        row_upper=row_upper,
        indptr=matrix.indptr.astype(np.int32),
        indices=matrix.indices.astype(np.int32),
        data=matrix.data.astype(np.float64),
    )


def _with_bound_rows(
    program: Program, shift: Shift, sign: float
) -> tuple[sp.csc_array, Floats, Floats, Floats, Floats]:
    count = shift.indices.size
    picks = sp.csc_array((np.ones(count), (np.arange(count), shift.indices)), shape=(count, program.gain.size))
    amounts = sp.csc_array((-sign * shift.weights).reshape(-1, 1))
    empty = sp.csc_array((program.row_lower.size, 1))
    matrix = sp.csc_array(sp.bmat([[program.matrix(), empty], [picks, amounts]], format="csc"))
    lower, upper = program.column_lower.copy(), program.column_upper.copy()
    added_lower, added_upper = np.full(count, -np.inf), np.full(count, np.inf)
    if shift.side == "column_upper":
        added_upper, upper[shift.indices] = upper[shift.indices].copy(), np.inf
    else:
        added_lower, lower[shift.indices] = lower[shift.indices].copy(), -np.inf
    row_lower = np.append(program.row_lower, added_lower)
    return matrix, lower, upper, row_lower, np.append(program.row_upper, added_upper)


def _longest(program: Program) -> float:
    """A bound on t beyond any amount of the plan, so that the travel program is bounded."""
    bounds = np.concatenate([program.row_upper, program.column_upper, program.row_lower, program.column_lower])
    return 1e3 * float(np.max(np.abs(bounds[np.isfinite(bounds)]), initial=1.0))
