"""The JSON Schema of the enterprise document, with the kinds of unit and the ids of the public record in it.

An editor that reads it offers ``kind: flotation`` and underlines ``330 ton/h`` while it is typed. The models say the
rest; that names fit each other is found by ``ferrolan check``.
"""

from __future__ import annotations

import json
from typing import Any

from ferrolan import facts
from ferrolan.assembly.catalogue import connections, kinds
from ferrolan.base.schema import json_schema
from ferrolan.enterprise import mapping
from ferrolan.enterprise.document import Declaration

SCHEMA_FILE = "ferrolan.schema.json"
"""The schema's file beside a document."""


def document_schema() -> dict[str, Any]:  # Any: JSON
    """The JSON Schema (draft 2020-12) of the enterprise document.

    Examples
    --------
    >>> schema = document_schema()
    >>> schema["required"][:3], "flotation" in schema["$defs"]["UnitSection"]["properties"]["kind"]["enum"]
    (['ferrolan', 'name', 'title'], True)
    """
    schema = json_schema(Declaration)
    definitions = schema["$defs"]
    definitions["UnitSection"]["properties"]["kind"]["enum"] = list(kinds())
    definitions["UnitSection"]["allOf"] = [_of_kind(name, definitions) for name in kinds()]
    for name in connections():
        _add_connection(name, schema["properties"]["sources"]["additionalProperties"], definitions)
    known = [name for name, source in facts.sources().items() if not source.use]
    for model in definitions.values():
        properties = model.get("properties", {})
        if "synthetic" in properties:
            properties["source"]["anyOf"] = [{"type": "string", "enum": known}, {"type": "null"}]
    return {"title": "Ferrolan enterprise document", **schema}


def mapping_schema() -> dict[str, Any]:  # Any: JSON
    """The JSON Schema (draft 2020-12) of a mapping, which says what the columns of real files are.

    Examples
    --------
    >>> mapping_schema()["required"]
    ['ferrolan', 'mapping', 'title', 'files', 'columns']
    """
    return {"title": "Ferrolan mapping of files", **json_schema(mapping.Declaration)}


def schema_text(schema: dict[str, Any] | None = None) -> str:  # Any: JSON
    """A schema as a file; that of the enterprise document if none is given."""
    return json.dumps(schema or document_schema(), indent=1, ensure_ascii=False) + "\n"


def _add_connection(name: str, sources: dict[str, Any], definitions: dict[str, Any]) -> None:
    """Let a source be of a kind of live connection."""
    spec = _hoisted(json_schema(connections()[name].spec), name, definitions)
    definitions[spec["title"]] = spec
    sources["discriminator"]["mapping"][name] = f"#/$defs/{spec['title']}"
    sources["oneOf"].append({"$ref": f"#/$defs/{spec['title']}"})


def _of_kind(name: str, definitions: dict[str, Any]) -> dict[str, Any]:
    """What a kind of unit needs and cannot have; parts of its specification become definitions of the whole."""
    kind = kinds()[name]
    needs = ["stocks"] if kind.is_stock else ["capacity", "availability", "modes"] if kind.has_modes else []
    cannot = {"stocks", "capacity", "availability", "modes"} - set(needs)
    cannot |= set() if kind.spec else {"spec"}
    then: dict[str, Any] = {"properties": dict.fromkeys(sorted(cannot), False)}
    if kind.spec is not None:
        then["properties"]["spec"] = _hoisted(json_schema(kind.spec), name, definitions)
    return {
        "if": {"properties": {"kind": {"const": name}}, "required": ["kind"]},
        "then": then | ({"required": needs} if needs else {}),
    }


def _hoisted(schema: dict[str, Any], kind: str, definitions: dict[str, Any]) -> dict[str, Any]:
    """A schema whose own definitions stand among those of the whole, under the kind's name where another has theirs."""
    own = schema.pop("$defs", {})
    schema.pop("$schema", None)
    taken = {part for part, said in own.items() if definitions.get(part, said) != said}
    while more := {part for part, said in own.items() if part not in taken and _refers(said, taken)}:
        taken |= more
    text = json.dumps({"schema": schema, "parts": own})
    for part in taken:
        text = text.replace(f'"#/$defs/{part}"', f'"#/$defs/{kind}_{part}"')
    renamed = json.loads(text)
    for part, said in renamed["parts"].items():
        definitions[f"{kind}_{part}" if part in taken else part] = said
    found: dict[str, Any] = renamed["schema"]
    return found


def _refers(said: dict[str, Any], parts: set[str]) -> bool:
    """Whether a definition refers to one of some parts."""
    text = json.dumps(said)
    return any(f'"#/$defs/{part}"' in text for part in parts)
