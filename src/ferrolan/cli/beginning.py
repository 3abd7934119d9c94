"""Commands to begin with: a document to start from, whether it holds, whether the machine has what it takes.

``ferrolan init my_plant --kind steel``, then ``ferrolan check my_plant/my_plant.yaml``.
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from ferrolan import doctor as machine
from ferrolan import starting, taking, verbs
from ferrolan.base.language import _, use
from ferrolan.cli.ending import OK, SURROUNDINGS
from ferrolan.cli.options import SPOKEN, Output
from ferrolan.cli.printing import print_json
from ferrolan.enterprise.mapping import load as load_mapping
from ferrolan.views import health, start


def init(
    folder: Path,
    *,
    kind: Annotated[
        Literal["both", "steel", "rare_earth", "analyst"] | None, Parameter(help="Kind of business.")
    ] = None,
    name: Annotated[str | None, Parameter(help="Short name: letters, digits and _.")] = None,
    title: Annotated[str | None, Parameter(help="Name in a sentence.")] = None,
    time_zone: Annotated[str | None, Parameter(help="IANA time zone of the site.")] = None,
    currency: Annotated[str | None, Parameter(help="Currency of every result.")] = None,
    month: Annotated[str | None, Parameter(help="ISO month of the account, or first of the plan.")] = None,
    output: Output = SPOKEN,
) -> int:
    """Write a document to start from, by kind of business; what is not given is asked for on a terminal."""
    use(output.language)
    said = {
        "kind": kind, "name": name, "title": title, "time_zone": time_zone, "currency": currency, "month": month,
    }  # fmt: skip
    given = {key: answer for key, answer in said.items() if answer is not None}
    ask = _ask if sys.stdin.isatty() and sys.stdout.isatty() and not output.json else None
    answers = starting.answers(folder, given, ask=ask, now=datetime.now().astimezone())
    started = starting.init(folder, **answers)
    if output.json:
        print_json(vars(started))
        return OK
    path = str(started.document)
    print(start.written(path, ", ".join(started.files), started.synthetic, started.values))
    for step in start.steps(path, started.first):
        print(step)
    return OK


def check(document: Path | None = None, *, output: Output = SPOKEN) -> int:
    """Load a document and list every fault with file and line."""
    use(output.language)
    if document is not None and taking.is_mapping(document):
        return _check_mapping(document, output)
    enterprise = verbs.load(document)
    told = {
        "title": enterprise.title,
        "units": len(enterprise.units),
        "streams": len(enterprise.streams),
        "tags": len(enterprise.tags),
    }
    if output.json:
        print_json({**told, "faults": []})
    else:
        print(_("{title}: {units} units, {streams} streams, {tags} tags. No fault found.").format(**told))
    return OK


def _check_mapping(document: Path, output: Output) -> int:
    """Load a mapping of real files: it names the files it finds, and reads none."""
    mapping = load_mapping(document)
    told = {"title": mapping.title, "files": len(mapping.files), "columns": len(mapping.columns)}
    if output.json:
        print_json({**told, "faults": []})
    else:
        print(_("{title}: {files} files, {columns} entries of columns. No fault found.").format(**told))
    return OK


def doctor(
    *,
    out: Annotated[Path, Parameter(help="Folder of all runs.")] = Path("runs"),
    output: Output = SPOKEN,
) -> int:
    """Say what this machine has and lacks: libraries, extras, fonts, solvers, clock, disk."""
    use(output.language)
    findings = machine.examine(out)
    code = OK if health.can_run(findings) else SURROUNDINGS
    if output.json:
        print_json({"can_run": code == OK, "findings": [vars(finding) for finding in findings]})
        return code
    for said in map(health.line, findings):
        print(f"{said.state:<8} {said.what}: {said.found}")
        for more in filter(None, (said.means, said.do)):
            print(f"{'':<8} {more}")
    print(health.verdict(findings))
    return code


def schema(
    *, mapping: Annotated[bool, Parameter(negative="", help="The schema of a mapping of real files.")] = False
) -> int:
    """Print the JSON Schema of an enterprise document, for editors."""
    sys.stdout.write(starting.schema_text(starting.mapping_schema() if mapping else None))
    return OK


def _ask(question: starting.Question) -> str:
    """Ask one question on the terminal; what was wrong before is said first."""
    if question.fault is not None:
        print(question.fault, file=sys.stderr)
    if question.key == "kind":
        for key, meaning in start.kinds().items():
            print(f"  {key:<10} {meaning}")
    return input(f"{start.question(question.key)} [{question.proposed}]: ").strip()
