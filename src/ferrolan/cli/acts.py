"""Signed acts: a meter out of a month's account, a stock that was counted, a month that is locked or opened again.

``ferrolan lock plant.yaml --who NAME --reason WHY``. Each goes to the ledger in the folder of all runs, which is only
ever added to; it counts from the next run on.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ferrolan import acts, verbs
from ferrolan.base.language import _, use
from ferrolan.cli.ending import OK
from ferrolan.cli.options import SPOKEN, Month, Output, Runs, Who, Why
from ferrolan.cli.printing import print_json

if TYPE_CHECKING:
    from ferrolan.enterprise.document import Enterprise
    from ferrolan.records.audit import Entry


def exclude(
    tag: str,
    document: Path | None = None,
    *,
    who: Who,
    reason: Why,
    back: Annotated[bool, Parameter(negative="", help="Take the meter into the account again.")] = False,
    month: Month = None,
    out: Runs = Path("runs"),
    output: Output = SPOKEN,
) -> int:
    """Sign a meter out of the account of the document's month; it counts from the next run on."""
    use(output.language)
    enterprise = verbs.of_month(verbs.load(document), month)
    entry = acts.exclude(enterprise, tag, who=who, reason=reason, out=out, back=back)
    return signed(entry, enterprise, output, tag=tag)


def count(
    stock: str,
    amount: Annotated[str, Parameter(help='Dry mass that was found, such as "41200 t".')],
    document: Path | None = None,
    *,
    sigma: Annotated[str, Parameter(help='Its standard deviation, such as "400 t" or "2 %".')],
    at: Annotated[str, Parameter(help='When, in the site\'s zone, such as "2026-04-01 08:00".')],
    method: Annotated[str, Parameter(help="How it was counted.")],
    who: Who,
    reason: Why,
    back: Annotated[bool, Parameter(negative="", help="Withdraw the count of this stock and time.")] = False,
    month: Month = None,
    out: Runs = Path("runs"),
    output: Output = SPOKEN,
) -> int:
    """Sign a physical count of a stock into the account of a month; it counts from the next run on."""
    use(output.language)
    enterprise = verbs.of_month(verbs.load(document), month)
    entry = acts.stock_take(
        enterprise, stock, amount, sigma, at=at, method=method, who=who, reason=reason, out=out, back=back
    )
    return signed(entry, enterprise, output, stock=stock)


def lock(
    document: Path | None = None,
    *,
    who: Who,
    reason: Why,
    run: Annotated[
        str | None, Parameter(help="Kept run whose account is final; the youngest if none is named.")
    ] = None,
    month: Month = None,
    out: Runs = Path("runs"),
    output: Output = SPOKEN,
) -> int:
    """Sign that the account of a month is final; a run that comes to another account of it is then refused."""
    use(output.language)
    enterprise = verbs.of_month(verbs.load(document), month)
    entry = acts.lock(enterprise, who=who, reason=reason, out=out, run=None if run == "last" else run)
    return signed(entry, enterprise, output, run=entry.act.run)


def reopen(
    document: Path | None = None,
    *,
    who: Who,
    reason: Why,
    month: Month = None,
    out: Runs = Path("runs"),
    output: Output = SPOKEN,
) -> int:
    """Sign that a locked account may change; its next lock is its next version."""
    use(output.language)
    enterprise = verbs.of_month(verbs.load(document), month)
    return signed(acts.reopen(enterprise, who=who, reason=reason, out=out), enterprise, output)


def signed(entry: Entry, enterprise: Enterprise, output: Output, **about: str) -> int:
    """Tell an act that stands in the ledger now: its number, what it is about, who signed it, its hash."""
    told = {
        "number": entry.number,
        "what": entry.act.what,
        **about,
        "plant": enterprise.name,
        "month": enterprise.require_account().month,
        "who": entry.act.who,
        "hash": entry.hash,
    }
    if output.json:
        print_json(told)
        return OK
    form = _("Act {number}: {what} {about} in {plant}, {month}, signed by {who}. Hash {hash}")
    if not about:
        form = _("Act {number}: {what} in {plant}, {month}, signed by {who}. Hash {hash}")
    print(form.format(**told, about=" ".join(about.values())))
    return OK
