"""kill -9 at any moment: every kept run reads back whole, everything acknowledged is there, and work goes on."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from ferrolan import verbs
from ferrolan.base.provenance import run_identity
from ferrolan.historian.store import Historian, anew
from ferrolan.records import audit, runs, whole

from .conftest import ferrolan, process

# Says what is done once it is done: what was said must be there afterwards.
WORK = """
import sys
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
import polars as pl
from ferrolan.base.provenance import run_identity
from ferrolan.records import audit, runs
folder, trial = Path(sys.argv[1]), sys.argv[2]
table = {"x": pl.DataFrame({"x": pl.int_range(40_000, eager=True).cast(pl.Float64).sqrt()})}
for number in count():
    kept = runs.write(folder, run_identity({"trial": trial, "number": str(number)}, 7), table, files={"brief.html": b"<p>" * 9999})
    print("run", kept.run_id, flush=True)
    act = audit.Act(datetime.now(UTC), "li", "exclude_meter", True, False, f"trial {trial}, {number} " * 50, kept.run_id)
    print("act", audit.append(folder / "acts.jsonl", act).hash, flush=True)
"""
APPEND = """
import sys
from itertools import count
from pathlib import Path
from ferrolan.historian.store import Historian
from tests.bad_input.test_surroundings import samples
with Historian(Path(sys.argv[1])) as historian:
    for number in count():
        historian.append(samples(500, tag=number))
        print("rows", number, flush=True)
"""
ANEW = APPEND.replace("import Historian", "import anew").replace("with Historian(", "with anew(")


def killed(code: str, seed: int, *arguments: object) -> list[list[str]]:
    """What a process acknowledged before it was killed, at a random moment after its first word."""
    with process(code, *arguments) as other:
        first = other.stdout.readline()
        assert first, "the process never began"
        time.sleep(random.Random(seed).uniform(0.0, 0.25))
        other.kill()
        said = first + other.stdout.read()
    return [line.split() for line in said.splitlines(keepends=True) if line.endswith("\n")]


def trials(fast: int, all_of_them: int) -> list[object]:
    return [pytest.param(n, marks=() if n < fast else pytest.mark.slow) for n in range(all_of_them)]


@pytest.mark.parametrize("trial", trials(3, 24))
def test_kept_runs_and_signed_acts_outlive_the_process(tmp_path: Path, trial: int) -> None:
    said = killed(WORK, trial, tmp_path, trial)
    for name in runs.names(tmp_path):
        runs.read(tmp_path / name)
    acknowledged = {kind: [word for kind_, word in said if kind_ == kind] for kind in ("run", "act")}
    assert set(acknowledged["run"]) <= set(runs.names(tmp_path))
    entries = audit.verify(tmp_path / "acts.jsonl")
    assert [entry.hash for entry in entries][: len(acknowledged["act"])] == acknowledged["act"]
    shown = [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")]
    assert sorted(shown) == sorted([*runs.names(tmp_path), *(["acts.jsonl"] if entries else [])])
    again = runs.write(tmp_path, run_identity({"trial": "afterwards"}, 7), {"x": pl.DataFrame({"x": [1.0]})})
    assert runs.read(again.folder) == again


@pytest.mark.parametrize("trial", trials(2, 20))
def test_acknowledged_samples_outlive_the_process(tmp_path: Path, trial: int) -> None:
    said = killed(APPEND, trial, tmp_path / "plant.duckdb")
    with Historian(tmp_path / "plant.duckdb") as historian:
        rows = historian.count()
    assert rows % 500 == 0 and rows >= 500 * len(said)


@pytest.mark.parametrize("trial", trials(1, 8))
def test_a_historian_made_anew_is_the_old_one_until_it_is_whole(tmp_path: Path, trial: int) -> None:
    path = tmp_path / "plant.duckdb"
    with anew(path):
        pass
    before = path.read_bytes()
    killed(ANEW, trial, path)
    assert path.read_bytes() == before
    assert len(list(tmp_path.glob(".plant.duckdb.*"))) >= 1
    with anew(path):
        pass
    assert [file.name for file in tmp_path.iterdir()] == ["plant.duckdb"]


def test_what_a_killed_process_left_of_a_run_is_swept_and_a_living_one_is_not_disturbed(tmp_path: Path) -> None:
    identity = run_identity({"plant": "ab"}, 7)
    left, living = tmp_path / f".{identity.run_id}.dead", tmp_path / f".{identity.run_id}.alive"
    for folder in (left, living):
        (folder / "tables").mkdir(parents=True)
    with whole._held(living):
        runs.write(tmp_path, identity, {"x": pl.DataFrame({"x": [1.0]})})
    assert not left.exists() and living.exists()


RUN = """
import sys
from ferrolan import verbs
def announce(station):
    print(station, flush=True)
    if station == sys.argv[3]:
        sys.stdin.readline()
verbs.run(sys.argv[1], sys.argv[2], announce=announce)
"""
STATIONS = ("document", "raw data", "historian", "account", "plan", "concentrate", "market", "brief")


@pytest.mark.parametrize(
    "station",
    [pytest.param(name, marks=() if name in ("historian", "plan", "brief") else pytest.mark.slow) for name in STATIONS],
)
def test_a_run_that_is_killed_as_a_station_begins_shows_nothing_and_the_next_one_works(
    tmp_path: Path, few: Callable[[str], Path], station: str
) -> None:
    """It waits there to be killed, so that no clock decides where it ends."""
    plant = few("ore_to_both" if station in ("concentrate", "market") else "steel_works")
    with process(RUN, plant, tmp_path / "runs", station) as other:
        assert station in iter(lambda: other.stdout.readline().strip(), "")
        other.kill()
    assert runs.names(tmp_path / "runs") == ()
    again = verbs.run(plant, tmp_path / "runs")
    assert runs.names(tmp_path / "runs") == (again.run_id,) and runs.read(again.run.folder) == again.run
    assert [path for path in (tmp_path / "runs").rglob(".*") if path.name.startswith(f".{again.run_id}")] == []


@pytest.mark.slow
@pytest.mark.parametrize("trial", range(6))
def test_a_run_that_is_killed_anywhere_shows_nothing_and_the_next_one_works(tmp_path: Path, trial: int) -> None:
    code = "import sys; sys.argv[0] = 'ferrolan'; print('ready', flush=True); from ferrolan.cli import main; main()"
    with process(code, "run", "ore_to_both", "--quiet", "--out", tmp_path / "runs") as other:
        other.stdout.readline()
        time.sleep(random.Random(trial).uniform(1.0, 12.0))
        other.kill()
    for name in runs.names(tmp_path / "runs"):
        runs.read(tmp_path / "runs" / name)
    assert ferrolan("run", "ore_to_both", "--quiet", "--out", "runs", cwd=tmp_path).code == 0
    (kept,) = runs.names(tmp_path / "runs")
    runs.read(tmp_path / "runs" / kept)
