"""Planning: twelve months of both businesses as one certified linear program, and what each unit more is worth.

An ore-to-steel and an ore-to-oxide arm share concentrate, capacities and quotas; ``plan`` answers what to run, buy,
store and sell, and ``marginal_value`` what one tonne more of a commodity is worth, to the left and to the right.
Declared blocks are compiled once to arrays (``problem``, ``terms``, ``compiled``), solved through one door (``solve``),
and explained by solving again (``walk``, ``explain``).
"""

from __future__ import annotations

from ferrolan.planning.compiled import CompiledProblem, compile
from ferrolan.planning.explain import MarginalValue, Plan, marginal_value, plan, profit_by_owner, value_function
from ferrolan.planning.problem import Commodity, Mode, PlanProblem, Quota, Transfer, Unit
from ferrolan.planning.solve import Basis, Solution, Solver, solve

__all__ = [
    "Basis",
    "Commodity",
    "CompiledProblem",
    "MarginalValue",
    "Mode",
    "Plan",
    "PlanProblem",
    "Quota",
    "Solution",
    "Solver",
    "Transfer",
    "Unit",
    "compile",
    "marginal_value",
    "plan",
    "profit_by_owner",
    "solve",
    "value_function",
]
