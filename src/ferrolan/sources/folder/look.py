"""What lies in a folder, and which of it has come to rest.

``assays.csv`` is seen with 4 kB, then with 12 kB, then twice with 12 kB and the same time: it is whole as far as
anybody can tell from outside. Files of unfinished copies (``~$assays.xlsx``, ``assays.csv.part``) are not looked at.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

_UNFINISHED = (".tmp", ".part", ".partial", ".filepart", ".crdownload", "~")


@dataclass(frozen=True)
class Seen:
    """A file as it was seen: its path, its size [byte] and its time of modification [ns since 1970]."""

    path: Path
    size: int
    modified: int


class Resting:
    """Since when each file has stood still."""

    def __init__(self) -> None:
        self._since: dict[str, tuple[Seen, int]] = {}  # time of first sight as it is [us since 1970]

    def ready(self, seen: Mapping[str, Seen], now: int, settle: int) -> dict[str, Seen]:
        """The files that have stood still for ``settle`` [us]; those that are gone are forgotten."""
        known = self._since
        self._since = {
            name: known[name] if name in known and known[name][0] == file else (file, now)
            for name, file in seen.items()
        }
        return {name: file for name, (file, since) in self._since.items() if now - since >= settle}


def look(folder: Path, pattern: str, *, below: bool) -> tuple[dict[str, Seen], dict[str, str]]:
    """The files of a folder by name, and what is odd about the others.

    Parameters
    ----------
    folder
        Where to look.
    pattern
        Which names are meant, as of a shell.
    below
        Whether folders within it are looked through.

    Raises
    ------
    OSError
        If the folder itself cannot be listed.
    """
    found: dict[str, Seen] = {}
    odd: dict[str, str] = {}
    for path in sorted(_paths(folder, below=below)):
        if not _is_meant(path.name, pattern):
            continue
        name = printable(path.relative_to(folder))
        try:
            status = path.stat()
        except OSError as error:
            odd[name] = (error.strerror or "cannot be looked at").lower()
            continue
        if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
            odd[name] = "a link that leads out of the folder"
        elif stat.S_ISREG(status.st_mode):
            found[name] = Seen(path, status.st_size, status.st_mtime_ns)
        elif not stat.S_ISDIR(status.st_mode):
            odd[name] = "a pipe or device"
    return found, odd


def printable(path: Path) -> str:
    """A path as a text that can be written down, whatever bytes its name is made of."""
    return os.fsencode(path.as_posix()).decode("utf-8", errors="backslashreplace")


def _paths(folder: Path, *, below: bool) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        listed = list(entries)
    for entry in listed:
        if not entry.is_dir(follow_symlinks=False):
            yield Path(entry.path)
        elif below:
            yield from _within(Path(entry.path))


def _within(folder: Path) -> Iterator[Path]:
    """Files of a folder within; one that cannot be listed does not stop the others."""
    for place, _, names in os.walk(folder, followlinks=False):
        yield from (Path(place) / name for name in names)


def _is_meant(name: str, pattern: str) -> bool:
    return not name.startswith((".", "~$")) and not name.lower().endswith(_UNFINISHED) and fnmatchcase(name, pattern)
