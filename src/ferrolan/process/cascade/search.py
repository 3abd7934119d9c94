"""The smallest train, the least reagent or the least volume that still makes the purities asked for.

Sixty stages or seventy-six, two mol of organic or one and a half: whoever builds wants the fewest stages, whoever runs
an existing train the least acid and base, and the volume of mixers, S times the stages, lies between. Every candidate
is simulated, none is a formula's word.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ferrolan.base.errors import Infeasible, ProblemError
from ferrolan.process.cascade.rating import rate
from ferrolan.process.cascade.train import Profile, Train

MOST_STAGES = 1000
_STEP = 8
_GAIN = 0.02
"""Least fall of the logarithm of the impurity for which a section is made longer."""
_FINE = 1e-4
"""Relative width at which a search over flows stops: finer than anybody sets a pump."""


@dataclass(frozen=True)
class Requirement:
    """At least this ``purity`` [1] of the components, together, in an outlet."""

    outlet: str
    components: tuple[str, ...]
    purity: float

    def __post_init__(self) -> None:
        if not 0.0 < self.purity < 1.0:
            raise ProblemError(
                f"{self.outlet}: expected a purity between 0 and 1, both out of reach, got {self.purity:g}."
            )

    def shortfall(self, profile: Profile) -> float:
        """Logarithm of the impurity over what is allowed: 0 or below is good [1]."""
        amounts, train = profile.outlets[self.outlet], profile.train
        wanted = {train.place(name) for name in self.components}
        impure = sum(float(amounts[at]) for at in range(len(amounts)) if at not in wanted)
        return math.log(max(impure / float(amounts.sum()), 1e-300) / (1.0 - self.purity))


@dataclass(frozen=True, eq=False)
class Found:
    """What a search came to: the train, its profile, and how many trains were simulated for it."""

    train: Train
    profile: Profile
    simulated: int


def shortfall(profile: Profile, requirements: Sequence[Requirement]) -> float:
    """The worst of the requirements, as `Requirement.shortfall` has it."""
    return max(one.shortfall(profile) for one in requirements)


def fewest_stages(train: Train, requirements: Sequence[Requirement], most: int = MOST_STAGES) -> Found:
    """Fewest stages at given flows; feeds and draws move with the sections they bound.

    Sections grow one after the other where it helps most, then stages are taken out and shifted until no single change
    saves one. The last section may come to nothing: then the feed, or what else stands there, enters the last stage.

    Raises
    ------
    Infeasible
        If more stages do not help, or if ``most`` are not enough, with the distance to what is asked for.
    """
    simulate = _Simulator(train, tuple(requirements))
    sizes = _sections(train)
    sizes = _grown(simulate, sizes, most)
    sizes = _pruned(simulate, sizes)
    return simulate.found(sizes)


def least_reagent(train: Train, requirements: Sequence[Requirement]) -> Found:
    """Least scrub W, and with it least organic S = W + product, at given stages and products.

    Raises
    ------
    Infeasible
        If no flow does it with these stages.
    """
    product = train.organic_load - train.scrub
    count = 0

    def at(scrub: float) -> Profile:
        nonlocal count
        count += 1
        return rate(replace(train, scrub=scrub, organic_load=scrub + product))

    high, worst = train.scrub, math.inf
    while (now := shortfall(at(high), requirements)) > 0.0:
        if now > worst - 1e-3 and high > 1e3 * train.fed.sum():
            raise Infeasible(
                f"{train.stages} stages: with any flow an outlet holds {math.exp(now):.3g} times the impurity "
                "allowed. Add stages, move the feed, or ask for less."
            )
        worst, high = now, high * 1.5
    low = 0.0
    while high - low > _FINE * high:
        middle = 0.5 * (low + high)
        low, high = (low, middle) if shortfall(at(middle), requirements) <= 0.0 else (middle, high)
    profile = at(high)
    return Found(profile.train, profile, count)


def least_volume(train: Train, requirements: Sequence[Requirement]) -> Found:
    """Least volume of mixers, S times the stages, over the scrub W at given products.

    The minimum is flat: 5 % between S = 1.5 and 2.0 in the three-outlet design of Zhang et al. (2016).

    Raises
    ------
    Infeasible
        If the purities are out of reach at the train's own flows.
    """
    product = train.organic_load - train.scrub
    best = fewest_stages(train, requirements)
    simulated = best.simulated
    factor = 1.3
    while factor > 1.02:
        for scrub in (best.train.scrub * factor, best.train.scrub / factor):
            try:
                now = fewest_stages(
                    replace(best.train, scrub=scrub, organic_load=scrub + product), requirements, _worth(best)
                )
            except (Infeasible, ProblemError):
                continue
            simulated += now.simulated
            if _volume(now) < _volume(best) * (1.0 - 1e-9):
                best = now
                break
        else:
            factor = math.sqrt(factor)
    return Found(best.train, best.profile, simulated)


def set_product(
    train: Train,
    outlet: str,
    components: tuple[str, ...],
    *,
    purity: float | None = None,
    recovery: float | None = None,
) -> Found:
    """Set the organic load S, at given scrub, so that an outlet has a purity or a recovery.

    Parameters
    ----------
    train
        Its scrub holds; its organic load is where the search begins.
    outlet, components
        What the specification is of.
    purity, recovery
        One of both [1].

    Raises
    ------
    ProblemError
        If not exactly one of both is given.
    Infeasible
        If no product rate meets it, with the range that can be had.
    """
    if (purity is None) == (recovery is None):
        raise ProblemError(f"{outlet}: expected a purity or a recovery, not both and not neither.")
    wanted = purity if recovery is None else recovery
    assert wanted is not None
    count = 0

    def at(product: float) -> Profile:
        nonlocal count
        count += 1
        return rate(replace(train, organic_load=train.scrub + product))

    def value(product: float) -> float:
        profile = at(product)
        return (profile.purity if recovery is None else profile.recovery)(outlet, *components)

    fed = float(train.fed.sum()) - sum(draw.rate for draw in train.draws)
    low, high = 1e-6 * fed, (1.0 - 1e-6) * fed
    ends = value(low), value(high)
    if not min(ends) <= wanted <= max(ends):
        raise Infeasible(
            f"{outlet}: {' + '.join(components)} at {wanted:g} is out of reach at scrub {train.scrub:g}: any product "
            f"rate gives {min(ends):.6g} to {max(ends):.6g}. Raise the scrub or add stages."
        )
    rising = ends[1] > ends[0]
    while high - low > 1e-12 * fed:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if (value(middle) < wanted) == rising else (low, middle)
    profile = at(0.5 * (low + high))
    return Found(profile.train, profile, count)


class _Simulator:
    """Shortfalls of trains with other section lengths, each simulated once."""

    def __init__(self, train: Train, requirements: tuple[Requirement, ...]) -> None:
        self.train, self.requirements = train, requirements
        self.known: dict[tuple[int, ...], tuple[float, Profile]] = {}

    def __call__(self, sizes: tuple[int, ...]) -> float:
        if sizes not in self.known:
            profile = rate(_resized(self.train, sizes))
            self.known[sizes] = shortfall(profile, self.requirements), profile
        return self.known[sizes][0]

    def found(self, sizes: tuple[int, ...]) -> Found:
        profile = self.known[sizes][1]
        return Found(profile.train, profile, len(self.known))


def _grown(simulate: _Simulator, sizes: tuple[int, ...], most: int) -> tuple[int, ...]:
    while simulate(sizes) > 0.0:
        stages = sum(sizes)
        longer = _longer(simulate, sizes, _STEP)
        if longer is None and stages // 4 > _STEP:  # of factors near one, a few stages of many do little
            left = most - stages
            longer = _longer(simulate, sizes, min(stages // 4, left) if left > _STEP else stages // 4)
        if longer is None:
            raise Infeasible(_out_of_reach(simulate, sizes))
        if sum(longer) > most:
            raise Infeasible(
                f"with {stages} stages an outlet still holds {math.exp(simulate(sizes)):.3g} times the impurity "
                f"allowed, and the search ends at {most}. Raise the scrub W and the organic load S, or ask for less."
            )
        sizes = longer
    return sizes


def _longer(simulate: _Simulator, sizes: tuple[int, ...], step: int) -> tuple[int, ...] | None:
    """The sections with one of them, or else all, longer by ``step``; None where that helps too little."""
    best = min((_changed(sizes, {at: step}) for at in range(len(sizes))), key=simulate)
    if simulate(sizes) - simulate(best) >= _GAIN:
        return best
    everywhere = tuple(size + step for size in sizes)
    return everywhere if simulate(sizes) - simulate(everywhere) >= _GAIN else None


def _out_of_reach(simulate: _Simulator, sizes: tuple[int, ...]) -> str:
    profile = simulate.known[sizes][1]
    pinched = [
        f"{name} at {1.0 + far:.3g} of its minimum" for name, far in profile.distance_to_pinch.items() if far < 0.0
    ]
    cause = f" The train is pinched: {', '.join(pinched)}." if pinched else ""
    return (
        f"with {sum(sizes)} stages an outlet still holds {math.exp(simulate(sizes)):.3g} times the impurity allowed, "
        f"and more stages do not help.{cause} Raise the scrub W and the organic load S, or set the products' rates to "
        "what can be recovered."
    )


def _pruned(simulate: _Simulator, sizes: tuple[int, ...]) -> tuple[int, ...]:
    """Take stages out of one section, if need be by adding fewer to another, while the requirements hold."""
    places = range(len(sizes))
    for step in (8, 4, 2, 1):
        moves = [{at: -step} for at in places]
        moves += [
            {at: -step - more, other: more} for more in (1, 2, step) for at in places for other in places if at != other
        ]
        improved = True
        while improved:
            improved = False
            for move in moves:
                fewer = _changed(sizes, move)
                if _is_train(fewer) and simulate(fewer) <= 0.0:
                    sizes, improved = fewer, True
                    break
    return sizes


def _is_train(sizes: tuple[int, ...]) -> bool:
    """Whether every section but the last, behind what enters there, has a stage."""
    return sum(sizes) >= 2 and min(sizes) >= 0 and min(sizes[:-1], default=1) >= 1


def _changed(sizes: tuple[int, ...], changes: dict[int, int]) -> tuple[int, ...]:
    return tuple(size + changes.get(at, 0) for at, size in enumerate(sizes))


def _bounds(train: Train) -> list[int]:
    """Stages at which feeds and draws stand, ascending, and the last one."""
    inner = {feed.stage for feed in train.feeds} | {draw.stage for draw in train.draws}
    inner |= {acid.stage for acid in train.acids}
    return sorted({*inner, train.stages})


def _sections(train: Train) -> tuple[int, ...]:
    bounds = _bounds(train)
    return tuple(after - before for before, after in zip([0, *bounds], bounds, strict=False))


def _resized(train: Train, sizes: tuple[int, ...]) -> Train:
    moved: dict[int, int] = {}
    at = 0
    for bound, size in zip(_bounds(train), sizes, strict=True):
        at += size
        moved[bound] = at
    return replace(
        train,
        stages=moved[train.stages],
        feeds=tuple(replace(feed, stage=moved[feed.stage]) for feed in train.feeds),
        draws=tuple(replace(draw, stage=moved[draw.stage]) for draw in train.draws),
        acids=tuple(replace(acid, stage=moved[acid.stage]) for acid in train.acids),
    )


def _volume(found: Found) -> float:
    return found.train.organic_load * found.train.stages


def _worth(found: Found) -> int:
    """Stages beyond which no organic load would pay, were it halved."""
    return 2 * found.train.stages + 16
