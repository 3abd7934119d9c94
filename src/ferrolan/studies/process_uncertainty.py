"""How sure a simulated plant is: Monte-Carlo over any of its numbers, and Sobol's account of which of them matter.

With 10 % on every rate constant the rare-earth output of a works is 3.1 +- 0.4 t/h, and two thirds of that variance is
the rate at which bastnaesite floats. Draws begin from the declared plant's solution, each by itself, so that neither
their number nor the processes they run in change one of them; draws without an answer are counted, never left out
silently.

I. M. Sobol', Mathematics and Computers in Simulation 55, 2001; A. Saltelli et al., Computer Physics Communications 181,
2010 (design and estimators, as SALib has them).
"""

from __future__ import annotations

import atexit
import gc
import math
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import get_context
from types import ModuleType
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.stats import norm

from ferrolan.base.errors import FerrolanError, ProblemError, SurroundingsError
from ferrolan.base.schema import nearest
from ferrolan.base.tables import MONTE_CARLO, SOBOL
from ferrolan.process.flowsheet import Flowsheet, FlowsheetSolution, solve
from ferrolan.process.material import Floats, Material
from ferrolan.process.operation import Solved
from ferrolan.process.parameters import bounds_of
from ferrolan.process.unit import Figure

Booleans = npt.NDArray[np.bool_]

LEVEL = 0.95
"""Level of every interval [1]."""

Sort = Literal["amount", "grade", "drawn", "released", "power", "state", "limit"]
"""What can be watched."""

_BATCH = 25  # draws that a worker takes at a time


@dataclass(frozen=True)
class Uncertain:
    """A number of the plant that nobody knows exactly, in canonical units.

    ``path`` such as ``"flotation.collector"`` or, of a feed, ``"ore.species.magnetite"``. Either ``sd``: normal around
    the declared value, cut at the bounds of its field; or ``low`` and ``high``: evenly between them.
    """

    path: str
    sd: float | None = None
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        spread = self.sd is not None and self.sd > 0.0 and self.low is None and self.high is None
        between = self.sd is None and self.low is not None and self.high is not None and self.low < self.high
        finite = all(number is None or math.isfinite(number) for number in (self.sd, self.low, self.high))
        if not (finite and (spread or between)):
            raise ProblemError(
                f"{self.path}: expected a finite standard deviation above 0, or a range from low to high"
            )


@dataclass(frozen=True)
class Watch:
    """A figure of the plant that is watched.

    ``sort`` is ``"amount"``: of ``what`` (a component, or ``"mass"``) in the stream ``of`` [t/h]; ``"grade"``: its mass
    fraction there [1]; ``"drawn"`` or ``"released"``: of all that goes by the name ``of`` [t/h]; ``"power"``: of the
    unit ``of``, or of all where it is empty [MW]; ``"state"`` or ``"limit"``: that of the unit ``of`` by its name.
    """

    sort: Sort
    of: str = ""
    what: str = "mass"

    @property
    def name(self) -> str:
        """Its name in a table."""
        return {
            "power": f"power {self.of}".strip(),
            "drawn": f"{self.of} drawn",
            "released": f"{self.of} released",
        }.get(self.sort, f"{self.sort} of {self.what} in {self.of}")

    def unit(self, solution: FlowsheetSolution) -> str:
        """Its unit."""
        if self.sort in ("state", "limit"):
            return self._figures(solution)[self.what].unit
        return {"grade": "1", "power": "MW"}.get(self.sort, "t/h")

    def read(self, solution: FlowsheetSolution) -> float:
        """Its value.

        Raises
        ------
        ProblemError
            If the plant has no such figure.
        """
        if self.sort in ("amount", "grade"):
            return self._in_stream(solution)
        if self.sort == "power":
            return solution.power if not self.of else self._unit(solution).power
        if self.sort in ("state", "limit"):
            return self._figures(solution)[self.what].value
        found = solution.drawn() if self.sort == "drawn" else solution.released()
        return found[self.of].mass if self.of in found else 0.0

    def check(self, solution: FlowsheetSolution) -> None:
        """Refuse a figure that the plant as declared does not have.

        Raises
        ------
        ProblemError
            If the plant has no such figure, or nothing of that name crosses its fence.
        """
        self.read(solution)
        crossing = {"drawn": solution.drawn, "released": solution.released}
        if self.sort in crossing and self.of not in (known := list(crossing[self.sort]())):
            raise ProblemError(f"nothing is {self.sort} by the name {self.of!r}. {nearest(self.of, known)}")

    def _in_stream(self, solution: FlowsheetSolution) -> float:
        streams = {**solution.streams, **solution.products}
        if self.of not in streams:
            raise ProblemError(f"no stream {self.of!r} is simulated")
        material = streams[self.of]
        amount = material.mass if self.what == "mass" else material.component(self.what)
        return amount if self.sort == "amount" else amount / material.mass if material.mass > 0.0 else 0.0

    def _unit(self, solution: FlowsheetSolution) -> Solved:
        if self.of not in solution.units:
            raise ProblemError(f"no unit {self.of!r} is simulated")
        return solution.units[self.of]

    def _figures(self, solution: FlowsheetSolution) -> Mapping[str, Figure]:
        unit = self._unit(solution)
        figures = unit.states if self.sort == "state" else unit.limits
        if self.what not in figures:
            raise ProblemError(f"{self.of}: no {self.sort} {self.what!r}; it has {', '.join(figures) or 'none'}")
        return figures


@dataclass(frozen=True, eq=False)
class Draws:
    """Drawn plants.

    Parameters
    ----------
    parameters
        What was drawn, in the order of the columns of ``points``.
    watched
        What was watched, in the order of the columns of ``values``.
    points
        Parameters of every draw, (draws, parameters).
    values
        Figures of every draw, (draws, figures); 0 where it gave no answer.
    answered
        Which draws gave an answer, (draws,).
    faults
        Why the others did not, by number of the draw.
    table
        ``monte_carlo``.
    """

    parameters: tuple[Uncertain, ...]
    watched: tuple[Watch, ...]
    points: Floats
    values: Floats
    answered: Booleans
    faults: Mapping[int, str]
    table: pl.DataFrame


@dataclass(frozen=True, eq=False)
class Indices:
    """Sobol's indices: ``table`` (``sobol``), the runs they took, and why some gave no answer, by number."""

    table: pl.DataFrame
    runs: int
    faults: Mapping[int, str]


def every_parameter(flowsheet: Flowsheet, relative_sd: float) -> tuple[Uncertain, ...]:
    """Every number of every specification that is not zero, with one relative standard deviation [1]."""
    return tuple(
        Uncertain(path, sd=relative_sd * abs(value)) for path, value in flowsheet.parameters().items() if value != 0.0
    )


def monte_carlo(
    flowsheet: Flowsheet,
    parameters: Sequence[Uncertain],
    watched: Sequence[Watch],
    draws: int,
    seed: int,
    *,
    workers: int = 1,
) -> Draws:
    """Draw the plant.

    Parameters
    ----------
    flowsheet
        The plant as declared.
    parameters
        What is drawn, independently of each other.
    watched
        What is watched.
    draws
        How many draws.
    seed
        Seed of the draws: the same seed gives the same draws, whatever the number of workers.
    workers
        Processes that share the work; with 1 none is started.

    Raises
    ------
    ProblemError
        If a parameter or a figure is unknown, or no draw gives an answer.
    """
    if draws < 1:
        raise ProblemError(f"expected at least 1 draw, found {draws}")
    twice = sorted({one.path for one in parameters if [other.path for other in parameters].count(one.path) > 1})
    if twice:
        raise ProblemError(f"{', '.join(twice)} is drawn twice; name each parameter once")
    rng = np.random.default_rng(seed)
    spread = _Spread(flowsheet, tuple(parameters))
    points = spread.at(rng.random((draws, len(parameters))))
    base = solve(flowsheet)
    values, answered, faults = _run(flowsheet, spread, points, tuple(watched), base, workers)
    if not answered.any():
        raise ProblemError(f"none of {draws} draws gives an answer; the first: {faults[0]}")
    rows = _summary(base, tuple(watched), values[answered], len(faults))
    table = MONTE_CARLO.check(pl.DataFrame(list(rows), schema=MONTE_CARLO.schema))
    return Draws(tuple(parameters), tuple(watched), points, values, answered, faults, table)


def sobol(
    flowsheet: Flowsheet,
    parameters: Sequence[Uncertain],
    watched: Sequence[Watch],
    base_samples: int,
    seed: int,
    *,
    workers: int = 1,
) -> Indices:
    """What each parameter explains of the variance of each figure, alone and with all others.

    Parameters
    ----------
    flowsheet, parameters, watched, seed, workers
        As for ``monte_carlo``.
    base_samples
        Base samples, best a power of 2; the plant is run ``base_samples * (parameters + 2)`` times.

    Raises
    ------
    ProblemError
        If a parameter or a figure is unknown, or too few runs give an answer.
    SurroundingsError
        Where SALib is not installed.

    Notes
    -----
    A base sample of which one run gives no answer is left out whole, and counted in ``faults``.
    """
    sampler, analyser = _salib("SALib.sample.sobol"), _salib("SALib.analyze.sobol")
    spread, count = _Spread(flowsheet, tuple(parameters)), len(parameters)
    problem = {"num_vars": count, "names": [p.path for p in parameters], "bounds": [[0.0, 1.0]] * count}
    shares = np.asarray(sampler.sample(problem, base_samples, calc_second_order=False, seed=seed))
    values, answered, faults = _run(flowsheet, spread, spread.at(shares), tuple(watched), solve(flowsheet), workers)
    whole: Booleans = np.asarray(answered.reshape(-1, count + 2).all(axis=1), dtype=np.bool_)
    if whole.sum() < 4:
        raise ProblemError(
            f"only {whole.sum()} base samples of {len(whole)} give an answer; {next(iter(faults.values()))}"
        )
    kept = values.reshape(len(whole), count + 2, -1)[whole].reshape(-1, values.shape[1])
    rows = [
        row for place, watch in enumerate(watched) for row in _indices(analyser, problem, watch, kept[:, place], seed)
    ]
    return Indices(SOBOL.check(pl.DataFrame(rows, schema=SOBOL.schema)), len(shares), faults)


class _Spread:
    """Where the parameters may lie: shares of their distribution to values."""

    def __init__(self, flowsheet: Flowsheet, parameters: tuple[Uncertain, ...]) -> None:
        if not parameters:
            raise ProblemError("nothing is uncertain; name at least one parameter")
        self.parameters = parameters
        known = flowsheet.parameters()
        self.declared = [_declared(flowsheet, known, one.path) for one in parameters]

    def at(self, shares: Floats) -> Floats:
        """Values at shares of each distribution, (draws, parameters)."""
        columns = [
            _quantile(one, declared, shares[:, place])
            for place, (one, declared) in enumerate(zip(self.parameters, self.declared, strict=True))
        ]
        return np.column_stack(columns)


def _declared(flowsheet: Flowsheet, known: Mapping[str, float], path: str) -> tuple[float, float, float]:
    """Declared value of a parameter and its bounds."""
    if path in known:
        unit, _, rest = path.partition(".")
        spec = flowsheet.unit(unit).spec
        assert spec is not None  # it has a parameter
        return (known[path], *bounds_of(spec, rest))
    name, _, rest = path.partition(".")
    if name not in flowsheet.feeds:
        flowsheet.with_parameters({path: 0.0})  # says what is known
    return _of_feed(flowsheet.feeds[name], rest, path)


def _of_feed(material: Material, path: str, whole: str) -> tuple[float, float, float]:
    if path == "rate":
        return material.mass, 0.0, np.inf
    if path == "temperature":
        return material.temperature, 1.0, np.inf
    if not path.startswith("species."):
        raise ProblemError(f"no parameter {whole!r}; of a feed: rate, temperature or species.<name>")
    return material.amount(path.removeprefix("species.")) / material.mass, 0.0, 1.0


def _quantile(one: Uncertain, declared: tuple[float, float, float], shares: Floats) -> Floats:
    value, least, most = declared
    if one.sd is None:
        assert one.low is not None and one.high is not None
        return one.low + shares * (one.high - one.low)
    low, high = norm.cdf((least - value) / one.sd), norm.cdf((most - value) / one.sd)
    drawn = value + one.sd * norm.ppf(low + np.clip(shares, 1e-12, 1.0 - 1e-12) * (high - low))
    inside = 1e-9 * one.sd
    found: Floats = np.clip(drawn, least + inside if np.isfinite(least) else least, most)
    return found


def _run(
    flowsheet: Flowsheet,
    spread: _Spread,
    points: Floats,
    watched: tuple[Watch, ...],
    base: FlowsheetSolution,
    workers: int,
) -> tuple[Floats, Booleans, dict[int, str]]:
    """Figures of every point, which points gave an answer, and why the others did not."""
    for watch in watched:
        watch.check(base)  # an unknown figure is refused before anything is drawn
    paths = tuple(one.path for one in spread.parameters)
    job = _Job(flowsheet, paths, watched, dict(base.streams))
    starts = range(0, len(points), _BATCH)
    batches = [points[start : start + _BATCH] for start in starts]
    if workers <= 1:
        answers = [job.run(batch) for batch in batches]
    else:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_begin, initargs=(job,)) as pool:
            answers = list(pool.map(_work, batches))
    values = np.concatenate([part for part, _ in answers])
    faults = {start + at: text for start, (_, part) in zip(starts, answers, strict=True) for at, text in part.items()}
    answered = np.ones(len(points), dtype=np.bool_)
    answered[list(faults)] = False
    return values, answered, faults


@dataclass(frozen=True)
class _Job:
    """What a worker needs to run points."""

    flowsheet: Flowsheet
    paths: tuple[str, ...]
    watched: tuple[Watch, ...]
    start: Mapping[str, Material]

    def run(self, points: Floats) -> tuple[Floats, dict[int, str]]:
        """Figures of some points, and faults by place."""
        values, faults = np.zeros((len(points), len(self.watched))), {}
        for place, point in enumerate(points.tolist()):
            try:
                plant = self.flowsheet.with_parameters(dict(zip(self.paths, point, strict=True)))
                found = solve(plant, self.start)
                values[place] = [watch.read(found) for watch in self.watched]
            except FerrolanError as error:
                faults[place] = f"{type(error).__name__}: {error}"
        return values, faults


_job: list[_Job] = []  # of a worker process alone: set once when it begins


def _begin(job: _Job) -> None:
    _job[:] = [job]
    gc.freeze()  # the plant lasts as long as the worker: no collection need look at it, until the worker ends
    atexit.register(gc.unfreeze)


def _work(points: Floats) -> tuple[Floats, dict[int, str]]:
    return _job[0].run(points)


def _summary(
    base: FlowsheetSolution, watched: tuple[Watch, ...], values: Floats, failed: int
) -> Iterator[dict[str, object]]:
    """Rows of ``monte_carlo``."""
    tail = 0.5 * (1.0 - LEVEL)
    for place, watch in enumerate(watched):
        column = values[:, place]
        low, median, high = np.quantile(column, [tail, 0.5, 1.0 - tail]).tolist()
        yield {
            "figure": watch.name, "unit": watch.unit(base), "nominal": watch.read(base), "mean": float(column.mean()),
            "sd": float(column.std(ddof=1)) if len(column) > 1 else 0.0, "low": low, "median": median, "high": high,
            "level": LEVEL, "draws": len(column), "failed": failed,
        }  # fmt: skip


def _indices(
    analyser: ModuleType, problem: Mapping[str, object], watch: Watch, values: Floats, seed: int
) -> Iterator[dict[str, object]]:
    """Rows of ``sobol`` of one figure; a figure that nothing moves has indices of 0."""
    names: list[str] = list(problem["names"])  # type: ignore[call-overload]  # a list of names
    flat = float(values.std()) <= 1e-12 * max(float(np.abs(values).max()), 1e-300)
    nothing = dict.fromkeys(("S1", "S1_conf", "ST", "ST_conf"), np.zeros(len(names)))
    found = nothing if flat else analyser.analyze(
        problem, values, calc_second_order=False, conf_level=LEVEL, seed=seed, print_to_console=False
    )  # fmt: skip
    for place, name in enumerate(names):
        yield {
            "figure": watch.name, "parameter": name, "first": float(found["S1"][place]),
            "first_half_width": float(found["S1_conf"][place]), "total": float(found["ST"][place]),
            "total_half_width": float(found["ST_conf"][place]), "level": LEVEL, "runs": len(values),
        }  # fmt: skip


def _salib(name: str) -> ModuleType:
    try:
        return import_module(name)
    except ImportError as error:
        way_out = 'pip install "ferrolan[sensitivity]"'
        raise SurroundingsError(f"Sobol's indices need SALib, which is not installed: {way_out}") from error
