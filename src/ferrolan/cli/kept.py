"""Commands on what is kept: a run's brief written again, a table of it exported, a meter signed out.

``ferrolan export 3ca0d1de3b6c9f0e suspects --format csv`` prints the suspects; without a run the youngest one counts.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from ferrolan import verbs
from ferrolan.base.language import _, use
from ferrolan.cli.ending import OK
from ferrolan.cli.options import SPOKEN, Output
from ferrolan.cli.printing import print_json, print_rows
from ferrolan.records.whole import put

Runs = Annotated[Path, Parameter(help="Folder of all runs.")]


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
    kept = verbs.kept_run(run, out)
    if html is None and pdf is None and not output.json:
        sys.stdout.write(verbs.brief_of(kept))
    written = verbs.write_brief(kept, html=html, pdf=pdf)
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
    kept = verbs.kept_run(None if run == "last" else run, out)
    if table is None:
        print_rows([(name, str(frame.height)) for name, frame in sorted(kept.tables.items())])
        return OK
    content = verbs.export(kept, table, format)
    if to is None:
        sys.stdout.buffer.write(content)
        return OK
    put(to, content)
    print(_("{table} of run {run}: {path}").format(table=table, run=kept.run_id, path=to))
    return OK


def exclude(
    tag: str,
    document: Path | None = None,
    *,
    who: Annotated[str, Parameter(help="Who signs.")],
    reason: Annotated[str, Parameter(help="Why.")],
    back: Annotated[bool, Parameter(negative="", help="Take the meter into the account again.")] = False,
    month: Annotated[str | None, Parameter(help="ISO month, in place of the document's.")] = None,
    out: Runs = Path("runs"),
    output: Output = SPOKEN,
) -> int:
    """Sign a meter out of the account of the document's month; it counts from the next run on."""
    use(output.language)
    enterprise = verbs.of_month(verbs.load(document), month)
    entry = verbs.exclude(enterprise, tag, who=who, reason=reason, out=out, back=back)
    told = {
        "number": entry.number,
        "what": entry.act.what,
        "tag": tag,
        "plant": enterprise.name,
        "month": enterprise.require_account().month,
        "who": who,
        "hash": entry.hash,
    }
    if output.json:
        print_json(told)
    else:
        print(_("Act {number}: {what} {tag} in {plant}, {month}, signed by {who}. Hash {hash}").format(**told))
    return OK
