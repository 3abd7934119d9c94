"""Commands on what is kept: a run's brief written again, a table of it exported, its account made again.

``ferrolan export 3ca0d1de3b6c9f0e suspects --format csv`` prints the suspects; without a run the youngest one counts.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from ferrolan import acts, kept_runs
from ferrolan.base.language import _, use
from ferrolan.cli.ending import FINDING, OK
from ferrolan.cli.options import SPOKEN, Output, Runs
from ferrolan.cli.printing import print_json, print_rows
from ferrolan.records.exports import records
from ferrolan.records.whole import put
from ferrolan.views import changed


def brief(
    run: str | None = None,
    *,
    html: Annotated[Path | None, Parameter(help="File of the page; standard output if neither is given.")] = None,
    pdf: Annotated[Path | None, Parameter(help="File of the PDF (needs the extra [pdf]).")] = None,
    out: Runs = Path("runs"),
    output: Output = SPOKEN,
) -> int:
    """Write the brief of a kept run again, as a page or as PDF: the youngest run if none is named."""
    use(output.language)
    kept = kept_runs.kept_run(run, out)
    if html is None and pdf is None and not output.json:
        sys.stdout.write(kept_runs.brief_of(kept))
    written = kept_runs.write_brief(kept, html=html, pdf=pdf)
    for path in written if not output.json else ():
        print(_("Brief: {path}").format(path=path))
    if output.json:
        print_json({"run": kept.run_id, "files": [str(path) for path in written]})
    return OK


def export(
    run: str | None = None,
    table: str | None = None,
    *,
    format: Annotated[Literal["csv", "parquet", "json"], Parameter(help="Form of the table.")] = "csv",
    to: Annotated[Path | None, Parameter(help="File; standard output if none is given.")] = None,
    out: Runs = Path("runs"),
    output: Output = SPOKEN,
) -> int:
    """Export a table of a kept run; without a table, list what there is. ``last`` is the youngest run."""
    use(output.language)
    kept = kept_runs.kept_run(None if run == "last" else run, out)
    if table is None:
        print_rows([(name, str(frame.height)) for name, frame in sorted(kept.tables.items())])
        return OK
    content = kept_runs.export(kept, table, format)
    if to is None:
        sys.stdout.buffer.write(content)
        return OK
    put(to, content)
    print(_("{table} of run {run}: {path}").format(table=table, run=kept.run_id, path=to))
    return OK


def replay(
    run: str | None = None,
    document: Path | None = None,
    *,
    out: Runs = Path("runs"),
    output: Output = SPOKEN,
) -> int:
    """Make the account of a kept run again from its raw files, and say whether it comes out the same; exit 1 if not."""
    use(output.language)
    kept = kept_runs.kept_run(None if run == "last" else run, out)
    found = acts.replay(kept, document, out)
    if output.json:
        told = {"run": found.run, "equal": found.equal, "differs": found.differs, "found": found.found}
        told |= {"expected": found.expected, "code_changed": found.code_changed, "changes": records(found.changes)}
        print_json(told)
    else:
        for line in changed.replay_lines(found, kept_runs.kept_context(kept)):
            print(line)
    return OK if found.equal else FINDING
