"""The contract of a unit operation: what a kind of unit takes, gives, needs to know, and how it works.

A *kind* says what may flow into a unit and out of it, in which form, and whether the unit only keeps or only divides
material. A kind that can be simulated also has ports, a specification and a kernel: a calciner takes ``feed`` and
gives ``oxide`` and ``gas``; its specification says at which temperature and with how much fuel. Adding a kind is one
file in ``process/units`` with a ``KIND`` and one line in ``assembly/catalogue.py``; ``process.operation`` then checks
every call of its kernel.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ferrolan.base.errors import ProblemError
from ferrolan.base.schema import Model
from ferrolan.process.material import FORMS, Material

SOLIDS = frozenset({"solids"})
METAL = frozenset({"metal"})
LIQUOR = frozenset({"liquor"})
GAS = frozenset({"gas"})

Materials = Mapping[str, Material]


@dataclass(frozen=True)
class Port:
    """One place where material enters or leaves a unit.

    ``name`` such as ``"concentrate"``; ``direction``; ``forms`` that may flow there; ``description`` for the reference
    page; ``optional`` where a flowsheet may leave it unconnected: an inlet brings nothing then, and what leaves by an
    outlet leaves the plant. Several streams may enter by one inlet; they mix. By one outlet leaves one stream.
    """

    name: str
    direction: Literal["in", "out"]
    forms: frozenset[str]
    description: str
    optional: bool = False


@dataclass(frozen=True)
class Figure:
    """A number with its unit: a blast furnace's eta_CO of 0.468 [1], a fuel rate of 505 kg/t.

    Raises
    ------
    ProblemError
        If it is no finite number.
    """

    value: float
    unit: str

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise ProblemError(f"a figure of {self.value} {self.unit}")


@dataclass(frozen=True, eq=False)
class Made:
    """What a kernel found.

    Over the fence of the unit every element closes: inlets + ``drawn`` = ``outlets`` + ``released``. So does energy:
    enthalpy in + 3.6 ``power`` + ``heat`` = enthalpy out + ``loss``.

    Parameters
    ----------
    outlets
        Material by outlet port.
    drawn
        Reagents, fuel, air and water that the unit takes itself, by name.
    released
        Off-gas, vapour and waste that it lets go, by name.
    power
        Electric power drawn [MW]; negative where it is generated.
    heat
        Heat supplied from outside, such as steam [GJ/h]; negative where it is given away for use.
    loss
        Heat to surroundings and cooling [GJ/h]; where None, what closes the energy balance.
    states
        What goes on inside, by name.
    limits
        Distance to each limit, negative beyond it, by name: ``{"distance to the W point": Figure(0.031, "1")}``.
    residual
        Largest relative residual of the kernel's own equations [1].
    iterations
        Iterations of the kernel.
    """

    outlets: Materials
    drawn: Materials = field(default_factory=dict)
    released: Materials = field(default_factory=dict)
    power: float = 0.0
    heat: float = 0.0
    loss: float | None = None
    states: Mapping[str, Figure] = field(default_factory=dict)
    limits: Mapping[str, Figure] = field(default_factory=dict)
    residual: float = 0.0
    iterations: int = 1

    def __post_init__(self) -> None:
        for name in ("power", "heat", "residual"):
            if not math.isfinite(getattr(self, name)):
                raise ProblemError(f"{name} of {getattr(self, name)}")
        if self.loss is not None and not math.isfinite(self.loss):
            raise ProblemError(f"a loss of {self.loss}")


Kernel = Callable[[Any, Materials], Made]  # Any: the specification of each kind's own model


@dataclass(frozen=True)
class UnitKind:
    """One kind of unit operation.

    Parameters
    ----------
    name
        Name in the document, such as ``"blast_furnace"``.
    title
        Name in a sentence, such as ``"blast furnace"``.
    description
        What it does, in one or two sentences: the reference page.
    inlets, outlets
        Forms of material that may flow in and out.
    spec
        Model of the kind's own fields, where it has some. Each field is documented and unit-checked.
    is_stock
        Whether it only keeps one commodity: what it holds changes over a period.
    is_splitter
        Whether it only divides a stream into streams of equal composition.
    ports
        Where material enters and leaves, for a kind that can be simulated.
    operate
        The kernel: specification and material by inlet port to what is made. Call it through ``operation.solve``.
    parameters
        Paths of the specification that calibration may fit, such as ``"recovery.REO"``.

    Raises
    ------
    ProblemError
        If a form is unknown, nothing can flow in or out, it is a stock and a splitter at once, or it has a kernel
        without ports or ports without a kernel.

    Examples
    --------
    >>> kind = UnitKind("mill", "mill", "Grinds ore.", inlets=SOLIDS, outlets=SOLIDS)
    >>> kind.has_modes, kind.can_operate
    (True, False)
    """

    name: str
    title: str
    description: str
    inlets: frozenset[str]
    outlets: frozenset[str]
    spec: type[Model] | None = None
    is_stock: bool = False
    is_splitter: bool = False
    ports: tuple[Port, ...] = ()
    operate: Kernel | None = None
    parameters: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        forms = self.inlets | self.outlets | {form for port in self.ports for form in port.forms}
        unknown = forms - set(FORMS)
        if unknown:
            raise ProblemError(f"kind {self.name!r}: unknown forms {', '.join(sorted(unknown))}")
        if not self.inlets or not self.outlets:
            raise ProblemError(f"kind {self.name!r}: something must flow in and out")
        if self.is_stock and self.is_splitter:
            raise ProblemError(f"kind {self.name!r}: a stock is no splitter")
        if (self.operate is None) != (not self.ports):
            raise ProblemError(f"kind {self.name!r}: a kernel needs ports, and ports a kernel")

    @property
    def has_modes(self) -> bool:
        """Whether it runs in modes with a capacity; stocks and splitters do not."""
        return not (self.is_stock or self.is_splitter)

    @property
    def can_operate(self) -> bool:
        """Whether it has a kernel, so that a flowsheet can simulate it."""
        return self.operate is not None

    def port(self, name: str) -> Port:
        """The port of this name.

        Raises
        ------
        ProblemError
            If there is none; the message lists the ports.
        """
        for port in self.ports:
            if port.name == name:
                return port
        known = ", ".join(port.name for port in self.ports) or "none, for it cannot be simulated"
        raise ProblemError(f"a {self.title} has no port {name!r}; its ports: {known}")
