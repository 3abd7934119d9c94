"""How a request for aggregates is to be answered: the configuration of OPC 10000-13, 4.2.1.2.

A reader that trusts a furnace's uncertain temperatures asks with ``treat_uncertain_as_bad=False``; one that is content
with half an interval of good data asks with ``percent_data_good=50``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from ferrolan.base.errors import ProblemError


@dataclass(frozen=True)
class Configuration:
    """The configuration of a request.

    Parameters
    ----------
    treat_uncertain_as_bad
        Whether Uncertain values are left out like Bad ones.
    percent_data_good, percent_data_bad
        Share of an interval from which on its result is Good, and Bad [%]. The standard's text tries Bad first; its
        examples (half good, half bad, both limits at 50: Good) try Good first, and so does Ferrolan.
    use_sloped_extrapolation
        Whether the last two values are carried on by their slope beyond the end of the data, else the last one holds.
    stepped
        Whether a value holds until the next one; None takes what the tag was registered with.
    resolution
        How long the last sample of the data counts, and how far before the end of an interval its end bound is stamped.

    Raises
    ------
    ProblemError
        If a percentage is outside 0..100, or the resolution is not positive.
    """

    treat_uncertain_as_bad: bool = True
    percent_data_good: float = 100.0
    percent_data_bad: float = 100.0
    use_sloped_extrapolation: bool = False
    stepped: bool | None = None
    resolution: timedelta = timedelta(milliseconds=1)

    def __post_init__(self) -> None:
        for name in ("percent_data_good", "percent_data_bad"):
            if not 0.0 <= getattr(self, name) <= 100.0:
                raise ProblemError(f"{name}: found {getattr(self, name)}, expected 0 to 100")
        if self.resolution <= timedelta(0):
            raise ProblemError(f"resolution: found {self.resolution}, expected more than 0")
