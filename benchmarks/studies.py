"""What a tonne is worth, and how sure: two hundred worlds, each with a joint plan and two companies' stand-alone plans.

The shipped example with its declared coefficients, every one of them drawn with a standard deviation of one per cent.
"""

from __future__ import annotations

import numpy as np

from benchmarks.registry import Subject
from ferrolan import verbs
from ferrolan.assembly.responses import Responses, declared_responses
from ferrolan.studies.concentrate import Case, study
from ferrolan.studies.worlds import declared_world, drawn_worlds

ENTERPRISE = verbs.load()
STOCKS = {"ore": 50_000.0, "iron_concentrate": 20_000.0, "re_concentrate": 2_500.0}


def _responses() -> Responses:
    frame = declared_responses(ENTERPRISE)
    declared = Responses(frame, (), np.zeros((0, 0)))
    keys = tuple(
        key for key, value in declared.coefficients().items() if key[2] in ENTERPRISE.commodities and value != -1.0
    )
    sds = np.array([0.01 * abs(declared.coefficients()[key]) for key in keys])
    return Responses(frame, keys, np.diag(sds**2))


RESPONSES = _responses()


def ours() -> object:
    worlds = (declared_world(RESPONSES, STOCKS), *drawn_worlds(ENTERPRISE, RESPONSES, STOCKS))
    base, *drawn = (
        Case(world.number, world.problem(ENTERPRISE), world.recovery(ENTERPRISE), world.lead_price(ENTERPRISE))
        for world in worlds
    )
    grade = ENTERPRISE.concentrate.grade.value
    return study(base, drawn, base.problem.transfers[0], None, grade).solves


SUBJECT = Subject(
    name="value of concentrate",
    station="studies",
    ours=ours,
    note="shipped example, declared coefficients drawn with 1 %: 201 worlds, about 1,800 certified solves",
)
