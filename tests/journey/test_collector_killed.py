"""``kill -9`` of the collector: what it had acknowledged is stored, and stored once, whenever it was killed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from ferrolan.assembly.historian import open_store
from ferrolan.enterprise.document import Enterprise
from tests.collector.bench import loaded
from tests.journey.collected.peer import BLOCK, Peer

ROOT = Path(__file__).parents[2]
SPAN = datetime(1970, 1, 2, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


@contextmanager
def collecting(
    document: Enterprise, port: int, before: Sequence[str] = (), **environment: str
) -> Iterator[subprocess.Popen[str]]:
    """A collector in a process of its own; it is there no more when the block ends."""
    command = [*before, sys.executable, "-m", "tests.journey.collected", str(document.path), str(port)]
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        with suppress(ValueError):
            process.communicate()


def started(process: subprocess.Popen[str]) -> str:
    """Its address, when it has started."""
    assert process.stdout is not None and process.stderr is not None
    url = process.stdout.readline().strip()
    assert url, process.stderr.read()
    return url


def stop(process: subprocess.Popen[str]) -> dict[str, int]:
    """End it in an orderly way; what it says of it."""
    process.send_signal(signal.SIGTERM)
    out, error = process.communicate(timeout=60)
    assert process.returncode == 0, error
    found: dict[str, int] = json.loads(out.splitlines()[-1])
    return found


def stored(document: Enterprise) -> pl.DataFrame:
    """Every row of the historian, superseded ones too."""
    store = open_store(document)
    try:
        numbers = store.registered()["number"].to_list()
        lost = store.superseded(numbers, *SPAN)
        winners = store.query(numbers, *SPAN)
        assert store.count() == winners.height + lost.height
    finally:
        store.close()
    return pl.concat([winners, lost])


def holds_once(document: Enterprise, rows: int) -> None:
    """Rows 0 to ``rows`` - 1 are stored, each once, in rising order of ``seq``."""
    found = stored(document).sort("seq")
    assert found.height == rows
    assert found["value"].to_list() == list(range(rows)), "in the order of arrival"
    assert found["seq"].is_sorted() and found["seq"].n_unique() == rows


def killed(folder: Path, kills: int, seed: int) -> None:
    chance = random.Random(seed)
    document = loaded(folder)
    with Peer() as peer:
        for _ in range(kills):
            with collecting(document, peer.port) as process:
                peer.offer(20 * BLOCK)
                wanted = peer.acknowledged + chance.randrange(0, 19) * BLOCK
                started(process)
                peer.until(wanted)
                time.sleep(chance.random() * 0.05)  # anywhere within a write, a commit, a release
                process.kill()
        with collecting(document, peer.port) as process:
            started(process)
            peer.until(peer.most)
            ended = stop(process)
        assert ended["waiting"] == 0 and peer.links >= kills
        holds_once(document, peer.most)


def test_three_kills_lose_nothing_that_was_acknowledged_and_double_nothing(tmp_path: Path) -> None:
    killed(tmp_path, 3, seed=7)


@pytest.mark.slow
def test_twenty_kills_lose_nothing_that_was_acknowledged_and_double_nothing(tmp_path: Path) -> None:
    killed(tmp_path, 20, seed=20)
