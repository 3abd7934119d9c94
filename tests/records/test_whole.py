"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ferrolan import verbs
from ferrolan.assembly import sources as document_files
from ferrolan.base.errors import SurroundingsError
from ferrolan.records.whole import making, put, sweep


def test_a_file_and_its_folders_are_made(tmp_path):
    put(tmp_path / "deep" / "table.csv", b"a,b\n")
    assert (tmp_path / "deep" / "table.csv").read_bytes() == b"a,b\n"


def test_a_symbolic_link_stays_one_and_its_target_is_written(tmp_path):
    target, link = tmp_path / "target.csv", tmp_path / "link.csv"
    target.write_bytes(b"old")
    link.symlink_to(target)
    put(link, b"new")
    assert link.is_symlink() and target.read_bytes() == b"new"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_pipe_stays_a_pipe_and_gets_what_is_written(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    put(pipe, b"a,b\n")
    reader.join(timeout=10)
    assert got == [b"a,b\n"] and pipe.is_fifo()


def test_what_a_killed_process_left_is_swept_and_what_a_living_one_makes_stays(tmp_path):
    place = tmp_path / "raw" / "4f1c"
    script = f"""
import os, pathlib, signal
from ferrolan.records.whole import making
with making(pathlib.Path({str(place)!r})) as beside:
    (beside / "new").mkdir()
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -signal.SIGKILL
    assert len(list(place.parent.iterdir())) == 1
    with making(place) as living:
        sweep(place)
        assert list(place.parent.iterdir()) == [living]
    assert list(place.parent.iterdir()) == []


def test_what_is_made_of_another_name_is_not_swept(tmp_path):
    (tmp_path / ".other.ab").mkdir()
    sweep(tmp_path / "4f1c")
    assert (tmp_path / ".other.ab").is_dir()


def test_a_raw_month_is_made_whole_and_what_a_killed_making_left_is_swept(tmp_path, monkeypatch):
    def written(_truth, _tags, folder, **_):
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text("synthetic")

    document, root = verbs.load("ore_to_both"), tmp_path / "raw"
    names = [document_files.source_file(document, name, Path()) for name in document.sources]
    monkeypatch.setattr(verbs, "simulate_month", lambda *_, **__: None)
    monkeypatch.setattr(verbs, "write", written)
    made = verbs.raw_files(document, tmp_path)
    (month,) = root.iterdir()
    (root / f".{month.name}.left").mkdir()
    assert verbs.raw_files(document, tmp_path) == made
    assert list(root.iterdir()) == [month] and all(path.is_file() for path in made.values())


def test_links_in_a_ring_are_a_refusal_with_the_path(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(SurroundingsError, match="Check the path"):
        put(tmp_path / "a", b"new")
