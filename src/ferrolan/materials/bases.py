"""Reported bases: how many tonnes of ``Nd2O3`` or ``REO`` an assay would report for some tonnes of elements.

A laboratory reports rare earths as oxides although the ore holds fluorocarbonate, phosphorus as P or as P2O5. With
``basis("REO")`` tonnes of elements turn into the tonnes reported: 1 t of neodymium counts 1.1664 t of REO. The forms of
the rare-earth trade are used: CeO2, Pr6O11, Tb4O7, and M2O3 for the others.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from ferrolan.base.errors import ProblemError
from ferrolan.materials.elements import ELEMENTS, RARE_EARTHS
from ferrolan.materials.formulas import formula, molar_mass
from ferrolan.materials.nearest import unknown

_OXIDES = {
    **{symbol: f"{symbol}2O3" for symbol in RARE_EARTHS},
    "Ce": "CeO2", "Pr": "Pr6O11", "Tb": "Tb4O7",
    "Fe": "Fe2O3", "Si": "SiO2", "Ca": "CaO", "Mg": "MgO", "Al": "Al2O3", "Mn": "MnO", "P": "P2O5", "Nb": "Nb2O5",
    "Th": "ThO2", "Na": "Na2O", "K": "K2O", "Ba": "BaO", "Ti": "TiO2", "S": "SO3", "C": "CO2", "H": "H2O", "B": "B2O3",
}  # fmt: skip
_SUMS = {
    "REO": RARE_EARTHS,
    "LaCe": ("La", "Ce"),
    "PrNd": ("Pr", "Nd"),
    "SEG": ("Sm", "Eu", "Gd"),
    "SEGY": ("Sm", "Eu", "Gd", "Tb", "Dy", "Y"),
    "TbDy": ("Tb", "Dy"),
}
_LIGHT = {"O", "H"}  # an oxide or hydroxide is reported for the one element beside these

COMPONENTS: tuple[str, ...] = (*ELEMENTS, *dict.fromkeys(_OXIDES.values()), *_SUMS, "FeO", "RE")
"""Components that are usual; ``basis`` takes any other oxide too."""


def oxide_of(symbol: str) -> str:
    """The oxide an element is reported as.

    Raises
    ------
    ProblemError
        The element has no usual oxide.

    Examples
    --------
    >>> oxide_of("Nd"), oxide_of("Tb")
    ('Nd2O3', 'Tb4O7')
    """
    if symbol not in _OXIDES:
        raise unknown("element reported as oxide", symbol, _OXIDES, "Name the oxide itself.")
    return _OXIDES[symbol]


@cache
def basis(component: str) -> NDArray[np.float64]:
    """Tonnes of a reported component a tonne of each element.

    Parameters
    ----------
    component
        An element (``"Fe"``), its oxide (``"Nd2O3"``), or a sum: ``"REO"`` all rare-earth oxides, ``"LaCe"``,
        ``"PrNd"``, ``"SEG"``, ``"SEGY"`` (Sm to Y), ``"TbDy"`` as oxides, ``"RE"`` the rare earths as metal.

    Returns
    -------
    NDArray[np.float64]
        Weights w (elements,) [t/t], read-only: tonnes of elements ``@ w`` are tonnes of the component.

    Raises
    ------
    ProblemError
        The component is unknown, or a formula with two elements to report.

    Examples
    --------
    >>> round(float(basis("Nd2O3")[ELEMENTS.index("Nd")]), 4)
    1.1664
    """
    weights = np.zeros(len(ELEMENTS))
    for symbol, weight in _weights(component).items():
        weights[ELEMENTS.index(symbol)] = weight
    weights.flags.writeable = False
    return weights


def _weights(component: str) -> dict[str, float]:
    if component in ELEMENTS:
        return {component: 1.0}
    if component == "RE":
        return dict.fromkeys(RARE_EARTHS, 1.0)
    if component in _SUMS:
        return {symbol: _factor(oxide_of(symbol), symbol) for symbol in _SUMS[component]}
    symbol = _reported(component)
    return {symbol: _factor(component, symbol)}


def _reported(component: str) -> str:
    """The one element a formula reports."""
    try:
        atoms = formula(component)
    except ProblemError:
        raise unknown("component", component, COMPONENTS, "Name an element, its oxide or a sum.") from None
    beside = [symbol for symbol in atoms if symbol not in _LIGHT] or [symbol for symbol in atoms if symbol != "O"]
    if len(beside) != 1 or beside[0] not in ELEMENTS:
        raise ProblemError(
            f'component: "{component}" reports {" and ".join(beside) or "oxygen"}: expected one followed element '
            "beside oxygen. Name that element or its oxide."
        )
    return beside[0]


def _factor(text: str, symbol: str) -> float:
    return molar_mass(text) / (formula(text)[symbol] * molar_mass(symbol))
