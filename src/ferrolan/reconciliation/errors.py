"""How sure a meter is, as a function of what it reads: the error models of instruments.

For example: a belt scale that is sure to 0.2 t/h at rest and to 1 % of what runs over it, but never claimed worse than
5 t/h, is ``ErrorModel(fixed=0.2, relative=0.01, maximum=5.0)``. The form is Whiten's, fixed plus relative up to a
maximum; a relative part evaluated at the reading pulls the answer low (low readings look surer than high ones), so the
engine evaluates it at the reconciled value.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from ferrolan.base.errors import ProblemError
from ferrolan.numerics.kkt import Floats

Number = TypeVar("Number", float, Floats)


@dataclass(frozen=True)
class ErrorModel:
    """``sigma(x) = min(fixed + relative |x|, maximum)``, all standard deviations in the unit of the value.

    Parameters
    ----------
    fixed
        Part that does not grow with the value, at least 0 [unit of the value].
    relative
        Part that does, at least 0 [1].
    maximum
        Largest sigma that is claimed, above 0 [unit of the value]; None for no limit.

    Raises
    ------
    ProblemError
        Where a part is negative or not finite, or where no part is above zero: sigma would be zero.

    Examples
    --------
    >>> ErrorModel(fixed=0.2, relative=0.01, maximum=5.0).sigma(100.0)
    1.2
    """

    fixed: float = 0.0
    relative: float = 0.0
    maximum: float | None = None

    def __post_init__(self) -> None:
        faults = [
            f"{name}: expected at least 0, got {part}"
            for name, part in (("fixed", self.fixed), ("relative", self.relative))
            if not (math.isfinite(part) and part >= 0.0)
        ]
        if not faults and self.fixed + self.relative == 0.0:
            faults.append("expected a fixed or a relative part above 0, got none; state how sure the meter is")
        if self.maximum is not None and not (math.isfinite(self.maximum) and self.maximum > 0.0):
            faults.append(f"maximum: expected above 0, got {self.maximum}")
        if faults:
            raise ProblemError("error model: " + "; ".join(faults))

    def sigma(self, value: Number) -> Number:
        """Standard deviation at ``value``, a number or an array."""
        grown = self.fixed + self.relative * abs(value)
        if self.maximum is None:
            return grown
        if isinstance(grown, np.ndarray):
            return np.minimum(grown, self.maximum)
        return min(grown, self.maximum)
