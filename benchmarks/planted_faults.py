"""What an account finds: known faults planted in the raw months of the shipped enterprises, and what came of each.

``python -m benchmarks.planted_faults [--cases 6] [--coverage 20] [--lasting 10] [--out benchmarks]`` makes the months,
takes them in as any month is taken in, reconciles them, and compares what a person is told with what was planted. The
result is one row a case in ``planted_faults.csv``, one a month without a fault in ``planted_faults_clean.csv``, one a
biased meter among errors that last in ``planted_faults_lasting.csv``, and the Markdown tables of all three in
``planted_faults.md``, with seed and command.

Places are drawn, not chosen: a generator with a fixed seed picks meter, unit or component among all there are, also
those that no balance checks. Sizes follow one rule a kind, in the declared standard deviations where there are some.
Example: case 3 of *relative bias* at the steel works: WT-351 reads four of its standard deviations too much all month.

A fault is *found* if anything stood out that did not in the same month without it: a remark at the intake, a failed
test, a suspect, or no account at all. It is *located* if what was named holds a meter or unit that is really wrong:
*first* in the first class, else in any; ``named`` counts the names of that class, which nothing tells apart. A loss is
*beside* if a meter on a line of its unit is named: that meter off by as much looks the same, or nearly.
Where half of every error lasts the month, the account is asked twice: with the document as it is, which takes weeks as
independent, and with the same errors declared (``sigma_lasting`` of every tag, one shared error a laboratory method).

``shows`` is what the fault moves in the readings, in standard deviations of what the balances know of them (covariances
left out); a bias of the month needs about the critical value and 1.6 more to be found in 95 of 100 months.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import numpy as np
import polars as pl

from ferrolan import verbs
from ferrolan.assembly import sources
from ferrolan.base.errors import FerrolanError
from ferrolan.base.schema import Sourced, Table, read
from ferrolan.enterprise.document import Enterprise
from ferrolan.enterprise.exactness import SharedError
from ferrolan.enterprise.tags import TAG_KINDS, Tag
from ferrolan.reconciliation import MASS
from ferrolan.results import Account, Raw
from ferrolan.virtualplant import Truth, simulate, write
from ferrolan.virtualplant.calibration import INDEPENDENT, Calibration
from ferrolan.virtualplant.faults import (
    AbsoluteBias,
    ConfusedBasis,
    Frozen,
    GrowingDrift,
    LaboratoryBias,
    MeterFault,
    MeterFaults,
    Outlier,
    RelativeBias,
    Swapped,
    WrongUnit,
)
from ferrolan.virtualplant.losses import HiddenLine, Leak, PlantFault, happened

COMMAND = "python -m benchmarks.planted_faults"
SEED = 20261122
"""Seed of the places that are drawn."""
WORKS = ("ore_to_both", "steel_works", "rare_earth_works")
LASTING = Calibration(month=0.5, laboratory=0.25)
"""Half of every meter's variance lasts the month, a quarter of the laboratory's is common to a component; synthetic."""

_SIGMAS = 4.0  # size of a lasting bias, in declared standard deviations
_LARGE = 8.0  # of one period, and of a drift at its end
_SHARE = 0.03  # of a unit's feed that leaks, and of a laboratory's standard that is wrong
_COUNT = 0.05  # of a stock
_WETTER = 0.5  # of a moisture
_FIVE_PER_CENT = 1.645
_BARELY = 0.01  # share of a reading's variance below which the balances hardly see it
_ROUNDING = 1e-9  # half width below which a recovery is given by the balances alone
_FIRST_CLEAN = 1001  # seed of the first month without a fault, away from those of the cases

_BIASED = "relative bias"  # kind of fault that is planted among errors that last

Draw = np.random.Generator
_T = TypeVar("_T")


@dataclass(frozen=True)
class Planted:
    """A fault, where it is and how large, and the tags and units that are then really wrong.

    ``beside`` are the meters on the lines of such a unit: one of them off by as much looks the same, or nearly.
    """

    where: str
    size: str
    meters: tuple[MeterFault, ...] = ()
    swapped: tuple[Swapped, ...] = ()
    plant: tuple[PlantFault, ...] = ()
    tags: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()
    beside: frozenset[str] = frozenset()

    def faults(self, calibration: Calibration = INDEPENDENT) -> MeterFaults:
        """As the virtual plant takes it."""
        return MeterFaults(meters=self.meters, swapped=self.swapped, plant=self.plant, calibration=calibration)


@dataclass(frozen=True)
class Told:
    """What a person is told of one month: alarms by where they come from, and the classes of what is named, first one
    first. A class holds tags and units.
    """

    alarms: tuple[str, ...]
    classes: tuple[frozenset[str], ...] = ()

    def beside(self, before: Told) -> Told:
        """What is told here and was not told before."""
        return Told(
            tuple(alarm for alarm in self.alarms if alarm not in before.alarms),
            tuple(named for named in self.classes if named not in before.classes),
        )


@dataclass(frozen=True)
class Finding:
    """One row of the result."""

    enterprise: str
    kind: str
    case: int
    seed: int
    where: str
    size: str
    shows: float | None
    verdict: str
    by: str
    named: int | None
    first_class: str
    why: str
    seconds: float


@dataclass(frozen=True)
class Works:
    """A shipped enterprise, its meters, and its months."""

    name: str
    document: Enterprise = field(repr=False)

    @staticmethod
    @cache
    def named(name: str) -> Works:
        """A shipped enterprise by its name."""
        return Works(name, verbs.load(name))

    @cached_property
    def by_kind(self) -> Mapping[str, list[Tag]]:
        """The tags of each kind."""
        kinds = dict.fromkeys(tag.kind for tag in self.document.tags)
        return {kind: [tag for tag in self.document.tags if tag.kind == kind] for kind in kinds}

    @cached_property
    def levels(self) -> Mapping[tuple[str, str, str | None], float]:
        """Monthly mean of every true quantity [canonical unit]."""
        means = simulate(SEED).period_means().group_by("kind", "object", "component").agg(pl.mean("value"))
        return {(kind, name, component): value for kind, name, component, value in means.iter_rows()}

    def level(self, tag: Tag) -> float:
        """Monthly mean of what a tag reads, water left out [canonical unit]."""
        return self.levels[tag.kind, tag.object, tag.component]

    def month(
        self, seed: int, faults: MeterFaults, document: Enterprise | None = None
    ) -> tuple[Raw | None, Account | None, str]:
        """A raw month taken in and reconciled, by another document if one is given; None and the reason where a station
        refused.
        """
        raw, document = None, self.document if document is None else document
        with TemporaryDirectory() as folder:
            write(_truth(seed), self.document.tags, Path(folder), faults=faults)
            files = {name: sources.source_file(document, name, Path(folder)) for name in document.sources}
            try:
                raw = verbs.ingest(document, files)
                return raw, verbs.reconcile(document, raw), ""
            except FerrolanError as refused:
                return raw, None, f"{type(refused).__name__}: {refused}".splitlines()[0]


@cache
def _truth(seed: int) -> Truth:
    return simulate(seed)


@dataclass(frozen=True)
class Errors:
    """How the errors of a month are made up, and whether the document says so."""

    name: str
    calibration: Calibration
    is_declared: bool

    def document(self, works: Works) -> Enterprise:
        """What the month is taken in and reconciled by."""
        return _declared(works.name, self.calibration) if self.is_declared else works.document


AS_INDEPENDENT = Errors("independent", INDEPENDENT, is_declared=False)
NOT_DECLARED = Errors("lasting, not declared", LASTING, is_declared=False)
DECLARED = Errors("lasting, declared", LASTING, is_declared=True)
MAKES = (AS_INDEPENDENT, NOT_DECLARED, DECLARED)


@cache
def _declared(name: str, calibration: Calibration) -> Enterprise:
    return declared(Works.named(name).document, calibration)


def declared(document: Enterprise, calibration: Calibration) -> Enterprise:
    """The document with that make-up of errors declared: ``sigma_lasting`` of every tag, and one shared error for every
    laboratory method, each tag's own sigma reduced by it.
    """
    errors: dict[str, SharedError] = {}
    tags = []
    for tag in document.tags:
        common = calibration.laboratory if tag.kind in ("assay", "stock_assay") else 0.0
        rest = math.sqrt(1.0 - common)
        if TAG_KINDS[tag.kind].is_reading or tag.kind == "moisture":
            tag = replace(tag, sigma_lasting=math.sqrt(calibration.month) / rest)
        if common:
            name = f"standard_{tag.component}_{1e4 * tag.sigma_relative:.0f}"
            errors[name] = SharedError(sigma=_share(math.sqrt(common) * tag.sigma_relative))
            sigmas = {"sigma_relative": tag.sigma_relative * rest, "sigma_absolute": tag.sigma_absolute * rest}
            tag = replace(tag, shared=(*tag.shared, name), **sigmas)
        tags.append(tag)
    account = document.require_account()
    both = Table({**account.shared_errors, **errors})
    return document.model_copy(
        update={"tags": tuple(tags), "account": account.model_copy(update={"shared_errors": both})}
    )


def _share(value: float) -> Sourced:
    found, problems = read(Sourced, {"value": value, "synthetic": True})
    if found is None:
        raise RuntimeError(f"a share of {value}: {problems}")
    return found


# --- what is planted ------------------------------------------------------------------------------------------------


def relative_bias(works: Works, draw: Draw, case: int) -> Planted:
    """A scale or flow meter that reads four sigma too much, or too little, all month."""
    tag = _one(draw, works.by_kind["flow"])
    share = _sign(case) * _SIGMAS * tag.sigma_relative
    return _of(tag, f"{share:+.1%}", RelativeBias(tag.tag, share))


def zero_drift(works: Works, draw: Draw, case: int) -> Planted:
    """A zero that has moved by four sigma of the mean flow."""
    tag = _one(draw, works.by_kind["flow"])
    amount = _sign(case) * _SIGMAS * tag.sigma_relative * works.level(tag)
    return _of(tag, f"{amount:+.3g}", AbsoluteBias(tag.tag, amount))


def growing_drift(works: Works, draw: Draw, case: int) -> Planted:
    """A bias that grows from nothing to eight sigma."""
    tag = _one(draw, works.by_kind["flow"])
    share = _sign(case) * _LARGE * tag.sigma_relative
    return _of(tag, f"to {share:+.1%}", GrowingDrift(tag.tag, share))


def frozen(works: Works, draw: Draw, case: int) -> Planted:
    """A flow meter that stands still from some day between the fifth and the twentieth on."""
    tag = _one(draw, [tag for tag in works.by_kind["flow"] if tag.method == "time_mean"])
    day = float(draw.integers(5, 20))
    return _of(tag, f"from day {day:.0f}", Frozen(tag.tag, day))


def kilograms(works: Works, draw: Draw, case: int) -> Planted:
    """A week of a flow in kilograms."""
    tag = _one(draw, _in_tonnes(works))
    return _of(tag, "second week", WrongUnit(tag.tag, "kg", 7.0, 7.0))


def short_tons(works: Works, draw: Draw, case: int) -> Planted:
    """A month of a flow in short tons."""
    tag = _one(draw, _in_tonnes(works))
    return _of(tag, "+10.2%", WrongUnit(tag.tag, "short ton"))


def fractions(works: Works, draw: Draw, case: int) -> Planted:
    """A week of an assay as a fraction instead of a percentage."""
    tag = _one(draw, [tag for tag in works.by_kind["assay"] if tag.unit == "%"])
    return _of(tag, "second week", WrongUnit(tag.tag, "fraction", 7.0, 7.0))


def swapped_components(works: Works, draw: Draw, case: int) -> Planted:
    """Two components of one sample exchanged."""
    return _exchanged(draw, works.by_kind["assay"], lambda tag: tag.object)


def swapped_streams(works: Works, draw: Draw, case: int) -> Planted:
    """The same component of two samples exchanged, or two flow meters."""
    if case % 2:
        return _exchanged(draw, works.by_kind["assay"], lambda tag: tag.component)
    return _exchanged(draw, works.by_kind["flow"], lambda tag: (tag.source, tag.unit))


def leak(works: Works, draw: Draw, case: int) -> Planted:
    """3 % of a unit's or a stock's feed that nobody sees again."""
    unit = _one(draw, list(works.document.units))
    return _lost(works, unit, f"{_SHARE:.0%} of its feed", Leak(unit, _SHARE), {unit})


def hidden_line(works: Works, draw: Draw, case: int) -> Planted:
    """3 % of a unit's feed that runs back to the unit before, or on to the one after next, on no drawing."""
    pairs = _hidden_pairs(works)
    source, target = _one(draw, pairs)
    line = HiddenLine(source, target, _SHARE)
    return _lost(works, f"{source} to {target}", f"{_SHARE:.0%}", line, {source, target})


def confused_basis(works: Works, draw: Draw, case: int) -> Planted:
    """A scale that is declared wet and shows dry mass."""
    tag = _one(draw, [tag for tag in works.by_kind["flow"] if tag.basis == "wet"])
    share = -works.levels["moisture", tag.object, None]
    return _of(tag, f"{share:+.1%}", ConfusedBasis(tag.tag))


def wrong_moisture(works: Works, draw: Draw, case: int) -> Planted:
    """A moisture that is half as high again as it is, or half of it."""
    tag = _one(draw, works.by_kind["moisture"])
    share = _sign(case) * _WETTER
    return _of(tag, f"{share:+.0%} of the water", RelativeBias(tag.tag, share))


def laboratory_gain(works: Works, draw: Draw, case: int) -> Planted:
    """All assays of a component 3 % too high, those of stocks too."""
    return _laboratory(works, draw, case, share=_sign(case) * _SHARE)


def laboratory_blank(works: Works, draw: Draw, case: int) -> Planted:
    """All assays of a component too high by 3 % of the median one."""
    return _laboratory(works, draw, case, blank=_SHARE)


def outlier(works: Works, draw: Draw, case: int) -> Planted:
    """One period of a flow or an assay that reads eight sigma too much or too little."""
    tag = _one(draw, works.by_kind["flow" if case % 2 else "assay"])
    period = int(draw.integers(0, 5))
    share = _sign(case // 2) * _LARGE * tag.sigma_relative
    return _of(tag, f"{share:+.1%} in week {period + 1}", Outlier(tag.tag, period, share))


def stock_count(works: Works, draw: Draw, case: int) -> Planted:
    """One count of a stock off by 5 %."""
    tag = _one(draw, works.by_kind["stock"])
    number = int(draw.integers(0, 6))
    return _of(tag, f"{_sign(case) * _COUNT:+.0%}, count {number + 1}", Outlier(tag.tag, number, _sign(case) * _COUNT))


KINDS: Mapping[str, Callable[[Works, Draw, int], Planted]] = {
    "relative bias": relative_bias,
    "zero drift": zero_drift,
    "growing drift": growing_drift,
    "frozen meter": frozen,
    "kilograms for a week": kilograms,
    "short tons all month": short_tons,
    "fraction for %, a week": fractions,
    "two components swapped": swapped_components,
    "two streams swapped": swapped_streams,
    "leak at a unit": leak,
    "hidden line": hidden_line,
    "wet scale shows dry": confused_basis,
    "wrong moisture": wrong_moisture,
    "laboratory gain": laboratory_gain,
    "laboratory blank": laboratory_blank,
    "outlier week": outlier,
    "stock count off": stock_count,
}
"""Every kind of fault, and how a case of it is drawn."""


def planted(works: Works, kind: str, case: int) -> Planted:
    """The fault of one case; the same for the same name, kind and number."""
    draw = np.random.default_rng([SEED, WORKS.index(works.name), list(KINDS).index(kind), case])
    return KINDS[kind](works, draw, case)


def _of(tag: Tag, size: str, fault: MeterFault) -> Planted:
    return Planted(tag.tag, size, meters=(fault,), tags=frozenset({tag.tag}))


def _lost(works: Works, where: str, size: str, fault: PlantFault, units: set[str]) -> Planted:
    streams = works.document.streams.items()
    around = units | {name for name, stream in streams if stream.from_ in units or stream.to in units}
    beside = frozenset(tag.tag for tag in works.document.tags if tag.object in around)
    return Planted(where, size, plant=(fault,), units=frozenset(units), beside=beside)


def _one(draw: Draw, among: Sequence[_T]) -> _T:
    return among[int(draw.integers(len(among)))]


def _sign(case: int) -> float:
    return -1.0 if case % 2 else 1.0


def _in_tonnes(works: Works) -> list[Tag]:
    return [tag for tag in works.by_kind["flow"] if tag.unit.startswith("t/")]


def _exchanged(draw: Draw, tags: Sequence[Tag], alike: Callable[[Tag], object]) -> Planted:
    pairs = [
        (one, other)
        for place, one in enumerate(tags)
        for other in tags[place + 1 :]
        if alike(one) == alike(other) and one.unit == other.unit
    ]
    one, other = _one(draw, pairs)
    both = frozenset({one.tag, other.tag})
    return Planted(f"{one.tag} and {other.tag}", "exchanged", swapped=(Swapped(one.tag, other.tag),), tags=both)


@cache
def _hidden_pairs(works: Works) -> list[tuple[str, str]]:
    """Neighbours against the flow and two steps along it, where a line can run at all."""
    streams = [(stream.from_, stream.to) for stream in works.document.streams.values() if stream.from_ and stream.to]
    back = [(target, source) for source, target in streams]
    ahead = [(source, last) for source, middle in streams for first, last in streams if first == middle]
    return [pair for pair in dict.fromkeys(back + ahead) if _can_run(pair)]


def _can_run(pair: tuple[str, str]) -> bool:
    try:
        changed = happened(_truth(1), [HiddenLine(*pair, _SHARE)])
    except FerrolanError:
        return False
    return any(not np.array_equal(changed.streams[name].rate, m.rate) for name, m in _truth(1).streams.items())


def _laboratory(works: Works, draw: Draw, case: int, share: float = 0.0, blank: float = 0.0) -> Planted:
    component = _one(draw, list(works.document.require_account().components))
    hit = [tag for tag in works.document.tags if tag.kind in ("assay", "stock_assay") and tag.component == component]
    typical = float(np.median([works.level(tag) for tag in hit]))
    fault = LaboratoryBias(component, share, _sign(case) * blank * typical)
    size = f"{share:+.0%}" if share else f"{_sign(case) * blank * typical:+.2g}"
    return Planted(f"{component}, {len(hit)} assays", size, meters=(fault,), tags=frozenset(tag.tag for tag in hit))


# --- what a person is told ------------------------------------------------------------------------------------------


def told(raw: Raw | None, account: Account | None, refused: str) -> Told:
    """Alarms and names of one month."""
    remarks = [] if raw is None else raw.tables["remarks"]["path"].to_list()
    at_intake = [frozenset({path}) for path in dict.fromkeys(remarks)]
    alarms = ["intake"] if remarks else []
    if account is None:
        return Told((*alarms, f"refused, {refused}"), tuple(at_intake))
    tests = account.tables["balance_tests"].filter(~pl.col("passed").fill_null(True))["test"].unique().sort()
    suspects = [*_suspects(account)]
    alarms += [f"{test} test" for test in tests] + (["suspects"] if suspects else [])
    return Told(tuple(alarms), tuple(dict.fromkeys([*at_intake, *suspects, *_readings(account)])))


def _suspects(account: Account) -> Iterator[frozenset[str]]:
    """The classes of suspects by rank, then the nodes that miss a stream; of the list in which biases, outliers and
    leaks compete where there is one.
    """
    competing = _table(account, "gross_errors")
    frame = account.tables["suspects"] if competing is None else competing
    for _, rows in frame.sort("rank", "suspect_class").group_by("rank", "suspect_class", maintain_order=True):
        yield frozenset(_names(rows))
    missing = _table(account, "missing_streams")
    if missing is not None:
        beyond = missing.filter(pl.col("z").abs() > pl.col("critical")).sort(pl.col("z").abs(), descending=True)
        yield from (frozenset(node.split(" + ")) for node in beyond["node"].unique(maintain_order=True))


def _table(account: Account, name: str) -> pl.DataFrame | None:
    """A table of the account that not every engine gives."""
    if name in account.tables:
        return account.tables[name]
    found = getattr(account.reconciled, name, None)
    return found if isinstance(found, pl.DataFrame) else None


def _names(rows: pl.DataFrame) -> Iterator[str]:
    """Tags of meters, also of what lasts of their error, and units of leaks, which may be several as one."""
    for row in rows.iter_rows(named=True):
        name = row["object"] if row["tag"] is None else row["tag"]
        yield from name.removesuffix(" lasting").split(" + ")


def _readings(account: Account) -> Iterator[frozenset[str]]:
    """Readings beyond the critical value of the measurement test, the farthest first."""
    critical = account.tables["balance_tests"].filter(pl.col("test") == "measurement")["critical"].item()
    beyond = account.tables["account"].filter(pl.col("z") > critical, pl.col("tag").is_not_null())
    for tag in beyond.sort("z", descending=True)["tag"].unique(maintain_order=True):
        yield frozenset({tag})


# --- what came of it ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Clean:
    """A month without a fault: its measurements, and what its account knows."""

    raw: Raw
    account: Account
    told: Told


@cache
def clean(name: str, seed: int, errors: Errors = AS_INDEPENDENT) -> Clean:
    """The month of a seed without a fault."""
    works = Works.named(name)
    raw, account, refused = works.month(seed, MeterFaults(calibration=errors.calibration), errors.document(works))
    if raw is None or account is None:
        raise RuntimeError(f"{name}, seed {seed}: a month without a fault was refused: {refused}")
    return Clean(raw, account, told(raw, account, ""))


def finding(name: str, kind: str, case: int, errors: Errors = AS_INDEPENDENT) -> Finding:
    """Plant a case, take it in, reconcile it and judge it."""
    works, seed = Works.named(name), case + 1
    fault, before = planted(works, kind, case), clean(name, seed, errors)
    start = time.process_time()
    raw, account, refused = works.month(seed, fault.faults(errors.calibration), errors.document(works))
    seconds = time.process_time() - start
    answer = told(raw, account, refused).beside(before.told)
    verdict, by, named = judged(fault, answer)
    shows = None if raw is None or fault.plant else _shows(before, raw, fault)
    why = "" if verdict.startswith("located") else _why(before, fault, shows, verdict)
    first = ", ".join(sorted(answer.classes[0])) if answer.classes else ""
    return Finding(
        name, kind, case, seed, fault.where, fault.size, shows, verdict, by, named, first, why, round(seconds, 3)
    )


def judged(fault: Planted, answer: Told) -> tuple[str, str, int | None]:
    """Verdict (located first, located, beside, found, missed), what raised the alarm, and how many names stand in the
    class that holds what is wrong.
    """
    by = "; ".join(answer.alarms)
    wrong = fault.tags | fault.units
    for place, named in enumerate(answer.classes):
        if named & wrong:
            return ("located" if place else "located first"), by, len(named)
    for named in answer.classes:
        if named & fault.beside:
            return "beside", by, len(named)
    return ("found" if answer.alarms else "missed"), by, None


_KEYS = ["tag", "kind", "object", "component", "period"]


def _shows(before: Clean, raw: Raw, fault: Planted) -> float:
    """Size of a fault in its readings, in standard deviations of the adjustments that it can show in."""
    both = before.raw.tables["measurements"].join(raw.tables["measurements"], on=_KEYS, suffix="_now", nulls_equal=True)
    moved = both.with_columns(moved=(pl.col("value_now") - pl.col("value")) / pl.col("sigma"))
    read = moved.join(_checked(before, fault), on=["tag", "period"])
    return round(float(np.sqrt(read.select((pl.col("moved") ** 2 * pl.col("checked")).sum()).item() or 0.0)), 2)


def _checked(before: Clean, fault: Planted) -> pl.DataFrame:
    """How much of the variance of each touched reading the balances see: tag, period, checked [1]."""
    rows = before.account.tables["account"].filter(pl.col("tag").is_in(sorted(fault.tags)))
    share = (1.0 - (pl.col("sd") / pl.col("sigma")) ** 2).clip(0.0).fill_null(0.0)
    return rows.select("tag", "period", checked=share)


def _why(before: Clean, fault: Planted, shows: float | None, verdict: str) -> str:
    """Why a fault was not located."""
    if fault.plant:
        return _why_unseen(before, fault) if verdict == "missed" else "meters around it are named instead"
    if any(isinstance(meter, LaboratoryBias) and not meter.blank for meter in fault.meters):
        return "a factor common to all assays of a component leaves every balance closed"
    rows = _checked(before, fault)
    if rows.is_empty():
        return "a moisture too small to move its scale"
    if rows["checked"].max() < _BARELY:  # type: ignore[operator]  # floats, and there are some
        return "no balance checks it, or hardly"
    bias = before.account.tables["balance_tests"].filter(pl.col("test") == "bias")["critical"].item()
    if shows is not None and shows < bias + _FIVE_PER_CENT:
        return "small for what the balances know"
    return "the unmeasured takes it up" if verdict == "missed" else "another meter takes the blame"


def _why_unseen(before: Clean, fault: Planted) -> str:
    """Why a loss was missed: by the closures of its unit on the readings."""
    closure = before.account.tables["closure"].filter(pl.col("node").is_in(sorted(fault.units)))
    if closure["sd"].null_count() == closure.height:
        return "no balance of the unit has all its streams measured"
    return "small for the closures of its unit"


# --- tables ---------------------------------------------------------------------------------------------------------


def findings(cases: int, names: Iterable[str] = WORKS, kinds: Iterable[str] = tuple(KINDS)) -> Iterator[Finding]:
    """Every case of the chosen kinds and enterprises."""
    chosen = list(kinds)
    for name in names:
        for kind in chosen:
            for case in range(cases):
                if _possible(Works.named(name), kind):
                    yield finding(name, kind, case)


def _possible(works: Works, kind: str) -> bool:
    return kind != "hidden line" or bool(_hidden_pairs(works))


def as_frame(found: Iterable[Finding]) -> pl.DataFrame:
    """The findings as a table."""
    return pl.DataFrame([asdict(one) for one in found], infer_schema_length=None)


def markdown(frame: pl.DataFrame) -> str:
    """Found, located and missed by kind, all enterprises together, how many names stood beside the true one (median),
    and why what was not located was not.
    """
    head = (
        "| fault | cases | located first | located | names | beside | found only | missed | by | not located because |"
    )
    lines = [head, f"| --- |{' ---: |' * 7} --- | --- |"]
    for kind in frame["kind"].unique(maintain_order=True):
        rows = frame.filter(pl.col("kind") == kind)
        count = {verdict: rows.filter(pl.col("verdict") == verdict).height for verdict in _VERDICTS}
        by = _most([_loudest(alarms) for alarms in rows.filter(pl.col("by") != "")["by"]])
        why = _most(rows.filter(pl.col("why") != "")["why"].to_list())
        located = count["located first"] + count["located"]
        names = rows.select(pl.median("named")).item()
        shown = "" if names is None else f"{names:g}"
        others = [count[verdict] for verdict in ("beside", "found", "missed")]
        cells = [kind, rows.height, count["located first"], located, shown, *others, by, why]
        lines.append(f"| {' | '.join(str(cell) for cell in cells)} |")
    return "\n".join(lines)


def by_enterprise(frame: pl.DataFrame) -> str:
    """Of the cases of each kind at each enterprise: located / found or located / all."""
    names = frame["enterprise"].unique(maintain_order=True).to_list()
    lines = [f"| fault: located / found / cases | {' | '.join(names)} |", f"| --- |{' ---: |' * len(names)}"]
    for kind in frame["kind"].unique(maintain_order=True):
        cells = []
        for name in names:
            verdicts = frame.filter(pl.col("kind") == kind, pl.col("enterprise") == name)["verdict"]
            located = verdicts.str.starts_with("located").sum()
            cells.append(f"{located} / {(verdicts != 'missed').sum()} / {len(verdicts)}")
        lines.append(f"| {kind} | {' | '.join(cells)} |")
    return "\n".join(lines)


def by_size(frame: pl.DataFrame) -> str:
    """Located and missed by what the fault moves, of the kinds that a constant bias describes, or nearly."""
    smooth = frame.filter(pl.col("kind").is_in(_SMOOTH), pl.col("shows").is_not_null())
    lines = ["| the fault moves | cases | located | missed |", "| --- | ---: | ---: | ---: |"]
    for low, high in pairwise((0.0, 1.0, 3.0, 5.0, float("inf"))):
        verdicts = smooth.filter(pl.col("shows") >= low, pl.col("shows") < high)["verdict"]
        name = f"{low:g} to {high:g} standard deviations" if np.isfinite(high) else f"more than {low:g}"
        located, missed = verdicts.str.starts_with("located").sum(), (verdicts == "missed").sum()
        lines.append(f"| {name} | {len(verdicts)} | {located} | {missed} |")
    return "\n".join(lines)


_SMOOTH = (
    "relative bias",
    "zero drift",
    "growing drift",
    "short tons all month",
    "wet scale shows dry",
    "outlier week",
    "stock count off",
)


def _loudest(alarms: str) -> str:
    """The alarm a person meets first: the intake, then a named suspect, then a test."""
    heard = alarms.split("; ")
    return next((one for one in ("intake", "suspects") if one in heard), heard[0])


_VERDICTS = ("located first", "located", "beside", "found", "missed")


def _most(words: Sequence[str]) -> str:
    """The two commonest, with their counts."""
    counts = pl.Series(words, dtype=pl.String).value_counts(sort=True).head(2)
    return "; ".join(f"{str(word).split(',')[0]} ({number})" for word, number in counts.rows())


def false_alarms(names: Sequence[str], seeds: Sequence[int], errors: Errors = AS_INDEPENDENT) -> pl.DataFrame:
    """Alarms of months without a fault, how often the 95 % intervals hold the truth, and how wide recoveries are."""
    rows = []
    for name in names:
        works = Works.named(name)
        for seed in seeds:
            raw, account, refused = works.month(
                seed, MeterFaults(calibration=errors.calibration), errors.document(works)
            )
            row = {"errors": errors.name, "enterprise": name, "seed": seed}
            row["alarms"] = "; ".join(told(raw, account, refused).alarms)
            rows.append(row if account is None else row | _covered(account, seed) | _recovered(works, account, seed))
    return pl.DataFrame(rows, infer_schema_length=None)


def _covered(account: Account, seed: int) -> dict[str, float]:
    """Share of the truth within 1.96 standard deviations, by kind of quantity [1]."""
    truth = _truth(seed).period_means().select("kind", "object", "component", "period", true=pl.col("value"))
    known = account.tables["account"].filter(pl.col("sd") > 0.0)
    both = known.join(truth, on=["kind", "object", "component", "period"], nulls_equal=True)
    inside = both.with_columns(inside=(pl.col("value") - pl.col("true")).abs() <= 1.96 * pl.col("sd"))
    return dict(inside.group_by("kind").agg(pl.mean("inside")).sort("kind").iter_rows())


def _recovered(works: Works, account: Account, seed: int) -> dict[str, float]:
    """Share of the month's true recoveries of units within the half width u95 [1], and its geometric mean [1]."""
    frame = account.tables["recoveries"].filter(
        pl.col("reconciled"), pl.col("span") == "account", pl.col("scope_kind") == "unit", pl.col("u95") > _ROUNDING
    )
    rows = [row for row in frame.iter_rows(named=True) if row["component"] != MASS]
    inside = [abs(row["recovery"] - _true_recovery(works, _truth(seed), row)) <= row["u95"] for row in rows]
    widths = np.array([row["u95"] for row in rows])
    return {"recovery": float(np.mean(inside)), "u95": float(np.exp(np.log(widths).mean()))}


def _true_recovery(works: Works, truth: Truth, row: Mapping[str, str]) -> float:
    """Content of a product per content that a unit worked up, of a month that nobody measured [1]."""
    unit, groups = row["scope"], works.document.require_account().groups
    names = groups.get(row["component"], (row["component"],))

    def carried(stream: str) -> float:
        return float(truth.step_hours * sum(truth.streams[stream].of(name).sum() for name in names))

    worked = sum(carried(name) for name, stream in works.document.streams.items() if stream.to == unit)
    if unit in truth.stocks:
        held = truth.stocks[unit].content
        worked -= float(sum(held[name][-1] - held[name][0] for name in names if name in held))
    return carried(row["product"]) / worked


def coverage_markdown(frame: pl.DataFrame) -> str:
    """False alarms and coverage by enterprise, one line a make-up of the errors; ``U95`` is against the first."""
    lines = [
        "| errors | enterprise | months | with an alarm | with a suspect | flows in 95 % | assays in 95 % "
        "| recoveries in 95 % | their U95 |"
    ]
    lines.append(f"| --- | --- |{' ---: |' * 7}")
    plain: dict[str, float] = {}
    for errors, name in frame.select("errors", "enterprise").unique(maintain_order=True).iter_rows():
        rows = frame.filter(pl.col("errors") == errors, pl.col("enterprise") == name)
        alarms, suspects = rows["alarms"] != "", rows["alarms"].str.contains("suspects")
        held = [f"{rows.select(pl.mean(kind)).item():.1%}" for kind in ("flow", "assay", "recovery")]
        width = float(np.exp(rows.select(pl.col("u95").log().mean()).item()))
        wider = f"{width / plain.setdefault(name, width):.2f} x"
        cells = [errors, name, rows.height, alarms.sum(), suspects.sum(), *held, wider]
        lines.append(f"| {' | '.join(str(cell) for cell in cells)} |")
    return "\n".join(lines)


def lasting_markdown(frame: pl.DataFrame) -> str:
    """A meter off by four of its sigmas, by how the errors of all meters are made up."""
    lines = ["| errors | cases | located first | located | missed |", f"| --- |{' ---: |' * 4}"]
    for errors in frame["errors"].unique(maintain_order=True):
        verdicts = frame.filter(pl.col("errors") == errors)["verdict"]
        counts = (verdicts == "located first").sum(), verdicts.str.starts_with("located").sum()
        lines.append(f"| {errors} | {len(verdicts)} | {counts[0]} | {counts[1]} | {(verdicts == 'missed').sum()} |")
    return "\n".join(lines)


def main() -> int:
    """Run the table and write it beside this file."""
    arguments = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    arguments.add_argument("--cases", type=int, default=6, help="cases of each kind at each enterprise")
    arguments.add_argument("--coverage", type=int, default=0, help="months without a fault, of each make-up of errors")
    arguments.add_argument(
        "--lasting", type=int, default=0, help="biased meters among errors that last, of each make-up"
    )
    arguments.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder of the files")
    arguments.add_argument("--kind", action="append", choices=list(KINDS), help="this kind alone")
    arguments.add_argument("--works", action="append", choices=WORKS, help="this enterprise alone")
    chosen = arguments.parse_args()
    start, names = time.process_time(), tuple(chosen.works or WORKS)
    chosen.out.mkdir(parents=True, exist_ok=True)
    counts = f"--cases {chosen.cases} --coverage {chosen.coverage} --lasting {chosen.lasting}"
    written = f"Seed {SEED}, `{COMMAND} {counts}`.\n\n"
    if chosen.cases:
        frame = as_frame(findings(chosen.cases, names, tuple(chosen.kind or KINDS)))
        frame.drop("seconds").write_csv(chosen.out / "planted_faults.csv")
        written += f"{markdown(frame)}\n\n{by_size(frame)}\n\n{by_enterprise(frame)}\n\n"
    if chosen.coverage:
        seeds = range(_FIRST_CLEAN, _FIRST_CLEAN + chosen.coverage)
        months = pl.concat((false_alarms(names, seeds, errors) for errors in MAKES), how="diagonal")
        months.write_csv(chosen.out / "planted_faults_clean.csv")
        written += f"{coverage_markdown(months)}\n\n"
    if chosen.lasting:
        biased = pl.concat(
            as_frame(_biased(names, chosen.lasting, errors)).insert_column(0, pl.lit(errors.name).alias("errors"))
            for errors in MAKES
        )
        biased.drop("seconds").write_csv(chosen.out / "planted_faults_lasting.csv")
        written += f"{lasting_markdown(biased)}\n"
    (chosen.out / "planted_faults.md").write_text(written, encoding="utf-8")
    print(written)
    print(f"{time.process_time() - start:.0f} s CPU", file=sys.stderr)
    return 0


def _biased(names: Sequence[str], cases: int, errors: Errors) -> Iterator[Finding]:
    """A biased flow meter in months of one make-up of errors."""
    for name in names:
        for case in range(cases):
            yield finding(name, _BIASED, case, errors)


if __name__ == "__main__":
    sys.exit(main())
