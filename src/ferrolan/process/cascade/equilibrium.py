"""Equilibrium of single stages in closure B: what a stage's contents become when its phases meet.

A mixer that holds 0.3 kmol of neodymium and praseodymium with acid and organic settles at one pH and one free
extractant. In mass action the determinant of both equations to both unknowns keeps its sign, so that the answer is the
only one. `flash` finds it for many stages at once; a train in time, and the cold start of a train in steady state, are
made of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ferrolan.base.errors import NotConverged, ProblemError
from ferrolan.process.cascade.acid_balance import Carriers, free_acid, ligand_of
from ferrolan.process.cascade.chemistry import LN10, LogDistribution, MassAction
from ferrolan.process.cascade.efficiency import Amounts
from ferrolan.process.cascade.train import Floats

_STRIDE = 1.0
_STEPS = 60
_HALVINGS = 50
_WIDTH = 40.0
"""Natural logarithms of free extractant that are searched."""
_PH = (-4.0, 20.0)
"""pH that is searched; a weak extractant's limit lies beyond any real liquor."""
_TOLERANCE = 1e-13
_ADMITTED = 1e-9
"""Residual at which round-off may stop the iteration [1]."""


class Point(NamedTuple):
    """pH and ln free extractant [kmol/m3] of every stage (N,)."""

    ph: Floats
    log_free: Floats


@dataclass(frozen=True, eq=False)
class Exchange:
    """The equations of every stage: ``carriers`` are what they must meet, per hour or as contents of a mixer.

    ``valence`` and ``bound`` (C,), or (C + 1,) where the counter-ion is exchanged and counts as the last component.
    """

    chemistry: MassAction
    carriers: Carriers
    valence: Floats
    bound: Floats

    @property
    def with_counter_ion(self) -> bool:
        """Whether the counter-ion is exchanged."""
        return self.chemistry.counter_ion_constant > 0.0

    def distribution(self, point: Point) -> LogDistribution:
        """Logarithm of D, and its derivatives, of every component."""
        ligand = ligand_of(self.carriers, self.chemistry, point.ph)
        law = self.chemistry.distribution.log_distribution(point.ph, point.log_free, ligand)
        if not self.with_counter_ion:
            return law
        values = np.log(self.chemistry.counter_ion_constant) + LN10 * point.ph + point.log_free
        ones = np.ones((len(point.ph), 1))
        return LogDistribution(
            np.hstack([law.values, values[:, None]]),
            np.hstack([law.to_ph, LN10 * ones]),
            np.hstack([law.to_log_free, ones]),
        )

    def ratio(self, values: Floats) -> Floats:
        """Organic over liquor amounts (N, C) at ln D = ``values`` [1]."""
        ratio: Floats = np.exp(values) * self.carriers.volume_ratio[:, None]
        return ratio

    def totals(self, point: Point, amounts: Amounts) -> Totals:
        """Equivalents of the liquor and extractant of the organic that these amounts come to."""
        acid, to_ph = free_acid(self.carriers, self.chemistry, point.ph)
        free = np.exp(point.log_free) * self.carriers.organic
        return Totals(acid + amounts.liquor @ self.valence, free + amounts.organic @ self.bound, acid, to_ph, free)

    def residual(self, totals: Totals) -> Floats:
        """Logarithms of the totals over what they must be (2 N,) [1]."""
        carriers = self.carriers
        ratios = (totals.equivalents / carriers.equivalents, totals.extractant / carriers.extractant)
        residual: Floats = np.log(np.concatenate(ratios))
        return residual


class Totals(NamedTuple):
    """Equivalents, extractant, free acid, its derivative to the pH, and free extractant of every stage (N,)."""

    equivalents: Floats
    extractant: Floats
    acid: Floats
    acid_to_ph: Floats
    free: Floats


@dataclass(frozen=True, eq=False)
class Equilibrium:
    """Stages at equilibrium.

    ``point`` pH and ln free extractant (N,); ``ratio`` E, organic over liquor amounts (N, C); ``log_ratio_to_contents``
    (N, C, C) the derivative of ln E_i to the contents of component j, their other totals held.
    """

    point: Point
    ratio: Floats
    amounts: Amounts
    log_ratio_to_contents: Floats


def exchange_of(chemistry: MassAction, carriers: Carriers) -> Exchange:
    """The stages' equations for what the carriers bring."""
    valence, bound = np.asarray(chemistry.valence), np.asarray(chemistry.bound)
    if chemistry.counter_ion_constant:
        valence, bound = np.append(valence, 1.0), np.append(bound, 1.0)
    return Exchange(chemistry, carriers, valence, bound)


def guess(exchange: Exchange, acid: Floats, free: Floats) -> Point:
    """The point at which shares ``acid`` of the equivalents and ``free`` of the extractant hold no metal."""
    carriers = exchange.carriers
    log_free = np.log(free * carriers.extractant / carriers.organic)
    return Point(_ph_of(exchange, acid * carriers.equivalents), log_free)


def flash(exchange: Exchange, contents: Floats, start: Point | None = None) -> Equilibrium:
    """Equilibrium of every stage with ``contents`` (N, C) of each component in both phases.

    Raises
    ------
    ProblemError
        If a stage holds more metal than its anions and its extractant can, together.
    NotConverged
        If a stage's equations are not met to 1e-9; with the last point.
    """
    _check_room(exchange, contents)
    half = np.full(len(contents), 0.5)
    begins = ([start] if start is not None else []) + [guess(exchange, half, half)]
    with np.errstate(all="ignore"):  # an iterate that overflows is refused where it is looked at
        for begin in begins:
            if (found := _newton(exchange, contents, begin))[1] <= _ADMITTED:
                return _equilibrium(exchange, contents, found[0])
        point, error = _newton(exchange, contents, _bracketed(exchange, contents))
    if not error <= _ADMITTED:
        raise NotConverged(
            f"equilibrium of {len(contents)} stages: residual {error:.1e}.",
            last_iterate=np.stack(point),
            residual=error,
        )
    return _equilibrium(exchange, contents, point)


def _newton(exchange: Exchange, contents: Floats, point: Point) -> tuple[Point, float]:
    """Where Newton's method comes to, and the largest residual there."""
    best = np.inf
    for _ in range(_STEPS):
        law, amounts, totals = _at(exchange, contents, point)
        error = exchange.residual(totals).reshape(2, -1)
        size = float(np.abs(error).max())
        if size <= _TOLERANCE or (size <= _ADMITTED and size > 0.5 * best):
            return point, size
        best = min(best, size)
        moved = _nearer(point, _matrices(exchange, law, amounts, totals), error)
        if moved is None:
            return point, np.inf
        point = moved
    return point, size


def _at(exchange: Exchange, contents: Floats, point: Point) -> tuple[LogDistribution, Amounts, Totals]:
    law = exchange.distribution(point)
    ratio = exchange.ratio(law.values)
    liquor = contents / (1.0 + ratio)
    amounts = Amounts(liquor, contents / (1.0 + 1.0 / ratio))
    return law, amounts, exchange.totals(point, amounts)


def _equilibrium(exchange: Exchange, contents: Floats, point: Point) -> Equilibrium:
    law, amounts, totals = _at(exchange, contents, point)
    return Equilibrium(point, exchange.ratio(law.values), amounts, _to_contents(exchange, law, amounts, totals))


def _bracketed(exchange: Exchange, contents: Floats) -> Point:
    """The point by halving: at each free extractant the pH that meets the liquor, and of these the one for both."""
    carriers = exchange.carriers
    high = np.log(carriers.extractant / carriers.organic)
    low = high - _WIDTH
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        point = _meeting_liquor(exchange, contents, middle)
        full = exchange.residual(_at(exchange, contents, point)[2])[len(middle) :] > 0.0
        low, high = np.where(full, low, middle), np.where(full, middle, high)
    return point


def _meeting_liquor(exchange: Exchange, contents: Floats, log_free: Floats) -> Point:
    low, high = np.full(len(log_free), _PH[0]), np.full(len(log_free), _PH[1])
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        totals = _at(exchange, contents, Point(middle, log_free))[2]
        acid = totals.equivalents > exchange.carriers.equivalents
        low, high = np.where(acid, middle, low), np.where(acid, high, middle)
    return Point(middle, log_free)


def _check_room(exchange: Exchange, contents: Floats) -> None:
    carriers = exchange.carriers
    if not (exchange.bound > 0.0).all():
        return
    room = carriers.equivalents + carriers.extractant * float(np.max(exchange.valence / exchange.bound))
    full = np.flatnonzero(contents @ exchange.valence >= room)
    if len(full):
        raise ProblemError(
            f"stage {int(full[0]) + 1} holds {contents[full[0]] @ exchange.valence:g} equivalents of metal; its liquor "
            f"and organic have room for {room[full[0]]:g}. Give its acid and extractant in the unit of its contents."
        )


def _nearer(point: Point, matrices: Floats, error: Floats) -> Point | None:
    """One Newton step of every stage, of bounded stride; None where there is none."""
    try:
        step = -np.linalg.solve(matrices, error.T[:, :, None])[:, :, 0]
    except np.linalg.LinAlgError:
        return None
    if not np.isfinite(step).all():
        return None
    step *= np.minimum(1.0, _STRIDE / np.maximum(np.abs(step).max(axis=1), 1e-300))[:, None]
    return Point(point.ph + step[:, 0], point.log_free + step[:, 1])


def _matrices(exchange: Exchange, law: LogDistribution, amounts: Amounts, totals: Totals) -> Floats:
    """Jacobian of each stage's two residuals to its pH and ln free extractant (N, 2, 2)."""
    moved = amounts.liquor * amounts.organic / np.maximum(amounts.liquor + amounts.organic, 1e-300)
    matrices = np.empty((len(moved), 2, 2))
    for column, slope in enumerate((law.to_ph, law.to_log_free)):
        matrices[:, 0, column] = -(moved * slope) @ exchange.valence
        matrices[:, 1, column] = (moved * slope) @ exchange.bound
    matrices[:, 0, 0] += totals.acid_to_ph
    matrices[:, 1, 1] += totals.free
    matrices[:, 0] /= totals.equivalents[:, None]
    matrices[:, 1] /= totals.extractant[:, None]
    return matrices


def _to_contents(exchange: Exchange, law: LogDistribution, amounts: Amounts, totals: Totals) -> Floats:
    """Implicit derivative of ln E to the contents (N, C, C)."""
    share = amounts.organic / np.maximum(amounts.liquor + amounts.organic, 1e-300)
    right = np.stack(
        [
            exchange.valence * (1.0 - share) / totals.equivalents[:, None],
            exchange.bound * share / totals.extractant[:, None],
        ],
        axis=1,
    )
    moved = -np.linalg.solve(_matrices(exchange, law, amounts, totals), right)
    sensitivity: Floats = law.to_ph[:, :, None] * moved[:, :1, :] + law.to_log_free[:, :, None] * moved[:, 1:, :]
    return sensitivity


def _ph_of(exchange: Exchange, acid: Floats) -> Floats:
    """The pH at which the liquor of each stage holds ``acid`` [kmol/h]; in sulfate the root of a quadratic."""
    liquor, anion = exchange.carriers.liquor, exchange.carriers.anion
    if exchange.chemistry.medium != "sulfate":
        return -np.log10(acid / liquor)
    constant = exchange.chemistry.second_dissociation
    middle = liquor * constant + anion - acid
    root = np.sqrt(middle**2 + 4.0 * liquor * acid * constant)
    protons = np.where(middle > 0.0, 2.0 * acid * constant / (middle + root), (root - middle) / (2.0 * liquor))
    return -np.log10(protons)
