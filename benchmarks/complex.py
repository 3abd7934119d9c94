"""The shipped complex from ore to rail and to magnet: its steady state, cold and warm, and a sample of Monte-Carlo.

``python -m benchmarks.complex`` prints CPU times of one core, without loading the document; with ``--samples 1000`` of
that many samples, and the time they take in two processes. As a subject it is the cold steady state. Samples are
synthetic, from a seed: forty numbers of specifications with 5 % of scatter, or every one with 0.5 %; each begins from
the declared plant's solution.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence

from benchmarks.registry import Subject
from ferrolan import verbs
from ferrolan.assembly.flowsheet import flowsheet_of
from ferrolan.process.flowsheet import solve
from ferrolan.studies.process_uncertainty import Draws, Uncertain, Watch, every_parameter, monte_carlo

DOCUMENT = verbs.load("bayan_obo_complex")
FLOWSHEET = flowsheet_of(DOCUMENT)
WATCHED = (Watch("power"), Watch("drawn", "coke"), Watch("drawn", "sulfuric_acid"))


def ours() -> object:
    return solve(flowsheet_of(DOCUMENT))


SUBJECT = Subject(
    "complex",
    "process",
    ours,
    note=f"steady state of {len(FLOWSHEET.units)} units with their recycles, cold, every element closed; no peer has "
    "these units",
)


def some(count: int, relative_sd: float) -> tuple[Uncertain, ...]:
    """Numbers of the plant spread evenly over its units."""
    every = every_parameter(FLOWSHEET, relative_sd)
    return every[:: max(len(every) // count, 1)][:count]


def _milliseconds(run: Callable[[], object], repetitions: int = 7) -> str:
    times = []
    for _ in range(repetitions):
        start = time.process_time()
        run()
        times.append(1e3 * (time.process_time() - start))
    return f"median {statistics.median(times):.0f} ms, {min(times):.0f} to {max(times):.0f} ms"


def _drawn(name: str, parameters: Sequence[Uncertain], samples: int, workers: int) -> None:
    cpu, wall = time.process_time(), time.perf_counter()
    found: Draws = monte_carlo(FLOWSHEET, parameters, WATCHED, samples, seed=1, workers=workers)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    spent = f"CPU {1e3 * cpu / samples:.0f} ms a sample" if workers == 1 else f"wall {wall:.1f} s"
    print(
        f"{samples} samples, {name}, {workers} process(es): {spent}; {len(found.faults)} without an answer", flush=True
    )


def main() -> None:
    """Print CPU times."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--samples", type=int, default=40)
    samples = parser.parse_args().samples
    base = solve(FLOWSHEET)
    print(f"{len(FLOWSHEET.units)} units, cold: {_milliseconds(ours)}; {base.passes} passes", flush=True)
    print(f"again from its own streams: {_milliseconds(lambda: solve(FLOWSHEET, base.streams))}", flush=True)
    _drawn("forty numbers with 5 %", some(40, 0.05), samples, 1)
    _drawn("every number with 0.5 %", every_parameter(FLOWSHEET, 0.005), samples, 1)
    if samples > 100:
        _drawn("forty numbers with 5 %", some(40, 0.05), samples, 2)


if __name__ == "__main__":
    main()
