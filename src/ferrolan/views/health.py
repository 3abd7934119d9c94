"""What ``ferrolan doctor`` found, in words: what is checked, what it means, what to do.

A finding is data: the check ``cjk_font``, the state ``missing``, what was found. The sentence *the Chinese brief has no
font with its characters* is made here, so that it can be translated.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ferrolan.base.language import _

State = Literal["ok", "missing", "unknown", "wrong"]
"""Whether a check passed: there, not there, not to be found out, there but not as it should be."""


@dataclass(frozen=True)
class Finding:
    """One check of the machine.

    Parameters
    ----------
    check
        What was checked, such as ``"library"``.
    subject
        Which one, such as ``"polars"``; nothing where there is only one.
    state
        How it stands.
    found
        What was found: a version, a path, the words of an error.
    essential
        Whether the main job needs it: raw files to a brief in HTML.
    """

    check: str
    subject: str
    state: State
    found: str
    essential: bool = True


@dataclass(frozen=True)
class Line:
    """A finding in words; ``means`` and ``do`` are empty where all is well."""

    what: str
    state: State
    found: str
    means: str
    do: str


def can_run(findings: Iterable[Finding]) -> bool:
    """Whether the main job, raw files to a brief in HTML, can run on this machine."""
    return not any(finding.essential and finding.state in ("missing", "wrong") for finding in findings)


def line(finding: Finding) -> Line:
    """A finding in words."""
    what = _what(finding)
    if finding.state == "ok":
        return Line(what, finding.state, finding.found, "", "")
    return Line(what, finding.state, finding.found, _means(finding), _do(finding))


def verdict(findings: Iterable[Finding]) -> str:
    """The last sentence: whether ``ferrolan run`` can work here."""
    if can_run(findings):
        return _("The main job can run: raw files to a brief in HTML.")
    return _("The main job cannot run here until what is missing or wrong above is mended.")


def _what(finding: Finding) -> str:
    names = {
        "python": _("Python"),
        "library": _("library {subject}"),
        "extra": _("extra [{subject}]"),
        "system_library": _("system library {subject}"),
        "cjk_font": _("font with Chinese characters"),
        "solver": _("solver of {subject}"),
        "historian": _("historian"),
        "clock": _("clock"),
        "time_zones": _("time zone database"),
        "disk": _("free disk"),
        "folder": _("folder of runs"),
        "encoding": _("encoding of the terminal"),
        "ledger": _("ledger of signed acts"),
    }
    return names[finding.check].format(subject=finding.subject)


def _means(finding: Finding) -> str:
    if finding.check == "extra":
        return _without_extra(finding.subject)
    meanings = {
        "python": _("Ferrolan needs a newer Python."),
        "library": _("Nothing that needs this library can run, or it runs untested."),
        "system_library": _("No brief as PDF; the HTML brief needs none of it."),
        "cjk_font": _("A Chinese brief may show boxes in place of characters."),
        "solver": _("Nothing that needs this solver can be computed."),
        "historian": _("Raw data cannot be taken in."),
        "clock": _("Signed acts and runs would carry a wrong time."),
        "time_zones": _("Local times of raw data cannot be placed."),
        "disk": _("A run may stop half-way for lack of room."),
        "folder": _("No run can be kept there."),
        "encoding": _("Some characters show as question marks or stop the output."),
        "ledger": _(
            "Somebody or something has changed the record of signed acts; no run takes a meter out until it is mended."
        ),
    }
    unknown = {
        "cjk_font": _("Whether a Chinese brief finds its characters cannot be told here."),
        "library": _("The package was not installed by pip, so its ranges are not known."),
        "python": _("The package was not installed by pip, so the Python it needs is not known."),
    }
    return (unknown if finding.state == "unknown" else meanings).get(finding.check, meanings[finding.check])


def _without_extra(extra: str) -> str:
    meanings = {
        "pdf": _("No brief as PDF; the HTML brief can be printed by a browser."),
        "web": _("No control room in the browser; brief and tables are there without it."),
        "connect": _("No live data by OPC UA, MQTT or Modbus; files and databases are read without it."),
        "scale": _("No work spread over several machines; one machine does it all."),
    }
    return meanings.get(extra, _("What it adds is not there; the main job runs without it."))


def _do(finding: Finding) -> str:
    ways = {
        "python": _("Install Python {needed} or newer and make a new environment."),
        "library": _("pip install --upgrade ferrolan, in the environment that runs it."),
        "extra": _("pip install 'ferrolan[{subject}]', if you want it."),
        "system_library": _(
            "On Debian and Ubuntu: apt-get install libpango-1.0-0 libpangoft2-1.0-0; on macOS: brew install pango."
        ),
        "cjk_font": _("On Debian and Ubuntu: apt-get install fontconfig fonts-noto-cjk."),
        "solver": _(
            "Install the package anew: pip install --force-reinstall ferrolan. If it stays, report it with this line."
        ),
        "historian": _(
            "Check rights and disk of the folder; a network drive may refuse the lock, a local one does not."
        ),
        "clock": _("Set the machine's clock, or let it follow a time server."),
        "time_zones": _("pip install tzdata"),
        "disk": _("Free some room, or give another folder with --out."),
        "folder": _("Give another folder with --out, or its owner the right to write there."),
        "encoding": _("Set PYTHONUTF8=1, or a UTF-8 locale such as LANG=C.UTF-8."),
        "ledger": _("Restore the file from a copy, and find out who could write it."),
    }
    return ways[finding.check].format(subject=finding.subject, needed=finding.subject)
