"""One recycle closed: units that feed each other, solved together.

A few streams are guessed (the tears) and the units run in order; what comes back is held against the guess. Between
passes each species is solved for the whole loop at once with the shares that each unit showed in the pass: where a
unit divides species in fixed shares, as splitters, magnets and screens do, that linear system is exact and the loop is
closed by one solve; where reactions bend it, its answers are mixed by Anderson and, failing that, by Newton
(``acceleration``). A loop that an element enters and cannot leave is refused before that, by name.

Flows are unknowns of each species and of sensible heat, so loops without reactions stay linear in them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ferrolan import materials
from ferrolan.base.errors import FerrolanError, Infeasible, NotConverged, ProblemError
from ferrolan.process.acceleration import Found, Goal, fixed_point
from ferrolan.process.material import AMBIENT, Form, Material
from ferrolan.process.operation import Solved
from ferrolan.process.tearing import Edge, straight_order, tear_set

Floats = npt.NDArray[np.float64]
RunUnit = Callable[[str, Mapping[str, Material]], tuple[dict[str, Material], Solved]]

_SPECIES = len(materials.SPECIES)
_COLDEST = 100.0  # temperature below which no guess may lie [K]
_LEAK = 1e-12  # of what flows through a unit: less is no way out
_FLOOR = 1e-6  # of the most that could be made of a species: less counts as that much
_TRACE = 1e-9  # of everything that enters: an element that enters in less counts as that much
_RETORN = 5  # times that other streams are guessed where a unit cannot run on nothing
_PATIENT = Goal(calls=800)
_LARGEST = 1e9  # times what enters: no linear answer is believed beyond


@dataclass(frozen=True)
class Loop:
    """Units that feed each other.

    ``edges`` are the streams between them; ``inlets`` and ``outlets`` the streams of each; ``entering`` what comes from
    outside; ``forms`` of the streams between; ``run_unit`` runs one unit on streams by name; ``start`` holds streams to
    begin from, where an earlier solution has them.
    """

    units: tuple[str, ...]
    edges: tuple[Edge, ...]
    inlets: Mapping[str, tuple[str, ...]]
    outlets: Mapping[str, tuple[str, ...]]
    entering: Mapping[str, Material]
    forms: Mapping[str, Form]
    run_unit: RunUnit
    start: Mapping[str, Material] | None = None


@dataclass(frozen=True, eq=False)
class Closed:
    """A loop closed: its streams and units, the tears, the largest mismatch [1], and how often the units were run."""

    streams: Mapping[str, Material]
    units: Mapping[str, Solved]
    tears: tuple[str, ...]
    residual: float
    passes: int


def solve_loop(loop: Loop) -> Closed:
    """Close a loop.

    Raises
    ------
    ProblemError
        If an element enters and cannot leave, or from a unit.
    NotConverged
        Naming the guessed streams and the element that collects.
    Infeasible
        From a unit.
    """
    work, x = _opened(loop)
    _refuse_collecting(work)
    least = np.tile(np.append(np.zeros(_SPECIES), -np.inf), len(work.tears))
    found = _closed(work, x, least)
    work.run(found.x)
    _, residual = work.measured(found.x, work.plain(found.x))
    return Closed(work.streams, work.solved, work.tears, residual, work.passes)


def _closed(work: _Work, x: Floats, least: Floats) -> Found:
    """The fixed point by whole-loop answers; where reactions lead those astray, by what comes back of each pass."""
    try:
        return fixed_point(work.improved, work.measured, x, least)
    except (NotConverged, ProblemError, Infeasible) as first:
        try:
            return fixed_point(work.plain, work.measured, x, least, _PATIENT)
        except (NotConverged, ProblemError, Infeasible) as second:
            for error in (second, first):
                if isinstance(error, NotConverged) and isinstance(error.last_iterate, np.ndarray):
                    raise _not_closed(work, error) from first
            raise first from second


def _opened(loop: Loop) -> tuple[_Work, Floats]:
    """The loop with its tears, run until it holds what it will hold; other tears where a unit needs that."""
    kept: set[str] = set()
    failed: FerrolanError | None = None
    for _ in range(_RETORN):
        tears = tear_set(loop.edges, kept)
        if tears is None:
            break
        work = _Work(loop, tears)
        try:
            return work, work.fill()
        except (ProblemError, Infeasible, NotConverged) as error:
            failed = failed or error
            needed = {edge.stream for edge in loop.edges if edge.target == work.running and edge.stream in tears}
            if not needed or loop.start is not None:
                break
            kept |= needed
    assert failed is not None
    raise failed


@dataclass
class _Work:
    """A loop at work: what the last pass found."""

    loop: Loop
    tears: tuple[str, ...]
    streams: dict[str, Material] = field(default_factory=dict)
    solved: dict[str, Solved] = field(default_factory=dict)
    running: str = ""
    passes: int = 0
    last: Floats | None = None

    def __post_init__(self) -> None:
        between = [edge for edge in self.loop.edges if edge.stream not in self.tears]
        self.order = straight_order(self.loop.units, between)
        self.place = {name: number for number, name in enumerate(self.loop.units)}
        self.entering = sum((m.amounts for m in self.loop.entering.values()), start=np.zeros(_SPECIES))

    def fill(self) -> Floats:
        """Passes from the start, or from nothing, until no further element comes back: the first guess."""
        x = self._packed(self._first())
        for _ in range(len(self.tears) + 2):
            self.run(x)
            if all(self._brings(self.streams[name]) <= self._brings(self.guess[name]) for name in self.tears):
                break
            x = self._packed(self.streams)
        return x

    def _first(self) -> dict[str, Material]:
        known = self.loop.start or {}
        return {name: known.get(name, Material.nothing(self.loop.forms[name])) for name in self.tears}

    def _brings(self, material: Material) -> frozenset[int]:
        """Which elements a stream brings, by place."""
        return frozenset(np.flatnonzero(material.elements).tolist())

    def run(self, x: Floats) -> None:
        """One pass: every unit in order, from guessed tears; the last one stands where nothing has changed."""
        if self.last is not None and np.array_equal(x, self.last):
            return
        self.last = None
        self.guess = self._unpacked(x)
        self.passes += 1
        around = {**self.loop.entering, **self.guess}
        made: dict[str, Material] = {}
        for name in self.order:
            self.running = name
            outlets, self.solved[name] = self.loop.run_unit(name, around)
            made |= outlets
            around |= {stream: material for stream, material in outlets.items() if stream not in self.guess}
        self.streams, self.last = made, x.copy()

    def plain(self, x: Floats) -> Floats:
        """What comes back after a pass, as unknowns."""
        self.run(x)
        return self._packed(self.streams)

    def improved(self, x: Floats) -> Floats:
        """What comes back when each species is solved for the whole loop with the shares of this pass."""
        self.run(x)
        amounts = _linear(self)
        parts = {
            name: Material(self.streams[name].form, amounts[name], self.streams[name].temperature)
            for name in self.tears
        }
        return self._packed(parts)

    def measured(self, x: Floats, image: Floats) -> tuple[Floats, float]:
        """Weights of the unknowns, and the mismatch: of species by their flow, elements by what enters, heat."""
        guess, back = x.reshape(len(self.tears), -1), image.reshape(len(self.tears), -1)
        drawn = [m.amounts for unit in self.solved.values() for m in unit.drawn.values()]
        arrived = np.sum([self.entering, *drawn], axis=0)
        elements = arrived @ materials.COMPOSITION
        total = max(float(arrived.sum()), 1e-30)  # where nothing flows, nothing is missing
        flows = np.maximum(guess[:, :-1], back[:, :-1]).max(axis=0)
        size = np.maximum(np.maximum(flows, _FLOOR * _most(elements)), 1e-12 * total)
        capacity = back[:, :-1] @ materials.HEAT_CAPACITY
        heat = np.maximum(np.maximum(np.abs(back[:, -1]), 100.0 * capacity), 1e-12 * total)
        scale = np.column_stack([np.broadcast_to(size, (len(self.tears), _SPECIES)), heat])
        change = back - guess
        by_element = np.abs(change[:, :-1] @ materials.COMPOSITION) / np.maximum(elements, _TRACE * total)
        return 1.0 / scale.ravel(), max(float(np.abs(change / scale).max()), float(by_element.max()))

    def _packed(self, parts: Mapping[str, Material]) -> Floats:
        return np.concatenate(
            [np.append(m.amounts, m.heat_capacity * (m.temperature - AMBIENT)) for m in (parts[t] for t in self.tears)]
        )

    def _unpacked(self, x: Floats) -> dict[str, Material]:
        rows = x.reshape(len(self.tears), -1)
        return {name: self._material(name, row) for name, row in zip(self.tears, rows, strict=True)}

    def _material(self, name: str, row: Floats) -> Material:
        known = self.streams.get(name)
        form = self.loop.forms[name] if known is None or known.mass == 0.0 else known.form
        amounts = np.maximum(row[:-1], 0.0)
        capacity = float(amounts @ materials.HEAT_CAPACITY)
        if capacity == 0.0:
            return Material(form, amounts, AMBIENT if known is None else known.temperature)
        return Material(form, amounts, max(AMBIENT + float(row[-1]) / capacity, _COLDEST))


def _most(elements: Floats) -> Floats:
    """The most that could be made of each species out of what enters [t/h], (species,)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        per_element = np.where(materials.COMPOSITION > 0.0, elements / materials.COMPOSITION, np.inf)
    found: Floats = per_element.min(axis=1)
    return found


def _linear(work: _Work) -> dict[str, Floats]:
    """Flow of each species in each tear when shares and what units make stay as in the pass [t/h]."""
    units, place = work.loop.units, work.place
    arrived = np.stack([_arrived(work.solved[name]) for name in units])
    left = np.stack([_left(work.solved[name]) for name in units])
    active = np.flatnonzero((arrived > 0.0).any(axis=0) | (left > 0.0).any(axis=0))
    arrived, left = arrived[:, active], left[:, active]
    passed = np.maximum(arrived, left)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = {
            edge.stream: np.where(
                passed[place[edge.source]] > 0.0,
                work.streams[edge.stream].amounts[active] / passed[place[edge.source]],
                0.0,
            )
            for edge in work.loop.edges
        }
    made = np.maximum(left - arrived, 0.0)
    matrix = np.zeros((len(active), len(units), len(units)))
    matrix[:, range(len(units)), range(len(units))] = 1.0
    source = _from_outside(work)[:, active].T
    for edge in work.loop.edges:
        matrix[:, place[edge.target], place[edge.source]] -= share[edge.stream]
        source[:, place[edge.target]] += share[edge.stream] * made[place[edge.source]]
    flows, sound = _solved(matrix, source)
    result = {}
    for edge in work.loop.edges:
        if edge.stream in work.tears:
            amounts = work.streams[edge.stream].amounts.copy()
            from_ = place[edge.source]
            linear = share[edge.stream] * (flows[:, from_] + made[from_])
            amounts[active] = np.where(sound, np.maximum(linear, 0.0), amounts[active])
            result[edge.stream] = amounts
    return result


def _solved(matrix: Floats, source: Floats) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Flows of each species into each unit, and whether the system of the species has an answer to believe."""
    try:
        flows: Floats = np.asarray(np.linalg.solve(matrix, source[..., None])[..., 0], dtype=np.float64)
    except np.linalg.LinAlgError:
        one_by_one = [np.linalg.lstsq(one, right, rcond=1e-13)[0] for one, right in zip(matrix, source, strict=True)]
        flows = np.array(one_by_one, dtype=np.float64)
    rest = np.abs((matrix @ flows[..., None])[..., 0] - source).max(axis=1)
    size = source.max(axis=1, initial=0.0)
    sound = np.isfinite(flows).all(axis=1) & (rest <= 1e-9 * np.maximum(size, 1e-300))
    sound &= (flows >= -1e-9 * size[:, None]).all(axis=1) & (
        flows <= _LARGEST * max(float(size.max(initial=0.0)), 1e-300)
    ).all(axis=1)
    return flows, sound


def _arrived(solved: Solved) -> Floats:
    return sum((m.amounts for m in solved.inlets.values()), start=np.zeros(_SPECIES))


def _left(solved: Solved) -> Floats:
    parts = (*solved.outlets.values(), *solved.released.values())
    return sum((m.amounts for m in parts), start=np.zeros(_SPECIES))


def _from_outside(work: _Work) -> Floats:
    """What enters each unit from outside the loop [t/h], (units, species)."""
    found = np.zeros((len(work.loop.units), _SPECIES))
    for name, streams in work.loop.inlets.items():
        for stream in streams:
            if stream in work.loop.entering:
                found[work.place[name]] += work.loop.entering[stream].amounts
    return found


def _refuse_collecting(work: _Work) -> None:
    """Raise ``ProblemError`` where an element enters the loop, or is drawn in it, and no unit lets it out."""
    between = {edge.stream for edge in work.loop.edges}
    through = {name: _left(work.solved[name]) @ materials.COMPOSITION for name in work.loop.units}
    inside = {
        name: sum(
            (work.streams[s].elements for s in work.loop.outlets[name] if s in between), start=0.0 * through[name]
        )
        for name in through
    }
    for number, element in enumerate(materials.ELEMENTS):
        flows = {name: float(flow[number]) for name, flow in through.items() if flow[number] > 0.0}
        free = {name for name, flow in flows.items() if flow - float(inside[name][number]) > _LEAK * flow}
        held = _held(work, number, flows, free)
        if held:
            streams = [e.stream for e in work.loop.edges if e.source in held and e.target in held]
            message = (
                f"{element} enters the recycle of {', '.join(sorted(held))} and cannot leave it: it would collect in "
                f"{', '.join(streams)}. Add a purge: a splitter on one of these streams, or an outlet that takes it"
            )
            raise ProblemError(message)


def _held(work: _Work, element: int, flows: Mapping[str, float], free: set[str]) -> set[str]:
    """Units that an element flows through and from which no way leads to those that let it out of the loop."""
    while len(free) < len(flows):
        more = {
            edge.source
            for edge in work.loop.edges
            if edge.source in flows
            and edge.source not in free
            and edge.target in free
            and work.streams[edge.stream].elements[element] > _LEAK * flows[edge.source]
        }
        if not more:
            break
        free = free | more
    return set(flows) - free


def _not_closed(work: _Work, error: NotConverged) -> NotConverged:
    """The error of a loop, with its tears and the element that collects most."""
    x: Floats = error.last_iterate
    work.run(x)
    guess = sum((m.elements for m in work.guess.values()), start=np.zeros(len(materials.ELEMENTS)))
    back = sum((work.streams[name].elements for name in work.tears), start=np.zeros(len(materials.ELEMENTS)))
    entering = work.entering @ materials.COMPOSITION
    counted = np.maximum(entering, _TRACE * float(entering.sum()) + 1e-300)
    collects = np.where(entering > _TRACE * float(entering.sum()), (back - guess) / counted, -np.inf)
    worst = int(np.argmax(collects))
    message = (
        f"the recycle of {', '.join(work.loop.units)} does not close: residual {error.residual:.1e}, guessed streams "
        f"{', '.join(work.tears)}; {materials.ELEMENTS[worst]} collects most, {back[worst] - guess[worst]:+.3g} t/h "
        f"more comes back than was guessed, of {entering[worst]:.3g} t/h that enter"
    )
    return NotConverged(message, last_iterate=work.guess, residual=error.residual)
