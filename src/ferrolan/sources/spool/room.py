"""How much of a disk a spool may take, and how much of that is left.

The disk of 100 GiB has 20 GiB free, the spool holds 4 of its 16 GiB: 75 % of its own room is left, and of the disk's
(20 - 0.5) / (20 - 0.5 + 4), 83 %; the lesser counts.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Bounds:
    """How much of a disk a spool may take.

    Parameters
    ----------
    most
        Size of the spool from which on it is full [byte].
    near
        Share of ``most`` from which on it raises an alarm [1].
    free
        Free space that is left to others [byte]; of a small disk a tenth of its size where that is less.
    """

    most: int = 16 * 2**30
    near: float = 0.8
    free: int = 512 * 2**20


def left(bounds: Bounds, folder: Path, size: int) -> float:
    """Share of its room that is left [1] to a spool of a size [byte]: of its own bound or of the disk's, the lesser."""
    above = above_floor(bounds, folder)
    return max(min(1.0 - size / bounds.most, above / max(above + size, 1)), 0.0)


def fits(bounds: Bounds, folder: Path, size: int, wanted: int) -> bool:
    """Whether a spool of a size [byte] may take so many bytes more."""
    return size + wanted <= bounds.most and wanted <= above_floor(bounds, folder)


def above_floor(bounds: Bounds, folder: Path) -> int:
    """Free space above what is left to others [byte]."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize - min(bounds.free, disk.f_blocks * disk.f_frsize // 10)
