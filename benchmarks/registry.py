"""What is measured, and how.

A subject is one file ``benchmarks/<subject>.py`` that holds ``SUBJECT = Subject(...)``: what we do, what a peer does
with the same problem, and a note that says what makes them comparable. Ours and the peer's run in processes of their
own, started one after the other by the same driver, so that neither pays for the other's imports or memory.

Time is the median of the repetitions after one that does not count. Memory is how far the process's peak resident set
(``getrusage``; what an allocator in C takes counts too) rose above what it was before the first repetition.
"""

from __future__ import annotations

import gc
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

FOLDER = Path(__file__).parent
_NOT_SUBJECTS = {
    "__init__", "__main__", "registry", "shipped", "reconciliation_ipopt", "planted_faults", "historian_scale",
    "databases",
}  # fmt: skip
_BYTES_PER_UNIT = 1 if sys.platform == "darwin" else 1024  # getrusage: bytes on macOS, kibibytes elsewhere

Side = Literal["ours", "peer"]


@dataclass(frozen=True)
class Subject:
    """One thing worth measuring.

    ``station`` is the room it belongs to; ``ours`` and ``peer`` are calls without arguments that build nothing but
    what is to be measured (prepare the problem when the module is imported; import a peer's library inside ``peer``,
    so that ours runs without it); ``note`` says what problem it is, and what makes the comparison fair.
    """

    name: str
    station: str
    ours: Callable[[], object]
    peer: Callable[[], object] | None = None
    peer_name: str | None = None
    note: str = ""


@dataclass(frozen=True)
class Measurement:
    """Median time [s] over ``repetitions``, extreme times [s], and rise of the peak resident set [MB]."""

    median: float
    fastest: float
    slowest: float
    memory: float
    repetitions: int


@dataclass(frozen=True)
class Comparison:
    """A subject's measurements; the peer's is None where there is none or it is not installed."""

    name: str
    station: str
    peer_name: str | None
    note: str
    ours: Measurement
    peer: Measurement | None
    absent: str = ""

    @property
    def ratio(self) -> float | None:
        """Peer's time over ours [1]: above 1 we are faster."""
        return self.peer.median / self.ours.median if self.peer else None


def names() -> tuple[str, ...]:
    """Modules of this folder that hold a subject; found by name, so that the driver imports none of them."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in _NOT_SUBJECTS))


def subject(name: str) -> Subject:
    """The subject of a module of this folder.

    Raises
    ------
    TypeError
        If the module holds no ``SUBJECT``.
    """
    found = getattr(import_module(f"benchmarks.{name}"), "SUBJECT", None)
    if not isinstance(found, Subject):
        raise TypeError(f"benchmarks/{name}.py: expected SUBJECT = Subject(...), found {found!r}")
    return found


def measure(run: Callable[[], object], repetitions: int) -> Measurement:
    """Measure a call in this process; meant for a process of its own."""
    gc.collect()
    before = _peak()
    run()
    times = []
    for _ in range(repetitions):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return Measurement(statistics.median(times), min(times), max(times), _peak() - before, repetitions)


def compare(chosen: Sequence[str], repetitions: int) -> Iterator[Comparison]:
    """Measure subjects one after the other, each side in a process of its own."""
    for name in chosen:
        ours = _in_process(name, "ours", repetitions)
        if ours is None or "absent" in ours:
            raise RuntimeError(f"benchmarks/{name}.py: our side did not run: {ours}")
        peer = _in_process(name, "peer", repetitions)
        absent = str(peer["absent"]) if peer and "absent" in peer else ""
        measured = Measurement(**peer["measurement"]) if peer and not absent else None
        about = ours["about"]
        yield Comparison(**about, ours=Measurement(**ours["measurement"]), peer=measured, absent=absent)


def report(name: str, side: Side, repetitions: int) -> str:
    """Measure one side of a subject here and say the result as JSON; what ``compare`` starts."""
    try:
        found = subject(name)
    except ImportError as error:
        return json.dumps({"absent": f"not installed: {error.name}"})
    run = found.ours if side == "ours" else found.peer
    if run is None:
        return json.dumps(None)
    about = {"name": found.name, "station": found.station, "peer_name": found.peer_name, "note": found.note}
    try:
        return json.dumps({"about": about, "measurement": asdict(measure(run, repetitions))})
    except ImportError as error:
        if side == "ours":
            raise
        return json.dumps({"absent": f"not installed: {error.name}"})


def markdown(comparisons: Sequence[Comparison]) -> str:
    """The comparisons as a markdown table, with the notes beneath."""
    lines = [
        "| subject | station | ours [s] | peer [s] | peer / ours | ours [MB] | peer [MB] | peer |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |",
        *(_line(comparison) for comparison in comparisons),
    ]
    notes = [f"- {comparison.name}: {comparison.note}" for comparison in comparisons if comparison.note]
    return "\n".join([*lines, "", *notes])


def _line(comparison: Comparison) -> str:
    ours, peer, ratio = comparison.ours, comparison.peer, comparison.ratio
    cells = [
        comparison.name,
        comparison.station,
        f"{ours.median:.4g}",
        f"{peer.median:.4g}" if peer else "",
        f"{ratio:.2f}" if ratio is not None else "",
        f"{ours.memory:.1f}",
        f"{peer.memory:.1f}" if peer else "",
        comparison.absent or comparison.peer_name or "",
    ]
    return f"| {' | '.join(cells)} |"


def _in_process(name: str, side: Side, repetitions: int) -> dict[str, Any] | None:  # Any: JSON, as report() says it
    command = [sys.executable, "-m", "benchmarks", "--side", side, "--repeat", str(repetitions), name]
    done = subprocess.run(command, cwd=FOLDER.parent, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"benchmarks/{name}.py, {side}:\n{done.stderr}")
    answer: dict[str, Any] | None = json.loads(done.stdout.splitlines()[-1])
    return answer


def _peak() -> float:
    """Peak resident set of this process so far [MB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _BYTES_PER_UNIT / 1e6
