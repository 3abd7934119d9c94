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
from ferrolan.process.cascade.acid_balance import (
    Carriers,
    carriers_of,
    counter_ion_fed,
    free_acid,
    ligand_of,
)
from ferrolan.process.cascade.chemistry import LN10, LogDistribution, MassAction
from ferrolan.process.cascade.efficiency import Amounts, Balances, balances_of
from ferrolan.process.cascade.train import PRODUCT, RAFFINATE, SPENT, Floats, Profile, Train

TOLERANCE = 1e-11
"""Largest residual of a converged profile, in logarithms of a stage's equivalents and extractant [1]."""
ADMITTED = 1e-8
"""Residual at which round-off may stop the iteration [1]."""
_STRIDE = 2.0
"""Largest change of a pH or ln free extractant in one step."""
_PATIENCE = 15
"""Newton steps from a cold start before the march begins."""
_EVALUATIONS = 1500
_FIRST_SHARE = 10.0
"""First pseudo-time step: each stage is given ten times its throughput of what it held."""
_LAST_SHARE = 1e-4
_STEP_TOLERANCE = 1e-2
"""Residual at which a pseudo-time step is good enough: only its end counts."""


class _Point(NamedTuple):
    """pH and ln free extractant of every stage (N,)."""

    ph: Floats
    log_free: Floats


class _Linear(NamedTuple):
    """Residual (2 N,), its Jacobian (2 N, 2 N) to pH and ln free extractant, and the amounts there."""

    residual: Floats
    jacobian: Floats
    amounts: Amounts


@dataclass(frozen=True, eq=False)
class _Problem:
    """A train with what its solution needs, the counter-ion a further component where it is exchanged."""

    train: Train
    chemistry: MassAction
    carriers: Carriers
    balances: Balances
    valence: Floats
    bound: Floats

    @property
    def exchanges_counter_ion(self) -> bool:
        return len(self.valence) > len(self.train.components)


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
        a stage [kmol/h], "loading" the share of the extractant that holds metal [1], "outside_fit" the distance beyond
        the range of a fit.

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
    """
    problem = _problem_of(train)
    point, evaluations = _found(problem, _begin(problem, start))
    return _profile(problem, point, evaluations)


def _problem_of(train: Train) -> _Problem:
    chemistry = train.chemistry
    if not isinstance(chemistry, MassAction):
        raise ProblemError(f"chemistry: closure B needs a MassAction, got {type(chemistry).__name__}.")
    _check(train, chemistry)
    carriers = carriers_of(train, chemistry)
    balances = balances_of(train, carriers)
    valence, bound = np.asarray(chemistry.valence), np.asarray(chemistry.bound)
    if not chemistry.counter_ion_constant:
        return _Problem(train, chemistry, carriers, balances, valence, bound)
    fed = counter_ion_fed(train, chemistry)[:, None]
    efficiency = balances.efficiency
    widened = Balances(
        carriers,
        np.hstack([balances.liquor_feed, fed]),
        np.hstack([balances.organic_feed, np.zeros_like(fed)]),
        None if efficiency is None else np.hstack([efficiency, np.ones_like(fed)]),
    )
    return _Problem(train, chemistry, carriers, widened, np.append(valence, 1.0), np.append(bound, 1.0))


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
    if train.scrub and not chemistry.scrub_volume:
        raise ProblemError(f"scrub_volume: the scrub brings acid for {train.scrub:g} kmol/h; give its volume.")
    if (train.stripping is None) != (chemistry.strip is None):
        missing = "strip: give the acid of the stripping section" if chemistry.strip is None else "stripping: give its stages"
        raise ProblemError(f"{missing}, or leave both out.")
    _check_feeds(train)


def _check_feeds(train: Train) -> None:
    if not train.feeds:
        raise ProblemError("feeds: expected at least one.")
    for feed in train.feeds:
        amounts = feed.amounts
        if amounts.shape != (len(train.components),) or not np.all(np.isfinite(amounts) & (amounts >= 0.0)):
            raise ProblemError(
                f"feed {feed.name!r}: expected {len(train.components)} amounts of at least 0 kmol/h, got {amounts.tolist()}."
            )
        solution = feed.solution
        if solution is None and feed.phase == "aqueous":
            raise ProblemError(f"feed {feed.name!r}: closure B needs its volume and acid; give Feed.solution.")
        if solution is not None and not (0.0 <= solution.volume < np.inf and 0.0 <= solution.acid < np.inf):
            raise ProblemError(
                f"feed {feed.name!r}: expected a volume and acid of at least 0, got {solution.volume} m3/h, {solution.acid}."
            )
    for thing in (*train.feeds, *train.draws, *train.acids):
        if not 1 <= thing.stage <= train.size:
            raise ProblemError(f"stage {thing.stage} of {thing!r}: the train has stages 1 to {train.size}.")


def _begin(problem: _Problem, start: Profile | None) -> _Point | None:
    """The start's pH and free extractant, where it has them for as many stages."""
    if start is None or "pH" not in start.states or len(start.states["pH"]) != problem.train.size:
        return None
    return _Point(start.states["pH"], np.log(start.states["free_extractant"]))


def _found(problem: _Problem, start: _Point | None) -> tuple[_Point, int]:
    """Newton from the start, else from a cold point, else by the march."""
    spent = 0
    for begin in (start, _cold(problem)):
        if begin is not None:
            point, count = _newton(problem, begin)
            spent += count
            if point is not None:
                return point, spent
    return _march(problem, spent)


def _cold(problem: _Problem) -> _Point:
    """Most of the liquor's equivalents metal, a third of the extractant taken; in stripping, neither."""
    carriers = problem.carriers
    stripping = np.arange(len(carriers.liquor)) >= carriers.strip_from
    acid = np.where(stripping, 0.9, 0.4) * carriers.equivalents
    free = np.where(stripping, 0.95, 0.65) * carriers.extractant / carriers.organic
    return _Point(_ph_of(problem, acid), np.log(free))


def _ph_of(problem: _Problem, acid: Floats) -> Floats:
    """pH at which the liquor of each stage holds ``acid`` [kmol/h]; in sulfate the root of a quadratic."""
    liquor = problem.carriers.liquor
    if problem.chemistry.medium != "sulfate":
        return -np.log10(acid / liquor)
    constant = problem.chemistry.second_dissociation
    middle = liquor * constant + problem.carriers.anion - acid
    root = np.sqrt(middle**2 + 4.0 * liquor * acid * constant)
    protons = np.where(middle > 0.0, 2.0 * acid * constant / (middle + root), (root - middle) / (2.0 * liquor))
    return -np.log10(protons)


def _newton(problem: _Problem, point: _Point) -> tuple[_Point | None, int]:
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


def _march(problem: _Problem, spent: int) -> tuple[_Point, int]:
    """Pseudo-time from a train full of its feed: steps that succeed grow, others shrink, the last has no past."""
    point, held, share = _cold(problem), _filled(problem), _FIRST_SHARE
    while spent < _EVALUATIONS:
        arrived, amounts, count = _settled(problem, point, share, held)
        spent += count
        if arrived is None or amounts is None:
            share = max(10.0 * share, 10.0 * _LAST_SHARE)
            continue
        if share == 0.0:
            return arrived, spent
        point, held = arrived, amounts
        share /= 6.0 if count <= 3 else 3.0 if count <= 5 else 1.5
        share = share if share > _LAST_SHARE else 0.0
    error = _size(_linear(problem, point).residual)
    raise NotConverged(
        f"train of {problem.train.size} stages: no steady state after {spent} evaluations, residual {error:.1e}. The last "
        "pH and ln free extractant are in last_iterate; a train in which nothing limits the load has no steady front.",
        last_iterate=np.stack(point),
        residual=error,
    )


def _settled(
    problem: _Problem, point: _Point, share: float, held: Amounts
) -> tuple[_Point | None, Amounts | None, int]:
    """One step of pseudo-time; the last one, ``share`` 0, to full accuracy."""
    tolerance = _STEP_TOLERANCE if share else TOLERANCE
    best = np.inf
    for count in range(1, 9 if share else _PATIENCE + 1):
        linear = _linear(problem, point, share, held)
        error = _size(linear.residual)
        if error <= tolerance or (not share and error <= ADMITTED and error > 0.5 * best):
            return point, linear.amounts, count
        best = min(best, error)
        step = _step(linear)
        if step is None:
            return None, None, count
        point = _moved(point, step)
    return None, None, count


def _filled(problem: _Problem) -> Amounts:
    """A train whose liquor, and half of whose organic, hold the feed's composition."""
    fed = (problem.balances.liquor_feed + problem.balances.organic_feed).sum(axis=0)
    proportion = fed / (fed @ problem.valence) if fed.any() else fed
    carriers = problem.carriers
    return Amounts(np.outer(carriers.equivalents, proportion), np.outer(0.5 * carriers.extractant, proportion))


def _size(residual: Floats) -> float:
    error = float(np.abs(residual).max())
    return error if error == error else np.inf


def _step(linear: _Linear) -> Floats | None:
    """Newton's step (2 N,), or None where there is none."""
    if not np.isfinite(linear.residual).all():
        return None
    step, info = lapack.dgesv(linear.jacobian, -linear.residual)[2:]
    return step if info == 0 and np.isfinite(step).all() else None


def _moved(point: _Point, step: Floats) -> _Point:
    step = step * min(1.0, _STRIDE / float(np.abs(step).max()))
    stages = len(point.ph)
    return _Point(point.ph + step[:stages], point.log_free + step[stages:])


def _distributed(problem: _Problem, point: _Point) -> LogDistribution:
    """ln D of every component, the counter-ion among them where it is exchanged."""
    ligand = ligand_of(problem.carriers, problem.chemistry, point.ph)
    law = problem.chemistry.distribution.log_distribution(point.ph, point.log_free, ligand)
    if not problem.exchanges_counter_ion:
        return law
    values = np.log(problem.chemistry.counter_ion_constant) + LN10 * point.ph + point.log_free
    ones = np.ones((len(point.ph), 1))
    return LogDistribution(
        np.hstack([law.values, values[:, None]]),
        np.hstack([law.to_ph, LN10 * ones]),
        np.hstack([law.to_log_free, ones]),
    )


def _linear(problem: _Problem, point: _Point, share: float = 0.0, held: Amounts | None = None) -> _Linear:
    """Residual and Jacobian at a point."""
    carriers, valence, bound = problem.carriers, problem.valence, problem.bound
    law = _distributed(problem, point)
    ratio = np.exp(law.values) * carriers.volume_ratio[:, None]
    amounts, to_liquor, to_organic = problem.balances.sensitive(ratio, share, held)
    acid, acid_to_ph = free_acid(carriers, problem.chemistry, point.ph)
    free = np.exp(point.log_free) * carriers.organic
    equivalents = acid + amounts.liquor @ valence
    extractant = free + amounts.organic @ bound
    stages = len(acid)
    jacobian = np.empty((2 * stages, 2 * stages), order="F")
    for columns, slope in ((slice(0, stages), law.to_ph), (slice(stages, None), law.to_log_free)):
        jacobian[:stages, columns] = np.einsum("ikm,im->km", to_liquor, valence[:, None] * slope.T)
        jacobian[stages:, columns] = np.einsum("ikm,im->km", to_organic, bound[:, None] * slope.T)
    place = np.arange(stages)
    jacobian[place, place] += acid_to_ph
    jacobian[place + stages, place + stages] += free
    jacobian[:stages] /= equivalents[:, None]
    jacobian[stages:] /= extractant[:, None]
    residual = np.concatenate([np.log(equivalents / carriers.equivalents), np.log(extractant / carriers.extractant)])
    return _Linear(residual, jacobian, amounts)


def _profile(problem: _Problem, point: _Point, evaluations: int) -> Profile:
    """The amounts at the answer, checked once more."""
    train, carriers, size = problem.train, problem.carriers, len(problem.train.components)
    law = _distributed(problem, point)
    amounts = problem.balances.amounts(np.exp(law.values) * carriers.volume_ratio[:, None])
    acid = free_acid(carriers, problem.chemistry, point.ph)[0]
    free = np.exp(point.log_free)
    taken = amounts.organic @ problem.bound
    equivalents = (acid + amounts.liquor @ problem.valence) / carriers.equivalents
    extractant = (free * carriers.organic + taken) / carriers.extractant
    residual = _size(np.log(np.concatenate([equivalents, extractant])))
    liquor, organic = amounts.liquor[:, :size], amounts.organic[:, :size]
    outlets = _outlets(train, carriers, Amounts(liquor, organic))
    counter = amounts.liquor[:, -1] if problem.exchanges_counter_ion else carriers.counter_ion
    states = {
        "pH": point.ph,
        "free_extractant": free,
        "free_acid": acid,
        "counter_ion": counter,
        "loading": (organic @ problem.bound[:size]) / carriers.extractant,
        "outside_fit": problem.chemistry.distribution.outside(point.ph, free),
    }
    return Profile(
        train=train,
        aqueous=liquor,
        organic=organic,
        outlets=outlets,
        residual=residual,
        closure=_closure(train, outlets),
        iterations=evaluations,
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
