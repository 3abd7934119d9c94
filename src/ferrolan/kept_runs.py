"""A run that was kept: found again, its brief written again, its tables taken out.

For example: ``kept_run("3ca0")`` reads the run whose id begins so and verifies every hash; ``export(kept, "suspects")``
gives that table as the bytes of a CSV file. Nothing is computed here: what a run kept is what it says.
"""

from __future__ import annotations

import json
from pathlib import Path

from ferrolan.base.errors import Fault, RecordError
from ferrolan.base.schema import nearest
from ferrolan.briefs.pdf import pdf_of
from ferrolan.briefs.write import render
from ferrolan.records import exports, runs
from ferrolan.records.whole import put
from ferrolan.views.context import Context

CONTEXT = "context.json"
"""What a view of a kept run must know besides its tables."""


def kept_run(run: str | None = None, out: Path | str = "runs") -> runs.Run:
    """A kept run, every hash verified.

    Parameters
    ----------
    run
        Its id, or the beginning of it; the youngest if none is given.
    out
        Folder of all runs.

    Raises
    ------
    RecordError
        If there is no such run, the beginning fits several, or the run is not what its hashes say.
    """
    return runs.read(runs.find(Path(out), run))


def brief_of(kept: runs.Run) -> str:
    """The brief of a kept run, written again from its tables, as one self-contained HTML page."""
    return render(kept.tables, kept_context(kept))


def write_brief(kept: runs.Run, *, html: Path | None = None, pdf: Path | None = None) -> tuple[Path, ...]:
    """Write the brief of a kept run to files; the PDF needs the extra ``[pdf]``.

    Raises
    ------
    SurroundingsError
        If the disk refuses, or WeasyPrint is missing; the page is written before the PDF is tried.
    """
    if html is not None:
        put(html, brief_of(kept).encode())
    if pdf is not None:
        put(pdf, pdf_of(kept.tables, kept_context(kept)))
    return tuple(path for path in (html, pdf) if path is not None)


def export(kept: runs.Run, table: str, form: exports.Form = "csv") -> bytes:
    """A table of a kept run as the bytes of a CSV, Parquet or JSON file.

    Raises
    ------
    RecordError
        If the run has no such table; the nearest name is offered.
    """
    if table not in kept.tables:
        file, known = str(kept.folder / "run.json"), sorted(kept.tables)
        fault = Fault(file, 0, "tables", repr(table), "a table of the run", nearest(table, known), "unknown_table")
        raise RecordError([fault])
    return exports.export(kept.tables[table], form)


def kept_context(kept: runs.Run) -> Context:
    """The context that a run keeps beside its tables."""
    return Context.from_json(json.loads((kept.folder / CONTEXT).read_text(encoding="utf-8")))
