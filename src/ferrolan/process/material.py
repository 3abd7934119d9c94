"""What flows in a stream: tonnes an hour of every species, in one form, at one temperature.

Species and not elements alone, because a magnet tells magnetite from hematite and an acid bastnaesite from quartz;
elements follow from the species, and an account's REO or SiO2 from the elements. Example: 120 t/h of magnetite and
80 t/h of quartz at 298.15 K hold 86.8 t/h of iron and 37.4 t/h of silicon.

Enthalpy counts from the elements at 298.15 K, ``H = sum m_i (h_i + c_i (T - 298.15))`` with a constant heat capacity,
so the heat of a reaction is the difference of what leaves and what enters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from ferrolan import materials
from ferrolan.base.errors import ProblemError

Floats = npt.NDArray[np.float64]
Form = Literal["solids", "metal", "liquor", "gas"]
FORMS: tuple[Form, ...] = ("solids", "metal", "liquor", "gas")
"""Forms of material: solids, slag among them, and metal flow as dry tonnes, liquors as cubic metres, gas as Nm3."""

_least, _most = np.minimum.reduce, np.maximum.reduce  # not a number where one is

AMBIENT = 298.15
"""Temperature that enthalpies count from [K]."""


@dataclass(frozen=True, eq=False)
class Material:
    """One stream's material.

    Parameters
    ----------
    form
        Form of the material.
    amounts
        Amount of each species in the order of ``materials.SPECIES`` [t/h], shape (species,).
    temperature
        Temperature [K].

    Raises
    ------
    ProblemError
        If the form is unknown, an amount is negative or not finite, or the temperature is not above 0 K.

    Examples
    --------
    >>> ore = Material.of({"magnetite": 120.0, "quartz": 80.0})
    >>> ore.mass
    200.0
    >>> round(ore.component("Fe"), 1)
    86.8
    """

    form: Form
    amounts: Floats = field(repr=False)
    temperature: float = AMBIENT

    def __post_init__(self) -> None:
        if self.form not in FORMS:
            raise ProblemError(f"form {self.form!r}: expected one of {', '.join(FORMS)}")
        least, most = _least(self.amounts), _most(self.amounts)
        if not (abs(least) < np.inf and most < np.inf and 0.0 < self.temperature < np.inf):
            raise ProblemError(f"a material of {self.form} with amounts or a temperature that are not finite")
        if least < 0.0:
            worst = int(np.argmin(self.amounts))
            found = f"{self.amounts[worst]:g} t/h of {materials.SPECIES[worst].name}"
            raise ProblemError(f"a material of {self.form} with {found}; amounts are not negative")
        self.amounts.setflags(write=False)

    @classmethod
    def of(cls, amounts: Mapping[str, float], form: Form = "solids", temperature: float = AMBIENT) -> Material:
        """Material of named species [t/h].

        Raises
        ------
        ProblemError
            If a species is unknown, or an amount is negative.
        """
        vector = np.zeros(len(materials.SPECIES))
        for name, amount in amounts.items():
            vector[materials.place(name)] += amount
        return cls(form, vector, temperature)

    @classmethod
    def nothing(cls, form: Form, temperature: float = AMBIENT) -> Material:
        """No material."""
        return cls(form, np.zeros(len(materials.SPECIES)), temperature)

    @cached_property
    def mass(self) -> float:
        """Mass of all species [t/h]."""
        return float(self.amounts.sum())

    @cached_property
    def elements(self) -> Floats:
        """Mass of each element in the order of ``materials.ELEMENTS`` [t/h], shape (elements,)."""
        found: Floats = self.amounts @ materials.COMPOSITION
        return found

    @cached_property
    def enthalpy(self) -> float:
        """Enthalpy over the elements at 298.15 K [GJ/h]."""
        return float(self.amounts @ materials.ENTHALPY_298) + self.heat_capacity * (self.temperature - AMBIENT)

    @cached_property
    def heat_capacity(self) -> float:
        """Heat capacity of the stream [GJ/h/K]."""
        return float(self.amounts @ materials.HEAT_CAPACITY)

    @cached_property
    def volume(self) -> float:
        """Volume of a gas at 0 degC and 101.325 kPa [Nm3/h]."""
        return float((self.amounts / materials.MOLAR_MASS).sum()) * MOLAR_VOLUME * 1000.0

    def amount(self, species: str) -> float:
        """Amount of one species [t/h]."""
        return float(self.amounts[materials.place(species)])

    def component(self, name: str) -> float:
        """Amount of what an account reports, such as ``"Fe"``, ``"SiO2"`` or ``"REO"`` [t/h]."""
        return float(self.elements @ materials.basis(name))

    def grade(self, name: str) -> float:
        """Mass fraction of what an account reports [1]; 0 where nothing flows."""
        return self.component(name) / self.mass if self.mass > 0.0 else 0.0

    def times(self, factor: float) -> Material:
        """The same material, ``factor`` times as much of it."""
        return Material(self.form, self.amounts * factor, self.temperature)

    def at(self, temperature: float) -> Material:
        """The same material at another temperature [K]."""
        return Material(self.form, self.amounts, temperature)

    def as_form(self, form: Form) -> Material:
        """The same species in another form."""
        return Material(form, self.amounts, self.temperature)

    def with_enthalpy(self, enthalpy: float) -> Material:
        """The same material at the temperature at which it has this enthalpy [GJ/h]."""
        if self.mass == 0.0:
            return self
        rise = (enthalpy - float(self.amounts @ materials.ENTHALPY_298)) / self.heat_capacity
        return self.at(AMBIENT + rise)

    def plus(self, *others: Material) -> Material:
        """Mixed with others of any form, without loss of heat; the form is that of the first."""
        return mixed((self, *others), self.form)

    def take(self, shares: Mapping[str, float] | Floats, form: Form | None = None) -> tuple[Material, Material]:
        """What is taken and what is left, by the share of each species [1]; a species not named stays."""
        if isinstance(shares, Mapping):
            named, shares = shares, np.zeros(len(materials.SPECIES))
            for name, share in named.items():
                shares[materials.place(name)] = share
        taken = self.amounts * shares
        rest = self.amounts - taken
        return Material(form or self.form, taken, self.temperature), Material(self.form, rest, self.temperature)


MOLAR_VOLUME = 22.414
"""Volume of an ideal gas at 0 degC and 101.325 kPa [Nm3/kmol]."""


def mixed(parts: Iterable[Material], form: Form | None = None) -> Material:
    """Materials mixed without loss of heat.

    Raises
    ------
    ProblemError
        If there is nothing to mix and no form is given.
    """
    listed = list(parts)
    if not listed:
        if form is None:
            raise ProblemError("nothing to mix")
        return Material.nothing(form)
    if len(listed) == 1:
        return listed[0] if form is None or form == listed[0].form else listed[0].as_form(form)
    amounts = np.sum([part.amounts for part in listed], axis=0)
    capacity = sum(part.heat_capacity for part in listed)
    rise = sum(part.heat_capacity * (part.temperature - AMBIENT) for part in listed)
    temperature = AMBIENT + rise / capacity if capacity > 0.0 else listed[0].temperature
    return Material(form or listed[0].form, amounts, temperature)
