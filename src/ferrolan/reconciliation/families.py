"""Sets of gross errors that explain the data equally well: where one set is named, its rivals must be.

For example: with three meters of the mineral plant missing, serial search accuses streams 15 and 7; {3, 7, 16}, {2, 7,
16} and three other triples explain the data to the same last digit, though 15 is a good meter. All sets of two or three
candidates are tried through their gram matrix (J - b' Q^-1 b), which needs no solve, and those that pass the global
test within 3.84 of the best are one family. Equivalence of sets: Bagajewicz & Jiang, Comput. Chem. Eng. 22 (1998)
1789-1809.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy import special

from ferrolan.numerics.kkt import Floats, Integers
from ferrolan.reconciliation.culprits import NEAR
from ferrolan.reconciliation.hypotheses import PARALLEL, Hypotheses
from ferrolan.reconciliation.tests import LEVEL

LARGEST = 3
"""Most members of a set."""
CANDIDATES = 40
"""Most hypotheses of which sets are made: those with the largest likelihood ratios, alone or in the path."""
_SAME = 1e-6
"""Share of the objective within which two sets explain as much."""


@dataclass(frozen=True)
class Family:
    """One set; ``lowest``: no set of its size explains more; ``smaller``: a part of it passes already."""

    members: tuple[int, ...]
    objective: float
    degrees_of_freedom: int
    p_value: float
    lowest: bool
    smaller: bool


def families(
    hypotheses: Hypotheses,
    objective: float,
    degrees_of_freedom: int,
    *,
    path: Sequence[int] = (),
    level: float = LEVEL,
    largest: int = LARGEST,
) -> tuple[Family, ...]:
    """Sets that pass the global test, the smallest size that does and one more, best first.

    Parameters
    ----------
    path
        Hypotheses found by serial search; they are candidates whatever their own likelihood ratio.

    Returns
    -------
    Of each size the sets within 3.84 of the best; a single member that suffices is not joined by others. Sets that
    leave nothing to test do not count as passing. Empty where the account passes as it is, or no set of up to
    ``largest`` members makes it pass.
    """
    if degrees_of_freedom <= 0 or special.chdtrc(degrees_of_freedom, objective) > level:
        return ()
    candidates = _candidates(hypotheses, path)
    gram, score = hypotheses.block(candidates), hypotheses.score[candidates]
    found: list[Family] = []
    passing: set[frozenset[int]] = set()
    for size in range(1, min(largest, degrees_of_freedom - 1, len(candidates)) + 1):
        sets = np.array(list(combinations(range(len(candidates)), size)), dtype=np.int64)
        left = objective - _explained(gram, score, sets)
        p_values = special.chdtrc(degrees_of_freedom - size, np.maximum(left, 0.0))
        kept = np.flatnonzero(np.isfinite(left) & (p_values > level))
        if len(kept) == 0:
            continue
        best = float(np.min(left[kept]))
        before = frozenset(passing)
        for number in kept[np.argsort(left[kept], kind="stable")].tolist():
            members = tuple(sorted(candidates[i] for i in sets[number].tolist()))
            passing.add(frozenset(members))
            if left[number] - best < NEAR:
                lowest = bool(left[number] - best <= _SAME * max(objective, 1.0))
                part = any(smaller < frozenset(members) for smaller in before)
                rest = degrees_of_freedom - size
                found.append(Family(members, float(left[number]), rest, float(p_values[number]), lowest, part))
        if before or size == 1:
            break
    return tuple(found)


def _candidates(hypotheses: Hypotheses, path: Sequence[int]) -> list[int]:
    """The path, then the testable ones with the largest T alone; their sizes are worked out. One meter, one bias."""
    rough = hypotheses.conditional([])
    order = [*path, *np.argsort(-rough, kind="stable").tolist()]
    chosen: list[int] = []
    seen: set[tuple[str, str | None, str | None]] = set()
    for number in order:
        label = hypotheses.labels[number]
        name = (label.object, label.tag, label.component)
        if hypotheses.testable[number] and name not in seen and len(chosen) < CANDIDATES:
            seen.add(name)
            chosen.append(int(number))
    hypotheses.refine(chosen)
    return [number for number in chosen if hypotheses.testable[number]]


def _explained(gram: Floats, score: Floats, sets: Integers) -> Floats:
    """Fall of the objective, b' Q^-1 b, of every set, (sets,); nan where its members are not independent."""
    scale = np.sqrt(np.diag(gram))
    cosine, unit = gram / np.outer(scale, scale), score / scale
    blocks = cosine[sets[:, :, None], sets[:, None, :]]
    right = unit[sets]
    sound = np.linalg.eigvalsh(blocks)[:, 0] > PARALLEL
    explained = np.full(len(sets), np.nan)
    solved = np.linalg.solve(blocks[sound], right[sound][:, :, None])[:, :, 0]
    explained[sound] = np.einsum("ij,ij->i", right[sound], solved)
    return explained
