"""The constraint families of a plan, one file each: what it adds to the program and which limits it knows.

A term is a module with ``add(problem, build)``. It may add columns, rows, entries and limits; it never calls another
term, it only refers to the row block ``balance`` and the column block ``throughput``, which stand first.
"""

from __future__ import annotations

from ferrolan.planning.terms import balance, capacity, inventory, quota, transfer

TERMS = (balance, inventory, transfer, capacity, quota)
"""In the order in which they add to the program."""

__all__ = ["TERMS"]
