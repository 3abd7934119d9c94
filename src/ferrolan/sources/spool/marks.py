"""Small files beside the segments: who the spool is, and how much of it was handed over.

``scada.5f0c21aa`` is the name under which the historian knows the position of this spool. A folder that was lost and
made anew has another one, so that the position of the old spool says nothing about the new one's batches.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

IDENTITY = "identity"
"""File with the spool's identity."""
HANDED = "handed"
"""File with the number of rows that were handed over, as far as it was noted."""


def known_identity(folder: Path, name: str) -> str:
    """The identity that stands in a folder; empty where none does, or one of another connection."""
    try:
        found = (folder / IDENTITY).read_text(encoding="utf-8").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return ""
    return found if found.startswith(f"{name}.") else ""


def new_identity(folder: Path, name: str) -> str:
    """A name that no other spool has or had, in place of the known one."""
    made, path = f"{name}.{secrets.token_hex(4)}", folder / IDENTITY
    beside = path.with_suffix(".new")
    with beside.open("w", encoding="utf-8") as file:
        file.write(made)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    sync_folder(folder)
    return made


def note_handed(folder: Path, identity: str, rows: int) -> None:
    """Note how many rows were handed over, for the next start: to be told, never to be relied on."""
    with suppress(OSError):
        (folder / HANDED).write_text(f"{identity} {rows}", encoding="utf-8")


def noted_handed(folder: Path, identity: str) -> int:
    """How many rows were handed over as far as it was noted; 0 where nothing is known."""
    try:
        noted, handed = (folder / HANDED).read_text(encoding="utf-8").split()
        return int(handed) if noted == identity else 0
    except (OSError, ValueError):
        return 0


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
