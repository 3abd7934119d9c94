r"""The operating line of a blast furnace, after Rist: pure arithmetic of oxygen, carbon and iron.

Oxygen is handed from iron to gas. Plot ``Y``, mol of O a mol of Fe, over ``X``, mol of O a mol of C in the gas: the
whole furnace is one straight line, ``Y = mu X + d``. Its slope ``mu`` is the reducing carbon a mol of iron, ``-d``
the oxygen that comes from elsewhere, blast and silica. With 500 kg of coke and 1200 Nm3 of blast a tonne of hot
metal, mu is 1.926 and d -1.328; at the top the gas stands at X = 1.468, so 46.8 % of its CO is burnt, and 39.9 % of
the ore's oxygen was taken by carbon itself (direct reduction, Y at X = 1).

Gas can do no more than its equilibrium with wustite: the line may not pass to the right of the point W
``(1 + eta_eq, 1.05)``, nor of M ``(1 + eta_eq, 4/3)``, where magnetite turns into wustite. Hydrogen carries oxygen as
carbon monoxide does: with it ``X = (O + H2)/(C + H2)`` and ``Y`` counts that much more from below.

References ---------- A. Rist, N. Meysson, Revue de Metallurgie 61 (1964) 121 and 62 (1965) 995 (not read; through
teaching texts). Equilibria recalled: ``log10 K = 949/T - 1.140`` for FeO + CO = Fe + CO2, ``2.17 - 1834/T`` for Fe3O4
+ CO = 3 FeO + CO2, ``ln K = 4577.8/T - 4.33`` for CO + H2O = CO2 + H2 (Moe 1962).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ferrolan.base.errors import ProblemError
from ferrolan.process.unit import Figure

WUSTITE = 1.05
"""Oxygen of wustite that is in equilibrium with iron, mol O a mol Fe [1]."""
MAGNETITE = 4.0 / 3.0
"""Oxygen of magnetite, mol O a mol Fe [1]."""


@dataclass(frozen=True)
class OperatingLine:
    """``Y = slope X + intercept`` up to the oxygen of the ore.

    ``slope`` reducing carbon (and hydrogen) a mol of iron [1]; ``intercept`` oxygen from elsewhere, negative [1];
    ``ore`` oxygen of the iron oxides charged, mol O a mol Fe [1].
    """

    slope: float
    intercept: float
    ore: float

    def y(self, x: float) -> float:
        """Oxygen a mol of iron where the gas stands at ``x`` [1]."""
        return self.slope * x + self.intercept

    def x(self, y: float) -> float:
        """Oxygen a mol of carbon in the gas where the iron stands at ``y`` [1]."""
        return (y - self.intercept) / self.slope

    @property
    def top(self) -> float:
        """Oxygen a mol of carbon in the top gas [1]."""
        return self.x(self.ore)

    @property
    def utilisation(self) -> float:
        """Share of the reducing gas that is burnt at the top, eta_CO where there is no hydrogen [1]."""
        return self.top - 1.0

    @property
    def direct_reduction(self) -> float:
        """Share of the ore's oxygen that carbon takes itself, Y at X = 1 over Y of the ore [1]."""
        return self.y(1.0) / self.ore

    def top_gas(self, carbon: float) -> tuple[float, float]:
        """Carbon monoxide and dioxide at the top of so much reducing carbon, where there is no hydrogen [kmol]."""
        return carbon * (1.0 - self.utilisation), carbon * self.utilisation


@dataclass(frozen=True)
class Diagram:
    """What a Rist diagram draws: the line, and the points W and M that it may not pass, each (X, Y)."""

    line: OperatingLine
    wustite: tuple[float, float]
    magnetite: tuple[float, float]

    @property
    def distance_to_w(self) -> float:
        """How far left of W the line passes, in X [1]; negative beyond."""
        return self.wustite[0] - self.line.x(self.wustite[1])

    @property
    def distance_to_m(self) -> float:
        """How far left of M the line passes, in X [1]; negative beyond. Ore below magnetite does not meet M."""
        return self.magnetite[0] - self.line.x(min(self.magnetite[1], self.line.ore))

    @property
    def points(self) -> tuple[tuple[float, float], ...]:
        """The line from below to the top: where no ore oxygen is in the gas, X = 1, and the top, each (X, Y)."""
        return ((self.line.x(0.0), 0.0), (1.0, self.line.y(1.0)), (self.line.top, self.line.ore))

    @property
    def figures(self) -> Mapping[str, Figure]:
        """The diagram as states of a unit; ``diagram`` reads them back."""
        line = self.line
        values = (line.slope, line.intercept, line.ore, *self.wustite, *self.magnetite)
        return {name: Figure(value, "1") for name, value in zip(_NAMES, values, strict=True)}


_NAMES = (
    "operating line, slope", "operating line, intercept", "operating line, oxygen of the ore",
    "W point, X", "W point, Y", "M point, X", "M point, Y",
)  # fmt: skip


def diagram(states: Mapping[str, Figure]) -> Diagram:
    """The diagram of a solved blast furnace, from its states.

    Raises
    ------
    ProblemError
        If the states are those of another unit.
    """
    if any(name not in states for name in _NAMES):
        raise ProblemError("no operating line in these states; expected those of a solved blast furnace")
    slope, intercept, ore, *points = (states[name].value for name in _NAMES)
    return Diagram(OperatingLine(slope, intercept, ore), (points[0], points[1]), (points[2], points[3]))


def operating_line(*, iron: float, ore: float, carbon: float, elsewhere: float, hydrogen: float = 0.0) -> OperatingLine:
    """The line of a furnace from what it is charged with.

    Parameters
    ----------
    iron
        Iron [kmol].
    ore
        Oxygen of the iron oxides [kmol O].
    carbon
        Carbon that becomes gas: of fuels, less that of the hot metal [kmol].
    elsewhere
        Oxygen that the gas has from elsewhere: blast, moisture, silica and other oxides that are reduced, less what
        iron keeps in the slag [kmol O].
    hydrogen
        Hydrogen of blast and fuels [kmol H2].

    Raises
    ------
    ProblemError
        If there is no iron or no reducing gas.

    Examples
    --------
    >>> line = operating_line(iron=17.0893, ore=25.6339, carbon=32.9167, elsewhere=22.7002)
    >>> round(line.slope, 4), round(line.utilisation, 4), round(line.direct_reduction, 4)
    (1.9262, 0.4684, 0.3986)
    """
    if iron <= 0.0 or carbon + hydrogen <= 0.0:
        raise ProblemError(f"no operating line of {iron:g} kmol of iron and {carbon + hydrogen:g} kmol of reducing gas")
    return OperatingLine((carbon + hydrogen) / iron, -(elsewhere + hydrogen) / iron, ore / iron)


@dataclass(frozen=True)
class Utilisation:
    """Shares of carbon monoxide and of hydrogen that are burnt where the gas is in equilibrium [1]."""

    carbon_monoxide: float
    hydrogen: float

    def times(self, factor: float) -> Utilisation:
        """A part of it."""
        return Utilisation(self.carbon_monoxide * factor, self.hydrogen * factor)

    def mean(self, carbon: float, hydrogen: float) -> float:
        """Of a gas with some carbon and hydrogen [kmol, kmol H2]."""
        return (self.carbon_monoxide * carbon + self.hydrogen * hydrogen) / (carbon + hydrogen)


def over_wustite(temperature: float) -> Utilisation:
    """Gas in equilibrium with wustite and iron at a temperature [K].

    Examples
    --------
    >>> found = over_wustite(1223.15)
    >>> round(found.carbon_monoxide, 3), round(found.hydrogen, 3)
    (0.302, 0.438)
    """
    return _utilisation(10.0 ** (949.0 / temperature - 1.140), temperature)


def over_magnetite(temperature: float) -> Utilisation:
    """Gas in equilibrium with magnetite and wustite at a temperature [K]."""
    return _utilisation(10.0 ** (2.17 - 1834.0 / temperature), temperature)


def _utilisation(constant: float, temperature: float) -> Utilisation:
    with_hydrogen = constant / math.exp(4577.8 / temperature - 4.33)
    return Utilisation(constant / (1.0 + constant), with_hydrogen / (1.0 + with_hydrogen))
