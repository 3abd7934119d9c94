"""Sparse factors, ranks and selected inverses against dense algebra."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import sparse

from ferrolan.numerics.elimination import Elimination
from ferrolan.numerics.kkt import Factors, QuasiDefinite, SymmetricPattern, saddle_pattern, saddle_point, symmetric
from ferrolan.numerics.selected_inverse import SelectedInverse, inverse_diagonal

FEW = settings(max_examples=25, deadline=None, derandomize=True)
SEEDS = st.integers(0, 10_000)


def matrix(seed: int, rows: int, columns: int) -> sparse.csr_matrix:
    return sparse.csr_matrix(sparse.random(rows, columns, 0.2, random_state=seed) + sparse.eye(rows, columns))


def dense_saddle(diagonal: NDArray[np.float64], jacobian: sparse.csr_matrix, shift: float = 0.0) -> NDArray[np.float64]:
    low = -shift * np.eye(jacobian.shape[0])
    return np.block([[np.diag(diagonal + shift), jacobian.toarray().T], [jacobian.toarray(), low]])


@FEW
@given(SEEDS, st.integers(1, 20), st.integers(0, 20))
def test_refined_solution_is_that_of_the_matrix_without_regularisation(seed: int, rows: int, more: int) -> None:
    jacobian = matrix(seed, rows, rows + more)
    right = np.random.default_rng(seed).standard_normal(2 * rows + more)
    dense = dense_saddle(np.ones(rows + more), jacobian)
    if np.linalg.cond(dense) < 1e4:
        solution = saddle_point(np.ones(rows + more), jacobian, (1e-9, 1e-9)).solve(right)
        assert solution == pytest.approx(np.linalg.solve(dense, right), rel=1e-9, abs=1e-9)


@FEW
@given(SEEDS, st.integers(1, 20), st.integers(0, 5), st.booleans())
def test_columns_solved_together_are_those_solved_alone(seed: int, rows: int, count: int, fortran: bool) -> None:
    system = saddle_point(np.ones(rows + 3), matrix(seed, rows, rows + 3), (1e-9, 1e-9))
    right = np.random.default_rng(seed).standard_normal((2 * rows + 3, count))
    together = system.solve(np.asfortranarray(right) if fortran else right)
    assert together.shape == right.shape
    assert all(np.array_equal(together[:, i], system.solve(right[:, i].copy())) for i in range(count))


@FEW
@given(SEEDS, st.integers(1, 12), st.integers(0, 6))
def test_matrix_times_vectors_is_without_regularisation(seed: int, rows: int, more: int) -> None:
    generator = np.random.default_rng(seed)
    jacobian, diagonal = matrix(seed, rows, rows + more), generator.uniform(0.0, 2.0, rows + more)
    system = saddle_point(diagonal, jacobian, (1e-2, 1e-2))
    vectors = generator.standard_normal((2 * rows + more, 3))
    dense = dense_saddle(diagonal, jacobian)
    assert system.times(vectors) == pytest.approx(dense @ vectors, abs=1e-12)
    assert system.times(vectors[:, 0]) == pytest.approx(dense @ vectors[:, 0], abs=1e-12)


@FEW
@given(SEEDS, st.integers(1, 15))
def test_positive_pivots_are_positive_eigenvalues(seed: int, size: int) -> None:
    entries = sparse.coo_matrix(sparse.triu(sparse.random(size, size, 0.4, random_state=seed, data_rvs=_signed(seed))))
    pattern = SymmetricPattern(size, entries.row.astype(np.int64), entries.col.astype(np.int64))
    system = QuasiDefinite(pattern, entries.data, np.random.default_rng(seed).choice([-3.0, 3.0], size))
    upper = pattern.upper(entries.data, system._regularisation).toarray()
    eigenvalues = np.linalg.eigvalsh(upper + np.triu(upper, 1).T)
    if np.min(np.abs(eigenvalues)) > 1e-6:
        assert system.positive_pivots() == int(np.sum(eigenvalues > 0.0))


def _signed(seed: int):  # type: ignore[no-untyped-def]
    return lambda size: np.random.default_rng(seed + 1).uniform(-2.0, 2.0, size)


@FEW
@given(SEEDS, st.integers(1, 12), st.integers(0, 6))
def test_new_values_on_a_kept_pattern_are_as_good_as_new(seed: int, rows: int, more: int) -> None:
    generator = np.random.default_rng(seed)
    jacobian = matrix(seed, rows, rows + more)
    other = sparse.csr_matrix((generator.uniform(0.5, 2.0, jacobian.nnz), jacobian.indices, jacobian.indptr))
    other.resize(jacobian.shape)
    diagonal, right = generator.uniform(0.5, 2.0, rows + more), generator.standard_normal(2 * rows + more)
    pattern = saddle_pattern(jacobian)
    saddle_point(np.ones(rows + more), jacobian, (1e-8, 1e-8), pattern=pattern)
    warm = saddle_point(diagonal, other, (1e-8, 1e-8), pattern=pattern)
    second = saddle_point(np.ones(rows + more), jacobian, (1e-8, 1e-8), pattern=pattern)
    assert np.array_equal(warm.solve(right), saddle_point(diagonal, other, (1e-8, 1e-8)).solve(right))
    assert np.array_equal(second.solve(right), saddle_point(np.ones(rows + more), jacobian, (1e-8, 1e-8)).solve(right))


def test_a_pattern_that_does_not_match_is_passed_over() -> None:
    pattern = saddle_pattern(sparse.csr_matrix([[1.0, 0.0]]))
    jacobian = sparse.csr_matrix([[0.0, 1.0]])
    system = saddle_point(np.ones(2), jacobian, (0.0, 1e-9), pattern=pattern)
    assert system.solve(np.array([1.0, 1.0, 0.0])) == pytest.approx([1.0, 0.0, 1.0])
    assert pattern.matches(3, np.array([0, 1, 2]), np.array([0, 1, 0]))
    assert not pattern.matches(3, np.array([0, 1, 2]), np.array([0, 1, 1]))


def test_a_factorisation_that_fails_says_so_and_leaves_the_pattern_usable() -> None:
    pattern = SymmetricPattern(1, np.array([0]), np.array([0]))
    with pytest.raises(ArithmeticError, match="cannot be factored"):
        QuasiDefinite(pattern, np.array([0.0]), np.zeros(1))
    system = QuasiDefinite(pattern, np.array([2.0]), np.zeros(1))
    with pytest.raises(ArithmeticError, match="cannot be factored"):
        system.update(np.array([0.0]))
    system.update(np.array([4.0]))
    assert system.solve(np.array([1.0])) == pytest.approx([0.25])


@FEW
@given(SEEDS, st.integers(1, 40), st.integers(0, 40), st.sampled_from([0.02, 0.1, 0.3]))
def test_selected_inverse_is_the_inverse_on_the_pattern(seed: int, rows: int, more: int, density: float) -> None:
    count = rows + more
    jacobian = sparse.csr_matrix(sparse.random(rows, count, density, random_state=seed) + sparse.eye(rows, count))
    weight = np.random.default_rng(seed).uniform(0.5, 2.0, count)
    factors = saddle_point(weight, jacobian, (1e-3, 1e-3)).factors()
    dense = np.linalg.inv(dense_saddle(weight, jacobian, 1e-3))
    inverse = SelectedInverse(factors)
    assert inverse.diagonal() == pytest.approx(np.diag(dense), rel=1e-8, abs=1e-8)
    lower = factors.lower.tocoo()
    low, high = factors.order[lower.row], factors.order[lower.col]
    assert inverse.entries(low, high) == pytest.approx(dense[low, high], rel=1e-8, abs=1e-8)
    assert inverse.entries(high, low) == pytest.approx(dense[low, high], rel=1e-8, abs=1e-8)


@FEW
@given(SEEDS, st.integers(2, 25))
def test_selected_inverse_takes_any_order_of_elimination(seed: int, size: int) -> None:
    generator = np.random.default_rng(seed)
    base = matrix(seed, size, size).toarray()
    whole = base + base.T + 2.0 * size * np.diag(generator.choice([-1.0, 1.0], size))
    order = generator.permutation(size)
    inverse = SelectedInverse(by_hand(whole, order))
    assert inverse.diagonal() == pytest.approx(np.diag(np.linalg.inv(whole)), rel=1e-9, abs=1e-9)


def by_hand(whole: NDArray[np.float64], order: NDArray[np.int64]) -> Factors:
    """Dense elimination in the given order, zeros of the pattern left out."""
    left = whole[np.ix_(order, order)].copy()
    size = len(order)
    pattern = left != 0.0
    lower, pivots = np.zeros((size, size)), np.zeros(size)
    for j in range(size):
        pivots[j] = left[j, j]
        lower[j + 1 :, j] = left[j + 1 :, j] / pivots[j]
        left[j + 1 :, j + 1 :] -= np.outer(lower[j + 1 :, j], left[j, j + 1 :])
        pattern[j + 1 :, j + 1 :] |= np.outer(pattern[j + 1 :, j], pattern[j + 1 :, j])
    rows, columns = np.nonzero(np.tril(pattern, -1))
    below = sparse.csc_matrix((lower[rows, columns], (rows, columns)), shape=(size, size))
    below.sort_indices()
    return Factors(below, pivots, order.astype(np.int64))


@FEW
@given(SEEDS, st.integers(1, 15), st.integers(0, 10))
def test_quadratic_forms_of_the_rows_of_the_matrix(seed: int, size: int, empty: int) -> None:
    rows = matrix(seed, size, size)
    whole = sparse.csr_matrix(rows.T @ rows + sparse.eye(size))
    vectors = sparse.vstack([rows, sparse.csr_matrix((empty, size))]).tocsr()
    quadratic = SelectedInverse(symmetric(whole, 0.0).factors()).quadratic(vectors)
    dense = vectors.toarray() @ np.linalg.inv(whole.toarray()) @ vectors.toarray().T
    assert quadratic == pytest.approx(np.diag(dense), rel=1e-9, abs=1e-12)


def test_an_entry_off_the_pattern_is_refused_by_its_place() -> None:
    inverse = SelectedInverse(symmetric(sparse.eye(3), 0.0).factors())
    with pytest.raises(LookupError, match=r"entry \(\d, \d\) of the inverse is not on the pattern"):
        inverse.entries(np.array([0, 0]), np.array([0, 2]))
    with pytest.raises(LookupError, match="not on the pattern"):
        inverse.quadratic(sparse.csr_matrix([[1.0, 0.0, 1.0]]))


def test_empty_and_smallest_matrices() -> None:
    nothing = Factors(sparse.csc_matrix((0, 0)), np.empty(0), np.empty(0, dtype=np.int64))
    assert inverse_diagonal(nothing).shape == (0,)
    one = SelectedInverse(symmetric(sparse.csr_matrix([[4.0]]), 0.0).factors())
    assert one.diagonal().tolist() == [0.25]
    assert one.entries(np.array([0]), np.array([0])).tolist() == [0.25]
    assert one.entries(np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)).shape == (0,)


def test_two_hundred_equal_chains_take_the_steps_of_one() -> None:
    links = sparse.diags_array([-1.0, 2.5, -1.0], offsets=[-1, 0, 1], shape=(10, 10))
    chain = sparse.kron(links, sparse.csr_matrix([[2.0, 0.5], [0.5, 2.0]]))
    whole = sparse.csr_matrix(sparse.kron(sparse.eye(200), chain))
    factors = symmetric(whole, 0.0).factors()
    assert len(Elimination(factors.lower).batches) < 150
    places = np.array([0, 1777, 3999])
    units = np.zeros((4000, 3))
    units[places, np.arange(3)] = 1.0
    columns = symmetric(whole, 0.0).solve(units)
    assert inverse_diagonal(factors)[places] == pytest.approx(columns[places, np.arange(3)], rel=1e-12)
