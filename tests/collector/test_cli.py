"""``ferrolan collect`` as a person calls it: a short table, a clear end, and a fault that says the way out."""

from __future__ import annotations

import builtins
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from ferrolan import verbs
from ferrolan.assembly.catalogue import connections, kinds
from ferrolan.assembly.historian import open_reader
from ferrolan.base.errors import DocumentError
from ferrolan.enterprise.load import load
from ferrolan.historian.remote import RemoteHistorian
from tests.collector.bench import T0, plant
from tests.command import ferrolan

SPAN = datetime(2026, 3, 20, tzinfo=UTC), datetime(2026, 3, 21, tzinfo=UTC)


@pytest.fixture
def replayed(tmp_path: Path) -> Path:
    """A document with a replay of 1,000 rows of 4 tags."""
    times = pl.Series([T0 + n // 4 * 1_000_000 for n in range(1_000)]).cast(pl.Datetime("us", "UTC"))
    rows = {"tag": [str(n % 4) for n in range(1_000)], "time": times, "value": [float(n) for n in range(1_000)]}
    pl.DataFrame(rows).write_parquet(tmp_path / "raw.parquet")
    return plant(tmp_path, {"mill": "{kind: replay, path: raw.parquet, speed: fastest}"})


def test_it_says_what_it_collects_where_it_answers_and_how_it_ended(replayed: Path) -> None:
    done = ferrolan("collect", replayed, "--once", "--port", 0, "--log", "log.jsonl", cwd=replayed.parent)
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert lines[:2] == ["connection  kind              tags", "mill        replay of a file  4"]
    assert lines[3].startswith("Historian: ") and lines[5].startswith("Health:    http://127.0.0.1:")
    assert lines[-1] == "Stopped: 1000 rows received, 1000 stored, 0 known already, 0 waiting."
    with open_reader(load(replayed, kinds(), connections())) as reader:
        found = reader.query(reader.registered()["number"].to_list(), *SPAN)
    assert sorted(found["value"].to_list()) == list(range(1_000)) and not isinstance(reader, RemoteHistorian)


def test_its_end_is_told_as_json(replayed: Path) -> None:
    done = ferrolan("collect", replayed, "--once", "--port", 0, "--log", "log", "--json", cwd=replayed.parent)
    decoder = json.JSONDecoder()
    begun, end = decoder.raw_decode(done.stdout)
    ended, _ = decoder.raw_decode(done.stdout[end:].lstrip())
    assert begun["address"].startswith("http://127.0.0.1:")
    assert ended == {"received": 1000, "stored": 1000, "known": 0, "waiting": 0, "needs": []}


def test_while_it_runs_others_read_through_it_and_it_ends_when_told(replayed: Path) -> None:
    command = [sys.executable, "-m", "ferrolan", "collect", str(replayed), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            while "Health:" not in process.stdout.readline():
                assert process.poll() is None
            document = load(replayed, kinds(), connections())
            with open_reader(document) as reader:
                assert isinstance(reader, RemoteHistorian)
                numbers = reader.registered()["number"].to_list()
                while reader.query(numbers, *SPAN).height < 1_000:
                    assert process.poll() is None
            process.send_signal(signal.SIGTERM)
            out, error = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0 and "1000 stored" in out and "Traceback" not in error


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--for", "soon"), "wrong_unit"),
        (("--for", "10 t"), "wrong_unit"),
        (("--host", "0.0.0.0"), "missing_token"),
        (("--token", "rust"), "wrong_secret"),
        (("--token", "env:NO_SUCH_VARIABLE_HERE"), "missing_secret"),
        (("--port", "70000"), "address_taken"),
        (("--host", "203.0.113.7", "--token", "file:token"), "address_taken"),
    ],
)
def test_an_option_that_cannot_be_is_a_fault_with_its_way_out(
    replayed: Path, arguments: tuple[str, ...], code: str
) -> None:
    (replayed.parent / "token").write_text("ochre\n")
    done = ferrolan("collect", replayed, "--once", *arguments, "--log", "log", cwd=replayed.parent)
    assert done.returncode in (2, 4) and f"[{code}]" in done.stderr, done.stderr
    assert "Traceback" not in done.stderr and "rust" not in done.stderr


def test_a_document_that_only_collects_has_nothing_to_plan_and_says_so(replayed: Path) -> None:
    with pytest.raises(DocumentError, match=r"units: expected units to plan for, got none.*ferrolan collect"):
        verbs.plan(verbs.load(replayed))


def test_a_document_that_is_not_there_is_told(tmp_path: Path) -> None:
    done = ferrolan("collect", tmp_path / "none.yaml", cwd=tmp_path)
    assert done.returncode == 2 and "[no_file]" in done.stderr


def test_without_the_extra_it_says_how_to_get_it(replayed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real: Callable[..., object] = builtins.__import__

    def lacking(name: str, *arguments: object) -> object:
        if name.startswith("starlette"):
            raise ModuleNotFoundError("No module named 'starlette'", name="starlette")
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", lacking)
    done = ferrolan("collect", replayed, "--once", "--port", 0, cwd=replayed.parent)
    assert done.returncode == 4 and 'pip install "ferrolan[connect]"' in done.stderr
