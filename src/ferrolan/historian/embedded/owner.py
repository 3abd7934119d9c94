"""Who owns a historian's folder: one process at a time, which says its number and where it may be asked.

The collector of a works owns ``historian/`` for weeks; ``ferrolan run`` finds the collector's address in
``owner.json`` and asks there. The lock is the operating system's: it goes with the process, however that ends.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ferrolan.base.errors import Fault, SurroundingsError
from ferrolan.base.surroundings import storing
from ferrolan.historian.embedded.durable import replace_json

_LOCK, _OWNER = "owner.lock", "owner.json"
_TRIES, _PAUSE = 10, 0.02  # [1], [s]


@dataclass(frozen=True)
class Owner:
    """A process that owns a historian: its number, and the address it answers at (empty where it answers nobody)."""

    pid: int
    address: str = ""


class Ownership:
    """The ownership of a folder, held until ``release``.

    Raises
    ------
    SurroundingsError
        If another process owns it, or the disk refuses.
    """

    def __init__(self, folder: Path, address: str = "") -> None:
        self.folder = folder
        with storing(folder):
            folder.mkdir(0o700, parents=True, exist_ok=True)
            self._lock = (folder / _LOCK).open("a+b")
        if not self._taken():
            self._lock.close()
            raise in_use(folder, owner_of(folder))
        self.announce(address)

    def _taken(self) -> bool:
        """Take the lock; somebody who only looks who owns it holds it for an instant, so it is tried more than once."""
        for _ in range(_TRIES):
            if _locked(self._lock):
                return True
            time.sleep(_PAUSE)
        return False

    def announce(self, address: str) -> None:
        """Say where this process may be asked."""
        replace_json(self.folder / _OWNER, {"pid": os.getpid(), "address": address})

    def release(self) -> None:
        """Give the folder free."""
        if not self._lock.closed:
            (self.folder / _OWNER).unlink(missing_ok=True)
            self._lock.close()


def owner_of(folder: Path) -> Owner | None:
    """Who owns a folder; None where nobody does.

    Raises
    ------
    SurroundingsError
        If the disk refuses.
    """
    lock = folder / _LOCK
    if not lock.exists():
        return None
    with storing(lock), lock.open("rb") as held:
        return None if _locked(held, shared=True) else _said(folder / _OWNER)


def in_use(folder: Path, owner: Owner | None) -> SurroundingsError:
    """The refusal of a folder that another process owns."""
    holder = f"one that process {owner.pid} owns" if owner and owner.pid else "one that another process owns"
    asked = f"Ask it at {owner.address}" if owner and owner.address else "Ask the process that owns it"
    way_out = f"{asked}, stop it, or choose another folder."
    return SurroundingsError(str(Fault(str(folder), 0, "", holder, "a historian that is free", way_out, "in_use")))


def _said(file: Path) -> Owner:
    """What the owner wrote; one that is about to write is unknown."""
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        return Owner(int(said["pid"]), str(said["address"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Owner(0)


def _locked(file: IO[bytes], *, shared: bool = False) -> bool:
    """Take the lock of an open file; False where another process has it."""
    if sys.platform == "win32":  # DuckDB's own lock on the hot file guards it there
        return True
    import fcntl

    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
