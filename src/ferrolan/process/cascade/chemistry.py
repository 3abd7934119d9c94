"""How an acid extractant and a liquor share a metal: closure B.

Three protons leave the extractant for every ion of neodymium that enters it, so that the liquor grows more acid from
stage to stage and the next ion finds it harder: the distribution of each component follows the pH and the extractant
that is still free, and both are unknown. `MassAction` holds what such a train needs beside its flows; its
`distribution` is either the law of mass action (`SlopeLaw`) or a fit of log D to pH and dosage (`FittedLaw`).

A distribution coefficient is the ratio of concentrations, organic over aqueous. The free extractant is counted as
monomer, HA [kmol/m3]; where a law speaks of the dimer its field says so, and [(HA)2] is half of the free monomer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike

from ferrolan.base.errors import ProblemError
from ferrolan.process.cascade.train import Chemistry, Floats, Solution, frozen

LN10 = float(np.log(10.0))
KA2_SULFURIC = 0.010232929922807542
"""Second dissociation of sulfuric acid, 10^-1.99 [kmol/m3], as PrOMMiS 1.1.0 has it."""
RARE_EARTH_CHARGE = 3.0
"""Charge of a rare earth ion, and protons it sets free [1]."""

Medium = Literal["chloride", "nitrate", "sulfate"]


class LogDistribution(NamedTuple):
    """ln D (N, C), and its derivatives to the pH and to the logarithm of the free extractant (N, C)."""

    values: Floats
    to_ph: Floats
    to_log_free: Floats


class Ligand(NamedTuple):
    """Free anion that complexes (N,) [kmol/m3], and the derivative of its logarithm to the pH (N,) [1]."""

    concentration: Floats
    log_to_ph: Floats


class Distribution(Protocol):
    """A law that gives every component's distribution in every stage."""

    @property
    def components(self) -> int:
        """Number of components it speaks of."""
        ...

    def log_distribution(self, ph: Floats, log_free: Floats, ligand: Ligand) -> LogDistribution:
        """Distribution at ``ph`` (N,), free monomer ``log_free`` (N,) [ln kmol/m3] and free anion ``ligand``."""
        ...

    def outside(self, ph: Floats, free: Floats) -> Floats:
        """How far each stage lies outside what the law was found for (N,) [1]; 0 inside."""
        ...


@dataclass(frozen=True, eq=False)
class SlopeLaw:
    """Mass action: D_i = K_i [(HA)2]^p_i / [H+]^s_i / (1 + Σ_j β_ij X^j).

    Parameters
    ----------
    log10_constant : (C,)
        log10 K [(kmol/m3)^(s - p)].
    dimer_power : () or (C,)
        p: power of the free dimer [1].
    proton_power : () or (C,)
        s: power of the free acid, the slope of log D against pH [1].
    complexes : (C, J)
        Cumulative stability constants β_1 ... β_J with the medium's free anion X [(kmol/m3)^-j]; none: (C, 0).
    """

    log10_constant: Floats
    dimer_power: ArrayLike = 3.0
    proton_power: ArrayLike = 3.0
    complexes: Floats | None = None

    def __post_init__(self) -> None:
        size = np.shape(self.log10_constant)
        if len(size) != 1 or not size[0]:
            raise ProblemError(f"log10_constant: expected one number a component, got an array of shape {size}.")
        object.__setattr__(self, "log10_constant", finite("log10_constant", self.log10_constant))
        for name in ("dimer_power", "proton_power"):
            object.__setattr__(self, name, spread(name, getattr(self, name), size[0], least=0.0))
        complexes = np.zeros((size[0], 0)) if self.complexes is None else np.asarray(self.complexes, dtype=np.float64)
        if complexes.ndim != 2 or len(complexes) != size[0]:
            raise ProblemError(f"complexes: expected an array ({size[0]}, J), got {complexes.shape}.")
        object.__setattr__(self, "complexes", finite("complexes", complexes, least=0.0))

    @classmethod
    def of_monomer(
        cls,
        log10_constant: ArrayLike,
        monomer_power: ArrayLike = 3.0,
        proton_power: ArrayLike = 3.0,
        complexes: Floats | None = None,
    ) -> SlopeLaw:
        """The law D = K [HA]^q / [H+]^s with all free extractant counted as monomer: K on the dimer is K 2^q."""
        power = np.asarray(monomer_power, dtype=np.float64)
        return cls(np.asarray(log10_constant) + power * np.log10(2.0), power, proton_power, complexes)

    @property
    def components(self) -> int:
        """Number of components."""
        return len(self.log10_constant)

    def log_distribution(self, ph: Floats, log_free: Floats, ligand: Ligand) -> LogDistribution:
        """See `Distribution.log_distribution`."""
        power, slope = np.asarray(self.dimer_power), np.asarray(self.proton_power) * LN10
        values = LN10 * self.log10_constant + ph[:, None] * slope + (log_free - np.log(2.0))[:, None] * power
        to_ph = np.broadcast_to(slope, values.shape)
        if self.complexes is not None and self.complexes.shape[1]:
            bound, order = self._complexed(ligand.concentration)
            values, to_ph = values - np.log1p(bound), to_ph - order * ligand.log_to_ph[:, None]
        return LogDistribution(values, to_ph, np.broadcast_to(power, values.shape))

    def outside(self, ph: Floats, free: Floats) -> Floats:
        """Mass action names no range."""
        return np.zeros(len(ph))

    def _complexed(self, anion: Floats) -> tuple[Floats, Floats]:
        """Σ β_j X^j (N, C) and the mean number of anions, Σ j β_j X^j / (1 + Σ β_j X^j)."""
        assert self.complexes is not None
        steps = np.arange(1, self.complexes.shape[1] + 1)
        terms = self.complexes * (anion[:, None] ** steps)[:, None, :]
        bound: Floats = terms.sum(axis=2)
        return bound, (terms @ steps) / (1.0 + bound)


@dataclass(frozen=True, eq=False)
class FittedLaw:
    """A fit: log10 D = (m0 + m1 x) pH + B0 + B1 log10 x, with the dosage x of free extractant [vol %], or D constant.

    Parameters
    ----------
    slope, slope_per_dosage, intercept, intercept_per_log10_dosage : (C,)
        m0 [1], m1 [1 per vol %], B0, B1 [1].
    dosage_per_free
        x per free monomer [vol % m3/kmol]: molar mass over density of the extractant, times 100.
    constant : (C,)
        D where it is constant [1]; nan where the fit counts.
    ph_range, dosage_range
        Where the fit was made.
    """

    slope: Floats
    slope_per_dosage: Floats
    intercept: Floats
    intercept_per_log10_dosage: Floats
    dosage_per_free: float
    constant: Floats | None = None
    ph_range: tuple[float, float] = (-np.inf, np.inf)
    dosage_range: tuple[float, float] = (0.0, np.inf)

    def __post_init__(self) -> None:
        size = np.size(self.slope)
        fixed = np.full(size, np.nan) if self.constant is None else np.asarray(self.constant, dtype=np.float64)
        if fixed.shape != (size,) or not np.all(np.isnan(fixed) | (fixed > 0.0)):
            raise ProblemError(f"constant: expected {size} numbers above 0, or nan, got {fixed.tolist()}.")
        if not 0.0 < self.dosage_per_free < np.inf:
            raise ProblemError(f"dosage_per_free: expected a number above 0 vol % m3/kmol, got {self.dosage_per_free}.")
        fits = np.isnan(fixed)
        for name in ("slope", "slope_per_dosage", "intercept", "intercept_per_log10_dosage"):
            given = np.where(fits, np.broadcast_to(getattr(self, name), (size,)), 0.0)
            object.__setattr__(self, name, finite(name, given))
        object.__setattr__(self, "constant", frozen(fixed))
        object.__setattr__(self, "_log_fixed", np.log(np.where(fits, 1.0, fixed)))

    @property
    def components(self) -> int:
        """Number of components."""
        return len(self.slope)

    def log_distribution(self, ph: Floats, log_free: Floats, ligand: Ligand) -> LogDistribution:
        """See `Distribution.log_distribution`; the anion has no part in a fit."""
        log_dosage = log_free + np.log(self.dosage_per_free)
        dosage = np.exp(log_dosage)[:, None]
        slope = LN10 * (self.slope + dosage * self.slope_per_dosage)
        fixed: Floats = getattr(self, "_log_fixed")  # noqa: B009
        values = slope * ph[:, None] + (LN10 * self.intercept + fixed)
        values += log_dosage[:, None] * self.intercept_per_log10_dosage
        to_log_free = (LN10 * ph)[:, None] * dosage * self.slope_per_dosage + self.intercept_per_log10_dosage
        return LogDistribution(values, slope, to_log_free)

    def outside(self, ph: Floats, free: Floats) -> Floats:
        """Distance beyond the ranges of pH [1] and dosage [vol %], the larger of the two (N,)."""
        beyond = np.zeros(len(ph))
        for value, (least, most) in ((ph, self.ph_range), (free * self.dosage_per_free, self.dosage_range)):
            beyond = np.maximum(beyond, np.maximum(least - value, value - most))
        return beyond


@dataclass(frozen=True, eq=False)
class MassAction(Chemistry):
    """Closure B: exchange against protons, with the acid, the counter-ion and the extractant accounted for.

    A `Train` says with it: the organic enters stage 1 with a counter-ion for ``organic_load`` of rare earths, three
    ions each (0: it is not saponified); acid for ``scrub`` of rare earths, three protons each, enters the last stage;
    every liquor that is fed says its volume, acid and ions (`Solution`).

    Parameters
    ----------
    distribution
        Of every component.
    organic_volume
        Fresh organic into stage 1 [m3/h].
    extractant
        Its extractant as monomer, free, saponified and bound to what stage 1 is fed in organic form [kmol/m3].
    scrub_volume
        Scrub acid [m3/h].
    valence : () or (C,)
        Protons set free by an ion [1].
    bound : () or (C,)
        Extractant monomers an ion holds [1]; None: as many as its valence.
    medium
        Anion of the acids; sulfate takes up protons (Ka2).
    strip
        Acid into the last stripping stage.
    draw_volumes
        Volume [m3/h] of each draw, by its name.
    counter_ion
        Name of what saponifies, "Na" or "NH4".
    counter_ion_constant
        D [H+] / [HA] of the counter-ion [1]; 0: it leaves the organic at the first contact.
    second_dissociation
        Ka2 of sulfuric acid [kmol/m3].
    """

    distribution: Distribution
    organic_volume: float
    extractant: float
    scrub_volume: float = 0.0
    valence: ArrayLike = RARE_EARTH_CHARGE
    bound: ArrayLike | None = None
    medium: Medium = "chloride"
    strip: Solution | None = None
    draw_volumes: Mapping[str, float] = field(default_factory=dict)
    counter_ion: str = "Na"
    counter_ion_constant: float = 0.0
    second_dissociation: float = KA2_SULFURIC

    def __post_init__(self) -> None:
        size = self.distribution.components
        object.__setattr__(self, "valence", spread("valence", self.valence, size, above=0.0))
        bound = self.valence if self.bound is None else self.bound
        object.__setattr__(self, "bound", spread("bound", bound, size, least=0.0))
        for name in ("organic_volume", "extractant", "second_dissociation"):
            _positive(name, getattr(self, name))
        for name in ("scrub_volume", "counter_ion_constant"):
            finite(name, np.atleast_1d(getattr(self, name)), least=0.0)
        if self.medium not in ("chloride", "nitrate", "sulfate"):
            raise ProblemError(f"medium: expected chloride, nitrate or sulfate, got {self.medium!r}.")


def finite(name: str, values: ArrayLike, *, least: float = -np.inf, above: float = -np.inf) -> Floats:
    """A frozen copy.

    Raises
    ------
    ProblemError
        If a value is not a number, below ``least`` or not above ``above``.
    """
    array = frozen(values)
    wrong = ~np.isfinite(array) | (array < least) | (array <= above)
    if wrong.any():
        limit = f" of at least {least:g}" if least > -np.inf else f" above {above:g}" if above > -np.inf else ""
        place = np.argwhere(wrong)[0]
        at = f"[{', '.join(map(str, place))}]" if array.ndim else ""
        raise ProblemError(f"{name}{at}: expected a finite number{limit}, got {array[tuple(place)]:g}.")
    return array


def spread(name: str, values: ArrayLike, size: int, *, least: float = -np.inf, above: float = -np.inf) -> Floats:
    """One finite number a component (C,), from one for all or from one each.

    Raises
    ------
    ProblemError
        If there are neither one nor ``size``, or one of them is out of bounds.
    """
    if np.shape(values) not in ((), (size,)):
        raise ProblemError(f"{name}: expected one number or one a component ({size}), got shape {np.shape(values)}.")
    return finite(name, np.broadcast_to(np.asarray(values, dtype=np.float64), (size,)), least=least, above=above)


def _positive(name: str, value: float) -> None:
    if not 0.0 < value < np.inf:
        raise ProblemError(f"{name}: expected a number above 0, got {value}.")
