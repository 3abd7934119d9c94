"""Records of a segment: a header with a check sum over everything behind it, then samples, texts and state.

Two thousand values of a blast furnace are one record of 40 kB. A power cut in the middle of it leaves a record whose
length or check sum (CRC-32, ISO 3309) does not hold, which is thereby no record.
"""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

BATCH, HEAD = 1, 2
"""Kinds of records: rows that were handed over, and the first one of a segment, which has the state alone."""

_MAGIC = b"FSP1"
_HEADER = struct.Struct("<4sIBxxxIIIIQqQ")
"""Magic, CRC-32 of what follows, kind, bytes of samples, texts and state, rows of samples, batch, first seq, total."""
_CHECKED = 8  # bytes before what the check sum is over


@dataclass(frozen=True)
class Record:
    """One whole record: its payload, the number of its batch, its ``seq`` from first to last, the rows ever taken with
    it, and where it ends in its segment [byte].
    """

    kind: int
    samples: bytes
    texts: bytes
    state: bytes
    batch: int
    first_seq: int
    last_seq: int
    total: int
    end: int


def encoded(
    kind: int, samples: bytes, texts: bytes, state: bytes, rows: int, batch: int, first_seq: int, total: int
) -> bytes:
    """The bytes of a record."""
    header = _HEADER.pack(_MAGIC, 0, kind, len(samples), len(texts), len(state), rows, batch, first_seq, total)
    content = b"".join((header[_CHECKED:], samples, texts, state))
    return b"".join((_MAGIC, zlib.crc32(content).to_bytes(4, "little"), content))


def record_at(file: io.BufferedReader, offset: int, end: int) -> Record | None:
    """The record at a place of a segment; None where none is, or not a whole one."""
    file.seek(offset)
    header = file.read(_HEADER.size)
    if len(header) < _HEADER.size or not header.startswith(_MAGIC):
        return None
    _, check, kind, samples, texts, state, rows, batch, seq, total = _HEADER.unpack(header)
    behind = offset + _HEADER.size + samples + texts + state
    if behind > end:
        return None
    content = file.read(samples + texts + state)
    if len(content) < samples + texts + state or zlib.crc32(content, zlib.crc32(header[_CHECKED:])) != check:
        return None
    parts = content[:samples], content[samples : samples + texts], content[samples + texts :]
    last = seq if kind == HEAD else seq + max(rows, 1) - 1
    return Record(kind, *parts, batch, seq, last, total, behind)


def next_whole(file: io.BufferedReader, offset: int, end: int) -> int | None:
    """Where the next whole record begins; None where none follows."""
    file.seek(offset)
    content = file.read(end - offset)
    at = content.find(_MAGIC)
    while at >= 0:
        if record_at(file, offset + at, end) is not None:
            return offset + at
        at = content.find(_MAGIC, at + 1)
    return None


def has_length(path: Path, offset: int, end: int) -> bool:
    """Whether a header stands at a place and everything it announces is there, whole or not."""
    with path.open("rb") as file:
        file.seek(offset)
        header = file.read(_HEADER.size)
    if len(header) < _HEADER.size or not header.startswith(_MAGIC):
        return False
    _, _, _, samples, texts, state, *_ = _HEADER.unpack(header)
    return bool(offset + _HEADER.size + samples + texts + state <= end)


def torn_from(path: Path, end: int) -> int:
    """Where the last whole record of a segment ends [byte]: what is behind it was never complete."""
    with path.open("rb") as file:
        offset = whole = 0
        while offset < end:
            record = record_at(file, offset, end)
            behind = record.end if record is not None else next_whole(file, offset + 1, end)
            if behind is None:
                break
            offset = behind
            whole = behind if record is not None else whole
        return whole
