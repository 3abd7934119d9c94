"""The sweep of ``planning`` without its warm start: every plan compiled, solved from nothing and certified."""

from __future__ import annotations

from benchmarks.planning import PROBLEMS, VARIATIONS, peer
from benchmarks.registry import Subject
from ferrolan.planning import compile, solve


def ours() -> list[float]:
    return [solve(compile(problem)).objective for problem in PROBLEMS]


SUBJECT = Subject(
    name="a sweep of plans, both cold",
    station="planning",
    ours=ours,
    peer=peer,
    peer_name="scipy linprog (HiGHS)",
    note=f"the {VARIATIONS} variations of the warm sweep, each with a new solver on both sides; ours also compiles and "
    "certifies, the peer gets the arrays ready made",
)
