"""Every field of the document in words: path, type, unit, meaning, default, allowed values; and those of the tag map.

``units.<name>.capacity`` is *a value in t/h, above 0 t/h: largest rate of one commodity*. The entries are read from the
JSON Schema, which is made from the models, so that a page of them cannot fall behind.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ferrolan.enterprise.tags import COLUMNS, Tag
from ferrolan.starting.schema import document_schema

Node = Mapping[str, Any]  # Any: JSON


@dataclass(frozen=True)
class Entry:
    """One field: ``path`` from the document's top, with ``<name>`` for a name of the user's and ``[]`` for a list.

    ``sources.<csv>`` is a source of kind ``csv``, by the user's name, ``historian<embedded>`` the historian where it is
    of kind ``embedded``. ``unit`` is one that the value may be written in.
    """

    path: str
    type: str
    unit: str
    meaning: str
    required: bool
    default: str
    allowed: str

    @property
    def section(self) -> str:
        """Top-level key it stands under."""
        return re.split(r"[.\[]", self.path)[0]


def entries(schema: Node | None = None) -> tuple[Entry, ...]:
    """Every field of the document, in the order of the models; the fields of a value are ``value_entries``.

    Parameters
    ----------
    schema
        Another schema, such as ``mapping_schema()``.

    Examples
    --------
    >>> found = {entry.path: entry for entry in entries()}
    >>> found["units.<name>.capacity"].unit, found["plan.months"].required, found["plan.months"].type
    ('t/h', True, 'whole number')
    """
    schema = schema or document_schema()
    return tuple(_Walk(schema["$defs"]).fields(schema, ""))


def value_entries() -> tuple[Entry, ...]:
    """The fields of every value that says where it comes from, and those that a price or a capacity adds."""
    walk = _Walk(document_schema()["$defs"])
    seen: dict[str, Entry] = {}
    for name in ("Sourced", "Capacity", "Price"):
        for entry in walk.fields(walk.definitions[name], ""):
            seen.setdefault(entry.path, entry)
    return tuple(seen.values())


def tag_columns() -> tuple[tuple[str, str], ...]:
    """Every column of the tag map with its meaning, in order.

    Examples
    --------
    >>> dict(tag_columns())["unit"]
    'Unit at the source, as our units are written: ``E18`` of UNECE Recommendation 20 is ``t/h``.'
    """
    lines = inspect.cleandoc(Tag.__doc__ or "").splitlines()
    meanings = {
        name: " ".join(_indented(lines[number + 1 :]))
        for number, line in enumerate(lines)
        for name in line.split(", ")
        if name in COLUMNS
    }
    return tuple((name, meanings[name]) for name in COLUMNS)


def _indented(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        if not line.startswith("    "):
            return
        yield line.strip()


@dataclass(frozen=True)
class _Walk:
    """Walks the models of a schema, given its definitions."""

    definitions: Mapping[str, Node]

    def fields(self, model: Node, path: str) -> Iterator[Entry]:
        """The fields of a model and of what is in them."""
        for key, field in model.get("properties", {}).items():
            here = f"{path}.{key}" if path else key
            yield self.entry(here, field, required=key in model.get("required", ()))
            yield from self.inside(field, here)

    def inside(self, field: Node, path: str) -> Iterator[Entry]:
        """The fields of the models that a field holds; a value is one thing, and what else it says comes after it."""
        for node in self.variants(field):
            if _is_value(node):
                if node.get("title") not in _VALUES:
                    further = {k: v for k, v in node["properties"].items() if k not in self.value}
                    yield from self.fields({**node, "properties": further}, path)
                continue
            if "properties" in node:
                yield from self.fields(node, _of_kind(path, node["properties"].get("kind", {}).get("const")))
            if isinstance(node.get("additionalProperties"), Mapping):
                yield from self.inside(node["additionalProperties"], f"{path}.<name>")
            if isinstance(node.get("items"), Mapping):
                yield from self.inside(node["items"], f"{path}[]")

    @property
    def value(self) -> Node:
        """The fields of every value."""
        return self.definitions["Sourced"]["properties"] if "Sourced" in self.definitions else {}

    def model(self, node: Node) -> Node:
        """The model that a node refers to; an empty one where it refers to none."""
        name = str(node.get("$ref", "")).rsplit("/", maxsplit=1)[-1]
        return self.definitions.get(name, {})

    def variants(self, field: Node) -> Iterator[Node]:
        """What a field may be, references resolved, without *nothing*."""
        for node in _alternatives(field):
            if node is not field and len(_alternatives(node)) > 1:
                yield from self.variants(node)
            elif "$ref" in node:
                yield from self.variants({**self.model(node), **_marks(node)})
            elif node.get("type") != "null":
                yield node

    def entry(self, path: str, field: Node, *, required: bool) -> Entry:
        """One field in words."""
        nodes = list(self.variants(field))
        held = [inner for node in nodes for inner in self.held(node)]
        unit = next((node["x-unit"] for node in held if "x-unit" in node), "")
        meaning = field.get("description") or self.model(field).get("description", "")
        default = json.dumps(field["default"]) if field.get("default") not in (None, {}, []) else ""
        allowed = dict.fromkeys(text for node in held for text in _allowed(node))
        types = dict.fromkeys(self.type(node) for node in nodes)
        return Entry(
            path, " or ".join(types), unit or _bracketed(meaning), meaning, required, default, "; ".join(allowed)
        )

    def held(self, node: Node) -> Iterator[Node]:
        """A node, and what its table or list holds."""
        yield node
        for key in ("additionalProperties", "items"):
            if isinstance(node.get(key), Mapping):
                yield from (inner for one in self.variants(node[key]) for inner in self.held(one))

    def type(self, node: Node) -> str:
        """The type of a node in words."""
        inner = node.get("additionalProperties")
        if isinstance(inner, Mapping):
            return f"table of {' or '.join(dict.fromkeys(self.type(one) for one in self.variants(inner)))}"
        if "items" in node and isinstance(node["items"], Mapping):
            held = list(dict.fromkeys(self.type(one) for one in self.variants(node["items"])))
            return f"list of {held[0]}" if len(held) == 1 else f"list of ({' or '.join(held)})"
        if "prefixItems" in node:
            return f"list of {len(node['prefixItems'])}: {', '.join(self.type(one) for one in node['prefixItems'])}"
        if "properties" in node:
            return _VALUES.get(node.get("title", ""), "value" if _is_value(node) else "section")
        if node.get("pattern", "").startswith("^[A-Za-z_]"):
            return "name"
        if "patternErrorMessage" in node:
            return "number with unit"
        return _TYPES.get(str(node.get("type")), "anything")


_TYPES = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false", "array": "list"}
_VALUES = {"Sourced": "value", "Capacity": "capacity", "Price": "price"}
_MANY = 30  # choices that a cell of a table can hold
_BOUNDS = {"minimum": "at least {:g}", "exclusiveMinimum": "above {:g}", "maximum": "at most {:g}"}


def _of_kind(path: str, kind: str | None) -> str:
    """The path of a section that has a kind: the kind stands for its name, or behind it where it has none."""
    if not kind:
        return path
    return f"{path.removesuffix('<name>')}<{kind}>"


def _is_value(node: Node) -> bool:
    """Whether a model is a value that says where it comes from."""
    return "oneOf" in node and {"synthetic", "value"} <= set(node.get("properties", {}))


def _alternatives(field: Node) -> list[Node]:
    """What a field may be; where a model says which of its keys go together that is no alternative."""
    return list(field.get("anyOf") or (field.get("oneOf") if "properties" not in field else None) or [field])


def _marks(node: Node) -> dict[str, Any]:
    """What stands beside a reference: unit and bounds of a value."""
    return {key: mark for key, mark in node.items() if key.startswith("x-")}


def _allowed(node: Node) -> Iterator[str]:
    if len(node.get("enum", ())) > _MANY:
        yield f"one of {len(node['enum'])} ids of the public record"
    elif "enum" in node:
        yield ", ".join(json.dumps(choice)[1:-1] for choice in node["enum"])
    if "const" in node:
        yield str(node["const"])
    if node.get("x-bounds"):
        yield node["x-bounds"].removeprefix("of ").replace(" and of ", " and ")
    bounds = [text.format(node[key]) for key, text in _BOUNDS.items() if key in node]
    if bounds:
        yield " and ".join(bounds)


def _bracketed(meaning: str) -> str:
    """The unit that ends a meaning, as in *Share of time [1].*"""
    found = re.search(r"\[([^\]]+)\]", meaning)
    return found[1] if found else ""
