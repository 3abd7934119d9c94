"""What is wrong with the instruments beyond their declared errors, and what happens in the plant that no stream shows.

One fault is planted in the raw month: the belt scale WT-214 of the flotation feed reads 3 % too much from the first to
the last minute, three times its declared standard deviation. A document of a part of the plant may declare another one,
such as the ladle crane scale WT-342 with 2.5 %. Besides, the historian loses some values as historians do.

The other faults are a library for tests and for the table of what an account finds. A fault of a meter changes what
that meter shows and nothing else: it is applied to the reading, errors and all, so ``raw - clean raw`` is the fault. A
fault of the plant changes the truth before any meter looks (``losses``). Example: a belt scale that stands still from
the tenth day on, ``Frozen("WT-214", 10.0)``. All sizes are synthetic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ferrolan.base.errors import ProblemError
from ferrolan.virtualplant.calibration import INDEPENDENT, Calibration
from ferrolan.virtualplant.losses import PlantFault
from ferrolan.virtualplant.material import Array
from ferrolan.virtualplant.tag_record import TagRecord

Amiss = Literal["kg", "short ton", "fraction", "percent"]

_INSTEAD: Mapping[Amiss, float] = {
    "kg": 1000.0,  # a tonne shown in kilograms
    "short ton": 1.0 / 0.90718474,  # a tonne shown in short tons of 2,000 lb
    "fraction": 0.01,  # a percentage shown as a fraction
    "percent": 100.0,  # a fraction shown as a percentage
}


@dataclass(frozen=True, eq=False)
class Seen:
    """What a tag would show if it were well.

    ``values`` [canonical unit]; ``days`` from the start of the month to each reading [d]; ``periods`` the number of
    the balance period, or of the count of a stock; ``solids`` gives the dry mass of each wet one [1]; shape (n,) each.
    """

    values: Array
    days: Array
    periods: NDArray[np.int64]
    solids: Callable[[], Array]


class MeterFault(Protocol):
    """A fault of one meter, or of several."""

    def touches(self, tag: TagRecord) -> bool:
        """Whether this tag shows something else than it would."""

    def shown(self, tag: TagRecord, seen: Seen) -> Array:
        """What a touched tag shows instead [canonical unit], shape (n,)."""


@dataclass(frozen=True)
class _OfTag:
    tag: str

    def touches(self, tag: TagRecord) -> bool:
        """Whether it is the tag."""
        return tag.tag == self.tag


@dataclass(frozen=True)
class RelativeBias(_OfTag):
    """A scale that reads ``1 + share`` times what it should."""

    share: float

    def shown(self, tag: TagRecord, seen: Seen) -> Array:
        """Every reading times ``1 + share``."""
        return seen.values * (1.0 + self.share)


@dataclass(frozen=True)
class AbsoluteBias(_OfTag):
    """A zero that has moved: the meter reads ``amount`` [canonical unit] too much, also when nothing flows."""

    amount: float

    def shown(self, tag: TagRecord, seen: Seen) -> Array:
        """Every reading plus ``amount``."""
        return seen.values + self.amount


@dataclass(frozen=True)
class GrowingDrift(_OfTag):
    """A relative bias that grows evenly from nothing on the first day to ``share`` on the last."""

    share: float

    def shown(self, tag: TagRecord, seen: Seen) -> Array:
        """Every reading times one plus the bias of its day."""
        return seen.values * (1.0 + self.share * seen.days / max(float(seen.days[-1]), 1.0))


@dataclass(frozen=True)
class Frozen(_OfTag):
    """A meter that stands still from a day on [d from the start of the month] and goes on to send its last value."""

    day: float

    def shown(self, tag: TagRecord, seen: Seen) -> Array:
        """The readings before the day, and then the first one of it."""
        still = seen.days >= self.day
        held = seen.values[int(np.argmax(still))] if still.any() else 0.0
        return np.where(still, held, seen.values)


@dataclass(frozen=True)
class WrongUnit(_OfTag):
    """Readings of some days in another unit than the declared one: a tonne in ``kg`` or in ``short ton``, a percentage
    as ``fraction``, a fraction as ``percent``.
    """

    instead: Amiss
    first_day: float = 0.0
    days: float = 366.0

    def shown(self, tag: TagRecord, seen: Seen) -> Array:
        """The readings of those days times the factor of the unit."""
        there = (seen.days >= self.first_day) & (seen.days < self.first_day + self.days)
        return np.where(there, seen.values * _INSTEAD[self.instead], seen.values)


@dataclass(frozen=True)
class Outlier(_OfTag):
    """One balance period, or one count of a stock, that reads ``1 + share`` times what it should."""

    period: int
    share: float

    def shown(self, tag: TagRecord, seen: Seen) -> Array:
        """The readings of that period times ``1 + share``."""
        return np.where(seen.periods == self.period, seen.values * (1.0 + self.share), seen.values)


@dataclass(frozen=True)
class ConfusedBasis(_OfTag):
    """A scale declared wet that shows dry mass, or one declared dry that weighs the water too."""

    def shown(self, tag: TagRecord, seen: Seen) -> Array:
        """Every reading times the share of solids, or divided by it."""
        return seen.values * seen.solids() if tag.basis == "wet" else seen.values / seen.solids()


@dataclass(frozen=True)
class LaboratoryBias:
    """A calibration of the laboratory that is wrong for one component, in every sample alike: the result is ``(1 +
    share)`` times the content, plus ``blank`` [canonical unit].
    """

    component: str
    share: float = 0.0
    blank: float = 0.0

    def touches(self, tag: TagRecord) -> bool:
        """Whether it is a result of the laboratory for this component."""
        return tag.kind in ("assay", "stock_assay") and tag.component == self.component

    def shown(self, tag: TagRecord, seen: Seen) -> Array:
        """Every result times ``1 + share`` and plus the blank."""
        return seen.values * (1.0 + self.share) + self.blank


@dataclass(frozen=True)
class Swapped:
    """Two columns exchanged: what tag ``first`` reads stands under the address of tag ``second``, and the other way
    round. The numbers are those of each meter in its own unit.
    """

    first: str
    second: str


@dataclass(frozen=True)
class MeterFaults:
    """What is wrong in a raw month.

    ``bias`` is a relative bias by tag [1]; ``bad_share`` the share of cells that hold a bad text or nothing;
    ``outage_steps`` the length of the gap in which the export has no value of any tag; ``text_results`` laboratory
    results that are no numbers. ``meters`` are further faults of meters, one after the other, ``swapped`` columns that
    were exchanged, ``plant`` what happens in the plant and no stream shows. ``calibration`` says which part of the
    declared errors lasts the month or is shared by the laboratory's results.
    """

    bias: Mapping[str, float] = field(default_factory=dict)
    bad_share: float = 0.001
    outage_steps: int = 3
    text_results: tuple[str, ...] = ("<0.01", "n/a", "n/a")
    meters: tuple[MeterFault, ...] = ()
    swapped: tuple[Swapped, ...] = ()
    plant: tuple[PlantFault, ...] = ()
    calibration: Calibration = INDEPENDENT

    def shown(self, tag: TagRecord, seen: Seen) -> Array:
        """What a tag shows once its faults have had their say [canonical unit], shape (n,)."""
        for fault in self.meters:
            if fault.touches(tag):
                seen = replace(seen, values=fault.shown(tag, seen))
        return seen.values

    def addresses(self, tags: Mapping[str, str]) -> dict[str, str]:
        """The address under which each tag's readings stand, from those of one file's tags by tag.

        Raises
        ------
        ProblemError
            If a column is to be exchanged with one of another file.
        """
        found = dict(tags)
        for pair in self.swapped:
            missing = [name for name in (pair.first, pair.second) if name not in found]
            if len(missing) == 1:
                raise ProblemError(f"virtual plant: tag {missing[0]} is not in the file of the one to exchange it with")
            if not missing:
                found[pair.first], found[pair.second] = found[pair.second], found[pair.first]
        return found


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
