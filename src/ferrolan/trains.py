"""What a person asks of a train of mixer-settlers: design one, rate one that stands, start one up.

A train sheet says what is to be parted; ``design("pr_nd.yaml")`` says with which stages and flows, ``rate`` what every
stage holds and how pure the products are, as tables and as a profile that a figure can draw. Example: 24 and 21 stages
part equal parts of two rare earths with a separation factor of 2 into 99.99 and 99.9 %.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from ferrolan.assembly.train_design import Goal, Proposal, proposal, sides_of
from ferrolan.assembly.trains import holdup_of, train_of
from ferrolan.base.showing import Shown, register
from ferrolan.base.tables import TRAIN_COURSE, TRAIN_OUTLETS, TRAIN_PROFILE, Table
from ferrolan.enterprise.designed_sheet import completed
from ferrolan.enterprise.train_sheet import Loaded, load
from ferrolan.process.cascade.rating import rate as rate_train
from ferrolan.process.cascade.startup import Grade, Load, StartUp, start_up
from ferrolan.process.cascade.train import PRODUCT, RAFFINATE, Profile
from ferrolan.views import notebook, process_figures
from ferrolan.views import trains as words

Tables = Mapping[str, pl.DataFrame]


@dataclass(frozen=True, eq=False)
class Designed(Shown):
    """A train designed: its sheet, the proposal, and the tables ``train_profile`` and ``train_outlets``."""

    loaded: Loaded
    proposal: Proposal
    tables: Tables

    @property
    def profile(self) -> Profile:
        """What every stage holds once the train has settled."""
        return self.proposal.profile

    @property
    def purities(self) -> Mapping[str, float]:
        """Share of its own side's components in each of the two products, simulated [1]."""
        return {name: self.profile.purity(name, *wanted) for name, wanted in sides(self.loaded).items()}

    @property
    def sheet(self) -> str:
        """The text of the sheet with this train in it, which ``rate`` and ``start`` take."""
        train = self.profile.train
        below = train.feeds[0].stage
        note = f"designed by ferrolan cascade design, goal {self.proposal.goal}"
        return completed(self.loaded, below, train.stages - below, train.organic_load, train.scrub, note)


@dataclass(frozen=True, eq=False)
class Rated(Shown):
    """A train that stands: its sheet, its profile, and the tables ``train_profile`` and ``train_outlets``."""

    loaded: Loaded
    profile: Profile
    tables: Tables

    @property
    def purities(self) -> Mapping[str, float]:
        """Share of its own side's components in each of the two products [1]."""
        return {name: self.profile.purity(name, *wanted) for name, wanted in sides(self.loaded).items()}


@dataclass(frozen=True, eq=False)
class Started(Shown):
    """A start-up: its sheet, its course, and the table ``train_course``."""

    loaded: Loaded
    start: StartUp
    tables: Tables


def design(
    sheet: Path | str, goal: Goal = "stages", *, organic: float | None = None, scrub: float | None = None
) -> Designed:
    """Design the train that does what a sheet asks, with the fewest stages, the least reagent or the least volume.

    Parameters
    ----------
    sheet
        Train sheet. One with stages, organic and scrub is where the search begins; else Xu's ratios are.
    goal
        ``"stages"`` at given flows, ``"reagent"`` at given stages, ``"volume"``: organic times stages.
    organic, scrub
        One of the two, where it is given [mol a mol of feed].

    Raises
    ------
    DocumentError
        With every fault of the sheet, each with its line.
    Infeasible
        If flows are below the minimum or a purity is out of reach, with what would do.
    ProblemError
        If organic and scrub are both given.
    """
    loaded = load(sheet)
    found = proposal(loaded, goal, organic=organic, scrub=scrub)
    return Designed(loaded, found, profile_tables(found.profile))


def rate(sheet: Path | str) -> Rated:
    """What a train that stands makes of its feed.

    Parameters
    ----------
    sheet
        Train sheet with stages, organic and scrub.

    Raises
    ------
    DocumentError
        With every fault of the sheet, each with its line.
    ProblemError
        If the flows contradict each other.
    """
    loaded = load(sheet)
    profile = rate_train(train_of(loaded))
    return Rated(loaded, profile, profile_tables(profile))


def start(
    sheet: Path | str, *, hours: float, circulation: float = 0.0, part_load: float = 0.0, share: float = 0.5
) -> Started:
    """Follow a start-up from a train filled with feed: total circulation, part load, full load.

    Parameters
    ----------
    sheet
        Train sheet with ``holdup``.
    hours
        The whole time [h].
    circulation
        How long no feed is let in [h].
    part_load
        How long a part of it is [h].
    share
        That part [1].

    Raises
    ------
    DocumentError
        With every fault of the sheet, each with its line.
    ProblemError
        If the phases do not fit into the time, or flows contradict each other.
    NotConverged
        If a step in time cannot be solved.
    """
    loaded = load(sheet)
    holdup, fed = holdup_of(loaded)
    train = train_of(loaded, fed)
    phases = [phase for phase in (Load(circulation, 0.0), Load(part_load, share)) if phase.hours > 0.0]
    asked = wanted(loaded)
    grades = [Grade(name, components, asked[name]) for name, components in sides(loaded).items()]
    found = start_up(train, holdup, phases, hours, grades)
    return Started(loaded, found, {"train_course": _course(found)})


def wanted(loaded: Loaded) -> Mapping[str, float]:
    """The purity that each of the two products should have [1]."""
    return {RAFFINATE: loaded.sheet.purity.light, PRODUCT: loaded.sheet.purity.heavy}


def sides(loaded: Loaded) -> Mapping[str, tuple[str, ...]]:
    """The components that belong into each of the two products."""
    return sides_of(loaded)


def profile_tables(profile: Profile) -> Tables:
    """A profile as the tables ``train_profile`` and ``train_outlets``."""
    stages, names = len(profile.aqueous), profile.train.components
    held = [profile.aqueous, profile.organic, profile.aqueous_fractions, profile.organic_fractions]
    frame = _frame(
        TRAIN_PROFILE,
        [np.repeat(np.arange(1, stages + 1, dtype=np.int32), len(names)), list(names) * stages, *map(np.ravel, held)],
    )
    return {"train_profile": frame, "train_outlets": _outlets(profile)}


def _outlets(profile: Profile) -> pl.DataFrame:
    fed = profile.train.fed
    rows = [
        (outlet, name, amount, amount / amounts.sum(), amount / share)
        for outlet, amounts in profile.outlets.items()
        for name, amount, share in zip(profile.train.components, amounts.tolist(), fed.tolist(), strict=True)
    ]
    return TRAIN_OUTLETS.check(pl.DataFrame(rows, schema=TRAIN_OUTLETS.schema, orient="row"))


def _course(found: StartUp) -> pl.DataFrame:
    course = found.course
    times, components = len(course.times), course.components
    frames = []
    for outlet, rates in course.outlets.items():
        fractions = rates / np.maximum(rates.sum(axis=1, keepdims=True), np.finfo(float).tiny)
        columns = [
            np.repeat(course.times, len(components)), [outlet] * (times * len(components)), list(components) * times,
            rates.ravel(), fractions.ravel(),
        ]  # fmt: skip
        frames.append(_frame(TRAIN_COURSE, columns))
    return pl.concat(frames)


def _frame(table: Table, columns: Sequence[object]) -> pl.DataFrame:
    return table.check(pl.DataFrame(dict(zip(table.columns, columns, strict=True)), schema=table.schema))


def _rated_html(found: Rated) -> str:
    title = found.loaded.sheet.title
    lines = words.rated_lines(title, found.profile, sides(found.loaded), wanted(found.loaded))
    return notebook.told_html(title, lines, found.tables, process_figures.stage_profile(found.profile))


def _designed_html(found: Designed) -> str:
    title = found.loaded.sheet.title
    lines = words.designed_lines(title, found.proposal, sides(found.loaded), wanted(found.loaded))
    return notebook.told_html(title, lines, found.tables, process_figures.stage_profile(found.profile))


def _started_html(found: Started) -> str:
    title = found.loaded.sheet.title
    lines = words.started_lines(title, found.start, sides(found.loaded), wanted(found.loaded))
    return notebook.told_html(title, lines, found.tables)


register(Designed, _designed_html)
register(Rated, _rated_html)
register(Started, _started_html)
