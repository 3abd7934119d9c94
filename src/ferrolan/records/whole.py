"""Files that are there whole or not at all, also after a power cut.

A run's table is written beside its place, brought to the disk and then moved there; the folder is brought to the disk
as well, for a name is part of it. A reader sees the old file or the new one, never half of one.
"""

from __future__ import annotations

import glob
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from ferrolan.base.errors import SurroundingsError
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
        if file.exists() and not file.is_file() and not file.is_dir():
            file.write_bytes(content)
            return
        try:
            file = file.resolve()
        except (RuntimeError, ValueError) as error:  # links in a ring, or a name no disk knows
            raise SurroundingsError(f"{file}: it cannot be written there: {error}. Check the path.") from error
        file.parent.mkdir(parents=True, exist_ok=True)
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


@contextmanager
def making(folder: Path) -> Iterator[Path]:
    """A folder to write in, hidden beside the place of another; whatever is left in it is gone afterwards.

    It is held while it is written, so that ``sweep`` takes away what a killed process left, and nothing else. What
    is still there of earlier makings of the same folder is swept first.

    Parameters
    ----------
    folder
        The place that what is made will be moved to.

    Raises
    ------
    SurroundingsError
        If the disk refuses.
    """
    sweep(folder)
    with ExitStack() as stack:
        with storing(folder.parent):
            folder.parent.mkdir(parents=True, exist_ok=True)
            beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
            stack.callback(shutil.rmtree, beside, ignore_errors=True)
            stack.enter_context(_held(beside))
        yield beside


def sweep(folder: Path) -> None:
    """Remove what processes that were killed left of the making of a folder; what a living one makes is held."""
    if sys.platform == "win32":
        return
    for left in folder.parent.glob(f".{glob.escape(folder.name)}.*"):
        with suppress(OSError), _held(left):
            if left.is_dir():
                shutil.rmtree(left)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold a folder that is being written, so that no other process takes it for what a dead one left."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    place = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(place)


def _discard(file: Path) -> None:
    """Remove what may be left of a file; a disk that refuses this too has been named already."""
    with suppress(OSError):
        file.unlink(missing_ok=True)
