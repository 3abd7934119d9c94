"""A YAML text as plain data, with the line of every entry.

Read by the core schema of YAML 1.2: ``no`` and ``2026-03`` are texts, ``true`` and ``false`` the only truth values.
Anchors and aliases are taken; a key twice, a tag such as ``!!python/object``, an entry that contains itself are faults.
The line of an entry is that of its key, so an aliased list is blamed where it is used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import yaml

from ferrolan.base.errors import Fault
from ferrolan.base.schema import shown
from ferrolan.enterprise import misread

Path = tuple[str | int, ...]

_LOADER: type[yaml.SafeLoader] | type[yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in ("null", "bool", "int", "float", "str", "timestamp", "value", "merge", "map", "seq")
)
_WHOLE = re.compile(r"[-+]?[0-9]+")
_REAL = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: Mapping[str, object] = {"": None, "null": None, "~": None, "true": True, "false": False}
_LARGEST = 200_000  # entries; beyond it aliases of aliases blow up, no plant does
_DEEPEST = 50  # entries in entries; the parser itself falls at some ten thousand, without a word
_DIGITS = 300  # of a whole number; a longer one is no number of anything, and stays a text


@dataclass(frozen=True)
class Sheet:
    """Plain data and, for each path in it, the line of its entry (from 1)."""

    data: Mapping[str, object]
    lines: Mapping[Path, int]

    def line(self, path: Path) -> int:
        """Line of the entry, or of the nearest one around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def compose(text: str, file: str) -> tuple[Sheet | None, tuple[Fault, ...]]:
    r"""Read a YAML text; without a sheet where it cannot be read at all.

    Parameters
    ----------
    text
        The text.
    file
        Its name, for the faults.

    Examples
    --------
    >>> sheet, faults = compose("units:\n  mill: {at: [0, 1]}\n", "plant.yaml")
    >>> sheet.data, sheet.line(("units", "mill", "at"))
    ({'units': {'mill': {'at': [0, 1]}}}, 2)
    """
    try:
        deep = _too_deep(text)
        node = None if deep else yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        return None, (_syntax_fault(error, text, file),)
    if deep:
        return None, (_depth_fault(file, deep, ()),)
    if node is None:
        return None, (Fault(file, 0, "", "an empty file", "a document", "Begin with 'ferrolan: 1'", "empty"),)
    reader = _Reader(file)
    data = reader.value(node, (), 1)
    if reader.count > _LARGEST:  # what is read is not what is written
        return None, tuple(reader.faults[:1])
    if not isinstance(data, Mapping):
        found = "a list" if isinstance(data, list) else shown(data)
        way_out = "Begin with 'ferrolan: 1', one 'key: value' a line"
        return None, (Fault(file, 1, "", found, "keys and values", way_out, "wrong_type"),)
    return Sheet(data, reader.lines), tuple(reader.faults)


def _too_deep(text: str) -> int:
    """Line on which an entry lies too deep, or 0: seen before anything is built, for building recurses."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            return event.start_mark.line + 1 if event.start_mark is not None else 1
    return 0


def _depth_fault(file: str, line: int, path: Path) -> Fault:
    found, expected = f"more than {_DEEPEST} entries in entries", "a document"
    way_out = "Close the brackets, or remove aliases of aliases"
    return Fault(file, line, ".".join(str(step) for step in path[:3]), found, expected, way_out, "wrong_yaml")


def _syntax_fault(error: yaml.YAMLError, text: str, file: str) -> Fault:
    """The parser's error in words; a character that no text holds has no mark, so it is looked for."""
    mark, began = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    mark = mark or began
    problem = str(getattr(error, "problem", None) or str(error).splitlines()[0])
    if mark is None:
        line, found = misread.unseen(text) or (0, problem)
        return Fault(file, line, "", f"the character {found}", "text", "Remove it", "wrong_yaml")
    start = (began.line, began.column) if began is not None else None
    why = misread.reason(misread.Place(problem, mark.line, mark.column, start, text.splitlines()))
    return Fault(file, why.line, "", why.found, why.expected, why.way_out, "wrong_yaml")


@dataclass
class _Reader:
    """Turns nodes into plain data and notes lines and faults."""

    file: str
    lines: dict[Path, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    inside: set[int] = field(default_factory=set)
    count: int = 0

    def value(self, node: yaml.Node, path: Path, line: int) -> object:
        """Plain data of a node whose entry stands on ``line``."""
        self.lines[path] = line
        self.count += 1
        if self.count > _LARGEST:
            if self.count == _LARGEST + 1:
                self.faults.clear()
                self._refused(path, line, "more than 200,000 entries", "a document", "Remove aliases of aliases")
            return None
        if len(path) > _DEEPEST:
            self.faults.append(_depth_fault(self.file, line, path))
            return None
        if node.tag not in _PLAIN_TAGS:
            self._refused(path, line, f"the tag {node.tag}", "a plain value", "Remove the tag")
            return None
        if isinstance(node, yaml.ScalarNode):
            if not node.style:
                self._note_misspelt(node, path, line)
            return _scalar(node)
        if id(node) in self.inside:
            self._refused(path, line, "an entry that contains itself", "an entry that ends", "Remove the alias")
            return None
        self.inside.add(id(node))
        data = self._mapping(node, path) if isinstance(node, yaml.MappingNode) else self._list(node, path, line)
        self.inside.remove(id(node))
        return data

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, object]:
        data: dict[str, object] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self._refused(path, line, "a key that is no text", "a text as key", "Write a name before the colon")
                continue
            key = str(key_node.value)
            if not key_node.style and self._misspelt_key(key, value_node, path, line, data):
                continue
            if key in data:
                first = self.lines[(*path, key)]
                way_out = f"Rename or remove one of them; the first is on line {first}"
                self._fault((*path, key), line, f"the key {key!r} twice", "each key once", way_out, "duplicate_key")
                continue
            data[key] = self.value(value_node, (*path, key), line)
        return data

    def _list(self, node: yaml.Node, path: Path, line: int) -> list[object]:
        items = node.value if isinstance(node, yaml.SequenceNode) else []
        below = [max(item.start_mark.line + 1, line) for item in items]
        return [self.value(item, (*path, i), at) for i, (item, at) in enumerate(zip(items, below, strict=True))]

    def _misspelt_key(self, key: str, value: yaml.Node, path: Path, line: int, before: Mapping[str, object]) -> bool:
        """Whether a plain key cannot be meant as it stands; then there is a fault that says what may be meant."""
        found = f"the key {key!r}"
        if key == "<<":
            way_out = "Write the keys out; an alias may stand for a whole entry"
            self._fault((*path, key), line, found, "keys, for merge keys are not taken", way_out, "unknown_key")
        elif glued := re.match(r"(\w+):(\S.*)", key):
            way_out = f"Write '{glued[1]}: {glued[2]}'"
            self._fault((*path, key), line, found, "a space after the colon", way_out, "wrong_yaml")
        elif set(key) & {*misread.BLANKS, *misread.WIDE, *misread.QUOTES}:
            way_out = f"Type {_plain(key)!r} anew, with plain spaces and marks"
            self._fault((*path, key), line, found, "a key in plain letters", way_out, "wrong_yaml")
        elif _is_left_over(key, value):
            last = list(before)[-1:] or [""]
            text = f"{before.get(last[0], '')},{'' if key[:1].isdigit() else ' '}{key}"
            number = bool(re.match(r"\d", key)) and isinstance(before.get(last[0]), int)
            expected = "a decimal point" if number else "a text that holds a comma in quotes"
            way_out = f"Write {last[0]}: {text.replace(',', '.') if number else chr(34) + text + chr(34)}"
            if number and re.match(r"\d{3}(?!\d)", key):  # a mark between thousands, or three decimals
                way_out = f"Write {text.replace(',', '')}, or {text.replace(',', '.')} if three decimals are meant"
            self._fault((*path, key), line, f"{key!r} after a comma", expected, way_out, "wrong_yaml")
        else:
            return False
        return True

    def _note_misspelt(self, node: yaml.ScalarNode, path: Path, line: int) -> None:
        """A fault where a plain text cannot be meant as it stands."""
        text = str(node.value)
        below = node.start_mark.line + 1 > line
        if text[:1] and text[:1] in misread.QUOTES:
            way_out = f"Write {chr(34)}{_plain(text)}{chr(34)}, with straight quotation marks"
            self._refused(path, line, shown(text), "straight quotation marks", way_out)
        elif below and re.match(r"-[^\s\d.]", text):
            self._refused(path, line + 1, shown(text), "a space after the dash", f"Write '- {text.split()[0][1:]}'")
        elif below and (glued := re.match(r"(\w+)[:：](?! )\s*(\S+)", text)):
            way_out = f"Write '{glued[1]}: {glued[2]}', with a plain space after a plain colon"
            self._refused(path, node.start_mark.line + 1, shown(text), "a space after the colon", way_out)

    def _refused(self, path: Path, line: int, found: str, expected: str, way_out: str) -> None:
        self._fault(path, line, found, expected, way_out, "wrong_yaml")

    def _fault(self, path: Path, line: int, found: str, expected: str, way_out: str, code: str) -> None:
        where = ".".join(str(step) for step in path)
        self.faults.append(Fault(self.file, line, where, found, expected, way_out, code))


def _is_left_over(key: str, value: yaml.Node) -> bool:
    """Whether a key in braces is what a comma cut off a number or a text: ``{value: 0,5 t/h}``."""
    empty = isinstance(value, yaml.ScalarNode) and value.value == "" and not value.style
    return empty and not key.isidentifier()


def _plain(text: str) -> str:
    """The text with plain spaces and marks, without quotation marks."""
    for mark in misread.QUOTES:
        text = text.replace(mark, "")
    for mark, plain in misread.WIDE.items():
        text = text.replace(mark, plain)
    return " ".join(text.split())


def _scalar(node: yaml.ScalarNode) -> object:
    """A text, number, truth value or nothing, by the core schema."""
    text = str(node.value)
    if node.style:  # quoted: a text, whatever it looks like
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text) if len(text) <= _DIGITS else text
    return float(text) if _REAL.fullmatch(text) else text
