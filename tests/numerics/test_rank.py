"""Ranks and null spaces against dense singular values, badly scaled matrices included."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import sparse

from ferrolan.numerics.rank import dependent_rows, null_space_support, project_on_null_space

FEW = settings(max_examples=25, deadline=None, derandomize=True)


def bilinear(seed: int) -> sparse.csr_matrix:
    """Balances of mass and components of a random network at random flows and assays (synthetic)."""
    generator = np.random.default_rng(seed)
    nodes, components = int(generator.integers(2, 12)), int(generator.integers(1, 5))
    ends = [(-1, 0)] + [(int(generator.integers(n)), n) for n in range(1, nodes)]
    ends += [(n, -1) for n in range(nodes) if all(a != n for a, _ in ends)]
    ends += [tuple(generator.integers(nodes, size=2).tolist()) for _ in range(int(generator.integers(0, nodes)))]
    wide = components + 1
    dense = np.zeros((nodes * wide, len(ends) * wide))
    for stream, pair in enumerate(ends):
        flow, assays = generator.uniform(0.2, 2.0), generator.uniform(0.2, 2.0, components)
        for node, sign in zip(pair, (-1.0, 1.0), strict=True):
            if node >= 0 and pair[0] != pair[1]:
                block = dense[node * wide : (node + 1) * wide, stream * wide : (stream + 1) * wide]
                block[0, 0] = sign
                block[1:, 0] = sign * assays
                block[1:, 1:] = sign * flow * np.eye(components)
    return sparse.csr_matrix(dense)


def unmeasured(seed: int) -> sparse.csr_matrix:
    """The columns of a random half of the quantities."""
    whole = bilinear(seed).tocsc()
    share = np.random.default_rng(seed + 1).uniform(0.1, 0.9)
    chosen = np.flatnonzero(np.random.default_rng(seed + 2).random(whole.shape[1]) < share)
    return sparse.csr_matrix(whole[:, chosen])


def rank_of(dense: NDArray[np.float64]) -> int:
    return int(np.linalg.matrix_rank(dense, tol=1e-9)) if min(dense.shape) else 0


def spoiled(base: sparse.csr_matrix, seed: int) -> sparse.csr_matrix:
    """Rows and columns in units up to ten orders apart, which changes no rank."""
    generator = np.random.default_rng(seed)
    rows, columns = (10.0 ** generator.uniform(-5.0, 5.0, count) for count in base.shape)
    return sparse.csr_matrix(sparse.diags_array(rows) @ base @ sparse.diags_array(columns))


@FEW
@given(st.integers(0, 10_000), st.integers(2, 12), st.integers(1, 4))
def test_repeated_rows_are_counted_by_rank(seed: int, rows: int, extra: int) -> None:
    base = sparse.random(rows, 2 * rows, 0.2, random_state=seed) + sparse.eye(rows, 2 * rows)
    mixed = np.random.default_rng(seed).uniform(0.5, 1.5, (extra, rows)) @ base.toarray()
    whole = sparse.csr_matrix(np.vstack([base.toarray(), mixed]))
    assert len(dependent_rows(whole)) == rows + extra - np.linalg.matrix_rank(whole.toarray())


@pytest.mark.parametrize("block", [0, 1, 2, *(pytest.param(n, marks=pytest.mark.slow) for n in range(3, 10))])
def test_ranks_of_badly_scaled_networks(block: int) -> None:
    """Two hundred networks, their unmeasured part and its transpose, as they are and in bad units."""
    for seed in range(20 * block, 20 * block + 20):
        for base in (bilinear(seed), unmeasured(seed), sparse.csr_matrix(unmeasured(seed).T)):
            rank = rank_of(base.toarray())
            for matrix in (base, spoiled(base, seed)):
                kept = np.setdiff1d(np.arange(base.shape[0]), dependent_rows(matrix))
                assert len(kept) == rank, (seed, base.shape)
                assert rank_of(base.toarray()[kept]) == rank, (seed, base.shape)


@pytest.mark.parametrize("block", [0, 1, *(pytest.param(n, marks=pytest.mark.slow) for n in range(2, 10))])
def test_null_space_support_of_networks(block: int) -> None:
    for seed in range(20 * block, 20 * block + 20):
        base = unmeasured(seed)
        dense = base.toarray()
        null = np.linalg.svd(dense)[2][rank_of(dense) :] if min(dense.shape) else np.eye(dense.shape[1])
        largest = np.max(np.abs(null), axis=0, initial=0.0)
        if np.any((largest > 1e-9) & (largest < 1e-5)):
            continue
        assert np.array_equal(null_space_support(base), largest > 1e-7), seed
        rescaled = sparse.csr_matrix(sparse.diags_array(10.0 ** np.linspace(-4.0, 4.0, base.shape[0])) @ base)
        assert np.array_equal(null_space_support(rescaled), largest > 1e-7), seed


def test_null_space_touches_the_free_cycle_only() -> None:
    cycle = sparse.csr_matrix([[1.0, -1.0, 1.0], [0.0, 1.0, -1.0]])
    assert null_space_support(cycle).tolist() == [False, True, True]


def test_many_rows_repeated_by_one_with_a_large_combination() -> None:
    """A sum of 300 rows with coefficients up to 30 leaves a pivot of 1e5 delta and is found all the same."""
    base = sparse.random(300, 900, 0.01, random_state=1) + sparse.eye(300, 900)
    mixed = np.random.default_rng(2).uniform(10.0, 30.0, (1, 300)) @ base.toarray()
    whole = sparse.csr_matrix(np.vstack([base.toarray(), mixed]))
    assert len(dependent_rows(whole)) == 1


def test_empty_matrices_and_rows() -> None:
    assert dependent_rows(sparse.csr_matrix((0, 3))).tolist() == []
    assert dependent_rows(sparse.csr_matrix((2, 0))).tolist() == [0, 1]
    assert dependent_rows(sparse.csr_matrix([[0.0, 0.0], [1.0, 2.0]])).tolist() == [0]
    assert null_space_support(sparse.csr_matrix((0, 3))).tolist() == [True, True, True]
    assert null_space_support(sparse.csr_matrix((3, 0))).tolist() == []


def test_projection_is_the_nearest_point_of_the_null_space() -> None:
    matrix = sparse.csr_matrix([[1.0, 1.0, 0.0], [2.0, 2.0, 0.0]])
    assert project_on_null_space(matrix, np.array([3.0, 1.0, 5.0])) == pytest.approx([1.0, -1.0, 5.0])
    both = project_on_null_space(matrix, np.array([[3.0, 0.0], [1.0, 2.0], [5.0, 0.0]]))
    assert both == pytest.approx(np.array([[1.0, -1.0], [-1.0, 1.0], [5.0, 0.0]]))
