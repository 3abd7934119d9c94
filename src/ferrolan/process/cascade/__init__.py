"""Trains of mixer-settlers: what they hold once settled, what flows they need at least, and how many stages.

A train of 45 stages parts a feed of two rare earths, separation factor 2, into 99.9 and 99.99 %; `rate` finds the
profile of any train.
"""

from ferrolan.process.cascade.minimum import Minimum, minimum_flows
from ferrolan.process.cascade.rating import rate
from ferrolan.process.cascade.train import Acid, Draw, Feed, Profile, SeparationFactors, Solution, Stripping, Train

__all__ = [
    "Acid",
    "Draw",
    "Feed",
    "Minimum",
    "Profile",
    "SeparationFactors",
    "Solution",
    "Stripping",
    "Train",
    "minimum_flows",
    "rate",
]
