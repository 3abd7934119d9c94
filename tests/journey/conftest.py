"""The real command in a process of its own, and the folder it was called in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.command import in_a_process


@dataclass(frozen=True)
class Journey:
    """An empty folder in which ``ferrolan run`` was called, and how it ended."""

    folder: Path
    finished: CompletedProcess[str]


@pytest.fixture(scope="session")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Journey:
    """One run of the command in an empty folder; for reading alone."""
    folder = tmp_path_factory.mktemp("journey")
    finished = in_a_process("run", "ore_to_both", cwd=folder)
    assert finished.returncode == 0, finished.stderr
    return Journey(folder, finished)
