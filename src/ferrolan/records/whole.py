"""Files that are there whole or not at all, also after a power cut.

A run's table is written beside its place, brought to the disk and then moved there; the folder is brought to the disk
as well, for a name is part of it. A reader sees the old file or the new one, never half of one.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from ferrolan.base.surroundings import storing


def keep(file: Path, content: bytes) -> None:
    """Write a file and bring it to the disk.

    Raises
    ------
    SurroundingsError
        If the disk refuses.
    """
    with storing(file), file.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def replace(file: Path, content: bytes) -> None:
    """Put a file in the place of the one that stands there; whoever reads meanwhile gets one of the two, whole.

    Raises
    ------
    SurroundingsError
        If the disk refuses; the old file stays.
    """
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        keep(beside, content)
        with storing(file):
            beside.replace(file)
        settle(file.parent)
    finally:
        _discard(beside)


def put(file: Path, content: bytes) -> None:
    """Write a file whole or not at all, with the folders it needs.

    A symbolic link is followed; a pipe or a device is written to and stays what it is.

    Raises
    ------
    SurroundingsError
        If the disk refuses; a file that was there is unchanged.
    """
    with storing(file):
        file = file.resolve()
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.exists() and not file.is_file() and not file.is_dir():
            file.write_bytes(content)
            return
    replace(file, content)


def settle(folder: Path) -> None:
    """Bring the names of a folder to the disk.

    Raises
    ------
    SurroundingsError
        If the disk refuses.
    """
    if sys.platform == "win32":  # a folder cannot be opened there
        return
    with storing(folder):
        place = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(place)
        finally:
            os.close(place)


def ready(folder: Path) -> None:
    """Make a folder and try it: better refused at once than after the work.

    Raises
    ------
    SurroundingsError
        If it cannot be made or nothing can be written there.
    """
    with storing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    trial = folder / f".trial.{os.getpid()}"
    try:
        keep(trial, b"ferrolan\n")
    finally:
        _discard(trial)


def _discard(file: Path) -> None:
    """Remove what may be left of a file; a disk that refuses this too has been named already."""
    with suppress(OSError):
        file.unlink(missing_ok=True)
