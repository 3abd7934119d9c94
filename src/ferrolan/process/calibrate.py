"""Fit a unit to what its account saw: a few physical numbers, with the account's own covariance.

The account of March says that 61.2 % of the REO and 8.1 % of the mass went into the concentrate, with errors that hang
together because one scale weighed the feed. Minimised is ``(y - f(p))' C^-1 (y - f(p)) + (p - p0)' P^-1 (p - p0)`` with
``f`` the unit's own solve, ``C`` the account's covariance, and ``p0``, ``P`` the specification as a prior. The answer
has a covariance, ``(J' C^-1 J + P^-1)^-1``; parameters of which the data say nothing keep their prior, and are named.

A. Tarantola, Inverse Problem Theory, SIAM 2005, chapter 3 (least squares with a Gaussian prior).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import least_squares
from scipy.stats import chi2 as chi2_law

from ferrolan.base.errors import Infeasible, NotConverged, ProblemError
from ferrolan.base.schema import Model, nearest
from ferrolan.process.material import Floats
from ferrolan.process.operation import Solved, solve
from ferrolan.process.parameters import bounds_of, parameters, with_parameters
from ferrolan.process.unit import Materials, UnitKind

UNSEEN = 0.98
"""Part of its prior standard deviation that a parameter keeps at least when data say nothing worth naming of it [1]."""

_Misfit = Callable[[Floats], Floats]

MISFIT = 1e-3
"""Probability below which a misfit is no longer one of chance [1]."""

_STAYED = 0.1  # prior standard deviations that a parameter may move and still count as unseen
_NO_FREEDOM = 1e-6  # observations beyond which there is a misfit to judge
_DEPENDENT = 1e-12  # of the largest variance of an observation, below which a combination of them counts as exact
_REFUSED = 1e3  # standard deviations that a point counts as wrong by, where the unit cannot run
_INSIDE = 1e-9  # of a prior standard deviation: how far inside its bounds a parameter stays, for some bounds are open
_STEP = 1e-3  # of a prior standard deviation: the step of a difference


@dataclass(frozen=True)
class Observation:
    """What an account saw of a unit.

    ``outlet`` is a port; ``component`` what is counted (None: mass of all species); ``per`` an inlet port: the figure
    is then a share of the same component in that inlet, a recovery [1], else an amount [t/h]. Without an outlet the
    figure is what the unit draws by the name ``drawn`` [t/h], or its ``power`` [MW], or either per tonne of the inlet
    ``per`` [t/t, MWh/t]; or the ``state`` of that name, in its own unit.
    """

    outlet: str | None = None
    component: str | None = None
    per: str | None = None
    drawn: str | None = None
    state: str | None = None


@dataclass(frozen=True, eq=False)
class Calibrated:
    """A unit fitted.

    Parameters
    ----------
    names
        Paths of the parameters.
    values, prior, prior_sd
        Fitted, declared, and how well they were known before, (parameters,), in the units of their fields.
    covariance
        Covariance of the fitted, (parameters, parameters).
    condition
        Ratio of the largest to the smallest information, with the prior's standard deviations as units [1].
    unseen
        Parameters about which the observations say nothing: they kept their prior.
    at_bound
        Parameters that stopped at a bound of their field; their covariance counts as if there were none.
    chi2
        Weighted sum of squares of what is left of the observations [1].
    expected
        How large it should be: independent observations less the parameters they determined [1].
    residuals
        What is left of each observation, observed less found, in its standard deviations, (observations,).
    spec
        The specification with the fitted numbers.
    """

    names: tuple[str, ...]
    values: Floats
    prior: Floats
    prior_sd: Floats
    covariance: Floats
    condition: float
    unseen: tuple[str, ...]
    at_bound: tuple[str, ...]
    chi2: float
    expected: float
    residuals: Floats
    spec: Model

    @property
    def sd(self) -> Floats:
        """Standard deviations of the fitted, (parameters,)."""
        found: Floats = np.sqrt(np.diag(self.covariance))
        return found

    @property
    def correlation(self) -> Floats:
        """Correlations of the fitted, (parameters, parameters) [1]."""
        found: Floats = self.covariance / np.outer(self.sd, self.sd)
        return found

    @property
    def probability(self) -> float:
        """Chance of a misfit at least as large, if unit and standard deviations are right [1]; 1 where none is left."""
        return float(chi2_law.sf(self.chi2, self.expected)) if self.expected > _NO_FREEDOM else 1.0

    @property
    def fits(self) -> bool:
        """Whether the misfit is one that chance allows; if not, unit, inlets or standard deviations are wrong."""
        return self.probability >= MISFIT

    @property
    def parameters(self) -> dict[str, float]:
        """Fitted numbers by path."""
        return dict(zip(self.names, self.values.tolist(), strict=True))


def calibrate(
    kind: UnitKind,
    spec: Model,
    observations: Sequence[Observation],
    values: npt.ArrayLike,
    covariance: npt.ArrayLike,
    inlets: Materials,
    prior_sd: Mapping[str, float],
    *,
    name: str | None = None,
) -> Calibrated:
    """Fit the parameters of a unit to observations.

    Parameters
    ----------
    kind, spec, inlets
        The unit, its specification (the prior), and what entered it.
    observations
        What was seen.
    values : (observations,)
        The figures seen.
    covariance : (observations, observations)
        Their covariance, that of the account; it may be singular where an account ties them together.
    prior_sd
        Standard deviation of every parameter to be fitted, by path; the others stay as they are.
    name
        Name of the unit in messages.

    Raises
    ------
    ProblemError
        If a parameter or a port is unknown, sizes differ, a standard deviation is not above 0, or the covariance is
        none.
    NotConverged
        If no minimum is found.
    """
    called = name or kind.name
    if not prior_sd:
        raise ProblemError(f"{called}: no parameter to fit; give the standard deviation of at least one in prior_sd")
    fit = _Fit(
        kind, spec, tuple(observations), _checked_values(values, observations, called), inlets, dict(prior_sd), called
    )
    whitening = _whitening(covariance, len(observations), called)
    start, low, high = fit.start, fit.low, fit.high

    def misfit(p: Floats) -> Floats:
        found = fit.run(p)
        data = np.full(len(whitening), _REFUSED) if found is None else whitening @ (found - fit.values)
        return np.concatenate([data, (p - start) / fit.sds])

    if fit.run(start) is None:
        solve(kind, spec, inlets, called)  # says why it cannot run
    inner = np.clip(start, low + _INSIDE * fit.sds, high - _INSIDE * fit.sds)
    answer = least_squares(
        misfit, inner, bounds=(low, high), x_scale=fit.sds, jac=lambda p: _jacobian(misfit, p, fit.sds, low, high),
        xtol=1e-12, ftol=1e-12, gtol=1e-12, max_nfev=200,
    )  # fmt: skip
    if not answer.success:
        raise NotConverged(f"{called}: no least misfit found: {answer.message}", last_iterate=answer.x)
    return _judged(fit, whitening, np.asarray(answer.x), misfit, covariance)


class _Fit:
    """A unit as a function of its fitted parameters."""

    def __init__(
        self,
        kind: UnitKind,
        spec: Model,
        observations: tuple[Observation, ...],
        values: Floats,
        inlets: Materials,
        prior_sd: dict[str, float],
        name: str,
    ) -> None:
        self.kind, self.spec, self.observations, self.values, self.inlets = kind, spec, observations, values, inlets
        self.name, self.names = name, tuple(prior_sd)
        self.sds = np.array(list(prior_sd.values()), dtype=np.float64)
        declared = parameters(spec)
        for path, sd in prior_sd.items():
            if path not in declared:
                raise ProblemError(f"{name}: no parameter {path!r}. {nearest(path, list(declared))}")
            if not 0.0 < sd < np.inf:
                raise ProblemError(f"{name}: a standard deviation {sd:g} of {path}; expected one above 0")
        self.start = np.array([declared[path].value for path in self.names], dtype=np.float64)
        limits = [bounds_of(spec, path) for path in self.names]
        low, high = (np.array([limit[side] for limit in limits], dtype=np.float64) for side in (0, 1))
        self.low, self.high = low + _INSIDE * self.sds, high - _INSIDE * self.sds

    def run(self, p: Floats) -> Floats | None:
        """Figures at parameters, (observations,); None where the unit cannot run."""
        try:
            spec = with_parameters(self.spec, dict(zip(self.names, p.tolist(), strict=True)))
            solved = solve(self.kind, spec, self.inlets, self.name)
        except (ProblemError, Infeasible, NotConverged):
            return None
        return np.array([figure(solved, observation) for observation in self.observations])


def figure(solved: Solved, observation: Observation) -> float:
    """A figure of a unit, as an account sees it [t/h, MW, MWh/t or 1].

    Raises
    ------
    ProblemError
        If a port is unknown, or the component does not enter by the inlet it is counted per.
    """
    if observation.state is not None:
        if observation.state not in solved.states:
            way_out = nearest(observation.state, list(solved.states))
            raise ProblemError(f"{solved.name}: no state {observation.state!r}. {way_out}")
        return solved.states[observation.state].value
    if observation.outlet is None:
        amount = solved.power if observation.drawn is None else _drawn(solved, observation.drawn)
        return amount if observation.per is None else amount / _inlet(solved, observation.per, None)
    if observation.outlet not in solved.outlets:
        raise ProblemError(
            f"{solved.name}: no outlet {observation.outlet!r}. {nearest(observation.outlet, list(solved.outlets))}"
        )
    material = solved.outlets[observation.outlet]
    amount = material.mass if observation.component is None else material.component(observation.component)
    return amount if observation.per is None else amount / _inlet(solved, observation.per, observation.component)


def _drawn(solved: Solved, name: str) -> float:
    """What a unit draws by a name [t/h]; nothing where it draws none of it now."""
    return solved.drawn[name].mass if name in solved.drawn else 0.0


def _inlet(solved: Solved, port: str, component: str | None) -> float:
    if port not in solved.inlets:
        raise ProblemError(f"{solved.name}: no inlet {port!r}. {nearest(port, list(solved.inlets))}")
    material = solved.inlets[port]
    amount = material.mass if component is None else material.component(component)
    if not amount > 0.0:
        raise ProblemError(f"{solved.name}: no {component or 'material'} enters by {port!r}, so nothing counts per it")
    return amount


def _checked_values(values: npt.ArrayLike, observations: Sequence[Observation], name: str) -> Floats:
    found = np.asarray(values, dtype=np.float64)
    if found.shape != (len(observations),) or not np.isfinite(found).all():
        raise ProblemError(f"{name}: expected {len(observations)} finite observed values, found {found.tolist()}")
    return found


def _whitening(covariance: npt.ArrayLike, count: int, name: str) -> Floats:
    """Matrix that turns errors of observations into independent ones of size one, (independent, observations)."""
    matrix = np.asarray(covariance, dtype=np.float64)
    if matrix.shape != (count, count) or not np.isfinite(matrix).all():
        raise ProblemError(f"{name}: expected a finite covariance of {count} by {count}, found shape {matrix.shape}")
    if not np.allclose(matrix, matrix.T, rtol=1e-8, atol=0.0):
        raise ProblemError(f"{name}: the covariance of the observations is not symmetric")
    size = np.sqrt(np.diag(matrix))
    if not (size > 0.0).all():
        raise ProblemError(f"{name}: every observation needs a variance above 0")
    values, vectors = np.linalg.eigh(matrix / np.outer(size, size))
    if (values < -1e-8).any():
        raise ProblemError(f"{name}: the covariance of the observations has a negative direction")
    kept = values > _DEPENDENT * values.max(initial=0.0)
    found: Floats = (vectors[:, kept] / np.sqrt(values[kept])).T / size
    return found


def _jacobian(misfit: _Misfit, p: Floats, sds: Floats, low: Floats, high: Floats) -> Floats:
    """Differences of the misfit, central where the bounds leave room, (misfits, parameters)."""
    columns = []
    for place in range(len(p)):
        after, before = p.copy(), p.copy()
        after[place] = min(p[place] + _STEP * sds[place], high[place])
        before[place] = max(p[place] - _STEP * sds[place], low[place])
        columns.append((misfit(after) - misfit(before)) / (after[place] - before[place]))
    return np.column_stack(columns)


def _judged(fit: _Fit, whitening: Floats, p: Floats, misfit: _Misfit, covariance: npt.ArrayLike) -> Calibrated:
    """The answer with its covariance and what the data could not see."""
    jacobian = _jacobian(misfit, p, fit.sds, fit.low, fit.high)[: len(whitening)] * fit.sds
    information = jacobian.T @ jacobian + np.eye(len(p))
    values = np.linalg.eigvalsh(information)
    scaled = np.linalg.inv(information)
    found = fit.run(p)
    assert found is not None  # the minimum is no point that was refused
    left = fit.values - found
    spread = np.sqrt(np.diag(np.asarray(covariance, dtype=np.float64)))
    kept = np.sqrt(np.diag(scaled))
    near = 1e-6 * fit.sds
    return Calibrated(
        names=fit.names, values=p, prior=fit.start, prior_sd=fit.sds,
        covariance=scaled * np.outer(fit.sds, fit.sds), condition=float(values[-1] / values[0]),
        unseen=tuple(
            name for name, share, move in zip(fit.names, kept, np.abs(p - fit.start) / fit.sds, strict=True)
            if share >= UNSEEN and move <= _STAYED
        ),
        at_bound=tuple(
            name for name, value, low, high, reach in zip(fit.names, p, fit.low, fit.high, near, strict=True)
            if value - low <= reach or high - value <= reach
        ),
        chi2=float(np.sum((whitening @ left) ** 2)),
        expected=float(len(whitening) - np.trace(jacobian @ scaled @ jacobian.T)),
        residuals=left / spread,
        spec=with_parameters(fit.spec, dict(zip(fit.names, p.tolist(), strict=True))),
    )  # fmt: skip
