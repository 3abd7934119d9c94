"""Sentences about the account: whether the balances pass, which meters stand out, what came in and what did not.

"The balances fail: WT-214 (flotation feed) reads 4.0 % high" needs a failed global test and an interval of the bias that
does not hold zero. Meters of one class are named together, since no test can tell them apart; an echo is called one.
"""

from __future__ import annotations

from markupsafe import Markup

from ferrolan.base.language import _
from ferrolan.views import accused
from ferrolan.views.cells import Book, name, say
from ferrolan.views.words import formula, listed


def account_verdict(book: Book) -> Markup | None:
    """Whether the balances pass, and which meters no test lets pass."""
    test = book.row("balance_tests", test="global")
    if test is None:
        return None
    passed = book.frame("balance_tests")["passed"][test]
    if passed is None:
        return say(_("The balances were not tested: nothing is measured more often than it must be."))
    found = _first_suspicion(book)
    if found is None:
        return (
            say(_("The balances pass.")) if passed else say(_("The balances fail, and no single meter explains why."))
        )
    form = _("The balances pass as a whole, but {meter}.") if passed else _("The balances fail: {meter}.")
    return say(form, meter=found)


def short_verdict(book: Book) -> Markup | None:
    """The verdict for a place where what stands out is listed right after it."""
    test = book.row("balance_tests", test="global")
    if test is None or not accused.has_list(book):
        return account_verdict(book)
    passed = book.frame("balance_tests")["passed"][test]
    if passed is None:
        return account_verdict(book)
    return say(_("The balances pass as a whole, but this stands out:") if passed else _("The balances fail:"))


def suspicion(book: Book, suspect: int) -> Markup:
    """How the meter of a class reads, or that one of several does and which is not to be told."""
    members = class_of(book, suspect)
    if len(members) < 2:
        return bias_sentence(book, suspect)
    return say(_("{meters} misreads, and no test tells which"), meters=tags_of(book, members, either=True))


def bias_sentence(book: Book, suspect: int) -> Markup:
    """How a suspect meter reads; without a direction where its interval holds zero."""
    low, high = (book.real("suspects", suspect, end) for end in ("bias_low", "bias_high"))
    meter = meter_name(book, suspect)
    if low is None or high is None or low <= 0 <= high:
        return say(_("{meter} is suspect, its bias not told from zero"), meter=meter)
    form = _("{meter} reads {bias} high") if low > 0 else _("{meter} reads {bias} low")
    return say(form, meter=meter, bias=book.number("suspects", suspect, "bias", spread=(high - low) / 4, absolute=True))


def still_inside(book: Book) -> list[Markup]:
    """Of each class of suspects that is no echo: that its reading is still counted, what without it, how to sign it out."""
    return [_still_inside(book, rows) for rows in classes(book) if not echoes(book, rows[0])]


def raw_data(book: Book) -> Markup:
    """What was not taken as it stood, in one line; nothing where all was."""
    counts = {
        "bad": _("{count} are bad"),
        "uncertain": _("{count} uncertain"),
        "out_of_range": _("{count} out of range"),
        "rejected": _("{count} rows or cells not taken and kept with their reasons"),
        "repeated": _("{count} rows with a time that stood there before"),
        "backward": _("{count} rows with a time that runs backwards"),
        "undeclared": _("{count} addresses that no tag names"),
        "absent_tags": _("{count} tags have no value in some part of the month"),
    }
    parts = [
        say(form, count=book.number("view_ingest", 0, column, digits=None))
        for column, form in counts.items()
        if book.real("view_ingest", 0, column)
    ]
    silent = _silent(book)
    if silent:
        parts.append(say(_("nothing at all of {tags}"), tags=listed([name(tag) for tag in silent])))
    if not parts:
        return Markup("")
    samples = book.number("view_ingest", 0, "samples", digits=None)
    if not book.real("view_ingest", 0, "samples"):
        return say(_("Raw data: {list}."), list=Markup(", ").join(parts))
    return say(_("Raw data: of {samples} samples {list}."), samples=samples, list=Markup(", ").join(parts))


def classes(book: Book) -> list[list[int]]:
    """Rows of the suspects, class by class, in their rank; in a class the meters with a bias of their own first."""

    def place(row: int) -> tuple[float, bool]:
        return book.real("suspects", row, "rank") or 0.0, book.real("suspects", row, "bias") is None

    rows = sorted(book.rows("suspects"), key=place)
    found: dict[float | None, list[int]] = {}
    for row in rows:
        found.setdefault(book.real("suspects", row, "suspect_class"), []).append(row)
    return list(found.values())


def class_of(book: Book, suspect: int) -> list[int]:
    """Rows of the class a suspect belongs to."""
    return next(rows for rows in classes(book) if suspect in rows)


def suspect_of(book: Book, finding: int) -> int | None:
    """Row of the suspect a meter's finding speaks of."""
    tags = {book.text("findings", finding, "subject"), *_tags_of_finding(book, finding)}
    return next((row for row in book.rows("suspects") if book.text("suspects", row, "tag") in tags), None)


def finding_of(book: Book, suspects: list[int]) -> int | None:
    """Row of the finding that speaks of a class of suspects."""
    found = (row for row in book.rows("findings", kind="meter") if suspect_of(book, row) in suspects)
    return next(found, None)


def echoes(book: Book, suspect: int) -> bool:
    """Whether a suspect stands out alone, but no more once the classes before it are allowed for."""
    return bool(book.frame("suspects")["echo"][suspect])


def tags_of(book: Book, suspects: list[int], *, either: bool = False) -> Markup:
    """Tags of a class in a row."""
    return listed([name(book.text("suspects", row, "tag")) for row in suspects], either=either)


def meter_name(book: Book, suspect: int) -> Markup:
    """Tag of a suspect, and what it measures or what its value goes into."""
    component = book.text("suspects", suspect, "component")
    what = book.context.name(book.text("suspects", suspect, "object"))
    tag = name(book.text("suspects", suspect, "tag"))
    if book.text("suspects", suspect, "kind") not in _MEASURING:
        return say(_("{tag} (goes into {what})"), tag=tag, what=what)
    form = _("{tag} ({component} in {what})") if component else _("{tag} ({what})")
    return say(form, tag=tag, what=what, component=name(formula(component)))


_MEASURING = ("flow", "assay", "stock", "stock_assay")


def _first_suspicion(book: Book) -> Markup | None:
    """What stands out most: of biases, outliers and leaks where the run holds their list, else of the suspect meters."""
    if accused.has_list(book):
        return accused.suspicion(book, accused.classes(book)[0])
    suspect = book.row("suspects", rank=1)
    return None if suspect is None else suspicion(book, suspect)


def _still_inside(book: Book, suspects: list[int]) -> Markup:
    tag = book.text("suspects", suspects[0], "tag")
    parts = {
        "tags": tags_of(book, suspects),
        "command": name(f"ferrolan exclude {tag} DOCUMENT --out RUNS --who NAME --reason WHY"),
    }
    finding = finding_of(book, suspects)
    if finding is None or book.real("findings", finding, "money") is None:
        form = _("All figures here still contain the reading of {tags}; a person signs it out with {command}.")
        return say(form, **parts)
    form = _(
        "All figures here still contain the reading of {tags}; leaving it out moves the plan's gain by {money}. A person "
        "signs it out with {command}."
    )
    return say(form, **parts, money=book.number("findings", finding, "money", digits=2, signed=True))


def _tags_of_finding(book: Book, finding: int) -> list[str]:
    tags = book.frame("findings")["tags"][finding]
    return [] if tags is None else [str(tag) for tag in tags]


def _silent(book: Book) -> list[str]:
    lists = book.frame("ingest")["silent"].drop_nulls().to_list()
    return sorted({str(tag) for tags in lists for tag in tags})
