"""First guess of a long train's profile from a shorter one.

Two hundred stages with the feed in the last are hard to start: no theory draws them, and through time a front takes
thousands of steps from one end to the other. The same train with a few stages settles at once. Somewhere between its
ends, where the flows are alike, the profile is flat; there stages are put in, half as many again and again, and what
is left to Newton's method is little.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ferrolan.process.cascade.flows import Flows
from ferrolan.process.cascade.train import Floats

_SHORTEST = 6
"""Stages of a section between its ends below which nothing is taken out."""
_KEPT = 0.7
"""Share of such a section that is kept in one go."""
_ALIKE = 1e-9


def shortened(flows: Flows) -> tuple[Flows, NDArray[np.int_]] | None:
    """The train with fewer stages in its longest section, and the places (n,) of those that are left; None if short."""
    first, last = _longest_section(flows)
    taken = int((1.0 - _KEPT) * (last - first))
    if last - first < _SHORTEST or not taken:
        return None
    middle = (first + last - taken) // 2
    kept = np.delete(np.arange(flows.aqueous.size), np.arange(middle, middle + taken))
    return _of_stages(flows, kept), kept


def lengthened(slopes: Floats, kept: NDArray[np.int_], flows: Flows) -> Iterator[Floats]:
    """Guesses of ln K (N,) of the whole train from those (n,) of the stages kept, the likeliest first."""
    first, last = _longest_section(flows)
    more = flows.aqueous.size - kept.size
    steps = np.abs(np.diff(slopes[first : last - more]))
    for at in dict.fromkeys([int(np.argmin(steps)), 0, steps.size - 1, steps.size // 2]):
        place = first + at + 1
        between = np.linspace(slopes[place - 1], slopes[place], more + 2)[1:-1]
        yield np.concatenate([slopes[:place], between, slopes[place:]])


def _longest_section(flows: Flows) -> tuple[int, int]:
    """First and last + 1 of the most stages in a row of which flows and factors are alike and that nothing enters."""
    columns = np.vstack([flows.aqueous, flows.organic, flows.stays, flows.up, flows.down, flows.alpha, flows.feed])
    scale = np.abs(columns).max(axis=1, keepdims=True) + 1e-300
    alike = (np.abs(np.diff(columns, axis=1)) <= _ALIKE * scale).all(axis=0) & ~flows.feed[:, 1:].any(axis=0)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], alike.astype(np.int8), [0]])))
    if not edges.size:
        return 0, 0
    firsts, lasts = edges[::2], edges[1::2]
    longest = int(np.argmax(lasts - firsts))
    return int(firsts[longest]), int(lasts[longest]) + 1


def _of_stages(flows: Flows, kept: NDArray[np.int_]) -> Flows:
    return replace(
        flows,
        alpha=np.ascontiguousarray(flows.alpha[:, kept]),
        feed=np.ascontiguousarray(flows.feed[:, kept]),
        organic_feed=flows.organic_feed[:, kept],
        aqueous=flows.aqueous[kept],
        organic=flows.organic[kept],
        stays=flows.stays[:, kept],
        up=flows.up[:, kept],
        down=flows.down[:, kept],
        outlets={name: (int(np.searchsorted(kept, at)), shares) for name, (at, shares) in flows.outlets.items()},
    )
