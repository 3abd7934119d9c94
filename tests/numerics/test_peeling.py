"""Peeling finds the rank and null spaces that a dense decomposition finds, and does not lose long chains."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from ferrolan.numerics.rank import peel, support

SOME = settings(max_examples=60, deadline=None, derandomize=True)


def matrix(seed: int, rows: int, columns: int, density: float) -> np.ndarray:
    draw = np.random.default_rng(seed)
    entries = draw.uniform(0.5, 2.0, (rows, columns)) * draw.choice([-1.0, 1.0], (rows, columns))
    made: np.ndarray = entries * (draw.random((rows, columns)) < density)
    return np.vstack([made, 2.0 * made[:1] - made[1:2]]) if rows > 1 else made


@SOME
@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 12), st.sampled_from([0.1, 0.25, 0.6]))
def test_ranks_and_null_spaces_are_those_of_a_dense_decomposition(seed: int, m: int, n: int, density: float) -> None:
    dense = matrix(seed, m, n, density)
    left, _, right = np.linalg.svd(dense)
    rank = np.linalg.matrix_rank(dense, tol=1e-8)
    found, draw = peel(sparse.csr_matrix(dense)), np.random.default_rng(1)
    assert dense.shape[0] - len(found.dependent_rows) == rank
    assert dense.shape[1] - len(found.dependent_columns) == rank
    kept = np.delete(dense, found.dependent_rows, axis=0)
    assert np.linalg.matrix_rank(kept, tol=1e-8) == rank
    kept = np.delete(dense, found.dependent_columns, axis=1)
    assert np.linalg.matrix_rank(kept, tol=1e-8) == rank
    for vectors, product, basis in (
        ([found.null_vector(draw) for _ in range(2)], dense, right[rank:]),
        ([found.left_null_vector(draw) for _ in range(2)], dense.T, left[:, rank:].T),
    ):
        for vector in vectors:
            assert np.abs(product @ vector).max(initial=0.0) < 1e-6 * (1.0 + np.abs(vector).max(initial=0.0))
        assert support(vectors).tolist() == (np.abs(basis).max(axis=0, initial=0.0) > 1e-6).tolist()


@pytest.mark.parametrize("length", [10, 1000])
def test_a_chain_is_no_cycle_however_long(length: int) -> None:
    steps = sparse.diags_array([1.0, -1.0], offsets=[0, 1], shape=(length, length + 1))
    chain = sparse.vstack([sparse.csr_matrix(([1.0], ([0], [0])), shape=(1, length + 1)), steps])
    assert len(peel(chain).dependent_columns) == 0
    assert len(peel(steps).dependent_columns) == 1
    closed = sparse.vstack([chain, sparse.csr_matrix(([1.0], ([0], [length])), shape=(1, length + 1))])
    assert len(peel(closed).dependent_rows) == 1
    assert (peel(closed).left_null_vector(np.random.default_rng(0)) != 0.0).all()


def test_an_empty_matrix_has_free_rows_and_columns() -> None:
    found = peel(sparse.csr_matrix((2, 3)))
    assert found.dependent_rows.tolist() == [0, 1]
    assert found.dependent_columns.tolist() == [0, 1, 2]
