"""Files that are whole or not there: written beside their place, brought to the disk, moved, their folder after them.

A day of two million samples is written into ``.0001.tmp``; when every file and the folder's names are on the disk it
becomes ``0001`` in one step. Whoever reads sees the old day or the new one, also after a power cut.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from ferrolan.base.provenance import Json
from ferrolan.base.surroundings import storing

_BLOCK = 1 << 20


def write_table(file: Path, frame: pl.DataFrame, *, level: int = 5, row_group: int = 20_480) -> None:
    """Write a table as Parquet and bring it to the disk.

    Parameters
    ----------
    level
        Of the zstd compression.
    row_group
        Rows a group: what is read at least.
    """
    with storing(file):
        frame.write_parquet(file, compression="zstd", compression_level=level, row_group_size=row_group)
        _sync(file)


def replace_table(file: Path, frame: pl.DataFrame) -> None:
    """Put a table in the place of the one that stands there, whole."""
    beside = file.with_name(f".{file.name}.tmp")
    try:
        write_table(beside, frame)
        with storing(file):
            beside.replace(file)
        sync_folder(file.parent)
    finally:
        beside.unlink(missing_ok=True)


def write_json(file: Path, content: Json) -> None:
    """Write a JSON document and bring it to the disk."""
    with storing(file), file.open("w", encoding="utf-8") as stream:
        stream.write(json.dumps(content, ensure_ascii=False, indent=1) + "\n")
        stream.flush()
        os.fsync(stream.fileno())


def replace_json(file: Path, content: Json) -> None:
    """Put a JSON document in the place of the one that stands there, whole."""
    beside = file.with_name(f".{file.name}.tmp")
    try:
        write_json(beside, content)
        with storing(file):
            beside.replace(file)
        sync_folder(file.parent)
    finally:
        beside.unlink(missing_ok=True)


def append_line(file: Path, content: Json) -> None:
    """Add a line of JSON to a file and bring it to the disk."""
    with storing(file), file.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(content, ensure_ascii=False) + "\n")
        stream.flush()
        os.fsync(stream.fileno())


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """A folder to write in that takes its place when the block ends; where it fails nothing is left."""
    beside = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(beside, ignore_errors=True)
    try:
        with storing(beside):
            beside.mkdir(parents=True)
        yield beside
        sync_folder(beside)
        with storing(folder):
            beside.rename(folder)
        sync_folder(folder.parent)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def remove_folder(folder: Path) -> None:
    """Remove a folder: first its name, so that half of it is never found under it."""
    aside = folder.with_name(f".{folder.name}.gone")
    with storing(folder):
        shutil.rmtree(aside, ignore_errors=True)
        folder.rename(aside)
        sync_folder(folder.parent)
        shutil.rmtree(aside, ignore_errors=True)


def sync_folder(folder: Path) -> None:
    """Bring the names of a folder to the disk."""
    if sys.platform != "win32":  # a folder cannot be opened there
        with storing(folder):
            _sync(folder)


def file_hash(file: Path) -> str:
    """SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    with storing(file), file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _sync(path: Path) -> None:
    place = os.open(path, os.O_RDONLY)
    try:
        os.fsync(place)
    finally:
        os.close(place)
