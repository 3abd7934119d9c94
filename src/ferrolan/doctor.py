"""What is missing on this machine, found by doing it: a plan is solved, a file is written, a font is looked for.

``examine(Path("runs"))`` never stops at the first thing that is missing: a machine without DuckDB has a finding
``library duckdb: missing`` and one that says what else fails. Heavy libraries are imported inside the checks, so that
the doctor works where they do not.
"""

from __future__ import annotations

import importlib
import operator
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from ctypes.util import find_library
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import metadata
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ferrolan.views.health import Finding, State

PACKAGE = "ferrolan"
NOT_FOR_USERS = frozenset({"dev", "bench"})
"""Extras that only people who build Ferrolan need."""

_ENOUGH = 500 * 1024**2  # bytes; a run of the shipped example leaves about 10 MB
_SLACK = timedelta(minutes=5)  # a file that a build server with another clock has written
_CLOSE = 1e-6  # relative; the solvers promise 1e-9
_SAMPLE = "é – 中 ¤"
_COMPARE: dict[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
    "!=": operator.ne,
}


def examine(folder: Path, *, now: datetime | None = None, encoding: str | None = None) -> tuple[Finding, ...]:
    """Check everything that Ferrolan needs or can use on this machine.

    Parameters
    ----------
    folder
        Folder of all runs; it need not be there yet, and nothing is left in it.
    now
        The time, with a zone; that of the machine if none is given.
    encoding
        Encoding of the terminal; that of standard output if none is given.

    Returns
    -------
    Findings in the order in which a person mends them. ``views.health`` puts them into words, ``can_run`` says whether
    the main job can run. What is not essential never stops it.
    """
    declared = _declared()
    return (
        _python(declared),
        *_libraries(declared),
        *_solvers(),
        _historian(folder),
        _folder(folder),
        _disk(folder),
        _clock(now or datetime.now(UTC)),
        _time_zones(),
        _ledger(folder),
        _encoding(encoding or sys.stdout.encoding or "unknown"),
        *_extras(declared),
        _system_library(),
        _cjk_font(),
    )


@dataclass(frozen=True)
class _Declared:
    """What the package says it needs: Python, the libraries of the core, those of each extra."""

    python: str
    core: tuple[str, ...]
    extras: Mapping[str, tuple[str, ...]]


def _declared() -> _Declared | None:
    """From the installed package, else from the checkout it runs in; None where neither says."""
    try:
        about, required = metadata.metadata(PACKAGE), metadata.requires(PACKAGE) or []
    except metadata.PackageNotFoundError:
        return _declared_in_checkout()
    extras = {
        extra: tuple(text for text in required if re.search(rf"extra == ['\"]{re.escape(extra)}['\"]", text))
        for extra in about.get_all("Provides-Extra") or []
    }
    return _Declared(about["Requires-Python"] or "", tuple(text for text in required if "extra ==" not in text), extras)


def _declared_in_checkout() -> _Declared | None:
    try:
        text = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
        project = tomllib.loads(text)["project"]
        extras = {name: tuple(listed) for name, listed in project["optional-dependencies"].items()}
        return _Declared(project["requires-python"], tuple(project["dependencies"]), extras)
    except (OSError, tomllib.TOMLDecodeError, KeyError):
        return None


def _python(declared: _Declared | None) -> Finding:
    needed = re.search(r">=\s*([\d.]+)", declared.python if declared else "")
    found = ".".join(map(str, sys.version_info[:3]))
    if needed is None:
        return Finding("python", "", "unknown", found)
    state: State = "ok" if sys.version_info[:2] >= _numbers(needed[1]) else "wrong"
    return Finding("python", needed[1], state, found)


def _libraries(declared: _Declared | None) -> Iterator[Finding]:
    """Every library of the core against the range that it is tested in."""
    if declared is None:
        yield Finding("library", PACKAGE, "unknown", "neither installed by pip nor a checkout", essential=False)
        return
    for text in declared.core:
        name, ranges = _requirement(text)
        version, why = _version(name), ""
        state: State = "missing" if version is None else "ok"
        if version is not None and not _within(version, ranges):
            state, why = "wrong", f", expected {','.join(''.join(part) for part in ranges)}"
        broken = _import_error(name) if state == "ok" else None
        if broken is not None:
            state, why = broken[0], f", {broken[1]}"
        yield Finding("library", name, state, f"{version or 'not installed'}{why}")


def _requirement(text: str) -> tuple[str, list[tuple[str, str]]]:
    """Name and bounds of a requirement, such as ``polars<3,>=2.1``; brackets and markers are left out."""
    head = text.split(";")[0]
    name = re.match(r"\s*([\w.-]+)", head)
    return name[1] if name else head, re.findall(r"(>=|<=|==|!=|>|<)\s*([\w.]+)", head)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _within(version: str, ranges: list[tuple[str, str]]) -> bool:
    return all(_COMPARE[sign](*_padded(_numbers(version), _numbers(bound))) for sign, bound in ranges)


def _numbers(version: str) -> tuple[int, ...]:
    found = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(part) for part in found[0].split(".")) if found else ()


def _padded(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    length = max(len(one), len(other))
    return one + (0,) * (length - len(one)), other + (0,) * (length - len(other))


def _import_error(distribution: str) -> tuple[State, str] | None:
    """Why the modules of a distribution cannot be imported; None where they can, or where it brings data alone."""
    wanted = _normal(distribution)
    modules = [module for module, names in _modules().items() if wanted in names]
    same = [module for module in modules if _normal(module) == wanted]
    for module in (same or sorted(modules))[:1]:
        try:
            importlib.import_module(module)
        except ImportError as error:
            return "missing", _first_line(error)
        except Exception as error:  # a library may fail in any way, and is of no use then
            return "wrong", _first_line(error)
    return None


@cache
def _modules() -> Mapping[str, frozenset[str]]:
    """Public top-level modules of this environment, each with the distributions that bring it."""
    found = metadata.packages_distributions()
    public = {module: names for module, names in found.items() if module.isidentifier() and module[0] != "_"}
    return {module: frozenset(map(_normal, names)) for module, names in public.items()}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _extras(declared: _Declared | None) -> Iterator[Finding]:
    for extra, required in (declared.extras if declared else {}).items():
        if extra not in NOT_FOR_USERS:
            yield _extra(extra, [_requirement(text)[0] for text in required])


def _extra(extra: str, names: list[str]) -> Finding:
    absent = [name for name in names if _version(name) is None]
    if absent:
        return Finding("extra", extra, "missing", f"not installed: {', '.join(absent)}", essential=False)
    for name in names:
        broken = _import_error(name)
        if broken is not None:
            return Finding("extra", extra, broken[0], f"{name}: {broken[1]}", essential=False)
    versions = ", ".join(f"{name} {_version(name)}" for name in names)
    return Finding("extra", extra, "ok", versions, essential=False)


def _system_library() -> Finding:
    """Pango, which lays out a PDF; it is no Python package, so pip does not bring it."""
    names = ("pango-1.0", "pangoft2-1.0")
    absent = [name for name in names if find_library(name) is None]
    state: State = "missing" if absent else "ok"
    found = f"not found: {', '.join(absent)}" if absent else "found"
    return Finding("system_library", "Pango", state, found, essential=False)


def _cjk_font() -> Finding:
    program = shutil.which("fc-list")
    if program is None:
        return Finding("cjk_font", "", "unknown", "no program fc-list to ask", essential=False)
    try:
        done = subprocess.run(
            [program, ":lang=zh", "family"], capture_output=True, encoding="utf-8", errors="replace", timeout=30
        )
    except (OSError, subprocess.SubprocessError) as error:
        return Finding("cjk_font", "", "unknown", _first_line(error), essential=False)
    families = sorted({line.split(",")[0].strip() for line in done.stdout.splitlines() if line.strip()})
    if not families:
        return Finding("cjk_font", "", "missing", "fc-list knows none", essential=False)
    return Finding("cjk_font", "", "ok", families[0], essential=False)


def _solvers() -> Iterator[Finding]:
    """One small problem for each engine, whose answer is known by hand."""
    yield _attempt("solver", "planning", lambda: _compared(_planned(), 3000.0))
    yield _attempt("solver", "the market", lambda: _compared(_cleared(), 60.0))
    yield _attempt("solver", "reconciliation", lambda: _compared(_reconciled(), 101.0))


def _compared(found: float, expected: float) -> tuple[State, str]:
    close = abs(found - expected) <= _CLOSE * expected
    return "ok" if close else "wrong", f"{found:g}, expected {expected:g}"


def _planned() -> float:
    """Gain of a plan of two variables: 50 t of ore at 100 make 30 t of iron at 300, at a cost of 20 a tonne of ore."""
    from ferrolan.planning import Commodity, Mode, PlanProblem, Unit, plan

    ore = Commodity("ore", "works", buy_price=100.0, buy_limit=80.0)
    iron = Commodity("iron", "works", sell_price=300.0, sell_limit=40.0)
    mode = Mode("run", "furnace", "works", "ore", {"ore": -1.0, "iron": 0.6}, cost=20.0)
    return plan(PlanProblem(("2026-04",), (ore, iron), (mode,), (Unit("furnace", "works", (50.0,)),))).objective


def _cleared() -> float:
    """Price where a demand of 100 - q meets a supply of 20 + q."""
    from ferrolan.market import Demand, MarketProblem, Mine, clear

    demand = Demand("here", "oxide", intercept=100.0, slope=1.0)
    mine = Mine("mine", "here", {"oxide": 1.0}, cost=20.0, cost_slope=1.0, capacity=1000.0)
    return float(clear(MarketProblem(("here",), ("oxide",), (demand,), (mine,))).prices["here", "oxide"])


def _reconciled() -> float:
    """Flow through a mill whose two scales, equally good, read 100 and 102."""
    from ferrolan.reconciliation import MASS, Network, Node, Reading, Stream, reconcile

    network = Network(
        streams=(Stream("feed", None, "mill"), Stream("product", "mill", None)),
        nodes=(Node("mill", (MASS,)),),
        components=(),
        hours=(168.0,),
        readings=(
            Reading("flow", "feed", None, 0, 100.0, 1.0, "W1"),
            Reading("flow", "product", None, 0, 102.0, 1.0, "W2"),
        ),
    )
    return float(reconcile(network).account["value"][0])


def _historian(folder: Path) -> Finding:
    """A historian in the folder: one sample written, the file closed, opened and read, then deleted."""

    def used() -> tuple[State, str]:
        import polars as pl

        from ferrolan.base.tables import SAMPLES
        from ferrolan.historian.store import Historian

        instant = datetime(2026, 3, 1, tzinfo=UTC)
        row = {"tag": 1, "time": instant, "value": 0.5, "raw": 0.5, "status": 0, "seq": 1, "source": 0}
        with tempfile.TemporaryDirectory(prefix=".ferrolan-doctor-", dir=_standing(folder)) as scratch:
            path = Path(scratch) / "check.duckdb"
            with Historian(path) as historian:
                historian.append(SAMPLES.check(pl.DataFrame([row], schema=SAMPLES.empty().schema)))
            with Historian(path) as historian:
                read = historian.at([1], instant)["value"].to_list()
        return "ok" if read == [0.5] else "wrong", f"wrote 0.5, read {read}"

    return _attempt("historian", "", used)


def _folder(folder: Path) -> Finding:
    def written() -> tuple[State, str]:
        if folder.exists() and not folder.is_dir():
            return "wrong", f"{folder} is a file"
        with tempfile.TemporaryFile(prefix=".ferrolan-doctor-", dir=_standing(folder)) as scratch:
            scratch.write(b"ferrolan")
        return "ok", f"{folder}" if folder.is_dir() else f"{folder}, which will be made"

    return _attempt("folder", "", written)


def _standing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(path for path in (folder.absolute(), *folder.absolute().parents) if path.is_dir())


def _disk(folder: Path) -> Finding:
    def measured() -> tuple[State, str]:
        free = shutil.disk_usage(_standing(folder)).free
        return "ok" if free >= _ENOUGH else "wrong", f"{free / 1024**2:,.0f} MB"

    return _attempt("disk", "", measured)


def _clock(now: datetime) -> Finding:
    """The clock against the newest file of the package, which cannot have been written in the future."""
    here = Path(__file__).parent
    newest = datetime.fromtimestamp(max(path.stat().st_mtime for path in here.rglob("*.py")), UTC)
    offset = now.astimezone().utcoffset() or timedelta(0)
    found = f"{now.astimezone():%Y-%m-%d %H:%M}, UTC{'-' if offset < timedelta(0) else '+'}{abs(offset)}"
    if now < newest - _SLACK:
        return Finding(
            "clock", "", "wrong", f"{found}, before {newest:%Y-%m-%d %H:%M} UTC, when the package was written"
        )
    if not time.get_clock_info("monotonic").monotonic:
        return Finding("clock", "", "wrong", f"{found}, but the machine's steady clock runs backwards")
    return Finding("clock", "", "ok", found)


def _time_zones() -> Finding:
    try:
        ZoneInfo("Asia/Shanghai")
        ZoneInfo("Australia/Perth")
    except (ZoneInfoNotFoundError, OSError) as error:
        return Finding("time_zones", "", "missing", _first_line(error))
    return Finding("time_zones", "", "ok", "found")


def _encoding(encoding: str) -> Finding:
    try:
        _SAMPLE.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return Finding("encoding", "", "wrong", encoding, essential=False)
    return Finding("encoding", "", "ok", encoding, essential=False)


def _ledger(folder: Path) -> Finding:
    def verified() -> tuple[State, str]:
        from ferrolan.records import audit
        from ferrolan.signed import LEDGER

        entries = audit.verify(folder / LEDGER) if folder.is_dir() else ()
        return "ok", f"{len(entries)} acts, every hash as it should be" if entries else "no act signed"

    return _attempt("ledger", "", verified)


def _attempt(check: str, subject: str, act: Callable[[], tuple[State, str]]) -> Finding:
    """The finding of an act that is done for real."""
    try:
        return Finding(check, subject, *act())
    except ImportError as error:
        return Finding(check, subject, "missing", _first_line(error))
    except Exception as error:  # whatever fails is a finding, and the next check follows
        return Finding(check, subject, "wrong", _first_line(error))


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]
