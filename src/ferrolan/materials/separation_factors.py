"""Separation factors of rare earths, as a data set: each with extractant, medium, source, status and uncertainty.

Example: neodymium over praseodymium is 2.14 in ``P507_nitrate_tanaka2021`` (interpolated), 2.61 in the P204 record
and 1.55 in a textbook remembered, so its logarithm carries a standard deviation of 0.26 in each of them. A separation
factor depends on extractant, medium, acidity, loading and temperature: there is no default, a system is asked for by
name, and its numbers are a prior until a plant's own stage assays are fitted.

The standard deviation of ln beta is the spread of the pair over the systems of this set that state it for itself, at
least 0.10; where the set gives no spread it is 0.4, and 0.5 in the sulfate system that contradicts the others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ferrolan.base.errors import ProblemError
from ferrolan.materials.nearest import unknown
from ferrolan.materials.sources import SOURCES, rows, weaker


@dataclass(frozen=True, eq=False, slots=True)
class SeparationFactors:
    """Separation factors of one system, components in order of extraction, the least extracted first.

    ``log_alpha`` (n,) [1] is the natural logarithm of ``D_i / D_lightest``, 0 for the first; ``spread`` (n, pairs) [1]
    says how the independent errors of the pairs stated move them all: the covariance is ``spread @ spread.T``.
    ``statuses`` (n,) is that of each component's pair; ``status`` the weakest of them.
    """

    system: str
    components: tuple[str, ...]
    log_alpha: NDArray[np.float64]
    spread: NDArray[np.float64]
    extractant: str
    medium: str
    loading: str
    source: str
    status: str
    statuses: tuple[str, ...]

    @property
    def sd(self) -> NDArray[np.float64]:
        """Standard deviation of ``log_alpha`` (n,) [1]; 0 for the lightest, to which the others refer."""
        return np.asarray(np.linalg.norm(self.spread, axis=1), dtype=np.float64)

    @property
    def alpha(self) -> NDArray[np.float64]:
        """``D_i / D_lightest`` (n,) [1]."""
        return np.exp(self.log_alpha)

    @property
    def covariance(self) -> NDArray[np.float64]:
        """Covariance of ``log_alpha`` (n, n) [1]."""
        return self.spread @ self.spread.T

    def beta(self, heavier: str, lighter: str) -> float:
        """Separation factor ``D_heavier / D_lighter`` [1] of any two components.

        Examples
        --------
        >>> round(separation_factors("P507_nitrate_tanaka2021").beta("Nd", "Pr"), 2)
        2.14
        """
        return math.exp(self.log_alpha[self._at(heavier)] - self.log_alpha[self._at(lighter)])

    def sd_of(self, heavier: str, lighter: str) -> float:
        """Standard deviation of ``ln beta(heavier, lighter)`` [1]."""
        return float(np.linalg.norm(self.spread[self._at(heavier)] - self.spread[self._at(lighter)]))

    def among(self, components: Sequence[str]) -> SeparationFactors:
        """The same system for some of its components, referred to the least extracted of those.

        Raises
        ------
        ProblemError
            A component the system says nothing about, one named twice, or none.
        """
        at = sorted({self._at(name) for name in components})
        if not at or len(at) < len(components):
            raise ProblemError(f"separation factors of {self.system}: expected distinct components, got {components}.")
        return SeparationFactors(
            system=self.system,
            components=tuple(self.components[i] for i in at),
            log_alpha=_read_only(self.log_alpha[at] - self.log_alpha[at[0]]),
            spread=_read_only(self.spread[at] - self.spread[at[0]]),
            extractant=self.extractant,
            medium=self.medium,
            loading=self.loading,
            source=self.source,
            status=weaker(*(self.statuses[i] for i in at)),
            statuses=tuple(self.statuses[i] for i in at),
        )

    def draw(self, rng: np.random.Generator, k: int) -> NDArray[np.float64]:
        """Joint normal draws of ``log_alpha`` (k, n) [1]; a draw may exchange two neighbours that are close.

        Parameters
        ----------
        rng
            Source of randomness: the caller's seed.
        k
            Number of draws [1].
        """
        return self.log_alpha + rng.standard_normal((k, self.spread.shape[1])) @ self.spread.T

    def _at(self, name: str) -> int:
        if name not in self.components:
            raise unknown(f"component of {self.system}", name, self.components, "Choose another system or measure it.")
        return self.components.index(name)


@cache
def separation_factors(system: str) -> SeparationFactors:
    """The separation factors of a system.

    Parameters
    ----------
    system
        Its name in ``separation_systems(recalled=True)``. A recalled system is given only by its own name and bears
        ``status == "recalled"``: it is never a default.

    Raises
    ------
    ProblemError
        No such system; the message names the nearest.

    Examples
    --------
    >>> factors = separation_factors("P507_nitrate_tanaka2021")
    >>> factors.components[:4], factors.alpha[:4].round(2).tolist()
    (('La', 'Ce', 'Pr', 'Nd'), [1.0, 2.19, 4.69, 10.03])
    """
    chain = [row for row in rows("separation_factors") if row["system"] == system and row["use"] == "chain"]
    if not chain:
        raise unknown("separation system", system, separation_systems(recalled=True), "Add its rows with their source.")
    return _assembled(system, chain)


def separation_systems(*, recalled: bool = False) -> tuple[str, ...]:
    """Names of the systems; those remembered and never read only when asked for."""
    found = dict.fromkeys(
        row["system"] for row in rows("separation_factors") if recalled or row["status"] != "recalled"
    )
    return tuple(found)


def _assembled(system: str, chain: list[dict[str, str]]) -> SeparationFactors:
    """Follow the pairs: the lighter of a pair is known before the heavier."""
    lightest, first = chain[0]["lighter"], chain[0]
    means = {lightest: 0.0}
    spreads = {lightest: np.zeros(len(chain))}
    statuses = {lightest: first["status"]}
    for index, row in enumerate(chain):
        heavier, lighter = row["heavier"], row["lighter"]
        means[heavier] = means[lighter] + math.log(float(row["beta"]))
        spreads[heavier] = spreads[lighter].copy()
        spreads[heavier][index] += float(row["sd_ln_beta"])
        statuses[heavier] = row["status"]
    order = sorted(means, key=lambda name: means[name])
    return SeparationFactors(
        system=system,
        components=tuple(order),
        log_alpha=_read_only(np.array([means[name] for name in order])),
        spread=_read_only(np.array([spreads[name] for name in order])),
        extractant=first["extractant"],
        medium=first["medium"],
        loading=first["loading"],
        source=SOURCES[first["source"]].citation,
        status=weaker(*statuses.values()),
        statuses=tuple(statuses[name] for name in order),
    )


def _read_only(array: NDArray[np.float64]) -> NDArray[np.float64]:
    array.flags.writeable = False
    return array
