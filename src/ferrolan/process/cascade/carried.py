"""What leaves a train of closure B beside its components: acid, anion, counter-ion, extractant and the volumes.

The raffinate of a saponified train carries off the sodium that came with the organic, its strip liquor the acid that
found nothing to strip: the works neutralises both, and buys the ammonia or soda again. `carried` gives each outlet's,
and `entering` what came in, in the same terms, so that hydrogen, the anion, the counter-ion and the extractant close.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass

import numpy as np

from ferrolan.base.errors import ProblemError
from ferrolan.process.cascade.acid_balance import Carriers, carriers_of, fed_to_stages
from ferrolan.process.cascade.chemistry import RARE_EARTH_CHARGE, MassAction
from ferrolan.process.cascade.train import PRODUCT, RAFFINATE, SPENT, Floats, Profile, Train


@dataclass(frozen=True)
class Carried:
    """What a stream of either phase, or both, brings beside the components.

    ``liquor`` and ``organic`` [m3/h]; ``hydrogen`` is the acid of the liquor, H+ and HSO4-, with the protons of the
    extractant, less hydroxide, ``acid`` the liquor's part of it; ``anion``, ``counter_ion`` of both phases and
    ``extractant`` as monomer, free, saponified and bound [kmol/h].
    """

    liquor: float
    organic: float
    hydrogen: float
    acid: float
    anion: float
    counter_ion: float
    extractant: float

    def plus(self, other: Carried) -> Carried:
        """Both streams together."""
        return Carried(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))


def carried(profile: Profile) -> Mapping[str, Carried]:
    """What leaves by each outlet beside the components.

    Raises
    ------
    ProblemError
        If the profile is not one of closure B.
    """
    train, chemistry = profile.train, _chemistry(profile.train)
    carriers = carriers_of(train, chemistry)
    liquor, organic = _liquor(profile, carriers), _organic(profile, chemistry, carriers)
    on_l, on_o = carriers.liquor_on, carriers.organic_on
    back_l, back_o = carriers.liquor_entrained, carriers.organic_entrained
    last = _of(liquor[-1] * back_l[-1], organic[-1] * on_o[-1])
    outlets = {RAFFINATE: _of(liquor[0] * on_l[0], organic[0] * back_o[0]), PRODUCT: last}
    if train.stripping is not None:
        k = carriers.strip_from
        outlets |= {PRODUCT: _of(liquor[k] * on_l[k], organic[k] * back_o[k]), SPENT: last}
    for draw in train.draws:
        k, aqueous = draw.stage - 1, draw.phase == "aqueous"
        taken = carriers.liquor_drawn[k] * liquor[k], carriers.organic_drawn[k] * organic[k]
        outlets[draw.name] = _of(taken[0] * aqueous, taken[1] * (not aqueous))
    return outlets


def entering(train: Train) -> Carried:
    """What enters a train beside the components, in the terms of `carried`; bases count as hydrogen below zero.

    Raises
    ------
    ProblemError
        If the train is not one of closure B.
    """
    chemistry = _chemistry(train)
    liquor, organic = (stages.sum(axis=0) for stages in fed_to_stages(train, chemistry))
    valence = np.asarray(chemistry.valence)
    metals = {phase: np.zeros(len(valence)) for phase in ("aqueous", "organic")}
    for feed in train.feeds:
        metals[feed.phase] = metals[feed.phase] + feed.amounts
    salts = sum(
        feed.solution.ions.get(chemistry.counter_ion, 0.0)
        for feed in train.feeds
        if feed.phase == "organic" and feed.solution is not None
    )
    salts += RARE_EARTH_CHARGE * train.organic_load
    acid = liquor[1] - metals["aqueous"] @ valence - (liquor[3] - salts)
    hydrogen = acid + organic[1] - metals["organic"] @ valence - salts
    return Carried(*map(float, (liquor[0], organic[0], hydrogen, acid, liquor[2], liquor[3], organic[1])))


def _chemistry(train: Train) -> MassAction:
    if not isinstance(train.chemistry, MassAction):
        raise ProblemError(
            f"chemistry: only closure B accounts for acid and extractant, this is {type(train.chemistry).__name__}."
        )
    return train.chemistry


def _liquor(profile: Profile, carriers: Carriers) -> Floats:
    """Volume, acid, anion and counter-ion of the liquor that leaves each stage (N, 4)."""
    return np.stack(
        [carriers.liquor, profile.states["free_acid"], carriers.anion, profile.states["counter_ion"]], axis=1
    )


def _organic(profile: Profile, chemistry: MassAction, carriers: Carriers) -> Floats:
    """Volume, protons, counter-ion and extractant of the organic that leaves each stage (N, 4)."""
    saponified = profile.states["saponified"]
    protons = carriers.extractant - profile.organic @ np.asarray(chemistry.valence) - saponified
    return np.stack([carriers.organic, protons, saponified, carriers.extractant], axis=1)


def _of(liquor: Floats, organic: Floats) -> Carried:
    volume, acid, anion, salts = map(float, liquor)
    organic_volume, protons, saponified, extractant = map(float, organic)
    return Carried(volume, organic_volume, acid + protons, acid, anion, salts + saponified, extractant)
