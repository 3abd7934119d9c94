"""Sparse factors, ranks and selected inverses against dense algebra."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from ferrolan.numerics.kkt import saddle_point
from ferrolan.numerics.rank import dependent_rows, null_space_support
from ferrolan.numerics.selected_inverse import inverse_diagonal

FEW = settings(max_examples=25, deadline=None, derandomize=True)


def matrix(seed: int, rows: int, columns: int) -> sparse.csr_matrix:
    return sparse.csr_matrix(sparse.random(rows, columns, 0.2, random_state=seed) + sparse.eye(rows, columns))


@FEW
@given(st.integers(0, 10_000), st.integers(1, 20), st.integers(0, 20))
def test_refined_solution_is_that_of_the_matrix_without_regularisation(seed: int, rows: int, more: int) -> None:
    jacobian = matrix(seed, rows, rows + more)
    count = rows + more
    right = np.random.default_rng(seed).standard_normal(rows + count)
    dense = np.block([[np.eye(count), jacobian.toarray().T], [jacobian.toarray(), np.zeros((rows, rows))]])
    if np.linalg.cond(dense) < 1e4:
        solution = saddle_point(np.ones(count), jacobian, (1e-9, 1e-9)).solve(right)
        assert solution == pytest.approx(np.linalg.solve(dense, right), rel=1e-9, abs=1e-9)


@FEW
@given(st.integers(0, 10_000), st.integers(1, 20), st.integers(0, 20))
def test_selected_inverse_is_the_diagonal_of_the_inverse(seed: int, rows: int, more: int) -> None:
    jacobian = matrix(seed, rows, rows + more)
    count = rows + more
    weight = np.random.default_rng(seed).uniform(0.5, 2.0, count)
    factors = saddle_point(weight, jacobian, (1e-3, 1e-3)).factors()
    dense = np.block([[np.diag(weight + 1e-3), jacobian.toarray().T], [jacobian.toarray(), -1e-3 * np.eye(rows)]])
    assert inverse_diagonal(factors) == pytest.approx(np.diag(np.linalg.inv(dense)), rel=1e-8, abs=1e-8)


@FEW
@given(st.integers(0, 10_000), st.integers(2, 12), st.integers(1, 4))
def test_repeated_rows_are_counted_by_rank(seed: int, rows: int, extra: int) -> None:
    base = matrix(seed, rows, 2 * rows)
    mixed = np.random.default_rng(seed).uniform(0.5, 1.5, (extra, rows)) @ base.toarray()
    whole = sparse.csr_matrix(np.vstack([base.toarray(), mixed]))
    assert len(dependent_rows(whole)) == rows + extra - np.linalg.matrix_rank(whole.toarray())


def test_null_space_touches_the_free_cycle_only() -> None:
    cycle = sparse.csr_matrix([[1.0, -1.0, 1.0], [0.0, 1.0, -1.0]])
    assert null_space_support(cycle).tolist() == [False, True, True]
