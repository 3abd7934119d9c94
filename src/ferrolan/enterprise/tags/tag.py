"""A tag: which quantity of which stream, stock or unit it measures, in what unit, how sure it is, and when.

``WT-214`` is the belt scale of the flotation feed, 0 to 600 t/h with a standard deviation of 1 %. When it is re-ranged
to 0 to 900 t/h on 14 March it gets a second row of the same name: the old one holds until then, the new one from then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from ferrolan.base import units

Method = Literal["time_mean", "mean", "at_start"]
METHODS: tuple[Method, ...] = ("time_mean", "mean", "at_start")
"""Time-weighted mean over a period, plain mean of its results, or the count at its start."""

Basis = Literal["dry", "wet"]
BASES: tuple[Basis, ...] = ("dry", "wet")

Authority = Literal["estimate", "provisional", "final", "agreed"]
AUTHORITIES: tuple[Authority, ...] = ("estimate", "provisional", "final", "agreed")
"""How far a tag's values are settled, weakest first; of several tags of one quantity the strongest counts."""


@dataclass(frozen=True)
class TagKind:
    """What a kind of tag measures: of which sort of object, in units of which dimension."""

    of: Literal["stream", "stock", "unit", "unit or stream", "anything"]
    unit: str
    has_component: bool = False
    is_balanced: bool = False
    is_reading: bool = False

    @property
    def is_collected_only(self) -> bool:
        """Whether it is collected and kept, and no account asks for it: it needs no object, sigma or method."""
        return self.of == "anything"


TAG_KINDS: Mapping[str, TagKind] = {
    "flow": TagKind("stream", "t/h", is_balanced=True, is_reading=True),
    "assay": TagKind("stream", "1", has_component=True, is_balanced=True, is_reading=True),
    "moisture": TagKind("stream", "1", is_balanced=True),
    "stock": TagKind("stock", "t", is_balanced=True, is_reading=True),
    "stock_assay": TagKind("stock", "1", has_component=True, is_balanced=True, is_reading=True),
    "power": TagKind("unit", "kW", is_balanced=True),
    "state": TagKind("unit", "1", is_balanced=True),
    "temperature": TagKind("unit or stream", "K", is_reading=True),
    "pressure": TagKind("unit", "kPa"),
    "level": TagKind("unit", "1"),
    "pH": TagKind("unit", "1"),
    "density": TagKind("unit", "t/m3"),
    "acid": TagKind("unit", "kmol/m3"),
    "ratio": TagKind("unit", "1"),
    "gas": TagKind("unit", "1"),
    "size": TagKind("unit", "1"),
    "other": TagKind("anything", ""),
    "text": TagKind("anything", ""),
}
"""Kinds of tag, those of an account first (``is_balanced``).

What is reconciled (``is_reading``) may have several meters: they are as many readings of it. What is taken as it was
measured, such as a moisture or a power, has one, or several of different authority; ten thermometers are fine. What is
collected alone (``other``: a vibration, ``text``: a grade) has any unit or none, and may have no object.
"""

FORM_UNITS: Mapping[str, Mapping[str, str]] = {
    "liquor": {"flow": "m3/h", "assay": "kg/m3"},
    "heat": {"flow": "GJ/h"},
}
"""Units of a tag by the form of its stream and its kind, where they differ from those of solids and metal."""

LIQUOR_UNITS = FORM_UNITS["liquor"]
"""Units of a tag of a liquor."""


@dataclass(frozen=True)
class Tag:
    """One row of the tag map; sigmas and limits are in canonical units.

    Parameters
    ----------
    tag
        Name of the tag.
    source
        Source of the document it is read from.
    address
        Column header in a CSV source, the keys joined by ``/`` in a database.
    kind
        What it measures, one of the kinds of tag (``TAG_KINDS``).
    object
        Stream, stock or unit; may be empty where the tag is collected alone.
    component
        Component of an assay; nothing (None) for every other kind.
    unit
        Unit at the source, as our units are written: ``E18`` of UNECE Recommendation 20 is ``t/h``.
    basis
        ``"dry"``, or ``"wet"`` where moisture is still in a flow.
    method
        How a period's value is taken: ``time_mean``, ``mean``, or ``at_start`` for a stock.
    sigma_relative
        Standard deviation of a period's value, relative [1]; 0 where only the absolute one counts.
    sigma_absolute
        Standard deviation of a period's value [canonical unit]; 0 where only the relative one counts.
    lo, hi
        Limits of a possible value, written in the unit of the tag [kept in the canonical unit]; or nothing (None).
    description
        What it is, in words.
    line
        Line in the file.
    sigma_maximum
        Largest standard deviation of a period's value [canonical unit]; without one (None) it grows with the value.
    detection_limit
        Smallest value the method can tell from nothing, written in the unit of the tag [kept in the canonical unit]; a
        result below it is known to be at most the limit. Nothing (None) where there is none.
    authority
        How far its values are settled: ``estimate``, ``provisional``, ``final`` (where nothing is said) or ``agreed``.
        In each period the strongest one that has a value counts; the others are kept beside it.
    shared
        Names of the errors it shares with other tags, from ``account.shared_errors``, joined by ``;``.
    sigma_lasting
        Share of its standard deviation [1] that stays the same over the whole account, as a calibration does; the rest,
        ``sqrt(1 - sigma_lasting^2)`` of it, is drawn anew in every period. 0 where every period errs on its own.
    path
        Where it hangs in the works (ISA-95): site, area, work centre, work unit, equipment; empty where not said.
    scale, offset
        From the raw number of the source to the unit: ``value = raw * scale + offset`` [unit].
    stepped
        Whether a value holds until the next one, or runs straight to it.
    max_age
        How long a value holds at most; until the next one where nothing is said (None).
    valid_from, valid_to
        When the row holds, ``[valid_from, valid_to)`` [UTC]; for ever where nothing is said (None).
    note
        Anything; nothing is read from it.
    """

    tag: str
    source: str
    address: str
    kind: str
    object: str
    component: str | None
    unit: str
    basis: Basis
    method: Method
    sigma_relative: float
    sigma_absolute: float
    lo: float | None
    hi: float | None
    description: str
    line: int
    sigma_maximum: float | None = None
    detection_limit: float | None = None
    authority: Authority = "final"
    shared: tuple[str, ...] = ()
    sigma_lasting: float = 0.0
    path: tuple[str, ...] = ()
    scale: float = 1.0
    offset: float = 0.0
    stepped: bool = False
    max_age: timedelta | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    note: str = ""

    @property
    def canonical_unit(self) -> str:
        """Canonical unit of its values, sigmas and limits."""
        return units.canonical_unit(self.unit)
