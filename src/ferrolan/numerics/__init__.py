"""Shared mathematics that knows no domain word: sparse saddle-point systems, ranks, entries of sparse inverses.

For example: an account of 1,500 quantities and 900 balances is one symmetric matrix of order 2,400; ``kkt`` factors and
solves it, ``rank`` says which of its rows repeat each other, ``selected_inverse`` reads all variances off the factor.
"""
