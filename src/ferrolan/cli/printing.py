"""What every command prints: a progress line on a terminal, where a run lies, a table as text or JSON.

``Run 3ca0d1de3b6c9f0e took 6.2 s.`` and where its brief, tables and record lie.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ferrolan.base.language import _

if TYPE_CHECKING:
    from pathlib import Path

    from ferrolan.results import RunResult


def print_json(told: Mapping[str, object]) -> None:
    """Print one JSON document."""
    print(json.dumps(told, ensure_ascii=False, allow_nan=False, indent=2, default=str))


def print_rows(rows: Sequence[Sequence[str]]) -> None:
    """Print rows of cells in columns as wide as their widest cell."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))] if rows else []
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def told(result: RunResult) -> dict[str, object]:
    """A run as JSON: its id, where it lies, its stations and findings."""
    from ferrolan.records.exports import records

    kept = result.run
    return {
        "run": result.run_id,
        "folder": None if kept is None else str(kept.folder),
        "brief": None if result.brief is None else str(result.brief),
        "seconds": dict(result.seconds),
        "stations": records(result.tables["stations"]),
        **({"findings": records(result.tables["findings"])} if "findings" in result.tables else {}),
    }


def print_where(result: RunResult) -> None:
    """Say the run's id, how long it took, and where it lies."""
    seconds = sum(result.seconds.values())
    print()
    print(_("Run {run} took {seconds:.1f} s.").format(run=result.run_id, seconds=seconds))
    if result.run is None:
        print(_("A dry run: nothing is kept."))
        return
    if result.brief is not None:
        print(_("Brief:  {path}").format(path=result.brief))
    print(_("Tables: {path}").format(path=result.run.folder / "tables"))
    print(_("Record: {path}").format(path=result.run.folder / "run.json"))


def print_store(store: Path | None) -> None:
    """Say where a historian of real files lies, and its report."""
    print()
    if store is None:
        print(_("A dry run: nothing is kept."))
        return
    print(_("Historian: {path}").format(path=store))
    print(_("Report:    {path}").format(path=store.with_suffix(".tables")))


class Progress:
    """One line on a terminal's standard error that says which station is at work."""

    def __init__(self, stations: int, *, shown: bool) -> None:
        self._stations = stations
        self._done = 0
        self._shown = shown and sys.stderr.isatty()

    def __enter__(self) -> Progress:
        if self._shown:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as Bar

            self._bar = Bar(
                TextColumn("{task.description:<14}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task("", total=self._stations)
        return self

    def station(self, name: str) -> None:
        """Show the station that begins."""
        if self._shown:
            self._bar.update(self._task, description=_(name), completed=self._done)
        self._done += 1

    def __exit__(self, *_exception: object) -> None:
        if self._shown:
            self._bar.stop()
