"""The words of ``ferrolan init``: its questions, and what to do when a document has been written."""

from __future__ import annotations

from collections.abc import Mapping

from ferrolan.base.language import _


def question(key: str) -> str:
    """What is asked for a key of ``starting.ORDER``."""
    return {
        "kind": _("What is the business?"),
        "name": _("Short name (letters, digits and _; it names the file)"),
        "title": _("Title, in a few words"),
        "time_zone": _("Time zone of the site"),
        "currency": _("Currency of every result"),
        "month": _("Month to begin with (YYYY-MM)"),
    }[key]


def kinds() -> Mapping[str, str]:
    """What each kind of business is, in words."""
    return {
        "both": _("steel and rare earths from one ore, with plant data"),
        "steel": _("a steel works, with plant data"),
        "rare_earth": _("a rare-earth works, with plant data"),
        "analyst": _("a company seen from outside, from public figures alone"),
    }


def written(document: str, files: str, synthetic: int, values: int) -> str:
    """What was written, and how much of it is made up."""
    return _("Wrote {document} ({files}). It loads; {synthetic} of its {values} values are made up.").format(
        document=document, files=files, synthetic=synthetic, values=values
    )


def steps(document: str, first: str) -> tuple[str, ...]:
    """What to do next, in order."""
    return (
        _("Run it as it is:      ferrolan run {document}").format(document=document),
        _("Then replace first:   {first}.").format(first=first),
        _("After each change:    ferrolan check {document}").format(document=document),
        _(
            "Every field:          the page 'Fields of the document' of the reference; an editor reads the schema beside it."
        ),
    )
