"""The unit factors of the plant's own displays.

They are written down here once more, on purpose: if the factors of ``base.units`` were wrong, a generator that used
them would hide it. Example: 1,250 degC on the display is 1,523.15 K inside; 7,300 t/d in the ERP is 304 t/h.
"""

from __future__ import annotations

from collections.abc import Mapping

from ferrolan.base.errors import ProblemError

_SCALES: Mapping[str, tuple[float, float]] = {  # unit: (factor, offset); canonical = display * factor + offset
    "t": (1.0, 0.0),
    "t/h": (1.0, 0.0),
    "t/d": (1.0 / 24.0, 0.0),
    "m3/h": (1.0, 0.0),
    "%": (0.01, 0.0),
    "1": (1.0, 0.0),
    "g/L": (1.0, 0.0),
    "kg/m3": (1.0, 0.0),
    "t/m3": (1000.0, 0.0),
    "kmol/m3": (1.0, 0.0),
    "kW": (0.001, 0.0),
    "MW": (1.0, 0.0),
    "kPa": (1.0, 0.0),
    "K": (1.0, 0.0),
    "degC": (1.0, 273.15),
}


def scale(unit: str) -> tuple[float, float]:
    """Factor and offset from a display unit to the canonical one: ``canonical = display * factor + offset``.

    Raises
    ------
    ProblemError
        If the plant has no display in that unit.

    Examples
    --------
    >>> scale("degC")
    (1.0, 273.15)
    """
    try:
        return _SCALES[unit]
    except KeyError:
        known = ", ".join(_SCALES)
        raise ProblemError(f"virtual plant: no instrument shows the unit {unit!r}; known: {known}") from None
