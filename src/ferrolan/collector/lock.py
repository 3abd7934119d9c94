"""One collector a folder: a lock that the operating system gives back when its process ends, however it ends."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from ferrolan.base.errors import Fault, SurroundingsError
from ferrolan.base.surroundings import storing

LOCK = "collector.lock"
"""File that is locked; it holds the number of the process and its address."""


class FolderLock:
    """Holds the folder of a collector.

    Parameters
    ----------
    folder
        The folder, made if it is not there.

    Raises
    ------
    SurroundingsError
        If another collector holds it, with its number and address; or the disk refuses.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOCK
        with storing(folder):
            folder.mkdir(0o700, parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._file)
            raise self._held() from error
        self.say("")

    def say(self, address: str) -> None:
        """Write down where this collector answers."""
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, json.dumps({"pid": os.getpid(), "address": address}).encode(), 0)

    def close(self) -> None:
        """Give the folder back."""
        os.ftruncate(self._file, 0)
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _held(self) -> SurroundingsError:
        held = holder(self._path.parent)
        found = f"one that process {held[0]} holds" + (f", which answers at {held[1]}" if held[1] else "")
        way_out = "One collector owns a folder: stop the other, or give --out another folder."
        return SurroundingsError(str(Fault(str(self._path), 0, "", found, "a free folder", way_out, "collector_runs")))


def holder(folder: Path) -> tuple[int, str]:
    """Process and address of the collector that holds a folder; 0 and nothing where they are not known."""
    try:
        found = json.loads((folder / LOCK).read_text(encoding="utf-8"))
        return int(found["pid"]), str(found["address"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0, ""
