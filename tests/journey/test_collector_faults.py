"""Full disks, clocks that jump, a torn segment: counted on a collector in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ferrolan.sources.spool import Spool
from tests.collector.bench import loaded
from tests.journey.collected.peer import BLOCK, Peer
from tests.journey.test_collector_killed import collecting, holds_once, started, stop
from tests.servers import absent, needed


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A disk in memory of so many megabytes."""
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if done.returncode:
        absent("a small disk needs the right to mount")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path, leave: int = 0) -> Path:
    """Fill a disk but for so many bytes; the file that fills it."""
    path = folder / "filling"
    with path.open("wb", buffering=0) as file:
        block = b"0" * 4096
        try:
            while True:
                file.write(block)
        except OSError:
            pass
    os.truncate(path, max(path.stat().st_size - leave, 0))
    return path


def says(url: str, text: str, seconds: float = 60.0) -> None:
    """Wait until ``/health`` says something."""
    end = time.monotonic() + seconds
    found = ""
    while text not in found:
        assert time.monotonic() < end, found
        try:
            found = urllib.request.urlopen(f"{url}/health", timeout=10).read().decode()
        except urllib.error.HTTPError as error:
            found = error.read().decode()
        time.sleep(0.05)


def test_a_full_disk_loses_no_row_and_needs_no_new_start(tmp_path: Path) -> None:
    """Spool and historian on one small disk that is filled by others; they go on when there is room again."""
    with small_disk(tmp_path / "disk", 48) as disk, Peer() as peer:
        document = loaded(disk)
        with collecting(document, peer.port) as process:
            url = started(process)
            peer.offer(5 * BLOCK)
            peer.until(peer.most)
            filling = fill(disk)
            peer.offer(50 * BLOCK)
            says(url, "the spool cannot be written")
            assert peer.acknowledged < peer.most
            filling.unlink()
            peer.until(peer.most)
            says(url, '"status": "well"')
            assert stop(process)["waiting"] == 0
        holds_once(document, peer.most)


def test_a_clock_that_jumps_an_hour_forwards_and_back_keeps_the_order(tmp_path: Path) -> None:
    """``seq`` rises strictly, and what comes later wins, whatever the clock of the collector says."""
    faketime = needed("faketime")
    clock = tmp_path / "clock"
    settings = {"FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                "DONT_FAKE_MONOTONIC": "1", "LD_PRELOAD": _library(faketime)}  # fmt: skip
    document = loaded(tmp_path)
    clock.write_text("+0")
    with Peer() as peer, collecting(document, peer.port, (), **settings) as process:
        started(process)
        for offset in ("+0", "+1h", "-1h", "+0"):
            beside = clock.with_suffix(".new")
            beside.write_text(offset)
            beside.replace(clock)
            peer.offer(10 * BLOCK)
            peer.until(peer.most)
        assert stop(process)["waiting"] == 0
    holds_once(document, peer.most)


def _library(faketime: Path) -> str:
    """The library that ``faketime`` puts before others."""
    done = subprocess.run([faketime, "-f", "+0", "env"], capture_output=True, text=True, check=True)
    return next(line.partition("=")[2] for line in done.stdout.splitlines() if line.startswith("LD_PRELOAD="))


def test_a_torn_segment_is_said_and_costs_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    document = loaded(tmp_path)
    with Peer() as peer:
        peer.offer(3 * BLOCK)
        with collecting(document, peer.port) as process:
            started(process)
            peer.until(peer.most)
            process.kill()
        folder = tmp_path / "collected" / "spool"
        last = max((folder / "scada").glob("*.spool"))
        with last.open("ab") as file:
            file.write(last.read_bytes()[-300:])  # as of a write that was cut off
        peer.offer(3 * BLOCK)
        with collecting(document, peer.port) as process:
            says(started(process), "never acknowledged")
            peer.until(peer.most)
            stop(process)
        assert Spool(folder, "scada").findings == []
    holds_once(document, peer.most)


def test_it_ends_in_an_orderly_way_when_it_is_interrupted(tmp_path: Path) -> None:
    document = loaded(tmp_path)
    with Peer() as peer, collecting(document, peer.port) as process:
        peer.offer(10 * BLOCK)
        started(process)
        peer.until(5 * BLOCK)
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=60)
        assert process.returncode == 0 and "Traceback" not in error and '"waiting": 0' in out
        rows = peer.acknowledged
    assert rows >= 5 * BLOCK
