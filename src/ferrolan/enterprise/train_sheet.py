"""A train sheet: the few lines that say what a train of mixer-settlers should part, or is.

``system: P507_nitrate_tanaka2021``, ``feed: {Pr: 0.23, Nd: 0.77}``, ``cut: [Pr, Nd]`` and two purities are enough for a
design; with stages and the flows of organic and scrub acid it is a train that exists, and can be rated and started up.
``load`` gives the whole sheet or every fault of it, each with its line.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from ferrolan.base.errors import DocumentError, Fault
from ferrolan.base.provenance import hash_bytes
from ferrolan.base.schema import (
    Check,
    Count,
    Fraction,
    Model,
    Name,
    Number,
    Problem,
    Sourced,
    Table,
    Text,
    Unit,
    WrongValue,
    read,
)
from ferrolan.base.schema import after as checked
from ferrolan.enterprise.sheet import compose
from ferrolan.enterprise.text import read_text

Amount = Annotated[Number, Check(least=0.0)]
_SUM = 1e-6  # how far fractions may be from a whole: what rounding to six digits leaves


class Purities(Model):
    """How pure the two sides of the cut should be, or how much of them should be recovered."""

    light: Annotated[Fraction, Check(above=0.0)]
    """Molar share of the lighter side's components in the raffinate [1]."""
    heavy: Annotated[Fraction, Check(above=0.0)]
    """Molar share of the heavier side's components in the organic product [1]."""

    @checked
    def _not_whole(self) -> Self:
        for name in ("light", "heavy"):
            if getattr(self, name) >= 1.0:
                way_out = "Ask for less than 1: no finite train makes a pure product"
                raise WrongValue("out_of_range", "a share below 1", way_out, f"{getattr(self, name):g}", (name,))
        return self


class Stages(Model):
    """Stages of a train that exists."""

    extraction: Count
    """Stages from the raffinate to the feed, with the feed stage."""
    scrub: Count
    """Stages behind the feed, up to the organic product."""


class SideDraw(Model):
    """An outlet between the ends."""

    stage: Count
    """Stage, counted from the raffinate."""
    rate: Annotated[Sourced, Unit("1", above=0.0)]
    """Rare earths drawn [mol a mol of feed]."""
    phase: Literal["aqueous", "organic"] = "aqueous"
    """Phase that is drawn."""


class Volumes(Model):
    """What the stages hold, for a train that is followed in time."""

    feed: Annotated[Sourced, Unit("kmol/h", above=0.0)]
    """Rare earths fed [kmol/h]."""
    aqueous: Annotated[Sourced, Unit("m3", above=0.0)]
    """Liquor of a stage, mixer and settler [m3]."""
    organic: Annotated[Sourced, Unit("m3", above=0.0)]
    """Organic of a stage, mixer and settler [m3]."""
    organic_capacity: Annotated[Sourced, Unit("kmol/m3", above=0.0)]
    """Rare earths in the full organic [kmol/m3]."""
    feed_strength: Annotated[Sourced, Unit("kmol/m3", above=0.0)]
    """Rare earths in the feed liquor [kmol/m3]."""
    scrub_strength: Annotated[Sourced, Unit("kmol/m3", above=0.0)]
    """Rare earths that the scrub acid carries out of the last stage [kmol/m3]."""


class TrainSheet(Model):
    """What a train parts, or is."""

    train: Literal[1]
    """Version of the sheet's format."""
    title: Text
    """Name in a sentence."""
    system: Name | None = None
    """Set of separation factors, such as ``P507_nitrate_tanaka2021``."""
    factors: Table[Annotated[Sourced, Unit("1", above=0.0)]] | None = None
    """Separation factors of your own: extractability of each component against any one of them [1]."""
    feed: Table[Amount]
    """Molar fractions of the feed liquor; they sum to one."""
    cut: tuple[Name, Name]
    """The two neighbours that are parted: the lighter, which stays in the liquor, and the heavier."""
    purity: Purities
    """What the two products should be."""
    stages: Stages | None = None
    """Stages of a train that exists; left out of a design."""
    organic: Annotated[Sourced, Unit("1", above=0.0)] | None = None
    """Rare earths that the organic carries [mol a mol of feed]; left out of a design."""
    scrub: Annotated[Sourced, Unit("1", above=0.0)] | None = None
    """Rare earths that the scrub acid returns [mol a mol of feed]; left out of a design."""
    draws: Table[SideDraw] = Table({})
    """Outlets between the ends, by name."""
    efficiency: Annotated[Fraction, Check(above=0.0)] = 1.0
    """Murphree's stage efficiency of the organic [1]."""
    holdup: Volumes | None = None
    """Volumes, for a start-up."""

    @checked
    def _says_how_it_parts(self) -> Self:
        if (self.system is None) == (self.factors is None):
            found = "neither" if self.system is None else "both"
            raise WrongValue("missing_key", "'system' or 'factors'", "Give one of the two", found)
        total = math.fsum(self.feed.values())
        if abs(total - 1.0) > _SUM:
            way_out = "Correct a fraction, or divide all of them by their sum"
            raise WrongValue("composition_sum", "fractions that sum to one", way_out, f"a sum of {total:g}", ("feed",))
        for place, name in enumerate(self.cut):
            if name not in self.feed:
                way_out = f"The feed holds {', '.join(self.feed)}"
                raise WrongValue("unknown_component", "a component of the feed", way_out, name, ("cut", place))
        return self

    @checked
    def _exists_whole_or_not(self) -> Self:
        given = {name: getattr(self, name) is not None for name in ("stages", "organic", "scrub")}
        if any(given.values()) and not all(given.values()):
            missing = ", ".join(name for name, there in given.items() if not there)
            way_out = "Give all three for a train that exists, none for a design"
            raise WrongValue("missing_key", "stages, organic and scrub", way_out, f"no {missing}")
        return self

    @property
    def exists(self) -> bool:
        """Whether it describes a train with stages and flows, and not only what is wanted."""
        return self.stages is not None


@dataclass(frozen=True)
class Loaded:
    """A sheet, the file it was read from, the hash of its content, and its text."""

    sheet: TrainSheet
    path: Path
    content_hash: str
    text: str


def load(path: Path | str) -> Loaded:
    """Load and check a train sheet.

    Raises
    ------
    DocumentError
        With every fault: where, what was found and expected, the way out.
    """
    path = Path(path)
    content, text = read_text(path)
    lines, faults = compose(text, str(path))
    if lines is None:
        raise DocumentError(faults)
    sheet, problems = read(TrainSheet, lines.data)
    found = [*faults, *(_fault(path, lines.line(problem.path), problem) for problem in problems)]
    if found or sheet is None:
        raise DocumentError(sorted({*found}))
    return Loaded(sheet, path, hash_bytes(content), text)


def _fault(path: Path, line: int, problem: Problem) -> Fault:
    where = ".".join(map(str, problem.path))
    return Fault(str(path), line, where, problem.found, problem.expected, problem.way_out, problem.code)
