"""The numbers of the sources in the historian: one for each name, for good.

A row of 2026 says that it came from source 1. In the document ``scada`` stood in that place; a year later ``lims`` was
declared above it. The collector keeps which name it gave which number, so that 1 is ``scada`` for ever.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ferrolan.assembly.connectors import Link
from ferrolan.base.errors import Fault, SurroundingsError
from ferrolan.base.surroundings import storing
from ferrolan.records import whole

SOURCES = "sources.json"
"""File of the numbers of the sources by name, in the collector's folder."""


def numbered(folder: Path, links: Sequence[Link]) -> tuple[Link, ...]:
    """The live sources under the numbers that are kept; a new name gets one that no source ever had.

    Parameters
    ----------
    folder
        Folder of the collector, which holds its lock.
    links
        The live sources, with their places in the document: their numbers where none is kept yet.

    Raises
    ------
    SurroundingsError
        If the kept numbers cannot be read, or new ones not be kept.
    """
    file = folder / SOURCES
    kept = _kept(file)
    numbers = dict(kept)
    for link in links:
        if link.name not in numbers:
            numbers[link.name] = _free(numbers.values(), None if kept else link.number)
    if numbers != kept:
        whole.replace(file, json.dumps(numbers, ensure_ascii=False, indent=0).encode())
    return tuple(replace(link, number=numbers[link.name]) for link in links)


def _kept(file: Path) -> Mapping[str, int]:
    """Every number that was ever given, by name; empty before the first."""
    with storing(file):
        if not file.exists():
            return {}
        content = file.read_bytes()
    try:
        kept = json.loads(content)
    except ValueError:
        kept = None
    if not isinstance(kept, dict) or not all(type(number) is int for number in kept.values()):
        raise _damaged(file)
    return kept


def _damaged(file: Path) -> SurroundingsError:
    """Numbers given anew might be those of other sources, so that nothing is collected under them."""
    way_out = "Restore it from a copy; or write it anew, a number for each name, none of them given before."
    fault = Fault(str(file), 0, "", "another text", "names of sources and their numbers", way_out, "damaged_numbers")
    return SurroundingsError(str(fault))


def _free(given: Iterable[int], wanted: int | None) -> int:
    """The wanted number, or the next one, that was never given."""
    taken = set(given)
    return max(taken, default=-1) + 1 if wanted is None or wanted in taken else wanted
