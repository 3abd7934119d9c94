"""The journey's commands: the whole of it, or one station and what it needs.

``ferrolan run`` writes a brief; ``ferrolan plan plant.yaml --dry-run`` closes the account, plans, prints what binds and
keeps nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ferrolan import taking, verbs
from ferrolan.base.errors import DocumentError, Fault
from ferrolan.base.language import use
from ferrolan.cli.ending import FINDING, OK
from ferrolan.cli.options import KEPT, SPOKEN, Journey, Output
from ferrolan.cli.printing import Progress, print_json, print_store, print_where, told
from ferrolan.records.exports import records
from ferrolan.results import NEEDED, Only, RunResult, Tables
from ferrolan.views import summary, taken
from ferrolan.views.context import Context


def run(
    document: Path | None = None,
    *,
    journey: Journey = KEPT,
    output: Output = SPOKEN,
    strict: Annotated[bool, Parameter(negative="", help="Exit 1 if the run has findings that need a person.")] = False,
) -> int:
    """Take a plant from raw data to a brief: the shipped example if no document is given."""
    result = station(document, None, journey, output)
    show(result, summary.lines, output)
    return FINDING if strict and summary.needs_a_person(result.tables) else OK


def ingest(document: Path | None = None, *, journey: Journey = KEPT, output: Output = SPOKEN) -> int:
    """Take raw files into the historian: those of a document, or those of a mapping of a few lines."""
    if document is not None and taking.is_mapping(document):
        return _take(document, journey, output)
    result = station(document, "historian", journey, output)
    show(result, summary.raw_lines, output, "ingest")
    return OK


def plan(document: Path | None = None, *, journey: Journey = KEPT, output: Output = SPOKEN) -> int:
    """Plan the months after the account: what to make, what binds, what one more unit is worth."""
    result = station(document, "plan", journey, output)
    show(result, summary.plan_lines, output, "plan_limits", "what_if")
    return OK


def market(document: Path | None = None, *, journey: Journey = KEPT, output: Output = SPOKEN) -> int:
    """Clear the market of one year in the base case and in every declared scenario."""
    result = station(document, "market", journey, output)
    show(result, summary.market_lines, output, "market", "market_parties")
    return OK


def station(document: Path | None, only: Only | None, journey: Journey, output: Output) -> RunResult:
    """Run one station and what it needs, or the whole journey, with its progress on a terminal."""
    use(output.language)
    with Progress(len(NEEDED[only]), shown=not (output.quiet or output.json)) as progress:
        return verbs.run(
            document,
            journey.out,
            only=only,
            month=journey.month,
            seed=journey.seed,
            dry_run=journey.dry_run,
            announce=progress.station,
        )


def show(result: RunResult, lines: Callable[[Tables, Context], Iterable[str]], output: Output, *tables: str) -> None:
    """Print what a run found: as text, or as JSON with the named tables."""
    if output.json:
        print_json({**told(result), **{name: records(result.tables[name]) for name in tables}})
        return
    for line in lines(result.tables, result.context):
        print(line)
    print_where(result)


def _take(mapping: Path, journey: Journey, output: Output) -> int:
    """Take the files of a mapping into a historian of their own, in the folder of all runs."""
    use(output.language)
    if journey.month is not None or journey.seed is not None:
        way_out = "Leave them out: a mapping has no month and draws nothing"
        raise DocumentError(
            [Fault(str(mapping), 0, "", "--month or --seed", "a mapping alone", way_out, "unknown_key")]
        )
    found = taking.take(mapping, journey.out, dry_run=journey.dry_run)
    if output.json:
        tables = {name: records(frame) for name, frame in found.tables.items()}
        print_json({"name": found.name, "samples": found.samples, "store": found.store, **tables})
        return OK
    for line in taken.lines(found.tables):
        print(line)
    print_store(found.store)
    return OK
