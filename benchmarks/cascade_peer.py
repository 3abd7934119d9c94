"""Twelve metals in a train of DEHPA stages, beside PrOMMiS on IDAES, Pyomo and IPOPT: the same equations.

``python -m benchmarks.cascade_peer --peer /path/to/python`` runs both for several numbers of stages and prints times,
ratios and the difference of the profiles. The peer's Python holds ``prommis`` and ``idaes-pse``, and an ``ipopt``
executable stands on the path; it runs as a process of its own. Without a peer, the figures that were measured once
are printed, and said to be such. Times are CPU seconds of a process and its children (IPOPT is one), medians; either
side solves again from its own answer.

IDAES takes a linear solver of HSL by default; without one it must be told to take MUMPS, in both blocks of options.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.registry import Subject

FOLDER = Path(__file__).parent
DOSAGE = 5  # vol %
STAGES = (3, 10, 30, 60)
MEASURED = {3: (0.10, 0.59, 0.03, 0.02), 30: (0.77, 2.55, 0.17, 0.18)}
"""Build, initialise, solve, solve again [s] by stages: PrOMMiS 1.1.0, IDAES 2.13.0, November 2026, two cores, MUMPS."""

Times = dict[str, float]


def ours() -> object:
    """Declare the train of three stages and find its steady state from nothing."""
    from ferrolan.process.cascade.rating import rate
    from tests.process.cascade.acid_trains import prommis

    return rate(prommis(3)).residual


def peer() -> object:
    """Build, initialise and solve the peer's model of the same train."""
    return _peer_model(3)[1]


SUBJECT = Subject(
    name="SX train, mass balance with pH",
    station="process",
    ours=ours,
    peer=peer,
    peer_name="PrOMMiS 1.1.0, IPOPT",
    note="three stages, twelve metals, pH, acid and extractant, from nothing; the same equations, profiles equal. More "
    "sizes, re-solves and profiles: python -m benchmarks.cascade_peer",
)


def main() -> int:
    """Measure both sides and print the comparison."""
    arguments = argparse.ArgumentParser(prog="python -m benchmarks.cascade_peer", description=__doc__)
    arguments.add_argument("--peer", default=sys.executable, help="a Python that holds prommis; ipopt on the path")
    arguments.add_argument("--stages", type=int, nargs="+", default=[*STAGES])
    arguments.add_argument("--repeat", type=int, default=3)
    arguments.add_argument("--side", choices=["peer"], help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.side:
        print(json.dumps(_peer_report(chosen.stages[0], chosen.repeat)))
        return 0
    print(_HEAD)
    for stages in chosen.stages:
        mine, profile = _our_report(stages, 10 * chosen.repeat)
        theirs = _ask_peer(chosen.peer, stages, chosen.repeat)
        print(_line(stages, mine, profile, theirs))
    return 0


_HEAD = """\
| stages | ours cold [ms] | ours again [ms] | peer build + init + solve [s] | peer again [s] | cold / cold | \
again / again | peer again / ours cold | profile |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |"""


def _line(stages: int, mine: Times, profile: list[list[float]], theirs: dict[str, Any] | None) -> str:
    said = "equal to {:.0e}"
    if theirs is None:
        if stages not in MEASURED:
            return f"| {stages} | {mine['cold'] * 1e3:.2f} | {mine['again'] * 1e3:.2f} | | | | | | peer not run |"
        build, initialise, solve, again = MEASURED[stages]
        whole, said = build + initialise + solve, "PEER NOT RUN HERE: its figures of November 2026"
    else:
        times = theirs["times"]
        whole, again = times["build"] + times["initialise"] + times["solve"], times["again"]
        said = said.format(_difference(profile, theirs["profile"]))
    return (
        f"| {stages} | {mine['cold'] * 1e3:.2f} | {mine['again'] * 1e3:.2f} | {whole:.2f} | {again:.3f} | "
        f"{whole / mine['cold']:.0f} | {again / mine['again']:.0f} | {again / mine['cold']:.0f} | {said} |"
    )


def _difference(mine: Sequence[Sequence[float]], theirs: Sequence[Sequence[float]]) -> float:
    """Largest relative difference of a metal in the liquor of a stage."""
    pairs = zip(mine, theirs, strict=True)
    return max(abs(a / b - 1.0) for one, other in pairs for a, b in zip(one, other, strict=True))


def _our_report(stages: int, repeat: int) -> tuple[Times, list[list[float]]]:
    """Times of declaring and solving from nothing and of solving again; profile [mg/L] in the peer's order."""
    import numpy as np

    from ferrolan.process.cascade.rating import rate
    from tests.process.cascade.acid_trains import about, prommis, rows

    train = prommis(stages)
    settled = rate(train)
    cold = _median(lambda: rate(prommis(stages)), repeat)
    again = _median(lambda: rate(train, settled), repeat)
    molar = np.array([float(row["molar_mass_kg_per_mol"]) for row in rows("components")]) * 1e6
    profile = settled.aqueous[::-1] * molar / (about()["flow_L_per_h"] / 1e3)
    return {"cold": cold, "again": again}, profile.tolist()


def _ask_peer(python: str, stages: int, repeat: int) -> dict[str, Any] | None:  # Any: JSON
    command = [
        python,
        "-m",
        "benchmarks.cascade_peer",
        "--side",
        "peer",
        "--stages",
        str(stages),
        "--repeat",
        str(repeat),
    ]
    done = subprocess.run(command, cwd=FOLDER.parent, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(f"peer: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else 'no answer'}", file=sys.stderr)
        return None
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _peer_report(stages: int, repeat: int) -> dict[str, Any]:  # Any: JSON
    runs, model = [], None
    for _ in range(repeat + 1):
        times, model = _peer_model(stages)
        runs.append(times)
    times = {key: statistics.median(run[key] for run in runs[1:]) for key in runs[0]}
    return {"times": times, "profile": _peer_profile(model, stages)}


def _peer_model(stages: int) -> tuple[Times, Any]:  # Any: a Pyomo model, whose library may be absent
    import idaes
    from idaes.core.solvers import get_solver
    from prommis.solvent_extraction import solvent_extraction_steady as model_of

    for block in (idaes.cfg.ipopt, idaes.cfg.ipopt_v2):
        block.options.linear_solver = "mumps"
    _quiet()
    start = _cpu()
    model = model_of.model_buildup_and_set_inputs(DOSAGE, stages, has_holdup=False)
    built = _cpu()
    model_of.initialize_steady_model(model)
    initialised = _cpu()
    solver = get_solver("ipopt_v2")
    solver.solve(model)
    solved = _cpu()
    solver.solve(model)
    return {
        "build": built - start,
        "initialise": initialised - built,
        "solve": solved - initialised,
        "again": _cpu() - solved,
    }, model


def _peer_profile(model: Any, stages: int) -> list[list[float]]:  # Any: a Pyomo model
    metals = ("La", "Ce", "Pr", "Nd", "Sm", "Gd", "Dy", "Y", "Sc", "Al", "Ca", "Fe")
    liquor = model.fs.solex.mscontactor.aqueous
    return [[liquor[0.0, k].conc_mass_comp[metal].value for metal in metals] for k in range(1, stages + 1)]


def _quiet() -> None:
    import logging

    logging.disable(logging.WARNING)


def _median(run: Callable[[], object], repeat: int) -> float:
    times = []
    for _ in range(repeat + 1):
        start = _cpu()
        run()
        times.append(_cpu() - start)
    return statistics.median(times[1:])


def _cpu() -> float:
    """CPU time of this process and its ended children [s]."""
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, who))


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
