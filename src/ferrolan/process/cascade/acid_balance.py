"""Where acid, anions, counter-ion, extractant and the volumes run in a train of closure B.

An exchange moves charge for charge: three protons out for a neodymium in. So the liquor's protons, metals and
counter-ions together, in equivalents, run through a train as if nothing were exchanged, and so do volumes, anions and
the extractant with what it holds. They are known before any stage is solved; what each stage has left to settle is its
pH and its free extractant::

    free acid(pH) + Σ z_i l_i + counter-ion = equivalents        free extractant + Σ b_i v_i = extractant

with ``l`` and ``v`` the amounts that leave a stage in liquor and organic. In sulfate the free acid counts HSO4- with H+
(H2SO4's second dissociation, Ka2). Hydroxide is left out: the balance is one of acid liquors, below pH 6.

Saponified organic for 0.11 kmol/h of rare earths brings 0.33 kmol/h of sodium into stage 1, which leaves with the
raffinate, and leaves that much less acid there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack

from ferrolan.base.errors import ProblemError
from ferrolan.process.cascade.chemistry import LN10, RARE_EARTH_CHARGE, Ligand, MassAction, finite
from ferrolan.process.cascade.train import Floats, Solution, Train

EXTRACTANT = "extractant"
"""Name under which the `Solution` of an organic feed says its extractant, as monomer."""
ANIONS: Mapping[str, tuple[str, float]] = {"chloride": ("Cl", 1.0), "nitrate": ("NO3", 1.0), "sulfate": ("SO4", 2.0)}
"""Name and charge of a medium's anion."""


@dataclass(frozen=True, eq=False)
class Carriers:
    """What runs through a train whatever is exchanged, by stage (N,), stripping included.

    ``liquor`` and ``organic`` are the volumes that leave a stage [m3/h]; ``equivalents`` protons, metals and exchanged
    counter-ion of the liquor, ``anion`` its acids' anion, ``counter_ion`` what has no part in the exchange, and
    ``extractant`` the organic's monomer [kmol/h]. ``liquor_on`` and ``organic_on`` are the shares of a stage that run
    on in their own direction, ``liquor_entrained`` and ``organic_entrained`` those that run back with the other phase,
    ``liquor_drawn`` and ``organic_drawn`` those that are drawn [1]. ``strip_from`` is the index of the first stripping
    stage, or N: what goes back from there leaves the train.
    """

    liquor: Floats
    organic: Floats
    equivalents: Floats
    anion: Floats
    counter_ion: Floats
    extractant: Floats
    liquor_on: Floats
    organic_on: Floats
    liquor_entrained: Floats
    organic_entrained: Floats
    liquor_drawn: Floats
    organic_drawn: Floats
    strip_from: int

    @property
    def volume_ratio(self) -> Floats:
        """Organic over liquor (N,) [1]."""
        return self.organic / self.liquor

    @property
    def liquor_back(self) -> Floats:
        """Share of the liquor of stage k + 1 that reaches stage k (N - 1,) [1]."""
        return _to_previous(self.liquor_on, self.strip_from)

    @property
    def organic_back(self) -> Floats:
        """Share of the organic of stage k + 1 that reaches stage k (N - 1,) [1]."""
        return _to_previous(self.organic_entrained, self.strip_from)


def carriers_of(train: Train, chemistry: MassAction) -> Carriers:
    """Volumes, equivalents, anion, counter-ion and extractant of every stage.

    Raises
    ------
    ProblemError
        If a stage has no liquor, a draw takes more than there is, a base leaves no acid, or the organic holds more
        than its extractant can.
    """
    into_liquor, into_organic = fed_to_stages(train, chemistry)
    back_l, back_o = (_shares(train, name) for name in ("entrained_aqueous", "entrained_organic"))
    drawn_l, drawn_o = _drawn(train, chemistry)
    on_l, on_o, cut = 1.0 - back_l, 1.0 - back_o, train.stages
    missing_l, missing_o = np.append(_to_previous(drawn_l, cut), 0.0), np.insert(drawn_o[:-1], 0, 0.0)
    liquor = _through(_to_previous(on_l, cut), back_l[:-1], (into_liquor[:, 0] - missing_l)[:, None])[:, 0]
    organic = _through(_to_previous(back_o, cut), on_o[:-1], (into_organic[:, 0] - missing_o)[:, None])[:, 0]
    part_l, part_o = _part(train, drawn_l, liquor, on_l, "liquor"), _part(train, drawn_o, organic, on_o, "organic")
    on_l, on_o = on_l - part_l, on_o - part_o
    aqueous = _through(_to_previous(on_l, cut), back_l[:-1], into_liquor[:, 1:])
    extractant = _through(_to_previous(back_o, cut), on_o[:-1], into_organic[:, 1:])[:, 0]
    counter = aqueous[:, 2] if not chemistry.counter_ion_constant else np.zeros(train.size)
    equivalents = aqueous[:, 0] - counter
    _acid_left(train, chemistry, equivalents)
    return Carriers(
        liquor,
        organic,
        equivalents,
        aqueous[:, 1],
        counter,
        extractant,
        on_l,
        on_o,
        back_l,
        back_o,
        part_l,
        part_o,
        cut,
    )


def free_acid(carriers: Carriers, chemistry: MassAction, ph: Floats) -> tuple[Floats, Floats]:
    """Free acid that leaves each stage with its liquor, H+ and HSO4- (N,) [kmol/h], and its derivative to the pH."""
    protons = np.exp(-LN10 * ph)
    acid = carriers.liquor * protons
    if chemistry.medium != "sulfate":
        return acid, -LN10 * acid
    share = protons / (chemistry.second_dissociation + protons)
    held = carriers.anion * share
    return acid + held, -LN10 * (acid + held * (1.0 - share))


def ligand_of(carriers: Carriers, chemistry: MassAction, ph: Floats) -> Ligand:
    """Free anion in each stage: all chloride or nitrate, the sulfate that holds no proton."""
    total = carriers.anion / carriers.liquor
    if chemistry.medium != "sulfate":
        return Ligand(total, np.zeros(len(ph)))
    protons = np.exp(-LN10 * ph)
    bare = chemistry.second_dissociation / (chemistry.second_dissociation + protons)
    return Ligand(total * bare, LN10 * (1.0 - bare))


def fed_to_stages(train: Train, chemistry: MassAction) -> tuple[Floats, Floats]:
    """What enters each stage, by its columns.

    Of liquors (N, 4) volume, equivalents of acid and metals and their salts, anion, and counter-ion of either phase; of
    organics (N, 2) volume and extractant.

    Raises
    ------
    ProblemError
        If the organic cannot hold the counter-ion, or a solution names an ion that closure B does not know.
    """
    liquor, organic = np.zeros((train.size, 4)), np.zeros((train.size, 2))
    name, charge = ANIONS[chemistry.medium]
    organic[0] = chemistry.organic_volume, chemistry.organic_volume * chemistry.extractant
    saponified = RARE_EARTH_CHARGE * train.organic_load
    if saponified > organic[0, 1]:
        raise ProblemError(
            f"organic_load: {train.organic_load:g} kmol/h of rare earths would take {saponified:g} kmol/h of "
            f"counter-ion, the organic holds {organic[0, 1]:g} kmol/h of extractant. Give more organic, or less load."
        )
    liquor[0, 3] += saponified
    _check_ions(train, {name, chemistry.counter_ion})
    for stage, solution, metals in _liquors(train, chemistry):
        salts = float(solution.ions.get(chemistry.counter_ion, 0.0))
        positive = solution.acid + metals + salts
        anion = float(solution.ions.get(name, positive / charge))
        liquor[stage - 1] += solution.volume, positive, anion, salts
    for acid in train.acids:
        protons = RARE_EARTH_CHARGE * acid.amount
        added = (0.0, protons, protons / charge, 0.0) if protons > 0.0 else (0.0, 0.0, 0.0, -protons)
        liquor[acid.stage - 1] += added
    for feed in train.feeds:
        if feed.phase == "organic" and feed.solution is not None:
            liquor[feed.stage - 1, 3] += feed.solution.ions.get(chemistry.counter_ion, 0.0)
            organic[feed.stage - 1] += feed.solution.volume, feed.solution.ions.get(EXTRACTANT, 0.0)
    return liquor, organic


def counter_ion_fed(train: Train, chemistry: MassAction) -> Floats:
    """Counter-ion that enters each stage, in whatever phase (N,) [kmol/h]."""
    return fed_to_stages(train, chemistry)[0][:, 3]


def _liquors(train: Train, chemistry: MassAction) -> Iterator[tuple[int, Solution, float]]:
    """Stage, solution and equivalents of metal of every liquor that enters."""
    for feed in train.feeds:
        if feed.phase == "aqueous":
            assert feed.solution is not None
            yield feed.stage, feed.solution, float(feed.amounts @ np.asarray(chemistry.valence))
    if chemistry.scrub_volume or train.scrub:
        acid = RARE_EARTH_CHARGE * train.scrub
        yield train.stages, Solution(chemistry.scrub_volume, acid), 0.0
    if chemistry.strip is not None:
        yield train.size, chemistry.strip, 0.0


def _check_ions(train: Train, known: set[str]) -> None:
    for feed in train.feeds:
        ions = feed.solution.ions if feed.solution is not None else {}
        allowed = known if feed.phase == "aqueous" else known | {EXTRACTANT}
        for ion, amount in ions.items():
            if ion not in allowed or not 0.0 <= amount < np.inf:
                raise ProblemError(
                    f"feed {feed.name!r}: ion {ion!r}, {amount} kmol/h; closure B knows {', '.join(sorted(allowed))}, "
                    "in amounts of at least 0. Name others as components with a small distribution."
                )


def _shares(train: Train, name: str) -> Floats:
    """An entrainment by stage (N,) [1]; none in stripping unless it is given there."""
    given = finite(name, getattr(train, name), least=0.0)
    if given.shape not in ((), (train.stages,), (train.size,)) or np.any(given >= 0.5):
        raise ProblemError(
            f"{name}: expected one share below 0.5, or one a stage ({train.stages}), got {np.asarray(given).tolist()}."
        )
    shares = np.zeros(train.size)
    shares[: given.size if given.shape else train.stages] = given
    return shares


def _drawn(train: Train, chemistry: MassAction) -> tuple[Floats, Floats]:
    """Volumes drawn from liquor and organic of each stage (N,) [m3/h]."""
    liquor, organic = np.zeros(train.size), np.zeros(train.size)
    for draw in train.draws:
        if draw.name not in chemistry.draw_volumes:
            raise ProblemError(
                f"draw {draw.name!r}: its volume is missing; give MassAction.draw_volumes[{draw.name!r}]."
            )
        volume = finite(f"draw_volumes[{draw.name!r}]", np.atleast_1d(chemistry.draw_volumes[draw.name]), least=0.0)[0]
        (liquor if draw.phase == "aqueous" else organic)[draw.stage - 1] += volume
    return liquor, organic


def _part(train: Train, drawn: Floats, volume: Floats, on: Floats, phase: str) -> Floats:
    """Draws as shares of what leaves a stage.

    Raises
    ------
    ProblemError
        If a stage lacks the phase, or a draw takes more than it holds.
    """
    excessive = np.flatnonzero((drawn > 0.0) & (drawn > volume * on * (1.0 + 1e-12)))
    if len(excessive):
        stage = int(excessive[0])
        raise ProblemError(
            f"draws: {drawn[stage]:g} m3/h of {phase} from stage {stage + 1}, which has {volume[stage]:g}. Draw less."
        )
    empty = np.flatnonzero(volume <= 0.0)
    if len(empty):
        raise ProblemError(
            f"stage {int(empty[0]) + 1} has no {phase} ({volume[empty[0]]:g} m3/h). Give scrub_volume, or feed a "
            f"liquor at stage {train.stages}, and draw less than there is."
        )
    share: Floats = np.minimum(drawn / volume, on)
    return share


def _to_previous(shares: Floats, cut: int) -> Floats:
    """What each stage gives to the one before it (N - 1,); the first stripping stage gives nothing."""
    back = shares[1:].copy()
    if cut <= len(back):
        back[cut - 1] = 0.0
    return back


def _through(up: Floats, down: Floats, fed: Floats) -> Floats:
    """What leaves each stage (N, J), when shares ``up`` and ``down`` (N - 1,) of it reach its neighbours."""
    if len(fed) == 1:
        return fed
    solved: Floats = lapack.dgtsv(-down, np.ones(len(fed)), -up, fed)[3]
    return solved


def _acid_left(train: Train, chemistry: MassAction, equivalents: Floats) -> None:
    """Refuse a train whose bases take all there is."""
    worst = int(np.argmin(equivalents))
    if equivalents[worst] <= 0.0:
        raise ProblemError(
            f"stage {worst + 1}: acid and metals of the liquor, less the {chemistry.counter_ion}, come to "
            f"{equivalents[worst]:g} kmol/h of equivalents: hydroxides would fall out. Lower organic_load (now "
            f"{train.organic_load:g} kmol/h) or the base, or feed more acid or metal."
        )
