"""The contract of a kind of unit operation.

A *kind* says what may flow into a unit and out of it, in which form, and whether the unit only keeps or only divides
material. A calciner takes a liquor and gives an oxide and a filtrate: solids and liquor. Adding a kind is one file in
``process/units`` with a ``KIND`` and one line in ``assembly/catalogue.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

from ferrolan.base.errors import ProblemError
from ferrolan.base.schema import Model

FORMS = ("solids", "metal", "liquor")
"""Forms of material: solids and metal flow as dry tonnes, liquors as cubic metres."""

SOLIDS = frozenset({"solids"})
METAL = frozenset({"metal"})
LIQUOR = frozenset({"liquor"})


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
        Model of the kind's own fields, where it has some.
    is_stock
        Whether it only keeps one commodity: what it holds changes over a period.
    is_splitter
        Whether it only divides a stream into streams of equal composition.

    Raises
    ------
    ProblemError
        If a form is unknown, nothing can flow in or out, or it is a stock and a splitter at once.

    Examples
    --------
    >>> kind = UnitKind("mill", "mill", "Grinds ore.", inlets=SOLIDS, outlets=SOLIDS)
    >>> kind.has_modes
    True
    """

    name: str
    title: str
    description: str
    inlets: frozenset[str]
    outlets: frozenset[str]
    spec: type[Model] | None = None
    is_stock: bool = False
    is_splitter: bool = False

    def __post_init__(self) -> None:
        unknown = (self.inlets | self.outlets) - set(FORMS)
        if unknown:
            raise ProblemError(f"kind {self.name!r}: unknown forms {', '.join(sorted(unknown))}")
        if not self.inlets or not self.outlets:
            raise ProblemError(f"kind {self.name!r}: something must flow in and out")
        if self.is_stock and self.is_splitter:
            raise ProblemError(f"kind {self.name!r}: a stock is no splitter")

    @property
    def has_modes(self) -> bool:
        """Whether it runs in modes with a capacity; stocks and splitters do not."""
        return not (self.is_stock or self.is_splitter)
