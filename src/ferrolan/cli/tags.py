"""Commands on the tag map: whether it holds, against its sources too; what a source offers; where the tags hang.

``ferrolan tags propose plant.yaml --source scada --out tags.csv`` browses the server and writes the map with a row for
whatever is new, each guess with its reason; ``ferrolan tags check plant.yaml --live`` asks every source.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ferrolan import verbs
from ferrolan.assembly import browse, tags
from ferrolan.assembly.proposal import Proposal, disagreements, marked, propose, undeclared
from ferrolan.base.errors import DocumentError, Fault, FaultsError, FerrolanError
from ferrolan.base.language import _, ngettext, use
from ferrolan.cli.ending import FINDING, OK
from ferrolan.cli.options import SPOKEN, Output
from ferrolan.cli.printing import print_json
from ferrolan.enterprise.checks.tag_rows import gaps
from ferrolan.enterprise.document import Enterprise
from ferrolan.enterprise.tags import read_cells, written
from ferrolan.enterprise.text import read_text
from ferrolan.records.whole import put
from ferrolan.sources.browsed import Found
from ferrolan.views import tag_tree


@dataclass(frozen=True)
class _Asked:
    """What a source answered: addresses it holds, how many no tag names, what does not agree or went wrong."""

    source: str
    held: int
    undeclared: int
    faults: tuple[Fault, ...]


def check(
    document: Path | None = None,
    *,
    live: Annotated[bool, Parameter(negative="", help="Ask every source what it holds.")] = False,
    output: Output = SPOKEN,
) -> int:
    """Check the tag map: rows, units, periods; with --live also against what each source holds."""
    use(output.language)
    enterprise = verbs.load(document)
    file = str(enterprise.tags_path)
    remarks = [*gaps(enterprise.tags, file), *tags.changes(enterprise)]
    sources = (name for name in enterprise.sources if not browse.is_made(enterprise, name))
    asked = [_ask(enterprise, name) for name in (*sources, *enterprise.connections)] if live else []
    found = [fault for one in asked for fault in one.faults]
    count = len(tags.numbers(enterprise))
    if output.json:
        said = [{"source": one.source, "held": one.held, "undeclared": one.undeclared} for one in asked]
        print_json({"tags": count, "remarks": _data(remarks), "sources": said, "faults": _data(found)})
        return FINDING if found else OK
    for one in asked:
        text = _("{source}: {held} addresses, {undeclared} of them in no tag.")
        print(text.format(source=one.source, held=one.held, undeclared=one.undeclared))
    for fault in (*remarks, *found):
        print(fault)
    if not found:
        print(ngettext("{count} tag. No fault found.", "{count} tags. No fault found.", count).format(count=count))
    return FINDING if found else OK


def show(document: Path | None = None, *, output: Output = SPOKEN) -> int:
    """Show where the tags hang in the works: site, area, work centre, work unit, equipment."""
    use(output.language)
    enterprise = verbs.load(document)
    if output.json:
        print_json({"name": enterprise.name, "tree": tag_tree.data(enterprise)})
        return OK
    for line in tag_tree.lines(enterprise):
        print(line)
    return OK


def propose_tags(
    document: Path | None = None,
    *,
    source: Annotated[str | None, Parameter(help="Source of the document, or table of the database.")] = None,
    url: Annotated[
        str | None, Parameter(help="Server or database without a document: opc.tcp://..., sqlite:///...")
    ] = None,
    insecure: Annotated[bool, Parameter(negative="", help="Ask the server of --url without any security.")] = False,
    out: Annotated[Path | None, Parameter(help="File of the proposed map; standard output if none is given.")] = None,
    force: Annotated[bool, Parameter(negative="", help="Write over a file that is there.")] = False,
    output: Output = SPOKEN,
) -> int:
    """Propose rows of the tag map from what a source says it holds; the rows that are there stay."""
    use(output.language)
    _refuse_file(out, force=force)
    proposal, rows = _proposal(document, source, url, insecure=insecure)
    text = written(rows)
    if out is not None:
        put(out, text.encode())
    if output.json:
        print_json(_told(proposal, out))
        return OK
    if out is None:
        sys.stdout.write(text)
    for line in tag_tree.proposed(proposal):
        print(line, file=sys.stderr if out is None else sys.stdout)
    if out is not None:
        print(_("Tag map: {path}").format(path=out))
    return OK


def _ask(enterprise: Enterprise, source: str) -> _Asked:
    """Ask one source; one that cannot be asked is a finding, and the others are asked all the same."""
    try:
        found = browse.held(enterprise, source)
    except FerrolanError as error:
        return _Asked(source, 0, 0, _faults_of(error, enterprise, source))
    faults = tuple(disagreements(found, source, enterprise.tags, str(enterprise.tags_path)))
    return _Asked(source, len(found), len(undeclared(found, source, enterprise.tags)), faults)


def _faults_of(error: FerrolanError, enterprise: Enterprise, source: str) -> tuple[Fault, ...]:
    if isinstance(error, FaultsError):
        return error.faults
    where, way_out = f"sources.{source}", "Mend it, and check again"
    return (Fault(str(enterprise.path), 0, where, str(error), "a source that answers", way_out, "not_asked"),)


def _proposal(
    document: Path | None, source: str | None, url: str | None, *, insecure: bool
) -> tuple[Proposal, Sequence[dict[str, str]]]:
    """The proposal, and every row of the map with it."""
    if url is not None:
        name, found = browse.held_at(url, Path.cwd(), source, insecure=insecure)
        return _rows(found, source or name, None)
    enterprise = verbs.load(document)
    if source is None:
        names = (*enterprise.sources, *enterprise.connections)
        way_out = f"Name one of them: {', '.join(names)}" if names else "Declare one under 'sources'"
        raise DocumentError([Fault("--source", 0, "", "nothing", "a source of the document", way_out, "missing_key")])
    return _rows(browse.held(enterprise, source), source, enterprise)


def _rows(
    found: Sequence[Found], source: str, enterprise: Enterprise | None
) -> tuple[Proposal, Sequence[dict[str, str]]]:
    proposal = propose(found, source, () if enterprise is None else enterprise.tags)
    gone = {tag.tag for tag in proposal.vanished}
    there: list[dict[str, str]] = []
    if enterprise is not None and enterprise.tags_path != enterprise.path:
        _content, text = read_text(enterprise.tags_path)
        there = [marked(cells, gone) for cells in read_cells(text, str(enterprise.tags_path))]
    return proposal, [*there, *(dict(row.cells) for row in proposal.new)]


def _refuse_file(out: Path | None, *, force: bool) -> None:
    if out is not None and out.exists() and not force:
        way_out = "Name another file, or add --force"
        raise DocumentError([Fault(str(out), 0, "--out", "a file that is there", "a new file", way_out, "file_exists")])


def _told(proposal: Proposal, out: Path | None) -> dict[str, object]:
    new = [{**row.cells, "could_be": row.could_be, "reasons": list(row.reasons)} for row in proposal.new]
    return {
        "file": None if out is None else str(out),
        "kept": [tag.tag for tag in proposal.kept],
        "new": new,
        "vanished": [tag.tag for tag in proposal.vanished],
    }


def _data(faults: Sequence[Fault]) -> list[dict[str, object]]:
    return [dict(vars(fault)) for fault in faults]
