"""A raw month that is being made appears whole or not at all, whenever its process is killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ferrolan import verbs
from ferrolan.base.provenance import hash_file
from ferrolan.virtualplant.truth import Truth

# Says when it has written the first of the two files, and waits to be killed.
CHILD = """
import sys, time
from ferrolan import verbs
from ferrolan.virtualplant import write
def halt(*arguments):
    print("half", flush=True)
    time.sleep(600)
sys.modules["ferrolan.virtualplant.write"].write_database = halt
verbs.raw_files(verbs.load("ore_to_both"), sys.argv[1])
"""


@pytest.fixture(autouse=True)
def _simulated_once(truth: Truth, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verbs, "simulate", lambda *_, **__: truth)


def folders(out: Path) -> list[Path]:
    return [path for path in (out / "raw").iterdir() if not path.name.startswith(".")]


def test_a_month_whose_making_was_killed_is_not_there_and_is_made_anew_whole(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path)], stdout=subprocess.PIPE, text=True) as child:
        said = child.stdout.readline() if child.stdout else ""
        child.kill()
    assert said == "half\n" and folders(tmp_path) == []
    made = verbs.raw_files(verbs.load("ore_to_both"), tmp_path)
    assert {path.name: path.stat().st_size > 0 for path in set(made.values())} == {
        "plant_historian.csv": True,
        "erp_laboratory.sqlite": True,
    }
    assert len(folders(tmp_path)) == 1


def test_a_month_that_lost_a_file_is_made_anew_and_one_that_is_whole_stays(tmp_path: Path) -> None:
    document = verbs.load("ore_to_both")
    made = verbs.raw_files(document, tmp_path)
    export = made["plant_historian"]
    whole, stamp = hash_file(export), export.stat().st_mtime_ns
    assert verbs.raw_files(document, tmp_path) == made and export.stat().st_mtime_ns == stamp
    made["laboratory"].unlink()
    export.write_text("cut off")
    assert verbs.raw_files(document, tmp_path) == made
    assert hash_file(export) == whole and made["laboratory"].is_file()
    assert [path.name for path in (tmp_path / "raw").iterdir()] == [export.parents[1].name]


def test_of_two_processes_that_make_one_month_the_faster_one_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document, write = verbs.load("ore_to_both"), verbs.write
    first: dict[str, int] = {}

    def overtaken(*arguments: object, **options: object) -> object:
        monkeypatch.setattr(verbs, "write", write)
        faster = verbs.raw_files(document, tmp_path)
        first.update({str(path): path.stat().st_ino for path in faster.values()})
        return write(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(verbs, "write", overtaken)
    made = verbs.raw_files(document, tmp_path)
    assert first and {str(path): path.stat().st_ino for path in made.values()} == first
