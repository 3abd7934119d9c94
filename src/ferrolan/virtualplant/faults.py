"""What is wrong with the instruments beyond their declared errors.

One fault is planted in the raw month: the belt scale WT-214 of the flotation feed reads 3 % too much from the first to
the last minute, three times its declared standard deviation. A document of a part of the plant may declare another one,
such as the ladle crane scale WT-342 with 2.5 %. Besides, the historian loses some values as historians do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class MeterFaults:
    """Relative bias by tag [1], and what the historian loses.

    ``bad_share`` is the share of cells that hold a bad text or nothing; ``outage_steps`` the length of the gap in which
    the export has no value of any tag; ``text_results`` laboratory results that are no numbers.
    """

    bias: Mapping[str, float] = field(default_factory=dict)
    bad_share: float = 0.001
    outage_steps: int = 3
    text_results: tuple[str, ...] = ("<0.01", "n/a", "n/a")


PLANTED = MeterFaults(bias={"WT-214": 0.03})
"""The faults of the raw month where a document declares none."""

BAD_TEXTS: tuple[str, ...] = ("Bad", "No Data", "I/O Timeout", "")
"""What the historian writes where it has no value."""


def planted(bias: Mapping[str, float]) -> MeterFaults:
    """The faults of a raw month whose document declares which meters are wrong.

    Parameters
    ----------
    bias
        Relative bias by tag [1]; the shipped fault where it is empty.

    Examples
    --------
    >>> planted({"WT-342": 0.025}).bias
    {'WT-342': 0.025}
    >>> planted({}).bias
    {'WT-214': 0.03}
    """
    return replace(PLANTED, bias=dict(bias)) if bias else PLANTED
