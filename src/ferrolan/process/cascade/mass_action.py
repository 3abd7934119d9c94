"""Closure B: the steady state of a train whose pH and free extractant are unknown.

Twelve metals of a sulfate liquor meet an organic of di-2-ethylhexyl phosphoric acid in three stages: rare earths enter
the organic, and so do iron and calcium, which take extractant and set acid free, so that less of the next metal enters.
Each stage has two unknowns, its pH and the logarithm of its free extractant, and two equations::

    ln[(free acid(pH) + Σ z_i l_i) / equivalents] = 0        ln[(free extractant + Σ b_i v_i) / extractant] = 0

(`acid_balance`). For given pH and free extractant every distribution is known, and the amounts follow from one linear
system a component (`efficiency`): positive and exactly closed at every iterate. What is left is Newton's method on 2 N
unknowns with the exact Jacobian. Where it does not go straight to the answer, `_march` takes steps of implicit Euler in
a pseudo-time, from a train filled with its feed, and lets them grow as they succeed: a cold start that arrives.

References
----------
Kelley, C. T., Keyes, D. E. (1998). Convergence analysis of pseudo-transient continuation. SIAM J. Numer. Anal. 35,
508-523. doi:10.1137/S0036142996304796
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.linalg import lapack

from ferrolan.base.errors import NotConverged, ProblemError
from ferrolan.process.cascade.acid_balance import Carriers, carriers_of, counter_ion_fed
from ferrolan.process.cascade.acid_pinch import acid_pinch
from ferrolan.process.cascade.chemistry import MassAction
from ferrolan.process.cascade.efficiency import Amounts, Balances, balances_of
from ferrolan.process.cascade.equilibrium import Exchange, Point, exchange_of, flash, guess
from ferrolan.process.cascade.train import PRODUCT, RAFFINATE, SPENT, Floats, Profile, Train

TOLERANCE = 1e-11
"""Largest residual of a converged profile, in logarithms of a stage's equivalents and extractant [1]."""
ADMITTED = 1e-8
"""Residual at which round-off may stop the iteration [1]."""
_REFUSED = 1e-7
"""Residual of the amounts computed anew, without subtraction, above which there is no answer [1]."""
_STRIDE = 2.0
"""Largest change of a pH or ln free extractant in one step."""
_PATIENCE = 15
"""Newton steps from a cold start before the march begins."""
_EVALUATIONS = 1500
_INNER = 8
"""Newton steps of a pseudo-time step; one that follows a failure, and is shorter, gets four times as many."""
_FIRST_SHARE = 10.0
"""First pseudo-time step: each stage is given ten times its throughput of what it held."""
_LAST_SHARE = 1e-7
_STEP_TOLERANCE = 3e-2
"""Residual at which a pseudo-time step is good enough: only its end counts."""


class _Linear(NamedTuple):
    """Residual (2 N,), its Jacobian (2 N, 2 N) to pH and ln free extractant, and the amounts there."""

    residual: Floats
    jacobian: Floats
    amounts: Amounts


@dataclass(frozen=True, eq=False)
class _Problem:
    """A train with its stages' equations and its components' balances."""

    train: Train
    exchange: Exchange
    balances: Balances


def solve(train: Train, start: Profile | None = None) -> Profile:
    """Steady state of a train of closure B.

    Parameters
    ----------
    train
        With a `MassAction` for its chemistry.
    start
        Profile of a similar train, from which to begin; None begins cold.

    Returns
    -------
    Profile
        With ``states``: "pH" [1], "free_extractant" [kmol/m3], "free_acid" and "counter_ion" of the liquor that leaves
        a stage and "saponified", the counter-ion of its organic [kmol/h], "loading" the share of the extractant that
        holds metal [1], "outside_fit" the distance beyond the range of a fit. ``distance_to_pinch`` takes those of the
        feed stage for its sections' flows and factors.

    Raises
    ------
    ProblemError
        If the train contradicts itself.
    NotConverged
        If no steady state was found; with the last pH and ln free extractant.

    Notes
    -----
    Volumes are additive and constant, activities are left to the law of distribution, and hydroxide is neglected: below
    pH 6.

    Examples
    --------
    >>> from ferrolan.process.cascade import Feed, MassAction, SlopeLaw, Solution, Train
    >>> acid = MassAction(SlopeLaw([-2.5, -1.5]), organic_volume=10.0, extractant=1.0)  # synthetic
    >>> liquor = Feed(3, (0.5, 0.5), solution=Solution(volume=5.0, acid=0.05))
    >>> profile = solve(Train(("Pr", "Tb"), 3, (liquor,), 0.5, 0.0, acid))
    >>> profile.states["pH"].round(2).tolist(), round(profile.recovery("organic_product", "Tb"), 3)
    ([1.09, 0.91, 0.9], 0.985)
    """
    problem = _problem_of(train)
    with np.errstate(all="ignore"):  # an iterate that overflows is refused where it is looked at
        point, evaluations = _found(problem, _begin(problem, start))
        return _profile(problem, point, evaluations)


def _problem_of(train: Train) -> _Problem:
    chemistry = train.chemistry
    if not isinstance(chemistry, MassAction):
        raise ProblemError(f"chemistry: closure B needs a MassAction, got {type(chemistry).__name__}.")
    _check(train, chemistry)
    carriers = carriers_of(train, chemistry)
    balances = balances_of(train, carriers)
    if chemistry.counter_ion_constant:
        balances = _with_counter_ion(balances, counter_ion_fed(train, chemistry)[:, None])
    return _Problem(train, exchange_of(chemistry, carriers), balances)


def _with_counter_ion(balances: Balances, fed: Floats) -> Balances:
    """The counter-ion as a further component, ``fed`` (N, 1), which exchanges at once."""
    efficiency = balances.efficiency
    return Balances(
        balances.carriers,
        np.hstack([balances.liquor_feed, fed]),
        np.hstack([balances.organic_feed, np.zeros_like(fed)]),
        None if efficiency is None else np.hstack([efficiency, np.ones_like(fed)]),
    )


def _check(train: Train, chemistry: MassAction) -> None:
    """Refuse a train that closure B cannot speak of, by the name of the field."""
    size = len(train.components)
    if chemistry.distribution.components != size:
        raise ProblemError(
            f"distribution: it speaks of {chemistry.distribution.components} components, the train holds {size}."
        )
    if train.stages < 1:
        raise ProblemError(f"stages: expected at least 1, got {train.stages}.")
    for name in ("product_reflux", "raffinate_reflux"):
        if getattr(train, name):
            raise ProblemError(f"{name}: closure B returns no product; feed it as a liquor or an organic of its own.")
    for name in ("organic_load", "scrub"):
        value = getattr(train, name)
        if not 0.0 <= value < np.inf:
            raise ProblemError(f"{name}: expected at least 0 kmol/h, got {value}.")
    _check_acids(train, chemistry)
    _check_feeds(train)
    strangers = set(chemistry.draw_volumes) - {draw.name for draw in train.draws}
    if strangers:
        raise ProblemError(f"draw_volumes: the train has no draw {', '.join(sorted(strangers))}.")


def _check_acids(train: Train, chemistry: MassAction) -> None:
    if train.scrub and not chemistry.scrub_volume:
        raise ProblemError(f"scrub_volume: the scrub brings acid for {train.scrub:g} kmol/h; give its volume.")
    if (train.stripping is None) != (chemistry.strip is None):
        missing = (
            "strip: give the acid of the stripping section" if chemistry.strip is None else "stripping: give its stages"
        )
        raise ProblemError(f"{missing}, or leave both out.")
    strip = chemistry.strip
    if strip is not None and not (0.0 < strip.volume < np.inf and 0.0 < strip.acid < np.inf):
        raise ProblemError(
            f"strip: expected a volume and acid above 0, got {strip.volume} m3/h and {strip.acid} kmol/h."
        )
    if not np.isfinite([acid.amount for acid in train.acids]).all():
        raise ProblemError("acids: expected finite amounts.")


def _check_feeds(train: Train) -> None:
    if not train.feeds:
        raise ProblemError("feeds: expected at least one.")
    for feed in train.feeds:
        amounts = feed.amounts
        if amounts.shape != (len(train.components),) or not np.all(np.isfinite(amounts) & (amounts >= 0.0)):
            raise ProblemError(
                f"feed {feed.name!r}: expected {len(train.components)} amounts of at least 0 kmol/h, got "
                f"{amounts.tolist()}."
            )
        solution = feed.solution
        if solution is None and feed.phase == "aqueous":
            raise ProblemError(f"feed {feed.name!r}: closure B needs its volume and acid; give Feed.solution.")
        if solution is not None and not (0.0 <= solution.volume < np.inf and 0.0 <= solution.acid < np.inf):
            raise ProblemError(
                f"feed {feed.name!r}: expected a volume and acid of at least 0, got {solution.volume} m3/h and "
                f"{solution.acid} kmol/h."
            )
    places = [*(feed.stage for feed in train.feeds), *(draw.stage for draw in train.draws)]
    for stage in [*places, *(acid.stage for acid in train.acids)]:
        if not 1 <= stage <= train.size:
            raise ProblemError(f"stage {stage} of a feed, draw or acid: the train has stages 1 to {train.size}.")


def _begin(problem: _Problem, start: Profile | None) -> Point | None:
    """The start's pH and free extractant, where it has them for as many stages."""
    if start is None or "pH" not in start.states or len(start.states["pH"]) != problem.train.size:
        return None
    return Point(start.states["pH"], np.log(start.states["free_extractant"]))


def _found(problem: _Problem, start: Point | None) -> tuple[Point, int]:
    """Newton from the start, else from a cold point, else by the march."""
    spent = 0
    for begin in (start, _cold(problem)):
        if begin is not None:
            point, count = _newton(problem, begin)
            spent += count
            if point is not None:
                return point, spent
    return _march(problem, spent)


def _cold(problem: _Problem) -> Point:
    """Most of the liquor's equivalents metal, a third of the extractant taken; in stripping, neither."""
    stripping = np.arange(problem.train.size) >= problem.train.stages
    return guess(problem.exchange, np.where(stripping, 0.9, 0.4), np.where(stripping, 0.95, 0.65))


def _newton(problem: _Problem, point: Point) -> tuple[Point | None, int]:
    """Newton's method with a bounded stride; None where it does not arrive."""
    best, stalled = np.inf, 0
    for count in range(1, _PATIENCE + 1):
        linear = _linear(problem, point)
        error = _size(linear.residual)
        if error <= TOLERANCE or (error <= ADMITTED and error > 0.5 * best):
            return point, count
        stalled = 0 if error < best else stalled + 1
        best = min(best, error)
        step = _step(linear)
        if step is None or stalled > 4:
            return None, count
        point = _moved(point, step)
    return None, _PATIENCE


def _march(problem: _Problem, spent: int) -> tuple[Point, int]:
    """Pseudo-time from a train full of its feed: steps that succeed grow, others shrink, the last has no past."""
    filled = flash(problem.exchange, _filled(problem), _cold(problem))
    point, held, share = filled.point, filled.amounts, _FIRST_SHARE
    most = _INNER
    while spent < _EVALUATIONS:
        arrived, amounts, count = _settled(problem, point, share, held, most)
        spent += count
        if arrived is None or amounts is None:
            share, most = max(10.0 * share, 100.0 * _LAST_SHARE), 4 * _INNER
            continue
        most = _INNER
        if share == 0.0:
            return arrived, spent
        point, held = arrived, amounts
        share /= 20.0 if count <= 2 else 6.0 if count <= 3 else 3.0 if count <= 5 else 1.5
        share = share if share > _LAST_SHARE else 0.0
    error = _size(_linear(problem, point).residual)
    raise NotConverged(
        f"train of {problem.train.size} stages: no steady state after {spent} evaluations, residual {error:.1e}. The "
        "last pH and ln free extractant are in last_iterate.",
        last_iterate=np.stack(point),
        residual=error,
    )


def _settled(
    problem: _Problem, point: Point, share: float, held: Amounts, most: int
) -> tuple[Point | None, Amounts | None, int]:
    """One step of pseudo-time, good enough when its residual is small and a tenth of the first; the last to the end."""
    best = goal = np.inf
    for count in range(1, most + 1 if share else _PATIENCE + 1):
        linear = _linear(problem, point, share, held)
        error = _size(linear.residual)
        if count == 1:
            goal = min(_STEP_TOLERANCE, 0.1 * error) if share else TOLERANCE
        if error <= max(goal, TOLERANCE) or (not share and error <= ADMITTED and error > 0.5 * best):
            return point, linear.amounts, count
        best = min(best, error)
        step = _step(linear)
        if step is None:
            return None, None, count
        point = _moved(point, step)
    return None, None, count


def _filled(problem: _Problem) -> Floats:
    """Contents (N, C) of stages whose liquor, and half of whose organic, hold the feed's metals, and no counter-ion."""
    fed = (problem.balances.liquor_feed + problem.balances.organic_feed).sum(axis=0)
    fed[len(problem.train.components) :] = 0.0
    exchange = problem.exchange
    charge, bound = fed @ exchange.valence, fed @ np.maximum(exchange.bound, exchange.valence)
    if not charge:
        return np.outer(exchange.carriers.equivalents, fed)
    room = exchange.carriers.equivalents + 0.5 * exchange.carriers.extractant * charge / bound
    return np.outer(room, fed / charge)


def _size(residual: Floats) -> float:
    error = float(np.abs(residual).max())
    return error if error == error else np.inf


def _step(linear: _Linear) -> Floats | None:
    """Newton's step (2 N,), or None where there is none."""
    if not np.isfinite(linear.residual).all():
        return None
    step, info = lapack.dgesv(linear.jacobian, -linear.residual)[2:]
    return step if info == 0 and np.isfinite(step).all() else None


def _moved(point: Point, step: Floats) -> Point:
    step = step * min(1.0, _STRIDE / max(float(np.abs(step).max()), 1e-300))
    stages = len(point.ph)
    return Point(point.ph + step[:stages], point.log_free + step[stages:])


def _linear(problem: _Problem, point: Point, share: float = 0.0, held: Amounts | None = None) -> _Linear:
    """Residual and Jacobian at a point."""
    exchange = problem.exchange
    law = exchange.distribution(point)
    amounts, to_liquor, to_organic = problem.balances.sensitive(exchange.ratio(law.values), share, held)
    totals = exchange.totals(point, amounts)
    stages = len(totals.free)
    jacobian = np.empty((2 * stages, 2 * stages), order="F")
    for columns, slope in ((slice(0, stages), law.to_ph), (slice(stages, None), law.to_log_free)):
        jacobian[:stages, columns] = np.einsum("ikm,im->km", to_liquor, exchange.valence[:, None] * slope.T)
        jacobian[stages:, columns] = np.einsum("ikm,im->km", to_organic, exchange.bound[:, None] * slope.T)
    place = np.arange(stages)
    jacobian[place, place] += totals.acid_to_ph
    jacobian[place + stages, place + stages] += totals.free
    jacobian[:stages] /= totals.equivalents[:, None]
    jacobian[stages:] /= totals.extractant[:, None]
    return _Linear(exchange.residual(totals), jacobian, amounts)


def _profile(problem: _Problem, point: Point, evaluations: int) -> Profile:
    """The amounts at the answer, checked once more."""
    train, exchange, size = problem.train, problem.exchange, len(problem.train.components)
    carriers = exchange.carriers
    amounts = problem.balances.amounts(exchange.ratio(exchange.distribution(point).values))
    totals = exchange.totals(point, amounts)
    residual = _size(exchange.residual(totals))
    if not residual <= _REFUSED:
        raise NotConverged(
            f"train of {train.size} stages: round-off leaves a residual of {residual:.1e}.",
            last_iterate=np.stack(point),
            residual=residual,
        )
    liquor, organic = amounts.liquor[:, :size], amounts.organic[:, :size]
    outlets = _outlets(train, carriers, Amounts(liquor, organic))
    free = np.exp(point.log_free)
    states = {
        "pH": point.ph,
        "free_extractant": free,
        "free_acid": totals.acid,
        "counter_ion": amounts.liquor[:, -1] if exchange.with_counter_ion else carriers.counter_ion,
        "saponified": amounts.organic[:, -1] if exchange.with_counter_ion else np.zeros(train.size),
        "loading": (organic @ exchange.bound[:size]) / carriers.extractant,
        "outside_fit": exchange.chemistry.distribution.outside(point.ph, free),
    }
    return Profile(
        train=train,
        aqueous=liquor,
        organic=organic,
        outlets=outlets,
        residual=residual,
        closure=_closure(train, outlets),
        iterations=evaluations,
        distance_to_pinch=acid_pinch(train, liquor, organic, outlets),
        states=states,
    )


def _outlets(train: Train, carriers: Carriers, amounts: Amounts) -> dict[str, Floats]:
    """What leaves by every outlet (C,) [kmol/h]."""
    back = carriers.liquor_on[:, None] * amounts.liquor + carriers.organic_entrained[:, None] * amounts.organic
    last = carriers.organic_on[-1] * amounts.organic[-1] + carriers.liquor_entrained[-1] * amounts.liquor[-1]
    outlets = {RAFFINATE: back[0], PRODUCT: last}
    if train.stripping is not None:
        outlets |= {PRODUCT: back[carriers.strip_from], SPENT: last}
    for draw in train.draws:
        liquor = draw.phase == "aqueous"
        shares, held = (carriers.liquor_drawn, amounts.liquor) if liquor else (carriers.organic_drawn, amounts.organic)
        outlets[draw.name] = shares[draw.stage - 1] * held[draw.stage - 1]
    return outlets


def _closure(train: Train, outlets: dict[str, Floats]) -> Floats:
    """What enters less what leaves, against what enters (C,) [1]."""
    fed = train.fed
    difference = fed - np.sum(list(outlets.values()), axis=0)
    closure: Floats = difference / np.where(fed > 0.0, fed, 1.0)
    return closure
