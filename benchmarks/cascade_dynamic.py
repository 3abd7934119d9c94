"""A train in time: sixty days of start-up, and what an observer that believes in separation factors knows of a plant.

``python -m benchmarks.cascade_dynamic --observer`` prints the tables of docs/explanation/dynamic-account.md (some seven
minutes). The plants are synthetic: their truth is mass action with stage efficiencies (`ferrolan.testing`), and their
meters and assays are off by known errors that the observer does not know. As a subject of ``just bench`` it times sixty
days of start-up of ten components in eighty stages.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from benchmarks.registry import Subject
from ferrolan.process.cascade.advice import Move, advise
from ferrolan.process.cascade.chemistry import SlopeLaw
from ferrolan.process.cascade.circuit import Contents, circuit_of, outlets
from ferrolan.process.cascade.dynamic import State, simulate
from ferrolan.process.cascade.fronts import Front, crossing
from ferrolan.process.cascade.holdup import Holdup
from ferrolan.process.cascade.observer import Doubt, Doubts, FeedAssay, Flows, Interval, Observer, StageAssay
from ferrolan.process.cascade.observer_account import account, hours_left
from ferrolan.process.cascade.startup import Grade, Load, start_up
from ferrolan.process.cascade.train import PRODUCT, RAFFINATE, Feed, Floats, SeparationFactors, Train
from ferrolan.testing.mass_action_train import Operated, Plant, Running, Truth, beginning, run

NAMES = ("La", "Pr", "Nd")
STAGES, FEED_STAGE = 48, 25
KINDS = ("feed composition", "scrub loss", "organic drift")
SEEDS = (101, 102, 103)
BEFORE, HOURS, HORIZON, EVERY = 240, 1200, 480.0, 48
"""Hours to the disturbance, of the record, looked ahead, and between accounts."""
SAMPLED, SAMPLES, LATE, FEED_LATE = (1, 8, 16, 34, 41), 12, 6, 8
"""Stages sampled (and the organic product), hours between samples, and hours until results are known."""
FLOW_BIAS, FLOW_NOISE, ASSAY_SD, FEED_SD = 0.01, 0.01, 0.03, 0.02
FRONTS = (Front("raffinate side", ("Nd",), ("La", "Pr"), 0.1), Front("product side", ("Nd",), ("La", "Pr"), 0.85))


@dataclass(frozen=True, eq=False)
class Case:
    """A plant, its model, how it is operated before and after the disturbance, and the contents at the beginning."""

    kind: str
    seed: int
    plant: Plant
    model: Train
    holdup: Holdup
    believed: State
    start: Running
    calm: Operated
    size: float

    def operated(self, hour: float) -> Operated:
        """How the plant is truly operated."""
        calm = self.calm
        if hour < BEFORE:
            return calm
        if self.kind == "feed composition":
            feed = calm.feed * np.array([1.0, 1.0 - self.size, 1.0 + self.size])
            return replace(calm, feed=feed / feed.sum())
        if self.kind == "scrub loss":
            return replace(calm, scrub=calm.scrub * (1.0 - self.size))
        return replace(calm, load=calm.load * (1.0 - self.size * (hour - BEFORE) / 480.0))

    def metered(self, hour: float) -> tuple[float, float, float]:
        """What the meters would read without errors: a loss of scrub or capacity is not seen by them."""
        return float(self.operated(hour).feed.sum()), self.calm.load, self.calm.scrub


def case(kind: str, seed: int) -> Case:
    """A random plant, balanced for thirty days, and a model of it that is wrong."""
    random = np.random.default_rng(seed)
    feed = np.array([0.3, 0.35, 0.35]) * np.exp(0.15 * random.standard_normal(3))
    feed /= feed.sum()
    betas = np.array([2.0, 2.1]) * np.exp(0.04 * random.standard_normal(2))
    alpha = np.array([1.0, betas[0], betas[0] * betas[1]])
    scrub = 1.35 * feed[2] / (betas[1] - 1.0) * (feed[1] + feed[2]) / feed[2]
    believed = SeparationFactors(alpha * np.exp(0.04 * random.standard_normal(3)))
    model = Train(NAMES, STAGES, (Feed(FEED_STAGE, feed),), scrub + feed[2], scrub, believed, efficiency=0.9)
    holdup = Holdup.lasting(model, 1.0, 1.2, organic_capacity=0.18)
    plant = _plant(alpha, np.clip(0.9 + 0.03 * random.standard_normal(3), 0.8, 1.0), holdup)
    state = simulate(model, holdup, 600.0, every=600.0).last
    calm, start = _balanced(plant, model, holdup, state, feed)
    size = {"feed composition": random.uniform(0.04, 0.08), "scrub loss": random.uniform(0.015, 0.035)}.get(
        kind, random.uniform(0.01, 0.03)
    )
    size *= random.choice([-1.0, 1.0]) if kind == "feed composition" else 1.0
    return Case(kind, seed, plant, model, holdup, state, start, calm, size)


def _plant(alpha: Floats, efficiency: Floats, holdup: Holdup) -> Plant:
    constant = np.log10(alpha) + np.log10(0.0941) - 3.0 * np.log10(0.48) + 3.0 * np.log10(0.03)
    law = SlopeLaw(constant, np.array([3.0, 2.95, 2.85]), np.array([3.0, 3.0, 2.95]))
    aqueous, organic = holdup.volumes(STAGES)
    return Plant(law, efficiency, STAGES, FEED_STAGE, float(aqueous[0]), float(organic[0]))


def _balanced(plant: Plant, model: Train, holdup: Holdup, state: State, feed: Floats) -> tuple[Operated, Running]:
    """Scrub such that as much leaves with the organic as is fed of what belongs there; thirty days of it."""
    aqueous, organic = outlets(circuit_of(model, holdup), Contents(state.aqueous.T[None], state.organic.T[None]))
    now = Operated(feed, model.organic_load, model.scrub)
    contents = beginning(plant, aqueous[0].T, organic[0].T, now)
    for _ in range(30):
        truth, contents = run(plant, contents, lambda _, held=now: held, 24.0)
        now = replace(now, scrub=now.scrub + 0.5 * float(truth.organic[-1, -1].sum() - feed[2]))
    return now, contents


@dataclass(eq=False)
class Log:
    """What an observer and its rivals said, beside the truth; lists over accounts."""

    position: list[tuple[float, Interval, float, float]] = field(default_factory=list)
    hours: list[tuple[float, Interval, float, float]] = field(default_factory=list)
    moves: list[tuple[Move | None, float, Interval | None]] = field(default_factory=list)
    surprise: list[float] = field(default_factory=list)


def observe(case: Case, log: Log) -> None:
    """Follow a case, and note every account beside the truth, the model alone and the last assays."""
    truth, _ = run(case.plant, case.start, case.operated, float(HOURS))
    grades = _grades(truth)
    true_hours = [_first_off(truth, grade) for grade in grades]
    positions = [front.position(NAMES, truth.aqueous) for front in FRONTS]
    random = np.random.default_rng(1000 + case.seed)
    observer = Observer(case.model, case.holdup, case.believed, seed=case.seed)
    alone = Alone(case.model, case.holdup, case.believed)
    last = LastAssays()
    bias = np.exp(FLOW_BIAS * random.standard_normal(3))
    waiting: list[StageAssay | FeedAssay] = []
    tried = False
    for hour in range(1, HOURS + 1):
        read = np.array(case.metered(hour - 1.0)) * bias * np.exp(FLOW_NOISE * random.standard_normal(3))
        flows = Flows(float(hour), *(float(flow) for flow in read))
        observer.advance(flows)
        alone.advance(flows)
        waiting += _samples(case, truth, hour, random)
        for assay in [one for one in waiting if one.known <= hour]:
            observer.learn(assay)
            last.learn(assay)
            waiting.remove(assay)
        if hour % EVERY or hour < 2 * EVERY or any(hour >= off for off in true_hours):
            continue
        _note(log, hour, observer, alone, last, grades, true_hours, [float(one[hour]) for one in positions])
        if hour >= BEFORE + 3 * EVERY and not tried:
            tried = _try_move(log, case, observer, grades, hour)
    if not tried:
        log.moves.append((None, 0.0, None))


def _note(
    log: Log,
    hour: int,
    observer: Observer,
    alone: Alone,
    last: LastAssays,
    grades: Sequence[Grade],
    off: Sequence[float],
    at: Sequence[float],
) -> None:
    said = account(observer, FRONTS, grades, horizon=HORIZON)
    for place, front in enumerate(said.fronts):
        log.position.append((at[place], front.position, alone.position(FRONTS[place]), last.position(FRONTS[place])))
    ahead = alone.hours(grades)
    for place, outlet in enumerate(said.outlets):
        left = off[place] - hour if off[place] - hour <= HORIZON else np.inf
        log.hours.append((left, outlet.hours, ahead[place], last.hours(grades[place], float(hour))))
    log.surprise.append(said.surprise)


def _try_move(log: Log, case: Case, observer: Observer, grades: Sequence[Grade], hour: int) -> bool:
    """What the first advised move truly brings: the plant is run on with it and without."""
    advice = advise(observer, grades, horizon=HORIZON)
    move = advice.move
    if move is None:
        return False
    _, now = run(case.plant, case.start, case.operated, float(hour))

    def moved(ahead: float) -> Operated:
        found = case.operated(hour + ahead)
        if move.lever == "feed":
            return replace(found, feed=found.feed * move.factor)
        name = "load" if move.lever == "organic_load" else "scrub"
        return replace(found, **{name: getattr(found, name) * move.factor})

    kept = [_kept(run(case.plant, now, how, HORIZON)[0], grades) for how in (lambda t: case.operated(hour + t), moved)]
    log.moves.append((move, kept[1] - kept[0], advice.effect.gained if advice.effect else None))
    return True


def _kept(truth: Truth, grades: Sequence[Grade]) -> float:
    """Hours at which all grades are kept."""
    return float(np.all([_purity(truth, grade) >= grade.purity for grade in grades], axis=0)[1:].sum())


def _grades(truth: Truth) -> tuple[Grade, Grade]:
    """Limits with some room: the raffinate at 99.5 %, the product with 1.6 times the impurity of the beginning."""
    product = Grade(PRODUCT, ("Nd",), 0.5)
    impure = 1.0 - float(_purity(truth, product)[:BEFORE].min())
    return Grade(RAFFINATE, ("La", "Pr"), 0.995), replace(product, purity=round(1.0 - 1.6 * impure, 4))


def _purity(truth: Truth, grade: Grade) -> Floats:
    rates = truth.aqueous[:, 0] if grade.outlet == RAFFINATE else truth.organic[:, -1]
    places = [NAMES.index(name) for name in grade.components]
    return np.asarray(rates[:, places].sum(axis=1) / rates.sum(axis=1))


def _first_off(truth: Truth, grade: Grade) -> float:
    off = np.flatnonzero(_purity(truth, grade) < grade.purity)
    return float(off[0]) if len(off) else np.inf


def _samples(case: Case, truth: Truth, hour: int, random: np.random.Generator) -> list[StageAssay | FeedAssay]:
    found: list[StageAssay | FeedAssay] = []
    if hour % SAMPLES == 0:
        for stage in SAMPLED:
            found.append(
                StageAssay(hour, hour + LATE, stage, _assayed(truth.aqueous[hour, stage - 1], ASSAY_SD, random))
            )
        told = _assayed(truth.organic[hour, -1], ASSAY_SD, random)
        found.append(StageAssay(hour, hour + LATE, STAGES, told, phase="organic"))
    if hour % 24 == 0:
        told = _assayed(case.operated(hour - 1.0).feed, FEED_SD, random)
        found.append(FeedAssay(hour, hour + FEED_LATE, told))
    return found


def _assayed(amounts: Floats, sd: float, random: np.random.Generator) -> dict[str, float]:
    read = amounts / amounts.sum() * np.exp(sd * random.standard_normal(len(amounts)))
    return {name: float(share) for name, share in zip(NAMES, read / read.sum(), strict=True) if share > 1e-5}


class Alone:
    """The model as it is, at the metered flows, without assays: the first rival."""

    def __init__(self, model: Train, holdup: Holdup, start: State) -> None:
        sure = Doubt(1e-12)
        doubts = Doubts(sure, sure, sure, sure, sure, sure, noise=1e-12, shift=1e-9, tilt=1e-9)
        self.observer = Observer(model, holdup, start, doubts, members=10)

    def advance(self, flows: Flows) -> None:
        """Run on."""
        self.observer.advance(flows)

    def position(self, front: Front) -> float:
        """Stage of a front."""
        held = self.observer.ensemble.contents.aqueous.transpose(0, 2, 1)
        return float(np.median(front.position(NAMES, held)))

    def hours(self, grades: Sequence[Grade]) -> list[float]:
        """Hours until each grade is lost."""
        return [float(np.median(one)) for one in hours_left(self.observer, grades, horizon=HORIZON).T]


class LastAssays:
    """The last known assays held, straight lines between sampled stages; trends of five days: the second rival."""

    def __init__(self) -> None:
        self.stages: dict[int, StageAssay] = {}
        self.outlets: dict[str, list[tuple[float, dict[str, float]]]] = {RAFFINATE: [], PRODUCT: []}

    def learn(self, assay: StageAssay | FeedAssay) -> None:
        """Keep the newest of each stage, and all of the outlets."""
        if isinstance(assay, FeedAssay):
            return
        if assay.phase == "aqueous":
            self.stages[assay.stage] = assay
        outlet = PRODUCT if assay.phase == "organic" else RAFFINATE if assay.stage == 1 else None
        if outlet:
            self.outlets[outlet].append((assay.taken, dict(assay.fractions)))

    def position(self, front: Front) -> float:
        """Stage of a front."""
        stages = sorted(self.stages)
        held = np.array([[self.stages[stage].fractions.get(name, 1e-6) for name in NAMES] for stage in stages])
        every = np.arange(1, STAGES + 1)
        height = np.interp(every, stages, front.height(NAMES, held))
        slope = (front.height(NAMES, held[-1]) - front.height(NAMES, held[-2])) / (stages[-1] - stages[-2])
        height = np.where(every > stages[-1], height + slope * (every - stages[-1]), height)
        return float(crossing(height))

    def hours(self, grade: Grade, now: float) -> float:
        """From a line through the logarithms of the last five days; no trend is no end."""
        recent = [(taken, told) for taken, told in self.outlets[grade.outlet] if taken >= now - 120.0 - LATE]
        wanted = np.array([sum(told.get(name, 0.0) for name in grade.components) for _, told in recent])
        height = np.log((1.0 - wanted) / wanted) - np.log((1.0 - grade.purity) / grade.purity)
        slope, level = np.polyfit(np.array([taken for taken, _ in recent]) - now, height, 1)
        if level >= 0.0:
            return 0.0
        left = -level / slope if slope > 0.0 else np.inf
        return float(left) if left <= HORIZON else np.inf


def table(logs: dict[str, Log]) -> Iterator[str]:
    """Errors and coverage, a row a kind of disturbance, as Markdown."""
    yield "| disturbance | accounts | front: observer | model alone | last assays | 90 % holds | width |"
    yield "|---|---|---|---|---|---|---|"
    for kind, log in logs.items():
        true, said, alone, last = zip(*log.position, strict=True)
        errors = (_mean_error(true, values) for values in ([one.middle for one in said], alone, last))
        yield f"| {kind} | {len(log.surprise)} | {' | '.join(f'{one:.2f}' for one in errors)} | {_held(true, said)} |"
    yield ""
    rivals = "model alone | last assays"
    yield f"| disturbance | all: observer | {rivals} | ending: observer | {rivals} | 90 % holds |"
    yield "|---|---|---|---|---|---|---|---|"
    for kind, log in logs.items():
        cells = []
        for rows in (log.hours, [row for row in log.hours if np.isfinite(row[0])]):
            true, said, alone, last = zip(*rows, strict=True)
            cells += [f"{_mean_error(true, v):.0f}" for v in ([one.middle for one in said], alone, last)]
        true, said, *_ = zip(*log.hours, strict=True)
        held = np.mean([one.holds(value) for one, value in zip(said, true, strict=True)])
        yield f"| {kind} | {' | '.join(cells)} | {held:.0%} |"
    yield ""
    yield "| disturbance | moves advised | helped | hours gained: truth | expected | 90 % holds |"
    yield "|---|---|---|---|---|---|"
    for kind, log in logs.items():
        made = [(gain, said) for move, gain, said in log.moves if move is not None and said is not None]
        helped = sum(gain > 0.0 for gain, _ in made)
        truth = np.mean([gain for gain, _ in made]) if made else 0.0
        hoped = np.mean([said.middle for _, said in made]) if made else 0.0
        held = sum(said.low <= gain <= said.high for gain, said in made)
        counts = f"{len(made)} of {len(log.moves)} | {helped}"
        yield f"| {kind} | {counts} | {truth:.0f} | {hoped:.0f} | {held} of {len(made)} |"


def _mean_error(true: Sequence[float], said: Sequence[float]) -> float:
    """Mean absolute error; hours beyond the horizon count as the horizon."""
    return float(np.mean(np.abs(np.minimum(true, HORIZON) - np.minimum(said, HORIZON))))


def _held(true: Sequence[float], said: Sequence[Interval]) -> str:
    held = np.mean([one.holds(value) for one, value in zip(said, true, strict=True)])
    return f"{held:.0%} | {np.mean([one.width for one in said]):.2f}"


def sixty_days() -> float:
    """Start-up of ten components in eighty stages: a week of circulation, four days at half load, then normal."""
    order = np.cumprod([1.0, 6.8, 2.0, 1.5, 3.0, 2.2, 2.0, 3.0, 2.0, 1.5])
    feed = np.array([0.27, 0.50, 0.05, 0.155, 0.012, 0.002, 0.006, 0.001, 0.002, 0.002])
    product, scrub = feed[3:].sum(), 0.52
    train = Train(tuple("abcdefghij"), 80, (Feed(40, feed),), scrub + product, scrub, SeparationFactors(order))
    holdup = Holdup.lasting(train, 1.0, 1.0)
    return start_up(train, holdup, [Load(168.0, 0.0), Load(96.0, 0.5)], 1440.0).course.closure


SUBJECT = Subject(
    name="start up a train, sixty days",
    station="process",
    ours=sixty_days,
    note="synthetic: 10 components, 80 stages, closure A, tolerance 5e-4; goal 2 s of processor time",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--observer", action="store_true", help="the tables of the dynamic account")
    parser.add_argument("--seeds", type=int, nargs="*", default=list(SEEDS))
    options = parser.parse_args()
    begin = time.process_time()
    closure = sixty_days()
    print(f"60 days, 10 components, 80 stages: {time.process_time() - begin:.2f} s, closure {closure:.1e}\n")
    if options.observer:
        logs = {kind: Log() for kind in KINDS}
        for kind, log in logs.items():
            for seed in options.seeds:
                observe(case(kind, seed), log)
                print(f"{kind}, seed {seed}", file=sys.stderr, flush=True)
        print("\n".join(table(logs)))
        print(f"\n{time.process_time() - begin:.0f} s of processor time")


if __name__ == "__main__":
    main()
