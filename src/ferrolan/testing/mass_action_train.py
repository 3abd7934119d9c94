"""A train in time whose truth is mass action (closure B), for observers that believe in separation factors (closure A).

Every stage mixes what arrives, shares it by the law of mass action with Murphree's efficiency a component, and sends it
through one well mixed compartment a phase. Protons, metals and acid together run through as equivalents, so that each
stage has one unknown, the rare earths its organic holds; acid and free extractant follow from it. Steps are explicit.

Nothing here is shared with the observer but the volumes. The separation factors differ from stage to stage with acid
and loading, the organic is not quite full, and the acid is never quite used up. All numbers are synthetic.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ferrolan.process.cascade.chemistry import LN10, Ligand, SlopeLaw
from ferrolan.process.cascade.train import Floats


@dataclass(frozen=True, eq=False)
class Operated:
    """How the plant is truly operated: ``feed`` (C,), organic's saponification ``load`` and acid ``scrub`` [kmol/h]."""

    feed: Floats
    load: float
    scrub: float


@dataclass(frozen=True, eq=False)
class Plant:
    """A plant: its law and efficiency (C,), its stages and their volumes [m3], and what its liquors are.

    ``extractant`` [kmol/m3] as monomer; ``capacity`` saponified, in rare earths [kmol/m3 organic]; strengths of feed
    and scrub [kmol/m3]; ``feed_acid`` [kmol/m3].
    """

    law: SlopeLaw
    efficiency: Floats
    stages: int
    feed_stage: int
    aqueous_volume: float
    organic_volume: float
    extractant: float = 1.5
    capacity: float = 0.18
    feed_strength: float = 1.0
    scrub_strength: float = 1.0
    feed_acid: float = 0.01


@dataclass(frozen=True, eq=False)
class Truth:
    """What a plant did: ``times`` (T,) [h], ``aqueous`` and ``organic`` (T, N, C) leaving each stage [kmol/h]."""

    times: Floats
    aqueous: Floats
    organic: Floats
    acid: Floats


@dataclass(eq=False)
class Running:
    """The contents of a plant at a time: rare earths (N, C) a phase and equivalents (N,) [kmol]."""

    aqueous: Floats
    organic: Floats
    equivalents: Floats
    taken: Floats


def run(
    plant: Plant, start: Running, operated: Callable[[float], Operated], hours: float, *, step: float = 0.2
) -> tuple[Truth, Running]:
    """Follow the plant, and note what leaves its stages every hour."""
    now = Running(start.aqueous.copy(), start.organic.copy(), start.equivalents.copy(), start.taken.copy())
    each = round(1.0 / step)
    rows = []
    for hour in range(round(hours) + 1):
        settings = operated(float(hour))
        liquor, organic = _flows(plant, settings)
        rates = now.aqueous * (liquor / plant.aqueous_volume)[:, None], now.organic * (organic / plant.organic_volume)
        acid = (now.equivalents - 3.0 * now.aqueous.sum(axis=1)) / plant.aqueous_volume
        rows.append((float(hour), *rates, acid))
        if hour < round(hours):
            for _ in range(each):
                _advance(plant, now, settings, liquor, organic, step)
    return Truth(*(np.array(column) for column in zip(*rows, strict=True))), now


def beginning(plant: Plant, aqueous: Floats, organic: Floats, settings: Operated, acid: float = 0.03) -> Running:
    """Contents of a plant from what leaves its stages (N, C) [kmol/h], with some free acid [kmol/m3] everywhere."""
    liquor, oil = _flows(plant, settings)
    held = aqueous * (plant.aqueous_volume / liquor)[:, None]
    return Running(
        held,
        organic * (plant.organic_volume / oil),
        3.0 * held.sum(axis=1) + acid * plant.aqueous_volume,
        organic.sum(axis=1),
    )


def _flows(plant: Plant, settings: Operated) -> tuple[Floats, float]:
    """Liquor by stage (N,) and organic [m3/h]."""
    liquor = np.full(plant.stages, settings.scrub / plant.scrub_strength)
    liquor[: plant.feed_stage] += settings.feed.sum() / plant.feed_strength
    return liquor, settings.load / plant.capacity


def _advance(plant: Plant, now: Running, settings: Operated, liquor: Floats, organic: float, step: float) -> None:
    gone_a = now.aqueous * (liquor / plant.aqueous_volume)[:, None]
    gone_o = now.organic * (organic / plant.organic_volume)
    gone_e = now.equivalents * (liquor / plant.aqueous_volume)
    arriving_o = np.vstack([np.zeros_like(gone_o[:1]), gone_o[:-1]])
    arriving_a = np.vstack([gone_a[1:], np.zeros_like(gone_a[:1])])
    equivalents = np.append(gone_e[1:], 3.0 * settings.scrub)
    n = plant.feed_stage - 1
    arriving_a[n] += settings.feed
    equivalents[n] += 3.0 * settings.feed.sum() + plant.feed_acid * settings.feed.sum() / plant.feed_strength
    equivalents[0] -= 3.0 * settings.load
    split = _contact(plant, arriving_a, arriving_o, equivalents, liquor, organic, now.taken)
    now.aqueous += step * (arriving_a + arriving_o - split - gone_a)
    now.organic += step * (split - gone_o)
    now.equivalents += step * (equivalents - gone_e)
    now.taken = split.sum(axis=1)


def _contact(
    plant: Plant, aqueous: Floats, organic: Floats, equivalents: Floats, liquor: Floats, oil: float, taken: Floats
) -> Floats:
    """What leaves each contact in the organic (N, C) [kmol/h]: the root o of sum v(o) = o, by Newton in a bracket."""
    total = aqueous + organic
    everything = total.sum(axis=1)
    extractant = plant.extractant * oil
    low = np.maximum(everything - equivalents / 3.0, 0.0)
    high = np.minimum(everything, extractant / 3.0)
    o = np.clip(taken, low + 1e-9 * (high - low), high - 1e-9 * (high - low))
    for _ in range(80):
        acid, free = equivalents - 3.0 * (everything - o), extractant - 3.0 * o
        found, slope = _shared(plant, total, organic, o, acid / liquor, free / oil, oil / liquor, acid, free)
        error = found.sum(axis=1) - o
        if np.max(np.abs(error) / everything) < 1e-9:
            return found
        low, high = np.where(error > 0.0, o, low), np.where(error > 0.0, high, o)
        tried = o - error / slope
        o = np.where((tried > low) & (tried < high), tried, 0.5 * (low + high))
    raise RuntimeError(f"truth: contact off by {np.max(np.abs(error) / everything):.2g}")


def _shared(
    plant: Plant,
    total: Floats,
    organic: Floats,
    o: Floats,
    acidity: Floats,
    free_per_volume: Floats,
    ratio: Floats,
    acid: Floats,
    free: Floats,
) -> tuple[Floats, Floats]:
    """What leaves in the organic (N, C) at a trial load, and the slope of the error (N,)."""
    ligand = Ligand(3.0 * np.ones_like(acidity), np.zeros_like(acidity))
    law = plant.law.log_distribution(-np.log10(acidity), np.log(free_per_volume), ligand)
    arriving = organic.sum(axis=1)
    kept = (1.0 - plant.efficiency) * np.minimum(1.0, o / np.where(arriving > 0.0, arriving, np.inf))[:, None]
    pull = plant.efficiency * np.exp(law.values) * ratio[:, None]
    offered = total - kept * organic
    change = offered * pull / (1.0 + pull) ** 2
    to_o = -law.to_ph * (3.0 / LN10 / acid)[:, None] - law.to_log_free * (3.0 / free)[:, None]
    return kept * organic + offered * pull / (1.0 + pull), (change * to_o).sum(axis=1) - 1.0
