"""One implicit step of a train in time, for one train or many at once.

A `Circuit` is a `Train` with its `Holdup` written as arrays: (B, C, N) by member of a batch, component and stage, so
that a hundred likely states of one plant are followed together. `implicit` is a step of implicit Euler;
with an endless step it is the steady state. Organic goes towards the last stage, liquor towards the first.

In a stage the organic that arrives, u, and the liquor, w, and feeds F make l and v, what leaves the contact::

    l + v = u + w + F        v = kappa u + eta alpha K l        kappa = (1 - eta) min(1, V / U)

where V and U are the totals leaving and arriving; eta = 1 is equilibrium. Eliminating u and v leaves a tridiagonal
system in l a component. Totals do not depend on composition: the organic leaves stage 1 with its load, the acid takes
the scrub off it in the last. Where the liquor brings less than the organic would take, the organic leaves unsaturated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dgtsv, dgttrf

from ferrolan.base.errors import NotConverged, ProblemError
from ferrolan.process.cascade.holdup import Holdup
from ferrolan.process.cascade.train import Draw, Feed, Floats, Phase, SeparationFactors, Train

Flags = NDArray[np.bool_]

_TRACE = 1e-9
"""Least flow that a phase keeps where the other would take all, against the organic's load [1]."""
_LONGEST_MOVE = 4.0
"""Largest change of ln K in one Newton step."""
_SLOW = 0.2
"""Residual left of a step, above which the Jacobian is made anew [1]."""


@dataclass(frozen=True, eq=False)
class Circuit:
    """A train and its holdup as arrays; B members of a batch, C components, N stages.

    ``alpha``, ``uptake`` (Murphree), ``fed`` and ``charged`` (aqueous and organic feeds [kmol/h]) are (B, C, N);
    ``load`` and ``scrub`` (B,) [kmol/h]; ``acid``, ``aqueous_rate``, ``organic_rate`` (flow over volume [1/h]),
    ``drawn_aqueous``, ``drawn_organic``, ``entrained_aqueous`` and ``entrained_organic`` (shares of what leaves a stage
    [1]) are (B, N). Any leading dimension may be 1.
    """

    alpha: Floats
    uptake: Floats
    fed: Floats
    charged: Floats
    load: Floats
    scrub: Floats
    acid: Floats
    aqueous_rate: Floats
    organic_rate: Floats
    drawn_aqueous: Floats
    drawn_organic: Floats
    entrained_aqueous: Floats
    entrained_organic: Floats

    @property
    def shape(self) -> tuple[int, int, int]:
        """Members, components, stages."""
        members = max(self.alpha.shape[0], self.uptake.shape[0], self.fed.shape[0], len(self.load), len(self.scrub))
        return members, self.alpha.shape[1], self.alpha.shape[2]

    @property
    def entering(self) -> Floats:
        """What enters of each component (B, C) [kmol/h]."""
        total: Floats = self.fed.sum(axis=2) + self.charged.sum(axis=2)
        return total


@dataclass(frozen=True, eq=False)
class Contents:
    """What the stages hold, (B, C, N) a phase [kmol]."""

    aqueous: Floats
    organic: Floats

    @property
    def held(self) -> Floats:
        """Stock of each component (B, C) [kmol]."""
        total: Floats = self.aqueous.sum(axis=2) + self.organic.sum(axis=2)
        return total


@dataclass(frozen=True, eq=False)
class Guess:
    """Where Newton's method starts: ``ln_k`` (B, N), and an inverse Jacobian (B, N, N) of a step before, if any."""

    ln_k: Floats
    inverse: Floats | None = None


@dataclass(frozen=True, eq=False)
class Stepped:
    """A step made: contents at its end, what left the contacts (B, C, N) [kmol/h], and the solver's account."""

    contents: Contents
    aqueous: Floats
    organic: Floats
    full: Flags
    guess: Guess
    residual: float
    iterations: int


def circuit_of(train: Train, holdup: Holdup) -> Circuit:
    """A train and its holdup as a batch of one.

    Raises
    ------
    ProblemError
        If the train's closure or one of its parts cannot be followed in time, or a flow is not above zero.
    """
    _check(train)
    N, C = train.stages, len(train.components)
    alpha = np.broadcast_to(np.asarray(train.chemistry.alpha), (N, C))  # type: ignore[attr-defined]  # checked above
    uptake = np.broadcast_to(np.asarray(train.efficiency, dtype=np.float64), (N, C))
    fed, charged = (_placed(train, phase) for phase in ("aqueous", "organic"))
    acid = np.zeros(N)
    for entry in train.acids:
        acid[entry.stage - 1] += entry.amount
    nothing = np.zeros((1, N))
    raw = Circuit(
        alpha=alpha.T[None].copy(),
        uptake=uptake.T[None].copy(),
        fed=fed.T[None].copy(),
        charged=charged.T[None].copy(),
        load=np.array([train.organic_load], dtype=np.float64),
        scrub=np.array([train.scrub], dtype=np.float64),
        acid=acid[None],
        aqueous_rate=nothing,
        organic_rate=nothing,
        drawn_aqueous=nothing,
        drawn_organic=nothing,
        entrained_aqueous=nothing + np.asarray(train.entrained_aqueous, dtype=np.float64),
        entrained_organic=nothing + np.asarray(train.entrained_organic, dtype=np.float64),
    )
    shares = _drawn(train, raw)
    return _with_rates(replace(raw, drawn_aqueous=shares[0], drawn_organic=shares[1]), train, holdup)


def residence(circuit: Circuit) -> tuple[Floats, Floats]:
    """How long liquor and organic stay in each stage (B, N), (B, N) [h]."""
    return 1.0 / circuit.aqueous_rate, 1.0 / circuit.organic_rate


def totals(circuit: Circuit) -> tuple[Floats, Floats]:
    """What leaves each stage in liquor and organic at rest (B, N), (B, N) [kmol/h], before draws."""
    still = np.zeros((circuit.shape[0], circuit.shape[2]))
    found = _totals(circuit, _Lag(np.ones_like(still), still, np.ones_like(still), still))
    return found.aqueous, found.organic


def outlets(circuit: Circuit, contents: Contents) -> tuple[Floats, Floats]:
    """What leaves the compartments of each stage, (B, C, N) a phase [kmol/h], before draws and entrainment."""
    return contents.aqueous * circuit.aqueous_rate[:, None], contents.organic * circuit.organic_rate[:, None]


def leaving(circuit: Circuit, contents: Contents) -> tuple[Floats, Floats, Floats, Floats]:
    """Raffinate and organic product (B, C), and what draws take, (B, C, N) a phase [kmol/h]."""
    aqueous, organic = outlets(circuit, contents)
    drawn = aqueous * circuit.drawn_aqueous[:, None], organic * circuit.drawn_organic[:, None]
    rest_a, rest_o = aqueous - drawn[0], organic - drawn[1]
    back, on = circuit.entrained_organic[:, None], circuit.entrained_aqueous[:, None]
    raffinate = rest_a[..., 0] * (1.0 - on[..., 0]) + rest_o[..., 0] * back[..., 0]
    product = rest_o[..., -1] * (1.0 - back[..., -1]) + rest_a[..., -1] * on[..., -1]
    return raffinate, product, *drawn


def implicit(
    circuit: Circuit, contents: Contents, hours: float, guess: Guess | None, tolerance: float = 1e-10, most: int = 60
) -> Stepped:
    """One step of implicit Euler.

    Parameters
    ----------
    hours
        Length of the step [h]; ``inf`` gives the steady state.
    tolerance
        Error of the totals of the liquor, in logarithms [1].
    most
        Newton iterations at most.

    Raises
    ------
    NotConverged
        If Newton's method stops short; it holds ln K.
    """
    lag = _lag(circuit, contents, hours)
    flow = _totals(circuit, lag.summed)
    system = _system(circuit, lag, flow)
    fresh = Guess(_first(circuit, contents, flow))
    try:
        found = _newton(system, flow, guess or fresh, tolerance, most)
    except NotConverged:
        if guess is None:
            raise
        found = _newton(system, flow, fresh, tolerance, most)
    liquor, factor, ln_k, residual, count = found
    organic = system.organic(liquor, np.exp(ln_k))
    after = _after(circuit, contents, lag, liquor, organic)
    return Stepped(after, liquor, organic, flow.full, Guess(ln_k, factor), residual, count)


@dataclass(frozen=True, eq=False)
class _Lag:
    """Outflow of a compartment after the step: ``gain`` times what enters plus ``rest``, (B, C, N) or (B, N)."""

    gain_a: Floats
    rest_a: Floats
    gain_o: Floats
    rest_o: Floats

    @property
    def summed(self) -> _Lag:
        return _Lag(self.gain_a, self.rest_a.sum(axis=1), self.gain_o, self.rest_o.sum(axis=1))


@dataclass(frozen=True, eq=False)
class _Totals:
    """What leaves the contacts (B, N), what arrives there in the organic (B, N) [kmol/h], and whether it is full."""

    aqueous: Floats
    organic: Floats
    arriving: Floats
    full: Flags


@dataclass(frozen=True, eq=False)
class _System:
    """The tridiagonal system of a step, all of it that does not depend on K."""

    pull: Floats  # eta alpha
    carried: Floats  # rho = kappa / theta, 0 in stage 1
    more: Floats  # 1 + rho, the weight of eta alpha K in v
    below: Floats  # from k - 1: constant part, and the part times s_k-1
    below_s: Floats
    above: Floats
    above_s: Floats
    diagonal: Floats
    right: Floats
    through: Floats  # constant of v
    held_back: Floats  # of v, times what leaves the next stage in the liquor

    def solve(self, K: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Liquor (B, C, N) for distributions K (B, N), and the three diagonals."""
        taken = self.pull * K[:, None]
        s = self.carried + self.more * taken
        sub = self.below + self.below_s * _down(s)
        sup = self.above + self.above_s * _up(s)
        dia = 1.0 + taken + self.diagonal
        return _tridiagonal(sub, dia, sup, self.right), sub, dia, sup

    def organic(self, liquor: Floats, K: Floats) -> Floats:
        """What leaves the contacts in the organic (B, C, N)."""
        taken = self.pull * K[:, None]
        return (self.carried + self.more * taken) * liquor + self.through - self.held_back * _up(liquor)

    def jacobian(self, liquor: Floats, K: Floats, diagonals: tuple[Floats, Floats, Floats]) -> Floats:
        """Change of ln(sum_i l_ip) with ln K_k, (B, N, N) with p before k."""
        G = _inverse(*diagonals)
        moved = self.pull * K[:, None] * liquor
        m = self.more * moved
        first = _up(self.below_s) * m  # into row k + 1
        last = _down(self.above_s) * m  # into row k - 1
        change = np.einsum("pbcq,bcq->bpq", G, moved)
        change[..., :-1] += np.einsum("pbcq,bcq->bpq", G[..., 1:], first[..., :-1])
        change[..., 1:] += np.einsum("pbcq,bcq->bpq", G[..., :-1], last[..., 1:])
        result: Floats = -change / liquor.sum(axis=1)[..., None]
        return result


def _check(train: Train) -> None:
    if not isinstance(train.chemistry, SeparationFactors):
        raise ProblemError("dynamics: expected a train with SeparationFactors, got mass action. Fit its alpha.")
    alpha = np.asarray(train.chemistry.alpha)
    shape = (train.stages, len(train.components))
    if alpha.shape not in (shape, shape[1:]) or not np.all(np.isfinite(alpha)) or np.any(alpha <= 0.0):
        raise ProblemError(f"separation factors: expected {shape[1]} (or {shape}) above 0, got {alpha.tolist()}.")
    if train.stripping is not None or train.product_reflux or train.raffinate_reflux:
        raise ProblemError("dynamics: stripping or reflux of a product is not followed in time. Leave it out.")
    for name in ("organic_load", "scrub"):
        if not 0.0 < getattr(train, name) < np.inf:
            raise ProblemError(f"train.{name}: expected above 0 kmol/h, got {getattr(train, name)!r}.")
    efficiency = np.asarray(train.efficiency, dtype=np.float64)
    if np.any(efficiency <= 0.0) or np.any(efficiency > 1.0):
        raise ProblemError(f"train.efficiency: expected above 0 and up to 1, got {efficiency.tolist()}.")
    entrained = [np.asarray(share) for share in (train.entrained_aqueous, train.entrained_organic)]
    if any(np.any(share < 0.0) or np.any(share >= 1.0) for share in entrained):
        raise ProblemError("train.entrained: expected shares from 0 to below 1.")
    if np.any(efficiency < 1.0) and any(np.any(share > 0.0) for share in entrained):
        raise ProblemError("dynamics: entrainment is followed with stages at equilibrium alone. Give one of the two.")
    _check_feeds(train)


def _check_feeds(train: Train) -> None:
    C = len(train.components)
    for feed in train.feeds:
        amounts = feed.amounts
        if amounts.shape != (C,) or np.any(amounts < 0.0) or not np.all(np.isfinite(amounts)):
            found = amounts.tolist()
            raise ProblemError(f"feed {feed.name!r}: expected {C} amounts of at least 0 kmol/h, got {found}.")
    places: list[tuple[object, int]] = [(what, what.stage) for what in train.feeds]
    places += [(what, what.stage) for what in train.draws] + [(what, what.stage) for what in train.acids]
    for what, stage in places:
        if not 1 <= stage <= train.stages:
            raise ProblemError(f"{what!r}: expected a stage from 1 to {train.stages}.")


def _placed(train: Train, phase: Phase) -> Floats:
    placed = np.zeros((train.stages, len(train.components)))
    for feed in train.feeds:
        if feed.phase == phase:
            placed[feed.stage - 1] += feed.amounts
    return placed


def _drawn(train: Train, circuit: Circuit) -> tuple[Floats, Floats]:
    """Share of what leaves a stage that draws take (1, N), (1, N), from the totals at rest."""
    shares = np.zeros((2, 1, train.stages))
    for _ in range(len(train.draws)):  # a draw lowers the flows behind it, and so raises the share of the next
        tried = replace(circuit, drawn_aqueous=shares[0], drawn_organic=shares[1])
        flows = totals(tried)
        shares = np.zeros_like(shares)
        for draw in train.draws:
            shares[_phase(draw), 0, draw.stage - 1] += draw.rate / flows[_phase(draw)][0, draw.stage - 1]
    if np.any(shares < 0.0) or np.any(shares > 1.0):
        raise ProblemError("draws: a draw takes less than nothing, or more than its stage passes. Lower its rate.")
    return shares[0], shares[1]


def _phase(what: Feed | Draw) -> int:
    return ("aqueous", "organic").index(what.phase)


def _with_rates(circuit: Circuit, train: Train, holdup: Holdup) -> Circuit:
    """Flow over volume of each compartment [1/h]."""
    N = train.stages
    entering = np.zeros((2, N))
    entering[0, -1] += train.scrub / holdup.scrub_strength
    entering[1, 0] += train.organic_load / holdup.organic_capacity
    for feed in train.feeds:
        own = feed.solution.volume if feed.solution is not None else 0.0
        strength = (holdup.feed_strength, holdup.organic_capacity)[_phase(feed)]
        entering[_phase(feed), feed.stage - 1] += own or feed.amounts.sum() / strength
    for acid in train.acids:
        entering[0, acid.stage - 1] += max(acid.amount, 0.0) / holdup.scrub_strength
    kept = 1.0 - circuit.drawn_aqueous[0], 1.0 - circuit.drawn_organic[0]
    liquor = _passing(entering[0][::-1], kept[0][::-1])[::-1]
    organic = _passing(entering[1], kept[1])
    volumes = holdup.volumes(N)
    return replace(circuit, aqueous_rate=(liquor / volumes[0])[None], organic_rate=(organic / volumes[1])[None])


def _passing(entering: Floats, kept: Floats) -> Floats:
    """What passes each stage of a row where some enters and a share is kept (N,)."""
    passing = np.zeros_like(entering)
    on = 0.0
    for k, (more, share) in enumerate(zip(entering, kept, strict=True)):
        passing[k] = on + more
        on = passing[k] * share
    return passing


def _lag(circuit: Circuit, contents: Contents, hours: float) -> _Lag:
    """Outflow r a' of a compartment with a' = (a + hours l) / (1 + hours r): gain l + rest."""

    def one(rate: Floats, held: Floats) -> tuple[Floats, Floats]:
        turnover = np.minimum(hours * rate, 1e300)
        return turnover / (1.0 + turnover), (rate / (1.0 + turnover))[:, None] * held

    return _Lag(*one(circuit.aqueous_rate, contents.aqueous), *one(circuit.organic_rate, contents.organic))


def _totals(circuit: Circuit, lag: _Lag) -> _Totals:
    """Totals that leave the contacts; ``lag`` has rests (B, N)."""
    B = np.broadcast_shapes(circuit.load.shape, circuit.scrub.shape, lag.rest_a.shape[:1])
    load, scrub = np.broadcast_to(circuit.load, B).copy(), np.broadcast_to(circuit.scrub, B).copy()
    least = _TRACE * circuit.load
    for _ in range(100):
        organic, arriving = _organic_totals(circuit, lag, load, scrub)
        aqueous = _aqueous_totals(circuit, lag, organic - arriving)
        short_a, short_o = least - aqueous[:, 0], least - organic[:, -1]
        if np.all(short_a <= 1e-3 * least) and np.all(short_o <= 1e-3 * least):
            return _Totals(aqueous, organic, arriving, load >= (1.0 - 1e-6) * circuit.load)
        load -= np.maximum(short_a, 0.0)
        scrub -= np.maximum(short_o, 0.0)
    raise NotConverged("totals of the train: not both phases can be kept flowing.", last_iterate=(load, scrub))


def _organic_totals(circuit: Circuit, lag: _Lag, load: Floats, scrub: Floats) -> tuple[Floats, Floats]:
    """Totals that leave the contacts in the organic and that arrive there (B, N), (B, N)."""
    on, back = _routes(circuit.drawn_organic, circuit.entrained_organic)
    taken = np.broadcast_to(-circuit.acid, lag.rest_o.shape).copy()
    taken[:, -1] -= scrub
    known = circuit.charged.sum(axis=1) + _down(on * lag.rest_o) + _up(back * lag.rest_o)
    right = known + taken
    right[:, 0] += load
    sub = np.broadcast_to(-_down(on * lag.gain_o), right.shape).copy()
    sup = np.broadcast_to(-_up(back * lag.gain_o), right.shape).copy()
    organic = _tridiagonal(sub, np.ones_like(right), sup, right)
    passed = lag.gain_o * organic
    return organic, known + _down(on * passed) + _up(back * passed)


def _aqueous_totals(circuit: Circuit, lag: _Lag, taken: Floats) -> Floats:
    """Totals that leave the contacts in the liquor (B, N), for what the organic takes there."""
    on, back = _routes(circuit.drawn_aqueous, circuit.entrained_aqueous)
    right = circuit.fed.sum(axis=1) - taken + _up(on * lag.rest_a) + _down(back * lag.rest_a)
    sub = np.broadcast_to(-_down(back * lag.gain_a), right.shape)
    sup = np.broadcast_to(-_up(on * lag.gain_a), right.shape)
    return _tridiagonal(sub, np.ones_like(right), sup, right)


def _routes(drawn: Floats, entrained: Floats) -> tuple[Floats, Floats]:
    """Shares of what leaves a compartment that go on with the phase and back with the other."""
    return (1.0 - drawn) * (1.0 - entrained), (1.0 - drawn) * entrained


def _system(circuit: Circuit, lag: _Lag, flow: _Totals) -> _System:
    eta = circuit.uptake
    limit = np.minimum(1.0, flow.organic / np.maximum(flow.arriving, flow.organic))[:, None]
    kappa = (1.0 - eta) * limit
    theta = 1.0 - kappa
    rho = kappa / theta
    rho[..., 0] = 0.0
    on_a, back_a = (share[:, None] for share in _routes(circuit.drawn_aqueous, circuit.entrained_aqueous))
    on_o, back_o = (share[:, None] for share in _routes(circuit.drawn_organic, circuit.entrained_organic))
    gain_a, gain_o = lag.gain_a[:, None], lag.gain_o[:, None]
    arriving = _up(on_a * lag.rest_a) + _down(back_a * lag.rest_a) + circuit.fed  # of w + F, what is known
    through = -rho * arriving
    through[..., 0] = kappa[..., 0] * circuit.charged[..., 0]
    sent = lag.rest_o + gain_o * through
    charged = circuit.charged + _down(on_o * sent) + _up(back_o * sent)
    shape = charged.shape
    return _System(
        pull=eta * circuit.alpha,
        carried=rho,
        more=1.0 + rho,
        below=np.broadcast_to(-_down(back_a * gain_a), shape),
        below_s=-theta * _down(on_o * gain_o),
        above=np.broadcast_to(-_up(on_a * gain_a), shape),
        above_s=-theta * _up(back_o * gain_o),
        diagonal=theta * _down(on_o * gain_o * rho) * on_a * gain_a,
        right=arriving + theta * charged,
        through=through,
        held_back=rho * _up(np.broadcast_to(on_a * gain_a, shape)),
    )


def _first(circuit: Circuit, contents: Contents, flow: _Totals) -> Floats:
    """Logarithms of K (B, N) from the totals, with the composition of what each stage holds, or of the feed."""
    held = contents.aqueous + contents.organic
    mixed = np.where(held.sum(axis=1, keepdims=True) > 0.0, held, circuit.entering[..., None])
    middle = (circuit.alpha * mixed).sum(axis=1) / mixed.sum(axis=1)
    first: Floats = np.log(flow.organic / flow.aqueous / middle)
    return first


def _newton(
    system: _System, flow: _Totals, guess: Guess, tolerance: float, most: int
) -> tuple[Floats, Floats | None, Floats, float, int]:
    """Liquor (B, C, N), inverse Jacobian, ln K, the error left and the iterations."""
    ln_k, inverse = guess.ln_k, guess.inverse
    ln_total = np.log(flow.aqueous)
    before = np.inf
    for count in range(1, most + 1):
        liquor, *diagonals = system.solve(np.exp(ln_k))
        error = np.log(liquor.sum(axis=1)) - ln_total
        worst = float(np.abs(error).max())
        if worst < tolerance:
            return liquor, inverse, ln_k, worst, count
        if inverse is None or worst > _SLOW * before:
            made = system.jacobian(liquor, np.exp(ln_k), (diagonals[0], diagonals[1], diagonals[2]))
            inverse = _inverted(made)
        move = np.matmul(inverse, error[..., None])[..., 0]
        ln_k = ln_k - np.clip(move, -_LONGEST_MOVE, _LONGEST_MOVE)
        before = worst
    raise NotConverged(
        f"step of a train: totals off by {worst:.2g} after {most} iterations.", last_iterate=ln_k, residual=worst
    )


def _inverted(matrices: Floats) -> Floats:
    try:
        return np.linalg.inv(matrices).astype(np.float64, copy=False)
    except np.linalg.LinAlgError as fault:
        raise NotConverged("step of a train: its Jacobian is singular.", last_iterate=matrices) from fault


def _after(circuit: Circuit, contents: Contents, lag: _Lag, liquor: Floats, organic: Floats) -> Contents:
    """Contents after the step: outflow over rate; nothing where a stage has no volume."""

    def one(rate: Floats, gain: Floats, rest: Floats, entering: Floats) -> Floats:
        return np.asarray((gain[:, None] * entering + rest) / rate[:, None])

    aqueous = one(circuit.aqueous_rate, lag.gain_a, lag.rest_a, liquor)
    return Contents(aqueous, one(circuit.organic_rate, lag.gain_o, lag.rest_o, organic))


def _tridiagonal(sub: Floats, dia: Floats, sup: Floats, right: Floats) -> Floats:
    """Solve many tridiagonal systems (..., N) as one; the first of ``sub`` and the last of ``sup`` are 0."""
    *_, solution, failed = dgtsv(sub.ravel()[1:], dia.ravel(), sup.ravel()[:-1], right.ravel())
    if failed or not np.all(np.isfinite(solution)):
        raise NotConverged("step of a train: its tridiagonal system is singular.", last_iterate=solution)
    return np.asarray(solution).reshape(right.shape)


def _inverse(sub: Floats, dia: Floats, sup: Floats) -> Floats:
    """Inverses of tridiagonal matrices (B, C, N) as (N, B, C, N): row first, column last."""
    fore = _pivots(sub, dia, sup)
    back = _pivots(sup[..., ::-1], dia[..., ::-1], sub[..., ::-1])[..., ::-1]
    own = 1.0 / (fore + back - dia)
    down, up = -sub / back, -sup / fore
    N = dia.shape[-1]
    rows = np.empty((N, *dia.shape))
    row = np.zeros(dia.shape)
    for p in range(N):
        row = row * down[..., p, None]
        row[..., p] = own[..., p]
        rows[p] = row
    row = np.zeros(dia.shape)
    for p in range(N - 2, -1, -1):
        row[..., p + 1] = own[..., p + 1]
        row = row * up[..., p, None]
        rows[p] += row
    return rows


def _pivots(sub: Floats, dia: Floats, sup: Floats) -> Floats:
    """Pivots of Gauss' elimination without exchange of rows (B, C, N); LAPACK's where it exchanges none."""
    _, pivots, _, _, exchanged, _ = dgttrf(sub.ravel()[1:], dia.ravel(), sup.ravel()[:-1])
    if np.array_equal(exchanged, np.arange(1, dia.size + 1)):
        return np.asarray(pivots).reshape(dia.shape)
    own = dia.copy()
    for k in range(1, dia.shape[-1]):
        own[..., k] -= sub[..., k] * sup[..., k - 1] / own[..., k - 1]
    return own


def _up(values: Floats) -> Floats:
    """What stands at k + 1, at k; 0 at the end."""
    moved = np.zeros_like(values)
    moved[..., :-1] = values[..., 1:]
    return moved


def _down(values: Floats) -> Floats:
    """What stands at k - 1, at k; 0 at the beginning."""
    moved = np.zeros_like(values)
    moved[..., 1:] = values[..., :-1]
    return moved
