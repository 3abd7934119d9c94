"""Real servers for tests: each is started on 127.0.0.1 at a free port, and ended by its process number.

A server that is not installed skips the test, and fails it where ``FERROLAN_SERVERS=required``.
"""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/usr/bin")


def needed(program: str, *folders: str) -> Path:
    """The program's path, from PATH, ``folders`` or the usual ones; else the test is skipped, or fails in CI."""
    found = shutil.which(program) or shutil.which(program, path=os.pathsep.join((*folders, *_FOLDERS)))
    if found is None:
        absent(f"{program} is not installed")
    return Path(found)


def absent(reason: str) -> None:
    """Skip the test for want of a server or library; fail it where ``FERROLAN_SERVERS=required``."""
    if os.environ.get("FERROLAN_SERVERS") == "required":
        pytest.fail(reason)
    pytest.skip(reason)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(holds: Callable[[], object], what: str, seconds: float = 60.0) -> None:
    """Wait until something holds; fail after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            pytest.fail(f"{what}: not within {seconds:g} s")
        time.sleep(0.05)
