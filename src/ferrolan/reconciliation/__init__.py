"""Reconciliation: readings that contradict each other become one account that closes every balance.

For example: the flotation feed belt says 100 t/h at 6 % REO, concentrate and tails together carry only 5.8 t/h of REO.
The account moves every reading by as little as its stated sigma allows, says how sure each value then is, and which
meters may be wrong. Narasimhan & Jordache, Data Reconciliation and Gross Error Detection, Gulf, 2000.
"""

from ferrolan.reconciliation.network import (
    ENERGY,
    MASS,
    Correlation,
    ErrorModel,
    Known,
    Network,
    Node,
    Quantity,
    Reading,
    Relation,
    SharedError,
    Stream,
)
from ferrolan.reconciliation.solvability import solvability
from ferrolan.reconciliation.solve import Reconciled, reconcile

__all__ = [
    "ENERGY",
    "MASS",
    "Correlation",
    "ErrorModel",
    "Known",
    "Network",
    "Node",
    "Quantity",
    "Reading",
    "Reconciled",
    "Relation",
    "SharedError",
    "Stream",
    "reconcile",
    "solvability",
]
