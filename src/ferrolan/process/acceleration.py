"""Where a function gives back what it is given: fixed points ``x = g(x)`` by Anderson mixing and Newton with Krylov.

A recycle that returns 95 % of what passes needs 450 plain substitutions for ten digits; mixing the last few of them
needs about as many as the recycle has modes. Where mixing stalls, Newton's equation ``(I - J) d = g(x) - x`` is solved
by GMRES with differences of ``g`` in place of the Jacobian. Plain substitution alone is never used.

D. G. Anderson, Iterative procedures for nonlinear integral equations, Journal of the ACM 12, 1965; H. F. Walker, P. Ni,
Anderson acceleration for fixed-point iterations, SIAM Journal on Numerical Analysis 49, 2011; D. A. Knoll,
D. E. Keyes, Jacobian-free Newton-Krylov methods, Journal of Computational Physics 193, 2004.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse.linalg import LinearOperator, gmres

from ferrolan.base.errors import FerrolanError, Infeasible, NotConverged, ProblemError

Floats = npt.NDArray[np.float64]

_DEPTH = 12  # differences that are mixed: about as many slow modes as a recycle of a plant has
_STALLED = 12  # iterations without half the residual, after which the next method begins
_SHORTENED = 8  # halvings of a step that a unit refuses
_DIFFERENCE = 1e-7  # step of a difference, of the size of the unknowns: the root of round-off, and some
_NEWTON = 15  # steps of Newton
_KRYLOV = 40  # directions of one step of Newton
_FORCING = 1e-3  # residual of the linear equation of a step of Newton, of its right-hand side


@dataclass(frozen=True, eq=False)
class Found:
    """A fixed point: ``x``, the largest scaled residual there [1], and how often the function was called."""

    x: Floats
    residual: float
    calls: int


@dataclass(frozen=True)
class Goal:
    """When a fixed point is good: ``sought`` residual, and ``accepted`` where round-off allows no better [1]."""

    sought: float = 1e-10
    accepted: float = 1e-9
    calls: int = 400


def fixed_point(
    function: Callable[[Floats], Floats],
    measure: Callable[[Floats, Floats], tuple[Floats, float]],
    start: Floats,
    least: Floats,
    goal: Goal | None = None,
) -> Found:
    """Find ``x = function(x)``.

    Parameters
    ----------
    function
        What is sought the fixed point of, (n,) to (n,).
    measure
        Of ``x`` and ``function(x)``: weights that bring the unknowns to one size, (n,), and the residual [1].
    start
        First guess, (n,).
    least
        Least value of each unknown, (n,); minus infinity where there is none.
    goal
        When it is good enough.

    Raises
    ------
    NotConverged
        With the best iterate and its residual.
    ProblemError, Infeasible
        From the function, where even short steps run into it.

    Examples
    --------
    >>> halves = fixed_point(lambda x: 0.95 * x + 1.0, lambda x, g: (np.ones(1), abs(float(g[0] - x[0]))),
    ...     np.zeros(1), np.zeros(1))
    >>> round(float(halves.x[0]), 9), halves.calls < 6
    (20.0, True)
    """
    search = _Search(function, measure, np.maximum(start, least), least, goal or Goal())
    for method in (search.mix, search.newton, search.mix):
        method()
        if search.residual <= search.goal.sought:
            break
    if search.residual <= search.goal.accepted:
        return Found(search.x, search.residual, search.calls)
    message = f"no fixed point after {search.calls} calls, the residual is {search.residual:.1e}"
    raise NotConverged(message, last_iterate=search.x, residual=search.residual)


class _Search:
    """One search: the best iterate so far, its image and residual, and the calls it took."""

    def __init__(
        self,
        function: Callable[[Floats], Floats],
        measure: Callable[[Floats, Floats], tuple[Floats, float]],
        start: Floats,
        least: Floats,
        goal: Goal,
    ) -> None:
        self.function, self.measure, self.least, self.goal = function, measure, least, goal
        self.calls = 0
        self.x, self.image = start, self._call(start)
        self.weights, self.residual = measure(self.x, self.image)

    def mix(self) -> None:
        """Anderson mixing, until it is done, stalls, or the calls are spent."""
        x, image = self.x, self.image
        weights = self.weights
        steps: list[Floats] = []
        changes: list[Floats] = []
        since, mark = 0, self.residual
        while self._goes_on(since):
            change = image - x
            next_, next_image = self._reached(x, self._mixed(image, change, steps, changes, weights), image)
            steps, changes = [*steps, next_image - image][-_DEPTH:], [*changes, (next_image - next_) - change][-_DEPTH:]
            x, image = next_, next_image
            weights, residual = self._keep(x, image)
            since = 0 if residual < 0.5 * mark else since + 1
            mark = min(mark, residual) if since == 0 else mark

    def _goes_on(self, since: int) -> bool:
        """Whether mixing is worth another call; soon not where round-off is all that is left."""
        patience = _STALLED if self.residual > self.goal.accepted else _STALLED // 4
        return self.residual > self.goal.sought and self.calls < self.goal.calls and since < patience

    def newton(self) -> None:
        """Newton with GMRES on differences, with shorter steps where the residual would grow."""
        for _ in range(_NEWTON):
            if self.residual <= self.goal.sought or self.calls >= self.goal.calls:
                return
            before = self.residual
            step = self._newton_step()
            length = 1.0
            for _ in range(_SHORTENED):
                self._try(self.x + length * step)
                if self.residual < before:
                    break
                length *= 0.5
            else:
                return

    def _newton_step(self) -> Floats:
        """Step to the root of the linear equation, in the unknowns."""
        size = 1.0 / self.weights
        change = (self.image - self.x) / size
        base, norm = self.x, float(np.linalg.norm(change))

        def product(direction: Floats) -> Floats:
            reach = _DIFFERENCE / max(float(np.linalg.norm(direction)), 1e-300)
            moved = np.maximum(base + reach * direction * size, self.least)
            try:
                image = self._call(moved)
            except (ProblemError, Infeasible, NotConverged):
                return direction
            found: Floats = ((moved - base) - (image - self.image)) / size / reach
            return found

        operator = LinearOperator((len(base), len(base)), matvec=product, dtype=np.float64)
        solved, _ = gmres(operator, change, rtol=_FORCING, atol=_FORCING * norm * 1e-3, restart=_KRYLOV, maxiter=1)
        step: Floats = solved * size
        return step

    def _mixed(
        self, image: Floats, change: Floats, steps: list[Floats], changes: list[Floats], weights: Floats
    ) -> Floats:
        """The next guess: the image, less what the earlier changes say is still missing."""
        if not changes:
            return np.maximum(image, self.least)
        matrix = np.stack(changes, axis=1) * weights[:, None]
        share, *_ = np.linalg.lstsq(matrix, change * weights, rcond=1e-10)
        mixed = image - np.stack(steps, axis=1) @ share
        guess: Floats = np.where(mixed < self.least, np.maximum(image, self.least), mixed)
        return guess

    def _reached(self, x: Floats, guess: Floats, image: Floats) -> tuple[Floats, Floats]:
        """The guess and its image; a shorter step, at last a plain one, where a unit refuses it."""
        failed: FerrolanError | None = None
        for _ in range(_SHORTENED):
            try:
                return guess, self._call(guess)
            except (ProblemError, Infeasible, NotConverged) as error:
                failed, guess = error, 0.5 * (x + guess)
        assert failed is not None
        raise failed

    def _try(self, guess: Floats) -> None:
        guess = np.maximum(guess, self.least)
        try:
            self._keep(guess, self._call(guess))
        except (ProblemError, Infeasible, NotConverged):
            return

    def _keep(self, x: Floats, image: Floats) -> tuple[Floats, float]:
        """Note an iterate if it is the best."""
        weights, residual = self.measure(x, image)
        if residual < self.residual:
            self.x, self.image, self.weights, self.residual = x, image, weights, residual
        return weights, residual

    def _call(self, x: Floats) -> Floats:
        self.calls += 1
        return self.function(x)
