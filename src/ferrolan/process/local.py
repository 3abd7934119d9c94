"""What a unit does near where it works, in a form a plan may use: yields, slopes, and how far they hold.

A flotation bank at 2 kg/t of collector makes 0.088 t of concentrate a tonne of feed; 0.1 kg/t more makes 0.0011 t more.
``response`` runs the unit at the operating point and around it: figures per tonne of the reference inlet, their slopes
by central differences of the unit's own solve, and the largest gap between the straight line and the unit over the
range, corners and all. Where that gap is too large the range is cut, and each piece has its own line. Outside the range
it refuses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from ferrolan import materials
from ferrolan.base.errors import ProblemError
from ferrolan.base.schema import Model, nearest
from ferrolan.process.material import Floats, Material
from ferrolan.process.operation import Solved, solve
from ferrolan.process.parameters import parameters, with_parameters
from ferrolan.process.unit import Materials, UnitKind

_STEP = 1e-4  # of a range: large against the round-off of a unit's own iteration, small against its bends
_ROUND_OFF = 1e-12  # by which fractions may sum to more than one [1]
_CORNERS = 64  # corners that are looked at, at most
_OUTSIDE = 1e-9  # of a range, by which round-off may leave it


@dataclass(frozen=True, order=True)
class Figured:
    """A figure of a unit per tonne of its reference inlet.

    ``what`` is ``"mass"``, ``"power"`` or ``"heat"``, or a component such as ``"REO"``; ``at`` the outlet, or the name
    of what is drawn or released; ``sort`` says which of these. ``unit`` is t/t, MWh/t or GJ/t.
    """

    sort: str
    at: str
    what: str
    unit: str


@dataclass(frozen=True, eq=False)
class Piece:
    """One box of the range with its straight line.

    ``low`` and ``high`` (axes,) bound the box; at ``anchor`` (axes,) the figures are ``values`` (figures,), and
    ``slopes`` (figures, axes) leads from there. ``gaps`` (figures,) is the largest gap found in the box.
    """

    low: Floats
    high: Floats
    anchor: Floats
    values: Floats
    slopes: Floats
    gaps: Floats

    def holds(self, x: Floats) -> bool:
        """Whether a point lies in the box."""
        slack = _OUTSIDE * (self.high - self.low)
        return bool(((x >= self.low - slack) & (x <= self.high + slack)).all())

    def at(self, x: Floats) -> Floats:
        """Figures on the line, (figures,)."""
        found: Floats = self.values + self.slopes @ (x - self.anchor)
        return found


@dataclass(frozen=True, eq=False)
class LocalResponse:
    """The response of a unit around an operating point.

    Parameters
    ----------
    name
        The unit.
    axes
        What may be moved, by name.
    figures
        What is told, in the order of the pieces' values.
    point
        The operating point, (axes,).
    pieces
        The range in boxes; the first is the one of the operating point.
    gaps
        Largest gap between line and unit anywhere that was looked, (figures,), in the unit of each figure.
    runs
        How often the unit was run.
    """

    name: str
    axes: tuple[str, ...]
    figures: tuple[Figured, ...]
    point: Floats
    pieces: tuple[Piece, ...]
    gaps: Floats
    runs: int

    @property
    def values(self) -> dict[Figured, float]:
        """Figures at the operating point, exactly those of the unit."""
        return dict(zip(self.figures, self.pieces[0].values.tolist(), strict=True))

    @property
    def slopes(self) -> dict[tuple[Figured, str], float]:
        """Change of each figure with each axis at the operating point, in its unit over that of the axis."""
        listed = zip(product(self.figures, self.axes), self.pieces[0].slopes.ravel().tolist(), strict=True)
        return dict(listed)

    def at(self, values: Mapping[str, float] | None = None) -> dict[Figured, float]:
        """Figures where some axes have other values, by the line of the piece.

        Raises
        ------
        ProblemError
            If an axis is unknown, or a value outside its range.
        """
        x = self.point.copy()
        for name, value in (values or {}).items():
            if name not in self.axes:
                raise ProblemError(f"{self.name}: no axis {name!r}. {nearest(name, list(self.axes))}")
            x[self.axes.index(name)] = value
        for piece in self.pieces:
            if piece.holds(x):
                return dict(zip(self.figures, piece.at(x).tolist(), strict=True))
        raise ProblemError(f"{self.name}: {self._outside(x)}; the response does not hold there")

    def _outside(self, x: Floats) -> str:
        low = np.min([piece.low for piece in self.pieces], axis=0)
        high = np.max([piece.high for piece in self.pieces], axis=0)
        out = [
            f"{name} {value:g} is outside {below:g} to {above:g}"
            for name, value, below, above in zip(self.axes, x, low, high, strict=True)
            if not below <= value <= above
        ]
        return " and ".join(out)


def response(
    kind: UnitKind,
    spec: Model | None,
    inlets: Materials,
    ranges: Mapping[str, tuple[float, float]],
    *,
    components: Sequence[str] = (),
    reference: str | None = None,
    tolerance: float = 0.01,
    pieces: int = 16,
    name: str | None = None,
) -> LocalResponse:
    """Cut the response of a unit from its own solve.

    Parameters
    ----------
    kind, spec, inlets
        The unit at its operating point.
    ranges
        From where to where each axis may move: a path of the specification such as ``"collector"``, or of an inlet
        ``"feed.temperature"`` [K], ``"feed.rate"`` [t/h], ``"feed.species.quartz"`` (mass fraction, beside which the
        others keep their proportions).
    components
        Components that are told for each outlet besides its mass.
    reference
        Inlet that figures count per tonne of; the first one that flows if none is given.
    tolerance
        Largest gap that is accepted, of the size of a figure; larger ones cut the range [1].
    pieces
        Most pieces that the range is cut into, the worst first; what gap is then left stands in ``gaps``.
    name
        Name of the unit in messages.

    Raises
    ------
    ProblemError
        If an axis is unknown, its range does not hold the operating point, or the unit cannot run somewhere in it.

    Notes
    -----
    Between pieces the lines may jump by as much as the gaps. The gap is sampled at the middle of each piece, along
    its axes and at up to 64 of its corners: it is no bound.
    """
    unit = _Unit(kind, spec, inlets, reference, tuple(components), tuple(ranges), name or kind.name)
    point = unit.point()
    low, high = (np.array([bounds[side] for bounds in ranges.values()], dtype=np.float64) for side in (0, 1))
    for axis, value, below, above in zip(ranges, point, low, high, strict=True):
        if not below <= value <= above or not below < above:
            raise ProblemError(f"{unit.name}: {axis} is {value:g}, not within its range {below:g} to {above:g}")
    size = np.abs(unit.run(point))
    size = np.maximum(size, 1e-3 * size.max(initial=1e-300))
    found = [_piece(unit, low, high, point)]
    while len(found) < pieces:
        worst = max(found, key=lambda piece: float(np.max(piece.gaps / size, initial=0.0)))
        if float(np.max(worst.gaps / size, initial=0.0)) <= tolerance:
            break
        found = [piece for piece in found if piece is not worst] + _halves(unit, worst, point)
    found.sort(key=lambda piece: (not piece.holds(point), not np.array_equal(piece.anchor, point), tuple(piece.low)))
    gaps = np.max([piece.gaps for piece in found], axis=0)
    return LocalResponse(unit.name, unit.axes, unit.figures, point, tuple(found), gaps, unit.runs)


class _Unit:
    """A unit as a function of its axes."""

    def __init__(
        self,
        kind: UnitKind,
        spec: Model | None,
        inlets: Materials,
        reference: str | None,
        components: tuple[str, ...],
        axes: tuple[str, ...],
        name: str,
    ) -> None:
        self.kind, self.spec, self.inlets, self.components, self.axes = kind, spec, inlets, components, axes
        self.name, self.runs = name, 0
        self.reference = reference or next((port for port, fed in inlets.items() if fed.mass > 0.0), "")
        if self.reference not in inlets or inlets[self.reference].mass == 0.0:
            raise ProblemError(f"{name}: nothing flows into the reference {self.reference!r}")
        self._figures: tuple[Figured, ...] | None = None
        self._known: dict[tuple[float, ...], Floats] = {}

    @property
    def figures(self) -> tuple[Figured, ...]:
        """What is told."""
        if self._figures is None:
            self.run(self.point())
        assert self._figures is not None
        return self._figures

    def point(self) -> Floats:
        """Where the axes stand now, (axes,)."""
        declared = parameters(self.spec)
        return np.array([_now(axis, declared, self.inlets, self.name) for axis in self.axes], dtype=np.float64)

    def run(self, x: Floats) -> Floats:
        """Figures at a point, (figures,)."""
        key = tuple(x.tolist())
        if key not in self._known:
            self.runs += 1
            spec, inlets = self._moved(x)
            solved = solve(self.kind, spec, inlets, self.name)
            per = solved.inlets[self.reference].mass
            told = dict(_told(solved, self.components))
            if self._figures is None:
                self._figures = tuple(told)
            self._known[key] = np.array([told.get(figure, 0.0) / per for figure in self._figures])
        return self._known[key]

    def _moved(self, x: Floats) -> tuple[Model | None, dict[str, Material]]:
        """The specification and the inlets at a point; an inlet that does not move stays as it is, to the last bit."""
        declared = parameters(self.spec)
        changed = {axis: value for axis, value in zip(self.axes, x.tolist(), strict=True) if axis in declared}
        asked: dict[str, dict[str, float]] = {}
        still = set(self.inlets)
        for axis, value, now in zip(self.axes, x.tolist(), self.point().tolist(), strict=True):
            if axis not in declared:
                port, _, path = axis.partition(".")
                asked.setdefault(port, {})[path] = value
                still -= set() if value == now else {port}
        inlets = {
            port: inlet if port in still else moved(inlet, asked[port], f"{self.name}.{port}")
            for port, inlet in self.inlets.items()
        }
        return (with_parameters(self.spec, changed) if self.spec is not None else None), inlets


def moved(material: Material, values: Mapping[str, float], name: str) -> Material:
    """A stream with another ``rate`` [t/h], ``temperature`` [K], or mass fractions of species (``species.quartz``).

    Species that are not named share what the named ones leave, in their own proportion; the order of ``values`` has no
    say.

    Raises
    ------
    ProblemError
        If there is no such number of a stream, or the fractions leave no composition.
    """
    shares: dict[int, float] = {}
    for path, value in values.items():
        if path.startswith("species."):
            shares[materials.place(path.removeprefix("species."))] = value
        elif path not in ("rate", "temperature"):
            raise ProblemError(f"{name}: no {path!r} of a stream; expected rate, temperature or species.<name>")
    composed = _composed(material, shares, name) if shares else material
    rated = composed.times(values["rate"] / composed.mass) if "rate" in values else composed
    return rated.at(values["temperature"]) if "temperature" in values else rated


def number_of(material: Material, path: str, name: str) -> float:
    """What ``moved`` would change: ``rate`` [t/h], ``temperature`` [K] or the mass fraction of a species [1].

    Raises
    ------
    ProblemError
        If there is no such number of a stream.
    """
    if path.startswith("species."):
        return material.amount(path.removeprefix("species.")) / material.mass
    if path not in ("rate", "temperature"):
        raise ProblemError(f"{name}: no {path!r} of a stream; expected rate, temperature or species.<name>")
    return material.mass if path == "rate" else material.temperature


def _composed(material: Material, shares: Mapping[int, float], name: str) -> Material:
    """The stream with these mass fractions of some species [1], the others scaled to the rest."""
    places, fractions = list(shares), np.array(list(shares.values()))
    others = material.mass - float(material.amounts[places].sum())
    rest = 1.0 - float(fractions.sum())
    if not (fractions >= 0.0).all() or rest < -_ROUND_OFF or (others <= 0.0 and rest > _ROUND_OFF):
        told = ", ".join(f"{materials.SPECIES[place].name} {share:g}" for place, share in shares.items())
        raise ProblemError(
            f"{name}: shares of {told} leave no composition; expected at least 0, and at most 1 together"
        )
    amounts = material.amounts * (max(rest, 0.0) * material.mass / others if others > 0.0 else 0.0)
    amounts[places] = fractions * material.mass
    return replace(material, amounts=amounts)


def _now(axis: str, declared: Mapping[str, object], inlets: Materials, name: str) -> float:
    """The value of an axis at the operating point."""
    if axis in declared:
        return float(declared[axis].value)  # type: ignore[attr-defined]  # a Sourced
    port, _, path = axis.partition(".")
    if port not in inlets:
        known = [*declared, *(f"{p}.{what}" for p in inlets for what in ("rate", "temperature"))]
        raise ProblemError(f"{name}: no axis {axis!r}. {nearest(axis, known)}")
    return number_of(inlets[port], path, f"{name}.{port}")


def _told(solved: Solved, components: Sequence[str]) -> Iterator[tuple[Figured, float]]:
    """Every figure of a unit [t/h, MW, GJ/h]."""
    for port, material in solved.outlets.items():
        yield Figured("outlet", port, "mass", "t/t"), material.mass
        yield from ((Figured("outlet", port, name, "t/t"), material.component(name)) for name in components)
    yield from ((Figured("drawn", name, "mass", "t/t"), material.mass) for name, material in solved.drawn.items())
    yield from ((Figured("released", name, "mass", "t/t"), m.mass) for name, m in solved.released.items())
    yield Figured("energy", "", "power", "MWh/t"), solved.power
    yield Figured("energy", "", "heat", "GJ/t"), solved.heat


def _piece(unit: _Unit, low: Floats, high: Floats, point: Floats) -> Piece:
    """The line of one box: from the operating point where it lies in it, else from the nearest point of the box."""
    anchor = np.clip(point, low, high)
    values = unit.run(anchor)
    inside = bool(((point >= low) & (point <= high)).all())
    slopes = np.column_stack(
        [_slope(unit, anchor, axis, low, high, near=inside) for axis in range(len(anchor))]
        or [np.zeros((len(values), 0))]
    )
    piece = Piece(low, high, anchor, values, slopes, np.zeros(len(values)))
    gaps = [np.abs(piece.at(x) - unit.run(x)) for x in _looked_at(low, high)]
    return replace(piece, gaps=np.max([np.zeros(len(values)), *gaps], axis=0))


def _slope(unit: _Unit, anchor: Floats, axis: int, low: Floats, high: Floats, *, near: bool) -> Floats:
    """Change with one axis: by differences close to the operating point, by the chord across any other box."""
    reach = (_STEP if near else 1.0) * (high[axis] - low[axis])
    after, before = anchor.copy(), anchor.copy()
    after[axis], before[axis] = min(anchor[axis] + reach, high[axis]), max(anchor[axis] - reach, low[axis])
    found: Floats = (unit.run(after) - unit.run(before)) / (after[axis] - before[axis])
    return found


def _looked_at(low: Floats, high: Floats) -> Iterator[Floats]:
    """The middle, along each axis its quarters and the faces, and corners as far as they are not too many."""
    middle = 0.5 * (low + high)
    yield middle
    for axis, share in product(range(len(low)), (0.0, 0.25, 0.75, 1.0)):
        x = middle.copy()
        x[axis] = low[axis] + share * (high[axis] - low[axis])
        yield x
    for number in range(min(2 ** len(low), _CORNERS)):
        yield np.array([high[axis] if number >> axis & 1 else low[axis] for axis in range(len(low))])


def _halves(unit: _Unit, piece: Piece, point: Floats) -> list[Piece]:
    """A box cut in two along the axis on which its line bends most."""
    middle = 0.5 * (piece.low + piece.high)
    bends = []
    for axis in range(len(middle)):
        ends = []
        for bound in (piece.low, piece.high):
            x = middle.copy()
            x[axis] = bound[axis]
            ends.append(unit.run(x))
        size = np.maximum(np.abs(piece.values), 1e-3 * np.abs(piece.values).max(initial=1e-300))
        bends.append(float(np.max(np.abs(0.5 * (ends[0] + ends[1]) - unit.run(middle)) / size)))
    axis = int(np.argmax(bends))
    cut = middle[axis]
    first, second = piece.high.copy(), piece.low.copy()
    first[axis] = second[axis] = cut
    return [_piece(unit, piece.low, first, point), _piece(unit, second, piece.high, point)]
