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
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        return None, (_syntax_fault(error, file),)
    if node is None:
        return None, (Fault(file, 0, "", "an empty file", "a document", "Begin with 'ferrolan: 1'", "empty"),)
    reader = _Reader(file)
    data = reader.value(node, (), 1)
    if not isinstance(data, Mapping):
        found = "a list" if isinstance(data, list) else "a single value"
        return None, (Fault(file, 1, "", found, "keys and values", "Begin with 'ferrolan: 1'", "wrong_type"),)
    return Sheet(data, reader.lines), tuple(reader.faults)


def _syntax_fault(error: yaml.YAMLError, file: str) -> Fault:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = mark.line + 1 if mark is not None else 0
    found = getattr(error, "problem", None) or str(error).splitlines()[0]
    return Fault(file, line, "", str(found), "YAML", "Look at this line and the one above it", "wrong_yaml")


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
            self._refused(path, line, "more than 200,000 entries", "a document", "Remove aliases of aliases")
            return None
        if node.tag not in _PLAIN_TAGS:
            self._refused(path, line, f"the tag {node.tag}", "a plain value", "Remove the tag")
            return None
        if isinstance(node, yaml.ScalarNode):
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

    def _refused(self, path: Path, line: int, found: str, expected: str, way_out: str) -> None:
        self._fault(path, line, found, expected, way_out, "wrong_yaml")

    def _fault(self, path: Path, line: int, found: str, expected: str, way_out: str, code: str) -> None:
        where = ".".join(str(step) for step in path)
        self.faults.append(Fault(self.file, line, where, found, expected, way_out, code))


def _scalar(node: yaml.ScalarNode) -> object:
    """A text, number, truth value or nothing, by the core schema."""
    text = str(node.value)
    if node.style:  # quoted: a text, whatever it looks like
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _REAL.fullmatch(text) else text
