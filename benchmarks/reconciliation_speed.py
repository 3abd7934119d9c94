"""Speed and memory of the reconciliation beside IPOPT (CasADi, MUMPS): ``python -m benchmarks.reconciliation_speed``.

All rows, or those that are named: ``equalities bounds year warm everything``. Every side of a row runs in a process of
its own on one thread; time is CPU time of the solve (building the problem is told apart), memory the peak resident set
of the whole process. Both sides solve the same readings of the same synthetic complex, and the table holds both
objectives and the largest difference of a reconciled reading in units of its sigma: a ratio between two different
answers is none. Minutes, so no part of ``python -m benchmarks``.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.reconciliation_engine import Answer, everything, solved, warm_solved, whole
from ferrolan.reconciliation import Network
from ferrolan.testing.complexes import Complex, days, mornings, wide

STREAMS, COMPONENTS = 2084, 8
SEED = 1
TOLERANCE = 1e-8
"""What IPOPT is asked for; the engine stops at 1e-9 of its own scaled residual."""
PATIENCE = 1200.0
"""CPU seconds after which IPOPT is stopped."""
SAMPLE = 8
"""Suspects that are re-solved; the time of all is extrapolated from theirs."""

Address = tuple[str, str, str | None, int]


@dataclass(frozen=True)
class Told:
    """One side of one row: CPU seconds of building and solving, peak memory [MB], what was found."""

    side: str
    solving: float
    building: float
    objective: float
    iterations: int
    status: str
    memory: float = 0.0
    more: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """A row of the table: which network, which sides, and the goal for ours over the best of theirs."""

    name: str
    title: str
    goal: str
    sides: tuple[str, ...]
    note: str


ROWS = (
    Row(
        "equalities",
        "2,084 streams x 8 assays, cold, no bounds",
        "<= 1/2 (stretch 1/3)",
        ("ours", "raw", "hierarchical"),
        "90 % read, no prior on the rest; IPOPT from the raw readings and from the engine's hierarchical start",
    ),
    Row(
        "bounds",
        "2,084 streams x 8 assays, cold, bounds",
        "<= 1/4",
        ("ours", "raw", "hierarchical"),
        "60 % read, no prior: bounds hold",
    ),
    Row(
        "year",
        "365 days of a 90-stream complex, chained",
        "<= 5 s, < 2 GB",
        ("ours", "hierarchical", "truth"),
        "stocks and shared errors chain the days; all flows and half the assays are read, 60 % in all; IPOPT also from "
        f"the truth, a start that nobody has; it is stopped after {PATIENCE:.0f} s",
    ),
    Row(
        "warm",
        "2,084 streams x 8 assays, the next day, warm",
        "<= 1/8",
        ("ours", "cold", "warm"),
        "90 % read; ours and IPOPT's warm side begin at the day before, IPOPT's cold side at the readings",
    ),
    Row(
        "everything",
        "solve + all deviations + all tests, 2,084 x 8",
        "<= 2 x the solve; >= 100 x re-solving",
        ("ours",),
        "90 % read; numbers without tables and words; re-solving every tag and node is extrapolated from "
        f"{SAMPLE} warm re-solves",
    ),
)


def main() -> int:
    """Measure the rows that are named, or all."""
    arguments = argparse.ArgumentParser(prog="python -m benchmarks.reconciliation_speed", description=__doc__)
    arguments.add_argument("row", nargs="*", help=f"of {', '.join(row.name for row in ROWS)}; all without any")
    arguments.add_argument("--side", help=argparse.SUPPRESS)
    arguments.add_argument("--into", help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.side:
        _measure(chosen.row[0], chosen.side, Path(chosen.into))
        return 0
    unknown = sorted({*chosen.row} - {row.name for row in ROWS})
    if unknown:
        arguments.error(f"no row {', '.join(unknown)}")
    rows = [row for row in ROWS if not chosen.row or row.name in chosen.row]
    print("| work | goal | side | solve [CPU s] | ours / side | build [CPU s] | iterations | J | apart [sigma] | MB |")
    print("| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for row in rows:
        for line in _lines(row):
            print(line, flush=True)
    print("\n" + "\n".join(f"- {row.title}: {row.note}" for row in rows))
    return 0


def _lines(row: Row) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        told = {side: measured(row.name, side, Path(folder)) for side in row.sides}
        found = {side: np.load(Path(folder) / f"{side}.npy") for side in row.sides}
    ours = told["ours"]
    lines = []
    for side, one in told.items():
        apart = float(np.nanmax(np.abs(found[side] - found["ours"]), initial=0.0))
        ratio = "" if side == "ours" else f"{ours.solving / one.solving:.3f}"
        name = side if side == "ours" else f"IPOPT {side}"
        cells = [row.title, row.goal, name, f"{one.solving:.3f}", ratio, f"{one.building:.2f}", f"{one.iterations}"]
        ending = "" if one.status == "converged" else f" ({one.status})"
        cells += [f"{one.objective:.4f}{ending}", f"{apart:.1e}", f"{one.memory:.0f}"]
        lines.append(f"| {' | '.join(cells)} |")
        lines += [f"|  |  | {what} | {value:.4g} |  |  |  |  |  |  |" for what, value in one.more.items()]
    return lines


def measured(row: str, side: str, folder: Path) -> Told:
    """One side of a row in a process of its own, on one thread."""
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    command = [sys.executable, "-m", "benchmarks.reconciliation_speed", row, "--side", side, "--into", str(folder)]
    done = subprocess.run(
        command, cwd=Path(__file__).parent.parent, env=os.environ | one, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{row}, {side}:\n{done.stderr[-2000:]}")
    return Told(**json.loads(done.stdout.splitlines()[-1]))


def _measure(row: str, side: str, folder: Path) -> None:
    network, run = _prepared(row, side)
    told, values = run()
    read = np.array([values.get((r.kind, r.object, r.component, r.period), np.nan) / r.sigma for r in network.readings])
    np.save(folder / f"{side}.npy", read)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    print(json.dumps(asdict(told) | {"memory": peak}))


Run = Callable[[], tuple[Told, Mapping[Address, float]]]


def _prepared(row: str, side: str) -> tuple[Network, Run]:
    if row == "warm":
        today, tomorrow = _mornings()
        return tomorrow, (lambda: _ours_warm(today, tomorrow)) if side == "ours" else (
            lambda: _peer_next(today, tomorrow, warm=side == "warm")
        )
    network = problem(row)
    if row == "everything":
        return network, lambda: _everything(network)
    bounded = row != "equalities"
    if side == "whole":
        return network, lambda: _whole(network)
    if side == "ours":
        return network, lambda: _ours(network, bounded)
    return network, lambda: _peer(network, bounded, side)


def problem(row: str) -> Network:
    """The readings a row is about; ``size-500`` is 500 streams, 90 % read."""
    if row == "year":
        return _complex().read(np.random.default_rng(SEED + 1), flows=1.0)
    streams = int(row.removeprefix("size-")) if row.startswith("size-") else STREAMS
    made = wide(streams, COMPONENTS, np.random.default_rng(SEED))
    return made.read(np.random.default_rng(SEED + 1), share=0.6 if row == "bounds" else 0.9)


def _complex() -> Complex:
    return days(90, 5, 365, np.random.default_rng(SEED))


def _mornings() -> tuple[Network, Network]:
    """Readings of two days in a row by the same meters."""
    first, second = mornings(STREAMS, COMPONENTS, 2, np.random.default_rng(SEED))
    meters = first.chosen(np.random.default_rng(SEED + 1), 0.9)
    return first.read(np.random.default_rng(SEED + 2), only=meters), second.read(
        np.random.default_rng(SEED + 3), only=meters
    )


def _told(answer: Answer, **more: float) -> Told:
    return Told("ours", answer.solving, answer.building, answer.objective, answer.iterations, answer.status, more=more)


def _ours(network: Network, bounded: bool) -> tuple[Told, Mapping[Address, float]]:
    answer = solved(network, bounded=bounded)
    return _told(answer), answer.values


def _whole(network: Network) -> tuple[Told, Mapping[Address, float]]:
    answer = whole(network)
    return _told(answer), answer.values


def _ours_warm(today: Network, tomorrow: Network) -> tuple[Told, Mapping[Address, float]]:
    answer = warm_solved(today, tomorrow)
    return _told(answer), answer.values


def _everything(network: Network) -> tuple[Told, Mapping[Address, float]]:
    """The whole account, its parts, and what re-solving without every tag and with a leak at every node would cost."""
    answer, parts = everything(network, SAMPLE)
    alone, again = parts["solve alone"], parts["one re-solve"]
    suspects = len({reading.tag for reading in network.readings}) + len(network.nodes)
    more = parts | {
        "everything / solve": answer.solving / alone,
        f"re-solving {suspects} suspects, extrapolated [s]": suspects * again,
        "re-solving / everything": suspects * again / answer.solving,
    }
    return _told(answer, **more), answer.values


def _peer(network: Network, bounded: bool, side: str) -> tuple[Told, Mapping[Address, float]]:
    from benchmarks.reconciliation_engine import hierarchical_values
    from benchmarks.reconciliation_ipopt import second_opinion

    start = hierarchical_values(network) if side == "hierarchical" else _complex().truth if side == "truth" else None
    found = second_opinion(network, start=start, bounded=bounded, tolerance=TOLERANCE, patience=PATIENCE)
    ending = "converged" if found.converged else found.status
    return Told("peer", found.solving, found.building, found.objective, found.iterations, ending), found.values


def _peer_next(today: Network, tomorrow: Network, *, warm: bool) -> tuple[Told, Mapping[Address, float]]:
    from benchmarks.reconciliation_ipopt import second_opinion

    before = second_opinion(today, tolerance=TOLERANCE) if warm else None
    found = second_opinion(tomorrow, tolerance=TOLERANCE, before=before)
    ending = "converged" if found.converged else found.status
    return Told("peer", found.solving, found.building, found.objective, found.iterations, ending), found.values


if __name__ == "__main__":
    sys.exit(main())
