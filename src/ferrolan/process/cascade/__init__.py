"""Trains of mixer-settlers: what they hold once settled, what flows they need at least, and how many stages.

A train of 45 stages parts a feed of two rare earths, separation factor 2, into 99.9 and 99.99 %; `rate` finds the
profile of any train, `design` the flows and stages of one that does not exist yet, `fewest_stages`, `least_reagent` and
`least_volume` better ones, `rate_many` ten thousand neighbours.
"""

from ferrolan.process.cascade.batch import Batch, rate_many
from ferrolan.process.cascade.carried import Carried, carried, entering
from ferrolan.process.cascade.chemistry import FittedLaw, MassAction, SlopeLaw
from ferrolan.process.cascade.design import Design, design
from ferrolan.process.cascade.minimum import Minimum, distance_to_pinch, minimum_flows
from ferrolan.process.cascade.rating import rate
from ferrolan.process.cascade.search import (
    Found,
    Requirement,
    fewest_stages,
    least_reagent,
    least_volume,
    set_product,
)
from ferrolan.process.cascade.sensitivity import Sensitivity, sensitivity
from ferrolan.process.cascade.train import (
    PRODUCT,
    RAFFINATE,
    SPENT,
    Acid,
    Draw,
    Feed,
    Profile,
    SeparationFactors,
    Solution,
    Stripping,
    Train,
)

__all__ = [
    "PRODUCT",
    "RAFFINATE",
    "SPENT",
    "Acid",
    "Batch",
    "Carried",
    "Design",
    "Draw",
    "Feed",
    "FittedLaw",
    "Found",
    "MassAction",
    "Minimum",
    "Profile",
    "Requirement",
    "Sensitivity",
    "SeparationFactors",
    "SlopeLaw",
    "Solution",
    "Stripping",
    "Train",
    "carried",
    "design",
    "distance_to_pinch",
    "entering",
    "fewest_stages",
    "least_reagent",
    "least_volume",
    "minimum_flows",
    "rate",
    "rate_many",
    "sensitivity",
    "set_product",
]
