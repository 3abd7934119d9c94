"""What is damaged in a segment: kept aside as it was, said with its place, and read past.

A bit of a record at byte 40,960 turned over on the disk: the segment is copied to ``aside/``, the finding names it with
its size, and the next record whose check sum holds is the next one that is read.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ferrolan.sources.spool.records import Record, next_whole, record_at

ASIDE = "aside"
"""Folder of what was damaged, in the folder of the spool."""


@dataclass(frozen=True)
class Finding:
    """Something that was wrong in a spool: the segment, where in it [byte], how many bytes, and what became of them."""

    segment: str
    offset: int
    size: int
    said: str
    lost: bool = False
    """Whether rows may be lost that had been acknowledged."""


class Findings:
    """Everything that was found wrong in the spool of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.found: list[Finding] = []

    @property
    def lost(self) -> bool:
        """Whether rows may be lost that had been acknowledged."""
        return any(one.lost for one in self.found)

    def note(self, segment: str, offset: int, size: int, said: str, *, lost: bool = False) -> None:
        """Note what was found; ``lost`` where it may have cost rows that were acknowledged."""
        self.found.append(Finding(segment, offset, size, said, lost))

    def damage(self, path: Path, offset: int, size: int) -> None:
        """Note a damaged stretch of a segment, once, and keep the segment aside."""
        if any((one.segment, one.offset) == (path.name, offset) for one in self.found):
            return
        aside = self.folder / ASIDE
        aside.mkdir(exist_ok=True)
        kept = aside / path.name
        if not kept.exists():
            shutil.copyfile(path, kept)
        said = f"{size:,} damaged bytes were left out; the segment is kept as {kept}"
        self.found.append(Finding(path.name, offset, size, said, lost=True))

    def whole(self, path: Path, offset: int, end: int) -> Iterator[Record]:
        """Whole records of a segment between two places [byte]; what is damaged between them is noted."""
        if offset >= end:
            return
        with path.open("rb") as file:
            while offset < end:
                record = record_at(file, offset, end)
                if record is None:
                    behind = next_whole(file, offset + 1, end)
                    self.damage(path, offset, (end if behind is None else behind) - offset)
                    if behind is None:
                        return
                    offset = behind
                    continue
                yield record
                offset = record.end
