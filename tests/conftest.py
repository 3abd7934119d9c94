"""What every test may use: the shipped documents, a whole run of each, made once, and one setting for property tests."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.servers.clickhouse import chdb
from tests.servers.mariadb import mariadb
from tests.servers.postgres import postgres

if TYPE_CHECKING:
    from ferrolan.enterprise.document import Enterprise
    from ferrolan.results import Raw, RunResult

    Kept = Callable[[str], RunResult]

__all__ = ["chdb", "mariadb", "postgres"]  # one server of each for the whole session, started by the first who asks

# No clock decides a property test, and under CI every run draws the same examples.
settings.register_profile("people", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("people"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "people")


@pytest.fixture(scope="session")
def document() -> Enterprise:
    """The shipped example, loaded and checked."""
    from ferrolan.assembly.catalogue import kinds  # here, so that a fault in these rooms stops no other test
    from ferrolan.enterprise.load import load
    from ferrolan.verbs import shipped

    return load(shipped("ore_to_both"), kinds())


@pytest.fixture(scope="session")
def month(document: Enterprise, made: Path) -> Mapping[str, Path]:
    """The raw month of the shipped example by source, made once: read it, write elsewhere."""
    from ferrolan import verbs

    return verbs.raw_files(document, made)


@pytest.fixture(scope="session")
def raw(document: Enterprise, month: Mapping[str, Path]) -> Raw:
    """The month as the historian took it and measured it."""
    from ferrolan import verbs

    return verbs.ingest(document, month)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs whose raw/ holds every month that was made."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "raw").mkdir()
    return folder


@pytest.fixture(scope="session")
def with_raw(made: Path) -> Callable[[Path], Path]:
    """Makes a folder of runs that has the raw months which were made already, as a second run in it would."""

    def folder_of_runs(path: Path) -> Path:
        path.mkdir(parents=True)
        (path / "raw").symlink_to(made / "raw")
        return path

    return folder_of_runs


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory, with_raw: Callable[[Path], Path]) -> Iterator[Kept]:
    """One whole run of a shipped example, ``kept("lynas")``, made once and for reading alone, in a folder of its own."""
    from ferrolan import verbs

    runs: dict[Path, Mapping[Path, int]] = {}

    @cache
    def run(name: str) -> RunResult:
        folder = with_raw(tmp_path_factory.mktemp("kept") / name)
        result = verbs.run(verbs.shipped(name), folder)
        runs[folder] = _written(folder)
        return result

    yield run
    assert [folder for folder, written in runs.items() if _written(folder) != written] == [], (
        "a test wrote into a kept run"
    )


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A shipped document with 8 draws instead of 100 or more, where the draws are not the point: a run of it takes a second."""
    from ferrolan.verbs import shipped

    @cache
    def document(name: str) -> Path:
        folder = tmp_path_factory.mktemp("few") / name
        shutil.copytree(shipped(name).parent, folder)
        path = folder / f"{name}.yaml"
        text = path.read_text(encoding="utf-8")
        fewer, count = re.subn(r"(?m)^  draws: [12]00$", "  draws: 8", text)
        assert count == 1
        path.write_text(fewer, encoding="utf-8")
        return path

    return document


def _written(folder: Path) -> Mapping[Path, int]:
    """When each file below a folder was written last [ns]."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
