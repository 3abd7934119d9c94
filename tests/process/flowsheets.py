"""Small kinds and flowsheets of the tests: fixed splits, a reactor, a unit that bends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from ferrolan import materials
from ferrolan.base.schema import Sourced, Table, read
from ferrolan.process.flowsheet import Flowsheet, Unit
from ferrolan.process.material import Material
from ferrolan.process.unit import GAS, SOLIDS, Made, Materials, Port, UnitKind
from ferrolan.process.units import splitter
from ferrolan.process.units.splitter import SplitterSpec


def sourced(value: float | str) -> dict[str, object]:
    return {"value": value, "synthetic": True}


def number(value: float) -> Sourced:
    found, problems = read(Sourced, sourced(value))
    assert found is not None, problems
    return found


def shares(values: Mapping[str, float]) -> SplitterSpec:
    return SplitterSpec(shares=Table({name: number(value) for name, value in values.items()}))


def division(name: str, feeds: Sequence[str], outlets: Sequence[str], values: Mapping[str, float]) -> Unit:
    kind = splitter.divider(splitter.KIND, outlets)
    return Unit(name, kind, shares(values), {"feed": tuple(feeds)}, {stream: stream for stream in outlets})


def _separate(taken: Mapping[str, float], spec: object, inlets: Materials) -> Made:
    first, second = inlets["feed"].take(taken)
    return Made({"taken": first, "left": second})


def separation(name: str, feeds: Sequence[str], taken: str, left: str, values: Mapping[str, float]) -> Unit:
    """A unit that takes fixed shares of some species."""
    kind = UnitKind(
        "sieve", "sieve", "Takes fixed shares.", SOLIDS, SOLIDS,
        ports=(Port("feed", "in", SOLIDS, "in"), Port("taken", "out", SOLIDS, "a"), Port("left", "out", SOLIDS, "b")),
        operate=partial(_separate, dict(values)),
    )  # fmt: skip
    return Unit(name, kind, None, {"feed": tuple(feeds)}, {"taken": taken, "left": left})


def _bend(half: float, spec: object, inlets: Materials) -> Made:
    """Takes less of the quartz the more magnetite comes with it."""
    feed = inlets["feed"]
    share = feed.mass / (feed.mass + feed.amount("magnetite") * half)
    first, second = feed.take({"quartz": 0.9 * share, "magnetite": 0.2})
    return Made({"taken": first.at(320.0), "left": second})


def bending(name: str, feeds: Sequence[str], taken: str, left: str, half: float = 2.0) -> Unit:
    """A unit whose shares depend on what comes, though not on how much of it."""
    base = separation(name, feeds, taken, left, {})
    kind = UnitKind(
        "bend", "bend", "Shares that bend.", SOLIDS, SOLIDS, ports=base.kind.ports, operate=partial(_bend, half)
    )
    return Unit(name, kind, None, base.inlets, base.outlets)


def _burn(spec: object, inlets: Materials) -> Made:
    """Oxidises magnetite with oxygen it draws, and lets carbon dioxide of calcite go."""
    feed = inlets["feed"]
    iron = feed.amount("magnetite")
    rest = feed.take({"magnetite": 1.0})[1]
    made = iron * materials.COMPOSITION[materials.place("magnetite"), materials.ELEMENTS.index("Fe")]
    made /= materials.COMPOSITION[materials.place("hematite"), materials.ELEMENTS.index("Fe")]
    fired = rest.plus(Material.of({"hematite": made})).at(1500.0)
    return Made({"fired": fired}, drawn={"oxygen": Material.of({"O2": made - iron}, "gas")}, power=0.01 * feed.mass)


def burning(name: str, feeds: Sequence[str], fired: str) -> Unit:
    kind = UnitKind(
        "burner", "burner", "Oxidises.", SOLIDS | GAS, SOLIDS,
        ports=(Port("feed", "in", SOLIDS, "in"), Port("fired", "out", SOLIDS, "out")), operate=_burn,
    )  # fmt: skip
    return Unit(name, kind, None, {"feed": tuple(feeds)}, {"fired": fired})


ORE = Material.of({"magnetite": 60.0, "quartz": 35.0, "calcite": 5.0})


def one_recycle(back: float = 0.7) -> Flowsheet:
    """A sieve whose coarse share partly returns."""
    return Flowsheet(
        (
            separation("sieve", ["ore", "back"], "fine", "coarse", {"magnetite": 0.8, "quartz": 0.3}),
            division("crusher", ["coarse"], ["back", "reject"], {"back": back}),
        ),
        {"ore": ORE},
    )


def nested() -> Flowsheet:
    """Three recycles in each other, one of them bent, with heat."""
    return Flowsheet(
        (
            separation("rougher", ["ore", "r1", "r2"], "rough", "tail", {"magnetite": 0.85, "quartz": 0.2}),
            bending("cleaner", ["rough", "r3"], "mid", "clean"),
            burning("kiln", ["clean"], "fired"),
            division("screen", ["fired"], ["r3", "pellets"], {"r3": 0.15}),
            division("mids", ["mid"], ["r1", "mid_out"], {"r1": 0.9}),
            separation("scavenger", ["tail"], "r2", "final", {"magnetite": 0.6, "hematite": 0.5, "quartz": 0.1}),
        ),
        {"ore": ORE},
    )
