"""Why a text is no YAML, in words: what stands there, what should, and what to type instead.

A parser says *found character that cannot start any token*; the line holds a tab. This room looks at the line itself
and says so. It knows the mistakes of a first hour; for what it does not know it passes on what the parser said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ferrolan.base.schema import shown

WIDE = {"：": ":", "，": ",", "｛": "{", "｝": "}", "［": "[", "］": "]", "％": "%", "＃": "#", "－": "-"}
"""Full-width marks of Chinese and Japanese keyboards, and what YAML takes."""

QUOTES = "“”„«»‘’‚「」"
"""Quotation marks that YAML takes for letters."""

BLANKS = "\u00a0\u2007\u202f\u3000\u200b\ufeff"
"""Spaces that YAML takes for letters."""

_CLOSE = {"{": "}", "[": "]"}
_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")


@dataclass(frozen=True)
class Place:
    """Where a parser stopped: its words, the line and column (from 0), where the thing began, and every line."""

    problem: str
    row: int
    column: int
    began: tuple[int, int] | None
    lines: Sequence[str]

    @property
    def here(self) -> str:
        """The line it stopped at."""
        return self.lines[self.row] if self.row < len(self.lines) else ""

    @property
    def rest(self) -> str:
        """What stands at the place and after it."""
        return self.here[self.column :]

    def above(self) -> tuple[int, str]:
        """The nearest line above that is neither blank nor a comment, with its number from 0."""
        for row in range(min(self.row, len(self.lines)) - 1, -1, -1):
            if self.lines[row].strip() and not self.lines[row].lstrip().startswith("#"):
                return row, self.lines[row]
        return self.row, ""


@dataclass(frozen=True)
class Reason:
    """What is wrong: the line (from 1), what was found and expected, and the way out."""

    line: int
    found: str
    expected: str
    way_out: str


def reason(place: Place) -> Reason:
    r"""Why the parser stopped there.

    Parameters
    ----------
    place
        Where it stopped, and what it said.

    Examples
    --------
    >>> text = ["units:", "\tmill: {}"]
    >>> reason(Place("found character that cannot start any token", 1, 0, None, text)).found
    'a tab'
    """
    for look in _LOOKS:
        found = look(place)
        if found is not None:
            return found
    return Reason(place.row + 1, place.problem, "YAML", "Look at this line and the one above it")


def unseen(text: str) -> tuple[int, str] | None:
    """Line (from 1) and code of the first character that no text file holds, such as a bell, or None."""
    found = _UNSEEN.search(text)
    return None if found is None else (text.count("\n", 0, found.start()) + 1, f"0x{ord(found[0]):02x}")


def _tab(place: Place) -> Reason | None:
    if not place.rest.startswith("\t"):
        return None
    return Reason(place.row + 1, "a tab", "spaces", "Replace the tab by spaces: indent with two spaces a level")


def _wide_mark(place: Place) -> Reason | None:
    for row in _near(place):
        line = place.lines[row].split(" #")[0]
        for mark, plain in WIDE.items():
            if mark in line and '"' not in line:
                return Reason(row + 1, f"the full-width {mark}", f"a plain {plain}", f"Type {plain} in its place")
    return None


def _reserved(place: Place) -> Reason | None:
    """A text that begins with a mark that YAML keeps for itself."""
    mark = place.rest[:1]
    if "cannot start any token" not in place.problem or not mark:
        return None
    return _in_quotes(place, f"a text that begins with {mark}", place.rest)


def _star(place: Place) -> Reason | None:
    """``*`` and ``&`` name anchors, ``|`` and ``>`` begin a block; a text that begins so needs quotes."""
    if place.began is None or not re.search("alphabetic or numeric|comment or (a )?line break", place.problem):
        return None
    text = place.lines[place.began[0]][place.began[1] :]
    return _in_quotes(place, f"a text that begins with {text[:1]}", text)


def _alias(place: Place) -> Reason | None:
    if "undefined alias" not in place.problem:
        return None
    name = re.split(r"[\s,\]}]", place.rest, maxsplit=1)[0]
    anchor = "&" + name[1:]
    way_out = f"Write {anchor} where the entry is declared, or put a text in quotes: {_quoted(name)}"
    return Reason(place.row + 1, f"the alias {name}", f"an anchor {anchor} above it", way_out)


def _two_documents(place: Place) -> Reason | None:
    if "another document" not in place.problem:
        return None
    return Reason(place.row + 1, "a second document", "one document", "Remove the line '---'")


def _open_quote(place: Place) -> Reason | None:
    if "end of stream" not in place.problem or place.began is None:
        return None
    row, column = place.began
    mark = place.lines[row][column]
    way_out = f"Write {mark} at the end of the text"
    return Reason(row + 1, f"a text that begins with {mark} and does not end", "a closed quotation mark", way_out)


def _open_bracket(place: Place) -> Reason | None:
    if place.began is None or not re.search(r"expected ',' or '[}\]]'", place.problem):
        return None
    row, column = place.began
    opened = place.lines[row][column]
    if place.row == row and place.rest.strip():
        way_out = f"Put a comma between two entries, and {_CLOSE[opened]} at the end"
        return Reason(row + 1, f"{shown(place.rest.strip())} inside {opened}", "a comma", way_out)
    found, expected = f"a bracket {opened} that is not closed", f"{_CLOSE[opened]}"
    return Reason(row + 1, found, expected, f"Write {_CLOSE[opened]} at the end of the entry")


def _no_value(place: Place) -> Reason | None:
    """A comma or another mark where a value should stand, as in ``[a, , b]``."""
    if "node content" not in place.problem:
        return None
    found = f"{shown(place.rest.strip())} where a value should stand"
    return Reason(place.row + 1, found, "a value", "Remove the mark that is too much, or put a text in quotes")


def _further_left(place: Place) -> Reason | None:
    """A line further left than the document's first."""
    if "document start" not in place.problem:
        return None
    way_out = "Begin every top-level key in column 1, without spaces before it"
    return Reason(place.row + 1, f"{shown(place.here.strip())} outside of the document", "one document", way_out)


def _stray_bracket(place: Place) -> Reason | None:
    mark = place.rest[:1]
    if mark not in ("}", "]"):
        return None
    return Reason(place.row + 1, f"a {mark} too many", "as many as were opened", f"Remove {mark}")


def _quote_too_early(place: Place) -> Reason | None:
    """A quoted text that goes on behind its closing mark, as in 'it's'."""
    before = place.here[: place.column]
    if not re.search("expected key|block end", place.problem) or not before.strip():
        return None
    way_out = "Check the quotation marks of this line and the one above it; inside double ones an apostrophe is free"
    return Reason(place.row + 1, f"{shown(place.rest.strip())} behind a closing quotation mark", "the end", way_out)


def _second_colon(place: Place) -> Reason | None:
    before = place.here[: place.column]
    if not _at_colon(place) or ": " not in before:
        return None
    key, text = place.here.split(": ", 1)
    way_out = f"Put the text in quotes: {key.strip()}: {_quoted(text)}"
    return Reason(place.row + 1, "a second colon on one line", "one 'key: value' a line", way_out)


def _above_has_a_value(place: Place) -> Reason | None:
    """A line that is deeper than the one above, which is already whole."""
    row, line = place.above()
    if not _at_colon(place) or _indent(place.here) <= _indent(line) or not re.search(r":\s+\S", line):
        return None
    found = f"an entry deeper than line {row + 1}, which has a value"
    way_out = f"Begin it in column {_indent(line) + 1}, as line {row + 1}"
    return Reason(place.row + 1, found, "the same indentation", way_out)


def _no_colon(place: Place) -> Reason | None:
    """A line without ``key: value``; the parser notices on the next one."""
    row, line = place.above()
    if not (_at_colon(place) or "expected ':'" in place.problem) or not line:
        return None
    text = line.strip()
    glued = re.match(r"([\w ]+):(\S.*)", text)
    way_out = f"Write '{glued[1]}: {glued[2]}'" if glued else f"Write '{text}:'"
    found = f"{shown(text)} without a space after the colon" if glued else f"{shown(text)} without a colon"
    return Reason(row + 1, found, "'key: value'", way_out)


def _indentation(place: Place) -> Reason | None:
    """A line whose indentation is that of no entry above it."""
    if place.here[: place.column].strip() or not re.search("expected key|block end|'-' indicator", place.problem):
        return None
    open_levels = sorted(set(_levels(place)))
    if "'-' indicator" in place.problem or place.column in open_levels:
        way_out = "Begin it with '- ' as the entries above, or take it out of the list"
        return Reason(
            place.row + 1, f"{shown(place.here.strip())} in a list", "an entry that begins with '- '", way_out
        )
    listed = " or ".join(str(level) for level in open_levels)
    found = f"{place.column} {'space' if place.column == 1 else 'spaces'} before {shown(place.here.strip())}"
    way_out = "Begin it in the column of the entries it belongs to"
    return Reason(place.row + 1, found, f"{listed} spaces, as the entries above", way_out)


_LOOKS: tuple[Callable[[Place], Reason | None], ...] = (
    _tab,
    _wide_mark,
    _reserved,
    _star,
    _alias,
    _two_documents,
    _open_quote,
    _open_bracket,
    _stray_bracket,
    _no_value,
    _further_left,
    _quote_too_early,
    _second_colon,
    _above_has_a_value,
    _no_colon,
    _indentation,
)


def _at_colon(place: Place) -> bool:
    return "mapping values are not allowed" in place.problem


def _near(place: Place) -> Iterator[int]:
    """The line it stopped at, and the ones where the thing may have begun."""
    rows = {place.row, place.above()[0], place.began[0] if place.began else place.row}
    yield from sorted(row for row in rows if row < len(place.lines))


def _levels(place: Place) -> Iterator[int]:
    """Indentations of the entries that are open above a line."""
    least = 10_000
    for line in reversed(place.lines[: place.row]):
        if line.strip() and not line.lstrip().startswith("#") and _indent(line) < least:
            least = _indent(line)
            yield least


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _in_quotes(place: Place, found: str, text: str) -> Reason:
    inside = place.here.rfind("{", 0, place.column) > place.here.rfind("}", 0, place.column)
    ends = r"[,}\]]|\s#" if inside else r"\s#"
    text = re.split(ends, text, maxsplit=1)[0].strip()
    return Reason(place.row + 1, found, "a text in quotes", f"Write {_quoted(text)}")


def _quoted(text: str) -> str:
    text = text.strip()
    return f"'{text}'" if '"' in text else f'"{text}"'
