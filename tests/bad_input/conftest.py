"""The command line and how it ended, a plant to be broken, and what stands in a folder before and after."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from ferrolan.verbs import shipped
from tests import command

MAPPING = """\
ferrolan: 1
mapping: laboratory
title: assays of a synthetic month
files: {file}
time_column: time
time_zone: Asia/Shanghai
{more}columns:
  Fe: {{unit: "%", lo: 0, hi: 100}}
  P: {{unit: "%", lo: 0, hi: 10}}
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code and everything it said."""

    code: int
    said: str


def ferrolan(*arguments: object, cwd: Path, call: Callable[..., CompletedProcess] = command.ferrolan) -> Ended:
    """Run ``ferrolan`` in this process, or with ``in_a_process`` as a person does; never a traceback."""
    done = call(*arguments, cwd=cwd)
    assert "Traceback" not in done.stderr, done.stderr
    return Ended(done.returncode, done.stdout + done.stderr)


def contents(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder, by its path there."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def write_mapping(folder: Path, file: str, more: str = "") -> Path:
    """A mapping of one file with the columns Fe and P."""
    path = folder / "laboratory.yaml"
    more += "" if "sheet:" in more else "sheet: {}\n"
    path.write_text(MAPPING.format(file=file, more=more), encoding="utf-8")
    return path


@dataclass(frozen=True)
class Plant:
    """The shipped example in a folder of its own, to be broken."""

    path: Path

    def replace(self, old: str, new: str, count: int = 1) -> None:
        text = self.path.read_text(encoding="utf-8")
        assert text.count(old) == count, f"{old!r} stands {text.count(old)} times"
        self.path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    shutil.copytree(shipped("ore_to_both").parent, tmp_path / "plant")
    return Plant(tmp_path / "plant" / shipped("ore_to_both").name)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mount a file system of so many bytes, such as ``64k``; it is really full when it is full."""
    mounted: list[Path] = []

    def mount(size: str) -> Path:
        folder = tmp_path / f"disk_{size}"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("this user may not mount a small file system; RLIMIT_FSIZE is tried instead")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", str(folder)], check=True)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Take the right to write away, from root as well where the file system can."""
    if os.geteuid():
        folder.chmod(0o555)
    elif shutil.which("chattr") is None or subprocess.run(["chattr", "+i", folder], check=False).returncode:
        pytest.skip("root may write everywhere here: this file system knows no immutable folders")
    try:
        yield
    finally:
        if os.geteuid():
            folder.chmod(0o755)
        else:
            subprocess.run(["chattr", "-i", folder], check=True)


@contextmanager
def process(code: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A second process that says ``ready`` when it is, and is killed at the end."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=Path(__file__).parents[2], text=True, **pipes) as other:
        try:
            yield other
        finally:
            with suppress(ProcessLookupError):
                other.kill()
