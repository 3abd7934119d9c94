"""The complex in motion: unit by unit, again and again, until the recycles stand still.

The cleaner's tails go back to the rougher, crops to the scrap yard, dust to the sinter plant. Each sweep takes every
unit whose inlets moved, with what the others gave last; a recycle that returns a fifth settles to round-off in some
twenty sweeps. Stocks are integrated through the month with every sweep. Example: 79 t/h of rare-earth oxides reach the
rougher, 73 of them fresh.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ferrolan.base.errors import ProblemError
from ferrolan.virtualplant.complex.table import COMPONENTS, REO, Feed, Outlet, Store, Table
from ferrolan.virtualplant.drift import Drift
from ferrolan.virtualplant.material import Array, Material
from ferrolan.virtualplant.stockpile import Stock, settle

_SETTLED = 1e-13  # change of a flow in a sweep, relative to its largest value, below which it stands still: round-off
_SWEEPS = 200
_FEED_GRADE = (0.02, 24.0)  # spread [1] and memory [h] of what is bought or mined; synthetic
_SHARE_HOURS = 10.0  # memory of a share [h]; synthetic
_RATE_HOURS = 10.0
_SHARE_SPREAD = 0.015  # of the smaller of a share and what is left of it [1]; synthetic
_RECLAIM = (0.006, 8.0)  # of a stock's outflow about the mean of the stock; synthetic
_MOISTURE = (0.03, 12.0)
_IDLE = 0.015  # draw of a standing unit as a share of its mean; synthetic
_POWER = (0.015, 6.0)


def drifts(table: Table) -> dict[str, Drift]:
    """Everything that wanders in this plant, by name."""
    found: dict[str, Drift] = {}
    for stream, feed in table.feeds.items():
        found[f"{stream} rate"] = Drift(feed.rate, feed.spread, feed.hours)
        found |= {f"{stream} {family}": Drift(1.0, *_FEED_GRADE) for family in _families(feed.grades)}
    for outlets in table.units.values():
        for stream, outlet in outlets.items():
            found[f"{stream} value"] = Drift(1.0, outlet.spread, _RATE_HOURS)
            found |= {
                f"{stream} {family}": Drift(1.0, _SHARE_SPREAD, _SHARE_HOURS) for family in _families(outlet.shares)
            }
    for store in table.stores.values():
        for stream, draw in store.draws.items():
            found[f"{stream} rate"] = Drift(1.0, draw.spread, _RATE_HOURS)
            found |= {f"{stream} {family}": Drift(1.0, *_RECLAIM) for family in _families(COMPONENTS)}
    found |= {f"moisture {stream}": Drift(level, *_MOISTURE) for stream, level in table.moistures.items()}
    return found | {f"power {unit}": Drift(1.02, *_POWER) for unit in table.powers}


def run(
    table: Table, drift: Mapping[str, Array], load: Mapping[str, Array], step_hours: float
) -> tuple[dict[str, Material], dict[str, Stock]]:
    """Streams and stocks of the month.

    Raises
    ------
    ProblemError
        If the recycles do not stand still, or a stock runs empty.
    """
    month = _Month(table, drift, load, step_hours)
    for _ in range(_SWEEPS):
        if not month.moved():
            break
    else:
        raise ProblemError(f"virtual plant: the recycles of the complex do not stand still in {_SWEEPS} sweeps")
    return {name: month.streams[name] for name in table.drawing.lines}, month.stocks


def power(table: Table, streams: Mapping[str, Material], drift: Mapping[str, Array]) -> dict[str, Array]:
    """Power of every unit [MW], shape (n,)."""
    drawn = {}
    for unit, use in table.powers.items():
        through = streams[use.stream].rate
        drawn[unit] = use.specific * (through * drift[f"power {unit}"] + _IDLE * through.mean())
    return drawn


class _Month:
    """Streams and stocks on their way to standing still."""

    def __init__(self, table: Table, drift: Mapping[str, Array], load: Mapping[str, Array], step_hours: float) -> None:
        self.table, self.drift, self.load, self.step_hours = table, drift, load, step_hours
        self.streams = {name: _enters(name, feed, drift, load) for name, feed in table.feeds.items()}
        self.stocks: dict[str, Stock] = {}
        self.seen: dict[str, tuple[Material, ...]] = {}

    def moved(self) -> bool:
        """Take every unit whose inlets are there and moved; where none did, begin a recycle where least is lacking."""
        units = self.table.drawing.units
        moved = [self.take(unit) for unit in units if self.is_ready(unit)]
        if any(moved):
            return True
        waiting = [unit for unit in units if unit not in self.seen]
        return bool(waiting) and self.take(max(waiting, key=self.share_there))

    def is_ready(self, unit: str) -> bool:
        return unit in self.seen or self.share_there(unit) == 1.0

    def share_there(self, unit: str) -> float:
        """Share of a unit's inlets that are there."""
        return len(self.came(unit)) / len(self.table.drawing.inlets(unit))

    def came(self, unit: str) -> tuple[Material, ...]:
        return tuple(self.streams[name] for name in self.table.drawing.inlets(unit) if name in self.streams)

    def take(self, unit: str) -> bool:
        came = self.came(unit)
        if _same(came, self.seen.get(unit)):
            return False
        self.seen[unit] = came
        if unit in self.table.stores:
            made, self.stocks[unit] = _store(self.table, unit, came, self.drift, self.load, self.step_hours)
        else:
            made = _unit(self.table, unit, self.streams, self.drift)
        self.streams |= {name: _kept(self.streams.get(name), new) for name, new in made.items()}
        return True


def _families(names: Mapping[str, object] | Sequence[str]) -> list[str]:
    """Components that wander together: the rare earths do, every other one goes its own way."""
    return list(dict.fromkeys(_family(name) for name in names))


def _family(component: str) -> str:
    return "REO" if component in REO else component


def _same(came: tuple[Material, ...], before: tuple[Material, ...] | None) -> bool:
    return before is not None and len(came) == len(before) and all(a is b for a, b in zip(came, before, strict=True))


def _kept(old: Material | None, new: Material) -> Material:
    """The old stream where the new one is the same up to round-off."""
    if old is None or not _near(old.rate, new.rate):
        return new
    return old if all(_near(old.content[name], mass) for name, mass in new.content.items()) else new


def _near(old: Array, new: Array) -> bool:
    return bool(np.abs(new - old).max() <= _SETTLED * np.abs(new).max())


def _enters(name: str, feed: Feed, drift: Mapping[str, Array], load: Mapping[str, Array]) -> Material:
    rate = drift[f"{name} rate"] * _load(feed.load, load)
    return Material(rate, {c: rate * level * drift[f"{name} {_family(c)}"] for c, level in feed.grades.items()})


def _load(name: str, load: Mapping[str, Array]) -> Array | float:
    return load[name] / load[name].mean() if name else 1.0


def _store(
    table: Table,
    name: str,
    came: Sequence[Material],
    drift: Mapping[str, Array],
    load: Mapping[str, Array],
    step_hours: float,
) -> tuple[dict[str, Material], Stock]:
    store: Store = table.stores[name]
    carried = table.carried[next(iter(store.draws))]
    inflow = _together(came, carried)
    mean = float(inflow.rate.mean())
    rates = {stream: _drawn(stream, store, mean, drift, load) for stream in store.draws}
    total: Array = np.sum([*rates.values()], axis=0)
    grades = {c: float(inflow.content[c].mean()) / mean for c in carried}
    first = next(iter(store.draws))
    deviation = {c: drift[f"{first} {_family(c)}"] - 1.0 for c in carried}
    outflow, stock = settle(inflow, total, 24.0 * store.days * mean, grades, deviation, step_hours, carried)
    shares = {
        stream: np.divide(rate, total, out=np.zeros_like(total), where=total > 0.0) for stream, rate in rates.items()
    }
    return {stream: outflow.share(share) for stream, share in shares.items()}, stock


def _drawn(stream: str, store: Store, mean: float, drift: Mapping[str, Array], load: Mapping[str, Array]) -> Array:
    draw = store.draws[stream]
    wanted: Array = drift[f"{stream} rate"] * _load(draw.load, load)
    drawn: Array = draw.share * mean * wanted / wanted.mean()
    return drawn


def _together(came: Sequence[Material], names: Sequence[str]) -> Material:
    rate: Array = np.sum([each.rate for each in came], axis=0)
    return Material(rate, {name: np.sum([each.of(name) for each in came], axis=0) for name in names})


def _unit(table: Table, unit: str, streams: Mapping[str, Material], drift: Mapping[str, Array]) -> dict[str, Material]:
    came = [streams[name] for name in table.drawing.inlets(unit) if name in streams]
    names = [c for c in COMPONENTS if any(c in each.content for each in came)]
    feed = _together(came, names)
    made: dict[str, Material] = {}
    for stream, outlet in table.units[unit].items():
        if outlet.rule == "split":
            made[stream] = _split(feed, made, outlet, table.carried[stream], drift[f"{stream} value"])
        else:
            content = _content(feed, made, stream, outlet, table.carried[stream], drift)
            made[stream] = Material(_rate(feed, {**streams, **made}, made, stream, outlet, content, drift), content)
    return made


def _split(
    feed: Material, made: Mapping[str, Material], outlet: Outlet, carried: Sequence[str], drift: Array
) -> Material:
    """A part of the whole with its composition; the last one gets what the others leave."""
    if outlet.value is not None:
        part = outlet.value * drift
        return Material(feed.rate * part, {c: feed.of(c) * part for c in carried})
    left = feed.rate - sum(other.rate for other in made.values())
    return Material(left, {c: feed.of(c) - sum(other.of(c) for other in made.values()) for c in carried})


def _content(
    feed: Material,
    made: Mapping[str, Material],
    stream: str,
    outlet: Outlet,
    carried: Sequence[str],
    drift: Mapping[str, Array],
) -> dict[str, Array]:
    found: dict[str, Array] = {}
    for c in carried:
        share = outlet.shares.get(c)
        if share is None:
            found[c] = np.asarray(feed.of(c) - sum(other.of(c) for other in made.values()))
        else:
            found[c] = feed.of(c) * _wandering(share, drift[f"{stream} {_family(c)}"])
    return found


def _wandering(share: float, drift: Array) -> Array | float:
    """A share about its level; the smaller part of the two wanders, so that neither can be negative."""
    return share * drift if share < 0.5 else 1.0 - (1.0 - share) * drift


def _rate(
    feed: Material,
    streams: Mapping[str, Material],
    made: Mapping[str, Material],
    stream: str,
    outlet: Outlet,
    content: Mapping[str, Array],
    drift: Mapping[str, Array],
) -> Array:
    if outlet.value is None:
        return np.asarray(feed.rate - sum(other.rate for other in made.values()))
    value = outlet.value * drift[f"{stream} value"]
    if outlet.rule == "per":
        return np.asarray(value * sum(streams[name].rate for name in outlet.of[0].split("+")))
    counted = REO if outlet.of == ("REO",) else outlet.of
    return np.asarray(sum(content[c] for c in counted if c in content) / value)
