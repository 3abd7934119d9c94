"""The account of a month: how far it can be trusted, and what it says of every component.

``ferrolan reconcile`` closes the balances and says what stands in the way; ``ferrolan account --xlsx march.xlsx``
prints the metallurgical account and writes it. ``--period 2`` tells of one period (a week) of the month, counted from 0
as in every table; ``--exclude WT-214`` shows what the account would be without a meter before anybody signs it out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ferrolan import acts, verbs
from ferrolan.assembly import tags
from ferrolan.base.errors import DocumentError, Fault, Infeasible
from ferrolan.base.language import _, use
from ferrolan.base.provenance import run_identity
from ferrolan.base.schema import nearest
from ferrolan.briefs.account import write_account
from ferrolan.cli.ending import FINDING, OK
from ferrolan.cli.journey import station
from ferrolan.cli.options import KEPT, SPOKEN, Journey, Output
from ferrolan.cli.printing import print_json, print_where, told
from ferrolan.records import periods
from ferrolan.records.exports import records
from ferrolan.signed import LEDGER
from ferrolan.views import accounted, changed, reconciled, summary
from ferrolan.views.accounted import OPEN, Standing
from ferrolan.views.declared import context_of
from ferrolan.views.tables import open_book

if TYPE_CHECKING:
    from ferrolan.enterprise.document import Enterprise
    from ferrolan.records.changes import Preview
    from ferrolan.results import RunResult

_WRITTEN = re.compile(r"(?:(?P<month>\d{4}-\d{2}):)?(?P<period>\d{1,4})")
_TOLD = ("grade", "balance_tests", "gross_errors", "suspects", "missing_streams")


def reconcile(
    document: Path | None = None,
    *,
    journey: Journey = KEPT,
    output: Output = SPOKEN,
    most: Annotated[int, Parameter(help="How many adjustments to tell.")] = reconciled.MOST,
    exclude: Annotated[tuple[str, ...], Parameter(help="Show the account without this meter; may be repeated.")] = (),
    who: Annotated[str | None, Parameter(help="Sign those meters out, under this name, and run.")] = None,
    reason: Annotated[str, Parameter(help="Why they are signed out.")] = "",
    strict: Annotated[bool, Parameter(negative="", help="Exit 1 if a meter is suspect or the account fails.")] = False,
) -> int:
    """Close the balances of a month: its grade, what may be wrong, which readings moved most, what nobody sees.

    ``--period`` may name one period of the month as well: ``2026-03:2`` or ``2``, counted from 0.
    """
    use(output.language)
    asked = _asked(document, journey)
    _refuse_unknown(asked.enterprise, exclude, who)
    if exclude and who is None:
        return _preview(asked, exclude, reason, most, output)
    for tag in exclude:
        acts.exclude(asked.enterprise, tag, who=who or "", reason=reason, out=journey.out)
    result = station(document, "account", asked.journey, output)
    if output.json:
        print_json({**told(result), **_tables(result, _TOLD), "adjustments": _adjustments(result, most, asked.period)})
    else:
        for line in reconciled.lines(result.tables, result.context, most=most, period=asked.period):
            print(line)
        print_where(result)
    return FINDING if strict and summary.needs_a_person(result.tables) else OK


def account(
    document: Path | None = None,
    *,
    journey: Journey = KEPT,
    output: Output = SPOKEN,
    scope: Annotated[str | None, Parameter(help="A company or a unit, in place of the whole site.")] = None,
    csv: Annotated[Path | None, Parameter(help="Folder: one CSV file a table.")] = None,
    xlsx: Annotated[Path | None, Parameter(help="Excel workbook: one sheet a table.")] = None,
    html: Annotated[Path | None, Parameter(help="One self-contained page, for screen and A4.")] = None,
    money: Annotated[bool, Parameter(help="Plan on the account as well, so that better meters have a price.")] = True,
) -> int:
    """Keep the metallurgical account of a month: what came in, went out, lies there and is unaccounted, by component.

    ``--period`` may name one period of the month as well: ``2026-03:2`` or ``2``, counted from 0.
    """
    use(output.language)
    asked = _asked(document, journey)
    _refuse_unknown_scope(asked.enterprise, scope)
    result = _planned(document, asked.journey, output) if money else station(document, "account", asked.journey, output)
    standing = _standing(asked)
    tables, context, period = result.tables, result.context, asked.period
    files = write_account(tables, context, csv=csv, xlsx=xlsx, html=html, of=scope, period=period, standing=standing)
    if output.json:
        shown = accounted.selected(tables, scope, period)
        rows = {name: records(frame) for name, frame in shown.items() if name not in _LONG}
        print_json({**told(result), "standing": vars(standing), "files": [str(file) for file in files], **rows})
        return OK
    for line in accounted.lines(tables, context, of=scope, period=period, standing=standing):
        print(line)
    print_where(result)
    for file in [*([csv] if csv is not None else []), *(file for file in files if file.parent != csv)]:
        print(_("Written: {path}").format(path=file))
    return OK


_LONG = ("influences", "account", "closure", "accuracy")
"""Tables that are written to files, and too long to print."""


@dataclass(frozen=True)
class _Asked:
    """The document of a month, the journey without its period, and the period that is told of."""

    enterprise: Enterprise
    journey: Journey
    period: int | None


def _asked(document: Path | None, journey: Journey) -> _Asked:
    """The month and the period in it that ``--period`` names; a period the month has not is refused."""
    found = _WRITTEN.fullmatch(journey.month or "")
    month = journey.month if found is None else found["month"]
    enterprise = verbs.of_month(verbs.load(document), month)
    alone = Journey(journey.out, month, journey.seed, journey.dry_run)
    if found is None:
        return _Asked(enterprise, alone, None)
    span, period = tags.periods(enterprise), int(found["period"])
    if period >= len(span):
        expected = f"a period of {enterprise.require_account().month}: 0 to {len(span) - 1}"
        way_out = f"Periods count from 0 and last {span[0].hours / 24:g} days, as the document's account.period says"
        raise DocumentError([Fault("--period", 0, "", repr(journey.month), expected, way_out, "no_such_period")])
    return _Asked(enterprise, alone, period)


def _refuse_unknown(enterprise: Enterprise, exclude: Sequence[str], who: str | None) -> None:
    """Refuse a meter that the tag map has not, all of them at once, and a name that signs nothing."""
    known = [tag.tag for tag in enterprise.tags]
    faults = [
        Fault("--exclude", 0, "", repr(tag), "a tag of the tag map", nearest(tag, known), "unknown_tag")
        for tag in exclude
        if tag not in known
    ]
    if who is not None and not exclude:
        way_out = "Name the meter with --exclude, or leave --who out"
        faults.append(Fault("--who", 0, "", repr(who), "a meter to sign out", way_out, "nothing_to_sign"))
    if faults:
        raise DocumentError(faults)


def _refuse_unknown_scope(enterprise: Enterprise, scope: str | None) -> None:
    known = [enterprise.name, *enterprise.enterprise.owners, *enterprise.units]
    if scope is not None and scope not in known:
        fault = Fault("--scope", 0, "", repr(scope), "a company or a unit", nearest(scope, known), "unknown_scope")
        raise DocumentError([fault])


def _preview(asked: _Asked, exclude: Sequence[str], reason: str, most: int, output: Output) -> int:
    """Show the account without some meters; nothing is signed, and nothing kept but the raw month."""
    found = acts.preview(asked.enterprise, exclude, out=asked.journey.out)
    if output.json:
        print_json(_previewed(found))
        return OK
    enterprise = asked.enterprise
    context = context_of(enterprise, run_identity({"document": enterprise.content_hash}, enterprise.seed))
    for line in changed.preview_lines(found, context, most=most):
        print(line)
    print()
    command = " ".join(f"--exclude {tag}" for tag in exclude)
    why = reason or "WHY"
    print(
        _("To sign it: ferrolan reconcile DOCUMENT {command} --who NAME --reason '{why}'").format(
            command=command, why=why
        )
    )
    return OK


def _previewed(found: Preview) -> dict[str, object]:
    """A preview as JSON."""
    sides = {
        side: {name: records(tables[name]) for name in _TOLD if name in tables}
        for side, tables in (("before", found.before), ("after", found.after))
    }
    return {
        "preview": True,
        "signed": False,
        "excluded": found.tag.split(", "),
        **sides,
        "changes": records(found.changes),
    }


def _planned(document: Path | None, journey: Journey, output: Output) -> RunResult:
    """The account and a plan on it, which gives meters a price; the account alone where the plan has no answer."""
    try:
        return station(document, "plan", journey, output)
    except Infeasible:
        return station(document, "account", journey, output)


def _standing(asked: _Asked) -> Standing:
    """Whether the month is locked."""
    month = asked.enterprise.require_account().month
    lock = periods.locked(asked.journey.out / LEDGER, asked.enterprise.name, month)
    return OPEN if lock is None else Standing(lock.version, lock.who, f"{lock.at:%Y-%m-%d}", lock.run)


def _tables(result: RunResult, names: Sequence[str]) -> dict[str, object]:
    return {name: records(result.tables[name]) for name in names if name in result.tables}


def _adjustments(result: RunResult, most: int, period: int | None) -> list[dict[str, object]]:
    """The adjustments that are printed, as rows."""
    book = open_book(result.tables, result.context)
    table = "view_adjustments" if period is None else "account"
    return records(book.frame(table)[reconciled.adjusted(book, period)[:most]])
