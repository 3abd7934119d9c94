"""The doctor does what it checks, and says so where it fails: each check in a sound state and in a broken one."""

from __future__ import annotations

import builtins
import importlib
import shutil
import sys
from collections import namedtuple
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from ferrolan import doctor
from ferrolan.doctor import examine
from ferrolan.records import audit
from ferrolan.views.health import Finding, can_run, line, verdict

CHECKS = {
    "python", "library", "solver", "historian", "folder", "disk", "clock", "time_zones", "ledger", "encoding", "extra",
    "system_library", "cjk_font",
}  # fmt: skip


def found(folder: Path, check: str, subject: str = "") -> Finding:
    """The finding of one check alone."""
    acts: dict[str, Callable[[], Any]] = {
        "library": lambda: doctor._libraries(doctor._declared()),
        "solver": doctor._solvers,
        "folder": lambda: [doctor._folder(folder)],
        "disk": lambda: [doctor._disk(folder)],
        "time_zones": lambda: [doctor._time_zones()],
        "ledger": lambda: [doctor._ledger(folder)],
        "extra": lambda: doctor._extras(doctor._declared()),
        "system_library": lambda: [doctor._system_library()],
        "cjk_font": lambda: [doctor._cjk_font()],
    }
    return next(finding for finding in acts[check]() if finding.check == check and finding.subject.startswith(subject))


def hide(monkeypatch: pytest.MonkeyPatch, module: str, error: Exception | None = None) -> None:
    """Let every import of a module fail, as on a machine without it."""
    real, real_named = builtins.__import__, importlib.import_module

    def blocked(name: str, *rest: Any, **named: Any) -> Any:
        if name.split(".")[0] == module:
            raise error or ModuleNotFoundError(f"No module named {module!r}")
        return real(name, *rest, **named)

    def blocked_named(name: str, package: str | None = None) -> Any:
        if name.split(".")[0] == module:
            raise error or ModuleNotFoundError(f"No module named {module!r}")
        return real_named(name, package)

    monkeypatch.setattr(builtins, "__import__", blocked)
    monkeypatch.setattr(importlib, "import_module", blocked_named)


def test_a_sound_machine_can_run_the_main_job_and_nothing_is_left_in_the_folder(tmp_path: Path) -> None:
    findings = examine(tmp_path / "runs")
    assert {finding.check for finding in findings} == CHECKS
    assert can_run(findings) and "can run" in verdict(findings)
    assert [finding for finding in findings if finding.essential and finding.state != "ok"] == []
    assert list(tmp_path.iterdir()) == []


def test_every_solver_answers_what_is_known_by_hand(tmp_path: Path) -> None:
    solved = {finding.subject: finding.found for finding in examine(tmp_path) if finding.check == "solver"}
    assert solved == {
        "planning": "3000, expected 3000", "the market": "60, expected 60", "reconciliation": "101, expected 101",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("solve", "subject"), [("_planned", "planning"), ("_cleared", "the market"), ("_reconciled", "reconciliation")]
)
def test_a_solver_that_answers_wrongly_or_not_at_all_is_told(
    solve: str, subject: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, solve, lambda: 59.0)
    assert found(tmp_path, "solver", subject).state == "wrong" and not can_run([found(tmp_path, "solver", subject)])

    def missing() -> float:
        raise ModuleNotFoundError("No module named 'solver'")

    monkeypatch.setattr(doctor, solve, missing)
    finding = found(tmp_path, "solver", subject)
    assert (finding.state, finding.found) == ("missing", "ModuleNotFoundError: No module named 'solver'")


def test_a_library_that_cannot_be_imported_is_missing_and_the_other_checks_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide(monkeypatch, "duckdb")
    monkeypatch.delitem(sys.modules, "ferrolan.historian.store", raising=False)
    findings = examine(tmp_path)
    states = {(finding.check, finding.subject): finding.state for finding in findings}
    assert states["library", "duckdb"] == "missing" and states["solver", "planning"] == "ok"
    assert not can_run(findings)


def test_a_library_outside_its_range_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "1.9" if name == "polars" else real(name))
    finding = found(tmp_path, "library", "polars")
    assert finding.state == "wrong" and finding.found.startswith("1.9, expected") and ">=2.1" in finding.found


@pytest.mark.parametrize(
    ("version", "ranges", "within"),
    [
        ("2.1.0", [(">=", "2.1"), ("<", "3")], True),
        ("2.10", [(">=", "2.9")], True),
        ("3.0.0", [("<", "3")], False),
        ("0.1.9.post1", [(">=", "0.1.9")], True),
        ("2", [("!=", "2.0")], False),
        ("1", [], True),
    ],
)
def test_versions_are_compared_number_by_number(version: str, ranges: list[tuple[str, str]], within: bool) -> None:
    assert doctor._within(version, ranges) is within


def test_a_missing_extra_is_told_with_what_one_cannot_do_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(name: str) -> str:
        if name == "fastapi":
            raise metadata.PackageNotFoundError(name)
        return "1"

    monkeypatch.setattr(metadata, "version", absent)
    finding = found(tmp_path, "extra", "web")
    assert (finding.state, finding.essential) == ("missing", False)
    assert "fastapi" in finding.found and "uvicorn" not in finding.found
    told = line(finding)
    assert "control room" in told.means and "pip install 'ferrolan[web]'" in told.do


def test_an_extra_whose_system_library_is_missing_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", lambda name: "70")
    monkeypatch.setattr(doctor, "_modules", lambda: {"papermaker": frozenset({"papermaker"})})
    hide(monkeypatch, "papermaker", OSError("cannot load library 'libpango-1.0-0'\nmore"))
    finding = doctor._extra("pdf", ["papermaker"])
    assert (finding.state, finding.found) == ("wrong", "papermaker: OSError: cannot load library 'libpango-1.0-0'")


def test_the_system_library_is_looked_for_outside_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "find_library", lambda name: None)
    finding = found(tmp_path, "system_library")
    assert (finding.state, finding.essential) == ("missing", False) and "pangoft2-1.0" in finding.found
    monkeypatch.setattr(doctor, "find_library", lambda name: f"lib{name}.so.0")
    assert found(tmp_path, "system_library").state == "ok"


def test_without_fc_list_the_font_is_unknown_and_its_answer_counts_where_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    assert found(tmp_path, "cjk_font").state == "unknown"
    shell = shutil.which("sh", path="/bin:/usr/bin")
    program = programs / "fc-list"
    for text, state, told in [
        ("echo 'Noto Sans CJK SC,Noto'", "ok", "Noto Sans CJK SC"),
        ("true", "missing", "fc-list knows none"),
    ]:
        program.write_text(f"#!{shell}\n{text}\n")
        program.chmod(0o755)
        finding = found(tmp_path, "cjk_font")
        assert (finding.state, finding.found, finding.essential) == (state, told, False)


def test_a_file_in_place_of_the_folder_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("mine")
    finding = found(tmp_path / "runs", "folder")
    assert finding.state == "wrong" and finding.found.endswith("is a file")
    assert (tmp_path / "runs").read_text() == "mine"


def test_a_folder_that_cannot_be_written_stops_the_main_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(doctor.tempfile, "TemporaryFile", refused)
    monkeypatch.setattr(doctor.tempfile, "TemporaryDirectory", refused)
    findings = examine(tmp_path)
    states = {finding.check: finding.state for finding in findings}
    assert (states["folder"], states["historian"]) == ("wrong", "wrong") and not can_run(findings)


def test_too_little_room_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**12, 10**12, 3 * 1024**2))
    finding = found(tmp_path, "disk")
    assert (finding.state, finding.found) == ("wrong", "3 MB")


def test_a_clock_before_the_package_was_written_is_wrong(tmp_path: Path) -> None:
    early = datetime(2001, 1, 1, tzinfo=UTC)
    finding = next(finding for finding in examine(tmp_path, now=early) if finding.check == "clock")
    assert finding.state == "wrong" and "when the package was written" in finding.found
    assert doctor._clock(datetime.now(UTC) + timedelta(days=1)).state == "ok"


def test_a_machine_without_zones_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_zone(name: str) -> None:
        raise doctor.ZoneInfoNotFoundError(f"No time zone found with key {name}")

    monkeypatch.setattr(doctor, "ZoneInfo", no_zone)
    finding = found(tmp_path, "time_zones")
    assert finding.state == "missing" and line(finding).do == "pip install tzdata"


@pytest.mark.parametrize(
    ("encoding", "state"), [("utf-8", "ok"), ("ascii", "wrong"), ("cp1252", "wrong"), ("x", "wrong")]
)
def test_a_terminal_that_cannot_show_every_sign_is_told(encoding: str, state: str) -> None:
    finding = doctor._encoding(encoding)
    assert (finding.state, finding.essential) == (state, False)


def test_a_ledger_is_verified_and_a_changed_one_is_wrong(tmp_path: Path) -> None:
    ledger = tmp_path / "acts.jsonl"
    for reason in ("drift", "mended"):
        audit.append(ledger, audit.Act(datetime.now(UTC), "me", "exclude_meter", None, "WT-1", reason, "run"))
    assert found(tmp_path, "ledger").found.startswith("2 acts")
    ledger.write_text(ledger.read_text().replace("drift", "draft"))
    finding = found(tmp_path, "ledger")
    assert finding.state == "wrong" and "acts.jsonl:1" in finding.found
    assert "Restore the file from a copy" in line(finding).do


def test_without_any_record_of_the_package_its_ranges_are_unknown_and_nothing_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "_declared", lambda: None)
    findings = examine(tmp_path)
    assert found(tmp_path, "library").state == "unknown" and can_run(findings)
    assert not [finding for finding in findings if finding.check == "extra"]


@pytest.mark.parametrize("state", ["missing", "unknown", "wrong"])
@pytest.mark.parametrize("check", sorted(CHECKS))
def test_every_finding_has_words_in_every_state(check: str, state: Any) -> None:
    told = line(Finding(check, "pdf", state, "found"))
    assert told.what and told.means and told.do and "{" not in told.do + told.what
    assert line(Finding(check, "pdf", "ok", "found")).do == ""
