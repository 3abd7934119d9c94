"""What a disk says when it refuses, in our words: what it wanted, what it met, the way out.

A full disk says ``[Errno 28] No space left on device`` in Python, ``TransactionContext Error: Failed to commit`` in
DuckDB and ``parquet: File out of specification`` in polars. All of them are one refusal, ``disk_full``, with the path
and the way out.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ferrolan.base.errors import Fault, FerrolanError, SurroundingsError


@dataclass(frozen=True)
class Refusal:
    """One way a disk refuses: the error numbers and texts it is known by, and what a reader is told."""

    code: str
    numbers: tuple[int, ...]
    expected: str
    way_out: str

    @property
    def texts(self) -> tuple[str, ...]:
        """What the operating system says with these numbers, in lower case."""
        return tuple(os.strerror(number).lower() for number in self.numbers)


REFUSALS = (
    Refusal(
        "disk_full",
        (errno.ENOSPC, errno.EDQUOT, errno.EFBIG),
        "room to write",
        "Free some space, or choose a folder on another disk. What was kept before is unchanged",
    ),
    Refusal(
        "read_only",
        (errno.EACCES, errno.EPERM, errno.EROFS),
        "the right to read and write there",
        "Ask for that right, or choose another folder",
    ),
    Refusal(
        "not_a_folder",
        (errno.ENOTDIR, errno.EEXIST),
        "a folder",
        "A file stands where a folder must be: move it, or choose another folder",
    ),
    Refusal("not_a_file", (errno.EISDIR,), "a file", "A folder stands there: move it, or choose another path"),
    Refusal("missing_folder", (errno.ENOENT,), "a folder that is there", "Correct the path, or make the folder"),
)
"""Every refusal that has words of its own."""

OTHER = Refusal("disk_error", (), "a disk that answers", "Check the path, its rights and the disk")
"""What is left: a broken disk, a share that went away, a name that is too long."""


def refused(path: Path | str, error: BaseException) -> SurroundingsError:
    """The error of a path that cannot be written or read, whichever library met it.

    Parameters
    ----------
    path
        What was to be written or read.
    error
        An ``OSError``, or the error of a library whose text holds what the operating system said.

    Returns
    -------
    SurroundingsError
        In the form of a fault, with its code.

    Examples
    --------
    >>> print(refused("runs", OSError(28, "No space left on device")))
    runs: expected room to write, got "no space left on device". Free some space, or choose a folder on another disk. \
What was kept before is unchanged. [disk_full]
    """
    kind, said = _kind(error)
    fault = Fault(str(path), 0, "", f'"{said}"', kind.expected, f"{kind.way_out}.", kind.code)
    return SurroundingsError(str(fault))


@contextmanager
def storing(path: Path | str) -> Iterator[None]:
    """Raise ``SurroundingsError`` where the disk refuses what is done in the block."""
    try:
        yield
    except FerrolanError:
        raise
    except OSError as error:
        raise refused(path, error) from error
    except Exception as error:  # a library's own, such as polars', which holds what the operating system said
        if _kind(error)[0] is OTHER:
            raise
        raise refused(path, error) from error


def _kind(error: BaseException) -> tuple[Refusal, str]:
    text = str(error).lower()
    for kind in REFUSALS:
        if isinstance(error, OSError) and error.errno in kind.numbers:
            return kind, (error.strerror or text).lower()
        for known in kind.texts:
            if known in text:
                return kind, known
    if "disk is full" in text:  # SQLite
        return REFUSALS[0], "disk is full"
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return OTHER, said.lower()
