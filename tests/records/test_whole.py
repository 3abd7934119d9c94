"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import threading

import pytest

from ferrolan.records.whole import put


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
