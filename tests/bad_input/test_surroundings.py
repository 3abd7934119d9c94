"""A locked historian, a folder nobody may write, a full disk: said in words, and nothing that was stored is changed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ferrolan.base.errors import RecordError, SourceError, SurroundingsError
from ferrolan.base.provenance import run_identity
from ferrolan.base.surroundings import refused, storing
from ferrolan.base.tables import SAMPLES
from ferrolan.historian.store import Historian, anew
from ferrolan.records import audit, runs
from ferrolan.records.whole import ready
from ferrolan.results import RunResult
from ferrolan.taking import take
from tests.command import in_a_process

from .conftest import contents, ferrolan, process, read_only, write_mapping

SMALL = "time,Fe,P\n2026-03-01 00:00,62.1,0.011\n2026-03-01 01:00,62.2,0.012\n"
START = datetime(2026, 3, 1, tzinfo=UTC)
HOLD = """
import sys
from pathlib import Path
from ferrolan.historian.store import Historian
with Historian(Path(sys.argv[1])) as historian:
    print("ready", flush=True)
    sys.stdin.readline()
    print(historian.count(), flush=True)
"""


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    (tmp_path / "month.csv").write_text(SMALL)
    return write_mapping(tmp_path, "month.csv", 'time_format: "%Y-%m-%d %H:%M"\n')


def samples(count: int, tag: int = 1) -> pl.DataFrame:
    frame = pl.DataFrame({"tag": [tag] * count, "value": np.random.default_rng(tag).random(count)})
    times = pl.Series([START + timedelta(seconds=number) for number in range(count)], dtype=pl.Datetime("us", "UTC"))
    return SAMPLES.check(
        frame.with_columns(
            time=times, raw=pl.lit(None, dtype=pl.Float64), status=pl.lit(0, dtype=pl.Int64),
            seq=pl.int_range(count, dtype=pl.Int64), source=pl.lit(0, dtype=pl.Int16), tag=pl.col("tag").cast(pl.Int32),
        ).select(list(SAMPLES.columns))
    )  # fmt: skip


def tables(rows: int = 50_000) -> dict[str, pl.DataFrame]:
    """Two tables of seeded noise, which no compression makes small."""
    draw = np.random.default_rng(7)
    return {name: pl.DataFrame({"x": draw.random(rows)}) for name in ("a", "b")}


def fill(historian: Historian) -> int:
    """Append batch after batch; the number of rows that were acknowledged when the disk refused."""
    acknowledged = 0
    with pytest.raises(SurroundingsError, match=r"plant.duckdb.*\[disk_full\]"):  # noqa: PT012  the last batch raises
        for number in range(400):
            acknowledged += historian.append(samples(5_000, tag=number))
    return acknowledged


def sign(ledger: Path, count: int) -> None:
    for _ in range(count):
        audit.append(ledger, ACT)


IDENTITY = run_identity({"plant.yaml": "ab" * 32}, seed=7)


# --- a locked historian


def test_a_historian_another_process_has_open_is_named_and_stays_as_it_is(tmp_path: Path, mapping: Path) -> None:
    stored = take(mapping, tmp_path / "runs").store
    before = contents(tmp_path / "runs")
    with process(HOLD, stored) as other:
        assert other.stdout.readline() == "ready\n"
        ended = ferrolan("ingest", mapping, "--out", "runs", cwd=tmp_path)
        assert ended.code == 4
        assert (
            "laboratory.duckdb: expected a historian that is free, got one that another process has open" in ended.said
        )
        assert f"(PID {other.pid})" in ended.said and "close the other" in ended.said and "[in_use]" in ended.said
        other.stdin.write("\n")
        other.stdin.flush()
        assert other.stdout.readline() == "4\n"
    assert contents(tmp_path / "runs") == before


def test_a_dead_process_leaves_nothing_locked(tmp_path: Path) -> None:
    with Historian(tmp_path / "plant.duckdb") as historian:
        historian.append(samples(10))
    with process(HOLD, tmp_path / "plant.duckdb") as other:
        assert other.stdout.readline() == "ready\n"
    with Historian(tmp_path / "plant.duckdb") as historian:
        assert historian.count() == 10


@pytest.mark.parametrize("share", [0.001, 0.3, 0.7, 0.999])
def test_a_historian_that_was_cut_off_or_overwritten_is_named(tmp_path: Path, share: float) -> None:
    path = tmp_path / "plant.duckdb"
    with Historian(path) as historian:
        historian.append(samples(100_000))
    whole = path.read_bytes()
    place = int(share * len(whole))
    for damaged in (whole[: max(place, 64)], whole[:place] + bytes(5000) + whole[place + 5000 :]):
        path.write_bytes(damaged)
        try:
            with Historian(path) as historian:
                found, code = historian.query([1], START, START + timedelta(days=9)), ""
        except SourceError as error:
            found, code = None, error.faults[0].code
        # damage may lie where nothing is kept
        assert code in ("damaged_historian", "not_a_historian") if found is None else found.equals(samples(100_000))


# --- a target that cannot be written


@pytest.mark.parametrize(
    ("out", "code"), [("a_file", "not_a_folder"), ("a_file/below", "not_a_folder"), ("/dev/full", "not_a_folder")]
)
def test_a_file_where_the_folder_of_runs_must_be_is_named(tmp_path: Path, out: str, code: str) -> None:
    (tmp_path / "a_file").write_text("kept")
    with pytest.raises(SurroundingsError, match=rf"{out}: expected a folder, .*\[{code}\]"):
        ready(Path(out) if out.startswith("/") else tmp_path / out)
    assert (tmp_path / "a_file").read_text() == "kept"


def test_a_run_into_a_file_ends_before_it_begins(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("kept")
    before = contents(tmp_path)
    ended = ferrolan("run", "ore_to_both", "--out", "runs", cwd=tmp_path)
    assert ended.code == 4
    assert "runs: expected a folder" in ended.said and "A file stands where a folder must be" in ended.said
    assert contents(tmp_path) == before and [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_a_read_only_folder_is_named_and_what_is_in_it_stays(tmp_path: Path, mapping: Path) -> None:
    take(mapping, tmp_path / "runs")
    audit_path = tmp_path / "runs" / "acts.jsonl"
    before = contents(tmp_path / "runs")
    with read_only(tmp_path / "runs"):
        ended = ferrolan("ingest", mapping, "--out", "runs", cwd=tmp_path)
        with pytest.raises(SurroundingsError, match="read_only"):
            runs.write(tmp_path / "runs", IDENTITY, tables(10))
        with pytest.raises(SurroundingsError, match="read_only"):
            audit.append(audit_path, ACT)
    assert ended.code == 4
    assert "expected the right to read and write there" in ended.said and "[read_only]" in ended.said
    assert contents(tmp_path / "runs") == before


def test_output_that_cannot_be_written_is_a_refusal_like_any_other(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        ended = in_a_process("check", cwd=tmp_path, stdout=full)
    assert ended.returncode == 4 and "[disk_full]" in ended.stderr


# --- a full disk

ACT = audit.Act(START, "metallurgist", "exclude_meter", True, False, "calibration check failed " * 40, "")


def test_a_disk_that_fills_while_a_run_is_kept_shows_no_run_and_keeps_the_others(
    small_disk: Callable[[str], Path],
) -> None:
    disk = small_disk("400k")
    first = runs.write(disk, IDENTITY, tables(5_000))
    before = contents(disk)
    with pytest.raises(SurroundingsError, match=r"expected room to write.*\[disk_full\]"):
        runs.write(disk, run_identity({"plant.yaml": "cd" * 32}, seed=7), tables())
    assert contents(disk) == before and runs.names(disk) == (first.run_id,)
    assert runs.read(first.folder) == first


def test_a_disk_that_fills_while_samples_are_appended_keeps_what_was_there(small_disk: Callable[[str], Path]) -> None:
    path = small_disk("3m") / "plant.duckdb"
    with Historian(path) as historian:
        kept = fill(historian)
    with Historian(path) as historian:
        assert historian.count() == kept > 0


def test_a_historian_that_finds_no_room_leaves_the_one_before(small_disk: Callable[[str], Path]) -> None:
    disk = small_disk("3m")
    with anew(disk / "plant.duckdb") as historian:
        historian.append(samples(1_000))
    before = contents(disk)
    with pytest.raises(SurroundingsError, match="disk_full"), anew(disk / "plant.duckdb") as historian:
        historian.append(samples(800_000))
    assert contents(disk) == before


def test_a_disk_that_fills_within_an_act_leaves_the_ledger_as_it_was(small_disk: Callable[[str], Path]) -> None:
    ledger = small_disk("16k") / "acts.jsonl"
    with pytest.raises(SurroundingsError, match=r"acts.jsonl.*\[disk_full\]"):
        sign(ledger, 100)
    whole = audit.verify(ledger)
    assert len(whole) > 3 and ledger.read_bytes().endswith(b"\n")


LIMITED = """
import resource, sys
from pathlib import Path
from ferrolan.base.errors import SurroundingsError
from ferrolan.records import audit, runs
from tests.bad_input.test_surroundings import ACT, IDENTITY, tables
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
folder = Path(sys.argv[1])
for work in (lambda: [audit.append(folder / "acts.jsonl", ACT) for _ in range(9)], lambda: runs.write(folder, IDENTITY, tables())):
    try:
        work()
    except SurroundingsError as error:
        print(error)
"""


def test_a_file_that_may_not_grow_is_a_full_disk_without_any_mount(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path)], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("[disk_full]") == 2, done.stdout
    assert len(audit.verify(tmp_path / "acts.jsonl")) == 2
    assert runs.names(tmp_path) == () and [path.name for path in tmp_path.iterdir()] == ["acts.jsonl"]


def test_a_command_that_finds_the_disk_full_exits_4(
    tmp_path: Path, mapping: Path, small_disk: Callable[[str], Path]
) -> None:
    disk = small_disk("2m")
    ended = ferrolan("ingest", mapping, "--out", disk, cwd=tmp_path)
    assert ended.code == 0, ended.said
    first = contents(disk)
    assert "laboratory.duckdb" in first
    noise = np.random.default_rng(7).random(99_000).tolist()
    rows = (f"{START + timedelta(minutes=k):%Y-%m-%d %H:%M},{60 + noise[k]},{noise[k]}\n" for k in range(99_000))
    (tmp_path / "month.csv").write_text("time,Fe,P\n" + "".join(rows))
    ended = ferrolan("ingest", mapping, "--out", disk, cwd=tmp_path)
    assert ended.code == 4 and "[disk_full]" in ended.said, ended.said
    assert contents(disk) == first


@pytest.mark.parametrize("size", [64, 200, 400])
def test_a_whole_run_that_finds_no_room_for_its_record_shows_no_run(
    kept: Callable[[str], RunResult], size: int, small_disk: Callable[[str], Path]
) -> None:
    whole, disk = kept("ore_to_both").run, small_disk(f"{size}k")
    files = {name: (whole.folder / name).read_bytes() for name in whole.files}
    with pytest.raises(SurroundingsError, match="disk_full"):
        runs.write(disk, whole.identity, whole.tables, files=files, solvers=whole.solvers)
    assert list(disk.iterdir()) == []


def test_a_whole_run_that_finds_no_room_for_its_raw_data_exits_4_and_shows_no_run(
    tmp_path: Path, few: Callable[[str], Path], small_disk: Callable[[str], Path]
) -> None:
    disk = small_disk("600k")
    ended = ferrolan("run", few("ore_to_both"), "--quiet", "--out", disk, cwd=tmp_path)
    assert ended.code == 4 and "[disk_full]" in ended.said, ended.said
    assert runs.names(disk) == () and [path.name for path in disk.rglob(".*")] == []


@pytest.mark.slow
@pytest.mark.parametrize("size", ["600k", "3m", "7m", "7500k", "8m"])
def test_a_whole_run_on_a_disk_that_is_too_small_shows_no_run(
    tmp_path: Path, size: str, small_disk: Callable[[str], Path]
) -> None:
    disk = small_disk(size)
    ended = ferrolan("run", "ore_to_both", "--quiet", "--out", disk, cwd=tmp_path, call=in_a_process)
    assert (ended.code, runs.names(disk) == ()) in ((4, True), (0, False)), ended.said
    assert ended.code == 0 or "[disk_full]" in ended.said, ended.said
    for run in runs.names(disk):
        runs.read(disk / run)
    assert [path.name for path in disk.rglob(".*")] == []


# --- words for what an operating system says


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(28, "No space left on device"), "disk_full"),
        (OSError(122, "Disk quota exceeded"), "disk_full"),
        (PermissionError(13, "Permission denied"), "read_only"),
        (OSError(30, "Read-only file system"), "read_only"),
        (NotADirectoryError(20, "Not a directory"), "not_a_folder"),
        (IsADirectoryError(21, "Is a directory"), "not_a_file"),
        (FileNotFoundError(2, "No such file or directory"), "missing_folder"),
        (OSError(5, "Input/output error"), "disk_error"),
        (OSError(36, "File name too long"), "disk_error"),
        (ValueError("Failed to commit: Could not write file: No space left on device"), "disk_full"),
    ],
)
def test_every_refusal_of_a_disk_has_a_code(error: Exception, code: str) -> None:
    assert str(refused("runs", error)).endswith(f"[{code}]")


def test_what_is_no_refusal_of_the_disk_is_not_made_one() -> None:
    with pytest.raises(ValueError, match="seven"), storing("runs"):
        raise ValueError("seven")
    with pytest.raises(RecordError), storing("runs"):
        raise RecordError([])
