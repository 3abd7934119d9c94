"""A train sheet as a problem of the cascade engine: components in order of extraction, their factors, the train.

``feed: {Nd: 0.77, Pr: 0.23}`` with the system P507_nitrate_tanaka2021 becomes components (Pr, Nd) with alpha (1, 2.14);
what counts mol a mol of feed in the sheet counts kmol/h in a train that is followed in time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp

import numpy as np

from ferrolan import materials
from ferrolan.base.errors import DocumentError, Fault, ProblemError
from ferrolan.base.schema import Sourced
from ferrolan.enterprise.train_sheet import Loaded, Volumes
from ferrolan.process.cascade.holdup import Holdup
from ferrolan.process.cascade.train import Draw, Feed, Floats, SeparationFactors, Train


def factors_of(loaded: Loaded) -> tuple[tuple[str, ...], Floats]:
    """Components in order of extraction, the least extracted first, and their extractabilities (C,) [1].

    Raises
    ------
    DocumentError
        If no factor is known for a component of the feed, or the cut does not part neighbours in that order.
    """
    sheet = loaded.sheet
    held = [name for name, share in sheet.feed.items() if share > 0.0]
    try:
        components, alpha = _from_system(sheet.system, held) if sheet.system else _own(loaded, held)
    except ProblemError as error:
        way_out = f"Systems: {', '.join(materials.separation_systems(recalled=True))}; or give your own 'factors'"
        found, expected = str(error).rstrip("."), "separation factors of every component"
        raise _refused(loaded, "system", found, expected, way_out) from error
    light, heavy = sheet.cut
    if components.index(heavy) != components.index(light) + 1:
        found, expected = f"{light}, {heavy}", f"neighbours, lighter first, of {', '.join(components)}"
        raise _refused(loaded, "cut", found, expected, "Name two that follow each other in this order")
    return components, alpha


@dataclass(frozen=True)
class CutFactor:
    """The separation factor of a cut [1], with the standard deviation of its logarithm and its status where known."""

    value: float
    log_sd: float | None
    status: str | None

    @property
    def span(self) -> tuple[float, float] | None:
        """The factor one standard deviation below and above [1]."""
        return None if self.log_sd is None else (self.value * exp(-self.log_sd), self.value * exp(self.log_sd))


def cut_factor(loaded: Loaded) -> CutFactor:
    """What parts the two neighbours of the cut: heavier over lighter.

    Raises
    ------
    DocumentError
        As ``factors_of``.
    """
    components, alpha = factors_of(loaded)
    light, heavy = loaded.sheet.cut
    value = float(alpha[components.index(heavy)] / alpha[components.index(light)])
    if loaded.sheet.system is None:
        return CutFactor(value, None, None)
    known = materials.separation_factors(loaded.sheet.system).among([light, heavy])
    return CutFactor(value, known.sd_of(heavy, light), known.status)


def feed_of(loaded: Loaded, components: tuple[str, ...]) -> Floats:
    """Molar fractions of the feed in the order of the components (C,) [1], brought to a sum of one."""
    shares = np.array([loaded.sheet.feed[name] for name in components])
    fractions: Floats = shares / shares.sum()
    return fractions


def train_of(loaded: Loaded, scale: float = 1.0) -> Train:
    """The train that a sheet describes.

    Parameters
    ----------
    loaded
        The sheet.
    scale
        Rare earths fed [kmol/h]; 1 leaves all amounts in mol a mol of feed.

    Raises
    ------
    DocumentError
        If the sheet describes no train that exists, or something of it cannot be.
    """
    sheet = loaded.sheet
    if sheet.stages is None or sheet.organic is None or sheet.scrub is None:
        way_out = "Add stages, organic and scrub, or design one first with: ferrolan cascade design"
        raise _refused(loaded, "stages", "no 'stages'", "a train that exists", way_out)
    components, alpha = factors_of(loaded)
    return Train(
        components=components,
        stages=sheet.stages.extraction + sheet.stages.scrub,
        feeds=(Feed(sheet.stages.extraction, scale * feed_of(loaded, components)),),
        organic_load=scale * sheet.organic.value,
        scrub=scale * sheet.scrub.value,
        chemistry=SeparationFactors(alpha),
        draws=tuple(Draw(name, d.stage, scale * d.rate.value, d.phase) for name, d in sheet.draws.items()),
        efficiency=sheet.efficiency,
    )


def holdup_of(loaded: Loaded) -> tuple[Holdup, float]:
    """What the stages hold, and the rare earths fed [kmol/h].

    Raises
    ------
    DocumentError
        If the sheet does not say.
    """
    said = loaded.sheet.holdup
    if said is None:
        names = ", ".join(Volumes.model_fields)
        raise _refused(loaded, "holdup", "no 'holdup'", "the volumes of a stage", f"Add 'holdup' with {names}")
    holdup = Holdup(
        said.aqueous.value, said.organic.value, said.organic_capacity.value, said.feed_strength.value,
        said.scrub_strength.value,
    )  # fmt: skip
    return holdup, said.feed.value


def _from_system(system: str, held: list[str]) -> tuple[tuple[str, ...], Floats]:
    known = materials.separation_factors(system).among(held)
    return known.components, np.asarray(known.alpha)


def _own(loaded: Loaded, held: list[str]) -> tuple[tuple[str, ...], Floats]:
    own: Mapping[str, Sourced] = loaded.sheet.factors or {}
    missing = [name for name in held if name not in own]
    if missing:
        expected = "a factor of every component of the feed"
        raise _refused(loaded, "factors", f"none of {', '.join(missing)}", expected, "Add it, against the same one")
    ordered = sorted(held, key=lambda name: own[name].value)
    return tuple(ordered), np.array([own[name].value for name in ordered])


def _refused(loaded: Loaded, key: str, found: str, expected: str, way_out: str) -> DocumentError:
    return DocumentError([Fault(str(loaded.path), 0, key, found, expected, way_out, "wrong_train")])
