"""Kept runs: one folder per run identity, every table as Parquet, every hash in ``run.json``.

```
runs/4f1c09ab63d27e85/
  tables/account.parquet ...    what the run found; column units stand in base/tables.py
  brief.html ...                documents made from the tables
  run.json                      inputs, code, libraries, seed, hashes of tables and documents, how solvers ended
  clock.json                    when it ran and how long each station took
```
``run.json`` holds nothing that differs between two runs of one identity; wall times lie apart. A folder appears whole
or not at all: it is written beside its place, brought to the disk and renamed. A second run of the same identity must
give the same hashes; then the first is kept, else ``RecordError`` names what differs. ``read`` recomputes every hash
before it answers. Bits may differ between processors: an identity holds within one machine.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import polars as pl

from ferrolan.base.errors import Fault, RecordError, TableError
from ferrolan.base.provenance import CodeVersion, Json, RunIdentity, hash_bytes, hash_file, hash_table
from ferrolan.base.surroundings import storing
from ferrolan.base.tables import TABLES
from ferrolan.records.whole import keep, making, replace, settle

FORMAT = 1
"""Version of the folder's layout."""

_RECORD = "run.json"
_CLOCK = "clock.json"
_TABLES = "tables"
_LISTED = 12  # runs in a message


@dataclass(frozen=True)
class SolverRecord:
    """How one solve ended: its status and its residuals [1], both as the solver's own certificate gives them."""

    station: str
    problem: str
    status: str
    objective: float | None = None
    iterations: int | None = None
    residuals: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Clock:
    """When a run started (ISO 8601, UTC) and how long each station took [s]. Never part of an identity."""

    started: str
    seconds: Mapping[str, float]


@dataclass(frozen=True)
class Run:
    """A kept run, verified.

    ``hashes`` holds the content hash of every table, ``files`` that of every document in the folder.
    """

    folder: Path
    identity: RunIdentity
    tables: Mapping[str, pl.DataFrame] = field(compare=False)  # compared by their hashes
    hashes: Mapping[str, str]
    files: Mapping[str, str]
    solvers: tuple[SolverRecord, ...]
    clocks: tuple[Clock, ...]

    @property
    def run_id(self) -> str:
        """Name of the run."""
        return self.identity.run_id


def write(
    root: Path,
    identity: RunIdentity,
    tables: Mapping[str, pl.DataFrame],
    *,
    files: Mapping[str, bytes] = MappingProxyType({}),
    solvers: Sequence[SolverRecord] = (),
    clock: Clock | None = None,
) -> Run:
    """Keep a run at ``<root>/<run_id>/``, or verify that it gave again what is kept there.

    Parameters
    ----------
    root
        Folder of all runs; made where it is missing.
    identity
        What the run depended on, from ``base.provenance.run_identity``.
    tables
        Result tables by name; one whose name stands in ``base.tables`` must have that schema.
    files
        Documents by file name, such as ``{"brief.html": ...}``; they too must come out the same twice.
    solvers
        How every solve ended.
    clock
        Wall times, added to the kept ones.

    Raises
    ------
    TableError
        If a table differs from its declared schema.
    RecordError
        If a run of this identity is kept already and gave something else.
    SurroundingsError
        If the disk refuses; no part of the run is to be seen then, and what was kept before is unchanged.
    """
    tables = {name: TABLES[name].check(frame) if name in TABLES else frame for name, frame in tables.items()}
    record = _record(identity, tables, files, solvers)
    with storing(root):
        root.mkdir(parents=True, exist_ok=True)
    folder = root / identity.run_id
    if not folder.exists():
        written = _write_whole(folder, record, tables, files, clock)
        clock = None if written else clock
    _refuse_difference(folder, record)
    if clock is not None:
        _add_clock(folder, clock)
    return read(folder)


def read(folder: Path) -> Run:
    """Read a kept run and verify every hash.

    Raises
    ------
    RecordError
        Listing every table and document that is missing or is not what its hash says.
    """
    record = _load(folder / _RECORD)
    try:
        identity = _identity(record)
        run_id = identity.run_id
        hashes = {name: str(entry["hash"]) for name, entry in record["tables"].items()}
        files = {name: str(digest) for name, digest in record["files"].items()}
        solvers = tuple(SolverRecord(**entry) for entry in record["solvers"])
        stated = record["run"]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise RecordError([_unreadable(folder / _RECORD, repr(error))]) from error
    tables: dict[str, pl.DataFrame] = {}
    faults = []
    if stated != run_id:
        faults.append(_fault(folder / _RECORD, "run", str(stated), run_id, "changed_identity"))
    for name, expected in hashes.items():
        tables[name], found = _read_table(_table_file(folder, name))
        if found != expected:
            faults.append(_fault(_table_file(folder, name), name, found, expected, "changed_table"))
    for name, expected in files.items():
        file = _inside(folder, name)
        found = _file_hash(file)
        if found != expected:
            faults.append(_fault(file, name, found, expected, "changed_document"))
    if faults:
        raise RecordError(faults)
    return Run(folder, identity, tables, hashes, files, solvers, _clocks(folder))


def names(root: Path) -> tuple[str, ...]:
    """Ids of all runs kept below ``root``, sorted; none where there is no such folder."""
    if not root.is_dir():
        return ()
    with storing(root):
        return tuple(sorted(path.name for path in root.iterdir() if (path / _RECORD).is_file() and path.name[0] != "."))


def find(root: Path, run: str | None = None) -> Path:
    """The folder of a kept run, by its id or the beginning of it; of the one that ran last if none is given.

    Raises
    ------
    RecordError
        If there is none, or the beginning fits several.
    """
    kept = names(root)
    if run is None and kept:
        return max((root / name for name in kept), key=lambda folder: (_last_started(folder), folder.name))
    fitting = [name for name in kept if run is not None and name.startswith(run)]
    if len(fitting) == 1:
        return root / fitting[0]
    found = "no run" if run is None else f"{len(fitting)} runs that begin with {run!r}"
    way_out = f"Known are: {', '.join(kept[:_LISTED])}" if kept else "Run `ferrolan run`, or name the folder of runs"
    raise RecordError([Fault(str(root), 0, "", found, "one kept run", f"{way_out}.", "unknown_run")])


def _last_started(folder: Path) -> str:
    """When a run was last executed (ISO 8601, UTC)."""
    return max((clock.started for clock in _clocks(folder)), default="")


def _record(
    identity: RunIdentity,
    tables: Mapping[str, pl.DataFrame],
    files: Mapping[str, bytes],
    solvers: Sequence[SolverRecord],
) -> dict[str, Any]:  # Any: the shape of run.json, checked on reading
    return {
        "format": FORMAT,
        "run": identity.run_id,
        "code": {"version": identity.code.version, "hash": identity.code.hash},
        "libraries": dict(sorted(identity.libraries.items())),
        "seed": identity.seed,
        "inputs": dict(sorted(identity.inputs.items())),
        "tables": {name: _table_entry(frame) for name, frame in sorted(tables.items())},
        "files": {name: hash_bytes(content) for name, content in sorted(files.items())},
        "solvers": [_solver_entry(solver) for solver in solvers],
    }


def _table_entry(frame: pl.DataFrame) -> Json:
    return {"hash": hash_table(frame), "rows": frame.height, "columns": frame.columns}


def _solver_entry(solver: SolverRecord) -> Json:
    return {
        "station": solver.station,
        "problem": solver.problem,
        "status": solver.status,
        "objective": _finite(solver.objective),
        "iterations": solver.iterations,
        "residuals": {name: _finite(value) for name, value in sorted(solver.residuals.items())},
    }


def _finite(value: float | None) -> float | None:
    """A number JSON can say; null where there is none."""
    return float(value) if value is not None and math.isfinite(value) else None


def _write_whole(
    folder: Path,
    record: dict[str, Any],
    tables: Mapping[str, pl.DataFrame],
    files: Mapping[str, bytes],
    clock: Clock | None,
) -> bool:
    """Write a folder beside its place and rename it; whether it is ours, and not that of a process that was faster."""
    with storing(folder), making(folder) as beside:
        beside.chmod(0o755)
        (beside / _TABLES).mkdir()
        _write_parts(beside, record, tables, files, clock)
        return _moved(beside, folder)


def _write_parts(
    beside: Path,
    record: dict[str, Any],
    tables: Mapping[str, pl.DataFrame],
    files: Mapping[str, bytes],
    clock: Clock | None,
) -> None:
    for name, frame in tables.items():
        content = io.BytesIO()  # polars hides why a disk refuses
        frame.write_parquet(content, compression="zstd")
        keep(_table_file(beside, name), content.getvalue())
    for name, document in files.items():
        keep(_inside(beside, name), document)
    if clock is not None:
        keep(beside / _CLOCK, _executions([clock]))
    keep(beside / _RECORD, _pretty(record))
    settle(beside / _TABLES)
    settle(beside)


def _moved(beside: Path, folder: Path) -> bool:
    try:
        beside.rename(folder)
    except OSError:
        if not (folder / _RECORD).is_file():
            raise
        return False
    settle(folder.parent)
    return True


def _refuse_difference(folder: Path, record: dict[str, Any]) -> None:
    """Compare what came out now with what is kept."""
    kept = _load(folder / _RECORD)
    faults = []
    for part in ("inputs", "tables", "files", "solvers"):
        now, before = _by_name(record.get(part, {})), _by_name(kept.get(part, {}))
        for name in sorted({*now, *before}):
            if now.get(name) != before.get(name):
                found, expected = json.dumps(now.get(name)), json.dumps(before.get(name))
                faults.append(_fault(folder / _RECORD, f"{part}.{name}", found, expected, "unstable_run"))
    if faults:
        raise RecordError(faults)


def _by_name(part: Any) -> dict[str, Any]:  # Any: a part of run.json
    if isinstance(part, list):
        return {f"{number}:{entry['station']}.{entry['problem']}": entry for number, entry in enumerate(part)}
    return dict(part)


def _add_clock(folder: Path, clock: Clock) -> None:
    replace(folder / _CLOCK, _executions([*_clocks(folder), clock]))


def _executions(clocks: Sequence[Clock]) -> bytes:
    return _pretty({"executions": [{"started": clock.started, "seconds": dict(clock.seconds)} for clock in clocks]})


def _clocks(folder: Path) -> tuple[Clock, ...]:
    if not (folder / _CLOCK).is_file():
        return ()
    record = _load(folder / _CLOCK)
    try:
        return tuple(Clock(entry["started"], entry["seconds"]) for entry in record["executions"])
    except (KeyError, TypeError, AttributeError) as error:
        raise RecordError([_unreadable(folder / _CLOCK, repr(error))]) from error


def _identity(record: Mapping[str, Any]) -> RunIdentity:
    code = CodeVersion(record["code"]["version"], record["code"]["hash"])
    return RunIdentity(record["inputs"], record["seed"], code, record["libraries"])


def _read_table(file: Path) -> tuple[pl.DataFrame, str]:
    """A table and its hash, or an empty one and why it cannot be read."""
    try:
        frame = pl.read_parquet(file)
        return frame, hash_table(frame)
    except (OSError, pl.exceptions.PolarsError, TableError) as error:
        return pl.DataFrame(), f"no table ({type(error).__name__})"


def _file_hash(file: Path) -> str:
    try:
        return hash_file(file)
    except OSError as error:
        return f"nothing ({(error.strerror or str(error)).lower()})"


def _table_file(folder: Path, name: str) -> Path:
    return _inside(folder / _TABLES, f"{name}.parquet")


def _inside(folder: Path, name: str) -> Path:
    """A file directly in a folder; a name that leads elsewhere, or that no disk takes, is refused."""
    plain = name.isprintable() and name == Path(name).name
    if not name or not plain or name.startswith(".") or name in {_RECORD, _CLOCK, _TABLES}:
        raise RecordError([_fault(folder, "name", repr(name), "a plain file name", "bad_name")])
    return folder / name


def _load(file: Path) -> Any:  # Any: JSON
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecordError([_unreadable(file, (error.strerror or str(error)).lower())]) from error
    except (ValueError, RecursionError) as error:
        raise RecordError([_unreadable(file, f"no JSON ({error})")]) from error


def _pretty(value: Json) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _unreadable(file: Path, found: str) -> Fault:
    return Fault(
        str(file),
        0,
        "",
        found,
        "the record of a run",
        "Restore the folder, or delete it and run again.",
        "unreadable_run",
    )


def _fault(file: Path, path: str, found: str, expected: str, code: str) -> Fault:
    ways_out = {
        "unstable_run": "One identity gave two results: report it with both; delete the folder to keep the new one.",
        "bad_name": "Name a file without folders.",
    }
    way_out = ways_out.get(code, "The folder was changed after the run: restore it, or delete it and run again.")
    return Fault(str(file), 0, path, found, expected, way_out, code)
