"""How the declared error of a meter is made up: drawn anew each period, lasting the month, shared by a laboratory.

``error = sigma (sqrt(1 - m - l) e_period + sqrt(m) e_month + sqrt(l) e_laboratory)``, all e ~ N(0, 1), so that the
standard deviation of a period's value stays the declared one whatever the shares. The plain month has m = l = 0: every
period is an experiment of its own, which is what an account with a diagonal covariance believes. In a works it is not
so: a belt scale is calibrated once a quarter, and all assays of Nd2O3 by one method hang on one standard. Example: with
m = 0.5 a scale of 1 % has a calibration error of 0.71 % that stays all month and 0.71 % a week on top.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ferrolan.base.errors import ProblemError
from ferrolan.virtualplant.drift import generator
from ferrolan.virtualplant.material import Array
from ferrolan.virtualplant.tag_record import TagRecord


@dataclass(frozen=True)
class Calibration:
    """Shares of an error's variance [1]: ``month`` lasts all month, ``laboratory`` is common besides to every assay of
    a component by one method, which is to say with one declared relative sigma.

    Raises
    ------
    ProblemError
        If a share is negative or both together exceed one.
    """

    month: float = 0.0
    laboratory: float = 0.0

    def __post_init__(self) -> None:
        if not (self.month >= 0.0 and self.laboratory >= 0.0 and self.month + self.laboratory <= 1.0):
            raise ProblemError(
                f"virtual plant: shares of variance of {self.month} (month) and {self.laboratory} (laboratory); they "
                "must be at least 0 and at most 1 together"
            )

    def draws(self, seed: int, tag: TagRecord, count: int) -> Array:
        """Relative and absolute errors of ``count`` periods or counts in units of sigma, shape (2, count)."""
        fresh: Array = generator(seed, f"error {tag.tag}").standard_normal((2, count))
        laboratory = self.laboratory if tag.kind in ("assay", "stock_assay") else 0.0
        if self.month + laboratory == 0.0:
            return fresh
        lasting = generator(seed, f"calibration {tag.tag}").standard_normal((2, 1))
        method = f"{tag.component} {tag.sigma_relative:g}"
        common = generator(seed, f"laboratory {method}").standard_normal((2, 1))
        rest = 1.0 - self.month - laboratory
        mixed: Array = np.sqrt(rest) * fresh + np.sqrt(self.month) * lasting + np.sqrt(laboratory) * common
        return mixed


INDEPENDENT = Calibration()
"""Every period of every meter errs on its own."""
