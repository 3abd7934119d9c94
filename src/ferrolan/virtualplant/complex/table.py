"""The plant on file: what enters, how every unit divides what reaches it, what is stored, who draws power.

Eight CSV files, every number synthetic, near a works at the scale of the public annual figures of Baotou. Example:
``re_concentrate,cleaner,...,grade REO,0.515``: the concentrate of the cleaner has 51.5 % of rare-earth oxides. A share
says which part of a component that reaches the unit an outlet gets; ``rest`` is what the other outlets leave; what no
outlet carries goes up the stack.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from ferrolan.virtualplant.drawing import Drawing
from ferrolan.virtualplant.operation import Stop

REO: tuple[str, ...] = (
    "La2O3", "CeO2", "Pr6O11", "Nd2O3", "Sm2O3", "Eu2O3", "Gd2O3", "Tb4O7", "Dy2O3", "Y2O3",
)  # fmt: skip
COMPONENTS: tuple[str, ...] = ("Fe", "C", "SiO2", "CaO", "P", "S", "F", "Nb2O5", "ThO2", *REO)
REST = "rest"

Row = Mapping[str, str]


@dataclass(frozen=True)
class Feed:
    """A stream that enters: its rate [t/h], how it wanders [1, h], what stops it, its grades [mass fraction]."""

    rate: float
    spread: float
    hours: float
    load: str
    grades: Mapping[str, float]


@dataclass(frozen=True)
class Outlet:
    """What a unit gives by one outlet.

    ``rule`` says how its rate follows: ``rest`` of the unit's mass, ``grade Fe`` its content over a grade, ``per
    hot_metal_1`` a ratio to other streams, ``split`` a share of mass and of everything in it. ``shares`` holds the part
    of each component that it gets, None for the rest.
    """

    rule: str
    of: tuple[str, ...]
    value: float | None
    spread: float
    shares: Mapping[str, float | None]


@dataclass(frozen=True)
class Draw:
    """What leaves a stock: a share of its mean inflow, how it wanders [1], what stops it."""

    share: float
    spread: float
    load: str


@dataclass(frozen=True)
class Store:
    """A stock: its opening mass in days of inflow [d], and what leaves it."""

    days: float
    draws: Mapping[str, Draw]


@dataclass(frozen=True)
class Power:
    """Electric energy [MWh] of a unit for each tonne, or cubic metre, of one of its inlets."""

    stream: str
    specific: float


@dataclass(frozen=True)
class Table:
    """The whole plant; mappings by stream, unit or stock in the order of the flow."""

    drawing: Drawing
    feeds: Mapping[str, Feed]
    units: Mapping[str, Mapping[str, Outlet]]
    stores: Mapping[str, Store]
    carried: Mapping[str, tuple[str, ...]]
    moistures: Mapping[str, float]
    powers: Mapping[str, Power]
    stops: Mapping[str, Stop]


@cache
def read_table() -> Table:
    """The plant as its files have it."""
    feeds, outlets, draws = _rows("feeds"), _rows("outlets"), _rows("stores")
    grades, shares = _grouped("grades", "stream"), _grouped("shares", "stream")
    lines: dict[str, tuple[str | None, str | None]] = {row["stream"]: (None, row["to"]) for row in feeds}
    lines |= {row["stream"]: (row["unit"], row["to"] or None) for row in outlets}
    lines |= {row["stream"]: (row["store"], row["to"] or None) for row in draws}
    carried = {row["stream"]: tuple(row["carries"].split()) for row in (*feeds, *outlets, *draws)}
    return Table(
        drawing=Drawing(lines, _liquors(outlets), _conserving(outlets), COMPONENTS),
        feeds={row["stream"]: _feed(row, grades[row["stream"]]) for row in feeds},
        units=_by(outlets, "unit", lambda row: _outlet(row, shares.get(row["stream"], ()))),
        stores=_stores(draws),
        carried=carried,
        moistures={row["stream"]: float(row["moisture"]) for row in _rows("moistures")},
        powers={row["unit"]: Power(row["stream"], float(row["specific"])) for row in _rows("powers")},
        stops={row["load"]: Stop(float(row["shortest"]), float(row["longest"])) for row in _rows("stops")},
    )


def _rows(name: str) -> list[Row]:
    text = files(__package__).joinpath(f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _grouped(name: str, key: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in _rows(name):
        found.setdefault(row[key], []).append(row)
    return found


def _feed(row: Row, grades: Iterable[Row]) -> Feed:
    levels = {each["component"]: float(each["grade"]) for each in grades}
    return Feed(float(row["rate"]), float(row["spread"]), float(row["hours"]), row["load"], levels)


def _outlet(row: Row, shares: Iterable[Row]) -> Outlet:
    rule, *of = row["rule"].split()
    given = {each["component"]: None if each["share"] == REST else float(each["share"]) for each in shares}
    value = None if row["value"] in ("", REST) else float(row["value"])
    return Outlet(rule, tuple(of), value, float(row["spread"]), given)


def _by(rows: Iterable[Row], key: str, make: Callable[[Row], Outlet]) -> dict[str, dict[str, Outlet]]:
    found: dict[str, dict[str, Outlet]] = {}
    for row in rows:
        found.setdefault(row[key], {})[row["stream"]] = make(row)
    return found


def _stores(rows: Iterable[Row]) -> dict[str, Store]:
    days: dict[str, float] = {}
    draws: dict[str, dict[str, Draw]] = {}
    for row in rows:
        days[row["store"]] = float(row["days"])
        draw = Draw(float(row["share"]), float(row["spread"]), row["load"])
        draws.setdefault(row["store"], {})[row["stream"]] = draw
    return {name: Store(days[name], drawn) for name, drawn in draws.items()}


def _liquors(outlets: Iterable[Row]) -> frozenset[str]:
    return frozenset(row["stream"] for row in outlets if row["form"] == "liquor")


def _conserving(outlets: Iterable[Row]) -> frozenset[str]:
    """Units with an outlet that takes the rest of the mass; a splitter of liquors conserves volume."""
    return frozenset(row["unit"] for row in outlets if row["rule"] == REST or row["value"] == REST)
