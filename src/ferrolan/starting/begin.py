"""Write a new document: whole, and one that loads, or nothing at all.

``init(Path("my_works"), "steel", name="my_works", ...)`` makes a folder with ``my_works.yaml``, ``tags.csv`` and the
JSON Schema for editors. It is built in a scratch folder, loaded there, and only then moved into its place.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from ferrolan.assembly.catalogue import kinds
from ferrolan.base.errors import DocumentError, Fault
from ferrolan.base.schema import nearest, shown
from ferrolan.base.time import month_bounds
from ferrolan.base.units import CURRENCIES
from ferrolan.enterprise.load import load
from ferrolan.enterprise.origins import synthetic_values
from ferrolan.enterprise.sites import zone_way_out
from ferrolan.starting.schema import SCHEMA_FILE, schema_text
from ferrolan.starting.templates import KINDS, Head, document

_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_LISTED = 5  # names of a folder's content in a message


@dataclass(frozen=True)
class Started:
    """What was written: folder, document, kind of business, names of all files, and what a user replaces first."""

    folder: Path
    document: Path
    kind: str
    files: tuple[str, ...]
    first: str
    synthetic: int
    values: int


def init(folder: Path, kind: str, *, name: str, title: str, time_zone: str, currency: str, month: str) -> Started:
    """Write a new document that loads, by kind of business.

    Parameters
    ----------
    folder
        Where to; it must be empty, or not be there.
    kind
        One of ``KINDS``.
    name
        Short name: letters, digits and ``_``; the file is ``<name>.yaml``.
    title
        Name in a sentence.
    time_zone
        IANA time zone of the site.
    currency
        Currency of every result.
    month
        ISO month: the one that is accounted for, or the first one of the plan where no plant data is read.

    Returns
    -------
    Started
        What was written; ``synthetic`` of its ``values`` are made up.

    Raises
    ------
    DocumentError
        With everything that is wrong with the folder and the answers; nothing is written then.
    OSError
        Where the folder cannot be written; nothing is left behind.
    """
    head = {"kind": kind, "name": name, "title": title, "time_zone": time_zone, "currency": currency, "month": month}
    faults = [*_folder_faults(folder), *(fault for key in head for fault in check(key, head, str(folder)))]
    if faults:
        raise DocumentError(faults)
    chosen = KINDS[kind]
    texts = {
        f"{name}.yaml": document(chosen, Head(name, title.strip(), time_zone, currency, month)),
        SCHEMA_FILE: schema_text(),
    }
    if chosen.tags is not None:
        texts["tags.csv"] = chosen.tags.read_text(encoding="utf-8")
    synthetic, values = _write(folder, texts)
    return Started(folder, folder / f"{name}.yaml", kind, tuple(sorted(texts)), chosen.first, synthetic, values)


def check(key: str, said: Mapping[str, str], where: str = "init") -> tuple[Fault, ...]:
    """The fault of an answer, if it has one.

    Parameters
    ----------
    key
        ``kind``, ``name``, ``title``, ``time_zone``, ``currency`` or ``month``.
    said
        What the user said, by key; a month is checked against kind and zone where these are there.
    where
        What stands in place of a file in the fault.

    Examples
    --------
    >>> print(*check("name", {"name": "my works"}))
    init  name: expected letters, digits and _, a letter first, got "my works". Write 'my_works' [wrong_name]
    >>> check("month", {"month": "2026-03"})
    ()
    """
    answer = said[key]
    found = {
        "kind": lambda: _choice(answer, tuple(KINDS), "a kind of business", "unknown_kind"),
        "name": lambda: _name(answer),
        "title": lambda: _title(answer),
        "time_zone": lambda: _zone(answer),
        "currency": lambda: _choice(answer, CURRENCIES, "a currency", "unknown_choice"),
        "month": lambda: _month(answer, said),
    }[key]()
    return () if found is None else (Fault(where, 0, key, shown(answer), *found),)


Wrong = tuple[str, str, str]  # expected, way out, code


def _choice(answer: str, known: tuple[str, ...], expected: str, code: str) -> Wrong | None:
    return None if answer in known else (f"{expected}: {', '.join(known)}", nearest(answer, known), code)


def _name(answer: str) -> Wrong | None:
    if answer.isidentifier() and answer.isascii() and not answer.startswith("_"):
        return None
    return "letters, digits and _, a letter first", f"Write {spelt(answer)!r}", "wrong_name"


def spelt(text: str) -> str:
    """A text as a name: ``My works (2)`` becomes ``my_works_2``."""
    name = re.sub(r"\W+", "_", text.encode("ascii", "ignore").decode()).strip("_").lower()
    return name if name[:1].isalpha() else f"plant_{name}".rstrip("_")


def _title(answer: str) -> Wrong | None:
    if answer.strip() and answer.strip().isprintable():
        return None
    return "a text on one line", "Say in a few words whose document it is", "wrong_title"


def _zone(answer: str) -> Wrong | None:
    if answer in available_timezones():
        return None
    return "an IANA time zone, such as Europe/Berlin", zone_way_out(answer), "unknown_zone"


def _month(answer: str, said: Mapping[str, str]) -> Wrong | None:
    """A month must be one; the synthetic raw month of a template has no change of clocks in it."""
    if not _MONTH.fullmatch(answer):
        return "an ISO month", "Write it like 2026-03", "wrong_month"
    kind, zone = KINDS.get(said.get("kind", "")), said.get("time_zone", "")
    if kind is None or kind.tags is None or zone not in available_timezones() or not changes_clock(answer, zone):
        return None
    expected = f"a month in which no clock changes in {zone}: the synthetic raw month cannot have a change"
    return expected, "Take the month before or after it; raw files of your own may have any month", "wrong_month"


def changes_clock(month: str, zone: str) -> bool:
    """Whether the clocks of a zone change in a month.

    Examples
    --------
    >>> changes_clock("2026-10", "Europe/Berlin"), changes_clock("2026-10", "Asia/Shanghai")
    (True, False)
    """
    start, end = month_bounds(month, zone)
    hours = range(int((end - start) / timedelta(hours=1)) + 1)
    return len({(start + timedelta(hours=hour)).astimezone(ZoneInfo(zone)).utcoffset() for hour in hours}) > 1


def _folder_faults(folder: Path) -> Iterator[Fault]:
    way_out = "Give another folder, or an empty one"
    if folder.is_dir():
        names = sorted(path.name for path in folder.iterdir())
        if names:
            more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
            found = f"{', '.join(names[:_LISTED])}{more}"
            yield Fault(str(folder), 0, "", found, "an empty folder, for nothing is overwritten", way_out, "not_empty")
    elif folder.exists() or folder.is_symlink():
        yield Fault(str(folder), 0, "", "a file", "a folder", way_out, "no_folder")
    elif not _ancestor(folder).is_dir():
        yield Fault(str(folder), 0, "", f"the file {_ancestor(folder)}", "a folder above it", way_out, "no_folder")


def _ancestor(folder: Path) -> Path:
    """The nearest thing above a folder that exists."""
    return next(path for path in folder.absolute().parents if path.exists())


def _write(folder: Path, texts: Mapping[str, str]) -> tuple[int, int]:
    """Write the files in a scratch folder, load the document, and move them into place; count its synthetic values."""
    outer = Path(tempfile.mkdtemp(prefix=".ferrolan-init-", dir=folder if folder.is_dir() else _ancestor(folder)))
    scratch = outer / "new"  # with the rights of any new folder, while the one around it is private
    try:
        scratch.mkdir()
        for name, text in texts.items():
            (scratch / name).write_text(text, encoding="utf-8", newline="\n")
        (document,) = scratch.glob("*.yaml")
        counted = synthetic_values(load(document, kinds()))
        _move(scratch, folder)
    finally:
        shutil.rmtree(outer, ignore_errors=True)
    return counted


def _move(scratch: Path, folder: Path) -> None:
    """The files into their folder: one that is new appears as a whole, one that stands there empty is filled."""
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        scratch.replace(folder)
        return
    moved: list[Path] = []
    try:
        for path in sorted(scratch.iterdir()):
            moved.append(path.rename(folder / path.name))
    except BaseException:
        for path in moved:
            path.unlink()
        raise
